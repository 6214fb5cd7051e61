/*
 * calibration_fit.c: rpm_calibration_fit: antennas, materials and buildings of a site from its measured cells.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "calibration_fit.h"
#include "datums.h"
#include "map_grid.h"
#include "progress.h"
#include "rpm_measured_cells.h"
#include "rpm_settings.h"
#include "status_report.h"
#include "worker.h"

#define MOST_ITERATIONS 1000
#define MOST_DEPTH 5
#define MOST_SAMPLES INT64CONST(1000000000)
#define LARGEST_RADIUS_M 100000.0

/* Arguments by number, as in sql/80_calibration_fit.sql. */
enum
{
	ARGUMENT_SITE = 0,
	ARGUMENT_SCENE,
	ARGUMENT_METHOD,
	ARGUMENT_LOSS,
	ARGUMENT_FLOOR,
	ARGUMENT_INITIAL,
	ARGUMENT_SPLIT,
	ARGUMENT_MAX_ITERATIONS,
	ARGUMENT_SHARE,
	ARGUMENT_SEED,
	ARGUMENT_CELL_SIZE,
	ARGUMENT_MECHANISMS,
	ARGUMENT_MAX_DEPTH,
	ARGUMENT_SAMPLES,
	ARGUMENT_RADIUS,
	ARGUMENT_OVER_ROOFS,
	ARGUMENT_INDOOR,
	ARGUMENT_CORRELATION
};

#define RESULT_COLUMNS 5

typedef struct FitCall
{
	RpmCalibrationQuestion question;
	RpmCalibrationSite *site;
	rpm_path_store *store;
	rpm_calibration calibration;
	double		trace_ms, fit_ms;
	MemoryContextCallback release;
} FitCall;

static const char *const methods[] = {
	[RPM_CALIBRATE_A] = "A", [RPM_CALIBRATE_M] = "M", [RPM_CALIBRATE_AM] = "AM", [RPM_CALIBRATE_AMV] = "AMv", [RPM_CALIBRATE_BUILDING] = "building"
};
static const char *const losses[] = {[RPM_LOSS_SQUARE] = "square", [RPM_LOSS_HUBER] = "huber", [RPM_LOSS_STUDENT] = "student"};
static const char *const splits[] = {"block", "pixel"};
static const char *const roofs[] = {[RPM_OVER_ROOFS_HOLES] = "holes", [RPM_OVER_ROOFS_SHADOW] = "shadow"};

PG_FUNCTION_INFO_V1(rpm_sql_calibration_fit);

static void read_question(FunctionCallInfo fcinfo, RpmCalibrationQuestion *question);
static FitCall *new_call(void);
static void run(FunctionCallInfo fcinfo, FitCall *call, rpm_control *control);
static rpm_code trace(void *argument, rpm_control *control, rpm_status *status);
static rpm_code fit(void *argument, rpm_control *control, rpm_status *status);
static void release_call(void *argument);
static void notice(const FitCall *call);
static Datum metrics_of(const FitCall *call);
static void put_fitness(StringInfo text, const char *name, const rpm_calibrate_fitness *fitness);
static double milliseconds_since(instr_time start);

Datum
rpm_sql_calibration_fit(PG_FUNCTION_ARGS)
{
	FitCall    *call = new_call();
	rpm_control control;
	instr_time	start;
	Datum		values[RESULT_COLUMNS];
	bool		nulls[RESULT_COLUMNS] = {false};

	INSTR_TIME_SET_CURRENT(start);
	if (PG_ARGISNULL(ARGUMENT_SITE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("site is null"),
				 errhint("Give the key of a site.")));
	read_question(fcinfo, &call->question);
	rpm_control_from_settings(&control);
	call->site = rpm_calibration_site_read(PG_ARGISNULL(ARGUMENT_SCENE) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_SCENE)),
										   &call->question, &control);
	run(fcinfo, call, &control);
	rpm_progress_end();
	notice(call);
	values[0] = rpm_calibration_parameters_json(call->site, methods[call->question.fit.method], &call->calibration);
	values[1] = metrics_of(call);
	values[2] = CStringGetTextDatum(call->site->data_fingerprint);
	values[3] = CStringGetTextDatum(call->site->scene_fingerprint);
	values[4] = Float8GetDatum(milliseconds_since(start));
	release_call(call);
	PG_RETURN_DATUM(rpm_result_row(fcinfo, values, nulls));
}

static void
read_question(FunctionCallInfo fcinfo, RpmCalibrationQuestion *question)
{
	question->site = PG_GETARG_INT64(ARGUMENT_SITE);
	rpm_calibrate_options_default(&question->fit);
	rpm_store_options_default(&question->store);
	question->fit.method = rpm_argument_choice(fcinfo, ARGUMENT_METHOD, "method", methods, lengthof(methods));
	question->fit.loss = rpm_argument_choice(fcinfo, ARGUMENT_LOSS, "loss", losses, lengthof(losses));
	if (!PG_ARGISNULL(ARGUMENT_FLOOR))
		question->fit.floor_dbm = rpm_argument_number(fcinfo, ARGUMENT_FLOOR, "floor_dbm", RPM_LOWEST_LEVEL_DBM, RPM_HIGHEST_LEVEL_DBM);
	question->holds_out = !PG_ARGISNULL(ARGUMENT_SPLIT);
	if (question->holds_out)
		question->split = rpm_argument_choice(fcinfo, ARGUMENT_SPLIT, "split", splits, lengthof(splits)) == 0 ? RPM_SPLIT_BLOCK : RPM_SPLIT_PIXEL;
	question->fit.max_iterations = (int) rpm_argument_int32(fcinfo, ARGUMENT_MAX_ITERATIONS, "max_iterations", 0, MOST_ITERATIONS);
	question->share = rpm_argument_number(fcinfo, ARGUMENT_SHARE, "share", 0, 1);
	question->seed = (uint64_t) rpm_argument_int64(fcinfo, ARGUMENT_SEED, "seed", PG_INT64_MIN, PG_INT64_MAX);
	question->fit.seed = question->store.seed = question->seed;
	question->cell_size_m = NAN;
	if (!PG_ARGISNULL(ARGUMENT_CELL_SIZE))
		question->cell_size_m = rpm_argument_number(fcinfo, ARGUMENT_CELL_SIZE, "cell_size_m", RPM_SMALLEST_CELL_M, RPM_LARGEST_CELL_M);
	question->store.mechanisms = rpm_argument_mechanisms(fcinfo, ARGUMENT_MECHANISMS, "mechanisms");
	if (question->store.mechanisms & (RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mechanisms has \"%s\": a calibration has no paths of it",
						question->store.mechanisms & RPM_AROUND_CORNERS ? "around_corners" : "roof_reflection"),
				 errhint("Leave it out here; over_roofs has a level in every shadow.")));
	question->store.max_depth = (int) rpm_argument_int32(fcinfo, ARGUMENT_MAX_DEPTH, "max_depth", 0, MOST_DEPTH);
	question->store.samples = rpm_argument_int64(fcinfo, ARGUMENT_SAMPLES, "samples", 0, MOST_SAMPLES);
	question->radius_m = rpm_argument_number(fcinfo, ARGUMENT_RADIUS, "radius_m", 1, LARGEST_RADIUS_M);
	question->store.over_roofs = rpm_argument_choice(fcinfo, ARGUMENT_OVER_ROOFS, "over_roofs", roofs, lengthof(roofs));
	question->filter.by_indoor = !PG_ARGISNULL(ARGUMENT_INDOOR);
	question->filter.indoor = question->filter.by_indoor && PG_GETARG_BOOL(ARGUMENT_INDOOR);
	question->filter.max_accuracy_m = NAN;
	question->fit.correlation_m = rpm_argument_number(fcinfo, ARGUMENT_CORRELATION, "correlation_m", 0, LARGEST_RADIUS_M);
}

/* Its store and parameters are the engine's memory: freed with the current context, or before. */
static FitCall *
new_call(void)
{
	FitCall    *call = palloc0(sizeof(FitCall));

	call->release.func = release_call;
	call->release.arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &call->release);
	return call;
}

static void
run(FunctionCallInfo fcinfo, FitCall *call, rpm_control *control)
{
	char	   *what = psprintf("site " INT64_FORMAT, call->question.site);
	rpm_status	status;
	instr_time	start;

	INSTR_TIME_SET_CURRENT(start);
	rpm_progress_phase(control, RPM_PHASE_TRACING, (int64) call->site->input.cell_count);
	rpm_run_engine(trace, call, control, what);
	call->trace_ms = milliseconds_since(start);
	rpm_status_clear(&status);
	(void) rpm_calibration_create(call->store, &call->calibration, &status);
	rpm_report_status(&status);
	if (!PG_ARGISNULL(ARGUMENT_INITIAL))
		rpm_calibration_initial_take(call->site, PG_GETARG_DATUM(ARGUMENT_INITIAL), &call->calibration);
	INSTR_TIME_SET_CURRENT(start);
	rpm_progress_phase(control, RPM_PHASE_LEARNING, call->question.fit.max_iterations);
	rpm_run_engine(fit, call, control, what);
	call->fit_ms = milliseconds_since(start);
}

static rpm_code
trace(void *argument, rpm_control *control, rpm_status *status)
{
	FitCall    *call = argument;

	return rpm_path_store_build(&call->site->input, &call->question.store, control, &call->store, status);
}

static rpm_code
fit(void *argument, rpm_control *control, rpm_status *status)
{
	FitCall    *call = argument;

	return rpm_calibrate(call->store, &call->question.fit, control, &call->calibration, status);
}

static void
release_call(void *argument)
{
	FitCall    *call = argument;

	rpm_calibration_free(&call->calibration);
	rpm_path_store_free(call->store);
	call->store = NULL;
}

static void
notice(const FitCall *call)
{
	rpm_store_counts counts = rpm_path_store_counts(call->store);

	if (call->site->unusable > 0)
		ereport(NOTICE,
				(errmsg("site " INT64_FORMAT ": " INT64_FORMAT " rows without a usable point, level or accuracy were left out", call->question.site,
						call->site->unusable),
				 errhint("rpm_measurement_problems() lists them.")));
	if (counts.cells_without_path == counts.cells)
		ereport(NOTICE,
				(errmsg("no path reaches any of the %zu measured cells of site " INT64_FORMAT, counts.cells, call->question.site),
				 errhint("Only antennas and the level over the roofs could be learned; look at the antennas' heights and at the buildings about them.")));
	if (!call->calibration.converged && call->question.fit.max_iterations > 0)
		ereport(NOTICE,
				(errmsg("site " INT64_FORMAT ": %d rounds were not enough to come to rest", call->question.site, call->calibration.iterations),
				 errhint("Raise max_iterations; the parameters so far are returned.")));
}

static Datum
metrics_of(const FitCall *call)
{
	const rpm_calibration *calibration = &call->calibration;
	rpm_store_counts counts = rpm_path_store_counts(call->store);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"fitted\": {");
	put_fitness(&text, "before", &calibration->fitted_before);
	appendStringInfoString(&text, ", ");
	put_fitness(&text, "after", &calibration->fitted_after);
	appendStringInfoString(&text, "}, \"held_out\": {");
	put_fitness(&text, "before", &calibration->held_out_before);
	appendStringInfoString(&text, ", ");
	put_fitness(&text, "after", &calibration->held_out_after);
	appendStringInfo(&text, "}, \"scale_db\": %.4f, \"iterations\": %d, \"converged\": %s, \"cells\": %zu, \"cells_without_path\": %zu, "
					 "\"cells_indoors\": %zu, \"paths\": %zu, \"store_bytes\": %zu, \"trace_ms\": %.1f, \"fit_ms\": %.1f}",
					 calibration->scale_db, calibration->iterations, calibration->converged ? "true" : "false", counts.cells,
					 counts.cells_without_path, counts.cells_indoors, counts.paths, counts.bytes, call->trace_ms, call->fit_ms);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
}

static void
put_fitness(StringInfo text, const char *name, const rpm_calibrate_fitness *fitness)
{
	appendStringInfo(text, "\"%s\": {\"count\": %zu, \"at_floor\": %zu", name, fitness->count, fitness->censored);
	if (fitness->count > 0)
		appendStringInfo(text, ", \"rmse_db\": %.4f, \"mae_db\": %.4f, \"bias_db\": %.4f", fitness->rmse_db, fitness->mae_db, fitness->bias_db);
	appendStringInfoChar(text, '}');
}

static double
milliseconds_since(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_MILLISEC(now);
}
