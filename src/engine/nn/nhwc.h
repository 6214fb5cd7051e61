/*
 * nhwc.h: layers on arrays with the channels last, for what oneDNN has no good primitive; and the way to plain NCHW and back.
 *
 * Each takes a call whose arrays are nhwc.  Backward writes to an input's gradient where fresh[k], else adds to it.
 */
#ifndef RPM_NN_NHWC_H
#define RPM_NN_NHWC_H

#include "nn/model.h"

typedef struct nn_nhwc
{
	nn_call    *call;
	int			threads;
	bool		fresh[NN_MAX_INPUTS];
	float	   *scratch;		/* nn_nhwc_scratch floats */
} nn_nhwc;

typedef void (*nn_nhwc_function) (nn_nhwc *at);

/* The functions of a kind; NULL where there are none. */
nn_nhwc_function nn_nhwc_forward(nn_code code);
nn_nhwc_function nn_nhwc_backward(nn_code code);
/* Floats of scratch that they need. */
size_t		nn_nhwc_scratch(nn_code code, const rpm_nn_shape *shape);

/* Between layouts; adds: to what is there. */
void		nn_to_nhwc(const float *plain, float *nhwc, const rpm_nn_shape *shape, bool adds, int threads);
void		nn_to_plain(const float *nhwc, float *plain, const rpm_nn_shape *shape, int threads);
/* True where both layouts are one. */
bool		nn_layouts_agree(const rpm_nn_shape *shape);

/* to += from. */
void		nn_add_into(const float *from, float *to, int64_t count, int threads);
/* out = in x scale[c] + shift[c]; in may be out. */
void		nn_affine(const float *in, float *out, const rpm_nn_shape *shape, const float *scale, const float *shift, int threads);
/* to[c] += the sum over all cells. */
void		nn_sum_cells(const float *in, const rpm_nn_shape *shape, float *to, int threads);

#endif
