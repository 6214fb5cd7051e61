/* sums_state.c: states of aggregates that are plain sums: a float8[] of fixed length. */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "sums_state.h"

static double *numbers_of(ArrayType *array, int count);

double *
rpm_sums(FunctionCallInfo fcinfo, int number, int count)
{
	return numbers_of(PG_GETARG_ARRAYTYPE_P(number), count);
}

ArrayType *
rpm_sums_state(FunctionCallInfo fcinfo, int count, double **sums)
{
	ArrayType  *state = AggCheckCallContext(fcinfo, NULL) ? PG_GETARG_ARRAYTYPE_P(0) : PG_GETARG_ARRAYTYPE_P_COPY(0);

	*sums = numbers_of(state, count);
	return state;
}

static double *
numbers_of(ArrayType *array, int count)
{
	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != count || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the state is not an array of %d numbers", count),
				 errhint("This function is part of an aggregate; call the aggregate.")));
	return (double *) ARR_DATA_PTR(array);
}
