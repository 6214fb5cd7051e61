/* p1812.c: the basic transmission loss of ITU-R P.1812 (rpm_path_profile.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "empirical/p1812.h"

#define EARTH_RADIUS_KM 6371.0
#define STRONG_LAPSE_FACTOR 3.0	/* k_beta: of the earth radius exceeded for beta_0 of the time */
#define LARGEST_GRADIENT 157.0	/* Delta N at which the ray follows the earth */
#define TYPICAL_COAST_KM 500.0
#define LIGHT_M_GHZ 0.2998		/* wavelength times frequency, as the recommendation's examples take it */
#define HIGHEST_GROUND_M 1e5

typedef struct losses
{
	double		free_space, los_time, los_beta;	/* L_bfs, L_b0p, L_b0beta */
	double		diffraction_time;	/* L_dp */
	double		interpolation;	/* F_i */
	p1812_diffraction median;
} losses;

static rpm_code check_profile(const rpm_path_profile *profile, rpm_status *status);
static rpm_code check_link(const rpm_profile_link *link, rpm_status *status);
static rpm_code set_up(const rpm_path_profile *profile, const rpm_profile_link *link, p1812_path *path, rpm_status *status);
static void add_losses(const rpm_path_profile *profile, const rpm_profile_link *link, const p1812_path *path, rpm_profile_loss *loss);
static void base_losses(const p1812_path *path, const rpm_profile_link *link, losses *of);
static double combined(const p1812_path *path, const losses *of, double time_percent, double ducting, double troposcatter);
static double troposcatter_loss(const p1812_path *path, const rpm_profile_link *link);
static double ducting_loss(const p1812_path *path, const rpm_path_profile *profile, const rpm_profile_link *link);
static double ducting_coupling(const p1812_path *path, double antenna_coast_km, double receiver_coast_km);
static double ducting_time(const p1812_path *path, double time_percent);
static double site_shielding(double angle, double horizon_km, double frequency);
static double sea_duct(const p1812_path *path, double coast_km, double horizon_km, double height_m);
static double location_sigma(const rpm_path_profile *profile, const rpm_profile_link *link);
static void note_outside(rpm_profile_loss *loss, const char *name, double number, double least, double most);

rpm_profile_link
rpm_profile_link_of(double frequency_mhz, double antenna_height_m, double receiver_height_m)
{
	rpm_profile_link link = {frequency_mhz, antenna_height_m, receiver_height_m, false, 50, 50, NAN, 100, 45, 45, 325,
		TYPICAL_COAST_KM, TYPICAL_COAST_KM};

	return link;
}

rpm_code
rpm_profile_path_loss(const rpm_path_profile *profile, const rpm_profile_link *link, rpm_profile_loss *loss, rpm_status *status)
{
	p1812_path	path = {0};
	rpm_code	code = check_profile(profile, status);

	if (code == RPM_OK)
		code = check_link(link, status);
	if (code == RPM_OK)
		code = set_up(profile, link, &path, status);
	if (code == RPM_OK)
	{
		memset(loss, 0, sizeof(*loss));
		rpm_p1812_derive(&path, profile->zone, link->latitude_deg);
		add_losses(profile, link, &path, loss);
		note_outside(loss, "frequency_mhz", link->frequency_mhz, 30, 6000);
		note_outside(loss, "the profile's length in metres", path.length * 1000, 250, 3e6);
		note_outside(loss, "antenna_height_m", link->antenna_height_m, 1, 3000);
		note_outside(loss, "receiver_height_m", link->receiver_height_m, 1, 3000);
	}
	free(path.d);
	return code;
}

static rpm_code
check_profile(const rpm_path_profile *profile, rpm_status *status)
{
	if (profile->points < 3 || profile->points > RPM_PROFILE_POINTS)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the ground at the antenna, at the receiver, and between them.",
						"the profile has %d points, not 3 to %d", profile->points, RPM_PROFILE_POINTS);
	for (int i = 0; i < profile->points; i++)
	{
		if (!isfinite(profile->distance_m[i]) || (i > 0 && !(profile->distance_m[i] > profile->distance_m[i - 1])))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give distances from the antenna that grow from point to point.",
							"distance %d of the profile is %g, after %g", i + 1, profile->distance_m[i],
							i > 0 ? profile->distance_m[i - 1] : 0);
		if (!(fabs(profile->height_m[i]) <= HIGHEST_GROUND_M))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres above sea level.", "height %d of the profile is %g", i + 1,
							profile->height_m[i]);
		if (profile->clutter_m != NULL && !(profile->clutter_m[i] >= 0 && profile->clutter_m[i] <= HIGHEST_GROUND_M))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres above ground, 0 where there is nothing.",
							"clutter height %d of the profile is %g", i + 1, profile->clutter_m[i]);
		if (profile->zone != NULL && profile->zone[i] != RPM_ZONE_SEA && profile->zone[i] != RPM_ZONE_COAST &&
			profile->zone[i] != RPM_ZONE_INLAND)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Use 1 for sea, 3 for coastal land, 4 for inland.",
							"zone %d of the profile is %d", i + 1, profile->zone[i]);
	}
	return RPM_OK;
}

static rpm_code
check_link(const rpm_profile_link *link, rpm_status *status)
{
	const char *hint = "Give a finite number above 0.";

	if (!(link->frequency_mhz > 0 && isfinite(link->frequency_mhz)))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "frequency_mhz is %g", link->frequency_mhz);
	if (!(link->antenna_height_m > 0 && isfinite(link->antenna_height_m)))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "antenna_height_m is %g", link->antenna_height_m);
	if (!(link->receiver_height_m > 0 && isfinite(link->receiver_height_m)))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "receiver_height_m is %g", link->receiver_height_m);
	if (!(link->time_percent >= 1 && link->time_percent <= 50))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "The recommendation is for 1 to 50 % of the time.", "time_percent is %g",
						link->time_percent);
	if (!(link->location_percent >= 1 && link->location_percent <= 99))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give 1 to 99.", "location_percent is %g", link->location_percent);
	if (!isnan(link->location_sigma_db) && !(link->location_sigma_db >= 0 && isfinite(link->location_sigma_db)))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give 0 dB or more.", "location_sigma_db is %g", link->location_sigma_db);
	if (!(link->resolution_m > 0 && isfinite(link->resolution_m)))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "resolution_m is %g", link->resolution_m);
	if (!(fabs(link->latitude_deg) <= 90))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give degrees from -90 to 90.", "latitude_deg is %g", link->latitude_deg);
	if (!(link->refractivity_gradient > 0 && link->refractivity_gradient < LARGEST_GRADIENT))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give N-units per km above 0, below 157; 45 is typical of temperate climates.",
						"refractivity_gradient is %g", link->refractivity_gradient);
	if (!(link->sea_level_refractivity > 0 && link->sea_level_refractivity <= 1000))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give N-units above 0, at most 1000; 325 is typical of temperate climates.",
						"sea_level_refractivity is %g", link->sea_level_refractivity);
	if (!(link->antenna_coast_km >= 0 && link->receiver_coast_km >= 0))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give 0 km or more; 500 where the sea is far.",
						"antenna_coast_km is %g, receiver_coast_km is %g", link->antenna_coast_km, link->receiver_coast_km);
	return RPM_OK;
}

static rpm_code
set_up(const rpm_path_profile *profile, const rpm_profile_link *link, p1812_path *path, rpm_status *status)
{
	int			n = profile->points;

	path->d = malloc(sizeof(double) * 3 * (size_t) n);
	if (path->d == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a profile of %d points", n);
	path->h = path->d + n;
	path->g = path->h + n;
	path->n = n;
	for (int i = 0; i < n; i++)
	{
		bool		end = i == 0 || i == n - 1;

		path->d[i] = (profile->distance_m[i] - profile->distance_m[0]) / 1000;
		path->h[i] = profile->height_m[i];
		path->g[i] = profile->height_m[i] + (end || profile->clutter_m == NULL ? 0 : profile->clutter_m[i]);
	}
	path->length = path->d[n - 1];
	path->frequency = link->frequency_mhz / 1000;
	path->wavelength = LIGHT_M_GHZ / path->frequency;
	path->htg = link->antenna_height_m;
	path->hrg = link->receiver_height_m;
	path->hts = path->h[0] + path->htg;
	path->hrs = path->h[n - 1] + path->hrg;
	path->radius = EARTH_RADIUS_KM * LARGEST_GRADIENT / (LARGEST_GRADIENT - link->refractivity_gradient);
	return RPM_OK;
}

static void
add_losses(const rpm_path_profile *profile, const rpm_profile_link *link, const p1812_path *path, rpm_profile_loss *loss)
{
	bool		at_sea = profile->zone != NULL && profile->zone[path->n - 1] == RPM_ZONE_SEA;
	losses		of;
	double		over_places;

	base_losses(path, link, &of);
	loss->free_space_db = of.free_space;
	loss->line_of_sight_db = of.los_time;
	loss->diffraction_db = of.diffraction_time;
	loss->median_diffraction_db = of.median.loss;
	loss->bullington_db = of.median.bullington;
	loss->smooth_bullington_db = of.median.smooth_bullington;
	loss->spherical_db = of.median.spherical;
	loss->ducting_db = ducting_loss(path, profile, link);
	loss->troposcatter_db = troposcatter_loss(path, link);
	loss->transhorizon = path->transhorizon;
	loss->location_sigma_db = at_sea ? 0 : location_sigma(profile, link);
	over_places = -rpm_p1812_normal(link->location_percent / 100) * loss->location_sigma_db;
	/* Equation (69). */
	loss->loss_db = fmax(of.los_time, combined(path, &of, link->time_percent, loss->ducting_db, loss->troposcatter_db) + over_places);
}

/* Free space with focusing, equations (8) to (11), and diffraction for the time, (40) and (41). */
static void
base_losses(const p1812_path *path, const rpm_profile_link *link, losses *of)
{
	double		rise = (path->hts - path->hrs) / 1000, focus = 2.6 * (1 - exp(-0.1 * (path->dlt + path->dlr)));
	double		p = link->time_percent;

	of->free_space = 92.4 + 20 * log10(path->frequency) + 10 * log10(path->length * path->length + rise * rise);
	of->los_time = of->free_space + focus * log10(p / 50);
	of->los_beta = of->free_space + focus * log10(path->beta0 / 50);
	of->median = rpm_p1812_diffraction_loss(path, path->radius, link->horizontal);
	of->interpolation = p > path->beta0 ? rpm_p1812_normal(p / 100) / rpm_p1812_normal(path->beta0 / 100) : 1;
	of->diffraction_time = of->median.loss;
	if (p < 50)
	{
		double		strong = rpm_p1812_diffraction_loss(path, EARTH_RADIUS_KM * STRONG_LAPSE_FACTOR, link->horizontal).loss;

		of->diffraction_time += of->interpolation * (strong - of->median.loss);
	}
}

/* Section 4.6: equations (57) to (63). */
static double
combined(const p1812_path *path, const losses *of, double time_percent, double ducting, double troposcatter)
{
	double		by_angle = 1 - 0.5 * (1 + tanh(3 * 0.8 * (path->theta - 0.3) / 0.3));
	double		by_distance = 1 - 0.5 * (1 + tanh(3 * 0.5 * (path->length - 20) / 20));
	double		median = of->free_space + of->median.loss, diffracted = of->los_time + of->diffraction_time;
	double		over_land = (1 - path->sea) * of->diffraction_time, least, least_ducting, with_ducting, both;
	double		larger = fmax(ducting, of->los_time), smaller = fmin(ducting, of->los_time);

	least = of->los_time + over_land;
	if (time_percent >= path->beta0)
		least = median + (of->los_beta + over_land - median) * of->interpolation;
	/* (60), with the larger exponential taken out. */
	least_ducting = larger + 2.5 * log1p(exp((smaller - larger) / 2.5));
	with_ducting = least_ducting > diffracted ? diffracted : least_ducting + (diffracted - least_ducting) * by_distance;
	both = with_ducting + (least - with_ducting) * by_angle;
	larger = fmax(both, troposcatter);
	smaller = fmin(both, troposcatter);
	/* (63), likewise. */
	return smaller - 5 * log10(1 + pow(10, -0.2 * (larger - smaller)));
}

/* Equations (44) and (45). */
static double
troposcatter_loss(const p1812_path *path, const rpm_profile_link *link)
{
	double		f = path->frequency, by_frequency = 25 * log10(f) - 2.5 * pow(log10(f / 2), 2);

	return 190.1 + by_frequency + 20 * log10(path->length) + 0.573 * path->theta - 0.15 * link->sea_level_refractivity -
		10.125 * pow(log10(50 / link->time_percent), 0.7);
}

/* Section 4.5: equations (46) to (56). */
static double
ducting_loss(const p1812_path *path, const rpm_path_profile *profile, const rpm_profile_link *link)
{
	const int  *zone = profile->zone;
	double		angle = 1000 * path->length / path->radius + fmin(path->theta_t, 0.1 * path->dlt) + fmin(path->theta_r, 0.1 * path->dlr);
	double		antenna_coast = zone != NULL && zone[0] == RPM_ZONE_SEA ? 0 : link->antenna_coast_km;
	double		receiver_coast = zone != NULL && zone[path->n - 1] == RPM_ZONE_SEA ? 0 : link->receiver_coast_km;

	return ducting_coupling(path, antenna_coast, receiver_coast) + 5e-5 * path->radius * cbrt(path->frequency) * angle +
		ducting_time(path, link->time_percent);
}

/* A_f. */
static double
ducting_coupling(const p1812_path *path, double antenna_coast_km, double receiver_coast_km)
{
	double		f = path->frequency;

	return 102.45 + 20 * log10(f) + 20 * log10(path->dlt + path->dlr) + (f < 0.5 ? 45.375 - 137 * f + 92.5 * f * f : 0) +
		site_shielding(path->theta_t - 0.1 * path->dlt, path->dlt, f) + site_shielding(path->theta_r - 0.1 * path->dlr, path->dlr, f) +
		sea_duct(path, antenna_coast_km, path->dlt, path->hts) + sea_duct(path, receiver_coast_km, path->dlr, path->hrs);
}

/* A_st, A_sr. */
static double
site_shielding(double angle, double horizon_km, double frequency)
{
	return angle > 0 ? 20 * log10(1 + 0.361 * angle * sqrt(frequency * horizon_km)) + 0.264 * angle * cbrt(frequency) : 0;
}

/* A_ct, A_cr. */
static double
sea_duct(const p1812_path *path, double coast_km, double horizon_km, double height_m)
{
	if (path->sea < 0.75 || coast_km > horizon_km || coast_km > 5)
		return 0;
	return -3 * exp(-0.25 * coast_km * coast_km) * (1 + tanh(0.07 * (50 - height_m)));
}

/* A(p). */
static double
ducting_time(const p1812_path *path, double time_percent)
{
	double		d = path->length, within = fmin(d - path->dlt - path->dlr, 40);
	double		rough = path->roughness > 10 ? exp(-4.6e-5 * (path->roughness - 10) * (43 + 6 * within)) : 1;
	double		tau = 1 - exp(-(4.12e-4 * pow(path->longest_inland, 2.41)));
	double		alpha = fmax(-0.6 - 3.5e-9 * pow(d, 3.1) * tau, -3.4);
	double		geometry = fmin(pow(500 / path->radius * pow(d / (sqrt(path->hte) + sqrt(path->hre)), 2), alpha), 1);
	double		beta = path->beta0 * geometry * rough, b = log10(beta);
	double		gamma = 1.076 / pow(2.0058 - b, 1.012) * exp(-(9.51 - 4.8 * b + 0.198 * b * b) * 1e-6 * pow(d, 1.13));

	return -12 + (1.2 + 3.7e-3 * d) * (log10(time_percent) - b) + 12 * pow(time_percent / beta, gamma);
}

/* Section 4.8, equation (66) with the receiver's height over its clutter, section 4.10. */
static double
location_sigma(const rpm_path_profile *profile, const rpm_profile_link *link)
{
	double		clutter_m = profile->clutter_m != NULL ? profile->clutter_m[profile->points - 1] : 0;
	double		above_m = link->receiver_height_m - clutter_m, share = above_m < 0 ? 1 : fmax(0, 1 - above_m / 10);

	if (!isnan(link->location_sigma_db))
		return link->location_sigma_db;
	return (0.52 + 0.024 * link->frequency_mhz / 1000) * pow(link->resolution_m, 0.28) * share;
}

/* Equations (96) and (97). */
double
rpm_p1812_normal(double share)
{
	double		x = fmin(fmax(share, 1e-6), 1 - 1e-6), t = sqrt(-2 * log(x <= 0.5 ? x : 1 - x));
	double		value = t - ((0.010328 * t + 0.802853) * t + 2.515516698) / (((0.001308 * t + 0.189269) * t + 1.432788) * t + 1);

	return x <= 0.5 ? value : -value;
}

static void
note_outside(rpm_profile_loss *loss, const char *name, double number, double least, double most)
{
	if (loss->outside != NULL || (number >= least && number <= most))
		return;
	loss->outside = name;
	loss->outside_value = number;
	loss->outside_least = least;
	loss->outside_most = most;
}
