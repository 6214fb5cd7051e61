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

typedef struct crew crew;

typedef struct parallel_thread
{
	pthread_t	handle;
	parallel_work *work;		/* NULL: the crew's */
	crew	   *crew;
	int			number;
} parallel_thread;

/* Threads that stay.  `round` and `left` are atomic, and change under the mutex where somebody may sleep. */
struct crew
{
	parallel_thread *threads;
	int			count;
	pthread_mutex_t mutex;
	pthread_cond_t called,		/* a new round */
				finished;		/* left is 0 */
	parallel_work *work;		/* of the round; NULL: leave */
	unsigned	round;
	int			left;			/* members still at work */
	int			members;		/* those that the round wants, 1 <= number <= members */
	bool		busy;
};

/* Looks before a member of a crew goes to sleep: some tenths of a millisecond, longer than what lies between two calls. */
#define CREW_LOOKS 4000

static __thread crew *own_crew;

static void work_until_done(parallel_work *work, int thread);
static void *thread_main(void *argument);
static int	start_threads(parallel_thread *threads, int count, parallel_work *work, crew *crew);
static void crew_call(crew *crew, parallel_work *work, int members);
static void crew_member(crew *crew, int number);
static void relax(void);

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
	if (wanted > 1 && own_crew != NULL && !own_crew->busy)
		crew_call(own_crew, &work, wanted - 1);
	else
	{
		if (wanted > 1)
			threads = calloc((size_t) (wanted - 1), sizeof(parallel_thread));
		if (threads != NULL)
			started = start_threads(threads, wanted - 1, &work, NULL);
		work_until_done(&work, 0);
		for (int i = 0; i < started; i++)
			pthread_join(threads[i].handle, NULL);
		free(threads);
	}
	if (rpm_stopped(control))
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
	return RPM_OK;
}

void
rpm_crew_begin(const rpm_control *control)
{
	int			wanted = rpm_thread_count(control) - 1;
	crew	   *crew = own_crew == NULL && wanted > 0 ? calloc(1, sizeof(*crew)) : NULL;

	if (crew == NULL)
		return;
	crew->threads = calloc((size_t) wanted, sizeof(parallel_thread));
	pthread_mutex_init(&crew->mutex, NULL);
	pthread_cond_init(&crew->called, NULL);
	pthread_cond_init(&crew->finished, NULL);
	own_crew = crew;
	if (crew->threads != NULL)
		crew->count = start_threads(crew->threads, wanted, NULL, crew);
}

void
rpm_crew_end(void)
{
	crew	   *crew = own_crew;

	if (crew == NULL)
		return;
	crew_call(crew, NULL, crew->count);
	for (int i = 0; i < crew->count; i++)
		pthread_join(crew->threads[i].handle, NULL);
	pthread_cond_destroy(&crew->finished);
	pthread_cond_destroy(&crew->called);
	pthread_mutex_destroy(&crew->mutex);
	free(crew->threads);
	free(crew);
	own_crew = NULL;
}

/* One round: the caller works, too, and waits for the others. */
static void
crew_call(crew *crew, parallel_work *work, int members)
{
	crew->busy = true;
	pthread_mutex_lock(&crew->mutex);
	crew->work = work;
	crew->members = members;
	__atomic_store_n(&crew->left, crew->count, __ATOMIC_RELAXED);
	__atomic_fetch_add(&crew->round, 1, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&crew->called);
	pthread_mutex_unlock(&crew->mutex);
	if (work != NULL)
		work_until_done(work, 0);
	for (int i = 0; i < CREW_LOOKS && __atomic_load_n(&crew->left, __ATOMIC_ACQUIRE) > 0; i++)
		relax();
	pthread_mutex_lock(&crew->mutex);
	while (__atomic_load_n(&crew->left, __ATOMIC_ACQUIRE) > 0)
		pthread_cond_wait(&crew->finished, &crew->mutex);
	pthread_mutex_unlock(&crew->mutex);
	crew->busy = false;
}

static void
crew_member(crew *crew, int number)
{
	unsigned	seen = 0;
	bool		stays = true;

	while (stays)
	{
		for (int i = 0; i < CREW_LOOKS && __atomic_load_n(&crew->round, __ATOMIC_ACQUIRE) == seen; i++)
			relax();
		pthread_mutex_lock(&crew->mutex);
		while (__atomic_load_n(&crew->round, __ATOMIC_ACQUIRE) == seen)
			pthread_cond_wait(&crew->called, &crew->mutex);
		pthread_mutex_unlock(&crew->mutex);
		seen++;
		stays = crew->work != NULL;
		if (stays && number <= crew->members)
			work_until_done(crew->work, number);
		pthread_mutex_lock(&crew->mutex);
		if (__atomic_sub_fetch(&crew->left, 1, __ATOMIC_RELEASE) == 0)
			pthread_cond_signal(&crew->finished);
		pthread_mutex_unlock(&crew->mutex);
	}
}

static void
relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile ("yield");
#endif
}

/* Starts up to `count` threads that take no signals; returns how many run. */
static int
start_threads(parallel_thread *threads, int count, parallel_work *work, crew *crew)
{
	sigset_t	all,
				before;
	int			started = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < count)
	{
		threads[started].work = work;
		threads[started].crew = crew;
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

	if (thread->crew != NULL)
		crew_member(thread->crew, thread->number);
	else
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
