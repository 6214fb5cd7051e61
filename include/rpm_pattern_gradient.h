/*
 * rpm_pattern_gradient.h: how the field that an antenna sends (rpm_pattern.h) changes with its direction and the numbers of its pattern.
 */
#ifndef RPM_PATTERN_GRADIENT_H
#define RPM_PATTERN_GRADIENT_H

#include "rpm_pattern.h"

/* What an antenna's field depends on: angles in degrees, beam widths by their logarithm, the rest in dB. */
enum rpm_antenna_number
{
	RPM_BY_AZIMUTH_DEG = 0,
	RPM_BY_TILT_DEG,			/* mechanical */
	RPM_BY_LOG_HORIZONTAL_BEAMWIDTH,
	RPM_BY_LOG_VERTICAL_BEAMWIDTH,
	RPM_BY_SIDE_LOBE_FLOOR_DB,
	RPM_BY_FRONT_TO_BACK_DB,
	RPM_BY_GAIN_DB,
	RPM_ANTENNA_NUMBERS
};

/* The derivatives of an attenuation in dB; where it has a kink those of one side. */
typedef struct rpm_pattern_slopes
{
	rpm_real	by_theta, by_phi;	/* dB per radian */
	rpm_real	by_log_horizontal, by_log_vertical, by_side_lobe_floor, by_front_to_back;
} rpm_pattern_slopes;

/* dB per degree. */
RPM_INLINE rpm_real rpm_pattern_cut_slope(const float *attenuation_db, rpm_real angle_deg)
{
	rpm_real	turned = angle_deg - 360 * (rpm_real) floor(angle_deg / 360);
	int			low = (int) turned % 360;

	return (rpm_real) (attenuation_db[(low + 1) % 360] - attenuation_db[low]);
}

RPM_INLINE rpm_pattern_slopes rpm_pattern_tr38901_slopes(const rpm_antenna_pattern *pattern, rpm_real theta_rad, rpm_real phi_rad,
														 rpm_real tilt_rad)
{
	rpm_pattern_slopes s = {0, 0, 0, 0, 0, 0};
	rpm_real	degrees = (rpm_real) (180 / RPM_PI);
	rpm_real	v = (theta_rad - tilt_rad) * degrees - 90, h = phi_rad * degrees, a_v, a_h;

	h -= 360 * (rpm_real) floor(h / 360 + 0.5);
	v /= pattern->vertical_beamwidth_deg;
	h /= pattern->horizontal_beamwidth_deg;
	a_v = 12 * v * v;
	a_h = 12 * h * h;
	if (fmin(a_v, pattern->side_lobe_floor_db) + fmin(a_h, pattern->front_to_back_db) >= pattern->front_to_back_db)
	{
		s.by_front_to_back = 1;
		return s;
	}
	if (a_v >= pattern->side_lobe_floor_db)
		s.by_side_lobe_floor = 1;
	else
	{
		s.by_theta = 24 * v * degrees / pattern->vertical_beamwidth_deg;
		s.by_log_vertical = -2 * a_v;
	}
	s.by_phi = 24 * h * degrees / pattern->horizontal_beamwidth_deg;
	s.by_log_horizontal = -2 * a_h;
	return s;
}

RPM_INLINE rpm_pattern_slopes rpm_pattern_measured_slopes(const rpm_antenna_pattern *pattern, rpm_real theta_rad, rpm_real phi_rad,
														  rpm_real tilt_rad)
{
	rpm_pattern_slopes s = {0, 0, 0, 0, 0, 0};
	const float *h = pattern->horizontal_attenuation_db, *v = pattern->vertical_attenuation_db;
	rpm_real	degrees = (rpm_real) (180 / RPM_PI), below = theta_rad * degrees - 90, turned = -phi_rad * degrees;
	rpm_real	fading = 2 * (rpm_real) fabs(sin(theta_rad)) < 1;
	rpm_real	fade = (rpm_real) fmin(1.0, 2 * fabs(sin(theta_rad)));
	rpm_real	by_fade = fading ? 2 * (rpm_real) (sin(theta_rad) < 0 ? -cos(theta_rad) : cos(theta_rad)) / degrees : 0;	/* per degree */
	rpm_real	shifted = below - tilt_rad * degrees * fade, by_shift = 1 - tilt_rad * degrees * by_fade;
	rpm_real	back, across, side;

	if (!(rpm_pattern_measured(pattern, theta_rad, phi_rad, tilt_rad) > 0))
		return s;
	turned -= 360 * (rpm_real) floor(turned / 360 + 0.5);
	side = turned < 0 ? -1 : 1;
	back = (rpm_real) fabs(turned) / 180;
	across = rpm_pattern_cut(h, turned) - (1 - back) * h[0] - back * h[180];
	s.by_theta = degrees * (((1 - back) * rpm_pattern_cut_slope(v, shifted) - back * rpm_pattern_cut_slope(v, 180 - shifted)) * by_shift
							+ by_fade * across);
	s.by_phi = -degrees * (side / 180 * (rpm_pattern_cut(v, 180 - shifted) - rpm_pattern_cut(v, shifted))
						   + fade * (rpm_pattern_cut_slope(h, turned) + side / 180 * (h[0] - h[180])));
	return s;
}

/* Of every kind: how the gain in dB falls. */
RPM_INLINE rpm_pattern_slopes rpm_pattern_slopes_of(const rpm_antenna_pattern *pattern, rpm_real theta_rad, rpm_real phi_rad,
													rpm_real electrical_tilt_rad)
{
	rpm_pattern_slopes none = {0, 0, 0, 0, 0, 0};
	rpm_real	tilt = pattern->includes_electrical_tilt ? 0 : electrical_tilt_rad;
	rpm_real	s, c, nepers = (rpm_real) (20 / M_LN10);

	if (pattern->kind == RPM_PATTERN_TR38901)
		return rpm_pattern_tr38901_slopes(pattern, theta_rad, phi_rad, tilt);
	if (pattern->kind == RPM_PATTERN_MEASURED)
		return rpm_pattern_measured_slopes(pattern, theta_rad, phi_rad, tilt);
	s = (rpm_real) sin(theta_rad - tilt);
	c = (rpm_real) cos(theta_rad - tilt);
	if (fabs(s) < 1e-7)
		return none;
	if (pattern->kind == RPM_PATTERN_DIPOLE)
		none.by_theta = -nepers * c / s;
	if (pattern->kind == RPM_PATTERN_HALF_WAVE_DIPOLE)
		none.by_theta = -nepers * (rpm_real) (RPM_PI / 2 * s * tan(RPM_PI / 2 * c) - c / s);
	return none;
}

/* The change of rpm_polarisation(direction, slant) when the unit vector `direction` changes by `change` (across it). */
RPM_INLINE rpm_vec3 rpm_polarisation_change(rpm_vec3 direction, rpm_vec3 change, rpm_real slant_rad)
{
	rpm_real	rho = (rpm_real) sqrt(direction.x * direction.x + direction.y * direction.y), c = (rpm_real) cos(slant_rad), s = (rpm_real) sin(slant_rad);
	rpm_real	cos_phi, sin_phi, d_rho, turn;

	if (!(rho > 1e-12))
		return rpm_vec(0, 0, 0);
	cos_phi = direction.x / rho;
	sin_phi = direction.y / rho;
	d_rho = cos_phi * change.x + sin_phi * change.y;
	turn = (cos_phi * change.y - sin_phi * change.x) / rho;
	return rpm_vec(c * (change.z * cos_phi - direction.z * sin_phi * turn) - s * cos_phi * turn,
				   c * (change.z * sin_phi + direction.z * cos_phi * turn) - s * sin_phi * turn, -c * d_rho);
}

/* An antenna's axes and their turns by a degree of azimuth and of tilt: the same for all directions. */
typedef struct rpm_antenna_frame
{
	rpm_vec3	x, y, z;
	rpm_vec3	turned_x[2], turned_y[2], turned_z[2];	/* per radian */
} rpm_antenna_frame;

RPM_INLINE rpm_antenna_frame rpm_antenna_frame_of(const rpm_antenna *antenna)
{
	rpm_real	sa = (rpm_real) sin(antenna->grid_azimuth_rad), ca = (rpm_real) cos(antenna->grid_azimuth_rad);
	rpm_real	st = (rpm_real) sin(antenna->mechanical_tilt_rad);
	rpm_antenna_frame f;

	rpm_antenna_axes(antenna, &f.x, &f.y, &f.z);
	/* Azimuth turns about the vertical, clockwise; tilt about y. */
	f.turned_x[RPM_BY_AZIMUTH_DEG] = rpm_vec(f.x.y, -f.x.x, 0);
	f.turned_y[RPM_BY_AZIMUTH_DEG] = rpm_vec(sa, ca, 0);
	f.turned_z[RPM_BY_AZIMUTH_DEG] = rpm_vec(ca * st, -sa * st, 0);
	f.turned_x[RPM_BY_TILT_DEG] = rpm_scale(f.z, -1);
	f.turned_y[RPM_BY_TILT_DEG] = rpm_vec(0, 0, 0);
	f.turned_z[RPM_BY_TILT_DEG] = f.x;
	return f;
}

RPM_INLINE rpm_vec3 rpm_in_axes(rpm_vec3 v, rpm_vec3 x, rpm_vec3 y, rpm_vec3 z)
{
	return rpm_vec(rpm_dot(v, x), rpm_dot(v, y), rpm_dot(v, z));
}

RPM_INLINE rpm_vec3 rpm_from_axes(rpm_vec3 v, rpm_vec3 x, rpm_vec3 y, rpm_vec3 z)
{
	return rpm_along(rpm_along(rpm_scale(x, v.x), v.y, y), v.z, z);
}

/* The square root of rpm_pattern_gain: of patterns in dB by one exponential. */
RPM_INLINE rpm_real rpm_pattern_amplitude(const rpm_antenna_pattern *pattern, rpm_real theta_rad, rpm_real phi_rad, rpm_real electrical_tilt_rad)
{
	if (pattern->kind == RPM_PATTERN_TR38901 || pattern->kind == RPM_PATTERN_MEASURED)
		return (rpm_real) exp(M_LN10 / 20 * rpm_pattern_gain_db(pattern, theta_rad, phi_rad, electrical_tilt_rad));
	return (rpm_real) sqrt(rpm_pattern_gain(pattern, theta_rad, phi_rad, electrical_tilt_rad));
}

/*
 * rpm_antenna_field as a real vector (its amplitude is real) and, unless by is NULL, its derivatives by the RPM_ANTENNA_NUMBERS numbers
 * of the antenna.  frame: of this antenna.
 */
RPM_INLINE rpm_vec3 rpm_antenna_field_gradient(const rpm_antenna *antenna, const rpm_antenna_frame *frame, rpm_vec3 direction, rpm_vec3 *by)
{
	rpm_vec3	local = rpm_in_axes(direction, frame->x, frame->y, frame->z), p = rpm_polarisation(local, antenna->slant_rad), field;
	rpm_real	rho = (rpm_real) sqrt(local.x * local.x + local.y * local.y);
	rpm_real	theta = (rpm_real) atan2(rho, local.z), phi = (rpm_real) atan2(local.y, local.x);
	rpm_real	amplitude = rpm_pattern_amplitude(&antenna->pattern, theta, phi, antenna->electrical_tilt_rad);
	rpm_real	nepers = (rpm_real) (-M_LN10 / 20), radians = (rpm_real) (RPM_PI / 180);
	rpm_pattern_slopes slopes;
	int			i;

	field = rpm_scale(rpm_from_axes(p, frame->x, frame->y, frame->z), amplitude);
	if (!by)
		return field;
	slopes = rpm_pattern_slopes_of(&antenna->pattern, theta, phi, antenna->electrical_tilt_rad);
	by[RPM_BY_LOG_HORIZONTAL_BEAMWIDTH] = rpm_scale(field, nepers * slopes.by_log_horizontal);
	by[RPM_BY_LOG_VERTICAL_BEAMWIDTH] = rpm_scale(field, nepers * slopes.by_log_vertical);
	by[RPM_BY_SIDE_LOBE_FLOOR_DB] = rpm_scale(field, nepers * slopes.by_side_lobe_floor);
	by[RPM_BY_FRONT_TO_BACK_DB] = rpm_scale(field, nepers * slopes.by_front_to_back);
	by[RPM_BY_GAIN_DB] = rpm_scale(field, -nepers);
	for (i = RPM_BY_AZIMUTH_DEG; i <= RPM_BY_TILT_DEG; i++)
	{
		rpm_vec3	change = rpm_in_axes(direction, frame->turned_x[i], frame->turned_y[i], frame->turned_z[i]);
		rpm_vec3	dp = rpm_from_axes(rpm_polarisation_change(local, change, antenna->slant_rad), frame->x, frame->y, frame->z);
		rpm_real	d_theta = rho > 1e-12 ? local.z * (local.x * change.x + local.y * change.y) / rho - rho * change.z : 0;
		rpm_real	d_phi = rho > 1e-12 ? (local.x * change.y - local.y * change.x) / (rho * rho) : 0;

		dp = rpm_add(dp, rpm_from_axes(p, frame->turned_x[i], frame->turned_y[i], frame->turned_z[i]));
		by[i] = rpm_scale(rpm_along(rpm_scale(dp, amplitude), nepers * (slopes.by_theta * d_theta + slopes.by_phi * d_phi), field), radians);
	}
	return field;
}

#endif
