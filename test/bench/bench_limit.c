/*
 * bench_limit.c: what a map of Munich takes at least: the chains of mirrors given for free, and one shadow ray for each cell; noise.sh runs it.
 *
 * Usage: bench_limit munich.csv FOLDER [RAYS]
 *   FOLDER as for bench_noise; RAYS (default 2e7) find the chains, which is not timed.  Then all that light something, each once and as what is
 *   certain, are looked at again: processor seconds by points per cell side, and the error above three levels as bench_noise has it.
 */
#include "../reference/reference_wedge.c"
#include "../reference/reference_party_wall.c"
#include "../reference/munich_maps.h"

/* The engine's own search, and in its place one that times what follows it. */
#define rpm_map_chains map_chains_of_engine
#include "../../src/engine/trace/map_chains.c"
#undef rpm_map_chains

#define ERROR_LIMIT_DB 0.5
#define LEVELS 3
#define THREADS 2

typedef struct given_chains
{
	const rpm_chain_target *target;
	chains_task *task;
	bool	   *lit;			/* chains */
	bool		first;			/* finds out which are */
} given_chains;

static const double levels[LEVELS] = {-110, -130, -150};
static float reference[CELLS], reference_error[CELLS];
static double gain[CELLS];
static double seconds_of_chains;
static size_t chains_lit;

static void look_at_given(void *context, int64_t begin, int64_t end, int thread);
static void print_error(void);
static double one_ray_per_cell(const rpm_scene *scene, const rpm_query *query);

int
main(int count, char **arguments)
{
	rpm_control control = {.threads = THREADS};
	munich_map	map = {.mechanisms = SPECULAR};
	rpm_status	status;
	rpm_scene  *scene = NULL;
	rpm_query  *query = NULL;
	rpm_code	code;

	if (count < 3 || !munich_read_band(arguments[2], "specular", 1, reference)
		|| !munich_read_band(arguments[2], "specular", 2, reference_error))
	{
		fprintf(stderr, "usage: bench_limit munich.csv FOLDER [RAYS]\n");
		return 2;
	}
	map.rays = count > 3 ? (int64_t) strtod(arguments[3], NULL) : 20000000;
	reference_wedge_mode(REFERENCE_WEDGE_THEIRS);
	rpm_status_clear(&status);
	code = munich_scene_of(&map, arguments[1], &control, &scene, &query, &status);
	if (code == RPM_OK)
		printf("one shadow ray for each of %d cells: %.3f processor s\n", CELLS, one_ray_per_cell(scene, query));
	for (map.points = 1; map.points <= 4 && code == RPM_OK; map.points *= 2)
	{
		double		seconds[2];

		code = munich_trace(&map, scene, query, &control, gain, NULL, seconds, &status);
		if (code != RPM_OK)
			break;
		printf("%d x %d points: %zu chains that light something, found by %.0e rays, looked at: %.3f processor s; RMSE", map.points, map.points,
			   chains_lit, (double) map.rays, seconds_of_chains);
		print_error();
	}
	if (code != RPM_OK)
		printf("%s\n", status.message);
	rpm_query_free(query);
	rpm_scene_free(scene);
	return code != RPM_OK;
}

/* Stands for the engine's: all chains are found first, and what they add is timed alone. */
rpm_code
rpm_map_chains(rpm_map_job *job, rpm_status *status)
{
	chains_task task;
	rpm_chain_target target;
	given_chains given = {&target, &task, NULL, true};
	rpm_code	code = task_create(job, &task, status);

	for (size_t i = 0; i < job->visible.facet_count; i++)
		note(&task.all, &job->visible.facets[i], 1, &(rpm_chain_sight) {.rays = FEW_RAYS + 1});
	for (int i = 0; i < BATCHES && code == RPM_OK; i++)
		code = launch_batch(&task, job->chain_samples / BATCHES, status);
	target = (rpm_chain_target) {job, &task.directions, task.rays, task.floor_gain, task.before, task.gain, NULL};
	given.lit = calloc(task.all.set.count + 1, sizeof(bool));
	for (int pass = 0; pass < 2 && code == RPM_OK && given.lit != NULL; pass++)
	{
		double		begin = munich_seconds(CLOCK_PROCESS_CPUTIME_ID);

		given.first = pass == 0;
		memcpy(task.gain, job->gain, job->cell_count * sizeof(double));
		memcpy(task.before, job->gain, job->cell_count * sizeof(double));
		code = rpm_parallel_for(job->control, (int64_t) task.all.set.count, 4, look_at_given, &given, status);
		seconds_of_chains = munich_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
	}
	chains_lit = 0;
	for (size_t i = 0; i < task.all.set.count && given.lit != NULL; i++)
		chains_lit += given.lit[i];
	if (code == RPM_OK)
		memcpy(job->gain, task.gain, job->cell_count * sizeof(double));
	free(given.lit);
	task_free(&task);
	return code;
}

static void
look_at_given(void *context, int64_t begin, int64_t end, int thread)
{
	given_chains *given = context;

	for (int64_t i = begin; i < end; i++)
	{
		rpm_chain_question question = {.found = true, .certain = true};
		rpm_chain_light *light = NULL;

		if (!given->first && !given->lit[i])
			continue;
		question.facets = rpm_chain_at(&given->task->all.set, (size_t) i, &question.length);
		rpm_map_chain_look(given->target, &question, &given->task->rooms[thread], &light);
		given->lit[i] |= light != NULL;
		rpm_map_chain_light_free(given->target, light);
	}
}

static void
print_error(void)
{
	for (int k = 0; k < LEVELS; k++)
	{
		double		squares = 0;
		int			cells = 0;

		for (int i = 0; i < CELLS; i++)
		{
			double		ours = gain[i] > 0 ? 10 * log10(gain[i]) : -9999, theirs = reference[i];
			double		error = fmax(ours, levels[k]) - fmax(theirs, levels[k]), own = theirs > -9000 ? reference_error[i] : 0;

			if ((ours <= levels[k] && theirs <= levels[k]) || !(own <= ERROR_LIMIT_DB))
				continue;
			squares += error * error - own * own;
			cells++;
		}
		printf("%s %.2f dB above %.0f dB", k > 0 ? "," : "", sqrt(fmax(0, squares / cells)), levels[k]);
	}
	printf("\n");
}

/* From the antenna to the middle of each cell, on one thread. */
static double
one_ray_per_cell(const rpm_scene *scene, const rpm_query *query)
{
	double		begin = munich_seconds(CLOCK_PROCESS_CPUTIME_ID);
	rpm_vec3	from = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]);
	volatile int hidden = 0;

	for (int i = 0; i < CELLS; i++)
	{
		rpm_vec3	to = rpm_vec(WEST - scene->origin[0] + (i % COLUMNS + 0.5) * CELL_M, NORTH - scene->origin[1] - (i / COLUMNS + 0.5) * CELL_M,
								 scene->ground_z_m + 1.5);
		rpm_vec3	way = rpm_sub(to, from);
		double		length = rpm_norm(way);
		rpm_ray		ray = {{(float) from.x, (float) from.y, (float) from.z},
		{(float) (way.x / length), (float) (way.y / length), (float) (way.z / length)}, 0, (float) length};

		hidden += rpm_query_occluded(query, &ray);
	}
	return munich_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin;
}
