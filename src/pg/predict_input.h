/* predict_input.h: what a prediction reads: the antenna, those of its site and others, and their measurements, as plain arrays. */
#ifndef RPM_PG_PREDICT_INPUT_H
#define RPM_PG_PREDICT_INPUT_H

#include "postgres.h"

#include "measurement_source.h"
#include "rpm_control.h"
#include "rpm_predict.h"
#include "scene_row.h"

/* Whose measurements count beside the antenna's own. */
typedef enum RpmSharing
{
	RPM_SHARING_NONE,
	RPM_SHARING_SITE,
	RPM_SHARING_ALL
} RpmSharing;

typedef struct RpmPredictInput
{
	double		x, y;			/* the antenna, world: the origin of all coordinates here */
	int			antenna_count;
	rpm_predict_antenna *antennas;	/* the one that is predicted first */
	size_t		point_count;
	rpm_predict_point *points;
	int64		outside;		/* rows of the antenna beyond the map and its surroundings */
	int64		unusable;		/* rows of the antenna without a usable point or level */
} RpmPredictInput;

/* The place of the antenna.  Errors: 42704 (unknown), 22023 (other SRID, no point). */
extern RpmAntennaPlace rpm_predict_place(const RpmMeasurementSource *source, int64 antenna_id);

/*
 * Reads within the box and its surroundings (RPM_SURROUNDINGS_M).  Rows whose position is uncertain weigh less.  Errors: those of
 * rpm_antennas_read; 54000 when rpm_pg.max_memory does not suffice.
 */
extern RpmPredictInput *rpm_predict_input_read(const RpmMeasurementSource *source, int64 antenna_id, const RpmBox *box,
											   RpmSharing sharing, rpm_control *control);

#endif
