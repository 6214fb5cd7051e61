/*
 * points_kernels.h: the kernels of map_points.cu: a point per thread, then a cell.
 *
 * The points of a launch leave their powers in arrays, and a second kernel adds those of each cell in their order, so that the sums are
 * those of the CPU.
 */
#ifndef RPM_POINTS_KERNELS_H
#define RPM_POINTS_KERNELS_H

#include "map_engine.h"

#include "cuda_map.h"

/* Edges are left out for blocks of so many cells a side. */
#define EDGE_BLOCK_CELLS 4
/* Marks of a cell after a pass. */
#define LOOK_CLOSER 1

/* One of the maps that are worked on together.  Their cells are counted through: this one's are the cells from `begin` on. */
typedef struct map_view
{
	const rpm_map_job *job;
	const rpm_map_mirror *mirrors;
	const rpm_map_edge *edges;
	uint32_t	mirror_count, edge_count;
	uint32_t	begin, end;
	/* Which edges may diffract into which blocks of cells: a bit for each, edge_words for each block; NULL: all into all. */
	uint32_t   *edge_mask;
	uint32_t	edge_words, block_columns;
	size_t		word_begin, word_end;	/* of all maps' words, counted through */
} map_view;

/* What a launch of points is given. */
typedef struct points_view
{
	const map_view *maps;
	const uint32_t *cells;		/* the cells of this pass; NULL: all */
	uint64_t   *signatures;		/* cells: which rays reach all of its points, after the first pass */
	uint8_t    *marks;			/* cells */
	double	   *power;			/* points of the launch: -1 where a point does not count */
	uint64_t   *signature;		/* points of the launch */
	rpm_map_reflected *reflected;	/* `room` for each point of the launch */
	rpm_map_diffracted *diffracted;
	uint32_t	room;
	uint32_t   *too_many;		/* [0] set where the room does not do, [1] where that for the edges of a profile does not */
} points_view;

typedef enum points_pass
{
	PASS_FIRST = 0,				/* rays; signatures */
	PASS_CLOSER,				/* rays at more points, or with the edges' fields */
	PASS_EDGES					/* edges where they join no ray: added */
} points_pass;

/* Cell number `index` of the pass. */
RPM_INLINE uint32_t
cell_of(const points_view *view, size_t index)
{
	return view->cells != NULL ? view->cells[index] : (uint32_t) index;
}

RPM_INLINE const map_view *
map_of(const points_view *view, uint32_t cell)
{
	const map_view *map = view->maps;

	while (cell >= map->end)
		map++;
	return map;
}

RPM_INLINE bool
throws_on(const rpm_map_mirror *mirror, int column, int row)
{
	return column >= mirror->column_low && column <= mirror->column_high && row >= mirror->row_low && row <= mirror->row_high;
}

/* A word of a map's mask: the edges that may diffract into a block, 32 of them. */
static __global__ void
mark_edges(points_view view, size_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x, word, block, bits = 0;
	size_t		at = first + i;
	const map_view *map = view.maps;
	const rpm_map_job *job;
	rpm_map_block place;

	if (i >= count)
		return;
	while (at >= map->word_end)
		map++;
	job = map->job;
	at -= map->word_begin;
	block = (uint32_t) (at / map->edge_words);
	word = (uint32_t) (at % map->edge_words);
	place.column_low = (int) (block % map->block_columns * EDGE_BLOCK_CELLS);
	place.row_low = (int) (block / map->block_columns * EDGE_BLOCK_CELLS);
	place.column_high = place.column_low + EDGE_BLOCK_CELLS - 1;
	place.row_high = place.row_low + EDGE_BLOCK_CELLS - 1;
	rpm_map_block_place(job, &place);
	for (uint32_t k = 0; k < 32 && 32 * word + k < map->edge_count; k++)
		if (rpm_map_edge_reaches(job, &map->edges[32 * word + k], &place, RPM_NO_BLOCKER))
			bits |= 1u << k;
	map->edge_mask[at] = bits;
}

/* The lowest bit that is set. */
RPM_INLINE uint32_t
lowest_bit(uint32_t bits)
{
#ifdef __CUDA_ARCH__
	return (uint32_t) __ffs((int) bits) - 1;
#else
	return (uint32_t) __builtin_ctz(bits);
#endif
}

/* The fields of all edges at a point of a cell; returns how many there are. */
RPM_INLINE int
edge_fields(const points_view *view, const map_view *map, uint32_t cell, rpm_vec3 point, rpm_map_diffracted *diffracted)
{
	uint32_t	columns = (uint32_t) map->job->grid->columns, count = 0;
	size_t		block = (size_t) (cell / columns / EDGE_BLOCK_CELLS) * map->block_columns + cell % columns / EDGE_BLOCK_CELLS;
	rpm_map_diffracted field;

	for (uint32_t word = 0; word < map->edge_words; word++)
	{
		uint32_t	left = map->edge_count - 32 * word, bits = left < 32 ? (1u << left) - 1 : ~0u;

		if (map->edge_mask != NULL)
			bits = map->edge_mask[block * map->edge_words + word];
		for (; bits != 0; bits &= bits - 1)
		{
			if (!rpm_map_edge_field(map->job, &map->edges[32 * word + lowest_bit(bits)], point, NULL, &field))
				continue;
			if (count == view->room)
			{
				*view->too_many = 1;
				return (int) count;
			}
			diffracted[count++] = field;
		}
	}
	return (int) count;
}

/* As geometric_power of map_points.c, over the mirrors of a cell. */
RPM_INLINE double
rays_and_edges(const points_view *view, const map_view *map, uint32_t cell, rpm_vec3 point, bool with_edges, bool with_roofs, rpm_map_reflected *reflected,
			   rpm_map_diffracted *diffracted, uint64_t *signature)
{
	const rpm_map_job *job = map->job;
	int			column = (int) (cell % (uint32_t) job->grid->columns), row = (int) (cell / (uint32_t) job->grid->columns);
	int			walls_crossed, diffracted_count = 0;
	uint32_t	count = 0;
	rpm_cvec3	direct = straight_field(job, point, NULL, &walls_crossed), field;
	rpm_map_mirror_blockers blockers;
	double		power = 0, direct_left;

	*signature = rpm_random_mix((uint64_t) (walls_crossed + 2) | UINT64_C(1) << 32);
	if (walls_crossed > 0)
	{
		power = rpm_cvec_norm2(direct);
		direct = rpm_cvec_zero();
	}
	for (uint32_t i = 0; i < map->mirror_count; i++)
	{
		const rpm_map_mirror *mirror = &map->mirrors[i];

		blockers.before = blockers.after = RPM_NO_BLOCKER;
		if (!throws_on(mirror, column, row) || !rpm_map_mirror_field(job, mirror, point, &blockers, &field))
			continue;
		if (count == view->room)
		{
			*view->too_many = 1;
			break;
		}
		if (with_edges && with_roofs && job->roof_mirrors != NULL)
			field = rpm_cvec_scale(field, rpm_map_mirror_clearance(job, mirror->facet, point));
		reflected[count].field = field;
		reflected[count++].facet = mirror->facet;
		*signature = rpm_random_mix(*signature + (uint64_t) mirror->facet);
	}
	if (with_edges)
	{
		diffracted_count = edge_fields(view, map, cell, point, diffracted);
		if (with_roofs)
		{
			power += rpm_map_over_roofs(job, point, power + rays_power(direct, reflected, (int) count), diffracted, diffracted_count,
										&direct_left);
			direct = rpm_cvec_scale(direct, direct_left);
		}
	}
	return power + rpm_map_field_power(direct, reflected, (int) count, diffracted, diffracted_count);
}

/* As edges_power of map_points.c. */
RPM_INLINE double
edges_alone(const points_view *view, const map_view *map, uint32_t cell, rpm_vec3 point, bool with_roofs, rpm_map_diffracted *diffracted)
{
	int			count = edge_fields(view, map, cell, point, diffracted);
	double		direct_left, power = with_roofs ? rpm_map_over_roofs(map->job, point, 0, diffracted, count, &direct_left) : 0;

	if (map->job->sum_fields)
		return power + rpm_map_field_power(rpm_cvec_zero(), NULL, 0, diffracted, count);
	for (int i = 0; i < count; i++)
		power += rpm_cvec_norm2(diffracted[i].field);
	return power;
}

/* Point k of n x n of the launch's cells.  Without roofs a thread needs a fraction of the registers and memory. */
template <bool with_roofs> static __global__ void
evaluate_points(points_view view, points_pass pass, int n, size_t first, uint32_t points)
{
	uint32_t	t = blockIdx.x * blockDim.x + threadIdx.x;
	const rpm_map_job *job;
	const map_view *map;
	uint32_t	cell;
	int			k;
	rpm_vec3	point;

	if (t >= points)
		return;
	cell = cell_of(&view, first + t / (uint32_t) (n * n));
	map = map_of(&view, cell);
	job = map->job;
	cell -= map->begin;
	k = (int) (t % (uint32_t) (n * n));
	point = cell_point(job, (int) (cell % (uint32_t) job->grid->columns), (int) (cell / (uint32_t) job->grid->columns), k % n, k / n, n);
	view.signature[t] = NOT_COUNTED;
	view.power[t] = -1;
	if (job->options->cell_average != RPM_AVERAGE_CELL && !rpm_map_outdoors(job, point))
		return;
	if (pass == PASS_EDGES)
		view.power[t] = edges_alone(&view, map, cell, point, with_roofs, view.diffracted + (size_t) t * view.room);
	else
		view.power[t] = rays_and_edges(&view, map, cell, point, pass == PASS_CLOSER && job->sum_fields, with_roofs,
									   view.reflected + (size_t) t * view.room, view.diffracted + (size_t) t * view.room, &view.signature[t]);
}

/* As the ends of do_cell and do_cell_edges of map_points.c. */
static __global__ void
fold_cells(points_view view, points_pass pass, int n, size_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;
	const map_view *map;
	const rpm_map_job *job;
	uint64_t	common = NOT_COUNTED;
	double		gain = 0;
	uint32_t	cell;
	int			counted = 0;

	if (i >= count)
		return;
	cell = cell_of(&view, first + i);
	map = map_of(&view, cell);
	job = map->job;
	for (int k = 0; k < n * n; k++)
	{
		size_t		t = (size_t) i * (size_t) (n * n) + (size_t) k;

		if (view.power[t] >= 0)
		{
			counted++;
			gain += view.power[t];
		}
		if (k == 0)
			common = view.signature[t];
		else if (view.signature[t] != common)
			common = MIXED;
	}
	if (pass == PASS_FIRST)
		view.signatures[cell] = common;
	cell -= map->begin;
	if (pass == PASS_EDGES)
	{
		if (counted > 0)
			job->gain[cell] += gain / counted;
		view.marks[cell + map->begin] = counted == 0 && job->roofs != NULL && job->outdoor_share[cell] > 0 ? LOOK_CLOSER : 0;
		return;
	}
	job->outdoor_share[cell] = (float) counted / (float) (n * n);
	job->gain[cell] = counted > 0 ? gain / counted : (double) NAN;
}

/* As at_shadow_edge of map_points.c. */
RPM_INLINE bool
on_shadow_edge(const points_view *view, const map_view *map, int column, int row)
{
	const rpm_grid *grid = map->job->grid;
	const uint64_t *signatures = view->signatures + map->begin;
	uint64_t	own = signatures[(size_t) row * (size_t) grid->columns + (size_t) column];

	for (int k = 0; k < 9; k++)
	{
		int			c = column + k % 3 - 1, r = row + k / 3 - 1;

		if (c >= 0 && c < grid->columns && r >= 0 && r < grid->rows)
		{
			uint64_t	other = signatures[(size_t) r * (size_t) grid->columns + (size_t) c];

			if (other == MIXED || other != own)
				return true;
		}
	}
	return false;
}

/* As lit_between_points of map_points.c. */
RPM_INLINE bool
lit_between(const map_view *map, int column, int row)
{
	const rpm_map_job *job = map->job;
	int			n = job->points * CLOSER;
	rpm_map_mirror_blockers blockers;
	rpm_cvec3	field;

	for (uint32_t i = 0; i < map->mirror_count; i++)
		if (map->mirrors[i].narrow && throws_on(&map->mirrors[i], column, row))
			for (int k = 0; k < n * n; k++)
			{
				blockers.before = blockers.after = RPM_NO_BLOCKER;
				if (rpm_map_mirror_field(job, &map->mirrors[i], cell_point(job, column, row, k % n, k / n, n), &blockers, &field))
					return true;
			}
	return false;
}

/* Which cells the second pass looks at. */
static __global__ void
mark_closer(points_view view, size_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;
	const rpm_map_job *job;
	const map_view *map;
	size_t		cell = first + i;
	int			column,
				row;

	if (i >= count)
		return;
	map = map_of(&view, (uint32_t) cell);
	job = map->job;
	cell -= map->begin;
	column = (int) (cell % (size_t) job->grid->columns);
	row = (int) (cell / (size_t) job->grid->columns);
	if (job->sum_fields ? job->gain[cell] > 0 : on_shadow_edge(&view, map, column, row) || lit_between(map, column, row))
		view.marks[cell + map->begin] = LOOK_CLOSER;
}

#endif
