/*
 * store_trace.c: the paths of one mast's places: what the mast sees, once; then blocks of places, in parallel, put together in order.
 */
#include <stdlib.h>
#include <string.h>

#include "calibrate/trace.h"

#define PLACES_OF_BLOCK 32
/* The grid over the places is for looking up places that rays cross; what it may have at most. */
#define MOST_GRID_CELLS 64000000.0

typedef struct block_task
{
	rpm_mast_work *work;
	rpm_store_arena *arenas;	/* one for each block */
	rpm_place_scratch *scratch;	/* one for each thread */
	bool		failed;
} block_task;

static rpm_code prepare(rpm_mast_work *work, rpm_status *status);
static rpm_code prepare_tables(rpm_mast_work *work, rpm_status *status);
static rpm_code make_grid(rpm_mast_work *work, rpm_status *status);
static rpm_code trace_blocks(rpm_mast_work *work, rpm_status *status);
static void trace_range(void *context, int64_t begin, int64_t end, int thread);
static rpm_code join_blocks(rpm_mast_work *work, rpm_store_arena *arenas, size_t blocks, rpm_status *status);
static bool join_block(rpm_mast_work *work, const rpm_store_arena *arena, size_t block);
static rpm_code no_room(const rpm_mast_work *work, rpm_status *status);
static void release(rpm_mast_work *work);

rpm_code
rpm_store_trace(rpm_path_store *store, int mast, size_t first, size_t count, rpm_control *control, int64_t *bytes_left, rpm_status *status)
{
	rpm_mast_work work = {.store = store, .mast = &store->masts[mast], .first_place = first, .place_count = count, .control = control,
	.bytes_left = bytes_left};
	rpm_code	code;

	rpm_chain_set_init(&work.chains, bytes_left);
	code = prepare(&work, status);
	if (code == RPM_OK && store->options.max_depth > 1 && store->options.mechanisms & RPM_REFLECTION && store->options.samples > 0)
		code = rpm_mast_propose_chains(&work, status);
	if (code == RPM_OK && store->options.mechanisms & RPM_SCATTERING && store->options.scatter_points > 0)
		code = rpm_mast_find_patches(&work, status);
	if (code == RPM_OK)
		code = trace_blocks(&work, status);
	release(&work);
	return code;
}

static rpm_code
prepare(rpm_mast_work *work, rpm_status *status)
{
	const rpm_path_store *store = work->store;
	rpm_map_job *job = &work->job;
	rpm_code	code;

	work->scene = *store->input.scene;
	work->scene.materials = (rpm_material *) store->input.antennas[work->mast->antenna].materials;
	work->isotropic = (rpm_antenna) {.position = work->mast->position, .frequency_hz = work->mast->frequency_hz};
	work->isotropic.pattern.kind = RPM_PATTERN_ISOTROPIC;
	rpm_trace_options_default(&work->trace);
	work->trace.mechanisms = store->options.mechanisms;
	work->trace.max_depth = store->options.max_depth;
	work->trace.samples = store->options.samples;
	work->trace.seed = store->options.seed;
	code = make_grid(work, status);
	if (code != RPM_OK)
		return code;
	*job = (rpm_map_job) {.scene = &work->scene, .query = store->input.query, .antenna = &work->isotropic, .grid = &work->grid,
		.options = &work->trace, .control = work->control, .wavelength_m = work->mast->wavelength_m, .points = 1};
	job->wave_number = 2 * RPM_PI / job->wavelength_m;
	job->spreading2 = pow(job->wavelength_m / (4 * RPM_PI), 2);
	job->surface = rpm_map_surface_of(&work->scene, &work->grid);
	rpm_phase_begin(work->control, RPM_PHASE_TRACING, (int64_t) work->place_count);
	code = prepare_tables(work, status);
	if (code == RPM_OK)
		code = rpm_occluders_create(&work->scene, &job->occluders, status);
	if (code == RPM_OK)
		code = rpm_visible_set_find(&work->scene, store->input.query, &job->occluders, work->mast->position,
									RPM_SEEN_FACETS | RPM_SEEN_WEDGES, work->control, &job->visible, status);
	if (code == RPM_OK && store->options.mechanisms & RPM_DIFFRACTION && store->options.max_depth > 0)
		code = rpm_map_edges(job, &work->edges, &work->edge_count, status);
	if (code == RPM_OK && store->options.mechanisms & RPM_REFLECTION && store->options.max_depth > 0)
		code = rpm_map_mirrors(job, &work->mirrors, &work->mirror_count, status);
	if (code == RPM_OK && store->options.mechanisms & RPM_OVER_ROOFS)
		code = rpm_roofs_create(&work->scene, job->query, work->mast->position, job->wavelength_m, work->control, &job->roofs, status);
	return code;
}

/* The materials' coefficients, by which edges are judged and roofs reckoned. */
static rpm_code
prepare_tables(rpm_mast_work *work, rpm_status *status)
{
	size_t		materials = work->scene.material_count;
	rpm_code	code = rpm_reserve(work->control, materials * sizeof(rpm_coefficient_table) + rpm_occluders_bytes(&work->scene), "the mast's walls",
								   status);

	if (code != RPM_OK)
		return code;
	work->job.tables = calloc(materials + 1, sizeof(rpm_coefficient_table));
	if (work->job.tables == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the coefficients of %zu materials", materials);
	for (size_t i = 0; i < materials && code == RPM_OK; i++)
		code = rpm_coefficient_table_build(&work->scene.materials[i], work->mast->frequency_hz, &work->job.tables[i], status);
	return code;
}

static rpm_code
make_grid(rpm_mast_work *work, rpm_status *status)
{
	const rpm_stored_place *places = work->store->places + work->first_place;
	double		cell = work->store->input.cell_m, west = INFINITY, east = -INFINITY, south = INFINITY, north = -INFINITY;
	double		columns, rows;

	for (size_t i = 0; i < work->place_count; i++)
	{
		west = fmin(west, places[i].x_m - cell / 2);
		east = fmax(east, places[i].x_m + cell / 2);
		south = fmin(south, places[i].y_m - cell / 2);
		north = fmax(north, places[i].y_m + cell / 2);
	}
	columns = fmax(1, ceil((east - west) / cell - 1e-6));
	rows = fmax(1, ceil((north - south) / cell - 1e-6));
	if (columns * rows > MOST_GRID_CELLS)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Calibrate with cells nearer to the site, or larger ones.",
						"the measured cells lie in a field of %.0f by %.0f cells", columns, rows);
	work->grid = (rpm_grid) {west, north, cell, cell, (int) columns, (int) rows, work->store->input.receiver_height_m};
	return RPM_OK;
}

static rpm_code
trace_blocks(rpm_mast_work *work, rpm_status *status)
{
	size_t		blocks = (work->place_count + PLACES_OF_BLOCK - 1) / PLACES_OF_BLOCK;
	int			threads = rpm_thread_count(work->control);
	block_task	task = {work, calloc(blocks, sizeof(rpm_store_arena)), calloc((size_t) threads, sizeof(rpm_place_scratch)), false};
	bool		taken = task.arenas && task.scratch;
	rpm_code	code = RPM_OK;

	for (int t = 0; t < threads && taken; t++)
		taken = rpm_place_scratch_create(work, &task.scratch[t]);
	if (!taken)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu blocks of places", blocks);
	for (size_t i = 0; i < blocks && task.arenas; i++)
		task.arenas[i].bytes_left = work->bytes_left;
	if (code == RPM_OK)
		code = rpm_parallel_for(work->control, (int64_t) blocks, 1, trace_range, &task, status);
	if (code == RPM_OK && task.failed)
		code = no_room(work, status);
	if (code == RPM_OK)
		code = join_blocks(work, task.arenas, blocks, status);
	for (size_t i = 0; i < blocks && task.arenas; i++)
		rpm_arena_free(&task.arenas[i]);
	for (int t = 0; t < threads && task.scratch; t++)
		rpm_place_scratch_free(&task.scratch[t]);
	free(task.arenas);
	free(task.scratch);
	return code;
}

static void
trace_range(void *context, int64_t begin, int64_t end, int thread)
{
	block_task *task = context;
	rpm_mast_work *work = task->work;
	rpm_place_scratch *scratch = &task->scratch[thread];

	for (int64_t block = begin; block < end; block++)
	{
		size_t		first = (size_t) block * PLACES_OF_BLOCK, last = first + PLACES_OF_BLOCK;

		last = last < work->place_count ? last : work->place_count;
		rpm_place_block(work, work->first_place + first, work->first_place + last, scratch);
		for (size_t i = first; i < last && !rpm_stopped(work->control); i++)
			rpm_place_trace(work, work->first_place + i, scratch, &task->arenas[block]);
		if (task->arenas[block].failed)
			__atomic_store_n(&task->failed, true, __ATOMIC_RELAXED);
		rpm_phase_add(work->control, (int64_t) (last - first));
	}
}

static rpm_code
join_blocks(rpm_mast_work *work, rpm_store_arena *arenas, size_t blocks, rpm_status *status)
{
	for (size_t block = 0; block < blocks; block++)
	{
		if (!join_block(work, &arenas[block], block))
			return no_room(work, status);
		rpm_arena_free(&arenas[block]);
	}
	return RPM_OK;
}

static bool
join_block(rpm_mast_work *work, const rpm_store_arena *arena, size_t block)
{
	rpm_store_arena *all = &work->store->all;
	size_t		first = work->first_place + block * PLACES_OF_BLOCK, last = work->first_place + work->place_count;
	uint32_t	paths = (uint32_t) all->path_count, events = (uint32_t) all->event_count, matrices = (uint32_t) all->matrix_count;

	for (size_t i = 0; i < arena->event_count; i++)
	{
		rpm_stored_event *event = rpm_arena_event(all);

		if (event == NULL)
			return false;
		*event = arena->events[i];
	}
	for (size_t i = 0; i < arena->matrix_count; i++)
	{
		rpm_stored_matrices *entry = rpm_arena_matrices(all);

		if (entry == NULL)
			return false;
		*entry = arena->matrices[i];
	}
	for (size_t i = 0; i < arena->path_count; i++)
	{
		rpm_stored_path *path = rpm_arena_path(all);

		if (path == NULL)
			return false;
		*path = arena->paths[i];
		path->first_event += events;
		path->matrix += matrices;
	}
	for (size_t i = first; i < first + PLACES_OF_BLOCK && i < last; i++)
		work->store->places[i].first_path += paths;
	return true;
}

static rpm_code
no_room(const rpm_mast_work *work, rpm_status *status)
{
	if (work->bytes_left && __atomic_load_n(work->bytes_left, __ATOMIC_RELAXED) < 0)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Calibrate with fewer cells, larger cells or a smaller depth, or allow more memory.",
						"the paths to %zu measured places need more than the allowed %zu MB", work->place_count,
						work->control->memory_limit_bytes >> 20);
	return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the paths to %zu measured places", work->place_count);
}

static void
release(rpm_mast_work *work)
{
	rpm_visible_set_free(&work->job.visible);
	rpm_occluders_free(&work->job.occluders);
	rpm_roofs_free(work->job.roofs);
	free(work->job.tables);
	free(work->edges);
	free(work->mirrors);
	rpm_chain_set_free(&work->chains);
	free(work->chains_of_place);
	free(work->chain_order);
	free(work->patches);
}
