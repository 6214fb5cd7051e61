/*
 * roof_scene.h: what the tests of the map over roofs and around corners share: the frequency, and chains of knife edges by Vogler's integral.
 */
#ifndef RPM_TEST_ROOF_SCENE_H
#define RPM_TEST_ROOF_SCENE_H

#include "map_scene.h"
#include "rpm_multiple_diffraction.h"

#define FREQUENCY_HZ 3.5e9
#define WAVELENGTH_M (RPM_SPEED_OF_LIGHT_M_S / FREQUENCY_HZ)
#define SIGHT_AND_EDGES (RPM_LINE_OF_SIGHT | RPM_DIFFRACTION)

/* Free space over a band through (x, z), 0 and n + 1 its ends, times Vogler's integral. */
static inline double
roof_vogler(int n, const double *x, const double *z)
{
	rpm_chain_edge edges[RPM_EDGES_MAX];
	double		length = 0, last = hypot(x[n + 1] - x[n], z[n + 1] - z[n]), amplitude;

	for (int i = 0; i < n; i++)
	{
		double		up = atan2(z[i + 1] - z[i], x[i + 1] - x[i]), down = atan2(z[i + 2] - z[i + 1], x[i + 2] - x[i + 1]);

		edges[i] = (rpm_chain_edge) {hypot(x[i + 1] - x[i], z[i + 1] - z[i]), 2 * sin((up - down) / 2), 1};
		length += edges[i].leg_m;
	}
	amplitude = WAVELENGTH_M / (4 * RPM_PI * (length + last)) * rpm_knife_edges(edges, n, last, WAVELENGTH_M);
	return amplitude * amplitude;
}

#endif
