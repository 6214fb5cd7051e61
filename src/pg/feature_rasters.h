/* feature_rasters.h: environments that come as rasters. */
#ifndef RPM_PG_FEATURE_RASTERS_H
#define RPM_PG_FEATURE_RASTERS_H

#include "postgres.h"

#include "rpm_features.h"
#include "scene_row.h"

/*
 * Draws the rasters of a relation (column rast; bands: building height, land use, ground, road; later ones may be missing) that touch the
 * environment's grid.  Errors: those of rpm_relation_open and rpm_raster_read; 22023 (another SRID, a value that cannot be), 57014.
 */
extern void rpm_feature_rasters_read(const RpmSceneRow *row, Oid relation, rpm_environment *environment);

#endif
