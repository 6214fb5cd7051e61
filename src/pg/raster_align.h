/* raster_align.h: rasters on one grid of whole cells. */
#ifndef RPM_PG_RASTER_ALIGN_H
#define RPM_PG_RASTER_ALIGN_H

#include "postgres.h"

#include "raster_read.h"

/*
 * Where the north-west corner of a raster lies in whole cells of another, columns eastward and rows southward.  what and first_what: how
 * errors call the two.  Errors: 22023 for another SRID or cell size, or a corner that is not on whole cells, with the caller's hints.
 */
extern void rpm_raster_place(const RpmRaster *first, const char *first_what, const RpmRaster *raster, const char *what,
							 const char *srid_hint, const char *alignment_hint, int64 *column, int64 *row);

#endif
