/* clutter_tiles.h: residuals gathered by cell and written to rpm.clutter_residual, antenna by antenna. */
#ifndef RPM_PG_CLUTTER_TILES_H
#define RPM_PG_CLUTTER_TILES_H

#include "postgres.h"

#include "clutter_source.h"

typedef struct RpmClutterTiles RpmClutterTiles;

extern RpmClutterTiles *rpm_clutter_tiles_begin(int32 scene_id, const RpmClutterSource *source);

/* Residuals of one antenna (an index of the source's list) follow each other; when the next begins, those before are written. */
extern void rpm_clutter_tiles_add(RpmClutterTiles *tiles, int antenna, double x, double y, double residual_db);

/* Writes the last antenna, and a row of rpm.clutter_antenna for each that changed, also where nothing of it lay within the radius. */
extern void rpm_clutter_tiles_end(RpmClutterTiles *tiles);

#endif
