/*
 * test_utd.c: the transition function and the diffraction at a wedge against published and independently computed values,
 * continuity at the shadow and reflection boundaries, reciprocity, limits.
 */
#include "rpm_material_table.h"
#include "rpm_utd.h"
#include "unit.h"

#include <complex.h>

#define DEGREE (RPM_PI / 180)

static const rpm_interface conductor = {{-1, 0}, {1, 0}, {0, 0}, {0, 0}};

static complex double as_c(rpm_complex z) { return z.re + I * z.im; }

/* Source and receiver around a wedge along z whose face 0 is the half-plane y = 0, x > 0. */
typedef struct scene
{
	double		n, frequency_hz;
	rpm_vec3	source, receiver;
	rpm_cvec3	polarisation;	/* the source's field along a direction is this vector's part across it */
	const rpm_material *wall;	/* NULL: perfect conductor */
} scene;

static rpm_vec3 polar(double rho, double phi, double z) { return rpm_vec(rho * cos(phi), rho * sin(phi), z); }

static rpm_cvec3 source_field(const scene *s, rpm_vec3 k)
{
	return rpm_cvec_add(s->polarisation, rpm_cvec(k, rpm_cx_scale(rpm_cvec_dot(s->polarisation, k), -1)));
}

static rpm_vec3 edge_point(const scene *s)
{
	double		a = hypot(s->source.x, s->source.y), b = hypot(s->receiver.x, s->receiver.y);

	return rpm_vec(0, 0, (s->source.z * b + s->receiver.z * a) / (a + b));
}

/* h / (lambda / 4 pi) of the diffracted ray; its parts in *d */
static rpm_cvec3 diffracted(const scene *s, rpm_diffraction *d)
{
	rpm_vec3	edge = edge_point(s), in = rpm_sub(edge, s->source), out = rpm_sub(s->receiver, edge);
	double		s_in = rpm_norm(in), s_out = rpm_norm(out), wavelength = RPM_SPEED_OF_LIGHT_M_S / s->frequency_hz;
	rpm_vec3	k_in = rpm_unit(in), k_out = rpm_unit(out), z = rpm_vec(0, 0, 1), x = rpm_vec(1, 0, 0), y = rpm_vec(0, 1, 0);

	if (s->wall)
		*d = rpm_wedge_diffraction(z, x, y, s->n * RPM_PI, k_in, k_out, s_in, s_out, s->frequency_hz, source_field(s, k_in),
								   s->wall, s->wall);
	else
	{
		rpm_wedge_rays rays = rpm_wedge_rays_of(z, x, y, s->n * RPM_PI, k_in, k_out);

		*d = rpm_wedge_field(&rays, s_in, s_out, wavelength, source_field(s, k_in), conductor, conductor);
	}
	return rpm_cvec_mul(rpm_diffraction_total(d), rpm_cx_phase(-2 * RPM_PI / wavelength * (s_in + s_out)));
}

static rpm_cvec3 direct(const scene *s)
{
	rpm_vec3	way = rpm_sub(s->receiver, s->source);
	double		length = rpm_norm(way);

	return rpm_cvec_mul(source_field(s, rpm_unit(way)),
						rpm_cx_scale(rpm_cx_phase(-2 * RPM_PI * s->frequency_hz / RPM_SPEED_OF_LIGHT_M_S * length), 1 / length));
}

/* The ray over the mirror plane through the edge with this normal. */
static rpm_cvec3 reflected(const scene *s, rpm_vec3 normal)
{
	rpm_vec3	image = rpm_mirror_direction(s->source, normal), way = rpm_sub(s->receiver, image);
	double		length = rpm_norm(way);
	rpm_vec3	k_in = rpm_mirror_direction(rpm_unit(way), normal);
	rpm_interface c = s->wall ? rpm_wall(s->wall, s->frequency_hz, fabs(rpm_dot(k_in, normal))) : conductor;

	return rpm_cvec_mul(rpm_reflect_field(source_field(s, k_in), k_in, normal, c),
						rpm_cx_scale(rpm_cx_phase(-2 * RPM_PI * s->frequency_hz / RPM_SPEED_OF_LIGHT_M_S * length), 1 / length));
}

static rpm_cvec3 total(const scene *s)
{
	rpm_diffraction d;
	rpm_cvec3	e = diffracted(s, &d);

	if (d.lit_direct)
		e = rpm_cvec_add(e, direct(s));
	if (d.lit_0)
		e = rpm_cvec_add(e, reflected(s, rpm_vec(0, 1, 0)));
	if (d.lit_n)
		e = rpm_cvec_add(e, reflected(s, rpm_vec(sin(s->n * RPM_PI), -cos(s->n * RPM_PI), 0)));
	return e;
}

static rpm_material concrete(void)
{
	rpm_material m;

	CHECK(rpm_find_material("concrete", 1e9, &m, NULL, NULL) == RPM_OK);
	return m;
}

static void transition_table(void)
{
	static const double rows[][3] = {
		{0.001, .039595, .037673}, {0.01, .124205, .106579}, {0.1, .368104, .234453}, {0.3, .571713, .272992},
		{0.5, .676763, .268233}, {0.7, .743950, .254857}, {1, .809525, .232199}, {1.5, .872989, .198208}, {2.3, .924004, .157651},
		{4, .965788, .107289}, {5.5, .979686, .082787}, {10, .993041, .048351}, {30, .999175, .016598}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		rpm_complex f = rpm_utd_transition(rows[i][0]);

		CHECK_NEAR(f.re, rows[i][1], 6e-7);
		CHECK_NEAR(f.im, rows[i][2], 6e-7);
	}
	CHECK(rpm_utd_transition(0).re == 0 && rpm_utd_transition(0).im == 0);
	CHECK_NEAR(rpm_utd_transition(1e12).re, 1, 1e-6);
}

/* F(x) by Simpson's rule along t = sqrt x + u e^{-j pi/4}, where the integrand falls as e^{-u^2}. */
static void transition_integral(void)
{
	double		worst = 0;

	for (double x = 1e-8; x < 1e5; x *= 1.3)
	{
		complex double sum = 0, f, a = sqrt(2 * x) * (1 + I);
		double		reach = fmin(7, 40 / sqrt(2 * x));
		int			steps = 4000;

		for (int i = 0; i <= steps; i++)
		{
			double		u = reach * i / steps;

			sum += (i == 0 || i == steps ? 1 : i % 2 ? 4 : 2) * cexp(-u * u - a * u);
		}
		f = 2 * I * sqrt(x) * cexp(-I * RPM_PI / 4) * sum * reach / (3.0 * steps);
		worst = fmax(worst, cabs(as_c(rpm_utd_transition(x)) - f) / cabs(f));
	}
	CHECK_NEAR(worst, 0, 1e-7);
}

/* Perfectly conducting wedges at 1 GHz, s' = 100 m, s = 50 m, computed by another program. */
static void wedge_table(void)
{
	static const struct { double n, phi_in, phi_out, soft, soft_arg, soft_db, hard, hard_arg, hard_db; } rows[] = {
		{2, 45, 240, 0.278543, -43.573, 26.397, 0.388361, -43.968, 23.510},
		{2, 60, 250, 0.449318, -42.087, 22.207, 0.545369, -42.596, 20.524},
		{1.5, 45, 240, 0.248239, -43.418, 27.398, 0.455752, -44.117, 22.121},
		{1.5, 60, 250, 0.387574, -41.657, 23.491, 0.642953, -42.949, 19.095},
		{1.5, 45, 200, 0.296589, 135.313, 25.970, 0.076891, 136.043, 37.696}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int hard = 0; hard < 2; hard++)
		{
			double		phi = rows[i].phi_out * DEGREE, phi_in = rows[i].phi_in * DEGREE, excess;
			double		expected = hard ? rows[i].hard : rows[i].soft;
			rpm_vec3	around = rpm_vec(-sin(phi_in), cos(phi_in), 0), around_out = rpm_vec(-sin(phi), cos(phi), 0);
			scene		s = {rows[i].n, 1e9, polar(100, phi_in, 0), polar(50, phi, 0), rpm_cvec_zero(), NULL};
			rpm_diffraction d;
			complex double value;

			s.polarisation = rpm_cvec(hard ? around : rpm_vec(0, 0, 1), rpm_cx(1, 0));
			diffracted(&s, &d);
			/* the azimuthal unit vector turns with phi: straight on it points the other way */
			value = as_c(rpm_cvec_dot(rpm_diffraction_total(&d), hard ? rpm_scale(around_out, -1) : rpm_vec(0, 0, 1)));
			excess = -20 * log10(cabs(value) * rpm_norm(rpm_sub(s.source, s.receiver)));
			value *= sqrt(100 * 50 * 150.0);
			CHECK_NEAR(cabs(value), expected, 1e-6);
			CHECK_NEAR(carg(value) / DEGREE, hard ? rows[i].hard_arg : rows[i].soft_arg, 1e-3);
			CHECK_NEAR(excess, hard ? rows[i].hard_db : rows[i].soft_db, 1e-3);
		}
}

/* The largest step of the total field over 1e-6 rad at a boundary, in units of the incident field. */
static double step_at(scene s, double phi)
{
	double		rho = hypot(s.receiver.x, s.receiver.y), z = s.receiver.z, incident;
	rpm_cvec3	low, high;

	s.receiver = polar(rho, phi - 0.5e-6, z);
	low = total(&s);
	s.receiver = polar(rho, phi + 0.5e-6, z);
	high = total(&s);
	incident = sqrt(rpm_cvec_norm2(direct(&s)));
	return sqrt(rpm_cvec_norm2(rpm_cvec_add(high, rpm_cvec_scale(low, -1)))) / incident;
}

/* Perfect conductor and concrete, normal and oblique, several wedges; every boundary that the geometry has. */
static void continuous_at_boundaries(void)
{
	static const double wedges[] = {1.05, 1.25, 1.5, 1.75, 2};
	rpm_material wall = concrete();
	int			boundaries[3] = {0, 0, 0};

	for (int w = 0; w < 5; w++)
		for (int lossy = 0; lossy < 2; lossy++)
			for (int oblique = 0; oblique < 3; oblique++)
				for (double part = 0.03; part < 1; part += 0.0731)
				{
					double		n = wedges[w], phi_in = part * n * RPM_PI;
					scene		s = {n, 1e9, polar(30, phi_in, 0), polar(20, 1, 25 * oblique), rpm_cvec_zero(), lossy ? &wall : NULL};
					double		shadow = phi_in < RPM_PI ? phi_in + RPM_PI : phi_in - RPM_PI;

					s.polarisation.x = rpm_cx(0.3, -0.4);
					s.polarisation.y = rpm_cx(-0.7, 0.1);
					s.polarisation.z = rpm_cx(0.2, 0.6);
					if (shadow < n * RPM_PI - 1e-3)
					{
						CHECK_NEAR(step_at(s, shadow), 0, 1e-3);
						boundaries[0]++;
					}
					if (phi_in < RPM_PI)
					{
						CHECK_NEAR(step_at(s, RPM_PI - phi_in), 0, 1e-3);
						boundaries[1]++;
					}
					if (phi_in > (n - 1) * RPM_PI)
					{
						CHECK_NEAR(step_at(s, (2 * n - 1) * RPM_PI - phi_in), 0, 1e-3);
						boundaries[2]++;
					}
				}
	CHECK(boundaries[0] > 100 && boundaries[1] > 100 && boundaries[2] > 100);
}

/* Without diffraction the same step is the whole direct field: the test above can fail. */
static void step_without_diffraction(void)
{
	scene		s = {1.5, 1e9, polar(30, 1, 0), polar(20, 1 + RPM_PI - 1e-6, 0), rpm_cvec(rpm_vec(0, 0, 1), rpm_cx(1, 0)), NULL};
	rpm_diffraction d;
	rpm_cvec3	lit = diffracted(&s, &d), shade;

	CHECK(d.lit_direct);
	s.receiver = polar(20, 1 + RPM_PI + 1e-6, 0);
	shade = diffracted(&s, &d);
	CHECK(!d.lit_direct);
	CHECK_NEAR(sqrt(rpm_cvec_norm2(rpm_cvec_add(lit, rpm_cvec_scale(shade, -1))) / rpm_cvec_norm2(direct(&s))), 1, 1e-3);
}

/* On the boundary itself the value is finite and the total half the direct field, 6.02 dB, as at a knife edge with nu = 0. */
static void value_on_boundary(void)
{
	scene		s = {2, 1e9, rpm_vec(0, 1000, 0), rpm_vec(0, -1000, 0), rpm_cvec(rpm_vec(0, 0, 1), rpm_cx(1, 0)), NULL};
	rpm_diffraction d;
	rpm_cvec3	e = diffracted(&s, &d);

	CHECK(d.lit_direct && d.transition_incident < 1e-20 && d.transition_0 > 10);
	e = rpm_cvec_add(e, direct(&s));
	CHECK_NEAR(-10 * log10(rpm_cvec_norm2(e) / rpm_cvec_norm2(direct(&s))), 6.0206, 0.05);
}

/* ITU-R P.526 knife edge J(nu), exact: between the two polarisations and near both, at small angles. */
static void knife_edge(void)
{
	static const double rows[][2] = {{0.5, 10.2338}, {1, 13.8641}, {1.5, 16.7773}, {2, 19.0910}, {2.4, 20.6182}, {5, 26.9362}};
	double		wavelength = RPM_SPEED_OF_LIGHT_M_S / 1e9, distance = 20000;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
	{
		double		h = rows[i][0] / sqrt(2 * 2 * distance / (wavelength * distance * distance)), db[2];

		for (int hard = 0; hard < 2; hard++)
		{
			/* the half-plane x > 0, its edge h beyond the straight line, on the shadow's side */
			scene		s = {2, 1e9, rpm_vec(h, distance, 0), rpm_vec(h, -distance, 0), rpm_cvec_zero(), NULL};
			rpm_diffraction d;

			s.polarisation = rpm_cvec(hard ? rpm_vec(1, 0, 0) : rpm_vec(0, 0, 1), rpm_cx(1, 0));
			db[hard] = -10 * log10(rpm_cvec_norm2(diffracted(&s, &d)) / rpm_cvec_norm2(direct(&s)));
			CHECK(!d.lit_direct);
			CHECK_NEAR(db[hard], rows[i][1], 0.2);
		}
		CHECK_NEAR((db[0] + db[1]) / 2, rows[i][1], 0.02);
	}
}

static complex double coupling(const scene *s, rpm_vec3 receive)
{
	rpm_diffraction d;

	return as_c(rpm_cvec_dot(diffracted(s, &d), receive));
}

/* Exchanging the ends of a perfectly conducting wedge changes nothing. */
static void reciprocity(void)
{
	for (int i = 0; i < 60; i++)
	{
		double		n = 1.1 + 0.015 * i, a = n * RPM_PI * (0.5 + 0.49 * sin(i)), b = n * RPM_PI * (0.5 + 0.49 * cos(2.3 * i));
		rpm_vec3	transmit = rpm_unit(rpm_vec(sin(3 * i), 0.4, cos(i))), receive = rpm_unit(rpm_vec(0.2, cos(5 * i), sin(i)));
		scene		there = {n, 2e9, polar(13, a, -7), polar(40, b, 11), rpm_cvec(transmit, rpm_cx(1, 0)), NULL};
		scene		back = {n, 2e9, polar(40, b, 11), polar(13, a, -7), rpm_cvec(receive, rpm_cx(1, 0)), NULL};

		/* longitudinal parts of the polarisation vectors do not couple */
		CHECK_NEAR(cabs(coupling(&there, receive) - coupling(&back, transmit)), 0, 1e-12);
	}
}

/* A wall that conducts ever better tends to the conductor; so does the half-space of metal. */
static void conductor_limit(void)
{
	rpm_material metal;
	rpm_diffraction a, b;

	CHECK(rpm_find_material("metal", 1e9, &metal, NULL, NULL) == RPM_OK);
	for (double phi = 0.2; phi < 1.5 * RPM_PI; phi += 0.37)
	{
		scene		s = {1.5, 1e9, polar(30, 0.7, 3), polar(20, phi, 9), rpm_cvec(rpm_unit(rpm_vec(1, 1, 1)), rpm_cx(1, 0)), NULL};
		double		whole;

		diffracted(&s, &a);
		whole = sqrt(rpm_cvec_norm2(rpm_diffraction_total(&a)));
		s.wall = &metal;
		diffracted(&s, &b);
		CHECK_NEAR(sqrt(rpm_cvec_norm2(rpm_cvec_add(rpm_diffraction_total(&a), rpm_cvec_scale(rpm_diffraction_total(&b), -1)))), 0,
				   2e-3 * whole);
	}
}

/* A wedge opened to a plane diffracts nothing. */
static void flat_wedge(void)
{
	scene		s = {1 + 1e-7, 1e9, polar(30, 0.7, 0), polar(20, 1.9, 0), rpm_cvec(rpm_vec(0.3, 0.4, 0.8), rpm_cx(1, 0)), NULL};
	rpm_diffraction d;

	diffracted(&s, &d);
	CHECK_NEAR(sqrt(rpm_cvec_norm2(rpm_diffraction_total(&d))), 0, 1e-7);
}

/* Which face is called face 0 does not matter, for lossy walls too: the mirrored wedge gives the mirrored field. */
static void faces_exchanged(void)
{
	rpm_material wall = concrete(), glass;
	double		n = 1.5, wavelength = RPM_SPEED_OF_LIGHT_M_S / 1e9;
	rpm_vec3	z = rpm_vec(0, 0, 1), x = rpm_vec(1, 0, 0), y = rpm_vec(0, 1, 0);
	rpm_vec3	tangent_n = rpm_vec(cos(n * RPM_PI), sin(n * RPM_PI), 0), normal_n = rpm_vec(sin(n * RPM_PI), -cos(n * RPM_PI), 0);

	CHECK(rpm_find_material("glass", 1e9, &glass, NULL, NULL) == RPM_OK);
	for (int i = 0; i < 20; i++)
	{
		rpm_vec3	k_in = rpm_unit(rpm_scale(polar(1, 0.2 * i + 0.1, 0.5), -1)), k_out = rpm_unit(polar(1, 0.23 * i + 0.05, -0.5));
		rpm_cvec3	e = rpm_cvec(rpm_any_perpendicular(k_in), rpm_cx(1, 0.5)), a, b;
		rpm_diffraction d = rpm_wedge_diffraction(z, x, y, n * RPM_PI, k_in, k_out, 20, 30, 1e9, e, &wall, &glass);
		rpm_diffraction m = rpm_wedge_diffraction(rpm_scale(z, -1), tangent_n, normal_n, n * RPM_PI, k_in, k_out, 20, 30, 1e9, e,
												  &glass, &wall);

		a = rpm_diffraction_total(&d);
		b = rpm_diffraction_total(&m);
		CHECK_NEAR(sqrt(rpm_cvec_norm2(rpm_cvec_add(a, rpm_cvec_scale(b, -1)))), 0, 1e-12 * wavelength);
		CHECK(d.lit_0 == m.lit_n && d.lit_n == m.lit_0 && d.lit_direct == m.lit_direct);
	}
}

/* Grazing incidence, rays along the edge, ends on the edge: numbers, never NaN. */
static void extremes_are_finite(void)
{
	rpm_material wall = concrete();
	rpm_vec3	z = rpm_vec(0, 0, 1), x = rpm_vec(1, 0, 0), y = rpm_vec(0, 1, 0);
	static const double angles[] = {0, 1e-16, -1e-16, 1e-9, RPM_PI / 2, RPM_PI, 1.5 * RPM_PI, 1.5 * RPM_PI + 1e-15, 2 * RPM_PI};
	static const double heights[] = {0, 1, 1e3, 1e7, 1e300};

	for (int i = 0; i < 9; i++)
		for (int j = 0; j < 9; j++)
			for (int h = 0; h < 5; h++)
				for (int n = 0; n < 2; n++)
				{
					rpm_vec3	k_in = rpm_unit(rpm_vec(-cos(angles[i]), -sin(angles[i]), heights[h] > 1e150 ? 1e150 : heights[h]));
					rpm_vec3	k_out = rpm_unit(rpm_vec(cos(angles[j]), sin(angles[j]), heights[h] > 1e150 ? 1e150 : heights[h]));
					rpm_cvec3	e = rpm_cvec(rpm_any_perpendicular(k_in), rpm_cx(1, 0));
					rpm_diffraction d = rpm_wedge_diffraction(z, x, y, n ? 2 * RPM_PI : 1.5 * RPM_PI, k_in, k_out, h == 1 ? 0 : 10, 20,
															  1e9, e, &wall, &wall);

					CHECK(isfinite(rpm_cvec_norm2(rpm_diffraction_total(&d))));
					if (h == 1 || h == 4)
						CHECK(rpm_cvec_norm2(rpm_diffraction_total(&d)) == 0);
				}
}

int main(void)
{
	RUN(transition_table);
	RUN(transition_integral);
	RUN(wedge_table);
	RUN(continuous_at_boundaries);
	RUN(step_without_diffraction);
	RUN(value_on_boundary);
	RUN(knife_edge);
	RUN(reciprocity);
	RUN(conductor_limit);
	RUN(flat_wedge);
	RUN(faces_exchanged);
	RUN(extremes_are_finite);
	return unit_summary("utd");
}
