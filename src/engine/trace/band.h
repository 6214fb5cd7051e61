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

/* A crease turns by less: radians beyond a plane. */
#define RPM_CREASE_RAD 0.2

/* Edges of one profile that are looked at; what lies far below the line is not among them. */
#define RPM_PROFILE_MAX 1024

/* An edge of the scene. */
typedef struct rpm_profile_edge
{
	double		x0, y0, z0, x1, y1, z1;	/* x, y from the transmitter, z local */
	double		nearest_m;		/* from the transmitter along the ground */
	int32_t		wedge, building;	/* wedge -1: an edge of one face, a crease of the ground */
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
	double		presence;		/* less than 1 close to a corner of the band */
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
	bool		creases;		/* the ground's creases are among them */
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
	int32_t		wedge;			/* that of the edge */
	rpm_vec3	start, along;	/* the edge's line, from start to start + along */
	double		nu;				/* of this edge between its neighbours on the band */
	int			side;			/* 1: the band turns down over it; -1: up below it */
	double		skew;			/* by how much nu is less than were the edge across the plane */
	double		opacity;		/* less than 1 where it is to fade out beside another corner */
	rpm_vec3	from, to;		/* along the legs beside it as far as the whole way before and behind it is long */
	rpm_vec3	point;			/* of the edge where the way between these is shortest */
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
	double		round_part;		/* what smooth surfaces leave of the field over what the chain does; at most 1 */
} rpm_band;

/* A run of corners on one smooth surface, which is one edge of the chain where its tangents meet; or a corner alone. */
typedef struct rpm_band_run
{
	int			last;			/* its last corner */
	bool		round;			/* more than one corner, and not bent too much to be one edge */
	double		x, z;			/* where the tangents meet */
	double		part;			/* what the surface leaves of the field behind that edge, at most 1 */
} rpm_band_run;

/* A crease of the ground stands for a surface that bends evenly and has no field of its own where the band does. */
RPM_INLINE bool
rpm_wedge_is_crease(const rpm_wedge *wedge)
{
	return wedge->building == RPM_NO_BUILDING && wedge->n_pi <= RPM_PI + RPM_CREASE_RAD;
}

RPM_INLINE bool
rpm_edge_is_ground_crease(const rpm_profile_edge *edge)
{
	return edge->building == RPM_NO_BUILDING && !edge->sharp;
}

/* Empties a profile; bench is that of a device's threads. */
RPM_INLINE void
rpm_profile_clear(rpm_profile *p, const rpm_profile_bench *bench)
{
	p->count = 0;
	p->above = p->between = p->creases = false;
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

/*
 * Where nothing stands in the way: what creases of the ground that come near the line from below leave of a field in sight, 0 to 1 and a
 * little more.  Sharp edges have fields of their own: they count as what the creases share the way with.
 */
RPM_SHARED double rpm_band_over_creases(rpm_profile *p, rpm_band *band);

/* The run that begins at a corner of a band whose corners have their parameters (band_round.c). */
RPM_SHARED rpm_band_run rpm_band_run_from(const rpm_profile *p, const rpm_band *band, int first);

/* Whether the band may come along one smooth surface from an edge to the next. */
RPM_SHARED bool rpm_band_rounds(const rpm_profile_edge *from, const rpm_profile_edge *to, double leg_m);

#endif
