/*
 * visibility.c: which facets and wedges a point sees, see visibility.h.
 */
#include "trace/visibility.h"

#include <stdlib.h>

#include "trace/leg.h"

#define LATTICE_RAYS 1000000
#define TRIANGLE_SAMPLES_MIN 16
#define TRIANGLE_SAMPLES_MAX 256
/* Sample points per steradian of a triangle: a spacing of 0.4 degrees. */
#define SAMPLES_PER_STERADIAN 20000.0
#define WEDGE_SPACING_M 1.0
#define WEDGE_SAMPLES_MAX 200
/* Sample points of an edge are looked at this far off it, half way between its faces. */
#define WEDGE_OFFSET_M 0.01
/* A plane that holds the point has no image of it. */
#define PLANE_DISTANCE_MIN_M 1e-4

typedef enum view { IN_VIEW, HIDDEN, ALL_HIDDEN } view;

typedef struct visibility_task
{
	const rpm_scene *scene;
	const rpm_query *query;
	const rpm_occluders *occluders;
	rpm_vec3	point;
	rpm_visible_set *set;
} visibility_task;

static void shoot_lattice(void *context, int64_t begin, int64_t end, int thread);
static void look_at_triangles(void *context, int64_t begin, int64_t end, int thread);
static void look_at_wedges(void *context, int64_t begin, int64_t end, int thread);
static bool triangle_in_view(const visibility_task *task, const rpm_triangle *triangle);
static bool wedge_in_view(const visibility_task *task, const rpm_wedge *wedge);
static view look(const visibility_task *task, rpm_vec3 sample, const int32_t *own, int own_count, const rpm_vec3 *corners,
				 int corner_count, uint32_t *blocker);
static size_t collect(const uint8_t *seen, size_t count, int32_t *indices);
static void mark(uint8_t *flag);

#ifndef RPM_KERNEL
rpm_code
rpm_visible_set_find(const rpm_scene *scene, const rpm_query *query, const rpm_occluders *occluders, rpm_vec3 point,
					 int seen, rpm_control *control, rpm_visible_set *set, rpm_status *status)
{
	visibility_task task = {scene, query, occluders, point, set};
	rpm_code	code = RPM_OK;

	set->facet_seen = calloc(scene->facet_count + 1, 1);
	set->wedge_seen = calloc(scene->wedge_count + 1, 1);
	set->facets = calloc(scene->facet_count + 1, sizeof(int32_t));
	set->wedges = calloc(scene->wedge_count + 1, sizeof(int32_t));
	set->facet_count = set->wedge_count = 0;
	if (!set->facet_seen || !set->wedge_seen || !set->facets || !set->wedges)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for what the antenna sees of %zu facets and %zu edges",
						scene->facet_count, scene->wedge_count);
	if (seen & RPM_SEEN_FACETS)
		code = rpm_parallel_for(control, LATTICE_RAYS, 4096, shoot_lattice, &task, status);
	if (code == RPM_OK && seen & (RPM_SEEN_FACETS | RPM_SEEN_FACETS_BY_SAMPLES))
		code = rpm_parallel_for(control, (int64_t) scene->triangle_count, 64, look_at_triangles, &task, status);
	if (code == RPM_OK && seen & RPM_SEEN_WEDGES)
		code = rpm_parallel_for(control, (int64_t) scene->wedge_count, 64, look_at_wedges, &task, status);
	if (code != RPM_OK)
		return code;
	set->facet_count = collect(set->facet_seen, scene->facet_count, set->facets);
	set->wedge_count = collect(set->wedge_seen, scene->wedge_count, set->wedges);
	return RPM_OK;
}

void
rpm_visible_set_free(rpm_visible_set *set)
{
	free(set->facet_seen);
	free(set->wedge_seen);
	free(set->facets);
	free(set->wedges);
	set->facet_seen = set->wedge_seen = NULL;
	set->facets = set->wedges = NULL;
	set->facet_count = set->wedge_count = 0;
}
#endif

RPM_SHARED bool
rpm_wedge_sees(const rpm_wedge *wedge, rpm_vec3 point)
{
	rpm_vec3	from_edge = rpm_sub(point, wedge->start);
	double		x = rpm_dot(from_edge, wedge->tangent_0), y = rpm_dot(from_edge, wedge->normal_0);

	/* Above face 0, or not yet past face n: sin(phi - n_pi) <= 0 for phi between pi and 2 pi. */
	return y >= 0 || y * cos(wedge->n_pi) - x * sin(wedge->n_pi) <= 0;
}

#ifndef RPM_KERNEL
rpm_vec3
rpm_lattice_direction(int64_t i, int64_t count)
{
	double		z = 1 - (2 * (double) i + 1) / (double) count;
	double		turns = (double) i * 0.61803398874989484820;
	double		radius = sqrt(1 - z * z), azimuth = 2 * RPM_PI * (turns - floor(turns));

	return rpm_vec(radius * cos(azimuth), radius * sin(azimuth), z);
}

static void
shoot_lattice(void *context, int64_t begin, int64_t end, int thread)
{
	visibility_task *task = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		rpm_vec3	d = rpm_lattice_direction(i, LATTICE_RAYS);
		rpm_ray		ray = {{(float) task->point.x, (float) task->point.y, (float) task->point.z},
		{(float) d.x, (float) d.y, (float) d.z}, (float) RPM_LEG_END_M, INFINITY};
		rpm_hit		hit;

		if (rpm_query_intersect(task->query, &ray, &hit))
			mark(&task->set->facet_seen[task->scene->triangles[hit.triangle].facet]);
	}
}

static void
look_at_triangles(void *context, int64_t begin, int64_t end, int thread)
{
	visibility_task *task = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		const rpm_triangle *triangle = &task->scene->triangles[i];
		uint8_t    *seen = &task->set->facet_seen[triangle->facet];

		if (!__atomic_load_n(seen, __ATOMIC_RELAXED) && triangle_in_view(task, triangle))
			mark(seen);
	}
}

static void
look_at_wedges(void *context, int64_t begin, int64_t end, int thread)
{
	visibility_task *task = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		if (wedge_in_view(task, &task->scene->wedges[i]))
			mark(&task->set->wedge_seen[i]);
}

static bool
triangle_in_view(const visibility_task *task, const rpm_triangle *triangle)
{
	const rpm_scene *scene = task->scene;
	const rpm_facet *facet = &scene->facets[triangle->facet];
	rpm_vec3	a = scene->vertices[triangle->vertex[0]];
	rpm_vec3	ab = rpm_sub(scene->vertices[triangle->vertex[1]], a), ac = rpm_sub(scene->vertices[triangle->vertex[2]], a);
	rpm_vec3	to_centre = rpm_sub(rpm_along(rpm_along(a, 1.0 / 3, ab), 1.0 / 3, ac), task->point);
	double		distance = rpm_norm(to_centre), area = rpm_norm(rpm_cross(ab, ac)) / 2;
	double		height = fabs(rpm_dot(facet->normal, task->point) - facet->offset_m);
	double		wanted;
	rpm_vec3	corners[3];
	uint32_t	blocker = RPM_NO_BLOCKER;

	if (height < PLANE_DISTANCE_MIN_M)
		return false;
	wanted = SAMPLES_PER_STERADIAN * area * height / (distance * distance * distance + 1e-9);
	wanted = fmin(fmax(wanted, TRIANGLE_SAMPLES_MIN), TRIANGLE_SAMPLES_MAX);
	for (int k = 0; k < 3; k++)
		corners[k] = scene->vertices[triangle->vertex[k]];
	for (int i = 0; i < (int) wanted; i++)
	{
		/* The R2 sequence (plastic number), folded into the triangle. */
		double		u = fmod(0.5 + (i + 1) * 0.7548776662466927, 1), v = fmod(0.5 + (i + 1) * 0.5698402909980532, 1);

		if (u + v > 1)
		{
			u = 1 - u;
			v = 1 - v;
		}
		switch (look(task, rpm_along(rpm_along(a, u, ab), v, ac), &triangle->facet, 1, corners, 3, &blocker))
		{
			case IN_VIEW:
				return true;
			case ALL_HIDDEN:
				return false;
			case HIDDEN:
				break;
		}
	}
	return false;
}

static bool
wedge_in_view(const visibility_task *task, const rpm_wedge *wedge)
{
	int32_t		own[2] = {wedge->facet_0, wedge->facet_n};
	rpm_vec3	outwards = rpm_add(rpm_scale(wedge->tangent_0, cos(wedge->n_pi / 2)),
								   rpm_scale(wedge->normal_0, sin(wedge->n_pi / 2)));
	rpm_vec3	ends[2];
	uint32_t	blocker = RPM_NO_BLOCKER;
	int			samples = (int) fmin(fmax(ceil(wedge->length_m / WEDGE_SPACING_M), 3), WEDGE_SAMPLES_MAX);

	if (!rpm_wedge_sees(wedge, task->point))
		return false;
	ends[0] = rpm_along(wedge->start, WEDGE_OFFSET_M, outwards);
	ends[1] = rpm_along(ends[0], wedge->length_m, wedge->direction);
	for (int i = 0; i < samples; i++)
	{
		rpm_vec3	q = rpm_along(wedge->start, (i + 0.5) / samples * wedge->length_m, wedge->direction);

		switch (look(task, rpm_along(q, WEDGE_OFFSET_M, outwards), own, 2, ends, 2, &blocker))
		{
			case IN_VIEW:
				return true;
			case ALL_HIDDEN:
				return false;
			case HIDDEN:
				break;
		}
	}
	return false;
}

/* Looks at a sample of a shape: what hides it may hide all corners, and what hid the last sample may hide this one. */
static view
look(const visibility_task *task, rpm_vec3 sample, const int32_t *own, int own_count, const rpm_vec3 *corners, int corner_count,
	 uint32_t *blocker)
{
	const rpm_occluders *occluders = task->occluders;
	uint32_t	triangle;

	if (*blocker != RPM_NO_BLOCKER && rpm_occluder_hides_point(occluders, *blocker, task->point, sample))
		return HIDDEN;
	if (rpm_leg_clear_or(task->scene, task->query, task->point, sample, own, own_count, &triangle))
		return IN_VIEW;
	if (occluders == NULL || occluders->polygon_of[triangle] == *blocker)
		return HIDDEN;
	*blocker = occluders->polygon_of[triangle];
	return rpm_occluder_hides(occluders, *blocker, &task->point, 1, corners, corner_count, NULL) ? ALL_HIDDEN : HIDDEN;
}

static size_t
collect(const uint8_t *seen, size_t count, int32_t *indices)
{
	size_t		found = 0;

	for (size_t i = 0; i < count; i++)
		if (seen[i])
			indices[found++] = (int32_t) i;
	return found;
}

static void
mark(uint8_t *flag)
{
	__atomic_store_n(flag, 1, __ATOMIC_RELAXED);
}
#endif
