/*
 * roof_profile.h: the roofs (and the ground's ridges) in the vertical plane between a transmitter and a receiver.
 *
 * Made once for a transmitter from the edges that may stand against the sky: the scene's wedges that are not upright, and edges of
 * a single triangle (walls and roofs that share no corners, sheets).  They are kept by azimuth, nearest first, so that the profile to a
 * receiver is exact and costs some tens of crossings.  The profile is solid below its edges: what passes under a bridge is not seen.
 */
#ifndef RPM_ROOF_PROFILE_H
#define RPM_ROOF_PROFILE_H

#include "rpm_multiple_diffraction.h"
#include "rpm_query.h"

/* Roofs farther below the line than this parameter nu do not count; they fade out towards it. */
#define RPM_ROOF_CLEAR_NU 1.0

typedef struct rpm_roofs rpm_roofs;

/* An edge that the rubber band over all roofs touches. */
typedef struct rpm_roof_corner
{
	double		x, z;			/* from the transmitter along the ground; local height */
	int32_t		wedge;			/* -1: an edge of one face */
	rpm_vec3	start, along;	/* the edge's line, from start to start + along */
	double		nu;				/* of this edge between its neighbours on the band */
	rpm_vec3	point;			/* of the edge where the way over it is shortest */
} rpm_roof_corner;

/* The rubber band from transmitter to receiver, and the chain of knife edges: its corners and what comes near it from below. */
typedef struct rpm_roof_string
{
	int			corner_count;	/* 0: in sight, nothing else is filled */
	rpm_roof_corner corners[RPM_EDGES_MAX];
	double		length_m;		/* of the band */
	int			count;
	rpm_chain_edge chain[RPM_EDGES_MAX];
	double		last_leg_m;
	double		several;		/* 0: one edge alone; 1: two or more; between, the second fades in */
} rpm_roof_string;

/* Errors: RPM_OUT_OF_MEMORY, RPM_LIMIT_EXCEEDED, RPM_CANCELLED.  *roofs is the caller's (rpm_roofs_free). */
rpm_code	rpm_roofs_create(const rpm_scene *scene, const rpm_query *query, rpm_vec3 transmitter, double wavelength_m, rpm_control *control,
							 rpm_roofs **roofs, rpm_status *status);
void		rpm_roofs_free(rpm_roofs *roofs);

/* As `but` of a string over every building. */
#define RPM_EVERY_BUILDING (-2)

/* The string to a receiver over every building but one (RPM_EVERY_BUILDING, or its index).  Thread-safe. */
void		rpm_roof_string_find(const rpm_roofs *roofs, rpm_vec3 receiver, int32_t but, rpm_roof_string *string);

#endif
