/*
 * ground.c: the height of the ground, and where a line meets a triangle; for the CPU and the device.
 */
#include <math.h>

#include "scene/ground.h"

RPM_SHARED double rpm_scene_ground_z(const rpm_scene *scene, double x, double y)
{
	const uint32_t *items;
	rpm_vec3	point = rpm_vec(x, y, 0);
	size_t		count;
	double		best = -INFINITY, z;

	if (scene->ground_index == NULL)
		return scene->ground_z_m;
	count = plan_index_cell(scene->ground_index, x, y, &items);
	for (size_t i = 0; i < count; i++)
		if (triangle_crossing(scene, &scene->triangles[items[i]], point, 2, &z) && z > best)
			best = z;
	return best > -INFINITY ? best : scene->ground_z_m;
}

RPM_SHARED size_t plan_index_cell(const rpm_ground_index *index, double x, double y, const uint32_t **items)
{
	size_t		cell;

	if (!(x >= index->low_x && y >= index->low_y && x <= index->high_x && y <= index->high_y))
		return 0;
	cell = (size_t) ((y - index->low_y) / index->cell_m) * index->columns + (size_t) ((x - index->low_x) / index->cell_m);
	*items = index->item + index->start[cell];
	return index->start[cell + 1] - index->start[cell];
}

RPM_SHARED bool triangle_crossing(const rpm_scene *scene, const rpm_triangle *triangle, rpm_vec3 point, int axis, double *at)
{
	double		u[3], v[3], w[3], pu, pv, area;
	bool		inside = false;

	for (int k = 0; k < 3; k++)
	{
		rpm_vec3	p = scene->vertices[triangle->vertex[k]];

		u[k] = axis == 0 ? p.y : p.x;
		v[k] = axis == 2 ? p.y : p.z;
		w[k] = axis == 0 ? p.x : axis == 1 ? p.y : p.z;
	}
	pu = axis == 0 ? point.y : point.x;
	pv = axis == 2 ? point.y : point.z;
	if ((u[0] > pu) == (u[1] > pu) && (u[1] > pu) == (u[2] > pu))
		return false;
	for (int k = 0; k < 3; k++)
	{
		int			a = k, b = (k + 1) % 3;

		if ((v[a] > pv) == (v[b] > pv))
			continue;
		if (v[a] > v[b])
		{
			a = b;
			b = k;
		}
		if ((u[b] - u[a]) * (pv - v[a]) - (pu - u[a]) * (v[b] - v[a]) > 0)
			inside = !inside;
	}
	area = (u[1] - u[0]) * (v[2] - v[0]) - (v[1] - v[0]) * (u[2] - u[0]);
	if (!inside || area == 0)
		return false;
	*at = w[0] + ((w[1] - w[0]) * ((pu - u[0]) * (v[2] - v[0]) - (pv - v[0]) * (u[2] - u[0])) +
				  (w[2] - w[0]) * ((u[1] - u[0]) * (pv - v[0]) - (v[1] - v[0]) * (pu - u[0]))) / area;
	return true;
}
