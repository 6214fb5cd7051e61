/*
 * footprint.h: flat polygons on the lattice, and their repair.
 */
#ifndef RPM_SCENE_FOOTPRINT_H
#define RPM_SCENE_FOOTPRINT_H

#include "scene/builder.h"
#include "scene/triangulate.h"

/* As polygon_set, on the lattice. */
typedef struct flat_polygons
{
	flat_point *point;
	size_t	   *ring_end, *polygon_end;
	size_t		point_count, ring_count, polygon_count;
	size_t		point_capacity, ring_capacity, polygon_capacity;
} flat_polygons;

bool		flat_polygons_add_point(flat_polygons *set, flat_point p);
/* Drops points that fall together and rings of fewer than three; a polygon without shell is dropped with its holes. */
bool		flat_polygons_end_ring(flat_polygons *set);
bool		flat_polygons_end_polygon(flat_polygons *set);
void		flat_polygons_free(flat_polygons *set);

/*
 * Makes the polygons valid (OGC simple features): overlaps united, loops cut apart.  *reason is empty when they were, else says what was
 * wrong and *place where.  Without GEOS nothing is done.  Errors: RPM_OUT_OF_MEMORY; RPM_CANCELLED; RPM_INVALID_GEOMETRY when it cannot be
 * repaired.
 */
rpm_code	flat_polygons_repair(flat_polygons *set, const rpm_control *control, char *reason, size_t reason_size, flat_point *place);

#endif
