/*
 * measured_cells.c: measured levels gathered into the cells of a grid (rpm_measured_cells.h).
 *
 * Means and squares are kept as running means and sums about them (West, Communications of the ACM 22 (1979) 532), which do not cancel.
 */
#include <math.h>
#include <stdlib.h>

#include "rpm_measured_cells.h"
#include "weighted_median.h"

/* An edge this near to a whole cell, in cells, is that one. */
#define EDGE_TOLERANCE 1e-6
#define SMALLEST_WEIGHT 1e-30
/* Below this share of its weight a cell has only one row that counts. */
#define SMALLEST_FREEDOM 1e-6
#define FIRST_CAPACITY 4096
#define POLL_CELLS 65536

typedef struct measured_cell
{
	double		weight, weight_squares;
	double		mean_db, squares;
	double		power_mw;		/* weighted sum */
	int64_t		count;
} measured_cell;

typedef struct kept_row
{
	uint32_t	cell;
	weighted_level level;
} kept_row;

struct rpm_measured_cells
{
	rpm_cell_grid grid;
	rpm_cell_domain domain;
	size_t		memory_limit_bytes;
	size_t		bytes;
	measured_cell *cells;
	rpm_measured_counts counts;
	int64_t		filled;
	kept_row   *rows;			/* for the median */
	size_t		row_count, row_capacity;
};

static size_t cell_count(const rpm_measured_cells *cells);
static rpm_code keep_row(rpm_measured_cells *cells, size_t cell, double level, double weight, rpm_status *status);
static rpm_code check_memory(const rpm_measured_cells *cells, size_t more, rpm_status *status);
static void add_to_cell(measured_cell *cell, double level, double weight);
static rpm_code write_medians(rpm_measured_cells *cells, rpm_control *control, float *level_dbm, rpm_status *status);
static weighted_level *rows_by_cell(const rpm_measured_cells *cells, rpm_control *control, rpm_status *status);
static double spread_of(const measured_cell *cell);

static const char *const LIMIT_HINT = "Take fewer or larger cells, or raise rpm_pg.max_memory.";
static const char *const ROWS_HINT = "Take the mean (domain => 'db' or 'power'), which keeps no rows, or raise rpm_pg.max_memory.";

double
rpm_tile_first_cell(double centre_m, double cell_size_m, int32_t count)
{
	return ceil(centre_m / cell_size_m - count / 2.0 - 0.5 - EDGE_TOLERANCE);
}

double
rpm_position_weight(double east_m, double north_m, double cell_width_m, double cell_height_m, double accuracy_m)
{
	double		scale = accuracy_m * M_SQRT2;

	if (accuracy_m == 0)
		return 1;
	return 0.25 * (erf(east_m / scale) + erf((cell_width_m - east_m) / scale)) *
		(erf(north_m / scale) + erf((cell_height_m - north_m) / scale));
}

size_t
rpm_measured_cells_bytes_per_cell(void)
{
	return sizeof(measured_cell) + 3 * sizeof(float);
}

rpm_measured_cells *
rpm_measured_cells_create(const rpm_cell_grid *grid, rpm_cell_domain domain, size_t memory_limit_bytes, rpm_status *status)
{
	rpm_measured_cells *cells;

	if (grid->columns < 1 || grid->rows < 1 || !(grid->cell_width_m > 0) || !(grid->cell_height_m > 0) || !isfinite(grid->west) ||
		!isfinite(grid->north) || (double) grid->columns * grid->rows > UINT32_MAX)
	{
		rpm_fail(status, RPM_INVALID_ARGUMENT, LIMIT_HINT, "a grid of %d x %d cells of %g x %g m cannot be", (int) grid->columns,
				 (int) grid->rows, grid->cell_width_m, grid->cell_height_m);
		return NULL;
	}
	cells = calloc(1, sizeof(rpm_measured_cells));
	if (cells == NULL)
	{
		rpm_fail(status, RPM_OUT_OF_MEMORY, LIMIT_HINT, "out of memory");
		return NULL;
	}
	cells->grid = *grid;
	cells->domain = domain;
	cells->memory_limit_bytes = memory_limit_bytes;
	cells->bytes = cell_count(cells) * rpm_measured_cells_bytes_per_cell();
	if (check_memory(cells, 0, status) == RPM_OK)
	{
		cells->cells = calloc(cell_count(cells), sizeof(measured_cell));
		if (cells->cells != NULL)
			return cells;
		rpm_fail(status, RPM_OUT_OF_MEMORY, LIMIT_HINT, "out of memory");
	}
	rpm_measured_cells_free(cells);
	return NULL;
}

void
rpm_measured_cells_free(rpm_measured_cells *cells)
{
	if (cells == NULL)
		return;
	free(cells->cells);
	free(cells->rows);
	free(cells);
}

rpm_code
rpm_measured_cells_add(rpm_measured_cells *cells, double x, double y, double level_dbm, double accuracy_m, rpm_status *status)
{
	const rpm_cell_grid *grid = &cells->grid;
	double		east = (x - grid->west) / grid->cell_width_m,
				south = (grid->north - y) / grid->cell_height_m,
				column = floor(east),
				row = floor(south),
				weight;
	size_t		cell;

	if (!isfinite(x) || !isfinite(y) || !(level_dbm >= RPM_LOWEST_LEVEL_DBM && level_dbm <= RPM_HIGHEST_LEVEL_DBM) ||
		!(accuracy_m >= 0))
	{
		cells->counts.unusable++;
		return RPM_OK;
	}
	if (!(column >= 0 && column < grid->columns && row >= 0 && row < grid->rows))
	{
		cells->counts.outside++;
		return RPM_OK;
	}
	weight = rpm_position_weight((east - column) * grid->cell_width_m, (row + 1 - south) * grid->cell_height_m, grid->cell_width_m,
								 grid->cell_height_m, accuracy_m);
	if (!(weight > SMALLEST_WEIGHT))
	{
		cells->counts.unusable++;
		return RPM_OK;
	}
	cell = (size_t) row * grid->columns + (size_t) column;
	if (cells->domain == RPM_CELL_MEDIAN && keep_row(cells, cell, level_dbm, weight, status) != RPM_OK)
		return status->code;
	if (cells->cells[cell].count == 0)
		cells->filled++;
	cells->counts.used++;
	add_to_cell(&cells->cells[cell], level_dbm, weight);
	return RPM_OK;
}

rpm_measured_counts
rpm_measured_cells_counts(const rpm_measured_cells *cells)
{
	return cells->counts;
}

int64_t
rpm_measured_cells_filled(const rpm_measured_cells *cells)
{
	return cells->filled;
}

rpm_code
rpm_measured_cells_write(rpm_measured_cells *cells, rpm_control *control, float nodata, float *level_dbm, float *count,
						 float *spread_db, rpm_status *status)
{
	size_t		total = cell_count(cells);

	for (size_t i = 0; i < total; i++)
	{
		const measured_cell *cell = &cells->cells[i];
		double		spread = spread_of(cell);

		if (i % POLL_CELLS == 0 && rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped");
		count[i] = cell->count > 0 ? (float) cell->count : nodata;
		spread_db[i] = isnan(spread) ? nodata : (float) spread;
		if (cell->count == 0)
			level_dbm[i] = nodata;
		else if (cells->domain == RPM_CELL_POWER)
			level_dbm[i] = (float) (10 * log10(cell->power_mw / cell->weight));
		else
			level_dbm[i] = (float) cell->mean_db;
	}
	if (cells->domain == RPM_CELL_MEDIAN)
		return write_medians(cells, control, level_dbm, status);
	return RPM_OK;
}

static size_t
cell_count(const rpm_measured_cells *cells)
{
	return (size_t) cells->grid.columns * cells->grid.rows;
}

static void
add_to_cell(measured_cell *cell, double level, double weight)
{
	double		difference = level - cell->mean_db;

	cell->count++;
	cell->weight += weight;
	cell->weight_squares += weight * weight;
	cell->mean_db += difference * weight / cell->weight;
	cell->squares += weight * difference * (level - cell->mean_db);
	cell->power_mw += weight * pow(10, level / 10);
}

/* NaN for a cell whose weight is one row's. */
static double
spread_of(const measured_cell *cell)
{
	double		freedom = cell->weight - cell->weight_squares / cell->weight;

	if (cell->count < 2 || !(freedom > SMALLEST_FREEDOM * cell->weight))
		return NAN;
	return sqrt(cell->squares / freedom);
}

static rpm_code
keep_row(rpm_measured_cells *cells, size_t cell, double level, double weight, rpm_status *status)
{
	if (cells->row_count == cells->row_capacity)
	{
		size_t		capacity = cells->row_capacity > 0 ? cells->row_capacity + cells->row_capacity / 2 : FIRST_CAPACITY;
		kept_row   *larger;

		if (check_memory(cells, capacity * sizeof(kept_row), status) != RPM_OK)
			return status->code;
		larger = realloc(cells->rows, capacity * sizeof(kept_row));
		if (larger == NULL)
			return rpm_fail(status, RPM_OUT_OF_MEMORY, ROWS_HINT, "out of memory");
		cells->rows = larger;
		cells->row_capacity = capacity;
	}
	cells->rows[cells->row_count].cell = (uint32_t) cell;
	cells->rows[cells->row_count].level.level = (float) level;
	cells->rows[cells->row_count].level.weight = (float) weight;
	cells->row_count++;
	return RPM_OK;
}

static rpm_code
check_memory(const rpm_measured_cells *cells, size_t more, rpm_status *status)
{
	size_t		bytes = cells->bytes + more;

	if (cells->memory_limit_bytes > 0 && bytes > cells->memory_limit_bytes)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, more > 0 ? ROWS_HINT : LIMIT_HINT,
						"the cells would need %.1f MB, %.1f MB are allowed", (double) bytes / 1048576,
						(double) cells->memory_limit_bytes / 1048576);
	return RPM_OK;
}

static rpm_code
write_medians(rpm_measured_cells *cells, rpm_control *control, float *level_dbm, rpm_status *status)
{
	weighted_level *levels = rows_by_cell(cells, control, status);
	size_t		total = cell_count(cells),
				first = 0;

	if (levels == NULL)
		return status->code;
	for (size_t i = 0; i < total; i++)
	{
		size_t		count = (size_t) cells->cells[i].count;
		double		median;

		if (count == 0)
			continue;
		if (weighted_median(levels + first, count, control, &median) != RPM_OK)
		{
			rpm_fail(status, RPM_CANCELLED, NULL, "stopped");
			break;
		}
		level_dbm[i] = (float) median;
		first += count;
	}
	free(levels);
	return status->code;
}

/* A counting sort, by cell; NULL with the status set. */
static weighted_level *
rows_by_cell(const rpm_measured_cells *cells, rpm_control *control, rpm_status *status)
{
	size_t		total = cell_count(cells),
				bytes = cells->row_count * sizeof(weighted_level) + total * sizeof(size_t),
				place = 0;
	weighted_level *levels;
	size_t	   *next;

	if (check_memory(cells, cells->row_capacity * sizeof(kept_row) + bytes, status) != RPM_OK)
		return NULL;
	levels = malloc((cells->row_count > 0 ? cells->row_count : 1) * sizeof(weighted_level));
	next = malloc(total * sizeof(size_t));
	if (levels == NULL || next == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, ROWS_HINT, "out of memory");
	for (size_t i = 0; i < total && status->code == RPM_OK; i++)
	{
		next[i] = place;
		place += (size_t) cells->cells[i].count;
	}
	for (size_t i = 0; i < cells->row_count && status->code == RPM_OK; i++)
	{
		levels[next[cells->rows[i].cell]++] = cells->rows[i].level;
		if (i % POLL_CELLS == 0 && rpm_stopped(control))
			rpm_fail(status, RPM_CANCELLED, NULL, "stopped");
	}
	free(next);
	if (status->code == RPM_OK)
		return levels;
	free(levels);
	return NULL;
}
