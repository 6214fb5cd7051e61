/* data.c: tiles of channels and measured cells, kept in 16 bits a value (rpm_learn.h). */
#include "learn/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static rpm_code check_form(const rpm_learn_form *form, rpm_status *status);
static rpm_code check_levels(const rpm_learn_data *data, const rpm_learn_tile *tile, rpm_status *status);
static rpm_code keep_channel(rpm_learn_data *data, learn_tile *tile, int channel, const float *values, int64_t id, rpm_status *status);
static rpm_code make_room(rpm_learn_data *data, size_t count, rpm_status *status);
static int	compare_levels(const void *a, const void *b);
static void add_to_fingerprint(rpm_learn_data *data, const rpm_learn_tile *given, const learn_tile *kept);
static void channel_moments(const rpm_learn_data *data, int channel, double *mean, double *sd);

static size_t
values_of(const rpm_learn_form *form)
{
	return (size_t) form->channels * (size_t) form->side * (size_t) form->side;
}

size_t
rpm_learn_data_bytes(const rpm_learn_form *form, size_t tiles, size_t levels)
{
	return sizeof(rpm_learn_data) + tiles * (sizeof(learn_tile) + values_of(form) * sizeof(uint16_t)) + levels * sizeof(rpm_learn_level);
}

rpm_code
rpm_learn_data_create(const rpm_learn_form *form, size_t tiles, size_t levels, const rpm_control *control, rpm_learn_data **made,
					  rpm_status *status)
{
	rpm_learn_data *data;

	*made = NULL;
	if (check_form(form, status) != RPM_OK)
		return status->code;
	if (control != NULL && control->memory_limit_bytes > 0 && rpm_learn_data_bytes(form, tiles, levels) > control->memory_limit_bytes)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Take fewer antennas, smaller tiles, larger cells or fewer channels, or allow more memory.",
						"%zu tiles of %d x %d cells with %d channels would need %.0f MB, %.0f MB are allowed", tiles, form->side, form->side,
						form->channels, (double) rpm_learn_data_bytes(form, tiles, levels) / 1048576.0,
						(double) control->memory_limit_bytes / 1048576.0);
	data = calloc(1, sizeof(rpm_learn_data));
	if (data != NULL)
	{
		data->form = *form;
		data->tile_room = tiles;
		data->level_room = levels;
		data->memory_limit = control != NULL ? control->memory_limit_bytes : 0;
		data->tiles = calloc(tiles + 1, sizeof(learn_tile));
		data->numbers = malloc(tiles * values_of(form) * sizeof(uint16_t) + 1);
		data->levels = malloc((levels + 1) * sizeof(rpm_learn_level));
	}
	if (data == NULL || data->tiles == NULL || data->numbers == NULL || data->levels == NULL)
	{
		rpm_learn_data_free(data);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Take fewer antennas or smaller tiles.", "out of memory for %zu tiles", tiles);
	}
	*made = data;
	return RPM_OK;
}

static rpm_code
check_form(const rpm_learn_form *form, rpm_status *status)
{
	if (form->channels < 1 || form->channels > RPM_LEARN_MOST_CHANNELS || form->side < 1 || form->side > 4096)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "1 to 64 channels, sides of 1 to 4096 cells.", "tiles of %d x %d cells with %d channels cannot be",
						form->side, form->side, form->channels);
	return RPM_OK;
}

void
rpm_learn_data_free(rpm_learn_data *data)
{
	if (data == NULL)
		return;
	free(data->tiles);
	free(data->numbers);
	free(data->levels);
	free(data);
}

rpm_code
rpm_learn_data_add(rpm_learn_data *data, const rpm_learn_tile *tile, rpm_status *status)
{
	size_t		cells = (size_t) data->form.side * (size_t) data->form.side;
	learn_tile *kept = &data->tiles[data->tile_count];
	rpm_learn_level *levels;

	if (data->tile_count == data->tile_room)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, NULL, "there is room for %zu tiles, and no more", data->tile_room);
	if (tile->level_count > data->level_room - data->level_count && make_room(data, tile->level_count, status) != RPM_OK)
		return status->code;
	levels = data->levels + data->level_count;
	memcpy(levels, tile->levels, tile->level_count * sizeof(rpm_learn_level));
	qsort(levels, tile->level_count, sizeof(rpm_learn_level), compare_levels);
	kept->first_level = data->level_count;
	kept->level_count = tile->level_count;
	if (check_levels(data, tile, status) != RPM_OK)
		return status->code;
	for (int c = 0; c < data->form.channels; c++)
		if (keep_channel(data, kept, c, tile->values + (size_t) c * cells, tile->id, status) != RPM_OK)
			return status->code;
	for (size_t i = 0; i < tile->level_count; i++)
		data->in_fold[levels[i].fold]++;
	add_to_fingerprint(data, tile, kept);
	data->tile_count++;
	data->level_count += tile->level_count;
	return RPM_OK;
}

static rpm_code
make_room(rpm_learn_data *data, size_t count, rpm_status *status)
{
	size_t		room = 2 * data->level_room > data->level_count + count ? 2 * data->level_room : data->level_count + count,
				bytes = rpm_learn_data_bytes(&data->form, data->tile_room, room);
	rpm_learn_level *grown;

	if (data->memory_limit > 0 && bytes > data->memory_limit)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Take fewer antennas or larger cells, or allow more memory.",
						"%zu measured cells of %zu tiles would need %.0f MB, %.0f MB are allowed", data->level_count + count,
						data->tile_count + 1, (double) bytes / 1048576.0, (double) data->memory_limit / 1048576.0);
	grown = realloc(data->levels, (room + 1) * sizeof(rpm_learn_level));
	if (grown == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Take fewer antennas or larger cells.", "out of memory for %zu measured cells", room);
	data->levels = grown;
	data->level_room = room;
	return RPM_OK;
}

static int
compare_levels(const void *a, const void *b)
{
	const rpm_learn_level *one = a,
			   *other = b;

	return (one->cell > other->cell) - (one->cell < other->cell);
}

/* Of the tile that is being added, sorted. */
static rpm_code
check_levels(const rpm_learn_data *data, const rpm_learn_tile *tile, rpm_status *status)
{
	const rpm_learn_level *levels = data->levels + data->level_count;
	int32_t		cells = data->form.side * data->form.side;

	for (size_t i = 0; i < tile->level_count; i++)
		if (levels[i].cell < 0 || levels[i].cell >= cells || !isfinite(levels[i].level_dbm) || levels[i].fold < 0 ||
			levels[i].fold >= RPM_LEARN_MOST_FOLDS || (i > 0 && levels[i].cell == levels[i - 1].cell))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Each measured cell of a tile stands once, with a finite level and a fold from 0 to 99.",
							"tile %lld: cell %d at %g dBm in fold %d cannot be", (long long) tile->id, (int) levels[i].cell,
							levels[i].level_dbm, (int) levels[i].fold);
	return RPM_OK;
}

static rpm_code
keep_channel(rpm_learn_data *data, learn_tile *tile, int channel, const float *values, int64_t id, rpm_status *status)
{
	size_t		cells = (size_t) data->form.side * (size_t) data->form.side;
	uint16_t   *numbers = data->numbers + data->tile_count * values_of(&data->form) + (size_t) channel * cells;
	double		least = INFINITY,
				most = -INFINITY;

	for (size_t i = 0; i < cells; i++)
		if (isinf(values[i]))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "What is not known is NaN.", "tile %lld: channel %d is infinite in cell %zu",
							(long long) id, channel, i);
		else if (!isnan(values[i]))
		{
			least = fmin(least, values[i]);
			most = fmax(most, values[i]);
		}
	tile->least[channel] = isfinite(least) ? (float) least : 0;
	tile->step[channel] = most > least ? (float) ((most - least) / LEARN_STEPS) : 0;
	for (size_t i = 0; i < cells; i++)
		if (isnan(values[i]))
			numbers[i] = LEARN_UNKNOWN;
		else
		{
			double		steps = tile->step[channel] > 0 ? rint(((double) values[i] - tile->least[channel]) / tile->step[channel]) : 0;

			numbers[i] = (uint16_t) fmin(fmax(steps, 0), LEARN_STEPS);
		}
	return RPM_OK;
}

static void
add_to_fingerprint(rpm_learn_data *data, const rpm_learn_tile *given, const learn_tile *kept)
{
	uint64_t	hash = learn_mix(data->fingerprint, (uint64_t) given->id);
	const uint16_t *numbers = data->numbers + data->tile_count * values_of(&data->form);
	const rpm_learn_level *levels = data->levels + kept->first_level;

	for (int c = 0; c < data->form.channels; c++)
	{
		uint32_t	bits[2];

		memcpy(&bits[0], &kept->least[c], sizeof(uint32_t));
		memcpy(&bits[1], &kept->step[c], sizeof(uint32_t));
		hash = learn_mix(hash, (uint64_t) bits[0] << 32 | bits[1]);
	}
	/* Fowler, Noll and Vo's hash (FNV-1a) over the numbers: one multiplication each. */
	for (size_t i = 0; i < values_of(&data->form); i++)
		hash = (hash ^ numbers[i]) * UINT64_C(0x100000001b3);
	for (size_t i = 0; i < kept->level_count; i++)
	{
		uint32_t	bits;

		memcpy(&bits, &levels[i].level_dbm, sizeof(bits));
		hash = learn_mix(hash, (uint64_t) (uint32_t) levels[i].cell << 32 | bits);
	}
	data->fingerprint = hash;
}

size_t
rpm_learn_data_tiles(const rpm_learn_data *data)
{
	return data->tile_count;
}

size_t
rpm_learn_data_levels(const rpm_learn_data *data, int fold)
{
	return fold < 0 ? data->level_count : fold < RPM_LEARN_MOST_FOLDS ? data->in_fold[fold] : 0;
}

size_t
rpm_learn_data_size(const rpm_learn_data *data)
{
	return rpm_learn_data_bytes(&data->form, data->tile_room, data->level_room);
}

uint64_t
rpm_learn_data_fingerprint(const rpm_learn_data *data)
{
	return learn_mix(data->fingerprint, data->tile_count);
}

rpm_code
rpm_learn_scaling_of(const rpm_learn_data *data, int held_out, rpm_learn_scaling *scaling, rpm_status *status)
{
	double		sum = 0,
				squares = 0;
	size_t		count = 0;

	*scaling = (rpm_learn_scaling) {.channels = data->form.channels, .deviation_factor = 1};
	for (size_t i = 0; i < data->level_count; i++)
		if (data->levels[i].fold != held_out)
		{
			sum += data->levels[i].level_dbm;
			count++;
		}
	if (count == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Take more antennas with measurements, or fewer folds.",
						held_out < 0 ? "nothing was measured in any tile" : "nothing was measured outside of fold %d", held_out + 1);
	scaling->target_shift_dbm = sum / (double) count;
	for (size_t i = 0; i < data->level_count; i++)
		if (data->levels[i].fold != held_out)
			squares += pow(data->levels[i].level_dbm - scaling->target_shift_dbm, 2);
	scaling->target_scale_db = squares > 0 ? sqrt(squares / (double) count) : 1;
	for (int c = 0; c < data->form.channels; c++)
	{
		channel_moments(data, c, &scaling->shift[c], &scaling->scale[c]);
		if (data->form.kind[c] == RPM_LEARN_ANGLE)
		{
			scaling->scale[c] = hypot(scaling->scale[c], scaling->shift[c]);
			scaling->shift[c] = 0;
		}
		/* Steps of a constant are rounding, no scale. */
		if (!(scaling->scale[c] > 1e-6 * (1 + fabs(scaling->shift[c]))))
			scaling->scale[c] = 1;
	}
	return RPM_OK;
}

static void
channel_moments(const rpm_learn_data *data, int channel, double *mean, double *sd)
{
	size_t		cells = (size_t) data->form.side * (size_t) data->form.side;
	double		sum = 0,
				squares = 0,
				count = 0;

	for (size_t t = 0; t < data->tile_count; t++)
	{
		const learn_tile *tile = &data->tiles[t];
		const uint16_t *numbers = data->numbers + t * values_of(&data->form) + (size_t) channel * cells;
		double		tile_sum = 0,
					tile_squares = 0,
					known = 0;

		for (size_t i = 0; i < cells; i++)
			if (numbers[i] != LEARN_UNKNOWN)
			{
				tile_sum += numbers[i];
				tile_squares += (double) numbers[i] * numbers[i];
				known++;
			}
		/* Whole numbers below 2^53: exact, and so in any order. */
		sum += known * tile->least[channel] + tile->step[channel] * tile_sum;
		squares += known * (double) tile->least[channel] * tile->least[channel] + 2.0 * tile->least[channel] * tile->step[channel] * tile_sum +
			(double) tile->step[channel] * tile->step[channel] * tile_squares;
		count += known;
	}
	*mean = count > 0 ? sum / count : 0;
	*sd = count > 0 ? sqrt(fmax(squares / count - *mean * *mean, 0)) : 0;
}
