/*
 * wall_corners.h: the way around the corners of walls, to the left or to the right of what stands between a transmitter and a receiver.
 *
 * In the plane through both ends that is level across, the band is laid around every group of buildings that one of its legs meets
 * (those that share vertices are one group), until all legs are free.  What it touches are upright edges, on one side.  A way that turns
 * left and right, and one out of a court, is not found.
 */
#ifndef RPM_WALL_CORNERS_H
#define RPM_WALL_CORNERS_H

#include "trace/roof_profile.h"

typedef enum rpm_side { RPM_SIDE_LEFT = 1, RPM_SIDE_RIGHT = -1 } rpm_side;

/* Whether what may still come over a band, were it free, is worth to look further. */
typedef bool (*rpm_band_test) (const void *context, const rpm_band *band);

/* Sorts roofs->uprights by group; fills group_of and group_start.  Errors: RPM_OUT_OF_MEMORY, RPM_CANCELLED, of rpm_reserve. */
rpm_code	rpm_wall_corners_sort(rpm_roofs *roofs, const rpm_scene *scene, rpm_control *control, rpm_status *status);

/* The band around one side, with its chain; false where there is none, or the line is free.  Thread-safe. */
RPM_SHARED bool rpm_corner_band(const rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query, rpm_vec3 receiver, rpm_side side,
							rpm_band_test worth, const void *context, rpm_band *band);

#endif
