/*
 * sight_walk.c: which cells a ray meets, what stands in them, and which of them are its own.
 */
#include <math.h>
#include <string.h>

#include "features/lanes.h"
#include "features/sight.h"

#define LANES 4

typedef double lanes __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t masks __attribute__((vector_size(LANES * sizeof(double))));
typedef int32_t numbers __attribute__((vector_size(LANES * sizeof(int32_t))));

LANES_INLINE void place_cells(const quadrant *q, int32_t aimed, sight_ray *ray);
LANES_INLINE void look_up(const quadrant *q, sight_ray *ray);

LANES_WIDE void
sight_walk(const quadrant *q, int32_t aimed, sight_ray *ray)
{
	place_cells(q, aimed, ray);
	look_up(q, ray);
}

LANES_INLINE void
place_cells(const quadrant *q, int32_t aimed, sight_ray *ray)
{
	const lanes zero = {0},
				order = {0, 1, 2, 3};
	const masks positive = ~(masks) (-0.0 - zero),
				diagonal = (masks) {0} - !q->along_columns;	/* belongs to the rays along columns, but for the antenna's own column */
	int32_t		count = 0,
				owned = 0;

	while (count < q->count)
	{
		lanes		distance = (order + (double) count) + q->nearest,
					minor = q->minor + ray->slope * distance,
					whole,
					across,
					size,
					far;
		numbers		cell = __builtin_convertvector(minor, numbers);
		masks		inside = (minor >= 0.0) & (minor < (double) q->minor_count),
					mine;
		int64_t		is_inside[LANES],
					is_mine[LANES];
		int			lane = 0;

		LANES_LOAD(far, q->spread + count);
		whole = __builtin_convertvector(cell, lanes);
		across = (whole + 0.5) - q->minor;
		size = (lanes) ((masks) across & positive);
		far = q->minor + across * far;
		mine = inside & (size <= distance) & ~(diagonal & (size == distance) & (whole != (double) q->own_minor)) &
			(far >= (double) aimed) & (far < aimed + 1.0);
		LANES_STORE(ray->minor + count, cell);
		LANES_STORE(is_inside, inside);
		LANES_STORE(is_mine, mine);
		for (; lane < LANES && is_inside[lane]; lane++)
		{
			ray->owned[owned] = count + lane;
			owned -= (int32_t) is_mine[lane];
		}
		count += lane;
		if (lane < LANES)
			break;
	}
	ray->count = count < q->count ? count : q->count;
	while (owned > 0 && ray->owned[owned - 1] >= ray->count)
		owned--;
	ray->owned_count = owned;
}

LANES_INLINE void
look_up(const quadrant *q, sight_ray *ray)
{
	const sight_cell *along = q->cells + q->first;
	float		highest = -INFINITY,
				top = -INFINITY;

	for (int32_t i = 0; i < ray->count; i++)
	{
		float		rise_m = along[(ptrdiff_t) ray->minor[i] * q->major_count + (ptrdiff_t) q->step * i].roof_m,
					tangent = rise_m * q->inverse[i];

		ray->rise_m[i] = rise_m;
		ray->highest[i] = highest;
		ray->tangent[i] = tangent;
		highest = highest > tangent ? highest : tangent;
		top = i % SIGHT_BLOCK == 0 || tangent > top ? tangent : top;
		ray->top[i / SIGHT_BLOCK] = top;
	}
}
