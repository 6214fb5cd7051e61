/*
 * postgis_functions.h: PostGIS by name: its schemas, types and functions, found through pg_extension, never through search_path.
 */
#ifndef RPM_PG_POSTGIS_FUNCTIONS_H
#define RPM_PG_POSTGIS_FUNCTIONS_H

#include "postgres.h"

typedef enum RpmPostgisFunction
{
	RPM_RASTER_FROM_WKB = 0,	/* st_rastfromwkb(bytea) -> raster */
	RPM_RASTER_AS_BINARY,		/* st_aswkb(raster) -> bytea */
	RPM_GEOMETRY_FROM_EWKB		/* st_geomfromewkb(bytea) -> geometry */
} RpmPostgisFunction;

/* Calls a PostGIS function of one argument that is not null.  Errors: 42883 when the extension is not as expected. */
extern Datum rpm_call_postgis(RpmPostgisFunction function, Datum argument);

/* Schemas as quoted identifiers, for the text of queries: of geometry, of raster, of the functions of this extension. */
extern const char *rpm_postgis_schema(void);
extern const char *rpm_raster_schema(void);
extern const char *rpm_function_schema(void);

/* The type geometry. */
extern Oid	rpm_geometry_type(void);
extern Oid	rpm_raster_type(void);

#endif
