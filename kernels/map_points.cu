/*
 * map_points.cu: what has a closed form at the points of each cell (src/engine/trace/map_points.c), of several maps at a time: passes and memory.
 *
 * A point holds the fields that reach it in `room` places of each kind; where they do not do, the launch is made again with more.
 */
#include <stdlib.h>

#include "points_kernels.h"

#define FIRST_ROOM 24
/* Masks of edges may take this share of the memory that is left. */
#define MASK_SHARE 8
/* Edges of a profile. */
#define FIRST_CROSSINGS 64
/* Of the device's memory for the fields of a launch: at least so much, and for as many threads as the device runs at once. */
#define FIELD_BYTES ((size_t) 192 << 20)

typedef struct points_work
{
	const rpm_cuda_points_call *calls;
	int			count;
	const rpm_map_job *job;		/* of the host: the first, with which the others share mechanisms and points per cell */
	size_t		cell_count;		/* of all */
	bool		edges, roofs;	/* some map has them */
	size_t		words;			/* of the masks of all maps' edges; 0: without */
	rpm_cuda_memory memory;
	map_view	maps[RPM_CUDA_MAPS_MAX];
	points_view view;
	size_t		points_max;		/* of a launch, by the memory for its fields and powers */
	size_t		field_bytes;
	void	   *fields;
	uint32_t	crossings;		/* room for the edges of a profile */
	uint32_t   *cells;			/* of the device: room for a list of all */
	rpm_cuda_pace pace;
} points_work;

static rpm_code begin(points_work *work, const rpm_cuda_points_call *calls, int count, rpm_status *status);
static rpm_code take(points_work *work, rpm_status *status);
static uint32_t blocks_of(int cells);
static rpm_code take_mask(points_work *work, rpm_status *status);
static rpm_code choose_edges(points_work *work, rpm_status *status);
static size_t wanted_bytes(const points_work *work);
static rpm_code take_candidates(points_work *work, rpm_status *status);
static rpm_code bring_maps(points_work *work, rpm_status *status);
static rpm_code fetch(const points_work *work, rpm_status *status);
static rpm_code divide_fields(points_work *work, uint32_t room, uint32_t crossings, rpm_status *status);
static rpm_code run_passes(points_work *work, rpm_status *status);
static rpm_code mark_cells(points_work *work, uint8_t *marks, rpm_status *status);
static rpm_code run_listed(points_work *work, points_pass pass, int n, const uint8_t *marks, uint32_t *list, rpm_status *status);
static rpm_code run_cells(points_work *work, points_pass pass, int n, size_t count, rpm_status *status);
static cudaError_t one_launch(points_work *work, points_pass pass, int n, size_t first, size_t count, uint32_t *too_many);
static rpm_code run_again_finer(points_work *work, int m, uint8_t *marks, uint32_t *list, rpm_status *status);

rpm_code
rpm_cuda_maps_points(const rpm_cuda_points_call *calls, int count, rpm_status *status)
{
	points_work *work = (points_work *) calloc(1, sizeof(points_work));
	rpm_code	code;

	if (work == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the points of %d maps", count);
	code = begin(work, calls, count, status);
	if (code == RPM_OK)
		code = take(work, status);
	if (code == RPM_OK)
		code = bring_maps(work, status);
	if (code == RPM_OK && work->words > 0)
		code = choose_edges(work, status);
	if (code == RPM_OK)
		code = run_passes(work, status);
	if (code == RPM_OK)
		code = fetch(work, status);
	rpm_cuda_give_back(&work->memory);
	free(work);
	return code;
}

static rpm_code
begin(points_work *work, const rpm_cuda_points_call *calls, int count, rpm_status *status)
{
	cudaError_t error = cudaSetDevice(calls[0].map->memory.device);
	cudaFuncAttributes kernel;

	work->calls = calls;
	work->count = count;
	work->job = calls[0].job;
	work->memory.device = calls[0].map->memory.device;
	work->memory.budget = calls[0].map->memory.budget;
	for (int i = 0; i < count; i++)
	{
		map_view   *map = &work->maps[i];

		if (calls[i].job->cell_count > UINT32_MAX - 1 - work->cell_count)
			return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Take larger cells or a smaller extent.", "too many cells in %d maps", count);
		map->job = calls[i].map->job;
		map->mirror_count = (uint32_t) calls[i].mirror_count;
		map->edge_count = (uint32_t) calls[i].edge_count;
		map->begin = (uint32_t) work->cell_count;
		work->cell_count += calls[i].job->cell_count;
		map->end = (uint32_t) work->cell_count;
		map->edge_words = (map->edge_count + 31) / 32;
		map->block_columns = blocks_of(calls[i].job->grid->columns);
		map->word_begin = work->words;
		work->words += (size_t) map->block_columns * blocks_of(calls[i].job->grid->rows) * map->edge_words;
		map->word_end = work->words;
		work->edges |= calls[i].edge_count > 0;
		work->roofs |= calls[i].job->roofs != NULL;
	}
	if (error == cudaSuccess)
		error = work->roofs ? cudaFuncGetAttributes(&kernel, evaluate_points<true>) : cudaFuncGetAttributes(&kernel, evaluate_points<false>);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "choosing the device", status);
	return rpm_cuda_take_stacks(&work->memory, kernel.localSizeBytes, "the points of the map", status);
}

static rpm_code
take(points_work *work, rpm_status *status)
{
	rpm_cuda_memory *memory = &work->memory;
	size_t		cells = work->cell_count, free_bytes, per_cell = (size_t) (work->job->points * work->job->points) * CLOSER * CLOSER;
	const char *what = "the points of the map";
	void	   *maps, *signatures, *marks, *list, *power, *signature, *too_many;
	rpm_code	code = rpm_cuda_take(memory, (size_t) work->count * sizeof(map_view), NULL, what, &maps, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(memory, cells * sizeof(uint64_t), NULL, what, &signatures, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, cells, NULL, what, &marks, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, cells * sizeof(uint32_t), NULL, what, &list, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, 2 * sizeof(uint32_t), NULL, what, &too_many, status);
	if (code != RPM_OK)
		return code;
	work->cells = (uint32_t *) list;
	work->view.maps = (const map_view *) maps;
	work->view.signatures = (uint64_t *) signatures;
	work->view.marks = (uint8_t *) marks;
	work->view.too_many = (uint32_t *) too_many;
	code = take_candidates(work, status);
	if (code == RPM_OK)
		code = take_mask(work, status);
	if (code != RPM_OK)
		return code;
	free_bytes = rpm_cuda_allowed(memory);
	work->field_bytes = wanted_bytes(work);
	work->field_bytes = free_bytes / 2 < work->field_bytes ? free_bytes / 2 : work->field_bytes;
	work->points_max = work->field_bytes / 8 / (sizeof(double) + sizeof(uint64_t));
	if (work->points_max < per_cell)
		work->points_max = per_cell;
	code = rpm_cuda_take(memory, work->points_max * sizeof(double), NULL, what, &power, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, work->points_max * sizeof(uint64_t), NULL, what, &signature, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, work->field_bytes, NULL, what, &work->fields, status);
	if (code != RPM_OK)
		return code;
	work->view.power = (double *) power;
	work->view.signature = (uint64_t *) signature;
	return divide_fields(work, FIRST_ROOM, FIRST_CROSSINGS, status);
}

static size_t
wanted_bytes(const points_work *work)
{
	int			processors = 0, threads = 0;
	size_t		bytes = FIRST_ROOM * (sizeof(rpm_map_reflected) + sizeof(rpm_map_diffracted));

	if (cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, work->memory.device) != cudaSuccess
		|| cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, work->memory.device) != cudaSuccess)
		return FIELD_BYTES;
	bytes = (size_t) processors * (size_t) threads * (bytes + (work->roofs ? FIRST_CROSSINGS * sizeof(rpm_crossing) : 0));
	return bytes > FIELD_BYTES ? bytes : FIELD_BYTES;
}

/* All maps' mirrors in one block, and their edges in another. */
static rpm_code
take_candidates(points_work *work, rpm_status *status)
{
	size_t		mirrors = 0, edges = 0;
	void	   *mirror, *edge;
	rpm_code	code;

	for (int i = 0; i < work->count; i++)
	{
		mirrors += work->calls[i].mirror_count;
		edges += work->calls[i].edge_count;
	}
	code = rpm_cuda_take(&work->memory, mirrors * sizeof(rpm_map_mirror), NULL, "the mirrors of the map", &mirror, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&work->memory, edges * sizeof(rpm_map_edge), NULL, "the edges of the map", &edge, status);
	for (int i = 0; i < work->count && code == RPM_OK; i++)
	{
		work->maps[i].mirrors = (const rpm_map_mirror *) mirror;
		work->maps[i].edges = (const rpm_map_edge *) edge;
		mirror = (rpm_map_mirror *) mirror + work->calls[i].mirror_count;
		edge = (rpm_map_edge *) edge + work->calls[i].edge_count;
	}
	return code;
}

static uint32_t
blocks_of(int cells)
{
	return (uint32_t) ((cells + EDGE_BLOCK_CELLS - 1) / EDGE_BLOCK_CELLS);
}

/* The masks of all maps' edges, where a part of the memory does for them; without, all edges are looked at everywhere. */
static rpm_code
take_mask(points_work *work, rpm_status *status)
{
	void	   *mask;
	rpm_code	code;

	if (work->words > rpm_cuda_allowed(&work->memory) / MASK_SHARE / sizeof(uint32_t))
		work->words = 0;
	if (work->words == 0)
		return RPM_OK;
	code = rpm_cuda_take(&work->memory, work->words * sizeof(uint32_t), NULL, "the edges of the map", &mask, status);
	for (int i = 0; i < work->count && code == RPM_OK; i++)
		work->maps[i].edge_mask = (uint32_t *) mask + work->maps[i].word_begin;
	return code;
}

/* Fills the masks. */
static rpm_code
choose_edges(points_work *work, rpm_status *status)
{
	rpm_cuda_pace pace = {0, 0};
	cudaError_t error = cudaSuccess;

	for (size_t done = 0; done < work->words && error == cudaSuccess;)
	{
		size_t		count;

		if (rpm_stopped(work->job->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		rpm_cuda_pace_begin(&pace);
		count = work->words - done < pace.threads ? work->words - done : pace.threads;
		RPM_LAUNCH(mark_edges, rpm_cuda_grid(count), RPM_CUDA_BLOCK_THREADS, work->view, done, (uint32_t) count);
		error = cudaGetLastError();
		if (error == cudaSuccess)
			error = cudaDeviceSynchronize();
		rpm_cuda_pace_end(&pace);
		done += count;
	}
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "choosing edges", status);
}

static rpm_code
bring_maps(points_work *work, rpm_status *status)
{
	cudaError_t error = cudaMemcpy((void *) work->view.maps, work->maps, (size_t) work->count * sizeof(map_view), cudaMemcpyHostToDevice);

	for (int i = 0; i < work->count && error == cudaSuccess; i++)
	{
		const rpm_cuda_points_call *call = &work->calls[i];

		if (call->mirror_count > 0)
			error = cudaMemcpy((void *) work->maps[i].mirrors, call->mirrors, call->mirror_count * sizeof(rpm_map_mirror), cudaMemcpyHostToDevice);
		if (error == cudaSuccess && call->edge_count > 0)
			error = cudaMemcpy((void *) work->maps[i].edges, call->edges, call->edge_count * sizeof(rpm_map_edge), cudaMemcpyHostToDevice);
	}
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "copying mirrors and edges", status);
}

static rpm_code
fetch(const points_work *work, rpm_status *status)
{
	cudaError_t error = cudaSuccess;

	for (int i = 0; i < work->count && error == cudaSuccess; i++)
	{
		const rpm_map_job *job = work->calls[i].job;

		error = cudaMemcpy(job->gain, work->calls[i].map->gain, job->cell_count * sizeof(double), cudaMemcpyDeviceToHost);
		if (error == cudaSuccess)
			error = cudaMemcpy(job->outdoor_share, work->calls[i].map->outdoor_share, job->cell_count * sizeof(float), cudaMemcpyDeviceToHost);
	}
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "fetching the map", status);
}

/* So many places of each kind for each point of a launch, no more than there are mirrors or edges; and for so many edges of its profile. */
static rpm_code
divide_fields(points_work *work, uint32_t room, uint32_t crossings, rpm_status *status)
{
	rpm_profile_bench bench;
	uint32_t	most = 0;
	size_t		points, per_point;

	for (int i = 0; i < work->count; i++)
	{
		most = work->maps[i].mirror_count > most ? work->maps[i].mirror_count : most;
		most = work->maps[i].edge_count > most ? work->maps[i].edge_count : most;
	}
	work->crossings = !work->roofs ? 0 : crossings < RPM_PROFILE_MAX ? crossings : RPM_PROFILE_MAX;
	work->view.room = room < most ? room : most > 0 ? most : 1;
	per_point = work->view.room * (sizeof(rpm_map_reflected) + sizeof(rpm_map_diffracted)) + work->crossings * sizeof(rpm_crossing);
	points = work->field_bytes / per_point;
	if (points < work->points_max)
		work->points_max = points;
	work->view.diffracted = (rpm_map_diffracted *) work->fields;
	work->view.reflected = (rpm_map_reflected *) (work->view.diffracted + points * work->view.room);
	bench.at = (rpm_crossing *) (work->view.reflected + points * work->view.room);
	bench.room = work->crossings;
	bench.too_many = work->view.too_many + 1;
	if (work->crossings > 0 && cudaMemcpy(work->calls[0].map->scene->bench, &bench, sizeof(bench), cudaMemcpyHostToDevice) != cudaSuccess)
		return rpm_cuda_failure(cudaGetLastError(), "dividing the memory for fields", status);
	return RPM_OK;
}

/* The two passes of rpm_map_points, its second in two. */
static rpm_code
run_passes(points_work *work, rpm_status *status)
{
	const rpm_map_job *job = work->job;
	int			m = job->points / 2 > 0 ? job->points / 2 : 1;
	uint8_t    *marks = (uint8_t *) calloc(work->cell_count, 1);
	uint32_t   *list = (uint32_t *) calloc(work->cell_count, sizeof(uint32_t));
	rpm_code	code = RPM_OK;

	if (marks == NULL || list == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the marks of %zu cells", work->cell_count);
	if (code == RPM_OK)
		code = run_cells(work, PASS_FIRST, job->points, work->cell_count, status);
	if (code == RPM_OK)
		code = mark_cells(work, marks, status);
	if (code == RPM_OK)
		code = run_listed(work, PASS_CLOSER, job->sum_fields ? job->points : job->points * CLOSER, marks, list, status);
	/* Where fields are added, the cells that the second pass looked at have theirs. */
	for (size_t i = 0; i < work->cell_count && code == RPM_OK; i++)
		marks[i] = !job->sum_fields || !marks[i];
	if (code == RPM_OK && (work->edges || work->roofs))
		code = run_listed(work, PASS_EDGES, m, marks, list, status);
	if (code == RPM_OK && work->roofs)
		code = run_again_finer(work, m, marks, list, status);
	free(marks);
	free(list);
	return code;
}

/* What is outdoors at the finer points alone, as do_cell_edges of map_points.c looks for it. */
static rpm_code
run_again_finer(points_work *work, int m, uint8_t *marks, uint32_t *list, rpm_status *status)
{
	size_t		cells = work->cell_count;
	rpm_code	code = RPM_OK;

	while (m < work->job->points * CLOSER && code == RPM_OK)
	{
		cudaError_t error;

		m *= 2;
		/* Marks of cells that this pass does not look at are not of it. */
		for (size_t i = 0; i < cells; i++)
			list[i] = marks[i];
		error = cudaMemcpy(marks, work->view.marks, cells, cudaMemcpyDeviceToHost);
		if (error != cudaSuccess)
			return rpm_cuda_failure(error, "looking for cells between points", status);
		for (size_t i = 0; i < cells; i++)
			marks[i] = marks[i] && list[i];
		code = run_listed(work, PASS_EDGES, m, marks, list, status);
	}
	return code;
}

static rpm_code
mark_cells(points_work *work, uint8_t *marks, rpm_status *status)
{
	size_t		cells = work->cell_count;
	rpm_cuda_pace pace = {0, 0};
	cudaError_t error = cudaSuccess;

	for (size_t done = 0; done < cells && error == cudaSuccess;)
	{
		size_t		count;

		if (rpm_stopped(work->job->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		rpm_cuda_pace_begin(&pace);
		count = cells - done < pace.threads ? cells - done : pace.threads;
		RPM_LAUNCH(mark_closer, rpm_cuda_grid(count), RPM_CUDA_BLOCK_THREADS, work->view, done, (uint32_t) count);
		error = cudaGetLastError();
		if (error == cudaSuccess)
			error = cudaDeviceSynchronize();
		rpm_cuda_pace_end(&pace);
		done += count;
	}
	if (error == cudaSuccess)
		error = cudaMemcpy(marks, work->view.marks, cells, cudaMemcpyDeviceToHost);
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "looking for shadows' edges", status);
}

/* A pass over the marked cells. */
static rpm_code
run_listed(points_work *work, points_pass pass, int n, const uint8_t *marks, uint32_t *list, rpm_status *status)
{
	size_t		count = 0;
	cudaError_t error;
	rpm_code	code;

	for (size_t i = 0; i < work->cell_count; i++)
		if (marks[i])
			list[count++] = (uint32_t) i;
	error = cudaMemcpy(work->cells, list, count * sizeof(uint32_t), cudaMemcpyHostToDevice);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "copying a list of cells", status);
	work->view.cells = work->cells;
	code = run_cells(work, pass, n, count, status);
	work->view.cells = NULL;
	return code;
}

/* A pass over the first `count` cells of the view, as many as one launch is good for at a time. */
static rpm_code
run_cells(points_work *work, points_pass pass, int n, size_t count, rpm_status *status)
{
	size_t		per_cell = (size_t) (n * n), done = 0;

	work->pace.threads = 0;
	while (done < count)
	{
		size_t		cells,
					most;
		uint32_t	too_many[2] = {0, 0};
		cudaError_t error;

		if (rpm_stopped(work->job->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		if (work->points_max < per_cell)
			return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Allow more of the device's memory, or trace on the CPU.",
							"the fields at the %zu points of a cell, %u of each kind, do not fit into %.1f MB of the device", per_cell,
							work->view.room, (double) work->field_bytes / 1048576.0);
		rpm_cuda_pace_begin(&work->pace);
		most = work->pace.threads < work->points_max ? work->pace.threads : work->points_max;
		cells = most / per_cell > 0 ? most / per_cell : 1;
		cells = cells < count - done ? cells : count - done;
		error = one_launch(work, pass, n, done, cells, too_many);
		if (error != cudaSuccess)
			return rpm_cuda_failure(error, "tracing to points", status);
		rpm_cuda_pace_end(&work->pace);
		if (too_many[0] || (too_many[1] && work->crossings < RPM_PROFILE_MAX))
		{
			rpm_code	code = divide_fields(work, too_many[0] ? 2 * work->view.room : work->view.room,
											 too_many[1] ? 2 * work->crossings : work->crossings, status);

			if (code != RPM_OK)
				return code;
			continue;
		}
		done += cells;
		if (pass != PASS_EDGES)
			rpm_phase_add(work->job->control, (int64_t) (cells * (size_t) (work->job->points * work->job->points) / 2));
	}
	return RPM_OK;
}

static cudaError_t
one_launch(points_work *work, points_pass pass, int n, size_t first, size_t count, uint32_t *too_many)
{
	uint32_t	points = (uint32_t) count * (uint32_t) (n * n);
	cudaError_t error = cudaMemset(work->view.too_many, 0, 2 * sizeof(uint32_t));

	if (error == cudaSuccess)
	{
		if (work->roofs && pass != PASS_FIRST)
			RPM_LAUNCH(evaluate_points<true>, rpm_cuda_grid(points), RPM_CUDA_BLOCK_THREADS, work->view, pass, n, first, points);
		else
			RPM_LAUNCH(evaluate_points<false>, rpm_cuda_grid(points), RPM_CUDA_BLOCK_THREADS, work->view, pass, n, first, points);
		error = cudaGetLastError();
	}
	if (error == cudaSuccess)
		error = cudaMemcpy(too_many, work->view.too_many, 2 * sizeof(uint32_t), cudaMemcpyDeviceToHost);
	/* A launch that is made again must not leave its sums. */
	if (error == cudaSuccess && too_many[0] == 0 && (too_many[1] == 0 || work->crossings == RPM_PROFILE_MAX))
	{
		RPM_LAUNCH(fold_cells, rpm_cuda_grid(count), RPM_CUDA_BLOCK_THREADS, work->view, pass, n, first, (uint32_t) count);
		error = cudaGetLastError();
	}
	return error;
}
