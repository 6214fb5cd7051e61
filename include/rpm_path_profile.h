/*
 * rpm_path_profile.h: the loss along a terrain and clutter profile by ITU-R P.1812.
 *
 * Recommendation ITU-R P.1812-7 (2023), Annex 1: free space with focusing, delta-Bullington and spherical-earth diffraction,
 * tropospheric scatter, ducting and layer reflection, and the variability over places; from 30 MHz to 6 GHz, 0.25 to 3000 km, for 1 to
 * 50 % of the time.  Not in it here: the loss into buildings (section 4.9).  Equation numbers in the source are those of P.1812-6
 * and -7, which share them.
 */
#ifndef RPM_PATH_PROFILE_H
#define RPM_PATH_PROFILE_H

#include "rpm_path_loss.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_PROFILE_POINTS 1000000	/* at most */

/* Radio-climatic zones, Table 2, by their usual codes. */
enum
{
	RPM_ZONE_SEA = 1, RPM_ZONE_COAST = 3, RPM_ZONE_INLAND = 4
};

typedef struct rpm_path_profile
{
	int			points;			/* with both ends: 3 or more */
	const double *distance_m;	/* from the antenna, growing; the first is the antenna's place */
	const double *height_m;		/* of the ground above sea level */
	const double *clutter_m;	/* height of the clutter on it, 0 or more; that of the ends is not used for diffraction; NULL: none */
	const int  *zone;			/* NULL: all inland */
} rpm_path_profile;

typedef struct rpm_profile_link
{
	double		frequency_mhz;
	double		antenna_height_m, receiver_height_m; /* above ground, 1 to 3000 m */
	bool		horizontal;		/* polarisation */
	double		time_percent;	/* the loss is not exceeded for so much of the time: 1 to 50 */
	double		location_percent; /* nor at so many of the places: 1 to 99 */
	double		location_sigma_db; /* NaN: by section 4.8 from resolution_m */
	double		resolution_m;	/* width of the square over which the receiver's place is taken */
	double		latitude_deg;	/* of the middle of the path */
	double		refractivity_gradient;	/* Delta N, N-units/km through the lowest kilometre, above 0, below 157 */
	double		sea_level_refractivity; /* N_0 */
	double		antenna_coast_km, receiver_coast_km; /* over land to the coast along the path; 0 at sea */
} rpm_profile_link;

typedef struct rpm_profile_loss
{
	double		loss_db;		/* not exceeded for the given time and places */
	double		free_space_db;	/* L_bfs */
	double		line_of_sight_db; /* L_b0p: free space with multipath and focusing, for the time */
	double		diffraction_db;	/* L_dp: beyond free space, for the time */
	double		ducting_db;		/* L_ba, a whole path loss */
	double		troposcatter_db; /* L_bs, a whole path loss */
	double		location_sigma_db;
	bool		transhorizon;
	double		bullington_db, smooth_bullington_db, spherical_db; /* of the median diffraction: L_bulla, L_bulls, L_dsph */
	double		median_diffraction_db; /* L_d50 */
	const char *outside;		/* as in rpm_path_loss_value */
	double		outside_value, outside_least, outside_most;
} rpm_profile_loss;

/* Median over time and places, vertical polarisation, 100 m, latitude 45 degrees, Delta N 45, N_0 325, far from the sea. */
rpm_profile_link rpm_profile_link_of(double frequency_mhz, double antenna_height_m, double receiver_height_m);

/*
 * The loss along a profile.  Outside the recommendation's ranges `outside` is set and the formulas are continued.
 * Errors: RPM_INVALID_ARGUMENT: fewer than 3 points, distances that do not grow (named by point, from 1), a number that is not finite,
 * a negative clutter height, an unknown zone, a height, time, place or refractivity that cannot be; RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_profile_path_loss(const rpm_path_profile *profile, const rpm_profile_link *link, rpm_profile_loss *loss,
								  rpm_status *status);

/*
 * Knife edge, ITU-R P.526-15 equation 31: 6.9 + 20 log10(sqrt((nu - 0.1)^2 + 1) + nu - 0.1), 0 below -0.78; within 0.1 dB of the integral.
 * In parts, for those who take many logarithms at once.
 */
RPM_INLINE double rpm_knife_edge_argument(double nu)
{
	return sqrt((nu - 0.1) * (nu - 0.1) + 1) + nu - 0.1;
}

RPM_INLINE double rpm_knife_edge_of_log10(double logarithm)
{
	return 6.9 + 20 * logarithm;
}

RPM_INLINE double rpm_knife_edge_loss_db(double nu)
{
	return nu > -0.78 ? rpm_knife_edge_of_log10(log10(rpm_knife_edge_argument(nu))) : 0;
}

#ifdef __cplusplus
}
#endif
#endif
