/* predict_network.h: the level by a network, as a prior of rpm_predict. */
#ifndef RPM_PG_PREDICT_NETWORK_H
#define RPM_PG_PREDICT_NETWORK_H

#include "postgres.h"

#include "predict_input.h"
#include "rpm_predict.h"
#include "scene_row.h"

#define RPM_NETWORK_PRIOR "network"

/*
 * Adds prior "network" by the model that rpm_pg.model names, where it names none and one is wanted by the default: given is the next free place of
 * input->given.  The targets are the cells of a grid of so many columns, row by row from the north-west.  It is taken for an antenna that was
 * not measured where no prior was asked for, and where `wanted`.  Returns the network's deviation at every target (dB), or NULL where no
 * model is named and none is wanted.  Errors: 42704 (no such model), those of rpm_model_get and of the
 * function of the features; 54000.
 */
extern float *rpm_predict_add_network(const RpmSceneRow *scene, int64 antenna_id, const RpmPredictInput *read, bool wanted, int columns,
									  rpm_predict_input *input, rpm_predict_given *given, rpm_predict_options *options,
									  rpm_control *control);

#endif
