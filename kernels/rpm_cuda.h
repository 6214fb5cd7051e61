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
/* The same with the hierarchy built on the device over the geometry, which scene (NULL: rays only) has too. */
RPM_CUDA_EXPORT rpm_code rpm_cuda_scene_build(int device, const rpm_scene *geometry, const rpm_scene *scene, size_t limit_bytes,
											  rpm_control *control, rpm_cuda_scene **uploaded, rpm_status *status);
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

/* What the device's memory reads and writes at most, by a copy within it; for measurements. */
RPM_CUDA_EXPORT rpm_code rpm_cuda_copy_rate(int device, double *bytes_per_s, rpm_status *status);

/* The engine's job of a map (src/engine/trace/map_internal.h); the module is built with the engine that opens it. */
typedef struct rpm_map_job rpm_map_job;
typedef struct rpm_map_mirror rpm_map_mirror;
typedef struct rpm_map_edge rpm_map_edge;
struct launch_task;
struct rpm_chain_boxes;
struct rpm_chain_finds;
struct rpm_path_rays;

/* One map at work on a device. */
typedef struct rpm_cuda_map rpm_cuda_map;

/* The points of a map. */
typedef struct rpm_cuda_points_call
{
	rpm_cuda_map *map;
	const rpm_map_job *job;
	const rpm_map_mirror *mirrors;
	size_t		mirror_count;
	const rpm_map_edge *edges;
	size_t		edge_count;
} rpm_cuda_points_call;

/* A batch of rays of a map. */
typedef struct rpm_cuda_launch_call
{
	rpm_cuda_map *map;
	const rpm_map_job *job;
	const struct launch_task *task;
	int64_t		rays;
} rpm_cuda_launch_call;

/* Maps that are worked on together at most. */
#define RPM_CUDA_MAPS_MAX 64

/*
 * Brings to the device what the job has when its points are due: antenna, grid, options, coefficient tables, what the antenna sees.
 * The scene is that of the job.  A scene may have several maps at work; calls on it come one at a time.
 */
RPM_CUDA_EXPORT rpm_code rpm_cuda_map_create(rpm_cuda_scene *scene, const rpm_map_job *job, rpm_cuda_map **map, rpm_status *status);
RPM_CUDA_EXPORT void rpm_cuda_map_free(rpm_cuda_map *map);
/* The parts of rpm_map_device. */
/* The same launches do all the maps, which are of one scene: points with the same mechanisms and points per cell. */
RPM_CUDA_EXPORT rpm_code rpm_cuda_maps_points(const rpm_cuda_points_call *calls, int count, rpm_status *status);
RPM_CUDA_EXPORT rpm_code rpm_cuda_maps_launch(const rpm_cuda_launch_call *calls, int count, rpm_status *status);
/* A batch of rays that find chains of mirrors: fills finds->chains (the caller's to free) and count. */
RPM_CUDA_EXPORT rpm_code rpm_cuda_map_search(rpm_cuda_map *map, const rpm_map_job *job, struct rpm_chain_finds *finds, rpm_status *status);
/* What chains of mirrors bring to cells: fills boxes->gain and met, and of each box in_sight, lit and rays. */
RPM_CUDA_EXPORT rpm_code rpm_cuda_map_chains(rpm_cuda_map *map, const rpm_map_job *job, struct rpm_chain_boxes *boxes, rpm_status *status);
RPM_CUDA_EXPORT rpm_code rpm_cuda_map_entry(rpm_cuda_map *map, const rpm_map_job *job, rpm_status *status);

/* Rays that propose the chains of exact paths (rpm_path_walk): fills rays->chains. */
RPM_CUDA_EXPORT rpm_code rpm_cuda_path_rays(rpm_cuda_scene *scene, const struct rpm_path_rays *rays, rpm_control *control,
											rpm_status *status);

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
	rpm_code	(*map_create) (rpm_cuda_scene *scene, const rpm_map_job *job, rpm_cuda_map **map, rpm_status *status);
	void		(*map_free) (rpm_cuda_map *map);
	rpm_code	(*maps_points) (const rpm_cuda_points_call *calls, int count, rpm_status *status);
	rpm_code	(*maps_launch) (const rpm_cuda_launch_call *calls, int count, rpm_status *status);
	rpm_code	(*map_search) (rpm_cuda_map *map, const rpm_map_job *job, struct rpm_chain_finds *finds, rpm_status *status);
	rpm_code	(*map_chains) (rpm_cuda_map *map, const rpm_map_job *job, struct rpm_chain_boxes *boxes, rpm_status *status);
	rpm_code	(*map_entry) (rpm_cuda_map *map, const rpm_map_job *job, rpm_status *status);
	rpm_code	(*path_rays) (rpm_cuda_scene *scene, const struct rpm_path_rays *rays, rpm_control *control, rpm_status *status);
} rpm_cuda_module;

/* A number for each shape of what passes through here, by sizes of the engine's structures (needs trace/map_chain_piece.h). */
#define RPM_CUDA_INTERFACE \
	((uint32_t) (5 * 1000003 + 31 * sizeof(rpm_map_job) + 37 * sizeof(rpm_map_edge) + 41 * sizeof(rpm_map_mirror) \
				 + 43 * sizeof(rpm_scene) + 47 * sizeof(rpm_antenna) + 53 * sizeof(rpm_trace_options) + 59 * sizeof(rpm_status) \
				 + 61 * sizeof(rpm_chain_box)))

RPM_CUDA_EXPORT const rpm_cuda_module *rpm_cuda_module_table(void);

#ifdef __cplusplus
}
#endif
#endif
