/* train.cu: a trainer whose weights, gradients and moments lie on the device (nn_cuda.h). */
#include "nn/nn_cuda.h"

#include <math.h>

#include "nn/loss.h"

/* Loss scaling as PyTorch's GradScaler: half at an overflow, twice after so many steps without one. */
#define SCALE_STEPS 2000
#define SCALE_LEAST 1.0
#define SCALE_MOST 16777216.0

static rpm_code loss(rpm_nn *net, const nn_loss_call *call, double *value, rpm_status *status);
static rpm_code step(rpm_nn *net, const nn_adamw_call *call, bool *made, double *norm, rpm_status *status);
static void forget(rpm_nn *net);
static rpm_code exchange(rpm_nn *net, nn_array array, bool to_backend, float *values, rpm_status *status);
static void scaling(rpm_nn *net, bool set, double *scale, int64_t *steps);

const nn_backend_trainer cu_trainer = {loss, step, forget, exchange, scaling};

/* Target and mask. */
size_t
cu_loss_scratch(const rpm_nn *net)
{
	return net->options.training ? 5 * (size_t) nn_elements(&net->shapes[net->model->outputs[0]]) + 4096 : 0;
}

/* Sums of CU_LOSS_SUMS threads, in their order. */
static rpm_code
add_up(cu_net *own, double *sum, rpm_status *status)
{
	double		sums[CU_LOSS_SUMS];
	cudaError_t error = cudaGetLastError();

	if (error == cudaSuccess)
		error = cudaMemcpy(sums, own->sums, sizeof(sums), cudaMemcpyDeviceToHost);
	if (error != cudaSuccess)
		return cu_failure(own->device, error, "training a network", status);
	*sum = 0;
	for (int i = 0; i < CU_LOSS_SUMS; i++)
		*sum += sums[i];
	return RPM_OK;
}

static rpm_code
loss(rpm_nn *net, const nn_loss_call *given, double *value, rpm_status *status)
{
	cu_net	   *own = (cu_net *) net->own;
	int			output = net->model->outputs[0];
	cu_call		call;
	size_t		count;
	char	   *at;
	float	   *target;
	uint8_t    *mask = NULL;
	cudaError_t error;

	cu_call_begin(net, output, NULL, status, &call);
	call.out_gradient = nn_gradient(net, output);
	count = (size_t) (given->kind == RPM_NN_GAUSSIAN ? call.rows : call.count);
	at = call.scratch;
	target = (float *) cu_carve(&at, sizeof(float) * count);
	error = cudaMemcpy(target, given->target, sizeof(float) * count, cudaMemcpyHostToDevice);
	if (error == cudaSuccess && given->mask != NULL)
	{
		mask = (uint8_t *) cu_carve(&at, count);
		error = cudaMemcpy(mask, given->mask, count, cudaMemcpyHostToDevice);
	}
	if (error != cudaSuccess)
		return cu_failure(own->device, error, "copying a target", status);
	cu_loss(&call, given, target, mask, own->scale, own->sums);
	net->gradient_begun[output] = true;
	if (add_up(own, value, status) == RPM_OK)
		*value /= (double) given->known;
	return status->code;
}

static rpm_code
find_norm(rpm_nn *net, double factor, double *norm, rpm_status *status)
{
	const rpm_nn_model *model = net->model;
	cu_net	   *own = (cu_net *) net->own;
	cudaError_t error = cudaMemset(own->sums, 0, sizeof(double) * CU_LOSS_SUMS);

	if (error != cudaSuccess)
		return cu_failure(own->device, error, "finding a norm", status);
	for (int t = 0; t < model->tensor_count; t++)
		if (model->tensors[t].use == RPM_NN_TRAINED)
			cu_squares(own, model->tensors[t].offset, model->tensors[t].count, own->sums);
	if (add_up(own, norm, status) == RPM_OK)
		*norm = factor * sqrt(*norm);
	return status->code;
}

/* An overflow: the next batches are scaled less; below the least it is no overflow, but a gradient that is no number. */
static void
scale_less(cu_net *own, double *norm)
{
	if (own->precision != RPM_NN_HALF || own->scale <= SCALE_LEAST)
	{
		*norm = NAN;
		return;
	}
	*norm = INFINITY;
	own->scale /= 2;
	own->steps_of_scale = 0;
}

static rpm_code
step(rpm_nn *net, const nn_adamw_call *call, bool *made, double *norm, rpm_status *status)
{
	const rpm_nn_model *model = net->model;
	cu_net	   *own = (cu_net *) net->own;
	double		factor = 1 / (own->scale * (double) call->batches);
	cudaError_t error = cudaSetDevice(own->device);

	*made = false;
	if (error != cudaSuccess)
		return cu_failure(own->device, error, "taking the device", status);
	if (find_norm(net, factor, norm, status) != RPM_OK)
		return status->code;
	if (!isfinite(*norm))
	{
		scale_less(own, norm);
		return RPM_OK;
	}
	/* The constant is torch's. */
	if (call->clip > 0 && call->clip / (*norm + 1e-6) < 1)
		factor *= call->clip / (*norm + 1e-6);
	for (int t = 0; t < model->tensor_count; t++)
		if (model->tensors[t].use == RPM_NN_TRAINED)
			cu_adamw(own, call, (float) factor, model->tensors[t].offset, model->tensors[t].count);
	error = cudaDeviceSynchronize();
	if (error != cudaSuccess)
		return cu_failure(own->device, error, "training a network", status);
	*made = own->newer = true;
	own->queued = 0;
	if (own->precision == RPM_NN_HALF && ++own->steps_of_scale >= SCALE_STEPS && own->scale < SCALE_MOST)
	{
		own->scale *= 2;
		own->steps_of_scale = 0;
	}
	return RPM_OK;
}

static void
forget(rpm_nn *net)
{
	cu_net	   *own = (cu_net *) net->own;

	/* A device that is lost says so at its next use. */
	if (cudaSetDevice(own->device) == cudaSuccess)
		cudaMemset(own->gradients, 0, sizeof(float) * (size_t) net->model->weight_count);
	cudaGetLastError();
}

static rpm_code
exchange(rpm_nn *net, nn_array array, bool to_backend, float *values, rpm_status *status)
{
	cu_net	   *own = (cu_net *) net->own;
	float	   *const arrays[] = {own->weights, own->first, own->second, own->gradients};
	size_t		bytes = sizeof(float) * (size_t) net->model->weight_count;
	cudaError_t error = cudaSetDevice(own->device);

	/* Before the first batch the caller's weights are the ones that count. */
	if (array == NN_ARRAY_WEIGHTS && !to_backend && !own->fresh)
		return RPM_OK;
	if (error == cudaSuccess)
		error = to_backend ? cudaMemcpy(arrays[array], values, bytes, cudaMemcpyHostToDevice) :
			cudaMemcpy(values, arrays[array], bytes, cudaMemcpyDeviceToHost);
	return error == cudaSuccess ? RPM_OK : cu_failure(own->device, error, "copying weights", status);
}

static void
scaling(rpm_nn *net, bool set, double *scale, int64_t *steps)
{
	cu_net	   *own = (cu_net *) net->own;

	if (!set)
	{
		*scale = own->scale;
		*steps = own->steps_of_scale;
	}
	else if (own->precision == RPM_NN_HALF)
	{
		own->scale = *scale;
		own->steps_of_scale = *steps;
	}
}
