/* weighted_median.h: the weighted median of many levels, in linear time. */
#ifndef RPM_MEASURE_WEIGHTED_MEDIAN_H
#define RPM_MEASURE_WEIGHTED_MEDIAN_H

#include <stddef.h>

#include "rpm_control.h"

typedef struct weighted_level
{
	float		level;
	float		weight;			/* above 0 */
} weighted_level;

/*
 * The level below and above which half of the weight lies; between two levels that halve it exactly their mean, so that equal weights
 * give the ordinary median.  Reorders items; count is at least 1.  Returns RPM_CANCELLED once control asks to stop.
 */
rpm_code	weighted_median(weighted_level *items, size_t count, const rpm_control *control, double *median);

#endif
