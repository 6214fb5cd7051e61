/*
 * conv.cu: convolution, transposed convolution and linear layers on the device (nn_cuda.h): which way each pass goes, and its run.
 *
 * Three passes serve both kinds (ref_conv.c): from the larger image to the smaller, its adjoint, and the gradient of the weights.
 */
#include <limits.h>

#include "nn/conv.h"

#define WORKSPACE_LIMIT ((size_t) 1 << 30)
#define ALGORITHMS 8

static void
shape_conv(const rpm_nn *net, int layer, cu_conv *conv)
{
	const nn_layer *l = &net->model->layers[layer];
	const rpm_nn_shape *in = &net->shapes[l->inputs[0]],
			   *out = &net->shapes[layer];
	bool		across = l->kind->code == NN_DECONV;
	nn_sliding *s = &conv->sliding;

	conv->planned = true;
	conv->larger = across ? *out : *in;
	conv->smaller = across ? *in : *out;
	*s = nn_sliding_of(l, &conv->larger);
	conv->groups = (int64_t) l->option[NN_GROUPS];
	conv->weight_count = conv->smaller.c * (conv->larger.c / conv->groups) * s->kernel * s->kernel;
	conv->pads = s->bottom != s->top || s->right != s->left;
	conv->padded = conv->larger;
	conv->padded.h += conv->pads ? s->bottom - s->top : 0;
	conv->padded.w += conv->pads ? s->right - s->left : 0;
	conv->product = !across && s->kernel == 1 && s->stride == 1 && s->top == 0 && s->left == 0 && conv->groups == 1;
}

static cudnnStatus_t
describe(const cu_net *own, cu_conv *conv)
{
	cudnnDataType_t type = own->precision == RPM_NN_HALF ? CUDNN_DATA_HALF : own->precision == RPM_NN_BFLOAT16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
	const rpm_nn_shape *larger = &conv->padded,
			   *smaller = &conv->smaller;
	const nn_sliding *s = &conv->sliding;
	cudnnStatus_t error = cudnnCreateTensorDescriptor(&conv->larger_tensor);

	if (error == CUDNN_STATUS_SUCCESS)
		error = cudnnCreateTensorDescriptor(&conv->smaller_tensor);
	if (error == CUDNN_STATUS_SUCCESS)
		error = cudnnCreateFilterDescriptor(&conv->filter);
	if (error == CUDNN_STATUS_SUCCESS)
		error = cudnnSetTensor4dDescriptor(conv->larger_tensor, CUDNN_TENSOR_NHWC, type, (int) larger->n, (int) larger->c, (int) larger->h, (int) larger->w);
	if (error == CUDNN_STATUS_SUCCESS)
		error = cudnnSetTensor4dDescriptor(conv->smaller_tensor, CUDNN_TENSOR_NHWC, type, (int) smaller->n, (int) smaller->c, (int) smaller->h,
										   (int) smaller->w);
	if (error == CUDNN_STATUS_SUCCESS)
		error = cudnnSetFilter4dDescriptor(conv->filter, type, CUDNN_TENSOR_NHWC, (int) smaller->c, (int) (larger->c / conv->groups), (int) s->kernel,
										   (int) s->kernel);
	for (int pass = 0; pass < 3 && error == CUDNN_STATUS_SUCCESS; pass++)
	{
		error = cudnnCreateConvolutionDescriptor(&conv->convolution[pass]);
		if (error == CUDNN_STATUS_SUCCESS)
			error = cudnnSetConvolution2dDescriptor(conv->convolution[pass], (int) s->top, (int) s->left, (int) s->stride, (int) s->stride, 1, 1,
													CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT);
		if (error == CUDNN_STATUS_SUCCESS)
			error = cudnnSetConvolutionGroupCount(conv->convolution[pass], (int) conv->groups);
		/* Single precision is that, not the ten bits of tensor cores. */
		if (error == CUDNN_STATUS_SUCCESS)
			error = cudnnSetConvolutionMathType(conv->convolution[pass], own->precision == RPM_NN_SINGLE ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH);
	}
	return error;
}

/* What a pass needs beside its arrays by the way that was chosen, with the arithmetic that was set. */
static cudnnStatus_t
ask_workspace(const cu_net *own, cu_conv *conv, int pass)
{
	size_t	   *bytes = &conv->workspace[pass];

	if (pass == CU_CORRELATE)
		return cudnnGetConvolutionForwardWorkspaceSize(own->cudnn, conv->larger_tensor, conv->filter, conv->convolution[pass], conv->smaller_tensor,
													   (cudnnConvolutionFwdAlgo_t) conv->algorithm[pass], bytes);
	if (pass == CU_SCATTER)
		return cudnnGetConvolutionBackwardDataWorkspaceSize(own->cudnn, conv->filter, conv->smaller_tensor, conv->convolution[pass], conv->larger_tensor,
															(cudnnConvolutionBwdDataAlgo_t) conv->algorithm[pass], bytes);
	return cudnnGetConvolutionBackwardFilterWorkspaceSize(own->cudnn, conv->larger_tensor, conv->smaller_tensor, conv->convolution[pass], conv->filter,
														  (cudnnConvolutionBwdFilterAlgo_t) conv->algorithm[pass], bytes);
}

/* The first that gives the same sums each time, else the first; false where there is none. */
template <typename P> static bool
choose(const cu_net *own, cu_conv *conv, int pass, const P *found, int count)
{
	for (int any = 0; any < 2; any++)
		for (int i = 0; i < count; i++)
		{
			cudnnMathType_t math = own->precision == RPM_NN_SINGLE ? CUDNN_FMA_MATH : found[i].mathType;

			if (found[i].status != CUDNN_STATUS_SUCCESS || (!any && found[i].determinism != CUDNN_DETERMINISTIC))
				continue;
			conv->algorithm[pass] = found[i].algo;
			if (cudnnSetConvolutionMathType(conv->convolution[pass], math) == CUDNN_STATUS_SUCCESS &&
				ask_workspace(own, conv, pass) == CUDNN_STATUS_SUCCESS && conv->workspace[pass] <= WORKSPACE_LIMIT)
				return true;
		}
	conv->workspace[pass] = 0;
	return false;
}

/* A pass for which cuDNN has nothing goes by our own kernel. */
static void
choose_passes(cu_net *own, cu_conv *conv, bool training)
{
	cudnnConvolutionFwdAlgoPerf_t correlate[ALGORITHMS];
	cudnnConvolutionBwdDataAlgoPerf_t scatter[ALGORITHMS];
	cudnnConvolutionBwdFilterAlgoPerf_t weights[ALGORITHMS];
	int			count = 0;

	conv->own[CU_CORRELATE] = cudnnGetConvolutionForwardAlgorithm_v7(own->cudnn, conv->larger_tensor, conv->filter, conv->convolution[CU_CORRELATE],
																	 conv->smaller_tensor, ALGORITHMS, &count, correlate) != CUDNN_STATUS_SUCCESS ||
		!choose(own, conv, CU_CORRELATE, correlate, count);
	count = 0;
	conv->own[CU_SCATTER] = cudnnGetConvolutionBackwardDataAlgorithm_v7(own->cudnn, conv->filter, conv->smaller_tensor, conv->convolution[CU_SCATTER],
																		conv->larger_tensor, ALGORITHMS, &count, scatter) != CUDNN_STATUS_SUCCESS ||
		!choose(own, conv, CU_SCATTER, scatter, count);
	count = 0;
	if (training)
		conv->own[CU_WEIGHTS] = cudnnGetConvolutionBackwardFilterAlgorithm_v7(own->cudnn, conv->larger_tensor, conv->smaller_tensor,
																			  conv->convolution[CU_WEIGHTS], conv->filter, ALGORITHMS, &count,
																			  weights) != CUDNN_STATUS_SUCCESS ||
			!choose(own, conv, CU_WEIGHTS, weights, count);
}

rpm_code
cu_conv_plan(rpm_nn *net, int layer, size_t *scratch, rpm_status *status)
{
	cu_net	   *own = (cu_net *) net->own;
	cu_conv    *conv = &own->convs[layer];
	cudnnStatus_t error;

	*scratch = 0;
	shape_conv(net, layer, conv);
	if (nn_elements(&conv->padded) > INT_MAX || nn_elements(&conv->smaller) > INT_MAX)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Give smaller inputs.", "line %d: layer \"%s\" has images of more than 2^31 numbers on a GPU",
						net->model->layers[layer].line, net->model->layers[layer].name);
	conv->copied = !conv->product || own->precision != RPM_NN_SINGLE;
	if (conv->copied)
	{
		conv->copy = own->copy_count;
		own->copy_count += ((size_t) conv->weight_count + 127) / 128 * 128;
	}
	if (conv->product)
		return RPM_OK;
	error = describe(own, conv);
	if (error != CUDNN_STATUS_SUCCESS)
		return cu_cudnn_failure(own->device, error, "describing a convolution", status);
	choose_passes(own, conv, net->options.training);
	for (int pass = 0; pass < 3; pass++)
		if (conv->workspace[pass] > own->workspace_bytes)
			own->workspace_bytes = conv->workspace[pass];
	if (conv->pads)
		*scratch += 2 * (own->number * (size_t) nn_elements(&conv->padded) + 256);
	if (net->options.training)
		*scratch += own->number * (size_t) conv->weight_count + 256 + sizeof(float) * (size_t) (conv->weight_count * cu_own_lanes(conv)) + 256;
	return RPM_OK;
}

void
cu_conv_free(cu_conv *conv)
{
	if (conv->larger_tensor != NULL)
		cudnnDestroyTensorDescriptor(conv->larger_tensor);
	if (conv->smaller_tensor != NULL)
		cudnnDestroyTensorDescriptor(conv->smaller_tensor);
	if (conv->filter != NULL)
		cudnnDestroyFilterDescriptor(conv->filter);
	for (int pass = 0; pass < 3; pass++)
		if (conv->convolution[pass] != NULL)
			cudnnDestroyConvolutionDescriptor(conv->convolution[pass]);
}

static cudnnStatus_t
run_cudnn(const cu_net *own, const cu_conv *conv, cu_pass pass, const cu_images *images)
{
	const float one = 1,
				keeps = images->adds ? 1 : 0;

	if (pass == CU_CORRELATE)
		return cudnnConvolutionForward(own->cudnn, &one, conv->larger_tensor, images->larger, conv->filter, images->weights, conv->convolution[pass],
									   (cudnnConvolutionFwdAlgo_t) conv->algorithm[pass], own->workspace, conv->workspace[pass], &keeps,
									   conv->smaller_tensor, images->smaller);
	if (pass == CU_SCATTER)
		return cudnnConvolutionBackwardData(own->cudnn, &one, conv->filter, images->weights, conv->smaller_tensor, images->smaller,
											conv->convolution[pass], (cudnnConvolutionBwdDataAlgo_t) conv->algorithm[pass], own->workspace,
											conv->workspace[pass], &keeps, conv->larger_tensor, images->larger);
	return cudnnConvolutionBackwardFilter(own->cudnn, &one, conv->larger_tensor, images->larger, conv->smaller_tensor, images->smaller,
										  conv->convolution[pass], (cudnnConvolutionBwdFilterAlgo_t) conv->algorithm[pass], own->workspace,
										  conv->workspace[pass], &keeps, conv->filter, images->weights);
}

/* One pass, by cuDNN or where it does not take it, now or at planning, by us. */
static rpm_code
run_pass(cu_call *call, cu_conv *conv, cu_pass pass, const cu_images *images)
{
	cudnnStatus_t error = CUDNN_STATUS_SUCCESS;

	call->own->queued += (double) (conv->smaller.n * conv->smaller.h * conv->smaller.w) * (double) conv->weight_count;
	if (!conv->own[pass])
		error = run_cudnn(call->own, conv, pass, images);
	if (error == CUDNN_STATUS_NOT_SUPPORTED)
		conv->own[pass] = true;
	else if (error != CUDNN_STATUS_SUCCESS)
		return cu_cudnn_failure(call->own->device, error, "running a convolution", call->status);
	if (conv->own[pass])
		cu_own_pass(call, conv, pass, images);
	return RPM_OK;
}

/* What convolutions multiply with: the copy, or where there is none the weights themselves. */
static char *
weights_of(const cu_call *call, const cu_conv *conv)
{
	return conv->copied ? call->own->copies + call->own->number * conv->copy : (char *) call->tensor[0];
}

/* From the larger image to the smaller one. */
static rpm_code
correlate(cu_call *call, cu_conv *conv, void *larger, void *smaller, bool adds)
{
	char	   *at = call->scratch;
	cu_images	images = {larger, smaller, weights_of(call, conv), NULL, adds};

	if (conv->pads)
	{
		images.larger = cu_carve(&at, call->own->number * (size_t) nn_elements(&conv->padded));
		cu_widen(call, conv, larger, images.larger);
	}
	return run_pass(call, conv, CU_CORRELATE, &images);
}

/* From the smaller image to the larger one. */
static rpm_code
scatter(cu_call *call, cu_conv *conv, void *smaller, void *larger, bool adds)
{
	char	   *at = call->scratch;
	cu_images	images = {larger, smaller, weights_of(call, conv), NULL, adds && !conv->pads};

	if (conv->pads)
		images.larger = cu_carve(&at, call->own->number * (size_t) nn_elements(&conv->padded));
	if (run_pass(call, conv, CU_SCATTER, &images) == RPM_OK && conv->pads)
		cu_narrow(call, conv, images.larger, larger, !adds);
	return call->status->code;
}

static rpm_code
find_weight_gradient(cu_call *call, cu_conv *conv, void *larger, void *smaller)
{
	char	   *at = call->scratch;
	cu_images	images = {larger, smaller, NULL, NULL, false};

	if (conv->pads)
	{
		images.larger = cu_carve(&at, call->own->number * (size_t) nn_elements(&conv->padded));
		cu_widen(call, conv, larger, images.larger);
	}
	images.weights = cu_carve(&at, call->own->number * (size_t) conv->weight_count);
	images.sums = (float *) cu_carve(&at, sizeof(float) * (size_t) (conv->weight_count * cu_own_lanes(conv)));
	if (run_pass(call, conv, CU_WEIGHTS, &images) == RPM_OK)
		cu_add_weight_gradient(call->own, conv, images.weights, call->tensor_gradient[0]);
	return call->status->code;
}

/* Rows are cells: out (rows, o) = in (rows, i) W (o, i)^T, of row-major matrices: cuBLAS sees each transposed. */
static rpm_code
product_forward(cu_call *call, const cu_conv *conv)
{
	cu_product	p = {};

	p.a_across = true;
	p.m = conv->smaller.c;
	p.n = call->rows;
	p.k = conv->larger.c;
	p.alpha = 1;
	p.a = weights_of(call, conv);
	p.b = call->in[0];
	p.c = call->out;
	p.a_side = p.b_side = p.k;
	p.c_side = p.m;
	return cu_multiply(call, &p);
}

static rpm_code
product_backward(cu_call *call, const cu_conv *conv)
{
	cu_product	p = {};

	/* W's gradient += out gradient^T in */
	p.b_across = true;
	p.m = conv->larger.c;
	p.n = conv->smaller.c;
	p.k = call->rows;
	p.alpha = p.beta = 1;
	p.a = call->in[0];
	p.b = call->out_gradient;
	p.c = call->tensor_gradient[0];
	p.a_side = p.c_side = p.m;
	p.b_side = p.n;
	p.c_single = true;
	if (cu_multiply(call, &p) != RPM_OK || call->in_gradient[0] == NULL)
		return call->status->code;
	/* in's gradient = out gradient W */
	p.b_across = p.c_single = false;
	p.n = call->rows;
	p.k = conv->smaller.c;
	p.beta = call->fresh[0] ? 0 : 1;
	p.a = weights_of(call, conv);
	p.b = call->out_gradient;
	p.c = call->in_gradient[0];
	p.a_side = p.c_side = p.m;
	p.b_side = p.k;
	return cu_multiply(call, &p);
}

rpm_code
cu_conv_forward(cu_call *call)
{
	cu_conv    *conv = &call->own->convs[call->number];

	if (conv->product)
		product_forward(call, conv);
	else if (call->layer->kind->code == NN_DECONV)
		scatter(call, conv, call->in[0], call->out, false);
	else
		correlate(call, conv, call->in[0], call->out, false);
	if (call->status->code == RPM_OK && call->layer->option[NN_BIAS] != 0)
		cu_add_bias(call, call->out, call->tensor[1], call->rows, call->out_shape.c);
	return call->status->code;
}

rpm_code
cu_conv_backward(cu_call *call)
{
	cu_conv    *conv = &call->own->convs[call->number];
	bool		across = call->layer->kind->code == NN_DECONV;

	if (call->layer->option[NN_BIAS] != 0)
		cu_sum_columns(call, call->out_gradient, call->rows, call->out_shape.c, call->tensor_gradient[1]);
	if (conv->product)
		return product_backward(call, conv);
	if (find_weight_gradient(call, conv, across ? call->out_gradient : call->in[0], across ? call->in[0] : call->out_gradient) != RPM_OK ||
		call->in_gradient[0] == NULL)
		return call->status->code;
	if (across)
		return correlate(call, conv, call->out_gradient, call->in_gradient[0], !call->fresh[0]);
	return scatter(call, conv, call->out_gradient, call->in_gradient[0], !call->fresh[0]);
}
