/* azimuth_aggregate.c: the parts of the aggregate rpm_azimuth: an antenna's azimuth from its measured levels. */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "rpm_azimuth_fit.h"
#include "sums_state.h"

#define STATE_LENGTH ((int) (sizeof(rpm_azimuth_sums) / sizeof(double)))
#define FIGURES 6

PG_FUNCTION_INFO_V1(rpm_sql_azimuth_add);
PG_FUNCTION_INFO_V1(rpm_sql_azimuth_merge);
PG_FUNCTION_INFO_V1(rpm_sql_azimuth_final);

/* (state, east_m, north_m, level_dbm) -> state; rows with a null are left out. */
Datum
rpm_sql_azimuth_add(PG_FUNCTION_ARGS)
{
	double	   *sums;
	ArrayType  *state = rpm_sums_state(fcinfo, STATE_LENGTH, &sums);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3))
		rpm_azimuth_add((rpm_azimuth_sums *) sums, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3));
	PG_RETURN_ARRAYTYPE_P(state);
}

/* (state, state) -> state */
Datum
rpm_sql_azimuth_merge(PG_FUNCTION_ARGS)
{
	double	   *sums;
	ArrayType  *state = rpm_sums_state(fcinfo, STATE_LENGTH, &sums);

	rpm_azimuth_merge((rpm_azimuth_sums *) sums, (rpm_azimuth_sums *) rpm_sums(fcinfo, 1, STATE_LENGTH));
	PG_RETURN_ARRAYTYPE_P(state);
}

/* (state) -> rpm.azimuth_estimate; null but for the number of rows where there is no fit. */
Datum
rpm_sql_azimuth_final(PG_FUNCTION_ARGS)
{
	rpm_azimuth_fit fit = rpm_azimuth_solve((rpm_azimuth_sums *) rpm_sums(fcinfo, 0, STATE_LENGTH));
	const double figures[FIGURES] = {fit.rows, fit.azimuth_deg, fit.standard_error_deg, fit.amplitude_db, fit.amplitude_error_db,
	fit.residual_db};
	Datum		values[FIGURES];
	bool		nulls[FIGURES];
	TupleDesc	descriptor;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE || descriptor->natts != FIGURES)
		elog(ERROR, "rpm.azimuth_estimate is not as expected");
	for (int i = 0; i < FIGURES; i++)
	{
		nulls[i] = isnan(figures[i]);
		values[i] = i == 0 ? Int64GetDatum((int64) figures[i]) : Float8GetDatum(figures[i]);
	}
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), values, nulls));
}
