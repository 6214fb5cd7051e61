/*
 * map_entry.cu: levels in cells that are all indoors (src/engine/trace/building_entry.c), a cell per thread.
 */
#include <stdlib.h>

#include "map_engine.h"

#include "cuda_map.h"

#define FIRST_CROSSINGS 64
/* Of the device's memory for the profiles of a launch. */
#define PROFILE_BYTES ((size_t) 128 << 20)

typedef struct entry_work
{
	rpm_cuda_map *map;
	const rpm_map_job *job;		/* of the host */
	uint32_t   *cells, *too_many;	/* of the device */
	double	   *power;
	rpm_crossing *profiles;
	size_t		profile_bytes, most;	/* cells of a launch */
	uint32_t	crossings;
} entry_work;

static rpm_code take(entry_work *work, size_t count, rpm_status *status);
static rpm_code divide(entry_work *work, uint32_t crossings, rpm_status *status);
static rpm_code run(entry_work *work, const uint32_t *list, size_t count, double *power, rpm_status *status);
static cudaError_t one_launch(entry_work *work, size_t first, size_t count, double *power, uint32_t *too_many);

static __global__ void
enter_buildings(const rpm_map_job *job, const uint32_t *cells, double *power, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < count)
		power[i] = entry_gain(job, (int) (cells[i] % (uint32_t) job->grid->columns), (int) (cells[i] / (uint32_t) job->grid->columns));
}

rpm_code
rpm_cuda_map_entry(rpm_cuda_map *map, const rpm_map_job *job, rpm_status *status)
{
	entry_work	work = {map, job};
	rpm_cuda_memory before = map->memory;
	size_t		count = 0;
	cudaError_t error = cudaSetDevice(map->memory.device);
	rpm_code	code = error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "choosing the device", status);
	uint32_t   *list = (uint32_t *) malloc((job->cell_count + 1) * sizeof(uint32_t));
	double	   *power = (double *) malloc((job->cell_count + 1) * sizeof(double));

	if (code == RPM_OK && (list == NULL || power == NULL))
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the indoors of %zu cells", job->cell_count);
	for (size_t i = 0; i < job->cell_count && code == RPM_OK; i++)
		if (isnan(job->gain[i]))
			list[count++] = (uint32_t) i;
	if (code == RPM_OK && count > 0)
		code = take(&work, count, status);
	if (code == RPM_OK && count > 0)
		code = run(&work, list, count, power, status);
	for (size_t i = 0; i < count && code == RPM_OK; i++)
		job->gain[list[i]] = power[i];
	rpm_cuda_give_back_to(&map->memory, before.block_count, before.bytes);
	free(list);
	free(power);
	return code;
}

static rpm_code
take(entry_work *work, size_t count, rpm_status *status)
{
	rpm_cuda_memory *memory = &work->map->memory;
	const char *what = "the indoors of the map";
	void	   *cells, *power, *too_many, *profiles;
	size_t		allowed;
	rpm_code	code = rpm_cuda_take(memory, count * sizeof(uint32_t), NULL, what, &cells, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(memory, count * sizeof(double), NULL, what, &power, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, sizeof(uint32_t), NULL, what, &too_many, status);
	if (code != RPM_OK)
		return code;
	allowed = rpm_cuda_allowed(memory) / 2;
	work->profile_bytes = allowed < PROFILE_BYTES ? allowed : PROFILE_BYTES;
	code = rpm_cuda_take(memory, work->profile_bytes, NULL, what, &profiles, status);
	if (code != RPM_OK)
		return code;
	work->cells = (uint32_t *) cells;
	work->power = (double *) power;
	work->too_many = (uint32_t *) too_many;
	work->profiles = (rpm_crossing *) profiles;
	return divide(work, FIRST_CROSSINGS, status);
}

/* Room for so many edges of each cell's profile. */
static rpm_code
divide(entry_work *work, uint32_t crossings, rpm_status *status)
{
	rpm_profile_bench bench;
	cudaError_t error;

	work->crossings = crossings < RPM_PROFILE_MAX ? crossings : RPM_PROFILE_MAX;
	work->most = work->profile_bytes / (work->crossings * sizeof(rpm_crossing));
	if (work->most == 0)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Allow more of the device's memory, or trace on the CPU.",
						"the profile of a cell does not fit into %.1f MB of the device", (double) work->profile_bytes / 1048576.0);
	bench.at = work->profiles;
	bench.room = work->crossings;
	bench.too_many = work->too_many;
	error = cudaMemcpy(work->map->scene->bench, &bench, sizeof(bench), cudaMemcpyHostToDevice);
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "dividing the memory for profiles", status);
}

static rpm_code
run(entry_work *work, const uint32_t *list, size_t count, double *power, rpm_status *status)
{
	rpm_cuda_pace pace = {0, 0};
	cudaError_t error = cudaMemcpy(work->cells, list, count * sizeof(uint32_t), cudaMemcpyHostToDevice);
	size_t		done = 0;

	while (error == cudaSuccess && done < count)
	{
		size_t		cells;
		uint32_t	too_many = 0;

		if (rpm_stopped(work->job->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		rpm_cuda_pace_begin(&pace);
		cells = pace.threads < work->most ? pace.threads : work->most;
		cells = cells < count - done ? cells : count - done;
		error = one_launch(work, done, cells, power, &too_many);
		rpm_cuda_pace_end(&pace);
		if (error == cudaSuccess && too_many && work->crossings < RPM_PROFILE_MAX)
		{
			if (divide(work, 2 * work->crossings, status) != RPM_OK)
				return status->code;
			continue;
		}
		done += cells;
	}
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "looking into buildings", status);
}

static cudaError_t
one_launch(entry_work *work, size_t first, size_t count, double *power, uint32_t *too_many)
{
	cudaError_t error = cudaMemset(work->too_many, 0, sizeof(uint32_t));

	if (error == cudaSuccess)
	{
		RPM_LAUNCH(enter_buildings, rpm_cuda_grid(count), RPM_CUDA_BLOCK_THREADS, work->map->job, work->cells + first, work->power,
				   (uint32_t) count);
		error = cudaGetLastError();
	}
	if (error == cudaSuccess)
		error = cudaMemcpy(too_many, work->too_many, sizeof(uint32_t), cudaMemcpyDeviceToHost);
	if (error == cudaSuccess)
		error = cudaMemcpy(power + first, work->power, count * sizeof(double), cudaMemcpyDeviceToHost);
	return error;
}
