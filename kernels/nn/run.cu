/* run.cu: a net's layers one by one on the device, and what goes to and fro (nn_cuda.h). */
#include <stdlib.h>

#include "nn/nn_cuda.h"

/* Multiplications asked for before the device is waited for, so that a stop is answered soon: a tenth of a second where it makes 2 TFLOP/s. */
#define QUEUE ((double) 1e11)

static rpm_code
copy(const cu_call *call, void *to, const void *from, size_t bytes, cudaMemcpyKind kind, const char *what)
{
	cudaError_t error = cudaMemcpy(to, from, bytes, kind);

	return error == cudaSuccess ? RPM_OK : cu_failure(call->own->device, error, what, call->status);
}

void
cu_call_begin(rpm_nn *net, int layer, rpm_control *control, rpm_status *status, cu_call *call)
{
	cu_net	   *own = (cu_net *) net->own;
	const nn_layer *l = &net->model->layers[layer];

	memset(call, 0, sizeof(*call));
	call->net = net;
	call->own = own;
	call->layer = l;
	call->number = layer;
	call->precision = own->precision;
	call->out_shape = net->shapes[layer];
	call->cells = call->out_shape.h * call->out_shape.w;
	call->rows = call->out_shape.n * call->cells;
	call->count = nn_elements(&call->out_shape);
	for (int k = 0; k < l->input_count; k++)
	{
		call->in_shape[k] = net->shapes[l->inputs[k]];
		call->in[k] = net->model->layers[l->inputs[k]].kind->code != NN_INDEX ? cu_value(net, l->inputs[k]) : NULL;
	}
	call->out = cu_value(net, layer);
	for (int t = 0; t < l->tensor_count; t++)
	{
		int64_t		offset = net->model->tensors[l->first_tensor + t].offset;

		call->tensor[t] = own->weights + offset;
		call->tensor_gradient[t] = own->gradients != NULL ? own->gradients + offset : NULL;
	}
	call->saved = (float *) (net->arena + net->saved[layer].offset);
	call->scratch = net->scratch;
	call->control = control;
	call->status = status;
}

/* The caller's image into the net's order. */
static rpm_code
bring_input(cu_call *call)
{
	if (copy(call, call->scratch, call->net->inputs[call->number], sizeof(float) * (size_t) call->count, cudaMemcpyHostToDevice, "copying an input") == RPM_OK)
		cu_from_plain(call, (float *) call->scratch, call->out, &call->out_shape, 1, true);
	return call->status->code;
}

/* A batch norm's running values to the caller, where the weights are his. */
static rpm_code
return_running(cu_call *call)
{
	const rpm_nn_model *model = call->net->model;

	for (int t = 2; t < call->layer->tensor_count; t++)
	{
		const rpm_nn_tensor_info *tensor = &model->tensors[call->layer->first_tensor + t];

		if (copy(call, call->net->weights + tensor->offset, call->tensor[t], sizeof(float) * (size_t) tensor->count, cudaMemcpyDeviceToHost,
				 "copying running values") != RPM_OK)
			break;
	}
	return call->status->code;
}

/* Waits where much is asked for. */
static rpm_code
settle(cu_call *call)
{
	cudaError_t error;

	if (cu_launched(call) != RPM_OK || call->own->queued < QUEUE)
		return call->status->code;
	call->own->queued = 0;
	error = cudaDeviceSynchronize();
	return error == cudaSuccess ? RPM_OK : cu_failure(call->own->device, error, "running a network", call->status);
}

rpm_code
cu_forward(rpm_nn *net, int step, rpm_control *control, rpm_status *status)
{
	cu_call		call;

	cu_call_begin(net, net->steps[step].layer, control, status, &call);
	switch (call.layer->kind->code)
	{
		case NN_INPUT:
			bring_input(&call);
			break;
		case NN_CONV:
		case NN_LINEAR:
		case NN_DECONV:
			cu_conv_forward(&call);
			break;
		case NN_BATCH_NORM:
		case NN_LAYER_NORM:
		case NN_GROUP_NORM:
			if (cu_norm_forward(&call) == RPM_OK && net->options.training && !net->steps_inside && call.layer->kind->code == NN_BATCH_NORM)
				return_running(&call);
			break;
		case NN_EMBEDDING:
		case NN_GATHER:
		case NN_SEGMENT_SUM:
			cu_rows_forward(&call);
			break;
		case NN_MAX_POOL:
		case NN_AVG_POOL:
		case NN_MEAN:
		case NN_UPSAMPLE:
			cu_spatial_forward(&call);
			break;
		case NN_ATTENTION:
			cu_attention_forward(&call);
			break;
		default:
			cu_pointwise_forward(&call);
	}
	return status->code == RPM_OK ? settle(&call) : status->code;
}

rpm_code
cu_backward(rpm_nn *net, int step, float *gradients, rpm_control *control, rpm_status *status)
{
	cu_call		call;

	(void) gradients;
	cu_call_begin(net, net->steps[step].layer, control, status, &call);
	call.out_gradient = nn_gradient(net, call.number);
	for (int k = 0; k < call.layer->input_count; k++)
	{
		int			input = call.layer->inputs[k];

		/* The last of segment_sum's says how many rows there are. */
		if (!nn_wants_gradient(net, input) || (call.layer->kind->code == NN_SEGMENT_SUM && k > 0))
			continue;
		call.in_gradient[k] = nn_gradient(net, input);
		/* The same input twice is written once. */
		call.fresh[k] = !net->gradient_begun[input];
		net->gradient_begun[input] = true;
	}
	switch (call.layer->kind->code)
	{
		case NN_INPUT:
			break;
		case NN_CONV:
		case NN_LINEAR:
		case NN_DECONV:
			cu_conv_backward(&call);
			break;
		case NN_BATCH_NORM:
		case NN_LAYER_NORM:
		case NN_GROUP_NORM:
			cu_norm_backward(&call);
			break;
		case NN_EMBEDDING:
		case NN_GATHER:
		case NN_SEGMENT_SUM:
			cu_rows_backward(&call);
			break;
		case NN_MAX_POOL:
		case NN_AVG_POOL:
		case NN_MEAN:
		case NN_UPSAMPLE:
			cu_spatial_backward(&call);
			break;
		case NN_ATTENTION:
			cu_attention_backward(&call);
			break;
		default:
			cu_pointwise_backward(&call);
	}
	return status->code == RPM_OK ? settle(&call) : status->code;
}

rpm_code
cu_read(rpm_nn *net, int layer, bool gradient, float *plain, rpm_status *status)
{
	cu_call		call;
	cudaError_t error = cudaSetDevice(((cu_net *) net->own)->device);

	cu_call_begin(net, layer, NULL, status, &call);
	if (error != cudaSuccess)
		return cu_failure(call.own->device, error, "reading a value", status);
	cu_to_plain(&call, gradient ? nn_gradient(net, layer) : call.out, (float *) call.scratch, &call.out_shape, 1);
	if (cu_launched(&call) == RPM_OK)
		copy(&call, plain, call.scratch, sizeof(float) * (size_t) call.count, cudaMemcpyDeviceToHost, "copying a value");
	return status->code;
}

rpm_code
cu_add_gradient(rpm_nn *net, int layer, const float *plain, rpm_status *status)
{
	cu_call		call;

	cu_call_begin(net, layer, NULL, status, &call);
	if (copy(&call, call.scratch, plain, sizeof(float) * (size_t) call.count, cudaMemcpyHostToDevice, "copying a gradient") != RPM_OK)
		return status->code;
	cu_from_plain(&call, (float *) call.scratch, nn_gradient(net, layer), &call.out_shape, 1, !net->gradient_begun[layer]);
	net->gradient_begun[layer] = true;
	return cu_launched(&call);
}

rpm_code
cu_collect(rpm_nn *net, float *gradients, rpm_status *status)
{
	const rpm_nn_model *model = net->model;
	cu_net	   *own = (cu_net *) net->own;
	size_t		bytes = sizeof(float) * (size_t) model->weight_count;
	float	   *passed = (float *) malloc(bytes + 1);
	cudaError_t error;

	if (passed == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	error = cudaMemcpy(passed, own->gradients, bytes, cudaMemcpyDeviceToHost);
	if (error == cudaSuccess)
		error = cudaMemset(own->gradients, 0, bytes);
	if (error != cudaSuccess)
		cu_failure(own->device, error, "copying gradients", status);
	for (int t = 0; t < model->tensor_count && status->code == RPM_OK; t++)
		for (int64_t i = 0; i < model->tensors[t].count && model->tensors[t].use == RPM_NN_TRAINED; i++)
			gradients[model->tensors[t].offset + i] += passed[model->tensors[t].offset + i];
	free(passed);
	return status->code;
}

rpm_code
cu_bring_weights(rpm_nn *net, rpm_status *status)
{
	cu_net	   *own = (cu_net *) net->own;
	bool		brings = !own->fresh || (net->options.training && !net->steps_inside);
	cudaError_t error = cudaSuccess;

	if (brings)
		error = cudaMemcpy(own->weights, net->weights, sizeof(float) * (size_t) net->model->weight_count, cudaMemcpyHostToDevice);
	if (error != cudaSuccess)
		return cu_failure(own->device, error, "copying weights", status);
	for (int i = 0; i < net->model->layer_count && (brings || own->newer); i++)
		if (own->convs[i].planned)
			cu_copy_weights(own, &own->convs[i], own->weights + net->model->tensors[net->model->layers[i].first_tensor].offset);
	own->fresh = true;
	own->newer = false;
	return RPM_OK;
}
