/*
 * map_chain_piece.h: a chain of mirrors in one cell: the part of the cell that it may light, and how much of that it does.
 *
 * map_chain_cells.c goes through the cells of a chain one by one and leaves out blocks of them that a wall hides; a device looks at all of them
 * at once (map_chain_device.c).
 */
#ifndef RPM_MAP_CHAIN_PIECE_H
#define RPM_MAP_CHAIN_PIECE_H

#include "trace/map_chains.h"

/* Points per cell side at a shadow's edge, over those elsewhere. */
#define RPM_CHAIN_CLOSER 2
/* A chain that adds less than this share to a cell is not looked at more closely at shadows' edges. */
#define RPM_CHAIN_NOT_MUCH 0.03
/* Points per cell side, and of a cell, towards which is told what a chain's last leg meets. */
#define RPM_CHAIN_MEETINGS 2
#define RPM_CHAIN_MET (RPM_CHAIN_MEETINGS * RPM_CHAIN_MEETINGS)
/* What a cell is taken to have at least, as a share of the floor. */
#define RPM_CHAIN_FLOOR_SHARE 1e-3

/* A cell outside of what the chain may light, and what the samples of one within have seen. */
enum { RPM_CHAIN_OUTSIDE = 0, RPM_CHAIN_LIT, RPM_CHAIN_DARK, RPM_CHAIN_MIXED, RPM_CHAIN_NEGLIGIBLE };

/* One chain on its way into the cells. */
typedef struct rpm_chain_fill
{
	const rpm_chain_target *target;
	rpm_map_chain *chain;
	rpm_chain_room *room;
	const rpm_chain_polygon *area; /* that the chain may light, were nothing in the way */
	rpm_map_block around;		/* the cells that it meets */
	int			lit_column_low, lit_column_high, lit_row_low, lit_row_high;	/* of those in which some sample is lit */
	uint8_t    *state;			/* of cells from this column and row on, so many columns */
	int			state_column, state_row, state_columns;
	int			points;			/* per cell side, in the first pass */
	bool		closer;			/* the second pass */
	bool		glance;			/* until one sample is lit, and nothing is kept */
	bool		meeting;		/* after both: what the last leg meets is noted */
	double		floor_gain;
	double		rays;			/* launched into what the chain lights; INFINITY: certain */
	bool		in_sight;		/* a glance has found it lit */
} rpm_chain_fill;

/* The part of one cell that the chain may light. */
typedef struct rpm_chain_piece
{
	int			column, row;
	size_t		cell;
	rpm_chain_polygon polygon;
	double		area_m2;
	bool		whole;
	double		power;			/* at its middle, were nothing in the way; below 0: not yet looked at */
	double		rays_per_m2;
	double		gain;			/* what its samples have brought */
} rpm_chain_piece;

/* What the samples of a cell have seen. */
RPM_INLINE uint8_t *
rpm_chain_state(const rpm_chain_fill *fill, int column, int row)
{
	return &fill->state[(size_t) (row - fill->state_row) * (size_t) fill->state_columns + (size_t) (column - fill->state_column)];
}

/* Columns and rows around the area. */
void		rpm_chain_enclose(const rpm_map_job *job, const rpm_chain_polygon *area, rpm_map_block *around);
/* Room for a light into so many cells, with its `met` to be filled; RPM_LIMIT_EXCEEDED or RPM_OUT_OF_MEMORY. */
rpm_code	rpm_chain_light_create(const rpm_chain_target *target, size_t cell_count, size_t met_count, rpm_chain_light **light);
/* Adds a cell to the light, or to the target where that is certain (light->rays is infinite). */
void		rpm_chain_light_add(const rpm_chain_target *target, size_t cell, double gain, rpm_chain_light *light);

/* A chain on its way to a device, and what has come of it. */
typedef struct rpm_chain_box
{
	size_t		index;			/* among those asked for */
	size_t		first_cell;		/* of `around`, among the cells of all boxes of a call */
	rpm_map_chain chain;
	int32_t		facets[RPM_MAX_DEPTH];	/* the chain's */
	rpm_chain_polygon area;
	rpm_map_block around;
	bool		certain, glances, found, meets;	/* meets: what the last leg meets is asked for, where it is in sight */
	bool		in_sight, lit;
	double		rays;
} rpm_chain_box;

typedef struct rpm_chain_boxes
{
	const rpm_chain_target *target;
	rpm_chain_box *boxes;
	size_t		count, cell_count;
	double	   *gain;			/* cells of all boxes */
	int32_t    *met;			/* RPM_CHAIN_MET for each; RPM_NO_FACET: nothing, or not asked for */
} rpm_chain_boxes;

/* As rpm_map_chain_look for `count` chains, by the job's device; *failure as that returns it where there is no room for a light. */
typedef rpm_chain_question (*rpm_chain_asker) (void *context, size_t index);
rpm_code	rpm_chain_look_on_device(const rpm_chain_target *target, rpm_chain_asker ask, void *context, size_t count, rpm_chain_light **lights,
									 rpm_code *failure, rpm_status *status);

RPM_SHARED bool rpm_chain_wants_closer_look(const rpm_chain_fill *fill, int column, int row);
RPM_SHARED bool rpm_chain_cut_cell(const rpm_chain_fill *fill, int column, int row, rpm_chain_piece *piece);
RPM_SHARED bool rpm_chain_piece_of(const rpm_map_job *job, const rpm_chain_polygon *polygon, int column, int row, rpm_chain_piece *piece);
RPM_SHARED double rpm_chain_share(const rpm_chain_fill *fill, rpm_chain_piece *piece);
RPM_SHARED rpm_vec3 rpm_chain_polygon_middle(const rpm_map_job *job, const rpm_chain_polygon *polygon);
RPM_SHARED uint8_t rpm_chain_sample(rpm_chain_fill *fill, rpm_chain_piece *piece, int n);
RPM_SHARED bool rpm_chain_legs_clear(rpm_chain_fill *fill, const rpm_vec3 *points);
RPM_SHARED int32_t rpm_chain_met_over(const rpm_chain_fill *fill, const rpm_chain_piece *piece, int k);

#endif
