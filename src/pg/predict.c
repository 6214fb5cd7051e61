/*
 * predict.c: rpm_predict: the level of an antenna from a prior and what was measured, as a raster; rpm_predict_report: what it rests on.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "datums.h"
#include "given_antenna.h"
#include "map_grid.h"
#include "predict_clutter.h"
#include "predict_input.h"
#include "predict_traced.h"
#include "predict_network.h"
#include "progress.h"
#include "raster_write.h"
#include "rpm_measured_cells.h"
#include "rpm_settings.h"
#include "worker.h"

#define NODATA (-9999.0)
#define MOST_CELLS 65535
#define SMALLEST_CELL_M 0.01
#define LARGEST_CELL_M 100000.0
#define BANDS 2
/* Place, mean, deviation, the bands and their well-known binary. */
#define BYTES_PER_CELL (4 * sizeof(double) + 2 * BANDS * sizeof(float))

/* Arguments by number, as in sql/75_predict.sql. */
enum
{
	ARGUMENT_ANTENNA = 0,
	ARGUMENT_SCENE,
	ARGUMENT_METHOD,
	ARGUMENT_CELL_SIZE,
	ARGUMENT_EXTENT,
	ARGUMENT_TEMPLATE,
	ARGUMENT_SIZE_CELLS,
	ARGUMENT_PRIOR,
	ARGUMENT_SHARING,
	ARGUMENT_SEED,
	ARGUMENT_GIVEN				/* of rpm.predict_given alone */
};

/* Columns of rpm_predict_report. */
enum
{
	COLUMN_PRIOR,
	COLUMN_PRIOR_SOURCE,
	COLUMN_MEASUREMENTS,
	COLUMN_OUTSIDE,
	COLUMN_UNUSABLE,
	COLUMN_CELLS,
	COLUMN_SITE_CELLS,
	COLUMN_OTHER_CELLS,
	COLUMN_VALIDATION_POINTS,
	COLUMN_MAE,
	COLUMN_RMSE,
	COLUMN_CANDIDATES,
	COLUMN_NOISE_SD,
	COLUMN_PLACE_SD,
	COLUMN_SHORT_SD,
	COLUMN_SHORT_RANGE,
	COLUMN_LONG_SD,
	COLUMN_LONG_RANGE,
	COLUMN_SITE_SHARE,
	COLUMN_OTHER_SHARE,
	COLUMN_COVARIANCE_SOURCE,
	COLUMN_COVARIANCE_REASON,
	COLUMN_COVERAGE_NEAR,
	COLUMN_SCALE_NEAR,
	COLUMN_COVERAGE_FAR,
	COLUMN_SCALE_FAR,
	COLUMN_COEFFICIENTS,
	COLUMN_COUNT
};

/* What is asked for: a method is a set of priors. */
typedef enum RpmMethod
{
	RPM_METHOD_BEST,
	RPM_METHOD_EMPIRICAL,
	RPM_METHOD_NETWORK,
	RPM_METHOD_TRACED,
	RPM_METHOD_CALIBRATED
} RpmMethod;

typedef struct PredictCall
{
	int64		antenna_id;
	bool		given_antenna;	/* no table has it: what was measured under its key is another's */
	RpmMeasurementSource *source;
	RpmMapGrid	grid;
	RpmPredictInput *read;
	rpm_predict_input input;
	rpm_predict_given given[RPM_PREDICT_MOST_GIVEN];
	RpmMethod	method;
	float	   *network_sd_db;	/* at the targets; NULL: no network */
	RpmSharing	sharing;
	rpm_predict_options options;
	rpm_control control;
	double	   *x_m, *y_m, *mean_dbm, *sd_db;
	rpm_predict_report report;
} PredictCall;

static const char *const methods[] = {[RPM_METHOD_BEST] = "best", [RPM_METHOD_EMPIRICAL] = "empirical", [RPM_METHOD_NETWORK] = "network",
	[RPM_METHOD_TRACED] = "traced", [RPM_METHOD_CALIBRATED] = "calibrated"};
/* The prior that a method settles; NULL: it is chosen. */
static const char *const prior_of_method[] = {[RPM_METHOD_BEST] = NULL, [RPM_METHOD_EMPIRICAL] = NULL, [RPM_METHOD_NETWORK] = RPM_NETWORK_PRIOR,
	[RPM_METHOD_TRACED] = RPM_TRACED_PRIOR, [RPM_METHOD_CALIBRATED] = RPM_TRACED_PRIOR};
static const char *const sharings[] = {[RPM_SHARING_NONE] = "none", [RPM_SHARING_SITE] = "site", [RPM_SHARING_ALL] = "all"};

PG_FUNCTION_INFO_V1(rpm_sql_predict);
PG_FUNCTION_INFO_V1(rpm_sql_predict_report);

static Datum predict(FunctionCallInfo fcinfo);
static PredictCall *prepare(FunctionCallInfo fcinfo);
static void read_grid(FunctionCallInfo fcinfo, PredictCall *call);
static void place_cells(PredictCall *call);
static void run(PredictCall *call);
static void add_wanted_map(PredictCall *call);
static rpm_code predict_points(void *argument, rpm_control *control, rpm_status *status);
static Datum raster_of(PredictCall *call);
static void notice_rows(const PredictCall *call);
static void fill_report(const PredictCall *call, Datum *values, bool *nulls);
static void fill_covariance(const rpm_predict_report *report, Datum *values);
static const rpm_predict_candidate *chosen(const rpm_predict_report *report);
static Datum candidates_of(const rpm_predict_report *report);

/* With an eleventh argument the antenna is that row. */
Datum
rpm_sql_predict(PG_FUNCTION_ARGS)
{
	volatile Datum raster = (Datum) 0;

	if (PG_NARGS() <= ARGUMENT_GIVEN)
		return predict(fcinfo);
	if (PG_ARGISNULL(ARGUMENT_GIVEN))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("antenna is null"),
				 errhint("Give a row of type rpm.antenna.")));
	rpm_given_antenna_begin(PG_GETARG_DATUM(ARGUMENT_GIVEN));
	PG_TRY();
	{
		raster = predict(fcinfo);
	}
	PG_FINALLY();
	{
		rpm_given_antenna_end();
	}
	PG_END_TRY();
	return raster;
}

static Datum
predict(FunctionCallInfo fcinfo)
{
	PredictCall *call = prepare(fcinfo);
	Datum		raster;

	place_cells(call);
	run(call);
	rpm_progress_phase(&call->control, RPM_PHASE_WRITING, 0);
	raster = raster_of(call);
	rpm_progress_end();
	notice_rows(call);
	PG_RETURN_DATUM(raster);
}

Datum
rpm_sql_predict_report(PG_FUNCTION_ARGS)
{
	PredictCall *call = prepare(fcinfo);
	Datum		values[COLUMN_COUNT] = {0};
	bool		nulls[COLUMN_COUNT] = {false};

	run(call);
	rpm_progress_end();
	fill_report(call, values, nulls);
	PG_RETURN_DATUM(rpm_result_row(fcinfo, values, nulls));
}

static PredictCall *
prepare(FunctionCallInfo fcinfo)
{
	PredictCall *call = palloc0(sizeof(PredictCall));
	RpmBox		box;

	if (PG_ARGISNULL(ARGUMENT_ANTENNA))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("antenna_id is null"),
				 errhint("Give the key of an antenna.")));
	call->antenna_id = PG_GETARG_INT64(ARGUMENT_ANTENNA);
	call->given_antenna = PG_NARGS() > ARGUMENT_GIVEN;
	call->method = (RpmMethod) rpm_argument_choice(fcinfo, ARGUMENT_METHOD, "method", methods, lengthof(methods));
	call->sharing = (RpmSharing) rpm_argument_choice(fcinfo, ARGUMENT_SHARING, "sharing", sharings, lengthof(sharings));
	rpm_predict_options_default(&call->options);
	if (!PG_ARGISNULL(ARGUMENT_PRIOR))
		call->options.prior = text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_PRIOR));
	if (prior_of_method[call->method] != NULL && call->options.prior != NULL && strcmp(call->options.prior, prior_of_method[call->method]) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("method is %s and prior %s", methods[call->method], call->options.prior),
				 errhint("Leave out one of them.")));
	call->options.field.seed = (uint64_t) rpm_argument_int64(fcinfo, ARGUMENT_SEED, "seed", PG_INT64_MIN, PG_INT64_MAX);

	call->source = rpm_measurement_source_get(PG_ARGISNULL(ARGUMENT_SCENE) ? NULL
											  : text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_SCENE)), &call->antenna_id);
	rpm_control_from_settings(&call->control);
	read_grid(fcinfo, call);
	call->options.cell_m = fmin(call->grid.cell_width_m, call->grid.cell_height_m);
	rpm_progress_begin(call->source->scene->scene_id);
	rpm_progress_antennas(0, 1);
	box = rpm_grid_box(&call->grid);
	call->read = rpm_predict_input_read(call->source, call->antenna_id, &box, call->sharing, &call->control);
	if (call->given_antenna)
		call->read->point_count = call->read->unusable = call->read->outside = 0;
	call->input.antennas = call->read->antennas;
	call->input.antenna_count = call->read->antenna_count;
	call->input.points = call->read->points;
	call->input.point_count = call->read->point_count;
	return call;
}

/* By template, by extent, or a square of size_cells about the antenna as rpm_ground_truth has it. */
static void
read_grid(FunctionCallInfo fcinfo, PredictCall *call)
{
	const RpmSceneRow *scene = call->source->scene;
	RpmAntennaPlace place = rpm_predict_place(call->source, call->antenna_id);
	double		cell = scene->cell_size_m;
	int			size = (int) rpm_argument_int32(fcinfo, ARGUMENT_SIZE_CELLS, "size_cells", 1, MOST_CELLS);
	RpmBox		box;

	if (!PG_ARGISNULL(ARGUMENT_TEMPLATE))
	{
		rpm_argument_not_with_template(fcinfo, ARGUMENT_CELL_SIZE, "cell_size_m");
		rpm_argument_not_with_template(fcinfo, ARGUMENT_EXTENT, "extent");
		call->grid = rpm_grid_of_raster(PG_GETARG_DATUM(ARGUMENT_TEMPLATE), scene, BYTES_PER_CELL);
		return;
	}
	if (!PG_ARGISNULL(ARGUMENT_CELL_SIZE))
		cell = rpm_argument_number(fcinfo, ARGUMENT_CELL_SIZE, "cell_size_m", SMALLEST_CELL_M, LARGEST_CELL_M);
	if (!PG_ARGISNULL(ARGUMENT_EXTENT))
		box = rpm_box_of_geometry(PG_GETARG_DATUM(ARGUMENT_EXTENT), "extent", scene);
	else
	{
		box.west = rpm_tile_first_cell(place.x, cell, size) * cell;
		box.south = rpm_tile_first_cell(place.y, cell, size) * cell;
		box.east = box.west + size * cell;
		box.north = box.south + size * cell;
	}
	call->grid = rpm_grid_of_box(&box, cell, BYTES_PER_CELL);
	if (call->grid.columns > MOST_CELLS || call->grid.rows > MOST_CELLS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a raster of %d x %d cells cannot be", call->grid.columns, call->grid.rows),
				 errhint("A raster has at most %d cells a side: make the cells larger or the extent smaller.", MOST_CELLS)));
}

/* Middles of the cells, row by row from the north-west. */
static void
place_cells(PredictCall *call)
{
	const RpmMapGrid *grid = &call->grid;
	size_t		count = (size_t) grid->columns * grid->rows;

	call->x_m = palloc_extended(count * sizeof(double), MCXT_ALLOC_HUGE);
	call->y_m = palloc_extended(count * sizeof(double), MCXT_ALLOC_HUGE);
	call->mean_dbm = palloc_extended(count * sizeof(double), MCXT_ALLOC_HUGE);
	call->sd_db = palloc_extended(count * sizeof(double), MCXT_ALLOC_HUGE);
	for (int column = 0; column < grid->columns; column++)
		call->x_m[column] = grid->west - call->read->x + (column + 0.5) * grid->cell_width_m;
	for (int row = 0; row < grid->rows; row++)
	{
		size_t		first = (size_t) row * grid->columns;
		double		y_m = grid->north - call->read->y - (row + 0.5) * grid->cell_height_m;

		if (row > 0)
			memcpy(call->x_m + first, call->x_m, grid->columns * sizeof(double));
		for (int column = 0; column < grid->columns; column++)
			call->y_m[first + column] = y_m;
	}
	call->input.target_count = count;
	call->input.target_x_m = call->x_m;
	call->input.target_y_m = call->y_m;
}

static void
run(PredictCall *call)
{
	if (call->method == RPM_METHOD_BEST && !call->given_antenna)
		rpm_predict_add_traced(call->source->scene, call->antenna_id, false, call->read, &call->grid, &call->input, call->given);
	if (call->method == RPM_METHOD_TRACED || call->method == RPM_METHOD_CALIBRATED)
		add_wanted_map(call);
	if (call->sharing == RPM_SHARING_ALL)
		rpm_predict_add_clutter(call->source->scene, call->antenna_id, call->read, &call->input, call->given, &call->options,
								&call->control);
	if (call->method == RPM_METHOD_BEST || call->method == RPM_METHOD_NETWORK)
		call->network_sd_db = rpm_predict_add_network(call->source->scene, call->antenna_id, call->read, call->method == RPM_METHOD_NETWORK,
													  call->grid.columns, &call->input, &call->given[call->input.given_count], &call->options, &call->control);
	call->input.given = call->given;
	rpm_run_engine(predict_points, call, &call->control, psprintf("antenna " INT64_FORMAT, call->antenna_id));
}

/* An antenna that no table has is in no map. */
static void
add_wanted_map(PredictCall *call)
{
	const char *scene = call->source->scene->name;

	if (!call->given_antenna)
		rpm_predict_add_traced(call->source->scene, call->antenna_id, call->method == RPM_METHOD_CALIBRATED, call->read, &call->grid, &call->input,
							   call->given);
	if (call->input.given_count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no %s map of scene \"%s\" covers antenna " INT64_FORMAT, methods[call->method], scene, call->antenna_id),
				 call->method == RPM_METHOD_TRACED ? errhint("rpm_publish(%s) makes one; it must be yours to read.", quote_literal_cstr(scene))
				 : errhint("rpm_apply_calibration makes a scene of its calibrations, rpm_publish a map of that; both must be yours to read.")));
	call->options.prior = RPM_TRACED_PRIOR;
}

static rpm_code
predict_points(void *argument, rpm_control *control, rpm_status *status)
{
	PredictCall *call = argument;

	return rpm_predict_points(&call->input, &call->options, control, call->mean_dbm, call->sd_db, &call->report, status);
}

static Datum
raster_of(PredictCall *call)
{
	const RpmMapGrid *grid = &call->grid;
	size_t		count = call->input.target_count;
	RpmRasterGrid raster = {grid->columns, grid->rows, grid->cell_width_m, -grid->cell_height_m, grid->west, grid->north,
	call->source->scene->srid};
	RpmRasterDraft *draft = rpm_raster_begin(&raster, RPM_PIXEL_FLOAT32, NODATA, BANDS);
	float	   *level = draft->bands[0],
			   *deviation = draft->bands[1];
	/* Where nothing was measured the network's own deviations are calibrated, and the field's are a guess. */
	bool		of_network = call->network_sd_db != NULL && call->report.measurements == 0 && strcmp(call->report.prior, RPM_NETWORK_PRIOR) == 0;

	for (size_t i = 0; i < count; i++)
		level[i] = (float) call->mean_dbm[i];
	if (of_network)
		memcpy(deviation, call->network_sd_db, count * sizeof(float));
	for (size_t i = 0; i < count && !of_network; i++)
		deviation[i] = (float) call->sd_db[i];
	return rpm_raster_finish(draft);
}

static void
notice_rows(const PredictCall *call)
{
	const rpm_predict_report *report = &call->report;

	if (report->measurements == 0 && !call->given_antenna)
		ereport(NOTICE,
				(errmsg("antenna " INT64_FORMAT " has no measurements in the map or near it", call->antenna_id),
				 errhint("The map rests on %s; rpm_predict_report() says more.", strcmp(report->prior_source, "site") == 0
						 ? "the other antennas of its site" : strcmp(report->prior_source, "network") == 0
						 ? "the other antennas about it" : psprintf("the published model %s", report->prior_source))));
	if (call->read->unusable > 0)
		ereport(NOTICE,
				(errmsg("antenna " INT64_FORMAT ": " INT64_FORMAT " rows without a usable point, level or accuracy were left out",
						call->antenna_id, call->read->unusable),
				 errhint("rpm_measurement_problems() lists them.")));
}

static void
fill_report(const PredictCall *call, Datum *values, bool *nulls)
{
	const rpm_predict_report *report = &call->report;
	const rpm_predict_candidate *best = chosen(report);
	bool		validated = report->validation_points > 0;

	values[COLUMN_PRIOR] = CStringGetTextDatum(report->prior);
	values[COLUMN_PRIOR_SOURCE] = CStringGetTextDatum(report->prior_source);
	values[COLUMN_MEASUREMENTS] = Int64GetDatum((int64) report->measurements);
	values[COLUMN_OUTSIDE] = Int64GetDatum(call->read->outside);
	values[COLUMN_UNUSABLE] = Int64GetDatum(call->read->unusable);
	values[COLUMN_CELLS] = Int64GetDatum((int64) report->cells);
	values[COLUMN_SITE_CELLS] = Int64GetDatum((int64) report->site_cells);
	values[COLUMN_OTHER_CELLS] = Int64GetDatum((int64) report->other_cells);
	values[COLUMN_VALIDATION_POINTS] = Int64GetDatum((int64) report->validation_points);
	nulls[COLUMN_MAE] = nulls[COLUMN_RMSE] = !validated || best == NULL;
	if (!nulls[COLUMN_MAE])
	{
		values[COLUMN_MAE] = Float8GetDatum(best->mae_db);
		values[COLUMN_RMSE] = Float8GetDatum(best->rmse_db);
	}
	values[COLUMN_CANDIDATES] = candidates_of(report);
	fill_covariance(report, values);
	values[COLUMN_COVARIANCE_SOURCE] = CStringGetTextDatum(report->covariance_source);
	nulls[COLUMN_COVARIANCE_REASON] = report->covariance_reason == NULL;
	if (report->covariance_reason != NULL)
		values[COLUMN_COVARIANCE_REASON] = CStringGetTextDatum(report->covariance_reason);
	nulls[COLUMN_COVERAGE_NEAR] = nulls[COLUMN_COVERAGE_FAR] = !validated;
	values[COLUMN_COVERAGE_NEAR] = Float8GetDatum(report->coverage_near);
	values[COLUMN_COVERAGE_FAR] = Float8GetDatum(report->coverage_far);
	values[COLUMN_SCALE_NEAR] = Float8GetDatum(report->scale_near);
	values[COLUMN_SCALE_FAR] = Float8GetDatum(report->scale_far);
	values[COLUMN_COEFFICIENTS] = rpm_float8_array(report->coefficients, report->coefficient_count);
}

static void
fill_covariance(const rpm_predict_report *report, Datum *values)
{
	const rpm_covariance *covariance = &report->covariance;

	values[COLUMN_NOISE_SD] = Float8GetDatum(sqrt(covariance->nugget_db2));
	values[COLUMN_PLACE_SD] = Float8GetDatum(sqrt(covariance->sill_db2[RPM_FIELD_PLACE]));
	values[COLUMN_SHORT_SD] = Float8GetDatum(sqrt(covariance->sill_db2[RPM_FIELD_SHORT]));
	values[COLUMN_SHORT_RANGE] = Float8GetDatum(covariance->range_m[RPM_FIELD_SHORT]);
	values[COLUMN_LONG_SD] = Float8GetDatum(sqrt(covariance->sill_db2[RPM_FIELD_LONG]));
	values[COLUMN_LONG_RANGE] = Float8GetDatum(covariance->range_m[RPM_FIELD_LONG]);
	values[COLUMN_SITE_SHARE] = Float8GetDatum(covariance->site_share[RPM_FIELD_SHORT]);
	values[COLUMN_OTHER_SHARE] = Float8GetDatum(covariance->other_share[RPM_FIELD_SHORT]);
}

static const rpm_predict_candidate *
chosen(const rpm_predict_report *report)
{
	for (int i = 0; i < report->candidate_count; i++)
		if (strcmp(report->candidates[i].name, report->prior) == 0)
			return &report->candidates[i];
	return NULL;
}

static Datum
candidates_of(const rpm_predict_report *report)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '[');
	for (int i = 0; i < report->candidate_count; i++)
	{
		const rpm_predict_candidate *candidate = &report->candidates[i];

		appendStringInfo(&text, "%s{\"prior\": ", i > 0 ? ", " : "");
		escape_json(&text, candidate->name);
		if (candidate->validated)
			appendStringInfo(&text, ", \"mae_db\": %.4f, \"rmse_db\": %.4f, \"bias_db\": %.4f, \"mae_db_without_field\": %.4f",
							 candidate->mae_db, candidate->rmse_db, candidate->bias_db, candidate->prior_mae_db);
		appendStringInfoChar(&text, '}');
	}
	appendStringInfoChar(&text, ']');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
}

