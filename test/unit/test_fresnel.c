/*
 * test_fresnel.c: materials, slabs, half-spaces, reflected and transmitted fields, the tables of the ray launcher.
 */
#include "rpm_coefficient_table.h"
#include "rpm_material_table.h"
#include "unit.h"

#include <complex.h>

#define FREQUENCY_HZ 3.5e9

static double magnitude(rpm_complex z) { return sqrt(rpm_cx_norm2(z)); }
static double decibel(rpm_complex z) { return 10 * log10(rpm_cx_norm2(z)); }
static complex double as_c(rpm_complex z) { return z.re + I * z.im; }

static rpm_material named(const char *name, double frequency_hz)
{
	rpm_material m;
	rpm_status	status = {0};

	CHECK(rpm_find_material(name, frequency_hz, &m, NULL, &status) == RPM_OK);
	return m;
}

/* Values printed to as many digits as the tolerance says; computed by another program from P.2040-3. */
static void golden_table(void)
{
	static const struct
	{
		const char *name;
		double		eta_re, eta_im, half_0, half_te, half_tm, slab_0, slab_te, slab_tm, t_0, t_te, t_tm;
	} rows[] = {
		{"concrete", 5.2400, -0.6321, .39458, .62052, .10977, .42229, .57771, .09797, -10.363, -13.304, -9.563},
		{"brick", 3.9100, -0.1494, .32857, .56125, .04816, .46429, .50005, .03934, -3.775, -5.204, -2.692},
		{"glass", 6.3100, -0.0990, .43056, .65014, .14464, .35539, .86062, .24711, -2.237, -8.457, -1.653},
		{"wood", 1.9900, -0.0924, .17101, .38129, .05657, .22300, .52946, .08318, -2.406, -4.512, -2.684},
		{"marble", 7.0740, -0.0901, .45353, .66832, .16895, .51476, .60573, .12432, -2.858, -4.335, -1.257},
		{"medium_dry_ground", 13.2338, -1.3852, .57022, .75307, .30586, .59344, .75457, .30735, -15.689, -19.765, -13.323},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		rpm_material m = named(rows[i].name, FREQUENCY_HZ);
		rpm_complex eta = rpm_relative_permittivity(&m, FREQUENCY_HZ);
		rpm_interface half_0, half_60, slab_0 = rpm_wall(&m, FREQUENCY_HZ, 1), slab_60 = rpm_wall(&m, FREQUENCY_HZ, 0.5);

		m.thickness_m = 0;
		half_0 = rpm_wall(&m, FREQUENCY_HZ, 1);
		half_60 = rpm_wall(&m, FREQUENCY_HZ, 0.5);
		CHECK_NEAR(eta.re, rows[i].eta_re, 5.1e-5);
		CHECK_NEAR(eta.im, rows[i].eta_im, 5.1e-5);
		CHECK_NEAR(magnitude(half_0.r_te), rows[i].half_0, 5.1e-6);
		CHECK_NEAR(magnitude(half_0.r_tm), rows[i].half_0, 5.1e-6);
		CHECK_NEAR(magnitude(half_60.r_te), rows[i].half_te, 5.1e-6);
		CHECK_NEAR(magnitude(half_60.r_tm), rows[i].half_tm, 5.1e-6);
		CHECK_NEAR(magnitude(slab_0.r_te), rows[i].slab_0, 5.1e-6);
		CHECK_NEAR(magnitude(slab_0.r_tm), rows[i].slab_0, 5.1e-6);
		CHECK_NEAR(magnitude(slab_60.r_te), rows[i].slab_te, 5.1e-6);
		CHECK_NEAR(magnitude(slab_60.r_tm), rows[i].slab_tm, 5.1e-6);
		CHECK_NEAR(decibel(slab_0.t_te), rows[i].t_0, 5.1e-4);
		CHECK_NEAR(decibel(slab_60.t_te), rows[i].t_te, 5.1e-4);
		CHECK_NEAR(decibel(slab_60.t_tm), rows[i].t_tm, 5.1e-4);
		CHECK(magnitude(half_0.t_te) == 0 && magnitude(half_60.t_tm) == 0);
	}
}

/* Conductivities in S/m and other bands, computed by another program. */
static void golden_conductivities(void)
{
	static const struct { const char *name; double ghz, sigma, normal; } rows[] = {
		{"concrete", 2.1, 0.08254, .3952}, {"concrete", 3.5, 0.12309, .3946}, {"brick", 3.5, 0.02908, .3286},
		{"glass", 3.5, 0.01928, .4306}, {"wood", 3.5, 0.01800, .1710}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		double		f = rows[i].ghz * 1e9;
		rpm_material m = named(rows[i].name, f);
		rpm_complex eta = rpm_relative_permittivity(&m, f);

		CHECK_NEAR(-eta.im * 2 * RPM_PI * f * RPM_VACUUM_PERMITTIVITY_F_M, rows[i].sigma, 5.1e-6);
		CHECK_NEAR(magnitude(rpm_half_space(eta, 1).r_te), rows[i].normal, 5.1e-5);
	}
}

/* The slab again by the transfer matrix of a layer between two half-spaces, which shares no formula with P.2040's. */
static void slab_against_transfer_matrix(void)
{
	static const char *names[] = {"concrete", "brick", "glass", "wood", "marble"};
	double		wavelength = RPM_SPEED_OF_LIGHT_M_S / FREQUENCY_HZ;

	for (int i = 0; i < 5; i++)
		for (double degrees = 0; degrees < 90; degrees += 7.5)
			for (int tm = 0; tm < 2; tm++)
			{
				rpm_material m = named(names[i], FREQUENCY_HZ);
				double		cosine = cos(degrees * RPM_PI / 180);
				complex double eta = as_c(rpm_relative_permittivity(&m, FREQUENCY_HZ));
				complex double inside = csqrt(1 - (1 - cosine * cosine) / eta);	/* cosine of refraction */
				complex double delta = 2 * RPM_PI / wavelength * csqrt(eta) * inside * m.thickness_m;
				/* tilted admittances */
				complex double y0 = tm ? 1 / cosine : cosine, y1 = tm ? csqrt(eta) / inside : csqrt(eta) * inside;
				complex double b = ccos(delta) + I / y1 * csin(delta) * y0, c = I * y1 * csin(delta) + ccos(delta) * y0;
				complex double r = (y0 * b - c) / (y0 * b + c), t = 2 * y0 / (y0 * b + c);
				rpm_interface w = rpm_wall(&m, FREQUENCY_HZ, cosine);
				/* the admittance method speaks of the tangential field: for TM its sign is the other one */
				complex double ours = tm ? -as_c(w.r_tm) : as_c(w.r_te);

				CHECK_NEAR(cabs(ours - r), 0, 1e-10);
				CHECK_NEAR(cabs(as_c(tm ? w.t_tm : w.t_te) - t), 0, 1e-10);
			}
}

static void limits_are_numbers(void)
{
	rpm_material metal = named("metal", FREQUENCY_HZ), vacuum = named("vacuum", FREQUENCY_HZ);

	for (int i = 0; i <= 1000; i++)
	{
		double		cosine = i / 1000.0 * (i / 1000.0);
		rpm_interface m = rpm_wall(&metal, FREQUENCY_HZ, cosine), v = rpm_wall(&vacuum, FREQUENCY_HZ, cosine);

		CHECK(magnitude(m.t_te) == 0 && magnitude(m.t_tm) == 0);
		CHECK_NEAR(magnitude(m.r_te), 1, 1e-3);
		CHECK(magnitude(m.r_tm) <= 1 + 1e-12);
		CHECK(magnitude(v.r_te) == 0 && magnitude(v.r_tm) == 0);
		CHECK_NEAR(magnitude(v.t_te), 1, 1e-12);
		CHECK_NEAR(magnitude(v.t_tm), 1, 1e-12);
		CHECK(magnitude(rpm_half_space(rpm_cx(1, 0), cosine).r_te) == 0);
	}
	CHECK_NEAR(rpm_wall(&metal, FREQUENCY_HZ, 1).r_te.re, -1, 1e-3);
	CHECK_NEAR(rpm_wall(&metal, FREQUENCY_HZ, 1).r_tm.re, 1, 1e-3);
	CHECK_NEAR(rpm_slab(rpm_cx(5, -0.1), 0, 0.1, 0.1).r_te.re, -1, 1e-12);
	CHECK_NEAR(rpm_slab(rpm_cx(5, -0.1), 0, 0.1, 0.1).r_tm.re, -1, 1e-12);
}

/* A slab of which nothing comes back from the far side is a half-space, in both parts of the coefficient. */
static void thick_slab_is_half_space(void)
{
	for (double cosine = 0.05; cosine <= 1; cosine += 0.05)
	{
		rpm_complex eta = rpm_cx(5.24, -0.63);
		rpm_interface slab = rpm_slab(eta, cosine, 30, 0.0857), half = rpm_half_space(eta, cosine);

		CHECK_NEAR(magnitude(rpm_cx_sub(slab.r_te, half.r_te)), 0, 1e-12);
		CHECK_NEAR(magnitude(rpm_cx_sub(slab.r_tm, half.r_tm)), 0, 1e-12);
		CHECK_NEAR(magnitude(slab.t_te) + magnitude(slab.t_tm), 0, 1e-12);
	}
}

/* Power is kept by a wall without loss: |R|^2 + |T|^2 = 1. */
static void lossless_slab_keeps_power(void)
{
	for (double cosine = 0.01; cosine <= 1; cosine += 0.03)
	{
		rpm_interface w = rpm_slab(rpm_cx(4.3, 0), cosine, 0.17, 0.0857);

		CHECK_NEAR(rpm_cx_norm2(w.r_te) + rpm_cx_norm2(w.t_te), 1, 1e-12);
		CHECK_NEAR(rpm_cx_norm2(w.r_tm) + rpm_cx_norm2(w.t_tm), 1, 1e-12);
	}
}

static double difference(rpm_cvec3 a, rpm_cvec3 b)
{
	return sqrt(rpm_cvec_norm2(rpm_cvec_add(a, rpm_cvec_scale(b, -1))));
}

/* A perfect conductor: the tangential field on the plane is 0 for any incidence and polarisation. */
static void conductor_cancels_tangential_field(void)
{
	rpm_interface c = {{-1, 0}, {1, 0}, {0, 0}, {0, 0}};

	for (int i = 0; i < 50; i++)
	{
		rpm_vec3	n = rpm_unit(rpm_vec(sin(i), cos(2.7 * i), sin(1.3 * i + 1)));
		rpm_vec3	k = rpm_unit(i < 3 ? rpm_scale(n, -1) : rpm_vec(cos(3.1 * i), sin(i + 2), 0.3));
		rpm_vec3	a = rpm_any_perpendicular(k), b = rpm_cross(k, a);
		rpm_cvec3	e = rpm_cvec_add(rpm_cvec(a, rpm_cx(0.7, 0.2)), rpm_cvec(b, rpm_cx(-0.1, 0.9)));
		rpm_cvec3	r = rpm_reflect_field(e, k, n, c), sum = rpm_cvec_add(e, r);
		rpm_cvec3	tangential = rpm_cvec_add(sum, rpm_cvec(n, rpm_cx_scale(rpm_cvec_dot(sum, n), -1)));

		CHECK_NEAR(sqrt(rpm_cvec_norm2(tangential)), 0, 1e-12);
		CHECK_NEAR(rpm_cvec_norm2(r), rpm_cvec_norm2(e), 1e-12);
		CHECK_NEAR(magnitude(rpm_cvec_dot(r, rpm_mirror_direction(k, n))), 0, 1e-12);
		CHECK_NEAR(difference(r, rpm_reflect_field(e, k, rpm_scale(n, -1), c)), 0, 1e-12);
	}
}

/*
 * Image method at one slab: a vertical source 10 m above the plane z = 0, receiver at the same height 20 m away (45 degrees), concrete:
 * complex TE and TM coefficients with P.2040-3 eq. 43 written out.
 */
static void image_method_reflection(void)
{
	rpm_material m = named("concrete", FREQUENCY_HZ);
	double		wavelength = RPM_SPEED_OF_LIGHT_M_S / FREQUENCY_HZ, half = sqrt(0.5);
	complex double eta = 5.24 - I * 0.0462 * pow(3.5, 0.7822) / (2 * RPM_PI * FREQUENCY_HZ * 8.8541878128e-12);
	complex double a = csqrt(eta - 0.5), q = 2 * RPM_PI * 0.1 / wavelength * a;
	complex double te = (half - a) / (half + a), tm = (eta * half - a) / (eta * half + a);
	complex double round = cexp(-2 * I * q), once = cexp(-I * q);
	complex double r_te = te * (1 - round) / (1 - te * te * round), r_tm = tm * (1 - round) / (1 - tm * tm * round);
	complex double t_te = (1 - te * te) * once / (1 - te * te * round), t_tm = (1 - tm * tm) * once / (1 - tm * tm * round);
	rpm_interface w = rpm_wall(&m, FREQUENCY_HZ, half);
	rpm_vec3	k = rpm_vec(half, 0, -half), up = rpm_vec(0, 0, 1);
	rpm_cvec3	across = rpm_cvec(rpm_vec(0, 1, 0), rpm_cx(1, 0)), within = rpm_cvec(rpm_vec(half, 0, half), rpm_cx(1, 0));
	rpm_cvec3	r;

	CHECK_NEAR(cabs(as_c(rpm_cvec_dot(rpm_reflect_field(across, k, up, w), rpm_vec(0, 1, 0))) - r_te), 0, 1e-4 * cabs(r_te));
	r = rpm_reflect_field(within, k, up, w);
	/* reflected upwards along (1, 0, 1): the vertical component keeps its sign for r_tm = 1, the horizontal one turns */
	CHECK_NEAR(cabs(as_c(rpm_cvec_dot(r, rpm_vec(-half, 0, half))) - r_tm), 0, 1e-4 * cabs(r_tm));
	CHECK_NEAR(magnitude(rpm_cvec_dot(r, rpm_vec(half, 0, half))), 0, 1e-12);
	CHECK_NEAR(cabs(as_c(rpm_cvec_dot(rpm_transmit_field(across, k, up, w), rpm_vec(0, 1, 0))) - t_te), 0, 1e-4 * cabs(t_te));
	CHECK_NEAR(cabs(as_c(rpm_cvec_dot(rpm_transmit_field(within, k, up, w), rpm_vec(half, 0, half))) - t_tm), 0, 1e-4 * cabs(t_tm));
}

static void materials_by_name(void)
{
	rpm_material m;
	rpm_status	status = {0};
	bool		outside;
	size_t		count;
	const rpm_named_material *rows = rpm_builtin_materials(&count);

	CHECK(count == 38);
	for (size_t i = 0; i < count; i++)
		CHECK(rows[i].frequency_min_hz < rows[i].frequency_max_hz && rows[i].a >= 1 && rows[i].c >= 0);
	CHECK(rpm_find_material("concrete", 2e11, &m, &outside, &status) == RPM_OK && !outside && m.a == 5.17);
	CHECK(rpm_find_material("concrete", 8e8, &m, &outside, &status) == RPM_OK && outside && m.a == 5.24);
	CHECK(rpm_find_material("concrete", 1.02e11, &m, &outside, &status) == RPM_OK && outside && m.a == 5.24);
	CHECK(rpm_find_material("concrete", 1e9, &m, &outside, &status) == RPM_OK && !outside);
	CHECK(rpm_find_material("wood", 1.05e11, &m, &outside, &status) == RPM_OK && !outside && m.a == 2.1183);
	CHECK(rpm_find_material("wood", 1.5e11, &m, &outside, &status) == RPM_OK && !outside && m.a == 1.82);
	CHECK(rpm_find_material("floorboard", 3.5e9, &m, &outside, &status) == RPM_OK && outside && m.a == 3.66);
	CHECK(m.thickness_m == 0.1 && m.scattering_coefficient == 0);
	CHECK(rpm_find_material("cheese", 1e9, &m, &outside, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "cheese") && status.hint[0]);
	rpm_status_clear(&status);
	CHECK(rpm_find_material("brick", NAN, &m, &outside, &status) == RPM_INVALID_ARGUMENT && strstr(status.message, "brick"));
	rpm_status_clear(&status);
	CHECK(rpm_find_material("brick", 0, &m, NULL, &status) == RPM_INVALID_ARGUMENT);
}

/* The largest error of a table over angles that fall between its entries. */
static double table_error(const char *name, double frequency_hz)
{
	static rpm_coefficient_table table;
	rpm_material m = named(name, frequency_hz);
	rpm_status	status = {0};
	double		worst = 0;

	CHECK(rpm_coefficient_table_build(&m, frequency_hz, &table, &status) == RPM_OK);
	for (int i = 0; i <= 50000; i++)
	{
		double		cosine = i / 50000.0;
		rpm_interface exact = rpm_wall(&m, frequency_hz, cosine), held = rpm_coefficient_lookup(&table, cosine);

		worst = fmax(worst, magnitude(rpm_cx_sub(exact.r_te, held.r_te)));
		worst = fmax(worst, magnitude(rpm_cx_sub(exact.r_tm, held.r_tm)));
		worst = fmax(worst, magnitude(rpm_cx_sub(exact.t_te, held.t_te)));
		worst = fmax(worst, magnitude(rpm_cx_sub(exact.t_tm, held.t_tm)));
	}
	return worst;
}

/* Below 6 GHz the interpolation costs less than 2e-5 of the incident field, at 28 GHz less than 1e-3. */
static void table_follows_formula(void)
{
	static rpm_coefficient_table table;
	rpm_material m = named("concrete", FREQUENCY_HZ);
	rpm_status	status = {0};

	CHECK_NEAR(table_error("concrete", 3.5e9), 0, 2e-5);
	CHECK_NEAR(table_error("glass", 5.9e9), 0, 2e-5);
	CHECK_NEAR(table_error("wood", 8e8), 0, 2e-5);
	CHECK_NEAR(table_error("metal", 3.5e9), 0, 2e-3);
	CHECK_NEAR(table_error("glass", 2.8e10), 0, 1e-3);
	CHECK(rpm_coefficient_table_build(&m, 0, &table, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	m.a = NAN;
	CHECK(rpm_coefficient_table_build(&m, 1e9, &table, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	m.a = 5;
	m.thickness_m = -1;
	CHECK(rpm_coefficient_table_build(&m, 1e9, &table, &status) == RPM_INVALID_ARGUMENT);
	m.thickness_m = 0.1;
	rpm_status_clear(&status);
	CHECK(rpm_coefficient_table_build(&m, 1e9, &table, &status) == RPM_OK);
	CHECK(rpm_coefficient_lookup(&table, 2).r_te.re == rpm_coefficient_lookup(&table, 1).r_te.re);
	CHECK(rpm_coefficient_lookup(&table, -1).r_te.re == -1);
}

int main(void)
{
	RUN(golden_table);
	RUN(golden_conductivities);
	RUN(slab_against_transfer_matrix);
	RUN(limits_are_numbers);
	RUN(thick_slab_is_half_space);
	RUN(lossless_slab_keeps_power);
	RUN(conductor_cancels_tangential_field);
	RUN(image_method_reflection);
	RUN(materials_by_name);
	RUN(table_follows_formula);
	return unit_summary("fresnel");
}
