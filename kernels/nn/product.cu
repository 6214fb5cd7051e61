/* product.cu: products of matrices by cuBLAS (nn_cuda.h). */
#include <limits.h>

#include "nn/nn_cuda.h"

static cudaDataType_t
data_type(rpm_nn_precision precision)
{
	return precision == RPM_NN_HALF ? CUDA_R_16F : precision == RPM_NN_BFLOAT16 ? CUDA_R_16BF : CUDA_R_32F;
}

rpm_code
cu_multiply(cu_call *call, const cu_product *p)
{
	cudaDataType_t type = data_type(call->precision),
				to = p->c_single ? CUDA_R_32F : type;
	cublasStatus_t error;

	if (p->m > INT_MAX || p->n > INT_MAX || p->k > INT_MAX)
		return rpm_fail(call->status, RPM_LIMIT_EXCEEDED, "Give smaller inputs.", "layer \"%s\" (line %d) has more than 2^31 cells", call->layer->name,
						call->layer->line);
	call->own->queued += (double) p->m * (double) p->n * (double) p->k * (double) (p->batch > 0 ? p->batch : 1);
	error = cublasGemmStridedBatchedEx(call->own->cublas, p->a_across ? CUBLAS_OP_T : CUBLAS_OP_N, p->b_across ? CUBLAS_OP_T : CUBLAS_OP_N, (int) p->m,
									   (int) p->n, (int) p->k, &p->alpha, p->a, type, (int) p->a_side, p->a_stride, p->b, type, (int) p->b_side,
									   p->b_stride, &p->beta, p->c, to, (int) p->c_side, p->c_stride, p->batch > 0 ? (int) p->batch : 1,
									   CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
	return error == CUBLAS_STATUS_SUCCESS ? RPM_OK : cu_cublas_failure(call->own->device, error, "multiplying matrices", call->status);
}
