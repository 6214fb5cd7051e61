/* test_clutter.c: the linear model against the numbers it was simulated with, smoothing against plain sums, gains (rpm_clutter.h). */
#include "rpm_clutter.h"
#include "unit.h"

#define POINTS 4000

/* A linear congruential generator is enough here: uniform on [0, 1). */
static double
uniform(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double) (*state >> 11) * 0x1p-53;
}

static double
normal(uint64_t *state)
{
	return sqrt(-2 * log(1 - uniform(state))) * cos(2 * M_PI * uniform(state));
}

/* 1 km of free space at 1 GHz is 92.4 dB (ITU-R P.525-4: 32.4 + 20 log f + 20 log d): with 10 dBm the prior alone gives -82.4 dBm. */
static void
free_space(void)
{
	static const double free_space[RPM_CLUTTER_TERMS] = {27.6, -20};
	rpm_clutter_antenna antenna = {1, 100, 200, 30, 0, 0, 1000, 10};

	CHECK_NEAR(rpm_clutter_linear(&antenna, 100, 1200, free_space), -82.4, 1e-9);
	antenna.rs_power_dbm = NAN;
	CHECK_NEAR(rpm_clutter_linear(&antenna, 1100, 200, free_space), -77.4, 1e-9);
}

/* Boresight north: behind, beside, and the limits of distance, elevation and height. */
static void
terms(void)
{
	rpm_clutter_antenna antenna = {1, 0, 0, 31.5, 0, 0, 2000, 0};
	double		row[RPM_CLUTTER_TERMS];

	rpm_clutter_row(&antenna, 0, 100, row);
	CHECK_NEAR(row[0], 1, 0);
	CHECK_NEAR(row[1], 2, 1e-12);
	CHECK_NEAR(row[3], 1, 1e-12);
	CHECK_NEAR(row[5], 1.66992442339936, 1e-9);	/* atan(0.3) in tens of degrees */
	rpm_clutter_row(&antenna, 0, -100, row);
	CHECK_NEAR(row[3], -1, 1e-12);
	CHECK_NEAR(row[4], 1, 1e-12);
	rpm_clutter_row(&antenna, 1, 0, row);
	CHECK_NEAR(row[1], log10(5), 1e-12);
	CHECK_NEAR(row[5], 4, 0);
	antenna.height_m = 0;
	rpm_clutter_row(&antenna, 1000, 0, row);
	CHECK_NEAR(row[7], log10(5), 1e-12);
}

/* Levels simulated with known coefficients, 6 dB of noise and one wild value in fifty: found again within 5 standard errors. */
static void
recovery(void)
{
	static const double truth[RPM_CLUTTER_TERMS] = {20, -30, 0, 3, 1, 1, 0, 5, 0, -6};
	rpm_clutter_antenna antennas[8];
	static rpm_clutter_point points[POINTS];
	double		coefficient[RPM_CLUTTER_TERMS], sd, worst = 0;
	uint64_t	state = 7;
	rpm_status	status;

	for (int i = 0; i < 8; i++)
		antennas[i] = (rpm_clutter_antenna){i / 2, 700.0 * i, 300.0 * (i % 3), 10 + 5 * i, i, 0.1, 2600, 10 + i};
	for (int i = 0; i < POINTS; i++)
	{
		rpm_clutter_point *point = &points[i];
		const rpm_clutter_antenna *antenna = &antennas[i % 8];

		point->antenna = i % 8;
		point->x_m = antenna->x_m + 1000 * (uniform(&state) - 0.5);
		point->y_m = antenna->y_m + 1000 * (uniform(&state) - 0.5);
		point->rsrp_dbm = rpm_clutter_linear(antenna, point->x_m, point->y_m, truth) + 6 * normal(&state) - (i % 50 == 0 ? 60 : 0);
	}
	rpm_status_clear(&status);
	CHECK(rpm_clutter_fit(antennas, 8, points, POINTS, NULL, coefficient, &sd, &status) == RPM_OK);
	CHECK(sd > 6 && sd < 11);
	for (int i = 0; i < POINTS; i++)
	{
		const rpm_clutter_antenna *antenna = &antennas[i % 8];

		worst = fmax(worst, fabs(rpm_clutter_linear(antenna, points[i].x_m, points[i].y_m, coefficient) -
								 rpm_clutter_linear(antenna, points[i].x_m, points[i].y_m, truth)));
	}
	/* Standard error of the level: 6 dB sqrt(10 / 4000) on average, more where points are few (next to an antenna). */
	CHECK(worst < 5 * 6 * sqrt(10.0 / POINTS) * 3);
}

/* One measurement, and all in one spot: the priors hold, nothing is refused. */
static void
little_data(void)
{
	rpm_clutter_antenna antenna = {1, 0, 0, 30, 0, 0, 2000, 15};
	rpm_clutter_point point[40];
	double		coefficient[RPM_CLUTTER_TERMS];
	rpm_status	status;

	for (int i = 0; i < 40; i++)
		point[i] = (rpm_clutter_point){0, 300, -90, 0};
	rpm_status_clear(&status);
	CHECK(rpm_clutter_fit(&antenna, 1, point, 1, NULL, coefficient, NULL, &status) == RPM_OK);
	CHECK_NEAR(rpm_clutter_linear(&antenna, 0, 300, coefficient), -90, 1);
	CHECK(rpm_clutter_fit(&antenna, 1, point, 40, NULL, coefficient, NULL, &status) == RPM_OK);
	CHECK_NEAR(rpm_clutter_linear(&antenna, 0, 300, coefficient), -90, 0.1);
	CHECK(rpm_clutter_fit(&antenna, 1, point, 0, NULL, coefficient, NULL, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	point[3].rsrp_dbm = NAN;
	CHECK(rpm_clutter_fit(&antenna, 1, point, 40, NULL, coefficient, NULL, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "measurement 4") != NULL);
	rpm_status_clear(&status);
	point[3].rsrp_dbm = -90;
	point[5].antenna = 1;
	CHECK(rpm_clutter_fit(&antenna, 1, point, 40, NULL, coefficient, NULL, &status) == RPM_INVALID_ARGUMENT);
}

/* Against the double sum that defines it; single precision over a few hundred terms: 1e-4 of the largest. */
static void
smoothing(void)
{
	rpm_clutter_grid grid;
	static float residual[60 * 40], weight[60 * 40];
	uint64_t	state = 3;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_clutter_grid_create(60, 40, 5, NULL, &grid, &status) == RPM_OK);
	for (int i = 0; i < 60 * 40; i++)
		if (uniform(&state) < 0.1)
		{
			grid.weight[i] = 1 + (i % 3 == 0);
			grid.sum_db[i] = (float) (grid.weight[i] * 10 * (uniform(&state) - 0.5));
		}
	CHECK(rpm_clutter_smooth(&grid, 20, NULL, residual, weight, &status) == RPM_OK);
	for (int at = 0; at < 60 * 40; at += 37)
	{
		double		sum = 0, total = 0;

		for (int i = 0; i < 60 * 40; i++)
		{
			int			dx = i % 60 - at % 60, dy = i / 60 - at / 60;
			double		part = exp(-25.0 * (dx * dx + dy * dy) / (2 * 20 * 20));

			if (abs(dx) <= 12 && abs(dy) <= 12)
			{
				sum += part * grid.sum_db[i];
				total += part * grid.weight[i];
			}
		}
		CHECK_NEAR(weight[at], total, 1e-4 * total);
		CHECK_NEAR(residual[at], sum / total, 1e-3);
	}
	CHECK(rpm_clutter_smooth(&grid, 0, NULL, residual, weight, &status) == RPM_INVALID_ARGUMENT);
	rpm_clutter_grid_free(&grid);
}

/* Nothing near: NaN and no weight; a grid that the limit forbids is refused before it is taken. */
static void
empty_and_too_large(void)
{
	rpm_clutter_grid grid;
	float		residual[20 * 20], weight[20 * 20];
	rpm_control control = {.memory_limit_bytes = 1 << 20};
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_clutter_grid_create(20, 20, 5, &control, &grid, &status) == RPM_OK);
	grid.weight[0] = 1;
	grid.sum_db[0] = 4;
	CHECK(rpm_clutter_smooth(&grid, 7.5, &control, residual, weight, &status) == RPM_OK);
	CHECK_NEAR(residual[0], 4, 1e-6);
	CHECK(isnan(residual[399]) && weight[399] == 0);
	rpm_clutter_grid_free(&grid);
	CHECK(rpm_clutter_grid_create(100000, 100000, 5, &control, &grid, &status) == RPM_LIMIT_EXCEEDED);
	CHECK(grid.sum_db == NULL);
}

/* Gains that a simulation was made with are found again; what has no weight counts as 0. */
static void
gains(void)
{
	enum
	{
		ROWS = 3000
	};
	static double residual[ROWS * RPM_CLUTTER_SCALES], weight[ROWS * RPM_CLUTTER_SCALES], own[ROWS];
	const rpm_clutter_gains truth = {-0.5, {0.4, 0.2, 0.1, 0.15}};
	rpm_clutter_gains found;
	uint64_t	state = 11;
	rpm_status	status;

	for (int i = 0; i < ROWS; i++)
	{
		for (int k = 0; k < RPM_CLUTTER_SCALES; k++)
		{
			residual[i * RPM_CLUTTER_SCALES + k] = 6 * normal(&state);
			weight[i * RPM_CLUTTER_SCALES + k] = 20 * uniform(&state);
		}
		if (i % 4 == 0)
		{
			residual[i * RPM_CLUTTER_SCALES] = NAN;
			weight[i * RPM_CLUTTER_SCALES] = 0;
		}
		own[i] = rpm_clutter_combine(&truth, residual + i * RPM_CLUTTER_SCALES, weight + i * RPM_CLUTTER_SCALES) + 7 * normal(&state);
	}
	rpm_status_clear(&status);
	CHECK(rpm_clutter_fit_gains(residual, weight, own, ROWS, NULL, &found, &status) == RPM_OK);
	/* Five standard errors: 7 dB / (6 dB x sqrt(3000) x about 0.8). */
	CHECK_NEAR(found.constant_db, truth.constant_db, 5 * 7 / sqrt(ROWS));
	for (int k = 0; k < RPM_CLUTTER_SCALES; k++)
		CHECK_NEAR(found.gain[k], truth.gain[k], 5 * 7 / (6 * sqrt(ROWS) * 0.8));
	CHECK(rpm_clutter_fit_gains(residual, weight, own, 0, NULL, &found, &status) == RPM_INVALID_ARGUMENT);
}

int
main(void)
{
	RUN(free_space);
	RUN(terms);
	RUN(recovery);
	RUN(little_data);
	RUN(smoothing);
	RUN(empty_and_too_large);
	RUN(gains);
	return unit_summary("clutter");
}
