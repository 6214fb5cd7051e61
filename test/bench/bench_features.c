/*
 * bench_features.c: the tile of an antenna: drawing buildings, each group of channels, and all that need no measurements, for tiles of several
 * sizes: processor time and clock, the least of nine runs, and what a cell costs as a ratio to the tile of 128 cells.
 *
 *   build/bench/bench_features [threads]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rpm_features.h"
#include "rpm_pattern.h"
#include "scenes.h"
#include "wkb_rows.h"

#define CELL_M 5.0
#define RUNS 9
#define BUILDINGS_PER_CELL (8000.0 / (512 * 512))
#define GROUPS 7
#define MOST 14

typedef struct group
{
	const char *name;
	int			count;
	rpm_feature channels[MOST];
} group;

static const group groups[GROUPS] = {
	{"environment", 4, {RPM_FEATURE_BUILDING_HEIGHT, RPM_FEATURE_LAND_USE, RPM_FEATURE_ROAD, RPM_FEATURE_KNOWN}},
	{"free space", 1, {RPM_FEATURE_FREE_SPACE}},
	{"distance, angles", 3, {RPM_FEATURE_DISTANCE, RPM_FEATURE_AZIMUTH, RPM_FEATURE_ELEVATION}},
	{"empirical", 1, {RPM_FEATURE_EMPIRICAL}},
	{"line of sight", 1, {RPM_FEATURE_LINE_OF_SIGHT}},
	{"direct path", 4, {RPM_FEATURE_LINE_OF_SIGHT, RPM_FEATURE_OBSTRUCTED, RPM_FEATURE_OBSTRUCTIONS, RPM_FEATURE_KNIFE_EDGE}},
	{"all fourteen", 14, {RPM_FEATURE_BUILDING_HEIGHT, RPM_FEATURE_LAND_USE, RPM_FEATURE_ROAD, RPM_FEATURE_KNOWN, RPM_FEATURE_GROUND,
			RPM_FEATURE_FREE_SPACE, RPM_FEATURE_DISTANCE, RPM_FEATURE_AZIMUTH, RPM_FEATURE_ELEVATION, RPM_FEATURE_EMPIRICAL,
	RPM_FEATURE_LINE_OF_SIGHT, RPM_FEATURE_OBSTRUCTED, RPM_FEATURE_OBSTRUCTIONS, RPM_FEATURE_KNIFE_EDGE}}
};

static double
clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return 1e3 * (double) now.tv_sec + 1e-6 * (double) now.tv_nsec;
}

static double
draw_town(rpm_environment *environment, int cells)
{
	scenes_random random = {1};
	double		side = cells * CELL_M,
				began = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
	rpm_status	status;
	const double everywhere[4] = {0, 0, side, side};

	rpm_status_clear(&status);
	for (int i = 0; i < (int) (BUILDINGS_PER_CELL * cells * cells); i++)
	{
		double		x = scenes_between(&random, 0, side),
					y = scenes_between(&random, 0, side);
		wkb_row		row = wkb_box(x, y, x + scenes_between(&random, 5, 30), y + scenes_between(&random, 5, 30));

		rpm_environment_building(environment, row.bytes, row.size, scenes_between(&random, 3, 33), &status);
	}
	rpm_environment_finish(environment, 0, everywhere, false);
	return clock_ms(CLOCK_PROCESS_CPUTIME_ID) - began;
}

static void
measure(int cells, rpm_control *control, double per_cell[GROUPS + 1])
{
	const rpm_cell_grid grid = {0, cells * CELL_M, CELL_M, CELL_M, cells, cells};
	rpm_feature_antenna antenna = {.antenna = {.position = {cells * CELL_M / 2, cells * CELL_M / 2, 0}, .frequency_hz = 2.6e9,
		.pattern = rpm_pattern_default(RPM_PATTERN_TR38901)}, .height_m = 25, .rs_power_dbm = 15, .receiver_height_m = 1.5};
	float	   *values = calloc((size_t) cells * cells * MOST, sizeof(float));
	double		count = (double) cells * cells,
				drawing;
	rpm_environment environment;
	rpm_status	status;
	bool		first = per_cell[0] == 0;

	rpm_status_clear(&status);
	if (values == NULL || rpm_environment_create(&grid, control, &environment, &status) != RPM_OK)
		exit(1);
	drawing = draw_town(&environment, cells);
	if (first)
		per_cell[GROUPS] = drawing / count;
	printf("%-18s %5d %10.2f ms %13s %8.2f\n", "drawing", cells, drawing, "", drawing / count / per_cell[GROUPS]);
	for (int g = 0; g < GROUPS; g++)
	{
		double		least = INFINITY,
					least_clock = INFINITY;

		for (int run = 0; run < RUNS; run++)
		{
			double		began = clock_ms(CLOCK_PROCESS_CPUTIME_ID),
						began_clock = clock_ms(CLOCK_MONOTONIC);

			if (rpm_features(&environment, &antenna, groups[g].channels, groups[g].count, control, values, &status) != RPM_OK)
				exit(1);
			least = fmin(least, clock_ms(CLOCK_PROCESS_CPUTIME_ID) - began);
			least_clock = fmin(least_clock, clock_ms(CLOCK_MONOTONIC) - began_clock);
		}
		if (first)
			per_cell[g] = least / count;
		printf("%-18s %5d %10.2f ms %10.2f ms %8.2f\n", groups[g].name, cells, least, least_clock, least / count / per_cell[g]);
	}
	rpm_environment_free(&environment);
	free(values);
}

int
main(int count, char **arguments)
{
	rpm_control control = {.threads = count > 1 ? atoi(arguments[1]) : 1};
	double		per_cell[GROUPS + 1] = {0};

	printf("%-18s %5s %13s %13s %8s\n", "channels", "cells", "processor", "clock", "per cell");
	for (int cells = 128; cells <= 1024; cells *= 2)
		measure(cells, &control, per_cell);
	return 0;
}
