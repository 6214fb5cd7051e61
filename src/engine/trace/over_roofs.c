/*
 * over_roofs.c: the power that comes over several roofs, in the vertical plane through antenna and receiver, and its bound far beyond.
 *
 * Over the rubber band of roof_profile.h the power is that of free space along the band, times Vogler's attenuation by knife edges, times
 * what each roof's edge is as a wedge of its walls' material over what it is as a knife edge.  With one edge alone that is the wedge's
 * coefficient of rpm_utd.h; but then the map has that edge's field already, added to the rays that it bounds, and this one stays out.
 * As a second edge nears the way over the first, the field of the one fades out and the power over both fades in
 * (rpm_roof_string.several); an edge without a field of its own (one face, too short for a diffraction point) counts here from the start.
 *
 * The bound: what clutter takes away is by Recommendation ITU-R P.2108-1, section 3.2, at 99 of 100 places less than L_99.  Free space less
 * L_99 is added everywhere outdoors, so that no place is without a level; in the light it is lost among the rest.
 */
#include "trace/map_internal.h"

/* What comes over roofs is not reckoned where it is surely below this share of the bound (0.13 dB). */
#define NEGLIGIBLE 0.03
/* Coupled edges leave more of the field than each alone, one after another, would: less than this, as a power for each further edge. */
#define COUPLED_MOST 4.0
/* 99 % of places as a normal deviate; the frequencies that P.2108-1 section 3.2 is stated for. */
#define BOUND_DEVIATE 2.3263479
#define BOUND_LOWEST_GHZ 0.5
#define BOUND_HIGHEST_GHZ 67.0
/* What comes by way of clutter sees no null of the antenna deeper than this power. */
#define NULL_FILL 1e-3
/* A wedge's part in its coefficient comes in with nu up to 1 and, off its faces, up to this angle; and is at most twice or half. */
#define OFF_FACE_RAD 0.15
#define WEDGE_MOST 2.0
/* A diffracted field is that of a corner of the band when its wedge lies along the corner's edge. */
#define SAME_LINE_M 0.3
#define SAME_DIRECTION 0.9

static double faded(const rpm_map_job *job, const rpm_roof_string *string, rpm_map_diffracted *diffracted, int count);
static double most_power(const rpm_map_job *job, const rpm_roof_string *string);
static bool of_corner(const rpm_wedge *wedge, const rpm_roof_corner *corner);
static double band_power(const rpm_map_job *job, const rpm_roof_string *string, rpm_vec3 point);
static double wedge_part(const rpm_map_job *job, const rpm_roof_corner *corner, rpm_vec3 from, rpm_vec3 to, rpm_cvec3 field);
static double off_faces(const rpm_wedge_rays *rays);
static double bound_power(const rpm_map_job *job, rpm_vec3 point);
static double free_space_power(const rpm_map_job *job, rpm_vec3 point, double everywhere);

double
rpm_map_over_roofs(const rpm_map_job *job, rpm_vec3 point, rpm_map_diffracted *diffracted, int count)
{
	rpm_roof_string string;
	double		share, bound;

	if (!(job->options->mechanisms & RPM_OVER_ROOFS) || job->options->max_depth < 1 || job->roofs == NULL
		|| (job->options->cell_average == RPM_AVERAGE_CELL && !rpm_map_outdoors(job, point)))
		return 0;
	rpm_roof_string_find(job->roofs, point, RPM_EVERY_BUILDING, &string);
	if (string.corner_count == 0)
		return bound_power(job, point);
	share = faded(job, &string, diffracted, count);
	bound = bound_power(job, point);
	return bound + (share > 0 && most_power(job, &string) > NEGLIGIBLE * bound ? share * band_power(job, &string, point) : 0);
}

double
rpm_map_power_before(const rpm_map_job *job, rpm_vec3 point, int32_t building, double *elevation_deg)
{
	rpm_vec3	last = job->antenna->position, way;
	rpm_roof_string string;

	rpm_roof_string_find(job->roofs, point, building, &string);
	if (string.corner_count > 0)
		last = string.corners[string.corner_count - 1].point;
	way = rpm_sub(point, last);
	*elevation_deg = atan2(last.z - point.z, hypot(way.x, way.y)) * 180 / RPM_PI;
	if (string.corner_count > 0)
		return bound_power(job, point) + band_power(job, &string, point);
	return free_space_power(job, point, 0);
}

/* Takes from the fields of the band's corners what the band has; returns the band's share. */
static double
faded(const rpm_map_job *job, const rpm_roof_string *string, rpm_map_diffracted *diffracted, int count)
{
	bool		found = false;

	for (int i = 0; i < count; i++)
		for (int k = 0; k < string->corner_count; k++)
			if (of_corner(&job->scene->wedges[diffracted[i].wedge], &string->corners[k]))
			{
				diffracted[i].field = rpm_cvec_scale(diffracted[i].field, sqrt(1 - string->several));
				found = true;
				break;
			}
	return found ? string->several : 1;
}

/* What can come over the band at most: by the antenna's gain towards it and each corner alone. */
static double
most_power(const rpm_map_job *job, const rpm_roof_string *string)
{
	rpm_vec3	first = rpm_sub(string->corners[0].point, job->antenna->position);
	double		most = rpm_cvec_norm2(rpm_antenna_field(job->antenna, rpm_unit(first)));

	most *= job->spreading2 * job->options->diffraction_scale * job->options->diffraction_scale / (string->length_m * string->length_m);
	for (int i = 0; i < string->corner_count; i++)
	{
		double		alone = rpm_knife_edge(fmax(0, string->corners[i].nu));

		most *= WEDGE_MOST * WEDGE_MOST * fmin(1, alone * alone * (i > 0 ? COUPLED_MOST : 1));
	}
	return most;
}

static bool
of_corner(const rpm_wedge *wedge, const rpm_roof_corner *corner)
{
	rpm_vec3	off = rpm_cross(rpm_sub(corner->point, wedge->start), wedge->direction);

	return rpm_dot(off, off) < SAME_LINE_M * SAME_LINE_M
		&& fabs(rpm_dot(corner->along, wedge->direction)) > SAME_DIRECTION * rpm_norm(corner->along);
}

static double
band_power(const rpm_map_job *job, const rpm_roof_string *string, rpm_vec3 point)
{
	rpm_vec3	before = job->antenna->position;
	rpm_cvec3	field = rpm_antenna_field(job->antenna, rpm_unit(rpm_sub(string->corners[0].point, before)));
	double		amplitude = rpm_knife_edges(string->chain, string->count, string->last_leg_m, job->wavelength_m);

	amplitude *= job->options->diffraction_scale / fmax(string->length_m, job->wavelength_m);
	for (int i = 0; i < string->corner_count; i++)
	{
		rpm_vec3	after = i + 1 < string->corner_count ? string->corners[i + 1].point : point;

		if (string->corners[i].wedge >= 0)
			amplitude *= wedge_part(job, &string->corners[i], before, after, field);
		before = string->corners[i].point;
	}
	return fmin(job->spreading2 * rpm_cvec_norm2(field) * amplitude * amplitude, most_power(job, string));
}

/*
 * What the wedge at a corner does over what a knife edge there would do, as amplitudes: for the antenna's polarisation, kept across and
 * along the vertical plane from corner to corner.  1 where the edge is grazed or a face of it is.
 */
static double
wedge_part(const rpm_map_job *job, const rpm_roof_corner *corner, rpm_vec3 from, rpm_vec3 to, rpm_cvec3 field)
{
	const rpm_wedge *wedge = &job->scene->wedges[corner->wedge];
	rpm_vec3	k_in = rpm_sub(corner->point, from), k_out = rpm_sub(to, corner->point);
	double		s_in = rpm_norm(k_in), s_out = rpm_norm(k_out), part, strength = rpm_cvec_norm2(field);
	rpm_wedge_rays rays;
	rpm_diffraction d;
	rpm_vec3	across;
	rpm_cvec3	e;

	if (!(s_in > RPM_LEG_END_M && s_out > RPM_LEG_END_M && corner->nu > 0 && strength > 0))
		return 1;
	k_in = rpm_scale(k_in, 1 / s_in);
	k_out = rpm_scale(k_out, 1 / s_out);
	rays = rpm_wedge_rays_of(wedge->direction, wedge->tangent_0, wedge->normal_0, wedge->n_pi, k_in, k_out);
	across = rpm_vec(-k_in.y, k_in.x, 0);
	if (!(rpm_dot(across, across) > 1e-12) || !(rays.sin_beta > 1e-3))
		return 1;
	across = rpm_unit(across);
	/* The share of the power that lies across the plane; the rest stands upright in it. */
	part = fmin(1, rpm_cx_norm2(rpm_cvec_dot(field, across)) / strength);
	e = rpm_cvec_add(rpm_cvec(across, rpm_cx(sqrt(part), 0)), rpm_cvec(rpm_cross(k_in, across), rpm_cx(0, sqrt(1 - part))));
	d = rpm_wedge_field(&rays, s_in, s_out, job->wavelength_m, e,
						rpm_coefficient_lookup(&job->tables[job->scene->facets[wedge->facet_0].material], rays.cos_incidence_0),
						rpm_coefficient_lookup(&job->tables[job->scene->facets[wedge->facet_n].material], rays.cos_incidence_n));
	part = sqrt(rpm_cvec_norm2(rpm_diffraction_total(&d))) * (s_in + s_out)
		/ rpm_knife_edge(sqrt(2 / RPM_PI * d.transition_incident));
	part = fmin(fmax(part, 1 / WEDGE_MOST), WEDGE_MOST);
	return pow(part, rpm_smooth_step(corner->nu) * off_faces(&rays));
}

static double
off_faces(const rpm_wedge_rays *rays)
{
	double		n_pi = rays->n * RPM_PI;
	double		in = fmin(rays->phi_in, n_pi - rays->phi_in), out = fmin(rays->phi_out, n_pi - rays->phi_out);

	return rpm_smooth_step(in / OFF_FACE_RAD) * rpm_smooth_step(out / OFF_FACE_RAD);
}

static double
bound_power(const rpm_map_job *job, rpm_vec3 point)
{
	double		frequency_ghz = fmin(fmax(job->antenna->frequency_hz * 1e-9, BOUND_LOWEST_GHZ), BOUND_HIGHEST_GHZ);
	double		distance_km = rpm_norm(rpm_sub(point, job->antenna->position)) / 1000;

	return free_space_power(job, point, NULL_FILL) * pow(10, -rpm_clutter_loss_db(frequency_ghz, distance_km, BOUND_DEVIATE) / 10);
}

/* With a power of the pattern that is added to it in every direction; nearer than a wavelength it is that of a wavelength. */
static double
free_space_power(const rpm_map_job *job, rpm_vec3 point, double everywhere)
{
	rpm_vec3	way = rpm_sub(point, job->antenna->position);
	double		distance = fmax(rpm_norm(way), job->wavelength_m);
	rpm_vec3	k = rpm_dot(way, way) > 0 ? rpm_unit(way) : rpm_vec(0, 0, -1);

	return job->spreading2 / (distance * distance) * (rpm_cvec_norm2(rpm_antenna_field(job->antenna, k)) + everywhere);
}
