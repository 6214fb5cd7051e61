/*
 * pattern_default.c: the standard numbers of each kind of antenna pattern.
 */
#include "rpm_pattern.h"

#include <string.h>

/* 3GPP TR 38.901 Table 7.3-1; directivity of a short dipole 3/2, of a half-wave dipole 1.640922. */
rpm_antenna_pattern
rpm_pattern_default(int kind)
{
	rpm_antenna_pattern pattern;

	memset(&pattern, 0, sizeof(pattern));
	pattern.kind = kind;
	pattern.horizontal_beamwidth_deg = 65;
	pattern.vertical_beamwidth_deg = 65;
	pattern.side_lobe_floor_db = 30;
	pattern.front_to_back_db = 30;
	if (kind == RPM_PATTERN_TR38901)
		pattern.gain_dbi = 8;
	else if (kind == RPM_PATTERN_DIPOLE)
		pattern.gain_dbi = 10 * log10(1.5);
	else if (kind == RPM_PATTERN_HALF_WAVE_DIPOLE)
		pattern.gain_dbi = 10 * log10(1.640922376984585);
	return pattern;
}
