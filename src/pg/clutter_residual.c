/*
 * clutter_residual.c: rpm_clutter_residual and rpm_clutter_residual_map: what other sites' measurements say about points and areas.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "clutter_layer.h"
#include "datums.h"
#include "map_grid.h"
#include "postgis_functions.h"
#include "raster_write.h"
#include "rpm_settings.h"
#include "scene_report.h"
#include "scene_row.h"
#include "spi_rows.h"

#define GROUP_M 2560.0			/* points of one square are looked up together */
#define NODATA (-9999.0)
#define BANDS (1 + 2 * RPM_CLUTTER_SCALES)

typedef struct Place
{
	int32		number;			/* from 1 */
	int64		column, row;	/* cell */
	int64		group_column, group_row;
} Place;

PG_FUNCTION_INFO_V1(rpm_sql_clutter_residual);
PG_FUNCTION_INFO_V1(rpm_sql_clutter_residual_map);

static RpmSceneRow *prepare(FunctionCallInfo fcinfo, RpmClutterModel *model, RpmClutterExclusion *exclusion, const char *what);
static Place *read_points(Datum points, const RpmSceneRow *row, int *count);
static int	compare_places(const void *a, const void *b);
static RpmClutterWindow window_of(const Place *places, int count);
static void put_row(ReturnSetInfo *result, int32 number, const RpmClutterModel *model, const double *residual_db, const double *weight);
static void fill_bands(const RpmClutterValues *values, const RpmClutterModel *model, float *const *bands);

/* (scene, points, exclude_site_id, exclude_antenna_id) -> rows */
Datum
rpm_sql_clutter_residual(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_clutter_residual", ALLOCSET_DEFAULT_SIZES),
				group,
				before;
	RpmClutterModel model;
	RpmClutterExclusion exclusion;
	RpmSceneRow *row;
	rpm_control control;
	Place	   *places;
	int			count;

	InitMaterializedSRF(fcinfo, 0);
	before = MemoryContextSwitchTo(context);
	rpm_control_from_settings(&control);
	row = prepare(fcinfo, &model, &exclusion, "points");
	places = read_points(PG_GETARG_DATUM(1), row, &count);
	group = AllocSetContextCreate(context, "points of one square", ALLOCSET_DEFAULT_SIZES);
	for (int begin = 0, end; begin < count; begin = end)
	{
		RpmClutterWindow window;
		RpmClutterValues *values;

		for (end = begin + 1; end < count && places[end].group_column == places[begin].group_column &&
			 places[end].group_row == places[begin].group_row; end++)
			;
		MemoryContextSwitchTo(group);
		window = window_of(places + begin, end - begin);
		values = rpm_clutter_values(row->scene_id, &window, &exclusion, &control);
		for (int i = begin; i < end; i++)
		{
			double		residual_db[RPM_CLUTTER_SCALES],
						weight[RPM_CLUTTER_SCALES];

			rpm_clutter_value_at(values, places[i].column, places[i].row, residual_db, weight);
			put_row(result, places[i].number, &model, residual_db, weight);
		}
		MemoryContextReset(group);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	return (Datum) 0;
}

/* (scene, extent, exclude_site_id, exclude_antenna_id) -> raster */
Datum
rpm_sql_clutter_residual_map(PG_FUNCTION_ARGS)
{
	RpmClutterModel model;
	RpmClutterExclusion exclusion;
	RpmSceneRow *row = prepare(fcinfo, &model, &exclusion, "extent");
	RpmBox		box = rpm_box_of_geometry(PG_GETARG_DATUM(1), "extent", row);
	RpmMapGrid	grid = rpm_grid_of_box(&box, RPM_CLUTTER_CELL_M, 2 * BANDS * sizeof(float));
	RpmRasterGrid raster = {grid.columns, grid.rows, grid.cell_width_m, -grid.cell_height_m, grid.west, grid.north, row->srid};
	RpmClutterWindow window;
	rpm_control control;
	float	   *bands[BANDS];

	window.column = (int64) round(grid.west / RPM_CLUTTER_CELL_M);
	window.row = (int64) round(grid.north / RPM_CLUTTER_CELL_M) - grid.rows;
	window.columns = grid.columns;
	window.rows = grid.rows;
	rpm_control_from_settings(&control);
	for (int band = 0; band < BANDS; band++)
		bands[band] = MemoryContextAllocHuge(CurrentMemoryContext, (Size) grid.columns * grid.rows * sizeof(float));
	fill_bands(rpm_clutter_values(row->scene_id, &window, &exclusion, &control), &model, bands);
	PG_RETURN_DATUM(rpm_raster_build_bands(&raster, RPM_PIXEL_FLOAT32, NODATA, BANDS, (const void *const *) bands));
}

static RpmSceneRow *
prepare(FunctionCallInfo fcinfo, RpmClutterModel *model, RpmClutterExclusion *exclusion, const char *what)
{
	RpmSceneRow *row = rpm_scene_row_read(rpm_scene_argument(fcinfo, 0));

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s is null", what),
				 errhint("Say where: %s in the SRID of scene \"%s\", %d.", what, row->name, row->srid)));
	if (!rpm_clutter_model_read(row->scene_id, model))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("scene \"%s\" has no clutter residuals yet", row->name),
				 errhint("SELECT rpm_refresh_clutter_residual('%s') makes them from its measurements.", row->name)));
	exclusion->has_site = !PG_ARGISNULL(2);
	exclusion->site_id = exclusion->has_site ? PG_GETARG_INT64(2) : 0;
	exclusion->has_antenna = !PG_ARGISNULL(3);
	exclusion->antenna_id = exclusion->has_antenna ? PG_GETARG_INT64(3) : 0;
	return row;
}

/* Sorted by squares. */
static Place *
read_points(Datum points, const RpmSceneRow *row, int *count)
{
	MemoryContext context = CurrentMemoryContext;
	const char *gis = rpm_postgis_schema();
	Oid			type = get_array_type(rpm_geometry_type());
	Place	   *places;

	rpm_spi_query(psprintf("SELECT %1$s.ST_SRID(p.geom), CASE WHEN p.point THEN %1$s.ST_X(p.geom) END,"
						   " CASE WHEN p.point THEN %1$s.ST_Y(p.geom) END FROM (SELECT u.geom, u.number,"
						   " %1$s.GeometryType(u.geom) OPERATOR(pg_catalog.=) ANY ('{POINT,POINTM}') AS point"
						   " FROM pg_catalog.unnest($1) WITH ORDINALITY AS u (geom, number)) AS p ORDER BY p.number", gis), 1, &type, &points, NULL);
	*count = (int) SPI_processed;
	places = MemoryContextAllocExtended(context, Max(SPI_processed, 1) * sizeof(Place), MCXT_ALLOC_HUGE);
	for (int i = 0; i < *count; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		double		x = rpm_column_double(tuple, 2),
					y = rpm_column_double(tuple, 3);

		CHECK_FOR_INTERRUPTS();
		if (!(fabs(x) < RPM_CLUTTER_FARTHEST_M && fabs(y) < RPM_CLUTTER_FARTHEST_M))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("element %d of points is no point with finite coordinates in metres", i + 1),
					 errhint("Give points: ST_SetSRID(ST_MakePoint(x, y), %d).", row->srid)));
		if (rpm_column_int32(tuple, 1) != row->srid)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("element %d of points has SRID %d, scene \"%s\" has %d", i + 1, rpm_column_int32(tuple, 1), row->name, row->srid),
					 errhint("Use ST_Transform(point, %d).", row->srid)));
		places[i].number = i + 1;
		places[i].column = (int64) floor(x / RPM_CLUTTER_CELL_M);
		places[i].row = (int64) floor(y / RPM_CLUTTER_CELL_M);
		places[i].group_column = (int64) floor(x / GROUP_M);
		places[i].group_row = (int64) floor(y / GROUP_M);
	}
	SPI_finish();
	qsort(places, *count, sizeof(Place), compare_places);
	return places;
}

static int
compare_places(const void *a, const void *b)
{
	const Place *x = a,
			   *y = b;

	if (x->group_row != y->group_row)
		return x->group_row < y->group_row ? -1 : 1;
	if (x->group_column != y->group_column)
		return x->group_column < y->group_column ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static RpmClutterWindow
window_of(const Place *places, int count)
{
	int64		west = places[0].column,
				east = west,
				south = places[0].row,
				north = south;

	for (int i = 1; i < count; i++)
	{
		west = Min(west, places[i].column);
		east = Max(east, places[i].column);
		south = Min(south, places[i].row);
		north = Max(north, places[i].row);
	}
	return (RpmClutterWindow) {west, south, (int32) (east - west + 1), (int32) (north - south + 1)};
}

static void
put_row(ReturnSetInfo *result, int32 number, const RpmClutterModel *model, const double *residual_db, const double *weight)
{
	Datum		values[4];
	bool		nulls[4] = {false};

	values[0] = Int32GetDatum(number);
	values[1] = Float8GetDatum(rpm_clutter_combine(&model->gains, residual_db, weight));
	values[2] = rpm_float8_array(residual_db, RPM_CLUTTER_SCALES);
	values[3] = rpm_float8_array(weight, RPM_CLUTTER_SCALES);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Rasters run from the north, the layer from the south. */
static void
fill_bands(const RpmClutterValues *values, const RpmClutterModel *model, float *const *bands)
{
	const RpmClutterWindow *window = &values->window;

	for (int32 row = 0; row < window->rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int32 column = 0; column < window->columns; column++)
		{
			Size		at = (Size) (window->rows - 1 - row) * window->columns + column;
			double		residual_db[RPM_CLUTTER_SCALES],
						weight[RPM_CLUTTER_SCALES];

			rpm_clutter_value_at(values, window->column + column, window->row + row, residual_db, weight);
			bands[0][at] = (float) rpm_clutter_combine(&model->gains, residual_db, weight);
			for (int scale = 0; scale < RPM_CLUTTER_SCALES; scale++)
			{
				bands[1 + scale][at] = isnan(residual_db[scale]) ? NODATA : (float) residual_db[scale];
				bands[1 + RPM_CLUTTER_SCALES + scale][at] = (float) weight[scale];
			}
		}
	}
}
