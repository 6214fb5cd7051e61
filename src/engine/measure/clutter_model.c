/* clutter_model.c: the linear model whose residuals say what a place adds, and how the residuals' scales are combined (rpm_clutter.h). */
#include <math.h>
#include <stdlib.h>

#include "rpm_clutter.h"
#include "rpm_least_squares.h"

#define SHORTEST_DISTANCE_M 5.0
#define LOWEST_HEIGHT_M 5.0
#define RECEIVER_HEIGHT_M 1.5
#define USUAL_POWER_DBM 15.0	/* 46 dBm over the 1200 resource elements of 20 MHz */
#define LEAST_ELEVATION (-2.0)	/* tens of degrees */
#define MOST_ELEVATION 4.0
#define HALF_WEIGHT 1.0			/* one antenna at the place itself counts half */
/* 32.4 dB of free space at 1 km and 1 MHz is -27.6 dB at 1 m (ITU-R P.525-4, equation 4). */
#define FREE_SPACE_AT_1_M_DB 27.6
#define FREE_SPACE_SLOPE_DB (-20.0)
#define SCALE_OF_PRIORS_DB 8.0	/* the shadowing of cities */

const double rpm_clutter_scale_m[RPM_CLUTTER_SCALES] = {7.5, 20, 50, 150};

typedef struct model_rows
{
	const rpm_clutter_antenna *antennas;
	const rpm_clutter_point *points;
} model_rows;

typedef struct gain_rows
{
	const double *residual_db;
	const double *weight;
} gain_rows;

static rpm_code check_points(const rpm_clutter_antenna *antennas, int32_t antenna_count, const rpm_clutter_point *points, size_t count,
							 rpm_status *status);
static void write_model_rows(void *context, size_t first, size_t count, double *x);
static void write_gain_rows(void *context, size_t first, size_t count, double *x);
static double shrunk(double residual_db, double weight);

double
rpm_clutter_base(const rpm_clutter_antenna *antenna)
{
	return (isnan(antenna->rs_power_dbm) ? USUAL_POWER_DBM : antenna->rs_power_dbm) - 20 * log10(antenna->frequency_mhz);
}

void
rpm_clutter_row(const rpm_clutter_antenna *antenna, double x_m, double y_m, double row[RPM_CLUTTER_TERMS])
{
	double		east = x_m - antenna->x_m,
				north = y_m - antenna->y_m,
				distance_m = fmax(hypot(east, north), SHORTEST_DISTANCE_M),
				decades = log10(distance_m),
				off = atan2(east, north) - antenna->azimuth_rad,
				height_m = fmax(antenna->height_m, LOWEST_HEIGHT_M),
				below_rad = atan2(height_m - RECEIVER_HEIGHT_M, distance_m),
				elevation = (below_rad - antenna->tilt_rad * fmax(cos(off), 0)) * 18 / M_PI;

	elevation = fmin(fmax(elevation, LEAST_ELEVATION), MOST_ELEVATION);
	row[0] = 1;
	row[1] = decades;
	row[2] = decades * decades;
	row[3] = cos(off);
	row[4] = cos(2 * off);
	row[5] = elevation;
	row[6] = elevation * elevation;
	row[7] = log10(height_m);
	row[8] = row[7] * decades;
	row[9] = isnan(antenna->rs_power_dbm) ? 0 : (antenna->rs_power_dbm - USUAL_POWER_DBM) / 10;
}

double
rpm_clutter_linear(const rpm_clutter_antenna *antenna, double x_m, double y_m, const double coefficient[RPM_CLUTTER_TERMS])
{
	double		row[RPM_CLUTTER_TERMS],
				level = rpm_clutter_base(antenna);

	rpm_clutter_row(antenna, x_m, y_m, row);
	for (int k = 0; k < RPM_CLUTTER_TERMS; k++)
		level += row[k] * coefficient[k];
	return level;
}

rpm_code
rpm_clutter_fit(const rpm_clutter_antenna *antennas, int32_t antenna_count, const rpm_clutter_point *points, size_t count,
				rpm_control *control, double coefficient[RPM_CLUTTER_TERMS], double *residual_sd_db, rpm_status *status)
{
	static const double mean[RPM_CLUTTER_TERMS] = {FREE_SPACE_AT_1_M_DB, FREE_SPACE_SLOPE_DB};
	static const double sd[RPM_CLUTTER_TERMS] = {60, 30, 10, 20, 20, 20, 20, 30, 30, 10};
	model_rows	rows = {antennas, points};
	rpm_least_squares_options options;
	rpm_least_squares_fit *fit;
	double	   *level;
	rpm_code	code = check_points(antennas, antenna_count, points, count, status);

	if (code != RPM_OK)
		return code;
	fit = malloc(sizeof(*fit));
	level = malloc(count * sizeof(double));
	if (fit != NULL && level != NULL)
	{
		rpm_least_squares_data data = {.rows = count, .columns = RPM_CLUTTER_TERMS, .row_function = write_model_rows, .context = &rows, .y = level};

		for (size_t i = 0; i < count; i++)
			level[i] = points[i].rsrp_dbm - rpm_clutter_base(&antennas[points[i].antenna]);
		rpm_least_squares_options_default(&options);
		options.prior_mean = mean;
		options.prior_sd = sd;
		if (count <= 2 * RPM_CLUTTER_TERMS)
			options.fixed_scale = SCALE_OF_PRIORS_DB;
		code = rpm_least_squares(&data, &options, control, fit, status);
	}
	else
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", count);
	for (int k = 0; k < RPM_CLUTTER_TERMS && code == RPM_OK; k++)
		coefficient[k] = fit->coefficient[k];
	if (code == RPM_OK && residual_sd_db != NULL)
		*residual_sd_db = fit->residual_sd;
	free(level);
	free(fit);
	return code;
}

static rpm_code
check_points(const rpm_clutter_antenna *antennas, int32_t antenna_count, const rpm_clutter_point *points, size_t count, rpm_status *status)
{
	if (count == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Measure first: insert rows with a level.", "there is no measurement to learn from");
	for (int32_t i = 0; i < antenna_count; i++)
		if (!isfinite(antennas[i].x_m) || !isfinite(antennas[i].y_m) || !isfinite(antennas[i].height_m) ||
			!isfinite(antennas[i].azimuth_rad) || !isfinite(antennas[i].tilt_rad) || !(antennas[i].frequency_mhz > 0) ||
			!isfinite(antennas[i].frequency_mhz) || isinf(antennas[i].rs_power_dbm))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give finite numbers, and a frequency above 0.",
							"antenna %d has a number that cannot be", i + 1);
	for (size_t i = 0; i < count; i++)
	{
		if (points[i].antenna < 0 || points[i].antenna >= antenna_count)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "measurement %zu is of antenna %d of %d", i + 1, points[i].antenna,
							antenna_count);
		if (!isfinite(points[i].x_m) || !isfinite(points[i].y_m) || !isfinite(points[i].rsrp_dbm))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Leave measurements without a place or a level out.",
							"measurement %zu has a number that is not finite", i + 1);
	}
	return RPM_OK;
}

static void
write_model_rows(void *context, size_t first, size_t count, double *x)
{
	const model_rows *rows = context;

	for (size_t i = 0; i < count; i++)
	{
		const rpm_clutter_point *point = &rows->points[first + i];

		rpm_clutter_row(&rows->antennas[point->antenna], point->x_m, point->y_m, x + i * RPM_CLUTTER_TERMS);
	}
}

double
rpm_clutter_combine(const rpm_clutter_gains *gains, const double residual_db[RPM_CLUTTER_SCALES], const double weight[RPM_CLUTTER_SCALES])
{
	double		clutter_db = gains->constant_db;

	for (int k = 0; k < RPM_CLUTTER_SCALES; k++)
		clutter_db += gains->gain[k] * shrunk(residual_db[k], weight[k]);
	return clutter_db;
}

static double
shrunk(double residual_db, double weight)
{
	return weight > 0 && isfinite(residual_db) ? weight / (weight + HALF_WEIGHT) * residual_db : 0;
}

rpm_code
rpm_clutter_fit_gains(const double *residual_db, const double *weight, const double *own_db, size_t count, rpm_control *control,
					  rpm_clutter_gains *gains, rpm_status *status)
{
	static const double mean[1 + RPM_CLUTTER_SCALES] = {0};
	static const double sd[1 + RPM_CLUTTER_SCALES] = {10, 0.5, 0.5, 0.5, 0.5};
	gain_rows	rows = {residual_db, weight};
	rpm_least_squares_data data = {.rows = count, .columns = 1 + RPM_CLUTTER_SCALES, .row_function = write_gain_rows, .context = &rows, .y = own_db};
	rpm_least_squares_options options;
	rpm_least_squares_fit *fit;
	rpm_code	code;

	if (count == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Measure first: insert rows with a level.", "there is no measurement to learn from");
	fit = malloc(sizeof(*fit));
	if (fit == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the gains of the scales");
	rpm_least_squares_options_default(&options);
	options.prior_mean = mean;
	options.prior_sd = sd;
	options.fixed_scale = SCALE_OF_PRIORS_DB;
	code = rpm_least_squares(&data, &options, control, fit, status);
	if (code == RPM_OK)
	{
		gains->constant_db = fit->coefficient[0];
		for (int k = 0; k < RPM_CLUTTER_SCALES; k++)
			gains->gain[k] = fit->coefficient[1 + k];
	}
	free(fit);
	return code;
}

static void
write_gain_rows(void *context, size_t first, size_t count, double *x)
{
	const gain_rows *rows = context;

	for (size_t i = 0; i < count; i++, x += 1 + RPM_CLUTTER_SCALES)
	{
		x[0] = 1;
		for (int k = 0; k < RPM_CLUTTER_SCALES; k++)
			x[1 + k] = shrunk(rows->residual_db[(first + i) * RPM_CLUTTER_SCALES + k], rows->weight[(first + i) * RPM_CLUTTER_SCALES + k]);
	}
}
