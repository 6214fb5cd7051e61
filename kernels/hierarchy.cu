/*
 * hierarchy.cu: a scene's hierarchy built on the device (rpm_bvh.h), a triangle per thread.
 *
 * Triangles are sorted along a Morton curve, whose prefixes are the tree: each inner node finds the range of triangles that it holds and where
 * it splits without asking another (T. Karras: Maximizing Parallelism in the Construction of BVHs, Octrees, and k-d Trees, HPG 2012).  Boxes
 * then grow from the leaves upwards.  It is built fast and not by areas: rays take longer through it than through the host's.  The hits are
 * the same.
 */
#include <stdlib.h>
#include <string.h>

#include "cuda_internal.h"

#define NO_PARENT UINT32_MAX
/* Bits of a place along each axis. */
#define AXIS_BITS 10
/* Triangles between looks at the control. */
#define POLL_TRIANGLES 65536

typedef struct build
{
	uint32_t	count;			/* of triangles, at least 2 */
	uint32_t	sorted;			/* a power of two, at least count */
	unsigned long long *keys;	/* `sorted`: place on the curve, then number; those beyond count are the largest */
	const rpm_bvh_triangle *from;
	rpm_bvh_triangle *to;
	rpm_bvh_node *nodes;		/* count - 1 */
	uint32_t   *node_parent, *leaf_parent;	/* twice the node, and which child it is */
	uint32_t   *arrived;		/* nodes: children whose boxes stand */
	float		low[3], scale[3];	/* of the middles of triangles to 0 .. 2^AXIS_BITS */
} build;

static rpm_code build_over(rpm_cuda_scene *self, rpm_bvh_triangle *triangles, uint32_t count, rpm_control *control, rpm_status *status);
static rpm_code take(rpm_cuda_memory *memory, build *b, const rpm_bvh_triangle *triangles, rpm_status *status);
static cudaError_t run(const build *b, rpm_control *control);
static rpm_bvh_triangle *triangles_of(const rpm_scene *geometry, rpm_control *control);
static void measure(build *b, const rpm_bvh_triangle *triangles);

/* The middle of a triangle's box along an axis. */
RPM_INLINE float
middle(const rpm_bvh_triangle *t, int axis)
{
	float		a = t->corner[0][axis], b = t->corner[1][axis], c = t->corner[2][axis];

	return (rpm_bvh_min(rpm_bvh_min(a, b), c) + rpm_bvh_max(rpm_bvh_max(a, b), c)) / 2;
}

/* Two bits of nothing between each two of a number's. */
RPM_INLINE uint32_t
spread(uint32_t x)
{
	x = (x * 0x00010001u) & 0xff0000ffu;
	x = (x * 0x00000101u) & 0x0f00f00fu;
	x = (x * 0x00000011u) & 0xc30c30c3u;
	return (x * 0x00000005u) & 0x49249249u;
}

static __global__ void
make_keys(build b)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x, code = 0;

	if (i >= b.sorted)
		return;
	if (i >= b.count)
	{
		b.keys[i] = ~0ull;
		return;
	}
	for (int axis = 0; axis < 3; axis++)
	{
		float		place = (middle(&b.from[i], axis) - b.low[axis]) * b.scale[axis];

		code = code << 1 | spread((uint32_t) rpm_bvh_min(rpm_bvh_max(place, 0), (float) ((1 << AXIS_BITS) - 1)));
	}
	b.keys[i] = (unsigned long long) code << 32 | i;
}

/* One step of a bitonic sort: each pair of keys `distance` apart into the order of its run. */
static __global__ void
order_pairs(build b, uint32_t distance, uint32_t run_length)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x, other = i ^ distance;
	unsigned long long key, beside;

	if (i >= b.sorted || other < i)
		return;
	key = b.keys[i];
	beside = b.keys[other];
	if ((key > beside) == ((i & run_length) == 0))
	{
		b.keys[i] = beside;
		b.keys[other] = key;
	}
}

static __global__ void
gather(build b)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < b.count)
		b.to[i] = b.from[(uint32_t) b.keys[i]];
	if (i + 1 < b.count)
		b.arrived[i] = 0;
}

/* Bits that two keys have in common from the top; -1 beyond the ends.  No two keys are the same. */
RPM_INLINE int
common(const build *b, int64_t i, int64_t j)
{
	unsigned long long differ;

	if (j < 0 || j >= (int64_t) b->count)
		return -1;
	differ = b->keys[i] ^ b->keys[j];
#ifdef __CUDA_ARCH__
	return __clzll((long long) differ);
#else
	return __builtin_clzll(differ);
#endif
}

/* The last triangle, counted from i in this direction, that shares more bits with it than `least`. */
RPM_INLINE int64_t
far_end(const build *b, int64_t i, int direction, int least)
{
	int64_t		most = 2, length = 0;

	while (common(b, i, i + most * direction) > least)
		most *= 2;
	for (int64_t step = most / 2; step >= 1; step /= 2)
		if (common(b, i, i + (length + step) * direction) > least)
			length += step;
	return i + length * direction;
}

static __global__ void
make_nodes(build b)
{
	int64_t		i = (int64_t) blockIdx.x * blockDim.x + threadIdx.x, first, last, end, length, at = 0;
	int			direction, bits;

	if (i + 1 >= (int64_t) b.count)
		return;
	direction = common(&b, i, i + 1) > common(&b, i, i - 1) ? 1 : -1;
	end = far_end(&b, i, direction, common(&b, i, i - direction));
	first = i < end ? i : end;
	last = i < end ? end : i;
	bits = common(&b, i, end);
	length = last - first;
	do
	{
		length = (length + 1) / 2;
		if (common(&b, i, i + (at + length) * direction) > bits)
			at += length;
	} while (length > 1);
	at = i + at * direction + (direction < 0 ? -1 : 0);
	for (int side = 0; side < 2; side++)
	{
		int64_t		begin = side == 0 ? first : at + 1, stop = side == 0 ? at : last, child = at + side;
		bool		leaf = stop - begin < RPM_BVH_LEAF_TRIANGLES;

		b.nodes[i].child[side] = (uint32_t) (leaf ? begin : child);
		b.nodes[i].count[side] = leaf ? (uint32_t) (stop - begin + 1) : 0;
		if (begin == stop)
			b.leaf_parent[child] = (uint32_t) (2 * i + side);
		else
			b.node_parent[child] = (uint32_t) (2 * i + side);
	}
	if (i == 0)
		b.node_parent[0] = NO_PARENT;
}

/* How many came before; what was written before is seen by who comes after. */
RPM_INLINE uint32_t
arrive(uint32_t *count)
{
#ifdef __CUDA_ARCH__
	uint32_t	before;

	__threadfence();
	before = atomicAdd(count, 1);
	__threadfence();
	return before;
#else
	return __atomic_fetch_add(count, 1, __ATOMIC_ACQ_REL);
#endif
}

/* From a triangle upwards, as long as the other child of a node stands already.  Boxes are enlarged as those of bvh_build.c. */
static __global__ void
grow_boxes(build b)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x, parent;
	float		low[3], high[3];

	if (i >= b.count)
		return;
	for (int k = 0; k < 3; k++)
	{
		const rpm_bvh_triangle *t = &b.to[i];

		low[k] = rpm_bvh_min(rpm_bvh_min(t->corner[0][k], t->corner[1][k]), t->corner[2][k]);
		high[k] = rpm_bvh_max(rpm_bvh_max(t->corner[0][k], t->corner[1][k]), t->corner[2][k]);
		low[k] -= fabsf(low[k]) * 5e-7f + 1e-6f;
		high[k] += fabsf(high[k]) * 5e-7f + 1e-6f;
	}
	for (parent = b.leaf_parent[i]; parent != NO_PARENT; parent = b.node_parent[parent / 2])
	{
		volatile rpm_bvh_node *node = &b.nodes[parent / 2];
		int			side = (int) (parent % 2);

		for (int k = 0; k < 3; k++)
		{
			node->low[side][k] = low[k];
			node->high[side][k] = high[k];
		}
		if (arrive(&b.arrived[parent / 2]) == 0)
			return;
		for (int k = 0; k < 3; k++)
		{
			low[k] = rpm_bvh_min(low[k], node->low[1 - side][k]);
			high[k] = rpm_bvh_max(high[k], node->high[1 - side][k]);
		}
	}
}

rpm_code
rpm_cuda_hierarchy_build(rpm_cuda_scene *self, const rpm_scene *geometry, rpm_control *control, rpm_status *status)
{
	rpm_bvh_triangle *triangles;
	rpm_code	code;

	if (geometry->triangle_count > UINT32_MAX / 4)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Trace a smaller extent.", "%zu triangles are too many", geometry->triangle_count);
	if (rpm_stopped(control))
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
	triangles = triangles_of(geometry, control);
	if (triangles == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Trace a smaller extent.", "no memory for %zu triangles", geometry->triangle_count);
	code = build_over(self, triangles, (uint32_t) geometry->triangle_count, control, status);
	free(triangles);
	return code;
}

static rpm_code
build_over(rpm_cuda_scene *self, rpm_bvh_triangle *triangles, uint32_t count, rpm_control *control, rpm_status *status)
{
	rpm_cuda_memory scratch = self->memory;
	rpm_bvh_node one;
	build		b;
	void	   *to, *nodes;
	cudaError_t error;
	rpm_code	code = rpm_cuda_take(&self->memory, count * sizeof(rpm_bvh_triangle), triangles, "the hierarchy", &to, status);

	memset(&b, 0, sizeof(b));
	b.count = count;
	if (code == RPM_OK)
		code = rpm_cuda_take(&self->memory, count * sizeof(rpm_bvh_node), NULL, "the hierarchy", &nodes, status);
	if (code != RPM_OK)
		return code;
	b.to = (rpm_bvh_triangle *) to;
	b.nodes = (rpm_bvh_node *) nodes;
	self->bvh.triangles = b.to;
	self->bvh.nodes = b.nodes;
	self->bvh.triangle_count = count;
	self->bvh.node_count = count > 1 ? count - 1 : count;
	if (count == 0)
		return RPM_OK;
	measure(&b, triangles);
	if (count == 1)
	{
		/* A root has two children: the one triangle twice, in a box without end. */
		memset(&one, 0, sizeof(one));
		for (int k = 0; k < 6; k++)
		{
			one.low[k / 3][k % 3] = -INFINITY;
			one.high[k / 3][k % 3] = INFINITY;
			one.count[k / 3] = 1;
		}
		error = cudaMemcpy(b.nodes, &one, sizeof(one), cudaMemcpyHostToDevice);
		return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "building the hierarchy", status);
	}
	memset(scratch.blocks, 0, sizeof(scratch.blocks));
	scratch.block_count = 0;
	scratch.bytes = 0;
	code = take(&scratch, &b, triangles, status);
	if (code == RPM_OK && (error = run(&b, control)) != cudaSuccess)
		code = rpm_cuda_failure(error, "building the hierarchy", status);
	if (code == RPM_OK && rpm_stopped(control))
		code = rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
	rpm_cuda_give_back(&scratch);
	return code;
}

static rpm_code
take(rpm_cuda_memory *memory, build *b, const rpm_bvh_triangle *triangles, rpm_status *status)
{
	const char *what = "building the hierarchy";
	void	   *keys, *from, *node_parent, *leaf_parent, *arrived;
	rpm_code	code;

	for (b->sorted = 1; b->sorted < b->count;)
		b->sorted *= 2;
	code = rpm_cuda_take(memory, b->sorted * sizeof(unsigned long long), NULL, what, &keys, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, b->count * sizeof(rpm_bvh_triangle), triangles, what, &from, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, b->count * sizeof(uint32_t), NULL, what, &node_parent, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, b->count * sizeof(uint32_t), NULL, what, &leaf_parent, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, b->count * sizeof(uint32_t), NULL, what, &arrived, status);
	if (code != RPM_OK)
		return code;
	b->keys = (unsigned long long *) keys;
	b->from = (const rpm_bvh_triangle *) from;
	b->node_parent = (uint32_t *) node_parent;
	b->leaf_parent = (uint32_t *) leaf_parent;
	b->arrived = (uint32_t *) arrived;
	return RPM_OK;
}

/* Some hundred launches of a fraction of a millisecond. */
static cudaError_t
run(const build *b, rpm_control *control)
{
	cudaError_t error;

	RPM_LAUNCH(make_keys, rpm_cuda_grid(b->sorted), RPM_CUDA_BLOCK_THREADS, *b);
	error = cudaGetLastError();
	for (uint32_t length = 2; length <= b->sorted && error == cudaSuccess && !rpm_stopped(control); length *= 2)
	{
		for (uint32_t distance = length / 2; distance > 0; distance /= 2)
			RPM_LAUNCH(order_pairs, rpm_cuda_grid(b->sorted), RPM_CUDA_BLOCK_THREADS, *b, distance, length);
		error = cudaDeviceSynchronize();
	}
	if (error != cudaSuccess || rpm_stopped(control))
		return error;
	RPM_LAUNCH(gather, rpm_cuda_grid(b->count), RPM_CUDA_BLOCK_THREADS, *b);
	RPM_LAUNCH(make_nodes, rpm_cuda_grid(b->count), RPM_CUDA_BLOCK_THREADS, *b);
	RPM_LAUNCH(grow_boxes, rpm_cuda_grid(b->count), RPM_CUDA_BLOCK_THREADS, *b);
	error = cudaGetLastError();
	return error == cudaSuccess ? cudaDeviceSynchronize() : error;
}

/* In single precision, as bvh_build.c stores them; the caller frees them.  What is left out after a stop is not used. */
static rpm_bvh_triangle *
triangles_of(const rpm_scene *geometry, rpm_control *control)
{
	rpm_bvh_triangle *triangles = (rpm_bvh_triangle *) calloc(geometry->triangle_count + 1, sizeof(rpm_bvh_triangle));

	for (size_t i = 0; i < geometry->triangle_count && triangles != NULL; i++)
	{
		if (i % POLL_TRIANGLES == 0 && rpm_stopped(control))
			break;
		triangles[i].triangle = (uint32_t) i;
		for (int c = 0; c < 3; c++)
		{
			rpm_vec3	p = geometry->vertices[geometry->triangles[i].vertex[c]];

			triangles[i].corner[c][0] = (float) p.x;
			triangles[i].corner[c][1] = (float) p.y;
			triangles[i].corner[c][2] = (float) p.z;
		}
	}
	return triangles;
}

/* Where the middles of triangles lie. */
static void
measure(build *b, const rpm_bvh_triangle *triangles)
{
	for (int axis = 0; axis < 3; axis++)
	{
		float		low = INFINITY, high = -INFINITY;

		for (uint32_t i = 0; i < b->count; i++)
		{
			low = rpm_bvh_min(low, middle(&triangles[i], axis));
			high = rpm_bvh_max(high, middle(&triangles[i], axis));
		}
		b->low[axis] = low;
		b->scale[axis] = high > low ? (float) (1 << AXIS_BITS) / (high - low) : 0;
	}
}
