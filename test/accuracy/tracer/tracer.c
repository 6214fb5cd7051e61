/*
 * tracer.c: the uncalibrated radio map against measured levels, without and with what comes over roofs, and around corners and by a
 * reflection too (test/accuracy/run_tracer).
 *
 * Buildings are blocks from the heights at 5 m; nothing is fitted but one offset per antenna, which RMSE needs.  Compared are measured pixels
 * outdoors.  A cell without a level counts as the lowest level of its map at a measured pixel.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "blocks.h"
#include "rpm_em.h"
#include "rpm_trace.h"

#define MAP_CELL_M 20.0			/* unless another multiple of CELL_M is asked for */
#define MAP_SIDE_MOST 512
#define AREAS 14
#define VARIANTS 3
#define BASE (RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION)

static const struct variant
{
	const char *name;
	unsigned	mechanisms;
}			variants[VARIANTS] = {
	{"without", BASE},
	{"over roofs", BASE | RPM_OVER_ROOFS},
	{"and around corners, with a reflection", BASE | RPM_OVER_ROOFS | RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION}
};

typedef struct score
{
	int			antennas;
	double		pcc, rmse, valued;
} score;

static double map_cell_m = MAP_CELL_M;
static int	map_side;

static bool compare(const chengdu *data, int number, FILE *raster, score (*by_area)[VARIANTS]);
static void judge(const chengdu *data, int number, const block_tile *t, const double *gain, score *sum);
static bool coprime(int a, int b);
static void print_row(const char *name, const score *s);

int
main(int argc, char **argv)
{
	int			wanted = argc > 3 ? atoi(argv[3]) : 13, done = 0, step = (int) (0.618 * wanted);
	double		minutes = argc > 4 && atof(argv[4]) > 0 ? atof(argv[4]) : INFINITY;
	time_t		begin = time(NULL);
	static score by_area[AREAS + 1][VARIANTS];
	FILE	   *raster = argc > 2 ? fopen(argv[2], "rb") : NULL;
	chengdu		data;

	if (raster == NULL || !chengdu_read(argv[1], &data))
		return 1;
	if (argc > 5)
		map_cell_m = atof(argv[5]);
	map_side = (int) (2 * TILE_HALF_M / map_cell_m);
	if (map_side < 1 || map_side > MAP_SIDE_MOST)
		return 1;
	/* All over the list from the first ones on, should the time not suffice for all. */
	while (step > 1 && !coprime(step, wanted))
		step--;
	for (int i = 0; i < wanted && difftime(time(NULL), begin) < 60 * minutes; i++)
	{
		int			a = (int) (((long) i * step % wanted + 0.5) * data.antenna_count / wanted);

		/* The next one with enough pixels. */
		while (a < data.antenna_count && data.begin[a + 1] - data.begin[a] < FEWEST_PIXELS)
			a++;
		if (a < data.antenna_count && compare(&data, a, raster, by_area))
		{
			const score *all = by_area[AREAS];

			done++;
			fprintf(stderr, "%d of %d, area %d: %.4f, %.4f, %.4f so far\n", done, wanted, data.antennas[a].area, all[0].pcc / done, all[1].pcc / done,
					all[2].pcc / done);
		}
	}
	printf("| area | antennas |");
	for (int v = 0; v < VARIANTS; v++)
		printf(" %s: PCC, RMSE, pixels with a level |", variants[v].name);
	printf("\n|---|---|---|---|---|\n");
	for (int area = 0; area < AREAS; area++)
	{
		char		name[16];

		snprintf(name, sizeof(name), "%d", area);
		print_row(name, by_area[area]);
	}
	print_row("all", by_area[AREAS]);
	return 0;
}

static bool
coprime(int a, int b)
{
	while (b != 0)
	{
		int			rest = a % b;

		a = b;
		b = rest;
	}
	return a == 1;
}

static void
print_row(const char *name, const score *s)
{
	if (s[0].antennas == 0)
		return;
	printf("| %s | %d |", name, s[0].antennas);
	for (int v = 0; v < VARIANTS; v++)
		printf(" %.3f, %.2f dB, %.0f %% |", s[v].pcc / s[v].antennas, s[v].rmse / s[v].antennas, 100 * s[v].valued / s[v].antennas);
	printf("\n");
}

/* Both maps of one antenna. */
static bool
compare(const chengdu *data, int number, FILE *raster, score (*by_area)[VARIANTS])
{
	static block_tile t;
	static double gain[MAP_SIDE_MOST * MAP_SIDE_MOST];
	const antenna_row *row = &data->antennas[number];
	rpm_antenna antenna = {.frequency_hz = row->frequency_mhz * 1e6, .grid_azimuth_rad = row->azimuth_deg * RPM_PI / 180,
		.electrical_tilt_rad = row->tilt_deg * RPM_PI / 180, .pattern = rpm_pattern_default(RPM_PATTERN_TR38901)};
	rpm_status	status;
	rpm_scene  *scene;
	rpm_query  *query;
	int			column, line;
	bool		good = true;

	rpm_status_clear(&status);
	if (!block_tile_read(raster, row->x_m, row->y_m, &t) || (scene = block_tile_scene(&t, &status)) == NULL)
		return false;
	if (rpm_query_create(scene, RPM_QUERY_BEST, NULL, &query, &status) != RPM_OK)
		return false;
	column = (int) ((row->x_m - t.west) / CELL_M);
	line = (int) ((row->y_m - t.south) / CELL_M);
	antenna.position = rpm_vec(row->x_m - t.west - scene->origin[0], row->y_m - t.south - scene->origin[1],
							   fmax(row->height_m, t.height[line * BLOCK_SIDE + column] + 1) - scene->origin[2]);
	for (int v = 0; v < VARIANTS && good; v++)
	{
		rpm_grid	grid = {-scene->origin[0], 2 * TILE_HALF_M - scene->origin[1], map_cell_m, map_cell_m, map_side, map_side, 1.5};
		rpm_map		map = {gain, NULL, 0, 0};
		rpm_trace_options options;

		rpm_trace_options_default(&options);
		options.mechanisms = variants[v].mechanisms;
		options.samples = 0;
		options.cell_samples = 1;
		good = rpm_trace_map(scene, query, &antenna, &grid, &options, NULL, &map, &status) == RPM_OK;
		if (good)
		{
			judge(data, number, &t, gain, &by_area[row->area][v]);
			judge(data, number, &t, gain, &by_area[AREAS][v]);
		}
		else
			fprintf(stderr, "antenna left out: %s\n", status.message);
	}
	rpm_query_free(query);
	rpm_scene_free(scene);
	return good;
}

static void
judge(const chengdu *data, int number, const block_tile *t, const double *gain, score *sum)
{
	double		lowest = INFINITY, n = 0, valued = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0, spread;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = data->begin[number]; i < data->begin[number + 1]; i++)
		{
			const pixel *p = &data->pixels[i];
			double		east = pixel_x(p) - t->west, up = pixel_y(p) - t->south, g, level, measured = p->rsrp_dbm;
			int			cell = (int) (east / CELL_M) + BLOCK_SIDE * (int) (up / CELL_M);
			int			column = (int) (east / map_cell_m), row = map_side - 1 - (int) (up / map_cell_m);

			if (east < 0 || up < 0 || east >= 2 * TILE_HALF_M || up >= 2 * TILE_HALF_M || t->height[cell] > 0)
				continue;
			g = gain[row * map_side + column];
			if (isnan(g))
				continue;
			if (pass == 0)
			{
				lowest = g > 0 ? fmin(lowest, g) : lowest;
				continue;
			}
			level = 10 * log10(g > 0 ? g : lowest);
			valued += g > 0;
			n++;
			x += level;
			y += measured;
			xx += level * level;
			yy += measured * measured;
			xy += level * measured;
		}
	if (n < 2)
		return;
	spread = (xx / n - x / n * x / n) * (yy / n - y / n * y / n);
	sum->antennas++;
	sum->pcc += spread > 0 ? (xy / n - x / n * y / n) / sqrt(spread) : 0;
	sum->rmse += sqrt(fmax(0, (xx - 2 * xy + yy) / n - pow((x - y) / n, 2)));
	sum->valued += valued / n;
}
