/*
 * measure.h: the shapes of values (kinds.c lists who uses which).  All take the shapes of the inputs and fill n, h and w of the value; the
 * channels are known from the declaration.
 */
#ifndef RPM_NN_MEASURE_H
#define RPM_NN_MEASURE_H

#include "nn/model.h"

rpm_code	nn_measure_input(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_like(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_window(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_deconv(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_mean(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_upsample(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_same(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_mul(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_attention(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_gather(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);
rpm_code	nn_measure_segment(const nn_layer *layer, const rpm_nn_shape *const *in, rpm_nn_shape *out, rpm_status *status);

#endif
