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

/*
 * One polarisation of a slab (rpm_slab_pair): with E = e^{-2jq}, D = 1 - R'^2 E, r = R' (1 - E) / D and t = (1 - R'^2) e^{-jq} / D.
 * change: dR'; turn: dq; *dr and *dt: what r and t change by.
 */
RPM_INLINE void rpm_slab_pair_change(rpm_complex x, rpm_complex a, rpm_complex q, rpm_complex r, rpm_complex t, rpm_complex change,
									 rpm_complex turn, rpm_complex *dr, rpm_complex *dt)
{
	rpm_complex sum = rpm_cx_add(x, a), once = rpm_cx_exp(rpm_cx(q.im, -q.re)), round = rpm_cx_mul(once, once);
	rpm_complex prime, square, bottom, d_once, d_round, d_square, d_bottom;

	*dr = *dt = rpm_cx(0, 0);
	if (sum.re == 0 && sum.im == 0)
		return;
	prime = rpm_cx_div(rpm_cx_sub(x, a), sum);
	square = rpm_cx_mul(prime, prime);
	bottom = rpm_cx_mul(square, round);
	bottom = rpm_cx(1 - bottom.re, -bottom.im);
	if (bottom.re == 0 && bottom.im == 0)
		return;
	d_once = rpm_cx_mul(once, rpm_cx(turn.im, -turn.re));
	d_round = rpm_cx_scale(rpm_cx_mul(once, d_once), 2);
	d_square = rpm_cx_scale(rpm_cx_mul(prime, change), 2);
	d_bottom = rpm_cx_scale(rpm_cx_add(rpm_cx_mul(d_square, round), rpm_cx_mul(square, d_round)), -1);
	*dr = rpm_cx_sub(rpm_cx_mul(change, rpm_cx(1 - round.re, -round.im)), rpm_cx_mul(prime, d_round));
	*dr = rpm_cx_div(rpm_cx_sub(*dr, rpm_cx_mul(r, d_bottom)), bottom);
	*dt = rpm_cx_sub(rpm_cx_mul(rpm_cx(1 - square.re, -square.im), d_once), rpm_cx_mul(d_square, once));
	*dt = rpm_cx_div(rpm_cx_sub(*dt, rpm_cx_mul(t, d_bottom)), bottom);
}

/* A half-space or, with a thickness above 0, a slab, as rpm_wall takes them. */
RPM_INLINE rpm_interface_gradient rpm_interface_gradient_of(rpm_complex eta, rpm_real cos_incidence, rpm_real thickness_m,
															rpm_real wavelength_m)
{
	rpm_interface_gradient g;
	rpm_complex a = rpm_refraction_root(eta, cos_incidence), c = rpm_cx(cos_incidence, 0), ec = rpm_cx_scale(eta, cos_incidence);
	rpm_complex zero = rpm_cx(0, 0), da = zero, q, dq, te, tm;
	rpm_real	turns = (rpm_real) (2 * RPM_PI) / wavelength_m;

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
	rpm_slab_pair_change(c, a, q, g.value.r_te, g.value.t_te, te, dq, &g.by_eta.r_te, &g.by_eta.t_te);
	rpm_slab_pair_change(ec, a, q, g.value.r_tm, g.value.t_tm, tm, dq, &g.by_eta.r_tm, &g.by_eta.t_tm);
	dq = rpm_cx_scale(a, turns);
	rpm_slab_pair_change(c, a, q, g.value.r_te, g.value.t_te, zero, dq, &g.by_thickness.r_te, &g.by_thickness.t_te);
	rpm_slab_pair_change(ec, a, q, g.value.r_tm, g.value.t_tm, zero, dq, &g.by_thickness.r_tm, &g.by_thickness.t_tm);
	return g;
}

#endif
