/*
 * cublas_v2.h: a stand-in for cuBLAS's header, of the calls that kernels/nn makes and no more, so that the back end is compiled and tested where
 * CUDA is not.  Names are the library's; libraries.c has the calls.
 */
#ifndef RPM_TEST_CUBLAS_H
#define RPM_TEST_CUBLAS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cublasContext *cublasHandle_t;
typedef enum { CUBLAS_STATUS_SUCCESS = 0, CUBLAS_STATUS_INVALID_VALUE = 7, CUBLAS_STATUS_EXECUTION_FAILED = 13 } cublasStatus_t;
typedef enum { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 } cublasOperation_t;
typedef enum { CUBLAS_COMPUTE_32F = 68 } cublasComputeType_t;
typedef enum { CUBLAS_GEMM_DEFAULT = -1 } cublasGemmAlgo_t;
typedef enum { CUDA_R_32F = 0, CUDA_R_16F = 2, CUDA_R_16BF = 14 } cudaDataType_t;

cublasStatus_t cublasCreate(cublasHandle_t *handle);
const char *cublasGetStatusString(cublasStatus_t status);
cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n, int k,
										  const void *alpha, const void *a, cudaDataType_t a_type, int lda, long long stride_a, const void *b,
										  cudaDataType_t b_type, int ldb, long long stride_b, const void *beta, void *c, cudaDataType_t c_type, int ldc,
										  long long stride_c, int batch, cublasComputeType_t compute, cublasGemmAlgo_t algorithm);

#ifdef __cplusplus
}
#endif
#endif
