/*
 * test_path_derivatives.c: derivatives of a path's gain against closed forms, against the calibration's hand-derived ones and against paths
 * traced anew from an antenna that was moved, turned, or sees other materials.
 */
#include <complex.h>

#include "rpm_em.h"
#include "rpm_fresnel_gradient.h"
#include "rpm_path_derivatives.h"
#include "rpm_pattern.h"
#include "unit.h"
#include "quad_scene.h"

#define FREQUENCY_HZ 3.5e9
#define DECIBELS (20 / M_LN10)	/* of an amplitude's relative change */

static const rpm_vec3 east = {1, 0, 0}, north = {0, 1, 0}, up = {0, 0, 1};
static quad_scene q;

static rpm_trace_options
options_of(unsigned mechanisms, int depth)
{
	rpm_trace_options options;

	rpm_trace_options_default(&options);
	options.mechanisms = mechanisms;
	options.max_depth = depth;
	options.samples = 5000;
	return options;
}

/* The path with these interactions in *path; false where there is none. */
static bool
find(const rpm_antenna *antenna, rpm_vec3 receiver, const rpm_trace_options *options, const char *kinds, rpm_path *path)
{
	rpm_path_list paths;
	rpm_status	status;
	bool		found = false;

	rpm_status_clear(&status);
	if (rpm_trace_paths(&q.scene, q.query, antenna, receiver, options, NULL, &paths, &status) != RPM_OK)
		return false;
	for (size_t i = 0; i < paths.count && !found; i++)
	{
		found = paths.paths[i].interaction_count == (int) strlen(kinds);
		for (int k = 0; k < paths.paths[i].interaction_count && found; k++)
			found = paths.paths[i].interactions[k].kind == kinds[k];
		if (found)
			*path = paths.paths[i];
	}
	rpm_path_list_free(&paths);
	return found;
}

static rpm_path_derivatives
derive(const rpm_antenna *antenna, rpm_vec3 receiver, const rpm_trace_options *options, const char *kinds, double slant_rad)
{
	rpm_path_derivatives derivatives = {0};
	rpm_path	path;
	rpm_status	status;

	rpm_status_clear(&status);
	if (find(antenna, receiver, options, kinds, &path))
		CHECK(rpm_path_derive(&q.scene, antenna, receiver, options, &path, slant_rad, &derivatives, &status) == RPM_OK);
	else
	{
		printf("  no path %s\n", kinds);
		unit_ok = false;
	}
	return derivatives;
}

/* The gain in dB of the path as traced. */
static double
traced(const rpm_antenna *antenna, rpm_vec3 receiver, const rpm_trace_options *options, const char *kinds)
{
	rpm_path	path;

	return find(antenna, receiver, options, kinds, &path) ? 10 * log10(rpm_path_total_gain(&path)) : NAN;
}

/* By tracing twice with *value (within *antenna or a material) a step above and below. */
static double
retraced(const rpm_antenna *antenna, rpm_vec3 receiver, const rpm_trace_options *options, const char *kinds, double *value, double step)
{
	double		middle = *value, above;

	*value = middle + step;
	above = traced(antenna, receiver, options, kinds);
	*value = middle - step;
	above -= traced(antenna, receiver, options, kinds);
	*value = middle;
	return above / (2 * step);
}

static rpm_antenna
sector(rpm_vec3 position)
{
	rpm_antenna antenna = {.position = position, .frequency_hz = FREQUENCY_HZ, .grid_azimuth_rad = 1.2, .mechanical_tilt_rad = 0.1};

	antenna.pattern = rpm_pattern_default(RPM_PATTERN_TR38901);
	return antenna;
}

/* Everything against new traces; tolerance: what the larger steps cut off. */
static void
check_all(rpm_antenna antenna, rpm_vec3 receiver, const rpm_trace_options *options, const char *kinds)
{
	const double degree = M_PI / 180, tolerance = 2e-5;
	rpm_path_derivatives d = derive(&antenna, receiver, options, kinds, NAN);
	double	   *position[3] = {&antenna.position.x, &antenna.position.y, &antenna.position.z};

	CHECK_NEAR(d.gain_db, traced(&antenna, receiver, options, kinds), 1e-9);
	for (int i = 0; i < 3; i++)
		CHECK_NEAR(d.position_db_m[i], retraced(&antenna, receiver, options, kinds, position[i], 4e-3), tolerance);
	CHECK_NEAR(d.azimuth_db_deg, retraced(&antenna, receiver, options, kinds, &antenna.grid_azimuth_rad, 1e-4) * degree, tolerance);
	CHECK_NEAR(d.tilt_db_deg, retraced(&antenna, receiver, options, kinds, &antenna.mechanical_tilt_rad, 1e-4) * degree, tolerance);
	CHECK(d.material_count > 0);
	for (int i = 0; i < d.material_count; i++)
	{
		rpm_material *material = &q.materials[d.materials[i]];

		CHECK_NEAR(d.permittivity_db[i], retraced(&antenna, receiver, options, kinds, &material->a, 2e-4), tolerance);
		CHECK_NEAR(d.conductivity_db_m_s[i], retraced(&antenna, receiver, options, kinds, &material->c, 1e-4), 100 * tolerance);
		CHECK_RELATIVE(d.thickness_db_m[i], retraced(&antenna, receiver, options, kinds, &material->thickness_m, 1e-5), 1e-4);
	}
}

/* L = -20 log10 of the length: by the place (20 / ln 10) (q - p) / |q - p|^2; turning an isotropic antenna does nothing. */
static void
test_friis(void)
{
	rpm_antenna antenna = {.position = {3, 4, 10}, .frequency_hz = FREQUENCY_HZ};
	rpm_trace_options options = options_of(RPM_LINE_OF_SIGHT, 0);
	rpm_vec3	receiver = rpm_vec(103, -46, 1.5), way = rpm_sub(receiver, antenna.position);
	rpm_path_derivatives d;

	quad_scene_init(&q);
	CHECK(quad_scene_ready(&q));
	d = derive(&antenna, receiver, &options, "", NAN);
	CHECK_RELATIVE(d.position_db_m[0], DECIBELS * rpm_dot(way, east) / rpm_dot(way, way), 1e-7);
	CHECK_RELATIVE(d.position_db_m[1], DECIBELS * rpm_dot(way, north) / rpm_dot(way, way), 1e-7);
	CHECK_RELATIVE(d.position_db_m[2], DECIBELS * rpm_dot(way, up) / rpm_dot(way, way), 1e-7);
	CHECK_NEAR(d.azimuth_db_deg, 0, 1e-9);
	CHECK_NEAR(d.tilt_db_deg, 0, 1e-9);
	CHECK(d.material_count == 0);
	quad_scene_free(&q);
}

/* TR 38.901 Table 7.3-1 on the horizon: A = 12 (phi / 65)^2; turned clockwise by one degree phi changes by one. */
static void
test_sector(void)
{
	rpm_antenna antenna = sector(rpm_vec(0, 0, 10));
	rpm_trace_options options = options_of(RPM_LINE_OF_SIGHT, 0);
	double		off_deg = 25;
	rpm_path_derivatives d;

	quad_scene_init(&q);
	CHECK(quad_scene_ready(&q));
	antenna.grid_azimuth_rad = antenna.mechanical_tilt_rad = 0;
	d = derive(&antenna, rpm_vec(80 * sin(off_deg * M_PI / 180), 80 * cos(off_deg * M_PI / 180), 10), &options, "", NAN);
	CHECK_RELATIVE(d.azimuth_db_deg, 24 * off_deg / (65 * 65), 1e-6);
	/* One component alone: the field is vertical there, and a horizontal receiver has no gain to derive. */
	d = derive(&antenna, rpm_vec(0, 80, 10), &options, "", M_PI / 2);
	CHECK(isnan(d.gain_db) && isnan(d.position_db_m[0]) && isnan(d.azimuth_db_deg));
	d = derive(&antenna, rpm_vec(0, 80, 10), &options, "", 0);
	CHECK_RELATIVE(d.position_db_m[1], DECIBELS / 80, 1e-6);
	CHECK_NEAR(d.azimuth_db_deg, 0, 1e-6);
	quad_scene_free(&q);
}

/* Mirror and slab, horizontal field on a level plate (TE): 20 log10 |r| and |t| by the calibration's derivatives. */
static void
test_fresnel(void)
{
	rpm_antenna antenna = {.position = {-5, 0, 5}, .frequency_hz = FREQUENCY_HZ, .slant_rad = M_PI / 2};
	rpm_complex to_conductivity = rpm_cx(0, -1 / (2 * M_PI * FREQUENCY_HZ * RPM_VACUUM_PERMITTIVITY_F_M));
	rpm_trace_options options = options_of(RPM_REFLECTION | RPM_REFRACTION, 1);

	quad_scene_init(&q);
	quad_add(&q, rpm_vec(-9, -9, 0), rpm_vec(18, 0, 0), rpm_vec(0, 18, 0), quad_material(&q, 3.91, 0.0291, 0.05), 0);
	CHECK(quad_scene_ready(&q));
	for (int through = 0; through < 2; through++)
	{
		rpm_interface_gradient g = rpm_interface_gradient_of(rpm_relative_permittivity(&q.materials[0], FREQUENCY_HZ), sqrt(0.5), 0.05,
															 RPM_SPEED_OF_LIGHT_M_S / FREQUENCY_HZ);
		rpm_complex value = through ? g.value.t_te : g.value.r_te;
		rpm_complex by_eta = rpm_cx_div(through ? g.by_eta.t_te : g.by_eta.r_te, value);
		rpm_complex by_thickness = rpm_cx_div(through ? g.by_thickness.t_te : g.by_thickness.r_te, value);
		rpm_path_derivatives d = derive(&antenna, rpm_vec(5, 0, through ? -5 : 5), &options, through ? "R" : "S", NAN);

		CHECK(d.material_count == 1);
		CHECK_RELATIVE(d.permittivity_db[0], DECIBELS * by_eta.re, 1e-6);
		CHECK_RELATIVE(d.conductivity_db_m_s[0], DECIBELS * rpm_cx_mul(by_eta, to_conductivity).re, 1e-6);
		CHECK_RELATIVE(d.thickness_db_m[0], DECIBELS * by_thickness.re, 1e-6);
	}
	/* A half-space has no thickness. */
	q.materials[0].thickness_m = 0;
	CHECK(isnan(derive(&antenna, rpm_vec(5, 0, 5), &options, "S", NAN).thickness_db_m[0]));
	quad_scene_free(&q);
}

/* Ground and two walls at right angles, one of wood and thin: mirrors, a wall on the way, both polarisations mixed by the corner. */
static void
test_chains(void)
{
	rpm_antenna antenna = sector(rpm_vec(-8, 2, 10));
	rpm_trace_options options = options_of(RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION, 3);
	int			concrete, wood;

	quad_scene_init(&q);
	concrete = quad_material(&q, 5.24, 0.123, 0.1);
	wood = quad_material(&q, 1.99, 0.018, 0.05);
	quad_add(&q, rpm_vec(-50, -50, 0), rpm_vec(100, 0, 0), rpm_vec(0, 100, 0), concrete, RPM_NO_BUILDING);
	quad_add(&q, rpm_vec(-50, 12, 0), rpm_vec(100, 0, 0), rpm_vec(0, 0, 30), concrete, 0);
	quad_add(&q, rpm_vec(3, -20, 0), rpm_vec(0, 32, 0), rpm_vec(0, 0, 30), wood, 0);
	CHECK(quad_scene_ready(&q));
	antenna.slant_rad = 0.4;
	check_all(antenna, rpm_vec(1, -3, 1.5), &options, "SS");
	check_all(antenna, rpm_vec(8, 1, 1.5), &options, "R");
	check_all(antenna, rpm_vec(8, 1, 1.5), &options, "SRS");
	quad_scene_free(&q);
}

/* An edge with concrete on one side and wood on the other. */
static void
test_edge(void)
{
	rpm_antenna antenna = sector(rpm_vec(30, -40, 80));
	rpm_trace_options options = options_of(RPM_DIFFRACTION, 1);
	int32_t		south, west;

	quad_scene_init(&q);
	south = quad_add(&q, rpm_vec(0, -400, 0), rpm_vec(0, 400, 0), rpm_vec(0, 0, 400), quad_material(&q, 5.24, 0.123, 0.1), 0);
	west = quad_add(&q, rpm_vec(-400, 0, 0), rpm_vec(400, 0, 0), rpm_vec(0, 0, 400), quad_material(&q, 1.99, 0.018, 0.05), 0);
	quad_wedge(&q, rpm_vec(0, 0, 0), rpm_vec(0, 0, 1), 400, rpm_vec(0, -1, 0), 1.5 * M_PI, south, west);
	CHECK(quad_scene_ready(&q));
	antenna.grid_azimuth_rad = -0.6;
	check_all(antenna, rpm_vec(-15, 14, 4), &options, "F");
	CHECK(derive(&antenna, rpm_vec(-15, 14, 4), &options, "F", NAN).material_count == 2);
	quad_scene_free(&q);
}

int
main(void)
{
	RUN(test_friis);
	RUN(test_sector);
	RUN(test_fresnel);
	RUN(test_chains);
	RUN(test_edge);
	return unit_summary("path_derivatives");
}
