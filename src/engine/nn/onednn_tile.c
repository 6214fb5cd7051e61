/* onednn_tile.c: one tile of Winograd's minimal filtering (onednn_tile.h). */
#ifdef RPM_HAVE_DNNL

#include <stddef.h>
#include <string.h>

#include "nn/onednn_tile.h"

#define LANES WINOGRAD_LANES
#define SIDE WINOGRAD_SIDE
#define WIDEST 2				/* registers across in a product */

#if defined(__x86_64__) && defined(__gnu_linux__)
#define WIDE __attribute__((target("avx512f,avx512dq,avx512vl,fma"), optimize("O3")))
#else
#define WIDE
#endif
#define INLINE static inline __attribute__((always_inline))

typedef int32_t bits __attribute__((vector_size(LANES * sizeof(float))));
typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

WIDE INLINE void
transform_tile(const lanes d[SIDE], lanes t[SIDE])
{
	lanes		a = d[4] - 4 * d[2],
				b = d[3] - 4 * d[1],
				c = d[4] - d[2],
				e = 2 * (d[3] - d[1]);

	t[0] = 4 * d[0] - 5 * d[2] + d[4];
	t[1] = a + b;
	t[2] = a - b;
	t[3] = c + e;
	t[4] = c - e;
	t[5] = 4 * d[1] - 5 * d[3] + d[5];
}

WIDE void
winograd_tile(const float *const cells[WINOGRAD_POINTS], int64_t channels, float *tile, int64_t between)
{
	for (int64_t c = 0; c < channels; c += LANES)
	{
		lanes		half[SIDE][SIDE];

		for (int x = 0; x < SIDE; x++)
		{
			lanes		d[SIDE],
						t[SIDE];

			for (int y = 0; y < SIDE; y++)
				d[y] = *(const lanes *) (cells[y * SIDE + x] + c);
			transform_tile(d, t);
			for (int y = 0; y < SIDE; y++)
				half[y][x] = t[y];
		}
		for (int y = 0; y < SIDE; y++)
		{
			lanes		t[SIDE];

			transform_tile(half[y], t);
			for (int x = 0; x < SIDE; x++)
				*(lanes *) (tile + (y * SIDE + x) * between + c) = t[x];
		}
	}
}

/* The values of the kernel's polynomial at the points, divided as the header says. */
WIDE INLINE void
transform_kernel(const lanes *g, int64_t step, int64_t side, lanes t[SIDE])
{
	lanes		even = g[0] + g[2 * step],
				odd = g[step],
				even2 = g[0] + 4 * g[2 * step],
				odd2 = 2 * g[step];

	if (side == 5)
	{
		even += g[4 * step];
		odd += g[3 * step];
		even2 += 16 * g[4 * step];
		odd2 += 8 * g[3 * step];
	}
	t[0] = g[0] * 0.25f;
	t[1] = (even + odd) * (-1 / 6.0f);
	t[2] = (even - odd) * (-1 / 6.0f);
	t[3] = (even2 + odd2) * (1 / 24.0f);
	t[4] = (even2 - odd2) * (1 / 24.0f);
	t[5] = g[(side - 1) * step];
}

WIDE void
winograd_kernel(const float *kernel, int64_t side, float *to, int64_t between)
{
	const lanes *g = (const lanes *) kernel;
	lanes		half[SIDE][SIDE];

	for (int64_t x = 0; x < side; x++)
	{
		lanes		t[SIDE];

		transform_kernel(g + x, side, side, t);
		for (int y = 0; y < SIDE; y++)
			half[y][x] = t[y];
	}
	for (int y = 0; y < SIDE; y++)
	{
		lanes		t[SIDE];

		transform_kernel(half[y], 1, side, t);
		for (int x = 0; x < SIDE; x++)
			*(lanes *) (to + (y * SIDE + x) * between) = t[x];
	}
}

WIDE INLINE void
kernel_back(const lanes t[SIDE], int64_t side, lanes *g, int64_t step)
{
	lanes		even = (t[1] + t[2]) * (-1 / 6.0f),
				odd = (t[1] - t[2]) * (-1 / 6.0f),
				even2 = (t[3] + t[4]) * (1 / 24.0f),
				odd2 = (t[3] - t[4]) * (1 / 24.0f);

	g[0] = t[0] * 0.25f + even + even2;
	g[step] = odd + 2 * odd2;
	g[2 * step] = even + 4 * even2;
	if (side == 5)
	{
		g[3 * step] = odd + 8 * odd2;
		g[4 * step] = even + 16 * even2;
	}
	g[(side - 1) * step] += t[5];
}

WIDE void
winograd_kernel_back(const float *from, int64_t between, int64_t side, float *kernel)
{
	lanes		half[SIDE][SIDE];

	for (int y = 0; y < SIDE; y++)
	{
		lanes		t[SIDE];

		for (int x = 0; x < SIDE; x++)
			t[x] = *(const lanes *) (from + (y * SIDE + x) * between);
		kernel_back(t, side, half[y], 1);
	}
	for (int64_t x = 0; x < side; x++)
	{
		lanes		t[SIDE];

		for (int y = 0; y < SIDE; y++)
			t[y] = half[y][x];
		kernel_back(t, side, (lanes *) kernel + x, side);
	}
}

int64_t
winograd_weight_place(int64_t in, int64_t out, int64_t i, int64_t o)
{
	int64_t		width = out % (WIDEST * LANES) == 0 ? WIDEST * LANES : LANES;

	return o / width * width * in + i * width + o % width;
}

/* WINOGRAD_ROWS rows times one stretch of outputs. */
#define MULTIPLY(name, across) \
WIDE static void \
name(const float *tiles, const float *weights, float *products, int64_t in, int64_t out) \
{ \
	lanes		sum[WINOGRAD_ROWS][across]; \
\
	_Pragma("GCC unroll 16") for (int r = 0; r < WINOGRAD_ROWS; r++) \
		_Pragma("GCC unroll 2") for (int j = 0; j < across; j++) \
			sum[r][j] = (lanes) {0}; \
	for (int64_t i = 0; i < in; i++) \
	{ \
		const lanes *w = (const lanes *) (weights + i * across * LANES); \
\
		_Pragma("GCC unroll 16") for (int r = 0; r < WINOGRAD_ROWS; r++) \
			_Pragma("GCC unroll 2") for (int j = 0; j < across; j++) \
				sum[r][j] += tiles[r * in + i] * w[j]; \
	} \
	_Pragma("GCC unroll 16") for (int r = 0; r < WINOGRAD_ROWS; r++) \
		_Pragma("GCC unroll 2") for (int j = 0; j < across; j++) \
			*(lanes *) (products + r * out + j * LANES) = sum[r][j]; \
}

/* WINOGRAD_SUMS inputs times one stretch of outputs, over the rows. */
#define SUM(name, across) \
WIDE static void \
name(const float *tiles, const float *products, float *sums, int64_t rows, int64_t in, int64_t out) \
{ \
	lanes		sum[WINOGRAD_SUMS][across]; \
\
	_Pragma("GCC unroll 16") for (int i = 0; i < WINOGRAD_SUMS; i++) \
		_Pragma("GCC unroll 2") for (int j = 0; j < across; j++) \
			sum[i][j] = *(lanes *) (sums + i * out + j * LANES); \
	for (int64_t r = 0; r < rows; r++) \
	{ \
		const lanes *p = (const lanes *) (products + r * out); \
\
		_Pragma("GCC unroll 16") for (int i = 0; i < WINOGRAD_SUMS; i++) \
			_Pragma("GCC unroll 2") for (int j = 0; j < across; j++) \
				sum[i][j] += tiles[r * in + i] * p[j]; \
	} \
	_Pragma("GCC unroll 16") for (int i = 0; i < WINOGRAD_SUMS; i++) \
		_Pragma("GCC unroll 2") for (int j = 0; j < across; j++) \
			*(lanes *) (sums + i * out + j * LANES) = sum[i][j]; \
}

MULTIPLY(multiply_one, 1)
MULTIPLY(multiply_two, 2)
SUM(sum_one, 1)
SUM(sum_two, 2)

void
winograd_multiply(const float *tiles, const float *weights, float *products, int64_t rows, int64_t in, int64_t out)
{
	int64_t		width = out % (WIDEST * LANES) == 0 ? WIDEST * LANES : LANES;

	for (int64_t o = 0; o < out; o += width)
		for (int64_t r = 0; r < rows; r += WINOGRAD_ROWS)
			(width == LANES ? multiply_one : multiply_two) (tiles + r * in, weights + o * in, products + r * out + o, in, out);
}

void
winograd_sum(const float *tiles, const float *products, float *sums, int64_t rows, int64_t in, int64_t out)
{
	int64_t		width = out % (WIDEST * LANES) == 0 ? WIDEST * LANES : LANES;

	for (int64_t o = 0; o < out; o += width)
		for (int64_t i = 0; i < in; i += WINOGRAD_SUMS)
			(width == LANES ? sum_one : sum_two) (tiles + i, products + o, sums + i * out + o, rows, in, out);
}

WIDE INLINE void
transform_results(const lanes p[SIDE], int64_t side, lanes t[SIDE])
{
	lanes		one = p[1] + p[2],
				one_odd = p[1] - p[2],
				two = p[3] + p[4],
				two_odd = p[3] - p[4];

	t[0] = p[0] + one + two;
	t[1] = one_odd + 2 * two_odd;
	if (side == 2)
	{
		t[1] += p[5];
		return;
	}
	t[2] = one + 4 * two;
	t[3] = one_odd + 8 * two_odd + p[5];
}

WIDE INLINE void
results_of_side(const float *products, int64_t between, int64_t channels, int64_t side, const float *bias, float slope, float *const *results)
{
	const lanes zero = {0};

	for (int64_t c = 0; c < channels; c += LANES)
	{
		lanes		half[SIDE][SIDE],
					shift = bias != NULL ? *(const lanes *) (bias + c) : zero;

		for (int x = 0; x < SIDE; x++)
		{
			lanes		p[SIDE],
						t[SIDE];

			for (int y = 0; y < SIDE; y++)
				p[y] = *(const lanes *) (products + (y * SIDE + x) * between + c);
			transform_results(p, side, t);
			for (int y = 0; y < side; y++)
				half[y][x] = t[y];
		}
		for (int64_t y = 0; y < side; y++)
		{
			lanes		t[SIDE];

			transform_results(half[y], side, t);
			for (int64_t x = 0; x < side; x++)
				if (results[y * side + x] != NULL)
				{
					lanes		value = t[x] + shift;
					bits		above = value > zero;

					*(lanes *) (results[y * side + x] + c) = (lanes) ((above & (bits) value) | (~above & (bits) (slope * value)));
				}
		}
	}
}

WIDE void
winograd_results(const float *products, int64_t between, int64_t channels, int64_t side, const float *bias, float slope, float *const *results)
{
	if (side == 2)
		results_of_side(products, between, channels, 2, bias, slope, results);
	else
		results_of_side(products, between, channels, 4, bias, slope, results);
}

WIDE INLINE void
results_back(const lanes *y, int64_t side, lanes p[SIDE])
{
	lanes		even = y[0],
				odd = y[1],
				even2 = y[0],
				odd2 = 2 * y[1];

	if (side == 4)
	{
		even += y[2];
		odd += y[3];
		even2 += 4 * y[2];
		odd2 += 8 * y[3];
	}
	p[0] = y[0];
	p[1] = even + odd;
	p[2] = even - odd;
	p[3] = even2 + odd2;
	p[4] = even2 - odd2;
	p[5] = y[side - 1];
}

WIDE INLINE void
back_of_side(const float *const *results, int64_t channels, int64_t side, float *products, int64_t between)
{
	for (int64_t c = 0; c < channels; c += LANES)
	{
		lanes		half[SIDE][SIDE];

		for (int64_t y = 0; y < side; y++)
		{
			lanes		line[SIDE];

			for (int64_t x = 0; x < side; x++)
				line[x] = *(const lanes *) (results[y * side + x] + c);
			results_back(line, side, half[y]);
		}
		for (int x = 0; x < SIDE; x++)
		{
			lanes		line[SIDE],
						p[SIDE];

			for (int64_t y = 0; y < side; y++)
				line[y] = half[y][x];
			results_back(line, side, p);
			for (int y = 0; y < SIDE; y++)
				*(lanes *) (products + (y * SIDE + x) * between + c) = p[y];
		}
	}
}

WIDE void
winograd_results_back(const float *const *results, int64_t channels, int64_t side, float *products, int64_t between)
{
	if (side == 2)
		back_of_side(results, channels, 2, products, between);
	else
		back_of_side(results, channels, 4, products, between);
}

#endif
