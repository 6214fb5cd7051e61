/* datums.h: C arrays and rows as values of the server. */
#ifndef RPM_PG_DATUMS_H
#define RPM_PG_DATUMS_H

#include "postgres.h"

#include "fmgr.h"

/* bigint[] of count keys, float8[] of count numbers with null for what is not finite, text[] of count strings; empty for none. */
extern Datum rpm_int8_array(const int64 *values, int count);
extern Datum rpm_float8_array(const double *values, int count);
extern Datum rpm_text_array(char *const *values, int count);

/* A number, or null where it is not finite. */
extern Datum rpm_float8_or_null(double value, bool *null);

/* The values of the columns as the row that the called function returns. */
extern Datum rpm_result_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls);

#endif
