/*
 * rpm_cuda.h: the C interface of the GPU module, rpm_pg_cuda.so.
 *
 * The module is a shared library of its own, loaded when a device is asked for; it never runs in the postmaster.  It takes plain
 * arrays, and says what went wrong by an rpm_status.  Without a driver or a device every call but rpm_cuda_device_count is
 * RPM_UNSUPPORTED; rpm_cuda_device_count gives 0 and RPM_OK.
 */
#ifndef RPM_CUDA_H
#define RPM_CUDA_H

#include "rpm_bvh.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_CUDA_EXPORT __attribute__((visibility("default")))
#define RPM_CUDA_NO_TRIANGLE UINT32_MAX

typedef struct rpm_cuda_device
{
	char		name[256];
	int			capability_major, capability_minor;
	int			multiprocessor_count;
	size_t		memory_bytes, free_bytes;
	int			driver_version, runtime_version; /* 1000 major + 10 minor; of CUDA that the driver knows, that we were built with */
} rpm_cuda_device;

/* A hierarchy in the memory of a device. */
typedef struct rpm_cuda_scene rpm_cuda_scene;

RPM_CUDA_EXPORT rpm_code rpm_cuda_device_count(int *count, rpm_status *status);
RPM_CUDA_EXPORT rpm_code rpm_cuda_describe(int device, rpm_cuda_device *description, rpm_status *status);

/* Copies nodes and triangles to the device.  Errors: RPM_LIMIT_EXCEEDED when they do not fit, RPM_UNSUPPORTED, RPM_INTERNAL. */
RPM_CUDA_EXPORT rpm_code rpm_cuda_scene_create(int device, const rpm_bvh *bvh, rpm_cuda_scene **scene, rpm_status *status);
RPM_CUDA_EXPORT void rpm_cuda_scene_free(rpm_cuda_scene *scene);

/*
 * The nearest hit of each ray, as rpm_query_intersect finds it; t = INFINITY and triangle = RPM_CUDA_NO_TRIANGLE where there is
 * none.  Rays go over in pieces, between which control->stop is seen.  kernel_seconds (may be NULL): time in the kernel
 * alone, without copies.  One call at a time on a scene.
 */
RPM_CUDA_EXPORT rpm_code rpm_cuda_intersect(rpm_cuda_scene *scene, const rpm_ray *rays, size_t count, rpm_hit *hits,
											rpm_control *control, double *kernel_seconds, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
