/*
 * map_chain_cells.c: what comes over one chain of mirrors into the cells, see map_chains.h.
 *
 * A cell's share of what the chain may light is exact; in how much of it a wall is in the way is sampled, closer where the samples of the
 * cell differ from each other or from those of its neighbours, and hardly at all where the chain adds little.
 */
#include "trace/map_chain_piece.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A block of fewer cells is not asked for what hides all of it. */
#define BLOCK_CELLS 4

static bool look(rpm_chain_fill *fill, bool found, bool certain);
static bool glance(rpm_chain_fill *fill);
static void begin_pass(rpm_chain_fill *fill, int points);
static void visit(rpm_chain_fill *fill, const rpm_chain_polygon *polygon, rpm_map_block block);
static bool hidden(rpm_chain_fill *fill, const rpm_chain_polygon *polygon);
static bool hidden_by_blockers(const rpm_chain_fill *fill, const rpm_chain_polygon *polygon);
static void look_closer(rpm_chain_fill *fill, int column, int row);
static void forget_states(rpm_chain_fill *fill);
static size_t light_bytes(size_t cell_count, size_t met_count);
static rpm_code take_from_cells(rpm_chain_fill *fill, rpm_chain_light **taken);
static size_t lit_cells(const rpm_chain_fill *fill);
static void note_met(rpm_chain_room *room, int32_t facet);

rpm_code
rpm_map_chain_look(const rpm_chain_target *target, const rpm_chain_question *question, rpm_chain_room *room, rpm_chain_light **light)
{
	rpm_map_chain chain;
	rpm_chain_polygon area;
	rpm_chain_fill fill = {.target = target, .chain = &chain, .room = room, .area = &area, .state = room->state,
	.state_columns = target->job->grid->columns, .floor_gain = RPM_CHAIN_FLOOR_SHARE * target->floor_gain};

	*light = NULL;
	if (!rpm_map_chain_prepare(target->job, question->facets, question->length, &chain))
		return RPM_OK;
	rpm_map_chain_area(target->job, &chain, &area);
	if (area.count < 3 || !look(&fill, question->found, question->certain))
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
look(rpm_chain_fill *fill, bool found, bool certain)
{
	const rpm_map_job *job = fill->target->job;
	bool		glances = !certain && job->points > 1;

	fill->room->met_count = 0;
	if (glances && !glance(fill) && !found)
		return false;
	begin_pass(fill, job->points);
	visit(fill, fill->area, fill->around);
	fill->in_sight |= !glances && fill->lit_row_high >= 0;
	fill->closer = true;
	for (int row = fill->lit_row_low - 1; row <= fill->lit_row_high + 1 && !rpm_stopped(job->control); row++)
		for (int column = fill->lit_column_low - 1; column <= fill->lit_column_high + 1; column++)
			if (rpm_chain_wants_closer_look(fill, column, row))
				look_closer(fill, column, row);
	forget_states(fill);
	if (fill->lit_row_high < 0)
		return false;
	if (fill->in_sight && fill->chain->length < job->options->max_depth && job->visible.facet_seen[fill->chain->facets[0]])
	{
		fill->meeting = true;
		visit(fill, fill->area, fill->around);
	}
	return true;
}

/* Whether one point of each cell shows the chain's light; keeps nothing but what is in the way. */
static bool
glance(rpm_chain_fill *fill)
{
	fill->glance = true;
	begin_pass(fill, 1);
	visit(fill, fill->area, fill->around);
	fill->in_sight = fill->lit_row_high >= 0;
	fill->glance = false;
	fill->rays = 0;
	return fill->in_sight;
}

static void
begin_pass(rpm_chain_fill *fill, int points)
{
	fill->points = points;
	rpm_chain_enclose(fill->target->job, fill->area, &fill->around);
	fill->lit_column_low = fill->lit_row_low = INT_MAX - 1;
	fill->lit_column_high = fill->lit_row_high = -2;
}

void
rpm_chain_enclose(const rpm_map_job *job, const rpm_chain_polygon *area, rpm_map_block *around)
{
	const rpm_grid *grid = job->grid;
	double		x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY;

	for (int i = 0; i < area->count; i++)
	{
		x_low = fmin(x_low, area->x[i]);
		x_high = fmax(x_high, area->x[i]);
		y_low = fmin(y_low, area->y[i]);
		y_high = fmax(y_high, area->y[i]);
	}
	around->column_low = (int) fmax(0, floor((x_low - grid->west) / grid->cell_width_m));
	around->column_high = (int) fmin(grid->columns - 1, floor((x_high - grid->west) / grid->cell_width_m));
	around->row_low = (int) fmax(0, floor((grid->north - y_high) / grid->cell_height_m));
	around->row_high = (int) fmin(grid->rows - 1, floor((grid->north - y_low) / grid->cell_height_m));
}

/* Halves a block of cells, with what of the polygon is in it, down to cells; what a wall hides as a whole is dark. */
static void
visit(rpm_chain_fill *fill, const rpm_chain_polygon *polygon, rpm_map_block block)
{
	const rpm_map_job *job = fill->target->job;
	int			columns = block.column_high - block.column_low + 1, rows = block.row_high - block.row_low + 1;
	rpm_map_block low = block, high = block;
	rpm_chain_polygon half;
	double		at;

	/* A polygon on the grid's rim alone is in no cell. */
	if (polygon->count < 3 || columns < 1 || rows < 1 || rpm_stopped(job->control) || (fill->glance && fill->lit_row_high >= 0))
		return;
	if (!fill->meeting && columns * rows >= BLOCK_CELLS && hidden(fill, polygon))
	{
		for (int row = block.row_low; row <= block.row_high && !fill->glance; row++)
			memset(&fill->room->state[(size_t) row * (size_t) job->grid->columns + (size_t) block.column_low], RPM_CHAIN_DARK, (size_t) columns);
		return;
	}
	if (columns == 1 && rows == 1)
	{
		rpm_chain_piece	piece;

		if (!rpm_chain_piece_of(job, polygon, block.column_low, block.row_low, &piece))
			return;
		if (fill->meeting)
			for (int k = 0; k < RPM_CHAIN_MET; k++)
				note_met(fill->room, rpm_chain_met_over(fill, &piece, k));
		else
		{
			uint8_t		state = rpm_chain_sample(fill, &piece, fill->points);

			fill->room->state[piece.cell] = fill->glance ? RPM_CHAIN_OUTSIDE : state;
			fill->room->gain[piece.cell] = fill->glance ? 0 : piece.gain;
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
hidden(rpm_chain_fill *fill, const rpm_chain_polygon *polygon)
{
	const rpm_map_job *job = fill->target->job;
	rpm_vec3	points[RPM_MAX_DEPTH + 2];

	if (polygon->count > RPM_HULL_CORNERS)
		return false;
	if (hidden_by_blockers(fill, polygon))
		return true;
	points[fill->chain->length + 1] = rpm_chain_polygon_middle(job, polygon);
	return rpm_map_chain_points(job, fill->chain, true, points) && !rpm_chain_legs_clear(fill, points) && hidden_by_blockers(fill, polygon);
}

/* A leg leads from the hull of its corners' points on one mirror to that on the next. */
static bool
hidden_by_blockers(const rpm_chain_fill *fill, const rpm_chain_polygon *polygon)
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
look_closer(rpm_chain_fill *fill, int column, int row)
{
	rpm_chain_piece	piece;

	if (!rpm_chain_cut_cell(fill, column, row, &piece) || rpm_chain_share(fill, &piece) < RPM_CHAIN_NOT_MUCH)
		return;
	rpm_chain_sample(fill, &piece, fill->target->job->points * RPM_CHAIN_CLOSER);
	fill->room->gain[piece.cell] = piece.gain;
}

static void
forget_states(rpm_chain_fill *fill)
{
	const rpm_map_block *around = &fill->around;
	size_t		columns = (size_t) fill->target->job->grid->columns;

	for (int row = around->row_low; row <= around->row_high; row++)
		memset(&fill->room->state[(size_t) row * columns + (size_t) around->column_low], RPM_CHAIN_OUTSIDE,
			   (size_t) (around->column_high - around->column_low + 1));
}

static size_t
light_bytes(size_t cell_count, size_t met_count)
{
	return sizeof(rpm_chain_light) + cell_count * sizeof(rpm_cell_gain) + met_count * sizeof(int32_t);
}

rpm_code
rpm_chain_light_create(const rpm_chain_target *target, size_t cell_count, size_t met_count, rpm_chain_light **light)
{
	size_t		bytes = light_bytes(cell_count, met_count);
	bool		allowed = target->bytes_left == NULL || __atomic_sub_fetch(target->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED) >= 0;

	*light = allowed ? malloc(bytes) : NULL;
	if (*light == NULL)
	{
		if (target->bytes_left != NULL)
			__atomic_add_fetch(target->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED);
		return allowed ? RPM_OUT_OF_MEMORY : RPM_LIMIT_EXCEEDED;
	}
	**light = (rpm_chain_light) {.met_count = met_count, .cells = (rpm_cell_gain *) (*light + 1)};
	(*light)->met = (int32_t *) ((*light)->cells + cell_count);
	return RPM_OK;
}

void
rpm_chain_light_add(const rpm_chain_target *target, size_t cell, double gain, rpm_chain_light *light)
{
	light->worth = fmax(light->worth, gain / (target->before[cell] + target->floor_gain));
	if (isinf(light->rays))
		rpm_map_add(&target->gain[cell], gain);
	else
		light->cells[light->cell_count++] = (rpm_cell_gain) {cell, gain};
}

/* Empties the room into a light, or what is certain into the target's cells. */
static rpm_code
take_from_cells(rpm_chain_fill *fill, rpm_chain_light **taken)
{
	const rpm_chain_target *target = fill->target;
	rpm_chain_room *room = fill->room;
	bool		certain = isinf(fill->rays);
	size_t		columns = (size_t) target->job->grid->columns;
	rpm_chain_light *light = NULL;
	rpm_code	code = room->out_of_memory ? RPM_OUT_OF_MEMORY : rpm_chain_light_create(target, certain ? 0 : lit_cells(fill), room->met_count, &light);

	if (code == RPM_OK)
	{
		light->rays = fill->rays;
		light->in_sight = fill->in_sight;
		if (room->met_count > 0)
			memcpy(light->met, room->met, room->met_count * sizeof(int32_t));
	}
	for (int row = fill->lit_row_low; row <= fill->lit_row_high; row++)
		for (int column = fill->lit_column_low; column <= fill->lit_column_high; column++)
		{
			size_t		cell = (size_t) row * columns + (size_t) column;
			double		gain = room->gain[cell];

			room->gain[cell] = 0;
			if (gain > 0 && light != NULL)
				rpm_chain_light_add(target, cell, gain, light);
		}
	*taken = light;
	return code;
}

static size_t
lit_cells(const rpm_chain_fill *fill)
{
	size_t		columns = (size_t) fill->target->job->grid->columns, count = 0;

	for (int row = fill->lit_row_low; row <= fill->lit_row_high; row++)
		for (int column = fill->lit_column_low; column <= fill->lit_column_high; column++)
			count += fill->room->gain[(size_t) row * columns + (size_t) column] > 0;
	return count;
}

static void
note_met(rpm_chain_room *room, int32_t facet)
{
	if (facet == RPM_NO_FACET || (room->met_count > 0 && room->met[room->met_count - 1] == facet))
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
