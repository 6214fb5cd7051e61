/* raster_align.c: rasters on one grid of whole cells. */
#include "postgres.h"

#include <math.h>

#include "raster_align.h"

void
rpm_raster_place(const RpmRaster *first, const char *first_what, const RpmRaster *raster, const char *what, const char *srid_hint,
				 const char *alignment_hint, int64 *column, int64 *row)
{
	double		columns = (raster->upper_left_x - first->upper_left_x) / first->scale_x;
	double		rows = (raster->upper_left_y - first->upper_left_y) / first->scale_y;

	if (raster->srid != first->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has SRID %d, %s has %d", what, raster->srid, first_what, first->srid),
				 errhint("%s", srid_hint)));
	/* A thousandth of a cell over 65535 cells allows a relative difference of 1e-8 in the cell size. */
	if (fabs(raster->scale_x / first->scale_x - 1) > 1e-8 || fabs(raster->scale_y / first->scale_y - 1) > 1e-8 ||
		!(fabs(columns - round(columns)) <= 1e-3) || !(fabs(rows - round(rows)) <= 1e-3) ||
		fabs(columns) > INT32_MAX || fabs(rows) > INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is not aligned with %s", what, first_what),
				 errdetail("Its cells are %g x %g at (%.3f, %.3f), %s's %g x %g at (%.3f, %.3f).",
						   raster->scale_x, -raster->scale_y, raster->upper_left_x, raster->upper_left_y, first_what,
						   first->scale_x, -first->scale_y, first->upper_left_x, first->upper_left_y),
				 errhint("%s", alignment_hint)));
	*column = (int64) round(columns);
	*row = (int64) round(rows);
}
