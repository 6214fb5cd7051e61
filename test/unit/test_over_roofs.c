/*
 * test_over_roofs.c: the radio map over roofs: screens against Vogler's integral, one edge against its wedge, continuity, both ends
 * exchanged, no place outdoors without a level, antennas where they are hard.
 */
#include "munich_scene.h"
#include "roof_scene.h"
#include "rpm_building_entry.h"

#define BOUND_DEVIATE 2.3263479

static map_scene s;

static double
gain_at(const rpm_antenna *antenna, unsigned mechanisms, double x, double y, double z)
{
	return map_gain_at(&s, antenna, mechanisms, 1, x, y, z);
}

static double
bound(double distance)
{
	double		friis = pow(WAVELENGTH_M / (4 * RPM_PI * distance), 2);

	return friis * 1.001 * pow(10, -rpm_clutter_loss_db(FREQUENCY_HZ * 1e-9, distance / 1000, BOUND_DEVIATE) / 10);
}

/* A long house across the way, from x0 to x1. */
static void
house(int64_t id, double x0, double x1, double height)
{
	map_scene_box(&s, id, 0, rpm_vec(x0, -600, 0), rpm_vec(x1, 600, height));
}

/* Three sheets on end are three knife edges: Vogler over the same legs. */
static void
screens(void)
{
	double		x[5] = {0, 200, 350, 420, 500}, z[5] = {6, 14, 20, 17, 1.5}, expected;
	rpm_antenna antenna;

	map_scene_begin(&s);
	for (int i = 1; i < 4; i++)
		map_scene_rectangle(&s, i, 0, rpm_vec(x[i], -4000, 0), rpm_vec(0, 8000, 0), rpm_vec(0, 0, z[i]));
	CHECK(map_scene_build(&s, NULL));
	expected = roof_vogler(3, x, z) + bound(hypot(500, z[4] - z[0]));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, z[0]);
	CHECK_NEAR(map_db(gain_at(&antenna, RPM_OVER_ROOFS, 500, 0, z[4])), map_db(expected), 0.01);
	map_scene_end(&s);
}

/* Over one edge alone nothing is added to its own field but the bound; and what stands in for a missing field is as strong. */
static void
one_edge_is_the_wedge(void)
{
	map_scene_begin(&s);
	house(1, 100, 112, 15);
	CHECK(map_scene_build(&s, NULL));
	for (int i = 0; i < 4; i++)
	{
		double		x = 115 + 11 * i, height = 45, edges, together, alone, limit;
		rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, height);

		edges = gain_at(&antenna, SIGHT_AND_EDGES, x, 0, 1.5);
		together = gain_at(&antenna, SIGHT_AND_EDGES | RPM_OVER_ROOFS, x, 0, 1.5);
		limit = bound(hypot(x, height - 1.5));
		CHECK_RELATIVE(together, edges + limit, 1e-6);
		alone = gain_at(&antenna, RPM_OVER_ROOFS, x, 0, 1.5) - limit;
		/* In the deep shadow, before the ray to the second house's foot becomes the direct one. */
		if (x > 119 && x < 150)
			CHECK_NEAR(map_db(alone), map_db(edges), 0.6);
	}
	map_scene_end(&s);
}

/* Walks of 0.1 m behind rows of roofs, from masts below and above them: no step above 0.5 dB at any boundary. */
static void
no_steps(void)
{
	enum { STEPS = 1200 };
	static double gain[STEPS];
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | RPM_OVER_ROOFS, 1, 0);

	map_scene_begin(&s);
	house(1, 40, 52, 15);
	house(2, 70, 82, 17);
	house(3, 100, 112, 14);
	house(4, 130, 142, 16);
	CHECK(map_scene_build(&s, NULL));
	options.cell_samples = 1;
	for (int height = 5; height < 60; height += unit_quick() ? 20 : 8)
	{
		rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, height);
		rpm_grid	grid = map_grid(&s, 142.15, 3, 0.1, STEPS, 1, 1.5);

		CHECK(map_run(&s, &antenna, &grid, &options, 1, gain, NULL));
		for (int i = 1; i < STEPS; i++)
			CHECK_NEAR(map_db(gain[i]), map_db(gain[i - 1]), 0.5);
	}
	map_scene_end(&s);
}

/* Both ends exchanged, over houses that stand across the way and askew. */
static void
both_ends(void)
{
	map_scene_begin(&s);
	house(1, 40, 52, 15);
	house(2, 80, 95, 21);
	map_scene_rectangle(&s, 3, 0, rpm_vec(120, -500, 0), rpm_vec(40, 1000, 0), rpm_vec(0, 0, 18));
	CHECK(map_scene_build(&s, NULL));
	for (int i = 0; i < 10; i++)
	{
		double		y = 24 * i - 100, z = 2 + 5 * i, there, back;
		rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 3);

		there = gain_at(&antenna, RPM_OVER_ROOFS, 260, y, z);
		antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 260, y, z);
		back = gain_at(&antenna, RPM_OVER_ROOFS, 0, 0, 3);
		CHECK_NEAR(map_db(there), map_db(back), 0.3);
	}
	map_scene_end(&s);
}

/* Antennas on a roof's edge, at a wall and next to it, and at the foot of one: levels everywhere, none impossible. */
static void
hard_places(void)
{
	static const double places[][3] = {{52, 0, 15}, {52.001, 0, 15}, {51.999, 0, 15.001}, {52, 0, 9}, {52.001, 0, 9}, {46, 0, 15.001},
		{60, 0, 0.002}, {40, 300, 15}};
	enum { COLUMNS = 40, ROWS = 12 };
	static double gain[COLUMNS * ROWS];
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | RPM_OVER_ROOFS, 1, 0);
	rpm_grid	grid;
	rpm_antenna antenna;

	map_scene_begin(&s);
	s.options.ground_material = 0;
	map_scene_box(&s, 1, 0, rpm_vec(40, -50, 0), rpm_vec(52, 300, 15));
	map_scene_box(&s, 2, 0, rpm_vec(80, -80, 0), rpm_vec(90, 300, 12));
	CHECK(map_scene_build(&s, NULL));
	/* To the rim of the ground plane and beyond it. */
	for (int far = 0; far < (unit_quick() ? 1 : 2); far++)
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		{
			double		cell = far ? 60 : 5;

			grid = map_grid(&s, far ? -1000 : -30, 200, cell, COLUMNS, ROWS, 1.5);
			antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, places[i][0], places[i][1], places[i][2]);
			CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, NULL));
			for (int c = 0; c < COLUMNS * ROWS; c++)
				CHECK(isnan(gain[c]) || (gain[c] > 1e-16 && gain[c] < 1));
		}
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 46, 0, 9);
	{
		rpm_control control = {.threads = 1};
		rpm_map		map = {gain, NULL, 0, 0};

		CHECK(rpm_trace_map(s.scene, s.query, &antenna, &grid, &options, &control, &map, &s.status) == RPM_INVALID_ARGUMENT);
		CHECK(strstr(s.status.message, "inside building 1") != NULL);
	}
	map_scene_end(&s);
}

/* P.2109-2: medians at the horizon, and a row of the validation table of 31,250 (0.08 GHz, 1e-6 %, -90 degrees). */
static void
entry_loss(void)
{
	static const double published[6][3] = {{0.7, 14.102, 31.576}, {0.9, 14.242, 31.156}, {1.8, 14.843, 30.555}, {2.1, 15.020, 30.541},
		{2.6, 15.292, 30.607}, {3.5, 15.721, 30.886}};

	for (int i = 0; i < 6; i++)
		for (int kind = 0; kind < 2; kind++)
			CHECK_NEAR(rpm_building_entry_loss_db((rpm_building_kind) kind, published[i][0], 0, 0), published[i][1 + kind], 6e-4);
	CHECK_NEAR(rpm_building_entry_loss_db(RPM_BUILDING_TRADITIONAL, 0.08, -90, rpm_normal_deviate(1e-8)), -2.54080585, 1e-6);
	CHECK_NEAR(rpm_normal_deviate(0.975), 1.959963985, 1e-9);
	CHECK_NEAR(rpm_normal_deviate(0.5), 0, 1e-12);
}

/* Inside a house in sight: free space less the loss at the ray's elevation; behind another house less what that takes too; else nothing. */
static void
indoors(void)
{
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | RPM_OVER_ROOFS, 1, 0);
	double		gain[2], distance = hypot(46, 20 - 1.5), elevation = atan2(18.5, 46) * 180 / RPM_PI, loss;
	rpm_antenna antenna;

	map_scene_begin(&s);
	house(1, 40, 52, 15);
	house(2, 70, 82, 15);
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 20);
	for (int kind = RPM_ENTRY_NONE; kind <= RPM_ENTRY_THERMALLY_EFFICIENT; kind++)
	{
		options.building_entry = kind;
		for (int i = 0; i < 2; i++)
		{
			rpm_grid	grid = map_grid(&s, i == 0 ? 46 : 76, 0, 0.5, 1, 1, 1.5);

			CHECK(map_run(&s, &antenna, &grid, &options, 1, &gain[i], NULL));
		}
		if (kind == RPM_ENTRY_NONE)
		{
			CHECK(isnan(gain[0]) && isnan(gain[1]));
			continue;
		}
		loss = rpm_building_entry_loss_db((rpm_building_kind) (kind - 1), FREQUENCY_HZ * 1e-9, elevation, 0);
		CHECK_NEAR(map_db(gain[0]), 20 * log10(WAVELENGTH_M / (4 * RPM_PI * distance)) - loss, 1e-3);
		CHECK(map_db(gain[1]) < map_db(gain[0]) - 10 && map_db(gain[1]) > map_db(gain[0]) - 50);
	}
	options.building_entry = 3;
	{
		rpm_control control = {.threads = 1};
		rpm_grid	grid = map_grid(&s, 46, 0, 0.5, 1, 1, 1.5);
		rpm_map		map = {gain, NULL, 0, 0};

		CHECK(rpm_trace_map(s.scene, s.query, &antenna, &grid, &options, &control, &map, &s.status) == RPM_INVALID_ARGUMENT);
	}
	map_scene_end(&s);
}

/* A city: every cell outdoors has a level, the same for one and for three threads, and no cell is above free space. */
static void
city(void)
{
	enum { COLUMNS = 44, ROWS = 40 };
	static double gain[2][COLUMNS * ROWS], without[COLUMNS * ROWS];
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | RPM_OVER_ROOFS, 1, 0);
	rpm_scene  *scene = munich_scene(RPM_WELD_ALL, NULL);
	rpm_query  *query = NULL;
	rpm_status	status;
	int			outdoors = 0, empty = 0, empty_without = 0;
	rpm_antenna antenna = {.frequency_hz = FREQUENCY_HZ};
	rpm_grid	grid;

	CHECK(scene != NULL);
	rpm_status_clear(&status);
	if (scene == NULL || rpm_query_create(scene, RPM_QUERY_BEST, NULL, &query, &status) != RPM_OK)
		return;
	antenna.position = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]);
	antenna.pattern = rpm_pattern_default(RPM_PATTERN_TR38901);
	grid = (rpm_grid) {antenna.position.x - 100, antenna.position.y + 250, 10, 10, COLUMNS, ROWS, 1.5};
	options.cell_samples = 1;
	for (int pass = 0; pass < 3; pass++)
	{
		rpm_control control = {.threads = pass == 1 ? 3 : 1};
		rpm_map		map = {pass < 2 ? gain[pass] : without, NULL, 0, 0};

		if (pass == 2)
			options.mechanisms = SIGHT_AND_EDGES;
		else
			options.mechanisms = SIGHT_AND_EDGES | RPM_OVER_ROOFS;
		CHECK(rpm_trace_map(scene, query, &antenna, &grid, &options, &control, &map, &status) == RPM_OK);
	}
	for (int i = 0; i < COLUMNS * ROWS; i++)
	{
		CHECK(isnan(gain[0][i]) == isnan(without[i]));
		if (isnan(gain[0][i]))
			continue;
		outdoors++;
		empty += !(gain[0][i] > 0);
		empty_without += !(without[i] > 0);
		CHECK_RELATIVE(gain[1][i], gain[0][i], 1e-12);
		CHECK(gain[0][i] < 1e-4);
	}
	CHECK(outdoors > 700);
	CHECK(empty == 0);
	CHECK(empty_without > outdoors / 4);
	rpm_query_free(query);
	rpm_scene_free(scene);
}

int
main(void)
{
	RUN(screens);
	RUN(one_edge_is_the_wedge);
	RUN(no_steps);
	RUN(both_ends);
	RUN(hard_places);
	RUN(entry_loss);
	RUN(indoors);
	/* The city as a scene takes the sanitizers long. */
	if (!unit_quick())
		RUN(city);
	return unit_summary("over_roofs");
}
