/*
 * cuda_module.h: the CUDA module of this process.
 */
#ifndef RPM_CUDA_MODULE_H
#define RPM_CUDA_MODULE_H

#include "../../../kernels/rpm_cuda.h"
#include "rpm_device.h"
#include "trace/map_chain_piece.h"

/*
 * Opens the module's file, once in a process.  NULL where it is not to be had: *state says whether it is missing or bad, reason and hint
 * (320 bytes each) why.  A module that was opened stays open.
 */
const rpm_cuda_module *rpm_cuda_module_open(const char *path, rpm_device_state *state, char *reason, char *hint);

#endif
