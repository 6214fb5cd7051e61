/* next_hit.h: hits along a ray, one after the other. */
#ifndef RPM_NEXT_HIT_H
#define RPM_NEXT_HIT_H

#include "rpm_math.h"
#include "rpm_query.h"

/* The nearest hit on the ray, whose t_min (metres) moves beyond it: by at least one step of single precision, also where a provider returns t = t_min. */
RPM_INLINE bool
rpm_query_next(const rpm_query *query, rpm_ray *ray, rpm_hit *hit)
{
	if (!(ray->t_min < ray->t_max) || !rpm_query_intersect(query, ray, hit))
		return false;
	ray->t_min = nextafterf(hit->t > ray->t_min ? hit->t : ray->t_min, INFINITY);
	return true;
}

#endif
