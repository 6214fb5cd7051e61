/*
 * ref_conv.c: convolution, transposed convolution and linear layers in plain C (reference.h).
 *
 * Three sums over pairs of a larger and a smaller image serve both: correlate (larger to smaller), scatter (smaller to larger, its
 * adjoint) and the gradient of the weights.  Weights are (smaller's channels, larger's channels / groups, kernel, kernel): PyTorch's
 * Conv2d with the larger image as input, and its ConvTranspose2d with the smaller one.
 */
#include <stdlib.h>

#include "nn/reference.h"

#define BLOCK 256				/* cells of a row summed at a time */

typedef struct pair
{
	const float *larger_in,
			   *smaller_in;		/* whichever is read */
	float	   *larger_out,
			   *smaller_out;	/* whichever is written */
	const float *weight;
	const float *bias;			/* of the image written; NULL: none */
	float	   *weight_gradient;
	bool		adds;			/* to what is written */
	rpm_nn_shape larger,
				smaller;
	nn_sliding	sliding;
	int64_t		groups;
	double	   *rows;			/* scatter's: one row of the larger image per thread */
} pair;

static pair pair_of(const nn_call *call, bool larger_is_input);
static double operations_per(const pair *p, int64_t cells, int64_t channels);
static rpm_code correlate(nn_call *call, pair *p);
static rpm_code scatter(nn_call *call, pair *p);
static rpm_code gradient_of_weights(nn_call *call, pair *p);
static rpm_code gradient_of_bias(nn_call *call, float *gradient);
static void correlate_planes(void *context, int64_t begin, int64_t end, int thread);
static void correlate_row(const pair *p, int64_t n, int64_t o, int64_t row, int64_t first, int64_t count, double *sum);
static void scatter_planes(void *context, int64_t begin, int64_t end, int thread);
static void scatter_row(const pair *p, int64_t n, int64_t i, int64_t row, double *sum);
static void weight_planes(void *context, int64_t begin, int64_t end, int thread);
static double weight_sum(const pair *p, int64_t o, int64_t i, int64_t ky, int64_t kx);
static void store(float *to, const double *sum, int64_t count, bool adds);
static int64_t first_step(int64_t before, int64_t k, int64_t stride);
static int64_t past_step(int64_t size, int64_t before, int64_t k, int64_t stride, int64_t steps);

rpm_code
nn_conv_forward(nn_call *call)
{
	pair		p = pair_of(call, true);

	p.larger_in = call->in[0];
	p.smaller_out = call->out;
	p.bias = call->layer->option[NN_BIAS] != 0 ? call->tensor[1] : NULL;
	return correlate(call, &p);
}

rpm_code
nn_conv_backward(nn_call *call)
{
	pair		p = pair_of(call, true);

	p.larger_in = call->in[0];
	p.smaller_in = call->out_gradient;
	p.weight_gradient = call->tensor_gradient[0];
	if (gradient_of_weights(call, &p) != RPM_OK)
		return call->status->code;
	if (call->layer->option[NN_BIAS] != 0 && gradient_of_bias(call, call->tensor_gradient[1]) != RPM_OK)
		return call->status->code;
	if (call->in_gradient[0] == NULL)
		return RPM_OK;
	p.larger_out = call->in_gradient[0];
	p.adds = true;
	return scatter(call, &p);
}

rpm_code
nn_deconv_forward(nn_call *call)
{
	pair		p = pair_of(call, false);

	p.smaller_in = call->in[0];
	p.larger_out = call->out;
	p.bias = call->layer->option[NN_BIAS] != 0 ? call->tensor[1] : NULL;
	return scatter(call, &p);
}

rpm_code
nn_deconv_backward(nn_call *call)
{
	pair		p = pair_of(call, false);

	p.larger_in = call->out_gradient;
	p.smaller_in = call->in[0];
	p.weight_gradient = call->tensor_gradient[0];
	if (gradient_of_weights(call, &p) != RPM_OK)
		return call->status->code;
	if (call->layer->option[NN_BIAS] != 0 && gradient_of_bias(call, call->tensor_gradient[1]) != RPM_OK)
		return call->status->code;
	if (call->in_gradient[0] == NULL)
		return RPM_OK;
	p.smaller_out = call->in_gradient[0];
	p.adds = true;
	return correlate(call, &p);
}

static pair
pair_of(const nn_call *call, bool larger_is_input)
{
	pair		p = {0};

	p.larger = larger_is_input ? call->in_shape[0] : call->out_shape;
	p.smaller = larger_is_input ? call->out_shape : call->in_shape[0];
	p.sliding = nn_sliding_of(call->layer, &p.larger);
	p.groups = (int64_t) call->layer->option[NN_GROUPS];
	p.weight = call->tensor[0];
	return p;
}

/* Multiplications into one channel of an image of so many cells, from so many channels. */
static double
operations_per(const pair *p, int64_t cells, int64_t channels)
{
	return (double) cells * (double) (channels / p->groups) * (double) (p->sliding.kernel * p->sliding.kernel);
}

/* Smaller steps whose window's cell k lies inside the larger image: first_step <= step < past_step. */
static int64_t
first_step(int64_t before, int64_t k, int64_t stride)
{
	return before > k ? (before - k + stride - 1) / stride : 0;
}

static int64_t
past_step(int64_t size, int64_t before, int64_t k, int64_t stride, int64_t steps)
{
	int64_t		room = size - 1 + before - k,
				past = room < 0 ? 0 : room / stride + 1;

	return past < steps ? past : steps;
}

static void
store(float *to, const double *sum, int64_t count, bool adds)
{
	for (int64_t i = 0; i < count; i++)
		to[i] = (float) (adds ? to[i] + sum[i] : sum[i]);
}

static rpm_code
correlate(nn_call *call, pair *p)
{
	int64_t		planes = p->smaller.n * p->smaller.c;
	int64_t		grain = (int64_t) (1e7 / operations_per(p, p->smaller.h * p->smaller.w, p->larger.c));

	return rpm_parallel_for(call->control, planes, grain > 0 ? grain : 1, correlate_planes, p, call->status);
}

static void
correlate_planes(void *context, int64_t begin, int64_t end, int thread)
{
	const pair *p = context;
	double		sum[BLOCK];

	(void) thread;
	for (int64_t plane = begin; plane < end; plane++)
	{
		int64_t		o = plane % p->smaller.c;

		for (int64_t row = 0; row < p->smaller.h; row++)
			for (int64_t first = 0; first < p->smaller.w; first += BLOCK)
			{
				int64_t		count = p->smaller.w - first < BLOCK ? p->smaller.w - first : BLOCK;

				for (int64_t x = 0; x < count; x++)
					sum[x] = p->bias != NULL ? p->bias[o] : 0;
				correlate_row(p, plane / p->smaller.c, o, row, first, count, sum);
				store(p->smaller_out + (plane * p->smaller.h + row) * p->smaller.w + first, sum, count, p->adds);
			}
	}
}

static void
correlate_row(const pair *p, int64_t n, int64_t o, int64_t row, int64_t first, int64_t count, double *sum)
{
	const nn_sliding *s = &p->sliding;
	int64_t		inner = p->larger.c / p->groups,
				from = o / (p->smaller.c / p->groups) * inner;

	for (int64_t i = 0; i < inner; i++)
		for (int64_t ky = 0; ky < s->kernel; ky++)
		{
			int64_t		y = row * s->stride + ky - s->top;
			const float *line = p->larger_in + ((n * p->larger.c + from + i) * p->larger.h + y) * p->larger.w;
			const float *weight = p->weight + ((o * inner + i) * s->kernel + ky) * s->kernel;

			if (y < 0 || y >= p->larger.h)
				continue;
			for (int64_t kx = 0; kx < s->kernel; kx++)
			{
				int64_t		begin = first_step(s->left, kx, s->stride),
							end = past_step(p->larger.w, s->left, kx, s->stride, p->smaller.w);

				begin = begin > first ? begin : first;
				end = end < first + count ? end : first + count;
				for (int64_t x = begin; x < end; x++)
					sum[x - first] += (double) weight[kx] * line[x * s->stride + kx - s->left];
			}
		}
}

static rpm_code
scatter(nn_call *call, pair *p)
{
	int64_t		planes = p->larger.n * p->larger.c;
	int64_t		grain = (int64_t) (1e7 / operations_per(p, p->smaller.h * p->smaller.w, p->smaller.c));

	p->rows = malloc(sizeof(double) * (size_t) p->larger.w * (size_t) rpm_thread_count(call->control));
	if (p->rows == NULL)
		return rpm_fail(call->status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	rpm_parallel_for(call->control, planes, grain > 0 ? grain : 1, scatter_planes, p, call->status);
	free(p->rows);
	return call->status->code;
}

static void
scatter_planes(void *context, int64_t begin, int64_t end, int thread)
{
	const pair *p = context;
	double	   *sum = p->rows + thread * p->larger.w;

	for (int64_t plane = begin; plane < end; plane++)
		for (int64_t row = 0; row < p->larger.h; row++)
		{
			int64_t		i = plane % p->larger.c;

			for (int64_t x = 0; x < p->larger.w; x++)
				sum[x] = p->bias != NULL ? p->bias[i] : 0;
			scatter_row(p, plane / p->larger.c, i, row, sum);
			store(p->larger_out + (plane * p->larger.h + row) * p->larger.w, sum, p->larger.w, p->adds);
		}
}

/* One row of the larger image from all smaller cells whose windows hold it. */
static void
scatter_row(const pair *p, int64_t n, int64_t i, int64_t row, double *sum)
{
	const nn_sliding *s = &p->sliding;
	int64_t		inner = p->larger.c / p->groups,
				outer = p->smaller.c / p->groups,
				from = i / inner * outer;

	for (int64_t o = from; o < from + outer; o++)
		for (int64_t ky = 0; ky < s->kernel; ky++)
		{
			int64_t		y = row + s->top - ky;
			const float *line,
					   *weight = p->weight + ((o * inner + i % inner) * s->kernel + ky) * s->kernel;

			if (y < 0 || y % s->stride != 0 || y / s->stride >= p->smaller.h)
				continue;
			line = p->smaller_in + ((n * p->smaller.c + o) * p->smaller.h + y / s->stride) * p->smaller.w;
			for (int64_t kx = 0; kx < s->kernel; kx++)
			{
				int64_t		begin = first_step(s->left, kx, s->stride),
							end = past_step(p->larger.w, s->left, kx, s->stride, p->smaller.w);

				for (int64_t x = begin; x < end; x++)
					sum[x * s->stride + kx - s->left] += (double) weight[kx] * line[x];
			}
		}
}

static rpm_code
gradient_of_weights(nn_call *call, pair *p)
{
	int64_t		inner = p->larger.c / p->groups,
				grain = (int64_t) (1e7 / ((double) p->smaller.n * operations_per(p, p->smaller.h * p->smaller.w, p->groups)));

	return rpm_parallel_for(call->control, p->smaller.c * inner, grain > 0 ? grain : 1, weight_planes, p, call->status);
}

static void
weight_planes(void *context, int64_t begin, int64_t end, int thread)
{
	const pair *p = context;
	int64_t		kernel = p->sliding.kernel,
				inner = p->larger.c / p->groups;

	(void) thread;
	for (int64_t plane = begin; plane < end; plane++)
		for (int64_t k = 0; k < kernel * kernel; k++)
			p->weight_gradient[plane * kernel * kernel + k] += (float) weight_sum(p, plane / inner, plane % inner, k / kernel, k % kernel);
}

static double
weight_sum(const pair *p, int64_t o, int64_t i, int64_t ky, int64_t kx)
{
	const nn_sliding *s = &p->sliding;
	int64_t		from = o / (p->smaller.c / p->groups) * (p->larger.c / p->groups);
	int64_t		begin = first_step(s->left, kx, s->stride),
				end = past_step(p->larger.w, s->left, kx, s->stride, p->smaller.w);
	double		sum = 0;

	for (int64_t n = 0; n < p->smaller.n; n++)
		for (int64_t row = 0; row < p->smaller.h; row++)
		{
			int64_t		y = row * s->stride + ky - s->top;
			const float *line = p->larger_in + ((n * p->larger.c + from + i) * p->larger.h + y) * p->larger.w;
			const float *small = p->smaller_in + ((n * p->smaller.c + o) * p->smaller.h + row) * p->smaller.w;

			if (y < 0 || y >= p->larger.h)
				continue;
			for (int64_t x = begin; x < end; x++)
				sum += (double) small[x] * line[x * s->stride + kx - s->left];
		}
	return sum;
}

static rpm_code
gradient_of_bias(nn_call *call, float *gradient)
{
	const rpm_nn_shape *out = &call->out_shape;
	int64_t		cells = out->h * out->w;

	for (int64_t c = 0; c < out->c; c++)
	{
		double		sum = 0;

		if (rpm_stopped(call->control))
			return rpm_fail(call->status, RPM_CANCELLED, NULL, "stopped on request");
		for (int64_t n = 0; n < out->n; n++)
			for (int64_t i = 0; i < cells; i++)
				sum += call->out_gradient[(n * out->c + c) * cells + i];
		gradient[c] += (float) sum;
	}
	return RPM_OK;
}
