/*
 * rpm_nn_train.h: losses over known cells, AdamW, schedules, and a trainer that can stop and go on exactly where it was.
 */
#ifndef RPM_NN_TRAIN_H
#define RPM_NN_TRAIN_H

#include "rpm_nn.h"
#include "rpm_nn_safetensors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rpm_nn_loss_kind
{
	RPM_NN_MSE,
	RPM_NN_MAE,
	RPM_NN_HUBER,				/* Huber 1964: square / 2 up to delta, then straight with that slope (PyTorch's HuberLoss) */
	RPM_NN_GAUSSIAN				/* of a trainer whose output has two channels, mean and logarithm of the variance: rpm_nn_gaussian_loss */
} rpm_nn_loss_kind;

/* Logarithms of variances beyond these count as these, and are not driven further. */
#define RPM_NN_LEAST_LOG_VARIANCE (-10.0)
#define RPM_NN_MOST_LOG_VARIANCE 10.0

/* The power of the variance that weighs each cell in a trainer's rpm_nn_gaussian_loss. */
#define RPM_NN_GAUSSIAN_BETA 0.5

/*
 * Mean loss over the cells with mask != 0 (NULL: all) and a target that is not NaN.  gradient (may be NULL) receives d loss / d
 * prediction, 0 at cells not counted.  Returns the loss, 0 with *known = 0 where no cell counts.
 */
double		rpm_nn_loss(rpm_nn_loss_kind kind, double delta, const float *prediction, const float *target, const uint8_t *mask,
						int64_t count, float *gradient, int64_t *known);

/*
 * Mean over the known cells of variance^beta x (log variance + (target - mean)^2 / variance) / 2, in whose gradient the weight variance^beta
 * is a constant (Nix and Weigend 1994; Seitzer et al. 2022, equation (5); beta 0 is the likelihood itself).  prediction and gradient:
 * images x 2 x cells; target and mask: images x cells, as in rpm_nn_loss.
 */
double		rpm_nn_gaussian_loss(double beta, const float *prediction, const float *target, const uint8_t *mask, int64_t images,
								 int64_t cells, float *gradient, int64_t *known);

/* Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2, as torch.optim.AdamW. */
typedef struct rpm_nn_adamw
{
	double		beta1, beta2;	/* 0.9, 0.999 */
	double		epsilon;		/* 1e-8 */
	double		weight_decay;	/* share of the rate by which each weight shrinks */
} rpm_nn_adamw;

/*
 * One step at a learning rate; step counts from 1; first and second hold the running moments (rpm_nn_weight_count floats, 0 at first).
 * RPM_CANCELLED: some weights have made the step and others not.
 */
rpm_code	rpm_nn_adamw_step(const rpm_nn_model *model, const rpm_nn_adamw *adamw, double rate, int64_t step, float *weights,
							  const float *gradients, float *first, float *second, rpm_control *control, rpm_status *status);

/*
 * Scales the gradients so that their norm is at most `most` (0: no limit), as torch's clip_grad_norm_; returns the norm before, NaN where
 * stopped on request (control may be NULL).
 */
double		rpm_nn_clip(const rpm_nn_model *model, float *gradients, double most, const rpm_control *control);

typedef enum rpm_nn_schedule_kind
{
	RPM_NN_CONSTANT,
	RPM_NN_COSINE,				/* from rate to least over `steps` (Loshchilov and Hutter 2017, without restarts) */
	RPM_NN_STEPS				/* times factor every `steps` */
} rpm_nn_schedule_kind;

typedef struct rpm_nn_schedule
{
	rpm_nn_schedule_kind kind;
	double		rate;
	double		least;
	double		factor;
	int64_t		steps;
	int64_t		warm_up;		/* steps that rise evenly to rate before it begins */
} rpm_nn_schedule;

/* The rate of step 0, 1, 2... */
double		rpm_nn_rate(const rpm_nn_schedule *schedule, int64_t step);

/* Watches a validation loss: slower when it stalls (torch's ReduceLROnPlateau, mode min, absolute threshold), an end when it stalls long. */
typedef struct rpm_nn_patience
{
	double		least_gain;		/* what counts as better */
	int			plateau_epochs; /* 0: never slower */
	double		plateau_factor;
	int			stop_epochs;	/* 0: never stops */
} rpm_nn_patience;

typedef struct rpm_nn_training
{
	rpm_nn_options net;			/* training is set by rpm_nn_trainer_create */
	rpm_nn_loss_kind loss;
	double		huber_delta;
	rpm_nn_adamw adamw;
	rpm_nn_schedule schedule;
	double		clip;			/* 0: none */
	int			batches_per_step;	/* gradients of so many calls are averaged; at least 1 */
	rpm_nn_patience patience;
} rpm_nn_training;

typedef struct rpm_nn_trainer rpm_nn_trainer;

/* AdamW's usual numbers, MSE, a constant rate of 1e-3, no clipping. */
rpm_nn_training rpm_nn_training_default(void);

/* Bytes of a trainer: net, gradients and two moments; the weights are the caller's. */
rpm_code	rpm_nn_trainer_memory(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_training *training,
								  const rpm_control *control, size_t *bytes, rpm_status *status);

/* Errors: RPM_INVALID_ARGUMENT (a number of the training that cannot be), RPM_LIMIT_EXCEEDED and RPM_OUT_OF_MEMORY as rpm_nn_create. */
rpm_code	rpm_nn_trainer_create(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_training *training, float *weights,
								  const rpm_control *control, rpm_nn_trainer **trainer, rpm_status *status);
void		rpm_nn_trainer_free(rpm_nn_trainer *trainer);

/*
 * One batch: forward, loss of the first output against target (of its shape, of RPM_NN_GAUSSIAN with one channel; mask may be NULL), backward, and a step of the optimiser
 * where it is due.  A batch without a known cell changes nothing but the running values of batch norms and counts as a batch.
 * Not a number in the loss or the gradients: RPM_INVALID_ARGUMENT, with the weights as they were; in half precision gradients too large for it
 * leave the step out, and the loss is scaled by half as much from then on.  RPM_CANCELLED: this batch and those waiting for the step are lost;
 * running values of batch norms may have moved; a trainer stopped within a step of the optimiser goes on only from a checkpoint
 * (RPM_INVALID_ARGUMENT until rpm_nn_checkpoint_load), any other as it was.
 */
rpm_code	rpm_nn_train_batch(rpm_nn_trainer *trainer, const void *const *inputs, const float *target, const uint8_t *mask,
							   double *loss, rpm_control *control, rpm_status *status);

/* An epoch's end with its validation loss: notes the best, slows down on a plateau; true when it is time to stop. */
bool		rpm_nn_trainer_epoch(rpm_nn_trainer *trainer, double validation_loss);

/*
 * A trainer on a GPU keeps the weights there: rpm_nn_trainer_fetch brings them to the caller's array, and after a change of that array
 * rpm_nn_trainer_weights_changed has the next batch begin with it.  On the CPU neither does anything.
 */
rpm_code	rpm_nn_trainer_fetch(rpm_nn_trainer *trainer, rpm_status *status);
void		rpm_nn_trainer_weights_changed(rpm_nn_trainer *trainer);
/* As rpm_nn_device_memory of its net, which holds all that the trainer has there. */
size_t		rpm_nn_trainer_device_memory(const rpm_nn_trainer *trainer);
bool		rpm_nn_trainer_is_best(const rpm_nn_trainer *trainer);	/* of the epoch that ended last */
int64_t		rpm_nn_trainer_steps(const rpm_nn_trainer *trainer);
int64_t		rpm_nn_trainer_epochs(const rpm_nn_trainer *trainer);
double		rpm_nn_trainer_rate(const rpm_nn_trainer *trainer); /* of the next step */

/*
 * Everything that the next step depends on, as safetensors: weights under their names, moments and the gradients waiting as
 * "first.", "second." and "waiting." + name, counters in __metadata__.  Read back, training goes on to the same bits on the same machine
 * with the same threads.
 */
rpm_code	rpm_nn_checkpoint_save(const rpm_nn_trainer *trainer, rpm_sink sink, void *context, rpm_status *status);
rpm_code	rpm_nn_checkpoint_load(rpm_nn_trainer *trainer, const rpm_safetensors *file, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
