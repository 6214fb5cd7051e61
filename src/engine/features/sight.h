/* sight.h: rays over the cells of a tile, and what stands in the direct paths along one. */
#ifndef RPM_FEATURES_SIGHT_H
#define RPM_FEATURES_SIGHT_H

#include "features/channels.h"

#define SIGHT_BLOCK 16			/* cells of a ray whose highest tangent is kept */

/* Rays along columns or rows, eastward, westward, southward or northward; distances in cells along that axis. */
typedef struct quadrant
{
	bool		along_columns;
	int			step;			/* 1 or -1 */
	double		major, minor;	/* the antenna's place */
	int32_t		own_major, own_minor;	/* its cell */
	int32_t		first, count;	/* cells along the axis beyond the antenna's own */
	int32_t		major_count, minor_count;
	double		nearest, reach;	/* distances of the middles of the first and the last of them */
	int32_t		ray_low;		/* rays aim at these cells of the last column or row, */
	int64_t		ray_count;		/* so many of them */
	size_t		major_stride, minor_stride;
	double		major_m, minor_m;	/* size of a cell */
	float	   *distance, *inverse;	/* of the cells along the axis, and 1 / it */
	float	   *block_distance; /* of the first cell of each block */
	const struct sight_cell *cells; /* along the axis, then across */
	double	   *spread;			/* reach / distance: from a cell to where its direction leads */
} quadrant;

/* What stands in a cell, above the antenna. */
typedef struct sight_cell
{
	float		roof_m, ground_m;
} sight_cell;

/* One ray: its cells and what they hold; of those that it owns, by number among them. */
typedef struct sight_ray
{
	int32_t    *minor;			/* cell across the axis */
	float	   *tangent;		/* of the surface, seen from the antenna; tangent[-1] is -infinity */
	float	   *highest;		/* of the tangents before */
	float	   *rise_m;			/* of the surface above the antenna */
	float	   *top;			/* highest tangent of each whole block */
	float	   *hull_distance, *hull_rise_m;	/* corners of the hull, then none */
	int32_t		hull_count;
	int32_t		clear;			/* so many first cells lie below the last path judged */
	int32_t		count;
	int32_t    *owned;			/* cells, */
	int32_t		owned_count;
	float	   *path;			/* tangents of the direct paths to them, */
	float	   *steepest;		/* the largest of these so far, */
	int32_t    *below, *groups;	/* cells on the path that rise above it, and in how many groups; one more than owned */
	float	   *worst;			/* of sight_edges, */
	double	   *argument;		/* and the losses that come of them */
	double		slope;			/* across per along */
	double		step_m;
	double		nu_square;		/* nu |nu| per h |h| (1 / d1 + 1 / d2) of sight_edges */
} sight_ray;

/*
 * The ray's cells until it leaves the tile, what stands in them, and which it owns: those whose own direction leads to the cell that it aims
 * at, and lies in the quadrant.
 */
void		sight_walk(const quadrant *q, int32_t aimed, sight_ray *ray);

static inline const sight_cell *
sight_cell_of(const quadrant *q, int32_t major, int32_t minor)
{
	return q->cells + (size_t) minor * (size_t) q->major_count + (size_t) major;
}

/* How many cells rise above the direct path to each cell of the ray's own, and in how many groups. */
void		sight_count(sight_ray *ray);

/*
 * For each cell of the ray's own the largest h |h| (1 / d1 + 1 / d2), with h above the direct path, in metres, and distances in cells along
 * the axis: that of the largest nu.
 *
 * Where something stands above the path, of the cells of the hull, the upper convex one of the antenna and the cells before, in height over
 * distance along the axis: along one of its sides, where h > 0 is linear, h^2 / (d1 (D - d1)) has no maximum inside, since with its
 * derivative 0 the second of its logarithm is (1 / d1 + 1 / d2)^2 / 2, and cells below a side have smaller h.  Where nothing does, of all
 * cells before, or `least` if that is more.
 */
void		sight_edges(const quadrant *q, sight_ray *ray, float least);

/* Empties the hull. */
void		sight_hull_begin(sight_ray *ray);

#endif
