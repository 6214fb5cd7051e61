/*
 * paths.c: rpm_paths and rpm_path_derivatives: the exact paths from an antenna to a point, as rows.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "device.h"
#include "device_settings.h"
#include "map_grid.h"
#include "path_row.h"
#include "postgis_functions.h"
#include "progress.h"
#include "read_antenna.h"
#include "rpm_received.h"
#include "rpm_settings.h"
#include "scene_cache.h"
#include "scene_report.h"
#include "spi_rows.h"
#include "status_report.h"
#include "worker.h"

#define HIGHEST_RECEIVER_M 10000.0
#define MOST_SAMPLES INT64CONST(1000000000)
/* Where the settings leave the choice, fewer rays stay with the CPU: a scene is brought to a device for the first call. */
#define SAMPLES_FOR_DEVICE INT64CONST(1000000)

/* Arguments of both functions by number, as in sql/43_paths.sql and sql/78_path_derivatives.sql. */
enum
{
	ARGUMENT_ANTENNA = 0,
	ARGUMENT_POINT,
	ARGUMENT_SCENE,
	ARGUMENT_MECHANISMS,
	ARGUMENT_MAX_DEPTH,
	ARGUMENT_PATTERN,
	ARGUMENT_POLARISATION,
	ARGUMENT_SAMPLES,
	ARGUMENT_SEED
};

typedef struct PathsCall
{
	const rpm_scene *scene;
	const rpm_query *query;
	rpm_antenna antenna;
	rpm_vec3	receiver;
	rpm_trace_options options;
	rpm_path_list paths;
	RpmDevices	devices;		/* none: rays are the CPU's */
	rpm_device_scene *uploaded;
	rpm_status	too_small;		/* why the device's memory did not do; else RPM_OK */
	MemoryContextCallback release;
} PathsCall;

typedef struct Receiver
{
	double		x, y;			/* world */
	double		height_m;		/* above ground; NaN: the scene's */
	int32		srid;
} Receiver;

/* Appends a path to the result. */
typedef void (*PutPath) (ReturnSetInfo *result, const PathsCall *call, const RpmPathRowFormat *format, int32 number, const rpm_path *path);

PG_FUNCTION_INFO_V1(rpm_sql_paths);
PG_FUNCTION_INFO_V1(rpm_sql_path_derivatives);

static const char *const polarisations[] = {
	[RPM_RECEIVE_BOTH] = "both",
	[RPM_RECEIVE_VERTICAL] = "vertical",
	[RPM_RECEIVE_HORIZONTAL] = "horizontal"
};

static Datum rows_by(FunctionCallInfo fcinfo, PutPath put);
static void write_paths(FunctionCallInfo fcinfo, PutPath put);
static void put_path(ReturnSetInfo *result, const PathsCall *call, const RpmPathRowFormat *format, int32 number, const rpm_path *path);
static void put_derivatives(ReturnSetInfo *result, const PathsCall *call, const RpmPathRowFormat *format, int32 number,
							const rpm_path *path);
static void prepare(FunctionCallInfo fcinfo, PathsCall *call, RpmPathRowFormat *format, rpm_control *control);
static void bring_to_device(PathsCall *call, const RpmScene *scene, rpm_control *control);
static Receiver read_point(Datum point);
static RpmSceneRow *scene_of(FunctionCallInfo fcinfo, const Receiver *receiver);
static void read_options(FunctionCallInfo fcinfo, rpm_trace_options *options);
static PathsCall *new_call(void);
static rpm_code trace_paths(void *argument, rpm_control *control, rpm_status *status);
static void release_paths(void *argument);

Datum
rpm_sql_paths(PG_FUNCTION_ARGS)
{
	return rows_by(fcinfo, put_path);
}

Datum
rpm_sql_path_derivatives(PG_FUNCTION_ARGS)
{
	return rows_by(fcinfo, put_derivatives);
}

static Datum
rows_by(FunctionCallInfo fcinfo, PutPath put)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_paths", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before;

	InitMaterializedSRF(fcinfo, 0);
	before = MemoryContextSwitchTo(context);
	write_paths(fcinfo, put);
	rpm_progress_end();
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	return (Datum) 0;
}

static void
write_paths(FunctionCallInfo fcinfo, PutPath put)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	PathsCall  *call = new_call();
	RpmPathRowFormat format;
	rpm_control control;

	if (PG_ARGISNULL(ARGUMENT_ANTENNA))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("antenna_id is null"),
				 errhint("Give the key of an antenna of the scene's antenna relation.")));
	if (PG_ARGISNULL(ARGUMENT_POINT))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("point is null"),
				 errhint("Give a point in the scene's SRID, with the height above ground as Z or without Z.")));
	rpm_control_from_settings(&control);
	prepare(fcinfo, call, &format, &control);
	rpm_progress_antennas(0, 1);
	rpm_progress_phase(&control, RPM_PHASE_TRACING, 0);
	rpm_run_engine(trace_paths, call, &control, psprintf("antenna " INT64_FORMAT, PG_GETARG_INT64(ARGUMENT_ANTENNA)));
	if (call->too_small.code != RPM_OK)
	{
		rpm_devices_take_cpu_instead(&call->too_small, &call->devices);
		call->uploaded = NULL;
		rpm_run_engine(trace_paths, call, &control, psprintf("antenna " INT64_FORMAT, PG_GETARG_INT64(ARGUMENT_ANTENNA)));
	}
	rpm_devices_give_back(&call->devices);

	rpm_path_rows_sort(&format, &call->paths);
	rpm_progress_phase(&control, RPM_PHASE_WRITING, (int64) call->paths.count);
	for (size_t i = 0; i < call->paths.count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		put(result, call, &format, (int32) i + 1, &call->paths.paths[i]);
	}
}

static void
put_path(ReturnSetInfo *result, const PathsCall *call, const RpmPathRowFormat *format, int32 number, const rpm_path *path)
{
	(void) call;
	rpm_path_row_put(result, format, number, path);
}

static void
put_derivatives(ReturnSetInfo *result, const PathsCall *call, const RpmPathRowFormat *format, int32 number, const rpm_path *path)
{
	double		slant_rad = format->polarisation == RPM_RECEIVE_BOTH ? NAN
		: rpm_receive_slant_rad(format->polarisation == RPM_RECEIVE_HORIZONTAL);
	rpm_path_derivatives derivatives;
	rpm_status	status;

	rpm_status_clear(&status);
	(void) rpm_path_derive(call->scene, &call->antenna, call->receiver, &call->options, path, slant_rad, &derivatives, &status);
	rpm_report_status(&status);
	rpm_path_derivative_row_put(result, format, number, path, &derivatives);
}

/* Reads everything that the call and its rows need. */
static void
prepare(FunctionCallInfo fcinfo, PathsCall *call, RpmPathRowFormat *format, rpm_control *control)
{
	int64		id = PG_GETARG_INT64(ARGUMENT_ANTENNA);
	char	   *pattern = PG_ARGISNULL(ARGUMENT_PATTERN) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_PATTERN));
	Receiver	receiver = read_point(PG_GETARG_DATUM(ARGUMENT_POINT));
	RpmBox		reach = {receiver.x, receiver.y, receiver.x, receiver.y};
	RpmSceneRow *row;
	RpmScene   *scene;
	RpmAntenna *antenna;
	RpmMaterials *materials;

	read_options(fcinfo, &call->options);
	format->polarisation = rpm_argument_choice(fcinfo, ARGUMENT_POLARISATION, "receive_polarisation", polarisations,
											   lengthof(polarisations));
	row = scene_of(fcinfo, &receiver);
	if (isnan(receiver.height_m))
		receiver.height_m = row->receiver_height_m;

	rpm_progress_begin(row->scene_id);
	scene = rpm_scene_get(row, &reach, control);
	antenna = rpm_antennas_read(row, &scene->box, &id, 1, pattern)->antennas;
	materials = rpm_materials_read(scene->material_count, scene->material_names, scene->material_users);
	call->scene = rpm_scene_at(scene, rpm_materials_at(materials, antenna->antenna.frequency_hz));
	rpm_materials_notice(materials);
	rpm_scene_notice_problems(scene, row->name);

	call->query = scene->query;
	call->antenna = rpm_antenna_place(antenna, call->scene);
	call->receiver = rpm_vec(receiver.x - call->scene->origin[0], receiver.y - call->scene->origin[1], 0);
	call->receiver.z = rpm_scene_ground_z(call->scene, call->receiver.x, call->receiver.y) + receiver.height_m;

	format->scene = call->scene;
	format->material_names = scene->material_names;
	format->srid = row->srid;
	format->transmitter = call->antenna.position;
	format->receiver = call->receiver;
	format->convergence_at_antenna_deg = antenna->convergence_deg;
	format->convergence_at_point_deg = rpm_convergence_at(PG_GETARG_DATUM(ARGUMENT_POINT));
	bring_to_device(call, scene, control);
}

/* The scene to a device, where rays are to be launched and the settings have it so. */
static void
bring_to_device(PathsCall *call, const RpmScene *scene, rpm_control *control)
{
	rpm_status	why;

	if (rpm_setting_device == RPM_CHOOSE_CPU || !(call->options.mechanisms & RPM_REFLECTION) || call->options.max_depth < 2
		|| (rpm_setting_device == RPM_CHOOSE_AUTO && call->options.samples < SAMPLES_FOR_DEVICE))
		return;
	rpm_devices_take(1, &call->devices);
	rpm_status_clear(&why);
	call->uploaded = rpm_scene_on(scene, call->devices.devices[0], control, &why);
	if (call->uploaded != NULL)
		return;
	if (rpm_setting_device == RPM_CHOOSE_CUDA)
		rpm_report_status(&why);
	rpm_devices_take_cpu_instead(&why, &call->devices);
}

static Receiver
read_point(Datum point)
{
	Oid			type = rpm_geometry_type();
	Receiver	receiver;
	bool		is_point;
	HeapTuple	tuple;

	rpm_spi_query_by_key(psprintf("SELECT p.is_point, CASE WHEN p.is_point THEN %1$s.ST_X($1) END, CASE WHEN p.is_point THEN %1$s.ST_Y($1) END,"
						   " CASE WHEN p.is_point THEN %1$s.ST_Z($1) END, %1$s.ST_SRID($1) FROM"
						   " (SELECT %1$s.GeometryType($1) OPERATOR(pg_catalog.=) ANY ('{POINT,POINTM}') AND NOT %1$s.ST_IsEmpty($1)"
						   " AS is_point) AS p", rpm_postgis_schema()), 1, &type, &point, NULL);
	tuple = SPI_tuptable->vals[0];
	is_point = rpm_column_bool(tuple, 1);
	receiver.x = rpm_column_double(tuple, 2);
	receiver.y = rpm_column_double(tuple, 3);
	receiver.height_m = rpm_column_double(tuple, 4);
	if (is_point && !rpm_column_is_null(tuple, 4) && !(receiver.height_m > 0 && receiver.height_m <= HIGHEST_RECEIVER_M))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("Z of point is %g", receiver.height_m),
				 errhint("Z is the height above ground, above 0, at most %g m; without Z the scene's receiver height is taken.",
						 HIGHEST_RECEIVER_M)));
	receiver.srid = rpm_column_int32(tuple, 5);
	SPI_finish();
	if (!is_point || !isfinite(receiver.x) || !isfinite(receiver.y))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("point is no point with finite coordinates"),
				 errhint("Give ST_SetSRID(ST_MakePoint(x, y), srid), with the height above ground as Z or without Z.")));
	return receiver;
}

static RpmSceneRow *
scene_of(FunctionCallInfo fcinfo, const Receiver *receiver)
{
	RpmSceneRow *row;

	if (PG_ARGISNULL(ARGUMENT_SCENE))
		return rpm_scene_row_read(rpm_scene_name_of_point(PG_GETARG_DATUM(ARGUMENT_POINT), receiver->srid));
	row = rpm_scene_row_read(rpm_scene_argument(fcinfo, ARGUMENT_SCENE));
	if (receiver->srid != row->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("point has SRID %d, scene \"%s\" has %d", receiver->srid, row->name, row->srid),
				 errhint("Use ST_Transform(point, %d).", row->srid)));
	return row;
}

static void
read_options(FunctionCallInfo fcinfo, rpm_trace_options *options)
{
	rpm_trace_options_default(options);
	options->mechanisms = rpm_argument_mechanisms(fcinfo, ARGUMENT_MECHANISMS, "mechanisms");
	if (options->mechanisms & RPM_SCATTERING)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mechanisms has \"scattering\": exact paths have no diffuse part"),
				 errhint("Leave it out here, and use rpm_trace for maps with scattering.")));
	if (options->mechanisms & (RPM_OVER_ROOFS | RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mechanisms has \"%s\": what comes over several edges is a power, not a path",
						options->mechanisms & RPM_OVER_ROOFS ? "over_roofs"
						: options->mechanisms & RPM_AROUND_CORNERS ? "around_corners" : "roof_reflection"),
				 errhint("Leave it out here, and use rpm_trace for maps with it.")));
	options->max_depth = (int) rpm_argument_int32(fcinfo, ARGUMENT_MAX_DEPTH, "max_depth", 0, RPM_MAX_DEPTH);
	options->samples = rpm_argument_int64(fcinfo, ARGUMENT_SAMPLES, "samples", 1, MOST_SAMPLES);
	options->seed = (uint64_t) rpm_argument_int64(fcinfo, ARGUMENT_SEED, "seed", PG_INT64_MIN, PG_INT64_MAX);
}

/* Its paths are the engine's memory: freed with the current context. */
static PathsCall *
new_call(void)
{
	PathsCall  *call = palloc0(sizeof(PathsCall));

	call->release.func = release_paths;
	call->release.arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &call->release);
	return call;
}

static rpm_code
trace_paths(void *argument, rpm_control *control, rpm_status *status)
{
	PathsCall  *call = argument;
	rpm_code	code;

	if (call->uploaded == NULL)
		return rpm_trace_paths(call->scene, call->query, &call->antenna, call->receiver, &call->options, control, &call->paths, status);
	code = rpm_device_paths(call->uploaded, call->scene, &call->antenna, call->receiver, &call->options, control, &call->paths, status);
	if ((code == RPM_LIMIT_EXCEEDED || code == RPM_OUT_OF_MEMORY) && rpm_setting_device == RPM_CHOOSE_AUTO
		&& rpm_device_kind_of(rpm_device_of(call->uploaded)) == RPM_DEVICE_CUDA)
	{
		call->too_small = *status;
		rpm_status_clear(status);
		return RPM_OK;
	}
	return code;
}

static void
release_paths(void *argument)
{
	PathsCall  *call = argument;

	rpm_path_list_free(&call->paths);
}
