/* raster.h: geometries into cells. */
#ifndef RPM_FEATURES_RASTER_H
#define RPM_FEATURES_RASTER_H

#include "rpm_features.h"
#include "scene/polygons.h"

/* What the drawing of many rows shares. */
typedef struct rpm_rasteriser
{
	polygon_set set;			/* the row at hand */
	double	   *crossing;		/* of the polygon's edges with the rows of centres, by row */
	size_t		crossing_capacity;
	size_t	   *row_end;		/* grid.rows + 1 */
} rpm_rasteriser;

/* Cells column_begin <= c < column_end of a row. */
typedef void (*raster_span) (void *context, int32_t row, int32_t column_begin, int32_t column_end);

/* Calls span for the cells whose centres a polygon of the set holds; false when memory is out. */
bool		raster_polygon(rpm_environment *environment, size_t polygon, raster_span span, void *context);

/* The cells of roads in the set, each ring of which is a line. */
void		raster_lines(rpm_environment *environment, double width_m);

#endif
