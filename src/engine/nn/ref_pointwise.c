/* ref_pointwise.c: activations, softmax, sums, products, joins and dropout in plain C (reference.h). */
#include <math.h>

#include "nn/pointwise.h"
#include "nn/random.h"
#include "nn/reference.h"

static void activate(void *context, int64_t begin, int64_t end, int thread);
static void deactivate(void *context, int64_t begin, int64_t end, int thread);
static void soften(void *context, int64_t begin, int64_t end, int thread);
static void unsoften(void *context, int64_t begin, int64_t end, int thread);
static void add(void *context, int64_t begin, int64_t end, int thread);
static void unadd(void *context, int64_t begin, int64_t end, int thread);
static void multiply(void *context, int64_t begin, int64_t end, int thread);
static void unmultiply(void *context, int64_t begin, int64_t end, int thread);
static void drop(void *context, int64_t begin, int64_t end, int thread);
static void undrop(void *context, int64_t begin, int64_t end, int thread);
static double kept(const nn_call *call, int64_t i);
static rpm_code join(nn_call *call, bool forward);

rpm_code
nn_activation_forward(nn_call *call)
{
	return nn_spread(call, nn_elements(&call->out_shape), 10, activate);
}

static void
activate(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const float *in = call->in[0];

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		call->out[i] = (float) nn_activation(call->layer->kind->code, in[i], call->layer->option[NN_SLOPE]);
}

rpm_code
nn_activation_backward(nn_call *call)
{
	if (call->in_gradient[0] == NULL)
		return RPM_OK;
	return nn_spread(call, nn_elements(&call->out_shape), 10, deactivate);
}

static void
deactivate(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const float *in = call->in[0];

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		call->in_gradient[0][i] += (float) (call->out_gradient[i] *
											nn_activation_slope(call->layer->kind->code, in[i], call->layer->option[NN_SLOPE]));
}

/* Over the channels of each cell. */
rpm_code
nn_softmax_forward(nn_call *call)
{
	const rpm_nn_shape *shape = &call->out_shape;

	return nn_spread(call, shape->n * shape->h * shape->w, 10 * (double) shape->c, soften);
}

static void
soften(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->out_shape.h * call->out_shape.w,
				channels = call->out_shape.c;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		int64_t		at = nn_first_channel(&call->out_shape, i);
		const float *in = (const float *) call->in[0] + at;
		float	   *out = call->out + at;
		double		most = -INFINITY,
					sum = 0;

		for (int64_t c = 0; c < channels; c++)
			most = fmax(most, in[c * cells]);
		for (int64_t c = 0; c < channels; c++)
			sum += exp(in[c * cells] - most);
		for (int64_t c = 0; c < channels; c++)
			out[c * cells] = (float) (exp(in[c * cells] - most) / sum);
	}
}

rpm_code
nn_softmax_backward(nn_call *call)
{
	const rpm_nn_shape *shape = &call->out_shape;

	if (call->in_gradient[0] == NULL)
		return RPM_OK;
	return nn_spread(call, shape->n * shape->h * shape->w, 4 * (double) shape->c, unsoften);
}

static void
unsoften(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->out_shape.h * call->out_shape.w,
				channels = call->out_shape.c;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		int64_t		at = nn_first_channel(&call->out_shape, i);
		double		sum = 0;

		for (int64_t c = 0; c < channels; c++)
			sum += (double) call->out_gradient[at + c * cells] * call->out[at + c * cells];
		for (int64_t c = 0; c < channels; c++)
			call->in_gradient[0][at + c * cells] += (float) (call->out[at + c * cells] * (call->out_gradient[at + c * cells] - sum));
	}
}

rpm_code
nn_add_forward(nn_call *call)
{
	return nn_spread(call, nn_elements(&call->out_shape), 2, add);
}

static void
add(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const float *a = call->in[0],
			   *b = call->in[1];

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		call->out[i] = a[i] + b[i];
}

rpm_code
nn_add_backward(nn_call *call)
{
	return nn_spread(call, nn_elements(&call->out_shape), 2, unadd);
}

static void
unadd(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;

	(void) thread;
	for (int k = 0; k < 2; k++)
		for (int64_t i = begin; call->in_gradient[k] != NULL && i < end; i++)
			call->in_gradient[k][i] += call->out_gradient[i];
}

/* One plane (image and channel) a piece, as the second factor may have one number for it. */
rpm_code
nn_mul_forward(nn_call *call)
{
	const rpm_nn_shape *shape = &call->out_shape;

	return nn_spread(call, shape->n * shape->c, 2 * (double) (shape->h * shape->w), multiply);
}

static void
multiply(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->out_shape.h * call->out_shape.w,
				step = call->in_shape[1].h * call->in_shape[1].w == cells ? 1 : 0;

	(void) thread;
	for (int64_t plane = begin; plane < end; plane++)
	{
		const float *a = (const float *) call->in[0] + plane * cells,
				   *b = (const float *) call->in[1] + plane * (step ? cells : 1);

		for (int64_t i = 0; i < cells; i++)
			call->out[plane * cells + i] = a[i] * b[i * step];
	}
}

rpm_code
nn_mul_backward(nn_call *call)
{
	const rpm_nn_shape *shape = &call->out_shape;

	return nn_spread(call, shape->n * shape->c, 4 * (double) (shape->h * shape->w), unmultiply);
}

static void
unmultiply(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->out_shape.h * call->out_shape.w,
				step = call->in_shape[1].h * call->in_shape[1].w == cells ? 1 : 0;

	(void) thread;
	for (int64_t plane = begin; plane < end; plane++)
	{
		const float *a = (const float *) call->in[0] + plane * cells,
				   *b = (const float *) call->in[1] + plane * (step ? cells : 1),
				   *gradient = call->out_gradient + plane * cells;
		double		sum = 0;

		for (int64_t i = 0; call->in_gradient[0] != NULL && i < cells; i++)
			call->in_gradient[0][plane * cells + i] += gradient[i] * b[i * step];
		if (call->in_gradient[1] == NULL)
			continue;
		for (int64_t i = 0; i < cells; i++)
			if (step)
				call->in_gradient[1][plane * cells + i] += gradient[i] * a[i];
			else
				sum += (double) gradient[i] * a[i];
		if (!step)
			call->in_gradient[1][plane] += (float) sum;
	}
}

rpm_code
nn_concat_forward(nn_call *call)
{
	return join(call, true);
}

rpm_code
nn_concat_backward(nn_call *call)
{
	return join(call, false);
}

static rpm_code
join(nn_call *call, bool forward)
{
	const rpm_nn_shape *shape = &call->out_shape;
	int64_t		cells = shape->h * shape->w;

	for (int64_t n = 0; n < shape->n; n++)
	{
		int64_t		at = n * shape->c * cells;

		for (int k = 0; k < call->layer->input_count; k++)
		{
			int64_t		length = call->in_shape[k].c * cells;

			if (rpm_stopped(call->control))
				return rpm_fail(call->status, RPM_CANCELLED, NULL, "stopped on request");
			if (forward)
				memcpy(call->out + at, (const float *) call->in[k] + n * length, sizeof(float) * (size_t) length);
			for (int64_t i = 0; !forward && call->in_gradient[k] != NULL && i < length; i++)
				call->in_gradient[k][n * length + i] += call->out_gradient[at + i];
			at += length;
		}
	}
	return RPM_OK;
}

rpm_code
nn_dropout_forward(nn_call *call)
{
	return nn_spread(call, nn_elements(&call->out_shape), 5, drop);
}

static void
drop(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const float *in = call->in[0];

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		call->out[i] = (float) (in[i] * kept(call, i));
}

rpm_code
nn_dropout_backward(nn_call *call)
{
	if (call->in_gradient[0] == NULL)
		return RPM_OK;
	return nn_spread(call, nn_elements(&call->out_shape), 5, undrop);
}

static void
undrop(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		call->in_gradient[0][i] += (float) (call->out_gradient[i] * kept(call, i));
}

/* What element i is multiplied by: 0, or what keeps the mean.  Drop path drops whole images. */
static double
kept(const nn_call *call, int64_t i)
{
	double		rate = call->layer->option[NN_RATE];

	if (!call->training || rate == 0)
		return 1;
	if (call->layer->kind->code == NN_DROP_PATH)
		i /= call->out_shape.c * call->out_shape.h * call->out_shape.w;
	return nn_random_share(call->draw, (uint64_t) i) < rate ? 0 : 1 / (1 - rate);
}
