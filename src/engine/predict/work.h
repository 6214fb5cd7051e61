/* work.h: what the steps of rpm_predict_points share. */
#ifndef RPM_PREDICT_WORK_H
#define RPM_PREDICT_WORK_H

#include "rpm_predict.h"

/* A prior that is tried: an empirical one, or one that was given; with or without the covariates as further terms. */
typedef struct predict_candidate
{
	char		name[RPM_PREDICT_NAME];
	const rpm_prior *prior;		/* NULL: a given one */
	int			given;			/* its number; -1: none */
	const rpm_prior *drift;		/* of a given one: the empirical prior that it is one more term of; NULL: none */
	bool		covariates;
	int			count;			/* coefficients */
} predict_candidate;

/* The coefficients of one antenna before its own measurements. */
typedef struct predict_before
{
	double		mean[RPM_FIELD_MOST_COEFFICIENTS];
	double		sd[RPM_FIELD_MOST_COEFFICIENTS];
	double		precision[RPM_FIELD_MOST_COEFFICIENTS * RPM_FIELD_MOST_COEFFICIENTS];
	const char *source;			/* network, site or the published model */
} predict_before;

/* The field's data for one antenna under one candidate. */
typedef struct predict_data
{
	rpm_field_data data;
	rpm_field_point *points;
	double	   *rows;
	predict_before before;
} predict_data;

typedef struct predict_work
{
	const rpm_predict_input *input;
	const rpm_predict_options *options;
	rpm_control *control;
	rpm_field_point *points;	/* merged, sorted by antenna; value: level less the antenna's power */
	double	   *weight;			/* of the points as merged: their measurements */
	size_t		count;
	size_t	   *begin;			/* of each antenna's points; antenna_count + 1 of them */
	double	   *covariates;		/* of the points: centred, in units of their spread */
	double		covariate_middle[RPM_PREDICT_MOST_COVARIATES], covariate_spread[RPM_PREDICT_MOST_COVARIATES];
	double	   *given[RPM_PREDICT_MOST_GIVEN];	/* at the points, less the antenna's power */
	double		given_middle[RPM_PREDICT_MOST_GIVEN], given_spread[RPM_PREDICT_MOST_GIVEN];
	double		given_law[RPM_PREDICT_MOST_GIVEN][2];	/* where it has holes: level at 100 m, dB a decade */
	rpm_field_index *index;		/* of the points, for the antenna that is predicted */
	double	   *residual;		/* of every point, less its own antenna's fit */
	double	   *fits;			/* prior by prior, antenna by antenna: RPM_FIELD_MOST_COEFFICIENTS each */
} predict_work;

/* Merges the points and what belongs to them.  predict_work_close frees also after an error. */
rpm_code	predict_work_open(predict_work *work, const rpm_predict_input *input, const rpm_predict_options *options,
							  rpm_control *control, rpm_status *status);
void		predict_work_close(predict_work *work);

/* Power of an antenna, 0 where it is not known. */
double		predict_power(const rpm_predict_antenna *antenna);

/* Points of an antenna. */
size_t		predict_cells(const predict_work *work, int32_t antenna);

/* The candidates there are; returns how many. */
int			predict_candidates(const predict_work *work, predict_candidate *candidates);

/* The terms of a candidate and its base (less power) at a point, and at count targets from one on. */
double		predict_point_row(const predict_work *work, const predict_candidate *candidate, int32_t antenna, size_t point, double *row);
void		predict_target_rows(const predict_work *work, const predict_candidate *candidate, size_t first, size_t count, double *rows, double *base);

/*
 * Fits the law of a given prior with holes; *filled (the caller frees it, also after an error): its levels at the points, with the law's
 * where the antenna's own have none.
 */
rpm_code	predict_fill_holes(predict_work *work, int given, double **filled, rpm_status *status);

/* The level of a given prior at a target, dBm: its own, or the law's. */
double		predict_given_at_target(const predict_work *work, int given, size_t target);

/* Fits every antenna by itself: fits and residuals of work. */
rpm_code	predict_fit_antennas(predict_work *work, rpm_status *status);

/* What is thought of a candidate's coefficients for an antenna from the others. */
void		predict_before_of(const predict_work *work, const predict_candidate *candidate, int32_t antenna, predict_before *before);

/* Data for an antenna under a candidate; freed by predict_data_close also after an error. */
rpm_code	predict_data_open(predict_data *data, const predict_work *work, const predict_candidate *candidate, int32_t antenna,
							  rpm_status *status);
void		predict_data_close(predict_data *data);

/* Points left out in turn, and what was predicted there. */
typedef struct predict_validation
{
	size_t		count;			/* 0: too few points to validate */
	size_t	   *number;			/* of the points */
	double	   *error_db, *prior_error_db, *variance_db2;	/* error: measured less predicted; variance of a new measurement */
} predict_validation;

rpm_code	predict_validation_open(predict_validation *validation, const predict_work *work, const predict_data *data,
									rpm_status *status);
void		predict_validation_close(predict_validation *validation);

/* Leaves out four parts of the blocks in turn; the trend is fitted anew without them. */
rpm_code	predict_validate_blocks(const predict_work *work, const predict_data *data, const rpm_covariance *covariance,
									predict_validation *validation, rpm_status *status);

/* Leaves out single points. */
rpm_code	predict_validate_points(const predict_work *work, const predict_data *data, const rpm_trend_fit *fit,
									const rpm_covariance *covariance, predict_validation *validation, rpm_status *status);

void		predict_score(const predict_validation *validation, rpm_predict_candidate *candidate);

/* How many blocks the validation's points lie in. */
size_t		predict_blocks_of(const predict_work *work, const predict_data *data, const predict_validation *validation);

/*
 * Coverage of 90 % intervals, the factor that makes it 90 %, and the mean variance as a share of `full`; units: how many of the points
 * count as independent.
 */
void		predict_calibrate(const predict_validation *validation, size_t units, double full_db2, double *coverage, double *scale,
							  double *share);

#endif
