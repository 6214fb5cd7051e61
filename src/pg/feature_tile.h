/* feature_tile.h: the channels of an antenna over a tile: what rpm_features returns. */
#ifndef RPM_PG_FEATURE_TILE_H
#define RPM_PG_FEATURE_TILE_H

#include "postgres.h"

#include "map_grid.h"
#include "raster_read.h"
#include "raster_write.h"
#include "read_antenna.h"
#include "rpm_control.h"
#include "rpm_features.h"
#include "scene_row.h"

/* Channels by name. */
typedef struct RpmFeatureChannels
{
	int			count;
	rpm_feature channels[RPM_FEATURE_COUNT];
} RpmFeatureChannels;

/* text[] of names.  Errors: 22004 (null), 22023 (empty, unknown, twice). */
extern RpmFeatureChannels rpm_feature_channels(Datum array);

typedef struct RpmFeatureTile
{
	RpmMapGrid	grid;
	RpmFeatureChannels channels;
	RpmRasterDraft *draft;		/* a band for each channel */
	int64		known;			/* cells whose surroundings are known; -1: was not asked for */
	bool		marked;			/* for the same antenna the same mark of a snapshot (snapshot_mark.h) means the same tile */
} RpmFeatureTile;

/* The square of size_cells about an antenna, as rpm_ground_truth and rpm_predict have it.  Errors: 54000 (rpm_pg.max_memory). */
extern RpmMapGrid rpm_feature_grid(const RpmAntenna *antenna, double cell_size_m, int size_cells, int channel_count);

#define RPM_FEATURE_NODATA (-9999.0)

/*
 * The tile in the current memory context.  given: the map for channel "given", or NULL.  Errors: those of rpm_feature_layers_read and the
 * engine; 22023 (given asked for and not there, another SRID), 55000 (a channel of what others measured, and no model of it), 57014.
 */
extern RpmFeatureTile *rpm_feature_tile_read(const RpmSceneRow *row, const RpmAntenna *antenna, const RpmMapGrid *grid,
											 const RpmFeatureChannels *channels, const RpmRaster *given, rpm_control *control);

/* A NOTICE where less than half of the tile is known, by channel "known"; 22023 where nothing is. */
extern void rpm_feature_check_known(int64 known, const RpmMapGrid *grid, const RpmSceneRow *row, int64 antenna_id);

#endif
