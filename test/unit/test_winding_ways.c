/*
 * test_winding_ways.c: the radio map along ways that turn left around one corner and right around another: against Fresnel-Kirchhoff's integral,
 * against UTD at one wedge after the other, both ends exchanged, continuity, places where it is hard.
 */
#include "clock.h"
#include "roof_scene.h"

static map_scene s;

static double
isotropic(unsigned mechanisms, double ax, double ay, double az, double x, double y, double z)
{
	return roof_isotropic(&s, mechanisms, rpm_vec(ax, ay, az), rpm_vec(x, y, z));
}

/* A block on its corner, which is a tip at (x, y) with the rest below it (side 1) or above. */
static void
tip(int64_t id, double x, double y, int side)
{
	const double half = 140, at[4][2] = {{x, y}, {x + side * half, y - side * half}, {x, y - 2 * side * half}, {x - side * half, y - side * half}};

	map_scene_block(&s, id, 0, at, -SKY_M, SKY_M);
}

/* Sheets from either side, whose ends the way winds between: what Fresnel-Kirchhoff's integral over the gaps says. */
static void
sheets(void)
{
	const double x[5] = {0, 120, 300, 420, 500}, y[5] = {0, 3, -2.5, 2, 0};
	static const int sides[5] = {1, 1, -1, 1, 1};

	for (int n = 2; n <= 3; n++)
		for (int flip = -1; flip <= 1; flip += 2)
		{
			double		ends[5], tips[5], expected;

			for (int i = 0; i < n + 2; i++)
			{
				ends[i] = i == n + 1 ? x[4] : x[i];
				tips[i] = i == n + 1 ? y[4] : y[i];
			}
			expected = roof_vogler_between(n, ends, tips, sides);
			map_scene_begin(&s);
			for (int i = 1; i <= n; i++)
				map_scene_rectangle(&s, i, 0, rpm_vec(x[i], flip * y[i], -SKY_M), rpm_vec(0, -flip * sides[i] * 4000, 0), rpm_vec(0, 0, 2 * SKY_M));
			CHECK(map_scene_build(&s, NULL));
			CHECK_NEAR(map_db(isotropic(RPM_AROUND_CORNERS, 0, 0, 0, 500, 0, 0)), map_db(expected), 0.02);
			CHECK_NEAR(map_db(isotropic(RPM_AROUND_CORNERS, 500, 0, 0, 0, 0, 0)), map_db(expected), 0.02);
			map_scene_end(&s);
		}
}

/*
 * Two right-angled wedges on either side of the way: the first one's UTD field at the second one's edge, times what the second makes of a ray
 * that comes from the first (J. B. Keller 1962: the diffracted ray is diffracted again; both edges far from each other's shadow boundary).
 */
static void
wedge_after_wedge(void)
{
	const double wave = WAVELENGTH_M / (4 * RPM_PI);

	for (int i = 0; i < 4; i++)
	{
		double		y1 = 6 + 2 * i, y2 = -5 - 3 * i, z = 2 * i, first, second, there;
		double		a = hypot(150, y1), b = hypot(200, y2 - y1), c = hypot(150, y2);

		map_scene_begin(&s);
		tip(1, 150, y1, 1);
		CHECK(map_scene_build(&s, NULL));
		first = isotropic(RPM_DIFFRACTION, 0, 0, z, 350, y2, z);
		map_scene_end(&s);
		map_scene_begin(&s);
		tip(2, 350, y2, -1);
		CHECK(map_scene_build(&s, NULL));
		second = isotropic(RPM_DIFFRACTION, 150, y1, z, 500, 0, z);
		map_scene_end(&s);
		map_scene_begin(&s);
		tip(1, 150, y1, 1);
		tip(2, 350, y2, -1);
		CHECK(map_scene_build(&s, NULL));
		there = isotropic(RPM_AROUND_CORNERS, 0, 0, z, 500, 0, z);
		CHECK_NEAR(map_db(there), map_db(first * second * b * b * (a + b) * (b + c) / (b * (a + b + c)) / (wave * wave)), 0.3);
		CHECK_NEAR(map_db(there), map_db(isotropic(RPM_AROUND_CORNERS, 500, 0, z, 0, 0, z)), 0.01);
		map_scene_end(&s);
	}
}

/* Two rows of houses with a gap in each, one beside the other: in and out of the light through both, past both corners of each. */
static void
two_gaps(void)
{
	static const double rows[4][4] = {{60, -300, 72, -4}, {60, 6, 72, 300}, {110, -300, 124, 12}, {110, 26, 124, 300}};

	map_scene_begin(&s);
	for (int i = 0; i < 4; i++)
		map_scene_box(&s, i + 1, 0, rpm_vec(rows[i][0], rows[i][1], -SKY_M), rpm_vec(rows[i][2], rows[i][3], SKY_M));
	CHECK(map_scene_build(&s, NULL));
}

/*
 * Into and out of the shadow of the corner across the way: there a ray around one corner ends, and the way around both begins.  Not beside these
 * walks: where a ray that an edge throws into the light ends at another house, which is no way around corners.
 */
static void
no_steps(void)
{
	static const struct { double antenna_y, x, y; int columns, rows; } walks[] = {
		{0.013, 170.007, 27.03, 1, 300}, {13.97, 170.007, 27.03, 1, 300}, {0.013, 126.04, 12.03, 900, 1}, {13.97, 126.04, 3.03, 900, 1}};
	static double gain[900];
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | RPM_OVER_ROOFS | RPM_AROUND_CORNERS, 2, 0);

	options.cell_samples = 1;
	two_gaps();
	for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++)
	{
		rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, -40, walks[i].antenna_y, 4);
		rpm_grid	grid = map_grid(&s, walks[i].x, walks[i].y, 0.1, walks[i].columns, walks[i].rows, map_local(&s, 0, 0, 6.5).z - s.scene->ground_z_m);

		CHECK(map_run(&s, &antenna, &grid, &options, 1, gain, NULL));
		roof_check_no_steps(gain, walks[i].columns * walks[i].rows);
	}
	map_scene_end(&s);
}

/* Through both gaps and past them, from deep in the shadow into it again. */
static void
both_ends(void)
{
	two_gaps();
	for (int i = 0; i < 9; i++)
	{
		double		y = 4 * i - 10, z = 1 + i, there = isotropic(RPM_AROUND_CORNERS, -40, -20, 3, 170, y, z);

		CHECK(there > 1e-16);
		CHECK_NEAR(map_db(there), map_db(isotropic(RPM_AROUND_CORNERS, 170, y, z, -40, -20, 3)), 0.01);
	}
	map_scene_end(&s);
}

/* The level at places around the middle, whatever is there: never impossible, and the bound at least. */
static void
check_levels(double ax, double ay, double x, double y)
{
	enum { SIDE = 9 };
	static double gain[SIDE * SIDE];
	rpm_trace_options options = map_options(SIGHT_AND_EDGES | BEHIND, 2, 0);
	rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, ax, ay, 4);
	rpm_grid	grid = map_grid(&s, x - 4, y + 4, 1, SIDE, SIDE, map_local(&s, 0, 0, 6.5).z - s.scene->ground_z_m);

	options.cell_samples = 1;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, NULL));
	for (int i = 0; i < SIDE * SIDE; i++)
		CHECK(isnan(gain[i]) || (gain[i] > 1e-17 && gain[i] < 1e-2));
}

/* On the corners themselves and a millimetre off, on either end; in a notch of a house that is passed; in a gap that is no wider than rounding. */
static void
hard_places(void)
{
	two_gaps();
	check_levels(60, 6, 170, 21);
	for (int side = -1; side <= 1; side++)
	{
		check_levels(59.999, 6 + 0.001 * side, 170, 21);
		check_levels(-40, 0, 124 + 0.001 * side, 12);
		check_levels(72 + 0.001, 6 - 0.001 * side, 110 - 0.001, 12);
	}
	map_scene_end(&s);
	map_scene_begin(&s);
	/* A house around a notch that opens away from the place, and one before the notch. */
	map_scene_rectangle(&s, 1, 0, rpm_vec(20, -10, -SKY_M), rpm_vec(-15, 0, 0), rpm_vec(0, 0, 2 * SKY_M));
	map_scene_rectangle(&s, 1, 0, rpm_vec(20, 10, -SKY_M), rpm_vec(-15, 0, 0), rpm_vec(0, 0, 2 * SKY_M));
	map_scene_rectangle(&s, 1, 0, rpm_vec(20, -10, -SKY_M), rpm_vec(0, 20, 0), rpm_vec(0, 0, 2 * SKY_M));
	map_scene_rectangle(&s, 2, 0, rpm_vec(0, -300, -SKY_M), rpm_vec(0, 305, 0), rpm_vec(0, 0, 2 * SKY_M));
	map_scene_rectangle(&s, 3, 0, rpm_vec(50, -300, -SKY_M), rpm_vec(0, 300, 0), rpm_vec(0, 0, 2 * SKY_M));
	CHECK(map_scene_build(&s, NULL));
	check_levels(15, 0, 100, 3);
	check_levels(100, 3, 15, 0);
	map_scene_end(&s);
	map_scene_begin(&s);
	map_scene_rectangle(&s, 1, 0, rpm_vec(60, -300, -SKY_M), rpm_vec(0, 300.002, 0), rpm_vec(0, 0, 2 * SKY_M));
	map_scene_rectangle(&s, 2, 0, rpm_vec(60.002, 0, -SKY_M), rpm_vec(0, 300, 0), rpm_vec(0, 0, 2 * SKY_M));
	CHECK(map_scene_build(&s, NULL));
	check_levels(-40, 0, 170, 0);
	map_scene_end(&s);
}

/* A slalom of 240 sheets, wide and narrow: the search ends, and soon, though the way through it never would. */
static void
slalom(void)
{
	enum { SHEETS = 4 };

	for (int narrow = 0; narrow < 2; narrow++)
	{
		double		began = processor_s(), tip = narrow ? 0.05 : -0.8;

		map_scene_begin(&s);
		for (int i = 0; i < 60; i++)
		{
			rpm_vec3	corners[SHEETS][4];

			for (int k = 0; k < SHEETS; k++)
			{
				double		x = 10 + 2 * (SHEETS * i + k), y = k % 2 ? 1 : -1;

				for (int c = 0; c < 4; c++)
					corners[k][c] = rpm_vec(x, y * (c == 0 || c == 3 ? -tip : 200), c < 2 ? -SKY_M : SKY_M);
			}
			map_scene_faces(&s, i + 1, 0, false, SHEETS, corners);
		}
		CHECK(map_scene_build(&s, NULL));
		check_levels(0, 0, 500, 0);
		map_scene_end(&s);
		CHECK(processor_s() - began < 5);
	}
}

int
main(void)
{
	RUN(sheets);
	RUN(wedge_after_wedge);
	RUN(no_steps);
	RUN(both_ends);
	RUN(hard_places);
	RUN(slalom);
	return unit_summary("winding_ways");
}
