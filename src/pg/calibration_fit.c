/*
 * calibration_fit.c: rpm_calibration_fit: antennas, materials and buildings of a site from its measured cells.
 */
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(rpm_sql_calibration_fit);

Datum
rpm_sql_calibration_fit(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("rpm_calibration_fit is not in this build")));
	PG_RETURN_NULL();
}
