/* nhwc.c: layers with the channels last (nhwc.h); loops are spread over OpenMP's threads, which oneDNN uses too. */
#ifdef RPM_HAVE_DNNL

#include <math.h>

#include "nn/bilinear.h"
#include "nn/nhwc.h"

#define BLOCK 64				/* channels summed together, in double */

static void add_forward(nn_nhwc *at);
static void add_backward(nn_nhwc *at);
static void mul_forward(nn_nhwc *at);
static void mul_backward(nn_nhwc *at);
static void concat_forward(nn_nhwc *at);
static void concat_backward(nn_nhwc *at);
static void mean_forward(nn_nhwc *at);
static void mean_backward(nn_nhwc *at);
static void layer_norm_forward(nn_nhwc *at);
static void layer_norm_backward(nn_nhwc *at);
static void enlarge_forward(nn_nhwc *at);
static void enlarge_backward(nn_nhwc *at);
static float share_of(int64_t small, int64_t large, int64_t small_size, int64_t large_size, bool align);
static void add_weighted(const float *from, float weight, float *to, int64_t channels);

static const struct
{
	nn_code		code;
	nn_nhwc_function forward,
				backward;
}			FUNCTIONS[] = {
	{NN_ADD, add_forward, add_backward}, {NN_MUL, mul_forward, mul_backward}, {NN_CONCAT, concat_forward, concat_backward},
	{NN_MEAN, mean_forward, mean_backward}, {NN_LAYER_NORM, layer_norm_forward, layer_norm_backward},
	{NN_UPSAMPLE, enlarge_forward, enlarge_backward},
};

nn_nhwc_function
nn_nhwc_forward(nn_code code)
{
	for (size_t i = 0; i < sizeof(FUNCTIONS) / sizeof(FUNCTIONS[0]); i++)
		if (FUNCTIONS[i].code == code)
			return FUNCTIONS[i].forward;
	return NULL;
}

nn_nhwc_function
nn_nhwc_backward(nn_code code)
{
	for (size_t i = 0; i < sizeof(FUNCTIONS) / sizeof(FUNCTIONS[0]); i++)
		if (FUNCTIONS[i].code == code)
			return FUNCTIONS[i].backward;
	return NULL;
}

size_t
nn_nhwc_scratch(nn_code code, const rpm_nn_shape *shape)
{
	return code == NN_LAYER_NORM ? 2 * (size_t) (shape->n * shape->h * shape->w) : 0;
}

bool
nn_layouts_agree(const rpm_nn_shape *shape)
{
	return shape->c == 1 || shape->h * shape->w == 1;
}

void
nn_to_nhwc(const float *plain, float *nhwc, const rpm_nn_shape *shape, bool adds, int threads)
{
	int64_t		cells = shape->h * shape->w,
				channels = shape->c;

	/* A few cells at a time, so that both sides stay in the cache. */
#pragma omp parallel for num_threads(threads) schedule(static)
	for (int64_t block = 0; block < shape->n * ((cells + 15) / 16); block++)
	{
		int64_t		blocks = (cells + 15) / 16,
					begin = block % blocks * 16,
					end = begin + 16 < cells ? begin + 16 : cells;
		const float *from = plain + block / blocks * channels * cells;
		float	   *to = nhwc + block / blocks * channels * cells;

		for (int64_t c = 0; c < channels; c++)
			for (int64_t i = begin; i < end; i++)
				to[i * channels + c] = (adds ? to[i * channels + c] : 0) + from[c * cells + i];
	}
}

void
nn_to_plain(const float *nhwc, float *plain, const rpm_nn_shape *shape, int threads)
{
	int64_t		cells = shape->h * shape->w,
				channels = shape->c;

#pragma omp parallel for num_threads(threads) schedule(static)
	for (int64_t block = 0; block < shape->n * ((cells + 15) / 16); block++)
	{
		int64_t		blocks = (cells + 15) / 16,
					begin = block % blocks * 16,
					end = begin + 16 < cells ? begin + 16 : cells;
		const float *from = nhwc + block / blocks * channels * cells;
		float	   *to = plain + block / blocks * channels * cells;

		for (int64_t c = 0; c < channels; c++)
			for (int64_t i = begin; i < end; i++)
				to[c * cells + i] = from[i * channels + c];
	}
}

void
nn_add_into(const float *from, float *to, int64_t count, int threads)
{
#pragma omp parallel for simd num_threads(threads) schedule(static)
	for (int64_t i = 0; i < count; i++)
		to[i] += from[i];
}

void
nn_affine(const float *in, float *out, const rpm_nn_shape *shape, const float *scale, const float *shift, int threads)
{
	int64_t		cells = shape->n * shape->h * shape->w,
				channels = shape->c;

#pragma omp parallel for num_threads(threads) schedule(static)
	for (int64_t i = 0; i < cells; i++)
#pragma omp simd
		for (int64_t c = 0; c < channels; c++)
			out[i * channels + c] = in[i * channels + c] * scale[c] + shift[c];
}

void
nn_sum_cells(const float *in, const rpm_nn_shape *shape, float *to, int threads)
{
	int64_t		cells = shape->n * shape->h * shape->w,
				channels = shape->c;

#pragma omp parallel for num_threads(threads) schedule(static)
	for (int64_t begin = 0; begin < channels; begin += BLOCK)
	{
		int64_t		count = channels - begin < BLOCK ? channels - begin : BLOCK;
		double		sum[BLOCK] = {0};

		for (int64_t i = 0; i < cells; i++)
			for (int64_t c = 0; c < count; c++)
				sum[c] += in[i * channels + begin + c];
		for (int64_t c = 0; c < count; c++)
			to[begin + c] += (float) sum[c];
	}
}

static void
add_forward(nn_nhwc *at)
{
	const float *a = at->call->in[0],
			   *b = at->call->in[1];
	float	   *out = at->call->out;
	int64_t		count = nn_elements(&at->call->out_shape);

#pragma omp parallel for simd num_threads(at->threads) schedule(static)
	for (int64_t i = 0; i < count; i++)
		out[i] = a[i] + b[i];
}

static void
add_backward(nn_nhwc *at)
{
	int64_t		count = nn_elements(&at->call->out_shape);

	for (int k = 0; k < 2; k++)
	{
		/* Both inputs may be one value, whose gradient is then fresh only the first time. */
		bool		fresh = at->fresh[k] && !(k == 1 && at->call->in_gradient[0] == at->call->in_gradient[1]);

		if (at->call->in_gradient[k] == NULL)
			continue;
		if (fresh)
			memcpy(at->call->in_gradient[k], at->call->out_gradient, sizeof(float) * (size_t) count);
		else
			nn_add_into(at->call->out_gradient, at->call->in_gradient[k], count, at->threads);
	}
}

/* The second factor has one number per image and channel, or as many as the first. */
static void
mul_forward(nn_nhwc *at)
{
	const rpm_nn_shape *shape = &at->call->out_shape;
	const float *a = at->call->in[0],
			   *b = at->call->in[1];
	float	   *out = at->call->out;
	int64_t		channels = shape->c,
				cells = shape->h * shape->w;
	bool		whole = at->call->in_shape[1].h * at->call->in_shape[1].w == cells;

#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t i = 0; i < shape->n * cells; i++)
	{
		const float *factor = b + (whole ? i : i / cells) * channels;

#pragma omp simd
		for (int64_t c = 0; c < channels; c++)
			out[i * channels + c] = a[i * channels + c] * factor[c];
	}
}

static void
mul_backward(nn_nhwc *at)
{
	const nn_call *call = at->call;
	const rpm_nn_shape *shape = &call->out_shape;
	const float *a = call->in[0],
			   *b = call->in[1],
			   *gradient = call->out_gradient;
	int64_t		channels = shape->c,
				cells = shape->h * shape->w;
	bool		whole = call->in_shape[1].h * call->in_shape[1].w == cells,
				fresh1 = at->fresh[1] && call->in_gradient[0] != call->in_gradient[1];

	if (call->in_gradient[0] != NULL)
#pragma omp parallel for num_threads(at->threads) schedule(static)
		for (int64_t i = 0; i < shape->n * cells; i++)
			for (int64_t c = 0; c < channels; c++)
			{
				float	   *to = &call->in_gradient[0][i * channels + c];

				*to = (at->fresh[0] ? 0 : *to) + gradient[i * channels + c] * b[(whole ? i : i / cells) * channels + c];
			}
	if (call->in_gradient[1] == NULL)
		return;
	if (whole)
	{
#pragma omp parallel for num_threads(at->threads) schedule(static)
		for (int64_t i = 0; i < shape->n * cells * channels; i++)
			call->in_gradient[1][i] = (fresh1 ? 0 : call->in_gradient[1][i]) + gradient[i] * a[i];
		return;
	}
#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t begin = 0; begin < channels; begin += BLOCK)
		for (int64_t n = 0; n < shape->n; n++)
		{
			int64_t		count = channels - begin < BLOCK ? channels - begin : BLOCK;
			double		sum[BLOCK] = {0};

			for (int64_t i = n * cells; i < (n + 1) * cells; i++)
				for (int64_t c = 0; c < count; c++)
					sum[c] += (double) gradient[i * channels + begin + c] * a[i * channels + begin + c];
			for (int64_t c = 0; c < count; c++)
			{
				float	   *to = &call->in_gradient[1][n * channels + begin + c];

				*to = (float) ((fresh1 ? 0 : *to) + sum[c]);
			}
		}
}

static void
concat_forward(nn_nhwc *at)
{
	const nn_call *call = at->call;
	const rpm_nn_shape *shape = &call->out_shape;

#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t i = 0; i < shape->n * shape->h * shape->w; i++)
	{
		float	   *to = call->out + i * shape->c;

		for (int k = 0; k < call->layer->input_count; k++)
		{
			int64_t		channels = call->in_shape[k].c;
			const float *from = (const float *) call->in[k] + i * channels;

			memcpy(to, from, sizeof(float) * (size_t) channels);
			to += channels;
		}
	}
}

static void
concat_backward(nn_nhwc *at)
{
	const nn_call *call = at->call;
	const rpm_nn_shape *shape = &call->out_shape;
	int64_t		begin = 0;

	for (int k = 0; k < call->layer->input_count; k++)
	{
		int64_t		channels = call->in_shape[k].c;
		bool		fresh = at->fresh[k];
		float	   *gradient = call->in_gradient[k];

		for (int before = 0; before < k; before++)
			fresh &= call->in_gradient[before] != gradient;
		if (gradient != NULL)
#pragma omp parallel for num_threads(at->threads) schedule(static)
			for (int64_t i = 0; i < shape->n * shape->h * shape->w; i++)
			{
				const float *from = call->out_gradient + i * shape->c + begin;

				if (fresh)
					memcpy(gradient + i * channels, from, sizeof(float) * (size_t) channels);
				else
					add_weighted(from, 1, gradient + i * channels, channels);
			}
		begin += channels;
	}
}

static void
mean_forward(nn_nhwc *at)
{
	const rpm_nn_shape *shape = &at->call->in_shape[0];
	rpm_nn_shape image = {1, shape->c, shape->h, shape->w};
	int64_t		cells = shape->h * shape->w;

	for (int64_t n = 0; n < shape->n; n++)
	{
		float	   *out = at->call->out + n * shape->c;

		memset(out, 0, sizeof(float) * (size_t) shape->c);
		nn_sum_cells((const float *) at->call->in[0] + n * cells * shape->c, &image, out, at->threads);
		for (int64_t c = 0; c < shape->c; c++)
			out[c] /= (float) cells;
	}
}

static void
mean_backward(nn_nhwc *at)
{
	const nn_call *call = at->call;
	const rpm_nn_shape *shape = &call->in_shape[0];
	int64_t		cells = shape->h * shape->w,
				channels = shape->c;

	if (call->in_gradient[0] == NULL)
		return;
#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t i = 0; i < shape->n * cells; i++)
		for (int64_t c = 0; c < channels; c++)
		{
			float	   *to = &call->in_gradient[0][i * channels + c];

			*to = (at->fresh[0] ? 0 : *to) + call->out_gradient[i / cells * channels + c] / (float) cells;
		}
}

/* Mean and 1 / deviation over the channels of one cell. */
static void
cell_moments(const float *in, int64_t channels, double epsilon, float *moments)
{
	float		sum = 0,
				squares = 0,
				mean;

#pragma omp simd reduction(+:sum)
	for (int64_t c = 0; c < channels; c++)
		sum += in[c];
	mean = sum / (float) channels;
#pragma omp simd reduction(+:squares)
	for (int64_t c = 0; c < channels; c++)
		squares += (in[c] - mean) * (in[c] - mean);
	moments[0] = mean;
	moments[1] = 1 / sqrtf(squares / (float) channels + (float) epsilon);
}

static void
layer_norm_forward(nn_nhwc *at)
{
	const nn_call *call = at->call;
	const rpm_nn_shape *shape = &call->out_shape;
	const float *scale = call->tensor[0],
			   *shift = call->tensor[1];
	int64_t		channels = shape->c;

#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t i = 0; i < shape->n * shape->h * shape->w; i++)
	{
		const float *in = (const float *) call->in[0] + i * channels;
		float	   *out = call->out + i * channels,
					moments[2];

		cell_moments(in, channels, call->layer->option[NN_EPSILON], moments);
#pragma omp simd
		for (int64_t c = 0; c < channels; c++)
			out[c] = (in[c] - moments[0]) * moments[1] * scale[c] + shift[c];
	}
}

/* One cell: gradient of its channels. */
static void
cell_backward(const nn_call *call, const float *in, const float *gradient, const float *moments, float *to, bool fresh)
{
	int64_t		channels = call->out_shape.c;
	const float *scale = call->tensor[0];
	float		sum = 0,
				product = 0;

#pragma omp simd reduction(+:sum, product)
	for (int64_t c = 0; c < channels; c++)
	{
		sum += gradient[c] * scale[c];
		product += gradient[c] * scale[c] * (in[c] - moments[0]) * moments[1];
	}
	sum /= (float) channels;
	product /= (float) channels;
	for (int64_t c = 0; c < channels; c++)
		to[c] = (fresh ? 0 : to[c]) + moments[1] * (gradient[c] * scale[c] - sum - (in[c] - moments[0]) * moments[1] * product);
}

static void
layer_norm_backward(nn_nhwc *at)
{
	const nn_call *call = at->call;
	const rpm_nn_shape *shape = &call->out_shape;
	const float *in = call->in[0],
			   *gradient = call->out_gradient;
	int64_t		channels = shape->c,
				cells = shape->n * shape->h * shape->w;

#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t i = 0; i < cells; i++)
	{
		cell_moments(in + i * channels, channels, call->layer->option[NN_EPSILON], at->scratch + 2 * i);
		if (call->in_gradient[0] != NULL)
			cell_backward(call, in + i * channels, gradient + i * channels, at->scratch + 2 * i, call->in_gradient[0] + i * channels,
						  at->fresh[0]);
	}
#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t begin = 0; begin < channels; begin += BLOCK)
	{
		int64_t		count = channels - begin < BLOCK ? channels - begin : BLOCK;
		double		scale[BLOCK] = {0},
					shift[BLOCK] = {0};

		for (int64_t i = 0; i < cells; i++)
			for (int64_t c = 0; c < count; c++)
			{
				float		g = gradient[i * channels + begin + c];

				scale[c] += g * (in[i * channels + begin + c] - at->scratch[2 * i]) * at->scratch[2 * i + 1];
				shift[c] += g;
			}
		for (int64_t c = 0; c < count; c++)
		{
			call->tensor_gradient[0][begin + c] += (float) scale[c];
			call->tensor_gradient[1][begin + c] += (float) shift[c];
		}
	}
}

static void
add_weighted(const float *from, float weight, float *to, int64_t channels)
{
#pragma omp simd
	for (int64_t c = 0; c < channels; c++)
		to[c] += weight * from[c];
}

static void
enlarge_forward(nn_nhwc *at)
{
	const nn_call *call = at->call;
	const rpm_nn_shape *in = &call->in_shape[0],
			   *out = &call->out_shape;
	bool		align = call->layer->option[NN_ALIGN] != 0;

#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t row = 0; row < out->n * out->h; row++)
	{
		const float *image = (const float *) call->in[0] + row / out->h * in->h * in->w * in->c;
		nn_between	y = nn_between_at(row % out->h, in->h, out->h, align);

		for (int64_t column = 0; column < out->w; column++)
		{
			nn_between	x = nn_between_at(column, in->w, out->w, align);
			float	   *to = call->out + (row * out->w + column) * out->c;
			float		right = (float) x.share,
						below = (float) y.share;

			memset(to, 0, sizeof(float) * (size_t) out->c);
			add_weighted(image + (y.low * in->w + x.low) * in->c, (1 - below) * (1 - right), to, out->c);
			add_weighted(image + (y.low * in->w + x.high) * in->c, (1 - below) * right, to, out->c);
			add_weighted(image + (y.high * in->w + x.low) * in->c, below * (1 - right), to, out->c);
			add_weighted(image + (y.high * in->w + x.high) * in->c, below * right, to, out->c);
		}
	}
}

/* What the larger image's cell takes of the smaller one's, along one side. */
static float
share_of(int64_t small, int64_t large, int64_t small_size, int64_t large_size, bool align)
{
	nn_between	between = nn_between_at(large, small_size, large_size, align);

	return (float) ((between.low == small ? 1 - between.share : 0) + (between.high == small ? between.share : 0));
}

/* Every cell of the smaller image gathers from those that took of it: they lie less than two cells of its own size away. */
static void
enlarge_backward(nn_nhwc *at)
{
	const nn_call *call = at->call;
	const rpm_nn_shape *in = &call->in_shape[0],
			   *out = &call->out_shape;
	int64_t		scale = (int64_t) call->layer->option[NN_SCALE];
	bool		align = call->layer->option[NN_ALIGN] != 0;

	if (call->in_gradient[0] == NULL)
		return;
#pragma omp parallel for num_threads(at->threads) schedule(static)
	for (int64_t i = 0; i < in->n * in->h * in->w; i++)
	{
		int64_t		y = i / in->w % in->h,
					x = i % in->w;
		float	   *to = call->in_gradient[0] + i * in->c;
		const float *image = call->out_gradient + i / (in->w * in->h) * out->h * out->w * out->c;

		if (at->fresh[0])
			memset(to, 0, sizeof(float) * (size_t) in->c);
		for (int64_t row = y > 0 ? (y - 1) * scale : 0; row < (y + 2) * scale && row < out->h; row++)
		{
			float		below = share_of(y, row, in->h, out->h, align);

			for (int64_t column = x > 0 ? (x - 1) * scale : 0; below > 0 && column < (x + 2) * scale && column < out->w; column++)
			{
				float		right = share_of(x, column, in->w, out->w, align);

				if (right > 0)
					add_weighted(image + (row * out->w + column) * out->c, below * right, to, in->c);
			}
		}
	}
}

#endif
