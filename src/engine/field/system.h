/*
 * system.h: the kriging system of one neighbourhood: covariance matrix, its Cholesky factor, and what is solved once for all places
 * that share the neighbourhood.
 */
#ifndef RPM_FIELD_SYSTEM_H
#define RPM_FIELD_SYSTEM_H

#include "rpm_field.h"

#define SYSTEM_MOST RPM_FIELD_MOST_NEIGHBOURS

typedef struct field_system
{
	int			count;			/* neighbours */
	int			columns;		/* right-hand sides: the values, then the trend */
	int32_t		number[SYSTEM_MOST];
	double		x[SYSTEM_MOST], y[SYSTEM_MOST];
	double		share[SYSTEM_MOST][RPM_FIELD_STRUCTURES];	/* of the field of the antenna that is predicted */
	double		factor[SYSTEM_MOST * SYSTEM_MOST];	/* lower Cholesky factor, by rows */
	double		inverse_pivot[SYSTEM_MOST];
	double		side[(1 + RPM_FIELD_MOST_COEFFICIENTS) * SYSTEM_MOST];	/* solved by the factor, column after column */
	double		weight[SYSTEM_MOST];	/* inverse covariance matrix times detrended values */
} field_system;

/* Share of structure j between two points, and of a point with an antenna. */
double		field_share(const rpm_covariance *covariance, int structure, int32_t antenna_a, int32_t site_a, int32_t antenna_b,
						int32_t site_b);

/*
 * Fills and factors the system of system->number[count].  A point that says nothing new (two in one place without noise) is left out by
 * itself.
 */
void		field_system_factor(field_system *system, const rpm_field_data *data, const rpm_covariance *covariance);

/* weight from the coefficients: of the values less the trend. */
void		field_system_detrend(field_system *system, const double *coefficients);

/* Covariances with a place, into c[count]. */
void		field_system_covariances(const field_system *system, const rpm_covariance *covariance, double x, double y, double *c);

/* Solves factor * v = c in place. */
void		field_system_solve(const field_system *system, double *c);

#endif
