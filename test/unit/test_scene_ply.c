/* test_scene_ply.c: a scene's mesh as a file, read back by a reader of its own and held against the scene. */
#include "unit.h"
#include "city.h"
#include "rpm_scene_ply.h"

typedef struct ply
{
	size_t		vertices, faces;
	bool		labelled;
	char		header[4096];
	const uint8_t *vertex, *face;	/* where they begin */
	size_t		face_bytes;
} ply;

/* The header's numbers; false where the file is not what it says. */
static bool
read_ply(const uint8_t *bytes, size_t size, ply *file)
{
	const char *end = NULL;
	unsigned	vertices,
				faces;

	memset(file, 0, sizeof(*file));
	for (size_t i = 0; i + 11 <= size && i < sizeof(file->header) && end == NULL; i++)
		if (memcmp(bytes + i, "end_header\n", 11) == 0)
			end = (const char *) bytes + i + 11;
	if (end == NULL)
		return false;
	memcpy(file->header, bytes, (size_t) ((const uint8_t *) end - bytes));
	if (strncmp(file->header, "ply\nformat binary_little_endian 1.0\n", 36) != 0 ||
		sscanf(strstr(file->header, "element vertex"), "element vertex %u\nproperty float x\nproperty float y\nproperty float z\nelement face %u",
			   &vertices, &faces) != 2)
		return false;
	file->labelled = strstr(file->header, "property int material\nproperty int building\n") != NULL;
	file->vertices = vertices;
	file->faces = faces;
	file->vertex = (const uint8_t *) end;
	file->face = file->vertex + 12 * file->vertices;
	file->face_bytes = 13 + (file->labelled ? 8 : 0);
	return file->face + file->face_bytes * file->faces == bytes + size;
}

static int32_t
whole(const uint8_t *at)
{
	return (int32_t) ((uint32_t) at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 | (uint32_t) at[3] << 24);
}

static float
number(const uint8_t *at)
{
	int32_t		bits = whole(at);
	float		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Face f of the file is triangle i of the scene: the same corners in the same order. */
static void
check_face(const rpm_scene *scene, size_t i, const ply *file, size_t f)
{
	const uint8_t *face = file->face + f * file->face_bytes;

	CHECK(face[0] == 3);
	for (int k = 0; k < 3; k++)
	{
		int32_t		vertex = whole(face + 1 + 4 * k);
		rpm_vec3	p = scene->vertices[scene->triangles[i].vertex[k]];

		CHECK(vertex >= 0 && (size_t) vertex < file->vertices);
		CHECK(number(file->vertex + 12 * vertex) == (float) p.x && number(file->vertex + 12 * vertex + 4) == (float) p.y &&
			  number(file->vertex + 12 * vertex + 8) == (float) p.z);
	}
	if (file->labelled)
		CHECK(whole(face + 13) == scene->triangles[i].material && whole(face + 17) == scene->triangles[i].building);
}

static const city_row town[] = {
	{1, "POLYGON((0 0,10 0,10 20,0 20,0 0),(2 2,4 2,4 4,2 4,2 2))", 5, false, 0},
	{2, "POLYGON((30 0,40 0,35 20,30 0))", 12.345, false, 0},
	{3, "TIN Z(((50 0 0,60 0 0,55 10 7,50 0 0)))", 0, false, 0}
};
static const char *const names[CITY_MATERIALS] = {"brick", "roof \"felt\"\n", "earth"};

static rpm_scene *
town_scene(void)
{
	rpm_scene_options options;

	rpm_scene_options_default(&options);
	options.ground_material = 2;
	return city(&options, town, 3);
}

static void
every_triangle_is_in_the_file(void)
{
	rpm_scene  *scene = town_scene();
	uint8_t    *bytes;
	size_t		size;
	rpm_status	status;
	ply			file;

	rpm_status_clear(&status);
	CHECK(scene != NULL && rpm_scene_write_ply(scene, RPM_EVERY_MATERIAL, names, NULL, &bytes, &size, &status) == RPM_OK);
	CHECK(read_ply(bytes, size, &file) && file.labelled);
	CHECK(file.faces == scene->triangle_count && file.vertices <= scene->vertex_count);
	for (size_t i = 0; i < scene->triangle_count; i++)
		check_face(scene, i, &file, i);
	CHECK(strstr(file.header, "comment material 1 roof \"felt\" \n") != NULL);
	free(bytes);
	rpm_scene_free(scene);
}

/* The files of the materials together are the scene; each has only the vertices that it needs. */
static void
materials_are_files_of_their_own(void)
{
	rpm_scene  *scene = town_scene();
	size_t		faces = 0;
	rpm_status	status;

	rpm_status_clear(&status);
	for (int material = 0; material < CITY_MATERIALS; material++)
	{
		uint8_t    *bytes;
		size_t		size,
					f = 0;
		ply			file;
		bool	   *used;

		CHECK(rpm_scene_write_ply(scene, material, names, NULL, &bytes, &size, &status) == RPM_OK);
		CHECK(read_ply(bytes, size, &file) && !file.labelled && file.faces == rpm_scene_triangles_of(scene, material));
		used = calloc(file.vertices + 1, sizeof(bool));
		for (size_t i = 0; i < scene->triangle_count; i++)
			if (scene->triangles[i].material == material)
				check_face(scene, i, &file, f++);
		for (size_t i = 0; i < 3 * file.faces; i++)
			used[whole(file.face + i / 3 * file.face_bytes + 1 + 4 * (i % 3))] = true;
		for (size_t i = 0; i < file.vertices; i++)
			CHECK(used[i]);
		CHECK(f == file.faces && f > 0);
		faces += f;
		free(used);
		free(bytes);
	}
	CHECK(faces == scene->triangle_count);
	rpm_scene_free(scene);
}

static void
nothing_memory_and_stop(void)
{
	rpm_scene  *scene = town_scene();
	rpm_control control = {.threads = 1, .memory_limit_bytes = 100};
	uint8_t    *bytes;
	size_t		size;
	rpm_status	status;
	ply			file;

	rpm_status_clear(&status);
	CHECK(rpm_scene_write_ply(scene, RPM_EVERY_MATERIAL, names, &control, &bytes, &size, &status) == RPM_LIMIT_EXCEEDED && bytes == NULL);
	control.memory_limit_bytes = 0;
	control.stop = 1;
	rpm_status_clear(&status);
	CHECK(rpm_scene_write_ply(scene, RPM_EVERY_MATERIAL, names, &control, &bytes, &size, &status) == RPM_CANCELLED && bytes == NULL);
	rpm_status_clear(&status);
	scene->triangle_count = 0;
	CHECK(rpm_scene_write_ply(scene, RPM_EVERY_MATERIAL, names, NULL, &bytes, &size, &status) == RPM_OK);
	CHECK(read_ply(bytes, size, &file) && file.faces == 0 && file.vertices == 0);
	free(bytes);
	rpm_scene_free(scene);
}

int
main(void)
{
	RUN(every_triangle_is_in_the_file);
	RUN(materials_are_files_of_their_own);
	RUN(nothing_memory_and_stop);
	return unit_summary("scene_ply");
}
