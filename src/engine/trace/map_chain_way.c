/*
 * map_chain_way.c: the way over a chain of mirrors to one point, were nothing in it; see map_chains.h.
 */
#include "trace/map_chains.h"

#define BOX_MARGIN_M 5e-3

RPM_SHARED bool
rpm_map_chain_points(const rpm_map_job *job, const rpm_map_chain *chain, bool within, rpm_vec3 *points)
{
	points[0] = job->antenna->position;
	for (int i = chain->length - 1; i >= 0; i--)
	{
		const rpm_facet *facet = &job->scene->facets[chain->facets[i]];
		rpm_vec3	to = points[i + 2], q;
		double		height = rpm_dot(facet->normal, to) - facet->offset_m;

		if (height * chain->heights[i] <= 0)
			return false;
		q = rpm_along(chain->images[i + 1], chain->heights[i] / (chain->heights[i] + height), rpm_sub(to, chain->images[i + 1]));
		if (within && (q.x > facet->high.x + BOX_MARGIN_M || q.x < facet->low.x - BOX_MARGIN_M || q.y > facet->high.y + BOX_MARGIN_M
			|| q.y < facet->low.y - BOX_MARGIN_M || q.z > facet->high.z + BOX_MARGIN_M || q.z < facet->low.z - BOX_MARGIN_M))
			return false;
		points[i + 1] = q;
	}
	return true;
}

RPM_SHARED double
rpm_map_chain_length(const rpm_map_chain *chain, rpm_vec3 point)
{
	return rpm_norm(rpm_sub(point, chain->images[chain->length]));
}

RPM_SHARED double
rpm_map_chain_power(const rpm_map_job *job, const rpm_map_chain *chain, rpm_vec3 point)
{
	rpm_vec3	k = rpm_map_chain_departure(job, chain, point);
	rpm_cvec3	e = rpm_antenna_field(job->antenna, k);
	double		length = rpm_map_chain_length(chain, point);

	for (int i = 0; i < chain->length; i++)
	{
		const rpm_facet *facet = &job->scene->facets[chain->facets[i]];
		rpm_interface wall = rpm_coefficient_lookup(&job->tables[facet->material], fabs(rpm_dot(k, facet->normal)));

		e = rpm_cvec_scale(rpm_reflect_field(e, k, facet->normal, wall), job->specular_share[facet->material]);
		k = rpm_mirror_direction(k, facet->normal);
	}
	return rpm_cvec_norm2(e) * job->spreading2 / (length * length);
}

RPM_SHARED rpm_vec3
rpm_map_chain_departure(const rpm_map_job *job, const rpm_map_chain *chain, rpm_vec3 point)
{
	rpm_vec3	k = rpm_unit(rpm_sub(point, chain->images[chain->length]));

	for (int i = chain->length - 1; i >= 0; i--)
		k = rpm_mirror_direction(k, job->scene->facets[chain->facets[i]].normal);
	return k;
}
