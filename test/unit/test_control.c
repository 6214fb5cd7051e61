/*
 * test_control.c: stopping, watching and spreading long work (rpm_control.h, rpm_status.h).
 */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "rpm_control.h"
#include "unit.h"

#define ITEMS 100003
#define MOST_THREADS 64

typedef struct tally
{
	rpm_control *control;
	int			visits[ITEMS];
	int64_t		per_thread[MOST_THREADS];
	int			wrong;			/* pieces with a bad range or thread; atomic */
	int			unblocked;		/* started threads that would take SIGINT; atomic */
	int64_t		stop_after;		/* 0: never */
	pthread_t	owner;
} tally;

static void
count_items(void *context, int64_t begin, int64_t end, int thread)
{
	tally	   *t = context;
	sigset_t	blocked;

	if (begin < 0 || end <= begin || end > ITEMS || thread < 0 || thread >= rpm_thread_count(t->control))
		__atomic_add_fetch(&t->wrong, 1, __ATOMIC_RELAXED);
	for (int64_t i = begin; i < end; i++)
		__atomic_add_fetch(&t->visits[i], 1, __ATOMIC_RELAXED);
	t->per_thread[thread] += end - begin;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (!pthread_equal(pthread_self(), t->owner) &&
		(!sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGUSR1) || !sigismember(&blocked, SIGALRM)))
		__atomic_add_fetch(&t->unblocked, 1, __ATOMIC_RELAXED);
	rpm_phase_add(t->control, end - begin);
	if (t->stop_after > 0 && __atomic_load_n(&t->control->done, __ATOMIC_RELAXED) >= t->stop_after)
		__atomic_store_n(&t->control->stop, 1, __ATOMIC_RELAXED);
	usleep(10);
}

static tally *
new_tally(rpm_control *control)
{
	tally	   *t = calloc(1, sizeof(tally));

	t->control = control;
	t->owner = pthread_self();
	return t;
}

static void
each_item_once(void)
{
	static const int threads[] = {1, 2, 7, 64};

	for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++)
	{
		rpm_control control = {.threads = threads[i]};
		rpm_status	status = {0};
		tally	   *t = new_tally(&control);
		int			missed = 0;
		int64_t		sum = 0;

		rpm_phase_begin(&control, RPM_PHASE_TRACING, ITEMS);
		CHECK(rpm_parallel_for(&control, ITEMS, 97, count_items, t, &status) == RPM_OK);
		for (int k = 0; k < ITEMS; k++)
			missed += t->visits[k] != 1;
		for (int k = 0; k < MOST_THREADS; k++)
			sum += t->per_thread[k];
		CHECK(missed == 0);
		CHECK(sum == ITEMS);
		CHECK(t->wrong == 0);
		CHECK(t->unblocked == 0);
		CHECK(control.done == ITEMS && control.total == ITEMS && control.phase == RPM_PHASE_TRACING);
		free(t);
	}
}

static void
own_signal_mask_stays(void)
{
	rpm_control control = {.threads = 4};
	rpm_status	status = {0};
	tally	   *t = new_tally(&control);
	sigset_t	before,
				after;
	int			changed = 0;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	CHECK(rpm_parallel_for(&control, ITEMS, 1000, count_items, t, &status) == RPM_OK);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int s = 1; s < 32; s++)
		changed += sigismember(&before, s) != sigismember(&after, s);
	CHECK(changed == 0);
	free(t);
}

static void
nothing_to_do(void)
{
	rpm_control control = {.threads = 4};
	rpm_status	status = {0};
	tally	   *t = new_tally(&control);

	CHECK(rpm_parallel_for(&control, 0, 10, count_items, t, &status) == RPM_OK);
	CHECK(t->wrong == 0 && control.done == 0);
	free(t);
}

static void
stop_ends_the_work(void)
{
	rpm_control control = {.threads = 3};
	rpm_status	status = {0};
	tally	   *t = new_tally(&control);

	t->stop_after = 1000;
	CHECK(rpm_parallel_for(&control, ITEMS, 10, count_items, t, &status) == RPM_CANCELLED);
	CHECK(status.code == RPM_CANCELLED);
	/* Each thread may finish the piece in hand. */
	CHECK(control.done >= 1000 && control.done <= 1000 + 3 * 10);
	free(t);
}

static void
stopped_before_it_begins(void)
{
	rpm_control control = {.threads = 3,.stop = 1};
	rpm_status	status = {0};
	tally	   *t = new_tally(&control);

	CHECK(rpm_parallel_for(&control, ITEMS, 10, count_items, t, &status) == RPM_CANCELLED);
	CHECK(control.done == 0);
	free(t);
}

/* With no thread to be had the caller does everything.  Runs first: stacks of threads that ended are used again. */
static void
no_threads_to_be_had(void)
{
	rpm_control control = {.threads = 4};
	rpm_status	status = {0};
	tally	   *t = new_tally(&control);
	struct rlimit before,
				none;
	int			missed = 0;

	getrlimit(RLIMIT_AS, &before);
	none = before;
	none.rlim_cur = 1 << 20;	/* less than is in use: no stack can be mapped */
	if (setrlimit(RLIMIT_AS, &none) != 0)
	{
		free(t);
		return;
	}
	CHECK(rpm_parallel_for(&control, ITEMS, 100, count_items, t, &status) == RPM_OK);
	setrlimit(RLIMIT_AS, &before);
	for (int k = 0; k < ITEMS; k++)
		missed += t->visits[k] != 1;
	CHECK(missed == 0);
	CHECK(t->per_thread[0] == ITEMS);
	free(t);
}

static void
thread_counts(void)
{
	rpm_control five = {.threads = 5};
	rpm_control any = {.threads = 0};
	cpu_set_t	before,
				one;

	CHECK(rpm_thread_count(&five) == 5);
	CHECK(rpm_thread_count(&any) >= 1);
	CHECK(rpm_thread_count(NULL) == rpm_thread_count(&any));
	CHECK(sched_getaffinity(0, sizeof(before), &before) == 0);
	CPU_ZERO(&one);
	for (int c = 0; c < CPU_SETSIZE && CPU_COUNT(&one) == 0; c++)
		if (CPU_ISSET(c, &before))
			CPU_SET(c, &one);
	CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
	CHECK(rpm_thread_count(&any) == 1);
	sched_setaffinity(0, sizeof(before), &before);
}

static void
memory_is_refused(void)
{
	rpm_control control = {.memory_limit_bytes = (size_t) 2048 << 20};
	rpm_status	status = {0};

	CHECK(rpm_reserve(NULL, SIZE_MAX, "tracing", &status) == RPM_OK);
	CHECK(rpm_reserve(&control, (size_t) 2048 << 20, "tracing", &status) == RPM_OK);
	CHECK(status.code == RPM_OK);
	CHECK(rpm_reserve(&control, (size_t) 5120 << 20, "tracing", &status) == RPM_LIMIT_EXCEEDED);
	CHECK(strcmp(status.message, "tracing would need 5120 MB, 2048 MB are allowed") == 0);
	CHECK(status.hint[0] != '\0');
	control.memory_limit_bytes = 0;
	rpm_status_clear(&status);
	CHECK(rpm_reserve(&control, SIZE_MAX, "tracing", &status) == RPM_OK);
}

static void
first_failure_stays(void)
{
	rpm_status	status = {0};
	char		longer[2000];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CHECK(rpm_fail(&status, RPM_INVALID_ARGUMENT, "Give one.", "antenna %d has no %s", 7, "pattern") == RPM_INVALID_ARGUMENT);
	CHECK(rpm_fail(&status, RPM_INTERNAL, NULL, "later") == RPM_INTERNAL);
	CHECK(status.code == RPM_INVALID_ARGUMENT);
	CHECK(strcmp(status.message, "antenna 7 has no pattern") == 0 && strcmp(status.hint, "Give one.") == 0);
	rpm_status_clear(&status);
	CHECK(status.code == RPM_OK && status.message[0] == '\0' && status.hint[0] == '\0');
	CHECK(rpm_fail(&status, RPM_INTERNAL, longer, "%s", longer) == RPM_INTERNAL);
	CHECK(strlen(status.message) == sizeof(status.message) - 1 && strlen(status.hint) == sizeof(status.hint) - 1);
	CHECK(rpm_fail(NULL, RPM_INTERNAL, NULL, "to nobody") == RPM_INTERNAL);
}

#define CREW_ITEMS 500
#define CREW_ROUNDS 3000

typedef struct crew_round { int visits[CREW_ITEMS]; int within; bool nested; rpm_control *control; } crew_round;

static void
count_within(void *context, int64_t begin, int64_t end, int thread)
{
	(void) thread;
	__atomic_add_fetch((int *) context, (int) (end - begin), __ATOMIC_RELAXED);
}

static void
count_in_crew(void *context, int64_t begin, int64_t end, int thread)
{
	crew_round *round = context;

	CHECK(thread >= 0 && thread < rpm_thread_count(round->control));
	for (int64_t i = begin; i < end; i++)
		__atomic_add_fetch(&round->visits[i], 1, __ATOMIC_RELAXED);
	if (round->nested)
		rpm_parallel_for(round->control, 10, 1, count_within, &round->within, NULL);
}

/* One call after another by threads that stay, with fewer items than threads, calls inside of calls, pauses in which they fall asleep, and a stop. */
static void
crew_stays(void)
{
	rpm_control control = {.threads = 4};
	static crew_round round;
	int			wrong = 0;

	rpm_crew_begin(&control);
	rpm_crew_begin(&control);
	for (int r = 0; r < CREW_ROUNDS; r++)
	{
		int			items = r % 7 == 0 ? 2 : CREW_ITEMS;

		memset(&round, 0, sizeof(round));
		round.control = &control;
		round.nested = r % 100 == 0;
		if (r % 500 == 0)
			usleep(20000);
		CHECK(rpm_parallel_for(&control, items, 50, count_in_crew, &round, NULL) == RPM_OK);
		for (int i = 0; i < CREW_ITEMS; i++)
			wrong += round.visits[i] != (i < items);
		wrong += round.nested && round.within != 10 * ((items + 49) / 50);
	}
	CHECK(wrong == 0);
	control.stop = 1;
	CHECK(rpm_parallel_for(&control, CREW_ITEMS, 50, count_in_crew, &round, NULL) == RPM_CANCELLED);
	rpm_crew_end();
	rpm_crew_end();
	control.stop = 0;
	CHECK(rpm_parallel_for(&control, CREW_ITEMS, 50, count_in_crew, &round, NULL) == RPM_OK);
}

int
main(void)
{
#ifdef __SANITIZE_ADDRESS__
	SKIP(no_threads_to_be_had, "AddressSanitizer needs its address space");
#else
	RUN(no_threads_to_be_had);
#endif
	RUN(each_item_once);
	RUN(own_signal_mask_stays);
	RUN(crew_stays);
	RUN(nothing_to_do);
	RUN(stop_ends_the_work);
	RUN(stopped_before_it_begins);
	RUN(thread_counts);
	RUN(memory_is_refused);
	RUN(first_failure_stays);
	return unit_summary("control");
}
