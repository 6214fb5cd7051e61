/* ref_rows.c: layers that look rows up by a whole number, in plain C (reference.h): embedding, gather, segment sum. */
#include "nn/reference.h"

rpm_code
nn_check_index(nn_call *call, const int32_t *index, int64_t count, int64_t rows)
{
	for (int64_t i = 0; i < count; i++)
		if (index[i] < 0 || index[i] >= rows)
			return rpm_fail(call->status, RPM_INVALID_ARGUMENT, "Indexes count from 0.",
							"line %d: index %d at place %lld of layer \"%s\" is not between 0 and %lld", call->layer->line, (int) index[i],
							(long long) i, call->layer->name, (long long) (rows - 1));
	return RPM_OK;
}

/* One row of the table per cell of the index, its numbers becoming the cell's channels. */
rpm_code
nn_embedding_forward(nn_call *call)
{
	const rpm_nn_shape *out = &call->out_shape;
	const int32_t *index = call->in[0];
	int64_t		cells = out->h * out->w;

	if (nn_check_index(call, index, out->n * cells, (int64_t) call->layer->option[NN_SIZE]) != RPM_OK)
		return call->status->code;
	for (int64_t i = 0; i < nn_elements(out); i++)
		call->out[i] = call->tensor[0][index[i / (out->c * cells) * cells + i % cells] * out->c + i / cells % out->c];
	return RPM_OK;
}

rpm_code
nn_embedding_backward(nn_call *call)
{
	const rpm_nn_shape *out = &call->out_shape;
	const int32_t *index = call->in[0];
	int64_t		cells = out->h * out->w;

	for (int64_t i = 0; i < nn_elements(out); i++)
		call->tensor_gradient[0][index[i / (out->c * cells) * cells + i % cells] * out->c + i / cells % out->c] += call->out_gradient[i];
	return RPM_OK;
}

/* gather ROWS INDEX: out[i] = rows[index[i]] */
rpm_code
nn_gather_forward(nn_call *call)
{
	const int32_t *index = call->in[1];
	const float *in = call->in[0];
	int64_t		channels = call->out_shape.c;

	if (nn_check_index(call, index, call->out_shape.n, call->in_shape[0].n) != RPM_OK)
		return call->status->code;
	for (int64_t i = 0; i < call->out_shape.n; i++)
		memcpy(call->out + i * channels, in + index[i] * channels, sizeof(float) * (size_t) channels);
	return RPM_OK;
}

rpm_code
nn_gather_backward(nn_call *call)
{
	const int32_t *index = call->in[1];
	int64_t		channels = call->out_shape.c;

	for (int64_t i = 0; call->in_gradient[0] != NULL && i < call->out_shape.n; i++)
		for (int64_t c = 0; c < channels; c++)
			call->in_gradient[0][index[i] * channels + c] += call->out_gradient[i * channels + c];
	return RPM_OK;
}

/* segment_sum ROWS INDEX LIKE: out[k] = sum of rows[i] with index[i] = k, in the order of i. */
rpm_code
nn_segment_sum_forward(nn_call *call)
{
	const int32_t *index = call->in[1];
	const float *in = call->in[0];
	int64_t		channels = call->out_shape.c;

	if (nn_check_index(call, index, call->in_shape[0].n, call->out_shape.n) != RPM_OK)
		return call->status->code;
	memset(call->out, 0, sizeof(float) * (size_t) nn_elements(&call->out_shape));
	for (int64_t i = 0; i < call->in_shape[0].n; i++)
		for (int64_t c = 0; c < channels; c++)
			call->out[index[i] * channels + c] += in[i * channels + c];
	return RPM_OK;
}

rpm_code
nn_segment_sum_backward(nn_call *call)
{
	const int32_t *index = call->in[1];
	int64_t		channels = call->out_shape.c;

	for (int64_t i = 0; call->in_gradient[0] != NULL && i < call->in_shape[0].n; i++)
		for (int64_t c = 0; c < channels; c++)
			call->in_gradient[0][i * channels + c] += call->out_gradient[index[i] * channels + c];
	return RPM_OK;
}
