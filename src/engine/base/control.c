/* control.c: stopping, watching and spreading long work (rpm_control.h). */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "rpm_control.h"

/* One call of rpm_parallel_for, shared by its threads. */
typedef struct parallel_work
{
	rpm_control *control;
	int64_t		count;
	int64_t		grain;
	int64_t		next;			/* first item not handed out; atomic */
	rpm_range_function function;
	void	   *context;
} parallel_work;

typedef struct parallel_thread
{
	pthread_t	handle;
	parallel_work *work;
	int			number;
} parallel_thread;

static void work_until_done(parallel_work *work, int thread);
static void *thread_main(void *argument);
static int	start_threads(parallel_thread *threads, int count, parallel_work *work);

bool
rpm_stopped(const rpm_control *control)
{
	return control != NULL && __atomic_load_n(&control->stop, __ATOMIC_RELAXED) != 0;
}

void
rpm_phase_begin(rpm_control *control, rpm_phase phase, int64_t total)
{
	if (control == NULL)
		return;
	if (control->sharers > 1 && __atomic_load_n(&control->phase, __ATOMIC_RELAXED) == (int) phase)
	{
		__atomic_fetch_add(&control->total, total, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&control->done, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&control->total, total, __ATOMIC_RELAXED);
	__atomic_store_n(&control->phase, (int) phase, __ATOMIC_RELAXED);
}

void
rpm_phase_add(rpm_control *control, int64_t done)
{
	if (control != NULL)
		__atomic_fetch_add(&control->done, done, __ATOMIC_RELAXED);
}

int
rpm_thread_count(const rpm_control *control)
{
	cpu_set_t	cores;
	int			count;

	if (control != NULL && control->threads > 0)
		count = control->threads;
	/* A cpu_set_t holds 1024 cores; on a larger machine the call fails. */
	else if (sched_getaffinity(0, sizeof(cores), &cores) == 0)
		count = CPU_COUNT(&cores);
	else
		count = (int) sysconf(_SC_NPROCESSORS_ONLN);
	if (control != NULL && control->sharers > 1)
		count /= control->sharers;
	return count > 0 ? count : 1;
}

rpm_code
rpm_reserve(const rpm_control *control, size_t bytes, const char *what, rpm_status *status)
{
	if (control == NULL || control->memory_limit_bytes == 0 || bytes <= control->memory_limit_bytes)
		return RPM_OK;
	return rpm_fail(status, RPM_LIMIT_EXCEEDED,
					"Ask for fewer cells, rays or buildings at once, or allow more memory.",
					"%s would need %.0f MB, %.0f MB are allowed", what, (double) bytes / 1048576.0,
					(double) control->memory_limit_bytes / 1048576.0);
}

rpm_code
rpm_parallel_for(rpm_control *control, int64_t count, int64_t grain, rpm_range_function function, void *context,
				 rpm_status *status)
{
	parallel_work work = {control, count, grain > 0 ? grain : 1, 0, function, context};
	int			wanted = rpm_thread_count(control);
	parallel_thread *threads = NULL;
	int			started = 0;

	if (wanted > (count + work.grain - 1) / work.grain)
		wanted = (int) ((count + work.grain - 1) / work.grain);
	if (wanted > 1)
		threads = calloc((size_t) (wanted - 1), sizeof(parallel_thread));
	if (threads != NULL)
		started = start_threads(threads, wanted - 1, &work);
	work_until_done(&work, 0);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i].handle, NULL);
	free(threads);
	if (rpm_stopped(control))
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
	return RPM_OK;
}

/* Starts up to `count` threads that take no signals; returns how many run. */
static int
start_threads(parallel_thread *threads, int count, parallel_work *work)
{
	sigset_t	all,
				before;
	int			started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < count)
	{
		threads[started].work = work;
		threads[started].number = started + 1;
		if (pthread_create(&threads[started].handle, NULL, thread_main, &threads[started]) != 0)
			break;
		started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void *
thread_main(void *argument)
{
	parallel_thread *thread = argument;

	work_until_done(thread->work, thread->number);
	return NULL;
}

static void
work_until_done(parallel_work *work, int thread)
{
	while (!rpm_stopped(work->control))
	{
		int64_t		begin = __atomic_fetch_add(&work->next, work->grain, __ATOMIC_RELAXED);
		int64_t		end = begin + work->grain;

		if (begin >= work->count)
			return;
		work->function(work->context, begin, end < work->count ? end : work->count, thread);
	}
}
