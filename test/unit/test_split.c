/* test_split.c: the number by which data are split, against a second implementation of its definition, and as a random number. */
#include "rpm_split.h"
#include "unit.h"

/* Made by a Python program from the definition in rpm_split.h; its mix() gives the published first output of SplitMix64, 6457827717110365317. */
static void
golden_values(void)
{
	const int64_t site = 7, negative = -7, antenna = 108401, large = INT64_C(1) << 62;

	CHECK_NEAR(rpm_split_number(1, RPM_SPLIT_SITE, &site, 0, 0), 0.6457040751743137, 1e-16);
	CHECK_NEAR(rpm_split_number(2, RPM_SPLIT_SITE, &site, 0, 0), 0.08416907659610606, 1e-16);
	CHECK_NEAR(rpm_split_number(1, RPM_SPLIT_SITE, &negative, 0, 0), 0.7659233674613114, 1e-16);
	CHECK_NEAR(rpm_split_number(1, RPM_SPLIT_BLOCK, NULL, 3887, 33948), 0.6472309536216719, 1e-16);
	CHECK_NEAR(rpm_split_number(1, RPM_SPLIT_BLOCK, &antenna, 3902, 33946), 0.7038898534071322, 1e-16);
	CHECK_NEAR(rpm_split_number(1, RPM_SPLIT_PIXEL, &antenna, 78044, 678926), 0.4525539270835308, 1e-16);
	CHECK_NEAR(rpm_split_number(1, RPM_SPLIT_PIXEL, NULL, -1, -1), 0.38521900490666505, 1e-16);
	CHECK_NEAR(rpm_split_number((uint64_t) -5, RPM_SPLIT_PIXEL, &large, -78044, INT64_C(1) << 40), 0.12887152718573402, 1e-16);
}

/* The south-west edges belong to the unit; south and west of the origin count on downwards. */
static void
units_of_points(void)
{
	const int64_t antenna = 108401;
	rpm_status	status;
	double		number, other;

	rpm_status_clear(&status);
	CHECK(rpm_split_at(1, RPM_SPLIT_BLOCK, &antenna, 390200, 3394600, 100, &number, &status) == RPM_OK);
	CHECK(number == rpm_split_number(1, RPM_SPLIT_BLOCK, &antenna, 3902, 33946));
	CHECK(rpm_split_at(1, RPM_SPLIT_BLOCK, &antenna, 390299.999, 3394699.999, 100, &other, &status) == RPM_OK && other == number);
	CHECK(rpm_split_at(1, RPM_SPLIT_BLOCK, &antenna, 390300, 3394699.999, 100, &other, &status) == RPM_OK && other != number);
	CHECK(rpm_split_at(1, RPM_SPLIT_PIXEL, NULL, -2.5, -2.5, 5, &number, &status) == RPM_OK);
	CHECK(number == rpm_split_number(1, RPM_SPLIT_PIXEL, NULL, -1, -1));
	CHECK(rpm_split_at(1, RPM_SPLIT_SITE, &antenna, NAN, NAN, 0, &number, &status) == RPM_OK);
}

/*
 * 65,536 neighbouring pixels: counts of ten classes within 5 standard deviations of the mean; correlations with the eastern and the northern
 * neighbour, the next seed and the next owner within 5 / sqrt(n).
 */
static void
as_random_as_needed(void)
{
	enum
	{
		EDGE = 256
	};
	const double n = EDGE * EDGE;
	double		products[4] = {0};
	int			counts[10] = {0};

	for (int64_t row = 0; row < EDGE; row++)
		for (int64_t column = 0; column < EDGE; column++)
		{
			const int64_t owner = 41, next = 42;
			double		u = rpm_split_number(1, RPM_SPLIT_PIXEL, &owner, column, row);

			CHECK(u >= 0 && u < 1);
			counts[(int) (10 * u)]++;
			products[0] += 12 * (u - 0.5) * (rpm_split_number(1, RPM_SPLIT_PIXEL, &owner, column + 1, row) - 0.5);
			products[1] += 12 * (u - 0.5) * (rpm_split_number(1, RPM_SPLIT_PIXEL, &owner, column, row + 1) - 0.5);
			products[2] += 12 * (u - 0.5) * (rpm_split_number(2, RPM_SPLIT_PIXEL, &owner, column, row) - 0.5);
			products[3] += 12 * (u - 0.5) * (rpm_split_number(1, RPM_SPLIT_PIXEL, &next, column, row) - 0.5);
		}
	for (int i = 0; i < 10; i++)
		CHECK_NEAR(counts[i], n / 10, 5 * sqrt(n * 0.1 * 0.9));
	for (int i = 0; i < 4; i++)
		CHECK_NEAR(products[i] / n, 0, 5 / sqrt(n));
}

static void
bad_input(void)
{
	const int64_t antenna = 1;
	static const struct
	{
		rpm_split_unit unit;
		double		x, y, edge_m;
		rpm_code	code;
	}			cases[] = {
		{RPM_SPLIT_BLOCK, NAN, 0, 100, RPM_INVALID_ARGUMENT},
		{RPM_SPLIT_BLOCK, 0, INFINITY, 100, RPM_INVALID_ARGUMENT},
		{RPM_SPLIT_BLOCK, 0, 0, 0, RPM_INVALID_ARGUMENT},
		{RPM_SPLIT_BLOCK, 0, 0, -1, RPM_INVALID_ARGUMENT},
		{RPM_SPLIT_PIXEL, 0, 0, NAN, RPM_INVALID_ARGUMENT},
		{RPM_SPLIT_PIXEL, 0, 0, INFINITY, RPM_INVALID_ARGUMENT},
		{RPM_SPLIT_PIXEL, 1e300, 0, 5, RPM_LIMIT_EXCEEDED},
		{RPM_SPLIT_PIXEL, 1e10, 0, 1e-300, RPM_LIMIT_EXCEEDED},
	};
	rpm_status	status;
	double		number = -1;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		rpm_status_clear(&status);
		CHECK(rpm_split_at(1, cases[i].unit, &antenna, cases[i].x, cases[i].y, cases[i].edge_m, &number, &status) == cases[i].code);
		CHECK(status.code == cases[i].code && status.message[0] != '\0' && status.hint[0] != '\0');
	}
	rpm_status_clear(&status);
	CHECK(rpm_split_at(1, RPM_SPLIT_SITE, NULL, 0, 0, 100, &number, &status) == RPM_INVALID_ARGUMENT);
	CHECK(number == -1);
}

int
main(void)
{
	RUN(golden_values);
	RUN(units_of_points);
	RUN(as_random_as_needed);
	RUN(bad_input);
	return unit_summary("split");
}
