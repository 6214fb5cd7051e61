/*
 * paths.c: the exact paths between an antenna and a point: candidates, solution, duplicates, order.
 */
#include <stdlib.h>
#include <string.h>

#include "rpm_pattern.h"
#include "trace/paths.h"

/* Paths whose lengths differ by more cannot have all points within RPM_ON_FACET_M of each other: 2 mm a point at most, 30 points. */
#define RPM_DUPLICATE_LENGTH_M 0.06

static rpm_code check_arguments(const rpm_paths_work *work, rpm_status *status);
static rpm_code find_candidates(rpm_paths_work *work, rpm_status *status);
static rpm_code solve_all(rpm_paths_work *work, rpm_status *status);
static void chain_range(void *context, int64_t begin, int64_t end, int thread);
static void wedge_range(void *context, int64_t begin, int64_t end, int thread);
static rpm_code gather(rpm_paths_work *work, rpm_path_list *paths, rpm_status *status);
static size_t drop_duplicates(rpm_path **order, size_t count);
static bool same_path(const rpm_path *a, const rpm_path *b);
static int	compare_length(const void *a, const void *b);
static int	compare_gain(const void *a, const void *b);
static int	compare_interactions(const rpm_path *a, const rpm_path *b);

rpm_code
rpm_trace_paths(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, rpm_vec3 receiver,
				const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status)
{
	rpm_paths_work work = {.scene = scene, .query = query, .antenna = antenna, .options = options, .control = control};
	rpm_code	code;

	memset(paths, 0, sizeof(*paths));
	work.transmitter = antenna->position;
	work.receiver = receiver;
	work.threads = rpm_thread_count(control);
	if (control && control->memory_limit_bytes > 0)
	{
		work.bytes_left = (int64_t) control->memory_limit_bytes;
		work.budget = &work.bytes_left;
	}
	rpm_chain_set_init(&work.seen[0], work.budget);
	rpm_chain_set_init(&work.seen[1], work.budget);
	rpm_chain_set_init(&work.candidates, work.budget);
	work.thread_paths = calloc(work.threads, sizeof(rpm_path_list));
	if (work.thread_paths == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for paths");

	code = check_arguments(&work, status);
	if (code == RPM_OK)
		code = find_candidates(&work, status);
	if (code == RPM_OK)
		code = solve_all(&work, status);
	if (code == RPM_OK)
		code = gather(&work, paths, status);
	for (int i = 0; i < work.threads; i++)
		free(work.thread_paths[i].paths);
	free(work.thread_paths);
	rpm_chain_set_free(&work.seen[0]);
	rpm_chain_set_free(&work.seen[1]);
	rpm_chain_set_free(&work.candidates);
	return code;
}

void
rpm_path_list_free(rpm_path_list *paths)
{
	free(paths->paths);
	memset(paths, 0, sizeof(*paths));
}

/* The receive antenna looks back along the ray, with the transmitter's convention of slant, so that ends can be swapped. */
double
rpm_path_gain(const rpm_path *path, double slant_rad)
{
	rpm_vec3	p = rpm_polarisation(rpm_scale(path->arrival, -1), slant_rad);

	return rpm_cx_norm2(rpm_cvec_dot(path->field, p));
}

double
rpm_path_total_gain(const rpm_path *path)
{
	return rpm_cvec_norm2(path->field);
}

bool
rpm_paths_append(rpm_paths_work *work, rpm_path_list *list, const rpm_path *path)
{
	if (list->count == list->capacity)
	{
		size_t		grown = list->capacity ? list->capacity * 2 : 16;
		int64_t		bytes = (int64_t) ((grown - list->capacity) * sizeof(rpm_path));
		rpm_path   *moved = NULL;

		if (work->budget == NULL || __atomic_sub_fetch(work->budget, bytes, __ATOMIC_RELAXED) >= 0)
			moved = realloc(list->paths, grown * sizeof(rpm_path));
		if (moved == NULL)
		{
			__atomic_store_n(&work->failed, true, __ATOMIC_RELAXED);
			return false;
		}
		list->paths = moved;
		list->capacity = grown;
	}
	list->paths[list->count++] = *path;
	return true;
}

static rpm_code
check_arguments(const rpm_paths_work *work, rpm_status *status)
{
	const rpm_trace_options *options = work->options;
	rpm_vec3	a = work->transmitter, r = work->receiver;
	int32_t		building;

	if (options->max_depth < 0 || options->max_depth > RPM_MAX_DEPTH)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Paths are followed over 0 to 30 interactions.", "max_depth is %d", options->max_depth);
	if (options->samples < 1)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "At least one ray must be launched.", "samples is %lld", (long long) options->samples);
	if (!isfinite(a.x) || !isfinite(a.y) || !isfinite(a.z) || !isfinite(r.x) || !isfinite(r.y) || !isfinite(r.z))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Both ends need finite coordinates.", "an end of the path is not finite");
	if (!(work->antenna->frequency_hz > 0) || !isfinite(work->antenna->frequency_hz))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "the antenna's frequency is %g Hz", (double) work->antenna->frequency_hz);
	if (rpm_norm(rpm_sub(a, r)) < RPM_DEGENERATE_M)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Move the receiver away from the antenna.", "the receiver is at the antenna");
	if (work->scene->flat_ground && a.z <= work->scene->ground_z_m)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Antennas stand above the ground.", "the antenna is %.3f m below the ground",
						work->scene->ground_z_m - a.z);
	building = rpm_building_at(work->scene, work->query, a);
	if (building != RPM_NO_BUILDING)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Raise the antenna above the roof or move it outside.",
						"the antenna is inside building %lld", (long long) work->scene->buildings[building].id);
	return RPM_OK;
}

static rpm_code
find_candidates(rpm_paths_work *work, rpm_status *status)
{
	rpm_code	code;

	if ((work->options->mechanisms & RPM_REFLECTION) == 0 || work->options->max_depth == 0)
		return RPM_OK;
	rpm_phase_begin(work->control, RPM_PHASE_TRACING, 0);
	code = work->options->max_depth > 1 ? rpm_paths_launch(work, status) : RPM_OK;
	if (code == RPM_OK)
		code = rpm_paths_combine(work, status);
	rpm_chain_set_sort(&work->candidates);
	return code;
}

static rpm_code
solve_all(rpm_paths_work *work, rpm_status *status)
{
	rpm_code	code;

	code = rpm_parallel_for(work->control, (int64_t) work->candidates.count + 1, 64, chain_range, work, status);
	if (code == RPM_OK && (work->options->mechanisms & RPM_DIFFRACTION) && work->options->max_depth > 0)
		code = rpm_parallel_for(work->control, (int64_t) work->scene->wedge_count, 256, wedge_range, work, status);
	if (code != RPM_OK || !work->failed)
		return code;
	if (work->budget && work->bytes_left < 0)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Ask for a smaller depth or allow more memory.",
						"the paths need more than the allowed %zu MB", work->control->memory_limit_bytes >> 20);
	return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for paths");
}

/* Item 0 is the straight line. */
static void
chain_range(void *context, int64_t begin, int64_t end, int thread)
{
	rpm_paths_work *work = context;
	rpm_path	path;

	for (int64_t i = begin; i < end; i++)
	{
		int			length = 0;
		const int32_t *facets = i > 0 ? rpm_chain_at(&work->candidates, i - 1, &length) : NULL;

		if (rpm_paths_solve_chain(work, facets, length, &path) && !rpm_paths_append(work, &work->thread_paths[thread], &path))
			return;
	}
}

static void
wedge_range(void *context, int64_t begin, int64_t end, int thread)
{
	rpm_paths_work *work = context;
	rpm_path	path;

	for (int64_t i = begin; i < end; i++)
		if (rpm_paths_solve_wedge(work, i, &path) && !rpm_paths_append(work, &work->thread_paths[thread], &path))
			return;
}

/* The threads' lists as one, each path once, strongest first. */
static rpm_code
gather(rpm_paths_work *work, rpm_path_list *paths, rpm_status *status)
{
	size_t		count = 0;
	rpm_path  **order;

	for (int i = 0; i < work->threads; i++)
		count += work->thread_paths[i].count;
	if (count == 0)
		return RPM_OK;
	order = malloc(count * sizeof(*order));
	paths->paths = malloc(count * sizeof(rpm_path));
	if (order == NULL || paths->paths == NULL)
	{
		free(order);
		rpm_path_list_free(paths);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for paths");
	}
	paths->capacity = count;
	count = 0;
	for (int i = 0; i < work->threads; i++)
		for (size_t j = 0; j < work->thread_paths[i].count; j++)
			order[count++] = &work->thread_paths[i].paths[j];
	count = drop_duplicates(order, count);
	qsort(order, count, sizeof(*order), compare_gain);
	for (size_t i = 0; i < count; i++)
		paths->paths[i] = *order[i];
	paths->count = count;
	free(order);
	return RPM_OK;
}

/*
 * One path may be found over two coincident facets, or at the seam of two coplanar ones; the one over the lower indices stays.
 * Returns how many are left.
 */
static size_t
drop_duplicates(rpm_path **order, size_t count)
{
	size_t		kept = 0;

	qsort(order, count, sizeof(*order), compare_length);
	for (size_t i = 0; i < count; i++)
	{
		bool		duplicate = false;

		for (size_t j = kept; j-- > 0 && !duplicate && order[i]->length_m - order[j]->length_m <= RPM_DUPLICATE_LENGTH_M;)
			if (same_path(order[i], order[j]))
			{
				duplicate = true;
				if (compare_interactions(order[i], order[j]) < 0)
					order[j] = order[i];
			}
		if (!duplicate)
			order[kept++] = order[i];
	}
	return kept;
}

static bool
same_path(const rpm_path *a, const rpm_path *b)
{
	if (a->interaction_count != b->interaction_count)
		return false;
	for (int i = 0; i < a->interaction_count; i++)
		if (a->interactions[i].kind != b->interactions[i].kind
			|| rpm_norm(rpm_sub(a->interactions[i].point, b->interactions[i].point)) > RPM_ON_FACET_M)
			return false;
	return true;
}

static int
compare_length(const void *a, const void *b)
{
	const rpm_path *x = *(rpm_path *const *) a, *y = *(rpm_path *const *) b;

	if (x->length_m != y->length_m)
		return x->length_m < y->length_m ? -1 : 1;
	return compare_interactions(x, y);
}

static int
compare_gain(const void *a, const void *b)
{
	const rpm_path *x = *(rpm_path *const *) a, *y = *(rpm_path *const *) b;
	double		gain_x = rpm_path_total_gain(x), gain_y = rpm_path_total_gain(y);

	if (gain_x != gain_y)
		return gain_x > gain_y ? -1 : 1;
	return compare_interactions(x, y);
}

static int
compare_interactions(const rpm_path *a, const rpm_path *b)
{
	if (a->interaction_count != b->interaction_count)
		return a->interaction_count < b->interaction_count ? -1 : 1;
	for (int i = 0; i < a->interaction_count; i++)
	{
		const rpm_interaction *x = &a->interactions[i], *y = &b->interactions[i];

		if (x->kind != y->kind)
			return x->kind < y->kind ? -1 : 1;
		if (x->facet != y->facet)
			return x->facet < y->facet ? -1 : 1;
		if (x->wedge != y->wedge)
			return x->wedge < y->wedge ? -1 : 1;
	}
	return 0;
}
