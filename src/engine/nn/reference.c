/* reference.c: the plain C back end: every layer by its function in kinds.c, on plain arrays (net.h). */
#include "nn/reference.h"

#include "nn/net.h"

static rpm_code prepare(rpm_nn *net, rpm_status *status);
static rpm_code nothing(rpm_nn *net, rpm_status *status);
static void none(rpm_nn *net);
static rpm_code forward(rpm_nn *net, int step, rpm_control *control, rpm_status *status);
static rpm_code backward(rpm_nn *net, int step, float *gradients, rpm_control *control, rpm_status *status);
static rpm_code read_value(rpm_nn *net, int layer, bool gradient, float *plain, rpm_status *status);
static rpm_code add_gradient(rpm_nn *net, int layer, const float *plain, rpm_status *status);
static float *begun_gradient(rpm_nn *net, int layer);

const nn_backend nn_reference_backend = {
	.prepare = prepare, .bind = nothing, .release = none, .weights_changed = none, .begin = nothing, .end = none, .forward = forward,
	.backward = backward, .read = read_value, .add_gradient = add_gradient
};

static rpm_code
prepare(rpm_nn *net, rpm_status *status)
{
	(void) status;
	for (int i = 0; i < net->model->layer_count; i++)
	{
		const nn_layer *layer = &net->model->layers[i];

		if (layer->input_count == 0)
			continue;
		net->steps[net->step_count++] = (nn_step) {i, i};
		net->value_bytes[i] = sizeof(float) * (size_t) nn_elements(&net->shapes[i]);
		if (net->options.training)
			net->saved_bytes[i] = sizeof(float) * (size_t) layer->kind->saved_per_channel * (size_t) layer->channels;
	}
	return RPM_OK;
}

static rpm_code
nothing(rpm_nn *net, rpm_status *status)
{
	(void) net;
	(void) status;
	return RPM_OK;
}

static void
none(rpm_nn *net)
{
	(void) net;
}

static rpm_code
forward(rpm_nn *net, int step, rpm_control *control, rpm_status *status)
{
	int			layer = net->steps[step].layer;
	nn_call		call = nn_call_of(net, layer, NULL, control, status);

	for (int k = 0; k < call.layer->input_count; k++)
		call.in[k] = nn_value(net, call.layer->inputs[k]);
	call.out = nn_value(net, layer);
	return call.layer->kind->forward(&call);
}

static rpm_code
backward(rpm_nn *net, int step, float *gradients, rpm_control *control, rpm_status *status)
{
	int			layer = net->steps[step].layer;
	nn_call		call = nn_call_of(net, layer, gradients, control, status);

	for (int k = 0; k < call.layer->input_count; k++)
	{
		call.in[k] = nn_value(net, call.layer->inputs[k]);
		if (nn_wants_gradient(net, call.layer->inputs[k]))
			call.in_gradient[k] = begun_gradient(net, call.layer->inputs[k]);
	}
	call.out = nn_value(net, layer);
	call.out_gradient = nn_gradient(net, layer);
	return call.layer->kind->backward(&call);
}

/* The gradient of a value, zero when first met. */
static float *
begun_gradient(rpm_nn *net, int layer)
{
	float	   *gradient = nn_gradient(net, layer);

	if (!net->gradient_begun[layer])
		memset(gradient, 0, sizeof(float) * (size_t) nn_elements(&net->shapes[layer]));
	net->gradient_begun[layer] = true;
	return gradient;
}

static rpm_code
read_value(rpm_nn *net, int layer, bool gradient, float *plain, rpm_status *status)
{
	(void) status;
	memcpy(plain, gradient ? nn_gradient(net, layer) : nn_value(net, layer), sizeof(float) * (size_t) nn_elements(&net->shapes[layer]));
	return RPM_OK;
}

static rpm_code
add_gradient(rpm_nn *net, int layer, const float *plain, rpm_status *status)
{
	float	   *gradient = begun_gradient(net, layer);

	(void) status;
	for (int64_t i = 0; i < nn_elements(&net->shapes[layer]); i++)
		gradient[i] += plain[i];
	return RPM_OK;
}
