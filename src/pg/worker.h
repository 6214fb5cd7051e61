/* worker.h: engine calls on a helper thread, so that the session keeps answering. */
#ifndef RPM_PG_WORKER_H
#define RPM_PG_WORKER_H

#include "postgres.h"

#include "rpm_control.h"
#include "rpm_status.h"

/* An engine call; argument points to what it reads and fills.  It must not call the server. */
typedef rpm_code (*RpmEngineCall) (void *argument, rpm_control *control, rpm_status *status);

/*
 * Runs call on a helper thread and waits: answers interrupts, copies the counters of control to rpm.progress.  Cancel and errors stop
 * the call (control->stop), wait for its end and go on as errors.  what, for messages, names the row at work and may be NULL.
 * A failure of the call is raised as an error.
 */
extern void rpm_run_engine(RpmEngineCall call, void *argument, rpm_control *control, const char *what);

#endif
