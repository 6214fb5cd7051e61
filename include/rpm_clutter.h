/*
 * rpm_clutter.h: what the measurements of other sites say about a place.
 *
 * A courtyard, a thick wall, users indoors: what a place adds to every antenna's level shows in the residuals of a linear model that all
 * antennas share.  The residuals are gathered by antenna and cell, smoothed over cells by Gaussian weights at four scales, always without
 * the site that is asked about, and combined by weights that the same measurements give.
 *
 * Coordinates are metres about one origin near the data, azimuths the grid's.
 */
#ifndef RPM_CLUTTER_H
#define RPM_CLUTTER_H

#include <stddef.h>
#include <stdint.h>

#include "rpm_control.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_CLUTTER_TERMS 10
#define RPM_CLUTTER_SCALES 4

/* Standard deviations of the Gaussian weights: the place, its neighbours, a building, a block. */
extern const double rpm_clutter_scale_m[RPM_CLUTTER_SCALES];

typedef struct rpm_clutter_antenna
{
	int64_t		site;			/* antennas of one number stand on one site */
	double		x_m, y_m;
	double		height_m;		/* above ground */
	double		azimuth_rad;	/* of boresight, clockwise from grid north */
	double		tilt_rad;		/* mechanical and electrical together, down positive */
	double		frequency_mhz;
	double		rs_power_dbm;	/* of one resource element, less losses; NaN: not known */
} rpm_clutter_antenna;

typedef struct rpm_clutter_point
{
	double		x_m, y_m;
	double		rsrp_dbm;
	int32_t		antenna;		/* index of the antennas */
} rpm_clutter_point;

/*
 * The linear model: level = base + row' b.  base is the power less the frequency's part of free space, 20 log10(f / MHz) (ITU-R P.525-4,
 * equation 4); a power that is not known counts as 15 dBm.  row: 1, log10 d, (log10 d)^2, cos a, cos 2a, e, e^2, log10 h, log10 h log10 d,
 * (power - 15 dBm) / 10, with d the distance on the ground, at least 5 m; a the azimuth off boresight; e the elevation off the beam seen from the antenna, in
 * tens of degrees, from -2 to 4; h the antenna's height, at least 5 m.  Textbook patterns are wrong by 20 dB behind an antenna in a
 * town: these terms learn what reaches there.  The power stands in base and row: physics says 1 dB for 1 dB, but networks give their power
 * to antennas that are badly heard, and the row's coefficient learns how much of it is left.
 */
double		rpm_clutter_base(const rpm_clutter_antenna *antenna);
void		rpm_clutter_row(const rpm_clutter_antenna *antenna, double x_m, double y_m, double row[RPM_CLUTTER_TERMS]);
double		rpm_clutter_linear(const rpm_clutter_antenna *antenna, double x_m, double y_m, const double coefficient[RPM_CLUTTER_TERMS]);

/*
 * The coefficients by robust least squares (rpm_least_squares.h) with weak priors about free space (20 dB a decade) that keep them
 * finite where there is little data; residual_sd_db may be NULL.  Errors: RPM_INVALID_ARGUMENT (no point; a number that is not finite or an
 * unknown antenna, named by the point from 1), RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_clutter_fit(const rpm_clutter_antenna *antennas, int32_t antenna_count, const rpm_clutter_point *points, size_t count,
							rpm_control *control, double coefficient[RPM_CLUTTER_TERMS], double *residual_sd_db, rpm_status *status);

/* Residuals over a rectangle of square cells, row by row. */
typedef struct rpm_clutter_grid
{
	int32_t		columns, rows;
	double		cell_m;
	float	   *sum_db;			/* of the mean residuals of the antennas that were measured in the cell */
	float	   *weight;			/* how many they are */
} rpm_clutter_grid;

/* Takes the memory of an empty grid; free with rpm_clutter_grid_free.  Errors: RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY. */
rpm_code	rpm_clutter_grid_create(int32_t columns, int32_t rows, double cell_m, rpm_control *control, rpm_clutter_grid *grid,
									rpm_status *status);
void		rpm_clutter_grid_free(rpm_clutter_grid *grid);

/* How far (in cells) smoothing at the largest scale reaches: a grid needs that much around what is asked about. */
int32_t		rpm_clutter_margin(double cell_m);

/*
 * Weighted means and weights at one scale for every cell: weights exp(-r^2 / (2 scale^2)) to the cells' centres, to three scales along
 * columns and rows.  residual_db is NaN where the weight is below 0.01 (nothing near).  Both have columns x rows values.  Independent of the number of
 * threads.  Errors: RPM_INVALID_ARGUMENT (scale not above 0), RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_clutter_smooth(const rpm_clutter_grid *grid, double scale_m, rpm_control *control, float *residual_db, float *weight,
							   rpm_status *status);

/*
 * How the scales are combined: clutter = constant + sum over scales of gain w / (w + 1) residual, with w and residual of the scale; a scale
 * with nothing near counts as 0.
 */
typedef struct rpm_clutter_gains
{
	double		constant_db;
	double		gain[RPM_CLUTTER_SCALES];
} rpm_clutter_gains;

double		rpm_clutter_combine(const rpm_clutter_gains *gains, const double residual_db[RPM_CLUTTER_SCALES],
								const double weight[RPM_CLUTTER_SCALES]);

/*
 * The gains by robust least squares from places where a site was measured and others too: residual_db and weight are count x
 * RPM_CLUTTER_SCALES (without the site), own_db the site's residuals.  A prior of 0 +- 0.5 holds gains that the data say nothing about.  Errors as rpm_clutter_fit.
 */
rpm_code	rpm_clutter_fit_gains(const double *residual_db, const double *weight, const double *own_db, size_t count, rpm_control *control,
								  rpm_clutter_gains *gains, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
