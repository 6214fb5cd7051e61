/* chengdu.h: the measurements of ../shared/data/chengdu in memory, for the accuracy table; only rows inside the 2560 m tile of their antenna. */
#ifndef CHENGDU_H
#define CHENGDU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELL_M 5.0
#define TILE_HALF_M 1280.0
#define FEWEST_PIXELS 300
/* The raster of heights and classes. */
#define RASTER_WEST 382930.0
#define RASTER_NORTH 3418880.0
#define RASTER_COLUMNS 10331
#define RASTER_ROWS 8629

typedef struct antenna_row
{
	int64_t		id, site;
	int			area;
	double		x_m, y_m, height_m, azimuth_deg, tilt_deg, frequency_mhz, rs_power_dbm, ground_m, building_m;
	int			clutter;		/* class at the antenna */
} antenna_row;

/* A pixel: its centre is (column + 0.5, row + 0.5) times 5 m. */
typedef struct pixel
{
	int32_t		column, row;
	float		rsrp_dbm;
} pixel;

typedef struct chengdu
{
	int			antenna_count;
	antenna_row *antennas;		/* by id */
	pixel	   *pixels;			/* by antenna */
	size_t	   *begin;			/* of each antenna's; antenna_count + 1 of them */
	size_t		outside;		/* rows outside the tile, left out */
} chengdu;

/* Reads FOLDER/antenna.csv and FOLDER/measurement.csv.xz (through xz).  False with a line on stderr when that fails. */
bool		chengdu_read(const char *folder, chengdu *data);

static inline double pixel_x(const pixel *p) { return (p->column + 0.5) * CELL_M; }
static inline double pixel_y(const pixel *p) { return (p->row + 0.5) * CELL_M; }

#endif
