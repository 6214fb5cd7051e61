/*
 * bench_default_model.c: processor time of the default model's network alone, for what rpm_predict adds to it (docs/predict.md).
 *
 * bench_default_model [FILE]     (default: model/rpm_pg_default.safetensors)
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nn_files.h"
#include "rpm_learn.h"
#include "rpm_model_file.h"

int
main(int argc, char **argv)
{
	nn_bytes	file = nn_read_file(argc > 1 ? argv[1] : "model/rpm_pg_default.safetensors");
	rpm_learn_scaling scaling = {.channels = 7, .target_scale_db = 1, .deviation_factor = 1};
	rpm_learn_network *network;
	rpm_control control = {.threads = 1};
	rpm_status	status;
	char	   *declaration,
			   *description;

	rpm_status_clear(&status);
	for (int c = 0; c < scaling.channels; c++)
		scaling.scale[c] = 1;
	if (file.at == NULL || rpm_model_file_notes(file.at, file.size, &declaration, &description, &status) != RPM_OK ||
		rpm_learn_network_open(declaration, file.at, file.size, &scaling, &control, &network, &status) != RPM_OK)
	{
		fprintf(stderr, "%s\n", status.message);
		return 1;
	}
	for (int side = 128; side <= 512; side *= 2)
	{
		size_t		cells = (size_t) side * (size_t) side;
		float	   *values = calloc(cells * 7, sizeof(float)),
				   *mean = malloc(cells * sizeof(float)),
				   *sd = malloc(cells * sizeof(float));
		double		least = HUGE_VAL;

		for (int run = 0; run < 5; run++)
		{
			clock_t		begin = clock();

			if (rpm_learn_network_predict(network, side, side, values, &control, mean, sd, &status) != RPM_OK)
				return 1;
			least = fmin(least, (double) (clock() - begin) / CLOCKS_PER_SEC);
		}
		printf("%d x %d cells: %.1f ms\n", side, side, 1000 * least);
		free(values);
		free(mean);
		free(sd);
	}
	return 0;
}
