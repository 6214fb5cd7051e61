/*
 * profile.c: how the cost of a fit goes up and down with one wall's permittivity, all else as it is.
 *
 * A slab's reflection goes up and down with its optical thickness, so the cost has a bottom every so often in a permittivity.  The
 * equations at one bottom know nothing of the others.  Here the paths that meet the wall are computed anew over the prior's range, the
 * others stay: all walls in one pass over the store, for a fraction of what whole evaluations would take.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/evaluate.h"
#include "calibrate/fit.h"

#define STEP 0.05
#define STEPS_ASIDE 13
#define STEPS (2 * STEPS_ASIDE + 1)
/* A path that sends less than this share of its cell's power, were its walls mirrors, is left as it is. */
#define LEAST_SHARE 1e-3
/* What the cells have to say of a permittivity, beside its prior, for other bottoms to matter. */
#define LEAST_SAID 0.4
/* A bottom so much lower is gone to. */
#define GAIN_LEAST 1.0

typedef struct profile_thread
{
	double	   *costs;			/* rows x STEPS, beside the cost as it is */
	uint32_t   *seen;			/* rows: the cell that met it last, and 1 */
	int32_t    *met;			/* rows of a cell */
	uint32_t   *paths;			/* of a cell and row */
	rpm_cvec3  *kept;			/* their fields */
} profile_thread;

typedef struct profile_work
{
	rpm_fit_work *fit;
	int			rows;
	int32_t    *parameter_of_row;	/* among those fitted */
	int32_t    *row_of_building;	/* or -1 */
	profile_thread *threads;
} profile_work;

/* A bottom of a row: where, how low beside the cost as it is, how narrow. */
typedef struct bottom
{
	double		z, cost, curvature;
} bottom;

static bool find_rows(profile_work *work);
static void mark_slabs(const rpm_path_store *store, int32_t *of_building);
static rpm_code take_room(profile_work *work, rpm_status *status);
static void release(profile_work *work);
static rpm_code profile(profile_work *work, rpm_status *status);
static void cell_range(void *context, int64_t begin, int64_t end, int thread);
static void profile_cell(profile_work *work, size_t cell, profile_thread *own, rpm_store_scratch *scratch);
static void profile_row(const profile_work *work, rpm_cell_work *cell, int32_t row, const rpm_cvec3 *groups, profile_thread *own, double *levels);
static uint32_t find_paths(const profile_work *work, const rpm_cell_work *cell, int32_t row, uint32_t *paths);
static double most_power(const rpm_cell_work *cell, uint32_t path);
static double power_at(const profile_work *work, rpm_cell_work *cell, int32_t row, double factor, const rpm_cvec3 *groups, const profile_thread *own,
					   uint32_t count);
static int	find_bottoms(const profile_work *work, int32_t row, bottom *bottoms);
static double spread(const profile_work *work, int32_t row, double curvature);

static inline double
z_of_step(const profile_work *work, int32_t row, int step)
{
	return work->fit->prior[work->parameter_of_row[row]] + (step - STEPS_ASIDE) * STEP;
}

/* The row of an event's wall, or -1. */
static inline int32_t
row_of(const profile_work *work, const rpm_stored_event *event)
{
	return event->building < 0 ? -1 : work->row_of_building[event->building];
}

rpm_code
rpm_fit_move_buildings(rpm_fit_work *fit, bool *moved, rpm_status *status)
{
	profile_work work = {.fit = fit};
	double		before = fit->cost;
	double	   *kept = malloc(((size_t) fit->count + 1) * sizeof(double));
	rpm_code	code = kept ? take_room(&work, status) : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %d parameters", fit->count);

	*moved = false;
	if (code == RPM_OK && work.rows > 0)
		code = profile(&work, status);
	if (kept != NULL)
		memcpy(kept, fit->z, (size_t) fit->count * sizeof(double));
	for (int32_t row = 0; row < work.rows && code == RPM_OK; row++)
	{
		bottom		bottoms[STEPS];
		int			count = find_bottoms(&work, row, bottoms), best = -1;

		for (int i = 0; i < count; i++)
			if (bottoms[i].cost < -GAIN_LEAST && (best < 0 || bottoms[i].cost < bottoms[best].cost))
				best = i;
		if (best < 0)
			continue;
		fit->z[work.parameter_of_row[row]] = bottoms[best].z;
		*moved = true;
	}
	if (*moved)
	{
		rpm_fit_set(fit, fit->z);
		code = rpm_fit_sum(fit, false, status);
		/* Each by itself was better; all at once they may not be. */
		if (code == RPM_OK && fit->cost >= before)
		{
			*moved = false;
			fit->fresh = false;
			rpm_fit_set(fit, kept);
		}
	}
	free(kept);
	release(&work);
	return code;
}

rpm_code
rpm_fit_spread(rpm_fit_work *fit, double *variance, rpm_status *status)
{
	profile_work work = {.fit = fit};
	rpm_code	code = take_room(&work, status);

	if (code == RPM_OK && work.rows > 0)
		code = profile(&work, status);
	for (int32_t row = 0; row < work.rows && code == RPM_OK; row++)
	{
		size_t		i = (size_t) work.parameter_of_row[row];
		double		curvature = fit->normal[i * (size_t) fit->count + i];

		variance[i] += fmax(0, spread(&work, row, curvature) - 1 / curvature);
	}
	release(&work);
	return code;
}

/* A row for each fitted building that the cells say something of and that has a wall with a thickness; false without memory. */
static bool
find_rows(profile_work *work)
{
	const rpm_path_store *store = work->fit->store;
	size_t		buildings = store->input.scene->building_count, n = (size_t) work->fit->count;

	work->row_of_building = malloc((buildings + 1) * sizeof(int32_t));
	work->parameter_of_row = malloc((n + 1) * sizeof(int32_t));
	if (!work->row_of_building || !work->parameter_of_row)
		return false;
	memset(work->row_of_building, -1, (buildings + 1) * sizeof(int32_t));
	mark_slabs(store, work->row_of_building);
	for (int i = 0; i < work->fit->count; i++)
	{
		const rpm_parameter *parameter = &work->fit->calibration->parameters[work->fit->index[i]];
		double		said = work->fit->normal[(size_t) i * n + (size_t) i] * work->fit->sd[i] * work->fit->sd[i] - 1;

		if (parameter->kind == RPM_PARAMETER_BUILDING_PERMITTIVITY && said >= LEAST_SAID && work->row_of_building[parameter->owner] == INT32_MAX)
		{
			work->row_of_building[parameter->owner] = work->rows;
			work->parameter_of_row[work->rows++] = i;
		}
	}
	for (size_t b = 0; b < buildings; b++)
		if (work->row_of_building[b] == INT32_MAX)
			work->row_of_building[b] = -1;
	return true;
}

/* Those that some path meets a wall with a thickness of: INT32_MAX. */
static void
mark_slabs(const rpm_path_store *store, int32_t *of_building)
{
	for (size_t i = 0; i < store->all.event_count; i++)
	{
		const rpm_stored_event *event = &store->all.events[i];

		for (int a = 0; a < store->input.antenna_count && event->building >= 0; a++)
			if (store->input.antennas[a].materials[event->material].thickness_m > 0)
				of_building[event->building] = INT32_MAX;
	}
}

static rpm_code
take_room(profile_work *work, rpm_status *status)
{
	const rpm_path_store *store = work->fit->store;
	size_t		buildings = store->input.scene->building_count, rows = 0, most = 0, threads = (size_t) work->fit->threads;
	rpm_code	code = RPM_OK;

	if (!find_rows(work))
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for profiles of %zu buildings", buildings);
	rows = (size_t) work->rows;
	for (size_t i = 0; i < store->place_count; i++)
		most = store->places[i].path_count > most ? store->places[i].path_count : most;
	if (rows > 0)
		code = rpm_reserve(work->fit->control, threads * (rows * (STEPS * sizeof(double) + 2 * sizeof(int32_t))
						   + most * (sizeof(uint32_t) + sizeof(rpm_cvec3))), "profiles of walls", status);
	if (code != RPM_OK || rows == 0)
		return code;
	work->threads = calloc(threads, sizeof(profile_thread));
	if (work->threads == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for profiles of %zu walls", rows);
	for (size_t t = 0; t < threads; t++)
	{
		profile_thread *own = &work->threads[t];

		own->costs = calloc(rows * STEPS, sizeof(double));
		own->seen = calloc(rows, sizeof(uint32_t));
		own->met = calloc(rows, sizeof(int32_t));
		own->paths = calloc(most + 1, sizeof(uint32_t));
		own->kept = calloc(most + 1, sizeof(rpm_cvec3));
		if (!own->costs || !own->seen || !own->met || !own->paths || !own->kept)
			return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for profiles of %zu walls", rows);
	}
	return RPM_OK;
}

static void
release(profile_work *work)
{
	for (int t = 0; t < work->fit->threads && work->threads; t++)
	{
		free(work->threads[t].costs);
		free(work->threads[t].seen);
		free(work->threads[t].met);
		free(work->threads[t].paths);
		free(work->threads[t].kept);
	}
	free(work->threads);
	free(work->row_of_building);
	free(work->parameter_of_row);
}

/* The costs of all rows, priors included, into the first thread's. */
static rpm_code
profile(profile_work *work, rpm_status *status)
{
	rpm_fit_work *fit = work->fit;
	double	   *costs = work->threads[0].costs;
	rpm_code	code = rpm_store_tables_fill(&fit->tables, &fit->values, false, fit->control, status);

	if (code == RPM_OK)
		code = rpm_parallel_for(fit->control, (int64_t) fit->store->input.cell_count, 16, cell_range, work, status);
	for (int32_t row = 0; row < work->rows && code == RPM_OK; row++)
		for (int step = 0; step < STEPS; step++)
		{
			int32_t		i = work->parameter_of_row[row];
			double		u = (z_of_step(work, row, step) - fit->prior[i]) / fit->sd[i], now = (fit->z[i] - fit->prior[i]) / fit->sd[i];
			size_t		k = (size_t) row * STEPS + (size_t) step;

			for (int t = 1; t < fit->threads; t++)
				costs[k] += work->threads[t].costs[k];
			costs[k] = costs[k] * (double) fit->stride + (u * u - now * now) / 2;
		}
	return code;
}

static void
cell_range(void *context, int64_t begin, int64_t end, int thread)
{
	profile_work *work = context;

	for (int64_t i = begin; i < end; i++)
		if (work->fit->weights[i] > 0 && rpm_fit_sampled(work->fit, (size_t) i))
			profile_cell(work, (size_t) i, &work->threads[thread], &work->fit->scratch[thread]);
}

static void
profile_cell(profile_work *work, size_t cell, profile_thread *own, rpm_store_scratch *scratch)
{
	const rpm_path_store *store = work->fit->store;
	double		measured = store->input.cells[cell].level_dbm, weight = work->fit->weights[cell], level, levels[STEPS], loss;
	rpm_cell_work at;
	rpm_cvec3	groups[RPM_STORE_MOST_GROUPS];
	int			met = 0;

	if (!rpm_cell_forward(store, &work->fit->values, cell, 0, scratch, &at, groups, &level))
		return;
	for (uint32_t i = 0; i < at.place->path_count; i++)
	{
		const rpm_stored_path *path = &store->all.paths[at.place->first_path + i];

		for (uint32_t e = path->first_event; e < path->first_event + path->event_count; e++)
		{
			int32_t		row = row_of(work, &store->all.events[e]);

			if (row >= 0 && own->seen[row] != (uint32_t) cell + 1)
			{
				own->seen[row] = (uint32_t) cell + 1;
				own->met[met++] = row;
			}
		}
	}
	loss = rpm_fit_loss(work->fit, level, measured);
	for (int i = 0; i < met; i++)
	{
		levels[0] = NAN;
		profile_row(work, &at, own->met[i], groups, own, levels);
		for (int step = 0; step < STEPS && !isnan(levels[0]); step++)
			own->costs[(size_t) own->met[i] * STEPS + (size_t) step] += weight * (rpm_fit_loss(work->fit, levels[step], measured) - loss);
	}
}

/* The cell's levels over the steps of one row; untouched when its walls matter to none of the cell's paths. */
static void
profile_row(const profile_work *work, rpm_cell_work *cell, int32_t row, const rpm_cvec3 *groups, profile_thread *own, double *levels)
{
	const rpm_path_store *store = work->fit->store;
	uint32_t	count = find_paths(work, cell, row, own->paths);
	double		now = work->fit->z[work->parameter_of_row[row]];

	if (count == 0)
		return;
	for (uint32_t k = 0; k < count; k++)
		own->kept[k] = cell->paths[own->paths[k]].field;
	for (int step = 0; step < STEPS; step++)
		levels[step] = rpm_cell_level(cell, fmax(1e-30 * cell->power,
												 power_at(work, cell, row, exp(z_of_step(work, row, step) - now), groups, own, count)));
	for (uint32_t k = 0; k < count; k++)
	{
		const rpm_stored_path *path = &store->all.paths[cell->place->first_path + own->paths[k]];
		rpm_path_state *state = &cell->paths[own->paths[k]];

		state->field = own->kept[k];
		for (uint32_t e = 0; e < path->event_count; e++)
			if (row_of(work, &store->all.events[path->first_event + e]) == row)
				rpm_wall_forward(cell, &store->all.events[path->first_event + e], &cell->walls[state->wall + e]);
	}
}

static uint32_t
find_paths(const profile_work *work, const rpm_cell_work *cell, int32_t row, uint32_t *paths)
{
	const rpm_path_store *store = work->fit->store;
	uint32_t	count = 0;

	for (uint32_t i = 0; i < cell->place->path_count; i++)
	{
		const rpm_stored_path *path = &store->all.paths[cell->place->first_path + i];

		for (uint32_t e = path->first_event; e < path->first_event + path->event_count; e++)
			if (row_of(work, &store->all.events[e]) == row && most_power(cell, i) >= LEAST_SHARE * cell->power)
			{
				paths[count++] = i;
				break;
			}
	}
	return count;
}

/* Of a path whose coefficients were all 1. */
static double
most_power(const rpm_cell_work *cell, uint32_t index)
{
	const rpm_stored_path *path = &cell->store->all.paths[cell->place->first_path + index];
	const double *first = cell->paths[index].first;
	double		power = first[0] * first[0] + first[1] * first[1], share = path->alone;

	for (int k = 0; k < RPM_STORE_GROUPS; k++)
		share += path->share[k] * path->share[k];
	power *= share * (path->factor[0] * path->factor[0] + path->factor[1] * path->factor[1]);
	if (path->kind == RPM_STORED_EDGE)
	{
		const float *m = &cell->store->all.matrices[path->matrix].m[0][0][0][0];
		double		sum = 0;

		for (int k = 0; k < RPM_STORE_MATRICES * 8; k++)
			sum += m[k] * m[k];
		power *= RPM_STORE_MATRICES * sum;
	}
	return power;
}

/* The cell's power with eps' - 1 of the row's walls times a factor; fields and walls of its paths are left so. */
static double
power_at(const profile_work *work, rpm_cell_work *cell, int32_t row, double factor, const rpm_cvec3 *groups, const profile_thread *own,
		 uint32_t count)
{
	const rpm_path_store *store = work->fit->store;
	rpm_cvec3	changed[RPM_STORE_MOST_GROUPS];
	double		power = cell->power;

	memcpy(changed, groups, cell->place->group_count * sizeof(rpm_cvec3));
	for (uint32_t k = 0; k < count; k++)
	{
		const rpm_stored_path *path = &store->all.paths[cell->place->first_path + own->paths[k]];
		rpm_path_state *state = &cell->paths[own->paths[k]];
		rpm_cvec3	change;

		for (uint32_t e = 0; e < path->event_count; e++)
		{
			const rpm_stored_event *event = &store->all.events[path->first_event + e];
			rpm_wall_state *wall = &cell->walls[state->wall + e];
			rpm_wall_pair *const value[RPM_WALL_PAIRS] = {&wall->value, NULL, NULL};

			if (row_of(work, event) == row)
				rpm_wall_pairs_of(rpm_cx(1 + wall->eps_above_1 * factor, wall->eta_im), event->cosine, wall->thickness_m, cell->wavelength_m,
								  event->kind == RPM_EVENT_TRANSMISSION, false, value);
		}
		rpm_path_field(cell, path, state);
		change = rpm_cvec_add(state->field, rpm_cvec_scale(own->kept[k], -1));
		power += path->alone * (rpm_cvec_norm2(state->field) - rpm_cvec_norm2(own->kept[k]));
		for (int g = 0; g < RPM_STORE_GROUPS; g++)
			if (path->share[g] != 0)
				changed[path->group[g]] = rpm_cvec_add(changed[path->group[g]], rpm_cvec_scale(change, path->share[g]));
	}
	for (int g = 0; g < cell->place->group_count; g++)
		power += rpm_cvec_norm2(changed[g]) - rpm_cvec_norm2(groups[g]);
	return power;
}

/* The bottoms of a row other than the one that the fit stands in: of parabolas through three steps each. */
static int
find_bottoms(const profile_work *work, int32_t row, bottom *bottoms)
{
	const double *cost = work->threads[0].costs + (size_t) row * STEPS;
	double		now = work->fit->z[work->parameter_of_row[row]];
	int			count = 0;

	for (int i = 1; i < STEPS - 1; i++)
	{
		double		z = z_of_step(work, row, i), slope = (cost[i + 1] - cost[i - 1]) / 2, curvature = cost[i + 1] - 2 * cost[i] + cost[i - 1];

		if (cost[i] > cost[i - 1] || cost[i] >= cost[i + 1] || fabs(z - now) <= STEP)
			continue;
		bottoms[count++] = (bottom) {z - slope / curvature * STEP, cost[i] - slope * slope / curvature / 2, curvature / (STEP * STEP)};
	}
	return count;
}

/*
 * The mean square distance from where the fit stands, weighed by how likely the measurements and the prior make each place: over the steps,
 * or, where a bottom is narrower than these, over the bottoms.  curvature: of the one that the fit stands in.
 */
static double
spread(const profile_work *work, int32_t row, double curvature)
{
	const double *cost = work->threads[0].costs + (size_t) row * STEPS;
	double		now = work->fit->z[work->parameter_of_row[row]], weight, sum = 0, square = 0;
	bottom		bottoms[STEPS];
	int			count = find_bottoms(work, row, bottoms);

	bottoms[count++] = (bottom) {now, 0, curvature};
	if (curvature * STEP * STEP < 1)
		for (int i = 0; i < STEPS; i++)
		{
			double		off = z_of_step(work, row, i) - now;

			weight = exp(-cost[i]);
			sum += weight;
			square += weight * off * off;
		}
	else
		for (int i = 0; i < count; i++)
		{
			double		off = bottoms[i].z - now;

			weight = exp(-bottoms[i].cost) / sqrt(bottoms[i].curvature);
			sum += weight;
			square += weight * (off * off + 1 / bottoms[i].curvature);
		}
	return square / sum;
}
