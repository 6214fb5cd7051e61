/*
 * reference.h: the layers in plain C: forward, and backward that adds to the gradients (kinds.c lists who uses which).
 *
 * Sums run in double in one fixed order, so that results do not depend on the threads.  These are what the other back ends are measured
 * against, and what runs where there is no other.
 */
#ifndef RPM_NN_REFERENCE_H
#define RPM_NN_REFERENCE_H

#include "nn/model.h"

#ifdef __cplusplus
extern "C" {
#endif

rpm_code	nn_conv_forward(nn_call *call);
rpm_code	nn_conv_backward(nn_call *call);
rpm_code	nn_deconv_forward(nn_call *call);
rpm_code	nn_deconv_backward(nn_call *call);
rpm_code	nn_embedding_forward(nn_call *call);
rpm_code	nn_embedding_backward(nn_call *call);
rpm_code	nn_batch_norm_forward(nn_call *call);
rpm_code	nn_batch_norm_backward(nn_call *call);
rpm_code	nn_layer_norm_forward(nn_call *call);
rpm_code	nn_layer_norm_backward(nn_call *call);
rpm_code	nn_group_norm_forward(nn_call *call);
rpm_code	nn_group_norm_backward(nn_call *call);
rpm_code	nn_activation_forward(nn_call *call);
rpm_code	nn_activation_backward(nn_call *call);
rpm_code	nn_softmax_forward(nn_call *call);
rpm_code	nn_softmax_backward(nn_call *call);
rpm_code	nn_max_pool_forward(nn_call *call);
rpm_code	nn_max_pool_backward(nn_call *call);
rpm_code	nn_avg_pool_forward(nn_call *call);
rpm_code	nn_avg_pool_backward(nn_call *call);
rpm_code	nn_mean_forward(nn_call *call);
rpm_code	nn_mean_backward(nn_call *call);
rpm_code	nn_upsample_forward(nn_call *call);
rpm_code	nn_upsample_backward(nn_call *call);
rpm_code	nn_concat_forward(nn_call *call);
rpm_code	nn_concat_backward(nn_call *call);
rpm_code	nn_add_forward(nn_call *call);
rpm_code	nn_add_backward(nn_call *call);
rpm_code	nn_mul_forward(nn_call *call);
rpm_code	nn_mul_backward(nn_call *call);
rpm_code	nn_attention_forward(nn_call *call);
rpm_code	nn_attention_backward(nn_call *call);
rpm_code	nn_dropout_forward(nn_call *call);
rpm_code	nn_dropout_backward(nn_call *call);
rpm_code	nn_gather_forward(nn_call *call);
rpm_code	nn_gather_backward(nn_call *call);
rpm_code	nn_segment_sum_forward(nn_call *call);
rpm_code	nn_segment_sum_backward(nn_call *call);

/* Running values of a batch norm after a training batch: momentum's share of the batch's mean and unbiased variance (PyTorch's rule). */
void		nn_update_running(const nn_layer *layer, const float *mean, const float *variance, int64_t count, float *const *tensor);

/* Refuses a number outside 0 <= index[i] < rows, with the layer's line. */
rpm_code	nn_check_index(nn_call *call, const int32_t *index, int64_t count, int64_t rows);

/* Runs function over 0 <= i < count, a piece of about 10 ms of `operations` each at a time. */
rpm_code	nn_spread(nn_call *call, int64_t count, double operations, rpm_range_function function);

/* Where the first channel of a cell stands, cells counted through all images; the next ones follow h w apart. */
static inline int64_t
nn_first_channel(const rpm_nn_shape *shape, int64_t cell)
{
	int64_t		cells = shape->h * shape->w;

	return cell / cells * shape->c * cells + cell % cells;
}

#ifdef __cplusplus
}
#endif
#endif
