/* minimise.h: the minimum of a function of a few variables without its derivatives (Nelder and Mead, Computer Journal 7, 1965). */
#ifndef RPM_FIELD_MINIMISE_H
#define RPM_FIELD_MINIMISE_H

#include "rpm_status.h"

#define MINIMISE_MOST 8

/* *value of the function at x; anything but RPM_OK ends the search. */
typedef rpm_code (*minimise_function) (void *context, const double *x, double *value, rpm_status *status);

/*
 * From x with first steps `step` to a simplex whose values differ by less than tolerance, or after most_calls; the best place is left
 * in x, its value in *value.
 */
rpm_code	minimise(minimise_function function, void *context, int count, double *x, const double *step, double tolerance,
					 int most_calls, double *value, rpm_status *status);

#endif
