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

#include "features/lanes.h"
#include "features/sight.h"
#include "rpm_path_profile.h"

#define ARRAYS 15				/* of a thread: what a ray has, doubles counting twice */
#define SHARED_ARRAYS 12		/* distance, inverse and distances of blocks of four quadrants */
#define SPREAD_ARRAYS 4			/* of double */
#define CELL_FLOATS (2 * sizeof(sight_cell) / sizeof(float))
#define TRANSPOSED 32			/* rows at a time, so that they stay in the cache */
#define NU_WITHOUT_LOSS (-0.78)	/* J(nu) is 0 up to here: ITU-R P.526-15, equation 31 */

typedef struct sight_work
{
	feature_work *work;
	quadrant	quadrants[4];
	int64_t		ray_end[4];
	int32_t		longest;
	bool		lengths, edges; /* channels of these are asked for */
	double	   *spread;			/* of the quadrants, one after another: the memory's begin */
	float	   *buffers;		/* of every thread, */
	float	   *shared;			/* and what they share */
	sight_cell *cells[2];		/* row by row, and column by column: rays along them meet neighbours */
} sight_work;

static void set_cells(void *context, int64_t begin, int64_t end, int thread);
static void set_quadrants(sight_work *sight);
static void set_axis(quadrant *q, double major, double minor, int32_t major_count, int32_t minor_count);
static void own_cell(const feature_work *work);
static void sight_rays(void *context, int64_t begin, int64_t end, int thread);
static void follow(const sight_work *sight, const quadrant *q, int64_t number, sight_ray *ray);
static void paths_of(const sight_work *sight, const quadrant *q, sight_ray *ray);
static void write_lengths(const sight_work *sight, const quadrant *q, sight_ray *ray);
static void write_edges(const sight_work *sight, const quadrant *q, sight_ray *ray);

bool
features_of_sight_wanted(const feature_work *work)
{
	return feature_wanted(work, RPM_FEATURE_LINE_OF_SIGHT) || feature_wanted(work, RPM_FEATURE_OBSTRUCTED) ||
		feature_wanted(work, RPM_FEATURE_OBSTRUCTIONS) || feature_wanted(work, RPM_FEATURE_KNIFE_EDGE);
}

/* Cells of an array of a ray: one before the first, and so many that whole blocks can be read; even, so that doubles can follow. */
static size_t
longest_of(int32_t columns, int32_t rows)
{
	return ((size_t) (columns > rows ? columns : rows) + 1 + SIGHT_BLOCK + 1) / 2 * 2;
}

size_t
features_of_sight_bytes(int32_t columns, int32_t rows, const rpm_control *control)
{
	size_t		longest = longest_of(columns, rows),
				floats = ((size_t) rpm_thread_count(control) * ARRAYS + SHARED_ARRAYS) * longest + CELL_FLOATS * (size_t) columns * (size_t) rows;

	return longest * SPREAD_ARRAYS * sizeof(double) + floats * sizeof(float);
}

rpm_code
features_of_sight(feature_work *work, rpm_status *status)
{
	const rpm_cell_grid *grid = &work->environment->grid;
	sight_work	sight = {.work = work, .longest = (int32_t) longest_of(grid->columns, grid->rows)};
	rpm_code	code;

	sight.spread = malloc(features_of_sight_bytes(grid->columns, grid->rows, work->control));
	if (sight.spread == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the direct paths of a tile");
	sight.buffers = (float *) (sight.spread + SPREAD_ARRAYS * (size_t) sight.longest);
	sight.shared = sight.buffers + (size_t) rpm_thread_count(work->control) * ARRAYS * sight.longest;
	sight.cells[0] = (sight_cell *) (sight.shared + SHARED_ARRAYS * (size_t) sight.longest);
	sight.cells[1] = sight.cells[0] + (size_t) grid->columns * (size_t) grid->rows;
	sight.lengths = feature_wanted(work, RPM_FEATURE_OBSTRUCTED) || feature_wanted(work, RPM_FEATURE_OBSTRUCTIONS);
	sight.edges = feature_wanted(work, RPM_FEATURE_KNIFE_EDGE);
	set_quadrants(&sight);
	own_cell(work);
	code = rpm_parallel_for(work->control, grid->rows, TRANSPOSED, set_cells, &sight, status);
	if (code == RPM_OK)
		code = rpm_parallel_for(work->control, sight.ray_end[3], 8, sight_rays, &sight, status);
	free(sight.spread);
	return code;
}

/* Of some rows: row by row, and column by column. */
static void
set_cells(void *context, int64_t begin, int64_t end, int thread)
{
	sight_work *sight = context;
	const rpm_environment *e = sight->work->environment;
	const double z_m = sight->work->z_m;
	size_t		columns = (size_t) e->grid.columns,
				rows = (size_t) e->grid.rows;

	(void) thread;
	for (size_t cell = (size_t) begin * columns; cell < (size_t) end * columns; cell++)
	{
		sight->cells[0][cell].roof_m = (float) (e->ground_m[cell] + e->building_height_m[cell] - z_m);
		sight->cells[0][cell].ground_m = (float) (e->ground_m[cell] - z_m);
	}
	for (size_t column = 0; column < columns; column++)
		for (size_t r = (size_t) begin; r < (size_t) end; r++)
			sight->cells[1][column * rows + r] = sight->cells[0][r * columns + column];
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
		q->cells = sight->cells[q->along_columns ? 0 : 1];
		q->step = i % 2 == 0 ? 1 : -1;
		q->major_stride = q->along_columns ? 1 : (size_t) grid->columns;
		q->minor_stride = q->along_columns ? (size_t) grid->columns : 1;
		q->major_m = q->along_columns ? grid->cell_width_m : grid->cell_height_m;
		q->minor_m = q->along_columns ? grid->cell_height_m : grid->cell_width_m;
		if (q->along_columns)
			set_axis(q, column, row, grid->columns, grid->rows);
		else
			set_axis(q, row, column, grid->rows, grid->columns);
		q->distance = sight->shared + 3 * (size_t) i * sight->longest;
		q->inverse = q->distance + sight->longest;
		q->block_distance = q->inverse + sight->longest;
		q->spread = sight->spread + (size_t) i * sight->longest;
		for (int32_t k = 0; k < q->count; k++)
		{
			q->distance[k] = (float) (k + q->nearest);
			q->inverse[k] = (float) (1 / (k + q->nearest));
			q->spread[k] = q->reach / (k + q->nearest);
			q->block_distance[k / SIGHT_BLOCK] = q->distance[k / SIGHT_BLOCK * SIGHT_BLOCK];
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
	q->major_count = major_count;
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
	sight_ray	ray = {.minor = (int32_t *) buffer, .tangent = buffer + longest + 1, .highest = buffer + 2 * longest, .rise_m = buffer + 3 * longest,
		.top = buffer + 4 * longest, .hull_distance = buffer + 5 * longest, .hull_rise_m = buffer + 6 * longest, .hull_count = (int32_t) longest,
		.owned = (int32_t *) (buffer + 7 * longest), .path = buffer + 8 * longest, .steepest = buffer + 9 * longest,
		.below = (int32_t *) (buffer + 10 * longest), .groups = (int32_t *) (buffer + 11 * longest), .worst = buffer + 12 * longest,
		.argument = (double *) (buffer + 13 * longest)};

	ray.tangent[-1] = -INFINITY;
	sight_hull_begin(&ray);
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
	ray->nu_square = 2 * sight->work->antenna->antenna.frequency_hz / RPM_SPEED_OF_LIGHT_M_S / ray->step_m;
	ray->clear = 0;
	sight_walk(q, aimed, ray);
	paths_of(sight, q, ray);
	if (sight->lengths)
		write_lengths(sight, q, ray);
	if (sight->edges)
		write_edges(sight, q, ray);
}

static size_t
place_of(const quadrant *q, const sight_ray *ray, int32_t i)
{
	return (size_t) (q->first + q->step * i) * q->major_stride + (size_t) ray->minor[i] * q->minor_stride;
}

/* The direct paths' tangents, and whether anything stands above them. */
static void
paths_of(const sight_work *sight, const quadrant *q, sight_ray *ray)
{
	const feature_work *work = sight->work;
	float	   *seen = work->channel[RPM_FEATURE_LINE_OF_SIGHT];
	float		receiver_m = (float) work->antenna->receiver_height_m,
				steepest = -INFINITY;

	for (int32_t j = 0; j < ray->owned_count; j++)
	{
		int32_t		i = ray->owned[j];
		float		tangent = (sight_cell_of(q, q->first + q->step * i, ray->minor[i])->ground_m + receiver_m) * q->inverse[i];

		steepest = steepest > tangent ? steepest : tangent;
		ray->path[j] = tangent;
		ray->steepest[j] = steepest;
		if (seen != NULL)
			seen[place_of(q, ray, i)] = !(ray->tangent[i] > tangent) & !(ray->highest[i] > tangent);
	}
}

/* The receiver's cell counts for half. */
static void
write_lengths(const sight_work *sight, const quadrant *q, sight_ray *ray)
{
	float	   *obstructed_m = sight->work->channel[RPM_FEATURE_OBSTRUCTED],
			   *obstructions = sight->work->channel[RPM_FEATURE_OBSTRUCTIONS];

	sight_count(ray);
	for (int32_t j = 0; j < ray->owned_count; j++)
	{
		int32_t		i = ray->owned[j];
		size_t		cell = place_of(q, ray, i);
		bool		indoors = ray->tangent[i] > ray->path[j];

		if (obstructed_m != NULL)
			obstructed_m[cell] = (float) ((ray->below[j] + 0.5 * indoors) * ray->step_m);
		if (obstructions != NULL)
			obstructions[cell] = (float) (ray->groups[j] + (indoors && !(ray->tangent[i - 1] > ray->path[j])));
	}
}

static void
write_edges(const sight_work *sight, const quadrant *q, sight_ray *ray)
{
	float	   *loss_db = sight->work->channel[RPM_FEATURE_KNIFE_EDGE],
				least = (float) (-NU_WITHOUT_LOSS * NU_WITHOUT_LOSS / ray->nu_square);

	sight_edges(q, ray, least);
	for (int32_t j = 0; j < ray->owned_count; j++)
		ray->argument[j] = rpm_knife_edge_argument(copysign(sqrt(fabs((double) ray->worst[j]) * ray->nu_square), ray->worst[j]));
	for (int32_t j = ray->owned_count; j % LANES_LOG != 0; j++)
		ray->argument[j] = 1;
	lanes_log10(ray->argument, ray->owned_count, ray->argument);
	for (int32_t j = 0; j < ray->owned_count; j++)
		loss_db[place_of(q, ray, ray->owned[j])] = ray->worst[j] > least ? (float) rpm_knife_edge_of_log10(ray->argument[j]) : 0;
}
