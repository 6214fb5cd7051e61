/*
 * test_map_terrain.c: the radio map over a ground surface that is not flat: receivers follow it, it mirrors, shades and scatters.
 */
#include "map_scene.h"

#define FREQUENCY_HZ 3.5e9
#define WAVELENGTH_M (RPM_SPEED_OF_LIGHT_M_S / FREQUENCY_HZ)
#define SPREADING2 (WAVELENGTH_M * WAVELENGTH_M / (16 * RPM_PI * RPM_PI))
#define SLOPE 0.3
#define RECEIVER_M 1.5
#define COLUMNS 8
#define ROWS 6
#define CELL_M 10.0

static map_scene s;

/* The plane z = 100 + SLOPE x over 400 m by 400 m about the origin. */
static void slope(void)
{
	rpm_vec3	corners[1][4];

	for (int k = 0; k < 4; k++)
	{
		double		x = k == 0 || k == 3 ? -200 : 200, y = k < 2 ? -200 : 200;

		corners[0][k] = rpm_vec(x, y, 100 + SLOPE * x);
	}
	map_scene_begin(&s);
	map_scene_faces(&s, 1, 0, true, 1, corners);
	CHECK(map_scene_build(&s, NULL));
}

/* Receivers lie RECEIVER_M above the slope: Friis over the distance in space, at one point in the middle of each cell. */
static void follows_the_ground(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT, 0, 0);
	double		gain[ROWS * COLUMNS];
	rpm_antenna antenna;
	rpm_grid	grid;

	slope();
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 5, 3, 100 + SLOPE * 5 + 25);
	grid = map_grid(&s, -40, 60, CELL_M, COLUMNS, ROWS, RECEIVER_M);
	options.cell_samples = 1;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, NULL));
	for (int i = 0; i < ROWS * COLUMNS; i++)
	{
		double		x = -40 + CELL_M * (i % COLUMNS), y = 60 - CELL_M * (i / COLUMNS);
		double		d2 = (x - 5) * (x - 5) + (y - 3) * (y - 3) + pow(SLOPE * (x - 5) + RECEIVER_M - 25, 2);

		CHECK_RELATIVE(gain[i], SPREADING2 / d2, 1e-5);
	}
	map_scene_end(&s);
}

/* The slope as a mirror: |direct|^2 + |image in the slope's plane|^2, TE and TM by the field's direction at the point of reflection. */
static void mirrors(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION, 1, 0);
	rpm_vec3	normal = rpm_unit(rpm_vec(-SLOPE, 0, 1));
	double		gain, height;
	rpm_vec3	receiver, image, k;
	rpm_cvec3	field;
	rpm_antenna antenna;
	rpm_grid	grid;

	slope();
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 100 + 20);
	options.cell_samples = 1;
	grid = map_grid(&s, 50, 30, 0.002, 1, 1, RECEIVER_M);
	CHECK(map_run(&s, &antenna, &grid, &options, 1, &gain, NULL));
	receiver = map_local(&s, 50, 30, 100 + SLOPE * 50 + RECEIVER_M);
	height = rpm_dot(normal, rpm_sub(antenna.position, map_local(&s, 0, 0, 100)));
	image = rpm_along(antenna.position, -2 * height, normal);
	/* From the image the ray comes straight; before the mirror it left the antenna in the mirrored direction. */
	k = rpm_mirror_direction(rpm_unit(rpm_sub(receiver, image)), normal);
	field = rpm_reflect_field(rpm_antenna_field(&antenna, k), k, normal, rpm_wall(&s.materials[0], FREQUENCY_HZ, fabs(rpm_dot(k, normal))));
	CHECK_RELATIVE(gain, SPREADING2 / pow(rpm_norm(rpm_sub(receiver, antenna.position)), 2)
				   + SPREADING2 / pow(rpm_norm(rpm_sub(receiver, image)), 2) * rpm_cvec_norm2(field), 1e-4);
	map_scene_end(&s);
}

/* A ridge along y between antenna and receivers: on its far side no straight ray, on the near side each. */
static void ridge_shades(void)
{
	rpm_vec3	corners[2][4];
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT, 0, 0);
	double		gain[20];
	rpm_antenna antenna;
	rpm_grid	grid;

	for (int side = 0; side < 2; side++)
		for (int k = 0; k < 4; k++)
		{
			double		x = k == 0 || k == 3 ? (side ? 0 : -200) : (side ? 200 : 0), y = k < 2 ? -100 : 100;

			corners[side][k] = rpm_vec(x, y, 50 - 0.4 * fabs(x));
		}
	map_scene_begin(&s);
	map_scene_faces(&s, 1, 0, true, 2, corners);
	CHECK(map_scene_build(&s, NULL));
	/* 10 m above the flank at x = -100: what it sees over the ridge at (0, 50) is more than 40 m below it nowhere on the far flank. */
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, -100, 0, 20);
	grid = map_grid(&s, -95, 0, CELL_M, 20, 1, RECEIVER_M);
	CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, NULL));
	for (int i = 0; i < 20; i++)
		CHECK(i < 9 ? gain[i] > 0 : i < 11 || gain[i] == 0);
	map_scene_end(&s);
}

/* Launched rays meet the receivers' surface over a slope as they do over a plane: the same scene turned level gives the same mean. */
static void rays_march(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_SCATTERING, 1, 400000);
	double		tilted = 0, level = 0, gain[ROWS * COLUMNS];
	rpm_antenna antenna;
	rpm_grid	grid;

	for (int flat = 0; flat < 2; flat++)
	{
		double	   *sum = flat ? &level : &tilted;
		rpm_vec3	wall[1][4];

		if (flat)
		{
			map_scene_begin(&s);
			s.options.ground_material = 0;
			s.options.ground_elevation_m = 100;
		}
		else
		{
			rpm_vec3	ground[1][4];

			/* So slight a slope that physics hardly notices it, and yet no plane to the tracer. */
			for (int k = 0; k < 4; k++)
				ground[0][k] = rpm_vec(k == 0 || k == 3 ? -600 : 600, k < 2 ? -600 : 600, 100 + (k == 0 || k == 3 ? -0.06 : 0.06));
			map_scene_begin(&s);
			map_scene_faces(&s, 9, 0, true, 1, ground);
		}
		s.materials[0].scattering_coefficient = 0.5;
		for (int k = 0; k < 4; k++)
			wall[0][k] = rpm_vec(80, k == 0 || k == 3 ? -60 : 60, k < 2 ? 100 : 125);
		map_scene_faces(&s, 1, 0, false, 1, wall);
		CHECK(map_scene_build(&s, NULL));
		antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 120);
		grid = map_grid(&s, 10, 25, CELL_M, 6, ROWS, RECEIVER_M);
		options.mechanisms = RPM_SCATTERING;
		CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, NULL));
		for (int i = 0; i < ROWS * 6; i++)
			*sum += gain[i];
		map_scene_end(&s);
	}
	/* Half a per cent from 400,000 rays; the slope moves ground and receivers by up to 1 cm here. */
	CHECK_RELATIVE(tilted, level, 0.02);
	CHECK(level > 0);
}

int
main(void)
{
	RUN(follows_the_ground);
	RUN(mirrors);
	RUN(ridge_shades);
	RUN(rays_march);
	return unit_summary("map terrain");
}
