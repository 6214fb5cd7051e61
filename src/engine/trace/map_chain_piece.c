/*
 * map_chain_piece.c: what comes over one chain of mirrors into one cell, for the CPU and the device; see map_chain_piece.h.
 */
#include "query/next_hit.h"
#include "trace/map_chain_piece.h"

/* Farther than so many cells' sides the power in a cell is that of its middle. */
#define FAR_CELLS 16.0
/* A chain that adds less than this share to a cell is looked at once. */
#define LITTLE 1e-3
#define SURFACE_OFFSET_M 1e-3
#define LEAST_SHARE 1e-9
/* The first corner of a polygon is the least along a line that no wall is likely to lie across. */
#define ASKEW 0.7548776662466927
/* Of the points' places in a fan of triangles: no share of their areas that a plan would have. */
#define PLACE 0.4142135623730950

RPM_LOCAL bool is_lit_partly(const rpm_chain_fill *fill, int column, int row);
RPM_LOCAL rpm_vec3 sample_point(const rpm_map_job *job, const rpm_chain_piece *piece, int k, int n);
RPM_LOCAL rpm_vec3 fan_point(const rpm_map_job *job, const rpm_chain_piece *piece, int k, int count);
RPM_INLINE rpm_ray chain_ray(rpm_vec3 from, rpm_vec3 way, float length);
RPM_LOCAL bool leg_clear(rpm_chain_fill *fill, int leg, rpm_vec3 from, rpm_vec3 to);

/* Whether the cell's samples differ, from each other or from a neighbour's. */
RPM_SHARED bool
rpm_chain_wants_closer_look(const rpm_chain_fill *fill, int column, int row)
{
	const rpm_map_block *around = &fill->around;
	uint8_t		own;

	if (row < around->row_low || row > around->row_high || column < around->column_low || column > around->column_high)
		return false;
	own = *rpm_chain_state(fill, column, row);
	if (own != RPM_CHAIN_LIT && own != RPM_CHAIN_DARK)
		return own == RPM_CHAIN_MIXED;
	for (int r = row > around->row_low ? row - 1 : row; r <= row + 1 && r <= around->row_high; r++)
		for (int c = column > around->column_low ? column - 1 : column; c <= column + 1 && c <= around->column_high; c++)
		{
			uint8_t		other = *rpm_chain_state(fill, c, r);

			if (other != own && (other == RPM_CHAIN_LIT || other == RPM_CHAIN_MIXED
								 || (other == RPM_CHAIN_DARK && own == RPM_CHAIN_LIT && is_lit_partly(fill, c, r))))
				return true;
		}
	return false;
}

/* Whether the chain would light some of the cell: one that is dark with others around it may lie outside of that. */
RPM_LOCAL bool
is_lit_partly(const rpm_chain_fill *fill, int column, int row)
{
	rpm_chain_piece piece;

	return rpm_chain_cut_cell(fill, column, row, &piece);
}

/* The part of a cell that the chain may light; false where there is none. */
RPM_SHARED bool
rpm_chain_cut_cell(const rpm_chain_fill *fill, int column, int row, rpm_chain_piece *piece)
{
	const rpm_map_job *job = fill->target->job;
	const rpm_grid *grid = job->grid;
	double		west = grid->west + column * grid->cell_width_m, north = grid->north - row * grid->cell_height_m;
	rpm_chain_polygon a, b;

	rpm_chain_cut(fill->area, 1, 0, -west, &a);
	rpm_chain_cut(&a, -1, 0, west + grid->cell_width_m, &b);
	rpm_chain_cut(&b, 0, -1, north, &a);
	rpm_chain_cut(&a, 0, 1, grid->cell_height_m - north, &b);
	return rpm_chain_piece_of(job, &b, column, row, piece);
}

/*
 * The cell with its part of the polygon; false where there is none, or no receiver.  Its first corner, from which samples are counted, does
 * not depend on the order in which the sides of mirrors have cut it.
 */
RPM_SHARED bool
rpm_chain_piece_of(const rpm_map_job *job, const rpm_chain_polygon *polygon, int column, int row, rpm_chain_piece *piece)
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
RPM_SHARED double
rpm_chain_share(const rpm_chain_fill *fill, rpm_chain_piece *piece)
{
	const rpm_chain_target *target = fill->target;
	const rpm_map_job *job = target->job;

	if (piece->power < 0)
	{
		rpm_vec3	middle = rpm_chain_polygon_middle(job, &piece->polygon), way = rpm_sub(middle, fill->chain->images[fill->chain->length]);
		double		length = rpm_norm(way);
		size_t		bin = rpm_map_direction_bin(target->directions, rpm_map_chain_departure(job, fill->chain, middle));

		piece->power = rpm_map_chain_power(job, fill->chain, middle);
		piece->rays_per_m2 = target->rays[bin] / rpm_map_bin_solid_angle(target->directions, bin) * fabs(way.z) / (length * length * length);
	}
	return piece->power * piece->area_m2 / job->cell_area_m2 / (target->before[piece->cell] + fill->floor_gain);
}

/* Its centre of gravity, which corners that fall together do not move. */
RPM_SHARED rpm_vec3
rpm_chain_polygon_middle(const rpm_map_job *job, const rpm_chain_polygon *polygon)
{
	const double *x = polygon->x, *y = polygon->y;
	double		along_x = 0, along_y = 0, sum = 0;

	for (int i = 1; i + 1 < polygon->count; i++)
	{
		double		twice = fabs((x[i] - x[0]) * (y[i + 1] - y[0]) - (x[i + 1] - x[0]) * (y[i] - y[0]));

		along_x += twice * (x[i] + x[i + 1] - 2 * x[0]);
		along_y += twice * (y[i] + y[i + 1] - 2 * y[0]);
		sum += 3 * twice;
	}
	return sum > 0 ? rpm_vec(x[0] + along_x / sum, y[0] + along_y / sum, job->surface.z_low) : rpm_vec(x[0], y[0], job->surface.z_low);
}

/* Looks at n x n points, one where they add little; what they see replaces what the cell has from before. */
RPM_SHARED uint8_t
rpm_chain_sample(rpm_chain_fill *fill, rpm_chain_piece *piece, int n)
{
	const rpm_map_job *job = fill->target->job;
	double		diagonal = hypot(job->grid->cell_width_m, job->grid->cell_height_m), sum = 0;
	rpm_vec3	points[RPM_MAX_DEPTH + 2];
	float		outdoors = job->outdoor_share[piece->cell];
	int			lit = 0, seen = 0, counted = 0;
	bool		little = false;

	piece->gain = 0;
	for (; seen < n * n && !little; seen++)
	{
		rpm_vec3	point = sample_point(job, piece, seen, n);
		bool		counts = outdoors == 1 || rpm_map_outdoors(job, point);

		counted += counts;
		points[fill->chain->length + 1] = point;
		if (!rpm_map_chain_points(job, fill->chain, true, points) || !rpm_chain_legs_clear(fill, points))
			continue;
		little = rpm_chain_share(fill, piece) < LITTLE;
		lit++;
		if (counts)
			sum += rpm_map_chain_length(fill->chain, point) > FAR_CELLS * diagonal ? piece->power : rpm_map_chain_power(job, fill->chain, point);
	}
	if (lit == 0)
		return RPM_CHAIN_DARK;
	fill->lit_column_low = piece->column < fill->lit_column_low ? piece->column : fill->lit_column_low;
	fill->lit_column_high = piece->column > fill->lit_column_high ? piece->column : fill->lit_column_high;
	fill->lit_row_low = piece->row < fill->lit_row_low ? piece->row : fill->lit_row_low;
	fill->lit_row_high = piece->row > fill->lit_row_high ? piece->row : fill->lit_row_high;
	if (!fill->closer)
		fill->rays += piece->rays_per_m2 * piece->area_m2 * lit / seen;
	/* Of a cell that is lit as a whole the samples tell their own outdoor share. */
	if (sum > 0)
		piece->gain = piece->whole && !little ? sum / counted : sum * piece->area_m2 / (seen * outdoors * job->cell_area_m2);
	return little ? RPM_CHAIN_NEGLIGIBLE : lit == seen ? RPM_CHAIN_LIT : RPM_CHAIN_MIXED;
}

/* In a whole cell a lattice turned so that no two points share a column or a row of points. */
RPM_LOCAL rpm_vec3
sample_point(const rpm_map_job *job, const rpm_chain_piece *piece, int k, int n)
{
	const rpm_grid *grid = job->grid;
	double		i = k % n, j = k / n;

	if (!piece->whole)
		return fan_point(job, piece, k, n * n);
	return rpm_vec(grid->west + (piece->column + (i + (j + 0.5) / n) / n) * grid->cell_width_m,
				   grid->north - (piece->row + (j + (n - 0.5 - i) / n) / n) * grid->cell_height_m, job->surface.z_low);
}

/* Points of the R2 sequence, folded into the triangles of a fan by their areas. */
RPM_LOCAL rpm_vec3
fan_point(const rpm_map_job *job, const rpm_chain_piece *piece, int k, int count)
{
	const double *x = piece->polygon.x, *y = piece->polygon.y;
	double		place = (k + PLACE) / count * 2 * piece->area_m2, before = 0;
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

/* Whether each leg meets the next mirror first, and the last one the receiver: as for a launched ray. */
RPM_SHARED bool
rpm_chain_legs_clear(rpm_chain_fill *fill, const rpm_vec3 *points)
{
	rpm_map_chain *chain = fill->chain;

	for (int leg = 0; leg <= chain->length; leg++)
		if (chain->blockers[leg] != RPM_NO_BLOCKER
			&& rpm_occluder_hides_point(&fill->target->job->occluders, chain->blockers[leg], points[leg], points[leg + 1]))
			return false;
	for (int leg = chain->length; leg >= 0; leg--)
		if (!leg_clear(fill, leg, points[leg], points[leg + 1]))
			return false;
	return true;
}

RPM_LOCAL bool
leg_clear(rpm_chain_fill *fill, int leg, rpm_vec3 from, rpm_vec3 to)
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
	ray = chain_ray(from, way, next == RPM_NO_FACET ? (float) distance : INFINITY);
	do
	{
		if (!rpm_query_next(job->query, &ray, &hit))
			return next == RPM_NO_FACET;
		facet = job->scene->triangles[hit.triangle].facet;
	}
	while (facet == own);
	if (facet == next)
		return true;
#ifndef RPM_KERNEL
	chain->blockers[leg] = job->occluders.polygon_of[hit.triangle];
#endif
	return false;
}

/*
 * What the last leg towards a point of the piece meets, before the receivers or behind them, whatever is in the way of the legs before;
 * RPM_NO_FACET: nothing.
 */
RPM_SHARED int32_t
rpm_chain_met_over(const rpm_chain_fill *fill, const rpm_chain_piece *piece, int k)
{
	const rpm_map_job *job = fill->target->job;
	const rpm_map_chain *chain = fill->chain;
	int			last = chain->length;
	int32_t		own = chain->facets[last - 1];
	rpm_vec3	points[RPM_MAX_DEPTH + 2], from, way;
	rpm_ray		ray;
	rpm_hit		hit;

	points[last + 1] = sample_point(job, piece, k, RPM_CHAIN_MEETINGS);
	if (!rpm_map_chain_points(job, chain, true, points))
		return RPM_NO_FACET;
	from = rpm_along(points[last], copysign(SURFACE_OFFSET_M, chain->heights[last - 1]), job->scene->facets[own].normal);
	way = rpm_unit(rpm_sub(points[last + 1], from));
	ray = chain_ray(from, way, INFINITY);
	while (rpm_query_next(job->query, &ray, &hit))
	{
		if (job->scene->triangles[hit.triangle].facet != own)
			return job->scene->triangles[hit.triangle].facet;
	}
	return RPM_NO_FACET;
}

RPM_INLINE rpm_ray
chain_ray(rpm_vec3 from, rpm_vec3 way, float length)
{
	rpm_ray		ray = {{(float) from.x, (float) from.y, (float) from.z}, {(float) way.x, (float) way.y, (float) way.z}, 0, length};

	return ray;
}
