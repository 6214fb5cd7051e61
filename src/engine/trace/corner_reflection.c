/*
 * corner_reflection.c: one reflection before the first corner or behind the last (corner_reflection.h).
 */
#include "trace/corner_reflection.h"

#include "trace/wall_corners.h"

typedef struct corner_need
{
	const rpm_map_job *job;
	const rpm_mirrored_way *way;
	double		least;
} corner_need;

RPM_LOCAL bool worth_mirroring(const void *context, const rpm_band *band);

RPM_SHARED double
rpm_map_corner_reflection(const rpm_map_job *job, const rpm_mirrored_way *way, const rpm_band *over, double least)
{
	corner_need need = {job, way, least};
	bool		behind = way->source.facet == RPM_NO_FACET;
	rpm_corner_question question = {way->source.position, way->end, way->facet, behind ? way->source.position : way->end, over, worth_mirroring, &need, false};
	rpm_roof_question roofs = way->over;
	rpm_corner_search search;
	rpm_band	band;
	double		power = 0;

	if (!(job->options->mechanisms & RPM_AROUND_CORNERS))
		return 0;
	for (int side = RPM_SIDE_RIGHT; side <= RPM_SIDE_LEFT; side += RPM_SIDE_LEFT - RPM_SIDE_RIGHT)
		if (rpm_corner_search_begin(&search, job->roofs, job->scene, job->query, &question, (rpm_side) side)
			&& rpm_corner_search_next(&search, &band) && rpm_mirrored_way_open(job, way, &band))
			power += rpm_mirrored_way_power(job, way, &band);
	if (!(power > 0))
		return 0;
	roofs.wish = RPM_ROOF_BEHIND;
	return rpm_roof_band(way->roofs, &roofs, &band) ? power * rpm_corner_share(&band) : 0;
}

RPM_SHARED double
rpm_map_corner_clearance(const rpm_map_job *job, int32_t facet, rpm_vec3 image)
{
	rpm_vec3	antenna = job->antenna->position;
	rpm_corner_question question = {antenna, image, facet, antenna, NULL, NULL, NULL, false};
	rpm_band	band;
	double		amplitude = 1;

	if (!(job->options->mechanisms & RPM_AROUND_CORNERS))
		return 1;
	for (int side = RPM_SIDE_RIGHT; side <= RPM_SIDE_LEFT; side += RPM_SIDE_LEFT - RPM_SIDE_RIGHT)
	{
		rpm_corner_near(job->roofs, job->scene, job->query, &question, (rpm_side) side, &band);
		if (band.count > 0)
			amplitude *= rpm_knife_edges(band.chain, band.count, band.last_leg_m, job->wavelength_m);
	}
	return amplitude;
}

RPM_LOCAL bool
worth_mirroring(const void *context, const rpm_band *band)
{
	const corner_need *need = (const corner_need *) context;

	return need->way->share * rpm_band_most_power(need->job, &need->way->source, band) > need->least;
}
