/*
 * rpm_multiple_diffraction.h: the field behind several knife edges, one after another, what a round obstacle takes, and the bound of clutter.
 *
 * Source: L. E. Vogler, "The attenuation of electromagnetic waves by multiple knife-edge diffraction", NTIA Report 81-86, 1981 (also Radio
 * Science 17(6), 1982, pp. 1541-1546): the Fresnel-Kirchhoff integral over the half-planes above all edges, exact for thin absorbing
 * screens across the path and small angles.  Not his series, which converges slowly: the integral itself, along the path of steepest
 * descent, edge by edge with a Gauss-Legendre rule (relative error below 1e-3 for edges as RPM_EDGE_CLOSENESS asks).  It is symmetrical
 * between both ends and has no step where an edge enters or leaves the line of sight.  Screens may stand on both sides of the path: each
 * height is then counted away from its own screen, which turns the sign of the coupling between neighbours on either side.
 */
#ifndef RPM_MULTIPLE_DIFFRACTION_H
#define RPM_MULTIPLE_DIFFRACTION_H

#include "rpm_utd.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_EDGES_MAX 10
/* Of two edges, the one nearer to its neighbour than this share of the shorter leg beside them is no edge of its own. */
#define RPM_EDGE_CLOSENESS 0.015

/* One edge of a chain from source to receiver. */
typedef struct rpm_chain_edge
{
	double		leg_m;			/* to it from the edge before, or from the source */
	double		turn;			/* 2 sin(theta / 2), theta the angle by which the path bends around its screen, negative where it bends away */
	double		opacity;		/* of the screen below the edge: 1; less where it is to fade out, 0 is none */
	bool		turns_back;		/* the screen stands on the other side of the path than that of the edge before: left, then right */
} rpm_chain_edge;

/*
 * |field| behind `count` edges over that of free space at the sum of the legs; last_leg_m from the last edge to the receiver.
 * 1 without edges.  All legs positive, count at most RPM_EDGES_MAX.
 */
RPM_SHARED double rpm_knife_edges(const rpm_chain_edge *edges, int count, double last_leg_m, double wavelength_m);

/* The parameter nu of one edge: Recommendation ITU-R P.526-15 section 4.1, equation 26, for a turn as in rpm_chain_edge. */
RPM_INLINE double rpm_knife_edge_parameter(double turn, double before_m, double after_m, double wavelength_m)
{
	return turn * sqrt(2 * before_m * after_m / ((before_m + after_m) * wavelength_m));
}

/* |field| behind one edge over that of free space, nu >= 0: |F(x)| / (2 sqrt(pi x)) with x = pi nu^2 / 2. */
RPM_INLINE double rpm_knife_edge(double nu)
{
	double		x = RPM_PI / 2 * nu * nu;

	return x < 1e-12 ? 0.5 : sqrt(rpm_cx_norm2(rpm_utd_transition((rpm_real) x)) / (4 * RPM_PI * x));
}

/*
 * What a smooth round obstacle takes beyond a knife edge where its tangents meet, dB: T(m, n), Recommendation ITU-R P.526-15 section 4.2, equations
 * 33 to 36, of the cylinder's radius, the angle by which the way turns over it and the distances from where the tangents meet to both ends.
 * m is taken up to RPM_ROUND_M_MOST, beyond which the polynomial turns back.
 */
#define RPM_ROUND_M_MOST 8.0
RPM_INLINE double rpm_rounded_obstacle_db(double radius_m, double turn_rad, double before_m, double after_m, double wavelength_m)
{
	double		size = cbrt(RPM_PI * radius_m / wavelength_m);
	double		m = fmin(radius_m * (before_m + after_m) / (before_m * after_m) / size, RPM_ROUND_M_MOST), mn = turn_rad * size;
	double		root = sqrt(m), loss = 7.2 * root - 2 * m + 3.6 * m * root - 0.8 * m * m;

	return mn > 4 ? loss + 17 * mn - 6 - 20 * log10(mn) : loss + 12.5 * mn;
}

/*
 * Clutter loss in dB that is not exceeded at a share of places, given by its normal deviate (2.326: 99 %): Recommendation ITU-R P.2108-1,
 * section 3.2, equations 3 to 6.  Frequency in GHz (stated for 0.5 to 67), distance in km, at least 0.25: below, that of 0.25 km.
 */
RPM_INLINE double rpm_clutter_loss_at(double frequency_ghz, double distance_km, double deviate)
{
	double		long_db = -2 * log10(pow(10, -5 * log10(frequency_ghz) - 12.5) + pow(10, -16.5));
	double		short_db = 32.98 + 23.9 * log10(distance_km) + 3 * log10(frequency_ghz);
	double		long_part = pow(10, -0.2 * long_db), short_part = pow(10, -0.2 * short_db);
	double		deviation = sqrt((16 * long_part + 36 * short_part) / (long_part + short_part));

	return -5 * log10(long_part + short_part) + deviation * deviate;
}

RPM_INLINE double rpm_clutter_loss_db(double frequency_ghz, double distance_km, double deviate)
{
	double		d = distance_km > 0.25 ? distance_km : 0.25;

	return fmin(rpm_clutter_loss_at(frequency_ghz, d, deviate), rpm_clutter_loss_at(frequency_ghz, 2, deviate));
}

#ifdef __cplusplus
}
#endif
#endif
