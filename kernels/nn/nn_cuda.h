/*
 * nn_cuda.h: the back end of networks for CUDA devices: what it keeps of a net, and what its parts offer one another.
 *
 * Values lie channels last (NHWC) in single or half precision or bfloat16, in which tensor cores take convolutions without reordering; sums
 * are of single precision (cuDNN, cuBLAS) or double (our kernels').  Convolutions are cuDNN's by its interface of version 7, which 8 and 9 have too:
 * the graph interface of 8 and 9 would add fusion of what follows, for plans that a stand-in cannot follow in a test without a GPU.  Linear layers,
 * convolutions of one cell and attention are cuBLAS's; all else are kernels of our own, each deterministic.
 *
 * All memory of a net on the device is one block, planned first.  Calls for one device come from one thread at a time.
 */
#ifndef RPM_NN_CUDA_H
#define RPM_NN_CUDA_H

#include "host_launch.h"

#include <cublas_v2.h>
#include <cudnn.h>

#include "nn/net.h"
#include "nn/windows.h"
#include "nn/kernels.h"

#define CU_DEVICES_MAX 16
#define CU_COLUMN_SUMS ((int64_t) 1 << 18)	/* partial sums of a reduction, at most, but for the sets themselves */
#define CU_LOSS_SUMS 1024

/* A convolution between a larger and a smaller image (ref_conv.c); of conv the larger is the input, of deconv the output. */
typedef struct cu_conv
{
	bool		planned;
	bool		product;		/* one cell to one cell: a product of matrices */
	bool		own[3];			/* passes that cuDNN does not take: ours, by cu_pass */
	rpm_nn_shape larger, padded, smaller;
	nn_sliding	sliding;
	bool		pads;			/* the padding is uneven: the larger image is copied into a wider one first */
	int64_t		groups;
	int64_t		weight_count;
	size_t		copy;			/* place of the weights as (smaller's, kernel, kernel, larger's / groups) in `copies`, in numbers */
	bool		copied;			/* false: the weights themselves serve */
	cudnnTensorDescriptor_t larger_tensor, smaller_tensor;
	cudnnFilterDescriptor_t filter;
	cudnnConvolutionDescriptor_t convolution[3];	/* per pass, as kinds of arithmetic differ */
	int			algorithm[3];
	size_t		workspace[3];
} cu_conv;

typedef enum cu_pass { CU_CORRELATE, CU_SCATTER, CU_WEIGHTS } cu_pass;

/* A partition of an image batch into sets of numbers with one mean: rows are cells of all images. */
typedef struct cu_sets
{
	int64_t		rows, channels;
	int64_t		set_rows;		/* consecutive rows of a set */
	int64_t		per_row;		/* sets side by side in a row */
	int64_t		inner;			/* channels of a set */
	int64_t		sets, length;
} cu_sets;

typedef struct cu_net
{
	int			device;
	rpm_nn_precision precision;
	size_t		number;			/* bytes of one */
	cudnnHandle_t cudnn;
	cublasHandle_t cublas;
	cu_conv    *convs;			/* per layer */

	/* In the block, after the arena. */
	char	   *block;
	size_t		block_bytes;
	float	   *weights;		/* of the model's layout */
	char	   *copies;			/* for convolutions, in the net's precision */
	size_t		copy_count;
	float	   *gradients;		/* training */
	float	   *first, *second; /* of a trainer */
	char	   *workspace;		/* cuDNN's */
	size_t		workspace_bytes;
	double	   *sums;			/* of reductions */
	size_t		sum_count;

	bool		fresh;			/* weights on the device are those of the caller, or newer */
	bool		newer;			/* the copies are of older weights */
	double		queued;			/* multiplications asked for since the device was waited for */
	double		scale;			/* of the loss, in half precision */
	int64_t		steps_of_scale;
} cu_net;

/* One layer at work. */
typedef struct cu_call
{
	rpm_nn	   *net;
	cu_net	   *own;
	const nn_layer *layer;
	int			number;			/* of the layer */
	rpm_nn_precision precision;
	rpm_nn_shape in_shape[NN_MAX_INPUTS], out_shape;
	int64_t		cells;			/* of one image of the value */
	int64_t		rows;			/* of all */
	int64_t		count;			/* numbers of the value */
	void	   *in[NN_MAX_INPUTS];
	void	   *out;
	void	   *out_gradient;
	void	   *in_gradient[NN_MAX_INPUTS];	/* NULL: not wanted */
	bool		fresh[NN_MAX_INPUTS];
	float	   *tensor[NN_MAX_TENSORS], *tensor_gradient[NN_MAX_TENSORS];	/* of the device */
	float	   *saved;
	char	   *scratch;
	rpm_control *control;
	rpm_status *status;
} cu_call;

/* device.cu */
rpm_code	cu_failure(int device, cudaError_t error, const char *doing, rpm_status *status);
rpm_code	cu_cudnn_failure(int device, cudnnStatus_t error, const char *doing, rpm_status *status);
rpm_code	cu_cublas_failure(int device, cublasStatus_t error, const char *doing, rpm_status *status);
/* The last launches' error, if any. */
rpm_code	cu_launched(const cu_call *call);
rpm_code	cu_check_device(int device, bool *driver, rpm_status *status);
rpm_code	cu_handles(int device, cudnnHandle_t *cudnn, cublasHandle_t *cublas, rpm_status *status);

/* conv.cu: plans; bytes of scratch that a layer's passes need; forward and backward. */
rpm_code	cu_conv_plan(rpm_nn *net, int layer, size_t *scratch, rpm_status *status);
void		cu_conv_free(cu_conv *conv);
rpm_code	cu_conv_forward(cu_call *call);
rpm_code	cu_conv_backward(cu_call *call);
/* product.cu: C = alpha op(A) op(B) + beta C of column-major matrices, `batch` of them a stride apart. */
typedef struct cu_product
{
	bool		a_across, b_across; /* transposed */
	int64_t		m, n, k;
	float		alpha, beta;
	const void *a, *b;
	void	   *c;
	int64_t		a_side, b_side, c_side; /* leading dimensions */
	int64_t		a_stride, b_stride, c_stride;
	int64_t		batch;			/* 0: one */
	bool		c_single;		/* C is of single precision, whatever A and B are */
} cu_product;
rpm_code	cu_multiply(cu_call *call, const cu_product *product);
/* attention.cu */
size_t		cu_attention_scratch(const rpm_nn *net, int layer, size_t number);
rpm_code	cu_attention_forward(cu_call *call);
rpm_code	cu_attention_backward(cu_call *call);
/* norm.cu */
rpm_code	cu_norm_forward(cu_call *call);
rpm_code	cu_norm_backward(cu_call *call);
size_t		cu_norm_scratch(const rpm_nn *net, int layer);
size_t		cu_sum_count(const rpm_nn *net, int layer);
/* gradient[c] += the sum over all rows. */
void		cu_sum_columns(cu_call *call, const void *values, int64_t rows, int64_t channels, float *gradient);
void		cu_mean_forward(cu_call *call);
/* The gradient of one number per image and channel that multiplied in[0]. */
void		cu_sum_products(cu_call *call, void *to, bool fresh);
/* pointwise.cu */
void		cu_pointwise_forward(cu_call *call);
void		cu_pointwise_backward(cu_call *call);
void		cu_from_plain(cu_call *call, const float *plain, void *to, const rpm_nn_shape *shape, float factor, bool fresh);
void		cu_to_plain(cu_call *call, const void *from, float *plain, const rpm_nn_shape *shape, float factor);
void		cu_add_bias(cu_call *call, void *to, const float *bias, int64_t rows, int64_t channels);
/* spatial.cu */
void		cu_spatial_forward(cu_call *call);
void		cu_spatial_backward(cu_call *call);
/* rows.cu */
size_t		cu_rows_bytes(const rpm_nn *net, int layer);
rpm_code	cu_rows_forward(cu_call *call);
void		cu_rows_backward(cu_call *call);
/* weights.cu: weights of a convolution to their copy and gradients of that back; the optimiser; the loss. */
void		cu_copy_weights(cu_net *own, const cu_conv *conv, const float *weights);
void		cu_add_weight_gradient(cu_net *own, const cu_conv *conv, const void *of_copy, float *gradient);
void		cu_adamw(cu_net *own, const nn_adamw_call *call, float factor, int64_t first, int64_t count);
void		cu_squares(cu_net *own, int64_t first, int64_t count, double *sums);
void		cu_loss(cu_call *call, const nn_loss_call *loss, const float *target, const uint8_t *mask, double scale, double *sums);
/* run.cu */
void		cu_call_begin(rpm_nn *net, int layer, rpm_control *control, rpm_status *status, cu_call *call);
rpm_code	cu_forward(rpm_nn *net, int step, rpm_control *control, rpm_status *status);
rpm_code	cu_backward(rpm_nn *net, int step, float *gradients, rpm_control *control, rpm_status *status);
rpm_code	cu_read(rpm_nn *net, int layer, bool gradient, float *plain, rpm_status *status);
rpm_code	cu_add_gradient(rpm_nn *net, int layer, const float *plain, rpm_status *status);
rpm_code	cu_collect(rpm_nn *net, float *gradients, rpm_status *status);
rpm_code	cu_bring_weights(rpm_nn *net, rpm_status *status);
/* train.cu */
extern const nn_backend_trainer cu_trainer;
size_t		cu_loss_scratch(const rpm_nn *net);

static inline char *
cu_value(const rpm_nn *net, int layer)
{
	return net->arena + net->values[layer].offset;
}

/* The next `bytes` of scratch. */
static inline void *
cu_carve(char **at, size_t bytes)
{
	char	   *carved = *at;

	*at += (bytes + 255) / 256 * 256;
	return carved;
}

#endif
