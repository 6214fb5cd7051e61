/*
 * inside.c: is a point inside a building, whichever way its facets face.
 *
 * Inside a building, an odd number of its surfaces lies above, and of its walls an odd number to most sides (a thin roof that stands
 * out has one surface above and none beside).  Walls and roof may be different rows, so each building is counted by itself.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/build.h"

#define MAX_COVERS 64			/* triangles above one point that are looked at */
#define MAX_SIDE_TRIANGLES 2000 /* a building of more is not asked sideways: what it covers is inside it */

static bool covered(const inside_index *index, rpm_vec3 point, uint32_t group, bool *by_large);
static bool walled_in(const rpm_scene *scene, const rpm_scene_building *building, rpm_vec3 point);

rpm_code inside_index_create(const rpm_scene *scene, const uint32_t *vertex_group, const rpm_control *control, inside_index *index,
							 rpm_status *status)
{
	size_t		count = scene->building_count, end = 0;
	plan_box   *boxes = malloc((count + 1) * sizeof *boxes);
	rpm_code	code = RPM_OK;

	*index = (inside_index) {.scene = scene, .box = malloc((count + 1) * sizeof *index->box), .group = malloc((count + 1) * sizeof *index->group)};
	if (boxes == NULL || index->box == NULL || index->group == NULL)
	{
		free(boxes);
		return builder_no_memory(status, "buildings");
	}
	for (size_t b = 0; b < count && code == RPM_OK; b++)
	{
		const rpm_scene_building *building = &scene->buildings[b];
		rpm_vec3	low = rpm_vec(INFINITY, INFINITY, INFINITY), high = rpm_scale(low, -1);

		for (size_t i = 0; i < (size_t) building->triangle_count * 3 && !scene_stopped(control, i); i++)
		{
			rpm_vec3	v = scene->vertices[scene->triangles[building->first_triangle + i / 3].vertex[i % 3]];

			low = rpm_vec(fmin(low.x, v.x), fmin(low.y, v.y), fmin(low.z, v.z));
			high = rpm_vec(fmax(high.x, v.x), fmax(high.y, v.y), fmax(high.z, v.z));
		}
		index->box[b][0] = low;
		index->box[b][1] = high;
		index->group[b] = vertex_group[scene->triangles[building->first_triangle].vertex[0]];
		boxes[b] = (plan_box) {low.x, low.y, high.x, high.y, (uint32_t) b};
		end = building->first_triangle + building->triangle_count;
		if (rpm_stopped(control))
			code = builder_ended(RPM_CANCELLED, "buildings", status);
	}
	if (code == RPM_OK)
		code = plan_index_create(boxes, count, control, &index->buildings, status);
	free(boxes);
	if (code == RPM_OK)
		code = triangle_index_create(scene, 0, end, control, &index->triangles, status);
	return code;
}

void inside_index_free(inside_index *index)
{
	plan_index_free(index->triangles);
	plan_index_free(index->buildings);
	free(index->box);
	free(index->group);
}

bool scene_point_inside(const inside_index *index, rpm_vec3 point, uint32_t group)
{
	const uint32_t *items;
	bool		by_large;
	size_t		count;

	if (!covered(index, point, group, &by_large))
		return false;
	if (by_large)
		return true;
	count = plan_index_cell(index->buildings, point.x, point.y, &items);
	for (size_t i = 0; i < count; i++)
	{
		const rpm_vec3 *box = index->box[items[i]];

		if (index->group[items[i]] == group && point.x >= box[0].x && point.x <= box[1].x && point.y >= box[0].y && point.y <= box[1].y && point.z >= box[0].z &&
			point.z <= box[1].z && walled_in(index->scene, &index->scene->buildings[items[i]], point))
			return true;
	}
	return false;
}

/* An odd number of some building's triangles above the point. */
static bool covered(const inside_index *index, rpm_vec3 point, uint32_t group, bool *by_large)
{
	const rpm_scene *scene = index->scene;
	const uint32_t *items;
	size_t		count = plan_index_cell(index->triangles, point.x, point.y, &items);
	struct { int32_t building; bool odd; } cover[MAX_COVERS];
	int			covers = 0;
	bool		any = false;

	*by_large = false;
	for (size_t i = 0; i < count; i++)
	{
		const rpm_triangle *t = &scene->triangles[items[i]];
		double		z;
		int			k = 0;

		if (!triangle_crossing(scene, t, point, 2, &z) || z <= point.z)
			continue;
		while (k < covers && cover[k].building != t->building)
			k++;
		if (k == MAX_COVERS)
			break;
		if (k == covers)
		{
			cover[covers].building = t->building;
			cover[covers++].odd = false;
		}
		cover[k].odd = !cover[k].odd;
	}
	for (int k = 0; k < covers; k++)
		if (cover[k].odd)
		{
			any = true;
			*by_large = *by_large || (index->group[cover[k].building] == group &&
									  scene->buildings[cover[k].building].triangle_count > MAX_SIDE_TRIANGLES);
		}
	return any;
}

/* An odd number of the building's triangles in at least three of the four directions of the axes. */
static bool walled_in(const rpm_scene *scene, const rpm_scene_building *building, rpm_vec3 point)
{
	bool		odd[4] = {false, false, false, false};

	if (building->triangle_count > MAX_SIDE_TRIANGLES)
		return false;
	for (uint32_t i = 0; i < building->triangle_count; i++)
	{
		const rpm_triangle *t = &scene->triangles[building->first_triangle + i];
		const rpm_vec3 *vertices = scene->vertices;
		int			above = (vertices[t->vertex[0]].z > point.z) + (vertices[t->vertex[1]].z > point.z) + (vertices[t->vertex[2]].z > point.z);
		double		at;

		if (above == 0 || above == 3)
			continue;
		for (int axis = 0; axis < 2; axis++)
			if (triangle_crossing(scene, t, point, axis, &at))
			{
				int			side = axis * 2 + (at > (axis ? point.y : point.x));

				odd[side] = !odd[side];
			}
	}
	return odd[0] + odd[1] + odd[2] + odd[3] >= 3;
}
