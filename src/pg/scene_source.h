/* scene_source.h: the rows that a scene is built from. */
#ifndef RPM_PG_SCENE_SOURCE_H
#define RPM_PG_SCENE_SOURCE_H

#include "postgres.h"

#include "relation.h"
#include "rpm_scene.h"
#include "scene_row.h"

/* Where the maps of a scene end, buildings still count so far beyond: they reflect into it. */
#define RPM_SURROUNDINGS_M 500.0

typedef struct RpmSceneSource
{
	const RpmSceneRow *row;
	RpmRelation *buildings;
	RpmRelation *terrain;		/* NULL: flat ground */
} RpmSceneSource;

/* Checks that the relations of the scene are there and may be read. */
extern RpmSceneSource *rpm_source_open(const RpmSceneRow *row);

/* A text that changes when a setting of the scene changes, or what its relations are. */
extern char *rpm_source_settings(const RpmSceneSource *source);

/*
 * A text that changes when a row that counts is inserted, deleted or updated by anybody.  Tables and
 * materialized views: over the versions of the visible rows (ctid, xmin), no geometry is read.  Other relations: over all values.
 */
extern char *rpm_source_fingerprint(const RpmSceneSource *source);

/* Whether the same mark of a snapshot (snapshot_mark.h) means the same fingerprint. */
extern bool rpm_source_is_marked(const RpmSceneSource *source);

/* The box of the extent, or where there is none of the buildings; false when there are none either. */
extern bool rpm_source_box(const RpmSceneSource *source, RpmBox *box);

/*
 * The names of all materials, sorted, each once, and for each the row that names it ("building 7 of rpm.building").
 */
extern int	rpm_source_materials(const RpmSceneSource *source, char ***names, char ***users);

/*
 * Gives every row to the builder, with materials numbered as in names; counts rows in control.  Errors: 22004 (null key or geometry),
 * 22023 (wrong SRID), 54000 (more than rpm_pg.max_memory), and under strict the engine's refusal of a row.
 */
extern void rpm_source_read(const RpmSceneSource *source, rpm_scene_builder *builder, int material_count, char *const *names,
							rpm_control *control);

#endif
