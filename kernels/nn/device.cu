/* device.cu: the devices that networks run on, their libraries' handles, and errors (nn_cuda.h). */
#include <stdio.h>

#include "nn/nn_cuda.h"

#include "cuda_internal.h"

#define LEAST_CAPABILITY 75
#define ON_CPU "Run networks on the CPU (rpm_pg.device = 'cpu'), or connect again to try the device once more."

/* Of one device; made when it is first used, and kept. */
typedef struct cu_device
{
	cudnnHandle_t cudnn;
	cublasHandle_t cublas;
	bool		lost;
	char		why[256];
} cu_device;

static cu_device devices[CU_DEVICES_MAX];

static rpm_code
already_lost(int device, rpm_status *status)
{
	return rpm_fail(status, RPM_DEVICE_LOST, ON_CPU, "CUDA device %d failed in this session: %s", device, devices[device].why);
}

rpm_code
cu_failure(int device, cudaError_t error, const char *doing, rpm_status *status)
{
	const char *text = cudaGetErrorString(error);

	cudaGetLastError();			/* forgotten, so that the next call begins anew */
	if (rpm_cuda_is_lost(error))
	{
		devices[device].lost = true;
		snprintf(devices[device].why, sizeof(devices[device].why), "%s", text);
		return rpm_fail(status, RPM_DEVICE_LOST, ON_CPU, "CUDA device %d failed while %s: %s", device, doing, text);
	}
	if (error == cudaErrorMemoryAllocation)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Choose a smaller network, tile or batch, or run it on the CPU.",
						"out of memory on CUDA device %d while %s", device, doing);
	return rpm_fail(status, RPM_INTERNAL, "Run networks on the CPU.", "CUDA failed while %s: %s", doing, text);
}

/* A library's error may be the device's. */
static rpm_code
library_failure(int device, const char *library, const char *text, const char *doing, rpm_status *status)
{
	cudaError_t error = cudaDeviceSynchronize();

	if (error != cudaSuccess)
		return cu_failure(device, error, doing, status);
	return rpm_fail(status, RPM_INTERNAL, "Run networks on the CPU.", "%s failed while %s: %s", library, doing, text);
}

rpm_code
cu_cudnn_failure(int device, cudnnStatus_t error, const char *doing, rpm_status *status)
{
	return library_failure(device, "cuDNN", cudnnGetErrorString(error), doing, status);
}

rpm_code
cu_cublas_failure(int device, cublasStatus_t error, const char *doing, rpm_status *status)
{
	return library_failure(device, "cuBLAS", cublasGetStatusString(error), doing, status);
}

rpm_code
cu_launched(const cu_call *call)
{
	char		doing[RPM_NN_NAME_SIZE + 40];
	cudaError_t error = cudaGetLastError();

	if (error == cudaSuccess)
		return RPM_OK;
	snprintf(doing, sizeof(doing), "running layer \"%s\" (line %d)", call->layer->name, call->layer->line);
	return cu_failure(call->own->device, error, doing, call->status);
}

rpm_code
cu_check_device(int device, bool *driver, rpm_status *status)
{
	rpm_cuda_survey survey;
	rpm_cuda_device found;

	*driver = true;
	if (device < 0 || device >= CU_DEVICES_MAX)
		return rpm_fail(status, RPM_UNSUPPORTED, "Devices count from 0.", "there cannot be a CUDA device %d", device);
	if (devices[device].lost)
		return already_lost(device, status);
	rpm_cuda_survey_devices(&survey);
	*driver = survey.driver_version > 0;
	if (survey.count == 0)
		return rpm_fail(status, RPM_UNSUPPORTED, survey.hint, "%s", survey.problem);
	if (device >= survey.count)
		return rpm_fail(status, RPM_UNSUPPORTED, "rpm_devices() lists what there is.", "there is no CUDA device %d", device);
	if (rpm_cuda_describe(device, false, &found, status) != RPM_OK)
		return status->code;
	if (10 * found.capability_major + found.capability_minor < LEAST_CAPABILITY)
		return rpm_fail(status, RPM_UNSUPPORTED, "Networks need compute capability 7.5 or above.", "CUDA device %d (%.100s) has compute capability %d.%d",
						device, found.name, found.capability_major, found.capability_minor);
	return RPM_OK;
}

rpm_code
cu_handles(int device, cudnnHandle_t *cudnn, cublasHandle_t *cublas, rpm_status *status)
{
	cu_device  *d = &devices[device];
	cudaError_t error;
	cudnnStatus_t of_cudnn;
	cublasStatus_t of_cublas;

	if (d->lost)
		return already_lost(device, status);
	error = cudaSetDevice(device);
	if (error != cudaSuccess)
		return cu_failure(device, error, "taking the device", status);
	if (d->cudnn == NULL)
	{
		of_cudnn = cudnnCreate(&d->cudnn);
		if (of_cudnn != CUDNN_STATUS_SUCCESS)
		{
			d->cudnn = NULL;
			return cu_cudnn_failure(device, of_cudnn, "starting cuDNN", status);
		}
	}
	if (d->cublas == NULL)
	{
		of_cublas = cublasCreate(&d->cublas);
		if (of_cublas != CUBLAS_STATUS_SUCCESS)
		{
			d->cublas = NULL;
			return cu_cublas_failure(device, of_cublas, "starting cuBLAS", status);
		}
	}
	*cudnn = d->cudnn;
	*cublas = d->cublas;
	return RPM_OK;
}
