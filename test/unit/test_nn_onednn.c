/*
 * test_nn_onednn.c: oneDNN against the plain C back end, forward and backward, on odd and even shapes; what runs as one, pieces, threads.
 *
 * Both start from the same single-precision numbers; oneDNN sums in single precision: 1e-5 of the largest number of an array, 1e-4 for
 * networks of several layers, whose batch norms divide by small deviations.
 */
#include "nn_pair.h"
#include "rpm_nn_zoo.h"

static void
check_text(const char *text, const rpm_nn_shape *shapes, bool training, int threads, double tolerance)
{
	rpm_nn_options options = {.backend = RPM_NN_REFERENCE, .training = training, .input_gradients = training, .seed = 9};
	rpm_control control = {.threads = threads};
	nn_case		a,
				b;
	double		worst;
	bool		opened = case_open(&a, text, shapes, &options, &control);

	options.backend = RPM_NN_ONEDNN;
	opened &= case_open(&b, text, shapes, &options, &control);
	worst = opened ? compare_nets(&a, &b, training) : INFINITY;
	if (!(worst <= tolerance))
	{
		unit_ok = false;
		printf("  %s\n  (%s) differs by %.3g; %s%s\n", text, training ? "training" : "inference", worst, a.status.message, b.status.message);
	}
	case_close(&a);
	case_close(&b);
}

static void
test_layers(void)
{
	for (size_t i = 0; i < sizeof(PAIR_CASES) / sizeof(PAIR_CASES[0]); i++)
		for (int training = 0; training <= 1; training++)
			check_text(PAIR_CASES[i].text, PAIR_CASES[i].shapes, training, 2, 1e-5);
}

/* Convolutions by tiles: all sides of the image cut tiles, there are more tiles than a piece has.  Their rounding is ten times a direct sum's. */
static void
test_tiles(void)
{
	static const pair_case tiled[] = {
		{"x input channels=16\ny conv x out=32 kernel=5 pad=2\no output y", {{2, 16, 9, 11}}},
		{"x input channels=48\ny conv x out=48 kernel=3 pad=1 bias=no\no output y", {{3, 48, 13, 26}}},
		{"x input channels=32\ny conv x out=64 kernel=5\no output y", {{1, 32, 11, 10}}},
		{"x input channels=64\ny conv x out=32 kernel=5 pad=same\no output y", {{1, 64, 39, 34}}},
		{"x input channels=32\ny deconv x out=32 kernel=5 stride=1 pad=1\no output y", {{2, 32, 12, 7}}},
		{"x input channels=16\ny conv x out=32 kernel=5 pad=4\nz leaky_relu y slope=0.2\no output z", {{1, 16, 5, 7}}},
	};

	for (size_t i = 0; i < sizeof(tiled) / sizeof(tiled[0]); i++)
		for (int training = 0; training <= 1; training++)
			check_text(tiled[i].text, tiled[i].shapes, training, 1 + (int) (i % 3), 5e-5);
}

/* Convolution, norm and activation as one, also into few channels; norms that stand alone; a value with two users, not taken in. */
static void
test_chains(void)
{
	static const pair_case chains[] = {
		{"x input channels=3\nc conv x out=6 kernel=3 pad=1 bias=no\nn batch_norm c\na leaky_relu n slope=0.2\no output a", {{2, 3, 5, 4}}},
		{"x input channels=3\nc conv x out=6 kernel=3 pad=1\nn batch_norm c\no output n", {{2, 3, 5, 4}}},
		{"x input channels=3\nc conv x out=6 kernel=1\na gelu c\no output a", {{2, 3, 5, 4}}},
		{"x input channels=3\nc conv x out=6 kernel=1\na silu c\nb sigmoid a\no output b", {{2, 3, 5, 4}}},
		{"x input channels=3\nc conv x out=6 kernel=3\nn batch_norm c\nr relu n\ns add n r\no output s", {{2, 3, 5, 4}}},
		{"x input channels=3\nc conv x out=6 kernel=3\nn batch_norm c\no output n\np output c", {{2, 3, 5, 4}}},
		{"x input channels=5\nc conv x out=8 kernel=5 pad=2\nn batch_norm c\na relu n\no output a", {{2, 5, 6, 10}}},
		{"x input channels=3\nc conv x out=7 kernel=7 pad=3\no output c", {{1, 3, 5, 2}}},
		{"x input channels=3\nc conv x out=4 kernel=6 pad=same bias=no\no output c", {{1, 3, 5, 8}}},
		{"x input channels=3\nc conv x out=1 kernel=5 pad=same\no output c", {{1, 3, 5, 7}}},
		{"x input channels=3\nn batch_norm x\na tanh n\nc conv a out=2 kernel=3 pad=same\no output c", {{2, 3, 5, 4}}},
	};

	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		for (int training = 0; training <= 1; training++)
			check_text(chains[i].text, chains[i].shapes, training, 1, 1e-4);
}

static void
test_unet(void)
{
	rpm_nn_unet unet = {8, 3, 4, 1, 5};
	rpm_nn_shape shape = {2, 4, 24, 40};
	rpm_status	status;
	char	   *text;

	rpm_status_clear(&status);
	CHECK(rpm_nn_unet_declaration(&unet, &text, &status) == RPM_OK);
	for (int training = 0; training <= 1; training++)
		for (int threads = 1; threads <= 2; threads++)
			check_text(text, &shape, training, threads, 1e-4);
	free(text);
}

/* Work far above 100 ms a piece is cut by images and rows: the sums are those of the whole. */
static void
test_pieces(void)
{
	static const pair_case large[] = {
		{"x input channels=64\ny conv x out=80 kernel=9 pad=4\no output y", {{2, 64, 150, 140}}},
		{"x input channels=200\ny conv x out=180 kernel=5 pad=2 bias=no\no output y", {{1, 200, 131, 77}}},
		{"x input channels=64\ny conv x out=64 kernel=7 stride=2 pad=same\no output y", {{3, 64, 201, 301}}},
	};
	rpm_nn_options options = {.backend = RPM_NN_ONEDNN, .training = true, .input_gradients = true};
	rpm_control one = {.threads = 1},
				three = {.threads = 3};

	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
	{
		nn_case		a,
					b;

		/* With the reckoned speed of three threads there are fewer pieces than with that of one. */
		CHECK(case_open(&a, large[i].text, large[i].shapes, &options, &three));
		CHECK(case_open(&b, large[i].text, large[i].shapes, &options, &one));
		CHECK_NEAR(compare_nets(&a, &b, true), 0, 2e-5);
		case_close(&a);
		case_close(&b);
	}
}

static void
test_weights_changed(void)
{
	const rpm_nn_options options = {.backend = RPM_NN_ONEDNN};
	nn_case		c;

	check_weights_changed(&c, &options);
	case_close(&c);
}

/* Looks at the control, and after how many of them it says stop; below 0: never. */
static int	looks,
			last_look = -1;

bool		__real_rpm_stopped(const rpm_control *control);
bool		__wrap_rpm_stopped(const rpm_control *control);

bool
__wrap_rpm_stopped(const rpm_control *control)
{
	int			number = __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);

	return (last_look >= 0 && number > last_look) || __real_rpm_stopped(control);
}

/* A stop while weights are laid down for tiles, or their gradient is brought back, ends the pass; the next one is whole. */
static void
test_stop_in_weights(void)
{
	static const rpm_nn_shape shape = {1, 32, 24, 24};
	rpm_nn_options options = {.backend = RPM_NN_ONEDNN};
	rpm_control control = {.threads = 2};
	int			whole;

	for (int training = 0; training <= 1; training++)
	{
		nn_case		c;
		float	   *expected;

		options.training = training;
		CHECK(case_open(&c, "x input channels=32\ny conv x out=64 kernel=5 pad=2 bias=no\no output y", &shape, &options, &control));
		looks = 0;
		CHECK(case_forward(&c));
		whole = looks;
		/* Each of 32 channels in with 16 of 64 out; on processors without tiles there is nothing to stop in. */
		if (whole <= 32 * 64 / 16)
		{
			printf("  no convolutions by tiles on this processor\n");
			case_close(&c);
			return;
		}
		expected = malloc(sizeof(float) * (size_t) c.output_count);
		memcpy(expected, c.output, sizeof(float) * (size_t) c.output_count);
		for (int after = 3; after < whole; after += 17)
		{
			rpm_nn_weights_changed(c.net);
			looks = 0;
			last_look = after;
			CHECK(!case_forward(&c) && c.status.code == RPM_CANCELLED);
			last_look = -1;
			rpm_status_clear(&c.status);
			CHECK(case_forward(&c) && memcmp(expected, c.output, sizeof(float) * (size_t) c.output_count) == 0);
		}
		free(expected);
		case_close(&c);
	}
}

static void
test_memory(void)
{
	rpm_nn_unet unet = {16, 5, 4, 1, 5};
	rpm_nn_shape in = {1, 4, 512, 512};
	rpm_nn_options options = {.backend = RPM_NN_ONEDNN};
	rpm_nn_model *model;
	rpm_status	status;
	char	   *text;
	size_t		inference = 0,
				training = 0;

	rpm_status_clear(&status);
	CHECK(rpm_nn_unet_declaration(&unet, &text, &status) == RPM_OK && rpm_nn_parse(text, strlen(text), &model, &status) == RPM_OK);
	CHECK(rpm_nn_memory(model, &in, &options, NULL, &inference, &status) == RPM_OK);
	options.training = true;
	CHECK(rpm_nn_memory(model, &in, &options, NULL, &training, &status) == RPM_OK);
	printf("  base 16 at 512 x 512: %.1f MB for inference, %.1f MB for training\n", (double) inference / 1e6, (double) training / 1e6);
	/* Blocked weights (54 MB) and the widest moment; training: all values and more. */
	CHECK(inference > 54e6 && inference < 250e6);
	CHECK(training > 400e6 && training < 1200e6);
	rpm_nn_model_free(model);
	free(text);
}

int
main(void)
{
	if (!rpm_nn_backend_available(RPM_NN_ONEDNN))
	{
		SKIP(test_layers, "this build has no oneDNN");
		return unit_summary("nn_onednn");
	}
	RUN(test_layers);
	RUN(test_tiles);
	RUN(test_chains);
	RUN(test_unet);
	if (unit_quick())
		SKIP(test_pieces, "too long under sanitizers");
	else
		RUN(test_pieces);
	RUN(test_weights_changed);
	RUN(test_stop_in_weights);
	RUN(test_memory);
	return unit_summary("nn_onednn");
}
