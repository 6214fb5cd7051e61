/*
 * rpm_azimuth_fit.h: the azimuth of an antenna as its measured levels tell it.
 *
 * Model: level = a + b log10(d) + c cos(bearing - azimuth), by ordinary least squares: linear in (1, log10 d, cos bearing, sin bearing).
 * A pattern's horizontal cut is the first harmonic and more; the first harmonic's direction is its azimuth where the cut is even.  The
 * standard error takes the rows as independent: give means over blocks larger than the correlation of shadowing, not single rows.
 */
#ifndef RPM_AZIMUTH_FIT_H
#define RPM_AZIMUTH_FIT_H

#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Rows nearer to the antenna than this say nothing of a direction, metres. */
#define RPM_AZIMUTH_NEAREST_M 1.0

/* Sums over rows: products of (1, cos, sin, log10 d) by pairs, with the level, and the level's square.  A plain array of doubles. */
typedef struct rpm_azimuth_sums
{
	double		products[10];	/* upper triangle, row by row: products[0] is the number of rows */
	double		with_level[4];
	double		level_squares;
} rpm_azimuth_sums;

/* NaN in all but rows where there is no fit. */
typedef struct rpm_azimuth_fit
{
	double		rows;
	double		azimuth_deg;	/* clockwise from north, 0 to 360 */
	double		standard_error_deg;	/* to first order; above about 30 it only says: not known */
	double		amplitude_db;	/* c: half of front to back */
	double		amplitude_error_db; /* its standard error */
	double		residual_db;	/* standard deviation of what remains */
} rpm_azimuth_fit;

/* Adds a row: the place from the antenna, metres east and north, and the level.  One that is not finite or too near is left out. */
void		rpm_azimuth_add(rpm_azimuth_sums *sums, double east_m, double north_m, double level_dbm);

void		rpm_azimuth_merge(rpm_azimuth_sums *sums, const rpm_azimuth_sums *other);

/*
 * The fit; without log10(d) where all rows are at one distance.  There is none for fewer than 8 rows, rows in one direction or its
 * opposite, or rows that are all at one level.
 */
rpm_azimuth_fit rpm_azimuth_solve(const rpm_azimuth_sums *sums);

#ifdef __cplusplus
}
#endif
#endif
