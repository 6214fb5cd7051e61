/*
 * rpm_material.h: what walls, roofs and ground are made of.
 *
 * Source: Recommendation ITU-R P.2040-3 (08/2023), section 3 and Table 3: relative permittivity
 * eps' = a f^b, conductivity sigma = c f^d S/m, f in GHz.
 */
#ifndef RPM_MATERIAL_H
#define RPM_MATERIAL_H

#include "rpm_math.h"

typedef enum rpm_scattering_pattern
{
	RPM_SCATTERING_LAMBERTIAN = 0,
	RPM_SCATTERING_DIRECTIVE,
	RPM_SCATTERING_BACKSCATTERING
} rpm_scattering_pattern;

/* One material at one frequency range.  Constant eps_r and sigma: b = d = 0. */
typedef struct rpm_material
{
	rpm_real	a, b, c, d;
	rpm_real	thickness_m;	/* slab; 0: half-space (reflects as a half-space, transmits nothing) */
	rpm_real	scattering_coefficient; /* S, 0 to 1: the share S^2 of the reflected power is diffuse */
	rpm_real	cross_polarisation; /* K_x, 0 to 1: the share of the diffuse power that changes polarisation */
	int			scattering_pattern; /* rpm_scattering_pattern */
	int			scattering_alpha_r; /* lobe exponents, 1 to 100 */
	int			scattering_alpha_i;
	rpm_real	scattering_lambda;	/* share of the forward lobe, 0 to 1 (backscattering pattern only) */
} rpm_material;

/* Real part of the relative permittivity, and conductivity in S/m. */
RPM_INLINE double rpm_real_permittivity(const rpm_material *material, rpm_real frequency_hz)
{
	return material->a * pow(frequency_hz * 1e-9, material->b);
}

RPM_INLINE double rpm_conductivity_s_m(const rpm_material *material, rpm_real frequency_hz)
{
	return material->c * pow(frequency_hz * 1e-9, material->d);
}

/* Complex relative permittivity eta = eps' - j sigma / (2 pi f eps0) (P.2040-3, eq. 9b with the sign of e^{+j w t}). */
RPM_INLINE rpm_complex rpm_relative_permittivity(const rpm_material *material, rpm_real frequency_hz)
{
	double		eps = rpm_real_permittivity(material, frequency_hz);
	double		sigma = rpm_conductivity_s_m(material, frequency_hz);

	return rpm_cx((rpm_real) eps, (rpm_real) (-sigma / (2 * RPM_PI * frequency_hz * RPM_VACUUM_PERMITTIVITY_F_M)));
}

#endif
