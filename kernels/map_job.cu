/*
 * map_job.cu: a map's job in the memory of a device (rpm_cuda.h).
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/map_internal.h"

#include "cuda_map.h"

/* Aimed at for a launch; a launch that turns out to take ten times as long still lets a cancel answer in time. */
#define LAUNCH_S 0.015
#define THREADS_MIN ((size_t) 1 << 10)
#define THREADS_MAX ((size_t) 1 << 22)

/* The job and the small things that it points to, in one block. */
typedef struct job_block
{
	rpm_map_job job;
	rpm_scene	scene;
	rpm_bvh		bvh;
	rpm_antenna antenna;
	rpm_grid	grid;
	rpm_trace_options options;
} job_block;

static rpm_code bring_job(rpm_cuda_map *self, const rpm_map_job *job, rpm_status *status);
static double now_s(void);

rpm_code
rpm_cuda_map_create(rpm_cuda_scene *scene, const rpm_map_job *job, rpm_cuda_map **map, rpm_status *status)
{
	rpm_cuda_map *self = (rpm_cuda_map *) calloc(1, sizeof(rpm_cuda_map));
	cudaError_t error = cudaSetDevice(scene->memory.device);
	rpm_code	code;

	*map = self;
	if (self == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a map on the device");
	self->scene = scene;
	self->memory.device = scene->memory.device;
	self->memory.budget = &scene->budget;
	code = error == cudaSuccess ? bring_job(self, job, status) : rpm_cuda_failure(error, "choosing the device", status);
	if (code == RPM_OK)
		return RPM_OK;
	rpm_cuda_map_free(self);
	*map = NULL;
	return code;
}

void
rpm_cuda_map_free(rpm_cuda_map *map)
{
	if (map == NULL)
		return;
	rpm_cuda_give_back(&map->memory);
	free(map);
}

static rpm_code
bring_job(rpm_cuda_map *self, const rpm_map_job *job, rpm_status *status)
{
	size_t		materials = job->scene->material_count, facets = job->visible.facet_seen != NULL ? job->scene->facet_count : 0;
	const char *what = "the radio map";
	const rpm_roofs *roofs = NULL;
	const struct rpm_roof_mirrors *roof_mirrors = NULL;
	void	   *material, *table, *share, *seen, *polygons, *gain, *outdoor, *batch, *room;
	job_block	block;
	job_block  *there;
	rpm_code	code = rpm_cuda_take(&self->memory, materials * sizeof(rpm_material), job->materials, what, &material, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, materials * sizeof(rpm_coefficient_table), job->tables, what, &table, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, materials * sizeof(double), job->specular_share, what, &share, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, facets, job->visible.facet_seen, what, &seen, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, job->occluders.polygon_of != NULL ? job->scene->triangle_count * sizeof(uint32_t) : 0,
							 job->occluders.polygon_of, what, &polygons, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, job->cell_count * sizeof(double), NULL, what, &gain, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, job->cell_count * sizeof(float), NULL, what, &outdoor, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, job->launch ? job->cell_count * sizeof(double) : 0, NULL, what, &batch, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, sizeof(job_block), NULL, what, &room, status);
	if (code == RPM_OK)
		code = rpm_cuda_bring_roofs(self, job, &roofs, &roof_mirrors, status);
	if (code != RPM_OK)
		return code;
	there = (job_block *) room;
	memset(&block, 0, sizeof(block));
	block.job = *job;
	block.scene = self->scene->scene;
	block.scene.party_wall_m = job->scene->party_wall_m;
	block.bvh = self->scene->bvh;
	block.antenna = *job->antenna;
	block.grid = *job->grid;
	block.options = *job->options;
	block.job.scene = &there->scene;
	block.job.query = (const rpm_query *) &there->bvh;
	block.job.antenna = &there->antenna;
	block.job.grid = &there->grid;
	block.job.options = &there->options;
	block.job.control = NULL;
	block.job.device = NULL;
	block.job.materials = (rpm_material *) material;
	block.job.tables = (rpm_coefficient_table *) table;
	block.job.specular_share = (double *) share;
	block.job.surface.scene = &there->scene;
	memset(&block.job.visible, 0, sizeof(block.job.visible));
	block.job.visible.facet_seen = (uint8_t *) seen;
	memset(&block.job.occluders, 0, sizeof(block.job.occluders));
	block.job.occluders.polygon_of = (uint32_t *) polygons;
	block.job.roofs = (rpm_roofs *) roofs;
	block.job.roof_mirrors = (struct rpm_roof_mirrors *) roof_mirrors;
	block.job.chain_variance = NULL;
	block.job.gain = self->gain = (double *) gain;
	block.job.outdoor_share = self->outdoor_share = (float *) outdoor;
	block.job.batch = self->batch = (double *) batch;
	block.job.sum = block.job.sum2 = NULL;
	self->job = &there->job;
	return cudaMemcpy(there, &block, sizeof(block), cudaMemcpyHostToDevice) == cudaSuccess ? RPM_OK
		: rpm_cuda_failure(cudaGetLastError(), "copying the map's job", status);
}

void
rpm_cuda_pace_begin(rpm_cuda_pace *pace)
{
	if (pace->threads == 0)
		pace->threads = RPM_CUDA_FIRST_THREADS;
	pace->began_s = now_s();
}

void
rpm_cuda_pace_end(rpm_cuda_pace *pace)
{
	double		share = LAUNCH_S / (now_s() - pace->began_s + 1e-6);

	/* Towards the aim by steps: a launch says little of the next one's rays. */
	share = share > 2 ? 2 : share < 0.25 ? 0.25 : share;
	pace->threads = (size_t) ((double) pace->threads * share);
	pace->threads = pace->threads < THREADS_MIN ? THREADS_MIN : pace->threads > THREADS_MAX ? THREADS_MAX : pace->threads;
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
}
