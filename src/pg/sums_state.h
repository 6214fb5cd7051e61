/* sums_state.h: states of aggregates that are plain sums: a float8[] of fixed length, which can be sent between parallel workers. */
#ifndef RPM_PG_SUMS_STATE_H
#define RPM_PG_SUMS_STATE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

/* Argument `number` as count doubles without null.  Errors: 22023 (it is no such array). */
extern double *rpm_sums(FunctionCallInfo fcinfo, int number, int count);

/*
 * The state in argument 0, to be added to in place inside an aggregate and as a copy elsewhere; *sums are its numbers.  Return the
 * array.  Errors: 22023.
 */
extern ArrayType *rpm_sums_state(FunctionCallInfo fcinfo, int count, double **sums);

#endif
