/* blocks.h: the heights at 5 m about an antenna of the Chengdu data, and the scene of blocks that they make. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdio.h>

#include "chengdu.h"
#include "rpm_scene.h"

#define BLOCK_SIDE 512			/* cells of a tile: 2 TILE_HALF_M / CELL_M */

typedef struct block_tile
{
	double		west, south;
	int16_t		height[BLOCK_SIDE * BLOCK_SIDE]; /* from the south-west, row by row */
} block_tile;

/* The tile about a place, from band 1 of the raster as gdal_translate writes it (ENVI). */
bool		block_tile_read(FILE *raster, double x_m, double y_m, block_tile *t);

/* Concrete blocks on concrete, coordinates from the tile's corner; NULL with a status where that fails.  Not for two threads at once. */
rpm_scene  *block_tile_scene(const block_tile *t, rpm_status *status);

#endif
