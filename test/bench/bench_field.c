/*
 * bench_field.c: the residual field: learning, kriging and a whole prediction, with their growth in cells and measurements.
 *
 *   build/bench/bench_field [threads]
 *   build/bench/bench_field same FOLDER      kriging alone on one thread, with its points and maps, for test/bench/field_scipy.py
 *
 * Measurements lie along streets of a made-up town (one street each 80 m); levels are a law of distance, smooth waves and noise.
 * Times are processor time of all threads together, the best of three; ratios are to the line before, since machines differ and are noisy.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "rpm_predict.h"

#define EXTENT_M 2560.0
#define STREET_M 80.0

static double
uniform(uint64_t *state)
{
	uint64_t	z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (double) ((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double
level_at(double x, double y)
{
	double		sum = -85 - 35 * log10(fmax(hypot(x, y), 20) / 100);

	for (int k = 0; k < 20; k++)
		sum += 1.9 * cos(2 * M_PI * (x * cos(2.4 * k) + y * sin(2.4 * k)) / (60 + 20 * k) + 1.7 * k * k);
	return sum;
}

static rpm_predict_point *
drive(size_t count, int antennas)
{
	rpm_predict_point *points = malloc(count * sizeof(rpm_predict_point));
	uint64_t	state = 1;

	for (size_t i = 0; i < count; i++)
	{
		double		along = EXTENT_M * (uniform(&state) - 0.5),
					across = STREET_M * floor(EXTENT_M / STREET_M * (uniform(&state) - 0.5)) + 8 * uniform(&state),
					x = i % 2 ? along : across,
					y = i % 2 ? across : along;

		points[i] = (rpm_predict_point){x, y, level_at(x, y) + 6 * (uniform(&state) + uniform(&state) - 1), 1, (int32_t) (i % (size_t) antennas)};
	}
	return points;
}

typedef struct timing
{
	double		field_s, predict_s;
} timing;

/* field: covariance given, kriging alone; predict: everything, from measurements to the map. */
static timing
measure(int side, size_t points, int antennas, int threads)
{
	size_t		cells = (size_t) side * (size_t) side;
	double	   *x = malloc(cells * sizeof(double)),
			   *y = malloc(cells * sizeof(double)),
			   *mean = malloc(cells * sizeof(double)),
			   *sd = malloc(cells * sizeof(double));
	rpm_predict_point *measured = drive(points, antennas);
	rpm_field_point *field_points = malloc(points * sizeof(rpm_field_point));
	rpm_predict_antenna antenna[3] = {{1, 0, 0, 25, 0, 0.1, 2600, 15}, {1, 0, 0, 25, 2, 0.1, 2600, 15}, {1, 0, 0, 25, 4, 0.1, 2600, 15}};
	rpm_predict_input input = {antenna, antennas, 0, measured, points, cells, x, y, 0, NULL, NULL, 0, NULL};
	rpm_predict_options options;
	rpm_control control = {.threads = threads};
	timing		best = {HUGE_VAL, HUGE_VAL};

	for (size_t i = 0; i < cells; i++)
	{
		x[i] = EXTENT_M * (((double) (i % (size_t) side) + 0.5) / side - 0.5);
		y[i] = EXTENT_M * (((double) (i / (size_t) side) + 0.5) / side - 0.5);
	}
	rpm_predict_options_default(&options);
	for (int run = 0; run < 3; run++)
	{
		rpm_field_targets targets = {cells, x, y, NULL, NULL, NULL};
		rpm_trend_fit none = {.count = 0};
		rpm_covariance covariance;
		rpm_predict_report report;
		rpm_status	status;
		size_t		count = points;
		double		start = processor_s();

		rpm_status_clear(&status);
		if (rpm_predict_points(&input, &options, &control, mean, sd, &report, &status) != RPM_OK)
			printf("%s\n", status.message);
		best.predict_s = fmin(best.predict_s, processor_s() - start);
		for (size_t i = 0; i < points; i++)
			field_points[i] = (rpm_field_point){measured[i].x_m, measured[i].y_m, measured[i].rsrp_dbm + 100, 1, measured[i].antenna, 1};
		covariance = report.covariance;
		start = processor_s();
		rpm_field_merge(field_points, &count, 5, NULL, NULL, &status);
		{
			rpm_field_data data = {field_points, count, 0, 1, {0, NULL, NULL, NULL}, NULL};

			if (rpm_field_predict(&data, &none, &covariance, &targets, &options.field, &control, mean, sd, &status) != RPM_OK)
				printf("%s\n", status.message);
		}
		best.field_s = fmin(best.field_s, processor_s() - start);
	}
	free(x);
	free(y);
	free(mean);
	free(sd);
	free(measured);
	free(field_points);
	return best;
}

static void
show(const char *what, const int *sides, const size_t *points, const int *antennas, int count, int threads)
{
	timing		before = {0, 0};

	printf("%s\n  %6s %9s %9s %12s %7s %12s %7s\n", what, "cells", "points", "antennas", "kriging s", "ratio", "all s", "ratio");
	for (int i = 0; i < count; i++)
	{
		timing		t = measure(sides[i], points[i], antennas[i], threads);

		printf("  %4d^2 %9zu %9d %12.3f %7.2f %12.3f %7.2f\n", sides[i], points[i], antennas[i], t.field_s,
			   i > 0 ? t.field_s / before.field_s : 1.0, t.predict_s, i > 0 ? t.predict_s / before.predict_s : 1.0);
		before = t;
	}
}

/* One map for field_scipy.py: numbers as it lists them, points, places, mean and variance, all of double precision. */
static void
write_same(const char *folder, int side, size_t count)
{
	size_t		cells = (size_t) side * (size_t) side;
	double	   *x = malloc(2 * cells * sizeof(double)),
			   *mean = malloc(2 * cells * sizeof(double)),
				best = HUGE_VAL;
	rpm_predict_point *measured = drive(count, 1);
	rpm_field_point *points = malloc(count * sizeof(rpm_field_point));
	rpm_covariance covariance;
	rpm_field_options options;
	rpm_field_targets targets = {cells, x, x + cells, NULL, NULL, NULL};
	rpm_trend_fit none = {.count = 0};
	rpm_control alone = {.threads = 1};
	rpm_status	status;
	char		path[4096];
	FILE	   *file;

	rpm_status_clear(&status);
	rpm_field_options_default(&options);
	rpm_covariance_default(&covariance);
	covariance.sill_db2[RPM_FIELD_LONG] = 20;
	covariance.range_m[RPM_FIELD_LONG] = 150;
	for (size_t i = 0; i < count; i++)
		points[i] = (rpm_field_point){measured[i].x_m, measured[i].y_m, measured[i].rsrp_dbm + 100, 1, 0, 1};
	rpm_field_merge(points, &count, 5, NULL, NULL, &status);
	for (size_t i = 0; i < cells; i++)
	{
		x[i] = EXTENT_M * (((double) (i % (size_t) side) + 0.5) / side - 0.5);
		x[cells + i] = EXTENT_M * (((double) (i / (size_t) side) + 0.5) / side - 0.5);
	}
	for (int run = 0; run < 3; run++)
	{
		rpm_field_data data = {points, count, 0, 1, {0, NULL, NULL, NULL}, NULL};
		double		start = processor_s();

		if (rpm_field_predict(&data, &none, &covariance, &targets, &options, &alone, mean, mean + cells, &status) != RPM_OK)
			printf("%s\n", status.message);
		best = fmin(best, processor_s() - start);
	}
	snprintf(path, sizeof(path), "%s/%d_%zu.field", folder, side, count);
	file = fopen(path, "wb");
	if (file != NULL)
	{
		double		head[] = {side, (double) count, covariance.nugget_db2, covariance.sill_db2[0], covariance.sill_db2[1],
			covariance.sill_db2[2], covariance.range_m[0], covariance.range_m[1], covariance.range_m[2], best};

		fwrite(head, sizeof(head), 1, file);
		for (size_t i = 0; i < count; i++)
			fwrite((double[]){points[i].x_m, points[i].y_m, points[i].value_db, points[i].weight}, sizeof(double), 4, file);
		fwrite(x, sizeof(double), 2 * cells, file);
		fwrite(mean, sizeof(double), 2 * cells, file);
		fclose(file);
	}
	printf("%s: %.3f s\n", path, best);
	free(x);
	free(mean);
	free(measured);
	free(points);
}

int
main(int argc, char **argv)
{
	int			threads = argc > 1 ? atoi(argv[1]) : 2;
	const int	sides[] = {256, 512, 1024},
				same[] = {512, 512, 512},
				one[] = {1, 1, 1},
				sectors[] = {1, 3};
	const size_t ten[] = {10000, 10000, 10000},
				growing[] = {2500, 10000, 40000};

	if (argc > 2 && strcmp(argv[1], "same") == 0)
	{
		write_same(argv[2], 256, 2500);
		write_same(argv[2], 512, 2500);
		write_same(argv[2], 512, 10000);
		write_same(argv[2], 512, 40000);
		return 0;
	}
	printf("%d threads\n", threads);
	show("growth in cells", sides, ten, one, 3, threads);
	show("growth in measurements", same, growing, one, 3, threads);
	show("one antenna, and one of three of a site", same, ten, sectors, 2, threads);
	return 0;
}
