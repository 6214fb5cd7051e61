/*
 * wall_corners.h: the ways around the corners of walls, to the left and to the right of what stands between a transmitter and a receiver.
 *
 * In the plane through both ends that is level across, the band is laid around every group of buildings that one of its legs meets
 * (those that share vertices are one group), until all legs are free.  What it touches are upright edges.  Each group is passed on one side,
 * the first on the side that is asked for, the others on the same or, where that is asked for too, on either: left, then right.  A
 * way out of a court, and one that goes back on its line, is not found.
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
	bool		winding;		/* ways that turn to both sides too, and what comes near a way from its other side */
} rpm_corner_question;

/* Groups that a band is laid around at most. */
#define RPM_CORNER_GROUPS_MAX 12

/* A group that is passed. */
typedef struct rpm_passed_group
{
	int32_t		group;
	int			side;			/* 1: the first side, -1: the other */
	bool		settled;		/* it is passed on no other side, or was */
	bool		beside;			/* it is in no leg's way: what of it stands on the leg's other side is no obstacle */
} rpm_passed_group;

/* A search for the bands whose first group is passed on one side, one after another. */
typedef struct rpm_corner_search
{
	const rpm_corner_question *question;
	const rpm_roofs *roofs;
	const rpm_scene *scene;
	const rpm_query *query;
	double		facing;			/* of the mirror's normal: 1, or -1 where it points to the image's side; 0 without a mirror */
	rpm_profile profile;
	int			passed_count, looks;
	rpm_passed_group passed[RPM_CORNER_GROUPS_MAX];
	bool		begun;
} rpm_corner_search;

/* question must outlive the search; false where both ends are in one place. */
RPM_SHARED bool rpm_corner_search_begin(rpm_corner_search *search, const rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query,
									const rpm_corner_question *question, rpm_side side);

/*
 * The next band, with its chain, the one that keeps to the side first; false where there are no more, or the line is free.  In bounded
 * time: at most RPM_CORNER_GROUPS_MAX groups, four corners and a fixed number of looks.
 */
RPM_SHARED bool rpm_corner_search_next(rpm_corner_search *search, rpm_band *band);

/* Of a free line: the chain of what comes near it from one side; its count is 0 where nothing does.  Thread-safe. */
RPM_SHARED void rpm_corner_near(const rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query, const rpm_corner_question *question,
							rpm_side side, rpm_band *band);

/* What counts of a way around corners beside the band over the roofs: all but where that one grazes them, where the sides of a screen add nothing. */
RPM_SHARED double rpm_corner_share(const rpm_band *over);

#endif
