/*
 * unit.h: the few lines that a unit test needs.
 *
 * A test file defines static functions, names them in main with RUN(), and ends with `return unit_summary("name")`, which prints
 * one line per failed check and "name: N passed, N failed, N skipped".
 */
#ifndef RPM_UNIT_H
#define RPM_UNIT_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int	unit_passed, unit_failed, unit_skipped;
static bool unit_ok __attribute__((unused));	/* programs that only include a scene of the tests run none */

#define CHECK(condition) \
	do { if (!(condition)) { unit_ok = false; printf("  %s:%d: %s\n", __FILE__, __LINE__, #condition); } } while (0)

/* |value - expected| <= tolerance; NaN fails. */
#define CHECK_NEAR(value, expected, tolerance) \
	do { double v_ = (value), e_ = (expected), t_ = (tolerance); \
		if (!(fabs(v_ - e_) <= t_)) { unit_ok = false; \
			printf("  %s:%d: %s is %.10g, not %.10g +- %.3g\n", __FILE__, __LINE__, #value, v_, e_, t_); } } while (0)

#define CHECK_RELATIVE(value, expected, tolerance) CHECK_NEAR(value, expected, fabs(expected) * (tolerance))

/* Runs one test function and counts it. */
#define RUN(function) \
	do { unit_ok = true; function(); if (unit_ok) unit_passed++; else { unit_failed++; printf("not ok %s\n", #function); } } while (0)

/* Counts a test that cannot be run here, with the reason. */
#define SKIP(function, reason) \
	do { unit_skipped++; printf("skipped %s: %s\n", #function, reason); } while (0)

/* True under `make sanitize`, where a test should take its small size. */
static inline bool unit_quick(void) { return getenv("RPM_TEST_QUICK") != NULL; }

static inline int unit_summary(const char *name)
{
	printf("%s: %d passed, %d failed, %d skipped\n", name, unit_passed, unit_failed, unit_skipped);
	return unit_failed > 0;
}

#endif
