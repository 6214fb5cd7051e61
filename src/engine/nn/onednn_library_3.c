/*
 * onednn_library_3.c: oneDNN 3 (onednn_library.h; oneapi-src.github.io/oneDNN/v3.7).
 */
#ifdef RPM_HAVE_DNNL

#include <string.h>

#include "nn/onednn_library.h"

#if DNNL_VERSION_MAJOR == 3

/* The arrays of a plan as the library describes them; NULL where there is none. */
typedef struct layouts
{
	dnnl_memory_desc_t source,
				weights,
				bias,
				target;
} layouts;

static dnnl_status_t describe(dnnl_engine_t engine, const nn_plan *plan, const layouts *l, const_dnnl_primitive_desc_t hint,
							  dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *desc);
static dnnl_status_t describe_convolution(dnnl_engine_t engine, const nn_plan *plan, const layouts *l, const_dnnl_primitive_desc_t hint,
										  dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *desc);
static bool layout_of(const nn_layout *layout, dnnl_memory_desc_t *desc);
static void free_layout(dnnl_memory_desc_t desc);
static bool attributes_of(const nn_plan *plan, dnnl_primitive_attr_t *attributes);
static bool add_post_ops(const nn_plan *plan, dnnl_primitive_attr_t attributes);

static const dnnl_dims_t not_dilated;

bool
nn_library_describe(dnnl_engine_t engine, const nn_plan *plan, const_dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *desc)
{
	layouts		l = {NULL, NULL, NULL, NULL};
	dnnl_primitive_attr_t attributes = NULL;
	bool		good = layout_of(&plan->source, &l.source) && layout_of(&plan->weights, &l.weights) && layout_of(&plan->bias, &l.bias)
		&& layout_of(&plan->target, &l.target) && attributes_of(plan, &attributes)
		&& describe(engine, plan, &l, hint, attributes, desc) == dnnl_success;

	if (attributes != NULL)
		dnnl_primitive_attr_destroy(attributes);
	free_layout(l.source);
	free_layout(l.weights);
	free_layout(l.bias);
	free_layout(l.target);
	return good;
}

static dnnl_status_t
describe(dnnl_engine_t engine, const nn_plan *plan, const layouts *l, const_dnnl_primitive_desc_t hint, dnnl_primitive_attr_t attributes,
		 dnnl_primitive_desc_t *desc)
{
	const unsigned scaled = dnnl_use_scale | dnnl_use_shift;
	dnnl_prop_kind_t forward = plan->inference ? dnnl_forward_inference : dnnl_forward_training;
	int			last = plan->source.ndims - 1;

	switch (plan->kind)
	{
		case NN_PLAN_NORM:
			return dnnl_batch_normalization_forward_primitive_desc_create(desc, engine, forward, l->source, l->source, plan->epsilon,
																		  scaled, attributes);
		case NN_PLAN_NORM_BACK:
			return dnnl_batch_normalization_backward_primitive_desc_create(desc, engine, dnnl_backward, l->source, l->source, l->source,
																		   plan->epsilon, scaled, hint, attributes);
		case NN_PLAN_ACTIVATION:
			return dnnl_eltwise_forward_primitive_desc_create(desc, engine, forward, plan->algorithm, l->source, l->source, plan->alpha, 0,
															  attributes);
		case NN_PLAN_ACTIVATION_BACK:
			return dnnl_eltwise_backward_primitive_desc_create(desc, engine, plan->algorithm, l->source, l->source, l->source, plan->alpha,
															   0, hint, attributes);
		case NN_PLAN_POOL:
			return dnnl_pooling_forward_primitive_desc_create(desc, engine, forward, plan->algorithm, l->source, l->target, plan->strides,
															  plan->kernel, not_dilated, plan->before, plan->after, attributes);
		case NN_PLAN_POOL_BACK:
			return dnnl_pooling_backward_primitive_desc_create(desc, engine, plan->algorithm, l->source, l->target, plan->strides,
															   plan->kernel, not_dilated, plan->before, plan->after, hint, attributes);
		case NN_PLAN_ENLARGE:
			return dnnl_resampling_forward_primitive_desc_create(desc, engine, forward, dnnl_resampling_linear, NULL, l->source,
																 l->target, attributes);
		case NN_PLAN_PRODUCT:
			return dnnl_matmul_primitive_desc_create(desc, engine, l->source, l->weights, NULL, l->target, attributes);
		case NN_PLAN_SOFTMAX:
			return dnnl_softmax_forward_primitive_desc_create(desc, engine, forward, dnnl_softmax_accurate, l->source, l->source, last,
															  attributes);
		case NN_PLAN_SOFTMAX_BACK:
			return dnnl_softmax_backward_primitive_desc_create(desc, engine, dnnl_softmax_accurate, l->source, l->source, l->source, last,
															   hint, attributes);
		default:
			return describe_convolution(engine, plan, l, hint, attributes, desc);
	}
}

static dnnl_status_t
describe_convolution(dnnl_engine_t engine, const nn_plan *plan, const layouts *l, const_dnnl_primitive_desc_t hint,
					 dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *desc)
{
	if (plan->kind == NN_PLAN_CONV_DATA)
		return dnnl_convolution_backward_data_primitive_desc_create(desc, engine, dnnl_convolution_direct, l->source, l->weights,
																	l->target, plan->strides, not_dilated, plan->before, plan->after,
																	hint, attributes);
	if (plan->kind == NN_PLAN_CONV_WEIGHTS)
		return dnnl_convolution_backward_weights_primitive_desc_create(desc, engine, dnnl_convolution_direct, l->source, l->weights,
																	   l->bias, l->target, plan->strides, not_dilated, plan->before,
																	   plan->after, hint, attributes);
	return dnnl_convolution_forward_primitive_desc_create(desc, engine, plan->inference ? dnnl_forward_inference : dnnl_forward_training,
														  dnnl_convolution_direct, l->source, l->weights, l->bias, l->target,
														  plan->strides, not_dilated, plan->before, plan->after, attributes);
}

static bool
layout_of(const nn_layout *layout, dnnl_memory_desc_t *desc)
{
	if (layout->like != NULL)
		return dnnl_memory_desc_clone(desc, layout->like) == dnnl_success;
	return layout->ndims == 0
		|| dnnl_memory_desc_create_with_tag(desc, layout->ndims, layout->dims, dnnl_f32, layout->tag) == dnnl_success;
}

static void
free_layout(dnnl_memory_desc_t desc)
{
	if (desc != NULL)
		dnnl_memory_desc_destroy(desc);
}

static bool
attributes_of(const nn_plan *plan, dnnl_primitive_attr_t *attributes)
{
	return dnnl_primitive_attr_create(attributes) == dnnl_success
		&& dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user) == dnnl_success
		&& add_post_ops(plan, *attributes);
}

/* plan NULL: a sum with what is there.  The scale of a product is a step behind it, since attributes have scales for whole numbers only. */
static bool
add_post_ops(const nn_plan *plan, dnnl_primitive_attr_t attributes)
{
	dnnl_status_t status = dnnl_success;
	dnnl_post_ops_t ops;

	if (dnnl_post_ops_create(&ops) != dnnl_success)
		return false;
	if (plan == NULL)
		status = dnnl_post_ops_append_sum(ops, 1, 0, dnnl_data_type_undef);
	else if (plan->activated)
		status = dnnl_post_ops_append_eltwise(ops, plan->activation, plan->activation_alpha, 0);
	else if (plan->kind == NN_PLAN_PRODUCT && plan->scale != 1)
		status = dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_linear, plan->scale, 0);
	if (status == dnnl_success)
		status = dnnl_primitive_attr_set_post_ops(attributes, ops);
	dnnl_post_ops_destroy(ops);
	return status == dnnl_success;
}

bool
nn_library_describe_reorder(dnnl_engine_t engine, const nn_layout *from, const nn_layout *to, bool adds, dnnl_primitive_desc_t *desc)
{
	dnnl_memory_desc_t source = NULL,
				target = NULL;
	dnnl_primitive_attr_t attributes = NULL;
	bool		good = layout_of(from, &source) && layout_of(to, &target) && dnnl_primitive_attr_create(&attributes) == dnnl_success
		&& dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user) == dnnl_success
		&& (!adds || add_post_ops(NULL, attributes))
		&& dnnl_reorder_primitive_desc_create(desc, source, engine, target, engine, attributes) == dnnl_success;

	if (attributes != NULL)
		dnnl_primitive_attr_destroy(attributes);
	free_layout(source);
	free_layout(target);
	return good;
}

bool
nn_library_memory(dnnl_engine_t engine, const nn_layout *layout, dnnl_memory_t *memory)
{
	dnnl_memory_desc_t desc = NULL;
	bool		good = layout_of(layout, &desc) && dnnl_memory_create(memory, desc, engine, DNNL_MEMORY_NONE) == dnnl_success;

	free_layout(desc);
	return good;
}

bool
nn_library_set_array(dnnl_memory_t memory, void *array, dnnl_stream_t stream)
{
	(void) stream;
	return dnnl_memory_set_data_handle(memory, array) == dnnl_success;
}

#endif
#endif
