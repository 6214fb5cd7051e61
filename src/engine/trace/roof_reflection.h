/*
 * roof_reflection.h: over the roofs and reflected once, at a wall of the receiver's street or of the antenna's.
 *
 * By images: behind the last roof the band runs to the image of the receiver in the wall; before the first one it comes from the image of
 * the antenna.  Powers are added.
 */
#ifndef RPM_ROOF_REFLECTION_H
#define RPM_ROOF_REFLECTION_H

#include "trace/map_internal.h"

/* The walls of a scene and the antenna's images in those near it.  Errors: RPM_OUT_OF_MEMORY, of rpm_reserve, RPM_CANCELLED. */
rpm_code	rpm_roof_mirrors_create(const rpm_map_job *job, struct rpm_roof_mirrors **mirrors, rpm_status *status);
void		rpm_roof_mirrors_free(struct rpm_roof_mirrors *mirrors);

/* The power at a point; ways that bring less than `least` for certain are left out.  Thread-safe. */
double		rpm_map_roof_reflection(const rpm_map_job *job, rpm_vec3 point, double least);

/*
 * What edges that come near the way to the wall leave of a ray that the wall mirrors in sight of the antenna: a factor on its amplitude, which is
 * a half at the edge's shadow as that of the power above.  1 where nothing is near.
 */
double		rpm_map_mirror_clearance(const rpm_map_job *job, int32_t facet, rpm_vec3 point);

#endif
