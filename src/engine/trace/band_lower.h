/* band_lower.h: the edges near a rubber band from below, which a chain holds beside its corners; private to band.c and band_lower.c. */
#ifndef RPM_BAND_LOWER_H
#define RPM_BAND_LOWER_H

#include "trace/band.h"

/* Edges of a chain: the band's corners, and from below as many as fill it up to this. */
#define RPM_CHAIN_EDGES 4
/* The second edge takes over while the first one's nu rises to this. */
#define RPM_FIRST_NU 0.25
/* Edges below the band fade in while their distance from the next edge grows from RPM_EDGE_CLOSENESS to this share of a leg. */
#define RPM_CLOSENESS_END 0.06

/* An edge below the band, or above it where it holds the band from there. */
typedef struct rpm_lower_edge
{
	double		x, z, presence;
	double		nu;				/* faded by it */
	double		fade;			/* towards the first that is left out; then part of presence */
	int			side;
	const rpm_profile_edge *edge;
} rpm_lower_edge;

/* Corner i; -1 and corner_count are the transmitter and the receiver. */
RPM_INLINE rpm_band_corner
rpm_band_node(const rpm_profile *p, const rpm_band *s, int i)
{
	if (i < 0)
		return (rpm_band_corner) {.x = 0, .z = p->z_begin};
	if (i >= s->corner_count)
		return (rpm_band_corner) {.x = p->length, .z = p->z_end, .opacity = 1};
	return s->corners[i];
}

/* An edge that has all but faded is as if it were as far below. */
RPM_INLINE double
rpm_lower_faded(double nu, double presence)
{
	return -RPM_BAND_CLEAR_NU + (nu + RPM_BAND_CLEAR_NU) * presence;
}

/* From 0 to 1 as an edge stands farther from the end of its leg. */
RPM_INLINE double
rpm_band_closeness(double distance, double leg)
{
	return rpm_smooth_step((distance / leg - RPM_EDGE_CLOSENESS) / (RPM_CLOSENESS_END - RPM_EDGE_CLOSENESS));
}

/*
 * The edges nearest to the band from below, one after another, each against what stands already, at most `room`; returns how many.  Each fades
 * out towards the first that is left out, so that none comes in with a step.
 */
RPM_SHARED int rpm_band_lower_edges(rpm_profile *p, const rpm_band *s, rpm_lower_edge *lower, int room);

#endif
