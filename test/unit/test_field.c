/*
 * test_field.c: the residual field against dense textbook solutions, analytic limits, simulated fields of known covariance, and bad data.
 */
#include "draws.h"
#include "field/dense.h"
#include "field/panel.h"
#include "rpm_field.h"
#include "unit.h"

#define MOST 400

static rpm_covariance
covariance_of(double nugget, double short_sill, double short_range, double long_sill, double long_range)
{
	rpm_covariance covariance;

	rpm_covariance_default(&covariance);
	covariance.nugget_db2 = nugget;
	covariance.sill_db2[RPM_FIELD_SHORT] = short_sill;
	covariance.sill_db2[RPM_FIELD_LONG] = long_sill;
	covariance.range_m[RPM_FIELD_SHORT] = short_range;
	covariance.range_m[RPM_FIELD_LONG] = long_range;
	return covariance;
}

static double
distance(const rpm_field_point *a, const rpm_field_point *b)
{
	return hypot(a->x_m - b->x_m, a->y_m - b->y_m);
}

/* Points drawn in a square, with values of a field of this covariance plus noise, by the dense Cholesky factor. */
static void
simulate(rpm_field_point *points, int count, double side_m, const rpm_covariance *covariance)
{
	double	   *matrix = malloc(sizeof(double) * (size_t) count * (size_t) count),
			   *white = malloc(sizeof(double) * (size_t) count);

	for (int i = 0; i < count; i++)
		points[i] = (rpm_field_point){uniform() * side_m, uniform() * side_m, 0, 1, 1, 1};
	for (int i = 0; i < count; i++)
	{
		white[i] = normal();
		for (int k = 0; k <= i; k++)
			matrix[i * count + k] = rpm_covariance_at(covariance, distance(&points[i], &points[k])) +
				(i == k ? covariance->nugget_db2 + 1e-9 : 0);
	}
	CHECK(dense_factor(matrix, count));
	for (int i = 0; i < count; i++)
		for (int k = 0; k <= i; k++)
			points[i].value_db += matrix[i * count + k] * white[k];
	free(matrix);
	free(white);
}

/* Kriging with a trend whose coefficients have a prior, in one dense system: the prior's covariance is added to the field's. */
static void
dense_prediction(const rpm_field_point *points, int count, const rpm_trend *trend, const rpm_covariance *covariance,
				 const rpm_field_point *target, const double *target_row, double *mean, double *variance)
{
	double		matrix[64 * 64],
				c[64],
				solved[64];

	*mean = 0;
	*variance = rpm_covariance_sill(covariance);
	for (int m = 0; m < trend->count; m++)
	{
		*mean += target_row[m] * trend->mean[m];
		*variance += target_row[m] * target_row[m] / trend->precision[m * trend->count + m];
	}
	for (int i = 0; i < count; i++)
	{
		c[i] = rpm_covariance_at(covariance, distance(&points[i], target));
		for (int m = 0; m < trend->count; m++)
			c[i] += target_row[m] * trend->at_points[i * trend->count + m] / trend->precision[m * trend->count + m];
		for (int k = 0; k <= i; k++)
		{
			matrix[i * count + k] = rpm_covariance_at(covariance, distance(&points[i], &points[k])) +
				(i == k ? covariance->nugget_db2 / points[i].weight : 0);
			for (int m = 0; m < trend->count; m++)
				matrix[i * count + k] += trend->at_points[i * trend->count + m] * trend->at_points[k * trend->count + m] /
					trend->precision[m * trend->count + m];
		}
	}
	CHECK(dense_factor(matrix, count));
	memcpy(solved, c, sizeof(c));
	dense_solve(matrix, count, solved);
	for (int i = 0; i < count; i++)
	{
		double		left = points[i].value_db;

		for (int m = 0; m < trend->count; m++)
			left -= trend->at_points[i * trend->count + m] * trend->mean[m];
		*mean += solved[i] * left;
		*variance -= solved[i] * c[i];
	}
}

/*
 * With so few points that every neighbourhood holds them all, the two-step solution (coefficients by whitening, then kriging of what is
 * left with the coefficients' uncertainty) is the dense one: rounding of condition number 1e4, 1e-9.
 */
static void
test_dense_textbook(void)
{
	enum { COUNT = 28 };
	rpm_field_point points[COUNT];
	double		rows[COUNT * 3],
				mean[3] = {-80, -30, 1},
				precision[9] = {0.01, 0, 0, 0, 0.02, 0, 0, 0, 0.5},
				x[4] = {10, 333.3, -50, 120},
				y[4] = {20, 77.7, 900, 121},
				target_rows[4 * 3],
				got[4],
				variance[4];
	rpm_covariance covariance = covariance_of(7, 20, 35, 45, 150);
	rpm_field_options options;
	rpm_trend_fit fit;
	rpm_status	status;

	state = 3;
	simulate(points, COUNT, 400, &covariance);
	for (int i = 0; i < COUNT; i++)
	{
		points[i].weight = 1 + i % 3;
		rows[3 * i] = 1;
		rows[3 * i + 1] = points[i].x_m / 200;
		rows[3 * i + 2] = sin(points[i].y_m);
		points[i].value_db += -85 - 20 * rows[3 * i + 1];
	}
	for (int t = 0; t < 4; t++)
	{
		target_rows[3 * t] = 1;
		target_rows[3 * t + 1] = x[t] / 200;
		target_rows[3 * t + 2] = sin(y[t]);
	}
	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	options.term_neighbours = COUNT - 1;
	options.own_neighbours = COUNT;
	{
		rpm_field_data data = {points, COUNT, 1, 1, {3, rows, mean, precision}, NULL};
		rpm_field_targets targets = {4, x, y, target_rows, NULL, NULL};

		CHECK(rpm_field_fit_trend(&data, &covariance, &options, NULL, &fit, &status) == RPM_OK);
		CHECK(rpm_field_predict(&data, &fit, &covariance, &targets, &options, NULL, got, variance, &status) == RPM_OK);
		for (int t = 0; t < 4; t++)
		{
			rpm_field_point target = {x[t], y[t], 0, 1, 1, 1};
			double		expected_mean,
						expected_variance;

			dense_prediction(points, COUNT, &data.trend, &covariance, &target, target_rows + 3 * t, &expected_mean, &expected_variance);
			CHECK_NEAR(got[t], expected_mean, 1e-9);
			CHECK_NEAR(variance[t], expected_variance, 1e-9);
		}
	}
}

/* Two antennas of one site: the dense cokriging system of a linear model of coregionalisation, shares 0.7 and 0.3. */
static void
test_dense_two_antennas(void)
{
	rpm_field_point points[5] = {{0, 0, 5, 1, 1, 1}, {30, 10, -2, 1, 1, 1}, {12, 9, 4, 2, 2, 1}, {20, 25, 1, 1, 2, 1}, {15, 15, -7, 1, 9, 4}};
	rpm_covariance covariance = covariance_of(4, 20, 30, 40, 200);
	rpm_field_data data = {points, 5, 1, 1, {0, NULL, NULL, NULL}, NULL};
	double		x = 14,
				y = 11,
				got,
				variance,
				matrix[25],
				c[5],
				solved[5],
				expected = 0,
				expected_variance = 60;
	rpm_field_targets targets = {1, &x, &y, NULL, NULL, NULL};
	rpm_field_point target = {x, y, 0, 1, 1, 1};
	rpm_field_options options;
	rpm_trend_fit none = {.count = 0};
	rpm_status	status;

	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
	{
		covariance.site_share[j] = 0.7;
		covariance.other_share[j] = 0.3;
	}
	for (int i = 0; i < 5; i++)
	{
		c[i] = solved[i] = rpm_covariance_at(&covariance, distance(&points[i], &target)) *
			(points[i].antenna == 1 ? 1 : points[i].site == 1 ? 0.7 : 0.3);
		for (int k = 0; k <= i; k++)
			matrix[i * 5 + k] = rpm_covariance_at(&covariance, distance(&points[i], &points[k])) *
				(points[i].antenna == points[k].antenna ? 1 : points[i].site == points[k].site ? 0.7 : 0.3) +
				(i == k ? covariance.nugget_db2 / points[i].weight : 0);
	}
	CHECK(dense_factor(matrix, 5));
	dense_solve(matrix, 5, solved);
	for (int i = 0; i < 5; i++)
	{
		expected += solved[i] * points[i].value_db;
		expected_variance -= solved[i] * c[i];
	}
	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	CHECK(rpm_field_predict(&data, &none, &covariance, &targets, &options, NULL, &got, &variance, &status) == RPM_OK);
	CHECK_NEAR(got, expected, 1e-9);
	CHECK_NEAR(variance, expected_variance, 1e-9);
}

/* Far away: the trend with its variance, exactly.  Without noise: the measurement itself, with no variance. */
static void
test_limits(void)
{
	rpm_field_point points[3] = {{0, 0, 7, 1, 1, 1}, {50, 0, -3, 1, 1, 1}, {0, 80, 2, 1, 1, 1}};
	double		rows[3] = {1, 1, 1},
				mean = 0,
				precision = 1e-4,
				x[2] = {50, 1e7},
				y[2] = {0, -1e7},
				target_rows[2] = {1, 1},
				got[2],
				variance[2];
	rpm_covariance covariance = covariance_of(0, 16, 30, 0, 100);
	rpm_field_data data = {points, 3, 1, 1, {1, rows, &mean, &precision}, NULL};
	rpm_field_targets targets = {2, x, y, target_rows, NULL, NULL};
	rpm_field_options options;
	rpm_trend_fit fit;
	rpm_status	status;

	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	options.block_m = 0;
	CHECK(rpm_field_fit_trend(&data, &covariance, &options, NULL, &fit, &status) == RPM_OK);
	CHECK(rpm_field_predict(&data, &fit, &covariance, &targets, &options, NULL, got, variance, &status) == RPM_OK);
	CHECK_NEAR(got[0], -3, 1e-9);
	CHECK_NEAR(variance[0], 0, 1e-9);
	CHECK(got[1] == fit.mean[0]);
	CHECK(variance[1] == 16 + fit.covariance[0]);
}

/* Without wide instructions the same to rounding of condition number 1e4, 1e-9: the textbook's solutions, and a map with shares. */
static void
test_portable(void)
{
	enum { TARGETS = 400 };
	rpm_covariance covariance = covariance_of(4, 20, 25, 30, 120);
	static rpm_field_point points[MOST];
	double		x[TARGETS], y[TARGETS], mean[2][TARGETS], variance[2][TARGETS];
	rpm_field_data data = {points, MOST, 1, 1, {0, NULL, NULL, NULL}, NULL};
	rpm_field_targets targets = {TARGETS, x, y, NULL, NULL, NULL};
	rpm_field_options options;
	rpm_trend_fit none = {.count = 0};
	rpm_field_index *index;
	rpm_status	status;

	state = 17;
	simulate(points, MOST, 500, &covariance);
	for (int i = 0; i < MOST; i++)
	{
		points[i].antenna = 1 + i % 4;
		points[i].site = points[i].antenna < 3 ? 1 : points[i].antenna;
	}
	covariance.other_share[RPM_FIELD_SHORT] = covariance.other_share[RPM_FIELD_LONG] = 0.25;
	for (int t = 0; t < TARGETS; t++)
		x[t] = 25.0 * (t % 20) + 3, y[t] = 25.0 * (t / 20) + 3;
	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	CHECK(rpm_field_index_open(&data, &options, &index, &status) == RPM_OK);
	for (int portable = 0; portable < 2; portable++)
	{
		field_panel_portable = portable;
		data.index = portable ? index : NULL;
		CHECK(rpm_field_predict(&data, &none, &covariance, &targets, &options, NULL, mean[portable], variance[portable], &status) == RPM_OK);
	}
	rpm_field_index_close(index);
	for (int t = 0; t < TARGETS; t++)
	{
		CHECK_NEAR(mean[0][t], mean[1][t], 1e-9);
		CHECK_NEAR(variance[0][t], variance[1][t], 1e-9);
	}
	test_dense_textbook();
	test_dense_two_antennas();
	test_limits();
	field_panel_portable = false;
}

/* 300 points of a known field, five of them: medians of what is learned lie within the spread that such samples have (Zhang 2004). */
static void
test_recovery(void)
{
	rpm_covariance truth = covariance_of(4, 0, 30, 49, 60);
	double		nugget = 0,
				sill = 0,
				level = 0;
	int			fields = unit_quick() ? 1 : 5;

	state = 11;
	for (int f = 0; f < fields; f++)
	{
		rpm_field_point points[300];
		double		rows[300],
					mean = -80,
					precision = 1e-3;
		rpm_field_data data = {points, 300, 1, 1, {1, rows, &mean, &precision}, NULL};
		rpm_covariance learned;
		rpm_trend_fit fit;
		rpm_field_learned how;
		rpm_field_options options;
		rpm_status	status;

		simulate(points, 300, 600, &truth);
		for (int i = 0; i < 300; i++)
		{
			rows[i] = 1;
			points[i].value_db -= 90;
		}
		rpm_status_clear(&status);
		rpm_field_options_default(&options);
		rpm_covariance_default(&learned);
		CHECK(rpm_field_learn(&data, &options, NULL, &learned, &fit, &how, &status) == RPM_OK);
		CHECK(how.estimated && how.terms == 300);
		nugget += learned.nugget_db2 / fields;
		sill += rpm_covariance_sill(&learned) / fields;
		level += fit.mean[0] / fields;
		/* What matters for prediction: the covariance at the distances of neighbours, true 29.7 dB^2 at 30 m. */
		CHECK(rpm_covariance_at(&learned, 30) > 18 && rpm_covariance_at(&learned, 30) < 45);
	}
	CHECK(nugget > 1.5 && nugget < 8);
	CHECK(sill > 30 && sill < 75);
	CHECK_NEAR(level, -90, 3);
}

/* On a simulated field 90 % intervals cover 90 % of what was not measured: binomial deviation 2.1 % of 200, and the field's own. */
static void
test_coverage(void)
{
	rpm_covariance truth = covariance_of(4, 20, 25, 30, 120);
	rpm_field_point points[MOST];
	rpm_field_data data = {points, MOST / 2, 1, 1, {0, NULL, NULL, NULL}, NULL};
	double		x[MOST / 2],
				y[MOST / 2],
				mean[MOST / 2],
				variance[MOST / 2];
	rpm_field_targets targets = {MOST / 2, x, y, NULL, NULL, NULL};
	rpm_field_options options;
	rpm_trend_fit none = {.count = 0};
	rpm_status	status;
	int			covered = 0;

	state = 5;
	simulate(points, MOST, 700, &truth);
	for (int i = 0; i < MOST / 2; i++)
	{
		x[i] = points[MOST / 2 + i].x_m;
		y[i] = points[MOST / 2 + i].y_m;
	}
	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	CHECK(rpm_field_predict(&data, &none, &truth, &targets, &options, NULL, mean, variance, &status) == RPM_OK);
	for (int i = 0; i < MOST / 2; i++)
		covered += fabs(points[MOST / 2 + i].value_db - mean[i]) <= 1.645 * sqrt(variance[i] + truth.nugget_db2);
	CHECK_NEAR((double) covered / (MOST / 2), 0.9, 0.06);
}

/* One thread, two and five give the same bits, learning and predicting; the order of the points says nothing after merging. */
static void
test_threads_and_order(void)
{
	enum { TARGETS = 900 };
	rpm_covariance truth = covariance_of(4, 20, 25, 30, 120);
	static rpm_field_point points[MOST], turned[MOST];
	double		x[TARGETS],
				y[TARGETS],
				mean[3][TARGETS],
				variance[TARGETS];
	size_t		count = MOST,
				turned_count = MOST;
	rpm_field_targets targets = {TARGETS, x, y, NULL, NULL, NULL};
	rpm_field_options options;
	rpm_status	status;

	state = 6;
	simulate(points, MOST, 500, &truth);
	for (int i = 0; i < MOST; i++)
		turned[i] = points[MOST - 1 - i];
	for (int t = 0; t < TARGETS; t++)
	{
		x[t] = 17.0 * (t % 30);
		y[t] = 17.0 * (t / 30);
	}
	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	CHECK(rpm_field_merge(points, &count, 25, NULL, NULL, &status) == RPM_OK);
	CHECK(rpm_field_merge(turned, &turned_count, 25, NULL, NULL, &status) == RPM_OK);
	CHECK(count < MOST && count == turned_count && memcmp(points, turned, count * sizeof(points[0])) == 0);
	for (int run = 0; run < 3; run++)
	{
		rpm_control control = {.threads = run == 0 ? 1 : run == 1 ? 2 : 5};
		rpm_field_data data = {points, count, 1, 1, {0, NULL, NULL, NULL}, NULL};
		rpm_covariance learned;
		rpm_field_learned how;
		rpm_trend_fit fit;

		rpm_covariance_default(&learned);
		CHECK(rpm_field_learn(&data, &options, &control, &learned, &fit, &how, &status) == RPM_OK);
		CHECK(rpm_field_predict(&data, &fit, &learned, &targets, &options, &control, mean[run], variance, &status) == RPM_OK);
	}
	CHECK(memcmp(mean[0], mean[1], sizeof(mean[0])) == 0 && memcmp(mean[0], mean[2], sizeof(mean[0])) == 0);
}

/*
 * Blocks of 20 m share a neighbourhood.  Across the border of two blocks the map steps where the sets of neighbours differ; a step
 * between places 0.02 m apart is far below the deviation: at most 1.5 dB anywhere, 0.2 dB on the average, under 5 dB of deviation.
 */
static void
test_seams(void)
{
	enum { BORDERS = 400 };
	rpm_covariance truth = covariance_of(9, 20, 25, 40, 150);
	static rpm_field_point points[MOST];
	double		x[2 * BORDERS],
				y[2 * BORDERS],
				mean[2 * BORDERS],
				variance[2 * BORDERS],
				worst = 0,
				average = 0;
	rpm_field_data data = {points, MOST, 1, 1, {0, NULL, NULL, NULL}, NULL};
	rpm_field_targets targets = {2 * BORDERS, x, y, NULL, NULL, NULL};
	rpm_field_options options;
	rpm_trend_fit none = {.count = 0};
	rpm_status	status;

	state = 8;
	simulate(points, MOST, 400, &truth);
	for (int i = 0; i < BORDERS; i++)
	{
		x[2 * i] = 20.0 * (1 + i % 19) - 0.01;
		x[2 * i + 1] = x[2 * i] + 0.02;
		y[2 * i] = y[2 * i + 1] = 390.0 * uniform() + 5;
	}
	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	CHECK(rpm_field_predict(&data, &none, &truth, &targets, &options, NULL, mean, variance, &status) == RPM_OK);
	for (int i = 0; i < BORDERS; i++)
	{
		double		step = fabs(mean[2 * i] - mean[2 * i + 1]);

		worst = fmax(worst, step);
		average += step / BORDERS;
	}
	CHECK(worst < 1.5);
	CHECK(average < 0.2);
}

/* Antennas of one site that see the same field up to 0.8 of it are found to do so; unrelated ones are not. */
static void
test_shares(void)
{
	rpm_covariance truth = covariance_of(2, 0, 30, 49, 80);
	double		share[2];

	for (int related = 0; related < 2; related++)
	{
		static rpm_field_point points[MOST], own[MOST];
		rpm_field_data data = {points, MOST, 1, 1, {0, NULL, NULL, NULL}, NULL};
		rpm_covariance covariance = truth;
		rpm_trend_fit none = {.count = 0};
		rpm_field_options options;
		rpm_status	status;

		state = 21;
		simulate(points, MOST, 500, &truth);
		/* Every second point is of another antenna: of the same field, or of one drawn anew. */
		simulate(own, MOST, 500, &truth);
		for (int i = 0; i < MOST; i += 2)
		{
			if (!related)
				points[i] = own[i];
			points[i].antenna = 2;
		}
		rpm_status_clear(&status);
		rpm_field_options_default(&options);
		CHECK(rpm_field_learn_shares(&data, &none, &options, NULL, &covariance, &status) == RPM_OK);
		share[related] = covariance.site_share[RPM_FIELD_LONG];
		CHECK(covariance.other_share[RPM_FIELD_LONG] <= share[related]);
	}
	CHECK(share[0] <= 0.3);
	CHECK(share[1] >= 0.75);
}

/* What says nothing of a covariance is said to, and the defaults come back; predictions stay finite. */
static void
test_degenerate(void)
{
	static const char *const reasons[3] = {"too few measured places", "all measurements are in one place", "all measurements have one level"};

	for (int what = 0; what < 3; what++)
	{
		rpm_field_point points[20];
		int			count = what == 0 ? 1 : 20;
		double		x = 3,
					y = 4,
					mean,
					variance;
		rpm_field_data data = {points, (size_t) count, 1, 1, {0, NULL, NULL, NULL}, NULL};
		rpm_field_targets targets = {1, &x, &y, NULL, NULL, NULL};
		rpm_covariance covariance, defaults;
		rpm_field_learned how;
		rpm_field_options options;
		rpm_trend_fit fit;
		rpm_status	status;

		for (int i = 0; i < count; i++)
			points[i] = (rpm_field_point){what == 1 ? 5 : 7.0 * i, 5, what == 2 ? -140 : -80 + 20.0 * (i % 2), 1, 1, 1};
		rpm_status_clear(&status);
		rpm_field_options_default(&options);
		rpm_covariance_default(&covariance);
		rpm_covariance_default(&defaults);
		CHECK(rpm_field_learn(&data, &options, NULL, &covariance, &fit, &how, &status) == RPM_OK);
		CHECK(!how.estimated && how.reason != NULL && strcmp(how.reason, reasons[what]) == 0);
		CHECK(memcmp(&covariance, &defaults, sizeof(defaults)) == 0);
		covariance.nugget_db2 = what == 1 ? 0 : covariance.nugget_db2;	/* duplicates without noise: a singular matrix */
		CHECK(rpm_field_predict(&data, &fit, &covariance, &targets, &options, NULL, &mean, &variance, &status) == RPM_OK);
		CHECK(isfinite(mean) && variance >= 0 && variance <= rpm_covariance_sill(&covariance));
	}
}

static void
test_bad_input(void)
{
	rpm_field_point point = {1, 2, NAN, 1, 1, 1};
	size_t		count = 1;
	double		x = NAN,
				y = 0,
				mean,
				variance;
	rpm_covariance covariance;
	rpm_field_data data = {&point, 1, 1, 1, {0, NULL, NULL, NULL}, NULL};
	rpm_field_targets targets = {1, &x, &y, NULL, NULL, NULL};
	rpm_field_options options;
	rpm_trend_fit none = {.count = 0};
	rpm_status	status;

	rpm_field_options_default(&options);
	rpm_covariance_default(&covariance);
	rpm_status_clear(&status);
	CHECK(rpm_field_merge(&point, &count, 5, NULL, NULL, &status) == RPM_INVALID_ARGUMENT && strstr(status.message, "measurement 1") != NULL);
	rpm_status_clear(&status);
	point = (rpm_field_point){1e12, 2, 3, 1, 1, 1};
	CHECK(rpm_field_merge(&point, &count, 5, NULL, NULL, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	point = (rpm_field_point){1, 2, 3, 0, 1, 1};
	CHECK(rpm_field_merge(&point, &count, 5, NULL, NULL, &status) == RPM_INVALID_ARGUMENT && strstr(status.message, "weight 0") != NULL);
	rpm_status_clear(&status);
	point.weight = 1;
	CHECK(rpm_field_merge(&point, &count, 0, NULL, NULL, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	CHECK(rpm_field_predict(&data, &none, &covariance, &targets, &options, NULL, &mean, &variance, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	data.count = 0;
	CHECK(rpm_field_predict(&data, &none, &covariance, &targets, &options, NULL, &mean, &variance, &status) == RPM_INVALID_ARGUMENT && strstr(status.message, "place 1") != NULL);
	x = 3;
	rpm_status_clear(&status);
	CHECK(rpm_field_predict(&data, &none, &covariance, &targets, &options, NULL, &mean, &variance, &status) == RPM_OK && mean == 0 && variance == rpm_covariance_sill(&covariance));
	options.own_neighbours = 65;
	CHECK(rpm_field_predict(&data, &none, &covariance, &targets, &options, NULL, &mean, &variance, &status) == RPM_INVALID_ARGUMENT);
}

/* A million measurements of one cell are one point of weight a million; its mean is exact to rounding. */
static void
test_million_in_one_cell(void)
{
	size_t		count = unit_quick() ? 10000 : 1000000,
				before = count;
	rpm_field_point *points = malloc(count * sizeof(rpm_field_point));
	rpm_status	status;

	state = 2;
	for (size_t i = 0; i < count; i++)
		points[i] = (rpm_field_point){1 + 3 * uniform(), 1 + 3 * uniform(), i % 2 ? -80 : -90, 1, 1, 1};
	rpm_status_clear(&status);
	CHECK(rpm_field_merge(points, &count, 5, NULL, NULL, &status) == RPM_OK);
	CHECK(count == 1 && points[0].weight == (double) before);
	CHECK_NEAR(points[0].value_db, -85, 1e-8);
	/* More than one run: the order is whole, whatever it was. */
	count = before;
	for (size_t i = 0; i < count; i++)
		points[i] = (rpm_field_point){1e4 * uniform(), 1e4 * uniform(), -80, 1, 1, 1};
	CHECK(rpm_field_merge(points, &count, 100, NULL, NULL, &status) == RPM_OK && count <= 10000 && count > 6000);
	for (size_t i = 1; i < count; i++)
		CHECK(floor(points[i].y_m / 100) > floor(points[i - 1].y_m / 100) ||
			  (floor(points[i].y_m / 100) == floor(points[i - 1].y_m / 100) && floor(points[i].x_m / 100) > floor(points[i - 1].x_m / 100)));
	free(points);
}

static void
test_stops(void)
{
	rpm_field_point points[50];
	rpm_covariance covariance = covariance_of(4, 20, 30, 20, 100);
	rpm_field_data data = {points, 50, 1, 1, {0, NULL, NULL, NULL}, NULL};
	rpm_control control = {.stop = 1};
	rpm_field_options options;
	rpm_field_learned how;
	rpm_trend_fit fit;
	rpm_status	status;

	state = 9;
	simulate(points, 50, 300, &covariance);
	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	CHECK(rpm_field_learn(&data, &options, &control, &covariance, &fit, &how, &status) == RPM_CANCELLED);
}

int
main(void)
{
	RUN(test_dense_textbook);
	RUN(test_dense_two_antennas);
	RUN(test_limits);
	RUN(test_portable);
	RUN(test_recovery);
	RUN(test_coverage);
	RUN(test_threads_and_order);
	RUN(test_seams);
	RUN(test_shares);
	RUN(test_degenerate);
	RUN(test_bad_input);
	RUN(test_million_in_one_cell);
	RUN(test_stops);
	return unit_summary("field");
}
