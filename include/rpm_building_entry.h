/*
 * rpm_building_entry.h: building entry loss, Recommendation ITU-R P.2109-2 (08/2023), section 3.
 */
#ifndef RPM_BUILDING_ENTRY_H
#define RPM_BUILDING_ENTRY_H

#include <math.h>

#include "rpm_math.h"

typedef enum rpm_building_kind
{
	RPM_BUILDING_TRADITIONAL = 0,
	RPM_BUILDING_THERMALLY_EFFICIENT	/* metallised glass, foil-backed panels */
} rpm_building_kind;

/*
 * The loss in dB that is not exceeded with a probability given by its normal deviate (0: the median), equations 1 to 9 and Table 1: against the
 * level outside the lit face.  frequency_ghz stated for 0.08 to 100; elevation_deg of the path at the facade, either sign.
 */
RPM_INLINE double rpm_building_entry_loss_db(rpm_building_kind kind, double frequency_ghz, double elevation_deg, double deviate)
{
	static const double table[2][9] = {{12.64, 3.72, 0.96, 9.6, 2, 9.1, -3, 4.5, -2}, {28.19, -3, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1}};
	const double *c = table[kind];
	double		decades = log10(frequency_ghz);
	double		horizontal = c[0] + c[1] * decades + c[2] * decades * decades, elevated = 0.212 * fabs(elevation_deg);
	double		a = deviate * (c[3] + c[4] * decades) + horizontal + elevated;
	double		b = deviate * (c[7] + c[8] * decades) + c[5] + c[6] * decades;

	return 10 * log10(pow(10, 0.1 * a) + pow(10, 0.1 * b) + pow(10, 0.1 * -3.0));
}

/* The deviate that a standard normal variable is below with this probability, 1e-6 to 1 - 1e-6: within 1e-9, by Newton's steps. */
RPM_INLINE double rpm_normal_deviate(double probability)
{
	double		deviate = 0;

	for (int i = 0; i < 100; i++)
	{
		double		off = erfc(-deviate / sqrt(2.0)) / 2 - probability, density = exp(-deviate * deviate / 2) / sqrt(2 * RPM_PI);
		double		step = off / density;

		/* From the middle outwards the curve bends so that steps fall short; beyond, none is longer than 1. */
		deviate -= fmax(-1, fmin(1, step));
		if (fabs(step) < 1e-10)
			break;
	}
	return deviate;
}

#endif
