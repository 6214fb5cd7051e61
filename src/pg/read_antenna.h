/* read_antenna.h: the antennas of a scene. */
#ifndef RPM_PG_READ_ANTENNA_H
#define RPM_PG_READ_ANTENNA_H

#include "postgres.h"

#include "rpm_antenna.h"
#include "scene_cache.h"
#include "scene_row.h"

typedef struct RpmAntenna
{
	int64		id;
	double		x, y;			/* world, the scene's SRID */
	double		height_m;		/* above ground */
	double		rs_power_dbm;	/* of one resource element; NaN when the row has no power */
	double		losses_db;
	double		convergence_deg;	/* grid convergence at the antenna */
	rpm_antenna antenna;		/* all but its position, which rpm_antenna_place sets */
} RpmAntenna;

typedef struct RpmAntennaList
{
	int			count;
	RpmAntenna *antennas;		/* by id */
} RpmAntennaList;

/*
 * The antennas with the given ids, or, when ids is NULL, the active ones inside the scene (its extent, else box, that of the
 * buildings); a NOTICE counts those that were left out.  pattern, which may be NULL, stands in for the antennas' own.
 * Errors: 42704 (unknown id or pattern), 22004 (null place, height or frequency), 22023 (wrong SRID, outside the scene, value that
 * cannot be), 02000 (no antenna at all).
 */
extern RpmAntennaList *rpm_antennas_read(const RpmSceneRow *row, const RpmBox *box, const int64 *ids, int id_count,
										 const char *pattern);

/* The engine's antenna with its position in the scene: local metres, height above the ground there. */
extern rpm_antenna rpm_antenna_place(const RpmAntenna *antenna, const rpm_scene *scene);

#endif
