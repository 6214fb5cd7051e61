/*
 * network.c: what other antennas say before an antenna's own measurements: each is fitted by itself; their coefficients have a mean and
 * a spread, half of which belongs to sites (work.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/work.h"
#include "rpm_least_squares.h"

#define FIT_SCALE_DB 8.0		/* what is left over of a fit: the spread of slow fading about any such law, TR 38.901 table 7.4.1-1 */
#define COVARIATE_SD_DB 3.0		/* per spread of the covariate */
#define GIVEN_SLOPE_SD_DB 2.0	/* per 10 dB */
#define SITE_PART 0.5
/* Neighbouring cells repeat each other: more of them would not move a fit. */
#define MOST_FITTED 500

typedef struct fit_context
{
	predict_work *work;
	rpm_status *status;			/* of the first failure, by antenna; RPM_OK each */
} fit_context;

static void fit_range(void *context, int64_t begin, int64_t end, int thread);
static rpm_code fit_antenna(predict_work *work, const predict_candidate *candidate, int prior, int32_t antenna, bool keep_residual,
							rpm_status *status);
static void covariates_before(const predict_candidate *candidate, int first, double *mean, double *sd);
static int	prior_number(const rpm_prior *prior);
static void learn_from_others(const predict_work *work, const rpm_prior *prior, int32_t antenna, predict_before *before);
static void set_precision(predict_before *before, int count);

static double *
fit_of(const predict_work *work, int prior, int32_t antenna)
{
	return work->fits + ((size_t) prior * (size_t) work->input->antenna_count + (size_t) antenna) * RPM_FIELD_MOST_COEFFICIENTS;
}

rpm_code
predict_fit_antennas(predict_work *work, rpm_status *status)
{
	int32_t		count = work->input->antenna_count;
	fit_context context = {work, calloc((size_t) count + 1, sizeof(rpm_status))};

	if (context.status == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %d antennas", (int) count);
	rpm_parallel_for(work->control, count, 1, fit_range, &context, status);
	for (int32_t a = 0; a < count && status->code == RPM_OK; a++)
		*status = context.status[a];
	free(context.status);
	return status->code;
}

static void
fit_range(void *context, int64_t begin, int64_t end, int thread)
{
	fit_context *fit = context;
	predict_candidate candidates[RPM_PREDICT_MOST_CANDIDATES];
	int			count = predict_candidates(fit->work, candidates),
				last = 0,
				drift = -1;

	(void) thread;
	/*
	 * The candidates with covariates come last, where there are any; residuals are those of the richest prior, of the antenna that is
	 * predicted those with the drift, too.
	 */
	for (int c = 0; c < count; c++)
		if (candidates[c].prior != NULL)
			last = c;
		else if (candidates[c].drift != NULL)
			drift = c;
	for (int64_t a = begin; a < end; a++)
		for (int c = 0; c < count; c++)
			if (c == drift && a == fit->work->input->antenna)
				fit_antenna(fit->work, &candidates[c], -1, (int32_t) a, true, &fit->status[a]);
			else if (candidates[c].prior != NULL && (candidates[c].covariates || fit->work->input->covariate_count == 0))
				fit_antenna(fit->work, &candidates[c], prior_number(candidates[c].prior), (int32_t) a, c == last, &fit->status[a]);
}

static rpm_code
fit_antenna(predict_work *work, const predict_candidate *candidate, int prior, int32_t antenna, bool keep_residual,
			rpm_status *status)
{
	const rpm_prior *law = candidate->prior != NULL ? candidate->prior : candidate->drift;
	size_t		begin = work->begin[antenna],
				cells = predict_cells(work, antenna),
				rows = cells < MOST_FITTED ? cells : MOST_FITTED;
	double	   *x = malloc((rows + 1) * (size_t) candidate->count * sizeof(double)),
			   *y = malloc((rows + 1) * sizeof(double)),
			   *weight = malloc((rows + 1) * sizeof(double)),
				mean[RPM_FIELD_MOST_COEFFICIENTS],
				sd[RPM_FIELD_MOST_COEFFICIENTS];
	rpm_least_squares_data data = {rows, candidate->count, x, NULL, NULL, y, weight};
	rpm_least_squares_options options;
	rpm_least_squares_fit *fit = malloc(sizeof(rpm_least_squares_fit));
	rpm_control alone = {.threads = 1};

	if (x == NULL || y == NULL || weight == NULL || fit == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", rows);
	else if (rows > 0 && !rpm_stopped(work->control))
	{
		for (size_t i = 0; i < rows; i++)
		{
			size_t		point = begin + i * cells / rows;

			predict_point_row(work, candidate, antenna, point, x + i * (size_t) candidate->count);
			y[i] = work->points[point].value_db;
			weight[i] = work->weight[point];
		}
		law->before(&work->input->antennas[antenna], mean, sd);
		covariates_before(candidate, law->count, mean, sd);
		rpm_least_squares_options_default(&options);
		options.prior_mean = mean;
		options.prior_sd = sd;
		options.fixed_scale = FIT_SCALE_DB;
		if (rpm_least_squares(&data, &options, &alone, fit, status) == RPM_OK && prior >= 0)
			memcpy(fit_of(work, prior, antenna), fit->coefficient, sizeof(double) * (size_t) candidate->count);
		for (size_t i = begin; i < begin + cells && keep_residual && status->code == RPM_OK; i++)
		{
			double		row[RPM_FIELD_MOST_COEFFICIENTS],
						left = work->points[i].value_db;

			predict_point_row(work, candidate, antenna, i, row);
			for (int k = 0; k < candidate->count; k++)
				left -= row[k] * fit->coefficient[k];
			work->residual[i] = left;
		}
	}
	free(x);
	free(y);
	free(weight);
	free(fit);
	return status->code;
}

static void
covariates_before(const predict_candidate *candidate, int first, double *mean, double *sd)
{
	for (int k = first; k < candidate->count; k++)
	{
		mean[k] = 0;
		sd[k] = COVARIATE_SD_DB;
	}
}

static int
prior_number(const rpm_prior *prior)
{
	int			count;

	return (int) (prior - rpm_priors(&count));
}

void
predict_before_of(const predict_work *work, const predict_candidate *candidate, int32_t antenna, predict_before *before)
{
	const rpm_prior *law = candidate->prior != NULL ? candidate->prior : candidate->drift;

	before->source = RPM_PREDICT_PUBLISHED;
	if (law != NULL)
	{
		law->before(&work->input->antennas[antenna], before->mean, before->sd);
		learn_from_others(work, law, antenna, before);
		/* A drift's own coefficient is thought of as a covariate's. */
		covariates_before(candidate, law->count, before->mean, before->sd);
	}
	else
	{
		before->mean[0] = before->mean[1] = 0;
		before->sd[0] = work->input->given[candidate->given].sd_db;
		before->sd[1] = GIVEN_SLOPE_SD_DB;
		before->source = work->input->given[candidate->given].name;
		covariates_before(candidate, 2, before->mean, before->sd);
	}
	set_precision(before, candidate->count);
}

/*
 * Mean and variance over the other antennas, with what was thought before counting as one antenna more; the antennas of the site then
 * move the mean by as much as half of the variance, that between sites, allows.
 */
static void
learn_from_others(const predict_work *work, const rpm_prior *prior, int32_t antenna, predict_before *before)
{
	const rpm_predict_input *input = work->input;
	int			number = prior_number(prior);

	for (int k = 0; k < prior->count; k++)
	{
		double		sum = before->mean[k],
					squares,
					site_sum = 0,
					mean,
					variance,
					moved;
		int			count = 1,
					of_site = 0;

		for (int32_t a = 0; a < input->antenna_count; a++)
			if (a != antenna && predict_cells(work, a) > 0)
			{
				double		coefficient = fit_of(work, number, a)[k];

				sum += coefficient;
				count++;
				if (input->antennas[a].site == input->antennas[antenna].site)
				{
					site_sum += coefficient;
					of_site++;
				}
			}
		if (count == 1)
			return;
		mean = sum / count;
		squares = before->sd[k] * before->sd[k];
		for (int32_t a = 0; a < input->antenna_count; a++)
			if (a != antenna && predict_cells(work, a) > 0)
				squares += pow(fit_of(work, number, a)[k] - mean, 2);
		variance = squares / count;
		before->source = "network";
		if (of_site > 0)
		{
			moved = SITE_PART * of_site / (SITE_PART * of_site + 1 - SITE_PART);
			mean += moved * (site_sum / of_site - mean);
			variance *= 1 - SITE_PART * moved;
			before->source = "site";
		}
		before->mean[k] = mean;
		before->sd[k] = sqrt(variance);
	}
}

static void
set_precision(predict_before *before, int count)
{
	memset(before->precision, 0, sizeof(double) * (size_t) (count * count));
	for (int k = 0; k < count; k++)
		before->precision[k * count + k] = 1 / (before->sd[k] * before->sd[k]);
}

rpm_code
predict_data_open(predict_data *data, const predict_work *work, const predict_candidate *candidate, int32_t antenna,
				  rpm_status *status)
{
	size_t		columns = (size_t) candidate->count;

	memset(data, 0, sizeof(*data));
	data->points = malloc((work->count + 1) * sizeof(rpm_field_point));
	data->rows = calloc((work->count + 1) * columns, sizeof(double));
	if (data->points == NULL || data->rows == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", work->count);
	predict_before_of(work, candidate, antenna, &data->before);
	memcpy(data->points, work->points, work->count * sizeof(rpm_field_point));
	for (size_t i = 0; i < work->count; i++)
		if (data->points[i].antenna == antenna)
			data->points[i].value_db -= predict_point_row(work, candidate, antenna, i, data->rows + i * columns);
		else
			data->points[i].value_db = work->residual[i];
	data->data = (rpm_field_data){data->points, work->count, antenna, work->input->antennas[antenna].site,
		{candidate->count, data->rows, data->before.mean, data->before.precision},
		antenna == work->input->antenna ? work->index : NULL};
	return RPM_OK;
}

void
predict_data_close(predict_data *data)
{
	free(data->points);
	free(data->rows);
}
