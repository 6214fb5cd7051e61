/*
 * reference_party_wall.c: which walls count as one in the reference maps, to show by how much the definitions differ.
 *
 * Linked before the engine's library it stands for party_wall.c.  The reference starts a ray anew a little beyond each surface, by
 * (1 + the largest coordinate) 1500 2^-24 along the normal, 2 to 6 cm here, and does not see what is nearer.  This is the step of
 * Mitsuba 3 (include/mitsuba/render/interaction.h, offset_p), which it traces with.
 */
#include <math.h>

#include "trace/leg.h"

#define STEP_RELATIVE (1500 * 0x1p-24)
/* The reference's own origin. */
#define ORIGIN_X 691696.0
#define ORIGIN_Y 5334723.0

bool
rpm_is_party_wall(const rpm_scene *scene, int32_t first, int32_t second, double distance_m, rpm_vec3 direction)
{
	const rpm_facet *a = &scene->facets[first];
	rpm_vec3	p = rpm_scale(rpm_add(a->low, a->high), 0.5);
	double		largest = fmax(fabs(p.x + scene->origin[0] - ORIGIN_X), fmax(fabs(p.y + scene->origin[1] - ORIGIN_Y), fabs(p.z + scene->origin[2])));

	(void) second;
	return distance_m * fabs(rpm_dot(direction, a->normal)) < (1 + largest) * STEP_RELATIVE;
}
