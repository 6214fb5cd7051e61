/*
 * rpm_scattering.h: diffuse scattering of rough walls.
 *
 * Source: V. Degli-Esposti et al., "Measurement and modelling of scattering from buildings", IEEE Transactions on Antennas and
 * Propagation 55(1), 2007, pp. 143-153: eq. 10-15 (directive and backscattering lobes and their normalisation).
 */
#ifndef RPM_SCATTERING_H
#define RPM_SCATTERING_H

#include "rpm_fresnel.h"

/*
 * F_alpha: the integral of ((1 + cos psi) / 2)^alpha over the hemisphere, psi measured from a direction at angle theta_i from the
 * normal.  alpha 0 to 100.
 */
RPM_INLINE rpm_real rpm_lobe_integral(int alpha, rpm_real cos_incidence)
{
	double		sin2 = 1 - (double) cos_incidence * cos_incidence;
	double		sum = 0, binomial = pow(2, -alpha);	/* C(alpha, j) / 2^alpha */
	double		odd = 0, term = 1;	/* sum over w of C(2w, w) sin^{2w} / 4^w */
	int			j;

	for (j = 0; j <= alpha; j++)
	{
		if (j % 2 == 0)
			sum += binomial / (j + 1);
		else
		{
			odd += term;
			term *= sin2 * (j) / (j + 1);
			sum += binomial * cos_incidence * odd / (j + 1);
		}
		binomial *= (double) (alpha - j) / (j + 1);
	}
	return (rpm_real) (2 * RPM_PI * sum);
}

/*
 * f_s: the share of the scattered power per steradian sent along k_out, of what arrived along k_in (unit directions of travel); it
 * integrates to 1 over the hemisphere on the side of incidence and is 0 on the other.  The normal's sense does not matter.
 */
RPM_INLINE rpm_real rpm_scattering_lobe(const rpm_material *material, rpm_vec3 k_in, rpm_vec3 k_out, rpm_vec3 normal)
{
	rpm_real	arriving = rpm_dot(k_in, normal), leaving = rpm_dot(k_out, normal);
	rpm_real	cos_incidence = (rpm_real) fmin(fabs(arriving), 1.0), forward, backward, share;

	if (arriving * leaving > 0 || leaving == 0)
		return 0;
	if (material->scattering_pattern == RPM_SCATTERING_LAMBERTIAN)
		return (rpm_real) (fabs(leaving) / RPM_PI);
	share = material->scattering_pattern == RPM_SCATTERING_DIRECTIVE ? 1 : material->scattering_lambda;
	forward = (rpm_real) fmax(0.0, 1 + rpm_dot(rpm_mirror_direction(k_in, normal), k_out)) / 2;
	backward = (rpm_real) fmax(0.0, 1 - rpm_dot(k_in, k_out)) / 2;
	forward = (rpm_real) pow(forward, material->scattering_alpha_r);
	if (share == 1)
		return forward / rpm_lobe_integral(material->scattering_alpha_r, cos_incidence);
	backward = (rpm_real) pow(backward, material->scattering_alpha_i);
	return (share * forward + (1 - share) * backward)
		/ (share * rpm_lobe_integral(material->scattering_alpha_r, cos_incidence)
		   + (1 - share) * rpm_lobe_integral(material->scattering_alpha_i, cos_incidence));
}

/*
 * The scattered field per square root of steradian for the incident field e (world axes): |e_s|^2 = S^2 Gamma^2 |e|^2 f_s, so that
 * its integral over the hemisphere is the diffuse share S^2 of the power Gamma^2 |e|^2 that a smooth wall would reflect
 * (Gamma = |reflected| / |e| with the wall's coefficients c).  The components in the TE/TM basis of incidence are mixed by the
 * rotation of K_x (cross-polarised share) and laid into that of k_out.  Only its power has a meaning, its phase has none.  The caller
 * scales the specular part by sqrt(1 - S^2).
 */
RPM_INLINE rpm_cvec3 rpm_scatter_field(const rpm_material *material, rpm_interface c, rpm_cvec3 e, rpm_vec3 k_in, rpm_vec3 k_out,
									   rpm_vec3 normal)
{
	rpm_vec3	u = rpm_te_axis(k_in, normal), p = rpm_cross(u, k_in);
	rpm_vec3	u_out = rpm_te_axis(k_out, normal), p_out = rpm_cross(u_out, k_out);
	rpm_complex te = rpm_cvec_dot(e, u), tm = rpm_cvec_dot(e, p);
	rpm_real	power = rpm_cx_norm2(te) + rpm_cx_norm2(tm);
	rpm_real	reflected = rpm_cx_norm2(rpm_cx_mul(c.r_te, te)) + rpm_cx_norm2(rpm_cx_mul(c.r_tm, tm));
	rpm_real	kept = (rpm_real) sqrt(1 - material->cross_polarisation), crossed = (rpm_real) sqrt(material->cross_polarisation);
	rpm_real	amplitude;

	if (!(power > 0))
		return rpm_cvec_zero();
	amplitude = material->scattering_coefficient
		* (rpm_real) sqrt(reflected / power * rpm_scattering_lobe(material, k_in, k_out, normal));
	return rpm_cvec_scale(rpm_cvec_add(rpm_cvec(u_out, rpm_cx_sub(rpm_cx_scale(te, kept), rpm_cx_scale(tm, crossed))),
									   rpm_cvec(p_out, rpm_cx_add(rpm_cx_scale(te, crossed), rpm_cx_scale(tm, kept)))), amplitude);
}

#endif
