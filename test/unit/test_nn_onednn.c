/*
 * test_nn_onednn.c: oneDNN against the plain C back end, forward and backward, on odd and even shapes; what runs as one, pieces, threads.
 *
 * Both start from the same single-precision numbers; oneDNN sums in single precision: 1e-5 of the largest number of an array, 1e-4 for
 * networks of several layers, whose batch norms divide by small deviations.
 */
#include "nn_case.h"
#include "rpm_nn_zoo.h"

typedef struct pair_case
{
	const char *text;
	rpm_nn_shape shapes[CASE_INPUTS];
} pair_case;

static const pair_case CASES[] = {
	{"x input channels=3\ny conv x out=5 kernel=5 pad=2\no output y", {{1, 3, 1, 1}}},
	{"x input channels=17\ny conv x out=33 kernel=3 pad=1\no output y", {{2, 17, 9, 11}}},
	{"x input channels=16\ny conv x out=16 kernel=2 pad=same bias=no\no output y", {{1, 16, 7, 5}}},
	{"x input channels=5\ny conv x out=8 kernel=3 stride=2 pad=same\no output y", {{3, 5, 8, 7}}},
	{"x input channels=4\ny conv x out=8 kernel=3 stride=3\no output y", {{1, 4, 11, 13}}},
	{"x input channels=24\ny conv x out=24 kernel=3 pad=1 groups=24 bias=no\no output y", {{1, 24, 5, 6}}},
	{"x input channels=12\ny conv x out=8 kernel=3 pad=1 groups=4\no output y", {{2, 12, 4, 5}}},
	{"x input channels=20\ny conv x out=7 kernel=1\no output y", {{2, 20, 3, 3}}},
	{"x input channels=6\ny linear x out=10\no output y", {{37, 6, 1, 1}}},
	{"x input channels=6\ny linear x out=3 bias=no\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny deconv x out=4 kernel=2 stride=2\no output y", {{2, 6, 5, 3}}},
	{"x input channels=4\ny deconv x out=6 kernel=3 stride=2 pad=1 groups=2 bias=no\no output y", {{1, 4, 3, 4}}},
	{"x input channels=5\ny batch_norm x\no output y", {{2, 5, 6, 3}}},
	{"x input channels=5\ny batch_norm x\no output y", {{1, 5, 1, 2}}},
	{"x input channels=40\ny layer_norm x\no output y", {{2, 40, 3, 5}}},
	{"x input channels=6\ny group_norm x groups=3\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny relu x\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny leaky_relu x slope=0.1\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny gelu x\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny silu x\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny sigmoid x\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny tanh x\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny softmax x\no output y", {{2, 6, 3, 5}}},
	{"x input channels=9\ny max_pool x\no output y", {{2, 9, 7, 5}}},
	{"x input channels=9\ny max_pool x kernel=3 stride=2 pad=same\no output y", {{2, 9, 6, 5}}},
	{"x input channels=9\ny avg_pool x kernel=3 stride=2 pad=1\no output y", {{2, 9, 7, 5}}},
	{"x input channels=9\ny avg_pool x pad=same\no output y", {{2, 9, 7, 5}}},
	{"x input channels=9\ny mean x\no output y", {{2, 9, 7, 5}}},
	{"x input channels=9\ny upsample x scale=2 align_corners=no\no output y", {{2, 9, 4, 5}}},
	{"x input channels=9\ny upsample x scale=3 align_corners=yes\no output y", {{2, 9, 1, 5}}},
	{"a input channels=3\nb input channels=18\ny concat a b a\no output y", {{2, 3, 5, 3}, {2, 18, 5, 3}}},
	{"a input channels=7\ny add a a\no output y", {{2, 7, 5, 3}}},
	{"a input channels=7\ny mul a a\no output y", {{2, 7, 5, 3}}},
	{"a input channels=7\nb input channels=7\ny mul a b\no output y", {{2, 7, 5, 3}, {2, 7, 1, 1}}},
	{"x input channels=24\ny attention x window=3 heads=2\no output y", {{2, 24, 6, 9}}},
	{"x input channels=24\ny attention x window=2 heads=4 partition=grid\no output y", {{2, 24, 4, 6}}},
	{"x input channels=6\ny dropout x rate=0.4\no output y", {{2, 6, 3, 5}}},
	{"x input channels=6\ny drop_path x rate=0.4\no output y", {{5, 6, 3, 5}}},
	{"i index\ny embedding i size=3 out=4\no output y", {{2, 1, 3, 5}}},
	{"x input channels=6\ni index\ng gather x i\nl linear g out=4\ns segment_sum l i x\no output s", {{3, 6, 1, 1}, {9, 1, 1, 1}}},
	{"x input channels=1\no output x", {{2, 1, 3, 5}}},
	{"x input channels=3\no output x", {{2, 3, 3, 5}}},
};

/* Largest differences of output and gradients between two nets of one text. */
static double
compare_nets(nn_case *a, nn_case *b, bool backward)
{
	double		worst;

	if (!case_forward(a) || !case_forward(b))
	{
		printf("  %s%s\n", a->status.message, b->status.message);
		return INFINITY;
	}
	worst = case_difference(b->output, a->output, a->output_count);
	if (!backward)
		return worst;
	if (!case_backward(a) || !case_backward(b))
		return INFINITY;
	for (int t = 0; t < rpm_nn_tensor_count(a->model); t++)
	{
		const rpm_nn_tensor_info *tensor = rpm_nn_tensor(a->model, t);

		if (tensor->use == RPM_NN_TRAINED)
			worst = fmax(worst, case_difference(b->gradients + tensor->offset, a->gradients + tensor->offset, tensor->count));
		else
			worst = fmax(worst, case_difference(b->weights + tensor->offset, a->weights + tensor->offset, tensor->count));
	}
	for (int i = 0; i < rpm_nn_input_count(a->model); i++)
	{
		float	   *of_a = calloc((size_t) a->input_counts[i], sizeof(float)),
				   *of_b = calloc((size_t) a->input_counts[i], sizeof(float));

		if (!rpm_nn_input_is_index(a->model, i))
		{
			CHECK(rpm_nn_read_input_gradient(a->net, i, of_a, &a->status) == RPM_OK);
			CHECK(rpm_nn_read_input_gradient(b->net, i, of_b, &b->status) == RPM_OK);
			worst = fmax(worst, case_difference(of_b, of_a, a->input_counts[i]));
		}
		free(of_a);
		free(of_b);
	}
	return worst;
}

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
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
		for (int training = 0; training <= 1; training++)
			check_text(CASES[i].text, CASES[i].shapes, training, 2, 1e-5);
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

/* The next forward of an inference net sees weights that changed only when told. */
static void
test_weights_changed(void)
{
	const rpm_nn_options options = {.backend = RPM_NN_ONEDNN};
	static const rpm_nn_shape shape = {1, 1, 1, 1};
	nn_case		c;
	float		first;

	CHECK(case_open(&c, "x input channels=1\ny conv x out=1 kernel=1 bias=no\no output y", &shape, &options, NULL));
	*(float *) c.inputs[0] = 2;
	c.weights[0] = 3;
	CHECK(case_forward(&c));
	first = c.output[0];
	c.weights[0] = 5;
	rpm_nn_weights_changed(c.net);
	CHECK(case_forward(&c));
	CHECK(first == 6 && c.output[0] == 10);
	case_close(&c);
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
	RUN(test_memory);
	return unit_summary("nn_onednn");
}
