/*
 * onednn_attention.h: attention in windows as batched products: queries, keys and values are packed window by window and head by head, a
 * chunk of windows at a time.
 */
#ifndef RPM_NN_ONEDNN_ATTENTION_H
#define RPM_NN_ONEDNN_ATTENTION_H

#include "nn/model.h"

typedef struct dn_attention dn_attention;

/* NULL where memory or a primitive fails. */
dn_attention *dn_attention_plan(const nn_layer *layer, const rpm_nn_shape *out, bool training, int threads);
bool		dn_attention_build(dn_attention *attention);
void		dn_attention_free(dn_attention *attention);
size_t		dn_attention_scratch(const dn_attention *attention);

/* Arrays of the call are nhwc; backward writes to the input's gradient where fresh, else adds. */
rpm_code	dn_attention_forward(dn_attention *attention, nn_call *call, void *scratch);
rpm_code	dn_attention_backward(dn_attention *attention, nn_call *call, bool fresh, void *scratch);

#endif
