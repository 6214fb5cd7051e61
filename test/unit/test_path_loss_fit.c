/*
 * test_path_loss_fit.c: path-loss lines fitted to simulated measurements whose lines are known, and what is said where none can be
 * fitted.  The arithmetic beneath is tested against published results in test_least_squares.c.
 */
#include "rpm_path_loss_fit.h"
#include "rpm_pattern.h"
#include "unit.h"

#define GROUPS 6
#define MOST_ROWS 4000

typedef struct simulated
{
	float		loss_db[MOST_ROWS], values[MOST_ROWS * 4];
	int32_t		group[MOST_ROWS];
	rpm_fit_rows rows;
	uint64_t	state;
} simulated;

static double
uniform(simulated *s)
{
	s->state = s->state * 6364136223846793005u + 1442695040888963407u;
	return (double) (s->state >> 11) / 9007199254740992.0;
}

static double
normal(simulated *s)
{
	return sqrt(-2 * log(1 - uniform(s))) * cos(2 * M_PI * uniform(s));
}

static void
begin(simulated *s, int terms)
{
	memset(s, 0, sizeof(*s));
	s->state = 7;
	s->rows.terms = terms;
	s->rows.loss_db = s->loss_db;
	s->rows.values = s->values;
	s->rows.group = s->group;
	s->rows.groups = GROUPS;
}

/* loss = intercept + slope log10 d + factor term + noise */
static void
add(simulated *s, int group, double log_distance, double term, double loss_db)
{
	size_t		i = s->rows.rows++;

	s->loss_db[i] = (float) loss_db;
	s->values[i * (size_t) (1 + s->rows.terms)] = (float) log_distance;
	if (s->rows.terms > 0)
		s->values[i * (size_t) (1 + s->rows.terms) + 1] = (float) term;
	s->group[i] = group;
}

/* Groups 0 to 2 have lines of their own, 3 few rows, 4 one distance, 5 none; the rows stand mixed. */
static void
simulate(simulated *s, int terms)
{
	begin(s, terms);
	for (int i = 0; i < 900; i++)
		for (int g = 0; g < 3; g++)
		{
			double		log_distance = 1.5 + 2 * uniform(s), gain = 8 - 20 * uniform(s);

			add(s, g, log_distance, gain, 20 + 10 * g + (30 + 2 * g) * log_distance - (terms > 0 ? gain : 0) + 6 * normal(s) +
				(i % 25 == 0 ? 50 : 0));
		}
	for (int i = 0; i < 9; i++)
		add(s, 3, 2 + 0.1 * i, 0, 110);
	for (int i = 0; i < 50; i++)
		add(s, 4, 2.5, 0, 120 + i % 3);
}

static void
test_known_lines(void)
{
	static simulated s;
	rpm_path_loss_fit network, fits[GROUPS];
	rpm_fit_options options;
	rpm_status	status;

	for (int terms = 0; terms < 2; terms++)
	{
		rpm_status_clear(&status);
		rpm_fit_options_default(&options);
		simulate(&s, terms);
		CHECK(rpm_fit_network(&s.rows, &options, NULL, &network, &status) == RPM_OK);
		CHECK(network.source == RPM_FIT_OWN && network.rows == s.rows.rows);
		CHECK(rpm_fit_groups(&s.rows, &options, &network, NULL, fits, &status) == RPM_OK);
		for (int g = 0; g < 3; g++)
		{
			CHECK(fits[g].source == RPM_FIT_OWN && fits[g].remark == RPM_FIT_FINE && fits[g].rows == 900);
			/* One row in 25 lies 50 dB too high: it lifts Huber's level by about 0.04 x 1.4 x 6.5 dB. */
			CHECK_NEAR(fits[g].coefficient[0] - 0.4, 20 + 10 * g, 4 * fits[g].standard_error[0]);
			CHECK_NEAR(fits[g].coefficient[1], 30 + 2 * g, 4 * fits[g].standard_error[1]);
			CHECK(fits[g].standard_error[1] > 0.2 && fits[g].standard_error[1] < 0.6);
			CHECK_NEAR(fits[g].scale_db, 6.3, 0.5);
			CHECK(fits[g].residual_sd_db > 9 && fits[g].r_squared > 0.4 && fits[g].r_squared < 1);
			CHECK(fits[g].least_distance_m >= 31 && fits[g].most_distance_m <= 3163);
			if (terms > 0)
				CHECK_NEAR(fits[g].coefficient[2], -1, 4 * fits[g].standard_error[2]);
			else
				CHECK(isnan(fits[g].coefficient[2]));
		}
		CHECK(fits[3].source == RPM_FIT_NETWORK && fits[3].remark == RPM_FIT_FEW_ROWS && fits[3].rows == 9);
		CHECK(fits[4].source == RPM_FIT_NETWORK && fits[4].remark == RPM_FIT_ONE_DISTANCE);
		CHECK_NEAR(fits[4].least_distance_m, 316.2278, 1e-2);
		CHECK(fits[5].source == RPM_FIT_NETWORK && fits[5].remark == RPM_FIT_NO_ROWS && isnan(fits[5].least_distance_m));
		for (int g = 3; g < 6; g++)
		{
			CHECK(fits[g].coefficient[0] == network.coefficient[0] && fits[g].coefficient[1] == network.coefficient[1]);
			CHECK(fits[g].scale_db == network.scale_db && isnan(fits[g].r_squared));
		}
		CHECK(rpm_fit_groups(&s.rows, &options, NULL, NULL, fits, &status) == RPM_OK);
		CHECK(fits[0].source == RPM_FIT_OWN && fits[3].source == RPM_FIT_NONE && isnan(fits[3].coefficient[0]));
	}
}

/* A term of one value in a group gets the network's coefficient, and the group's line is what remains. */
static void
test_term_that_does_not_vary(void)
{
	static simulated s;
	rpm_path_loss_fit network, fits[GROUPS];
	rpm_fit_options options;
	rpm_status	status;

	rpm_status_clear(&status);
	rpm_fit_options_default(&options);
	begin(&s, 1);
	for (int i = 0; i < 600; i++)
		for (int g = 0; g < 6; g++)
			add(&s, g, 2 + uniform(&s), 2.9 + 0.1 * g, 0);
	for (size_t i = 0; i < s.rows.rows; i++)
		s.loss_db[i] = (float) (10 + 35 * s.values[2 * i] + 21 * s.values[2 * i + 1] + normal(&s));
	CHECK(rpm_fit_network(&s.rows, &options, NULL, &network, &status) == RPM_OK);
	CHECK_NEAR(network.coefficient[2], 21, 4 * network.standard_error[2]);
	CHECK(rpm_fit_groups(&s.rows, &options, &network, NULL, fits, &status) == RPM_OK);
	for (int g = 0; g < 6; g++)
	{
		CHECK(fits[g].source == RPM_FIT_OWN && fits[g].remark == RPM_FIT_TERMS_OF_NETWORK);
		CHECK(fits[g].coefficient[2] == network.coefficient[2]);
		CHECK_NEAR(fits[g].coefficient[0] + fits[g].coefficient[2] * (2.9 + 0.1 * g), 10 + 21 * (2.9 + 0.1 * g), 4 * fits[g].standard_error[0]);
	}
	CHECK(rpm_fit_groups(&s.rows, &options, NULL, NULL, fits, &status) == RPM_OK);
	CHECK(fits[0].source == RPM_FIT_OWN && fits[0].remark == RPM_FIT_TERMS_UNKNOWN && isnan(fits[0].coefficient[2]));
}

static void
test_rising_and_flat(void)
{
	static simulated s;
	rpm_path_loss_fit fits[GROUPS];
	rpm_fit_options options;
	rpm_status	status;

	rpm_status_clear(&status);
	rpm_fit_options_default(&options);
	begin(&s, 0);
	for (int i = 0; i < 40; i++)
	{
		add(&s, 0, 2 + 0.02 * i, 0, 120 - 5 * (2 + 0.02 * i));
		add(&s, 1, 2 + 0.02 * i, 0, 140);
	}
	CHECK(rpm_fit_groups(&s.rows, &options, NULL, NULL, fits, &status) == RPM_OK);
	CHECK(fits[0].source == RPM_FIT_OWN && fits[0].remark == RPM_FIT_RISING);
	CHECK_NEAR(fits[0].coefficient[1], -5, 1e-4);
	/* All at one level, as at a receiver's floor. */
	CHECK(fits[1].source == RPM_FIT_OWN && fits[1].remark == RPM_FIT_RISING && isnan(fits[1].r_squared));
	CHECK_NEAR(fits[1].coefficient[0], 140, 1e-4);
}

/* 100 m to the east and 30 m down, boresight there, tilt as the slope: the peak; behind it the peak less 30 dB. */
static void
test_row_values(void)
{
	rpm_antenna antenna;
	float		values[4];

	memset(&antenna, 0, sizeof(antenna));
	antenna.frequency_hz = 2.1e9;
	antenna.grid_azimuth_rad = RPM_PI / 2;
	antenna.mechanical_tilt_rad = atan2(30, 100);
	antenna.pattern = rpm_pattern_default(RPM_PATTERN_TR38901);
	CHECK(rpm_fit_row_values(&antenna, 100, 0, -30, 31.5, RPM_FIT_PATTERN | RPM_FIT_FREQUENCY | RPM_FIT_ANTENNA_HEIGHT, values) == 4);
	CHECK_NEAR(values[0], log10(hypot(100, 30)), 1e-6);
	CHECK_NEAR(values[1], 8, 1e-5);
	CHECK_NEAR(values[2], log10(2100), 1e-6);
	CHECK_NEAR(values[3], log10(31.5), 1e-6);
	CHECK(rpm_fit_row_values(&antenna, -100, 0, -30, 31.5, RPM_FIT_PATTERN, values) == 2);
	CHECK_NEAR(values[1], 8 - 30, 1e-4);
	CHECK(rpm_fit_row_values(&antenna, 0, 0, 0, 31.5, 0, values) == 1);
	CHECK(isfinite(values[0]));
}

static void
test_limits(void)
{
	static simulated s;
	rpm_path_loss_fit fits[GROUPS];
	rpm_fit_options options;
	rpm_control control = {0};
	rpm_status	status;

	rpm_status_clear(&status);
	rpm_fit_options_default(&options);
	simulate(&s, 0);
	control.memory_limit_bytes = 100;
	CHECK(rpm_fit_groups(&s.rows, &options, NULL, &control, fits, &status) == RPM_LIMIT_EXCEEDED);
	rpm_status_clear(&status);
	control.memory_limit_bytes = 0;
	control.stop = 1;
	CHECK(rpm_fit_groups(&s.rows, &options, NULL, &control, fits, &status) == RPM_CANCELLED);
}

int
main(void)
{
	RUN(test_known_lines);
	RUN(test_term_that_does_not_vary);
	RUN(test_rising_and_flat);
	RUN(test_row_values);
	RUN(test_limits);
	return unit_summary("path_loss_fit");
}
