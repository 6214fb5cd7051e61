/*
 * clutter_refresh.c: rpm_refresh_clutter_residual: brings the layer of clutter residuals up to date with a scene's measurements.
 *
 * The row of rpm.clutter_model is locked first, so that two refreshes of one scene follow each other; readers see the old layer until
 * the transaction ends.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "arguments.h"
#include "clutter_layer.h"
#include "clutter_source.h"
#include "clutter_tiles.h"
#include "datums.h"
#include "progress.h"
#include "rpm_settings.h"
#include "scene_report.h"
#include "spi_rows.h"
#include "worker.h"

#define FIT_MEASUREMENTS 200000	/* the model has ten coefficients: more say nothing new */
#define GROWTH_BEFORE_FIT 2
/* Offsets of antennas are large: it takes many of them, not many cells of each. */
#define GAIN_ANTENNAS 240
#define OWN_CELLS 2000			/* of each, from all over its map, of which those in one tile are used, */
#define GAIN_CELLS 60			/* at most so many; */
#define FEW_ANTENNAS 24
#define CELLS_OF_FEW 300		/* but of few antennas so many from all over their maps */

typedef struct Refresh
{
	RpmSceneRow *row;
	RpmClutterSource *source;
	rpm_control control;
	double		radius_m;
	RpmClutterModel model;
	bool		fit;			/* the model anew, and so every antenna */
	RpmClutterTiles *tiles;
	int64		used;			/* measurements in the layer */
} Refresh;

typedef struct ModelCall
{
	const Refresh *refresh;
	rpm_clutter_antenna *antennas;
	rpm_clutter_point *points;
	size_t		count, room;
	double		coefficient[RPM_CLUTTER_TERMS];
	double		residual_sd_db;
} ModelCall;

typedef struct GainCall
{
	double	   *residual_db, *weight, *own_db;
	size_t		count;
	rpm_clutter_gains gains;
} GainCall;

PG_FUNCTION_INFO_V1(rpm_sql_refresh_clutter_residual);

static void prepare(Refresh *refresh, FunctionCallInfo fcinfo);
static void lock_model(int32 scene_id);
static void see_what_is_written(void);
static void execute(const char *query, int count, const Oid *types, const Datum *values);
static bool outside(const rpm_clutter_antenna *antenna, double x, double y, double radius_m);
static void fit_model(Refresh *refresh);
static void take_point(void *context, int antenna, double x, double y, double rsrp_dbm);
static rpm_code run_fit(void *argument, rpm_control *control, rpm_status *status);
static void forget_antennas(const Refresh *refresh);
static void write_antennas(Refresh *refresh);
static void take_residual(void *context, int antenna, double x, double y, double rsrp_dbm);
static void fit_gains(Refresh *refresh);
static void add_gain_rows(const Refresh *refresh, const RpmClutterAntenna *antenna, GainCall *call);
static int cells_of_one_tile(RpmClutterCell *cells, int count, int64 id);
static rpm_code run_fit_gains(void *argument, rpm_control *control, rpm_status *status);
static int64 measurements_used(int32 scene_id);
static Datum result_row(FunctionCallInfo fcinfo, const Refresh *refresh);

/* (scene, refit, radius_m) -> (antennas, refreshed, measurements, left_out, refitted) */
Datum
rpm_sql_refresh_clutter_residual(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_refresh_clutter_residual", ALLOCSET_DEFAULT_SIZES),
				before = MemoryContextSwitchTo(context);
	Refresh    *refresh = palloc0(sizeof(Refresh));
	Datum		result;

	prepare(refresh, fcinfo);
	if (refresh->fit)
		fit_model(refresh);
	forget_antennas(refresh);
	write_antennas(refresh);
	see_what_is_written();
	if (refresh->fit)
		fit_gains(refresh);
	refresh->used = measurements_used(refresh->row->scene_id);
	PopActiveSnapshot();
	PopActiveSnapshot();
	rpm_progress_end();
	if (refresh->source->unusable_antennas > 0)
		ereport(NOTICE,
				(errmsg("left out the measurements of %d antennas without a place in SRID %d, a height or a frequency",
						refresh->source->unusable_antennas, refresh->row->srid),
				 errhint("Complete their rows in %s.", refresh->source->antennas->name)));
	MemoryContextSwitchTo(before);
	result = result_row(fcinfo, refresh);
	MemoryContextDelete(context);
	PG_RETURN_DATUM(result);
}

static void
prepare(Refresh *refresh, FunctionCallInfo fcinfo)
{
	bool		refit = rpm_argument_bool(fcinfo, 1, "refit"),
				fitted;

	refresh->radius_m = rpm_argument_number(fcinfo, 2, "radius_m", 1, 1e6);
	refresh->row = rpm_scene_row_read(rpm_scene_argument(fcinfo, 0));
	rpm_control_from_settings(&refresh->control);
	rpm_progress_begin(refresh->row->scene_id);
	lock_model(refresh->row->scene_id);
	rpm_progress_phase(&refresh->control, RPM_PHASE_READING, 0);
	refresh->source = rpm_clutter_source_open(refresh->row);
	fitted = rpm_clutter_model_read(refresh->row->scene_id, &refresh->model);
	refresh->fit = refresh->source->count > 0 &&
		(refit || !fitted || refresh->model.radius_m != refresh->radius_m ||
		 refresh->source->usable >= GROWTH_BEFORE_FIT * refresh->model.measurements);
	for (int i = 0; i < refresh->source->count && refresh->fit; i++)
		refresh->source->antenna[i].changed = true;
}

/* Makes the scene's row where there is none, and holds it until the transaction ends. */
static void
lock_model(int32 scene_id)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(scene_id);

	execute("INSERT INTO rpm.clutter_model (scene_id) VALUES ($1) ON CONFLICT ON CONSTRAINT clutter_model_pkey DO NOTHING", 1, &type, &value);
	execute("SELECT FROM rpm.clutter_model AS m WHERE m.scene_id OPERATOR(pg_catalog.=) $1 FOR UPDATE", 1, &type, &value);
	see_what_is_written();
}

/* Queries from here on see what this call wrote and what others committed while it waited. */
static void
see_what_is_written(void)
{
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
execute(const char *query, int count, const Oid *types, const Datum *values)
{
	int			code;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	code = SPI_execute_with_args(query, count, (Oid *) types, (Datum *) values, NULL, false, 0);
	if (code < 0)
		elog(ERROR, "query failed with code %d: %s", code, query);
	SPI_finish();
}

static bool
outside(const rpm_clutter_antenna *antenna, double x, double y, double radius_m)
{
	return !(fabs(x - antenna->x_m) <= radius_m && fabs(y - antenna->y_m) <= radius_m);
}

static void
fit_model(Refresh *refresh)
{
	RpmClutterSource *source = refresh->source;
	ModelCall	call = {.refresh = refresh};
	Oid			types[5] = {INT4OID, FLOAT8OID, FLOAT8ARRAYOID, FLOAT8OID, INT8OID};
	Datum		values[5];

	call.antennas = palloc(source->count * sizeof(rpm_clutter_antenna));
	for (int i = 0; i < source->count; i++)
		call.antennas[i] = source->antenna[i].antenna;
	call.room = 1024;
	call.points = palloc(call.room * sizeof(rpm_clutter_point));
	rpm_progress_phase(&refresh->control, RPM_PHASE_READING, Min(source->usable, FIT_MEASUREMENTS));
	rpm_clutter_source_read(source, true, 1 + source->usable / FIT_MEASUREMENTS, &refresh->control, take_point, &call);
	/* A hash may skip all of a few measurements, or the radius all of them. */
	if (call.count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("no measurement of scene \"%s\" lies within %g m of its antenna", refresh->row->name, refresh->radius_m),
				 errhint("Check the coordinates of antennas and measurements, or give a larger radius_m.")));
	rpm_run_engine(run_fit, &call, &refresh->control, NULL);
	pfree(call.points);
	memcpy(refresh->model.coefficient, call.coefficient, sizeof(call.coefficient));
	values[0] = Int32GetDatum(refresh->row->scene_id);
	values[1] = Float8GetDatum(refresh->radius_m);
	values[2] = rpm_float8_array(call.coefficient, RPM_CLUTTER_TERMS);
	values[3] = Float8GetDatum(isfinite(call.residual_sd_db) ? call.residual_sd_db : 0);
	values[4] = Int64GetDatum(source->usable);
	execute("UPDATE rpm.clutter_model AS m SET radius_m = $2, coefficients = $3, residual_sd_db = $4, measurements = $5,"
			" fitted_at = pg_catalog.now() WHERE m.scene_id OPERATOR(pg_catalog.=) $1", 5, types, values);
}

static void
take_point(void *context, int antenna, double x, double y, double rsrp_dbm)
{
	ModelCall  *call = context;

	if (outside(&call->antennas[antenna], x, y, call->refresh->radius_m))
		return;
	if (call->count == call->room)
	{
		call->room *= 2;
		call->points = repalloc_huge(call->points, call->room * sizeof(rpm_clutter_point));
	}
	call->points[call->count++] = (rpm_clutter_point) {x, y, rsrp_dbm, antenna};
}

static rpm_code
run_fit(void *argument, rpm_control *control, rpm_status *status)
{
	ModelCall  *call = argument;

	return rpm_clutter_fit(call->antennas, call->refresh->source->count, call->points, call->count, control, call->coefficient,
						   &call->residual_sd_db, status);
}

/* Antennas that changed, and those that have no measurements any more. */
static void
forget_antennas(const Refresh *refresh)
{
	const RpmClutterSource *source = refresh->source;
	int64	   *ids = palloc((source->count + 1) * sizeof(int64));
	Oid			types[2] = {INT4OID, INT8ARRAYOID};
	Datum		values[2];
	int			count = 0;

	for (int i = 0; i < source->count; i++)
		if (!source->antenna[i].changed)
			ids[count++] = source->antenna[i].id;
	values[0] = Int32GetDatum(refresh->row->scene_id);
	values[1] = rpm_int8_array(ids, count);
	execute("DELETE FROM rpm.clutter_residual AS t WHERE t.scene_id OPERATOR(pg_catalog.=) $1"
			" AND t.antenna_id OPERATOR(pg_catalog.=) ANY (SELECT a.antenna_id FROM rpm.clutter_antenna AS a"
			" WHERE a.scene_id OPERATOR(pg_catalog.=) $1 AND (a.antenna_id OPERATOR(pg_catalog.=) ANY ($2)) IS NOT TRUE)", 2, types, values);
	execute("DELETE FROM rpm.clutter_antenna AS a WHERE a.scene_id OPERATOR(pg_catalog.=) $1"
			" AND (a.antenna_id OPERATOR(pg_catalog.=) ANY ($2)) IS NOT TRUE", 2, types, values);
}

static void
write_antennas(Refresh *refresh)
{
	RpmClutterSource *source = refresh->source;
	int64		total = 0;

	for (int i = 0; i < source->count; i++)
		total += source->antenna[i].changed ? source->antenna[i].measurements : 0;
	if (total == 0)
		return;
	rpm_progress_phase(&refresh->control, RPM_PHASE_WRITING, total);
	refresh->tiles = rpm_clutter_tiles_begin(refresh->row->scene_id, source);
	rpm_clutter_source_read(source, false, 1, &refresh->control, take_residual, refresh);
	rpm_clutter_tiles_end(refresh->tiles);
}

static void
take_residual(void *context, int antenna, double x, double y, double rsrp_dbm)
{
	Refresh    *refresh = context;
	const rpm_clutter_antenna *of = &refresh->source->antenna[antenna].antenna;

	if (!outside(of, x, y, refresh->radius_m))
		rpm_clutter_tiles_add(refresh->tiles, antenna, x, y, rsrp_dbm - rpm_clutter_linear(of, x, y, refresh->model.coefficient));
}

/* How the scales are combined, from antennas spread evenly over the list, each without its own site. */
static void
fit_gains(Refresh *refresh)
{
	RpmClutterSource *source = refresh->source;
	GainCall	call = {0};
	int			antennas = Min(source->count, GAIN_ANTENNAS);
	Size		room = (Size) antennas * Max(GAIN_CELLS, CELLS_OF_FEW);
	double		gains[1 + RPM_CLUTTER_SCALES];
	Oid			types[2] = {INT4OID, FLOAT8ARRAYOID};
	Datum		values[2];

	call.residual_db = palloc(room * RPM_CLUTTER_SCALES * sizeof(double));
	call.weight = palloc(room * RPM_CLUTTER_SCALES * sizeof(double));
	call.own_db = palloc(room * sizeof(double));
	for (int i = 0; i < antennas; i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_gain_rows(refresh, &source->antenna[(int64) i * source->count / antennas], &call);
	}
	if (call.count > 0)
		rpm_run_engine(run_fit_gains, &call, &refresh->control, NULL);
	gains[0] = call.gains.constant_db;
	memcpy(gains + 1, call.gains.gain, sizeof(call.gains.gain));
	values[0] = Int32GetDatum(refresh->row->scene_id);
	values[1] = rpm_float8_array(gains, 1 + RPM_CLUTTER_SCALES);
	execute("UPDATE rpm.clutter_model AS m SET gains = $2 WHERE m.scene_id OPERATOR(pg_catalog.=) $1", 2, types, values);
}

static void
add_gain_rows(const Refresh *refresh, const RpmClutterAntenna *antenna, GainCall *call)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "clutter around an antenna", ALLOCSET_DEFAULT_SIZES),
				before = MemoryContextSwitchTo(context);
	RpmClutterCell *cells = palloc(OWN_CELLS * sizeof(RpmClutterCell));
	RpmClutterExclusion exclusion = {antenna->has_site, antenna->site_id, true, antenna->id};
	bool		few = refresh->source->count <= FEW_ANTENNAS;
	int			count = rpm_clutter_own_cells(refresh->row->scene_id, antenna->id, cells, few ? CELLS_OF_FEW : OWN_CELLS);
	rpm_control control = refresh->control;
	RpmClutterWindow window;
	RpmClutterValues *values;
	int64		east,
				north;

	if (!few)
		count = cells_of_one_tile(cells, count, antenna->id);
	if (count > 0)
	{
		window.column = east = cells[0].column;
		window.row = north = cells[0].row;
		for (int i = 1; i < count; i++)
		{
			window.column = Min(window.column, cells[i].column);
			window.row = Min(window.row, cells[i].row);
			east = Max(east, cells[i].column);
			north = Max(north, cells[i].row);
		}
		window.columns = (int32) (east - window.column + 1);
		window.rows = (int32) (north - window.row + 1);
		values = rpm_clutter_values(refresh->row->scene_id, &window, &exclusion, &control);
		for (int i = 0; i < count; i++)
		{
			rpm_clutter_value_at(values, cells[i].column, cells[i].row, call->residual_db + call->count * RPM_CLUTTER_SCALES,
								 call->weight + call->count * RPM_CLUTTER_SCALES);
			call->own_db[call->count++] = cells[i].residual_db;
		}
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
}

/* Keeps the cells about one of them, chosen by the antenna's id: the layer is smoothed over a small window then. */
static int
cells_of_one_tile(RpmClutterCell *cells, int count, int64 id)
{
	RpmClutterCell chosen;
	int			kept = 0;

	if (count == 0)
		return 0;
	chosen = cells[(uint64) id * UINT64CONST(0x9E3779B97F4A7C15) % count];
	for (int i = 0; i < count && kept < GAIN_CELLS; i++)
		if (llabs(cells[i].column - chosen.column) <= RPM_CLUTTER_TILE_CELLS / 2 && llabs(cells[i].row - chosen.row) <= RPM_CLUTTER_TILE_CELLS / 2)
			cells[kept++] = cells[i];
	return kept;
}

static rpm_code
run_fit_gains(void *argument, rpm_control *control, rpm_status *status)
{
	GainCall   *call = argument;

	return rpm_clutter_fit_gains(call->residual_db, call->weight, call->own_db, call->count, control, &call->gains, status);
}

static int64
measurements_used(int32 scene_id)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(scene_id);
	int64		used;

	rpm_spi_query("SELECT pg_catalog.sum(a.measurements)::pg_catalog.int8 FROM rpm.clutter_antenna AS a"
				  " WHERE a.scene_id OPERATOR(pg_catalog.=) $1", 1, &type, &value, NULL);
	used = rpm_column_int64(SPI_tuptable->vals[0], 1);
	SPI_finish();
	return used;
}

static Datum
result_row(FunctionCallInfo fcinfo, const Refresh *refresh)
{
	const RpmClutterSource *source = refresh->source;
	Datum		values[5];
	bool		nulls[5] = {false};
	int			changed = 0;

	for (int i = 0; i < source->count; i++)
		changed += source->antenna[i].changed;
	values[0] = Int32GetDatum(source->count);
	values[1] = Int32GetDatum(changed);
	values[2] = Int64GetDatum(refresh->used);
	values[3] = Int64GetDatum(source->usable + source->left_out - refresh->used);
	values[4] = BoolGetDatum(refresh->fit);
	return rpm_result_row(fcinfo, values, nulls);
}
