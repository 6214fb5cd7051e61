/*
 * city.h: scenes out of well-known text, for tests of the scene room.
 */
#ifndef RPM_TEST_CITY_H
#define RPM_TEST_CITY_H

#include "rpm_scene_file.h"

#define CITY_MATERIALS 3

/* One row of a test's city; height 0 stands for none. */
typedef struct city_row
{
	int64_t		id;
	const char *wkt;
	double		height_m;
	bool		is_ground;
	int64_t		weld_group;
} city_row;

static inline rpm_scene_builder *
city_builder(const rpm_scene_options *options, rpm_status *status)
{
	rpm_material materials[CITY_MATERIALS];

	memset(materials, 0, sizeof materials);
	for (int i = 0; i < CITY_MATERIALS; i++)
		materials[i].a = 5 + i;
	return rpm_scene_builder_create(options, materials, CITY_MATERIALS, NULL, status);
}

/* Adds a row with material 0 on walls and 1 on roofs, 2 on the ground. */
static inline rpm_code
city_add(rpm_scene_builder *builder, const city_row *given, rpm_status *status)
{
	rpm_building_row row = {.id = given->id, .height_m = given->height_m ? given->height_m : NAN, .wall_material = given->is_ground ? 2 : 0,
		.roof_material = given->is_ground ? 2 : 1, .is_ground = given->is_ground, .weld_group = given->weld_group};
	uint8_t    *wkb = NULL;
	rpm_code	code = given->wkt ? rpm_wkb_from_wkt(given->wkt, &wkb, &row.wkb_size, status) : RPM_OK;

	row.wkb = wkb;
	if (code == RPM_OK)
		code = rpm_scene_builder_add(builder, &row, status);
	free(wkb);
	return code;
}

/* The scene of some rows; NULL and the message printed when it fails. */
static inline rpm_scene *
city(const rpm_scene_options *options, const city_row *rows, int count)
{
	rpm_status	status = {0};
	rpm_scene_builder *builder = city_builder(options, &status);
	rpm_scene  *scene = NULL;
	rpm_code	code = builder ? RPM_OK : status.code;

	for (int i = 0; i < count && code == RPM_OK; i++)
		code = city_add(builder, &rows[i], &status);
	if (code == RPM_OK)
		code = rpm_scene_builder_finish(builder, &scene, &status);
	if (code != RPM_OK)
		printf("  %s\n", status.message);
	rpm_scene_builder_free(builder);
	return scene;
}

/* On flat ground of material 2 at elevation 0. */
static inline rpm_scene *
city_on_ground(const city_row *rows, int count)
{
	rpm_scene_options options;

	rpm_scene_options_default(&options);
	options.ground_material = 2;
	return city(&options, rows, count);
}

static inline rpm_scene *
city_of(const char *wkt, double height_m)
{
	city_row	row = {.id = 1, .wkt = wkt, .height_m = height_m};

	return city_on_ground(&row, 1);
}

/* All that describes the shape is equal to the last bit. */
static inline bool
city_equal(const rpm_scene *a, const rpm_scene *b)
{
	return a && b && a->vertex_count == b->vertex_count && a->triangle_count == b->triangle_count && a->facet_count == b->facet_count &&
		a->wedge_count == b->wedge_count && a->building_count == b->building_count &&
		memcmp(a->vertices, b->vertices, a->vertex_count * sizeof *a->vertices) == 0 &&
		memcmp(a->triangles, b->triangles, a->triangle_count * sizeof *a->triangles) == 0 &&
		memcmp(a->facets, b->facets, a->facet_count * sizeof *a->facets) == 0 &&
		memcmp(a->facet_triangles, b->facet_triangles, a->triangle_count * sizeof *a->facet_triangles) == 0 &&
		(a->wedge_count == 0 || memcmp(a->wedges, b->wedges, a->wedge_count * sizeof *a->wedges) == 0) &&
		memcmp(a->buildings, b->buildings, a->building_count * sizeof *a->buildings) == 0;
}

/* Wedges along an axis: 0 east, 1 north, 2 up; -1: along none. */
static inline int
city_wedges_along(const rpm_scene *scene, int axis)
{
	int			count = 0;

	for (size_t i = 0; i < scene->wedge_count; i++)
	{
		rpm_vec3	d = scene->wedges[i].direction;
		int			along = fabs(d.x) > 1 - 1e-9 ? 0 : fabs(d.y) > 1 - 1e-9 ? 1 : fabs(d.z) > 1 - 1e-9 ? 2 : -1;

		count += along == axis;
	}
	return count;
}

static inline int
city_problems(const rpm_scene *scene, int64_t id, const char *problem, int action)
{
	int			count = 0;

	for (size_t i = 0; i < scene->problem_count; i++)
		count += scene->problems[i].building_id == id && strcmp(scene->problems[i].problem, problem) == 0 && scene->problems[i].action == action;
	return count;
}

/* phi of a point about a wedge, as rpm_scene.h defines it. */
static inline double
city_phi(const rpm_wedge *wedge, rpm_vec3 point)
{
	rpm_vec3	q = rpm_sub(point, wedge->start);
	double		phi = atan2(rpm_dot(q, wedge->normal_0), rpm_dot(q, wedge->tangent_0));

	return phi < 0 ? phi + 2 * RPM_PI : phi;
}

#endif
