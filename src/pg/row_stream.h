/* row_stream.h: the rows of a query of ours one after another, straight from the executor: none is copied and none kept. */
#ifndef RPM_PG_ROW_STREAM_H
#define RPM_PG_ROW_STREAM_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "utils/float.h"

/* Takes a row; its values live until it returns. It must not run queries that end the transaction. */
typedef void (*RpmRowFunction) (void *argument, TupleTableSlot *row);

/* Runs a read-only query with the caller's rights and snapshot; none of the arguments is null.  Answers a cancel.  Returns the rows' number. */
extern uint64 rpm_stream_rows(const char *query, int argument_count, const Oid *types, const Datum *values, RpmRowFunction function, void *argument);

/* Columns by number from 1; NaN and 0 for null. */
static inline double
rpm_slot_double(TupleTableSlot *row, int column)
{
	bool		null;
	Datum		value = slot_getattr(row, column, &null);

	return null ? get_float8_nan() : DatumGetFloat8(value);
}

static inline int64
rpm_slot_int64(TupleTableSlot *row, int column)
{
	bool		null;
	Datum		value = slot_getattr(row, column, &null);

	return null ? 0 : DatumGetInt64(value);
}

static inline int32
rpm_slot_int32(TupleTableSlot *row, int column)
{
	bool		null;
	Datum		value = slot_getattr(row, column, &null);

	return null ? 0 : DatumGetInt32(value);
}

#endif
