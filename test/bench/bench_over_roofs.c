/*
 * bench_over_roofs.c: one antenna in Munich without what comes over and around buildings, and with more and more of it: processor seconds, cells
 * outdoors without a level, and how far the map is from the one before. Defaults but for depth 5; cells of 5 m.
 *
 *   build/bench/bench_over_roofs [FOLDER]      the first two maps into FOLDER (docs/pictures/make_over_roofs_picture.sh draws them)
 *
 * Run from the top of the source; needs xz.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "munich_grid.h"
#include "munich_scene.h"
#include "rpm_pattern.h"
#include "rpm_trace.h"

#define NODATA (-9999.0f)

static const struct
{
	const char *name;
	unsigned	mechanisms;
}			maps[] = {
	{"without", RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION},
	{"over_roofs", RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION | RPM_OVER_ROOFS},
	{"around_corners", RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_AROUND_CORNERS},
	{"roof_reflection", RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_ROOF_REFLECTION},
	{"both of them", RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION},
};

#define MAPS ((int) (sizeof(maps) / sizeof(maps[0])))

static double gain[MAPS][CELLS];

static bool
trace(const rpm_scene *scene, const rpm_query *query, unsigned mechanisms, double *values, rpm_status *status)
{
	static double error[CELLS];
	rpm_map		map = {values, error, 0, 0};
	rpm_grid	grid = {WEST - scene->origin[0], NORTH - scene->origin[1], CELL_M, CELL_M, COLUMNS, ROWS, 1.5};
	rpm_antenna antenna = {.position = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]),
		.frequency_hz = MUNICH_FREQUENCY_HZ, .grid_azimuth_rad = RPM_PI / 2, .pattern = rpm_pattern_default(RPM_PATTERN_TR38901)};
	rpm_trace_options options;

	rpm_trace_options_default(&options);
	options.mechanisms = mechanisms;
	options.max_depth = 5;
	return rpm_trace_map(scene, query, &antenna, &grid, &options, NULL, &map, status) == RPM_OK;
}

/* NaN is indoors, 0 no level. */
static void
report(int number, double seconds)
{
	int			outdoors = 0,
				empty = 0,
				changed = 0;
	double		sum_db = 0;

	for (int i = 0; i < CELLS; i++)
	{
		double		before = gain[number > 1 ? 1 : 0][i],
					now = gain[number][i];

		outdoors += !isnan(now);
		empty += now == 0;
		if (number == 0 || !(before > 0) || !(now > 0))
			continue;
		changed += fabs(10 * log10(now / before)) > 1;
		sum_db += fabs(10 * log10(now / before));
	}
	printf("%-16s %8.2f %9d %9d %14d %11.3f\n", maps[number].name, seconds, outdoors, empty, changed, sum_db / (outdoors - empty));
}

static bool
write_map(const char *folder, int number)
{
	char		path[4096];
	FILE	   *file;
	bool		written = true;

	snprintf(path, sizeof(path), "%s/%s", folder, maps[number].name);
	file = fopen(path, "wb");
	if (file == NULL)
		return false;
	for (int i = 0; i < CELLS && written; i++)
	{
		double		value = gain[number][i];
		float		level = isnan(value) ? NAN : value > 0 ? (float) (10 * log10(value)) : NODATA;

		written = fwrite(&level, sizeof(level), 1, file) == 1;
	}
	return fclose(file) == 0 && written;
}

int
main(int count, char **arguments)
{
	rpm_scene  *scene = munich_scene(RPM_WELD_NAME, "concrete");
	rpm_query  *query = NULL;
	rpm_status	status;
	int			wanted = count > 1 ? 2 : MAPS;

	rpm_status_clear(&status);
	if (scene == NULL || rpm_query_create(scene, RPM_QUERY_BEST, NULL, &query, &status) != RPM_OK)
		return 1;
	printf("%-16s %8s %9s %9s %14s %11s\n", "with", "seconds", "outdoors", "no level", "more than 1 dB", "mean, dB");
	for (int i = 0; i < wanted; i++)
	{
		double		began = processor_s();

		if (!trace(scene, query, maps[i].mechanisms, gain[i], &status))
		{
			printf("%s\n", status.message);
			return 1;
		}
		report(i, processor_s() - began);
		if (count > 1 && !write_map(arguments[1], i))
			return 1;
	}
	rpm_query_free(query);
	rpm_scene_free(scene);
	return 0;
}
