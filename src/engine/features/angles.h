/* angles.h: angles of many places at once. */
#ifndef RPM_FEATURES_ANGLES_H
#define RPM_FEATURES_ANGLES_H

#define ANGLES_LANES 4			/* counts are multiples of this */

/* atan2(y[i], x[i]) of `count` pairs, to 1e-12; 0 where both are 0. */
void		angles_atan2(const double *y, const double *x, int count, double *angle);

#endif
