/*
 * plan.c: a grid of boxes in plan.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/ground.h"

#define ENTRIES_PER_BOX 16

typedef struct cell_range { uint32_t column_0, column_1, row_0, row_1; } cell_range;

static void fit_extent(rpm_ground_index *index, const plan_box *boxes, size_t count);
static cell_range box_cells(const rpm_ground_index *index, const plan_box *box);
static uint64_t count_entries(rpm_ground_index *index, const plan_box *boxes, size_t count, double side);
static void fill(rpm_ground_index *index, const plan_box *boxes, size_t count);

rpm_code plan_index_create(const plan_box *boxes, size_t count, const rpm_control *control, rpm_ground_index **result, rpm_status *status)
{
	rpm_ground_index *index = calloc(1, sizeof *index);
	double		side = 1 + floor(sqrt((double) count));
	uint64_t	entries = 0;
	size_t		cells;

	*result = NULL;
	if (index == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the index of the scene in plan");
	fit_extent(index, boxes, count);
	for (;; side = ceil(side / 2))
	{
		if (rpm_stopped(control))
		{
			free(index);
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped while indexing the scene");
		}
		entries = count_entries(index, boxes, count, side);
		if (side <= 1 || entries <= (uint64_t) count * ENTRIES_PER_BOX)
			break;
	}
	cells = (size_t) index->columns * index->rows;
	index->start = calloc(cells + 2, sizeof *index->start);
	index->item = malloc((entries + 1) * sizeof *index->item);
	index->bytes = (cells + 2 + entries + 1) * sizeof(uint32_t) + sizeof *index;
	if (index->start == NULL || index->item == NULL)
	{
		plan_index_free(index);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the index of the scene in plan");
	}
	fill(index, boxes, count);
	*result = index;
	return RPM_OK;
}

rpm_code triangle_index_create(const rpm_scene *scene, size_t first, size_t end, const rpm_control *control, rpm_ground_index **index,
							   rpm_status *status)
{
	plan_box   *boxes = malloc((end - first + 1) * sizeof *boxes);
	rpm_code	code;

	*index = NULL;
	if (boxes == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the index of the scene in plan");
	for (size_t t = first; t < end; t++)
	{
		const uint32_t *c = scene->triangles[t].vertex;
		rpm_vec3	a = scene->vertices[c[0]], b = scene->vertices[c[1]], d = scene->vertices[c[2]];

		boxes[t - first] = (plan_box) {fmin(fmin(a.x, b.x), d.x), fmin(fmin(a.y, b.y), d.y), fmax(fmax(a.x, b.x), d.x),
			fmax(fmax(a.y, b.y), d.y), (uint32_t) t};
		/* A wall has no extent in plan. */
		if ((b.x - a.x) * (d.y - a.y) == (b.y - a.y) * (d.x - a.x))
			boxes[t - first].low_x = INFINITY;
	}
	code = plan_index_create(boxes, end - first, control, index, status);
	free(boxes);
	return code;
}

void plan_index_free(rpm_ground_index *index)
{
	if (index == NULL)
		return;
	free(index->start);
	free(index->item);
	free(index);
}

size_t plan_index_cell(const rpm_ground_index *index, double x, double y, const uint32_t **items)
{
	size_t		cell;

	if (!(x >= index->low_x && y >= index->low_y && x <= index->high_x && y <= index->high_y))
		return 0;
	cell = (size_t) ((y - index->low_y) / index->cell_m) * index->columns + (size_t) ((x - index->low_x) / index->cell_m);
	*items = index->item + index->start[cell];
	return index->start[cell + 1] - index->start[cell];
}

static void fit_extent(rpm_ground_index *index, const plan_box *boxes, size_t count)
{
	bool		any = false;

	for (size_t i = 0; i < count; i++)
	{
		const plan_box *b = &boxes[i];

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
}

/* Sets the grid of side x side cells over the longer extent; how many entries it would have. */
static uint64_t count_entries(rpm_ground_index *index, const plan_box *boxes, size_t count, double side)
{
	uint64_t	sum = 0;
	double		width = fmax(index->high_x - index->low_x, 0), height = fmax(index->high_y - index->low_y, 0);

	index->cell_m = fmax(fmax(width, height) / side, 1e-3) * (1 + 1e-12);
	index->columns = 1 + (uint32_t) (width / index->cell_m);
	index->rows = 1 + (uint32_t) (height / index->cell_m);
	for (size_t i = 0; i < count; i++)
		if (boxes[i].low_x <= boxes[i].high_x)
		{
			cell_range	r = box_cells(index, &boxes[i]);

			sum += (uint64_t) (r.column_1 - r.column_0 + 1) * (r.row_1 - r.row_0 + 1);
		}
	return sum;
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

static void fill(rpm_ground_index *index, const plan_box *boxes, size_t count)
{
	size_t		cells = (size_t) index->columns * index->rows;

	for (int pass = 0; pass < 2; pass++)
	{
		for (size_t i = 0; i < count; i++)
		{
			cell_range	r;

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
}
