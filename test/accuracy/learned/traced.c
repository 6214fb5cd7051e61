/*
 * traced.c: what the tracer says at the rows of the table of extract.c, as one more column of it (test/accuracy/run_learned hybrid).
 *
 * traced FOLDER HEIGHTS TABLE MINUTES
 * Writes TABLE.traced: a float for each row, dBm; NaN where nothing could be traced, and for antennas that come after MINUTES (0: no limit). Nothing is fitted: blocks of concrete from the heights at 5 m, an antenna as a
 * panel, two reflections, one edge, over the roofs in all shadow; indoors the level outdoors less the loss that calibration begins with.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../blocks.h"
#include "../panel.h"
#include "table.h"

#define RECEIVER_M 1.5
#define ROOF_CLEARANCE_M 2.0
#define LOWEST_DBM (-180.0)

static bool trace(const table *t, size_t begin, size_t end, const antenna_row *row, FILE *raster, float *level_dbm, rpm_status *status);
static rpm_code levels_of(const rpm_calibrate_input *input, double *level_dbm, rpm_status *status);

int
main(int argc, char **argv)
{
	FILE	   *raster = argc > 4 ? fopen(argv[2], "rb") : NULL,
			   *file;
	chengdu		data;
	table		t;
	float	   *level;
	char		path[4200];
	int			antennas = 0,
				failed = 0;
	time_t		end_of_time = argc > 4 && atof(argv[4]) > 0 ? time(NULL) + (time_t) (60 * atof(argv[4])) : 0;
	bool		good;

	if (raster == NULL || !chengdu_read(argv[1], &data) || !table_read(argv[3], &t))
		return 1;
	level = malloc((t.rows + 1) * sizeof(float));
	for (size_t begin = 0, end; begin < t.rows; begin = end)
	{
		const antenna_row *row = &data.antennas[(int) t.facts[begin * FACTS + FACT_ANTENNA]];
		rpm_status	status;

		rpm_status_clear(&status);
		for (end = begin; end < t.rows && t.facts[end * FACTS + FACT_ANTENNA] == t.facts[begin * FACTS + FACT_ANTENNA]; end++)
			level[end] = NAN;
		if (end_of_time != 0 && time(NULL) > end_of_time)
			continue;
		antennas++;
		if (!trace(&t, begin, end, row, raster, level, &status))
		{
			failed++;
			fprintf(stderr, "antenna %ld: %s\n", (long) row->id, status.message);
		}
		if (antennas % 50 == 0)
			fprintf(stderr, "%d antennas traced\n", antennas);
	}
	snprintf(path, sizeof(path), "%s.traced", argv[3]);
	file = fopen(path, "wb");
	good = file != NULL && fwrite(level, sizeof(float), t.rows, file) == t.rows && fclose(file) == 0;
	fprintf(stderr, "%d antennas, %d of them without a level\n", antennas, failed);
	return good ? 0 : 1;
}

static bool
trace(const table *t, size_t begin, size_t end, const antenna_row *row, FILE *raster, float *level_dbm, rpm_status *status)
{
	static block_tile tile;
	rpm_calibrate_antenna panel = panel_of(row);
	rpm_calibrate_cell *cells = calloc(end - begin, sizeof(rpm_calibrate_cell));
	double	   *levels = malloc((end - begin) * sizeof(double));
	rpm_calibrate_input input = {.antennas = &panel, .antenna_count = 1, .cells = cells, .cell_count = end - begin, .cell_m = CELL_M, .receiver_height_m = RECEIVER_M};
	rpm_scene  *scene = NULL;
	rpm_query  *query = NULL;
	int			column,
				line;
	bool		good = block_tile_read(raster, row->x_m, row->y_m, &tile) && (scene = block_tile_scene(&tile, status)) != NULL &&
		rpm_query_create(scene, RPM_QUERY_BEST, NULL, &query, status) == RPM_OK;

	if (good)
	{
		double		x = row->x_m - tile.west - scene->origin[0],
					y = row->y_m - tile.south - scene->origin[1];

		column = (int) ((row->x_m - tile.west) / CELL_M);
		line = (int) ((row->y_m - tile.south) / CELL_M);
		panel.antenna.position = rpm_vec(x, y, fmax(row->height_m, tile.height[line * BLOCK_SIDE + column] + ROOF_CLEARANCE_M) - scene->origin[2]);
		panel.materials = scene->materials;
		for (size_t i = begin; i < end; i++)
			cells[i - begin] = (rpm_calibrate_cell) {x + t->facts[i * FACTS + FACT_X], y + t->facts[i * FACTS + FACT_Y], 0, t->facts[i * FACTS + FACT_LEVEL], 0};
		input.scene = scene;
		input.query = query;
		good = levels_of(&input, levels, status) == RPM_OK;
	}
	for (size_t i = begin; i < end && good; i++)
		level_dbm[i] = (float) fmax(levels[i - begin], LOWEST_DBM);
	rpm_query_free(query);
	rpm_scene_free(scene);
	free(cells);
	free(levels);
	return good;
}

/* Every parameter at its prior. */
static rpm_code
levels_of(const rpm_calibrate_input *input, double *level_dbm, rpm_status *status)
{
	rpm_store_options options;
	rpm_path_store *store = NULL;
	rpm_calibration untouched = {0};
	rpm_control alone = {.threads = 1};
	rpm_code	code;

	rpm_store_options_default(&options);
	options.mechanisms |= RPM_OVER_ROOFS;
	code = rpm_path_store_build(input, &options, &alone, &store, status);
	if (code == RPM_OK)
		code = rpm_calibration_create(store, &untouched, status);
	if (code == RPM_OK)
		code = rpm_calibration_levels(store, &untouched, &alone, level_dbm, status);
	rpm_calibration_free(&untouched);
	rpm_path_store_free(store);
	return code;
}
