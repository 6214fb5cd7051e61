/* merge.c: points of one cell as one point (rpm_field.h). */
#include <math.h>
#include <stdlib.h>

#include "rpm_field.h"

#define RUN_POINTS ((size_t) 32768)
/* Cells are numbered in 64 bits: beyond this many the coordinates are no metres of this planet. */
#define LARGEST_COORDINATE_M 1e8

typedef struct keyed_point
{
	int64_t		column, row;
	rpm_field_point point;
	size_t		number;			/* before merging */
} keyed_point;

static rpm_code check_point(const rpm_field_point *point, size_t number, rpm_status *status);
static rpm_code sort_keyed(keyed_point **keyed, size_t count, rpm_control *control, rpm_status *status);
static void join_runs(const keyed_point *from, keyed_point *to, size_t begin, size_t middle, size_t end);
static int	compare_keyed(const void *a, const void *b);
static int	compare_numbers(double a, double b);
static size_t fold_sorted(const keyed_point *keyed, size_t count, rpm_field_point *points, int32_t *merged);

rpm_code
rpm_field_merge(rpm_field_point *points, size_t *count, double cell_m, int32_t *merged, rpm_control *control, rpm_status *status)
{
	keyed_point *keyed;

	if (!(cell_m > 0) || !isfinite(cell_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres, above 0.", "cells of %g m cannot be", cell_m);
	for (size_t i = 0; i < *count; i++)
		if (check_point(&points[i], i, status) != RPM_OK)
			return status->code;
	if (rpm_reserve(control, 2 * (*count + 1) * sizeof(keyed_point), "merging measurements", status) != RPM_OK)
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
	if (sort_keyed(&keyed, *count, control, status) == RPM_OK)
		*count = fold_sorted(keyed, *count, points, merged);
	free(keyed);
	return status->code;
}

/* Runs that take some milliseconds, then joined in pairs, so that a stop is seen in time. */
static rpm_code
sort_keyed(keyed_point **keyed, size_t count, rpm_control *control, rpm_status *status)
{
	keyed_point *other = malloc((count + 1) * sizeof(keyed_point));

	if (other == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", count);
	for (size_t begin = 0; begin < count && !rpm_stopped(control); begin += RUN_POINTS)
		qsort(*keyed + begin, count - begin < RUN_POINTS ? count - begin : RUN_POINTS, sizeof(keyed_point), compare_keyed);
	for (size_t run = RUN_POINTS; run < count && !rpm_stopped(control); run *= 2)
	{
		keyed_point *joined = other;

		for (size_t begin = 0; begin < count && !rpm_stopped(control); begin += 2 * run)
			join_runs(*keyed, joined, begin, begin + run < count ? begin + run : count, begin + 2 * run < count ? begin + 2 * run : count);
		other = *keyed;
		*keyed = joined;
	}
	free(other);
	if (rpm_stopped(control))
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
	return RPM_OK;
}

static void
join_runs(const keyed_point *from, keyed_point *to, size_t begin, size_t middle, size_t end)
{
	size_t		left = begin,
				right = middle;

	for (size_t i = begin; i < end; i++)
		if (right == end || (left < middle && compare_keyed(&from[left], &from[right]) <= 0))
			to[i] = from[left++];
		else
			to[i] = from[right++];
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
