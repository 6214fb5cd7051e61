/* estimate.c: the estimates that the accuracy table compares (estimate.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "estimate.h"
#include "rpm_field.h"
#include "rpm_math.h"
#include "rpm_predict.h"

#define NEAREST_M 10.0
/* As rpm_predict has it (src/pg/predict_clutter.c). */
#define OFFSET_PART 0.5
/* The plain statistic: 24 neighbours, exponential of 80 m, a nugget of 30 % of the sill. */
#define PLAIN_NEIGHBOURS 24
#define PLAIN_RANGE_M 80.0
#define PLAIN_NUGGET 0.3
/* A field that hardly varies with a variance that leaves its level open: simple kriging becomes ordinary kriging. */
#define LEVEL_RANGE_M 1e6
#define LEVEL_VARIANCE 1e4

static bool site_mean(const experiment *setup, task *task);
static bool log_distance(const experiment *setup, task *task);
static bool plain_kriging(const experiment *setup, task *task);
static bool product(const experiment *setup, task *task);
static bool product_alone(const experiment *setup, task *task);
static bool product_without_layer(const experiment *setup, task *task);
static bool network_linear(const experiment *setup, task *task);
static bool network_clutter(const experiment *setup, task *task);

const estimate estimates[] = {
	{"site_mean", "mean of the antenna", true, false, false, false, site_mean},
	{"log_distance", "a + b log d, fitted per antenna", true, false, false, false, log_distance},
	{"plain_kriging", "the same + local ordinary kriging (24 neighbours, exponential, 80 m)", true, false, false, true, plain_kriging},
	{"alone", "ours, without other antennas", true, false, false, false, product_alone},
	{"field_only", "ours, other antennas by kriging alone", true, false, false, false, product_without_layer},
	{"ours", "ours", true, false, true, true, product},
	{"linear", "one linear model of all antennas", false, true, false, false, network_linear},
	{"clutter", "the same + clutter residuals of other sites", false, true, true, false, network_clutter},
	{"ours", "ours", false, true, true, false, product}
};
const int estimate_count = (int) (sizeof(estimates) / sizeof(estimates[0]));

static void fit_line(const experiment *setup, const task *task, double *a, double *b);
static double decades(const experiment *setup, int antenna, size_t pixel);
static bool predict(const experiment *setup, task *task, bool others, bool layer);
static size_t add_antenna(const experiment *setup, int antenna, double x0, double y0, int32_t number, rpm_predict_antenna *antennas,
						  rpm_predict_point **points, size_t count);
static bool nothing_to_say(const task *task);

static bool
site_mean(const experiment *setup, task *task)
{
	double		sum = 0;

	for (size_t i = 0; i < task->learn_count; i++)
		sum += setup->data->pixels[task->learn[i]].rsrp_dbm;
	for (size_t i = 0; i < task->target_count; i++)
		task->mean_dbm[i] = sum / (double) task->learn_count;
	return nothing_to_say(task);
}

/* These say nothing of their deviation. */
static bool
nothing_to_say(const task *task)
{
	memset(task->sd_db, 0, task->target_count * sizeof(double));
	return true;
}

static bool
log_distance(const experiment *setup, task *task)
{
	double		a,
				b;

	fit_line(setup, task, &a, &b);
	for (size_t i = 0; i < task->target_count; i++)
		task->mean_dbm[i] = a + b * decades(setup, task->antenna, task->target[i]);
	return nothing_to_say(task);
}

static void
fit_line(const experiment *setup, const task *task, double *a, double *b)
{
	double		n = (double) task->learn_count,
				sx = 0,
				sy = 0,
				sxx = 0,
				sxy = 0;

	for (size_t i = 0; i < task->learn_count; i++)
	{
		double		x = decades(setup, task->antenna, task->learn[i]),
					y = setup->data->pixels[task->learn[i]].rsrp_dbm;

		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
	}
	*b = n * sxx - sx * sx > 0 ? (n * sxy - sx * sy) / (n * sxx - sx * sx) : 0;
	*a = (sy - *b * sx) / n;
}

static double
decades(const experiment *setup, int antenna, size_t pixel)
{
	const antenna_row *row = &setup->data->antennas[antenna];

	return log10(fmax(hypot(pixel_x(&setup->data->pixels[pixel]) - row->x_m, pixel_y(&setup->data->pixels[pixel]) - row->y_m), NEAREST_M));
}

static bool
plain_kriging(const experiment *setup, task *task)
{
	const antenna_row *row = &setup->data->antennas[task->antenna];
	rpm_field_point *points = malloc((task->learn_count + 1) * sizeof(rpm_field_point));
	double	   *x = malloc((task->target_count + 1) * sizeof(double)),
			   *y = malloc((task->target_count + 1) * sizeof(double));
	rpm_field_data data = {.points = points, .count = task->learn_count, .antenna = 0, .site = 0};
	rpm_field_targets targets = {.count = task->target_count, .x_m = x, .y_m = y};
	rpm_covariance covariance;
	rpm_field_options options;
	rpm_trend_fit none = {.count = 0};
	rpm_control alone = {.threads = 1};
	rpm_status	status;
	double		a,
				b,
				squares = 0;

	fit_line(setup, task, &a, &b);
	for (size_t i = 0; i < task->learn_count; i++)
	{
		const pixel *p = &setup->data->pixels[task->learn[i]];
		double		residual = p->rsrp_dbm - a - b * decades(setup, task->antenna, task->learn[i]);

		points[i] = (rpm_field_point){pixel_x(p) - row->x_m, pixel_y(p) - row->y_m, residual, 1, 0, 0};
		squares += residual * residual;
	}
	for (size_t i = 0; i < task->target_count; i++)
	{
		x[i] = pixel_x(&setup->data->pixels[task->target[i]]) - row->x_m;
		y[i] = pixel_y(&setup->data->pixels[task->target[i]]) - row->y_m;
	}
	rpm_covariance_default(&covariance);
	memset(covariance.sill_db2, 0, sizeof(covariance.sill_db2));
	covariance.sill_db2[RPM_FIELD_SHORT] = squares / (double) task->learn_count;
	covariance.range_m[RPM_FIELD_SHORT] = PLAIN_RANGE_M;
	covariance.sill_db2[RPM_FIELD_LONG] = LEVEL_VARIANCE;
	covariance.range_m[RPM_FIELD_LONG] = LEVEL_RANGE_M;
	covariance.nugget_db2 = PLAIN_NUGGET * covariance.sill_db2[RPM_FIELD_SHORT];
	rpm_field_options_default(&options);
	options.own_neighbours = PLAIN_NEIGHBOURS;
	options.site_neighbours = options.other_neighbours = 0;
	options.block_m = 0;
	rpm_status_clear(&status);
	if (rpm_field_predict(&data, &none, &covariance, &targets, &options, &alone, task->mean_dbm, task->sd_db, &status) != RPM_OK)
		fprintf(stderr, "antenna %lld: %s\n", (long long) row->id, status.message);
	for (size_t i = 0; i < task->target_count; i++)
	{
		task->mean_dbm[i] += a + b * decades(setup, task->antenna, task->target[i]);
		task->sd_db[i] = sqrt(task->sd_db[i] + covariance.nugget_db2);
	}
	free(points);
	free(x);
	free(y);
	return status.code == RPM_OK;
}

static bool
product(const experiment *setup, task *task)
{
	return predict(setup, task, true, true);
}

static bool
product_alone(const experiment *setup, task *task)
{
	return predict(setup, task, false, false);
}

static bool
product_without_layer(const experiment *setup, task *task)
{
	return predict(setup, task, true, false);
}

/*
 * rpm_predict_points as rpm_predict calls it, with all defaults.  Others: the rows that learn of the antennas that stand in the antenna's
 * tile, inside the tile; the network's model with clutter residuals as a given prior, which serves alone where the antenna itself was never measured.
 */
static bool
predict(const experiment *setup, task *task, bool others, bool layer)
{
	const chengdu *data = setup->data;
	const antenna_row *row = &data->antennas[task->antenna];
	rpm_predict_antenna *antennas = malloc((size_t) data->antenna_count * sizeof(rpm_predict_antenna));
	rpm_predict_point *points = NULL;
	rpm_predict_given given = {.name = "network_clutter", .sd_db = OFFSET_PART * setup->residual_sd_db};
	rpm_predict_input input = {.antennas = antennas, .antenna_count = 1, .target_count = task->target_count};
	rpm_predict_options options;
	rpm_control alone = {.threads = 1};
	rpm_status	status;
	double	   *x = malloc((task->target_count + 1) * sizeof(double)),
			   *y = malloc((task->target_count + 1) * sizeof(double)),
			   *at_points = NULL;
	size_t		count = 0;

	count = add_antenna(setup, task->antenna, row->x_m, row->y_m, 0, antennas, &points, count);
	for (int a = 0; a < data->antenna_count && others; a++)
	{
		size_t		before = count;

		if (a == task->antenna || fabs(data->antennas[a].x_m - row->x_m) >= TILE_HALF_M ||
			fabs(data->antennas[a].y_m - row->y_m) >= TILE_HALF_M)
			continue;
		count = add_antenna(setup, a, row->x_m, row->y_m, input.antenna_count, antennas, &points, count);
		input.antenna_count += count > before;
	}
	for (size_t i = 0; i < task->target_count; i++)
	{
		x[i] = pixel_x(&data->pixels[task->target[i]]) - row->x_m;
		y[i] = pixel_y(&data->pixels[task->target[i]]) - row->y_m;
	}
	input.points = points;
	input.point_count = count;
	input.target_x_m = x;
	input.target_y_m = y;
	if (layer)
	{
		at_points = malloc((count + 1) * sizeof(double));
		for (size_t i = 0; i < count; i++)
			at_points[i] = i < task->learn_count ? task->given_learn[i] : NAN;
		given.at_points_dbm = at_points;
		given.at_targets_dbm = task->given_target;
		input.given = &given;
		input.given_count = 1;
	}
	rpm_predict_options_default(&options);
	options.share_site = options.share_others = others;
	if (task->learn_count == 0 && layer)
		options.prior = given.name;
	rpm_status_clear(&status);
	if (rpm_predict_points(&input, &options, &alone, task->mean_dbm, task->sd_db, NULL, &status) != RPM_OK)
		fprintf(stderr, "antenna %lld: %s\n", (long long) row->id, status.message);
	free(antennas);
	free(points);
	free(at_points);
	free(x);
	free(y);
	return status.code == RPM_OK;
}

/* Its rows that learn and lie in the tile about (x0, y0); returns the number of points there are then. */
static size_t
add_antenna(const experiment *setup, int antenna, double x0, double y0, int32_t number, rpm_predict_antenna *antennas,
			rpm_predict_point **points, size_t count)
{
	const chengdu *data = setup->data;
	const antenna_row *row = &data->antennas[antenna];

	antennas[number] = (rpm_predict_antenna){(int32_t) row->site, row->x_m - x0, row->y_m - y0, row->height_m,
		setup->antennas[antenna].azimuth_rad, setup->antennas[antenna].tilt_rad, row->frequency_mhz, row->rs_power_dbm};
	*points = realloc(*points, (count + data->begin[antenna + 1] - data->begin[antenna] + 1) * sizeof(rpm_predict_point));
	for (size_t i = data->begin[antenna]; i < data->begin[antenna + 1]; i++)
	{
		double		x = pixel_x(&data->pixels[i]) - x0,
					y = pixel_y(&data->pixels[i]) - y0;

		if (setup->learns[i] && fabs(x) < TILE_HALF_M && fabs(y) < TILE_HALF_M)
			(*points)[count++] = (rpm_predict_point){x, y, data->pixels[i].rsrp_dbm, 1, number};
	}
	return count;
}

static bool
network_linear(const experiment *setup, task *task)
{
	for (size_t i = 0; i < task->target_count; i++)
	{
		const pixel *p = &setup->data->pixels[task->target[i]];

		task->mean_dbm[i] = rpm_clutter_linear(&setup->antennas[task->antenna], pixel_x(p), pixel_y(p), setup->coefficient);
	}
	return nothing_to_say(task);
}

static bool
network_clutter(const experiment *setup, task *task)
{
	(void) setup;
	memcpy(task->mean_dbm, task->given_target, task->target_count * sizeof(double));
	return nothing_to_say(task);
}
