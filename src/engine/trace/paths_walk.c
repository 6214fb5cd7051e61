/*
 * paths_walk.c: one ray that proposes a chain of reflections, for the CPU and the device; see paths.h.
 */
#include "query/next_hit.h"
#include "trace/paths.h"

RPM_LOCAL bool walk_on(const rpm_scene *scene, const rpm_query *query, rpm_vec3 position, rpm_vec3 direction, int32_t last, double *t,
					   int32_t *facet);

/* Its reflections are a chain; with refraction each wall is reflected at or passed by one bit of choices. */
RPM_SHARED void
rpm_path_walk(const rpm_scene *scene, const rpm_query *query, const rpm_path_rays *rays, int64_t ray)
{
	rpm_vec3	position = rays->origin, direction = rays->directions[ray];
	int32_t    *chain = rays->chains + ray * (rays->max_depth + 1), last = RPM_NO_FACET;
	double		reach_m;

	chain[0] = 0;
	for (int depth = 0; depth < rays->max_depth && walk_on(scene, query, position, direction, last, &reach_m, &last); depth++)
	{
		rpm_vec3	normal = scene->facets[last].normal;

		position = rpm_along(position, reach_m, direction);
		if (rays->refraction && (rays->choices[ray] >> depth & 1))
			continue;
		chain[++chain[0]] = last;
		direction = rpm_along(direction, -2 * rpm_dot(direction, normal), normal);
	}
}

/* To the next surface off the facet that the ray leaves. */
RPM_LOCAL bool
walk_on(const rpm_scene *scene, const rpm_query *query, rpm_vec3 position, rpm_vec3 direction, int32_t last, double *t, int32_t *facet)
{
	rpm_ray		ray;
	rpm_hit		hit;

	ray.origin[0] = (float) position.x;
	ray.origin[1] = (float) position.y;
	ray.origin[2] = (float) position.z;
	ray.direction[0] = (float) direction.x;
	ray.direction[1] = (float) direction.y;
	ray.direction[2] = (float) direction.z;
	ray.t_min = (float) RPM_ON_FACET_M;
	ray.t_max = INFINITY;
	while (rpm_query_next(query, &ray, &hit))
	{
		*facet = scene->triangles[hit.triangle].facet;
		if (*facet != last)
		{
			*t = hit.t;
			return true;
		}
	}
	return false;
}
