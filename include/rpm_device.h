/*
 * rpm_device.h: where maps are traced: on the CPU, or on GPUs by the CUDA module.
 *
 * One small interface with two implementations: the CPU is the engine itself; CUDA lies in a shared library of its own
 * (kernels/rpm_cuda.h), which is opened when a CUDA device is first asked for and never before, and stays open as long as the process.
 * A call is cancelled by control->stop, as everywhere.  Calls come from one thread at a time, except that scenes of different
 * devices may be traced at once.  CUDA starts threads of its own, which take over the signal mask of the thread that calls first.
 */
#ifndef RPM_DEVICE_H
#define RPM_DEVICE_H

#include "rpm_trace.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_DEVICES_MAX 16
/* Maps of one call of rpm_device_trace_all. */
#define RPM_DEVICE_TASKS_MAX 256

typedef enum rpm_device_kind { RPM_DEVICE_CPU = 0, RPM_DEVICE_CUDA } rpm_device_kind;

typedef enum rpm_device_state
{
	RPM_DEVICE_USABLE = 0,
	RPM_DEVICE_NO_MODULE,		/* the CUDA module is not installed */
	RPM_DEVICE_NO_DRIVER,		/* it is, but the machine has no driver for such devices */
	RPM_DEVICE_UNUSABLE			/* something is there, and wrong */
} rpm_device_state;

typedef struct rpm_device_description
{
	int			kind;			/* rpm_device_kind */
	int			number;			/* of a CUDA device, from 0; -1: the CPU, or CUDA where no device can be told */
	int			state;			/* rpm_device_state */
	char		name[256];		/* empty where it is not known */
	int			capability_major, capability_minor; /* 0 where it is not known */
	int			processors;		/* threads of the CPU, multiprocessors of a GPU */
	size_t		memory_bytes, free_bytes;	/* 0 where they are not known */
	int			driver_version, runtime_version;	/* 1000 major + 10 minor; 0 where they are not known */
	char		reason[320];	/* why it is not used; empty where it is usable */
	char		hint[320];
} rpm_device_description;

typedef struct rpm_device rpm_device;
typedef struct rpm_device_scene rpm_device_scene;

/*
 * The CPU, then the CUDA devices; where there are none, one entry that says why.  At most RPM_DEVICES_MAX.  module_path is the CUDA
 * module's file.  ask_memory: fills free_bytes too, for which each GPU is made ready for this process (time, and some of its memory).
 * Returns the number of entries.
 */
int			rpm_devices_describe(const char *module_path, bool ask_memory, rpm_device_description *devices);

/*
 * A device for use.  Errors: RPM_UNSUPPORTED (no module, no driver, no such device, one that is too old), RPM_DEVICE_LOST (it
 * failed in this process before), RPM_INTERNAL.
 */
rpm_code	rpm_device_open(rpm_device_kind kind, int number, const char *module_path, rpm_device **device, rpm_status *status);
void		rpm_device_close(rpm_device *device);
rpm_device_kind rpm_device_kind_of(const rpm_device *device);
int			rpm_device_number(const rpm_device *device);

/*
 * Brings a scene to the device; query is the CPU's own hierarchy over it.  Scene and query must outlive *uploaded, which the caller
 * frees before the device is closed.  memory_limit_bytes: what the scene and its maps may take of a GPU's memory; 0: what is free.
 * Errors: RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED, RPM_DEVICE_LOST, RPM_INTERNAL.
 */
rpm_code	rpm_device_upload(rpm_device *device, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
							  rpm_control *control, rpm_device_scene **uploaded, rpm_status *status);
void		rpm_device_scene_free(rpm_device_scene *uploaded);
const rpm_device *rpm_device_of(const rpm_device_scene *uploaded);
/* Memory of the device that the scene holds; 0 for the CPU. */
size_t		rpm_device_scene_bytes(const rpm_device_scene *uploaded);

/*
 * rpm_trace_map on the device that holds the scene; map's arrays are filled when it returns.  scene has the geometry that was
 * uploaded, its materials may be others.  What a GPU does not do is done by the CPU.
 */
rpm_code	rpm_device_trace(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, const rpm_grid *grid,
							 const rpm_trace_options *options, rpm_control *control, rpm_map *map, rpm_status *status);

/*
 * rpm_trace_paths with the rays that propose chains followed by the device that holds the scene; what they propose is solved and checked by the
 * CPU.
 */
rpm_code	rpm_device_paths(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver,
							 const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status);

/* One map among several that are traced at once. */
typedef struct rpm_device_task
{
	rpm_device_scene *uploaded;
	const rpm_scene *scene;
	const rpm_antenna *antenna;
	const rpm_grid *grid;
	const rpm_trace_options *options;
	rpm_map	   *map;
	rpm_status	status;			/* of this map */
} rpm_device_task;

/*
 * Traces 1 to RPM_DEVICE_TASKS_MAX tasks: different devices side by side, and on a CUDA device those of one uploaded scene in the same
 * launches, as many at a time as its memory holds (threads have all signals blocked).  Each map is as it would be alone.  The first
 * failure in the order of tasks is returned in *status; other maps may then be left undone.
 */
rpm_code	rpm_device_trace_all(rpm_device_task *tasks, int count, rpm_control *control, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
