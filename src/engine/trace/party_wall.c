/*
 * party_wall.c: which walls count as one where a ray goes through them.
 */
#include "trace/leg.h"

/* Of 2 degrees, within which coplanar triangles are one facet too. */
#define PARALLEL_COSINE 0.99939

RPM_SHARED bool
rpm_is_party_wall(const rpm_scene *scene, int32_t first, int32_t second, double distance_m, rpm_vec3 direction)
{
	const rpm_facet *a = &scene->facets[first], *b = &scene->facets[second];

	return a->building != RPM_NO_BUILDING && b->building != RPM_NO_BUILDING
		&& distance_m * fabs(rpm_dot(direction, a->normal)) < scene->party_wall_m
		&& fabs(rpm_dot(a->normal, b->normal)) > PARALLEL_COSINE;
}
