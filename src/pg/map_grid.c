/*
 * map_grid.c: the grid of a map in world coordinates: from a box and a cell size, or a raster's as it is.
 */
#include "postgres.h"

#include <limits.h>
#include <math.h>

#include "executor/spi.h"

#include "map_grid.h"
#include "postgis_functions.h"
#include "rpm_settings.h"
#include "spi_rows.h"

/* An edge this near to a multiple of the cell size, in cells, is that multiple. */
#define EDGE_TOLERANCE 1e-6

static void check_size(double columns, double rows, size_t bytes_per_cell);

RpmBox
rpm_box_of_geometry(Datum geometry, const char *name, const RpmSceneRow *row)
{
	Oid			type = rpm_geometry_type();
	RpmBox		box;
	double		area,
				perimeter;
	int32		srid;
	HeapTuple	tuple;

	rpm_spi_query_by_key(psprintf("SELECT %1$s.ST_SRID($1), %1$s.ST_Area($1), %1$s.ST_Perimeter($1), %1$s.ST_XMin($1),"
						   " %1$s.ST_YMin($1), %1$s.ST_XMax($1), %1$s.ST_YMax($1)", rpm_postgis_schema()), 1, &type, &geometry, NULL);
	tuple = SPI_tuptable->vals[0];
	srid = rpm_column_int32(tuple, 1);
	area = rpm_column_double(tuple, 2);
	perimeter = rpm_column_double(tuple, 3);
	box.west = rpm_column_double(tuple, 4);
	box.south = rpm_column_double(tuple, 5);
	box.east = rpm_column_double(tuple, 6);
	box.north = rpm_column_double(tuple, 7);
	SPI_finish();
	if (srid != row->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has SRID %d, scene \"%s\" has %d", name, srid, row->name, row->srid),
				 errhint("Use ST_Transform(%s, %d).", name, row->srid)));
	if (!(area > 0) || !isfinite(perimeter))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is empty, has no area or a coordinate that is not finite", name),
				 errhint("Give a polygon: ST_MakeEnvelope(xmin, ymin, xmax, ymax, %d).", row->srid)));
	return box;
}

RpmMapGrid
rpm_grid_of_box(const RpmBox *box, double cell_size_m, size_t bytes_per_cell)
{
	double		west = floor(box->west / cell_size_m + EDGE_TOLERANCE),
				south = floor(box->south / cell_size_m + EDGE_TOLERANCE),
				east = Max(ceil(box->east / cell_size_m - EDGE_TOLERANCE), west + 1),
				north = Max(ceil(box->north / cell_size_m - EDGE_TOLERANCE), south + 1);
	RpmMapGrid	grid;

	check_size(east - west, north - south, bytes_per_cell);
	grid.west = west * cell_size_m;
	grid.north = north * cell_size_m;
	grid.cell_width_m = grid.cell_height_m = cell_size_m;
	grid.columns = (int) (east - west);
	grid.rows = (int) (north - south);
	return grid;
}

RpmMapGrid
rpm_grid_of_raster(Datum raster, const RpmSceneRow *row, size_t bytes_per_cell)
{
	Oid			type = rpm_raster_type();
	RpmMapGrid	grid;
	double		scale_y,
				skew_x,
				skew_y;
	int32		srid;
	HeapTuple	tuple;

	rpm_spi_query_by_key(psprintf("SELECT %1$s.ST_SRID($1), %1$s.ST_Width($1), %1$s.ST_Height($1), %1$s.ST_UpperLeftX($1),"
						   " %1$s.ST_UpperLeftY($1), %1$s.ST_ScaleX($1), %1$s.ST_ScaleY($1), %1$s.ST_SkewX($1), %1$s.ST_SkewY($1)",
						   rpm_raster_schema()), 1, &type, &raster, NULL);
	tuple = SPI_tuptable->vals[0];
	srid = rpm_column_int32(tuple, 1);
	grid.columns = rpm_column_int32(tuple, 2);
	grid.rows = rpm_column_int32(tuple, 3);
	grid.west = rpm_column_double(tuple, 4);
	grid.north = rpm_column_double(tuple, 5);
	grid.cell_width_m = rpm_column_double(tuple, 6);
	scale_y = rpm_column_double(tuple, 7);
	grid.cell_height_m = -scale_y;
	skew_x = rpm_column_double(tuple, 8);
	skew_y = rpm_column_double(tuple, 9);
	SPI_finish();
	if (srid != row->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("template has SRID %d, scene \"%s\" has %d", srid, row->name, row->srid),
				 errhint("Use ST_Transform(template, %d).", row->srid)));
	if (!isfinite(grid.west) || !isfinite(grid.north))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the corner of template, (%g, %g), is not finite", grid.west, grid.north),
				 errhint("Give a raster whose upper left corner has finite coordinates.")));
	if (!isfinite(grid.cell_width_m) || !isfinite(scale_y))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the cell size of template, %g x %g, is not finite", grid.cell_width_m, scale_y),
				 errhint("Give a raster with a finite scale, positive in x and negative in y.")));
	if (skew_x != 0 || skew_y != 0 || !(grid.cell_width_m > 0) || !(scale_y < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("template is not north-up (scale %g, %g, skew %g, %g)", grid.cell_width_m, scale_y, skew_x, skew_y),
				 errhint("Give a raster without skew, with a positive scale in x and a negative one in y.")));
	if (Min(grid.cell_width_m, grid.cell_height_m) < RPM_SMALLEST_CELL_M || Max(grid.cell_width_m, grid.cell_height_m) > RPM_LARGEST_CELL_M)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the cells of template measure %g x %g m", grid.cell_width_m, grid.cell_height_m),
				 errhint("Give a raster with cells from %g to %g m.", RPM_SMALLEST_CELL_M, RPM_LARGEST_CELL_M)));
	if (grid.columns < 1 || grid.rows < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("template has no cells"),
				 errhint("Make one with ST_MakeEmptyRaster(width, height, x, y, scale_x, scale_y, 0, 0, %d).", row->srid)));
	check_size(grid.columns, grid.rows, bytes_per_cell);
	return grid;
}

RpmBox
rpm_grid_box(const RpmMapGrid *grid)
{
	RpmBox		box = {grid->west, grid->north - grid->rows * grid->cell_height_m,
	grid->west + grid->columns * grid->cell_width_m, grid->north};

	return box;
}

rpm_grid
rpm_grid_local(const RpmMapGrid *grid, const rpm_scene *scene, double receiver_height_m)
{
	rpm_grid	local;

	local.west = grid->west - scene->origin[0];
	local.north = grid->north - scene->origin[1];
	local.cell_width_m = grid->cell_width_m;
	local.cell_height_m = grid->cell_height_m;
	local.columns = grid->columns;
	local.rows = grid->rows;
	local.receiver_height_m = receiver_height_m;
	return local;
}

static void
check_size(double columns, double rows, size_t bytes_per_cell)
{
	double		bytes = columns * rows * bytes_per_cell,
				limit = (double) rpm_memory_limit_bytes();

	if (columns > INT_MAX / 2 || rows > INT_MAX / 2 || bytes > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a map of %.0f x %.0f cells would need %.0f MB, rpm_pg.max_memory allows %.0f MB", columns, rows,
						bytes / 1048576, limit / 1048576),
				 errhint("Make the cells %.1f times as large, trace a smaller extent at a time, or raise rpm_pg.max_memory.",
						 ceil(10 * sqrt(bytes / limit)) / 10)));
}
