/*
 * trainer.h: what a trainer holds; trainer.c runs it, checkpoint.c writes it down.
 */
#ifndef RPM_NN_TRAINER_H
#define RPM_NN_TRAINER_H

#include "nn/net.h"
#include "rpm_nn_train.h"

struct rpm_nn_trainer
{
	const rpm_nn_model *model;
	rpm_nn_training training;
	rpm_nn	   *net;
	float	   *weights;		/* the caller's */
	const nn_backend_trainer *inside;	/* NULL: the arrays are here; else the four lie with the back end */
	float	   *gradients;		/* of the batches since the last step */
	float	   *first;
	float	   *second;
	float	   *prediction;
	float	   *slope;			/* of the loss, per cell of the prediction */
	int64_t		cells;
	bool		torn;			/* stopped within a step: some weights have made it */

	/* What a checkpoint keeps besides the arrays. */
	int64_t		steps;			/* of the optimiser */
	int64_t		waiting;		/* batches since */
	int64_t		epochs;
	double		best;			/* validation loss */
	int64_t		best_epoch;
	int64_t		stalled;		/* epochs since the last gain or slowing */
	double		slowing;		/* factor on the rate */
};

/* Between a trainer's array of a name and its back end's; nothing where the array is the trainer's own. */
rpm_code	nn_trainer_exchange(const rpm_nn_trainer *trainer, nn_array array, bool to_backend, float *values, rpm_status *status);

#endif
