/*
 * cuda_internal.h: what the parts of the GPU module share.
 */
#ifndef RPM_CUDA_INTERNAL_H
#define RPM_CUDA_INTERNAL_H

#include "host_launch.h"
#include "rpm_cuda.h"

#define RPM_CUDA_BLOCK_THREADS 128

/* Memory of the device, taken through rpm_cuda_take and given back in one go. */
#define RPM_CUDA_BLOCKS_MAX 64

/* What a scene, its maps and their work may take together, and have taken. */
typedef struct rpm_cuda_budget
{
	size_t		limit_bytes;	/* 0: what is free */
	size_t		bytes;
} rpm_cuda_budget;

typedef struct rpm_cuda_memory
{
	int			device;
	rpm_cuda_budget *budget;
	size_t		bytes;
	int			block_count;
	void	   *blocks[RPM_CUDA_BLOCKS_MAX];
} rpm_cuda_memory;

struct rpm_cuda_scene
{
	rpm_cuda_budget budget;
	rpm_cuda_memory memory;
	struct rpm_profile_bench *bench;	/* of the device, filled before each launch that needs one; NULL without a scene */
	rpm_bvh		bvh;			/* pointers of the device */
	rpm_scene	scene;			/* likewise, of what maps need */
	rpm_ray    *rays;			/* for rpm_cuda_intersect; taken at its first call */
	rpm_hit    *hits;
	cudaEvent_t begin, end;
	bool		has_events;
};

/* The scene's hierarchy over the geometry's triangles, built on the device.  Errors: as of rpm_cuda_scene_create, RPM_CANCELLED. */
rpm_code	rpm_cuda_hierarchy_build(rpm_cuda_scene *self, const rpm_scene *geometry, rpm_control *control, rpm_status *status);

/* A failure as a status; the error is forgotten where the device allows it. */
rpm_code	rpm_cuda_failure(cudaError_t error, const char *doing, rpm_status *status);
/* Whether the device is of no more use to this process: an error that stays says so at the next call too; out of memory and bad arguments do not stay. */
bool		rpm_cuda_is_lost(cudaError_t error);

/*
 * Takes `bytes` of the device's memory and fills them from `from` (NULL: with zeros).  what, for messages, is what they are for.  The
 * calling thread's device must be memory->device.
 */
rpm_code	rpm_cuda_take(rpm_cuda_memory *memory, size_t bytes, const void *from, const char *what, void **pointer, rpm_status *status);
/* Whether what the threads of a kernel need for themselves, so many bytes each, may be taken: of all that the device runs at once. */
rpm_code	rpm_cuda_take_stacks(const rpm_cuda_memory *memory, size_t bytes_per_thread, const char *what, rpm_status *status);
/* Bytes that may still be taken: within the limit and free. */
size_t		rpm_cuda_allowed(const rpm_cuda_memory *memory);
/* Gives back all but the first blocks, which hold so many bytes. */
void		rpm_cuda_give_back_to(rpm_cuda_memory *memory, int block_count, size_t bytes);
/* Gives everything back; without an error when the device is lost. */
void		rpm_cuda_give_back(rpm_cuda_memory *memory);

static inline unsigned int
rpm_cuda_grid(size_t threads)
{
	return (unsigned int) ((threads + RPM_CUDA_BLOCK_THREADS - 1) / RPM_CUDA_BLOCK_THREADS);
}

#endif
