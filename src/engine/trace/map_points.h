/*
 * map_points.h: blocks of cells and what may reach them (map_blocks.c), for what is evaluated at points of cells (map_points.c).
 */
#ifndef RPM_MAP_POINTS_H
#define RPM_MAP_POINTS_H

#include "trace/map_internal.h"

/* A tile is one level; each further level halves a block's sides, down to a cell. */
#define RPM_MAP_TILE_CELLS 16
#define RPM_MAP_LEVELS 5

/* Mirrors or edges that may reach a block, by index. */
typedef struct rpm_candidates
{
	uint32_t   *indices;
	size_t		count;
} rpm_candidates;

/* One thread's candidates, level by level, what hid them last, and fields. */
typedef struct rpm_map_scratch
{
	rpm_candidates mirrors[RPM_MAP_LEVELS], edges[RPM_MAP_LEVELS];
	uint32_t	direct_blocker;
	uint32_t   *edge_blockers;
	rpm_map_mirror_blockers *mirror_blockers;
	rpm_map_reflected *reflected;	/* at one point: room for those of the cell's mirrors and edges */
	rpm_map_diffracted *diffracted;
	size_t		reflected_room, diffracted_room;
} rpm_map_scratch;

/* Work on one cell: what may reach it. */
typedef void (*rpm_map_cell_function) (void *context, rpm_map_scratch *scratch, const rpm_candidates *mirrors, const rpm_candidates *edges,
									   int column, int row);
typedef bool (*rpm_map_cell_test) (const void *context, int column, int row);

typedef struct rpm_map_blocks
{
	const rpm_map_job *job;
	const rpm_map_mirror *mirrors;
	const rpm_map_edge *edges;
	size_t		mirror_count, edge_count;	/* 0: left out */
	bool		edges_of_four;	/* a cell takes the edges of four: where it has one point, which tells as much as the cell */
	rpm_map_cell_test wanted;
	rpm_map_cell_function work;
	void	   *context;
	rpm_map_scratch *scratches;	/* one per thread, kept between calls */
	int			scratch_count;
	int			tile_columns;
	bool		failed;			/* no memory in a worker */
} rpm_map_blocks;

/* Room for the candidates of each thread; free it also after a failure. */
rpm_code	rpm_map_blocks_create(const rpm_map_job *job, rpm_map_blocks *blocks, rpm_status *status);
void		rpm_map_blocks_free(rpm_map_blocks *blocks);
/* Calls work for each wanted cell, on all threads. */
rpm_code	rpm_map_blocks_run(rpm_map_blocks *blocks, rpm_status *status);
/* Room for a field of each of the candidates; false when memory is out, which ends the map. */
bool		rpm_map_scratch_fits(rpm_map_blocks *blocks, rpm_map_scratch *scratch, size_t mirrors, size_t edges);

#endif
