/*
 * run_network.c: runs a network on a file's input, for test/nn/round_trip.py and by hand.
 *
 * Usage: run_network DECLARATION WEIGHTS INPUT OUTPUT [WEIGHTS-AGAIN]
 * DECLARATION: a file, or unet:BASE,STAGES,INPUTS,OUTPUTS,KERNEL, or maxvit:SIZE,INPUTS.  The others are safetensors; INPUT has one tensor
 * per input of the declaration, under its name, OUTPUT receives one per output; WEIGHTS-AGAIN receives the weights as read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nn_files.h"
#include "rpm_nn_zoo.h"

#define MOST 16

static rpm_status status;

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s: %s %s\n", what, status.message, status.hint);
	exit(1);
}

static bool
into_file(void *context, const void *bytes, size_t size)
{
	return fwrite(bytes, 1, size, context) == size;
}

static char *
declaration(const char *name)
{
	rpm_nn_unet unet;
	int			size,
				inputs;
	char	   *text = NULL;

	if (sscanf(name, "unet:%d,%d,%d,%d,%d", &unet.base, &unet.stages, &unet.inputs, &unet.outputs, &unet.kernel) == 5)
		rpm_nn_unet_declaration(&unet, &text, &status);
	else if (sscanf(name, "maxvit:%d,%d", &size, &inputs) == 2)
	{
		rpm_nn_maxvit maxvit = rpm_nn_maxvit_tiny(size, inputs);

		rpm_nn_maxvit_declaration(&maxvit, &text, &status);
	}
	else
	{
		nn_bytes	bytes = nn_read_file(name);

		must(bytes.at != NULL, name);
		bytes.at[bytes.size] = '\0';
		text = (char *) bytes.at;
	}
	must(text != NULL, name);
	return text;
}

static rpm_safetensors *
open_tensors(const char *path)
{
	nn_bytes	bytes = nn_read_file(path);
	rpm_safetensors *file = NULL;

	must(bytes.at != NULL && rpm_safetensors_open(bytes.at, bytes.size, &file, &status) == RPM_OK, path);
	return file;
}

static void
write_outputs(rpm_nn *net, const rpm_nn_model *model, const char *path)
{
	rpm_safetensor tensors[MOST];
	int			count = rpm_nn_output_count(model);
	FILE	   *file = fopen(path, "wb");

	must(file != NULL && count <= MOST, path);
	for (int i = 0; i < count; i++)
	{
		rpm_nn_shape s = rpm_nn_output_shape(net, i);
		size_t		bytes = sizeof(float) * (size_t) (s.n * s.c * s.h * s.w);
		float	   *values = malloc(bytes);

		must(rpm_nn_read_output(net, i, values, &status) == RPM_OK, path);
		tensors[i] = (rpm_safetensor) {.name = rpm_nn_output_name(model, i), .type = RPM_F32, .rank = 4, .dims = {s.n, s.c, s.h, s.w},
		.data = values, .bytes = bytes};
	}
	must(rpm_safetensors_write(tensors, count, NULL, 0, into_file, file, &status) == RPM_OK && fclose(file) == 0, path);
}

int
main(int argc, char **argv)
{
	rpm_nn_options options = {.backend = RPM_NN_AUTO};
	rpm_nn_model *model;
	rpm_nn	   *net;
	rpm_nn_shape shapes[MOST];
	const void *inputs[MOST];
	rpm_safetensors *given;
	float	   *weights;
	char	   *text;

	if (argc < 5)
	{
		fprintf(stderr, "usage: run_network DECLARATION WEIGHTS INPUT OUTPUT [WEIGHTS-AGAIN]\n");
		return 2;
	}
	text = declaration(argv[1]);
	must(rpm_nn_parse(text, strlen(text), &model, &status) == RPM_OK, argv[1]);
	weights = calloc((size_t) rpm_nn_weight_count(model), sizeof(float));
	must(rpm_nn_load_weights(model, open_tensors(argv[2]), true, weights, &status) == RPM_OK, argv[2]);
	given = open_tensors(argv[3]);
	for (int i = 0; i < rpm_nn_input_count(model); i++)
	{
		const rpm_safetensor *tensor = rpm_safetensors_find(given, rpm_nn_input_name(model, i));
		int64_t		count;

		must(i < MOST && tensor != NULL && tensor->rank == 4, rpm_nn_input_name(model, i));
		shapes[i] = (rpm_nn_shape) {tensor->dims[0], tensor->dims[1], tensor->dims[2], tensor->dims[3]};
		inputs[i] = rpm_nn_input_is_index(model, i) ? tensor->data : nn_tensor_floats(given, tensor->name, &count);
	}
	must(rpm_nn_create(model, shapes, &options, weights, NULL, &net, &status) == RPM_OK, argv[1]);
	for (int run = 0; run < 2; run++)
	{
		clock_t		begin = clock();

		must(rpm_nn_forward(net, inputs, NULL, &status) == RPM_OK, argv[1]);
		if (run == 1)
			printf("%s: %.3f s of processor time forward\n", argv[1], (double) (clock() - begin) / CLOCKS_PER_SEC);
	}
	write_outputs(net, model, argv[4]);
	if (argc > 5)
	{
		FILE	   *file = fopen(argv[5], "wb");

		must(file != NULL && rpm_nn_save_weights(model, weights, NULL, 0, into_file, file, &status) == RPM_OK && fclose(file) == 0, argv[5]);
	}
	rpm_nn_free(net);
	return 0;
}
