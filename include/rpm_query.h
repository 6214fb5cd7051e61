/*
 * rpm_query.h: the ray-query interface and its two providers.
 *
 * Provider "embree" (where the build found it) and provider "bvh", our own hierarchy with the layout that the GPU uses.
 * Rays and triangles are single precision in the scene's local coordinates.  Both sides of a triangle are hit.  Triangles that share an
 * edge leave no gap; a triangle seen exactly edge on is not hit; a negative t_min acts as 0.  Of triangles at the same distance provider
 * "bvh" gives the one with the lowest number, Embree any.  For the corners and the ray as rounded to single precision a distance by
 * "bvh" is right to its last digit, one by Embree to some 1e-6 of itself, at grazing incidence to 1e-4.  That rounding moves a corner
 * 10 km from the origin by up to 0.5 mm, and the end of a ray by 1e-7 of its length.
 */
#ifndef RPM_QUERY_H
#define RPM_QUERY_H

#include "rpm_scene.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rpm_ray
{
	float		origin[3];
	float		direction[3];	/* unit */
	float		t_min, t_max;	/* metres */
} rpm_ray;

typedef struct rpm_hit
{
	float		t;
	uint32_t	triangle;
} rpm_hit;

typedef enum rpm_query_kind { RPM_QUERY_BEST = 0, RPM_QUERY_EMBREE, RPM_QUERY_BVH } rpm_query_kind;

typedef struct rpm_query rpm_query;

/* Builds over scene->triangles (not copied: the scene must outlive it).  RPM_QUERY_BEST: Embree where present.  Cancellable. */
rpm_code	rpm_query_create(const rpm_scene *scene, rpm_query_kind kind, rpm_control *control, rpm_query **query, rpm_status *status);
void		rpm_query_free(rpm_query *query);
const char *rpm_query_name(const rpm_query *query);
size_t		rpm_query_bytes(const rpm_query *query);

/* Nearest hit with t_min < t < t_max.  Thread-safe. */
bool		rpm_query_intersect(const rpm_query *query, const rpm_ray *ray, rpm_hit *hit);
/* Any hit with t_min < t < t_max.  Thread-safe. */
bool		rpm_query_occluded(const rpm_query *query, const rpm_ray *ray);

#ifdef __cplusplus
}
#endif
#endif
