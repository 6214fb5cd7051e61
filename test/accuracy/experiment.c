/* experiment.c: the network's linear model and the clutter layer of one protocol, from the rows that learn (estimate.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "estimate.h"
#include "rpm_math.h"

#define TILE_CELLS 64
#define MODEL_POINTS 400000
#define GAIN_ANTENNAS 200
#define GAIN_PIXELS 300

static bool fit_model(experiment *setup);
static bool index_pixels(experiment *setup);
static bool fit_gains(experiment *setup);
static void fill_grid(const experiment *setup, int64_t site, int32_t west, int32_t south, rpm_clutter_grid *grid);
static bool failed(const rpm_status *status);

bool
experiment_open(experiment *setup, const chengdu *data, const protocol *protocol, uint64_t seed, const bool *learns, bool with_clutter)
{
	memset(setup, 0, sizeof(*setup));
	setup->data = data;
	setup->protocol = protocol;
	setup->seed = seed;
	setup->learns = learns;
	setup->antennas = malloc((size_t) data->antenna_count * sizeof(rpm_clutter_antenna));
	for (int a = 0; a < data->antenna_count; a++)
	{
		const antenna_row *row = &data->antennas[a];

		setup->antennas[a] = (rpm_clutter_antenna){row->site, row->x_m, row->y_m, row->height_m, row->azimuth_deg * RPM_PI / 180,
			row->tilt_deg * RPM_PI / 180, row->frequency_mhz, row->rs_power_dbm};
	}
	/* Pixels and blocks need the network's model for its clutter alone. */
	if (!with_clutter && protocol->unit != RPM_SPLIT_SITE)
		return true;
	return fit_model(setup) && (!with_clutter || (index_pixels(setup) && fit_gains(setup)));
}

void
experiment_close(experiment *setup)
{
	free(setup->antennas);
	free(setup->tile_pixel);
	free(setup->pixel_antenna);
	free(setup->tile_begin);
	free(setup->residual_db);
}

static bool
fit_model(experiment *setup)
{
	const chengdu *data = setup->data;
	size_t		total = data->begin[data->antenna_count],
				step = 1 + total / MODEL_POINTS,
				count = 0;
	rpm_clutter_point *points = malloc((total / step + 1) * sizeof(rpm_clutter_point));
	rpm_status	status;

	setup->pixel_antenna = malloc(total * sizeof(int32_t));
	for (int a = 0; a < data->antenna_count; a++)
		for (size_t i = data->begin[a]; i < data->begin[a + 1]; i++)
		{
			const pixel *p = &data->pixels[i];

			setup->pixel_antenna[i] = a;
			if (i % step == 0 && setup->learns[i])
				points[count++] = (rpm_clutter_point){pixel_x(p), pixel_y(p), p->rsrp_dbm, a};
		}
	rpm_status_clear(&status);
	rpm_clutter_fit(setup->antennas, data->antenna_count, points, count, NULL, setup->coefficient, &setup->residual_sd_db,
					&status);
	free(points);
	setup->residual_db = malloc(total * sizeof(float));
	for (size_t i = 0; i < total && status.code == RPM_OK; i++)
		setup->residual_db[i] = data->pixels[i].rsrp_dbm -
			(float) rpm_clutter_linear(&setup->antennas[setup->pixel_antenna[i]], pixel_x(&data->pixels[i]), pixel_y(&data->pixels[i]),
									   setup->coefficient);
	return !failed(&status);
}

static bool
failed(const rpm_status *status)
{
	if (status->code != RPM_OK)
		fprintf(stderr, "%s\n", status->message);
	return status->code != RPM_OK;
}

/* Pixels that learn, by tile. */
static bool
index_pixels(experiment *setup)
{
	const chengdu *data = setup->data;
	size_t		total = data->begin[data->antenna_count],
			   *next;
	int32_t		last_column = INT32_MIN,
				last_row = INT32_MIN;

	setup->first_column = setup->first_row = INT32_MAX;
	for (size_t i = 0; i < total; i++)
	{
		const pixel *p = &data->pixels[i];

		setup->first_column = p->column < setup->first_column ? p->column : setup->first_column;
		setup->first_row = p->row < setup->first_row ? p->row : setup->first_row;
		last_column = p->column > last_column ? p->column : last_column;
		last_row = p->row > last_row ? p->row : last_row;
	}
	setup->tile_columns = (last_column - setup->first_column) / TILE_CELLS + 1;
	setup->tile_rows = (last_row - setup->first_row) / TILE_CELLS + 1;
	setup->tile_begin = calloc((size_t) setup->tile_columns * setup->tile_rows + 1, sizeof(size_t));
	setup->tile_pixel = malloc(total * sizeof(int32_t));
	next = malloc(((size_t) setup->tile_columns * setup->tile_rows + 1) * sizeof(size_t));
	for (int pass = 0; pass < 2; pass++)
	{
		for (size_t i = 0; i < total; i++)
		{
			const pixel *p = &data->pixels[i];
			size_t		tile = (size_t) ((p->row - setup->first_row) / TILE_CELLS) * setup->tile_columns +
				(p->column - setup->first_column) / TILE_CELLS;

			if (!setup->learns[i])
				continue;
			if (pass == 0)
				setup->tile_begin[tile + 1]++;
			else
				setup->tile_pixel[next[tile]++] = (int32_t) i;
		}
		for (size_t t = 0; t < (size_t) setup->tile_columns * setup->tile_rows && pass == 0; t++)
			setup->tile_begin[t + 1] += setup->tile_begin[t];
		memcpy(next, setup->tile_begin, ((size_t) setup->tile_columns * setup->tile_rows + 1) * sizeof(size_t));
	}
	free(next);
	return true;
}

/* From antennas spread over the list, each at pixels that learn and without its own site. */
static bool
fit_gains(experiment *setup)
{
	const chengdu *data = setup->data;
	double	   *residual_db = malloc(GAIN_ANTENNAS * GAIN_PIXELS * RPM_CLUTTER_SCALES * sizeof(double)),
			   *weight = malloc(GAIN_ANTENNAS * GAIN_PIXELS * RPM_CLUTTER_SCALES * sizeof(double)),
			   *own_db = malloc(GAIN_ANTENNAS * GAIN_PIXELS * sizeof(double));
	size_t		count = 0;
	bool		good = true;
	rpm_status	status;

	for (int k = 0; k < GAIN_ANTENNAS && good; k++)
	{
		int			a = (int) ((int64_t) k * data->antenna_count / GAIN_ANTENNAS);
		size_t		pixels = data->begin[a + 1] - data->begin[a],
					step = pixels / GAIN_PIXELS + 1,
					chosen[GAIN_PIXELS],
					taken = 0;
		scales		at[GAIN_PIXELS];

		for (size_t i = data->begin[a]; i < data->begin[a + 1] && taken < GAIN_PIXELS; i += step)
			if (setup->learns[i])
				chosen[taken++] = i;
		good = taken == 0 || experiment_scales(setup, a, chosen, taken, at);
		for (size_t i = 0; i < taken && good; i++, count++)
		{
			memcpy(residual_db + count * RPM_CLUTTER_SCALES, at[i].residual_db, sizeof(at[i].residual_db));
			memcpy(weight + count * RPM_CLUTTER_SCALES, at[i].weight, sizeof(at[i].weight));
			own_db[count] = setup->residual_db[chosen[i]];
		}
	}
	rpm_status_clear(&status);
	if (good)
		rpm_clutter_fit_gains(residual_db, weight, own_db, count, NULL, &setup->gains, &status);
	free(residual_db);
	free(weight);
	free(own_db);
	return good && !failed(&status);
}

bool
experiment_given(const experiment *setup, int antenna, const size_t *pixel, size_t count, double *level_dbm)
{
	scales	   *at = malloc((count + 1) * sizeof(scales));
	bool		good = count == 0 || experiment_scales(setup, antenna, pixel, count, at);

	for (size_t i = 0; i < count && good; i++)
		level_dbm[i] = rpm_clutter_linear(&setup->antennas[antenna], pixel_x(&setup->data->pixels[pixel[i]]),
										  pixel_y(&setup->data->pixels[pixel[i]]), setup->coefficient) +
			rpm_clutter_combine(&setup->gains, at[i].residual_db, at[i].weight);
	free(at);
	return good;
}

bool
experiment_scales(const experiment *setup, int antenna, const size_t *pixel, size_t count, scales *at)
{
	const chengdu *data = setup->data;
	int32_t		margin = rpm_clutter_margin(CELL_M),
				west = INT32_MAX,
				south = INT32_MAX,
				east = INT32_MIN,
				north = INT32_MIN;
	rpm_clutter_grid grid;
	float	   *residual_db,
			   *weight;
	rpm_control alone = {.threads = 1};
	rpm_status	status;

	for (size_t i = 0; i < count; i++)
	{
		int32_t		column = data->pixels[pixel[i]].column,
					row = data->pixels[pixel[i]].row;

		west = column < west ? column : west;
		east = column > east ? column : east;
		south = row < south ? row : south;
		north = row > north ? row : north;
	}
	west -= margin;
	south -= margin;
	rpm_status_clear(&status);
	if (rpm_clutter_grid_create(east + margin + 1 - west, north + margin + 1 - south, CELL_M, &alone, &grid, &status) != RPM_OK)
		return !failed(&status);
	fill_grid(setup, data->antennas[antenna].site, west, south, &grid);
	residual_db = malloc((size_t) grid.columns * grid.rows * sizeof(float));
	weight = malloc((size_t) grid.columns * grid.rows * sizeof(float));
	for (int scale = 0; scale < RPM_CLUTTER_SCALES && status.code == RPM_OK; scale++)
	{
		rpm_clutter_smooth(&grid, rpm_clutter_scale_m[scale], &alone, residual_db, weight, &status);
		for (size_t i = 0; i < count && status.code == RPM_OK; i++)
		{
			size_t		cell = (size_t) (data->pixels[pixel[i]].row - south) * grid.columns + (data->pixels[pixel[i]].column - west);

			at[i].residual_db[scale] = residual_db[cell];
			at[i].weight[scale] = weight[cell];
		}
	}
	free(residual_db);
	free(weight);
	rpm_clutter_grid_free(&grid);
	return !failed(&status);
}

/* Residuals of all sites but one, each antenna with one voice in a cell. */
static void
fill_grid(const experiment *setup, int64_t site, int32_t west, int32_t south, rpm_clutter_grid *grid)
{
	const chengdu *data = setup->data;
	int32_t		first_column = (west - setup->first_column) / TILE_CELLS - 1,
				first_row = (south - setup->first_row) / TILE_CELLS - 1;

	for (int32_t row = first_row < 0 ? 0 : first_row; row < setup->tile_rows && setup->first_row + row * TILE_CELLS < south + grid->rows; row++)
		for (int32_t column = first_column < 0 ? 0 : first_column;
			 column < setup->tile_columns && setup->first_column + column * TILE_CELLS < west + grid->columns; column++)
		{
			size_t		tile = (size_t) row * setup->tile_columns + column;

			for (size_t t = setup->tile_begin[tile]; t < setup->tile_begin[tile + 1]; t++)
			{
				const pixel *p = &data->pixels[setup->tile_pixel[t]];
				const rpm_clutter_antenna *of = &setup->antennas[setup->pixel_antenna[setup->tile_pixel[t]]];
				int32_t		x = p->column - west,
							y = p->row - south;

				if (of->site == site || x < 0 || x >= grid->columns || y < 0 || y >= grid->rows)
					continue;
				grid->sum_db[(size_t) y * grid->columns + x] += setup->residual_db[setup->tile_pixel[t]];
				grid->weight[(size_t) y * grid->columns + x] += 1;
			}
		}
}
