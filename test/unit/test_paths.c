/*
 * test_paths.c: exact paths in scenes small enough to be worked out by hand.
 */
#include <complex.h>

#include "rpm_em.h"
#include "unit.h"
#include "quad_scene.h"

#define FREQUENCY_HZ 3.5e9
#define ALL_BUT_SCATTERING (RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION | RPM_DIFFRACTION)

static const double wavelength = RPM_SPEED_OF_LIGHT_M_S / FREQUENCY_HZ;
static quad_scene q;
static int64_t samples = 5000;

static rpm_antenna
isotropic(double x, double y, double z, double slant_rad)
{
	rpm_antenna antenna;

	memset(&antenna, 0, sizeof(antenna));
	antenna.position = rpm_vec(x, y, z);
	antenna.frequency_hz = FREQUENCY_HZ;
	antenna.slant_rad = slant_rad;
	return antenna;
}

static rpm_code
try_trace(rpm_antenna antenna, rpm_vec3 receiver, unsigned mechanisms, int depth, rpm_control *control, rpm_path_list *paths,
		  rpm_status *status)
{
	rpm_trace_options options;

	rpm_trace_options_default(&options);
	options.mechanisms = mechanisms;
	options.max_depth = depth;
	options.samples = samples;
	rpm_status_clear(status);
	return rpm_trace_paths(&q.scene, q.query, &antenna, receiver, &options, control, paths, status);
}

static rpm_path_list
trace(rpm_antenna antenna, rpm_vec3 receiver, unsigned mechanisms, int depth)
{
	rpm_path_list paths;
	rpm_status	status;

	if (try_trace(antenna, receiver, mechanisms, depth, NULL, &paths, &status) != RPM_OK)
	{
		printf("  %s\n", status.message);
		unit_ok = false;
	}
	return paths;
}

/* The one path with these interactions, or NULL. */
static const rpm_path *
find(const rpm_path_list *paths, const char *kinds)
{
	const rpm_path *found = NULL;

	for (size_t i = 0; i < paths->count; i++)
	{
		const rpm_path *path = &paths->paths[i];
		bool		same = path->interaction_count == (int) strlen(kinds);

		for (int k = 0; k < path->interaction_count && same; k++)
			same = path->interactions[k].kind == kinds[k];
		if (same && found)
		{
			printf("  more than one path %s\n", kinds);
			unit_ok = false;
		}
		if (same)
			found = path;
	}
	return found;
}

static int
count_kinds(const rpm_path_list *paths, const char *kinds)
{
	int			count = 0;

	for (size_t i = 0; i < paths->count; i++)
	{
		bool		same = paths->paths[i].interaction_count == (int) strlen(kinds);

		for (int k = 0; k < paths->paths[i].interaction_count && same; k++)
			same = paths->paths[i].interactions[k].kind == kinds[k];
		count += same;
	}
	return count;
}

static double complex
along(const rpm_path *path, rpm_vec3 direction)
{
	rpm_complex c = rpm_cvec_dot(path->field, direction);

	return c.re + I * c.im;
}

/* P.2040-3 eq. 43-44 written out once more: reflection and transmission of a slab for TE (0) or TM (1). */
static void
slab(double permittivity, double conductivity, double thickness_m, double incidence_rad, int tm, double complex *r, double complex *t)
{
	double complex eta = permittivity - I * conductivity / (2 * M_PI * FREQUENCY_HZ * 8.8541878128e-12);
	double complex root = csqrt(eta - sin(incidence_rad) * sin(incidence_rad));
	double complex prime = tm ? (eta * cos(incidence_rad) - root) / (eta * cos(incidence_rad) + root)
		: (cos(incidence_rad) - root) / (cos(incidence_rad) + root);
	double complex half = cexp(-I * 2 * M_PI * thickness_m / wavelength * root);

	*r = prime * (1 - half * half) / (1 - prime * prime * half * half);
	*t = (1 - prime * prime) * half / (1 - prime * prime * half * half);
}

/* lambda / (4 pi L) e^{-jkL} */
static double complex
free_space(double length_m)
{
	return wavelength / (4 * M_PI * length_m) * cexp(-I * 2 * M_PI * length_m / wavelength);
}

#define CHECK_COMPLEX(value, expected, relative) CHECK(cabs((value) - (expected)) <= (relative) * cabs(expected))

static void
test_friis(void)
{
	rpm_path_list paths;

	quad_scene_init(&q);
	CHECK(quad_scene_ready(&q));
	for (double distance = 10; distance <= 100; distance *= 10)
	{
		paths = trace(isotropic(0, 0, 10, 0), rpm_vec(distance, 0, 10), ALL_BUT_SCATTERING, 3);
		CHECK(paths.count == 1 && paths.paths[0].interaction_count == 0);
		/* Golden values at 3.5 GHz: -63.3291 dB at 10 m, -83.3291 dB at 100 m. */
		CHECK_NEAR(10 * log10(rpm_path_gain(&paths.paths[0], 0)), -63.3291 - 20 * log10(distance / 10), 5e-5);
		CHECK_NEAR(rpm_path_gain(&paths.paths[0], M_PI / 2), 0, 1e-20);
		CHECK_COMPLEX(along(&paths.paths[0], rpm_vec(0, 0, -1)), free_space(distance), 1e-9);
		CHECK_NEAR(paths.paths[0].departure.x, 1, 1e-12);
		rpm_path_list_free(&paths);
	}
	paths = trace(isotropic(0, 0, 10, 0), rpm_vec(10, 0, 10), RPM_REFLECTION | RPM_REFRACTION, 3);
	CHECK(paths.count == 0);
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

/* A brick of 1 x 1 m and 5 cm; both ends 10 m above and 10 m beside. */
static void
test_slab_reflection(void)
{
	double complex te, tm, unused;
	rpm_path_list paths;

	slab(3.91, 0.0291, 0.05, M_PI / 4, 0, &te, &unused);
	slab(3.91, 0.0291, 0.05, M_PI / 4, 1, &tm, &unused);
	quad_scene_init(&q);
	quad_add(&q, rpm_vec(-0.5, -0.5, 0), rpm_vec(1, 0, 0), rpm_vec(0, 1, 0), quad_material(&q, 3.91, 0.0291, 0.05), 0);
	CHECK(quad_scene_ready(&q));
	for (int horizontal = 0; horizontal < 2; horizontal++)
	{
		const rpm_path *path;
		double complex h = free_space(20 * sqrt(2));

		paths = trace(isotropic(-10, 0, 10, horizontal * M_PI / 2), rpm_vec(10, 0, 10), ALL_BUT_SCATTERING, 3);
		CHECK(paths.count == 2);
		path = find(&paths, "S");
		CHECK(path != NULL);
		if (path == NULL)
			continue;
		CHECK_NEAR(path->length_m, 20 * sqrt(2), 1e-9);
		CHECK_NEAR(path->interactions[0].incidence_rad, M_PI / 4, 1e-9);
		CHECK_NEAR(rpm_norm(path->interactions[0].point), 0, 1e-9);
		/* theta-hat of the upward ray is (1, 0, -1) / sqrt 2; the other component vanishes. */
		CHECK_COMPLEX(along(path, horizontal ? rpm_vec(0, 1, 0) : rpm_vec(sqrt(0.5), 0, -sqrt(0.5))), h * (horizontal ? te : tm), 1e-4);
		CHECK(cabs(along(path, horizontal ? rpm_vec(1, 0, 0) : rpm_vec(0, 1, 0))) < 1e-9 * cabs(h));
		CHECK_RELATIVE(rpm_path_gain(path, horizontal * M_PI / 2), rpm_path_total_gain(path), 1e-9);
		rpm_path_list_free(&paths);
	}
	quad_scene_free(&q);
}

static void
test_slab_transmission(void)
{
	double		incidence = atan2(6, 10);
	double complex unused, t;
	rpm_path_list paths;

	quad_scene_init(&q);
	quad_add(&q, rpm_vec(-0.5, -0.5, 0), rpm_vec(1, 0, 0), rpm_vec(0, 1, 0), quad_material(&q, 3.91, 0.0291, 0.03), 0);
	CHECK(quad_scene_ready(&q));
	for (int horizontal = 0; horizontal < 2; horizontal++)
	{
		rpm_vec3	p = horizontal ? rpm_vec(0, 1, 0) : rpm_vec(-cos(incidence), 0, -sin(incidence));

		slab(3.91, 0.0291, 0.03, incidence, !horizontal, &unused, &t);
		paths = trace(isotropic(-3, 0, 5, horizontal * M_PI / 2), rpm_vec(3, 0, -5), ALL_BUT_SCATTERING, 3);
		CHECK(paths.count == 1 && find(&paths, "R") != NULL);
		if (paths.count == 1)
			CHECK_COMPLEX(along(&paths.paths[0], p), t * free_space(sqrt(136)), 1e-4);
		rpm_path_list_free(&paths);
	}
	paths = trace(isotropic(-3, 0, 5, 0), rpm_vec(3, 0, -5), RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION, 3);
	CHECK(paths.count == 0);
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

/* S takes its share from the mirror: amplitude sqrt(1 - S^2). */
static void
test_scattering_share(void)
{
	double		gain[2];

	for (int i = 0; i < 2; i++)
	{
		rpm_path_list paths;

		quad_scene_init(&q);
		quad_add(&q, rpm_vec(-5, -5, 0), rpm_vec(10, 0, 0), rpm_vec(0, 10, 0), quad_material(&q, 5, 0.1, 0.1), 0);
		q.materials[0].scattering_coefficient = 0.6 * i;
		CHECK(quad_scene_ready(&q));
		paths = trace(isotropic(-3, 0, 5, 0), rpm_vec(3, 1, 4), RPM_REFLECTION, 1);
		CHECK(paths.count == 1);
		gain[i] = paths.count == 1 ? rpm_path_total_gain(&paths.paths[0]) : 0;
		rpm_path_list_free(&paths);
		quad_scene_free(&q);
	}
	CHECK_RELATIVE(gain[1], gain[0] * 0.64, 1e-12);
}

/* Two walls at right angles: x = 0 and y = 0. */
static void
test_corner(void)
{
	int			metal;
	rpm_path_list paths;
	const rpm_path *path;

	quad_scene_init(&q);
	metal = quad_material(&q, 1, 1e7, 0.1);
	quad_add(&q, rpm_vec(0, 0, 0), rpm_vec(20, 0, 0), rpm_vec(0, 0, 10), metal, 0);
	quad_add(&q, rpm_vec(0, 0, 0), rpm_vec(0, 20, 0), rpm_vec(0, 0, 10), metal, 0);
	CHECK(quad_scene_ready(&q));
	paths = trace(isotropic(7, 3, 4, 0), rpm_vec(2, 9, 6), RPM_LINE_OF_SIGHT | RPM_REFLECTION, 5);
	CHECK(paths.count == 4 && count_kinds(&paths, "S") == 2);
	path = find(&paths, "SS");
	CHECK(path != NULL);
	if (path)
	{
		CHECK_NEAR(path->length_m, sqrt(9 * 9 + 12 * 12 + 2 * 2), 1e-9);
		/* The metal loses nothing: each path has Friis' gain. */
		CHECK_RELATIVE(rpm_path_total_gain(path), pow(wavelength / (4 * M_PI * path->length_m), 2), 1e-3);
		CHECK(path->interactions[0].facet == 0 && path->interactions[1].facet == 1);
	}
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

/* Ground and one wall: direct, ground, wall, and one path over both; behind a second wall, all through it. */
static void
test_wall_and_ground(void)
{
	int			concrete;
	rpm_path_list paths;

	quad_scene_init(&q);
	concrete = quad_material(&q, 5.24, 0.123, 0.1);
	quad_add(&q, rpm_vec(-50, -50, 0), rpm_vec(100, 0, 0), rpm_vec(0, 100, 0), concrete, RPM_NO_BUILDING);
	quad_add(&q, rpm_vec(-50, 10, 0), rpm_vec(100, 0, 0), rpm_vec(0, 0, 30), concrete, 0);
	CHECK(quad_scene_ready(&q));
	paths = trace(isotropic(-8, 2, 10, 0), rpm_vec(9, 1, 1.5), RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION, 4);
	CHECK(paths.count == 4 && count_kinds(&paths, "") == 1 && count_kinds(&paths, "S") == 2 && count_kinds(&paths, "SS") == 1);
	for (size_t i = 1; i < paths.count; i++)
		CHECK(rpm_path_total_gain(&paths.paths[i]) <= rpm_path_total_gain(&paths.paths[i - 1]));
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

/* Walls at x = 0 and, for some receivers, x = 5, between the ends; ground below. */
static void
test_refraction_behind_walls(void)
{
	int			wood;
	rpm_path_list paths;

	quad_scene_init(&q);
	wood = quad_material(&q, 1.99, 0.018, 0.05);
	quad_add(&q, rpm_vec(0, -50, 0), rpm_vec(0, 100, 0), rpm_vec(0, 0, 30), wood, 0);
	quad_add(&q, rpm_vec(5, -50, 0), rpm_vec(0, 100, 0), rpm_vec(0, 0, 30), wood, 0);
	quad_add(&q, rpm_vec(-50, -50, 0), rpm_vec(100, 0, 0), rpm_vec(0, 100, 0), wood, RPM_NO_BUILDING);
	CHECK(quad_scene_ready(&q));
	paths = trace(isotropic(-8, 0, 10, 0), rpm_vec(9, 1, 1.5), RPM_LINE_OF_SIGHT | RPM_REFRACTION, 2);
	CHECK(paths.count == 1 && find(&paths, "RR") != NULL);
	rpm_path_list_free(&paths);
	paths = trace(isotropic(-8, 0, 10, 0), rpm_vec(9, 1, 1.5), RPM_LINE_OF_SIGHT | RPM_REFRACTION, 1);
	CHECK(paths.count == 0);
	rpm_path_list_free(&paths);
	/* 1.5 m above the ground and 4 m behind the wall: the ground point lies behind both. */
	paths = trace(isotropic(-8, 0, 10, 0), rpm_vec(9, 1, 1.5), RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION, 3);
	CHECK(paths.count == 2 && find(&paths, "RR") != NULL && find(&paths, "RRS") != NULL);
	rpm_path_list_free(&paths);
	/* One wall; the other mirrors. */
	paths = trace(isotropic(-8, 0, 10, 0), rpm_vec(3, 1, 1.5), RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION, 2);
	CHECK(paths.count == 3 && find(&paths, "R") != NULL && count_kinds(&paths, "RS") == 2);
	rpm_path_list_free(&paths);
	/* Between the walls a ray bounces: order from the transmitter. */
	paths = trace(isotropic(3, 1, 1.5, 0), rpm_vec(-8, 0, 10), RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION, 2);
	CHECK(paths.count == 3 && find(&paths, "R") != NULL && count_kinds(&paths, "SR") == 2);
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

/* A wall 10 m high between the ends: a ray passes its top edge, a reflection its side edge, at a given distance. */
static void
test_grazing_an_edge(void)
{
	/* 3 mm are a hundred times the rounding of single precision here. */
	for (int side = -1; side <= 1; side += 2)
	{
		rpm_path_list paths;

		quad_scene_init(&q);
		quad_add(&q, rpm_vec(0, -20, 0), rpm_vec(0, 40, 0), rpm_vec(0, 0, 10), quad_material(&q, 5, 0.1, 0.1), 0);
		CHECK(quad_scene_ready(&q));
		paths = trace(isotropic(-10, 0, 10 + side * 3e-3, 0), rpm_vec(10, 0, 10 + side * 3e-3), RPM_LINE_OF_SIGHT, 0);
		CHECK(paths.count == (side > 0 ? 1 : 0));
		rpm_path_list_free(&paths);
		paths = trace(isotropic(-10, 20 + side * 3e-3, 5, 0), rpm_vec(-5, 20 + side * 3e-3, 5), RPM_REFLECTION, 1);
		CHECK(paths.count == (side > 0 ? 0 : 1));
		rpm_path_list_free(&paths);
		/* Along the wall's own plane there is no reflection. */
		paths = trace(isotropic(0, -5, 20, 0), rpm_vec(0, 5, 20), RPM_LINE_OF_SIGHT | RPM_REFLECTION, 1);
		CHECK(paths.count == 1);
		rpm_path_list_free(&paths);
		quad_scene_free(&q);
	}
}

/* Two buildings share a wall, and a wall is cut into two coplanar facets just where the ray is reflected: one path each. */
static void
test_coincident_facets(void)
{
	int			wood;
	rpm_path_list paths;

	quad_scene_init(&q);
	wood = quad_material(&q, 1.99, 0.018, 0.05);
	quad_add(&q, rpm_vec(0, -10, 0), rpm_vec(0, 10, 0), rpm_vec(0, 0, 10), wood, 0);
	quad_add(&q, rpm_vec(0, 0, 0), rpm_vec(0, 10, 0), rpm_vec(0, 0, 10), wood, 0);
	quad_add(&q, rpm_vec(0, -8, 0), rpm_vec(0, 16, 0), rpm_vec(0, 0, 10), wood, 0);
	CHECK(quad_scene_ready(&q));
	paths = trace(isotropic(6, -5, 5, 0), rpm_vec(6, 5, 5), RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION, 3);
	CHECK(paths.count == 2 && find(&paths, "") != NULL && find(&paths, "S") != NULL);
	CHECK(find(&paths, "S") && find(&paths, "S")->interactions[0].facet == 0);
	rpm_path_list_free(&paths);
	paths = trace(isotropic(6, -5, 5, 0), rpm_vec(-6, 4, 5), RPM_LINE_OF_SIGHT | RPM_REFRACTION, 3);
	CHECK(paths.count == 1 && find(&paths, "R") != NULL);
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

/* A metal corner of a house: walls x = 0 (y < 0) and y = 0 (x < 0), the solid in x < 0, y < 0. */
static void
add_house_corner(int material)
{
	int32_t		south = quad_add(&q, rpm_vec(0, -400, 0), rpm_vec(0, 400, 0), rpm_vec(0, 0, 400), material, 0);
	int32_t		west = quad_add(&q, rpm_vec(-400, 0, 0), rpm_vec(400, 0, 0), rpm_vec(0, 0, 400), material, 0);

	/* Face 0 is x = 0: tangent -y, normal +x, so that the direction is up. */
	quad_wedge(&q, rpm_vec(0, 0, 0), rpm_vec(0, 0, 1), 400, rpm_vec(0, -1, 0), 1.5 * M_PI, south, west);
}

/*
 * Deep in the shadow, against Keller's coefficient of the perfect conductor (J. B. Keller, JOSA 52(2), 1962), field along the edge:
 * D = e^{-j pi/4} sin(pi/n) / (n sqrt(2 pi k)) [1 / (cos(pi/n) - cos((phi - phi')/n)) - 1 / (cos(pi/n) - cos((phi + phi')/n))].
 */
static void
test_wedge_keller(void)
{
	double		phi_in = 20 * M_PI / 180, phi_out = 265 * M_PI / 180, s_in = 150, s_out = 120, n = 1.5, k = 2 * M_PI / wavelength;
	double complex d;
	const rpm_path *path;
	rpm_path_list paths;

	quad_scene_init(&q);
	add_house_corner(quad_material(&q, 1, 1e7, 0.1));
	CHECK(quad_scene_ready(&q));
	/* phi from the tangent -y towards the normal +x. */
	paths = trace(isotropic(s_in * sin(phi_in), -s_in * cos(phi_in), 100, 0),
				  rpm_vec(s_out * sin(phi_out), -s_out * cos(phi_out), 100), RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION, 2);
	CHECK(paths.count == 1);
	path = find(&paths, "F");
	CHECK(path != NULL);
	if (path)
	{
		d = cexp(-I * M_PI / 4) * sin(M_PI / n) / (n * sqrt(2 * M_PI * k))
			* (1 / (cos(M_PI / n) - cos((phi_out - phi_in) / n)) - 1 / (cos(M_PI / n) - cos((phi_out + phi_in) / n)));
		CHECK_NEAR(path->length_m, s_in + s_out, 1e-9);
		CHECK_NEAR(path->interactions[0].incidence_rad, M_PI / 2, 1e-9);
		/* 1 / sqrt(s s' (s + s')); the transition functions differ from 1 by 1/(2 x), x = k L a > 500. */
		CHECK_COMPLEX(along(path, rpm_vec(0, 0, -1)), d / sqrt(s_in * s_out * (s_in + s_out)) * wavelength / (4 * M_PI)
					  * cexp(-I * k * (s_in + s_out)), 2e-3);
	}
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

/* Ends at different heights: Keller's point divides the height as the distances from the edge do; the field is that of rpm_utd.h. */
static void
test_wedge_oblique(void)
{
	rpm_vec3	a = rpm_vec(30, -40, 80), b = rpm_vec(-15, 20, 4), edge;
	rpm_vec3	k_in, k_out;
	double		s_in, s_out;
	rpm_cvec3	e;
	rpm_diffraction d;
	rpm_path_list paths;
	rpm_antenna antenna = isotropic(30, -40, 80, 0.3);

	quad_scene_init(&q);
	add_house_corner(quad_material(&q, 5.24, 0.123, 0.1));
	CHECK(quad_scene_ready(&q));
	/* 50 m and 25 m from the edge: a third of the way from the receiver. */
	edge = rpm_vec(0, 0, 4 + 76 / 3.0);
	s_in = rpm_norm(rpm_sub(edge, a));
	s_out = rpm_norm(rpm_sub(b, edge));
	k_in = rpm_unit(rpm_sub(edge, a));
	k_out = rpm_unit(rpm_sub(b, edge));
	e = rpm_antenna_field(&antenna, k_in);
	d = rpm_wedge_diffraction(rpm_vec(0, 0, 1), rpm_vec(0, -1, 0), rpm_vec(1, 0, 0), 1.5 * M_PI, k_in, k_out, s_in, s_out, FREQUENCY_HZ,
							  e, &q.materials[0], &q.materials[0]);
	e = rpm_diffraction_total(&d);
	paths = trace(antenna, b, RPM_DIFFRACTION, 1);
	CHECK(paths.count == 1);
	if (paths.count == 1)
	{
		const rpm_path *path = &paths.paths[0];

		CHECK_NEAR(path->length_m, hypot(75, 76), 1e-9);
		CHECK_NEAR(rpm_norm(rpm_sub(path->interactions[0].point, edge)), 0, 1e-9);
		CHECK(path->interactions[0].wedge == 0 && path->interactions[0].kind == 'F');
		CHECK_RELATIVE(rpm_path_total_gain(path), rpm_cvec_norm2(e) * pow(wavelength / (4 * M_PI), 2), 1e-9);
	}
	rpm_path_list_free(&paths);
	/* Beyond the end of the edge, inside the house, with the edge hidden: nothing. */
	paths = trace(isotropic(30, -40, 480, 0), rpm_vec(-15, 20, 470), RPM_DIFFRACTION, 1);
	CHECK(paths.count == 0);
	rpm_path_list_free(&paths);
	paths = trace(isotropic(30, -40, 80, 0), rpm_vec(-15, -1, 50), RPM_DIFFRACTION, 1);
	CHECK(paths.count == 0);
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

static void
build_street(void)
{
	int			concrete, glass;

	quad_scene_init(&q);
	concrete = quad_material(&q, 5.24, 0.123, 0.1);
	glass = quad_material(&q, 6.31, 0.0193, 0.02);
	quad_add(&q, rpm_vec(-50, -50, 0), rpm_vec(100, 0, 0), rpm_vec(0, 100, 0), concrete, RPM_NO_BUILDING);
	quad_add(&q, rpm_vec(-50, 10, 0), rpm_vec(100, 0, 0), rpm_vec(0, 0, 30), glass, 0);
	quad_add(&q, rpm_vec(-50, -10, 0), rpm_vec(100, 20 * 0.05, 0), rpm_vec(0, 0, 20), concrete, 0);
	quad_add(&q, rpm_vec(3, -9, 0), rpm_vec(0, 12, 0), rpm_vec(0, 0, 12), glass, 0);
	quad_wedge(&q, rpm_vec(3, 3, 0), rpm_vec(0, 0, 1), 12, rpm_vec(0, -1, 0), 2 * M_PI, 3, 3);
}

/* The ends swapped, with their polarisations: the same paths backwards and the same gains. */
static void
test_reciprocity(void)
{
	rpm_vec3	a = rpm_vec(-20, -2, 14), b = rpm_vec(25, 4, 1.5);
	rpm_path_list there, back;

	build_street();
	CHECK(quad_scene_ready(&q));
	there = trace(isotropic(a.x, a.y, a.z, 0.4), b, ALL_BUT_SCATTERING, 4);
	back = trace(isotropic(b.x, b.y, b.z, -0.7), a, ALL_BUT_SCATTERING, 4);
	CHECK(there.count > 10 && there.count == back.count);
	for (size_t i = 0; i < there.count; i++)
	{
		const rpm_path *path = &there.paths[i], *same = NULL;

		for (size_t j = 0; j < back.count && same == NULL; j++)
			if (back.paths[j].interaction_count == path->interaction_count && fabs(back.paths[j].length_m - path->length_m) < 1e-9
				&& rpm_norm(rpm_add(path->departure, back.paths[j].arrival)) < 1e-9)
				same = &back.paths[j];
		CHECK(same != NULL);
		if (same)
			CHECK_RELATIVE(rpm_path_gain(same, 0.4), rpm_path_gain(path, -0.7), 1e-6);
	}
	rpm_path_list_free(&there);
	rpm_path_list_free(&back);
	quad_scene_free(&q);
}

static void
test_threads(void)
{
	rpm_path_list lists[2];
	rpm_status	status;

	build_street();
	CHECK(quad_scene_ready(&q));
	for (int i = 0; i < 2; i++)
	{
		rpm_control control = {.threads = 1 + 2 * i};

		CHECK(try_trace(isotropic(-20, -2, 14, 0), rpm_vec(25, 4, 1.5), ALL_BUT_SCATTERING, 5, &control, &lists[i], &status) == RPM_OK);
	}
	CHECK(lists[0].count > 10 && lists[0].count == lists[1].count);
	for (size_t i = 0; i < lists[0].count && i < lists[1].count; i++)
	{
		const rpm_path *x = &lists[0].paths[i], *y = &lists[1].paths[i];

		CHECK(x->interaction_count == y->interaction_count && x->length_m == y->length_m
			  && memcmp(&x->field, &y->field, sizeof(x->field)) == 0);
		for (int k = 0; k < x->interaction_count && k < y->interaction_count; k++)
			CHECK(x->interactions[k].facet == y->interactions[k].facet);
	}
	rpm_path_list_free(&lists[0]);
	rpm_path_list_free(&lists[1]);
	quad_scene_free(&q);
}

/* Many receivers by one call: the paths that each one gets alone; and its errors name the receiver. */
static void
test_many_receivers(void)
{
	const rpm_vec3 receivers[] = {{25, 4, 1.5}, {-30, 3, 2}, {40, -3, 6}, {0, 1, 1.5}};
	const rpm_vec3 bad[] = {{25, 4, 1.5}, {-20, -2, 14}};
	rpm_antenna antenna = isotropic(-20, -2, 14, 0);
	rpm_control stopped = {.stop = 1}, small = {.memory_limit_bytes = 2000};
	rpm_trace_options options;
	rpm_path_list lists[4];
	rpm_status	status;

	build_street();
	CHECK(quad_scene_ready(&q));
	samples = 50000;
	rpm_trace_options_default(&options);
	options.mechanisms = ALL_BUT_SCATTERING;
	options.max_depth = 4;
	options.samples = samples;
	CHECK(rpm_trace_paths_to(&q.scene, q.query, &antenna, receivers, 4, &options, NULL, lists, &status) == RPM_OK);
	for (int i = 0; i < 4; i++)
	{
		rpm_path_list alone = trace(antenna, receivers[i], ALL_BUT_SCATTERING, 4);

		CHECK(alone.count > 5 && alone.count == lists[i].count);
		for (size_t j = 0; j < alone.count && j < lists[i].count; j++)
			CHECK(alone.paths[j].length_m == lists[i].paths[j].length_m
				  && memcmp(&alone.paths[j].field, &lists[i].paths[j].field, sizeof(rpm_cvec3)) == 0);
		rpm_path_list_free(&alone);
		rpm_path_list_free(&lists[i]);
	}
	CHECK(rpm_trace_paths_to(&q.scene, q.query, &antenna, bad, 2, &options, NULL, lists, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "receiver 1 is at the antenna") != NULL && lists[0].paths == NULL);
	CHECK(rpm_trace_paths_to(&q.scene, q.query, &antenna, receivers, 4, &options, &stopped, lists, &status) == RPM_CANCELLED);
	CHECK(rpm_trace_paths_to(&q.scene, q.query, &antenna, receivers, 4, &options, &small, lists, &status) == RPM_LIMIT_EXCEEDED);
	CHECK(lists[0].paths == NULL && lists[3].paths == NULL);
	CHECK(rpm_trace_paths_to(&q.scene, q.query, &antenna, receivers, 0, &options, NULL, lists, &status) == RPM_OK);
	samples = 5000;
	quad_scene_free(&q);
}

static void
check_refused(rpm_antenna antenna, rpm_vec3 receiver, int depth, rpm_control *control, rpm_code code, const char *names)
{
	rpm_path_list paths;
	rpm_status	status;

	CHECK(try_trace(antenna, receiver, ALL_BUT_SCATTERING, depth, control, &paths, &status) == code);
	CHECK(paths.count == 0 && paths.paths == NULL);
	if (strstr(status.message, names) == NULL)
	{
		printf("  \"%s\" does not speak of \"%s\"\n", status.message, names);
		unit_ok = false;
	}
	rpm_path_list_free(&paths);
}

static void
test_errors(void)
{
	rpm_control stopped = {.stop = 1}, small = {.memory_limit_bytes = 2000};
	rpm_path_list paths;

	quad_scene_init(&q);
	quad_box(&q, rpm_vec(-10, -10, 0), rpm_vec(10, 10, 10), quad_material(&q, 1.99, 0.018, 0.05));
	CHECK(quad_scene_ready(&q));
	check_refused(isotropic(20, 0, 5, 0), rpm_vec(30, 0, 5), 31, NULL, RPM_INVALID_ARGUMENT, "31");
	check_refused(isotropic(20, 0, 5, 0), rpm_vec(30, 0, 5), -1, NULL, RPM_INVALID_ARGUMENT, "-1");
	check_refused(isotropic(20, 0, 5, 0), rpm_vec(20, 0, 5), 3, NULL, RPM_INVALID_ARGUMENT, "receiver is at the antenna");
	check_refused(isotropic(20, 0, 5, 0), rpm_vec(NAN, 0, 5), 3, NULL, RPM_INVALID_ARGUMENT, "finite");
	check_refused(isotropic(1, 2, 5, 0), rpm_vec(20, 0, 5), 3, NULL, RPM_INVALID_ARGUMENT, "building 4711");
	check_refused(isotropic(20, 0, 5, 0), rpm_vec(20, 10, 5), 3, &small, RPM_LIMIT_EXCEEDED, "MB");
	check_refused(isotropic(20, 0, 5, 0), rpm_vec(20, 10, 5), 3, &stopped, RPM_CANCELLED, "");
	/* A receiver inside is reached through the wall only. */
	paths = trace(isotropic(20, 0.5, 5, 0), rpm_vec(1, 2, 4), RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION, 3);
	CHECK(paths.count == 0);
	rpm_path_list_free(&paths);
	paths = trace(isotropic(20, 0.5, 5, 0), rpm_vec(1, 2, 4), ALL_BUT_SCATTERING, 1);
	CHECK(paths.count == 1 && find(&paths, "R") != NULL);
	rpm_path_list_free(&paths);
	quad_scene_free(&q);
}

int
main(void)
{
	RUN(test_friis);
	RUN(test_slab_reflection);
	RUN(test_slab_transmission);
	RUN(test_scattering_share);
	RUN(test_corner);
	RUN(test_wall_and_ground);
	RUN(test_refraction_behind_walls);
	RUN(test_grazing_an_edge);
	RUN(test_coincident_facets);
	RUN(test_wedge_keller);
	RUN(test_wedge_oblique);
	RUN(test_reciprocity);
	RUN(test_threads);
	RUN(test_many_receivers);
	RUN(test_errors);
	return unit_summary("paths");
}
