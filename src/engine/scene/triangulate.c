/*
 * triangulate.c: ear cutting with exact predicates.
 *
 * Holes are joined to the shell by bridges from their leftmost points (D. Eberly, "Triangulation by ear clipping", 2002).  Points that
 * are not convex lie in a grid, so that testing an ear costs its neighbourhood, not the whole ring.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene/sort.h"
#include "scene/triangulate.h"

typedef struct node { uint32_t point; int32_t previous, next; bool removed; } node;

typedef struct cutter
{
	const flat_point *points;
	node	   *nodes;
	int32_t		node_count;
	/* Grid of the points that are not convex: cell c holds cell_node[cell_start[c]] .. cell_node[cell_start[c + 1] - 1]. */
	int32_t    *cell_start, *cell_node;
	int64_t		low_x, low_y, cell_steps;
	int32_t		columns, rows;
	const rpm_control *control;
	flat_triangles *out;
} cutter;

typedef struct hole { int32_t leftmost; flat_point at; } hole;

static rpm_code cut_all(cutter *cut, const size_t *ring_end, size_t ring_count);
static int32_t link_ring(cutter *cut, size_t first, size_t end, bool counter_clockwise);
static rpm_code join_holes(cutter *cut, int32_t shell, hole *holes, size_t count);
static int32_t find_bridge(const cutter *cut, int32_t shell, flat_point h);
static int32_t nearer_bridge(const cutter *cut, int32_t edge, int32_t m, flat_point h);
static void split(cutter *cut, int32_t a, int32_t b);
static bool build_grid(cutter *cut, int32_t start);
static rpm_code cut_ears(cutter *cut, int32_t start, int32_t left);
static bool is_ear(const cutter *cut, int32_t at);
static bool cell_blocks(const cutter *cut, int32_t cell, int32_t at);
static bool drop_spike(cutter *cut, int32_t *at, int32_t *left);
static void unlink_node(cutter *cut, int32_t at);
static void emit(cutter *cut, int32_t at);
static int compare_holes(const void *a, const void *b);

static inline flat_point at_node(const cutter *cut, int32_t i) { return cut->points[cut->nodes[i].point]; }
static inline bool same(flat_point a, flat_point b) { return a.x == b.x && a.y == b.y; }

/* The sign says on which side of a-b the point c lies: left positive.  Differences up to 1e9, a row's 100 km, keep it within 64 bits. */
static inline int64_t side(flat_point a, flat_point b, flat_point c)
{
	return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

static inline int64_t turn(const cutter *cut, int32_t i)
{
	return side(at_node(cut, cut->nodes[i].previous), at_node(cut, i), at_node(cut, cut->nodes[i].next));
}

double ring_area2(const flat_point *points, size_t count)
{
	__int128	sum = 0;

	for (size_t i = 1; i + 1 < count; i++)
		sum += side(points[0], points[i], points[i + 1]);
	return (double) sum;
}

rpm_code triangulate(const flat_point *points, const size_t *ring_end, size_t ring_count, const rpm_control *control,
					 flat_triangles *triangles)
{
	cutter		cut = {.points = points, .control = control, .out = triangles};
	size_t		point_count = ring_count ? ring_end[ring_count - 1] : 0;
	rpm_code	code = RPM_OUT_OF_MEMORY;

	*triangles = (flat_triangles) {.complete = true};
	if (point_count < 3)
		return RPM_OK;
	cut.nodes = malloc((point_count + 2 * ring_count) * sizeof *cut.nodes);
	triangles->corner = malloc((point_count + 2 * ring_count) * sizeof *triangles->corner);
	if (cut.nodes && triangles->corner)
		code = cut_all(&cut, ring_end, ring_count);
	free(cut.nodes);
	free(cut.cell_start);
	free(cut.cell_node);
	if (code != RPM_OK)
	{
		free(triangles->corner);
		*triangles = (flat_triangles) {0};
	}
	return code;
}

static rpm_code cut_all(cutter *cut, const size_t *ring_end, size_t ring_count)
{
	int32_t		shell = link_ring(cut, 0, ring_end[0], true);
	size_t		holes_count = 0;
	hole	   *holes = malloc(ring_count * sizeof *holes);
	rpm_code	code;

	if (holes == NULL)
		return RPM_OUT_OF_MEMORY;
	for (size_t r = 1; r < ring_count; r++)
		if (ring_end[r] - ring_end[r - 1] >= 3)
		{
			hole	   *h = &holes[holes_count++];

			h->leftmost = link_ring(cut, ring_end[r - 1], ring_end[r], false);
			h->at = at_node(cut, h->leftmost);
		}
	code = shell < 0 ? RPM_OK : join_holes(cut, shell, holes, holes_count);
	free(holes);
	if (code != RPM_OK || shell < 0)
		return code;
	if (!build_grid(cut, shell))
		return RPM_OUT_OF_MEMORY;
	return cut_ears(cut, shell, cut->node_count);
}

/* Links a ring in the given direction; the node of its leftmost, lowest point, where every ring starts, or -1. */
static int32_t link_ring(cutter *cut, size_t first, size_t end, bool counter_clockwise)
{
	size_t		count = end - first, start = 0;
	bool		forward = (ring_area2(cut->points + first, count) > 0) == counter_clockwise;
	int32_t		base = cut->node_count;

	if (count < 3)
		return -1;
	for (size_t i = 1; i < count; i++)
	{
		flat_point	p = cut->points[first + i], q = cut->points[first + start];

		if (p.x < q.x || (p.x == q.x && p.y < q.y))
			start = i;
	}
	for (size_t i = 0; i < count; i++)
	{
		size_t		index = forward ? (start + i) % count : (start + count - i) % count;

		cut->nodes[base + i] = (node) {.point = (uint32_t) (first + index), .previous = base + (int32_t) ((i + count - 1) % count),
		.next = base + (int32_t) ((i + 1) % count)};
	}
	cut->node_count += (int32_t) count;
	return base;
}

static rpm_code join_holes(cutter *cut, int32_t shell, hole *holes, size_t count)
{
	rpm_code	code = scene_sort(holes, count, sizeof *holes, compare_holes, cut->control);

	for (size_t i = 0; i < count && code == RPM_OK; i++)
	{
		int32_t		bridge;

		if (rpm_stopped(cut->control))
			return RPM_CANCELLED;
		bridge = find_bridge(cut, shell, holes[i].at);
		if (bridge < 0)
			cut->out->complete = false;
		else
			split(cut, bridge, holes[i].leftmost);
	}
	return code;
}

static int compare_holes(const void *a, const void *b)
{
	flat_point	p = ((const hole *) a)->at, q = ((const hole *) b)->at;

	if (p.x != q.x)
		return p.x < q.x ? -1 : 1;
	return p.y != q.y ? (p.y < q.y ? -1 : 1) : 0;
}

/* The node that a hole's leftmost point h sees: the shell's downward edge next to the left of h, then what hides its end. */
static int32_t find_bridge(const cutter *cut, int32_t shell, flat_point h)
{
	double		best = -INFINITY;
	int32_t		edge = -1, i = shell, m;

	do
	{
		flat_point	p = at_node(cut, i), q = at_node(cut, cut->nodes[i].next);

		if (same(p, h))
			return i;
		if (h.y <= p.y && h.y >= q.y && p.y != q.y && side(p, q, h) >= 0)
		{
			double		x = (double) p.x + (double) (h.y - p.y) * (double) (q.x - p.x) / (double) (q.y - p.y);

			if (x > best)
			{
				best = x;
				edge = i;
			}
		}
		i = cut->nodes[i].next;
	} while (i != shell);
	if (edge < 0)
		return -1;
	m = at_node(cut, edge).x < at_node(cut, cut->nodes[edge].next).x ? edge : cut->nodes[edge].next;
	return nearer_bridge(cut, edge, m, h);
}

/* Of the points in the triangle of h, m and the place where the edge was hit, the one in the smallest angle from the ray. */
static int32_t nearer_bridge(const cutter *cut, int32_t edge, int32_t m, flat_point h)
{
	flat_point	p = at_node(cut, edge), q = at_node(cut, cut->nodes[edge].next), end = at_node(cut, m);
	int			up = end.y > h.y ? 1 : -1;
	double		best_slope = INFINITY;
	int32_t		best = m, i = cut->nodes[m].next;

	for (; i != m; i = cut->nodes[i].next)
	{
		flat_point	c = at_node(cut, i);
		double		slope;

		if (c.x >= h.x || c.x < end.x || (c.y - h.y) * up < 0 || (c.y - end.y) * up > 0 || side(p, q, c) < 0 ||
			side(h, end, c) * up > 0 || turn(cut, i) > 0)
			continue;
		/* The bridge must leave c into the polygon. */
		if (side(c, h, at_node(cut, cut->nodes[i].previous)) < 0 && side(c, h, at_node(cut, cut->nodes[i].next)) > 0)
			continue;
		slope = (double) llabs(c.y - h.y) / (double) (h.x - c.x);
		if (slope < best_slope || (slope == best_slope && c.x > at_node(cut, best).x))
		{
			best = i;
			best_slope = slope;
		}
	}
	return best;
}

/* Joins the rings of a and b by a bridge there and back. */
static void split(cutter *cut, int32_t a, int32_t b)
{
	int32_t		a2 = cut->node_count++, b2 = cut->node_count++;
	node	   *n = cut->nodes;

	n[a2] = (node) {.point = n[a].point, .previous = b2, .next = n[a].next};
	n[b2] = (node) {.point = n[b].point, .previous = n[b].previous, .next = a2};
	n[n[a].next].previous = a2;
	n[n[b].previous].next = b2;
	n[a].next = b;
	n[b].previous = a;
}

static bool build_grid(cutter *cut, int32_t start)
{
	int64_t		high_x, high_y, span;
	int32_t		flat = 0, i = start, side_cells, cells;

	cut->low_x = high_x = at_node(cut, start).x;
	cut->low_y = high_y = at_node(cut, start).y;
	do
	{
		flat_point	p = at_node(cut, i);

		cut->low_x = p.x < cut->low_x ? p.x : cut->low_x;
		cut->low_y = p.y < cut->low_y ? p.y : cut->low_y;
		high_x = p.x > high_x ? p.x : high_x;
		high_y = p.y > high_y ? p.y : high_y;
		flat += turn(cut, i) <= 0;
		i = cut->nodes[i].next;
	} while (i != start);
	side_cells = 1 + (int32_t) fmin(sqrt((double) flat), 1000);
	span = high_x - cut->low_x > high_y - cut->low_y ? high_x - cut->low_x : high_y - cut->low_y;
	cut->cell_steps = span / side_cells + 1;
	cut->columns = (int32_t) ((high_x - cut->low_x) / cut->cell_steps) + 1;
	cut->rows = (int32_t) ((high_y - cut->low_y) / cut->cell_steps) + 1;
	cells = cut->columns * cut->rows;
	cut->cell_start = calloc((size_t) cells + 2, sizeof *cut->cell_start);
	cut->cell_node = malloc(((size_t) flat + 1) * sizeof *cut->cell_node);
	if (cut->cell_start == NULL || cut->cell_node == NULL)
		return false;
	for (int pass = 0; pass < 2; pass++)
	{
		i = start;
		do
		{
			flat_point	p = at_node(cut, i);
			int32_t		cell = (int32_t) ((p.y - cut->low_y) / cut->cell_steps) * cut->columns + (int32_t) ((p.x - cut->low_x) / cut->cell_steps);

			if (turn(cut, i) <= 0)
			{
				if (pass == 0)
					cut->cell_start[cell + 2]++;
				else
					cut->cell_node[cut->cell_start[cell + 1]++] = i;
			}
			i = cut->nodes[i].next;
		} while (i != start);
		for (int32_t c = 1; pass == 0 && c <= cells; c++)
			cut->cell_start[c + 1] += cut->cell_start[c];
	}
	return true;
}

static rpm_code cut_ears(cutter *cut, int32_t at, int32_t left)
{
	int32_t		tried = 0;

	while (left > 2)
	{
		bool		ear = is_ear(cut, at);

		if (rpm_stopped(cut->control))
			return RPM_CANCELLED;
		if (!ear && tried++ <= left)
		{
			at = cut->nodes[at].next;
			continue;
		}
		if (!ear)
		{
			/* A whole round without an ear: the ring doubles back on itself, or crosses itself. */
			if (drop_spike(cut, &at, &left))
			{
				tried = 0;
				continue;
			}
			for (tried = 0; tried < left && turn(cut, at) <= 0; tried++)
				at = cut->nodes[at].next;
			cut->out->complete = false;
			if (turn(cut, at) <= 0)
				break;
		}
		emit(cut, at);
		unlink_node(cut, at);
		/* Skipping one makes rounder triangles than cutting a fan. */
		at = cut->nodes[cut->nodes[at].next].next;
		left--;
		tried = 0;
	}
	return RPM_OK;
}

static bool is_ear(const cutter *cut, int32_t at)
{
	flat_point	a = at_node(cut, cut->nodes[at].previous), b = at_node(cut, at), c = at_node(cut, cut->nodes[at].next);
	int64_t		x0 = a.x < b.x ? a.x : b.x, x1 = a.x > b.x ? a.x : b.x, y0 = a.y < b.y ? a.y : b.y, y1 = a.y > b.y ? a.y : b.y;

	if (side(a, b, c) <= 0)
		return false;
	x0 = c.x < x0 ? c.x : x0;
	x1 = c.x > x1 ? c.x : x1;
	y0 = c.y < y0 ? c.y : y0;
	y1 = c.y > y1 ? c.y : y1;
	for (int64_t row = (y0 - cut->low_y) / cut->cell_steps; row <= (y1 - cut->low_y) / cut->cell_steps; row++)
		for (int64_t column = (x0 - cut->low_x) / cut->cell_steps; column <= (x1 - cut->low_x) / cut->cell_steps; column++)
			if (cell_blocks(cut, (int32_t) (row * cut->columns + column), at))
				return false;
	return true;
}

/* True when a point of the cell that is not convex lies in or on the triangle at this node. */
static bool cell_blocks(const cutter *cut, int32_t cell, int32_t at)
{
	flat_point	a = at_node(cut, cut->nodes[at].previous), b = at_node(cut, at), c = at_node(cut, cut->nodes[at].next);

	for (int32_t k = cut->cell_start[cell]; k < cut->cell_start[cell + 1]; k++)
	{
		int32_t		i = cut->cell_node[k];
		flat_point	p = at_node(cut, i);

		if (cut->nodes[i].removed || same(p, a) || same(p, b) || same(p, c))
			continue;
		if (side(a, b, p) >= 0 && side(b, c, p) >= 0 && side(c, a, p) >= 0 && turn(cut, i) <= 0)
			return true;
	}
	return false;
}

/* Takes off one point where the ring goes out and back along the same line. */
static bool drop_spike(cutter *cut, int32_t *at, int32_t *left)
{
	int32_t		i = *at;

	for (int32_t k = 0; k < *left; k++, i = cut->nodes[i].next)
	{
		flat_point	a = at_node(cut, cut->nodes[i].previous), b = at_node(cut, i), c = at_node(cut, cut->nodes[i].next);
		double		back = (double) (b.x - a.x) * (double) (c.x - b.x) + (double) (b.y - a.y) * (double) (c.y - b.y);

		if (side(a, b, c) == 0 && (back < 0 || same(a, b) || same(b, c)))
		{
			unlink_node(cut, i);
			*at = cut->nodes[i].next;
			(*left)--;
			return true;
		}
	}
	return false;
}

static void unlink_node(cutter *cut, int32_t at)
{
	node	   *n = cut->nodes;

	n[n[at].previous].next = n[at].next;
	n[n[at].next].previous = n[at].previous;
	n[at].removed = true;
}

static void emit(cutter *cut, int32_t at)
{
	uint32_t   *corner = cut->out->corner[cut->out->count++];

	corner[0] = cut->nodes[cut->nodes[at].previous].point;
	corner[1] = cut->nodes[at].point;
	corner[2] = cut->nodes[cut->nodes[at].next].point;
}
