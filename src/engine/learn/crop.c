/* crop.c: squares of tiles, turned and mirrored, as a network's inputs and targets (data.h). */
#include <math.h>
#include <string.h>

#include "learn/data.h"

static void place_of(const learn_crop *crop, int row, int column, int *to_row, int *to_column);

/* Where a cell of the crop comes to lie: mirrored, then turned clockwise. */
static void
place_of(const learn_crop *crop, int row, int column, int *to_row, int *to_column)
{
	int			last = crop->side - 1;

	if (crop->mirror)
		column = last - column;
	*to_row = crop->turn == 0 ? row : crop->turn == 1 ? column : crop->turn == 2 ? last - row : last - column;
	*to_column = crop->turn == 0 ? column : crop->turn == 1 ? last - row : crop->turn == 2 ? last - column : row;
}

void
learn_crop_inputs(const rpm_learn_data *data, const rpm_learn_scaling *scaling, const learn_crop *crop, float *inputs)
{
	const rpm_learn_form *form = &data->form;
	const learn_tile *tile = &data->tiles[crop->tile];
	size_t		whole = (size_t) form->side * (size_t) form->side,
				square = (size_t) crop->side * (size_t) crop->side;

	for (int c = 0; c < form->channels; c++)
	{
		const uint16_t *numbers = data->numbers + (crop->tile * (size_t) form->channels + (size_t) c) * whole;
		float		sign = crop->mirror && form->kind[c] == RPM_LEARN_ANGLE ? -1.0f : 1.0f,
					slope = sign * (float) (tile->step[c] / scaling->scale[c]),
					offset = sign * (float) ((tile->least[c] - scaling->shift[c]) / scaling->scale[c]);

		for (int row = 0; row < crop->side; row++)
			for (int column = 0; column < crop->side; column++)
			{
				uint16_t	number = numbers[(size_t) (crop->row + row) * (size_t) form->side + (size_t) (crop->column + column)];
				int			to_row,
							to_column;

				place_of(crop, row, column, &to_row, &to_column);
				inputs[(size_t) c * square + (size_t) to_row * (size_t) crop->side + (size_t) to_column] =
					number == LEARN_UNKNOWN ? 0 : offset + slope * number;
			}
	}
}

size_t
learn_crop_targets(const rpm_learn_data *data, const rpm_learn_scaling *scaling, const learn_crop *crop, int held_out, float *target,
				   uint8_t *mask)
{
	const learn_tile *tile = &data->tiles[crop->tile];
	size_t		square = (size_t) crop->side * (size_t) crop->side,
				count = 0;

	memset(mask, 0, square);
	memset(target, 0, square * sizeof(float));
	for (size_t i = 0; i < tile->level_count; i++)
	{
		const rpm_learn_level *level = &data->levels[tile->first_level + i];
		int			row = level->cell / data->form.side - crop->row,
					column = level->cell % data->form.side - crop->column;
		size_t		to;

		if (level->fold == held_out || row < 0 || row >= crop->side || column < 0 || column >= crop->side)
			continue;
		place_of(crop, row, column, &row, &column);
		to = (size_t) row * (size_t) crop->side + (size_t) column;
		target[to] = (float) ((level->level_dbm - scaling->target_shift_dbm) / scaling->target_scale_db);
		mask[to] = 1;
		count++;
	}
	return count;
}

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t
learn_mix(uint64_t hash, uint64_t value)
{
	uint64_t	z = (hash ^ value) + UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}
