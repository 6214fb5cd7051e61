/* trainer.c: trains a net batch by batch (rpm_nn_train.h). */
#include "nn/trainer.h"

#include <math.h>
#include <stdlib.h>

static rpm_code check_training(const rpm_nn_training *training, rpm_status *status);
static size_t array_bytes(const rpm_nn_model *model, const rpm_nn_training *training, int64_t cells);
static rpm_code take_arrays(rpm_nn_trainer *trainer, rpm_status *status);
static int64_t prediction_cells(const rpm_nn_model *model, const rpm_nn_shape *inputs, rpm_status *status);
static rpm_code run_batch(rpm_nn_trainer *trainer, const void *const *inputs, const float *target, const uint8_t *mask, double *loss,
						  int64_t *known, rpm_control *control, rpm_status *status);
static rpm_code step(rpm_nn_trainer *trainer, rpm_control *control, rpm_status *status);
static rpm_code run_inside(rpm_nn_trainer *trainer, const void *const *inputs, const float *target, const uint8_t *mask, double *loss,
						   int64_t *known, rpm_control *control, rpm_status *status);
static rpm_code loss_is_no_number(const rpm_nn_trainer *trainer, rpm_status *status);
static rpm_code step_inside(rpm_nn_trainer *trainer, rpm_status *status);
static rpm_code gradient_is_no_number(const rpm_nn_trainer *trainer, rpm_status *status);
static void forget_gradients(rpm_nn_trainer *trainer);

rpm_nn_training
rpm_nn_training_default(void)
{
	return (rpm_nn_training) {.loss = RPM_NN_MSE, .huber_delta = 1, .adamw = {0.9, 0.999, 1e-8, 0.01},
	.schedule = {.kind = RPM_NN_CONSTANT, .rate = 1e-3, .factor = 1, .steps = 1}, .batches_per_step = 1,
	.patience = {.plateau_factor = 1}};
}

static rpm_code
check_training(const rpm_nn_training *t, rpm_status *status)
{
	const struct
	{
		const char *name;
		double		value,
					least,
					most;
	}			numbers[] = {{"beta1", t->adamw.beta1, 0, 0.99999999}, {"beta2", t->adamw.beta2, 0, 0.99999999},
	{"epsilon", t->adamw.epsilon, 1e-30, 1}, {"weight decay", t->adamw.weight_decay, 0, 1e3}, {"learning rate", t->schedule.rate, 0, 1e3},
	{"least learning rate", t->schedule.least, 0, 1e3}, {"factor of the steps", t->schedule.factor, 0, 1},
	{"steps of the schedule", (double) t->schedule.steps, 1, 1e15}, {"warm-up", (double) t->schedule.warm_up, 0, 1e15},
	{"clip", t->clip, 0, 1e30}, {"Huber's delta", t->huber_delta, 1e-30, 1e30}, {"batches per step", t->batches_per_step, 1, 1e6},
	{"least gain", t->patience.least_gain, 0, 1e30}, {"epochs of a plateau", t->patience.plateau_epochs, 0, 1e9},
	{"factor on a plateau", t->patience.plateau_factor, 1e-9, 1}, {"epochs before the end", t->patience.stop_epochs, 0, 1e9}};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!(numbers[i].value >= numbers[i].least && numbers[i].value <= numbers[i].most))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "rpm_nn_training_default has the usual numbers.",
							"%s cannot be %g: it is between %g and %g", numbers[i].name, numbers[i].value, numbers[i].least, numbers[i].most);
	return RPM_OK;
}

/* A trainer on a GPU has none of this here, but for writing it down. */
static size_t
array_bytes(const rpm_nn_model *model, const rpm_nn_training *training, int64_t cells)
{
	if (training->net.backend == RPM_NN_CUDA)
		return sizeof(rpm_nn_trainer) + sizeof(float) * 3 * (size_t) model->weight_count;
	return sizeof(rpm_nn_trainer) + sizeof(float) * (3 * (size_t) model->weight_count + 2 * (size_t) cells);
}

/* Cells of the first output; 0 with the status set. */
static int64_t
prediction_cells(const rpm_nn_model *model, const rpm_nn_shape *inputs, rpm_status *status)
{
	rpm_nn_shape *shapes = calloc((size_t) model->output_count, sizeof(rpm_nn_shape));
	int64_t		cells = 0;

	if (shapes == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	else if (rpm_nn_output_shapes(model, inputs, shapes, status) == RPM_OK)
		cells = nn_elements(&shapes[0]);
	free(shapes);
	return cells;
}

rpm_code
rpm_nn_trainer_memory(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_training *training, const rpm_control *control,
					  size_t *bytes, rpm_status *status)
{
	rpm_nn_options options = training->net;
	int64_t		cells = prediction_cells(model, inputs, status);

	options.training = true;
	if (cells == 0 || rpm_nn_memory(model, inputs, &options, control, bytes, status) != RPM_OK)
		return status->code;
	*bytes += array_bytes(model, training, cells);
	return RPM_OK;
}

rpm_code
rpm_nn_trainer_create(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_training *training, float *weights,
					  const rpm_control *control, rpm_nn_trainer **made, rpm_status *status)
{
	rpm_nn_trainer *trainer;
	size_t		bytes;

	*made = NULL;
	if (check_training(training, status) != RPM_OK ||
		rpm_nn_trainer_memory(model, inputs, training, control, &bytes, status) != RPM_OK)
		return status->code;
	if (control != NULL && control->memory_limit_bytes > 0 && bytes > control->memory_limit_bytes)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Choose a smaller network, tile or batch, or allow more memory.",
						"training would need %.0f MB, %.0f MB are allowed", (double) bytes / 1048576.0,
						(double) control->memory_limit_bytes / 1048576.0);
	trainer = calloc(1, sizeof(rpm_nn_trainer));
	if (trainer == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	trainer->model = model;
	trainer->training = *training;
	trainer->training.net.training = true;
	trainer->weights = weights;
	trainer->cells = prediction_cells(model, inputs, status);
	trainer->best = INFINITY;
	trainer->slowing = 1;
	if (training->net.backend == RPM_NN_CUDA)
	{
		if (nn_create_for_trainer(model, inputs, &trainer->training.net, weights, control, &trainer->net, status) == RPM_OK)
			trainer->inside = trainer->net->backend->trainer;
	}
	else if (take_arrays(trainer, status) == RPM_OK)
		rpm_nn_create(model, inputs, &trainer->training.net, weights, control, &trainer->net, status);
	if (status->code == RPM_OK && training->loss == RPM_NN_GAUSSIAN && rpm_nn_output_shape(trainer->net, 0).c != 2)
		rpm_fail(status, RPM_INVALID_ARGUMENT, "Two channels: the mean and the logarithm of the variance.",
				 "a Gaussian loss needs an output of 2 channels, not %lld", (long long) rpm_nn_output_shape(trainer->net, 0).c);
	if (status->code == RPM_OK)
		*made = trainer;
	else
		rpm_nn_trainer_free(trainer);
	return status->code;
}

static rpm_code
take_arrays(rpm_nn_trainer *trainer, rpm_status *status)
{
	size_t		count = (size_t) trainer->model->weight_count + 1;

	trainer->gradients = calloc(count, sizeof(float));
	trainer->first = calloc(count, sizeof(float));
	trainer->second = calloc(count, sizeof(float));
	trainer->prediction = malloc(sizeof(float) * (size_t) trainer->cells);
	trainer->slope = malloc(sizeof(float) * (size_t) trainer->cells);
	if (trainer->gradients == NULL || trainer->first == NULL || trainer->second == NULL || trainer->prediction == NULL || trainer->slope == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Choose a smaller network.", "no memory for the optimiser");
	return RPM_OK;
}

void
rpm_nn_trainer_free(rpm_nn_trainer *trainer)
{
	if (trainer == NULL)
		return;
	rpm_nn_free(trainer->net);
	free(trainer->gradients);
	free(trainer->first);
	free(trainer->second);
	free(trainer->prediction);
	free(trainer->slope);
	free(trainer);
}

rpm_code
rpm_nn_train_batch(rpm_nn_trainer *trainer, const void *const *inputs, const float *target, const uint8_t *mask, double *loss,
				   rpm_control *control, rpm_status *status)
{
	int64_t		known;

	if (trainer->torn)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Load its last checkpoint.", "the trainer was stopped within step %lld",
						(long long) trainer->steps + 1);
	if (run_batch(trainer, inputs, target, mask, loss, &known, control, status) != RPM_OK)
	{
		/* Part of a batch's gradients may be in the sum. */
		forget_gradients(trainer);
		return status->code;
	}
	if (known > 0)
		trainer->waiting++;
	return trainer->waiting >= trainer->training.batches_per_step ? step(trainer, control, status) : RPM_OK;
}

static rpm_code
run_batch(rpm_nn_trainer *trainer, const void *const *inputs, const float *target, const uint8_t *mask, double *loss, int64_t *known,
		  rpm_control *control, rpm_status *status)
{
	const float *slopes[1] = {trainer->slope};
	const float **all = slopes;

	if (trainer->inside != NULL)
		return run_inside(trainer, inputs, target, mask, loss, known, control, status);
	if (rpm_nn_forward(trainer->net, inputs, control, status) != RPM_OK ||
		rpm_nn_read_output(trainer->net, 0, trainer->prediction, status) != RPM_OK)
		return status->code;
	if (trainer->training.loss == RPM_NN_GAUSSIAN)
	{
		rpm_nn_shape shape = rpm_nn_output_shape(trainer->net, 0);

		*loss = rpm_nn_gaussian_loss(RPM_NN_GAUSSIAN_BETA, trainer->prediction, target, mask, shape.n, shape.h * shape.w, trainer->slope, known);
	}
	else
		*loss = rpm_nn_loss(trainer->training.loss, trainer->training.huber_delta, trainer->prediction, target, mask, trainer->cells,
							trainer->slope, known);
	if (!isfinite(*loss))
		return loss_is_no_number(trainer, status);
	if (*known == 0)
		return RPM_OK;
	if (trainer->model->output_count > 1)
	{
		all = calloc((size_t) trainer->model->output_count, sizeof(float *));
		if (all == NULL)
			return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
		all[0] = trainer->slope;
	}
	rpm_nn_backward(trainer->net, all, trainer->gradients, control, status);
	if (all != slopes)
		free(all);
	return status->code;
}

static rpm_code
loss_is_no_number(const rpm_nn_trainer *trainer, rpm_status *status)
{
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "Lower the learning rate, clip the gradients, or look for infinite inputs.",
					"the loss of a batch after %lld steps is not a number", (long long) trainer->steps);
}

/* Everything but the count of what is known is the back end's. */
static rpm_code
run_inside(rpm_nn_trainer *trainer, const void *const *inputs, const float *target, const uint8_t *mask, double *loss, int64_t *known,
		   rpm_control *control, rpm_status *status)
{
	rpm_nn_loss_kind kind = trainer->training.loss;
	nn_loss_call call = {.kind = kind, .delta = trainer->training.huber_delta, .beta = RPM_NN_GAUSSIAN_BETA, .target = target, .mask = mask};
	int64_t		count = kind == RPM_NN_GAUSSIAN ? trainer->cells / 2 : trainer->cells;

	*loss = 0;
	*known = 0;
	for (int64_t i = 0; i < count; i++)
		*known += (mask == NULL || mask[i] != 0) && !isnan(target[i]);
	call.known = *known;
	if (rpm_nn_forward(trainer->net, inputs, control, status) != RPM_OK || *known == 0 ||
		nn_backward_inside(trainer->net, &call, loss, control, status) != RPM_OK)
		return status->code;
	return isfinite(*loss) ? RPM_OK : loss_is_no_number(trainer, status);
}

static rpm_code
step(rpm_nn_trainer *trainer, rpm_control *control, rpm_status *status)
{
	double		norm;

	if (trainer->inside != NULL)
		return step_inside(trainer, status);

	if (trainer->waiting > 1)
		for (int64_t i = 0; i < trainer->model->weight_count; i++)
			trainer->gradients[i] /= (float) trainer->waiting;
	norm = rpm_nn_clip(trainer->model, trainer->gradients, trainer->training.clip, control);
	if (rpm_stopped(control))
	{
		forget_gradients(trainer);
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
	}
	if (!isfinite(norm))
	{
		forget_gradients(trainer);
		return gradient_is_no_number(trainer, status);
	}
	if (rpm_nn_adamw_step(trainer->model, &trainer->training.adamw, rpm_nn_trainer_rate(trainer), trainer->steps + 1, trainer->weights,
						  trainer->gradients, trainer->first, trainer->second, control, status) != RPM_OK)
	{
		trainer->torn = true;
		return status->code;
	}
	trainer->steps++;
	forget_gradients(trainer);
	return RPM_OK;
}

static rpm_code
gradient_is_no_number(const rpm_nn_trainer *trainer, rpm_status *status)
{
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "Lower the learning rate, or look for infinite inputs.",
					"a gradient after %lld steps is not a number", (long long) trainer->steps);
}

static rpm_code
step_inside(rpm_nn_trainer *trainer, rpm_status *status)
{
	const rpm_nn_adamw *adamw = &trainer->training.adamw;
	nn_adamw_call call = {rpm_nn_trainer_rate(trainer), adamw->beta1, adamw->beta2, adamw->epsilon, adamw->weight_decay, trainer->training.clip,
	trainer->steps + 1, trainer->waiting};
	double		norm = 0;
	bool		made = false;

	if (trainer->inside->step(trainer->net, &call, &made, &norm, status) != RPM_OK)
		trainer->torn = true;
	else if (made)
		trainer->steps++;
	else if (trainer->training.net.precision != RPM_NN_HALF || isnan(norm))
		gradient_is_no_number(trainer, status);
	forget_gradients(trainer);
	return status->code;
}

static void
forget_gradients(rpm_nn_trainer *trainer)
{
	trainer->waiting = 0;
	if (trainer->inside != NULL)
	{
		trainer->inside->forget(trainer->net);
		return;
	}
	memset(trainer->gradients, 0, sizeof(float) * (size_t) trainer->model->weight_count);
}

rpm_code
rpm_nn_trainer_fetch(rpm_nn_trainer *trainer, rpm_status *status)
{
	return nn_trainer_exchange(trainer, NN_ARRAY_WEIGHTS, false, trainer->weights, status);
}

size_t
rpm_nn_trainer_device_memory(const rpm_nn_trainer *trainer)
{
	return rpm_nn_device_memory(trainer->net);
}

void
rpm_nn_trainer_weights_changed(rpm_nn_trainer *trainer)
{
	rpm_nn_weights_changed(trainer->net);
}

rpm_code
nn_trainer_exchange(const rpm_nn_trainer *trainer, nn_array array, bool to_backend, float *values, rpm_status *status)
{
	return trainer->inside != NULL ? trainer->inside->exchange(trainer->net, array, to_backend, values, status) : RPM_OK;
}

bool
rpm_nn_trainer_epoch(rpm_nn_trainer *trainer, double validation_loss)
{
	const rpm_nn_patience *patience = &trainer->training.patience;

	trainer->epochs++;
	if (validation_loss < trainer->best - (isfinite(trainer->best) ? patience->least_gain : 0))
	{
		trainer->best = validation_loss;
		trainer->best_epoch = trainer->epochs;
		trainer->stalled = 0;
	}
	else
		trainer->stalled++;
	/* More than so many epochs without a gain, as torch counts. */
	if (patience->plateau_epochs > 0 && trainer->stalled > patience->plateau_epochs)
	{
		trainer->slowing *= patience->plateau_factor;
		trainer->stalled = 0;
	}
	return patience->stop_epochs > 0 && trainer->epochs - trainer->best_epoch >= patience->stop_epochs;
}

bool
rpm_nn_trainer_is_best(const rpm_nn_trainer *trainer)
{
	return trainer->epochs > 0 && trainer->best_epoch == trainer->epochs;
}

int64_t
rpm_nn_trainer_steps(const rpm_nn_trainer *trainer)
{
	return trainer->steps;
}

int64_t
rpm_nn_trainer_epochs(const rpm_nn_trainer *trainer)
{
	return trainer->epochs;
}

double
rpm_nn_trainer_rate(const rpm_nn_trainer *trainer)
{
	return trainer->slowing * rpm_nn_rate(&trainer->training.schedule, trainer->steps);
}
