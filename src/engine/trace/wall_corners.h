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

/* A band from a transmitter, which need not be that of the roofs.  Where an end is an image in a wall, what lies on its side of the wall is not there. */
typedef struct rpm_corner_question
{
	rpm_vec3	transmitter, receiver;
	int32_t		mirror;			/* RPM_NO_FACET, or the wall */
	rpm_vec3	true_end;		/* with a mirror: the end that is no image */
	const rpm_band *over;		/* NULL, or a band over the roofs between the ends: its buildings are in the way */
	rpm_band_test worth;		/* NULL: the line is known to be free */
	const void *context;		/* of worth */
} rpm_corner_question;

/* The band around one side, with its chain; false where there is none, or the line is free.  Thread-safe. */
RPM_SHARED bool rpm_corner_band(const rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query, const rpm_corner_question *question,
							rpm_side side, rpm_band *band);

/* Of a free line: the chain of what comes near it from one side; its count is 0 where nothing does.  Thread-safe. */
RPM_SHARED void rpm_corner_near(const rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query, const rpm_corner_question *question,
							rpm_side side, rpm_band *band);

/* What counts of a way around corners beside the band over the roofs: all but where that one grazes them, where the sides of a screen add nothing. */
RPM_SHARED double rpm_corner_share(const rpm_band *over);

#endif
