/*
 * roof_edges.c: finds the edges of roof_edges.h, and sorts those that are not upright by azimuth.
 */
#include "trace/roof_edges.h"

#include "scene/sort.h"
#include "trace/ground_creases.h"
#include "trace/wall_corners.h"

#include <stdlib.h>

/* An edge that rises by more than this share of its length is upright: a corner of walls. */
#define UPRIGHT 0.95
/* A seam's surface is looked at so far aside, and so near its height. */
#define SEAM_ASIDE_M 0.05
#define SEAM_HEIGHT_M 0.01
#define SECTORS_MIN 64
#define SECTORS_MAX 8192
#define EDGES_PER_SECTOR 4
/* A transmitter nearer than this to an edge's line, from above, sees it in every direction. */
#define BELOW_M 1e-6
#define POLL_EDGES 4096

/* Edges of building triangles by their corners; an edge met again is no single triangle's. */
#define MET_AGAIN (UINT64_C(1) << 63)
typedef struct edge_table
{
	uint64_t   *slots;			/* 0: empty */
	size_t		mask;
} edge_table;

static rpm_code take(rpm_roofs *roofs, size_t edges, rpm_control *control, rpm_status *status);
static rpm_code single_edges(const rpm_scene *scene, rpm_control *control, edge_table *table, size_t *count, rpm_status *status);
static uint64_t edge_key(uint32_t a, uint32_t b);
static uint64_t *table_slot(const edge_table *table, uint64_t key);
static void add_wedges(rpm_roofs *roofs, const rpm_scene *scene);
static void add_creases(rpm_roofs *roofs, const rpm_scene *scene, const rpm_ground_crease *creases, size_t count);
static void add_single_edges(rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query, const edge_table *table);
static bool seam(const rpm_query *query, rpm_vec3 a, rpm_vec3 b);
static void add_edge(rpm_roofs *roofs, rpm_vec3 a, rpm_vec3 b, const rpm_profile_edge *what);
static bool upright(rpm_vec3 along);
static double nearest(const rpm_profile_edge *edge);
static int	compare_nearest(const void *a, const void *b);
static rpm_code sort_by_sector(rpm_roofs *roofs, rpm_control *control, rpm_status *status);
static void sectors_of(const rpm_roofs *roofs, const rpm_profile_edge *edge, size_t *first, size_t *count);

rpm_code
rpm_roofs_create(const rpm_scene *scene, const rpm_query *query, rpm_vec3 transmitter, double wavelength_m, rpm_control *control,
				 rpm_roofs **roofs, rpm_status *status)
{
	rpm_roofs  *r = *roofs = calloc(1, sizeof(rpm_roofs));
	edge_table	table = {NULL, 0};
	rpm_ground_crease *creases = NULL;
	size_t		singles = 0, crease_count = 0;
	rpm_code	code;

	if (r == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the roofs around an antenna");
	r->transmitter = transmitter;
	r->wavelength_m = wavelength_m;
	code = single_edges(scene, control, &table, &singles, status);
	if (code == RPM_OK)
		code = rpm_ground_creases(scene, control, &creases, &crease_count, status);
	if (code == RPM_OK)
		code = take(r, scene->wedge_count + singles + crease_count, control, status);
	if (code == RPM_OK)
	{
		add_wedges(r, scene);
		add_creases(r, scene, creases, crease_count);
		add_single_edges(r, scene, query, &table);
		r->uprights = r->edges + r->room - r->upright_count;
		code = sort_by_sector(r, control, status);
	}
	if (code == RPM_OK)
		code = rpm_wall_corners_sort(r, scene, control, status);
	free(table.slots);
	free(creases);
	return code;
}

rpm_code
rpm_roofs_about(const rpm_roofs *roofs, rpm_vec3 transmitter, rpm_control *control, rpm_roofs **moved, rpm_status *status)
{
	rpm_roofs  *r = *moved = calloc(1, sizeof(rpm_roofs));
	double		dx = transmitter.x - roofs->transmitter.x, dy = transmitter.y - roofs->transmitter.y;
	rpm_code	code;

	if (r == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the roofs around an image");
	r->transmitter = transmitter;
	r->wavelength_m = roofs->wavelength_m;
	code = take(r, roofs->edge_count, control, status);
	if (code != RPM_OK)
		return code;
	for (size_t i = 0; i < roofs->edge_count; i++)
	{
		rpm_profile_edge *e = &r->edges[i];

		*e = roofs->edges[i];
		e->x0 -= dx;
		e->x1 -= dx;
		e->y0 -= dy;
		e->y1 -= dy;
		e->nearest_m = nearest(e);
	}
	r->edge_count = roofs->edge_count;
	return sort_by_sector(r, control, status);
}

void
rpm_roofs_free(rpm_roofs *roofs)
{
	if (roofs == NULL)
		return;
	free(roofs->edges);
	free(roofs->sector_start);
	free(roofs->members);
	free(roofs->group_of);
	free(roofs->group_start);
	free(roofs);
}

static rpm_code
take(rpm_roofs *roofs, size_t edges, rpm_control *control, rpm_status *status)
{
	rpm_code	code = rpm_reserve(control, (edges + 1) * (2 * sizeof(rpm_profile_edge) + 4 * sizeof(uint32_t)), "the roofs around an antenna",
								   status);

	if (code != RPM_OK)
		return code;
	roofs->edges = malloc((edges + 1) * sizeof(rpm_profile_edge));
	if (roofs->edges == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu edges of roofs", edges);
	roofs->room = edges;
	return RPM_OK;
}

/* Those of one triangle alone stay in the table without MET_AGAIN; how many they are. */
static rpm_code
single_edges(const rpm_scene *scene, rpm_control *control, edge_table *table, size_t *count, rpm_status *status)
{
	size_t		size = 64;
	rpm_code	code;

	while (size < 5 * scene->triangle_count)
		size *= 2;
	code = rpm_reserve(control, size * sizeof(uint64_t), "the edges of single triangles", status);
	if (code != RPM_OK)
		return code;
	table->mask = size - 1;
	table->slots = calloc(size, sizeof(uint64_t));
	if (table->slots == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the edges of %zu triangles", scene->triangle_count);
	for (size_t i = 0; i < scene->triangle_count; i++)
	{
		const rpm_triangle *t = &scene->triangles[i];

		if (i % POLL_EDGES == 0 && rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "cancelled");
		for (int k = 0; k < 3 && t->building != RPM_NO_BUILDING; k++)
		{
			uint64_t	key = edge_key(t->vertex[k], t->vertex[(k + 1) % 3]), *slot = table_slot(table, key);

			if (*slot == 0)
			{
				*slot = key;
				*count += 1;
			}
			else if (!(*slot & MET_AGAIN))
			{
				*slot |= MET_AGAIN;
				*count -= 1;
			}
		}
	}
	return RPM_OK;
}

/* Never 0. */
static uint64_t
edge_key(uint32_t a, uint32_t b)
{
	return ((uint64_t) (a < b ? a : b) << 32 | (a < b ? b : a)) + 1;
}

/* Where the key is or belongs. */
static uint64_t *
table_slot(const edge_table *table, uint64_t key)
{
	size_t		at = (size_t) ((key * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & table->mask;

	while (table->slots[at] != 0 && (table->slots[at] & ~MET_AGAIN) != key)
		at = (at + 1) & table->mask;
	return &table->slots[at];
}

static void
add_wedges(rpm_roofs *roofs, const rpm_scene *scene)
{
	for (size_t i = 0; i < scene->wedge_count; i++)
	{
		const rpm_wedge *w = &scene->wedges[i];

		add_edge(roofs, w->start, rpm_along(w->start, w->length_m, w->direction), &(rpm_profile_edge) {.wedge = rpm_wedge_is_crease(w) ? -1 : (int32_t) i,
			.building = w->building, .facet_0 = w->facet_0, .facet_n = w->facet_n, .sharp = w->n_pi > RPM_PI + RPM_CREASE_RAD});
	}
}

static void
add_creases(rpm_roofs *roofs, const rpm_scene *scene, const rpm_ground_crease *creases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_edge(roofs, scene->vertices[creases[i].a], scene->vertices[creases[i].b], &(rpm_profile_edge) {.wedge = -1, .building = RPM_NO_BUILDING,
			.facet_0 = RPM_NO_FACET, .facet_n = RPM_NO_FACET});
}

static void
add_single_edges(rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query, const edge_table *table)
{
	for (size_t i = 0; i < scene->triangle_count; i++)
		for (int k = 0; k < 3 && scene->triangles[i].building != RPM_NO_BUILDING; k++)
		{
			uint32_t	p = scene->triangles[i].vertex[k], q = scene->triangles[i].vertex[(k + 1) % 3];
			rpm_vec3	a = scene->vertices[p], b = scene->vertices[q];

			if (!(*table_slot(table, edge_key(p, q)) & MET_AGAIN) && !seam(query, a, b))
				add_edge(roofs, a, b, &(rpm_profile_edge) {.wedge = -1, .building = scene->triangles[i].building, .facet_0 = RPM_NO_FACET,
					.facet_n = RPM_NO_FACET, .sharp = true});
		}
}

/* Whether the edge lies within a surface that goes on level on both sides: roofs side by side that share no corners. */
static bool
seam(const rpm_query *query, rpm_vec3 a, rpm_vec3 b)
{
	rpm_vec3	middle = rpm_scale(rpm_add(a, b), 0.5), aside = rpm_vec(a.y - b.y, b.x - a.x, 0);

	if (upright(rpm_sub(b, a)) || !(rpm_norm(aside) > 0))
		return false;
	aside = rpm_scale(rpm_unit(aside), SEAM_ASIDE_M);
	for (int side = -1; side <= 1; side += 2)
	{
		rpm_ray		ray = {{(float) (middle.x + side * aside.x), (float) (middle.y + side * aside.y), (float) (middle.z + SEAM_HEIGHT_M)},
			{0, 0, -1}, 0, (float) (2 * SEAM_HEIGHT_M)};

		if (!rpm_query_occluded(query, &ray))
			return false;
	}
	return true;
}

static void
add_edge(rpm_roofs *roofs, rpm_vec3 a, rpm_vec3 b, const rpm_profile_edge *what)
{
	rpm_vec3	t = roofs->transmitter;
	rpm_profile_edge edge = *what;

	edge.x0 = a.x - t.x;
	edge.y0 = a.y - t.y;
	edge.z0 = a.z;
	edge.x1 = b.x - t.x;
	edge.y1 = b.y - t.y;
	edge.z1 = b.z;
	edge.nearest_m = nearest(&edge);
	/* The corners of walls from the end of the room backwards. */
	if (upright(rpm_sub(b, a)) && what->building != RPM_NO_BUILDING)
		roofs->edges[roofs->room - ++roofs->upright_count] = edge;
	else
		roofs->edges[roofs->edge_count++] = edge;
}

static bool
upright(rpm_vec3 along)
{
	return fabs(along.z) >= UPRIGHT * rpm_norm(along);
}

/* From the transmitter to the edge, along the ground. */
static double
nearest(const rpm_profile_edge *edge)
{
	double		dx = edge->x1 - edge->x0, dy = edge->y1 - edge->y0, square = dx * dx + dy * dy;
	double		part = square > 0 ? fmin(fmax(-(edge->x0 * dx + edge->y0 * dy) / square, 0), 1) : 0;

	return hypot(edge->x0 + part * dx, edge->y0 + part * dy);
}

/* Ties by place, so that the order does not depend on the sort. */
static int
compare_nearest(const void *a, const void *b)
{
	const rpm_profile_edge *p = a, *q = b;
	const double keys[4][2] = {{p->nearest_m, q->nearest_m}, {p->x0 + p->x1, q->x0 + q->x1}, {p->y0 + p->y1, q->y0 + q->y1},
		{p->z0 + p->z1, q->z0 + q->z1}};

	for (int i = 0; i < 4; i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] < keys[i][1] ? -1 : 1;
	return (p->wedge > q->wedge) - (p->wedge < q->wedge);
}

/* Nearest first; counted, then filled: each edge stands in every sector that it reaches into. */
static rpm_code
sort_by_sector(rpm_roofs *roofs, rpm_control *control, rpm_status *status)
{
	size_t		first, count, total = 0;
	rpm_code	code = scene_sort(roofs->edges, roofs->edge_count, sizeof(rpm_profile_edge), compare_nearest, control);

	if (code != RPM_OK)
		return rpm_fail(status, code, NULL, code == RPM_CANCELLED ? "cancelled" : "no memory to sort %zu edges of roofs", roofs->edge_count);
	roofs->sectors = SECTORS_MIN;
	while (roofs->sectors < SECTORS_MAX && roofs->sectors * EDGES_PER_SECTOR < roofs->edge_count)
		roofs->sectors *= 2;
	roofs->sector_start = calloc(roofs->sectors + 2, sizeof(uint32_t));
	if (roofs->sector_start == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu sectors", roofs->sectors);
	for (size_t i = 0; i < roofs->edge_count; i++)
	{
		sectors_of(roofs, &roofs->edges[i], &first, &count);
		for (size_t k = 0; k < count; k++)
			roofs->sector_start[(first + k) % roofs->sectors + 2]++;
		total += count;
	}
	code = rpm_reserve(control, total * sizeof(uint32_t), "the roofs by azimuth", status);
	if (code != RPM_OK)
		return code;
	if (total > UINT32_MAX)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Leave over_roofs out of the mechanisms.", "too many edges of roofs around an antenna");
	roofs->members = malloc((total + 1) * sizeof(uint32_t));
	if (roofs->members == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the roofs by azimuth");
	for (size_t s = 0; s < roofs->sectors; s++)
		roofs->sector_start[s + 2] += roofs->sector_start[s + 1];
	for (size_t i = 0; i < roofs->edge_count; i++)
	{
		if (i % POLL_EDGES == 0 && rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "cancelled");
		sectors_of(roofs, &roofs->edges[i], &first, &count);
		for (size_t k = 0; k < count; k++)
			roofs->members[roofs->sector_start[(first + k) % roofs->sectors + 1]++] = (uint32_t) i;
	}
	return RPM_OK;
}

/* The sectors from one end to the other, the shorter way round, one more on either side for rounding. */
static void
sectors_of(const rpm_roofs *roofs, const rpm_profile_edge *edge, size_t *first, size_t *count)
{
	size_t		a = rpm_roof_sector(roofs, edge->x0, edge->y0), b = rpm_roof_sector(roofs, edge->x1, edge->y1), n = roofs->sectors;
	size_t		onward = (b + n - a) % n, back = (a + n - b) % n;

	*first = ((onward <= back ? a : b) + n - 1) % n;
	*count = (onward <= back ? onward : back) + 3;
	if (edge->nearest_m < BELOW_M || *count > n)
		*count = n;
}
