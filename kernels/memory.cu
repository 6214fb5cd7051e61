/* memory.cu: the memory of devices, and their errors (cuda_internal.h). */
#include "cuda_internal.h"

/* Left free on the device for the driver and for others. */
#define SPARE_BYTES ((size_t) 16 << 20)

#define STACK_DEVICES 64

/* What kernels' threads have been allowed on each device so far. */
static size_t stacks_taken[STACK_DEVICES];

rpm_code
rpm_cuda_take(rpm_cuda_memory *memory, size_t bytes, const void *from, const char *what, void **pointer, rpm_status *status)
{
	size_t		allowed;
	cudaError_t error;

	*pointer = NULL;
	if (memory->block_count == RPM_CUDA_BLOCKS_MAX)
		return rpm_fail(status, RPM_INTERNAL, NULL, "more than %d blocks of the device's memory were asked for", RPM_CUDA_BLOCKS_MAX);
	error = cudaDeviceSynchronize();
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, what, status);
	allowed = rpm_cuda_allowed(memory);
	if (bytes > allowed)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Trace a smaller extent, allow more of the device's memory, or trace on the CPU.",
						"%s would need %.1f MB on the device, %.1f MB are allowed and free", what, (double) bytes / 1048576.0,
						(double) allowed / 1048576.0);
	/* No block is empty. */
	error = cudaMalloc((char **) pointer, bytes > 0 ? bytes : 1);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, what, status);
	memory->blocks[memory->block_count++] = *pointer;
	memory->bytes += bytes > 0 ? bytes : 1;
	memory->budget->bytes += bytes > 0 ? bytes : 1;
	if (bytes == 0)
		return RPM_OK;
	error = from != NULL ? cudaMemcpy(*pointer, from, bytes, cudaMemcpyHostToDevice) : cudaMemset(*pointer, 0, bytes);
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, what, status);
}

rpm_code
rpm_cuda_take_stacks(const rpm_cuda_memory *memory, size_t bytes_per_thread, const char *what, rpm_status *status)
{
	int			processors = 0, threads = 0;
	cudaError_t error = cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, memory->device);
	size_t		bytes, allowed = rpm_cuda_allowed(memory), *taken = &stacks_taken[memory->device % STACK_DEVICES];

	if (error == cudaSuccess)
		error = cudaDeviceGetAttribute(&threads, cudaDevAttrMaxThreadsPerMultiProcessor, memory->device);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, what, status);
	bytes = bytes_per_thread * (size_t) processors * (size_t) threads;
	/* The driver keeps what it has taken: it is no longer free. */
	if (bytes > allowed + __atomic_load_n(taken, __ATOMIC_RELAXED))
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Allow more of the device's memory, or trace on the CPU.",
						"the threads of %s would need %.1f MB on the device, %.1f MB are allowed and free", what, (double) bytes / 1048576.0,
						(double) allowed / 1048576.0);
	if (bytes > __atomic_load_n(taken, __ATOMIC_RELAXED))
		__atomic_store_n(taken, bytes, __ATOMIC_RELAXED);
	return RPM_OK;
}

size_t
rpm_cuda_allowed(const rpm_cuda_memory *memory)
{
	size_t		free_bytes,
				total_bytes,
				allowed;

	if (cudaMemGetInfo(&free_bytes, &total_bytes) != cudaSuccess)
	{
		cudaGetLastError();
		return 0;
	}
	allowed = free_bytes > SPARE_BYTES ? free_bytes - SPARE_BYTES : 0;
	if (memory->budget->limit_bytes > 0 && memory->budget->limit_bytes < memory->budget->bytes + allowed)
		allowed = memory->budget->limit_bytes > memory->budget->bytes ? memory->budget->limit_bytes - memory->budget->bytes : 0;
	return allowed;
}

void
rpm_cuda_give_back(rpm_cuda_memory *memory)
{
	rpm_cuda_give_back_to(memory, 0, 0);
}

void
rpm_cuda_give_back_to(rpm_cuda_memory *memory, int block_count, size_t bytes)
{
	cudaSetDevice(memory->device);
	while (memory->block_count > block_count)
		cudaFree(memory->blocks[--memory->block_count]);
	memory->budget->bytes -= memory->bytes - bytes;
	memory->bytes = bytes;
	cudaGetLastError();
}

rpm_code
rpm_cuda_failure(cudaError_t error, const char *doing, rpm_status *status)
{
	const char *text = cudaGetErrorString(error);

	cudaGetLastError();			/* forgotten, so that the next call begins anew */
	if (rpm_cuda_is_lost(error))
		return rpm_fail(status, RPM_DEVICE_LOST,
						"This session goes on without the device: trace on the CPU, or connect again to try it once more.",
						"the CUDA device failed while %s: %s", doing, text);
	if (error == cudaErrorInsufficientDriver || error == cudaErrorInitializationError || error == cudaErrorNoDevice)
		return rpm_fail(status, RPM_UNSUPPORTED, "Trace on the CPU, or install the driver of the device.", "no CUDA device was found");
	if (error == cudaErrorMemoryAllocation)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Trace a smaller extent, or trace on the CPU.",
						"out of memory on the CUDA device while %s", doing);
	return rpm_fail(status, RPM_INTERNAL, "Trace on the CPU.", "CUDA failed while %s: %s", doing, text);
}

/* An error that stays says so at the next call too; out of memory and bad arguments do not stay. */
bool
rpm_cuda_is_lost(cudaError_t error)
{
	if (error == cudaErrorMemoryAllocation || error == cudaErrorInvalidValue || error == cudaErrorNoDevice
		|| error == cudaErrorInsufficientDriver || error == cudaErrorInvalidDevice || error == cudaErrorInitializationError)
		return false;
	error = cudaDeviceSynchronize();
	cudaGetLastError();
	return error != cudaSuccess;
}
