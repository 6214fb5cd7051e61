/*
 * paths_launch.c: rays from both ends of a path: which facets each end sees, and which chains pass near the other end.
 *
 * The rays only propose chains; whether a path runs over one, and where, the image method decides.
 */
#include <stdlib.h>

#include "trace/paths.h"

/* A chain is proposed where a ray passes the other end nearer than this many distances between neighbouring rays, or RPM_NEAR_M. */
#define RPM_NEAR_SPACINGS 2.0
#define RPM_NEAR_M 3.0

#define RPM_GOLDEN_RATIO 1.6180339887498949

typedef struct launch_work
{
	rpm_paths_work *paths;
	int			end;			/* 0: from the transmitter */
	rpm_vec3	origin, other;
	double		spacing_rad;	/* between neighbouring rays */
	double		turn;			/* of the lattice, turns */
	rpm_chain_set *seen, *candidates;	/* one per thread */
} launch_work;

static rpm_code launch_from(launch_work *launch, rpm_status *status);
static void launch_range(void *context, int64_t begin, int64_t end, int thread);
static void walk(const launch_work *launch, rpm_vec3 direction, uint64_t choices, rpm_chain_set *seen, rpm_chain_set *candidates);
static bool passes_other_end(const launch_work *launch, rpm_vec3 position, rpm_vec3 direction, double reach_m, double travelled_m);
static bool next_surface(const rpm_paths_work *work, rpm_vec3 position, rpm_vec3 direction, int32_t last, double *t, int32_t *facet);
static void add_towards_receiver(rpm_chain_set *set, const int32_t *chain, int length, int end);
static uint64_t mix_bits(uint64_t x);

rpm_code
rpm_paths_launch(rpm_paths_work *work, rpm_status *status)
{
	launch_work launch;
	rpm_code	code = RPM_OK;

	launch.paths = work;
	launch.spacing_rad = sqrt(4 * RPM_PI / work->options->samples);
	launch.turn = (double) (mix_bits(work->options->seed) >> 11) * 0x1p-53;
	launch.seen = malloc(work->threads * sizeof(rpm_chain_set));
	launch.candidates = malloc(work->threads * sizeof(rpm_chain_set));
	if (launch.seen == NULL || launch.candidates == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for candidates of paths");
	for (launch.end = 0; launch.end < 2 && code == RPM_OK; launch.end++)
		code = launch_from(&launch, status);
	free(launch.seen);
	free(launch.candidates);
	return code;
}

static rpm_code
launch_from(launch_work *launch, rpm_status *status)
{
	rpm_paths_work *work = launch->paths;
	rpm_chain_set *seen = &work->seen[launch->end];
	rpm_code	code;

	launch->origin = launch->end == 0 ? work->transmitter : work->receiver;
	launch->other = launch->end == 0 ? work->receiver : work->transmitter;
	for (int i = 0; i < work->threads; i++)
	{
		rpm_chain_set_init(&launch->seen[i], work->budget);
		rpm_chain_set_init(&launch->candidates[i], work->budget);
	}
	code = rpm_parallel_for(work->control, work->options->samples, 1024, launch_range, launch, status);
	for (int i = 0; i < work->threads; i++)
	{
		rpm_chain_set_merge(seen, &launch->seen[i]);
		rpm_chain_set_merge(&work->candidates, &launch->candidates[i]);
		rpm_chain_set_free(&launch->seen[i]);
		rpm_chain_set_free(&launch->candidates[i]);
	}
	if (code == RPM_OK)
		code = rpm_chain_set_check(seen, work->control, status);
	if (code == RPM_OK)
		code = rpm_chain_set_check(&work->candidates, work->control, status);
	rpm_chain_set_sort(seen);
	return code;
}

/* Directions of a Fibonacci lattice: equal heights, turned by the golden ratio (area-preserving). */
static void
launch_range(void *context, int64_t begin, int64_t end, int thread)
{
	const launch_work *launch = context;
	double		count = (double) launch->paths->options->samples;
	rpm_chain_set *seen = &launch->seen[thread], *candidates = &launch->candidates[thread];

	for (int64_t i = begin; i < end; i++)
	{
		double		z = 1 - (2 * i + 1) / count;
		double		turns = i / RPM_GOLDEN_RATIO + launch->turn;
		double		azimuth = 2 * RPM_PI * (turns - floor(turns));
		double		level = sqrt(1 - z * z);

		walk(launch, rpm_vec(level * cos(azimuth), level * sin(azimuth), z), mix_bits(launch->paths->options->seed + i),
			 seen, candidates);
		if (seen->failed || candidates->failed)
			return;
	}
}

/* One ray: its reflections are a chain; with refraction each wall is reflected at or passed by one bit of choices. */
static void
walk(const launch_work *launch, rpm_vec3 direction, uint64_t choices, rpm_chain_set *seen, rpm_chain_set *candidates)
{
	const rpm_paths_work *work = launch->paths;
	bool		refraction = (work->options->mechanisms & RPM_REFRACTION) != 0;
	int32_t		chain[RPM_MAX_DEPTH], last = RPM_NO_FACET;
	int			length = 0;
	rpm_vec3	position = launch->origin;
	double		travelled = 0;

	for (int depth = 0;; depth++)
	{
		double		reach;
		bool		hit = next_surface(work, position, direction, last, &reach, &last);

		if (length > 0 && passes_other_end(launch, position, direction, reach, travelled))
			add_towards_receiver(candidates, chain, length, launch->end);
		if (!hit || depth == work->options->max_depth)
			return;
		travelled += reach;
		position = rpm_along(position, reach, direction);
		if (refraction && (choices >> depth & 1))
			continue;
		chain[length++] = last;
		if (length <= 2)
			rpm_chain_set_add(seen, chain, length);
		direction = rpm_along(direction, -2 * rpm_dot(direction, work->scene->facets[last].normal), work->scene->facets[last].normal);
	}
}

static bool
passes_other_end(const launch_work *launch, rpm_vec3 position, rpm_vec3 direction, double reach_m, double travelled_m)
{
	rpm_vec3	to_other = rpm_sub(launch->other, position);
	double		along = rpm_dot(to_other, direction), near_m;
	rpm_vec3	miss;

	along = along < 0 ? 0 : along > reach_m ? reach_m : along;
	miss = rpm_sub(to_other, rpm_scale(direction, along));
	near_m = RPM_NEAR_SPACINGS * launch->spacing_rad * (travelled_m + along);
	if (near_m < RPM_NEAR_M)
		near_m = RPM_NEAR_M;
	return rpm_dot(miss, miss) <= near_m * near_m;
}

/* The next surface off the facet that the ray leaves; *t is infinite where there is none. */
static bool
next_surface(const rpm_paths_work *work, rpm_vec3 position, rpm_vec3 direction, int32_t last, double *t, int32_t *facet)
{
	rpm_ray		ray;
	rpm_hit		hit;

	ray.origin[0] = (float) position.x;
	ray.origin[1] = (float) position.y;
	ray.origin[2] = (float) position.z;
	ray.direction[0] = (float) direction.x;
	ray.direction[1] = (float) direction.y;
	ray.direction[2] = (float) direction.z;
	ray.t_min = (float) RPM_ON_FACET_M;
	ray.t_max = INFINITY;
	while (rpm_query_intersect(work->query, &ray, &hit))
	{
		*facet = work->scene->triangles[hit.triangle].facet;
		if (*facet != last)
		{
			*t = hit.t;
			return true;
		}
		ray.t_min = nextafterf(hit.t > ray.t_min ? hit.t : ray.t_min, INFINITY);
	}
	*facet = last;
	*t = INFINITY;
	return false;
}

/* Candidates run from the transmitter: chains found from the receiver are turned round. */
static void
add_towards_receiver(rpm_chain_set *set, const int32_t *chain, int length, int end)
{
	int32_t		turned[RPM_MAX_DEPTH];

	for (int i = 0; i < length; i++)
		turned[i] = end == 0 ? chain[i] : chain[length - 1 - i];
	rpm_chain_set_add(set, turned, length);
}

/* A bijection of 64-bit numbers that looks random (splitmix64). */
static uint64_t
mix_bits(uint64_t x)
{
	x += 0x9E3779B97F4A7C15u;
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
	return x ^ (x >> 31);
}
