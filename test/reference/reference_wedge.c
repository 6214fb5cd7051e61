/*
 * reference_wedge.c: the map's diffraction with the coefficients that the reference maps were made with, in place of ours.
 *
 * Linked before the engine's library it stands for map_diffraction.c, whose text it holds, with another rpm_wedge_field.  Found by
 * fitting to the reference maps: R_0 (D_1 - D_4) + R_n (D_2 - D_3) with R the slab's reflection in the edge-fixed bases and -1 for the
 * perfect conductor in both polarisations, R_n = -1 while face n is dark.  For the electric field across the edge this takes the
 * reflected term with the other sign than continuity at the reflection boundary asks for: at grazing incidence it doubles the field
 * where the reflected ray cancels the direct one.
 */
#include "rpm_em.h"

static rpm_diffraction reference_wedge_field(const rpm_wedge_rays *rays, double s_in, double s_out, double wavelength_m, rpm_cvec3 e,
											 rpm_interface c_0, rpm_interface c_n);

#define rpm_wedge_field reference_wedge_field
#include "trace/map_diffraction.c"
#undef rpm_wedge_field

static rpm_cvec3 face_matrix(const rpm_wedge_rays *rays, rpm_vec3 normal, int departing, rpm_interface c, rpm_cvec3 e);
static rpm_cvec3 carried(const rpm_wedge_rays *rays, rpm_cvec3 e, double along_phi, double along_beta);

static rpm_diffraction
reference_wedge_field(const rpm_wedge_rays *rays, double s_in, double s_out, double wavelength_m, rpm_cvec3 e,
					  rpm_interface c_0, rpm_interface c_n)
{
	rpm_diffraction d = rpm_wedge_field(rays, s_in, s_out, wavelength_m, e, c_0, c_n);
	double		k = 2 * RPM_PI / wavelength_m, k_l = k * s_in * s_out / (s_in + s_out) * rays->sin_beta * rays->sin_beta;
	double		difference = rays->phi_out - rays->phi_in, sum = rays->phi_out + rays->phi_in, unused = 1e30;
	double		front = 1 / (2 * rays->n * sqrt(2 * RPM_PI * k) * rays->sin_beta) / sqrt(s_in * s_out * (s_in + s_out));
	bool		from_0 = rays->phi_in <= rays->n * RPM_PI / 2;
	double		near_face = from_0 ? rays->phi_in : rays->n * RPM_PI - rays->phi_in;
	bool		far_lit = rays->n * RPM_PI < RPM_PI + near_face;
	int			lit;
	rpm_complex d1 = rpm_utd_term(RPM_PI + difference, rays->n, k_l, 0, &unused, &lit);
	rpm_complex d2 = rpm_utd_term(RPM_PI - difference, rays->n, k_l, 0, &unused, &lit);
	rpm_complex d3 = rpm_utd_term(RPM_PI + sum, rays->n, k_l, 1, &unused, &lit);
	rpm_complex d4 = rpm_utd_term(RPM_PI - sum, rays->n, k_l, 0, &unused, &lit);
	rpm_cvec3	r_0 = face_matrix(rays, rays->normal_0, rays->departing_0, c_0, e);
	rpm_cvec3	r_n = face_matrix(rays, rays->normal_n, rays->departing_n, c_n, e);
	rpm_cvec3	dark = carried(rays, e, -1, -1);

	if (!far_lit && from_0)
		r_n = dark;
	if (!far_lit && !from_0)
		r_0 = dark;
	/* Seen from face n the roles of D1, D2 and of D3, D4 are exchanged. */
	d.incident_part = from_0 ? rpm_cvec_add(rpm_cvec_mul(r_0, rpm_cx_sub(d1, d4)), rpm_cvec_mul(r_n, rpm_cx_sub(d2, d3)))
		: rpm_cvec_add(rpm_cvec_mul(r_n, rpm_cx_sub(d2, d3)), rpm_cvec_mul(r_0, rpm_cx_sub(d1, d4)));
	d.incident_part = rpm_cvec_scale(d.incident_part, front);
	d.reflected_part_0 = d.reflected_part_n = rpm_cvec_zero();
	return d;
}

/* A face's reflection between edge-fixed bases, with -1 for the perfect conductor also across the edge. */
static rpm_cvec3
face_matrix(const rpm_wedge_rays *rays, rpm_vec3 normal, int departing, rpm_interface c, rpm_cvec3 e)
{
	rpm_vec3	phi, beta;
	rpm_cvec3	reflected = rpm_wedge_reflect(rays, normal, departing, c, e);

	rpm_edge_basis(rays->edge, rays->k_out, &phi, &beta);
	return rpm_cvec_add(rpm_cvec(beta, rpm_cvec_dot(reflected, beta)), rpm_cvec(phi, rpm_cx_scale(rpm_cvec_dot(reflected, phi), -1)));
}

/* The field with its components across and along the edge kept, times a factor each. */
static rpm_cvec3
carried(const rpm_wedge_rays *rays, rpm_cvec3 e, double along_phi, double along_beta)
{
	rpm_vec3	phi, beta, phi_out, beta_out;

	rpm_edge_basis(rays->edge, rays->k_in, &phi, &beta);
	rpm_edge_basis(rays->edge, rays->k_out, &phi_out, &beta_out);
	return rpm_cvec_add(rpm_cvec(phi_out, rpm_cx_scale(rpm_cvec_dot(e, phi), along_phi)),
						rpm_cvec(beta_out, rpm_cx_scale(rpm_cvec_dot(e, beta), along_beta)));
}
