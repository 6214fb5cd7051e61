/* progress.h: what a call tells other sessions about itself (view rpm.progress). */
#ifndef RPM_PG_PROGRESS_H
#define RPM_PG_PROGRESS_H

#include "postgres.h"

#include "rpm_control.h"

/* Begins and ends the report of a call on a scene.  An error ends it by itself (end of transaction). */
extern void rpm_progress_begin(int32 scene_id);
extern void rpm_progress_end(void);

/* Antennas done of so many. */
extern void rpm_progress_antennas(int64 done, int64 total);

/* Begins a phase of the server's side, with `total` units (0: not known). */
extern void rpm_progress_phase(rpm_control *control, rpm_phase phase, int64 total);

/* Copies phase, done and total of a control to where other sessions see them. */
extern void rpm_progress_copy(const rpm_control *control);

#endif
