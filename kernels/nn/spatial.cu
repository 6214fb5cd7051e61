/* spatial.cu: pooling and bilinear enlarging (nn_cuda.h); backward each number gathers what comes to it. */
#include "nn/bilinear.h"
#include "nn/nn_cuda.h"

typedef struct cu_pool
{
	nn_sliding	sliding;
	rpm_nn_shape in, out;
	bool		largest;
	bool		inside;			/* an average divides by the cells inside (pad=same) */
} cu_pool;

typedef struct cu_window { int64_t top, bottom, left, right; } cu_window;

__host__ __device__ static inline cu_window
window_at(const cu_pool &p, int64_t row, int64_t column)
{
	cu_window	w;

	w.top = row * p.sliding.stride - p.sliding.top;
	w.left = column * p.sliding.stride - p.sliding.left;
	w.bottom = w.top + p.sliding.kernel < p.in.h ? w.top + p.sliding.kernel : p.in.h;
	w.right = w.left + p.sliding.kernel < p.in.w ? w.left + p.sliding.kernel : p.in.w;
	w.top = w.top > 0 ? w.top : 0;
	w.left = w.left > 0 ? w.left : 0;
	return w;
}

__host__ __device__ static inline float
divisor(const cu_pool &p, const cu_window &w)
{
	return (float) (p.inside ? (w.bottom - w.top) * (w.right - w.left) : p.sliding.kernel * p.sliding.kernel);
}

/* The cell of the first of the largest numbers of a channel; NaN counts as larger than all. */
template <typename T> __host__ __device__ static inline int64_t
largest_cell(const void *image, const cu_pool &p, const cu_window &w, int64_t first)
{
	int64_t		best = w.top * p.in.w + w.left;
	float		most = nn_get<T>(image, first + best * p.in.c);

	for (int64_t y = w.top; y < w.bottom; y++)
		for (int64_t x = w.left; x < w.right; x++)
		{
			float		value = nn_get<T>(image, first + (y * p.in.w + x) * p.in.c);

			if (value > most || (isnan(value) && !isnan(most)))
			{
				best = y * p.in.w + x;
				most = value;
			}
		}
	return best;
}

template <typename T> __global__ static void
pool(const void *in, void *out, int64_t count, cu_pool p)
{
	int64_t		cell,
				first;
	cu_window	w;
	double		sum = 0;

	NN_EACH(i, count);
	cell = i / p.out.c;
	first = cell / (p.out.h * p.out.w) * p.in.h * p.in.w * p.in.c + i % p.out.c;
	w = window_at(p, cell / p.out.w % p.out.h, cell % p.out.w);
	if (p.largest)
	{
		nn_put<T>(out, i, nn_get<T>(in, first + largest_cell<T>(in, p, w, first) * p.in.c));
		return;
	}
	for (int64_t y = w.top; y < w.bottom; y++)
		for (int64_t x = w.left; x < w.right; x++)
			sum += nn_get<T>(in, first + (y * p.in.w + x) * p.in.c);
	nn_put<T>(out, i, (float) (sum / divisor(p, w)));
}

/* The first window over a cell, and one past the last. */
__host__ __device__ static inline void
windows_over(int64_t at, int64_t before, const nn_sliding &s, int64_t windows, int64_t *first, int64_t *past)
{
	int64_t		reach = at + before - s.kernel + 1;

	*first = reach > 0 ? (reach + s.stride - 1) / s.stride : 0;
	*past = (at + before) / s.stride + 1;
	*past = *past < windows ? *past : windows;
}

template <typename T> __global__ static void
unpool(const void *in, const void *gradient, void *to, int64_t count, cu_pool p, bool fresh)
{
	int64_t		cell,
				first,
				out_first,
				top,
				bottom,
				left,
				right;
	float		sum = 0;

	NN_EACH(i, count);
	cell = i / p.in.c % (p.in.h * p.in.w);
	first = i / p.in.c / (p.in.h * p.in.w) * p.in.h * p.in.w * p.in.c + i % p.in.c;
	out_first = i / p.in.c / (p.in.h * p.in.w) * p.out.h * p.out.w * p.out.c + i % p.in.c;
	windows_over(cell / p.in.w, p.sliding.top, p.sliding, p.out.h, &top, &bottom);
	windows_over(cell % p.in.w, p.sliding.left, p.sliding, p.out.w, &left, &right);
	for (int64_t y = top; y < bottom; y++)
		for (int64_t x = left; x < right; x++)
		{
			cu_window	w = window_at(p, y, x);
			float		given = nn_get<T>(gradient, out_first + (y * p.out.w + x) * p.out.c);

			if (!p.largest)
				sum += given / divisor(p, w);
			else if (largest_cell<T>(in, p, w, first) == cell)
				sum += given;
		}
	nn_give<T>(to, i, sum, fresh);
}

template <typename T> __global__ static void
enlarge(const void *in, void *out, int64_t count, rpm_nn_shape small, rpm_nn_shape large, bool align)
{
	int64_t		cell,
				c,
				first;
	nn_between	y,
				x;
	double		above,
				below;

	NN_EACH(i, count);
	c = i % large.c;
	cell = i / large.c;
	first = cell / (large.h * large.w) * small.h * small.w;
	y = nn_between_at(cell / large.w % large.h, small.h, large.h, align);
	x = nn_between_at(cell % large.w, small.w, large.w, align);
	above = nn_get<T>(in, (first + y.low * small.w + x.low) * small.c + c) * (1 - x.share) +
		nn_get<T>(in, (first + y.low * small.w + x.high) * small.c + c) * x.share;
	below = nn_get<T>(in, (first + y.high * small.w + x.low) * small.c + c) * (1 - x.share) +
		nn_get<T>(in, (first + y.high * small.w + x.high) * small.c + c) * x.share;
	nn_put<T>(out, i, (float) (above * (1 - y.share) + below * y.share));
}

/* Cells of the larger image among which are all that a cell of the smaller one goes into. */
__host__ __device__ static inline void
reach_of(int64_t at, int64_t small, int64_t large, int64_t *first, int64_t *past)
{
	/* At most so many lie between two cells, whichever corners meet. */
	int64_t		step = small > 1 ? (large + small - 2) / (small - 1) + 1 : large;

	*first = (at - 1) * large / small - step;
	*past = (at + 2) * large / small + step;
	*first = small == 1 || *first < 0 ? 0 : *first;
	*past = small == 1 || *past > large ? large : *past;
}

__host__ __device__ static inline double
share_of(int64_t at, int64_t i, int64_t small, int64_t large, bool align)
{
	nn_between	between = nn_between_at(i, small, large, align);

	return (between.low == at ? 1 - between.share : 0) + (between.high == at ? between.share : 0);
}

template <typename T> __global__ static void
unenlarge(const void *gradient, void *to, int64_t count, rpm_nn_shape small, rpm_nn_shape large, bool align, bool fresh)
{
	int64_t		cell,
				row,
				column,
				first,
				top,
				bottom,
				left,
				right;
	double		sum = 0;

	NN_EACH(i, count);
	cell = i / small.c;
	row = cell / small.w % small.h;
	column = cell % small.w;
	first = cell / (small.h * small.w) * large.h * large.w;
	reach_of(row, small.h, large.h, &top, &bottom);
	reach_of(column, small.w, large.w, &left, &right);
	for (int64_t y = top; y < bottom; y++)
	{
		double		down = share_of(row, y, small.h, large.h, align);

		for (int64_t x = left; x < right && down != 0; x++)
		{
			double		across = share_of(column, x, small.w, large.w, align);

			if (across != 0)
				sum += down * across * nn_get<T>(gradient, (first + y * large.w + x) * large.c + i % small.c);
		}
	}
	nn_give<T>(to, i, (float) sum, fresh);
}

template <typename T> __global__ static void
spread_mean(const void *gradient, void *to, int64_t count, int64_t channels, int64_t cells, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(to, i, nn_get<T>(gradient, i / channels / cells * channels + i % channels) / (float) cells, fresh);
}

static cu_pool
pool_of(const cu_call *call)
{
	cu_pool		p;

	p.sliding = nn_sliding_of(call->layer, &call->in_shape[0]);
	p.in = call->in_shape[0];
	p.out = call->out_shape;
	p.largest = call->layer->kind->code == NN_MAX_POOL;
	p.inside = call->layer->option[NN_PAD] == NN_PAD_SAME;
	return p;
}

void
cu_spatial_forward(cu_call *call)
{
	if (call->layer->kind->code == NN_MEAN)
		cu_mean_forward(call);
	else if (call->layer->kind->code == NN_UPSAMPLE)
		NN_LAUNCH(call->precision, enlarge, call->count, call->in[0], call->out, call->count, call->in_shape[0], call->out_shape,
				  call->layer->option[NN_ALIGN] != 0);
	else
		NN_LAUNCH(call->precision, pool, call->count, call->in[0], call->out, call->count, pool_of(call));
}

void
cu_spatial_backward(cu_call *call)
{
	const rpm_nn_shape *in = &call->in_shape[0];
	void	   *to = call->in_gradient[0];

	if (to == NULL)
		return;
	if (call->layer->kind->code == NN_MEAN)
		NN_LAUNCH(call->precision, spread_mean, nn_elements(in), call->out_gradient, to, nn_elements(in), in->c, in->h * in->w, call->fresh[0]);
	else if (call->layer->kind->code == NN_UPSAMPLE)
		NN_LAUNCH(call->precision, unenlarge, nn_elements(in), call->out_gradient, to, nn_elements(in), *in, call->out_shape,
				  call->layer->option[NN_ALIGN] != 0, call->fresh[0]);
	else
		NN_LAUNCH(call->precision, unpool, nn_elements(in), call->in[0], call->out_gradient, to, nn_elements(in), pool_of(call), call->fresh[0]);
}
