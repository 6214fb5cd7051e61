/*
 * rpm_fresnel.h: plane waves at walls: reflection and transmission of slabs and half-spaces, and what they do to a field.
 *
 * Source: Recommendation ITU-R P.2040-3 (08/2023), section 2.2: eq. 31 (interface), eq. 43-44 (slab).  Signs are those of
 * e^{+j w t}: a perfect conductor has r_te = -1, r_tm = +1, and at normal incidence r_tm = -r_te.
 */
#ifndef RPM_FRESNEL_H
#define RPM_FRESNEL_H

#include "rpm_material.h"

/* Amplitude coefficients of a wall.  TE: electric field across the plane of incidence; TM: in it. */
typedef struct rpm_interface { rpm_complex r_te, r_tm, t_te, t_tm; } rpm_interface;

/* sqrt(eta - sin^2 theta), from cos theta so that grazing incidence keeps its digits. */
RPM_INLINE rpm_complex rpm_refraction_root(rpm_complex eta, rpm_real cos_incidence)
{
	return rpm_cx_sqrt(rpm_cx(eta.re - 1 + cos_incidence * cos_incidence, eta.im));
}

/*
 * A half-space of complex relative permittivity eta (eps' - j eps''), cos_incidence in [0, 1].  Its t is 0: what enters is lost.
 */
RPM_INLINE rpm_interface rpm_half_space(rpm_complex eta, rpm_real cos_incidence)
{
	rpm_complex a = rpm_refraction_root(eta, cos_incidence), c = rpm_cx(cos_incidence, 0);
	rpm_complex ec = rpm_cx_scale(eta, cos_incidence);
	rpm_interface w;

	w.t_te = w.t_tm = rpm_cx(0, 0);
	if (cos_incidence == 0 && a.re == 0 && a.im == 0)
		w.r_te = w.r_tm = rpm_cx(0, 0);		/* vacuum at grazing incidence */
	else
	{
		w.r_te = rpm_cx_div(rpm_cx_sub(c, a), rpm_cx_add(c, a));
		w.r_tm = rpm_cx_div(rpm_cx_sub(ec, a), rpm_cx_add(ec, a));
	}
	return w;
}

/* One polarisation of a slab; x and a are the two terms of its interface coefficient R' = (x - a) / (x + a). */
RPM_INLINE void rpm_slab_pair(rpm_complex x, rpm_complex a, rpm_complex q, rpm_complex *r, rpm_complex *t)
{
	rpm_complex sum = rpm_cx_add(x, a);
	rpm_complex once = rpm_cx_exp(rpm_cx(q.im, -q.re));	/* e^{-jq}: underflows to 0 in metal */
	rpm_complex round = rpm_cx_mul(once, once);
	rpm_complex lost = rpm_cx(1 - round.re, -round.im);
	rpm_complex prime, through, denominator;

	*r = rpm_cx(0, 0);
	*t = once;
	if (sum.re == 0 && sum.im == 0)
		return;
	prime = rpm_cx_div(rpm_cx_sub(x, a), sum);
	through = rpm_cx_mul(rpm_cx_div(rpm_cx_scale(x, 2), sum), rpm_cx_div(rpm_cx_scale(a, 2), sum)); /* 1 - R'^2 */
	denominator = rpm_cx_add(lost, rpm_cx_mul(through, round));	/* 1 - R'^2 e^{-2jq} */
	if (denominator.re == 0 && denominator.im == 0)
		return;
	*r = rpm_cx_div(rpm_cx_mul(prime, lost), denominator);
	*t = rpm_cx_div(rpm_cx_mul(through, once), denominator);
}

/*
 * A slab of thickness_m (P.2040-3 eq. 43-44, all inner reflections).  t replaces the free-space phase over the thickness only as far
 * as the standard's does: it is applied to the straight ray at the wall's one surface.
 */
RPM_INLINE rpm_interface rpm_slab(rpm_complex eta, rpm_real cos_incidence, rpm_real thickness_m, rpm_real wavelength_m)
{
	rpm_complex a = rpm_refraction_root(eta, cos_incidence);
	rpm_complex q = rpm_cx_scale(a, (rpm_real) (2 * RPM_PI) * thickness_m / wavelength_m);
	rpm_interface w;

	rpm_slab_pair(rpm_cx(cos_incidence, 0), a, q, &w.r_te, &w.t_te);
	rpm_slab_pair(rpm_cx_scale(eta, cos_incidence), a, q, &w.r_tm, &w.t_tm);
	return w;
}

/* A material's wall: a slab of its thickness, a half-space where that is 0. */
RPM_INLINE rpm_interface rpm_wall(const rpm_material *material, rpm_real frequency_hz, rpm_real cos_incidence)
{
	rpm_complex eta = rpm_relative_permittivity(material, frequency_hz);

	if (material->thickness_m > 0)
		return rpm_slab(eta, cos_incidence, material->thickness_m, (rpm_real) RPM_SPEED_OF_LIGHT_M_S / frequency_hz);
	return rpm_half_space(eta, cos_incidence);
}

/* The direction of travel after a mirror. */
RPM_INLINE rpm_vec3 rpm_mirror_direction(rpm_vec3 k_in, rpm_vec3 normal)
{
	return rpm_along(k_in, -2 * rpm_dot(k_in, normal), normal);
}

/* A unit vector perpendicular to the unit vector a. */
RPM_INLINE rpm_vec3 rpm_any_perpendicular(rpm_vec3 a)
{
	return rpm_unit(fabs(a.x) < 0.6 ? rpm_cross(a, rpm_vec(1, 0, 0)) : rpm_cross(a, rpm_vec(0, 1, 0)));
}

/* The unit TE vector k x n of a direction at a surface; any perpendicular one at normal incidence, where the two polarisations agree. */
RPM_INLINE rpm_vec3 rpm_te_axis(rpm_vec3 k, rpm_vec3 normal)
{
	rpm_vec3	u = rpm_cross(k, normal);
	rpm_real	length2 = rpm_dot(u, u);

	if (length2 < 1e-24)
		return rpm_any_perpendicular(rpm_unit(k));
	return rpm_scale(u, (rpm_real) (1 / sqrt(length2)));
}

/* A field that comes upon a wall, by its two polarisations: the unit vectors of TE and of TM (u x k), and the amplitudes along them. */
typedef struct rpm_incidence
{
	rpm_vec3	u, p;
	rpm_complex te, tm;
} rpm_incidence;

/* k_in and normal are unit; the normal's sense does not matter. */
RPM_INLINE rpm_incidence rpm_incidence_of(rpm_cvec3 e, rpm_vec3 k_in, rpm_vec3 normal)
{
	rpm_incidence i;

	i.u = rpm_te_axis(k_in, normal);
	i.p = rpm_cross(i.u, k_in);
	i.te = rpm_cvec_dot(e, i.u);
	i.tm = rpm_cvec_dot(e, i.p);
	return i;
}

/* The field mirrored into k_out, world axes.  TM unit vectors are u x k, so that a perfect conductor cancels the tangential field. */
RPM_INLINE rpm_cvec3 rpm_incidence_reflected(const rpm_incidence *i, rpm_vec3 k_out, rpm_interface c)
{
	return rpm_cvec_add(rpm_cvec(i->u, rpm_cx_mul(c.r_te, i->te)), rpm_cvec(rpm_cross(i->u, k_out), rpm_cx_mul(c.r_tm, i->tm)));
}

/* The field behind the wall, ray not bent. */
RPM_INLINE rpm_cvec3 rpm_incidence_transmitted(const rpm_incidence *i, rpm_interface c)
{
	return rpm_cvec_add(rpm_cvec(i->u, rpm_cx_mul(c.t_te, i->te)), rpm_cvec(i->p, rpm_cx_mul(c.t_tm, i->tm)));
}

/* |e|^2 of the mirrored field and of that behind the wall. */
RPM_INLINE rpm_real rpm_incidence_reflected_norm2(const rpm_incidence *i, rpm_interface c)
{
	return rpm_cx_norm2(c.r_te) * rpm_cx_norm2(i->te) + rpm_cx_norm2(c.r_tm) * rpm_cx_norm2(i->tm);
}

RPM_INLINE rpm_real rpm_incidence_transmitted_norm2(const rpm_incidence *i, rpm_interface c)
{
	return rpm_cx_norm2(c.t_te) * rpm_cx_norm2(i->te) + rpm_cx_norm2(c.t_tm) * rpm_cx_norm2(i->tm);
}

RPM_INLINE rpm_cvec3 rpm_reflect_field(rpm_cvec3 e, rpm_vec3 k_in, rpm_vec3 normal, rpm_interface c)
{
	rpm_incidence i = rpm_incidence_of(e, k_in, normal);

	return rpm_incidence_reflected(&i, rpm_mirror_direction(k_in, normal), c);
}

RPM_INLINE rpm_cvec3 rpm_transmit_field(rpm_cvec3 e, rpm_vec3 k_in, rpm_vec3 normal, rpm_interface c)
{
	rpm_incidence i = rpm_incidence_of(e, k_in, normal);

	return rpm_incidence_transmitted(&i, c);
}

#endif
