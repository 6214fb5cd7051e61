/*
 * system.h: the kriging system of one neighbourhood: covariance matrix, its Cholesky factor, and what is solved once for all places
 * that share the neighbourhood.
 */
#ifndef RPM_FIELD_SYSTEM_H
#define RPM_FIELD_SYSTEM_H

#include "field/panel.h"

#define SYSTEM_MOST RPM_FIELD_MOST_NEIGHBOURS
/* Rows: the points, the values, the trend, the values less the trend. */
#define SYSTEM_PANELS ((SYSTEM_MOST + 1 + RPM_FIELD_MOST_COEFFICIENTS + 1 + PANEL_LANES - 1) / PANEL_LANES)

typedef struct field_system
{
	int			count;			/* neighbours */
	int			columns;		/* right-hand sides: the values, then the trend */
	int32_t		number[SYSTEM_MOST];
	field_kernel kernel;
	double		antenna, site;	/* whose field is predicted */
	field_panel_places places[SYSTEM_MOST / PANEL_LANES];
	field_panel stack[SYSTEM_PANELS];	/* rows: the factor, then the sides, solved by it */
	double		inverse_pivot[SYSTEM_MOST];
} field_system;

/*
 * Fills and factors the system of system->number[count].  A point that says nothing new (two in one place without noise) is left out by
 * itself.
 */
void		field_system_factor(field_system *system, const rpm_field_data *data, const rpm_covariance *covariance);

/* A row of the stack: element k is [k * PANEL_LANES].  Row count + k is side k, row count + columns the values less the trend. */
static inline double *
field_system_row(field_system *system, int row)
{
	return system->stack[row / PANEL_LANES].column[0].lane + row % PANEL_LANES;
}

/* The row of the values less the trend, from the coefficients. */
void		field_system_detrend(field_system *system, const double *coefficients);

/* Covariances with PANEL_LANES places, solved by the factor. */
void		field_system_places(field_system *system, const field_lanes *x, const field_lanes *y, field_panel *panel);

#endif
