/*
 * map_points.c: what has a closed form, at a sub-grid of points in each cell: the straight ray, first reflections, one wedge.
 *
 * A first pass finds the rays that reach each cell.  Where fields are not added, a second one looks closer at cells that a shadow's
 * edge crosses: those whose points, or whose neighbours, are not all reached by the same rays.  Added as fields, the edges'
 * diffraction makes the shadow's edge smooth; the second pass then takes the edges in, point by point where rays are to be joined.
 */
#include "trace/map_internal.h"

#include <stdlib.h>

/* Cells per side of a tile; mirrors and edges that cannot reach a tile are left out for all its cells. */
#define TILE_CELLS 8
/* Points per cell side at a shadow's edge, over those elsewhere. */
#define CLOSER 2
/* Signature of a cell whose points differ, and of a point that does not count. */
#define MIXED 0
#define NOT_COUNTED 1

typedef struct points_task
{
	rpm_map_job *job;
	rpm_map_mirror *mirrors;
	rpm_map_edge *edges;
	size_t		mirror_count, edge_count;
	int			tile_columns;
	bool		closer;			/* the second pass */
	uint64_t   *signatures;		/* cells: which rays reach all of its points, after the first pass */
	bool		failed;			/* no memory in a worker */
} points_task;

/* Mirrors and edges near a tile or a cell, by index. */
typedef struct candidate_list
{
	uint32_t   *indices;
	size_t		count;
} candidate_list;

/* One thread's candidates and fields. */
typedef struct points_scratch
{
	candidate_list tile_mirrors, tile_edges, mirrors, edges;
	rpm_map_reflected *reflected;	/* at one point: room for those of the cell's mirrors and edges */
	rpm_map_diffracted *diffracted;
	size_t		reflected_room, diffracted_room;
} points_scratch;

static void do_tiles(void *context, int64_t begin, int64_t end, int thread);
static void do_tile(points_task *task, points_scratch *scratch, int64_t tile);
static void do_cell(points_task *task, points_scratch *scratch, int column, int row);
static void do_cell_edges(points_task *task, points_scratch *scratch, int column, int row);
static bool reached(const rpm_map_job *job, int column, int row);
static bool wants_closer_look(const points_task *task, int column, int row);
static bool at_shadow_edge(const points_task *task, int column, int row);
static bool lit_between_points(const points_task *task, const points_scratch *scratch, int column, int row);
static bool scratch_create(const points_task *task, points_scratch **scratch);
static bool scratch_fits(points_task *task, points_scratch *scratch);
static void scratch_free(points_scratch *scratch);
static void select_mirrors(const points_task *task, int column_low, int row_low, int column_high, int row_high, candidate_list *list);
static void select_edges(const points_task *task, const candidate_list *from, int column_low, int row_low, int column_high,
						 int row_high, candidate_list *list);
static rpm_vec3 cell_point(const rpm_map_job *job, int column, int row, int i, int j, int n);
static double geometric_power(const points_task *task, points_scratch *scratch, rpm_vec3 point, uint64_t *signature);
static double edges_power(const points_task *task, points_scratch *scratch, rpm_vec3 point);
static rpm_cvec3 straight_field(const rpm_map_job *job, rpm_vec3 point, int *walls_crossed);

rpm_code
rpm_map_points(rpm_map_job *job, rpm_status *status)
{
	points_task task = {.job = job};
	int			tile_rows = (job->grid->rows + TILE_CELLS - 1) / TILE_CELLS;
	rpm_code	code = RPM_OK;

	task.tile_columns = (job->grid->columns + TILE_CELLS - 1) / TILE_CELLS;
	if (job->exact_reflection)
		code = rpm_map_mirrors(job, &task.mirrors, &task.mirror_count, status);
	if (code == RPM_OK && job->exact_diffraction)
		code = rpm_map_edges(job, &task.edges, &task.edge_count, status);
	task.signatures = calloc(job->cell_count, sizeof(uint64_t));
	if (code == RPM_OK && task.signatures == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the signatures of %zu cells", job->cell_count);
	for (int pass = 0; pass < 2 && code == RPM_OK; pass++)
	{
		task.closer = pass == 1;
		code = rpm_parallel_for(job->control, (int64_t) task.tile_columns * tile_rows, 1, do_tiles, &task, status);
	}
	if (code == RPM_OK && task.failed)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the candidates of a tile");
	free(task.signatures);
	free(task.mirrors);
	free(task.edges);
	return code;
}

static void
do_tiles(void *context, int64_t begin, int64_t end, int thread)
{
	points_task *task = context;
	points_scratch *scratch;

	(void) thread;
	if (scratch_create(task, &scratch))
		for (int64_t tile = begin; tile < end && !rpm_stopped(task->job->control); tile++)
			do_tile(task, scratch, tile);
	else
		__atomic_store_n(&task->failed, true, __ATOMIC_RELAXED);
	scratch_free(scratch);
}

static void
do_tile(points_task *task, points_scratch *scratch, int64_t tile)
{
	const rpm_map_job *job = task->job;
	int			column_low = (int) (tile % task->tile_columns) * TILE_CELLS, row_low = (int) (tile / task->tile_columns) * TILE_CELLS;
	int			column_high = (int) fmin(column_low + TILE_CELLS, job->grid->columns) - 1;
	int			row_high = (int) fmin(row_low + TILE_CELLS, job->grid->rows) - 1;

	select_mirrors(task, column_low, row_low, column_high, row_high, &scratch->tile_mirrors);
	select_edges(task, NULL, column_low, row_low, column_high, row_high, &scratch->tile_edges);
	for (int row = row_low; row <= row_high; row++)
		for (int column = column_low; column <= column_high; column++)
		{
			if (rpm_stopped(job->control))
				return;
			if (!task->closer || wants_closer_look(task, column, row) || lit_between_points(task, scratch, column, row))
				do_cell(task, scratch, column, row);
			if (task->closer && (!job->sum_fields || !reached(job, column, row)))
				do_cell_edges(task, scratch, column, row);
		}
	rpm_phase_add(job->control, (int64_t) (column_high - column_low + 1) * (row_high - row_low + 1) * job->points * job->points / 2);
}

/* The mean over the points of a cell, how many of them are outdoors, and what reaches them. */
static void
do_cell(points_task *task, points_scratch *scratch, int column, int row)
{
	rpm_map_job *job = task->job;
	size_t		cell = (size_t) row * (size_t) job->grid->columns + (size_t) column;
	double		gain = 0;
	int			n = task->closer && !job->sum_fields ? job->points * CLOSER : job->points, counted = 0;
	uint64_t	signature, common = NOT_COUNTED;

	scratch->mirrors.count = 0;
	for (size_t i = 0; i < scratch->tile_mirrors.count; i++)
	{
		const rpm_map_mirror *mirror = &task->mirrors[scratch->tile_mirrors.indices[i]];

		if (column >= mirror->column_low && column <= mirror->column_high && row >= mirror->row_low && row <= mirror->row_high)
			scratch->mirrors.indices[scratch->mirrors.count++] = scratch->tile_mirrors.indices[i];
	}
	scratch->edges.count = 0;
	if (task->closer && job->sum_fields)
		select_edges(task, &scratch->tile_edges, column, row, column, row, &scratch->edges);
	if (!scratch_fits(task, scratch))
		return;
	for (int k = 0; k < n * n; k++)
	{
		rpm_vec3	point = cell_point(job, column, row, k % n, k / n, n);

		signature = NOT_COUNTED;
		if (job->options->cell_average == RPM_AVERAGE_CELL || rpm_map_outdoors(job, point))
		{
			counted++;
			gain += geometric_power(task, scratch, point, &signature);
		}
		if (k == 0)
			common = signature;
		else if (signature != common)
			common = MIXED;
	}
	if (!task->closer)
		task->signatures[cell] = common;
	job->outdoor_share[cell] = (float) counted / (float) (n * n);
	job->gain[cell] = counted > 0 ? gain / counted : NAN;
}

/*
 * Adds diffraction where it joins no ray: as powers, or as fields in cells that no ray reaches.  It has no boundary to be exact at
 * there: half the points per side do.
 */
static void
do_cell_edges(points_task *task, points_scratch *scratch, int column, int row)
{
	rpm_map_job *job = task->job;
	size_t		cell = (size_t) row * (size_t) job->grid->columns + (size_t) column;
	int			m = job->points / 2 > 0 ? job->points / 2 : 1, counted = 0;
	double		gain = 0;

	if (job->outdoor_share[cell] == 0)
		return;
	select_edges(task, &scratch->tile_edges, column, row, column, row, &scratch->edges);
	if (!scratch_fits(task, scratch))
		return;
	for (int k = 0; k < m * m && (scratch->edges.count > 0 || job->roofs != NULL); k++)
	{
		rpm_vec3	point = cell_point(job, column, row, k % m, k / m, m);

		if (job->options->cell_average == RPM_AVERAGE_CELL || rpm_map_outdoors(job, point))
		{
			counted++;
			gain += edges_power(task, scratch, point);
		}
		/* What is outdoors at the finer points alone is looked at there. */
		if (job->roofs != NULL && k == m * m - 1 && counted == 0 && m < job->points * CLOSER)
		{
			m *= 2;
			k = -1;
		}
	}
	if (counted > 0)
		job->gain[cell] += gain / counted;
}

/* Whether some straight or reflected ray reaches a point of the cell, after the first pass. */
static bool
reached(const rpm_map_job *job, int column, int row)
{
	return job->gain[(size_t) row * (size_t) job->grid->columns + (size_t) column] > 0;
}

/* Where fields are added, cells in which the edges' fields join a ray; else cells that a shadow's edge crosses. */
static bool
wants_closer_look(const points_task *task, int column, int row)
{
	return task->job->sum_fields ? reached(task->job, column, row) : at_shadow_edge(task, column, row);
}

/* Whether the cell's points, or its neighbours', are reached by different rays. */
static bool
at_shadow_edge(const points_task *task, int column, int row)
{
	const rpm_grid *grid = task->job->grid;
	uint64_t	own = task->signatures[(size_t) row * (size_t) grid->columns + (size_t) column];

	for (int k = 0; k < 9; k++)
	{
		int			c = column + k % 3 - 1, r = row + k / 3 - 1;

		if (c >= 0 && c < grid->columns && r >= 0 && r < grid->rows)
		{
			uint64_t	other = task->signatures[(size_t) r * (size_t) grid->columns + (size_t) c];

			if (other == MIXED || other != own)
				return true;
		}
	}
	return false;
}

/* Whether a narrow facet's light, which the points of the first pass may all have missed, falls into the cell. */
static bool
lit_between_points(const points_task *task, const points_scratch *scratch, int column, int row)
{
	const rpm_map_job *job = task->job;
	int			n = job->points * CLOSER;
	rpm_cvec3	field;

	for (size_t i = 0; i < scratch->tile_mirrors.count && !job->sum_fields; i++)
	{
		const rpm_map_mirror *mirror = &task->mirrors[scratch->tile_mirrors.indices[i]];

		if (!mirror->narrow || column < mirror->column_low || column > mirror->column_high
			|| row < mirror->row_low || row > mirror->row_high)
			continue;
		for (int k = 0; k < n * n; k++)
			if (rpm_map_mirror_field(job, mirror, cell_point(job, column, row, k % n, k / n, n), &field))
				return true;
	}
	return false;
}

static bool
scratch_create(const points_task *task, points_scratch **scratch)
{
	points_scratch *s = *scratch = calloc(1, sizeof(points_scratch));

	if (s == NULL)
		return false;
	s->tile_mirrors.indices = calloc(task->mirror_count + 1, sizeof(uint32_t));
	s->mirrors.indices = calloc(task->mirror_count + 1, sizeof(uint32_t));
	s->tile_edges.indices = calloc(task->edge_count + 1, sizeof(uint32_t));
	s->edges.indices = calloc(task->edge_count + 1, sizeof(uint32_t));
	return s->tile_mirrors.indices && s->mirrors.indices && s->tile_edges.indices && s->edges.indices;
}

/* Room for a field of each of the cell's mirrors and edges; false when memory is out, which ends the map. */
static bool
scratch_fits(points_task *task, points_scratch *scratch)
{
	rpm_map_reflected *reflected = scratch->reflected;
	rpm_map_diffracted *diffracted = scratch->diffracted;

	if (scratch->mirrors.count > scratch->reflected_room
		&& (reflected = realloc(reflected, 2 * scratch->mirrors.count * sizeof *reflected)) != NULL)
	{
		scratch->reflected = reflected;
		scratch->reflected_room = 2 * scratch->mirrors.count;
	}
	if (scratch->edges.count > scratch->diffracted_room
		&& (diffracted = realloc(diffracted, 2 * scratch->edges.count * sizeof *diffracted)) != NULL)
	{
		scratch->diffracted = diffracted;
		scratch->diffracted_room = 2 * scratch->edges.count;
	}
	if (scratch->mirrors.count <= scratch->reflected_room && scratch->edges.count <= scratch->diffracted_room)
		return true;
	__atomic_store_n(&task->failed, true, __ATOMIC_RELAXED);
	return false;
}

static void
scratch_free(points_scratch *scratch)
{
	if (scratch == NULL)
		return;
	free(scratch->tile_mirrors.indices);
	free(scratch->mirrors.indices);
	free(scratch->tile_edges.indices);
	free(scratch->edges.indices);
	free(scratch->reflected);
	free(scratch->diffracted);
	free(scratch);
}

static void
select_mirrors(const points_task *task, int column_low, int row_low, int column_high, int row_high, candidate_list *list)
{
	list->count = 0;
	for (size_t i = 0; i < task->mirror_count; i++)
	{
		const rpm_map_mirror *mirror = &task->mirrors[i];

		if (mirror->column_low <= column_high && mirror->column_high >= column_low
			&& mirror->row_low <= row_high && mirror->row_high >= row_low)
			list->indices[list->count++] = (uint32_t) i;
	}
}

/* The edges, all or those of another list, that may diffract into some of the cells. */
static void
select_edges(const points_task *task, const candidate_list *from, int column_low, int row_low, int column_high, int row_high,
			 candidate_list *list)
{
	const rpm_map_job *job = task->job;
	const rpm_map_surface *surface = &job->surface;
	const rpm_grid *grid = job->grid;
	size_t		count = from != NULL ? from->count : task->edge_count;
	rpm_vec3	centre = rpm_vec(grid->west + (column_low + column_high + 1) * grid->cell_width_m / 2,
								 grid->north - (row_low + row_high + 1) * grid->cell_height_m / 2,
								 (surface->z_low + surface->z_high) / 2);
	double		radius = rpm_norm(rpm_vec((column_high - column_low + 1) * grid->cell_width_m / 2,
										  (row_high - row_low + 1) * grid->cell_height_m / 2, (surface->z_high - surface->z_low) / 2));

	list->count = 0;
	for (size_t i = 0; i < count; i++)
	{
		uint32_t	index = from != NULL ? from->indices[i] : (uint32_t) i;

		if (rpm_map_edge_reaches(job, &task->edges[index], centre, radius))
			list->indices[list->count++] = index;
	}
}

/* Point (i, j) of n x n in a cell, on the receivers' surface. */
static rpm_vec3
cell_point(const rpm_map_job *job, int column, int row, int i, int j, int n)
{
	const rpm_grid *grid = job->grid;
	double		x = grid->west + (column + (i + 0.5) / n) * grid->cell_width_m;
	double		y = grid->north - (row + (j + 0.5) / n) * grid->cell_height_m;

	return rpm_vec(x, y, rpm_map_surface_z(&job->surface, x, y));
}

/* The power at a point by the straight and reflected rays, where fields are added by the edges too; and which rays these are. */
static double
geometric_power(const points_task *task, points_scratch *scratch, rpm_vec3 point, uint64_t *signature)
{
	const rpm_map_job *job = task->job;
	int			walls_crossed, reflected = 0, diffracted = 0;
	rpm_cvec3	direct = straight_field(job, point, &walls_crossed);
	double		power = 0;

	*signature = rpm_random_mix((uint64_t) (walls_crossed + 2) | UINT64_C(1) << 32);
	/* What comes through walls is no part of what their edges diffract. */
	if (walls_crossed > 0)
	{
		power = rpm_cvec_norm2(direct);
		direct = rpm_cvec_zero();
	}
	for (size_t i = 0; i < scratch->mirrors.count; i++)
	{
		const rpm_map_mirror *mirror = &task->mirrors[scratch->mirrors.indices[i]];

		if (!rpm_map_mirror_field(job, mirror, point, &scratch->reflected[reflected].field))
			continue;
		scratch->reflected[reflected++].facet = mirror->facet;
		*signature = rpm_random_mix(*signature + (uint64_t) mirror->facet);
	}
	for (size_t i = 0; i < scratch->edges.count; i++)
		diffracted += rpm_map_edge_field(job, &task->edges[scratch->edges.indices[i]], point, &scratch->diffracted[diffracted]);
	if (task->closer && job->sum_fields)
		power += rpm_map_over_roofs(job, point, scratch->diffracted, diffracted);
	return power + rpm_map_field_power(direct, scratch->reflected, reflected, scratch->diffracted, diffracted);
}

/* The power at a point by the edges alone. */
static double
edges_power(const points_task *task, points_scratch *scratch, rpm_vec3 point)
{
	double		power = 0;
	int			diffracted = 0;

	for (size_t i = 0; i < scratch->edges.count; i++)
		diffracted += rpm_map_edge_field(task->job, &task->edges[scratch->edges.indices[i]], point, &scratch->diffracted[diffracted]);
	power = rpm_map_over_roofs(task->job, point, scratch->diffracted, diffracted);
	if (task->job->sum_fields)
		return power + rpm_map_field_power(rpm_cvec_zero(), NULL, 0, scratch->diffracted, diffracted);
	for (int i = 0; i < diffracted; i++)
		power += rpm_cvec_norm2(scratch->diffracted[i].field);
	return power;
}

/* The field along the straight line, in sight or through so many walls (-1: none); nearer than a wavelength it is that of a wavelength. */
static rpm_cvec3
straight_field(const rpm_map_job *job, rpm_vec3 point, int *walls_crossed)
{
	const rpm_scene *scene = job->scene;
	rpm_vec3	way = rpm_sub(point, job->antenna->position);
	double		distance = rpm_norm(way);
	rpm_vec3	k = distance > 0 ? rpm_scale(way, 1 / distance) : rpm_vec(0, 0, -1);
	rpm_leg_crossing walls[RPM_MAX_DEPTH + 1];
	int			count, allowed = job->exact_transmission ? job->options->max_depth : 0;
	rpm_cvec3	field;

	*walls_crossed = -1;
	if (allowed > 0)
		count = rpm_leg_crossings(scene, job->query, job->antenna->position, rpm_map_leg_end(point, k), NULL, 0, walls, allowed);
	else
		count = !rpm_leg_clear(scene, job->query, job->antenna->position, rpm_map_leg_end(point, k), NULL, 0);
	if (count > allowed || (count == 0 && !(job->options->mechanisms & RPM_LINE_OF_SIGHT)))
		return rpm_cvec_zero();
	*walls_crossed = count;
	field = rpm_antenna_field(job->antenna, k);
	for (int i = 0; i < count; i++)
	{
		const rpm_facet *facet = &scene->facets[walls[i].facet];

		field = rpm_transmit_field(field, k, facet->normal,
								   rpm_coefficient_lookup(&job->tables[facet->material], fabs(rpm_dot(k, facet->normal))));
	}
	return rpm_cvec_mul(field, rpm_cx_scale(rpm_cx_phase(-job->wave_number * distance),
											sqrt(job->spreading2) / fmax(distance, job->wavelength_m)));
}
