/* model.c: what callers ask of a declared network, and its start values (rpm_nn.h). */
#include <math.h>
#include <stdlib.h>

#include "nn/model.h"
#include "nn/random.h"

static void fill(const rpm_nn_tensor_info *tensor, float value, float *weights);
static void fill_uniform(const rpm_nn_tensor_info *tensor, double bound, uint64_t seed, float *weights);
static void fill_normal(const rpm_nn_tensor_info *tensor, double deviation, uint64_t seed, float *weights);

void
rpm_nn_model_free(rpm_nn_model *model)
{
	if (model == NULL)
		return;
	free(model->layers);
	free(model->inputs);
	free(model->outputs);
	free(model->output_names);
	free(model->tensors);
	free(model);
}

int
rpm_nn_input_count(const rpm_nn_model *model)
{
	return model->input_count;
}

const char *
rpm_nn_input_name(const rpm_nn_model *model, int input)
{
	return model->layers[model->inputs[input]].name;
}

int
rpm_nn_input_channels(const rpm_nn_model *model, int input)
{
	return model->layers[model->inputs[input]].channels;
}

bool
rpm_nn_input_is_index(const rpm_nn_model *model, int input)
{
	return model->layers[model->inputs[input]].kind->code == NN_INDEX;
}

int
rpm_nn_output_count(const rpm_nn_model *model)
{
	return model->output_count;
}

const char *
rpm_nn_output_name(const rpm_nn_model *model, int output)
{
	return model->output_names[output];
}

int64_t
rpm_nn_parameter_count(const rpm_nn_model *model)
{
	return model->parameter_count;
}

int64_t
rpm_nn_weight_count(const rpm_nn_model *model)
{
	return model->weight_count;
}

int
rpm_nn_tensor_count(const rpm_nn_model *model)
{
	return model->tensor_count;
}

const rpm_nn_tensor_info *
rpm_nn_tensor(const rpm_nn_model *model, int tensor)
{
	return &model->tensors[tensor];
}

void
rpm_nn_initialise(const rpm_nn_model *model, uint64_t seed, float *weights)
{
	memset(weights, 0, sizeof(float) * (size_t) model->weight_count);
	for (int i = 0; i < model->layer_count; i++)
	{
		const nn_layer *layer = &model->layers[i];
		const rpm_nn_tensor_info *tensor = &model->tensors[layer->first_tensor];
		double		fan_in;

		if (layer->tensor_count == 0)
			continue;
		switch (layer->kind->code)
		{
			case NN_BATCH_NORM:
				fill(&tensor[3], 1, weights);	/* running variance */
				fill(&tensor[0], 1, weights);
				break;
			case NN_LAYER_NORM:
			case NN_GROUP_NORM:
				fill(&tensor[0], 1, weights);
				break;
			case NN_EMBEDDING:
				fill_normal(&tensor[0], 1, seed ^ nn_random((uint64_t) layer->first_tensor, 0), weights);
				break;
			case NN_ATTENTION:
				fill_normal(&tensor[0], 0.02, seed ^ nn_random((uint64_t) layer->first_tensor, 0), weights);
				break;
			default:
				/* As torch.nn.init._calculate_fan_in_and_fan_out: all dimensions but the first. */
				fan_in = (double) (tensor[0].count / tensor[0].dims[0]);
				for (int t = 0; t < layer->tensor_count; t++)
					fill_uniform(&tensor[t], 1 / sqrt(fan_in), seed ^ nn_random((uint64_t) (layer->first_tensor + t), 0), weights);
		}
	}
}

static void
fill(const rpm_nn_tensor_info *tensor, float value, float *weights)
{
	for (int64_t i = 0; i < tensor->count; i++)
		weights[tensor->offset + i] = value;
}

static void
fill_uniform(const rpm_nn_tensor_info *tensor, double bound, uint64_t seed, float *weights)
{
	for (int64_t i = 0; i < tensor->count; i++)
		weights[tensor->offset + i] = (float) (bound * (2 * nn_random_share(seed, (uint64_t) i) - 1));
}

/* Box and Muller's. */
static void
fill_normal(const rpm_nn_tensor_info *tensor, double deviation, uint64_t seed, float *weights)
{
	for (int64_t i = 0; i < tensor->count; i++)
	{
		double		u = 1 - nn_random_share(seed, (uint64_t) (2 * i)),
					v = nn_random_share(seed, (uint64_t) (2 * i + 1));

		weights[tensor->offset + i] = (float) (deviation * sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v));
	}
}
