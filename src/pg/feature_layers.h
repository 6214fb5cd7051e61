/* feature_layers.h: the relations of a scene that features are drawn from, into the cells of a tile. */
#ifndef RPM_PG_FEATURE_LAYERS_H
#define RPM_PG_FEATURE_LAYERS_H

#include "postgres.h"

#include "map_grid.h"
#include "rpm_control.h"
#include "rpm_features.h"
#include "scene_row.h"

/* Which layers are wanted. */
typedef struct RpmFeatureLayers
{
	bool		buildings, land_use, roads, terrain, known;
} RpmFeatureLayers;

/*
 * Draws the rows whose boxes touch the grid.  The environment is the engine's memory and lives as long as the current memory context.
 * Rows with a geometry that cannot be used are left out, and a NOTICE counts them.  Known are the cells inside the scene's extent, or where it
 * has none inside the box about the buildings that were read; where there is any land use at all, of those the ones with land use or a building.
 * *marked: whether the same mark of a snapshot (snapshot_mark.h) means the same environment, without a NOTICE.
 * Errors: those of rpm_relation_open, 22004 (null geometry, class), 22023 (another SRID; a value that cannot be), 54000, 57014.
 */
extern rpm_environment *rpm_feature_layers_read(const RpmSceneRow *row, const RpmMapGrid *grid, const RpmFeatureLayers *layers,
												rpm_control *control, bool *marked);

#endif
