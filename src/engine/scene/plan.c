/*
 * plan.c: a grid of boxes in plan.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/builder.h"
#include "scene/ground.h"

#define ENTRIES_PER_BOX 16

typedef struct cell_range { uint32_t column_0, column_1, row_0, row_1; } cell_range;

static rpm_code make_grid(rpm_ground_index *index, const plan_box *boxes, size_t count, const rpm_control *control);
static rpm_code fit_extent(rpm_ground_index *index, const plan_box *boxes, size_t count, const rpm_control *control);
static cell_range box_cells(const rpm_ground_index *index, const plan_box *box);
static rpm_code count_entries(rpm_ground_index *index, const plan_box *boxes, size_t count, double side, const rpm_control *control, uint64_t *entries);
static rpm_code fill(rpm_ground_index *index, const plan_box *boxes, size_t count, const rpm_control *control);
static rpm_code triangle_boxes(const rpm_scene *scene, size_t first, size_t end, const rpm_control *control, plan_box *boxes);

rpm_code plan_index_create(const plan_box *boxes, size_t count, const rpm_control *control, rpm_ground_index **result, rpm_status *status)
{
	rpm_ground_index *index = calloc(1, sizeof *index);
	rpm_code	code = index ? make_grid(index, boxes, count, control) : RPM_OUT_OF_MEMORY;

	*result = index;
	if (code != RPM_OK)
	{
		plan_index_free(index);
		*result = NULL;
	}
	return builder_ended(code, "the index in plan", status);
}

static rpm_code make_grid(rpm_ground_index *index, const plan_box *boxes, size_t count, const rpm_control *control)
{
	double		side = 1 + floor(sqrt((double) count));
	uint64_t	entries = 0;
	size_t		cells;
	rpm_code	code = fit_extent(index, boxes, count, control);

	for (; code == RPM_OK; side = ceil(side / 2))
	{
		code = count_entries(index, boxes, count, side, control, &entries);
		if (side <= 1 || entries <= (uint64_t) count * ENTRIES_PER_BOX)
			break;
	}
	if (code != RPM_OK)
		return code;
	cells = (size_t) index->columns * index->rows;
	index->start = calloc(cells + 2, sizeof *index->start);
	index->item = malloc((entries + 1) * sizeof *index->item);
	index->bytes = (cells + 2 + entries + 1) * sizeof(uint32_t) + sizeof *index;
	if (index->start == NULL || index->item == NULL)
		return RPM_OUT_OF_MEMORY;
	return fill(index, boxes, count, control);
}

rpm_code triangle_index_create(const rpm_scene *scene, size_t first, size_t end, const rpm_control *control, rpm_ground_index **index,
							   rpm_status *status)
{
	plan_box   *boxes = malloc((end - first + 1) * sizeof *boxes);
	rpm_code	code = boxes ? triangle_boxes(scene, first, end, control, boxes) : RPM_OUT_OF_MEMORY;

	*index = NULL;
	if (builder_ended(code, "the index in plan", status) == RPM_OK)
		code = plan_index_create(boxes, end - first, control, index, status);
	free(boxes);
	return code;
}

static rpm_code triangle_boxes(const rpm_scene *scene, size_t first, size_t end, const rpm_control *control, plan_box *boxes)
{
	for (size_t t = first; t < end; t++)
	{
		const uint32_t *c = scene->triangles[t].vertex;
		rpm_vec3	a = scene->vertices[c[0]], b = scene->vertices[c[1]], d = scene->vertices[c[2]];

		if (scene_stopped(control, t))
			return RPM_CANCELLED;
		boxes[t - first] = (plan_box) {fmin(fmin(a.x, b.x), d.x), fmin(fmin(a.y, b.y), d.y), fmax(fmax(a.x, b.x), d.x),
			fmax(fmax(a.y, b.y), d.y), (uint32_t) t};
		/* A wall has no extent in plan. */
		if ((b.x - a.x) * (d.y - a.y) == (b.y - a.y) * (d.x - a.x))
			boxes[t - first].low_x = INFINITY;
	}
	return RPM_OK;
}

void plan_index_free(rpm_ground_index *index)
{
	if (index == NULL)
		return;
	free(index->start);
	free(index->item);
	free(index);
}

static rpm_code fit_extent(rpm_ground_index *index, const plan_box *boxes, size_t count, const rpm_control *control)
{
	bool		any = false;

	for (size_t i = 0; i < count; i++)
	{
		const plan_box *b = &boxes[i];

		if (scene_stopped(control, i))
			return RPM_CANCELLED;
		if (b->low_x > b->high_x)
			continue;
		index->low_x = any ? fmin(index->low_x, b->low_x) : b->low_x;
		index->low_y = any ? fmin(index->low_y, b->low_y) : b->low_y;
		index->high_x = any ? fmax(index->high_x, b->high_x) : b->high_x;
		index->high_y = any ? fmax(index->high_y, b->high_y) : b->high_y;
		any = true;
	}
	if (!any)
		index->high_x = -1;
	return RPM_OK;
}

/* Sets the grid of side x side cells over the longer extent; *entries: how many it would have. */
static rpm_code count_entries(rpm_ground_index *index, const plan_box *boxes, size_t count, double side, const rpm_control *control, uint64_t *entries)
{
	double		width = fmax(index->high_x - index->low_x, 0), height = fmax(index->high_y - index->low_y, 0);

	index->cell_m = fmax(fmax(width, height) / side, 1e-3) * (1 + 1e-12);
	index->columns = 1 + (uint32_t) (width / index->cell_m);
	index->rows = 1 + (uint32_t) (height / index->cell_m);
	*entries = 0;
	for (size_t i = 0; i < count; i++)
	{
		if (scene_stopped(control, i))
			return RPM_CANCELLED;
		if (boxes[i].low_x <= boxes[i].high_x)
		{
			cell_range	r = box_cells(index, &boxes[i]);

			*entries += (uint64_t) (r.column_1 - r.column_0 + 1) * (r.row_1 - r.row_0 + 1);
		}
	}
	return RPM_OK;
}

static cell_range box_cells(const rpm_ground_index *index, const plan_box *box)
{
	cell_range	r;

	r.column_0 = (uint32_t) ((box->low_x - index->low_x) / index->cell_m);
	r.column_1 = (uint32_t) ((box->high_x - index->low_x) / index->cell_m);
	r.row_0 = (uint32_t) ((box->low_y - index->low_y) / index->cell_m);
	r.row_1 = (uint32_t) ((box->high_y - index->low_y) / index->cell_m);
	return r;
}

/* A box may lie in every cell, so each looks at the stop flag. */
static rpm_code fill(rpm_ground_index *index, const plan_box *boxes, size_t count, const rpm_control *control)
{
	size_t		cells = (size_t) index->columns * index->rows;

	for (int pass = 0; pass < 2; pass++)
	{
		for (size_t i = 0; i < count; i++)
		{
			cell_range	r;

			if (rpm_stopped(control))
				return RPM_CANCELLED;
			if (boxes[i].low_x > boxes[i].high_x)
				continue;
			r = box_cells(index, &boxes[i]);
			for (uint32_t row = r.row_0; row <= r.row_1; row++)
				for (uint32_t column = r.column_0; column <= r.column_1; column++)
				{
					size_t		cell = (size_t) row * index->columns + column;

					if (pass == 0)
						index->start[cell + 2]++;
					else
						index->item[index->start[cell + 1]++] = boxes[i].item;
				}
		}
		for (size_t c = 1; pass == 0 && c <= cells; c++)
			index->start[c + 1] += index->start[c];
	}
	return RPM_OK;
}
