/* test_server_fold.c: best server, strongest level and SINR of three antennas against values reckoned by hand. */
#include "rpm_server_fold.h"
#include "unit.h"

#define NODATA (-9999.0f)

static rpm_fold *
three_antennas(const int order[3])
{
	/* Antennas 1 and 2 share channel 100, antenna 3 has 200; 2 x 1 cells each, antenna 3 one cell further east. */
	static const float levels[3][2] = {{-80, -90}, {-90, -85}, {-70, NODATA}};
	static const rpm_window windows[3] = {{10, 5, 2, 1}, {10, 5, 2, 1}, {11, 5, 2, 1}};
	static const rpm_fold_server servers[3] = {{1, 100, 1.0}, {2, 100, 0.5}, {3, 200, 1.0}};
	rpm_status	status;
	rpm_fold   *fold;

	rpm_status_clear(&status);
	fold = rpm_fold_create(true, 0, &status);
	for (int i = 0; i < 3; i++)
	{
		int			k = order[i];

		CHECK(rpm_fold_add(fold, &windows[k], levels[k], NODATA, &servers[k], &status) == RPM_OK);
	}
	return fold;
}

static void
test_by_hand(void)
{
	static const int orders[3][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};

	for (int o = 0; o < 3; o++)
	{
		rpm_fold   *fold = three_antennas(orders[o]);
		rpm_window	window = rpm_fold_window(fold);
		const int32_t *best = rpm_fold_best_server(fold);
		float		level[3], sinr[3];

		CHECK(window.column == 10 && window.row == 5 && window.columns == 3 && window.rows == 1);
		CHECK(best[0] == 1 && best[1] == 3 && best[2] == RPM_FOLD_NO_SERVER);
		rpm_fold_strongest(fold, NODATA, level);
		CHECK(level[0] == -80 && level[1] == -70 && level[2] == NODATA);
		rpm_fold_sinr(fold, -120, NODATA, sinr);
		/* Cell 0: 1e-8 mW over 0.5 x 1e-9 + 1e-12 mW.  Cell 1: channel 200 alone, 1e-7 over 1e-12. */
		CHECK_NEAR(sinr[0], 10 * log10(1e-8 / (0.5e-9 + 1e-12)), 1e-4);
		CHECK_NEAR(sinr[1], 50, 1e-4);
		CHECK(sinr[2] == NODATA);
		rpm_fold_free(fold);
	}
}

static void
test_equal_levels_take_the_smaller_id(void)
{
	const float level = -75;
	rpm_window	window = {0, 0, 1, 1};
	rpm_status	status;

	for (int first = 1; first <= 2; first++)
	{
		rpm_fold   *fold;
		float		sinr;

		rpm_status_clear(&status);
		fold = rpm_fold_create(true, 0, &status);
		for (int i = 0; i < 2; i++)
		{
			rpm_fold_server server = {i == 0 ? first : 3 - first, 1, 1.0};

			CHECK(rpm_fold_add(fold, &window, &level, NODATA, &server, &status) == RPM_OK);
		}
		CHECK(rpm_fold_best_server(fold)[0] == 1);
		rpm_fold_sinr(fold, -300, NODATA, &sinr);
		CHECK_NEAR(sinr, 0, 1e-5);
		rpm_fold_free(fold);
	}
}

/* Antennas without a channel: those of one frequency interfere, and never those of a channel, whatever its number. */
static void
test_channel_of_frequency(void)
{
	const float level[2] = {-70, -80};
	const int64_t own = rpm_fold_channel_of_frequency(3500.0);
	const struct { int64_t other; bool interferes; } cases[] = {
		{own, true}, {rpm_fold_channel_of_frequency(3500.0000001), true}, {rpm_fold_channel_of_frequency(3500.001), false},
		{3500000, false}, {INT32_MIN, false}, {INT32_MAX, false}};
	rpm_window	window = {0, 0, 1, 1};
	rpm_status	status;

	rpm_status_clear(&status);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		rpm_fold   *fold = rpm_fold_create(true, 0, &status);
		rpm_fold_server first = {1, own, 1.0}, second = {2, cases[i].other, 1.0};
		float		sinr;

		CHECK(rpm_fold_add(fold, &window, &level[0], NODATA, &first, &status) == RPM_OK);
		CHECK(rpm_fold_add(fold, &window, &level[1], NODATA, &second, &status) == RPM_OK);
		rpm_fold_sinr(fold, -120, NODATA, &sinr);
		CHECK_NEAR(sinr, 10 * log10(1e-7 / ((cases[i].interferes ? 1e-8 : 0) + 1e-12)), 1e-4);
		rpm_fold_free(fold);
	}
	CHECK(rpm_fold_channel_of_frequency(1e-9) > INT32_MAX && rpm_fold_channel_of_frequency(1e9) > INT32_MAX);
}

static void
test_bad_input(void)
{
	const float level = -75, absurd = 1e30f;
	rpm_window	window = {0, 0, 1, 1}, far_away = {INT32_MAX, INT32_MAX, 1, 1};
	rpm_fold_server server = {1, 1, 1.5};
	rpm_status	status;
	rpm_fold   *fold;

	rpm_status_clear(&status);
	fold = rpm_fold_create(false, 1 << 20, &status);
	CHECK(rpm_fold_add(fold, &window, &level, NODATA, &server, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "1.5") != NULL);
	rpm_status_clear(&status);
	server.load = 1;
	CHECK(rpm_fold_add(fold, &window, &level, NODATA, &server, &status) == RPM_OK);
	CHECK(rpm_fold_add(fold, &window, &absurd, NODATA, &server, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "1e+30") != NULL);
	rpm_status_clear(&status);
	CHECK(rpm_fold_add(fold, &window, &absurd, absurd, &server, &status) == RPM_OK);
	CHECK(rpm_fold_add(fold, &far_away, &level, NODATA, &server, &status) == RPM_LIMIT_EXCEEDED);
	CHECK(rpm_fold_best_server(fold)[0] == 1);
	rpm_fold_free(fold);
}

int
main(void)
{
	RUN(test_by_hand);
	RUN(test_equal_levels_take_the_smaller_id);
	RUN(test_channel_of_frequency);
	RUN(test_bad_input);
	return unit_summary("server_fold");
}
