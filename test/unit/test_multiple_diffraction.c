/*
 * test_multiple_diffraction.c: several knife edges against published and analytic values, and against the integral by brute force.
 */
#include <complex.h>

#include "rpm_multiple_diffraction.h"
#include "rpm_path_profile.h"
#include "unit.h"

#define WAVELENGTH_M 0.1

static double decibels(double amplitude) { return -20 * log10(amplitude); }

/* Edges at heights (m) over the line between both ends, by small angles: turn = theta. */
static int
chain_of(const double *x, const double *h, int count, double length, rpm_chain_edge *edges, double *last)
{
	for (int i = 0; i < count; i++)
	{
		double		x0 = i > 0 ? x[i - 1] : 0, h0 = i > 0 ? h[i - 1] : 0;
		double		x1 = i + 1 < count ? x[i + 1] : length, h1 = i + 1 < count ? h[i + 1] : 0;

		edges[i] = (rpm_chain_edge) {x[i] - x0, (h[i] - h0) / (x[i] - x0) - (h1 - h[i]) / (x1 - x[i]), 1, false};
	}
	*last = length - x[count - 1];
	return count;
}

static double
loss(const double *x, const double *h, int count, double length)
{
	rpm_chain_edge edges[RPM_EDGES_MAX];
	double		last;

	chain_of(x, h, count, length, edges, &last);
	return decibels(rpm_knife_edges(edges, count, last, WAVELENGTH_M));
}

/* The same with screens that stand above the path (side -1) and below it (1). */
static double
loss_between(const double *x, const double *h, const int *side, int count, double length)
{
	rpm_chain_edge edges[RPM_EDGES_MAX];
	double		last;

	chain_of(x, h, count, length, edges, &last);
	for (int i = 0; i < count; i++)
	{
		edges[i].turn *= side[i];
		edges[i].turns_back = i > 0 && side[i] != side[i - 1];
	}
	return decibels(rpm_knife_edges(edges, count, last, WAVELENGTH_M));
}

/* One edge: the Fresnel integral's values; and the formula of P.526 that this house has elsewhere, within its 0.1 dB. */
static void
one_edge(void)
{
	static const double nu[8] = {0, 0.5, 1, 1.5, 2, 2.4, 5, -0.78};
	static const double published[8] = {6.0206, 10.2338, 13.8641, 16.7773, 19.0910, 20.6182, 26.9362, -0.011};

	for (int i = 0; i < 8; i++)
	{
		rpm_chain_edge edge = {400, nu[i] / sqrt(2 * 400 * 600 / (1000 * WAVELENGTH_M)), 1, false};

		CHECK_NEAR(decibels(rpm_knife_edges(&edge, 1, 600, WAVELENGTH_M)), published[i], 0.002);
		CHECK_NEAR(decibels(rpm_knife_edges(&edge, 1, 600, WAVELENGTH_M)), rpm_knife_edge_loss_db(nu[i]), 0.14);
		edge.opacity = 0;
		if (nu[i] < 2)
			CHECK_NEAR(rpm_knife_edges(&edge, 1, 600, WAVELENGTH_M), 1, 2e-3);
	}
}

/* N edges at one height and one spacing, grazed: 1 / (N + 1) (S. W. Lee, IEEE Transactions on Antennas and Propagation 26(6), 1978). */
static void
grazing_rows(void)
{
	double		x[RPM_EDGES_MAX], h[RPM_EDGES_MAX] = {0};

	for (int n = 1; n <= RPM_EDGES_MAX; n++)
	{
		for (int i = 0; i < n; i++)
			x[i] = 50 * (i + 1);
		CHECK_NEAR(loss(x, h, n, 50 * (n + 1)), 20 * log10(n + 1), 0.03);
	}
}

/* Two grazed edges at any spacing: 1/4 + asin(alpha) / (2 pi) (G. Millington et al., Proceedings of the IEE 109C, 1962). */
static void
two_grazed_edges(void)
{
	for (int i = 0; i < 40; i++)
	{
		double		x[2] = {300, 300 + 3.0 * pow(1.2, i)}, h[2] = {0, 0}, length = x[1] + 200;
		double		alpha = sqrt(x[0] * 200 / (x[1] * (200 + x[1] - x[0])));

		CHECK_NEAR(loss(x, h, 2, length), decibels(0.25 + asin(alpha) / (2 * RPM_PI)), 0.02);
	}
}

/*
 * The same with screens on either side.  What passes over both, and what over the first and under the second, is what passes over the first
 * alone, which is a half; and the field is real: 1/4 - asin(alpha) / (2 pi).
 */
static void
two_grazed_edges_between(void)
{
	static const int sides[2] = {1, -1};

	for (int i = 0; i < 40; i++)
	{
		double		x[2] = {300, 300 + 3.0 * pow(1.2, i)}, h[2] = {0, 0}, length = x[1] + 200;
		double		alpha = sqrt(x[0] * 200 / (x[1] * (200 + x[1] - x[0])));

		CHECK_NEAR(loss_between(x, h, sides, 2, length), decibels(0.25 - asin(alpha) / (2 * RPM_PI)), 0.02);
	}
}

/* Far apart in angle: P.526-15 section 4.3 (double isolated edges), the sum of both and 10 lg((a + b)(b + c) / (b (a + b + c))). */
static void
two_isolated_edges(void)
{
	double		a = 500, b = 700, c = 300, x[2] = {a, a + b}, h[2] = {60, 50};
	double		nu1 = (h[0] - h[1] * a / (a + b)) * sqrt(2 / WAVELENGTH_M * (1 / a + 1 / b));
	double		nu2 = (h[1] - h[0] * c / (b + c)) * sqrt(2 / WAVELENGTH_M * (1 / b + 1 / c));
	double		correction = 10 * log10((a + b) * (b + c) / (b * (a + b + c)));
	static const int sides[2] = {1, -1};

	CHECK_NEAR(loss(x, h, 2, a + b + c), decibels(rpm_knife_edge(nu1)) + decibels(rpm_knife_edge(nu2)) + correction, 0.05);
	/* On either side of the path, around one and back around the other. */
	h[1] = -50;
	nu1 = (h[0] - h[1] * a / (a + b)) * sqrt(2 / WAVELENGTH_M * (1 / a + 1 / b));
	nu2 = (h[0] * c / (b + c) - h[1]) * sqrt(2 / WAVELENGTH_M * (1 / b + 1 / c));
	CHECK_NEAR(loss_between(x, h, sides, 2, a + b + c), decibels(rpm_knife_edge(nu1)) + decibels(rpm_knife_edge(nu2)) + correction, 0.05);
}

/* The Fresnel integral over the half-planes, with a smooth far end, step by step in height: nothing in common but the physics. */
static double
by_force(const double *x, const double *h, const int *side, int count, double length)
{
	enum { STEPS = 5000 };
	double		top = 100, step = top / STEPS, k = 2 * RPM_PI / WAVELENGTH_M;
	static double complex field[STEPS], next[STEPS];
	double complex sum = 0;

	for (int i = 0; i < STEPS; i++)
	{
		double		y = h[0] + side[0] * (i + 0.5) * step;

		field[i] = cexp(-I * k * y * y / (2 * x[0])) / csqrt(I * WAVELENGTH_M * x[0]);
	}
	for (int e = 0; e < count; e++)
	{
		double		d = (e + 1 < count ? x[e + 1] : length) - x[e], low = e + 1 < count ? h[e + 1] : 0;
		double		up = side[e] * step, next_up = e + 1 < count ? side[e + 1] * step : 0;

		for (int i = 0; i < STEPS; i++)
		{
			double		u = (i + 0.5) / STEPS;

			field[i] *= u < 0.5 ? 1 : pow(cos(RPM_PI * (u - 0.5)), 2);
		}
		for (int j = 0; j < (e + 1 < count ? STEPS : 1); j++)
		{
			double		y = e + 1 < count ? low + (j + 0.5) * next_up : 0;

			sum = 0;
			/* The kernel by a recurrence in phase: one complex product a step. */
			{
				double		y0 = h[e] + up / 2 - y;
				double complex term = cexp(-I * k * y0 * y0 / (2 * d)), turn = cexp(-I * k * (2 * y0 * up + step * step) / (2 * d));
				double complex twist = cexp(-I * k * step * step / d);

				for (int i = 0; i < STEPS; i++)
				{
					sum += field[i] * term;
					term *= turn;
					turn *= twist;
				}
			}
			next[j] = sum * step / csqrt(I * WAVELENGTH_M * d);
		}
		memcpy(field, next, sizeof(field));
	}
	return decibels(cabs(sum * step / csqrt(I * WAVELENGTH_M * (length - x[count - 1]))) * csqrt(WAVELENGTH_M * length));
}

static void
brute_force(void)
{
	static const struct { int count; double x[3], h[3]; int side[3]; double length; } cases[] = {
		{2, {150, 350}, {6, 4}, {1, 1}, 500}, {2, {150, 350}, {6, -1}, {1, 1}, 500}, {2, {150, 350}, {-1, -1.5}, {1, 1}, 500},
		{3, {150, 250, 400}, {3, 4, 2}, {1, 1, 1}, 500}, {3, {150, 250, 400}, {3, 1, 2}, {1, 1, 1}, 500},
		{2, {150, 350}, {3, -2}, {1, -1}, 500}, {2, {150, 350}, {3, 3}, {1, -1}, 500}, {2, {150, 210}, {1, 0.5}, {1, -1}, 500},
		{3, {150, 250, 400}, {3, -1, 2}, {1, -1, 1}, 500}, {3, {150, 250, 400}, {2, -1, -2}, {1, -1, -1}, 500}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && !(unit_quick() && i % 5 > 0); i++)
		CHECK_NEAR(loss_between(cases[i].x, cases[i].h, cases[i].side, cases[i].count, cases[i].length),
				   by_force(cases[i].x, cases[i].h, cases[i].side, cases[i].count, cases[i].length), 0.1);
}

/* Random chains read from the other end; the limit of two edges at one place; an edge that comes up from below. */
static void
reciprocity_and_limits(void)
{
	unsigned	state = 7;
	double		before = 0;

	for (int trial = 0; trial < 600; trial++)
	{
		double		x[8], h[8], back_x[8], back_h[8], length;
		int			n, side[8], back_side[8];

		state = state * 1664525u + 1013904223u;
		n = 1 + (int) (state >> 29);
		length = 0;
		for (int i = 0; i < n; i++)
		{
			state = state * 1664525u + 1013904223u;
			length += 20 + (state >> 8) % 200;
			x[i] = length;
			h[i] = (int) ((state >> 20) % 9) - 3.0;
			side[i] = trial >= 300 && (state >> 12) % 2 ? -1 : 1;
			h[i] *= side[i];
		}
		length += 70;
		for (int i = 0; i < n; i++)
		{
			back_x[i] = length - x[n - 1 - i];
			back_h[i] = h[n - 1 - i];
			back_side[i] = side[n - 1 - i];
		}
		CHECK_NEAR(loss_between(x, h, side, n, length), loss_between(back_x, back_h, back_side, n, length), 0.03);
	}
	for (double h = -0.5; h < 5; h += 0.02)
	{
		double		x[3] = {200, 260, 300}, heights[3] = {2, h, 1.5}, now = loss(x, heights, 3, 400);

		if (h > -0.5)
			CHECK_NEAR(now, before, 0.25);
		before = now;
	}
}

/* A screen that fades in: no step anywhere, and its ends are the chains without and with it. */
static void
fading(void)
{
	rpm_chain_edge edges[3] = {{200, 0.02, 1, false}, {60, -0.02, 0, false}, {40, 0.06, 1, false}}, without[2];
	double		none, all;

	without[0] = (rpm_chain_edge) {200, 0.02 - 0.02 * 40 / 100, 1, false};
	without[1] = (rpm_chain_edge) {100, 0.06 - 0.02 * 60 / 100, 1, false};
	none = rpm_knife_edges(edges, 3, 100, WAVELENGTH_M);
	CHECK_RELATIVE(none, rpm_knife_edges(without, 2, 100, WAVELENGTH_M), 3e-3);
	edges[1].opacity = 1;
	all = rpm_knife_edges(edges, 3, 100, WAVELENGTH_M);
	edges[1].opacity = 0.5;
	CHECK(fabs(decibels(rpm_knife_edges(edges, 3, 100, WAVELENGTH_M)) - (decibels(none) + decibels(all)) / 2) < 2);
}

/* NTIA's table for P.2108-1 section 3.2 (percentages as normal deviates). */
static void
clutter_loss(void)
{
	CHECK_NEAR(rpm_clutter_loss_db(0.5, 0.25, 0), 17.4, 0.05);
	CHECK_NEAR(rpm_clutter_loss_db(0.5, 0.25, -2.3263), 3.9, 0.06);
	CHECK_NEAR(rpm_clutter_loss_db(0.5, 0.25, 2.3263), 30.9, 0.06);
	CHECK_NEAR(rpm_clutter_loss_db(26.6, 15.8, -0.12566), 32.5, 0.06);
	CHECK_NEAR(rpm_clutter_loss_db(3.5, 1, 3.0902), 42.8, 0.06);
}

/* A roof rounded by edges micrometres apart (as Munich has) is one edge; the integral once made 597 of it. */
static void
test_close_edges(void)
{
	const rpm_chain_edge slivers[] = {{.turn = 0.045474783766, .leg_m = 222.288522858, .opacity = 1},
		{.turn = 0.0359843548423, .leg_m = 7.84240422361e-06, .opacity = 1}, {.turn = 0.0318461796546, .leg_m = 9.40056741752e-06, .opacity = 1},
		{.turn = 0.0267556454964, .leg_m = 1.25283626433e-05, .opacity = 1}, {.turn = 0.0207852650017, .leg_m = 1.92185719279e-05, .opacity = 1},
		{.turn = 0.0138732198868, .leg_m = 3.7067006962e-05, .opacity = 1}, {.turn = 0.00652500550973, .leg_m = 0.000116745082166, .opacity = 1},
		{.turn = 0.0407684564458, .leg_m = 0.448731032977, .opacity = 1}, {.turn = 0.709766065866, .leg_m = 7.95808622223, .opacity = 1}};
	const rpm_chain_edge whole[] = {{.turn = 0.18124478, .leg_m = 222.288522858, .opacity = 1}, {.turn = 0.0407684564458, .leg_m = 0.448731032977, .opacity = 1},
		{.turn = 0.709766065866, .leg_m = 7.95808622223, .opacity = 1}};
	double		wavelength_m = 0.085654988, joined = rpm_knife_edges(slivers, 9, 27.7289369, wavelength_m);

	CHECK_RELATIVE(joined, rpm_knife_edges(whole, 3, 27.7289369, wavelength_m), 1e-3);
	CHECK(joined < 0.1);

	/* Two grazed edges nearing each other: Millington's 1/4 + asin(sqrt(before beyond / ((before + leg) (leg + beyond)))) / 2 pi; 0.1 dB. */
	for (double leg_m = 100; leg_m > 1e-4; leg_m /= 2)
	{
		rpm_chain_edge two[] = {{.turn = 0, .leg_m = 200, .opacity = 1}, {.turn = 0, .leg_m = leg_m, .opacity = 1}};
		double		expected = 0.25 + asin(sqrt(200 * 30 / ((200 + leg_m) * (leg_m + 30)))) / (2 * RPM_PI);

		CHECK_NEAR(20 * log10(rpm_knife_edges(two, 2, 30, wavelength_m) / expected), 0, 0.1);
	}
}

/*
 * A round hill half way, and the polygon of four screens from tangent point to tangent point: more loss than one edge at its top, and less than
 * Recommendation ITU-R P.526-15 section 4.2 has for a smooth one (J(nu) + T(m, n), nu and h of the point where the tangents meet).
 */
static void
round_hills(void)
{
	const double half = 500;

	for (double radius = 10; radius <= 1000; radius *= 10)
		for (double top = 5; top <= 20; top *= 2)
		{
			double		turn = asin(radius / hypot(half, top - radius)) + atan2(top - radius, half),
						h = half * tan(turn),
						nu = h * sqrt(4 / (WAVELENGTH_M * half)),
						round = rpm_rounded_obstacle_db(radius, 2 * turn, half / cos(turn), half / cos(turn), WAVELENGTH_M),
						x[4],
						y[4],
						polygon;

			for (int i = 0; i < 4; i++)
			{
				x[i] = half + radius * sin((i / 1.5 - 1) * turn);
				y[i] = top - radius + radius * cos((i / 1.5 - 1) * turn);
			}
			polygon = loss(x, y, 4, 2 * half);
			CHECK(polygon > decibels(rpm_knife_edges(&(rpm_chain_edge) {half, 2 * top / half, 1, false}, 1, half, WAVELENGTH_M)) - 0.1);
			CHECK(polygon < rpm_knife_edge_loss_db(nu) + round);
			/* How far it is from the smooth hill: docs/physics.md. */
			if (radius < 50 && top < 8)
				CHECK_NEAR(polygon, rpm_knife_edge_loss_db(nu) + round, 2.5);
		}
}

int
main(void)
{
	RUN(one_edge);
	RUN(grazing_rows);
	RUN(two_grazed_edges);
	RUN(two_grazed_edges_between);
	RUN(two_isolated_edges);
	RUN(brute_force);
	RUN(reciprocity_and_limits);
	RUN(fading);
	RUN(clutter_loss);
	RUN(test_close_edges);
	RUN(round_hills);
	return unit_summary("multiple_diffraction");
}
