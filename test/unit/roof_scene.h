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
#define BEHIND (RPM_OVER_ROOFS | RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION)
/* So high that nothing comes over it. */
#define SKY_M 3000.0

/*
 * Free space over a band through (x, z), 0 and n + 1 its ends, times Vogler's integral; with sides (n + 2) of the screens: below the band (1) or
 * above it (-1).
 */
static inline double
roof_vogler_between(int n, const double *x, const double *z, const int *sides)
{
	rpm_chain_edge edges[RPM_EDGES_MAX];
	double		length = 0, last = hypot(x[n + 1] - x[n], z[n + 1] - z[n]), amplitude;

	for (int i = 0; i < n; i++)
	{
		double		up = atan2(z[i + 1] - z[i], x[i + 1] - x[i]), down = atan2(z[i + 2] - z[i + 1], x[i + 2] - x[i + 1]);

		edges[i] = (rpm_chain_edge) {hypot(x[i + 1] - x[i], z[i + 1] - z[i]), sides[i + 1] * 2 * sin((up - down) / 2), 1, i > 0 && sides[i + 1] != sides[i]};
		length += edges[i].leg_m;
	}
	amplitude = WAVELENGTH_M / (4 * RPM_PI * (length + last)) * rpm_knife_edges(edges, n, last, WAVELENGTH_M);
	return amplitude * amplitude;
}

/* All below. */
static inline double
roof_vogler(int n, const double *x, const double *z)
{
	static const int below[RPM_EDGES_MAX + 2] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

	return roof_vogler_between(n, x, z, below);
}

/* The gain between two world points, the first that of an isotropic antenna, to the depth of one reflection behind another. */
static inline double
roof_isotropic(map_scene *s, unsigned mechanisms, rpm_vec3 from, rpm_vec3 to)
{
	rpm_antenna antenna = map_antenna(s, RPM_PATTERN_ISOTROPIC, from.x, from.y, from.z);

	return map_gain_at(s, &antenna, mechanisms, 2, to.x, to.y, to.z);
}

/* No step above 0.5 dB between places 0.1 m apart: what is left of a change when its neighbours' is taken off. */
static inline void
roof_check_no_steps(const double *gain, int count)
{
	for (int i = 2; i + 1 < count; i++)
	{
		double		before = map_db(gain[i - 1] / gain[i - 2]), here = map_db(gain[i] / gain[i - 1]), after = map_db(gain[i + 1] / gain[i]);

		CHECK_NEAR(here, (before + after) / 2, 0.5);
	}
}

#endif
