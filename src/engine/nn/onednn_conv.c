/* onednn_conv.c: convolutions in pieces (onednn_conv.h). */
#ifdef RPM_HAVE_DNNL

#include <stdlib.h>

#include "nn/nhwc.h"
#include "nn/onednn_conv.h"

/* Multiplications that a thread with 512-bit instructions does in about 100 ms: 150 GFLOP/s were measured for one. */
#define PIECE_OPERATIONS 7.5e9

static double operations_of(const nn_conv_shape *shape);
static bool cut(nn_pass *pass, int threads);
static bool cut_image(nn_pass *pass, int64_t image, int64_t parts);
static nn_conv_shape rows_of_smaller(const nn_conv_shape *whole, int64_t begin, int64_t end, nn_piece *piece);
static nn_conv_shape rows_of_larger(const nn_conv_shape *whole, int64_t begin, int64_t end, nn_piece *piece);
static bool add_piece(nn_pass *pass, const nn_conv_shape *shape, nn_piece piece);
static int	find_op(nn_pass *pass, const nn_conv_shape *shape);
static bool plan_op(nn_pass *pass, nn_op *op, const nn_conv_shape *shape, const nn_op *like);
static bool run_tiles(nn_pass *pass, const nn_pass_arrays *a, const rpm_control *control);
static bool run_piece(nn_pass *pass, const nn_piece *piece, const nn_pass_arrays *arrays);

nn_conv_shape
nn_conv_shape_of(const nn_layer *layer, const rpm_nn_shape *larger, const rpm_nn_shape *smaller)
{
	nn_sliding	sliding = nn_sliding_of(layer, larger);
	nn_conv_shape shape = {*larger, *smaller, (int64_t) layer->option[NN_GROUPS], sliding.kernel, sliding.kernel, sliding.stride, sliding.top, 0,
	sliding.left, 0};

	/* What the last window needs beyond the image; windows may also leave cells unused. */
	shape.bottom = (smaller->h - 1) * sliding.stride + sliding.kernel - sliding.top - larger->h;
	shape.right = (smaller->w - 1) * sliding.stride + sliding.kernel - sliding.left - larger->w;
	shape.bottom = shape.bottom > 0 ? shape.bottom : 0;
	shape.right = shape.right > 0 ? shape.right : 0;
	if (sliding.kernel == 1 && sliding.stride == 1 && sliding.top == 0 && layer->option[NN_PAD] <= 0)
	{
		shape.larger = (rpm_nn_shape) {1, larger->c, larger->n * larger->h, larger->w};
		shape.smaller = (rpm_nn_shape) {1, smaller->c, smaller->n * smaller->h, smaller->w};
	}
	return shape;
}

bool
nn_conv_pair(const nn_conv_shape *shape, nn_conv_shape *paired)
{
	nn_conv_shape wide = *shape;
	int64_t		lanes = 16 / nn_dnnl_slowness();

	if (shape->groups != 1 || shape->stride != 1 || shape->kernel < 5 || 2 * shape->smaller.c > lanes || shape->larger.w % 2 != 0 ||
		shape->larger.w != shape->smaller.w)
		return false;
	wide.larger.c *= 2;
	wide.larger.w /= 2;
	wide.smaller.c *= 2;
	wide.smaller.w /= 2;
	/* Pairs before the own one, and all of them: of the first column's first cell to the second column's last. */
	wide.left = (shape->left + 1) / 2;
	wide.across = wide.left + (shape->across - shape->left) / 2 + 1;
	wide.right = wide.across - 1 - wide.left;
	*paired = wide;
	return true;
}

void
nn_conv_pair_weights(const nn_conv_shape *paired, const nn_layer *layer, int64_t left, const float *plain, float *to)
{
	int64_t		in = paired->larger.c / 2,
				out = paired->smaller.c / 2,
				kernel = (int64_t) layer->option[NN_KERNEL];

	for (int64_t o = 0; o < 2 * out; o++)
		for (int64_t i = 0; i < 2 * in; i++)
			for (int64_t k = 0; k < kernel * paired->across; k++)
			{
				int64_t		ky = k / paired->across,
							kx = 2 * (k % paired->across - paired->left) + i / in - o / out + left;

				*to++ = kx >= 0 && kx < kernel ? plain[((o % out * in + i % in) * kernel + ky) * kernel + kx] : 0;
			}
}

static double
operations_of(const nn_conv_shape *s)
{
	return (double) nn_elements(&s->smaller) * (double) (s->larger.c / s->groups) * (double) (s->kernel * s->across);
}

bool
nn_pass_plan(nn_pass *pass, nn_direction direction, const nn_conv_shape *whole, const nn_fused *fused, int threads)
{
	memset(pass, 0, sizeof(*pass));
	pass->direction = direction;
	pass->whole = *whole;
	pass->fused = *fused;
	if (nn_winograd_plan(&pass->winograd, direction, whole, fused, threads))
	{
		pass->by_tiles = true;
		pass->weight_bytes = pass->winograd.weight_bytes;
		pass->scratch_bytes = pass->winograd.scratch_bytes;
		return true;
	}
	if (!cut(pass, threads))
		return false;
	pass->weight_bytes = pass->ops[0].weight_bytes;
	if (!(direction == NN_WEIGHTS ? nn_op_unblock_weights : nn_op_block_weights) (&pass->reorder, whole, &pass->ops[0]))
		return false;
	pass->scratch_bytes = pass->reorder.scratch_bytes;
	for (int i = 0; i < pass->op_count; i++)
		if (pass->ops[i].scratch_bytes > pass->scratch_bytes)
			pass->scratch_bytes = pass->ops[i].scratch_bytes;
	return true;
}

static bool
cut(nn_pass *pass, int threads)
{
	const nn_conv_shape *whole = &pass->whole;
	double		limit = PIECE_OPERATIONS * threads / nn_dnnl_slowness(),
				parts = operations_of(whole) / limit;
	int64_t		images = whole->larger.n;

	/* The gradient of the larger image is cut by its rows only where the stride is 1. */
	if (parts <= 1 || (pass->direction == NN_DATA && whole->stride > 1 && images == 1))
		return add_piece(pass, whole, (nn_piece) {0, 0, 0});
	for (int64_t n = 0; n < images; n++)
		if (!cut_image(pass, n, pass->direction == NN_DATA && whole->stride > 1 ? 1 : (int64_t) (parts / (double) images) + 1))
			return false;
	return true;
}

static bool
cut_image(nn_pass *pass, int64_t image, int64_t parts)
{
	const nn_conv_shape *whole = &pass->whole;
	int64_t		rows = pass->direction == NN_DATA ? whole->larger.h : whole->smaller.h;

	parts = parts < rows ? parts : rows;
	for (int64_t i = 0; i < parts; i++)
	{
		nn_piece	piece = {0, 0, 0};
		nn_conv_shape shape = *whole;

		if (parts > 1)
			shape = (pass->direction == NN_DATA ? rows_of_larger : rows_of_smaller) (whole, rows * i / parts, rows * (i + 1) / parts, &piece);
		shape.larger.n = shape.smaller.n = 1;
		piece.larger += image * whole->larger.c * whole->larger.h * whole->larger.w;
		piece.smaller += image * whole->smaller.c * whole->smaller.h * whole->smaller.w;
		if (!add_piece(pass, &shape, piece))
			return false;
	}
	return true;
}

/* The part that makes rows begin <= r < end of the smaller image. */
static nn_conv_shape
rows_of_smaller(const nn_conv_shape *whole, int64_t begin, int64_t end, nn_piece *piece)
{
	nn_conv_shape part = *whole;
	int64_t		first = begin * whole->stride - whole->top,
				past = (end - 1) * whole->stride - whole->top + whole->kernel;

	part.top = first < 0 ? -first : 0;
	part.bottom = past > whole->larger.h ? past - whole->larger.h : 0;
	first = first > 0 ? first : 0;
	past = past < whole->larger.h ? past : whole->larger.h;
	part.larger.h = past - first;
	part.smaller.h = end - begin;
	piece->larger = first * whole->larger.w * whole->larger.c;
	piece->smaller = begin * whole->smaller.w * whole->smaller.c;
	return part;
}

/* The part that makes the gradient of rows begin <= r < end of the larger image, at stride 1. */
static nn_conv_shape
rows_of_larger(const nn_conv_shape *whole, int64_t begin, int64_t end, nn_piece *piece)
{
	nn_conv_shape part = *whole;
	int64_t		first = begin + whole->top - whole->kernel + 1,
				past = end + whole->top;

	first = first > 0 ? first : 0;
	past = past < whole->smaller.h ? past : whole->smaller.h;
	part.larger.h = end - begin;
	part.smaller.h = past - first;
	/* Row r of the part's smaller image covers larger rows r - top and on. */
	part.top = begin + whole->top - first;
	part.bottom = part.smaller.h + whole->kernel - 1 - part.top - part.larger.h;
	piece->larger = begin * whole->larger.w * whole->larger.c;
	piece->smaller = first * whole->smaller.w * whole->smaller.c;
	return part;
}

static bool
add_piece(nn_pass *pass, const nn_conv_shape *shape, nn_piece piece)
{
	nn_piece   *grown = realloc(pass->pieces, sizeof(nn_piece) * (size_t) (pass->piece_count + 1));

	if (grown == NULL)
		return false;
	pass->pieces = grown;
	piece.op = find_op(pass, shape);
	pass->pieces[pass->piece_count++] = piece;
	return piece.op >= 0;
}

/* The op of such a shape, planned if it is the first. */
static int
find_op(nn_pass *pass, const nn_conv_shape *shape)
{
	nn_op	   *ops;
	nn_conv_shape *shapes;

	for (int i = 0; i < pass->op_count; i++)
		if (memcmp(&pass->shapes[i], shape, sizeof(*shape)) == 0)
			return i;
	ops = realloc(pass->ops, sizeof(nn_op) * (size_t) (pass->op_count + 1));
	if (ops == NULL)
		return -1;
	pass->ops = ops;
	shapes = realloc(pass->shapes, sizeof(nn_conv_shape) * (size_t) (pass->op_count + 1));
	if (shapes == NULL)
		return -1;
	pass->shapes = shapes;
	shapes[pass->op_count] = *shape;
	/* All pieces share one layout of the weights. */
	if (!plan_op(pass, &ops[pass->op_count], shape, pass->op_count > 0 ? &ops[0] : NULL))
		return -1;
	return pass->op_count++;
}

static bool
plan_op(nn_pass *pass, nn_op *op, const nn_conv_shape *shape, const nn_op *like)
{
	switch (pass->direction)
	{
		case NN_FORWARD:
			return nn_op_conv_forward(op, shape, &pass->fused, like);
		case NN_DATA:
			return nn_op_conv_data(op, shape, like);
		default:
			return nn_op_conv_weights(op, shape, pass->fused.bias, like);
	}
}

bool
nn_pass_build(nn_pass *pass)
{
	for (int i = 0; i < pass->op_count; i++)
		if (!nn_op_build(&pass->ops[i]))
			return false;
	return nn_op_build(&pass->reorder);
}

void
nn_pass_free(nn_pass *pass)
{
	for (int i = 0; i < pass->op_count; i++)
		nn_op_free(&pass->ops[i]);
	nn_op_free(&pass->reorder);
	free(pass->ops);
	free(pass->shapes);
	free(pass->pieces);
	memset(pass, 0, sizeof(*pass));
}

bool
nn_pass_block(nn_pass *pass, const float *plain, float *blocked, void *scratch, const rpm_control *control)
{
	/* Of what a stop cuts short nothing is run. */
	if (pass->by_tiles)
	{
		nn_winograd_weights(&pass->winograd, plain, blocked, control);
		return true;
	}
	return nn_op_run(&pass->reorder, (void *[]) {(void *) plain, blocked}, scratch);
}

rpm_code
nn_pass_run(nn_pass *pass, const nn_pass_arrays *arrays, rpm_control *control, rpm_status *status)
{
	if (pass->by_tiles)
		return run_tiles(pass, arrays, control) ? RPM_OK : rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
	for (int i = 0; i < pass->piece_count; i++)
	{
		if (rpm_stopped(control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		if (!run_piece(pass, &pass->pieces[i], arrays))
			return rpm_fail(status, RPM_INTERNAL, NULL, "oneDNN could not run a convolution");
	}
	return RPM_OK;
}

static bool
run_tiles(nn_pass *pass, const nn_pass_arrays *a, const rpm_control *control)
{
	const nn_winograd *plan = &pass->winograd;

	switch (pass->direction)
	{
		case NN_FORWARD:
			return nn_winograd_run(plan, a->larger, a->blocked, a->bias, a->smaller, a->scratch, control);
		case NN_DATA:
			return nn_winograd_run(plan, a->smaller, a->blocked, NULL, a->larger, a->scratch, control);
		default:
			if (pass->fused.bias)
				nn_sum_cells(a->smaller, &pass->whole.smaller, a->bias_gradient, plan->threads);
			return nn_winograd_gradient(plan, a->larger, a->smaller, a->blocked, a->plain_gradient, a->scratch, control);
	}
}

static bool
run_piece(nn_pass *pass, const nn_piece *piece, const nn_pass_arrays *a)
{
	void	   *four[4] = {a->larger + piece->larger, a->blocked, a->smaller + piece->smaller, a->bias};

	if (!nn_op_run(&pass->ops[piece->op], four, a->scratch))
		return false;
	if (pass->direction != NN_WEIGHTS)
		return true;
	for (int64_t c = 0; pass->fused.bias && c < pass->whole.smaller.c; c++)
		a->bias_gradient[c] += a->bias[c];
	return nn_op_run(&pass->reorder, (void *[]) {a->blocked, a->plain_gradient}, a->scratch);
}

#endif
