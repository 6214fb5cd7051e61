/*
 * query.c: ray queries through the provider that was chosen (rpm_query.h).
 */
#include "query/provider.h"

static rpm_code check_scene(const rpm_scene *scene, rpm_control *control, rpm_status *status);
static bool finite_in_single(rpm_vec3 p);
static bool has_span(const rpm_ray *ray);

rpm_code
rpm_query_create(const rpm_scene *scene, rpm_query_kind kind, rpm_control *control, rpm_query **query, rpm_status *status)
{
	rpm_code	code;

	*query = NULL;
	code = check_scene(scene, control, status);
	if (code != RPM_OK)
		return code;
#ifdef RPM_HAVE_EMBREE
	if (kind == RPM_QUERY_BEST || kind == RPM_QUERY_EMBREE)
		return rpm_query_create_embree(scene, control, query, status);
#else
	if (kind == RPM_QUERY_EMBREE)
		return rpm_fail(status, RPM_UNSUPPORTED, "Use the provider \"bvh\", or build with Embree's development files installed.",
						"this build has no Embree");
#endif
	return rpm_query_create_bvh(scene, control, query, status);
}

void
rpm_query_free(rpm_query *query)
{
	if (query != NULL)
		query->provider->release(query);
}

const char *
rpm_query_name(const rpm_query *query)
{
	return query->provider->name;
}

size_t
rpm_query_bytes(const rpm_query *query)
{
	return query->bytes;
}

bool
rpm_query_intersect(const rpm_query *query, const rpm_ray *ray, rpm_hit *hit)
{
	return has_span(ray) && query->provider->intersect(query, ray, hit);
}

bool
rpm_query_occluded(const rpm_query *query, const rpm_ray *ray)
{
	return has_span(ray) && query->provider->occluded(query, ray);
}

rpm_code
rpm_query_cancelled(rpm_status *status)
{
	return rpm_fail(status, RPM_CANCELLED, NULL, "building the ray-query hierarchy was cancelled");
}

/* Both providers would read beyond their arrays, or never end, on indices and numbers that cannot be. */
static rpm_code
check_scene(const rpm_scene *scene, rpm_control *control, rpm_status *status)
{
	if (scene->triangle_count > INT32_MAX || scene->vertex_count > UINT32_MAX)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Trace a smaller extent.",
						"the scene has %zu triangles and %zu vertices, at most %d triangles can be traced",
						scene->triangle_count, scene->vertex_count, INT32_MAX);
	for (size_t i = 0; i < scene->vertex_count; i++)
	{
		if (i % 65536 == 0 && rpm_stopped(control))
			return rpm_query_cancelled(status);
		if (!finite_in_single(scene->vertices[i]))
			return rpm_fail(status, RPM_INVALID_GEOMETRY, "Coordinates must be finite and within 1e6 m of the scene's origin.",
							"vertex %zu of the scene cannot be used for ray queries", i);
	}
	for (size_t i = 0; i < scene->triangle_count; i++)
	{
		const uint32_t *vertex = scene->triangles[i].vertex;

		if (i % 65536 == 0 && rpm_stopped(control))
			return rpm_query_cancelled(status);
		if (vertex[0] >= scene->vertex_count || vertex[1] >= scene->vertex_count || vertex[2] >= scene->vertex_count)
			return rpm_fail(status, RPM_INTERNAL, NULL, "triangle %zu names a vertex that the scene does not have", i);
	}
	return RPM_OK;
}

/* Finite, and so near that single precision still tells decimetres apart. */
static bool
finite_in_single(rpm_vec3 p)
{
	return fabs(p.x) <= 1e6 && fabs(p.y) <= 1e6 && fabs(p.z) <= 1e6;
}

/* Whether any t can be hit; false for NaN. */
static bool
has_span(const rpm_ray *ray)
{
	return ray->t_max > 0 && ray->t_min < ray->t_max;
}
