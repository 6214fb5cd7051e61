/* compare.c: rpm_compare of two rasters, and the parts of the aggregate rpm_compare_points. */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "arguments.h"
#include "raster_align.h"
#include "raster_read.h"
#include "rpm_metrics.h"
#include "rpm_settings.h"
#include "sums_state.h"
#include "worker.h"

#define STATE_LENGTH ((int) (sizeof(rpm_comparison) / sizeof(double)))
#define FIGURES 15
#define LARGEST_LEVEL 1e6

/* Arguments of rpm_compare by number, as in sql/74_metrics.sql. */
enum
{
	ARGUMENT_PREDICTED = 0,
	ARGUMENT_MEASURED,
	ARGUMENT_THRESHOLD,
	ARGUMENT_WINDOW,
	ARGUMENT_LEAST_CELLS,
	ARGUMENT_RANGE
};

typedef struct CompareCall
{
	rpm_level_map predicted, measured;
	double		threshold_dbm;
	rpm_ssim_options options;
	rpm_comparison comparison;
	double		ssim;
	int64_t		windows;
} CompareCall;

PG_FUNCTION_INFO_V1(rpm_sql_compare);
PG_FUNCTION_INFO_V1(rpm_sql_compare_points_add);
PG_FUNCTION_INFO_V1(rpm_sql_compare_points_merge);
PG_FUNCTION_INFO_V1(rpm_sql_compare_points_final);

static void read_arguments(FunctionCallInfo fcinfo, CompareCall *call);
static rpm_level_map level_map(const RpmRaster *raster);
static rpm_code compare(void *argument, rpm_control *control, rpm_status *status);
static Datum row_of(FunctionCallInfo fcinfo, const rpm_comparison *comparison, double ssim, int64 windows);

/* (predicted raster, measured raster, ...) -> rpm.comparison; null where either raster is. */
Datum
rpm_sql_compare(PG_FUNCTION_ARGS)
{
	CompareCall *call = palloc0(sizeof(CompareCall));
	RpmRaster  *predicted,
			   *measured;
	rpm_control control;
	int64		column,
				row;

	if (PG_ARGISNULL(ARGUMENT_PREDICTED) || PG_ARGISNULL(ARGUMENT_MEASURED))
		PG_RETURN_NULL();
	read_arguments(fcinfo, call);
	predicted = rpm_raster_read(PG_GETARG_DATUM(ARGUMENT_PREDICTED), "predicted");
	measured = rpm_raster_read(PG_GETARG_DATUM(ARGUMENT_MEASURED), "measured");
	rpm_raster_place(measured, "measured", predicted, "predicted", "Use ST_Transform on points, not on cells: predict in the SRID of the measured raster.",
					 "Predict on the measured raster's own grid (template => measured), or measure on the prediction's: "
					 "rpm_ground_truth(antenna_id, template => predicted).", &column, &row);
	call->predicted = level_map(predicted);
	call->predicted.column = column;
	call->predicted.row = row;
	call->measured = level_map(measured);
	rpm_control_from_settings(&control);
	rpm_run_engine(compare, call, &control, NULL);
	PG_RETURN_DATUM(row_of(fcinfo, &call->comparison, call->ssim, call->windows));
}

/* (state, predicted, measured [, threshold_dbm]) -> state */
Datum
rpm_sql_compare_points_add(PG_FUNCTION_ARGS)
{
	double	   *sums;
	ArrayType  *state = rpm_sums_state(fcinfo, STATE_LENGTH, &sums);
	double		threshold_dbm = RPM_HOLE_THRESHOLD_DBM;

	if (PG_NARGS() > 3)
		threshold_dbm = rpm_argument_number(fcinfo, 3, "threshold_dbm", -LARGEST_LEVEL, LARGEST_LEVEL);
	rpm_comparison_add((rpm_comparison *) sums, PG_ARGISNULL(1) ? NAN : PG_GETARG_FLOAT8(1), PG_ARGISNULL(2) ? NAN : PG_GETARG_FLOAT8(2),
					   threshold_dbm);
	PG_RETURN_ARRAYTYPE_P(state);
}

/* (state, state) -> state */
Datum
rpm_sql_compare_points_merge(PG_FUNCTION_ARGS)
{
	double	   *sums;
	ArrayType  *state = rpm_sums_state(fcinfo, STATE_LENGTH, &sums);

	rpm_comparison_merge((rpm_comparison *) sums, (rpm_comparison *) rpm_sums(fcinfo, 1, STATE_LENGTH));
	PG_RETURN_ARRAYTYPE_P(state);
}

/* (state) -> rpm.comparison */
Datum
rpm_sql_compare_points_final(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(row_of(fcinfo, (rpm_comparison *) rpm_sums(fcinfo, 0, STATE_LENGTH), NAN, -1));
}

static void
read_arguments(FunctionCallInfo fcinfo, CompareCall *call)
{
	int			side = (int) rpm_argument_int32(fcinfo, ARGUMENT_WINDOW, "ssim_window_cells", 3, 1001);

	call->threshold_dbm = rpm_argument_number(fcinfo, ARGUMENT_THRESHOLD, "threshold_dbm", -LARGEST_LEVEL, LARGEST_LEVEL);
	call->options.window_cells = side;
	call->options.least_pairs = (side * side + 1) / 2;
	if (!PG_ARGISNULL(ARGUMENT_LEAST_CELLS))
		call->options.least_pairs = (int) rpm_argument_int32(fcinfo, ARGUMENT_LEAST_CELLS, "ssim_least_cells", 2, side * side);
	call->options.range_db = rpm_argument_number(fcinfo, ARGUMENT_RANGE, "ssim_range_db", 1e-3, LARGEST_LEVEL);
}

static rpm_level_map
level_map(const RpmRaster *raster)
{
	rpm_level_map map = {0, 0, raster->columns, raster->rows, raster->nodata, raster->values};

	return map;
}

static rpm_code
compare(void *argument, rpm_control *control, rpm_status *status)
{
	CompareCall *call = argument;

	if (rpm_compare_maps(&call->predicted, &call->measured, call->threshold_dbm, control, &call->comparison, status) != RPM_OK)
		return status->code;
	return rpm_ssim(&call->predicted, &call->measured, &call->options, control, &call->ssim, &call->windows, status);
}

/* A row of rpm.comparison; figures that are not defined are null, and so is a number of windows below 0. */
static Datum
row_of(FunctionCallInfo fcinfo, const rpm_comparison *comparison, double ssim, int64 windows)
{
	rpm_metrics metrics = rpm_comparison_metrics(comparison);
	const double figures[FIGURES] = {comparison->pairs, comparison->measured_only, comparison->predicted_only, metrics.rmse_db,
		metrics.mae_db, metrics.bias_db, metrics.pcc, ssim, (double) windows, metrics.smape, metrics.r2,
	comparison->holes_found + comparison->holes_missed, metrics.hole_precision, metrics.hole_recall, metrics.hole_f1};
	const bool	whole[FIGURES] = {true, true, true, [8] = true, [11] = true};
	Datum		values[FIGURES];
	bool		nulls[FIGURES];
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE || descriptor->natts != FIGURES)
		elog(ERROR, "rpm.comparison is not as expected");
	for (int i = 0; i < FIGURES; i++)
	{
		nulls[i] = isnan(figures[i]) || (whole[i] && figures[i] < 0);
		values[i] = whole[i] ? Int64GetDatum((int64) (nulls[i] ? 0 : figures[i])) : Float8GetDatum(figures[i]);
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}
