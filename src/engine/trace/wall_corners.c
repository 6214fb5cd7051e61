/*
 * wall_corners.c: bands around the corners of walls (wall_corners.h).
 */
#include "trace/wall_corners.h"

#include "scene/sort.h"
#include "trace/leg.h"
#include "trace/roof_edges.h"

#include <stdlib.h>

/* Corners of a band at most, creases of a round wall not counted; groups that it is laid around. */
#define CORNERS_MAX 4
#define GROUPS_MAX 12
/* Legs are looked at from this far off a corner. */
#define LIFT_M 0.01
/* What comes near a leg from below is looked for along chords of the zone of nu = -RPM_BAND_CLEAR_NU, between these shares of the leg. */
#define CHORDS 4
#define POLL_TRIANGLES 4096

typedef struct corner_search
{
	const rpm_roofs *roofs;
	const rpm_scene *scene;
	const rpm_query *query;
	rpm_profile profile;
	int			group_count;
	int32_t		groups[GROUPS_MAX];
} corner_search;

typedef struct grouped_edge
{
	int32_t		group;
	rpm_profile_edge edge;
} grouped_edge;

static rpm_code group_buildings(rpm_roofs *roofs, const rpm_scene *scene, rpm_control *control, rpm_status *status);
static int32_t root(int32_t *parent, int32_t building);
static int	compare_groups(const void *a, const void *b);
RPM_LOCAL bool begin(corner_search *search, rpm_vec3 receiver, rpm_side side);
RPM_LOCAL int corners_of(const rpm_band *band);
RPM_LOCAL bool meets_new_group(corner_search *search, const rpm_band *band, bool *blocked);
RPM_LOCAL bool leg_meets(corner_search *search, rpm_vec3 from, rpm_vec3 to, int32_t *group);
RPM_LOCAL bool known(const corner_search *search, int32_t group);
RPM_LOCAL bool add_group(corner_search *search, int32_t group);
RPM_LOCAL rpm_vec3 leg_end(const corner_search *search, const rpm_band *band, int i);

#ifndef RPM_KERNEL
rpm_code
rpm_wall_corners_sort(rpm_roofs *roofs, const rpm_scene *scene, rpm_control *control, rpm_status *status)
{
	size_t		buildings = scene->building_count, n = roofs->upright_count;
	grouped_edge *sorted;
	rpm_code	code = rpm_reserve(control, scene->vertex_count * sizeof(int32_t) + 2 * (buildings + 1) * sizeof(int32_t)
								   + 2 * n * sizeof(grouped_edge), "the corners of walls", status);

	if (code == RPM_OK)
		code = group_buildings(roofs, scene, control, status);
	if (code != RPM_OK)
		return code;
	sorted = malloc((n + 1) * sizeof(grouped_edge));
	roofs->group_start = calloc(buildings + 1, sizeof(uint32_t));
	if (sorted == NULL || roofs->group_start == NULL)
	{
		free(sorted);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu corners of walls", n);
	}
	for (size_t i = 0; i < n; i++)
	{
		sorted[i] = (grouped_edge) {roofs->group_of[roofs->uprights[i].building], roofs->uprights[i]};
		roofs->group_start[sorted[i].group + 1]++;
	}
	for (size_t i = 0; i < buildings; i++)
		roofs->group_start[i + 1] += roofs->group_start[i];
	code = scene_sort(sorted, n, sizeof(grouped_edge), compare_groups, control);
	for (size_t i = 0; i < n; i++)
		roofs->uprights[i] = sorted[i].edge;
	free(sorted);
	return code == RPM_OK ? code : rpm_fail(status, code, NULL, code == RPM_CANCELLED ? "cancelled" : "no memory to sort %zu corners of walls", n);
}

/* Buildings that share vertices have one group: the lowest of their numbers, so that the order of triangles tells nothing. */
static rpm_code
group_buildings(rpm_roofs *roofs, const rpm_scene *scene, rpm_control *control, rpm_status *status)
{
	int32_t    *owner = malloc((scene->vertex_count + 1) * sizeof(int32_t)), *group = malloc((scene->building_count + 1) * sizeof(int32_t));
	bool		stopped = false;

	roofs->group_of = group;
	if (owner == NULL || group == NULL)
	{
		free(owner);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the groups of %zu buildings", scene->building_count);
	}
	for (size_t i = 0; i < scene->vertex_count; i++)
		owner[i] = RPM_NO_BUILDING;
	for (size_t i = 0; i < scene->building_count; i++)
		group[i] = (int32_t) i;
	for (size_t i = 0; i < scene->triangle_count && !stopped; i++)
	{
		const rpm_triangle *t = &scene->triangles[i];

		for (int k = 0; k < 3 && t->building != RPM_NO_BUILDING; k++)
		{
			int32_t    *own = &owner[t->vertex[k]], a, b;

			if (*own == RPM_NO_BUILDING)
				*own = t->building;
			a = root(group, *own);
			b = root(group, t->building);
			group[a > b ? a : b] = a < b ? a : b;
		}
		stopped = i % POLL_TRIANGLES == 0 && rpm_stopped(control);
	}
	for (size_t i = 0; i < scene->building_count; i++)
		group[i] = root(group, (int32_t) i);
	free(owner);
	return stopped ? rpm_fail(status, RPM_CANCELLED, NULL, "cancelled") : RPM_OK;
}

static int32_t
root(int32_t *parent, int32_t building)
{
	while (parent[building] != building)
		building = parent[building] = parent[parent[building]];
	return building;
}

/* Ties by place, so that the order does not depend on the sort. */
static int
compare_groups(const void *a, const void *b)
{
	const grouped_edge *p = a, *q = b;

	if (p->group != q->group)
		return p->group < q->group ? -1 : 1;
	if (p->edge.x0 != q->edge.x0)
		return p->edge.x0 < q->edge.x0 ? -1 : 1;
	if (p->edge.y0 != q->edge.y0)
		return p->edge.y0 < q->edge.y0 ? -1 : 1;
	if (p->edge.z0 != q->edge.z0)
		return p->edge.z0 < q->edge.z0 ? -1 : 1;
	return (p->edge.wedge > q->edge.wedge) - (p->edge.wedge < q->edge.wedge);
}
#endif

RPM_SHARED bool
rpm_corner_band(const rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query, rpm_vec3 receiver, rpm_side side,
				rpm_band_test worth, const void *context, rpm_band *band)
{
	corner_search search;
	bool		blocked;

	search.roofs = roofs;
	search.scene = scene;
	search.query = query;
	search.group_count = 0;
	if (!begin(&search, receiver, side))
		return false;
	do
	{
		rpm_band_stretch(&search.profile, band);
		if (corners_of(band) > CORNERS_MAX || (band->corner_count > 0 && !worth(context, band)))
			return false;
	} while (meets_new_group(&search, band, &blocked));
	if (blocked || band->corner_count == 0)
		return false;
	rpm_band_chain(&search.profile, band);
	return true;
}

/* Those that go on along a round wall are none of their own. */
RPM_LOCAL int
corners_of(const rpm_band *band)
{
	int			count = 0;

	for (int i = 0; i < band->corner_count; i++)
		count += !band->corners[i].rounds;
	return count;
}

/* The plane: x along the straight line, z level across it, to the side. */
RPM_LOCAL bool
begin(corner_search *search, rpm_vec3 receiver, rpm_side side)
{
	rpm_profile *p = &search->profile;
	rpm_vec3	line = rpm_sub(receiver, search->roofs->transmitter);
	double		along = hypot(line.x, line.y);

	if (!(along > RPM_LEG_END_M))
		return false;
	p->transmitter = p->base = search->roofs->transmitter;
	p->length = rpm_norm(line);
	p->onward = rpm_scale(line, 1 / p->length);
	p->up = rpm_vec(-line.y / along * side, line.x / along * side, 0);
	p->z_begin = p->z_end = 0;
	p->wavelength_m = search->roofs->wavelength_m;
	rpm_profile_clear(p, search->roofs->bench);
	return true;
}

/* Takes in a group that stands in a leg's way, or else close below; blocked: a leg is not free and no new group is to blame. */
RPM_LOCAL bool
meets_new_group(corner_search *search, const rpm_band *band, bool *blocked)
{
	static const double chord_ends[CHORDS + 1] = {0, 0.15, 0.5, 0.85, 1};
	const rpm_profile *p = &search->profile;
	int32_t		group;

	*blocked = false;
	for (int i = 0; i <= band->corner_count; i++)
		if (leg_meets(search, leg_end(search, band, i - 1), leg_end(search, band, i), &group))
		{
			*blocked = group < 0 || known(search, group) || !add_group(search, group);
			return !*blocked;
		}
	for (int i = 0; i <= band->corner_count && band->corner_count > 0; i++)
	{
		rpm_vec3	from = leg_end(search, band, i - 1), leg = rpm_sub(leg_end(search, band, i), from), last = from;
		double		depth = RPM_BAND_CLEAR_NU * sqrt(p->wavelength_m * rpm_norm(leg) / 2);

		for (int k = 1; k <= CHORDS; k++)
		{
			double		part = chord_ends[k];
			rpm_vec3	next = rpm_along(rpm_along(from, part, leg), -depth * sqrt(part * (1 - part)), p->up);

			if (leg_meets(search, last, next, &group) && group >= 0 && !known(search, group) && add_group(search, group))
				return true;
			last = next;
		}
	}
	return false;
}

/* group: whose building it is, RPM_NO_BUILDING for the ground. */
RPM_LOCAL bool
leg_meets(corner_search *search, rpm_vec3 from, rpm_vec3 to, int32_t *group)
{
	uint32_t	triangle;
	int32_t		building;

	if (rpm_leg_clear_or(search->scene, search->query, from, to, NULL, 0, &triangle))
		return false;
	building = search->scene->triangles[triangle].building;
	*group = building == RPM_NO_BUILDING ? building : search->roofs->group_of[building];
	return true;
}

RPM_LOCAL bool
known(const corner_search *search, int32_t group)
{
	for (int i = 0; i < search->group_count; i++)
		if (search->groups[i] == group)
			return true;
	return false;
}

/* Where the group's upright edges cross the plane. */
RPM_LOCAL bool
add_group(corner_search *search, int32_t group)
{
	const rpm_roofs *roofs = search->roofs;
	rpm_profile *p = &search->profile;
	rpm_vec3	across = rpm_cross(p->onward, p->up);

	if (search->group_count == GROUPS_MAX)
		return false;
	search->groups[search->group_count++] = group;
	for (uint32_t i = roofs->group_start[group]; i < roofs->group_start[group + 1]; i++)
	{
		const rpm_profile_edge *e = &roofs->uprights[i];
		rpm_vec3	a = rpm_vec(e->x0, e->y0, e->z0 - p->base.z), b = rpm_vec(e->x1, e->y1, e->z1 - p->base.z);
		double		side0 = rpm_dot(across, a), side1 = rpm_dot(across, b);
		rpm_vec3	place;

		if ((side0 < 0) == (side1 < 0))
			continue;
		place = rpm_along(a, side0 / (side0 - side1), rpm_sub(b, a));
		rpm_profile_add(p, e, rpm_dot(place, p->onward), rpm_dot(place, p->up));
	}
	return true;
}

/* -1 and corner_count are the transmitter and the receiver. */
RPM_LOCAL rpm_vec3
leg_end(const corner_search *search, const rpm_band *band, int i)
{
	const rpm_profile *p = &search->profile;

	if (i < 0)
		return p->base;
	if (i >= band->corner_count)
		return rpm_along(p->base, p->length, p->onward);
	return rpm_along(band->corners[i].point, LIFT_M, p->up);
}
