/*
 * panel.h: rows of a covariance matrix and of right-hand sides, eight side by side, as the processor's wide instructions take them.
 *
 * A system of n points is a stack of panels.  Row i is lane i % 8 of panel i / 8; a panel holds n columns.  Cholesky's elimination turns
 * the rows of points into the factor L and every further row b' (values, trend, covariances with a place) into (L^-1 b)'; so right-hand
 * sides are rows like any others.
 */
#ifndef RPM_FIELD_PANEL_H
#define RPM_FIELD_PANEL_H

#include <stdbool.h>
#include <stdint.h>

#include "rpm_field.h"

#define PANEL_LANES 8
#define PANEL_COLUMNS RPM_FIELD_MOST_NEIGHBOURS

typedef struct field_lanes
{
	double		lane[PANEL_LANES];
} __attribute__((aligned(32))) field_lanes;

typedef struct field_panel
{
	field_lanes column[PANEL_COLUMNS];
} field_panel;

/* Where the rows of a panel are, and whose field they are of. */
typedef struct field_panel_places
{
	field_lanes x, y, antenna, site;
} field_panel_places;

/* What the covariances of a matrix need, prepared once for it. */
typedef struct field_kernel
{
	int			structures;		/* those with a sill */
	double		sill_db2[RPM_FIELD_STRUCTURES];
	double		minus_per_m[RPM_FIELD_STRUCTURES];	/* -1 / range */
	double		site_share[RPM_FIELD_STRUCTURES], other_share[RPM_FIELD_STRUCTURES];
	bool		one_antenna;	/* all points and places are of one antenna: no shares */
} field_kernel;

/* Whether the instructions of every processor of the architecture are used though there are wider ones: for tests. */
extern bool field_panel_portable;

void		field_kernel_prepare(field_kernel *kernel, const rpm_covariance *covariance, bool one_antenna);

/* Covariances of the places of a panel with `columns` points: column c is lane c % 8 of points[c / 8]. */
void		field_panel_fill(field_panel *panel, const field_panel_places *rows, const field_panel_places *points, int columns,
							 const field_kernel *kernel);

/*
 * Eliminates the first `columns` columns of panel `number` of a stack whose panels above are done (panel = stack + number), or of a panel
 * outside of the stack (number < 0).  A pivot not above `smallest` becomes a zero column: its point repeats others.
 */
void		field_panel_eliminate(field_panel *panel, const field_panel *stack, int number, int columns, double *inverse_pivot,
								  double smallest);

/* sum += a panel times a row (row k: row[k * PANEL_LANES]), squares += its squares; squares may be NULL. */
void		field_panel_sums(const field_panel *panel, int columns, const double *row, field_lanes *sum, field_lanes *squares);

#endif
