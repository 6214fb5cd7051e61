/*
 * calibrated.c: how well the tracer, as it is and calibrated by each method, predicts what was held out around single sites of
 * ../shared/data/chengdu, alone and with the residual field (docs/accuracy.md).
 *
 *   calibrated FOLDER --sites=N --seed=S --threads=T [--roofs=holes] [--untraced] [--depth=D] [--correlation=METRES] [--methods=A,AM]
 *              [--split=blocks] [--best] [--alone]
 *
 * Each site is traced once: all methods and both splits (70/30 of the 100 m blocks, of the pixels; antenna by antenna) are judged on one
 * store.  --untraced: a row more, AM on a store whose level over the roofs is the formula alone.  With the field: the tracer as a given
 * prior; as a drift, one more term with a coefficient of its own beside those of the empirical priors; --best: and what validates best
 * among all of them; --alone: without the field.  The tables on the way are written after each site, areas too, so that a run that is cut has one; sites come in an
 * order that is spread, too.
 *
 * Buildings are blocks of one height of the 5 m raster (blocks.sh), walls and roofs of concrete; where nothing was measured it knows none.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../panel.h"
#include "rpm_calibrate.h"
#include "rpm_level.h"
#include "rpm_material_table.h"
#include "rpm_predict.h"
#include "rpm_scene_file.h"
#include "rpm_split.h"

#define MOST_ANTENNAS 16
#define BLOCK_M 100.0
#define LEARNS 0.7
#define RECEIVER_M 1.5
#define ROOF_CLEARANCE_M 2.0
#define RESULTS 8
#define LONGEST_LINE 4000000
#define MOST_AREAS 100			/* 0: all of them */

static const char *const names[] = {"A", "M", "AM", "AMv", "per building", "uncalibrated", "AM, roofs by the formula", "field alone"};

/* Rows of the table: the fit's methods, what they stand beside. */
enum
{
	ROW_BEFORE = RPM_CALIBRATE_BUILDING + 1, ROW_UNTRACED, ROW_FIELD
};

enum
{
	SPLIT_BLOCKS = 0, SPLIT_PIXELS, SPLITS
};

static const char *const split_names[] = {"blocks", "pixels"};

typedef struct figures
{
	double		mae, rmse, field_mae, drift_mae, best_mae;
	int			antennas;
	size_t		cells;
} figures;

typedef struct site_work
{
	const chengdu *data;
	int			antennas[MOST_ANTENNAS], antenna_count;
	rpm_scene  *scene;
	rpm_query  *query;
	rpm_calibrate_antenna engine[MOST_ANTENNAS];
	rpm_calibrate_cell *cells;
	size_t		cell_count;
	rpm_path_store *store;
	rpm_status	status;
} site_work;

static rpm_control control = {.threads = 2};
static uint64_t seed = 1;
static unsigned wanted_methods = ~0u;
static double correlation_m = 50;
static rpm_store_options store_options;
static int	splits = SPLITS;
static bool with_untraced, with_best, alone;
static figures rows[SPLITS][MOST_AREAS][RESULTS];
static double trace_ms, field_ms, fit_ms[RESULTS];
static size_t without_path, indoors, all_cells, all_paths;

/* Processor time of all threads. */
static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e3 * (double) t.tv_sec + 1e-6 * (double) t.tv_nsec;
}

/* The scene of a tile about the site: blocks, concrete, on medium dry ground. */
static bool
build_scene(site_work *site, const char *folder, double x, double y)
{
	rpm_scene_options options;
	rpm_material materials[2];
	rpm_scene_builder *builder;
	char		command[4096], *line = malloc(LONGEST_LINE);
	FILE	   *file;
	int64_t		id = 0;
	rpm_code	code = RPM_OK;

	rpm_scene_options_default(&options);
	options.ground_material = 1;
	rpm_find_material("concrete", site->engine[0].antenna.frequency_hz, &materials[0], NULL, &site->status);
	rpm_find_material("medium_dry_ground", site->engine[0].antenna.frequency_hz, &materials[1], NULL, &site->status);
	materials[1].thickness_m = 0;
	snprintf(command, sizeof command, "bash test/accuracy/calibrated/blocks.sh '%s/environment.tif' %.0f %.0f %.0f %.0f build/accuracy/blocks.csv", folder,
			 x - TILE_HALF_M, y - TILE_HALF_M, x + TILE_HALF_M, y + TILE_HALF_M);
	builder = rpm_scene_builder_create(&options, materials, 2, &control, &site->status);
	if (builder == NULL || system(command) != 0 || (file = fopen("build/accuracy/blocks.csv", "r")) == NULL)
		return false;
	rpm_scene_builder_reach(builder, x - TILE_HALF_M, y - TILE_HALF_M);
	rpm_scene_builder_reach(builder, x + TILE_HALF_M, y + TILE_HALF_M);
	while (code == RPM_OK && fgets(line, LONGEST_LINE, file) != NULL)
	{
		rpm_building_row row = {.id = ++id, .wall_material = 0, .roof_material = 0};
		char	   *end = strchr(line + 1, '"');
		uint8_t    *wkb = NULL;

		if (line[0] != '"' || end == NULL)
			continue;
		*end = 0;
		row.height_m = atof(end + 2 + (end[2] == '"'));
		code = rpm_wkb_from_wkt(line + 1, &wkb, &row.wkb_size, &site->status);
		row.wkb = wkb;
		if (code == RPM_OK)
			code = rpm_scene_builder_add(builder, &row, &site->status);
		free(wkb);
	}
	fclose(file);
	free(line);
	if (code == RPM_OK)
		code = rpm_scene_builder_finish(builder, &site->scene, &site->status);
	rpm_scene_builder_free(builder);
	if (code == RPM_OK)
		code = rpm_query_create(site->scene, RPM_QUERY_BEST, &control, &site->query, &site->status);
	return code == RPM_OK;
}

/* Local positions, above the block that an antenna stands in. */
static void
place_antennas(site_work *site)
{
	for (int i = 0; i < site->antenna_count; i++)
	{
		const antenna_row *row = &site->data->antennas[site->antennas[i]];
		rpm_antenna *antenna = &site->engine[i].antenna;
		rpm_ray		up = {{(float) (row->x_m - site->scene->origin[0]), (float) (row->y_m - site->scene->origin[1]), 10000}, {0, 0, -1}, 0, INFINITY};
		rpm_hit		hit;
		double		roof = rpm_query_intersect(site->query, &up, &hit) ? 10000 - hit.t : 0;

		antenna->position = rpm_vec(up.origin[0], up.origin[1], fmax(site->scene->ground_z_m + row->height_m, roof + ROOF_CLEARANCE_M));
		site->engine[i].materials = site->scene->materials;
	}
}

static void
take_cells(site_work *site)
{
	size_t		room = 0;

	for (int i = 0; i < site->antenna_count; i++)
		room += site->data->begin[site->antennas[i] + 1] - site->data->begin[site->antennas[i]];
	site->cells = calloc(room, sizeof(rpm_calibrate_cell));
	for (int i = 0; i < site->antenna_count; i++)
		for (size_t k = site->data->begin[site->antennas[i]]; k < site->data->begin[site->antennas[i] + 1]; k++)
		{
			const pixel *p = &site->data->pixels[k];

			site->cells[site->cell_count++] = (rpm_calibrate_cell) {pixel_x(p) - site->scene->origin[0], pixel_y(p) - site->scene->origin[1], i,
				p->rsrp_dbm, 1};
		}
}

/* Which cells learn: of no concern to the store. */
static void
split_cells(site_work *site, int split)
{
	bool		blocks = split == SPLIT_BLOCKS;

	for (size_t i = 0; i < site->cell_count; i++)
	{
		rpm_calibrate_cell *cell = &site->cells[i];
		int64_t		id = site->data->antennas[site->antennas[cell->antenna]].id;
		double		number = 0;

		rpm_split_at(seed, blocks ? RPM_SPLIT_BLOCK : RPM_SPLIT_PIXEL, &id, cell->x_m + site->scene->origin[0], cell->y_m + site->scene->origin[1],
					 blocks ? BLOCK_M : CELL_M, &number, &site->status);
		cell->weight = number < LEARNS ? 1 : 0;
	}
}

/*
 * With the field: the antenna's own cells that learn, and the level as a given prior (NULL: the best empirical one), as a drift, or
 * whatever validates best.
 */
static double
field_mae(const site_work *site, int antenna, const double *levels, bool as_prior, bool as_drift)
{
	rpm_predict_antenna own = {0, site->engine[antenna].antenna.position.x, site->engine[antenna].antenna.position.y,
		site->engine[antenna].antenna.position.z, site->engine[antenna].antenna.grid_azimuth_rad, site->engine[antenna].antenna.electrical_tilt_rad,
		site->engine[antenna].antenna.frequency_hz / 1e6, site->engine[antenna].rs_power_dbm};
	rpm_predict_point *points = calloc(site->cell_count, sizeof *points);
	double	   *numbers = calloc(7 * site->cell_count, sizeof(double)), *at_points = numbers, *at_targets = numbers + site->cell_count;
	double	   *x = at_targets + site->cell_count, *y = x + site->cell_count, *mean = y + site->cell_count, *sd = mean + site->cell_count;
	double	   *truth = sd + site->cell_count, sum = 0, begin = now_ms();
	rpm_predict_given given = {.name = "tracer", .at_points_dbm = at_points, .at_targets_dbm = at_targets, .sd_db = 8, .drift = as_drift};
	rpm_predict_input input = {.antennas = &own, .antenna_count = 1, .points = points, .target_x_m = x, .target_y_m = y};
	rpm_predict_options options;
	rpm_predict_report report;
	rpm_status	status;

	for (size_t i = 0; i < site->cell_count; i++)
	{
		const rpm_calibrate_cell *cell = &site->cells[i];
		double		level = levels ? fmax(-200, levels[i]) : 0;

		if (cell->antenna != antenna)
			continue;
		if (cell->weight > 0)
		{
			at_points[input.point_count] = level;
			points[input.point_count++] = (rpm_predict_point) {cell->x_m, cell->y_m, cell->level_dbm, 1, 0};
			continue;
		}
		at_targets[input.target_count] = level;
		truth[input.target_count] = cell->level_dbm;
		x[input.target_count] = cell->x_m;
		y[input.target_count++] = cell->y_m;
	}
	rpm_predict_options_default(&options);
	if (as_prior || as_drift)
	{
		input.given = &given;
		input.given_count = 1;
		options.prior = !as_drift ? "tracer" : !as_prior ? "tracer_drift" : NULL;
	}
	rpm_status_clear(&status);
	if (rpm_predict_points(&input, &options, &control, mean, sd, &report, &status) != RPM_OK)
		fprintf(stderr, "%s\n", status.message);
	for (size_t i = 0; i < input.target_count; i++)
		sum += fabs(mean[i] - truth[i]) / (double) input.target_count;
	free(points);
	free(numbers);
	field_ms += now_ms() - begin;
	return sum;
}

static void
add_to(figures *row, const figures *one)
{
	row->mae += one->mae;
	row->rmse += one->rmse;
	row->field_mae += one->field_mae;
	row->drift_mae += one->drift_mae;
	row->best_mae += one->best_mae;
	row->cells += one->cells;
	row->antennas++;
}

/* Means over antennas, as in the table above it. */
static void
add_figures(const site_work *site, int split, int row, const double *levels)
{
	for (int a = 0; a < site->antenna_count; a++)
	{
		int			area = site->data->antennas[site->antennas[a]].area;
		figures		one = {0};

		for (size_t i = 0; i < site->cell_count; i++)
			if (site->cells[i].antenna == a && site->cells[i].weight == 0)
			{
				double		error = levels ? levels[i] - site->cells[i].level_dbm : 0;

				one.mae += fabs(error);
				one.rmse += error * error;
				one.cells++;
			}
		if (one.cells == 0)
			continue;
		one.mae /= (double) one.cells;
		one.rmse = sqrt(one.rmse / (double) one.cells);
		if (!alone)
			one.field_mae = field_mae(site, a, levels, levels != NULL, false);
		if (levels && !alone)
			one.drift_mae = field_mae(site, a, levels, false, true);
		if (levels && with_best && !alone)
			one.best_mae = field_mae(site, a, levels, true, true);
		add_to(&rows[split][0][row], &one);
		if (area > 0 && area < MOST_AREAS)
			add_to(&rows[split][area][row], &one);
	}
}

static rpm_code
trace_site(site_work *site, const rpm_store_options *options)
{
	rpm_calibrate_input input = {site->scene, site->query, site->engine, site->antenna_count, site->cells, site->cell_count, CELL_M, RECEIVER_M};

	rpm_path_store_free(site->store);
	site->store = NULL;
	return rpm_path_store_build(&input, options, &control, &site->store, &site->status);
}

static rpm_code
judge_row(site_work *site, int split, int row, double *levels)
{
	rpm_calibration calibration = {0};
	rpm_calibrate_options options;
	double		begin = now_ms();
	rpm_code	code = rpm_calibration_create(site->store, &calibration, &site->status);

	rpm_calibrate_options_default(&options);
	options.method = row == ROW_UNTRACED ? RPM_CALIBRATE_AM : row;
	options.correlation_m = correlation_m;
	if (code == RPM_OK && row != ROW_BEFORE)
		code = rpm_calibrate(site->store, &options, &control, &calibration, &site->status);
	if (split == SPLIT_BLOCKS)
		fit_ms[row] += now_ms() - begin;
	if (code == RPM_OK)
		code = rpm_calibration_levels(site->store, &calibration, &control, levels, &site->status);
	if (code == RPM_OK)
		add_figures(site, split, row, levels);
	rpm_calibration_free(&calibration);
	return code;
}

static bool
judge_site(site_work *site)
{
	double	   *levels = calloc(site->cell_count, sizeof(double)), begin = now_ms();
	rpm_code	code = trace_site(site, &store_options);
	rpm_store_counts counts = {0};

	trace_ms += now_ms() - begin;
	if (code == RPM_OK)
		counts = rpm_path_store_counts(site->store);
	for (int split = 0; split < splits && code == RPM_OK; split++)
	{
		split_cells(site, split);
		add_figures(site, split, ROW_FIELD, NULL);
		for (int row = ROW_BEFORE; row >= 0 && code == RPM_OK; row--)
			if (wanted_methods & 1u << row)
				code = judge_row(site, split, row, levels);
	}
	if (code == RPM_OK && with_untraced)
	{
		rpm_store_options untraced = store_options;

		untraced.mechanisms &= ~(unsigned) RPM_OVER_ROOFS;
		code = trace_site(site, &untraced);
		for (int split = 0; split < splits && code == RPM_OK; split++)
		{
			split_cells(site, split);
			code = judge_row(site, split, ROW_UNTRACED, levels);
		}
	}
	without_path += counts.cells_without_path;
	indoors += counts.cells_indoors;
	all_cells += counts.cells;
	all_paths += counts.paths;
	free(levels);
	return code == RPM_OK;
}

static bool
run_site(const chengdu *data, const char *folder, int first)
{
	site_work	site = {.data = data};
	const antenna_row *anchor = &data->antennas[first];
	bool		good;

	for (int i = 0; i < data->antenna_count && site.antenna_count < MOST_ANTENNAS; i++)
		if (data->antennas[i].site == anchor->site && data->begin[i + 1] - data->begin[i] >= FEWEST_PIXELS)
		{
			site.engine[site.antenna_count] = panel_of(&data->antennas[i]);
			site.antennas[site.antenna_count++] = i;
		}
	good = build_scene(&site, folder, anchor->x_m, anchor->y_m);
	if (good)
	{
		place_antennas(&site);
		take_cells(&site);
		good = judge_site(&site);
	}
	if (!good)
		fprintf(stderr, "site %lld: %s\n", (long long) anchor->site, site.status.message);
	rpm_path_store_free(site.store);
	rpm_query_free(site.query);
	rpm_scene_free(site.scene);
	free(site.cells);
	return good;
}

static void
print_rows(int sites, int split, int area)
{
	static const int order[] = {ROW_BEFORE, RPM_CALIBRATE_A, RPM_CALIBRATE_M, RPM_CALIBRATE_AM, RPM_CALIBRATE_AMV, RPM_CALIBRATE_BUILDING, ROW_UNTRACED,
	ROW_FIELD};

	if (area == 0)
		printf("\nall areas, by %s\n", split_names[split]);
	else
		printf("\narea %d, by %s\n", area, split_names[split]);
	printf("| %-24s | %8s | %8s | %9s | %9s | %9s | %11s |\n", "tracer", "MAE", "RMSE", "as prior", "as drift", "best", "fit, CPU ms");
	for (int i = 0; i < RESULTS; i++)
	{
		const figures *row = &rows[split][area][order[i]];
		double		n = row->antennas;

		if (row->antennas > 0)
			printf("| %-24s | %8.2f | %8.2f | %9.2f | %9.2f | %9.2f | %11.0f |\n", names[order[i]], row->mae / n, row->rmse / n, row->field_mae / n,
				   row->drift_mae / n, row->best_mae / n, fit_ms[order[i]] / sites);
	}
	printf("%d antennas, %zu held-out cells\n", rows[split][area][ROW_FIELD].antennas, rows[split][area][ROW_FIELD].cells);
}

static void
print_tables(int sites)
{
	for (int split = 0; split < splits; split++)
		for (int area = 0; area < MOST_AREAS; area++)
			if (rows[split][area][ROW_FIELD].antennas > 0)
				print_rows(sites, split, area);
	printf("\n%d sites, %zu cells, %zu paths, %zu cells without a path, %zu indoors; a site: tracing %.0f ms of processor time, the fields %.0f\n", sites,
		   all_cells, all_paths, without_path, indoors, trace_ms / sites, field_ms / sites);
	fflush(stdout);
}

/* The number's factor that walks all of them in a spread order. */
static int
stride_of(int count)
{
	for (int stride = (int) (0.618 * count); stride > 1; stride--)
	{
		int			a = count, b = stride;

		while (b > 0)
		{
			int			rest = a % b;

			a = b;
			b = rest;
		}
		if (a == 1)
			return stride;
	}
	return 1;
}

/* Sites spread evenly over the list of antennas. */
static void
run_sites(const chengdu *data, const char *folder, int wanted)
{
	int			done = 0, stride = stride_of(wanted);

	for (int k = 0; k < wanted; k++)
	{
		int			i = k * stride % wanted, first = (int) (((double) i + 0.5) * data->antenna_count / wanted);

		while (first < data->antenna_count - 1 && data->begin[first + 1] - data->begin[first] < FEWEST_PIXELS)
			first++;
		done += run_site(data, folder, first);
		fprintf(stderr, "%d of %d: site %lld, area %d\n", k + 1, wanted, (long long) data->antennas[first].site, data->antennas[first].area);
		if (done > 0)
			print_tables(done);
	}
}

/* Those named, with the uncalibrated tracer always. */
static unsigned
methods_of(const char *list)
{
	unsigned	wanted = 1u << ROW_BEFORE;

	for (int i = 0; i < ROW_BEFORE; i++)
	{
		const char *at = strstr(list, names[i]);
		size_t		length = strlen(names[i]);

		for (; at; at = strstr(at + 1, names[i]))
			if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == 0))
				wanted |= 1u << i;
	}
	return wanted;
}

int
main(int argc, char **argv)
{
	chengdu		data;
	int			sites = 10;

	rpm_store_options_default(&store_options);
	store_options.mechanisms |= RPM_OVER_ROOFS;
	for (int i = 2; i < argc; i++)
		if (sscanf(argv[i], "--sites=%d", &sites) != 1 && sscanf(argv[i], "--seed=%lu", &seed) != 1
			&& sscanf(argv[i], "--threads=%d", &control.threads) != 1 && sscanf(argv[i], "--depth=%d", &store_options.max_depth) != 1
			&& sscanf(argv[i], "--correlation=%lf", &correlation_m) != 1)
		{
			if (strncmp(argv[i], "--methods=", 10) == 0)
				wanted_methods = methods_of(argv[i] + 10);
			else if (strcmp(argv[i], "--roofs=holes") == 0)
				store_options.over_roofs = RPM_OVER_ROOFS_HOLES;
			else if (strcmp(argv[i], "--split=blocks") == 0)
				splits = 1;
			else if (strcmp(argv[i], "--untraced") == 0)
				with_untraced = true;
			else if (strcmp(argv[i], "--best") == 0)
				with_best = true;
			else if (strcmp(argv[i], "--alone") == 0)
				alone = true;
			else
				return 2;
		}
	if (argc < 2 || !chengdu_read(argv[1], &data))
		return 1;
	run_sites(&data, argv[1], sites);
	return 0;
}
