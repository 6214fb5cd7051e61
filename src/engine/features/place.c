/*
 * place.c: channels that the antenna and a cell's place give: the level in free space with the pattern, distance, angles, an empirical model.
 *
 * Bakirtzis et al. 2025, section 3.3.2: L = P - losses + G(azimuth, elevation) - free-space loss over the distance in space, the receiver
 * above the ground of the cell's middle.  (The paper's equation adds the path loss and the losses; its text says what is meant.)
 */
#include <math.h>
#include <stdlib.h>

#include "features/channels.h"
#include "rpm_clutter.h"
#include "rpm_level.h"
#include "rpm_path_loss.h"
#include "rpm_pattern.h"
#include "rpm_predict.h"

#define NEAREST_M 1.0			/* distances count at least so much, */
#define NEAREST_MODEL_M 10.0	/* in the empirical model */
#define LEAST_GAIN_DB (-60.0)	/* nulls of patterns are filled so far below the peak: surroundings scatter */

static void place_rows(void *context, int64_t begin, int64_t end, int thread);
static void place_cell(const feature_work *work, const rpm_vec3 axes[3], size_t cell, rpm_vec3 to);
static double gain_db(const rpm_antenna *antenna, const rpm_vec3 axes[3], rpm_vec3 to);
static double empirical_dbm(const feature_work *work, double ground_distance_m, double gain);
static rpm_code tabulate(feature_work *work, rpm_status *status);

bool
features_of_place_wanted(const feature_work *work)
{
	return feature_wanted(work, RPM_FEATURE_FREE_SPACE) || feature_wanted(work, RPM_FEATURE_DISTANCE) ||
		feature_wanted(work, RPM_FEATURE_AZIMUTH) || feature_wanted(work, RPM_FEATURE_ELEVATION) || feature_wanted(work, RPM_FEATURE_EMPIRICAL) ||
		feature_wanted(work, RPM_FEATURE_LINEAR);
}

rpm_code
features_of_place(feature_work *work, rpm_status *status)
{
	rpm_code	code;

	if (feature_wanted(work, RPM_FEATURE_EMPIRICAL) && tabulate(work, status) != RPM_OK)
		return status->code;
	code = rpm_parallel_for(work->control, work->environment->grid.rows, 4, place_rows, work, status);
	free(work->empirical_loss_db);
	work->empirical_loss_db = NULL;
	return code;
}

static void
place_rows(void *context, int64_t begin, int64_t end, int thread)
{
	feature_work *work = context;
	const rpm_cell_grid *grid = &work->environment->grid;
	rpm_vec3	axes[3];

	(void) thread;
	rpm_antenna_axes(&work->antenna->antenna, &axes[0], &axes[1], &axes[2]);
	for (int64_t row = begin; row < end; row++)
		for (int32_t column = 0; column < grid->columns; column++)
		{
			size_t		cell = (size_t) row * grid->columns + column;

			place_cell(work, axes, cell, rpm_vec((column + 0.5) * grid->cell_width_m - work->x_m,
												 work->y_m - (row + 0.5) * grid->cell_height_m,
												 work->environment->ground_m[cell] + work->antenna->receiver_height_m - work->z_m));
		}
}

static void
place_cell(const feature_work *work, const rpm_vec3 axes[3], size_t cell, rpm_vec3 to)
{
	const rpm_antenna *antenna = &work->antenna->antenna;
	double		ground_m = sqrt(to.x * to.x + to.y * to.y),
				distance_m = fmax(sqrt(ground_m * ground_m + to.z * to.z), NEAREST_M),
				gain = 0;

	if (feature_wanted(work, RPM_FEATURE_FREE_SPACE) || feature_wanted(work, RPM_FEATURE_EMPIRICAL))
		gain = gain_db(antenna, axes, to);
	if (feature_wanted(work, RPM_FEATURE_FREE_SPACE))
		work->channel[RPM_FEATURE_FREE_SPACE][cell] =
			(float) (work->power_dbm + gain - rpm_free_space_loss_db(distance_m, antenna->frequency_hz));
	if (feature_wanted(work, RPM_FEATURE_DISTANCE))
		work->channel[RPM_FEATURE_DISTANCE][cell] = (float) distance_m;
	if (feature_wanted(work, RPM_FEATURE_AZIMUTH))
	{
		double		off = rpm_degrees(atan2(to.x, to.y) - antenna->grid_azimuth_rad);

		work->channel[RPM_FEATURE_AZIMUTH][cell] = (float) (off - 360 * ceil((off - 180) / 360));
	}
	if (feature_wanted(work, RPM_FEATURE_ELEVATION))
		work->channel[RPM_FEATURE_ELEVATION][cell] =
			(float) (rpm_degrees(atan2(-to.z, ground_m) - antenna->mechanical_tilt_rad - antenna->electrical_tilt_rad));
	if (feature_wanted(work, RPM_FEATURE_EMPIRICAL))
		work->channel[RPM_FEATURE_EMPIRICAL][cell] = (float) empirical_dbm(work, ground_m, gain);
	if (feature_wanted(work, RPM_FEATURE_LINEAR))
	{
		rpm_clutter_antenna at_origin = {0, 0, 0, work->antenna->height_m, antenna->grid_azimuth_rad,
		antenna->mechanical_tilt_rad + antenna->electrical_tilt_rad, antenna->frequency_hz / 1e6, work->power_dbm};

		work->channel[RPM_FEATURE_LINEAR][cell] = (float) rpm_clutter_linear(&at_origin, to.x, to.y, work->antenna->linear_coefficients);
	}
}

/* Of the pattern, along `to`; its nulls filled. */
static double
gain_db(const rpm_antenna *antenna, const rpm_vec3 axes[3], rpm_vec3 to)
{
	const rpm_antenna_pattern *pattern = &antenna->pattern;
	rpm_vec3	local = rpm_vec(rpm_dot(to, axes[0]), rpm_dot(to, axes[1]), rpm_dot(to, axes[2]));
	double		theta = atan2(sqrt(local.x * local.x + local.y * local.y), local.z),
				phi = atan2(local.y, local.x);

	if (pattern->kind == RPM_PATTERN_ISOTROPIC)
		return pattern->gain_dbi;
	return fmax(rpm_pattern_gain_db(pattern, theta, phi, antenna->electrical_tilt_rad), pattern->gain_dbi + LEAST_GAIN_DB);
}

/* Level of the model from the table, which has a row for each metre. */
static double
empirical_dbm(const feature_work *work, double ground_distance_m, double gain)
{
	size_t		metre = (size_t) ground_distance_m;
	double		part = ground_distance_m - (double) metre;

	return work->power_dbm + gain - (1 - part) * work->empirical_loss_db[metre] - part * work->empirical_loss_db[metre + 1];
}

/*
 * The model's loss for each metre to the farthest cell, continued outside its ranges, as predictions have it; where it has no value, free
 * space.  Between metres the loss of 35 dB a decade bends by 0.02 dB at 10 m, and less farther out.
 */
static rpm_code
tabulate(feature_work *work, rpm_status *status)
{
	const rpm_cell_grid *grid = &work->environment->grid;
	const rpm_feature_antenna *a = work->antenna;
	const rpm_path_loss_model *model;
	size_t		metres = (size_t) hypot(grid->columns * grid->cell_width_m, grid->rows * grid->cell_height_m) + 2;

	if (rpm_path_loss_find(RPM_PREDICT_PUBLISHED, NULL, &model, status) != RPM_OK ||
		rpm_reserve(work->control, metres * sizeof(double), "the empirical model of a tile", status) != RPM_OK)
		return status->code;
	work->empirical_loss_db = malloc(metres * sizeof(double));
	if (work->empirical_loss_db == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu distances", metres);
	for (size_t metre = 0; metre < metres; metre++)
	{
		rpm_path_loss_link link = rpm_path_loss_link_of(fmax((double) metre, NEAREST_MODEL_M), a->antenna.frequency_hz / 1e6,
														fmax(a->height_m, a->receiver_height_m), a->receiver_height_m);
		rpm_path_loss_value value;
		rpm_status	none;

		rpm_status_clear(&none);
		work->empirical_loss_db[metre] = rpm_path_loss(model, &link, &value, &none) == RPM_OK ? value.loss_db
			: rpm_free_space_loss_db(link.distance_m, a->antenna.frequency_hz);
	}
	return RPM_OK;
}
