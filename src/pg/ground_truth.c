/*
 * ground_truth.c: rpm_ground_truth and rpm_ground_truths: rasters of measured cells.
 *
 * Antenna by antenna: one grid is in memory at a time, and rows pass through a cursor.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "map_grid.h"
#include "measurement_source.h"
#include "progress.h"
#include "raster_write.h"
#include "rpm_measured_cells.h"
#include "rpm_settings.h"
#include "status_report.h"
#include "worker.h"

#define NODATA (-9999.0)
#define BANDS 3
#define MOST_CELLS 65535
#define LARGEST_ACCURACY_M 1e6

/* Arguments by number, as in sql/72_ground_truth.sql; the two functions differ in the first two. */
enum
{
	ARGUMENT_ONE_ANTENNA = 0,
	ARGUMENT_ONE_SCENE = 1,
	ARGUMENT_MANY_SCENE = 0,
	ARGUMENT_MANY_ANTENNAS = 1,
	ARGUMENT_CELL_SIZE = 2,
	ARGUMENT_COLUMNS,
	ARGUMENT_ROWS,
	ARGUMENT_EXTENT,
	ARGUMENT_TEMPLATE,
	ARGUMENT_DOMAIN,
	ARGUMENT_INDOOR,
	ARGUMENT_DEFAULT_ACCURACY,
	ARGUMENT_MAX_ACCURACY
};

typedef struct Request
{
	RpmMeasurementSource *source;
	RpmMeasurementFilter filter;
	rpm_cell_domain domain;
	double		default_accuracy_m;
	double		cell_size_m;
	int			columns, rows;
	bool		has_grid;		/* the same for every antenna: of extent or template */
	RpmMapGrid	grid;
	rpm_control control;
} Request;

typedef struct CellsCall
{
	rpm_measured_cells *cells;
	MemoryContextCallback release;
	double		default_accuracy_m;
	rpm_status	status;
	RpmRasterDraft *draft;
} CellsCall;

static const char *const domains[] = {[RPM_CELL_DB] = "db", [RPM_CELL_POWER] = "power", [RPM_CELL_MEDIAN] = "median"};

PG_FUNCTION_INFO_V1(rpm_sql_ground_truth);
PG_FUNCTION_INFO_V1(rpm_sql_ground_truths);
PG_FUNCTION_INFO_V1(rpm_sql_tile_first_cell);

static void read_request(FunctionCallInfo fcinfo, Request *request);
static void read_grid(FunctionCallInfo fcinfo, Request *request);
static RpmMapGrid grid_of(const Request *request, const RpmAntennaPlace *antenna);
static Datum raster_of(Request *request, const RpmAntennaPlace *antenna, rpm_measured_counts *counts);
static CellsCall *new_call(const Request *request, const RpmMapGrid *grid);
static void add_row(void *argument, const RpmMeasurement *row);
static rpm_code write_bands(void *argument, rpm_control *control, rpm_status *status);
static void release_cells(void *argument);
static void notice_left_out(int64 antenna_id, const rpm_measured_counts *counts);
static size_t bytes_per_cell(void);

/* (antenna_id, scene, ...) -> raster */
Datum
rpm_sql_ground_truth(PG_FUNCTION_ARGS)
{
	Request    *request = palloc0(sizeof(Request));
	RpmAntennaPlace *antenna;
	rpm_measured_counts counts;
	int64		id;
	int			count;
	Datum		raster;

	if (PG_ARGISNULL(ARGUMENT_ONE_ANTENNA))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("antenna_id is null"),
				 errhint("Give the key of an antenna.")));
	id = PG_GETARG_INT64(ARGUMENT_ONE_ANTENNA);
	request->source = rpm_measurement_source_get(PG_ARGISNULL(ARGUMENT_ONE_SCENE) ? NULL
												 : text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_ONE_SCENE)), &id);
	read_request(fcinfo, request);
	rpm_progress_begin(request->source->scene->scene_id);
	rpm_progress_antennas(0, 1);
	antenna = rpm_antenna_places_read(request->source, &id, 1, &count);
	raster = raster_of(request, antenna, &counts);
	rpm_progress_end();
	if (counts.used == 0 || counts.unusable > 0)
		notice_left_out(id, &counts);
	PG_RETURN_DATUM(raster);
}

/* (scene, antennas, ...) -> table (antenna_id, rast) */
Datum
rpm_sql_ground_truths(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Request    *request = palloc0(sizeof(Request));
	RpmAntennaPlace *antennas;
	rpm_measured_counts all = {0, 0, 0};
	int64	   *ids;
	int			id_count,
				count;

	InitMaterializedSRF(fcinfo, 0);
	request->source = rpm_measurement_source_get(PG_ARGISNULL(ARGUMENT_MANY_SCENE) ? NULL
												 : text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_MANY_SCENE)), NULL);
	read_request(fcinfo, request);
	ids = rpm_argument_ids(fcinfo, ARGUMENT_MANY_ANTENNAS, "antennas", &id_count);
	rpm_progress_begin(request->source->scene->scene_id);
	rpm_progress_phase(&request->control, RPM_PHASE_READING, 0);
	antennas = rpm_antenna_places_read(request->source, ids, id_count, &count);
	for (int i = 0; i < count; i++)
	{
		MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_ground_truth antenna", ALLOCSET_DEFAULT_SIZES);
		MemoryContext before = MemoryContextSwitchTo(context);
		rpm_measured_counts counts;
		Datum		values[2];
		bool		nulls[2] = {false, false};

		rpm_progress_antennas(i, count);
		values[0] = Int64GetDatum(antennas[i].id);
		values[1] = raster_of(request, &antennas[i], &counts);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		all.unusable += counts.unusable;
		MemoryContextSwitchTo(before);
		MemoryContextDelete(context);
	}
	rpm_progress_end();
	if (all.unusable > 0)
		ereport(NOTICE,
				(errmsg(INT64_FORMAT " rows of %d antennas were left out: no usable point, level or accuracy", all.unusable, count),
				 errhint("rpm_measurement_problems() lists them.")));
	return (Datum) 0;
}

/* (centre, cell_size_m, count) -> the first cell of a centred tile, for rpm_tile. */
Datum
rpm_sql_tile_first_cell(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(rpm_tile_first_cell(PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_INT32(2)));
}

static void
read_request(FunctionCallInfo fcinfo, Request *request)
{
	rpm_control_from_settings(&request->control);
	request->domain = rpm_argument_choice(fcinfo, ARGUMENT_DOMAIN, "domain", domains, lengthof(domains));
	request->default_accuracy_m = rpm_argument_number(fcinfo, ARGUMENT_DEFAULT_ACCURACY, "default_accuracy_m", 0, LARGEST_ACCURACY_M);
	request->filter.by_indoor = !PG_ARGISNULL(ARGUMENT_INDOOR);
	request->filter.indoor = request->filter.by_indoor && PG_GETARG_BOOL(ARGUMENT_INDOOR);
	request->filter.max_accuracy_m = NAN;
	if (!PG_ARGISNULL(ARGUMENT_MAX_ACCURACY))
		request->filter.max_accuracy_m = rpm_argument_number(fcinfo, ARGUMENT_MAX_ACCURACY, "max_accuracy_m", 0, LARGEST_ACCURACY_M);
	read_grid(fcinfo, request);
}

static void
read_grid(FunctionCallInfo fcinfo, Request *request)
{
	const RpmSceneRow *scene = request->source->scene;

	request->cell_size_m = scene->cell_size_m;
	request->columns = (int) rpm_argument_int32(fcinfo, ARGUMENT_COLUMNS, "columns", 1, MOST_CELLS);
	request->rows = (int) rpm_argument_int32(fcinfo, ARGUMENT_ROWS, "rows", 1, MOST_CELLS);
	if (!PG_ARGISNULL(ARGUMENT_TEMPLATE))
	{
		rpm_argument_not_with_template(fcinfo, ARGUMENT_CELL_SIZE, "cell_size_m");
		rpm_argument_not_with_template(fcinfo, ARGUMENT_EXTENT, "extent");
		request->grid = rpm_grid_of_raster(PG_GETARG_DATUM(ARGUMENT_TEMPLATE), scene, bytes_per_cell());
		request->has_grid = true;
		return;
	}
	if (!PG_ARGISNULL(ARGUMENT_CELL_SIZE))
		request->cell_size_m = rpm_argument_number(fcinfo, ARGUMENT_CELL_SIZE, "cell_size_m", RPM_SMALLEST_CELL_M,
												   RPM_LARGEST_CELL_M);
	if (!PG_ARGISNULL(ARGUMENT_EXTENT))
	{
		RpmBox		box = rpm_box_of_geometry(PG_GETARG_DATUM(ARGUMENT_EXTENT), "extent", scene);

		request->grid = rpm_grid_of_box(&box, request->cell_size_m, bytes_per_cell());
		request->has_grid = true;
	}
}

static RpmMapGrid
grid_of(const Request *request, const RpmAntennaPlace *antenna)
{
	double		cell = request->cell_size_m;
	RpmBox		box;

	if (request->has_grid)
		return request->grid;
	box.west = rpm_tile_first_cell(antenna->x, cell, request->columns) * cell;
	box.south = rpm_tile_first_cell(antenna->y, cell, request->rows) * cell;
	box.east = box.west + request->columns * cell;
	box.north = box.south + request->rows * cell;
	return rpm_grid_of_box(&box, cell, bytes_per_cell());
}

/* The cells, the bands, their well-known binary and the raster. */
static size_t
bytes_per_cell(void)
{
	return rpm_measured_cells_bytes_per_cell() + 2 * BANDS * sizeof(float);
}

static Datum
raster_of(Request *request, const RpmAntennaPlace *antenna, rpm_measured_counts *counts)
{
	RpmMapGrid	grid = grid_of(request, antenna);
	CellsCall  *call = new_call(request, &grid);
	RpmRasterGrid raster = {grid.columns, grid.rows, grid.cell_width_m, -grid.cell_height_m, grid.west, grid.north,
	request->source->scene->srid};

	rpm_measurements_read(request->source, antenna->id, &request->filter, &request->control, add_row, call);
	rpm_report_status_of(&call->status, psprintf("antenna " INT64_FORMAT, antenna->id));
	*counts = rpm_measured_cells_counts(call->cells);
	call->draft = rpm_raster_begin(&raster, RPM_PIXEL_FLOAT32, NODATA, BANDS);
	rpm_progress_phase(&request->control, RPM_PHASE_WRITING, 0);
	rpm_run_engine(write_bands, call, &request->control, psprintf("antenna " INT64_FORMAT, antenna->id));
	release_cells(call);
	return rpm_raster_finish(call->draft);
}

/* Its cells are the engine's memory: freed with the current context, or before. */
static CellsCall *
new_call(const Request *request, const RpmMapGrid *grid)
{
	CellsCall  *call = palloc0(sizeof(CellsCall));
	rpm_cell_grid cells = {grid->west, grid->north, grid->cell_width_m, grid->cell_height_m, grid->columns, grid->rows};

	rpm_status_clear(&call->status);
	call->default_accuracy_m = request->default_accuracy_m;
	call->release.func = release_cells;
	call->release.arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &call->release);
	call->cells = rpm_measured_cells_create(&cells, request->domain, rpm_memory_limit_bytes(), &call->status);
	rpm_report_status(&call->status);
	return call;
}

static void
add_row(void *argument, const RpmMeasurement *row)
{
	CellsCall  *call = argument;

	if (rpm_measured_cells_add(call->cells, row->x, row->y, row->level_dbm,
							   isnan(row->accuracy_m) ? call->default_accuracy_m : row->accuracy_m, &call->status) != RPM_OK)
		rpm_report_status(&call->status);
}

static rpm_code
write_bands(void *argument, rpm_control *control, rpm_status *status)
{
	CellsCall  *call = argument;
	void	  **bands = call->draft->bands;

	return rpm_measured_cells_write(call->cells, control, NODATA, bands[0], bands[1], bands[2], status);
}

static void
release_cells(void *argument)
{
	CellsCall  *call = argument;

	rpm_measured_cells_free(call->cells);
	call->cells = NULL;
}

static void
notice_left_out(int64 antenna_id, const rpm_measured_counts *counts)
{
	ereport(NOTICE,
			(errmsg("antenna " INT64_FORMAT ": " INT64_FORMAT " rows used, " INT64_FORMAT " outside the raster, " INT64_FORMAT
					" without a usable point, level or accuracy", antenna_id, counts->used, counts->outside, counts->unusable),
			 counts->unusable + counts->outside > 0 ? errhint("rpm_measurement_problems() lists them.")
			 : errhint("Nothing was measured for it; every cell is empty.")));
}
