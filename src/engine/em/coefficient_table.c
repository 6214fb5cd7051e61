/*
 * coefficient_table.c: fills the tables of rpm_coefficient_table.h.
 */
#include "rpm_coefficient_table.h"

static void store(float *pair, rpm_complex value);

rpm_code
rpm_coefficient_table_build(const rpm_material *material, double frequency_hz, rpm_coefficient_table *table, rpm_status *status)
{
	rpm_complex eta;

	if (!(frequency_hz > 0) || !isfinite(frequency_hz))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the frequency as a positive number.", "frequency %g Hz is not usable",
						frequency_hz);
	eta = rpm_relative_permittivity(material, frequency_hz);
	if (!isfinite(eta.re) || !isfinite(eta.im) || eta.re < 1 || eta.im > 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT,
						"A relative permittivity is at least 1 and a conductivity not negative: check a, b, c and d of the material.",
						"material of permittivity %g and loss %g at %g MHz is not usable", eta.re, -eta.im, frequency_hz / 1e6);
	if (!(material->thickness_m >= 0) || !isfinite(material->thickness_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give a thickness in metres, 0 for a half-space.",
						"material thickness %g m is not usable", material->thickness_m);
	for (int i = 0; i <= RPM_COEFFICIENT_STEPS; i++)
	{
		double		root = (double) i / RPM_COEFFICIENT_STEPS;
		rpm_interface w = rpm_wall(material, frequency_hz, root * root);

		store(table->entries[i].r_te, w.r_te);
		store(table->entries[i].r_tm, w.r_tm);
		store(table->entries[i].t_te, w.t_te);
		store(table->entries[i].t_tm, w.t_tm);
	}
	return RPM_OK;
}

static void
store(float *pair, rpm_complex value)
{
	pair[0] = (float) value.re;
	pair[1] = (float) value.im;
}
