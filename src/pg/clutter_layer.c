/*
 * clutter_layer.c: the layer rpm.clutter_residual read back: tiles into a grid, smoothed by the engine.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "clutter_layer.h"
#include "relation.h"
#include "spi_rows.h"
#include "status_report.h"
#include "worker.h"

#define BATCH_ROWS 256
#define CELLS_OF_TILE (RPM_CLUTTER_TILE_CELLS * RPM_CLUTTER_TILE_CELLS)

/* One row of the layer; the arrays lie in the tuple. */
typedef struct Tile
{
	int64		first_column, first_row;
	int			count;
	const int16 *cells;
	const float4 *sum_db;
	const int32 *counts;
} Tile;

typedef struct SmoothCall
{
	rpm_clutter_grid grid;
	RpmClutterValues *values;
	float	   *residual_db, *weight;	/* of the grid, margins and all */
	int32		margin;
	MemoryContextCallback release;
} SmoothCall;

static SmoothCall *new_call(void);
static void release_call(void *argument);
static char *tile_query(const RpmClutterExclusion *exclusion, bool own);
static void load_tiles(SmoothCall *call, int32 scene_id, const RpmClutterWindow *window, const RpmClutterExclusion *exclusion);
static Tile tile_of(HeapTuple tuple);
static const void *array_of(HeapTuple tuple, int column, Oid type, int *count);
static void add_tile(SmoothCall *call, const RpmClutterWindow *outer, const Tile *tile);
static rpm_code smooth(void *argument, rpm_control *control, rpm_status *status);
static void numbers_of(HeapTuple tuple, int column, double *numbers, int count);

bool
rpm_clutter_model_read(int32 scene_id, RpmClutterModel *model)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(scene_id);
	bool		found;

	rpm_own_table_check("clutter_model");
	/* A model of another version, with other terms, is none. */
	rpm_spi_query(psprintf("SELECT m.radius_m, m.coefficients, m.gains, m.measurements, m.residual_sd_db FROM rpm.clutter_model AS m"
						   " WHERE m.scene_id OPERATOR(pg_catalog.=) $1 AND pg_catalog.cardinality(m.coefficients) OPERATOR(pg_catalog.=) %d"
						   " AND pg_catalog.cardinality(m.gains) OPERATOR(pg_catalog.=) %d", RPM_CLUTTER_TERMS, 1 + RPM_CLUTTER_SCALES),
				  1, &type, &value, NULL);
	found = SPI_processed > 0;
	if (found)
	{
		double		gains[1 + RPM_CLUTTER_SCALES];

		model->radius_m = rpm_column_double(SPI_tuptable->vals[0], 1);
		numbers_of(SPI_tuptable->vals[0], 2, model->coefficient, RPM_CLUTTER_TERMS);
		numbers_of(SPI_tuptable->vals[0], 3, gains, 1 + RPM_CLUTTER_SCALES);
		model->gains.constant_db = gains[0];
		memcpy(model->gains.gain, gains + 1, sizeof(model->gains.gain));
		model->measurements = rpm_column_int64(SPI_tuptable->vals[0], 4);
		model->residual_sd_db = rpm_column_is_null(SPI_tuptable->vals[0], 5) ? 0 : rpm_column_double(SPI_tuptable->vals[0], 5);
	}
	SPI_finish();
	return found;
}

static void
numbers_of(HeapTuple tuple, int column, double *numbers, int count)
{
	int			found;
	const void *data = array_of(tuple, column, FLOAT8OID, &found);

	if (found != count)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a model of rpm.clutter_model has %d numbers where %d belong", found, count),
				 errhint("Fit it anew: rpm_refresh_clutter_residual(scene, refit => true).")));
	memcpy(numbers, data, count * sizeof(double));
}

RpmClutterValues *
rpm_clutter_values(int32 scene_id, const RpmClutterWindow *window, const RpmClutterExclusion *exclusion, rpm_control *control)
{
	RpmClutterValues *values = palloc0(sizeof(RpmClutterValues));
	SmoothCall *call = new_call();
	RpmClutterWindow outer = *window;
	rpm_status	status;
	Size		cells;

	rpm_own_table_check("clutter_residual");
	values->window = *window;
	call->values = values;
	call->margin = rpm_clutter_margin(RPM_CLUTTER_CELL_M);
	outer.column -= call->margin;
	outer.row -= call->margin;
	outer.columns += 2 * call->margin;
	outer.rows += 2 * call->margin;
	rpm_status_clear(&status);
	rpm_clutter_grid_create(outer.columns, outer.rows, RPM_CLUTTER_CELL_M, control, &call->grid, &status);
	rpm_report_status(&status);
	cells = (Size) outer.columns * outer.rows;
	call->residual_db = MemoryContextAllocHuge(CurrentMemoryContext, cells * sizeof(float));
	call->weight = MemoryContextAllocHuge(CurrentMemoryContext, cells * sizeof(float));
	cells = (Size) window->columns * window->rows;
	for (int scale = 0; scale < RPM_CLUTTER_SCALES; scale++)
	{
		values->residual_db[scale] = MemoryContextAllocHuge(CurrentMemoryContext, cells * sizeof(float));
		values->weight[scale] = MemoryContextAllocHuge(CurrentMemoryContext, cells * sizeof(float));
	}
	load_tiles(call, scene_id, &outer, exclusion);
	rpm_run_engine(smooth, call, control, NULL);
	pfree(call->residual_db);
	pfree(call->weight);
	rpm_clutter_grid_free(&call->grid);
	return values;
}

/* Its grid is the engine's memory: freed with the current context at the latest. */
static SmoothCall *
new_call(void)
{
	SmoothCall *call = palloc0(sizeof(SmoothCall));

	call->release.func = release_call;
	call->release.arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &call->release);
	return call;
}

static void
release_call(void *argument)
{
	rpm_clutter_grid_free(&((SmoothCall *) argument)->grid);
}

/* $1 scene, $2-$5 tiles, $6 antenna, $7 site. */
static char *
tile_query(const RpmClutterExclusion *exclusion, bool own)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "SELECT t.tile_column, t.tile_row, t.cells, t.sum_db, t.count FROM rpm.clutter_residual AS t"
						   " WHERE t.scene_id OPERATOR(pg_catalog.=) $1");
	if (own)
		appendStringInfoString(&text, " AND t.antenna_id OPERATOR(pg_catalog.=) $6 ORDER BY t.tile_row, t.tile_column");
	else
	{
		appendStringInfoString(&text, " AND t.tile_column BETWEEN $2 AND $3 AND t.tile_row BETWEEN $4 AND $5");
		if (exclusion->has_antenna)
			appendStringInfoString(&text, " AND t.antenna_id OPERATOR(pg_catalog.<>) $6 AND (t.site_id OPERATOR(pg_catalog.=)"
								   " (SELECT a.site_id FROM rpm.clutter_antenna AS a WHERE a.scene_id OPERATOR(pg_catalog.=) $1"
								   " AND a.antenna_id OPERATOR(pg_catalog.=) $6)) IS NOT TRUE");
		if (exclusion->has_site)
			appendStringInfoString(&text, " AND (t.site_id OPERATOR(pg_catalog.=) $7) IS NOT TRUE");
		/* Sums of single precision depend on their order by rounding alone; a fixed order leaves not even that. */
		appendStringInfoString(&text, " ORDER BY t.tile_row, t.tile_column, t.antenna_id");
	}
	return text.data;
}

static int32
tile_number(int64 cell)
{
	return (int32) (cell >= 0 ? cell / RPM_CLUTTER_TILE_CELLS : -((-cell + RPM_CLUTTER_TILE_CELLS - 1) / RPM_CLUTTER_TILE_CELLS));
}

static void
load_tiles(SmoothCall *call, int32 scene_id, const RpmClutterWindow *window, const RpmClutterExclusion *exclusion)
{
	Oid			types[7] = {INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT8OID, INT8OID};
	Datum		values[7];
	Portal		portal;

	values[0] = Int32GetDatum(scene_id);
	values[1] = Int32GetDatum(tile_number(window->column));
	values[2] = Int32GetDatum(tile_number(window->column + window->columns - 1));
	values[3] = Int32GetDatum(tile_number(window->row));
	values[4] = Int32GetDatum(tile_number(window->row + window->rows - 1));
	values[5] = Int64GetDatum(exclusion->antenna_id);
	values[6] = Int64GetDatum(exclusion->site_id);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL, tile_query(exclusion, false), 7, types, values, NULL, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, BATCH_ROWS);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			Tile		tile = tile_of(SPI_tuptable->vals[i]);

			CHECK_FOR_INTERRUPTS();
			add_tile(call, window, &tile);
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
}

static Tile
tile_of(HeapTuple tuple)
{
	Tile		tile;
	int			sums,
				counts;

	tile.first_column = (int64) rpm_column_int32(tuple, 1) * RPM_CLUTTER_TILE_CELLS;
	tile.first_row = (int64) rpm_column_int32(tuple, 2) * RPM_CLUTTER_TILE_CELLS;
	tile.cells = array_of(tuple, 3, INT2OID, &tile.count);
	tile.sum_db = array_of(tuple, 4, FLOAT4OID, &sums);
	tile.counts = array_of(tuple, 5, INT4OID, &counts);
	if (sums != tile.count || counts != tile.count)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a row of rpm.clutter_residual has arrays of %d, %d and %d elements", tile.count, sums, counts),
				 errhint("Make the layer anew: DELETE FROM rpm.clutter_antenna; rpm_refresh_clutter_residual(scene).")));
	return tile;
}

/* The elements of an array without nulls. */
static const void *
array_of(HeapTuple tuple, int column, Oid type, int *count)
{
	bool		null;
	Datum		datum = rpm_column(tuple, column, &null);
	ArrayType  *array = null ? NULL : DatumGetArrayTypeP(datum);

	if (null || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != type || ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("a row of the clutter layer has nulls or several dimensions in an array"),
				 errhint("Make the layer anew: DELETE FROM rpm.clutter_antenna; rpm_refresh_clutter_residual(scene).")));
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return ARR_DATA_PTR(array);
}

/* One antenna has one voice in a cell, however often it was measured there. */
static void
add_tile(SmoothCall *call, const RpmClutterWindow *outer, const Tile *tile)
{
	for (int i = 0; i < tile->count; i++)
	{
		int64		column = tile->first_column + tile->cells[i] % RPM_CLUTTER_TILE_CELLS - outer->column,
					row = tile->first_row + tile->cells[i] / RPM_CLUTTER_TILE_CELLS - outer->row;
		Size		at;

		if (tile->cells[i] < 0 || tile->cells[i] >= CELLS_OF_TILE || tile->counts[i] < 1 || column < 0 || column >= outer->columns ||
			row < 0 || row >= outer->rows)
			continue;
		at = (Size) row * outer->columns + column;
		call->grid.sum_db[at] += tile->sum_db[i] / tile->counts[i];
		call->grid.weight[at] += 1;
	}
}

static rpm_code
smooth(void *argument, rpm_control *control, rpm_status *status)
{
	SmoothCall *call = argument;
	const RpmClutterWindow *window = &call->values->window;

	for (int scale = 0; scale < RPM_CLUTTER_SCALES; scale++)
	{
		if (rpm_clutter_smooth(&call->grid, rpm_clutter_scale_m[scale], control, call->residual_db, call->weight, status) != RPM_OK)
			return status->code;
		for (int32 row = 0; row < window->rows; row++)
		{
			Size		from = (Size) (row + call->margin) * call->grid.columns + call->margin,
						to = (Size) row * window->columns;

			memcpy(call->values->residual_db[scale] + to, call->residual_db + from, window->columns * sizeof(float));
			memcpy(call->values->weight[scale] + to, call->weight + from, window->columns * sizeof(float));
		}
	}
	return RPM_OK;
}

void
rpm_clutter_value_at(const RpmClutterValues *values, int64 column, int64 row, double residual_db[RPM_CLUTTER_SCALES],
					 double weight[RPM_CLUTTER_SCALES])
{
	Size		at = (Size) (row - values->window.row) * values->window.columns + (column - values->window.column);

	for (int scale = 0; scale < RPM_CLUTTER_SCALES; scale++)
	{
		residual_db[scale] = values->residual_db[scale][at];
		weight[scale] = values->weight[scale][at];
	}
}

int
rpm_clutter_own_cells(int32 scene_id, int64 antenna_id, RpmClutterCell *cells, int most)
{
	Oid			types[6] = {INT4OID, INT4OID, INT4OID, INT4OID, INT4OID, INT8OID};
	Datum		values[6] = {Int32GetDatum(scene_id), 0, 0, 0, 0, Int64GetDatum(antenna_id)};
	int64		total = 0,
				number = 0;
	int			taken = 0;

	rpm_spi_query(tile_query(NULL, true), 6, types, values, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
		total += tile_of(SPI_tuptable->vals[i]).count;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Tile		tile = tile_of(SPI_tuptable->vals[i]);

		for (int k = 0; k < tile.count; k++, number++)
			if (taken < most && number * most / Max(total, most) >= taken && tile.counts[k] > 0)
			{
				cells[taken].column = tile.first_column + tile.cells[k] % RPM_CLUTTER_TILE_CELLS;
				cells[taken].row = tile.first_row + tile.cells[k] / RPM_CLUTTER_TILE_CELLS;
				cells[taken++].residual_db = tile.sum_db[k] / tile.counts[k];
			}
	}
	SPI_finish();
	return taken;
}
