/*
 * fit_scan.c: a look beyond the nearest bottom of the cost.
 *
 * A slab's reflection goes up and down with its optical thickness, so the cost has a bottom every quarter of a wave or so in a material's
 * permittivity, and steps along the slope find the nearest.  The permittivity of each fitted material with a thickness is tried at steps
 * over its prior, on some of the cells, the others' as they are.
 */
#include <math.h>

#include "calibrate/fit.h"

#define SCAN_STEP 0.05
#define SCAN_STEPS 15			/* to either side */
#define SCAN_CELLS 1500
/* A cost so much lower, on all cells' scale, is another bottom. */
#define SCAN_GAIN 1.0

static bool is_slab(const rpm_fit_work *work, int parameter);
static rpm_code scan_parameter(rpm_fit_work *work, int parameter, double *best, rpm_status *status);

rpm_code
rpm_fit_scan(rpm_fit_work *work, bool *moved, rpm_status *status)
{
	size_t		stride = work->stride;
	rpm_code	code = RPM_OK;

	*moved = false;
	if (work->fitted_cells > stride * SCAN_CELLS)
		work->stride = work->fitted_cells / SCAN_CELLS;
	for (int i = 0; i < work->count && code == RPM_OK; i++)
	{
		double		before = work->z[i], best = before;

		if (work->calibration->parameters[work->index[i]].kind != RPM_PARAMETER_PERMITTIVITY || !is_slab(work, i))
			continue;
		code = scan_parameter(work, i, &best, status);
		work->z[i] = best;
		rpm_fit_set(work, work->z);
		*moved |= best != before;
	}
	work->stride = stride;
	return code;
}

/* Of a material that has a thickness at some antenna's frequency. */
static bool
is_slab(const rpm_fit_work *work, int parameter)
{
	const rpm_calibrate_input *input = &work->store->input;

	for (int a = 0; a < input->antenna_count; a++)
		if (input->antennas[a].materials[work->calibration->parameters[work->index[parameter]].owner].thickness_m > 0)
			return true;
	return false;
}

static rpm_code
scan_parameter(rpm_fit_work *work, int parameter, double *best, rpm_status *status)
{
	double		here, lowest;
	rpm_code	code = rpm_fit_sum(work, false, status);

	here = lowest = work->cost;
	for (int k = -SCAN_STEPS; k <= SCAN_STEPS && code == RPM_OK; k++)
	{
		double		z = work->prior[parameter] + k * SCAN_STEP;

		if (z < work->low[parameter] || z > work->high[parameter])
			continue;
		work->z[parameter] = z;
		rpm_fit_set(work, work->z);
		code = rpm_fit_sum(work, false, status);
		if (code == RPM_OK && work->cost < lowest && work->cost < here - SCAN_GAIN)
		{
			lowest = work->cost;
			*best = z;
		}
	}
	return code;
}
