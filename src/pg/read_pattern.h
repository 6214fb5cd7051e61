/* read_pattern.h: antenna patterns by name, from rpm.antenna_pattern. */
#ifndef RPM_PG_READ_PATTERN_H
#define RPM_PG_READ_PATTERN_H

#include "postgres.h"

#include "rpm_antenna.h"

typedef struct RpmPatterns RpmPatterns;

/* A list of wishes: which pattern goes where.  Lives in the current memory context. */
extern RpmPatterns *rpm_patterns_begin(void);

/* name (NULL is an error that names the antenna) is to be written to *pattern. */
extern void rpm_patterns_want(RpmPatterns *patterns, const char *name, int64 antenna_id, rpm_antenna_pattern *pattern);

/* Reads the patterns and writes them.  Errors: 42704 (unknown name), 22023 (cuts that are no 360 attenuations). */
extern void rpm_patterns_resolve(RpmPatterns *patterns);

#endif
