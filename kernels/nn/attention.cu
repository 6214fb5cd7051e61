/*
 * attention.cu: softmax(Q K^T / sqrt(head size) + position bias) V in windows (nn_cuda.h; the layer: ref_attention.c).
 *
 * One image at a time: queries, keys and values of each window and head are laid down as matrices (tokens, head size), the products are
 * cuBLAS's, and the scores lie in single precision.  Backward works the shares out again.
 */
#include "nn/nn_cuda.h"

typedef struct cu_attention
{
	nn_windows	windows;
	int64_t		pairs;			/* windows x heads: matrices */
	int64_t		matrix, square;	/* numbers of (tokens, head size), (tokens, tokens) */
	int64_t		image;			/* of one image's value */
} cu_attention;

/* Number i of the laid-down matrices: its place in an image of `parts` x channels. */
__host__ __device__ static inline int64_t
place_of_number(const cu_attention &a, int64_t i, int64_t parts)
{
	int64_t		part = i / a.image,
				rest = i % a.image,
				pair = rest / a.matrix,
				token = rest % a.matrix / a.windows.head_size,
				d = rest % a.windows.head_size,
				channels = a.windows.heads * a.windows.head_size;

	return nn_token_cell(&a.windows, pair / a.windows.heads, token) * parts * channels + part * channels + pair % a.windows.heads * a.windows.head_size + d;
}

template <typename T> __global__ static void
lay_down(const void *image, void *matrices, int64_t count, cu_attention a, int64_t parts)
{
	NN_EACH(i, count);
	nn_put<T>(matrices, i, nn_get<T>(image, place_of_number(a, i, parts)));
}

template <typename T> __global__ static void
take_up(const void *matrices, void *image, int64_t count, cu_attention a, int64_t parts, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(image, place_of_number(a, i, parts), nn_get<T>(matrices, i), fresh);
}

/* A query's scores into shares, in both kinds of numbers. */
template <typename T> __global__ static void
share_out(float *scores, void *shares, const float *bias, int64_t rows, cu_attention a)
{
	int64_t		query;
	int			head;
	float		most = -INFINITY;
	double		sum = 0;

	NN_EACH(i, rows);
	query = i % a.windows.tokens;
	head = (int) (i / a.windows.tokens % a.windows.heads);
	scores += i * a.windows.tokens;
	for (int64_t key = 0; key < a.windows.tokens; key++)
	{
		scores[key] += bias[nn_bias_place(&a.windows, head, query, key)];
		most = fmaxf(most, scores[key]);
	}
	for (int64_t key = 0; key < a.windows.tokens; key++)
		sum += scores[key] = expf(scores[key] - most);
	for (int64_t key = 0; key < a.windows.tokens; key++)
	{
		scores[key] = (float) (scores[key] / sum);
		nn_put<T>(shares, i * a.windows.tokens + key, scores[key]);
	}
}

/* Slopes of the shares into those of the scores, in both kinds of numbers. */
template <typename T> __global__ static void
slopes_of_scores(const float *shares, float *slopes, void *out, int64_t rows, int64_t tokens)
{
	double		mean = 0;

	NN_EACH(i, rows);
	shares += i * tokens;
	slopes += i * tokens;
	for (int64_t key = 0; key < tokens; key++)
		mean += (double) shares[key] * slopes[key];
	for (int64_t key = 0; key < tokens; key++)
	{
		slopes[key] = (float) (shares[key] * (slopes[key] - mean));
		nn_put<T>(out, i * tokens + key, slopes[key]);
	}
}

/* Place i of the table of biases: all pairs of tokens so far apart, in all windows. */
__global__ static void
add_bias_gradient(const float *slopes, float *gradient, int64_t count, cu_attention a)
{
	int64_t		side = a.windows.side,
				span = 2 * side - 1,
				down,
				across,
				head,
				windows = a.pairs / a.windows.heads;
	double		sum = 0;

	NN_EACH(i, count);
	head = i / span / span;
	down = i / span % span - (side - 1);	/* of the key from the query */
	across = i % span - (side - 1);
	for (int64_t window = 0; window < windows; window++)
		for (int64_t row = down < 0 ? -down : 0; row < side && row + down < side; row++)
			for (int64_t column = across < 0 ? -across : 0; column < side && column + across < side; column++)
				sum += slopes[(window * a.windows.heads + head) * a.square + (row * side + column) * a.windows.tokens +
							  (row + down) * side + column + across];
	gradient[i] += (float) sum;
}

static cu_attention
attention_of(const nn_layer *layer, const rpm_nn_shape *shape)
{
	cu_attention a;

	a.windows = nn_windows_of(layer, shape);
	a.pairs = a.windows.down * a.windows.across * a.windows.heads;
	a.matrix = a.windows.tokens * a.windows.head_size;
	a.square = a.windows.tokens * a.windows.tokens;
	a.image = a.pairs * a.matrix;
	return a;
}

/* The matrices of one image. */
typedef struct cu_matrices
{
	char	   *q, *k, *v, *out;	/* q, k, v side by side */
	float	   *scores;
	char	   *shares;
	char	   *dq, *dk, *dv;		/* likewise; backward: out is the gradient of the value */
	float	   *slopes;
	char	   *narrow_slopes;
} cu_matrices;

static cu_matrices
carve_matrices(char *at, const cu_attention *a, size_t number, bool backward, char **end)
{
	cu_matrices m = {};
	size_t		image = number * (size_t) a->image,
				square = (size_t) (a->pairs * a->square);

	m.q = (char *) cu_carve(&at, 3 * image);
	m.k = m.q + image;
	m.v = m.k + image;
	m.out = (char *) cu_carve(&at, image);
	m.scores = (float *) cu_carve(&at, sizeof(float) * square);
	m.shares = (char *) cu_carve(&at, number * square);
	if (backward)
	{
		m.dq = (char *) cu_carve(&at, 3 * image);
		m.dk = m.dq + image;
		m.dv = m.dk + image;
		m.slopes = (float *) cu_carve(&at, sizeof(float) * square);
		m.narrow_slopes = (char *) cu_carve(&at, number * square);
	}
	*end = at;
	return m;
}

size_t
cu_attention_scratch(const rpm_nn *net, int layer, size_t number)
{
	cu_attention a = attention_of(&net->model->layers[layer], &net->shapes[layer]);
	char	   *end;

	carve_matrices(NULL, &a, number, net->options.training, &end);
	return (size_t) (end - (char *) NULL);
}

static cu_product
product_of(const cu_attention *a, int64_t m, int64_t n, int64_t k)
{
	cu_product	p = {};

	p.m = m;
	p.n = n;
	p.k = k;
	p.alpha = 1;
	p.batch = a->pairs;
	return p;
}

/* (tokens, tokens) of the rows of one with those of the other. */
static rpm_code
multiply_rows(cu_call *call, const cu_attention *a, const void *keys, const void *queries, float alpha, float *to)
{
	cu_product	p = product_of(a, a->windows.tokens, a->windows.tokens, a->windows.head_size);

	p.a_across = true;
	p.alpha = alpha;
	p.a = keys;
	p.b = queries;
	p.c = to;
	p.a_side = p.b_side = a->windows.head_size;
	p.c_side = a->windows.tokens;
	p.a_stride = p.b_stride = a->matrix;
	p.c_stride = a->square;
	p.c_single = true;
	return cu_multiply(call, &p);
}

/* (tokens, head size): rows of values weighed by a square's rows, or by its columns (across). */
static rpm_code
weigh_rows(cu_call *call, const cu_attention *a, const void *values, const void *square, bool across, float alpha, void *to)
{
	cu_product	p = product_of(a, a->windows.head_size, a->windows.tokens, a->windows.tokens);

	p.b_across = across;
	p.alpha = alpha;
	p.a = values;
	p.b = square;
	p.c = to;
	p.a_side = p.c_side = a->windows.head_size;
	p.b_side = a->windows.tokens;
	p.a_stride = p.c_stride = a->matrix;
	p.b_stride = a->square;
	return cu_multiply(call, &p);
}

/* Lays one image down and finds its shares. */
static rpm_code
find_shares(cu_call *call, const cu_attention *a, const cu_matrices *m, int64_t image)
{
	const char *in = (const char *) call->in[0] + call->own->number * (size_t) (3 * a->image * image);
	float		scale = (float) (1 / sqrt((double) a->windows.head_size));

	NN_LAUNCH(call->precision, lay_down, 3 * a->image, in, m->q, 3 * a->image, *a, (int64_t) 3);
	if (multiply_rows(call, a, m->k, m->q, scale, m->scores) != RPM_OK)
		return call->status->code;
	NN_LAUNCH(call->precision, share_out, a->pairs * a->windows.tokens, m->scores, m->shares, call->tensor[0], a->pairs * a->windows.tokens, *a);
	return RPM_OK;
}

rpm_code
cu_attention_forward(cu_call *call)
{
	cu_attention a = attention_of(call->layer, &call->out_shape);
	char	   *end;
	cu_matrices m = carve_matrices(call->scratch, &a, call->own->number, false, &end);

	for (int64_t image = 0; image < call->out_shape.n; image++)
	{
		char	   *out = (char *) call->out + call->own->number * (size_t) (a.image * image);

		if (find_shares(call, &a, &m, image) != RPM_OK || weigh_rows(call, &a, m.v, m.shares, false, 1, m.out) != RPM_OK)
			return call->status->code;
		NN_LAUNCH(call->precision, take_up, a.image, m.out, out, a.image, a, (int64_t) 1, true);
	}
	return RPM_OK;
}

static rpm_code
backward_image(cu_call *call, const cu_attention *a, const cu_matrices *m, int64_t image)
{
	const char *gradient = (const char *) call->out_gradient + call->own->number * (size_t) (a->image * image);
	int64_t		rows = a->pairs * a->windows.tokens,
				span = 2 * a->windows.side - 1,
				biases = a->windows.heads * span * span;
	float		scale = (float) (1 / sqrt((double) a->windows.head_size));

	if (find_shares(call, a, m, image) != RPM_OK)
		return call->status->code;
	NN_LAUNCH(call->precision, lay_down, a->image, gradient, m->out, a->image, *a, (int64_t) 1);
	if (weigh_rows(call, a, m->out, m->shares, true, 1, m->dv) != RPM_OK || multiply_rows(call, a, m->v, m->out, 1, m->slopes) != RPM_OK)
		return call->status->code;
	NN_LAUNCH(call->precision, slopes_of_scores, rows, m->scores, m->slopes, m->narrow_slopes, rows, a->windows.tokens);
	NN_RUN(add_bias_gradient, biases, m->slopes, call->tensor_gradient[0], biases, *a);
	if (call->in_gradient[0] == NULL || weigh_rows(call, a, m->k, m->narrow_slopes, false, scale, m->dq) != RPM_OK ||
		weigh_rows(call, a, m->q, m->narrow_slopes, true, scale, m->dk) != RPM_OK)
		return call->status->code;
	NN_LAUNCH(call->precision, take_up, 3 * a->image, m->dq, (char *) call->in_gradient[0] + call->own->number * (size_t) (3 * a->image * image),
			  3 * a->image, *a, (int64_t) 3, call->fresh[0]);
	return RPM_OK;
}

rpm_code
cu_attention_backward(cu_call *call)
{
	cu_attention a = attention_of(call->layer, &call->out_shape);
	char	   *end;
	cu_matrices m = carve_matrices(call->scratch, &a, call->own->number, true, &end);

	for (int64_t image = 0; image < call->out_shape.n; image++)
		if (backward_image(call, &a, &m, image) != RPM_OK)
			return call->status->code;
	return RPM_OK;
}
