/*
 * nn_case.h: small networks for the tests: text in, values and gradients out.
 */
#ifndef RPM_TEST_NN_CASE_H
#define RPM_TEST_NN_CASE_H

#include <string.h>

#include "rpm_nn.h"
#include "unit.h"

#define CASE_INPUTS 3

typedef struct nn_case
{
	rpm_nn_model *model;
	rpm_nn	   *net;
	rpm_nn_shape shapes[CASE_INPUTS];
	void	   *inputs[CASE_INPUTS];
	int64_t		input_counts[CASE_INPUTS];
	float	   *weights;
	float	   *gradients;
	float	   *output;			/* the first */
	float	   *pull;			/* its gradient: the loss is the sum of output x pull */
	int64_t		output_count;
	rpm_status	status;
} nn_case;

static inline uint64_t case_random(uint64_t *state)
{
	uint64_t	z = *state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* Values in random order that are at least 0.03 apart and from 0 (up to 0.015), so that no kink lies within a small step. */
static inline void case_spread(float *values, int64_t count, uint64_t seed)
{
	for (int64_t i = 0; i < count; i++)
		values[i] = 0.03f * (float) (i - count / 2) + 0.015f;
	for (int64_t i = count - 1; i > 0; i--)
	{
		int64_t		k = (int64_t) (case_random(&seed) % (uint64_t) (i + 1));
		float		swap = values[i];

		values[i] = values[k];
		values[k] = swap;
	}
	/* Large inputs would only saturate what is tested. */
	for (int64_t i = 0; i < count && count > 200; i++)
		values[i] *= 200 / (float) count;
}

static inline void case_fill(nn_case *c, uint64_t seed)
{
	for (int i = 0; i < rpm_nn_input_count(c->model); i++)
	{
		int64_t		count = c->input_counts[i];

		if (rpm_nn_input_is_index(c->model, i))
			for (int64_t k = 0; k < count; k++)
				((int32_t *) c->inputs[i])[k] = (int32_t) (case_random(&seed) % 3);
		else
			case_spread(c->inputs[i], count, seed + (uint64_t) i);
	}
	rpm_nn_initialise(c->model, seed, c->weights);
	/* Scales and shifts other than 1 and 0 test more. */
	for (int t = 0; t < rpm_nn_tensor_count(c->model); t++)
	{
		const rpm_nn_tensor_info *tensor = rpm_nn_tensor(c->model, t);

		for (int64_t i = 0; tensor->rank == 1 && i < tensor->count; i++)
			c->weights[tensor->offset + i] += 0.05f * (float) (1 + (case_random(&seed) % 7));
	}
	for (int64_t i = 0; i < c->output_count; i++)
		c->pull[i] = (float) (case_random(&seed) % 2001) / 1000 - 1;
}

/* Makes the net; shapes are those of the inputs.  False with the status set where it cannot be. */
static inline bool case_open(nn_case *c, const char *text, const rpm_nn_shape *shapes, const rpm_nn_options *options,
							 const rpm_control *control)
{
	rpm_nn_shape out[4];

	memset(c, 0, sizeof(*c));
	if (rpm_nn_parse(text, strlen(text), &c->model, &c->status) != RPM_OK)
		return false;
	memcpy(c->shapes, shapes, sizeof(rpm_nn_shape) * (size_t) rpm_nn_input_count(c->model));
	for (int i = 0; i < rpm_nn_input_count(c->model); i++)
	{
		c->input_counts[i] = shapes[i].n * shapes[i].c * shapes[i].h * shapes[i].w;
		c->inputs[i] = calloc((size_t) (c->input_counts[i] > 0 ? c->input_counts[i] : 1), 4);
	}
	if (rpm_nn_output_shapes(c->model, shapes, out, &c->status) != RPM_OK)
		return false;
	c->output_count = out[0].n * out[0].c * out[0].h * out[0].w;
	c->output = calloc((size_t) c->output_count, sizeof(float));
	c->pull = calloc((size_t) c->output_count, sizeof(float));
	c->weights = calloc((size_t) rpm_nn_weight_count(c->model) + 1, sizeof(float));
	c->gradients = calloc((size_t) rpm_nn_weight_count(c->model) + 1, sizeof(float));
	case_fill(c, 7);
	return rpm_nn_create(c->model, c->shapes, options, c->weights, control, &c->net, &c->status) == RPM_OK;
}

static inline void case_close(nn_case *c)
{
	rpm_nn_free(c->net);
	rpm_nn_model_free(c->model);
	for (int i = 0; i < CASE_INPUTS; i++)
		free(c->inputs[i]);
	free(c->output);
	free(c->pull);
	free(c->weights);
	free(c->gradients);
	memset(c, 0, sizeof(*c));
}

/* Forward, and the first output into c->output; the same draw of dropout each time. */
static inline bool case_forward(nn_case *c)
{
	rpm_nn_set_draws(c->net, 5);
	return rpm_nn_forward(c->net, (const void *const *) c->inputs, NULL, &c->status) == RPM_OK &&
		rpm_nn_read_output(c->net, 0, c->output, &c->status) == RPM_OK;
}

static inline bool case_backward(nn_case *c)
{
	const float *pulls[4] = {c->pull, NULL, NULL, NULL};

	memset(c->gradients, 0, sizeof(float) * (size_t) rpm_nn_weight_count(c->model));
	return rpm_nn_backward(c->net, pulls, c->gradients, NULL, &c->status) == RPM_OK;
}

static inline double case_loss(nn_case *c)
{
	double		loss = 0;

	if (!case_forward(c))
		return NAN;
	for (int64_t i = 0; i < c->output_count; i++)
		loss += (double) c->output[i] * c->pull[i];
	return loss;
}

/*
 * Largest difference of two arrays over the largest size in the second, or over 1 if that is more: pulls and inputs are of that order,
 * and a gradient that is 0 but for rounding (of a shift before a batch norm) has no size of its own.
 */
static inline double case_difference(const float *values, const float *expected, int64_t count)
{
	double		most = 1,
				difference = 0;

	for (int64_t i = 0; i < count; i++)
	{
		most = fmax(most, fabs(expected[i]));
		difference = fmax(difference, fabs((double) values[i] - expected[i]));
		if (isnan(values[i]) != isnan(expected[i]))
			return INFINITY;
	}
	return difference / most;
}

#endif
