/*
 * bench_paths.c: the exact paths from one antenna in Munich to the receivers of test/data/munich_paths.csv, by the number of receivers,
 * the depth and the rays; two threads, the best of some calls on a warm scene.
 */
#include "clock.h"
#include "munich_scene.h"
#include "rpm_trace.h"

#define PATHS_FILE "test/data/munich_paths.csv"
#define RECEIVERS_MAX 1000
#define CALLS 5
#define THREADS 2
#define SEEDS 12

static rpm_scene *scene;
static rpm_query *query;
static rpm_vec3 receivers[RECEIVERS_MAX];
static size_t receiver_count;

/* Each receiver of the file once. */
static void
read_receivers(void)
{
	FILE	   *file = fopen(PATHS_FILE, "r");
	char		line[2000];
	double		x, y, z;
	int			id;
	bool		seen[RECEIVERS_MAX] = {false};

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*[^,],%d,%lf,%lf,%lf", &id, &x, &y, &z) == 4 && id >= 0 && id < RECEIVERS_MAX && !seen[id])
		{
			seen[id] = true;
			receivers[receiver_count++] = rpm_vec(x - scene->origin[0], y - scene->origin[1], z - scene->origin[2]);
		}
	if (file)
		fclose(file);
}

/* The best time of some calls; *paths: how many were found. */
static double
best_time_s(size_t count, int depth, int64_t samples, unsigned mechanisms, uint64_t seed, int calls, size_t *paths)
{
	rpm_antenna antenna = {.position = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]),
		.frequency_hz = MUNICH_FREQUENCY_HZ};
	rpm_control control = {.threads = THREADS};
	rpm_path_list *lists = calloc(count, sizeof(rpm_path_list));
	rpm_trace_options options;
	rpm_status	status = {0};
	double		best = INFINITY;

	rpm_trace_options_default(&options);
	options.mechanisms = mechanisms;
	options.max_depth = depth;
	options.samples = samples;
	options.seed = seed;
	for (int i = 0; i < calls; i++)
	{
		double		start = now_s();

		if (rpm_trace_paths_to(scene, query, &antenna, receivers, count, &options, &control, lists, &status) != RPM_OK)
			printf("%s\n", status.message);
		best = fmin(best, now_s() - start);
		*paths = 0;
		for (size_t j = 0; j < count; j++)
		{
			*paths += lists[j].count;
			rpm_path_list_free(&lists[j]);
		}
	}
	free(lists);
	return best;
}

static void
measure(size_t count, int depth, int64_t samples, unsigned mechanisms)
{
	size_t		paths;
	double		best = best_time_s(count, depth, samples, mechanisms, 1, CALLS, &paths);

	printf("%9zu %5d %8lld  %-11s %6zu %9.1f\n", count, depth, (long long) samples, mechanisms & RPM_DIFFRACTION ? "+ edges" : "reflection",
		   paths, 1000 * best);
}

/* How many paths are found, whatever the draw. */
static void
measure_seeds(int64_t samples)
{
	size_t		paths, sum = 0, lowest = SIZE_MAX;

	for (int seed = 0; seed < SEEDS; seed++)
	{
		best_time_s(receiver_count, 3, samples, RPM_LINE_OF_SIGHT | RPM_REFLECTION, (uint64_t) seed * 1000003 + 5, 1, &paths);
		sum += paths;
		lowest = paths < lowest ? paths : lowest;
	}
	printf("%lld rays, %d seeds: %.1f paths in the mean, %zu at least\n", (long long) samples, SEEDS, (double) sum / SEEDS, lowest);
}

int
main(void)
{
	const unsigned specular = RPM_LINE_OF_SIGHT | RPM_REFLECTION;
	rpm_status	status = {0};

	scene = munich_scene(RPM_WELD_ROW, NULL);
	if (scene == NULL || rpm_query_create(scene, RPM_QUERY_BEST, NULL, &query, &status) != RPM_OK)
		return 1;
	read_receivers();
	printf("receivers depth     rays  mechanisms   paths        ms\n");
	for (size_t count = 1; count < receiver_count; count *= 4)
		measure(count, 3, 50000, specular);
	for (int64_t samples = 12500; samples <= 800000; samples *= 2)
		measure(receiver_count, 3, samples, specular);
	for (int depth = 1; depth <= 10; depth++)
		measure(receiver_count, depth, 50000, specular);
	measure(receiver_count, 3, 50000, specular | RPM_DIFFRACTION);
	for (int64_t samples = 12500; samples <= 100000; samples *= 2)
		measure_seeds(samples);
	rpm_query_free(query);
	rpm_scene_free(scene);
	return 0;
}
