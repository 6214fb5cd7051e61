/* ply.c: a scene's triangles as a PLY file (rpm_scene_ply.h). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpm_scene_ply.h"

#define HEADER_BYTES 1024
#define NAME_BYTES 200			/* of a material's line */
#define VERTEX_BYTES (3 * sizeof(float))
#define FACE_BYTES (1 + 3 * sizeof(int32_t))
#define LABEL_BYTES (2 * sizeof(int32_t))
#define UNUSED UINT32_MAX
#define POLL 65536

typedef struct writer
{
	uint8_t    *at;
	uint8_t    *header_end;		/* room for the header ends here */
} writer;

static bool takes(const rpm_triangle *triangle, int material);
static uint32_t number_vertices(const rpm_scene *scene, int material, uint32_t *number);
static void write_header(writer *to, const rpm_scene *scene, int material, const char *const *names, uint32_t vertices, size_t faces);
static void line(writer *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void write_vertices(writer *to, const rpm_scene *scene, int material, uint32_t *number);
static bool write_faces(writer *to, const rpm_scene *scene, int material, const uint32_t *number, const rpm_control *control);
static void put(writer *to, uint32_t bits);

size_t
rpm_scene_triangles_of(const rpm_scene *scene, int material)
{
	size_t		count = 0;

	for (size_t i = 0; i < scene->triangle_count; i++)
		count += takes(&scene->triangles[i], material);
	return count;
}

rpm_code
rpm_scene_write_ply(const rpm_scene *scene, int material, const char *const *names, const rpm_control *control, uint8_t **bytes,
					size_t *size, rpm_status *status)
{
	size_t		faces = rpm_scene_triangles_of(scene, material),
				header = HEADER_BYTES + NAME_BYTES * scene->material_count,
				most = header + scene->vertex_count * VERTEX_BYTES + faces * (FACE_BYTES + LABEL_BYTES);
	uint32_t   *number;
	uint32_t	vertices;
	writer		to;
	bool		done;

	*bytes = NULL;
	*size = 0;
	if (rpm_reserve(control, most + scene->vertex_count * sizeof(uint32_t), "the mesh of the scene", status) != RPM_OK)
		return status->code;
	number = malloc((scene->vertex_count + 1) * sizeof(uint32_t));
	to.at = *bytes = malloc(most);
	if (number == NULL || *bytes == NULL)
	{
		free(number);
		free(*bytes);
		*bytes = NULL;
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for a mesh of %zu triangles", faces);
	}
	to.header_end = to.at + header;
	vertices = number_vertices(scene, material, number);
	write_header(&to, scene, material, names, vertices, faces);
	write_vertices(&to, scene, material, number);
	done = write_faces(&to, scene, material, number, control);
	free(number);
	*size = (size_t) (to.at - *bytes);
	if (done)
		return RPM_OK;
	free(*bytes);
	*bytes = NULL;
	return rpm_fail(status, RPM_CANCELLED, NULL, "stopped while writing a mesh");
}

static bool
takes(const rpm_triangle *triangle, int material)
{
	return material == RPM_EVERY_MATERIAL || triangle->material == material;
}

/* In the order in which the triangles use them. */
static uint32_t
number_vertices(const rpm_scene *scene, int material, uint32_t *number)
{
	uint32_t	count = 0;

	for (size_t i = 0; i < scene->vertex_count; i++)
		number[i] = UNUSED;
	for (size_t i = 0; i < scene->triangle_count; i++)
		for (int k = 0; k < 3 && takes(&scene->triangles[i], material); k++)
			if (number[scene->triangles[i].vertex[k]] == UNUSED)
				number[scene->triangles[i].vertex[k]] = count++;
	return count;
}

static void
write_header(writer *to, const rpm_scene *scene, int material, const char *const *names, uint32_t vertices, size_t faces)
{
	line(to, "ply\nformat binary_little_endian 1.0\ncomment metres east, north and up of %.3f %.3f %.3f\n", scene->origin[0],
		 scene->origin[1], scene->origin[2]);
	for (size_t i = 0; i < scene->material_count; i++)
		if (material == RPM_EVERY_MATERIAL || (size_t) material == i)
		{
			char		name[NAME_BYTES - 40];

			snprintf(name, sizeof(name), "%s", names[i]);
			for (char *c = name; *c != '\0'; c++)
				if ((unsigned char) *c < ' ')
					*c = ' ';
			line(to, "comment material %zu %s\n", i, name);
		}
	line(to, "element vertex %u\nproperty float x\nproperty float y\nproperty float z\nelement face %zu\n"
		 "property list uchar int vertex_indices\n", vertices, faces);
	if (material == RPM_EVERY_MATERIAL)
		line(to, "property int material\nproperty int building\n");
	line(to, "end_header\n");
}

static void
line(writer *to, const char *format, ...)
{
	va_list		arguments;

	va_start(arguments, format);
	to->at += vsnprintf((char *) to->at, (size_t) (to->header_end - to->at), format, arguments);
	va_end(arguments);
}

/* Vertices come in the order of their numbers, since those were given in the order of the triangles. */
static void
write_vertices(writer *to, const rpm_scene *scene, int material, uint32_t *number)
{
	uint32_t	next = 0;

	for (size_t i = 0; i < scene->triangle_count; i++)
		for (int k = 0; k < 3 && takes(&scene->triangles[i], material); k++)
		{
			uint32_t	vertex = scene->triangles[i].vertex[k];
			float		p[3] = {(float) scene->vertices[vertex].x, (float) scene->vertices[vertex].y, (float) scene->vertices[vertex].z};

			if (number[vertex] != next)
				continue;
			next++;
			for (int axis = 0; axis < 3; axis++)
			{
				uint32_t	bits;

				memcpy(&bits, &p[axis], sizeof(bits));
				put(to, bits);
			}
		}
}

/* False when stopped. */
static bool
write_faces(writer *to, const rpm_scene *scene, int material, const uint32_t *number, const rpm_control *control)
{
	for (size_t i = 0; i < scene->triangle_count; i++)
	{
		const rpm_triangle *triangle = &scene->triangles[i];

		if (i % POLL == 0 && rpm_stopped(control))
			return false;
		if (!takes(triangle, material))
			continue;
		*to->at++ = 3;
		for (int k = 0; k < 3; k++)
			put(to, number[triangle->vertex[k]]);
		if (material == RPM_EVERY_MATERIAL)
		{
			put(to, (uint32_t) triangle->material);
			put(to, (uint32_t) triangle->building);
		}
	}
	return true;
}

static void
put(writer *to, uint32_t bits)
{
	for (int shift = 0; shift < 32; shift += 8)
		*to->at++ = (uint8_t) (bits >> shift);
}
