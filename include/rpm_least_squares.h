/*
 * rpm_least_squares.h: robust linear least squares with priors, over rows that may number millions.
 *
 * Minimises  sum_i s^2 rho(sqrt(w_i) r_i / s) + s^2 sum_j ((b_j - m_j) / d_j)^2 / 2,  r = y - X b, with Huber's rho
 * (P. J. Huber, Robust Statistics, Wiley 1981, chapter 7) by iteratively reweighted least squares.  w are the rows' weights (inverse
 * relative variances), s the scale of the residuals (median of |sqrt(w) r| over 0.6745, found anew in each round), m and d mean and
 * standard deviation of a prior on coefficients.  Each round solves for the change of b from fresh residuals, with the normal
 * equations of centred and scaled columns, by their eigenvectors: badly conditioned columns lose no accuracy that a QR would keep,
 * and what the data do not determine is found and named instead of guessed.
 */
#ifndef RPM_LEAST_SQUARES_H
#define RPM_LEAST_SQUARES_H

#include <stdbool.h>
#include <stddef.h>

#include "rpm_control.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_LEAST_SQUARES_COLUMNS 64	/* at most */

/* Writes rows first .. first + count - 1 to x (count * columns, row by row); called by many threads at once. */
typedef void (*rpm_row_function) (void *context, size_t first, size_t count, double *x);

typedef struct rpm_least_squares_data
{
	size_t		rows;
	int			columns;
	const double *x;			/* rows * columns, row by row; NULL: row_function makes the rows each time they are needed */
	rpm_row_function row_function;
	void	   *context;
	const double *y;			/* rows */
	const double *weight;		/* rows, 0 or more; NULL: all 1 */
} rpm_least_squares_data;

typedef struct rpm_least_squares_options
{
	double		huber_k;		/* in units of the scale; 0: ordinary least squares */
	const double *prior_mean;	/* per column; NULL: 0 */
	const double *prior_sd;		/* per column, units of the coefficient, above 0; INFINITY: no prior; NULL: none at all */
	double		fixed_scale;	/* what the residuals' scale is known to be; 0: found from them */
	int			most_rounds;
} rpm_least_squares_options;

typedef struct rpm_least_squares_fit
{
	double		coefficient[RPM_LEAST_SQUARES_COLUMNS];	/* the smallest one where data and prior do not determine it */
	double		standard_error[RPM_LEAST_SQUARES_COLUMNS];	/* NaN where it is not determined */
	double		covariance[RPM_LEAST_SQUARES_COLUMNS * RPM_LEAST_SQUARES_COLUMNS];	/* columns * columns, row by row */
	bool		identifiable[RPM_LEAST_SQUARES_COLUMNS];	/* the data alone, without the prior, determine the coefficient */
	int			rank;			/* of the rows with a weight: so many combinations of the columns are determined by the data */
	size_t		rows_used;		/* rows with a weight above 0 */
	double		scale;			/* robust standard deviation of a residual of weight 1; with huber_k 0 the ordinary one */
	double		residual_sd;	/* the ordinary one, outliers and all: sqrt(sum w r^2 / (rows_used - rank)); NaN without degrees of freedom */
	double		r_squared;		/* 1 - sum w r^2 / sum w (y - mean)^2; NaN where y does not vary */
	int			rounds;
	bool		converged;
} rpm_least_squares_fit;

/* huber_k 1.345 (95 % efficiency for normal errors), no prior, 100 rounds. */
void		rpm_least_squares_options_default(rpm_least_squares_options *options);

/*
 * Fits.  options NULL: the default.  Fewer rows than columns, equal columns or an empty matrix are no errors: rank and identifiable
 * tell, the coefficients are the smallest solution (in units of each column's spread).  Standard errors are Huber's (1981, equation
 * 6.5), with huber_k 0 the usual ones; with a prior they are the posterior's.  A prior needs a scale: give fixed_scale where there may be
 * no more rows than columns, which alone show none.  The result does not depend on the number of threads;
 * on the order of the rows only by rounding (relative 1e-12 of a well-conditioned problem).  Stops within milliseconds on request.
 * Errors: RPM_INVALID_ARGUMENT (no column or more than RPM_LEAST_SQUARES_COLUMNS, a number that is not finite or a negative weight,
 * named by row from 0), RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY (8 bytes a row), RPM_CANCELLED.
 */
rpm_code	rpm_least_squares(const rpm_least_squares_data *data, const rpm_least_squares_options *options, rpm_control *control,
							  rpm_least_squares_fit *fit, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
