/*
 * place.c: channels that the antenna and a cell's place give: the level in free space with the pattern, distance, angles, an empirical model.
 *
 * Bakirtzis et al. 2025, section 3.3.2: L = P - losses + G(azimuth, elevation) - free-space loss over the distance in space, the receiver
 * above the ground of the cell's middle.  (The paper's equation adds the path loss and the losses; its text says what is meant.)
 */
#include <math.h>
#include <stdlib.h>

#include "features/angles.h"
#include "features/channels.h"
#include "features/lanes.h"
#include "rpm_clutter.h"
#include "rpm_level.h"
#include "rpm_path_loss.h"
#include "rpm_pattern.h"
#include "rpm_predict.h"

#define NEAREST_M 1.0			/* distances count at least so much, */
#define NEAREST_MODEL_M 10.0	/* in the empirical model */
#define RUN 64					/* cells at a time */
#define LEAST_GAIN_DB (-60.0)	/* nulls of patterns are filled so far below the peak: surroundings scatter */

/* Cells next to each other in a row. */
typedef struct place
{
	rpm_vec3	axes[3];		/* of the antenna's body */
	double		east_m[RUN], north_m[RUN], up_m[RUN];	/* from the antenna to the receivers */
	double		ground_m[RUN], distance_m[RUN];
	double		gain_db[RUN];
} place;

static void place_rows(void *context, int64_t begin, int64_t end, int thread);
static void place_run(const feature_work *work, place *p, size_t first, int count);
LANES_INLINE void free_space_dbm(const feature_work *work, place *p, float *level, int count);
LANES_INLINE void gains_db(const rpm_antenna *antenna, place *p);
LANES_INLINE void angles_off(const feature_work *work, place *p, size_t first, int count);
static double empirical_dbm(const feature_work *work, double ground_distance_m, double gain);
static double linear_dbm(const feature_work *work, double east_m, double north_m);
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
	place		p = {0};

	(void) thread;
	rpm_antenna_axes(&work->antenna->antenna, &p.axes[0], &p.axes[1], &p.axes[2]);
	for (int64_t row = begin; row < end; row++)
		for (int32_t column = 0; column < grid->columns; column += RUN)
		{
			size_t		first = (size_t) row * grid->columns + column;
			int			count = grid->columns - column < RUN ? grid->columns - column : RUN;

			for (int i = 0; i < count; i++)
			{
				p.east_m[i] = (column + i + 0.5) * grid->cell_width_m - work->x_m;
				p.north_m[i] = work->y_m - (row + 0.5) * grid->cell_height_m;
				p.up_m[i] = work->environment->ground_m[first + i] + work->antenna->receiver_height_m - work->z_m;
			}
			place_run(work, &p, first, count);
		}
}

LANES_WIDE __attribute__((flatten)) static void
place_run(const feature_work *work, place *p, size_t first, int count)
{
	for (int i = 0; i < RUN; i++)
	{
		double		ground_square = p->east_m[i] * p->east_m[i] + p->north_m[i] * p->north_m[i],
					distance_m = sqrt(ground_square + p->up_m[i] * p->up_m[i]);

		p->ground_m[i] = sqrt(ground_square);
		p->distance_m[i] = distance_m > NEAREST_M ? distance_m : NEAREST_M;
	}
	if (feature_wanted(work, RPM_FEATURE_FREE_SPACE) || feature_wanted(work, RPM_FEATURE_EMPIRICAL))
		gains_db(&work->antenna->antenna, p);
	if (feature_wanted(work, RPM_FEATURE_FREE_SPACE))
		free_space_dbm(work, p, work->channel[RPM_FEATURE_FREE_SPACE] + first, count);
	for (int i = 0; i < count && feature_wanted(work, RPM_FEATURE_EMPIRICAL); i++)
		work->channel[RPM_FEATURE_EMPIRICAL][first + i] = (float) empirical_dbm(work, p->ground_m[i], p->gain_db[i]);
	for (int i = 0; i < count && feature_wanted(work, RPM_FEATURE_LINEAR); i++)
		work->channel[RPM_FEATURE_LINEAR][first + i] = (float) linear_dbm(work, p->east_m[i], p->north_m[i]);
	for (int i = 0; i < count && feature_wanted(work, RPM_FEATURE_DISTANCE); i++)
		work->channel[RPM_FEATURE_DISTANCE][first + i] = (float) p->distance_m[i];
	angles_off(work, p, first, count);
}

/* The loss at 1 m, and 20 dB a decade. */
LANES_INLINE void
free_space_dbm(const feature_work *work, place *p, float *level, int count)
{
	double		at_1_m_dbm = work->power_dbm - rpm_free_space_loss_db(1, work->antenna->antenna.frequency_hz),
				decades[RUN];

	lanes_log10(p->distance_m, RUN, decades);
	for (int i = 0; i < count; i++)
		level[i] = (float) (at_1_m_dbm + p->gain_db[i] - 20 * decades[i]);
}

/* Of the pattern, along the paths; its nulls filled. */
LANES_INLINE void
gains_db(const rpm_antenna *antenna, place *p)
{
	const rpm_antenna_pattern *pattern = &antenna->pattern;
	double		ahead[RUN],
				left[RUN],
				across[RUN],
				above[RUN],
				theta[RUN],
				phi[RUN];

	for (int i = 0; i < RUN; i++)
	{
		rpm_vec3	to = rpm_vec(p->east_m[i], p->north_m[i], p->up_m[i]);

		ahead[i] = rpm_dot(to, p->axes[0]);
		left[i] = rpm_dot(to, p->axes[1]);
		above[i] = rpm_dot(to, p->axes[2]);
		across[i] = sqrt(ahead[i] * ahead[i] + left[i] * left[i]);
	}
	angles_atan2(across, above, RUN, theta);
	angles_atan2(left, ahead, RUN, phi);
	for (int i = 0; i < RUN; i++)
		p->gain_db[i] = pattern->kind == RPM_PATTERN_ISOTROPIC ? pattern->gain_dbi
			: fmax(rpm_pattern_gain_db(pattern, theta[i], phi[i], antenna->electrical_tilt_rad), pattern->gain_dbi + LEAST_GAIN_DB);
}

LANES_INLINE void
angles_off(const feature_work *work, place *p, size_t first, int count)
{
	const rpm_antenna *antenna = &work->antenna->antenna;
	double		angle[RUN];

	if (feature_wanted(work, RPM_FEATURE_AZIMUTH))
		angles_atan2(p->east_m, p->north_m, RUN, angle);
	for (int i = 0; i < count && feature_wanted(work, RPM_FEATURE_AZIMUTH); i++)
	{
		double		off = rpm_degrees(angle[i] - antenna->grid_azimuth_rad);

		work->channel[RPM_FEATURE_AZIMUTH][first + i] = (float) (off - 360 * ceil((off - 180) / 360));
	}
	if (feature_wanted(work, RPM_FEATURE_ELEVATION))
		angles_atan2(p->up_m, p->ground_m, RUN, angle);
	for (int i = 0; i < count && feature_wanted(work, RPM_FEATURE_ELEVATION); i++)
		work->channel[RPM_FEATURE_ELEVATION][first + i] =
			(float) rpm_degrees(-angle[i] - antenna->mechanical_tilt_rad - antenna->electrical_tilt_rad);
}

/* Level of the model from the table, which has a row for each metre. */
static double
empirical_dbm(const feature_work *work, double ground_distance_m, double gain)
{
	size_t		metre = (size_t) ground_distance_m;
	double		part = ground_distance_m - (double) metre;

	return work->power_dbm + gain - (1 - part) * work->empirical_loss_db[metre] - part * work->empirical_loss_db[metre + 1];
}

static double
linear_dbm(const feature_work *work, double east_m, double north_m)
{
	const rpm_antenna *antenna = &work->antenna->antenna;
	rpm_clutter_antenna at_origin = {0, 0, 0, work->antenna->height_m, antenna->grid_azimuth_rad,
	antenna->mechanical_tilt_rad + antenna->electrical_tilt_rad, antenna->frequency_hz / 1e6, work->power_dbm};

	return rpm_clutter_linear(&at_origin, east_m, north_m, work->antenna->linear_coefficients);
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
