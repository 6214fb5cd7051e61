/*
 * rows.cu: layers that look rows up by a whole number (nn_cuda.h): embedding, gather, segment sum.
 *
 * Indices are checked on the host, where the caller's array is, and sorted there by what they point at: so that each sum of rows is one thread's,
 * in the order of the rows.
 */
#include <stdlib.h>

#include "nn/nn_cuda.h"
#include "nn/reference.h"

/* Rows that point at k, in order: order[start[k]] ... order[start[k + 1] - 1]. */
typedef struct cu_lists
{
	int32_t    *index;
	int32_t    *start;
	int32_t    *order;
} cu_lists;

/* out[row] = in[index[row]], both of so many channels: gather, and a table of floats. */
template <typename T> __global__ static void
look_up(const float *table, const void *in, const int32_t *index, void *out, int64_t count, int64_t channels)
{
	int64_t		from;

	NN_EACH(i, count);
	from = index[i / channels] * channels + i % channels;
	nn_put<T>(out, i, table != NULL ? table[from] : nn_get<T>(in, from));
}

template <typename T> __global__ static void
pass_back(const int32_t *index, const void *gradient, void *to, int64_t count, int64_t channels, bool fresh)
{
	NN_EACH(i, count);
	nn_give<T>(to, i, nn_get<T>(gradient, index[i / channels] * channels + i % channels), fresh);
}

/* Sums of the rows of each list, into values or a table's gradient. */
template <typename T> __global__ static void
sum_lists(const int32_t *start, const int32_t *order, const void *rows, void *to, float *table_gradient, int64_t count, int64_t channels, bool fresh)
{
	int64_t		k;
	float		sum = 0;

	NN_EACH(i, count);
	k = i / channels;
	for (int32_t at = start[k]; at < start[k + 1]; at++)
		sum += nn_get<T>(rows, order[at] * channels + i % channels);
	if (table_gradient != NULL)
		table_gradient[i] += sum;
	else
		nn_give<T>(to, i, sum, fresh);
}

/* Rows of the index, and what they point at. */
static void
sizes_of(const nn_layer *layer, const rpm_nn_shape *const *in, const rpm_nn_shape *out, int64_t *rows, int64_t *targets)
{
	if (layer->kind->code == NN_EMBEDDING)
	{
		*rows = nn_elements(in[0]);
		*targets = (int64_t) layer->option[NN_SIZE];
		return;
	}
	*rows = in[1]->n;
	*targets = layer->kind->code == NN_GATHER ? in[0]->n : out->n;
}

static void
sizes_of_call(const cu_call *call, int64_t *rows, int64_t *targets)
{
	const rpm_nn_shape *in[2] = {&call->in_shape[0], &call->in_shape[1]};

	sizes_of(call->layer, in, &call->out_shape, rows, targets);
}

/* Kept from forward to backward. */
size_t
cu_rows_bytes(const rpm_nn *net, int layer)
{
	const nn_layer *l = &net->model->layers[layer];
	const rpm_nn_shape *in[2] = {&net->shapes[l->inputs[0]], &net->shapes[l->inputs[l->input_count > 1 ? 1 : 0]]};
	int64_t		rows,
				targets;

	sizes_of(l, in, &net->shapes[layer], &rows, &targets);
	return 3 * 256 + sizeof(int32_t) * (size_t) (2 * rows + targets + 1);
}

static cu_lists
lists_at(char *at, int64_t rows, int64_t targets)
{
	cu_lists	lists;

	lists.index = (int32_t *) cu_carve(&at, sizeof(int32_t) * (size_t) rows);
	lists.order = (int32_t *) cu_carve(&at, sizeof(int32_t) * (size_t) rows);
	lists.start = (int32_t *) cu_carve(&at, sizeof(int32_t) * (size_t) (targets + 1));
	return lists;
}

static void
sort_rows(const int32_t *index, int64_t rows, int64_t targets, int32_t *start, int32_t *order)
{
	memset(start, 0, sizeof(int32_t) * (size_t) (targets + 1));
	for (int64_t i = 0; i < rows; i++)
		start[index[i] + 1]++;
	for (int64_t k = 0; k < targets; k++)
		start[k + 1] += start[k];
	/* Filling moves each start to its end, the next one's start. */
	for (int64_t i = 0; i < rows; i++)
		order[start[index[i]]++] = (int32_t) i;
	for (int64_t k = targets; k > 0; k--)
		start[k] = start[k - 1];
	start[0] = 0;
}

/* The index and its lists to the device, where they are used. */
static rpm_code
bring_lists(cu_call *call, int64_t rows, int64_t targets)
{
	const int32_t *index = (const int32_t *) call->net->inputs[call->layer->inputs[call->layer->kind->index_input]];
	cu_lists	to = lists_at((char *) call->saved, rows, targets);
	int32_t    *start = (int32_t *) malloc(sizeof(int32_t) * (size_t) (targets + 1 + rows));
	nn_call		plain = {};
	cudaError_t error;

	plain.layer = call->layer;
	plain.status = call->status;
	if (start == NULL)
		return rpm_fail(call->status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (nn_check_index(&plain, index, rows, targets) != RPM_OK)
	{
		free(start);
		return call->status->code;
	}
	sort_rows(index, rows, targets, start, start + targets + 1);
	error = cudaMemcpy(to.index, index, sizeof(int32_t) * (size_t) rows, cudaMemcpyHostToDevice);
	if (error == cudaSuccess)
		error = cudaMemcpy(to.start, start, sizeof(int32_t) * (size_t) (targets + 1), cudaMemcpyHostToDevice);
	if (error == cudaSuccess)
		error = cudaMemcpy(to.order, start + targets + 1, sizeof(int32_t) * (size_t) rows, cudaMemcpyHostToDevice);
	free(start);
	return error == cudaSuccess ? RPM_OK : cu_failure(call->own->device, error, "copying indices", call->status);
}

rpm_code
cu_rows_forward(cu_call *call)
{
	int64_t		rows,
				targets;
	cu_lists	lists;

	sizes_of_call(call, &rows, &targets);
	if (bring_lists(call, rows, targets) != RPM_OK)
		return call->status->code;
	lists = lists_at((char *) call->saved, rows, targets);
	if (call->layer->kind->code == NN_SEGMENT_SUM)
		NN_LAUNCH(call->precision, sum_lists, call->count, lists.start, lists.order, call->in[0], call->out, NULL, call->count, call->out_shape.c, true);
	else
		NN_LAUNCH(call->precision, look_up, call->count, call->layer->kind->code == NN_EMBEDDING ? call->tensor[0] : NULL, call->in[0], lists.index,
				  call->out, call->count, call->out_shape.c);
	return RPM_OK;
}

void
cu_rows_backward(cu_call *call)
{
	int64_t		rows,
				targets,
				channels = call->out_shape.c;
	cu_lists	lists;

	sizes_of_call(call, &rows, &targets);
	lists = lists_at((char *) call->saved, rows, targets);
	if (call->layer->kind->code == NN_EMBEDDING)
		NN_LAUNCH(call->precision, sum_lists, targets * channels, lists.start, lists.order, call->out_gradient, NULL, call->tensor_gradient[0],
				  targets * channels, channels, false);
	else if (call->in_gradient[0] == NULL)
		return;
	else if (call->layer->kind->code == NN_GATHER)
		NN_LAUNCH(call->precision, sum_lists, targets * channels, lists.start, lists.order, call->out_gradient, call->in_gradient[0], NULL,
				  targets * channels, channels, call->fresh[0]);
	else
		NN_LAUNCH(call->precision, pass_back, rows * channels, lists.index, call->out_gradient, call->in_gradient[0], rows * channels, channels,
				  call->fresh[0]);
}
