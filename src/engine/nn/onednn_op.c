/*
 * onednn_op.c: oneDNN 2's C interface (onednn_op.h; oneapi-src.github.io/oneDNN/v2.6).
 */
#ifdef RPM_HAVE_DNNL

#include <dnnl.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "nn/onednn_op.h"
#include "nn/pointwise.h"

#if DNNL_VERSION_MAJOR != 2
#error "this file speaks to oneDNN 2"
#endif

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void);
static dnnl_memory_desc_t image(const rpm_nn_shape *shape);
static dnnl_memory_desc_t vector(int64_t count);
static dnnl_memory_desc_t plain_weights(const nn_conv_shape *shape);
static dnnl_memory_desc_t open_weights(const nn_conv_shape *shape);
static dnnl_alg_kind_t activation_kind(nn_code code);
static bool plan(nn_op *op, const void *what, const_dnnl_primitive_attr_t given, const_dnnl_primitive_desc_t hint);
static bool add(nn_op *op, int argument, const dnnl_memory_desc_t *desc);
static bool add_queried(nn_op *op, int argument, dnnl_query_t query, int index);
static bool finish(nn_op *op);
static bool failed(nn_op *op);

static void
start(void)
{
	if (dnnl_engine_create(&engine, dnnl_cpu, 0) == dnnl_success && dnnl_stream_create(&stream, engine, dnnl_stream_default_flags) != dnnl_success)
		stream = NULL;
}

bool
nn_dnnl_start(void)
{
	pthread_once(&once, start);
	return stream != NULL;
}

void
nn_dnnl_threads(int threads)
{
	static __thread int started = 1;
	sigset_t	all,
				before;

	omp_set_num_threads(threads);
	if (threads <= started)
		return;
	/* OpenMP starts its threads in the first parallel region and keeps them: they take no signals. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
#pragma omp parallel num_threads(threads)
	{
		(void) omp_get_thread_num();
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	started = threads;
}

int
nn_dnnl_slowness(void)
{
	dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();

	return isa >= dnnl_cpu_isa_avx512_core ? 1 : isa >= dnnl_cpu_isa_avx2 ? 2 : 4;
}

static dnnl_memory_desc_t
image(const rpm_nn_shape *shape)
{
	dnnl_dims_t dims = {shape->n, shape->c, shape->h, shape->w};
	dnnl_memory_desc_t desc;

	memset(&desc, 0, sizeof(desc));
	dnnl_memory_desc_init_by_tag(&desc, 4, dims, dnnl_f32, dnnl_nhwc);
	return desc;
}

static dnnl_memory_desc_t
vector(int64_t count)
{
	dnnl_dims_t dims = {count};
	dnnl_memory_desc_t desc;

	memset(&desc, 0, sizeof(desc));
	dnnl_memory_desc_init_by_tag(&desc, 1, dims, dnnl_f32, dnnl_a);
	return desc;
}

/* PyTorch's order: (smaller's channels, larger's / groups, kernel, kernel). */
static dnnl_memory_desc_t
plain_weights(const nn_conv_shape *s)
{
	dnnl_dims_t dims = {s->smaller.c, s->larger.c, s->kernel, s->across};
	dnnl_dims_t grouped = {s->groups, s->smaller.c / s->groups, s->larger.c / s->groups, s->kernel, s->across};
	dnnl_memory_desc_t desc;

	memset(&desc, 0, sizeof(desc));
	if (s->groups == 1)
		dnnl_memory_desc_init_by_tag(&desc, 4, dims, dnnl_f32, dnnl_abcd);
	else
		dnnl_memory_desc_init_by_tag(&desc, 5, grouped, dnnl_f32, dnnl_abcde);
	return desc;
}

/* The same, in whatever order the library likes. */
static dnnl_memory_desc_t
open_weights(const nn_conv_shape *s)
{
	dnnl_memory_desc_t plain = plain_weights(s),
				desc;

	memset(&desc, 0, sizeof(desc));
	dnnl_memory_desc_init_by_tag(&desc, plain.ndims, plain.dims, dnnl_f32, dnnl_format_tag_any);
	return desc;
}

static dnnl_alg_kind_t
activation_kind(nn_code code)
{
	switch (code)
	{
		case NN_GELU:
			return dnnl_eltwise_gelu_tanh;
		case NN_SILU:
			return dnnl_eltwise_swish;
		case NN_SIGMOID:
			return dnnl_eltwise_logistic;
		case NN_TANH:
			return dnnl_eltwise_tanh;
		default:
			return dnnl_eltwise_relu;
	}
}

/* swish takes its factor where relu takes its slope. */
static float
activation_alpha(nn_code code, float slope)
{
	return code == NN_SILU ? 1 : code == NN_LEAKY_RELU ? slope : 0;
}

/* Describes an op; scratch is the caller's, so that it can be counted. */
static bool
plan(nn_op *op, const void *what, const_dnnl_primitive_attr_t given, const_dnnl_primitive_desc_t hint)
{
	dnnl_primitive_attr_t attributes;
	dnnl_primitive_desc_t desc;
	dnnl_status_t status;

	memset(op, 0, sizeof(*op));
	op->scratch = -1;
	if ((given != NULL ? dnnl_primitive_attr_clone(&attributes, given) : dnnl_primitive_attr_create(&attributes)) != dnnl_success)
		return false;
	dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
	status = dnnl_primitive_desc_create(&desc, what, attributes, engine, hint);
	dnnl_primitive_attr_destroy(attributes);
	if (status != dnnl_success)
		return false;
	op->desc = desc;
	return true;
}

static bool
failed(nn_op *op)
{
	nn_op_free(op);
	return false;
}

static bool
add(nn_op *op, int argument, const dnnl_memory_desc_t *desc)
{
	dnnl_memory_t memory;

	if (op->count == NN_OP_ARGUMENTS || dnnl_memory_create(&memory, desc, engine, DNNL_MEMORY_NONE) != dnnl_success)
		return false;
	op->memory[op->count] = memory;
	op->argument[op->count++] = argument;
	return true;
}

static bool
add_queried(nn_op *op, int argument, dnnl_query_t query, int index)
{
	const dnnl_memory_desc_t *desc = dnnl_primitive_desc_query_md(op->desc, query, index);

	if (desc == NULL || !add(op, argument, desc))
		return false;
	if (argument == DNNL_ARG_WEIGHTS || argument == DNNL_ARG_DIFF_WEIGHTS)
		op->weight_bytes = dnnl_memory_desc_get_size(desc);
	if (argument == DNNL_ARG_WORKSPACE)
		op->workspace_bytes = dnnl_memory_desc_get_size(desc);
	return true;
}

static bool
finish(nn_op *op)
{
	const dnnl_memory_desc_t *desc = dnnl_primitive_desc_query_md(op->desc, dnnl_query_scratchpad_md, 0);

	if (desc == NULL || dnnl_memory_desc_get_size(desc) == 0)
		return true;
	op->scratch_bytes = dnnl_memory_desc_get_size(desc);
	op->scratch = op->count;
	return add(op, DNNL_ARG_SCRATCHPAD, desc);
}

static const dnnl_memory_desc_t *
weights_of(const nn_op *conv)
{
	const dnnl_memory_desc_t *desc = NULL;

	for (int i = 0; i < conv->count; i++)
		if (conv->argument[i] == DNNL_ARG_WEIGHTS || conv->argument[i] == DNNL_ARG_DIFF_WEIGHTS)
			dnnl_memory_get_memory_desc(conv->memory[i], &desc);
	return desc;
}

/* The forward description of a convolution; larger, smaller and weights as it chooses. */
static bool
describe_conv(const nn_conv_shape *s, bool training, bool bias, const nn_op *weights_like, dnnl_convolution_desc_t *conv)
{
	dnnl_memory_desc_t larger = image(&s->larger),
				smaller = image(&s->smaller),
				weights = weights_like != NULL ? *weights_of(weights_like) : open_weights(s),
				shift = vector(s->smaller.c);
	dnnl_dims_t strides = {s->stride, s->stride},
				before = {s->top, s->left},
				after = {s->bottom, s->right};

	return dnnl_convolution_forward_desc_init(conv, training ? dnnl_forward_training : dnnl_forward_inference, dnnl_convolution_direct,
											  &larger, &weights, bias ? &shift : NULL, &smaller, strides, before, after) == dnnl_success;
}

bool
nn_op_conv_forward(nn_op *op, const nn_conv_shape *shape, const nn_fused *fused, const nn_op *weights_like)
{
	dnnl_convolution_desc_t conv;
	dnnl_primitive_attr_t attributes = NULL;
	dnnl_post_ops_t after = NULL;
	bool		good = describe_conv(shape, false, fused->bias, weights_like, &conv);

	memset(op, 0, sizeof(*op));
	if (good && fused->activated)
		good = dnnl_primitive_attr_create(&attributes) == dnnl_success && dnnl_post_ops_create(&after) == dnnl_success &&
			dnnl_post_ops_append_eltwise(after, 1, activation_kind(fused->activation), activation_alpha(fused->activation, fused->slope),
										 0) == dnnl_success &&
			dnnl_primitive_attr_set_post_ops(attributes, after) == dnnl_success;
	good = good && plan(op, &conv, attributes, NULL);
	if (after != NULL)
		dnnl_post_ops_destroy(after);
	if (attributes != NULL)
		dnnl_primitive_attr_destroy(attributes);
	if (!good)
		return false;
	return (add_queried(op, DNNL_ARG_SRC, dnnl_query_src_md, 0) && add_queried(op, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0) &&
			add_queried(op, DNNL_ARG_DST, dnnl_query_dst_md, 0) &&
			(!fused->bias || add_queried(op, DNNL_ARG_BIAS, dnnl_query_weights_md, 1)) && finish(op)) || failed(op);
}

/* Plans a backward with the forward as its hint. */
static bool
plan_back(nn_op *op, const nn_conv_shape *shape, const void *back)
{
	dnnl_convolution_desc_t conv;
	nn_op		hint;
	bool		good = describe_conv(shape, true, false, NULL, &conv) && plan(&hint, &conv, NULL, NULL);

	if (!good)
		return false;
	good = plan(op, back, NULL, hint.desc);
	nn_op_free(&hint);
	return good;
}

bool
nn_op_conv_data(nn_op *op, const nn_conv_shape *s, const nn_op *weights_like)
{
	dnnl_memory_desc_t larger = image(&s->larger),
				smaller = image(&s->smaller),
				weights = weights_like != NULL ? *weights_of(weights_like) : open_weights(s);
	dnnl_dims_t strides = {s->stride, s->stride},
				before = {s->top, s->left},
				after = {s->bottom, s->right};
	dnnl_convolution_desc_t conv;

	memset(op, 0, sizeof(*op));
	if (dnnl_convolution_backward_data_desc_init(&conv, dnnl_convolution_direct, &larger, &weights, &smaller, strides, before, after) !=
		dnnl_success || !plan_back(op, s, &conv))
		return false;
	return (add_queried(op, DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, 0) &&
			add_queried(op, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0) &&
			add_queried(op, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0) && finish(op)) || failed(op);
}

bool
nn_op_conv_weights(nn_op *op, const nn_conv_shape *s, bool bias, const nn_op *weights_like)
{
	dnnl_memory_desc_t larger = image(&s->larger),
				smaller = image(&s->smaller),
				weights = weights_like != NULL ? *weights_of(weights_like) : open_weights(s),
				shift = vector(s->smaller.c);
	dnnl_dims_t strides = {s->stride, s->stride},
				before = {s->top, s->left},
				after = {s->bottom, s->right};
	dnnl_convolution_desc_t conv;

	memset(op, 0, sizeof(*op));
	if (dnnl_convolution_backward_weights_desc_init(&conv, dnnl_convolution_direct, &larger, &weights, bias ? &shift : NULL, &smaller,
													strides, before, after) != dnnl_success || !plan_back(op, s, &conv))
		return false;
	return (add_queried(op, DNNL_ARG_SRC, dnnl_query_src_md, 0) && add_queried(op, DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, 0) &&
			add_queried(op, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0) &&
			(!bias || add_queried(op, DNNL_ARG_DIFF_BIAS, dnnl_query_diff_weights_md, 1)) && finish(op)) || failed(op);
}

static bool
plan_reorder(nn_op *op, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to, bool adds)
{
	dnnl_primitive_attr_t attributes;
	dnnl_post_ops_t after = NULL;
	dnnl_primitive_desc_t desc = NULL;
	bool		good;

	memset(op, 0, sizeof(*op));
	op->scratch = -1;
	if (dnnl_primitive_attr_create(&attributes) != dnnl_success)
		return false;
	dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
	good = !adds || (dnnl_post_ops_create(&after) == dnnl_success && dnnl_post_ops_append_sum(after, 1) == dnnl_success &&
					 dnnl_primitive_attr_set_post_ops(attributes, after) == dnnl_success);
	good = good && dnnl_reorder_primitive_desc_create(&desc, from, engine, to, engine, attributes) == dnnl_success;
	if (after != NULL)
		dnnl_post_ops_destroy(after);
	dnnl_primitive_attr_destroy(attributes);
	op->desc = desc;
	return (good && add(op, DNNL_ARG_FROM, from) && add(op, DNNL_ARG_TO, to) && finish(op)) || failed(op);
}

bool
nn_op_block_weights(nn_op *op, const nn_conv_shape *shape, const nn_op *conv)
{
	dnnl_memory_desc_t plain = plain_weights(shape);

	return plan_reorder(op, &plain, weights_of(conv), false);
}

bool
nn_op_unblock_weights(nn_op *op, const nn_conv_shape *shape, const nn_op *conv)
{
	dnnl_memory_desc_t plain = plain_weights(shape);

	return plan_reorder(op, weights_of(conv), &plain, true);
}

bool
nn_op_batch_norm(nn_op *op, const rpm_nn_shape *shape, float epsilon)
{
	dnnl_memory_desc_t data = image(shape),
				numbers = vector(shape->c);
	dnnl_batch_normalization_desc_t norm;

	memset(op, 0, sizeof(*op));
	if (dnnl_batch_normalization_forward_desc_init(&norm, dnnl_forward_training, &data, epsilon, dnnl_use_scale | dnnl_use_shift) !=
		dnnl_success || !plan(op, &norm, NULL, NULL))
		return false;
	return (add(op, DNNL_ARG_SRC, &data) && add(op, DNNL_ARG_DST, &data) && add(op, DNNL_ARG_MEAN, &numbers) &&
			add(op, DNNL_ARG_VARIANCE, &numbers) && add(op, DNNL_ARG_SCALE, &numbers) && add(op, DNNL_ARG_SHIFT, &numbers) &&
			finish(op)) || failed(op);
}

bool
nn_op_batch_norm_back(nn_op *op, const rpm_nn_shape *shape, float epsilon)
{
	dnnl_memory_desc_t data = image(shape),
				numbers = vector(shape->c);
	dnnl_batch_normalization_desc_t norm;
	nn_op		hint;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!nn_op_batch_norm(&hint, shape, epsilon))
		return false;
	good = dnnl_batch_normalization_backward_desc_init(&norm, dnnl_backward, &data, &data, epsilon, dnnl_use_scale | dnnl_use_shift) ==
		dnnl_success && plan(op, &norm, NULL, hint.desc);
	nn_op_free(&hint);
	return (good && add(op, DNNL_ARG_SRC, &data) && add(op, DNNL_ARG_MEAN, &numbers) && add(op, DNNL_ARG_VARIANCE, &numbers) &&
			add(op, DNNL_ARG_DIFF_DST, &data) && add(op, DNNL_ARG_SCALE, &numbers) && add(op, DNNL_ARG_SHIFT, &numbers) &&
			add(op, DNNL_ARG_DIFF_SRC, &data) && add(op, DNNL_ARG_DIFF_SCALE, &numbers) && add(op, DNNL_ARG_DIFF_SHIFT, &numbers) &&
			finish(op)) || failed(op);
}

bool
nn_op_activation(nn_op *op, const rpm_nn_shape *shape, nn_code code, float slope)
{
	dnnl_memory_desc_t data = image(shape);
	dnnl_eltwise_desc_t eltwise;

	memset(op, 0, sizeof(*op));
	if (dnnl_eltwise_forward_desc_init(&eltwise, dnnl_forward_training, activation_kind(code), &data, activation_alpha(code, slope), 0) !=
		dnnl_success || !plan(op, &eltwise, NULL, NULL))
		return false;
	return (add(op, DNNL_ARG_SRC, &data) && add(op, DNNL_ARG_DST, &data) && finish(op)) || failed(op);
}

bool
nn_op_activation_back(nn_op *op, const rpm_nn_shape *shape, nn_code code, float slope)
{
	dnnl_memory_desc_t data = image(shape);
	dnnl_eltwise_desc_t eltwise;
	nn_op		hint;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!nn_op_activation(&hint, shape, code, slope))
		return false;
	good = dnnl_eltwise_backward_desc_init(&eltwise, activation_kind(code), &data, &data, activation_alpha(code, slope), 0) == dnnl_success &&
		plan(op, &eltwise, NULL, hint.desc);
	nn_op_free(&hint);
	return (good && add(op, DNNL_ARG_SRC, &data) && add(op, DNNL_ARG_DIFF_DST, &data) && add(op, DNNL_ARG_DIFF_SRC, &data) &&
			finish(op)) || failed(op);
}

static dnnl_alg_kind_t
pool_kind(bool largest, bool inside_only)
{
	return largest ? dnnl_pooling_max : inside_only ? dnnl_pooling_avg_exclude_padding : dnnl_pooling_avg_include_padding;
}

bool
nn_op_pool(nn_op *op, const nn_conv_shape *s, bool largest, bool inside_only, bool training)
{
	dnnl_memory_desc_t larger = image(&s->larger),
				smaller = image(&s->smaller);
	dnnl_dims_t strides = {s->stride, s->stride},
				kernel = {s->kernel, s->across},
				before = {s->top, s->left},
				after = {s->bottom, s->right};
	dnnl_pooling_desc_t pool;

	memset(op, 0, sizeof(*op));
	if (dnnl_pooling_forward_desc_init(&pool, training ? dnnl_forward_training : dnnl_forward_inference, pool_kind(largest, inside_only),
									   &larger, &smaller, strides, kernel, before, after) != dnnl_success || !plan(op, &pool, NULL, NULL))
		return false;
	return (add(op, DNNL_ARG_SRC, &larger) && add(op, DNNL_ARG_DST, &smaller) &&
			(!largest || !training || add_queried(op, DNNL_ARG_WORKSPACE, dnnl_query_workspace_md, 0)) && finish(op)) || failed(op);
}

bool
nn_op_pool_back(nn_op *op, const nn_conv_shape *s, bool largest, bool inside_only)
{
	dnnl_memory_desc_t larger = image(&s->larger),
				smaller = image(&s->smaller);
	dnnl_dims_t strides = {s->stride, s->stride},
				kernel = {s->kernel, s->across},
				before = {s->top, s->left},
				after = {s->bottom, s->right};
	dnnl_pooling_desc_t pool;
	nn_op		hint;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!nn_op_pool(&hint, s, largest, inside_only, true))
		return false;
	good = dnnl_pooling_backward_desc_init(&pool, pool_kind(largest, inside_only), &larger, &smaller, strides, kernel, before, after) ==
		dnnl_success && plan(op, &pool, NULL, hint.desc);
	nn_op_free(&hint);
	return (good && add(op, DNNL_ARG_DIFF_SRC, &larger) && add(op, DNNL_ARG_DIFF_DST, &smaller) &&
			(!largest || add_queried(op, DNNL_ARG_WORKSPACE, dnnl_query_workspace_md, 0)) && finish(op)) || failed(op);
}

bool
nn_op_enlarge(nn_op *op, const rpm_nn_shape *in, const rpm_nn_shape *out)
{
	dnnl_memory_desc_t from = image(in),
				to = image(out);
	dnnl_resampling_desc_t resampling;

	memset(op, 0, sizeof(*op));
	if (dnnl_resampling_forward_desc_init(&resampling, dnnl_forward_training, dnnl_resampling_linear, NULL, &from, &to) != dnnl_success ||
		!plan(op, &resampling, NULL, NULL))
		return false;
	return (add(op, DNNL_ARG_SRC, &from) && add(op, DNNL_ARG_DST, &to) && finish(op)) || failed(op);
}

/* (batch, rows, columns), dense, or the transpose of it lying so. */
static dnnl_memory_desc_t
matrices(int64_t batch, int64_t rows, int64_t columns, bool across)
{
	dnnl_dims_t dims = {batch, rows, columns};
	dnnl_memory_desc_t desc;

	memset(&desc, 0, sizeof(desc));
	dnnl_memory_desc_init_by_tag(&desc, 3, dims, dnnl_f32, across ? dnnl_acb : dnnl_abc);
	return desc;
}

bool
nn_op_multiply(nn_op *op, int64_t batch, int64_t rows, int64_t inner, int64_t columns, bool a_across, bool b_across, float scale)
{
	dnnl_memory_desc_t a = matrices(batch, rows, inner, a_across),
				b = matrices(batch, inner, columns, b_across),
				c = matrices(batch, rows, columns, false);
	dnnl_primitive_attr_t attributes;
	dnnl_matmul_desc_t product;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (dnnl_primitive_attr_create(&attributes) != dnnl_success)
		return false;
	good = dnnl_primitive_attr_set_output_scales(attributes, 1, 0, &scale) == dnnl_success &&
		dnnl_matmul_desc_init(&product, &a, &b, NULL, &c) == dnnl_success && plan(op, &product, attributes, NULL);
	dnnl_primitive_attr_destroy(attributes);
	return (good && add(op, DNNL_ARG_SRC, &a) && add(op, DNNL_ARG_WEIGHTS, &b) && add(op, DNNL_ARG_DST, &c) && finish(op)) || failed(op);
}

bool
nn_op_softmax(nn_op *op, int64_t rows, int64_t columns)
{
	dnnl_memory_desc_t data = matrices(1, rows, columns, false);
	dnnl_softmax_desc_t softmax;

	memset(op, 0, sizeof(*op));
	if (dnnl_softmax_forward_desc_init(&softmax, dnnl_forward_training, &data, 2) != dnnl_success || !plan(op, &softmax, NULL, NULL))
		return false;
	return (add(op, DNNL_ARG_SRC, &data) && add(op, DNNL_ARG_DST, &data) && finish(op)) || failed(op);
}

bool
nn_op_softmax_back(nn_op *op, int64_t rows, int64_t columns)
{
	dnnl_memory_desc_t data = matrices(1, rows, columns, false);
	dnnl_softmax_desc_t softmax;
	nn_op		hint;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!nn_op_softmax(&hint, rows, columns))
		return false;
	good = dnnl_softmax_backward_desc_init(&softmax, &data, &data, 2) == dnnl_success && plan(op, &softmax, NULL, hint.desc);
	nn_op_free(&hint);
	return (good && add(op, DNNL_ARG_DST, &data) && add(op, DNNL_ARG_DIFF_DST, &data) && add(op, DNNL_ARG_DIFF_SRC, &data) && finish(op)) ||
		failed(op);
}

bool
nn_op_build(nn_op *op)
{
	dnnl_primitive_t primitive;

	if (op->desc == NULL || op->primitive != NULL)
		return op->primitive != NULL;
	if (dnnl_primitive_create(&primitive, op->desc) != dnnl_success)
		return false;
	op->primitive = primitive;
	return true;
}

bool
nn_op_run(nn_op *op, void *const *arrays, void *scratch)
{
	dnnl_exec_arg_t arguments[NN_OP_ARGUMENTS];
	int			next = 0;

	for (int i = 0; i < op->count; i++)
	{
		void	   *array = i == op->scratch ? scratch : arrays[next++];

		if (dnnl_memory_set_data_handle_v2(op->memory[i], array, stream) != dnnl_success)
			return false;
		arguments[i] = (dnnl_exec_arg_t) {op->argument[i], op->memory[i]};
	}
	return dnnl_primitive_execute(op->primitive, stream, op->count, arguments) == dnnl_success && dnnl_stream_wait(stream) == dnnl_success;
}

void
nn_op_free(nn_op *op)
{
	for (int i = 0; i < op->count; i++)
		dnnl_memory_destroy(op->memory[i]);
	if (op->primitive != NULL)
		dnnl_primitive_destroy(op->primitive);
	if (op->desc != NULL)
		dnnl_primitive_desc_destroy(op->desc);
	memset(op, 0, sizeof(*op));
}

#endif
