/*
 * map_launch.cu: rays launched for what has no closed form (src/engine/trace/map_launch.c), a ray with all that it splits into per thread.
 */
#include <string.h>

#include "map_engine.h"

#include "cuda_map.h"

/* The task and its directions, in one block of the device. */
typedef struct task_block
{
	launch_task task;
	rpm_map_directions directions;
} task_block;

static rpm_code take_directions(rpm_cuda_map *map, const rpm_map_directions *directions, rpm_status *status);
static cudaError_t bring_task(rpm_cuda_map *map, const launch_task *task);
static rpm_code bring_rays(const rpm_cuda_launch_call *call, rpm_status *status);
static rpm_code follow_rays(const rpm_cuda_launch_call *calls, int count, rpm_status *status);
static cudaError_t fetch(const rpm_cuda_launch_call *call);

/* The rays of several maps, one map's after another's. */
typedef struct rays_view
{
	int			count;
	const launch_task *tasks[RPM_CUDA_MAPS_MAX];
	int64_t		begins[RPM_CUDA_MAPS_MAX + 1];
} rays_view;

static __global__ void
launch_rays(rays_view view, int64_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;
	int			map = 0;

	if (i >= count)
		return;
	while (first + i >= view.begins[map + 1])
		map++;
	follow(view.tasks[map], first + i - view.begins[map]);
}

rpm_code
rpm_cuda_maps_launch(const rpm_cuda_launch_call *calls, int count, rpm_status *status)
{
	cudaError_t error = cudaSetDevice(calls[0].map->memory.device);
	rpm_code	code = error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "choosing the device", status);

	for (int i = 0; i < count && code == RPM_OK; i++)
		code = bring_rays(&calls[i], status);
	if (code == RPM_OK)
		code = follow_rays(calls, count, status);
	for (int i = 0; i < count && code == RPM_OK; i++)
		if ((error = fetch(&calls[i])) != cudaSuccess)
			code = rpm_cuda_failure(error, "fetching a batch of rays", status);
	return code;
}

static rpm_code
bring_rays(const rpm_cuda_launch_call *call, rpm_status *status)
{
	rpm_cuda_map *map = call->map;
	const rpm_map_directions *directions = call->task->aim.directions;
	cudaError_t error = cudaSuccess;
	rpm_code	code = RPM_OK;

	if (map->task == NULL)
	{
		code = take_directions(map, directions, status);
		/* What chains of mirrors have added since the points. */
		if (code == RPM_OK && call->job->exact_chains)
			error = cudaMemcpy(map->gain, call->job->gain, call->job->cell_count * sizeof(double), cudaMemcpyHostToDevice);
	}
	if (code == RPM_OK && error == cudaSuccess)
		error = bring_task(map, call->task);
	return error == cudaSuccess ? code : rpm_cuda_failure(error, "copying a batch's directions", status);
}

static cudaError_t
fetch(const rpm_cuda_launch_call *call)
{
	const rpm_cuda_map *map = call->map;
	rpm_map_directions *learning = call->task->learning;
	cudaError_t error = cudaMemcpy(call->job->batch, map->batch, call->job->cell_count * sizeof(double), cudaMemcpyDeviceToHost);

	if (error == cudaSuccess && learning != NULL)
		error = cudaMemcpy(learning->score, map->score, map->bins * sizeof(double), cudaMemcpyDeviceToHost);
	if (error == cudaSuccess && learning != NULL)
		error = cudaMemcpy(learning->visits, map->visits, map->bins * sizeof(double), cudaMemcpyDeviceToHost);
	return error;
}

static rpm_code
take_directions(rpm_cuda_map *map, const rpm_map_directions *directions, rpm_status *status)
{
	const char *what = "the directions of launched rays";
	size_t		bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;
	void	   *density, *first, *score, *visits, *height = NULL;
	rpm_code	code = rpm_cuda_take(&map->memory, bins * sizeof(double), NULL, what, &density, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, (bins + 1) * sizeof(double), NULL, what, &first, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, bins * sizeof(double), NULL, what, &score, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, bins * sizeof(double), NULL, what, &visits, status);
	if (code == RPM_OK && directions->height != NULL)
		code = rpm_cuda_take(&map->memory, ((size_t) directions->side_z + 1) * sizeof(double), directions->height, what, &height, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, sizeof(task_block), NULL, what, &map->task, status);
	if (code != RPM_OK)
		return code;
	map->density = (double *) density;
	map->first = (double *) first;
	map->score = (double *) score;
	map->visits = (double *) visits;
	map->height = (double *) height;
	map->bins = bins;
	return RPM_OK;
}

/* The task with pointers of the device; what rays were noted to before goes over too, since notes are sums. */
static cudaError_t
bring_task(rpm_cuda_map *map, const launch_task *task)
{
	const rpm_map_directions *directions = task->aim.directions;
	task_block *there = (task_block *) map->task;
	task_block	block;
	cudaError_t error;

	memset(&block, 0, sizeof(block));
	block.task = *task;
	block.task.job = map->job;
	block.task.aim.directions = &there->directions;
	block.task.learning = task->learning != NULL ? &there->directions : NULL;
	block.directions = *directions;
	block.directions.density = map->density;
	block.directions.first = map->first;
	block.directions.score = map->score;
	block.directions.visits = map->visits;
	block.directions.smoothed = NULL;
	block.directions.height = map->height;
	error = cudaMemcpy(there, &block, sizeof(block), cudaMemcpyHostToDevice);
	if (error == cudaSuccess)
		error = cudaMemcpy(map->density, directions->density, map->bins * sizeof(double), cudaMemcpyHostToDevice);
	if (error == cudaSuccess)
		error = cudaMemcpy(map->first, directions->first, (map->bins + 1) * sizeof(double), cudaMemcpyHostToDevice);
	if (error == cudaSuccess && task->learning != NULL)
		error = cudaMemcpy(map->score, directions->score, map->bins * sizeof(double), cudaMemcpyHostToDevice);
	if (error == cudaSuccess && task->learning != NULL)
		error = cudaMemcpy(map->visits, directions->visits, map->bins * sizeof(double), cudaMemcpyHostToDevice);
	return error;
}

static rpm_code
follow_rays(const rpm_cuda_launch_call *calls, int count, rpm_status *status)
{
	rpm_control *control = calls[0].job->control;
	rpm_cuda_pace pace = {0, 0};
	cudaError_t error = cudaSuccess;
	rays_view	view;

	view.count = count;
	view.begins[0] = 0;
	for (int i = 0; i < count && error == cudaSuccess; i++)
	{
		view.tasks[i] = &((const task_block *) calls[i].map->task)->task;
		view.begins[i + 1] = view.begins[i] + calls[i].rays;
		error = cudaMemset(calls[i].map->batch, 0, calls[i].job->cell_count * sizeof(double));
	}
	for (int64_t done = 0; done < view.begins[count] && error == cudaSuccess;)
	{
		int64_t		left = view.begins[count] - done, rays;

		if (rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		rpm_cuda_pace_begin(&pace);
		rays = left < (int64_t) pace.threads ? left : (int64_t) pace.threads;
		RPM_LAUNCH(launch_rays, rpm_cuda_grid((size_t) rays), RPM_CUDA_BLOCK_THREADS, view, done, (uint32_t) rays);
		error = cudaGetLastError();
		if (error == cudaSuccess)
			error = cudaDeviceSynchronize();
		rpm_cuda_pace_end(&pace);
		done += rays;
		rpm_phase_add(control, rays);
	}
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "following rays", status);
}
