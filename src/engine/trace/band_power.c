/*
 * band_power.c: the power that comes along a band (band_power.h).
 */
#include "trace/band_power.h"

/* Coupled edges leave more of the field than each alone, one after another, would: less than this, as a power for each further edge. */
#define COUPLED_MOST 4.0
/* A wedge's part in its coefficient comes in with nu up to 1 and, off its faces, up to this angle; and is at most twice or half. */
#define OFF_FACE_RAD 0.15
#define WEDGE_MOST 2.0
/* A diffracted field is that of a corner of the band when its wedge lies along the corner's edge. */
#define SAME_LINE_M 0.3
#define SAME_DIRECTION 0.9
/* A corner of a band that winds has the band's field alone while the others' nu is at most this. */
#define ALONE_NU 0.5

RPM_LOCAL bool of_corner(const rpm_wedge *wedge, const rpm_band_corner *corner);
RPM_LOCAL bool turns_alone(const rpm_band *band, int corner);
RPM_LOCAL rpm_cvec3 source_field(const rpm_map_job *job, const rpm_band_source *source, rpm_vec3 k);
RPM_LOCAL double wedge_part(const rpm_map_job *job, const rpm_band_source *source, const rpm_band_corner *corner, rpm_vec3 first);
RPM_LOCAL double off_faces(const rpm_wedge_rays *rays);

RPM_SHARED double
rpm_band_power(const rpm_map_job *job, const rpm_band_source *source, const rpm_band *band)
{
	rpm_vec3	first = rpm_unit(rpm_sub(band->corners[0].point, source->position));
	double		amplitude = rpm_knife_edges(band->chain, band->count, band->last_leg_m, job->wavelength_m);

	amplitude *= job->options->diffraction_scale * band->round_part;
	for (int i = 0; i < band->corner_count; i++)
		if (band->corners[i].wedge >= 0)
			amplitude *= wedge_part(job, source, &band->corners[i], first);
	return fmin(rpm_band_free_power(job, source, first, band->length_m) * amplitude * amplitude, rpm_band_most_power(job, source, band));
}

RPM_SHARED double
rpm_band_most_power(const rpm_map_job *job, const rpm_band_source *source, const rpm_band *band)
{
	double		most = rpm_band_free_power(job, source, rpm_sub(band->corners[0].point, source->position), band->length_m)
		* job->options->diffraction_scale * job->options->diffraction_scale;

	for (int i = 0; i < band->corner_count; i++)
	{
		double		alone = rpm_knife_edge(fmax(0, band->corners[i].nu));

		most *= WEDGE_MOST * WEDGE_MOST * fmin(1, alone * alone * (i > 0 && band->corners[i].side == band->corners[i - 1].side ? COUPLED_MOST : 1));
	}
	return most;
}

RPM_SHARED double
rpm_band_free_power(const rpm_map_job *job, const rpm_band_source *source, rpm_vec3 towards, double length_m)
{
	double		length = fmax(length_m, job->wavelength_m);

	return job->spreading2 / (length * length) * rpm_cvec_norm2(source_field(job, source, rpm_unit(towards)));
}

/* As rpm_antenna_field; that of an image leaves the antenna as mirrored, and is reflected. */
RPM_LOCAL rpm_cvec3
source_field(const rpm_map_job *job, const rpm_band_source *source, rpm_vec3 k)
{
	const rpm_facet *facet;
	rpm_vec3	out;

	if (source->facet == RPM_NO_FACET)
		return rpm_antenna_field(job->antenna, k);
	facet = &job->scene->facets[source->facet];
	out = rpm_mirror_direction(k, facet->normal);
	return rpm_cvec_scale(rpm_reflect_field(rpm_antenna_field(job->antenna, out), out, facet->normal,
											rpm_coefficient_lookup(&job->tables[facet->material], fabs(rpm_dot(out, facet->normal)))),
						  job->specular_share[facet->material]);
}

RPM_SHARED double
rpm_band_takes(const rpm_map_job *job, const rpm_band *band, double weight, rpm_map_diffracted *diffracted, int count)
{
	bool		found = false;

	for (int i = 0; i < count; i++)
		for (int k = 0; k < band->corner_count; k++)
			if (of_corner(&job->scene->wedges[diffracted[i].wedge], &band->corners[k]) && turns_alone(band, k))
			{
				diffracted[i].field = rpm_cvec_scale(diffracted[i].field, sqrt(1 - band->several * weight));
				found = true;
				break;
			}
	return found ? band->several * weight : weight;
}

/*
 * A way that winds on between others passes corners that are those of another way too, and have that one's field.  Its own field a corner has
 * only where the way hardly turns at the others.
 */
RPM_LOCAL bool
turns_alone(const rpm_band *band, int corner)
{
	for (int i = 0; i < band->corner_count && band->winds; i++)
		if (i != corner && band->corners[i].nu > ALONE_NU)
			return false;
	return true;
}

RPM_LOCAL bool
of_corner(const rpm_wedge *wedge, const rpm_band_corner *corner)
{
	rpm_vec3	off = rpm_cross(rpm_sub(corner->point, wedge->start), wedge->direction);

	return rpm_dot(off, off) < SAME_LINE_M * SAME_LINE_M
		&& fabs(rpm_dot(corner->along, wedge->direction)) > SAME_DIRECTION * rpm_norm(corner->along);
}

/* What the wedge at a corner does over what a knife edge there would do, as amplitudes.  1 where the edge is grazed or a face of it is. */
RPM_LOCAL double
wedge_part(const rpm_map_job *job, const rpm_band_source *source, const rpm_band_corner *corner, rpm_vec3 first)
{
	const rpm_wedge *wedge = &job->scene->wedges[corner->wedge];
	rpm_vec3	k_in = rpm_sub(corner->point, corner->from), k_out = rpm_sub(corner->to, corner->point);
	double		s_in = rpm_norm(k_in), s_out = rpm_norm(k_out), part;
	rpm_wedge_rays rays;
	rpm_diffraction d;
	rpm_cvec3	e;

	if (!(s_in > RPM_LEG_END_M && s_out > RPM_LEG_END_M && corner->nu > 0))
		return 1;
	k_in = rpm_scale(k_in, 1 / s_in);
	k_out = rpm_scale(k_out, 1 / s_out);
	rays = rpm_wedge_rays_of(wedge->direction, wedge->tangent_0, wedge->normal_0, wedge->n_pi, k_in, k_out);
	e = rpm_band_polarisation(job, source, first, k_in);
	if (!(rpm_cvec_norm2(e) > 0) || !(rays.sin_beta > 1e-3))
		return 1;
	d = rpm_wedge_field(&rays, s_in, s_out, job->wavelength_m, e,
						rpm_coefficient_lookup(&job->tables[job->scene->facets[wedge->facet_0].material], rays.cos_incidence_0),
						rpm_coefficient_lookup(&job->tables[job->scene->facets[wedge->facet_n].material], rays.cos_incidence_n));
	part = sqrt(rpm_cvec_norm2(rpm_diffraction_total(&d))) * (s_in + s_out)
		/ rpm_knife_edge(sqrt(2 / RPM_PI * d.transition_incident));
	part = fmin(fmax(part, 1 / WEDGE_MOST), WEDGE_MOST);
	return pow(part, rpm_smooth_step(corner->nu) * off_faces(&rays));
}

RPM_SHARED rpm_cvec3
rpm_band_polarisation(const rpm_map_job *job, const rpm_band_source *source, rpm_vec3 first, rpm_vec3 k)
{
	rpm_cvec3	field = source_field(job, source, first);
	double		strength = rpm_cvec_norm2(field), part;
	rpm_vec3	across = rpm_vec(-k.y, k.x, 0), across_first = rpm_vec(-first.y, first.x, 0);

	if (!(strength > 0) || !(rpm_dot(across, across) > 1e-12) || !(rpm_dot(across_first, across_first) > 1e-12))
		return rpm_cvec_zero();
	across = rpm_unit(across);
	/* The share of the power that lies across the vertical plane; the rest stands upright in it. */
	part = fmin(1, rpm_cx_norm2(rpm_cvec_dot(field, rpm_unit(across_first))) / strength);
	return rpm_cvec_add(rpm_cvec(across, rpm_cx(sqrt(part), 0)), rpm_cvec(rpm_cross(k, across), rpm_cx(0, sqrt(1 - part))));
}

RPM_LOCAL double
off_faces(const rpm_wedge_rays *rays)
{
	double		n_pi = rays->n * RPM_PI;
	double		in = fmin(rays->phi_in, n_pi - rays->phi_in), out = fmin(rays->phi_out, n_pi - rays->phi_out);

	return rpm_smooth_step(in / OFF_FACE_RAD) * rpm_smooth_step(out / OFF_FACE_RAD);
}
