/*
 * onednn_winograd.h: convolutions of stride 1 by Winograd's minimal filtering, beside the library's direct ones.
 *
 * A tile of 6 x 6 cells gives 4 x 4 results of a 3 x 3 kernel, or 2 x 2 of a 5 x 5 one, with 36 products for each pair of channels instead of
 * 144 or 100 (Winograd 1980; Lavin and Gray, CVPR 2016, section 4).  The points 0, 1, -1, 2, -2 and infinity serve both.  Rounding: 3e-6 (16 channels in) to
 * 1.2e-5 (512) of the largest number, ten times a direct sum's in single precision.
 */
#ifndef RPM_NN_ONEDNN_WINOGRAD_H
#define RPM_NN_ONEDNN_WINOGRAD_H

#include "nn/onednn_op.h"

typedef struct nn_winograd
{
	rpm_nn_shape in,
				out;
	int64_t		kernel,
				top, left;		/* result (y, x) sees cells from (y - top, x - left) on */
	bool		turned;			/* the kernel upside down, its channels exchanged: the gradient of a convolution's input */
	bool		bias;
	float		slope;			/* below 0; 1: no activation */
	int64_t		side;			/* results of a tile */
	int64_t		tiles_across, tiles_down,
				tiles_each;		/* at a time */
	int			threads;
	size_t		weight_bytes, scratch_bytes;
} nn_winograd;

typedef enum nn_direction
{
	NN_FORWARD,
	NN_DATA,					/* the gradient of the larger image */
	NN_WEIGHTS					/* that of the weights */
} nn_direction;

/* False where the shape, the activation or the processor asks for another way. */
bool		nn_winograd_plan(nn_winograd *plan, nn_direction direction, const nn_conv_shape *shape, const nn_fused *fused, int threads);

/* Weights in PyTorch's order into those of the tiles.  False once stopped. */
bool		nn_winograd_weights(const nn_winograd *plan, const float *plain, float *weights, const rpm_control *control);

/* False once stopped. */
bool		nn_winograd_run(const nn_winograd *plan, const float *in, const float *weights, const float *bias, float *out, void *scratch,
							const rpm_control *control);

/* NN_WEIGHTS: adds to the weights' gradient in PyTorch's order; room has weight_bytes.  False once stopped. */
bool		nn_winograd_gradient(const nn_winograd *plan, const float *in, const float *out_gradient, float *room, float *gradient, void *scratch,
								 const rpm_control *control);

#endif
