/*
 * rpm_path_loss_fit.h: path-loss lines fitted to measurements, by antenna, site or network.
 *
 * loss = b_0 + b_1 log10 d + b_2 x_2 + ..., by Huber's estimator (rpm_least_squares.h).  The loss is that between transmitter and an
 * isotropic receiver (power less what is received), so that the antenna's gain is in it unless it is one of the terms.
 */
#ifndef RPM_PATH_LOSS_FIT_H
#define RPM_PATH_LOSS_FIT_H

#include <stddef.h>
#include <stdint.h>

#include "rpm_antenna.h"
#include "rpm_control.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_FIT_TERMS 3			/* at most, beside log10 distance */
#define RPM_FIT_COLUMNS (2 + RPM_FIT_TERMS)

/* Terms beside the distance; they stand in this order. */
enum
{
	RPM_FIT_PATTERN = 1,		/* gain of the antenna's pattern towards the place, dBi: its factor is -1 where the pattern holds */
	RPM_FIT_FREQUENCY = 2,		/* log10 of MHz */
	RPM_FIT_ANTENNA_HEIGHT = 4	/* log10 of metres above ground */
};

typedef struct rpm_fit_rows
{
	size_t		rows;
	int			terms;
	const float *loss_db;		/* rows */
	const float *values;		/* rows * (1 + terms): log10 of the distance in metres, then the terms */
	const int32_t *group;		/* rows: 0 to groups - 1; not needed for the network */
	int32_t		groups;
} rpm_fit_rows;

typedef struct rpm_fit_options
{
	double		huber_k;		/* 0: ordinary least squares */
	size_t		least_rows;		/* a group with fewer takes the network's line; at least one more than there are coefficients */
	double		least_spread;	/* of log10 distance (standard deviation): below it no slope can be told */
} rpm_fit_options;

typedef enum rpm_fit_source
{
	RPM_FIT_NONE = 0,			/* neither the group nor the network can be fitted */
	RPM_FIT_OWN,
	RPM_FIT_NETWORK
} rpm_fit_source;

typedef enum rpm_fit_remark
{
	RPM_FIT_FINE = 0,
	RPM_FIT_NO_ROWS,
	RPM_FIT_FEW_ROWS,
	RPM_FIT_ONE_DISTANCE,
	RPM_FIT_TERMS_OF_NETWORK,	/* own line, but a term does not vary in the group: its coefficient is the network's */
	RPM_FIT_TERMS_UNKNOWN,		/* a term does not vary, and no network knows its coefficient */
	RPM_FIT_RISING				/* own line, on which the level does not fall with distance */
} rpm_fit_remark;

typedef struct rpm_path_loss_fit
{
	rpm_fit_source source;
	rpm_fit_remark remark;
	size_t		rows;			/* of the group itself */
	double		least_distance_m, most_distance_m; /* of its rows; NaN without rows */
	double		coefficient[RPM_FIT_COLUMNS];	/* dB at 1 m, dB per decade, terms; NaN for what cannot be told */
	double		standard_error[RPM_FIT_COLUMNS];
	double		scale_db;		/* robust standard deviation of the residuals */
	double		residual_sd_db;	/* ordinary one */
	double		r_squared;
} rpm_path_loss_fit;

/* huber_k 1.345, 10 rows, a spread of 0.02 (distances that differ by some 5 %). */
void		rpm_fit_options_default(rpm_fit_options *options);

/*
 * The values of one row: log10 distance and the terms asked for, for a place that lies so far to the east, north (of the grid) and
 * above the antenna.  Returns how many values: 1 + terms.
 */
int			rpm_fit_row_values(const rpm_antenna *antenna, double east_m, double north_m, double up_m, double antenna_height_m,
							   unsigned terms, float *values);

/*
 * One line through all rows.  A term that cannot be told apart gets NaN and takes no part.  source is RPM_FIT_OWN, or RPM_FIT_NONE with
 * the remark why.  Errors: those of rpm_least_squares.
 */
rpm_code	rpm_fit_network(const rpm_fit_rows *rows, const rpm_fit_options *options, rpm_control *control, rpm_path_loss_fit *network,
							rpm_status *status);

/*
 * A line for each group into fits[groups].  network may be NULL: then what would take the network's line is RPM_FIT_NONE.
 * control->done counts groups.  Errors: those of rpm_least_squares; the message names no group.
 */
rpm_code	rpm_fit_groups(const rpm_fit_rows *rows, const rpm_fit_options *options, const rpm_path_loss_fit *network,
						   rpm_control *control, rpm_path_loss_fit *fits, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
