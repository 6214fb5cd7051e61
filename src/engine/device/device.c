/*
 * device.c: devices by kind, and the CPU as one of them (rpm_device.h).
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"

/* The tasks of one uploaded scene on their thread. */
typedef struct scene_tasks
{
	pthread_t	thread;
	bool		started;
	rpm_device_task *tasks[RPM_DEVICE_TASKS_MAX];
	int			count;
	rpm_control *control;
} scene_tasks;

static void describe_cpu(rpm_device_description *cpu);
static rpm_code upload_cpu(rpm_device *device, const rpm_scene *scene, const rpm_query *query, size_t memory_limit_bytes,
						   rpm_control *control, rpm_device_scene **uploaded, rpm_status *status);
static void trace_cpu(rpm_device_task **tasks, int count, rpm_control *control);
static rpm_code paths_cpu(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver,
						  const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status);
static void release_cpu(rpm_device_scene *uploaded);
static int	sort_by_scene(rpm_device_task *tasks, int count, scene_tasks *scenes);
static int	maps_at_once(const scene_tasks *scenes, int scene_count);
static void *scene_main(void *argument);
static void run_scene(scene_tasks *scene);

static const rpm_device_operations cpu_operations = {upload_cpu, trace_cpu, paths_cpu, release_cpu};

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
	rpm_device_task task = {uploaded, scene, antenna, grid, options, map, {0}}, *tasks[1] = {&task};

	uploaded->device->operations->trace(tasks, 1, control);
	if (task.status.code != RPM_OK)
		*status = task.status;
	return task.status.code;
}

rpm_code
rpm_device_paths(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver,
				 const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status)
{
	return uploaded->device->operations->paths(uploaded, scene, antenna, receiver, options, control, paths, status);
}

rpm_code
rpm_device_trace_all(rpm_device_task *tasks, int count, rpm_control *control, rpm_status *status)
{
	scene_tasks *scenes;
	int			scene_count,
				sharers = control != NULL ? control->sharers : 0;
	sigset_t	all,
				before;

	if (count < 1 || count > RPM_DEVICE_TASKS_MAX)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "%d maps at once, not 1 to %d", count, RPM_DEVICE_TASKS_MAX);
	scenes = calloc((size_t) count, sizeof(scene_tasks));
	if (scenes == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %d maps at once", count);
	scene_count = sort_by_scene(tasks, count, scenes);
	if (control != NULL)
		control->sharers = maps_at_once(scenes, scene_count);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (int i = 0; i < scene_count; i++)
	{
		scenes[i].control = control;
		/* The last one, and any whose thread cannot be started, is this thread's. */
		scenes[i].started = i < scene_count - 1 && pthread_create(&scenes[i].thread, NULL, scene_main, &scenes[i]) == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	for (int i = 0; i < scene_count; i++)
		if (!scenes[i].started)
			run_scene(&scenes[i]);
	for (int i = 0; i < scene_count; i++)
		if (scenes[i].started)
			pthread_join(scenes[i].thread, NULL);
	if (control != NULL)
		control->sharers = sharers;
	for (int i = 0; i < count; i++)
		if (tasks[i].status.code != RPM_OK && status->code == RPM_OK)
			*status = tasks[i].status;
	free(scenes);
	return status->code;
}

/* Tasks of one uploaded scene together, in their order; how many scenes there are. */
static int
sort_by_scene(rpm_device_task *tasks, int count, scene_tasks *scenes)
{
	int			scene_count = 0;

	for (int i = 0; i < count; i++)
	{
		int			k = 0;

		rpm_status_clear(&tasks[i].status);
		while (k < scene_count && scenes[k].tasks[0]->uploaded != tasks[i].uploaded)
			k++;
		scene_count += k == scene_count;
		scenes[k].tasks[scenes[k].count++] = &tasks[i];
	}
	return scene_count;
}

/* The CPU does one after another. */
static int
maps_at_once(const scene_tasks *scenes, int scene_count)
{
	int			maps = 0;

	for (int i = 0; i < scene_count; i++)
		maps += scenes[i].tasks[0]->uploaded->device->kind == RPM_DEVICE_CPU ? 1 : scenes[i].count;
	return maps;
}

static void *
scene_main(void *argument)
{
	run_scene(argument);
	return NULL;
}

static void
run_scene(scene_tasks *scene)
{
	scene->tasks[0]->uploaded->device->operations->trace(scene->tasks, scene->count, scene->control);
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

static void
trace_cpu(rpm_device_task **tasks, int count, rpm_control *control)
{
	for (int i = 0; i < count; i++)
		if (rpm_trace_map(tasks[i]->scene, tasks[i]->uploaded->query, tasks[i]->antenna, tasks[i]->grid, tasks[i]->options, control,
						  tasks[i]->map, &tasks[i]->status) != RPM_OK)
			return;
}

static rpm_code
paths_cpu(rpm_device_scene *uploaded, const rpm_scene *scene, const rpm_antenna *antenna, rpm_vec3 receiver, const rpm_trace_options *options,
		  rpm_control *control, rpm_path_list *paths, rpm_status *status)
{
	return rpm_trace_paths(scene, uploaded->query, antenna, receiver, options, control, paths, status);
}

static void
release_cpu(rpm_device_scene *uploaded)
{
	free(uploaded);
}
