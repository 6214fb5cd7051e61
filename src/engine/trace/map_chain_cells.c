/*
 * map_chain_cells.c: what comes over one chain of mirrors into the cells, see map_chains.h.
 *
 * A cell's share of what the chain may light is exact; in how much of it a wall is in the way is sampled, closer where the samples of the
 * cell differ from each other or from those of its neighbours, and hardly at all where the chain adds little.
 */
#include "trace/map_chains.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Points per cell side at a shadow's edge, over those elsewhere. */
#define CLOSER 2
/* A chain that adds less than these shares to a cell is looked at once, or not more closely at shadows' edges. */
#define LITTLE 1e-3
#define NOT_MUCH 0.03
/* What a cell is taken to have at least, as a share of the floor. */
#define FLOOR_SHARE 1e-3
/* Farther than so many cells' sides the power in a cell is that of its middle. */
#define FAR_CELLS 16.0
#define SURFACE_OFFSET_M 1e-3
#define LEAST_SHARE 1e-9
/* The first corner of a polygon is the least along a line that no wall is likely to lie across. */
#define ASKEW 0.7548776662466927
/* A block of fewer cells is not asked for what hides all of it. */
#define BLOCK_CELLS 4

/* A cell outside of what the chain may light, and what the samples of one within have seen. */
enum { OUTSIDE = 0, LIT, DARK, MIXED, NEGLIGIBLE };

/* One chain on its way into the cells. */
typedef struct chain_fill
{
	const rpm_chain_target *target;
	rpm_map_chain *chain;
	rpm_chain_room *room;
	rpm_chain_polygon area;
	rpm_map_block around;		/* the cells that it meets */
	int			lit_column_low, lit_column_high, lit_row_low, lit_row_high;	/* of those in which some sample is lit */
	int			points;			/* per cell side, in the first pass */
	bool		closer;			/* the second pass */
	bool		glance;			/* until one sample is lit, and nothing is kept */
	bool		beyond;			/* what lies behind the receivers has been looked at */
	double		floor_gain;
	double		rays;			/* launched into what the chain lights; INFINITY: certain */
	bool		in_sight;		/* a glance has found it lit */
} chain_fill;

/* The part of one cell that the chain may light. */
typedef struct cell_piece
{
	int			column, row;
	size_t		cell;
	rpm_chain_polygon polygon;
	double		area_m2;
	bool		whole;
	double		power;			/* at its middle, were nothing in the way; below 0: not yet looked at */
	double		rays_per_m2;
} cell_piece;

static bool look(chain_fill *fill, bool found, bool certain);
static bool glance(chain_fill *fill);
static void enclose(chain_fill *fill);
static void visit(chain_fill *fill, const rpm_chain_polygon *polygon, rpm_map_block block);
static bool hidden(chain_fill *fill, const rpm_chain_polygon *polygon);
static bool hidden_by_blockers(const chain_fill *fill, const rpm_chain_polygon *polygon);
static void look_closer(chain_fill *fill, int column, int row);
static bool wants_closer_look(const chain_fill *fill, int column, int row);
static bool piece_of_cell(const rpm_map_job *job, const rpm_chain_polygon *polygon, int column, int row, cell_piece *piece);
static double share_of_cell(const chain_fill *fill, cell_piece *piece);
static rpm_vec3 middle_of(const rpm_map_job *job, const rpm_chain_polygon *polygon);
static uint8_t sample(chain_fill *fill, cell_piece *piece, int n);
static rpm_vec3 sample_point(const rpm_map_job *job, const cell_piece *piece, int k, int n);
static rpm_vec3 fan_point(const rpm_map_job *job, const cell_piece *piece, int k, int count);
static void forget_states(chain_fill *fill);
static size_t light_bytes(size_t cell_count, size_t met_count);
static rpm_code take_from_cells(chain_fill *fill, rpm_chain_light **taken);
static size_t lit_cells(const chain_fill *fill);
static void look_beyond(chain_fill *fill, rpm_vec3 from, rpm_vec3 point);
static void note_met(chain_fill *fill, int32_t facet);
static bool legs_clear(chain_fill *fill, const rpm_vec3 *points);
static bool leg_clear(chain_fill *fill, int leg, rpm_vec3 from, rpm_vec3 to);

rpm_code
rpm_map_chain_look(const rpm_chain_target *target, const rpm_chain_question *question, rpm_chain_room *room, rpm_chain_light **light)
{
	rpm_map_chain chain;
	chain_fill	fill = {.target = target, .chain = &chain, .room = room, .floor_gain = FLOOR_SHARE * target->floor_gain};

	*light = NULL;
	if (!rpm_map_chain_prepare(target->job, question->facets, question->length, &chain) || !look(&fill, question->found, question->certain))
		return RPM_OK;
	if (question->certain)
		fill.rays = INFINITY;
	return take_from_cells(&fill, light);
}

void
rpm_map_chain_light_free(const rpm_chain_target *target, rpm_chain_light *light)
{
	if (light != NULL && target->bytes_left != NULL)
		__atomic_add_fetch(target->bytes_left, (int64_t) light_bytes(light->cell_count, light->met_count), __ATOMIC_RELAXED);
	free(light);
}

/* Fills the room with what comes over the chain; false where nothing does, and the room is as before. */
static bool
look(chain_fill *fill, bool found, bool certain)
{
	const rpm_map_job *job = fill->target->job;
	bool		glances = !certain && job->points > 1;

	fill->room->met_count = 0;
	rpm_map_chain_area(job, fill->chain, &fill->area);
	if (fill->area.count < 3)
		return false;
	if (glances && !glance(fill) && !found)
		return false;
	fill->points = job->points;
	enclose(fill);
	visit(fill, &fill->area, fill->around);
	fill->in_sight |= !glances && fill->lit_row_high >= 0;
	fill->closer = true;
	for (int row = fill->lit_row_low - 1; row <= fill->lit_row_high + 1 && !rpm_stopped(job->control); row++)
		for (int column = fill->lit_column_low - 1; column <= fill->lit_column_high + 1; column++)
			if (wants_closer_look(fill, column, row))
				look_closer(fill, column, row);
	forget_states(fill);
	return fill->lit_row_high >= 0;
}

/* Whether one point of each cell shows the chain's light; keeps nothing but what is in the way. */
static bool
glance(chain_fill *fill)
{
	size_t		columns = (size_t) fill->target->job->grid->columns;

	fill->glance = true;
	fill->points = 1;
	enclose(fill);
	visit(fill, &fill->area, fill->around);
	fill->in_sight = fill->lit_row_high >= 0;
	if (fill->in_sight)
		fill->room->gain[(size_t) fill->lit_row_high * columns + (size_t) fill->lit_column_high] = 0;
	fill->glance = false;
	fill->rays = 0;
	return fill->in_sight;
}

/* Columns and rows around the area. */
static void
enclose(chain_fill *fill)
{
	const rpm_grid *grid = fill->target->job->grid;
	const rpm_chain_polygon *area = &fill->area;
	double		x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY;

	for (int i = 0; i < area->count; i++)
	{
		x_low = fmin(x_low, area->x[i]);
		x_high = fmax(x_high, area->x[i]);
		y_low = fmin(y_low, area->y[i]);
		y_high = fmax(y_high, area->y[i]);
	}
	fill->around.column_low = (int) fmax(0, floor((x_low - grid->west) / grid->cell_width_m));
	fill->around.column_high = (int) fmin(grid->columns - 1, floor((x_high - grid->west) / grid->cell_width_m));
	fill->around.row_low = (int) fmax(0, floor((grid->north - y_high) / grid->cell_height_m));
	fill->around.row_high = (int) fmin(grid->rows - 1, floor((grid->north - y_low) / grid->cell_height_m));
	fill->lit_column_low = fill->lit_row_low = INT_MAX - 1;
	fill->lit_column_high = fill->lit_row_high = -2;
}

/* Halves a block of cells, with what of the polygon is in it, down to cells; what a wall hides as a whole is dark. */
static void
visit(chain_fill *fill, const rpm_chain_polygon *polygon, rpm_map_block block)
{
	const rpm_map_job *job = fill->target->job;
	int			columns = block.column_high - block.column_low + 1, rows = block.row_high - block.row_low + 1;
	rpm_map_block low = block, high = block;
	rpm_chain_polygon half;
	double		at;

	if (polygon->count < 3 || rpm_stopped(job->control) || (fill->glance && fill->lit_row_high >= 0))
		return;
	if (columns * rows >= BLOCK_CELLS && hidden(fill, polygon))
	{
		for (int row = block.row_low; row <= block.row_high && !fill->glance; row++)
			memset(&fill->room->state[(size_t) row * (size_t) job->grid->columns + (size_t) block.column_low], DARK, (size_t) columns);
		return;
	}
	if (columns == 1 && rows == 1)
	{
		cell_piece	piece;

		if (piece_of_cell(job, polygon, block.column_low, block.row_low, &piece))
		{
			uint8_t		state = sample(fill, &piece, fill->points);

			fill->room->state[piece.cell] = fill->glance ? OUTSIDE : state;
		}
		return;
	}
	if (columns >= rows)
	{
		low.column_high = block.column_low + columns / 2 - 1;
		high.column_low = low.column_high + 1;
		at = job->grid->west + high.column_low * job->grid->cell_width_m;
		rpm_chain_cut(polygon, -1, 0, at, &half);
		visit(fill, &half, low);
		rpm_chain_cut(polygon, 1, 0, -at, &half);
	}
	else
	{
		low.row_high = block.row_low + rows / 2 - 1;
		high.row_low = low.row_high + 1;
		at = job->grid->north - high.row_low * job->grid->cell_height_m;
		rpm_chain_cut(polygon, 0, 1, -at, &half);
		visit(fill, &half, low);
		rpm_chain_cut(polygon, 0, -1, at, &half);
	}
	visit(fill, &half, high);
}

/* Whether a wall hides all of the polygon: one that was in the way before, or else the one in the way to its middle. */
static bool
hidden(chain_fill *fill, const rpm_chain_polygon *polygon)
{
	const rpm_map_job *job = fill->target->job;
	rpm_vec3	points[RPM_MAX_DEPTH + 2];

	if (polygon->count > RPM_HULL_CORNERS)
		return false;
	if (hidden_by_blockers(fill, polygon))
		return true;
	points[fill->chain->length + 1] = middle_of(job, polygon);
	return rpm_map_chain_points(job, fill->chain, true, points) && !legs_clear(fill, points) && hidden_by_blockers(fill, polygon);
}

/* A leg leads from the hull of its corners' points on one mirror to that on the next. */
static bool
hidden_by_blockers(const chain_fill *fill, const rpm_chain_polygon *polygon)
{
	const rpm_map_job *job = fill->target->job;
	const rpm_map_chain *chain = fill->chain;
	rpm_vec3	points[RPM_MAX_DEPTH + 2], corners[RPM_MAX_DEPTH + 2][RPM_HULL_CORNERS];
	int			count = polygon->count;

	for (int i = 0; i < count; i++)
	{
		points[chain->length + 1] = rpm_vec(polygon->x[i], polygon->y[i], job->surface.z_low);
		if (!rpm_map_chain_points(job, chain, false, points))
			return false;
		for (int k = 0; k <= chain->length + 1; k++)
			corners[k][i] = points[k];
	}
	for (int leg = 0; leg <= chain->length; leg++)
		if (chain->blockers[leg] != RPM_NO_BLOCKER
			&& rpm_occluder_hides(&job->occluders, chain->blockers[leg], corners[leg], leg == 0 ? 1 : count, corners[leg + 1], count, NULL))
			return true;
	return false;
}

static void
look_closer(chain_fill *fill, int column, int row)
{
	const rpm_map_job *job = fill->target->job;
	const rpm_grid *grid = job->grid;
	double		west = grid->west + column * grid->cell_width_m, north = grid->north - row * grid->cell_height_m;
	rpm_chain_polygon a, b;
	cell_piece	piece;

	rpm_chain_cut(&fill->area, 1, 0, -west, &a);
	rpm_chain_cut(&a, -1, 0, west + grid->cell_width_m, &b);
	rpm_chain_cut(&b, 0, -1, north, &a);
	rpm_chain_cut(&a, 0, 1, grid->cell_height_m - north, &b);
	if (piece_of_cell(job, &b, column, row, &piece) && share_of_cell(fill, &piece) >= NOT_MUCH)
		sample(fill, &piece, job->points * CLOSER);
}

/* Whether the cell's samples differ, from each other or from a neighbour's. */
static bool
wants_closer_look(const chain_fill *fill, int column, int row)
{
	const uint8_t *state = fill->room->state;
	const rpm_map_block *around = &fill->around;
	int			columns = fill->target->job->grid->columns;
	uint8_t		own;

	if (row < around->row_low || row > around->row_high || column < around->column_low || column > around->column_high)
		return false;
	own = state[(size_t) row * (size_t) columns + (size_t) column];
	if (own != LIT && own != DARK)
		return own == MIXED;
	for (int r = row > around->row_low ? row - 1 : row; r <= row + 1 && r <= around->row_high; r++)
		for (int c = column > around->column_low ? column - 1 : column; c <= column + 1 && c <= around->column_high; c++)
		{
			uint8_t		other = state[(size_t) r * (size_t) columns + (size_t) c];

			if (other != own && (other == LIT || other == MIXED || (other == DARK && own == LIT)))
				return true;
		}
	return false;
}

/*
 * The cell with its part of the polygon; false where there is none, or no receiver.  Its first corner, from which samples are counted, does
 * not depend on the order in which the sides of mirrors have cut it.
 */
static bool
piece_of_cell(const rpm_map_job *job, const rpm_chain_polygon *polygon, int column, int row, cell_piece *piece)
{
	int			first = 0;

	piece->column = column;
	piece->row = row;
	piece->cell = (size_t) row * (size_t) job->grid->columns + (size_t) column;
	piece->polygon.count = polygon->count;
	for (int i = 1; i < polygon->count; i++)
		if (polygon->x[i] + ASKEW * polygon->y[i] < polygon->x[first] + ASKEW * polygon->y[first])
			first = i;
	for (int i = 0; i < polygon->count; i++)
	{
		piece->polygon.x[i] = polygon->x[(first + i) % polygon->count];
		piece->polygon.y[i] = polygon->y[(first + i) % polygon->count];
	}
	piece->area_m2 = rpm_chain_polygon_area(polygon);
	piece->whole = piece->area_m2 > (1 - LEAST_SHARE) * job->cell_area_m2;
	piece->power = -1;
	return piece->area_m2 > LEAST_SHARE * job->cell_area_m2 && job->outdoor_share[piece->cell] > 0;
}

/* What the chain would bring were nothing in the way, as a share of what the cell has. */
static double
share_of_cell(const chain_fill *fill, cell_piece *piece)
{
	const rpm_chain_target *target = fill->target;
	const rpm_map_job *job = target->job;

	if (piece->power < 0)
	{
		rpm_vec3	middle = middle_of(job, &piece->polygon), way = rpm_sub(middle, fill->chain->images[fill->chain->length]);
		double		length = rpm_norm(way);
		size_t		bin = rpm_map_direction_bin(target->directions, rpm_map_chain_departure(job, fill->chain, middle));

		piece->power = rpm_map_chain_power(job, fill->chain, middle);
		piece->rays_per_m2 = target->rays[bin] / rpm_map_bin_solid_angle(target->directions, bin) * fabs(way.z) / (length * length * length);
	}
	return piece->power * piece->area_m2 / job->cell_area_m2 / (target->before[piece->cell] + fill->floor_gain);
}

static rpm_vec3
middle_of(const rpm_map_job *job, const rpm_chain_polygon *polygon)
{
	double		x = 0, y = 0;

	for (int i = 0; i < polygon->count; i++)
	{
		x += polygon->x[i] / polygon->count;
		y += polygon->y[i] / polygon->count;
	}
	return rpm_vec(x, y, job->surface.z_low);
}

/* Looks at n x n points, one where they add little; what they see replaces what the cell has from before. */
static uint8_t
sample(chain_fill *fill, cell_piece *piece, int n)
{
	const rpm_map_job *job = fill->target->job;
	rpm_chain_room *room = fill->room;
	double		diagonal = hypot(job->grid->cell_width_m, job->grid->cell_height_m), sum = 0;
	rpm_vec3	points[RPM_MAX_DEPTH + 2];
	float		outdoors = job->outdoor_share[piece->cell];
	int			lit = 0, seen = 0, counted = 0;
	bool		little = false;

	room->gain[piece->cell] = 0;
	for (; seen < n * n && !little; seen++)
	{
		rpm_vec3	point = sample_point(job, piece, seen, n);
		bool		counts = outdoors == 1 || rpm_map_outdoors(job, point);

		counted += counts;
		points[fill->chain->length + 1] = point;
		if (!rpm_map_chain_points(job, fill->chain, true, points) || !legs_clear(fill, points))
			continue;
		little = share_of_cell(fill, piece) < LITTLE;
		lit++;
		if (!fill->beyond)
			look_beyond(fill, points[fill->chain->length], point);
		if (counts)
			sum += rpm_map_chain_length(fill->chain, point) > FAR_CELLS * diagonal ? piece->power : rpm_map_chain_power(job, fill->chain, point);
	}
	if (lit == 0)
		return DARK;
	fill->lit_column_low = piece->column < fill->lit_column_low ? piece->column : fill->lit_column_low;
	fill->lit_column_high = piece->column > fill->lit_column_high ? piece->column : fill->lit_column_high;
	fill->lit_row_low = piece->row < fill->lit_row_low ? piece->row : fill->lit_row_low;
	fill->lit_row_high = piece->row > fill->lit_row_high ? piece->row : fill->lit_row_high;
	if (!fill->closer)
		fill->rays += piece->rays_per_m2 * piece->area_m2 * lit / seen;
	/* Of a cell that is lit as a whole the samples tell their own outdoor share. */
	if (sum > 0)
		room->gain[piece->cell] = piece->whole && !little ? sum / counted : sum * piece->area_m2 / (seen * outdoors * job->cell_area_m2);
	return little ? NEGLIGIBLE : lit == seen ? LIT : MIXED;
}

/* In a whole cell a lattice turned so that no two points share a column or a row of points. */
static rpm_vec3
sample_point(const rpm_map_job *job, const cell_piece *piece, int k, int n)
{
	const rpm_grid *grid = job->grid;
	double		i = k % n, j = k / n;

	if (!piece->whole)
		return fan_point(job, piece, k, n * n);
	return rpm_vec(grid->west + (piece->column + (i + (j + 0.5) / n) / n) * grid->cell_width_m,
				   grid->north - (piece->row + (j + (n - 0.5 - i) / n) / n) * grid->cell_height_m, job->surface.z_low);
}

/* Points of the R2 sequence, folded into the triangles of a fan by their areas. */
static rpm_vec3
fan_point(const rpm_map_job *job, const cell_piece *piece, int k, int count)
{
	const double *x = piece->polygon.x, *y = piece->polygon.y;
	double		place = (k + 0.5) / count * 2 * piece->area_m2, before = 0;
	double		u = fmod(0.5 + k * 0.7548776662466927, 1), v = fmod(0.25 + k * 0.5698402909980532, 1);
	int			i;

	if (u + v > 1)
	{
		u = 1 - u;
		v = 1 - v;
	}
	for (i = 1; i + 2 < piece->polygon.count; i++)
	{
		before += fabs((x[i] - x[0]) * (y[i + 1] - y[0]) - (x[i + 1] - x[0]) * (y[i] - y[0]));
		if (before > place)
			break;
	}
	return rpm_vec(x[0] + u * (x[i] - x[0]) + v * (x[i + 1] - x[0]), y[0] + u * (y[i] - y[0]) + v * (y[i + 1] - y[0]), job->surface.z_low);
}

static void
forget_states(chain_fill *fill)
{
	const rpm_map_block *around = &fill->around;
	size_t		columns = (size_t) fill->target->job->grid->columns;

	for (int row = around->row_low; row <= around->row_high; row++)
		memset(&fill->room->state[(size_t) row * columns + (size_t) around->column_low], OUTSIDE,
			   (size_t) (around->column_high - around->column_low + 1));
}

static size_t
light_bytes(size_t cell_count, size_t met_count)
{
	return sizeof(rpm_chain_light) + cell_count * sizeof(rpm_cell_gain) + met_count * sizeof(int32_t);
}

/* Empties the room into a light, or what is certain into the target's cells. */
static rpm_code
take_from_cells(chain_fill *fill, rpm_chain_light **taken)
{
	const rpm_chain_target *target = fill->target;
	rpm_chain_room *room = fill->room;
	bool		certain = isinf(fill->rays), allowed;
	size_t		columns = (size_t) target->job->grid->columns, count = certain ? 0 : lit_cells(fill);
	size_t		bytes = light_bytes(count, room->met_count);
	rpm_chain_light *light = NULL;

	allowed = target->bytes_left == NULL || __atomic_sub_fetch(target->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED) >= 0;
	if (allowed && !room->out_of_memory && (light = malloc(bytes)) != NULL)
	{
		*light = (rpm_chain_light) {.rays = fill->rays, .in_sight = fill->in_sight, .met_count = room->met_count, .cells = (rpm_cell_gain *) (light + 1)};
		light->met = (int32_t *) (light->cells + count);
		if (room->met_count > 0)
			memcpy(light->met, room->met, room->met_count * sizeof(int32_t));
	}
	else if (target->bytes_left != NULL)
		__atomic_add_fetch(target->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED);
	for (int row = fill->lit_row_low; row <= fill->lit_row_high; row++)
		for (int column = fill->lit_column_low; column <= fill->lit_column_high; column++)
		{
			size_t		cell = (size_t) row * columns + (size_t) column;
			double		gain = room->gain[cell];

			room->gain[cell] = 0;
			if (!(gain > 0) || light == NULL)
				continue;
			light->worth = fmax(light->worth, gain / (target->before[cell] + target->floor_gain));
			if (certain)
				rpm_map_add(&target->gain[cell], gain);
			else
				light->cells[light->cell_count++] = (rpm_cell_gain) {cell, gain};
		}
	*taken = light;
	return light != NULL ? RPM_OK : allowed ? RPM_OUT_OF_MEMORY : RPM_LIMIT_EXCEEDED;
}

static size_t
lit_cells(const chain_fill *fill)
{
	size_t		columns = (size_t) fill->target->job->grid->columns, count = 0;

	for (int row = fill->lit_row_low; row <= fill->lit_row_high; row++)
		for (int column = fill->lit_column_low; column <= fill->lit_column_high; column++)
			count += fill->room->gain[(size_t) row * columns + (size_t) column] > 0;
	return count;
}

/* Whether each leg meets the next mirror first, and the last one the receiver: as for a launched ray. */
static bool
legs_clear(chain_fill *fill, const rpm_vec3 *points)
{
	const rpm_map_job *job = fill->target->job;
	rpm_map_chain *chain = fill->chain;

	for (int leg = 0; leg <= chain->length; leg++)
		if (chain->blockers[leg] != RPM_NO_BLOCKER
			&& rpm_occluder_hides_point(&job->occluders, chain->blockers[leg], points[leg], points[leg + 1]))
			return false;
	for (int leg = chain->length; leg >= 0; leg--)
		if (!leg_clear(fill, leg, points[leg], points[leg + 1]))
			return false;
	return true;
}

static bool
leg_clear(chain_fill *fill, int leg, rpm_vec3 from, rpm_vec3 to)
{
	const rpm_map_job *job = fill->target->job;
	rpm_map_chain *chain = fill->chain;
	int32_t		own = leg > 0 ? chain->facets[leg - 1] : RPM_NO_FACET, next = leg < chain->length ? chain->facets[leg] : RPM_NO_FACET;
	int32_t		facet;
	rpm_vec3	way;
	double		distance;
	rpm_ray		ray;
	rpm_hit		hit;

	if (leg > 0)
		from = rpm_along(from, copysign(SURFACE_OFFSET_M, chain->heights[leg - 1]), job->scene->facets[own].normal);
	way = rpm_sub(to, from);
	distance = rpm_norm(way);
	way = rpm_scale(way, 1 / distance);
	ray = (rpm_ray) {{(float) from.x, (float) from.y, (float) from.z}, {(float) way.x, (float) way.y, (float) way.z}, 0,
	next == RPM_NO_FACET ? (float) distance : INFINITY};
	do
	{
		if (!rpm_query_intersect(job->query, &ray, &hit))
			return next == RPM_NO_FACET;
		facet = job->scene->triangles[hit.triangle].facet;
		ray.t_min = nextafterf(fmaxf(hit.t, ray.t_min), INFINITY);
	}
	while (facet == own && ray.t_min < ray.t_max);
	if (facet == next || facet == own)
		return facet == next || next == RPM_NO_FACET;
	chain->blockers[leg] = job->occluders.polygon_of[hit.triangle];
	if (leg == chain->length)
		note_met(fill, facet);
	return false;
}

/* What lies behind the receivers is met, too. */
static void
look_beyond(chain_fill *fill, rpm_vec3 from, rpm_vec3 point)
{
	rpm_vec3	way = rpm_unit(rpm_sub(point, from));
	rpm_ray		ray = {{(float) point.x, (float) point.y, (float) point.z}, {(float) way.x, (float) way.y, (float) way.z}, 0, INFINITY};
	rpm_hit		hit;

	fill->beyond = true;
	if (rpm_query_intersect(fill->target->job->query, &ray, &hit))
		note_met(fill, fill->target->job->scene->triangles[hit.triangle].facet);
}

static void
note_met(chain_fill *fill, int32_t facet)
{
	rpm_chain_room *room = fill->room;

	if (room->met_count > 0 && room->met[room->met_count - 1] == facet)
		return;
	if (room->met_count == room->met_capacity)
	{
		size_t		capacity = room->met_capacity > 0 ? 2 * room->met_capacity : 256;
		int32_t    *met = realloc(room->met, capacity * sizeof(int32_t));

		room->out_of_memory |= met == NULL;
		if (met == NULL)
			return;
		room->met = met;
		room->met_capacity = capacity;
	}
	room->met[room->met_count++] = facet;
}
