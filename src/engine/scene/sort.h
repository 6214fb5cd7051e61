/*
 * sort.h: sorting that answers a stop.
 */
#ifndef RPM_SCENE_SORT_H
#define RPM_SCENE_SORT_H

#include "rpm_control.h"

/*
 * Sorts count items of size bytes in ascending order; equal items keep their order.  The stop flag is looked at every few thousand items.
 * Takes a second array of the same size where items are more than one run.  Returns RPM_OK, RPM_OUT_OF_MEMORY or RPM_CANCELLED (items
 * are then in any order); no status is set.
 */
rpm_code	scene_sort(void *items, size_t count, size_t size, int (*compare) (const void *a, const void *b), const rpm_control *control);

#endif
