/*
 * test_map_run.c: the radio map as a call: repeatable, independent of threads and of the order of rows, cancelled quickly, refusing
 * what cannot be, and averaging over what is outdoors.
 */
#include <pthread.h>
#include <time.h>

#include "map_scene.h"

#define SIDE 40
#define CELLS (SIDE * SIDE)

static map_scene s;

/* Four buildings on a ground that scatter. */
static void street_begin(const int *order)
{
	map_scene_begin(&s);
	s.materials[0] = map_material(0.3);
	s.options.ground_material = 0;
	map_scene_box(&s, 11, 0, rpm_vec(0, 0, 0), rpm_vec(30, 40, 18));
	map_scene_box(&s, 12, 0, rpm_vec(50, 0, 0), rpm_vec(80, 40, 25));
	map_scene_box(&s, 13, 0, rpm_vec(0, 60, 0), rpm_vec(30, 100, 12));
	map_scene_box(&s, 14, 0, rpm_vec(52, 63, 0), rpm_vec(82, 100, 21));
	CHECK(map_scene_build(&s, order));
}

static rpm_antenna street_antenna(void)
{
	return map_antenna(&s, RPM_PATTERN_TR38901, 40, 50, 15);
}

static rpm_grid street_grid(void)
{
	return map_grid(&s, -8.75, 103.75, 2.5, SIDE, SIDE, 1.5);
}

static rpm_trace_options street_options(int64_t samples)
{
	return map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION | RPM_SCATTERING | RPM_DIFFRACTION, 4, samples);
}

/* The largest relative difference of two maps; NaN and 0 must agree. */
static double difference(const double *a, const double *b)
{
	double		largest = 0;

	for (int i = 0; i < CELLS; i++)
	{
		if (isnan(a[i]) != isnan(b[i]))
			return INFINITY;
		if (a[i] != b[i] && !isnan(a[i]))
			largest = fmax(largest, fabs(a[i] - b[i]) / fmax(fabs(a[i]), fabs(b[i])));
	}
	return largest;
}

/* One thread or two, one run or two: the same to the rounding of sums; another seed: another map. */
static void repeatable(void)
{
	static double one[CELLS], two[CELLS], again[CELLS], other[CELLS], error[CELLS];
	rpm_trace_options options = street_options(20000);
	rpm_antenna antenna;
	rpm_grid	grid;

	street_begin(NULL);
	antenna = street_antenna();
	grid = street_grid();
	CHECK(map_run(&s, &antenna, &grid, &options, 1, one, error));
	CHECK(map_run(&s, &antenna, &grid, &options, 2, two, NULL));
	CHECK(map_run(&s, &antenna, &grid, &options, 1, again, NULL));
	CHECK(difference(one, two) <= 1e-9);
	CHECK(difference(one, again) == 0);
	options.seed = 2;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, other, NULL));
	CHECK(difference(one, other) > 1e-3);
	map_scene_end(&s);
}

static void shuffled_rows(void)
{
	static const int order[] = {2, 0, 3, 1};
	static double straight[CELLS], shuffled[CELLS];
	rpm_trace_options options = street_options(20000);
	rpm_antenna antenna;
	rpm_grid	grid;

	street_begin(NULL);
	antenna = street_antenna();
	grid = street_grid();
	CHECK(map_run(&s, &antenna, &grid, &options, 2, straight, NULL));
	map_scene_end(&s);
	street_begin(order);
	CHECK(map_run(&s, &antenna, &grid, &options, 2, shuffled, NULL));
	CHECK(difference(straight, shuffled) <= 1e-9);
	map_scene_end(&s);
}

/* Launched in 8 batches, the error they state is the error they have: half the seeds' spread to twice it, in the mean. */
static void is_honest(unsigned without)
{
	static double maps[6][CELLS], error[CELLS];
	rpm_trace_options options = street_options(40000);
	rpm_antenna antenna;
	rpm_grid	grid;
	double		stated = 0, found = 0;

	options.mechanisms &= ~without;
	street_begin(NULL);
	antenna = street_antenna();
	grid = street_grid();
	for (int k = 0; k < 6; k++)
	{
		options.seed = (uint64_t) k + 1;
		CHECK(map_run(&s, &antenna, &grid, &options, 2, maps[k], error));
		for (int i = 0; i < CELLS; i++)
			if (maps[k][i] > 1e-11)
				stated += error[i] * error[i] / (maps[k][i] * maps[k][i]) / 6;
	}
	for (int i = 0; i < CELLS; i++)
	{
		double		mean = 0, variance = 0;

		for (int k = 0; k < 6; k++)
			mean += maps[k][i] / 6;
		for (int k = 0; k < 6; k++)
			variance += pow(maps[k][i] - mean, 2) / 5;
		if (mean > 1e-11)
			found += variance / (mean * mean);
	}
	CHECK(stated > 0 && found > 0);
	CHECK_NEAR(log2(sqrt(stated / found)), 0, 1);
	map_scene_end(&s);
}

static void honest_error(void)
{
	is_honest(0);
	is_honest(RPM_SCATTERING);
}

/* Rays spread by distance, beside chains, and rays evenly spread that are all there is: the same light in all. */
static void spread_by_distance(void)
{
	static double gain[2][CELLS];
	rpm_trace_options options = street_options(160000);
	double		sums[2] = {0, 0}, mirrored = 0;
	rpm_antenna antenna;
	rpm_grid	grid;

	street_begin(NULL);
	antenna = street_antenna();
	grid = street_grid();
	options.mechanisms = RPM_REFLECTION | RPM_SCATTERING;
	options.sum = RPM_SUM_POWER;
	options.scattering_scale = 3;
	for (int even = 0; even < 2; even++)
	{
		options.launch_chains = even;
		CHECK(map_run(&s, &antenna, &grid, &options, 2, gain[even], NULL));
		for (int i = 0; i < CELLS; i++)
			sums[even] += isnan(gain[even][i]) ? 0 : gain[even][i];
	}
	options.mechanisms = RPM_REFLECTION;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, gain[0], NULL));
	for (int i = 0; i < CELLS; i++)
		mirrored += isnan(gain[0][i]) ? 0 : gain[0][i];
	CHECK(sums[0] > 1.2 * mirrored);
	CHECK_RELATIVE(sums[0], sums[1], 0.02);
	map_scene_end(&s);
}

/* A target error ends the launch early and is reported. */
static void target_error(void)
{
	static double gain[CELLS];
	rpm_trace_options options = street_options(400000);
	rpm_control control = {.threads = 2};
	rpm_map		map = {gain, NULL, 0, 0};
	rpm_antenna antenna;
	rpm_grid	grid;

	street_begin(NULL);
	antenna = street_antenna();
	grid = street_grid();
	options.target_error_db = 3;
	CHECK(rpm_trace_map(s.scene, s.query, &antenna, &grid, &options, &control, &map, &s.status) == RPM_OK);
	CHECK(map.samples > 0 && map.samples < options.samples);
	CHECK(map.reached_error_db <= 3);
	map_scene_end(&s);
}

/* A target that cannot be reached ends at the samples, and the error that is stated is the one there is. */
static void unreachable_target(void)
{
	static double gain[CELLS], error[CELLS];
	rpm_trace_options options = street_options(20000);
	rpm_control control = {.threads = 2};
	rpm_map		map = {gain, error, 0, 0};
	rpm_antenna antenna;
	rpm_grid	grid;
	double		squares = 0;
	int			judged = 0;

	street_begin(NULL);
	antenna = street_antenna();
	grid = street_grid();
	options.target_error_db = 1e-6;
	CHECK(rpm_trace_map(s.scene, s.query, &antenna, &grid, &options, &control, &map, &s.status) == RPM_OK);
	CHECK(map.samples == options.samples);
	for (int i = 0; i < CELLS; i++)
		if (gain[i] > pow(10, options.error_floor_db / 10))
		{
			squares += error[i] * error[i] / (gain[i] * gain[i]);
			judged++;
		}
	CHECK_RELATIVE(map.reached_error_db, 10 / log(10) * sqrt(squares / judged), 1e-9);
	CHECK(map.reached_error_db > options.target_error_db);
	map_scene_end(&s);
}

/* Inside a building there is no outdoors; a cell half inside averages over its outer half. */
static void outdoor_average(void)
{
	double		outdoor[2], whole[2];
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT, 0, 0);
	rpm_antenna antenna;
	rpm_grid	grid;

	map_scene_begin(&s);
	s.options.ground_material = 0;
	map_scene_box(&s, 1, 0, rpm_vec(0, 0, 0), rpm_vec(20, 20, 10));
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, -100, 10, 5);
	/* Cells of 4 m centred on the wall x = 0 and on x = 4. */
	grid = map_grid(&s, 0, 10, 4, 2, 1, 1.5);
	CHECK(map_run(&s, &antenna, &grid, &options, 1, outdoor, NULL));
	options.cell_average = RPM_AVERAGE_CELL;
	CHECK(map_run(&s, &antenna, &grid, &options, 1, whole, NULL));
	CHECK(isnan(outdoor[1]) && whole[1] == 0);
	CHECK_RELATIVE(whole[0], outdoor[0] / 2, 1e-9);
	map_scene_end(&s);
}

typedef struct stop_later
{
	rpm_control control;
	struct timespec asked;
} stop_later;

static void *stop_after_30_ms(void *argument)
{
	stop_later *later = argument;
	struct timespec wait = {0, 30000000};

	nanosleep(&wait, NULL);
	clock_gettime(CLOCK_MONOTONIC, &later->asked);
	__atomic_store_n(&later->control.stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* A long call ends within 100 ms of being asked to, in the exact part and in the launched one. */
static void cancelled_quickly(void)
{
	static double gain[CELLS];
	rpm_map		map = {gain, NULL, 0, 0};
	rpm_antenna antenna;
	rpm_grid	grid;

	street_begin(NULL);
	antenna = street_antenna();
	grid = street_grid();
	for (int part = 0; part < 2; part++)
	{
		rpm_trace_options options = street_options(part == 0 ? 1000 : INT64_C(4000000000));
		stop_later	later = {.control = {.threads = 2}};
		struct timespec now;
		pthread_t	thread;

		options.cell_samples = part == 0 ? 64 : 1;
		rpm_status_clear(&s.status);
		pthread_create(&thread, NULL, stop_after_30_ms, &later);
		CHECK(rpm_trace_map(s.scene, s.query, &antenna, &grid, &options, &later.control, &map, &s.status) == RPM_CANCELLED);
		clock_gettime(CLOCK_MONOTONIC, &now);
		pthread_join(thread, NULL);
		CHECK((double) (now.tv_sec - later.asked.tv_sec) * 1e3 + (double) (now.tv_nsec - later.asked.tv_nsec) / 1e6 < 100);
	}
	map_scene_end(&s);
}

/* What one call says. */
static rpm_code refusal(const rpm_antenna *antenna, const rpm_grid *grid, const rpm_trace_options *options, size_t memory)
{
	static double gain[CELLS];
	rpm_control control = {.threads = 1, .memory_limit_bytes = memory};
	rpm_map		map = {gain, NULL, 0, 0};

	rpm_status_clear(&s.status);
	return rpm_trace_map(s.scene, s.query, antenna, grid, options, &control, &map, &s.status);
}

static void bad_input(void)
{
	rpm_trace_options good = map_options(RPM_LINE_OF_SIGHT, 1, 0), bad;
	rpm_antenna antenna, lost;
	rpm_grid	grid, odd;

	street_begin(NULL);
	antenna = street_antenna();
	grid = street_grid();
	CHECK(refusal(&antenna, &grid, &good, 0) == RPM_OK);
	lost = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 10, 20, 5);
	CHECK(refusal(&lost, &grid, &good, 0) == RPM_INVALID_ARGUMENT);
	CHECK(strcmp(s.status.message, "antenna lies inside building 11") == 0 && s.status.hint[0] != 0);
	lost = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 40, 50, -2);
	CHECK(refusal(&lost, &grid, &good, 0) == RPM_INVALID_ARGUMENT && strstr(s.status.message, "below the ground") != NULL);
	lost = antenna;
	lost.frequency_hz = 0;
	CHECK(refusal(&lost, &grid, &good, 0) == RPM_INVALID_ARGUMENT);
	bad = good;
	bad.max_depth = 31;
	CHECK(refusal(&antenna, &grid, &bad, 0) == RPM_INVALID_ARGUMENT && strstr(s.status.message, "31") != NULL);
	bad = good;
	bad.target_error_db = NAN;
	CHECK(refusal(&antenna, &grid, &bad, 0) == RPM_INVALID_ARGUMENT);
	bad = good;
	bad.scattering_scale = -1;
	CHECK(refusal(&antenna, &grid, &bad, 0) == RPM_INVALID_ARGUMENT);
	bad = good;
	bad.samples = -1;
	CHECK(refusal(&antenna, &grid, &bad, 0) == RPM_INVALID_ARGUMENT);
	bad = good;
	bad.cell_samples = 0;
	CHECK(refusal(&antenna, &grid, &bad, 0) == RPM_INVALID_ARGUMENT);
	odd = grid;
	odd.cell_width_m = 0;
	CHECK(refusal(&antenna, &odd, &good, 0) == RPM_INVALID_ARGUMENT);
	odd = grid;
	odd.receiver_height_m = NAN;
	CHECK(refusal(&antenna, &odd, &good, 0) == RPM_INVALID_ARGUMENT);
	odd = grid;
	odd.columns = odd.rows = 100000;
	CHECK(refusal(&antenna, &odd, &good, (size_t) 1 << 30) == RPM_LIMIT_EXCEEDED);
	map_scene_end(&s);
}

int main(void)
{
	RUN(repeatable);
	RUN(shuffled_rows);
	RUN(honest_error);
	RUN(spread_by_distance);
	RUN(target_error);
	RUN(unreachable_target);
	RUN(outdoor_average);
	RUN(cancelled_quickly);
	RUN(bad_input);
	return unit_summary("map_run");
}
