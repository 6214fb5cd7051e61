/*
 * facing_walls.h: walls near a receiver that may throw to it what comes over the roofs.
 *
 * Upright facets by place, made once for a map.
 */
#ifndef RPM_FACING_WALLS_H
#define RPM_FACING_WALLS_H

#include "rpm_query.h"

/* A wall counts up to 70 m from the receiver to its reflection, and fades out to nothing at this. */
#define RPM_FACING_WALL_M 100.0

/* A wall as seen from above, and walls by squares of the ground. */
typedef struct rpm_plan_wall
{
	int32_t		facet;
	double		x0, y0, x1, y1;	/* from end to end */
	double		nx, ny, offset;	/* its plane as seen from above */
	int			column_low, row_low, column_high, row_high;
} rpm_plan_wall;

typedef struct rpm_facing_walls
{
	rpm_plan_wall *walls;
	size_t		count;
	double		west, south, square_m;
	int			columns, rows;
	uint32_t   *start;			/* squares + 1; into members */
	uint32_t   *members;
} rpm_facing_walls;

/* A reflection at a wall of a ray that comes from `source` (an end far off) to a point. */
typedef struct rpm_facing_wall
{
	int32_t		facet;
	rpm_vec3	image;			/* of the point */
	double		at_m;			/* along the ground from the source to the wall */
	double		share;			/* of the power: less than 1 where the wall is far */
} rpm_facing_wall;

/* Errors: RPM_OUT_OF_MEMORY, of rpm_reserve. */
rpm_code	rpm_facing_walls_create(const rpm_scene *scene, rpm_control *control, rpm_facing_walls **walls, rpm_status *status);
void		rpm_facing_walls_free(rpm_facing_walls *walls);

/*
 * The walls that mirror the source onto the point as seen from above, by number, at most `room`; returns how many.  Whether the ray meets the wall
 * below its top and is free on its way is not asked.  Thread-safe.
 */
RPM_SHARED int rpm_facing_walls_find(const rpm_facing_walls *walls, rpm_vec3 source, rpm_vec3 point, rpm_facing_wall *found, int room);

/* A wall near a point. */
typedef struct rpm_near_wall
{
	int32_t		facet;
	rpm_vec3	nearest;		/* of it as seen from above, 1 cm inside its ends; at the point's height */
	double		size;			/* the square of the angle that it fills, roughly */
} rpm_near_wall;

/* The walls within RPM_FACING_WALL_M of a point, by number; *near is the caller's to free (NULL for none or without memory). */
size_t		rpm_facing_walls_near(const rpm_facing_walls *walls, rpm_vec3 point, rpm_near_wall **near);

/* Whether a facet is a wall here; the share of its power at this distance from point to reflection; whether a place lies between its ends. */
RPM_SHARED bool rpm_facing_wall_counts(const rpm_facet *facet);
RPM_SHARED double rpm_facing_wall_share(double away_m);
RPM_SHARED bool rpm_facing_wall_spans(const rpm_facet *facet, rpm_vec3 at);

#endif
