/*
 * rpm_cuda.h: the C interface of the GPU module, rpm_pg_cuda.so.
 *
 * The module is a shared library of its own, loaded when a device is asked for; it never runs in the postmaster.  It takes plain
 * arrays, and says what went wrong by an rpm_status: RPM_UNSUPPORTED where there is no driver or no device, RPM_LIMIT_EXCEEDED
 * and RPM_OUT_OF_MEMORY where the device's memory is too small, RPM_DEVICE_LOST when the device is of no more use to this process,
 * RPM_INTERNAL for the rest.  Memory of the device is asked for before it is taken.
 */
#ifndef RPM_CUDA_H
#define RPM_CUDA_H

#include "rpm_bvh.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_CUDA_EXPORT __attribute__((visibility("default")))
#define RPM_CUDA_NO_TRIANGLE UINT32_MAX

/* What the machine has: the devices that the process may see, or why there are none. */
typedef struct rpm_cuda_survey
{
	int			count;
	int			driver_version, runtime_version; /* 1000 major + 10 minor: of CUDA that the driver knows (0: no driver), that we were built with */
	char		problem[256];	/* empty where count > 0 */
	char		hint[256];
} rpm_cuda_survey;

typedef struct rpm_cuda_device
{
	char		name[256];
	int			capability_major, capability_minor;
	int			multiprocessor_count;
	size_t		memory_bytes, free_bytes;
	int			driver_version, runtime_version; /* as in rpm_cuda_survey */
} rpm_cuda_device;

/* A scene in the memory of a device. */
typedef struct rpm_cuda_scene rpm_cuda_scene;

RPM_CUDA_EXPORT void rpm_cuda_survey_devices(rpm_cuda_survey *survey);
RPM_CUDA_EXPORT rpm_code rpm_cuda_device_count(int *count, rpm_status *status);
/* free_bytes only where ask_memory: that readies the device for this process, which takes time and some of its memory. */
RPM_CUDA_EXPORT rpm_code rpm_cuda_describe(int device, bool ask_memory, rpm_cuda_device *description, rpm_status *status);

/*
 * Copies the hierarchy to the device, and of the scene (NULL: rays only) what maps need; the scene's materials go over with each map.
 * limit_bytes: what all that is done with the scene may take of the device's memory; 0: what is free.
 */
RPM_CUDA_EXPORT rpm_code rpm_cuda_scene_create(int device, const rpm_bvh *bvh, const rpm_scene *scene, size_t limit_bytes,
											   rpm_cuda_scene **uploaded, rpm_status *status);
RPM_CUDA_EXPORT void rpm_cuda_scene_free(rpm_cuda_scene *scene);
/* Memory of the device that the scene holds. */
RPM_CUDA_EXPORT size_t rpm_cuda_scene_bytes(const rpm_cuda_scene *scene);

/*
 * The nearest hit of each ray, as rpm_query_intersect finds it; t = INFINITY and triangle = RPM_CUDA_NO_TRIANGLE where there is
 * none.  Rays go over in pieces, between which control->stop is seen.  kernel_seconds (may be NULL): time in the kernel
 * alone, without copies.  One call at a time on a scene.
 */
RPM_CUDA_EXPORT rpm_code rpm_cuda_intersect(rpm_cuda_scene *scene, const rpm_ray *rays, size_t count, rpm_hit *hits,
											rpm_control *control, double *kernel_seconds, rpm_status *status);

/* All of the above as the extension takes it from the module that it has opened. */
typedef struct rpm_cuda_module
{
	uint32_t	interface;		/* RPM_CUDA_INTERFACE: another number is another version of rpm_pg */
	void		(*survey_devices) (rpm_cuda_survey *survey);
	rpm_code	(*describe) (int device, bool ask_memory, rpm_cuda_device *description, rpm_status *status);
	rpm_code	(*scene_create) (int device, const rpm_bvh *bvh, const rpm_scene *scene, size_t limit_bytes, rpm_cuda_scene **uploaded,
								 rpm_status *status);
	void		(*scene_free) (rpm_cuda_scene *scene);
	size_t		(*scene_bytes) (const rpm_cuda_scene *scene);
} rpm_cuda_module;

/* A number of its own for each shape of the structures that pass through here. */
#define RPM_CUDA_INTERFACE 0x52500001u

RPM_CUDA_EXPORT const rpm_cuda_module *rpm_cuda_module_table(void);

#ifdef __cplusplus
}
#endif
#endif
