/*
 * triangulate.h: polygons with holes into triangles, on the lattice.
 */
#ifndef RPM_SCENE_TRIANGULATE_H
#define RPM_SCENE_TRIANGULATE_H

#include "rpm_control.h"

typedef struct flat_point { int64_t x, y; } flat_point;

typedef struct flat_triangles
{
	uint32_t	(*corner)[3];	/* indices into the points given */
	size_t		count;
	bool		complete;		/* false: the polygon crosses itself and a part of it was left */
} flat_triangles;

/*
 * Cuts a polygon by its ears.  ring_end as in polygon_set, the first ring is the shell; rings in any direction, not closed,
 * |coordinate| <= 1e9.  Every point becomes a corner, so that neighbours meet at it.  Exact integer arithmetic.
 * triangles->corner is the caller's to free.  Errors: RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	triangulate(const flat_point *points, const size_t *ring_end, size_t ring_count, const rpm_control *control,
						flat_triangles *triangles);

/* Twice the signed area of a ring, counter-clockwise positive. */
double		ring_area2(const flat_point *points, size_t count);

#endif
