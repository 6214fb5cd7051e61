/*
 * rpm_utd.h: diffraction at one wedge, uniform theory of diffraction.
 *
 * Sources: R. G. Kouyoumjian, P. H. Pathak, Proceedings of the IEEE 62(11), 1974, pp. 1448-1461 (coefficients, spherical waves);
 * R. J. Luebbers, IEEE Transactions on Antennas and Propagation 32(1), 1984, pp. 70-76 (walls that do not conduct perfectly).
 *
 * The terms of the reflection boundaries carry the whole 2 x 2 reflection of their face, expressed between the edge-fixed bases of
 * the incident ray and of its mirror image, so that the total field is continuous there for any polarisation and oblique incidence.
 * Angle of incidence, after Luebbers: the face nearer to the source takes the incident ray, the other face the diffracted one.
 * Limits: it is a heuristic, right at the boundaries and for the perfect conductor; deep in the shadow of a lossy wedge, and where
 * the source lights both faces, it may be wrong by several dB (Holm 2000; El-Sallabi 2003).  No slope diffraction, no surface waves,
 * and what a wall lets through is not diffracted.  At grazing incidence the limit from outside is taken: the incident field is the
 * source's free-space field and the reflected one is counted by itself, so the factor 1/2 of Kouyoumjian and Pathak does not apply.
 */
#ifndef RPM_UTD_H
#define RPM_UTD_H

#include "rpm_fresnel.h"

/*
 * The transition function F(x) = 2j sqrt(x) e^{jx} integral from sqrt(x) to infinity of e^{-j t^2} dt, x >= 0.  Relative error below
 * 1e-7: polynomials of J. Boersma (Mathematics of Computation 14, 1960), as printed in Recommendation ITU-R P.526-15, section 2.7.
 */
RPM_INLINE rpm_complex rpm_utd_transition(rpm_real x)
{
	static const double a[12] = {+1.595769140, -0.000001702, -6.808568854, -0.000576361, +6.920691902, -0.016898657,
		-3.050485660, -0.075752419, +0.850663781, -0.025639041, -0.150230960, +0.034404779};
	static const double b[12] = {-0.000000033, +4.255387524, -0.000092810, -7.780020400, -0.009520895, +5.075161298,
		-0.138341947, -1.363729124, -0.403349276, +0.702222016, -0.216195929, +0.019547031};
	static const double c[12] = {+0.000000000, -0.024933975, +0.000003936, +0.005770956, +0.000689892, -0.009497136,
		+0.011948809, -0.006748873, +0.000246420, +0.002102967, -0.001217930, +0.000233939};
	static const double d[12] = {+0.199471140, +0.000000023, -0.009351341, +0.000023006, +0.004851466, +0.001903218,
		-0.017122914, +0.029064067, -0.027928955, +0.016497308, -0.005598515, +0.000838386};
	double		u = x < 4 ? x / 4 : 4 / x, re = 0, im = 0;
	int			i;

	for (i = 11; i >= 0; i--)
	{
		re = re * u + (x < 4 ? a[i] : c[i]);
		im = im * u + (x < 4 ? b[i] : d[i]);
	}
	if (x < 4)
	{
		/* j sqrt(2 pi x) (e^{jx} (1 - j) / 2 - sqrt(u) (re + j im)) */
		double		s = sin(x), co = cos(x), root = sqrt(u), m = sqrt(2 * RPM_PI * x);
		double		g = (co + s) / 2 - root * re, h = (s - co) / 2 - root * im;

		return rpm_cx((rpm_real) (-m * h), (rpm_real) (m * g));
	}
	/* -j sqrt(2 pi x) sqrt(4 / x) (re + j im) */
	return rpm_cx((rpm_real) (sqrt(8 * RPM_PI) * im), (rpm_real) (-sqrt(8 * RPM_PI) * re));
}

/* The rays at a wedge.  phi from face 0 to the outside, 0 to n_pi. */
typedef struct rpm_wedge_rays
{
	rpm_vec3	edge;			/* unit */
	rpm_vec3	normal_0, normal_n;
	rpm_vec3	k_in, k_out;	/* unit, directions of travel */
	rpm_real	n;				/* outside angle / pi */
	rpm_real	phi_in, phi_out; /* radians, of the source and of the receiver */
	rpm_real	sin_beta;		/* of the angle between the rays and the edge */
	rpm_real	cos_incidence_0, cos_incidence_n;	/* at which the faces' coefficients are to be taken */
	int			departing_0, departing_n;	/* the face's reflection belongs to the diffracted ray, not to the incident one */
} rpm_wedge_rays;

/* The diffracted field: h = lambda / (4 pi) * part * e^{-jk(s + s')}; the whole is the sum of the three parts. */
typedef struct rpm_diffraction
{
	rpm_cvec3	incident_part;	/* the two terms of the incident shadow boundaries */
	rpm_cvec3	reflected_part_0, reflected_part_n;	/* the term of each face's reflection boundary */
	/* Smallest transition argument x = k L a of each part's terms: 0 on the boundary, above about 10 the part is a ray of its own. */
	rpm_real	transition_incident, transition_0, transition_n;
	/* Whether the geometry of the wedge lets the receiver see the source, or its image in the face; on the boundary it does. */
	int			lit_direct, lit_0, lit_n;
} rpm_diffraction;

/* An angle around the edge brought into [0, n_pi]; directions inside the wedge (rounding) go to the nearer face. */
RPM_INLINE rpm_real rpm_wedge_angle(rpm_vec3 out, rpm_vec3 tangent_0, rpm_vec3 normal_0, rpm_real n_pi)
{
	rpm_real	phi = (rpm_real) atan2(rpm_dot(out, normal_0), rpm_dot(out, tangent_0));

	if (phi < 0)
		phi += (rpm_real) (2 * RPM_PI);
	if (phi > n_pi)
		phi = phi - n_pi < (rpm_real) (2 * RPM_PI) - phi ? n_pi : 0;
	return phi;
}

/*
 * The rays at a wedge: edge, tangent_0, normal_0 unit and perpendicular, edge = tangent_0 x normal_0; n_pi the outside angle,
 * pi < n_pi <= 2 pi; k_in from source to edge and k_out from edge to receiver, unit, at the same angle to the edge.
 */
RPM_INLINE rpm_wedge_rays rpm_wedge_rays_of(rpm_vec3 edge, rpm_vec3 tangent_0, rpm_vec3 normal_0, rpm_real n_pi, rpm_vec3 k_in,
											rpm_vec3 k_out)
{
	rpm_wedge_rays w;
	rpm_real	along = rpm_dot(k_in, edge);

	w.edge = edge;
	w.normal_0 = normal_0;
	w.normal_n = rpm_sub(rpm_scale(tangent_0, (rpm_real) sin(n_pi)), rpm_scale(normal_0, (rpm_real) cos(n_pi)));
	w.k_in = k_in;
	w.k_out = k_out;
	w.n = (rpm_real) (n_pi / RPM_PI);
	w.phi_in = rpm_wedge_angle(rpm_scale(k_in, -1), tangent_0, normal_0, n_pi);
	w.phi_out = rpm_wedge_angle(k_out, tangent_0, normal_0, n_pi);
	w.sin_beta = rpm_norm(rpm_along(k_in, -along, edge));
	w.departing_0 = w.phi_in > n_pi / 2;
	w.departing_n = !w.departing_0;
	w.cos_incidence_0 = (rpm_real) fmin(1.0, fabs(rpm_dot(w.departing_0 ? k_out : k_in, w.normal_0)));
	w.cos_incidence_n = (rpm_real) fmin(1.0, fabs(rpm_dot(w.departing_n ? k_out : k_in, w.normal_n)));
	return w;
}

/*
 * cot(psi) F(k L a) of one term, psi = turn / (2 n) reckoned from its nearest multiple of pi, where a = 2 sin^2(n psi): finite, and
 * of the lit side, on the boundary itself, which lies at psi = pole * pi.  *x becomes the smaller of itself and k L a.
 */
RPM_INLINE rpm_complex rpm_utd_term(rpm_real turn, rpm_real n, rpm_real k_l, int pole, rpm_real *x, int *lit)
{
	double		psi = turn / (2 * n), whole = floor(psi / RPM_PI + 0.5), off = psi - whole * RPM_PI, s = sin(n * off);
	rpm_real	argument = (rpm_real) (2 * k_l * s * s);

	*lit = whole > pole || (whole == pole && off >= 0);
	*x = argument < *x ? argument : *x;
	if (fabs(off) < 1e-12)
	{
		rpm_real	m = (rpm_real) (n * sqrt(RPM_PI * k_l) * (off >= 0 ? 1 : -1));

		return rpm_cx(m, m);	/* n sqrt(2 pi k L) e^{j pi / 4} */
	}
	return rpm_cx_scale(rpm_utd_transition(argument), (rpm_real) (cos(off) / sin(off)));
}

/* The edge-fixed unit vectors of a direction: phi across the edge, beta = phi x k. */
RPM_INLINE void rpm_edge_basis(rpm_vec3 edge, rpm_vec3 k, rpm_vec3 *phi, rpm_vec3 *beta)
{
	*phi = rpm_unit(rpm_cross(edge, k));
	*beta = rpm_cross(*phi, k);
}

/*
 * The field e of the direction k_in carried over to k_out by the reflection matrix of a face, between edge-fixed bases.  The matrix
 * is that of the ray `reflected` before the mirror: k_in itself, or the one whose mirror image is k_out.
 */
RPM_INLINE rpm_cvec3 rpm_wedge_reflect(const rpm_wedge_rays *w, rpm_vec3 normal, int departing, rpm_interface c, rpm_cvec3 e)
{
	rpm_vec3	before = departing ? rpm_mirror_direction(w->k_out, normal) : w->k_in;
	rpm_vec3	after = departing ? w->k_out : rpm_mirror_direction(w->k_in, normal);
	rpm_vec3	phi, beta, phi_before, beta_before, phi_after, beta_after;
	rpm_cvec3	mirrored;

	rpm_edge_basis(w->edge, w->k_in, &phi, &beta);
	rpm_edge_basis(w->edge, before, &phi_before, &beta_before);
	rpm_edge_basis(w->edge, after, &phi_after, &beta_after);
	mirrored = rpm_cvec_add(rpm_cvec(phi_before, rpm_cvec_dot(e, phi)), rpm_cvec(beta_before, rpm_cvec_dot(e, beta)));
	mirrored = rpm_reflect_field(mirrored, before, normal, c);
	rpm_edge_basis(w->edge, w->k_out, &phi, &beta);
	return rpm_cvec_add(rpm_cvec(phi, rpm_cvec_dot(mirrored, phi_after)), rpm_cvec(beta, rpm_cvec_dot(mirrored, beta_after)));
}

/* What of a diffracted field depends on the rays alone: the terms of UTD with -e^{-j pi/4} / (2 n sqrt(2 pi k) sin beta) / sqrt(s s' (s + s')). */
typedef struct rpm_wedge_terms
{
	rpm_complex incident, face_0, face_n;
	rpm_diffraction none;		/* transitions and lights, no field */
} rpm_wedge_terms;

/* s_in, s_out: metres from source to edge and from edge to receiver.  Rays along the edge (sin beta below 1e-6) and zero distances give 0. */
RPM_INLINE rpm_wedge_terms rpm_wedge_terms_of(const rpm_wedge_rays *rays, rpm_real s_in, rpm_real s_out, rpm_real wavelength_m)
{
	rpm_wedge_terms t;
	rpm_real	k = (rpm_real) (2 * RPM_PI) / wavelength_m, sin_beta = rays->sin_beta;
	rpm_real	k_l = s_in > 0 && s_out > 0 ? k * s_in * s_out / (s_in + s_out) * sin_beta * sin_beta : 0;
	rpm_real	pi = (rpm_real) RPM_PI, difference = rays->phi_out - rays->phi_in, sum = rays->phi_out + rays->phi_in;
	rpm_complex front;
	int			lit_plus, lit_minus;

	t.none.transition_incident = t.none.transition_0 = t.none.transition_n = (rpm_real) 1e30;
	t.incident = rpm_utd_term(pi + difference, rays->n, k_l, 0, &t.none.transition_incident, &lit_plus);
	t.incident = rpm_cx_add(t.incident, rpm_utd_term(pi - difference, rays->n, k_l, 0, &t.none.transition_incident, &lit_minus));
	t.face_0 = rpm_utd_term(pi - sum, rays->n, k_l, 0, &t.none.transition_0, &t.none.lit_0);
	t.face_n = rpm_utd_term(pi + sum, rays->n, k_l, 1, &t.none.transition_n, &t.none.lit_n);
	t.none.lit_direct = lit_plus && lit_minus;
	t.none.incident_part = t.none.reflected_part_0 = t.none.reflected_part_n = rpm_cvec_zero();
	if (!(sin_beta > 1e-6) || !(s_in > 0) || !(s_out > 0))
	{
		t.incident = t.face_0 = t.face_n = rpm_cx(0, 0);
		return t;
	}
	front = rpm_cx_scale(rpm_cx(-1, 1), (rpm_real) (1 / (4 * rays->n * sqrt(RPM_PI * k) * sin_beta)
													/ sqrt(s_in * s_out * (s_in + s_out))));
	t.incident = rpm_cx_mul(front, t.incident);
	t.face_0 = rpm_cx_mul(front, t.face_0);
	t.face_n = rpm_cx_mul(front, t.face_n);
	return t;
}

/* Of a field e that arrives along k_in, with the faces' coefficients at rays->cos_incidence_0, _n. */
RPM_INLINE rpm_diffraction rpm_wedge_field_by(const rpm_wedge_rays *rays, const rpm_wedge_terms *t, rpm_cvec3 e, rpm_interface c_0, rpm_interface c_n)
{
	rpm_diffraction d = t->none;
	rpm_vec3	phi_in, beta_in, phi_out, beta_out;

	if (t->incident.re == 0 && t->incident.im == 0 && t->face_0.re == 0 && t->face_0.im == 0 && t->face_n.re == 0 && t->face_n.im == 0)
		return d;
	rpm_edge_basis(rays->edge, rays->k_in, &phi_in, &beta_in);
	rpm_edge_basis(rays->edge, rays->k_out, &phi_out, &beta_out);
	d.incident_part = rpm_cvec_add(rpm_cvec(phi_out, rpm_cvec_dot(e, phi_in)), rpm_cvec(beta_out, rpm_cvec_dot(e, beta_in)));
	d.incident_part = rpm_cvec_mul(d.incident_part, t->incident);
	d.reflected_part_0 = rpm_cvec_mul(rpm_wedge_reflect(rays, rays->normal_0, rays->departing_0, c_0, e), t->face_0);
	d.reflected_part_n = rpm_cvec_mul(rpm_wedge_reflect(rays, rays->normal_n, rays->departing_n, c_n, e), t->face_n);
	return d;
}

/*
 * The diffracted field of a spherical wave.  s_in, s_out: metres from source to edge and from edge to receiver; e: the source's field
 * per metre of spreading along k_in (without 1/s' and without phase); c_0, c_n: the faces' coefficients at rays->cos_incidence_0, _n.
 * The parts hold the coefficient and 1 / sqrt(s s' (s + s')).  Scale a reflected part as the specular reflection of its face is scaled
 * (sqrt(1 - S^2) where the wall scatters).  Rays along the edge (sin beta below 1e-6) and zero distances give no field.
 */
RPM_INLINE rpm_diffraction rpm_wedge_field(const rpm_wedge_rays *rays, rpm_real s_in, rpm_real s_out, rpm_real wavelength_m,
										   rpm_cvec3 e, rpm_interface c_0, rpm_interface c_n)
{
	rpm_wedge_terms t = rpm_wedge_terms_of(rays, s_in, s_out, wavelength_m);

	return rpm_wedge_field_by(rays, &t, e, c_0, c_n);
}

/* The same with the faces' coefficients taken from their materials. */
RPM_INLINE rpm_diffraction rpm_wedge_diffraction(rpm_vec3 edge, rpm_vec3 tangent_0, rpm_vec3 normal_0, rpm_real n_pi, rpm_vec3 k_in,
												 rpm_vec3 k_out, rpm_real s_in, rpm_real s_out, rpm_real frequency_hz, rpm_cvec3 e,
												 const rpm_material *face_0, const rpm_material *face_n)
{
	rpm_wedge_rays rays = rpm_wedge_rays_of(edge, tangent_0, normal_0, n_pi, k_in, k_out);

	return rpm_wedge_field(&rays, s_in, s_out, (rpm_real) RPM_SPEED_OF_LIGHT_M_S / frequency_hz, e,
						   rpm_wall(face_0, frequency_hz, rays.cos_incidence_0), rpm_wall(face_n, frequency_hz, rays.cos_incidence_n));
}

/* The whole diffracted field. */
RPM_INLINE rpm_cvec3 rpm_diffraction_total(const rpm_diffraction *d)
{
	return rpm_cvec_add(d->incident_part, rpm_cvec_add(d->reflected_part_0, d->reflected_part_n));
}

#endif
