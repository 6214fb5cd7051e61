/* map_grid.h: the grid of a map in world coordinates. */
#ifndef RPM_PG_MAP_GRID_H
#define RPM_PG_MAP_GRID_H

#include "postgres.h"

#include "rpm_scene.h"
#include "rpm_trace.h"
#include "scene_row.h"

/* Scenes are built on a lattice of 1 mm: smaller cells have nothing to show. */
#define RPM_SMALLEST_CELL_M 0.01
#define RPM_LARGEST_CELL_M 100000.0

/* North-up; column 0, row 0 is the north-west corner. */
typedef struct RpmMapGrid
{
	double		west, north;
	double		cell_width_m, cell_height_m;
	int			columns, rows;
} RpmMapGrid;

/* The box of a geometry in the scene's SRID.  Errors: 22023 (other SRID, empty, without area, not finite). */
extern RpmBox rpm_box_of_geometry(Datum geometry, const char *name, const RpmSceneRow *row);

/*
 * Cells whose edges are whole multiples of cell_size_m, over the whole box.  bytes_per_cell is what the caller takes for each.
 * Errors: 54000 when rpm_pg.max_memory does not suffice.
 */
extern RpmMapGrid rpm_grid_of_box(const RpmBox *box, double cell_size_m, size_t bytes_per_cell);

/* The grid of a raster as it is.  Errors: 22023 (other SRID, skewed, south-up, without cells), 22003 (cells too small or large), 54000. */
extern RpmMapGrid rpm_grid_of_raster(Datum raster, const RpmSceneRow *row, size_t bytes_per_cell);

extern RpmBox rpm_grid_box(const RpmMapGrid *grid);

/* The same grid in the local coordinates of a scene. */
extern rpm_grid rpm_grid_local(const RpmMapGrid *grid, const rpm_scene *scene, double receiver_height_m);

#endif
