/*
 * visibility.h: which facets and wedges a point sees.
 */
#ifndef RPM_VISIBILITY_H
#define RPM_VISIBILITY_H

#include "trace/occluders.h"

/* Indices in rising order, and a flag per facet and per wedge. */
typedef struct rpm_visible_set
{
	uint8_t    *facet_seen;		/* scene->facet_count */
	int32_t    *facets;
	size_t		facet_count;
	uint8_t    *wedge_seen;		/* scene->wedge_count */
	int32_t    *wedges;
	size_t		wedge_count;
} rpm_visible_set;

/* What is looked for: facets by all means or by their sample points alone, wedges. */
enum { RPM_SEEN_FACETS = 1, RPM_SEEN_FACETS_BY_SAMPLES = 2, RPM_SEEN_WEDGES = 4 };

/*
 * What `point` (local metres) sees: facets hit first by a lattice of rays or with a sample point (16 to 256 on each triangle, by its
 * solid angle) in view; wedges with a sample point in view (every metre, 1 cm off the edge) from outside.  A sampled answer: a facet
 * whose visible part is smaller than the spacing may be missing, none is there in vain.  What a wall of `occluders` (NULL: none are
 * known) hides as a whole is not sampled, which changes nothing but the time.  `seen` says what is looked for; flags of the rest stay 0.  *set is the caller's (rpm_visible_set_free)
 * also after an error.  Errors: RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_visible_set_find(const rpm_scene *scene, const rpm_query *query, const rpm_occluders *occluders, rpm_vec3 point,
								 int seen, rpm_control *control, rpm_visible_set *set, rpm_status *status);
void		rpm_visible_set_free(rpm_visible_set *set);

/* Whether the point lies in the outside sector of the wedge (phi from 0 to n_pi). */
RPM_SHARED bool rpm_wedge_sees(const rpm_wedge *wedge, rpm_vec3 point);

/* Direction i of a Fibonacci lattice of `count` on the sphere, each standing for the solid angle 4 pi / count. */
rpm_vec3	rpm_lattice_direction(int64_t i, int64_t count);

#endif
