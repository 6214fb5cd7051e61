/*
 * device.cu: the table of what the module does (rpm_cuda.h).
 */
#include "trace/map_chain_piece.h"

#include "cuda_internal.h"

static const rpm_cuda_module table = {
	RPM_CUDA_INTERFACE,
	rpm_cuda_survey_devices,
	rpm_cuda_describe,
	rpm_cuda_scene_create,
	rpm_cuda_scene_free,
	rpm_cuda_scene_bytes,
	rpm_cuda_map_create,
	rpm_cuda_map_free,
	rpm_cuda_maps_points,
	rpm_cuda_maps_launch,
	rpm_cuda_map_search,
	rpm_cuda_map_chains,
	rpm_cuda_map_entry,
	rpm_cuda_path_rays
};

const rpm_cuda_module *
rpm_cuda_module_table(void)
{
	return &table;
}
