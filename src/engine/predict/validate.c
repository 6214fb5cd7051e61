/* validate.c: points left out, by blocks and one by one, and what that says of errors and intervals (work.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "field/place_key.h"
#include "predict/work.h"

#define PARTS 4					/* of the blocks, left out in turn */
#define MOST_POINTS 600
#define TERMS 250				/* of the likelihood, for the trend of each part */
#define FEWEST_POINTS 30		/* cells of the antenna */
#define NORMAL_90 1.6448536269514722	/* half of a 90 % interval, in standard deviations */
#define COVERED 0.9
#define HIGHEST_LEVEL 0.97
/* So many points' worth of trust that the intervals are right as they are. */
#define TRUSTED_POINTS 60.0

typedef struct drawn_point
{
	uint64_t	key;
	size_t		number;
} drawn_point;

/* The points of one part: targets, and the data without them. */
typedef struct part_work
{
	rpm_field_point *points;	/* the antenna's, less those of the part */
	double	   *rows;
	size_t		count;
	size_t	   *which;			/* of the validation's points */
	double	   *x_m, *y_m, *target_rows, *mean_db, *variance_db2;
	int32_t    *group;			/* of the targets */
	int32_t    *point_group;
} part_work;

static int	compare_drawn(const void *a, const void *b);
static int	compare_numbers(const void *a, const void *b);
static int	compare_keys(const void *a, const void *b);
static rpm_code part_open(part_work *part, const predict_data *data, size_t targets, rpm_status *status);
static void part_close(part_work *part);
static rpm_code leave_out_part(const predict_work *work, const predict_data *data, const rpm_covariance *covariance, int32_t number,
							   part_work *part, predict_validation *validation, rpm_status *status);
static size_t gather_targets(const predict_data *data, const predict_validation *validation, int32_t group, part_work *part);
static void note_results(const predict_work *work, const predict_data *data, const rpm_trend_fit *fit,
						 const rpm_covariance *covariance, const part_work *part, size_t targets, predict_validation *validation);

rpm_code
predict_validation_open(predict_validation *validation, const predict_work *work, const predict_data *data, rpm_status *status)
{
	size_t		begin = work->begin[data->data.antenna],
				own = predict_cells(work, data->data.antenna),
				count = own < MOST_POINTS ? own : MOST_POINTS;
	drawn_point *drawn = malloc((own + 1) * sizeof(drawn_point));

	memset(validation, 0, sizeof(*validation));
	validation->number = malloc((count + 1) * sizeof(size_t));
	validation->error_db = malloc((count + 1) * sizeof(double));
	validation->prior_error_db = malloc((count + 1) * sizeof(double));
	validation->variance_db2 = malloc((count + 1) * sizeof(double));
	if (drawn == NULL || validation->number == NULL || validation->error_db == NULL || validation->prior_error_db == NULL ||
		validation->variance_db2 == NULL)
	{
		free(drawn);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", own);
	}
	for (size_t i = 0; i < own; i++)
	{
		drawn[i].number = begin + i;
		drawn[i].key = field_place_key(~work->options->field.seed, data->points[begin + i].x_m, data->points[begin + i].y_m);
	}
	qsort(drawn, own, sizeof(drawn_point), compare_drawn);
	validation->count = own >= FEWEST_POINTS ? count : 0;
	for (size_t i = 0; i < validation->count; i++)
		validation->number[i] = drawn[i].number;
	free(drawn);
	return RPM_OK;
}

void
predict_validation_close(predict_validation *validation)
{
	free(validation->number);
	free(validation->error_db);
	free(validation->prior_error_db);
	free(validation->variance_db2);
}

static int
compare_drawn(const void *a, const void *b)
{
	const drawn_point *left = a,
			   *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return left->number < right->number ? -1 : left->number > right->number;
}

rpm_code
predict_validate_blocks(const predict_work *work, const predict_data *data, const rpm_covariance *covariance,
						predict_validation *validation, rpm_status *status)
{
	part_work	part;

	if (part_open(&part, data, validation->count, status) == RPM_OK)
	{
		for (size_t i = 0; i < data->data.count; i++)
			part.point_group[i] = data->points[i].antenna != data->data.antenna ? -1
				: field_part_of(work->options->field.seed, work->options->block_m, PARTS, data->points[i].x_m, data->points[i].y_m);
		for (int32_t number = 0; number < PARTS && status->code == RPM_OK; number++)
			leave_out_part(work, data, covariance, number, &part, validation, status);
	}
	part_close(&part);
	return status->code;
}

static rpm_code
part_open(part_work *part, const predict_data *data, size_t targets, rpm_status *status)
{
	size_t		columns = (size_t) data->data.trend.count,
				count = data->data.count + 1;

	memset(part, 0, sizeof(*part));
	targets++;
	part->points = malloc(count * sizeof(rpm_field_point));
	part->rows = malloc(count * columns * sizeof(double));
	part->which = malloc(targets * sizeof(size_t));
	part->x_m = malloc(targets * sizeof(double));
	part->y_m = malloc(targets * sizeof(double));
	part->target_rows = malloc(targets * columns * sizeof(double));
	part->mean_db = malloc(targets * sizeof(double));
	part->variance_db2 = malloc(targets * sizeof(double));
	part->group = malloc(targets * sizeof(int32_t));
	part->point_group = malloc(count * sizeof(int32_t));
	if (part->points && part->rows && part->which && part->x_m && part->y_m && part->target_rows && part->mean_db &&
		part->variance_db2 && part->group && part->point_group)
		return RPM_OK;
	return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", data->data.count);
}

static void
part_close(part_work *part)
{
	free(part->points);
	free(part->rows);
	free(part->which);
	free(part->x_m);
	free(part->y_m);
	free(part->target_rows);
	free(part->mean_db);
	free(part->variance_db2);
	free(part->group);
	free(part->point_group);
}

static rpm_code
leave_out_part(const predict_work *work, const predict_data *data, const rpm_covariance *covariance, int32_t number,
			   part_work *part, predict_validation *validation, rpm_status *status)
{
	size_t		columns = (size_t) data->data.trend.count,
				targets = gather_targets(data, validation, number, part);
	rpm_field_data rest = data->data;
	rpm_field_targets places = {targets, part->x_m, part->y_m, part->target_rows, part->group, part->point_group};
	rpm_field_options options = work->options->field;
	rpm_trend_fit fit;

	if (targets == 0)
		return RPM_OK;
	part->count = 0;
	for (size_t i = 0; i < data->data.count; i++)
		if (data->points[i].antenna == data->data.antenna && part->point_group[i] != number)
		{
			part->points[part->count] = data->points[i];
			memcpy(part->rows + part->count * columns, data->rows + i * columns, columns * sizeof(double));
			part->count++;
		}
	rest.points = part->points;
	rest.index = NULL;
	rest.count = part->count;
	rest.trend.at_points = part->rows;
	options.block_m = 0;
	options.terms = options.terms < TERMS ? options.terms : TERMS;
	if (rpm_field_fit_trend(&rest, covariance, &options, work->control, &fit, status) != RPM_OK ||
		rpm_field_predict(&data->data, &fit, covariance, &places, &options, work->control, part->mean_db, part->variance_db2,
						  status) != RPM_OK)
		return status->code;
	note_results(work, data, &fit, covariance, part, targets, validation);
	return RPM_OK;
}

/* The validation's points of one group (any when group is negative, then each its own). */
static size_t
gather_targets(const predict_data *data, const predict_validation *validation, int32_t group, part_work *part)
{
	size_t		columns = (size_t) data->data.trend.count,
				targets = 0;

	for (size_t v = 0; v < validation->count; v++)
	{
		size_t		number = validation->number[v];

		if (group >= 0 && part->point_group[number] != group)
			continue;
		part->which[targets] = v;
		part->x_m[targets] = data->points[number].x_m;
		part->y_m[targets] = data->points[number].y_m;
		part->group[targets] = part->point_group[number];
		memcpy(part->target_rows + targets * columns, data->rows + number * columns, columns * sizeof(double));
		targets++;
	}
	return targets;
}

static void
note_results(const predict_work *work, const predict_data *data, const rpm_trend_fit *fit, const rpm_covariance *covariance,
			 const part_work *part, size_t targets, predict_validation *validation)
{
	size_t		columns = (size_t) data->data.trend.count;

	for (size_t t = 0; t < targets; t++)
	{
		size_t		v = part->which[t],
					number = validation->number[v];
		double		prior = 0;

		for (size_t k = 0; k < columns; k++)
			prior += part->target_rows[t * columns + k] * fit->mean[k];
		validation->error_db[v] = data->points[number].value_db - part->mean_db[t];
		validation->prior_error_db[v] = data->points[number].value_db - prior;
		validation->variance_db2[v] = part->variance_db2[t] + covariance->nugget_db2 / work->weight[number];
	}
}

rpm_code
predict_validate_points(const predict_work *work, const predict_data *data, const rpm_trend_fit *fit,
						const rpm_covariance *covariance, predict_validation *validation, rpm_status *status)
{
	part_work	part;

	if (part_open(&part, data, validation->count, status) == RPM_OK)
	{
		rpm_field_options options = work->options->field;
		rpm_field_targets places = {validation->count, part.x_m, part.y_m, part.target_rows, part.group, part.point_group};

		options.block_m = 0;
		for (size_t i = 0; i < data->data.count; i++)
			part.point_group[i] = (int32_t) i;
		gather_targets(data, validation, -1, &part);
		if (rpm_field_predict(&data->data, fit, covariance, &places, &options, work->control, part.mean_db, part.variance_db2,
							  status) == RPM_OK)
			note_results(work, data, fit, covariance, &part, validation->count, validation);
	}
	part_close(&part);
	return status->code;
}

void
predict_score(const predict_validation *validation, rpm_predict_candidate *candidate)
{
	double		n = (double) validation->count;

	candidate->validated = validation->count > 0;
	candidate->mae_db = candidate->rmse_db = candidate->bias_db = candidate->prior_mae_db = 0;
	for (size_t v = 0; v < validation->count; v++)
	{
		candidate->mae_db += fabs(validation->error_db[v]) / n;
		candidate->rmse_db += validation->error_db[v] * validation->error_db[v] / n;
		candidate->bias_db -= validation->error_db[v] / n;
		candidate->prior_mae_db += fabs(validation->prior_error_db[v]) / n;
	}
	candidate->rmse_db = sqrt(candidate->rmse_db);
}

/* With so few units the 90 % quantile must be taken a little higher, lest the next unit be covered less (split conformal prediction). */
void
predict_calibrate(const predict_validation *validation, size_t units, double full_db2, double *coverage, double *scale, double *share)
{
	double	   *deviation = malloc((validation->count + 1) * sizeof(double));
	double		n = (double) validation->count,
				level = fmin(COVERED * (1 + 1 / fmax((double) units, 1)), HIGHEST_LEVEL);
	size_t		at = (size_t) (level * n);

	*coverage = *share = 0;
	*scale = 1;
	if (deviation == NULL || validation->count == 0)
	{
		free(deviation);
		return;
	}
	for (size_t v = 0; v < validation->count; v++)
	{
		deviation[v] = fabs(validation->error_db[v]) / sqrt(validation->variance_db2[v]);
		*coverage += (deviation[v] <= NORMAL_90) / n;
		*share += validation->variance_db2[v] / full_db2 / n;
	}
	qsort(deviation, validation->count, sizeof(double), compare_numbers);
	*scale = deviation[at] > 0 ? exp(log(deviation[at] / NORMAL_90) * n / (n + TRUSTED_POINTS)) : 1;
	free(deviation);
}

static int
compare_numbers(const void *a, const void *b)
{
	double		left = *(const double *) a,
				right = *(const double *) b;

	return left < right ? -1 : left > right;
}

size_t
predict_blocks_of(const predict_work *work, const predict_data *data, const predict_validation *validation)
{
	uint64_t   *key = malloc((validation->count + 1) * sizeof(uint64_t));
	double		block_m = work->options->block_m;
	size_t		blocks = 0;

	if (key == NULL)
		return validation->count;
	for (size_t v = 0; v < validation->count; v++)
	{
		const rpm_field_point *point = &data->points[validation->number[v]];

		key[v] = field_place_key(0, floor(point->x_m / block_m), floor(point->y_m / block_m));
	}
	qsort(key, validation->count, sizeof(uint64_t), compare_keys);
	for (size_t v = 0; v < validation->count; v++)
		blocks += v == 0 || key[v] != key[v - 1];
	free(key);
	return blocks;
}

static int
compare_keys(const void *a, const void *b)
{
	uint64_t	left = *(const uint64_t *) a,
				right = *(const uint64_t *) b;

	return left < right ? -1 : left > right;
}
