/*
 * store_candidates.c: what rays from a mast propose: chains of two and more reflections for its places, and places on walls that scatter.
 *
 * Rays only propose; whether a path runs over a chain, and where, the images decide (trace/paths_image.c).
 */
#include <stdlib.h>
#include <string.h>

#include "calibrate/trace.h"
#include "query/next_hit.h"

/* A chain is proposed for the cell in which a ray crosses the receivers' surface and for those around it. */
#define AROUND 1
#define PATCH_RAYS 8000
#define SURFACE_OFFSET_M 1e-3

typedef struct launch_task
{
	rpm_mast_work *work;
	int32_t    *place_at;		/* cells of the grid: index from first_place, or -1 */
	rpm_chain_set *found;		/* one for each thread */
} launch_task;

/* One segment of a ray on its way through rpm_map_surface_cross. */
typedef struct segment
{
	const launch_task *task;
	rpm_chain_set *found;
	int32_t		chain[RPM_MAX_DEPTH + 1];	/* the place first */
	int			length;
} segment;

typedef struct patch_task
{
	rpm_mast_work *work;
	rpm_store_patch *patches;	/* one for each ray; facet -1: none */
} patch_task;

static int32_t *places_by_cell(const rpm_mast_work *work);
static void launch_range(void *context, int64_t begin, int64_t end, int thread);
static void launch(const launch_task *task, rpm_vec3 direction, rpm_chain_set *found);
static void crossing(void *context, double x, double y, double rate);
static bool first_hit(const rpm_mast_work *work, rpm_vec3 origin, rpm_vec3 direction, int32_t own, double *t, int32_t *facet);
static rpm_code sort_by_place(rpm_mast_work *work, rpm_status *status);
static void patch_range(void *context, int64_t begin, int64_t end, int thread);

rpm_code
rpm_mast_propose_chains(rpm_mast_work *work, rpm_status *status)
{
	int			threads = rpm_thread_count(work->control);
	size_t		cells = (size_t) work->grid.columns * (size_t) work->grid.rows;
	launch_task task = {work, NULL, NULL};
	rpm_code	code = rpm_reserve(work->control, cells * sizeof(int32_t), "the field of measured cells", status);

	if (code != RPM_OK)
		return code;
	task.place_at = places_by_cell(work);
	task.found = calloc((size_t) threads, sizeof(rpm_chain_set));
	if (!task.place_at || !task.found)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a field of %zu cells", cells);
	for (int i = 0; i < threads && code == RPM_OK; i++)
		rpm_chain_set_init(&task.found[i], work->bytes_left);
	if (code == RPM_OK)
		code = rpm_parallel_for(work->control, work->trace.samples, 512, launch_range, &task, status);
	for (int i = 0; i < threads && task.found; i++)
	{
		if (code == RPM_OK)
			rpm_chain_set_merge(&work->chains, &task.found[i]);
		rpm_chain_set_free(&task.found[i]);
	}
	free(task.found);
	free(task.place_at);
	if (code == RPM_OK)
		code = rpm_chain_set_check(&work->chains, work->control, status);
	rpm_chain_set_sort(&work->chains);
	return code == RPM_OK ? sort_by_place(work, status) : code;
}

static int32_t *
places_by_cell(const rpm_mast_work *work)
{
	const rpm_grid *grid = &work->grid;
	size_t		cells = (size_t) grid->columns * (size_t) grid->rows;
	int32_t    *at = malloc(cells * sizeof(int32_t));

	if (at == NULL)
		return NULL;
	memset(at, -1, cells * sizeof(int32_t));
	for (size_t i = 0; i < work->place_count; i++)
	{
		const rpm_stored_place *place = &work->store->places[work->first_place + i];
		int			column = (int) fmin(grid->columns - 1, fmax(0, floor((place->x_m - grid->west) / grid->cell_width_m)));
		int			row = (int) fmin(grid->rows - 1, fmax(0, floor((grid->north - place->y_m) / grid->cell_height_m)));

		at[(size_t) row * (size_t) grid->columns + (size_t) column] = (int32_t) i;
	}
	return at;
}

static void
launch_range(void *context, int64_t begin, int64_t end, int thread)
{
	const launch_task *task = context;

	for (int64_t i = begin; i < end && !rpm_stopped(task->work->control); i++)
		launch(task, rpm_lattice_direction(i, task->work->trace.samples), &task->found[thread]);
}

static void
launch(const launch_task *task, rpm_vec3 direction, rpm_chain_set *found)
{
	const rpm_mast_work *work = task->work;
	segment		ray = {.task = task, .found = found};
	rpm_vec3	origin = work->mast->position;
	int32_t		facet = RPM_NO_FACET;

	for (ray.length = 0; !found->failed; ray.length++)
	{
		double		t;
		bool		hit = first_hit(work, origin, direction, facet, &t, &facet);

		if (ray.length > 1)
			rpm_map_surface_cross(&work->job.surface, origin, direction, hit ? t : INFINITY, crossing, &ray);
		if (!hit || ray.length == work->trace.max_depth)
			return;
		ray.chain[ray.length + 1] = facet;
		origin = rpm_along(origin, t, direction);
		direction = rpm_unit(rpm_mirror_direction(direction, work->scene.facets[facet].normal));
	}
}

static void
crossing(void *context, double x, double y, double rate)
{
	segment    *ray = context;
	const rpm_grid *grid = &ray->task->work->grid;
	double		column = floor((x - grid->west) / grid->cell_width_m), row = floor((grid->north - y) / grid->cell_height_m);

	(void) rate;
	if (!(column >= -AROUND && column < grid->columns + AROUND && row >= -AROUND && row < grid->rows + AROUND))
		return;
	for (int r = (int) row - AROUND; r <= (int) row + AROUND; r++)
		for (int c = (int) column - AROUND; c <= (int) column + AROUND; c++)
		{
			if (c < 0 || c >= grid->columns || r < 0 || r >= grid->rows)
				continue;
			ray->chain[0] = ray->task->place_at[(size_t) r * (size_t) grid->columns + (size_t) c];
			if (ray->chain[0] >= 0)
				rpm_chain_set_add(ray->found, ray->chain, ray->length + 1);
		}
}

/* The nearest surface but the facet that the ray leaves. */
static bool
first_hit(const rpm_mast_work *work, rpm_vec3 origin, rpm_vec3 direction, int32_t own, double *t, int32_t *facet)
{
	rpm_ray		ray = {{(float) origin.x, (float) origin.y, (float) origin.z},
	{(float) direction.x, (float) direction.y, (float) direction.z}, (float) SURFACE_OFFSET_M, INFINITY};
	rpm_hit		hit;

	while (rpm_query_next(work->store->input.query, &ray, &hit))
	{
		*facet = work->scene.triangles[hit.triangle].facet;
		*t = hit.t;
		if (*facet != own)
			return true;
	}
	return false;
}

/* The chains by place, in the order of the set. */
static rpm_code
sort_by_place(rpm_mast_work *work, rpm_status *status)
{
	size_t		places = work->place_count;
	int			length;

	work->chains_of_place = calloc(places + 2, sizeof(size_t));
	work->chain_order = calloc(work->chains.count + 1, sizeof(uint32_t));
	if (!work->chains_of_place || !work->chain_order)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu candidates of paths", work->chains.count);
	for (size_t i = 0; i < work->chains.count; i++)
		work->chains_of_place[rpm_chain_at(&work->chains, i, &length)[0] + 2]++;
	for (size_t i = 2; i < places + 2; i++)
		work->chains_of_place[i] += work->chains_of_place[i - 1];
	for (size_t i = 0; i < work->chains.count; i++)
		work->chain_order[work->chains_of_place[rpm_chain_at(&work->chains, i, &length)[0] + 1]++] = (uint32_t) i;
	return RPM_OK;
}

rpm_code
rpm_mast_find_patches(rpm_mast_work *work, rpm_status *status)
{
	patch_task	task = {work, NULL};
	bool		any = false;
	rpm_code	code;

	for (size_t i = 0; i < work->scene.material_count; i++)
		any |= work->scene.materials[i].scattering_coefficient > 0;
	if (!any)
		return RPM_OK;
	work->patches = task.patches = calloc(PATCH_RAYS, sizeof(rpm_store_patch));
	if (task.patches == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %d places that scatter", PATCH_RAYS);
	code = rpm_parallel_for(work->control, PATCH_RAYS, 512, patch_range, &task, status);
	for (size_t i = 0; i < PATCH_RAYS; i++)
		if (task.patches[i].facet >= 0)
			task.patches[work->patch_count++] = task.patches[i];
	return code;
}

static void
patch_range(void *context, int64_t begin, int64_t end, int thread)
{
	const patch_task *task = context;
	const rpm_mast_work *work = task->work;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		rpm_store_patch *patch = &task->patches[i];
		rpm_vec3	k = rpm_lattice_direction(i, PATCH_RAYS);
		bool		hit = first_hit(work, work->mast->position, k, RPM_NO_FACET, &patch->distance_m, &patch->facet);

		if (!hit || !(work->scene.materials[work->scene.facets[patch->facet].material].scattering_coefficient > 0))
		{
			patch->facet = -1;
			continue;
		}
		patch->k_in = k;
		patch->point = rpm_along(work->mast->position, patch->distance_m, k);
		patch->normal = work->scene.facets[patch->facet].normal;
		if (rpm_dot(patch->normal, k) > 0)
			patch->normal = rpm_scale(patch->normal, -1);
		patch->solid_angle = 4 * RPM_PI / PATCH_RAYS;
	}
}
