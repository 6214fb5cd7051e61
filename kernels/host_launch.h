/*
 * host_launch.h: one .cu text for two compilers: nvcc makes kernels of it, g++ makes loops.
 *
 * As host C++ a launch runs every thread of the grid in turn on the calling thread, and memory of the "device" is ordinary
 * memory (host_runtime.h).  So kernels are compiled and tested, with the sanitizers too, where no GPU is.  Kernels written this
 * way do not use shared memory across a barrier or communicate within a warp.
 */
#ifndef RPM_HOST_LAUNCH_H
#define RPM_HOST_LAUNCH_H

#ifdef __CUDACC__

#include <cuda_runtime.h>

#define RPM_LAUNCH(kernel, blocks, threads, ...) kernel<<<(blocks), (threads)>>>(__VA_ARGS__)

#else

#define __global__
#define __device__
#define __host__

#include "host_runtime.h"

struct rpm_host_index { unsigned int x, y, z; };

inline thread_local rpm_host_index blockIdx, threadIdx, blockDim, gridDim;

#define RPM_LAUNCH(kernel, blocks, threads, ...) \
	do { \
		gridDim.x = rpm_host_launch() ? (blocks) : 0; \
		blockDim.x = (threads); \
		for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) \
			for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) \
				kernel(__VA_ARGS__); \
	} while (0)

#endif
#endif
