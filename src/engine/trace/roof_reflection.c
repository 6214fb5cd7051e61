/*
 * roof_reflection.c: one reflection before the first roof or behind the last (roof_reflection.h).
 */
#include "trace/roof_reflection.h"

#include "trace/corner_reflection.h"

#include <stdlib.h>

/* Walls of a street that are looked at for a point; of the walls that the antenna sees those that stand largest before it. */
#define WALLS_MAX 32

static int	largest_walls(const rpm_map_job *job, const rpm_roof_mirrors *mirrors, int32_t *facets);
RPM_LOCAL double behind(const rpm_map_job *job, const rpm_facing_wall *wall, rpm_vec3 point, double least);
RPM_LOCAL double before(const rpm_map_job *job, const rpm_antenna_image *image, rpm_vec3 point, double least);
RPM_LOCAL double over_roofs(const rpm_map_job *job, const rpm_mirrored_way *way, rpm_band *band, double least);
RPM_LOCAL bool meets_wall(const rpm_map_job *job, rpm_vec3 from, rpm_vec3 at, int32_t facet);
RPM_LOCAL double reflected_share(const rpm_map_job *job, const rpm_band *band, rpm_vec3 image, int32_t facet);

#ifndef RPM_KERNEL
rpm_code
rpm_roof_mirrors_create(const rpm_map_job *job, rpm_roof_mirrors **mirrors, rpm_status *status)
{
	rpm_roof_mirrors *m = *mirrors = calloc(1, sizeof(rpm_roof_mirrors));
	int32_t		facets[RPM_ROOF_IMAGES_MAX];
	rpm_code	code;
	int			count = 0;

	if (m == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the walls around an antenna");
	code = rpm_facing_walls_create(job->scene, job->control, &m->walls, status);
	if (code == RPM_OK)
		count = largest_walls(job, m, facets);
	for (int i = 0; i < count && code == RPM_OK; i++)
	{
		const rpm_facet *f = &job->scene->facets[facets[i]];
		rpm_vec3	p = job->antenna->position;
		rpm_antenna_image *image = &m->images[m->image_count++];

		image->source = (rpm_band_source) {rpm_along(p, -2 * (rpm_dot(f->normal, p) - f->offset_m), f->normal), facets[i]};
		code = rpm_roofs_about(job->roofs, image->source.position, job->control, &image->roofs, status);
	}
	return code;
}

void
rpm_roof_mirrors_free(rpm_roof_mirrors *mirrors)
{
	if (mirrors == NULL)
		return;
	rpm_facing_walls_free(mirrors->walls);
	for (int i = 0; i < mirrors->image_count; i++)
		rpm_roofs_free(mirrors->images[i].roofs);
	free(mirrors);
}
#endif

RPM_SHARED double
rpm_map_roof_reflection(const rpm_map_job *job, rpm_vec3 point, double least)
{
	const rpm_roof_mirrors *m = job->roof_mirrors;
	rpm_facing_wall walls[WALLS_MAX];
	int			count = rpm_facing_walls_find(m->walls, job->antenna->position, point, walls, WALLS_MAX);
	double		power = 0;

	for (int i = 0; i < count; i++)
		power += behind(job, &walls[i], point, least);
	for (int i = 0; i < m->image_count; i++)
		power += before(job, &m->images[i], point, least);
	return power;
}

RPM_SHARED double
rpm_map_mirror_clearance(const rpm_map_job *job, int32_t facet, rpm_vec3 point)
{
	const rpm_facet *f = &job->scene->facets[facet];
	rpm_vec3	antenna = job->antenna->position;
	double		near = rpm_dot(f->normal, point) - f->offset_m, far = rpm_dot(f->normal, antenna) - f->offset_m;
	rpm_vec3	image = rpm_along(point, -2 * near, f->normal), way = rpm_sub(image, antenna);
	rpm_roof_question question = {image, RPM_EVERY_BUILDING, 0, hypot(way.x, way.y) * far / (far + near) - RPM_LEG_END_M, RPM_ROOF_IN_SIGHT_TOO};
	double		share = rpm_facing_wall_share(rpm_norm(way) * near / (far + near)), amplitude;
	rpm_band	band;

	if (!rpm_facing_wall_counts(f) || !(share > 0))
		return 1;
	amplitude = rpm_map_corner_clearance(job, facet, image);
	if (!rpm_roof_band(job->roofs, &question, &band) && band.count > 0)
		amplitude *= rpm_knife_edges(band.chain, band.count, band.last_leg_m, job->wavelength_m);
	return 1 + share * (amplitude - 1);
}

/* Over the roofs and around corners to the wall, and from there to the point. */
RPM_LOCAL double
behind(const rpm_map_job *job, const rpm_facing_wall *wall, rpm_vec3 point, double least)
{
	rpm_roof_question question = {wall->image, RPM_EVERY_BUILDING, 0, wall->at_m - RPM_LEG_END_M, RPM_ROOF_CORNERS_ONLY};
	rpm_mirrored_way way = {rpm_band_antenna(job), wall->image, wall->facet, point, wall->share, job->roofs, question};
	rpm_band	band;
	double		around;

	if (!rpm_roof_band(job->roofs, &question, &band))
		return 0;
	around = rpm_map_corner_reflection(job, &way, &band, least);
	return around + over_roofs(job, &way, &band, least);
}

/* From the antenna to the wall, and from there over the roofs and around corners. */
RPM_LOCAL double
before(const rpm_map_job *job, const rpm_antenna_image *image, rpm_vec3 point, double least)
{
	const rpm_facet *f = &job->scene->facets[image->source.facet];
	rpm_vec3	antenna = job->antenna->position, line = rpm_sub(point, image->source.position);
	double		near = rpm_dot(f->normal, antenna) - f->offset_m, far = rpm_dot(f->normal, point) - f->offset_m;
	rpm_mirrored_way way = {image->source, point, image->source.facet, antenna, 0, image->roofs, {point, RPM_EVERY_BUILDING, 0, INFINITY, RPM_ROOF_CORNERS_ONLY}};
	rpm_band	band;
	double		around;

	if (near * far <= 0 || !rpm_facing_wall_spans(f, rpm_along(image->source.position, near / (near + far), line)))
		return 0;
	way.over.from_m = hypot(line.x, line.y) * near / (near + far) + RPM_LEG_END_M;
	way.share = rpm_facing_wall_share(rpm_norm(line) * near / (near + far));
	if (!(way.share > 0) || !rpm_roof_band(image->roofs, &way.over, &band))
		return 0;
	around = rpm_map_corner_reflection(job, &way, &band, least);
	return around + over_roofs(job, &way, &band, least);
}

/* The band has no chain yet. */
RPM_LOCAL double
over_roofs(const rpm_map_job *job, const rpm_mirrored_way *way, rpm_band *band, double least)
{
	rpm_roof_question question = way->over;

	if (way->share * rpm_band_most_power(job, &way->source, band) <= least || !rpm_mirrored_way_open(job, way, band))
		return 0;
	question.wish = RPM_ROOF_BEHIND;
	rpm_roof_band(way->roofs, &question, band);
	return rpm_mirrored_way_power(job, way, band);
}

RPM_SHARED bool
rpm_mirrored_way_open(const rpm_map_job *job, const rpm_mirrored_way *way, const rpm_band *band)
{
	const rpm_facet *f = &job->scene->facets[way->facet];
	bool		at_end = way->source.facet == RPM_NO_FACET;
	rpm_vec3	image = at_end ? way->end : way->source.position, corner = band->corners[at_end ? band->corner_count - 1 : 0].point;
	double		near = rpm_dot(f->normal, way->imaged) - f->offset_m, far = rpm_dot(f->normal, corner) - f->offset_m;

	return near * far > 0 && meets_wall(job, way->imaged, rpm_along(image, near / (near + far), rpm_sub(corner, image)), way->facet);
}

RPM_SHARED double
rpm_mirrored_way_power(const rpm_map_job *job, const rpm_mirrored_way *way, const rpm_band *band)
{
	double		share = way->share;

	if (way->source.facet == RPM_NO_FACET)
		share *= reflected_share(job, band, way->end, way->facet);
	return share * rpm_band_power(job, &way->source, band);
}

/* Whether the wall is the first that is met on the way to a place in its plane, and reaches so far. */
RPM_LOCAL bool
meets_wall(const rpm_map_job *job, rpm_vec3 from, rpm_vec3 at, int32_t facet)
{
	rpm_vec3	k = rpm_unit(rpm_sub(at, from));
	rpm_ray		ray = {{(float) from.x, (float) from.y, (float) from.z}, {(float) k.x, (float) k.y, (float) k.z}, (float) RPM_LEG_END_M, INFINITY};
	rpm_hit		hit;

	return rpm_query_intersect(job->query, &ray, &hit) && (job->scene->triangles[hit.triangle].facet == facet
		|| rpm_facets_coincide(&job->scene->facets[job->scene->triangles[hit.triangle].facet], &job->scene->facets[facet]));
}

/* What the wall throws back of what the band's last leg brings. */
RPM_LOCAL double
reflected_share(const rpm_map_job *job, const rpm_band *band, rpm_vec3 image, int32_t facet)
{
	const rpm_facet *f = &job->scene->facets[facet];
	rpm_band_source antenna = rpm_band_antenna(job);
	rpm_vec3	first = rpm_unit(rpm_sub(band->corners[0].point, antenna.position));
	rpm_vec3	k = rpm_unit(rpm_sub(image, band->corners[band->corner_count - 1].point));
	double		share = job->specular_share[f->material];

	return share * share * rpm_cvec_norm2(rpm_reflect_field(rpm_band_polarisation(job, &antenna, first, k), k, f->normal,
														   rpm_coefficient_lookup(&job->tables[f->material], fabs(rpm_dot(k, f->normal)))));
}

#ifndef RPM_KERNEL
/* Those that stand largest before the antenna and are seen from it; by number where two are alike. */
static int
largest_walls(const rpm_map_job *job, const rpm_roof_mirrors *mirrors, int32_t *facets)
{
	double		sizes[RPM_ROOF_IMAGES_MAX];
	int			count = 0;
	rpm_near_wall *near;
	size_t		near_count = rpm_facing_walls_near(mirrors->walls, job->antenna->position, &near);

	for (size_t i = 0; i < near_count; i++)
	{
		rpm_vec3	antenna = job->antenna->position, at = near[i].nearest;
		const rpm_facet *f = &job->scene->facets[near[i].facet];
		double		size = near[i].size;
		int			place = count;

		at.z = fmin(fmax(antenna.z, f->low.z + RPM_LEG_END_M), f->high.z - RPM_LEG_END_M);
		while (place > 0 && (size > sizes[place - 1] || (size == sizes[place - 1] && near[i].facet < facets[place - 1])))
			place--;
		if (place == RPM_ROOF_IMAGES_MAX || !meets_wall(job, antenna, at, near[i].facet))
			continue;
		count += count < RPM_ROOF_IMAGES_MAX;
		for (int k = count - 1; k > place; k--)
		{
			sizes[k] = sizes[k - 1];
			facets[k] = facets[k - 1];
		}
		sizes[place] = size;
		facets[place] = near[i].facet;
	}
	free(near);
	return count;
}
#endif
