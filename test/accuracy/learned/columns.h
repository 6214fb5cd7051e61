/* columns.h: what a learned model may know of a pixel of an antenna in the Chengdu data: columns of a table, one row a pixel. */
#ifndef LEARNED_COLUMNS_H
#define LEARNED_COLUMNS_H

#include "../estimate.h"

/* Whose measurements stand behind a column. */
typedef enum column_group
{
	COLUMN_RADIO,				/* distance, directions, heights, power, frequency */
	COLUMN_PATH,				/* what stands in the direct path, and about the pixel */
	COLUMN_NETWORK,				/* where the other antennas stand */
	COLUMN_CLUTTER,				/* residuals of other sites about the pixel */
	COLUMN_LEVELS,				/* levels of other sites about the pixel, by direction, and of antennas about the antenna */
	COLUMN_FITTED,				/* levels of the linear model that all measured antennas share */
	COLUMN_TRACED				/* what the tracer says (traced.c) */
} column_group;

typedef struct column
{
	const char *name;
	column_group group;
} column;

#define MOST_COLUMNS 96

extern const column columns[];
extern const int column_count;

/* The heights and classes of the data's 5 m raster, as gdal_translate writes them (ENVI, one band after another). */
typedef struct town_raster
{
	int16_t    *band[3];		/* building height, class, ground */
} town_raster;

bool		town_raster_read(const char *path, town_raster *raster);

/* Pixels that learn by cell of the raster, and means of the antennas that they belong to. */
typedef struct neighbours
{
	uint32_t   *begin;			/* of each cell's */
	int32_t    *pixel;
	double	   *mean_db;		/* residual of each antenna that learns; NaN: it does not */
} neighbours;

bool		neighbours_open(const experiment *setup, neighbours *all);
void		neighbours_close(neighbours *all);

/* column_count values for each of an antenna's pixels; NaN: not known.  Those of the last two groups rest on pixels of other sites that learn, and on nothing else. */
bool		features_of(const experiment *setup, const town_raster *raster, const neighbours *all, int antenna, const size_t *pixel, size_t count,
						float *values);

#endif
