/* onednn.c: plans a net for oneDNN (onednn.h): which layers run as one, in what primitive, with how much memory. */
#ifdef RPM_HAVE_DNNL

#include <omp.h>
#include <stdlib.h>

#include "nn/onednn.h"

static rpm_code prepare(rpm_nn *net, rpm_status *status);
static bool plan_layer(rpm_nn *net, int layer, bool *taken);
static bool plan_conv(rpm_nn *net, dn_step *step, int layer, bool *taken);
static bool plan_deconv(rpm_nn *net, dn_step *step, int layer);
static void take_in(rpm_nn *net, dn_step *step, nn_fused *fused, bool *taken);
static int	only_user(const rpm_nn *net, int layer);
static bool plan_batch_norm(rpm_nn *net, dn_step *step, int layer);
static bool plan_op(rpm_nn *net, dn_step *step, int layer);
static bool plan_pool(rpm_nn *net, dn_step *step, int layer);
static void plan_other(rpm_nn *net, dn_step *step, int layer);
static size_t step_scratch(const rpm_nn *net, const dn_step *step, int layer);
static size_t reserve_floats(rpm_nn *net, int64_t count);
static rpm_code bind(rpm_nn *net, rpm_status *status);
static void release(rpm_nn *net);
static void weights_changed(rpm_nn *net);
static rpm_code begin(rpm_nn *net, rpm_status *status);
static void end(rpm_nn *net);

const nn_backend nn_onednn_backend = {
	.prepare = prepare, .bind = bind, .release = release, .weights_changed = weights_changed, .begin = begin, .end = end,
	.forward = dn_forward, .backward = dn_backward, .read = dn_read, .add_gradient = dn_add_gradient
};

static rpm_code
prepare(rpm_nn *net, rpm_status *status)
{
	int			layers = net->model->layer_count;
	bool	   *taken = calloc((size_t) layers, sizeof(bool));
	dn		   *own = calloc(1, sizeof(dn));

	net->own = own;
	if (own != NULL)
		own->steps = calloc((size_t) layers, sizeof(dn_step));
	if (taken == NULL || own == NULL || own->steps == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	else if (!nn_dnnl_start())
		rpm_fail(status, RPM_INTERNAL, "Take the plain back end.", "oneDNN could not be started");
	else
	{
		/* The library plans for the threads that it will have. */
		own->threads_before = omp_get_max_threads();
		nn_dnnl_threads(net->threads);
		for (int i = 0; i < layers && status->code == RPM_OK; i++)
			if (!taken[i] && !plan_layer(net, i, taken))
				rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory planning layer \"%s\" (line %d)", net->model->layers[i].name,
						 net->model->layers[i].line);
		omp_set_num_threads(own->threads_before);
		net->own_bytes = sizeof(float) * own->floats + sizeof(dn_step) * (size_t) layers;
	}
	free(taken);
	return status->code;
}

/* Adds the step of a layer; what it takes in is marked as taken. */
static bool
plan_layer(rpm_nn *net, int layer, bool *taken)
{
	const nn_layer *l = &net->model->layers[layer];
	dn_step    *step = &((dn *) net->own)->steps[net->step_count];
	int			output;
	size_t		scratch;
	bool		planned;

	if (dn_borrowed(net, layer))
		return true;
	step->norm = -1;
	net->steps[net->step_count] = (nn_step) {layer, layer};
	switch (l->kind->code)
	{
		case NN_CONV:
		case NN_LINEAR:
			planned = plan_conv(net, step, layer, taken);
			break;
		case NN_DECONV:
			planned = plan_deconv(net, step, layer);
			break;
		case NN_BATCH_NORM:
			planned = plan_batch_norm(net, step, layer);
			break;
		case NN_ATTENTION:
			step->mode = DN_ATTENTION;
			step->attention = dn_attention_plan(l, &net->shapes[layer], net->options.training, net->threads);
			planned = step->attention != NULL;
			break;
		default:
			planned = plan_op(net, step, layer);
	}
	if (!planned)
		plan_other(net, step, layer);
	output = net->steps[net->step_count].output;
	net->value_bytes[output] = sizeof(float) * (size_t) nn_elements(&net->shapes[output]);
	scratch = step_scratch(net, step, layer);
	if (scratch > net->scratch_bytes)
		net->scratch_bytes = scratch;
	net->step_count++;
	return true;
}

static bool
plan_conv(rpm_nn *net, dn_step *step, int layer, bool *taken)
{
	const nn_layer *l = &net->model->layers[layer];
	nn_conv_shape shape = nn_conv_shape_of(l, &net->shapes[l->inputs[0]], &net->shapes[layer]);
	nn_fused	fused = {.bias = l->option[NN_BIAS] != 0};
	nn_fused	bare = fused;
	bool		good;

	step->mode = DN_CONV;
	if (!net->options.training)
	{
		fused.weights_stay = true;
		take_in(net, step, &fused, taken);
		step->paired = nn_conv_pair(&shape, &shape);
	}
	good = nn_pass_plan(&step->forward, NN_FORWARD, &shape, &fused, net->threads);
	if (good && net->options.training)
		good = nn_pass_plan(&step->weights, NN_WEIGHTS, &shape, &bare, net->threads) &&
			(!nn_wants_gradient(net, l->inputs[0]) || nn_pass_plan(&step->data, NN_DATA, &shape, &bare, net->threads));
	if (!good)
	{
		/* Undo what was taken in: the layers run one by one. */
		if (step->norm >= 0)
			taken[step->norm] = false;
		if (net->steps[net->step_count].output != layer)
			taken[net->steps[net->step_count].output] = false;
		net->steps[net->step_count].output = layer;
		step->norm = -1;
		step->paired = false;
		return false;
	}
	if (!net->options.training)
	{
		step->blocked = reserve_floats(net, (int64_t) (step->forward.weight_bytes / sizeof(float)));
		step->shift = reserve_floats(net, shape.smaller.c);
	}
	return true;
}

/* Inference: the batch norm and the activation that alone use the value before. */
static void
take_in(rpm_nn *net, dn_step *step, nn_fused *fused, bool *taken)
{
	const nn_layer *layers = net->model->layers;
	nn_step    *plan = &net->steps[net->step_count];
	int			next = only_user(net, plan->output);

	if (next >= 0 && layers[next].kind->code == NN_BATCH_NORM)
	{
		step->norm = plan->output = next;
		taken[next] = true;
		fused->bias = true;
		next = only_user(net, next);
	}
	if (next >= 0 && layers[next].kind->code >= NN_RELU && layers[next].kind->code <= NN_TANH)
	{
		plan->output = next;
		taken[next] = true;
		fused->activated = true;
		fused->activation = layers[next].kind->code;
		fused->slope = (float) layers[next].option[NN_SLOPE];
	}
}

/* The one layer that takes a value; -1 where there are more, or it is an output. */
static int
only_user(const rpm_nn *net, int layer)
{
	const nn_layer *layers = net->model->layers;

	if (layers[layer].consumers != 1 || layers[layer].is_output)
		return -1;
	for (int i = layer + 1; i < net->model->layer_count; i++)
		for (int k = 0; k < layers[i].input_count; k++)
			if (layers[i].inputs[k] == layer)
				return i;
	return -1;
}

/* The adjoint of a convolution: its forward is the gradient of the larger image. */
static bool
plan_deconv(rpm_nn *net, dn_step *step, int layer)
{
	const nn_layer *l = &net->model->layers[layer];
	nn_conv_shape shape = nn_conv_shape_of(l, &net->shapes[layer], &net->shapes[l->inputs[0]]);
	nn_fused	bare = {0};

	step->mode = DN_DECONV;
	if (!nn_pass_plan(&step->data, NN_DATA, &shape, &bare, net->threads))
		return false;
	if (!net->options.training)
	{
		step->blocked = reserve_floats(net, (int64_t) (step->data.weight_bytes / sizeof(float)));
		return true;
	}
	return nn_pass_plan(&step->weights, NN_WEIGHTS, &shape, &bare, net->threads) &&
		(!nn_wants_gradient(net, l->inputs[0]) || nn_pass_plan(&step->forward, NN_FORWARD, &shape, &bare, net->threads));
}

static bool
plan_batch_norm(rpm_nn *net, dn_step *step, int layer)
{
	const rpm_nn_shape *shape = &net->shapes[layer];
	float		epsilon = (float) net->model->layers[layer].option[NN_EPSILON];

	if (!net->options.training)
	{
		step->mode = DN_AFFINE;
		step->shift = reserve_floats(net, 2 * shape->c);
		return true;
	}
	step->mode = DN_BATCH_NORM;
	net->saved_bytes[layer] = 2 * sizeof(float) * (size_t) shape->c;
	return nn_op_batch_norm(&step->op, shape, epsilon) && nn_op_batch_norm_back(&step->back, shape, epsilon);
}

static bool
plan_op(rpm_nn *net, dn_step *step, int layer)
{
	const nn_layer *l = &net->model->layers[layer];
	const rpm_nn_shape *out = &net->shapes[layer],
			   *in = l->input_count > 0 ? &net->shapes[l->inputs[0]] : NULL;
	bool		back = net->options.training && l->input_count > 0 && nn_wants_gradient(net, l->inputs[0]);
	nn_code		code = l->kind->code;

	step->mode = DN_OP;
	if (code >= NN_RELU && code <= NN_TANH)
		return nn_op_activation(&step->op, out, code, (float) l->option[NN_SLOPE]) &&
			(!back || nn_op_activation_back(&step->back, out, code, (float) l->option[NN_SLOPE]));
	if (code == NN_MAX_POOL || code == NN_AVG_POOL)
		return plan_pool(net, step, layer);
	if (code == NN_UPSAMPLE && l->option[NN_ALIGN] == 0)
		return nn_op_enlarge(&step->op, in, out);
	return false;
}

static bool
plan_pool(rpm_nn *net, dn_step *step, int layer)
{
	const nn_layer *l = &net->model->layers[layer];
	nn_sliding	sliding = nn_sliding_of(l, &net->shapes[l->inputs[0]]);
	rpm_nn_shape larger = net->shapes[l->inputs[0]],
				smaller = net->shapes[layer];
	nn_conv_shape shape = {larger, smaller, 1, sliding.kernel, sliding.kernel, sliding.stride, sliding.top, 0, sliding.left, 0};
	bool		largest = l->kind->code == NN_MAX_POOL,
				inside = l->option[NN_PAD] == NN_PAD_SAME;

	shape.bottom = (smaller.h - 1) * sliding.stride + sliding.kernel - sliding.top - larger.h;
	shape.right = (smaller.w - 1) * sliding.stride + sliding.kernel - sliding.left - larger.w;
	shape.bottom = shape.bottom > 0 ? shape.bottom : 0;
	shape.right = shape.right > 0 ? shape.right : 0;
	if (!nn_op_pool(&step->op, &shape, largest, inside, net->options.training))
		return false;
	net->saved_bytes[layer] = step->op.workspace_bytes;
	return !net->options.training || !nn_wants_gradient(net, l->inputs[0]) || nn_op_pool_back(&step->back, &shape, largest, inside);
}

/* What no primitive does. */
static void
plan_other(rpm_nn *net, dn_step *step, int layer)
{
	const nn_layer *l = &net->model->layers[layer];
	bool		agree = nn_layouts_agree(&net->shapes[layer]);

	nn_pass_free(&step->forward);
	nn_pass_free(&step->data);
	nn_pass_free(&step->weights);
	nn_op_free(&step->op);
	nn_op_free(&step->back);
	for (int k = 0; k < l->input_count; k++)
		agree &= l->kind->index_input == k || nn_layouts_agree(&net->shapes[l->inputs[k]]);
	net->saved_bytes[layer] = net->options.training ? sizeof(float) * (size_t) l->kind->saved_per_channel * (size_t) l->channels : 0;
	step->mode = l->kind->code == NN_INPUT ? DN_INPUT : nn_nhwc_forward(l->kind->code) != NULL ? DN_OWN :
		agree || l->kind->code == NN_DROP_PATH ? DN_DIRECT : DN_PLAIN;
}

/* An upper bound of what the functions of onednn_run.c carve out. */
static size_t
step_scratch(const rpm_nn *net, const dn_step *step, int layer)
{
	const nn_layer *l = &net->model->layers[layer];
	const nn_pass *passes[3] = {&step->forward, &step->data, &step->weights};
	size_t		scratch = 0,
				weights = 0,
				values = dn_value_bytes(net, layer);

	for (int i = 0; i < 3; i++)
	{
		scratch = passes[i]->scratch_bytes > scratch ? passes[i]->scratch_bytes : scratch;
		weights = passes[i]->weight_bytes > weights ? passes[i]->weight_bytes : weights;
	}
	scratch = step->op.scratch_bytes > scratch ? step->op.scratch_bytes : scratch;
	scratch = step->back.scratch_bytes > scratch ? step->back.scratch_bytes : scratch;
	if (step->attention != NULL)
		scratch = dn_attention_scratch(step->attention);
	for (int k = 0; k < l->input_count; k++)
		values += dn_value_bytes(net, l->inputs[k]);
	/* Op, blocked weights (inference: once, while they are laid down), two vectors, nhwc's own, and plain copies or a gradient aside. */
	return scratch + 64 + (net->options.training ? weights : 0) + 64 + 4 * sizeof(float) * (size_t) l->channels + 128 +
		sizeof(float) * nn_nhwc_scratch(l->kind->code, &net->shapes[layer]) + 64 +
		(step->mode == DN_PLAIN ? 2 * values : net->options.training ? values : 0);
}

/* Room in own memory; returns its place. */
static size_t
reserve_floats(rpm_nn *net, int64_t count)
{
	dn		   *own = net->own;
	size_t		place = own->floats;

	own->floats += ((size_t) count + 15) / 16 * 16;
	return place;
}

static rpm_code
bind(rpm_nn *net, rpm_status *status)
{
	dn		   *own = net->own;

	if (own->floats > 0 && posix_memalign((void **) &own->memory, 64, sizeof(float) * own->floats) != 0)
	{
		own->memory = NULL;
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Choose a smaller network.", "no memory for the network's weights");
	}
	if (begin(net, status) != RPM_OK)
		return status->code;
	for (int s = 0; s < net->step_count; s++)
	{
		dn_step    *step = &own->steps[s];

		if ((step->forward.op_count > 0 && !nn_pass_build(&step->forward)) || (step->data.op_count > 0 && !nn_pass_build(&step->data)) ||
			(step->weights.op_count > 0 && !nn_pass_build(&step->weights)) || (step->op.desc != NULL && !nn_op_build(&step->op)) ||
			(step->back.desc != NULL && !nn_op_build(&step->back)) ||
			(step->attention != NULL && !dn_attention_build(step->attention)))
		{
			rpm_fail(status, RPM_INTERNAL, "Take the plain back end.", "oneDNN could not build layer \"%s\" (line %d)",
					 net->model->layers[net->steps[s].layer].name, net->model->layers[net->steps[s].layer].line);
			break;
		}
	}
	end(net);
	return status->code;
}

static void
release(rpm_nn *net)
{
	dn		   *own = net->own;

	if (own == NULL)
		return;
	for (int s = 0; own->steps != NULL && s < net->model->layer_count; s++)
	{
		nn_pass_free(&own->steps[s].forward);
		nn_pass_free(&own->steps[s].data);
		nn_pass_free(&own->steps[s].weights);
		nn_op_free(&own->steps[s].op);
		nn_op_free(&own->steps[s].back);
		dn_attention_free(own->steps[s].attention);
	}
	free(own->steps);
	free(own->memory);
	free(own);
}

static void
weights_changed(rpm_nn *net)
{
	((dn *) net->own)->fresh = false;
}

static rpm_code
begin(rpm_nn *net, rpm_status *status)
{
	dn		   *own = net->own;

	(void) status;
	own->threads_before = omp_get_max_threads();
	nn_dnnl_threads(net->threads);
	return RPM_OK;
}

static void
end(rpm_nn *net)
{
	omp_set_num_threads(((dn *) net->own)->threads_before);
}

#endif
