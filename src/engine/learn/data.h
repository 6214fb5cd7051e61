/* data.h: the tiles as they are kept; data.c fills them, crop.c reads them. */
#ifndef RPM_LEARN_DATA_H
#define RPM_LEARN_DATA_H

#include "rpm_learn.h"

#define LEARN_UNKNOWN UINT16_MAX
#define LEARN_STEPS 65534

typedef struct learn_tile
{
	size_t		first_level, level_count;
	float		least[RPM_LEARN_MOST_CHANNELS], step[RPM_LEARN_MOST_CHANNELS];	/* value = least + step x number */
} learn_tile;

struct rpm_learn_data
{
	rpm_learn_form form;
	size_t		tile_room, tile_count;
	size_t		level_room, level_count;
	size_t		memory_limit;	/* 0: none */
	learn_tile *tiles;
	uint16_t   *numbers;		/* tiles x channels x side x side */
	rpm_learn_level *levels;	/* of each tile, by cell */
	size_t		in_fold[RPM_LEARN_MOST_FOLDS];
	uint64_t	fingerprint;
};

/* A square of a tile, perhaps turned and mirrored. */
typedef struct learn_crop
{
	size_t		tile;
	int			row, column;	/* of its north-west cell */
	int			side;
	int			turn;			/* quarter turns, 0 to 3 */
	bool		mirror;			/* east and west, before the turn */
} learn_crop;

/* Fills one image: channels x side x side inputs. */
void		learn_crop_inputs(const rpm_learn_data *data, const rpm_learn_scaling *scaling, const learn_crop *crop, float *inputs);

/* Fills target (in units of the scale) and mask of the crop's cells outside of the fold held out (-1: all); returns how many count. */
size_t		learn_crop_targets(const rpm_learn_data *data, const rpm_learn_scaling *scaling, const learn_crop *crop, int held_out,
							   float *target, uint8_t *mask);

/* A hash of numbers: the draws of a run. */
uint64_t	learn_mix(uint64_t hash, uint64_t value);

#endif
