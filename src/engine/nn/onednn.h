/*
 * onednn.h: what the oneDNN back end keeps of a net; onednn.c plans it, onednn_run.c runs it.
 *
 * Every value lies in nhwc: measured on 512-bit instructions, oneDNN 2.6's convolutions are as fast there as in its blocked layouts,
 * and twice as fast where channels are fewer than a block; so nothing is reordered between layers but weights.
 */
#ifndef RPM_NN_ONEDNN_H
#define RPM_NN_ONEDNN_H

#include "nn/net.h"
#include "nn/nhwc.h"
#include "nn/onednn_attention.h"
#include "nn/onednn_conv.h"

typedef enum dn_mode
{
	DN_INPUT,					/* the caller's array into nhwc */
	DN_CONV,					/* conv or linear, in inference with the batch norm and activation that follow */
	DN_DECONV,
	DN_BATCH_NORM,				/* training */
	DN_AFFINE,					/* a batch norm in inference that no convolution takes in */
	DN_OP,						/* one primitive: activation, pooling, enlarging */
	DN_ATTENTION,
	DN_OWN,						/* nhwc.h */
	DN_DIRECT,					/* the reference's function on nhwc arrays, where layouts do not matter */
	DN_PLAIN					/* the reference's function on plain copies */
} dn_mode;

typedef struct dn_step
{
	dn_mode		mode;
	nn_pass		forward,
				data,
				weights;
	nn_op		op,
				back;
	dn_attention *attention;
	int			norm;			/* layer of the batch norm taken in; -1: none */
	bool		paired;			/* inference: two columns of cells run as one of twice the channels (nn_conv_pair) */
	size_t		blocked;		/* inference: where in own memory the blocked weights are, in floats */
	size_t		shift;			/* and the bias (of DN_AFFINE the scale, then the shift) */
} dn_step;

typedef struct dn
{
	dn_step    *steps;
	float	   *memory;			/* inference: blocked weights and biases */
	size_t		floats;
	bool		fresh;			/* memory holds the weights */
	int			threads_before;
} dn;

/* A value's array: the caller's for an index and for an input that lies as nhwc anyhow. */
static inline bool dn_borrowed(const rpm_nn *net, int layer)
{
	const nn_layer *l = &net->model->layers[layer];

	return l->kind->code == NN_INDEX || (l->kind->code == NN_INPUT && nn_layouts_agree(&net->shapes[layer]));
}

static inline void *dn_value(const rpm_nn *net, int layer)
{
	return dn_borrowed(net, layer) ? (void *) net->inputs[layer] : net->arena + net->values[layer].offset;
}

/* The next `bytes` of scratch. */
static inline void *dn_carve(char **at, size_t bytes)
{
	char	   *carved = *at;

	*at += (bytes + 63) / 64 * 64;
	return carved;
}

static inline size_t dn_value_bytes(const rpm_nn *net, int layer)
{
	return (sizeof(float) * (size_t) nn_elements(&net->shapes[layer]) + 63) / 64 * 64;
}

rpm_code	dn_forward(rpm_nn *net, int step, rpm_control *control, rpm_status *status);
rpm_code	dn_backward(rpm_nn *net, int step, float *gradients, rpm_control *control, rpm_status *status);
rpm_code	dn_read(rpm_nn *net, int layer, bool gradient, float *plain, rpm_status *status);
rpm_code	dn_add_gradient(rpm_nn *net, int layer, const float *plain, rpm_status *status);

/* Inference: fills own memory from the weights; RPM_CANCELLED once stopped, to be done anew. */
rpm_code	dn_block_weights(rpm_nn *net, const rpm_control *control, rpm_status *status);

#endif
