/*
 * rpm_bvh.h: our own bounding volume hierarchy: its layout in memory and how a ray goes through it, for C, C++ and CUDA.
 *
 * Layout: a node of 64 bytes holds the boxes of its two children and where they are (T. Aila, S. Laine: Understanding the
 * Efficiency of Ray Traversal on GPUs, HPG 2009); a triangle of 48 bytes holds its corners and its number in the scene.
 *
 * Triangles are tested by S. Woop, C. Benthin, I. Wald: Watertight Ray/Triangle Intersection, JCGT 2(1), 2013: the edge functions have
 * the sign of the exact value, so no ray passes between two triangles that share an edge; an edge or a corner belongs to
 * every triangle at it.  Boxes are enlarged at the build and their slab intervals in traversal (T. Ize: Robust BVH Ray Traversal,
 * JCGT 2(2), 2013), so that no box is missed whose triangle is hit.  A triangle seen exactly edge on is not hit.
 */
#ifndef RPM_BVH_H
#define RPM_BVH_H

#include "rpm_math.h"
#include "rpm_query.h"

/* Depth of the deepest leaf that a build makes, and so of the traversal's stack. */
#define RPM_BVH_DEPTH 64
#define RPM_BVH_LEAF_TRIANGLES 4

typedef struct rpm_bvh_node
{
	float		low[2][3], high[2][3]; /* of both children, metres */
	uint32_t	child[2];		/* a node, or where count > 0 the first of so many triangles */
	uint32_t	count[2];
} __attribute__((aligned(16))) rpm_bvh_node;

typedef struct rpm_bvh_triangle
{
	float		corner[3][3];	/* metres */
	uint32_t	triangle;		/* index into scene->triangles */
	uint32_t	unused[2];
} __attribute__((aligned(16))) rpm_bvh_triangle;

/* Node 0 is the root; without triangles there is none. */
typedef struct rpm_bvh
{
	const rpm_bvh_node *nodes;
	const rpm_bvh_triangle *triangles;
	uint32_t	node_count, triangle_count;
} rpm_bvh;

/* Called with the nodes and triangles that a ray comes by; a program that counts them defines it before. */
#ifndef RPM_BVH_VISIT
#define RPM_BVH_VISIT(nodes, triangles) ((void) 0)
#endif

/* A ray prepared for many tests. */
typedef struct rpm_bvh_ray
{
	float		origin[3], direction[3];
	float		inverse[3];		/* of the direction; +-1e30 where it would be larger */
	int			axis[3];		/* the last one is the longest of the direction */
	float		shear[3];
} rpm_bvh_ray;

#ifdef __cplusplus
extern "C" {
#endif
/* The hierarchy of a query made with RPM_QUERY_BVH, valid as long as the query; NULL for another provider. */
const rpm_bvh *rpm_query_bvh(const rpm_query *query);
#ifdef __cplusplus
}
#endif

RPM_INLINE float rpm_bvh_min(float a, float b) { return a < b ? a : b; }
RPM_INLINE float rpm_bvh_max(float a, float b) { return a > b ? a : b; }

RPM_INLINE rpm_bvh_ray rpm_bvh_prepare(const rpm_ray *ray)
{
	rpm_bvh_ray r;
	float		x = fabsf(ray->direction[0]), y = fabsf(ray->direction[1]), z = fabsf(ray->direction[2]);
	int			k = x > y ? (x > z ? 0 : 2) : (y > z ? 1 : 2);

	for (int i = 0; i < 3; i++)
	{
		float		d = ray->direction[i];

		r.origin[i] = ray->origin[i];
		r.direction[i] = d;
		/* Finite, so that 0 times it is 0. */
		r.inverse[i] = fabsf(d) > 1e-30f ? 1 / d : copysignf(1e30f, d);
	}
	r.axis[2] = k;
	r.axis[0] = (k + 1) % 3;
	r.axis[1] = (k + 2) % 3;
	r.shear[0] = ray->direction[r.axis[0]] / ray->direction[k];
	r.shear[1] = ray->direction[r.axis[1]] / ray->direction[k];
	r.shear[2] = 1 / ray->direction[k];
	return r;
}

/*
 * a b - c d to 1.5 units in the last place, so with the sign of the exact value: on the CPU through double, in which both products
 * are exact; on the GPU, where double may be slow, by Kahan's algorithm with fused multiply-add.
 */
RPM_INLINE float rpm_bvh_edge(float a, float b, float c, float d)
{
#ifdef __CUDA_ARCH__
	float		product = __fmul_rn(c, d);

	return __fadd_rn(__fmaf_rn(a, b, -product), __fmaf_rn(-c, d, product));
#else
	return (float) ((double) a * b - (double) c * d);
#endif
}

/*
 * The distance along the ray's line to the triangle's plane, in double, because single precision loses what grazing incidence needs.
 * Where the plane is so nearly edge on that even this leaves the triangle, the nearest depth of its corners.
 */
RPM_INLINE float rpm_bvh_plane_distance(const rpm_bvh_ray *r, const rpm_bvh_triangle *triangle)
{
	const float (*p)[3] = triangle->corner;
	double		a[3], b[3], normal[3], above = 0, along = 0, t;
	float		low = INFINITY, high = -INFINITY;

	for (int k = 0; k < 3; k++)
	{
		float		depth = (p[k][r->axis[2]] - r->origin[r->axis[2]]) * r->shear[2];

		low = rpm_bvh_min(low, depth);
		high = rpm_bvh_max(high, depth);
		a[k] = (double) p[1][k] - p[0][k];
		b[k] = (double) p[2][k] - p[0][k];
	}
	for (int k = 0; k < 3; k++)
	{
		int			i = (k + 1) % 3, j = (k + 2) % 3;

		normal[k] = a[i] * b[j] - a[j] * b[i];
		above += normal[k] * ((double) p[0][k] - r->origin[k]);
		along += normal[k] * r->direction[k];
	}
	t = along != 0 ? above / along : low;
	return t < low ? low : t > high ? high : (float) t;
}

/* The distance to a triangle, or a negative number when the line misses it or sees it edge on. */
RPM_INLINE float rpm_bvh_triangle_distance(const rpm_bvh_ray *r, const rpm_bvh_triangle *triangle)
{
	float		x[3], y[3];
	float		u, v, w;

	for (int i = 0; i < 3; i++)
	{
		float		z = triangle->corner[i][r->axis[2]] - r->origin[r->axis[2]];

		x[i] = triangle->corner[i][r->axis[0]] - r->origin[r->axis[0]] - r->shear[0] * z;
		y[i] = triangle->corner[i][r->axis[1]] - r->origin[r->axis[1]] - r->shear[1] * z;
	}
	u = rpm_bvh_edge(x[2], y[1], y[2], x[1]);
	v = rpm_bvh_edge(x[0], y[2], y[0], x[2]);
	w = rpm_bvh_edge(x[1], y[0], y[1], x[0]);
	if (((u < 0 || v < 0 || w < 0) && (u > 0 || v > 0 || w > 0)) || (u == 0 && v == 0 && w == 0))
		return -1;
	return rpm_bvh_plane_distance(r, triangle);
}

/* Where the ray enters a box, not before t_min; INFINITY when it misses it before t_max. */
RPM_INLINE float rpm_bvh_enter_box(const rpm_bvh_ray *r, const float *low, const float *high, float t_min, float t_max)
{
	float		x0 = (low[0] - r->origin[0]) * r->inverse[0], x1 = (high[0] - r->origin[0]) * r->inverse[0];
	float		y0 = (low[1] - r->origin[1]) * r->inverse[1], y1 = (high[1] - r->origin[1]) * r->inverse[1];
	float		z0 = (low[2] - r->origin[2]) * r->inverse[2], z1 = (high[2] - r->origin[2]) * r->inverse[2];
	float		enter = rpm_bvh_max(rpm_bvh_max(rpm_bvh_min(x0, x1), rpm_bvh_min(y0, y1)),
									rpm_bvh_max(rpm_bvh_min(z0, z1), t_min));
	float		leave = rpm_bvh_min(rpm_bvh_min(rpm_bvh_max(x0, x1), rpm_bvh_max(y0, y1)),
									rpm_bvh_min(rpm_bvh_max(z0, z1), t_max));

	/* Three roundings on each side: 1 + 2 gamma_3 of Ize, rounded up. */
	return enter <= leave * 1.000001f ? enter : INFINITY;
}

/* What a ray has found so far: the interval that is left, and the triangle at its end. */
typedef struct rpm_bvh_search
{
	float		t_min, t_max;
	uint32_t	nearest;
	bool		found;
} rpm_bvh_search;

/* Tests the triangles of a leaf; true when one of them was hit and is the nearest so far. */
RPM_INLINE bool rpm_bvh_visit_leaf(const rpm_bvh *bvh, const rpm_bvh_ray *r, uint32_t first, uint32_t count,
								   rpm_bvh_search *search)
{
	bool		nearer = false;

	RPM_BVH_VISIT(0, count);
	for (uint32_t i = first; i < first + count; i++)
	{
		const rpm_bvh_triangle *triangle = &bvh->triangles[i];
		float		t = rpm_bvh_triangle_distance(r, triangle);

		if (t > search->t_min
			&& (t < search->t_max || (t == search->t_max && search->found && triangle->triangle < search->nearest)))
		{
			search->t_max = t;
			search->nearest = triangle->triangle;
			search->found = nearer = true;
		}
	}
	return nearer;
}

/*
 * The nearest hit with max(t_min, 0) < t < t_max, or with any some hit.  Of two triangles at the same distance the one with the
 * lower number is the nearest, whatever the order of traversal.
 */
RPM_INLINE bool rpm_bvh_traverse(const rpm_bvh *bvh, const rpm_ray *ray, bool any, rpm_hit *hit)
{
	uint32_t	stack[RPM_BVH_DEPTH + 1];
	float		stack_enter[RPM_BVH_DEPTH + 1];
	int			depth = 0;
	uint32_t	current = 0;
	rpm_bvh_ray r = rpm_bvh_prepare(ray);
	rpm_bvh_search search;

	search.t_min = rpm_bvh_max(ray->t_min, 0);
	search.t_max = ray->t_max;
	search.nearest = 0;
	search.found = false;
	while (bvh->node_count > 0)
	{
		const rpm_bvh_node *node = &bvh->nodes[current];
		float		enter_0 = rpm_bvh_enter_box(&r, node->low[0], node->high[0], search.t_min, search.t_max);
		float		enter_1 = rpm_bvh_enter_box(&r, node->low[1], node->high[1], search.t_min, search.t_max);
		bool		into_0 = enter_0 != INFINITY, into_1 = enter_1 != INFINITY;

		RPM_BVH_VISIT(1, 0);
		if (into_0 && node->count[0] > 0)
		{
			if (rpm_bvh_visit_leaf(bvh, &r, node->child[0], node->count[0], &search) && any)
				break;
			into_0 = false;
		}
		if (into_1 && node->count[1] > 0)
		{
			if (rpm_bvh_visit_leaf(bvh, &r, node->child[1], node->count[1], &search) && any)
				break;
			into_1 = false;
		}
		if (into_0 && into_1)
		{
			int			nearer = enter_1 < enter_0;

			stack[depth] = node->child[1 - nearer];
			stack_enter[depth++] = nearer ? enter_0 : enter_1;
			current = node->child[nearer];
			continue;
		}
		if (into_0 || into_1)
		{
			current = node->child[into_1];
			continue;
		}
		/* What lies beyond the nearest hit so far is passed over, with the margin of the boxes. */
		while (depth > 0 && stack_enter[depth - 1] > search.t_max * 1.000001f)
			depth--;
		if (depth == 0)
			break;
		current = stack[--depth];
	}
	if (search.found)
	{
		hit->t = search.t_max;
		hit->triangle = search.nearest;
	}
	return search.found;
}

#endif
