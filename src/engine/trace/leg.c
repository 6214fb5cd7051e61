/*
 * leg.c: straight legs against the scene, see leg.h.
 */
#include "query/next_hit.h"
#include "trace/leg.h"

RPM_INLINE rpm_ray leg_ray(rpm_vec3 p, rpm_vec3 q);
RPM_INLINE bool rpm_query_next(const rpm_query *query, rpm_ray *ray, rpm_hit *hit);
RPM_INLINE bool in_own_plane(const rpm_scene *scene, int32_t facet, const int32_t *own, int own_count);

RPM_SHARED bool
rpm_leg_clear(const rpm_scene *scene, const rpm_query *query, rpm_vec3 p, rpm_vec3 q, const int32_t *own, int own_count)
{
	rpm_ray		ray = leg_ray(p, q);
	uint32_t	triangle;

	/* With facets of its own, the nearest hit is wanted anyhow: most legs that are blocked are blocked by others. */
	if (ray.t_max <= ray.t_min || own_count == 0)
		return ray.t_max <= ray.t_min || !rpm_query_occluded(query, &ray);
	return rpm_leg_clear_or(scene, query, p, q, own, own_count, &triangle);
}

RPM_SHARED bool
rpm_leg_clear_or(const rpm_scene *scene, const rpm_query *query, rpm_vec3 p, rpm_vec3 q, const int32_t *own, int own_count,
				 uint32_t *triangle)
{
	rpm_ray		ray = leg_ray(p, q);
	rpm_hit		hit;

	while (rpm_query_next(query, &ray, &hit))
		if (!in_own_plane(scene, scene->triangles[hit.triangle].facet, own, own_count))
		{
			*triangle = hit.triangle;
			return false;
		}
	return true;
}

RPM_SHARED int
rpm_leg_crossings(const rpm_scene *scene, const rpm_query *query, rpm_vec3 p, rpm_vec3 q, const int32_t *own, int own_count,
				  rpm_leg_crossing *crossings, int capacity)
{
	rpm_ray		ray = leg_ray(p, q);
	rpm_vec3	direction = rpm_unit(rpm_sub(q, p));
	rpm_hit		hit;
	int			count = 0;

	if (ray.t_max <= ray.t_min)
		return 0;
	while (rpm_query_next(query, &ray, &hit))
	{
		int32_t		facet = scene->triangles[hit.triangle].facet;
		bool		again = in_own_plane(scene, facet, own, own_count);

		for (int i = 0; i < count && !again; i++)
			again = in_own_plane(scene, facet, &crossings[i].facet, 1)
				|| rpm_is_party_wall(scene, crossings[i].facet, facet, hit.t - crossings[i].distance_m, direction);
		if (again)
			continue;
		if (count == capacity)
			return capacity + 1;
		crossings[count].distance_m = hit.t;
		crossings[count].point = rpm_along(p, hit.t, direction);
		crossings[count].triangle = hit.triangle;
		crossings[count].facet = facet;
		count++;
	}
	return count;
}

RPM_SHARED bool
rpm_facets_coincide(const rpm_facet *a, const rpm_facet *b)
{
	rpm_vec3	middle = rpm_scale(rpm_add(a->low, a->high), 0.5);
	double		radius = rpm_norm(rpm_sub(a->high, a->low)) / 2;

	middle = rpm_along(middle, a->offset_m - rpm_dot(middle, a->normal), a->normal);
	return fabs(rpm_dot(middle, b->normal) - b->offset_m) + radius * rpm_norm(rpm_cross(a->normal, b->normal)) <= RPM_LEG_END_M;
}

/* The ray of a leg without its ends. */
RPM_INLINE rpm_ray
leg_ray(rpm_vec3 p, rpm_vec3 q)
{
	rpm_vec3	d = rpm_sub(q, p);
	double		length = rpm_norm(d);
	rpm_ray		ray;

	d = rpm_unit(d);
	ray.origin[0] = (float) p.x;
	ray.origin[1] = (float) p.y;
	ray.origin[2] = (float) p.z;
	ray.direction[0] = (float) d.x;
	ray.direction[1] = (float) d.y;
	ray.direction[2] = (float) d.z;
	ray.t_min = (float) RPM_LEG_END_M;
	ray.t_max = (float) (length - RPM_LEG_END_M);
	return ray;
}

RPM_INLINE bool
in_own_plane(const rpm_scene *scene, int32_t facet, const int32_t *own, int own_count)
{
	for (int i = 0; i < own_count; i++)
		if (own[i] != RPM_NO_FACET
			&& (own[i] == facet || rpm_facets_coincide(&scene->facets[facet], &scene->facets[own[i]])))
			return true;
	return false;
}
