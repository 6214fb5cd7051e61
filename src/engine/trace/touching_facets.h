/*
 * touching_facets.h: which facets stand beside each other.
 *
 * Upright facets touch upright ones, others others, where their boxes come within 1 cm of each other; facets of more than 300 m, as a
 * whole plain, touch none.  The relation holds both ways.
 */
#ifndef RPM_TOUCHING_FACETS_H
#define RPM_TOUCHING_FACETS_H

#include "rpm_scene.h"

typedef struct rpm_touching_facets
{
	const rpm_scene *scene;
	double		west, south, step_m;	/* squares as seen from above */
	int			columns, rows;
	uint32_t   *first;			/* squares + 1: first of its facets */
	int32_t    *facets;			/* of each square */
} rpm_touching_facets;

typedef void (*rpm_touching_function) (void *context, int32_t facet);

/* *touching is the caller's (rpm_touching_facets_free) also after an error.  Errors: RPM_OUT_OF_MEMORY, of rpm_reserve. */
rpm_code	rpm_touching_facets_create(const rpm_scene *scene, rpm_control *control, rpm_touching_facets *touching, rpm_status *status);
void		rpm_touching_facets_free(rpm_touching_facets *touching);
/* Calls the function once for each facet that touches this one. */
void		rpm_touching_facets_of(const rpm_touching_facets *touching, int32_t facet, rpm_touching_function function, void *context);

#endif
