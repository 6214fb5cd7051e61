/*
 * raster_aggregates.c: rpm_best_server, rpm_strongest and rpm_sinr: aggregates over the aligned rasters of many antennas.
 *
 * One transition state serves the three: the engine's fold (rpm_server_fold.h) and the alignment of the first raster.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"

#include "postgis_functions.h"
#include "raster_align.h"
#include "raster_read.h"
#include "raster_write.h"
#include "rpm_server_fold.h"
#include "rpm_settings.h"
#include "status_report.h"

#define LEVEL_NODATA (-9999.0f)
#define NO_CHANNEL 0
#define MAX_FREQUENCY_MHZ 1e6	/* as rpm.antenna allows */

typedef struct FoldState
{
	rpm_fold   *fold;
	MemoryContextCallback release;
	bool		has_first;
	RpmRaster	first;			/* the alignment; its values are not kept */
	double		noise_dbm;		/* rpm_sinr only */
} FoldState;

PG_FUNCTION_INFO_V1(rpm_sql_fold_level);
PG_FUNCTION_INFO_V1(rpm_sql_fold_interference);
PG_FUNCTION_INFO_V1(rpm_sql_fold_best_server_final);
PG_FUNCTION_INFO_V1(rpm_sql_fold_strongest_final);
PG_FUNCTION_INFO_V1(rpm_sql_fold_sinr_final);

static FoldState *fold_state(FunctionCallInfo fcinfo, bool with_interference);
static void fold_raster(FoldState *state, Datum datum, const rpm_fold_server *server, const char *what);
static rpm_window aligned_window(const FoldState *state, const RpmRaster *raster, const char *what);
static void release_fold(void *arg);
static int32 server_id(int64 antenna_id);
static int64 server_channel(FunctionCallInfo fcinfo);
static Datum raster_of_window(const FoldState *state, const void *pixels, RpmPixelType type, double nodata);

/* (internal, raster, antenna_id bigint) -> internal: levels only. */
Datum
rpm_sql_fold_level(PG_FUNCTION_ARGS)
{
	FoldState  *state = fold_state(fcinfo, false);
	rpm_fold_server server = {0, NO_CHANNEL, 1.0};
	char		what[48] = "raster";

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	if (PG_NARGS() > 2)
	{
		if (PG_ARGISNULL(2))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("antenna_id of a raster is null"),
					 errhint("Give each raster the key of its antenna.")));
		server.id = server_id(PG_GETARG_INT64(2));
		snprintf(what, sizeof(what), "raster of antenna %d", (int) server.id);
	}
	fold_raster(state, PG_GETARG_DATUM(1), &server, what);
	PG_RETURN_POINTER(state);
}

/* (internal, raster, channel int, [frequency_mhz float8,] load float8, noise_dbm float8) -> internal: levels and co-channel interference. */
Datum
rpm_sql_fold_interference(PG_FUNCTION_ARGS)
{
	FoldState  *state = fold_state(fcinfo, true);
	rpm_fold_server server = {0, NO_CHANNEL, 1.0};
	int			load = PG_NARGS() - 2;
	int			noise = PG_NARGS() - 1;

	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	server.channel = server_channel(fcinfo);
	server.load = PG_ARGISNULL(load) ? 1.0 : PG_GETARG_FLOAT8(load);
	if (!(server.load >= 0 && server.load <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("load of an antenna is %g", server.load),
				 errhint("A load is a share between 0 and 1.")));
	if (PG_ARGISNULL(noise) || !isfinite(PG_GETARG_FLOAT8(noise)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("noise_dbm is null or not finite"),
				 errhint("Give the noise per resource element, for example rpm_thermal_noise_dbm(9).")));
	state->noise_dbm = PG_GETARG_FLOAT8(noise);
	fold_raster(state, PG_GETARG_DATUM(1), &server, "raster");
	PG_RETURN_POINTER(state);
}

Datum
rpm_sql_fold_best_server_final(PG_FUNCTION_ARGS)
{
	FoldState  *state = PG_ARGISNULL(0) ? NULL : (FoldState *) PG_GETARG_POINTER(0);

	if (state == NULL || rpm_fold_window(state->fold).columns == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(raster_of_window(state, rpm_fold_best_server(state->fold), RPM_PIXEL_INT32, RPM_FOLD_NO_SERVER));
}

Datum
rpm_sql_fold_strongest_final(PG_FUNCTION_ARGS)
{
	FoldState  *state = PG_ARGISNULL(0) ? NULL : (FoldState *) PG_GETARG_POINTER(0);
	rpm_window	window;
	float	   *level;

	if (state == NULL || (window = rpm_fold_window(state->fold)).columns == 0)
		PG_RETURN_NULL();
	level = palloc_extended((Size) window.columns * window.rows * sizeof(float), MCXT_ALLOC_HUGE);
	rpm_fold_strongest(state->fold, LEVEL_NODATA, level);
	PG_RETURN_DATUM(raster_of_window(state, level, RPM_PIXEL_FLOAT32, LEVEL_NODATA));
}

Datum
rpm_sql_fold_sinr_final(PG_FUNCTION_ARGS)
{
	FoldState  *state = PG_ARGISNULL(0) ? NULL : (FoldState *) PG_GETARG_POINTER(0);
	rpm_window	window;
	float	   *sinr;

	if (state == NULL || (window = rpm_fold_window(state->fold)).columns == 0)
		PG_RETURN_NULL();
	sinr = palloc_extended((Size) window.columns * window.rows * sizeof(float), MCXT_ALLOC_HUGE);
	rpm_fold_sinr(state->fold, state->noise_dbm, LEVEL_NODATA, sinr);
	PG_RETURN_DATUM(raster_of_window(state, sinr, RPM_PIXEL_FLOAT32, LEVEL_NODATA));
}

/* The aggregate's state, made at its first row in the aggregate's own memory context, with which the fold is freed. */
static FoldState *
fold_state(FunctionCallInfo fcinfo, bool with_interference)
{
	MemoryContext aggregate_context;
	FoldState  *state;
	rpm_status	status;

	if (!AggCheckCallContext(fcinfo, &aggregate_context))
		elog(ERROR, "aggregate transition called outside an aggregate");
	if (!PG_ARGISNULL(0))
		return (FoldState *) PG_GETARG_POINTER(0);

	state = MemoryContextAllocZero(aggregate_context, sizeof(FoldState));
	state->release.func = release_fold;
	state->release.arg = state;
	MemoryContextRegisterResetCallback(aggregate_context, &state->release);
	rpm_status_clear(&status);
	state->fold = rpm_fold_create(with_interference, rpm_memory_limit_bytes(), &status);
	rpm_report_status(&status);
	return state;
}

static void
release_fold(void *arg)
{
	FoldState  *state = arg;

	rpm_fold_free(state->fold);
	state->fold = NULL;
}

/* what: how errors call the raster. */
static void
fold_raster(FoldState *state, Datum datum, const rpm_fold_server *server, const char *what)
{
	RpmRaster  *raster = rpm_raster_read(datum, what);
	rpm_window	window;
	rpm_status	status;

	CHECK_FOR_INTERRUPTS();
	if (!state->has_first)
	{
		state->first = *raster;
		state->first.values = NULL;
		state->has_first = true;
	}
	window = aligned_window(state, raster, what);
	rpm_status_clear(&status);
	rpm_fold_add(state->fold, &window, raster->values, raster->nodata, server, &status);
	pfree(raster->values);
	pfree(raster);
	rpm_report_status_of(&status, what);
}

static rpm_window
aligned_window(const FoldState *state, const RpmRaster *raster, const char *what)
{
	rpm_window	window;

	rpm_raster_place(&state->first, "the first raster", raster, what, "Aggregate maps of one scene, or trace them on one template raster.",
					 "Trace the antennas with one cell size, or on one template raster.", &window.column, &window.row);
	window.columns = raster->columns;
	window.rows = raster->rows;
	return window;
}

/* Best-server rasters hold 32-bit whole numbers, which is what QGIS and GDAL read. */
static int32
server_id(int64 antenna_id)
{
	if (antenna_id <= INT32_MIN || antenna_id > INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("antenna_id " INT64_FORMAT " does not fit the 32-bit pixels of a best-server raster", antenna_id),
				 errhint("Number the antennas within 32 bits, for example by row_number() over a table of keys.")));
	return (int32) antenna_id;
}

/* Who interferes with whom: antennas of one channel; without a channel, those of one frequency. */
static int64
server_channel(FunctionCallInfo fcinfo)
{
	const int	frequency = 3;
	double		frequency_mhz;

	if (!PG_ARGISNULL(2))
		return PG_GETARG_INT32(2);
	if (PG_NARGS() < 6)			/* the form without frequency_mhz */
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("channel of an antenna is null"),
				 errdetail("Antennas without a channel interfere with those of their frequency."),
				 errhint("Give the frequency too: rpm_sinr(rast, channel, frequency_mhz, load, noise_dbm).")));
	frequency_mhz = PG_ARGISNULL(frequency) ? NAN : PG_GETARG_FLOAT8(frequency);
	if (!(frequency_mhz > 0 && frequency_mhz <= MAX_FREQUENCY_MHZ))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 PG_ARGISNULL(frequency) ? errmsg("channel and frequency_mhz of an antenna are null") :
				 errmsg("frequency_mhz of an antenna is %g", frequency_mhz),
				 errhint("Give the channel, or the carrier frequency in MHz, above 0, at most %.0f.", MAX_FREQUENCY_MHZ)));
	return rpm_fold_channel_of_frequency(frequency_mhz);
}

static Datum
raster_of_window(const FoldState *state, const void *pixels, RpmPixelType type, double nodata)
{
	rpm_window	window = rpm_fold_window(state->fold);
	RpmRasterGrid grid;

	if (window.columns > 65535 || window.rows > 65535)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the rasters span %d x %d cells, a raster holds 65535 x 65535", window.columns, window.rows),
				 errhint("Group the aggregate by tile, for example by ST_UpperLeftX(rast), ST_UpperLeftY(rast).")));
	grid.columns = window.columns;
	grid.rows = window.rows;
	grid.scale_x = state->first.scale_x;
	grid.scale_y = state->first.scale_y;
	grid.upper_left_x = state->first.upper_left_x + (double) window.column * state->first.scale_x;
	grid.upper_left_y = state->first.upper_left_y + (double) window.row * state->first.scale_y;
	grid.srid = state->first.srid;
	return rpm_raster_build(&grid, type, nodata, pixels);
}
