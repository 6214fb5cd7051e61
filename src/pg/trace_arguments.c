/*
 * trace_arguments.c: what rpm_trace was asked for: reads and checks its arguments.
 */
#include "postgres.h"

#include "arguments.h"
#include "rpm_building_entry.h"
#include "trace_arguments.h"

#define LOWEST_RECEIVER_M 0.01
#define HIGHEST_RECEIVER_M 10000.0
#define MOST_SAMPLES INT64CONST(1000000000000)
#define LARGEST_SCALE 100.0
#define SMALLEST_ERROR_DB 1e-3
#define LARGEST_ERROR_DB 100.0

/* Arguments by number, as in sql/42_trace.sql. */
enum
{
	ARGUMENT_SCENE = 0,
	ARGUMENT_ANTENNAS,
	ARGUMENT_CELL_SIZE,
	ARGUMENT_EXTENT,
	ARGUMENT_TEMPLATE,
	ARGUMENT_RECEIVER_HEIGHT,
	ARGUMENT_MECHANISMS,
	ARGUMENT_MAX_DEPTH,
	ARGUMENT_SAMPLES,
	ARGUMENT_TARGET_ERROR,
	ARGUMENT_SEED,
	ARGUMENT_QUANTITY,
	ARGUMENT_SUM,
	ARGUMENT_CELL_AVERAGE,
	ARGUMENT_SCATTERING_SCALE,
	ARGUMENT_DIFFRACTION_SCALE,
	ARGUMENT_STANDARD_ERROR
};

static const char *const quantities[] = {
	[RPM_RSRP_DBM] = "rsrp_dbm",
	[RPM_PATH_GAIN_DB] = "path_gain_db",
	[RPM_PATH_LOSS_DB] = "path_loss_db"
};
static const char *const sums[] = {[RPM_SUM_FIELD] = "field", [RPM_SUM_POWER] = "power"};
static const char *const averages[] = {[RPM_AVERAGE_OUTDOOR] = "outdoor", [RPM_AVERAGE_CELL] = "cell"};

static void read_grid(FunctionCallInfo fcinfo, const RpmSceneRow *row, RpmTraceRequest *request);
static double number_or_row(FunctionCallInfo fcinfo, int number, const char *name, double of_row, const RpmSceneRow *row,
							double least, double most);
static void read_options(FunctionCallInfo fcinfo, rpm_trace_options *options);
static void read_building_entry(const RpmSceneRow *row, rpm_trace_options *options);

size_t
rpm_map_bytes_per_cell(bool standard_error)
{
	return (standard_error ? 2 : 1) * sizeof(double);
}

void
rpm_trace_request_read(FunctionCallInfo fcinfo, const RpmSceneRow *row, RpmTraceRequest *request)
{
	memset(request, 0, sizeof(*request));
	request->antenna_ids = rpm_argument_ids(fcinfo, ARGUMENT_ANTENNAS, "antennas", &request->antenna_count);
	request->quantity = rpm_argument_choice(fcinfo, ARGUMENT_QUANTITY, "quantity", quantities, lengthof(quantities));
	request->standard_error = rpm_argument_bool(fcinfo, ARGUMENT_STANDARD_ERROR, "standard_error");
	request->receiver_height_m = number_or_row(fcinfo, ARGUMENT_RECEIVER_HEIGHT, "receiver_height_m", row->receiver_height_m, row,
											   LOWEST_RECEIVER_M, HIGHEST_RECEIVER_M);
	read_options(fcinfo, &request->options);
	read_building_entry(row, &request->options);
	read_grid(fcinfo, row, request);
}

static void
read_grid(FunctionCallInfo fcinfo, const RpmSceneRow *row, RpmTraceRequest *request)
{
	size_t		bytes = rpm_map_bytes_per_cell(request->standard_error);

	if (!PG_ARGISNULL(ARGUMENT_TEMPLATE))
	{
		rpm_argument_not_with_template(fcinfo, ARGUMENT_CELL_SIZE, "cell_size_m");
		rpm_argument_not_with_template(fcinfo, ARGUMENT_EXTENT, "extent");
		request->grid = rpm_grid_of_raster(PG_GETARG_DATUM(ARGUMENT_TEMPLATE), row, bytes);
		request->has_grid = true;
		return;
	}
	request->cell_size_m = number_or_row(fcinfo, ARGUMENT_CELL_SIZE, "cell_size_m", row->cell_size_m, row,
										 RPM_SMALLEST_CELL_M, RPM_LARGEST_CELL_M);
	request->has_box = !PG_ARGISNULL(ARGUMENT_EXTENT) || row->has_extent;
	if (!PG_ARGISNULL(ARGUMENT_EXTENT))
		request->box = rpm_box_of_geometry(PG_GETARG_DATUM(ARGUMENT_EXTENT), "extent", row);
	else
		request->box = row->extent_box;
	if (request->has_box)
	{
		request->grid = rpm_grid_of_box(&request->box, request->cell_size_m, bytes);
		request->has_grid = true;
	}
}

/* An argument, or what the scene's row says where it is null. */
static double
number_or_row(FunctionCallInfo fcinfo, int number, const char *name, double of_row, const RpmSceneRow *row, double least, double most)
{
	if (!PG_ARGISNULL(number))
		return rpm_argument_number(fcinfo, number, name, least, most);
	if (!(of_row >= least && of_row <= most))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s of scene \"%s\" is %g", name, row->name, of_row),
				 errhint("Give a number from %g to %g: UPDATE rpm.scene SET %s = ..., or give %s.", least, most, name, name)));
	return of_row;
}

static void
read_options(FunctionCallInfo fcinfo, rpm_trace_options *options)
{
	rpm_trace_options_default(options);
	options->mechanisms = rpm_argument_mechanisms(fcinfo, ARGUMENT_MECHANISMS, "mechanisms");
	options->max_depth = (int) rpm_argument_int32(fcinfo, ARGUMENT_MAX_DEPTH, "max_depth", 0, RPM_MAX_DEPTH);
	options->samples = rpm_argument_int64(fcinfo, ARGUMENT_SAMPLES, "samples", 0, MOST_SAMPLES);
	options->seed = (uint64_t) rpm_argument_int64(fcinfo, ARGUMENT_SEED, "seed", PG_INT64_MIN, PG_INT64_MAX);
	options->sum = rpm_argument_choice(fcinfo, ARGUMENT_SUM, "sum", sums, lengthof(sums));
	options->cell_average = rpm_argument_choice(fcinfo, ARGUMENT_CELL_AVERAGE, "cell_average", averages, lengthof(averages));
	options->scattering_scale = rpm_argument_number(fcinfo, ARGUMENT_SCATTERING_SCALE, "scattering_scale", 0, LARGEST_SCALE);
	options->diffraction_scale = rpm_argument_number(fcinfo, ARGUMENT_DIFFRACTION_SCALE, "diffraction_scale", 0, LARGEST_SCALE);
	if (!PG_ARGISNULL(ARGUMENT_TARGET_ERROR))
		options->target_error_db = rpm_argument_number(fcinfo, ARGUMENT_TARGET_ERROR, "target_error_db", SMALLEST_ERROR_DB,
													   LARGEST_ERROR_DB);
}

/* The table's constraints hold both within what is known here. */
static void
read_building_entry(const RpmSceneRow *row, rpm_trace_options *options)
{
	if (strcmp(row->building_entry, "none") == 0 || options->cell_average == RPM_AVERAGE_CELL)
		return;
	options->building_entry = strcmp(row->building_entry, "traditional") == 0 ? RPM_ENTRY_TRADITIONAL : RPM_ENTRY_THERMALLY_EFFICIENT;
	options->building_entry_deviate = rpm_normal_deviate(row->building_entry_percent / 100);
}
