/*
 * munich_scene.h: the city of test/data/munich.csv.xz as a scene (geometry (c) OpenStreetMap contributors, ODbL).
 */
#ifndef RPM_MUNICH_SCENE_H
#define RPM_MUNICH_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "rpm_scene_file.h"

#define MUNICH_FILE "test/data/munich.csv.xz"
#define MUNICH_FREQUENCY_HZ 3.5e9

/* The scene, its ground a surface of its own; only_material as in rpm_scene_file_read.  NULL: why is printed.  Needs the program xz. */
static inline rpm_scene *
munich_scene(rpm_scene_weld weld, const char *only_material)
{
	char		name[] = "/tmp/munich_XXXXXX", command[200];
	int			file = mkstemp(name);
	rpm_scene_options options;
	rpm_scene  *scene = NULL;
	rpm_status	status;

	if (file < 0)
		return NULL;
	close(file);
	snprintf(command, sizeof(command), "xz -dc %s > %s", MUNICH_FILE, name);
	rpm_status_clear(&status);
	rpm_scene_options_default(&options);
	options.ground_material = -1;
	/* The reference counts every wall that is farther than its step, here 1 to 4 cm. */
	options.party_wall_m = 0;
	if (system(command) != 0)
		printf("  xz cannot unpack %s\n", MUNICH_FILE);
	else if (rpm_scene_file_read(name, MUNICH_FREQUENCY_HZ, &options, weld, only_material, NULL, &scene, &status) != RPM_OK)
		printf("  %s: %s\n", MUNICH_FILE, status.message);
	unlink(name);
	return scene;
}

#endif
