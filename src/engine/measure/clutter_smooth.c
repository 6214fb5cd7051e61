/* clutter_smooth.c: Gaussian means of residuals over a grid of cells (rpm_clutter.h): along rows, then along columns. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rpm_clutter.h"

#define REACH_IN_SCALES 3.0
#define LEAST_WEIGHT 0.01f		/* below it, what is near is nearer to nothing */
#define ROW_GRAIN 8
#define LANES 16				/* columns added up at once: a count that the compiler knows */

typedef struct smoothing
{
	const rpm_clutter_grid *grid;
	int32_t		reach;			/* cells */
	const float *kernel;		/* 0 .. reach */
	float	   *row_sum, *row_weight;	/* smoothed along rows */
	float	   *residual_db, *weight;
} smoothing;

static int32_t reach_of(double scale_m, double cell_m);
static void smooth_along_rows(void *context, int64_t begin, int64_t end, int thread);
static void spread(const smoothing *work, int32_t column, float sum, float weight, float *row_sum, float *row_weight);
static void add_row(int32_t columns, float part, const float *restrict from, float *restrict to);
static void smooth_along_columns(void *context, int64_t begin, int64_t end, int thread);

rpm_code
rpm_clutter_grid_create(int32_t columns, int32_t rows, double cell_m, rpm_control *control, rpm_clutter_grid *grid, rpm_status *status)
{
	size_t		cells = (size_t) columns * (size_t) rows;

	memset(grid, 0, sizeof(*grid));
	if (columns <= 0 || rows <= 0 || !(cell_m > 0) || !isfinite(cell_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "a grid of %d x %d cells of %g m cannot be", columns, rows, cell_m);
	/* Six arrays of its size in all: its own, those smoothed along rows, and what a caller gets. */
	if (rpm_reserve(control, 6 * cells * sizeof(float), "a grid of residuals", status) != RPM_OK)
		return status->code;
	grid->columns = columns;
	grid->rows = rows;
	grid->cell_m = cell_m;
	grid->sum_db = calloc(cells, sizeof(float));
	grid->weight = calloc(cells, sizeof(float));
	if (grid->sum_db != NULL && grid->weight != NULL)
		return RPM_OK;
	rpm_clutter_grid_free(grid);
	return rpm_fail(status, RPM_OUT_OF_MEMORY, "Ask for a smaller area at a time.", "out of memory for residuals of %d x %d cells", columns, rows);
}

void
rpm_clutter_grid_free(rpm_clutter_grid *grid)
{
	free(grid->sum_db);
	free(grid->weight);
	grid->sum_db = NULL;
	grid->weight = NULL;
}

int32_t
rpm_clutter_margin(double cell_m)
{
	return reach_of(rpm_clutter_scale_m[RPM_CLUTTER_SCALES - 1], cell_m);
}

static int32_t
reach_of(double scale_m, double cell_m)
{
	return (int32_t) fmin(floor(REACH_IN_SCALES * scale_m / cell_m), 1e6);
}

rpm_code
rpm_clutter_smooth(const rpm_clutter_grid *grid, double scale_m, rpm_control *control, float *residual_db, float *weight, rpm_status *status)
{
	smoothing	work = {.grid = grid, .residual_db = residual_db, .weight = weight};
	size_t		cells = (size_t) grid->columns * (size_t) grid->rows;
	float	   *kernel;
	rpm_code	code;

	if (!(scale_m > 0) || !isfinite(scale_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres above 0.", "a scale of %g m cannot be", scale_m);
	work.reach = reach_of(scale_m, grid->cell_m);
	work.kernel = kernel = malloc(((size_t) work.reach + 1) * sizeof(float));
	work.row_sum = malloc(cells * sizeof(float));
	work.row_weight = malloc(cells * sizeof(float));
	if (kernel != NULL && work.row_sum != NULL && work.row_weight != NULL)
	{
		for (int32_t k = 0; k <= work.reach; k++)
			kernel[k] = (float) exp(-(k * grid->cell_m) * (k * grid->cell_m) / (2 * scale_m * scale_m));
		code = rpm_parallel_for(control, grid->rows, ROW_GRAIN, smooth_along_rows, &work, status);
		if (code == RPM_OK)
			code = rpm_parallel_for(control, grid->rows, ROW_GRAIN, smooth_along_columns, &work, status);
	}
	else
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, "Ask for a smaller area at a time.", "out of memory for residuals of %d x %d cells",
						grid->columns, grid->rows);
	free(kernel);
	free(work.row_sum);
	free(work.row_weight);
	return code;
}

/* Most cells are empty: those that are not are spread over their row. */
static void
smooth_along_rows(void *context, int64_t begin, int64_t end, int thread)
{
	smoothing  *work = context;
	int32_t		columns = work->grid->columns;

	(void) thread;
	for (int64_t row = begin; row < end; row++)
	{
		const float *sum = work->grid->sum_db + row * columns,
				   *weight = work->grid->weight + row * columns;
		float	   *row_sum = work->row_sum + row * columns,
				   *row_weight = work->row_weight + row * columns;

		memset(row_sum, 0, (size_t) columns * sizeof(float));
		memset(row_weight, 0, (size_t) columns * sizeof(float));
		for (int32_t column = 0; column < columns; column++)
			if (weight[column] > 0)
				spread(work, column, sum[column], weight[column], row_sum, row_weight);
	}
}

static void
spread(const smoothing *work, int32_t column, float sum, float weight, float *row_sum, float *row_weight)
{
	int32_t		first = column > work->reach ? column - work->reach : 0,
				last = work->grid->columns - 1 - column > work->reach ? column + work->reach : work->grid->columns - 1;

	for (int32_t k = first; k <= last; k++)
	{
		float		part = work->kernel[abs(k - column)];

		row_sum[k] += part * sum;
		row_weight[k] += part * weight;
	}
}

static void
smooth_along_columns(void *context, int64_t begin, int64_t end, int thread)
{
	smoothing  *work = context;
	int32_t		columns = work->grid->columns,
				rows = work->grid->rows;

	(void) thread;
	for (int64_t row = begin; row < end; row++)
	{
		int64_t		first = row > work->reach ? row - work->reach : 0,
					last = rows - 1 - row > work->reach ? row + work->reach : rows - 1;
		float	   *residual_db = work->residual_db + row * columns,
				   *weight = work->weight + row * columns;

		memset(residual_db, 0, (size_t) columns * sizeof(float));
		memset(weight, 0, (size_t) columns * sizeof(float));
		for (int64_t k = first; k <= last; k++)
		{
			float		part = work->kernel[k > row ? k - row : row - k];
			const float *row_sum = work->row_sum + k * columns,
					   *row_weight = work->row_weight + k * columns;

			add_row(columns, part, row_sum, residual_db);
			add_row(columns, part, row_weight, weight);
		}
		for (int32_t column = 0; column < columns; column++)
			residual_db[column] = weight[column] >= LEAST_WEIGHT ? residual_db[column] / weight[column] : NAN;
	}
}

/* to += part from */
static void
add_row(int32_t columns, float part, const float *restrict from, float *restrict to)
{
	int32_t		column = 0;

	for (; column + LANES <= columns; column += LANES)
		for (int k = 0; k < LANES; k++)
			to[column + k] += part * from[column + k];
	for (; column < columns; column++)
		to[column] += part * from[column];
}
