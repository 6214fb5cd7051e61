/*
 * merge.c: the pieces of one straight edge become one wedge.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/build.h"

#define STRAIGHT_M 0.003		/* a vertex of the edge is this near to the line through its ends */

/* One end of one wedge piece; pieces whose ends have the same key meet. */
typedef struct piece_end { int32_t facet_0, facet_n; uint32_t vertex, piece; } piece_end;

typedef struct rooted_piece { uint32_t root, piece; } rooted_piece;

typedef struct merger
{
	rpm_scene  *scene;
	const uint32_t (*ends)[2];
	const rpm_control *control;
	uint32_t   *parent;			/* union of pieces */
	rooted_piece *order;		/* sorted */
} merger;

static rpm_code join_neighbours(merger *m);
static rpm_code list_ends(merger *m, piece_end *list);
static rpm_code join_ends(merger *m, const piece_end *list);
static bool straight(const merger *m, uint32_t vertex, uint32_t p, uint32_t q);
static uint32_t root(merger *m, uint32_t piece);
static rpm_code make_wedges(merger *m);
static rpm_code sort_pieces(merger *m);
static rpm_code merge_pieces(const merger *m, rpm_wedge *made, size_t *kept);
static bool one_line(const merger *m, const rooted_piece *pieces, size_t count, rpm_wedge *wedge);
static void orient(rpm_wedge *wedge, rpm_vec3 start, rpm_vec3 end);
static int compare_ends(const void *a, const void *b);
static int compare_roots(const void *a, const void *b);
static int compare_wedges(const void *a, const void *b);

rpm_code scene_merge_wedges(rpm_scene *scene, const uint32_t (*ends)[2], const rpm_control *control, rpm_status *status)
{
	merger		m = {.scene = scene, .ends = ends, .control = control};
	size_t		count = scene->wedge_count;
	rpm_code	code = RPM_OUT_OF_MEMORY;

	m.parent = malloc((count + 1) * sizeof *m.parent);
	m.order = malloc((count + 1) * sizeof *m.order);
	if (m.parent && m.order)
		code = join_neighbours(&m);
	if (code == RPM_OK && count > 0)
		code = make_wedges(&m);
	free(m.parent);
	free(m.order);
	return builder_ended(code, "wedges", status);
}

static rpm_code join_neighbours(merger *m)
{
	size_t		count = m->scene->wedge_count;
	piece_end  *list = malloc((2 * count + 1) * sizeof *list);
	rpm_code	code = list ? list_ends(m, list) : RPM_OUT_OF_MEMORY;

	if (code == RPM_OK)
		code = scene_sort(list, 2 * count, sizeof *list, compare_ends, m->control);
	if (code == RPM_OK)
		code = join_ends(m, list);
	free(list);
	return code;
}

/* The ends of every piece, which is a root of its own. */
static rpm_code list_ends(merger *m, piece_end *list)
{
	for (uint32_t i = 0; i < m->scene->wedge_count; i++)
	{
		const rpm_wedge *w = &m->scene->wedges[i];

		if (scene_stopped(m->control, i))
			return RPM_CANCELLED;
		m->parent[i] = i;
		list[2 * i] = (piece_end) {w->facet_0, w->facet_n, m->ends[i][0], i};
		list[2 * i + 1] = (piece_end) {w->facet_0, w->facet_n, m->ends[i][1], i};
	}
	return RPM_OK;
}

/* Pieces that meet lie next to each other; at a vertex of a facet at most a few do. */
static rpm_code join_ends(merger *m, const piece_end *list)
{
	size_t		count = 2 * m->scene->wedge_count;

	for (size_t i = 0; i < count; i++)
	{
		if (scene_stopped(m->control, i))
			return RPM_CANCELLED;
		for (size_t j = i + 1; j < count && j < i + 4; j++)
		{
			const piece_end *p = &list[i], *q = &list[j];

			if (p->facet_0 != q->facet_0 || p->facet_n != q->facet_n || p->vertex != q->vertex)
				break;
			if (straight(m, p->vertex, p->piece, q->piece))
				m->parent[root(m, q->piece)] = root(m, p->piece);
		}
	}
	return RPM_OK;
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

static rpm_code make_wedges(merger *m)
{
	size_t		kept = 0;
	rpm_wedge  *made;
	rpm_code	code = sort_pieces(m);

	if (code != RPM_OK)
		return code;
	made = malloc(m->scene->wedge_count * sizeof *made);
	if (made == NULL)
		return RPM_OUT_OF_MEMORY;
	code = merge_pieces(m, made, &kept);
	/* Sorting takes another array of them. */
	free(m->scene->wedges);
	m->scene->wedges = made;
	m->scene->wedge_count = kept;
	return code == RPM_OK ? scene_sort(made, kept, sizeof *made, compare_wedges, m->control) : code;
}

static rpm_code sort_pieces(merger *m)
{
	size_t		count = m->scene->wedge_count;

	for (uint32_t i = 0; i < count; i++)
	{
		if (scene_stopped(m->control, i))
			return RPM_CANCELLED;
		m->order[i] = (rooted_piece) {root(m, i), i};
	}
	return scene_sort(m->order, count, sizeof *m->order, compare_roots, m->control);
}

static rpm_code merge_pieces(const merger *m, rpm_wedge *made, size_t *kept)
{
	size_t		count = m->scene->wedge_count;

	for (size_t i = 0, end; i < count; i = end)
	{
		if (rpm_stopped(m->control))
			return RPM_CANCELLED;
		for (end = i + 1; end < count && m->order[end].root == m->order[i].root; end++)
			;
		if (end > i + 1 && one_line(m, m->order + i, end - i, &made[*kept]))
			(*kept)++;
		else
			for (size_t k = i; k < end; k++)
				made[(*kept)++] = m->scene->wedges[m->order[k].piece];
	}
	return RPM_OK;
}

/* One wedge over all the pieces, if every end lies near the line through the outermost. */
static bool one_line(const merger *m, const rooted_piece *pieces, size_t count, rpm_wedge *wedge)
{
	const rpm_wedge *longest = &m->scene->wedges[pieces[0].piece];
	double		low = INFINITY, high = -INFINITY;
	uint32_t	first = 0, last = 0;

	for (size_t i = 1; i < count; i++)
		if (m->scene->wedges[pieces[i].piece].length_m > longest->length_m)
			longest = &m->scene->wedges[pieces[i].piece];
	for (size_t i = 0; i < 2 * count; i++)
	{
		uint32_t	vertex = m->ends[pieces[i / 2].piece][i % 2];
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
		rpm_vec3	offset = rpm_sub(m->scene->vertices[m->ends[pieces[i / 2].piece][i % 2]], wedge->start);

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

static int compare_roots(const void *a, const void *b)
{
	const rooted_piece *p = a, *q = b;

	if (p->root != q->root)
		return p->root < q->root ? -1 : 1;
	return (p->piece > q->piece) - (p->piece < q->piece);
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
