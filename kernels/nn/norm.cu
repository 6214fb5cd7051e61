/*
 * norm.cu: batch, layer and group norms, means and sums of columns (nn_cuda.h).
 *
 * All three norms are one: numbers fall into sets (a channel of the batch, a cell, a group of an image), each brought to mean 0 and variance 1, then
 * scaled by channel.  A sum runs over every lanes-th number of a set in each of `lanes` threads, in double, and one thread adds those up.
 */
#include "nn/nn_cuda.h"
#include "nn/pointwise.h"

typedef enum cu_term { CU_PLAIN, CU_CENTRED_SQUARE, CU_BACK, CU_PRODUCT } cu_term;

/* What a sum over a set takes. */
typedef struct cu_terms
{
	cu_term		term;
	cu_sets		sets;
	int64_t		lanes;
	const void *x,
			   *gradient;
	const float *mean,			/* of CU_CENTRED_SQUARE, of these sets */
			   *norm_mean, *norm_inverse;	/* of CU_BACK, of the sets of the norm */
	cu_sets		norm;
	const float *scale;			/* NULL: 1 */
} cu_terms;

__host__ __device__ static inline int64_t
set_of(const cu_sets &s, int64_t row, int64_t c)
{
	return row / s.set_rows * s.per_row + c / s.inner;
}

template <typename T> __global__ static void
sum_lanes(cu_terms t, double *sums, double *products)
{
	const cu_sets &s = t.sets;
	int64_t		set,
				first_row,
				first_channel;
	double		sum = 0,
				product = 0;

	NN_EACH(i, s.sets * t.lanes);
	set = i % s.sets;
	first_row = set / s.per_row * s.set_rows;
	first_channel = set % s.per_row * s.inner;
	for (int64_t e = i / s.sets; e < s.length; e += t.lanes)
	{
		int64_t		row = first_row + e / s.inner,
					c = first_channel + e % s.inner,
					at = row * s.channels + c;

		if (t.term == CU_PLAIN)
			sum += nn_get<T>(t.x, at);
		else if (t.term == CU_CENTRED_SQUARE)
		{
			double		apart = (double) nn_get<T>(t.x, at) - t.mean[set];

			sum += apart * apart;
		}
		else if (t.term == CU_PRODUCT)
			sum += (double) nn_get<T>(t.gradient, at) * nn_get<T>(t.x, at);
		else
		{
			int64_t		of_norm = set_of(t.norm, row, c);
			double		g = (double) nn_get<T>(t.gradient, at) * (t.scale != NULL ? t.scale[c] : 1);

			sum += g;
			product += g * ((double) nn_get<T>(t.x, at) - t.norm_mean[of_norm]) * t.norm_inverse[of_norm];
		}
	}
	sums[i] = sum;
	if (t.term == CU_BACK)
		products[i] = product;
}

__global__ static void
add_lanes(double *sums, int64_t sets, int64_t lanes)
{
	double		sum = 0;

	NN_EACH(i, sets);
	for (int64_t lane = 0; lane < lanes; lane++)
		sum += sums[lane * sets + i];
	sums[i] = sum;
}

__global__ static void
take_mean(const double *sums, int64_t sets, int64_t length, float *mean)
{
	NN_EACH(i, sets);
	mean[i] = (float) (sums[i] / (double) length);
}

/* running (NULL: none) and the unbiased factor: of a batch norm in training. */
__global__ static void
take_inverse(const double *sums, int64_t sets, int64_t length, double epsilon, const float *mean, float *inverse, float *running_mean,
			 float *running_variance, float *counter, double momentum)
{
	double		variance;

	NN_EACH(i, sets);
	variance = sums[i] / (double) length;
	inverse[i] = (float) (1 / sqrt(variance + epsilon));
	if (running_mean == NULL)
		return;
	running_mean[i] = nn_running(momentum, running_mean[i], mean[i]);
	running_variance[i] = nn_running(momentum, running_variance[i], length > 1 ? variance * (double) length / (double) (length - 1) : variance);
	if (i == 0)
		*counter += 1;
}

__global__ static void
use_running(const float *running_mean, const float *running_variance, int64_t channels, double epsilon, float *mean, float *inverse)
{
	NN_EACH(i, channels);
	mean[i] = running_mean[i];
	inverse[i] = (float) (1 / sqrt(running_variance[i] + epsilon));
}

/* The set and the channel of a number. */
typedef struct cu_member
{
	int64_t		set, channel;
} cu_member;

__host__ __device__ static inline cu_member
member_of(const cu_sets &s, int64_t i)
{
	cu_member	m = {set_of(s, i / s.channels, i % s.channels), i % s.channels};

	return m;
}

template <typename T> __global__ static void
normalise(const void *x, void *out, cu_sets s, const float *mean, const float *inverse, const float *scale, const float *shift)
{
	cu_member	m;

	NN_EACH(i, s.rows * s.channels);
	m = member_of(s, i);
	nn_put<T>(out, i, (nn_get<T>(x, i) - mean[m.set]) * inverse[m.set] * scale[m.channel] + shift[m.channel]);
}

/* Ioffe and Szegedy, "Batch normalization", 2015, section 3; sums and products of the scaled gradients, per set. */
template <typename T> __global__ static void
denormalise(const void *x, const void *gradient, void *to, cu_sets s, const float *mean, const float *inverse, const float *scale,
			const double *sums, const double *products, bool fresh)
{
	cu_member	m;
	double		g,
				apart;

	NN_EACH(i, s.rows * s.channels);
	m = member_of(s, i);
	g = (double) nn_get<T>(gradient, i) * scale[m.channel];
	apart = ((double) nn_get<T>(x, i) - mean[m.set]) * inverse[m.set];
	nn_give<T>(to, i, (float) (inverse[m.set] * (g - sums[m.set] / (double) s.length - apart * products[m.set] / (double) s.length)), fresh);
}

__global__ static void
add_sums(const double *sums, float *to, int64_t count)
{
	NN_EACH(i, count);
	to[i] += (float) sums[i];
}

template <typename T> __global__ static void
put_sums(const double *sums, void *to, int64_t count, double divisor, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(to, i, (float) (sums[i] / divisor), fresh);
}

static cu_sets
sets_of(int64_t rows, int64_t channels, int64_t set_rows, int64_t per_row)
{
	cu_sets		s = {rows, channels, set_rows, per_row, channels / per_row, rows / set_rows * per_row, set_rows * (channels / per_row)};

	return s;
}

static cu_sets
sets_of_norm(const nn_layer *layer, const rpm_nn_shape *shape)
{
	int64_t		cells = shape->h * shape->w,
				rows = shape->n * cells;

	if (layer->kind->code == NN_LAYER_NORM)
		return sets_of(rows, shape->c, 1, 1);
	if (layer->kind->code == NN_GROUP_NORM)
		return sets_of(rows, shape->c, cells, (int64_t) layer->option[NN_GROUPS]);
	return sets_of(rows, shape->c, rows, shape->c);
}

/* Threads that share a set. */
static int64_t
lanes_of(const cu_sets *s)
{
	int64_t		lanes = CU_COLUMN_SUMS / 4 / s->sets;

	lanes = lanes > 2048 ? 2048 : lanes;
	lanes = lanes > s->length ? s->length : lanes;
	return lanes > 0 ? lanes : 1;
}

/* Leaves a sum for each set at the beginning of own->sums, of products at that of its second half. */
static void
sum_up(cu_call *call, cu_terms *t)
{
	double	   *sums = call->own->sums,
			   *products = sums + call->own->sum_count / 2;

	t->lanes = lanes_of(&t->sets);
	NN_LAUNCH(call->precision, sum_lanes, t->sets.sets * t->lanes, *t, sums, products);
	NN_RUN(add_lanes, t->sets.sets, sums, t->sets.sets, t->lanes);
	if (t->term == CU_BACK)
		NN_RUN(add_lanes, t->sets.sets, products, t->sets.sets, t->lanes);
}

/* Room for sum_up's numbers, both halves. */
size_t
cu_sum_count(const rpm_nn *net, int layer)
{
	const rpm_nn_shape *shape = &net->shapes[layer];
	nn_code		code = net->model->layers[layer].kind->code;
	size_t		sets = (size_t) shape->c;

	if (code == NN_LAYER_NORM)
		sets = (size_t) (shape->n * shape->h * shape->w);
	else if (code == NN_GROUP_NORM || code == NN_MEAN || code == NN_MUL)
		sets = (size_t) (shape->n * shape->c);


	/* Lanes are cut so that lanes x sets stay below this, or are one. */
	return 2 * (sets > (size_t) CU_COLUMN_SUMS ? sets : (size_t) CU_COLUMN_SUMS);
}

size_t
cu_norm_scratch(const rpm_nn *net, int layer)
{
	cu_sets		s = sets_of_norm(&net->model->layers[layer], &net->shapes[layer]);

	return 2 * (sizeof(float) * (size_t) s.sets + 256);
}

/* Mean and 1 / deviation of each set, of the batch or from the running values. */
static void
find_moments(cu_call *call, const cu_sets *s, float *mean, float *inverse)
{
	double		epsilon = call->layer->option[NN_EPSILON];
	bool		batch = call->layer->kind->code == NN_BATCH_NORM;
	cu_terms	t = {};

	if (batch && !call->net->options.training)
	{
		NN_RUN(use_running, s->channels, call->tensor[2], call->tensor[3], s->channels, epsilon, mean, inverse);
		return;
	}
	t.sets = *s;
	t.x = call->in[0];
	t.mean = mean;
	t.term = CU_PLAIN;
	sum_up(call, &t);
	NN_RUN(take_mean, s->sets, call->own->sums, s->sets, s->length, mean);
	t.term = CU_CENTRED_SQUARE;
	sum_up(call, &t);
	NN_RUN(take_inverse, s->sets, call->own->sums, s->sets, s->length, epsilon, mean, inverse, batch ? call->tensor[2] : NULL, call->tensor[3],
		   call->tensor[4], call->layer->option[NN_MOMENTUM]);
}

/* Where a norm's moments are: a batch norm's are kept for the way back. */
static void
place_moments(cu_call *call, const cu_sets *s, float **mean, float **inverse)
{
	char	   *at = call->scratch;

	*mean = (float *) cu_carve(&at, sizeof(float) * (size_t) s->sets);
	*inverse = (float *) cu_carve(&at, sizeof(float) * (size_t) s->sets);
	if (call->layer->kind->code != NN_BATCH_NORM || !call->net->options.training)
		return;
	*mean = call->saved;
	*inverse = call->saved + s->sets;
}

rpm_code
cu_norm_forward(cu_call *call)
{
	cu_sets		s = sets_of_norm(call->layer, &call->out_shape);
	float	   *mean,
			   *inverse;

	place_moments(call, &s, &mean, &inverse);
	find_moments(call, &s, mean, inverse);
	NN_LAUNCH(call->precision, normalise, call->count, call->in[0], call->out, s, mean, inverse, call->tensor[0], call->tensor[1]);
	return RPM_OK;
}

rpm_code
cu_norm_backward(cu_call *call)
{
	cu_sets		s = sets_of_norm(call->layer, &call->out_shape);
	double	   *sums = call->own->sums,
			   *products = sums + call->own->sum_count / 2;
	float	   *mean,
			   *inverse;
	cu_terms	t = {};

	place_moments(call, &s, &mean, &inverse);
	if (call->layer->kind->code != NN_BATCH_NORM)
		find_moments(call, &s, mean, inverse);
	t.term = CU_BACK;
	t.x = call->in[0];
	t.gradient = call->out_gradient;
	t.norm_mean = mean;
	t.norm_inverse = inverse;
	t.norm = s;
	t.sets = sets_of(s.rows, s.channels, s.rows, s.channels);
	sum_up(call, &t);
	NN_RUN(add_sums, s.channels, products, call->tensor_gradient[0], s.channels);
	NN_RUN(add_sums, s.channels, sums, call->tensor_gradient[1], s.channels);
	if (call->in_gradient[0] == NULL)
		return RPM_OK;
	t.sets = s;
	t.scale = call->tensor[0];
	sum_up(call, &t);
	NN_LAUNCH(call->precision, denormalise, call->count, call->in[0], call->out_gradient, call->in_gradient[0], s, mean, inverse, call->tensor[0], sums,
			  products, call->fresh[0]);
	return RPM_OK;
}

void
cu_sum_columns(cu_call *call, const void *values, int64_t rows, int64_t channels, float *gradient)
{
	cu_terms	t = {};

	t.term = CU_PLAIN;
	t.x = values;
	t.sets = sets_of(rows, channels, rows, channels);
	sum_up(call, &t);
	NN_RUN(add_sums, channels, call->own->sums, gradient, channels);
}

void
cu_mean_forward(cu_call *call)
{
	const rpm_nn_shape *in = &call->in_shape[0];
	int64_t		cells = in->h * in->w;
	cu_terms	t = {};

	t.term = CU_PLAIN;
	t.x = call->in[0];
	t.sets = sets_of(in->n * cells, in->c, cells, in->c);
	sum_up(call, &t);
	NN_LAUNCH(call->precision, put_sums, t.sets.sets, call->own->sums, call->out, t.sets.sets, (double) cells, true);
}

void
cu_sum_products(cu_call *call, void *to, bool fresh)
{
	cu_terms	t = {};

	t.term = CU_PRODUCT;
	t.x = call->in[0];
	t.gradient = call->out_gradient;
	t.sets = sets_of(call->rows, call->out_shape.c, call->cells, call->out_shape.c);
	sum_up(call, &t);
	NN_LAUNCH(call->precision, put_sums, t.sets.sets, call->own->sums, to, t.sets.sets, 1.0, fresh);
}
