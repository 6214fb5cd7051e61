/* survey.cu: what devices there are (rpm_cuda.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_internal.h"

void
rpm_cuda_survey_devices(rpm_cuda_survey *survey)
{
	const char *visible = getenv("CUDA_VISIBLE_DEVICES");
	cudaError_t error;

	memset(survey, 0, sizeof(*survey));
	cudaDriverGetVersion(&survey->driver_version);
	cudaRuntimeGetVersion(&survey->runtime_version);
	error = cudaGetDeviceCount(&survey->count);
	if (error == cudaSuccess && survey->count > 0)
		return;
	cudaGetLastError();
	survey->count = 0;
	if (survey->driver_version == 0)
	{
		snprintf(survey->problem, sizeof(survey->problem), "no driver of a CUDA device is installed");
		snprintf(survey->hint, sizeof(survey->hint), "Install the NVIDIA driver where the machine has such a device.");
	}
	else if (error == cudaErrorInsufficientDriver)
	{
		snprintf(survey->problem, sizeof(survey->problem), "the driver knows CUDA %d.%d, the module was built with %d.%d",
				 survey->driver_version / 1000, survey->driver_version % 1000 / 10, survey->runtime_version / 1000,
				 survey->runtime_version % 1000 / 10);
		snprintf(survey->hint, sizeof(survey->hint), "Update the driver, or build the module with CUDA %d.",
				 survey->driver_version / 1000);
	}
	else if (visible != NULL && (error == cudaErrorNoDevice || error == cudaSuccess || error == cudaErrorInvalidDevice))
	{
		snprintf(survey->problem, sizeof(survey->problem), "CUDA_VISIBLE_DEVICES, \"%.100s\", leaves no device to see", visible);
		snprintf(survey->hint, sizeof(survey->hint), "It is set in the environment of the server: name a device that exists, or unset it there.");
	}
	else
	{
		snprintf(survey->problem, sizeof(survey->problem), "the driver shows no device: %s", cudaGetErrorString(error));
		snprintf(survey->hint, sizeof(survey->hint), "nvidia-smi says what the driver sees; the server's user needs access to /dev/nvidia*.");
	}
}

rpm_code
rpm_cuda_device_count(int *count, rpm_status *status)
{
	rpm_cuda_survey survey;

	(void) status;
	rpm_cuda_survey_devices(&survey);
	*count = survey.count;
	return RPM_OK;
}

rpm_code
rpm_cuda_describe(int device, bool ask_memory, rpm_cuda_device *description, rpm_status *status)
{
	struct cudaDeviceProp properties;
	size_t		total;
	cudaError_t error;

	memset(description, 0, sizeof(*description));
	error = cudaGetDeviceProperties(&properties, device);
	if (error == cudaSuccess && ask_memory)
		error = cudaSetDevice(device);
	if (error == cudaSuccess && ask_memory)
		error = cudaMemGetInfo(&description->free_bytes, &total);
	if (error == cudaSuccess)
		error = cudaDriverGetVersion(&description->driver_version);
	if (error == cudaSuccess)
		error = cudaRuntimeGetVersion(&description->runtime_version);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "describing the device", status);
	memcpy(description->name, properties.name, sizeof(description->name));
	description->name[sizeof(description->name) - 1] = '\0';
	description->capability_major = properties.major;
	description->capability_minor = properties.minor;
	description->multiprocessor_count = properties.multiProcessorCount;
	description->memory_bytes = properties.totalGlobalMem;
	return RPM_OK;
}
