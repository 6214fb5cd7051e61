/*
 * sight_path.c: what stands in one direct path along a ray: how much of it lies below roofs, and the edge that matters most.
 *
 * A path has as many cells before it as it is long, so that a tile has hundreds of times more of them than cells: most are passed over.
 */
#include <math.h>
#include <string.h>

#include "features/sight.h"

#define LANES 8

/* Eight lanes are two or four instructions where the processor has no wider ones; which, is chosen when the library is loaded. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
#define INLINE static inline __attribute__((always_inline))

typedef float float_lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t int_lanes __attribute__((vector_size(LANES * sizeof(float))));

/* Rises so far below that they are never an edge: what fills the hull's last lanes. */
#define NO_RISE_M (-1e15f)
/* What rounding may take off a bound, with a wide margin. */
#define MARGIN 1.0001f

#define LOAD(lanes, values) memcpy(&(lanes), (values), sizeof(lanes))

static void pop(sight_ray *ray);
INLINE float largest_lane(const float_lanes *lanes, float least);

WIDE int
sight_count_blocked(const sight_ray *ray, int32_t from, int32_t i, float tangent, int *groups)
{
	const float_lanes path = tangent - (float_lanes) {0};
	float_lanes here,
				before;
	int_lanes	above = {0},
				followed = {0};
	int			blocked = 0;
	int32_t		k = from;

	*groups = 0;
	for (; k + LANES <= i; k += LANES)
	{
		LOAD(here, ray->tangent + k);
		LOAD(before, ray->tangent + k - 1);
		above -= here > path;
		followed -= (here > path) & (before > path);
	}
	for (int lane = 0; lane < LANES; lane++)
	{
		blocked += above[lane];
		*groups += above[lane] - followed[lane];
	}
	for (; k < i; k++)
	{
		blocked += ray->tangent[k] > tangent;
		*groups += ray->tangent[k] > tangent && !(ray->tangent[k - 1] > tangent);
	}
	return blocked;
}

void
sight_hull_begin(sight_ray *ray)
{
	while (ray->hull_count > 0)
		pop(ray);
}

/* The corner at which the chain bends up is none. */
void
sight_hull_add(sight_ray *ray, float distance, float rise_m)
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

static void
pop(sight_ray *ray)
{
	ray->hull_count--;
	ray->hull_distance[ray->hull_count] = 1;
	ray->hull_rise_m[ray->hull_count] = NO_RISE_M;
}

/* h |h| (1 / d1 + 1 / d2) of eight cells, h above the direct path. */
#define EDGE(height, distance, receiver) \
	((height) * (float_lanes) ((int_lanes) (height) & magnitude) * (receiver) / ((distance) * ((receiver) - (distance))))

WIDE float
sight_edge_above(const sight_ray *ray, float receiver, float tangent)
{
	const int_lanes magnitude = 0x7fffffff - (int_lanes) {0};
	float_lanes most = {0};

	for (int32_t k = 0; k < ray->hull_count; k += LANES)
	{
		float_lanes distance,
					height,
					edge;
		int_lanes	larger;

		LOAD(distance, ray->hull_distance + k);
		LOAD(height, ray->hull_rise_m + k);
		height -= tangent * distance;
		edge = EDGE(height, distance, receiver);
		larger = edge > most;
		most = (float_lanes) ((larger & (int_lanes) edge) | (~larger & (int_lanes) most));
	}
	return largest_lane(&most, 0);
}

/* Of the block of cells from k on. */
INLINE float
block_edge(const quadrant *q, const sight_ray *ray, int32_t k, float receiver, float tangent, float least)
{
	const int_lanes magnitude = 0x7fffffff - (int_lanes) {0};
	float		most = least;

	for (int32_t end = k + SIGHT_BLOCK; k < end; k += LANES)
	{
		float_lanes distance,
					height,
					edge;

		LOAD(distance, q->distance + k);
		LOAD(height, ray->rise_m + k);
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
WIDE float
sight_edge_below(const quadrant *q, const sight_ray *ray, int32_t i, float tangent, float least)
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

		LOAD(distance, q->block_distance + b);
		LOAD(below, ray->top + b);
		below = path - below;
		count = below * below * distance * receiver < -most * MARGIN * (receiver - distance);
		for (int lane = 0; lane < LANES && b + lane < blocks; lane++)
			if (count[lane])
				most = block_edge(q, ray, (b + lane) * SIGHT_BLOCK, receiver, tangent, most);
	}
	return most;
}

INLINE float
largest_lane(const float_lanes *lanes, float least)
{
	for (int lane = 0; lane < LANES; lane++)
		least = (*lanes)[lane] > least ? (*lanes)[lane] : least;
	return least;
}
