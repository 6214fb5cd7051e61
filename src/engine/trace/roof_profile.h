/*
 * roof_profile.h: the roofs (and the ground's ridges) in the vertical plane between a transmitter and a receiver.
 *
 * Made once for a transmitter from the edges that may stand against the sky: the scene's wedges that are not upright, and edges of
 * a single triangle (walls and roofs that share no corners, sheets).  They are kept by azimuth, nearest first, so that the profile to a
 * receiver is exact and costs some tens of crossings.  The profile is solid below its edges: what passes under a bridge is not seen.
 */
#ifndef RPM_ROOF_PROFILE_H
#define RPM_ROOF_PROFILE_H

#include "rpm_query.h"
#include "trace/band.h"

typedef struct rpm_roofs rpm_roofs;

/* Errors: RPM_OUT_OF_MEMORY, RPM_LIMIT_EXCEEDED, RPM_CANCELLED.  *roofs is the caller's (rpm_roofs_free). */
rpm_code	rpm_roofs_create(const rpm_scene *scene, const rpm_query *query, rpm_vec3 transmitter, double wavelength_m, rpm_control *control,
							 rpm_roofs **roofs, rpm_status *status);
void		rpm_roofs_free(rpm_roofs *roofs);

/* The same edges about another transmitter, without the corners of walls.  Errors as rpm_roofs_create. */
rpm_code	rpm_roofs_about(const rpm_roofs *roofs, rpm_vec3 transmitter, rpm_control *control, rpm_roofs **moved, rpm_status *status);

/* As `but` of a band over every building. */
#define RPM_EVERY_BUILDING (-2)

typedef enum rpm_roof_wish {RPM_ROOF_BEHIND = 0, RPM_ROOF_CORNERS_ONLY, RPM_ROOF_IN_SIGHT_TOO} rpm_roof_wish;

/* A band from the transmitter: over every building but one, by edges between from_m and to_m along the ground (0, INFINITY: all). */
typedef struct rpm_roof_question
{
	rpm_vec3	receiver;
	int32_t		but;			/* RPM_EVERY_BUILDING, or an index */
	double		from_m, to_m;
	rpm_roof_wish wish;
} rpm_roof_question;

/*
 * Whether something stands in the way; else the band has no corners, and with RPM_ROOF_IN_SIGHT_TOO the chain of what comes near from below;
 * without, its round_part is what creases of the ground leave of the straight ray.
 * With RPM_ROOF_CORNERS_ONLY it has no chain.  Thread-safe.
 */
RPM_SHARED bool rpm_roof_band(const rpm_roofs *roofs, const rpm_roof_question *question, rpm_band *band);

#endif
