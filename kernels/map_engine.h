/*
 * map_engine.h: the engine's own text of what happens at a point of a map and to a ray, compiled for the device.
 *
 * The files of src/engine/trace are included with RPM_KERNEL defined, which makes functions of the device of those marked RPM_SHARED
 * and RPM_INLINE and leaves the rest out; so there is one text of the physics.  Ray queries go to our own hierarchy: on the device an
 * rpm_query is an rpm_bvh.
 */
#ifndef RPM_MAP_ENGINE_H
#define RPM_MAP_ENGINE_H

#include "cuda_internal.h"

#define RPM_KERNEL

/* Not inlined: they are called from many places, and would take minutes to compile and gain nothing. */
#ifdef __CUDACC__
#define RPM_KERNEL_CALL static __host__ __device__ __noinline__
#else
#define RPM_KERNEL_CALL static __attribute__((noinline))
#endif
#undef RPM_SHARED
#undef RPM_LOCAL
#define RPM_SHARED RPM_KERNEL_CALL
#define RPM_LOCAL RPM_KERNEL_CALL

/* The thread's number in its launch. */
RPM_INLINE size_t
rpm_kernel_thread(void)
{
#if defined(__CUDACC__) && !defined(__CUDA_ARCH__)
	return 0;					/* kernels do not run there */
#else
	return (size_t) blockIdx.x * blockDim.x + threadIdx.x;
#endif
}

/* As rpm_query_intersect and rpm_query_occluded of query.c with the provider "bvh". */
RPM_KERNEL_CALL bool
rpm_kernel_intersect(const rpm_query *query, const rpm_ray *ray, rpm_hit *hit)
{
	return ray->t_max > 0 && ray->t_min < ray->t_max && rpm_bvh_traverse((const rpm_bvh *) query, ray, false, hit);
}

RPM_KERNEL_CALL bool
rpm_kernel_occluded(const rpm_query *query, const rpm_ray *ray)
{
	rpm_hit		some;

	return ray->t_max > 0 && ray->t_min < ray->t_max && rpm_bvh_traverse((const rpm_bvh *) query, ray, true, &some);
}

/* What was in the way last is not remembered on the device. */
#include "trace/occluders.h"
#define rpm_occluder_hides_point(occluders, polygon, from, to) ((void) (polygon), (void) (from), (void) (to), false)

#define rpm_query_intersect rpm_kernel_intersect
#define rpm_query_occluded rpm_kernel_occluded
#define rpm_scene_ground_z rpm_kernel_ground_z

RPM_KERNEL_CALL double rpm_kernel_ground_z(const rpm_scene *scene, double x, double y);

#include "scene/ground.c"
#include "trace/leg.c"
#include "trace/party_wall.c"
#include "trace/visibility.c"
#include "trace/map_surface.c"
#include "trace/map_reflection.c"
#include "trace/map_diffraction.c"
#include "trace/map_sum.c"
#include "trace/map_points.c"
#include "trace/map_directions.c"
#include "trace/map_launch.c"
#include "trace/map_chain_search.c"
#include "trace/map_chain_area.c"
#include "trace/map_chain_way.c"
#include "trace/map_chain_piece.c"
#include "em/knife_edges.c"
#include "trace/band.c"
#include "trace/band_between.c"
#include "trace/band_lower.c"
#include "trace/band_round.c"
#include "trace/band_power.c"
#include "trace/roof_profile.c"
#include "trace/wall_corners.c"
#include "trace/facing_walls.c"
#include "trace/corner_reflection.c"
#include "trace/roof_reflection.c"
#include "trace/over_roofs.c"
#include "trace/building_entry.c"

#endif
