/*
 * rpm_nn_zoo.h: writes the declarations of known networks in any size (rpm_nn.h reads them).
 */
#ifndef RPM_NN_ZOO_H
#define RPM_NN_ZOO_H

#include <stddef.h>

#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The U-Net of Bakirtzis et al., "Differentiate or deep learn" (2025), section 4.2: two 5 x 5 convolutions a stage, each with batch norm and
 * leaky ReLU (slope 0.01), max pooling, `stages` stages down and up, widths base x 1, 2, 4, 8, 16, 16...; bilinear enlarging (half-pixel
 * centres), a 2 x 2 convolution to the skip's width, join, two convolutions; 1 x 1 at the end.  Base 64 and 5 stages with 4 channels in
 * and 1 out have the paper's 216.5 M weights; sides must divide by 2^stages.
 */
typedef struct rpm_nn_unet
{
	int			base;			/* 1 to 256 */
	int			stages;			/* 1 to 8 */
	int			inputs;			/* channels of "map" */
	int			outputs;		/* channels of "prediction" */
	int			kernel;			/* odd */
} rpm_nn_unet;

/*
 * The encoder of MaxViT (Tu et al. 2022, arXiv:2204.01697) in timm's `_tf` form, its tensors named as timm's: outputs skip0 (stem, half
 * the side) and skip1 to skip4 (the stages).  size: the side of the image, a multiple of 32; window and grid are size / 32.
 */
typedef struct rpm_nn_maxvit
{
	int			stem;			/* channels */
	int			dims[4];
	int			depths[4];
	int			size;
	int			inputs;
	double		drop_path;		/* of the last block, growing from 0 */
} rpm_nn_maxvit;

/*
 * Each allocates *text (for the caller to free) with the declaration.  Errors: RPM_INVALID_ARGUMENT names the number that cannot be.
 */
rpm_code	rpm_nn_unet_declaration(const rpm_nn_unet *unet, char **text, rpm_status *status);
rpm_code	rpm_nn_maxvit_declaration(const rpm_nn_maxvit *maxvit, char **text, rpm_status *status);

/* MaxViT-T: 30.273 M weights at size 512 with 3 channels. */
rpm_nn_maxvit rpm_nn_maxvit_tiny(int size, int inputs);

#ifdef __cplusplus
}
#endif
#endif
