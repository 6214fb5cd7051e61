/*
 * merge.c: the pieces of one straight edge become one wedge.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/build.h"

#define STRAIGHT_M 0.003		/* a vertex of the edge is this near to the line through its ends */

/* One end of one wedge piece; pieces whose ends have the same key meet. */
typedef struct piece_end { int32_t facet_0, facet_n; uint32_t vertex, piece; } piece_end;

typedef struct merger
{
	rpm_scene  *scene;
	const uint32_t (*ends)[2];
	uint32_t   *parent;			/* union of pieces */
	uint32_t   *order;			/* pieces, by root */
} merger;

static bool join_neighbours(merger *m);
static bool straight(const merger *m, uint32_t vertex, uint32_t p, uint32_t q);
static uint32_t root(merger *m, uint32_t piece);
static void make_wedges(merger *m);
static bool one_line(const merger *m, const uint32_t *pieces, size_t count, rpm_wedge *wedge);
static void orient(rpm_wedge *wedge, rpm_vec3 start, rpm_vec3 end);
static int compare_ends(const void *a, const void *b);
static int compare_roots(const void *a, const void *b, void *context);
static int compare_wedges(const void *a, const void *b);

rpm_code scene_merge_wedges(rpm_scene *scene, const uint32_t (*ends)[2], const rpm_control *control, rpm_status *status)
{
	merger		m = {.scene = scene, .ends = ends};
	size_t		count = scene->wedge_count;
	rpm_code	code = RPM_OK;

	m.parent = malloc((count + 1) * sizeof *m.parent);
	m.order = malloc((count + 1) * sizeof *m.order);
	if (m.parent == NULL || m.order == NULL || !join_neighbours(&m))
		code = builder_no_memory(status, "wedges");
	else if (rpm_stopped(control))
		code = rpm_fail(status, RPM_CANCELLED, NULL, "stopped while merging wedges");
	else if (count > 0)
		make_wedges(&m);
	free(m.parent);
	free(m.order);
	return code;
}

static bool join_neighbours(merger *m)
{
	size_t		count = m->scene->wedge_count;
	piece_end  *list = malloc((2 * count + 1) * sizeof *list);

	if (list == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++)
	{
		const rpm_wedge *w = &m->scene->wedges[i];

		m->parent[i] = i;
		list[2 * i] = (piece_end) {w->facet_0, w->facet_n, m->ends[i][0], i};
		list[2 * i + 1] = (piece_end) {w->facet_0, w->facet_n, m->ends[i][1], i};
	}
	qsort(list, 2 * count, sizeof *list, compare_ends);
	/* Pieces that meet lie next to each other; at a vertex of a facet at most a few do. */
	for (size_t i = 0; i < 2 * count; i++)
		for (size_t j = i + 1; j < 2 * count && j < i + 4; j++)
		{
			const piece_end *p = &list[i], *q = &list[j];

			if (p->facet_0 != q->facet_0 || p->facet_n != q->facet_n || p->vertex != q->vertex)
				break;
			if (straight(m, p->vertex, p->piece, q->piece))
				m->parent[root(m, q->piece)] = root(m, p->piece);
		}
	free(list);
	return true;
}

/* Two pieces that meet at a vertex go straight on there, with the same side free. */
static bool straight(const merger *m, uint32_t vertex, uint32_t p, uint32_t q)
{
	const rpm_wedge *a = &m->scene->wedges[p], *b = &m->scene->wedges[q];
	rpm_vec3	v = m->scene->vertices[vertex];
	rpm_vec3	from = m->scene->vertices[m->ends[p][m->ends[p][0] == vertex]], to = m->scene->vertices[m->ends[q][m->ends[q][0] == vertex]];
	rpm_vec3	line = rpm_unit(rpm_sub(to, from)), offset = rpm_sub(v, from);

	if (rpm_dot(rpm_sub(v, from), rpm_sub(to, v)) <= 0 || rpm_norm(rpm_along(offset, -rpm_dot(offset, line), line)) > STRAIGHT_M)
		return false;
	return rpm_dot(a->tangent_0, b->tangent_0) > 0.99 && fabs(a->n_pi - b->n_pi) < 0.02;
}

static uint32_t root(merger *m, uint32_t piece)
{
	while (m->parent[piece] != piece)
	{
		m->parent[piece] = m->parent[m->parent[piece]];
		piece = m->parent[piece];
	}
	return piece;
}

static void make_wedges(merger *m)
{
	rpm_wedge  *wedges = m->scene->wedges;
	size_t		count = m->scene->wedge_count, kept = 0;
	rpm_wedge  *made = malloc(count * sizeof *made);

	/* Without memory the pieces stay as they are: as good, only more. */
	if (made == NULL)
		return;
	for (uint32_t i = 0; i < count; i++)
	{
		m->parent[i] = root(m, i);
		m->order[i] = i;
	}
	qsort_r(m->order, count, sizeof *m->order, compare_roots, m->parent);
	for (size_t i = 0, end; i < count; i = end)
	{
		for (end = i + 1; end < count && m->parent[m->order[end]] == m->parent[m->order[i]]; end++)
			;
		if (end > i + 1 && one_line(m, m->order + i, end - i, &made[kept]))
			kept++;
		else
			for (size_t k = i; k < end; k++)
				made[kept++] = wedges[m->order[k]];
	}
	qsort(made, kept, sizeof *made, compare_wedges);
	free(wedges);
	m->scene->wedges = made;
	m->scene->wedge_count = kept;
}

/* One wedge over all the pieces, if every end lies near the line through the outermost. */
static bool one_line(const merger *m, const uint32_t *pieces, size_t count, rpm_wedge *wedge)
{
	const rpm_wedge *longest = &m->scene->wedges[pieces[0]];
	double		low = INFINITY, high = -INFINITY;
	uint32_t	first = 0, last = 0;

	for (size_t i = 1; i < count; i++)
		if (m->scene->wedges[pieces[i]].length_m > longest->length_m)
			longest = &m->scene->wedges[pieces[i]];
	for (size_t i = 0; i < 2 * count; i++)
	{
		uint32_t	vertex = m->ends[pieces[i / 2]][i % 2];
		double		at = rpm_dot(rpm_sub(m->scene->vertices[vertex], longest->start), longest->direction);

		if (at < low)
		{
			low = at;
			first = vertex;
		}
		if (at > high)
		{
			high = at;
			last = vertex;
		}
	}
	*wedge = *longest;
	orient(wedge, m->scene->vertices[first], m->scene->vertices[last]);
	for (size_t i = 0; i < 2 * count; i++)
	{
		rpm_vec3	offset = rpm_sub(m->scene->vertices[m->ends[pieces[i / 2]][i % 2]], wedge->start);

		if (rpm_norm(rpm_along(offset, -rpm_dot(offset, wedge->direction), wedge->direction)) > STRAIGHT_M)
			return false;
	}
	return true;
}

/* The wedge between new ends: its faces' directions are turned as little as they must. */
static void orient(rpm_wedge *wedge, rpm_vec3 start, rpm_vec3 end)
{
	rpm_vec3	d = rpm_sub(end, start);

	wedge->start = start;
	wedge->length_m = rpm_norm(d);
	wedge->direction = rpm_scale(d, 1 / wedge->length_m);
	wedge->tangent_0 = rpm_unit(rpm_along(wedge->tangent_0, -rpm_dot(wedge->tangent_0, wedge->direction), wedge->direction));
	wedge->normal_0 = rpm_cross(wedge->direction, wedge->tangent_0);
}

static int compare_ends(const void *a, const void *b)
{
	const piece_end *p = a, *q = b;

	if (p->facet_0 != q->facet_0)
		return p->facet_0 < q->facet_0 ? -1 : 1;
	if (p->facet_n != q->facet_n)
		return p->facet_n < q->facet_n ? -1 : 1;
	if (p->vertex != q->vertex)
		return p->vertex < q->vertex ? -1 : 1;
	return (p->piece > q->piece) - (p->piece < q->piece);
}

static int compare_roots(const void *a, const void *b, void *context)
{
	const uint32_t *parent = context;
	uint32_t	p = *(const uint32_t *) a, q = *(const uint32_t *) b;

	if (parent[p] != parent[q])
		return parent[p] < parent[q] ? -1 : 1;
	return (p > q) - (p < q);
}

static int compare_wedges(const void *a, const void *b)
{
	const rpm_wedge *p = a, *q = b;
	const double x[] = {p->start.x, p->start.y, p->start.z, p->direction.x, p->direction.y, p->direction.z, p->facet_0, p->facet_n, p->length_m};
	const double y[] = {q->start.x, q->start.y, q->start.z, q->direction.x, q->direction.y, q->direction.z, q->facet_0, q->facet_n, q->length_m};

	for (int k = 0; k < 9; k++)
		if (x[k] != y[k])
			return x[k] < y[k] ? -1 : 1;
	return 0;
}
