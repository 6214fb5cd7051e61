/*
 * fit_pattern.c: the floors of antennas' patterns, which the cost knows from one side only.
 *
 * A pattern's attenuation ends at its side-lobe floor and at its front-to-back ratio.  A floor that is too low is seen at once; one that is
 * too high at those directions alone which the rest of the pattern has not made weak before, and often at none: the cost falls towards its
 * bottom, then stays level.  The equations at the bottom know one slope of the two.  So floors are tried over their prior at the end, all
 * antennas at once, since a cell knows its own antenna only; each takes the mean of what the measurements and the prior make likely, and
 * its deviation.
 *
 * A floor changes how strongly an antenna sends into a direction, nothing else: each path's field is computed once and scaled.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/evaluate.h"
#include "calibrate/fit.h"

#define CELLS 1000
/* In the prior's deviations. */
#define STEP 0.25
#define STEPS_ASIDE 10
#define STEPS (2 * STEPS_ASIDE + 1)

/* A path of a cell as its antenna sees it. */
typedef struct floor_path
{
	double		theta_rad, phi_rad, gain_db;
} floor_path;

typedef struct floor_task
{
	rpm_fit_work *work;
	int			kind;
	double	   *costs;			/* threads x antennas x STEPS */
	floor_path *paths;			/* threads x paths of a place */
	size_t		most_paths;		/* of a place */
} floor_task;

static rpm_code try_floors(rpm_fit_work *work, int kind, double *costs, rpm_status *status);
static void cost_range(void *context, int64_t begin, int64_t end, int thread);
static void cost_of_cell(const floor_task *task, size_t cell, rpm_store_scratch *scratch, floor_path *paths, double *costs);
static void see_paths(const rpm_cell_work *cell, floor_path *paths);
static double power_at(const rpm_cell_work *cell, const rpm_antenna_pattern *pattern, const floor_path *paths);
static void take_mean(rpm_fit_work *work, int parameter, const double *costs, double *variance);
static double z_of_step(const rpm_fit_work *work, int parameter, int step);

rpm_code
rpm_fit_floors(rpm_fit_work *work, double *variance, rpm_status *status)
{
	size_t		antennas = (size_t) work->store->input.antenna_count, stride = work->stride;
	double	   *costs = calloc(antennas * STEPS, sizeof(double));
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
		code = try_floors(work, kind, costs, status);
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
	const rpm_path_store *store = work->store;
	size_t		count = (size_t) store->input.antenna_count * STEPS, threads = (size_t) work->threads;
	floor_task	task = {.work = work, .kind = kind};
	rpm_code	code = rpm_store_tables_fill(&work->tables, &work->values, false, work->control, status);

	for (size_t i = 0; i < store->place_count; i++)
		task.most_paths = store->places[i].path_count > task.most_paths ? store->places[i].path_count : task.most_paths;
	if (code == RPM_OK)
		code = rpm_reserve(work->control, threads * (count * sizeof(double) + task.most_paths * sizeof(floor_path)), "floors of patterns", status);
	if (code != RPM_OK)
		return code;
	task.costs = calloc(threads * count, sizeof(double));
	task.paths = malloc((threads * task.most_paths + 1) * sizeof(floor_path));
	code = !task.costs || !task.paths
		? rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the floors of %d antennas", store->input.antenna_count)
		: rpm_parallel_for(work->control, (int64_t) store->input.cell_count, 64, cost_range, &task, status);
	for (size_t i = 0; i < count && code == RPM_OK; i++)
	{
		costs[i] = 0;
		for (size_t t = 0; t < threads; t++)
			costs[i] += task.costs[t * count + i] * (double) work->stride;
	}
	free(task.costs);
	free(task.paths);
	return code;
}

static void
cost_range(void *context, int64_t begin, int64_t end, int thread)
{
	const floor_task *task = context;
	rpm_fit_work *work = task->work;
	double	   *own = task->costs + (size_t) thread * (size_t) work->store->input.antenna_count * STEPS;

	for (int64_t i = begin; i < end; i++)
	{
		int32_t		antenna = work->store->input.cells[i].antenna;

		if (work->weights[i] > 0 && rpm_fit_sampled(work, (size_t) i) && work->place[rpm_antenna_parameter(antenna, task->kind)] >= 0)
			cost_of_cell(task, (size_t) i, &work->scratch[thread], task->paths + (size_t) thread * task->most_paths,
						 own + (size_t) antenna * STEPS);
	}
}

static void
cost_of_cell(const floor_task *task, size_t cell, rpm_store_scratch *scratch, floor_path *paths, double *costs)
{
	const rpm_fit_work *work = task->work;
	const rpm_calibrate_cell *given = &work->store->input.cells[cell];
	rpm_antenna_pattern pattern = work->values.antennas[given->antenna].pattern;
	rpm_real   *floor_db = task->kind == RPM_PARAMETER_FRONT_TO_BACK_DB ? &pattern.front_to_back_db : &pattern.side_lobe_floor_db;
	rpm_cell_work at;
	rpm_cvec3	groups[RPM_STORE_MOST_GROUPS];
	double		level;
	bool		arrives = rpm_cell_forward(work->store, &work->values, cell, 0, scratch, &at, groups, &level);

	if (arrives)
		see_paths(&at, paths);
	for (int step = 0; step < STEPS; step++)
	{
		double		power;

		*floor_db = z_of_step(work, work->place[rpm_antenna_parameter(given->antenna, task->kind)], step);
		power = arrives ? power_at(&at, &pattern, paths) : 0;
		level = power > 0 ? rpm_cell_level(&at, power) : RPM_FIT_NOTHING_DBM;
		costs[step] += work->weights[cell] * rpm_fit_loss(work, level, given->level_dbm);
	}
}

static void
see_paths(const rpm_cell_work *cell, floor_path *paths)
{
	const rpm_antenna *antenna = &cell->values->antennas[cell->antenna];
	const rpm_antenna_frame *frame = &cell->values->frames[cell->antenna];

	for (uint32_t i = 0; i < cell->place->path_count; i++)
	{
		const float *departure = cell->store->all.paths[cell->place->first_path + i].departure;
		rpm_vec3	local = rpm_in_axes(rpm_vec(departure[0], departure[1], departure[2]), frame->x, frame->y, frame->z);

		paths[i].theta_rad = atan2(sqrt(local.x * local.x + local.y * local.y), local.z);
		paths[i].phi_rad = atan2(local.y, local.x);
		paths[i].gain_db = rpm_pattern_gain_db(&antenna->pattern, paths[i].theta_rad, paths[i].phi_rad, antenna->electrical_tilt_rad);
	}
}

/* The power of a cell whose antenna had another pattern. */
static double
power_at(const rpm_cell_work *cell, const rpm_antenna_pattern *pattern, const floor_path *paths)
{
	double		tilt_rad = cell->values->antennas[cell->antenna].electrical_tilt_rad, power = 0;
	rpm_cvec3	groups[RPM_STORE_MOST_GROUPS];

	for (int g = 0; g < cell->place->group_count; g++)
		groups[g] = rpm_cvec_zero();
	for (uint32_t i = 0; i < cell->place->path_count; i++)
	{
		const rpm_stored_path *path = &cell->store->all.paths[cell->place->first_path + i];
		const rpm_path_state *state = &cell->paths[i];
		double		change_db = rpm_pattern_gain_db(pattern, paths[i].theta_rad, paths[i].phi_rad, tilt_rad) - paths[i].gain_db;
		double		amplitude = change_db == 0 ? 1 : exp(M_LN10 / 20 * change_db);

		power += amplitude * amplitude * (state->roof_power + path->alone * rpm_cvec_norm2(state->field));
		for (int k = 0; k < RPM_STORE_GROUPS; k++)
			if (path->share[k] != 0)
				groups[path->group[k]] = rpm_cvec_add(groups[path->group[k]], rpm_cvec_scale(state->field, amplitude * path->share[k]));
	}
	for (int g = 0; g < cell->place->group_count; g++)
		power += rpm_cvec_norm2(groups[g]);
	return power;
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
