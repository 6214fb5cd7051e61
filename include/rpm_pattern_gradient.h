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
	rpm_real	s = (rpm_real) sin(theta_rad - tilt), c = (rpm_real) cos(theta_rad - tilt), nepers = (rpm_real) (20 / log(10.0));

	if (pattern->kind == RPM_PATTERN_TR38901)
		return rpm_pattern_tr38901_slopes(pattern, theta_rad, phi_rad, tilt);
	if (pattern->kind == RPM_PATTERN_MEASURED)
		return rpm_pattern_measured_slopes(pattern, theta_rad, phi_rad, tilt);
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
	rpm_real	rho = (rpm_real) hypot(direction.x, direction.y), c = (rpm_real) cos(slant_rad), s = (rpm_real) sin(slant_rad);
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

/*
 * rpm_antenna_field as a real vector (its amplitude is real) and, unless by is NULL, its derivatives by the RPM_ANTENNA_NUMBERS numbers
 * of the antenna.
 */
RPM_INLINE rpm_vec3 rpm_antenna_field_gradient(const rpm_antenna *antenna, rpm_vec3 direction, rpm_vec3 *by)
{
	rpm_real	sa = (rpm_real) sin(antenna->grid_azimuth_rad), ca = (rpm_real) cos(antenna->grid_azimuth_rad);
	rpm_real	st = (rpm_real) sin(antenna->mechanical_tilt_rad), radians = (rpm_real) (RPM_PI / 180);
	rpm_real	nepers = (rpm_real) (-log(10.0) / 20), amplitude, rho, theta, phi;
	rpm_vec3	x, y, z, local, p, field, turned_x[2], turned_y[2], turned_z[2];
	rpm_pattern_slopes slopes;
	int			i;

	rpm_antenna_axes(antenna, &x, &y, &z);
	local = rpm_vec(rpm_dot(direction, x), rpm_dot(direction, y), rpm_dot(direction, z));
	rho = (rpm_real) hypot(local.x, local.y);
	theta = (rpm_real) atan2(rho, local.z);
	phi = (rpm_real) atan2(local.y, local.x);
	amplitude = (rpm_real) sqrt(rpm_pattern_gain(&antenna->pattern, theta, phi, antenna->electrical_tilt_rad));
	p = rpm_polarisation(local, antenna->slant_rad);
	p = rpm_add(rpm_add(rpm_scale(x, p.x), rpm_scale(y, p.y)), rpm_scale(z, p.z));
	field = rpm_scale(p, amplitude);
	if (!by)
		return field;
	slopes = rpm_pattern_slopes_of(&antenna->pattern, theta, phi, antenna->electrical_tilt_rad);
	by[RPM_BY_LOG_HORIZONTAL_BEAMWIDTH] = rpm_scale(field, nepers * slopes.by_log_horizontal);
	by[RPM_BY_LOG_VERTICAL_BEAMWIDTH] = rpm_scale(field, nepers * slopes.by_log_vertical);
	by[RPM_BY_SIDE_LOBE_FLOOR_DB] = rpm_scale(field, nepers * slopes.by_side_lobe_floor);
	by[RPM_BY_FRONT_TO_BACK_DB] = rpm_scale(field, nepers * slopes.by_front_to_back);
	by[RPM_BY_GAIN_DB] = rpm_scale(field, -nepers);
	/* The axes' turns: azimuth about the vertical, clockwise; tilt about y. */
	turned_x[0] = rpm_vec(x.y, -x.x, 0);
	turned_y[0] = rpm_vec(sa, ca, 0);
	turned_z[0] = rpm_vec(ca * st, -sa * st, 0);
	turned_x[1] = rpm_scale(z, -1);
	turned_y[1] = rpm_vec(0, 0, 0);
	turned_z[1] = x;
	for (i = 0; i < 2; i++)
	{
		rpm_vec3	change = rpm_vec(rpm_dot(direction, turned_x[i]), rpm_dot(direction, turned_y[i]), rpm_dot(direction, turned_z[i]));
		rpm_vec3	q = rpm_polarisation(local, antenna->slant_rad), dq = rpm_polarisation_change(local, change, antenna->slant_rad), dp;
		rpm_real	d_theta = rho > 1e-12 ? local.z * (local.x * change.x + local.y * change.y) / rho - rho * change.z : 0;
		rpm_real	d_phi = rho > 1e-12 ? (local.x * change.y - local.y * change.x) / (rho * rho) : 0;

		dp = rpm_add(rpm_add(rpm_scale(x, dq.x), rpm_scale(y, dq.y)), rpm_scale(z, dq.z));
		dp = rpm_add(dp, rpm_add(rpm_add(rpm_scale(turned_x[i], q.x), rpm_scale(turned_y[i], q.y)), rpm_scale(turned_z[i], q.z)));
		by[i] = rpm_scale(rpm_along(rpm_scale(dp, amplitude), nepers * (slopes.by_theta * d_theta + slopes.by_phi * d_phi), field), radians);
	}
	return field;
}

#endif
