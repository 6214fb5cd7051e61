/*
 * weld.c: corners nearer than a millimetre become one vertex; triangles in an order of their own.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene/build.h"

typedef struct weld_point { int64_t x, y, z; uint32_t group, index; } weld_point;

typedef struct welder
{
	rpm_scene_builder *builder;
	const triangle_soup *soup;
	weld_point *point;			/* distinct corners */
	size_t		point_count, point_capacity;
	uint32_t   *corner;			/* 3 per soup triangle: index into point */
	uint32_t   *table;			/* hash of point, index + 1, power of two slots */
	size_t		table_size;
	uint32_t   *vertex_of;		/* by index into point before sorting */
	uint32_t   *leaders;		/* hash of the vertices by the cube of WELD_STEPS they lie in, place in the sorted points + 1 */
	uint32_t   *row_group, *row_building;
	uint32_t   *flattened, *repeated;	/* per row: triangles dropped */
	size_t		group_count, building_count;
} welder;

static rpm_code weld_all(welder *w, rpm_scene *scene, uint32_t **vertex_group, rpm_status *status);
static rpm_code number_rows(welder *w);
static int compare_groups(const void *a, const void *b);
static rpm_code find_points(welder *w);
static rpm_code point_index(welder *w, weld_point p, uint32_t *index);
static uint32_t *find_slot(const welder *w, weld_point p);
static uint64_t hash_of(weld_point p);
static rpm_code grow_table(welder *w);
static rpm_code weld_points(welder *w, rpm_scene *scene, uint32_t **vertex_group);
static rpm_code choose_vertices(welder *w, rpm_scene *scene, uint32_t *vertex_group, weld_point *sorted);
static int compare_points(const void *a, const void *b);
static uint32_t *leader_slot(const welder *w, const weld_point *sorted, weld_point cube);
static weld_point cube_of(weld_point p);
static uint32_t representative(const welder *w, const weld_point *sorted, weld_point p);
static rpm_code make_triangles(welder *w, rpm_scene *scene);
static size_t keep_triangle(welder *w, rpm_scene *scene, size_t soup_triangle, size_t kept);
static rpm_code drop_repeated(welder *w, rpm_scene *scene, size_t kept);
static bool is_flat(const lattice_triangle *t);
static int compare_by_corners(const void *a, const void *b);
static int compare_by_building(const void *a, const void *b);
static rpm_code make_buildings(welder *w, rpm_scene *scene);
static rpm_code report(welder *w, const rpm_scene *scene, rpm_status *status);
static rpm_code count_rows(const welder *w, const rpm_scene *scene, size_t *left, size_t *made);

rpm_code scene_weld(rpm_scene_builder *builder, const triangle_soup *soup, rpm_scene *scene, uint32_t **vertex_group, rpm_status *status)
{
	welder		w = {.builder = builder, .soup = soup};
	rpm_code	code;

	if (soup->count > UINT32_MAX / 6)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Trace a smaller extent.", "the scene has %zu triangles, more than can be indexed", soup->count);
	code = weld_all(&w, scene, vertex_group, status);
	free(w.point);
	free(w.corner);
	free(w.table);
	free(w.vertex_of);
	free(w.leaders);
	free(w.row_group);
	free(w.row_building);
	free(w.flattened);
	free(w.repeated);
	return code;
}

static rpm_code weld_all(welder *w, rpm_scene *scene, uint32_t **vertex_group, rpm_status *status)
{
	rpm_code	code = number_rows(w);

	if (code == RPM_OK)
		code = find_points(w);
	if (code == RPM_OK)
		code = weld_points(w, scene, vertex_group);
	if (code != RPM_OK)
		return builder_ended(code, "vertices", status);
	code = make_triangles(w, scene);
	if (code == RPM_OK)
		code = make_buildings(w, scene);
	return code == RPM_OK ? report(w, scene, status) : builder_ended(code, "triangles", status);
}

/* Groups and buildings by number, in the order of their keys; the ground has a group of its own, the last. */
static rpm_code number_rows(welder *w)
{
	rpm_scene_builder *builder = w->builder;
	size_t		rows = builder->row_count;
	int64_t    *keys = malloc((rows + 1) * sizeof *keys);
	size_t		key_count = 0;
	rpm_code	code = RPM_OUT_OF_MEMORY;

	w->row_group = calloc(rows + 1, sizeof *w->row_group);
	w->row_building = calloc(rows + 1, sizeof *w->row_building);
	w->flattened = calloc(rows + 1, sizeof *w->flattened);
	w->repeated = calloc(rows + 1, sizeof *w->repeated);
	if (keys && w->row_group && w->row_building && w->flattened && w->repeated)
	{
		for (size_t i = 0; i < rows; i++)
			keys[i] = builder->rows[i].weld_group;
		code = scene_sort(keys, rows, sizeof *keys, compare_groups, builder->control);
	}
	if (code == RPM_OK)
	{
		for (size_t i = 0; i < rows; i++)
			if (key_count == 0 || keys[i] != keys[key_count - 1])
				keys[key_count++] = keys[i];
		for (size_t i = 0; i < rows; i++)
		{
			const scene_row *row = &builder->rows[i];
			int64_t    *key = bsearch(&row->weld_group, keys, key_count, sizeof *keys, compare_groups);

			if (scene_stopped(builder->control, i))
				code = RPM_CANCELLED;
			w->row_group[i] = row->is_ground ? (uint32_t) key_count : (uint32_t) (key - keys);
			if (i > 0 && row->id != builder->rows[i - 1].id)
				w->building_count++;
			w->row_building[i] = (uint32_t) w->building_count;
		}
		w->building_count = rows ? w->building_count + 1 : 0;
		w->group_count = key_count + 1;
	}
	free(keys);
	return code;
}

static int compare_groups(const void *a, const void *b)
{
	int64_t		p = *(const int64_t *) a, q = *(const int64_t *) b;

	return (p > q) - (p < q);
}

/* Every distinct corner of every group once. */
static rpm_code find_points(welder *w)
{
	rpm_code	code;

	w->corner = malloc((w->soup->count * 3 + 1) * sizeof *w->corner);
	if (w->corner == NULL)
		return RPM_OUT_OF_MEMORY;
	code = grow_table(w);
	for (size_t t = 0; t < w->soup->count && code == RPM_OK; t++)
	{
		const lattice_triangle *triangle = &w->soup->triangle[t];

		if (scene_stopped(w->builder->control, t))
			return RPM_CANCELLED;
		for (int k = 0; k < 3 && code == RPM_OK; k++)
		{
			lattice_point c = triangle->corner[k];

			code = point_index(w, (weld_point) {c.x, c.y, c.z, w->row_group[triangle->row], 0}, &w->corner[3 * t + k]);
		}
	}
	return code;
}

/* Where p is among the points; a new one is added. */
static rpm_code point_index(welder *w, weld_point p, uint32_t *index)
{
	uint32_t   *slot = find_slot(w, p);

	if (*slot != 0)
	{
		*index = *slot - 1;
		return RPM_OK;
	}
	if (!array_grow((void **) &w->point, sizeof *w->point, w->point_count, &w->point_capacity))
		return RPM_OUT_OF_MEMORY;
	*index = p.index = (uint32_t) w->point_count;
	w->point[w->point_count++] = p;
	*slot = (uint32_t) w->point_count;
	return w->point_count * 2 > w->table_size ? grow_table(w) : RPM_OK;
}

/* The slot that holds p, or the free one where it belongs. */
static uint32_t *find_slot(const welder *w, weld_point p)
{
	for (size_t i = hash_of(p) & (w->table_size - 1);; i = (i + 1) & (w->table_size - 1))
	{
		const weld_point *q = w->table[i] ? &w->point[w->table[i] - 1] : NULL;

		if (q == NULL || (q->x == p.x && q->y == p.y && q->z == p.z && q->group == p.group))
			return &w->table[i];
	}
}

static uint64_t hash_of(weld_point p)
{
	uint64_t	hash = (uint64_t) p.x * 0x9e3779b97f4a7c15u ^ (uint64_t) p.y * 0xc2b2ae3d27d4eb4fu ^ (uint64_t) p.z * 0x165667b19e3779f9u ^
		(uint64_t) p.group * 0x27d4eb2f165667c5u;

	hash ^= hash >> 29;
	hash *= 0xbf58476d1ce4e5b9u;
	return hash ^ hash >> 32;
}

static rpm_code grow_table(welder *w)
{
	size_t		size = w->table_size ? w->table_size * 2 : 1024;
	uint32_t   *table = calloc(size, sizeof *table);

	if (table == NULL)
		return RPM_OUT_OF_MEMORY;
	free(w->table);
	w->table = table;
	w->table_size = size;
	for (size_t i = 0; i < w->point_count; i++)
	{
		if (scene_stopped(w->builder->control, i))
			return RPM_CANCELLED;
		*find_slot(w, w->point[i]) = (uint32_t) i + 1;
	}
	return RPM_OK;
}

static rpm_code weld_points(welder *w, rpm_scene *scene, uint32_t **vertex_group)
{
	size_t		count = w->point_count;
	weld_point *sorted = malloc((count + 1) * sizeof *sorted);
	rpm_code	code = RPM_OUT_OF_MEMORY;

	w->vertex_of = malloc((count + 1) * sizeof *w->vertex_of);
	w->leaders = calloc(w->table_size, sizeof *w->leaders);
	*vertex_group = malloc((count + 4) * sizeof **vertex_group);
	scene->vertices = malloc((count + 4) * sizeof *scene->vertices);
	if (sorted && w->leaders && w->vertex_of && *vertex_group && scene->vertices)
		code = choose_vertices(w, scene, *vertex_group, sorted);
	free(sorted);
	return code;
}

/*
 * In the order of their coordinates, each point joins the first vertex within WELD_STEPS in x, y and z, or is a vertex itself.  Vertices
 * are farther apart than that, so that a cube of WELD_STEPS holds one of a group at most.
 */
static rpm_code choose_vertices(welder *w, rpm_scene *scene, uint32_t *vertex_group, weld_point *sorted)
{
	const rpm_control *control = w->builder->control;
	size_t		count = w->point_count;
	rpm_code	code;

	for (size_t i = 0; i < count; i += POLL_ITEMS)
	{
		if (rpm_stopped(control))
			return RPM_CANCELLED;
		memcpy(&sorted[i], &w->point[i], (count - i < POLL_ITEMS ? count - i : POLL_ITEMS) * sizeof *sorted);
	}
	code = scene_sort(sorted, count, sizeof *sorted, compare_points, control);
	for (size_t i = 0; i < count && code == RPM_OK; i++)
	{
		weld_point	p = sorted[i];
		uint32_t	lead = representative(w, sorted, p);

		if (scene_stopped(control, i))
			code = RPM_CANCELLED;
		if (lead == UINT32_MAX)
		{
			*leader_slot(w, sorted, cube_of(p)) = (uint32_t) i + 1;
			vertex_group[scene->vertex_count] = p.group;
			scene->vertices[scene->vertex_count] = rpm_vec(lattice_metres(p.x), lattice_metres(p.y), lattice_metres(p.z));
			w->vertex_of[p.index] = (uint32_t) scene->vertex_count++;
		}
		else
			w->vertex_of[p.index] = w->vertex_of[sorted[lead].index];
	}
	return code;
}

static int compare_points(const void *a, const void *b)
{
	const weld_point *p = a, *q = b;

	if (p->x != q->x)
		return p->x < q->x ? -1 : 1;
	if (p->y != q->y)
		return p->y < q->y ? -1 : 1;
	if (p->z != q->z)
		return p->z < q->z ? -1 : 1;
	return (p->group > q->group) - (p->group < q->group);
}

/* The first vertex within WELD_STEPS of p, or UINT32_MAX: it lies in p's cube or in one beside it. */
static uint32_t representative(const welder *w, const weld_point *sorted, weld_point p)
{
	uint32_t	first = UINT32_MAX;

	for (int n = 0; n < 27; n++)
	{
		weld_point	cube = cube_of(p);
		const weld_point *q;
		uint32_t	at;

		cube.x += n / 9 - 1;
		cube.y += n / 3 % 3 - 1;
		cube.z += n % 3 - 1;
		at = *leader_slot(w, sorted, cube);
		if (at == 0 || at - 1 >= first)
			continue;
		q = &sorted[at - 1];
		if (llabs(q->x - p.x) <= WELD_STEPS && llabs(q->y - p.y) <= WELD_STEPS && llabs(q->z - p.z) <= WELD_STEPS)
			first = at - 1;
	}
	return first;
}

/* The slot of the vertex in a cube, or the free one where it belongs. */
static uint32_t *leader_slot(const welder *w, const weld_point *sorted, weld_point cube)
{
	for (size_t i = hash_of(cube) & (w->table_size - 1);; i = (i + 1) & (w->table_size - 1))
	{
		weld_point	q = w->leaders[i] ? cube_of(sorted[w->leaders[i] - 1]) : cube;

		if (q.x == cube.x && q.y == cube.y && q.z == cube.z && q.group == cube.group)
			return &w->leaders[i];
	}
}

static weld_point cube_of(weld_point p)
{
	int64_t	   *axis[3] = {&p.x, &p.y, &p.z};

	for (int k = 0; k < 3; k++)
		*axis[k] = (*axis[k] - (*axis[k] < 0 ? WELD_STEPS - 1 : 0)) / WELD_STEPS;
	return p;
}

/* Corners ascending, triangles by building and corners; of coincident ones of a group the first building's is kept. */
static rpm_code make_triangles(welder *w, rpm_scene *scene)
{
	const rpm_control *control = w->builder->control;
	size_t		kept = 0;
	rpm_code	code;

	scene->triangles = malloc((w->soup->count + 2) * sizeof *scene->triangles);
	if (scene->triangles == NULL)
		return RPM_OUT_OF_MEMORY;
	for (size_t i = 0; i < w->soup->count; i++)
	{
		if (scene_stopped(control, i))
			return RPM_CANCELLED;
		kept = keep_triangle(w, scene, i, kept);
	}
	code = scene_sort(scene->triangles, kept, sizeof *scene->triangles, compare_by_corners, control);
	if (code == RPM_OK)
		code = drop_repeated(w, scene, kept);
	if (code == RPM_OK)
		code = scene_sort(scene->triangles, scene->triangle_count, sizeof *scene->triangles, compare_by_building, control);
	return code;
}

/* Puts a triangle of the soup behind the `kept` ones unless it is flat; how many are kept then. */
static size_t keep_triangle(welder *w, rpm_scene *scene, size_t soup_triangle, size_t kept)
{
	const lattice_triangle *t = &w->soup->triangle[soup_triangle];
	rpm_triangle *out = &scene->triangles[kept];
	uint32_t	v[3], swap;

	for (int k = 0; k < 3; k++)
		v[k] = w->vertex_of[w->corner[3 * soup_triangle + k]];
	for (int k = 0; k < 3; k++)
		if (v[k % 2] > v[k % 2 + 1])
		{
			swap = v[k % 2];
			v[k % 2] = v[k % 2 + 1];
			v[k % 2 + 1] = swap;
		}
	if (v[0] == v[1] || v[1] == v[2] || is_flat(t))
	{
		w->flattened[t->row]++;
		return kept;
	}
	/* facet carries the row until facets are made */
	*out = (rpm_triangle) {{v[0], v[1], v[2]}, t->row, (int32_t) w->row_building[t->row], t->material};
	if (w->builder->rows[t->row].is_ground)
		out->building = RPM_NO_BUILDING;
	return kept + 1;
}

/* Of triangles with the same corners, which lie together, the first stays. */
static rpm_code drop_repeated(welder *w, rpm_scene *scene, size_t kept)
{
	scene->triangle_count = 0;
	for (size_t i = 0; i < kept; i++)
	{
		const rpm_triangle *t = &scene->triangles[i], *last = scene->triangle_count ? &scene->triangles[scene->triangle_count - 1] : NULL;

		if (scene_stopped(w->builder->control, i))
			return RPM_CANCELLED;
		if (last && memcmp(t->vertex, last->vertex, sizeof t->vertex) == 0)
		{
			if (t->building == last->building)
				w->repeated[t->facet]++;
		}
		else
			scene->triangles[scene->triangle_count++] = *t;
	}
	return RPM_OK;
}

/* Twice the area over the longest side is below JUNCTION_M. */
static bool is_flat(const lattice_triangle *t)
{
	double		u[3], v[3], s[3], n[3], longest = 0, limit = JUNCTION_M * LATTICE_PER_M;
	lattice_point a = t->corner[0], b = t->corner[1], c = t->corner[2];

	u[0] = (double) (b.x - a.x), u[1] = (double) (b.y - a.y), u[2] = (double) (b.z - a.z);
	v[0] = (double) (c.x - a.x), v[1] = (double) (c.y - a.y), v[2] = (double) (c.z - a.z);
	for (int k = 0; k < 3; k++)
		s[k] = v[k] - u[k];
	n[0] = u[1] * v[2] - u[2] * v[1];
	n[1] = u[2] * v[0] - u[0] * v[2];
	n[2] = u[0] * v[1] - u[1] * v[0];
	longest = fmax(fmax(u[0] * u[0] + u[1] * u[1] + u[2] * u[2], v[0] * v[0] + v[1] * v[1] + v[2] * v[2]),
				   s[0] * s[0] + s[1] * s[1] + s[2] * s[2]);
	return n[0] * n[0] + n[1] * n[1] + n[2] * n[2] < limit * limit * longest;
}

static int compare_corners(const rpm_triangle *p, const rpm_triangle *q)
{
	for (int k = 0; k < 3; k++)
		if (p->vertex[k] != q->vertex[k])
			return p->vertex[k] < q->vertex[k] ? -1 : 1;
	return 0;
}

static int compare_by_corners(const void *a, const void *b)
{
	const rpm_triangle *p = a, *q = b;
	int			order = compare_corners(p, q);

	if (order == 0)
		order = (p->building > q->building) - (p->building < q->building);
	if (order == 0)
		order = (p->material > q->material) - (p->material < q->material);
	return order ? order : (p->facet > q->facet) - (p->facet < q->facet);
}

/* The ground (building -1) comes last. */
static int compare_by_building(const void *a, const void *b)
{
	const rpm_triangle *p = a, *q = b;

	if (p->building != q->building)
		return (uint32_t) p->building < (uint32_t) q->building ? -1 : 1;
	return compare_corners(p, q);
}

/* Buildings that have triangles, and the triangles' indices of them. */
static rpm_code make_buildings(welder *w, rpm_scene *scene)
{
	const scene_row *rows = w->builder->rows;

	scene->buildings = malloc((w->building_count + 1) * sizeof *scene->buildings);
	if (scene->buildings == NULL)
		return RPM_OUT_OF_MEMORY;
	for (size_t i = 0, last = SIZE_MAX; i < scene->triangle_count; i++)
	{
		rpm_triangle *t = &scene->triangles[i];

		if (scene_stopped(w->builder->control, i))
			return RPM_CANCELLED;
		if (t->building == RPM_NO_BUILDING)
			break;
		if (last != (size_t) t->building)
		{
			last = (size_t) t->building;
			scene->buildings[scene->building_count++] = (rpm_scene_building) {rows[t->facet].id, (uint32_t) i, 0};
		}
		t->building = (int32_t) scene->building_count - 1;
		scene->buildings[t->building].triangle_count++;
	}
	return RPM_OK;
}

/* What was dropped, by row; a row of which nothing is left. */
static rpm_code report(welder *w, const rpm_scene *scene, rpm_status *status)
{
	rpm_scene_builder *builder = w->builder;
	size_t	   *left = calloc(builder->row_count + 1, sizeof *left), *made = calloc(builder->row_count + 1, sizeof *made);
	rpm_code	code = left && made ? count_rows(w, scene, left, made) : RPM_OUT_OF_MEMORY;

	builder_ended(code, "rows", status);
	for (size_t r = 0; r < builder->row_count && code == RPM_OK; r++)
	{
		const scene_row *row = &builder->rows[r];

		if (scene_stopped(builder->control, r))
			code = builder_ended(RPM_CANCELLED, "rows", status);
		else if (w->flattened[r] && (row->polygons.has_z || w->flattened[r] == made[r]))
			code = builder_problem(builder, row->id, w->flattened[r] == made[r] ? RPM_PROBLEM_SKIPPED : RPM_PROBLEM_REPAIRED, "degenerate",
								   status, "%u triangles flatter than 1.5 mm were dropped", w->flattened[r]);
		if (code == RPM_OK && w->repeated[r])
			code = builder_problem(builder, row->id, RPM_PROBLEM_REPAIRED, "duplicate_surface", status,
								   "%u triangles that coincide with others of the building were dropped", w->repeated[r]);
		else if (code == RPM_OK && made[r] > w->flattened[r] && left[r] == 0)
			code = builder_problem(builder, row->id, RPM_PROBLEM_SKIPPED, "duplicate_surface", status,
								   "every triangle coincides with another building's");
	}
	free(left);
	free(made);
	return code;
}

/* How many triangles each row made, and how many are left of them. */
static rpm_code count_rows(const welder *w, const rpm_scene *scene, size_t *left, size_t *made)
{
	for (size_t i = 0; i < scene->triangle_count; i++)
	{
		if (scene_stopped(w->builder->control, i))
			return RPM_CANCELLED;
		left[scene->triangles[i].facet]++;
	}
	for (size_t i = 0; i < w->soup->count; i++)
	{
		if (scene_stopped(w->builder->control, i))
			return RPM_CANCELLED;
		made[w->soup->triangle[i].row]++;
	}
	return RPM_OK;
}
