/*
 * bvh_build.h: building our own hierarchy (rpm_bvh.h) over the triangles of a scene.
 */
#ifndef RPM_BVH_BUILD_H
#define RPM_BVH_BUILD_H

#include "rpm_bvh.h"

/* A hierarchy that owns its arrays. */
typedef struct rpm_bvh_arrays
{
	rpm_bvh_node *nodes;
	rpm_bvh_triangle *triangles;
	uint32_t	node_count, triangle_count;
} rpm_bvh_arrays;

/*
 * Builds by the surface area heuristic over 16 bins (I. Wald: On fast Construction of SAH-based Bounding Volume Hierarchies, RT 2007),
 * on the calling thread; below depth 32 by halves, which bounds the depth by RPM_BVH_DEPTH.  The caller frees both arrays, also after
 * a failure.  Errors: RPM_CANCELLED, RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_bvh_build(const rpm_scene *scene, rpm_control *control, rpm_bvh_arrays *arrays, rpm_status *status);

#endif
