/* checkpoint.c: a trainer written down and read back (rpm_nn_train.h). */
#include "nn/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FORMAT "rpm_pg trainer 1"
#define NOTES 11
#define NAME_SIZE (RPM_NN_NAME_SIZE + 48)

/* The arrays of a trainer that follow the weights, each tensor under a prefix. */
#define ARRAYS 3
static const char *const PREFIXES[ARRAYS] = {"first.", "second.", "waiting."};
static const nn_array NAMED[ARRAYS] = {NN_ARRAY_FIRST, NN_ARRAY_SECOND, NN_ARRAY_GRADIENTS};

typedef struct notes
{
	rpm_safetensors_note note[NOTES];
	char		text[NOTES][40];
} notes;

static void write_notes(const rpm_nn_trainer *trainer, notes *n);
static rpm_code read_note(const rpm_safetensors *file, const char *key, double least, double most, double *value, rpm_status *status);
static rpm_code read_notes(rpm_nn_trainer *trainer, const rpm_safetensors *file, rpm_status *status);
static rpm_code read_array(const rpm_nn_trainer *trainer, const rpm_safetensors *file, int array, float *to, rpm_status *status);
static rpm_code bring_arrays(const rpm_nn_trainer *trainer, float **brought, rpm_status *status);
static float *array_of(const rpm_nn_trainer *trainer, int array);

static float *
array_of(const rpm_nn_trainer *trainer, int array)
{
	return array == 0 ? trainer->first : array == 1 ? trainer->second : trainer->gradients;
}

rpm_code
rpm_nn_checkpoint_save(const rpm_nn_trainer *trainer, rpm_sink sink, void *context, rpm_status *status)
{
	const rpm_nn_model *model = trainer->model;
	size_t		most = (size_t) model->tensor_count * (1 + ARRAYS);
	rpm_safetensor *tensors = calloc(most + 1, sizeof(rpm_safetensor));
	char		(*names)[NAME_SIZE] = calloc(most + 1, NAME_SIZE);
	int64_t    *counters = calloc((size_t) model->tensor_count + 1, sizeof(int64_t));
	float	   *brought = NULL;
	int			count = 0;
	notes		n;

	if (trainer->torn)
		rpm_fail(status, RPM_INVALID_ARGUMENT, "Load its last checkpoint.", "the trainer was stopped within step %lld",
				 (long long) trainer->steps + 1);
	if (tensors == NULL || names == NULL || counters == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (status->code == RPM_OK)
		bring_arrays(trainer, &brought, status);
	for (int a = -1; a < ARRAYS && status->code == RPM_OK; a++)
		for (int i = 0; i < model->tensor_count; i++)
		{
			const rpm_nn_tensor_info *tensor = &model->tensors[i];
			rpm_safetensor *to = &tensors[count];

			if (a >= 0 && tensor->use != RPM_NN_TRAINED)
				continue;
			snprintf(names[count], NAME_SIZE, "%s%s", a < 0 ? "" : PREFIXES[a], tensor->name);
			*to = (rpm_safetensor) {.name = names[count], .type = RPM_F32, .rank = tensor->rank,
			.data = (a < 0 ? trainer->weights : brought != NULL ? brought + (size_t) a * (size_t) model->weight_count : array_of(trainer, a)) + tensor->offset, .bytes = sizeof(float) * (size_t) tensor->count};
			memcpy(to->dims, tensor->dims, sizeof(int64_t) * (size_t) tensor->rank);
			if (tensor->use == RPM_NN_COUNTER)
			{
				counters[i] = (int64_t) trainer->weights[tensor->offset];
				to->type = RPM_I64;
				to->data = &counters[i];
				to->bytes = sizeof(int64_t);
			}
			count++;
		}
	write_notes(trainer, &n);
	if (status->code == RPM_OK)
		rpm_safetensors_write(tensors, count, n.note, NOTES, sink, context, status);
	free(tensors);
	free(names);
	free(counters);
	free(brought);
	return status->code;
}

/* What the back end holds: the weights to their place, the other arrays into one of ours; NULL where there is nothing to bring. */
static rpm_code
bring_arrays(const rpm_nn_trainer *trainer, float **brought, rpm_status *status)
{
	size_t		count = (size_t) trainer->model->weight_count;

	if (trainer->inside == NULL)
		return RPM_OK;
	*brought = malloc(sizeof(float) * ARRAYS * count + 1);
	if (*brought == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory to write the checkpoint");
	nn_trainer_exchange(trainer, NN_ARRAY_WEIGHTS, false, trainer->weights, status);
	for (int a = 0; a < ARRAYS && status->code == RPM_OK; a++)
		nn_trainer_exchange(trainer, NAMED[a], false, *brought + (size_t) a * count, status);
	return status->code;
}

static void
write_notes(const rpm_nn_trainer *t, notes *n)
{
	static const char *const keys[NOTES] = {"format", "steps", "batches_waiting", "epochs", "best", "best_epoch", "stalled", "slowing", "draws",
	"loss_scale", "steps_of_scale"};
	double		scale = 1;
	int64_t		steps_of_scale = 0;

	if (t->inside != NULL)
		t->inside->scaling(t->net, false, &scale, &steps_of_scale);
	for (int i = 0; i < NOTES; i++)
		n->note[i] = (rpm_safetensors_note) {keys[i], n->text[i]};
	snprintf(n->text[0], sizeof(n->text[0]), "%s", FORMAT);
	snprintf(n->text[1], sizeof(n->text[1]), "%" PRId64, t->steps);
	snprintf(n->text[2], sizeof(n->text[2]), "%" PRId64, t->waiting);
	snprintf(n->text[3], sizeof(n->text[3]), "%" PRId64, t->epochs);
	/* Hexadecimal, so that every bit comes back. */
	snprintf(n->text[4], sizeof(n->text[4]), "%a", t->best);
	snprintf(n->text[5], sizeof(n->text[5]), "%" PRId64, t->best_epoch);
	snprintf(n->text[6], sizeof(n->text[6]), "%" PRId64, t->stalled);
	snprintf(n->text[7], sizeof(n->text[7]), "%a", t->slowing);
	snprintf(n->text[8], sizeof(n->text[8]), "%" PRIu64, rpm_nn_draws(t->net));
	snprintf(n->text[9], sizeof(n->text[9]), "%a", scale);
	snprintf(n->text[10], sizeof(n->text[10]), "%" PRId64, steps_of_scale);
}

rpm_code
rpm_nn_checkpoint_load(rpm_nn_trainer *trainer, const rpm_safetensors *file, rpm_status *status)
{
	const char *format = rpm_safetensors_note_of(file, "format");
	float	   *arrays;
	size_t		count = (size_t) trainer->model->weight_count;

	if (format == NULL || strcmp(format, FORMAT) != 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Weights alone are read with rpm_nn_load_weights.",
						"these tensors are not a checkpoint of a trainer");
	/* Read aside first, so that a bad file leaves the trainer as it was. */
	arrays = calloc((ARRAYS + 1) * count + 1, sizeof(float));
	if (arrays == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory to read the checkpoint");
	rpm_nn_load_weights(trainer->model, file, true, arrays, status);
	for (int a = 0; a < ARRAYS && status->code == RPM_OK; a++)
		read_array(trainer, file, a, arrays + (size_t) (a + 1) * count, status);
	if (status->code == RPM_OK && read_notes(trainer, file, status) == RPM_OK)
	{
		trainer->torn = false;
		memcpy(trainer->weights, arrays, sizeof(float) * count);
		for (int a = 0; a < ARRAYS; a++)
			if (trainer->inside == NULL)
				memcpy(array_of(trainer, a), arrays + (size_t) (a + 1) * count, sizeof(float) * count);
			else
				nn_trainer_exchange(trainer, NAMED[a], true, arrays + (size_t) (a + 1) * count, status);
		rpm_nn_trainer_weights_changed(trainer);
	}
	free(arrays);
	return status->code;
}

static rpm_code
read_array(const rpm_nn_trainer *trainer, const rpm_safetensors *file, int array, float *to, rpm_status *status)
{
	for (int i = 0; i < trainer->model->tensor_count; i++)
	{
		const rpm_nn_tensor_info *tensor = &trainer->model->tensors[i];
		const rpm_safetensor *found;
		char		name[NAME_SIZE];

		if (tensor->use != RPM_NN_TRAINED)
			continue;
		snprintf(name, sizeof(name), "%s%s", PREFIXES[array], tensor->name);
		found = rpm_safetensors_find(file, name);
		if (found == NULL || found->type != RPM_F32 || found->bytes != sizeof(float) * (size_t) tensor->count)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Take a checkpoint of this declaration.",
							"the checkpoint has no tensor \"%s\" of %lld numbers", name, (long long) tensor->count);
		if (rpm_safetensor_floats(found, to + tensor->offset, status) != RPM_OK)
			return status->code;
	}
	return RPM_OK;
}

static rpm_code
read_note(const rpm_safetensors *file, const char *key, double least, double most, double *value, rpm_status *status)
{
	const char *text = rpm_safetensors_note_of(file, key);
	char	   *end = NULL;

	if (text != NULL)
		*value = strtod(text, &end);
	if (text == NULL || *text == '\0' || *end != '\0' || !(*value >= least && *value <= most))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Take a checkpoint of this version.", "the checkpoint's %s cannot be \"%.40s\"", key,
						text != NULL ? text : "");
	return RPM_OK;
}

static rpm_code
read_notes(rpm_nn_trainer *t, const rpm_safetensors *file, rpm_status *status)
{
	double		steps,
				waiting,
				epochs,
				best,
				best_epoch,
				stalled,
				slowing,
				draws,
				scale,
				steps_of_scale;

	/* Counts up to 2^53 are exact in a double. */
	if (read_note(file, "steps", 0, 0x1p53, &steps, status) != RPM_OK ||
		read_note(file, "batches_waiting", 0, 0x1p53, &waiting, status) != RPM_OK ||
		read_note(file, "epochs", 0, 0x1p53, &epochs, status) != RPM_OK ||
		read_note(file, "best", -INFINITY, INFINITY, &best, status) != RPM_OK ||
		read_note(file, "best_epoch", 0, 0x1p53, &best_epoch, status) != RPM_OK ||
		read_note(file, "stalled", 0, 0x1p53, &stalled, status) != RPM_OK ||
		read_note(file, "slowing", 0, 1, &slowing, status) != RPM_OK ||
		read_note(file, "draws", 0, 0x1p53, &draws, status) != RPM_OK)
		return status->code;
	/* Those of a trainer in half precision; one on the CPU, or of 0.1, has none to speak of. */
	if (t->inside != NULL && rpm_safetensors_note_of(file, "loss_scale") != NULL)
	{
		int64_t		since;

		if (read_note(file, "loss_scale", 0x1p-20, 0x1p30, &scale, status) != RPM_OK ||
			read_note(file, "steps_of_scale", 0, 0x1p53, &steps_of_scale, status) != RPM_OK)
			return status->code;
		since = (int64_t) steps_of_scale;
		t->inside->scaling(t->net, true, &scale, &since);
	}
	t->steps = (int64_t) steps;
	t->waiting = (int64_t) waiting;
	t->epochs = (int64_t) epochs;
	t->best = best;
	t->best_epoch = (int64_t) best_epoch;
	t->stalled = (int64_t) stalled;
	t->slowing = slowing;
	rpm_nn_set_draws(t->net, (uint64_t) draws);
	return RPM_OK;
}
