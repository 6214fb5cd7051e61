/*
 * test_scattering.c: lobes integrate to 1 over the hemisphere, have the shapes of their formulas, and carry the power they should.
 */
#include "rpm_material_table.h"
#include "rpm_scattering.h"
#include "unit.h"

#define DEGREE (RPM_PI / 180)

typedef double (*hemisphere_function)(const rpm_material *material, rpm_vec3 k_in, rpm_vec3 k_out);

/* Integral over the upper hemisphere by the midpoint rule. */
static double integral(hemisphere_function f, const rpm_material *material, rpm_vec3 k_in, int steps)
{
	double		sum = 0;

	for (int i = 0; i < steps; i++)
		for (int j = 0; j < 4 * steps; j++)
		{
			double		theta = (i + 0.5) * RPM_PI / 2 / steps, phi = (j + 0.5) * RPM_PI / 2 / steps;

			sum += f(material, k_in, rpm_vec(sin(theta) * cos(phi), sin(theta) * sin(phi), cos(theta))) * sin(theta);
		}
	return sum * pow(RPM_PI / 2 / steps, 2);
}

static double lobe(const rpm_material *material, rpm_vec3 k_in, rpm_vec3 k_out)
{
	return rpm_scattering_lobe(material, k_in, k_out, rpm_vec(0, 0, 1));
}

static rpm_vec3 arriving(double degrees) { return rpm_vec(sin(degrees * DEGREE) * 0.6, sin(degrees * DEGREE) * 0.8, -cos(degrees * DEGREE)); }

static rpm_material wall(int pattern, int alpha_r, int alpha_i, double lambda)
{
	rpm_material m;

	CHECK(rpm_find_material("brick", 3.5e9, &m, NULL, NULL) == RPM_OK);
	m.scattering_coefficient = 0.4;
	m.scattering_pattern = pattern;
	m.scattering_alpha_r = alpha_r;
	m.scattering_alpha_i = alpha_i;
	m.scattering_lambda = lambda;
	return m;
}

/* The midpoint rule itself is good to 1e-4. */
static void lobes_integrate_to_one(void)
{
	static const int alphas[] = {1, 2, 3, 5, 10, 29, 30};
	static const double angles[] = {0, 10, 30, 45, 60, 75, 89};
	int			steps = 160;

	for (int a = 0; a < 7; a++)
	{
		rpm_material lambertian = wall(RPM_SCATTERING_LAMBERTIAN, 1, 1, 1);
		rpm_material directive = wall(RPM_SCATTERING_DIRECTIVE, alphas[a], 7, 0.3);
		rpm_material back = wall(RPM_SCATTERING_BACKSCATTERING, alphas[a], alphas[6 - a], 0.5);

		CHECK_NEAR(integral(lobe, &lambertian, arriving(angles[a]), steps), 1, 1e-4);
		for (int i = 0; i < 7; i += 2)
		{
			CHECK_NEAR(integral(lobe, &directive, arriving(angles[i]), steps), 1, 1e-4);
			CHECK_NEAR(integral(lobe, &back, arriving(angles[i]), steps), 1, 1e-4);
		}
	}
}

/* The highest exponent: no cancellation in its binomial sum. */
static void highest_exponent(void)
{
	rpm_material m = wall(RPM_SCATTERING_DIRECTIVE, 100, 1, 1);

	CHECK_NEAR(integral(lobe, &m, arriving(40), 400), 1, 1e-4);
	/* alpha = 0 is even: the whole hemisphere; alpha = 1 at normal incidence: pi + pi / 2 */
	CHECK_NEAR(rpm_lobe_integral(0, 0.3), 2 * RPM_PI, 1e-12);
	CHECK_NEAR(rpm_lobe_integral(1, 1), 1.5 * RPM_PI, 1e-12);
}

static void shapes(void)
{
	rpm_vec3	k = arriving(50), up = rpm_vec(0, 0, 1), mirror = rpm_mirror_direction(k, up), back = rpm_scale(k, -1);
	rpm_material m = wall(RPM_SCATTERING_LAMBERTIAN, 1, 1, 1), directive = wall(RPM_SCATTERING_DIRECTIVE, 4, 1, 1);
	rpm_material both = wall(RPM_SCATTERING_BACKSCATTERING, 10, 30, 0.25);
	rpm_material same = wall(RPM_SCATTERING_BACKSCATTERING, 4, 9, 1);
	double		cos_mirror_back = rpm_dot(mirror, back);

	CHECK_NEAR(lobe(&m, k, up), 1 / RPM_PI, 1e-12);
	CHECK_NEAR(lobe(&m, k, mirror), cos(50 * DEGREE) / RPM_PI, 1e-12);
	CHECK_NEAR(lobe(&directive, k, back) / lobe(&directive, k, mirror), pow((1 + cos_mirror_back) / 2, 4), 1e-12);
	CHECK_NEAR(lobe(&both, k, back) / lobe(&both, k, mirror),
			   (0.25 * pow((1 + cos_mirror_back) / 2, 10) + 0.75) / (0.25 + 0.75 * pow((1 + cos_mirror_back) / 2, 30)), 1e-9);
	CHECK_NEAR(lobe(&same, k, up), lobe(&directive, k, up), 1e-12);
	/* nothing through the wall; the normal's sense does not matter */
	CHECK(rpm_scattering_lobe(&both, k, rpm_vec(0, 0.6, -0.8), up) == 0);
	CHECK(rpm_scattering_lobe(&both, k, mirror, rpm_scale(up, -1)) == rpm_scattering_lobe(&both, k, mirror, up));
}

static rpm_cvec3 incident(rpm_vec3 k)
{
	rpm_vec3	a = rpm_any_perpendicular(k), b = rpm_cross(k, a);

	return rpm_cvec_add(rpm_cvec(a, rpm_cx(0.8, 0.1)), rpm_cvec(b, rpm_cx(-0.3, 0.5)));
}

static double scattered_power(const rpm_material *m, rpm_vec3 k_in, rpm_vec3 k_out)
{
	rpm_vec3	up = rpm_vec(0, 0, 1);
	rpm_interface c = rpm_wall(m, 3.5e9, fabs(k_in.z));

	return rpm_cvec_norm2(rpm_scatter_field(m, c, incident(k_in), k_in, k_out, up));
}

/* The diffuse power is the share S^2 of what the smooth wall would reflect, whatever the lobe and K_x. */
static void power_is_the_share(void)
{
	for (int pattern = 0; pattern < 3; pattern++)
		for (double degrees = 5; degrees < 90; degrees += 40)
		{
			rpm_material m = wall(pattern, 5, 8, 0.6);
			rpm_vec3	k = arriving(degrees), up = rpm_vec(0, 0, 1);
			double		specular = rpm_cvec_norm2(rpm_reflect_field(incident(k), k, up, rpm_wall(&m, 3.5e9, -k.z)));

			m.cross_polarisation = 0.3;
			CHECK_RELATIVE(integral(scattered_power, &m, k, 150), 0.16 * specular, 1e-3);
		}
}

/* TE in, K_x of the power leaves as TM; the field stays across its direction. */
static void cross_polarisation(void)
{
	rpm_material m = wall(RPM_SCATTERING_LAMBERTIAN, 1, 1, 1);
	rpm_vec3	k = arriving(35), up = rpm_vec(0, 0, 1), out = rpm_unit(rpm_vec(0.3, -0.5, 0.4));
	rpm_vec3	te = rpm_te_axis(out, up), tm = rpm_cross(te, out);
	rpm_cvec3	e = rpm_cvec(rpm_te_axis(k, up), rpm_cx(0, 2)), s;

	m.cross_polarisation = 0.2;
	s = rpm_scatter_field(&m, rpm_wall(&m, 3.5e9, -k.z), e, k, out, up);
	CHECK_NEAR(rpm_cx_norm2(rpm_cvec_dot(s, tm)) / rpm_cvec_norm2(s), 0.2, 1e-12);
	CHECK_NEAR(rpm_cx_norm2(rpm_cvec_dot(s, te)) / rpm_cvec_norm2(s), 0.8, 1e-12);
	CHECK_NEAR(rpm_cx_norm2(rpm_cvec_dot(s, out)), 0, 1e-24);
	CHECK_NEAR(rpm_cvec_norm2(rpm_scatter_field(&m, rpm_wall(&m, 3.5e9, -k.z), rpm_cvec_zero(), k, out, up)), 0, 0);
}

int main(void)
{
	RUN(lobes_integrate_to_one);
	RUN(highest_exponent);
	RUN(shapes);
	RUN(power_is_the_share);
	RUN(cross_polarisation);
	return unit_summary("scattering");
}
