/* point_tree.c: the nearest points of a place (point_tree.h). */
#include <float.h>
#include <stdlib.h>

#include "field/point_tree.h"

#define LEAF_POINTS 8
/* A median split halves the count: deeper than this no tree of 2^31 points is. */
#define DEEPEST 64

typedef struct tree_node
{
	double		low[2], high[2];	/* box of its points */
	int32_t		begin, end;		/* of order */
	int32_t		left, right;	/* children; left < 0: a leaf */
	int32_t		lowest_rank;
} tree_node;

/* What a search looks at, in the order of the leaves. */
typedef struct tree_point
{
	double		place[2];
	int32_t		number, rank;
} tree_point;

struct point_tree
{
	int32_t		count;
	int32_t		node_count;
	tree_point *order;
	tree_node  *nodes;
};

typedef struct nearest_list
{
	int			most, count;
	int32_t    *number;
	double		distance2[RPM_FIELD_MOST_NEIGHBOURS];
} nearest_list;

typedef struct pending_node
{
	int32_t		node;
	double		distance2;
} pending_node;

static int32_t add_node(point_tree *tree, int32_t begin, int32_t end);
static void measure_node(const point_tree *tree, tree_node *node);
static void split_at_median(const point_tree *tree, int32_t begin, int32_t end, int32_t middle, int axis);
static bool before(const tree_point *a, const tree_point *b, int axis);
static double distance2_to_box(const tree_node *node, double x, double y);
static void visit_leaf(const point_tree *tree, const tree_node *node, double x, double y, const tree_filter *filter,
					   nearest_list *list);
static void insert(nearest_list *list, int32_t number, double distance2);

point_tree *
point_tree_build(const rpm_field_point *points, const int32_t *member, int32_t count, const int32_t *rank)
{
	point_tree *tree = calloc(1, sizeof(point_tree));
	size_t		most_nodes = 2 * ((size_t) count / (LEAF_POINTS / 2) + 2);

	if (tree == NULL)
		return NULL;
	tree->count = count;
	tree->order = malloc(((size_t) count + 1) * sizeof(tree_point));
	tree->nodes = malloc(most_nodes * sizeof(tree_node));
	if (tree->order == NULL || tree->nodes == NULL)
	{
		point_tree_free(tree);
		return NULL;
	}
	for (int32_t i = 0; i < count; i++)
		tree->order[i] = (tree_point){{points[member[i]].x_m, points[member[i]].y_m}, member[i],
			rank != NULL ? rank[member[i]] : INT32_MIN};
	if (count > 0)
		add_node(tree, 0, count);
	return tree;
}

void
point_tree_free(point_tree *tree)
{
	if (tree == NULL)
		return;
	free(tree->order);
	free(tree->nodes);
	free(tree);
}

static int32_t
add_node(point_tree *tree, int32_t begin, int32_t end)
{
	int32_t		number = tree->node_count++;
	tree_node  *node = &tree->nodes[number];
	int32_t		middle = begin + (end - begin) / 2;

	node->begin = begin;
	node->end = end;
	node->left = node->right = -1;
	measure_node(tree, node);
	if (end - begin > LEAF_POINTS)
	{
		split_at_median(tree, begin, end, middle, node->high[0] - node->low[0] >= node->high[1] - node->low[1] ? 0 : 1);
		node->left = add_node(tree, begin, middle);
		node->right = add_node(tree, middle, end);
	}
	return number;
}

static void
measure_node(const point_tree *tree, tree_node *node)
{
	node->low[0] = node->low[1] = DBL_MAX;
	node->high[0] = node->high[1] = -DBL_MAX;
	node->lowest_rank = INT32_MAX;
	for (int32_t i = node->begin; i < node->end; i++)
	{
		const tree_point *point = &tree->order[i];

		for (int axis = 0; axis < 2; axis++)
		{
			double		value = point->place[axis];

			if (value < node->low[axis])
				node->low[axis] = value;
			if (value > node->high[axis])
				node->high[axis] = value;
		}
		if (point->rank < node->lowest_rank)
			node->lowest_rank = point->rank;
	}
}

/* Quickselect; all points differ in (coordinate, number), so that many in one place split as well. */
static void
split_at_median(const point_tree *tree, int32_t begin, int32_t end, int32_t middle, int axis)
{
	tree_point *order = tree->order;
	int32_t		low = begin,
				high = end - 1;

	while (low < high)
	{
		tree_point	pivot = order[low + (high - low) / 2];
		int32_t		i = low,
					j = high;

		while (i <= j)
		{
			while (before(&order[i], &pivot, axis))
				i++;
			while (before(&pivot, &order[j], axis))
				j--;
			if (i <= j)
			{
				tree_point	swap = order[i];

				order[i++] = order[j];
				order[j--] = swap;
			}
		}
		if (middle <= j)
			high = j;
		else if (middle >= i)
			low = i;
		else
			return;
	}
}

static bool
before(const tree_point *a, const tree_point *b, int axis)
{
	return a->place[axis] < b->place[axis] || (a->place[axis] == b->place[axis] && a->number < b->number);
}

int
point_tree_nearest(const point_tree *tree, double x, double y, const tree_filter *filter, int most, int32_t *nearest)
{
	nearest_list list = {most, 0, nearest, {0}};
	pending_node pending[2 * DEEPEST];
	int			depth = 0;

	if (tree->count == 0 || most <= 0)
		return 0;
	pending[depth++] = (pending_node){0, distance2_to_box(&tree->nodes[0], x, y)};
	while (depth > 0)
	{
		pending_node next = pending[--depth];
		const tree_node *node = &tree->nodes[next.node];
		pending_node child[2];
		int			nearer;

		if ((list.count == most && next.distance2 > list.distance2[most - 1]) || node->lowest_rank >= filter->below_rank)
			continue;
		if (node->left < 0)
		{
			visit_leaf(tree, node, x, y, filter, &list);
			continue;
		}
		child[0] = (pending_node){node->left, distance2_to_box(&tree->nodes[node->left], x, y)};
		child[1] = (pending_node){node->right, distance2_to_box(&tree->nodes[node->right], x, y)};
		nearer = child[0].distance2 <= child[1].distance2 ? 0 : 1;
		pending[depth++] = child[1 - nearer];
		pending[depth++] = child[nearer];
	}
	return list.count;
}

static double
distance2_to_box(const tree_node *node, double x, double y)
{
	double		dx = x < node->low[0] ? node->low[0] - x : x > node->high[0] ? x - node->high[0] : 0,
				dy = y < node->low[1] ? node->low[1] - y : y > node->high[1] ? y - node->high[1] : 0;

	return dx * dx + dy * dy;
}

static void
visit_leaf(const point_tree *tree, const tree_node *node, double x, double y, const tree_filter *filter, nearest_list *list)
{
	for (int32_t i = node->begin; i < node->end; i++)
	{
		const tree_point *point = &tree->order[i];
		double		dx = point->place[0] - x,
					dy = point->place[1] - y;

		if (point->rank >= filter->below_rank || (filter->group != NULL && filter->group[point->number] == filter->not_group))
			continue;
		insert(list, point->number, dx * dx + dy * dy);
	}
}

static void
insert(nearest_list *list, int32_t number, double distance2)
{
	int			at = list->count;

	if (at == list->most)
	{
		at--;
		if (distance2 > list->distance2[at] || (distance2 == list->distance2[at] && number > list->number[at]))
			return;
	}
	else
		list->count++;
	while (at > 0 && (list->distance2[at - 1] > distance2 || (list->distance2[at - 1] == distance2 && list->number[at - 1] > number)))
	{
		list->distance2[at] = list->distance2[at - 1];
		list->number[at] = list->number[at - 1];
		at--;
	}
	list->distance2[at] = distance2;
	list->number[at] = number;
}
