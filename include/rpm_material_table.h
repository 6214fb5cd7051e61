/*
 * rpm_material_table.h: the materials of Recommendation ITU-R P.2040-3 by name.
 */
#ifndef RPM_MATERIAL_TABLE_H
#define RPM_MATERIAL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "rpm_material.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_MATERIAL_EDITION "P.2040-3"
#define RPM_DEFAULT_THICKNESS_M 0.1

/* One row of the table: a name may have several frequency ranges. */
typedef struct rpm_named_material
{
	const char *name;
	double		frequency_min_hz, frequency_max_hz;	/* both belong to the range */
	double		a, b, c, d;		/* as in rpm_material */
} rpm_named_material;

/*
 * How far a frequency lies outside a range: 0 inside, else the ratio to the nearer end, less 1, since nearness of frequencies is a
 * matter of ratios.
 */
RPM_INLINE double rpm_range_distance(double frequency_min_hz, double frequency_max_hz, double frequency_hz)
{
	if (frequency_hz < frequency_min_hz)
		return frequency_min_hz / frequency_hz - 1;
	if (frequency_hz > frequency_max_hz)
		return frequency_hz / frequency_max_hz - 1;
	return 0;
}

/* All rows; those of one name lie together, in the order in which a range is chosen. */
const rpm_named_material *rpm_builtin_materials(size_t *count);

/*
 * The material of a name at a frequency: the first range that holds it, else the nearest one, extrapolated (then *extrapolated,
 * which may be NULL, is true).  Thickness 0.1 m, no scattering.  Errors: RPM_INVALID_ARGUMENT (unknown name, frequency not positive).
 */
rpm_code	rpm_find_material(const char *name, double frequency_hz, rpm_material *material, bool *extrapolated, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
