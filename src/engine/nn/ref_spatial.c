/* ref_spatial.c: pooling, means and bilinear enlarging in plain C (reference.h). */
#include <math.h>

#include "nn/bilinear.h"
#include "nn/reference.h"

typedef struct window
{
	int64_t		top, bottom, left, right;	/* cells of the image that it covers: top <= y < bottom */
} window;

static window window_at(const nn_sliding *sliding, const rpm_nn_shape *image, int64_t row, int64_t column);
static void pool(void *context, int64_t begin, int64_t end, int thread);
static void unpool(void *context, int64_t begin, int64_t end, int thread);
static int64_t largest(const float *plane, const window *w, int64_t width);
static double pool_divisor(const nn_sliding *sliding, const nn_layer *layer, const window *w);
static void average(void *context, int64_t begin, int64_t end, int thread);
static void unaverage(void *context, int64_t begin, int64_t end, int thread);
static void enlarge(void *context, int64_t begin, int64_t end, int thread);
static void unenlarge(void *context, int64_t begin, int64_t end, int thread);

static rpm_code
each_plane(nn_call *call, rpm_range_function function)
{
	const rpm_nn_shape *in = &call->in_shape[0],
			   *out = &call->out_shape;

	return nn_spread(call, out->n * out->c, 4 * (double) (in->h * in->w + out->h * out->w), function);
}

rpm_code
nn_max_pool_forward(nn_call *call)
{
	return each_plane(call, pool);
}

rpm_code
nn_avg_pool_forward(nn_call *call)
{
	return each_plane(call, pool);
}

rpm_code
nn_max_pool_backward(nn_call *call)
{
	return call->in_gradient[0] != NULL ? each_plane(call, unpool) : RPM_OK;
}

rpm_code
nn_avg_pool_backward(nn_call *call)
{
	return call->in_gradient[0] != NULL ? each_plane(call, unpool) : RPM_OK;
}

static window
window_at(const nn_sliding *sliding, const rpm_nn_shape *image, int64_t row, int64_t column)
{
	window		w = {row * sliding->stride - sliding->top, 0, column * sliding->stride - sliding->left, 0};

	w.bottom = w.top + sliding->kernel < image->h ? w.top + sliding->kernel : image->h;
	w.right = w.left + sliding->kernel < image->w ? w.left + sliding->kernel : image->w;
	w.top = w.top > 0 ? w.top : 0;
	w.left = w.left > 0 ? w.left : 0;
	return w;
}

/* Cells that an average divides by: with pad=same those inside (TensorFlow's), else the whole window (PyTorch's). */
static double
pool_divisor(const nn_sliding *sliding, const nn_layer *layer, const window *w)
{
	if (layer->option[NN_PAD] == NN_PAD_SAME)
		return (double) ((w->bottom - w->top) * (w->right - w->left));
	return (double) (sliding->kernel * sliding->kernel);
}

static void
pool(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const rpm_nn_shape *image = &call->in_shape[0],
			   *out = &call->out_shape;
	nn_sliding	sliding = nn_sliding_of(call->layer, image);

	(void) thread;
	for (int64_t i = begin * out->h * out->w; i < end * out->h * out->w; i++)
	{
		const float *plane = (const float *) call->in[0] + i / (out->h * out->w) * image->h * image->w;
		window		w = window_at(&sliding, image, i / out->w % out->h, i % out->w);
		double		sum = 0;

		if (call->layer->kind->code == NN_MAX_POOL)
		{
			call->out[i] = plane[largest(plane, &w, image->w)];
			continue;
		}
		for (int64_t y = w.top; y < w.bottom; y++)
			for (int64_t x = w.left; x < w.right; x++)
				sum += plane[y * image->w + x];
		call->out[i] = (float) (sum / pool_divisor(&sliding, call->layer, &w));
	}
}

static void
unpool(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const rpm_nn_shape *image = &call->in_shape[0],
			   *out = &call->out_shape;
	nn_sliding	sliding = nn_sliding_of(call->layer, image);

	(void) thread;
	for (int64_t i = begin * out->h * out->w; i < end * out->h * out->w; i++)
	{
		int64_t		from = i / (out->h * out->w) * image->h * image->w;
		float	   *to = call->in_gradient[0] + from;
		window		w = window_at(&sliding, image, i / out->w % out->h, i % out->w);

		if (call->layer->kind->code == NN_MAX_POOL)
		{
			to[largest((const float *) call->in[0] + from, &w, image->w)] += call->out_gradient[i];
			continue;
		}
		for (int64_t y = w.top; y < w.bottom; y++)
			for (int64_t x = w.left; x < w.right; x++)
				to[y * image->w + x] += (float) (call->out_gradient[i] / pool_divisor(&sliding, call->layer, &w));
	}
}

/* The first of the largest; NaN counts as larger than all, so that it is not hidden. */
static int64_t
largest(const float *plane, const window *w, int64_t width)
{
	int64_t		best = w->top * width + w->left;

	for (int64_t y = w->top; y < w->bottom; y++)
		for (int64_t x = w->left; x < w->right; x++)
			if (plane[y * width + x] > plane[best] || (isnan(plane[y * width + x]) && !isnan(plane[best])))
				best = y * width + x;
	return best;
}

rpm_code
nn_mean_forward(nn_call *call)
{
	return each_plane(call, average);
}

static void
average(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const float *in = call->in[0];
	int64_t		cells = call->in_shape[0].h * call->in_shape[0].w;

	(void) thread;
	for (int64_t plane = begin; plane < end; plane++)
	{
		double		sum = 0;

		for (int64_t i = 0; i < cells; i++)
			sum += in[plane * cells + i];
		call->out[plane] = (float) (sum / (double) cells);
	}
}

rpm_code
nn_mean_backward(nn_call *call)
{
	return call->in_gradient[0] != NULL ? each_plane(call, unaverage) : RPM_OK;
}

static void
unaverage(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	int64_t		cells = call->in_shape[0].h * call->in_shape[0].w;

	(void) thread;
	for (int64_t i = begin * cells; i < end * cells; i++)
		call->in_gradient[0][i] += call->out_gradient[i / cells] / (float) cells;
}

rpm_code
nn_upsample_forward(nn_call *call)
{
	return each_plane(call, enlarge);
}

static void
enlarge(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const rpm_nn_shape *image = &call->in_shape[0],
			   *out = &call->out_shape;
	bool		align = call->layer->option[NN_ALIGN] != 0;

	(void) thread;
	for (int64_t i = begin * out->h; i < end * out->h; i++)
	{
		const float *plane = (const float *) call->in[0] + i / out->h * image->h * image->w;
		nn_between	y = nn_between_at(i % out->h, image->h, out->h, align);

		for (int64_t column = 0; column < out->w; column++)
		{
			nn_between	x = nn_between_at(column, image->w, out->w, align);
			double		above = plane[y.low * image->w + x.low] * (1 - x.share) + plane[y.low * image->w + x.high] * x.share,
						below = plane[y.high * image->w + x.low] * (1 - x.share) + plane[y.high * image->w + x.high] * x.share;

			call->out[i * out->w + column] = (float) (above * (1 - y.share) + below * y.share);
		}
	}
}

rpm_code
nn_upsample_backward(nn_call *call)
{
	return call->in_gradient[0] != NULL ? each_plane(call, unenlarge) : RPM_OK;
}

static void
unenlarge(void *context, int64_t begin, int64_t end, int thread)
{
	nn_call    *call = context;
	const rpm_nn_shape *image = &call->in_shape[0],
			   *out = &call->out_shape;
	bool		align = call->layer->option[NN_ALIGN] != 0;

	(void) thread;
	for (int64_t i = begin * out->h; i < end * out->h; i++)
	{
		float	   *plane = call->in_gradient[0] + i / out->h * image->h * image->w;
		nn_between	y = nn_between_at(i % out->h, image->h, out->h, align);

		for (int64_t column = 0; column < out->w; column++)
		{
			nn_between	x = nn_between_at(column, image->w, out->w, align);
			double		gradient = call->out_gradient[i * out->w + column];

			plane[y.low * image->w + x.low] += (float) (gradient * (1 - y.share) * (1 - x.share));
			plane[y.low * image->w + x.high] += (float) (gradient * (1 - y.share) * x.share);
			plane[y.high * image->w + x.low] += (float) (gradient * y.share * (1 - x.share));
			plane[y.high * image->w + x.high] += (float) (gradient * y.share * x.share);
		}
	}
}
