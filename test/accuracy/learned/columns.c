/* columns.c: the columns of columns.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "rpm_em.h"
#include "rpm_features.h"
#include "rpm_math.h"

#define SIDE 512
#define REACH 12				/* cells about a pixel, 60 m */
#define NETWORK_M 2500.0		/* antennas further off count for nothing */
#define BEARING_RAD 0.6
#define DECIBEL 0.23025850929940458 /* ln 10 / 10 */

const column columns[] = {
	{"log_distance", COLUMN_RADIO}, {"distance", COLUMN_RADIO}, {"cos_off", COLUMN_RADIO}, {"sin_off", COLUMN_RADIO}, {"off_deg", COLUMN_RADIO},
	{"below_beam_deg", COLUMN_RADIO}, {"below_horizon_deg", COLUMN_RADIO}, {"height", COLUMN_RADIO}, {"tilt", COLUMN_RADIO}, {"power", COLUMN_RADIO},
	{"frequency", COLUMN_RADIO}, {"linear", COLUMN_FITTED}, {"azimuth_cos", COLUMN_RADIO}, {"azimuth_sin", COLUMN_RADIO},
	{"building_here", COLUMN_PATH}, {"class_here", COLUMN_PATH}, {"ground_here", COLUMN_PATH}, {"line_of_sight", COLUMN_PATH}, {"obstructed", COLUMN_PATH},
	{"obstructions", COLUMN_PATH}, {"knife_edge", COLUMN_PATH}, {"antenna_building", COLUMN_PATH}, {"antenna_class", COLUMN_PATH},
	{"built_25", COLUMN_PATH}, {"height_25", COLUMN_PATH}, {"known_25", COLUMN_PATH}, {"built_100", COLUMN_PATH}, {"height_100", COLUMN_PATH}, {"known_100", COLUMN_PATH},
	{"antenna_height_100", COLUMN_PATH}, {"antenna_known_100", COLUMN_PATH},
	{"nearest_site", COLUMN_NETWORK}, {"third_site", COLUMN_NETWORK}, {"sixth_site", COLUMN_NETWORK}, {"antennas_here", COLUMN_NETWORK}, {"nearest_ahead", COLUMN_NETWORK},
	{"other_distance", COLUMN_NETWORK}, {"nearer_sites", COLUMN_NETWORK}, {"stronger", COLUMN_FITTED}, {"best_other", COLUMN_FITTED}, {"sum_other", COLUMN_FITTED},
	{"residual_1", COLUMN_CLUTTER}, {"residual_2", COLUMN_CLUTTER}, {"residual_3", COLUMN_CLUTTER}, {"residual_4", COLUMN_CLUTTER},
	{"weight_1", COLUMN_CLUTTER}, {"weight_2", COLUMN_CLUTTER}, {"weight_3", COLUMN_CLUTTER}, {"weight_4", COLUMN_CLUTTER}, {"clutter", COLUMN_CLUTTER},
	{"level_10", COLUMN_LEVELS}, {"level_30", COLUMN_LEVELS}, {"most_15", COLUMN_LEVELS}, {"most_60", COLUMN_LEVELS}, {"count_10", COLUMN_LEVELS}, {"count_30", COLUMN_LEVELS},
	{"spread_30", COLUMN_LEVELS}, {"same_side", COLUMN_LEVELS}, {"same_side_weight", COLUMN_LEVELS}, {"like", COLUMN_LEVELS}, {"like_weight", COLUMN_LEVELS},
	{"near_antennas", COLUMN_LEVELS}, {"near_weight", COLUMN_LEVELS}, {"ahead_antennas", COLUMN_LEVELS}, {"ahead_weight", COLUMN_LEVELS}, {"level_off_linear", COLUMN_LEVELS}
};

const int column_count = sizeof(columns) / sizeof(columns[0]);

/* Channels of rpm_features that are columns, in their order from "building_here". */
static const rpm_feature channels[] = {RPM_FEATURE_LINE_OF_SIGHT, RPM_FEATURE_OBSTRUCTED, RPM_FEATURE_OBSTRUCTIONS, RPM_FEATURE_KNIFE_EDGE};

#define CHANNELS ((int) (sizeof(channels) / sizeof(channels[0])))

/* One antenna's tile. */
typedef struct tile
{
	rpm_environment environment;
	float	   *values;			/* CHANNELS x SIDE x SIDE */
	double	   *sum[3];			/* of what is built, heights and what is known, over all cells to the north-west */
} tile;

static bool tile_open(const experiment *setup, const town_raster *raster, int antenna, tile *t);
static void tile_close(tile *t);
static void sum_windows(tile *t);
static float *radio(const experiment *setup, int antenna, const pixel *p, float *to);
static float *path(const experiment *setup, const tile *t, int antenna, const pixel *p, float *to);
static float *window(const tile *t, int column, int row, int half, float *to);
static void place_of(const experiment *setup, int antenna, float place[5]);
static float *network(const experiment *setup, int antenna, const float place[5], const pixel *p, float *to);
static float *clutter(const experiment *setup, const scales *at, float *to);
static float *levels(const experiment *setup, const neighbours *all, int antenna, const float about[4], const pixel *p, float *to);
static void antennas_about(const experiment *setup, const neighbours *all, int antenna, float about[4]);

bool
town_raster_read(const char *path, town_raster *raster)
{
	FILE	   *file = fopen(path, "rb");
	size_t		cells = (size_t) RASTER_COLUMNS * RASTER_ROWS;
	bool		good = file != NULL;

	for (int b = 0; b < 3 && good; b++)
	{
		raster->band[b] = malloc(cells * sizeof(int16_t));
		good = raster->band[b] != NULL && fread(raster->band[b], sizeof(int16_t), cells, file) == cells;
	}
	if (!good)
		fprintf(stderr, "%s cannot be read\n", path);
	if (file != NULL)
		fclose(file);
	return good;
}

static size_t
cell_of(const pixel *p)
{
	int64_t		column = (int64_t) floor((pixel_x(p) - RASTER_WEST) / CELL_M),
				row = (int64_t) floor((RASTER_NORTH - pixel_y(p)) / CELL_M);

	column = column < 0 ? 0 : column >= RASTER_COLUMNS ? RASTER_COLUMNS - 1 : column;
	row = row < 0 ? 0 : row >= RASTER_ROWS ? RASTER_ROWS - 1 : row;
	return (size_t) row * RASTER_COLUMNS + (size_t) column;
}

bool
neighbours_open(const experiment *setup, neighbours *all)
{
	const chengdu *data = setup->data;
	size_t		cells = (size_t) RASTER_COLUMNS * RASTER_ROWS,
				total = data->begin[data->antenna_count];

	all->begin = calloc(cells + 2, sizeof(uint32_t));
	all->pixel = malloc((total + 1) * sizeof(int32_t));
	all->mean_db = malloc((size_t) data->antenna_count * sizeof(double));
	if (all->begin == NULL || all->pixel == NULL || all->mean_db == NULL)
		return false;
	/* Counts stand two places on, so that placing leaves the beginnings. */
	for (size_t i = 0; i < total; i++)
		if (setup->learns[i] && cell_of(&data->pixels[i]) + 2 <= cells)
			all->begin[cell_of(&data->pixels[i]) + 2]++;
	for (size_t c = 1; c <= cells; c++)
		all->begin[c + 1] += all->begin[c];
	for (size_t i = 0; i < total; i++)
		if (setup->learns[i] && cell_of(&data->pixels[i]) + 2 <= cells)
			all->pixel[all->begin[cell_of(&data->pixels[i]) + 1]++] = (int32_t) i;
	for (int a = 0; a < data->antenna_count; a++)
	{
		double		sum = 0,
					count = 0;

		for (size_t i = data->begin[a]; i < data->begin[a + 1]; i++)
			if (setup->learns[i])
			{
				sum += setup->residual_db[i];
				count++;
			}
		all->mean_db[a] = count >= 100 ? sum / count : NAN;
	}
	return true;
}

void
neighbours_close(neighbours *all)
{
	free(all->begin);
	free(all->pixel);
	free(all->mean_db);
}

bool
features_of(const experiment *setup, const town_raster *raster, const neighbours *all, int antenna, const size_t *pixel, size_t count,
			float *values)
{
	tile		t;
	scales	   *at = malloc((count + 1) * sizeof(scales));
	float		place[5],
				about[4];
	bool		good;

	if (!tile_open(setup, raster, antenna, &t))
		return false;
	good = experiment_scales(setup, antenna, pixel, count, at);
	place_of(setup, antenna, place);
	antennas_about(setup, all, antenna, about);
	for (size_t i = 0; i < count && good; i++)
	{
		const struct pixel *p = &setup->data->pixels[pixel[i]];
		float	   *to = values + i * (size_t) column_count;

		to = radio(setup, antenna, p, to);
		to = path(setup, &t, antenna, p, to);
		to = network(setup, antenna, place, p, to);
		to = clutter(setup, &at[i], to);
		levels(setup, all, antenna, about, p, to);
	}
	tile_close(&t);
	free(at);
	return good;
}

static bool
tile_open(const experiment *setup, const town_raster *raster, int antenna, tile *t)
{
	const antenna_row *row = &setup->data->antennas[antenna];
	static const rpm_environment_layer layer[3] = {RPM_LAYER_BUILDING_HEIGHT, RPM_LAYER_LAND_USE, RPM_LAYER_GROUND};
	int64_t		west = (int64_t) floor((row->x_m - TILE_HALF_M - RASTER_WEST) / CELL_M),
				north = (int64_t) floor((RASTER_NORTH - row->y_m - TILE_HALF_M) / CELL_M);
	rpm_cell_grid grid = {RASTER_WEST + (double) west * CELL_M, RASTER_NORTH - (double) north * CELL_M, CELL_M, CELL_M, SIDE, SIDE};
	double		box[4] = {grid.west, grid.north - SIDE * CELL_M, grid.west + SIDE * CELL_M, grid.north};
	rpm_feature_antenna of = {.height_m = fmax(row->height_m, row->building_m + 1), .rs_power_dbm = row->rs_power_dbm, .receiver_height_m = 1.5};
	rpm_control alone = {.threads = 1};
	rpm_status	status;
	float	   *heights = malloc(SIDE * SIDE * sizeof(float));

	rpm_status_clear(&status);
	t->values = malloc((size_t) CHANNELS * SIDE * SIDE * sizeof(float));
	rpm_environment_create(&grid, &alone, &t->environment, &status);
	for (int b = 0; b < 3 && status.code == RPM_OK; b++)
	{
		for (int r = 0; r < SIDE; r++)
			for (int c = 0; c < SIDE; c++)
			{
				int64_t		column = west + c,
							line = north + r;

				heights[r * SIDE + c] = column < 0 || column >= RASTER_COLUMNS || line < 0 || line >= RASTER_ROWS ? -9999
					: raster->band[b][(size_t) line * RASTER_COLUMNS + (size_t) column];
			}
		rpm_environment_raster(&t->environment, layer[b], &grid, heights, -9999, &status);
	}
	of.antenna = (rpm_antenna) {.position = rpm_vec(row->x_m, row->y_m, 0), .frequency_hz = row->frequency_mhz * 1e6,
		.grid_azimuth_rad = row->azimuth_deg * RPM_PI / 180, .electrical_tilt_rad = row->tilt_deg * RPM_PI / 180, .pattern = rpm_pattern_default(RPM_PATTERN_TR38901)};
	if (status.code == RPM_OK)
	{
		rpm_environment_finish(&t->environment, row->ground_m, box, true);
		rpm_features(&t->environment, &of, channels, CHANNELS, &alone, t->values, &status);
	}
	free(heights);
	if (status.code != RPM_OK)
		fprintf(stderr, "antenna %ld: %s\n", (long) row->id, status.message);
	else
		sum_windows(t);
	return status.code == RPM_OK;
}

static void
tile_close(tile *t)
{
	rpm_environment_free(&t->environment);
	free(t->values);
	for (int s = 0; s < 3; s++)
		free(t->sum[s]);
}

static void
sum_windows(tile *t)
{
	for (int s = 0; s < 3; s++)
	{
		t->sum[s] = calloc((SIDE + 1) * (SIDE + 1), sizeof(double));
		for (int r = 0; r < SIDE; r++)
		{
			double		line = 0;

			for (int c = 0; c < SIDE; c++)
			{
				float		height = t->environment.building_height_m[r * SIDE + c];

				line += s == 0 ? height > 0 : s == 1 ? height : t->environment.known[r * SIDE + c];
				t->sum[s][(r + 1) * (SIDE + 1) + c + 1] = t->sum[s][r * (SIDE + 1) + c + 1] + line;
			}
		}
	}
}

static float *
radio(const experiment *setup, int antenna, const pixel *p, float *to)
{
	const rpm_clutter_antenna *a = &setup->antennas[antenna];
	double		dx = pixel_x(p) - a->x_m,
				dy = pixel_y(p) - a->y_m,
				distance = fmax(sqrt(dx * dx + dy * dy), CELL_M),
				off = atan2(dx, dy) - a->azimuth_rad,
				below = atan2(a->height_m - 1.5, distance);

	*to++ = (float) log10(distance);
	*to++ = (float) distance;
	*to++ = (float) cos(off);
	*to++ = (float) sin(off);
	*to++ = (float) fabs(atan2(sin(off), cos(off)) * 180 / RPM_PI);
	*to++ = (float) ((below - a->tilt_rad) * 180 / RPM_PI);
	*to++ = (float) (below * 180 / RPM_PI);
	*to++ = (float) a->height_m;
	*to++ = (float) (a->tilt_rad * 180 / RPM_PI);
	*to++ = (float) a->rs_power_dbm;
	*to++ = (float) a->frequency_mhz;
	*to++ = (float) rpm_clutter_linear(a, pixel_x(p), pixel_y(p), setup->coefficient);
	*to++ = (float) cos(a->azimuth_rad);
	*to++ = (float) sin(a->azimuth_rad);
	return to;
}

static float *
path(const experiment *setup, const tile *t, int antenna, const pixel *p, float *to)
{
	const antenna_row *a = &setup->data->antennas[antenna];
	const rpm_environment *e = &t->environment;
	int			column = (int) fmin(fmax((pixel_x(p) - e->grid.west) / CELL_M, 0), SIDE - 1),
				row = (int) fmin(fmax((e->grid.north - pixel_y(p)) / CELL_M, 0), SIDE - 1),
				own_column = (int) ((a->x_m - e->grid.west) / CELL_M),
				own_row = (int) ((e->grid.north - a->y_m) / CELL_M),
				cell = row * SIDE + column;
	float		own[3];

	*to++ = e->building_height_m[cell];
	*to++ = e->land_use[cell];
	*to++ = e->ground_m[cell] - (float) a->ground_m;
	for (int c = 0; c < CHANNELS; c++)
		*to++ = t->values[(size_t) c * SIDE * SIDE + cell];
	*to++ = (float) a->building_m;
	*to++ = (float) a->clutter;
	to = window(t, column, row, 5, to);
	to = window(t, column, row, 20, to);
	window(t, own_column, own_row, 20, own);
	*to++ = own[1];
	*to++ = own[2];
	return to;
}

/* Share built of what is known, mean height of what is built, share known. */
static float *
window(const tile *t, int column, int row, int half, float *to)
{
	int			west = column > half ? column - half : 0,
				north = row > half ? row - half : 0,
				east = column + half < SIDE ? column + half + 1 : SIDE,
				south = row + half < SIDE ? row + half + 1 : SIDE;
	double		sum[3];

	for (int s = 0; s < 3; s++)
		sum[s] = t->sum[s][south * (SIDE + 1) + east] - t->sum[s][north * (SIDE + 1) + east] - t->sum[s][south * (SIDE + 1) + west] + t->sum[s][north * (SIDE + 1) + west];
	*to++ = (float) (sum[2] > 0 ? sum[0] / sum[2] : 0);
	*to++ = (float) (sum[0] > 0 ? sum[1] / sum[0] : 0);
	*to++ = (float) (sum[2] / ((east - west) * (south - north)));
	return to;
}

/* Distances of the first, third and sixth antenna of other sites, antennas of the own, and the nearest other in front. */
static void
place_of(const experiment *setup, int antenna, float place[5])
{
	const rpm_clutter_antenna *a = &setup->antennas[antenna];
	double		least[6];
	double		ahead = NETWORK_M;
	int			own = 0;

	for (int k = 0; k < 6; k++)
		least[k] = NETWORK_M;
	for (int b = 0; b < setup->data->antenna_count; b++)
	{
		const rpm_clutter_antenna *other = &setup->antennas[b];
		double		dx = other->x_m - a->x_m,
					dy = other->y_m - a->y_m,
					distance = sqrt(dx * dx + dy * dy);
		bool		known = false;

		own += other->site == a->site;
		if (other->site == a->site || distance >= NETWORK_M)
			continue;
		if (cos(atan2(dx, dy) - a->azimuth_rad) > 0.5)
			ahead = fmin(ahead, distance);
		/* One site has one distance. */
		for (int k = 0; k < 6; k++)
			known = known || fabs(least[k] - distance) < 0.1;
		for (int k = 0; k < 6 && !known; k++)
			if (distance < least[k])
			{
				double		next = least[k];

				least[k] = distance;
				distance = next;
			}
	}
	place[0] = (float) least[0];
	place[1] = (float) least[2];
	place[2] = (float) least[5];
	place[3] = (float) own;
	place[4] = (float) ahead;
}

/* Who else is heard at the pixel, by the linear model. */
static float *
network(const experiment *setup, int antenna, const float place[5], const pixel *p, float *to)
{
	const rpm_clutter_antenna *a = &setup->antennas[antenna];
	double		x = pixel_x(p),
				y = pixel_y(p),
				own = rpm_clutter_linear(a, x, y, setup->coefficient),
				own_distance = hypot(x - a->x_m, y - a->y_m),
				nearest = NETWORK_M,
				best = -200,
				sum = 0;
	int			nearer = 0,
				stronger = 0;

	for (int b = 0; b < setup->data->antenna_count; b++)
	{
		const rpm_clutter_antenna *other = &setup->antennas[b];
		double		distance,
					level;

		if (other->site == a->site || fabs(other->x_m - x) > NETWORK_M / 2 || fabs(other->y_m - y) > NETWORK_M / 2)
			continue;
		distance = hypot(x - other->x_m, y - other->y_m);
		level = rpm_clutter_linear(other, x, y, setup->coefficient);
		nearest = fmin(nearest, distance);
		nearer += distance < own_distance;
		stronger += level > own;
		best = fmax(best, level);
		sum += exp(DECIBEL * level);
	}
	for (int k = 0; k < 5; k++)
		*to++ = place[k];
	*to++ = (float) nearest;
	*to++ = (float) nearer;
	*to++ = (float) stronger;
	*to++ = (float) (best - own);
	*to++ = (float) (log(sum + 1e-20) / DECIBEL - own);
	return to;
}

static float *
clutter(const experiment *setup, const scales *at, float *to)
{
	for (int s = 0; s < RPM_CLUTTER_SCALES; s++)
		*to++ = (float) at->residual_db[s];
	for (int s = 0; s < RPM_CLUTTER_SCALES; s++)
		*to++ = (float) at->weight[s];
	*to++ = (float) rpm_clutter_combine(&setup->gains, at->residual_db, at->weight);
	return to;
}

/* What was measured of other sites within 60 m: levels, and residuals by the direction in which their antennas stand. */
static float *
levels(const experiment *setup, const neighbours *all, int antenna, const float about[4], const pixel *p, float *to)
{
	const rpm_clutter_antenna *a = &setup->antennas[antenna];
	int64_t		column = (int64_t) floor((pixel_x(p) - RASTER_WEST) / CELL_M),
				row = (int64_t) floor((RASTER_NORTH - pixel_y(p)) / CELL_M);
	double		bearing = atan2(a->x_m - pixel_x(p), a->y_m - pixel_y(p)),
				distance = hypot(a->x_m - pixel_x(p), a->y_m - pixel_y(p)),
				weight[2] = {0, 0}, level[2] = {0, 0}, residual = 0, square = 0, side = 0, side_weight = 0, like = 0, like_weight = 0, most[2] = {-150, -150};

	for (int64_t r = row - REACH; r <= row + REACH; r++)
		for (int64_t c = column - REACH; c <= column + REACH; c++)
		{
			double		metres2 = CELL_M * CELL_M * (double) ((r - row) * (r - row) + (c - column) * (c - column));
			size_t		cell = (size_t) r * RASTER_COLUMNS + (size_t) c;
			double		near[2] = {exp(-metres2 / 200), exp(-metres2 / 1800)};

			if (r < 0 || c < 0 || r >= RASTER_ROWS || c >= RASTER_COLUMNS || metres2 > 3600)
				continue;
			for (uint32_t k = all->begin[cell]; k < all->begin[cell + 1]; k++)
			{
				int32_t		i = all->pixel[k];
				const rpm_clutter_antenna *other = &setup->antennas[setup->pixel_antenna[i]];
				double		measured = setup->data->pixels[i].rsrp_dbm,
							left = setup->residual_db[i],
							turn,
							far;

				if (other->site == a->site)
					continue;
				turn = remainder(atan2(other->x_m - pixel_x(p), other->y_m - pixel_y(p)) - bearing, 2 * RPM_PI);
				far = log((hypot(other->x_m - pixel_x(p), other->y_m - pixel_y(p)) + 20) / (distance + 20));
				for (int s = 0; s < 2; s++)
				{
					weight[s] += near[s];
					level[s] += near[s] * measured;
				}
				residual += near[1] * left;
				square += near[1] * left * left;
				side += near[1] * exp(-turn * turn / (2 * BEARING_RAD * BEARING_RAD)) * left;
				side_weight += near[1] * exp(-turn * turn / (2 * BEARING_RAD * BEARING_RAD));
				like += near[1] * exp(-turn * turn / (2 * BEARING_RAD * BEARING_RAD) - far * far / 0.5) * left;
				like_weight += near[1] * exp(-turn * turn / (2 * BEARING_RAD * BEARING_RAD) - far * far / 0.5);
				most[0] = metres2 <= 225 ? fmax(most[0], measured) : most[0];
				most[1] = fmax(most[1], measured);
			}
		}
	for (int s = 0; s < 2; s++)
		*to++ = (float) (weight[s] > 0.01 ? level[s] / weight[s] : NAN);
	for (int s = 0; s < 2; s++)
		*to++ = (float) (most[s] > -150 ? most[s] : NAN);
	for (int s = 0; s < 2; s++)
		*to++ = (float) weight[s];
	*to++ = (float) (weight[1] > 0.01 ? sqrt(fmax(square / weight[1] - residual / weight[1] * residual / weight[1], 0)) : NAN);
	*to++ = (float) (side_weight > 0.01 ? side / side_weight : NAN);
	*to++ = (float) side_weight;
	*to++ = (float) (like_weight > 0.01 ? like / like_weight : NAN);
	*to++ = (float) like_weight;
	for (int k = 0; k < 4; k++)
		*to++ = about[k];
	*to++ = (float) (weight[1] > 0.01 ? level[1] / weight[1] - rpm_clutter_linear(a, pixel_x(p), pixel_y(p), setup->coefficient) : NAN);
	return to;
}

/* Means of the antennas of other sites about the antenna, all and those that its beam looks at, with their weights. */
static void
antennas_about(const experiment *setup, const neighbours *all, int antenna, float about[4])
{
	const rpm_clutter_antenna *a = &setup->antennas[antenna];
	double		sum[2] = {0, 0},
				weight[2] = {0, 0};

	for (int b = 0; b < setup->data->antenna_count; b++)
	{
		const rpm_clutter_antenna *other = &setup->antennas[b];
		double		dx = other->x_m - a->x_m,
					dy = other->y_m - a->y_m,
					near = exp(-(dx * dx + dy * dy) / (2 * 600.0 * 600.0)),
					ahead = near * fmax(cos(atan2(dx, dy) - a->azimuth_rad), 0) * (0.5 + 0.5 * cos(other->azimuth_rad - a->azimuth_rad));

		if (other->site == a->site || isnan(all->mean_db[b]))
			continue;
		sum[0] += near * all->mean_db[b];
		weight[0] += near;
		sum[1] += ahead * all->mean_db[b];
		weight[1] += ahead;
	}
	for (int k = 0; k < 2; k++)
	{
		about[2 * k] = (float) (sum[k] / (weight[k] + 0.5));
		about[2 * k + 1] = (float) weight[k];
	}
}
