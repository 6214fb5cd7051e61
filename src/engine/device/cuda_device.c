/*
 * cuda_device.c: CUDA devices (rpm_device.h), over the module of cuda_module.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/cuda_module.h"
#include "device/device.h"
#include "device/gang.h"
#include "rpm_bvh.h"
#include "trace/paths.h"

/* Compute capability 7.5: Turing.  The module's machine code begins there. */
#define CAPABILITY_MIN 75

typedef struct cuda_device
{
	rpm_device	base;
	const rpm_cuda_module *module;
} cuda_device;

typedef struct cuda_device_scene
{
	rpm_device_scene base;
	rpm_cuda_scene *scene;
} cuda_device_scene;

/* Devices that failed in this process, by number, and how: a failure of this kind stays until the process ends. */
static char lost[RPM_DEVICES_MAX][320];

static void describe_one(const rpm_cuda_module *module, int number, bool ask_memory, rpm_device_description *device);
static rpm_code upload(rpm_device *device, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
					   rpm_control *control, rpm_device_scene **uploaded, rpm_status *status);
static rpm_code upload_hierarchy(cuda_device_scene *self, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
								 rpm_control *control, rpm_status *status);
static void trace(rpm_device_task **tasks, int count, rpm_control *control);
static rpm_code paths(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver,
					  const rpm_trace_options *options, rpm_control *control, rpm_path_list *list, rpm_status *status);
static rpm_code walk(void *context, const rpm_path_rays *rays, rpm_control *control, rpm_status *status);
static const rpm_cuda_module *module_of(const rpm_device *device);
static void release_scene(rpm_device_scene *uploaded);
static rpm_code note_loss(const rpm_device *device, rpm_code code, const rpm_status *status);

static const rpm_device_operations cuda_operations = {upload, trace, paths, release_scene};

int
rpm_devices_describe_cuda(const char *module_path, bool ask_memory, rpm_device_description *devices, int count)
{
	rpm_device_description *none = &devices[count];
	rpm_device_state state;
	const rpm_cuda_module *module;
	rpm_cuda_survey survey;

	memset(none, 0, sizeof(*none));
	none->kind = RPM_DEVICE_CUDA;
	none->number = -1;
	module = rpm_cuda_module_open(module_path, &state, none->reason, none->hint);
	none->state = state;
	if (module == NULL)
		return count + 1;
	module->survey_devices(&survey);
	if (survey.count == 0)
	{
		none->state = survey.driver_version == 0 ? RPM_DEVICE_NO_DRIVER : RPM_DEVICE_UNUSABLE;
		none->driver_version = survey.driver_version;
		none->runtime_version = survey.runtime_version;
		snprintf(none->reason, sizeof(none->reason), "%s", survey.problem);
		snprintf(none->hint, sizeof(none->hint), "%s", survey.hint);
		return count + 1;
	}
	for (int number = 0; number < survey.count && count < RPM_DEVICES_MAX; number++)
		describe_one(module, number, ask_memory, &devices[count++]);
	return count;
}

static void
describe_one(const rpm_cuda_module *module, int number, bool ask_memory, rpm_device_description *device)
{
	rpm_cuda_device cuda;
	rpm_status	status;

	memset(device, 0, sizeof(*device));
	device->kind = RPM_DEVICE_CUDA;
	device->number = number;
	rpm_status_clear(&status);
	if (lost[number][0] != '\0')
		rpm_fail(&status, RPM_DEVICE_LOST, "Connect again to try it once more.", "it failed in this session: %s", lost[number]);
	else if (module->describe(number, ask_memory, &cuda, &status) == RPM_OK)
	{
		memcpy(device->name, cuda.name, sizeof(device->name));
		device->capability_major = cuda.capability_major;
		device->capability_minor = cuda.capability_minor;
		device->processors = cuda.multiprocessor_count;
		device->memory_bytes = cuda.memory_bytes;
		device->free_bytes = cuda.free_bytes;
		device->driver_version = cuda.driver_version;
		device->runtime_version = cuda.runtime_version;
		if (10 * cuda.capability_major + cuda.capability_minor < CAPABILITY_MIN)
			rpm_fail(&status, RPM_UNSUPPORTED, "Trace on the CPU, or on a newer device.", "its compute capability %d.%d is below %d.%d",
					 cuda.capability_major, cuda.capability_minor, CAPABILITY_MIN / 10, CAPABILITY_MIN % 10);
	}
	device->state = status.code == RPM_OK ? RPM_DEVICE_USABLE : RPM_DEVICE_UNUSABLE;
	snprintf(device->reason, sizeof(device->reason), "%s", status.message);
	snprintf(device->hint, sizeof(device->hint), "%s", status.hint);
}

rpm_code
rpm_device_open_cuda(int number, const char *module_path, rpm_device **device, rpm_status *status)
{
	rpm_device_description *found = calloc(RPM_DEVICES_MAX, sizeof(rpm_device_description));
	int			count;
	cuda_device *self = calloc(1, sizeof(cuda_device));
	rpm_device_state state;

	if (found == NULL || self == NULL)
	{
		free(found);
		free(self);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a device");
	}
	count = rpm_devices_describe_cuda(module_path, false, found, 0);
	if (found[0].number < 0)
		rpm_fail(status, RPM_UNSUPPORTED, found[0].hint, "no CUDA device can be used: %.270s", found[0].reason);
	else if (number < 0 || number >= count)
		rpm_fail(status, RPM_UNSUPPORTED, "rpm_devices() lists what there is.", "there is no CUDA device %d, only %d of them from 0",
				 number, count);
	else if (found[number].state != RPM_DEVICE_USABLE)
		rpm_fail(status, lost[number][0] != '\0' ? RPM_DEVICE_LOST : RPM_UNSUPPORTED, found[number].hint,
				 "CUDA device %d cannot be used: %.270s", number, found[number].reason);
	else
	{
		self->base.operations = &cuda_operations;
		self->base.kind = RPM_DEVICE_CUDA;
		self->base.number = number;
		self->module = rpm_cuda_module_open(module_path, &state, found[0].reason, found[0].hint);
		*device = &self->base;
	}
	free(found);
	if (*device == NULL)
		free(self);
	return status->code;
}

static rpm_code
upload(rpm_device *device, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
	   rpm_control *control, rpm_device_scene **uploaded, rpm_status *status)
{
	cuda_device_scene *self = calloc(1, sizeof(cuda_device_scene));
	rpm_code	code;

	if (self == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a scene");
	self->base.device = device;
	self->base.query = query;
	code = upload_hierarchy(self, scene, query, memory_limit_bytes, control, status);
	if (code != RPM_OK)
	{
		free(self);
		return note_loss(device, code, status);
	}
	self->base.bytes = module_of(device)->scene_bytes(self->scene);
	*uploaded = &self->base;
	return RPM_OK;
}

/* The hierarchy is built on the host, unless the CPU's own is of our kind already. */
static rpm_code
upload_hierarchy(cuda_device_scene *self, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
				 rpm_control *control, rpm_status *status)
{
	const cuda_device *device = (const cuda_device *) self->base.device;
	const rpm_bvh *bvh = rpm_query_bvh(query);
	rpm_query  *built = NULL;
	rpm_code	code = bvh != NULL ? RPM_OK : rpm_query_create(scene, RPM_QUERY_BVH, control, &built, status);

	if (code == RPM_OK && bvh == NULL)
		bvh = rpm_query_bvh(built);
	if (code == RPM_OK)
		code = device->module->scene_create(device->base.number, bvh, scene, memory_limit_bytes, &self->scene, status);
	rpm_query_free(built);
	return code;
}

static void
trace(rpm_device_task **tasks, int count, rpm_control *control)
{
	const cuda_device_scene *uploaded = (const cuda_device_scene *) tasks[0]->uploaded;

	rpm_gang_trace(module_of(uploaded->base.device), uploaded->scene, tasks, count, control);
	for (int i = 0; i < count; i++)
		note_loss(uploaded->base.device, tasks[i]->status.code, &tasks[i]->status);
}

static rpm_code
paths(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver, const rpm_trace_options *options,
	  rpm_control *control, rpm_path_list *list, rpm_status *status)
{
	rpm_path_device hand = {uploaded, walk};

	return note_loss(uploaded->device, rpm_trace_paths_on(&hand, scene, uploaded->query, antenna, receiver, options, control, list, status),
					 status);
}

static rpm_code
walk(void *context, const rpm_path_rays *rays, rpm_control *control, rpm_status *status)
{
	cuda_device_scene *self = context;

	return module_of(self->base.device)->path_rays(self->scene, rays, control, status);
}

static const rpm_cuda_module *
module_of(const rpm_device *device)
{
	return ((const cuda_device *) device)->module;
}

static void
release_scene(rpm_device_scene *uploaded)
{
	cuda_device_scene *self = (cuda_device_scene *) uploaded;

	module_of(uploaded->device)->scene_free(self->scene);
	free(self);
}

/* Remembers how a device failed for good. */
static rpm_code
note_loss(const rpm_device *device, rpm_code code, const rpm_status *status)
{
	if (code == RPM_DEVICE_LOST)
		snprintf(lost[device->number], sizeof(lost[0]), "%s", status->message);
	return code;
}
