/*
 * ground.h: what lies where in plan: a grid of boxes, triangles above a point, the inside of buildings.
 */
#ifndef RPM_SCENE_GROUND_H
#define RPM_SCENE_GROUND_H

#include "rpm_scene.h"

/* A grid over boxes in plan: cell c holds item[start[c]] .. item[start[c + 1] - 1]. */
typedef struct rpm_ground_index
{
	double		low_x, low_y, high_x, high_y, cell_m;
	uint32_t	columns, rows;
	uint32_t   *start, *item;
	size_t		bytes;
} rpm_ground_index;

/* An item and its extent; low_x > high_x: it has none. */
typedef struct plan_box { double low_x, low_y, high_x, high_y; uint32_t item; } plan_box;

/* At most 16 entries per box, so that a few large ones do not fill it.  *index is left NULL on failure. */
rpm_code	plan_index_create(const plan_box *boxes, size_t count, const rpm_control *control, rpm_ground_index **index, rpm_status *status);

/* Over the triangles first .. end - 1 of a scene, those that are not vertical. */
rpm_code	triangle_index_create(const rpm_scene *scene, size_t first, size_t end, const rpm_control *control, rpm_ground_index **index,
								  rpm_status *status);
void		plan_index_free(rpm_ground_index *index);

/* The entries of the cell at (x, y); 0 outside. */
RPM_SHARED size_t plan_index_cell(const rpm_ground_index *index, double x, double y, const uint32_t **items);

/*
 * Whether the line through point along axis (2: upward) meets the triangle; *at is the coordinate there.  The border belongs to one of
 * two neighbours only (half-open), so that crossings can be counted.
 */
RPM_SHARED bool triangle_crossing(const rpm_scene *scene, const rpm_triangle *triangle, rpm_vec3 point, int axis, double *at);

/* What scene_point_inside asks. */
typedef struct inside_index
{
	const rpm_scene *scene;
	rpm_ground_index *triangles, *buildings;
	rpm_vec3	(*box)[2];		/* per building: low, high */
	uint32_t   *group;			/* per building: weld group */
} inside_index;

rpm_code	inside_index_create(const rpm_scene *scene, const uint32_t *vertex_group, const rpm_control *control, inside_index *index,
								rpm_status *status);
void		inside_index_free(inside_index *index);

/* Whether a point lies inside a building of this weld group: what is not welded to an edge does not change it. */
bool		scene_point_inside(const inside_index *index, rpm_vec3 point, uint32_t group);

#endif
