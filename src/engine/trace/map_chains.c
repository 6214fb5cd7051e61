/*
 * map_chains.c: rays that find chains of mirrors, and the order in which these are filled into cells; see map_chains.h.
 */
#include "trace/map_chains.h"

#include <stdlib.h>
#include <string.h>

/* Batches of rays, each after the first with more rays to where the ones before have found chains that few rays run over. */
#define BATCHES 4
#define RAYS_PER_PIECE 256
#define FEW_RAYS 4
#define FLOOR_MAX_DB -130.0
/* This share of the rays is spread evenly over the sphere, the rest over the circle around the antenna that the grid reaches to. */
#define EVEN_SHARE 0.2

typedef struct chain_search
{
	rpm_chain_set set;
	rpm_chain_sight *found;			/* of each chain */
	size_t		capacity;
	bool		out_of_memory;
} chain_search;

typedef struct chains_task
{
	rpm_map_job *job;
	chain_search all, *searches;	/* of each thread, for one batch */
	rpm_chain_room *rooms;		/* of each thread */
	int			threads;
	rpm_map_directions directions;
	rpm_map_aim aim;
	double	   *rays;			/* bins: launched in all */
	double		floor_gain;
	double	   *gain, *before;	/* cells: with chains, and with certain ones alone */
	uint32_t   *order;			/* chains: certain ones, then shorter ones first */
	int64_t		bytes_left;
} chains_task;

static rpm_code task_create(rpm_map_job *job, chains_task *task, rpm_status *status);
static void task_free(chains_task *task);
static rpm_code run_batches(chains_task *task, rpm_status *status);
static rpm_code launch_batch(chains_task *task, int64_t rays, rpm_status *status);
static void launch_range(void *context, int64_t begin, int64_t end, int thread);
static rpm_code launch_on_device(chains_task *task, rpm_status *status);
static void note_one(void *context, const int32_t *facets, int length, const rpm_chain_sight *sight);
static void note(chain_search *search, const int32_t *facets, int length, const rpm_chain_sight *found);
static void learn(chains_task *task);
static rpm_code fill(chains_task *task, rpm_status *status);
static bool is_certain(const chains_task *task, uint32_t chain);
static int	compare_chains(const void *a, const void *b, void *context);

rpm_code
rpm_map_chains(rpm_map_job *job, rpm_status *status)
{
	chains_task task;
	rpm_code	code = task_create(job, &task, status);

	if (code == RPM_OK)
		code = run_batches(&task, status);
	if (code == RPM_OK)
		memcpy(job->gain, task.gain, job->cell_count * sizeof(double));
	task_free(&task);
	return code;
}

static rpm_code
task_create(rpm_map_job *job, chains_task *task, rpm_status *status)
{
	const rpm_trace_options *options = job->options;
	int			threads = rpm_thread_count(job->control);
	size_t		limit = job->control != NULL ? job->control->memory_limit_bytes : 0, bins;
	bool		created;
	rpm_code	code;

	*task = (chains_task) {.job = job, .threads = threads, .bytes_left = (int64_t) limit};
	code = rpm_reserve(job->control, job->cell_count * (3 * sizeof(double) + (size_t) threads * (sizeof(double) + 1)),
					   "the cells of chains of mirrors", status);
	if (code == RPM_OK)
		code = rpm_map_directions_create(options->samples / BATCHES, job->control, &task->directions, status);
	if (code == RPM_OK)
		code = rpm_map_directions_by_distance(job, EVEN_SHARE, 2, &task->directions, status);
	if (code != RPM_OK)
		return code;
	bins = (size_t) task->directions.side_z * (size_t) task->directions.side_azimuth;
	task->aim = (rpm_map_aim) {.directions = &task->directions, .seed = rpm_random_mix(options->seed)};
	task->floor_gain = pow(10, fmin(options->error_floor_db, FLOOR_MAX_DB) / 10);
	task->rays = calloc(bins, sizeof(double));
	task->gain = calloc(job->cell_count, sizeof(double));
	task->before = calloc(job->cell_count, sizeof(double));
	task->searches = calloc((size_t) threads, sizeof(chain_search));
	task->rooms = calloc((size_t) threads, sizeof(rpm_chain_room));
	created = task->rays && task->gain && task->before && task->searches && task->rooms;
	rpm_chain_set_init(&task->all.set, limit > 0 ? &task->bytes_left : NULL);
	for (int i = 0; i < threads && created; i++)
	{
		rpm_chain_set_init(&task->searches[i].set, limit > 0 ? &task->bytes_left : NULL);
		task->rooms[i].state = calloc(job->cell_count, 1);
		task->rooms[i].gain = calloc(job->cell_count, sizeof(double));
		created = task->rooms[i].state && task->rooms[i].gain;
	}
	if (!created)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for chains of mirrors into %zu cells", job->cell_count);
	return RPM_OK;
}

static void
task_free(chains_task *task)
{
	for (int i = 0; i < task->threads && task->searches != NULL; i++)
	{
		rpm_chain_set_free(&task->searches[i].set);
		free(task->searches[i].found);
	}
	for (int i = 0; i < task->threads && task->rooms != NULL; i++)
	{
		free(task->rooms[i].state);
		free(task->rooms[i].gain);
		free(task->rooms[i].met);
	}
	rpm_chain_set_free(&task->all.set);
	free(task->all.found);
	free(task->searches);
	free(task->rooms);
	free(task->rays);
	free(task->gain);
	free(task->before);
	free(task->order);
	rpm_map_directions_free(&task->directions);
}

/* Facets in sight are mirrors without any ray's say; then batch after batch, to the error that is asked for. */
static rpm_code
run_batches(chains_task *task, rpm_status *status)
{
	rpm_map_job *job = task->job;
	double		target_db = job->options->target_error_db;
	rpm_code	code = RPM_OK;

	for (size_t i = 0; i < job->visible.facet_count && !job->mirrors_at_points; i++)
		note(&task->all, &job->visible.facets[i], 1, &(rpm_chain_sight) {.rays = FEW_RAYS + 1});
	for (int i = 0; i < BATCHES && code == RPM_OK; i++)
	{
		int64_t		rays = job->chain_samples / BATCHES + (i < job->chain_samples % BATCHES);

		code = launch_batch(task, rays, status);
		/* For a target the error is judged after an eighth, a quarter and half of the rays: each time all chains are filled in anew. */
		if (code != RPM_OK || (i < BATCHES - 1 && (!(target_db > 0) || ((i + 1) & i) != 0)))
			continue;
		code = fill(task, status);
		if (job->chain_samples > 0)
			job->reached_error_db = rpm_map_error_db(job, task->gain, 0);
		if (code == RPM_OK && i < BATCHES - 1 && job->chain_samples > 0 && job->reached_error_db <= target_db)
			break;
	}
	return code;
}

static rpm_code
launch_batch(chains_task *task, int64_t rays, rpm_status *status)
{
	size_t		bins = (size_t) task->directions.side_z * (size_t) task->directions.side_azimuth;
	rpm_random	random;
	rpm_code	code;

	if (task->aim.batch > 0)
		learn(task);
	task->aim.batch++;
	task->aim.rays = rays;
	random = rpm_random_stream(task->aim.seed, task->aim.batch, UINT64_MAX);
	task->aim.shift = rpm_random_next(&random);
	for (size_t i = 0; i < bins; i++)
		task->rays[i] += (double) rays * task->directions.density[i];
	if (task->job->device != NULL)
		code = launch_on_device(task, status);
	else
		code = rpm_parallel_for(task->job->control, rays, RAYS_PER_PIECE, launch_range, task, status);
	for (int t = 0; t < task->threads; t++)
	{
		chain_search *search = &task->searches[t];

		for (size_t i = 0; i < search->set.count; i++)
		{
			int			length;
			const int32_t *facets = rpm_chain_at(&search->set, i, &length);

			note(&task->all, facets, length, &search->found[i]);
		}
		task->all.set.failed |= search->set.failed;
		task->all.set.out_of_memory |= search->set.out_of_memory || search->out_of_memory;
		rpm_chain_set_free(&search->set);
	}
	task->job->launched += rays;
	if (code == RPM_OK && task->all.out_of_memory)
		task->all.set.failed = task->all.set.out_of_memory = true;
	return code != RPM_OK ? code : rpm_chain_set_check(&task->all.set, task->job->control, status);
}

static void
launch_range(void *context, int64_t begin, int64_t end, int thread)
{
	const chains_task *task = context;
	rpm_chain_search search = {task->job, &task->aim, task->floor_gain};

	for (int64_t i = begin; i < end && !rpm_stopped(task->job->control); i++)
		rpm_chain_follow(&search, i, note_one, &task->searches[thread]);
	rpm_phase_add(task->job->control, end - begin);
}

/* The device counts the rays of each chain; in what order it has found them does not matter. */
static rpm_code
launch_on_device(chains_task *task, rpm_status *status)
{
	const rpm_map_job *job = task->job;
	rpm_chain_search search = {job, &task->aim, task->floor_gain};
	rpm_chain_finds finds = {.search = &search};
	rpm_code	code = job->device->search(job->device->context, job, &finds, status);

	for (size_t i = 0; i < finds.count && code == RPM_OK; i++)
		note(&task->searches[0], finds.chains[i].facets, finds.chains[i].length, &finds.chains[i].sight);
	free(finds.chains);
	return code;
}

static void
note_one(void *context, const int32_t *facets, int length, const rpm_chain_sight *sight)
{
	note(context, facets, length, sight);
}

static void
note(chain_search *search, const int32_t *facets, int length, const rpm_chain_sight *found)
{
	size_t		count = search->set.count, index;
	rpm_chain_sight *known;

	if (count == search->capacity)
	{
		size_t		capacity = count > 0 ? 2 * count : 1024;

		known = realloc(search->found, capacity * sizeof(rpm_chain_sight));
		search->out_of_memory |= known == NULL;
		if (known == NULL)
			return;
		search->found = known;
		search->capacity = capacity;
	}
	index = rpm_chain_set_add(&search->set, facets, length);
	if (index == SIZE_MAX)
		return;
	known = &search->found[index];
	if (index == count)
		*known = (rpm_chain_sight) {.bin = found->bin};
	known->rays += found->rays;
	known->worth = fmax(known->worth, found->worth);
	known->bin = found->bin < known->bin ? found->bin : known->bin;
}

/* More rays to where chains were found that few rays have found. */
static void
learn(chains_task *task)
{
	rpm_map_directions *directions = &task->directions;
	size_t		bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;

	memset(directions->score, 0, bins * sizeof(double));
	memcpy(directions->visits, task->rays, bins * sizeof(double));
	for (size_t i = 0; i < task->all.set.count; i++)
		if (task->all.found[i].rays <= FEW_RAYS)
			directions->score[task->all.found[i].bin] += task->all.found[i].worth;
	rpm_map_directions_learn(directions);
}

/* Adds what has been found so far, anew. */
static rpm_code
fill(chains_task *task, rpm_status *status)
{
	rpm_map_job *job = task->job;
	size_t		count = task->all.set.count;
	rpm_chain_target target = {job, &task->directions, task->rays, task->floor_gain, task->before, task->gain, task->all.set.bytes_left};
	rpm_chain_list list = {.set = &task->all.set, .count = count};

	free(task->order);
	task->order = malloc((count + 1) * sizeof(uint32_t));
	if (task->order == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the order of %zu chains of mirrors", count);
	for (size_t i = 0; i < count; i++)
		task->order[i] = (uint32_t) i;
	qsort_r(task->order, count, sizeof(uint32_t), compare_chains, task);
	list.order = task->order;
	while (list.certain_count < count && is_certain(task, task->order[list.certain_count]))
		list.certain_count++;
	memcpy(task->gain, job->gain, job->cell_count * sizeof(double));
	memset(job->chain_variance, 0, job->cell_count * sizeof(double));
	return rpm_map_chain_networks(&target, &list, task->rooms, job->chain_variance, status);
}

/* Whether the chain was not left to be found by rays. */
static bool
is_certain(const chains_task *task, uint32_t chain)
{
	int			length;
	const int32_t *facets = rpm_chain_at(&task->all.set, chain, &length);

	return length == 1 && task->job->visible.facet_seen[facets[0]];
}

/* Certain ones first, then shorter ones, then by their facets: the same for any number of threads. */
static int
compare_chains(const void *a, const void *b, void *context)
{
	const chains_task *task = context;
	bool		certain_a = is_certain(task, *(const uint32_t *) a), certain_b = is_certain(task, *(const uint32_t *) b);
	int			length_a, length_b;
	const int32_t *x = rpm_chain_at(&task->all.set, *(const uint32_t *) a, &length_a);
	const int32_t *y = rpm_chain_at(&task->all.set, *(const uint32_t *) b, &length_b);

	if (certain_a != certain_b)
		return certain_a ? -1 : 1;
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	for (int i = 0; i < length_a; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
