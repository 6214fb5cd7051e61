/* spi_rows.h: columns of a row that a query of ours returned, by number from 1; the query casts them to the types read here. */
#ifndef RPM_PG_SPI_ROWS_H
#define RPM_PG_SPI_ROWS_H

#include "postgres.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/float.h"

/* Opens SPI and runs a read-only query with the caller's rights and snapshot; the rows are in SPI_tuptable. */
extern void rpm_spi_query(const char *query, int argument_count, const Oid *types, const Datum *values, const char *nulls);

/* The same for queries that find few rows by a key: their plans are made once, without regard to the arguments, and kept by the session. */
extern void rpm_spi_query_by_key(const char *query, int argument_count, const Oid *types, const Datum *values, const char *nulls);

static inline Datum
rpm_column(HeapTuple tuple, int column, bool *null)
{
	return SPI_getbinval(tuple, SPI_tuptable->tupdesc, column, null);
}

static inline bool
rpm_column_is_null(HeapTuple tuple, int column)
{
	bool		null;

	(void) rpm_column(tuple, column, &null);
	return null;
}

/* NaN for null. */
static inline double
rpm_column_double(HeapTuple tuple, int column)
{
	bool		null;
	Datum		value = rpm_column(tuple, column, &null);

	return null ? get_float8_nan() : DatumGetFloat8(value);
}

/* 0 for null. */
static inline int64
rpm_column_int64(HeapTuple tuple, int column)
{
	bool		null;
	Datum		value = rpm_column(tuple, column, &null);

	return null ? 0 : DatumGetInt64(value);
}

/* 0 for null. */
static inline int32
rpm_column_int32(HeapTuple tuple, int column)
{
	bool		null;
	Datum		value = rpm_column(tuple, column, &null);

	return null ? 0 : DatumGetInt32(value);
}

/* InvalidOid for null. */
static inline Oid
rpm_column_oid(HeapTuple tuple, int column)
{
	bool		null;
	Datum		value = rpm_column(tuple, column, &null);

	return null ? InvalidOid : DatumGetObjectId(value);
}

/* false for null. */
static inline bool
rpm_column_bool(HeapTuple tuple, int column)
{
	bool		null;
	Datum		value = rpm_column(tuple, column, &null);

	return !null && DatumGetBool(value);
}

/* A copy in the given context, NULL for null. */
static inline char *
rpm_column_text(HeapTuple tuple, int column, MemoryContext context)
{
	bool		null;
	Datum		value = rpm_column(tuple, column, &null);
	MemoryContext before;
	char	   *copy;

	if (null)
		return NULL;
	before = MemoryContextSwitchTo(context);
	copy = TextDatumGetCString(value);
	MemoryContextSwitchTo(before);
	return copy;
}

#endif
