/*
 * finish.c: rows into a scene, stage by stage.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene/build.h"

#define BYTES_PER_TRIANGLE 600	/* of all stages at their height; measured 370 to 490 on rows of houses and hills, 4e4 to 1e6 triangles */

static rpm_code build(rpm_scene_builder *builder, rpm_scene *scene, rpm_status *status);
static rpm_code sort_rows(rpm_scene_builder *builder, rpm_status *status);
static rpm_code set_origin(rpm_scene_builder *builder);
static size_t expected_triangles(const rpm_scene_builder *builder);
static rpm_code ground_surface(rpm_scene_builder *builder, triangle_soup *soup, rpm_scene *terrain, rpm_status *status);
static rpm_code all_triangles(rpm_scene_builder *builder, const rpm_scene *terrain, triangle_soup *soup, rpm_status *status);
static rpm_code terrain_scene(const rpm_scene_builder *builder, const triangle_soup *soup, rpm_scene *terrain);
static int64_t lowest_ground(const rpm_scene_builder *builder, const scene_row *row, const rpm_scene *terrain);
static rpm_code topology(rpm_scene_builder *builder, rpm_scene *scene, const uint32_t *vertex_group, rpm_status *status);
static rpm_code add_ground(rpm_scene_builder *builder, rpm_scene *scene, size_t ground_first, rpm_status *status);
static rpm_code lowest_vertex(const rpm_scene_builder *builder, rpm_scene *scene, size_t ground_first);
static rpm_code add_flat_ground(const rpm_scene_builder *builder, rpm_scene *scene);
static rpm_code finish_scene(rpm_scene_builder *builder, rpm_scene *scene, rpm_status *status);
static rpm_code set_box(const rpm_scene_builder *builder, rpm_scene *scene);
static size_t scene_bytes(const rpm_scene *scene);
static int compare_rows(const void *a, const void *b);
static int compare_problems(const void *a, const void *b);

rpm_code rpm_scene_builder_finish(rpm_scene_builder *builder, rpm_scene **result, rpm_status *status)
{
	rpm_scene  *scene;
	rpm_code	code;

	*result = NULL;
	if (builder->finished)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "the scene was finished before");
	builder->finished = true;
	rpm_phase_begin(builder->control, RPM_PHASE_BUILDING, (int64_t) builder->row_count);
	code = rpm_reserve(builder->control, expected_triangles(builder) * BYTES_PER_TRIANGLE, "the scene", status);
	if (code != RPM_OK)
		return code;
	scene = calloc(1, sizeof *scene);
	if (scene == NULL)
		return builder_no_memory(status, "the frame");
	code = sort_rows(builder, status);
	if (code == RPM_OK)
		code = build(builder, scene, status);
	if (code == RPM_OK)
		code = finish_scene(builder, scene, status);
	if (code != RPM_OK)
	{
		rpm_scene_free(scene);
		return code;
	}
	*result = scene;
	return RPM_OK;
}

static rpm_code sort_rows(rpm_scene_builder *builder, rpm_status *status)
{
	rpm_code	code = scene_sort(builder->rows, builder->row_count, sizeof *builder->rows, compare_rows, builder->control);

	if (code == RPM_OK)
		code = set_origin(builder);
	return builder_ended(code, "rows", status);
}

/* Box, size and what the scene takes over from the builder. */
static rpm_code finish_scene(rpm_scene_builder *builder, rpm_scene *scene, rpm_status *status)
{
	rpm_code	code = scene_sort(builder->problems, builder->problem_count, sizeof *builder->problems, compare_problems, builder->control);

	if (code == RPM_OK)
		code = set_box(builder, scene);
	if (code != RPM_OK)
		return builder_ended(code, "the frame", status);
	memcpy(scene->origin, builder->origin, sizeof scene->origin);
	scene->materials = builder->materials;
	scene->material_count = builder->material_count;
	scene->problems = builder->problems;
	scene->problem_count = builder->problem_count;
	builder->materials = NULL;
	builder->problems = NULL;
	builder->problem_count = builder->problem_capacity = 0;
	scene->bytes = scene_bytes(scene);
	return RPM_OK;
}

void rpm_scene_free(rpm_scene *scene)
{
	if (scene == NULL)
		return;
	free(scene->vertices);
	free(scene->triangles);
	free(scene->facets);
	free(scene->facet_triangles);
	free(scene->wedges);
	free(scene->materials);
	free(scene->buildings);
	free(scene->problems);
	plan_index_free(scene->ground_index);
	free(scene);
}

static rpm_code build(rpm_scene_builder *builder, rpm_scene *scene, rpm_status *status)
{
	triangle_soup soup = {0};
	rpm_scene	terrain = {0};
	uint32_t   *vertex_group = NULL;
	rpm_code	code = ground_surface(builder, &soup, &terrain, status);

	if (code == RPM_OK)
		code = all_triangles(builder, &terrain, &soup, status);
	if (code == RPM_OK)
		code = scene_weld(builder, &soup, scene, &vertex_group, status);
	free(soup.triangle);
	free(terrain.vertices);
	free(terrain.triangles);
	plan_index_free(terrain.ground_index);
	if (code == RPM_OK)
		code = topology(builder, scene, vertex_group, status);
	free(vertex_group);
	return code;
}

static rpm_code topology(rpm_scene_builder *builder, rpm_scene *scene, const uint32_t *vertex_group, rpm_status *status)
{
	const rpm_control *control = builder->control;
	size_t		welded = scene->triangle_count, ground_first = welded;
	bool		has_ground;
	edge_list	edges = {0};
	inside_index inside = {0};
	rpm_code	code;

	while (ground_first > 0 && scene->triangles[ground_first - 1].building == RPM_NO_BUILDING)
		ground_first--;
	code = add_ground(builder, scene, ground_first, status);
	has_ground = scene->flat_ground || scene->ground_index;
	if (code == RPM_OK)
		code = edge_list_create(scene, welded, vertex_group, control, &edges, status);
	if (code == RPM_OK)
		code = scene_facets(scene, &edges, welded, control, status);
	if (code == RPM_OK)
		code = inside_index_create(scene, vertex_group, control, &inside, status);
	if (code == RPM_OK)
		code = scene_wedges(scene, &edges, &inside, has_ground, builder->options.free_edges, control, status);
	inside_index_free(&inside);
	edge_list_free(&edges);
	return code;
}

/* The minimum corner of all points; a footprint stands on the flat ground, or on the surface, which is among the points. */
static rpm_code set_origin(rpm_scene_builder *builder)
{
	double		low[3] = {INFINITY, INFINITY, INFINITY};
	bool		surface = false, footprint = false;

	for (size_t r = 0; r < builder->row_count; r++)
	{
		const scene_row *row = &builder->rows[r];

		if (rpm_stopped(builder->control))
			return RPM_CANCELLED;
		surface = surface || row->is_ground;
		footprint = footprint || !row->polygons.has_z;
		for (size_t i = 0; i < row->polygons.point_count; i++)
			for (int k = 0; k < 2 + row->polygons.has_z; k++)
				low[k] = fmin(low[k], row->polygons.point[i][k]);
	}
	if (low[2] == INFINITY || (footprint && !surface))
		low[2] = fmin(low[2], builder->options.ground_elevation_m);
	for (int k = 0; k < 2; k++)
		if (low[k] == INFINITY)
			low[k] = builder->reached ? builder->reach_low[k] : 0;
	memcpy(builder->origin, low, sizeof low);
	return RPM_OK;
}

/* A ring of n points makes at most n triangles with its bridges, a footprint's three each. */
static size_t expected_triangles(const rpm_scene_builder *builder)
{
	size_t		sum = 2;

	for (size_t r = 0; r < builder->row_count; r++)
	{
		const polygon_set *set = &builder->rows[r].polygons;
		size_t		flat = set->point_count + 2 * (set->ring_count - set->polygon_count);

		flat -= flat >= 2 * set->polygon_count ? 2 * set->polygon_count : flat;
		sum += set->has_z ? flat : flat + 2 * set->point_count;
	}
	return sum;
}

/* The ground's triangles, and a scene of them alone to ask for its height. */
static rpm_code ground_surface(rpm_scene_builder *builder, triangle_soup *soup, rpm_scene *terrain, rpm_status *status)
{
	rpm_code	code = RPM_OK;

	for (size_t r = 0; r < builder->row_count && code == RPM_OK; r++)
		if (rpm_stopped(builder->control))
			code = builder_ended(RPM_CANCELLED, "the ground", status);
		else if (builder->rows[r].is_ground)
			code = surface_triangles(builder, (int32_t) r, soup, status);
	if (code != RPM_OK || soup->count == 0)
		return code;
	code = builder_ended(terrain_scene(builder, soup, terrain), "the ground", status);
	if (code != RPM_OK)
		return code;
	return triangle_index_create(terrain, 0, soup->count, builder->control, &terrain->ground_index, status);
}

static rpm_code terrain_scene(const rpm_scene_builder *builder, const triangle_soup *soup, rpm_scene *terrain)
{
	terrain->vertices = malloc(soup->count * 3 * sizeof *terrain->vertices);
	terrain->triangles = malloc(soup->count * sizeof *terrain->triangles);
	if (terrain->vertices == NULL || terrain->triangles == NULL)
		return RPM_OUT_OF_MEMORY;
	terrain->ground_z_m = INFINITY;
	for (size_t t = 0; t < soup->count; t++)
	{
		if (scene_stopped(builder->control, t))
			return RPM_CANCELLED;
		for (int k = 0; k < 3; k++)
		{
			lattice_point p = soup->triangle[t].corner[k];

			terrain->vertices[3 * t + k] = rpm_vec(lattice_metres(p.x), lattice_metres(p.y), lattice_metres(p.z));
			terrain->triangles[t].vertex[k] = (uint32_t) (3 * t) + (uint32_t) k;
			terrain->ground_z_m = fmin(terrain->ground_z_m, lattice_metres(p.z));
		}
	}
	terrain->triangle_count = soup->count;
	return RPM_OK;
}

static rpm_code all_triangles(rpm_scene_builder *builder, const rpm_scene *terrain, triangle_soup *soup, rpm_status *status)
{
	rpm_code	code = RPM_OK;

	for (size_t r = 0; r < builder->row_count && code == RPM_OK; r++)
	{
		const scene_row *row = &builder->rows[r];

		if (rpm_stopped(builder->control))
			return builder_ended(RPM_CANCELLED, "triangles", status);
		rpm_phase_add(builder->control, 1);
		if (row->is_ground)
			continue;
		if (row->polygons.has_z)
			code = surface_triangles(builder, (int32_t) r, soup, status);
		else
			code = footprint_triangles(builder, (int32_t) r, lowest_ground(builder, row, terrain), soup, status);
	}
	return code;
}

/* Local height of the ground at the footprint's lowest corner; of any when stopped. */
static int64_t lowest_ground(const rpm_scene_builder *builder, const scene_row *row, const rpm_scene *terrain)
{
	double		lowest = INFINITY;

	if (terrain->triangle_count == 0)
		return lattice_steps(builder->options.ground_elevation_m - builder->origin[2]);
	for (size_t i = 0; i < row->polygons.point_count && !(i > 0 && rpm_stopped(builder->control)); i++)
	{
		lattice_point p = builder_lattice(builder, row->polygons.point[i]);

		lowest = fmin(lowest, rpm_scene_ground_z(terrain, lattice_metres(p.x), lattice_metres(p.y)));
	}
	return lattice_steps(lowest);
}

/* A surface among the triangles is the ground; else a flat one is made where the options ask for it. */
static rpm_code add_ground(rpm_scene_builder *builder, rpm_scene *scene, size_t ground_first, rpm_status *status)
{
	scene->party_wall_m = builder->options.party_wall_m;
	scene->ground_z_m = lattice_metres(lattice_steps(builder->options.ground_elevation_m - builder->origin[2]));
	if (ground_first < scene->triangle_count)
	{
		rpm_code	code = builder_ended(lowest_vertex(builder, scene, ground_first), "the ground", status);

		if (code != RPM_OK)
			return code;
		return triangle_index_create(scene, ground_first, scene->triangle_count, builder->control, &scene->ground_index, status);
	}
	if (builder->options.ground_material < 0)
		return RPM_OK;
	scene->flat_ground = true;
	return builder_ended(add_flat_ground(builder, scene), "the ground", status);
}

/* Of a ground surface, for where there is none. */
static rpm_code lowest_vertex(const rpm_scene_builder *builder, rpm_scene *scene, size_t ground_first)
{
	scene->ground_z_m = INFINITY;
	for (size_t t = ground_first; t < scene->triangle_count; t++)
	{
		if (scene_stopped(builder->control, t))
			return RPM_CANCELLED;
		for (int k = 0; k < 3; k++)
			scene->ground_z_m = fmin(scene->ground_z_m, scene->vertices[scene->triangles[t].vertex[k]].z);
	}
	return RPM_OK;
}

/* Two triangles over the bounding box of vertices and reach, and the margin.  The arrays have room for them. */
static rpm_code add_flat_ground(const rpm_scene_builder *builder, rpm_scene *scene)
{
	double		low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
	uint32_t	v = (uint32_t) scene->vertex_count;

	for (size_t i = 0; i < scene->vertex_count; i++)
	{
		const double p[2] = {scene->vertices[i].x, scene->vertices[i].y};

		if (scene_stopped(builder->control, i))
			return RPM_CANCELLED;
		for (int k = 0; k < 2; k++)
		{
			low[k] = fmin(low[k], p[k]);
			high[k] = fmax(high[k], p[k]);
		}
	}
	for (int k = 0; k < 2; k++)
	{
		if (builder->reached)
		{
			low[k] = fmin(low[k], builder->reach_low[k] - builder->origin[k]);
			high[k] = fmax(high[k], builder->reach_high[k] - builder->origin[k]);
		}
		if (low[k] > high[k])
			low[k] = high[k] = 0;
		/* One metre at least, so that the two triangles have an area. */
		low[k] = (double) llround((low[k] - fmax(builder->options.ground_margin_m, 1)) * 1000) / 1000;
		high[k] = (double) llround((high[k] + fmax(builder->options.ground_margin_m, 1)) * 1000) / 1000;
	}
	for (uint32_t i = 0; i < 4; i++)
		scene->vertices[scene->vertex_count++] = rpm_vec(i == 1 || i == 2 ? high[0] : low[0], i > 1 ? high[1] : low[1], scene->ground_z_m);
	for (uint32_t i = 0; i < 2; i++)
		scene->triangles[scene->triangle_count++] = (rpm_triangle) {{v, v + 1 + i, v + 2 + i}, RPM_NO_FACET, RPM_NO_BUILDING,
			builder->options.ground_material};
	return RPM_OK;
}

static rpm_code set_box(const rpm_scene_builder *builder, rpm_scene *scene)
{
	size_t		count = scene->vertex_count - (scene->flat_ground ? 4 : 0);

	scene->low = scene->high = count ? scene->vertices[0] : rpm_vec(0, 0, 0);
	for (size_t i = 1; i < count; i++)
	{
		rpm_vec3	v = scene->vertices[i];

		if (scene_stopped(builder->control, i))
			return RPM_CANCELLED;
		scene->low = rpm_vec(fmin(scene->low.x, v.x), fmin(scene->low.y, v.y), fmin(scene->low.z, v.z));
		scene->high = rpm_vec(fmax(scene->high.x, v.x), fmax(scene->high.y, v.y), fmax(scene->high.z, v.z));
	}
	return RPM_OK;
}

static size_t scene_bytes(const rpm_scene *scene)
{
	return sizeof *scene + scene->vertex_count * sizeof *scene->vertices + scene->triangle_count * sizeof *scene->triangles +
		scene->facet_count * sizeof *scene->facets + scene->triangle_count * sizeof *scene->facet_triangles +
		scene->wedge_count * sizeof *scene->wedges + scene->material_count * sizeof *scene->materials +
		scene->building_count * sizeof *scene->buildings + scene->problem_count * sizeof *scene->problems +
		(scene->ground_index ? scene->ground_index->bytes : 0);
}

static int compare_rows(const void *a, const void *b)
{
	const scene_row *p = a, *q = b;

	if (p->id != q->id)
		return p->id < q->id ? -1 : 1;
	return (p->serial > q->serial) - (p->serial < q->serial);
}

static int compare_problems(const void *a, const void *b)
{
	const rpm_scene_problem *p = a, *q = b;
	int			order = (p->building_id > q->building_id) - (p->building_id < q->building_id);

	if (order == 0)
		order = strcmp(p->problem, q->problem);
	return order ? order : strcmp(p->detail, q->detail);
}
