/* weights.cu: weights as convolutions take them and gradients back, the optimiser, the loss (nn_cuda.h). */
#include "nn/adamw.h"
#include "nn/loss.h"
#include "nn/nn_cuda.h"

/* Place in (out, in, cell) of number i of (out, cell, in). */
__host__ __device__ static inline int64_t
place_of_weight(int64_t i, int64_t inner, int64_t cells)
{
	return (i / inner / cells * inner + i % inner) * cells + i / inner % cells;
}

template <typename T> __global__ static void
copy_weights(const float *weights, void *copy, int64_t count, int64_t inner, int64_t cells)
{
	NN_EACH(i, count);
	nn_put<T>(copy, i, weights[place_of_weight(i, inner, cells)]);
}

template <typename T> __global__ static void
add_weight_gradient(const void *of_copy, float *gradient, int64_t count, int64_t inner, int64_t cells)
{
	NN_EACH(i, count);
	gradient[place_of_weight(i, inner, cells)] += nn_get<T>(of_copy, i);
}

__global__ static void
update(nn_adamw_factors factors, float factor, const float *gradients, float *first, float *second, float *weights, int64_t count)
{
	NN_EACH(i, count);
	nn_adamw_update(&factors, factor * gradients[i], &first[i], &second[i], &weights[i]);
}

__global__ static void
add_squares(const float *gradients, int64_t count, double *sums)
{
	double		sum = 0;

	NN_EACH(i, CU_LOSS_SUMS);
	for (int64_t at = i; at < count; at += CU_LOSS_SUMS)
		sum += (double) gradients[at] * gradients[at];
	sums[i] += sum;
}

/* A loss over cells in plain order; its gradient, times `scale`, in the output's own order. */
typedef struct cu_loss_cells
{
	const void *prediction;
	void	   *gradient;
	const float *target;
	const uint8_t *mask;
	int64_t		count, channels, cells;
	double		scale;			/* over the cells that count */
	double		delta, beta;
	int			kind;
} cu_loss_cells;

template <typename T> __device__ static double
plain_cell(const cu_loss_cells &l, int64_t i, bool counts)
{
	int64_t		at = (i / l.cells / l.channels * l.cells + i % l.cells) * l.channels + i / l.cells % l.channels;
	double		slope = 0,
				loss = 0;

	if (counts)
		loss = nn_loss_at((rpm_nn_loss_kind) l.kind, l.delta, (double) nn_get<T>(l.prediction, at) - l.target[i], &slope);
	nn_put<T>(l.gradient, at, (float) (slope * l.scale));
	return loss;
}

/* Mean and logarithm of the variance lie side by side. */
template <typename T> __device__ static double
gaussian_cell(const cu_loss_cells &l, int64_t i, bool counts)
{
	double		mean_slope = 0,
				log_slope = 0,
				loss = 0;

	if (counts)
		loss = nn_gaussian_loss_at(l.beta, (double) nn_get<T>(l.prediction, 2 * i) - l.target[i], nn_get<T>(l.prediction, 2 * i + 1), &mean_slope,
								   &log_slope);
	nn_put<T>(l.gradient, 2 * i, (float) (mean_slope * l.scale));
	nn_put<T>(l.gradient, 2 * i + 1, (float) (log_slope * l.scale));
	return loss;
}

template <typename T> __global__ static void
find_loss(cu_loss_cells l, double *sums)
{
	double		sum = 0;

	NN_EACH(i, CU_LOSS_SUMS);
	for (int64_t at = i; at < l.count; at += CU_LOSS_SUMS)
	{
		bool		counts = (l.mask == NULL || l.mask[at] != 0) && !isnan(l.target[at]);

		sum += l.kind == RPM_NN_GAUSSIAN ? gaussian_cell<T>(l, at, counts) : plain_cell<T>(l, at, counts);
	}
	sums[i] = sum;
}

void
cu_copy_weights(cu_net *own, const cu_conv *conv, const float *weights)
{
	int64_t		inner = conv->larger.c / conv->groups;

	if (conv->copied)
		NN_LAUNCH(own->precision, copy_weights, conv->weight_count, weights, own->copies + own->number * conv->copy, conv->weight_count, inner,
				  conv->sliding.kernel * conv->sliding.kernel);
}

void
cu_add_weight_gradient(cu_net *own, const cu_conv *conv, const void *of_copy, float *gradient)
{
	NN_LAUNCH(own->precision, add_weight_gradient, conv->weight_count, of_copy, gradient, conv->weight_count, conv->larger.c / conv->groups,
			  conv->sliding.kernel * conv->sliding.kernel);
}

void
cu_adamw(cu_net *own, const nn_adamw_call *call, float factor, int64_t first, int64_t count)
{
	nn_adamw_factors factors = nn_adamw_factors_of(call->beta1, call->beta2, call->epsilon, call->weight_decay, call->rate, (double) call->number);

	NN_RUN(update, count, factors, factor, own->gradients + first, own->first + first, own->second + first, own->weights + first, count);
}

void
cu_squares(cu_net *own, int64_t first, int64_t count, double *sums)
{
	NN_RUN(add_squares, (int64_t) CU_LOSS_SUMS, own->gradients + first, count, sums);
}

void
cu_loss(cu_call *call, const nn_loss_call *loss, const float *target, const uint8_t *mask, double scale, double *sums)
{
	cu_loss_cells l = {};

	l.prediction = call->out;
	l.gradient = call->out_gradient;
	l.target = target;
	l.mask = mask;
	l.channels = call->out_shape.c;
	l.cells = call->cells;
	l.count = loss->kind == RPM_NN_GAUSSIAN ? call->rows : call->count;
	l.scale = scale / (double) loss->known;
	l.delta = loss->delta;
	l.beta = loss->beta;
	l.kind = loss->kind;
	NN_LAUNCH(call->precision, find_loss, (int64_t) CU_LOSS_SUMS, l, sums);
}
