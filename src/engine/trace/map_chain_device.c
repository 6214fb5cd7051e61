/*
 * map_chain_device.c: chains of mirrors looked at by a device, many at a time, see map_chain_piece.h.
 *
 * Where a chain may light cells is told here, and the device looks at all cells of all of these at once: a glance at one point of each, then all
 * points where that or a ray has found light, then shadows' edges closer, then what the last leg meets, as map_chain_cells.c does chain by chain.
 */
#include "trace/map_chain_piece.h"

#include <stdlib.h>
#include <string.h>

/* Chains that are prepared together; cells that the device looks at in one go, or one chain's. */
#define CHAINS_AT_ONCE 16384
#define CELLS_AT_ONCE ((size_t) 1 << 22)
#define CHAINS_PER_PIECE 64

typedef struct looking
{
	const rpm_chain_target *target;
	rpm_chain_asker ask;
	void	   *context;
	size_t		from;			/* the first of those that are prepared together */
	rpm_chain_box *boxes;
	double	   *gain;			/* cells of the boxes at work */
	int32_t    *met;
	size_t		cells_capacity;
} looking;

static void prepare_range(void *context, int64_t begin, int64_t end, int thread);
static void prepare(const rpm_map_job *job, const rpm_chain_question *question, rpm_chain_box *box);
static size_t cells_of(const rpm_chain_box *box);
static rpm_code look_at(looking *l, rpm_chain_box *boxes, size_t count, size_t cells, rpm_chain_light **lights, rpm_code *failure,
						rpm_status *status);
static rpm_code room_for_cells(looking *l, size_t cells, rpm_status *status);
static rpm_code take(const looking *l, const rpm_chain_box *box, rpm_chain_light **light);

rpm_code
rpm_chain_look_on_device(const rpm_chain_target *target, rpm_chain_asker ask, void *context, size_t count, rpm_chain_light **lights,
						 rpm_code *failure, rpm_status *status)
{
	rpm_control *control = target->job->control;
	looking		l = {.target = target, .ask = ask, .context = context};
	size_t		most = count < CHAINS_AT_ONCE ? count : CHAINS_AT_ONCE;
	rpm_code	code = rpm_reserve(control, most * sizeof(rpm_chain_box), "chains of mirrors for the device", status);

	if (code == RPM_OK)
		l.boxes = malloc((most + 1) * sizeof(rpm_chain_box));
	if (code == RPM_OK && l.boxes == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu chains of mirrors", most);
	for (size_t n; l.from < count && code == RPM_OK; l.from += n)
	{
		size_t		kept = 0, first = 0, cells = 0;

		n = count - l.from < most ? count - l.from : most;
		code = rpm_parallel_for(control, (int64_t) n, CHAINS_PER_PIECE, prepare_range, &l, status);
		for (size_t i = 0; i < n; i++)
			if (cells_of(&l.boxes[i]) > 0)
				l.boxes[kept++] = l.boxes[i];
		for (size_t i = 0; i < kept && code == RPM_OK; i++)
		{
			if (i > first && cells + cells_of(&l.boxes[i]) > CELLS_AT_ONCE)
			{
				code = look_at(&l, &l.boxes[first], i - first, cells, lights, failure, status);
				first = i;
				cells = 0;
			}
			l.boxes[i].first_cell = cells;
			cells += cells_of(&l.boxes[i]);
		}
		if (code == RPM_OK && kept > first)
			code = look_at(&l, &l.boxes[first], kept - first, cells, lights, failure, status);
	}
	free(l.boxes);
	free(l.gain);
	free(l.met);
	return code;
}

static void
prepare_range(void *context, int64_t begin, int64_t end, int thread)
{
	const looking *l = context;

	(void) thread;
	for (int64_t i = begin; i < end && !rpm_stopped(l->target->job->control); i++)
	{
		rpm_chain_question question = l->ask(l->context, l->from + (size_t) i);

		l->boxes[i].index = l->from + (size_t) i;
		prepare(l->target->job, &question, &l->boxes[i]);
	}
}

/* The box has no cells where the chain lights none. */
static void
prepare(const rpm_map_job *job, const rpm_chain_question *question, rpm_chain_box *box)
{
	box->around = (rpm_map_block) {.column_high = -1};
	memcpy(box->facets, question->facets, (size_t) question->length * sizeof(int32_t));
	if (!rpm_map_chain_prepare(job, box->facets, question->length, &box->chain))
		return;
	rpm_map_chain_area(job, &box->chain, &box->area);
	if (box->area.count < 3)
		return;
	rpm_chain_enclose(job, &box->area, &box->around);
	box->certain = question->certain;
	box->glances = !question->certain && job->points > 1;
	box->found = question->found;
	box->meets = question->length < job->options->max_depth && job->visible.facet_seen[question->facets[0]];
	box->in_sight = box->lit = false;
	box->rays = 0;
}

static size_t
cells_of(const rpm_chain_box *box)
{
	int			columns = box->around.column_high - box->around.column_low + 1, rows = box->around.row_high - box->around.row_low + 1;

	return columns > 0 && rows > 0 ? (size_t) columns * (size_t) rows : 0;
}

static rpm_code
look_at(looking *l, rpm_chain_box *boxes, size_t count, size_t cells, rpm_chain_light **lights, rpm_code *failure, rpm_status *status)
{
	const rpm_map_job *job = l->target->job;
	rpm_chain_boxes call = {l->target, boxes, count, cells, NULL, NULL};
	rpm_code	code = room_for_cells(l, cells, status);

	call.gain = l->gain;
	call.met = l->met;
	if (code == RPM_OK)
		code = job->device->chains(job->device->context, job, &call, status);
	for (size_t i = 0; i < count && code == RPM_OK && *failure == RPM_OK; i++)
		if (boxes[i].lit)
			*failure = take(l, &boxes[i], &lights[boxes[i].index]);
	return code;
}

static rpm_code
room_for_cells(looking *l, size_t cells, rpm_status *status)
{
	rpm_code	code;

	if (cells <= l->cells_capacity)
		return RPM_OK;
	free(l->gain);
	free(l->met);
	l->gain = NULL;
	l->met = NULL;
	l->cells_capacity = 0;
	code = rpm_reserve(l->target->job->control, cells * (sizeof(double) + RPM_CHAIN_MET * sizeof(int32_t)), "the cells of chains of mirrors", status);
	if (code != RPM_OK)
		return code;
	l->gain = malloc(cells * sizeof(double));
	l->met = malloc(cells * RPM_CHAIN_MET * sizeof(int32_t));
	if (l->gain == NULL || l->met == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu cells of chains of mirrors", cells);
	l->cells_capacity = cells;
	return RPM_OK;
}

/* What the device has found of a chain as a light, or, where it is certain, in the target's cells. */
static rpm_code
take(const looking *l, const rpm_chain_box *box, rpm_chain_light **light)
{
	const double *gain = l->gain + box->first_cell;
	const int32_t *met = l->met + box->first_cell * RPM_CHAIN_MET;
	size_t		cells = cells_of(box), columns = (size_t) (box->around.column_high - box->around.column_low + 1), lit = 0, met_count = 0;
	int32_t		last = RPM_NO_FACET;
	rpm_code	code;

	for (size_t i = 0; i < cells; i++)
		lit += gain[i] > 0;
	for (size_t i = 0; i < cells * RPM_CHAIN_MET; i++)
	{
		met_count += met[i] != RPM_NO_FACET && met[i] != last;
		last = met[i] != RPM_NO_FACET ? met[i] : last;
	}
	code = rpm_chain_light_create(l->target, box->certain ? 0 : lit, met_count, light);
	if (code != RPM_OK)
		return code;
	(*light)->rays = box->certain ? INFINITY : box->rays;
	(*light)->in_sight = box->in_sight;
	last = RPM_NO_FACET;
	met_count = 0;
	for (size_t i = 0; i < cells; i++)
	{
		size_t		column = (size_t) box->around.column_low + i % columns, row = (size_t) box->around.row_low + i / columns;

		if (gain[i] > 0)
			rpm_chain_light_add(l->target, row * (size_t) l->target->job->grid->columns + column, gain[i], *light);
	}
	for (size_t i = 0; i < cells * RPM_CHAIN_MET; i++)
		if (met[i] != RPM_NO_FACET && met[i] != last)
			(*light)->met[met_count++] = last = met[i];
	return RPM_OK;
}
