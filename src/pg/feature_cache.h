/* feature_cache.h: the features of antennas as a network takes them, kept by the session. */
#ifndef RPM_PG_FEATURE_CACHE_H
#define RPM_PG_FEATURE_CACHE_H

#include "postgres.h"

#include "feature_tile.h"

/* rpm_pg.feature_cache in MB: what the features kept by one session may take; 0: none are kept. */
extern int	rpm_setting_feature_cache_mb;

typedef struct RpmFeatureValues
{
	const float *values;		/* channels x rows x columns */
	int64		known;			/* as of RpmFeatureTile */
} RpmFeatureValues;

/*
 * The values of rpm_feature_tile_read without a given map: read and computed unless they are kept and no table can have changed (snapshot_mark.h).
 * They stay until the next call, or until the current memory context is reset where they are not kept.  Errors: those of rpm_feature_tile_read.
 */
extern RpmFeatureValues rpm_feature_values(const RpmSceneRow *row, const RpmAntenna *antenna, const RpmMapGrid *grid,
										   const RpmFeatureChannels *channels, rpm_control *control);

#endif
