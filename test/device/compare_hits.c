/*
 * compare_hits.c: the GPU module against the CPU provider, on a machine with a GPU (run.sh).
 *
 * compare_hits [rays [blocks]]: rays through a city of blocks x blocks boxes.  Prints a report for people, and one in JSON
 * when RPM_REPORT names a file.  Exit code 0: the same hits; 1: not; 77: no device.
 */
#include <stdio.h>

/* What a ray comes by in the hierarchy, for the roofline. */
static unsigned long long nodes_visited, triangles_visited;
#define RPM_BVH_VISIT(nodes, triangles) (nodes_visited += (nodes), triangles_visited += (triangles))

#include "../../kernels/rpm_cuda.h"
#include "clock.h"
#include "fail.h"
#include "scenes.h"

/* Of 1e6 rays at most so many may end on another triangle: those through an edge or a corner within rounding. */
#define MOST_DIFFERENT_PER_MILLION 10
#define REPEATS 5

typedef struct comparison
{
	rpm_cuda_device device;
	size_t		rays, triangles, hits;
	size_t		other_outcome;	/* a hit here, none there */
	size_t		other_distance; /* by more than 1e-5 of it */
	size_t		other_triangle; /* at the same distance: a shared edge */
	double		largest_difference; /* relative, of those that agree */
	double		build_s, cpu_s, call_s, kernel_s;
	double		device_build_s, built_kernel_s;	/* the hierarchy that the device builds, and rays through it */
	size_t		built_different;
	double		nodes_per_ray, triangles_per_ray, copy_bytes_per_s;
	int			threads;
} comparison;

typedef struct cpu_work
{
	const rpm_query *query;
	const rpm_ray *rays;
	rpm_hit    *hits;
} cpu_work;

static rpm_ray *make_rays(size_t count, int blocks);
static void cpu_rays(void *context, int64_t begin, int64_t end, int thread);
static void measure(comparison *c, int blocks);
static void measure_built(comparison *c, const rpm_scene *city, const rpm_ray *rays, const rpm_hit *gpu);
static void count_visits(comparison *c, const rpm_bvh *bvh, const rpm_ray *rays);
static double bytes_per_ray(const comparison *c);
static void compare(comparison *c, const rpm_hit *cpu, const rpm_hit *gpu);
static bool print_report(const comparison *c);
static void write_json(const comparison *c, bool passed, const char *path);

int
main(int argc, char **argv)
{
	comparison	c = {.rays = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000};
	rpm_status	status = {0};
	int			devices = 0;
	bool		passed;

	fail_on(rpm_cuda_device_count(&devices, &status), &status);
	if (devices == 0)
	{
		printf("no CUDA device was found: nothing compared\n");
		return 77;
	}
	fail_on(rpm_cuda_describe(0, true, &c.device, &status), &status);
	measure(&c, argc > 2 ? atoi(argv[2]) : 90);
	passed = print_report(&c);
	if (getenv("RPM_REPORT") != NULL)
		write_json(&c, passed, getenv("RPM_REPORT"));
	return passed ? 0 : 1;
}

static void
measure(comparison *c, int blocks)
{
	rpm_scene  *city = scenes_city(blocks, 40);
	rpm_ray    *rays = make_rays(c->rays, blocks);
	rpm_hit    *cpu = malloc((c->rays + 1) * sizeof(rpm_hit)), *gpu = malloc((c->rays + 1) * sizeof(rpm_hit));
	rpm_query  *query = NULL;
	rpm_cuda_scene *scene = NULL;
	rpm_control control = {0};
	rpm_status	status = {0};
	cpu_work	work;
	double		start = now_s();

	fail_on(rpm_query_create(city, RPM_QUERY_BVH, &control, &query, &status), &status);
	c->build_s = now_s() - start;
	c->triangles = city->triangle_count;
	c->threads = rpm_thread_count(&control);
	work = (cpu_work) {query, rays, cpu};
	start = now_s();
	fail_on(rpm_parallel_for(&control, (int64_t) c->rays, 4096, cpu_rays, &work, &status), &status);
	c->cpu_s = now_s() - start;
	fail_on(rpm_cuda_scene_create(0, rpm_query_bvh(query), NULL, 0, &scene, &status), &status);
	/* The first call warms up; the fastest of the others counts. */
	for (int i = 0; i <= REPEATS; i++)
	{
		double		kernel_s,
					call_s;

		start = now_s();
		fail_on(rpm_cuda_intersect(scene, rays, c->rays, gpu, &control, &kernel_s, &status), &status);
		call_s = now_s() - start;
		c->kernel_s = i <= 1 ? kernel_s : fmin(c->kernel_s, kernel_s);
		c->call_s = i <= 1 ? call_s : fmin(c->call_s, call_s);
	}
	compare(c, cpu, gpu);
	rpm_cuda_scene_free(scene);
	measure_built(c, city, rays, gpu);
	count_visits(c, rpm_query_bvh(query), rays);
	fail_on(rpm_cuda_copy_rate(0, &c->copy_bytes_per_s, &status), &status);
	rpm_query_free(query);
	free(cpu);
	free(gpu);
	free(rays);
	scenes_free(city);
}

/* The hierarchy built on the device, with its upload, and the same rays: the same hits as through the host's. */
static void
measure_built(comparison *c, const rpm_scene *city, const rpm_ray *rays, const rpm_hit *gpu)
{
	rpm_hit    *hits = malloc((c->rays + 1) * sizeof(rpm_hit));
	rpm_cuda_scene *scene = NULL;
	rpm_control control = {0};
	rpm_status	status = {0};

	for (int i = 0; i <= REPEATS; i++)
	{
		double		kernel_s,
					start = now_s();

		rpm_cuda_scene_free(scene);
		fail_on(rpm_cuda_scene_build(0, city, NULL, 0, &control, &scene, &status), &status);
		c->device_build_s = i <= 1 ? now_s() - start : fmin(c->device_build_s, now_s() - start);
		fail_on(rpm_cuda_intersect(scene, rays, c->rays, hits, &control, &kernel_s, &status), &status);
		c->built_kernel_s = i <= 1 ? kernel_s : fmin(c->built_kernel_s, kernel_s);
	}
	for (size_t i = 0; i < c->rays; i++)
		c->built_different += hits[i].t != gpu[i].t || hits[i].triangle != gpu[i].triangle;
	rpm_cuda_scene_free(scene);
	free(hits);
}

/* On the CPU, of some of the rays: the hierarchy and the order of its nodes are the device's. */
static void
count_visits(comparison *c, const rpm_bvh *bvh, const rpm_ray *rays)
{
	size_t		count = c->rays < 20000 ? c->rays : 20000;
	rpm_hit		hit;

	nodes_visited = triangles_visited = 0;
	for (size_t i = 0; i < count; i++)
		rpm_bvh_traverse(bvh, &rays[i], false, &hit);
	c->nodes_per_ray = (double) nodes_visited / (double) (count > 0 ? count : 1);
	c->triangles_per_ray = (double) triangles_visited / (double) (count > 0 ? count : 1);
}

/* Were nothing in a cache. */
static double
bytes_per_ray(const comparison *c)
{
	return sizeof(rpm_ray) + sizeof(rpm_hit) + c->nodes_per_ray * sizeof(rpm_bvh_node) + c->triangles_per_ray * sizeof(rpm_bvh_triangle);
}

static rpm_ray *
make_rays(size_t count, int blocks)
{
	scenes_random random = {41};
	rpm_ray    *rays = malloc((count + 1) * sizeof(rpm_ray));

	for (size_t i = 0; i < count; i++)
		rays[i] = scenes_random_ray(&random, rpm_vec(0, 0, 0), rpm_vec(blocks * SCENES_BLOCK_M, blocks * SCENES_BLOCK_M, 45));
	return rays;
}

static void
cpu_rays(void *context, int64_t begin, int64_t end, int thread)
{
	cpu_work   *work = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		work->hits[i].t = INFINITY;
		work->hits[i].triangle = RPM_CUDA_NO_TRIANGLE;
		rpm_query_intersect(work->query, &work->rays[i], &work->hits[i]);
	}
}

static void
compare(comparison *c, const rpm_hit *cpu, const rpm_hit *gpu)
{
	for (size_t i = 0; i < c->rays; i++)
	{
		double		difference = fabs((double) cpu[i].t - gpu[i].t) / fmax(1, cpu[i].t);

		c->hits += !isinf(cpu[i].t);
		if (isinf(cpu[i].t) || isinf(gpu[i].t))
			c->other_outcome += isinf(cpu[i].t) != isinf(gpu[i].t);
		else if (difference > 1e-5)
			c->other_distance++;
		else
		{
			c->other_triangle += cpu[i].triangle != gpu[i].triangle;
			c->largest_difference = fmax(c->largest_difference, difference);
		}
	}
}

static bool
print_report(const comparison *c)
{
	size_t		different = c->other_outcome + c->other_distance;
	bool		passed = c->hits > 0 && (double) different <= 1e-6 * MOST_DIFFERENT_PER_MILLION * (double) c->rays
		&& c->built_different == 0;

	printf("device                 %s, compute capability %d.%d, %d multiprocessors, %.1f GB\n", c->device.name,
		   c->device.capability_major, c->device.capability_minor, c->device.multiprocessor_count,
		   (double) c->device.memory_bytes / 1e9);
	printf("CUDA                   driver %d, runtime %d\n", c->device.driver_version, c->device.runtime_version);
	printf("scene                  %zu triangles, hierarchy built in %.3f s\n", c->triangles, c->build_s);
	printf("rays                   %zu, %zu hit\n", c->rays, c->hits);
	printf("other outcome          %zu\n", c->other_outcome);
	printf("other distance         %zu\n", c->other_distance);
	printf("other triangle at edge %zu\n", c->other_triangle);
	printf("largest difference     %.2e of the distance\n", c->largest_difference);
	printf("CPU, %2d threads        %.1f Mrays/s\n", c->threads, 1e-6 * (double) c->rays / c->cpu_s);
	printf("GPU, kernel            %.1f Mrays/s\n", 1e-6 * (double) c->rays / c->kernel_s);
	printf("GPU, with copies       %.1f Mrays/s\n", 1e-6 * (double) c->rays / c->call_s);
	printf("hierarchy by the GPU   built and brought over in %.4f s; rays through it %.1f Mrays/s; other hits %zu\n", c->device_build_s,
		   1e-6 * (double) c->rays / c->built_kernel_s, c->built_different);
	printf("a ray                  %.1f nodes, %.1f triangles, %.0f bytes\n", c->nodes_per_ray, c->triangles_per_ray, bytes_per_ray(c));
	printf("roofline               %.1f GB/s of these bytes, memory copies at %.1f GB/s: %s\n",
		   1e-9 * bytes_per_ray(c) * (double) c->rays / c->kernel_s, 1e-9 * c->copy_bytes_per_s,
		   bytes_per_ray(c) * (double) c->rays / c->kernel_s > 0.7 * c->copy_bytes_per_s ? "the memory, but for caches, is the limit"
		   : "the traversal is the limit");
	printf("%s\n", passed ? "passed" : "FAILED");
	return passed;
}

static void
write_json(const comparison *c, bool passed, const char *path)
{
	FILE	   *file = fopen(path, "w");

	if (file == NULL)
	{
		printf("cannot write %s\n", path);
		exit(1);
	}
	fprintf(file,
			"{\"device\": \"%s\", \"compute_capability\": \"%d.%d\", \"driver\": %d, \"runtime\": %d, \"triangles\": %zu, "
			"\"rays\": %zu, \"hits\": %zu, \"other_outcome\": %zu, \"other_distance\": %zu, \"other_triangle\": %zu, "
			"\"largest_relative_difference\": %.3e, \"build_s\": %.4f, \"cpu_threads\": %d, \"cpu_rays_per_s\": %.4e, "
			"\"gpu_kernel_rays_per_s\": %.4e, \"gpu_call_rays_per_s\": %.4e, \"gpu_build_s\": %.5f, \"gpu_built_kernel_rays_per_s\": %.4e, "
			"\"gpu_built_other_hits\": %zu, \"nodes_per_ray\": %.2f, \"triangles_per_ray\": %.2f, \"bytes_per_ray\": %.0f, "
			"\"copy_bytes_per_s\": %.4e, \"passed\": %s}\n",
			c->device.name, c->device.capability_major, c->device.capability_minor, c->device.driver_version,
			c->device.runtime_version, c->triangles, c->rays, c->hits, c->other_outcome, c->other_distance, c->other_triangle,
			c->largest_difference, c->build_s, c->threads, (double) c->rays / c->cpu_s, (double) c->rays / c->kernel_s,
			(double) c->rays / c->call_s, c->device_build_s, (double) c->rays / c->built_kernel_s, c->built_different, c->nodes_per_ray,
			c->triangles_per_ray, bytes_per_ray(c), c->copy_bytes_per_s, passed ? "true" : "false");
	fclose(file);
}
