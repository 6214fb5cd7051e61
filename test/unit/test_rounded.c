/*
 * test_rounded.c: smooth round obstacles in the radio map, given as a mesh: a hill of the ground and a round tower, against Recommendation ITU-R
 * P.526-15 section 4.2 for the circle that they stand for, whatever the mesh; and its T(m, n) against the theory of creeping waves.
 */
#include "roof_scene.h"

#define BOUND_DEVIATE 2.3263479
#define HILL_M 500.0
#define FACES_PER_ROW 7

static map_scene s;

/* The path gain over a circle whose centre lies at (x, z), from (0, z0) to (d, z1), and how far it turns. */
static double
over_circle(double radius, double x, double z, double z0, double d, double z1, double *turn)
{
	double		from = hypot(x, z - z0), to = hypot(d - x, z - z1);
	/* Between the directions of both ends as seen from the centre, less what lies before the tangent points. */
	double		open = acos((from * from + to * to - d * d - (z1 - z0) * (z1 - z0)) / (2 * from * to));
	double		before = sqrt(from * from - radius * radius), after = sqrt(to * to - radius * radius), leg, nu, length;

	*turn = open - acos(radius / from) - acos(radius / to);
	leg = radius * tan(*turn / 2);
	nu = rpm_knife_edge_parameter(2 * sin(*turn / 2), before + leg, after + leg, WAVELENGTH_M);
	length = before + after + radius * *turn;
	return 20 * log10(WAVELENGTH_M / (4 * RPM_PI * length) * rpm_knife_edge(nu))
		- rpm_rounded_obstacle_db(radius, *turn, before + leg, after + leg, WAVELENGTH_M);
}

/* A long ridge of the ground, an arc of `faces` level strips, its top at HILL_M; flat beside it, at height 0. */
static void
hill(double radius, double top, int faces)
{
	double		half = acos(1 - top / radius), step = 2 * half / faces;
	rpm_vec3	corners[FACES_PER_ROW][4];
	int			count = 0;

	map_scene_begin(&s);
	for (int i = -1; i <= faces; i++)
	{
		double		x[2], z[2];

		for (int side = 0; side < 2; side++)
		{
			double		angle = (i + side) * step - half;

			x[side] = i + side < 0 ? -100 : i + side > faces ? 2 * HILL_M + 100 : HILL_M + radius * sin(angle);
			z[side] = i + side < 0 || i + side > faces ? 0 : fmax(0, radius * cos(angle) - radius + top);
		}
		for (int k = 0; k < 4; k++)
			corners[count][k] = rpm_vec(x[k == 1 || k == 2], k < 2 ? -4000 : 4000, z[k == 1 || k == 2]);
		if (++count == FACES_PER_ROW || i == faces)
		{
			map_scene_faces(&s, i + 2, 0, true, count, corners);
			count = 0;
		}
	}
	CHECK(map_scene_build(&s, NULL));
}

/* The bound of clutter, with what fills the antenna's nulls. */
static double
bound(double x, double z)
{
	double		distance = hypot(x, z);

	return pow(WAVELENGTH_M / (4 * RPM_PI * distance), 2) * 1.001
		* pow(10, -rpm_clutter_loss_db(FREQUENCY_HZ * 1e-9, distance / 1000, BOUND_DEVIATE) / 10);
}

/*
 * T(m, n) against the theory of creeping waves: far round the cylinder each radian takes a_1 cos(pi / 6) (pi R / lambda)^(1/3) nepers, a_1 = 2.33811
 * the first zero of Airy's function (J. B. Keller, IRE Trans. Antennas Propag. 4, 1956); and at its own change of polynomials no step above 0.2 dB.
 */
static void
formula(void)
{
	for (double radius = 3; radius < 3000; radius *= 10)
	{
		double		size = cbrt(RPM_PI * radius / WAVELENGTH_M), turn = 30 / size, far = 1.0 / size, at = 4 / size, slope;

		slope = (rpm_rounded_obstacle_db(radius, turn + far, 100, 200, WAVELENGTH_M) + 20 * log10(turn + far)
			- rpm_rounded_obstacle_db(radius, turn, 100, 200, WAVELENGTH_M) - 20 * log10(turn)) / far;
		CHECK_RELATIVE(slope, 20 / log(10) * 2.33811 * cos(RPM_PI / 6) * size, 0.04);
		CHECK_NEAR(rpm_rounded_obstacle_db(radius, at * 1.0001, 100, 200, WAVELENGTH_M),
				   rpm_rounded_obstacle_db(radius, at * 0.9999, 100, 200, WAVELENGTH_M), 0.2);
	}
	/* A knife edge is a cylinder without a radius. */
	CHECK(rpm_rounded_obstacle_db(1e-9, 0.3, 100, 200, WAVELENGTH_M) < 0.05);
	/* m = 1, n = 1, by hand. */
	CHECK_NEAR(rpm_rounded_obstacle_db(WAVELENGTH_M / RPM_PI, 1, 2 * WAVELENGTH_M / RPM_PI, 2 * WAVELENGTH_M / RPM_PI, WAVELENGTH_M), 20.5, 1e-9);
}

/* Over a hill: what the formula has for the circle, for coarse and fine meshes, and as much in both directions. */
static void
hills(void)
{
	static const struct { double radius, top; int faces; } shapes[] = {{200, 20, 24}, {200, 20, 36}, {200, 20, 57}, {1000, 8, 13}, {1000, 8, 40}, {50, 12, 50}};

	for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++)
	{
		double		radius = shapes[k].radius, top = shapes[k].top, crease = 2 * acos(1 - top / radius) / shapes[k].faces, turn;

		hill(radius, top, shapes[k].faces);
		for (double x = 700; x < 950; x += 60)
		{
			double		expected = over_circle(radius, HILL_M, top - radius, 12, x, 1.5, &turn), there, back;
			rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 12);

			there = map_gain_at(&s, &antenna, RPM_OVER_ROOFS, 1, x, 0, 1.5) - bound(x, 10.5);
			/* A mesh tells a circle by three creases and more on the way. */
			if (turn > 3 * crease)
				CHECK_NEAR(map_db(there), expected, 1.5);
			antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, x, 0, 1.5);
			back = map_gain_at(&s, &antenna, RPM_OVER_ROOFS, 1, 0, 0, 12) - bound(x, 10.5);
			CHECK_NEAR(map_db(there), map_db(back), 0.1);
		}
		map_scene_end(&s);
	}
}

/* Round a tower: both sides of it, as circles seen from above. */
static void
tower(void)
{
	enum { SIDES = 60 };
	static rpm_vec3 corners[SIDES][4];
	double		radius = 10, turn;
	rpm_antenna antenna;

	for (int i = 0; i < SIDES; i++)
		for (int k = 0; k < 4; k++)
		{
			double		angle = 2 * RPM_PI * (i + (k == 1 || k == 2)) / SIDES;

			corners[i][k] = rpm_vec(200 + radius * cos(angle), radius * sin(angle), k < 2 ? -20 : 200);
		}
	map_scene_begin(&s);
	map_scene_faces(&s, 1, 0, false, SIDES, corners);
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 1.5);
	for (double x = 218; x < 240; x += 4)
	{
		double		expected = over_circle(radius, 200, 0, 0, x, 0, &turn) + map_db(2);

		CHECK_NEAR(map_db(map_gain_at(&s, &antenna, RPM_AROUND_CORNERS, 1, x, 0, 1.5)), expected, 2);
	}
	map_scene_end(&s);
}

/*
 * From before the crest of a hill to beyond its foot, in sight, right behind the crest and deep in the shadow: no step above 0.5 dB between places
 * 0.1 m apart, whether creases are wedges or too flat for that, with the antenna straight before the hill or aside.
 */
static void
no_steps(void)
{
	enum { STEPS = 3700, FROM_SHADOW = 1300 };
	static const struct { double radius, top; int faces; } shapes[] = {{200, 20, 12}, {200, 20, 36}, {200, 20, 90}, {1000, 20, 40}};
	static double gain[STEPS];
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_DIFFRACTION | RPM_OVER_ROOFS, 1, 0);

	options.cell_samples = 1;
	for (size_t k = 0; k < 2 * sizeof(shapes) / sizeof(shapes[0]); k++)
	{
		rpm_antenna antenna;
		rpm_grid	grid;

		hill(shapes[k / 2].radius, shapes[k / 2].top, shapes[k / 2].faces);
		antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, k % 2 ? 150 : 0, k % 2 ? 12 : 25);
		antenna.frequency_hz = k % 2 ? FREQUENCY_HZ : FREQUENCY_HZ / 5;
		grid = map_grid(&s, 460, 3, 0.1, unit_quick() ? 1300 : STEPS, 1, 1.5);
		CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, NULL));
		roof_check_no_steps(gain, grid.columns);
		/* In the shadow nothing interferes: slopes are gentle, too. */
		for (int i = FROM_SHADOW; k == 2 && i < grid.columns; i++)
			CHECK_NEAR(map_db(gain[i]), map_db(gain[i - 1]), 0.5);
		map_scene_end(&s);
	}
}

/* In sight over one crease that is no wedge: half of the field where it is grazed, as Fresnel's integral has it, and all of it farther above. */
static void
grazed(void)
{
	rpm_antenna antenna;
	rpm_vec3	corners[2][4];
	double		slope = tan(0.4 * RPM_PI / 180), top = 400 * slope;

	for (int side = 0; side < 2; side++)
		for (int k = 0; k < 4; k++)
		{
			double		x = (k == 0 || k == 3 ? 0 : 400) + 400 * side;

			corners[side][k] = rpm_vec(x, k < 2 ? -400 : 400, top - fabs(x - 400) * slope);
		}
	map_scene_begin(&s);
	map_scene_faces(&s, 1, 0, true, 2, corners);
	CHECK(map_scene_build(&s, NULL));
	CHECK(s.scene->wedge_count == 0);
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 100, 0, top - 1);
	for (double nu = 0.3; nu > -1.5; nu -= 0.1)
	{
		/* The straight line to x = 600 passes the crease, 300 m and 200 m away, as nu says. */
		double		over = -nu * sqrt(WAVELENGTH_M * 300 * 200 / (2 * 500)), z = top - 1 + (over + 1) * 500 / 300, distance = hypot(500, z - top + 1);
		rpm_chain_edge edge = {300, nu * sqrt(WAVELENGTH_M * 500 / (2.0 * 300 * 200)), 1, false};
		double		field = pow(WAVELENGTH_M / (4 * RPM_PI * distance), 2);
		/* Receivers' heights are above the ground. */
		double		gain = map_gain_at(&s, &antenna, RPM_LINE_OF_SIGHT | RPM_DIFFRACTION | RPM_OVER_ROOFS, 1, 600, 0, z - 200 * slope);

		if (nu > -0.5)
			CHECK_NEAR(map_db(gain), map_db(field * pow(rpm_knife_edges(&edge, 1, 200, WAVELENGTH_M), 2) + bound(500, z - top + 1)), 0.05);
		if (nu < -1)
			CHECK_NEAR(map_db(gain), map_db(field + bound(500, z - top + 1)), 1e-3);
	}
	map_scene_end(&s);
}

/* A steep rock of the ground: its upright edges are no corners of a building. */
static void
rock(void)
{
	static rpm_vec3 walls[4][4], round[5][4];
	const double x[4] = {1, -1, -1, 1}, y[4] = {1, 1, -1, -1};
	rpm_antenna antenna;
	double		gain;

	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 4; k++)
		{
			int			at = (i + (k == 1 || k == 2)) % 4;
			double		foot = 50, top = 48, far = 400;

			walls[i][k] = k < 2 ? rpm_vec(foot * x[at], foot * y[at], 0) : rpm_vec(top * x[at], top * y[at], 30);
			round[i][k] = k < 2 ? rpm_vec(foot * x[at], foot * y[at], 0) : rpm_vec(far * x[at], far * y[at], 0);
			round[4][i] = rpm_vec(top * x[i], top * y[i], 30);
		}
	map_scene_begin(&s);
	map_scene_faces(&s, 1, 0, true, 4, walls);
	map_scene_faces(&s, 2, 0, true, 5, round);
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, -200, 0, 10);
	gain = map_gain_at(&s, &antenna, RPM_LINE_OF_SIGHT | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_AROUND_CORNERS, 1, 120, 20, 1.5);
	CHECK(gain > 1e-16 && gain < 1e-10);
	map_scene_end(&s);
}

int
main(void)
{
	RUN(formula);
	RUN(hills);
	RUN(tower);
	RUN(no_steps);
	RUN(grazed);
	RUN(rock);
	return unit_summary("rounded");
}
