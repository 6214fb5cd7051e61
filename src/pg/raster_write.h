/* raster_write.h: plain arrays as PostGIS rasters. */
#ifndef RPM_PG_RASTER_WRITE_H
#define RPM_PG_RASTER_WRITE_H

#include "postgres.h"

/* Tiles of a map are at most so many cells wide and high. */
#define RPM_TILE_CELLS 1024
#define RPM_RASTER_BANDS 32		/* of one raster, at most */

typedef enum RpmPixelType
{
	RPM_PIXEL_INT32 = 7,		/* 32BSI */
	RPM_PIXEL_FLOAT32 = 10		/* 32BF */
} RpmPixelType;

typedef struct RpmRasterGrid
{
	int			columns, rows;	/* at most 65535 each */
	double		scale_x, scale_y;	/* scale_y is negative: north-up */
	double		upper_left_x, upper_left_y;
	int			srid;
} RpmRasterGrid;

/* A raster whose pixels are still to be written: bands[i] is rows x columns from the north-west, 4 bytes a pixel, not initialised. */
typedef struct RpmRasterDraft
{
	RpmRasterGrid grid;
	RpmPixelType type;
	double		nodata;			/* of every band */
	int			band_count;
	void	   *bands[RPM_RASTER_BANDS];
	struct varlena *raster;		/* the value that the bands lie in; NULL: memory of their own */
} RpmRasterDraft;

/*
 * Where pixels are written straight into the value that comes of them.  `bands` of one type, in the current memory context.
 * Errors: 54000 when a raster of this size cannot be (1 GB).
 */
extern RpmRasterDraft *rpm_raster_begin(const RpmRasterGrid *grid, RpmPixelType type, double nodata, int band_count);

/* The raster; the draft is gone. */
extern Datum rpm_raster_finish(RpmRasterDraft *draft);

/* No raster: the pixels were all that was wanted. */
extern void rpm_raster_discard(RpmRasterDraft *draft);

/* A raster of bands that lie elsewhere.  Errors: as above. */
extern Datum rpm_raster_build_bands(const RpmRasterGrid *grid, RpmPixelType type, double nodata, int band_count,
									const void *const *bands);

/* The same with one band. */
extern Datum rpm_raster_build(const RpmRasterGrid *grid, RpmPixelType type, double nodata, const void *pixels);

#endif
