/* chengdu.c: reads the tables of ../shared/data/chengdu (chengdu.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chengdu.h"

typedef struct raw_pixel
{
	int32_t		antenna;
	pixel		pixel;
} raw_pixel;

static bool read_antennas(const char *path, chengdu *data);
static bool read_measurements(const char *path, chengdu *data);
static int	antenna_of(const chengdu *data, int64_t id, int last);
static void sort_by_antenna(chengdu *data, const raw_pixel *raw, size_t count);
static int	compare_antennas(const void *a, const void *b);

bool
chengdu_read(const char *folder, chengdu *data)
{
	char		path[4096];

	memset(data, 0, sizeof(*data));
	snprintf(path, sizeof(path), "%s/antenna.csv", folder);
	if (!read_antennas(path, data))
		return false;
	snprintf(path, sizeof(path), "%s/measurement.csv.xz", folder);
	return read_measurements(path, data);
}

static bool
read_antennas(const char *path, chengdu *data)
{
	FILE	   *file = fopen(path, "r");
	char		line[512];
	int			room = 4096;

	if (file == NULL || fgets(line, sizeof(line), file) == NULL)
	{
		fprintf(stderr, "%s cannot be read\n", path);
		return false;
	}
	data->antennas = malloc((size_t) room * sizeof(antenna_row));
	while (fgets(line, sizeof(line), file) != NULL && data->antenna_count < room)
	{
		antenna_row *a = &data->antennas[data->antenna_count];
		double		electrical, mechanical;
		long long	id, site;

		if (sscanf(line, "%lld,%lld,%d,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%d", &id, &site, &a->area, &a->x_m, &a->y_m, &a->height_m,
				   &a->azimuth_deg, &electrical, &mechanical, &a->frequency_mhz, &a->rs_power_dbm, &a->ground_m, &a->building_m,
				   &a->clutter) != 14)
			continue;
		a->id = id;
		a->site = site;
		a->tilt_deg = electrical + mechanical;
		data->antenna_count++;
	}
	fclose(file);
	qsort(data->antennas, (size_t) data->antenna_count, sizeof(antenna_row), compare_antennas);
	return data->antenna_count > 0;
}

static int
compare_antennas(const void *a, const void *b)
{
	const antenna_row *x = a,
			   *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static bool
read_measurements(const char *path, chengdu *data)
{
	char		command[4200],
				line[256];
	FILE	   *file;
	raw_pixel  *raw;
	size_t		count = 0,
				room = 1 << 20;
	int			last = 0;

	snprintf(command, sizeof(command), "xz -dc '%s'", path);
	file = popen(command, "r");
	raw = malloc(room * sizeof(raw_pixel));
	while (file != NULL && raw != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		char	   *at = line;
		int64_t		id = strtoll(at, &at, 10);
		double		x, y, rsrp;

		if (at == line)
			continue;			/* the header */
		x = strtod(at + 1, &at);
		y = strtod(at + 1, &at);
		rsrp = strtod(at + 1, &at);
		last = antenna_of(data, id, last);
		if (last < 0 || !(fabs(x - data->antennas[last].x_m) < TILE_HALF_M && fabs(y - data->antennas[last].y_m) < TILE_HALF_M))
		{
			data->outside++;
			last = last < 0 ? 0 : last;
			continue;
		}
		if (count == room)
			raw = realloc(raw, (room *= 2) * sizeof(raw_pixel));
		raw[count++] = (raw_pixel){last, {(int32_t) floor(x / CELL_M), (int32_t) floor(y / CELL_M), (float) rsrp}};
	}
	if (file == NULL || pclose(file) != 0 || count == 0)
	{
		fprintf(stderr, "%s cannot be read\n", path);
		return false;
	}
	sort_by_antenna(data, raw, count);
	free(raw);
	return true;
}

/* Rows of one antenna follow each other. */
static int
antenna_of(const chengdu *data, int64_t id, int last)
{
	int			low = 0,
				high = data->antenna_count - 1;

	if (data->antennas[last].id == id)
		return last;
	while (low <= high)
	{
		int			middle = (low + high) / 2;

		if (data->antennas[middle].id == id)
			return middle;
		if (data->antennas[middle].id < id)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return -1;
}

static void
sort_by_antenna(chengdu *data, const raw_pixel *raw, size_t count)
{
	size_t	   *next;

	data->begin = calloc((size_t) data->antenna_count + 1, sizeof(size_t));
	next = malloc(((size_t) data->antenna_count + 1) * sizeof(size_t));
	data->pixels = malloc(count * sizeof(pixel));
	for (size_t i = 0; i < count; i++)
		data->begin[raw[i].antenna + 1]++;
	for (int a = 0; a < data->antenna_count; a++)
		data->begin[a + 1] += data->begin[a];
	memcpy(next, data->begin, ((size_t) data->antenna_count + 1) * sizeof(size_t));
	for (size_t i = 0; i < count; i++)
		data->pixels[next[raw[i].antenna]++] = raw[i].pixel;
	free(next);
}
