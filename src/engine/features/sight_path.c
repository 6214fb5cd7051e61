/*
 * sight_path.c: what stands in the direct paths along a ray: how much of each lies below roofs, and the edge that matters most.
 *
 * A path has as many cells before it as it is long, so that a tile has hundreds of times more of them than cells: most are passed over.
 * Towards open ground paths grow less steep cell by cell, so that a roof rises above those from its own cell on to one that a search finds;
 * differences between neighbouring paths are noted there, and summed once.  Paths that are steeper than one before, over hills, are
 * counted one by one.
 */
#include <math.h>
#include <string.h>

#include "features/lanes.h"
#include "features/sight.h"

#define LANES 8

typedef float float_lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t int_lanes __attribute__((vector_size(LANES * sizeof(float))));

#define LARGER(a, b) ((float_lanes) ((((a) > (b)) & (int_lanes) (a)) | (~((a) > (b)) & (int_lanes) (b))))

/* Rises so far below that they are never an edge: what fills the hull's last lanes. */
#define NO_RISE_M (-1e15f)
/* What rounding may take off a bound, with a wide margin. */
#define MARGIN 1.0001f

LANES_INLINE int32_t first_over(const float *steepest, int32_t from, int32_t end, float tangent);
LANES_INLINE void count_one(sight_ray *ray, int32_t number);
LANES_INLINE void hull_add(sight_ray *ray, float distance, float rise_m);
LANES_INLINE void pop(sight_ray *ray);
LANES_INLINE float edge_above(const sight_ray *ray, float receiver, float tangent);
LANES_INLINE float edge_below(const quadrant *q, const sight_ray *ray, int32_t i, float tangent, float least);
LANES_INLINE float largest_lane(const float_lanes *lanes, float least);

/*
 * The cell k rises above the paths from the first behind it to before the first whose steepest is not less than its tangent; a group begins there
 * for those of them above which the cell before does not rise.
 */
LANES_WIDE void
sight_count(sight_ray *ray)
{
	int32_t		owned = ray->owned_count,
				last = owned > 0 ? ray->owned[owned - 1] : 0,
				next = 0,		/* first path that is longer */
				before = 0,		/* where the cell before ends */
				below = 0,
				groups = 0;

	memset(ray->below, 0, (size_t) (owned + 1) * sizeof(int32_t));
	memset(ray->groups, 0, (size_t) (owned + 1) * sizeof(int32_t));
	for (int32_t k = 0; k < last; k++)
	{
		int32_t		end;

		next += ray->owned[next] <= k;
		end = next;
		if (ray->tangent[k] > ray->steepest[next])
		{
			end = first_over(ray->steepest, next + 1, owned, ray->tangent[k]);
			ray->below[next]++;
			ray->below[end]--;
			if (before < end)
			{
				ray->groups[before > next ? before : next]++;
				ray->groups[end]--;
			}
		}
		before = end;
	}
	for (int32_t j = 0; j < owned; j++)
	{
		below += ray->below[j];
		groups += ray->groups[j];
		ray->below[j] = below;
		ray->groups[j] = groups;
	}
	for (int32_t j = 0; j < owned; j++)
		if (ray->path[j] < ray->steepest[j] && ray->highest[ray->owned[j]] > ray->path[j])
			count_one(ray, j);
}

/* The first of those from `from` on that is at least the tangent; `end` if none is. */
LANES_INLINE int32_t
first_over(const float *steepest, int32_t from, int32_t end, float tangent)
{
	int32_t		count = end - from;

	while (count > 0)
	{
		int32_t		half = count / 2,
					below = steepest[from + half] < tangent;

		from += below ? half + 1 : 0;
		count = below ? count - half - 1 : half;
	}
	return from;
}

/* From the first cell on that rises above the path: paths to neighbouring cells have it near. */
LANES_INLINE void
count_one(sight_ray *ray, int32_t number)
{
	const float tangent = ray->path[number];
	const float_lanes path = tangent - (float_lanes) {0};
	float_lanes here,
				before;
	int_lanes	above = {0},
				followed = {0};
	int32_t		i = ray->owned[number],
				below = 0,
				groups = 0,
				k;

	while (ray->highest[ray->clear] > tangent)
		ray->clear--;
	while (ray->clear < i && ray->highest[ray->clear + 1] <= tangent)
		ray->clear++;
	for (k = ray->clear; k + LANES <= i; k += LANES)
	{
		LANES_LOAD(here, ray->tangent + k);
		LANES_LOAD(before, ray->tangent + k - 1);
		above -= here > path;
		followed -= (here > path) & (before > path);
	}
	for (int lane = 0; lane < LANES; lane++)
	{
		below += above[lane];
		groups += above[lane] - followed[lane];
	}
	for (; k < i; k++)
	{
		below += ray->tangent[k] > tangent;
		groups += ray->tangent[k] > tangent && !(ray->tangent[k - 1] > tangent);
	}
	ray->below[number] = below;
	ray->groups[number] = groups;
}

LANES_WIDE void
sight_edges(const quadrant *q, sight_ray *ray, float least)
{
	int32_t		k = 0;

	sight_hull_begin(ray);
	for (int32_t j = 0; j < ray->owned_count; j++)
	{
		int32_t		i = ray->owned[j];
		float		tangent = ray->path[j];

		for (; k < i; k++)
			hull_add(ray, q->distance[k], ray->rise_m[k]);
		ray->worst[j] = ray->highest[i] > tangent ? edge_above(ray, q->distance[i], tangent) : edge_below(q, ray, i, tangent, least);
	}
}

void
sight_hull_begin(sight_ray *ray)
{
	while (ray->hull_count > 0)
		pop(ray);
}

/* The corner at which the chain bends up is none. */
LANES_INLINE void
hull_add(sight_ray *ray, float distance, float rise_m)
{
	while (ray->hull_count > 0)
	{
		int32_t		last = ray->hull_count - 1;
		float		x = last > 0 ? ray->hull_distance[last - 1] : 0,
					y = last > 0 ? ray->hull_rise_m[last - 1] : 0;

		if ((ray->hull_rise_m[last] - y) * (distance - x) > (rise_m - y) * (ray->hull_distance[last] - x))
			break;
		pop(ray);
	}
	ray->hull_distance[ray->hull_count] = distance;
	ray->hull_rise_m[ray->hull_count] = rise_m;
	ray->hull_count++;
}

LANES_INLINE void
pop(sight_ray *ray)
{
	ray->hull_count--;
	ray->hull_distance[ray->hull_count] = 1;
	ray->hull_rise_m[ray->hull_count] = NO_RISE_M;
}

/* h |h| (1 / d1 + 1 / d2) of eight cells, h above the direct path. */
#define EDGE(height, distance, receiver) \
	((height) * (float_lanes) ((int_lanes) (height) & magnitude) * (receiver) / ((distance) * ((receiver) - (distance))))

LANES_INLINE float
edge_above(const sight_ray *ray, float receiver, float tangent)
{
	const int_lanes magnitude = 0x7fffffff - (int_lanes) {0};
	float_lanes most = {0};

	for (int32_t k = 0; k < ray->hull_count; k += LANES)
	{
		float_lanes distance,
					height,
					edge;

		LANES_LOAD(distance, ray->hull_distance + k);
		LANES_LOAD(height, ray->hull_rise_m + k);
		height -= tangent * distance;
		edge = EDGE(height, distance, receiver);
		most = LARGER(edge, most);
	}
	return largest_lane(&most, 0);
}

/* Of the block of cells from k on. */
LANES_INLINE float
block_edge(const quadrant *q, const sight_ray *ray, int32_t k, float receiver, float tangent, float least)
{
	const int_lanes magnitude = 0x7fffffff - (int_lanes) {0};
	float		most = least;

	for (int32_t end = k + SIGHT_BLOCK; k < end; k += LANES)
	{
		float_lanes distance,
					height,
					edge;

		LANES_LOAD(distance, q->distance + k);
		LANES_LOAD(height, ray->rise_m + k);
		height -= tangent * distance;
		edge = EDGE(height, distance, receiver);
		most = largest_lane(&edge, most);
	}
	return most;
}

/*
 * With g > 0 the path's tangent less the block's highest, h <= -g d1, so that h |h| (1 / d1 + 1 / d2) <= -g^2 (d1 + d1^2 / d2), which is largest at
 * the block's first cell.
 */
LANES_INLINE float
edge_below(const quadrant *q, const sight_ray *ray, int32_t i, float tangent, float least)
{
	const float_lanes path = tangent - (float_lanes) {0};
	float		receiver = q->distance[i],
				most = least;
	int32_t		blocks = i / SIGHT_BLOCK;

	if (blocks == 0)
		for (int32_t k = 0; k < i; k++)
		{
			float		height = ray->rise_m[k] - tangent * q->distance[k];

			most = fmaxf(most, height * fabsf(height) * receiver / (q->distance[k] * (receiver - q->distance[k])));
		}
	else
		most = block_edge(q, ray, i - SIGHT_BLOCK, receiver, tangent, most);
	for (int32_t b = 0; b < blocks; b += LANES)
	{
		float_lanes distance,
					below;
		int_lanes	count;

		LANES_LOAD(distance, q->block_distance + b);
		LANES_LOAD(below, ray->top + b);
		below = path - below;
		count = below * below * distance * receiver < -most * MARGIN * (receiver - distance);
		for (int lane = 0; lane < LANES && b + lane < blocks; lane++)
			if (count[lane])
				most = block_edge(q, ray, (b + lane) * SIGHT_BLOCK, receiver, tangent, most);
	}
	return most;
}

LANES_INLINE float
largest_lane(const float_lanes *lanes, float least)
{
	float_lanes most = *lanes;

	most = LARGER(most, __builtin_shuffle(most, (int_lanes) {4, 5, 6, 7, 0, 1, 2, 3}));
	most = LARGER(most, __builtin_shuffle(most, (int_lanes) {2, 3, 0, 1, 6, 7, 4, 5}));
	most = LARGER(most, __builtin_shuffle(most, (int_lanes) {1, 0, 3, 2, 5, 4, 7, 6}));
	return most[0] > least ? most[0] : least;
}
