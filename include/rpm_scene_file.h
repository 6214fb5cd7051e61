/*
 * rpm_scene_file.h: a scene from a plain text file, without a database.
 */
#ifndef RPM_SCENE_FILE_H
#define RPM_SCENE_FILE_H

#include "rpm_scene.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which rows share vertices and edges. */
typedef enum rpm_scene_weld
{
	RPM_WELD_ALL = 0,
	RPM_WELD_NAME,				/* rows of one name: a building's walls and roof */
	RPM_WELD_ROW
} rpm_scene_weld;

/*
 * Reads comma separated values with a header: name, material, wkt, and optionally height_m and roof_material, in any order, fields quoted
 * where they hold commas.  wkt is a (MULTI)POLYGON, TIN, TRIANGLE, POLYHEDRALSURFACE or GEOMETRYCOLLECTION, with or without Z.  Materials are ITU-R P.2040
 * names.  The building id is the number of the data row, from 1; rows named "ground" or "floor" are the ground surface.  options->ground_material
 * counts among the file's materials in the order of their first appearance (-1: no flat ground).  only_material, where not NULL, takes
 * the place of every material.  Errors: RPM_INVALID_ARGUMENT (file, header, material; names the line), and those of the builder.
 */
rpm_code	rpm_scene_file_read(const char *path, double frequency_hz, const rpm_scene_options *options, rpm_scene_weld weld,
								const char *only_material, rpm_control *control, rpm_scene **scene, rpm_status *status);

/* The index of the building with this id, or RPM_NO_BUILDING. */
int32_t		rpm_scene_find_building(const rpm_scene *scene, int64_t id);

/*
 * Well-known text as WKB in this machine's byte order; *wkb is the caller's to free.  The types named above, Z, M or ZM.
 * Errors: RPM_INVALID_GEOMETRY (says at which character), RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_wkb_from_wkt(const char *wkt, uint8_t **wkb, size_t *size, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
