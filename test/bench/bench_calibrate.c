/*
 * bench_calibrate.c: the processor time of a calibration: tracing, one evaluation of all levels, the fit by each method, over towns of
 * several sizes; in milliseconds of all threads together and as multiples of one evaluation.
 *
 *   build/bench/bench_calibrate [BLOCKS ...]      buildings per side, default 4 7
 *
 * RPM_SIONNA_PYTHON=python3 with sionna-rt adds its gradient step over a city (test/accuracy/calibrated/gradient_peer.py), and the fits as
 * shares of a calibration of 38 such steps.
 */
#include <time.h>

#include "calibrate_scene.h"

/* Of a calibration by that tracer (Bakirtzis et al. 2025, section 4.5). */
#define PEER_STEPS 38

/* Of all threads: what a machine with nothing else to do would take is at least half of it on two cores. */
static double
processor_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return 1e3 * (double) t.tv_sec + 1e-6 * (double) t.tv_nsec;
}

static void
measure(town *t)
{
	rpm_calibration truth;
	double	   *levels = calloc(t->cell_count, sizeof(double));
	uint64_t	random = 5;

	rpm_calibration_create(t->store, &truth, &t->status);
	for (size_t i = 0; i < truth.parameter_count; i++)
	{
		rpm_parameter *p = &truth.parameters[i];
		double		z = town_moved(p, 0.5, &random);

		if (isfinite(z))
			p->value = rpm_parameter_from_fit(p->kind, z);
	}
	rpm_calibration_levels(t->store, &truth, NULL, levels, &t->status);
	for (size_t i = 0; i < t->cell_count; i++)
		t->cells[i].level_dbm = levels[i] + 4 * town_normal(&random);
	free(levels);
	rpm_calibration_free(&truth);
}

/* Milliseconds of processor time of the peer's last gradient step, which compiles nothing; NaN without the peer. */
static double
time_peer(void)
{
	const char *python = getenv("RPM_SIONNA_PYTHON");
	char		command[4096], line[512];
	double		seconds = NAN, read;
	FILE	   *output;

	if (python == NULL)
		return NAN;
	snprintf(command, sizeof command, "'%s' test/accuracy/calibrated/gradient_peer.py", python);
	output = popen(command, "r");
	while (output && fgets(line, sizeof line, output))
	{
		printf("peer: %s", line);
		if (sscanf(line, "city, step %*d: %lf s", &read) == 1)
			seconds = read;
	}
	if (output == NULL || pclose(output) != 0)
		printf("peer: %s did not end well\n", command);
	return 1e3 * seconds;
}

static double
time_fit(town *t, int method, rpm_calibration *calibration)
{
	rpm_control control = {.threads = 2};
	rpm_calibrate_options options;
	double		begin = processor_ms();

	rpm_calibrate_options_default(&options);
	options.method = method;
	rpm_calibration_create(t->store, calibration, &t->status);
	if (rpm_calibrate(t->store, &options, &control, calibration, &t->status) != RPM_OK)
		printf("%s\n", t->status.message);
	return processor_ms() - begin;
}

static void
run(int blocks, double peer_ms)
{
	static const char *const names[] = {"A", "M", "AM", "AMv", "building"};
	town		t;
	rpm_store_options options;
	rpm_store_counts counts;
	rpm_calibration calibration;
	rpm_control control = {.threads = 2};
	double		begin, trace_ms, level_ms, *levels;

	if (!town_build(&t, blocks, 1, 0))
		return;
	/* Ten thousand cells at most, evenly over the town. */
	if (t.cell_count > 10000)
	{
		size_t		kept = 0, all = t.cell_count;

		for (size_t i = 0; i < all; i++)
			if (i * 10000 / all != (i + 1) * 10000 / all)
				t.cells[kept++] = t.cells[i];
		t.cell_count = t.input.cell_count = kept;
	}
	rpm_store_options_default(&options);
	begin = processor_ms();
	if (!town_trace(&t, &options, 2))
		return;
	trace_ms = processor_ms() - begin;
	counts = rpm_path_store_counts(t.store);
	measure(&t);
	levels = calloc(t.cell_count, sizeof(double));
	rpm_calibration_create(t.store, &calibration, &t.status);
	begin = processor_ms();
	for (int i = 0; i < 5; i++)
		rpm_calibration_levels(t.store, &calibration, &control, levels, &t.status);
	level_ms = (processor_ms() - begin) / 5;
	rpm_calibration_free(&calibration);
	printf("%d buildings, %zu cells, %zu paths, %.1f MB: tracing %.0f ms, levels %.1f ms\n", blocks * blocks, counts.cells, counts.paths,
		   (double) counts.bytes / 1e6, trace_ms, level_ms);
	for (int method = 0; method <= RPM_CALIBRATE_BUILDING; method++)
	{
		double		ms = time_fit(&t, method, &calibration);
		int			fitted = 0;

		for (size_t i = 0; i < calibration.parameter_count; i++)
			fitted += calibration.parameters[i].fitted;
		printf("  %-8s %4d parameters, %2d rounds%s: %6.0f ms, %4.1f times the levels; RMSE %.2f -> %.2f dB\n", names[method], fitted, calibration.iterations,
			   calibration.converged ? "" : " (not at rest)", ms, ms / level_ms, calibration.fitted_before.rmse_db, calibration.fitted_after.rmse_db);
		if (peer_ms > 0)
			printf("           %.2f of the peer's gradient step, 1/%.0f of %d of them\n", ms / peer_ms, PEER_STEPS * peer_ms / ms, PEER_STEPS);
		rpm_calibration_free(&calibration);
	}
	free(levels);
	town_end(&t);
}

int
main(int argc, char **argv)
{
	static const int sizes[] = {4, 7};
	double		peer_ms = time_peer();

	for (int i = 1; i < argc; i++)
		run(atoi(argv[i]), peer_ms);
	for (int i = 0; i < 2 && argc == 1; i++)
		run(sizes[i], peer_ms);
	return 0;
}
