/*
 * map_chains.h: chains of mirrors in a map, found by rays and then evaluated exactly.
 *
 * map_chains.c launches rays, notes over which facets they come to the receivers' plane, and sends more to where chains are rare.
 * map_chain_cells.c evaluates a chain by the antenna's image in it: map_chain_area.c cuts what it may light out of the grid, and how much
 * of that is in shadow is sampled.  A chain counts once however many rays have found it, and as 1 / p, with p the probability that one
 * of the rays finds it, known from the solid angle of what it lights (D. G. Horvitz, D. J. Thompson, J. Am. Stat. Assoc. 47, 1952): so
 * the mean over seeds is right, and the error is stated by what rare chains add.
 */
#ifndef RPM_MAP_CHAINS_H
#define RPM_MAP_CHAINS_H

#include "trace/chain_set.h"
#include "trace/map_directions.h"

/* Corners of a polygon on the receivers' plane; sides beyond them are not cut off, which leaves more to be sampled. */
#define RPM_CHAIN_CORNERS 48

/* Convex, in the plane of the receivers, local metres. */
typedef struct rpm_chain_polygon
{
	int			count;			/* below 3: empty */
	double		x[RPM_CHAIN_CORNERS], y[RPM_CHAIN_CORNERS];
} rpm_chain_polygon;

/* Facets that mirror the antenna one after the other. */
typedef struct rpm_map_chain
{
	const int32_t *facets;
	int			length;
	rpm_vec3	images[RPM_MAX_DEPTH + 1];	/* of the antenna in the first so many facets */
	double		heights[RPM_MAX_DEPTH];	/* of images[k] above the plane of facets[k], signed */
	uint32_t	blockers[RPM_MAX_DEPTH + 1];	/* of each leg: what hid a point last */
} rpm_map_chain;

/* One thread's room for one chain: cells, all zero between chains. */
typedef struct rpm_chain_room
{
	uint8_t    *state;
	double	   *gain;
} rpm_chain_room;

/* What the chains are filled into. */
typedef struct rpm_chain_target
{
	rpm_map_job *job;
	const rpm_map_directions *directions;
	const double *rays;			/* bins: rays launched in all */
	double		floor_gain;		/* below which little matters */
	const double *before;		/* cells: what shorter chains have brought */
	double	   *gain, *variance;	/* cells */
} rpm_chain_target;

/* Adds chains to job->gain, and their variance to job->chain_variance; counts job->launched and states job->reached_error_db. */
rpm_code	rpm_map_chains(rpm_map_job *job, rpm_status *status);

/* The images; false where the antenna or an image of it lies in a mirror's plane. */
bool		rpm_map_chain_prepare(const rpm_map_job *job, const int32_t *facets, int length, rpm_map_chain *chain);
/* Cuts out of the grid what the chain may light were nothing in the way: exact where each facet is one convex polygon, else more. */
void		rpm_map_chain_area(const rpm_map_job *job, const rpm_map_chain *chain, rpm_chain_polygon *area);
/* The part of a polygon where a x + b y + c >= 0. */
void		rpm_chain_cut(const rpm_chain_polygon *from, double a, double b, double c, rpm_chain_polygon *to);
double		rpm_chain_polygon_area(const rpm_chain_polygon *polygon);

/* Adds what comes over the chain to the target's cells; certain: the chain was not left to be found by rays. */
void		rpm_map_chain_fill(const rpm_chain_target *target, const int32_t *facets, int length, bool certain, rpm_chain_room *room);

#endif
