/*
 * rpm_coefficient_table.h: the coefficients of one wall at one frequency as a table over the angle, for the ray launcher.
 *
 * Entries lie evenly in sqrt(cos theta), because lossy walls change fastest near grazing incidence; between them the complex
 * coefficients are linear.  Held in single precision: 64 KiB, which a core's second-level cache keeps.
 */
#ifndef RPM_COEFFICIENT_TABLE_H
#define RPM_COEFFICIENT_TABLE_H

#include "rpm_fresnel.h"
#include "rpm_status.h"

#define RPM_COEFFICIENT_STEPS 2048

typedef struct rpm_coefficient_entry { float r_te[2], r_tm[2], t_te[2], t_tm[2]; } rpm_coefficient_entry;

typedef struct rpm_coefficient_table
{
	rpm_coefficient_entry entries[RPM_COEFFICIENT_STEPS + 1];
} rpm_coefficient_table;

RPM_INLINE rpm_complex rpm_coefficient_between(const float *a, const float *b, rpm_real part)
{
	return rpm_cx(a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1]));
}

/* The coefficients at cos_incidence, clamped to [0, 1]. */
RPM_INLINE rpm_interface rpm_coefficient_lookup(const rpm_coefficient_table *table, rpm_real cos_incidence)
{
	rpm_real	place = RPM_COEFFICIENT_STEPS * (rpm_real) sqrt(fmin(fmax(cos_incidence, 0.0), 1.0));
	int			low = (int) place;
	const rpm_coefficient_entry *a, *b;
	rpm_real	part;
	rpm_interface w;

	low = low < RPM_COEFFICIENT_STEPS ? low : RPM_COEFFICIENT_STEPS - 1;
	a = table->entries + low;
	b = a + 1;
	part = place - low;
	w.r_te = rpm_coefficient_between(a->r_te, b->r_te, part);
	w.r_tm = rpm_coefficient_between(a->r_tm, b->r_tm, part);
	w.t_te = rpm_coefficient_between(a->t_te, b->t_te, part);
	w.t_tm = rpm_coefficient_between(a->t_tm, b->t_tm, part);
	return w;
}

#ifdef __cplusplus
extern "C" {
#endif

/* Fills a table for a material at a frequency.  Errors: RPM_INVALID_ARGUMENT (frequency, thickness or permittivity that cannot be). */
rpm_code	rpm_coefficient_table_build(const rpm_material *material, double frequency_hz, rpm_coefficient_table *table,
										rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
