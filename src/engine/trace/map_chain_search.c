/*
 * map_chain_search.c: one ray that finds chains of mirrors, for the CPU and the device; see map_chains.h.
 */
#include "query/next_hit.h"
#include "trace/map_chains.h"

#define SURFACE_OFFSET_M 1e-3
/* Worths are sums of multiples of this, so that their order does not matter. */
#define WORTH_STEP 0x1p-30

RPM_LOCAL bool chain_next_surface(const rpm_map_job *job, rpm_vec3 origin, rpm_vec3 direction, int32_t own_facet, rpm_hit *hit);
RPM_LOCAL double worth_at_surface(const rpm_chain_search *search, rpm_vec3 origin, rpm_vec3 direction, double length, double travelled,
								  double power);

/* By mirrors alone; where the ray comes through the receivers' plane, its chain is noted. */
RPM_SHARED void
rpm_chain_follow(const rpm_chain_search *search, int64_t index, rpm_chain_noter note, void *context)
{
	const rpm_map_job *job = search->job;
	const rpm_scene *scene = job->scene;
	double		solid_angle, travelled = 0;
	rpm_chain_sight sight;
	rpm_vec3	origin = job->antenna->position, direction = rpm_map_direction(search->aim, index, &sight.bin, &solid_angle);
	rpm_cvec3	e = rpm_cvec_zero();
	int32_t		facets[RPM_MAX_DEPTH];
	rpm_hit		hit;

	sight.rays = 1;
	for (int depth = 0;; depth++)
	{
		bool		hits = chain_next_surface(job, origin, direction, depth > 0 ? facets[depth - 1] : RPM_NO_FACET, &hit);
		const rpm_triangle *triangle;
		rpm_interface wall;
		rpm_vec3	normal;
		double		cosine;

		if (depth > 1 || (depth == 1 && !job->visible.facet_seen[facets[0]]))
		{
			sight.worth = worth_at_surface(search, origin, direction, hits ? hit.t : INFINITY, travelled, rpm_cvec_norm2(e));
			if (sight.worth > 0)
				note(context, facets, depth, &sight);
		}
		if (!hits || depth == job->options->max_depth)
			return;
		triangle = &scene->triangles[hit.triangle];
		normal = scene->facets[triangle->facet].normal;
		cosine = rpm_dot(direction, normal);
		wall = rpm_coefficient_lookup(&job->tables[triangle->material], fabs(cosine));
		e = rpm_reflect_field(depth == 0 ? rpm_antenna_field(job->antenna, direction) : e, direction, normal, wall);
		e = rpm_cvec_scale(e, job->specular_share[triangle->material]);
		travelled += hit.t;
		if (rpm_cvec_norm2(e) * job->spreading2 * RPM_CHAIN_SEARCH_SHARE < search->floor_gain * travelled * travelled)
			return;
		facets[depth] = triangle->facet;
		origin = rpm_along(rpm_along(origin, hit.t, direction), copysign(SURFACE_OFFSET_M, -cosine), normal);
		direction = rpm_unit(rpm_mirror_direction(direction, normal));
	}
}

/* A plane is not hit again from itself. */
RPM_LOCAL bool
chain_next_surface(const rpm_map_job *job, rpm_vec3 origin, rpm_vec3 direction, int32_t own_facet, rpm_hit *hit)
{
	rpm_ray		ray = {{(float) origin.x, (float) origin.y, (float) origin.z},
	{(float) direction.x, (float) direction.y, (float) direction.z}, 0, INFINITY};

	while (rpm_query_next(job->query, &ray, hit))
	{
		if (job->scene->triangles[hit->triangle].facet != own_facet)
			return true;
	}
	return false;
}

/* What the ray is worth to the cell in which it comes through the plane before `length`; 0: nothing that counts. */
RPM_LOCAL double
worth_at_surface(const rpm_chain_search *search, rpm_vec3 origin, rpm_vec3 direction, double length, double travelled, double power)
{
	const rpm_map_job *job = search->job;
	const rpm_grid *grid = job->grid;
	double		t = (job->surface.z_low - origin.z) / direction.z, column, row, gain;
	size_t		cell;

	if (!(t > 0 && t < length))
		return 0;
	column = floor((origin.x + t * direction.x - grid->west) / grid->cell_width_m);
	row = floor((grid->north - origin.y - t * direction.y) / grid->cell_height_m);
	if (!(column >= 0 && column < grid->columns && row >= 0 && row < grid->rows))
		return 0;
	cell = (size_t) row * (size_t) grid->columns + (size_t) column;
	gain = power * job->spreading2 / ((travelled + t) * (travelled + t));
	if (job->outdoor_share[cell] == 0 || gain * RPM_CHAIN_SEARCH_SHARE < search->floor_gain)
		return 0;
	return ceil(fmin(1, gain / (job->gain[cell] + search->floor_gain)) / WORTH_STEP) * WORTH_STEP;
}
