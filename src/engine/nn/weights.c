/* weights.c: a model's weights from and to safetensors, by name (rpm_nn_safetensors.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/model.h"
#include "rpm_nn_safetensors.h"

#define SHAPE_TEXT 128

static rpm_code check_tensor(const rpm_nn_tensor_info *tensor, const rpm_safetensor *found, rpm_status *status);
static rpm_code check_others(const rpm_nn_model *model, const rpm_safetensors *file, rpm_status *status);
static int	compare_names(const void *a, const void *b);
static void shape_text(int rank, const int64_t *dims, char *text);

rpm_code
rpm_nn_load_weights(const rpm_nn_model *model, const rpm_safetensors *file, bool others_allowed, float *weights, rpm_status *status)
{
	for (int i = 0; i < model->tensor_count; i++)
		if (check_tensor(&model->tensors[i], rpm_safetensors_find(file, model->tensors[i].name), status) != RPM_OK)
			return status->code;
	if (!others_allowed && check_others(model, file, status) != RPM_OK)
		return status->code;
	for (int i = 0; i < model->tensor_count; i++)
	{
		const rpm_safetensor *found = rpm_safetensors_find(file, model->tensors[i].name);

		if (found == NULL)
			weights[model->tensors[i].offset] = 0;
		else if (rpm_safetensor_floats(found, weights + model->tensors[i].offset, status) != RPM_OK)
			return status->code;
	}
	return RPM_OK;
}

static rpm_code
check_tensor(const rpm_nn_tensor_info *tensor, const rpm_safetensor *found, rpm_status *status)
{
	char		wanted[SHAPE_TEXT],
				given[SHAPE_TEXT];

	if (found == NULL)
		return tensor->use == RPM_NN_COUNTER ? RPM_OK :
			rpm_fail(status, RPM_INVALID_ARGUMENT, "The names of a declaration's layers are the beginnings of its tensors' names.",
					 "the weights lack tensor \"%s\" (line %d of the declaration)", tensor->name, tensor->line);
	if (found->type == RPM_F8_E4M3 || found->type == RPM_F8_E5M2)
		return rpm_fail(status, RPM_UNSUPPORTED, "Save it as F32, BF16 or F16.", "tensor \"%s\" has the type %s", tensor->name,
						rpm_tensor_type_name(found->type));
	if (found->rank == tensor->rank && memcmp(found->dims, tensor->dims, sizeof(int64_t) * (size_t) tensor->rank) == 0)
		return RPM_OK;
	shape_text(tensor->rank, tensor->dims, wanted);
	shape_text(found->rank, found->dims, given);
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "Take the declaration that the weights were trained with.",
					"tensor \"%s\" is %s in the weights and %s in the declaration (line %d)", tensor->name, given, wanted, tensor->line);
}

static rpm_code
check_others(const rpm_nn_model *model, const rpm_safetensors *file, rpm_status *status)
{
	const char **names = malloc(sizeof(char *) * (size_t) (model->tensor_count + 1));

	if (names == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	for (int i = 0; i < model->tensor_count; i++)
		names[i] = model->tensors[i].name;
	qsort(names, (size_t) model->tensor_count, sizeof(char *), compare_names);
	for (int i = 0; i < rpm_safetensors_count(file); i++)
	{
		const char *name = rpm_safetensors_get(file, i)->name;

		if (bsearch(&name, names, (size_t) model->tensor_count, sizeof(char *), compare_names) == NULL)
		{
			rpm_fail(status, RPM_INVALID_ARGUMENT, "Take the declaration that the weights were trained with.",
					 "tensor \"%.100s\" of the weights is not in the declaration", name);
			break;
		}
	}
	free(names);
	return status->code;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void
shape_text(int rank, const int64_t *dims, char *text)
{
	int			length = snprintf(text, SHAPE_TEXT, "[");

	for (int i = 0; i < rank && length < SHAPE_TEXT; i++)
		length += snprintf(text + length, SHAPE_TEXT - (size_t) length, "%s%lld", i > 0 ? ", " : "", (long long) dims[i]);
	if (length < SHAPE_TEXT)
		snprintf(text + length, SHAPE_TEXT - (size_t) length, "]");
}

rpm_code
rpm_nn_save_weights(const rpm_nn_model *model, const float *weights, const rpm_safetensors_note *notes, int note_count, rpm_sink sink,
					void *context, rpm_status *status)
{
	rpm_safetensor *tensors = calloc((size_t) model->tensor_count + 1, sizeof(rpm_safetensor));
	int64_t    *counters = calloc((size_t) model->tensor_count + 1, sizeof(int64_t));

	if (tensors == NULL || counters == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	for (int i = 0; i < model->tensor_count && status->code == RPM_OK; i++)
	{
		const rpm_nn_tensor_info *tensor = &model->tensors[i];

		tensors[i] = (rpm_safetensor) {.name = tensor->name, .type = RPM_F32, .rank = tensor->rank, .data = weights + tensor->offset,
		.bytes = sizeof(float) * (size_t) tensor->count};
		memcpy(tensors[i].dims, tensor->dims, sizeof(int64_t) * (size_t) tensor->rank);
		if (tensor->use == RPM_NN_COUNTER)
		{
			counters[i] = (int64_t) weights[tensor->offset];
			tensors[i].type = RPM_I64;
			tensors[i].data = &counters[i];
			tensors[i].bytes = sizeof(int64_t);
		}
	}
	if (status->code == RPM_OK)
		rpm_safetensors_write(tensors, model->tensor_count, notes, note_count, sink, context, status);
	free(tensors);
	free(counters);
	return status->code;
}
