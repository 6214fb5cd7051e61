/*
 * raster_write.c: plain arrays as PostGIS rasters, through their well-known binary (PostGIS raster RFC 2), so that PostGIS' own
 * library need not be linked.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "postgis_functions.h"
#include "raster_write.h"
#include "varlena.h"

#define HEADER_BYTES 61
#define BAND_HEADER_BYTES 5		/* type and nodata */
#define PIXEL_BYTES 4
#define BAND_HAS_NODATA 0x40
#ifdef WORDS_BIGENDIAN
#define BYTE_ORDER_MARK 0
#else
#define BYTE_ORDER_MARK 1
#endif

static uint8 *put_header(uint8 *to, const RpmRasterGrid *grid, int band_count);
static uint8 *put_band_header(uint8 *to, RpmPixelType type, double nodata);
static uint8 *put(uint8 *to, const void *from, size_t size);

Datum
rpm_raster_build(const RpmRasterGrid *grid, RpmPixelType type, double nodata, const void *pixels)
{
	return rpm_raster_build_bands(grid, type, nodata, 1, &pixels);
}

Datum
rpm_raster_build_bands(const RpmRasterGrid *grid, RpmPixelType type, double nodata, int band_count, const void *const *bands)
{
	size_t		band_bytes = (size_t) grid->columns * grid->rows * PIXEL_BYTES;
	size_t		size = VARHDRSZ + HEADER_BYTES + band_count * (BAND_HEADER_BYTES + band_bytes);
	bytea	   *wkb;
	uint8	   *to;
	Datum		raster;

	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a raster of %d x %d cells needs %zu MB, a value holds 1024 MB", grid->columns, grid->rows, size / 1048576),
				 errhint("Cut the area into tiles.")));
	wkb = palloc(size);
	SET_VARSIZE(wkb, size);
	to = put_header((uint8 *) VARDATA(wkb), grid, band_count);
	for (int i = 0; i < band_count; i++)
	{
		to = put_band_header(to, type, nodata);
		to = put(to, bands[i], band_bytes);
	}
	raster = rpm_call_postgis(RPM_RASTER_FROM_WKB, PointerGetDatum(wkb));
	pfree(wkb);
	return raster;
}

static uint8 *
put_header(uint8 *to, const RpmRasterGrid *grid, int band_count)
{
	uint8		byte_order = BYTE_ORDER_MARK;
	uint16		version = 0,
				count = (uint16) band_count,
				width = (uint16) grid->columns,
				height = (uint16) grid->rows;
	double		skew[2] = {0, 0};
	int32		srid = grid->srid;

	to = put(to, &byte_order, 1);
	to = put(to, &version, 2);
	to = put(to, &count, 2);
	to = put(to, &grid->scale_x, 8);
	to = put(to, &grid->scale_y, 8);
	to = put(to, &grid->upper_left_x, 8);
	to = put(to, &grid->upper_left_y, 8);
	to = put(to, skew, 16);
	to = put(to, &srid, 4);
	to = put(to, &width, 2);
	return put(to, &height, 2);
}

static uint8 *
put_band_header(uint8 *to, RpmPixelType type, double nodata)
{
	uint8		flags = BAND_HAS_NODATA | (uint8) type;
	float		nodata_float = (float) nodata;
	int32		nodata_int = type == RPM_PIXEL_INT32 ? (int32) nodata : 0;

	to = put(to, &flags, 1);
	return put(to, type == RPM_PIXEL_INT32 ? (const void *) &nodata_int : (const void *) &nodata_float, PIXEL_BYTES);
}

static uint8 *
put(uint8 *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return to + size;
}
