/*
 * worker.c: engine calls on a helper thread, so that the session keeps answering.
 *
 * The helper starts with all signals blocked and never calls the server.  The main thread sleeps on its latch, 20 ms at a time,
 * and on a pipe that the helper writes to when it has finished, so that no call lasts longer than its work.  No helper outlives its call: an error or a cancel
 * stops and joins it, and so does the end of the process.
 */
#include "postgres.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#if PG_VERSION_NUM >= 170000
#include "utils/wait_event.h"
#endif

#include "progress.h"
#include "status_report.h"
#include "worker.h"

#define FIRST_WAIT_MS 1
#define LONGEST_WAIT_MS 20

typedef struct Helper
{
	pthread_t	thread;
	bool		running;		/* started and not joined */
	int			finished;		/* set by the helper; atomic */
	int			finish_read, finish_write;	/* the pipe; -1: none, the latch's times serve */
	RpmEngineCall call;
	void	   *argument;
	rpm_control *control;
	rpm_status	status;
} Helper;

/* A session makes one call at a time. */
static Helper helper;

static void open_pipe(void);
static void close_pipe(void);
static void start_helper(void);
static void *helper_main(void *unused);
static void wait_for_helper(void);
static void stop_helper(void);
static void stop_helper_at_exit(int code, Datum argument);
static uint32 wait_event(void);

void
rpm_run_engine(RpmEngineCall call, void *argument, rpm_control *control, const char *what)
{
	static bool exit_registered = false;

	if (!exit_registered)
	{
		before_shmem_exit(stop_helper_at_exit, (Datum) 0);
		exit_registered = true;
	}
	CHECK_FOR_INTERRUPTS();
	helper.call = call;
	helper.argument = argument;
	helper.control = control;
	rpm_status_clear(&helper.status);
	open_pipe();
	PG_TRY();
	{
		start_helper();
		wait_for_helper();
	}
	PG_FINALLY();
	{
		stop_helper();
		close_pipe();
	}
	PG_END_TRY();
	rpm_progress_copy(control);
	rpm_report_status_of(&helper.status, what);
}

/* Two descriptors out of the session's own allowance. */
static void
open_pipe(void)
{
	int			ends[2] = {-1, -1};

	helper.finish_read = helper.finish_write = -1;
	if (!AcquireExternalFD())
		return;
	if (!AcquireExternalFD())
	{
		ReleaseExternalFD();
		return;
	}
	if (pipe2(ends, O_CLOEXEC) != 0)
	{
		ReleaseExternalFD();
		ReleaseExternalFD();
		return;
	}
	helper.finish_read = ends[0];
	helper.finish_write = ends[1];
}

static void
close_pipe(void)
{
	if (helper.finish_read < 0)
		return;
	close(helper.finish_read);
	close(helper.finish_write);
	ReleaseExternalFD();
	ReleaseExternalFD();
	helper.finish_read = helper.finish_write = -1;
}

static void
start_helper(void)
{
	sigset_t	all,
				before;
	int			code;

	__atomic_store_n(&helper.finished, 0, __ATOMIC_RELEASE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&helper.thread, NULL, helper_main, NULL);
	helper.running = code == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code != 0)
	{
		errno = code;
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("could not start a thread: %m"),
				 errhint("The system limits threads or memory of the server's user; see ulimit -u.")));
	}
}

static void *
helper_main(void *unused)
{
	(void) unused;
	helper.call(helper.argument, helper.control, &helper.status);
	__atomic_store_n(&helper.finished, 1, __ATOMIC_RELEASE);
	if (helper.finish_write >= 0)
		(void) !write(helper.finish_write, "", 1);
	return NULL;
}

static void
wait_for_helper(void)
{
	/* Signals and the helper's end wake it; without a pipe only time does. */
	long		wait_ms = helper.finish_read >= 0 ? LONGEST_WAIT_MS : FIRST_WAIT_MS;

	while (!__atomic_load_n(&helper.finished, __ATOMIC_ACQUIRE))
	{
		if (helper.finish_read >= 0)
			(void) WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH | WL_SOCKET_READABLE, helper.finish_read, wait_ms,
									 wait_event());
		else
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, wait_ms, wait_event());
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		rpm_progress_copy(helper.control);
		wait_ms = Min(wait_ms + 1, LONGEST_WAIT_MS);
	}
}

/* Joins the helper; one that still works is told to stop first. */
static void
stop_helper(void)
{
	if (!helper.running)
		return;
	if (!__atomic_load_n(&helper.finished, __ATOMIC_ACQUIRE))
		__atomic_store_n(&helper.control->stop, 1, __ATOMIC_RELAXED);
	pthread_join(helper.thread, NULL);
	helper.running = false;
}

static void
stop_helper_at_exit(int code, Datum argument)
{
	(void) code;
	(void) argument;
	stop_helper();
}

static uint32
wait_event(void)
{
#if PG_VERSION_NUM >= 170000
	static uint32 event = 0;

	if (event == 0)
		event = WaitEventExtensionNew("RpmEngine");
	return event;
#else
	return PG_WAIT_EXTENSION;
#endif
}
