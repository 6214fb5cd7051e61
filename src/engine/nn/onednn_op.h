/*
 * onednn_op.h: oneDNN's primitives as this house uses them: single precision, activations in nhwc.
 *
 * An op is planned first, which tells its bytes, and built when it is to run.
 */
#ifndef RPM_NN_ONEDNN_OP_H
#define RPM_NN_ONEDNN_OP_H

#include "nn/model.h"

#define NN_OP_ARGUMENTS 10

typedef struct nn_op
{
	void	   *desc;			/* the library's description, then */
	void	   *primitive;
	void	   *memory[NN_OP_ARGUMENTS];	/* in the order that the planning function says */
	int			argument[NN_OP_ARGUMENTS];	/* the library's number for each */
	int			count;
	int			scratch;		/* which of them is scratch; -1: none */
	size_t		scratch_bytes;
	size_t		weight_bytes;	/* of blocked weights, where the op has them */
	size_t		workspace_bytes;
} nn_op;

/* A window sliding over a larger image and a smaller one. */
typedef struct nn_conv_shape
{
	rpm_nn_shape larger,
				smaller;
	int64_t		groups,
				kernel,			/* rows */
				across,			/* columns of the kernel */
				stride,
				top,
				bottom,
				left,
				right;
} nn_conv_shape;

typedef struct nn_fused
{
	bool		bias;
	bool		activated;
	nn_code		activation;
	float		slope;
	bool		weights_stay;	/* laid down once for many runs */
} nn_fused;

/* False where the library cannot be started; threads are set for the calling thread. */
bool		nn_dnnl_start(void);
/* Threads that the library's next calls from this thread use. */
void		nn_dnnl_threads(int threads);
/* How wide its instructions are here: 1 (512 bits), 2 (256), 4. */
int			nn_dnnl_slowness(void);

/* Each plans an op; false where the library has none.  In brackets the arrays that nn_op_run takes, in order (scratch comes last). */
/* [larger, weights, smaller, bias if fused->bias]; weights_like: an op whose blocked weights are taken, or NULL. */
bool		nn_op_conv_forward(nn_op *op, const nn_conv_shape *shape, const nn_fused *fused, const nn_op *weights_like);
/* [larger's gradient, weights, smaller's gradient] */
bool		nn_op_conv_data(nn_op *op, const nn_conv_shape *shape, const nn_op *weights_like);
/* [larger, weights' gradient, smaller's gradient, bias's gradient if bias] */
bool		nn_op_conv_weights(nn_op *op, const nn_conv_shape *shape, bool bias, const nn_op *weights_like);
/* Plain weights to an op's blocked ones [plain, blocked], and gradients back, added to what is there [blocked, plain]. */
bool		nn_op_block_weights(nn_op *op, const nn_conv_shape *shape, const nn_op *conv);
bool		nn_op_unblock_weights(nn_op *op, const nn_conv_shape *shape, const nn_op *conv);
/* [in, out, mean, variance, scale, shift]: the batch's own statistics, which it also writes */
bool		nn_op_batch_norm(nn_op *op, const rpm_nn_shape *shape, float epsilon);
/* [in, mean, variance, out gradient, scale, in gradient, scale's gradient, shift's gradient, shift] */
bool		nn_op_batch_norm_back(nn_op *op, const rpm_nn_shape *shape, float epsilon);
/* [in, out] and [in, out gradient, in gradient] */
bool		nn_op_activation(nn_op *op, const rpm_nn_shape *shape, nn_code code, float slope);
bool		nn_op_activation_back(nn_op *op, const rpm_nn_shape *shape, nn_code code, float slope);
/* [in, out, workspace where workspace_bytes > 0] and [in gradient, out gradient, workspace likewise] */
bool		nn_op_pool(nn_op *op, const nn_conv_shape *shape, bool largest, bool inside_only, bool training);
bool		nn_op_pool_back(nn_op *op, const nn_conv_shape *shape, bool largest, bool inside_only);
/* [in, out]: bilinear, half-pixel centres */
bool		nn_op_enlarge(nn_op *op, const rpm_nn_shape *in, const rpm_nn_shape *out);
/* [a, b, c]: `batch` products c = scale a b of rows x inner and inner x columns, dense; either may lie transposed */
bool		nn_op_multiply(nn_op *op, int64_t batch, int64_t rows, int64_t inner, int64_t columns, bool a_across, bool b_across, float scale);
/* [in, out]: over the last of (rows, columns); and [out, out gradient, in gradient] */
bool		nn_op_softmax(nn_op *op, int64_t rows, int64_t columns);
bool		nn_op_softmax_back(nn_op *op, int64_t rows, int64_t columns);

bool		nn_op_build(nn_op *op);
bool		nn_op_run(nn_op *op, void *const *arrays, void *scratch);
void		nn_op_free(nn_op *op);

#endif
