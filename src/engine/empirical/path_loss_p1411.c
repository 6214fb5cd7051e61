/* path_loss_p1411.c: ITU-R P.1411-12, short-range outdoor: site-general formulas, and the multi-screen model over rooftops. */
#include <math.h>

#include "empirical/path_loss_formulas.h"

#define LAST_LOW_MHZ 2000.0		/* above it the coefficients of equation (35) change */

typedef struct rooftops
{
	double		frequency_mhz, wavelength_m;
	double		above_m;		/* antenna above the roofs */
	double		roof_m, separation_m, length_m;
	bool		metropolis;
} rooftops;

static double or_default(double value, double otherwise);
static double rooftop_to_street(const rpm_path_loss_link *link, double roof_m);
static double multiple_screens(const rooftops *r, double distance_m);
static double screens_grazing(const rooftops *r, double distance_m);
static double screens_settled(const rooftops *r, double distance_m);

/* Equation (1): 10 alpha log10 d + beta + 10 gamma log10 f, d in metres between the antennas, f in GHz. */
void
rpm_formula_p1411_site_general(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	static const struct
	{
		double		alpha, beta, gamma, sigma;
	}			of[] = {
		[RPM_BELOW_ROOF_LOS] = {2.12, 29.2, 2.11, 5.06},
		[RPM_BELOW_ROOF_HIGH_RISE] = {4.00, 10.2, 2.36, 7.60},
		[RPM_BELOW_ROOF_LOW_RISE] = {5.06, -4.68, 2.02, 9.33},
		[RPM_BELOW_ROOF_RESIDENTIAL] = {3.01, 18.8, 2.07, 3.07},
		[RPM_ABOVE_ROOF_LOS] = {2.29, 28.6, 1.96, 3.48},
		[RPM_ABOVE_ROOF_HIGH_RISE] = {4.39, -6.27, 2.30, 6.89}
	};
	int			k = model->variant;

	value->loss_db = 10 * of[k].alpha * log10(rpm_path_loss_slant_m(link)) + of[k].beta +
		10 * of[k].gamma * log10(link->frequency_mhz / 1000);
	value->sigma_db = of[k].sigma;
}

static double
or_default(double value, double otherwise)
{
	return isnan(value) ? otherwise : value;
}

/* Section 4.2.2.1: free space, the way past the rows of buildings, and down from the last roof into the street. */
void
rpm_formula_p1411_over_roofs(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	double		d = link->distance_m, roof_m = or_default(link->roof_height_m, RPM_CITY_ROOF_HEIGHT_M);
	double		free_space = 32.4 + 20 * log10(d / 1000) + 20 * log10(link->frequency_mhz);
	rooftops	r = {link->frequency_mhz, RPM_SPEED_OF_LIGHT_M_S / (link->frequency_mhz * 1e6), link->antenna_height_m - roof_m, roof_m,
		or_default(link->building_separation_m, RPM_CITY_SEPARATION_M), or_default(link->building_length_m, RPM_CITY_LENGTH_M),
		model->variant == RPM_OVER_ROOFS_METROPOLIS};

	value->loss_db = fmax(free_space, free_space + rooftop_to_street(link, roof_m) + multiple_screens(&r, d));
}

/* L_rts with the street's orientation L_ori. */
static double
rooftop_to_street(const rpm_path_loss_link *link, double roof_m)
{
	double		angle = or_default(link->street_angle_deg, RPM_CITY_STREET_ANGLE_DEG);
	double		w = or_default(link->street_width_m, RPM_CITY_STREET_WIDTH_M), orientation;

	if (angle < 35)
		orientation = -10 + 0.354 * angle;
	else if (angle < 55)
		orientation = 2.5 + 0.075 * (angle - 35);
	else
		orientation = 4 - 0.114 * (angle - 55);
	return -8.2 - 10 * log10(w) + 10 * log10(link->frequency_mhz) + 20 * log10(roof_m - link->receiver_height_m) + orientation;
}

/*
 * L_msd: between the grazing field over few buildings (they extend less than the settled-field distance d_s) and the settled field, with
 * a smooth change about the distance d_bp at which d_s is the length of the buildings.
 */
static double
multiple_screens(const rooftops *r, double distance_m)
{
	double		settled_m = r->above_m == 0 ? INFINITY : r->wavelength_m * distance_m * distance_m / (r->above_m * r->above_m);
	double		change_m = fabs(r->above_m) * sqrt(r->length_m / r->wavelength_m);
	double		upper, lower, middle, apart, along;

	if (change_m == 0)
		return screens_settled(r, distance_m);
	upper = screens_grazing(r, change_m);
	lower = screens_settled(r, change_m);
	middle = (upper + lower) / 2;
	apart = upper - lower;
	along = log10(distance_m) - log10(change_m);
	if (apart == 0)
		return screens_settled(r, distance_m);
	if (apart > 0)
		return r->length_m > settled_m ? -tanh(along / 0.1) * (screens_grazing(r, distance_m) - middle) + middle
			: tanh(along / 0.1) * (screens_settled(r, distance_m) - middle) + middle;
	along /= 0.0417 * apart;
	return r->length_m > settled_m ? screens_grazing(r, distance_m) - tanh(along) * (upper - middle) - upper + middle
		: screens_settled(r, distance_m) + tanh(along) * (middle - lower) + middle - lower;
}

/* L1_msd. */
static double
screens_grazing(const rooftops *r, double distance_m)
{
	bool		high = r->frequency_mhz > LAST_LOW_MHZ;
	double		shielding = 0, ka = high ? 71.4 : 54, kd = 18, kf = -8;

	if (r->above_m > 0)
		shielding = -18 * log10(1 + r->above_m);
	else
	{
		kd = 18 - 15 * r->above_m / r->roof_m;
		ka = (high ? 73 : 54) - (distance_m < 500 ? 1.6 * distance_m / 1000 : 0.8) * r->above_m;
	}
	if (!high)
		kf = -4 + (r->metropolis ? 1.5 : 0.7) * (r->frequency_mhz / 925 - 1);
	return shielding + ka + kd * log10(distance_m / 1000) + kf * log10(r->frequency_mhz) - 9 * log10(r->separation_m);
}

/* L2_msd = -10 log10 Q^2. */
static double
screens_settled(const rooftops *r, double distance_m)
{
	double		b = r->separation_m, wavelength_m = r->wavelength_m, q;
	double		upper_m = pow(10, -log10(sqrt(b / wavelength_m)) - log10(distance_m) / 9 + 10.0 / 9 * log10(b / 2.35));
	double		lower_m = (0.00023 * b * b - 0.1827 * b - 9.4978) / pow(log10(r->frequency_mhz), 2.938) + 0.000781 * b + 0.06923;

	if (r->above_m > upper_m)
		q = 2.35 * pow(r->above_m / distance_m * sqrt(b / wavelength_m), 0.9);
	else if (r->above_m >= lower_m)
		q = b / distance_m;
	else
	{
		double		theta = atan(r->above_m / b), rho = hypot(r->above_m, b);

		q = b / (2 * RPM_PI * distance_m) * sqrt(wavelength_m / rho) * (1 / theta - 1 / (2 * RPM_PI + theta));
	}
	return -10 * log10(q * q);
}
