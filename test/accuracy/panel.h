/* panel.h: an antenna of the Chengdu data as a sector's panel instead of one element: 65 degrees by 10, 17 dBi, every other number from the table. */
#ifndef PANEL_H
#define PANEL_H

#include "chengdu.h"
#include "rpm_calibrate.h"
#include "rpm_math.h"
#include "rpm_pattern.h"

/* Without its place and the materials about it. */
static inline rpm_calibrate_antenna
panel_of(const antenna_row *row)
{
	rpm_calibrate_antenna panel = {.rs_power_dbm = row->rs_power_dbm};

	panel.antenna = (rpm_antenna) {.frequency_hz = row->frequency_mhz * 1e6, .grid_azimuth_rad = row->azimuth_deg * RPM_PI / 180,
		.electrical_tilt_rad = row->tilt_deg * RPM_PI / 180, .pattern = rpm_pattern_default(RPM_PATTERN_TR38901)};
	panel.antenna.pattern.vertical_beamwidth_deg = 10;
	panel.antenna.pattern.side_lobe_floor_db = 20;
	panel.antenna.pattern.gain_dbi = 17;
	return panel;
}

#endif
