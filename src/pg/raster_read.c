/*
 * raster_read.c: a PostGIS raster as a plain array, through its well-known binary (PostGIS raster RFC 2), so that
 * PostGIS' own library need not be linked.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"

#include "postgis_functions.h"
#include "raster_read.h"
#include "varlena.h"

#define FALLBACK_NODATA (-9999.0f)
#define BAND_OFFLINE 0x80
#define BAND_HAS_NODATA 0x40
#define BAND_IS_NODATA 0x20
#define PIXELS_UNTIL_POLL 65536

typedef struct WkbReader
{
	const uint8 *at;
	const uint8 *end;
} WkbReader;

static RpmRaster *read_header(WkbReader *reader, const char *what, int *band_count);
static void read_band(WkbReader *reader, const char *what, RpmRaster *raster);
static double read_pixel(WkbReader *reader, const char *what, int pixel_type);
static void read_bytes(WkbReader *reader, void *to, size_t size);

RpmRaster *
rpm_raster_read(Datum raster, const char *what)
{
	int			count;

	return rpm_raster_read_bands(raster, what, 1, &count)[0];
}

RpmRaster **
rpm_raster_read_bands(Datum raster, const char *what, int most, int *count)
{
	bytea	   *wkb = DatumGetByteaPP(rpm_call_postgis(RPM_RASTER_AS_BINARY, raster));
	RpmRaster **bands = palloc(most * sizeof(RpmRaster *));
	WkbReader	reader;
	RpmRaster  *header;

	reader.at = (const uint8 *) VARDATA_ANY(wkb);
	reader.end = reader.at + VARSIZE_ANY_EXHDR(wkb);
	header = read_header(&reader, what, count);
	if (*count < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has no band", what),
				 errhint("Give the rasters that rpm_trace() returns or rpm_publish() writes.")));
	*count = Min(*count, most);
	for (int i = 0; i < *count; i++)
	{
		bands[i] = palloc(sizeof(RpmRaster));
		*bands[i] = *header;
		read_band(&reader, what, bands[i]);
	}
	pfree(wkb);
	return bands;
}

static RpmRaster *
read_header(WkbReader *reader, const char *what, int *band_count)
{
	RpmRaster  *raster = palloc0(sizeof(RpmRaster));
	uint8		endian;
	uint16		version,
				bands,
				width,
				height;
	double		skew[2];
	int32		srid;

	read_bytes(reader, &endian, 1);
	read_bytes(reader, &version, 2);
	read_bytes(reader, &bands, 2);
	read_bytes(reader, &raster->scale_x, 8);
	read_bytes(reader, &raster->scale_y, 8);
	read_bytes(reader, &raster->upper_left_x, 8);
	read_bytes(reader, &raster->upper_left_y, 8);
	read_bytes(reader, skew, 16);
	read_bytes(reader, &srid, 4);
	read_bytes(reader, &width, 2);
	read_bytes(reader, &height, 2);
#ifdef WORDS_BIGENDIAN
	if (endian != 0)
#else
	if (endian != 1)
#endif
		elog(ERROR, "raster arrived in a foreign byte order");

	if (!isfinite(raster->upper_left_x) || !isfinite(raster->upper_left_y) || !isfinite(raster->scale_x) || !isfinite(raster->scale_y))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has its corner at (%g, %g) and cells of %g x %g: not finite", what, raster->upper_left_x, raster->upper_left_y,
						raster->scale_x, raster->scale_y),
				 errhint("Give the rasters that rpm_trace() returns or rpm_publish() writes.")));
	if (!(skew[0] == 0 && skew[1] == 0 && raster->scale_x > 0 && raster->scale_y < 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is not north-up (scale %g, %g, skew %g, %g)", what,
						raster->scale_x, raster->scale_y, skew[0], skew[1]),
				 errhint("Warp it to a north-up grid with ST_Transform() or ST_SetRotation() first.")));
	raster->srid = srid;
	raster->columns = width;
	raster->rows = height;
	*band_count = bands;
	return raster;
}

static void
read_band(WkbReader *reader, const char *what, RpmRaster *raster)
{
	size_t		count = (size_t) raster->columns * raster->rows;
	uint8		type;
	double		nodata;
	bool		has_nodata;

	read_bytes(reader, &type, 1);
	if (type & BAND_OFFLINE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s keeps its band in a file outside the database", what),
				 errhint("Load the raster into the database (raster2pgsql without -R).")));
	has_nodata = (type & (BAND_HAS_NODATA | BAND_IS_NODATA)) != 0;
	nodata = read_pixel(reader, what, type & 0x0f);
	raster->nodata = has_nodata ? (float) nodata : FALLBACK_NODATA;
	raster->values = palloc_extended(Max(count, 1) * sizeof(float), MCXT_ALLOC_HUGE);
	for (size_t i = 0; i < count; i++)
	{
		double		value = read_pixel(reader, what, type & 0x0f);

		if (i % PIXELS_UNTIL_POLL == 0)
			CHECK_FOR_INTERRUPTS();
		raster->values[i] = isfinite(value) ? (float) value : raster->nodata;
	}
}

/* Pixel types of rt_core/librtcore.h: 0-2 whole bytes holding few bits, 3 int8 ... 11 double. */
static double
read_pixel(WkbReader *reader, const char *what, int pixel_type)
{
	union
	{
		uint8		u8;
		int8		i8;
		uint16		u16;
		int16		i16;
		uint32		u32;
		int32		i32;
		float		f32;
		double		f64;
	}			pixel;

	switch (pixel_type)
	{
		case 0:
		case 1:
		case 2:
		case 4:
			read_bytes(reader, &pixel, 1);
			return pixel.u8;
		case 3:
			read_bytes(reader, &pixel, 1);
			return pixel.i8;
		case 5:
			read_bytes(reader, &pixel, 2);
			return pixel.i16;
		case 6:
			read_bytes(reader, &pixel, 2);
			return pixel.u16;
		case 7:
			read_bytes(reader, &pixel, 4);
			return pixel.i32;
		case 8:
			read_bytes(reader, &pixel, 4);
			return pixel.u32;
		case 10:
			read_bytes(reader, &pixel, 4);
			return pixel.f32;
		case 11:
			read_bytes(reader, &pixel, 8);
			return pixel.f64;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("%s has a pixel type of unknown number %d", what, pixel_type),
					 errhint("Convert it with ST_SetBandNoDataValue(ST_Reclass(...)) or ST_MapAlgebra(rast, '32BF', '[rast]').")));
	}
	return 0;
}

static void
read_bytes(WkbReader *reader, void *to, size_t size)
{
	if ((size_t) (reader->end - reader->at) < size)
		elog(ERROR, "raster ends early");
	memcpy(to, reader->at, size);
	reader->at += size;
}
