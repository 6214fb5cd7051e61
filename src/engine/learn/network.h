/* network.h: what a network that predicts is made of, and what training shares with it. */
#ifndef RPM_LEARN_NETWORK_H
#define RPM_LEARN_NETWORK_H

#include "rpm_learn.h"

struct rpm_learn_network
{
	rpm_nn_model *model;
	float	   *weights;
	rpm_learn_scaling scaling;
	int			outputs;		/* channels: 1, or 2 with the logarithm of the variance */
};

/* Refuses a model that is not one image of so many channels in, one image of 1 or 2 channels of the same size out. */
rpm_code	learn_check_model(const rpm_nn_model *model, int channels, int *outputs, rpm_status *status);

/* A level and its deviation from the outputs at a cell. */
void		learn_level(const rpm_learn_scaling *scaling, double output, double log_variance, float *mean_dbm, float *sd_db);

#endif
