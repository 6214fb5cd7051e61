/*
 * kernels.h: how the kernels of networks are written and launched.
 *
 * A kernel is given arrays as void and its kind of numbers as a template's argument: NN_LAUNCH chooses.  Values lie channels last (NHWC), one
 * thread a number or a row; nothing is added by atomics, so that results are the same each time.  Backward kernels write to a gradient where
 * `fresh`, else add to it.
 */
#ifndef RPM_NN_KERNELS_H
#define RPM_NN_KERNELS_H

#include <math.h>

#ifdef __CUDACC__
#include <cuda_fp16.h>
#endif

#include "host_launch.h"
#include "nn/number.h"
#include "rpm_nn.h"

#define NN_BLOCK_THREADS 256

struct nn_half { uint16_t bits; };
struct nn_bfloat { uint16_t bits; };

__host__ __device__ static inline float nn_load(float x) { return x; }
__host__ __device__ static inline float nn_load(nn_bfloat x) { return nn_bfloat_to_float(x.bits); }
__host__ __device__ static inline void nn_store(float *to, float x) { *to = x; }
__host__ __device__ static inline void nn_store(nn_bfloat *to, float x) { to->bits = nn_bfloat_of_float(x); }

/* The device has instructions for half precision, of the same rounding. */
__host__ __device__ static inline float
nn_load(nn_half x)
{
#ifdef __CUDA_ARCH__
	return __half2float(__ushort_as_half(x.bits));
#else
	return nn_half_to_float(x.bits);
#endif
}

__host__ __device__ static inline void
nn_store(nn_half *to, float x)
{
#ifdef __CUDA_ARCH__
	to->bits = __half_as_ushort(__float2half_rn(x));
#else
	to->bits = nn_half_of_float(x);
#endif
}

template <typename T> __host__ __device__ static inline float
nn_get(const void *array, int64_t i)
{
	return nn_load(((const T *) array)[i]);
}

template <typename T> __host__ __device__ static inline void
nn_put(void *array, int64_t i, float x)
{
	nn_store((T *) array + i, x);
}

/* Into a gradient. */
template <typename T> __host__ __device__ static inline void
nn_give(void *array, int64_t i, float x, bool fresh)
{
	nn_store((T *) array + i, fresh ? x : nn_load(((const T *) array)[i]) + x);
}

/* The thread's number i; ends where there are fewer. */
#define NN_EACH(i, count) \
	const int64_t i = (int64_t) blockIdx.x * NN_BLOCK_THREADS + threadIdx.x; \
	if (i >= (count)) \
		return

#define NN_RUN(kernel, count, ...) \
	RPM_LAUNCH(kernel, (unsigned int) (((count) + NN_BLOCK_THREADS - 1) / NN_BLOCK_THREADS), NN_BLOCK_THREADS, __VA_ARGS__)

/* The kernel of a kind of numbers over 0 <= i < count. */
#define NN_LAUNCH(precision, kernel, count, ...) \
	do { \
		if ((precision) == RPM_NN_HALF) \
			NN_RUN(kernel<nn_half>, count, __VA_ARGS__); \
		else if ((precision) == RPM_NN_BFLOAT16) \
			NN_RUN(kernel<nn_bfloat>, count, __VA_ARGS__); \
		else \
			NN_RUN(kernel<float>, count, __VA_ARGS__); \
	} while (0)

#endif
