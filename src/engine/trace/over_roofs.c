/*
 * over_roofs.c: the power that comes over several roofs, around the corners of walls, and so with one reflection; and its bound far beyond.
 *
 * Over roofs: the band of roof_profile.h in the vertical plane through antenna and receiver.  Where one edge alone stands in the way the map
 * has that edge's field already, added to the rays that it bounds, and the band stays out; as a second edge nears the way over the
 * first, the field of the one fades out and the power over both fades in (rpm_band.several).  An edge without a field of its own (one
 * face, too short for a diffraction point) counts here from the start.
 *
 * Around corners: the bands of wall_corners.h to the left and to the right, whose powers are added as Recommendation ITU-R P.526-15 section
 * 5.1 does for a screen of finite width.  At grazing incidence over its roof the sides of a screen add nothing.
 *
 * The bound: what clutter takes away is by Recommendation ITU-R P.2108-1, section 3.2, at 99 of 100 places less than L_99.  Free space less
 * L_99 is added everywhere outdoors, so that no place is without a level; in the light it is lost among the rest.
 */
#include "trace/band_power.h"
#include "trace/roof_reflection.h"
#include "trace/wall_corners.h"

/* A band is not reckoned where it is surely below this share of what there is already (0.13 dB). */
#define NEGLIGIBLE 0.03
/* 99 % of places as a normal deviate; the frequencies that P.2108-1 section 3.2 is stated for. */
#define BOUND_DEVIATE 2.3263479
#define BOUND_LOWEST_GHZ 0.5
#define BOUND_HIGHEST_GHZ 67.0
/* What comes by way of clutter sees no null of the antenna deeper than this power. */
#define NULL_FILL 1e-3

/* How much there is at a point already. */
typedef struct rest_power
{
	const rpm_map_job *job;
	double		power;
} rest_power;

RPM_LOCAL double over_power(const rpm_map_job *job, const rpm_band *band, rpm_map_diffracted *diffracted, int count, double others);
RPM_LOCAL double around_power(const rest_power *rest, const rpm_band *over, rpm_vec3 point, rpm_map_diffracted *diffracted, int count);
RPM_LOCAL bool worth(const void *context, const rpm_band *band);
RPM_LOCAL double fields_power(const rpm_map_diffracted *diffracted, int count);
RPM_LOCAL double bound_power(const rpm_map_job *job, rpm_vec3 point);
RPM_LOCAL double free_space_power(const rpm_map_job *job, rpm_vec3 point, double everywhere);

RPM_SHARED double
rpm_map_over_roofs(const rpm_map_job *job, rpm_vec3 point, double rays_power, rpm_map_diffracted *diffracted, int count, double *direct_left)
{
	unsigned	mechanisms = job->options->mechanisms;
	rpm_roof_question question = {point, RPM_EVERY_BUILDING, 0, INFINITY, RPM_ROOF_BEHIND};
	double		bound, power = 0;
	rest_power	rest = {job, 0};
	rpm_band	band;
	bool		behind;

	*direct_left = 1;
	if (!(mechanisms & RPM_BEHIND_ROOFS) || job->options->max_depth < 1 || job->roofs == NULL
		|| (job->options->cell_average == RPM_AVERAGE_CELL && !rpm_map_outdoors(job, point)))
		return 0;
	bound = bound_power(job, point);
	behind = rpm_roof_band(job->roofs, &question, &band);
	if (!behind && mechanisms & RPM_OVER_ROOFS)
		*direct_left = band.round_part;
	if (behind && mechanisms & RPM_OVER_ROOFS)
		power += over_power(job, &band, diffracted, count, bound);
	rest.power = rays_power + bound + power + fields_power(diffracted, count);
	if (behind && mechanisms & RPM_AROUND_CORNERS)
		power += around_power(&rest, &band, point, diffracted, count);
	if (job->roof_mirrors != NULL)
		power += rpm_map_roof_reflection(job, point, NEGLIGIBLE * rest.power);
	return power + (mechanisms & RPM_OVER_ROOFS ? bound : 0);
}

RPM_SHARED double
rpm_map_power_before(const rpm_map_job *job, rpm_vec3 point, int32_t building, double *elevation_deg)
{
	rpm_vec3	last = job->antenna->position, way;
	rpm_band_source antenna = rpm_band_antenna(job);
	rpm_roof_question question = {point, building, 0, INFINITY, RPM_ROOF_BEHIND};
	rpm_band	band;
	bool		behind = rpm_roof_band(job->roofs, &question, &band);

	if (behind)
		last = band.corners[band.corner_count - 1].point;
	way = rpm_sub(point, last);
	*elevation_deg = atan2(last.z - point.z, hypot(way.x, way.y)) * 180 / RPM_PI;
	return behind ? bound_power(job, point) + rpm_band_power(job, &antenna, &band) : free_space_power(job, point, 0) * band.round_part * band.round_part;
}

#ifndef RPM_KERNEL
bool
rpm_map_roof_way_find(const rpm_map_job *job, rpm_vec3 point, int32_t but, rpm_map_roof_way *way)
{
	rpm_band_source antenna = rpm_band_antenna(job);

	if (!rpm_roof_band(job->roofs, &(rpm_roof_question) {point, but, 0, INFINITY, RPM_ROOF_BEHIND}, &way->band))
		return false;
	way->departure = rpm_unit(rpm_sub(way->band.corners[0].point, job->antenna->position));
	way->band_power = rpm_band_power(job, &antenna, &way->band);
	way->bound_power = bound_power(job, point);
	return true;
}

double
rpm_map_roof_way_leaves(const rpm_map_job *job, const rpm_map_roof_way *way, int32_t wedge, double *share)
{
	rpm_map_diffracted one = {.wedge = wedge, .field = rpm_cvec(rpm_vec(1, 0, 0), rpm_cx(1, 0))};

	*share = fmin(*share, rpm_band_takes(job, &way->band, 1, &one, 1));
	return sqrt(rpm_cvec_norm2(one.field));
}
#endif

RPM_LOCAL double
over_power(const rpm_map_job *job, const rpm_band *band, rpm_map_diffracted *diffracted, int count, double others)
{
	rpm_band_source antenna = rpm_band_antenna(job);
	double		share = rpm_band_takes(job, band, 1, diffracted, count);

	if (!(share > 0) || rpm_band_most_power(job, &antenna, band) <= NEGLIGIBLE * others)
		return 0;
	return share * rpm_band_power(job, &antenna, band);
}

RPM_LOCAL double
around_power(const rest_power *rest, const rpm_band *over, rpm_vec3 point, rpm_map_diffracted *diffracted, int count)
{
	const rpm_map_job *job = rest->job;
	rpm_band_source antenna = rpm_band_antenna(job);
	rpm_corner_question question = {antenna.position, point, RPM_NO_FACET, point, NULL, worth, rest, true};
	double		power = 0, weight = rpm_corner_share(over);
	rpm_corner_search search;
	rpm_band	band;

	for (int side = RPM_SIDE_RIGHT; side <= RPM_SIDE_LEFT && weight > 0; side += RPM_SIDE_LEFT - RPM_SIDE_RIGHT)
	{
		if (!rpm_corner_search_begin(&search, job->roofs, job->scene, job->query, &question, (rpm_side) side))
			break;
		while (rpm_corner_search_next(&search, &band))
		{
			double		share = rpm_band_takes(job, &band, weight, diffracted, count);

			if (share > 0)
				power += share * rpm_band_power(job, &antenna, &band);
		}
	}
	return power;
}

RPM_LOCAL bool
worth(const void *context, const rpm_band *band)
{
	const rest_power *rest = (const rest_power *) context;
	rpm_band_source antenna = rpm_band_antenna(rest->job);

	return rpm_band_most_power(rest->job, &antenna, band) > NEGLIGIBLE * rest->power;
}

RPM_LOCAL double
fields_power(const rpm_map_diffracted *diffracted, int count)
{
	double		power = 0;

	for (int i = 0; i < count; i++)
		power += rpm_cvec_norm2(diffracted[i].field);
	return power;
}

RPM_LOCAL double
bound_power(const rpm_map_job *job, rpm_vec3 point)
{
	double		frequency_ghz = fmin(fmax(job->antenna->frequency_hz * 1e-9, BOUND_LOWEST_GHZ), BOUND_HIGHEST_GHZ);
	double		distance_km = rpm_norm(rpm_sub(point, job->antenna->position)) / 1000;

	return free_space_power(job, point, NULL_FILL) * pow(10, -rpm_clutter_loss_db(frequency_ghz, distance_km, BOUND_DEVIATE) / 10);
}

/* With a power of the pattern that is added to it in every direction; nearer than a wavelength it is that of a wavelength. */
RPM_LOCAL double
free_space_power(const rpm_map_job *job, rpm_vec3 point, double everywhere)
{
	rpm_vec3	way = rpm_sub(point, job->antenna->position);
	double		distance = fmax(rpm_norm(way), job->wavelength_m);
	rpm_vec3	k = rpm_dot(way, way) > 0 ? rpm_unit(way) : rpm_vec(0, 0, -1);

	return job->spreading2 / (distance * distance) * (rpm_cvec_norm2(rpm_antenna_field(job->antenna, k)) + everywhere);
}
