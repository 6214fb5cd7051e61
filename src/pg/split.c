/*
 * split.c: rpm_split: the part of the data that a site, a block or a pixel belongs to (rpm_split.h).
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/float.h"

#include "arguments.h"
#include "rpm_split.h"
#include "status_report.h"

/* Arguments by number, as in sql/76_split.sql. */
enum
{
	ARGUMENT_UNIT = 0,
	ARGUMENT_ID,
	ARGUMENT_X,
	ARGUMENT_Y,
	ARGUMENT_SRID,
	ARGUMENT_SEED,
	ARGUMENT_BLOCK,
	ARGUMENT_CELL
};

PG_FUNCTION_INFO_V1(rpm_sql_split_number);

/* In the order of rpm_split_unit, which begins at 1. */
static const char *const units[] = {"site", "block", "pixel"};

static double coordinate(FunctionCallInfo fcinfo, int number);
static double edge_of(FunctionCallInfo fcinfo, rpm_split_unit unit);
static void refuse_degrees(int32 srid);

/* (unit, id, x, y, srid, seed, block_m, cell_m) -> 0 to below 1 */
Datum
rpm_sql_split_number(PG_FUNCTION_ARGS)
{
	rpm_split_unit unit = RPM_SPLIT_SITE + rpm_argument_choice(fcinfo, ARGUMENT_UNIT, "unit", units, lengthof(units));
	int64		owner = PG_ARGISNULL(ARGUMENT_ID) ? 0 : PG_GETARG_INT64(ARGUMENT_ID);
	int64		seed = rpm_argument_int64(fcinfo, ARGUMENT_SEED, "seed", PG_INT64_MIN, PG_INT64_MAX);
	rpm_status	status;
	double		number;

	if (unit != RPM_SPLIT_SITE && !PG_ARGISNULL(ARGUMENT_SRID))
		refuse_degrees(PG_GETARG_INT32(ARGUMENT_SRID));
	if (unit != RPM_SPLIT_SITE && (PG_ARGISNULL(ARGUMENT_X) || PG_ARGISNULL(ARGUMENT_Y)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a split by %s needs a point", units[unit - RPM_SPLIT_SITE]),
				 errhint("Give x and y, or a geometry that is a point and not empty.")));
	rpm_status_clear(&status);
	rpm_split_at((uint64) seed, unit, PG_ARGISNULL(ARGUMENT_ID) ? NULL : &owner, coordinate(fcinfo, ARGUMENT_X),
				 coordinate(fcinfo, ARGUMENT_Y), edge_of(fcinfo, unit), &number, &status);
	rpm_report_status(&status);
	PG_RETURN_FLOAT8(number);
}

/* NaN, which the engine refuses where it matters, for null. */
static double
coordinate(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? get_float8_nan() : PG_GETARG_FLOAT8(number);
}

static double
edge_of(FunctionCallInfo fcinfo, rpm_split_unit unit)
{
	return coordinate(fcinfo, unit == RPM_SPLIT_PIXEL ? ARGUMENT_CELL : ARGUMENT_BLOCK);
}

/* Squares of metres in a system of degrees would put a whole town into one; those in common use are known without a look at a table. */
static void
refuse_degrees(int32 srid)
{
	static const int32 geographic[] = {4326, 4258, 4269, 4490};

	for (size_t i = 0; i < lengthof(geographic); i++)
		if (srid == geographic[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the point has SRID %d, which is in degrees", srid),
					 errhint("Blocks and pixels are squares of metres: use ST_Transform(point, ...) into the scene's SRID.")));
}
