/*
 * provider.h: what a provider of ray queries gives (rpm_query.h), and what the providers share.
 */
#ifndef RPM_QUERY_PROVIDER_H
#define RPM_QUERY_PROVIDER_H

#include <string.h>

#include "rpm_query.h"

typedef struct rpm_query_provider
{
	const char *name;
	bool		(*intersect) (const rpm_query *query, const rpm_ray *ray, rpm_hit *hit);
	bool		(*occluded) (const rpm_query *query, const rpm_ray *ray);
	void		(*release) (rpm_query *query);
} rpm_query_provider;

/* Every provider's own struct begins with this one. */
struct rpm_query
{
	const rpm_query_provider *provider;
	size_t		bytes;			/* memory held */
};

/* Build over a checked scene; *query stays NULL on failure. */
rpm_code	rpm_query_create_bvh(const rpm_scene *scene, rpm_control *control, rpm_query **query, rpm_status *status);
#ifdef RPM_HAVE_EMBREE
rpm_code	rpm_query_create_embree(const rpm_scene *scene, rpm_control *control, rpm_query **query, rpm_status *status);
#endif

/* RPM_CANCELLED, with its message. */
rpm_code	rpm_query_cancelled(rpm_status *status);

#endif
