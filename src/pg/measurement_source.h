/* measurement_source.h: where the measurements of an antenna are: which relations, in which plane, and their rows one by one. */
#ifndef RPM_PG_MEASUREMENT_SOURCE_H
#define RPM_PG_MEASUREMENT_SOURCE_H

#include "postgres.h"

#include "relation.h"
#include "rpm_control.h"
#include "scene_row.h"

typedef struct RpmMeasurementSource
{
	RpmSceneRow *scene;			/* of no scene: name "(none)", id 0, the antenna's SRID, the defaults of rpm.scene */
	RpmRelation *antennas;
	RpmRelation *measurements;
} RpmMeasurementSource;

/*
 * The relations and the plane for a scene's measurements; scene may be NULL where antenna_id is not: then the scene that holds the
 * antenna, or rpm.antenna and rpm.measurement where none does (SQL function rpm.measurement_source).
 * Errors: 42704 (no such scene, antenna in none or in several, no measurement_relation), 22023 (no plane in metres), those of
 * rpm_relation_open.
 */
extern RpmMeasurementSource *rpm_measurement_source_get(const char *scene, const int64 *antenna_id);

/* A place of an antenna in the scene's SRID. */
typedef struct RpmAntennaPlace
{
	int64		id;
	double		x, y;
} RpmAntennaPlace;

/*
 * The antennas with these ids, or, where ids is NULL, all in the scene that have a row in the measurements; by id.
 * Errors: 42704 (unknown id), 22023 (no point with finite coordinates, other SRID), 23505 (twice there).
 */
extern RpmAntennaPlace *rpm_antenna_places_read(const RpmMeasurementSource *source, const int64 *ids, int id_count, int *count);

/* Which rows are read. */
typedef struct RpmMeasurementFilter
{
	bool		by_indoor;
	bool		indoor;			/* where by_indoor: rows whose column indoor is this */
	double		max_accuracy_m; /* NaN: any; else rows whose position_accuracy_m is known and not above */
} RpmMeasurementFilter;

typedef struct RpmMeasurement
{
	double		x, y;			/* in the scene's SRID; NaN where the row has no usable point */
	double		level_dbm;
	double		accuracy_m;		/* NaN where not known */
} RpmMeasurement;

typedef void (*RpmMeasurementFunction) (void *argument, const RpmMeasurement *row);

/*
 * Calls function for every row of an antenna with a level, through a cursor: memory is that of one batch.  Rows in another SRID are
 * transformed.  Answers interrupts; control's progress counts the rows.
 */
extern void rpm_measurements_read(const RpmMeasurementSource *source, int64 antenna_id, const RpmMeasurementFilter *filter,
								  rpm_control *control, RpmMeasurementFunction function, void *argument);

#endif
