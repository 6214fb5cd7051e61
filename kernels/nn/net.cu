/* net.cu: a net planned for the device, its one block of memory, and the module's entry (nn_cuda.h). */
#include <stdlib.h>

#include "nn/nn_cuda.h"

/* Left free on the device for the driver, the libraries and others. */
#define SPARE_BYTES ((size_t) 64 << 20)

extern "C" __attribute__((visibility("default"))) const void *rpm_nn_cuda_library(const char *version);

static rpm_code prepare(rpm_nn *net, rpm_status *status);
static rpm_code bind(rpm_nn *net, rpm_status *status);
static void release(rpm_nn *net);
static void weights_changed(rpm_nn *net);
static rpm_code begin(rpm_nn *net, rpm_status *status);
static void end(rpm_nn *net);

static const nn_backend cuda_backend = {
	prepare, bind, release, weights_changed, begin, end, cu_forward, cu_backward, cu_read, cu_add_gradient, cu_check_device, cu_collect, &cu_trainer
};

const void *
rpm_nn_cuda_library(const char *version)
{
	return strcmp(version, RPM_NN_LIBRARY_VERSION) == 0 ? &cuda_backend : NULL;
}

static void
at_least(size_t *bytes, size_t needed)
{
	*bytes = *bytes > needed ? *bytes : needed;
}

/* Memory of one layer, and how its convolution goes. */
static rpm_code
plan_layer(rpm_nn *net, int layer, rpm_status *status)
{
	cu_net	   *own = (cu_net *) net->own;
	const nn_layer *l = &net->model->layers[layer];
	nn_code		code = l->kind->code;
	size_t		scratch = 0;

	if (code == NN_INDEX)
		return RPM_OK;
	net->steps[net->step_count].layer = net->steps[net->step_count].output = layer;
	net->step_count++;
	net->value_bytes[layer] = own->number * (size_t) nn_elements(&net->shapes[layer]);
	if (code == NN_INPUT || l->is_output)
		scratch = sizeof(float) * (size_t) nn_elements(&net->shapes[layer]);
	at_least(&net->scratch_bytes, scratch);
	at_least(&own->sum_count, cu_sum_count(net, layer));
	if (code == NN_CONV || code == NN_LINEAR || code == NN_DECONV)
		cu_conv_plan(net, layer, &scratch, status);
	else if (code == NN_ATTENTION)
		scratch = cu_attention_scratch(net, layer, own->number);
	else if (code == NN_BATCH_NORM || code == NN_LAYER_NORM || code == NN_GROUP_NORM)
		scratch = cu_norm_scratch(net, layer);
	else if (code == NN_EMBEDDING || code == NN_GATHER || code == NN_SEGMENT_SUM)
		net->saved_bytes[layer] = cu_rows_bytes(net, layer);
	if (code == NN_BATCH_NORM && net->options.training)
		net->saved_bytes[layer] = 2 * sizeof(float) * (size_t) l->channels;
	at_least(&net->scratch_bytes, scratch + 4096);
	return status->code;
}

static rpm_code
prepare(rpm_nn *net, rpm_status *status)
{
	int			layers = net->model->layer_count;
	cu_net	   *own = (cu_net *) calloc(1, sizeof(cu_net));

	net->own = own;
	if (own == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	own->device = net->options.device;
	own->precision = net->options.precision;
	own->number = own->precision == RPM_NN_SINGLE ? 4 : 2;
	own->scale = own->precision == RPM_NN_HALF ? 65536 : 1;
	own->convs = (cu_conv *) calloc((size_t) layers, sizeof(cu_conv));
	if (own->convs == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (cu_handles(own->device, &own->cudnn, &own->cublas, status) != RPM_OK)
		return status->code;
	for (int i = 0; i < layers && status->code == RPM_OK; i++)
		plan_layer(net, i, status);
	at_least(&net->scratch_bytes, cu_loss_scratch(net));
	/* Gradients pass through main memory (cu_collect). */
	net->own_bytes = sizeof(cu_net) + sizeof(cu_conv) * (size_t) layers +
		(net->options.training ? sizeof(float) * (size_t) net->model->weight_count : 0);
	return status->code;
}

/* Lays the block out from `at` on; returns its end. */
static char *
lay_out(rpm_nn *net, char *at)
{
	cu_net	   *own = (cu_net *) net->own;
	size_t		weights = sizeof(float) * ((size_t) net->model->weight_count + 1);

	net->arena = (char *) cu_carve(&at, net->arena_bytes);
	net->scratch = (char *) cu_carve(&at, net->scratch_bytes);
	own->weights = (float *) cu_carve(&at, weights);
	own->copies = (char *) cu_carve(&at, own->number * own->copy_count);
	own->workspace = (char *) cu_carve(&at, own->workspace_bytes);
	own->sums = (double *) cu_carve(&at, sizeof(double) * own->sum_count);
	if (!net->options.training)
		return at;
	own->gradients = (float *) cu_carve(&at, weights);
	if (!net->steps_inside)
		return at;
	own->first = (float *) cu_carve(&at, weights);
	own->second = (float *) cu_carve(&at, weights);
	return at;
}

static rpm_code
take_block(rpm_nn *net, rpm_status *status)
{
	cu_net	   *own = (cu_net *) net->own;
	size_t		free_bytes,
				total_bytes,
				allowed;
	cudaError_t error = cudaMemGetInfo(&free_bytes, &total_bytes);

	if (error != cudaSuccess)
		return cu_failure(own->device, error, "asking for memory", status);
	allowed = free_bytes > SPARE_BYTES ? free_bytes - SPARE_BYTES : 0;
	if (net->options.device_memory_bytes > 0 && net->options.device_memory_bytes < allowed)
		allowed = net->options.device_memory_bytes;
	if (own->block_bytes > allowed)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Choose a smaller network, tile or batch, allow more of the device's memory, or run it on the CPU.",
						"the network would need %.0f MB on CUDA device %d for %s, %.0f MB are allowed and free", (double) own->block_bytes / 1048576.0,
						own->device, net->options.training ? "training" : "inference", (double) allowed / 1048576.0);
	error = cudaMalloc(&own->block, own->block_bytes);
	if (error != cudaSuccess)
	{
		own->block = NULL;
		return cu_failure(own->device, error, "taking memory for a network", status);
	}
	return RPM_OK;
}

static rpm_code
bind(rpm_nn *net, rpm_status *status)
{
	cu_net	   *own = (cu_net *) net->own;
	size_t		weights = sizeof(float) * ((size_t) net->model->weight_count + 1);
	cudaError_t error = cudaSetDevice(own->device);

	if (error != cudaSuccess)
		return cu_failure(own->device, error, "taking the device", status);
	own->block_bytes = (size_t) (lay_out(net, NULL) - (char *) NULL);
	net->arena = net->scratch = NULL;
	if (take_block(net, status) != RPM_OK)
		return status->code;
	net->device_bytes = own->block_bytes;
	lay_out(net, own->block);
	if (own->gradients != NULL)
		error = cudaMemset(own->gradients, 0, weights);
	if (error == cudaSuccess && own->first != NULL)
		error = cudaMemset(own->first, 0, weights);
	if (error == cudaSuccess && own->second != NULL)
		error = cudaMemset(own->second, 0, weights);
	return error == cudaSuccess ? RPM_OK : cu_failure(own->device, error, "clearing memory", status);
}

/* Without an error where the device is lost. */
static void
release(rpm_nn *net)
{
	cu_net	   *own = (cu_net *) net->own;

	if (own == NULL)
		return;
	if (own->convs != NULL)
		for (int i = 0; i < net->model->layer_count; i++)
			cu_conv_free(&own->convs[i]);
	if (own->block != NULL)
	{
		cudaSetDevice(own->device);
		cudaFree(own->block);
		cudaGetLastError();
	}
	free(own->convs);
	free(own);
	net->arena = net->scratch = NULL;
}

static void
weights_changed(rpm_nn *net)
{
	((cu_net *) net->own)->fresh = false;
}

static rpm_code
begin(rpm_nn *net, rpm_status *status)
{
	cu_net	   *own = (cu_net *) net->own;
	cudaError_t error = cudaSetDevice(own->device);

	if (error != cudaSuccess)
		return cu_failure(own->device, error, "taking the device", status);
	/* Backward takes the weights that forward took. */
	return net->forwarded ? RPM_OK : cu_bring_weights(net, status);
}

static void
end(rpm_nn *net)
{
	(void) net;
}
