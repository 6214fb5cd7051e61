/* priors.c: the empirical priors of rpm_predict.h and what is thought of their coefficients before any data. */
#include <math.h>

#include "rpm_math.h"
#include "rpm_path_loss.h"
#include "rpm_predict.h"

#define REFERENCE_DISTANCE_M 100.0
#define FAR_DISTANCE_M 1000.0
#define NEAREST_M 10.0			/* below it the distance along the ground says nothing more */
#define RECEIVER_HEIGHT_M 1.5
/* 3GPP TR 38.901 table 7.3-1: 10 degrees of vertical beam, at most 30 dB; here in units of 10 dB, at most 2. */
#define VERTICAL_BEAM_DEG 10.0
#define VERTICAL_SCALE 1.2
#define VERTICAL_MOST 2.0

/*
 * Deviations before data, dB.  Level at 100 m: antenna gains between 0 and 18 dBi, and a scene that may be open or closed; slope:
 * 20 dB a decade in free space, 40 and more behind roofs; front to back: textbook patterns say 30 dB, streets fill it to 5 (docs).
 */
#define GAIN_DBI 8.0
#define LEVEL_SD_DB 10.0
#define SLOPE_SD_DB 10.0
#define FRONT_TO_BACK_DB 10.0
#define FRONT_TO_BACK_SD_DB 8.0
#define SIDE_SD_DB 3.0
#define TILT_DB 5.0
#define TILT_SD_DB 5.0
#define UNKNOWN_POWER_DBM 15.0
#define UNKNOWN_POWER_SD_DB 15.0

enum
{
	ROW_LEVEL,
	ROW_DISTANCE,				/* decades beyond 100 m */
	ROW_BACK,					/* 0 at boresight, -1 at the back */
	ROW_SIDE,					/* 1 to the right of boresight */
	ROW_TILT					/* 0 in the beam, -2 far above or below it */
};

static void mean_row(const rpm_predict_antenna *antenna, double x_m, double y_m, double *row);
static void distance_row(const rpm_predict_antenna *antenna, double x_m, double y_m, double *row);
static void pattern_row(const rpm_predict_antenna *antenna, double x_m, double y_m, double *row);
static void mean_before(const rpm_predict_antenna *antenna, double *mean, double *sd);
static void distance_before(const rpm_predict_antenna *antenna, double *mean, double *sd);
static void pattern_before(const rpm_predict_antenna *antenna, double *mean, double *sd);
static double published_loss_db(const rpm_predict_antenna *antenna, double distance_m);

static const rpm_prior priors[] = {
	{"site_mean", 1, mean_row, mean_before},
	{"log_distance", 2, distance_row, distance_before},
	{"log_distance_pattern", 5, pattern_row, pattern_before}
};

const rpm_prior *
rpm_priors(int *count)
{
	*count = (int) (sizeof(priors) / sizeof(priors[0]));
	return priors;
}

static void
mean_row(const rpm_predict_antenna *antenna, double x_m, double y_m, double *row)
{
	(void) antenna;
	(void) x_m;
	(void) y_m;
	row[ROW_LEVEL] = 1;
}

static void
distance_row(const rpm_predict_antenna *antenna, double x_m, double y_m, double *row)
{
	double		ground_m = fmax(hypot(x_m - antenna->x_m, y_m - antenna->y_m), NEAREST_M);

	row[ROW_LEVEL] = 1;
	row[ROW_DISTANCE] = log10(hypot(ground_m, antenna->height_m - RECEIVER_HEIGHT_M) / REFERENCE_DISTANCE_M);
}

static void
pattern_row(const rpm_predict_antenna *antenna, double x_m, double y_m, double *row)
{
	double		dx = x_m - antenna->x_m,
				dy = y_m - antenna->y_m,
				ground_m = fmax(hypot(dx, dy), NEAREST_M),
				off_boresight = atan2(dx, dy) - antenna->azimuth_rad,
				below_beam_deg = (atan2(antenna->height_m - RECEIVER_HEIGHT_M, ground_m) - antenna->tilt_rad) * 180 / RPM_PI,
				beams = below_beam_deg / VERTICAL_BEAM_DEG;

	distance_row(antenna, x_m, y_m, row);
	row[ROW_BACK] = -(1 - cos(off_boresight)) / 2;
	row[ROW_SIDE] = sin(off_boresight);
	row[ROW_TILT] = -fmin(VERTICAL_SCALE * beams * beams, VERTICAL_MOST);
}

/* A mean level says nothing of the distance: it is that of about 300 m. */
static void
mean_before(const rpm_predict_antenna *antenna, double *mean, double *sd)
{
	distance_before(antenna, mean, sd);
	mean[ROW_LEVEL] += mean[ROW_DISTANCE] / 2;
	sd[ROW_LEVEL] = hypot(sd[ROW_LEVEL], sd[ROW_DISTANCE] / 2);
}

static void
distance_before(const rpm_predict_antenna *antenna, double *mean, double *sd)
{
	double		near_db = published_loss_db(antenna, REFERENCE_DISTANCE_M),
				far_db = published_loss_db(antenna, FAR_DISTANCE_M);

	mean[ROW_LEVEL] = GAIN_DBI - near_db;
	sd[ROW_LEVEL] = LEVEL_SD_DB;
	if (isnan(antenna->rs_power_dbm))
	{
		mean[ROW_LEVEL] += UNKNOWN_POWER_DBM;
		sd[ROW_LEVEL] = hypot(LEVEL_SD_DB, UNKNOWN_POWER_SD_DB);
	}
	mean[ROW_DISTANCE] = near_db - far_db;
	sd[ROW_DISTANCE] = SLOPE_SD_DB;
}

static void
pattern_before(const rpm_predict_antenna *antenna, double *mean, double *sd)
{
	distance_before(antenna, mean, sd);
	mean[ROW_BACK] = FRONT_TO_BACK_DB;
	sd[ROW_BACK] = FRONT_TO_BACK_SD_DB;
	mean[ROW_SIDE] = 0;
	sd[ROW_SIDE] = SIDE_SD_DB;
	mean[ROW_TILT] = TILT_DB;
	sd[ROW_TILT] = TILT_SD_DB;
}

/* The published model's, continued where the antenna lies outside its ranges; free space where it has no value at all. */
static double
published_loss_db(const rpm_predict_antenna *antenna, double distance_m)
{
	rpm_path_loss_link link = rpm_path_loss_link_of(distance_m, antenna->frequency_mhz, fmax(antenna->height_m, RECEIVER_HEIGHT_M),
													RECEIVER_HEIGHT_M);
	const rpm_path_loss_model *model;
	rpm_path_loss_value value;
	rpm_status	status;

	rpm_status_clear(&status);
	if (rpm_path_loss_find(RPM_PREDICT_PUBLISHED, NULL, &model, &status) == RPM_OK &&
		rpm_path_loss(model, &link, &value, &status) == RPM_OK)
		return value.loss_db;
	return rpm_free_space_loss_db(distance_m, antenna->frequency_mhz * 1e6);
}
