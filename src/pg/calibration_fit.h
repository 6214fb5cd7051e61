/* calibration_fit.h: what rpm_calibration_fit reads, and how it is told and shown as jsonb. */
#ifndef RPM_PG_CALIBRATION_FIT_H
#define RPM_PG_CALIBRATION_FIT_H

#include "postgres.h"

#include "measurement_source.h"
#include "read_antenna.h"
#include "rpm_calibrate.h"
#include "rpm_split.h"
#include "scene_cache.h"

typedef struct RpmCalibrationQuestion
{
	int64		site;
	double		cell_size_m;	/* NaN: the scene's */
	double		radius_m;
	RpmMeasurementFilter filter;
	bool		holds_out;
	rpm_split_unit split;
	double		share;
	uint64_t	seed;
	rpm_calibrate_options fit;
	rpm_store_options store;
} RpmCalibrationQuestion;

/* Everything of a site that the engine takes, and what its result is told with. */
typedef struct RpmCalibrationSite
{
	RpmSceneRow *row;
	RpmScene   *scene;
	RpmAntennaList *antennas;
	rpm_calibrate_antenna *engine_antennas;
	rpm_calibrate_input input;
	size_t		cell_room;
	int64		unusable;		/* rows without a usable point or level */
	char	   *data_fingerprint;
	char	   *scene_fingerprint;
} RpmCalibrationSite;

/*
 * Reads the site's antennas, their measured cells and the scene.  scene NULL: the one that holds the site's antennas in rpm.antenna.
 * Errors: 42704 (unknown site or scene), 02000 (nothing measured), those of reading antennas, measurements and scenes.
 */
extern RpmCalibrationSite *rpm_calibration_site_read(const char *scene, const RpmCalibrationQuestion *question, rpm_control *control);

/* Takes values from a jsonb of the form that rpm_calibration_parameters_json gives.  Errors: 22023. */
extern void rpm_calibration_initial_take(const RpmCalibrationSite *site, Datum initial, rpm_calibration *calibration);

extern Datum rpm_calibration_parameters_json(const RpmCalibrationSite *site, const char *method, const rpm_calibration *calibration);

#endif
