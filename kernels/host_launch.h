/*
 * host_launch.h: one .cu text for two compilers: nvcc makes kernels of it, g++ makes loops.
 *
 * As host C++ a launch runs every thread of the grid in turn on the calling thread, and memory of the "device" is ordinary
 * memory.  So kernels are compiled and tested, with the sanitizers too, where no GPU is.  Kernels written this way do not
 * use shared memory across a barrier or communicate within a warp.
 */
#ifndef RPM_HOST_LAUNCH_H
#define RPM_HOST_LAUNCH_H

#ifdef __CUDACC__

#include <cuda_runtime.h>

#define RPM_LAUNCH(kernel, blocks, threads, ...) kernel<<<(blocks), (threads)>>>(__VA_ARGS__)

#else

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define __global__
#define __device__
#define __host__

struct rpm_host_index { unsigned int x, y, z; };

static thread_local rpm_host_index blockIdx, threadIdx, blockDim, gridDim;

#define RPM_LAUNCH(kernel, blocks, threads, ...) \
	do { \
		gridDim.x = (blocks); \
		blockDim.x = (threads); \
		for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) \
			for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) \
				kernel(__VA_ARGS__); \
	} while (0)

/* The part of the CUDA runtime that the module uses. */
typedef enum { cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorMemoryAllocation = 2, cudaErrorNoDevice = 100 } cudaError_t;
typedef enum { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost } cudaMemcpyKind;
typedef double cudaEvent_t;

struct cudaDeviceProp
{
	char		name[256];
	int			major, minor, multiProcessorCount;
	size_t		totalGlobalMem;
};

static inline cudaError_t cudaGetDeviceCount(int *count) { *count = 1; return cudaSuccess; }
static inline cudaError_t cudaSetDevice(int device) { return device == 0 ? cudaSuccess : cudaErrorInvalidValue; }
static inline cudaError_t cudaGetLastError(void) { return cudaSuccess; }
static inline cudaError_t cudaDriverGetVersion(int *version) { *version = 0; return cudaSuccess; }
static inline cudaError_t cudaRuntimeGetVersion(int *version) { *version = 0; return cudaSuccess; }

static inline cudaError_t
cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
	memset(properties, 0, sizeof(*properties));
	snprintf(properties->name, sizeof(properties->name), "host loop");
	properties->multiProcessorCount = 1;
	properties->totalGlobalMem = (size_t) 1 << 30;
	return device == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

static inline cudaError_t
cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
	*free_bytes = *total_bytes = (size_t) 1 << 30;
	return cudaSuccess;
}

template <typename T> static inline cudaError_t
cudaMalloc(T **pointer, size_t bytes)
{
	*pointer = (T *) aligned_alloc(64, (bytes + 63) / 64 * 64);
	return *pointer != NULL ? cudaSuccess : cudaErrorMemoryAllocation;
}

static inline cudaError_t cudaFree(void *pointer) { free(pointer); return cudaSuccess; }

static inline cudaError_t
cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind)
{
	memcpy(to, from, bytes);
	return cudaSuccess;
}

static inline cudaError_t cudaEventCreate(cudaEvent_t *event) { *event = 0; return cudaSuccess; }
static inline cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
static inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }

/* An event is made for a place and set when recorded, as the real one. */
static inline cudaError_t
rpm_host_event_record(cudaEvent_t *event)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	*event = 1e3 * (double) now.tv_sec + 1e-6 * (double) now.tv_nsec;
	return cudaSuccess;
}
#define cudaEventRecord(event) rpm_host_event_record(&(event))

static inline cudaError_t
cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end)
{
	*milliseconds = (float) (end - begin);
	return cudaSuccess;
}

static inline const char *cudaGetErrorString(cudaError_t error) { return error == cudaSuccess ? "no error" : "host loop"; }

#endif
#endif
