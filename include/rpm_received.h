/*
 * rpm_received.h: what a receive antenna of one polarisation makes of a path.
 */
#ifndef RPM_RECEIVED_H
#define RPM_RECEIVED_H

#include "rpm_level.h"
#include "rpm_pattern.h"
#include "rpm_trace.h"

/* The slant of an ideal vertical or horizontal receive antenna, as rpm_path_gain takes it. */
RPM_INLINE double rpm_receive_slant_rad(int horizontal)
{
	return horizontal ? RPM_PI / 2 : 0;
}

/* Phase of the received signal in degrees, -180 to 180, of the convention e^{+jwt}: -k length in free space. */
RPM_INLINE double rpm_received_phase_deg(const rpm_path *path, int horizontal)
{
	rpm_vec3	p = rpm_polarisation(rpm_scale(path->arrival, -1), (rpm_real) rpm_receive_slant_rad(horizontal));
	rpm_complex response = rpm_cvec_dot(path->field, p);

	return rpm_degrees(atan2(response.im, response.re));
}

#endif
