/*
 * conv.h: the kernels that stand beside cuDNN's convolutions: uneven padding, and the passes that it does not take (own_conv.cu).
 */
#ifndef RPM_NN_CUDA_CONV_H
#define RPM_NN_CUDA_CONV_H

#include "nn/nn_cuda.h"

/* The arrays of a pass; what it writes is added to where `adds`. */
typedef struct cu_images
{
	void	   *larger;			/* padded */
	void	   *smaller;
	void	   *weights;		/* as a convolution takes them; of CU_WEIGHTS their gradient */
	float	   *sums;			/* of our own CU_WEIGHTS: cu_own_lanes times the weights */
	bool		adds;
} cu_images;

/* Threads that share the gradient of one weight. */
int64_t		cu_own_lanes(const cu_conv *conv);
void		cu_own_pass(cu_call *call, const cu_conv *conv, cu_pass pass, const cu_images *images);

/* The larger image into its padded copy, zero outside; and the gradient back. */
void		cu_widen(cu_call *call, const cu_conv *conv, const void *larger, void *padded);
void		cu_narrow(cu_call *call, const cu_conv *conv, const void *padded, void *larger, bool fresh);

#endif
