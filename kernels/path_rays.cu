/*
 * path_rays.cu: rays that propose the chains of exact paths (src/engine/trace/paths_walk.c), a ray per thread.
 */
#include "map_engine.h"

#include "trace/paths_walk.c"

#include "cuda_map.h"

/* The scene and its hierarchy, in one block of the device. */
typedef struct place_block
{
	rpm_scene	scene;
	rpm_bvh		bvh;
} place_block;

static rpm_code bring(rpm_cuda_scene *scene, const rpm_path_rays *rays, rpm_cuda_memory *memory, rpm_path_rays *there,
					  const place_block **place, rpm_status *status);

static __global__ void
walk_rays(const place_block *place, rpm_path_rays rays, int64_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < count)
		rpm_path_walk(&place->scene, (const rpm_query *) &place->bvh, &rays, first + i);
}

rpm_code
rpm_cuda_path_rays(rpm_cuda_scene *scene, const rpm_path_rays *rays, rpm_control *control, rpm_status *status)
{
	rpm_cuda_memory memory = {scene->memory.device, &scene->budget, 0, 0, {NULL}};
	rpm_cuda_pace pace = {0, 0};
	cudaFuncAttributes kernel;
	const place_block *place = NULL;
	rpm_path_rays there;
	cudaError_t error = cudaSetDevice(memory.device);
	rpm_code	code;

	if (error == cudaSuccess)
		error = cudaFuncGetAttributes(&kernel, walk_rays);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "choosing the device", status);
	code = rpm_cuda_take_stacks(&memory, kernel.localSizeBytes, "rays that find paths", status);
	if (code == RPM_OK)
		code = bring(scene, rays, &memory, &there, &place, status);
	for (int64_t done = 0, count; code == RPM_OK && done < rays->count; done += count)
	{
		if (rpm_stopped(control))
		{
			code = rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
			break;
		}
		rpm_cuda_pace_begin(&pace);
		count = rays->count - done < (int64_t) pace.threads ? rays->count - done : (int64_t) pace.threads;
		RPM_LAUNCH(walk_rays, rpm_cuda_grid((size_t) count), RPM_CUDA_BLOCK_THREADS, place, there, done, (uint32_t) count);
		error = cudaGetLastError();
		if (error == cudaSuccess)
			error = cudaDeviceSynchronize();
		rpm_cuda_pace_end(&pace);
		if (error != cudaSuccess)
			code = rpm_cuda_failure(error, "finding paths", status);
	}
	if (code == RPM_OK)
		error = cudaMemcpy(rays->chains, there.chains, (size_t) rays->count * ((size_t) rays->max_depth + 1) * sizeof(int32_t),
						   cudaMemcpyDeviceToHost);
	if (code == RPM_OK && error != cudaSuccess)
		code = rpm_cuda_failure(error, "fetching what rays have found", status);
	rpm_cuda_give_back(&memory);
	return code;
}

static rpm_code
bring(rpm_cuda_scene *scene, const rpm_path_rays *rays, rpm_cuda_memory *memory, rpm_path_rays *there, const place_block **place,
	  rpm_status *status)
{
	size_t		count = (size_t) rays->count;
	const char *what = "rays that find paths";
	place_block block = {scene->scene, scene->bvh};
	void	   *room, *directions, *choices, *chains;
	rpm_code	code = rpm_cuda_take(memory, sizeof(block), &block, what, &room, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(memory, count * sizeof(rpm_vec3), rays->directions, what, &directions, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, count * sizeof(uint64_t), rays->choices, what, &choices, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, count * ((size_t) rays->max_depth + 1) * sizeof(int32_t), NULL, what, &chains, status);
	if (code != RPM_OK)
		return code;
	*place = (const place_block *) room;
	*there = *rays;
	there->directions = (rpm_vec3 *) directions;
	there->choices = (uint64_t *) choices;
	there->chains = (int32_t *) chains;
	return RPM_OK;
}
