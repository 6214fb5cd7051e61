/*
 * fit.c: the fit of a site: Levenberg-Marquardt steps over the store of paths, then what was learned and how well.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit.h"
#include "field/dense.h"

#define DAMPING_START 1e-3
#define DAMPING_MOST 1e8
/* At least, once a step was too long. */
#define DAMPING_AGAIN 1e-2
/*
 * A step shorter than this share of the priors' deviations ends the fit, or a cost that falls by less than this and this share; of a step
 * that is hardly damped, less than this for each parameter besides: half a unit of the cost is a standard error of one parameter, 0.005 a
 * tenth of one.
 */
#define STEP_END 1e-3
#define COST_END 0.02
#define COST_OF_PARAMETER_END 0.005
#define COST_SHARE_END 2e-5
#define COST_SHARE_FIRST 1e-3
/* The scale stays once a round changes it by less than this, or after so many. */
#define SCALE_SETTLED 0.02
#define SCALE_ROUNDS 6
#define MOST_ITERATIONS 1000
/* The first rounds are on so many cells; all cells come when these have come to rest, or after half of the rounds. */
#define FIRST_CELLS 1500
/* Of the fall that the equations promise: a step that keeps more than the one is damped less next time, less than the other more. */
#define PROMISE_KEPT 0.75
#define PROMISE_BROKEN 0.25
/* Damped less than this a step is where the equations say that the bottom is. */
#define DAMPING_FREE 0.1
/* So many times buildings are taken to other bottoms, on the first cells where there are more. */
#define LOOKS_MOST 2
/* From so much learned on the measurements decide, not the prior. */
#define IDENTIFIABLE 0.5

typedef struct levels_task
{
	const rpm_path_store *store;
	rpm_store_values values;
	rpm_store_scratch *scratch;
	double	   *levels;
} levels_task;

static rpm_code check_cells(rpm_fit_work *work, rpm_status *status);
static rpm_code create(rpm_fit_work *work, rpm_status *status);
static void release(rpm_fit_work *work);
static rpm_code run(rpm_fit_work *work, rpm_status *status);
static rpm_code next_stage(rpm_fit_work *work, rpm_fit_embedding *embedding, bool *scanned, bool *ended, rpm_status *status);
static rpm_code steps(rpm_fit_work *work, rpm_fit_embedding *embedding, double *before, const double *kept, double cost, bool *ended,
					  rpm_status *status);
static double promised(const rpm_fit_work *work, const double *from, const double *to);
static rpm_code find_errors(rpm_fit_work *work, rpm_status *status);
static void judge(const rpm_fit_work *work, rpm_calibrate_fitness *fitted, rpm_calibrate_fitness *held_out);
static void judge_cell(const rpm_fit_work *work, size_t cell, rpm_calibrate_fitness *fitness);
static void finish_judging(rpm_calibrate_fitness *fitness);
static void levels_range(void *context, int64_t begin, int64_t end, int thread);

void
rpm_calibrate_options_default(rpm_calibrate_options *options)
{
	*options = (rpm_calibrate_options) {.method = RPM_CALIBRATE_BUILDING, .loss = RPM_LOSS_HUBER, .floor_dbm = NAN, .max_iterations = 60,
		.seed = 1};
}

rpm_code
rpm_calibrate(const rpm_path_store *store, const rpm_calibrate_options *options, rpm_control *control, rpm_calibration *calibration,
			  rpm_status *status)
{
	rpm_fit_work work = {.store = store, .options = options, .control = control, .calibration = calibration,
	.threads = rpm_thread_count(control), .stride = 1};
	rpm_code	code;

	if (!(options->correlation_m >= 0) || !isfinite(options->correlation_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres, or 0.", "correlation_m is %g", options->correlation_m);
	work.want = options->method == RPM_CALIBRATE_A ? RPM_WANT_ANTENNAS
		: options->method == RPM_CALIBRATE_M ? RPM_WANT_WALLS : RPM_WANT_ANTENNAS | RPM_WANT_WALLS;
	if (options->max_iterations < 0 || options->max_iterations > MOST_ITERATIONS)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Ten to forty are usual.", "max_iterations %d is not between 0 and %d", options->max_iterations,
						MOST_ITERATIONS);
	code = check_cells(&work, status);
	if (code != RPM_OK)
		return code;
	rpm_phase_begin(control, RPM_PHASE_LEARNING, options->max_iterations + 1);
	rpm_crew_begin(control);
	code = create(&work, status);
	if (code == RPM_OK)
		code = run(&work, status);
	rpm_crew_end();
	release(&work);
	return code;
}

static rpm_code
check_cells(rpm_fit_work *work, rpm_status *status)
{
	for (size_t i = 0; i < work->store->input.cell_count; i++)
	{
		const rpm_calibrate_cell *cell = &work->store->input.cells[i];

		if (!(cell->weight > 0) || isnan(cell->level_dbm))
			continue;
		work->fitted_cells++;
		work->censored_cells += rpm_fit_at_floor(work->options, cell->level_dbm);
	}
	if (work->fitted_cells == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Measure the site's antennas first, or hold fewer cells out.",
						"there is no measured cell to calibrate with");
	if (work->censored_cells == work->fitted_cells)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the floor of the receiver that measured; levels at or below it say only \"weaker\".",
						"all %zu measured cells are at or below the floor of %g dBm", work->fitted_cells, work->options->floor_dbm);
	return RPM_OK;
}

static rpm_code
create(rpm_fit_work *work, rpm_status *status)
{
	size_t		cells = work->store->input.cell_count;
	rpm_code	code;

	work->levels = calloc(cells, sizeof(double));
	work->sorted = calloc(cells, sizeof(double));
	work->weights = calloc(cells, sizeof(double));
	work->scratch = calloc((size_t) work->threads, sizeof(rpm_store_scratch));
	if (!work->levels || !work->sorted || !work->weights || !work->scratch)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the levels of %zu cells", cells);
	code = rpm_fit_weigh(work, status);
	if (code == RPM_OK)
		code = rpm_store_values_create(work->store, &work->values, status);
	for (int t = 0; t < work->threads && code == RPM_OK; t++)
		code = rpm_store_scratch_create(work->store, &work->scratch[t], status);
	if (code != RPM_OK)
		return code;
	rpm_store_values_set(work->store, work->calibration->parameters, &work->values);
	work->values.tables = &work->tables;
	for (size_t i = 0; i < work->calibration->parameter_count; i++)
		work->calibration->parameters[i].fitted = false;
	code = rpm_fit_tabulate(work, status);
	if (code == RPM_OK)
		code = rpm_fit_levels(work, RPM_FIT_CELLS | RPM_FIT_HELD_OUT, status);
	if (code != RPM_OK)
		return code;
	rpm_fit_find_scale(work);
	judge(work, &work->calibration->fitted_before, &work->calibration->held_out_before);
	code = rpm_fit_choose(work, status);
	return code == RPM_OK ? rpm_fit_tabulate(work, status) : code;
}

static void
release(rpm_fit_work *work)
{
	for (int t = 0; t < work->threads && work->scratch; t++)
		rpm_store_scratch_free(&work->scratch[t]);
	free(work->scratch);
	rpm_store_values_free(&work->values);
	rpm_store_tables_free(&work->tables);
	free(work->levels);
	free(work->sorted);
	free(work->weights);
	free(work->index);
	free(work->place);
	free(work->z);
	free(work->normal);
	free(work->thread_sums);
	free(work->bottoms);
}

static rpm_code
run(rpm_fit_work *work, rpm_status *status)
{
	rpm_calibration *calibration = work->calibration;
	rpm_fit_embedding embedding;
	bool		ended = work->count == 0, scanned = false;
	rpm_code	code = rpm_fit_embedding_create(work, work->options->method == RPM_CALIBRATE_AMV, &embedding, status);

	work->damping = DAMPING_START;
	work->smooth = true;
	work->looks = LOOKS_MOST;
	work->stride = work->fitted_cells >= 2 * FIRST_CELLS ? work->fitted_cells / FIRST_CELLS : 1;
	for (calibration->iterations = 0; code == RPM_OK && !ended && calibration->iterations < work->options->max_iterations;
		 calibration->iterations++)
	{
		code = rpm_fit_round(work, &embedding, &ended, status);
		rpm_phase_add(work->control, 1);
		if (code == RPM_OK && (ended || (work->stride > 1 && calibration->iterations >= work->options->max_iterations / 2)))
		{
			work->damping = ended ? DAMPING_START : work->damping;
			code = next_stage(work, &embedding, &scanned, &ended, status);
		}
	}
	work->fresh = work->fresh && work->stride == 1;
	work->stride = 1;
	rpm_fit_embedding_free(&embedding);
	if (code != RPM_OK)
		return code;
	calibration->converged = ended;
	code = find_errors(work, status);
	calibration->scale_db = work->scale_db;
	judge(work, &calibration->fitted_after, &calibration->held_out_after);
	return code;
}

/* After a fit has come to rest: a look at other bottoms, then all cells, then at those of buildings.  *ended: there is nothing left to do. */
static rpm_code
next_stage(rpm_fit_work *work, rpm_fit_embedding *embedding, bool *scanned, bool *ended, rpm_status *status)
{
	bool		moved = false;
	rpm_code	code = RPM_OK;

	if (!*scanned && *ended)
	{
		code = rpm_fit_scan(work, &moved, status);
		*scanned = true;
		if (moved)
			rpm_fit_embedding_restart(work, embedding);
	}
	if (code == RPM_OK && *ended && !moved && work->options->method == RPM_CALIBRATE_BUILDING && work->looks > 0)
	{
		work->looks--;
		code = rpm_fit_move_buildings(work, &moved, status);
		work->fresh = work->fresh && !moved;
		if (moved)
			rpm_fit_embedding_restart(work, embedding);
	}
	*ended = *ended && !moved && work->stride == 1;
	if (code != RPM_OK || moved || work->stride == 1)
		return code;
	work->stride = 1;
	work->looks = 0;
	work->fresh = false;
	work->settled = work->smooth = true;
	code = rpm_fit_levels(work, RPM_FIT_CELLS, status);
	rpm_fit_find_scale(work);
	return code;
}

rpm_code
rpm_fit_round(rpm_fit_work *work, rpm_fit_embedding *embedding, bool *ended, rpm_status *status)
{
	size_t		n = (size_t) work->count;
	size_t		equations = n * n + n;	/* normal and slope, which lie together */
	double	   *before = malloc((2 * n + equations) * sizeof(double)), *kept = before + 2 * n, cost;
	rpm_code	code = RPM_OK;

	if (before == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a step of %d parameters", work->count);
	memcpy(before, work->z, n * sizeof(double));
	if (!work->fresh)
		code = rpm_fit_sum(work, true, status);
	cost = work->cost;
	memcpy(kept, work->normal, equations * sizeof(double));
	*ended = true;
	if (code == RPM_OK)
		code = steps(work, embedding, before, kept, cost, ended, status);
	free(before);
	/* The scale follows the residuals while these fall, then stays: else the cost had no bottom to come to rest at. */
	if (code == RPM_OK && !work->settled)
	{
		double		scale_db = work->scale_db;

		rpm_fit_find_scale(work);
		work->settled = fabs(work->scale_db / scale_db - 1) < SCALE_SETTLED || work->calibration->iterations >= SCALE_ROUNDS;
		work->fresh = false;
		*ended = *ended && work->settled;
	}
	return code;
}

/* before: where it stands, and room for where it goes; kept: the equations there. */
static rpm_code
steps(rpm_fit_work *work, rpm_fit_embedding *embedding, double *before, const double *kept, double cost, bool *ended, rpm_status *status)
{
	size_t		n = (size_t) work->count;
	/* A coarse stage ends where the cells that it leaves out matter more than another step; half a unit is one of them in one parameter. */
	double	   *z = before + n, least = COST_END + (work->stride > 1 ? COST_SHARE_FIRST : COST_SHARE_END) * cost, free_least = least + COST_OF_PARAMETER_END * (double) n, gain, longest = 0;
	bool		at_once = work->settled && work->smooth;	/* the step's equations with its cost: they serve the next round */
	rpm_code	code = RPM_OK;

	work->fresh = false;
	for (bool first = true; code == RPM_OK && work->damping < DAMPING_MOST; work->damping = fmax(DAMPING_AGAIN, 8 * work->damping), first = false)
	{
		if (!rpm_fit_embedding_step(work, embedding, work->damping, z))
			continue;
		gain = promised(work, before, z);
		if (work->settled && work->damping < DAMPING_FREE && gain < free_least)
		{
			work->cost = cost;
			work->fresh = true;
			return RPM_OK;
		}
		rpm_fit_set(work, z);
		code = rpm_fit_sum(work, at_once, status);
		if (code != RPM_OK || work->cost < cost)
		{
			double		kept_of_promise = (cost - work->cost) / gain;

			work->fresh = at_once;
			work->smooth = first && kept_of_promise > PROMISE_BROKEN;
			rpm_fit_embedding_accept(embedding);
			for (size_t i = 0; i < n; i++)
				longest = fmax(longest, fabs(z[i] - before[i]) / work->sd[i]);
			*ended = longest < STEP_END || cost - work->cost < (work->damping < DAMPING_FREE ? free_least : least);
			if (kept_of_promise > PROMISE_KEPT)
				work->damping = fmax(1e-9, work->damping / 8);
			else if (kept_of_promise < PROMISE_BROKEN)
				work->damping *= 4;
			return code;
		}
		at_once = work->smooth = false;
		rpm_fit_set(work, before);
		memcpy(work->normal, kept, (n * n + n) * sizeof(double));
	}
	return code == RPM_OK ? rpm_fit_sum(work, false, status) : code;
}

/* What the equations say that the cost falls by. */
static double
promised(const rpm_fit_work *work, const double *from, const double *to)
{
	size_t		n = (size_t) work->count;
	double		sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		double		step = to[i] - from[i];

		sum -= work->slope[i] * step;
		for (size_t k = 0; k < n; k++)
			sum -= step * work->normal[i * n + k] * (to[k] - from[k]) / 2;
	}
	return sum;
}

/* The posterior's deviations, from the normal equations at the end and what other bottoms add. */
static rpm_code
find_errors(rpm_fit_work *work, rpm_status *status)
{
	size_t		n = (size_t) work->count;
	double	   *column = calloc(2 * n + 1, sizeof(double)), *aside = column + n;
	rpm_code	code = column ? RPM_OK : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the errors of %d parameters", work->count);
	unsigned	levels = RPM_FIT_CELLS | RPM_FIT_HELD_OUT;
	bool		factored;

	if (code == RPM_OK && work->calibration->converged)
		code = rpm_fit_floors(work, aside, status);
	if (code == RPM_OK && !work->fresh)
	{
		code = rpm_fit_sum(work, true, status);
		levels = RPM_FIT_HELD_OUT;
	}
	for (size_t i = 0; i < n && code == RPM_OK; i++)
		aside[i] = fmax(0, aside[i] - 1 / work->normal[i * n + i]);
	if (code == RPM_OK)
		code = rpm_fit_levels(work, levels, status);
	if (code == RPM_OK && work->options->method == RPM_CALIBRATE_BUILDING)
		code = rpm_fit_spread(work, aside, status);
	if (code == RPM_OK)
		rpm_fit_add_bottoms(work, aside);
	factored = code == RPM_OK && dense_factor(work->normal, work->count);

	for (size_t i = 0; i < n && factored; i++)
	{
		rpm_parameter *parameter = &work->calibration->parameters[work->index[i]];
		double		variance = aside[i];

		/* Column i of the factor's inverse. */
		for (size_t r = i; r < n; r++)
		{
			column[r] = r == i ? 1 : 0;
			for (size_t k = i; k < r; k++)
				column[r] -= work->normal[r * n + k] * column[k];
			column[r] /= work->normal[r * n + r];
			variance += column[r] * column[r];
		}
		parameter->standard_error = sqrt(variance);
		parameter->learned = fmax(0, 1 - variance / (parameter->prior_sd * parameter->prior_sd));
		parameter->identifiable = parameter->learned >= IDENTIFIABLE;
		parameter->at_bound = work->z[i] <= work->low[i] || work->z[i] >= work->high[i];
		if (rpm_stopped(work->control))
			code = RPM_CANCELLED;
	}
	free(column);
	return code;
}

static void
judge(const rpm_fit_work *work, rpm_calibrate_fitness *fitted, rpm_calibrate_fitness *held_out)
{
	memset(fitted, 0, sizeof *fitted);
	memset(held_out, 0, sizeof *held_out);
	for (size_t i = 0; i < work->store->input.cell_count; i++)
		judge_cell(work, i, work->store->input.cells[i].weight > 0 ? fitted : held_out);
	finish_judging(fitted);
	finish_judging(held_out);
}

static void
judge_cell(const rpm_fit_work *work, size_t cell, rpm_calibrate_fitness *fitness)
{
	double		measured = work->store->input.cells[cell].level_dbm, error = work->levels[cell] - measured;

	if (isnan(measured))
		return;
	if (rpm_fit_at_floor(work->options, measured))
	{
		fitness->censored++;
		return;
	}
	fitness->count++;
	fitness->bias_db += error;
	fitness->mae_db += fabs(error);
	fitness->rmse_db += error * error;
}

static void
finish_judging(rpm_calibrate_fitness *fitness)
{
	double		count = fitness->count > 0 ? (double) fitness->count : NAN;

	fitness->bias_db /= count;
	fitness->mae_db /= count;
	fitness->rmse_db = sqrt(fitness->rmse_db / count);
}

rpm_code
rpm_calibration_levels(const rpm_path_store *store, const rpm_calibration *calibration, rpm_control *control, double *level_dbm,
					   rpm_status *status)
{
	int			threads = rpm_thread_count(control);
	levels_task task = {.store = store, .levels = level_dbm, .scratch = calloc((size_t) threads, sizeof(rpm_store_scratch))};
	rpm_code	code = task.scratch ? rpm_store_values_create(store, &task.values, status)
		: rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for levels");

	for (int t = 0; t < threads && code == RPM_OK; t++)
		code = rpm_store_scratch_create(store, &task.scratch[t], status);
	if (code == RPM_OK)
	{
		rpm_store_values_set(store, calibration->parameters, &task.values);
		code = rpm_parallel_for(control, (int64_t) store->input.cell_count, 64, levels_range, &task, status);
	}
	for (int t = 0; t < threads && task.scratch; t++)
		rpm_store_scratch_free(&task.scratch[t]);
	free(task.scratch);
	rpm_store_values_free(&task.values);
	return code;
}

static void
levels_range(void *context, int64_t begin, int64_t end, int thread)
{
	levels_task *task = context;

	for (int64_t i = begin; i < end; i++)
		(void) rpm_store_level(task->store, &task->values, (size_t) i, 0, &task->scratch[thread], &task->levels[i]);
}

rpm_code
rpm_calibration_gradient(const rpm_path_store *store, const rpm_calibration *calibration, size_t cell, double *level_dbm,
						 double *gradient, rpm_status *status)
{
	rpm_store_values values;
	rpm_store_scratch scratch;
	rpm_code	code = rpm_store_values_create(store, &values, status), made;

	made = rpm_store_scratch_create(store, &scratch, status);
	if (code == RPM_OK && made == RPM_OK)
	{
		rpm_store_values_set(store, calibration->parameters, &values);
		(void) rpm_store_level(store, &values, cell, RPM_WANT_ANTENNAS | RPM_WANT_WALLS, &scratch, level_dbm);
		memcpy(gradient, scratch.gradient.by, store->parameter_count * sizeof(double));
	}
	rpm_store_scratch_free(&scratch);
	rpm_store_values_free(&values);
	return code == RPM_OK ? made : code;
}
