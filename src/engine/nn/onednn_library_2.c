/*
 * onednn_library_2.c: oneDNN 2 (onednn_library.h; oneapi-src.github.io/oneDNN/v2.6).
 */
#ifdef RPM_HAVE_DNNL

#include <string.h>

#include "nn/onednn_library.h"

#if DNNL_VERSION_MAJOR == 2

typedef union operation
{
	dnnl_convolution_desc_t convolution;
	dnnl_batch_normalization_desc_t norm;
	dnnl_eltwise_desc_t activation;
	dnnl_pooling_desc_t pool;
	dnnl_resampling_desc_t resampling;
	dnnl_matmul_desc_t product;
	dnnl_softmax_desc_t softmax;
} operation;

static dnnl_memory_desc_t layout_of(const nn_layout *layout);
static dnnl_status_t begin_convolution(const nn_plan *plan, operation *op);
static dnnl_status_t begin(const nn_plan *plan, operation *op);
static bool attributes_of(const nn_plan *plan, dnnl_primitive_attr_t *attributes);
static bool add_post_ops(const nn_plan *plan, bool sum, dnnl_primitive_attr_t attributes);

bool
nn_library_describe(dnnl_engine_t engine, const nn_plan *plan, const_dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *desc)
{
	dnnl_primitive_attr_t attributes;
	operation	op;
	bool		good;

	if (!attributes_of(plan, &attributes))
		return false;
	good = begin(plan, &op) == dnnl_success && dnnl_primitive_desc_create(desc, &op, attributes, engine, hint) == dnnl_success;
	dnnl_primitive_attr_destroy(attributes);
	return good;
}

static dnnl_status_t
begin(const nn_plan *plan, operation *op)
{
	const unsigned scaled = dnnl_use_scale | dnnl_use_shift;
	dnnl_prop_kind_t forward = plan->inference ? dnnl_forward_inference : dnnl_forward_training;
	dnnl_memory_desc_t source = layout_of(&plan->source),
				target = layout_of(&plan->target),
				weights;
	int			last = plan->source.ndims - 1;

	switch (plan->kind)
	{
		case NN_PLAN_NORM:
			return dnnl_batch_normalization_forward_desc_init(&op->norm, forward, &source, plan->epsilon, scaled);
		case NN_PLAN_NORM_BACK:
			return dnnl_batch_normalization_backward_desc_init(&op->norm, dnnl_backward, &source, &source, plan->epsilon, scaled);
		case NN_PLAN_ACTIVATION:
			return dnnl_eltwise_forward_desc_init(&op->activation, forward, plan->algorithm, &source, plan->alpha, 0);
		case NN_PLAN_ACTIVATION_BACK:
			return dnnl_eltwise_backward_desc_init(&op->activation, plan->algorithm, &source, &source, plan->alpha, 0);
		case NN_PLAN_POOL:
			return dnnl_pooling_forward_desc_init(&op->pool, forward, plan->algorithm, &source, &target, plan->strides, plan->kernel,
												  plan->before, plan->after);
		case NN_PLAN_POOL_BACK:
			return dnnl_pooling_backward_desc_init(&op->pool, plan->algorithm, &source, &target, plan->strides, plan->kernel,
												   plan->before, plan->after);
		case NN_PLAN_ENLARGE:
			return dnnl_resampling_forward_desc_init(&op->resampling, forward, dnnl_resampling_linear, NULL, &source, &target);
		case NN_PLAN_PRODUCT:
			weights = layout_of(&plan->weights);
			return dnnl_matmul_desc_init(&op->product, &source, &weights, NULL, &target);
		case NN_PLAN_SOFTMAX:
			return dnnl_softmax_forward_desc_init(&op->softmax, forward, &source, last);
		case NN_PLAN_SOFTMAX_BACK:
			return dnnl_softmax_backward_desc_init(&op->softmax, &source, &source, last);
		default:
			return begin_convolution(plan, op);
	}
}

static dnnl_status_t
begin_convolution(const nn_plan *plan, operation *op)
{
	dnnl_memory_desc_t larger = layout_of(&plan->source),
				smaller = layout_of(&plan->target),
				weights = layout_of(&plan->weights),
				bias = layout_of(&plan->bias);
	const dnnl_memory_desc_t *shift = plan->bias.ndims > 0 ? &bias : NULL;

	if (plan->kind == NN_PLAN_CONV_DATA)
		return dnnl_convolution_backward_data_desc_init(&op->convolution, dnnl_convolution_direct, &larger, &weights, &smaller,
														plan->strides, plan->before, plan->after);
	if (plan->kind == NN_PLAN_CONV_WEIGHTS)
		return dnnl_convolution_backward_weights_desc_init(&op->convolution, dnnl_convolution_direct, &larger, &weights, shift, &smaller,
														   plan->strides, plan->before, plan->after);
	return dnnl_convolution_forward_desc_init(&op->convolution, plan->inference ? dnnl_forward_inference : dnnl_forward_training,
											  dnnl_convolution_direct, &larger, &weights, shift, &smaller, plan->strides, plan->before,
											  plan->after);
}

static dnnl_memory_desc_t
layout_of(const nn_layout *layout)
{
	dnnl_memory_desc_t desc;

	if (layout->like != NULL)
		return *layout->like;
	memset(&desc, 0, sizeof(desc));
	if (layout->ndims > 0)
		dnnl_memory_desc_init_by_tag(&desc, layout->ndims, layout->dims, dnnl_f32, layout->tag);
	return desc;
}

static bool
attributes_of(const nn_plan *plan, dnnl_primitive_attr_t *attributes)
{
	if (dnnl_primitive_attr_create(attributes) != dnnl_success)
		return false;
	if (dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user) == dnnl_success
		&& (plan->kind != NN_PLAN_PRODUCT || dnnl_primitive_attr_set_output_scales(*attributes, 1, 0, &plan->scale) == dnnl_success)
		&& (!plan->activated || add_post_ops(plan, false, *attributes)))
		return true;
	dnnl_primitive_attr_destroy(*attributes);
	return false;
}

/* The activation of a plan, or a sum with what is there. */
static bool
add_post_ops(const nn_plan *plan, bool sum, dnnl_primitive_attr_t attributes)
{
	dnnl_post_ops_t ops;
	bool		good;

	if (dnnl_post_ops_create(&ops) != dnnl_success)
		return false;
	good = (sum ? dnnl_post_ops_append_sum(ops, 1) : dnnl_post_ops_append_eltwise(ops, 1, plan->activation, plan->activation_alpha, 0))
		== dnnl_success && dnnl_primitive_attr_set_post_ops(attributes, ops) == dnnl_success;
	dnnl_post_ops_destroy(ops);
	return good;
}

bool
nn_library_describe_reorder(dnnl_engine_t engine, const nn_layout *from, const nn_layout *to, bool adds, dnnl_primitive_desc_t *desc)
{
	dnnl_memory_desc_t source = layout_of(from),
				target = layout_of(to);
	dnnl_primitive_attr_t attributes;
	bool		good;

	if (dnnl_primitive_attr_create(&attributes) != dnnl_success)
		return false;
	good = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user) == dnnl_success
		&& (!adds || add_post_ops(NULL, true, attributes))
		&& dnnl_reorder_primitive_desc_create(desc, &source, engine, &target, engine, attributes) == dnnl_success;
	dnnl_primitive_attr_destroy(attributes);
	return good;
}

bool
nn_library_memory(dnnl_engine_t engine, const nn_layout *layout, dnnl_memory_t *memory)
{
	dnnl_memory_desc_t desc = layout_of(layout);

	return dnnl_memory_create(memory, &desc, engine, DNNL_MEMORY_NONE) == dnnl_success;
}

bool
nn_library_set_array(dnnl_memory_t memory, void *array, dnnl_stream_t stream)
{
	return dnnl_memory_set_data_handle_v2(memory, array, stream) == dnnl_success;
}

#endif
#endif
