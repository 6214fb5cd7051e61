/*
 * krige.c: prediction of the residual field in local neighbourhoods (rpm_field.h).
 *
 * Places are gathered by blocks; the places of a block share neighbours, matrix and factor, and each has its own right-hand side.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "field/field_index.h"
#include "field/system.h"

/* Below this part of the sill a covariance tells nothing: the place is far from every point. */
#define NEGLIGIBLE_COVARIANCE 1e-9
#define BLOCK_GRAIN 8

typedef struct target_key
{
	int64_t		row, column;
	int32_t		group;
	int32_t		target;
} target_key;

typedef struct krige_work
{
	const rpm_field_data *data;
	const rpm_trend_fit *fit;
	const rpm_covariance *covariance;
	const rpm_field_targets *targets;
	const rpm_field_options *options;
	rpm_control *control;
	int			most[POOLS];	/* neighbours */
	const rpm_field_index *index;
	double		reach_m;		/* beyond it every covariance is negligible */
	target_key *keys;			/* sorted by block */
	int64_t    *block_begin;	/* of keys; block_count + 1 of them */
	int64_t		block_count;
	double	   *mean_db, *variance_db2;
} krige_work;

static rpm_code predict_trend(const krige_work *work, rpm_status *status);
static rpm_code refuse_place(const rpm_field_targets *targets, size_t number, rpm_status *status);
static bool neighbour_counts(const rpm_field_options *options, const rpm_covariance *covariance, int most[POOLS]);
static bool shares_anything(const double share[RPM_FIELD_STRUCTURES]);
static rpm_code gather_blocks(krige_work *work, rpm_status *status);
static int	compare_keys(const void *a, const void *b);
static bool same_block(const target_key *a, const target_key *b);
static double reach_of(const rpm_covariance *covariance);
static void predict_blocks(void *context, int64_t begin, int64_t end, int thread);
static void choose_neighbours(const krige_work *work, const target_key *keys, field_system *system);
static void predict_batch(const krige_work *work, field_system *system, const target_key *keys, int count);
static double trend_variance(const rpm_trend_fit *fit, const double *at);

rpm_code
rpm_field_predict(const rpm_field_data *data, const rpm_trend_fit *fit, const rpm_covariance *covariance,
				  const rpm_field_targets *targets, const rpm_field_options *options, rpm_control *control, double *mean_db,
				  double *variance_db2, rpm_status *status)
{
	krige_work	work = {
		.data = data, .fit = fit, .covariance = covariance, .targets = targets, .options = options, .control = control,
		.mean_db = mean_db, .variance_db2 = variance_db2
	};
	rpm_field_index *own = NULL;
	rpm_code	code = RPM_OK;

	if (!neighbour_counts(options, covariance, work.most))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Use at least one of the antenna itself, and together no more than 64.",
						"%d, %d and %d neighbours cannot be", options->own_neighbours, options->site_neighbours,
						options->other_neighbours);
	if (data->count == 0)
		return predict_trend(&work, status);
	if (targets->count > INT32_MAX || data->count > INT32_MAX)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Predict a part at a time.", "%zu places or points are too many",
						targets->count > data->count ? targets->count : data->count);
	work.reach_m = reach_of(covariance);
	work.index = data->index;
	if (work.index == NULL)
	{
		code = field_index_build(data, work.most[POOL_SITE] > 0, work.most[POOL_OTHERS] > 0, &own, status);
		work.index = own;
	}
	if (code == RPM_OK)
		code = gather_blocks(&work, status);
	if (code == RPM_OK)
		code = rpm_parallel_for(control, work.block_count, BLOCK_GRAIN, predict_blocks, &work, status);
	rpm_field_index_close(own);
	free(work.keys);
	free(work.block_begin);
	return code;
}

/* Where there is no point at all. */
static rpm_code
predict_trend(const krige_work *work, rpm_status *status)
{
	const rpm_field_targets *targets = work->targets;
	size_t		columns = (size_t) work->fit->count;
	double		sill = rpm_covariance_sill(work->covariance);

	for (size_t i = 0; i < targets->count; i++)
	{
		const double *trend = targets->trend + i * columns;
		double		mean = 0;

		if (!isfinite(targets->x_m[i]) || !isfinite(targets->y_m[i]))
			return refuse_place(targets, i, status);
		for (size_t k = 0; k < columns; k++)
			mean += trend[k] * work->fit->mean[k];
		work->mean_db[i] = mean;
		work->variance_db2[i] = sill + trend_variance(work->fit, trend);
	}
	rpm_phase_add(work->control, (int64_t) targets->count);
	return rpm_stopped(work->control) ? rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request") : RPM_OK;
}

static rpm_code
refuse_place(const rpm_field_targets *targets, size_t number, rpm_status *status)
{
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give finite coordinates.", "place %zu lies at (%g, %g)", number + 1, targets->x_m[number],
					targets->y_m[number]);
}

/* Of the others only those that share something with the antenna. */
static bool
neighbour_counts(const rpm_field_options *options, const rpm_covariance *covariance, int most[POOLS])
{
	if (options->own_neighbours < 1 || options->site_neighbours < 0 || options->other_neighbours < 0 ||
		(int64_t) options->own_neighbours + options->site_neighbours + options->other_neighbours > RPM_FIELD_MOST_NEIGHBOURS)
		return false;
	most[POOL_OWN] = options->own_neighbours;
	most[POOL_SITE] = shares_anything(covariance->site_share) ? options->site_neighbours : 0;
	most[POOL_OTHERS] = shares_anything(covariance->other_share) ? options->other_neighbours : 0;
	return true;
}

static bool
shares_anything(const double share[RPM_FIELD_STRUCTURES])
{
	bool		shares = false;

	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		shares |= share[j] > 0;
	return shares;
}

static rpm_code
gather_blocks(krige_work *work, rpm_status *status)
{
	const rpm_field_targets *targets = work->targets;
	double		block_m = work->options->block_m;

	work->keys = malloc((targets->count + 1) * sizeof(target_key));
	work->block_begin = malloc((targets->count + 1) * sizeof(int64_t));
	if (work->keys == NULL || work->block_begin == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu places", targets->count);
	for (size_t i = 0; i < targets->count; i++)
	{
		target_key *key = &work->keys[i];

		if (!isfinite(targets->x_m[i]) || !isfinite(targets->y_m[i]))
			return refuse_place(targets, i, status);
		key->target = (int32_t) i;
		key->group = targets->group != NULL ? targets->group[i] : 0;
		key->row = block_m > 0 ? (int64_t) floor(targets->y_m[i] / block_m) : (int64_t) i;
		key->column = block_m > 0 ? (int64_t) floor(targets->x_m[i] / block_m) : 0;
	}
	if (block_m > 0)
		qsort(work->keys, targets->count, sizeof(target_key), compare_keys);
	for (size_t i = 0; i < targets->count; i++)
		if (i == 0 || !same_block(&work->keys[i], &work->keys[i - 1]))
			work->block_begin[work->block_count++] = (int64_t) i;
	work->block_begin[work->block_count] = (int64_t) targets->count;
	return RPM_OK;
}

static int
compare_keys(const void *a, const void *b)
{
	const target_key *left = a,
			   *right = b;

	if (left->row != right->row)
		return left->row < right->row ? -1 : 1;
	if (left->column != right->column)
		return left->column < right->column ? -1 : 1;
	if (left->group != right->group)
		return left->group < right->group ? -1 : 1;
	return left->target < right->target ? -1 : left->target > right->target;
}

static bool
same_block(const target_key *a, const target_key *b)
{
	return a->row == b->row && a->column == b->column && a->group == b->group;
}

static double
reach_of(const rpm_covariance *covariance)
{
	double		longest_m = 0;

	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		if (covariance->sill_db2[j] > 0)
			longest_m = fmax(longest_m, covariance->range_m[j]);
	return -log(NEGLIGIBLE_COVARIANCE) * longest_m;
}

static void
predict_blocks(void *context, int64_t begin, int64_t end, int thread)
{
	krige_work *work = context;
	field_system system;

	(void) thread;
	for (int64_t b = begin; b < end; b++)
	{
		const target_key *keys = work->keys + work->block_begin[b];
		int64_t		count = work->block_begin[b + 1] - work->block_begin[b];

		choose_neighbours(work, keys, &system);
		field_system_factor(&system, work->data, work->covariance);
		field_system_detrend(&system, work->fit->mean);
		for (int64_t i = 0; i < count; i += PANEL_LANES)
			predict_batch(work, &system, keys + i, count - i < PANEL_LANES ? (int) (count - i) : PANEL_LANES);
		if (rpm_stopped(work->control))
			return;
	}
	rpm_phase_add(work->control, work->block_begin[end] - work->block_begin[begin]);
}

/* The nearest of the middle of the block, whichever of its places are asked for; those out of reach are dropped. */
static void
choose_neighbours(const krige_work *work, const target_key *keys, field_system *system)
{
	const rpm_field_targets *targets = work->targets;
	tree_filter filter = {INT32_MAX, targets->group != NULL ? targets->point_group : NULL, keys[0].group};
	double		block_m = work->options->block_m,
				x = block_m > 0 ? ((double) keys[0].column + 0.5) * block_m : targets->x_m[keys[0].target],
				y = block_m > 0 ? ((double) keys[0].row + 0.5) * block_m : targets->y_m[keys[0].target];
	int			found = 0,
				kept = 0;

	for (int pool = 0; pool < POOLS; pool++)
		found += point_tree_nearest(work->index->tree[pool], x, y, &filter, work->most[pool], system->number + found);
	for (int i = 0; i < found; i++)
		if (hypot(work->data->points[system->number[i]].x_m - x, work->data->points[system->number[i]].y_m - y) <=
			work->reach_m + 2 * work->options->block_m)
			system->number[kept++] = system->number[i];
	system->count = kept;
}

/* Up to PANEL_LANES places side by side: one pass over the factor serves them all. */
static void
predict_batch(const krige_work *work, field_system *system, const target_key *keys, int count)
{
	int			coefficients = work->data->trend.count;
	field_lanes x, y,
				mean = {{0}},
				explained = {{0}},
				along[RPM_FIELD_MOST_COEFFICIENTS];
	field_panel panel;

	for (int lane = 0; lane < PANEL_LANES; lane++)
	{
		int32_t		target = keys[lane < count ? lane : 0].target;

		x.lane[lane] = work->targets->x_m[target];
		y.lane[lane] = work->targets->y_m[target];
	}
	field_system_places(system, &x, &y, &panel);
	field_panel_sums(&panel, system->count, field_system_row(system, system->count + system->columns), &mean, &explained);
	for (int k = 0; k < coefficients; k++)
	{
		memset(&along[k], 0, sizeof(along[k]));
		field_panel_sums(&panel, system->count, field_system_row(system, system->count + 1 + k), &along[k], NULL);
	}
	for (int lane = 0; lane < count; lane++)
	{
		int32_t		target = keys[lane].target;
		const double *trend = work->targets->trend + (size_t) target * coefficients;
		double		left_over[RPM_FIELD_MOST_COEFFICIENTS];

		for (int k = 0; k < coefficients; k++)
		{
			mean.lane[lane] += trend[k] * work->fit->mean[k];
			left_over[k] = trend[k] - along[k].lane[lane];
		}
		work->mean_db[target] = mean.lane[lane];
		work->variance_db2[target] = fmax(rpm_covariance_sill(work->covariance) - explained.lane[lane], 0) +
			trend_variance(work->fit, left_over);
	}
}

static double
trend_variance(const rpm_trend_fit *fit, const double *at)
{
	double		sum = 0;

	for (int i = 0; i < fit->count; i++)
		for (int k = 0; k < fit->count; k++)
			sum += at[i] * fit->covariance[i * fit->count + k] * at[k];
	return sum;
}
