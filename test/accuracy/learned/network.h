/* network.h: small networks over single pixels, trained by the engine. */
#ifndef LEARNED_NETWORK_H
#define LEARNED_NETWORK_H

#include "table.h"

/* What was said of each row: NaN where nothing was. */
typedef struct forecast
{
	float	   *mean_dbm;
	float	   *sd_db;
} forecast;

/*
 * For every fold an ensemble of `members` networks on the columns of the groups (digits of column_group); each member leaves a part of what learns out
 * (sites, or areas where the folds are areas), by which 90 % intervals are calibrated.  false with a line on stderr where the engine failed.
 */
bool		network_forecast(const table *t, const char *groups, bool by_area, int members, int epochs, forecast *to);

/*
 * Mean, line in log10 d and the engine's linear model (rpm_clutter.h), fitted on the rows of a fold that learn, at its rows; each may be NULL.
 * Networks correct the linear model.
 */
bool		lines_of_fold(const table *t, int fold, float *mean_dbm, float *log_distance_dbm, float *linear_dbm);

/* A line in one column, fitted on the rows of a fold that learn and know it, at its rows; the mean where a row does not. */
void		line_of_fold(const table *t, int fold, int column, float *level_dbm);

#endif
