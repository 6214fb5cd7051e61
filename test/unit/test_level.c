/* test_level.c: powers, decibels, noise and angles (rpm_level.h). */
#include "rpm_level.h"
#include "unit.h"

/* 46 dBm over 20 MHz of LTE (100 resource blocks, 1200 subcarriers): 15.2 dBm, a textbook number. */
static void
resource_element_power(void)
{
	CHECK_NEAR(rpm_resource_element_power_dbm(46, 100), 15.2081875395, 1e-9);
	CHECK_NEAR(rpm_resource_element_power_dbm(43, 50), 15.2184874962, 1e-9);
}

static void
levels_of_a_gain(void)
{
	CHECK_NEAR(rpm_level(RPM_PATH_GAIN_DB, 1e-9, 15, 2), -90, 1e-9);
	CHECK_NEAR(rpm_level(RPM_PATH_LOSS_DB, 1e-9, 15, 2), 90, 1e-9);
	CHECK_NEAR(rpm_level(RPM_RSRP_DBM, 1e-9, 15, 2), -77, 1e-9);
	CHECK(isnan(rpm_level(RPM_RSRP_DBM, 0, 15, 2)));
	CHECK(isnan(rpm_level(RPM_PATH_LOSS_DB, NAN, 15, 2)));
	CHECK(rpm_quantity_is_isotropic(RPM_PATH_LOSS_DB) && !rpm_quantity_is_isotropic(RPM_PATH_GAIN_DB));
}

/* One per cent of a power is 0.0434 dB, whatever the power. */
static void
standard_error(void)
{
	CHECK_NEAR(rpm_standard_error_db(1e-9, 1e-11), 0.0434294482, 1e-9);
	CHECK_NEAR(rpm_standard_error_db(1e-3, 1e-5), 0.0434294482, 1e-9);
	CHECK_NEAR(rpm_standard_error_db(1e-9, 0), 0, 0);
	CHECK(isnan(rpm_standard_error_db(0, 0)));
}

/* k 290 K is -173.975 dBm/Hz; with 15 kHz -132.214 dBm, with a noise figure of 9 dB -123.214. */
static void
thermal_noise(void)
{
	CHECK_NEAR(rpm_noise_power_dbm(0, 1, 290), -173.9752, 1e-4);
	CHECK_NEAR(rpm_noise_power_dbm(9, 15000, 290), -123.2143, 1e-4);
}

static void
angles(void)
{
	CHECK_NEAR(rpm_grid_azimuth_deg(rpm_vec(0, 1, 0)), 0, 1e-12);
	CHECK_NEAR(rpm_grid_azimuth_deg(rpm_vec(1, 0, 0.3)), 90, 1e-12);
	CHECK_NEAR(rpm_grid_azimuth_deg(rpm_vec(-1, 0, 0)), 270, 1e-12);
	CHECK_NEAR(rpm_grid_azimuth_deg(rpm_vec(0, 0, 1)), 0, 0);
	CHECK_NEAR(rpm_elevation_deg(rpm_vec(3, 4, -5)), -45, 1e-12);
	CHECK_NEAR(rpm_turned_degrees(-1e-20), 0, 0);
	CHECK_NEAR(rpm_turned_degrees(-30), 330, 1e-12);
	CHECK_NEAR(rpm_degrees(rpm_radians(123.4)), 123.4, 1e-12);
}

/* Munich lies east of its zone's meridian: convergence +1.92, so that the grid's east is 91.92 degrees from true north. */
static void
true_north(void)
{
	CHECK_NEAR(rpm_grid_azimuth_of_true_deg(91.92, 1.92), 90, 1e-12);
	CHECK_NEAR(rpm_true_azimuth_of_grid_deg(90, 1.92), 91.92, 1e-12);
	CHECK_NEAR(rpm_true_azimuth_of_grid_deg(359, 1.92), 0.92, 1e-9);
}

int
main(void)
{
	RUN(resource_element_power);
	RUN(levels_of_a_gain);
	RUN(standard_error);
	RUN(thermal_noise);
	RUN(angles);
	RUN(true_north);
	return unit_summary("level");
}
