/*
 * rpm_level.h: from path gains to levels: powers, losses, decibels, noise, and the angles that people read.
 *
 * path_gain: received over transmitted power, linear, the transmit pattern in it, both receive polarisations summed.
 */
#ifndef RPM_LEVEL_H
#define RPM_LEVEL_H

#include "rpm_math.h"

#define RPM_SUBCARRIERS_PER_RESOURCE_BLOCK 12	/* 3GPP TS 36.211 table 6.2.3-1, TS 38.211 section 4.4.4.1 */

typedef enum rpm_quantity
{
	RPM_RSRP_DBM = 0,			/* rs_power_dbm - losses_db + path gain: one resource element (TS 36.214 section 5.1.1) */
	RPM_PATH_GAIN_DB,			/* pattern and channel; no power, no losses */
	RPM_PATH_LOSS_DB			/* channel alone, positive: the transmit antenna must be isotropic (rpm_quantity_is_isotropic) */
} rpm_quantity;

/* Whether a quantity is defined for isotropic antennas at both ends. */
RPM_INLINE int rpm_quantity_is_isotropic(rpm_quantity quantity)
{
	return quantity == RPM_PATH_LOSS_DB;
}

/* 10 log10 of a ratio of powers; -infinity for 0. */
RPM_INLINE double rpm_decibels(double ratio)
{
	return 10 * log10(ratio);
}

/*
 * Power of one resource element of a carrier whose total power is spread evenly over its resource blocks (no boosting of the
 * reference signals): carrier - 10 log10(12 n).
 */
RPM_INLINE double rpm_resource_element_power_dbm(double carrier_power_dbm, int resource_block_count)
{
	return carrier_power_dbm - rpm_decibels((double) RPM_SUBCARRIERS_PER_RESOURCE_BLOCK * resource_block_count);
}

/* The level of a quantity; NaN where there is no path (path_gain 0 or NaN).  Power and losses count for RSRP only. */
RPM_INLINE double rpm_level(rpm_quantity quantity, double path_gain, double rs_power_dbm, double losses_db)
{
	double		gain_db;

	if (!(path_gain > 0))
		return NAN;
	gain_db = rpm_decibels(path_gain);
	if (quantity == RPM_PATH_LOSS_DB)
		return -gain_db;
	return quantity == RPM_RSRP_DBM ? rs_power_dbm - losses_db + gain_db : gain_db;
}

/* The standard error of a level in dB, from those of the power: first order, 10 / ln 10 * error / gain.  NaN where there is no path. */
RPM_INLINE double rpm_standard_error_db(double path_gain, double standard_error)
{
	return path_gain > 0 ? 10 / log(10.0) * standard_error / path_gain : NAN;
}

/* Thermal noise power k T B behind a receiver of noise figure F, dBm. */
RPM_INLINE double rpm_noise_power_dbm(double noise_figure_db, double bandwidth_hz, double temperature_k)
{
	return rpm_decibels(RPM_BOLTZMANN_J_K * temperature_k * bandwidth_hz * 1000) + noise_figure_db;
}

RPM_INLINE double rpm_degrees(double radians) { return radians * (180 / RPM_PI); }
RPM_INLINE double rpm_radians(double degrees) { return degrees * (RPM_PI / 180); }

/* Degrees brought into [0, 360). */
RPM_INLINE double rpm_turned_degrees(double degrees)
{
	double		turned = degrees - 360 * floor(degrees / 360);

	return turned >= 360 ? 0 : turned;
}

/* Clockwise from the grid's north, degrees in [0, 360); 0 straight up and down. */
RPM_INLINE double rpm_grid_azimuth_deg(rpm_vec3 direction)
{
	return direction.x == 0 && direction.y == 0 ? 0 : rpm_turned_degrees(rpm_degrees(atan2(direction.x, direction.y)));
}

/* Above the horizon, degrees. */
RPM_INLINE double rpm_elevation_deg(rpm_vec3 direction)
{
	return rpm_degrees(atan2(direction.z, hypot(direction.x, direction.y)));
}

/* Grid azimuth of a true azimuth where the grid's north lies convergence_deg clockwise of true north. */
RPM_INLINE double rpm_grid_azimuth_of_true_deg(double true_azimuth_deg, double convergence_deg)
{
	return true_azimuth_deg - convergence_deg;
}

RPM_INLINE double rpm_true_azimuth_of_grid_deg(double grid_azimuth_deg, double convergence_deg)
{
	return rpm_turned_degrees(grid_azimuth_deg + convergence_deg);
}

#endif
