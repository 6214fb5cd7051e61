/* model_file.c: a network as one safetensors file with its declaration (rpm_model_file.h). */
#include "rpm_model_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The side at which a declaration is asked for its output: a multiple of what any model here asks for. */
#define LARGEST_PROBE 4096

static rpm_code pack(const rpm_nn_model *model, const char *declaration, const rpm_safetensors *file, const char *description,
					 rpm_control *control, rpm_sink sink, void *context, rpm_status *status);
static rpm_code check_finite(const rpm_nn_model *model, const float *weights, rpm_control *control, rpm_status *status);
static void find_facts(const rpm_nn_model *model, rpm_model_facts *facts);
static rpm_code copy_note(const rpm_safetensors *file, const char *key, char **copy, rpm_status *status);

rpm_code
rpm_model_file_notes(const void *bytes, size_t size, char **declaration, char **description, rpm_status *status)
{
	rpm_safetensors *file = NULL;

	*declaration = *description = NULL;
	if (rpm_safetensors_open(bytes, size, &file, status) == RPM_OK &&
		copy_note(file, RPM_MODEL_DECLARATION, declaration, status) == RPM_OK)
		copy_note(file, RPM_MODEL_DESCRIPTION, description, status);
	rpm_safetensors_free(file);
	if (status->code != RPM_OK)
	{
		free(*declaration);
		*declaration = NULL;
	}
	return status->code;
}

static rpm_code
copy_note(const rpm_safetensors *file, const char *key, char **copy, rpm_status *status)
{
	const char *note = rpm_safetensors_note_of(file, key);

	*copy = note != NULL ? strdup(note) : NULL;
	if (note != NULL && *copy == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	return RPM_OK;
}

rpm_code
rpm_model_file_pack(const char *declaration, const void *bytes, size_t size, const char *description, rpm_control *control,
					rpm_sink sink, void *context, rpm_model_facts *facts, rpm_status *status)
{
	rpm_nn_model *model = NULL;
	rpm_safetensors *file = NULL;

	if (rpm_nn_parse(declaration, strlen(declaration), &model, status) == RPM_OK &&
		rpm_safetensors_open(bytes, size, &file, status) == RPM_OK)
		pack(model, declaration, file, description, control, sink, context, status);
	if (status->code == RPM_OK && facts != NULL)
		find_facts(model, facts);
	rpm_safetensors_free(file);
	rpm_nn_model_free(model);
	return status->code;
}

static rpm_code
pack(const rpm_nn_model *model, const char *declaration, const rpm_safetensors *file, const char *description, rpm_control *control,
	 rpm_sink sink, void *context, rpm_status *status)
{
	rpm_safetensors_note notes[2] = {{RPM_MODEL_DECLARATION, declaration}, {RPM_MODEL_DESCRIPTION, description}};
	size_t		bytes = sizeof(float) * (size_t) rpm_nn_weight_count(model);
	float	   *weights;

	if (rpm_reserve(control, bytes, "the network", status) != RPM_OK)
		return status->code;
	weights = malloc(bytes + 1);
	if (weights == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu bytes of weights", bytes);
	if (rpm_nn_load_weights(model, file, false, weights, status) == RPM_OK &&
		check_finite(model, weights, control, status) == RPM_OK)
		rpm_nn_save_weights(model, weights, notes, description != NULL ? 2 : 1, sink, context, status);
	free(weights);
	return status->code;
}

static rpm_code
check_finite(const rpm_nn_model *model, const float *weights, rpm_control *control, rpm_status *status)
{
	for (int t = 0; t < rpm_nn_tensor_count(model); t++)
	{
		const rpm_nn_tensor_info *tensor = rpm_nn_tensor(model, t);

		if (rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		for (int64_t i = 0; i < tensor->count; i++)
			if (!isfinite(weights[tensor->offset + i]))
				return rpm_fail(status, RPM_INVALID_ARGUMENT, "Such a network predicts nothing: train it with a lower rate.",
								"weight %lld of tensor \"%s\" is not finite", (long long) i, tensor->name);
	}
	return RPM_OK;
}

/* Channels of the output stand in no declaration: shapes for an image say them; 0 where no square image fits. */
static void
find_facts(const rpm_nn_model *model, rpm_model_facts *facts)
{
	int			inputs = rpm_nn_input_count(model),
				outputs = rpm_nn_output_count(model);
	rpm_nn_shape *in = calloc((size_t) inputs + 1, sizeof(rpm_nn_shape)),
			   *out = calloc((size_t) outputs + 1, sizeof(rpm_nn_shape));

	*facts = (rpm_model_facts) {rpm_nn_parameter_count(model), inputs, outputs, inputs > 0 ? rpm_nn_input_channels(model, 0) : 0, 0};
	for (int64_t side = 1; side <= LARGEST_PROBE && in != NULL && out != NULL && facts->output_channels == 0; side *= 2)
	{
		rpm_status	unasked;

		rpm_status_clear(&unasked);
		for (int i = 0; i < inputs; i++)
			in[i] = (rpm_nn_shape) {1, rpm_nn_input_channels(model, i), side, side};
		if (rpm_nn_output_shapes(model, in, out, &unasked) == RPM_OK && outputs > 0)
			facts->output_channels = (int) out[0].c;
	}
	free(in);
	free(out);
}
