/*
 * band.h: the rubber band over the edges that cross a plane through two points, and the chain of knife edges along it.
 *
 * The plane is the vertical one (roof_profile.h) or the one through both ends that is level across (wall_corners.h).  In it x runs from
 * the transmitter to the receiver and z away from what the band is stretched over.  Some of the edges may hold the band from above instead:
 * then it is the shortest way between both kinds.
 */
#ifndef RPM_BAND_H
#define RPM_BAND_H

#include "rpm_multiple_diffraction.h"
#include "rpm_scene.h"

/* Edges farther below the line than this parameter nu do not count; they fade out towards it. */
#define RPM_BAND_CLEAR_NU 1.0

/* Edges of one profile that are looked at; what lies far below the line is not among them. */
#define RPM_PROFILE_MAX 1024

/* An edge of the scene. */
typedef struct rpm_profile_edge
{
	double		x0, y0, z0, x1, y1, z1;	/* x, y from the transmitter, z local */
	double		nearest_m;		/* from the transmitter along the ground */
	int32_t		wedge, building;	/* wedge -1: an edge of one face */
	int32_t		facet_0, facet_n;	/* of the wedge */
	bool		sharp;			/* not a crease of a surface that is all but flat */
} rpm_profile_edge;

/* Where an edge crosses the plane. */
typedef struct rpm_crossing
{
	double		x, z;
	double		nu_band;		/* against the band */
	const rpm_profile_edge *edge;
	int			side;			/* 1: the way passes over it; -1: below it */
	int			group;			/* whose edge it is, by what added it */
} rpm_crossing;

/* On a device a thread's profile lies in its part of memory for all threads of a launch. */
typedef struct rpm_profile_bench
{
	rpm_crossing *at;			/* `room` for each thread */
	uint32_t	room;			/* at most RPM_PROFILE_MAX */
	uint32_t   *too_many;		/* set where the room does not do */
} rpm_profile_bench;

typedef struct rpm_profile
{
	rpm_vec3	transmitter;
	rpm_vec3	base, onward, up;	/* the place (x, z) is base + x onward + z up; unit, across each other */
	double		length;			/* x of the receiver; that of the transmitter is 0 */
	double		z_begin, z_end;
	double		wavelength_m;
	int			count;
	bool		above;			/* something stands over the straight line */
	bool		between;		/* there are edges of either side */
#ifdef RPM_KERNEL
	rpm_crossing *at;			/* of the bench */
	rpm_profile_bench bench;
#else
	rpm_crossing at[RPM_PROFILE_MAX];
#endif
} rpm_profile;

/* An edge that the rubber band touches. */
typedef struct rpm_band_corner
{
	double		x, z;
	int32_t		wedge;			/* -1: an edge of one face */
	rpm_vec3	start, along;	/* the edge's line, from start to start + along */
	double		nu;				/* of this edge between its neighbours on the band */
	rpm_vec3	point;			/* of the edge where the way over it is shortest */
	int			side;			/* 1: the band turns down over it; -1: up below it */
	bool		rounds;			/* a crease of the surface that the band comes along from the corner before */
	const rpm_profile_edge *edge;
} rpm_band_corner;

/* The rubber band from transmitter to receiver, and the chain of knife edges: its corners and what comes near it from below. */
typedef struct rpm_band
{
	int			corner_count;	/* 0: in sight */
	rpm_band_corner corners[RPM_EDGES_MAX];
	double		length_m;		/* of the band */
	int			count;
	rpm_chain_edge chain[RPM_EDGES_MAX];
	double		last_leg_m;
	double		several;		/* 0: one edge alone; 1: two or more; between, the second fades in */
	bool		winds;			/* it has corners on either side */
	double		round_part;		/* what smooth surfaces leave of the field over what their edges in the chain do; at most 1 */
} rpm_band;

/* Empties a profile; bench is that of a device's threads. */
RPM_INLINE void
rpm_profile_clear(rpm_profile *p, const rpm_profile_bench *bench)
{
	p->count = 0;
	p->above = p->between = false;
#ifdef RPM_KERNEL
	p->bench = *bench;
	p->at = bench->at + (size_t) bench->room * rpm_kernel_thread();
#else
	(void) bench;
#endif
}

/* Notes where an edge crosses the plane, unless it lies beyond the ends or far below the straight line. */
RPM_SHARED void rpm_profile_add(rpm_profile *p, const rpm_profile_edge *edge, double x, double z);

/* Notes a crossing as it is; of more than there is room for, the rest is left out. */
RPM_SHARED void rpm_profile_put(rpm_profile *p, const rpm_crossing *crossing);

/* The corners and the length of the band over what the profile holds. */
RPM_SHARED void rpm_band_stretch(rpm_profile *p, rpm_band *band);

/* The chain along a band that was stretched; of corners that are as good as one, one is left. */
RPM_SHARED void rpm_band_chain(rpm_profile *p, rpm_band *band);

/* Puts a corner at a crossing behind the last one; x of the corner before. */
RPM_SHARED void rpm_band_turn_at(const rpm_profile *p, rpm_band *band, double x, int crossing);

/* The corners of the shortest way between edges of both sides (band_between.c); sorts the profile by x. */
RPM_SHARED void rpm_band_between(rpm_profile *p, rpm_band *band);

/* round_part of a band whose corners have their parameters (band_round.c). */
RPM_SHARED double rpm_band_round_part(const rpm_profile *p, const rpm_band *band);

/* Whether the band may come along one smooth surface from an edge to the next. */
RPM_SHARED bool rpm_band_rounds(const rpm_profile_edge *from, const rpm_profile_edge *to, double leg_m);

#endif
