/*
 * compare_maps.c: our radio maps of Munich beside those of an independent tracer.
 *
 * Usage: compare_maps munich.csv FOLDER NAME...  FOLDER holds NAME.1 (path gain, dB) and NAME.2 (its standard error, dB), each
 * 242 x 296 little-endian floats, north-up, -9999 where there is no value.  Set-up as in the maps' own description: 3.5 GHz,
 * TR 38.901 element at (691704.5, 5334744.0, 27.0) looking east, depth 5, receivers at 1.5 m, sums of powers over whole cells.
 *
 * Compared: cells above -130 dB in either map whose reference has a standard error of at most 0.3 dB; below the level both
 * are taken at the level, and a cell that is above it in only one map is named false (ours) or missed (theirs).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rpm_em.h"
#include "rpm_scene_file.h"
#include "rpm_trace.h"
#include "reference_wedge.h"

#define COLUMNS 296
#define ROWS 242
#define EDGES_FILE "munich_welded_edges.csv"
#define CELLS (COLUMNS * ROWS)
#define WEST 690888.14955
#define NORTH 5335242.21725
#define CELL_M 5.0
#define LEVEL_DB (-130.0)
#define ERROR_LIMIT_DB 0.3
#define MEAN_LIMIT_DB 0.2

typedef struct comparison
{
	const char *name;
	unsigned	mechanisms;
	bool		welded;			/* walls and roof of a name are one surface, all of concrete */
	double		scattering;
	int64_t		rays;
	int			points;			/* per cell side */
	double		rmse_limit_db;	/* to be reached, with |mean| <= MEAN_LIMIT_DB; 0: shown, not judged */
	bool		found_edges;	/* at the edges that the reference found */
} comparison;

#define SPECULAR (RPM_LINE_OF_SIGHT | RPM_REFLECTION)

static const comparison comparisons[] = {
	{"specular", SPECULAR, false, 0, 20000000, 8, 0.5, false},
	{"specular_refraction", SPECULAR | RPM_REFRACTION, false, 0, 10000000, 8, 1.0, false},
	{"specular_diffuse", SPECULAR | RPM_SCATTERING, false, 0.3, 10000000, 8, 1.5, false},
	{"specular_diffraction", SPECULAR | RPM_DIFFRACTION, false, 0, 10000000, 8, 1.5, false},
	{"welded_diffraction_peer", RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, true, 0, 0, 8, 1.5, true},
	{"welded_diffraction", RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, true, 0, 0, 8, 0, false},
	{"welded_specular_diffraction", SPECULAR | RPM_DIFFRACTION, true, 0, 10000000, 8, 0, false},
};

typedef enum verdict { REACHED, SHORT, SHOWN } verdict;

static float reference[CELLS], reference_error[CELLS];
static double gain[CELLS], error[CELLS];

static bool read_band(const char *folder, const char *name, int band, float *values);
static bool trace(const comparison *c, int wedge_mode, const char *scene_file, const char *folder, double *seconds);
static verdict compare(const comparison *c, const char *scene_file, const char *folder);
static verdict judge(const comparison *c, const char *what, double seconds);

int main(int count, char **arguments)
{
	int			verdicts[3] = {0, 0, 0};

	if (count < 4)
	{
		fprintf(stderr, "usage: compare_maps munich.csv FOLDER NAME...\n");
		return 2;
	}
	printf("%-48s %6s %8s %7s %6s %6s %8s %7s\n", "map", "cells", "mean dB", "RMSE dB", "false", "missed", "rays", "seconds");
	for (int i = 3; i < count; i++)
		for (size_t k = 0; k < sizeof comparisons / sizeof *comparisons; k++)
		{
			comparison	c = comparisons[k];

			if (strcmp(c.name, arguments[i]) != 0)
				continue;
			if (getenv("RPM_COMPARE_RAYS"))
				c.rays = (int64_t) atof(getenv("RPM_COMPARE_RAYS"));
			if (getenv("RPM_COMPARE_POINTS"))
				c.points = atoi(getenv("RPM_COMPARE_POINTS"));
			if (read_band(arguments[2], c.name, 1, reference) && read_band(arguments[2], c.name, 2, reference_error))
				verdicts[compare(&c, arguments[1], arguments[2])]++;
			else
				verdicts[SHORT]++;
		}
	printf("reference maps: %d passed, %d failed, 0 skipped\n", verdicts[REACHED], verdicts[SHORT]);
	return verdicts[SHORT] > 0;
}

static bool
read_band(const char *folder, const char *name, int band, float *values)
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

/*
 * One map; where diffraction is in it, with the reference's coefficients and, where the map is that of the edges it found, at these.
 * RPM_COMPARE_ALL=1 shows more lines for those: by our own definitions.
 */
static verdict
compare(const comparison *c, const char *scene_file, const char *folder)
{
	bool		diffraction = (c->mechanisms & RPM_DIFFRACTION) != 0, all = diffraction && getenv("RPM_COMPARE_ALL") != NULL;
	double		seconds;

	if (all && trace(c, REFERENCE_WEDGE_OURS, scene_file, folder, &seconds))
		judge(c, " our coefficients", seconds);
	if (all && c->found_edges && trace(c, REFERENCE_WEDGE_THEIRS, scene_file, folder, &seconds))
		judge(c, " their coefficients", seconds);
	if (!trace(c, !diffraction ? REFERENCE_WEDGE_OURS : c->found_edges ? REFERENCE_WEDGE_FOUND : REFERENCE_WEDGE_THEIRS, scene_file, folder, &seconds))
		return SHORT;
	return judge(c, !diffraction ? "" : c->found_edges ? " their edges too" : " their coefficients", seconds);
}

static verdict
judge(const comparison *c, const char *what, double seconds)
{
	double		sum = 0, sum2 = 0, mean, rmse;
	int			cells = 0, missed = 0, wrong = 0;
	verdict		result;

	for (int i = 0; i < CELLS; i++)
	{
		double		ours = gain[i] > 0 ? 10 * log10(gain[i]) : -1000, theirs = reference[i], difference;

		if ((ours <= LEVEL_DB && theirs <= LEVEL_DB) || (theirs > -9000 && !(reference_error[i] <= ERROR_LIMIT_DB)))
			continue;
		wrong += theirs <= LEVEL_DB;
		/* Its few maps reach a far cell by two rays in all: one without any has no standard error. */
		if (c->found_edges && theirs < -9000)
			continue;
		missed += ours <= LEVEL_DB;
		difference = fmax(ours, LEVEL_DB) - fmax(theirs, LEVEL_DB);
		sum += difference;
		sum2 += difference * difference;
		cells++;
	}
	mean = cells > 0 ? sum / cells : NAN;
	rmse = cells > 0 ? sqrt(sum2 / cells) : NAN;
	result = c->rmse_limit_db == 0 ? SHOWN : fabs(mean) <= MEAN_LIMIT_DB && rmse <= c->rmse_limit_db ? REACHED : SHORT;
	printf("%-28s%-20s %6d %8.3f %7.3f %6d %6d %8.1e %7.1f%s\n", c->name, what, cells, mean, rmse, wrong, missed, (double) c->rays, seconds,
		   result == SHORT ? "  beyond the limits" : result == SHOWN ? "  shown only" : "");
	fflush(stdout);
	return result;
}

/* Traces the map into gain and error. */
static bool
trace(const comparison *c, int wedge_mode, const char *scene_file, const char *folder, double *seconds)
{
	char		edges[4096];
	rpm_status	status;
	rpm_control control = {.threads = 0};
	rpm_map		map = {gain, error, 0, 0};
	rpm_trace_options options;
	rpm_antenna antenna;
	rpm_grid	grid;
	rpm_scene_options scene_options;
	rpm_scene  *scene = NULL;
	rpm_query  *query = NULL;
	struct timespec begin, end;
	rpm_code	code;

	rpm_status_clear(&status);
	rpm_scene_options_default(&scene_options);
	scene_options.ground_material = -1;
	code = rpm_scene_file_read(scene_file, 3.5e9, &scene_options, c->welded ? RPM_WELD_NAME : RPM_WELD_ROW,
							   c->welded ? "concrete" : NULL, &control, &scene, &status);
	for (size_t i = 0; code == RPM_OK && i < scene->material_count; i++)
		scene->materials[i].scattering_coefficient = c->scattering;
	if (code == RPM_OK)
		code = rpm_query_create(scene, RPM_QUERY_BEST, &control, &query, &status);
	if (code == RPM_OK)
	{
		memset(&antenna, 0, sizeof antenna);
		antenna.position = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]);
		antenna.frequency_hz = 3.5e9;
		antenna.grid_azimuth_rad = RPM_PI / 2;
		antenna.pattern = rpm_pattern_default(RPM_PATTERN_TR38901);
		grid = (rpm_grid) {WEST - scene->origin[0], NORTH - scene->origin[1], CELL_M, CELL_M, COLUMNS, ROWS, 1.5};
		rpm_trace_options_default(&options);
		options.mechanisms = c->mechanisms;
		options.max_depth = 5;
		options.samples = c->rays;
		options.sum = RPM_SUM_POWER;
		options.cell_average = RPM_AVERAGE_CELL;
		options.cell_samples = c->points;
		reference_wedge_mode(wedge_mode);
		snprintf(edges, sizeof edges, "%s/%s", folder, EDGES_FILE);
		if (wedge_mode == REFERENCE_WEDGE_FOUND
			&& reference_wedge_read(edges, rpm_vec(691696 - scene->origin[0], 5334723 - scene->origin[1], -scene->origin[2])) == 0)
			code = rpm_fail(&status, RPM_INVALID_ARGUMENT, NULL, "no edges in %s", edges);
	}
	if (code == RPM_OK)
	{
		clock_gettime(CLOCK_MONOTONIC, &begin);
		code = rpm_trace_map(scene, query, &antenna, &grid, &options, &control, &map, &status);
		clock_gettime(CLOCK_MONOTONIC, &end);
		*seconds = (double) (end.tv_sec - begin.tv_sec) + (double) (end.tv_nsec - begin.tv_nsec) * 1e-9;
	}
	if (code != RPM_OK)
		printf("%s: %s\n", c->name, status.message);
	rpm_query_free(query);
	rpm_scene_free(scene);
	return code == RPM_OK;
}
