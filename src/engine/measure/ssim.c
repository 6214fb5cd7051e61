/*
 * ssim.c: structural similarity of two maps with gaps (rpm_metrics.h).
 *
 * For each row of windows the sums over its columns of window_cells cells are made anew, and each window adds window_cells of those: no
 * running sum that could drift.  Levels are taken from a common middle, so that squares do not cancel.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "level_map.h"
#include "rpm_metrics.h"

/* Subtracted from every level before squares are summed; the result does not depend on it beyond rounding. */
#define MIDDLE_DBM (-90.0)

typedef struct pair_sums
{
	double		pairs;
	double		predicted, measured;	/* from the middle */
	double		predicted_squares, measured_squares, products;
} pair_sums;

static rpm_code check_options(const rpm_ssim_options *options, rpm_status *status);
static void add_row(const rpm_level_map *predicted, const rpm_level_map *measured, const cell_rectangle *common, int64_t row,
					pair_sums *columns);
static void add_sums(pair_sums *to, const pair_sums *from);
static double similarity(const pair_sums *window, const rpm_ssim_options *options);

rpm_code
rpm_ssim(const rpm_level_map *predicted, const rpm_level_map *measured, const rpm_ssim_options *options, rpm_control *control,
		 double *ssim, int64_t *windows, rpm_status *status)
{
	cell_rectangle common = common_cells(predicted, measured);
	int			side = options->window_cells;
	pair_sums  *columns;
	double		sum = 0;

	*ssim = NAN;
	*windows = 0;
	if (check_options(options, status) != RPM_OK)
		return status->code;
	if (common.columns < side || common.rows < side)
		return RPM_OK;
	columns = malloc((size_t) common.columns * sizeof(pair_sums));
	if (columns == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");

	for (int64_t top = 0; top + side <= common.rows && !rpm_stopped(control); top++)
	{
		memset(columns, 0, (size_t) common.columns * sizeof(pair_sums));
		for (int row = 0; row < side; row++)
			add_row(predicted, measured, &common, top + row, columns);
		for (int64_t left = 0; left + side <= common.columns; left++)
		{
			pair_sums	window = columns[left];

			for (int i = 1; i < side; i++)
				add_sums(&window, &columns[left + i]);
			if (window.pairs < options->least_pairs)
				continue;
			sum += similarity(&window, options);
			(*windows)++;
		}
	}
	free(columns);
	if (rpm_stopped(control))
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped");
	if (*windows > 0)
		*ssim = sum / (double) *windows;
	return RPM_OK;
}

static rpm_code
check_options(const rpm_ssim_options *options, rpm_status *status)
{
	int			cells = options->window_cells * options->window_cells;

	if (options->window_cells < 3 || options->window_cells % 2 == 0 || options->window_cells > 1001)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give an odd number of cells, 3 to 1001; 7 is usual.", "the window of SSIM is %d cells wide",
						options->window_cells);
	if (options->least_pairs < 2 || options->least_pairs > cells)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give at least 2, at most the cells of a window.",
						"a window of SSIM counts from %d of its %d cells", options->least_pairs, cells);
	if (!(options->range_db > 0) || !isfinite(options->range_db))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the range of levels in dB; 96 is that of RSRP reports, -140 to -44 dBm.",
						"the range of SSIM is %g dB", options->range_db);
	return RPM_OK;
}

static void
add_row(const rpm_level_map *predicted, const rpm_level_map *measured, const cell_rectangle *common, int64_t row, pair_sums *columns)
{
	const float *p = map_row(predicted, common, row),
			   *m = map_row(measured, common, row);

	for (int64_t i = 0; i < common->columns; i++)
	{
		pair_sums	pair;

		if (!is_level(predicted, p[i]) || !is_level(measured, m[i]))
			continue;
		pair.pairs = 1;
		pair.predicted = (double) p[i] - MIDDLE_DBM;
		pair.measured = (double) m[i] - MIDDLE_DBM;
		pair.predicted_squares = pair.predicted * pair.predicted;
		pair.measured_squares = pair.measured * pair.measured;
		pair.products = pair.predicted * pair.measured;
		add_sums(&columns[i], &pair);
	}
}

static void
add_sums(pair_sums *to, const pair_sums *from)
{
	to->pairs += from->pairs;
	to->predicted += from->predicted;
	to->measured += from->measured;
	to->predicted_squares += from->predicted_squares;
	to->measured_squares += from->measured_squares;
	to->products += from->products;
}

static double
similarity(const pair_sums *window, const rpm_ssim_options *options)
{
	double		n = window->pairs,
				c1 = 0.01 * options->range_db * 0.01 * options->range_db,
				c2 = 0.03 * options->range_db * 0.03 * options->range_db,
				p = window->predicted / n,
				m = window->measured / n,
				variance_predicted = (window->predicted_squares - n * p * p) / (n - 1),
				variance_measured = (window->measured_squares - n * m * m) / (n - 1),
				covariance = (window->products - n * p * m) / (n - 1);

	p += MIDDLE_DBM;
	m += MIDDLE_DBM;
	return (2 * p * m + c1) * (2 * covariance + c2) / ((p * p + m * m + c1) * (variance_predicted + variance_measured + c2));
}
