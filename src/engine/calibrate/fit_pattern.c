/*
 * fit_pattern.c: the floors of antennas' patterns, which the cost knows from one side only.
 *
 * A pattern's attenuation ends at its side-lobe floor and at its front-to-back ratio.  A floor that is too low is seen at once; one that is
 * too high at those directions alone which the rest of the pattern has not made weak before, and often at none: the cost falls towards its
 * bottom, then stays level.  The equations at the bottom know one slope of the two.  So floors are tried over their prior at the end, all
 * antennas at once, since a cell knows its own antenna only; each takes the mean of what the measurements and the prior make likely, and
 * its deviation.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit.h"

#define CELLS 1000
/* In the prior's deviations. */
#define STEP 0.25
#define STEPS_ASIDE 10
#define STEPS (2 * STEPS_ASIDE + 1)

typedef struct floor_task
{
	rpm_fit_work *work;
	double	   *costs;			/* threads x antennas */
} floor_task;

static rpm_code try_floors(rpm_fit_work *work, int kind, double *costs, rpm_status *status);
static void cost_range(void *context, int64_t begin, int64_t end, int thread);
static void take_mean(rpm_fit_work *work, int parameter, const double *costs, double *variance);
static double z_of_step(const rpm_fit_work *work, int parameter, int step);

rpm_code
rpm_fit_floors(rpm_fit_work *work, double *variance, rpm_status *status)
{
	size_t		antennas = (size_t) work->store->input.antenna_count, stride = work->stride, n = (size_t) work->count;
	double	   *costs = calloc(antennas * STEPS + n + 1, sizeof(double)), *before = costs + antennas * STEPS;
	rpm_code	code = costs ? RPM_OK : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the floors of %zu antennas", antennas);

	if (work->fitted_cells > stride * CELLS)
		work->stride = work->fitted_cells / CELLS;
	for (int kind = RPM_PARAMETER_SIDE_LOBE_FLOOR_DB; kind <= RPM_PARAMETER_FRONT_TO_BACK_DB && code == RPM_OK; kind++)
	{
		bool		any = false;

		for (size_t a = 0; a < antennas; a++)
			any |= work->place[rpm_antenna_parameter((int32_t) a, kind)] >= 0;
		if (!any)
			continue;
		memcpy(before, work->z, n * sizeof(double));
		code = try_floors(work, kind, costs, status);
		memcpy(work->z, before, n * sizeof(double));
		for (size_t a = 0; a < antennas && code == RPM_OK; a++)
			if (work->place[rpm_antenna_parameter((int32_t) a, kind)] >= 0)
				take_mean(work, work->place[rpm_antenna_parameter((int32_t) a, kind)], costs + a * STEPS, variance);
		rpm_fit_set(work, work->z);
	}
	work->stride = stride;
	work->fresh = false;
	free(costs);
	return code;
}

/* costs: antennas x STEPS, of the antenna's cells alone. */
static rpm_code
try_floors(rpm_fit_work *work, int kind, double *costs, rpm_status *status)
{
	size_t		antennas = (size_t) work->store->input.antenna_count;
	floor_task	task = {work, malloc((size_t) work->threads * antennas * sizeof(double))};
	rpm_code	code = task.costs ? RPM_OK : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the floors of %zu antennas", antennas);

	for (int step = 0; step < STEPS && code == RPM_OK; step++)
	{
		memset(task.costs, 0, (size_t) work->threads * antennas * sizeof(double));
		for (size_t a = 0; a < antennas; a++)
		{
			int32_t		i = work->place[rpm_antenna_parameter((int32_t) a, kind)];

			if (i >= 0)
				work->z[i] = z_of_step(work, i, step);
		}
		rpm_fit_set(work, work->z);
		code = rpm_store_tables_fill(&work->tables, &work->values, false, work->control, status);
		if (code == RPM_OK)
			code = rpm_parallel_for(work->control, (int64_t) work->store->input.cell_count, 64, cost_range, &task, status);
		for (size_t a = 0; a < antennas; a++)
		{
			costs[a * STEPS + (size_t) step] = 0;
			for (int t = 0; t < work->threads; t++)
				costs[a * STEPS + (size_t) step] += task.costs[(size_t) t * antennas + a] * (double) work->stride;
		}
	}
	free(task.costs);
	return code;
}

static void
cost_range(void *context, int64_t begin, int64_t end, int thread)
{
	floor_task *task = context;
	rpm_fit_work *work = task->work;
	double	   *own = task->costs + (size_t) thread * (size_t) work->store->input.antenna_count, level;

	for (int64_t i = begin; i < end; i++)
	{
		const rpm_calibrate_cell *cell = &work->store->input.cells[i];

		if (work->weights[i] > 0 && rpm_fit_sampled(work, (size_t) i))
		{
			if (!rpm_store_level(work->store, &work->values, (size_t) i, 0, &work->scratch[thread], &level))
				level = RPM_FIT_NOTHING_DBM;
			own[cell->antenna] += work->weights[i] * rpm_fit_loss(work, level, cell->level_dbm);
		}
	}
}

static double
z_of_step(const rpm_fit_work *work, int parameter, int step)
{
	double		z = work->prior[parameter] + (step - STEPS_ASIDE) * STEP * work->sd[parameter];

	return fmin(work->high[parameter], fmax(work->low[parameter], z));
}

/* costs: of the cells at each step; to which the prior is added. */
static void
take_mean(rpm_fit_work *work, int parameter, const double *costs, double *variance)
{
	double		lowest = INFINITY, sum = 0, mean = 0, square = 0;

	for (int step = 0; step < STEPS; step++)
	{
		double		u = (z_of_step(work, parameter, step) - work->prior[parameter]) / work->sd[parameter];

		lowest = fmin(lowest, costs[step] + u * u / 2);
	}
	for (int step = 0; step < STEPS; step++)
	{
		double		z = z_of_step(work, parameter, step), u = (z - work->prior[parameter]) / work->sd[parameter];
		double		weight = exp(lowest - costs[step] - u * u / 2);

		sum += weight;
		mean += weight * z;
		square += weight * z * z;
	}
	mean /= sum;
	square = fmax(0, square / sum - mean * mean);
	/* Narrower than the steps the equations know it as well. */
	if (square < STEP * STEP * work->sd[parameter] * work->sd[parameter])
		return;
	work->z[parameter] = mean;
	variance[parameter] = square;
}
