/* onednn_attention.c: attention in windows as batched products (onednn_attention.h). */
#ifdef RPM_HAVE_DNNL

#include <math.h>
#include <stdlib.h>

#include "nn/onednn_attention.h"
#include "nn/onednn_op.h"
#include "nn/windows.h"

/* Scores held at a time: 32 MB. */
#define MOST_SCORES ((int64_t) 1 << 23)

struct dn_attention
{
	nn_windows	windows;
	int64_t		count;			/* windows of all images */
	int64_t		chunk;			/* windows at a time */
	int			threads;
	nn_op		scores;			/* q k^T scale */
	nn_op		softmax;
	nn_op		mix;			/* p v */
	/* Backward: */
	nn_op		share_slope;	/* g v^T */
	nn_op		softmax_back;
	nn_op		value_gradient; /* p^T g */
	nn_op		query_gradient; /* s k scale */
	nn_op		key_gradient;	/* s^T q scale */
	size_t		op_scratch;
};

/* A chunk's arrays: (windows, heads, tokens, head size), and (windows, heads, tokens, tokens). */
typedef struct chunk
{
	int64_t		first,
				count;
	float	   *part[3];		/* queries, keys, values; then their gradients */
	float	   *mixed;			/* output, or its gradient */
	float	   *share;
	float	   *slope;
	void	   *scratch;
} chunk;

static bool plan_ops(dn_attention *a, bool training);
static chunk chunk_in(const dn_attention *a, void *scratch);
static void pack(const dn_attention *a, const chunk *c, const nn_call *call, int part, float *to);
static void unpack(const dn_attention *a, const chunk *c, const nn_call *call, int part, const float *from, float *to, int64_t channels,
				   bool adds);
static void add_bias(const dn_attention *a, const chunk *c, const float *table);
static void add_bias_gradient(const dn_attention *a, const chunk *c, float *table);
static bool share(dn_attention *a, chunk *c, const nn_call *call);

/* Cuts the windows into equal chunks, so that one set of products serves. */
dn_attention *
dn_attention_plan(const nn_layer *layer, const rpm_nn_shape *out, bool training, int threads)
{
	dn_attention *a = calloc(1, sizeof(dn_attention));
	int64_t		scores;

	if (a == NULL)
		return NULL;
	a->windows = nn_windows_of(layer, out);
	a->count = out->n * a->windows.down * a->windows.across;
	a->threads = threads;
	scores = a->windows.heads * a->windows.tokens * a->windows.tokens;
	a->chunk = a->count;
	while (a->chunk > 1 && (a->chunk * scores > MOST_SCORES || a->count % a->chunk != 0))
		a->chunk--;
	if (!plan_ops(a, training))
	{
		dn_attention_free(a);
		return NULL;
	}
	return a;
}

static bool
plan_ops(dn_attention *a, bool training)
{
	int64_t		batch = a->chunk * a->windows.heads,
				tokens = a->windows.tokens,
				size = a->windows.head_size;
	float		scale = (float) (1 / sqrt((double) size));
	nn_op	   *ops[] = {&a->scores, &a->softmax, &a->mix, &a->share_slope, &a->softmax_back, &a->value_gradient, &a->query_gradient,
	&a->key_gradient};

	if (!nn_op_multiply(&a->scores, batch, tokens, size, tokens, false, true, scale) ||
		!nn_op_softmax(&a->softmax, batch * tokens, tokens) ||
		!nn_op_multiply(&a->mix, batch, tokens, tokens, size, false, false, 1))
		return false;
	if (training && (!nn_op_multiply(&a->share_slope, batch, tokens, size, tokens, false, true, 1) ||
					 !nn_op_softmax_back(&a->softmax_back, batch * tokens, tokens) ||
					 !nn_op_multiply(&a->value_gradient, batch, tokens, tokens, size, true, false, 1) ||
					 !nn_op_multiply(&a->query_gradient, batch, tokens, tokens, size, false, false, scale) ||
					 !nn_op_multiply(&a->key_gradient, batch, tokens, tokens, size, true, false, scale)))
		return false;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i]->scratch_bytes > a->op_scratch)
			a->op_scratch = (ops[i]->scratch_bytes + 63) / 64 * 64;
	return true;
}

bool
dn_attention_build(dn_attention *a)
{
	nn_op	   *ops[] = {&a->scores, &a->softmax, &a->mix, &a->share_slope, &a->softmax_back, &a->value_gradient, &a->query_gradient,
	&a->key_gradient};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i]->desc != NULL && !nn_op_build(ops[i]))
			return false;
	return true;
}

void
dn_attention_free(dn_attention *a)
{
	if (a == NULL)
		return;
	nn_op_free(&a->scores);
	nn_op_free(&a->softmax);
	nn_op_free(&a->mix);
	nn_op_free(&a->share_slope);
	nn_op_free(&a->softmax_back);
	nn_op_free(&a->value_gradient);
	nn_op_free(&a->query_gradient);
	nn_op_free(&a->key_gradient);
	free(a);
}

static int64_t
token_floats(const dn_attention *a)
{
	return (a->chunk * a->windows.heads * a->windows.tokens * a->windows.head_size + 15) / 16 * 16;
}

static int64_t
score_floats(const dn_attention *a)
{
	return (a->chunk * a->windows.heads * a->windows.tokens * a->windows.tokens + 15) / 16 * 16;
}

size_t
dn_attention_scratch(const dn_attention *a)
{
	bool		training = a->softmax_back.desc != NULL;

	return a->op_scratch + sizeof(float) * (size_t) ((training ? 5 : 4) * token_floats(a) + (training ? 2 : 1) * score_floats(a));
}

static chunk
chunk_in(const dn_attention *a, void *scratch)
{
	float	   *at = scratch;
	chunk		c = {.count = a->chunk};

	for (int part = 0; part < 3; part++, at += token_floats(a))
		c.part[part] = at;
	c.mixed = at;
	c.share = at + token_floats(a);
	c.scratch = c.share + score_floats(a);
	if (a->softmax_back.desc != NULL)
	{
		c.slope = c.scratch;
		c.scratch = c.slope + score_floats(a) + token_floats(a);
	}
	return c;
}

/* First channel of a head's token in an nhwc array of so many channels. */
static int64_t
token_place(const dn_attention *a, const nn_call *call, int64_t window, int64_t token, int64_t channels)
{
	int64_t		windows = a->windows.down * a->windows.across,
				cells = call->out_shape.h * call->out_shape.w;

	return (window / windows * cells + nn_token_cell(&a->windows, window % windows, token)) * channels;
}

/* Part 0, 1, 2 of the input; part 3: the gradient of the output. */
static void
pack(const dn_attention *a, const chunk *c, const nn_call *call, int part, float *to)
{
	int64_t		channels = part < 3 ? call->in_shape[0].c : call->out_shape.c,
				offset = part < 3 ? part * call->out_shape.c : 0,
				tokens = a->windows.tokens,
				size = a->windows.head_size;
	const float *from = part < 3 ? call->in[0] : call->out_gradient;
	int			heads = a->windows.heads;

#pragma omp parallel for num_threads(a->threads) schedule(static)
	for (int64_t i = 0; i < c->count * tokens; i++)
	{
		int64_t		window = i / tokens,
					token = i % tokens;
		const float *place = from + token_place(a, call, c->first + window, token, channels) + offset;

		for (int head = 0; head < heads; head++)
			memcpy(to + ((window * heads + head) * tokens + token) * size, place + head * size, sizeof(float) * (size_t) size);
	}
}

static void
unpack(const dn_attention *a, const chunk *c, const nn_call *call, int part, const float *from, float *to, int64_t channels, bool adds)
{
	int64_t		tokens = a->windows.tokens,
				size = a->windows.head_size;
	int			heads = a->windows.heads;

#pragma omp parallel for num_threads(a->threads) schedule(static)
	for (int64_t i = 0; i < c->count * tokens; i++)
	{
		int64_t		window = i / tokens,
					token = i % tokens;
		float	   *place = to + token_place(a, call, c->first + window, token, channels) + part * call->out_shape.c;

		for (int head = 0; head < heads; head++)
		{
			const float *row = from + ((window * heads + head) * tokens + token) * size;

			for (int64_t d = 0; d < size; d++)
				place[head * size + d] = (adds ? place[head * size + d] : 0) + row[d];
		}
	}
}

static void
add_bias(const dn_attention *a, const chunk *c, const float *table)
{
	int64_t		tokens = a->windows.tokens,
				side = a->windows.side;
	int			heads = a->windows.heads;

#pragma omp parallel for num_threads(a->threads) schedule(static)
	for (int64_t i = 0; i < c->count * heads * tokens; i++)
		for (int64_t row = 0; row < side; row++)
		{
			/* The keys of one row lie side by side in the table. */
			const float *bias = table + nn_bias_place(&a->windows, (int) (i / tokens % heads), i % tokens, row * side);
			float	   *to = c->share + i * tokens + row * side;

			for (int64_t k = 0; k < side; k++)
				to[k] += bias[k];
		}
}

static void
add_bias_gradient(const dn_attention *a, const chunk *c, float *table)
{
	int64_t		tokens = a->windows.tokens,
				side = a->windows.side;
	int			heads = a->windows.heads;

	/* By heads, as the windows of one head add to one table. */
#pragma omp parallel for num_threads(a->threads) schedule(static)
	for (int head = 0; head < heads; head++)
		for (int64_t i = 0; i < c->count * tokens; i++)
			for (int64_t row = 0; row < side; row++)
			{
				float	   *to = table + nn_bias_place(&a->windows, head, i % tokens, row * side);
				const float *slope = c->slope + ((i / tokens * heads + head) * tokens + i % tokens) * tokens + row * side;

				for (int64_t k = 0; k < side; k++)
					to[k] += slope[k];
			}
}

/* The shares of all keys in all queries of a chunk. */
static bool
share(dn_attention *a, chunk *c, const nn_call *call)
{
	for (int part = 0; part < 3; part++)
		pack(a, c, call, part, c->part[part]);
	if (!nn_op_run(&a->scores, (void *[]) {c->part[0], c->part[1], c->share}, c->scratch))
		return false;
	add_bias(a, c, call->tensor[0]);
	return nn_op_run(&a->softmax, (void *[]) {c->share, c->share}, c->scratch);
}

rpm_code
dn_attention_forward(dn_attention *a, nn_call *call, void *scratch)
{
	chunk		c = chunk_in(a, scratch);

	for (c.first = 0; c.first < a->count; c.first += a->chunk)
	{
		if (rpm_stopped(call->control))
			return rpm_fail(call->status, RPM_CANCELLED, NULL, "stopped on request");
		if (!share(a, &c, call) || !nn_op_run(&a->mix, (void *[]) {c.share, c.part[2], c.mixed}, c.scratch))
			return rpm_fail(call->status, RPM_INTERNAL, NULL, "oneDNN could not run attention");
		unpack(a, &c, call, 0, c.mixed, call->out, call->out_shape.c, false);
	}
	return RPM_OK;
}

rpm_code
dn_attention_backward(dn_attention *a, nn_call *call, bool fresh, void *scratch)
{
	chunk		c = chunk_in(a, scratch);
	float	   *gradient = c.slope + score_floats(a);	/* of queries, keys or values of the chunk */

	for (c.first = 0; c.first < a->count; c.first += a->chunk)
	{
		bool		good = !rpm_stopped(call->control);

		if (!good)
			return rpm_fail(call->status, RPM_CANCELLED, NULL, "stopped on request");
		good = share(a, &c, call);
		pack(a, &c, call, 3, c.mixed);
		good = good && nn_op_run(&a->share_slope, (void *[]) {c.mixed, c.part[2], c.slope}, c.scratch) &&
			nn_op_run(&a->value_gradient, (void *[]) {c.share, c.mixed, gradient}, c.scratch);
		if (call->in_gradient[0] != NULL)
			unpack(a, &c, call, 2, gradient, call->in_gradient[0], call->in_shape[0].c, !fresh);
		good = good && nn_op_run(&a->softmax_back, (void *[]) {c.share, c.slope, c.slope}, c.scratch);
		add_bias_gradient(a, &c, call->tensor_gradient[0]);
		if (good && call->in_gradient[0] != NULL)
		{
			good = nn_op_run(&a->query_gradient, (void *[]) {c.slope, c.part[1], gradient}, c.scratch);
			unpack(a, &c, call, 0, gradient, call->in_gradient[0], call->in_shape[0].c, !fresh);
			good = good && nn_op_run(&a->key_gradient, (void *[]) {c.slope, c.part[0], gradient}, c.scratch);
			unpack(a, &c, call, 1, gradient, call->in_gradient[0], call->in_shape[0].c, !fresh);
		}
		if (!good)
			return rpm_fail(call->status, RPM_INTERNAL, NULL, "oneDNN could not run attention");
	}
	return RPM_OK;
}

#endif
