/*
 * rpm_path_loss.h: empirical path-loss models: free space, Hata, COST 231, Ericsson 9999, 3GPP TR 38.901, ITU-R P.1411.
 *
 * Each model and environment is a row of one table with its source and the ranges that the source states.  A path loss is the basic
 * transmission loss between isotropic antennas, dB, a median over places.  The profile model ITU-R P.1812 is in rpm_path_profile.h.
 */
#ifndef RPM_PATH_LOSS_H
#define RPM_PATH_LOSS_H

#include <stdbool.h>

#include "rpm_math.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One link.  NaN in the last five: the model's own value. */
typedef struct rpm_path_loss_link
{
	double		distance_m;		/* horizontal */
	double		frequency_mhz;
	double		antenna_height_m;	/* above ground */
	double		receiver_height_m;
	double		roof_height_m;	/* average height of the buildings */
	double		street_width_m;	/* at the receiver */
	double		building_separation_m;	/* between the rows of buildings, centre to centre */
	double		building_length_m;	/* how much of the path is covered by buildings */
	double		street_angle_deg;	/* between the street and the direct path, 0 to 90 */
} rpm_path_loss_link;

typedef struct rpm_path_loss_value
{
	double		loss_db;		/* median */
	double		sigma_db;		/* standard deviation over places; NaN where the source states none */
	double		line_of_sight;	/* probability of line of sight; NaN where the model knows none */
	const char *outside;		/* the first quantity outside the model's ranges, by its name in rpm_path_loss_link; NULL: none */
	double		outside_value, outside_least, outside_most;
} rpm_path_loss_value;

/* A range that a source states; both ends belong to it. */
typedef struct rpm_path_loss_range
{
	double		least, most;
} rpm_path_loss_range;

typedef struct rpm_path_loss_model rpm_path_loss_model;

/* What a formula computes: value's loss, sigma, line of sight. */
typedef void (*rpm_path_loss_formula) (const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value);

struct rpm_path_loss_model
{
	const char *model;
	const char *environment;	/* the first of a model's rows is its default */
	rpm_path_loss_formula formula;
	int			variant;		/* which of the formula's environments */
	bool		slant;			/* the source states its range for the distance between the antennas, not along the ground */
	rpm_path_loss_range frequency_mhz, distance_m, antenna_height_m, receiver_height_m;
	const char *source;
};

/* The table. */
const rpm_path_loss_model *rpm_path_loss_models(int *count);

/* A model by name; environment NULL: the model's default.  Errors: RPM_INVALID_ARGUMENT, with the names that there are in the hint. */
rpm_code	rpm_path_loss_find(const char *model, const char *environment, const rpm_path_loss_model **found, rpm_status *status);

/* A link with NaN for what only some models ask. */
rpm_path_loss_link rpm_path_loss_link_of(double distance_m, double frequency_mhz, double antenna_height_m, double receiver_height_m);

/*
 * The loss of a link.  Outside the ranges of the source `outside` is set and the formula is continued, but never below free space;
 * the caller decides whether to take that.
 * Errors: RPM_INVALID_ARGUMENT: a number that is not finite, not above 0, or (over-rooftop model) a roof below the receiver.
 */
rpm_code	rpm_path_loss(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value,
						  rpm_status *status);

/* Free space, ITU-R P.525-4 equation 3 with the speed of light as it is: 20 log10(4 pi d f / c), dB. */
RPM_INLINE double rpm_free_space_loss_db(double distance_m, double frequency_hz)
{
	return 20 * log10(4 * RPM_PI * distance_m * frequency_hz / RPM_SPEED_OF_LIGHT_M_S);
}

#ifdef __cplusplus
}
#endif
#endif
