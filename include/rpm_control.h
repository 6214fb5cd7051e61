/*
 * rpm_control.h: stopping, watching and spreading long work.
 *
 * The owner (a backend's main thread, a test, a command line) shares one rpm_control with the call it
 * started on another thread.  The engine polls `stop` at least every few milliseconds of work and
 * counts what is done; the owner only reads the counters.
 */
#ifndef RPM_CONTROL_H
#define RPM_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rpm_phase
{
	RPM_PHASE_IDLE = 0,
	RPM_PHASE_READING,			/* tables into arrays (the SQL layer) */
	RPM_PHASE_BUILDING,			/* geometry into a scene, hierarchy */
	RPM_PHASE_TRACING,
	RPM_PHASE_WRITING,			/* rasters (the SQL layer) */
	RPM_PHASE_LEARNING,			/* parameters from measurements */
	RPM_PHASE_PREDICTING		/* cells from what was learned */
} rpm_phase;

typedef struct rpm_control
{
	volatile int stop;			/* set to nonzero by the owner: the call ends with RPM_CANCELLED; access by __atomic */
	volatile int phase;			/* rpm_phase */
	volatile int64_t done;		/* units of work done in this phase */
	volatile int64_t total;		/* of so many */
	int			threads;		/* at most so many threads compute; 0: one per core */
	int			sharers;		/* calls at a time that share these threads and this phase; 0 and 1: one */
	size_t		memory_limit_bytes; /* arrays above this are refused with RPM_LIMIT_EXCEEDED; 0: no limit */
} rpm_control;

/* True once the owner asked to stop.  control may be NULL. */
bool		rpm_stopped(const rpm_control *control);

/* Begins a phase of `total` units; control may be NULL. */
void		rpm_phase_begin(rpm_control *control, rpm_phase phase, int64_t total);
void		rpm_phase_add(rpm_control *control, int64_t done);

/* Threads that a call would use: control->threads, or the cores this process may run on, divided among those that share them. */
int			rpm_thread_count(const rpm_control *control);

/*
 * Refuses with RPM_LIMIT_EXCEEDED ("what" would need N MB, hint) when bytes exceed the limit; called before
 * the memory is taken.
 */
rpm_code	rpm_reserve(const rpm_control *control, size_t bytes, const char *what, rpm_status *status);

/* Work on items begin <= i < end; thread is 0 <= thread < rpm_thread_count(). */
typedef void (*rpm_range_function) (void *context, int64_t begin, int64_t end, int thread);

/*
 * Runs function over 0 <= i < count in pieces of `grain`, handed out dynamically to rpm_thread_count() threads
 * (the calling thread is one of them).  New threads start with all signals blocked.  Returns RPM_CANCELLED if
 * stopped, else RPM_OK; if no thread can be started the caller does all the work.
 */
rpm_code	rpm_parallel_for(rpm_control *control, int64_t count, int64_t grain, rpm_range_function function,
							 void *context, rpm_status *status);

/*
 * Between these the calling thread's rpm_parallel_for hands its work to threads that stay, for hundreds of short calls one after another: to
 * start a thread each time would be a large part of them.  Where no thread can be started all is as without.  A call inside of another, and a
 * second crew, go without it.
 */
void		rpm_crew_begin(const rpm_control *control);
void		rpm_crew_end(void);

#ifdef __cplusplus
}
#endif
#endif
