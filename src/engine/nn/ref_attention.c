/*
 * ref_attention.c: softmax(Q K^T / sqrt(head size) + position bias) V in windows, plain C (reference.h).
 *
 * The input's channels are queries, keys and values of all heads, one after another (3, heads, head size).  One row of the scores is held
 * at a time.
 */
#include <math.h>
#include <stdlib.h>

#include "nn/reference.h"
#include "nn/windows.h"

/* One window of one head, and room for two rows of scores. */
typedef struct place
{
	nn_call    *call;
	nn_windows	windows;
	int64_t		image;
	int64_t		window;
	int			head;
	double	   *share;			/* softmax of the scores */
	double	   *slope;			/* gradient of the shares */
} place;

typedef struct attention
{
	nn_call    *call;
	double	   *rows;			/* two per thread */
} attention;

static rpm_code run(nn_call *call, int64_t count, double operations, rpm_range_function function);
static place place_at(const attention *a, int thread);
static void forward(void *context, int64_t begin, int64_t end, int thread);
static void forward_window(const place *p);
static void backward(void *context, int64_t begin, int64_t end, int thread);
static void backward_window(const place *p);
static void backward_query(const place *p, int64_t query);
static void score(const place *p, int64_t query);
static int64_t at(const place *p, int part, int64_t token);
static int64_t at_value(const place *p, int64_t token);

rpm_code
nn_attention_forward(nn_call *call)
{
	nn_windows	w = nn_windows_of(call->layer, &call->out_shape);

	return run(call, call->out_shape.n * w.down * w.across * w.heads, (double) (w.tokens * w.tokens * w.head_size), forward);
}

rpm_code
nn_attention_backward(nn_call *call)
{
	nn_windows	w = nn_windows_of(call->layer, &call->out_shape);

	/* By heads, as the windows of one head add to one table. */
	return run(call, w.heads, 1e9, backward);
}

static rpm_code
run(nn_call *call, int64_t count, double operations, rpm_range_function function)
{
	nn_windows	w = nn_windows_of(call->layer, &call->out_shape);
	int64_t		grain = (int64_t) (1e7 / operations);
	attention	a = {call, malloc(sizeof(double) * 2 * (size_t) w.tokens * (size_t) rpm_thread_count(call->control))};

	if (a.rows == NULL)
		return rpm_fail(call->status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	rpm_parallel_for(call->control, count, grain > 0 ? grain : 1, function, &a, call->status);
	free(a.rows);
	return call->status->code;
}

static place
place_at(const attention *a, int thread)
{
	place		p = {.call = a->call, .windows = nn_windows_of(a->call->layer, &a->call->out_shape)};

	p.share = a->rows + 2 * thread * p.windows.tokens;
	p.slope = p.share + p.windows.tokens;
	return p;
}

/* Cell 0 of the channel of queries (part 0), keys (1) or values (2) is at `at` for d = 0; channels are cells apart. */
static int64_t
at(const place *p, int part, int64_t token)
{
	const rpm_nn_shape *in = &p->call->in_shape[0];

	return (p->image * in->c + part * (in->c / 3) + p->head * p->windows.head_size) * in->h * in->w +
		nn_token_cell(&p->windows, p->window, token);
}

static int64_t
at_value(const place *p, int64_t token)
{
	const rpm_nn_shape *out = &p->call->out_shape;

	return (p->image * out->c + p->head * p->windows.head_size) * out->h * out->w + nn_token_cell(&p->windows, p->window, token);
}

static void
forward(void *context, int64_t begin, int64_t end, int thread)
{
	place		p = place_at(context, thread);
	int64_t		windows = p.windows.down * p.windows.across;

	for (int64_t i = begin; i < end; i++)
	{
		p.head = (int) (i % p.windows.heads);
		p.window = i / p.windows.heads % windows;
		p.image = i / p.windows.heads / windows;
		forward_window(&p);
	}
}

static void
forward_window(const place *p)
{
	const float *in = p->call->in[0];
	int64_t		cells = p->call->out_shape.h * p->call->out_shape.w;

	for (int64_t query = 0; query < p->windows.tokens && !rpm_stopped(p->call->control); query++)
	{
		score(p, query);
		for (int64_t d = 0; d < p->windows.head_size; d++)
		{
			double		sum = 0;

			for (int64_t key = 0; key < p->windows.tokens; key++)
				sum += p->share[key] * in[at(p, 2, key) + d * cells];
			p->call->out[at_value(p, query) + d * cells] = (float) sum;
		}
	}
}

/* The shares of one query. */
static void
score(const place *p, int64_t query)
{
	const float *in = p->call->in[0];
	int64_t		cells = p->call->out_shape.h * p->call->out_shape.w;
	double		scale = 1 / sqrt((double) p->windows.head_size),
				most = -INFINITY,
				sum = 0;

	for (int64_t key = 0; key < p->windows.tokens; key++)
	{
		double		product = 0;

		for (int64_t d = 0; d < p->windows.head_size; d++)
			product += (double) in[at(p, 0, query) + d * cells] * in[at(p, 1, key) + d * cells];
		p->share[key] = product * scale + p->call->tensor[0][nn_bias_place(&p->windows, p->head, query, key)];
		most = fmax(most, p->share[key]);
	}
	for (int64_t key = 0; key < p->windows.tokens; key++)
		sum += p->share[key] = exp(p->share[key] - most);
	for (int64_t key = 0; key < p->windows.tokens; key++)
		p->share[key] /= sum;
}

static void
backward(void *context, int64_t begin, int64_t end, int thread)
{
	place		p = place_at(context, thread);

	for (p.head = (int) begin; p.head < end; p.head++)
		for (p.image = 0; p.image < p.call->out_shape.n; p.image++)
			for (p.window = 0; p.window < p.windows.down * p.windows.across; p.window++)
				backward_window(&p);
}

static void
backward_window(const place *p)
{
	for (int64_t query = 0; query < p->windows.tokens && !rpm_stopped(p->call->control); query++)
	{
		score(p, query);
		backward_query(p, query);
	}
}

static void
backward_query(const place *p, int64_t query)
{
	const float *in = p->call->in[0],
			   *gradient = p->call->out_gradient + at_value(p, query);
	float	   *to = p->call->in_gradient[0];
	int64_t		cells = p->call->out_shape.h * p->call->out_shape.w;
	double		scale = 1 / sqrt((double) p->windows.head_size),
				mean = 0;

	for (int64_t key = 0; key < p->windows.tokens; key++)
	{
		p->slope[key] = 0;
		for (int64_t d = 0; d < p->windows.head_size; d++)
		{
			p->slope[key] += (double) gradient[d * cells] * in[at(p, 2, key) + d * cells];
			if (to != NULL)
				to[at(p, 2, key) + d * cells] += (float) (p->share[key] * gradient[d * cells]);
		}
		mean += p->share[key] * p->slope[key];
	}
	for (int64_t key = 0; key < p->windows.tokens; key++)
	{
		double		slope = p->share[key] * (p->slope[key] - mean);

		p->call->tensor_gradient[0][nn_bias_place(&p->windows, p->head, query, key)] += (float) slope;
		for (int64_t d = 0; d < p->windows.head_size && to != NULL; d++)
		{
			to[at(p, 0, query) + d * cells] += (float) (slope * scale * in[at(p, 1, key) + d * cells]);
			to[at(p, 1, key) + d * cells] += (float) (slope * scale * in[at(p, 0, query) + d * cells]);
		}
	}
}
