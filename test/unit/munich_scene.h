/*
 * munich_scene.h: the city of test/data/munich.csv.xz as a scene (geometry (c) OpenStreetMap contributors, ODbL).
 *
 * Reads name, material and TIN Z of each row and hands them to the scene builder as WKB.  Needs the program xz.
 */
#ifndef RPM_MUNICH_SCENE_H
#define RPM_MUNICH_SCENE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpm_material_table.h"
#include "rpm_scene.h"

#define MUNICH_FILE "test/data/munich.csv.xz"
#define MUNICH_FREQUENCY_HZ 3.5e9
#define MUNICH_MATERIALS 5

static const char *const munich_materials[MUNICH_MATERIALS] = {"brick", "concrete", "marble", "metal", "wood"};

/* ISO WKB, little-endian as the machine: TIN Z is 1016, TRIANGLE Z 1017.  Four points a triangle; returns the size, 0 on nonsense. */
static inline size_t
munich_wkb(const char *wkt, uint8_t **wkb, size_t *capacity)
{
	size_t		size = 9;
	uint32_t	triangles = 0, tin = 1016;

	for (const char *p = strchr(wkt, '('); p != NULL && *p != '\0';)
	{
		uint32_t	head[3] = {1017, 1, 4};
		double		points[12];
		char	   *end;

		for (int i = 0; i < 12; i++)
		{
			p += strspn(p, "(), ");
			points[i] = strtod(p, &end);
			if (end == p)
				return 0;
			p = end;
		}
		if (size + 109 > *capacity)
		{
			*capacity = *capacity * 2 + 1024;
			*wkb = realloc(*wkb, *capacity);
			if (*wkb == NULL)
				return 0;
		}
		(*wkb)[size] = 1;
		memcpy(*wkb + size + 1, head, 12);
		memcpy(*wkb + size + 13, points, 96);
		size += 109;
		triangles++;
		p += strspn(p, "(), \"\r\n");
	}
	if (triangles == 0)
		return 0;
	(*wkb)[0] = 1;
	memcpy(*wkb + 1, &tin, 4);
	memcpy(*wkb + 5, &triangles, 4);
	return size;
}

/* FNV-1a: rows of one name are one group where buildings are welded. */
static inline int64_t
munich_group(const char *name)
{
	uint64_t	hash = 0xcbf29ce484222325u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t) *name) * 0x100000001b3u;
	return (int64_t) (hash >> 2 | 1);
}

/* Adds a line of the file; line_number is the row's id. */
static inline rpm_code
munich_add_line(rpm_scene_builder *builder, char *line, int64_t line_number, bool welded, uint8_t **wkb, size_t *capacity,
				rpm_status *status)
{
	char	   *material = strchr(line, ','), *wkt = material ? strchr(material + 1, ',') : NULL;
	rpm_building_row row = {.id = line_number, .height_m = NAN, .wall_material = -1};

	if (wkt == NULL)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "line %lld has no three columns", (long long) line_number);
	*material++ = '\0';
	*wkt++ = '\0';
	for (int i = 0; i < MUNICH_MATERIALS; i++)
		if (strcmp(material, munich_materials[i]) == 0)
			row.wall_material = row.roof_material = i;
	row.wkb_size = munich_wkb(wkt, wkb, capacity);
	row.wkb = *wkb;
	if (row.wkb_size == 0 || row.wall_material < 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "line %lld cannot be read", (long long) line_number);
	row.is_ground = strcmp(line, "ground") == 0;
	row.weld_group = welded ? munich_group(line) : line_number;
	return rpm_scene_builder_add(builder, &row, status);
}

static inline rpm_code
munich_add_lines(rpm_scene_builder *builder, FILE *file, bool welded, rpm_status *status)
{
	char	   *line = NULL;
	size_t		line_capacity = 0, wkb_capacity = 2048;
	uint8_t    *wkb = malloc(wkb_capacity);
	rpm_code	code = RPM_OK;

	for (int64_t number = 1; code == RPM_OK && getline(&line, &line_capacity, file) > 0; number++)
		if (number > 1)
			code = munich_add_line(builder, line, number, welded, &wkb, &wkb_capacity, status);
	free(line);
	free(wkb);
	return code;
}

/* welded: the rows of one name share vertices, so that eaves are edges; else every row is a surface of its own.  NULL: a message is printed. */
static inline rpm_scene *
munich_scene(bool welded)
{
	rpm_material materials[MUNICH_MATERIALS];
	rpm_scene_options options;
	rpm_scene_builder *builder;
	rpm_scene  *scene = NULL;
	rpm_status	status;
	FILE	   *file = popen("xz -dc " MUNICH_FILE, "r");
	rpm_code	code = RPM_OK;

	rpm_status_clear(&status);
	rpm_scene_options_default(&options);
	options.ground_material = -1;
	for (int i = 0; i < MUNICH_MATERIALS && code == RPM_OK; i++)
		code = rpm_find_material(munich_materials[i], MUNICH_FREQUENCY_HZ, &materials[i], NULL, &status);
	builder = rpm_scene_builder_create(&options, materials, MUNICH_MATERIALS, NULL, &status);
	if (file != NULL && builder != NULL && code == RPM_OK)
		code = munich_add_lines(builder, file, welded, &status);
	if (builder != NULL && code == RPM_OK)
		code = rpm_scene_builder_finish(builder, &scene, &status);
	if (builder != NULL)
		rpm_scene_builder_free(builder);
	if (file == NULL || pclose(file) != 0 || code != RPM_OK || scene == NULL || scene->triangle_count == 0)
		printf("  cannot build %s: %s\n", MUNICH_FILE, status.message);
	return scene;
}

#endif
