/*
 * environment.c: the surroundings of antennas in cells, drawn from rows (rpm_features.h).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "features/raster.h"

#define BYTES_PER_CELL (3 * sizeof(float) + 3)
#define MOST_HEIGHT_M 10000.0
#define MOST_WIDTH_M 1000.0
/* Facets steeper than this rise so far over a cell that they are walls. */
#define LEAST_NORMAL_Z 1e-3

/* What the cells of a polygon take. */
typedef struct paint
{
	rpm_environment *environment;
	float	   *highest;		/* array whose values rise to level or plane, NULL: a class */
	float		level;
	const double *plane;		/* z = plane[0] + plane[1] (x - west) + plane[2] (north - y); NULL: level */
	uint8_t    *classes;
	uint8_t		class;
} paint;

static rpm_code read_polygons(rpm_environment *environment, const uint8_t *wkb, size_t size, rpm_status *status);
static rpm_code read_result(rpm_code code, const row_problem *problem, rpm_status *status);
static rpm_code paint_polygons(rpm_environment *environment, paint *how, rpm_status *status);
static rpm_code paint_surface(rpm_environment *environment, float *highest, rpm_status *status);
static void paint_span(void *context, int32_t row, int32_t column_begin, int32_t column_end);
static bool plane_of(const rpm_environment *environment, size_t polygon, double plane[3]);
static rpm_code need_top(rpm_environment *environment, rpm_status *status);
static void fill(float *values, size_t count, float value);
static float lowest_of(const float *values, size_t count);

static size_t
cell_count(const rpm_environment *environment)
{
	return (size_t) environment->grid.columns * (size_t) environment->grid.rows;
}

size_t
rpm_environment_bytes(int32_t columns, int32_t rows)
{
	return (size_t) columns * (size_t) rows * BYTES_PER_CELL;
}

rpm_code
rpm_environment_create(const rpm_cell_grid *grid, const rpm_control *control, rpm_environment *environment, rpm_status *status)
{
	size_t		count = (size_t) grid->columns * (size_t) grid->rows;

	memset(environment, 0, sizeof(*environment));
	if (grid->columns < 1 || grid->rows < 1 || !(grid->cell_width_m > 0) || !(grid->cell_height_m > 0) || !isfinite(grid->west) ||
		!isfinite(grid->north) || !isfinite(grid->cell_width_m) || !isfinite(grid->cell_height_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "a grid of %d x %d cells of %g x %g m cannot be", (int) grid->columns,
						(int) grid->rows, grid->cell_width_m, grid->cell_height_m);
	if (rpm_reserve(control, rpm_environment_bytes(grid->columns, grid->rows), "the environment of a tile", status) != RPM_OK)
		return status->code;
	environment->grid = *grid;
	environment->building_height_m = calloc(count, sizeof(float));
	environment->ground_m = malloc(count * sizeof(float));
	environment->land_use = calloc(count, 1);
	environment->road = calloc(count, 1);
	environment->known = calloc(count, 1);
	environment->rasteriser = calloc(1, sizeof(rpm_rasteriser));
	if (environment->rasteriser != NULL)
		environment->rasteriser->row_end = calloc((size_t) grid->rows + 1, sizeof(size_t));
	if (environment->building_height_m == NULL || environment->ground_m == NULL || environment->land_use == NULL ||
		environment->road == NULL || environment->known == NULL || environment->rasteriser == NULL || environment->rasteriser->row_end == NULL)
	{
		rpm_environment_free(environment);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a tile of %d x %d cells", (int) grid->columns, (int) grid->rows);
	}
	fill(environment->ground_m, count, NAN);
	return RPM_OK;
}

void
rpm_environment_free(rpm_environment *environment)
{
	free(environment->building_height_m);
	free(environment->ground_m);
	free(environment->top_m);
	free(environment->land_use);
	free(environment->road);
	free(environment->known);
	if (environment->rasteriser != NULL)
	{
		polygon_set_free(&environment->rasteriser->set);
		free(environment->rasteriser->crossing);
		free(environment->rasteriser->row_end);
		free(environment->rasteriser);
	}
	memset(environment, 0, sizeof(*environment));
}

rpm_code
rpm_environment_building(rpm_environment *environment, const uint8_t *wkb, size_t size, double height_m, rpm_status *status)
{
	paint		how = {environment, environment->building_height_m, (float) height_m, NULL, NULL, 0};

	if (!isnan(height_m) && !(height_m >= 0 && height_m <= MOST_HEIGHT_M))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the height above ground in metres.", "a height of %g m", height_m);
	if (read_polygons(environment, wkb, size, status) != RPM_OK)
		return status->code;
	if (!isnan(height_m))
		return paint_polygons(environment, &how, status);
	if (!environment->rasteriser->set.has_z)
		return rpm_fail(status, RPM_INVALID_GEOMETRY, "Give it a height, or a surface with Z.", "a footprint without a height");
	if (need_top(environment, status) != RPM_OK)
		return status->code;
	return paint_surface(environment, environment->top_m, status);
}

rpm_code
rpm_environment_land_use(rpm_environment *environment, const uint8_t *wkb, size_t size, int land_use, rpm_status *status)
{
	paint		how = {environment, NULL, 0, NULL, environment->land_use, (uint8_t) land_use};

	if (land_use < 0 || land_use > RPM_LAND_USE_MOST)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Classes are numbers from 1 to 23, and 0 for unknown.", "a land use of class %d", land_use);
	if (read_polygons(environment, wkb, size, status) != RPM_OK)
		return status->code;
	return paint_polygons(environment, &how, status);
}

rpm_code
rpm_environment_road(rpm_environment *environment, const uint8_t *wkb, size_t size, double width_m, rpm_status *status)
{
	polygon_set *set = &environment->rasteriser->set;
	paint		how = {environment, NULL, 0, NULL, environment->road, 1};
	row_problem problem = {{0}, {0}};
	rpm_code	code;

	if (!(width_m >= 0 && width_m <= MOST_WIDTH_M))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres from 0 to 1000.", "a road %g m wide", width_m);
	polygon_set_clear(set);
	code = polygon_set_read_lines_wkb(set, wkb, size, &problem);
	if (code == RPM_OK)
	{
		raster_lines(environment, width_m);
		return RPM_OK;
	}
	if (code == RPM_INVALID_GEOMETRY && strcmp(problem.problem, "unsupported_type") == 0)
	{
		if (read_polygons(environment, wkb, size, status) != RPM_OK)
			return status->code;
		return paint_polygons(environment, &how, status);
	}
	return read_result(code, &problem, status);
}

rpm_code
rpm_environment_terrain(rpm_environment *environment, const uint8_t *wkb, size_t size, rpm_status *status)
{
	if (read_polygons(environment, wkb, size, status) != RPM_OK)
		return status->code;
	if (!environment->rasteriser->set.has_z)
		return rpm_fail(status, RPM_INVALID_GEOMETRY, "Ground is a surface with Z.", "a surface without Z");
	return paint_surface(environment, environment->ground_m, status);
}

void
rpm_environment_finish(rpm_environment *environment, double ground_m, const double box[4], bool by_land_use)
{
	const rpm_cell_grid *grid = &environment->grid;
	size_t		count = cell_count(environment);
	float		otherwise = isnan(ground_m) ? lowest_of(environment->ground_m, count) : (float) ground_m;

	for (size_t i = 0; i < count; i++)
	{
		if (isnan(environment->ground_m[i]))
			environment->ground_m[i] = otherwise;
		if (environment->top_m != NULL && environment->top_m[i] - environment->ground_m[i] > environment->building_height_m[i])
			environment->building_height_m[i] = environment->top_m[i] - environment->ground_m[i];
	}
	for (int32_t row = 0; row < grid->rows; row++)
		for (int32_t column = 0; column < grid->columns; column++)
		{
			size_t		cell = (size_t) row * grid->columns + column;
			double		x = grid->west + (column + 0.5) * grid->cell_width_m,
						y = grid->north - (row + 0.5) * grid->cell_height_m;

			environment->known[cell] = x >= box[0] && y >= box[1] && x <= box[2] && y <= box[3] &&
				(!by_land_use || environment->land_use[cell] > 0 || environment->building_height_m[cell] > 0);
		}
}

int64_t
rpm_environment_known_count(const rpm_environment *environment)
{
	int64_t		known = 0;

	for (size_t i = 0; i < cell_count(environment); i++)
		known += environment->known[i];
	return known;
}

static rpm_code
read_polygons(rpm_environment *environment, const uint8_t *wkb, size_t size, rpm_status *status)
{
	row_problem problem = {{0}, {0}};

	polygon_set_clear(&environment->rasteriser->set);
	return read_result(polygon_set_read_wkb(&environment->rasteriser->set, wkb, size, &problem), &problem, status);
}

static rpm_code
read_result(rpm_code code, const row_problem *problem, rpm_status *status)
{
	if (code == RPM_OUT_OF_MEMORY)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a geometry");
	if (code != RPM_OK)
		return rpm_fail(status, code, NULL, "%s", problem->detail);
	return RPM_OK;
}

static rpm_code
paint_polygons(rpm_environment *environment, paint *how, rpm_status *status)
{
	for (size_t polygon = 0; polygon < environment->rasteriser->set.polygon_count; polygon++)
		if (!raster_polygon(environment, polygon, paint_span, how))
			return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a polygon");
	return RPM_OK;
}

/* Polygons with Z: the plane of each, where it is not on edge. */
static rpm_code
paint_surface(rpm_environment *environment, float *highest, rpm_status *status)
{
	double		plane[3];
	paint		how = {environment, highest, 0, plane, NULL, 0};

	for (size_t polygon = 0; polygon < environment->rasteriser->set.polygon_count; polygon++)
		if (plane_of(environment, polygon, plane) && !raster_polygon(environment, polygon, paint_span, &how))
			return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a surface");
	return RPM_OK;
}

static void
paint_span(void *context, int32_t row, int32_t column_begin, int32_t column_end)
{
	const paint *how = context;
	const rpm_cell_grid *grid = &how->environment->grid;
	size_t		first = (size_t) row * grid->columns;

	if (how->classes != NULL)
	{
		memset(how->classes + first + column_begin, how->class, (size_t) (column_end - column_begin));
		return;
	}
	for (int32_t column = column_begin; column < column_end; column++)
	{
		float		level = how->plane == NULL ? how->level : (float) (how->plane[0] + how->plane[1] * (column + 0.5) * grid->cell_width_m +
																	   how->plane[2] * (row + 0.5) * grid->cell_height_m);

		/* NaN is what no row has drawn yet. */
		if (!(how->highest[first + column] >= level))
			how->highest[first + column] = level;
	}
}

/* Of the shell, with Newell's normal through its mean point; false where it stands on edge. */
static bool
plane_of(const rpm_environment *environment, size_t polygon, double plane[3])
{
	const polygon_set *set = &environment->rasteriser->set;
	const rpm_cell_grid *grid = &environment->grid;
	size_t		ring = polygon_first_ring(set, polygon),
				first = ring_first_point(set, ring),
				end = set->ring_end[ring];
	double		normal[3] = {0, 0, 0},
				mean[3] = {0, 0, 0};

	for (size_t i = first; i < end; i++)
	{
		const double *p = set->point[i],
				   *q = set->point[i + 1 < end ? i + 1 : first],
				   *o = set->point[first];

		for (int k = 0; k < 3; k++)
		{
			int			u = (k + 1) % 3,
						v = (k + 2) % 3;

			normal[k] += (p[u] - o[u]) * (q[v] - o[v]) - (p[v] - o[v]) * (q[u] - o[u]);
			mean[k] += (p[k] - o[k]) / (double) (end - first);
		}
	}
	if (end == first || !(fabs(normal[2]) > LEAST_NORMAL_Z * hypot(normal[0], normal[1])))
		return false;
	plane[1] = -normal[0] / normal[2];
	plane[2] = normal[1] / normal[2];
	plane[0] = set->point[first][2] + mean[2] - plane[1] * (set->point[first][0] + mean[0] - grid->west) -
		plane[2] * (grid->north - set->point[first][1] - mean[1]);
	return true;
}

static rpm_code
need_top(rpm_environment *environment, rpm_status *status)
{
	size_t		count = cell_count(environment);

	if (environment->top_m != NULL)
		return RPM_OK;
	environment->top_m = malloc(count * sizeof(float));
	if (environment->top_m == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the tops of a tile");
	fill(environment->top_m, count, NAN);
	return RPM_OK;
}

static void
fill(float *values, size_t count, float value)
{
	for (size_t i = 0; i < count; i++)
		values[i] = value;
}

/* 0 where there is none. */
static float
lowest_of(const float *values, size_t count)
{
	float		lowest = INFINITY;

	for (size_t i = 0; i < count; i++)
		lowest = fminf(lowest, values[i]);
	return isfinite(lowest) ? lowest : 0;
}
