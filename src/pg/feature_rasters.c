/*
 * feature_rasters.c: environments that come as rasters: the tiles of a table into the cells of an environment.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "feature_rasters.h"
#include "postgis_functions.h"
#include "raster_read.h"
#include "relation.h"
#include "spi_rows.h"
#include "status_report.h"

#define BATCH_ROWS 16

static const char *const required[] = {"rast", NULL};
static const char *const no_columns[] = {NULL};

static void check_raster_column(const RpmRelation *relation);
static void draw_raster(const RpmSceneRow *row, const RpmRelation *relation, rpm_environment *environment, HeapTuple tuple);

void
rpm_feature_rasters_read(const RpmSceneRow *row, Oid relation, rpm_environment *environment)
{
	const rpm_cell_grid *grid = &environment->grid;
	RpmRelation *opened = rpm_relation_open(relation, row->name, "environment_relation", required, no_columns);
	ErrorContextCallback reading = {error_context_stack, rpm_relation_describe_reading, opened};
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "rpm_pg environment", ALLOCSET_DEFAULT_SIZES);
	Oid			types[4] = {FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID};
	Datum		values[4] = {Float8GetDatum(grid->west), Float8GetDatum(grid->north - grid->rows * grid->cell_height_m),
	Float8GetDatum(grid->west + grid->columns * grid->cell_width_m), Float8GetDatum(grid->north)};
	Portal		portal;

	check_raster_column(opened);
	error_context_stack = &reading;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	/* The index that raster2pgsql -I makes is over the hull. */
	portal = SPI_cursor_open_with_args(NULL, psprintf("SELECT r.rast FROM %1$s AS r WHERE %2$s.ST_ConvexHull(r.rast) OPERATOR(%3$s.&&)"
													  " %3$s.ST_MakeEnvelope($1, $2, $3, $4)", opened->name, rpm_raster_schema(),
													  rpm_postgis_schema()), 4, types, values, NULL, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, BATCH_ROWS);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			MemoryContext before = MemoryContextSwitchTo(batch);

			CHECK_FOR_INTERRUPTS();
			draw_raster(row, opened, environment, SPI_tuptable->vals[i]);
			MemoryContextSwitchTo(before);
			MemoryContextReset(batch);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	error_context_stack = reading.previous;
	MemoryContextDelete(batch);
}

static void
check_raster_column(const RpmRelation *relation)
{
	Oid			type = get_atttype(relation->oid, get_attnum(relation->oid, "rast"));

	if (getBaseType(type) != rpm_raster_type())
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"rast\" of %s is of type %s, not raster", relation->name, format_type_be(type)),
				 errhint("Load the rasters with raster2pgsql, or name a view whose column rast is one.")));
}

static void
draw_raster(const RpmSceneRow *row, const RpmRelation *relation, rpm_environment *environment, HeapTuple tuple)
{
	bool		null;
	Datum		raster = rpm_column(tuple, 1, &null);
	int			count;
	RpmRaster **bands = rpm_raster_read_bands(raster, psprintf("a raster of %s", relation->name), RPM_LAYER_COUNT, &count);
	rpm_cell_grid grid = {bands[0]->upper_left_x, bands[0]->upper_left_y, bands[0]->scale_x, -bands[0]->scale_y, bands[0]->columns,
	bands[0]->rows};
	rpm_status	status;

	if (bands[0]->srid != row->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a raster of %s has SRID %d, scene \"%s\" has %d", relation->name, bands[0]->srid, row->name, row->srid),
				 errhint("Warp the rasters to the scene's SRID (ST_Transform, gdalwarp), or ST_SetSRID where only the label is wrong.")));
	rpm_status_clear(&status);
	for (int band = 0; band < count && status.code == RPM_OK; band++)
		rpm_environment_raster(environment, (rpm_environment_layer) band, &grid, bands[band]->values, bands[band]->nodata, &status);
	rpm_report_status_of(&status, psprintf("the raster of %s at (%.1f, %.1f)", relation->name, grid.west, grid.north));
}
