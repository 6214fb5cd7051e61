/* ref_norm.c: batch, layer and group norm in plain C (reference.h). */
#include <math.h>
#include <stdlib.h>

#include "nn/pointwise.h"
#include "nn/reference.h"

static void batch_forward(void *context, int64_t begin, int64_t end, int thread);
static void batch_backward(void *context, int64_t begin, int64_t end, int thread);
static void batch_statistics(const nn_call *call, int64_t c, double *mean, double *variance);
static void layer_forward(void *context, int64_t begin, int64_t end, int thread);
static void layer_backward(void *context, int64_t begin, int64_t end, int thread);
static void group_forward(void *context, int64_t begin, int64_t end, int thread);
static void group_backward(void *context, int64_t begin, int64_t end, int thread);
static void normalise(const float *in, float *out, int64_t length, int64_t stride, int64_t channel_cells, const float *scale,
					  const float *shift, double epsilon);
static void denormalise(const float *in, const float *gradient, float *to, int64_t length, int64_t stride, int64_t channel_cells,
						const float *scale, double epsilon);
static void moments(const float *in, int64_t length, int64_t stride, double epsilon, double *mean, double *inverse);
static rpm_code scale_gradients(nn_call *call, int64_t set_length, int64_t set_stride);

rpm_code
nn_spread(nn_call *call, int64_t count, double operations, rpm_range_function function)
{
	int64_t		grain = (int64_t) (1e7 / (operations + 1));

	return rpm_parallel_for(call->control, count, grain > 0 ? grain : 1, function, call, call->status);
}

void
nn_update_running(const nn_layer *layer, const float *mean, const float *variance, int64_t count, float *const *tensor)
{
	double		momentum = layer->option[NN_MOMENTUM],
				unbiased = count > 1 ? (double) count / (double) (count - 1) : 1;

	for (int c = 0; c < layer->channels; c++)
	{
		tensor[2][c] = nn_running(momentum, tensor[2][c], mean[c]);
		tensor[3][c] = nn_running(momentum, tensor[3][c], unbiased * variance[c]);
	}
	*tensor[4] += 1;
}

rpm_code
nn_batch_norm_forward(nn_call *call)
{
	const rpm_nn_shape *shape = &call->out_shape;

	if (nn_spread(call, shape->c, (double) (shape->n * shape->h * shape->w), batch_forward) != RPM_OK)
		return call->status->code;
	if (call->training)
		nn_update_running(call->layer, call->saved, call->saved + shape->c, shape->n * shape->h * shape->w, call->tensor);
	return RPM_OK;
}

/* saved: the batch's mean and variance per channel. */
static void
batch_forward(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const rpm_nn_shape *shape = &call->out_shape;
	const float *in = call->in[0];
	int64_t		cells = shape->h * shape->w;

	(void) thread;
	for (int64_t c = begin; c < end; c++)
	{
		double		mean = call->tensor[2][c],
					variance = call->tensor[3][c],
					scale;

		if (call->training)
		{
			batch_statistics(call, c, &mean, &variance);
			call->saved[c] = (float) mean;
			call->saved[shape->c + c] = (float) variance;
		}
		scale = call->tensor[0][c] / sqrt(variance + call->layer->option[NN_EPSILON]);
		for (int64_t n = 0; n < shape->n; n++)
			for (int64_t i = (n * shape->c + c) * cells; i < (n * shape->c + c + 1) * cells; i++)
				call->out[i] = (float) ((in[i] - mean) * scale + call->tensor[1][c]);
	}
}

static void
batch_statistics(const nn_call *call, int64_t c, double *mean, double *variance)
{
	const rpm_nn_shape *shape = &call->out_shape;
	const float *in = call->in[0];
	int64_t		cells = shape->h * shape->w;
	double		count = (double) (shape->n * cells),
				sum = 0,
				squares = 0;

	for (int64_t n = 0; n < shape->n; n++)
		for (int64_t i = (n * shape->c + c) * cells; i < (n * shape->c + c + 1) * cells; i++)
			sum += in[i];
	*mean = sum / count;
	for (int64_t n = 0; n < shape->n; n++)
		for (int64_t i = (n * shape->c + c) * cells; i < (n * shape->c + c + 1) * cells; i++)
			squares += (in[i] - *mean) * (in[i] - *mean);
	*variance = squares / count;
}

rpm_code
nn_batch_norm_backward(nn_call *call)
{
	const rpm_nn_shape *shape = &call->out_shape;

	return nn_spread(call, shape->c, 2 * (double) (shape->n * shape->h * shape->w), batch_backward);
}

/* Ioffe and Szegedy, "Batch normalization", 2015, section 3. */
static void
batch_backward(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const rpm_nn_shape *shape = &call->out_shape;
	const float *in = call->in[0];
	int64_t		cells = shape->h * shape->w;
	double		count = (double) (shape->n * cells);

	(void) thread;
	for (int64_t c = begin; c < end; c++)
	{
		double		mean = call->saved[c],
					inverse = 1 / sqrt(call->saved[shape->c + c] + call->layer->option[NN_EPSILON]),
					sum = 0,
					product = 0;

		for (int64_t n = 0; n < shape->n; n++)
			for (int64_t i = (n * shape->c + c) * cells; i < (n * shape->c + c + 1) * cells; i++)
			{
				sum += call->out_gradient[i];
				product += call->out_gradient[i] * (in[i] - mean) * inverse;
			}
		call->tensor_gradient[0][c] += (float) product;
		call->tensor_gradient[1][c] += (float) sum;
		if (call->in_gradient[0] == NULL)
			continue;
		for (int64_t n = 0; n < shape->n; n++)
			for (int64_t i = (n * shape->c + c) * cells; i < (n * shape->c + c + 1) * cells; i++)
				call->in_gradient[0][i] += (float) (call->tensor[0][c] * inverse *
													(call->out_gradient[i] - sum / count - (in[i] - mean) * inverse * product / count));
	}
}

/* Over the channels of each cell. */
rpm_code
nn_layer_norm_forward(nn_call *call)
{
	const rpm_nn_shape *shape = &call->out_shape;

	return nn_spread(call, shape->n * shape->h * shape->w, (double) shape->c * 3, layer_forward);
}

static void
layer_forward(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->out_shape.h * call->out_shape.w,
				channels = call->out_shape.c;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		int64_t		at = nn_first_channel(&call->out_shape, i);

		normalise((const float *) call->in[0] + at, call->out + at, channels, cells, 1, call->tensor[0], call->tensor[1],
				  call->layer->option[NN_EPSILON]);
	}
}

rpm_code
nn_layer_norm_backward(nn_call *call)
{
	const rpm_nn_shape *shape = &call->out_shape;

	if (call->in_gradient[0] != NULL &&
		nn_spread(call, shape->n * shape->h * shape->w, (double) shape->c * 6, layer_backward) != RPM_OK)
		return call->status->code;
	return scale_gradients(call, shape->c, shape->h * shape->w);
}

static void
layer_backward(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->out_shape.h * call->out_shape.w,
				channels = call->out_shape.c;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		int64_t		at = nn_first_channel(&call->out_shape, i);

		denormalise((const float *) call->in[0] + at, call->out_gradient + at, call->in_gradient[0] + at, channels, cells, 1,
					call->tensor[0], call->layer->option[NN_EPSILON]);
	}
}

/* Over a group of channels of each image: one run of values. */
rpm_code
nn_group_norm_forward(nn_call *call)
{
	int64_t		groups = (int64_t) call->layer->option[NN_GROUPS];

	return nn_spread(call, call->out_shape.n * groups, (double) nn_elements(&call->out_shape), group_forward);
}

static void
group_forward(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->out_shape.h * call->out_shape.w,
				groups = (int64_t) call->layer->option[NN_GROUPS],
				inner = call->out_shape.c / groups;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		normalise((const float *) call->in[0] + i * inner * cells, call->out + i * inner * cells, inner * cells, 1, cells,
				  call->tensor[0] + i % groups * inner, call->tensor[1] + i % groups * inner, call->layer->option[NN_EPSILON]);
}

rpm_code
nn_group_norm_backward(nn_call *call)
{
	int64_t		groups = (int64_t) call->layer->option[NN_GROUPS];

	if (call->in_gradient[0] != NULL &&
		nn_spread(call, call->out_shape.n * groups, (double) nn_elements(&call->out_shape), group_backward) != RPM_OK)
		return call->status->code;
	return scale_gradients(call, call->out_shape.c / groups * call->out_shape.h * call->out_shape.w, 1);
}

static void
group_backward(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->out_shape.h * call->out_shape.w,
				groups = (int64_t) call->layer->option[NN_GROUPS],
				inner = call->out_shape.c / groups;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		denormalise((const float *) call->in[0] + i * inner * cells, call->out_gradient + i * inner * cells,
					call->in_gradient[0] + i * inner * cells, inner * cells, 1, cells, call->tensor[0] + i % groups * inner,
					call->layer->option[NN_EPSILON]);
}

static void
moments(const float *in, int64_t length, int64_t stride, double epsilon, double *mean, double *inverse)
{
	double		sum = 0,
				squares = 0;

	for (int64_t i = 0; i < length; i++)
		sum += in[i * stride];
	*mean = sum / (double) length;
	for (int64_t i = 0; i < length; i++)
		squares += (in[i * stride] - *mean) * (in[i * stride] - *mean);
	*inverse = 1 / sqrt(squares / (double) length + epsilon);
}

/* One set of `length` values; every channel_cells of them share a scale and a shift. */
static void
normalise(const float *in, float *out, int64_t length, int64_t stride, int64_t channel_cells, const float *scale, const float *shift,
		  double epsilon)
{
	double		mean,
				inverse;

	moments(in, length, stride, epsilon, &mean, &inverse);
	for (int64_t i = 0; i < length; i++)
		out[i * stride] = (float) ((in[i * stride] - mean) * inverse * scale[i / channel_cells] + shift[i / channel_cells]);
}

static void
denormalise(const float *in, const float *gradient, float *to, int64_t length, int64_t stride, int64_t channel_cells, const float *scale,
			double epsilon)
{
	double		mean,
				inverse,
				sum = 0,
				product = 0;

	moments(in, length, stride, epsilon, &mean, &inverse);
	for (int64_t i = 0; i < length; i++)
	{
		double		g = (double) gradient[i * stride] * scale[i / channel_cells];

		sum += g;
		product += g * (in[i * stride] - mean) * inverse;
	}
	for (int64_t i = 0; i < length; i++)
	{
		double		g = (double) gradient[i * stride] * scale[i / channel_cells];

		to[i * stride] += (float) (inverse * (g - sum / (double) length - (in[i * stride] - mean) * inverse * product / (double) length));
	}
}

/* Gradients of scale and shift of a layer or group norm; its sets lie one after another (stride 1) or one per cell. */
static rpm_code
scale_gradients(nn_call *call, int64_t set_length, int64_t set_stride)
{
	const rpm_nn_shape *shape = &call->out_shape;
	const float *in = call->in[0];
	int64_t		cells = shape->h * shape->w,
				image = shape->c * cells,
				sets = set_stride == 1 ? nn_elements(shape) / set_length : shape->n * cells,
				channel_cells = set_stride == 1 ? cells : 1;
	bool		per_cell = call->layer->kind->code == NN_LAYER_NORM;
	double	   *sum = calloc(2 * (size_t) shape->c, sizeof(double));	/* of the scale's, then the shift's */

	if (sum == NULL)
		return rpm_fail(call->status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	for (int64_t s = 0; s < sets && call->status->code == RPM_OK; s++)
	{
		int64_t		at = per_cell ? s / cells * image + s % cells : s * set_length,
					first = per_cell ? 0 : s * set_length % image / cells;
		double		mean,
					inverse;

		if (s % 1024 == 0 && rpm_stopped(call->control))
			rpm_fail(call->status, RPM_CANCELLED, NULL, "stopped on request");
		moments(in + at, set_length, set_stride, call->layer->option[NN_EPSILON], &mean, &inverse);
		for (int64_t i = 0; i < set_length; i++)
		{
			int64_t		c = first + i / channel_cells;
			double		g = call->out_gradient[at + i * set_stride];

			sum[c] += g * (in[at + i * set_stride] - mean) * inverse;
			sum[shape->c + c] += g;
		}
	}
	for (int64_t c = 0; c < shape->c; c++)
	{
		call->tensor_gradient[0][c] += (float) sum[c];
		call->tensor_gradient[1][c] += (float) sum[shape->c + c];
	}
	free(sum);
	return call->status->code;
}
