/*
 * rpm_pattern.h: what an antenna radiates in a direction, and the reader of MSI/Planet pattern files.
 *
 * Sources: 3GPP TR 38.901, Table 7.3-1 (element pattern), section 7.1 (local and global axes) and 7.3.2 (polarisation model 2).
 * Body axes: x boresight, y to its left, z up; theta from z, phi from x towards y.
 */
#ifndef RPM_PATTERN_H
#define RPM_PATTERN_H

#include <stddef.h>

#include "rpm_antenna.h"
#include "rpm_status.h"

/* The polarisation vector of an ideal antenna looking along a unit direction: cos(slant) theta_hat + sin(slant) phi_hat, world axes
 * (theta from the zenith, phi counterclockwise from east).  For reception give the direction towards the source. */
RPM_INLINE rpm_vec3 rpm_polarisation(rpm_vec3 direction, rpm_real slant_rad)
{
	rpm_real	rho = (rpm_real) hypot(direction.x, direction.y);
	rpm_real	cos_phi = rho > 0 ? direction.x / rho : 1, sin_phi = rho > 0 ? direction.y / rho : 0;
	rpm_real	c = (rpm_real) cos(slant_rad), s = (rpm_real) sin(slant_rad);

	return rpm_vec(c * direction.z * cos_phi - s * sin_phi, c * direction.z * sin_phi + s * cos_phi, -c * rho);
}

/* One cut at an angle in degrees (any real): linear in dB between whole degrees. */
RPM_INLINE rpm_real rpm_pattern_cut(const float *attenuation_db, rpm_real angle_deg)
{
	rpm_real	turned = angle_deg - 360 * (rpm_real) floor(angle_deg / 360);
	int			low = (int) turned;
	rpm_real	part = turned - low;

	low = low % 360;
	return (1 - part) * attenuation_db[low] + part * attenuation_db[(low + 1) % 360];
}

/*
 * Attenuation in dB of a measured pattern below its peak.  Horizontal projection interpolation:
 * A = H(a) - [w_f (H(0) - V(e)) + w_b (H(180) - V(180 - e))], w_b = |a| / 180, w_f = 1 - w_b, e degrees below the horizon; never
 * below 0.  It gives back the vertical cut exactly, and the horizontal one where the two agree in their common directions.  Beyond
 * 60 degrees from the horizon the horizontal cut's part and the tilt fade out with cos e, so that zenith and nadir have one value.
 * (F. Gil et al., IEEE Antennas and Propagation Magazine 43(2), 2001, compares it with other interpolations.)
 */
RPM_INLINE rpm_real rpm_pattern_measured(const rpm_antenna_pattern *pattern, rpm_real theta_rad, rpm_real phi_rad, rpm_real tilt_rad)
{
	rpm_real	degrees = (rpm_real) (180 / RPM_PI);
	rpm_real	azimuth = -phi_rad * degrees;		/* clockwise */
	rpm_real	below = theta_rad * degrees - 90;
	rpm_real	fade = (rpm_real) fmin(1.0, 2 * fabs(sin(theta_rad)));
	rpm_real	shifted = below - tilt_rad * degrees * fade;
	rpm_real	turned = azimuth - 360 * (rpm_real) floor(azimuth / 360 + 0.5);
	rpm_real	back = (rpm_real) fabs(turned) / 180, front = 1 - back;
	const float *h = pattern->horizontal_attenuation_db, *v = pattern->vertical_attenuation_db;
	rpm_real	across = rpm_pattern_cut(h, turned) - front * h[0] - back * h[180];
	rpm_real	a = front * rpm_pattern_cut(v, shifted) + back * rpm_pattern_cut(v, 180 - shifted) + fade * across;

	return a > 0 ? a : 0;
}

/* TR 38.901 Table 7.3-1: attenuation in dB, A_V taken at theta - 90 - tilt. */
RPM_INLINE rpm_real rpm_pattern_tr38901(const rpm_antenna_pattern *pattern, rpm_real theta_rad, rpm_real phi_rad, rpm_real tilt_rad)
{
	rpm_real	degrees = (rpm_real) (180 / RPM_PI);
	rpm_real	v = (theta_rad - tilt_rad) * degrees - 90;
	rpm_real	h = phi_rad * degrees;

	h -= 360 * (rpm_real) floor(h / 360 + 0.5);
	v /= pattern->vertical_beamwidth_deg;
	h /= pattern->horizontal_beamwidth_deg;
	v = (rpm_real) fmin(12 * v * v, pattern->side_lobe_floor_db);
	h = (rpm_real) fmin(12 * h * h, pattern->front_to_back_db);
	return (rpm_real) fmin(v + h, pattern->front_to_back_db);
}

/*
 * Linear power gain of a pattern in body angles (radians); electrical tilt, down positive, shifts the vertical cut unless the
 * pattern was measured with it.  gain_dbi is the peak of every kind.
 */
RPM_INLINE rpm_real rpm_pattern_gain(const rpm_antenna_pattern *pattern, rpm_real theta_rad, rpm_real phi_rad,
									 rpm_real electrical_tilt_rad)
{
	rpm_real	tilt = pattern->includes_electrical_tilt ? 0 : electrical_tilt_rad;
	rpm_real	peak = (rpm_real) pow(10, pattern->gain_dbi / 10);
	rpm_real	s = (rpm_real) sin(theta_rad - tilt);

	if (pattern->kind == RPM_PATTERN_DIPOLE)
		return peak * s * s;
	if (pattern->kind == RPM_PATTERN_HALF_WAVE_DIPOLE)
	{
		rpm_real	shape = fabs(s) < 1e-7 ? 0 : (rpm_real) (cos(RPM_PI / 2 * cos(theta_rad - tilt)) / s);

		return peak * shape * shape;
	}
	if (pattern->kind == RPM_PATTERN_TR38901)
		return peak * (rpm_real) pow(10, -rpm_pattern_tr38901(pattern, theta_rad, phi_rad, tilt) / 10);
	if (pattern->kind == RPM_PATTERN_MEASURED)
		return peak * (rpm_real) pow(10, -rpm_pattern_measured(pattern, theta_rad, phi_rad, tilt) / 10);
	return peak;
}

/* The same in dBi; -infinity in a null. */
RPM_INLINE rpm_real rpm_pattern_gain_db(const rpm_antenna_pattern *pattern, rpm_real theta_rad, rpm_real phi_rad,
										rpm_real electrical_tilt_rad)
{
	rpm_real	tilt = pattern->includes_electrical_tilt ? 0 : electrical_tilt_rad;

	if (pattern->kind == RPM_PATTERN_TR38901)
		return pattern->gain_dbi - rpm_pattern_tr38901(pattern, theta_rad, phi_rad, tilt);
	if (pattern->kind == RPM_PATTERN_MEASURED)
		return pattern->gain_dbi - rpm_pattern_measured(pattern, theta_rad, phi_rad, tilt);
	return 10 * (rpm_real) log10(rpm_pattern_gain(pattern, theta_rad, phi_rad, electrical_tilt_rad));
}

/* The body's axes in the world (east, north, up) after azimuth and mechanical tilt. */
RPM_INLINE void rpm_antenna_axes(const rpm_antenna *antenna, rpm_vec3 *x, rpm_vec3 *y, rpm_vec3 *z)
{
	rpm_real	sa = (rpm_real) sin(antenna->grid_azimuth_rad), ca = (rpm_real) cos(antenna->grid_azimuth_rad);
	rpm_real	st = (rpm_real) sin(antenna->mechanical_tilt_rad), ct = (rpm_real) cos(antenna->mechanical_tilt_rad);

	*x = rpm_vec(sa * ct, ca * ct, -st);
	*y = rpm_vec(-ca, sa, 0);
	*z = rpm_vec(sa * st, ca * st, ct);
}

/* The unit vector along which the untilted pattern would point: azimuth and mechanical tilt, not the electrical one. */
RPM_INLINE rpm_vec3 rpm_antenna_boresight(const rpm_antenna *antenna)
{
	rpm_vec3	x, y, z;

	rpm_antenna_axes(antenna, &x, &y, &z);
	return x;
}

/*
 * The field sent along a unit direction (world axes), per metre of spreading: real, across the direction, |.|^2 = linear gain,
 * polarised along cos(slant) theta_hat + sin(slant) phi_hat of the tilted body (TR 38.901, polarisation model 2).
 */
RPM_INLINE rpm_cvec3 rpm_antenna_field(const rpm_antenna *antenna, rpm_vec3 direction)
{
	rpm_vec3	x, y, z, local, p, world;
	rpm_real	gain;

	rpm_antenna_axes(antenna, &x, &y, &z);
	local = rpm_vec(rpm_dot(direction, x), rpm_dot(direction, y), rpm_dot(direction, z));
	gain = rpm_pattern_gain(&antenna->pattern, (rpm_real) atan2(hypot(local.x, local.y), local.z),
							(rpm_real) atan2(local.y, local.x), antenna->electrical_tilt_rad);
	p = rpm_polarisation(local, antenna->slant_rad);
	world = rpm_add(rpm_add(rpm_scale(x, p.x), rpm_scale(y, p.y)), rpm_scale(z, p.z));
	return rpm_cvec(world, rpm_cx((rpm_real) sqrt(gain), 0));
}

#ifdef __cplusplus
extern "C" {
#endif

/* The pattern of a kind with its standard numbers; for MEASURED two flat cuts and 0 dBi. */
rpm_antenna_pattern rpm_pattern_default(int kind);

/* What an MSI/Planet file says beside its cuts. */
typedef struct rpm_pattern_header
{
	char		name[128], make[128], polarisation[64], comment[256]; /* empty where not given */
	double		frequency_mhz;	/* NaN where not given */
	double		tilt_deg;		/* electrical, as the file states it; NaN where it is not a number */
	double		horizontal_width_deg, vertical_width_deg, front_to_back_db;	/* NaN where not given */
} rpm_pattern_header;

/*
 * Reads the text of an MSI/Planet file (.msi, .pln) of `length` bytes into a measured pattern.
 * GAIN without a unit is dBd, as the format says (dBd + 2.15 = dBi).  Cuts may have any steps up to 45 degrees; they are sorted and
 * interpolated to whole degrees in dB.  A TILT that says ELECTRICAL or a number other than 0 sets includes_electrical_tilt.
 * Errors: RPM_INVALID_ARGUMENT, with the line's number, *pattern and *header untouched; RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_pattern_parse_msi(const char *text, size_t length, rpm_antenna_pattern *pattern, rpm_pattern_header *header,
								  rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
