/*
 * map_blocks.c: blocks of cells, halved from tiles down to cells; what cannot reach a block is left out for all its cells.
 */
#include "trace/map_points.h"

#include <stdlib.h>

static void do_tiles(void *context, int64_t begin, int64_t end, int thread);
static void visit(rpm_map_blocks *blocks, rpm_map_scratch *scratch, int level, rpm_map_block *block);
static bool any_wanted(const rpm_map_blocks *blocks, const rpm_map_block *block);
static void select_mirrors(const rpm_map_blocks *blocks, const rpm_map_scratch *scratch, const rpm_candidates *from, const rpm_map_block *block,
						   rpm_candidates *selected);
static void select_edges(const rpm_map_blocks *blocks, const rpm_map_scratch *scratch, const rpm_candidates *from, const rpm_map_block *block,
						 rpm_candidates *selected);
static bool scratch_create(const rpm_map_blocks *blocks, rpm_map_scratch *scratch);

rpm_code
rpm_map_blocks_create(const rpm_map_job *job, rpm_map_blocks *blocks, rpm_status *status)
{
	bool		created = true;

	blocks->job = job;
	blocks->tile_columns = (job->grid->columns + RPM_MAP_TILE_CELLS - 1) / RPM_MAP_TILE_CELLS;
	blocks->scratch_count = rpm_thread_count(job->control);
	blocks->scratches = calloc((size_t) blocks->scratch_count, sizeof(rpm_map_scratch));
	for (int i = 0; i < blocks->scratch_count && created; i++)
		created = blocks->scratches != NULL && scratch_create(blocks, &blocks->scratches[i]);
	if (!created)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the candidates of %zu mirrors and %zu edges",
						blocks->mirror_count, blocks->edge_count);
	return RPM_OK;
}

static bool
scratch_create(const rpm_map_blocks *blocks, rpm_map_scratch *scratch)
{
	for (int level = 0; level < RPM_MAP_LEVELS; level++)
	{
		scratch->mirrors[level].indices = calloc(blocks->mirror_count + 1, sizeof(uint32_t));
		scratch->edges[level].indices = calloc(blocks->edge_count + 1, sizeof(uint32_t));
		if (!scratch->mirrors[level].indices || !scratch->edges[level].indices)
			return false;
	}
	scratch->direct_blocker = RPM_NO_BLOCKER;
	scratch->edge_blockers = calloc(blocks->edge_count + 1, sizeof(uint32_t));
	for (size_t i = 0; i < blocks->edge_count && scratch->edge_blockers != NULL; i++)
		scratch->edge_blockers[i] = RPM_NO_BLOCKER;
	scratch->mirror_blockers = calloc(blocks->mirror_count + 1, sizeof(rpm_map_mirror_blockers));
	for (size_t i = 0; i < blocks->mirror_count && scratch->mirror_blockers != NULL; i++)
		scratch->mirror_blockers[i] = (rpm_map_mirror_blockers) {RPM_NO_BLOCKER, RPM_NO_BLOCKER};
	return scratch->edge_blockers != NULL && scratch->mirror_blockers != NULL;
}

void
rpm_map_blocks_free(rpm_map_blocks *blocks)
{
	for (int i = 0; i < blocks->scratch_count && blocks->scratches != NULL; i++)
	{
		rpm_map_scratch *scratch = &blocks->scratches[i];

		for (int level = 0; level < RPM_MAP_LEVELS; level++)
		{
			free(scratch->mirrors[level].indices);
			free(scratch->edges[level].indices);
		}
		free(scratch->edge_blockers);
		free(scratch->mirror_blockers);
		free(scratch->reflected);
		free(scratch->diffracted);
	}
	free(blocks->scratches);
	blocks->scratches = NULL;
}

rpm_code
rpm_map_blocks_run(rpm_map_blocks *blocks, rpm_status *status)
{
	int			tile_rows = (blocks->job->grid->rows + RPM_MAP_TILE_CELLS - 1) / RPM_MAP_TILE_CELLS;
	rpm_code	code = rpm_parallel_for(blocks->job->control, (int64_t) blocks->tile_columns * tile_rows, 1, do_tiles, blocks, status);

	if (code == RPM_OK && blocks->failed)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the fields at a point");
	return code;
}

bool
rpm_map_scratch_fits(rpm_map_blocks *blocks, rpm_map_scratch *scratch, size_t mirrors, size_t edges)
{
	rpm_map_reflected *reflected = scratch->reflected;
	rpm_map_diffracted *diffracted = scratch->diffracted;

	if (mirrors > scratch->reflected_room && (reflected = realloc(reflected, 2 * mirrors * sizeof *reflected)) != NULL)
	{
		scratch->reflected = reflected;
		scratch->reflected_room = 2 * mirrors;
	}
	if (edges > scratch->diffracted_room && (diffracted = realloc(diffracted, 2 * edges * sizeof *diffracted)) != NULL)
	{
		scratch->diffracted = diffracted;
		scratch->diffracted_room = 2 * edges;
	}
	if (mirrors <= scratch->reflected_room && edges <= scratch->diffracted_room)
		return true;
	__atomic_store_n(&blocks->failed, true, __ATOMIC_RELAXED);
	return false;
}

static void
do_tiles(void *context, int64_t begin, int64_t end, int thread)
{
	rpm_map_blocks *blocks = context;
	const rpm_map_job *job = blocks->job;

	for (int64_t tile = begin; tile < end && !rpm_stopped(job->control); tile++)
	{
		rpm_map_block block = {.column_low = (int) (tile % blocks->tile_columns) * RPM_MAP_TILE_CELLS,
		.row_low = (int) (tile / blocks->tile_columns) * RPM_MAP_TILE_CELLS};

		block.column_high = (int) fmin(block.column_low + RPM_MAP_TILE_CELLS, job->grid->columns) - 1;
		block.row_high = (int) fmin(block.row_low + RPM_MAP_TILE_CELLS, job->grid->rows) - 1;
		visit(blocks, &blocks->scratches[thread], 0, &block);
		rpm_phase_add(job->control, (int64_t) (block.column_high - block.column_low + 1) * (block.row_high - block.row_low + 1)
					  * job->points * job->points / 2);
	}
}

static void
visit(rpm_map_blocks *blocks, rpm_map_scratch *scratch, int level, rpm_map_block *block)
{
	int			side = RPM_MAP_TILE_CELLS >> (level + 1);
	rpm_candidates *edges = &scratch->edges[level];

	if (rpm_stopped(blocks->job->control) || !any_wanted(blocks, block))
		return;
	rpm_map_block_place(blocks->job, block);
	select_mirrors(blocks, scratch, level > 0 ? &scratch->mirrors[level - 1] : NULL, block, &scratch->mirrors[level]);
	if (side == 0 && blocks->edges_of_four)
		edges--;
	else
		select_edges(blocks, scratch, level > 0 ? &scratch->edges[level - 1] : NULL, block, edges);
	if (side == 0)
	{
		blocks->work(blocks->context, scratch, &scratch->mirrors[level], edges, block->column_low, block->row_low);
		return;
	}
	for (int row = block->row_low; row <= block->row_high; row += side)
		for (int column = block->column_low; column <= block->column_high; column += side)
		{
			rpm_map_block quarter = {.column_low = column, .row_low = row};

			quarter.column_high = (int) fmin(column + side - 1, block->column_high);
			quarter.row_high = (int) fmin(row + side - 1, block->row_high);
			visit(blocks, scratch, level + 1, &quarter);
		}
}

static bool
any_wanted(const rpm_map_blocks *blocks, const rpm_map_block *block)
{
	for (int row = block->row_low; row <= block->row_high; row++)
		for (int column = block->column_low; column <= block->column_high; column++)
			if (blocks->wanted(blocks->context, column, row))
				return true;
	return false;
}

/* The mirrors, all or those of another list, that reach some of the cells. */
static void
select_mirrors(const rpm_map_blocks *blocks, const rpm_map_scratch *scratch, const rpm_candidates *from, const rpm_map_block *block,
			   rpm_candidates *selected)
{
	size_t		count = from != NULL ? from->count : blocks->mirror_count;

	selected->count = 0;
	for (size_t i = 0; i < count; i++)
	{
		uint32_t	index = from != NULL ? from->indices[i] : (uint32_t) i;
		const rpm_map_mirror *mirror = &blocks->mirrors[index];

		if (mirror->column_low <= block->column_high && mirror->column_high >= block->column_low
			&& mirror->row_low <= block->row_high && mirror->row_high >= block->row_low
			&& rpm_map_mirror_reaches(blocks->job, mirror, block, &scratch->mirror_blockers[index]))
			selected->indices[selected->count++] = index;
	}
}

/* The edges, all or those of another list, that may diffract into some of the cells. */
static void
select_edges(const rpm_map_blocks *blocks, const rpm_map_scratch *scratch, const rpm_candidates *from, const rpm_map_block *block,
			 rpm_candidates *selected)
{
	size_t		count = from != NULL ? from->count : blocks->edge_count;

	selected->count = 0;
	for (size_t i = 0; i < count; i++)
	{
		uint32_t	index = from != NULL ? from->indices[i] : (uint32_t) i;

		if (rpm_map_edge_reaches(blocks->job, &blocks->edges[index], block, scratch->edge_blockers[index]))
			selected->indices[selected->count++] = index;
	}
}
