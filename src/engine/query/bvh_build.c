/*
 * bvh_build.c: building our own hierarchy, see bvh_build.h.
 */
#include <stdlib.h>
#include <string.h>

#include "query/bvh_build.h"
#include "query/provider.h"

#define BINS 16
#define SAH_DEPTH 32			/* deeper nodes are halved: at most 31 levels more for 2^31 triangles */
#define POLL_EVERY 32768
/* Going through a node in units of one triangle test. */
#define NODE_COST 1.0f

typedef struct box
{
	float		low[3], high[3];
} box;

/* A triangle while building: its box and its number in the scene. */
typedef struct reference
{
	box			bounds;
	uint32_t	triangle;
} reference;

/* References begin <= i < end that become one child of a node. */
typedef struct range
{
	uint32_t	begin, end;
	uint32_t	node;			/* whose child it is */
	int			side;
	int			depth;			/* of that child */
	box			bounds;
} range;

typedef struct builder
{
	const rpm_control *control;
	reference  *references;
	rpm_bvh_arrays *arrays;
	bool		stopped;
} builder;

typedef struct split
{
	int			axis;			/* -1: none */
	int			bin;			/* last bin of the left side */
	float		cost;
} split;

static rpm_code fill_references(builder *b, const rpm_scene *scene, rpm_status *status);
static box	triangle_box(const rpm_scene *scene, size_t i);
static void build_nodes(builder *b);
static void place(builder *b, const range *r, range *stack, int *stack_count);
static bool divide(builder *b, const range *r, uint32_t *middle);
static box	centroid_box(builder *b, const range *r);
static split best_split(builder *b, const range *r, const box *centroids);
static split sweep(const box *boxes, const uint32_t *counts, int axis);
static int	bin_of(const reference *ref, int axis, const box *centroids);
static uint32_t partition(builder *b, const range *r, const split *s, const box *centroids);
static box	range_box(builder *b, uint32_t begin, uint32_t end);
static void set_leaf(builder *b, const range *r);
static void fill_triangles(builder *b, const rpm_scene *scene);
static bool poll(builder *b, uint32_t i);
static box	empty_box(void);
static void extend(box *to, const box *by);
static float half_area(const box *b);
static box	enlarged(const box *b);

rpm_code
rpm_bvh_build(const rpm_scene *scene, rpm_control *control, rpm_bvh_arrays *arrays, rpm_status *status)
{
	builder		b = {control, NULL, arrays, false};
	size_t		count = scene->triangle_count;
	rpm_code	code;

	memset(arrays, 0, sizeof(*arrays));
	if (count == 0)
		return RPM_OK;
	code = rpm_reserve(control, count * (sizeof(reference) + sizeof(rpm_bvh_node) + sizeof(rpm_bvh_triangle)),
					   "the ray-query hierarchy", status);
	if (code != RPM_OK)
		return code;
	b.references = malloc(count * sizeof(reference));
	arrays->nodes = aligned_alloc(64, count * sizeof(rpm_bvh_node));
	if (b.references == NULL || arrays->nodes == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, "Trace a smaller extent.", "out of memory for the ray-query hierarchy");
	if (code == RPM_OK)
		code = fill_references(&b, scene, status);
	if (code == RPM_OK)
	{
		build_nodes(&b);
		arrays->triangles = aligned_alloc(16, count * sizeof(rpm_bvh_triangle));
		if (arrays->triangles == NULL)
			code = rpm_fail(status, RPM_OUT_OF_MEMORY, "Trace a smaller extent.",
							"out of memory for the ray-query hierarchy");
		else if (!b.stopped)
			fill_triangles(&b, scene);
		if (code == RPM_OK && b.stopped)
			code = rpm_query_cancelled(status);
	}
	free(b.references);
	return code;
}

static rpm_code
fill_references(builder *b, const rpm_scene *scene, rpm_status *status)
{
	for (size_t i = 0; i < scene->triangle_count; i++)
	{
		if (poll(b, (uint32_t) i))
			return rpm_query_cancelled(status);
		b->references[i].bounds = triangle_box(scene, i);
		b->references[i].triangle = (uint32_t) i;
	}
	b->arrays->triangle_count = (uint32_t) scene->triangle_count;
	return RPM_OK;
}

/* Of the corners as they will be stored. */
static box
triangle_box(const rpm_scene *scene, size_t i)
{
	box			bounds = empty_box();

	for (int c = 0; c < 3; c++)
	{
		rpm_vec3	p = scene->vertices[scene->triangles[i].vertex[c]];
		box			point = {{(float) p.x, (float) p.y, (float) p.z}, {(float) p.x, (float) p.y, (float) p.z}};

		extend(&bounds, &point);
	}
	return bounds;
}

/* Depth first, so the stack holds at most one waiting range per level. */
static void
build_nodes(builder *b)
{
	range		stack[RPM_BVH_DEPTH + 2];
	int			stack_count = 0;
	range		root = {0, b->arrays->triangle_count, 0, 0, 0, empty_box()};

	root.bounds = range_box(b, root.begin, root.end);
	if (b->arrays->triangle_count == 1)
	{
		/* A root has two children: the one triangle twice. */
		b->arrays->node_count = 1;
		set_leaf(b, &root);
		root.side = 1;
		set_leaf(b, &root);
		return;
	}
	root.side = -1;
	place(b, &root, stack, &stack_count);
	while (stack_count > 0 && !b->stopped)
	{
		range		r = stack[--stack_count];

		place(b, &r, stack, &stack_count);
	}
}

/* Makes a leaf of a range, or a node whose two halves wait on the stack. */
static void
place(builder *b, const range *r, range *stack, int *stack_count)
{
	rpm_bvh_arrays *arrays = b->arrays;
	range		halves[2];
	uint32_t	node,
				middle;

	if (!divide(b, r, &middle))
	{
		if (!b->stopped)
			set_leaf(b, r);
		return;
	}
	node = arrays->node_count++;
	if (r->side >= 0)
	{
		box			bounds = enlarged(&r->bounds);

		memcpy(arrays->nodes[r->node].low[r->side], bounds.low, sizeof(bounds.low));
		memcpy(arrays->nodes[r->node].high[r->side], bounds.high, sizeof(bounds.high));
		arrays->nodes[r->node].child[r->side] = node;
		arrays->nodes[r->node].count[r->side] = 0;
	}
	for (int side = 0; side < 2; side++)
	{
		range	   *half = &halves[side];

		half->begin = side == 0 ? r->begin : middle;
		half->end = side == 0 ? middle : r->end;
		half->node = node;
		half->side = side;
		half->depth = r->depth + 1;
		half->bounds = range_box(b, half->begin, half->end);
	}
	stack[(*stack_count)++] = halves[1];
	stack[(*stack_count)++] = halves[0];
}

/* Reorders the range into two parts that are not empty; false when it should be a leaf. */
static bool
divide(builder *b, const range *r, uint32_t *middle)
{
	uint32_t	count = r->end - r->begin;
	box			centroids;
	split		s = {-1, 0, INFINITY};

	*middle = r->begin + count / 2;
	if (count < 2 || b->stopped)
		return false;
	if (r->depth < SAH_DEPTH)
	{
		centroids = centroid_box(b, r);
		s = best_split(b, r, &centroids);
	}
	if (r->side >= 0 && count <= RPM_BVH_LEAF_TRIANGLES && (float) count <= NODE_COST + s.cost / half_area(&r->bounds))
		return false;
	if (s.axis >= 0)
		*middle = partition(b, r, &s, &centroids);
	return !b->stopped;
}

/* Twice the centroids' box: low + high of every reference. */
static box
centroid_box(builder *b, const range *r)
{
	box			centroids = empty_box();

	for (uint32_t i = r->begin; i < r->end && !poll(b, i); i++)
	{
		const box  *bounds = &b->references[i].bounds;
		box			point;

		for (int k = 0; k < 3; k++)
			point.low[k] = point.high[k] = bounds->low[k] + bounds->high[k];
		extend(&centroids, &point);
	}
	return centroids;
}

/* Axis -1 when all centroids coincide. */
static split
best_split(builder *b, const range *r, const box *centroids)
{
	box			boxes[3][BINS];
	uint32_t	counts[3][BINS] = {{0}};
	split		best = {-1, 0, INFINITY};

	for (int axis = 0; axis < 3; axis++)
		for (int i = 0; i < BINS; i++)
			boxes[axis][i] = empty_box();
	for (uint32_t i = r->begin; i < r->end && !poll(b, i); i++)
		for (int axis = 0; axis < 3; axis++)
		{
			int			bin = bin_of(&b->references[i], axis, centroids);

			counts[axis][bin]++;
			extend(&boxes[axis][bin], &b->references[i].bounds);
		}
	for (int axis = 0; axis < 3; axis++)
	{
		split		s = sweep(boxes[axis], counts[axis], axis);

		if (s.axis >= 0 && s.cost < best.cost)
			best = s;
	}
	return best;
}

/* The cheapest cut between the bins of one axis: cost is the sum of half areas times counts. */
static split
sweep(const box *boxes, const uint32_t *counts, int axis)
{
	float		right_cost[BINS];
	split		best = {-1, 0, INFINITY};
	box			side = empty_box();
	uint32_t	count = 0;

	for (int i = BINS - 1; i > 0; i--)
	{
		extend(&side, &boxes[i]);
		count += counts[i];
		right_cost[i] = count > 0 ? half_area(&side) * (float) count : -1;
	}
	side = empty_box();
	count = 0;
	for (int i = 0; i < BINS - 1; i++)
	{
		float		cost;

		extend(&side, &boxes[i]);
		count += counts[i];
		if (count == 0 || right_cost[i + 1] < 0)
			continue;
		cost = half_area(&side) * (float) count + right_cost[i + 1];
		if (best.axis < 0 || cost < best.cost)
			best = (split) {axis, i, cost};
	}
	return best;
}

static int
bin_of(const reference *ref, int axis, const box *centroids)
{
	float		extent = centroids->high[axis] - centroids->low[axis];
	float		place = ref->bounds.low[axis] + ref->bounds.high[axis] - centroids->low[axis];
	int			bin = extent > 0 ? (int) (place / extent * BINS) : 0;

	return bin < BINS ? bin : BINS - 1;
}

static uint32_t
partition(builder *b, const range *r, const split *s, const box *centroids)
{
	reference  *refs = b->references;
	uint32_t	left = r->begin,
				right = r->end;

	for (uint32_t step = 0; left < right && !poll(b, step); step++)
	{
		if (bin_of(&refs[left], s->axis, centroids) <= s->bin)
			left++;
		else
		{
			reference	moved = refs[--right];

			refs[right] = refs[left];
			refs[left] = moved;
		}
	}
	return left;
}

static box
range_box(builder *b, uint32_t begin, uint32_t end)
{
	box			bounds = empty_box();

	for (uint32_t i = begin; i < end && !poll(b, i); i++)
		extend(&bounds, &b->references[i].bounds);
	return bounds;
}

static void
set_leaf(builder *b, const range *r)
{
	rpm_bvh_node *node = &b->arrays->nodes[r->node];
	box			bounds = enlarged(&r->bounds);

	memcpy(node->low[r->side], bounds.low, sizeof(bounds.low));
	memcpy(node->high[r->side], bounds.high, sizeof(bounds.high));
	node->child[r->side] = r->begin;
	node->count[r->side] = r->end - r->begin;
}

static void
fill_triangles(builder *b, const rpm_scene *scene)
{
	for (uint32_t i = 0; i < b->arrays->triangle_count && !poll(b, i); i++)
	{
		rpm_bvh_triangle *to = &b->arrays->triangles[i];
		const rpm_triangle *from = &scene->triangles[b->references[i].triangle];

		memset(to, 0, sizeof(*to));
		to->triangle = b->references[i].triangle;
		for (int c = 0; c < 3; c++)
		{
			rpm_vec3	p = scene->vertices[from->vertex[c]];

			to->corner[c][0] = (float) p.x;
			to->corner[c][1] = (float) p.y;
			to->corner[c][2] = (float) p.z;
		}
	}
}

static bool
poll(builder *b, uint32_t i)
{
	if (i % POLL_EVERY == 0 && rpm_stopped(b->control))
		b->stopped = true;
	return b->stopped;
}

static box
empty_box(void)
{
	box			b = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};

	return b;
}

static void
extend(box *to, const box *by)
{
	for (int k = 0; k < 3; k++)
	{
		to->low[k] = rpm_bvh_min(to->low[k], by->low[k]);
		to->high[k] = rpm_bvh_max(to->high[k], by->high[k]);
	}
}

static float
half_area(const box *b)
{
	float		x = b->high[0] - b->low[0],
				y = b->high[1] - b->low[1],
				z = b->high[2] - b->low[2];

	return x * y + y * z + z * x;
}

/*
 * By four units in the last place and a micrometre: a ray in the plane of a box's face, or a box without thickness, then has an
 * interval inside it.
 */
static box
enlarged(const box *b)
{
	box			e;

	for (int k = 0; k < 3; k++)
	{
		e.low[k] = b->low[k] - fabsf(b->low[k]) * 5e-7f - 1e-6f;
		e.high[k] = b->high[k] + fabsf(b->high[k]) * 5e-7f + 1e-6f;
	}
	return e;
}
