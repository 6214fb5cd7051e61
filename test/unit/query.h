/*
 * query.h: what the tests of ray queries share: the providers of this build, and asking one of them.
 */
#ifndef RPM_TEST_QUERY_H
#define RPM_TEST_QUERY_H

#include "scenes.h"
#include "unit.h"

#ifdef RPM_HAVE_EMBREE
static const rpm_query_kind kinds[] = {RPM_QUERY_BVH, RPM_QUERY_EMBREE};
#else
static const rpm_query_kind kinds[] = {RPM_QUERY_BVH};
#endif
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static inline rpm_query *
query_over(const rpm_scene *scene, rpm_query_kind kind)
{
	rpm_status	status = {0};
	rpm_query  *query = NULL;

	CHECK(rpm_query_create(scene, kind, NULL, &query, &status) == RPM_OK);
	if (query == NULL)
	{
		printf("  %s\n", status.message);
		exit(1);
	}
	return query;
}

/* Of the nearest hit, INFINITY without one; occlusion must agree. */
static inline float
distance(const rpm_query *query, rpm_ray ray)
{
	rpm_hit		hit = {-1, 0};
	bool		found = rpm_query_intersect(query, &ray, &hit);

	CHECK(found == rpm_query_occluded(query, &ray));
	return found ? hit.t : INFINITY;
}

#endif
