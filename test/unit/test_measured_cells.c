/* test_measured_cells.c: cells of measured levels against values reckoned by hand and by brute force. */
#include "rpm_measured_cells.h"
#include "unit.h"

#define NODATA (-9999.0f)

static const rpm_cell_grid two_by_two = {100, 200, 5, 5, 2, 2};

static rpm_measured_cells *
new_cells(const rpm_cell_grid *grid, rpm_cell_domain domain)
{
	rpm_status	status;
	rpm_measured_cells *cells;

	rpm_status_clear(&status);
	cells = rpm_measured_cells_create(grid, domain, 0, &status);
	CHECK(status.code == RPM_OK);
	return cells;
}

static void
add(rpm_measured_cells *cells, double x, double y, double level_dbm, double accuracy_m)
{
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_measured_cells_add(cells, x, y, level_dbm, accuracy_m, &status) == RPM_OK);
}

static void
write_cells(rpm_measured_cells *cells, float level[4], float count[4], float spread[4])
{
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_measured_cells_write(cells, NULL, NODATA, level, count, spread, &status) == RPM_OK);
	rpm_measured_cells_free(cells);
}

/* Levels -80, -90 and -100 in the north-west cell: mean -90 dB; mean power (1e-8 + 1e-9 + 1e-10) / 3; median -90; spread 10. */
static void
test_means(void)
{
	static const double expected[] = {
		[RPM_CELL_DB] = -90, [RPM_CELL_POWER] = -84.31798275933005, [RPM_CELL_MEDIAN] = -90};

	for (int domain = RPM_CELL_DB; domain <= RPM_CELL_MEDIAN; domain++)
	{
		rpm_measured_cells *cells = new_cells(&two_by_two, domain);
		float		level[4], count[4], spread[4];

		add(cells, 101, 199, -80, 0);
		add(cells, 102, 198, -90, 0);
		add(cells, 103, 197, -100, 0);
		add(cells, 106, 191, -70, 0);
		CHECK(rpm_measured_cells_filled(cells) == 2);
		write_cells(cells, level, count, spread);
		CHECK_NEAR(level[0], expected[domain], 1e-5);
		CHECK(count[0] == 3 && count[1] == NODATA && count[2] == NODATA && count[3] == 1);
		CHECK_NEAR(spread[0], 10, 1e-5);
		CHECK(level[1] == NODATA && level[3] == -70 && spread[3] == NODATA && spread[1] == NODATA);
	}
}

/* An edge belongs to the cell east and south of it; what lies outside or is no level is counted. */
static void
test_edges_and_counts(void)
{
	rpm_measured_cells *cells = new_cells(&two_by_two, RPM_CELL_DB);
	rpm_measured_counts counts;
	float		level[4], count[4], spread[4];

	add(cells, 100, 200, -80, 0);
	add(cells, 105, 195, -81, 0);
	add(cells, 110, 195, -82, 0);
	add(cells, 105, 190, -83, 0);
	add(cells, 99.999, 195, -84, 0);
	add(cells, 1e300, -1e300, -85, 0);
	add(cells, NAN, 195, -85, 0);
	add(cells, INFINITY, 195, -85, 0);
	add(cells, 101, 199, NAN, 0);
	add(cells, 101, 199, -INFINITY, 0);
	add(cells, 101, 199, -301, 0);
	add(cells, 101, 199, 101, 0);
	add(cells, 101, 199, -85, -1);
	add(cells, 101, 199, -85, NAN);
	add(cells, 101, 199, -85, INFINITY);
	counts = rpm_measured_cells_counts(cells);
	CHECK(counts.used == 2 && counts.outside == 4 && counts.unusable == 9);
	write_cells(cells, level, count, spread);
	CHECK(level[0] == -80 && level[1] == NODATA && level[2] == NODATA && level[3] == -81);
}

/* In the middle of a cell of 5 m with 5 m deviation: (2 Phi(0.5) - 1)^2; at a corner, far below it, a quarter. */
static void
test_position_weight(void)
{
	CHECK(rpm_position_weight(2.5, 2.5, 5, 5, 0) == 1);
	CHECK_NEAR(rpm_position_weight(2.5, 2.5, 5, 5, 5), 0.3829249225480262 * 0.3829249225480262, 1e-12);
	CHECK_NEAR(rpm_position_weight(0, 0, 5, 5, 0.1), 0.25, 1e-12);
	/* Far above it, its area under the peak of the density: 25 / (2 pi sigma^2). */
	CHECK_RELATIVE(rpm_position_weight(2.5, 2.5, 5, 5, 1000), 25 / (2 * M_PI * 1e6), 1e-5);
}

/* Weights 1 and w: mean (a + w b) / (1 + w), spread of the weighted pair |a - b| / sqrt 2 whatever w. */
static void
test_weighted(void)
{
	double		w = rpm_position_weight(2.5, 2.5, 5, 5, 5);
	float		level[4], count[4], spread[4];

	for (int domain = RPM_CELL_DB; domain <= RPM_CELL_MEDIAN; domain++)
	{
		rpm_measured_cells *cells = new_cells(&two_by_two, domain);
		double		power = (pow(10, -8) + w * pow(10, -10)) / (1 + w);

		add(cells, 102.5, 197.5, -80, 0);
		add(cells, 102.5, 197.5, -100, 5);
		write_cells(cells, level, count, spread);
		CHECK_NEAR(level[0], domain == RPM_CELL_DB ? (-80 - 100 * w) / (1 + w) : domain == RPM_CELL_POWER ? 10 * log10(power) : -80, 1e-5);
		CHECK_NEAR(spread[0], 20 / sqrt(2), 1e-4);
	}
}

/* A million rows in one cell, in two orders: the sorted list's own median, mean and deviation. */
static void
test_million_in_one_cell(void)
{
	int			n = unit_quick() ? 20000 : 1000000;
	float		level[2][4], count[4], spread[2][4];

	for (int domain = RPM_CELL_DB; domain <= RPM_CELL_MEDIAN; domain++)
	{
		for (int order = 0; order < 2; order++)
		{
			rpm_measured_cells *cells = new_cells(&two_by_two, domain);

			/* -140 ... -44 in equal steps, visited in a scattered order. */
			for (int i = 0; i < n; i++)
			{
				int			k = (int) ((int64_t) (order ? n - 1 - i : i) * 7919 % n);

				add(cells, 101, 199, -140 + 96.0 * k / (n - 1), 0);
			}
			write_cells(cells, level[order], count, spread[order]);
			CHECK(count[0] == n);
			CHECK_NEAR(level[order][0], domain == RPM_CELL_POWER ? 10 * log10(pow(10, -4.4) / (96 * log(10) / 10)) : -92,
					   domain == RPM_CELL_POWER ? 200.0 / n : 1e-5);
			/* Deviation of n equal steps: step sqrt(n (n + 1) / 12). */
			CHECK_NEAR(spread[order][0], 96.0 / (n - 1) * sqrt((double) n * (n + 1) / 12), 1e-4);
		}
		CHECK_NEAR(level[0][0], level[1][0], 1e-5);
		CHECK_NEAR(spread[0][0], spread[1][0], 1e-5);
	}
}

/* All at one level, and a median between two. */
static void
test_equal_and_even(void)
{
	rpm_measured_cells *cells = new_cells(&two_by_two, RPM_CELL_MEDIAN);
	float		level[4], count[4], spread[4];

	for (int i = 0; i < 1000; i++)
		add(cells, 101, 199, -140, 0);
	for (int i = 0; i < 4; i++)
		add(cells, 106, 191, -80 - 10 * i, 0);
	write_cells(cells, level, count, spread);
	CHECK(level[0] == -140 && spread[0] == 0);
	CHECK_NEAR(level[3], -95, 0);
}

/* Even and odd sizes about a place in a cell, on an edge, and as near to an edge as doubles are exact. */
static void
test_tile(void)
{
	CHECK(rpm_tile_first_cell(2.5, 5, 512) == -256);
	CHECK(rpm_tile_first_cell(388767.5, 5, 512) == 77753 - 256);
	CHECK(rpm_tile_first_cell(1000, 5, 512) == 200 - 256);
	CHECK(rpm_tile_first_cell(1003, 5, 512) == 201 - 256);
	CHECK(rpm_tile_first_cell(1001, 5, 512) == 200 - 256);
	CHECK(rpm_tile_first_cell(1002.5, 5, 511) == 200 - 255);
	CHECK(rpm_tile_first_cell(1004.9, 5, 1) == 200);
	CHECK(rpm_tile_first_cell(0.3, 0.1, 2) == 2);
}

static void
test_refused(void)
{
	rpm_cell_grid none = {0, 0, 5, 5, 0, 1},
				large = {0, 0, 5, 5, 100000, 40000};
	rpm_status	status;
	rpm_measured_cells *cells;
	rpm_control control = {.stop = 1};
	float		level[4], count[4], spread[4];

	rpm_status_clear(&status);
	CHECK(rpm_measured_cells_create(&none, RPM_CELL_DB, 0, &status) == NULL && status.code == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	CHECK(rpm_measured_cells_create(&large, RPM_CELL_DB, 1 << 20, &status) == NULL && status.code == RPM_LIMIT_EXCEEDED);
	rpm_status_clear(&status);
	cells = rpm_measured_cells_create(&two_by_two, RPM_CELL_MEDIAN, 1 << 20, &status);
	for (int i = 0; i < 200000 && status.code == RPM_OK; i++)
		rpm_measured_cells_add(cells, 101, 199, -80, 0, &status);
	CHECK(status.code == RPM_LIMIT_EXCEEDED && strstr(status.hint, "domain") != NULL);
	rpm_status_clear(&status);
	CHECK(rpm_measured_cells_write(cells, &control, NODATA, level, count, spread, &status) == RPM_CANCELLED);
	rpm_measured_cells_free(cells);
}

int
main(void)
{
	RUN(test_means);
	RUN(test_edges_and_counts);
	RUN(test_position_weight);
	RUN(test_weighted);
	RUN(test_million_in_one_cell);
	RUN(test_equal_and_even);
	RUN(test_tile);
	RUN(test_refused);
	return unit_summary("measured_cells");
}
