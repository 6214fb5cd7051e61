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

/* One thread's room for one chain: cells, all zero between chains; and the facets that its last leg met instead of the receivers' plane. */
typedef struct rpm_chain_room
{
	uint8_t    *state;
	double	   *gain;
	int32_t    *met;
	size_t		met_count, met_capacity;
	bool		out_of_memory;
} rpm_chain_room;

/* Chains are looked for that may add more than the floor's 1 / RPM_CHAIN_SEARCH_SHARE to a cell; worth most where they may add the floor. */
#define RPM_CHAIN_SEARCH_SHARE 1e4

/* What rays say of a chain. */
typedef struct rpm_chain_sight
{
	int64_t		rays;
	size_t		bin;			/* the first direction of those that found it */
	double		worth;			/* the most that it adds to a cell, as a share of what is there */
} rpm_chain_sight;

/* A batch of rays that find chains. */
typedef struct rpm_chain_search
{
	const rpm_map_job *job;
	const rpm_map_aim *aim;
	double		floor_gain;
} rpm_chain_search;

typedef void (*rpm_chain_noter) (void *context, const int32_t *facets, int length, const rpm_chain_sight *sight);

/* What a batch has found by a device: each chain once, in any order.  chains is the caller's to free. */
typedef struct rpm_chain_find { rpm_chain_sight sight; int32_t length, facets[RPM_MAX_DEPTH]; } rpm_chain_find;
typedef struct rpm_chain_finds
{
	const rpm_chain_search *search;
	rpm_chain_find *chains;
	size_t		count;
} rpm_chain_finds;

typedef struct rpm_cell_gain { size_t cell; double gain; } rpm_cell_gain;

/* What one chain brings, and what its light meets: in one piece of memory, the caller's to free; NULL where it brings nothing. */
typedef struct rpm_chain_light
{
	double		rays;			/* launched into what the chain lights; INFINITY: certain, and added already */
	double		worth;			/* the most that it adds to a cell, as a share of what is there before */
	bool		in_sight;		/* shown by one point of each cell where it is not certain */
	size_t		cell_count, met_count;
	rpm_cell_gain *cells;
	int32_t    *met;			/* facets, some of them twice */
} rpm_chain_light;

typedef struct rpm_chain_question
{
	const int32_t *facets;
	int			length;
	bool		found;			/* by a ray: looked at even where one point of each cell does not show it lit */
	bool		certain;		/* not left to rays to find */
} rpm_chain_question;

/* What the chains are filled into. */
typedef struct rpm_chain_target
{
	rpm_map_job *job;
	const rpm_map_directions *directions;
	const double *rays;			/* bins: rays launched in all */
	double		floor_gain;		/* below which little matters */
	double	   *before;			/* cells: what there is without the chains that are looked at */
	double	   *gain;			/* cells */
	int64_t    *bytes_left;		/* taken atomically; NULL: unlimited */
} rpm_chain_target;

/* Chains in their order: certain ones, then shorter ones first. */
typedef struct rpm_chain_list
{
	const rpm_chain_set *set;
	const uint32_t *order;
	size_t		count, certain_count;
} rpm_chain_list;

/* Adds chains to job->gain, and their variance to job->chain_variance; counts job->launched and states job->reached_error_db. */
rpm_code	rpm_map_chains(rpm_map_job *job, rpm_status *status);

/* Follows ray `index` of the batch and notes each chain over which it comes to the receivers' plane. */
RPM_SHARED void rpm_chain_follow(const rpm_chain_search *search, int64_t index, rpm_chain_noter note, void *context);

/* The images; false where the antenna or an image of it lies in a mirror's plane. */
bool		rpm_map_chain_prepare(const rpm_map_job *job, const int32_t *facets, int length, rpm_map_chain *chain);
/* Cuts out of the grid what the chain may light were nothing in the way: exact where each facet is one convex polygon, else more. */
void		rpm_map_chain_area(const rpm_map_job *job, const rpm_map_chain *chain, rpm_chain_polygon *area);
/* The part of a polygon where a x + b y + c >= 0. */
RPM_SHARED void rpm_chain_cut(const rpm_chain_polygon *from, double a, double b, double c, rpm_chain_polygon *to);
RPM_SHARED double rpm_chain_polygon_area(const rpm_chain_polygon *polygon);

/* points[1 .. length], from points[length + 1] back to the antenna, points[0]; false where they miss a mirror's plane, or (within) its box. */
RPM_SHARED bool rpm_map_chain_points(const rpm_map_job *job, const rpm_map_chain *chain, bool within, rpm_vec3 *points);
RPM_SHARED double rpm_map_chain_length(const rpm_map_chain *chain, rpm_vec3 point);
/* What comes over the chain to a point were nothing in the way. */
RPM_SHARED double rpm_map_chain_power(const rpm_map_job *job, const rpm_map_chain *chain, rpm_vec3 point);
/* In which direction the antenna sends what reaches the point. */
RPM_SHARED rpm_vec3 rpm_map_chain_departure(const rpm_map_job *job, const rpm_map_chain *chain, rpm_vec3 point);

/*
 * What comes over the chain; a certain one is added to the target's cells at once.  RPM_LIMIT_EXCEEDED or RPM_OUT_OF_MEMORY where there is no
 * room for it.
 */
rpm_code	rpm_map_chain_look(const rpm_chain_target *target, const rpm_chain_question *question, rpm_chain_room *room, rpm_chain_light **light);
void		rpm_map_chain_light_free(const rpm_chain_target *target, rpm_chain_light *light);

/*
 * Adds the chains that rays have found and their neighbours to the target's cells, each network by the probability that it is found, and
 * sets variance (cells).  rooms: one per thread.
 */
rpm_code	rpm_map_chain_networks(const rpm_chain_target *target, const rpm_chain_list *found, rpm_chain_room *rooms, double *variance,
								   rpm_status *status);

#endif
