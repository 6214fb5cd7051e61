/*
 * rpm_predict.h: the best estimate of an antenna's level from a prior and from what was measured of it and near it.
 *
 * level = base + f' b + field.  A prior is a base (the antenna's power, or a level somebody else computed: a tracer, a network) and a few
 * terms f whose coefficients b are learned; what they leave over is the residual field of rpm_field.h, shared with the antennas of the
 * site and with other sites.  Which prior serves an antenna is decided by leaving out blocks of 100 m in turn; the standard deviations
 * are scaled until 90 % intervals cover 90 % of what was left out, near other measurements and far from them.
 *
 * All coordinates are metres about one origin near the antenna; azimuths are the grid's.
 */
#ifndef RPM_PREDICT_H
#define RPM_PREDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_control.h"
#include "rpm_field.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_PREDICT_MOST_COVARIATES 16
#define RPM_PREDICT_MOST_GIVEN 4
#define RPM_PREDICT_MOST_CANDIDATES 24
#define RPM_PREDICT_NAME 64

typedef struct rpm_predict_antenna
{
	int32_t		site;			/* antennas of one number stand on one site */
	double		x_m, y_m;
	double		height_m;		/* above ground */
	double		azimuth_rad;	/* of boresight, clockwise from grid north */
	double		tilt_rad;		/* mechanical and electrical together, down positive */
	double		frequency_mhz;
	double		rs_power_dbm;	/* of one resource element, less losses; NaN: not known */
} rpm_predict_antenna;

typedef struct rpm_predict_point
{
	double		x_m, y_m;
	double		rsrp_dbm;
	double		weight;			/* measurements behind it, above 0 */
	int32_t		antenna;		/* index of rpm_predict_input.antennas */
} rpm_predict_point;

/* A prior that was computed elsewhere: its level at every point of the antenna and at every target, dBm. */
typedef struct rpm_predict_given
{
	const char *name;
	const double *at_points_dbm;	/* NaN is allowed at points of other antennas only */
	const double *at_targets_dbm;
	double		sd_db;			/* of its offset, before the measurements; its slope about 1 has a tenth of a tenth of that */
	bool		holes;			/* it may be NaN anywhere: there the law of distance that fits its levels stands in */
	bool		drift;			/* tried also as NAME_drift: one more term, with a coefficient of its own, beside those of the richest empirical prior */
} rpm_predict_given;

typedef struct rpm_predict_input
{
	const rpm_predict_antenna *antennas;
	int32_t		antenna_count;
	int32_t		antenna;		/* index of the one that is predicted */
	const rpm_predict_point *points;	/* of it and of any others */
	size_t		point_count;
	size_t		target_count;
	const double *target_x_m, *target_y_m;
	int			covariate_count;	/* further terms of the priors; 0: none */
	const double *point_covariates;	/* point_count x covariate_count */
	const double *target_covariates;	/* target_count x covariate_count */
	int			given_count;
	const rpm_predict_given *given;
} rpm_predict_input;

typedef struct rpm_predict_options
{
	const char *prior;			/* a name; NULL: the one that validates best */
	double		cell_m;			/* measurements of one cell are merged */
	double		block_m;		/* of validation */
	bool		share_site;		/* use measurements of other antennas of the site, */
	bool		share_others;	/* of other sites */
	rpm_field_options field;
} rpm_predict_options;

typedef struct rpm_predict_candidate
{
	char		name[RPM_PREDICT_NAME];
	bool		validated;
	double		mae_db, rmse_db, bias_db;	/* of the points left out by blocks, prior and field together */
	double		prior_mae_db;	/* of the prior alone */
} rpm_predict_candidate;

typedef struct rpm_predict_report
{
	size_t		measurements;	/* of the antenna itself */
	size_t		cells;			/* that they lie in */
	size_t		site_cells, other_cells;	/* of other antennas that were used */
	char		prior[RPM_PREDICT_NAME];
	char		prior_source[RPM_PREDICT_NAME];	/* measurements, site, network or the name of a published model */
	int			candidate_count;
	rpm_predict_candidate candidates[RPM_PREDICT_MOST_CANDIDATES];
	rpm_covariance covariance;
	char		covariance_source[RPM_PREDICT_NAME];	/* antenna, site, network or default */
	const char *covariance_reason;	/* why it was not learned from the antenna; NULL when it was */
	size_t		validation_points;	/* 0: too few to validate */
	double		coverage_near, coverage_far;	/* of uncalibrated 90 % intervals: single cells left out, blocks left out */
	double		scale_near, scale_far;	/* factors on the standard deviation there */
	double		share_near, share_far;	/* variance there as a share of the variance without measurements */
	int			coefficient_count;
	double		coefficients[RPM_FIELD_MOST_COEFFICIENTS];
} rpm_predict_report;

/* Terms of an empirical prior: row[count] at a place for an antenna, and what is thought of the coefficients before any data. */
typedef struct rpm_prior
{
	const char *name;
	int			count;
	void		(*row) (const rpm_predict_antenna *antenna, double x_m, double y_m, double *row);
	void		(*before) (const rpm_predict_antenna *antenna, double *mean, double *sd);
} rpm_prior;

/* The empirical priors: site_mean, log_distance, log_distance_pattern. */
const rpm_prior *rpm_priors(int *count);

/* The published model that stands behind them where nothing was measured. */
#define RPM_PREDICT_PUBLISHED "tr38901_uma"

void		rpm_predict_options_default(rpm_predict_options *options);

/*
 * Mean level (dBm) and standard deviation (dB) of a new measurement at every target; report may be NULL.  Without measurements of the
 * antenna the prior is that of its site, of the other antennas, or of the published model, in this order, and the report says which.
 * Independent of the order of the points and of the number of threads.
 * Errors: RPM_INVALID_ARGUMENT (a number that is not finite, named by its row from 1; an unknown prior, with the names that there are),
 * RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_predict_points(const rpm_predict_input *input, const rpm_predict_options *options, rpm_control *control,
							   double *mean_dbm, double *sd_db, rpm_predict_report *report, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
