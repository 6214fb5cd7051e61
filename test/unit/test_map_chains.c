/*
 * test_map_chains.c: chains of mirrors in the map, exact once rays have found them: against images, launched rays, and each other.
 *
 * A canyon of two facing walls, as long and high as to hold all reflection points: its chains are W E W ... and E W E ..., whose images lie
 * in a row.
 */
#include "map_scene.h"

#define FREQUENCY_HZ 3.5e9
#define WAVELENGTH_M (RPM_SPEED_OF_LIGHT_M_S / FREQUENCY_HZ)
#define SPREADING2 (WAVELENGTH_M * WAVELENGTH_M / (16 * RPM_PI * RPM_PI))
#define WIDTH_M 20.0
#define DEPTH 5
#define CANYON_COLUMNS 20
#define CANYON_ROWS 80
#define CANYON_CELLS (CANYON_COLUMNS * CANYON_ROWS)
#define TOWN_SIDE 24
#define TOWN_CELLS (TOWN_SIDE * TOWN_SIDE)

static map_scene s;

static void canyon_begin(void)
{
	map_scene_begin(&s);
	map_scene_rectangle(&s, 1, 0, rpm_vec(0, -300, -100), rpm_vec(0, 600, 0), rpm_vec(0, 0, 300));
	map_scene_rectangle(&s, 2, 0, rpm_vec(WIDTH_M, -300, -100), rpm_vec(0, 600, 0), rpm_vec(0, 0, 300));
	CHECK(map_scene_build(&s, NULL));
}

/* The power at q from t (world metres) over `length` mirrors, the wall x = WIDTH_M first or that at x = 0. */
static double over_chain(const rpm_antenna *antenna, rpm_vec3 t, rpm_vec3 q, int length, bool east_first)
{
	rpm_vec3	image = t, n = rpm_vec(1, 0, 0), way, k;
	rpm_cvec3	e;

	for (int i = 0; i < length; i++)
		image.x = 2 * ((i % 2 == 0) == east_first ? WIDTH_M : 0) - image.x;
	way = rpm_sub(q, image);
	k = rpm_unit(way);
	if (length % 2 == 1)
		k.x = -k.x;
	e = rpm_antenna_field(antenna, k);
	for (int i = 0; i < length; i++)
	{
		e = rpm_reflect_field(e, k, n, rpm_wall(&s.materials[0], FREQUENCY_HZ, fabs(k.x)));
		k.x = -k.x;
	}
	return SPREADING2 / rpm_dot(way, way) * rpm_cvec_norm2(e);
}

/* Two chains of each length, all of them and nothing else, at the middle of each cell: to the rounding of tables and of 1 - p. */
static void canyon_of_images(void)
{
	static double gain[CANYON_CELLS], error[CANYON_CELLS];
	rpm_trace_options options = map_options(RPM_REFLECTION, DEPTH, 20000);
	rpm_vec3	t = rpm_vec(6, 0, 12);
	rpm_antenna antenna;
	rpm_grid	grid;

	canyon_begin();
	antenna = map_antenna(&s, RPM_PATTERN_HALF_WAVE_DIPOLE, t.x, t.y, t.z);
	grid = map_grid(&s, 0.5, 99.5, 1, CANYON_COLUMNS, CANYON_ROWS, map_local(&s, 0, 0, 1.5).z - s.scene->ground_z_m);
	options.cell_samples = 1;
	for (int depth = 2; depth <= DEPTH; depth++)
	{
		double		worst = 0, worst_error = 0;

		options.max_depth = depth;
		CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, error));
		for (int i = 0; i < CANYON_CELLS; i++)
		{
			rpm_vec3	q = rpm_vec(i % CANYON_COLUMNS + 0.5, 99.5 - i / CANYON_COLUMNS, 1.5);
			double		expected = 0;

			for (int length = 1; length <= depth; length++)
				expected += over_chain(&antenna, t, q, length, false) + over_chain(&antenna, t, q, length, true);
			worst = fmax(worst, fabs(gain[i] / expected - 1));
			worst_error = fmax(worst_error, error[i] / expected);
		}
		CHECK_NEAR(worst, 0, 1e-4);
		CHECK_NEAR(worst_error, 0, 1e-4);
	}
	map_scene_end(&s);
}

/*
 * A strip of 20 cm in one wall, a facet of its own that few of so few rays meet, is found from the wall on both sides of it: all chains are there, and
 * none of them is uncertain.  A strip's edge crosses cells, whose power is that at one point of each part.
 */
static void strip_between_walls(void)
{
	static double gain[CANYON_CELLS], error[CANYON_CELLS];
	const double ends[4] = {-300, 30, 30.2, 300};
	rpm_trace_options options = map_options(RPM_REFLECTION, 4, 2000);
	rpm_vec3	t = rpm_vec(6, 0, 12);
	rpm_antenna antenna;
	rpm_grid	grid;
	double		worst = 0, worst_error = 0;

	map_scene_begin(&s);
	map_scene_rectangle(&s, 1, 0, rpm_vec(0, -300, -100), rpm_vec(0, 600, 0), rpm_vec(0, 0, 300));
	for (int i = 0; i < 3; i++)
		map_scene_rectangle(&s, 2 + i, 0, rpm_vec(WIDTH_M, ends[i], -100), rpm_vec(0, ends[i + 1] - ends[i], 0), rpm_vec(0, 0, 300));
	CHECK(map_scene_build(&s, NULL));
	CHECK(s.scene->facet_count == 4);
	antenna = map_antenna(&s, RPM_PATTERN_HALF_WAVE_DIPOLE, t.x, t.y, t.z);
	grid = map_grid(&s, 0.5, 99.5, 1, CANYON_COLUMNS, CANYON_ROWS, map_local(&s, 0, 0, 1.5).z - s.scene->ground_z_m);
	options.cell_samples = 2;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, error));
	for (int i = 0; i < CANYON_CELLS; i++)
	{
		rpm_vec3	q = rpm_vec(i % CANYON_COLUMNS + 0.5, 99.5 - i / CANYON_COLUMNS, 1.5);
		double		expected = 0;

		for (int length = 1; length <= 4; length++)
			expected += over_chain(&antenna, t, q, length, false) + over_chain(&antenna, t, q, length, true);
		worst = fmax(worst, fabs(gain[i] / expected - 1));
		worst_error = fmax(worst_error, error[i] / expected);
	}
	CHECK_NEAR(worst, 0, 0.02);
	CHECK_NEAR(worst_error, 0, 1e-3);
	map_scene_end(&s);
}

/* The wall's end throws its shadow's edge through the middle of a cell: half of it is lit, whatever the samples. */
static void area_at_a_mirrors_end(void)
{
	rpm_trace_options options = map_options(RPM_REFLECTION, 2, 1000);
	rpm_vec3	t = rpm_vec(6, 0, 12), q;
	rpm_antenna antenna;
	rpm_grid	grid;
	double		gain, end = 10;

	map_scene_begin(&s);
	map_scene_rectangle(&s, 2, 0, rpm_vec(WIDTH_M, -300, -100), rpm_vec(0, 300 + end, 0), rpm_vec(0, 0, 300));
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_HALF_WAVE_DIPOLE, t.x, t.y, t.z);
	/* From the image (34, 0) through (20, end) on to x = 5. */
	q = rpm_vec(5, end * (34 - 5) / (34 - 20.0), 1.5);
	grid = map_grid(&s, q.x, q.y, 1, 1, 1, map_local(&s, 0, 0, q.z).z - s.scene->ground_z_m);
	for (int n = 1; n <= 3; n++)
	{
		options.cell_samples = n;
		CHECK(map_run(&s, &antenna, &grid, &options, 1, &gain, NULL));
		CHECK_RELATIVE(gain, over_chain(&antenna, t, q, 1, true) / 2, 0.02);
	}
	map_scene_end(&s);
}

/* The same shadow's edge goes through the corner of the grid, which lies in the dark: what is lit of it is a point, in no cell. */
static void point_at_a_grids_corner(void)
{
	rpm_trace_options options = map_options(RPM_REFLECTION, 2, 1000);
	rpm_vec3	t = rpm_vec(6, 0, 12);
	rpm_antenna antenna;
	rpm_grid	grid;
	double		gain[4];

	map_scene_begin(&s);
	map_scene_rectangle(&s, 2, 0, rpm_vec(WIDTH_M, -300, -100), rpm_vec(0, 310, 0), rpm_vec(0, 0, 300));
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_HALF_WAVE_DIPOLE, t.x, t.y, t.z);
	/* From the image (34, 0) through (20, 10) on to (6, 20). */
	grid = map_grid(&s, 6.5, 21.5, 1, 2, 2, map_local(&s, 0, 0, 1.5).z - s.scene->ground_z_m);
	for (int side = -1; side <= 1; side++)
	{
		rpm_grid	moved = grid;

		moved.west += side * 1e-9;
		CHECK(map_run(&s, &antenna, &moved, &options, 1, gain, NULL));
		for (int i = 0; i < 4; i++)
			CHECK(gain[i] < 1e-14);
	}
	map_scene_end(&s);
}

/* Houses around two crossing streets. */
static void town_begin(rpm_antenna *antenna, rpm_grid *grid)
{
	uint64_t	state = 12345;

	map_scene_begin(&s);
	s.options.ground_material = 0;
	for (int i = 0; i < 9; i++)
	{
		double		x = i % 3 * 32, y = i / 3 * 36, w, d, h;

		state = state * 6364136223846793005u + 1442695040888963407u;
		w = 14 + (double) (state >> 40 & 7);
		d = 16 + (double) (state >> 44 & 7);
		h = 8 + (double) (state >> 48 & 7);
		map_scene_box(&s, i + 1, 0, rpm_vec(x, y, 0), rpm_vec(x + w, y + d, h));
	}
	CHECK(map_scene_build(&s, NULL));
	*antenna = map_antenna(&s, RPM_PATTERN_TR38901, 26, 30, 17);
	antenna->grid_azimuth_rad = 1;
	*grid = map_grid(&s, -8, 110, 5, TOWN_SIDE, TOWN_SIDE, 1.5);
}

/*
 * The same map by rays alone, within 4 standard errors and the 5 % to which points tell the area of a shadow in the cells that walls cut;
 * and by one and three threads.
 */
static void town_agrees_with_rays(void)
{
	static double exact[2][TOWN_CELLS], launched[TOWN_CELLS], error[2][TOWN_CELLS];
	rpm_trace_options options = map_options(RPM_REFLECTION, 4, unit_quick() ? 20000 : 100000);
	rpm_antenna antenna;
	rpm_grid	grid;
	double		sum[2] = {0, 0};
	int			judged = 0, apart = 0, other = 0;

	town_begin(&antenna, &grid);
	options.cell_samples = 20;
	CHECK(map_run(&s, &antenna, &grid, &options, 1, exact[0], error[0]));
	CHECK(map_run(&s, &antenna, &grid, &options, 3, exact[1], NULL));
	options.launch_chains = true;
	options.samples = unit_quick() ? 100000 : 600000;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, launched, error[1]));
	for (int i = 0; i < TOWN_CELLS; i++)
	{
		double		stated = sqrt(error[0][i] * error[0][i] + error[1][i] * error[1][i]);

		if (isnan(exact[0][i]))
			continue;
		other += fabs(exact[1][i] - exact[0][i]) > 1e-9 * exact[0][i];
		sum[0] += exact[0][i];
		sum[1] += launched[i];
		judged += launched[i] > 1e-12;
		apart += launched[i] > 1e-12 && fabs(exact[0][i] - launched[i]) > 4 * stated + 0.05 * exact[0][i];
	}
	CHECK(other == 0);
	CHECK(judged > 200);
	CHECK_RELATIVE(sum[0], sum[1], 0.01);
	CHECK(apart <= judged / 50);
	map_scene_end(&s);
}

/* So few rays that many chains are missed: the mean over seeds is right, and the errors stated are those found. */
static void few_rays_without_bias(void)
{
	static double reference[TOWN_CELLS], gain[TOWN_CELLS], error[TOWN_CELLS], squares[TOWN_CELLS], stated[TOWN_CELLS];
	rpm_trace_options options = map_options(RPM_REFLECTION, 4, 200000);
	rpm_antenna antenna;
	rpm_grid	grid;
	double		all = 0, mean = 0, square = 0, found_sum = 0, stated_sum = 0;
	int			seeds = unit_quick() ? 60 : 100;

	town_begin(&antenna, &grid);
	options.cell_samples = 1;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, reference, NULL));
	for (int i = 0; i < TOWN_CELLS; i++)
		all += isnan(reference[i]) ? 0 : reference[i];
	options.samples = 400;
	for (int k = 0; k < seeds; k++)
	{
		double		sum = 0;

		options.seed = (uint64_t) k + 1;
		CHECK(map_run(&s, &antenna, &grid, &options, 2, gain, error));
		for (int i = 0; i < TOWN_CELLS; i++)
			if (!isnan(reference[i]))
			{
				sum += gain[i];
				squares[i] += pow(gain[i] - reference[i], 2) / seeds;
				stated[i] += error[i] * error[i] / seeds;
			}
		mean += sum / seeds;
		square += sum * sum / seeds;
	}
	for (int i = 0; i < TOWN_CELLS; i++)
		if (squares[i] > 0 || stated[i] > 0)
		{
			found_sum += squares[i];
			stated_sum += stated[i];
		}
	CHECK(square - mean * mean > 0);
	CHECK_NEAR(mean, all, 4 * sqrt((square - mean * mean) / seeds) + 1e-3 * all);
	CHECK_NEAR(log2(stated_sum / found_sum), 0, 1);
	map_scene_end(&s);
}

int
main(void)
{
	RUN(canyon_of_images);
	RUN(strip_between_walls);
	RUN(area_at_a_mirrors_end);
	RUN(point_at_a_grids_corner);
	RUN(town_agrees_with_rays);
	RUN(few_rays_without_bias);
	return unit_summary("map_chains");
}
