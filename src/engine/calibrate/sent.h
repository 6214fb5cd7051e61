/*
 * sent.h: what an antenna sends into the paths of a cell.
 */
#ifndef RPM_CALIBRATE_SENT_H
#define RPM_CALIBRATE_SENT_H

#include "calibrate/store.h"

/* Numbers of an antenna that scale its field, behind its two angles. */
#define RPM_SENT_SCALES (RPM_ANTENNA_NUMBERS - RPM_BY_LOG_HORIZONTAL_BEAMWIDTH)

typedef struct rpm_sent
{
	rpm_vec3	field;
	rpm_vec3	by_angle[2];	/* RPM_BY_AZIMUTH_DEG, RPM_BY_TILT_DEG */
	double		by_scale[RPM_SENT_SCALES];	/* RPM_BY_LOG_HORIZONTAL_BEAMWIDTH and on: times the field */
} rpm_sent;

/*
 * rpm_antenna_field_gradient into the departures of `count` paths, to 1e-10 of the field; without a gradient the fields alone.  sent[i] of
 * paths[i], `apart` bytes from one to the next.
 */
void		rpm_sent_of_paths(const rpm_antenna *antenna, const rpm_antenna_frame *frame, const rpm_stored_path *paths, uint32_t count,
							  bool gradient, rpm_sent *sent, size_t apart);

#endif
