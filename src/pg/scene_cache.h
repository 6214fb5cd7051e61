/* scene_cache.h: the scenes that this session has built. */
#ifndef RPM_PG_SCENE_CACHE_H
#define RPM_PG_SCENE_CACHE_H

#include "postgres.h"

#include "read_material.h"
#include "rpm_device.h"
#include "scene_row.h"

/* A built scene.  Its geometry is kept; its materials are read at every call. */
typedef struct RpmScene
{
	const rpm_scene *scene;
	const rpm_query *query;
	int			material_count;
	char	  **material_names; /* sorted; scene->triangles[].material counts in it */
	char	  **material_users; /* the row that names each */
	RpmBox		box;			/* of the buildings; the scene's extent where it has one */
	bool		built;			/* by this call; else it was kept */
	struct KeptScene *kept;		/* private */
} RpmScene;

/*
 * The scene of a row, built unless it is kept and nothing in its relations has changed.  reach, which may be NULL, is a box that a flat
 * ground must reach.  It stays in memory until the current memory context is reset.  Errors: those of reading and building.
 */
extern RpmScene *rpm_scene_get(const RpmSceneRow *row, const RpmBox *reach, rpm_control *control);

/* A view of a scene with the materials of one frequency, in the current memory context; not to be freed by the engine. */
extern const rpm_scene *rpm_scene_at(const RpmScene *scene, rpm_material *materials);

/*
 * The scene on a device: brought there unless it lies there already, and kept there as long as the session keeps the scene.  Other
 * scenes of the session make room.  NULL where the device's memory is too small; *why then says so.  Other failures are errors.
 */
extern rpm_device_scene *rpm_scene_on(const RpmScene *scene, rpm_device *device, rpm_control *control, rpm_status *why);

/* One NOTICE when rows were skipped or repaired. */
extern void rpm_scene_notice_problems(const RpmScene *scene, const char *name);

#endif
