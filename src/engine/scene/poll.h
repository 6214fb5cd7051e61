/*
 * poll.h: how often loops over the scene look at the stop flag.
 */
#ifndef RPM_SCENE_POLL_H
#define RPM_SCENE_POLL_H

#include "rpm_control.h"

#define POLL_ITEMS 4096			/* of well under a microsecond each; where one may take longer, every one looks */

/* True at every POLL_ITEMS-th item once the owner asked to stop; a stop stays asked for. */
static inline bool scene_stopped(const rpm_control *control, size_t item)
{
	return item % POLL_ITEMS == 0 && rpm_stopped(control);
}

#endif
