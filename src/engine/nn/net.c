/* net.c: nets: planned, given memory, run forward and backward (rpm_nn.h). */
#include <math.h>
#include <stdlib.h>

#include "nn/net.h"

static rpm_code make_net(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_options *options, float *weights,
						 const rpm_control *control, rpm_nn **net, rpm_status *status);
static rpm_code take_memory(rpm_nn *net, const rpm_control *control, rpm_status *status);
static rpm_code choose_backend(rpm_nn *net, rpm_status *status);
static rpm_code plan_memory(rpm_nn *net, rpm_status *status);
static void plan_values(rpm_nn *net);
static rpm_code check_memory(const rpm_nn *net, const rpm_control *control, rpm_status *status);
static size_t all_bytes(const rpm_nn *net);
static rpm_code run_forward(rpm_nn *net, rpm_control *control, rpm_status *status);
static rpm_code run_backward(rpm_nn *net, float *gradients, rpm_control *control, rpm_status *status);

bool
rpm_nn_backend_available(rpm_nn_backend backend)
{
	rpm_status	status;
	bool		driver;

	if (backend == RPM_NN_CUDA)
	{
		rpm_status_clear(&status);
		return rpm_nn_cuda_check(0, &driver, &status) == RPM_OK;
	}
	return backend != RPM_NN_ONEDNN || nn_onednn() != NULL;
}

rpm_code
rpm_nn_cuda_check(int device, bool *driver, rpm_status *status)
{
	const nn_backend *backend = nn_cuda(status);

	if (backend != NULL)
		return backend->check(device, driver, status);
	*driver = nn_cuda_driver();
	return status->code;
}

rpm_code
rpm_nn_memory(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_options *options, const rpm_control *control,
			  size_t *bytes, rpm_status *status)
{
	rpm_nn	   *net;

	if (make_net(model, inputs, options, NULL, control, &net, status) == RPM_OK)
		*bytes = all_bytes(net);
	rpm_nn_free(net);
	return status->code;
}

rpm_code
rpm_nn_create(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_options *options, float *weights,
			  const rpm_control *control, rpm_nn **net, rpm_status *status)
{
	if (make_net(model, inputs, options, weights, control, net, status) == RPM_OK)
		take_memory(*net, control, status);
	if (status->code != RPM_OK)
	{
		rpm_nn_free(*net);
		*net = NULL;
	}
	return status->code;
}

rpm_code
nn_create_for_trainer(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_options *options, float *weights,
					  const rpm_control *control, rpm_nn **net, rpm_status *status)
{
	if (make_net(model, inputs, options, weights, control, net, status) == RPM_OK)
	{
		(*net)->steps_inside = true;
		take_memory(*net, control, status);
	}
	if (status->code != RPM_OK)
	{
		rpm_nn_free(*net);
		*net = NULL;
	}
	return status->code;
}

void
rpm_nn_free(rpm_nn *net)
{
	if (net == NULL)
		return;
	if (net->backend != NULL)
		net->backend->release(net);
	free(net->shapes);
	free(net->steps);
	free(net->value_bytes);
	free(net->saved_bytes);
	free(net->values);
	free(net->gradients);
	free(net->saved);
	free(net->inputs);
	free(net->gradient_begun);
	if (net->backend == NULL || net->backend->check == NULL)
		free(net->arena);
	free(net);
}

static rpm_code
take_memory(rpm_nn *net, const rpm_control *control, rpm_status *status)
{
	if (check_memory(net, control, status) != RPM_OK)
		return status->code;
	if (net->backend->check == NULL)
	{
		if (posix_memalign((void **) &net->arena, 64, net->arena_bytes + 64) != 0)
		{
			net->arena = NULL;
			return rpm_fail(status, RPM_OUT_OF_MEMORY, "Choose a smaller network or tile.", "no memory for the %.0f MB of the network's values",
							(double) net->arena_bytes / 1048576.0);
		}
		net->scratch = net->arena + net->arena_bytes - net->scratch_bytes;
	}
	return net->backend->bind(net, status);
}

static rpm_code
make_net(const rpm_nn_model *model, const rpm_nn_shape *inputs, const rpm_nn_options *options, float *weights,
		 const rpm_control *control, rpm_nn **made, rpm_status *status)
{
	size_t		count = (size_t) model->layer_count;
	rpm_nn	   *net = *made = calloc(1, sizeof(rpm_nn));

	if (net == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	net->model = model;
	net->options = *options;
	net->weights = weights;
	net->threads = rpm_thread_count(control);
	net->shapes = calloc(count, sizeof(rpm_nn_shape));
	net->steps = calloc(count, sizeof(nn_step));
	net->value_bytes = calloc(count, sizeof(size_t));
	net->saved_bytes = calloc(count, sizeof(size_t));
	net->values = calloc(count, sizeof(nn_room));
	net->gradients = calloc(count, sizeof(nn_room));
	net->saved = calloc(count, sizeof(nn_room));
	net->inputs = calloc(count, sizeof(void *));
	net->gradient_begun = calloc(count, sizeof(bool));
	if (net->shapes == NULL || net->steps == NULL || net->value_bytes == NULL || net->saved_bytes == NULL || net->values == NULL ||
		net->gradients == NULL || net->saved == NULL || net->inputs == NULL || net->gradient_begun == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (nn_measure(model, inputs, net->shapes, status) != RPM_OK || choose_backend(net, status) != RPM_OK ||
		net->backend->prepare(net, status) != RPM_OK)
		return status->code;
	return plan_memory(net, status);
}

static rpm_code
choose_backend(rpm_nn *net, rpm_status *status)
{
	const nn_backend *onednn;
	bool		driver;

	if (net->options.backend == RPM_NN_CUDA)
	{
		net->backend = nn_cuda(status);
		return net->backend != NULL ? net->backend->check(net->options.device, &driver, status) : status->code;
	}
	if (net->options.precision != RPM_NN_SINGLE)
		return rpm_fail(status, RPM_UNSUPPORTED, "Take single precision, or a GPU.", "networks on the CPU run in single precision alone");
	onednn = net->options.backend != RPM_NN_REFERENCE ? nn_onednn() : NULL;
	if (onednn == NULL && net->options.backend == RPM_NN_ONEDNN)
		return rpm_fail(status, RPM_UNSUPPORTED, "Install oneDNN (Debian 12: libdnnl2, 13: libdnnl3.6; to build, libdnnl-dev), or take the plain back end.",
						"oneDNN is not there");
	net->backend = onednn != NULL ? onednn : &nn_reference_backend;
	return RPM_OK;
}

/* Moments: step s runs forward at s; in training, backward at 2 x steps - 1 - s. */
static rpm_code
plan_memory(rpm_nn *net, rpm_status *status)
{
	int			layers = net->model->layer_count;
	nn_room   **rooms = malloc(sizeof(nn_room *) * 3 * (size_t) layers);
	int			count = 0;

	if (rooms == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	plan_values(net);
	for (int i = 0; i < layers; i++)
	{
		if (net->values[i].bytes > 0)
			rooms[count++] = &net->values[i];
		if (net->gradients[i].bytes > 0)
			rooms[count++] = &net->gradients[i];
		if (net->saved[i].bytes > 0)
			rooms[count++] = &net->saved[i];
	}
	net->arena_bytes = nn_pack(rooms, count) + net->scratch_bytes;
	free(rooms);
	return RPM_OK;
}

static void
plan_values(rpm_nn *net)
{
	const rpm_nn_model *model = net->model;
	int			end = 2 * net->step_count;

	for (int s = net->step_count - 1; s >= 0; s--)
	{
		const nn_layer *layer = &model->layers[net->steps[s].layer];
		int			output = net->steps[s].output;

		/* Users were met before, as they come later. */
		net->values[output].bytes = net->value_bytes[output];
		net->values[output].first = s;
		if (net->options.training || model->layers[output].is_output)
			net->values[output].last = end;
		net->saved[output].bytes = net->saved_bytes[output];
		net->saved[output].last = end;
		if (nn_wants_gradient(net, output))
		{
			net->gradients[output].bytes = net->value_bytes[output];
			net->gradients[output].last = end - 1 - s;
			/* An output's gradient is given before the first step back. */
			if (model->layers[output].is_output || net->gradients[output].first == 0)
				net->gradients[output].first = net->step_count;
		}
		for (int k = 0; k < layer->input_count; k++)
		{
			int			input = layer->inputs[k];

			if (net->values[input].last < s)
				net->values[input].last = s;
			if (net->gradients[input].first == 0)
				net->gradients[input].first = end - 1 - s;
		}
	}
	for (int i = 0; i < model->input_count; i++)
	{
		int			input = model->inputs[i];

		if (!nn_wants_gradient(net, input))
			continue;
		net->gradients[input].bytes = sizeof(float) * (size_t) nn_elements(&net->shapes[input]);
		net->gradients[input].last = end;
		/* An input that is an output too takes its gradient at once. */
		if (model->layers[input].is_output || net->gradients[input].first == 0)
			net->gradients[input].first = net->step_count;
	}
}

static size_t
all_bytes(const rpm_nn *net)
{
	return (net->backend->check == NULL ? net->arena_bytes : 0) + net->own_bytes + sizeof(rpm_nn) +
		(size_t) net->model->layer_count * (3 * sizeof(nn_room) + sizeof(rpm_nn_shape) + sizeof(nn_step) + 3 * sizeof(size_t) + 1);
}

static rpm_code
check_memory(const rpm_nn *net, const rpm_control *control, rpm_status *status)
{
	size_t		bytes = all_bytes(net);

	if (control == NULL || control->memory_limit_bytes == 0 || bytes <= control->memory_limit_bytes)
		return RPM_OK;
	return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Choose a smaller network, tile or batch, or allow more memory.",
					"the network would need %.0f MB for %s, %.0f MB are allowed", (double) bytes / 1048576.0,
					net->options.training ? "training" : "inference", (double) control->memory_limit_bytes / 1048576.0);
}

size_t
rpm_nn_device_memory(const rpm_nn *net)
{
	return net->device_bytes;
}

rpm_nn_shape
rpm_nn_input_shape(const rpm_nn *net, int input)
{
	return net->shapes[net->model->inputs[input]];
}

rpm_nn_shape
rpm_nn_output_shape(const rpm_nn *net, int output)
{
	return net->shapes[net->model->outputs[output]];
}

void
rpm_nn_weights_changed(rpm_nn *net)
{
	net->backend->weights_changed(net);
}

uint64_t
rpm_nn_draws(const rpm_nn *net)
{
	return net->draws;
}

void
rpm_nn_set_draws(rpm_nn *net, uint64_t draws)
{
	net->draws = draws;
}

rpm_code
rpm_nn_forward(rpm_nn *net, const void *const *inputs, rpm_control *control, rpm_status *status)
{
	const rpm_nn_model *model = net->model;

	for (int i = 0; i < model->input_count; i++)
		net->inputs[model->inputs[i]] = inputs[i];
	net->forwarded = net->differentiated = false;
	if (net->options.training)
		net->draws++;
	if (net->backend->begin(net, status) != RPM_OK)
		return status->code;
	net->forwarded = run_forward(net, control, status) == RPM_OK;
	net->backend->end(net);
	return status->code;
}

static rpm_code
run_forward(rpm_nn *net, rpm_control *control, rpm_status *status)
{
	for (int s = 0; s < net->step_count; s++)
	{
		if (rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		if (net->backend->forward(net, s, control, status) != RPM_OK)
			return status->code;
	}
	return RPM_OK;
}

rpm_code
rpm_nn_backward(rpm_nn *net, const float *const *output_gradients, float *gradients, rpm_control *control, rpm_status *status)
{
	const rpm_nn_model *model = net->model;

	if (!net->options.training || !net->forwarded)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Backward follows a forward of a net made for training.",
						"there is no forward pass to go back from");
	memset(net->gradient_begun, 0, sizeof(bool) * (size_t) model->layer_count);
	net->differentiated = false;
	if (net->backend->begin(net, status) != RPM_OK)
		return status->code;
	for (int i = 0; i < model->output_count && status->code == RPM_OK; i++)
		if (output_gradients[i] != NULL && nn_wants_gradient(net, model->outputs[i]))
			net->backend->add_gradient(net, model->outputs[i], output_gradients[i], status);
	if (status->code == RPM_OK)
		net->differentiated = run_backward(net, gradients, control, status) == RPM_OK;
	if (net->differentiated && net->backend->collect != NULL)
		net->differentiated = net->backend->collect(net, gradients, status) == RPM_OK;
	net->backend->end(net);
	return status->code;
}

rpm_code
nn_backward_inside(rpm_nn *net, const nn_loss_call *call, double *loss, rpm_control *control, rpm_status *status)
{
	memset(net->gradient_begun, 0, sizeof(bool) * (size_t) net->model->layer_count);
	net->differentiated = false;
	if (net->backend->begin(net, status) != RPM_OK)
		return status->code;
	if (net->backend->trainer->loss(net, call, loss, status) == RPM_OK && isfinite(*loss))
		net->differentiated = run_backward(net, NULL, control, status) == RPM_OK;
	net->backend->end(net);
	return status->code;
}

/* A value without a gradient (an output that nobody asked about) gives none to its inputs. */
static rpm_code
run_backward(rpm_nn *net, float *gradients, rpm_control *control, rpm_status *status)
{
	for (int s = net->step_count - 1; s >= 0; s--)
	{
		if (rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		if (!net->gradient_begun[net->steps[s].output])
			continue;
		if (net->backend->backward(net, s, gradients, control, status) != RPM_OK)
			return status->code;
	}
	return RPM_OK;
}

rpm_code
rpm_nn_read_output(rpm_nn *net, int output, float *values, rpm_status *status)
{
	if (!net->forwarded)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Run the net first.", "there is no output yet");
	return net->backend->read(net, net->model->outputs[output], false, values, status);
}

rpm_code
rpm_nn_read_input_gradient(rpm_nn *net, int input, float *values, rpm_status *status)
{
	int			layer = net->model->inputs[input];

	if (!net->differentiated || !nn_wants_gradient(net, layer))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Make the net with input_gradients, and run it forward and backward.",
						"there is no gradient of input \"%s\"", net->model->layers[layer].name);
	if (!net->gradient_begun[layer])
	{
		memset(values, 0, sizeof(float) * (size_t) nn_elements(&net->shapes[layer]));
		return RPM_OK;
	}
	return net->backend->read(net, layer, true, values, status);
}

nn_call
nn_call_of(const rpm_nn *net, int layer, float *gradients, rpm_control *control, rpm_status *status)
{
	const nn_layer *l = &net->model->layers[layer];
	nn_call		call = {.layer = l, .out_shape = net->shapes[layer], .training = net->options.training, .control = control,
	.status = status};

	for (int k = 0; k < l->input_count; k++)
		call.in_shape[k] = net->shapes[l->inputs[k]];
	for (int t = 0; t < l->tensor_count; t++)
	{
		int64_t		offset = net->model->tensors[l->first_tensor + t].offset;

		call.tensor[t] = net->weights + offset;
		call.tensor_gradient[t] = gradients != NULL ? gradients + offset : NULL;
	}
	call.saved = (float *) (net->arena + net->saved[layer].offset);
	call.draw = nn_draw(net, layer);
	return call;
}
