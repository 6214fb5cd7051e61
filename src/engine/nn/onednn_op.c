/*
 * onednn_op.c: oneDNN's primitives, planned, built and run (onednn_op.h).
 */
#ifdef RPM_HAVE_DNNL

#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "nn/onednn_library.h"
#include "nn/onednn_op.h"
#include "nn/pointwise.h"

static dnnl_engine_t engine;
static dnnl_stream_t stream;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void start(void);
static nn_layout image(const rpm_nn_shape *shape);
static nn_layout vector(int64_t count);
static nn_layout plain_weights(const nn_conv_shape *shape);
static nn_layout conv_weights(const nn_conv_shape *shape, const nn_op *weights_like);
static dnnl_alg_kind_t activation_kind(nn_code code);
static float activation_alpha(nn_code code, float slope);
static bool describe(nn_op *op, const nn_plan *plan, const nn_op *forward);
static bool add(nn_op *op, int argument, const nn_layout *layout);
static bool add_queried(nn_op *op, int argument, dnnl_query_t query, int index);
static bool keep(nn_op *op, int argument, dnnl_memory_t memory);
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

static nn_layout
image(const rpm_nn_shape *shape)
{
	return (nn_layout) {4, {shape->n, shape->c, shape->h, shape->w}, dnnl_nhwc, NULL};
}

static nn_layout
vector(int64_t count)
{
	return (nn_layout) {1, {count}, dnnl_a, NULL};
}

/* PyTorch's order: (smaller's channels, larger's / groups, kernel, kernel). */
static nn_layout
plain_weights(const nn_conv_shape *s)
{
	if (s->groups == 1)
		return (nn_layout) {4, {s->smaller.c, s->larger.c, s->kernel, s->across}, dnnl_abcd, NULL};
	return (nn_layout) {5, {s->groups, s->smaller.c / s->groups, s->larger.c / s->groups, s->kernel, s->across}, dnnl_abcde, NULL};
}

/* The same, in whatever order the library likes, or as another op has them. */
static nn_layout
conv_weights(const nn_conv_shape *s, const nn_op *weights_like)
{
	nn_layout	layout = plain_weights(s);

	layout.tag = dnnl_format_tag_any;
	for (int i = 0; weights_like != NULL && i < weights_like->count; i++)
		if (weights_like->argument[i] == DNNL_ARG_WEIGHTS || weights_like->argument[i] == DNNL_ARG_DIFF_WEIGHTS)
			dnnl_memory_get_memory_desc(weights_like->memory[i], &layout.like);
	return layout;
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

/* Begins an op; forward: what a backward belongs to, else NULL. */
static bool
describe(nn_op *op, const nn_plan *plan, const nn_op *forward)
{
	dnnl_primitive_desc_t desc;

	memset(op, 0, sizeof(*op));
	op->scratch = -1;
	if (!nn_library_describe(engine, plan, forward != NULL ? forward->desc : NULL, &desc))
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
add(nn_op *op, int argument, const nn_layout *layout)
{
	dnnl_memory_t memory;

	return nn_library_memory(engine, layout, &memory) && keep(op, argument, memory);
}

static bool
add_queried(nn_op *op, int argument, dnnl_query_t query, int index)
{
	nn_library_layout layout = dnnl_primitive_desc_query_md(op->desc, query, index);
	dnnl_memory_t memory;

	if (layout == NULL || dnnl_memory_create(&memory, layout, engine, DNNL_MEMORY_NONE) != dnnl_success)
		return false;
	if (argument == DNNL_ARG_WEIGHTS || argument == DNNL_ARG_DIFF_WEIGHTS)
		op->weight_bytes = dnnl_memory_desc_get_size(layout);
	if (argument == DNNL_ARG_WORKSPACE)
		op->workspace_bytes = dnnl_memory_desc_get_size(layout);
	return keep(op, argument, memory);
}

static bool
keep(nn_op *op, int argument, dnnl_memory_t memory)
{
	if (op->count == NN_OP_ARGUMENTS)
	{
		dnnl_memory_destroy(memory);
		return false;
	}
	op->memory[op->count] = memory;
	op->argument[op->count++] = argument;
	return true;
}

static bool
finish(nn_op *op)
{
	nn_library_layout layout = dnnl_primitive_desc_query_md(op->desc, dnnl_query_scratchpad_md, 0);

	if (layout == NULL || dnnl_memory_desc_get_size(layout) == 0)
		return true;
	op->scratch_bytes = dnnl_memory_desc_get_size(layout);
	op->scratch = op->count;
	return add_queried(op, DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md, 0);
}

static nn_plan
window_plan(nn_plan_kind kind, const nn_conv_shape *s)
{
	return (nn_plan) {.kind = kind, .source = image(&s->larger), .target = image(&s->smaller), .strides = {s->stride, s->stride},
		.kernel = {s->kernel, s->across}, .before = {s->top, s->left}, .after = {s->bottom, s->right}};
}

static nn_plan
conv_plan(nn_plan_kind kind, const nn_conv_shape *s, bool bias, const nn_op *weights_like)
{
	nn_plan		plan = window_plan(kind, s);

	plan.weights = conv_weights(s, weights_like);
	if (bias)
		plan.bias = vector(s->smaller.c);
	return plan;
}

bool
nn_op_conv_forward(nn_op *op, const nn_conv_shape *shape, const nn_fused *fused, const nn_op *weights_like)
{
	nn_plan		plan = conv_plan(NN_PLAN_CONV_FORWARD, shape, fused->bias, weights_like);

	plan.inference = true;
	plan.activated = fused->activated;
	if (fused->activated)
	{
		plan.activation = activation_kind(fused->activation);
		plan.activation_alpha = activation_alpha(fused->activation, fused->slope);
	}
	return describe(op, &plan, NULL) &&
		((add_queried(op, DNNL_ARG_SRC, dnnl_query_src_md, 0) && add_queried(op, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0) &&
		  add_queried(op, DNNL_ARG_DST, dnnl_query_dst_md, 0) &&
		  (!fused->bias || add_queried(op, DNNL_ARG_BIAS, dnnl_query_weights_md, 1)) && finish(op)) || failed(op));
}

/* Plans a backward, which wants a forward as its hint. */
static bool
describe_back(nn_op *op, const nn_conv_shape *shape, const nn_plan *back)
{
	nn_plan		plan = conv_plan(NN_PLAN_CONV_FORWARD, shape, false, NULL);
	nn_op		forward;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!describe(&forward, &plan, NULL))
		return false;
	good = describe(op, back, &forward);
	nn_op_free(&forward);
	return good;
}

bool
nn_op_conv_data(nn_op *op, const nn_conv_shape *s, const nn_op *weights_like)
{
	nn_plan		plan = conv_plan(NN_PLAN_CONV_DATA, s, false, weights_like);

	return describe_back(op, s, &plan) &&
		((add_queried(op, DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md, 0) &&
		  add_queried(op, DNNL_ARG_WEIGHTS, dnnl_query_weights_md, 0) &&
		  add_queried(op, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0) && finish(op)) || failed(op));
}

bool
nn_op_conv_weights(nn_op *op, const nn_conv_shape *s, bool bias, const nn_op *weights_like)
{
	nn_plan		plan = conv_plan(NN_PLAN_CONV_WEIGHTS, s, bias, weights_like);

	return describe_back(op, s, &plan) &&
		((add_queried(op, DNNL_ARG_SRC, dnnl_query_src_md, 0) &&
		  add_queried(op, DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md, 0) &&
		  add_queried(op, DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md, 0) &&
		  (!bias || add_queried(op, DNNL_ARG_DIFF_BIAS, dnnl_query_diff_weights_md, 1)) && finish(op)) || failed(op));
}

static bool
describe_reorder(nn_op *op, const nn_layout *from, const nn_layout *to, bool adds)
{
	dnnl_primitive_desc_t desc;

	memset(op, 0, sizeof(*op));
	op->scratch = -1;
	if (!nn_library_describe_reorder(engine, from, to, adds, &desc))
		return false;
	op->desc = desc;
	return (add(op, DNNL_ARG_FROM, from) && add(op, DNNL_ARG_TO, to) && finish(op)) || failed(op);
}

bool
nn_op_block_weights(nn_op *op, const nn_conv_shape *shape, const nn_op *conv)
{
	nn_layout	plain = plain_weights(shape),
				blocked = conv_weights(shape, conv);

	return describe_reorder(op, &plain, &blocked, false);
}

bool
nn_op_unblock_weights(nn_op *op, const nn_conv_shape *shape, const nn_op *conv)
{
	nn_layout	plain = plain_weights(shape),
				blocked = conv_weights(shape, conv);

	return describe_reorder(op, &blocked, &plain, true);
}

bool
nn_op_batch_norm(nn_op *op, const rpm_nn_shape *shape, float epsilon)
{
	nn_layout	data = image(shape),
				numbers = vector(shape->c);
	nn_plan		plan = {.kind = NN_PLAN_NORM, .source = data, .epsilon = epsilon};

	return describe(op, &plan, NULL) &&
		((add(op, DNNL_ARG_SRC, &data) && add(op, DNNL_ARG_DST, &data) && add(op, DNNL_ARG_MEAN, &numbers) &&
		  add(op, DNNL_ARG_VARIANCE, &numbers) && add(op, DNNL_ARG_SCALE, &numbers) && add(op, DNNL_ARG_SHIFT, &numbers) &&
		  finish(op)) || failed(op));
}

bool
nn_op_batch_norm_back(nn_op *op, const rpm_nn_shape *shape, float epsilon)
{
	nn_layout	data = image(shape),
				numbers = vector(shape->c);
	nn_plan		plan = {.kind = NN_PLAN_NORM_BACK, .source = data, .epsilon = epsilon};
	nn_op		forward;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!nn_op_batch_norm(&forward, shape, epsilon))
		return false;
	good = describe(op, &plan, &forward);
	nn_op_free(&forward);
	return good &&
		((add(op, DNNL_ARG_SRC, &data) && add(op, DNNL_ARG_MEAN, &numbers) && add(op, DNNL_ARG_VARIANCE, &numbers) &&
		  add(op, DNNL_ARG_DIFF_DST, &data) && add(op, DNNL_ARG_SCALE, &numbers) &&
		  add(op, DNNL_ARG_DIFF_SRC, &data) && add(op, DNNL_ARG_DIFF_SCALE, &numbers) && add(op, DNNL_ARG_DIFF_SHIFT, &numbers) &&
		  (!NN_LIBRARY_NORM_BACK_WANTS_SHIFT || add(op, DNNL_ARG_SHIFT, &numbers)) && finish(op)) || failed(op));
}

static nn_plan
activation_plan(nn_plan_kind kind, const rpm_nn_shape *shape, nn_code code, float slope)
{
	return (nn_plan) {.kind = kind, .source = image(shape), .algorithm = activation_kind(code), .alpha = activation_alpha(code, slope)};
}

bool
nn_op_activation(nn_op *op, const rpm_nn_shape *shape, nn_code code, float slope)
{
	nn_plan		plan = activation_plan(NN_PLAN_ACTIVATION, shape, code, slope);

	return describe(op, &plan, NULL) &&
		((add(op, DNNL_ARG_SRC, &plan.source) && add(op, DNNL_ARG_DST, &plan.source) && finish(op)) || failed(op));
}

bool
nn_op_activation_back(nn_op *op, const rpm_nn_shape *shape, nn_code code, float slope)
{
	nn_plan		plan = activation_plan(NN_PLAN_ACTIVATION_BACK, shape, code, slope);
	nn_op		forward;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!nn_op_activation(&forward, shape, code, slope))
		return false;
	good = describe(op, &plan, &forward);
	nn_op_free(&forward);
	return good &&
		((add(op, DNNL_ARG_SRC, &plan.source) && add(op, DNNL_ARG_DIFF_DST, &plan.source) && add(op, DNNL_ARG_DIFF_SRC, &plan.source) &&
		  finish(op)) || failed(op));
}

static nn_plan
pool_plan(nn_plan_kind kind, const nn_conv_shape *s, bool largest, bool inside_only)
{
	nn_plan		plan = window_plan(kind, s);

	plan.algorithm = largest ? dnnl_pooling_max : inside_only ? dnnl_pooling_avg_exclude_padding : dnnl_pooling_avg_include_padding;
	return plan;
}

bool
nn_op_pool(nn_op *op, const nn_conv_shape *s, bool largest, bool inside_only, bool training)
{
	nn_plan		plan = pool_plan(NN_PLAN_POOL, s, largest, inside_only);

	plan.inference = !training;
	return describe(op, &plan, NULL) &&
		((add(op, DNNL_ARG_SRC, &plan.source) && add(op, DNNL_ARG_DST, &plan.target) &&
		  (!largest || !training || add_queried(op, DNNL_ARG_WORKSPACE, dnnl_query_workspace_md, 0)) && finish(op)) || failed(op));
}

bool
nn_op_pool_back(nn_op *op, const nn_conv_shape *s, bool largest, bool inside_only)
{
	nn_plan		plan = pool_plan(NN_PLAN_POOL_BACK, s, largest, inside_only);
	nn_op		forward;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!nn_op_pool(&forward, s, largest, inside_only, true))
		return false;
	good = describe(op, &plan, &forward);
	nn_op_free(&forward);
	return good &&
		((add(op, DNNL_ARG_DIFF_SRC, &plan.source) && add(op, DNNL_ARG_DIFF_DST, &plan.target) &&
		  (!largest || add_queried(op, DNNL_ARG_WORKSPACE, dnnl_query_workspace_md, 0)) && finish(op)) || failed(op));
}

bool
nn_op_enlarge(nn_op *op, const rpm_nn_shape *in, const rpm_nn_shape *out)
{
	nn_plan		plan = {.kind = NN_PLAN_ENLARGE, .source = image(in), .target = image(out)};

	return describe(op, &plan, NULL) &&
		((add(op, DNNL_ARG_SRC, &plan.source) && add(op, DNNL_ARG_DST, &plan.target) && finish(op)) || failed(op));
}

/* (batch, rows, columns), dense, or the transpose of it lying so. */
static nn_layout
matrices(int64_t batch, int64_t rows, int64_t columns, bool across)
{
	return (nn_layout) {3, {batch, rows, columns}, across ? dnnl_acb : dnnl_abc, NULL};
}

bool
nn_op_multiply(nn_op *op, int64_t batch, int64_t rows, int64_t inner, int64_t columns, bool a_across, bool b_across, float scale)
{
	nn_plan		plan = {.kind = NN_PLAN_PRODUCT, .source = matrices(batch, rows, inner, a_across),
	.weights = matrices(batch, inner, columns, b_across), .target = matrices(batch, rows, columns, false), .scale = scale};

	return describe(op, &plan, NULL) &&
		((add(op, DNNL_ARG_SRC, &plan.source) && add(op, DNNL_ARG_WEIGHTS, &plan.weights) && add(op, DNNL_ARG_DST, &plan.target) &&
		  finish(op)) || failed(op));
}

bool
nn_op_softmax(nn_op *op, int64_t rows, int64_t columns)
{
	nn_plan		plan = {.kind = NN_PLAN_SOFTMAX, .source = matrices(1, rows, columns, false)};

	return describe(op, &plan, NULL) &&
		((add(op, DNNL_ARG_SRC, &plan.source) && add(op, DNNL_ARG_DST, &plan.source) && finish(op)) || failed(op));
}

bool
nn_op_softmax_back(nn_op *op, int64_t rows, int64_t columns)
{
	nn_plan		plan = {.kind = NN_PLAN_SOFTMAX_BACK, .source = matrices(1, rows, columns, false)};
	nn_op		forward;
	bool		good;

	memset(op, 0, sizeof(*op));
	if (!nn_op_softmax(&forward, rows, columns))
		return false;
	good = describe(op, &plan, &forward);
	nn_op_free(&forward);
	return good &&
		((add(op, DNNL_ARG_DST, &plan.source) && add(op, DNNL_ARG_DIFF_DST, &plan.source) && add(op, DNNL_ARG_DIFF_SRC, &plan.source) &&
		  finish(op)) || failed(op));
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

		if (!nn_library_set_array(op->memory[i], array, stream))
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
