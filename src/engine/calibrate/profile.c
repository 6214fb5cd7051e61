/*
 * profile.c: the cost of a fit over walls' permittivities: the cells, and their levels in lanes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/profile.h"
#include "features/lanes.h"

/* A path that sends less than this share of its cell's power, were its walls mirrors, is left as it is. */
#define LEAST_SHARE 1e-3
/* A level falls by no more than this. */
#define LEAST_POWER 1e-12

typedef float lanes __attribute__((vector_size(RPM_PROFILE_BLOCK * sizeof(float)), aligned(4), may_alias));

typedef struct lane_pair
{
	lanes		te_re, te_im, tm_re, tm_im;
} lane_pair;

typedef struct lane_complex
{
	lanes		re, im;
} lane_complex;

typedef struct lane_field
{
	lane_complex part[3];
} lane_field;

typedef struct profile_thread
{
	double	   *costs;			/* rows x lanes */
	uint32_t   *seen;			/* rows: the cell that met it last, and 1 */
	int32_t    *met;			/* rows of a cell */
	uint32_t   *paths;			/* of a cell and row */
	lane_field *groups;			/* of a cell */
} profile_thread;

typedef struct profile_work
{
	rpm_fit_work *fit;
	rpm_profile *profile;
	rpm_profile_tables tables;
	profile_thread *threads;
} profile_work;

/* One cell and row. */
typedef struct row_work
{
	const profile_work *work;
	const rpm_cell_work *cell;
	int32_t		row;
	uint32_t	count;
	const uint32_t *paths;
	const rpm_cvec3 *now;		/* fields of the cell's groups */
	lane_field *groups;
	bool		touched[RPM_STORE_MOST_GROUPS];
} row_work;

static rpm_code take_room(profile_work *work, rpm_status *status);
static void release(profile_work *work);
static void cell_range(void *context, int64_t begin, int64_t end, int thread);
static void profile_cell(profile_work *work, size_t cell, profile_thread *own, rpm_store_scratch *scratch);
static int	rows_met(const profile_work *work, const rpm_cell_work *cell, uint32_t mark, profile_thread *own);
static uint32_t find_paths(const profile_work *work, const rpm_cell_work *cell, int32_t row, uint32_t *paths);
static double most_power(const rpm_cell_work *cell, uint32_t path);
static void compute_pair(const row_work *row, const rpm_stored_event *event, const rpm_wall_state *wall, int block, float *pair);
static void block_powers(row_work *row, int block, double *powers);

rpm_code
rpm_fit_profile(rpm_fit_work *fit, rpm_profile *profile, rpm_status *status)
{
	profile_work work = {.fit = fit, .profile = profile};
	size_t		costs = (size_t) profile->rows * RPM_PROFILE_LANES;
	rpm_code	code = rpm_store_tables_fill(&fit->tables, &fit->values, false, fit->control, status);

	if (code == RPM_OK)
		code = rpm_profile_tables_create(fit, profile, &work.tables, status);
	if (code == RPM_OK)
		code = take_room(&work, status);
	if (code == RPM_OK)
		code = rpm_parallel_for(fit->control, (int64_t) fit->store->input.cell_count, 16, cell_range, &work, status);
	for (size_t i = 0; i < costs && code == RPM_OK; i++)
	{
		profile->costs[i] = 0;
		for (int t = 0; t < fit->threads; t++)
			profile->costs[i] += work.threads[t].costs[i] * (double) fit->stride;
	}
	release(&work);
	return code;
}

static rpm_code
take_room(profile_work *work, rpm_status *status)
{
	const rpm_path_store *store = work->fit->store;
	size_t		rows = (size_t) work->profile->rows, most = 0, threads = (size_t) work->fit->threads;
	rpm_code	code;

	for (size_t i = 0; i < store->place_count; i++)
		most = store->places[i].path_count > most ? store->places[i].path_count : most;
	code = rpm_reserve(work->fit->control, threads * (rows * (RPM_PROFILE_LANES * sizeof(double) + 2 * sizeof(int32_t))
					   + most * sizeof(uint32_t) + RPM_STORE_MOST_GROUPS * sizeof(lane_field)), "profiles of walls", status);
	if (code != RPM_OK)
		return code;
	work->threads = calloc(threads, sizeof(profile_thread));
	for (size_t t = 0; t < threads && work->threads; t++)
	{
		profile_thread *own = &work->threads[t];

		own->costs = calloc(rows * RPM_PROFILE_LANES + 1, sizeof(double));
		own->seen = calloc(rows + 1, sizeof(uint32_t));
		own->met = calloc(rows + 1, sizeof(int32_t));
		own->paths = calloc(most + 1, sizeof(uint32_t));
		own->groups = calloc(RPM_STORE_MOST_GROUPS, sizeof(lane_field));
		if (!own->costs || !own->seen || !own->met || !own->paths || !own->groups)
			code = RPM_OUT_OF_MEMORY;
	}
	return work->threads && code == RPM_OK ? RPM_OK : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for profiles of %zu walls", rows);
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
		free(work->threads[t].groups);
	}
	free(work->threads);
	rpm_profile_tables_free(&work->tables);
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
	double		measured = store->input.cells[cell].level_dbm, weight = work->fit->weights[cell], level, loss, powers[RPM_PROFILE_LANES];
	rpm_cell_work at;
	rpm_cvec3	groups[RPM_STORE_MOST_GROUPS];
	int			met;

	if (!rpm_cell_forward(store, &work->fit->values, cell, 0, scratch, &at, groups, &level))
		return;
	met = rows_met(work, &at, (uint32_t) cell + 1, own);
	loss = rpm_fit_loss(work->fit, level, measured);
	for (int i = 0; i < met; i++)
	{
		row_work	row = {.work = work, .cell = &at, .row = own->met[i], .paths = own->paths, .now = groups, .groups = own->groups};
		double	   *costs = own->costs + (size_t) row.row * RPM_PROFILE_LANES;

		row.count = find_paths(work, &at, row.row, own->paths);
		if (row.count == 0)
			continue;
		for (int block = 0; block < RPM_PROFILE_BLOCKS; block++)
			block_powers(&row, block, powers + block * RPM_PROFILE_BLOCK);
		lanes_log10(powers, RPM_PROFILE_LANES, powers);
		for (int lane = 0; lane < RPM_PROFILE_LANES; lane++)
			costs[lane] += weight * (rpm_fit_loss(work->fit, level + 10 * powers[lane], measured) - loss);
	}
}

static int
rows_met(const profile_work *work, const rpm_cell_work *cell, uint32_t mark, profile_thread *own)
{
	const rpm_path_store *store = work->fit->store;
	int			met = 0;

	for (uint32_t i = 0; i < cell->place->path_count; i++)
	{
		const rpm_stored_path *path = &store->all.paths[cell->place->first_path + i];

		for (uint32_t e = path->first_event; e < path->first_event + path->event_count; e++)
		{
			int32_t		row = rpm_profile_row(work->profile, store->all.events[e].material, store->all.events[e].building);

			if (row >= 0 && own->seen[row] != mark)
			{
				own->seen[row] = mark;
				own->met[met++] = row;
			}
		}
	}
	return met;
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
			if (rpm_profile_row(work->profile, store->all.events[e].material, store->all.events[e].building) == row
				&& most_power(cell, i) >= LEAST_SHARE * cell->power)
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

/* The coefficients of a wall that has no table. */
static void
compute_pair(const row_work *row, const rpm_stored_event *event, const rpm_wall_state *wall, int block, float *pair)
{
	const double *factors = row->work->profile->factors + (size_t) row->row * RPM_PROFILE_LANES + block * RPM_PROFILE_BLOCK;

	for (int lane = 0; lane < RPM_PROFILE_BLOCK; lane++, pair++)
	{
		rpm_wall_pair own, *const to[RPM_WALL_PAIRS] = {&own, NULL, NULL};

		rpm_wall_pairs_of(rpm_cx(1 + wall->eps_above_1 * factors[lane], wall->eta_im), event->cosine, wall->thickness_m, row->cell->wavelength_m,
						  event->kind == RPM_EVENT_TRANSMISSION, false, to);
		pair[0] = (float) own.te.re;
		pair[RPM_PROFILE_BLOCK] = (float) own.te.im;
		pair[2 * RPM_PROFILE_BLOCK] = (float) own.tm.re;
		pair[3 * RPM_PROFILE_BLOCK] = (float) own.tm.im;
	}
}

/* The coefficients of a wall of the row with its amplitude. */
LANES_INLINE void
pair_of(const row_work *row, const rpm_stored_event *event, const rpm_wall_state *wall, int block, lane_pair *pair)
{
	const rpm_store_tables *walls = &row->work->fit->tables;
	int32_t		index = walls->of_event ? walls->of_event[event - row->cell->store->all.events] : -1;
	const rpm_profile_table *table = index < 0 ? NULL : &row->work->tables.tables[index];
	float		amplitude = (float) wall->amplitude;

	if (table == NULL || table->steps == 0)
		compute_pair(row, event, wall, block, (float *) pair);
	else
	{
		float		weights[4];
		const float *entry = table->entries + (size_t) block * sizeof(lane_pair) / sizeof(float)
			+ (size_t) rpm_store_table_place(table->steps, event->cosine, weights) * RPM_PROFILE_BLOCKS * sizeof(lane_pair) / sizeof(float);

		*pair = (lane_pair) {{0}, {0}, {0}, {0}};
		for (int i = 0; i < 4; i++, entry += RPM_PROFILE_BLOCKS * sizeof(lane_pair) / sizeof(float))
		{
			const lane_pair *at = (const lane_pair *) entry;

			pair->te_re += weights[i] * at->te_re;
			pair->te_im += weights[i] * at->te_im;
			pair->tm_re += weights[i] * at->tm_re;
			pair->tm_im += weights[i] * at->tm_im;
		}
	}
	pair->te_re *= amplitude;
	pair->te_im *= amplitude;
	pair->tm_re *= amplitude;
	pair->tm_im *= amplitude;
}

/* x = c b. */
LANES_INLINE void
times(const lanes *re, const lanes *im, const lane_complex *b, lane_complex *x)
{
	lanes		product = *re * b->re - *im * b->im;

	x->im = *re * b->im + *im * b->re;
	x->re = product;
}

LANES_INLINE lane_complex *
spread_over(rpm_complex z, lane_complex *x)
{
	const lanes zero = {0};

	x->re = zero + (float) z.re;
	x->im = zero + (float) z.im;
	return x;
}

LANES_INLINE void
chain_in_lanes(const row_work *row, const rpm_stored_path *path, const rpm_path_state *state, int block, lane_complex *x)
{
	bool		begun = false;

	for (int i = 0; i < path->event_count; i++)
	{
		const rpm_stored_event *event = &row->cell->store->all.events[path->first_event + (uint32_t) i];
		const rpm_wall_state *wall = &row->cell->walls[state->wall + (size_t) i];
		bool		own = rpm_profile_row(row->work->profile, event->material, event->building) == row->row;
		lane_complex before[2], value;

		if (!begun && !own)
			continue;
		if (!begun)
			for (int k = 0; k < 2; k++)
				spread_over(wall->before[k], &before[k]);
		else
		{
			before[0].re = x[0].re * event->turn_cos + x[1].re * event->turn_sin;
			before[0].im = x[0].im * event->turn_cos + x[1].im * event->turn_sin;
			before[1].re = x[1].re * event->turn_cos - x[0].re * event->turn_sin;
			before[1].im = x[1].im * event->turn_cos - x[0].im * event->turn_sin;
		}
		begun = true;
		if (own)
		{
			lane_pair	pair;

			pair_of(row, event, wall, block, &pair);
			times(&pair.te_re, &pair.te_im, &before[0], &x[0]);
			times(&pair.tm_re, &pair.tm_im, &before[1], &x[1]);
			continue;
		}
		spread_over(rpm_cx_scale(wall->value.te, wall->amplitude), &value);
		times(&value.re, &value.im, &before[0], &x[0]);
		spread_over(rpm_cx_scale(wall->value.tm, wall->amplitude), &value);
		times(&value.re, &value.im, &before[1], &x[1]);
	}
}

LANES_INLINE void
edge_in_lanes(const row_work *row, const rpm_stored_path *path, const rpm_path_state *state, int block, lane_complex *y)
{
	rpm_stored_matrices *matrices = &row->cell->store->all.matrices[path->matrix];
	const rpm_wall_state *faces = &row->cell->walls[state->wall];
	rpm_complex factors[RPM_STORE_MATRICES], fixed[2];

	rpm_edge_factors(faces, factors);
	for (int k = 0; k < 2; k++)
		fixed[k] = rpm_matrix_row(matrices->m[0][k], state->first);
	for (int f = 0; f < 2; f++)
	{
		const rpm_stored_event *event = &row->cell->store->all.events[path->first_event + (uint32_t) f];

		if (rpm_profile_row(row->work->profile, event->material, event->building) != row->row)
			for (int k = 0; k < 2; k++)
				for (int m = 1 + 2 * f; m <= 2 + 2 * f; m++)
					fixed[k] = rpm_cx_add(fixed[k], rpm_cx_mul(factors[m], rpm_matrix_row(matrices->m[m][k], state->first)));
	}
	for (int k = 0; k < 2; k++)
		spread_over(fixed[k], &y[k]);
	for (int f = 0; f < 2; f++)
	{
		const rpm_stored_event *event = &row->cell->store->all.events[path->first_event + (uint32_t) f];
		lane_pair	pair;

		if (rpm_profile_row(row->work->profile, event->material, event->building) != row->row)
			continue;
		pair_of(row, event, &faces[f], block, &pair);
		for (int k = 0; k < 2; k++)
		{
			lane_complex in, out;

			times(&pair.te_re, &pair.te_im, spread_over(rpm_matrix_row(matrices->m[1 + 2 * f][k], state->first), &in), &out);
			y[k].re += out.re;
			y[k].im += out.im;
			times(&pair.tm_re, &pair.tm_im, spread_over(rpm_matrix_row(matrices->m[2 + 2 * f][k], state->first), &in), &out);
			y[k].re += out.re;
			y[k].im += out.im;
		}
	}
}

/* A path's field, in units of the root of the cell's power. */
LANES_INLINE void
field_in_lanes(const row_work *row, const rpm_stored_path *path, const rpm_path_state *state, double unit, int block, lane_field *field)
{
	lane_complex y[2], factor;

	if (path->kind == RPM_STORED_EDGE)
		edge_in_lanes(row, path, state, block, y);
	else
		chain_in_lanes(row, path, state, block, y);
	spread_over(rpm_cx(unit * path->factor[0], unit * path->factor[1]), &factor);
	for (int k = 0; k < 2; k++)
		times(&factor.re, &factor.im, &y[k], &y[k]);
	for (int j = 0; j < 3; j++)
	{
		field->part[j].re = path->out_u[j] * y[0].re + path->out_p[j] * y[1].re;
		field->part[j].im = path->out_u[j] * y[0].im + path->out_p[j] * y[1].im;
	}
}

LANES_INLINE void
add_power(const lane_field *field, float share, lanes *power)
{
	for (int j = 0; j < 3; j++)
		*power += share * (field->part[j].re * field->part[j].re + field->part[j].im * field->part[j].im);
}

/* Groups that the row's paths have a share of, without these paths. */
LANES_INLINE void
begin_groups(row_work *row, double unit, double *fixed)
{
	const rpm_stored_place *place = row->cell->place;
	rpm_cvec3	left[RPM_STORE_MOST_GROUPS];

	*fixed = 1;
	for (int g = 0; g < place->group_count; g++)
	{
		row->touched[g] = false;
		left[g] = row->now[g];
	}
	for (uint32_t i = 0; i < row->count; i++)
	{
		const rpm_stored_path *path = &row->cell->store->all.paths[place->first_path + row->paths[i]];
		const rpm_path_state *state = &row->cell->paths[row->paths[i]];

		*fixed -= unit * unit * path->alone * rpm_cvec_norm2(state->field);
		for (int k = 0; k < RPM_STORE_GROUPS; k++)
			if (path->share[k] != 0)
			{
				row->touched[path->group[k]] = true;
				left[path->group[k]] = rpm_cvec_add(left[path->group[k]], rpm_cvec_scale(state->field, -path->share[k]));
			}
	}
	for (int g = 0; g < place->group_count; g++)
		if (row->touched[g])
		{
			*fixed -= unit * unit * rpm_cvec_norm2(row->now[g]);
			spread_over(rpm_cx_scale(left[g].x, unit), &row->groups[g].part[0]);
			spread_over(rpm_cx_scale(left[g].y, unit), &row->groups[g].part[1]);
			spread_over(rpm_cx_scale(left[g].z, unit), &row->groups[g].part[2]);
		}
}

/* The cell's power in the lanes of a block, beside what it is. */
LANES_WIDE static void
block_powers(row_work *row, int block, double *powers)
{
	const rpm_stored_place *place = row->cell->place;
	double		unit = 1 / sqrt(row->cell->power), fixed;
	lanes		power = {0};

	begin_groups(row, unit, &fixed);
	for (uint32_t i = 0; i < row->count; i++)
	{
		const rpm_stored_path *path = &row->cell->store->all.paths[place->first_path + row->paths[i]];
		lane_field	field;

		field_in_lanes(row, path, &row->cell->paths[row->paths[i]], unit, block, &field);
		if (path->alone > 0)
			add_power(&field, path->alone, &power);
		for (int k = 0; k < RPM_STORE_GROUPS; k++)
			for (int j = 0; j < 3 && path->share[k] != 0; j++)
			{
				row->groups[path->group[k]].part[j].re += path->share[k] * field.part[j].re;
				row->groups[path->group[k]].part[j].im += path->share[k] * field.part[j].im;
			}
	}
	for (int g = 0; g < place->group_count; g++)
		if (row->touched[g])
			add_power(&row->groups[g], 1, &power);
	for (int lane = 0; lane < RPM_PROFILE_BLOCK; lane++)
		powers[lane] = fmax(LEAST_POWER, fixed + power[lane]);
}
