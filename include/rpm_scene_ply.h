/*
 * rpm_scene_ply.h: a scene's triangles as a PLY file (Turk 1994), binary, little endian, which Mitsuba, Sionna RT, Blender and others read.
 */
#ifndef RPM_SCENE_PLY_H
#define RPM_SCENE_PLY_H

#include <stddef.h>
#include <stdint.h>

#include "rpm_scene.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_EVERY_MATERIAL (-1)

/* Triangles of a material, or of all. */
size_t		rpm_scene_triangles_of(const rpm_scene *scene, int material);

/*
 * The triangles of one material, or of all, then with two more numbers for each face, its material and its building as indices into the
 * scene (building -1: ground).  Vertices are the scene's local coordinates in single precision, each once; the header's comments name the origin,
 * to which they must be added, and the materials (names[scene->material_count]).  *bytes is the caller's (free).
 * Errors: RPM_LIMIT_EXCEEDED (before anything is taken), RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_scene_write_ply(const rpm_scene *scene, int material, const char *const *names, const rpm_control *control, uint8_t **bytes,
								size_t *size, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
