/*
 * libraries.c: cuDNN's and cuBLAS's calls for tests without a GPU: direct sums on arrays channels last, by ref_conv.c's formulas, strict about
 * what they are given (layouts, sizes that fit, arithmetic of the precision, the algorithm and workspace that they named).
 *
 * The environment variable RPM_HOST_LIBRARIES holds any of
 *   decline=1   cuDNN names no algorithm
 *   refuse=1    it names them and does not run them (CUDNN_STATUS_NOT_SUPPORTED)
 *   fail=1      its runs fail
 *   product=1   cuBLAS's fail
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cublas_v2.h"
#include "cudnn.h"
#include "nn/number.h"

#define WORKSPACE 1024

struct cudnnTensorStruct { cudnnDataType_t type; int n, c, h, w; };
struct cudnnFilterStruct { cudnnDataType_t type; int k, c, h, w; };
struct cudnnConvolutionStruct { int pad_h, pad_w, stride_h, stride_w, groups; cudnnMathType_t math; };
struct cudnnContext { int unused; };
struct cublasContext { int unused; };

typedef struct pass
{
	const struct cudnnTensorStruct *larger,
			   *smaller;
	const struct cudnnFilterStruct *filter;
	const struct cudnnConvolutionStruct *convolution;
} pass;

typedef enum direction { TO_SMALLER, TO_LARGER, TO_WEIGHTS } direction;

static bool
asked(const char *name)
{
	const char *options = getenv("RPM_HOST_LIBRARIES");

	return options != NULL && strstr(options, name) != NULL;
}

static float
get(const void *array, int type, int64_t i)
{
	if (type == CUDNN_DATA_FLOAT)
		return ((const float *) array)[i];
	return type == CUDNN_DATA_HALF ? nn_half_to_float(((const uint16_t *) array)[i]) : nn_bfloat_to_float(((const uint16_t *) array)[i]);
}

static void
put(void *array, int type, int64_t i, double sum, double beta)
{
	float		value = (float) (sum + (beta != 0 ? beta * get(array, type, i) : 0));

	if (type == CUDNN_DATA_FLOAT)
		((float *) array)[i] = value;
	else
		((uint16_t *) array)[i] = type == CUDNN_DATA_HALF ? nn_half_of_float(value) : nn_bfloat_of_float(value);
}

cudnnStatus_t
cudnnCreate(cudnnHandle_t *handle)
{
	*handle = calloc(1, sizeof(struct cudnnContext));
	return *handle != NULL ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_ALLOC_FAILED;
}

const char *
cudnnGetErrorString(cudnnStatus_t status)
{
	return status == CUDNN_STATUS_EXECUTION_FAILED ? "CUDNN_STATUS_EXECUTION_FAILED" : status == CUDNN_STATUS_BAD_PARAM ? "CUDNN_STATUS_BAD_PARAM" :
		"another status of cuDNN";
}

cudnnStatus_t
cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *tensor)
{
	*tensor = calloc(1, sizeof(**tensor));
	return *tensor != NULL ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_ALLOC_FAILED;
}

cudnnStatus_t
cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensor, cudnnTensorFormat_t format, cudnnDataType_t type, int n, int c, int h, int w)
{
	*tensor = (struct cudnnTensorStruct) {type, n, c, h, w};
	return format == CUDNN_TENSOR_NHWC && n > 0 && c > 0 && h > 0 && w > 0 ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t
cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensor)
{
	free(tensor);
	return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *filter)
{
	*filter = calloc(1, sizeof(**filter));
	return *filter != NULL ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_ALLOC_FAILED;
}

cudnnStatus_t
cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filter, cudnnDataType_t type, cudnnTensorFormat_t format, int k, int c, int h, int w)
{
	*filter = (struct cudnnFilterStruct) {type, k, c, h, w};
	return format == CUDNN_TENSOR_NHWC && k > 0 && c > 0 && h > 0 && w > 0 ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t
cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filter)
{
	free(filter);
	return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *convolution)
{
	*convolution = calloc(1, sizeof(**convolution));
	return *convolution != NULL ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_ALLOC_FAILED;
}

cudnnStatus_t
cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convolution, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h,
								int dilation_w, cudnnConvolutionMode_t mode, cudnnDataType_t compute)
{
	*convolution = (struct cudnnConvolutionStruct) {pad_h, pad_w, stride_h, stride_w, 1, CUDNN_DEFAULT_MATH};
	return pad_h >= 0 && pad_w >= 0 && stride_h > 0 && stride_w > 0 && dilation_h == 1 && dilation_w == 1 && mode == CUDNN_CROSS_CORRELATION &&
		compute == CUDNN_DATA_FLOAT ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t
cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution, int groups)
{
	convolution->groups = groups;
	return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution, cudnnMathType_t math)
{
	convolution->math = math;
	return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convolution)
{
	free(convolution);
	return CUDNN_STATUS_SUCCESS;
}

/* Whether sizes, types and arithmetic fit together. */
static bool
fits(const pass *p)
{
	const struct cudnnConvolutionStruct *c = p->convolution;

	return p->larger->type == p->smaller->type && p->larger->type == p->filter->type && p->larger->n == p->smaller->n &&
		p->filter->k == p->smaller->c && p->filter->c * c->groups == p->larger->c && p->smaller->c % c->groups == 0 &&
		(p->larger->h + 2 * c->pad_h - p->filter->h) / c->stride_h + 1 == p->smaller->h &&
		(p->larger->w + 2 * c->pad_w - p->filter->w) / c->stride_w + 1 == p->smaller->w &&
		(c->math == CUDNN_FMA_MATH) == (p->larger->type == CUDNN_DATA_FLOAT);
}

/* Two ways: the first quicker, never the same twice; the second to be taken.  How much memory they need is another call's to say. */
#define NAME_ALGORITHMS(found, p) \
	do { \
		*count = 0; \
		if (!fits(&(p))) \
			return CUDNN_STATUS_BAD_PARAM; \
		for (int i = 0; i < 2 && i < requested && !asked("decline=1"); i++) \
		{ \
			(found)[i].algo = i; \
			(found)[i].status = CUDNN_STATUS_SUCCESS; \
			(found)[i].memory = 0; \
			(found)[i].determinism = i == 1 ? CUDNN_DETERMINISTIC : CUDNN_NON_DETERMINISTIC; \
			(found)[i].mathType = (p).larger->type == CUDNN_DATA_FLOAT ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH; \
			++*count; \
		} \
		return CUDNN_STATUS_SUCCESS; \
	} while (0)

cudnnStatus_t
cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
									   cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y, int requested, int *count,
									   cudnnConvolutionFwdAlgoPerf_t *found)
{
	const pass	p = {x, y, w, convolution};

	(void) handle;
	NAME_ALGORITHMS(found, p);
}

cudnnStatus_t
cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnnHandle_t handle, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
											cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t dx, int requested, int *count,
											cudnnConvolutionBwdDataAlgoPerf_t *found)
{
	const pass	p = {dx, dy, w, convolution};

	(void) handle;
	NAME_ALGORITHMS(found, p);
}

cudnnStatus_t
cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
											  cudnnConvolutionDescriptor_t convolution, cudnnFilterDescriptor_t dw, int requested, int *count,
											  cudnnConvolutionBwdFilterAlgoPerf_t *found)
{
	const pass	p = {x, dy, dw, convolution};

	(void) handle;
	NAME_ALGORITHMS(found, p);
}

static cudnnStatus_t
workspace_of(const pass *p, size_t *bytes)
{
	*bytes = WORKSPACE;
	return fits(p) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t
cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
										cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t y, cudnnConvolutionFwdAlgo_t algorithm,
										size_t *bytes)
{
	const pass	p = {x, y, w, convolution};

	(void) handle;
	(void) algorithm;
	return workspace_of(&p, bytes);
}

cudnnStatus_t
cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
											 cudnnConvolutionDescriptor_t convolution, cudnnTensorDescriptor_t dx,
											 cudnnConvolutionBwdDataAlgo_t algorithm, size_t *bytes)
{
	const pass	p = {dx, dy, w, convolution};

	(void) handle;
	(void) algorithm;
	return workspace_of(&p, bytes);
}

cudnnStatus_t
cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy,
											   cudnnConvolutionDescriptor_t convolution, cudnnFilterDescriptor_t dw,
											   cudnnConvolutionBwdFilterAlgo_t algorithm, size_t *bytes)
{
	const pass	p = {x, dy, dw, convolution};

	(void) handle;
	(void) algorithm;
	return workspace_of(&p, bytes);
}

/* Adds one product to where it goes. */
static void
add_product(const pass *p, direction way, int64_t larger, int64_t smaller, int64_t weight, const void *const *arrays, double *sums)
{
	int			type = p->larger->type;

	if (way == TO_SMALLER)
		sums[smaller] += (double) get(arrays[0], type, larger) * get(arrays[2], type, weight);
	else if (way == TO_LARGER)
		sums[larger] += (double) get(arrays[1], type, smaller) * get(arrays[2], type, weight);
	else
		sums[weight] += (double) get(arrays[0], type, larger) * get(arrays[1], type, smaller);
}

/* All products of a cell of the smaller image. */
static void
add_cell(const pass *p, direction way, int n, int y, int x, const void *const *arrays, double *sums)
{
	const struct cudnnConvolutionStruct *c = p->convolution;
	int			outer = p->smaller->c / c->groups;

	for (int ky = 0; ky < p->filter->h; ky++)
		for (int kx = 0; kx < p->filter->w; kx++)
		{
			int			row = y * c->stride_h + ky - c->pad_h,
						column = x * c->stride_w + kx - c->pad_w;

			if (row < 0 || row >= p->larger->h || column < 0 || column >= p->larger->w)
				continue;
			for (int o = 0; o < p->smaller->c; o++)
				for (int i = 0; i < p->filter->c; i++)
					add_product(p, way, (((int64_t) n * p->larger->h + row) * p->larger->w + column) * p->larger->c + o / outer * p->filter->c + i,
								(((int64_t) n * p->smaller->h + y) * p->smaller->w + x) * p->smaller->c + o,
								(((int64_t) o * p->filter->h + ky) * p->filter->w + kx) * p->filter->c + i, arrays, sums);
		}
}

static cudnnStatus_t
run(const pass *p, direction way, int algorithm, void *workspace, size_t workspace_bytes, const void *alpha, const void *beta,
	const void *const *arrays, void *to)
{
	int64_t		counts[3] = {(int64_t) p->smaller->n * p->smaller->c * p->smaller->h * p->smaller->w,
	(int64_t) p->larger->n * p->larger->c * p->larger->h * p->larger->w, (int64_t) p->filter->k * p->filter->c * p->filter->h * p->filter->w};
	double	   *sums;

	if (asked("refuse=1"))
		return CUDNN_STATUS_NOT_SUPPORTED;
	if (asked("fail=1") || algorithm != 1)
		return CUDNN_STATUS_EXECUTION_FAILED;
	if (!fits(p) || workspace == NULL || workspace_bytes < WORKSPACE || *(const float *) alpha != 1)
		return CUDNN_STATUS_BAD_PARAM;
	sums = calloc((size_t) counts[way], sizeof(double));
	if (sums == NULL)
		return CUDNN_STATUS_ALLOC_FAILED;
	memset(workspace, 0xFF, WORKSPACE);
	for (int n = 0; n < p->smaller->n; n++)
		for (int y = 0; y < p->smaller->h; y++)
			for (int x = 0; x < p->smaller->w; x++)
				add_cell(p, way, n, y, x, arrays, sums);
	for (int64_t i = 0; i < counts[way]; i++)
		put(to, p->larger->type, i, sums[i], *(const float *) beta);
	free(sums);
	return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t
cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t x_tensor, const void *x, cudnnFilterDescriptor_t filter,
						const void *w, cudnnConvolutionDescriptor_t convolution, cudnnConvolutionFwdAlgo_t algorithm, void *workspace,
						size_t workspace_bytes, const void *beta, cudnnTensorDescriptor_t y_tensor, void *y)
{
	const pass	p = {x_tensor, y_tensor, filter, convolution};
	const void *arrays[3] = {x, NULL, w};

	(void) handle;
	return run(&p, TO_SMALLER, (int) algorithm, workspace, workspace_bytes, alpha, beta, arrays, y);
}

cudnnStatus_t
cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha, cudnnFilterDescriptor_t filter, const void *w,
							 cudnnTensorDescriptor_t dy_tensor, const void *dy, cudnnConvolutionDescriptor_t convolution,
							 cudnnConvolutionBwdDataAlgo_t algorithm, void *workspace, size_t workspace_bytes, const void *beta,
							 cudnnTensorDescriptor_t dx_tensor, void *dx)
{
	const pass	p = {dx_tensor, dy_tensor, filter, convolution};
	const void *arrays[3] = {NULL, dy, w};

	(void) handle;
	return run(&p, TO_LARGER, (int) algorithm, workspace, workspace_bytes, alpha, beta, arrays, dx);
}

cudnnStatus_t
cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t x_tensor, const void *x,
							   cudnnTensorDescriptor_t dy_tensor, const void *dy, cudnnConvolutionDescriptor_t convolution,
							   cudnnConvolutionBwdFilterAlgo_t algorithm, void *workspace, size_t workspace_bytes, const void *beta,
							   cudnnFilterDescriptor_t filter, void *dw)
{
	const pass	p = {x_tensor, dy_tensor, filter, convolution};
	const void *arrays[3] = {x, dy, NULL};

	(void) handle;
	return run(&p, TO_WEIGHTS, (int) algorithm, workspace, workspace_bytes, alpha, beta, arrays, dw);
}

cublasStatus_t
cublasCreate(cublasHandle_t *handle)
{
	*handle = calloc(1, sizeof(struct cublasContext));
	return *handle != NULL ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

const char *
cublasGetStatusString(cublasStatus_t status)
{
	return status == CUBLAS_STATUS_INVALID_VALUE ? "CUBLAS_STATUS_INVALID_VALUE" : "CUBLAS_STATUS_EXECUTION_FAILED";
}

static int
type_of(cudaDataType_t type)
{
	return type == CUDA_R_16F ? CUDNN_DATA_HALF : type == CUDA_R_16BF ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

cublasStatus_t
cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k, const void *alpha,
						   const void *a, cudaDataType_t a_type, int lda, long long stride_a, const void *b, cudaDataType_t b_type, int ldb,
						   long long stride_b, const void *beta, void *c, cudaDataType_t c_type, int ldc, long long stride_c, int batch,
						   cublasComputeType_t compute, cublasGemmAlgo_t algorithm)
{
	(void) handle;
	if (asked("product=1"))
		return CUBLAS_STATUS_EXECUTION_FAILED;
	if (a_type != b_type || (c_type != a_type && c_type != CUDA_R_32F) || compute != CUBLAS_COMPUTE_32F || algorithm != CUBLAS_GEMM_DEFAULT ||
		lda < (transa == CUBLAS_OP_N ? m : k) || ldb < (transb == CUBLAS_OP_N ? k : n) || ldc < m || batch < 1)
		return CUBLAS_STATUS_INVALID_VALUE;
	for (int64_t i = 0; i < (int64_t) batch * m * n; i++)
	{
		int64_t		matrix = i / m / n,
					row = i % m,
					column = i / m % n;
		double		sum = 0;

		for (int64_t at = 0; at < k; at++)
			sum += (double) get(a, type_of(a_type), matrix * stride_a + (transa == CUBLAS_OP_N ? at * lda + row : row * lda + at)) *
				get(b, type_of(b_type), matrix * stride_b + (transb == CUBLAS_OP_N ? column * ldb + at : at * ldb + column));
		put(c, type_of(c_type), matrix * stride_c + column * ldc + row, *(const float *) alpha * sum, *(const float *) beta);
	}
	return CUBLAS_STATUS_SUCCESS;
}
