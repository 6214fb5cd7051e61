/*
 * raster.c: polygons into cells by scan lines: each edge is cut with the rows of centres that it crosses, and the cuts of a row, in their
 * order, are the ends of its spans.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/raster.h"

#define MOST_CROSSINGS (SIZE_MAX / 4 / sizeof(double))

typedef struct edge_rows
{
	int32_t		first, end;		/* rows whose centres the edge crosses, half open */
	double		x0, per_row;	/* at the first of them, and from row to row */
} edge_rows;

/* Rings of one polygon, and the rows that they may cross. */
typedef struct ring_range
{
	size_t		first, end;
	int32_t		first_row, end_row;
} ring_range;

static ring_range range_of(const rpm_environment *environment, size_t polygon);
static int32_t row_from(const rpm_cell_grid *grid, double y);
static bool next_edge(const rpm_environment *environment, size_t ring, size_t i, edge_rows *edge);
static size_t count_crossings(const rpm_environment *environment, const ring_range *range);
static void put_crossings(const rpm_environment *environment, const ring_range *range);
static int	compare_crossings(const void *a, const void *b);
static void sort_crossings(double *crossing, size_t count);
static int32_t first_column(const rpm_cell_grid *grid, double x);

bool
raster_polygon(rpm_environment *environment, size_t polygon, raster_span span, void *context)
{
	rpm_rasteriser *rasteriser = environment->rasteriser;
	const rpm_cell_grid *grid = &environment->grid;
	ring_range	range = range_of(environment, polygon);
	size_t		total = count_crossings(environment, &range),
				begin = 0;

	if (total > rasteriser->crossing_capacity)
	{
		double	   *larger = total > MOST_CROSSINGS ? NULL : realloc(rasteriser->crossing, total * sizeof(double));

		if (larger == NULL)
			return false;
		rasteriser->crossing = larger;
		rasteriser->crossing_capacity = total;
	}
	put_crossings(environment, &range);
	for (int32_t row = range.first_row; row < range.end_row && total > 0; row++)
	{
		size_t		end = rasteriser->row_end[row];

		sort_crossings(rasteriser->crossing + begin, end - begin);
		for (size_t i = begin; i + 1 < end; i += 2)
		{
			int32_t		column_begin = first_column(grid, rasteriser->crossing[i]),
						column_end = first_column(grid, rasteriser->crossing[i + 1]);

			if (column_begin < column_end)
				span(context, row, column_begin, column_end);
		}
		begin = end;
	}
	return true;
}

static ring_range
range_of(const rpm_environment *environment, size_t polygon)
{
	const polygon_set *set = &environment->rasteriser->set;
	ring_range	range = {polygon_first_ring(set, polygon), set->polygon_end[polygon], 0, 0};
	double		low = INFINITY,
				high = -INFINITY;

	for (size_t i = ring_first_point(set, range.first); range.first < range.end && i < set->ring_end[range.end - 1]; i++)
	{
		low = fmin(low, set->point[i][1]);
		high = fmax(high, set->point[i][1]);
	}
	if (low < high)
	{
		range.first_row = row_from(&environment->grid, high);
		range.end_row = row_from(&environment->grid, low);
	}
	return range;
}

/* The first row whose centre lies at or below y, within the grid. */
static int32_t
row_from(const rpm_cell_grid *grid, double y)
{
	double		row = ceil((grid->north - y) / grid->cell_height_m - 0.5);

	return row <= 0 ? 0 : row >= grid->rows ? grid->rows : (int32_t) row;
}

/* Edge i of a ring; false where it crosses no row of centres.  A row of centres through a corner counts the edge that goes on above it. */
static bool
next_edge(const rpm_environment *environment, size_t ring, size_t i, edge_rows *edge)
{
	const polygon_set *set = &environment->rasteriser->set;
	const rpm_cell_grid *grid = &environment->grid;
	size_t		first = ring_first_point(set, ring),
				next = i + 1 < set->ring_end[ring] ? i + 1 : first;
	const double *a = set->point[i],
			   *b = set->point[next];

	if (a[1] < b[1])
	{
		const double *swap = a;

		a = b;
		b = swap;
	}
	/* From the north down: centres at north - (row + 0.5) height; those at or below a's, above b's. */
	edge->first = row_from(grid, a[1]);
	edge->end = row_from(grid, b[1]);
	if (edge->first >= edge->end)
		return false;
	edge->per_row = (b[0] - a[0]) / (a[1] - b[1]) * grid->cell_height_m;
	edge->x0 = a[0] + (b[0] - a[0]) / (a[1] - b[1]) * (a[1] - grid->north + (edge->first + 0.5) * grid->cell_height_m);
	return true;
}

/* Leaves in row_end where each row begins. */
static size_t
count_crossings(const rpm_environment *environment, const ring_range *range)
{
	rpm_rasteriser *rasteriser = environment->rasteriser;
	size_t		total = 0;
	edge_rows	edge;

	memset(rasteriser->row_end + range->first_row, 0, (size_t) (range->end_row - range->first_row + 1) * sizeof(size_t));
	for (size_t ring = range->first; ring < range->end; ring++)
		for (size_t i = ring_first_point(&rasteriser->set, ring); i < rasteriser->set.ring_end[ring]; i++)
			if (next_edge(environment, ring, i, &edge))
				for (int32_t row = edge.first; row < edge.end; row++)
					rasteriser->row_end[row]++;
	for (int32_t row = range->first_row; row < range->end_row; row++)
	{
		size_t		of_row = rasteriser->row_end[row];

		rasteriser->row_end[row] = total;
		total += of_row;
	}
	return total;
}

/* Leaves in row_end where each row ends. */
static void
put_crossings(const rpm_environment *environment, const ring_range *range)
{
	rpm_rasteriser *rasteriser = environment->rasteriser;
	edge_rows	edge;

	for (size_t ring = range->first; ring < range->end; ring++)
		for (size_t i = ring_first_point(&rasteriser->set, ring); i < rasteriser->set.ring_end[ring]; i++)
			if (next_edge(environment, ring, i, &edge))
				for (int32_t row = edge.first; row < edge.end; row++)
					rasteriser->crossing[rasteriser->row_end[row]++] = edge.x0 + edge.per_row * (row - edge.first);
}

/* A row of most polygons has two. */
static void
sort_crossings(double *crossing, size_t count)
{
	if (count == 2 && crossing[0] > crossing[1])
	{
		double		swap = crossing[0];

		crossing[0] = crossing[1];
		crossing[1] = swap;
	}
	else if (count > 2)
		qsort(crossing, count, sizeof(double), compare_crossings);
}

static int
compare_crossings(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

/* The first column whose centre lies at or beyond x, within the grid. */
static int32_t
first_column(const rpm_cell_grid *grid, double x)
{
	double		column = ceil((x - grid->west) / grid->cell_width_m - 0.5);

	return column <= 0 ? 0 : column >= grid->columns ? grid->columns : (int32_t) column;
}
