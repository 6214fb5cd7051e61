/*
 * bench_default_model.c: the default model's network alone, for what rpm_predict adds to it (docs/predict.md): for each side the least processor time of
 * all threads and the least by the clock, ms.
 *
 * bench_default_model [THREADS [RUNS [FILE]]]     (default: 1, 5, model/rpm_pg_default.safetensors)
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nn_files.h"
#include "rpm_learn.h"
#include "rpm_model_file.h"

static double
clock_ms(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return 1e3 * (double) now.tv_sec + 1e-6 * (double) now.tv_nsec;
}

int
main(int argc, char **argv)
{
	nn_bytes	file = nn_read_file(argc > 3 ? argv[3] : "model/rpm_pg_default.safetensors");
	rpm_learn_scaling scaling = {.channels = 7, .target_scale_db = 1, .deviation_factor = 1};
	rpm_learn_network *network;
	rpm_control control = {.threads = argc > 1 ? atoi(argv[1]) : 1};
	int			runs = argc > 2 ? atoi(argv[2]) : 5;
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
		double		least_ms = HUGE_VAL,
					least_clock_ms = HUGE_VAL;

		for (int run = 0; run < runs; run++)
		{
			double		begin = clock_ms(CLOCK_PROCESS_CPUTIME_ID),
						begin_clock = clock_ms(CLOCK_MONOTONIC);

			if (rpm_learn_network_predict(network, side, side, values, &control, mean, sd, &status) != RPM_OK)
				return 1;
			least_ms = fmin(least_ms, clock_ms(CLOCK_PROCESS_CPUTIME_ID) - begin);
			least_clock_ms = fmin(least_clock_ms, clock_ms(CLOCK_MONOTONIC) - begin_clock);
		}
		printf("%d x %d cells: %.2f ms of the processors, %.2f ms by the clock\n", side, side, least_ms, least_clock_ms);
		free(values);
		free(mean);
		free(sd);
	}
	return 0;
}
