/*
 * device.h: what an implementation of devices gives (rpm_device.h).
 */
#ifndef RPM_DEVICE_INTERNAL_H
#define RPM_DEVICE_INTERNAL_H

#include "rpm_device.h"

typedef struct rpm_device_operations
{
	rpm_code	(*upload) (rpm_device *device, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
						   rpm_control *control, rpm_device_scene **uploaded, rpm_status *status);
	/* Of one uploaded scene; the outcome is each task's status.  After a failure the rest may be left undone. */
	void		(*trace) (rpm_device_task **tasks, int count, rpm_control *control);
	/* As rpm_device_paths. */
	rpm_code	(*paths) (rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver,
						  const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status);
	void		(*release_scene) (rpm_device_scene *uploaded);
} rpm_device_operations;

/* Every implementation's own structs begin with these. */
struct rpm_device
{
	const rpm_device_operations *operations;
	rpm_device_kind kind;
	int			number;
};

struct rpm_device_scene
{
	rpm_device *device;
	const rpm_query *query;
	size_t		bytes;			/* of the device's memory */
};

rpm_code	rpm_device_open_cuda(int number, const char *module_path, rpm_device **device, rpm_status *status);

/* Appends the CUDA devices, or why there are none, to devices[count..]; returns the new count. */
int			rpm_devices_describe_cuda(const char *module_path, bool ask_memory, rpm_device_description *devices, int count);

#endif
