/*
 * fuzz_geometry.c: any bytes as geometry: the builder may refuse or repair, never read past them, crash or hang.
 *
 * The first byte chooses height, ground and welding; the second, how the rest is cut into two rows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "rpm_scene_file.h"

static void check_scene(const rpm_scene *scene);
static void run_text(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	rpm_scene_options options;
	rpm_material material = {.a = 5};
	rpm_control control = {.memory_limit_bytes = (size_t) 256 << 20};
	rpm_status	status;
	rpm_scene_builder *builder;
	rpm_scene  *scene = NULL;
	size_t		cut;

	memset(&status, 0, sizeof status);
	if (size < 2 || size > 65536)
		return 0;
	rpm_scene_options_default(&options);
	options.ground_material = data[0] & 1 ? 0 : -1;
	options.free_edges = (data[0] & 2) != 0;
	builder = rpm_scene_builder_create(&options, &material, 1, &control, &status);
	if (builder == NULL)
		abort();
	cut = 2 + (size - 2) * data[1] / 255;
	for (int i = 0; i < 2; i++)
	{
		rpm_building_row row = {.id = i, .wkb = data + (i ? cut : 2), .wkb_size = i ? size - cut : cut - 2, .height_m = data[0] & 4 ? 10 : NAN,
			.is_ground = (data[0] & 8) && i, .weld_group = data[0] & 16 ? i : 0};

		if (rpm_scene_builder_add(builder, &row, &status) != RPM_OK)
			abort();
	}
	if (rpm_scene_builder_finish(builder, &scene, &status) == RPM_OK)
		check_scene(scene);
	else if (status.code != RPM_LIMIT_EXCEEDED && status.code != RPM_OUT_OF_MEMORY)
		abort();
	rpm_scene_free(scene);
	rpm_scene_builder_free(builder);
	run_text(data, size);
	return 0;
}

/* What every scene promises. */
static void check_scene(const rpm_scene *scene)
{
	for (size_t t = 0; t < scene->triangle_count; t++)
	{
		const rpm_triangle *triangle = &scene->triangles[t];

		for (int k = 0; k < 3; k++)
		{
			rpm_vec3	v;

			if (triangle->vertex[k] >= scene->vertex_count)
				abort();
			v = scene->vertices[triangle->vertex[k]];
			if (fabs(rpm_dot(scene->facets[triangle->facet].normal, v) - scene->facets[triangle->facet].offset_m) > 0.0021)
				abort();
		}
	}
	for (size_t i = 0; i < scene->wedge_count; i++)
	{
		const rpm_wedge *w = &scene->wedges[i];

		if (!(w->n_pi > RPM_PI && w->n_pi <= 2 * RPM_PI && w->length_m > 0 && fabs(rpm_norm(w->direction) - 1) < 1e-9 &&
			  fabs(rpm_dot(w->direction, w->tangent_0)) < 1e-6))
			abort();
	}
	if (!isfinite(rpm_scene_ground_z(scene, 1, 1)))
		abort();
}

/* The same bytes as well-known text. */
static void run_text(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);
	uint8_t    *wkb = NULL;
	size_t		wkb_size;
	rpm_status	status;

	memset(&status, 0, sizeof status);
	if (text == NULL)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (rpm_wkb_from_wkt(text, &wkb, &wkb_size, &status) == RPM_OK)
		free(wkb);
	free(text);
}
