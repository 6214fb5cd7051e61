/*
 * test_scene_rows.c: rows as they come: any order and place, and all that can be wrong with them.
 */
#include "unit.h"
#include "city.h"

/* A small town, on whole millimetres, written around (x, y) with the row order and ring direction asked for. */
static rpm_scene *town(double x, double y, double z, bool shuffled)
{
	static const double footprint[4][8] = {{0, 0, 12.345, 0, 12.345, 8.001, 0, 8.001}, {12.345, 0, 20, 0, 20, 8.001, 12.345, 8.001},
	{30.5, 3.25, 40.125, 7.5, 36.25, 17.75, 26.625, 13.5}, {-15, 40, -5.5, 40.002, -5.498, 60, -15.003, 59.999}};
	static const int order[2][5] = {{0, 1, 2, 3, 4}, {3, 0, 4, 2, 1}};
	char		text[5][1024];
	city_row	rows[5];
	rpm_scene_options options;

	for (int i = 0; i < 5; i++)
	{
		int			id = order[shuffled][i];
		char	   *wkt = text[i];

		rows[i] = (city_row) {.id = id, .wkt = wkt};
		if (id < 4)
		{
			rows[i].height_m = 7 + 1.5 * id;
			sprintf(wkt, "POLYGON(");
			for (int k = 0; k < 5; k++)
			{
				int			corner = shuffled ? (9 - k) % 4 : k % 4;

				sprintf(wkt + strlen(wkt), "%s%.6f %.6f", k ? "," : "(", x + footprint[id][2 * corner], y + footprint[id][2 * corner + 1]);
			}
			strcat(wkt, "))");
		}
		else
			sprintf(wkt, "TIN Z (((%.6f %.6f %.6f,%.6f %.6f %.6f,%.6f %.6f %.6f,%.6f %.6f %.6f)))", x + 50, y + 20, z + 3, x + 55.5, y + 20, z + 3,
					x + 50, y + 26.789, z + 5.432, x + 50, y + 20, z + 3);
	}
	rpm_scene_options_default(&options);
	options.ground_material = 2;
	options.ground_elevation_m = z;
	return city(&options, rows, 5);
}

static void order_and_place(void)
{
	static const double places[][3] = {{691696, 5334723, 519}, {-4321.5, 17.25, -3}, {691696.123, 5334723.457, 0.5}, {99999000.75, -99999000.875, 1e4},
	{0.001, 0.002, 0.003}};
	rpm_scene  *home = town(0, 0, 0, false), *other;

	CHECK(home && home->building_count == 5 && home->wedge_count > 20);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		for (int shuffled = 0; shuffled < 2; shuffled++)
		{
			other = town(places[i][0], places[i][1], places[i][2], shuffled);
			CHECK(city_equal(home, other));
			if (other)
				CHECK_NEAR(other->origin[0], places[i][0] - 15.003, 1e-6);
			rpm_scene_free(other);
		}
	rpm_scene_free(home);
}

/* One bad row beside a good one: a problem of that name, the good one kept; under strict an error that names the row. */
static void check_bad(const char *wkt, double height_m, const char *problem, int action)
{
	city_row	rows[2] = {{.id = 42, .wkt = wkt, .height_m = height_m}, {.id = 1, .wkt = "POLYGON((0 0,10 0,10 10,0 10,0 0))", .height_m = 5}};
	rpm_scene  *scene = city_on_ground(rows, 2);
	rpm_status	status = {0};
	rpm_scene_options options;
	rpm_scene_builder *builder;
	rpm_code	code;

	if (!scene || city_problems(scene, 42, problem, action) != 1)
	{
		printf("  no %s from %.80s\n", problem, wkt ? wkt : "NULL");
		for (size_t i = 0; scene && i < scene->problem_count; i++)
			printf("  but %s: %s\n", scene->problems[i].problem, scene->problems[i].detail);
		unit_ok = false;
	}
	CHECK(scene && scene->building_count == (action == RPM_PROBLEM_SKIPPED ? 1 : 2));
	rpm_scene_free(scene);
	scene = NULL;
	rpm_scene_options_default(&options);
	options.strict = true;
	builder = city_builder(&options, &status);
	code = city_add(builder, &rows[0], &status);
	if (code == RPM_OK)
		code = rpm_scene_builder_finish(builder, &scene, &status);
	CHECK(code == RPM_INVALID_GEOMETRY && strstr(status.message, "building 42") && status.hint[0] && scene == NULL);
	rpm_scene_builder_free(builder);
	rpm_scene_free(scene);
}

static void bad_rows(void)
{
	check_bad(NULL, 5, "null_geometry", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON EMPTY", 5, "empty_geometry", RPM_PROBLEM_SKIPPED);
	check_bad("GEOMETRYCOLLECTION EMPTY", 5, "empty_geometry", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((0 0,1 1,0 0))", 5, "empty_geometry", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((nan 20,30 20,30 30,nan 20))", 5, "not_finite", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((inf 20,30 20,30 30,inf 20))", 5, "not_finite", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((20 20,30 20,30 30,20 20))", 0, "height_missing", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((20 20,30 20,30 30,20 20))", -3, "height_not_positive", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((20 20,30 20,30 30,20 20))", INFINITY, "height_out_of_range", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((20 20,30 20,30 30,20 20))", 1e-4, "height_not_positive", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((20 20,2e5 20,30 30,20 20))", 5, "too_large", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((20 20,30 20,30 2e8,20 20))", 5, "coordinate_out_of_range", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON((20 20,30 20,30 30))", 5, "unclosed_ring", RPM_PROBLEM_REPAIRED);
	check_bad("POLYGON((20 20,30 20,30 20,30 30,20 20))", 5, "repeated_point", RPM_PROBLEM_REPAIRED);
	check_bad("POLYGON((20 20,30 20,30 30,20 20),(25 22,26 22,25 22))", 5, "short_ring", RPM_PROBLEM_REPAIRED);
	check_bad("POLYGON Z((20 20 1,30 20 1,30 30 1,20 20 1))", 5, "height_ignored", RPM_PROBLEM_REPAIRED);
	check_bad("GEOMETRYCOLLECTION(POLYGON((20 20,30 20,30 30,20 20)),POLYGON Z((20 20 1,30 20 1,30 30 1,20 20 1)))", 5, "mixed_dimensions",
			  RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON Z((20 20 1,25 20 1,30 20 1,20 20 1))", 0, "degenerate", RPM_PROBLEM_SKIPPED);
	check_bad("POLYGON Z((20 20 1,30 20 1,30 30 1.5,20 30 1,20 20 1))", 0, "not_planar", RPM_PROBLEM_REPAIRED);
	check_bad("TIN Z(((20 20 1,30 20 1,30 30 1,20 20 1)),((30 20 1,20 20 1,30 30 1,30 20 1)))", 0, "duplicate_surface", RPM_PROBLEM_REPAIRED);
#ifdef RPM_HAVE_GEOS
	check_bad("POLYGON((20 20,30 30,30 20,20 30,20 20))", 5, "self_intersection", RPM_PROBLEM_REPAIRED);
	check_bad("POLYGON((20 20,30 20,30 20.001,20 20.001,20 20))", 5, "no_area", RPM_PROBLEM_SKIPPED);
	check_bad("MULTIPOLYGON(((20 20,30 20,30 30,20 20)),((40 20,40.05 20,40.05 20.05,40 20)))", 5, "sliver", RPM_PROBLEM_REPAIRED);
	check_bad("POLYGON((20 20,30 20,30 30,20 30,20 20),(20 20,30 20,30 30,20 30,20 20))", 5, "self_intersection", RPM_PROBLEM_SKIPPED);
#endif
}

/* What is repaired has the area it should: a bow tie its two halves, overlapping parts their union. */
static void repaired_area(void)
{
#ifdef RPM_HAVE_GEOS
	static const struct { const char *wkt; double area; } cases[] = {{"POLYGON((0 0,10 10,10 0,0 10,0 0))", 50},
	{"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((5 0,15 0,15 10,5 10,5 0)))", 150}, {"MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0)),((0 0,10 0,10 10,0 10,0 0)))", 100},
	{"POLYGON((0 0,10 0,10 10,0 10,0 0),(8 2,12 2,12 4,8 4,8 2))", 96}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		rpm_scene  *scene = city_of(cases[i].wkt, 4);
		double		roof = 0;

		CHECK(scene && scene->problem_count == 1 && scene->problems[0].action == RPM_PROBLEM_REPAIRED);
		for (size_t f = 0; scene && f < scene->facet_count; f++)
			if (scene->facets[f].material == 1)
				roof += scene->facets[f].area_m2;
		CHECK_NEAR(roof, cases[i].area, 1e-6);
		rpm_scene_free(scene);
	}
#endif
}

static void broken_bytes(void)
{
	static const uint8_t point[] = {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t many[] = {1, 3, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255};
	uint8_t		deep[9 * 20];
	struct { const uint8_t *wkb; size_t size; const char *problem; } cases[] = {{point, sizeof point, "unsupported_type"}, {many, sizeof many, "broken_wkb"},
	{many, 3, "broken_wkb"}, {many, 7, "broken_wkb"}, {deep, sizeof deep, "nested_too_deep"}, {many, 0, "null_geometry"}};
	rpm_status	status = {0};
	rpm_scene_options options;
	rpm_scene_builder *builder;
	rpm_scene  *scene = NULL;

	for (int i = 0; i < 20; i++)
		memcpy(deep + 9 * i, "\1\7\0\0\0\1\0\0\0", 9);
	rpm_scene_options_default(&options);
	builder = city_builder(&options, &status);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		rpm_building_row row = {.id = (int64_t) i, .wkb = cases[i].wkb, .wkb_size = cases[i].size, .height_m = 5};

		CHECK(rpm_scene_builder_add(builder, &row, &status) == RPM_OK);
	}
	CHECK(rpm_scene_builder_finish(builder, &scene, &status) == RPM_OK && scene->triangle_count == 0 && scene->building_count == 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK(city_problems(scene, (int64_t) i, cases[i].problem, RPM_PROBLEM_SKIPPED) == 1);
	CHECK(strstr(scene->problems[0].detail, "point") != NULL);
	rpm_scene_builder_free(builder);
	rpm_scene_free(scene);
}

/* Big-endian, EWKB with SRID, ISO ZM: the same box. */
static void dialects(void)
{
	static const double ring[5][4] = {{0, 0, 3, 9}, {10, 0, 3, 9}, {10, 10, 3, 9}, {0, 10, 3, 9}, {0, 0, 3, 9}};
	static const struct { bool big; uint32_t type; bool srid, z, m; } cases[] = {{false, 1003, false, true, false}, {true, 1003, false, true, false},
	{false, 0xA0000003u, true, true, false}, {true, 3003, false, true, true}, {false, 0xC0000003u, false, true, true}};
	rpm_scene  *first = NULL;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
	{
		uint8_t		bytes[256];
		size_t		size = 0;
		uint32_t	words[4] = {cases[i].type, 25832, 1, 5};
		rpm_building_row row = {.id = 1, .wkb = bytes, .height_m = NAN};
		rpm_status	status = {0};
		rpm_scene_options options;
		rpm_scene_builder *builder;
		rpm_scene  *scene = NULL;

		bytes[size++] = !cases[i].big;
		for (int w = 0; w < 4; w++)
			if (w != 1 || cases[i].srid)
				for (int b = 0; b < 4; b++)
					bytes[size++] = (uint8_t) (words[w] >> 8 * (cases[i].big ? 3 - b : b));
		for (int p = 0; p < 5; p++)
			for (int k = 0; k < 3 + cases[i].m; k++)
			{
				uint64_t	bits;

				memcpy(&bits, &ring[p][k], 8);
				for (int b = 0; b < 8; b++)
					bytes[size++] = (uint8_t) (bits >> 8 * (cases[i].big ? 7 - b : b));
			}
		row.wkb_size = size;
		rpm_scene_options_default(&options);
		builder = city_builder(&options, &status);
		CHECK(rpm_scene_builder_add(builder, &row, &status) == RPM_OK && rpm_scene_builder_finish(builder, &scene, &status) == RPM_OK);
		CHECK(scene && scene->triangle_count == 2 && scene->problem_count == 0);
		if (first)
			CHECK(city_equal(first, scene));
		rpm_scene_builder_free(builder);
		if (first)
			rpm_scene_free(scene);
		else
			first = scene;
	}
	rpm_scene_free(first);
}

static void empty_scene(void)
{
	rpm_scene_options options;
	rpm_status	status = {0};
	rpm_scene_builder *builder;
	rpm_scene  *scene = NULL;

	rpm_scene_options_default(&options);
	options.ground_material = 0;
	builder = city_builder(&options, &status);
	rpm_scene_builder_reach(builder, 1000, 2000);
	rpm_scene_builder_reach(builder, 1500, 2500);
	CHECK(rpm_scene_builder_finish(builder, &scene, &status) == RPM_OK);
	CHECK(scene && scene->triangle_count == 2 && scene->facet_count == 1 && scene->wedge_count == 0 && scene->flat_ground);
	CHECK_NEAR(scene->facets[0].area_m2, 2500.0 * 2500.0, 1e-3);
	rpm_scene_free(scene);
	CHECK(rpm_scene_builder_finish(builder, &scene, &status) == RPM_INVALID_ARGUMENT);
	rpm_scene_builder_free(builder);
	options.ground_material = 17;
	memset(&status, 0, sizeof status);
	CHECK(city_builder(&options, &status) == NULL && status.code == RPM_INVALID_ARGUMENT);
}

/* Sloping ground: footprints stand at their lowest corner, the wall's foot is no wedge, ridges of the ground are. */
static void ground_surface(void)
{
	city_row	rows[2] = {{.id = 1, .wkt = "TIN Z(((0 0 0,100 0 0,100 50 10,0 0 0)),((0 0 0,100 50 10,0 50 10,0 0 0)),((0 50 10,100 50 10,100 100 0,0 50 10)),"
	"((0 50 10,100 100 0,0 100 0,0 50 10)))", .is_ground = true}, {.id = 2, .wkt = "POLYGON((20 10,30 10,30 20,20 20,20 10))", .height_m = 6}};
	rpm_scene  *scene = city_on_ground(rows, 2);
	double		low = INFINITY, high = 0;

	CHECK(scene && !scene->flat_ground && scene->ground_index && scene->triangle_count == 14);
	CHECK_NEAR(rpm_scene_ground_z(scene, 37, 25), 5, 1e-9);
	CHECK_NEAR(rpm_scene_ground_z(scene, 81, 75), 5, 1e-9);
	CHECK_NEAR(rpm_scene_ground_z(scene, -500, 75), 0, 0);
	for (uint32_t i = 0; i < 30; i++)
	{
		double		z = scene->vertices[scene->triangles[scene->buildings[0].first_triangle + i / 3].vertex[i % 3]].z;

		low = fmin(low, z);
		high = fmax(high, z);
	}
	CHECK_NEAR(low, 2, 1e-9);
	CHECK_NEAR(high, 8, 1e-9);
	/* the ridge along x at y = 50, four corners, four eaves */
	CHECK(scene->wedge_count == 9);
	rpm_scene_free(scene);
}

static void stop_and_limit(void)
{
	rpm_control control = {.memory_limit_bytes = 1000};
	rpm_scene_options options;
	rpm_material material = {.a = 5};
	city_row	row = {.id = 1, .wkt = "POLYGON((0 0,10 0,10 10,0 10,0 0))", .height_m = 5};

	rpm_scene_options_default(&options);
	for (int stop = 0; stop < 2; stop++)
	{
		rpm_status	status = {0};
		rpm_scene_builder *builder = rpm_scene_builder_create(&options, &material, 1, &control, &status);
		rpm_building_row given = {.id = 1, .height_m = 5};
		uint8_t    *wkb = NULL;
		rpm_scene  *scene = NULL;

		CHECK(rpm_wkb_from_wkt(row.wkt, &wkb, &given.wkb_size, &status) == RPM_OK);
		given.wkb = wkb;
		CHECK(rpm_scene_builder_add(builder, &given, &status) == RPM_OK);
		if (stop)
		{
			control.memory_limit_bytes = 0;
			control.stop = 1;
		}
		CHECK(rpm_scene_builder_finish(builder, &scene, &status) == (stop ? RPM_CANCELLED : RPM_LIMIT_EXCEEDED) && scene == NULL);
		free(wkb);
		rpm_scene_builder_free(builder);
	}
}

int main(void)
{
	RUN(order_and_place);
	RUN(bad_rows);
	RUN(repaired_area);
	RUN(broken_bytes);
	RUN(dialects);
	RUN(empty_scene);
	RUN(ground_surface);
	RUN(stop_and_limit);
	return unit_summary("scene_rows");
}
