/* resolve.c: puts the layers of a declaration into order and finds their channels and tensors (model.h). */
#include <stdlib.h>

#include "nn/model.h"

static rpm_code order_layers(rpm_nn_model *model, int *place, rpm_status *status);
static rpm_code visit(const rpm_nn_model *model, int start, char *state, int *stack, int *place, int *placed, rpm_status *status);
static rpm_code fail_cycle(const rpm_nn_model *model, const int *stack, int depth, int again, rpm_status *status);
static rpm_code move_layers(rpm_nn_model *model, const int *place, rpm_status *status);
static rpm_code check_uses(rpm_nn_model *model, rpm_status *status);
static rpm_code check_index_inputs(const rpm_nn_model *model, const nn_layer *layer, rpm_status *status);
static rpm_code declare_layers(rpm_nn_model *model, rpm_status *status);

rpm_code
nn_resolve(rpm_nn_model *model, rpm_status *status)
{
	int		   *place;

	if (model->output_count == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Add a line: name output value", "the declaration has no output");
	place = malloc(sizeof(int) * (size_t) model->layer_count);
	model->tensors = calloc((size_t) model->layer_count * NN_MAX_TENSORS, sizeof(rpm_nn_tensor_info));
	if (place == NULL || model->tensors == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	else if (order_layers(model, place, status) == RPM_OK && move_layers(model, place, status) == RPM_OK &&
			 check_uses(model, status) == RPM_OK)
		declare_layers(model, status);
	free(place);
	return status->code;
}

/* place[i]: where layer i comes to stand. */
static rpm_code
order_layers(rpm_nn_model *model, int *place, rpm_status *status)
{
	char	   *state = calloc((size_t) model->layer_count, 1);
	int		   *stack = malloc(2 * sizeof(int) * (size_t) model->layer_count);
	int			placed = 0;

	if (state == NULL || stack == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	for (int i = 0; i < model->layer_count && status->code == RPM_OK; i++)
		if (state[i] == 0)
			visit(model, i, state, stack, place, &placed, status);
	free(state);
	free(stack);
	return status->code;
}

/* Depth first from one layer; state: 0 unseen, 1 on the stack, 2 placed.  The stack holds layers and which input comes next. */
static rpm_code
visit(const rpm_nn_model *model, int start, char *state, int *stack, int *place, int *placed, rpm_status *status)
{
	int			depth = 0;

	stack[0] = start;
	stack[1] = 0;
	state[start] = 1;
	while (depth >= 0)
	{
		const nn_layer *layer = &model->layers[stack[2 * depth]];
		int			next = stack[2 * depth + 1];

		if (next == layer->input_count)
		{
			state[stack[2 * depth]] = 2;
			place[stack[2 * depth]] = (*placed)++;
			depth--;
			continue;
		}
		stack[2 * depth + 1]++;
		if (state[layer->inputs[next]] == 1)
			return fail_cycle(model, stack, depth, layer->inputs[next], status);
		if (state[layer->inputs[next]] == 0)
		{
			depth++;
			stack[2 * depth] = layer->inputs[next];
			stack[2 * depth + 1] = 0;
			state[layer->inputs[next]] = 1;
		}
	}
	return RPM_OK;
}

static rpm_code
fail_cycle(const rpm_nn_model *model, const int *stack, int depth, int again, rpm_status *status)
{
	int			length = 1;

	for (int i = depth; stack[2 * i] != again; i--)
		length++;
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "A value cannot be made from itself.",
					"line %d: layer \"%s\" is in a cycle of %d layers: it takes \"%s\" (line %d), which is made from it",
					model->layers[stack[2 * depth]].line, model->layers[stack[2 * depth]].name, length, model->layers[again].name,
					model->layers[again].line);
}

static rpm_code
move_layers(rpm_nn_model *model, const int *place, rpm_status *status)
{
	nn_layer   *ordered = calloc((size_t) model->layer_count, sizeof(nn_layer));

	if (ordered == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	for (int i = 0; i < model->layer_count; i++)
	{
		nn_layer   *layer = &ordered[place[i]];

		*layer = model->layers[i];
		for (int k = 0; k < layer->input_count; k++)
			layer->inputs[k] = place[layer->inputs[k]];
	}
	/* Inputs keep the order in which they were written. */
	for (int i = 0; i < model->layer_count; i++)
		if (model->layers[i].input_count == 0)
			model->inputs[model->input_count++] = place[i];
	for (int i = 0; i < model->output_count; i++)
		model->outputs[i] = place[model->outputs[i]];
	free(model->layers);
	model->layers = ordered;
	return RPM_OK;
}

static rpm_code
check_uses(rpm_nn_model *model, rpm_status *status)
{
	for (int i = 0; i < model->output_count; i++)
	{
		nn_layer   *layer = &model->layers[model->outputs[i]];

		layer->consumers++;
		layer->is_output = true;
		if (layer->kind->code == NN_INDEX)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Name a layer that makes numbers.",
							"line %d: the index \"%s\" cannot be an output", layer->line, layer->name);
	}
	for (int i = 0; i < model->layer_count; i++)
	{
		for (int k = 0; k < model->layers[i].input_count; k++)
			model->layers[model->layers[i].inputs[k]].consumers++;
		if (check_index_inputs(model, &model->layers[i], status) != RPM_OK)
			return status->code;
	}
	for (int i = 0; i < model->layer_count; i++)
		if (model->layers[i].consumers == 0)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Take the line out, or name it as an output.",
							"line %d: nobody takes the value of \"%s\"", model->layers[i].line, model->layers[i].name);
	return RPM_OK;
}

static rpm_code
check_index_inputs(const rpm_nn_model *model, const nn_layer *layer, rpm_status *status)
{
	for (int k = 0; k < layer->input_count; k++)
	{
		const nn_layer *input = &model->layers[layer->inputs[k]];
		bool		is = input->kind->code == NN_INDEX,
					wants = k == layer->kind->index_input;

		if (is != wants)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "An index is a line: name index", wants ?
							"line %d: input %d of %s must be an index, \"%s\" is not" : "line %d: input %d of %s cannot be the index \"%s\"",
							layer->line, k + 1, layer->kind->name, input->name);
	}
	return RPM_OK;
}

static rpm_code
declare_layers(rpm_nn_model *model, rpm_status *status)
{
	for (int i = 0; i < model->layer_count; i++)
	{
		nn_layer   *layer = &model->layers[i];

		layer->first_tensor = model->tensor_count;
		if (layer->kind->declare(model, layer, status) != RPM_OK)
			return status->code;
		layer->needs_gradient = layer->tensor_count > 0;
		for (int k = 0; k < layer->input_count; k++)
			layer->needs_gradient |= model->layers[layer->inputs[k]].needs_gradient;
	}
	return RPM_OK;
}
