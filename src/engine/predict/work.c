/* work.c: the points of a prediction with what belongs to them, and the candidates' terms there (work.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "predict/work.h"

#define COVARIATE_NO_SPREAD 1e-9

static rpm_code check_input(const rpm_predict_input *input, rpm_status *status);
static rpm_code check_finite(const double *values, size_t count, int columns, const char *what, rpm_status *status);
static rpm_code take_memory(predict_work *work, rpm_status *status);
static rpm_code merge_points(predict_work *work, int32_t *merged, rpm_status *status);
static void merge_values(const predict_work *work, const int32_t *merged, const double *from, int columns, double *to);
static rpm_code merge_given(predict_work *work, const int32_t *merged, int given, rpm_status *status);
static void standardise(predict_work *work);
static void centre_given(predict_work *work);
static rpm_code index_points(predict_work *work, rpm_status *status);
static double middle_of_targets(const predict_work *work, int given);
static double given_terms(const predict_work *work, const predict_candidate *candidate, double level_db, double *row, int *count);
static double covariate_term(const predict_work *work, int k, double value);
static double target_row(const predict_work *work, const predict_candidate *candidate, size_t target, double *row);
static void given_rows(const predict_work *work, int given, size_t first, size_t count, double *rows, double *base);
static inline double level_at_target(const predict_work *work, int given, size_t target);

double
predict_power(const rpm_predict_antenna *antenna)
{
	return isnan(antenna->rs_power_dbm) ? 0 : antenna->rs_power_dbm;
}

size_t
predict_cells(const predict_work *work, int32_t antenna)
{
	return work->begin[antenna + 1] - work->begin[antenna];
}

rpm_code
predict_work_open(predict_work *work, const rpm_predict_input *input, const rpm_predict_options *options, rpm_control *control,
				  rpm_status *status)
{
	int32_t    *merged;

	memset(work, 0, sizeof(*work));
	work->input = input;
	work->options = options;
	work->control = control;
	if (check_input(input, status) != RPM_OK || take_memory(work, status) != RPM_OK)
		return status->code;
	merged = malloc((input->point_count + 1) * sizeof(int32_t));
	if (merged == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", input->point_count);
	if (merge_points(work, merged, status) == RPM_OK)
	{
		merge_values(work, merged, input->point_covariates, input->covariate_count, work->covariates);
		standardise(work);
		for (int g = 0; g < input->given_count && status->code == RPM_OK; g++)
			merge_given(work, merged, g, status);
		centre_given(work);
		if (status->code == RPM_OK)
			index_points(work, status);
	}
	free(merged);
	return status->code;
}

void
predict_work_close(predict_work *work)
{
	free(work->points);
	free(work->weight);
	free(work->begin);
	free(work->covariates);
	for (int g = 0; g < RPM_PREDICT_MOST_GIVEN; g++)
		free(work->given[g]);
	rpm_field_index_close(work->index);
	free(work->residual);
	free(work->fits);
}

static rpm_code
check_input(const rpm_predict_input *input, rpm_status *status)
{
	if (input->antenna < 0 || input->antenna >= input->antenna_count || input->point_count > INT32_MAX ||
		input->covariate_count < 0 || input->covariate_count > RPM_PREDICT_MOST_COVARIATES || input->given_count < 0 ||
		input->given_count > RPM_PREDICT_MOST_GIVEN)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "See rpm_predict.h for the bounds.",
						"%d antennas, %zu measurements, %d covariates and %d given priors cannot be", (int) input->antenna_count,
						input->point_count, input->covariate_count, input->given_count);
	for (int32_t i = 0; i < input->antenna_count; i++)
	{
		const rpm_predict_antenna *antenna = &input->antennas[i];

		if (!isfinite(antenna->x_m + antenna->y_m + antenna->height_m + antenna->azimuth_rad + antenna->tilt_rad) ||
			!(antenna->frequency_mhz > 0) || !isfinite(antenna->frequency_mhz) || isinf(antenna->rs_power_dbm))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give finite numbers and a frequency above 0.",
							"antenna number %d has a place, height, direction, frequency or power that cannot be", (int) i + 1);
	}
	for (size_t i = 0; i < input->point_count; i++)
		if (input->points[i].antenna < 0 || input->points[i].antenna >= input->antenna_count)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Number the antennas from 0.",
							"measurement %zu belongs to antenna number %d, which there is not", i + 1, (int) input->points[i].antenna);
	if (check_finite(input->point_covariates, input->point_count, input->covariate_count, "measurement", status) != RPM_OK ||
		check_finite(input->target_covariates, input->target_count, input->covariate_count, "place", status) != RPM_OK)
		return status->code;
	for (int g = 0; g < input->given_count; g++)
		for (size_t i = 0; i < input->point_count; i++)
			if (input->points[i].antenna == input->antenna && !isfinite(input->given[g].at_points_dbm[i]) &&
				!(input->given[g].holes && isnan(input->given[g].at_points_dbm[i])))
				return rpm_fail(status, RPM_INVALID_ARGUMENT, "Leave out measurements where the prior has no level.",
								"prior \"%s\" has no level at measurement %zu", input->given[g].name, i + 1);
	return RPM_OK;
}

static rpm_code
check_finite(const double *values, size_t count, int columns, const char *what, rpm_status *status)
{
	for (size_t i = 0; i < count * (size_t) columns; i++)
		if (!isfinite(values[i]))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the mean of the others where a covariate is not known.",
							"covariate %zu of %s %zu is not finite", i % (size_t) columns + 1, what, i / (size_t) columns + 1);
	return RPM_OK;
}

static rpm_code
take_memory(predict_work *work, rpm_status *status)
{
	const rpm_predict_input *input = work->input;
	size_t		count = input->point_count + 1,
				antennas = (size_t) input->antenna_count + 1;
	int			priors;
	bool		taken;

	rpm_priors(&priors);
	work->points = malloc(count * sizeof(rpm_field_point));
	work->weight = malloc(count * sizeof(double));
	work->residual = calloc(count, sizeof(double));
	work->begin = calloc(antennas, sizeof(size_t));
	work->covariates = malloc(count * (size_t) (input->covariate_count + 1) * sizeof(double));
	work->fits = calloc(antennas * (size_t) priors * RPM_FIELD_MOST_COEFFICIENTS, sizeof(double));
	taken = work->points && work->weight && work->residual && work->begin && work->covariates && work->fits;
	for (int g = 0; g < input->given_count; g++)
	{
		work->given[g] = malloc(count * sizeof(double));
		taken = taken && work->given[g];
	}
	if (!taken)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", input->point_count);
	return RPM_OK;
}

static rpm_code
merge_points(predict_work *work, int32_t *merged, rpm_status *status)
{
	const rpm_predict_input *input = work->input;

	work->count = input->point_count;
	for (size_t i = 0; i < work->count; i++)
	{
		const rpm_predict_point *point = &input->points[i];
		const rpm_predict_antenna *antenna = &input->antennas[point->antenna];

		work->points[i] = (rpm_field_point){point->x_m, point->y_m, point->rsrp_dbm - predict_power(antenna), point->weight,
			point->antenna, antenna->site};
	}
	if (rpm_field_merge(work->points, &work->count, work->options->cell_m, merged, work->control, status) != RPM_OK)
		return status->code;
	for (size_t i = 0; i < work->count; i++)
	{
		work->weight[i] = work->points[i].weight;
		work->begin[work->points[i].antenna + 1] = i + 1;
	}
	for (int32_t a = 0; a < input->antenna_count; a++)
		if (work->begin[a + 1] < work->begin[a])
			work->begin[a + 1] = work->begin[a];
	return RPM_OK;
}

/* Means over the measurements of each cell, by their weights. */
static void
merge_values(const predict_work *work, const int32_t *merged, const double *from, int columns, double *to)
{
	const rpm_predict_input *input = work->input;

	memset(to, 0, work->count * (size_t) columns * sizeof(double));
	for (size_t i = 0; i < input->point_count; i++)
		for (int k = 0; k < columns; k++)
			to[(size_t) merged[i] * (size_t) columns + (size_t) k] +=
				from[i * (size_t) columns + (size_t) k] * input->points[i].weight / work->weight[merged[i]];
}

static rpm_code
merge_given(predict_work *work, const int32_t *merged, int given, rpm_status *status)
{
	const rpm_predict_given *prior = &work->input->given[given];
	double	   *filled = NULL;

	if (!prior->holes || predict_fill_holes(work, given, &filled, status) == RPM_OK)
		merge_values(work, merged, prior->holes ? filled : prior->at_points_dbm, 1, work->given[given]);
	free(filled);
	return status->code;
}

static void
standardise(predict_work *work)
{
	int			columns = work->input->covariate_count;

	for (int k = 0; k < columns; k++)
	{
		double		sum = 0,
					squares = 0;

		for (size_t i = 0; i < work->count; i++)
			sum += work->covariates[i * (size_t) columns + (size_t) k];
		work->covariate_middle[k] = work->count > 0 ? sum / (double) work->count : 0;
		for (size_t i = 0; i < work->count; i++)
			squares += pow(work->covariates[i * (size_t) columns + (size_t) k] - work->covariate_middle[k], 2);
		work->covariate_spread[k] = work->count > 1 ? sqrt(squares / (double) (work->count - 1)) : 0;
		for (size_t i = 0; i < work->count; i++)
		{
			double	   *value = &work->covariates[i * (size_t) columns + (size_t) k];

			*value = covariate_term(work, k, *value);
		}
	}
}

/* A covariate that does not vary says nothing. */
static double
covariate_term(const predict_work *work, int k, double value)
{
	if (work->covariate_spread[k] <= COVARIATE_NO_SPREAD * (1 + fabs(work->covariate_middle[k])))
		return 0;
	return (value - work->covariate_middle[k]) / work->covariate_spread[k];
}

static void
centre_given(predict_work *work)
{
	const rpm_predict_input *input = work->input;
	size_t		begin = work->begin[input->antenna],
				end = work->begin[input->antenna + 1];

	for (int g = 0; g < input->given_count; g++)
	{
		double		sum = 0,
					squares = 0;

		for (size_t i = 0; i < work->count; i++)
			work->given[g][i] -= predict_power(&input->antennas[work->points[i].antenna]);
		for (size_t i = begin; i < end; i++)
			sum += work->given[g][i];
		work->given_middle[g] = end > begin ? sum / (double) (end - begin) : middle_of_targets(work, g);
		for (size_t i = begin; i < end; i++)
			squares += pow(work->given[g][i] - work->given_middle[g], 2);
		work->given_spread[g] = end > begin + 1 && squares > 0 ? sqrt(squares / (double) (end - begin - 1)) : 10;
	}
}

/* One for all that is learned, validated and predicted. */
static rpm_code
index_points(predict_work *work, rpm_status *status)
{
	const rpm_predict_input *input = work->input;
	rpm_field_data data = {work->points, work->count, input->antenna, input->antennas[input->antenna].site, {0, NULL, NULL, NULL}, NULL};

	return rpm_field_index_open(&data, &work->options->field, &work->index, status);
}

/* Of an antenna that was never measured: where its slope turns about. */
static double
middle_of_targets(const predict_work *work, int given)
{
	const rpm_predict_input *input = work->input;
	double		power = predict_power(&input->antennas[input->antenna]),
				sum = 0;

	for (size_t i = 0; i < input->target_count; i++)
		sum += level_at_target(work, given, i) - power;
	return input->target_count > 0 ? sum / (double) input->target_count : 0;
}

int
predict_candidates(const predict_work *work, predict_candidate *candidates)
{
	const rpm_predict_input *input = work->input;
	int			priors,
				count = 0;
	const rpm_prior *prior = rpm_priors(&priors);

	for (int with = 0; with <= (input->covariate_count > 0); with++)
		for (int p = 0; p < priors + 2 * input->given_count; p++)
		{
			predict_candidate *candidate = &candidates[count];
			bool		drift = p >= priors + input->given_count;
			int			given = p < priors ? -1 : (p - priors) % input->given_count;

			if (drift && !input->given[given].drift)
				continue;
			candidate->prior = p < priors ? &prior[p] : NULL;
			candidate->given = given;
			candidate->drift = drift ? &prior[priors - 1] : NULL;
			candidate->covariates = with;
			candidate->count = (p < priors ? prior[p].count : drift ? candidate->drift->count + 1 : 2) + (with ? input->covariate_count : 0);
			snprintf(candidate->name, sizeof(candidate->name), "%.36s%s%s", p < priors ? prior[p].name : input->given[given].name,
					 drift ? "_drift" : "", with ? "_covariates" : "");
			count++;
		}
	return count;
}

double
predict_point_row(const predict_work *work, const predict_candidate *candidate, int32_t antenna, size_t point, double *row)
{
	const rpm_prior *law = candidate->prior != NULL ? candidate->prior : candidate->drift;
	int			columns = work->input->covariate_count,
				count = law != NULL ? law->count : 1;
	double		base = 0;

	if (law != NULL)
		law->row(&work->input->antennas[antenna], work->points[point].x_m, work->points[point].y_m, row);
	else
		row[0] = 1;
	if (candidate->prior == NULL)
		base = given_terms(work, candidate, work->given[candidate->given][point], row, &count);
	for (int k = 0; k < columns && candidate->covariates; k++)
		row[count + k] = work->covariates[point * (size_t) columns + (size_t) k];
	return base;
}

/* The term of a given level, per 10 dB or as a drift per spread, as the next of the row; returns the base: the level itself, or with a drift 0. */
static double
given_terms(const predict_work *work, const predict_candidate *candidate, double level_db, double *row, int *count)
{
	bool		drift = candidate->drift != NULL;

	row[(*count)++] = (level_db - work->given_middle[candidate->given]) / (drift ? work->given_spread[candidate->given] : 10);
	return drift ? 0 : level_db;
}

void
predict_target_rows(const predict_work *work, const predict_candidate *candidate, size_t first, size_t count, double *rows, double *base)
{
	if (candidate->prior == NULL && candidate->drift == NULL && !candidate->covariates)
		given_rows(work, candidate->given, first, count, rows, base);
	else
		for (size_t i = 0; i < count; i++)
			base[i] = target_row(work, candidate, first + i, rows + i * (size_t) candidate->count);
}

/* As target_row, for a level without law, drift and covariates. */
static void
given_rows(const predict_work *work, int given, size_t first, size_t count, double *rows, double *base)
{
	double		power = predict_power(&work->input->antennas[work->input->antenna]),
				middle = work->given_middle[given];

	for (size_t i = 0; i < count; i++)
	{
		base[i] = level_at_target(work, given, first + i) - power;
		rows[2 * i] = 1;
		rows[2 * i + 1] = (base[i] - middle) / 10;
	}
}

/* Most have a level of their own. */
static inline double
level_at_target(const predict_work *work, int given, size_t target)
{
	double		level_dbm = work->input->given[given].at_targets_dbm[target];

	return isnan(level_dbm) ? predict_given_at_target(work, given, target) : level_dbm;
}

static double
target_row(const predict_work *work, const predict_candidate *candidate, size_t target, double *row)
{
	const rpm_predict_input *input = work->input;
	const rpm_predict_antenna *antenna = &input->antennas[input->antenna];
	const rpm_prior *law = candidate->prior != NULL ? candidate->prior : candidate->drift;
	int			columns = input->covariate_count,
				count = law != NULL ? law->count : 1;
	double		base = 0;

	if (law != NULL)
		law->row(antenna, input->target_x_m[target], input->target_y_m[target], row);
	else
		row[0] = 1;
	if (candidate->prior == NULL)
		base = given_terms(work, candidate, predict_given_at_target(work, candidate->given, target) - predict_power(antenna), row, &count);
	for (int k = 0; k < columns && candidate->covariates; k++)
		row[count + k] = covariate_term(work, k, input->target_covariates[target * (size_t) columns + (size_t) k]);
	return base;
}
