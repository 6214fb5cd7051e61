/*
 * pointwise.h: the activations and their slopes, one formula each.
 */
#ifndef RPM_NN_POINTWISE_H
#define RPM_NN_POINTWISE_H

#include <math.h>

#include "nn/model.h"
#include "rpm_math.h"

/* Single precision in kernels: most GPUs are slow in double. */
#ifdef __cplusplus
typedef float nn_real;
#else
typedef double nn_real;
#endif

/* GELU by its tanh formula (Hendrycks and Gimpel 2016, arXiv:1606.08415): 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
#define NN_GELU_FACTOR ((nn_real) 0.7978845608028654)
#define NN_GELU_CUBIC ((nn_real) 0.044715)
#define NN_HALF ((nn_real) 0.5)

RPM_INLINE nn_real nn_sigmoid(nn_real x)
{
	return 1 / (1 + exp(-x));
}

RPM_INLINE nn_real nn_activation(nn_code code, nn_real x, nn_real slope)
{
	switch (code)
	{
		case NN_RELU:
			return x > 0 ? x : 0;
		case NN_LEAKY_RELU:
			return x > 0 ? x : slope * x;
		case NN_GELU:
			return NN_HALF * x * (1 + tanh(NN_GELU_FACTOR * (x + NN_GELU_CUBIC * x * x * x)));
		case NN_SILU:
			return x * nn_sigmoid(x);
		case NN_SIGMOID:
			return nn_sigmoid(x);
		case NN_TANH:
			return tanh(x);
		default:
			return NAN;
	}
}

/* Derivative at x; at 0 of the two relus that of the left side, as PyTorch. */
RPM_INLINE nn_real nn_activation_slope(nn_code code, nn_real x, nn_real slope)
{
	nn_real		t;

	switch (code)
	{
		case NN_RELU:
			return x > 0;
		case NN_LEAKY_RELU:
			return x > 0 ? 1 : slope;
		case NN_GELU:
			t = tanh(NN_GELU_FACTOR * (x + NN_GELU_CUBIC * x * x * x));
			return NN_HALF * (1 + t) + NN_HALF * x * (1 - t * t) * NN_GELU_FACTOR * (1 + 3 * NN_GELU_CUBIC * x * x);
		case NN_SILU:
			t = nn_sigmoid(x);
			return t * (1 + x * (1 - t));
		case NN_SIGMOID:
			t = nn_sigmoid(x);
			return t * (1 - t);
		case NN_TANH:
			t = tanh(x);
			return 1 - t * t;
		default:
			return NAN;
	}
}

/* The running value of a batch norm after one more batch (PyTorch's rule). */
RPM_INLINE float nn_running(double momentum, float before, double seen)
{
	return (float) ((1 - momentum) * before + momentum * seen);
}

#endif
