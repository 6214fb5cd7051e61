/*
 * wedges.c: the edges that diffract.
 *
 * Around each edge the directions of its faces are sorted by angle; the widest empty sector, if it exceeds pi, is the outside.  Facets have no
 * sense of inside, so a sector that lies in a building (a corner that is concave from outside, an edge on a neighbour's wall) is found by
 * looking at points in it.  Only buildings of the edge's weld group count there: with rows welded by themselves, each is as if alone.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/build.h"

#define MAX_FACES 32			/* at one edge; more are no building's */
#define PROBE_M 0.02			/* how far from the edge the sector is looked at */

typedef struct face { double angle; rpm_vec3 tangent; int32_t facet; } face;

typedef struct finder
{
	rpm_scene  *scene;
	const edge_list *edges;
	const inside_index *inside;
	bool		has_ground, free_edges;
	uint32_t	(*ends)[2];		/* the vertices of each wedge */
	size_t		capacity, ends_capacity;
} finder;

static rpm_code find_all(finder *f, const rpm_control *control, rpm_status *status);
static bool lies_on_ground(const finder *f, rpm_vec3 a, rpm_vec3 b);
static int collect_faces(const finder *f, size_t run, rpm_vec3 start, rpm_vec3 direction, face *faces);
static bool widest_sector(face *faces, int count, bool free_edges, rpm_wedge *wedge);
static bool sector_is_open(const finder *f, const rpm_wedge *wedge);
static bool add_wedge(finder *f, const rpm_wedge *wedge, uint32_t a, uint32_t b);
static int compare_faces(const void *a, const void *b);

rpm_code scene_wedges(rpm_scene *scene, const edge_list *edges, const inside_index *inside, bool has_ground, bool free_edges,
					  const rpm_control *control, rpm_status *status)
{
	finder		f = {.scene = scene, .edges = edges, .inside = inside, .has_ground = has_ground, .free_edges = free_edges};
	rpm_code	code = find_all(&f, control, status);

	if (code == RPM_OK)
		code = scene_merge_wedges(scene, f.ends, control, status);
	free(f.ends);
	return code;
}

static rpm_code find_all(finder *f, const rpm_control *control, rpm_status *status)
{
	const rpm_vec3 *vertices = f->scene->vertices;

	for (size_t run = 0; run < f->edges->run_count; run++)
	{
		const edge_piece *piece = &f->edges->piece[f->edges->run_start[run]];
		rpm_wedge	wedge = {.start = vertices[piece->a]};
		rpm_vec3	end = vertices[piece->b];
		face		faces[MAX_FACES];
		double		sign;
		int			count;
		bool		ground = f->scene->triangles[piece->triangle].building == RPM_NO_BUILDING;

		if (rpm_stopped(control))
			return builder_ended(RPM_CANCELLED, "wedges", status);
		if (!ground && lies_on_ground(f, wedge.start, end))
			continue;
		/* Upward, else by the sign of y, x. */
		sign = end.z != wedge.start.z ? end.z - wedge.start.z : end.y != wedge.start.y ? end.y - wedge.start.y : end.x - wedge.start.x;
		if (sign < 0)
		{
			rpm_vec3	swap = end;

			end = wedge.start;
			wedge.start = swap;
		}
		wedge.length_m = rpm_norm(rpm_sub(end, wedge.start));
		if (wedge.length_m < 2 * JUNCTION_M)
			continue;
		wedge.direction = rpm_scale(rpm_sub(end, wedge.start), 1 / wedge.length_m);
		count = collect_faces(f, run, wedge.start, wedge.direction, faces);
		if (!widest_sector(faces, count, f->free_edges && !ground, &wedge))
			continue;
		wedge.building = f->scene->facets[wedge.facet_0].building;
		if (!sector_is_open(f, &wedge))
			continue;
		if (!add_wedge(f, &wedge, piece->a, piece->b))
			return builder_no_memory(status, "wedges");
	}
	return RPM_OK;
}

static bool lies_on_ground(const finder *f, rpm_vec3 a, rpm_vec3 b)
{
	return f->has_ground && a.z <= rpm_scene_ground_z(f->scene, a.x, a.y) + GROUND_CONTACT_M &&
		b.z <= rpm_scene_ground_z(f->scene, b.x, b.y) + GROUND_CONTACT_M;
}

/* The directions of the faces at an edge, across it, by their facets' planes: a small triangle's own is blurred by rounding. */
static int collect_faces(const finder *f, size_t run, rpm_vec3 start, rpm_vec3 direction, face *faces)
{
	rpm_vec3	e1, e2;
	int			count = 0;

	for (uint32_t i = f->edges->run_start[run]; i < f->edges->run_start[run + 1] && count < MAX_FACES; i++)
	{
		const rpm_triangle *t = &f->scene->triangles[f->edges->piece[i].triangle];
		rpm_vec3	tangent = rpm_unit(rpm_cross(f->scene->facets[t->facet].normal, direction));
		double		furthest = 0;

		for (int k = 0; k < 3; k++)
		{
			double		side = rpm_dot(rpm_sub(f->scene->vertices[t->vertex[k]], start), tangent);

			furthest = fabs(side) > fabs(furthest) ? side : furthest;
		}
		if (furthest == 0)
			continue;
		faces[count].tangent = furthest < 0 ? rpm_scale(tangent, -1) : tangent;
		faces[count].facet = t->facet;
		count++;
	}
	if (count == 0)
		return 0;
	e1 = faces[0].tangent;
	e2 = rpm_cross(direction, e1);
	for (int i = 0; i < count; i++)
	{
		double		angle = atan2(rpm_dot(faces[i].tangent, e2), rpm_dot(faces[i].tangent, e1));

		/* The first face is at 0, and so is what coincides with it. */
		faces[i].angle = angle < -1e-6 ? angle + 2 * RPM_PI : fmax(angle, 0);
	}
	qsort(faces, (size_t) count, sizeof *faces, compare_faces);
	return count;
}

static int compare_faces(const void *a, const void *b)
{
	const face *p = a, *q = b;

	if (p->angle != q->angle)
		return p->angle < q->angle ? -1 : 1;
	return (p->facet > q->facet) - (p->facet < q->facet);
}

/* Sets the wedge's faces and angle from the widest sector between neighbours in angle; false when it is none. */
static bool widest_sector(face *faces, int count, bool free_edges, rpm_wedge *wedge)
{
	int			from = -1, to;
	double		widest = 0;

	for (int i = 0; i < count; i++)
	{
		double		width = i + 1 < count ? faces[i + 1].angle - faces[i].angle : faces[0].angle + 2 * RPM_PI - faces[i].angle;

		if (width > widest)
		{
			widest = width;
			from = i;
		}
	}
	if (from < 0 || widest <= RPM_PI + WEDGE_RAD)
		return false;
	to = from + 1 < count ? from + 1 : 0;
	if (widest >= 2 * RPM_PI - WEDGE_RAD)
	{
		if (!free_edges)
			return false;
		widest = 2 * RPM_PI;
		to = from;
	}
	wedge->tangent_0 = faces[from].tangent;
	wedge->normal_0 = rpm_cross(wedge->direction, wedge->tangent_0);
	wedge->n_pi = widest;
	wedge->facet_0 = faces[from].facet;
	wedge->facet_n = faces[to].facet;
	return true;
}

/* No point of the sector near the middle of the edge lies in a building; of the ground the outside is above. */
static bool sector_is_open(const finder *f, const rpm_wedge *wedge)
{
	/* Away from the middle and from the halves, where edges of triangles like to be. */
	static const double parts[] = {0.13, 0.37, 0.53, 0.64, 0.88};
	rpm_vec3	middle = rpm_along(wedge->start, 0.4871 * wedge->length_m, wedge->direction);

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
	{
		double		phi = parts[i] * wedge->n_pi;
		rpm_vec3	out = rpm_add(rpm_scale(wedge->tangent_0, cos(phi)), rpm_scale(wedge->normal_0, sin(phi)));

		if (wedge->building == RPM_NO_BUILDING)
		{
			if (i == 2 && out.z <= 0)
				return false;
		}
		else if (scene_point_inside(f->inside, rpm_along(middle, PROBE_M, out), f->inside->group[wedge->building]))
			return false;
	}
	return true;
}

static bool add_wedge(finder *f, const rpm_wedge *wedge, uint32_t a, uint32_t b)
{
	if (!array_grow((void **) &f->scene->wedges, sizeof *wedge, f->scene->wedge_count, &f->capacity) ||
		!array_grow((void **) &f->ends, sizeof *f->ends, f->scene->wedge_count, &f->ends_capacity))
		return false;
	f->ends[f->scene->wedge_count][0] = a;
	f->ends[f->scene->wedge_count][1] = b;
	f->scene->wedges[f->scene->wedge_count++] = *wedge;
	return true;
}
