/* fit_measurements.h: what was measured of a scene's antennas, as rows of a path-loss fit. */
#ifndef RPM_PG_FIT_MEASUREMENTS_H
#define RPM_PG_FIT_MEASUREMENTS_H

#include "postgres.h"

#include "read_antenna.h"
#include "rpm_path_loss_fit.h"
#include "scene_row.h"

/* What is read, and how. */
typedef struct RpmFitQuestion
{
	RpmSceneRow *scene;
	unsigned	terms;			/* RPM_FIT_PATTERN ... */
	bool		by_site;		/* groups are sites, else antennas */
	bool		include_indoor;
} RpmFitQuestion;

typedef struct RpmFitMeasurements
{
	rpm_fit_rows rows;			/* palloc'd */
	int64	   *group_antenna;	/* by group: antenna's key; NULL by site */
	int64	   *group_site;		/* by group: site's key */
	bool	   *group_has_site;
} RpmFitMeasurements;

/* The keys of the antennas that stand on sites.  Errors: 42704 (a site without antennas), 42703 (no column site_id). */
extern int64 *rpm_fit_antennas_of_sites(const RpmSceneRow *scene, const int64 *sites, int site_count, int *count);

/*
 * Reads the measurements of the antennas with the given keys (NULL: the active ones of the scene).
 * Errors: those of rpm_antennas_read and rpm_relation_open, 22023 (no measurement relation, a measurement in another SRID), 54000, 53200.
 * A NOTICE counts what was left out: without place or level, of antennas without power or site.
 */
extern RpmFitMeasurements *rpm_fit_measurements_read(const RpmFitQuestion *question, const int64 *ids, int id_count, rpm_control *control);

#endif
