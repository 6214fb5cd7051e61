/*
 * paths_combine.c: candidate chains of orders 1 to 3 without luck: every facet, and what one end sees with what the other sees.
 *
 * A path of order 2 runs over a facet seen from each end; one of order 3 over a pair reached from one end and a facet seen from the
 * other.  So a chain is found once rays have hit its facets, however narrow the tube of the path itself.
 */
#include <stdlib.h>

#include "trace/paths.h"

/* Pairings beyond this many are left to the rays: a bound on time, about one core-second. */
#define RPM_COMBINE_LIMIT 100000000

typedef struct combine_work
{
	rpm_paths_work *paths;
	int			end;			/* the prefixes were reached from this end */
	const rpm_chain_set *prefixes;
	size_t		first_prefix;
	const int32_t *last_facets;	/* seen from the other end */
	size_t		last_count;
	rpm_vec3	origin, target;
	rpm_chain_set *candidates;	/* one per thread */
} combine_work;

static rpm_code every_facet(combine_work *combine, rpm_status *status);
static rpm_code pair_up(combine_work *combine, int prefix_length, rpm_status *status);
static rpm_code collect(combine_work *combine, rpm_code code, rpm_status *status);
static void facet_range(void *context, int64_t begin, int64_t end, int thread);
static void prefix_range(void *context, int64_t begin, int64_t end, int thread);
static void chains_of_length(const rpm_chain_set *set, int length, size_t *first, size_t *count);

rpm_code
rpm_paths_combine(rpm_paths_work *work, rpm_status *status)
{
	int			depth = work->options->max_depth;
	combine_work combine = {.paths = work};
	rpm_code	code;

	combine.candidates = malloc(work->threads * sizeof(rpm_chain_set));
	if (combine.candidates == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for candidates of paths");
	for (int i = 0; i < work->threads; i++)
		rpm_chain_set_init(&combine.candidates[i], work->budget);
	code = every_facet(&combine, status);
	if (code == RPM_OK && depth >= 2)
		code = pair_up(&combine, 1, status);
	for (combine.end = 0; combine.end < 2 && depth >= 3 && code == RPM_OK; combine.end++)
		code = pair_up(&combine, 2, status);
	free(combine.candidates);
	return code;
}

static rpm_code
every_facet(combine_work *combine, rpm_status *status)
{
	rpm_paths_work *work = combine->paths;

	return collect(combine, rpm_parallel_for(work->control, (int64_t) work->scene->facet_count, 1024, facet_range, combine, status), status);
}

/* Prefixes reached from combine->end with the facets seen from the other end. */
static rpm_code
pair_up(combine_work *combine, int prefix_length, rpm_status *status)
{
	rpm_paths_work *work = combine->paths;
	const rpm_chain_set *others = &work->seen[1 - combine->end];
	size_t		first, count, prefix_count;
	int32_t    *last_facets;
	rpm_code	code;

	combine->prefixes = &work->seen[combine->end];
	combine->origin = combine->end == 0 ? work->transmitter : work->receiver;
	combine->target = combine->end == 0 ? work->receiver : work->transmitter;
	chains_of_length(combine->prefixes, prefix_length, &combine->first_prefix, &prefix_count);
	chains_of_length(others, 1, &first, &count);
	if (prefix_count == 0 || count == 0 || count > RPM_COMBINE_LIMIT / prefix_count)
		return RPM_OK;
	last_facets = malloc(count * sizeof(int32_t));
	if (last_facets == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for candidates of paths");
	for (size_t i = 0; i < count; i++)
	{
		int			length;

		last_facets[i] = *rpm_chain_at(others, first + i, &length);
	}
	combine->last_facets = last_facets;
	combine->last_count = count;
	code = rpm_parallel_for(work->control, (int64_t) prefix_count, 16, prefix_range, combine, status);
	free(last_facets);
	return collect(combine, code, status);
}

/* Moves what the threads found into the candidates. */
static rpm_code
collect(combine_work *combine, rpm_code code, rpm_status *status)
{
	rpm_paths_work *work = combine->paths;

	for (int i = 0; i < work->threads; i++)
	{
		rpm_chain_set_merge(&work->candidates, &combine->candidates[i]);
		rpm_chain_set_free(&combine->candidates[i]);
	}
	return code == RPM_OK ? rpm_chain_set_check(&work->candidates, work->control, status) : code;
}

static void
facet_range(void *context, int64_t begin, int64_t end, int thread)
{
	const combine_work *combine = context;
	const rpm_paths_work *work = combine->paths;
	rpm_vec3	point;

	for (int64_t i = begin; i < end; i++)
	{
		int32_t		facet = (int32_t) i;

		if (rpm_paths_image_points(work->scene, work->transmitter, work->receiver, &facet, 1, &point))
			rpm_chain_set_add(&combine->candidates[thread], &facet, 1);
	}
}

static void
prefix_range(void *context, int64_t begin, int64_t end, int thread)
{
	const combine_work *combine = context;
	const rpm_paths_work *work = combine->paths;
	const rpm_facet *facets = work->scene->facets;

	for (int64_t i = begin; i < end; i++)
	{
		int			length;
		const int32_t *prefix = rpm_chain_at(combine->prefixes, combine->first_prefix + i, &length);
		rpm_vec3	image = combine->origin, point, points[3];

		for (int k = 0; k < length; k++)
			image = rpm_mirror(image, &facets[prefix[k]]);
		for (size_t j = 0; j < combine->last_count; j++)
		{
			int32_t		last = combine->last_facets[j], chain[3];

			if (last == prefix[length - 1]
				|| !rpm_facet_plane_point(&facets[last], combine->target, rpm_mirror(image, &facets[last]), &point)
				|| !rpm_point_in_facet_box(&facets[last], point))
				continue;
			for (int k = 0; k < length; k++)
				chain[combine->end == 0 ? k : length - k] = prefix[k];
			chain[combine->end == 0 ? length : 0] = last;
			if (rpm_paths_image_points(work->scene, work->transmitter, work->receiver, chain, length + 1, points))
				rpm_chain_set_add(&combine->candidates[thread], chain, length + 1);
		}
		if (rpm_stopped(work->control))
			return;
	}
}

/* In a sorted set. */
static void
chains_of_length(const rpm_chain_set *set, int length, size_t *first, size_t *count)
{
	*first = *count = 0;
	for (size_t i = 0; i < set->count; i++)
	{
		int			other;

		rpm_chain_at(set, i, &other);
		if (other < length)
			(*first)++;
		else if (other == length)
			(*count)++;
	}
}
