/*
 * onednn_conv.h: a convolution, forward or one of its two gradients, cut into pieces of about 100 ms of reckoned work.
 *
 * Work that is short enough is one piece; else images one by one; else rows of the smaller image, with what of the larger one they
 * need.  In nhwc every such piece is one stretch of memory.  Kernels of 3 and 5 with many channels go by tiles instead.
 */
#ifndef RPM_NN_ONEDNN_CONV_H
#define RPM_NN_ONEDNN_CONV_H

#include "nn/onednn_op.h"
#include "nn/onednn_winograd.h"

typedef struct nn_piece
{
	int			op;
	int64_t		larger, smaller;	/* where its part of each image begins, in floats */
} nn_piece;

typedef struct nn_pass
{
	nn_direction direction;
	nn_fused	fused;
	nn_conv_shape whole;
	bool		by_tiles;		/* by `winograd`, without ops */
	nn_winograd winograd;
	nn_op	   *ops;
	nn_conv_shape *shapes;		/* of ops */
	int			op_count;
	nn_piece   *pieces;
	int			piece_count;
	nn_op		reorder;		/* plain weights to blocked ones; of NN_WEIGHTS blocked to plain, adding */
	size_t		scratch_bytes;	/* largest of the ops and the reorder */
	size_t		weight_bytes;
} nn_pass;

typedef struct nn_pass_arrays
{
	float	   *larger,
			   *smaller;
	float	   *blocked;		/* weights as the ops take them: read, or room for a piece's gradient */
	float	   *bias;			/* read, or room for a piece's gradient */
	float	   *plain_gradient; /* NN_WEIGHTS: added to */
	float	   *bias_gradient;
	void	   *scratch;
} nn_pass_arrays;

/* The shape of a conv, linear or deconv layer; a 1 x 1 convolution of stride 1 runs over all cells as one image. */
nn_conv_shape nn_conv_shape_of(const nn_layer *layer, const rpm_nn_shape *larger, const rpm_nn_shape *smaller);

/*
 * A convolution into few channels leaves most of a wide register idle.  In nhwc two neighbouring columns are one column of twice the
 * channels, without moving anything: a 5 x 5 kernel becomes 5 x 3 with a sixth of zeros, in full registers.  Says whether that pays for a
 * shape, and gives the shape; then the weights, from plain ones.
 */
bool		nn_conv_pair(const nn_conv_shape *shape, nn_conv_shape *paired);
void		nn_conv_pair_weights(const nn_conv_shape *paired, const nn_layer *layer, int64_t left, const float *plain, float *to);

/* False where the library has no such op, or memory failed; nn_pass_free then too. */
bool		nn_pass_plan(nn_pass *pass, nn_direction direction, const nn_conv_shape *whole, const nn_fused *fused, int threads);
bool		nn_pass_build(nn_pass *pass);
void		nn_pass_free(nn_pass *pass);

/* Plain weights into blocked ones. */
bool		nn_pass_block(nn_pass *pass, const float *plain, float *blocked, void *scratch, const rpm_control *control);

rpm_code	nn_pass_run(nn_pass *pass, const nn_pass_arrays *arrays, rpm_control *control, rpm_status *status);

#endif
