/* least_squares.c: robust linear least squares (rpm_least_squares.h). */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "empirical/least_squares_sums.h"
#include "empirical/symmetric_eigen.h"
#include "rpm_math.h"

#define NO_SPREAD 1e-12			/* a column's range below this part of its size is rounding */
#define NO_EIGENVALUE 1e-12		/* of the largest, for columns of length 1 */
#define NO_SHARE 1e-6			/* a coefficient's part in a direction that is not determined */
#define CLOSE_ENOUGH 1e-7		/* the last change, in units of the scale */
#define SMALLEST_SCALE 1e-9		/* of the largest y */
#define MAD_OF_NORMAL 0.674489750196082

typedef struct fit_work
{
	const rpm_least_squares_data *data;
	rpm_least_squares_options options;
	rpm_sums	sums;
	rpm_sum_survey survey;
	rpm_sum_normal first;		/* with the rows' own weights */
	rpm_sum_normal normal;
	bool		empty[RPM_SUM_COLUMNS];	/* without spread: says nothing beside the intercept */
	double		scale;
	double		b[RPM_SUM_COLUMNS];	/* coefficients of the columns as given */
} fit_work;

/* A matrix by its eigenvectors, in units of the columns' lengths. */
typedef struct decomposition
{
	double		unit[RPM_SUM_COLUMNS];
	double		values[RPM_SUM_COLUMNS];
	double		vectors[RPM_SUM_COLUMNS * RPM_SUM_COLUMNS];
	double		matrix[RPM_SUM_COLUMNS * RPM_SUM_COLUMNS];	/* destroyed on the way */
	double		inverse[RPM_SUM_COLUMNS * RPM_SUM_COLUMNS];
	bool		determined[RPM_SUM_COLUMNS];	/* each eigenvector's direction */
} decomposition;

static rpm_code check(const rpm_least_squares_data *data, const rpm_least_squares_options *options, rpm_status *status);
static rpm_code fit_all(fit_work *work, decomposition *parts, rpm_least_squares_fit *fit, rpm_status *status);
static void centre(fit_work *work);
static rpm_code one_round(fit_work *work, decomposition *parts, int round, double *change, rpm_status *status);
static rpm_code find_scale(fit_work *work, rpm_status *status);
static void add_prior(const fit_work *work, double factor, double *matrix, double *gradient);
static bool has_prior(const fit_work *work, int column);
static void decompose(const fit_work *work, const double *matrix, bool with_prior, decomposition *parts);
static double largest_change(const fit_work *work, const decomposition *parts, const double *gradient, double *change);
static void report(fit_work *work, decomposition *parts, rpm_least_squares_fit *fit);
static void report_identifiable(const fit_work *work, const decomposition *parts, rpm_least_squares_fit *fit);
static double variance_factor(const fit_work *work, int rank);
static void report_covariance(const fit_work *work, decomposition *parts, double factor, rpm_least_squares_fit *fit);
static bool in_null_space(const fit_work *work, const decomposition *parts, int column);
static void back_row(const fit_work *work, int column, double *row);

void
rpm_least_squares_options_default(rpm_least_squares_options *options)
{
	memset(options, 0, sizeof(*options));
	options->huber_k = 1.345;
	options->most_rounds = 100;
}

rpm_code
rpm_least_squares(const rpm_least_squares_data *data, const rpm_least_squares_options *options, rpm_control *control,
				  rpm_least_squares_fit *fit, rpm_status *status)
{
	rpm_least_squares_options standard;
	fit_work   *work;
	decomposition *parts;
	rpm_code	code;

	rpm_least_squares_options_default(&standard);
	if (options == NULL)
		options = &standard;
	memset(fit, 0, sizeof(*fit));
	code = check(data, options, status);
	if (code != RPM_OK)
		return code;
	work = calloc(1, sizeof(*work));
	parts = calloc(1, sizeof(*parts));
	if (work == NULL || parts == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a fit of %d columns", data->columns);
	else
	{
		work->data = data;
		work->options = *options;
		code = rpm_sums_begin(&work->sums, data, control, status);
		if (code == RPM_OK)
			code = fit_all(work, parts, fit, status);
		rpm_sums_end(&work->sums);
	}
	free(work);
	free(parts);
	return code;
}

static rpm_code
check(const rpm_least_squares_data *data, const rpm_least_squares_options *options, rpm_status *status)
{
	if (data->columns < 1 || data->columns > RPM_LEAST_SQUARES_COLUMNS)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Leave some out.", "the fit has %d columns, not 1 to %d", data->columns,
						RPM_LEAST_SQUARES_COLUMNS);
	if (!(options->huber_k >= 0) || !(options->fixed_scale >= 0 && options->fixed_scale <= DBL_MAX))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give 0 or more.", "huber_k is %g, fixed_scale is %g", options->huber_k,
						options->fixed_scale);
	for (int j = 0; j < data->columns; j++)
	{
		if (options->prior_sd != NULL && !(options->prior_sd[j] > 0))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give a standard deviation above 0, or infinity for no prior.",
							"prior_sd of column %d is %g", j, options->prior_sd[j]);
		if (options->prior_sd != NULL && options->prior_mean != NULL && !isfinite(options->prior_mean[j]))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give a finite mean.", "prior_mean of column %d is %g", j, options->prior_mean[j]);
	}
	return RPM_OK;
}

static rpm_code
fit_all(fit_work *work, decomposition *parts, rpm_least_squares_fit *fit, rpm_status *status)
{
	double		change = INFINITY;
	rpm_code	code = rpm_sums_survey(&work->sums, &work->survey, status);

	if (code == RPM_OK)
	{
		centre(work);
		code = rpm_sums_residuals(&work->sums, work->b, status);
	}
	for (int round = 0; code == RPM_OK && round < work->options.most_rounds && !fit->converged; round++)
	{
		code = one_round(work, parts, round, &change, status);
		fit->converged = round > 0 && change <= CLOSE_ENOUGH * work->scale;
		fit->rounds = round + 1;
	}
	if (code == RPM_OK)
		code = find_scale(work, status);
	if (code == RPM_OK)
		code = rpm_sums_normal(&work->sums, work->options.huber_k, work->scale, &work->normal, status);
	if (code == RPM_OK)
		report(work, parts, fit);
	return code;
}

/* Finds the intercept and the columns' shifts against it, so that sums of products are those of centred columns. */
static void
centre(fit_work *work)
{
	rpm_sums   *sums = &work->sums;
	const rpm_sum_survey *survey = &work->survey;

	for (int j = 0; j < work->data->columns; j++)
	{
		double		size = fmax(fabs(survey->least[j]), fabs(survey->most[j]));
		bool		flat = survey->rows_used == 0 || survey->most[j] - survey->least[j] <= NO_SPREAD * size;

		if (flat && sums->intercept < 0 && size > 0 && survey->rows_used > 0)
			sums->intercept = j;
		else
			work->empty[j] = flat;
	}
	for (int j = 0; j < work->data->columns && sums->intercept >= 0; j++)
		if (j != sums->intercept)
			sums->shift[j] = survey->mean[j] / survey->mean[sums->intercept];
}

/* Solves for the change of b and takes it. */
static rpm_code
one_round(fit_work *work, decomposition *parts, int round, double *change, rpm_status *status)
{
	int			columns = work->data->columns;
	double		step[RPM_SUM_COLUMNS];
	rpm_code	code = RPM_OK;

	if (round > 0 || work->options.fixed_scale > 0)
		code = find_scale(work, status);
	else
		work->scale = INFINITY;
	if (code == RPM_OK)
		code = rpm_sums_normal(&work->sums, work->options.huber_k, work->scale, &work->normal, status);
	if (code != RPM_OK)
		return code;
	if (round == 0)
		work->first = work->normal;
	if (isfinite(work->scale))
		add_prior(work, work->scale * work->scale, work->normal.matrix, work->normal.gradient);
	decompose(work, work->normal.matrix, isfinite(work->scale), parts);
	*change = largest_change(work, parts, work->normal.gradient, step);
	for (int j = 0; j < columns; j++)
		if (work->sums.intercept >= 0 && j != work->sums.intercept)
			step[work->sums.intercept] -= work->sums.shift[j] * step[j];
	for (int j = 0; j < columns; j++)
		work->b[j] += step[j];
	return rpm_sums_residuals(&work->sums, work->b, status);
}

static rpm_code
find_scale(fit_work *work, rpm_status *status)
{
	double		median, floor = fmax(SMALLEST_SCALE * work->survey.y_largest, DBL_MIN);
	rpm_code	code;

	work->scale = work->survey.rows_used == 0 ? 1 : 0;
	if (work->options.fixed_scale > 0)
		work->scale = work->options.fixed_scale;
	if (work->scale > 0)
		return RPM_OK;
	code = rpm_sums_median(&work->sums, work->survey.rows_used, &median, status);
	work->scale = fmax(median / MAD_OF_NORMAL, floor);
	return code;
}

static bool
has_prior(const fit_work *work, int column)
{
	return work->options.prior_sd != NULL && isfinite(work->options.prior_sd[column]);
}

/* factor M' P M and factor M' P (m - b), with M from the centred columns' coefficients to those of the columns as given. */
static void
add_prior(const fit_work *work, double factor, double *matrix, double *gradient)
{
	int			n = work->data->columns;

	for (int k = 0; k < n; k++)
		if (has_prior(work, k))
		{
			double		row[RPM_SUM_COLUMNS], sd = work->options.prior_sd[k];
			double		mean = work->options.prior_mean != NULL ? work->options.prior_mean[k] : 0;

			back_row(work, k, row);
			for (int i = 0; i < n; i++)
			{
				for (int j = 0; j < n; j++)
					matrix[i * n + j] += factor / sd / sd * row[i] * row[j];
				if (gradient != NULL)
					gradient[i] += factor / sd / sd * row[i] * (mean - work->b[k]);
			}
		}
}

/* Row `column` of M: b_intercept = b'_intercept - sum shift_j b'_j, b_j = b'_j. */
static void
back_row(const fit_work *work, int column, double *row)
{
	for (int j = 0; j < work->data->columns; j++)
		row[j] = column == work->sums.intercept ? -work->sums.shift[j] : 0;
	row[column] = 1;
}

/* Scales the columns to length 1 and finds the eigenvectors. */
static void
decompose(const fit_work *work, const double *matrix, bool with_prior, decomposition *parts)
{
	int			n = work->data->columns;
	double		largest = 0;

	for (int j = 0; j < n; j++)
	{
		bool		nothing = !(matrix[j * n + j] > 0) || (work->empty[j] && !(with_prior && has_prior(work, j)));

		parts->unit[j] = nothing ? 0 : 1 / sqrt(matrix[j * n + j]);
	}
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			parts->matrix[i * n + j] = i == j ? parts->unit[i] > 0 : parts->unit[i] * matrix[i * n + j] * parts->unit[j];
	rpm_symmetric_eigen(parts->matrix, n, parts->values, parts->vectors);
	for (int k = 0; k < n; k++)
		largest = fmax(largest, parts->values[k]);
	for (int k = 0; k < n; k++)
		parts->determined[k] = parts->values[k] > NO_EIGENVALUE * largest && largest > 0;
}

/* The change of the centred columns' coefficients; returns the largest, each times its column's spread. */
static double
largest_change(const fit_work *work, const decomposition *parts, const double *gradient, double *change)
{
	int			n = work->data->columns;
	double		largest = 0;

	memset(change, 0, sizeof(double) * (size_t) n);
	for (int k = 0; k < n; k++)
	{
		double		along = 0;

		if (!parts->determined[k])
			continue;
		for (int i = 0; i < n; i++)
			along += parts->vectors[i * n + k] * parts->unit[i] * gradient[i];
		for (int i = 0; i < n; i++)
			change[i] += parts->unit[i] * parts->vectors[i * n + k] * along / parts->values[k];
	}
	for (int i = 0; i < n; i++)
		if (parts->unit[i] > 0 && work->survey.weight > 0)
			largest = fmax(largest, fabs(change[i]) / parts->unit[i] / sqrt(work->survey.weight));
	return largest;
}

static void
report(fit_work *work, decomposition *parts, rpm_least_squares_fit *fit)
{
	double		freedom, y_noise = NO_SPREAD * work->survey.y_largest;

	memcpy(fit->coefficient, work->b, sizeof(fit->coefficient));
	fit->rows_used = work->survey.rows_used;
	decompose(work, work->first.matrix, false, parts);
	report_identifiable(work, parts, fit);
	freedom = (double) fit->rows_used - fit->rank;
	fit->residual_sd = freedom > 0 ? sqrt(work->normal.residual_squared / freedom) : NAN;
	fit->scale = work->options.huber_k > 0 || work->options.fixed_scale > 0 ? work->scale : fit->residual_sd;
	if (fit->rows_used == 0 && work->options.fixed_scale == 0)
		fit->scale = NAN;
	fit->r_squared = work->survey.y_spread > y_noise * y_noise * (double) fit->rows_used
		? 1 - work->normal.residual_squared / work->survey.y_spread : NAN;
	report_covariance(work, parts, variance_factor(work, fit->rank), fit);
}

/* Which coefficients the rows determine by themselves: those without a part in the null space. */
static void
report_identifiable(const fit_work *work, const decomposition *parts, rpm_least_squares_fit *fit)
{
	for (int k = 0; k < work->data->columns; k++)
		fit->rank += parts->determined[k];
	for (int j = 0; j < work->data->columns; j++)
		fit->identifiable[j] = !work->empty[j] && !in_null_space(work, parts, j);
}

/* Whether a direction that is not determined changes the coefficient of a column as given. */
static bool
in_null_space(const fit_work *work, const decomposition *parts, int column)
{
	int			n = work->data->columns;
	double		row[RPM_SUM_COLUMNS];

	back_row(work, column, row);
	for (int k = 0; k < n; k++)
	{
		double		part = 0, size = 0;

		if (parts->determined[k])
			continue;
		for (int i = 0; i < n; i++)
		{
			double		unit = parts->unit[i] > 0 ? parts->unit[i] : 1 / sqrt(fmax(work->survey.weight, DBL_MIN));

			part += row[i] * unit * parts->vectors[i * n + k];
			size = fmax(size, fabs(row[i]) * unit);
		}
		if (fabs(part) > NO_SHARE * size)
			return true;
	}
	return false;
}

/*
 * What turns the inverse of X' W X into the covariance: Huber's (1981) equation 6.5 with his correction for the number of columns, the
 * variance of the residuals in ordinary least squares, and with a fixed scale what normal residuals of that scale would give.
 */
static double
variance_factor(const fit_work *work, int rank)
{
	double		n = (double) work->survey.rows_used, freedom = n - rank, k = work->options.huber_k, s = work->scale;
	double		inside, correction;

	if (work->options.fixed_scale > 0 || n == 0)
	{
		double		share = k > 0 ? erf(k / sqrt(2)) : 1;
		double		clipped = k > 0 ? share - 2 * k * exp(-k * k / 2) / sqrt(2 * RPM_PI) + k * k * (1 - share) : 1;

		return s * s * clipped / share / share;
	}
	if (freedom <= 0)
		return NAN;
	if (k == 0)
		return work->normal.residual_squared / freedom;
	inside = work->normal.inside / n;
	correction = 1 + rank / n * (1 - inside) / inside;
	return correction * correction * s * s * work->normal.psi_squared / freedom / inside / inside;
}

/* factor (X' W X + factor P)^-1, NaN for what is not determined. */
static void
report_covariance(const fit_work *work, decomposition *parts, double factor, rpm_least_squares_fit *fit)
{
	int			n = work->data->columns;
	double	   *matrix = parts->inverse, back[RPM_SUM_COLUMNS * RPM_SUM_COLUMNS];

	memcpy(matrix, work->first.matrix, sizeof(double) * (size_t) (n * n));
	add_prior(work, isnan(factor) ? 0 : factor, matrix, NULL);
	decompose(work, matrix, true, parts);
	memset(matrix, 0, sizeof(double) * (size_t) (n * n));
	for (int k = 0; k < n; k++)
		for (int i = 0; parts->determined[k] && i < n; i++)
			for (int j = 0; j < n; j++)
				matrix[i * n + j] += factor * parts->unit[i] * parts->vectors[i * n + k] * parts->vectors[j * n + k] * parts->unit[j] /
					parts->values[k];
	for (int j = 0; j < n; j++)
		back_row(work, j, back + j * n);
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
		{
			double		sum = in_null_space(work, parts, i) || in_null_space(work, parts, j) ? NAN : 0;

			for (int k = 0; k < n; k++)
				for (int l = 0; l < n && back[i * n + k] != 0; l++)
					sum += back[i * n + k] * matrix[k * n + l] * back[j * n + l];
			fit->covariance[i * n + j] = sum;
			if (i == j)
				fit->standard_error[i] = sqrt(sum);
		}
}
