/* predict_traced.h: a published traced map as a prior of rpm_predict. */
#ifndef RPM_PG_PREDICT_TRACED_H
#define RPM_PG_PREDICT_TRACED_H

#include "postgres.h"

#include "map_grid.h"
#include "predict_input.h"

#define RPM_TRACED_PRIOR "traced"

/*
 * Adds the prior "traced" to input (calibrated: of the scenes that rpm_apply_calibration made of this one, or of it where it is such a scene): the antenna's map in the product rsrp_dbm of the scene that was published last and holds one, at the
 * antenna's own points and at the targets, which stand in input: the cells of grid, row by row, or none.  Does nothing where there is none, where the caller may not read it, or
 * where it has a level at fewer than half of the antenna's measurements (without any: of the targets).
 */
extern void rpm_predict_add_traced(const RpmSceneRow *scene, int64 antenna_id, bool calibrated, const RpmPredictInput *read, const RpmMapGrid *grid,
								   rpm_predict_input *input, rpm_predict_given *given);

#endif
