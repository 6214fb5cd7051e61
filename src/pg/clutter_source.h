/* clutter_source.h: the antennas and measurements of a scene as rpm_refresh_clutter_residual reads them. */
#ifndef RPM_PG_CLUTTER_SOURCE_H
#define RPM_PG_CLUTTER_SOURCE_H

#include "postgres.h"

#include "relation.h"
#include "rpm_clutter.h"
#include "scene_row.h"

/* An antenna with measurements. */
typedef struct RpmClutterAntenna
{
	int64		id;
	bool		has_site;
	int64		site_id;
	rpm_clutter_antenna antenna;
	int64		measurements;	/* that can be used, before the radius */
	char	   *fingerprint;
	bool		changed;		/* not, or not in this state, in the layer */
} RpmClutterAntenna;

typedef struct RpmClutterSource
{
	const RpmSceneRow *row;
	RpmRelation *antennas, *measurements;
	int			count;
	RpmClutterAntenna *antenna; /* by id */
	int64		usable;			/* measurements of these antennas */
	int64		left_out;		/* rows of the measurement relation beyond them */
	int			unusable_antennas;	/* measured, but without place, height or frequency in the scene's SRID */
} RpmClutterSource;

/*
 * Which antennas were measured, and which of them changed since the layer was written.  Errors: 42P01, 42809, 42703, 42501 (relations),
 * 22004 (the scene names no measurement relation).
 */
extern RpmClutterSource *rpm_clutter_source_open(const RpmSceneRow *row);

/* Called for each measurement; antenna is an index of source->antenna. */
typedef void (*RpmClutterVisit) (void *context, int antenna, double x, double y, double rsrp_dbm);

/*
 * Reads the measurements of the antennas that have changed (all: of every antenna), antenna by antenna in the order of the list.  one_in: only every so
 * many-th of them, chosen by a hash of place and level.
 */
extern void rpm_clutter_source_read(const RpmClutterSource *source, bool all, int64 one_in, rpm_control *control, RpmClutterVisit visit,
									void *context);

#endif
