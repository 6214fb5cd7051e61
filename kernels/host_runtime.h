/*
 * host_runtime.h: the part of the CUDA runtime that the module uses, for kernels compiled as host C++: "devices" of ordinary memory.
 *
 * Faults can be had for tests.  The environment variable RPM_HOST_CUDA holds any of
 *   devices=N        devices of the machine (1); CUDA_VISIBLE_DEVICES picks from them, as the driver does
 *   driver=N         what the driver knows of CUDA, 1000 major + 10 minor (as the runtime's); 0: no driver
 *   capability=N     10 major + minor (90)
 *   memory_mb=N      of each device (1024)
 *   stack=N          bytes that each thread of a kernel needs for itself (0)
 *   lost=1           every call fails
 *   lost_after=N     every call fails after so many launches
 *   calls=N          every call fails after so many calls
 * and is read at each call.
 */
#ifndef RPM_HOST_RUNTIME_H
#define RPM_HOST_RUNTIME_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RPM_HOST_DEVICES_MAX 8
#define RPM_HOST_RUNTIME_VERSION 13000

typedef enum {
	cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorMemoryAllocation = 2, cudaErrorInitializationError = 3,
	cudaErrorInsufficientDriver = 35, cudaErrorNoDevice = 100, cudaErrorInvalidDevice = 101, cudaErrorNoKernelImageForDevice = 209,
	cudaErrorIllegalAddress = 700
} cudaError_t;
typedef enum { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice } cudaMemcpyKind;
typedef double cudaEvent_t;

struct cudaDeviceProp
{
	char		name[256];
	int			major, minor, multiProcessorCount;
	size_t		totalGlobalMem;
};

/* Before each allocation: its size and device; 64 bytes, so that what follows is aligned. */
typedef struct rpm_host_block { size_t bytes; int device; char unused[48]; } rpm_host_block;

inline size_t rpm_host_allocated[RPM_HOST_DEVICES_MAX];
inline long rpm_host_launches, rpm_host_calls;
inline thread_local int rpm_host_device;
inline thread_local cudaError_t rpm_host_last_error;

static inline long
rpm_host_option(const char *name, long otherwise)
{
	const char *options = getenv("RPM_HOST_CUDA"), *at = options != NULL ? strstr(options, name) : NULL;

	return at != NULL ? strtol(at + strlen(name), NULL, 10) : otherwise;
}

static inline bool
rpm_host_lost(void)
{
	long		after = rpm_host_option("lost_after=", -1), calls = rpm_host_option("calls=", -1);

	return rpm_host_option("lost=", 0) != 0 || (after >= 0 && __atomic_load_n(&rpm_host_launches, __ATOMIC_RELAXED) > after)
		|| (calls >= 0 && __atomic_load_n(&rpm_host_calls, __ATOMIC_RELAXED) > calls);
}

static inline cudaError_t
rpm_host_result(cudaError_t error)
{
	__atomic_fetch_add(&rpm_host_calls, 1, __ATOMIC_RELAXED);
	if (rpm_host_lost())
		error = cudaErrorIllegalAddress;
	if (error != cudaSuccess)
		rpm_host_last_error = error;
	return error;
}

/* Counts a launch; false once the device is lost. */
static inline bool
rpm_host_launch(void)
{
	__atomic_fetch_add(&rpm_host_launches, 1, __ATOMIC_RELAXED);
	return rpm_host_result(cudaSuccess) == cudaSuccess;
}

static inline size_t rpm_host_memory(void) { return (size_t) rpm_host_option("memory_mb=", 1024) << 20; }

static inline cudaError_t
cudaDriverGetVersion(int *version)
{
	*version = (int) rpm_host_option("driver=", RPM_HOST_RUNTIME_VERSION);
	return cudaSuccess;
}

static inline cudaError_t cudaRuntimeGetVersion(int *version) { *version = RPM_HOST_RUNTIME_VERSION; return cudaSuccess; }

/* Numbers before the first that is none, as the driver reads CUDA_VISIBLE_DEVICES. */
static inline cudaError_t
cudaGetDeviceCount(int *count)
{
	int			driver, devices = (int) rpm_host_option("devices=", 1);
	const char *visible = getenv("CUDA_VISIBLE_DEVICES");

	*count = 0;
	cudaDriverGetVersion(&driver);
	if (driver / 1000 < RPM_HOST_RUNTIME_VERSION / 1000)
		return rpm_host_result(cudaErrorInsufficientDriver);
	if (visible == NULL)
		*count = devices;
	while (visible != NULL)
	{
		char	   *end;
		long		number = strtol(visible, &end, 10);

		if (end == visible || number < 0 || number >= devices)
			break;
		++*count;
		visible = *end == ',' ? end + 1 : NULL;
	}
	return rpm_host_result(*count > 0 ? cudaSuccess : cudaErrorNoDevice);
}

static inline cudaError_t
cudaSetDevice(int device)
{
	int			count;
	cudaError_t error = cudaGetDeviceCount(&count);

	if (error == cudaSuccess && (device < 0 || device >= count))
		error = rpm_host_result(cudaErrorInvalidDevice);
	if (error == cudaSuccess)
		rpm_host_device = device;
	return error;
}

static inline cudaError_t
cudaGetLastError(void)
{
	cudaError_t error = rpm_host_lost() ? cudaErrorIllegalAddress : rpm_host_last_error;

	rpm_host_last_error = cudaSuccess;
	return error;
}

static inline cudaError_t cudaDeviceSynchronize(void) { return rpm_host_result(cudaSuccess); }

static inline cudaError_t
cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device)
{
	long		capability = rpm_host_option("capability=", 90);
	cudaError_t error = cudaSetDevice(device);

	memset(properties, 0, sizeof(*properties));
	if (error != cudaSuccess)
		return error;
	snprintf(properties->name, sizeof(properties->name), "host loop");
	properties->major = (int) capability / 10;
	properties->minor = (int) capability % 10;
	properties->multiProcessorCount = 1;
	properties->totalGlobalMem = rpm_host_memory();
	return cudaSuccess;
}

static inline cudaError_t
cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
	size_t		taken = __atomic_load_n(&rpm_host_allocated[rpm_host_device], __ATOMIC_RELAXED);

	*total_bytes = rpm_host_memory();
	*free_bytes = taken < *total_bytes ? *total_bytes - taken : 0;
	return rpm_host_result(cudaSuccess);
}

template <typename T> static inline cudaError_t
cudaMalloc(T **pointer, size_t bytes)
{
	size_t		free_bytes, total;
	cudaError_t error = cudaMemGetInfo(&free_bytes, &total);
	rpm_host_block *block;

	*pointer = NULL;
	if (error != cudaSuccess)
		return error;
	if (bytes > free_bytes)
		return rpm_host_result(cudaErrorMemoryAllocation);
	block = (rpm_host_block *) aligned_alloc(64, (sizeof(rpm_host_block) + bytes + 63) / 64 * 64);
	if (block == NULL)
		return rpm_host_result(cudaErrorMemoryAllocation);
	block->bytes = bytes;
	block->device = rpm_host_device;
	__atomic_fetch_add(&rpm_host_allocated[block->device], bytes, __ATOMIC_RELAXED);
	*pointer = (T *) (block + 1);
	return cudaSuccess;
}

/* A lost device has lost its memory too. */
static inline cudaError_t
cudaFree(void *pointer)
{
	rpm_host_block *block = (rpm_host_block *) pointer - 1;

	if (pointer != NULL)
	{
		__atomic_fetch_sub(&rpm_host_allocated[block->device], block->bytes, __ATOMIC_RELAXED);
		free(block);
	}
	return rpm_host_result(cudaSuccess);
}

static inline cudaError_t
cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind)
{
	cudaError_t error = rpm_host_result(cudaSuccess);

	if (error == cudaSuccess)
		memcpy(to, from, bytes);
	return error;
}

static inline cudaError_t
cudaMemset(void *to, int value, size_t bytes)
{
	cudaError_t error = rpm_host_result(cudaSuccess);

	if (error == cudaSuccess)
		memset(to, value, bytes);
	return error;
}

typedef struct cudaFuncAttributes { size_t localSizeBytes; int numRegs; } cudaFuncAttributes;
typedef enum { cudaDevAttrMultiProcessorCount = 16, cudaDevAttrMaxThreadsPerMultiProcessor = 39 } cudaDeviceAttr;

/* stack=N: bytes of each thread of a kernel (0). */
template <typename T> static inline cudaError_t
cudaFuncGetAttributes(cudaFuncAttributes *attributes, T *)
{
	attributes->localSizeBytes = (size_t) rpm_host_option("stack=", 0);
	attributes->numRegs = 0;
	return rpm_host_result(cudaSuccess);
}

static inline cudaError_t
cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int)
{
	*value = attribute == cudaDevAttrMultiProcessorCount ? 1 : 2048;
	return rpm_host_result(cudaSuccess);
}

static inline cudaError_t cudaEventCreate(cudaEvent_t *event) { *event = 0; return rpm_host_result(cudaSuccess); }
static inline cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
static inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return rpm_host_result(cudaSuccess); }

/* An event is made for a place and set when recorded, as the real one. */
static inline cudaError_t
rpm_host_event_record(cudaEvent_t *event)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	*event = 1e3 * (double) now.tv_sec + 1e-6 * (double) now.tv_nsec;
	return rpm_host_result(cudaSuccess);
}
#define cudaEventRecord(event) rpm_host_event_record(&(event))

static inline cudaError_t
cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end)
{
	*milliseconds = (float) (end - begin);
	return cudaSuccess;
}

static inline const char *
cudaGetErrorString(cudaError_t error)
{
	switch (error)
	{
		case cudaSuccess:
			return "no error";
		case cudaErrorMemoryAllocation:
			return "out of memory";
		case cudaErrorInsufficientDriver:
			return "CUDA driver version is insufficient for CUDA runtime version";
		case cudaErrorNoDevice:
			return "no CUDA-capable device is detected";
		case cudaErrorInvalidDevice:
			return "invalid device ordinal";
		case cudaErrorIllegalAddress:
			return "an illegal memory access was encountered";
		default:
			return "host loop";
	}
}

#endif
