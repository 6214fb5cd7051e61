/* read_material.h: materials by name and frequency, from rpm.material. */
#ifndef RPM_PG_READ_MATERIAL_H
#define RPM_PG_READ_MATERIAL_H

#include "postgres.h"

#include "rpm_material.h"

typedef struct RpmMaterials RpmMaterials;

/*
 * Reads all frequency ranges of the named materials.  users[i] says who names material i, for messages ("building 7 of rpm.building").
 * Errors: 42704 for a name that rpm.material does not have.
 */
extern RpmMaterials *rpm_materials_read(int count, char *const *names, char *const *users);

/*
 * The materials at a frequency, in the order of the names: the range that holds it, else the nearest, which is remembered for
 * rpm_materials_notice.
 */
extern rpm_material *rpm_materials_at(RpmMaterials *materials, double frequency_hz);

/* One NOTICE that names the materials that were taken outside their ranges, if any. */
extern void rpm_materials_notice(const RpmMaterials *materials);

#endif
