/* reweigh.c: weights of points that disagree with their neighbours (rpm_field.h). */
#include <math.h>
#include <stdlib.h>

#include "rpm_field.h"

#define DEGREES_OF_FREEDOM 3.0
#define OWN_NEIGHBOURS 12
#define SITE_NEIGHBOURS 6

typedef struct left_out
{
	size_t		count;
	size_t	   *number;
	double	   *x_m, *y_m, *mean_db, *variance_db2;
	int32_t    *group;			/* of the places */
	int32_t    *point_group;	/* every point its own */
} left_out;

static bool take(left_out *points, size_t count);
static void drop(left_out *points);
static rpm_code reweigh_antenna(const rpm_field_data *data, left_out *points, const rpm_covariance *covariance, rpm_control *control,
								double *weight, rpm_status *status);

rpm_code
rpm_field_reweigh(rpm_field_point *points, size_t count, int32_t antenna, int32_t site, const rpm_covariance *covariance,
				  rpm_control *control, rpm_status *status)
{
	left_out	work;
	double	   *weight = malloc((count + 1) * sizeof(double));
	bool	   *done = calloc(count + 1, sizeof(bool));

	if (!take(&work, count) || weight == NULL || done == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu points", count);
	for (size_t i = 0; i < count && status->code == RPM_OK; i++)
		weight[i] = points[i].weight;
	/* Antenna by antenna, each against the unchanged weights of all. */
	for (size_t i = 0; i < count && status->code == RPM_OK; i++)
	{
		rpm_field_data data = {points, count, points[i].antenna, points[i].site, {0, NULL, NULL, NULL}, NULL};

		if (done[i] || (points[i].antenna != antenna && points[i].site != site))
			continue;
		work.count = 0;
		for (size_t k = i; k < count; k++)
			if (points[k].antenna == data.antenna)
			{
				work.number[work.count++] = k;
				done[k] = true;
			}
		reweigh_antenna(&data, &work, covariance, control, weight, status);
	}
	for (size_t i = 0; i < count && status->code == RPM_OK; i++)
		points[i].weight = weight[i];
	drop(&work);
	free(weight);
	free(done);
	return status->code;
}

static bool
take(left_out *points, size_t count)
{
	points->number = malloc((count + 1) * sizeof(size_t));
	points->x_m = malloc((count + 1) * sizeof(double));
	points->y_m = malloc((count + 1) * sizeof(double));
	points->mean_db = malloc((count + 1) * sizeof(double));
	points->variance_db2 = malloc((count + 1) * sizeof(double));
	points->group = malloc((count + 1) * sizeof(int32_t));
	points->point_group = malloc((count + 1) * sizeof(int32_t));
	for (size_t i = 0; i < count && points->point_group != NULL; i++)
		points->point_group[i] = (int32_t) i;
	return points->number != NULL && points->x_m != NULL && points->y_m != NULL && points->mean_db != NULL &&
		points->variance_db2 != NULL && points->group != NULL && points->point_group != NULL;
}

static void
drop(left_out *points)
{
	free(points->number);
	free(points->x_m);
	free(points->y_m);
	free(points->mean_db);
	free(points->variance_db2);
	free(points->group);
	free(points->point_group);
}

static rpm_code
reweigh_antenna(const rpm_field_data *data, left_out *points, const rpm_covariance *covariance, rpm_control *control,
				double *weight, rpm_status *status)
{
	rpm_trend_fit none = {.count = 0};
	rpm_field_targets targets = {points->count, points->x_m, points->y_m, NULL, points->group, points->point_group};
	rpm_field_options options;

	rpm_field_options_default(&options);
	options.own_neighbours = OWN_NEIGHBOURS;
	options.site_neighbours = SITE_NEIGHBOURS;
	options.other_neighbours = 0;
	options.block_m = 0;
	for (size_t i = 0; i < points->count; i++)
	{
		points->x_m[i] = data->points[points->number[i]].x_m;
		points->y_m[i] = data->points[points->number[i]].y_m;
		points->group[i] = (int32_t) points->number[i];
	}
	if (rpm_field_predict(data, &none, covariance, &targets, &options, control, points->mean_db, points->variance_db2, status) != RPM_OK)
		return status->code;
	for (size_t i = 0; i < points->count; i++)
	{
		const rpm_field_point *point = &data->points[points->number[i]];
		double		deviation = point->value_db - points->mean_db[i],
					z2 = deviation * deviation / (points->variance_db2[i] + covariance->nugget_db2 / point->weight);

		weight[points->number[i]] = point->weight * fmin(1, (DEGREES_OF_FREEDOM + 1) / (DEGREES_OF_FREEDOM + z2));
	}
	return RPM_OK;
}
