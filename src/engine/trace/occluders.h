/*
 * occluders.h: which part of a wall hides all points of a block from all points of another.
 *
 * The coplanar triangles of a facet are merged into polygons.  A polygon hides two convex sets from each other when the lines between
 * all their corners go through it: for each point of one set the lines to the other cut the polygon's plane in the hull of where the
 * corners' lines do.  A polygon that is not convex is taken as the part of it from which all of it is seen.  Everything is kept
 * away from the polygon's outline and from the ends of the lines by more than the rounding of rays, so that a line said to be hidden
 * is one that rpm_leg_clear finds blocked: what is skipped so changes no result.
 */
#ifndef RPM_OCCLUDERS_H
#define RPM_OCCLUDERS_H

#include "trace/leg.h"

/* Corners of a set: a block of cells over a ground that is not level. */
#define RPM_HULL_CORNERS 8

/* What was in the way last is the likeliest to be in the way again: a polygon, kept by each thread for each ray, or none yet. */
#define RPM_NO_BLOCKER UINT32_MAX

/* A point of the plane lies so far inside a side: inwards . point - offset_m. */
typedef struct rpm_occluder_side { float inwards[3], offset_m; } rpm_occluder_side;

typedef struct rpm_occluders
{
	const rpm_scene *scene;
	uint32_t   *polygon_of;		/* triangles */
	int32_t    *facet;			/* polygons */
	uint32_t   *first;			/* polygons + 1: first of its sides */
	rpm_occluder_side *sides;
	uint32_t	polygon_count;
	double		tolerance_m;	/* by which a ray may pass beside where its line does */
} rpm_occluders;

/* *occluders is the caller's (rpm_occluders_free) also after an error.  Errors: RPM_OUT_OF_MEMORY. */
rpm_code	rpm_occluders_create(const rpm_scene *scene, rpm_occluders *occluders, rpm_status *status);
void		rpm_occluders_free(rpm_occluders *occluders);
size_t		rpm_occluders_bytes(const rpm_scene *scene);

/* Whether the polygon hides all `from` from all `to`, at most RPM_HULL_CORNERS each; crossings (NULL or room for all pairs): where. */
bool		rpm_occluder_hides(const rpm_occluders *occluders, uint32_t polygon, const rpm_vec3 *from, int from_count, const rpm_vec3 *to,
							   int to_count, rpm_vec3 *crossings);
/* The same for two points. */
bool		rpm_occluder_hides_point(const rpm_occluders *occluders, uint32_t polygon, rpm_vec3 from, rpm_vec3 to);

#endif
