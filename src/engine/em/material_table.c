/*
 * material_table.c: Recommendation ITU-R P.2040-3 (08/2023), Table 3: eps' = a f^b, sigma = c f^d S/m, f in GHz.
 *
 * Ranges of one name stand in the order in which they are chosen: where two hold a frequency, the first is taken.
 */
#include "rpm_material_table.h"

#include <float.h>
#include <string.h>

#define GHZ 1e9

static const rpm_named_material rows[] = {
	{"vacuum", 0.001 * GHZ, 100 * GHZ, 1, 0, 0, 0},
	{"concrete", 1 * GHZ, 100 * GHZ, 5.24, 0, 0.0462, 0.7822},
	{"concrete", 110 * GHZ, 330 * GHZ, 5.17, 0, 0.0145, 1.09},
	{"brick", 1 * GHZ, 40 * GHZ, 3.91, 0, 0.0238, 0.16},
	{"brick", 110 * GHZ, 330 * GHZ, 4.15, 0, 0.0006, 1.5712},
	{"plasterboard", 1 * GHZ, 100 * GHZ, 2.73, 0, 0.0085, 0.9395},
	{"plasterboard", 110 * GHZ, 330 * GHZ, 2.56, 0, 0.0001, 1.7799},
	{"plasterboard", 100 * GHZ, 400 * GHZ, 2.65, 0, 0.0002, 1.598},
	{"wood", 0.001 * GHZ, 100 * GHZ, 1.99, 0, 0.0047, 1.0718},
	{"wood", 110 * GHZ, 330 * GHZ, 1.82, 0, 0.0040, 1.0761},
	{"wood", 100 * GHZ, 400 * GHZ, 2.1183, 0, 0.0055, 1.1113},
	{"glass", 0.1 * GHZ, 100 * GHZ, 6.31, 0, 0.0036, 1.3394},
	{"glass", 220 * GHZ, 450 * GHZ, 5.79, 0, 0.0004, 1.658},
	{"glass", 100 * GHZ, 400 * GHZ, 6.5767, 0, 0.0012, 1.4697},
	{"clear_acrylic", 110 * GHZ, 330 * GHZ, 2.58, 0, 0.0001, 1.6524},
	{"ceiling_board", 1 * GHZ, 100 * GHZ, 1.48, 0, 0.0011, 1.0750},
	{"ceiling_board", 220 * GHZ, 450 * GHZ, 1.52, 0, 0.0029, 1.029},
	{"ceiling_board", 100 * GHZ, 400 * GHZ, 1.2567, 0, 0.00013, 1.454},
	{"chipboard", 1 * GHZ, 100 * GHZ, 2.58, 0, 0.0217, 0.7800},
	{"chipboard", 100 * GHZ, 200 * GHZ, 2.16, 0, 0.0023, 1.359},
	{"plywood", 1 * GHZ, 40 * GHZ, 2.71, 0, 0.33, 0},
	{"plywood", 110 * GHZ, 330 * GHZ, 1.94, 0, 0.0067, 0.9982},
	{"plywood", 100 * GHZ, 400 * GHZ, 2.17, 0, 0.0063, 1.045},
	{"marble", 1 * GHZ, 60 * GHZ, 7.074, 0, 0.0055, 0.9262},
	{"marble", 110 * GHZ, 330 * GHZ, 7.94, 0, 0.0001, 1.733},
	{"marble", 100 * GHZ, 400 * GHZ, 8.62, 0, 0.0027, 1.15},
	{"floorboard", 50 * GHZ, 100 * GHZ, 3.66, 0, 0.0044, 1.3515},
	{"floorboard", 220 * GHZ, 300 * GHZ, 5.27, 0, 2.22e-17, 7.3413},
	{"floorboard", 300 * GHZ, 400 * GHZ, 5.27, 0, 0.0003, 2.0298},
	{"floorboard", 400 * GHZ, 450 * GHZ, 5.27, 0, 49.8726, 0},
	{"floorboard", 100 * GHZ, 400 * GHZ, 3.1575, 0, 0.001675, 1.32775},
	{"vinyl_tile", 1 * GHZ, 40 * GHZ, 3.62, 0, 0.0051, 0.8422},
	{"carpet_tile", 1 * GHZ, 40 * GHZ, 2.08, 0, 0.0009, 0.82},
	{"asphalt_concrete", 1 * GHZ, 40 * GHZ, 4.83, 0, 0.0108, 1.3969},
	{"metal", 1 * GHZ, 100 * GHZ, 1, 0, 1e7, 0},
	{"very_dry_ground", 1 * GHZ, 10 * GHZ, 3, 0, 0.00015, 2.52},
	{"medium_dry_ground", 1 * GHZ, 10 * GHZ, 15, -0.1, 0.035, 1.63},
	{"wet_ground", 1 * GHZ, 10 * GHZ, 30, -0.4, 0.15, 1.30},
};

const rpm_named_material *
rpm_builtin_materials(size_t *count)
{
	*count = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

rpm_code
rpm_find_material(const char *name, double frequency_hz, rpm_material *material, bool *extrapolated, rpm_status *status)
{
	const rpm_named_material *best = NULL;
	double		nearest = DBL_MAX;

	if (!(frequency_hz > 0) || frequency_hz > DBL_MAX)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the frequency as a positive number.",
						"frequency %g Hz of material \"%.64s\" is not usable", frequency_hz, name);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		double		distance;

		if (strcmp(rows[i].name, name) != 0)
			continue;
		distance = rpm_range_distance(rows[i].frequency_min_hz, rows[i].frequency_max_hz, frequency_hz);
		if (!best || distance < nearest)
		{
			best = &rows[i];
			nearest = distance;
		}
	}
	if (!best)
		return rpm_fail(status, RPM_INVALID_ARGUMENT,
						"The names of " RPM_MATERIAL_EDITION " are lower case with underscores, such as concrete, brick, glass, wood, "
						"metal, medium_dry_ground.", "material \"%.64s\" is not known", name);
	memset(material, 0, sizeof(*material));
	material->a = best->a;
	material->b = best->b;
	material->c = best->c;
	material->d = best->d;
	material->thickness_m = RPM_DEFAULT_THICKNESS_M;
	material->scattering_pattern = RPM_SCATTERING_LAMBERTIAN;
	material->scattering_alpha_r = material->scattering_alpha_i = 1;
	material->scattering_lambda = 1;
	if (extrapolated)
		*extrapolated = nearest > 0;
	return RPM_OK;
}
