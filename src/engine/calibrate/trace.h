/*
 * trace.h: how the store is traced: what is prepared for a mast and what its places take from it.
 *
 *   store.c             masts, places, the arrays; freeing
 *   store_trace.c       one mast: what it sees, candidates, blocks of places
 *   store_candidates.c  rays that propose chains of two and more reflections; places on walls that scatter
 *   store_place.c       the paths of one place into an arena
 */
#ifndef RPM_CALIBRATE_TRACE_H
#define RPM_CALIBRATE_TRACE_H

#include "calibrate/store.h"
#include "trace/map_internal.h"
#include "trace/chain_set.h"
#include "trace/paths.h"

/* A patch of wall that scatters: what a cone of the antenna's rays hits first. */
typedef struct rpm_store_patch
{
	rpm_vec3	point, normal, k_in;
	double		distance_m, solid_angle;
	int32_t		facet;
} rpm_store_patch;

/* Everything that the places of one mast share, read-only while they are traced. */
typedef struct rpm_mast_work
{
	rpm_path_store *store;
	const rpm_store_mast *mast;
	size_t		first_place, place_count;
	rpm_control *control;
	rpm_antenna isotropic;		/* at the mast: levels without a pattern, by which paths are left out */
	rpm_trace_options trace;
	rpm_grid	grid;			/* over the places */
	rpm_map_job job;			/* surface, visible set, edges */
	rpm_map_edge *edges;
	size_t		edge_count;
	rpm_map_mirror *mirrors;
	size_t		mirror_count;
	rpm_scene	scene;			/* the input's with the materials of the mast's frequency */
	rpm_chain_set chains;		/* place from first_place, then facets; sorted by place */
	size_t	   *chains_of_place;	/* place_count + 1: first of chain_order */
	uint32_t   *chain_order;
	rpm_store_patch *patches;
	size_t		patch_count;
	int64_t    *bytes_left;
} rpm_mast_work;

rpm_code	rpm_mast_propose_chains(rpm_mast_work *work, rpm_status *status);
rpm_code	rpm_mast_find_patches(rpm_mast_work *work, rpm_status *status);

/* Of one thread: room for a place's edges; what hid each from a place last; those that may reach the places of a block. */
typedef struct rpm_place_scratch
{
	struct rpm_place_edge *edges;
	uint32_t   *blockers, *near_edges, *near_mirrors;
	size_t		near_edge_count, near_mirror_count;
	double	   *patch_weights;
} rpm_place_scratch;

bool		rpm_place_scratch_create(const rpm_mast_work *work, rpm_place_scratch *scratch);
void		rpm_place_scratch_free(rpm_place_scratch *scratch);

/* Finds what may reach places first <= i < last; before any of them is traced. */
void		rpm_place_block(const rpm_mast_work *work, size_t first, size_t last, rpm_place_scratch *scratch);

/* Appends the paths of a place and notes first_path (within the arena), path_count, group_count and indoors. */
void		rpm_place_trace(const rpm_mast_work *work, size_t place, rpm_place_scratch *scratch, rpm_store_arena *arena);

#endif
