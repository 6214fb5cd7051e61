/*
 * roads.c: lines into the cells that they touch, or that their width covers.
 */
#include <math.h>
#include <stdlib.h>

#include "features/raster.h"

/* A segment in cells: columns eastward, rows southward. */
typedef struct segment
{
	double		c0, r0, c1, r1;
} segment;

static void draw(rpm_environment *environment, const double *from, const double *to, double width_m);
static bool clip(const rpm_cell_grid *grid, segment *line);
static bool clip_side(double from, double step, double low, double high, double *begin, double *end);
static void draw_touched(rpm_environment *environment, const segment *line);
static void draw_band(rpm_environment *environment, const double *from, const double *to, double width_m);
static int32_t clamped(double value, int32_t most);

void
raster_lines(rpm_environment *environment, double width_m)
{
	const polygon_set *set = &environment->rasteriser->set;

	for (size_t ring = 0; ring < set->ring_count; ring++)
		for (size_t i = ring_first_point(set, ring); i + 1 < set->ring_end[ring]; i++)
			draw(environment, set->point[i], set->point[i + 1], width_m);
}

static void
draw(rpm_environment *environment, const double *from, const double *to, double width_m)
{
	const rpm_cell_grid *grid = &environment->grid;
	segment		line = {(from[0] - grid->west) / grid->cell_width_m, (grid->north - from[1]) / grid->cell_height_m,
	(to[0] - grid->west) / grid->cell_width_m, (grid->north - to[1]) / grid->cell_height_m};

	if (width_m > 0)
		draw_band(environment, from, to, width_m);
	if (clip(grid, &line))
		draw_touched(environment, &line);
}

/* Liang and Barsky; false where the segment misses the grid. */
static bool
clip(const rpm_cell_grid *grid, segment *line)
{
	double		begin = 0,
				end = 1,
				dc = line->c1 - line->c0,
				dr = line->r1 - line->r0;
	segment		whole = *line;

	if (!clip_side(line->c0, dc, 0, grid->columns, &begin, &end) || !clip_side(line->r0, dr, 0, grid->rows, &begin, &end))
		return false;
	line->c0 = whole.c0 + begin * dc;
	line->r0 = whole.r0 + begin * dr;
	line->c1 = whole.c0 + end * dc;
	line->r1 = whole.r0 + end * dr;
	return true;
}

static bool
clip_side(double from, double step, double low, double high, double *begin, double *end)
{
	if (step == 0)
		return from >= low && from <= high;
	*begin = fmax(*begin, ((step > 0 ? low : high) - from) / step);
	*end = fmin(*end, ((step > 0 ? high : low) - from) / step);
	return *begin <= *end;
}

/* From cell to cell over the nearer border (Amanatides and Woo 1987). */
static void
draw_touched(rpm_environment *environment, const segment *line)
{
	const rpm_cell_grid *grid = &environment->grid;
	double		dc = line->c1 - line->c0,
				dr = line->r1 - line->r0;
	int32_t		column = clamped(line->c0, grid->columns - 1),
				row = clamped(line->r0, grid->rows - 1),
				last_column = clamped(line->c1, grid->columns - 1),
				last_row = clamped(line->r1, grid->rows - 1),
				step_column = last_column > column ? 1 : -1,
				step_row = last_row > row ? 1 : -1;
	int64_t		left = llabs((long long) last_column - column) + llabs((long long) last_row - row);

	environment->road[(size_t) row * grid->columns + column] = 1;
	while (left-- > 0)
	{
		double		at_column = column == last_column ? INFINITY : (column + (step_column > 0) - line->c0) / dc,
					at_row = row == last_row ? INFINITY : (row + (step_row > 0) - line->r0) / dr;

		if (at_column < at_row)
			column += step_column;
		else
			row += step_row;
		environment->road[(size_t) row * grid->columns + column] = 1;
	}
}

/* Cells with their centre within half the width. */
static void
draw_band(rpm_environment *environment, const double *from, const double *to, double width_m)
{
	const rpm_cell_grid *grid = &environment->grid;
	double		reach = width_m / 2,
				dx = to[0] - from[0],
				dy = to[1] - from[1],
				square = dx * dx + dy * dy;
	int32_t		first_column = clamped((fmin(from[0], to[0]) - reach - grid->west) / grid->cell_width_m, grid->columns),
				last_column = clamped((fmax(from[0], to[0]) + reach - grid->west) / grid->cell_width_m, grid->columns - 1),
				first_row = clamped((grid->north - fmax(from[1], to[1]) - reach) / grid->cell_height_m, grid->rows),
				last_row = clamped((grid->north - fmin(from[1], to[1]) + reach) / grid->cell_height_m, grid->rows - 1);

	for (int32_t row = first_row; row <= last_row; row++)
		for (int32_t column = first_column; column <= last_column; column++)
		{
			double		x = grid->west + (column + 0.5) * grid->cell_width_m - from[0],
						y = grid->north - (row + 0.5) * grid->cell_height_m - from[1],
						along = square > 0 ? fmin(1, fmax(0, (x * dx + y * dy) / square)) : 0;

			if (hypot(x - along * dx, y - along * dy) <= reach)
				environment->road[(size_t) row * grid->columns + column] = 1;
		}
}

static int32_t
clamped(double value, int32_t most)
{
	double		whole = floor(value);

	return whole <= 0 ? 0 : whole >= most ? most : (int32_t) whole;
}
