/*
 * raster_write.c: plain arrays as PostGIS rasters, without PostGIS' own library.
 *
 * Small rasters go through their well-known binary (PostGIS raster RFC 2).  That copies the pixels three times, so large ones are written as
 * PostGIS stores them (rt_raster_serialized_t of its librtcore.h: the form of rasters in tables, which every version since 2.0 reads):
 * a header, then for each band its type, its nodata value and its pixels, each band from a multiple of 8 bytes on.  Whether the
 * PostGIS at hand does so is seen on a raster of six pixels made both ways; if not, well-known binary serves all.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "postgis_functions.h"
#include "raster_write.h"
#include "snapshot_mark.h"
#include "varlena.h"

#define HEADER_BYTES 61			/* of well-known binary */
#define BAND_HEADER_BYTES 5		/* type and nodata */
#define STORED_HEADER_BYTES 64
#define STORED_BAND_HEADER_BYTES 8
#define SMALL_BYTES 65536
#define PIXEL_BYTES 4
#define PIXEL_TYPES (RPM_PIXEL_FLOAT32 + 1)
#define BAND_HAS_NODATA 0x40
#ifdef WORDS_BIGENDIAN
#define BYTE_ORDER_MARK 0
#else
#define BYTE_ORDER_MARK 1
#endif

static RpmRasterDraft *new_draft(const RpmRasterGrid *grid, RpmPixelType type, double nodata, int band_count, bool stored);
static size_t stored_bytes(const RpmRasterDraft *draft);
static void lay_out(RpmRasterDraft *draft);
static bool stored_as_expected(RpmPixelType type);
static bool compare_stored(RpmPixelType type);
static Datum raster_from_wkb(const RpmRasterDraft *draft);
static uint8 *put_header(uint8 *to, const RpmRasterGrid *grid, int band_count);
static uint8 *put_nodata(uint8 *to, RpmPixelType type, double nodata);
static uint8 *put_placing(uint8 *to, const RpmRasterGrid *grid);
static uint8 *put(uint8 *to, const void *from, size_t size);

RpmRasterDraft *
rpm_raster_begin(const RpmRasterGrid *grid, RpmPixelType type, double nodata, int band_count)
{
	size_t		pixel_bytes = (size_t) grid->columns * grid->rows * PIXEL_BYTES * band_count;

	return new_draft(grid, type, nodata, band_count, pixel_bytes > SMALL_BYTES && stored_as_expected(type));
}

Datum
rpm_raster_finish(RpmRasterDraft *draft)
{
	Datum		raster;

	if (draft->raster == NULL)
	{
		raster = raster_from_wkb(draft);
		rpm_raster_discard(draft);
		return raster;
	}
	raster = PointerGetDatum(draft->raster);
	pfree(draft);
	return raster;
}

void
rpm_raster_discard(RpmRasterDraft *draft)
{
	if (draft->raster != NULL)
		pfree(draft->raster);
	else
		for (int i = 0; i < draft->band_count; i++)
			pfree(draft->bands[i]);
	pfree(draft);
}

Datum
rpm_raster_build(const RpmRasterGrid *grid, RpmPixelType type, double nodata, const void *pixels)
{
	return rpm_raster_build_bands(grid, type, nodata, 1, &pixels);
}

Datum
rpm_raster_build_bands(const RpmRasterGrid *grid, RpmPixelType type, double nodata, int band_count, const void *const *bands)
{
	RpmRasterDraft *draft = rpm_raster_begin(grid, type, nodata, band_count);

	for (int i = 0; i < band_count; i++)
		memcpy(draft->bands[i], bands[i], (size_t) grid->columns * grid->rows * PIXEL_BYTES);
	return rpm_raster_finish(draft);
}

static RpmRasterDraft *
new_draft(const RpmRasterGrid *grid, RpmPixelType type, double nodata, int band_count, bool stored)
{
	RpmRasterDraft *draft = palloc0(sizeof(RpmRasterDraft));
	size_t		size;

	Assert(band_count <= RPM_RASTER_BANDS);
	draft->grid = *grid;
	draft->type = type;
	draft->nodata = nodata;
	draft->band_count = band_count;
	size = stored_bytes(draft);
	if (!AllocSizeIsValid(size))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a raster of %d x %d cells needs %zu MB, a value holds 1024 MB", grid->columns, grid->rows, size / 1048576),
				 errhint("Cut the area into tiles.")));
	if (stored)
	{
		draft->raster = palloc(size);
		SET_VARSIZE(draft->raster, size);
		lay_out(draft);
		return draft;
	}
	for (int i = 0; i < band_count; i++)
		draft->bands[i] = palloc((size_t) grid->columns * grid->rows * PIXEL_BYTES);
	return draft;
}

static size_t
stored_bytes(const RpmRasterDraft *draft)
{
	size_t		band = STORED_BAND_HEADER_BYTES + (size_t) draft->grid.columns * draft->grid.rows * PIXEL_BYTES;

	return STORED_HEADER_BYTES + draft->band_count * TYPEALIGN(8, band);
}

/* Everything but the pixels, as PostGIS stores it. */
static void
lay_out(RpmRasterDraft *draft)
{
	const RpmRasterGrid *grid = &draft->grid;
	size_t		band_bytes = (size_t) grid->columns * grid->rows * PIXEL_BYTES;
	uint8	   *to = (uint8 *) draft->raster + sizeof(int32);
	uint16		counts[2] = {0, (uint16) draft->band_count};	/* version, bands */

	to = put(to, counts, sizeof(counts));
	to = put_placing(to, grid);
	for (int i = 0; i < draft->band_count; i++)
	{
		uint8		type[4] = {BAND_HAS_NODATA | (uint8) draft->type, 0, 0, 0};

		to = put(to, type, sizeof(type));
		to = put_nodata(to, draft->type, draft->nodata);
		draft->bands[i] = to;
		to += band_bytes;
		memset(to, 0, TYPEALIGN(8, band_bytes) - band_bytes);
		to += TYPEALIGN(8, band_bytes) - band_bytes;
	}
}

/* Seen once while nothing can have changed, PostGIS itself included. */
static bool
stored_as_expected(RpmPixelType type)
{
	static RpmSnapshotMark seen_at[PIXEL_TYPES];
	RpmSnapshotMark mark = rpm_snapshot_mark();

	if (mark == 0 || seen_at[type] != mark)
	{
		if (!compare_stored(type))
			return false;
		seen_at[type] = mark;
	}
	return true;
}

static bool
compare_stored(RpmPixelType type)
{
	static const RpmRasterGrid grid = {3, 1, 5, -4, 3, 2, 4326};
	RpmRasterDraft *ours = new_draft(&grid, type, -9999, 2, true),
			   *theirs = new_draft(&grid, type, -9999, 2, false);
	struct varlena *raster;
	bool		same;

	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 3; k++)
			((uint32 *) ours->bands[i])[k] = ((uint32 *) theirs->bands[i])[k] = (uint32) (3 * i + k + 1);
	raster = (struct varlena *) DatumGetPointer(rpm_raster_finish(theirs));
	same = VARSIZE_ANY(raster) == VARSIZE(ours->raster) && memcmp(raster, ours->raster, VARSIZE(ours->raster)) == 0;
	pfree(raster);
	rpm_raster_discard(ours);
	return same;
}

static Datum
raster_from_wkb(const RpmRasterDraft *draft)
{
	size_t		band_bytes = (size_t) draft->grid.columns * draft->grid.rows * PIXEL_BYTES;
	size_t		size = VARHDRSZ + HEADER_BYTES + draft->band_count * (BAND_HEADER_BYTES + band_bytes);
	bytea	   *wkb = palloc(size);
	uint8	   *to;
	Datum		raster;

	SET_VARSIZE(wkb, size);
	to = put_header((uint8 *) VARDATA(wkb), &draft->grid, draft->band_count);
	for (int i = 0; i < draft->band_count; i++)
	{
		uint8		flags = BAND_HAS_NODATA | (uint8) draft->type;

		to = put(to, &flags, 1);
		to = put_nodata(to, draft->type, draft->nodata);
		to = put(to, draft->bands[i], band_bytes);
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
				count = (uint16) band_count;

	to = put(to, &byte_order, 1);
	to = put(to, &version, 2);
	to = put(to, &count, 2);
	return put_placing(to, grid);
}

/* In both forms. */
static uint8 *
put_placing(uint8 *to, const RpmRasterGrid *grid)
{
	uint16		width = (uint16) grid->columns,
				height = (uint16) grid->rows;
	double		skew[2] = {0, 0};
	int32		srid = grid->srid;

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
put_nodata(uint8 *to, RpmPixelType type, double nodata)
{
	float		nodata_float = (float) nodata;
	int32		nodata_int = type == RPM_PIXEL_INT32 ? (int32) nodata : 0;

	return put(to, type == RPM_PIXEL_INT32 ? (const void *) &nodata_int : (const void *) &nodata_float, PIXEL_BYTES);
}

static uint8 *
put(uint8 *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return to + size;
}
