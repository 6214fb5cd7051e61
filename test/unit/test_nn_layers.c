/*
 * test_nn_layers.c: the gradients of every layer of the reference back end against finite differences, on odd shapes; values that can be
 * reckoned by hand.
 *
 * Differences are central, of step 0.01 on values of order 1; sums are double but values single.  Truncation (step^2 / 6 of a third
 * derivative of order 1 to 10) and rounding (6e-8 / step times the root of the outputs) stay below 1e-3 of the largest gradient; 2e-3 is
 * asked, of the largest gradient of the same array.
 */
#include "nn_case.h"

#define STEP 0.01
#define TOLERANCE 2e-3
#define SAMPLES 25

typedef struct layer_case
{
	const char *text;
	rpm_nn_shape shapes[CASE_INPUTS];
} layer_case;

static const layer_case CASES[] = {
	{"x input channels=3\ny conv x out=4 kernel=3 pad=1\no output y", {{2, 3, 5, 7}}},
	{"x input channels=3\ny conv x out=5 kernel=5 pad=2 stride=2 bias=no\no output y", {{1, 3, 7, 4}}},
	{"x input channels=3\ny conv x out=2 kernel=2 pad=same\no output y", {{1, 3, 3, 5}}},
	{"x input channels=2\ny conv x out=3 kernel=3 stride=2 pad=same\no output y", {{2, 2, 6, 5}}},
	{"x input channels=4\ny conv x out=6 kernel=3 pad=1 groups=2\no output y", {{1, 4, 4, 4}}},
	{"x input channels=4\ny conv x out=4 kernel=3 pad=same stride=2 groups=4 bias=no\no output y", {{2, 4, 5, 6}}},
	{"x input channels=3\ny conv x out=2 kernel=1\no output y", {{1, 3, 1, 1}}},
	{"x input channels=3\ny conv x out=2 kernel=5 pad=2\no output y", {{1, 3, 1, 1}}},
	{"x input channels=3\ny deconv x out=4 kernel=2 stride=2\no output y", {{2, 3, 3, 2}}},
	{"x input channels=4\ny deconv x out=6 kernel=3 stride=2 pad=1 groups=2 bias=no\no output y", {{1, 4, 3, 4}}},
	{"x input channels=2\ny deconv x out=3 kernel=4 stride=2 pad=same\no output y", {{1, 2, 3, 5}}},
	{"x input channels=3\ny linear x out=5\no output y", {{4, 3, 1, 1}}},
	{"x input channels=3\ny linear x out=5 bias=no\no output y", {{2, 3, 2, 3}}},
	{"x input channels=3\ny batch_norm x\no output y", {{2, 3, 3, 5}}},
	{"x input channels=6\ny layer_norm x\no output y", {{2, 6, 2, 3}}},
	{"x input channels=6\ny layer_norm x eps=0.001\no output y", {{3, 6, 1, 1}}},
	{"x input channels=6\ny group_norm x groups=2\no output y", {{2, 6, 3, 3}}},
	{"x input channels=2\ny relu x\no output y", {{1, 2, 3, 3}}},
	{"x input channels=2\ny leaky_relu x slope=0.2\no output y", {{1, 2, 3, 3}}},
	{"x input channels=2\ny gelu x\no output y", {{1, 2, 3, 3}}},
	{"x input channels=2\ny silu x\no output y", {{1, 2, 3, 3}}},
	{"x input channels=2\ny sigmoid x\no output y", {{1, 2, 3, 3}}},
	{"x input channels=2\ny tanh x\no output y", {{1, 2, 3, 3}}},
	{"x input channels=5\ny softmax x\no output y", {{2, 5, 2, 3}}},
	{"x input channels=2\ny max_pool x\no output y", {{1, 2, 5, 4}}},
	{"x input channels=2\ny max_pool x kernel=3 stride=2 pad=1\no output y", {{1, 2, 5, 4}}},
	{"x input channels=2\ny avg_pool x kernel=2 stride=2 pad=same\no output y", {{2, 2, 5, 3}}},
	{"x input channels=2\ny avg_pool x kernel=3 stride=1 pad=1\no output y", {{1, 2, 4, 4}}},
	{"x input channels=3\ny mean x\no output y", {{2, 3, 3, 5}}},
	{"x input channels=2\ny upsample x scale=2 align_corners=no\no output y", {{1, 2, 3, 4}}},
	{"x input channels=2\ny upsample x scale=2 align_corners=yes\no output y", {{2, 2, 3, 4}}},
	{"x input channels=2\ny upsample x scale=3 align_corners=no\no output y", {{1, 2, 1, 1}}},
	{"a input channels=2\nb input channels=3\ny concat a b\no output y", {{2, 2, 3, 2}, {2, 3, 3, 2}}},
	{"a input channels=2\nb input channels=2\ny add a b\no output y", {{2, 2, 3, 2}, {2, 2, 3, 2}}},
	{"a input channels=2\nb input channels=2\ny mul a b\no output y", {{2, 2, 3, 2}, {2, 2, 3, 2}}},
	{"a input channels=2\nb input channels=2\ny mul a b\no output y", {{2, 2, 3, 2}, {2, 2, 1, 1}}},
	{"x input channels=2\ny mul x x\no output y", {{2, 2, 3, 2}}},
	{"x input channels=12\ny attention x window=2 heads=2\no output y", {{1, 12, 4, 4}}},
	{"x input channels=12\ny attention x window=2 heads=2 partition=grid\no output y", {{2, 12, 4, 6}}},
	{"x input channels=6\ny attention x window=1 heads=1\no output y", {{1, 6, 1, 1}}},
	{"x input channels=3\ny dropout x rate=0.4\no output y", {{2, 3, 3, 2}}},
	{"x input channels=3\ny drop_path x rate=0.5\no output y", {{6, 3, 2, 2}}},
	{"i index\ny embedding i size=3 out=4\no output y", {{2, 1, 3, 2}}},
	{"x input channels=3\ni index\ny gather x i\no output y", {{3, 3, 1, 1}, {7, 1, 1, 1}}},
	{"x input channels=3\ni index\nl input channels=2\ny segment_sum x i l\no output y", {{7, 3, 1, 1}, {7, 1, 1, 1}, {4, 2, 1, 1}}},
};

/* One number of an array against its analytic gradient. */
static void
check_element(nn_case *c, const char *text, float *value, double analytic, double most)
{
	float		before = *value;
	double		above,
				below,
				step;

	*value = before + (float) STEP;
	step = *value;
	above = case_loss(c);
	*value = before - (float) STEP;
	step -= *value;
	below = case_loss(c);
	*value = before;
	if (!(fabs((above - below) / step - analytic) <= TOLERANCE * most + 1e-5))
	{
		unit_ok = false;
		printf("  %s\n  gradient %.6g, by differences %.6g, largest %.3g\n", text, analytic, (above - below) / step, most);
	}
}

static void
check_array(nn_case *c, const char *text, float *values, const float *analytic, int64_t count)
{
	double		most = 0;
	uint64_t	state = 3;

	for (int64_t i = 0; i < count; i++)
		most = fmax(most, fabs(analytic[i]));
	for (int64_t k = 0; k < SAMPLES && k < count; k++)
	{
		int64_t		i = count <= SAMPLES ? k : (int64_t) (case_random(&state) % (uint64_t) count);

		check_element(c, text, &values[i], analytic[i], most);
	}
}

static void
check_gradients(const layer_case *layer)
{
	const rpm_nn_options options = {.backend = RPM_NN_REFERENCE, .training = true, .input_gradients = true, .seed = 11};
	nn_case		c;

	if (!case_open(&c, layer->text, layer->shapes, &options, NULL) || !case_forward(&c) || !case_backward(&c))
	{
		unit_ok = false;
		printf("  %s\n  %s\n", layer->text, c.status.message);
		case_close(&c);
		return;
	}
	for (int i = 0; i < rpm_nn_input_count(c.model); i++)
	{
		float	   *gradient = calloc((size_t) c.input_counts[i], sizeof(float));

		if (!rpm_nn_input_is_index(c.model, i))
		{
			CHECK(rpm_nn_read_input_gradient(c.net, i, gradient, &c.status) == RPM_OK);
			check_array(&c, layer->text, c.inputs[i], gradient, c.input_counts[i]);
			/* Reading needs the pass to be there still. */
			CHECK(case_forward(&c) && case_backward(&c));
		}
		free(gradient);
	}
	for (int t = 0; t < rpm_nn_tensor_count(c.model); t++)
	{
		const rpm_nn_tensor_info *tensor = rpm_nn_tensor(c.model, t);

		if (tensor->use == RPM_NN_TRAINED)
			check_array(&c, layer->text, c.weights + tensor->offset, c.gradients + tensor->offset, tensor->count);
	}
	case_close(&c);
}

static void
test_gradients(void)
{
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
		check_gradients(&CASES[i]);
}

/* A chain with a skip and a value used three times: gradients of one value from several users add up. */
static void
test_gradients_of_a_graph(void)
{
	const layer_case graph = {"x input channels=2\n"
		"a conv x out=4 kernel=3 pad=1\nn batch_norm a\nr gelu n\np avg_pool r\nu upsample p scale=2 align_corners=no\n"
		"k concat r u\nb conv k out=4 kernel=3 pad=1\ns add b r\nm mean s\ng sigmoid m\nt mul s g\nh conv t out=1 kernel=1\n"
	"o output h\n", {{2, 2, 4, 4}}};

	check_gradients(&graph);
}

static void
test_values_by_hand(void)
{
	const rpm_nn_options options = {.backend = RPM_NN_REFERENCE};
	static const rpm_nn_shape shape = {1, 1, 2, 2};
	nn_case		c;

	/* 2 x 2 kernel, pad=same: the odd cell goes right and below. */
	CHECK(case_open(&c, "x input channels=1\ny conv x out=1 kernel=2 pad=same bias=no\no output y", &shape, &options, NULL));
	memcpy(c.inputs[0], (float[]) {1, 2, 3, 4}, 16);
	memcpy(c.weights, (float[]) {1, 10, 100, 1000}, 16);
	CHECK(case_forward(&c));
	CHECK(c.output[0] == 4321 && c.output[1] == 402 && c.output[2] == 43 && c.output[3] == 4);
	case_close(&c);

	/* Half-pixel centres: 0.75 and 0.25 of neighbours; corners: thirds. */
	CHECK(case_open(&c, "x input channels=1\ny upsample x align_corners=no\no output y", &shape, &options, NULL));
	memcpy(c.inputs[0], (float[]) {0, 4, 0, 4}, 16);
	CHECK(case_forward(&c));
	CHECK(c.output[0] == 0 && c.output[1] == 1 && c.output[2] == 3 && c.output[3] == 4);
	case_close(&c);
	CHECK(case_open(&c, "x input channels=1\ny upsample x align_corners=yes\no output y", &shape, &options, NULL));
	memcpy(c.inputs[0], (float[]) {0, 3, 0, 3}, 16);
	CHECK(case_forward(&c));
	CHECK_NEAR(c.output[1], 1, 1e-6);
	CHECK_NEAR(c.output[2], 2, 1e-6);
	case_close(&c);
}

/* Running values after one batch: a tenth of the batch's mean, and of its unbiased variance. */
static void
test_batch_norm_running(void)
{
	const rpm_nn_options options = {.backend = RPM_NN_REFERENCE, .training = true};
	static const rpm_nn_shape shape = {1, 1, 2, 2};
	nn_case		c;

	CHECK(case_open(&c, "x input channels=1\ny batch_norm x\no output y", &shape, &options, NULL));
	rpm_nn_initialise(c.model, 1, c.weights);
	memcpy(c.inputs[0], (float[]) {1, 2, 3, 6}, 16);
	CHECK(case_forward(&c));
	CHECK_NEAR(c.weights[rpm_nn_tensor(c.model, 2)->offset], 0.3, 1e-6);
	CHECK_NEAR(c.weights[rpm_nn_tensor(c.model, 3)->offset], 0.9 + 0.1 * 14 / 3, 1e-6);
	CHECK(c.weights[rpm_nn_tensor(c.model, 4)->offset] == 1);
	CHECK_NEAR(c.output[3], 3 / sqrt(3.5 + 1e-5), 1e-6);
	case_close(&c);
}

static void
test_dropout(void)
{
	rpm_nn_options options = {.backend = RPM_NN_REFERENCE, .training = true, .seed = 3};
	static const rpm_nn_shape shape = {1, 1, 100, 100};
	const char *text = "x input channels=1\ny dropout x rate=0.3\no output y";
	nn_case		c;
	int			dropped = 0;
	double		first;

	CHECK(case_open(&c, text, &shape, &options, NULL));
	for (int i = 0; i < 10000; i++)
		((float *) c.inputs[0])[i] = 1;
	CHECK(case_forward(&c));
	for (int i = 0; i < 10000; i++)
		dropped += c.output[i] == 0;
	/* Binomial: 3000 +- 46; four deviations. */
	CHECK_NEAR(dropped, 3000, 184);
	first = case_loss(&c);
	CHECK(case_loss(&c) == first);
	CHECK(rpm_nn_forward(c.net, (const void *const *) c.inputs, NULL, &c.status) == RPM_OK);
	CHECK(rpm_nn_draws(c.net) == 7);
	CHECK(rpm_nn_read_output(c.net, 0, c.output, &c.status) == RPM_OK);
	dropped = 0;
	for (int i = 0; i < 10000; i++)
		dropped += c.output[i] == 0;
	CHECK(dropped > 0);
	case_close(&c);

	options.training = false;
	CHECK(case_open(&c, text, &shape, &options, NULL));
	CHECK(case_forward(&c));
	CHECK(memcmp(c.output, c.inputs[0], 40000) == 0);
	case_close(&c);
}

static void
test_index_errors(void)
{
	const rpm_nn_options options = {.backend = RPM_NN_REFERENCE};
	static const rpm_nn_shape shape = {1, 1, 1, 4};
	nn_case		c;

	CHECK(case_open(&c, "i index\ny embedding i size=3 out=2\no output y", &shape, &options, NULL));
	((int32_t *) c.inputs[0])[2] = 3;
	CHECK(!case_forward(&c));
	CHECK(c.status.code == RPM_INVALID_ARGUMENT);
	CHECK(strstr(c.status.message, "line 2: index 3 at place 2") != NULL);
	case_close(&c);
}

int
main(void)
{
	RUN(test_gradients);
	RUN(test_gradients_of_a_graph);
	RUN(test_values_by_hand);
	RUN(test_batch_norm_running);
	RUN(test_dropout);
	RUN(test_index_errors);
	return unit_summary("nn_layers");
}
