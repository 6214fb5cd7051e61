/* channels.h: the channels of one antenna while they are computed. */
#ifndef RPM_FEATURES_CHANNELS_H
#define RPM_FEATURES_CHANNELS_H

#include "rpm_features.h"

typedef struct feature_work
{
	const rpm_environment *environment;
	const rpm_feature_antenna *antenna;
	double		x_m, y_m;		/* of the antenna, from the grid's north-west corner: eastward, southward */
	double		z_m;			/* above sea level */
	double		power_dbm;		/* of one resource element, less losses */
	double	   *empirical_loss_db;	/* by metres on the ground */
	float	   *channel[RPM_FEATURE_COUNT]; /* where each goes; NULL: not asked for */
	rpm_control *control;
} feature_work;

static inline bool
feature_wanted(const feature_work *work, rpm_feature feature)
{
	return work->channel[feature] != NULL;
}

/* What the antenna and a cell's place give, row by row: free space, distance, angles, the empirical model. */
bool		features_of_place_wanted(const feature_work *work);
rpm_code	features_of_place(feature_work *work, rpm_status *status);

/* What stands in the direct path. */
bool		features_of_sight_wanted(const feature_work *work);
size_t		features_of_sight_bytes(int32_t columns, int32_t rows, const rpm_control *control);
rpm_code	features_of_sight(feature_work *work, rpm_status *status);

#endif
