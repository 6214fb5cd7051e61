/*
 * facing_walls.c: upright facets by squares of the ground, and their reflections seen from above (facing_walls.h).
 */
#include "trace/facing_walls.h"

#include <stdlib.h>

/* A wall is as upright as this. */
#define UPRIGHT_NORMAL_Z 0.02
#define SQUARE_M 25.0
#define SQUARES_MAX 2000000
/* The source or a point in the wall's own plane sees no reflection. */
#define FADE_M 70.0
#define OFF_PLANE_M 0.01
#define END_INSET_M 0.01

static bool wall_of(const rpm_scene *scene, int32_t facet, rpm_plan_wall *wall);
static void lay_squares(rpm_facing_walls *w);
RPM_LOCAL int	square_at(double from_m, double square_m, int count);
static rpm_code sort_by_square(rpm_facing_walls *w, rpm_control *control, rpm_status *status);
RPM_LOCAL bool mirrors(const rpm_plan_wall *wall, rpm_vec3 source, rpm_vec3 point, rpm_facing_wall *found);

#ifndef RPM_KERNEL
rpm_code
rpm_facing_walls_create(const rpm_scene *scene, rpm_control *control, rpm_facing_walls **walls, rpm_status *status)
{
	rpm_facing_walls *w = *walls = calloc(1, sizeof(rpm_facing_walls));
	rpm_code	code = rpm_reserve(control, scene->facet_count * sizeof(rpm_plan_wall), "the walls that face streets", status);

	if (code != RPM_OK)
		return code;
	if (w == NULL || (w->walls = malloc((scene->facet_count + 1) * sizeof(rpm_plan_wall))) == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu walls", scene->facet_count);
	for (size_t i = 0; i < scene->facet_count; i++)
		w->count += wall_of(scene, (int32_t) i, &w->walls[w->count]);
	lay_squares(w);
	return sort_by_square(w, control, status);
}

void
rpm_facing_walls_free(rpm_facing_walls *walls)
{
	if (walls == NULL)
		return;
	free(walls->walls);
	free(walls->start);
	free(walls->members);
	free(walls);
}

static bool
wall_of(const rpm_scene *scene, int32_t facet, rpm_plan_wall *wall)
{
	const rpm_facet *f = &scene->facets[facet];
	bool		rising = f->normal.x * f->normal.y < 0;
	double		along = hypot(f->normal.x, f->normal.y);

	if (!rpm_facing_wall_counts(f))
		return false;
	*wall = (rpm_plan_wall) {facet, f->low.x, rising ? f->low.y : f->high.y, f->high.x, rising ? f->high.y : f->low.y, f->normal.x / along,
		f->normal.y / along, f->offset_m / along, 0, 0, 0, 0};
	return true;
}

static void
lay_squares(rpm_facing_walls *w)
{
	double		east = -INFINITY, north = -INFINITY;

	w->west = w->south = INFINITY;
	for (size_t i = 0; i < w->count; i++)
	{
		w->west = fmin(w->west, w->walls[i].x0);
		east = fmax(east, w->walls[i].x1);
		w->south = fmin(w->south, fmin(w->walls[i].y0, w->walls[i].y1));
		north = fmax(north, fmax(w->walls[i].y0, w->walls[i].y1));
	}
	w->square_m = SQUARE_M;
	if (w->count == 0)
		w->west = w->south = east = north = 0;
	while ((east - w->west) / w->square_m * ((north - w->south) / w->square_m) > SQUARES_MAX)
		w->square_m *= 2;
	w->columns = (int) ((east - w->west) / w->square_m) + 1;
	w->rows = (int) ((north - w->south) / w->square_m) + 1;
	for (size_t i = 0; i < w->count; i++)
	{
		rpm_plan_wall *wall = &w->walls[i];

		wall->column_low = square_at(wall->x0 - w->west, w->square_m, w->columns);
		wall->column_high = square_at(wall->x1 - w->west, w->square_m, w->columns);
		wall->row_low = square_at(fmin(wall->y0, wall->y1) - w->south, w->square_m, w->rows);
		wall->row_high = square_at(fmax(wall->y0, wall->y1) - w->south, w->square_m, w->rows);
	}
}

/* Counted, then filled: each wall stands in the squares of its bounding box. */
static rpm_code
sort_by_square(rpm_facing_walls *w, rpm_control *control, rpm_status *status)
{
	size_t		squares = (size_t) w->columns * (size_t) w->rows, total = 0;
	rpm_code	code;

	for (size_t i = 0; i < w->count; i++)
		total += (size_t) (w->walls[i].column_high - w->walls[i].column_low + 1) * (size_t) (w->walls[i].row_high - w->walls[i].row_low + 1);
	code = rpm_reserve(control, (squares + total) * sizeof(uint32_t), "the walls by place", status);
	if (code != RPM_OK)
		return code;
	if (total > UINT32_MAX)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Leave facing_walls out of the mechanisms.", "too many walls");
	w->start = calloc(squares + 2, sizeof(uint32_t));
	w->members = malloc((total + 1) * sizeof(uint32_t));
	if (w->start == NULL || w->members == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the walls by place");
	for (int pass = 0; pass < 2; pass++)
	{
		for (size_t i = 0; i < w->count; i++)
			for (int row = w->walls[i].row_low; row <= w->walls[i].row_high; row++)
				for (int column = w->walls[i].column_low; column <= w->walls[i].column_high; column++)
				{
					size_t		square = (size_t) row * (size_t) w->columns + (size_t) column;

					if (pass == 0)
						w->start[square + 2]++;
					else
						w->members[w->start[square + 1]++] = (uint32_t) i;
				}
		for (size_t s = 0; s < squares && pass == 0; s++)
			w->start[s + 2] += w->start[s + 1];
	}
	return RPM_OK;
}
#endif

RPM_LOCAL int
square_at(double from_m, double square_m, int count)
{
	return (int) fmin(fmax(floor(from_m / square_m), 0), count - 1);
}

RPM_SHARED int
rpm_facing_walls_find(const rpm_facing_walls *w, rpm_vec3 source, rpm_vec3 point, rpm_facing_wall *found, int room)
{
	int			column_low = square_at(point.x - RPM_FACING_WALL_M - w->west, w->square_m, w->columns);
	int			column_high = square_at(point.x + RPM_FACING_WALL_M - w->west, w->square_m, w->columns);
	int			row_low = square_at(point.y - RPM_FACING_WALL_M - w->south, w->square_m, w->rows);
	int			row_high = square_at(point.y + RPM_FACING_WALL_M - w->south, w->square_m, w->rows);
	int			count = 0;

	for (int row = row_low; row <= row_high; row++)
		for (int column = column_low; column <= column_high; column++)
		{
			size_t		square = (size_t) row * (size_t) w->columns + (size_t) column;

			for (uint32_t i = w->start[square]; i < w->start[square + 1]; i++)
			{
				const rpm_plan_wall *wall = &w->walls[w->members[i]];

				/* In the first of its squares that is looked at. */
				if (count < room && row == (wall->row_low > row_low ? wall->row_low : row_low)
					&& column == (wall->column_low > column_low ? wall->column_low : column_low))
					count += mirrors(wall, source, point, &found[count]);
			}
		}
	return count;
}

RPM_LOCAL bool
mirrors(const rpm_plan_wall *wall, rpm_vec3 source, rpm_vec3 point, rpm_facing_wall *found)
{
	double		near = wall->nx * point.x + wall->ny * point.y - wall->offset, far = wall->nx * source.x + wall->ny * source.y - wall->offset;
	double		part, x, y, along, dx = wall->x1 - wall->x0, dy = wall->y1 - wall->y0, away;

	if (near * far <= 0 || fabs(near) < OFF_PLANE_M || fabs(far) < OFF_PLANE_M || fabs(near) > RPM_FACING_WALL_M)
		return false;
	found->facet = wall->facet;
	found->image = rpm_vec(point.x - 2 * near * wall->nx, point.y - 2 * near * wall->ny, point.z);
	part = far / (far + near);
	x = source.x + part * (found->image.x - source.x);
	y = source.y + part * (found->image.y - source.y);
	along = (x - wall->x0) * dx + (y - wall->y0) * dy;
	if (!(along >= 0 && along <= dx * dx + dy * dy))
		return false;
	away = hypot(x - point.x, y - point.y);
	found->at_m = hypot(x - source.x, y - source.y);
	found->share = rpm_facing_wall_share(away);
	return found->share > 0;
}

#ifndef RPM_KERNEL
size_t
rpm_facing_walls_near(const rpm_facing_walls *w, rpm_vec3 point, rpm_near_wall **near)
{
	size_t		count = 0;

	*near = malloc((w->count + 1) * sizeof(rpm_near_wall));
	for (size_t i = 0; i < w->count && *near != NULL; i++)
	{
		const rpm_plan_wall *wall = &w->walls[i];
		double		dx = wall->x1 - wall->x0, dy = wall->y1 - wall->y0, length = hypot(dx, dy);
		double		inset = fmin(END_INSET_M, length / 2);
		double		along = ((point.x - wall->x0) * dx + (point.y - wall->y0) * dy) / length;
		double		height = wall->nx * point.x + wall->ny * point.y - wall->offset, away2;
		rpm_near_wall *n = &(*near)[count];

		if (!(length > 0) || fabs(height) < OFF_PLANE_M || fabs(height) > RPM_FACING_WALL_M)
			continue;
		along = fmin(fmax(along, inset), length - inset) / length;
		*n = (rpm_near_wall) {wall->facet, rpm_vec(wall->x0 + along * dx, wall->y0 + along * dy, point.z), 0};
		away2 = (n->nearest.x - point.x) * (n->nearest.x - point.x) + (n->nearest.y - point.y) * (n->nearest.y - point.y);
		n->size = length * fabs(height) / away2;
		count += away2 < RPM_FACING_WALL_M * RPM_FACING_WALL_M;
	}
	return count;
}
#endif

RPM_SHARED bool
rpm_facing_wall_counts(const rpm_facet *facet)
{
	return facet->building != RPM_NO_BUILDING && fabs(facet->normal.z) <= UPRIGHT_NORMAL_Z;
}

RPM_SHARED double
rpm_facing_wall_share(double away_m)
{
	return rpm_smooth_step((RPM_FACING_WALL_M - away_m) / (RPM_FACING_WALL_M - FADE_M));
}

RPM_SHARED bool
rpm_facing_wall_spans(const rpm_facet *facet, rpm_vec3 at)
{
	return at.x >= facet->low.x - END_INSET_M && at.x <= facet->high.x + END_INSET_M
		&& at.y >= facet->low.y - END_INSET_M && at.y <= facet->high.y + END_INSET_M;
}
