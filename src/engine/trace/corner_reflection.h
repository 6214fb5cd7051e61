/*
 * corner_reflection.h: around corners and reflected once, at a wall of the receiver's street or of the antenna's.
 *
 * By images, as roof_reflection.h: the bands of wall_corners.h run to the image of the receiver or from that of the antenna, and see
 * nothing beyond the wall's plane.
 */
#ifndef RPM_CORNER_REFLECTION_H
#define RPM_CORNER_REFLECTION_H

#include "trace/roof_reflection.h"

/*
 * The power that comes by way of the wall around corners to either side; 0 without RPM_AROUND_CORNERS.  over: the answer to way->over.  Where
 * the line between the ends is free the map has the mirror's own field, and this is 0.  Ways that bring less than `least` for certain are left out.  Thread-safe.
 */
RPM_SHARED double rpm_map_corner_reflection(const rpm_map_job *job, const rpm_mirrored_way *way, const rpm_band *over, double least);

/* What corners that come near a mirrored ray in sight before the wall leave of its amplitude: a half at the shadow of one, as of the power above. */
RPM_SHARED double rpm_map_corner_clearance(const rpm_map_job *job, int32_t facet, rpm_vec3 image);

#endif
