/*
 * test_device.c: the device layer over the module whose devices are loops on the CPU (kernels/host_runtime.h): what is found and what
 * is said where it cannot be used, scenes on a device, faults.
 *
 * RPM_TEST_MODULE is the module's file.  Each case runs in a process of its own: a module is opened once and a lost device stays lost.
 */
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "map_scene.h"
#include "rpm_device.h"
#include "unit.h"

static rpm_device_description found[RPM_DEVICES_MAX];
static struct timespec stopped_at;

/* Runs a case in a child process with the environment's RPM_HOST_CUDA and CUDA_VISIBLE_DEVICES; its checks count as one. */
static void
in_process(void (*test) (void), const char *options, const char *visible)
{
	pid_t		child;
	int			status = 1;

	fflush(stdout);
	child = fork();
	if (child == 0)
	{
		setenv("RPM_HOST_CUDA", options, 1);
		unsetenv("CUDA_VISIBLE_DEVICES");
		if (visible != NULL)
			setenv("CUDA_VISIBLE_DEVICES", visible, 1);
		test();
		fflush(stdout);
		_exit(unit_ok ? 0 : 1);
	}
	waitpid(child, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The first CUDA entry of rpm_devices_describe with this module. */
static const rpm_device_description *
first_cuda(const char *module, int *count)
{
	*count = rpm_devices_describe(module, true, found);
	CHECK(*count >= 2 && found[0].kind == RPM_DEVICE_CPU && found[0].state == RPM_DEVICE_USABLE && found[0].processors >= 1);
	CHECK(found[1].kind == RPM_DEVICE_CUDA);
	return &found[1];
}

static void
refused_with(const char *module, rpm_device_state state, const char *reason)
{
	int			count;
	const rpm_device_description *cuda = first_cuda(module, &count);
	rpm_device *device = NULL;
	rpm_status	status = {0};

	CHECK(count == 2 && cuda->state == (int) state);
	CHECK(strstr(cuda->reason, reason) != NULL && cuda->hint[0] != '\0');
	if (strstr(cuda->reason, reason) == NULL)
		printf("  %s\n", cuda->reason);
	CHECK(rpm_device_open(RPM_DEVICE_CUDA, 0, module, &device, &status) == RPM_UNSUPPORTED && device == NULL);
	CHECK(strstr(status.message, reason) != NULL && status.hint[0] != '\0');
}

static void missing_case(void) { refused_with("/nowhere/rpm_pg_cuda.so", RPM_DEVICE_NO_MODULE, "not installed"); }
static void not_a_module_case(void) { refused_with("/proc/self/exe", RPM_DEVICE_UNUSABLE, "cannot be loaded"); }
static void no_driver_case(void) { refused_with(RPM_TEST_MODULE, RPM_DEVICE_NO_DRIVER, "no driver"); }
static void old_driver_case(void) { refused_with(RPM_TEST_MODULE, RPM_DEVICE_UNUSABLE, "the driver knows CUDA 11.4, the module was built with 13.0"); }
static void invisible_case(void) { refused_with(RPM_TEST_MODULE, RPM_DEVICE_UNUSABLE, "CUDA_VISIBLE_DEVICES, \"7\""); }
static void too_old_case(void) { refused_with(RPM_TEST_MODULE, RPM_DEVICE_UNUSABLE, "compute capability 6.1 is below 7.5"); }

static void
two_devices_case(void)
{
	int			count;
	const rpm_device_description *cuda = first_cuda(RPM_TEST_MODULE, &count);
	rpm_device *device = NULL;
	rpm_status	status = {0};

	CHECK(count == 3 && cuda->state == RPM_DEVICE_USABLE && cuda->reason[0] == '\0' && found[2].number == 1);
	CHECK(strcmp(cuda->name, "host loop") == 0 && cuda->capability_major == 9 && cuda->memory_bytes == (size_t) 64 << 20);
	CHECK(cuda->free_bytes == cuda->memory_bytes && cuda->driver_version == 13000 && cuda->runtime_version == 13000);
	CHECK(rpm_device_open(RPM_DEVICE_CUDA, 2, RPM_TEST_MODULE, &device, &status) == RPM_UNSUPPORTED);
	rpm_status_clear(&status);
	CHECK(rpm_device_open(RPM_DEVICE_CUDA, 1, RPM_TEST_MODULE, &device, &status) == RPM_OK);
	CHECK(rpm_device_kind_of(device) == RPM_DEVICE_CUDA && rpm_device_number(device) == 1);
	rpm_device_close(device);
}

static void module_missing(void) { in_process(missing_case, "", NULL); }
static void file_is_no_module(void) { in_process(not_a_module_case, "", NULL); }
static void no_driver(void) { in_process(no_driver_case, "driver=0", NULL); }
static void driver_older_than_toolkit(void) { in_process(old_driver_case, "driver=11040", NULL); }
static void wrong_visible_devices(void) { in_process(invisible_case, "devices=2", "7"); }
static void device_too_old(void) { in_process(too_old_case, "capability=61", NULL); }
static void two_devices(void) { in_process(two_devices_case, "devices=2 memory_mb=64", NULL); }

/* A street of two boxes on flat ground, an antenna and a grid over it. */
typedef struct street
{
	map_scene	scene;
	rpm_antenna antenna;
	rpm_grid	grid;
	double		gain[24 * 24];
} street;

static bool
street_begin(street *s)
{
	map_scene_begin(&s->scene);
	s->scene.options.ground_material = 0;
	map_scene_box(&s->scene, 1, 0, rpm_vec(0, 20, 0), rpm_vec(60, 40, 15));
	map_scene_box(&s->scene, 2, 0, rpm_vec(0, -40, 0), rpm_vec(60, -20, 12));
	if (!map_scene_build(&s->scene, NULL))
		return false;
	s->antenna = map_antenna(&s->scene, RPM_PATTERN_ISOTROPIC, -20, 3, 10);
	s->grid = map_grid(&s->scene, -30, 50, 4, 24, 24, 1.5);
	return true;
}

static rpm_device *
open_device(int number)
{
	rpm_device *device = NULL;
	rpm_status	status = {0};

	CHECK(rpm_device_open(RPM_DEVICE_CUDA, number, RPM_TEST_MODULE, &device, &status) == RPM_OK);
	return device;
}

static size_t
free_memory(int number)
{
	rpm_devices_describe(RPM_TEST_MODULE, true, found);
	return found[1 + number].free_bytes;
}

/* The map through the layer is the engine's own, and nothing is left on the device. */
static void
traced_case(void)
{
	static street s;
	static double own[24 * 24];
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION, 1, 0);
	rpm_map		map = {s.gain, NULL, 0, 0};
	rpm_device *device = open_device(0);
	rpm_device_scene *uploaded = NULL;
	rpm_control control = {0};
	size_t		before = free_memory(0);
	double		worst = 0;

	options.launch_chains = true;
	CHECK(street_begin(&s) && map_run(&s.scene, &s.antenna, &s.grid, &options, 1, own, NULL));
	CHECK(rpm_device_upload(device, s.scene.scene, s.scene.query, 0, &control, &uploaded, &s.scene.status) == RPM_OK);
	CHECK(rpm_device_scene_bytes(uploaded) > 0 && free_memory(0) == before - rpm_device_scene_bytes(uploaded));
	CHECK(rpm_device_trace(uploaded, s.scene.scene, &s.antenna, &s.grid, &options, &control, &map, &s.scene.status) == RPM_OK);
	for (int i = 0; i < 24 * 24; i++)
		if (isnan(own[i]) || isnan(s.gain[i]))
			CHECK(isnan(own[i]) && isnan(s.gain[i]));
		else
			worst = fmax(worst, fabs(s.gain[i] - own[i]) / (own[i] + 1e-30));
	CHECK(worst < 1e-9);
	rpm_device_scene_free(uploaded);
	CHECK(free_memory(0) == before);
	rpm_device_close(device);
	map_scene_end(&s.scene);
}

static void
too_small_case(void)
{
	static street s;
	rpm_device *device = open_device(0);
	rpm_device_scene *uploaded = NULL;
	rpm_control control = {0};
	size_t		before = free_memory(0);

	CHECK(street_begin(&s));
	/* The device has room, but the caller allows a kilobyte only. */
	CHECK(rpm_device_upload(device, s.scene.scene, s.scene.query, 1024, &control, &uploaded, &s.scene.status) == RPM_LIMIT_EXCEEDED);
	CHECK(uploaded == NULL && strstr(s.scene.status.message, "on the device") != NULL && s.scene.status.hint[0] != '\0');
	CHECK(free_memory(0) == before);
	/* 16 MB are kept free for others. */
	setenv("RPM_HOST_CUDA", "memory_mb=16", 1);
	rpm_status_clear(&s.scene.status);
	CHECK(rpm_device_upload(device, s.scene.scene, s.scene.query, 0, &control, &uploaded, &s.scene.status) == RPM_LIMIT_EXCEEDED);
	setenv("RPM_HOST_CUDA", "memory_mb=64", 1);
	rpm_status_clear(&s.scene.status);
	CHECK(rpm_device_upload(device, s.scene.scene, s.scene.query, 0, &control, &uploaded, &s.scene.status) == RPM_OK);
	rpm_device_scene_free(uploaded);
	rpm_device_close(device);
	map_scene_end(&s.scene);
}

static void
lost_case(void)
{
	static street s;
	rpm_device *device = open_device(0), *again = NULL;
	rpm_device_scene *uploaded = NULL;
	rpm_control control = {0};

	CHECK(street_begin(&s));
	setenv("RPM_HOST_CUDA", "lost=1", 1);
	CHECK(rpm_device_upload(device, s.scene.scene, s.scene.query, 0, &control, &uploaded, &s.scene.status) == RPM_DEVICE_LOST);
	CHECK(uploaded == NULL && strstr(s.scene.status.message, "illegal memory access") != NULL && s.scene.status.hint[0] != '\0');
	/* And stays so, whatever the device says. */
	setenv("RPM_HOST_CUDA", "", 1);
	rpm_status_clear(&s.scene.status);
	CHECK(rpm_device_open(RPM_DEVICE_CUDA, 0, RPM_TEST_MODULE, &again, &s.scene.status) == RPM_DEVICE_LOST && again == NULL);
	CHECK(rpm_devices_describe(RPM_TEST_MODULE, true, found) == 2 && found[1].state == RPM_DEVICE_UNUSABLE);
	CHECK(strstr(found[1].reason, "it failed in this session") != NULL);
	rpm_device_close(device);
	map_scene_end(&s.scene);
}

static void
cancelled_case(void)
{
	static street s;
	rpm_device *device = open_device(0);
	rpm_device_scene *uploaded = NULL;
	rpm_control control = {.stop = 1};

	CHECK(street_begin(&s));
	CHECK(rpm_device_upload(device, s.scene.scene, s.scene.query, 0, &control, &uploaded, &s.scene.status) == RPM_CANCELLED);
	CHECK(uploaded == NULL);
	rpm_device_close(device);
	map_scene_end(&s.scene);
}

/* What the threads of a kernel need for themselves is asked for too. */
static void
stacks_case(void)
{
	static street s;
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT, 0, 0);
	rpm_map		map = {s.gain, NULL, 0, 0};
	rpm_device *device = open_device(0);
	rpm_device_scene *uploaded = NULL;
	rpm_control control = {0};
	size_t		before;

	CHECK(street_begin(&s));
	CHECK(rpm_device_upload(device, s.scene.scene, s.scene.query, 0, &control, &uploaded, &s.scene.status) == RPM_OK);
	before = free_memory(0);
	CHECK(rpm_device_trace(uploaded, s.scene.scene, &s.antenna, &s.grid, &options, &control, &map, &s.scene.status) == RPM_LIMIT_EXCEEDED);
	CHECK(strstr(s.scene.status.message, "the threads of") != NULL && s.scene.status.hint[0] != '\0');
	CHECK(free_memory(0) == before);
	setenv("RPM_HOST_CUDA", "memory_mb=64 stack=1024", 1);
	rpm_status_clear(&s.scene.status);
	CHECK(rpm_device_trace(uploaded, s.scene.scene, &s.antenna, &s.grid, &options, &control, &map, &s.scene.status) == RPM_OK);
	rpm_device_scene_free(uploaded);
	rpm_device_close(device);
	map_scene_end(&s.scene);
}

/* Six maps on two devices, three of them in the same launches of each. */
typedef struct many_maps
{
	rpm_device *devices[2];
	rpm_device_scene *uploaded[2];
	rpm_antenna antennas[6];
	double		gains[6][24 * 24];
	rpm_map		maps[6];
	rpm_device_task tasks[6];
} many_maps;

static void
many_begin(many_maps *m, street *s, const rpm_trace_options *options)
{
	rpm_control control = {0};

	CHECK(street_begin(s));
	for (int i = 0; i < 2; i++)
	{
		m->devices[i] = open_device(i);
		CHECK(rpm_device_upload(m->devices[i], s->scene.scene, s->scene.query, 0, &control, &m->uploaded[i], &s->scene.status) == RPM_OK);
	}
	for (int i = 0; i < 6; i++)
	{
		m->antennas[i] = map_antenna(&s->scene, RPM_PATTERN_ISOTROPIC, -20 + 5 * i, 3, 10);
		m->maps[i] = (rpm_map) {m->gains[i], NULL, 0, 0};
		m->tasks[i] = (rpm_device_task) {m->uploaded[i % 2], s->scene.scene, &m->antennas[i], &s->grid, options, &m->maps[i], {0}};
	}
}

static void
many_end(many_maps *m, street *s)
{
	for (int i = 0; i < 2; i++)
	{
		rpm_device_scene_free(m->uploaded[i]);
		rpm_device_close(m->devices[i]);
	}
	map_scene_end(&s->scene);
}

static void
spread_case(void)
{
	static street s;
	static many_maps m;
	static double own[24 * 24];
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION, 1, 0);
	rpm_control control = {0};
	size_t		before[2] = {free_memory(0), free_memory(1)};

	many_begin(&m, &s, &options);
	CHECK(rpm_device_trace_all(m.tasks, 6, &control, &s.scene.status) == RPM_OK);
	for (int k = 0; k < 6; k++)
	{
		double		worst = 0;

		CHECK(map_run(&s.scene, &m.antennas[k], &s.grid, &options, 1, own, NULL));
		for (int i = 0; i < 24 * 24; i++)
			if (!isnan(own[i]))
				worst = fmax(worst, fabs(m.gains[k][i] - own[i]) / (own[i] + 1e-30));
		CHECK(worst < 1e-9);
	}
	many_end(&m, &s);
	CHECK(free_memory(0) == before[0] && free_memory(1) == before[1]);
}

/* Lost between the launches of several maps: every one of them says so, and none waits for another. */
static void
lost_among_many_case(void)
{
	static street s;
	static many_maps m;
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_SCATTERING, 3, 100000);
	rpm_control control = {0};

	many_begin(&m, &s, &options);
	setenv("RPM_HOST_CUDA", "devices=2 lost_after=4", 1);
	CHECK(rpm_device_trace_all(m.tasks, 6, &control, &s.scene.status) == RPM_DEVICE_LOST);
	for (int i = 0; i < 6; i++)
		CHECK(m.tasks[i].status.code == RPM_DEVICE_LOST);
	many_end(&m, &s);
}

/* Asks to stop once rays are on their way, and notes the processor's time. */
static void *
stop_soon(void *argument)
{
	rpm_control *control = argument;
	struct timespec pause = {0, 2000000};

	while (__atomic_load_n(&control->done, __ATOMIC_RELAXED) < 20000)
		nanosleep(&pause, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &stopped_at);
	__atomic_store_n(&control->stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* In mid-trace, by the time of this process alone: a launch is cut to some milliseconds. */
static void
cancel_case(void)
{
	static street s;
	static many_maps m;
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION, 7, INT64_C(1000000000));
	rpm_control control = {.threads = 1};
	struct timespec now;
	pthread_t	thread;

	options.launch_chains = true;
	many_begin(&m, &s, &options);
	CHECK(pthread_create(&thread, NULL, stop_soon, &control) == 0);
	CHECK(rpm_device_trace_all(m.tasks, 6, &control, &s.scene.status) == RPM_CANCELLED);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	CHECK((double) (now.tv_sec - stopped_at.tv_sec) + 1e-9 * (double) (now.tv_nsec - stopped_at.tv_nsec) < (unit_quick() ? 2 : 0.2));
	pthread_join(thread, NULL);
	many_end(&m, &s);
}

static void traced_as_by_the_engine(void) { in_process(traced_case, "", NULL); }
static void memory_too_small(void) { in_process(too_small_case, "memory_mb=64", NULL); }
static void device_lost(void) { in_process(lost_case, "", NULL); }
static void stacks_too_large(void) { in_process(stacks_case, "memory_mb=64 stack=65536", NULL); }
static void maps_spread_over_two_devices(void) { in_process(spread_case, "devices=2", NULL); }
static void device_lost_among_many_maps(void) { in_process(lost_among_many_case, "devices=2", NULL); }
static void cancelled_in_mid_trace(void) { in_process(cancel_case, "devices=2", NULL); }
static void upload_cancelled(void) { in_process(cancelled_case, "", NULL); }

/* The CPU through the same interface. */
static void
cpu_as_a_device(void)
{
	static street s;
	static double own[24 * 24];
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT, 0, 0);
	rpm_map		map = {s.gain, NULL, 0, 0};
	rpm_device *device = NULL;
	rpm_device_scene *uploaded = NULL;
	rpm_status	status = {0};

	CHECK(street_begin(&s) && map_run(&s.scene, &s.antenna, &s.grid, &options, 1, own, NULL));
	CHECK(rpm_device_open(RPM_DEVICE_CPU, -1, NULL, &device, &status) == RPM_OK && rpm_device_kind_of(device) == RPM_DEVICE_CPU);
	CHECK(rpm_device_upload(device, s.scene.scene, s.scene.query, 0, NULL, &uploaded, &status) == RPM_OK);
	CHECK(rpm_device_scene_bytes(uploaded) == 0);
	CHECK(rpm_device_trace(uploaded, s.scene.scene, &s.antenna, &s.grid, &options, NULL, &map, &status) == RPM_OK);
	CHECK(memcmp(own, s.gain, sizeof(own)) == 0);
	rpm_device_scene_free(uploaded);
	rpm_device_close(device);
	map_scene_end(&s.scene);
}

int
main(void)
{
	RUN(module_missing);
	RUN(file_is_no_module);
	RUN(no_driver);
	RUN(driver_older_than_toolkit);
	RUN(wrong_visible_devices);
	RUN(device_too_old);
	RUN(two_devices);
	RUN(traced_as_by_the_engine);
	RUN(memory_too_small);
	RUN(device_lost);
	RUN(upload_cancelled);
	RUN(stacks_too_large);
	RUN(maps_spread_over_two_devices);
	RUN(device_lost_among_many_maps);
	RUN(cancelled_in_mid_trace);
	RUN(cpu_as_a_device);
	return unit_summary("device");
}
