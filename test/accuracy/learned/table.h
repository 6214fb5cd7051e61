/* table.h: the table of extract.c in memory, and who learns and who is judged in each fold. */
#ifndef LEARNED_TABLE_H
#define LEARNED_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stands before the columns of a row. */
typedef enum fact
{
	FACT_ANTENNA = 0,			/* its number in the list */
	FACT_SITE,
	FACT_AREA,
	FACT_NUMBER,				/* of rpm_split by site */
	FACT_X, FACT_Y,				/* of the pixel from the antenna, metres */
	FACT_LEVEL,					/* measured, dBm */
	FACT_LEARNS,				/* 1: its site learns (protocol sites) */
	FACT_ANTENNA_X, FACT_ANTENNA_Y,
	FACT_AZIMUTH,				/* degrees */
	FACTS
} fact;

#define MOST_FOLDS 5
#define MOST_NAMES 96

typedef enum use
{
	USE_NONE = 0,				/* within the guard */
	USE_LEARNS,
	USE_JUDGED
} use;

typedef struct table
{
	size_t		rows;
	int			columns;
	char		name[MOST_NAMES][32];
	int			group[MOST_NAMES];	/* column_group of columns.h */
	float	   *facts;			/* rows x FACTS */
	float	   *values;			/* rows x columns */
	int			folds;
	uint8_t    *use[MOST_FOLDS];	/* of each row */
} table;

/* Reads PATH.columns and PATH.values, and the column PATH.traced where there is one. */
bool		table_read(const char *path, table *t);
int			table_column(const table *t, const char *name); /* -1: there is none */

/*
 * One fold: whole sites, as their facts say.  Or five by area: whole areas dealt to the fold that has fewest rows, the largest first; in the
 * others no row learns that lies within `guard_m` of a row that is judged.
 */
bool		table_split(table *t, bool by_area, double guard_m);

/* Only rows that know the column learn and are judged. */
void		table_keep_known(table *t, int column);

/* Only these many antennas learn, the first by a hash of their number: for learning curves. */
void		table_thin(table *t, int antennas);

#endif
