/* test_azimuth_fit.c: azimuths recovered from simulated levels, and whether their standard errors are true. */
#include <stdint.h>

#include "rpm_azimuth_fit.h"
#include "unit.h"

static uint64_t seed = 1;

/* splitmix64, uniform on 0 to 1. */
static double
uniform(void)
{
	uint64_t	z = seed += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return (double) ((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static double
normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(2 * M_PI * uniform());
}

static double
apart(double a, double b)
{
	return remainder(a - b, 360);
}

/* Rows around an antenna: a half-plane that is measured more, path loss of slope -35, first harmonic of c dB, noise. */
static rpm_azimuth_sums
simulate(int rows, double azimuth_deg, double c, double noise_db)
{
	rpm_azimuth_sums sums = {{0}, {0}, 0};

	for (int i = 0; i < rows; i++)
	{
		double		bearing = 2 * M_PI * uniform() * (i % 2 ? 0.5 : 1),
					d = 50 * pow(20, uniform());

		rpm_azimuth_add(&sums, d * sin(bearing), d * cos(bearing),
						-20 - 35 * log10(d) + c * cos(bearing - azimuth_deg * M_PI / 180) + noise_db * normal());
	}
	return sums;
}

static void
test_exact(void)
{
	for (int azimuth = 0; azimuth < 360; azimuth += 45)
	{
		rpm_azimuth_sums sums = simulate(50, azimuth, 6, 0);
		rpm_azimuth_fit fit = rpm_azimuth_solve(&sums);

		CHECK_NEAR(apart(fit.azimuth_deg, azimuth), 0, 1e-5);
		CHECK_NEAR(fit.amplitude_db, 6, 1e-6);
		CHECK_NEAR(fit.residual_db, 0, 1e-4);
		CHECK(fit.rows == 50);
	}
}

/* Of 4000 fits the share within 1.96 standard errors is 95 % +- 1.1 % (three deviations of a binomial are 1.03 %). */
static void
test_standard_error(void)
{
	int			fits = 4000,
				inside = 0;

	for (int i = 0; i < fits; i++)
	{
		rpm_azimuth_sums sums = simulate(300, 210, 6, 6);
		rpm_azimuth_fit fit = rpm_azimuth_solve(&sums);

		inside += fabs(apart(fit.azimuth_deg, 210)) < 1.96 * fit.standard_error_deg;
	}
	CHECK_NEAR((double) inside / fits, 0.95, 0.011);
}

static void
test_merge(void)
{
	rpm_azimuth_sums whole = {{0}, {0}, 0},
				part[2] = {{{0}, {0}, 0}, {{0}, {0}, 0}};
	rpm_azimuth_fit a, b;

	for (int i = 0; i < 40; i++)
	{
		double		east = 500 * uniform() - 200,
					north = 500 * uniform() - 100,
					level = -90 + 5 * normal();

		rpm_azimuth_add(&whole, east, north, level);
		rpm_azimuth_add(&part[i % 3 == 0], east, north, level);
	}
	rpm_azimuth_merge(&part[0], &part[1]);
	a = rpm_azimuth_solve(&whole);
	b = rpm_azimuth_solve(&part[0]);
	CHECK_NEAR(a.azimuth_deg, b.azimuth_deg, 1e-7);
	CHECK_RELATIVE(a.standard_error_deg, b.standard_error_deg, 1e-8);
}

/* On a circle the slope cannot be told, the azimuth can; on a line, in one spot, and of too few rows neither; nor where all rows are at one level. */
static void
test_degenerate(void)
{
	rpm_azimuth_sums circle = {{0}, {0}, 0},
				line = {{0}, {0}, 0},
				spot = {{0}, {0}, 0},
				few = {{0}, {0}, 0},
				flat = {{0}, {0}, 0};
	rpm_azimuth_fit fit;

	for (int i = 0; i < 36; i++)
	{
		double		bearing = i * M_PI / 18;

		rpm_azimuth_add(&circle, 100 * sin(bearing), 100 * cos(bearing), -90 + 4 * cos(bearing - 1));
		rpm_azimuth_add(&line, i - 17.5, 2 * (i - 17.5), -90 - i);
		rpm_azimuth_add(&spot, 30, 40, -90 - i);
		rpm_azimuth_add(&flat, 100 * sin(bearing), 90 * cos(bearing), -140);
		if (i % 6 == 0)
			rpm_azimuth_add(&few, 100 * sin(bearing), 100 * cos(bearing), -90 + i);
	}
	rpm_azimuth_add(&circle, NAN, 0, -90);
	rpm_azimuth_add(&circle, 50, 0, NAN);
	rpm_azimuth_add(&circle, INFINITY, 0, -90);
	rpm_azimuth_add(&circle, 0, 0, -90);
	fit = rpm_azimuth_solve(&circle);
	CHECK(fit.rows == 36);
	CHECK_NEAR(fit.azimuth_deg, 180 / M_PI, 1e-5);
	CHECK(isnan(rpm_azimuth_solve(&line).azimuth_deg));
	CHECK(isnan(rpm_azimuth_solve(&spot).azimuth_deg));
	CHECK(isnan(rpm_azimuth_solve(&few).azimuth_deg));
	CHECK(isnan(rpm_azimuth_solve(&flat).azimuth_deg));
}

int
main(void)
{
	RUN(test_exact);
	RUN(test_standard_error);
	RUN(test_merge);
	RUN(test_degenerate);
	return unit_summary("azimuth_fit");
}
