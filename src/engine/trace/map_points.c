/*
 * map_points.c: what has a closed form, at a sub-grid of points in each cell: the straight ray, first reflections, one wedge.
 *
 * A first pass finds the rays that reach each cell.  Where fields are not added, a second one looks closer at cells that a shadow's
 * edge crosses: those whose points, or whose neighbours, are not all reached by the same rays.  Added as fields, the edges'
 * diffraction makes the shadow's edge smooth; the second pass then takes the edges in, point by point where rays are to be joined.
 */
#include "trace/map_points.h"
#include "trace/roof_reflection.h"

#include <stdlib.h>

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
	rpm_map_blocks blocks;
	bool		closer;			/* the second pass */
	uint64_t   *signatures;		/* cells: which rays reach all of its points, after the first pass */
} points_task;

/* What may reach the cell that a thread is at. */
typedef struct cell_candidates
{
	rpm_map_scratch *scratch;
	const rpm_candidates *mirrors, *edges;
} cell_candidates;

static rpm_code run_passes(points_task *task, rpm_status *status);
static bool wanted(const void *context, int column, int row);
static void do_cell(void *context, rpm_map_scratch *scratch, const rpm_candidates *mirrors, const rpm_candidates *edges, int column,
					int row);
static void do_cell_rays(points_task *task, const cell_candidates *candidates, int column, int row);
static void do_cell_edges(points_task *task, const cell_candidates *candidates, int column, int row);
static int	edge_points(const rpm_map_job *job);
static bool reached(const rpm_map_job *job, int column, int row);
static bool wants_closer_look(const points_task *task, int column, int row);
static bool at_shadow_edge(const points_task *task, int column, int row);
static bool lit_between_points(const points_task *task, const cell_candidates *candidates, int column, int row);
RPM_INLINE rpm_vec3 cell_point(const rpm_map_job *job, int column, int row, int i, int j, int n);
static double geometric_power(const points_task *task, const cell_candidates *candidates, bool with_edges, rpm_vec3 point,
							  uint64_t *signature);
RPM_LOCAL double rays_power(rpm_cvec3 direct, const rpm_map_reflected *reflected, int count);
static double edges_power(const points_task *task, const cell_candidates *candidates, rpm_vec3 point);
static int	diffracted_fields(const points_task *task, const cell_candidates *candidates, rpm_vec3 point);
RPM_INLINE rpm_cvec3 straight_field(const rpm_map_job *job, rpm_vec3 point, uint32_t *blocker, int *walls_crossed);
RPM_INLINE bool in_sight(const rpm_map_job *job, rpm_vec3 end, uint32_t *blocker);

#ifndef RPM_KERNEL
rpm_code
rpm_map_points(rpm_map_job *job, rpm_status *status)
{
	points_task task = {.job = job};
	rpm_map_blocks *blocks = &task.blocks;
	rpm_code	code = RPM_OK;

	if (job->mirrors_at_points)
		code = rpm_map_mirrors(job, &task.mirrors, &blocks->mirror_count, status);
	if (code == RPM_OK && job->exact_diffraction)
		code = rpm_map_edges(job, &task.edges, &blocks->edge_count, status);
	task.signatures = calloc(job->cell_count, sizeof(uint64_t));
	if (code == RPM_OK && task.signatures == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the signatures of %zu cells", job->cell_count);
	blocks->mirrors = task.mirrors;
	blocks->edges = task.edges;
	blocks->wanted = wanted;
	blocks->work = do_cell;
	blocks->context = &task;
	blocks->edges_of_four = job->points == 1 || (!job->sum_fields && edge_points(job) == 1);
	if (code == RPM_OK && job->device != NULL)
		code = job->device->points(job->device->context, job, task.mirrors, blocks->mirror_count, task.edges, blocks->edge_count, status);
	else if (code == RPM_OK)
		code = run_passes(&task, status);
	rpm_map_blocks_free(blocks);
	free(task.signatures);
	free(task.mirrors);
	free(task.edges);
	return code;
}

static rpm_code
run_passes(points_task *task, rpm_status *status)
{
	rpm_map_blocks *blocks = &task->blocks;
	rpm_code	code = rpm_map_blocks_create(task->job, blocks, status);

	for (int pass = 0; pass < 2 && code == RPM_OK; pass++)
	{
		size_t		edge_count = blocks->edge_count;

		task->closer = pass == 1;
		if (!task->closer)
			blocks->edge_count = 0;
		code = rpm_map_blocks_run(blocks, status);
		blocks->edge_count = edge_count;
	}
	return code;
}

/* A cell that has nothing to be added to it and nothing to be looked at again is left out. */
static bool
wanted(const void *context, int column, int row)
{
	const points_task *task = context;
	size_t		cell = (size_t) row * (size_t) task->job->grid->columns + (size_t) column;

	if (!task->closer || !task->job->sum_fields)
		return true;
	return (task->blocks.edge_count > 0 || task->job->roofs != NULL) && !isnan(task->job->gain[cell]);
}

static void
do_cell(void *context, rpm_map_scratch *scratch, const rpm_candidates *mirrors, const rpm_candidates *edges, int column, int row)
{
	points_task *task = context;
	cell_candidates candidates = {scratch, mirrors, edges};

	if (!rpm_map_scratch_fits(&task->blocks, scratch, mirrors->count, edges->count))
		return;
	if (!task->closer || wants_closer_look(task, column, row) || lit_between_points(task, &candidates, column, row))
		do_cell_rays(task, &candidates, column, row);
	if (task->closer && (!task->job->sum_fields || !reached(task->job, column, row)))
		do_cell_edges(task, &candidates, column, row);
}

/* The mean over the points of a cell, how many of them are outdoors, and what reaches them. */
static void
do_cell_rays(points_task *task, const cell_candidates *candidates, int column, int row)
{
	rpm_map_job *job = task->job;
	size_t		cell = (size_t) row * (size_t) job->grid->columns + (size_t) column;
	double		gain = 0;
	int			n = task->closer && !job->sum_fields ? job->points * CLOSER : job->points, counted = 0;
	uint64_t	signature, common = NOT_COUNTED;

	for (int k = 0; k < n * n; k++)
	{
		rpm_vec3	point = cell_point(job, column, row, k % n, k / n, n);

		signature = NOT_COUNTED;
		if (job->options->cell_average == RPM_AVERAGE_CELL || rpm_map_outdoors(job, point))
		{
			counted++;
			gain += geometric_power(task, candidates, task->closer && job->sum_fields, point, &signature);
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
do_cell_edges(points_task *task, const cell_candidates *candidates, int column, int row)
{
	rpm_map_job *job = task->job;
	size_t		cell = (size_t) row * (size_t) job->grid->columns + (size_t) column;
	int			m = edge_points(job), counted = 0;
	double		gain = 0;

	if (job->outdoor_share[cell] == 0)
		return;
	for (int k = 0; k < m * m && (candidates->edges->count > 0 || job->roofs != NULL); k++)
	{
		rpm_vec3	point = cell_point(job, column, row, k % m, k / m, m);

		if (job->options->cell_average == RPM_AVERAGE_CELL || rpm_map_outdoors(job, point))
		{
			counted++;
			gain += edges_power(task, candidates, point);
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

static int
edge_points(const rpm_map_job *job)
{
	return job->points / 2 > 0 ? job->points / 2 : 1;
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
lit_between_points(const points_task *task, const cell_candidates *candidates, int column, int row)
{
	const rpm_map_job *job = task->job;
	int			n = job->points * CLOSER;
	rpm_cvec3	field;

	for (size_t i = 0; i < candidates->mirrors->count && !job->sum_fields; i++)
	{
		uint32_t	index = candidates->mirrors->indices[i];
		const rpm_map_mirror *mirror = &task->mirrors[index];

		if (!mirror->narrow)
			continue;
		for (int k = 0; k < n * n; k++)
			if (rpm_map_mirror_field(job, mirror, cell_point(job, column, row, k % n, k / n, n),
									 &candidates->scratch->mirror_blockers[index], &field))
				return true;
	}
	return false;
}
#endif

/* Point (i, j) of n x n in a cell, on the receivers' surface. */
RPM_INLINE rpm_vec3
cell_point(const rpm_map_job *job, int column, int row, int i, int j, int n)
{
	const rpm_grid *grid = job->grid;
	double		x = grid->west + (column + (i + 0.5) / n) * grid->cell_width_m;
	double		y = grid->north - (row + (j + 0.5) / n) * grid->cell_height_m;

	return rpm_vec(x, y, rpm_map_surface_z(&job->surface, x, y));
}

#ifndef RPM_KERNEL
/* The power at a point by the straight and reflected rays, where fields are added by the edges too; and which rays these are. */
static double
geometric_power(const points_task *task, const cell_candidates *candidates, bool with_edges, rpm_vec3 point, uint64_t *signature)
{
	rpm_map_scratch *scratch = candidates->scratch;
	const rpm_map_job *job = task->job;
	int			walls_crossed, reflected = 0, diffracted = 0;
	rpm_cvec3	direct = straight_field(job, point, &candidates->scratch->direct_blocker, &walls_crossed);
	double		power = 0, direct_left;

	*signature = rpm_random_mix((uint64_t) (walls_crossed + 2) | UINT64_C(1) << 32);
	/* What comes through walls is no part of what their edges diffract. */
	if (walls_crossed > 0)
	{
		power = rpm_cvec_norm2(direct);
		direct = rpm_cvec_zero();
	}
	for (size_t i = 0; i < candidates->mirrors->count; i++)
	{
		uint32_t	index = candidates->mirrors->indices[i];
		const rpm_map_mirror *mirror = &task->mirrors[index];

		if (!rpm_map_mirror_field(job, mirror, point, &scratch->mirror_blockers[index], &scratch->reflected[reflected].field))
			continue;
		if (with_edges && job->roof_mirrors != NULL)
			scratch->reflected[reflected].field = rpm_cvec_scale(scratch->reflected[reflected].field,
																 rpm_map_mirror_clearance(job, mirror->facet, point));
		scratch->reflected[reflected++].facet = mirror->facet;
		*signature = rpm_random_mix(*signature + (uint64_t) mirror->facet);
	}
	if (with_edges)
	{
		diffracted = diffracted_fields(task, candidates, point);
		power += rpm_map_over_roofs(job, point, power + rays_power(direct, scratch->reflected, reflected), scratch->diffracted, diffracted,
									&direct_left);
		direct = rpm_cvec_scale(direct, direct_left);
	}
	return power + rpm_map_field_power(direct, scratch->reflected, reflected, scratch->diffracted, diffracted);
}

/* The power at a point by the edges alone. */
static double
edges_power(const points_task *task, const cell_candidates *candidates, rpm_vec3 point)
{
	rpm_map_diffracted *diffracted = candidates->scratch->diffracted;
	int			count = diffracted_fields(task, candidates, point);
	double		direct_left, power = rpm_map_over_roofs(task->job, point, 0, diffracted, count, &direct_left);

	if (task->job->sum_fields)
		return power + rpm_map_field_power(rpm_cvec_zero(), NULL, 0, diffracted, count);
	for (int i = 0; i < count; i++)
		power += rpm_cvec_norm2(diffracted[i].field);
	return power;
}
#endif

RPM_LOCAL double
rays_power(rpm_cvec3 direct, const rpm_map_reflected *reflected, int count)
{
	double		power = rpm_cvec_norm2(direct);

	for (int i = 0; i < count; i++)
		power += rpm_cvec_norm2(reflected[i].field);
	return power;
}

/* The fields of the cell's edges at a point, into the scratch; returns how many there are. */
static int
diffracted_fields(const points_task *task, const cell_candidates *candidates, rpm_vec3 point)
{
	rpm_map_scratch *scratch = candidates->scratch;
	int			count = 0;

	for (size_t i = 0; i < candidates->edges->count; i++)
	{
		uint32_t	edge = candidates->edges->indices[i];

		count += rpm_map_edge_field(task->job, &task->edges[edge], point, &scratch->edge_blockers[edge], &scratch->diffracted[count]);
	}
	return count;
}

/* The field along the straight line, in sight or through so many walls (-1: none); nearer than a wavelength it is that of a wavelength. */
RPM_INLINE rpm_cvec3
straight_field(const rpm_map_job *job, rpm_vec3 point, uint32_t *blocker, int *walls_crossed)
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
		count = !in_sight(job, rpm_map_leg_end(point, k), blocker);
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

/* Whether the antenna sees the point; what was in the way of the last one is looked at first. */
RPM_INLINE bool
in_sight(const rpm_map_job *job, rpm_vec3 end, uint32_t *blocker)
{
	uint32_t	triangle;

	/* Without mirrors and edges no walls are known. */
	if (job->occluders.scene == NULL)
		return rpm_leg_clear(job->scene, job->query, job->antenna->position, end, NULL, 0);
	if (*blocker != RPM_NO_BLOCKER && rpm_occluder_hides_point(&job->occluders, *blocker, job->antenna->position, end))
		return false;
	if (rpm_leg_clear_or(job->scene, job->query, job->antenna->position, end, NULL, 0, &triangle))
		return true;
	*blocker = job->occluders.polygon_of[triangle];
	return false;
}
