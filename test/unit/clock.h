/*
 * clock.h: seconds of a clock that is never set back, for tests and benchmarks that measure.
 */
#ifndef RPM_TEST_CLOCK_H
#define RPM_TEST_CLOCK_H

#include <time.h>

static inline double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

#endif
