/*
 * reference_wedge.h: what the reference of test_reference_paths.c means by an edge, and its coefficient.
 *
 * Edges.  The reference sees each row of the file alone: where two buildings share a wall it keeps the buried corner of each, though the
 * facade may run straight on; so the scene is welded by rows (RPM_WELD_ROW).  Of two such edges at one place ours keeps one path.
 *
 * Coefficient.  The reference takes R_0 (D1 - D4) + R_n (D2 - D3) with both slab matrices at the incident ray's angle, also for the
 * terms of the incident shadow boundaries, and the identity for R_n where the source lights face 0 only.  Written so it gives all of
 * its gains within 0.5 dB.  It is not the conductor's coefficient for R_TE = -1, R_TM = +1 (of the field across the edge the
 * reflected terms have the wrong sign, with one face lit those of the lit face); ours, rpm_utd.h, is.
 */
#ifndef RPM_REFERENCE_WEDGE_H
#define RPM_REFERENCE_WEDGE_H

#include <complex.h>
#include <stdlib.h>

#include "rpm_em.h"
#include "rpm_trace.h"

#define AT_EDGE_M 5e-3

/* D1 to D4 with a^+-(beta) = 2 cos^2((2 n pi N - beta) / 2) as Kouyoumjian and Pathak write them. */
static inline double complex
reference_term(double n, double k_l, double beta, int sign)
{
	double		whole = round((beta + sign * M_PI) / (2 * M_PI * n)), a = 2 * pow(cos((2 * M_PI * n * whole - beta) / 2), 2);
	rpm_complex f = rpm_utd_transition(k_l * a);

	return (f.re + I * f.im) / tan((M_PI + sign * beta) / (2 * n));
}

/* The field sent, reflected by a face at the incident ray's angle and carried over to the diffracted ray's axes. */
static inline rpm_cvec3
reference_face(const rpm_scene *scene, const rpm_wedge_rays *rays, rpm_vec3 normal, int32_t facet, rpm_vec3 sent, double frequency_hz)
{
	rpm_interface wall = rpm_wall(&scene->materials[scene->facets[facet].material], frequency_hz, fabs(rpm_dot(rays->k_in, normal)));

	return rpm_wedge_reflect(rays, normal, 0, wall, rpm_cvec(sent, rpm_cx(1, 0)));
}

/* Gain in dB on a vertical receiver of the path of an isotropic vertical antenna over a wedge, with the reference's coefficient. */
static inline double
reference_gain_db(const rpm_scene *scene, const rpm_path *path, rpm_vec3 transmitter, rpm_vec3 receiver, double frequency_hz)
{
	const rpm_wedge *w = &scene->wedges[path->interactions[0].wedge];
	rpm_wedge_rays rays = rpm_wedge_rays_of(w->direction, w->tangent_0, w->normal_0, w->n_pi, path->departure, path->arrival);
	double		s_in = rpm_norm(rpm_sub(path->interactions[0].point, transmitter));
	double		s_out = rpm_norm(rpm_sub(path->interactions[0].point, receiver));
	double		wavelength = RPM_SPEED_OF_LIGHT_M_S / frequency_hz, k = 2 * M_PI / wavelength, n = rays.n;
	double		phi_in = rays.phi_in, phi_out = rays.phi_out;
	double		k_l = k * s_in * s_out / (s_in + s_out) * rays.sin_beta * rays.sin_beta;
	rpm_vec3	phi_hat, beta_hat, phi_hat_out, beta_hat_out;
	rpm_vec3	sent = rpm_polarisation(path->departure, 0), heard = rpm_polarisation(rpm_scale(path->arrival, -1), 0);
	rpm_cvec3	face_0 = reference_face(scene, &rays, rays.normal_0, w->facet_0, sent, frequency_hz);
	rpm_cvec3	face_n = reference_face(scene, &rays, rays.normal_n, w->facet_n, sent, frequency_hz);
	double complex d1, d2, d3, d4, sum = 0;

	if (phi_in >= M_PI)
	{
		/* Only face n is lit: seen from the other side. */
		rpm_cvec3	swap = face_0;

		face_0 = face_n;
		face_n = swap;
		phi_in = w->n_pi - phi_in;
		phi_out = w->n_pi - phi_out;
	}
	d1 = reference_term(n, k_l, phi_out - phi_in, 1);
	d2 = reference_term(n, k_l, phi_out - phi_in, -1);
	d3 = reference_term(n, k_l, phi_out + phi_in, 1);
	d4 = reference_term(n, k_l, phi_out + phi_in, -1);
	rpm_edge_basis(w->direction, path->departure, &phi_hat, &beta_hat);
	rpm_edge_basis(w->direction, path->arrival, &phi_hat_out, &beta_hat_out);
	for (int hard = 0; hard < 2; hard++)
	{
		rpm_vec3	axis = hard ? phi_hat_out : beta_hat_out;
		rpm_complex f0 = rpm_cvec_dot(face_0, axis), fn = rpm_cvec_dot(face_n, axis);
		double complex r0 = f0.re + I * f0.im, rn = fn.re + I * fn.im;

		if (w->n_pi > M_PI + phi_in)
			rn = rpm_dot(sent, hard ? phi_hat : beta_hat);
		sum += rpm_dot(heard, axis) * (r0 * (d1 - d4) + rn * (d2 - d3));
	}
	return 20 * log10(cabs(sum) / (2 * n * sqrt(2 * M_PI * k) * rays.sin_beta) / sqrt(s_in * s_out * (s_in + s_out))
					  * wavelength / (4 * M_PI));
}

/* Whether p lies within AT_EDGE_M of the segment a-b. */
static inline bool
reference_on_segment(rpm_vec3 p, rpm_vec3 a, rpm_vec3 b)
{
	rpm_vec3	d = rpm_sub(b, a);
	double		length = rpm_norm(d), along = rpm_dot(rpm_sub(p, a), d) / length;

	return length > 0.01 && along > -AT_EDGE_M && along < length + AT_EDGE_M
		&& rpm_norm(rpm_sub(p, rpm_along(a, along / length, d))) < AT_EDGE_M;
}

#endif
