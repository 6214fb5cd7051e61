/* raster_read.h: a PostGIS raster as a plain array. */
#ifndef RPM_PG_RASTER_READ_H
#define RPM_PG_RASTER_READ_H

#include "postgres.h"

typedef struct RpmRaster
{
	int			columns, rows;
	double		scale_x, scale_y;	/* scale_y is negative: north-up */
	double		upper_left_x, upper_left_y;
	int			srid;
	float		nodata;			/* also what absent values were turned into */
	float	   *values;			/* rows x columns, from the north-west; palloc'd */
} RpmRaster;

/*
 * Band 1 of a raster datum, whatever its pixel type, as single precision in the current memory context.  what: how errors call it.
 * Errors: 22023 for a raster without bands, with skew, south-up, or with its band outside the database.
 */
extern RpmRaster *rpm_raster_read(Datum raster, const char *what);

/* Every band in its order; at most `most` of them. */
extern RpmRaster **rpm_raster_read_bands(Datum raster, const char *what, int most, int *count);

#endif
