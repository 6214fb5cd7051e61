/*
 * map_chains.cu: what chains of mirrors bring to cells (src/engine/trace/map_chain_piece.c), a cell of a chain per thread.
 *
 * All cells around what a chain may light are looked at: no walls are remembered, and blocks that one of them hides as a whole are not left out, as the
 * CPU does, which changes what is looked at but not what is found.
 */
#include <string.h>

#include "map_engine.h"

#include "cuda_map.h"

typedef enum chains_pass
{
	PASS_GLANCE = 0,			/* one point of each cell: is the chain in sight */
	PASS_ALL,					/* all points of each cell */
	PASS_EDGES,					/* shadows' edges closer */
	PASS_MEET,					/* what the last leg meets */
	PASSES
} chains_pass;

/* What a launch is given. */
typedef struct chains_view
{
	const rpm_chain_target *target;
	rpm_chain_box *boxes;
	uint32_t	count;
	uint8_t    *state;			/* cells of the boxes */
	double	   *gain;
	int32_t    *met;
} chains_view;

/* The target with what it points to, in one block of the device. */
typedef struct target_block
{
	rpm_chain_target target;
	rpm_map_directions directions;
} target_block;

static rpm_code take(rpm_cuda_map *map, const rpm_chain_boxes *boxes, chains_view *view, rpm_status *status);
static rpm_code bring_target(rpm_cuda_map *map, const rpm_chain_target *target, chains_view *view, rpm_status *status);
static rpm_code run(const rpm_map_job *job, const chains_view *view, size_t cells, rpm_status *status);
static cudaError_t fetch(const chains_view *view, rpm_chain_boxes *boxes);

/* The box that holds a cell. */
RPM_INLINE rpm_chain_box *
box_of(const chains_view *view, size_t cell)
{
	uint32_t	low = 0, high = view->count;

	while (high - low > 1)
	{
		uint32_t	middle = low + (high - low) / 2;

		if (view->boxes[middle].first_cell <= cell)
			low = middle;
		else
			high = middle;
	}
	return &view->boxes[low];
}

RPM_INLINE bool
is_wanted(const rpm_chain_box *box, chains_pass pass)
{
	if (pass == PASS_GLANCE)
		return box->glances && !box->in_sight;
	if (pass == PASS_MEET)
		return box->meets && box->in_sight && box->lit;
	return pass == PASS_ALL ? !box->glances || box->found || box->in_sight : box->lit;
}

static __global__ void
look_at_cells(chains_view view, chains_pass pass, size_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;
	size_t		at = first + i;
	rpm_chain_box *box;
	rpm_chain_fill fill;
	rpm_chain_piece piece;
	int			column, row, points;

	if (i >= count)
		return;
	box = box_of(&view, at);
	if (!is_wanted(box, pass))
		return;
	memset(&fill, 0, sizeof(fill));
	fill.target = view.target;
	fill.chain = &box->chain;
	fill.area = &box->area;
	fill.around = box->around;
	fill.state = view.state + box->first_cell;
	fill.state_column = box->around.column_low;
	fill.state_row = box->around.row_low;
	fill.state_columns = box->around.column_high - box->around.column_low + 1;
	fill.closer = pass == PASS_EDGES;
	fill.floor_gain = RPM_CHAIN_FLOOR_SHARE * view.target->floor_gain;
	column = fill.state_column + (int) ((at - box->first_cell) % (size_t) fill.state_columns);
	row = fill.state_row + (int) ((at - box->first_cell) / (size_t) fill.state_columns);
	points = view.target->job->points;
	if (pass == PASS_EDGES && !rpm_chain_wants_closer_look(&fill, column, row))
		return;
	if (!rpm_chain_cut_cell(&fill, column, row, &piece))
		return;
	if (pass == PASS_MEET)
		for (int k = 0; k < RPM_CHAIN_MET; k++)
			view.met[at * RPM_CHAIN_MET + k] = rpm_chain_met_over(&fill, &piece, k);
	else if (pass == PASS_GLANCE)
	{
		if (rpm_chain_sample(&fill, &piece, 1) != RPM_CHAIN_DARK)
			box->in_sight = true;
	}
	else if (pass == PASS_ALL)
	{
		view.state[at] = rpm_chain_sample(&fill, &piece, points);
		view.gain[at] = piece.gain;
		if (view.state[at] == RPM_CHAIN_DARK)
			return;
		box->lit = true;
		if (!box->glances)
			box->in_sight = true;
		rpm_map_add(&box->rays, fill.rays);
	}
	else if (rpm_chain_share(&fill, &piece) >= RPM_CHAIN_NOT_MUCH)
	{
		rpm_chain_sample(&fill, &piece, points * RPM_CHAIN_CLOSER);
		view.gain[at] = piece.gain;
	}
}

rpm_code
rpm_cuda_map_chains(rpm_cuda_map *map, const rpm_map_job *job, rpm_chain_boxes *boxes, rpm_status *status)
{
	rpm_cuda_memory before = map->memory;
	chains_view view;
	cudaFuncAttributes kernel;
	cudaError_t error = cudaSetDevice(map->memory.device);
	rpm_code	code;

	memset(&view, 0, sizeof(view));
	if (error == cudaSuccess)
		error = cudaFuncGetAttributes(&kernel, look_at_cells);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "choosing the device", status);
	code = rpm_cuda_take_stacks(&map->memory, kernel.localSizeBytes, "chains of mirrors", status);
	if (code == RPM_OK)
		code = take(map, boxes, &view, status);
	if (code == RPM_OK)
		code = bring_target(map, boxes->target, &view, status);
	if (code == RPM_OK)
		code = run(job, &view, boxes->cell_count, status);
	if (code == RPM_OK && (error = fetch(&view, boxes)) != cudaSuccess)
		code = rpm_cuda_failure(error, "fetching chains of mirrors", status);
	rpm_cuda_give_back_to(&map->memory, before.block_count, before.bytes);
	return code;
}

static rpm_code
take(rpm_cuda_map *map, const rpm_chain_boxes *boxes, chains_view *view, rpm_status *status)
{
	rpm_cuda_memory *memory = &map->memory;
	const char *what = "chains of mirrors";
	void	   *there, *state, *gain, *met;
	cudaError_t error;
	rpm_code	code = rpm_cuda_take(memory, boxes->count * sizeof(rpm_chain_box), NULL, what, &there, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(memory, boxes->cell_count, NULL, what, &state, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, boxes->cell_count * sizeof(double), NULL, what, &gain, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, boxes->cell_count * RPM_CHAIN_MET * sizeof(int32_t), NULL, what, &met, status);
	if (code != RPM_OK)
		return code;
	view->boxes = (rpm_chain_box *) there;
	view->count = (uint32_t) boxes->count;
	view->state = (uint8_t *) state;
	view->gain = (double *) gain;
	view->met = (int32_t *) met;
	for (size_t i = 0; i < boxes->count; i++)
		boxes->boxes[i].chain.facets = view->boxes[i].facets;
	error = cudaMemcpy(there, boxes->boxes, boxes->count * sizeof(rpm_chain_box), cudaMemcpyHostToDevice);
	/* All bits set: RPM_NO_FACET. */
	if (error == cudaSuccess)
		error = cudaMemset(met, 0xff, boxes->cell_count * RPM_CHAIN_MET * sizeof(int32_t));
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "copying chains of mirrors", status);
}

static rpm_code
bring_target(rpm_cuda_map *map, const rpm_chain_target *target, chains_view *view, rpm_status *status)
{
	const rpm_map_directions *directions = target->directions;
	size_t		bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;
	const char *what = "the directions of rays";
	void	   *there, *rays, *before, *height = NULL;
	target_block block;
	cudaError_t error;
	rpm_code	code = rpm_cuda_take(&map->memory, sizeof(target_block), NULL, what, &there, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, bins * sizeof(double), target->rays, what, &rays, status);
	if (code == RPM_OK && directions->height != NULL)
		code = rpm_cuda_take(&map->memory, ((size_t) directions->side_z + 1) * sizeof(double), directions->height, what, &height, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, target->job->cell_count * sizeof(double), target->before, "the radio map", &before, status);
	if (code != RPM_OK)
		return code;
	memset(&block, 0, sizeof(block));
	block.directions.side_z = directions->side_z;
	block.directions.side_azimuth = directions->side_azimuth;
	block.directions.height = (double *) height;
	block.target.job = map->job;
	block.target.directions = &((target_block *) there)->directions;
	block.target.rays = (const double *) rays;
	block.target.floor_gain = target->floor_gain;
	block.target.before = (double *) before;
	view->target = &((target_block *) there)->target;
	error = cudaMemcpy(there, &block, sizeof(block), cudaMemcpyHostToDevice);
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "copying what chains of mirrors are added to", status);
}

/* Pass after pass over all cells. */
static rpm_code
run(const rpm_map_job *job, const chains_view *view, size_t cells, rpm_status *status)
{
	cudaError_t error = cudaSuccess;

	for (int pass = PASS_GLANCE; pass < PASSES && error == cudaSuccess; pass++)
	{
		rpm_cuda_pace pace = {0, 0};

		for (size_t done = 0, count; done < cells && error == cudaSuccess; done += count)
		{
			if (rpm_stopped(job->control))
				return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
			rpm_cuda_pace_begin(&pace);
			count = cells - done < pace.threads ? cells - done : pace.threads;
			RPM_LAUNCH(look_at_cells, rpm_cuda_grid(count), RPM_CUDA_BLOCK_THREADS, *view, (chains_pass) pass, done, (uint32_t) count);
			error = cudaGetLastError();
			if (error == cudaSuccess)
				error = cudaDeviceSynchronize();
			rpm_cuda_pace_end(&pace);
		}
	}
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "looking at chains of mirrors", status);
}

static cudaError_t
fetch(const chains_view *view, rpm_chain_boxes *boxes)
{
	cudaError_t error = cudaMemcpy(boxes->boxes, view->boxes, boxes->count * sizeof(rpm_chain_box), cudaMemcpyDeviceToHost);

	if (error == cudaSuccess)
		error = cudaMemcpy(boxes->gain, view->gain, boxes->cell_count * sizeof(double), cudaMemcpyDeviceToHost);
	if (error == cudaSuccess)
		error = cudaMemcpy(boxes->met, view->met, boxes->cell_count * RPM_CHAIN_MET * sizeof(int32_t), cudaMemcpyDeviceToHost);
	return error;
}
