/*
 * test_scene.c: shapes of buildings: triangles, facets and wedges counted and measured by hand.
 */
#include "unit.h"
#include "city.h"

/* The box 0..10 x 0..20 x 0..5 in several forms. */
#define BOX_FACE_LIST \
	"((0 0 0,10 0 0,10 20 0,0 20 0,0 0 0)),((0 0 5,10 0 5,10 20 5,0 20 5,0 0 5)),((0 0 0,10 0 0,10 0 5,0 0 5,0 0 0))," \
	"((10 0 0,10 20 0,10 20 5,10 0 5,10 0 0)),((10 20 0,0 20 0,0 20 5,10 20 5,10 20 0)),((0 20 0,0 0 0,0 0 5,0 20 5,0 20 0))"
#define BOX_TRIANGLES \
	"((0 0 0,10 0 0,10 20 0,0 0 0)),((0 0 0,10 20 0,0 20 0,0 0 0)),((0 0 5,10 0 5,10 20 5,0 0 5)),((0 0 5,10 20 5,0 20 5,0 0 5))," \
	"((0 0 0,10 0 0,10 0 5,0 0 0)),((0 0 0,10 0 5,0 0 5,0 0 0)),((10 0 0,10 20 0,10 20 5,10 0 0)),((10 0 0,10 20 5,10 0 5,10 0 0))," \
	"((10 20 0,0 20 0,0 20 5,10 20 0)),((10 20 0,0 20 5,10 20 5,10 20 0)),((0 20 0,0 0 0,0 0 5,0 20 0)),((0 20 0,0 0 5,0 20 5,0 20 0))"
/* The same, each triangle turned over or begun elsewhere, in another order. */
#define BOX_SHUFFLED \
	"((0 20 0,0 20 5,0 0 5,0 20 0)),((10 0 5,0 0 0,10 0 0,10 0 5)),((10 20 0,10 20 5,0 20 5,10 20 0)),((0 0 5,0 20 5,10 20 5,0 0 5))," \
	"((0 0 0,10 20 0,10 0 0,0 0 0)),((0 0 5,0 0 0,10 0 5,0 0 5)),((10 20 5,10 0 0,10 20 0,10 20 5)),((10 20 5,10 0 5,0 0 5,10 20 5))," \
	"((0 20 0,10 20 0,0 0 0,0 20 0)),((10 0 5,10 20 5,10 0 0,10 0 5)),((0 0 0,0 20 0,0 0 5,0 0 0)),((0 20 0,0 20 5,10 20 0,0 20 0))"

/* 8 wedges, 4 up and 4 eaves, each of 270 degrees, face 0 and face n on the box, what is outside at 0 to n pi. */
static void check_box_wedges(const rpm_scene *scene)
{
	rpm_vec3	centre = rpm_vec(5, 10, 2.5);

	CHECK(scene->wedge_count == 8);
	CHECK(city_wedges_along(scene, 2) == 4 && city_wedges_along(scene, 0) == 2 && city_wedges_along(scene, 1) == 2);
	for (size_t i = 0; i < scene->wedge_count; i++)
	{
		const rpm_wedge *w = &scene->wedges[i];
		rpm_vec3	middle = rpm_along(w->start, w->length_m / 2, w->direction), turned = rpm_cross(w->tangent_0, w->normal_0);
		rpm_vec3	out = rpm_along(middle, -0.01, rpm_sub(centre, middle)), in = rpm_along(middle, 0.01, rpm_sub(centre, middle));
		rpm_vec3	tangent_n = rpm_add(rpm_scale(w->tangent_0, cos(w->n_pi)), rpm_scale(w->normal_0, sin(w->n_pi)));
		const rpm_facet *f0 = &scene->facets[w->facet_0], *fn = &scene->facets[w->facet_n];

		CHECK_NEAR(w->n_pi, 1.5 * RPM_PI, 1e-12);
		CHECK_NEAR(rpm_norm(w->direction), 1, 1e-12);
		CHECK_NEAR(rpm_norm(rpm_sub(turned, w->direction)), 0, 1e-12);
		CHECK(city_phi(w, out) > 0 && city_phi(w, out) < w->n_pi);
		CHECK(city_phi(w, in) > w->n_pi);
		CHECK(w->facet_0 != w->facet_n && w->building == 0);
		/* 1 m into each face from the edge lies on its facet */
		CHECK_NEAR(rpm_dot(f0->normal, rpm_add(middle, w->tangent_0)), f0->offset_m, 1e-9);
		CHECK_NEAR(rpm_dot(fn->normal, rpm_add(middle, tangent_n)), fn->offset_m, 1e-9);
	}
}

static void box_of_footprint(void)
{
	rpm_scene  *scene = city_of("POLYGON((0 0,10 0,10 20,0 20,0 0))", 5);

	CHECK(scene && scene->triangle_count == 4 * 2 + 2 + 2 && scene->facet_count == 6 && scene->vertex_count == 8 + 4);
	CHECK(scene->building_count == 1 && scene->buildings[0].id == 1 && scene->buildings[0].triangle_count == 10 && scene->problem_count == 0);
	CHECK(scene->flat_ground && scene->ground_z_m == 0 && scene->origin[0] == 0 && scene->high.z == 5 && scene->low.x == 0);
	check_box_wedges(scene);
	for (size_t f = 0; f < scene->facet_count; f++)
	{
		const rpm_facet *facet = &scene->facets[f];

		CHECK(facet->building == RPM_NO_BUILDING || facet->triangle_count == 2);
		CHECK(facet->material == (facet->building == RPM_NO_BUILDING ? 2 : facet->normal.z == 1 ? 1 : 0));
		if (facet->building == 0 && facet->normal.z == 1)
			CHECK_NEAR(facet->area_m2, 200, 1e-9);
	}
	rpm_scene_free(scene);
}

static void box_of_surfaces(void)
{
	const char *const forms[] = {"TIN Z (" BOX_TRIANGLES ")", "TIN Z (" BOX_SHUFFLED ")"};
	const char *const faces[] = {"POLYHEDRALSURFACE Z (" BOX_FACE_LIST ")", "MULTIPOLYGON Z (" BOX_FACE_LIST ")",
	"GEOMETRYCOLLECTION Z (POLYHEDRALSURFACE Z (" BOX_FACE_LIST "))"};
	rpm_scene  *first = city_of(forms[0], 0), *second = city_of(forms[1], 0);

	CHECK(first && first->triangle_count == 12 + 2 && first->facet_count == 7 && first->problem_count == 0);
	check_box_wedges(first);
	CHECK(city_equal(first, second));
	rpm_scene_free(first);
	rpm_scene_free(second);
	first = city_of(faces[0], 0);
	CHECK(first && first->triangle_count == 14 && first->facet_count == 7);
	check_box_wedges(first);
	for (int i = 1; i < 3; i++)
	{
		second = city_of(faces[i], 0);
		CHECK(city_equal(first, second));
		rpm_scene_free(second);
	}
	rpm_scene_free(first);
}

/* In free space, without ground, the lower edges diffract as well. */
static void box_in_space(void)
{
	rpm_scene_options options;
	city_row	row = {.id = 1, .wkt = "TIN Z (" BOX_TRIANGLES ")"};
	rpm_scene  *scene;

	rpm_scene_options_default(&options);
	scene = city(&options, &row, 1);
	CHECK(scene && scene->wedge_count == 12 && scene->facet_count == 6 && !scene->flat_ground);
	rpm_scene_free(scene);
}

static void concave_corner(void)
{
	rpm_scene  *scene = city_of("POLYGON((0 0,20 0,20 10,10 10,10 20,0 20,0 0))", 6);

	/* 5 convex corners, 6 eaves; none at (10, 10) */
	CHECK(scene && city_wedges_along(scene, 2) == 5 && scene->wedge_count == 11);
	for (size_t i = 0; scene && i < scene->wedge_count; i++)
		CHECK(scene->wedges[i].direction.z != 1 || scene->wedges[i].start.x != 10 || scene->wedges[i].start.y != 10);
	CHECK_NEAR(scene->high.x, 20, 0);
	rpm_scene_free(scene);
}

/* Seen from a courtyard, its corners are concave and its eaves convex. */
static void courtyard(void)
{
	rpm_scene  *scene = city_of("POLYGON((0 0,30 0,30 30,0 30,0 0),(10 10,20 10,20 20,10 20,10 10))", 8);
	double		roof = 0;

	CHECK(scene && city_wedges_along(scene, 2) == 4 && scene->wedge_count == 4 + 8);
	for (size_t f = 0; scene && f < scene->facet_count; f++)
		if (scene->facets[f].normal.z == 1 && scene->facets[f].building == 0)
			roof += scene->facets[f].area_m2;
	CHECK_NEAR(roof, 800, 1e-9);
	rpm_scene_free(scene);
}

/* Two boxes with a wall in common: the same height shows one long roof, different ones an upper wall. */
static void shared_wall(void)
{
	city_row	rows[2] = {{.id = 1, .wkt = "POLYGON((0 0,10 0,10 10,0 10,0 0))", .height_m = 5},
	{.id = 2, .wkt = "POLYGON((10 0,20 0,20 10,10 10,10 0))", .height_m = 5}};
	rpm_scene  *scene = city_on_ground(rows, 2);

	CHECK(scene && scene->triangle_count == 10 + 8 + 2 && scene->problem_count == 0 && scene->building_count == 2);
	/* 4 corners; the eaves along x are in two pieces, of two buildings */
	CHECK(city_wedges_along(scene, 2) == 4 && city_wedges_along(scene, 0) == 4 && city_wedges_along(scene, 1) == 2);
	rpm_scene_free(scene);

	rows[1].height_m = 8;
	scene = city_on_ground(rows, 2);
	/* the wall corners of the higher start where the lower ends */
	CHECK(scene && city_wedges_along(scene, 2) == 6 && city_wedges_along(scene, 1) == 3 && scene->wedge_count == 13);
	for (size_t i = 0; scene && i < scene->wedge_count; i++)
		if (scene->wedges[i].direction.z == 1 && scene->wedges[i].start.x == 10)
		{
			CHECK_NEAR(scene->wedges[i].start.z, 5, 0);
			CHECK_NEAR(scene->wedges[i].length_m, 3, 1e-12);
		}
	rpm_scene_free(scene);
}

/* A gable roof of 45 degrees: the ridge opens 270 degrees, the eaves 225, and each slope is a facet. */
static void gable(void)
{
	rpm_scene  *scene = city_of("POLYHEDRALSURFACE Z (((0 0 0,0 20 0,0 20 4,0 0 4,0 0 0)),((10 0 0,10 20 0,10 20 4,10 0 4,10 0 0)),"
								"((0 0 0,10 0 0,10 0 4,5 0 9,0 0 4,0 0 0)),((0 20 0,10 20 0,10 20 4,5 20 9,0 20 4,0 20 0)),"
								"((0 0 4,5 0 9,5 20 9,0 20 4,0 0 4)),((10 0 4,5 0 9,5 20 9,10 20 4,10 0 4)))", 0);
	int			ridges = 0, eaves = 0;

	CHECK(scene && scene->facet_count == 7 && scene->wedge_count == 4 + 2 + 1 + 4 && scene->problem_count == 0);
	for (size_t i = 0; scene && i < scene->wedge_count; i++)
	{
		const rpm_wedge *w = &scene->wedges[i];

		if (fabs(w->direction.y) < 0.5)
			continue;
		ridges += w->start.z == 9;
		eaves += w->start.z == 4;
		CHECK_NEAR(w->n_pi, (w->start.z == 9 ? 270 : 225) * RPM_PI / 180, 1e-9);
	}
	CHECK(ridges == 1 && eaves == 2);
	for (size_t f = 0; scene && f < scene->facet_count; f++)
		if (scene->facets[f].normal.z > 0.1 && scene->facets[f].normal.z < 0.9)
			CHECK(scene->facets[f].material == 1);
	rpm_scene_free(scene);
}

/* A wall cut into many triangles along its length and height is one facet, its corner one wedge. */
static void long_wall(void)
{
	char		wkt[20000] = "TIN Z (";
	rpm_scene  *scene;
	rpm_scene_options options;
	city_row	row = {.id = 7, .wkt = wkt};

	for (int side = 0; side < 2; side++)
		for (int i = 0; i < 10; i++)
			for (int t = 0; t < 2; t++)
			{
				double		p[3] = {i, t ? i : i + 1, i + 1}, z[3] = {0, t ? 3 : 0, 3};
				char		part[400] = "";

				/* the second wall goes off at a right angle from x = y = 0 */
				for (int k = 0; k < 4; k++)
					sprintf(part + strlen(part), "%s%g %g %g", k ? "," : "((", side ? 0.0 : p[k % 3], side ? p[k % 3] : 0.0, z[k % 3]);
				sprintf(wkt + strlen(wkt), "%s%s))", strlen(wkt) > 7 ? "," : "", part);
			}
	strcat(wkt, ")");
	rpm_scene_options_default(&options);
	scene = city(&options, &row, 1);
	CHECK(scene && scene->triangle_count == 40 && scene->facet_count == 2 && scene->wedge_count == 1);
	if (scene && scene->wedge_count == 1)
	{
		CHECK_NEAR(scene->wedges[0].length_m, 3, 1e-12);
		CHECK_NEAR(scene->wedges[0].n_pi, 1.5 * RPM_PI, 1e-12);
	}
	rpm_scene_free(scene);
	options.free_edges = true;
	scene = city(&options, &row, 1);
	/* the corner and three sides of each wall, merged: a wall's top has ten pieces */
	CHECK(scene && scene->wedge_count >= 7);
	rpm_scene_free(scene);
}

/* Edges that meet in parts: a low house against the middle of a high wall. */
static void partial_edges(void)
{
	city_row	rows[2] = {{.id = 1, .wkt = "POLYGON((0 0,30 0,30 10,0 10,0 0))", .height_m = 20},
	{.id = 2, .wkt = "POLYGON((10 10,20 10,20 15,10 15,10 10))", .height_m = 6}};
	rpm_scene  *scene = city_on_ground(rows, 2);

	/* 4 + 2 corners, 4 + 3 eaves: the edges of the low house on the wall are concave */
	CHECK(scene && city_wedges_along(scene, 2) == 6 && scene->wedge_count == 13);
	rpm_scene_free(scene);
}

int main(void)
{
	RUN(box_of_footprint);
	RUN(box_of_surfaces);
	RUN(box_in_space);
	RUN(concave_corner);
	RUN(courtyard);
	RUN(shared_wall);
	RUN(gable);
	RUN(long_wall);
	RUN(partial_edges);
	return unit_summary("scene");
}
