/*
 * gang.h: several maps at a time on one CUDA device, in the same launches.
 */
#ifndef RPM_DEVICE_GANG_H
#define RPM_DEVICE_GANG_H

#include "device/cuda_module.h"

/*
 * Traces the tasks, all on one uploaded scene, with a thread for each: what the CPU does of a map each does on its own, and where they have
 * come to what the device does, or have ended, the last one does it for all.  As many at a time as the device's memory holds.  The outcome
 * is each task's status.
 */
void		rpm_gang_trace(const rpm_cuda_module *module, rpm_cuda_scene *scene, rpm_device_task **tasks, int count, rpm_control *control);

#endif
