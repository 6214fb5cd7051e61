/*
 * device.c: devices by kind, and the CPU as one of them (rpm_device.h).
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"

/* A task of rpm_device_trace_all on its thread. */
typedef struct traced_task
{
	pthread_t	thread;
	bool		started;
	rpm_device_task *task;
	rpm_control *control;
} traced_task;

static void describe_cpu(rpm_device_description *cpu);
static rpm_code upload_cpu(rpm_device *device, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
						   rpm_control *control, rpm_device_scene **uploaded, rpm_status *status);
static rpm_code trace_cpu(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, const rpm_grid *grid,
						  const rpm_trace_options *options, rpm_control *control, rpm_map *map, rpm_status *status);
static void release_cpu(rpm_device_scene *uploaded);
static void *task_main(void *argument);
static void run_task(rpm_device_task *task, rpm_control *control);

static const rpm_device_operations cpu_operations = {upload_cpu, trace_cpu, release_cpu};

int
rpm_devices_describe(const char *module_path, bool ask_memory, rpm_device_description *devices)
{
	describe_cpu(&devices[0]);
	return rpm_devices_describe_cuda(module_path, ask_memory, devices, 1);
}

rpm_code
rpm_device_open(rpm_device_kind kind, int number, const char *module_path, rpm_device **device, rpm_status *status)
{
	*device = NULL;
	if (kind == RPM_DEVICE_CUDA)
		return rpm_device_open_cuda(number, module_path, device, status);
	*device = calloc(1, sizeof(rpm_device));
	if (*device == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a device");
	(*device)->operations = &cpu_operations;
	(*device)->kind = RPM_DEVICE_CPU;
	(*device)->number = -1;
	return RPM_OK;
}

void
rpm_device_close(rpm_device *device)
{
	free(device);
}

rpm_device_kind
rpm_device_kind_of(const rpm_device *device)
{
	return device->kind;
}

int
rpm_device_number(const rpm_device *device)
{
	return device->number;
}

rpm_code
rpm_device_upload(rpm_device *device, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
				  rpm_control *control, rpm_device_scene **uploaded, rpm_status *status)
{
	*uploaded = NULL;
	return device->operations->upload(device, scene, query, memory_limit_bytes, control, uploaded, status);
}

void
rpm_device_scene_free(rpm_device_scene *uploaded)
{
	if (uploaded != NULL)
		uploaded->device->operations->release_scene(uploaded);
}

const rpm_device *
rpm_device_of(const rpm_device_scene *uploaded)
{
	return uploaded->device;
}

size_t
rpm_device_scene_bytes(const rpm_device_scene *uploaded)
{
	return uploaded->bytes;
}

rpm_code
rpm_device_trace(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, const rpm_grid *grid,
				 const rpm_trace_options *options, rpm_control *control, rpm_map *map, rpm_status *status)
{
	return uploaded->device->operations->trace(uploaded, scene, antenna, grid, options, control, map, status);
}

rpm_code
rpm_device_trace_all(rpm_device_task *tasks, int count, rpm_control *control, rpm_status *status)
{
	traced_task threads[RPM_DEVICES_MAX];
	sigset_t	all,
				before;

	if (count > RPM_DEVICES_MAX)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "%d maps at once, at most %d", count, RPM_DEVICES_MAX);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (int i = 0; i < count; i++)
	{
		rpm_status_clear(&tasks[i].status);
		threads[i] = (traced_task) {.task = &tasks[i], .control = control};
		/* The last one, and any whose thread cannot be started, is this thread's. */
		threads[i].started = i < count - 1 && pthread_create(&threads[i].thread, NULL, task_main, &threads[i]) == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	for (int i = 0; i < count; i++)
		if (!threads[i].started)
			run_task(&tasks[i], control);
	for (int i = 0; i < count; i++)
		if (threads[i].started)
			pthread_join(threads[i].thread, NULL);
	for (int i = 0; i < count; i++)
		if (tasks[i].status.code != RPM_OK && status->code == RPM_OK)
			*status = tasks[i].status;
	return status->code;
}

static void *
task_main(void *argument)
{
	traced_task *thread = argument;

	run_task(thread->task, thread->control);
	return NULL;
}

static void
run_task(rpm_device_task *task, rpm_control *control)
{
	rpm_code	code = rpm_device_trace(task->uploaded, task->scene, task->antenna, task->grid, task->options, control, task->map,
										&task->status);

	if (code != RPM_OK && task->status.code == RPM_OK)
		rpm_fail(&task->status, code, NULL, "tracing failed");
}

static void
describe_cpu(rpm_device_description *cpu)
{
	FILE	   *file = fopen("/proc/cpuinfo", "r");
	char		line[512];

	memset(cpu, 0, sizeof(*cpu));
	cpu->kind = RPM_DEVICE_CPU;
	cpu->number = -1;
	cpu->processors = rpm_thread_count(NULL);
	while (file != NULL && cpu->name[0] == '\0' && fgets(line, sizeof(line), file) != NULL)
	{
		char	   *colon = strchr(line, ':');

		if (strncmp(line, "model name", 10) != 0 || colon == NULL || colon[1] == '\0')
			continue;
		colon[2 + strcspn(colon + 2, "\n")] = '\0';
		snprintf(cpu->name, sizeof(cpu->name), "%.255s", colon + 2);
	}
	if (file != NULL)
		fclose(file);
}

static rpm_code
upload_cpu(rpm_device *device, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
		   rpm_control *control, rpm_device_scene **uploaded, rpm_status *status)
{
	rpm_device_scene *self = calloc(1, sizeof(rpm_device_scene));

	(void) scene;
	(void) memory_limit_bytes;
	(void) control;
	if (self == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a scene");
	self->device = device;
	self->query = query;
	*uploaded = self;
	return RPM_OK;
}

static rpm_code
trace_cpu(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, const rpm_grid *grid,
		  const rpm_trace_options *options, rpm_control *control, rpm_map *map, rpm_status *status)
{
	return rpm_trace_map(scene, uploaded->query, antenna, grid, options, control, map, status);
}

static void
release_cpu(rpm_device_scene *uploaded)
{
	free(uploaded);
}
