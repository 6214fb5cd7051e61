/*
 * rpm_antenna.h: transmit antennas: pattern, orientation and place.
 */
#ifndef RPM_ANTENNA_H
#define RPM_ANTENNA_H

#include "rpm_math.h"

typedef enum rpm_pattern_kind
{
	RPM_PATTERN_ISOTROPIC = 0,
	RPM_PATTERN_DIPOLE,			/* short dipole, gain 1.76 dBi */
	RPM_PATTERN_HALF_WAVE_DIPOLE, /* 2.15 dBi */
	RPM_PATTERN_TR38901,		/* 3GPP TR 38.901 Table 7.3-1 */
	RPM_PATTERN_MEASURED		/* two cuts, MSI/Planet */
} rpm_pattern_kind;

typedef struct rpm_antenna_pattern
{
	int			kind;			/* rpm_pattern_kind */
	rpm_real	gain_dbi;		/* peak; TR 38.901: 8 */
	rpm_real	horizontal_beamwidth_deg, vertical_beamwidth_deg; /* TR 38.901: 65, 65 */
	rpm_real	side_lobe_floor_db; /* SLA_V: 30 */
	rpm_real	front_to_back_db;	/* A_max: 30 */
	/* Measured cuts: attenuation below the peak, dB, positive; index = whole degrees.  Horizontal: 0 boresight, clockwise seen from
	 * above.  Vertical: 0 forward horizon, 90 nadir, 180 backward horizon, 270 zenith. */
	float		horizontal_attenuation_db[360];
	float		vertical_attenuation_db[360];
	int			includes_electrical_tilt;	/* the vertical cut was measured with its tilt: electrical_tilt is not applied again */
} rpm_antenna_pattern;

typedef struct rpm_antenna
{
	rpm_vec3	position;		/* local metres of the scene */
	rpm_real	frequency_hz;
	rpm_real	grid_azimuth_rad;	/* of boresight, clockwise from the grid's north (true azimuth minus convergence) */
	rpm_real	mechanical_tilt_rad; /* down is positive: turns the body of the pattern about its horizontal axis */
	rpm_real	electrical_tilt_rad; /* down is positive: shifts the vertical cut */
	rpm_real	slant_rad;		/* polarisation, from vertical (TR 38.901 polarisation model 2); 0: vertical */
	rpm_antenna_pattern pattern;
} rpm_antenna;

#endif
