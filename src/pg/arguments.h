/* arguments.h: arguments of the SQL functions, checked: each error names the argument and says what may be given. */
#ifndef RPM_PG_ARGUMENTS_H
#define RPM_PG_ARGUMENTS_H

#include "postgres.h"

#include "fmgr.h"

/* Errors of all: 22004 for null. */

/* A text.  hint says what to give. */
extern char *rpm_argument_text(FunctionCallInfo fcinfo, int number, const char *name, const char *hint);

/* A number from least to most.  Errors: 22003. */
extern double rpm_argument_number(FunctionCallInfo fcinfo, int number, const char *name, double least, double most);

/* A whole number, integer or bigint.  Errors: 22003. */
extern int64 rpm_argument_int32(FunctionCallInfo fcinfo, int number, const char *name, int32 least, int32 most);
extern int64 rpm_argument_int64(FunctionCallInfo fcinfo, int number, const char *name, int64 least, int64 most);

extern bool rpm_argument_bool(FunctionCallInfo fcinfo, int number, const char *name);

/* The index of a text among choices.  Errors: 22023. */
extern int	rpm_argument_choice(FunctionCallInfo fcinfo, int number, const char *name, const char *const *choices, int count);

/* text[] of mechanisms: an or of rpm_mechanism.  Errors: 22023. */
extern unsigned rpm_argument_mechanisms(FunctionCallInfo fcinfo, int number, const char *name);

/* bigint[] of ids, or NULL for null.  Errors: 22004 (null inside), 22023 (empty). */
extern int64 *rpm_argument_ids(FunctionCallInfo fcinfo, int number, const char *name, int *count);

/* Refuses an argument of the grid beside a template.  Errors: 22023 unless it is null. */
extern void rpm_argument_not_with_template(FunctionCallInfo fcinfo, int number, const char *name);

#endif
