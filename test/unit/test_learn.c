/* test_learn.c: towns with walls are learned, a run goes on exactly where it was, stops, keeps to its memory; tiles turn as a whole. */
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "learn/data.h"
#include "nn_files.h"
#include "rpm_learn.h"
#include "rpm_nn_zoo.h"
#include "unit.h"

#define SIDE 32
#define CELLS (SIDE * SIDE)
#define CHANNELS 3
#define WALL_LOSS_DB 15.0
#define NOISE_SD_DB 1.0
#define SHADOW_NOISE_SD_DB 4.0

static uint64_t state;

static double
uniform(void)
{
	state = learn_mix(state, 1);
	return (double) (state >> 11) * 0x1p-53;
}

static double
normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * 3.14159265358979323846 * uniform());
}

/* True where the straight line from the middle of the town to a cell's middle meets a house. */
static bool
in_shadow(const bool *house, int row, int column)
{
	double		middle = SIDE / 2.0,
				dy = row + 0.5 - middle,
				dx = column + 0.5 - middle;
	int			steps = (int) (4 * hypot(dx, dy)) + 1;

	for (int i = 0; i < steps; i++)
		if (house[(int) (middle + dy * i / steps) * SIDE + (int) (middle + dx * i / steps)])
			return true;
	return false;
}

/*
 * A town: houses of 3 x 6 cells; channels: house, logarithm of the distance, angle from a boresight.  Level: -60 - 30 log10(distance in cells),
 * 6 (1 - cos angle) / 2 dB down behind, 15 dB down and uncertain by 4 dB instead of 1 in the shadow of a house.
 */
static size_t
make_town(int number, float *values, rpm_learn_level *levels, int fold)
{
	bool		house[CELLS] = {false};
	double		boresight;
	size_t		count = 0;

	state = 1000 + (uint64_t) number;
	boresight = 6.28 * uniform();
	for (int h = 0; h < 8; h++)
	{
		int			tall = uniform() < 0.5,
					row = (int) (uniform() * (SIDE - 6)),
					column = (int) (uniform() * (SIDE - 6));

		for (int r = row; r < row + (tall ? 6 : 3); r++)
			for (int c = column; c < column + (tall ? 3 : 6); c++)
				house[r * SIDE + c] = hypot(r - SIDE / 2.0, c - SIDE / 2.0) > 4;
	}
	for (int cell = 0; cell < CELLS; cell++)
	{
		int			row = cell / SIDE,
					column = cell % SIDE;
		double		east = column + 0.5 - SIDE / 2.0,
					north = SIDE / 2.0 - row - 0.5,
					angle = remainder(atan2(east, north) - boresight, 2 * 3.14159265358979323846),
					distance = hypot(east, north);
		bool		shadow = in_shadow(house, row, column);

		values[cell] = house[cell];
		values[CELLS + cell] = (float) log10(distance);
		values[2 * CELLS + cell] = (float) angle;
		if (uniform() < 0.3)
			levels[count++] = (rpm_learn_level) {cell, (float) (-60 - 30 * log10(distance) - 3 * (1 - cos(angle)) - (shadow ? WALL_LOSS_DB : 0) +
																(shadow ? SHADOW_NOISE_SD_DB : NOISE_SD_DB) * normal()), fold};
	}
	return count;
}

static const rpm_learn_form form = {CHANNELS, SIDE, {RPM_LEARN_SCALAR, RPM_LEARN_SCALAR, RPM_LEARN_ANGLE}};

/* Every fourth town is held out. */
static rpm_learn_data *
towns(int count)
{
	static float values[CHANNELS * CELLS];
	static rpm_learn_level levels[CELLS];
	rpm_learn_data *data;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_learn_data_create(&form, (size_t) count, (size_t) count * CELLS, NULL, &data, &status) == RPM_OK);
	for (int t = 0; t < count; t++)
	{
		rpm_learn_tile tile = {t, values, make_town(t, values, levels, t % 4 == 3), levels};

		CHECK(rpm_learn_data_add(data, &tile, &status) == RPM_OK);
	}
	return data;
}

static rpm_nn_model *
small_unet(int outputs, char **text)
{
	rpm_nn_unet unet = {6, 2, CHANNELS, outputs, 3};
	rpm_nn_model *model;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_nn_unet_declaration(&unet, text, &status) == RPM_OK && rpm_nn_parse(*text, strlen(*text), &model, &status) == RPM_OK);
	return model;
}

static rpm_learn_options
small_options(int epochs)
{
	rpm_learn_options options = rpm_learn_options_default();

	options.epochs = epochs;
	options.batch = 4;
	options.held_out = 1;
	options.training.schedule.rate = 1e-2;
	return options;
}

/* Mean absolute error of the best line in the logarithm of the distance, over the cells held out. */
static double
line_error(const rpm_learn_data *data)
{
	double		n = 0,
				x = 0,
				y = 0,
				xx = 0,
				xy = 0,
				error = 0,
				held = 0;

	for (int held_out = 0; held_out < 2; held_out++)
		for (size_t i = 0; i < data->level_count; i++)
		{
			const rpm_learn_level *level = &data->levels[i];
			double		distance = log10(hypot(level->cell % SIDE + 0.5 - SIDE / 2.0, level->cell / SIDE + 0.5 - SIDE / 2.0)),
						slope = (n * xy - x * y) / (n * xx - x * x);

			if (level->fold != held_out)
				continue;
			if (held_out == 0)
			{
				n++;
				x += distance;
				y += level->level_dbm;
				xx += distance * distance;
				xy += distance * level->level_dbm;
				continue;
			}
			error += fabs(level->level_dbm - (y - slope * x) / n - slope * distance);
			held++;
		}
	return error / held;
}

/* The error that is left where the law is known: E|N(0, sd)| = sd sqrt(2 / pi), between 0.8 and 3.2 dB here. */
static void
test_towns(void)
{
	rpm_learn_data *data = towns(unit_quick() ? 16 : 64);
	char	   *text;
	rpm_nn_model *model = small_unet(2, &text);
	rpm_learn_options options = small_options(unit_quick() ? 2 : 30);
	rpm_learn_run *run;
	rpm_learn_epoch epoch;
	rpm_learn_network *network;
	nn_bytes	file = {NULL, 0};
	rpm_control control = {.threads = 1};
	rpm_status	status;
	double		line = line_error(data),
				best = INFINITY,
				factor = NAN,
				sd_open = 0,
				sd_shadow = 0,
				open = 0,
				shadows = 0;
	static float values[CHANNELS * CELLS],
				mean[CELLS],
				sd[CELLS];
	static rpm_learn_level levels[CELLS];

	rpm_status_clear(&status);
	CHECK(rpm_learn_run_create(model, data, &options, &control, &run, &status) == RPM_OK);
	do
	{
		CHECK(rpm_learn_run_epoch(run, &control, &epoch, &status) == RPM_OK);
		if (epoch.best)
		{
			best = epoch.validation_loss;
			factor = rpm_learn_score_factor(&epoch.score);
		}
	} while (status.code == RPM_OK && !epoch.last);
	printf("  towns: %.2f dB by the network, %.2f dB by a line in log distance; deviations times %.2f\n", best, line, factor);
	CHECK(rpm_learn_data_levels(data, 1) == (size_t) epoch.score.comparison.pairs);
	CHECK(rpm_nn_save_weights(model, rpm_learn_run_weights(run), NULL, 0, nn_into_memory, &file, &status) == RPM_OK);
	CHECK(rpm_learn_network_open(text, file.at, file.size, rpm_learn_run_scaling(run), &control, &network, &status) == RPM_OK);
	/* A town that nobody learned from: the deviations, too. */
	make_town(777, values, levels, 0);
	CHECK(rpm_learn_network_predict(network, SIDE, SIDE, values, &control, mean, sd, &status) == RPM_OK);
	for (int cell = 0; cell < CELLS; cell++)
	{
		bool		house[CELLS];

		for (int i = 0; i < CELLS; i++)
			house[i] = values[i] > 0;
		if (in_shadow(house, cell / SIDE, cell % SIDE))
		{
			sd_shadow += sd[cell];
			shadows++;
		}
		else
		{
			sd_open += sd[cell];
			open++;
		}
	}
	if (!unit_quick())
	{
		CHECK(line > 5);
		CHECK(best < 0.62 * line);
		CHECK(factor > 0.7 && factor < 1.4);
		CHECK(sd_shadow / shadows > 1.4 * sd_open / open);
	}
	/* Sides that do not divide are widened: what lies beyond is not known, so the middle is nearly the same. */
	CHECK(rpm_learn_network_predict(network, 1, 1, values, &control, mean, sd, &status) == RPM_OK && isfinite(mean[0]) && sd[0] > 0);
	CHECK(rpm_learn_network_predict(network, 30, 27, values, &control, mean, sd, &status) == RPM_OK);
	values[5] = INFINITY;
	CHECK(rpm_learn_network_predict(network, SIDE, SIDE, values, &control, mean, sd, &status) == RPM_INVALID_ARGUMENT);
	rpm_learn_network_free(network);
	rpm_learn_run_free(run);
	rpm_nn_model_free(model);
	rpm_learn_data_free(data);
	free(text);
	free(file.at);
}

static void *
stop_soon(void *argument)
{
	nanosleep(&(struct timespec) {0, 20000000}, NULL);
	__atomic_store_n(&((rpm_control *) argument)->stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

/*
 * Six epochs in one go; or two, a checkpoint, two more that are cut off by a stop and lost, and from the checkpoint on in a new run: the same
 * bits, and the same scores.
 */
static void
test_resume(void)
{
	rpm_learn_data *data = towns(12);
	char	   *text;
	rpm_nn_model *model = small_unet(1, &text);
	rpm_learn_options options = small_options(6);
	size_t		bytes = sizeof(float) * (size_t) rpm_nn_weight_count(model);
	rpm_learn_run *whole,
			   *parts,
			   *resumed;
	rpm_learn_epoch epoch = {0},
				again = {0};
	nn_bytes	checkpoint = {NULL, 0},
				best = {NULL, 0};
	rpm_safetensors *checkpoint_file,
			   *best_file;
	rpm_control control = {.threads = 2};
	rpm_status	status;
	pthread_t	other;

	options.crop = 16;
	rpm_status_clear(&status);
	CHECK(rpm_learn_run_create(model, data, &options, &control, &whole, &status) == RPM_OK);
	CHECK(rpm_learn_run_create(model, data, &options, &control, &parts, &status) == RPM_OK);
	CHECK(rpm_learn_run_create(model, data, &options, &control, &resumed, &status) == RPM_OK);
	for (int e = 0; e < 6; e++)
		CHECK(rpm_learn_run_epoch(whole, &control, &epoch, &status) == RPM_OK && epoch.epoch == e + 1 && epoch.last == (e == 5));
	for (int e = 0; e < 2; e++)
		CHECK(rpm_learn_run_epoch(parts, &control, &again, &status) == RPM_OK);
	CHECK(rpm_learn_run_save(parts, nn_into_memory, &checkpoint, &status) == RPM_OK);
	CHECK(rpm_nn_save_weights(model, rpm_learn_run_weights(parts), NULL, 0, nn_into_memory, &best, &status) == RPM_OK);
	pthread_create(&other, NULL, stop_soon, &control);
	while (rpm_learn_run_epoch(parts, &control, &again, &status) == RPM_OK)
		;
	pthread_join(other, NULL);
	CHECK(status.code == RPM_CANCELLED || strstr(status.message, "all 6 epochs") != NULL);
	control.stop = 0;
	rpm_status_clear(&status);
	CHECK(rpm_safetensors_open(checkpoint.at, checkpoint.size, &checkpoint_file, &status) == RPM_OK);
	CHECK(rpm_safetensors_open(best.at, best.size, &best_file, &status) == RPM_OK);
	CHECK(rpm_learn_run_resume(resumed, checkpoint_file, best_file, &status) == RPM_OK);
	for (int e = 2; e < 6; e++)
		CHECK(rpm_learn_run_epoch(resumed, &control, &again, &status) == RPM_OK && again.epoch == e + 1);
	CHECK(memcmp(rpm_learn_run_weights(whole), rpm_learn_run_weights(resumed), bytes) == 0);
	CHECK(memcmp(&epoch, &again, sizeof(epoch)) == 0);
	CHECK(rpm_learn_run_epoch(resumed, &control, &again, &status) == RPM_INVALID_ARGUMENT);
	rpm_safetensors_free(checkpoint_file);
	rpm_safetensors_free(best_file);
	rpm_learn_run_free(whole);
	rpm_learn_run_free(parts);
	rpm_learn_run_free(resumed);
	rpm_nn_model_free(model);
	rpm_learn_data_free(data);
	free(text);
	free(checkpoint.at);
	free(best.at);
}

/* One thread or two: sums of single precision in another order, which 8 steps of training enlarge. */
static void
test_threads(void)
{
	rpm_learn_data *data = towns(12);
	char	   *text;
	rpm_nn_model *model = small_unet(1, &text);
	rpm_learn_options options = small_options(2);
	double		loss[2];

	for (int t = 0; t < 2; t++)
	{
		rpm_control control = {.threads = t + 1};
		rpm_learn_epoch epoch = {0};
		rpm_learn_run *run;
		rpm_status	status;

		rpm_status_clear(&status);
		CHECK(rpm_learn_run_create(model, data, &options, &control, &run, &status) == RPM_OK);
		for (int e = 0; e < 2; e++)
			CHECK(rpm_learn_run_epoch(run, &control, &epoch, &status) == RPM_OK);
		loss[t] = epoch.training_loss;
		rpm_learn_run_free(run);
	}
	CHECK_RELATIVE(loss[1], loss[0], 1e-3);
	rpm_nn_model_free(model);
	rpm_learn_data_free(data);
	free(text);
}

/* In each of the eight positions, and in a crop, inputs and targets lie over each other, and an angle is that of the town as it now lies. */
static void
test_turns(void)
{
	rpm_learn_form small = {2, 4, {RPM_LEARN_SCALAR, RPM_LEARN_ANGLE}};
	rpm_learn_scaling scaling = {2, {0, 0}, {1, 1}, 0, 1, 1};
	rpm_learn_data *data;
	rpm_learn_level levels[16];
	float		values[32],
				inputs[32],
				target[16];
	uint8_t		mask[16];
	rpm_learn_tile tile = {1, values, 15, levels};
	rpm_status	status;

	rpm_status_clear(&status);
	for (int cell = 0; cell < 16; cell++)
	{
		values[cell] = (float) cell * 100;
		values[16 + cell] = (float) atan2(cell % 4 - 1.5, 1.5 - cell / 4);
		levels[cell] = (rpm_learn_level) {14 - cell, (float) (14 - cell) * 100, cell % 2};
	}
	CHECK(rpm_learn_data_create(&small, 1, 16, NULL, &data, &status) == RPM_OK);
	CHECK(rpm_learn_data_add(data, &tile, &status) == RPM_OK);
	for (int turn = 0; turn < 8; turn++)
	{
		learn_crop	crop = {0, 0, 0, 4, turn % 4, turn >= 4};
		int			wrong = 0;

		learn_crop_inputs(data, &scaling, &crop, inputs);
		CHECK(learn_crop_targets(data, &scaling, &crop, -1, target, mask) == 15);
		for (int cell = 0; cell < 16; cell++)
		{
			/* Seen from the town's boresight, which turned with it: north before, now (turn) quarters clockwise. */
			double		angle = atan2(cell % 4 - 1.5, 1.5 - cell / 4) - (turn % 4) * 3.14159265358979323846 / 2,
						apart = remainder(angle - inputs[16 + cell], 2 * 3.14159265358979323846);

			wrong += mask[cell] != (fabs(inputs[cell] - 1500) > 1);
			wrong += mask[cell] != 0 && fabs(inputs[cell] - target[cell]) > 0.02;
			wrong += fabs(apart) > 2e-4;
		}
		CHECK(wrong == 0);
	}
	{
		learn_crop	crop = {0, 1, 2, 2, 3, true};

		learn_crop_inputs(data, &scaling, &crop, inputs);
		/* Rows 1 and 2, columns 2 and 3: 6 7 / 10 11, in the mirror 7 6 / 11 10, turned three quarters 6 10 / 7 11; fold 0: even cells. */
		CHECK_NEAR(inputs[0], 600, 0.02);
		CHECK_NEAR(inputs[1], 1000, 0.02);
		CHECK_NEAR(inputs[2], 700, 0.02);
		CHECK(learn_crop_targets(data, &scaling, &crop, 0, target, mask) == 2 && mask[2] && mask[3]);
	}
	rpm_learn_data_free(data);
}

/* What is kept in 16 bits is the number to 1 in 65,534 of the channel's range; unknown is the mean, that is 0. */
static void
test_scaling(void)
{
	rpm_learn_form small = {3, 2, {RPM_LEARN_SCALAR, RPM_LEARN_ANGLE, RPM_LEARN_SCALAR}};
	float		values[12] = {-120, -60, NAN, -90, -3, 1, 1, 1, 7, 7, 7, 7};
	float		inputs[12];
	rpm_learn_level levels[3] = {{0, -100, 0}, {1, -90, 0}, {3, -80, 1}};
	rpm_learn_tile tile = {1, values, 3, levels};
	rpm_learn_data *data,
			   *other;
	rpm_learn_scaling scaling;
	learn_crop	crop = {0, 0, 0, 2, 0, false};
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_learn_data_create(&small, 1, 3, NULL, &data, &status) == RPM_OK && rpm_learn_data_add(data, &tile, &status) == RPM_OK);
	CHECK(rpm_learn_scaling_of(data, 1, &scaling, &status) == RPM_OK);
	CHECK_NEAR(scaling.shift[0], -90, 2e-3);
	CHECK_NEAR(scaling.scale[0], sqrt(600), 2e-3);
	CHECK_NEAR(scaling.shift[1], 0, 0);
	CHECK_NEAR(scaling.scale[1], sqrt(3), 2e-3);
	CHECK_NEAR(scaling.shift[2], 7, 1e-6);
	CHECK_NEAR(scaling.scale[2], 1, 0);
	CHECK_NEAR(scaling.target_shift_dbm, -95, 1e-9);
	CHECK_NEAR(scaling.target_scale_db, 5, 1e-9);
	learn_crop_inputs(data, &scaling, &crop, inputs);
	CHECK_NEAR(inputs[0], -30 / sqrt(600), 1e-4);
	CHECK_NEAR(inputs[2], 0, 0);
	CHECK_NEAR(inputs[8], 0, 1e-6);
	/* The fingerprint sees a level. */
	levels[2].level_dbm = -81;
	CHECK(rpm_learn_data_create(&small, 1, 3, NULL, &other, &status) == RPM_OK && rpm_learn_data_add(other, &tile, &status) == RPM_OK);
	CHECK(rpm_learn_data_fingerprint(data) != rpm_learn_data_fingerprint(other));
	rpm_learn_data_free(data);
	rpm_learn_data_free(other);
}

static void
check_tile(const rpm_learn_tile *tile, rpm_code code, const char *message)
{
	rpm_learn_data *data;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_learn_data_create(&form, 1, 0, NULL, &data, &status) == RPM_OK);
	CHECK(rpm_learn_data_add(data, tile, &status) == code && strstr(status.message, message) != NULL);
	rpm_learn_data_free(data);
}

static void
test_bad_tiles(void)
{
	static float values[CHANNELS * CELLS];
	rpm_learn_level levels[3] = {{5, -90, 0}, {5, -91, 0}, {6, -90, 0}};
	rpm_learn_tile tile = {42, values, 2, levels};

	check_tile(&tile, RPM_INVALID_ARGUMENT, "tile 42: cell 5");
	tile.level_count = 1;
	levels[0].cell = CELLS;
	check_tile(&tile, RPM_INVALID_ARGUMENT, "tile 42: cell 1024");
	levels[0] = (rpm_learn_level) {0, NAN, 0};
	check_tile(&tile, RPM_INVALID_ARGUMENT, "tile 42: cell 0 at nan");
	levels[0] = (rpm_learn_level) {0, -90, RPM_LEARN_MOST_FOLDS};
	check_tile(&tile, RPM_INVALID_ARGUMENT, "in fold 100");
	levels[0].fold = 0;
	/* Levels grow into the memory that is allowed, not beyond; tiles do not grow. */
	{
		size_t		bytes = rpm_learn_data_bytes(&form, 1, 3);
		rpm_control limit = {.memory_limit_bytes = bytes};
		rpm_learn_data *data;
		rpm_status	status;

		rpm_status_clear(&status);
		levels[1].cell = 7;
		tile.level_count = 3;
		CHECK(rpm_learn_data_create(&form, 1, 0, &limit, &data, &status) == RPM_OK && rpm_learn_data_add(data, &tile, &status) == RPM_OK);
		CHECK(rpm_learn_data_size(data) == bytes);
		CHECK(rpm_learn_data_add(data, &tile, &status) == RPM_LIMIT_EXCEEDED && strstr(status.message, "room for 1 tiles") != NULL);
		rpm_learn_data_free(data);
		limit.memory_limit_bytes--;
		rpm_status_clear(&status);
		CHECK(rpm_learn_data_create(&form, 1, 0, &limit, &data, &status) == RPM_OK);
		CHECK(rpm_learn_data_add(data, &tile, &status) == RPM_LIMIT_EXCEEDED && strstr(status.message, "3 measured cells of 1 tiles") != NULL);
		rpm_learn_data_free(data);
		tile.level_count = 1;
	}
	values[CELLS + 3] = INFINITY;
	check_tile(&tile, RPM_INVALID_ARGUMENT, "channel 1 is infinite in cell 3");
}

static void
check_run(const rpm_nn_model *model, const rpm_learn_data *data, const rpm_learn_options *options, size_t limit, rpm_code code, const char *message)
{
	rpm_control control = {.threads = 1, .memory_limit_bytes = limit};
	rpm_learn_run *run;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_learn_run_create(model, data, options, &control, &run, &status) == code && run == NULL);
	CHECK(strstr(status.message, message) != NULL);
	if (strstr(status.message, message) == NULL)
		printf("  %s\n", status.message);
}

static void
test_bad_runs(void)
{
	static const char *const two_inputs = "x input channels=3\ny input channels=1\nz concat x y\nh conv z out=1 kernel=1\no output h\n";
	static const char *const three_out = "x input channels=3\nh conv x out=3 kernel=1\no output h\n";
	static const char *const four_in = "x input channels=4\nh conv x out=1 kernel=1\no output h\n";
	static const char *const half = "x input channels=3\nh conv x out=1 kernel=2 stride=2\no output h\n";
	const struct
	{
		const char *text;
		const char *message;
	}			wrong[] = {{two_inputs, "a network of 2 inputs and 1 outputs"}, {three_out, "a network with 3 channels out"},
	{four_in, "the network takes 4 channels, and 3 are given"}, {half, "the network's output has"}};
	rpm_learn_data *data = towns(8);
	char	   *text;
	rpm_nn_model *model = small_unet(1, &text);
	rpm_learn_options options = small_options(1);
	rpm_control control = {.threads = 1};
	size_t		bytes;
	rpm_status	status;
	rpm_learn_run *run;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		rpm_nn_model *other;

		rpm_status_clear(&status);
		CHECK(rpm_nn_parse(wrong[i].text, strlen(wrong[i].text), &other, &status) == RPM_OK);
		check_run(other, data, &options, 0, RPM_INVALID_ARGUMENT, wrong[i].message);
		CHECK(rpm_learn_check(other, &form, 8, &options, NULL, &status) == RPM_INVALID_ARGUMENT && strstr(status.message, wrong[i].message) != NULL);
		rpm_nn_model_free(other);
	}
	options.held_out = 2;
	check_run(model, data, &options, 0, RPM_INVALID_ARGUMENT, "fold 3 holds out nothing");
	options = small_options(0);
	check_run(model, data, &options, 0, RPM_INVALID_ARGUMENT, "there cannot be 0 epochs");
	options = small_options(1);
	options.crop = 18;
	check_run(model, data, &options, 0, RPM_INVALID_ARGUMENT, "");
	options.crop = 0;
	/* What it says that it needs is enough; a byte less is refused. */
	rpm_status_clear(&status);
	CHECK(rpm_learn_run_bytes(model, data, &options, &(rpm_control) {.threads = 1}, &bytes, &status) == RPM_OK);
	check_run(model, data, &options, bytes - 1, RPM_LIMIT_EXCEEDED, "training in batches of 4 images of 32 x 32 cells would need");
	/* The same before any tile is read, of tiles and network together. */
	control.memory_limit_bytes = bytes + rpm_learn_data_bytes(&form, 8, 0);
	CHECK(rpm_learn_check(model, &form, 8, &options, &control, &status) == RPM_OK);
	control.memory_limit_bytes--;
	CHECK(rpm_learn_check(model, &form, 8, &options, &control, &status) == RPM_LIMIT_EXCEEDED);
	rpm_status_clear(&status);
	CHECK(rpm_learn_run_create(model, data, &options, &(rpm_control) {.threads = 1, .memory_limit_bytes = bytes}, &run, &status) == RPM_OK);
	rpm_learn_run_free(run);
	rpm_learn_data_free(data);
	CHECK(rpm_learn_data_create(&form, 1000, 0, &(rpm_control) {.memory_limit_bytes = 1 << 20}, &data, &status) == RPM_LIMIT_EXCEEDED);
	CHECK(strstr(status.message, "1000 tiles of 32 x 32 cells with 3 channels would need 6 MB, 1 MB are allowed") != NULL);
	rpm_nn_model_free(model);
	free(text);
}

/* Normal errors need no factor; errors of twice the deviation need 2. */
static void
test_scores(void)
{
	rpm_learn_score score = {0},
				doubled = {0};

	state = 5;
	for (int i = 0; i < 100000; i++)
	{
		double		error = normal();

		rpm_learn_score_add(&score, -90 + 3 * error, 3, -90);
		rpm_learn_score_add(&doubled, -90 + 6 * error, 3, -90);
	}
	/* Three standard errors of a quantile of 100,000 numbers, and the bin. */
	CHECK_NEAR(rpm_learn_score_factor(&score), 1, 0.02);
	CHECK_NEAR(rpm_learn_score_factor(&doubled), 2, 0.04);
	CHECK_NEAR(rpm_learn_score_coverage(&score, 1), 0.9, 0.005);
	CHECK_NEAR(rpm_learn_score_coverage(&doubled, rpm_learn_score_factor(&doubled)), 0.9, 1e-9);
	rpm_learn_score_merge(&score, &doubled);
	CHECK(score.comparison.pairs == 200000);
	score = (rpm_learn_score) {0};
	CHECK(rpm_learn_score_factor(&score) == 1 && isnan(rpm_learn_score_coverage(&score, 1)));
}

/* The Gaussian loss against its definition and finite differences. */
static void
test_gaussian(void)
{
	float		prediction[8] = {0.5f, -1, 2, 3, 0.2f, -0.7f, 1, 20},
				target[4] = {1, -1, NAN, 2},
				gradient[8];
	const uint8_t mask[4] = {1, 1, 1, 1};
	int64_t		known;
	double		loss = rpm_nn_gaussian_loss(0, prediction, target, mask, 1, 4, gradient, &known),
				expected = 0.5 * (0.2 + 0.25 * exp(-0.2) - 0.7 + 10 + 1 * exp(-10)) / 3;

	CHECK(known == 3);
	CHECK_NEAR(loss, expected, 1e-6);
	CHECK(gradient[2] == 0 && gradient[6] == 0 && gradient[7] == 0);
	for (int i = 0; i < 8; i++)
	{
		float		kept = prediction[i];
		double		above,
					below;

		if (i == 2 || i == 6 || i == 7)
			continue;
		prediction[i] = kept + 1e-3f;
		above = rpm_nn_gaussian_loss(0, prediction, target, mask, 1, 4, NULL, &known);
		prediction[i] = kept - 1e-3f;
		below = rpm_nn_gaussian_loss(0, prediction, target, mask, 1, 4, NULL, &known);
		prediction[i] = kept;
		CHECK_NEAR(gradient[i], (above - below) / 2e-3, 1e-4);
	}
	/* With the weight: each gradient times the cell's deviation. */
	rpm_nn_gaussian_loss(0.5, prediction, target, mask, 1, 4, gradient, &known);
	CHECK_NEAR(gradient[0], -0.5 * exp(-0.2) * exp(0.1) / 3, 1e-6);
}

int
main(void)
{
	RUN(test_gaussian);
	RUN(test_scores);
	RUN(test_turns);
	RUN(test_scaling);
	RUN(test_bad_tiles);
	RUN(test_bad_runs);
	RUN(test_resume);
	RUN(test_threads);
	RUN(test_towns);
	return unit_summary("learn");
}
