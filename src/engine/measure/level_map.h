/* level_map.h: cells of maps that share one alignment. */
#ifndef RPM_MEASURE_LEVEL_MAP_H
#define RPM_MEASURE_LEVEL_MAP_H

#include <math.h>
#include <stdbool.h>

#include "rpm_metrics.h"

/* A rectangle of cells; empty where columns or rows are not above 0. */
typedef struct cell_rectangle
{
	int64_t		column, row, columns, rows;
} cell_rectangle;

static inline int64_t
cell_least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t
cell_most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The cells common to both. */
static inline cell_rectangle
common_cells(const rpm_level_map *a, const rpm_level_map *b)
{
	cell_rectangle common;

	common.column = cell_most(a->column, b->column);
	common.row = cell_most(a->row, b->row);
	common.columns = cell_least(a->column + a->columns, b->column + b->columns) - common.column;
	common.rows = cell_least(a->row + a->rows, b->row + b->rows) - common.row;
	if (common.columns < 0 || common.rows < 0)
		common.columns = common.rows = 0;
	return common;
}

/* The first value of a row of the rectangle, which lies in the map. */
static inline const float *
map_row(const rpm_level_map *map, const cell_rectangle *rectangle, int64_t row)
{
	return map->values + (size_t) (rectangle->row + row - map->row) * map->columns + (size_t) (rectangle->column - map->column);
}

static inline bool
is_level(const rpm_level_map *map, float value)
{
	return value != map->nodata && isfinite(value);
}

#endif
