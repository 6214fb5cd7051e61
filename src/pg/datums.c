/*
 * datums.c: C arrays and rows as values of the server.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "datums.h"

Datum
rpm_int8_array(const int64 *values, int count)
{
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		elements[i] = Int64GetDatum(values[i]);
	return PointerGetDatum(construct_array(elements, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

Datum
rpm_float8_array(const double *values, int count)
{
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));
	bool	   *nulls = palloc(Max(count, 1) * sizeof(bool));
	int			lower = 1;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(FLOAT8OID));
	for (int i = 0; i < count; i++)
		elements[i] = rpm_float8_or_null(values[i], &nulls[i]);
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &count, &lower, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
											  TYPALIGN_DOUBLE));
}

Datum
rpm_text_array(char *const *values, int count)
{
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));

	for (int i = 0; i < count; i++)
		elements[i] = CStringGetTextDatum(values[i]);
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Datum
rpm_float8_or_null(double value, bool *null)
{
	*null = !isfinite(value);
	return Float8GetDatum(*null ? 0 : value);
}

Datum
rpm_result_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	columns;

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls));
}
