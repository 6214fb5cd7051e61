/* measure.c: the shapes of all values of a network for given inputs (measure.h). */
#include <stdlib.h>

#include "nn/measure.h"

/* Elements of one value, and of n, h and w alone; far above what any machine here holds, far below an overflow. */
#define MOST_ELEMENTS ((int64_t) 1 << 40)

static rpm_code check_input(const rpm_nn_model *model, int input, const rpm_nn_shape *shape, rpm_status *status);
static rpm_code not_one_size(const nn_layer *layer, const rpm_nn_shape *a, const rpm_nn_shape *b, rpm_status *status);
static rpm_code not_rows(const nn_layer *layer, rpm_status *status);
static int64_t window_steps(int64_t size, int64_t kernel, int64_t stride, int64_t pad);
static bool is_rows(const rpm_nn_shape *shape);

rpm_code
nn_measure(const rpm_nn_model *model, const rpm_nn_shape *inputs, rpm_nn_shape *shapes, rpm_status *status)
{
	for (int i = 0; i < model->input_count; i++)
	{
		if (check_input(model, i, &inputs[i], status) != RPM_OK)
			return status->code;
		shapes[model->inputs[i]] = inputs[i];
	}
	for (int i = 0; i < model->layer_count; i++)
	{
		const nn_layer *layer = &model->layers[i];
		const rpm_nn_shape *in[NN_MAX_INPUTS];

		if (layer->input_count == 0)
			continue;
		for (int k = 0; k < layer->input_count; k++)
			in[k] = &shapes[layer->inputs[k]];
		shapes[i].n = in[0]->n;
		shapes[i].c = layer->channels;
		if (layer->kind->measure(layer, in, &shapes[i], status) != RPM_OK)
			return status->code;
		if ((double) shapes[i].n * (double) shapes[i].c * (double) shapes[i].h * (double) shapes[i].w > (double) MOST_ELEMENTS)
			return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Give smaller inputs.",
							"line %d: the value of layer \"%s\" would have more than 2^40 elements", layer->line, layer->name);
	}
	return RPM_OK;
}

rpm_code
rpm_nn_output_shapes(const rpm_nn_model *model, const rpm_nn_shape *inputs, rpm_nn_shape *outputs, rpm_status *status)
{
	rpm_nn_shape *shapes = calloc((size_t) model->layer_count, sizeof(rpm_nn_shape));

	if (shapes == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (nn_measure(model, inputs, shapes, status) == RPM_OK)
		for (int i = 0; i < model->output_count; i++)
			outputs[i] = shapes[model->outputs[i]];
	free(shapes);
	return status->code;
}

static rpm_code
check_input(const rpm_nn_model *model, int input, const rpm_nn_shape *shape, rpm_status *status)
{
	const nn_layer *layer = &model->layers[model->inputs[input]];
	int64_t		multiple = layer->kind->code == NN_INPUT ? (int64_t) layer->option[NN_MULTIPLE] : 1;

	if (shape->c != layer->channels)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "The declaration says how many channels an input has.",
						"line %d: input \"%s\" has %d channels, %lld were given", layer->line, layer->name, layer->channels,
						(long long) shape->c);
	if (shape->n < 1 || shape->h < 1 || shape->w < 1 ||
		(double) shape->n * (double) shape->c * (double) shape->h * (double) shape->w > (double) MOST_ELEMENTS)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Sizes begin at 1, and a value has at most 2^40 elements.",
						"line %d: input \"%s\" cannot be %lld x %lld x %lld x %lld", layer->line, layer->name, (long long) shape->n,
						(long long) shape->c, (long long) shape->h, (long long) shape->w);
	if (shape->h % multiple != 0 || shape->w % multiple != 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Choose a tile whose sides this number divides.",
						"line %d: input \"%s\" of %lld x %lld cells does not divide by %lld", layer->line, layer->name,
						(long long) shape->h, (long long) shape->w, (long long) multiple);
	return RPM_OK;
}

static rpm_code
not_one_size(const nn_layer *layer, const rpm_nn_shape *a, const rpm_nn_shape *b, rpm_status *status)
{
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "Values that meet need one batch, height and width; a tile's sides must divide by what the "
					"network shrinks them by.", "line %d: layer \"%s\" meets a value of %lld x %lld x %lld with one of %lld x %lld x %lld",
					layer->line, layer->name, (long long) a->n, (long long) a->h, (long long) a->w, (long long) b->n, (long long) b->h,
					(long long) b->w);
}

static rpm_code
not_rows(const nn_layer *layer, rpm_status *status)
{
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "Rows have height and width 1.", "line %d: layer \"%s\" takes rows, not images",
					layer->line, layer->name);
}

static bool
is_rows(const rpm_nn_shape *shape)
{
	return shape->h == 1 && shape->w == 1;
}

/* Steps of a window over `size` cells; 0 where it does not fit once. */
static int64_t
window_steps(int64_t size, int64_t kernel, int64_t stride, int64_t pad)
{
	if (pad == NN_PAD_SAME)
		return (size + stride - 1) / stride;
	return size + 2 * pad < kernel ? 0 : (size + 2 * pad - kernel) / stride + 1;
}

nn_sliding
nn_sliding_of(const nn_layer *layer, const rpm_nn_shape *larger)
{
	int64_t		kernel = (int64_t) layer->option[NN_KERNEL],
				stride = (int64_t) layer->option[NN_STRIDE],
				pad = (int64_t) layer->option[NN_PAD];
	nn_sliding	sliding = {kernel, stride, pad, pad, pad, pad};

	if (pad == NN_PAD_SAME)
	{
		int64_t		down = ((larger->h + stride - 1) / stride - 1) * stride + kernel - larger->h,
					across = ((larger->w + stride - 1) / stride - 1) * stride + kernel - larger->w;

		down = down > 0 ? down : 0;
		across = across > 0 ? across : 0;
		sliding.top = down / 2;
		sliding.bottom = down - sliding.top;
		sliding.left = across / 2;
		sliding.right = across - sliding.left;
	}
	return sliding;
}

rpm_code
nn_measure_input(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	(void) in;
	(void) out;
	return rpm_fail(status, RPM_INTERNAL, NULL, "line %d: an input has no inputs", layer->line);
}

rpm_code
nn_measure_like(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	(void) layer;
	(void) status;
	out->h = in[0]->h;
	out->w = in[0]->w;
	return RPM_OK;
}

rpm_code
nn_measure_window(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	int64_t		kernel = (int64_t) layer->option[NN_KERNEL],
				stride = (int64_t) layer->option[NN_STRIDE],
				pad = (int64_t) layer->option[NN_PAD];

	out->h = window_steps(in[0]->h, kernel, stride, pad);
	out->w = window_steps(in[0]->w, kernel, stride, pad);
	if (out->h < 1 || out->w < 1)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give larger inputs or declare pad=same.",
						"line %d: the %lld x %lld window of layer \"%s\" does not fit into %lld x %lld cells", layer->line, (long long) kernel,
						(long long) kernel, layer->name, (long long) in[0]->h, (long long) in[0]->w);
	/* A pooling window that lies wholly in the padding would have nothing to choose from. */
	if (layer->kind->code != NN_CONV && pad != NN_PAD_SAME && 2 * pad > kernel)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Pad a pooling by at most half its window.",
						"line %d: layer \"%s\" pads %lld cells beside a window of %lld", layer->line, layer->name, (long long) pad,
						(long long) kernel);
	return RPM_OK;
}

rpm_code
nn_measure_deconv(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	int64_t		kernel = (int64_t) layer->option[NN_KERNEL],
				stride = (int64_t) layer->option[NN_STRIDE],
				pad = (int64_t) layer->option[NN_PAD];

	/* "same": stride times the input, of which window_steps gives the input back. */
	out->h = pad == NN_PAD_SAME ? in[0]->h * stride : (in[0]->h - 1) * stride - 2 * pad + kernel;
	out->w = pad == NN_PAD_SAME ? in[0]->w * stride : (in[0]->w - 1) * stride - 2 * pad + kernel;
	if (out->h < 1 || out->w < 1)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Pad less.", "line %d: layer \"%s\" would make %lld x %lld cells", layer->line,
						layer->name, (long long) out->h, (long long) out->w);
	return RPM_OK;
}

rpm_code
nn_measure_mean(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	(void) layer;
	(void) in;
	(void) status;
	out->h = out->w = 1;
	return RPM_OK;
}

rpm_code
nn_measure_upsample(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	(void) status;
	out->h = in[0]->h * (int64_t) layer->option[NN_SCALE];
	out->w = in[0]->w * (int64_t) layer->option[NN_SCALE];
	return RPM_OK;
}

rpm_code
nn_measure_same(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	for (int i = 1; i < layer->input_count; i++)
		if (in[i]->n != in[0]->n || in[i]->h != in[0]->h || in[i]->w != in[0]->w)
			return not_one_size(layer, in[0], in[i], status);
	return nn_measure_like(layer, in, out, status);
}

/* The second factor may be one number per channel (squeeze-excitation). */
rpm_code
nn_measure_mul(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	if (in[1]->n == in[0]->n && is_rows(in[1]))
		return nn_measure_like(layer, in, out, status);
	return nn_measure_same(layer, in, out, status);
}

rpm_code
nn_measure_attention(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	int64_t		window = (int64_t) layer->option[NN_WINDOW];

	if (in[0]->h % window != 0 || in[0]->w % window != 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Choose a tile whose sides, shrunk by the layers before, the window divides.",
						"line %d: %lld x %lld cells do not divide into windows of %lld in layer \"%s\"", layer->line, (long long) in[0]->h,
						(long long) in[0]->w, (long long) window, layer->name);
	return nn_measure_like(layer, in, out, status);
}

/* gather ROWS INDEX: one row per index. */
rpm_code
nn_measure_gather(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	if (!is_rows(in[0]) || !is_rows(in[1]))
		return not_rows(layer, status);
	out->n = in[1]->n;
	out->h = out->w = 1;
	return RPM_OK;
}

/* segment_sum ROWS INDEX LIKE: ROWS summed into as many rows as LIKE has. */
rpm_code
nn_measure_segment(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status)
{
	if (!is_rows(in[0]) || !is_rows(in[1]) || !is_rows(in[2]))
		return not_rows(layer, status);
	if (in[0]->n != in[1]->n)
		return not_one_size(layer, in[0], in[1], status);
	out->n = in[2]->n;
	out->h = out->w = 1;
	return RPM_OK;
}
