/*
 * nn_pair.h: two nets of one text on two back ends: layers of all kinds on odd and even shapes, and the largest difference between the two.
 */
#ifndef RPM_TEST_NN_PAIR_H
#define RPM_TEST_NN_PAIR_H

#include "nn_case.h"

typedef struct pair_case
{
	const char *text;
	rpm_nn_shape shapes[CASE_INPUTS];
} pair_case;

static const pair_case PAIR_CASES[] = {
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
static inline double compare_nets(nn_case *a, nn_case *b, bool backward)
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

/* The next forward of an inference net sees weights that changed only when told; the net is left open. */
static inline void check_weights_changed(nn_case *c, const rpm_nn_options *options)
{
	static const rpm_nn_shape one = {1, 1, 1, 1};
	float		first;

	CHECK(case_open(c, "x input channels=1\ny conv x out=1 kernel=1 bias=no\no output y", &one, options, NULL));
	*(float *) c->inputs[0] = 2;
	c->weights[0] = 3;
	CHECK(case_forward(c));
	first = c->output[0];
	c->weights[0] = 5;
	rpm_nn_weights_changed(c->net);
	CHECK(case_forward(c));
	CHECK(first == 6 && c->output[0] == 10);
}

#endif
