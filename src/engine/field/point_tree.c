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

struct point_tree
{
	const rpm_field_point *points;
	const int32_t *rank;
	int32_t		count;
	int32_t		node_count;
	int32_t    *order;			/* numbers of points */
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
static double coordinate(const point_tree *tree, int32_t number, int axis);
static bool before(const point_tree *tree, int32_t a, int32_t b, int axis);
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
	tree->points = points;
	tree->rank = rank;
	tree->count = count;
	tree->order = malloc(((size_t) count + 1) * sizeof(int32_t));
	tree->nodes = malloc(most_nodes * sizeof(tree_node));
	if (tree->order == NULL || tree->nodes == NULL)
	{
		point_tree_free(tree);
		return NULL;
	}
	for (int32_t i = 0; i < count; i++)
		tree->order[i] = member[i];
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

int32_t
point_tree_count(const point_tree *tree)
{
	return tree->count;
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
		int32_t		number = tree->order[i];

		for (int axis = 0; axis < 2; axis++)
		{
			double		value = coordinate(tree, number, axis);

			if (value < node->low[axis])
				node->low[axis] = value;
			if (value > node->high[axis])
				node->high[axis] = value;
		}
		if (tree->rank == NULL)
			node->lowest_rank = INT32_MIN;
		else if (tree->rank[number] < node->lowest_rank)
			node->lowest_rank = tree->rank[number];
	}
}

/* Quickselect; all points differ in (coordinate, number), so that many in one place split as well. */
static void
split_at_median(const point_tree *tree, int32_t begin, int32_t end, int32_t middle, int axis)
{
	int32_t    *order = tree->order;
	int32_t		low = begin,
				high = end - 1;

	while (low < high)
	{
		int32_t		pivot = order[low + (high - low) / 2];
		int32_t		i = low,
					j = high;

		while (i <= j)
		{
			while (before(tree, order[i], pivot, axis))
				i++;
			while (before(tree, pivot, order[j], axis))
				j--;
			if (i <= j)
			{
				int32_t		swap = order[i];

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

static double
coordinate(const point_tree *tree, int32_t number, int axis)
{
	return axis == 0 ? tree->points[number].x_m : tree->points[number].y_m;
}

static bool
before(const point_tree *tree, int32_t a, int32_t b, int axis)
{
	double		at_a = coordinate(tree, a, axis),
				at_b = coordinate(tree, b, axis);

	return at_a < at_b || (at_a == at_b && a < b);
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
		int32_t		number = tree->order[i];
		double		dx = tree->points[number].x_m - x,
					dy = tree->points[number].y_m - y;

		if (tree->rank != NULL && tree->rank[number] >= filter->below_rank)
			continue;
		if (filter->group != NULL && filter->group[number] == filter->not_group)
			continue;
		insert(list, number, dx * dx + dy * dy);
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
