/*
 * rpm_measured_cells.h: measured levels gathered into the cells of a grid: mean, count and spread.
 *
 * Rows are added one at a time and need not fit into memory; only the median keeps them (12 bytes each).
 */
#ifndef RPM_MEASURED_CELLS_H
#define RPM_MEASURED_CELLS_H

#include <stddef.h>
#include <stdint.h>

#include "rpm_control.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Levels outside this are no levels, dBm. */
#define RPM_LOWEST_LEVEL_DBM (-300.0)
#define RPM_HIGHEST_LEVEL_DBM 100.0

/* What stands for the levels of a cell. */
typedef enum rpm_cell_domain
{
	RPM_CELL_DB = 0,			/* mean of the levels in dB */
	RPM_CELL_POWER,				/* mean of the powers, in dB */
	RPM_CELL_MEDIAN				/* median of the levels, which is the same in both */
} rpm_cell_domain;

/* North-up; column 0, row 0 is the north-west corner. */
typedef struct rpm_cell_grid
{
	double		west, north;	/* metres */
	double		cell_width_m, cell_height_m;
	int32_t		columns, rows;
} rpm_cell_grid;

/* What became of the rows. */
typedef struct rpm_measured_counts
{
	int64_t		used;
	int64_t		outside;		/* of the grid */
	int64_t		unusable;		/* position, level or accuracy not finite or out of range */
} rpm_measured_counts;

typedef struct rpm_measured_cells rpm_measured_cells;

/*
 * The lowest edge (west or south) of a tile of count cells of cell_size_m that is centred on a coordinate, as a whole number of cells
 * from zero: the tile's middle is the multiple of half a cell, right for count, that lies nearest; of two equally near the lower.
 */
double		rpm_tile_first_cell(double centre_m, double cell_size_m, int32_t count);

/*
 * The weight of a row in its cell: the probability that the place where it was measured lies in the cell that its position lies in,
 * when east and north err independently with standard deviation accuracy_m.  1 for 0; all offsets in metres from the cell's west and
 * south edge.
 */
double		rpm_position_weight(double east_m, double north_m, double cell_width_m, double cell_height_m, double accuracy_m);

/*
 * Empty cells.  memory_limit_bytes: 0 for none.  Returns NULL with the status set (RPM_INVALID_ARGUMENT for a grid without cells,
 * RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY).
 */
rpm_measured_cells *rpm_measured_cells_create(const rpm_cell_grid *grid, rpm_cell_domain domain, size_t memory_limit_bytes,
											  rpm_status *status);
void		rpm_measured_cells_free(rpm_measured_cells *cells);

/* Bytes that a grid takes for each of its cells, the arrays of rpm_measured_cells_write included. */
size_t		rpm_measured_cells_bytes_per_cell(void);

/*
 * Adds a row; one that is unusable or outside the grid is counted and left out.  An edge belongs to the cell east and south of it.
 * Errors: RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY (median only).
 */
rpm_code	rpm_measured_cells_add(rpm_measured_cells *cells, double x, double y, double level_dbm, double accuracy_m,
								   rpm_status *status);

rpm_measured_counts rpm_measured_cells_counts(const rpm_measured_cells *cells);

/* Cells with at least one row. */
int64_t		rpm_measured_cells_filled(const rpm_measured_cells *cells);

/*
 * level_dbm, count and spread_db: rows x columns from the north-west, nodata where nothing was measured.  spread_db is the standard
 * deviation of the levels in dB, sqrt(sum w (x - m)^2 / (W - sum w^2 / W)) with m the weighted mean in dB and W the sum of weights
 * (unweighted: n - 1 in the denominator); nodata for a cell of one row.  The results do not depend on the order of rows beyond
 * rounding (relative 1e-10 before they become floats).
 * Errors: RPM_OUT_OF_MEMORY, RPM_LIMIT_EXCEEDED, RPM_CANCELLED.
 */
rpm_code	rpm_measured_cells_write(rpm_measured_cells *cells, rpm_control *control, float nodata, float *level_dbm, float *count,
									 float *spread_db, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
