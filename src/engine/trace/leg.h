/*
 * leg.h: one straight leg of a path against the scene: is it free, or what does it cross.
 *
 * A leg may begin and end on surfaces (a reflection point, an edge).  Rays are single precision, so a surface that holds
 * an end of the leg would shadow it at random; but a plane never lies between a point of itself and another point, and so
 * the leg's own facets are named and not counted, nor is any facet in the plane of one of them (walls that two buildings
 * share).  Nothing is counted within RPM_LEG_END_M of either end.
 */
#ifndef RPM_LEG_H
#define RPM_LEG_H

#include "rpm_query.h"

/* Three times the rounding of coordinates (1 mm) and of facet planes (2 mm) that two coincident walls may differ by, metres. */
#define RPM_LEG_END_M 5e-3

/* Where a leg goes through a facet. */
typedef struct rpm_leg_crossing
{
	double		distance_m;		/* from p */
	rpm_vec3	point;
	uint32_t	triangle;
	int32_t		facet;
} rpm_leg_crossing;

/* Whether facet a lies in the plane of facet b: nowhere farther than RPM_LEG_END_M from it. */
RPM_SHARED bool rpm_facets_coincide(const rpm_facet *a, const rpm_facet *b);

/*
 * Whether two facets, met one behind the other at distance_m along a ray of this direction, count as one wall: parallel and nearer
 * to each other than the scene's party_wall_m.  Surveys draw a party wall once for each house, and some draw both its faces.
 */
RPM_SHARED bool rpm_is_party_wall(const rpm_scene *scene, int32_t first, int32_t second, double distance_m, rpm_vec3 direction);

/*
 * Whether the leg from p to q is free.  own: the facets on which its ends lie (RPM_NO_FACET entries are skipped), own_count may be 0.
 * One occlusion test where nothing is in the way.  Thread-safe.
 */
RPM_SHARED bool rpm_leg_clear(const rpm_scene *scene, const rpm_query *query, rpm_vec3 p, rpm_vec3 q, const int32_t *own, int own_count);

/* The same, and a triangle that is in the way where the leg is not free. */
RPM_SHARED bool rpm_leg_clear_or(const rpm_scene *scene, const rpm_query *query, rpm_vec3 p, rpm_vec3 q, const int32_t *own, int own_count,
							 uint32_t *triangle);

/*
 * The facets that the leg crosses, nearest to p first; a facet counts once, and so do facets in one plane and party walls.  Returns their number, or
 * capacity + 1 when there are more than capacity (crossings holds the first).  Thread-safe.
 */
RPM_SHARED int rpm_leg_crossings(const rpm_scene *scene, const rpm_query *query, rpm_vec3 p, rpm_vec3 q, const int32_t *own,
							  int own_count, rpm_leg_crossing *crossings, int capacity);

#endif
