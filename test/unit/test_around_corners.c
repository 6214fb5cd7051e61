/*
 * test_around_corners.c: the radio map around corners and with one reflection before or behind the roofs: against Vogler's integral, against the
 * same wall on its side, against images and Ikegami's formula, both ends exchanged, continuity, places where it is hard.
 */
#include "roof_scene.h"
#include "rpm_coefficient_table.h"

static map_scene s;

static double
isotropic(unsigned mechanisms, double ax, double ay, double az, double x, double y, double z)
{
	return roof_isotropic(&s, mechanisms, rpm_vec(ax, ay, az), rpm_vec(x, y, z));
}

/* Two rows of houses across the way, and behind the street a higher one. */
static void
street_begin(void)
{
	map_scene_begin(&s);
	map_scene_box(&s, 1, 0, rpm_vec(100, -300, 0), rpm_vec(112, 300, 15));
	map_scene_box(&s, 2, 0, rpm_vec(140, -300, 0), rpm_vec(150, 300, 18));
	map_scene_box(&s, 3, 0, rpm_vec(185, -200, 0), rpm_vec(195, 250, 40));
	CHECK(map_scene_build(&s, NULL));
}

/* A tower on the way to a tall wall, beside the way to the place. */
static void
mirrored_tower_begin(void)
{
	map_scene_begin(&s);
	map_scene_box(&s, 1, 0, rpm_vec(110, -90, -20), rpm_vec(130, -72, 300));
	map_scene_box(&s, 2, 0, rpm_vec(50, 20, -20), rpm_vec(450, 30, 300));
	CHECK(map_scene_build(&s, NULL));
}

/* Sheets whose edges stand upright beside the line are what they are as roofs, turned by a right angle: Vogler in both. */
static void
a_wall_on_its_side(void)
{
	double		x[5] = {0, 200, 350, 420, 500}, z[5] = {0, 6, 10, 7, 0};

	for (int n = 1; n <= 3; n += 2)
		for (int side = -1; side <= 1; side += 2)
		{
			double		ends[5], tops[5], expected;

			for (int i = 0; i < n + 2; i++)
			{
				ends[i] = i == n + 1 ? x[4] : x[i];
				tops[i] = i == n + 1 ? z[4] : z[i];
			}
			expected = roof_vogler(n, ends, tops);
			map_scene_begin(&s);
			for (int i = 1; i <= n; i++)
				map_scene_rectangle(&s, i, 0, rpm_vec(x[i], side * z[i], -SKY_M), rpm_vec(0, -side * 4000, 0), rpm_vec(0, 0, 2 * SKY_M));
			CHECK(map_scene_build(&s, NULL));
			CHECK_NEAR(map_db(isotropic(RPM_AROUND_CORNERS, 0, 0, 0, 500, 0, 0)), map_db(expected), 0.02);
			map_scene_end(&s);
		}
}

/* A tower: as much around its left as around its right, and both are the one corner after the other of a screen as thick. */
static void
tower(void)
{
	double		x[4] = {0, 192, 208, 400}, z[4] = {0, 8, 8, 0}, expected = roof_vogler(2, x, z), both, left;

	map_scene_begin(&s);
	map_scene_box(&s, 1, 0, rpm_vec(192, -8, -20), rpm_vec(208, 8, 200));
	CHECK(map_scene_build(&s, NULL));
	both = isotropic(RPM_AROUND_CORNERS, 0, 0, 1.5, 400, 0, 1.5);
	/* The wedges' own coefficients are within a few dB of the knife edges' (a factor of two for each at most). */
	CHECK_NEAR(map_db(both), map_db(2 * expected), 8);
	for (double y = 0.5; y < 7; y += 1.5)
		CHECK_NEAR(map_db(isotropic(SIGHT_AND_EDGES | BEHIND, 0, 0, 1.5, 400, y, 1.5)),
				   map_db(isotropic(SIGHT_AND_EDGES | BEHIND, 0, 0, 1.5, 400, -y, 1.5)), 1e-6);
	map_scene_end(&s);
	/* With a wall in its lee that closes the right, half of it is left. */
	map_scene_begin(&s);
	map_scene_box(&s, 1, 0, rpm_vec(192, -8, -20), rpm_vec(208, 8, 200));
	map_scene_rectangle(&s, 2, 0, rpm_vec(200, -7.9, -20), rpm_vec(0, -3000, 0), rpm_vec(0, 0, 220));
	CHECK(map_scene_build(&s, NULL));
	left = isotropic(RPM_AROUND_CORNERS, 0, 0, 1.5, 400, 0, 1.5);
	CHECK_NEAR(map_db(left), map_db(both / 2), 0.05);
	map_scene_end(&s);
}

/* Both ends exchanged: around corners, and over roofs with a reflection, which then stands before the roof instead of behind. */
static void
both_ends(void)
{
	map_scene_begin(&s);
	map_scene_box(&s, 1, 0, rpm_vec(60, -14, -20), rpm_vec(80, 9, 120));
	map_scene_rectangle(&s, 2, 0, rpm_vec(150, -40, -20), rpm_vec(30, 38, 0), rpm_vec(0, 0, 120));
	CHECK(map_scene_build(&s, NULL));
	for (int i = 0; i < 8; i++)
	{
		double		y = 3 * i - 18, z = 1 + 4 * i;

		CHECK_NEAR(map_db(isotropic(RPM_AROUND_CORNERS, 0, 0, 3, 260, y, z)), map_db(isotropic(RPM_AROUND_CORNERS, 260, y, z, 0, 0, 3)), 0.3);
	}
	map_scene_end(&s);
	mirrored_tower_begin();
	for (int i = 0; i < 8; i++)
	{
		double		x = 290 + 3 * i, z = 1 + 4 * i, there = isotropic(RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION, 0, -160, 3, x, 0, z);

		CHECK(there > 100 * isotropic(RPM_ROOF_REFLECTION, 0, -160, 3, x, 0, z));
		CHECK_NEAR(map_db(there), map_db(isotropic(RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION, x, 0, z, 0, -160, 3)), 0.3);
	}
	map_scene_end(&s);
	street_begin();
	for (int i = 0; i < 8; i++)
	{
		double		y = 12 * i - 50, there = isotropic(RPM_ROOF_REFLECTION, 20, 0, 25, 160 + i, y, 1.5);

		CHECK(there > 1e-16);
		CHECK_NEAR(map_db(there), map_db(isotropic(RPM_ROOF_REFLECTION, 160 + i, y, 1.5, 20, 0, 25)), 0.3);
	}
	map_scene_end(&s);
}

/* Sheets beside the line to the image in a wall, which they run into; at the image Vogler's field times the wall's coefficient, from either end. */
static void
mirrored_corners(void)
{
	rpm_coefficient_table table;
	rpm_interface c;
	rpm_material concrete = map_material(0);
	double		at[2] = {150, 200}, off[2] = {8, 9}, length = hypot(300, 200), ux = 300 / length, uy = 200 / length;

	CHECK(rpm_coefficient_table_build(&concrete, FREQUENCY_HZ, &table, &s.status) == RPM_OK);
	for (int n = 1; n <= 2; n++)
	{
		double		x[4] = {0}, z[4] = {0}, expected, last_y = 0;

		map_scene_begin(&s);
		map_scene_rectangle(&s, 9, 0, rpm_vec(50, 20, -SKY_M), rpm_vec(400, 0, 0), rpm_vec(0, 0, 2 * SKY_M));
		for (int i = 0; i < n; i++)
		{
			double		y = at[i] * 2 / 3 - off[i];

			map_scene_rectangle(&s, i + 1, 0, rpm_vec(at[i], y - 160, -SKY_M), rpm_vec(0, 300, 0), rpm_vec(0, 0, 2 * SKY_M));
			x[i + 1] = at[i] * ux + y * uy;
			z[i + 1] = at[i] * uy - y * ux;
			last_y = y - 160;
		}
		CHECK(map_scene_build(&s, NULL));
		x[n + 1] = length;
		/* The field is upright, across the plane of incidence. */
		c = rpm_coefficient_lookup(&table, (40 - last_y) / hypot(40 - last_y, 300 - at[n - 1]));
		expected = roof_vogler(n, x, z) * rpm_cx_norm2(c.r_te);
		CHECK_NEAR(map_db(isotropic(RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION, 0, -160, 0, 300, 0, 0)), map_db(expected), 0.02);
		CHECK_NEAR(map_db(isotropic(RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION, 300, 0, 0, 0, -160, 0)), map_db(expected), 0.02);
		CHECK(isotropic(RPM_AROUND_CORNERS, 0, -160, 0, 300, 0, 0) == 0);
		map_scene_end(&s);
	}
}

/* One screen, and the house across the street: the field behind the screen at the image of the place, times the wall's coefficient. */
static void
canyon(void)
{
	rpm_coefficient_table table;
	rpm_interface c;
	rpm_material concrete = map_material(0);
	double		far = 3000, top = 12, across = 40, reflected, direct;

	CHECK(rpm_coefficient_table_build(&concrete, FREQUENCY_HZ, &table, &s.status) == RPM_OK);
	map_scene_begin(&s);
	map_scene_rectangle(&s, 1, 0, rpm_vec(far, -4000, -5), rpm_vec(0, 8000, 0), rpm_vec(0, 0, top + 5));
	map_scene_rectangle(&s, 2, 0, rpm_vec(far + across, -4000, -5), rpm_vec(0, 8000, 0), rpm_vec(0, 0, 35));
	CHECK(map_scene_build(&s, NULL));
	for (double at = 5; at < across; at += 10)
	{
		double		x[3] = {0, far, far + 2 * across - at}, z[3] = {top, top, 1.5}, expected;
		double		down = atan2(top - 1.5, 2 * across - at);

		/* The field is upright, across the plane of incidence but for the slope, which turns it by `down`. */
		c = rpm_coefficient_lookup(&table, cos(down));
		expected = roof_vogler(1, x, z) * (rpm_cx_norm2(c.r_tm));
		reflected = isotropic(RPM_ROOF_REFLECTION, 0, 0, top, far + at, 0, 1.5);
		CHECK_NEAR(map_db(reflected), map_db(expected), 0.02);
		/* The wall's share beside the direct way's: each the leg's length and the angle of its knife edge. */
		x[2] = far + at;
		direct = roof_vogler(1, x, z);
		CHECK_RELATIVE(reflected / direct, rpm_cx_norm2(c.r_tm) * hypot(at, top - 1.5) / hypot(2 * across - at, top - 1.5)
					   * pow(sin(atan2(top - 1.5, at) / 2) / sin(down / 2), 2), 0.03);
	}
	map_scene_end(&s);
	/* In the middle of the street and for small angles that is 3 |R|^2, as in Ikegami's two rays of COST 231-Walfisch-Ikegami (1 + 3 / L_r^2). */
	top = 4;
	map_scene_begin(&s);
	map_scene_rectangle(&s, 1, 0, rpm_vec(far, -4000, -5), rpm_vec(0, 8000, 0), rpm_vec(0, 0, top + 5));
	map_scene_rectangle(&s, 2, 0, rpm_vec(far + across, -4000, -5), rpm_vec(0, 8000, 0), rpm_vec(0, 0, 35));
	CHECK(map_scene_build(&s, NULL));
	c = rpm_coefficient_lookup(&table, cos(atan2(top - 1.5, 1.5 * across)));
	reflected = isotropic(RPM_ROOF_REFLECTION, 0, 0, top, far + across / 2, 0, 1.5);
	direct = isotropic(RPM_OVER_ROOFS, 0, 0, top, far + across / 2, 0, 1.5);
	CHECK_NEAR(1 + reflected / direct, 1 + 3 * rpm_cx_norm2(c.r_tm), 0.1);

	map_scene_end(&s);
}

/* Walks of 0.1 m behind towers and across a street, at whose walls what comes over the roof and what is reflected in sight meet. */
static void
no_steps(void)
{
	enum { STEPS = 1200 };
	static double gain[STEPS];
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | RPM_REFLECTION | BEHIND, 2, 0);

	options.cell_samples = 1;
	map_scene_begin(&s);
	map_scene_box(&s, 1, 0, rpm_vec(40, -10, -5), rpm_vec(55, 12, 60));
	map_scene_box(&s, 2, 0, rpm_vec(80, -14, -5), rpm_vec(90, 6, 45));
	CHECK(map_scene_build(&s, NULL));
	for (int height = 5; height < 60; height += unit_quick() ? 40 : 13)
		for (int along = 0; along < 2; along++)
		{
			rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, -50, 0, height);
			rpm_grid	grid = along ? map_grid(&s, 92, 3, 0.1, STEPS, 1, 6.5) : map_grid(&s, 140, 60, 0.1, 1, STEPS, 6.5);

			CHECK(map_run(&s, &antenna, &grid, &options, 1, gain, NULL));
			roof_check_no_steps(gain, STEPS);
		}
	map_scene_end(&s);
	/* Into the shadow of the tower's corners on the way to a wall, and out of it. */
	mirrored_tower_begin();
	for (int along = 0; along < 2; along++)
	{
		rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, -160, 3);
		rpm_grid	grid = along ? map_grid(&s, 225, 0, 0.1, 500, 1, 1.5) : map_grid(&s, 240, 18, 0.1, 1, 500, 1.5);

		CHECK(map_run(&s, &antenna, &grid, &options, 1, gain, NULL));
		roof_check_no_steps(gain, 500);
	}
	map_scene_end(&s);
	street_begin();
	for (int height = 10; height < 60; height += unit_quick() ? 40 : 8)
	{
		rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 20, 0, height);
		rpm_grid	grid = map_grid(&s, 152, 3, 0.1, 320, 1, 1.5);

		CHECK(map_run(&s, &antenna, &grid, &options, 1, gain, NULL));
		roof_check_no_steps(gain, 320);
	}
	map_scene_end(&s);
}

/* On an edge of a roof, on a wall, a millimetre from one, in a corner, with the receivers there too: levels everywhere, none impossible. */
static void
hard_places(void)
{
	static const double places[][3] = {{52, 0, 15}, {52.001, 0, 9}, {51.999, 0, 15.001}, {52, 0, 9}, {52, 300, 9}, {52.001, 300.001, 2}, {80, 0, 4},
		{60, 0, 0.002}};
	enum { COLUMNS = 40, ROWS = 12 };
	static double gain[COLUMNS * ROWS];
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | RPM_REFLECTION | BEHIND, 2, 0);

	map_scene_begin(&s);
	s.options.ground_material = 0;
	map_scene_box(&s, 1, 0, rpm_vec(40, -50, 0), rpm_vec(52, 300, 15));
	map_scene_box(&s, 2, 0, rpm_vec(80, -80, 0), rpm_vec(90, 300, 12));
	map_scene_box(&s, 3, 0, rpm_vec(90, -80, 0), rpm_vec(95, 100, 30));
	CHECK(map_scene_build(&s, NULL));
	for (int far = 0; far < 2; far++)
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		{
			/* To the rim of the ground plane and beyond it; near, receivers on walls and edges. */
			double		cell = far ? 60 : 4;
			rpm_grid	grid = map_grid(&s, far ? -1000 : -30, far ? 340 : 20, cell, COLUMNS, ROWS, 1.5);
			rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, places[i][0], places[i][1], places[i][2]);

			options.cell_samples = 1;
			CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, NULL));
			for (int c = 0; c < COLUMNS * ROWS; c++)
				CHECK(isnan(gain[c]) || (gain[c] > 1e-16 && gain[c] < 1));
		}
	map_scene_end(&s);
}

/* Sixty screens one behind the other, each with corners: the order of diffraction ends, and with it the map. */
static void
many_screens(void)
{
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | RPM_REFLECTION | BEHIND, 30, 0);
	double		gain[100];
	rpm_antenna antenna;
	rpm_grid	grid;

	map_scene_begin(&s);
	for (int i = 0; i < 60; i++)
		map_scene_rectangle(&s, i + 1, 0, rpm_vec(20 + 5 * i, -30 - i % 7, 0), rpm_vec(0, 60 + i % 11, 0), rpm_vec(0, 0, 15 + i % 5));
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 10);
	grid = map_grid(&s, 300, -30, 2, 10, 10, 1.5);
	CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, NULL));
	for (int i = 0; i < 100; i++)
		CHECK(gain[i] > 1e-16 && gain[i] < 1e-3);
	map_scene_end(&s);
}

int
main(void)
{
	RUN(a_wall_on_its_side);
	RUN(tower);
	RUN(both_ends);
	RUN(mirrored_corners);
	RUN(canyon);
	RUN(no_steps);
	RUN(hard_places);
	RUN(many_screens);
	return unit_summary("around_corners");
}
