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

static rpm_code take_directions(rpm_cuda_map *map, size_t bins, rpm_status *status);
static cudaError_t bring_task(rpm_cuda_map *map, const launch_task *task);
static rpm_code follow_rays(rpm_cuda_map *map, const rpm_map_job *job, int64_t rays, rpm_status *status);

static __global__ void
launch_rays(const launch_task *task, int64_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < count)
		follow(task, first + i);
}

rpm_code
rpm_cuda_map_launch(rpm_cuda_map *map, const rpm_map_job *job, const struct launch_task *task, int64_t rays, rpm_status *status)
{
	const rpm_map_directions *directions = task->aim.directions;
	size_t		bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;
	cudaError_t error = cudaSetDevice(map->memory.device);
	rpm_code	code = error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "choosing the device", status);

	if (code == RPM_OK && map->task == NULL)
	{
		code = take_directions(map, bins, status);
		/* What chains of mirrors have added since the points. */
		if (code == RPM_OK && job->exact_chains)
			error = cudaMemcpy(map->gain, job->gain, job->cell_count * sizeof(double), cudaMemcpyHostToDevice);
		if (code == RPM_OK && error != cudaSuccess)
			code = rpm_cuda_failure(error, "copying chains of mirrors", status);
	}
	if (code != RPM_OK)
		return code;
	error = bring_task(map, task);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "copying a batch's directions", status);
	code = follow_rays(map, job, rays, status);
	if (code != RPM_OK)
		return code;
	error = cudaMemcpy(job->batch, map->batch, job->cell_count * sizeof(double), cudaMemcpyDeviceToHost);
	if (error == cudaSuccess && task->learning != NULL)
		error = cudaMemcpy(task->learning->score, map->score, bins * sizeof(double), cudaMemcpyDeviceToHost);
	if (error == cudaSuccess && task->learning != NULL)
		error = cudaMemcpy(task->learning->visits, map->visits, bins * sizeof(double), cudaMemcpyDeviceToHost);
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "fetching a batch of rays", status);
}

static rpm_code
take_directions(rpm_cuda_map *map, size_t bins, rpm_status *status)
{
	const char *what = "the directions of launched rays";
	void	   *density, *first, *score, *visits;
	rpm_code	code = rpm_cuda_take(&map->memory, bins * sizeof(double), NULL, what, &density, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, (bins + 1) * sizeof(double), NULL, what, &first, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, bins * sizeof(double), NULL, what, &score, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, bins * sizeof(double), NULL, what, &visits, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, sizeof(task_block), NULL, what, &map->task, status);
	if (code != RPM_OK)
		return code;
	map->density = (double *) density;
	map->first = (double *) first;
	map->score = (double *) score;
	map->visits = (double *) visits;
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
follow_rays(rpm_cuda_map *map, const rpm_map_job *job, int64_t rays, rpm_status *status)
{
	const launch_task *task = &((const task_block *) map->task)->task;
	rpm_cuda_pace pace = {0, 0};
	cudaError_t error = cudaMemset(map->batch, 0, job->cell_count * sizeof(double));

	for (int64_t done = 0; done < rays && error == cudaSuccess;)
	{
		int64_t		count;

		if (rpm_stopped(job->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		rpm_cuda_pace_begin(&pace);
		count = rays - done < (int64_t) pace.threads ? rays - done : (int64_t) pace.threads;
		RPM_LAUNCH(launch_rays, rpm_cuda_grid((size_t) count), RPM_CUDA_BLOCK_THREADS, task, done, (uint32_t) count);
		error = cudaGetLastError();
		if (error == cudaSuccess)
			error = cudaDeviceSynchronize();
		rpm_cuda_pace_end(&pace);
		done += count;
		rpm_phase_add(job->control, count);
	}
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "following rays", status);
}
