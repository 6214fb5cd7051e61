/*
 * ray_query.cu: our hierarchy on the device, and one ray per thread through it (rpm_cuda.h).
 */
#include "host_launch.h"
#include "rpm_cuda.h"

#define THREADS_PER_BLOCK 128
#define RAYS_PER_LAUNCH ((size_t) 1 << 20)

struct rpm_cuda_scene
{
	int			device;
	rpm_bvh		bvh;			/* pointers of the device */
	rpm_bvh_node *nodes;
	rpm_bvh_triangle *triangles;
	rpm_ray    *rays;			/* room for RAYS_PER_LAUNCH */
	rpm_hit    *hits;
	cudaEvent_t begin, end;
	bool		has_events;
};

static rpm_code cuda_failure(cudaError_t error, const char *doing, rpm_status *status);
static rpm_code upload(rpm_cuda_scene *scene, const rpm_bvh *bvh, rpm_status *status);
static cudaError_t one_launch(rpm_cuda_scene *scene, const rpm_ray *rays, size_t count, rpm_hit *hits, double *seconds);

static __global__ void
intersect_rays(rpm_bvh bvh, const rpm_ray *rays, rpm_hit *hits, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;
	rpm_ray		ray;
	rpm_hit		hit;

	if (i >= count)
		return;
	ray = rays[i];
	hit.t = INFINITY;
	hit.triangle = RPM_CUDA_NO_TRIANGLE;
	if (ray.t_max > 0 && ray.t_min < ray.t_max)
		rpm_bvh_traverse(&bvh, &ray, false, &hit);
	hits[i] = hit;
}

rpm_code
rpm_cuda_device_count(int *count, rpm_status *status)
{
	cudaError_t error = cudaGetDeviceCount(count);

	if (error == cudaSuccess)
		return RPM_OK;
	cudaGetLastError();
	*count = 0;
#ifdef __CUDACC__
	/* No driver, or one older than this module needs: no device that could be used. */
	if (error == cudaErrorInsufficientDriver)
		return RPM_OK;
#endif
	return error == cudaErrorNoDevice ? RPM_OK : cuda_failure(error, "counting the devices", status);
}

rpm_code
rpm_cuda_describe(int device, rpm_cuda_device *description, rpm_status *status)
{
	struct cudaDeviceProp properties;
	size_t		total;
	cudaError_t error;

	memset(description, 0, sizeof(*description));
	error = cudaGetDeviceProperties(&properties, device);
	if (error == cudaSuccess)
		error = cudaSetDevice(device);
	if (error == cudaSuccess)
		error = cudaMemGetInfo(&description->free_bytes, &total);
	if (error == cudaSuccess)
		error = cudaDriverGetVersion(&description->driver_version);
	if (error == cudaSuccess)
		error = cudaRuntimeGetVersion(&description->runtime_version);
	if (error != cudaSuccess)
		return cuda_failure(error, "describing the device", status);
	memcpy(description->name, properties.name, sizeof(description->name));
	description->name[sizeof(description->name) - 1] = '\0';
	description->capability_major = properties.major;
	description->capability_minor = properties.minor;
	description->multiprocessor_count = properties.multiProcessorCount;
	description->memory_bytes = properties.totalGlobalMem;
	return RPM_OK;
}

rpm_code
rpm_cuda_scene_create(int device, const rpm_bvh *bvh, rpm_cuda_scene **scene, rpm_status *status)
{
	rpm_cuda_scene *self = (rpm_cuda_scene *) calloc(1, sizeof(rpm_cuda_scene));
	cudaError_t error;
	rpm_code	code;

	*scene = NULL;
	if (self == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a scene on the device");
	self->device = device;
	error = cudaSetDevice(device);
	code = error == cudaSuccess ? upload(self, bvh, status) : cuda_failure(error, "choosing the device", status);
	if (code != RPM_OK)
	{
		rpm_cuda_scene_free(self);
		return code;
	}
	*scene = self;
	return RPM_OK;
}

void
rpm_cuda_scene_free(rpm_cuda_scene *scene)
{
	if (scene == NULL || cudaSetDevice(scene->device) != cudaSuccess)
	{
		cudaGetLastError();
		free(scene);
		return;
	}
	if (scene->has_events)
	{
		cudaEventDestroy(scene->begin);
		cudaEventDestroy(scene->end);
	}
	cudaFree(scene->nodes);
	cudaFree(scene->triangles);
	cudaFree(scene->rays);
	cudaFree(scene->hits);
	free(scene);
}

rpm_code
rpm_cuda_intersect(rpm_cuda_scene *scene, const rpm_ray *rays, size_t count, rpm_hit *hits, rpm_control *control,
				   double *kernel_seconds, rpm_status *status)
{
	cudaError_t error = cudaSetDevice(scene->device);
	double		seconds = 0;

	for (size_t done = 0; done < count && error == cudaSuccess; done += RAYS_PER_LAUNCH)
	{
		size_t		piece = count - done < RAYS_PER_LAUNCH ? count - done : RAYS_PER_LAUNCH;

		if (rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "ray queries on the device were cancelled");
		error = one_launch(scene, rays + done, piece, hits + done, &seconds);
		rpm_phase_add(control, (int64_t) piece);
	}
	if (kernel_seconds != NULL)
		*kernel_seconds = seconds;
	return error == cudaSuccess ? RPM_OK : cuda_failure(error, "intersecting rays", status);
}

/* Arrays of the hierarchy and buffers of rays and hits. */
static rpm_code
upload(rpm_cuda_scene *scene, const rpm_bvh *bvh, rpm_status *status)
{
	size_t		node_bytes = bvh->node_count * sizeof(rpm_bvh_node);
	size_t		triangle_bytes = bvh->triangle_count * sizeof(rpm_bvh_triangle);
	size_t		bytes = node_bytes + triangle_bytes + RAYS_PER_LAUNCH * (sizeof(rpm_ray) + sizeof(rpm_hit));
	size_t		free_bytes,
				total_bytes;
	cudaError_t error = cudaMemGetInfo(&free_bytes, &total_bytes);

	if (error == cudaSuccess && bytes > free_bytes)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Trace a smaller extent, or trace on the CPU.",
						"the scene would need %.0f MB on the device, %.0f MB are free", (double) bytes / 1048576.0,
						(double) free_bytes / 1048576.0);
	if (error == cudaSuccess)
		error = cudaMalloc(&scene->nodes, node_bytes + 1);
	if (error == cudaSuccess)
		error = cudaMalloc(&scene->triangles, triangle_bytes + 1);
	if (error == cudaSuccess)
		error = cudaMalloc(&scene->rays, RAYS_PER_LAUNCH * sizeof(rpm_ray));
	if (error == cudaSuccess)
		error = cudaMalloc(&scene->hits, RAYS_PER_LAUNCH * sizeof(rpm_hit));
	if (error == cudaSuccess && node_bytes > 0)
		error = cudaMemcpy(scene->nodes, bvh->nodes, node_bytes, cudaMemcpyHostToDevice);
	if (error == cudaSuccess && triangle_bytes > 0)
		error = cudaMemcpy(scene->triangles, bvh->triangles, triangle_bytes, cudaMemcpyHostToDevice);
	if (error == cudaSuccess)
		error = cudaEventCreate(&scene->begin);
	if (error == cudaSuccess)
	{
		error = cudaEventCreate(&scene->end);
		if (error != cudaSuccess)
			cudaEventDestroy(scene->begin);
		else
			scene->has_events = true;
	}
	if (error != cudaSuccess)
		return cuda_failure(error, "copying the scene", status);
	scene->bvh = *bvh;
	scene->bvh.nodes = scene->nodes;
	scene->bvh.triangles = scene->triangles;
	return RPM_OK;
}

static cudaError_t
one_launch(rpm_cuda_scene *scene, const rpm_ray *rays, size_t count, rpm_hit *hits, double *seconds)
{
	unsigned int blocks = (unsigned int) ((count + THREADS_PER_BLOCK - 1) / THREADS_PER_BLOCK);
	float		milliseconds = 0;
	cudaError_t error = cudaMemcpy(scene->rays, rays, count * sizeof(rpm_ray), cudaMemcpyHostToDevice);

	if (error == cudaSuccess)
		error = cudaEventRecord(scene->begin);
	if (error == cudaSuccess)
	{
		RPM_LAUNCH(intersect_rays, blocks, THREADS_PER_BLOCK, scene->bvh, scene->rays, scene->hits, (uint32_t) count);
		error = cudaGetLastError();
	}
	if (error == cudaSuccess)
		error = cudaEventRecord(scene->end);
	if (error == cudaSuccess)
		error = cudaEventSynchronize(scene->end);
	if (error == cudaSuccess)
		error = cudaEventElapsedTime(&milliseconds, scene->begin, scene->end);
	*seconds += 1e-3 * milliseconds;
	if (error == cudaSuccess)
		error = cudaMemcpy(hits, scene->hits, count * sizeof(rpm_hit), cudaMemcpyDeviceToHost);
	return error;
}

static rpm_code
cuda_failure(cudaError_t error, const char *doing, rpm_status *status)
{
	cudaGetLastError();			/* forgotten, so that the next call begins anew */
#ifdef __CUDACC__
	if (error == cudaErrorInsufficientDriver || error == cudaErrorInitializationError)
		error = cudaErrorNoDevice;
#endif
	if (error == cudaErrorNoDevice)
		return rpm_fail(status, RPM_UNSUPPORTED, "Trace on the CPU, or install the driver of the device.", "no CUDA device was found");
	if (error == cudaErrorMemoryAllocation)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Trace a smaller extent, or trace on the CPU.",
						"out of memory on the device while %s", doing);
	return rpm_fail(status, RPM_INTERNAL, "Trace on the CPU.", "CUDA failed while %s: %s", doing, cudaGetErrorString(error));
}
