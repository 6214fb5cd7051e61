/* test_features.c: the environment and the channels of a tile against places where the answer is known. */
#include <float.h>

#include "features/angles.h"
#include "features/lanes.h"
#include "rpm_clutter.h"
#include "rpm_features.h"
#include "rpm_level.h"
#include "rpm_path_loss.h"
#include "rpm_path_profile.h"
#include "rpm_pattern.h"
#include "unit.h"
#include "wkb_rows.h"

#define CELL 5.0

static const double everywhere[4] = {-1e9, -1e9, 1e9, 1e9};

/* A grid whose south-west corner is (1000, 2000). */
static rpm_environment
environment_of(int32_t columns, int32_t rows)
{
	rpm_cell_grid grid = {1000, 2000 + rows * CELL, CELL, CELL, columns, rows};
	rpm_environment environment;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_environment_create(&grid, NULL, &environment, &status) == RPM_OK);
	return environment;
}

static rpm_feature_antenna
antenna_at(double x, double y, double height_m, int kind)
{
	rpm_feature_antenna antenna = {.height_m = height_m, .rs_power_dbm = 15, .losses_db = 2, .receiver_height_m = 1.5};

	antenna.antenna.position = rpm_vec(x, y, 0);
	antenna.antenna.frequency_hz = 2.6e9;
	antenna.antenna.pattern = rpm_pattern_default(kind);
	return antenna;
}

static float *
channels_of(const rpm_environment *environment, const rpm_feature_antenna *antenna, const rpm_feature *channels, int count, int threads)
{
	rpm_control control = {.threads = threads};
	size_t		cells = (size_t) environment->grid.columns * (size_t) environment->grid.rows * (size_t) count;
	float	   *values = malloc(cells * sizeof(float));
	rpm_status	status;

	rpm_status_clear(&status);
	for (size_t i = 0; i < cells; i++)
		values[i] = NAN;
	CHECK(rpm_features(environment, antenna, channels, count, &control, values, &status) == RPM_OK);
	if (status.code != RPM_OK)
		printf("  %s\n", status.message);
	return values;
}

static void
draw_building(rpm_environment *environment, const wkb_row *row, double height_m)
{
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_environment_building(environment, row->bytes, row->size, height_m, &status) == RPM_OK);
}

static int
count_built(const rpm_environment *environment, float height_m)
{
	int			count = 0;

	for (int32_t i = 0; i < environment->grid.columns * environment->grid.rows; i++)
		count += environment->building_height_m[i] == height_m;
	return count;
}

/* A rectangle of 20 x 30 m whose sides run through the middles of cells covers 4 x 6 of them, as its area says; its neighbour the rest. */
static void
centres_belong_to_one_polygon(void)
{
	rpm_environment e = environment_of(12, 12);
	wkb_row		left = wkb_box(1002.5, 2002.5, 1022.5, 2032.5),
				right = wkb_box(1022.5, 2002.5, 1042.5, 2032.5),
				outside = wkb_box(1100, 2100, 1200, 2200),
				across = wkb_box(0, 2050, 1e5, 2055);

	draw_building(&e, &left, 7);
	draw_building(&e, &right, 9);
	draw_building(&e, &outside, 11);
	CHECK(count_built(&e, 7) == 24);
	CHECK(count_built(&e, 9) == 24);
	CHECK(count_built(&e, 11) == 0);
	draw_building(&e, &across, 5);
	CHECK(count_built(&e, 5) == 12);
	/* The higher counts, whichever comes last. */
	draw_building(&e, &left, 3);
	CHECK(count_built(&e, 7) == 24);
	rpm_environment_free(&e);
}

/* A disc of radius 100 m with a hole of 40 m: pi (100^2 - 40^2) / 25 cells, within the cells of its outlines' lengths' square roots. */
static void
a_ring_covers_its_area(void)
{
	rpm_environment e = environment_of(50, 50);
	wkb_row		ring = wkb_ring(1125.3, 2124.1, 100, 40, 180);

	draw_building(&e, &ring, 10);
	CHECK_NEAR(count_built(&e, 10), RPM_PI * (100 * 100 - 40 * 40) / 25, 20);
	rpm_environment_free(&e);
}

/* A roof z = 10 + 0.1 (x - 1000) + 0.2 (y - 2000) over ground z = 2 + 0.05 (x - 1000): heights are their difference at the centres. */
static void
surfaces_are_planes_at_the_centres(void)
{
	rpm_environment e = environment_of(10, 10);
	wkb_row		roof = wkb_plane(1010, 2010, 1030, 2030, 10, 0.1, 0.2),
				ground = wkb_plane(1000, 2000, 1050, 2050, 2, 0.05, 0);
	rpm_status	status;
	int			built = 0;

	rpm_status_clear(&status);
	CHECK(rpm_environment_terrain(&e, ground.bytes, ground.size, &status) == RPM_OK);
	draw_building(&e, &roof, NAN);
	rpm_environment_finish(&e, NAN, everywhere, false);
	for (int row = 0; row < 10; row++)
		for (int column = 0; column < 10; column++)
		{
			double		x = (column + 0.5) * CELL,
						y = (9.5 - row) * CELL;
			float		height = e.building_height_m[10 * row + column];
			bool		under = x > 10 && x < 30 && y > 10 && y < 30;

			CHECK_NEAR(e.ground_m[10 * row + column], 2 + 0.05 * x, 1e-5);
			CHECK_NEAR(height, under ? 8 + 0.05 * x + 0.2 * y : 0, 1e-5);
			built += height > 0;
		}
	CHECK(built == 16);
	rpm_environment_free(&e);
}

static void
roads_touch_or_have_a_width(void)
{
	rpm_environment e = environment_of(10, 10);
	wkb_row		along = wkb_line(1001, 2002.4, 1049, 2002.6),
				steep = wkb_line(1012, 1900, 1013, 2200),
				away = wkb_line(1060, 2000, 1060, 2050);
	rpm_status	status;
	int			count = 0;

	rpm_status_clear(&status);
	CHECK(rpm_environment_road(&e, along.bytes, along.size, 0, &status) == RPM_OK);
	CHECK(rpm_environment_road(&e, steep.bytes, steep.size, 0, &status) == RPM_OK);
	CHECK(rpm_environment_road(&e, away.bytes, away.size, 0, &status) == RPM_OK);
	for (int i = 0; i < 100; i++)
		count += e.road[i];
	CHECK(count == 19);
	for (int i = 0; i < 10; i++)
		CHECK(e.road[90 + i] == 1 && e.road[10 * i + 2] == 1);
	/* 20 m wide: centres within 10 m of y = 2002.5 are those of three rows, 0, 5 and 10 m off. */
	CHECK(rpm_environment_road(&e, along.bytes, along.size, 20.1, &status) == RPM_OK);
	CHECK(e.road[80] == 1 && e.road[75] == 1 && e.road[60] == 0);
	/* A diagonal touches the cells that it crosses: 10 of them from corner to corner, moved by a little 19. */
	wkb_row		diagonal = wkb_line(1000, 2001, 1049, 2050);

	rpm_environment_free(&e);
	e = environment_of(10, 10);
	CHECK(rpm_environment_road(&e, diagonal.bytes, diagonal.size, 0, &status) == RPM_OK);
	count = 0;
	for (int i = 0; i < 100; i++)
		count += e.road[i];
	CHECK(count == 19);
	rpm_environment_free(&e);
}

/* A raster of 10 m cells whose corner lies 5 m west and north of the tile's: each cell of the tile lies in one of its cells. */
static void
rasters_give_the_value_at_the_middle(void)
{
	rpm_environment e = environment_of(4, 4);
	const rpm_cell_grid grid = {995, 2025, 10, 10, 2, 2};
	const float values[4] = {3, 5, -9999, 11},
				wrong[4] = {0, 0, 0, 24};
	rpm_status	status;

	rpm_status_clear(&status);
	for (int layer = 0; layer < RPM_LAYER_COUNT; layer++)
		CHECK(rpm_environment_raster(&e, (rpm_environment_layer) layer, &grid, values, -9999, &status) == RPM_OK);
	rpm_environment_finish(&e, NAN, everywhere, true);
	CHECK(e.building_height_m[0] == 3 && e.land_use[0] == 3 && e.ground_m[0] == 3 && e.road[0] == 1 && e.known[0] == 1);
	CHECK(e.building_height_m[1] == 5 && e.land_use[2] == 5 && e.road[3] == 0);
	CHECK(e.land_use[4] == 0 && e.building_height_m[4] == 0 && e.ground_m[4] == 3 && e.road[4] == 0 && e.known[4] == 0);
	CHECK(e.land_use[5] == 11 && e.land_use[10] == 11 && e.land_use[15] == 0);
	CHECK(rpm_environment_raster(&e, RPM_LAYER_LAND_USE, &grid, wrong, -9999, &status) == RPM_INVALID_ARGUMENT);
	rpm_environment_free(&e);
}

static void
what_is_known(void)
{
	rpm_environment e = environment_of(10, 10);
	wkb_row		meadow = wkb_box(1000, 2000, 1025, 2050),
				house = wkb_box(1040, 2000, 1050, 2010);
	const double box[4] = {1000, 2000, 1050, 2025};
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_environment_land_use(&e, meadow.bytes, meadow.size, 7, &status) == RPM_OK);
	draw_building(&e, &house, 6);
	rpm_environment_finish(&e, 3, box, false);
	CHECK(rpm_environment_known_count(&e) == 50);
	rpm_environment_finish(&e, 3, box, true);
	CHECK(rpm_environment_known_count(&e) == 25 + 4);
	CHECK(e.land_use[0] == 7 && e.land_use[9] == 0);
	CHECK(e.ground_m[5] == 3);
	rpm_environment_free(&e);
}

/* Free space by hand under an isotropic antenna, and the pattern against the tracer's own field on every cell. */
static void
free_space_and_pattern(void)
{
	static const rpm_feature channels[] = {RPM_FEATURE_FREE_SPACE, RPM_FEATURE_DISTANCE, RPM_FEATURE_AZIMUTH, RPM_FEATURE_ELEVATION};
	rpm_environment e = environment_of(41, 41);
	rpm_feature_antenna a = antenna_at(1102.5, 2102.5, 31.5, RPM_PATTERN_ISOTROPIC);
	const int	cells = 41 * 41,
				east = 20 * 41 + 28,	/* 40 m east */
				south = 26 * 41 + 20;	/* 30 m south */
	float	   *v;

	rpm_environment_finish(&e, 500, everywhere, false);
	a.antenna.grid_azimuth_rad = rpm_radians(90);
	a.antenna.mechanical_tilt_rad = rpm_radians(4);
	a.antenna.electrical_tilt_rad = rpm_radians(2);
	v = channels_of(&e, &a, channels, 4, 1);
	CHECK_NEAR(v[east], 15 - 2 - 20 * log10(4 * RPM_PI * 50 * 2.6e9 / 299792458.0), 1e-4);
	CHECK_NEAR(v[cells + east], 50, 1e-4);
	CHECK_NEAR(v[2 * cells + east], 0, 1e-4);
	CHECK_NEAR(v[3 * cells + east], rpm_degrees(atan2(30, 40)) - 6, 1e-4);
	CHECK_NEAR(v[2 * cells + south], 90, 1e-4);
	CHECK_NEAR(v[cells + 20 * 41 + 20], 30, 1e-4);
	free(v);
	for (int kind = RPM_PATTERN_ISOTROPIC; kind <= RPM_PATTERN_TR38901; kind++)
	{
		a.antenna.pattern = rpm_pattern_default(kind);
		v = channels_of(&e, &a, channels, 1, 2);
		for (int cell = 0; cell < cells; cell++)
		{
			rpm_vec3	to = rpm_vec((cell % 41 - 20) * CELL, (20 - cell / 41) * CELL, -30);
			rpm_cvec3	field = rpm_antenna_field(&a.antenna, rpm_unit(to));
			double		gain = field.x.re * field.x.re + field.y.re * field.y.re + field.z.re * field.z.re,
						level = 13 + 10 * log10(gain) - rpm_free_space_loss_db(rpm_norm(to), 2.6e9);

			if (10 * log10(gain) > a.antenna.pattern.gain_dbi - 59)
				CHECK_NEAR(v[cell], level, 1e-3);
		}
		free(v);
	}
	rpm_environment_free(&e);
}

/* UMa as rpm_path_loss has it, but for the table's metres. */
static void
empirical_is_the_published_model(void)
{
	static const rpm_feature channels[] = {RPM_FEATURE_EMPIRICAL};
	rpm_environment e = environment_of(101, 101);
	rpm_feature_antenna a = antenna_at(1252.5, 2252.5, 25, RPM_PATTERN_ISOTROPIC);
	const rpm_path_loss_model *model;
	rpm_status	status;
	float	   *v;

	rpm_status_clear(&status);
	rpm_environment_finish(&e, 0, everywhere, false);
	v = channels_of(&e, &a, channels, 1, 1);
	CHECK(rpm_path_loss_find("tr38901_uma", NULL, &model, &status) == RPM_OK);
	for (int column = 51; column < 101; column++)
		for (int row = 0; row < 101; row += 7)
		{
			double		distance = hypot((column - 50) * CELL, (row - 50) * CELL);
			rpm_path_loss_link link = rpm_path_loss_link_of(fmax(distance, 10), 2600, 25, 1.5);
			rpm_path_loss_value value;

			CHECK(rpm_path_loss(model, &link, &value, &status) == RPM_OK);
			CHECK_NEAR(v[row * 101 + column], 13 - value.loss_db, 0.1);
		}
	free(v);
	rpm_environment_free(&e);
}

/*
 * A wall 20 m high and 10 m thick, 100 m east of a mast of 40 m, as long as the tile.  On the axis the direct path to d metres is
 * 40 - 38.5 s / d high at s: below the roof 100 m off where d is under 192 m, 105 m off under 202 m.
 */
static void
a_wall_throws_a_shadow(void)
{
	static const rpm_feature channels[] = {RPM_FEATURE_LINE_OF_SIGHT, RPM_FEATURE_OBSTRUCTED, RPM_FEATURE_OBSTRUCTIONS, RPM_FEATURE_KNIFE_EDGE};
	rpm_environment e = environment_of(101, 101);
	rpm_feature_antenna a = antenna_at(1052.5, 2252.5, 40, RPM_PATTERN_ISOTROPIC);
	wkb_row		wall = wkb_box(1150, 1000, 1160, 4000);
	const int	cells = 101 * 101,
				axis = 50 * 101;
	float	   *v;

	draw_building(&e, &wall, 20);
	rpm_environment_finish(&e, 0, everywhere, false);
	v = channels_of(&e, &a, channels, 4, 1);
	for (int column = 0; column < 101; column++)
	{
		double		d = (column - 10) * CELL,
					high_near = 40 - 38.5 * 100 / d,
					high_far = 40 - 38.5 * 105 / d;
		int			below = d >= 110 ? (high_near < 20) + (high_far < 20) : 0;
		bool		indoors = column == 30 || column == 31;

		CHECK(v[axis + column] == (below == 0 && !indoors));
		CHECK_NEAR(v[2 * cells + axis + column], below > 0 || indoors, 0);
		if (!indoors)
			CHECK_NEAR(v[cells + axis + column], 5 * below, 1e-4);
		if (column > 32)
		{
			double		lambda = RPM_SPEED_OF_LIGHT_M_S / 2.6e9,
						near = (20 - high_near) * sqrt(2 / lambda * (1 / 100.0 + 1 / (d - 100))),
						far = (20 - high_far) * sqrt(2 / lambda * (1 / 105.0 + 1 / (d - 105)));

			CHECK_NEAR(v[3 * cells + axis + column], rpm_knife_edge_loss_db(fmax(near, far)), 0.01);
		}
	}
	/* At 45 degrees: the same shares of the path, in longer steps. */
	CHECK_NEAR(v[cells + 10 * 101 + 50], 5 * sqrt(2), 1e-4);
	CHECK_NEAR(v[cells + 15 * 101 + 45], 10 * sqrt(2), 1e-4);
	CHECK_NEAR(v[cells + 5 * 101 + 55], 0, 0);
	CHECK(v[95 * 101 + 5] == 1);
	free(v);
	rpm_environment_free(&e);
}

/* The edge that matters most, and what is blocked, of each cell in line with the mast, from all cells between them. */
static void
paths_along_a_row(const rpm_environment *e, const float *v, int n, int middle, double height_m)
{
	const int	cells = n * n;

	for (int column = middle + 1; column < n; column++)
	{
		double		d = column - middle,
					worst = -INFINITY;
		int			below = 0,
					groups = 0;
		bool		before = false;

		for (int k = middle + 1; k < column; k++)
		{
			double		near = k - middle,
						h = e->building_height_m[middle * n + k] - height_m - (1.5 - height_m) * near / d,
						nu = h * sqrt(2 * 2.6e9 / RPM_SPEED_OF_LIGHT_M_S / CELL * (1 / near + 1 / (d - near)));

			worst = fmax(worst, nu);
			below += h > 0;
			groups += h > 0 && !before;
			before = h > 0;
		}
		groups += e->building_height_m[middle * n + column] > 1.5 && !before;
		CHECK_NEAR(v[3 * cells + middle * n + column], rpm_knife_edge_loss_db(worst), 2e-3);
		CHECK(v[cells + middle * n + column] == (float) ((below + 0.5 * (e->building_height_m[middle * n + column] > 1.5)) * CELL));
		CHECK(v[2 * cells + middle * n + column] == groups);
	}
}

/* Low towns leave most paths clear, by a little or a lot; high ones block them many times. */
static void
edges_of_random_towns(void)
{
	static const rpm_feature channels[] = {RPM_FEATURE_LINE_OF_SIGHT, RPM_FEATURE_OBSTRUCTED, RPM_FEATURE_OBSTRUCTIONS, RPM_FEATURE_KNIFE_EDGE};
	static const float tallest_m[] = {0, 1, 3, 9, 17, 39};
	const int	n = 2 * 150 + 1;

	for (int town = 0; town < 6; town++)
	{
		rpm_environment e = environment_of(n, n);
		rpm_feature_antenna a = antenna_at(1000 + CELL * (150 + 0.5), 2000 + CELL * (150 + 0.5), 24.3, RPM_PATTERN_ISOTROPIC);
		float	   *v;

		for (int i = 0; i < n * n; i++)
			e.building_height_m[i] = (i * 2654435761u >> 16) % 3 == 0 ? (float) ((i * 2246822519u >> 18) % 1000) / 1000 * tallest_m[town] : 0;
		rpm_environment_finish(&e, 0, everywhere, false);
		v = channels_of(&e, &a, channels, 4, 2);
		paths_along_a_row(&e, v, n, 150, 24.3);
		free(v);
		rpm_environment_free(&e);
	}
}

static void
arctangents(void)
{
	static const double special[] = {0, -0.0, 1, -1, 1e-300, 1e300, -3e-9, 0.41421356237309505, 2.414213562373095};
	double		y[ANGLES_LANES] = {0},
				x[ANGLES_LANES] = {0},
				angle[ANGLES_LANES];

	for (int i = 0; i < 4000; i++)
	{
		y[i % 4] = i < 81 ? special[i / 9] : sin(0.7 * i) * exp(cos(1.3 * i) * 9);
		x[i % 4] = i < 81 ? special[i % 9] : cos(0.7 * i) * exp(cos(1.9 * i) * 9);
		angles_atan2(y, x, ANGLES_LANES, angle);
		CHECK_NEAR(angle[i % 4], x[i % 4] == 0 && y[i % 4] == 0 ? 0 : atan2(y[i % 4], x[i % 4]), 1e-12);
	}
}

/* Every cell of every tile is filled, whatever the place of the mast, and the same by any number of threads. */
static void
logarithms(void)
{
	static const double special[] = {1, 10, 1e-300, 1e300, 0.70710678118654746, 0.70710678118654757, 1.4142135623730951, DBL_MIN};
	double		x[LANES_LOG] = {1, 1, 1, 1},
				logarithm[LANES_LOG];

	for (int i = 0; i < 4000; i++)
	{
		x[i % LANES_LOG] = i < 8 ? special[i] : exp(sin(0.7 * i) * (i % 2 == 0 ? 700 : 1));
		lanes_log10(x, LANES_LOG, logarithm);
		CHECK_NEAR(logarithm[i % LANES_LOG], log10(x[i % LANES_LOG]), 4e-16 * fmax(1, fabs(log10(x[i % LANES_LOG]))));
	}
}

static void
every_cell_belongs_to_a_ray(void)
{
	static const rpm_feature channels[] = {RPM_FEATURE_LINE_OF_SIGHT, RPM_FEATURE_OBSTRUCTED, RPM_FEATURE_OBSTRUCTIONS, RPM_FEATURE_KNIFE_EDGE};
	static const int shapes[][2] = {{1, 1}, {2, 2}, {7, 3}, {16, 16}, {33, 20}, {20, 45}};
	static const double places[][2] = {{0.5, 0.5}, {0, 0}, {0.5, 0}, {0.31, 0.77}, {0.999, 0.999}, {0.001, 0.4}};

	for (int s = 0; s < 6; s++)
		for (int p = 0; p < 6; p++)
		{
			int			columns = shapes[s][0],
						rows = shapes[s][1],
						cells = columns * rows;
			rpm_environment e = environment_of(columns, rows);
			rpm_feature_antenna a = antenna_at(1000 + CELL * columns * places[p][0], 2000 + CELL * rows * (1 - places[p][1]) - 1e-6, 12,
											   RPM_PATTERN_ISOTROPIC);
			float	   *one,
					   *three;

			a.antenna.position.y = fmax(a.antenna.position.y, 2000.001);
			for (int i = 0; i < cells; i++)
				e.building_height_m[i] = (float) ((i * 2654435761u >> 20) % 40);
			rpm_environment_finish(&e, 0, everywhere, false);
			one = channels_of(&e, &a, channels, 4, 1);
			three = channels_of(&e, &a, channels, 4, 3);
			for (int i = 0; i < 4 * cells; i++)
				CHECK(!isnan(one[i]) && one[i] == three[i]);
			free(one);
			free(three);
			rpm_environment_free(&e);
		}
}

/* Over hills, sight as found by going to each cell by itself, in steps of 1 m over the same stairs: a ray half a cell off sees the like. */
static void
sight_over_hills(void)
{
	static const rpm_feature channels[] = {RPM_FEATURE_LINE_OF_SIGHT};
	const int	n = 120;
	rpm_environment e = environment_of(n, n);
	rpm_feature_antenna a = antenna_at(1221, 2263, 20, RPM_PATTERN_ISOTROPIC);
	const double column_0 = 221 / CELL,
				row_0 = n - 263 / CELL;
	float	   *v;
	int			differ = 0,
				blocked = 0;

	for (int row = 0; row < n; row++)
		for (int column = 0; column < n; column++)
			e.ground_m[row * n + column] = (float) (30 * sin(column / 14.0) * cos(row / 18.0));
	rpm_environment_finish(&e, 0, everywhere, false);
	v = channels_of(&e, &a, channels, 1, 2);
	for (int row = 0; row < n; row++)
		for (int column = 0; column < n; column++)
		{
			double		across = column + 0.5 - column_0,
						down = row + 0.5 - row_0,
						cells = hypot(across, down),
						from = e.ground_m[(int) row_0 * n + (int) column_0] + 20,
						to = e.ground_m[row * n + column] + 1.5;
			bool		seen = true;

			for (double s = 0; s < cells - 0.5 && seen; s += 0.2)
			{
				int			c = (int) (column_0 + across * s / cells),
							r = (int) (row_0 + down * s / cells);

				seen = (c == (int) column_0 && r == (int) row_0) || e.ground_m[r * n + c] < from + (to - from) * s / cells;
			}
			differ += seen != (v[row * n + column] == 1);
			blocked += !seen;
		}
	CHECK(blocked > n * n / 5 && blocked < 4 * n * n / 5);
	CHECK_NEAR((double) differ / (n * n), 0, 0.03);
	free(v);
	rpm_environment_free(&e);
}

static void
given_channels_and_names(void)
{
	static const rpm_feature channels[] = {RPM_FEATURE_CLUTTER, RPM_FEATURE_KNOWN, RPM_FEATURE_GROUND, RPM_FEATURE_LINEAR};
	static const double coefficients[RPM_CLUTTER_TERMS] = {-20, -30};
	rpm_environment e = environment_of(3, 3);
	rpm_feature_antenna a = antenna_at(1007, 2007, 12, RPM_PATTERN_ISOTROPIC);
	const float clutter[9] = {1, 2, 3, NAN, 5, 6, 7, 8, 9};
	float	   *v;

	e.ground_m[4] = 10;
	rpm_environment_finish(&e, 8, everywhere, false);
	a.given[RPM_FEATURE_CLUTTER] = clutter;
	a.linear_coefficients = coefficients;
	v = channels_of(&e, &a, channels, 4, 1);
	/* 13 dBm - 20 log10(2600) - 20 - 30 log10 of the distance from (7, 7) to (12.5, 7.5). */
	CHECK_NEAR(v[27 + 5], 13 - 20 * log10(2600) - 20 - 30 * log10(hypot(5.5, 0.5)), 1e-4);
	CHECK(v[0] == 1 && v[3] == 0 && v[8] == 9 && v[9] == 1 && v[18] == -2 && v[22] == 0);
	free(v);
	rpm_environment_free(&e);
	for (int i = 0; i < RPM_FEATURE_COUNT; i++)
		CHECK(rpm_feature_of_name(rpm_feature_describe((rpm_feature) i)->name) == (rpm_feature) i && rpm_feature_describe((rpm_feature) i)->usual_scale > 0);
	CHECK(rpm_feature_of_name("roads") == RPM_FEATURE_COUNT);
}

static void
what_cannot_be(void)
{
	rpm_environment e = environment_of(8, 8);
	rpm_cell_grid none = {0, 0, CELL, CELL, 0, 5};
	rpm_environment other;
	rpm_control small = {.threads = 1, .memory_limit_bytes = 500};
	rpm_feature_antenna a = antenna_at(1500, 2007, 12, RPM_PATTERN_ISOTROPIC);
	wkb_row		box = wkb_box(1000, 2000, 1010, 2010),
				line = wkb_line(1000, 2000, 1010, 2010);
	rpm_feature channels[] = {RPM_FEATURE_KNOWN, RPM_FEATURE_KNOWN, RPM_FEATURE_LINE_OF_SIGHT};
	rpm_status	status;
	float		values[3 * 64];

#define REFUSES(call, expected) \
	do { rpm_status_clear(&status); CHECK((call) == (expected)); CHECK(status.message[0] != '\0'); } while (0)
	REFUSES(rpm_environment_create(&none, NULL, &other, &status), RPM_INVALID_ARGUMENT);
	REFUSES(rpm_environment_create(&e.grid, &small, &other, &status), RPM_LIMIT_EXCEEDED);
	REFUSES(rpm_environment_building(&e, box.bytes, box.size, -1, &status), RPM_INVALID_ARGUMENT);
	REFUSES(rpm_environment_building(&e, box.bytes, box.size, NAN, &status), RPM_INVALID_GEOMETRY);
	REFUSES(rpm_environment_building(&e, box.bytes, box.size - 3, 5, &status), RPM_INVALID_GEOMETRY);
	REFUSES(rpm_environment_building(&e, line.bytes, line.size, 5, &status), RPM_INVALID_GEOMETRY);
	REFUSES(rpm_environment_terrain(&e, box.bytes, box.size, &status), RPM_INVALID_GEOMETRY);
	REFUSES(rpm_environment_land_use(&e, box.bytes, box.size, 24, &status), RPM_INVALID_ARGUMENT);
	REFUSES(rpm_environment_road(&e, line.bytes, line.size, -2, &status), RPM_INVALID_ARGUMENT);
	REFUSES(rpm_environment_road(&e, line.bytes, line.size - 1, 2, &status), RPM_INVALID_GEOMETRY);
	rpm_status_clear(&status);
	CHECK(rpm_environment_road(&e, box.bytes, box.size, 0, &status) == RPM_OK && e.road[56] == 1);
	CHECK(count_built(&e, 0) == 64);
	rpm_environment_finish(&e, 0, everywhere, false);
	REFUSES(rpm_features(&e, &a, channels, 1, NULL, values, &status), RPM_INVALID_ARGUMENT);
	a.antenna.position.x = 1010;
	REFUSES(rpm_features(&e, &a, channels, 2, NULL, values, &status), RPM_INVALID_ARGUMENT);
	channels[1] = RPM_FEATURE_CLUTTER;
	REFUSES(rpm_features(&e, &a, channels, 2, NULL, values, &status), RPM_INVALID_ARGUMENT);
	channels[1] = RPM_FEATURE_ROAD;
	REFUSES(rpm_features(&e, &a, channels, 3, &small, values, &status), RPM_LIMIT_EXCEEDED);
	small.memory_limit_bytes = 0;
	small.stop = 1;
	rpm_status_clear(&status);
	CHECK(rpm_features(&e, &a, channels, 3, &small, values, &status) == RPM_CANCELLED);
	a.height_m = NAN;
	REFUSES(rpm_features(&e, &a, channels, 3, NULL, values, &status), RPM_INVALID_ARGUMENT);
	rpm_environment_free(&e);
}

int
main(void)
{
	RUN(centres_belong_to_one_polygon);
	RUN(a_ring_covers_its_area);
	RUN(surfaces_are_planes_at_the_centres);
	RUN(roads_touch_or_have_a_width);
	RUN(rasters_give_the_value_at_the_middle);
	RUN(what_is_known);
	RUN(free_space_and_pattern);
	RUN(empirical_is_the_published_model);
	RUN(a_wall_throws_a_shadow);
	RUN(every_cell_belongs_to_a_ray);
	RUN(edges_of_random_towns);
	RUN(arctangents);
	RUN(logarithms);
	RUN(sight_over_hills);
	RUN(given_channels_and_names);
	RUN(what_cannot_be);
	return unit_summary("features");
}
