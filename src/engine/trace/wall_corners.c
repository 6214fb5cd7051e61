/*
 * wall_corners.c: bands around the corners of walls (wall_corners.h).
 */
#include "trace/wall_corners.h"

#include "scene/sort.h"
#include "trace/leg.h"
#include "trace/roof_edges.h"

#include <stdlib.h>

/* Corners of a band at most, creases of a round wall not counted; groups behind the first that are passed on either side; looks in one search. */
#define CORNERS_MAX 4
#define TURNS_MAX 2
#define LOOKS_MAX 64
/* Legs are looked at from this far off a corner. */
#define LIFT_M 0.01
/* What comes near a leg from below is looked for along chords of the zone of nu = -RPM_BAND_CLEAR_NU, between these shares of the leg. */
#define CHORDS 4
#define POLL_TRIANGLES 4096
/* What goes around corners comes in while the band over the roofs rises to this nu. */
#define BESIDE_NU 1.0

typedef struct grouped_edge
{
	int32_t		group;
	rpm_profile_edge edge;
} grouped_edge;

static rpm_code group_buildings(rpm_roofs *roofs, const rpm_scene *scene, rpm_control *control, rpm_status *status);
static int32_t root(int32_t *parent, int32_t building);
static int	compare_groups(const void *a, const void *b);
RPM_LOCAL bool look(rpm_corner_search *search, rpm_band *band);
RPM_LOCAL bool turn_back(rpm_corner_search *search, rpm_band *band);
RPM_LOCAL int corners_of(const rpm_band *band);
RPM_LOCAL double before_mirror(const rpm_corner_search *search, rpm_vec3 place);
RPM_LOCAL bool meets_new_group(rpm_corner_search *search, const rpm_band *band, bool *blocked);
RPM_LOCAL bool may_turn(const rpm_corner_search *search);
RPM_LOCAL bool passes_new_group(rpm_corner_search *search, const rpm_band *band);
RPM_LOCAL bool passes_on_side(rpm_corner_search *search, const rpm_band *band, int leg, int side);
RPM_LOCAL bool leg_meets(const rpm_corner_search *search, rpm_vec3 from, rpm_vec3 to, int32_t *group);
RPM_LOCAL rpm_vec3 up_to_mirror(const rpm_corner_search *search, rpm_vec3 from, rpm_vec3 to);
RPM_LOCAL int passed_at(const rpm_corner_search *search, int32_t group);
RPM_LOCAL bool add_group(rpm_corner_search *search, const rpm_band *band, rpm_passed_group group);
RPM_LOCAL int add_edges(rpm_corner_search *search, const rpm_band *band, int at);
RPM_LOCAL bool add_edge(rpm_corner_search *search, const rpm_band *band, int at, const rpm_profile_edge *edge,
						   rpm_vec3 place);
RPM_LOCAL void remove_edges(rpm_corner_search *search, int at);
RPM_LOCAL double band_z(const rpm_profile *p, const rpm_band *band, double x);
RPM_LOCAL rpm_vec3 leg_end(const rpm_corner_search *search, const rpm_band *band, int i);

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
rpm_corner_search_next(rpm_corner_search *search, rpm_band *band)
{
	int32_t		group;

	if (search->begun && !turn_back(search, band))
		return false;
	search->begun = true;
	do
		if (look(search, band))
		{
			/* Buildings that were taken in unasked may but touch the line. */
			if (search->question->over != NULL
				&& !leg_meets(search, search->question->transmitter, search->question->receiver, &group))
				return false;
			rpm_band_chain(&search->profile, band);
			return true;
		}
	while (turn_back(search, band));
	return false;
}

RPM_SHARED void
rpm_corner_near(const rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query, const rpm_corner_question *question,
				rpm_side side, rpm_band *band)
{
	rpm_corner_search search;

	band->corner_count = band->count = 0;
	if (!rpm_corner_search_begin(&search, roofs, scene, query, question, side))
		return;
	while (passes_new_group(&search, band))
		continue;
	rpm_band_stretch(&search.profile, band);
	rpm_band_chain(&search.profile, band);
}

RPM_SHARED double
rpm_corner_share(const rpm_band *over)
{
	double		nu = 0;

	for (int i = 0; i < over->corner_count; i++)
		nu = fmax(nu, over->corners[i].nu);
	return rpm_smooth_step(nu / BESIDE_NU);
}

/* The plane: x along the straight line, z level across it, to the side. */
RPM_SHARED bool
rpm_corner_search_begin(rpm_corner_search *search, const rpm_roofs *roofs, const rpm_scene *scene, const rpm_query *query,
						const rpm_corner_question *question, rpm_side side)
{
	rpm_profile *p = &search->profile;
	rpm_vec3	line = rpm_sub(question->receiver, question->transmitter);
	double		along = hypot(line.x, line.y);
	rpm_band	straight;

	search->question = question;
	search->roofs = roofs;
	search->scene = scene;
	search->query = query;
	search->passed_count = search->looks = 0;
	search->begun = false;
	if (!(along > RPM_LEG_END_M))
		return false;
	p->transmitter = roofs->transmitter;
	p->base = question->transmitter;
	p->length = rpm_norm(line);
	p->onward = rpm_scale(line, 1 / p->length);
	p->up = rpm_vec(-line.y / along * side, line.x / along * side, 0);
	p->z_begin = p->z_end = 0;
	p->wavelength_m = roofs->wavelength_m;
	rpm_profile_clear(p, roofs->bench);
	search->facing = question->mirror == RPM_NO_FACET ? 0 : 1;
	if (before_mirror(search, question->true_end) < 0)
		search->facing = -1;
	straight.corner_count = 0;
	for (int i = 0; question->over != NULL && i < question->over->corner_count; i++)
	{
		int32_t		building = question->over->corners[i].edge->building;

		if (building != RPM_NO_BUILDING && passed_at(search, roofs->group_of[building]) < 0)
			add_group(search, &straight, (rpm_passed_group) {roofs->group_of[building], 1, true, false});
	}
	return true;
}

/* Lays the band around what its legs meet, until they are free; false where they do not come free, or it is not worth it. */
RPM_LOCAL bool
look(rpm_corner_search *search, rpm_band *band)
{
	const rpm_corner_question *question = search->question;
	bool		blocked;

	do
	{
		rpm_band_stretch(&search->profile, band);
		if (corners_of(band) > CORNERS_MAX || ++search->looks > LOOKS_MAX
			|| (band->corner_count > 0 && !question->worth(question->context, band)))
			return false;
	} while (meets_new_group(search, band, &blocked));
	return !blocked && band->corner_count > 0;
}

/* The last group that may be passed on its other side too is, and those after it are forgotten; false where there is none. */
RPM_LOCAL bool
turn_back(rpm_corner_search *search, rpm_band *band)
{
	while (search->passed_count > 0 && search->looks < LOOKS_MAX)
	{
		rpm_passed_group *last = &search->passed[search->passed_count - 1];

		remove_edges(search, search->passed_count - 1);
		if (!last->settled)
		{
			rpm_band_stretch(&search->profile, band);
			last->side = -last->side;
			last->settled = true;
			add_edges(search, band, search->passed_count - 1);
			return true;
		}
		search->passed_count--;
	}
	return false;
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

/* Metres from the mirror's plane on the side of the true end; 0 without a mirror. */
RPM_LOCAL double
before_mirror(const rpm_corner_search *search, rpm_vec3 place)
{
	const rpm_facet *mirror;

	if (search->facing == 0)
		return 0;
	mirror = &search->scene->facets[search->question->mirror];
	return search->facing * (rpm_dot(mirror->normal, place) - mirror->offset_m);
}

/*
 * Takes in what stands in a leg's way: a new group, or edges of one that lay far from the way before; or else a group close beside it.
 * blocked: a leg is not free and nothing new is to blame.
 */
RPM_LOCAL bool
meets_new_group(rpm_corner_search *search, const rpm_band *band, bool *blocked)
{
	int32_t		group;

	*blocked = false;
	for (int i = 0; i <= band->corner_count; i++)
		if (leg_meets(search, leg_end(search, band, i - 1), leg_end(search, band, i), &group))
		{
			int			at = group < 0 ? -1 : passed_at(search, group);

			*blocked = group < 0
				|| !(at >= 0 ? add_edges(search, band, at) > 0
					 : add_group(search, band, (rpm_passed_group) {group, 1, !may_turn(search), false}));
			return !*blocked;
		}
	return band->corner_count > 0 && passes_new_group(search, band);
}

/* Whether the next group may be passed on either side. */
RPM_LOCAL bool
may_turn(const rpm_corner_search *search)
{
	return search->question->winding && search->passed_count > 0 && search->passed_count <= TURNS_MAX;
}

/* The same of those close below, and where ways may wind of those close above. */
RPM_LOCAL bool
passes_new_group(rpm_corner_search *search, const rpm_band *band)
{
	for (int side = 1; side >= (search->question->winding ? -1 : 1); side -= 2)
		for (int i = 0; i <= band->corner_count; i++)
			if (passes_on_side(search, band, i, side))
				return true;
	return false;
}

RPM_LOCAL bool
passes_on_side(rpm_corner_search *search, const rpm_band *band, int leg, int side)
{
	static const double chord_ends[CHORDS + 1] = {0, 0.15, 0.5, 0.85, 1};
	const rpm_profile *p = &search->profile;
	rpm_vec3	from = leg_end(search, band, leg - 1), way = rpm_sub(leg_end(search, band, leg), from), last = from;
	double		depth = RPM_BAND_CLEAR_NU * sqrt(p->wavelength_m * rpm_norm(way) / 2);
	int32_t		group;

	for (int k = 1; k <= CHORDS; k++)
	{
		double		part = chord_ends[k];
		rpm_vec3	next = rpm_along(rpm_along(from, part, way), -side * depth * sqrt(part * (1 - part)), p->up);

		if (leg_meets(search, last, next, &group) && group >= 0 && passed_at(search, group) < 0
			&& add_group(search, band, (rpm_passed_group) {group, side, true, true}))
			return true;
		last = next;
	}
	return false;
}

/* group: whose building it is, RPM_NO_BUILDING for the ground. */
RPM_LOCAL bool
leg_meets(const rpm_corner_search *search, rpm_vec3 from, rpm_vec3 to, int32_t *group)
{
	uint32_t	triangle;
	int32_t		building;

	if ((before_mirror(search, from) < 0 && before_mirror(search, to) < 0)
		|| rpm_leg_clear_or(search->scene, search->query, up_to_mirror(search, to, from), up_to_mirror(search, from, to),
							&search->question->mirror, 1, &triangle))
		return false;
	building = search->scene->triangles[triangle].building;
	*group = building == RPM_NO_BUILDING ? building : search->roofs->group_of[building];
	return true;
}

/* The end of a leg, or where it meets the mirror's plane if it lies beyond. */
RPM_LOCAL rpm_vec3
up_to_mirror(const rpm_corner_search *search, rpm_vec3 from, rpm_vec3 to)
{
	double		begin = before_mirror(search, from), end = before_mirror(search, to);

	return begin > 0 && end < 0 ? rpm_along(from, begin / (begin - end), rpm_sub(to, from)) : to;
}

/* Where a group stands among those that are passed, or -1. */
RPM_LOCAL int
passed_at(const rpm_corner_search *search, int32_t group)
{
	for (int i = 0; i < search->passed_count; i++)
		if (search->passed[i].group == group)
			return i;
	return -1;
}

RPM_LOCAL bool
add_group(rpm_corner_search *search, const rpm_band *band, rpm_passed_group group)
{
	if (search->passed_count == RPM_CORNER_GROUPS_MAX)
		return false;
	search->passed[search->passed_count++] = group;
	add_edges(search, band, search->passed_count - 1);
	return true;
}

/* How many of the group's upright edges that were not there yet stand in the band's way or near it. */
RPM_LOCAL int
add_edges(rpm_corner_search *search, const rpm_band *band, int at)
{
	const rpm_roofs *roofs = search->roofs;
	const rpm_profile *p = &search->profile;
	rpm_vec3	across = rpm_cross(p->onward, p->up), moved = rpm_sub(rpm_vec(p->transmitter.x, p->transmitter.y, 0), p->base);
	int32_t		group = search->passed[at].group;
	int			side = search->passed[at].side, count = 0;
	double		lowest = 0, depth = RPM_BAND_CLEAR_NU * sqrt(p->wavelength_m * p->length / 8);

	for (int i = 0; i < band->corner_count; i++)
		lowest = fmin(lowest, side * band->corners[i].z);
	for (uint32_t i = roofs->group_start[group]; i < roofs->group_start[group + 1]; i++)
	{
		const rpm_profile_edge *e = &roofs->uprights[i];
		rpm_vec3	a = rpm_add(moved, rpm_vec(e->x0, e->y0, e->z0)), b = rpm_add(moved, rpm_vec(e->x1, e->y1, e->z1));
		double		side0, side1;

		/* Farther from all of the band than the widest of the zone nothing counts. */
		if (side * rpm_dot(a, p->up) < lowest - depth && side * rpm_dot(b, p->up) < lowest - depth)
			continue;
		side0 = rpm_dot(across, a);
		side1 = rpm_dot(across, b);
		if ((side0 < 0) != (side1 < 0))
			count += add_edge(search, band, at, e, rpm_along(a, side0 / (side0 - side1), rpm_sub(b, a)));
	}
	return count;
}

/* Whether an edge that crosses the plane at a place, on this side of the mirror, is a new one that counts. */
RPM_LOCAL bool
add_edge(rpm_corner_search *search, const rpm_band *band, int at, const rpm_profile_edge *edge, rpm_vec3 place)
{
	rpm_profile *p = &search->profile;
	double		x = rpm_dot(place, p->onward), z = rpm_dot(place, p->up), off_end = fmin(x, p->length - x), over;
	int			side = search->passed[at].side;
	rpm_crossing crossing = {x, z, 0, edge, side, at, 1};
	/* A leg that rays find free may pass below it by so much: legs are looked at off the corners. */
	double		free_m = search->question->worth == NULL ? RPM_LEG_END_M : LIFT_M;

	if (!(off_end > 0) || off_end * off_end + z * z < RPM_LEG_END_M * RPM_LEG_END_M)
		return false;
	over = side * (z - band_z(p, band, x));
	if (over < -RPM_BAND_CLEAR_NU * sqrt(p->wavelength_m * x * (p->length - x) / (2 * p->length))
		|| (search->passed[at].beside && over >= free_m)
		|| (search->facing != 0 && before_mirror(search, rpm_add(p->base, place)) <= RPM_LEG_END_M))
		return false;
	for (int i = 0; i < p->count; i++)
		if (p->at[i].edge == edge)
			return false;
	rpm_profile_put(p, &crossing);
	return true;
}

RPM_LOCAL void
remove_edges(rpm_corner_search *search, int at)
{
	rpm_profile *p = &search->profile;
	int			kept = 0;

	p->between = false;
	for (int i = 0; i < p->count; i++)
		if (p->at[i].group != at)
		{
			p->at[kept++] = p->at[i];
			p->between = p->between || p->at[kept - 1].side != p->at[0].side;
		}
	p->count = kept;
}

/* How far aside the band is at x. */
RPM_LOCAL double
band_z(const rpm_profile *p, const rpm_band *band, double x)
{
	double		x0 = 0, z0 = p->z_begin;

	for (int i = 0; i < band->corner_count; i++)
	{
		const rpm_band_corner *c = &band->corners[i];

		if (x <= c->x)
			return z0 + (c->z - z0) * (x - x0) / (c->x - x0);
		x0 = c->x;
		z0 = c->z;
	}
	return z0 + (p->z_end - z0) * (x - x0) / (p->length - x0);
}

/* -1 and corner_count are the transmitter and the receiver. */
RPM_LOCAL rpm_vec3
leg_end(const rpm_corner_search *search, const rpm_band *band, int i)
{
	const rpm_profile *p = &search->profile;

	if (i < 0)
		return p->base;
	if (i >= band->corner_count)
		return rpm_along(p->base, p->length, p->onward);
	return rpm_along(band->corners[i].point, band->corners[i].side * LIFT_M, p->up);
}
