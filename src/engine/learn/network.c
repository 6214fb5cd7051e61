/* network.c: a trained network over a map (rpm_learn.h). */
#include "learn/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SIDE 16384
#define LARGEST_STEP 1024		/* to which a side is widened, at most */

static rpm_code read_weights(rpm_learn_network *network, const char *declaration, const void *bytes, size_t size,
							 const rpm_control *control, rpm_status *status);
static rpm_code fit_sides(const rpm_nn_model *model, int rows, int columns, rpm_nn_shape *shape, rpm_nn_shape *out, rpm_status *status);
static void fill_inputs(const rpm_learn_scaling *scaling, int rows, int columns, const float *values, const rpm_nn_shape *shape, float *inputs);

rpm_code
rpm_learn_network_open(const char *declaration, const void *bytes, size_t size, const rpm_learn_scaling *scaling, const rpm_control *control,
					   rpm_learn_network **made, rpm_status *status)
{
	rpm_learn_network *network = calloc(1, sizeof(rpm_learn_network));

	*made = NULL;
	if (network == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	network->scaling = *scaling;
	if (read_weights(network, declaration, bytes, size, control, status) == RPM_OK &&
		learn_check_model(network->model, scaling->channels, &network->outputs, status) == RPM_OK)
		*made = network;
	else
		rpm_learn_network_free(network);
	return status->code;
}

static rpm_code
read_weights(rpm_learn_network *network, const char *declaration, const void *bytes, size_t size, const rpm_control *control,
			 rpm_status *status)
{
	rpm_safetensors *file = NULL;

	if (rpm_nn_parse(declaration, strlen(declaration), &network->model, status) != RPM_OK ||
		rpm_reserve(control, rpm_learn_network_bytes(network), "the network", status) != RPM_OK)
		return status->code;
	network->weights = malloc(sizeof(float) * (size_t) rpm_nn_weight_count(network->model) + 1);
	if (network->weights == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for the weights");
	if (rpm_safetensors_open(bytes, size, &file, status) == RPM_OK)
		rpm_nn_load_weights(network->model, file, false, network->weights, status);
	rpm_safetensors_free(file);
	return status->code;
}

void
rpm_learn_network_free(rpm_learn_network *network)
{
	if (network == NULL)
		return;
	rpm_nn_model_free(network->model);
	free(network->weights);
	free(network);
}

size_t
rpm_learn_network_bytes(const rpm_learn_network *network)
{
	return sizeof(rpm_learn_network) + sizeof(float) * (size_t) rpm_nn_weight_count(network->model);
}

bool
rpm_learn_network_has_deviation(const rpm_learn_network *network)
{
	return network->outputs == 2;
}

rpm_code
learn_check_model(const rpm_nn_model *model, int channels, int *outputs, rpm_status *status)
{
	rpm_nn_shape shape,
				out;

	if (rpm_nn_input_count(model) != 1 || rpm_nn_input_is_index(model, 0) || rpm_nn_output_count(model) != 1)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Declare one input (the channels of a tile) and one output.",
						"a network of %d inputs and %d outputs predicts no level", rpm_nn_input_count(model), rpm_nn_output_count(model));
	if (rpm_nn_input_channels(model, 0) != channels)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give as many channels as the declaration's input has, in its order.",
						"the network takes %d channels, and %d are given", rpm_nn_input_channels(model, 0), channels);
	if (fit_sides(model, 1, 1, &shape, &out, status) != RPM_OK)
		return status->code;
	if (out.c < 1 || out.c > 2)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "One channel is the level, a second the logarithm of its variance.",
						"a network with %lld channels out predicts no level", (long long) out.c);
	*outputs = (int) out.c;
	return RPM_OK;
}

/* The least sides from rows and columns up that the network takes and gives back, in multiples of a power of two. */
static rpm_code
fit_sides(const rpm_nn_model *model, int rows, int columns, rpm_nn_shape *shape, rpm_nn_shape *out, rpm_status *status)
{
	rpm_status	last;

	rpm_status_clear(&last);
	for (int64_t step = 1; step <= LARGEST_STEP; step *= 2)
	{
		*shape = (rpm_nn_shape) {1, rpm_nn_input_channels(model, 0), (rows + step - 1) / step * step, (columns + step - 1) / step * step};
		rpm_status_clear(&last);
		if (rpm_nn_output_shapes(model, shape, out, &last) == RPM_OK && out->h == shape->h && out->w == shape->w)
			return RPM_OK;
	}
	if (last.code != RPM_OK)
		return rpm_fail(status, last.code, last.hint, "%s", last.message);
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "Enlarge as often as is pooled, so that there is one output for each cell.",
					"the network's output has %lld x %lld cells for an input of %lld x %lld", (long long) out->h, (long long) out->w,
					(long long) shape->h, (long long) shape->w);
}

rpm_code
rpm_learn_network_predict(const rpm_learn_network *network, int rows, int columns, const float *values, rpm_control *control, float *mean_dbm,
						  float *sd_db, rpm_status *status)
{
	const rpm_nn_options cpu = {.backend = RPM_NN_AUTO};

	return rpm_learn_network_predict_on(network, &cpu, rows, columns, values, control, mean_dbm, sd_db, status);
}

rpm_code
rpm_learn_network_predict_on(const rpm_learn_network *network, const rpm_nn_options *where, int rows, int columns, const float *values,
							 rpm_control *control, float *mean_dbm, float *sd_db, rpm_status *status)
{
	rpm_nn_options options = *where;
	rpm_nn_shape shape,
				out;
	rpm_nn	   *net = NULL;
	size_t		bytes,
				cells;
	float	   *inputs,
			   *outputs;
	const void *images[1];

	if (rows < 1 || columns < 1 || rows > MOST_SIDE || columns > MOST_SIDE)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Sides of 1 to 16,384 cells.", "a map of %d x %d cells cannot be", rows, columns);
	for (size_t i = 0; i < (size_t) rows * (size_t) columns * (size_t) network->scaling.channels; i++)
		if (isinf(values[i]))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "What is not known is NaN.", "value %zu of the channels is infinite", i);
	if (fit_sides(network->model, rows, columns, &shape, &out, status) != RPM_OK ||
		rpm_nn_memory(network->model, &shape, &options, control, &bytes, status) != RPM_OK)
		return status->code;
	cells = (size_t) shape.h * (size_t) shape.w;
	if (rpm_reserve(control, bytes + sizeof(float) * cells * (size_t) (shape.c + out.c), "the network over the map", status) != RPM_OK)
		return status->code;
	inputs = malloc(sizeof(float) * cells * (size_t) shape.c);
	outputs = malloc(sizeof(float) * cells * (size_t) out.c);
	if (inputs == NULL || outputs == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, "Predict a smaller map.", "out of memory for a map of %d x %d cells", rows, columns);
	else
		rpm_nn_create(network->model, &shape, &options, network->weights, control, &net, status);
	if (status->code == RPM_OK)
	{
		fill_inputs(&network->scaling, rows, columns, values, &shape, inputs);
		images[0] = inputs;
		if (rpm_nn_forward(net, images, control, status) == RPM_OK && rpm_nn_read_output(net, 0, outputs, status) == RPM_OK)
			for (int row = 0; row < rows; row++)
				for (int column = 0; column < columns; column++)
				{
					size_t		to = (size_t) row * (size_t) columns + (size_t) column,
								from = (size_t) row * (size_t) shape.w + (size_t) column;

					learn_level(&network->scaling, outputs[from], out.c == 2 ? outputs[cells + from] : 0, &mean_dbm[to], &sd_db[to]);
				}
	}
	rpm_nn_free(net);
	free(inputs);
	free(outputs);
	return status->code;
}

static void
fill_inputs(const rpm_learn_scaling *scaling, int rows, int columns, const float *values, const rpm_nn_shape *shape, float *inputs)
{
	size_t		cells = (size_t) rows * (size_t) columns;

	memset(inputs, 0, sizeof(float) * (size_t) (shape->c * shape->h * shape->w));
	for (int c = 0; c < scaling->channels; c++)
		for (int row = 0; row < rows; row++)
			for (int column = 0; column < columns; column++)
			{
				float		value = values[(size_t) c * cells + (size_t) row * (size_t) columns + (size_t) column];

				if (!isnan(value))
					inputs[((size_t) c * (size_t) shape->h + (size_t) row) * (size_t) shape->w + (size_t) column] =
						(float) ((value - scaling->shift[c]) / scaling->scale[c]);
			}
}

void
learn_level(const rpm_learn_scaling *scaling, double output, double log_variance, float *mean_dbm, float *sd_db)
{
	double		bounded = fmin(fmax(log_variance, RPM_NN_LEAST_LOG_VARIANCE), RPM_NN_MOST_LOG_VARIANCE);

	*mean_dbm = (float) (scaling->target_shift_dbm + scaling->target_scale_db * output);
	*sd_db = (float) (scaling->target_scale_db * exp(bounded / 2) * scaling->deviation_factor);
}
