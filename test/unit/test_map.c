/*
 * test_map.c: the radio map against closed forms: Friis, two rays, walls, images, Riemann sums, one wedge.
 */
#include "map_scene.h"

#define FREQUENCY_HZ 3.5e9
#define WAVELENGTH_M (RPM_SPEED_OF_LIGHT_M_S / FREQUENCY_HZ)
#define SPREADING2 (WAVELENGTH_M * WAVELENGTH_M / (16 * RPM_PI * RPM_PI))

static map_scene s;

/* Line of sight of an isotropic antenna: (lambda / 4 pi d)^2, golden -63.3291 and -83.3291 dB. */
static void friis(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT, 0, 0);
	double		gain[2];

	map_scene_begin(&s);
	CHECK(map_scene_build(&s, NULL));
	for (int i = 0; i < 2; i++)
	{
		double		d = i == 0 ? 10 : 100;
		rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 1.5);
		rpm_grid	grid = map_grid(&s, d, 0, 0.02, 1, 1, antenna.position.z - s.scene->ground_z_m);

		CHECK(map_run(&s, &antenna, &grid, &options, 1, &gain[i], NULL));
		CHECK_NEAR(map_db(gain[i]), i == 0 ? -63.3291 : -83.3291, 2e-4);
	}
	map_scene_end(&s);
}

/* Above a flat ground: |direct|^2 + |image|^2 with the slab's vertical coefficient (single-precision table: 1e-4). */
static void two_rays(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION, 1, 0);
	double		gain, expected, path2, d = 40, h_t = 10, h_r = 1.5;
	rpm_antenna antenna;
	rpm_grid	grid;
	rpm_interface wall;
	double		sine2;

	map_scene_begin(&s);
	s.options.ground_material = 0;
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, h_t);
	antenna.position.z = s.scene->ground_z_m + h_t;
	grid = map_grid(&s, d, 0, 0.002, 1, 1, h_r);
	options.cell_samples = 1;
	CHECK(map_run(&s, &antenna, &grid, &options, 1, &gain, NULL));
	path2 = d * d + (h_t + h_r) * (h_t + h_r);
	wall = rpm_wall(&s.materials[0], FREQUENCY_HZ, (h_t + h_r) / sqrt(path2));
	/* A vertical isotropic antenna radiates theta-polarised fields: all of it is TM at a level ground. */
	expected = SPREADING2 / (d * d + (h_t - h_r) * (h_t - h_r)) + SPREADING2 / path2 * rpm_cx_norm2(wall.r_tm);
	CHECK_RELATIVE(gain, expected, 1e-4);
	sine2 = SPREADING2 / (d * d + (h_t - h_r) * (h_t - h_r));
	CHECK(gain > 1.01 * sine2);
	map_scene_end(&s);
}

/* Behind one wall: the slab's transmission at the ray's angle. */
static void through_a_wall(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFRACTION, 1, 0);
	double		gain, error, d2 = 10 * 10 + 4 * 4;
	rpm_antenna antenna;
	rpm_grid	grid;
	rpm_interface wall;

	map_scene_begin(&s);
	map_scene_rectangle(&s, 1, 0, rpm_vec(5, -40, -40), rpm_vec(0, 80, 0), rpm_vec(0, 0, 80));
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 0, 0, 0);
	grid = map_grid(&s, 10, 4, 0.02, 1, 1, map_local(&s, 0, 0, 0).z - s.scene->ground_z_m);
	CHECK(map_run(&s, &antenna, &grid, &options, 1, &gain, &error));
	wall = rpm_wall(&s.materials[0], FREQUENCY_HZ, 10 / sqrt(d2));
	CHECK_RELATIVE(gain, SPREADING2 / d2 * rpm_cx_norm2(wall.t_te), 1e-4);	/* horizontal ray, vertical field: TE */
	options.mechanisms = RPM_LINE_OF_SIGHT;
	CHECK(map_run(&s, &antenna, &grid, &options, 1, &gain, &error));
	CHECK(gain == 0);
	map_scene_end(&s);
}

/* What a point q gets by way of the wall with the normal n through the world's origin, from an antenna at t (both off that wall). */
static double over_one_wall(const map_scene *scene, const rpm_antenna *antenna, rpm_vec3 t, rpm_vec3 q, rpm_vec3 n)
{
	rpm_vec3	way = rpm_sub(q, rpm_along(t, -2 * rpm_dot(t, n), n)), k = rpm_mirror_direction(rpm_unit(way), n);
	rpm_cvec3	e = rpm_reflect_field(rpm_antenna_field(antenna, k), k, n, rpm_wall(&scene->materials[0], FREQUENCY_HZ, fabs(rpm_dot(k, n))));

	return SPREADING2 / rpm_dot(way, way) * rpm_cvec_norm2(e);
}

/* Under the sanitizers a sixteenth of the rays, and so some four times the error. */
static int64_t launched(void) { return unit_quick() ? 250000 : 4000000; }

/*
 * A corner of two walls, higher than the antenna: the images in each and in both, launched within 4 standard errors and 2 %, exact within
 * 0.5 %: the power varies within the cell.
 */
static void corner_reflector(void)
{
	rpm_trace_options options = map_options(RPM_REFLECTION, 2, launched());
	double		both, one, error, expected, c1, c2;
	rpm_antenna antenna;
	rpm_grid	grid;
	rpm_vec3	image, q, k;
	double		length;

	map_scene_begin(&s);
	map_scene_rectangle(&s, 1, 0, rpm_vec(0, 0, -60), rpm_vec(0, 120, 0), rpm_vec(0, 0, 120));
	map_scene_rectangle(&s, 2, 0, rpm_vec(0, 0, -60), rpm_vec(120, 0, 0), rpm_vec(0, 0, 120));
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 20, 10, 30);
	grid = map_grid(&s, 14, 25, 2, 1, 1, map_local(&s, 0, 0, 0).z - s.scene->ground_z_m);
	CHECK(map_run(&s, &antenna, &grid, &options, 2, &both, &error));
	options.max_depth = 1;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, &one, NULL));
	/* The image in both walls: (-20, -10, 30). */
	image = rpm_vec(-20, -10, 30);
	q = rpm_vec(14, 25, 0);
	length = rpm_norm(rpm_sub(q, image));
	k = rpm_unit(rpm_sub(q, image));
	c1 = fabs(k.x);
	c2 = fabs(k.y);
	{
		/* The same field through both walls, in either order: by k_out the legs follow; here first y = 0, then x = 0. */
		rpm_vec3	n_x = rpm_vec(1, 0, 0), n_y = rpm_vec(0, 1, 0);
		rpm_vec3	k_2 = rpm_mirror_direction(k, n_x), k_1 = rpm_mirror_direction(k_2, n_y);
		rpm_cvec3	e = rpm_antenna_field(&antenna, k_1);

		e = rpm_reflect_field(e, k_1, n_y, rpm_wall(&s.materials[0], FREQUENCY_HZ, c2));
		e = rpm_reflect_field(e, k_2, n_x, rpm_wall(&s.materials[0], FREQUENCY_HZ, c1));
		expected = SPREADING2 / (length * length) * rpm_cvec_norm2(e);
	}
	CHECK_RELATIVE(one, over_one_wall(&s, &antenna, rpm_vec(20, 10, 30), q, rpm_vec(1, 0, 0))
				   + over_one_wall(&s, &antenna, rpm_vec(20, 10, 30), q, rpm_vec(0, 1, 0)), 5e-3);
	CHECK(error < 1e-9 * expected);
	CHECK_RELATIVE(both - one, expected, 5e-3);
	options.max_depth = 2;
	options.launch_chains = true;
	CHECK(map_run(&s, &antenna, &grid, &options, 2, &both, &error));
	CHECK(error > 0 && error < 0.05 * expected);
	CHECK_NEAR(both - one, expected, 4 * error + 0.02 * expected);
	map_scene_end(&s);
}

/* One diffuse bounce off a wall, its top leant over by lean_m, against a Riemann sum over 60 x 60 patches of it: 5 %. */
static void diffuse_bounce(int pattern, int alpha, double lean_m)
{
	rpm_vec3	n = rpm_unit(rpm_vec(0, 20, -lean_m));
	rpm_trace_options options = map_options(RPM_SCATTERING, 1, launched());
	double		gain, error, expected = 0;
	rpm_antenna antenna;
	rpm_grid	grid;
	int			patches = 60;

	map_scene_begin(&s);
	s.materials[0] = map_material(0.7);
	s.materials[0].scattering_pattern = pattern;
	s.materials[0].scattering_alpha_r = alpha;
	s.materials[0].scattering_alpha_i = 3;
	s.materials[0].scattering_lambda = 0.6;
	s.materials[0].cross_polarisation = 0.2;
	map_scene_rectangle(&s, 1, 0, rpm_vec(0, 0, 0), rpm_vec(20, 0, 0), rpm_vec(0, lean_m, 20));
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 5, 12, 9);
	grid = map_grid(&s, 14, 16, 4, 1, 1, map_local(&s, 0, 0, 24).z - s.scene->ground_z_m);
	CHECK(map_run(&s, &antenna, &grid, &options, 2, &gain, &error));
	for (int i = 0; i < patches * patches; i++)
		for (int r = 0; r < 16; r++)
		{
			double		up = (i / patches + 0.5) / patches;
			rpm_vec3	p = rpm_vec((i % patches + 0.5) * 20 / patches, up * lean_m, up * 20);
			rpm_vec3	t = rpm_vec(5, 12, 9), q = rpm_vec(12 + (r % 4 + 0.5), 14 + (r / 4 + 0.5), 24);
			rpm_vec3	k_in = rpm_unit(rpm_sub(p, t)), k_out = rpm_unit(rpm_sub(q, p));
			double		d_in = rpm_norm(rpm_sub(p, t)), d_out = rpm_norm(rpm_sub(q, p));
			double		cosine = fabs(rpm_dot(k_in, n)), solid = 20 * hypot(20, lean_m) / (patches * patches) * cosine / (d_in * d_in);
			rpm_cvec3	e = rpm_scatter_field(&s.materials[0], rpm_wall(&s.materials[0], FREQUENCY_HZ, cosine),
											  rpm_antenna_field(&antenna, k_in), k_in, k_out, n);

			expected += rpm_cvec_norm2(e) * solid / (d_out * d_out) * SPREADING2 / 16;
		}
	CHECK(error < (unit_quick() ? 0.25 : 0.05) * gain);
	CHECK_NEAR(gain, expected, unit_quick() ? 4 * error : 0.05 * expected);
	map_scene_end(&s);
}

static void lambertian_bounce(void) { diffuse_bounce(RPM_SCATTERING_LAMBERTIAN, 1, 0); }
static void directive_bounce(void) { diffuse_bounce(RPM_SCATTERING_DIRECTIVE, 12, 0); }
static void backscattering_bounce(void) { diffuse_bounce(RPM_SCATTERING_BACKSCATTERING, 5, 0); }
/* Some of what such a wall throws down cannot be turned up. */
static void leaning_bounce(void) { diffuse_bounce(RPM_SCATTERING_LAMBERTIAN, 1, 6); }
static void leaning_lobes(void) { diffuse_bounce(RPM_SCATTERING_BACKSCATTERING, 3, 6); }

/* The field of one wedge by the shortest way over its edge (golden section) and the formula of rpm_utd.h. */
static double wedge_power(const rpm_wedge *wedge, const rpm_antenna *antenna, rpm_vec3 q, bool *valid)
{
	double		low = 0, high = wedge->length_m;
	rpm_vec3	p, k_in, k_out;
	rpm_diffraction d;

	for (int i = 0; i < 200; i++)
	{
		double		a = low + (high - low) / 3, b = high - (high - low) / 3;
		rpm_vec3	pa = rpm_along(wedge->start, a, wedge->direction), pb = rpm_along(wedge->start, b, wedge->direction);

		if (rpm_norm(rpm_sub(pa, antenna->position)) + rpm_norm(rpm_sub(q, pa))
			< rpm_norm(rpm_sub(pb, antenna->position)) + rpm_norm(rpm_sub(q, pb)))
			high = b;
		else
			low = a;
	}
	*valid = low > 1e-3 && high < wedge->length_m - 1e-3;
	p = rpm_along(wedge->start, (low + high) / 2, wedge->direction);
	k_in = rpm_sub(p, antenna->position);
	k_out = rpm_sub(q, p);
	d = rpm_wedge_diffraction(wedge->direction, wedge->tangent_0, wedge->normal_0, wedge->n_pi, rpm_unit(k_in), rpm_unit(k_out),
							  rpm_norm(k_in), rpm_norm(k_out), FREQUENCY_HZ, rpm_antenna_field(antenna, rpm_unit(k_in)),
							  &s.materials[0], &s.materials[0]);
	return SPREADING2 * rpm_cvec_norm2(rpm_diffraction_total(&d));
}

/* Behind a free-standing screen: every edge whose shortest way touches it within its length. */
static void over_a_screen(void)
{
	rpm_trace_options options = map_options(RPM_DIFFRACTION | RPM_LINE_OF_SIGHT, 1, 0);
	double		gain, expected = 0;
	rpm_antenna antenna;
	rpm_grid	grid;
	rpm_vec3	q;
	int			used = 0;

	map_scene_begin(&s);
	s.options.free_edges = true;
	map_scene_rectangle(&s, 1, 0, rpm_vec(-50, 0, -60), rpm_vec(110, 0, 0), rpm_vec(0, 0, 80));
	CHECK(map_scene_build(&s, NULL));
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, -3, 30, 15);
	grid = map_grid(&s, 8, -25, 0.001, 1, 1, map_local(&s, 0, 0, 2).z - s.scene->ground_z_m);
	options.cell_samples = 1;
	options.sum = RPM_SUM_POWER;
	CHECK(map_run(&s, &antenna, &grid, &options, 1, &gain, NULL));
	q = map_local(&s, 8, -25, 2);
	for (size_t i = 0; i < s.scene->wedge_count; i++)
	{
		bool		valid;
		double		power = wedge_power(&s.scene->wedges[i], &antenna, q, &valid);

		if (valid)
		{
			expected += power;
			used++;
		}
	}
	CHECK(used >= 3);
	/* Below line of sight, above nothing; the coefficients' table and 1 mm of the scene allow 1e-3. */
	CHECK(gain > 0 && gain < SPREADING2 / (55 * 55));
	CHECK_RELATIVE(gain, expected, 1e-3);
	map_scene_end(&s);
}

/* Around a tall corner, 0.1 m steps: neither the shadow nor the reflection boundary shows (0.5 dB). */
static void continuous_field(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION, 1, 0);
	static double field[600], power[600];
	double		steepest = 0;
	int			edges = 0;
	rpm_antenna antenna;
	rpm_grid	grid;

	map_scene_begin(&s);
	map_scene_box(&s, 1, 0, rpm_vec(0, 0, -500), rpm_vec(200, 200, 500));
	CHECK(map_scene_build(&s, NULL));
	/* South-west of the corner (0, 0): the south face mirrors, the shadow begins along the west face's side. */
	antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 30, -40, 0);
	options.cell_samples = 1;
	/* A line west of the box, from -50 to 10 in y: crosses the reflection boundary (x = -30 at y = -40) and the shadow boundary. */
	grid = map_grid(&s, -30, 50, 0.1, 1, 600, map_local(&s, 0, 0, 0).z - s.scene->ground_z_m);
	grid.north = map_local(&s, 0, 55, 0).y;
	CHECK(map_run(&s, &antenna, &grid, &options, 1, field, NULL));
	for (int i = 1; i < 600; i++)
		steepest = fmax(steepest, fabs(map_db(field[i]) - map_db(field[i - 1])));
	CHECK_NEAR(steepest, 0, 0.5);
	grid = map_grid(&s, -60, -30, 0.1, 600, 1, map_local(&s, 0, 0, 0).z - s.scene->ground_z_m);
	CHECK(map_run(&s, &antenna, &grid, &options, 1, field, NULL));
	steepest = 0;
	for (int i = 1; i < 600; i++)
		steepest = fmax(steepest, fabs(map_db(field[i]) - map_db(field[i - 1])));
	CHECK_NEAR(steepest, 0, 0.5);
	/* Without the edge the reflection ends in one step: the check above can fail. */
	options.mechanisms = RPM_REFLECTION;
	CHECK(map_run(&s, &antenna, &grid, &options, 1, power, NULL));
	for (int i = 1; i < 600; i++)
		edges += (power[i] > 0) != (power[i - 1] > 0);
	CHECK(edges == 1);
	map_scene_end(&s);
}

int main(void)
{
	RUN(friis);
	RUN(two_rays);
	RUN(through_a_wall);
	RUN(corner_reflector);
	RUN(lambertian_bounce);
	RUN(directive_bounce);
	RUN(backscattering_bounce);
	RUN(leaning_bounce);
	RUN(leaning_lobes);
	RUN(over_a_screen);
	RUN(continuous_field);
	return unit_summary("map");
}
