/*
 * bvh.c: the ray-query provider "bvh", our own hierarchy (rpm_bvh.h) in plain C.
 */
#include <stdlib.h>

#include "query/bvh_build.h"
#include "query/provider.h"

typedef struct bvh_query
{
	rpm_query	base;
	rpm_bvh_arrays arrays;
	rpm_bvh		bvh;			/* a view of the arrays */
} bvh_query;

static bool intersect(const rpm_query *query, const rpm_ray *ray, rpm_hit *hit);
static bool occluded(const rpm_query *query, const rpm_ray *ray);
static void release(rpm_query *query);

static const rpm_query_provider bvh_provider = {"bvh", intersect, occluded, release};

rpm_code
rpm_query_create_bvh(const rpm_scene *scene, rpm_control *control, rpm_query **query, rpm_status *status)
{
	bvh_query  *self = calloc(1, sizeof(bvh_query));
	rpm_code	code;

	if (self == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a ray query");
	self->base.provider = &bvh_provider;
	code = rpm_bvh_build(scene, control, &self->arrays, status);
	if (code != RPM_OK)
	{
		release(&self->base);
		return code;
	}
	if (self->arrays.node_count > 0)
	{
		/* The build took room for one node per triangle; giving back cannot fail in a way that matters. */
		void	   *nodes = realloc(self->arrays.nodes, self->arrays.node_count * sizeof(rpm_bvh_node));

		if (nodes != NULL)
			self->arrays.nodes = nodes;
	}
	self->bvh.nodes = self->arrays.nodes;
	self->bvh.triangles = self->arrays.triangles;
	self->bvh.node_count = self->arrays.node_count;
	self->bvh.triangle_count = self->arrays.triangle_count;
	self->base.bytes = sizeof(*self) + self->arrays.node_count * sizeof(rpm_bvh_node) +
		self->arrays.triangle_count * sizeof(rpm_bvh_triangle);
	*query = &self->base;
	return RPM_OK;
}

const rpm_bvh *
rpm_query_bvh(const rpm_query *query)
{
	return query->provider == &bvh_provider ? &((const bvh_query *) query)->bvh : NULL;
}

static bool
intersect(const rpm_query *query, const rpm_ray *ray, rpm_hit *hit)
{
	return rpm_bvh_traverse(&((const bvh_query *) query)->bvh, ray, false, hit);
}

static bool
occluded(const rpm_query *query, const rpm_ray *ray)
{
	rpm_hit		some;

	return rpm_bvh_traverse(&((const bvh_query *) query)->bvh, ray, true, &some);
}

static void
release(rpm_query *query)
{
	bvh_query  *self = (bvh_query *) query;

	free(self->arrays.nodes);
	free(self->arrays.triangles);
	free(self);
}
