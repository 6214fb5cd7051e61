/*
 * paths.c: the exact paths between an antenna and a point, or many: candidates, solution, duplicates, order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpm_pattern.h"
#include "trace/paths.h"

/* Paths whose lengths differ by more cannot have all points within RPM_ON_FACET_M of each other: 2 mm a point at most, 30 points. */
#define RPM_DUPLICATE_LENGTH_M 0.06

/* Receivers and items (candidates, edges) that a thread takes at a time. */
#define GRAIN_RECEIVERS 1
#define GRAIN_ITEMS 1024

/* One call for many receivers. */
typedef struct receivers_work
{
	const rpm_paths_work *shared;
	const rpm_vec3 *receivers;
	rpm_path_list *results;
	bool		failed;
} receivers_work;

static void begin_work(rpm_paths_work *work, int64_t *bytes_left);
static rpm_code check_transmitter(const rpm_paths_work *work, rpm_status *status);
static rpm_code check_receiver(rpm_vec3 transmitter, rpm_vec3 receiver, const char *which, rpm_status *status);
static bool needs_trees(const rpm_trace_options *options);
static rpm_code one_receiver(rpm_paths_work *work, rpm_path_tree *trees, rpm_path_list *paths, rpm_status *status);
static void receiver_range(void *context, int64_t begin, int64_t end, int thread);
static int64_t item_count(const rpm_paths_work *work);
static void item_range(void *context, int64_t begin, int64_t end, int thread);
static bool solve_item(const rpm_paths_work *work, int64_t item, rpm_path *path);
static bool may_reflect(const rpm_paths_work *work, const rpm_facet *facet);
static int	tree_chain(const rpm_paths_work *work, int end, int32_t node, int32_t *facets);
static rpm_code memory_failure(const rpm_paths_work *work, rpm_status *status);
static rpm_code gather(const rpm_paths_work *work, rpm_path_list *paths, rpm_status *status);
static size_t drop_duplicates(rpm_path **order, size_t count);
static bool same_path(const rpm_path *a, const rpm_path *b);
static int	compare_length(const void *a, const void *b);
static int	compare_gain(const void *a, const void *b);
static int	compare_interactions(const rpm_path *a, const rpm_path *b);

rpm_code
rpm_trace_paths(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, rpm_vec3 receiver,
				const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status)
{
	return rpm_trace_paths_on(NULL, scene, query, antenna, receiver, options, control, paths, status);
}

rpm_code
rpm_trace_paths_on(const rpm_path_device *device, const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna,
				   rpm_vec3 receiver, const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status)
{
	rpm_paths_work work = {.scene = scene, .query = query, .device = device, .antenna = antenna, .options = options, .control = control,
		.transmitter = antenna->position, .receiver = receiver, .list_count = rpm_thread_count(control)};
	rpm_path_tree trees[2] = {{0}};
	int64_t		bytes_left;
	rpm_code	code;

	memset(paths, 0, sizeof(*paths));
	begin_work(&work, &bytes_left);
	code = check_transmitter(&work, status);
	if (code == RPM_OK)
		code = check_receiver(work.transmitter, receiver, "the receiver", status);
	if (code != RPM_OK)
		return code;
	work.lists = calloc(work.list_count, sizeof(rpm_path_list));
	if (work.lists == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for paths");
	code = one_receiver(&work, trees, paths, status);
	for (int i = 0; i < work.list_count; i++)
		free(work.lists[i].paths);
	free(work.lists);
	rpm_path_tree_free(&trees[0]);
	rpm_path_tree_free(&trees[1]);
	return code;
}

rpm_code
rpm_trace_paths_to(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, const rpm_vec3 *receivers, size_t count,
				   const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status)
{
	rpm_paths_work work = {.scene = scene, .query = query, .antenna = antenna, .options = options, .control = control,
		.transmitter = antenna->position, .list_count = 1};
	receivers_work all = {&work, receivers, paths, false};
	rpm_path_tree tree = {0};
	int64_t		bytes_left;
	rpm_code	code;

	memset(paths, 0, count * sizeof(*paths));
	begin_work(&work, &bytes_left);
	code = check_transmitter(&work, status);
	for (size_t i = 0; i < count && code == RPM_OK; i++)
	{
		char		which[40];

		snprintf(which, sizeof(which), "receiver %zu", i);
		code = check_receiver(work.transmitter, receivers[i], which, status);
	}
	if (code == RPM_OK)
		rpm_phase_begin(control, RPM_PHASE_TRACING, (int64_t) count);
	if (code == RPM_OK && needs_trees(options))
		code = rpm_path_tree_grow(&work, work.transmitter, &tree, status);
	work.trees[0] = tree.count > 0 ? &tree : NULL;
	if (code == RPM_OK)
		code = rpm_parallel_for(control, (int64_t) count, GRAIN_RECEIVERS, receiver_range, &all, status);
	if (code == RPM_OK && all.failed)
		code = memory_failure(&work, status);
	for (size_t i = 0; i < count && code != RPM_OK; i++)
		rpm_path_list_free(&paths[i]);
	rpm_path_tree_free(&tree);
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

static void
begin_work(rpm_paths_work *work, int64_t *bytes_left)
{
	if (work->control && work->control->memory_limit_bytes > 0)
	{
		*bytes_left = (int64_t) work->control->memory_limit_bytes;
		work->budget = bytes_left;
	}
}

static rpm_code
check_transmitter(const rpm_paths_work *work, rpm_status *status)
{
	const rpm_trace_options *options = work->options;
	rpm_vec3	a = work->transmitter;
	int32_t		building;

	if (options->max_depth < 0 || options->max_depth > RPM_MAX_DEPTH)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Paths are followed over 0 to 30 interactions.", "max_depth is %d", options->max_depth);
	if (options->samples < 1)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "At least one ray must be launched.", "samples is %lld", (long long) options->samples);
	if (!isfinite(a.x) || !isfinite(a.y) || !isfinite(a.z))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Both ends need finite coordinates.", "the antenna's place is not finite");
	if (!(work->antenna->frequency_hz > 0) || !isfinite(work->antenna->frequency_hz))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "the antenna's frequency is %g Hz", (double) work->antenna->frequency_hz);
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
check_receiver(rpm_vec3 transmitter, rpm_vec3 receiver, const char *which, rpm_status *status)
{
	if (!isfinite(receiver.x) || !isfinite(receiver.y) || !isfinite(receiver.z))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Both ends need finite coordinates.", "the place of %s is not finite", which);
	if (rpm_norm(rpm_sub(transmitter, receiver)) < RPM_DEGENERATE_M)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Move the receiver away from the antenna.", "%s is at the antenna", which);
	return RPM_OK;
}

/* One reflection needs no rays: every facet is tried. */
static bool
needs_trees(const rpm_trace_options *options)
{
	return (options->mechanisms & RPM_REFLECTION) && options->max_depth > 1;
}

/* Trees from both ends: what one end sees badly the other one may see well, and the ends can be swapped. */
static rpm_code
one_receiver(rpm_paths_work *work, rpm_path_tree *trees, rpm_path_list *paths, rpm_status *status)
{
	rpm_code	code = RPM_OK;

	rpm_phase_begin(work->control, RPM_PHASE_TRACING, 0);
	for (int end = 0; end < 2 && code == RPM_OK && needs_trees(work->options); end++)
	{
		code = rpm_path_tree_grow(work, end == 0 ? work->transmitter : work->receiver, &trees[end], status);
		work->trees[end] = &trees[end];
	}
	if (code == RPM_OK)
		code = rpm_parallel_for(work->control, item_count(work), GRAIN_ITEMS, item_range, work, status);
	if (code == RPM_OK && work->failed)
		code = memory_failure(work, status);
	return code == RPM_OK ? gather(work, paths, status) : code;
}

static void
receiver_range(void *context, int64_t begin, int64_t end, int thread)
{
	receivers_work *all = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		rpm_paths_work work = *all->shared;
		rpm_path_list list = {0};
		rpm_status	status;
		int64_t		items = item_count(&work);

		rpm_status_clear(&status);
		work.receiver = all->receivers[i];
		work.lists = &list;
		for (int64_t item = 0; item < items && !work.failed && !rpm_stopped(work.control); item += GRAIN_ITEMS)
			item_range(&work, item, item + GRAIN_ITEMS < items ? item + GRAIN_ITEMS : items, 0);
		if (work.failed || gather(&work, &all->results[i], &status) != RPM_OK)
			__atomic_store_n(&all->failed, true, __ATOMIC_RELAXED);
		free(list.paths);
		if (work.budget)
			__atomic_add_fetch(work.budget, (int64_t) ((list.capacity - list.count) * sizeof(rpm_path)), __ATOMIC_RELAXED);
		rpm_phase_add(work.control, 1);
	}
}

/* The straight line, every facet alone, the chains of the trees, the edges. */
static int64_t
item_count(const rpm_paths_work *work)
{
	bool		reflection = (work->options->mechanisms & RPM_REFLECTION) && work->options->max_depth > 0;
	bool		diffraction = (work->options->mechanisms & RPM_DIFFRACTION) && work->options->max_depth > 0;

	return 1 + (int64_t) (reflection ? work->scene->facet_count : 0) + (int64_t) (work->trees[0] ? work->trees[0]->count : 0)
		+ (int64_t) (work->trees[1] ? work->trees[1]->count : 0) + (int64_t) (diffraction ? work->scene->wedge_count : 0);
}

static void
item_range(void *context, int64_t begin, int64_t end, int thread)
{
	rpm_paths_work *work = context;
	rpm_path	path;

	for (int64_t i = begin; i < end; i++)
		if (solve_item(work, i, &path) && !rpm_paths_append(work, &work->lists[thread], &path))
			return;
}

static bool
solve_item(const rpm_paths_work *work, int64_t item, rpm_path *path)
{
	int32_t		facets[RPM_MAX_DEPTH];
	int64_t		count = (work->options->mechanisms & RPM_REFLECTION) && work->options->max_depth > 0 ? work->scene->facet_count : 0;
	int			length;

	if (item-- == 0)
		return rpm_paths_solve_chain(work, NULL, 0, path);
	facets[0] = (int32_t) item;
	if (item < count)
		return may_reflect(work, &work->scene->facets[item]) && rpm_paths_solve_chain(work, facets, 1, path);
	item -= count;
	for (int end = 0; end < 2; end++)
	{
		count = work->trees[end] ? (int64_t) work->trees[end]->count : 0;
		if (item < count)
		{
			length = tree_chain(work, end, (int32_t) item, facets);
			return length > 0 && rpm_paths_solve_chain(work, facets, length, path);
		}
		item -= count;
	}
	return rpm_paths_solve_wedge(work, (size_t) item, path);
}

static bool
may_reflect(const rpm_paths_work *work, const rpm_facet *facet)
{
	rpm_vec3	point;

	return rpm_facet_plane_point(facet, work->receiver, rpm_mirror(work->transmitter, facet), &point) && rpm_point_in_facet_box(facet, point);
}

/* From the transmitter; 0 where there can be no path, and for a single facet, which is tried anyhow. */
static int
tree_chain(const rpm_paths_work *work, int end, int32_t node, int32_t *facets)
{
	const rpm_path_tree *tree = work->trees[end];
	int			length;

	if (tree->nodes[node].parent <= 0)
		return 0;
	length = rpm_path_tree_chain(tree, node, end == 0 ? work->receiver : work->transmitter, facets);
	for (int i = 0; i < length / 2 && end == 0; i++)
	{
		int32_t		facet = facets[i];

		facets[i] = facets[length - 1 - i];
		facets[length - 1 - i] = facet;
	}
	return length;
}

static rpm_code
memory_failure(const rpm_paths_work *work, rpm_status *status)
{
	if (work->budget && *work->budget < 0)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Ask for a smaller depth or allow more memory.",
						"the paths need more than the allowed %zu MB", work->control->memory_limit_bytes >> 20);
	return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for paths");
}

/* The threads' lists as one, each path once, strongest first. */
static rpm_code
gather(const rpm_paths_work *work, rpm_path_list *paths, rpm_status *status)
{
	size_t		count = 0;
	rpm_path  **order;

	for (int i = 0; i < work->list_count; i++)
		count += work->lists[i].count;
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
	for (int i = 0; i < work->list_count; i++)
		for (size_t j = 0; j < work->lists[i].count; j++)
			order[count++] = &work->lists[i].paths[j];
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
