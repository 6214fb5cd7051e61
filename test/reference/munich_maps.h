/*
 * munich_maps.h: the set-up of the reference maps of Munich, and our maps in it.
 *
 * 3.5 GHz, TR 38.901 element at (691704.5, 5334744.0, 27.0) looking east, depth 5, cells of 5 m at 1.5 m, sums of powers over whole cells.
 * For programs that hold reference_wedge.c and reference_party_wall.c too.
 */
#ifndef RPM_TEST_MUNICH_MAPS_H
#define RPM_TEST_MUNICH_MAPS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rpm_em.h"
#include "rpm_scene_file.h"
#include "rpm_trace.h"
#include "reference_wedge.h"
#include "../unit/munich_grid.h"

#define EDGES_FILE "munich_welded_edges.csv"

#define SPECULAR (RPM_LINE_OF_SIGHT | RPM_REFLECTION)

typedef struct munich_map
{
	unsigned	mechanisms;
	bool		welded;			/* walls and roof of a name are one surface, all of concrete */
	double		scattering;
	int64_t		rays;
	int			points;			/* per cell side */
	uint64_t	seed;			/* 0: the default's */
} munich_map;

/* FOLDER/NAME.BAND: CELLS little-endian floats, north-up, -9999 where there is no value. */
static inline bool
munich_read_band(const char *folder, const char *name, int band, float *values)
{
	char		path[4096];
	FILE	   *file;
	size_t		got;

	snprintf(path, sizeof path, "%s/%s.%d", folder, name, band);
	file = fopen(path, "rb");
	if (file == NULL)
	{
		printf("cannot open %s\n", path);
		return false;
	}
	got = fread(values, sizeof *values, CELLS, file);
	fclose(file);
	if (got != CELLS)
		printf("%s holds %zu values, not %d\n", path, got, CELLS);
	return got == CELLS;
}

static inline double
munich_seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static inline rpm_code
munich_scene_of(const munich_map *map, const char *scene_file, rpm_control *control, rpm_scene **scene, rpm_query **query, rpm_status *status)
{
	rpm_scene_options options;
	rpm_code	code;

	rpm_scene_options_default(&options);
	options.ground_material = -1;
	code = rpm_scene_file_read(scene_file, 3.5e9, &options, map->welded ? RPM_WELD_NAME : RPM_WELD_ROW, map->welded ? "concrete" : NULL,
							   control, scene, status);
	for (size_t i = 0; code == RPM_OK && i < (*scene)->material_count; i++)
		(*scene)->materials[i].scattering_coefficient = map->scattering;
	if (code == RPM_OK)
		code = rpm_query_create(*scene, RPM_QUERY_BEST, control, query, status);
	return code;
}

/* One map, gain and error of CELLS each; seconds: by the clock and of the processors. */
static inline rpm_code
munich_trace(const munich_map *map, const rpm_scene *scene, const rpm_query *query, rpm_control *control, double *gain, double *error,
			 double seconds[2], rpm_status *status)
{
	rpm_map		result = {gain, error, 0, 0};
	rpm_grid	grid = {WEST - scene->origin[0], NORTH - scene->origin[1], CELL_M, CELL_M, COLUMNS, ROWS, 1.5};
	rpm_trace_options options;
	rpm_antenna antenna;
	rpm_code	code;

	memset(&antenna, 0, sizeof antenna);
	antenna.position = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]);
	antenna.frequency_hz = 3.5e9;
	antenna.grid_azimuth_rad = RPM_PI / 2;
	antenna.pattern = rpm_pattern_default(RPM_PATTERN_TR38901);
	rpm_trace_options_default(&options);
	options.mechanisms = map->mechanisms;
	options.max_depth = 5;
	options.samples = map->rays;
	options.sum = RPM_SUM_POWER;
	options.cell_average = RPM_AVERAGE_CELL;
	options.cell_samples = map->points;
	if (map->seed > 0)
		options.seed = map->seed;
	seconds[0] = munich_seconds(CLOCK_MONOTONIC);
	seconds[1] = munich_seconds(CLOCK_PROCESS_CPUTIME_ID);
	code = rpm_trace_map(scene, query, &antenna, &grid, &options, control, &result, status);
	seconds[0] = munich_seconds(CLOCK_MONOTONIC) - seconds[0];
	seconds[1] = munich_seconds(CLOCK_PROCESS_CPUTIME_ID) - seconds[1];
	return code;
}

#endif
