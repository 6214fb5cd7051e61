/* own_conv.cu: kernels that stand beside cuDNN's convolutions (conv.h): one thread a number, direct sums. */
#include "nn/conv.h"

#define LANES_MAX 64

typedef struct cu_geometry
{
	rpm_nn_shape larger, smaller;	/* larger: padded */
	nn_sliding	sliding;
	int64_t		inner, outer;	/* channels of a group, of the larger and the smaller image */
} cu_geometry;

__host__ __device__ static inline int64_t
place_of(const rpm_nn_shape &s, int64_t n, int64_t y, int64_t x, int64_t c)
{
	return ((n * s.h + y) * s.w + x) * s.c + c;
}

typedef struct cu_cell
{
	int64_t		n, y, x, c;
} cu_cell;

/* The other way round. */
__host__ __device__ static inline cu_cell
cell_of(const rpm_nn_shape &s, int64_t place)
{
	cu_cell		cell = {place / s.c / s.w / s.h, place / s.c / s.w % s.h, place / s.c % s.w, place % s.c};

	return cell;
}

/* Weights are (smaller's channel, ky, kx, channel of the larger's group). */
__host__ __device__ static inline int64_t
place_of_weight(const cu_geometry &g, int64_t o, int64_t ky, int64_t kx, int64_t i)
{
	return ((o * g.sliding.kernel + ky) * g.sliding.kernel + kx) * g.inner + i;
}

template <typename T> __global__ static void
correlate(cu_geometry g, const void *larger, const void *weights, void *smaller, int64_t count, bool fresh)
{
	cu_cell		of;
	int64_t		first;
	double		sum = 0;

	NN_EACH(at, count);
	of = cell_of(g.smaller, at);
	first = of.c / g.outer * g.inner;
	for (int64_t ky = 0; ky < g.sliding.kernel; ky++)
		for (int64_t kx = 0; kx < g.sliding.kernel; kx++)
		{
			int64_t		row = of.y * g.sliding.stride + ky - g.sliding.top,
						column = of.x * g.sliding.stride + kx - g.sliding.left;

			if (row < 0 || row >= g.larger.h || column < 0 || column >= g.larger.w)
				continue;
			for (int64_t i = 0; i < g.inner; i++)
				sum += (double) nn_get<T>(larger, place_of(g.larger, of.n, row, column, first + i)) * nn_get<T>(weights, place_of_weight(g, of.c, ky, kx, i));
		}
	nn_give<T>(smaller, at, (float) sum, fresh);
}

template <typename T> __global__ static void
scatter(cu_geometry g, const void *smaller, const void *weights, void *larger, int64_t count, bool fresh)
{
	cu_cell		of;
	int64_t		first;
	double		sum = 0;

	NN_EACH(at, count);
	of = cell_of(g.larger, at);
	first = of.c / g.inner * g.outer;
	for (int64_t ky = 0; ky < g.sliding.kernel; ky++)
		for (int64_t kx = 0; kx < g.sliding.kernel; kx++)
		{
			int64_t		down = of.y + g.sliding.top - ky,
						across = of.x + g.sliding.left - kx,
						row = down / g.sliding.stride,
						column = across / g.sliding.stride;

			if (down < 0 || across < 0 || row * g.sliding.stride != down || column * g.sliding.stride != across || row >= g.smaller.h ||
				column >= g.smaller.w)
				continue;
			for (int64_t o = first; o < first + g.outer; o++)
				sum += (double) nn_get<T>(smaller, place_of(g.smaller, of.n, row, column, o)) * nn_get<T>(weights, place_of_weight(g, o, ky, kx, of.c % g.inner));
		}
	nn_give<T>(larger, at, (float) sum, fresh);
}

/* A lane takes every lanes-th row of the smaller images. */
template <typename T> __global__ static void
sum_weights(cu_geometry g, const void *larger, const void *smaller, float *sums, int64_t weights, int64_t lanes)
{
	int64_t		i,
				kx,
				ky,
				o;
	double		sum = 0;

	NN_EACH(at, weights * lanes);
	i = at % weights % g.inner;
	kx = at % weights / g.inner % g.sliding.kernel;
	ky = at % weights / g.inner / g.sliding.kernel % g.sliding.kernel;
	o = at % weights / g.inner / g.sliding.kernel / g.sliding.kernel;
	for (int64_t line = at / weights; line < g.smaller.n * g.smaller.h; line += lanes)
	{
		int64_t		row = line % g.smaller.h * g.sliding.stride + ky - g.sliding.top;

		for (int64_t x = 0; x < g.smaller.w && row >= 0 && row < g.larger.h; x++)
		{
			int64_t		column = x * g.sliding.stride + kx - g.sliding.left;

			if (column >= 0 && column < g.larger.w)
				sum += (double) nn_get<T>(larger, place_of(g.larger, line / g.smaller.h, row, column, o / g.outer * g.inner + i)) *
					nn_get<T>(smaller, place_of(g.smaller, line / g.smaller.h, line % g.smaller.h, x, o));
		}
	}
	sums[at] = (float) sum;
}

template <typename T> __global__ static void
add_lanes(const float *sums, void *weights, int64_t count, int64_t lanes)
{
	double		sum = 0;

	NN_EACH(i, count);
	for (int64_t lane = 0; lane < lanes; lane++)
		sum += sums[lane * count + i];
	nn_put<T>(weights, i, (float) sum);
}

template <typename T> __global__ static void
widen(const void *from, void *to, int64_t count, rpm_nn_shape small, rpm_nn_shape large)
{
	cu_cell		of;

	NN_EACH(i, count);
	of = cell_of(large, i);
	nn_put<T>(to, i, of.x < small.w && of.y < small.h ? nn_get<T>(from, place_of(small, of.n, of.y, of.x, of.c)) : 0);
}

template <typename T> __global__ static void
narrow(const void *from, void *to, int64_t count, rpm_nn_shape small, rpm_nn_shape large, bool fresh)
{
	cu_cell		of;

	NN_EACH(i, count);
	of = cell_of(small, i);
	nn_give<T>(to, i, nn_get<T>(from, place_of(large, of.n, of.y, of.x, of.c)), fresh);
}

int64_t
cu_own_lanes(const cu_conv *conv)
{
	int64_t		lanes = CU_COLUMN_SUMS / conv->weight_count;

	lanes = lanes > LANES_MAX ? LANES_MAX : lanes;
	return lanes > 0 ? lanes : 1;
}

void
cu_own_pass(cu_call *call, const cu_conv *conv, cu_pass pass, const cu_images *images)
{
	cu_geometry g = {conv->padded, conv->smaller, conv->sliding, conv->larger.c / conv->groups, conv->smaller.c / conv->groups};
	int64_t		smaller = nn_elements(&conv->smaller),
				larger = nn_elements(&conv->padded),
				lanes = cu_own_lanes(conv);

	if (pass == CU_CORRELATE)
		NN_LAUNCH(call->precision, correlate, smaller, g, images->larger, images->weights, images->smaller, smaller, !images->adds);
	else if (pass == CU_SCATTER)
		NN_LAUNCH(call->precision, scatter, larger, g, images->smaller, images->weights, images->larger, larger, !images->adds);
	else
	{
		NN_LAUNCH(call->precision, sum_weights, conv->weight_count * lanes, g, images->larger, images->smaller, images->sums, conv->weight_count, lanes);
		NN_LAUNCH(call->precision, add_lanes, conv->weight_count, images->sums, images->weights, conv->weight_count, lanes);
	}
}

void
cu_widen(cu_call *call, const cu_conv *conv, const void *larger, void *padded)
{
	NN_LAUNCH(call->precision, widen, nn_elements(&conv->padded), larger, padded, nn_elements(&conv->padded), conv->larger, conv->padded);
}

void
cu_narrow(cu_call *call, const cu_conv *conv, const void *padded, void *larger, bool fresh)
{
	NN_LAUNCH(call->precision, narrow, nn_elements(&conv->larger), padded, larger, nn_elements(&conv->larger), conv->larger, conv->padded, fresh);
}
