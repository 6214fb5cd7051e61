/*
 * gang.c: several maps at a time on one CUDA device (gang.h).
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "device/device.h"
#include "device/gang.h"

typedef enum request_kind { NOTHING = 0, POINTS, SEARCH, CHAINS, LAUNCH, ENTRY } request_kind;

struct gang;

/* One map at work. */
typedef struct member
{
	struct gang *gang;
	rpm_device_task *task;
	pthread_t	thread;
	bool		started;
	rpm_cuda_map *map;			/* NULL until its points are due */
	request_kind asks;
	rpm_cuda_points_call points;
	rpm_cuda_launch_call launch;
	rpm_chain_finds *finds;
	rpm_chain_boxes *boxes;
	rpm_code	code;			/* of what it asked for, with its task's status */
} member;

typedef struct gang
{
	const rpm_cuda_module *module;
	rpm_cuda_scene *scene;
	rpm_control *control;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	int			count, active, asking;	/* members; those that have not ended; of these those that wait */
	member	   *members;
} gang;

static void run_gang(gang *g, rpm_device_task **tasks);
static bool start_member(gang *g, member *m);
static bool too_small(rpm_device_task **tasks, int count);
static bool failed(rpm_device_task **tasks, int count);
static void *member_main(void *argument);
static void run_member(member *m);
static rpm_code points(void *context, const rpm_map_job *job, const rpm_map_mirror *mirrors, size_t mirror_count, const rpm_map_edge *edges,
					   size_t edge_count, rpm_status *status);
static rpm_code search(void *context, const rpm_map_job *job, rpm_chain_finds *finds, rpm_status *status);
static rpm_code chains(void *context, const rpm_map_job *job, rpm_chain_boxes *boxes, rpm_status *status);
static rpm_code launch(void *context, const rpm_map_job *job, const struct launch_task *task, int64_t rays, rpm_status *status);
static rpm_code entry(void *context, const rpm_map_job *job, rpm_status *status);
static rpm_code ask(member *m, request_kind kind, rpm_status *status);
static void answer_all(gang *g);
static void answer_together(gang *g, member *first);
static bool alike(const member *a, const member *b);

void
rpm_gang_trace(const rpm_cuda_module *module, rpm_cuda_scene *scene, rpm_device_task **tasks, int count, rpm_control *control)
{
	int			most = count < RPM_CUDA_MAPS_MAX ? count : RPM_CUDA_MAPS_MAX;

	for (int done = 0, n; done < count; done += n)
	{
		gang		g = {.module = module, .scene = scene, .control = control};

		g.count = n = count - done < most ? count - done : most;
		run_gang(&g, &tasks[done]);
		if (n > 1 && too_small(&tasks[done], n))
		{
			/* Again, fewer at a time. */
			for (int i = 0; i < n; i++)
				rpm_status_clear(&tasks[done + i]->status);
			most = (n + 1) / 2;
			n = 0;
		}
		else if (failed(&tasks[done], n))
			return;
	}
}

static void
run_gang(gang *g, rpm_device_task **tasks)
{
	sigset_t	all,
				before;
	bool		first = true;

	g->members = calloc((size_t) g->count, sizeof(member));
	if (g->members == NULL)
	{
		rpm_fail(&tasks[0]->status, RPM_OUT_OF_MEMORY, NULL, "no memory for %d maps at a time", g->count);
		return;
	}
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->answered, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* Nobody is answered before all have begun. */
	pthread_mutex_lock(&g->lock);
	g->active = 1;
	for (int i = 0; i < g->count; i++)
	{
		g->members[i] = (member) {.gang = g, .task = tasks[i]};
		/* The last one is this thread's. */
		g->members[i].started = i < g->count - 1 && start_member(g, &g->members[i]);
	}
	pthread_mutex_unlock(&g->lock);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	/* Those whose threads could not be started too, one after another. */
	for (int i = 0; i < g->count; i++)
		if (!g->members[i].started)
		{
			pthread_mutex_lock(&g->lock);
			g->active += !first;
			pthread_mutex_unlock(&g->lock);
			first = false;
			run_member(&g->members[i]);
		}
	for (int i = 0; i < g->count; i++)
		if (g->members[i].started)
			pthread_join(g->members[i].thread, NULL);
	pthread_cond_destroy(&g->answered);
	pthread_mutex_destroy(&g->lock);
	free(g->members);
}

static bool
start_member(gang *g, member *m)
{
	if (pthread_create(&m->thread, NULL, member_main, m) != 0)
		return false;
	g->active++;
	return true;
}

/* Whether memory alone was in the way. */
static bool
too_small(rpm_device_task **tasks, int count)
{
	bool		any = false;

	for (int i = 0; i < count; i++)
	{
		rpm_code	code = tasks[i]->status.code;

		if (code != RPM_OK && code != RPM_LIMIT_EXCEEDED && code != RPM_OUT_OF_MEMORY)
			return false;
		any |= code != RPM_OK;
	}
	return any;
}

static bool
failed(rpm_device_task **tasks, int count)
{
	for (int i = 0; i < count; i++)
		if (tasks[i]->status.code != RPM_OK)
			return true;
	return false;
}

static void *
member_main(void *argument)
{
	run_member(argument);
	return NULL;
}

static void
run_member(member *m)
{
	gang	   *g = m->gang;
	rpm_device_task *task = m->task;
	rpm_map_device hand = {m, points, launch, search, chains, entry};
	rpm_code	code = rpm_trace_map_on(&hand, task->scene, task->uploaded->query, task->antenna, task->grid, task->options, g->control,
										task->map, &task->status);

	if (code != RPM_OK && task->status.code == RPM_OK)
		rpm_fail(&task->status, code, NULL, "tracing failed");
	pthread_mutex_lock(&g->lock);
	g->module->map_free(m->map);
	g->active--;
	if (g->active > 0 && g->asking == g->active)
		answer_all(g);
	pthread_mutex_unlock(&g->lock);
}

static rpm_code
points(void *context, const rpm_map_job *job, const rpm_map_mirror *mirrors, size_t mirror_count, const rpm_map_edge *edges,
	   size_t edge_count, rpm_status *status)
{
	member	   *m = context;

	m->points = (rpm_cuda_points_call) {NULL, job, mirrors, mirror_count, edges, edge_count};
	return ask(m, POINTS, status);
}

static rpm_code
search(void *context, const rpm_map_job *job, rpm_chain_finds *finds, rpm_status *status)
{
	member	   *m = context;

	m->points.job = job;
	m->finds = finds;
	return ask(m, SEARCH, status);
}

static rpm_code
chains(void *context, const rpm_map_job *job, rpm_chain_boxes *boxes, rpm_status *status)
{
	member	   *m = context;

	m->points.job = job;
	m->boxes = boxes;
	return ask(m, CHAINS, status);
}

static rpm_code
launch(void *context, const rpm_map_job *job, const struct launch_task *task, int64_t rays, rpm_status *status)
{
	member	   *m = context;

	m->launch = (rpm_cuda_launch_call) {m->map, job, task, rays};
	return ask(m, LAUNCH, status);
}

static rpm_code
entry(void *context, const rpm_map_job *job, rpm_status *status)
{
	member	   *m = context;

	m->points.job = job;
	return ask(m, ENTRY, status);
}

/* Waits until all others ask for something too or have ended; whoever comes last does it all. */
static rpm_code
ask(member *m, request_kind kind, rpm_status *status)
{
	gang	   *g = m->gang;

	(void) status;				/* the task's own */
	pthread_mutex_lock(&g->lock);
	m->asks = kind;
	g->asking++;
	if (g->asking == g->active)
		answer_all(g);
	while (m->asks != NOTHING)
		pthread_cond_wait(&g->answered, &g->lock);
	pthread_mutex_unlock(&g->lock);
	return m->code;
}

/* With the lock held. */
static void
answer_all(gang *g)
{
	for (int i = 0; i < g->count; i++)
		if (g->members[i].asks != NOTHING)
			answer_together(g, &g->members[i]);
	g->asking = 0;
	pthread_cond_broadcast(&g->answered);
}

/* What a member asks for, and the others that ask for the same. */
static void
answer_together(gang *g, member *first)
{
	rpm_cuda_points_call points_calls[RPM_CUDA_MAPS_MAX];
	rpm_cuda_launch_call launch_calls[RPM_CUDA_MAPS_MAX];
	member	   *asking[RPM_CUDA_MAPS_MAX];
	rpm_status *status = &first->task->status;
	rpm_code	code = RPM_OK;
	int			count = 0;

	for (member *m = first; m < g->members + g->count; m++)
		if (m->asks == first->asks && alike(first, m))
			asking[count++] = m;
	for (int i = 0; i < count && code == RPM_OK; i++)
	{
		member	   *m = asking[i];

		if (first->asks == POINTS)
			code = g->module->map_create(g->scene, m->points.job, &m->map, status);
		m->points.map = m->map;
		points_calls[i] = m->points;
		launch_calls[i] = m->launch;
		if (first->asks == ENTRY && code == RPM_OK)
			code = g->module->map_entry(m->map, m->points.job, status);
		if (first->asks == SEARCH && code == RPM_OK)
			code = g->module->map_search(m->map, m->points.job, m->finds, status);
		if (first->asks == CHAINS && code == RPM_OK)
			code = g->module->map_chains(m->map, m->points.job, m->boxes, status);
	}
	if (code == RPM_OK && first->asks == POINTS)
		code = g->module->maps_points(points_calls, count, status);
	else if (code == RPM_OK && first->asks == LAUNCH)
		code = g->module->maps_launch(launch_calls, count, status);
	for (int i = 0; i < count; i++)
	{
		asking[i]->code = code;
		if (code != RPM_OK && asking[i] != first)
			asking[i]->task->status = *status;
		asking[i]->asks = NOTHING;
	}
}

/* Whether two maps' points can be of the same launches; rays always can. */
static bool
alike(const member *a, const member *b)
{
	const rpm_map_job *p = a->points.job, *q = b->points.job;

	return a->asks != POINTS || (p->points == q->points && p->sum_fields == q->sum_fields
								 && (p->roofs == NULL) == (q->roofs == NULL));
}
