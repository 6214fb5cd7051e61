/*
 * ray_query.cu: scenes on the device, and one ray per thread through their hierarchy (rpm_cuda.h).
 */
#include <stdlib.h>
#include <string.h>

#include "scene/ground.h"
#include "trace/band.h"

#include "cuda_internal.h"

#define RAYS_PER_LAUNCH ((size_t) 1 << 20)
/* Of a copy that is measured: more than any cache. */
#define COPY_BYTES ((size_t) 256 << 20)
#define COPIES 8

static rpm_code create(int device, const rpm_bvh *bvh, const rpm_scene *geometry, const rpm_scene *scene, size_t limit_bytes,
					   rpm_control *control, rpm_cuda_scene **uploaded, rpm_status *status);
static rpm_code upload_hierarchy(rpm_cuda_scene *self, const rpm_bvh *bvh, rpm_status *status);
static rpm_code upload_scene(rpm_cuda_scene *self, const rpm_scene *scene, rpm_status *status);
static rpm_code upload_ground(rpm_cuda_scene *self, const rpm_scene *scene, rpm_status *status);
static rpm_code take_ray_buffers(rpm_cuda_scene *scene, rpm_status *status);
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
rpm_cuda_scene_create(int device, const rpm_bvh *bvh, const rpm_scene *scene, size_t limit_bytes, rpm_cuda_scene **uploaded,
					  rpm_status *status)
{
	return create(device, bvh, NULL, scene, limit_bytes, NULL, uploaded, status);
}

rpm_code
rpm_cuda_scene_build(int device, const rpm_scene *geometry, const rpm_scene *scene, size_t limit_bytes, rpm_control *control,
					 rpm_cuda_scene **uploaded, rpm_status *status)
{
	return create(device, NULL, geometry, scene, limit_bytes, control, uploaded, status);
}

/* With a hierarchy that is there, or built over the geometry. */
static rpm_code
create(int device, const rpm_bvh *bvh, const rpm_scene *geometry, const rpm_scene *scene, size_t limit_bytes, rpm_control *control,
	   rpm_cuda_scene **uploaded, rpm_status *status)
{
	rpm_cuda_scene *self = (rpm_cuda_scene *) calloc(1, sizeof(rpm_cuda_scene));
	cudaError_t error;
	rpm_code	code;

	*uploaded = NULL;
	if (self == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a scene on the device");
	self->memory.device = device;
	self->memory.budget = &self->budget;
	self->budget.limit_bytes = limit_bytes;
	error = cudaSetDevice(device);
	if (error != cudaSuccess)
		code = rpm_cuda_failure(error, "choosing the device", status);
	else
		code = bvh != NULL ? upload_hierarchy(self, bvh, status) : rpm_cuda_hierarchy_build(self, geometry, control, status);
	if (code == RPM_OK && scene != NULL)
		code = upload_scene(self, scene, status);
	if (code != RPM_OK)
	{
		rpm_cuda_scene_free(self);
		return code;
	}
	*uploaded = self;
	return RPM_OK;
}

void
rpm_cuda_scene_free(rpm_cuda_scene *scene)
{
	if (scene == NULL)
		return;
	if (scene->has_events && cudaSetDevice(scene->memory.device) == cudaSuccess)
	{
		cudaEventDestroy(scene->begin);
		cudaEventDestroy(scene->end);
	}
	rpm_cuda_give_back(&scene->memory);
	free(scene);
}

size_t
rpm_cuda_scene_bytes(const rpm_cuda_scene *scene)
{
	return scene->memory.bytes;
}

rpm_code
rpm_cuda_intersect(rpm_cuda_scene *scene, const rpm_ray *rays, size_t count, rpm_hit *hits, rpm_control *control,
				   double *kernel_seconds, rpm_status *status)
{
	cudaError_t error = cudaSetDevice(scene->memory.device);
	double		seconds = 0;

	if (error == cudaSuccess && scene->rays == NULL && take_ray_buffers(scene, status) != RPM_OK)
		return status->code;
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
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "intersecting rays", status);
}

static rpm_code
upload_hierarchy(rpm_cuda_scene *self, const rpm_bvh *bvh, rpm_status *status)
{
	void	   *nodes,
			   *triangles;
	rpm_code	code = rpm_cuda_take(&self->memory, bvh->node_count * sizeof(rpm_bvh_node), bvh->nodes, "the hierarchy", &nodes, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, bvh->triangle_count * sizeof(rpm_bvh_triangle), bvh->triangles, "the hierarchy",
							 &triangles, status);
	if (code != RPM_OK)
		return code;
	self->bvh = *bvh;
	self->bvh.nodes = (const rpm_bvh_node *) nodes;
	self->bvh.triangles = (const rpm_bvh_triangle *) triangles;
	return RPM_OK;
}

/* Of the scene: triangles for their facets, facets, wedges, and a ground that is not flat. */
static rpm_code
upload_scene(rpm_cuda_scene *self, const rpm_scene *scene, rpm_status *status)
{
	void	   *triangles,
			   *facets,
			   *wedges,
			   *bench;
	rpm_code	code = rpm_cuda_take(&self->memory, scene->triangle_count * sizeof(rpm_triangle), scene->triangles, "the scene",
									 &triangles, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, scene->facet_count * sizeof(rpm_facet), scene->facets, "the scene", &facets, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, scene->wedge_count * sizeof(rpm_wedge), scene->wedges, "the scene", &wedges, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, sizeof(rpm_profile_bench), NULL, "the scene", &bench, status);
	if (code != RPM_OK)
		return code;
	self->bench = (rpm_profile_bench *) bench;
	memset(&self->scene, 0, sizeof(self->scene));
	self->scene.triangles = (rpm_triangle *) triangles;
	self->scene.triangle_count = scene->triangle_count;
	self->scene.facets = (rpm_facet *) facets;
	self->scene.facet_count = scene->facet_count;
	self->scene.wedges = (rpm_wedge *) wedges;
	self->scene.wedge_count = scene->wedge_count;
	self->scene.flat_ground = scene->flat_ground;
	self->scene.ground_z_m = scene->ground_z_m;
	self->scene.party_wall_m = scene->party_wall_m;
	self->scene.low = scene->low;
	self->scene.high = scene->high;
	return scene->ground_index != NULL ? upload_ground(self, scene, status) : RPM_OK;
}

/* The triangles of the ground by place, with all corners. */
static rpm_code
upload_ground(rpm_cuda_scene *self, const rpm_scene *scene, rpm_status *status)
{
	rpm_ground_index index = *scene->ground_index;
	size_t		cells = (size_t) index.columns * index.rows;
	void	   *vertices, *start, *item, *there;
	rpm_code	code = rpm_cuda_take(&self->memory, scene->vertex_count * sizeof(rpm_vec3), scene->vertices, "the ground", &vertices, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, (cells + 1) * sizeof(uint32_t), index.start, "the ground", &start, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, index.start[cells] * sizeof(uint32_t), index.item, "the ground", &item, status);
	if (code != RPM_OK)
		return code;
	index.start = (uint32_t *) start;
	index.item = (uint32_t *) item;
	code = rpm_cuda_take(&self->memory, sizeof(index), &index, "the ground", &there, status);
	self->scene.vertices = (rpm_vec3 *) vertices;
	self->scene.vertex_count = scene->vertex_count;
	self->scene.ground_index = (rpm_ground_index *) there;
	return code;
}

static rpm_code
take_ray_buffers(rpm_cuda_scene *scene, rpm_status *status)
{
	void	   *rays,
			   *hits;
	cudaError_t error;
	rpm_code	code = rpm_cuda_take(&scene->memory, RAYS_PER_LAUNCH * sizeof(rpm_ray), NULL, "a piece of rays", &rays, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&scene->memory, RAYS_PER_LAUNCH * sizeof(rpm_hit), NULL, "a piece of rays", &hits, status);
	if (code != RPM_OK)
		return code;
	error = cudaEventCreate(&scene->begin);
	if (error == cudaSuccess)
	{
		error = cudaEventCreate(&scene->end);
		if (error != cudaSuccess)
			cudaEventDestroy(scene->begin);
	}
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "making events", status);
	scene->has_events = true;
	scene->rays = (rpm_ray *) rays;
	scene->hits = (rpm_hit *) hits;
	return RPM_OK;
}

static cudaError_t
one_launch(rpm_cuda_scene *scene, const rpm_ray *rays, size_t count, rpm_hit *hits, double *seconds)
{
	float		milliseconds = 0;
	cudaError_t error = cudaMemcpy(scene->rays, rays, count * sizeof(rpm_ray), cudaMemcpyHostToDevice);

	if (error == cudaSuccess)
		error = cudaEventRecord(scene->begin);
	if (error == cudaSuccess)
	{
		RPM_LAUNCH(intersect_rays, rpm_cuda_grid(count), RPM_CUDA_BLOCK_THREADS, scene->bvh, scene->rays, scene->hits, (uint32_t) count);
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

rpm_code
rpm_cuda_copy_rate(int device, double *bytes_per_s, rpm_status *status)
{
	rpm_cuda_budget budget = {0, 0};
	rpm_cuda_memory memory;
	size_t		bytes;
	void	   *from, *to;
	cudaEvent_t begin, end;
	float		milliseconds = 0;
	cudaError_t error = cudaSetDevice(device);
	rpm_code	code = error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "choosing the device", status);

	memset(&memory, 0, sizeof(memory));
	memory.device = device;
	memory.budget = &budget;
	bytes = rpm_cuda_allowed(&memory) / 4;
	bytes = bytes < COPY_BYTES ? bytes : COPY_BYTES;
	*bytes_per_s = 0;
	if (code == RPM_OK)
		code = rpm_cuda_take(&memory, bytes, NULL, "a copy", &from, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&memory, bytes, NULL, "a copy", &to, status);
	if (code == RPM_OK && cudaEventCreate(&begin) == cudaSuccess && cudaEventCreate(&end) == cudaSuccess)
	{
		error = cudaEventRecord(begin);
		for (int i = 0; i < COPIES && error == cudaSuccess; i++)
			error = cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToDevice);
		if (error == cudaSuccess)
			error = cudaEventRecord(end);
		if (error == cudaSuccess)
			error = cudaEventSynchronize(end);
		if (error == cudaSuccess)
			error = cudaEventElapsedTime(&milliseconds, begin, end);
		if (error == cudaSuccess && milliseconds > 0)
			*bytes_per_s = 2.0 * COPIES * (double) bytes / (1e-3 * milliseconds);
		cudaEventDestroy(begin);
		cudaEventDestroy(end);
		if (error != cudaSuccess)
			code = rpm_cuda_failure(error, "copying on the device", status);
	}
	rpm_cuda_give_back(&memory);
	return code;
}
