/*
 * bench_growth.c: how the time of a scene and of its maps grows with triangles, antennas, cells, depth and threads.
 *
 * Usage: bench_growth [LARGEST [SERIES]]
 * LARGEST: share of the full sizes, 1 (default) to 0.001: 1e6 triangles, 1000 antennas, 1e7 cells.  Maps are made of towns up to 1e5 triangles.
 * SERIES: triangles, antennas, cells, depth or threads; default all.
 *
 * Processor time, but for threads; the exponent is that of the power law fitted through all sizes by least squares of logarithms, the last one's
 * that between the two largest.  The most memory that the program has held so far is printed behind each series.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "city.h"
#include "rpm_em.h"
#include "rpm_trace.h"

#define PITCH_M 40.0
#define TRIANGLES_OF_A_HOUSE 10
#define SIZES_MAX 16
#define TOWN_SIDE 32			/* houses: but for the series of triangles */
#define MAP_TRIANGLES 1e5
#define MAP_SIDE_M 1000.0

typedef struct series
{
	const char *name;
	int			count;
	double		size[SIZES_MAX], seconds[SIZES_MAX];
} series;

typedef struct town { rpm_scene *scene; rpm_query *query; int side; } town;

/* A map: columns x columns cells over MAP_SIDE_M, of each of so many antennas. */
typedef struct map_case
{
	int			antennas, columns, depth, points;
	int64_t		rays;
	int			threads;
	clockid_t	clock;
} map_case;

static double now(clockid_t clock);
static bool wanted(const char *series);
static bool town_build(int side, town *t);
static void town_free(town *t);
static double map_seconds(const town *t, map_case c);
static void note(series *s, double size, double seconds);
static void finish(const series *s);
static void by_triangles(double largest);
static void by_antennas(const town *t, double largest);
static void by_cells(const town *t, double largest);
static void by_depth(const town *t);
static void by_threads(const town *t);

static const char *only;		/* NULL: all series */

int
main(int count, char **arguments)
{
	double		share = count > 1 ? atof(arguments[1]) : 1;
	town		t;

	only = count > 2 ? arguments[2] : NULL;
	printf("%ld cores\n", sysconf(_SC_NPROCESSORS_ONLN));
	if (wanted("triangles"))
		by_triangles(fmax(1e6 * share, 1e3));
	if (!town_build(TOWN_SIDE, &t))
		return 1;
	if (wanted("antennas"))
		by_antennas(&t, fmax(1000 * share, 1));
	if (wanted("cells"))
		by_cells(&t, fmax(1e7 * share, 1e4));
	if (wanted("depth"))
		by_depth(&t);
	if (wanted("threads"))
		by_threads(&t);
	town_free(&t);
	return 0;
}

static bool
wanted(const char *name)
{
	return only == NULL || strcmp(only, name) == 0;
}

static void
by_triangles(double largest)
{
	series		build = {.name = "triangles: scene and hierarchy"}, map = {.name = "triangles: map of 100 x 100 cells"};

	for (double size = 1e3; size <= 1.01 * largest; size *= sqrt(10))
	{
		town		t;
		double		begin = now(CLOCK_PROCESS_CPUTIME_ID);

		if (!town_build((int) ceil(sqrt(size / TRIANGLES_OF_A_HOUSE)), &t))
			exit(1);
		note(&build, (double) t.scene->triangle_count, now(CLOCK_PROCESS_CPUTIME_ID) - begin);
		if (size <= 1.01 * MAP_TRIANGLES)
			note(&map, (double) t.scene->triangle_count, map_seconds(&t, (map_case) {1, 100, 3, 2, 50000, 0, CLOCK_PROCESS_CPUTIME_ID}));
		town_free(&t);
	}
	finish(&build);
	finish(&map);
}

static void
by_antennas(const town *t, double largest)
{
	series		s = {.name = "antennas: maps of 20 x 20 cells"};

	for (int n = 1; n <= largest; n *= 10)
		note(&s, n, map_seconds(t, (map_case) {n, 20, 2, 1, 1000, 0, CLOCK_PROCESS_CPUTIME_ID}));
	finish(&s);
}

static void
by_cells(const town *t, double largest)
{
	series		s = {.name = "cells, one point each"};

	for (double cells = 1e4; cells <= 1.01 * largest; cells *= 10)
	{
		int			side = (int) round(sqrt(cells));

		note(&s, (double) side * side, map_seconds(t, (map_case) {1, side, 2, 1, 20000, 0, CLOCK_PROCESS_CPUTIME_ID}));
	}
	finish(&s);
}

static void
by_depth(const town *t)
{
	series		s = {.name = "depth"};

	for (int d = 1; d <= 10; d = d < 3 ? d + 1 : d < 5 ? 5 : 2 * d)
		note(&s, d, map_seconds(t, (map_case) {1, 50, d, 2, 400000, 0, CLOCK_PROCESS_CPUTIME_ID}));
	finish(&s);
}

static void
by_threads(const town *t)
{
	series		s = {.name = "threads, by the clock"};

	for (int n = 1; n <= sysconf(_SC_NPROCESSORS_ONLN); n *= 2)
		note(&s, n, map_seconds(t, (map_case) {1, 200, 3, 2, 200000, n, CLOCK_MONOTONIC}));
	finish(&s);
}

/* side x side houses of several sizes, on a flat ground. */
static bool
town_build(int side, town *t)
{
	rpm_scene_options options;
	rpm_status	status = {0};
	rpm_scene_builder *builder;
	rpm_code	code;
	uint32_t	draw = 1;

	*t = (town) {.side = side};
	rpm_scene_options_default(&options);
	options.ground_material = 2;
	builder = city_builder(&options, &status);
	code = builder != NULL ? RPM_OK : status.code;
	for (int i = 0; i < side * side && code == RPM_OK; i++)
	{
		double		x = i % side * PITCH_M, y = i / side * PITCH_M, width, depth;
		char		wkt[300];
		city_row	row = {.id = i + 1, .wkt = wkt};

		draw = draw * 1664525 + 1013904223;
		width = 15 + (draw >> 24) % 16;
		depth = 15 + (draw >> 16) % 16;
		row.height_m = 8 + (draw >> 8) % 18;
		snprintf(wkt, sizeof wkt, "POLYGON((%g %g, %g %g, %g %g, %g %g, %g %g))", x, y, x + width, y, x + width, y + depth, x, y + depth, x, y);
		code = city_add(builder, &row, &status);
	}
	if (code == RPM_OK)
		code = rpm_scene_builder_finish(builder, &t->scene, &status);
	rpm_scene_builder_free(builder);
	if (code == RPM_OK)
		code = rpm_query_create(t->scene, RPM_QUERY_BEST, NULL, &t->query, &status);
	if (code != RPM_OK)
		fprintf(stderr, "%s\n", status.message);
	return code == RPM_OK;
}

static void
town_free(town *t)
{
	rpm_query_free(t->query);
	rpm_scene_free(t->scene);
}

/* Antennas in the streets and above the roofs in turn, the map about the middle. */
static double
map_seconds(const town *t, map_case c)
{
	double	   *gain = malloc((size_t) c.columns * (size_t) c.columns * sizeof(double)), middle = t->side / 2 * PITCH_M;
	double		cell_m = MAP_SIDE_M / c.columns, begin;
	rpm_grid	grid = {middle - MAP_SIDE_M / 2, middle + MAP_SIDE_M / 2, cell_m, cell_m, c.columns, c.columns, 1.5};
	rpm_control control = {.threads = c.threads};
	rpm_status	status = {0};
	rpm_trace_options options;
	rpm_map		map = {gain, NULL, 0, 0};

	if (gain == NULL)
		exit(1);
	rpm_trace_options_default(&options);
	options.max_depth = c.depth;
	options.samples = c.rays;
	options.cell_samples = c.points;
	begin = now(c.clock);
	for (int i = 0; i < c.antennas; i++)
	{
		rpm_antenna antenna;

		memset(&antenna, 0, sizeof antenna);
		antenna.position = rpm_vec(middle - 3, middle - 3 + i % 7 * PITCH_M, i % 2 ? 10 : 30);
		antenna.frequency_hz = 3.5e9;
		antenna.pattern = rpm_pattern_default(RPM_PATTERN_ISOTROPIC);
		if (rpm_trace_map(t->scene, t->query, &antenna, &grid, &options, &control, &map, &status) != RPM_OK)
		{
			fprintf(stderr, "%s\n", status.message);
			exit(1);
		}
	}
	begin = now(c.clock) - begin;
	free(gain);
	return begin;
}

static double
now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double) time.tv_sec + (double) time.tv_nsec * 1e-9;
}

static void
note(series *s, double size, double seconds)
{
	if (s->count == SIZES_MAX)
		return;
	s->size[s->count] = size;
	s->seconds[s->count++] = seconds;
	fprintf(stderr, "%s %.3g: %.2f s\n", s->name, size, seconds);
}

static void
finish(const series *s)
{
	double		x = 0, y = 0, xx = 0, xy = 0;
	int			n = s->count;
	struct rusage usage;

	printf("%-34s", s->name);
	for (int i = 0; i < n; i++)
	{
		double		a = log(s->size[i]), b = log(s->seconds[i]);

		x += a;
		y += b;
		xx += a * a;
		xy += a * b;
		printf(" %.3g: %.2f s", s->size[i], s->seconds[i]);
	}
	if (n > 1)
		printf("  exponent %.2f, last %.2f", (n * xy - x * y) / (n * xx - x * x),
			   log(s->seconds[n - 1] / s->seconds[n - 2]) / log(s->size[n - 1] / s->size[n - 2]));
	getrusage(RUSAGE_SELF, &usage);
	printf("  %ld MB\n", usage.ru_maxrss / 1024);
	fflush(stdout);
}
