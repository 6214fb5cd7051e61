/* source_query.h: what the queries on a scene's relations share. */
#ifndef RPM_PG_SOURCE_QUERY_H
#define RPM_PG_SOURCE_QUERY_H

#include "scene_source.h"

/* " WHERE ..." for rows that count (alias r): their boxes touch the extent and its surroundings; empty without extent.  Uses $1. */
extern const char *rpm_source_filter(const RpmSceneSource *source);

/* The argument of that filter: type and value; returns how many there are, 0 or 1. */
extern int	rpm_source_argument(const RpmSceneSource *source, Oid *type, Datum *value);

/* rpm_spi_query with that argument. */
extern void rpm_source_query(const RpmSceneSource *source, const char *query);

/* A material of a building (alias r): concrete where the column is missing or null. */
extern char *rpm_source_material_column(const RpmRelation *relation, const char *column);

#endif
