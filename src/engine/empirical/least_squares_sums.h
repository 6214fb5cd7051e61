/* least_squares_sums.h: the passes over the rows that rpm_least_squares makes. */
#ifndef RPM_LEAST_SQUARES_SUMS_H
#define RPM_LEAST_SQUARES_SUMS_H

#include "rpm_least_squares.h"

#define RPM_SUM_COLUMNS RPM_LEAST_SQUARES_COLUMNS

/* What the first pass finds. */
typedef struct rpm_sum_survey
{
	size_t		rows_used;
	double		weight;			/* sum of w */
	double		y_mean;
	double		y_spread;		/* sum w (y - y_mean)^2 */
	double		y_largest;		/* largest sqrt(w) |y| */
	double		mean[RPM_SUM_COLUMNS];
	double		least[RPM_SUM_COLUMNS];
	double		most[RPM_SUM_COLUMNS];
} rpm_sum_survey;

/* Sums of one pass: normal matrix (columns * columns, full), X' w r, and of u = sqrt(w) r / s: psi(u)^2, psi'(u). */
typedef struct rpm_sum_normal
{
	double		matrix[RPM_SUM_COLUMNS * RPM_SUM_COLUMNS];
	double		gradient[RPM_SUM_COLUMNS];
	double		psi_squared;
	double		inside;			/* rows with psi' = 1 */
	double		residual_squared;	/* sum w r^2 */
} rpm_sum_normal;

typedef struct rpm_sums
{
	const rpm_least_squares_data *data;
	rpm_control *control;
	double	   *residual;		/* y - X b of each row */
	double		shift[RPM_SUM_COLUMNS];	/* column j is taken as x_j - shift_j x_intercept */
	double		y_mean;
	int			intercept;		/* the column of one value, -1: none */
	int64_t		blocks;
	int64_t		block_rows;
	double	   *block_sums;		/* blocks * block_size: summed in their order, whoever made them */
	size_t		block_size;
} rpm_sums;

/* Takes memory for the passes.  Errors: RPM_OUT_OF_MEMORY, RPM_LIMIT_EXCEEDED. */
rpm_code	rpm_sums_begin(rpm_sums *sums, const rpm_least_squares_data *data, rpm_control *control, rpm_status *status);
void		rpm_sums_end(rpm_sums *sums);

/* Errors: RPM_INVALID_ARGUMENT (a number that is not finite, a negative weight), RPM_CANCELLED. */
rpm_code	rpm_sums_survey(rpm_sums *sums, rpm_sum_survey *survey, rpm_status *status);

/* residual = y - X b.  Errors: RPM_CANCELLED. */
rpm_code	rpm_sums_residuals(rpm_sums *sums, const double *b, rpm_status *status);

/* Sums with Huber's weights for scale and k (k 0: the rows' weights alone).  Errors: RPM_CANCELLED. */
rpm_code	rpm_sums_normal(rpm_sums *sums, double huber_k, double scale, rpm_sum_normal *normal, rpm_status *status);

/* The median of sqrt(w) |residual| over the rows with a weight.  Errors: RPM_CANCELLED, RPM_OUT_OF_MEMORY. */
rpm_code	rpm_sums_median(rpm_sums *sums, size_t rows_used, double *median, rpm_status *status);

#endif
