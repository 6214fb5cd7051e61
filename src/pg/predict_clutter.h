/* predict_clutter.h: what other sites measured, as a prior of rpm_predict. */
#ifndef RPM_PG_PREDICT_CLUTTER_H
#define RPM_PG_PREDICT_CLUTTER_H

#include "postgres.h"

#include "predict_input.h"

#define RPM_CLUTTER_PRIOR "network_clutter"

/*
 * Adds the prior "network_clutter" to input: the linear model of all antennas of the scene with clutter residuals of other sites, at the
 * antenna's own points and at the targets, which stand in input (appended to given[]).  An antenna that was never measured takes it where none is named.  Does
 * nothing where the scene has no such layer or the caller may not read it; a map too large for rpm_pg.max_memory goes without, with a NOTICE.
 */
extern void rpm_predict_add_clutter(const RpmSceneRow *scene, int64 antenna_id, const RpmPredictInput *read, rpm_predict_input *input,
									rpm_predict_given *given, rpm_predict_options *options, rpm_control *control);

#endif
