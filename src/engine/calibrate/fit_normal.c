/*
 * fit_normal.c: losses of cells, and the normal equations of a fit summed over the cells.
 *
 * A cell above the floor: rho(r / s) by the loss.  A cell at the floor: -log Phi((floor - level) / s), the likelihood of "weaker" when levels
 * scatter normally (J. Tobin, Econometrica 26(1), 1958).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit.h"

#define HUBER_K 1.345
#define STUDENT_FREEDOM 4.0
#define CELLS_OF_PIECE 64
/* What is thought of the scale before any residual: 8 dB, as 20 cells say it; it is never less than SCALE_LEAST_DB. */
#define SCALE_PRIOR_DB 8.0
#define SCALE_PRIOR_CELLS 20.0
#define SCALE_LEAST_DB 0.1
#define NORMAL_MEDIAN 0.6744897501960817

typedef struct levels_task
{
	rpm_fit_work *work;
	unsigned	which;
} levels_task;

static void levels_range(void *context, int64_t begin, int64_t end, int thread);
static void sum_range(void *context, int64_t begin, int64_t end, int thread);
static void sum_cell(rpm_fit_work *work, size_t cell, rpm_store_scratch *scratch, double *sums);
static double cell_loss(const rpm_fit_work *work, double level, double measured, double *slope, double *curvature);
static double floor_loss(double u, double *slope, double *curvature);
static void add_priors(rpm_fit_work *work);
static int	compare_doubles(const void *a, const void *b);

rpm_code
rpm_fit_sum(rpm_fit_work *work, bool with_normal, rpm_status *status)
{
	size_t		n = (size_t) work->count, sums = n * n + n + 1;
	rpm_code	code;

	work->with_normal = with_normal;
	code = rpm_store_tables_fill(&work->tables, &work->values, with_normal && work->want & RPM_WANT_WALLS, work->control, status);
	if (code != RPM_OK)
		return code;
	memset(work->thread_sums, 0, (size_t) work->threads * sums * sizeof(double));
	code = rpm_parallel_for(work->control, (int64_t) work->store->input.cell_count, CELLS_OF_PIECE, sum_range, work, status);
	if (code != RPM_OK)
		return code;
	work->cost = 0;
	if (with_normal)
	{
		memset(work->normal, 0, n * n * sizeof(double));
		memset(work->slope, 0, n * sizeof(double));
	}
	for (int t = 0; t < work->threads; t++)
	{
		const double *own = work->thread_sums + (size_t) t * sums;

		work->cost += own[n * n + n] * (double) work->stride;
		for (size_t i = 0; i < n * n && with_normal; i++)
			work->normal[i] += own[i] * (double) work->stride;
		for (size_t i = 0; i < n && with_normal; i++)
			work->slope[i] += own[n * n + i] * (double) work->stride;
	}
	add_priors(work);
	return RPM_OK;
}

rpm_code
rpm_fit_levels(rpm_fit_work *work, unsigned which, rpm_status *status)
{
	levels_task task = {work, which};
	rpm_code	code = rpm_store_tables_fill(&work->tables, &work->values, false, work->control, status);

	return code != RPM_OK ? code
		: rpm_parallel_for(work->control, (int64_t) work->store->input.cell_count, CELLS_OF_PIECE, levels_range, &task, status);
}

static void
levels_range(void *context, int64_t begin, int64_t end, int thread)
{
	const levels_task *task = context;
	rpm_fit_work *work = task->work;

	for (int64_t i = begin; i < end; i++)
		if (task->which & (work->weights[i] > 0 ? RPM_FIT_CELLS : RPM_FIT_HELD_OUT)
			&& !rpm_store_level(work->store, &work->values, (size_t) i, 0, &work->scratch[thread], &work->levels[i]))
			work->levels[i] = RPM_FIT_NOTHING_DBM;
}

static void
sum_range(void *context, int64_t begin, int64_t end, int thread)
{
	rpm_fit_work *work = context;
	size_t		n = (size_t) work->count;

	for (int64_t i = begin; i < end; i++)
		if (work->weights[i] > 0 && rpm_fit_sampled(work, (size_t) i))
			sum_cell(work, (size_t) i, &work->scratch[thread], work->thread_sums + (size_t) thread * (n * n + n + 1));
}

static void
sum_cell(rpm_fit_work *work, size_t cell, rpm_store_scratch *scratch, double *sums)
{
	const rpm_calibrate_cell *given = &work->store->input.cells[cell];
	double		weight = work->weights[cell];
	size_t		n = (size_t) work->count;
	double		level, slope, curvature;
	uint32_t	places[256];
	double		by[256];
	int			held = 0;

	if (!rpm_store_level(work->store, &work->values, cell, work->with_normal ? work->want : 0, scratch, &level))
		level = RPM_FIT_NOTHING_DBM;
	work->levels[cell] = level;
	sums[n * n + n] += weight * cell_loss(work, level, given->level_dbm, &slope, &curvature);
	if (!work->with_normal)
		return;
	for (size_t i = 0; i < scratch->gradient.count && held < 256; i++)
	{
		uint32_t	index = scratch->gradient.touched[i];

		if (work->place[index] >= 0 && scratch->gradient.by[index] != 0)
		{
			places[held] = (uint32_t) work->place[index];
			by[held++] = scratch->gradient.by[index];
		}
	}
	for (int i = 0; i < held; i++)
	{
		sums[n * n + places[i]] += weight * slope * by[i];
		for (int k = 0; k < held; k++)
			sums[places[i] * n + places[k]] += weight * curvature * by[i] * by[k];
	}
}

double
rpm_fit_loss(const rpm_fit_work *work, double level_dbm, double measured_dbm)
{
	double		slope, curvature;

	return cell_loss(work, level_dbm, measured_dbm, &slope, &curvature);
}

/* The loss of a level; its derivative by the level, and a curvature that is never negative. */
static double
cell_loss(const rpm_fit_work *work, double level, double measured, double *slope, double *curvature)
{
	double		s = work->scale_db, u, weight = 1, loss;

	if (rpm_fit_at_floor(work->options, measured))
	{
		loss = floor_loss((work->options->floor_dbm - level) / s, slope, curvature);
		*slope /= s;
		*curvature /= s * s;
		return loss;
	}
	u = (level - measured) / s;
	loss = u * u / 2;
	if (work->options->loss == RPM_LOSS_HUBER && fabs(u) > HUBER_K)
	{
		weight = HUBER_K / fabs(u);
		loss = HUBER_K * (fabs(u) - HUBER_K / 2);
	}
	else if (work->options->loss == RPM_LOSS_STUDENT)
	{
		weight = (STUDENT_FREEDOM + 1) / (STUDENT_FREEDOM + u * u);
		loss = (STUDENT_FREEDOM + 1) / 2 * log1p(u * u / STUDENT_FREEDOM);
	}
	*slope = weight * u / s;
	*curvature = weight / (s * s);
	return loss;
}

/* -log Phi(u); derivatives by -u. */
static double
floor_loss(double u, double *slope, double *curvature)
{
	double		share = erfc(-u / M_SQRT2) / 2, ratio;

	if (u < -25)
	{
		*slope = -u;
		*curvature = 1;
		return u * u / 2 + log(-u * sqrt(2 * M_PI));
	}
	ratio = exp(-u * u / 2) / sqrt(2 * M_PI) / share;
	*slope = ratio;
	*curvature = ratio * (ratio + u);
	return -log(share);
}

static void
add_priors(rpm_fit_work *work)
{
	for (int i = 0; i < work->count; i++)
	{
		double		u = (work->z[i] - work->prior[i]) / work->sd[i];

		work->cost += u * u / 2;
		if (!work->with_normal)
			continue;
		work->slope[i] += u / work->sd[i];
		work->normal[(size_t) i * (size_t) work->count + (size_t) i] += 1 / (work->sd[i] * work->sd[i]);
	}
}

void
rpm_fit_find_scale(rpm_fit_work *work)
{
	size_t		count = 0;
	double		median;

	for (size_t i = 0; i < work->store->input.cell_count; i++)
	{
		const rpm_calibrate_cell *cell = &work->store->input.cells[i];

		if (work->weights[i] > 0 && rpm_fit_sampled(work, i) && !rpm_fit_at_floor(work->options, cell->level_dbm))
			work->sorted[count++] = fabs(work->levels[i] - cell->level_dbm);
	}
	qsort(work->sorted, count, sizeof(double), compare_doubles);
	median = count > 0 ? work->sorted[count / 2] / NORMAL_MEDIAN : 0;
	work->scale_db = fmax(SCALE_LEAST_DB, sqrt(((double) count * median * median + SCALE_PRIOR_CELLS * SCALE_PRIOR_DB * SCALE_PRIOR_DB)
											   / ((double) count + SCALE_PRIOR_CELLS)));
}

static int
compare_doubles(const void *a, const void *b)
{
	double		x = *(const double *) a, y = *(const double *) b;

	return x < y ? -1 : x > y;
}
