/*
 * ground_creases.h: edges of a ground surface over which it bends down by so little that they are no wedges.
 */
#ifndef RPM_GROUND_CREASES_H
#define RPM_GROUND_CREASES_H

#include "rpm_scene.h"

typedef struct rpm_ground_crease { uint32_t a, b; } rpm_ground_crease;	/* vertices */

/* All of them; *creases is the caller's to free, NULL over flat ground.  Errors: RPM_OUT_OF_MEMORY, RPM_CANCELLED, of rpm_reserve. */
rpm_code	rpm_ground_creases(const rpm_scene *scene, rpm_control *control, rpm_ground_crease **creases, size_t *count, rpm_status *status);

#endif
