/* metrics.c: sums over pairs of predicted and measured values, and the figures made of them (rpm_metrics.h). */
#include <math.h>

#include "level_map.h"
#include "rpm_metrics.h"

#define POLL_ROWS 64

static void add_holes(rpm_comparison *comparison, double predicted, double measured, double threshold_dbm);
static double level_count(const rpm_level_map *map, const cell_rectangle *except);
static double ratio(double share, double whole);

void
rpm_comparison_add(rpm_comparison *comparison, double predicted, double measured, double threshold_dbm)
{
	double		error = predicted - measured,
				from_predicted = predicted - comparison->mean_predicted,
				from_measured = measured - comparison->mean_measured;

	if (!isfinite(predicted) || !isfinite(measured))
	{
		comparison->predicted_only += isfinite(predicted) ? 1 : 0;
		comparison->measured_only += isfinite(measured) ? 1 : 0;
		return;
	}
	comparison->pairs += 1;
	comparison->mean_predicted += from_predicted / comparison->pairs;
	comparison->mean_measured += from_measured / comparison->pairs;
	comparison->squares_predicted += from_predicted * (predicted - comparison->mean_predicted);
	comparison->squares_measured += from_measured * (measured - comparison->mean_measured);
	comparison->products += from_predicted * (measured - comparison->mean_measured);
	comparison->absolute_error += fabs(error);
	comparison->squared_error += error * error;
	comparison->relative_error += fabs(error) / (fabs(predicted) + fabs(measured) + RPM_SMAPE_EPSILON);
	add_holes(comparison, predicted, measured, threshold_dbm);
}

void
rpm_comparison_merge(rpm_comparison *comparison, const rpm_comparison *other)
{
	double		pairs = comparison->pairs + other->pairs,
				share = pairs > 0 ? other->pairs / pairs : 0,
				apart_predicted = other->mean_predicted - comparison->mean_predicted,
				apart_measured = other->mean_measured - comparison->mean_measured,
				lever = comparison->pairs * share;

	comparison->squares_predicted += other->squares_predicted + apart_predicted * apart_predicted * lever;
	comparison->squares_measured += other->squares_measured + apart_measured * apart_measured * lever;
	comparison->products += other->products + apart_predicted * apart_measured * lever;
	comparison->mean_predicted += apart_predicted * share;
	comparison->mean_measured += apart_measured * share;
	comparison->pairs = pairs;
	comparison->measured_only += other->measured_only;
	comparison->predicted_only += other->predicted_only;
	comparison->absolute_error += other->absolute_error;
	comparison->squared_error += other->squared_error;
	comparison->relative_error += other->relative_error;
	comparison->holes_found += other->holes_found;
	comparison->holes_false += other->holes_false;
	comparison->holes_missed += other->holes_missed;
}

rpm_metrics
rpm_comparison_metrics(const rpm_comparison *comparison)
{
	double		pairs = comparison->pairs,
				found = comparison->holes_found,
				wrong = comparison->holes_false,
				missed = comparison->holes_missed,
				both = sqrt(comparison->squares_predicted) * sqrt(comparison->squares_measured);
	rpm_metrics metrics;

	metrics.rmse_db = sqrt(ratio(comparison->squared_error, pairs));
	metrics.mae_db = ratio(comparison->absolute_error, pairs);
	metrics.bias_db = pairs > 0 ? comparison->mean_predicted - comparison->mean_measured : NAN;
	metrics.pcc = fmax(-1, fmin(1, ratio(comparison->products, both)));
	if (!(both > 0))
		metrics.pcc = NAN;
	metrics.smape = ratio(comparison->relative_error, pairs);
	metrics.r2 = 1 - ratio(comparison->squared_error, comparison->squares_measured);
	metrics.hole_precision = ratio(found, found + wrong);
	metrics.hole_recall = ratio(found, found + missed);
	metrics.hole_f1 = ratio(2 * found, 2 * found + wrong + missed);
	return metrics;
}

rpm_code
rpm_compare_maps(const rpm_level_map *predicted, const rpm_level_map *measured, double threshold_dbm, rpm_control *control,
				 rpm_comparison *comparison, rpm_status *status)
{
	cell_rectangle common = common_cells(predicted, measured);

	for (int64_t row = 0; row < common.rows; row++)
	{
		const float *p = map_row(predicted, &common, row),
				   *m = map_row(measured, &common, row);

		if (row % POLL_ROWS == 0 && rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped");
		for (int64_t i = 0; i < common.columns; i++)
		{
			bool		has_predicted = is_level(predicted, p[i]),
						has_measured = is_level(measured, m[i]);

			if (has_predicted || has_measured)
				rpm_comparison_add(comparison, has_predicted ? (double) p[i] : NAN, has_measured ? (double) m[i] : NAN, threshold_dbm);
		}
	}
	comparison->predicted_only += level_count(predicted, &common);
	comparison->measured_only += level_count(measured, &common);
	return RPM_OK;
}

static void
add_holes(rpm_comparison *comparison, double predicted, double measured, double threshold_dbm)
{
	bool		is_predicted = predicted < threshold_dbm,
				is_measured = measured < threshold_dbm;

	comparison->holes_found += is_predicted && is_measured ? 1 : 0;
	comparison->holes_false += is_predicted && !is_measured ? 1 : 0;
	comparison->holes_missed += !is_predicted && is_measured ? 1 : 0;
}

/* Cells with a value outside a rectangle. */
static double
level_count(const rpm_level_map *map, const cell_rectangle *except)
{
	double		count = 0;

	for (int64_t row = 0; row < map->rows; row++)
	{
		const float *values = map->values + (size_t) row * map->columns;
		int64_t		row_inside = map->row + row - except->row,
					first = map->columns,
					end = map->columns;

		if (row_inside >= 0 && row_inside < except->rows)
		{
			first = except->column - map->column;
			end = first + except->columns;
		}
		for (int64_t i = 0; i < map->columns; i++)
			count += (i < first || i >= end) && is_level(map, values[i]) ? 1 : 0;
	}
	return count;
}

static double
ratio(double share, double whole)
{
	return whole > 0 ? share / whole : NAN;
}
