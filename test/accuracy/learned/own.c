/* own.c: forecasts corrected by ten of the antenna's own measurements, as rpm_predict does it (own.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "own.h"
#include "rpm_predict.h"
#include "rpm_split.h"

#define OWN_SEED 10
#define MOST_OF_ANTENNA 4096

typedef struct drawn
{
	double		number;
	size_t		row;
} drawn;

static int compare_drawn(const void *a, const void *b);
static bool correct(const table *t, const drawn *rows, size_t count, int measured, double offset_sd_db, forecast *all);

bool
own_forecast(const table *t, int measured, double offset_sd_db, forecast *all)
{
	drawn	   *rows = malloc(MOST_OF_ANTENNA * sizeof(drawn));
	bool		good = true;

	for (size_t begin = 0, end; begin < t->rows && good; begin = end)
	{
		size_t		count = 0;

		for (end = begin; end < t->rows && t->facts[end * FACTS] == t->facts[begin * FACTS]; end++)
		{
			int64_t		owner = (int64_t) end;

			if (!isnan(all->mean_dbm[end]) && count < MOST_OF_ANTENNA)
				rows[count++] = (drawn) {rpm_split_number(OWN_SEED, RPM_SPLIT_SITE, &owner, 0, 0), end};
		}
		qsort(rows, count, sizeof(drawn), compare_drawn);
		if (count > (size_t) measured)
			good = correct(t, rows, count, measured, offset_sd_db, all);
	}
	free(rows);
	return good;
}

static int
compare_drawn(const void *a, const void *b)
{
	double		left = ((const drawn *) a)->number,
				right = ((const drawn *) b)->number;

	return left < right ? -1 : left > right;
}

/* The first of the rows are the measurements, and are judged no more. */
static bool
correct(const table *t, const drawn *rows, size_t count, int measured, double offset_sd_db, forecast *all)
{
	static const rpm_predict_antenna antenna = {0, 0, 0, 25, 0, 0, 2600, 15};
	size_t		targets = count - (size_t) measured;
	rpm_predict_point points[64];
	double	   *numbers = malloc(6 * (count + 1) * sizeof(double)),
			   *x = numbers, *y = x + count, *at_points = y + count, *at_targets = at_points + count, *mean = at_targets + count, *sd = mean + count;
	rpm_predict_given given = {.name = "network", .at_points_dbm = at_points, .at_targets_dbm = at_targets, .sd_db = offset_sd_db};
	rpm_predict_input input = {.antennas = &antenna, .antenna_count = 1, .points = points, .point_count = (size_t) measured, .target_count = targets,
		.target_x_m = x, .target_y_m = y, .given_count = 1, .given = &given};
	rpm_predict_options options;
	rpm_control alone = {.threads = 1};
	rpm_status	status;

	rpm_status_clear(&status);
	for (size_t i = 0; i < count; i++)
	{
		const float *f = t->facts + rows[i].row * FACTS;

		if (i < (size_t) measured)
		{
			points[i] = (rpm_predict_point) {f[FACT_X], f[FACT_Y], f[FACT_LEVEL], 1, 0};
			at_points[i] = all->mean_dbm[rows[i].row];
		}
		else
		{
			x[i - (size_t) measured] = f[FACT_X];
			y[i - (size_t) measured] = f[FACT_Y];
			at_targets[i - (size_t) measured] = all->mean_dbm[rows[i].row];
		}
	}
	rpm_predict_options_default(&options);
	options.prior = given.name;
	if (rpm_predict_points(&input, &options, &alone, mean, sd, NULL, &status) != RPM_OK)
		fprintf(stderr, "%s\n", status.message);
	for (size_t i = 0; i < count; i++)
	{
		all->mean_dbm[rows[i].row] = i < (size_t) measured ? NAN : (float) mean[i - (size_t) measured];
		all->sd_db[rows[i].row] = i < (size_t) measured ? NAN : (float) sd[i - (size_t) measured];
	}
	free(numbers);
	return status.code == RPM_OK;
}
