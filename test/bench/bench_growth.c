/*
 * bench_growth.c: how the time of a scene and of its maps grows with triangles, antennas, cells, depth and threads.
 *
 * Usage: bench_growth [TRIANGLES]   (default 100000, the largest made-up city; 1000000 takes some minutes)
 *
 * Processor time, but for threads; the exponent is that of the power law fitted through all sizes by least squares of logarithms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "city.h"
#include "rpm_em.h"
#include "rpm_trace.h"

#define PITCH_M 40.0
#define TRIANGLES_OF_A_HOUSE 10
#define SIZES_MAX 16

typedef struct series
{
	const char *name;
	int			count;
	double		size[SIZES_MAX], seconds[SIZES_MAX];
} series;

typedef struct town { rpm_scene *scene; rpm_query *query; int side; } town;

static double now(clockid_t clock);
static bool town_build(int side, town *t);
static void town_free(town *t);
static double map_seconds(const town *t, int antennas, int columns, int depth, int64_t rays, int threads, clockid_t clock);
static void note(series *s, double size, double seconds);
static void finish(const series *s);
static void by_triangles(double largest);

int
main(int count, char **arguments)
{
	town		t;
	series		antennas = {.name = "antennas"}, cells = {.name = "cells"}, depth = {.name = "depth"}, threads = {.name = "threads, by the clock"};
	long		cores = sysconf(_SC_NPROCESSORS_ONLN);

	printf("%ld cores\n", cores);
	by_triangles(count > 1 ? atof(arguments[1]) : 1e5);
	if (!town_build(32, &t))
		return 1;
	for (int n = 1; n <= 16; n *= 4)
		note(&antennas, n, map_seconds(&t, n, 50, 3, 20000, 0, CLOCK_PROCESS_CPUTIME_ID));
	finish(&antennas);
	for (int side = 50; side <= 800; side *= 2)
		note(&cells, (double) side * side, map_seconds(&t, 1, side, 3, 20000, 0, CLOCK_PROCESS_CPUTIME_ID));
	finish(&cells);
	for (int d = 1; d <= 10; d = d < 3 ? d + 1 : d < 5 ? 5 : 2 * d)
		note(&depth, d, map_seconds(&t, 1, 50, d, 400000, 0, CLOCK_PROCESS_CPUTIME_ID));
	finish(&depth);
	for (int n = 1; n <= cores; n *= 2)
		note(&threads, n, map_seconds(&t, 1, 200, 3, 200000, n, CLOCK_MONOTONIC));
	finish(&threads);
	town_free(&t);
	return 0;
}

static void
by_triangles(double largest)
{
	series		build = {.name = "triangles: scene and hierarchy"}, map = {.name = "triangles: map of 100 x 100 cells"};

	for (double wanted = 1e3; wanted <= 1.01 * largest; wanted *= sqrt(10))
	{
		town		t;
		double		begin = now(CLOCK_PROCESS_CPUTIME_ID);

		if (!town_build((int) ceil(sqrt(wanted / TRIANGLES_OF_A_HOUSE)), &t))
			exit(1);
		note(&build, (double) t.scene->triangle_count, now(CLOCK_PROCESS_CPUTIME_ID) - begin);
		note(&map, (double) t.scene->triangle_count, map_seconds(&t, 1, 100, 3, 100000, 0, CLOCK_PROCESS_CPUTIME_ID));
		town_free(&t);
	}
	finish(&build);
	finish(&map);
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

/* Maps of antennas in the streets and above the roofs in turn, cells of 5 m about the middle. */
static double
map_seconds(const town *t, int antennas, int columns, int depth, int64_t rays, int threads, clockid_t clock)
{
	double	   *gain = malloc((size_t) columns * (size_t) columns * sizeof(double)), middle = t->side / 2 * PITCH_M, begin;
	rpm_grid	grid = {middle - columns * 2.5, middle + columns * 2.5, 5, 5, columns, columns, 1.5};
	rpm_control control = {.threads = threads};
	rpm_status	status = {0};
	rpm_trace_options options;
	rpm_map		map = {gain, NULL, 0, 0};

	if (gain == NULL)
		exit(1);
	rpm_trace_options_default(&options);
	options.max_depth = depth;
	options.samples = rays;
	begin = now(clock);
	for (int i = 0; i < antennas; i++)
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
	begin = now(clock) - begin;
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
}

static void
finish(const series *s)
{
	double		x = 0, y = 0, xx = 0, xy = 0;

	printf("%-34s", s->name);
	for (int i = 0; i < s->count; i++)
	{
		double		a = log(s->size[i]), b = log(s->seconds[i]);

		x += a;
		y += b;
		xx += a * a;
		xy += a * b;
		printf(" %.3g: %.2f s", s->size[i], s->seconds[i]);
	}
	if (s->count > 1)
		printf("  exponent %.2f", (s->count * xy - x * y) / (s->count * xx - x * x));
	printf("\n");
	fflush(stdout);
}
