/*
 * sight.c: what stands in the direct path to each cell.
 *
 * Rays go from the antenna to the middles of the cells on the far sides of four quadrants; each cell belongs to the ray that passes nearest to
 * its middle, half a cell off at most.  A ray meets one cell in each column (or row) that it crosses; the heights of roofs and ground
 * there, divided by the distance, are the tangents of their elevations, against which the direct path's is compared.  The cell of the
 * antenna does not count, that of the receiver for half.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/channels.h"
#include "rpm_path_profile.h"

#define ARRAYS 4				/* of a thread: minor, tangent, highest, rise */
#define SHARED_ARRAYS 9			/* distance and inverse of four quadrants, reverse */
#define LANES 8

/* Eight lanes are two or four instructions where the processor has no wider ones; which, is chosen when the library is loaded. */
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

/* Rays along columns or rows, eastward, westward, southward or northward; distances in cells along that axis. */
typedef struct quadrant
{
	bool		along_columns;
	int			step;			/* 1 or -1 */
	double		major, minor;	/* the antenna's place */
	int32_t		own_major, own_minor;	/* its cell */
	int32_t		first, count;	/* cells along the axis beyond the antenna's own */
	int32_t		minor_count;
	double		nearest, reach;	/* distances of the middles of the first and the last of them */
	int32_t		ray_low;		/* rays aim at these cells of the last column or row, */
	int64_t		ray_count;		/* so many of them */
	size_t		major_stride, minor_stride;
	double		major_m, minor_m;	/* size of a cell */
	float	   *distance, *inverse;	/* of the cells along the axis, and 1 / it */
} quadrant;

/* One ray: its cells and what they hold. */
typedef struct sight_ray
{
	int32_t    *minor;			/* cell across the axis */
	float	   *tangent;		/* of the surface, seen from the antenna; tangent[-1] is -infinity */
	float	   *highest;		/* of the tangents before */
	float	   *rise_m;			/* of the surface above the antenna */
	int32_t		count;
	double		slope;			/* across per along */
	double		step_m;
} sight_ray;

typedef float float_lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t int_lanes __attribute__((vector_size(LANES * sizeof(float))));

typedef struct sight_work
{
	feature_work *work;
	quadrant	quadrants[4];
	int64_t		ray_end[4];
	int32_t		longest;
	bool		lengths, edges; /* channels of these are asked for */
	float	   *buffers;		/* of every thread, then what they share */
	float	   *shared;
	float	   *reverse;		/* 1 / (longest - i): 1 / distance from the receiver, counted from the end */
} sight_work;

static void set_quadrants(sight_work *sight);
static void set_axis(quadrant *q, double major, double minor, int32_t major_count, int32_t minor_count);
static void own_cell(const feature_work *work);
static void sight_rays(void *context, int64_t begin, int64_t end, int thread);
static void follow(const sight_work *sight, const quadrant *q, int64_t number, sight_ray *ray);
static void walk(const feature_work *work, const quadrant *q, sight_ray *ray);
static bool belongs(const quadrant *q, int32_t aimed, int32_t i, int32_t minor);
static void judge(const sight_work *sight, const quadrant *q, const sight_ray *ray, int32_t i);
WIDE static int count_blocked(const sight_ray *ray, int32_t i, float tangent, int *groups);
WIDE static float worst_edge(const quadrant *q, const sight_ray *ray, const float *reverse, int32_t i, float tangent);

bool
features_of_sight_wanted(const feature_work *work)
{
	return feature_wanted(work, RPM_FEATURE_LINE_OF_SIGHT) || feature_wanted(work, RPM_FEATURE_OBSTRUCTED) ||
		feature_wanted(work, RPM_FEATURE_OBSTRUCTIONS) || feature_wanted(work, RPM_FEATURE_KNIFE_EDGE);
}

static size_t
longest_of(int32_t columns, int32_t rows)
{
	return (size_t) (columns > rows ? columns : rows);
}

size_t
features_of_sight_bytes(int32_t columns, int32_t rows, const rpm_control *control)
{
	return ((size_t) rpm_thread_count(control) * ARRAYS + SHARED_ARRAYS) * (longest_of(columns, rows) + 1) * sizeof(float);
}

rpm_code
features_of_sight(feature_work *work, rpm_status *status)
{
	const rpm_cell_grid *grid = &work->environment->grid;
	sight_work	sight = {.work = work, .longest = (int32_t) longest_of(grid->columns, grid->rows) + 1};
	rpm_code	code;

	sight.buffers = malloc(features_of_sight_bytes(grid->columns, grid->rows, work->control));
	if (sight.buffers == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the direct paths of a tile");
	sight.shared = sight.buffers + (size_t) rpm_thread_count(work->control) * ARRAYS * sight.longest;
	sight.reverse = sight.shared + 8 * (size_t) sight.longest;
	for (int32_t i = 0; i < sight.longest; i++)
		sight.reverse[i] = 1.0f / (float) (sight.longest - i);
	sight.lengths = feature_wanted(work, RPM_FEATURE_OBSTRUCTED) || feature_wanted(work, RPM_FEATURE_OBSTRUCTIONS);
	sight.edges = feature_wanted(work, RPM_FEATURE_KNIFE_EDGE);
	set_quadrants(&sight);
	own_cell(work);
	code = rpm_parallel_for(work->control, sight.ray_end[3], 8, sight_rays, &sight, status);
	free(sight.buffers);
	return code;
}

static void
set_quadrants(sight_work *sight)
{
	const feature_work *work = sight->work;
	const rpm_cell_grid *grid = &work->environment->grid;
	double		column = work->x_m / grid->cell_width_m,
				row = work->y_m / grid->cell_height_m;
	int64_t		rays = 0;

	for (int i = 0; i < 4; i++)
	{
		quadrant   *q = &sight->quadrants[i];

		q->along_columns = i < 2;
		q->step = i % 2 == 0 ? 1 : -1;
		q->major_stride = q->along_columns ? 1 : (size_t) grid->columns;
		q->minor_stride = q->along_columns ? (size_t) grid->columns : 1;
		q->major_m = q->along_columns ? grid->cell_width_m : grid->cell_height_m;
		q->minor_m = q->along_columns ? grid->cell_height_m : grid->cell_width_m;
		if (q->along_columns)
			set_axis(q, column, row, grid->columns, grid->rows);
		else
			set_axis(q, row, column, grid->rows, grid->columns);
		q->distance = sight->shared + 2 * (size_t) i * sight->longest;
		q->inverse = q->distance + sight->longest;
		for (int32_t k = 0; k < q->count; k++)
		{
			q->distance[k] = (float) (k + q->nearest);
			q->inverse[k] = (float) (1 / (k + q->nearest));
		}
		rays += q->ray_count;
		sight->ray_end[i] = rays;
	}
}

static void
set_axis(quadrant *q, double major, double minor, int32_t major_count, int32_t minor_count)
{
	double		high;

	q->major = major;
	q->minor = minor;
	q->own_major = (int32_t) major;
	q->own_minor = (int32_t) minor;
	q->first = q->own_major + q->step;
	q->count = q->step > 0 ? major_count - q->first : q->first + 1;
	q->minor_count = minor_count;
	if (q->count <= 0)
		return;
	q->nearest = fabs(q->first + 0.5 - major);
	q->reach = q->nearest + (q->count - 1);
	q->ray_low = (int32_t) floor(minor - q->reach);
	high = floor(minor + q->reach);
	q->ray_count = (int64_t) high - q->ray_low + 1;
}

/* The foot of the mast. */
static void
own_cell(const feature_work *work)
{
	const rpm_cell_grid *grid = &work->environment->grid;
	size_t		cell = (size_t) (work->y_m / grid->cell_height_m) * grid->columns + (size_t) (work->x_m / grid->cell_width_m);

	if (feature_wanted(work, RPM_FEATURE_LINE_OF_SIGHT))
		work->channel[RPM_FEATURE_LINE_OF_SIGHT][cell] = 1;
	if (feature_wanted(work, RPM_FEATURE_OBSTRUCTED))
		work->channel[RPM_FEATURE_OBSTRUCTED][cell] = 0;
	if (feature_wanted(work, RPM_FEATURE_OBSTRUCTIONS))
		work->channel[RPM_FEATURE_OBSTRUCTIONS][cell] = 0;
	if (feature_wanted(work, RPM_FEATURE_KNIFE_EDGE))
		work->channel[RPM_FEATURE_KNIFE_EDGE][cell] = 0;
}

static void
sight_rays(void *context, int64_t begin, int64_t end, int thread)
{
	const sight_work *sight = context;
	size_t		longest = (size_t) sight->longest;
	float	   *buffer = sight->buffers + (size_t) thread * ARRAYS * longest;
	sight_ray	ray = {(int32_t *) buffer, buffer + longest + 1, buffer + 2 * longest, buffer + 3 * longest, 0, 0, 0};

	ray.tangent[-1] = -INFINITY;
	for (int64_t number = begin; number < end; number++)
	{
		int			q = 0;

		while (number >= sight->ray_end[q])
			q++;
		follow(sight, &sight->quadrants[q], number - (q > 0 ? sight->ray_end[q - 1] : 0), &ray);
	}
}

static void
follow(const sight_work *sight, const quadrant *q, int64_t number, sight_ray *ray)
{
	int32_t		aimed = q->ray_low + (int32_t) number;

	ray->slope = (aimed + 0.5 - q->minor) / q->reach;
	ray->step_m = hypot(q->major_m, ray->slope * q->minor_m);
	walk(sight->work, q, ray);
	for (int32_t i = 0; i < ray->count; i++)
		if (belongs(q, aimed, i, ray->minor[i]))
			judge(sight, q, ray, i);
}

/* Its cells, until it leaves the tile. */
static void
walk(const feature_work *work, const quadrant *q, sight_ray *ray)
{
	const rpm_environment *e = work->environment;

	ray->count = 0;
	for (int32_t i = 0; i < q->count; i++)
	{
		int32_t		major = q->first + q->step * i;
		double		minor = q->minor + ray->slope * (i + q->nearest);
		float		rise_m;
		size_t		cell;

		if (!(minor >= 0 && minor < q->minor_count))
			return;
		ray->minor[i] = (int32_t) minor;
		cell = (size_t) major * q->major_stride + (size_t) ray->minor[i] * q->minor_stride;
		rise_m = (float) (e->ground_m[cell] + e->building_height_m[cell] - work->z_m);
		ray->rise_m[i] = rise_m;
		ray->highest[i] = i > 0 && ray->highest[i - 1] > ray->tangent[i - 1] ? ray->highest[i - 1] : ray->tangent[i - 1];
		ray->tangent[i] = rise_m * q->inverse[i];
		ray->count = i + 1;
	}
}

/* Whether a cell's own direction leads to the cell that the ray aims at, and lies in the quadrant. */
static bool
belongs(const quadrant *q, int32_t aimed, int32_t i, int32_t minor)
{
	double		distance = i + q->nearest,
				across = minor + 0.5 - q->minor,
				far;

	/* On a diagonal along the columns, but for the antenna's own column. */
	if (fabs(across) > distance || (!q->along_columns && fabs(across) == distance && minor != q->own_minor))
		return false;
	far = q->minor + across * (q->reach / distance);
	return far >= aimed && far < aimed + 1.0;
}

static void
judge(const sight_work *sight, const quadrant *q, const sight_ray *ray, int32_t i)
{
	const feature_work *work = sight->work;
	int32_t		major = q->first + q->step * i;
	size_t		cell = (size_t) major * q->major_stride + (size_t) ray->minor[i] * q->minor_stride;
	float		tangent = (work->environment->ground_m[cell] + (float) (work->antenna->receiver_height_m - work->z_m)) * q->inverse[i];
	int			indoors = ray->tangent[i] > tangent;

	if (feature_wanted(work, RPM_FEATURE_LINE_OF_SIGHT))
		work->channel[RPM_FEATURE_LINE_OF_SIGHT][cell] = !indoors && !(ray->highest[i] > tangent);
	if (sight->lengths)
	{
		int			times,
					blocked = count_blocked(ray, i, tangent, &times);

		if (feature_wanted(work, RPM_FEATURE_OBSTRUCTED))
			work->channel[RPM_FEATURE_OBSTRUCTED][cell] = (float) ((blocked + 0.5 * indoors) * ray->step_m);
		if (feature_wanted(work, RPM_FEATURE_OBSTRUCTIONS))
			work->channel[RPM_FEATURE_OBSTRUCTIONS][cell] = (float) (times + (indoors && !(ray->tangent[i - 1] > tangent)));
	}
	if (sight->edges)
	{
		float		worst = worst_edge(q, ray, sight->reverse + sight->longest - i, i, tangent);
		double		nu = copysign(sqrt(fabs(worst) * 2 * work->antenna->antenna.frequency_hz / RPM_SPEED_OF_LIGHT_M_S / ray->step_m), worst);

		work->channel[RPM_FEATURE_KNIFE_EDGE][cell] = (float) (i == 0 ? 0 : rpm_knife_edge_loss_db(nu));
	}
}

/* Of the cells before i, how many rise above the direct path, and in how many groups. */
WIDE static int
count_blocked(const sight_ray *ray, int32_t i, float tangent, int *groups)
{
	float_lanes here,
				before,
				path = tangent - (float_lanes) {0};
	int_lanes	above = {0},
				begun = {0};
	int			blocked = 0;
	int32_t		k = 0;

	*groups = 0;
	for (; k + LANES <= i; k += LANES)
	{
		memcpy(&here, ray->tangent + k, sizeof(here));
		memcpy(&before, ray->tangent + k - 1, sizeof(before));
		above -= here > path;
		begun -= (here > path) & ~(before > path);
	}
	for (int lane = 0; lane < LANES; lane++)
	{
		blocked += above[lane];
		*groups += begun[lane];
	}
	for (; k < i; k++)
	{
		blocked += ray->tangent[k] > tangent;
		*groups += ray->tangent[k] > tangent && !(ray->tangent[k - 1] > tangent);
	}
	return blocked;
}

/* The largest h |h| (1 / d1 + 1 / d2) with h above the direct path and distances in cells along the axis: that of the largest nu. */
WIDE static float
worst_edge(const quadrant *q, const sight_ray *ray, const float *reverse, int32_t i, float tangent)
{
	const int_lanes magnitude = 0x7fffffff - (int_lanes) {0};
	float_lanes rise,
				distance,
				inverse,
				from_receiver,
				worst = -INFINITY - (float_lanes) {0};
	float		most = -INFINITY;
	int32_t		k = 0;

	for (; k + LANES <= i; k += LANES)
	{
		float_lanes height,
					edge;
		int_lanes	larger;

		memcpy(&rise, ray->rise_m + k, sizeof(rise));
		memcpy(&distance, q->distance + k, sizeof(distance));
		memcpy(&inverse, q->inverse + k, sizeof(inverse));
		memcpy(&from_receiver, reverse + k, sizeof(from_receiver));
		height = rise - tangent * distance;
		edge = height * (float_lanes) ((int_lanes) height & magnitude) * (inverse + from_receiver);
		larger = edge > worst;
		worst = (float_lanes) ((larger & (int_lanes) edge) | (~larger & (int_lanes) worst));
	}
	for (int lane = 0; lane < LANES; lane++)
		most = fmaxf(most, worst[lane]);
	for (; k < i; k++)
	{
		float		height = ray->rise_m[k] - tangent * q->distance[k];

		most = fmaxf(most, height * fabsf(height) * (q->inverse[k] + reverse[k]));
	}
	return most;
}
