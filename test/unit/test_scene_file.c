/*
 * test_scene_file.c: scenes from text files, and Munich (geometry © OpenStreetMap contributors, ODbL) as a whole.
 */
#include <time.h>
#include <unistd.h>

#include "unit.h"
#include "city.h"

static const char *written(const char *text)
{
	static char path[64];
	FILE	   *file;
	int			handle;

	strcpy(path, "/tmp/rpm_scene_XXXXXX");
	handle = mkstemp(path);
	file = handle >= 0 ? fdopen(handle, "w") : NULL;
	if (file == NULL)
		return NULL;
	fputs(text, file);
	fclose(file);
	return path;
}

static rpm_code read_text(const char *text, rpm_scene **scene, rpm_status *status)
{
	rpm_scene_options options;
	const char *path = written(text);
	rpm_code	code;

	memset(status, 0, sizeof *status);
	rpm_scene_options_default(&options);
	code = rpm_scene_file_read(path, 3.5e9, &options, RPM_WELD_ALL, NULL, NULL, scene, status);
	unlink(path);
	return code;
}

static void columns_and_quotes(void)
{
	rpm_scene  *scene;
	rpm_status	status;

	CHECK(read_text("wkt,material,name,height_m,roof_material\r\n\"POLYGON((0 0,10 0,10 10,0 10,0 0))\",concrete,\"a \"\"b\"\", c\",5,metal\r\n\n"
					"\"TIN Z(((-50 -50 0,90 -50 0,90 90 0,-50 -50 0)))\",concrete,ground,,", &scene, &status) == RPM_OK);
	CHECK(scene && scene->building_count == 1 && scene->material_count == 2 && !scene->flat_ground && scene->ground_index);
	CHECK(scene && rpm_scene_find_building(scene, 1) == 0 && rpm_scene_find_building(scene, 2) == RPM_NO_BUILDING);
	CHECK(scene && scene->wedge_count == 8);
	rpm_scene_free(scene);
}

static void bad_files(void)
{
	rpm_scene  *scene;
	rpm_status	status = {0};
	rpm_scene_options options;

	rpm_scene_options_default(&options);
	CHECK(rpm_scene_file_read("/nonexistent/scene.csv", 1e9, &options, RPM_WELD_ALL, NULL, NULL, &scene, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "/nonexistent/scene.csv") && scene == NULL);
	CHECK(read_text("", &scene, &status) == RPM_INVALID_ARGUMENT);
	CHECK(read_text("name,wkt\n", &scene, &status) == RPM_INVALID_ARGUMENT && strstr(status.message, "\"material\""));
	CHECK(read_text("name,material,wkt\na,kryptonite,POINT(0 0)\n", &scene, &status) == RPM_INVALID_ARGUMENT && strstr(status.message, "kryptonite"));
	CHECK(read_text("name,material,wkt\na,concrete,POINT(0 0)\n", &scene, &status) == RPM_INVALID_GEOMETRY && strstr(status.message, "row 1"));
	CHECK(read_text("name,material,wkt,height_m\na,concrete,\"POLYGON((0 0,1 0,1 1,0 0))\",tall\n", &scene, &status) == RPM_INVALID_ARGUMENT &&
		  strstr(status.message, "tall"));
	CHECK(read_text("name,material,wkt\na,concrete,\"POLYGON((0 0,1 0,1 1,0 0)\"\n", &scene, &status) == RPM_INVALID_GEOMETRY);
	CHECK(read_text("name,material,wkt\na,concrete,\"POLYGON((0 0,1 0,1 x,0 0))\"\n", &scene, &status) == RPM_INVALID_GEOMETRY);
}

/* The file beside the repository, else a cut of it within; NULL when there is neither. */
static const char *munich_path(void)
{
	static char command[128];
	static const char *unpacked = NULL;

	if (access("../shared/data/scenes/munich.csv", R_OK) == 0)
		return "../shared/data/scenes/munich.csv";
	if (unpacked == NULL && access("test/data/munich.csv.xz", R_OK) == 0 && (unpacked = written("")) != NULL)
	{
		snprintf(command, sizeof command, "xz -dc test/data/munich.csv.xz > %s", unpacked);
		if (system(command) != 0)
			unpacked = NULL;
	}
	return unpacked;
}

static void munich(void)
{
	static const char *const names[] = {"all", "name", "row"};
	const char *path = munich_path();
	bool		whole = path[0] == '.';
	size_t		wedges[3];

	for (int weld = 0; weld < 3; weld++)
	{
		rpm_scene_options options;
		rpm_status	status = {0};
		rpm_scene  *scene;
		clock_t		start = clock();

		rpm_scene_options_default(&options);
		if (rpm_scene_file_read(path, 3.5e9, &options, (rpm_scene_weld) weld, NULL, NULL, &scene, &status) != RPM_OK)
		{
			printf("  %s\n", status.message);
			unit_ok = false;
			return;
		}
		wedges[weld] = scene->wedge_count;
		printf("  munich welded by %s: %zu triangles, %zu facets, %zu wedges, %zu problems, %.1f MB, %.2f s\n", names[weld], scene->triangle_count,
			   scene->facet_count, scene->wedge_count, scene->problem_count, (double) scene->bytes / 1e6, (double) (clock() - start) / CLOCKS_PER_SEC);
		/* 38,938 triangles, of which three are flatter than 1.5 mm */
		if (whole)
		{
			CHECK(scene->triangle_count == 38935 && scene->building_count == 2366 && scene->problem_count == 2);
			CHECK_NEAR(scene->origin[0], 690890.4163, 1e-9);
		}
		CHECK(scene->ground_z_m == 0 && scene->facet_count < scene->triangle_count / 2);
		for (size_t f = 0; f < scene->facet_count; f++)
			for (uint32_t i = 0; i < scene->facets[f].triangle_count * 3; i++)
			{
				const rpm_triangle *t = &scene->triangles[scene->facet_triangles[scene->facets[f].first_triangle + i / 3]];

				if (fabs(rpm_dot(scene->facets[f].normal, scene->vertices[t->vertex[i % 3]]) - scene->facets[f].offset_m) > 0.002 + 1e-9 ||
					t->facet != (int32_t) f)
					unit_ok = false;
			}
		rpm_scene_free(scene);
	}
	/* Walls and roofs are rows of their own: welding them makes the eaves, 8,939 edges before those in line are joined.  Where houses stand
	 * wall to wall, welding all takes their hidden corners away again. */
	CHECK(wedges[1] > wedges[2] + (whole ? 8000 : 100));
	CHECK(!whole || wedges[1] < wedges[2] + 8939);
	CHECK(wedges[0] < wedges[1] && wedges[0] > wedges[1] * 3 / 4);
	if (!whole)
		unlink(path);
}

/* A grid of houses of so many triangles: time grows with their number. */
static void large_city(void)
{
	int			side = unit_quick() ? 30 : 150;
	rpm_status	status = {0};
	rpm_scene_options options;
	rpm_scene_builder *builder;
	rpm_scene  *scene = NULL;
	clock_t		start = clock();

	rpm_scene_options_default(&options);
	options.ground_material = 2;
	builder = city_builder(&options, &status);
	for (int i = 0; i < side * side; i++)
	{
		char		wkt[200];
		double		x = i % side * 15, y = i / side * 15.0;
		city_row	row = {.id = i, .wkt = wkt, .height_m = 5 + i % 7};

		sprintf(wkt, "POLYGON((%g %g,%g %g,%g %g,%g %g,%g %g))", x, y, x + 10, y, x + 10, y + 10, x, y + 10, x, y);
		if (city_add(builder, &row, &status) != RPM_OK)
			unit_ok = false;
	}
	CHECK(rpm_scene_builder_finish(builder, &scene, &status) == RPM_OK);
	rpm_scene_builder_free(builder);
	CHECK(scene && scene->triangle_count == (size_t) side * (size_t) side * 10 + 2 && scene->wedge_count == (size_t) side * (size_t) side * 8);
	printf("  %d houses: %zu triangles in %.2f s\n", side * side, scene ? scene->triangle_count : 0, (double) (clock() - start) / CLOCKS_PER_SEC);
	rpm_scene_free(scene);
}

int main(void)
{
	RUN(columns_and_quotes);
	RUN(bad_files);
	if (munich_path())
		RUN(munich);
	else
		SKIP(munich, "neither ../shared/data/scenes/munich.csv nor test/data/munich.csv.xz is there");
	RUN(large_city);
	return unit_summary("scene_file");
}
