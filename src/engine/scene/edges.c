/*
 * edges.c: which triangles meet at which edge, also where one's edge meets only a part of the other's.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/build.h"

/* Vertices by cell of a grid, in chains from a hash table. */
typedef struct vertex_grid
{
	const rpm_scene *scene;
	const uint32_t *group;
	const rpm_control *control;
	double		cell_m;
	uint32_t   *head, *next;	/* index + 1 */
	size_t		mask;
} vertex_grid;

typedef struct junction { double at; uint32_t vertex; } junction;

typedef struct junction_list { junction *item; size_t count, capacity, cells_seen; } junction_list;

static rpm_code add_all(edge_list *edges, vertex_grid *grid, size_t triangle_count, junction_list *found);
static rpm_code mean_edge(const vertex_grid *grid, size_t triangle_count, double *mean_m);
static rpm_code grid_create(vertex_grid *grid);
static size_t grid_slot(const vertex_grid *grid, int64_t x, int64_t y, int64_t z);
static rpm_code find_junctions(const vertex_grid *grid, uint32_t a, uint32_t b, junction_list *found);
static bool look_into_cell(const vertex_grid *grid, size_t slot, uint32_t a, uint32_t b, junction_list *found);
static int compare_junctions(const void *a, const void *b);
static rpm_code add_edge(edge_list *edges, const vertex_grid *grid, uint32_t a, uint32_t b, uint32_t triangle, junction_list *found);
static bool add_piece(edge_list *edges, uint32_t a, uint32_t b, uint32_t triangle);
static rpm_code finish_list(edge_list *edges, size_t triangle_count, const rpm_control *control);
static rpm_code number_pieces(edge_list *edges, size_t triangle_count, const rpm_control *control);
static int compare_pieces(const void *a, const void *b);

rpm_code edge_list_create(const rpm_scene *scene, size_t triangle_count, const uint32_t *vertex_group, const rpm_control *control,
						  edge_list *edges, rpm_status *status)
{
	vertex_grid grid = {.scene = scene, .group = vertex_group, .control = control};
	junction_list found = {0};
	rpm_code	code;

	*edges = (edge_list) {0};
	code = add_all(edges, &grid, triangle_count, &found);
	free(found.item);
	free(grid.head);
	free(grid.next);
	if (code == RPM_OK)
		code = finish_list(edges, triangle_count, control);
	if (code != RPM_OK)
		edge_list_free(edges);
	return builder_ended(code, "edges", status);
}

void edge_list_free(edge_list *edges)
{
	free(edges->piece);
	free(edges->run_start);
	free(edges->run_of);
	free(edges->triangle_start);
	free(edges->triangle_piece);
	*edges = (edge_list) {0};
}

static rpm_code add_all(edge_list *edges, vertex_grid *grid, size_t triangle_count, junction_list *found)
{
	double		mean_m;
	rpm_code	code = mean_edge(grid, triangle_count, &mean_m);

	grid->cell_m = fmax(mean_m / 2, 0.1);
	if (code == RPM_OK)
		code = grid_create(grid);
	for (size_t t = 0; t < triangle_count && code == RPM_OK; t++)
	{
		const uint32_t *v = grid->scene->triangles[t].vertex;

		for (int k = 0; k < 3 && code == RPM_OK; k++)
			code = add_edge(edges, grid, v[k == 2 ? 0 : k], v[k == 2 ? 2 : k + 1], (uint32_t) t, found);
	}
	return code;
}

static rpm_code mean_edge(const vertex_grid *grid, size_t triangle_count, double *mean_m)
{
	const rpm_scene *scene = grid->scene;
	double		sum = 0;

	*mean_m = 1;
	for (size_t t = 0; t < triangle_count; t++)
	{
		if (scene_stopped(grid->control, t))
			return RPM_CANCELLED;
		for (int k = 0; k < 3; k++)
			sum += rpm_norm(rpm_sub(scene->vertices[scene->triangles[t].vertex[k]], scene->vertices[scene->triangles[t].vertex[(k + 1) % 3]]));
	}
	if (triangle_count)
		*mean_m = sum / (3.0 * (double) triangle_count);
	return RPM_OK;
}

static rpm_code grid_create(vertex_grid *grid)
{
	size_t		size = 64, vertex_count = grid->scene->vertex_count;

	while (size < vertex_count)
		size *= 2;
	grid->mask = size - 1;
	grid->head = calloc(size, sizeof *grid->head);
	grid->next = calloc(vertex_count + 1, sizeof *grid->next);
	if (grid->head == NULL || grid->next == NULL)
		return RPM_OUT_OF_MEMORY;
	for (size_t i = 0; i < vertex_count; i++)
	{
		rpm_vec3	p = grid->scene->vertices[i];
		size_t		slot = grid_slot(grid, (int64_t) floor(p.x / grid->cell_m), (int64_t) floor(p.y / grid->cell_m),
									 (int64_t) floor(p.z / grid->cell_m));

		if (scene_stopped(grid->control, i))
			return RPM_CANCELLED;
		grid->next[i] = grid->head[slot];
		grid->head[slot] = (uint32_t) i + 1;
	}
	return RPM_OK;
}

static size_t grid_slot(const vertex_grid *grid, int64_t x, int64_t y, int64_t z)
{
	uint64_t	hash = (uint64_t) x * 0x9e3779b97f4a7c15u ^ (uint64_t) y * 0xc2b2ae3d27d4eb4fu ^ (uint64_t) z * 0x165667b19e3779f9u;

	hash ^= hash >> 31;
	hash *= 0xbf58476d1ce4e5b9u;
	return (size_t) (hash >> 20) & grid->mask;
}

/* The vertices of a's group on the edge a-b, in order along it.  The edge is followed in steps of a cell. */
static rpm_code find_junctions(const vertex_grid *grid, uint32_t a, uint32_t b, junction_list *found)
{
	rpm_vec3	p = grid->scene->vertices[a], d = rpm_sub(grid->scene->vertices[b], p);
	double		length = rpm_norm(d);
	int64_t		steps = 1 + (int64_t) (length / grid->cell_m);

	found->count = 0;
	for (int64_t s = 0; s < steps; s++)
	{
		rpm_vec3	q0 = rpm_along(p, (double) s / (double) steps, d), q1 = rpm_along(p, (double) (s + 1) / (double) steps, d);
		double		low[3] = {fmin(q0.x, q1.x), fmin(q0.y, q1.y), fmin(q0.z, q1.z)};
		double		high[3] = {fmax(q0.x, q1.x), fmax(q0.y, q1.y), fmax(q0.z, q1.z)};
		int64_t		c0[3], c1[3];

		for (int k = 0; k < 3; k++)
		{
			c0[k] = (int64_t) floor((low[k] - JUNCTION_M) / grid->cell_m);
			c1[k] = (int64_t) floor((high[k] + JUNCTION_M) / grid->cell_m);
		}
		for (int64_t x = c0[0]; x <= c1[0]; x++)
			for (int64_t y = c0[1]; y <= c1[1]; y++)
				for (int64_t z = c0[2]; z <= c1[2]; z++)
				{
					if (scene_stopped(grid->control, found->cells_seen++))
						return RPM_CANCELLED;
					if (!look_into_cell(grid, grid_slot(grid, x, y, z), a, b, found))
						return RPM_OUT_OF_MEMORY;
				}
	}
	return scene_sort(found->item, found->count, sizeof *found->item, compare_junctions, grid->control);
}

static bool look_into_cell(const vertex_grid *grid, size_t slot, uint32_t a, uint32_t b, junction_list *found)
{
	const rpm_vec3 *vertices = grid->scene->vertices;
	rpm_vec3	d = rpm_sub(vertices[b], vertices[a]);
	double		length = rpm_norm(d);

	for (uint32_t i = grid->head[slot]; i != 0; i = grid->next[i - 1])
	{
		rpm_vec3	q = rpm_sub(vertices[i - 1], vertices[a]);
		double		at = rpm_dot(q, d) / length;

		if (at <= JUNCTION_M || at >= length - JUNCTION_M || i - 1 == a || i - 1 == b || grid->group[i - 1] != grid->group[a])
			continue;
		if (rpm_norm(rpm_along(q, -at / length, d)) >= JUNCTION_M)
			continue;
		if (!array_grow((void **) &found->item, sizeof *found->item, found->count, &found->capacity))
			return false;
		found->item[found->count++] = (junction) {at, i - 1};
	}
	return true;
}

static int compare_junctions(const void *a, const void *b)
{
	const junction *p = a, *q = b;

	if (p->at != q->at)
		return p->at < q->at ? -1 : 1;
	return (p->vertex > q->vertex) - (p->vertex < q->vertex);
}

static rpm_code add_edge(edge_list *edges, const vertex_grid *grid, uint32_t a, uint32_t b, uint32_t triangle, junction_list *found)
{
	uint32_t	from = a;
	rpm_code	code = find_junctions(grid, a, b, found);

	for (size_t i = 0; i < found->count && code == RPM_OK; i++)
	{
		uint32_t	to = found->item[i].vertex;

		if (to == from)
			continue;
		if (!add_piece(edges, from, to, triangle))
			code = RPM_OUT_OF_MEMORY;
		from = to;
	}
	if (code == RPM_OK && !add_piece(edges, from, b, triangle))
		code = RPM_OUT_OF_MEMORY;
	return code;
}

static bool add_piece(edge_list *edges, uint32_t a, uint32_t b, uint32_t triangle)
{
	if (!array_grow((void **) &edges->piece, sizeof *edges->piece, edges->count, &edges->capacity))
		return false;
	edges->piece[edges->count++] = (edge_piece) {a < b ? a : b, a < b ? b : a, triangle};
	return true;
}

/* Sorts, and makes the runs and the pieces of each triangle. */
static rpm_code finish_list(edge_list *edges, size_t triangle_count, const rpm_control *control)
{
	size_t		count = edges->count;
	rpm_code	code = scene_sort(edges->piece, count, sizeof *edges->piece, compare_pieces, control);

	if (code != RPM_OK)
		return code;
	edges->run_start = malloc((count + 1) * sizeof *edges->run_start);
	edges->run_of = malloc((count + 1) * sizeof *edges->run_of);
	edges->triangle_start = calloc(triangle_count + 2, sizeof *edges->triangle_start);
	edges->triangle_piece = malloc((count + 1) * sizeof *edges->triangle_piece);
	if (!edges->run_start || !edges->run_of || !edges->triangle_start || !edges->triangle_piece)
		return RPM_OUT_OF_MEMORY;
	return number_pieces(edges, triangle_count, control);
}

static rpm_code number_pieces(edge_list *edges, size_t triangle_count, const rpm_control *control)
{
	size_t		count = edges->count;

	for (size_t i = 0; i < count; i++)
	{
		const edge_piece *p = &edges->piece[i];

		if (scene_stopped(control, i))
			return RPM_CANCELLED;
		if (i == 0 || p->a != p[-1].a || p->b != p[-1].b)
			edges->run_start[edges->run_count++] = (uint32_t) i;
		edges->run_of[i] = (uint32_t) edges->run_count - 1;
		edges->triangle_start[p->triangle + 2]++;
	}
	edges->run_start[edges->run_count] = (uint32_t) count;
	for (size_t t = 1; t <= triangle_count; t++)
	{
		if (scene_stopped(control, t))
			return RPM_CANCELLED;
		edges->triangle_start[t + 1] += edges->triangle_start[t];
	}
	for (size_t i = 0; i < count; i++)
	{
		if (scene_stopped(control, i))
			return RPM_CANCELLED;
		edges->triangle_piece[edges->triangle_start[edges->piece[i].triangle + 1]++] = (uint32_t) i;
	}
	return RPM_OK;
}

static int compare_pieces(const void *a, const void *b)
{
	const edge_piece *p = a, *q = b;

	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	if (p->b != q->b)
		return p->b < q->b ? -1 : 1;
	return (p->triangle > q->triangle) - (p->triangle < q->triangle);
}
