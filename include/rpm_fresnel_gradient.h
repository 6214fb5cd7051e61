/*
 * rpm_fresnel_gradient.h: how the coefficients of a wall (rpm_fresnel.h) change with its permittivity and thickness.
 *
 * The coefficients are analytic functions of the complex permittivity eta, so one complex derivative serves for permittivity and
 * conductivity: d eta = d eps' - j d sigma / (2 pi f eps0).
 */
#ifndef RPM_FRESNEL_GRADIENT_H
#define RPM_FRESNEL_GRADIENT_H

#include "rpm_fresnel.h"

/* The coefficients and their derivatives by eta and by the thickness in metres (0 for a half-space). */
typedef struct rpm_interface_gradient
{
	rpm_interface value, by_eta, by_thickness;
} rpm_interface_gradient;

/* d[(x - a) / (x + a)] for changes dx and da: 2 (a dx - x da) / (x + a)^2. */
RPM_INLINE rpm_complex rpm_interface_change(rpm_complex x, rpm_complex a, rpm_complex dx, rpm_complex da)
{
	rpm_complex sum = rpm_cx_add(x, a);
	rpm_complex top = rpm_cx_sub(rpm_cx_mul(a, dx), rpm_cx_mul(x, da));

	if (sum.re == 0 && sum.im == 0)
		return rpm_cx(0, 0);
	return rpm_cx_div(rpm_cx_scale(rpm_cx_div(top, sum), 2), sum);
}

/* What the two derivatives of a slab's polarisation share: with E = e^{-2jq} and D = 1 - R'^2 E, r = R' (1 - E) / D, t = (1 - R'^2) e^{-jq} / D. */
typedef struct rpm_slab_parts { rpm_complex once, round, prime, square, bottom, r, t; int nothing; } rpm_slab_parts;

/* once: e^{-jq}; r and t: as rpm_slab_pair gives them. */
RPM_INLINE rpm_slab_parts rpm_slab_parts_of(rpm_complex x, rpm_complex a, rpm_complex once, rpm_complex r, rpm_complex t)
{
	rpm_complex sum = rpm_cx_add(x, a);
	rpm_slab_parts p;

	p.once = once;
	p.round = rpm_cx_mul(once, once);
	p.r = r;
	p.t = t;
	p.nothing = sum.re == 0 && sum.im == 0;
	p.prime = p.nothing ? rpm_cx(0, 0) : rpm_cx_div(rpm_cx_sub(x, a), sum);
	p.square = rpm_cx_mul(p.prime, p.prime);
	p.bottom = rpm_cx_mul(p.square, p.round);
	p.bottom = rpm_cx(1 - p.bottom.re, -p.bottom.im);
	p.nothing = p.nothing || (p.bottom.re == 0 && p.bottom.im == 0);
	return p;
}

/* What r and t change by for changes dR' and dq. */
RPM_INLINE void rpm_slab_change(const rpm_slab_parts *p, rpm_complex d_prime, rpm_complex dq, rpm_complex *dr, rpm_complex *dt)
{
	rpm_complex d_once = rpm_cx_mul(p->once, rpm_cx(dq.im, -dq.re)), d_round = rpm_cx_scale(rpm_cx_mul(p->once, d_once), 2);
	rpm_complex d_square = rpm_cx_scale(rpm_cx_mul(p->prime, d_prime), 2);
	rpm_complex d_bottom = rpm_cx_scale(rpm_cx_add(rpm_cx_mul(d_square, p->round), rpm_cx_mul(p->square, d_round)), -1);

	*dr = *dt = rpm_cx(0, 0);
	if (p->nothing)
		return;
	*dr = rpm_cx_sub(rpm_cx_mul(d_prime, rpm_cx(1 - p->round.re, -p->round.im)), rpm_cx_mul(p->prime, d_round));
	*dr = rpm_cx_div(rpm_cx_sub(*dr, rpm_cx_mul(p->r, d_bottom)), p->bottom);
	*dt = rpm_cx_sub(rpm_cx_mul(rpm_cx(1 - p->square.re, -p->square.im), d_once), rpm_cx_mul(d_square, p->once));
	*dt = rpm_cx_div(rpm_cx_sub(*dt, rpm_cx_mul(p->t, d_bottom)), p->bottom);
}

/* A half-space or, with a thickness above 0, a slab, as rpm_wall takes them. */
RPM_INLINE rpm_interface_gradient rpm_interface_gradient_of(rpm_complex eta, rpm_real cos_incidence, rpm_real thickness_m,
															rpm_real wavelength_m)
{
	rpm_interface_gradient g;
	rpm_complex a = rpm_refraction_root(eta, cos_incidence), c = rpm_cx(cos_incidence, 0), ec = rpm_cx_scale(eta, cos_incidence);
	rpm_complex zero = rpm_cx(0, 0), da = zero, q, dq, once, te, tm;
	rpm_real	turns = (rpm_real) (2 * RPM_PI) / wavelength_m;
	rpm_slab_parts p;

	if (a.re != 0 || a.im != 0)
		da = rpm_cx_div(rpm_cx(0.5, 0), a);
	te = rpm_interface_change(c, a, zero, da);
	tm = rpm_interface_change(ec, a, c, da);
	g.by_thickness.r_te = g.by_thickness.r_tm = g.by_thickness.t_te = g.by_thickness.t_tm = zero;
	if (!(thickness_m > 0))
	{
		g.value = rpm_half_space(eta, cos_incidence);
		g.by_eta.r_te = te;
		g.by_eta.r_tm = tm;
		g.by_eta.t_te = g.by_eta.t_tm = zero;
		return g;
	}
	g.value = rpm_slab(eta, cos_incidence, thickness_m, wavelength_m);
	q = rpm_cx_scale(a, turns * thickness_m);
	dq = rpm_cx_scale(da, turns * thickness_m);
	once = rpm_cx_exp(rpm_cx(q.im, -q.re));
	p = rpm_slab_parts_of(c, a, once, g.value.r_te, g.value.t_te);
	rpm_slab_change(&p, te, dq, &g.by_eta.r_te, &g.by_eta.t_te);
	rpm_slab_change(&p, zero, rpm_cx_scale(a, turns), &g.by_thickness.r_te, &g.by_thickness.t_te);
	p = rpm_slab_parts_of(ec, a, once, g.value.r_tm, g.value.t_tm);
	rpm_slab_change(&p, tm, dq, &g.by_eta.r_tm, &g.by_eta.t_tm);
	rpm_slab_change(&p, zero, rpm_cx_scale(a, turns), &g.by_thickness.r_tm, &g.by_thickness.t_tm);
	return g;
}

#endif
