/*
 * server_fold.c: best server, strongest level and SINR over the maps of many antennas (rpm_server_fold.h).
 *
 * Interference is kept as the sum of everything but the best server, so that no large level is ever subtracted from a sum.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rpm_server_fold.h"

typedef struct channel_layer
{
	int64_t		channel;
	double	   *interference_mw; /* per cell, without the cell's best server */
} channel_layer;

struct rpm_fold
{
	bool		with_interference;
	size_t		memory_limit_bytes;
	rpm_window	window;
	float	   *level_dbm;		/* of the best server */
	int32_t    *best_server;
	int32_t    *best_channel;	/* index into layers */
	double	   *best_load;
	channel_layer *layers;
	int			layer_count;
};

static rpm_window window_union(rpm_window a, rpm_window b);
static rpm_code check_levels(const rpm_window *window, const float *level, float nodata, rpm_status *status);
static rpm_code grow(rpm_fold *fold, rpm_window target, rpm_status *status);
static void *moved(const void *old, size_t size, rpm_window from, rpm_window to);
static int	layer_of(rpm_fold *fold, int64_t channel, rpm_status *status);
static rpm_code check_memory(const rpm_fold *fold, size_t cells, int layers, rpm_status *status);
static void fold_cell(rpm_fold *fold, size_t cell, float level, const rpm_fold_server *server, int layer);
static double milliwatts(double dbm);

static const char *const LIMIT_HINT = "Fold fewer or smaller maps, or raise rpm_pg.max_memory.";

rpm_fold *
rpm_fold_create(bool with_interference, size_t memory_limit_bytes, rpm_status *status)
{
	rpm_fold   *fold = calloc(1, sizeof(rpm_fold));

	if (fold == NULL)
	{
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
		return NULL;
	}
	fold->with_interference = with_interference;
	fold->memory_limit_bytes = memory_limit_bytes;
	return fold;
}

void
rpm_fold_free(rpm_fold *fold)
{
	if (fold == NULL)
		return;
	for (int i = 0; i < fold->layer_count; i++)
		free(fold->layers[i].interference_mw);
	free(fold->layers);
	free(fold->level_dbm);
	free(fold->best_server);
	free(fold->best_channel);
	free(fold->best_load);
	free(fold);
}

rpm_code
rpm_fold_add(rpm_fold *fold, const rpm_window *window, const float *level_dbm, float nodata,
			 const rpm_fold_server *server, rpm_status *status)
{
	int			layer = 0;

	if (!(server->load >= 0 && server->load <= 1))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "A load is a share between 0 and 1.",
						"load %g of antenna %d is not between 0 and 1", server->load, (int) server->id);
	if (server->id == RPM_FOLD_NO_SERVER)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Number the antennas from 1.",
						"antenna %d cannot be a server's number", (int) server->id);
	if (window->columns <= 0 || window->rows <= 0)
		return RPM_OK;
	if (check_levels(window, level_dbm, nodata, status) != RPM_OK)
		return status->code;
	if (grow(fold, window_union(fold->window, *window), status) != RPM_OK)
		return status->code;
	if (fold->with_interference)
	{
		layer = layer_of(fold, server->channel, status);
		if (layer < 0)
			return status->code;
	}

	for (int32_t row = 0; row < window->rows; row++)
	{
		size_t		to = (size_t) (window->row + row - fold->window.row) * fold->window.columns +
			(size_t) (window->column - fold->window.column);
		const float *from = level_dbm + (size_t) row * window->columns;

		for (int32_t column = 0; column < window->columns; column++)
			if (from[column] != nodata && !isnan(from[column]))
				fold_cell(fold, to + column, from[column], server, layer);
	}
	return RPM_OK;
}

rpm_window
rpm_fold_window(const rpm_fold *fold)
{
	return fold->window;
}

const int32_t *
rpm_fold_best_server(const rpm_fold *fold)
{
	return fold->best_server;
}

void
rpm_fold_strongest(const rpm_fold *fold, float nodata, float *level_dbm)
{
	size_t		cells = (size_t) fold->window.columns * fold->window.rows;

	for (size_t i = 0; i < cells; i++)
		level_dbm[i] = fold->best_server[i] == RPM_FOLD_NO_SERVER ? nodata : fold->level_dbm[i];
}

void
rpm_fold_sinr(const rpm_fold *fold, double noise_dbm, float nodata, float *sinr_db)
{
	size_t		cells = (size_t) fold->window.columns * fold->window.rows;
	double		noise_mw = milliwatts(noise_dbm);

	for (size_t i = 0; i < cells; i++)
	{
		double		interference_mw;

		if (fold->best_server[i] == RPM_FOLD_NO_SERVER)
		{
			sinr_db[i] = nodata;
			continue;
		}
		interference_mw = fold->layers[fold->best_channel[i]].interference_mw[i];
		sinr_db[i] = (float) (fold->level_dbm[i] - 10 * log10(interference_mw + noise_mw));
	}
}

/* The new map either takes the cell over, or adds to the interference there. */
static void
fold_cell(rpm_fold *fold, size_t cell, float level, const rpm_fold_server *server, int layer)
{
	int32_t		best = fold->best_server[cell];
	bool		takes = best == RPM_FOLD_NO_SERVER || level > fold->level_dbm[cell] ||
		(level == fold->level_dbm[cell] && server->id < best);

	if (!takes)
	{
		if (fold->with_interference)
			fold->layers[layer].interference_mw[cell] += milliwatts(level) * server->load;
		return;
	}
	if (fold->with_interference)
	{
		if (best != RPM_FOLD_NO_SERVER)
			fold->layers[fold->best_channel[cell]].interference_mw[cell] +=
				milliwatts(fold->level_dbm[cell]) * fold->best_load[cell];
		fold->best_channel[cell] = layer;
		fold->best_load[cell] = server->load;
	}
	fold->level_dbm[cell] = level;
	fold->best_server[cell] = server->id;
}

static rpm_window
window_union(rpm_window a, rpm_window b)
{
	rpm_window	u;
	int64_t		east, south;

	if (a.columns == 0)
		return b;
	u.column = a.column < b.column ? a.column : b.column;
	u.row = a.row < b.row ? a.row : b.row;
	east = a.column + a.columns > b.column + b.columns ? a.column + a.columns : b.column + b.columns;
	south = a.row + a.rows > b.row + b.rows ? a.row + a.rows : b.row + b.rows;
	/* A width beyond 32 bits is caught by the memory check, which sees the saturated one. */
	u.columns = east - u.column > INT32_MAX ? INT32_MAX : (int32_t) (east - u.column);
	u.rows = south - u.row > INT32_MAX ? INT32_MAX : (int32_t) (south - u.row);
	return u;
}

/* A number that no level can have is a mark for no data that was not declared as such; as a power it would drown all others. */
static rpm_code
check_levels(const rpm_window *window, const float *level, float nodata, rpm_status *status)
{
	size_t		cells = (size_t) window->columns * window->rows;

	for (size_t i = 0; i < cells; i++)
		if (!(fabsf(level[i]) <= RPM_FOLD_LARGEST_LEVEL) && level[i] != nodata && !isnan(level[i]))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Declare it as nodata, for example with ST_SetBandNoDataValue().",
							"a cell holds %g, which is no level in dBm or dB", level[i]);
	return RPM_OK;
}

/* Makes the window `target`, which contains the present one. */
static rpm_code
grow(rpm_fold *fold, rpm_window target, rpm_status *status)
{
	size_t		cells = (size_t) target.columns * (size_t) target.rows;
	rpm_window	old = fold->window;
	void	   *level, *server, *channel = NULL, *load = NULL;

	if (memcmp(&old, &target, sizeof(old)) == 0)
		return RPM_OK;
	if (check_memory(fold, cells, fold->layer_count, status) != RPM_OK)
		return status->code;

	for (int i = 0; i < fold->layer_count; i++)
	{
		double	   *larger = moved(fold->layers[i].interference_mw, sizeof(double), old, target);

		if (larger == NULL)
			return rpm_fail(status, RPM_OUT_OF_MEMORY, LIMIT_HINT, "out of memory");
		free(fold->layers[i].interference_mw);
		fold->layers[i].interference_mw = larger;
	}
	level = moved(fold->level_dbm, sizeof(float), old, target);
	server = malloc(cells * sizeof(int32_t));
	if (fold->with_interference)
	{
		channel = moved(fold->best_channel, sizeof(int32_t), old, target);
		load = moved(fold->best_load, sizeof(double), old, target);
	}
	if (level == NULL || server == NULL || (fold->with_interference && (channel == NULL || load == NULL)))
	{
		free(level);
		free(server);
		free(channel);
		free(load);
		/* The layers are already of the new size: the fold cannot be used further, and says so by being empty. */
		fold->window.columns = fold->window.rows = 0;
		return rpm_fail(status, RPM_OUT_OF_MEMORY, LIMIT_HINT, "out of memory");
	}
	for (size_t i = 0; i < cells; i++)
		((int32_t *) server)[i] = RPM_FOLD_NO_SERVER;
	for (int32_t row = 0; row < old.rows; row++)
		memcpy((int32_t *) server + (size_t) (old.row + row - target.row) * target.columns + (old.column - target.column),
			   fold->best_server + (size_t) row * old.columns, (size_t) old.columns * sizeof(int32_t));

	free(fold->level_dbm);
	free(fold->best_server);
	free(fold->best_channel);
	free(fold->best_load);
	fold->level_dbm = level;
	fold->best_server = server;
	fold->best_channel = channel;
	fold->best_load = load;
	fold->window = target;
	return RPM_OK;
}

/* A zeroed array for window `to` with the cells of `from` in their place; NULL when memory is short. */
static void *
moved(const void *old, size_t size, rpm_window from, rpm_window to)
{
	char	   *larger = calloc((size_t) to.columns * to.rows, size);

	if (larger == NULL)
		return NULL;
	for (int32_t row = 0; row < from.rows; row++)
		memcpy(larger + ((size_t) (from.row + row - to.row) * to.columns + (size_t) (from.column - to.column)) * size,
			   (const char *) old + (size_t) row * from.columns * size, (size_t) from.columns * size);
	return larger;
}

/* The layer of a channel, made at its first use; -1 with the status set. */
static int
layer_of(rpm_fold *fold, int64_t channel, rpm_status *status)
{
	size_t		cells = (size_t) fold->window.columns * fold->window.rows;
	channel_layer *larger;

	for (int i = 0; i < fold->layer_count; i++)
		if (fold->layers[i].channel == channel)
			return i;
	if (check_memory(fold, cells, fold->layer_count + 1, status) != RPM_OK)
		return -1;
	larger = realloc(fold->layers, (size_t) (fold->layer_count + 1) * sizeof(channel_layer));
	if (larger != NULL)
	{
		fold->layers = larger;
		larger[fold->layer_count].channel = channel;
		larger[fold->layer_count].interference_mw = calloc(cells, sizeof(double));
	}
	if (larger == NULL || larger[fold->layer_count].interference_mw == NULL)
	{
		rpm_fail(status, RPM_OUT_OF_MEMORY, LIMIT_HINT, "out of memory");
		return -1;
	}
	return fold->layer_count++;
}

static rpm_code
check_memory(const rpm_fold *fold, size_t cells, int layers, rpm_status *status)
{
	double		per_cell = sizeof(float) + sizeof(int32_t) +
		(fold->with_interference ? sizeof(int32_t) + sizeof(double) + (double) layers * sizeof(double) : 0);
	double		bytes = per_cell * (double) cells;

	if (fold->memory_limit_bytes > 0 && bytes > (double) fold->memory_limit_bytes)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, LIMIT_HINT,
						"%.0f cells of %.0f bytes would need %.0f MB, %.0f MB are allowed", (double) cells, per_cell,
						bytes / 1048576.0, (double) fold->memory_limit_bytes / 1048576.0);
	return RPM_OK;
}

static double
milliwatts(double dbm)
{
	return pow(10, dbm / 10);
}
