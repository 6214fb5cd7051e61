/* onednn_run.c: runs the steps of a net on oneDNN (onednn.h). */
#ifdef RPM_HAVE_DNNL

#include <math.h>
#include <stdlib.h>

#include "nn/onednn.h"
#include "nn/reference.h"

static rpm_code run(nn_op *op, void *const *arrays, void *scratch, const nn_layer *layer, rpm_status *status);
static rpm_code conv_forward(rpm_nn *net, dn_step *step, nn_call *call, float *out);
static rpm_code conv_backward(rpm_nn *net, dn_step *step, nn_call *call);
static rpm_code deconv_forward(rpm_nn *net, dn_step *step, nn_call *call);
static rpm_code deconv_backward(rpm_nn *net, dn_step *step, nn_call *call);
static rpm_code batch_norm_backward(rpm_nn *net, dn_step *step, nn_call *call);
static rpm_code op_backward(rpm_nn *net, dn_step *step, nn_call *call);
static rpm_code plain_forward(rpm_nn *net, nn_call *call);
static rpm_code plain_backward(rpm_nn *net, nn_call *call);
static void own_layer(rpm_nn *net, nn_call *call, nn_nhwc_function function);
static rpm_code direct_backward(rpm_nn *net, nn_call *call);
static float *gradient_target(rpm_nn *net, int input, char **at);
static void gradient_done(rpm_nn *net, int input, float *target);
static bool block_conv(rpm_nn *net, dn_step *step, int layer, float *aside, const rpm_control *control);
static bool fold_norm(rpm_nn *net, int norm, const nn_call *conv, int64_t each, float *shift, float *weights);
static void lay_down_affine(rpm_nn *net, dn_step *step, int layer);

rpm_code
dn_forward(rpm_nn *net, int number, rpm_control *control, rpm_status *status)
{
	dn		   *own = net->own;
	dn_step    *step = &own->steps[number];
	int			layer = net->steps[number].layer;
	nn_call		call = nn_call_of(net, layer, NULL, control, status);
	const nn_layer *l = call.layer;
	char	   *at = net->scratch;

	if (!own->fresh && !net->options.training && dn_block_weights(net, control, status) != RPM_OK)
		return status->code;
	for (int k = 0; k < l->input_count; k++)
		call.in[k] = dn_value(net, l->inputs[k]);
	call.out = dn_value(net, net->steps[number].output);
	switch (step->mode)
	{
		case DN_INPUT:
			nn_to_nhwc(net->inputs[layer], call.out, &net->shapes[layer], false, net->threads);
			return RPM_OK;
		case DN_CONV:
			return conv_forward(net, step, &call, call.out);
		case DN_DECONV:
			return deconv_forward(net, step, &call);
		case DN_BATCH_NORM:
			if (run(&step->op, (void *[]) {(void *) call.in[0], call.out, call.saved, call.saved + l->channels, call.tensor[0], call.tensor[1]},
					at, l, status) != RPM_OK)
				return status->code;
			nn_update_running(l, call.saved, call.saved + l->channels, call.out_shape.n * call.out_shape.h * call.out_shape.w, call.tensor);
			return RPM_OK;
		case DN_AFFINE:
			nn_affine(call.in[0], call.out, &call.out_shape, own->memory + step->shift, own->memory + step->shift + l->channels, net->threads);
			return RPM_OK;
		case DN_OP:
			return run(&step->op, (void *[]) {(void *) call.in[0], call.out, call.saved}, at, l, status);
		case DN_ATTENTION:
			return dn_attention_forward(step->attention, &call, at);
		case DN_OWN:
			own_layer(net, &call, nn_nhwc_forward(l->kind->code));
			return RPM_OK;
		case DN_DIRECT:
			return l->kind->forward(&call);
		default:
			return plain_forward(net, &call);
	}
}

rpm_code
dn_backward(rpm_nn *net, int number, float *gradients, rpm_control *control, rpm_status *status)
{
	dn		   *own = net->own;
	dn_step    *step = &own->steps[number];
	nn_call		call = nn_call_of(net, net->steps[number].layer, gradients, control, status);
	const nn_layer *l = call.layer;
	int			input = l->input_count > 0 ? l->inputs[0] : -1;

	for (int k = 0; k < l->input_count; k++)
	{
		call.in[k] = dn_value(net, l->inputs[k]);
		if (nn_wants_gradient(net, l->inputs[k]))
			call.in_gradient[k] = nn_gradient(net, l->inputs[k]);
	}
	call.out = dn_value(net, net->steps[number].output);
	call.out_gradient = nn_gradient(net, net->steps[number].output);
	switch (step->mode)
	{
		case DN_INPUT:
			return RPM_OK;
		case DN_CONV:
			return conv_backward(net, step, &call);
		case DN_DECONV:
			return deconv_backward(net, step, &call);
		case DN_BATCH_NORM:
			return batch_norm_backward(net, step, &call);
		case DN_OP:
			/* The library's way back from enlarging is slow in nhwc: ours is the same formula. */
			if (l->kind->code == NN_UPSAMPLE)
				own_layer(net, &call, nn_nhwc_backward(NN_UPSAMPLE));
			else if (call.in_gradient[0] != NULL)
				op_backward(net, step, &call);
			return status->code;
		case DN_ATTENTION:
			dn_attention_backward(step->attention, &call, !net->gradient_begun[input], net->scratch);
			net->gradient_begun[input] |= call.in_gradient[0] != NULL;
			return status->code;
		case DN_OWN:
			own_layer(net, &call, nn_nhwc_backward(l->kind->code));
			return RPM_OK;
		case DN_DIRECT:
			return direct_backward(net, &call);
		default:
			return plain_backward(net, &call);
	}
}

static rpm_code
run(nn_op *op, void *const *arrays, void *scratch, const nn_layer *layer, rpm_status *status)
{
	if (!nn_op_run(op, arrays, scratch))
		return rpm_fail(status, RPM_INTERNAL, "Take the plain back end.", "oneDNN could not run layer \"%s\" (line %d)", layer->name,
						layer->line);
	return RPM_OK;
}

/* Inference has its weights blocked once; training blocks them anew, as each step changes them. */
static rpm_code
conv_forward(rpm_nn *net, dn_step *step, nn_call *call, float *out)
{
	dn		   *own = net->own;
	nn_pass    *pass = &step->forward;
	char	   *at = net->scratch;
	nn_pass_arrays arrays = {.larger = (float *) call->in[0], .smaller = out, .scratch = dn_carve(&at, pass->scratch_bytes)};

	if (net->options.training)
	{
		arrays.blocked = dn_carve(&at, pass->weight_bytes);
		arrays.bias = call->tensor[1];
		if (!nn_pass_block(pass, call->tensor[0], arrays.blocked, arrays.scratch, call->control))
			return rpm_fail(call->status, RPM_INTERNAL, NULL, "oneDNN could not reorder weights");
	}
	else
	{
		arrays.blocked = own->memory + step->blocked;
		arrays.bias = own->memory + step->shift;
	}
	return nn_pass_run(pass, &arrays, call->control, call->status);
}

static rpm_code
conv_backward(rpm_nn *net, dn_step *step, nn_call *call)
{
	int			input = call->layer->inputs[0];
	char	   *at = net->scratch;
	nn_pass_arrays arrays = {.larger = (float *) call->in[0], .smaller = (float *) call->out_gradient,
	.plain_gradient = call->tensor_gradient[0], .bias_gradient = call->tensor_gradient[1]};
	size_t		scratch = step->data.scratch_bytes > step->weights.scratch_bytes ? step->data.scratch_bytes : step->weights.scratch_bytes,
				weights = step->data.weight_bytes > step->weights.weight_bytes ? step->data.weight_bytes : step->weights.weight_bytes;

	arrays.scratch = dn_carve(&at, scratch);
	arrays.blocked = dn_carve(&at, weights);
	arrays.bias = dn_carve(&at, sizeof(float) * (size_t) call->layer->channels);
	if (nn_pass_run(&step->weights, &arrays, call->control, call->status) != RPM_OK)
		return call->status->code;
	if (call->in_gradient[0] == NULL)
		return RPM_OK;
	if (!nn_pass_block(&step->data, call->tensor[0], arrays.blocked, arrays.scratch, call->control))
		return rpm_fail(call->status, RPM_INTERNAL, NULL, "oneDNN could not reorder weights");
	arrays.larger = gradient_target(net, input, &at);
	if (nn_pass_run(&step->data, &arrays, call->control, call->status) == RPM_OK)
		gradient_done(net, input, arrays.larger);
	return call->status->code;
}

static rpm_code
deconv_forward(rpm_nn *net, dn_step *step, nn_call *call)
{
	nn_pass    *pass = &step->data;
	char	   *at = net->scratch;
	int64_t		cells = call->out_shape.n * call->out_shape.h * call->out_shape.w;
	nn_pass_arrays arrays = {.larger = call->out, .smaller = (float *) call->in[0], .scratch = dn_carve(&at, pass->scratch_bytes)};

	if (net->options.training)
	{
		arrays.blocked = dn_carve(&at, pass->weight_bytes);
		if (!nn_pass_block(pass, call->tensor[0], arrays.blocked, arrays.scratch, call->control))
			return rpm_fail(call->status, RPM_INTERNAL, NULL, "oneDNN could not reorder weights");
	}
	else
		arrays.blocked = ((dn *) net->own)->memory + step->blocked;
	if (nn_pass_run(pass, &arrays, call->control, call->status) != RPM_OK || call->layer->option[NN_BIAS] == 0)
		return call->status->code;
	for (int64_t i = 0; i < cells; i++)
		for (int64_t c = 0; c < call->out_shape.c; c++)
			call->out[i * call->out_shape.c + c] += call->tensor[1][c];
	return RPM_OK;
}

static rpm_code
deconv_backward(rpm_nn *net, dn_step *step, nn_call *call)
{
	int			input = call->layer->inputs[0];
	char	   *at = net->scratch;
	nn_pass_arrays arrays = {.larger = (float *) call->out_gradient, .smaller = (float *) call->in[0],
	.plain_gradient = call->tensor_gradient[0]};
	size_t		scratch = step->forward.scratch_bytes > step->weights.scratch_bytes ? step->forward.scratch_bytes : step->weights.scratch_bytes,
				weights = step->forward.weight_bytes > step->weights.weight_bytes ? step->forward.weight_bytes : step->weights.weight_bytes;

	arrays.scratch = dn_carve(&at, scratch);
	arrays.blocked = dn_carve(&at, weights);
	if (nn_pass_run(&step->weights, &arrays, call->control, call->status) != RPM_OK)
		return call->status->code;
	if (call->layer->option[NN_BIAS] != 0)
		nn_sum_cells(call->out_gradient, &call->out_shape, call->tensor_gradient[1], net->threads);
	if (call->in_gradient[0] == NULL)
		return RPM_OK;
	if (!nn_pass_block(&step->forward, call->tensor[0], arrays.blocked, arrays.scratch, call->control))
		return rpm_fail(call->status, RPM_INTERNAL, NULL, "oneDNN could not reorder weights");
	arrays.smaller = gradient_target(net, input, &at);
	if (nn_pass_run(&step->forward, &arrays, call->control, call->status) == RPM_OK)
		gradient_done(net, input, arrays.smaller);
	return call->status->code;
}

static rpm_code
batch_norm_backward(rpm_nn *net, dn_step *step, nn_call *call)
{
	int			input = call->layer->inputs[0];
	int64_t		channels = call->layer->channels;
	char	   *at = net->scratch;
	void	   *scratch = dn_carve(&at, step->back.scratch_bytes);
	float	   *scale = dn_carve(&at, sizeof(float) * (size_t) channels),
			   *shift = dn_carve(&at, sizeof(float) * (size_t) channels),
			   *target = call->in_gradient[0] != NULL ? gradient_target(net, input, &at) : dn_carve(&at, dn_value_bytes(net, input));

	if (run(&step->back, (void *[]) {(void *) call->in[0], call->saved, call->saved + channels, (void *) call->out_gradient, call->tensor[0],
			target, scale, shift, call->tensor[1]}, scratch, call->layer, call->status) != RPM_OK)
		return call->status->code;
	nn_add_into(scale, call->tensor_gradient[0], channels, 1);
	nn_add_into(shift, call->tensor_gradient[1], channels, 1);
	if (call->in_gradient[0] != NULL)
		gradient_done(net, input, target);
	return RPM_OK;
}

static rpm_code
op_backward(rpm_nn *net, dn_step *step, nn_call *call)
{
	int			input = call->layer->inputs[0];
	char	   *at = net->scratch;
	void	   *scratch = dn_carve(&at, step->back.scratch_bytes);
	float	   *target = gradient_target(net, input, &at);
	void	   *gradient = (void *) call->out_gradient;
	rpm_code	code;

	switch (call->layer->kind->code)
	{
		case NN_MAX_POOL:
		case NN_AVG_POOL:
			code = run(&step->back, (void *[]) {target, gradient, call->saved}, scratch, call->layer, call->status);
			break;
		default:
			code = run(&step->back, (void *[]) {(void *) call->in[0], gradient, target}, scratch, call->layer, call->status);
	}
	if (code == RPM_OK)
		gradient_done(net, input, target);
	return code;
}

/* Where a primitive that overwrites may write the gradient of an input: in its place, or aside where there is something already. */
static float *
gradient_target(rpm_nn *net, int input, char **at)
{
	return net->gradient_begun[input] ? dn_carve(at, dn_value_bytes(net, input)) : nn_gradient(net, input);
}

static void
gradient_done(rpm_nn *net, int input, float *target)
{
	if (net->gradient_begun[input])
		nn_add_into(target, nn_gradient(net, input), nn_elements(&net->shapes[input]), net->threads);
	net->gradient_begun[input] = true;
}

static void
own_layer(rpm_nn *net, nn_call *call, nn_nhwc_function function)
{
	nn_nhwc		at = {.call = call, .threads = net->threads, .scratch = (float *) net->scratch};

	for (int k = 0; k < call->layer->input_count; k++)
		at.fresh[k] = !net->gradient_begun[call->layer->inputs[k]];
	function(&at);
	for (int k = 0; k < call->layer->input_count; k++)
		net->gradient_begun[call->layer->inputs[k]] |= call->in_gradient[k] != NULL;
}

static rpm_code
direct_backward(rpm_nn *net, nn_call *call)
{
	for (int k = 0; k < call->layer->input_count; k++)
	{
		int			input = call->layer->inputs[k];

		if (call->in_gradient[k] != NULL && !net->gradient_begun[input])
		{
			memset(call->in_gradient[k], 0, dn_value_bytes(net, input));
			net->gradient_begun[input] = true;
		}
	}
	return call->layer->kind->backward(call);
}

/* Replaces the inputs of a call by plain copies. */
static void
plain_inputs(rpm_nn *net, nn_call *call, char **at)
{
	for (int k = 0; k < call->layer->input_count; k++)
		if (call->layer->kind->index_input != k)
		{
			float	   *plain = dn_carve(at, dn_value_bytes(net, call->layer->inputs[k]));

			nn_to_plain(call->in[k], plain, &call->in_shape[k], net->threads);
			call->in[k] = plain;
		}
}

static rpm_code
plain_forward(rpm_nn *net, nn_call *call)
{
	char	   *at = net->scratch;
	float	   *out = call->out;
	size_t		bytes = sizeof(float) * (size_t) nn_elements(&call->out_shape);

	plain_inputs(net, call, &at);
	call->out = dn_carve(&at, bytes);
	if (call->layer->kind->forward(call) == RPM_OK)
		nn_to_nhwc(call->out, out, &call->out_shape, false, net->threads);
	return call->status->code;
}

static rpm_code
plain_backward(rpm_nn *net, nn_call *call)
{
	char	   *at = net->scratch;
	const float *out_gradient = call->out_gradient;
	float	   *plain_out_gradient,
			   *plain_out;
	size_t		bytes = sizeof(float) * (size_t) nn_elements(&call->out_shape);

	plain_inputs(net, call, &at);
	plain_out = dn_carve(&at, bytes);
	plain_out_gradient = dn_carve(&at, bytes);
	nn_to_plain(call->out, plain_out, &call->out_shape, net->threads);
	nn_to_plain(out_gradient, plain_out_gradient, &call->out_shape, net->threads);
	call->out = plain_out;
	call->out_gradient = plain_out_gradient;
	for (int k = 0; k < call->layer->input_count; k++)
		if (call->in_gradient[k] != NULL)
		{
			call->in_gradient[k] = dn_carve(&at, dn_value_bytes(net, call->layer->inputs[k]));
			memset(call->in_gradient[k], 0, dn_value_bytes(net, call->layer->inputs[k]));
		}
	if (call->layer->kind->backward(call) != RPM_OK)
		return call->status->code;
	for (int k = 0; k < call->layer->input_count; k++)
	{
		int			input = call->layer->inputs[k];

		if (call->in_gradient[k] == NULL)
			continue;
		nn_to_nhwc(call->in_gradient[k], nn_gradient(net, input), &net->shapes[input], net->gradient_begun[input], net->threads);
		net->gradient_begun[input] = true;
	}
	return RPM_OK;
}

rpm_code
dn_read(rpm_nn *net, int layer, bool gradient, float *plain, rpm_status *status)
{
	(void) status;
	nn_to_plain(gradient ? nn_gradient(net, layer) : dn_value(net, layer), plain, &net->shapes[layer], net->threads);
	return RPM_OK;
}

rpm_code
dn_add_gradient(rpm_nn *net, int layer, const float *plain, rpm_status *status)
{
	(void) status;
	nn_to_nhwc(plain, nn_gradient(net, layer), &net->shapes[layer], net->gradient_begun[layer], net->threads);
	net->gradient_begun[layer] = true;
	return RPM_OK;
}

rpm_code
dn_block_weights(rpm_nn *net, const rpm_control *control, rpm_status *status)
{
	dn		   *own = net->own;
	int64_t		most = 1;
	float	   *aside;
	bool		good = true;

	/* Room for one layer's weights times a batch norm's scale. */
	for (int s = 0; s < net->step_count; s++)
		if (own->steps[s].norm >= 0)
		{
			int64_t		count = net->model->tensors[net->model->layers[net->steps[s].layer].first_tensor].count;

			most = count > most ? count : most;
		}
	aside = malloc(sizeof(float) * (size_t) most);
	if (aside == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory to lay the weights down");
	for (int s = 0; s < net->step_count && good && !rpm_stopped(control); s++)
	{
		dn_step    *step = &own->steps[s];

		if (step->mode == DN_CONV)
			good = block_conv(net, step, net->steps[s].layer, aside, control);
		else if (step->mode == DN_AFFINE)
			lay_down_affine(net, step, net->steps[s].layer);
		else if (step->mode == DN_DECONV)
			good = nn_pass_block(&step->data, nn_call_of(net, net->steps[s].layer, NULL, NULL, NULL).tensor[0], own->memory + step->blocked,
								 net->scratch, control);
	}
	free(aside);
	if (rpm_stopped(control))
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
	own->fresh = good;
	return good ? RPM_OK : rpm_fail(status, RPM_INTERNAL, NULL, "oneDNN could not reorder weights");
}

/* scale and shift that a batch norm in inference is. */
static void
norm_as_affine(const rpm_nn *net, int layer, float *scale, float *shift)
{
	nn_call		norm = nn_call_of(net, layer, NULL, NULL, NULL);

	for (int c = 0; c < norm.layer->channels; c++)
	{
		double		s = norm.tensor[0][c] / sqrt(norm.tensor[3][c] + norm.layer->option[NN_EPSILON]);

		scale[c] = (float) s;
		shift[c] = (float) (norm.tensor[1][c] - norm.tensor[2][c] * s);
	}
}

static void
lay_down_affine(rpm_nn *net, dn_step *step, int layer)
{
	float	   *to = ((dn *) net->own)->memory + step->shift;

	norm_as_affine(net, layer, to, to + net->model->layers[layer].channels);
}

static bool
block_conv(rpm_nn *net, dn_step *step, int layer, float *aside, const rpm_control *control)
{
	dn		   *own = net->own;
	nn_call		conv = nn_call_of(net, layer, NULL, NULL, NULL);
	const float *plain = conv.tensor[0];
	int64_t		channels = conv.layer->channels,
				each = net->model->tensors[conv.layer->first_tensor].count / channels;
	float	   *shift = own->memory + step->shift,
			   *wide = NULL;
	bool		good;

	if (step->norm < 0)
	{
		if (conv.layer->option[NN_BIAS] != 0)
			memcpy(shift, conv.tensor[1], sizeof(float) * (size_t) channels);
	}
	else
	{
		if (!fold_norm(net, step->norm, &conv, each, shift, aside))
			return false;
		plain = aside;
	}
	if (step->paired)
	{
		const nn_conv_shape *shape = &step->forward.whole;

		wide = malloc(sizeof(float) * (size_t) (shape->larger.c * shape->smaller.c * shape->kernel * shape->across));
		if (wide == NULL)
			return false;
		nn_conv_pair_weights(shape, conv.layer, nn_sliding_of(conv.layer, &conv.in_shape[0]).left, plain, wide);
		memcpy(shift + channels, shift, sizeof(float) * (size_t) channels);
		plain = wide;
	}
	good = nn_pass_block(&step->forward, plain, own->memory + step->blocked, net->scratch, control);
	free(wide);
	return good;
}

/* A convolution's weights times a batch norm's scale, and the shift of both. */
static bool
fold_norm(rpm_nn *net, int norm, const nn_call *conv, int64_t each, float *shift, float *weights)
{
	int64_t		channels = conv->layer->channels;
	float	   *scale = malloc(sizeof(float) * (size_t) channels);

	if (scale == NULL)
		return false;
	norm_as_affine(net, norm, scale, shift);
	for (int64_t c = 0; c < channels; c++)
	{
		if (conv->layer->option[NN_BIAS] != 0)
			shift[c] += conv->tensor[1][c] * scale[c];
		for (int64_t i = 0; i < each; i++)
			weights[c * each + i] = conv->tensor[0][c * each + i] * scale[c];
	}
	free(scale);
	return true;
}

#endif
