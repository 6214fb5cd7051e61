/* covariance.c: the covariance of the residual field, its defaults, and merging of points (rpm_field.h). */
#include <math.h>
#include <stdlib.h>

#include "rpm_field.h"

#define DEFAULT_FIELD_SD_DB 6.0
#define DEFAULT_RANGE_M 50.0
#define PLACE_RANGE_M 2.0		/* below the cells of a map: next to nothing is left in the next one */
#define DEFAULT_NOISE_SD_DB 3.0
#define DEFAULT_SITE_SHARE 0.5
/* Cells are numbered in 64 bits: beyond this many the coordinates are no metres of this planet. */
#define LARGEST_COORDINATE_M 1e8

typedef struct keyed_point
{
	int64_t		column, row;
	rpm_field_point point;
	size_t		number;			/* before merging */
} keyed_point;

static rpm_code check_point(const rpm_field_point *point, size_t number, rpm_status *status);
static int	compare_keyed(const void *a, const void *b);
static int	compare_numbers(double a, double b);
static size_t fold_sorted(const keyed_point *keyed, size_t count, rpm_field_point *points, int32_t *merged);

void
rpm_covariance_default(rpm_covariance *covariance)
{
	*covariance = (rpm_covariance){
		.nugget_db2 = DEFAULT_NOISE_SD_DB * DEFAULT_NOISE_SD_DB,
		.sill_db2 = {0, DEFAULT_FIELD_SD_DB * DEFAULT_FIELD_SD_DB, 0},
		.range_m = {PLACE_RANGE_M, DEFAULT_RANGE_M, DEFAULT_RANGE_M},
		.site_share = {DEFAULT_SITE_SHARE, DEFAULT_SITE_SHARE, DEFAULT_SITE_SHARE},
		.other_share = {0, 0, 0}
	};
}

void
rpm_field_options_default(rpm_field_options *options)
{
	*options = (rpm_field_options){
		.seed = 1,
		.terms = 600,
		.term_neighbours = 14,
		.own_neighbours = 28,
		.site_neighbours = 20,
		.other_neighbours = 12,
		.block_m = 20,
		.left_out_m = 100
	};
}

double
rpm_covariance_sill(const rpm_covariance *covariance)
{
	double		sum = 0;

	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		sum += covariance->sill_db2[j];
	return sum;
}

double
rpm_covariance_at(const rpm_covariance *covariance, double distance_m)
{
	double		sum = 0;

	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		if (covariance->sill_db2[j] > 0)
			sum += covariance->sill_db2[j] * exp(-distance_m / covariance->range_m[j]);
	return sum;
}

rpm_code
rpm_field_merge(rpm_field_point *points, size_t *count, double cell_m, int32_t *merged, rpm_status *status)
{
	keyed_point *keyed;

	if (!(cell_m > 0) || !isfinite(cell_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres, above 0.", "cells of %g m cannot be", cell_m);
	for (size_t i = 0; i < *count; i++)
		if (check_point(&points[i], i, status) != RPM_OK)
			return status->code;
	keyed = malloc((*count + 1) * sizeof(keyed_point));
	if (keyed == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", *count);
	for (size_t i = 0; i < *count; i++)
	{
		keyed[i].column = (int64_t) floor(points[i].x_m / cell_m);
		keyed[i].row = (int64_t) floor(points[i].y_m / cell_m);
		keyed[i].point = points[i];
		keyed[i].number = i;
	}
	qsort(keyed, *count, sizeof(keyed_point), compare_keyed);
	*count = fold_sorted(keyed, *count, points, merged);
	free(keyed);
	return RPM_OK;
}

static rpm_code
check_point(const rpm_field_point *point, size_t number, rpm_status *status)
{
	if (!isfinite(point->value_db))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Leave measurements without a level out.",
						"the level of measurement %zu is not finite", number + 1);
	if (!(fabs(point->x_m) <= LARGEST_COORDINATE_M) || !(fabs(point->y_m) <= LARGEST_COORDINATE_M))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Coordinates are metres about an origin near the data.",
						"measurement %zu lies at (%g, %g)", number + 1, point->x_m, point->y_m);
	if (!(point->weight > 0) || !isfinite(point->weight))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "A weight is the number of measurements behind a point, above 0.",
						"measurement %zu has weight %g", number + 1, point->weight);
	return RPM_OK;
}

/* A whole order: what is summed up, and in which order, depends on the set of points alone. */
static int
compare_keyed(const void *a, const void *b)
{
	const keyed_point *left = a,
			   *right = b;
	int			order;

	if (left->point.antenna != right->point.antenna)
		return left->point.antenna < right->point.antenna ? -1 : 1;
	if (left->row != right->row)
		return left->row < right->row ? -1 : 1;
	if (left->column != right->column)
		return left->column < right->column ? -1 : 1;
	order = compare_numbers(left->point.x_m, right->point.x_m);
	if (order == 0)
		order = compare_numbers(left->point.y_m, right->point.y_m);
	if (order == 0)
		order = compare_numbers(left->point.value_db, right->point.value_db);
	return order != 0 ? order : compare_numbers(left->point.weight, right->point.weight);
}

static int
compare_numbers(double a, double b)
{
	return a < b ? -1 : a > b;
}

static size_t
fold_sorted(const keyed_point *keyed, size_t count, rpm_field_point *points, int32_t *merged)
{
	size_t		cells = 0;

	for (size_t begin = 0, end; begin < count; begin = end)
	{
		double		weight = 0,
					x = 0,
					y = 0,
					value = 0;

		for (end = begin; end < count && keyed[end].row == keyed[begin].row && keyed[end].column == keyed[begin].column &&
			 keyed[end].point.antenna == keyed[begin].point.antenna; end++)
		{
			const rpm_field_point *point = &keyed[end].point;

			weight += point->weight;
			x += point->weight * point->x_m;
			y += point->weight * point->y_m;
			value += point->weight * point->value_db;
			if (merged != NULL)
				merged[keyed[end].number] = (int32_t) cells;
		}
		points[cells] = keyed[begin].point;
		if (end > begin + 1)
		{
			points[cells].x_m = x / weight;
			points[cells].y_m = y / weight;
			points[cells].value_db = value / weight;
			points[cells].weight = weight;
		}
		cells++;
	}
	return cells;
}
