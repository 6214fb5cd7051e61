/* pointwise.cu: layers that take number by number, and the way between plain NCHW and the net's own order (nn_cuda.h). */
#include "nn/nn_cuda.h"
#include "nn/pointwise.h"

/* Where a number of plain NCHW lies channels last. */
__host__ __device__ static inline int64_t
place_of_plain(int64_t i, int64_t channels, int64_t cells)
{
	int64_t		cell = i % cells,
				c = i / cells % channels,
				n = i / cells / channels;

	return (n * cells + cell) * channels + c;
}

template <typename T> __global__ static void
from_plain(const float *plain, void *to, int64_t count, int64_t channels, int64_t cells, float factor, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(to, place_of_plain(i, channels, cells), factor * plain[i], fresh);
}

template <typename T> __global__ static void
to_plain(const void *from, float *plain, int64_t count, int64_t channels, int64_t cells, float factor)
{
	NN_EACH(i, count);
	plain[i] = factor * nn_get<T>(from, place_of_plain(i, channels, cells));
}

template <typename T> __global__ static void
add_bias(void *to, const float *bias, int64_t count, int64_t channels)
{
	NN_EACH(i, count);
	nn_put<T>(to, i, nn_get<T>(to, i) + bias[i % channels]);
}

template <typename T> __global__ static void
activate(const void *in, void *out, int64_t count, nn_code code, float slope)
{
	NN_EACH(i, count);
	nn_put<T>(out, i, nn_activation(code, nn_get<T>(in, i), slope));
}

template <typename T> __global__ static void
deactivate(const void *in, const void *gradient, void *to, int64_t count, nn_code code, float slope, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(to, i, nn_get<T>(gradient, i) * nn_activation_slope(code, nn_get<T>(in, i), slope), fresh);
}

template <typename T> __global__ static void
add(const void *a, const void *b, void *out, int64_t count)
{
	NN_EACH(i, count);
	nn_put<T>(out, i, nn_get<T>(a, i) + nn_get<T>(b, i));
}

template <typename T> __global__ static void
pass_on(const void *gradient, void *to, int64_t count, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(to, i, nn_get<T>(gradient, i), fresh);
}

/* The place in the second factor: number by number, or one per image and channel. */
__host__ __device__ static inline int64_t
place_of_factor(int64_t i, int64_t channels, int64_t cells, bool per_channel)
{
	return per_channel ? i / channels / cells * channels + i % channels : i;
}

template <typename T> __global__ static void
multiply(const void *a, const void *b, void *out, int64_t count, int64_t channels, int64_t cells, bool per_channel)
{
	NN_EACH(i, count);
	nn_put<T>(out, i, nn_get<T>(a, i) * nn_get<T>(b, place_of_factor(i, channels, cells, per_channel)));
}

template <typename T> __global__ static void
unmultiply(const void *other, const void *gradient, void *to, int64_t count, int64_t channels, int64_t cells, bool per_channel, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(to, i, nn_get<T>(gradient, i) * nn_get<T>(other, place_of_factor(i, channels, cells, per_channel)), fresh);
}

/* One input's channels of a joined value. */
template <typename T> __global__ static void
join(const void *in, void *out, int64_t count, int64_t channels, int64_t first, int64_t all)
{
	NN_EACH(i, count);
	nn_put<T>(out, i / channels * all + first + i % channels, nn_get<T>(in, i));
}

template <typename T> __global__ static void
unjoin(const void *gradient, void *to, int64_t count, int64_t channels, int64_t first, int64_t all, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(to, i, nn_get<T>(gradient, i / channels * all + first + i % channels), fresh);
}

/* Draws count in plain order, as on the CPU; drop path's per image. */
template <typename T> __global__ static void
drop(const void *in, void *out, int64_t count, int64_t channels, int64_t cells, bool whole, double rate, uint64_t draw, bool fresh)
{
	int64_t		cell,
				plain;

	NN_EACH(i, count);
	cell = i / channels;
	plain = whole ? cell / cells : (cell / cells * channels + i % channels) * cells + cell % cells;
	nn_give<T>(out, i, nn_random_share(draw, (uint64_t) plain) < rate ? 0 : nn_get<T>(in, i) * (float) (1 / (1 - rate)), fresh);
}

template <typename T> __global__ static void
soften(const void *in, void *out, int64_t rows, int64_t channels)
{
	float		most = -INFINITY;
	double		sum = 0;

	NN_EACH(i, rows);
	for (int64_t c = 0; c < channels; c++)
		most = fmaxf(most, nn_get<T>(in, i * channels + c));
	for (int64_t c = 0; c < channels; c++)
		sum += expf(nn_get<T>(in, i * channels + c) - most);
	for (int64_t c = 0; c < channels; c++)
		nn_put<T>(out, i * channels + c, (float) (expf(nn_get<T>(in, i * channels + c) - most) / sum));
}

template <typename T> __global__ static void
unsoften(const void *out, const void *gradient, void *to, int64_t rows, int64_t channels, bool fresh)
{
	double		sum = 0;

	NN_EACH(i, rows);
	for (int64_t c = 0; c < channels; c++)
		sum += nn_get<T>(gradient, i * channels + c) * nn_get<T>(out, i * channels + c);
	for (int64_t c = 0; c < channels; c++)
		nn_give<T>(to, i * channels + c, nn_get<T>(out, i * channels + c) * (nn_get<T>(gradient, i * channels + c) - (float) sum), fresh);
}

void
cu_from_plain(cu_call *call, const float *plain, void *to, const rpm_nn_shape *shape, float factor, bool fresh)
{
	NN_LAUNCH(call->precision, from_plain, nn_elements(shape), plain, to, nn_elements(shape), shape->c, shape->h * shape->w, factor, fresh);
}

void
cu_to_plain(cu_call *call, const void *from, float *plain, const rpm_nn_shape *shape, float factor)
{
	NN_LAUNCH(call->precision, to_plain, nn_elements(shape), from, plain, nn_elements(shape), shape->c, shape->h * shape->w, factor);
}

void
cu_add_bias(cu_call *call, void *to, const float *bias, int64_t rows, int64_t channels)
{
	NN_LAUNCH(call->precision, add_bias, rows * channels, to, bias, rows * channels, channels);
}

static bool
is_per_channel(const cu_call *call)
{
	return call->in_shape[1].h * call->in_shape[1].w != call->cells;
}

void
cu_pointwise_forward(cu_call *call)
{
	const nn_layer *l = call->layer;
	int64_t		first = 0;
	bool		drops = call->net->options.training && l->option[NN_RATE] > 0;

	switch (l->kind->code)
	{
		case NN_ADD:
			NN_LAUNCH(call->precision, add, call->count, call->in[0], call->in[1], call->out, call->count);
			return;
		case NN_MUL:
			NN_LAUNCH(call->precision, multiply, call->count, call->in[0], call->in[1], call->out, call->count, call->out_shape.c, call->cells,
					  is_per_channel(call));
			return;
		case NN_CONCAT:
			for (int k = 0; k < l->input_count; k++)
			{
				int64_t		channels = call->in_shape[k].c;

				NN_LAUNCH(call->precision, join, call->rows * channels, call->in[k], call->out, call->rows * channels, channels, first, call->out_shape.c);
				first += channels;
			}
			return;
		case NN_DROPOUT:
		case NN_DROP_PATH:
			NN_LAUNCH(call->precision, drop, call->count, call->in[0], call->out, call->count, call->out_shape.c, call->cells,
					  l->kind->code == NN_DROP_PATH, drops ? l->option[NN_RATE] : 0, nn_draw(call->net, call->number), true);
			return;
		case NN_SOFTMAX:
			NN_LAUNCH(call->precision, soften, call->rows, call->in[0], call->out, call->rows, call->out_shape.c);
			return;
		default:
			NN_LAUNCH(call->precision, activate, call->count, call->in[0], call->out, call->count, l->kind->code, (float) l->option[NN_SLOPE]);
	}
}

static void
unmultiply_both(cu_call *call)
{
	bool		per_channel = is_per_channel(call);

	if (call->in_gradient[0] != NULL)
		NN_LAUNCH(call->precision, unmultiply, call->count, call->in[1], call->out_gradient, call->in_gradient[0], call->count, call->out_shape.c,
				  call->cells, per_channel, call->fresh[0]);
	if (call->in_gradient[1] == NULL)
		return;
	if (per_channel)
		cu_sum_products(call, call->in_gradient[1], call->fresh[1]);
	else
		NN_LAUNCH(call->precision, unmultiply, call->count, call->in[0], call->out_gradient, call->in_gradient[1], call->count, call->out_shape.c,
				  call->cells, false, call->fresh[1]);
}

void
cu_pointwise_backward(cu_call *call)
{
	const nn_layer *l = call->layer;
	int64_t		first = 0;

	if (l->kind->code == NN_MUL)
	{
		unmultiply_both(call);
		return;
	}
	for (int k = 0; k < l->input_count; k++)
	{
		int64_t		channels = call->in_shape[k].c;
		void	   *to = call->in_gradient[k];

		if (to == NULL)
			;
		else if (l->kind->code == NN_ADD)
			NN_LAUNCH(call->precision, pass_on, call->count, call->out_gradient, to, call->count, call->fresh[k]);
		else if (l->kind->code == NN_CONCAT)
			NN_LAUNCH(call->precision, unjoin, call->rows * channels, call->out_gradient, to, call->rows * channels, channels, first, call->out_shape.c,
					  call->fresh[k]);
		else if (l->kind->code == NN_DROPOUT || l->kind->code == NN_DROP_PATH)
			NN_LAUNCH(call->precision, drop, call->count, call->out_gradient, to, call->count, call->out_shape.c, call->cells,
					  l->kind->code == NN_DROP_PATH, l->option[NN_RATE], nn_draw(call->net, call->number), call->fresh[k]);
		else if (l->kind->code == NN_SOFTMAX)
			NN_LAUNCH(call->precision, unsoften, call->rows, call->out, call->out_gradient, to, call->rows, call->out_shape.c, call->fresh[k]);
		else
			NN_LAUNCH(call->precision, deactivate, call->count, call->in[0], call->out_gradient, to, call->count, l->kind->code,
					  (float) l->option[NN_SLOPE], call->fresh[k]);
		first += channels;
	}
}
