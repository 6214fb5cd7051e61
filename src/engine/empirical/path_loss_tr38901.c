/* path_loss_tr38901.c: 3GPP TR 38.901 urban macro, urban micro (street canyon) and rural macro. */
#include <math.h>

#include "empirical/path_loss_formulas.h"

#define HIGH_RECEIVER_M 13.0	/* from here on UMa knows higher effective environments */
#define SPEED_M_S 3.0e8			/* what the report says for breakpoint distances */
#define LOWEST_BREAKPOINT_M 1e-3	/* a receiver at or below the effective environment height, outside the model's range */

static void combine(int condition, double probability, const double loss_db[2], const double sigma_db[2], rpm_path_loss_value *value);
static double breakpoint_m(const rpm_path_loss_link *link, double environment_m);
static double uma_los_probability(const rpm_path_loss_link *link);
static double uma_high_share(const rpm_path_loss_link *link);
static double uma_los(const rpm_path_loss_link *link);
static double uma_los_over(const rpm_path_loss_link *link, double environment_m);
static double rma_near(double distance_m, double frequency_ghz, double roof_m);

static double
log_slant(const rpm_path_loss_link *link)
{
	return log10(rpm_path_loss_slant_m(link));
}

static double
log_ghz(const rpm_path_loss_link *link)
{
	return log10(link->frequency_mhz / 1000);
}

/*
 * One condition, or their mixture: mean p L_los + (1 - p) L_nlos and the standard deviation of a place of which it is not known
 * whether it has line of sight.
 */
static void
combine(int condition, double probability, const double loss_db[2], const double sigma_db[2], rpm_path_loss_value *value)
{
	double		p = probability, apart = loss_db[1] - loss_db[0];

	value->line_of_sight = p;
	if (condition != RPM_CONDITION_MEAN)
	{
		int			k = condition == RPM_CONDITION_NLOS;

		value->loss_db = loss_db[k];
		value->sigma_db = sigma_db[k];
		return;
	}
	value->loss_db = p * loss_db[0] + (1 - p) * loss_db[1];
	value->sigma_db = sqrt(p * sigma_db[0] * sigma_db[0] + (1 - p) * sigma_db[1] * sigma_db[1] + p * (1 - p) * apart * apart);
}

/* d'_BP = 4 h'_BS h'_UT f / c, heights less the effective environment height. */
static double
breakpoint_m(const rpm_path_loss_link *link, double environment_m)
{
	double		d = 4 * (link->antenna_height_m - environment_m) * (link->receiver_height_m - environment_m) *
		link->frequency_mhz * 1e6 / SPEED_M_S;

	return fmax(d, LOWEST_BREAKPOINT_M);
}

void
rpm_formula_uma(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	static const double sigma_db[2] = {4, 6};
	double		loss_db[2];

	loss_db[0] = uma_los(link);
	loss_db[1] = fmax(loss_db[0], 13.54 + 39.08 * log_slant(link) + 20 * log_ghz(link) - 0.6 * (link->receiver_height_m - 1.5));
	combine(model->variant, uma_los_probability(link), loss_db, sigma_db, value);
}

/* C(d, h) of Table 7.4.1-1, note 1: a high receiver may see an environment of 12 m and more. */
static double
uma_high_share(const rpm_path_loss_link *link)
{
	double		d = link->distance_m, h = link->receiver_height_m;
	double		g = d > 18 ? 1.25 * pow(d / 100, 3) * exp(-d / 150) : 0;

	return h < HIGH_RECEIVER_M ? 0 : pow((h - HIGH_RECEIVER_M) / 10, 1.5) * g;
}

/* Table 7.4.2-1. */
static double
uma_los_probability(const rpm_path_loss_link *link)
{
	double		d = link->distance_m;

	if (d <= 18)
		return 1;
	return fmin(1, (18 / d + exp(-d / 63) * (1 - 18 / d)) * (1 + uma_high_share(link)));
}

/*
 * Line of sight.  The effective environment height is 1 m with probability 1 / (1 + C), else one of 12, 15 ... up to the receiver's
 * height less 1.5 m: here the mean over them.
 */
static double
uma_los(const rpm_path_loss_link *link)
{
	double		high = uma_high_share(link), low_share = 1 / (1 + high), sum = 0;
	int			count = 0;

	if (high == 0)
		return uma_los_over(link, 1);
	for (double e = 12; count == 0 || e <= link->receiver_height_m - 1.5; e += 3, count++)
		sum += uma_los_over(link, e);
	return low_share * uma_los_over(link, 1) + (1 - low_share) * sum / count;
}

static double
uma_los_over(const rpm_path_loss_link *link, double environment_m)
{
	double		far = breakpoint_m(link, environment_m), rise = link->antenna_height_m - link->receiver_height_m;

	if (link->distance_m <= far)
		return 28 + 22 * log_slant(link) + 20 * log_ghz(link);
	return 28 + 40 * log_slant(link) + 20 * log_ghz(link) - 9 * log10(far * far + rise * rise);
}

void
rpm_formula_umi(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	static const double sigma_db[2] = {4, 7.82};
	double		d = link->distance_m, far = breakpoint_m(link, 1), rise = link->antenna_height_m - link->receiver_height_m;
	double		loss_db[2];

	if (d <= far)
		loss_db[0] = 32.4 + 21 * log_slant(link) + 20 * log_ghz(link);
	else
		loss_db[0] = 32.4 + 40 * log_slant(link) + 20 * log_ghz(link) - 9.5 * log10(far * far + rise * rise);
	loss_db[1] = fmax(loss_db[0], 35.3 * log_slant(link) + 22.4 + 21.3 * log_ghz(link) - 0.3 * (link->receiver_height_m - 1.5));
	combine(model->variant, d <= 18 ? 1 : 18 / d + exp(-d / 36) * (1 - 18 / d), loss_db, sigma_db, value);
}

/* PL1 of the rural macro. */
static double
rma_near(double distance_m, double frequency_ghz, double roof_m)
{
	double		h = pow(roof_m, 1.72);

	return 20 * log10(40 * RPM_PI * distance_m * frequency_ghz / 3) + fmin(0.03 * h, 10) * log10(distance_m) - fmin(0.044 * h, 14.77) +
		0.002 * log10(roof_m) * distance_m;
}

void
rpm_formula_rma(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	double		h = isnan(link->roof_height_m) ? RPM_RURAL_ROOF_HEIGHT_M : link->roof_height_m;
	double		w = isnan(link->street_width_m) ? RPM_RURAL_STREET_WIDTH_M : link->street_width_m;
	double		b = link->antenna_height_m, u = link->receiver_height_m, ghz = link->frequency_mhz / 1000;
	double		far = 2 * RPM_PI * b * u * link->frequency_mhz * 1e6 / SPEED_M_S;
	double		sigma_db[2] = {link->distance_m <= far ? 4 : 6, 8}, loss_db[2], nlos;

	if (link->distance_m <= far)
		loss_db[0] = rma_near(rpm_path_loss_slant_m(link), ghz, h);
	else
		loss_db[0] = rma_near(far, ghz, h) + 40 * log10(rpm_path_loss_slant_m(link) / far);
	nlos = 161.04 - 7.1 * log10(w) + 7.5 * log10(h) - (24.37 - 3.7 * h * h / b / b) * log10(b) +
		(43.42 - 3.1 * log10(b)) * (log_slant(link) - 3) + 20 * log10(ghz) - (3.2 * pow(log10(11.75 * u), 2) - 4.97);
	loss_db[1] = fmax(loss_db[0], nlos);
	combine(model->variant, link->distance_m <= 10 ? 1 : exp(-(link->distance_m - 10) / 1000), loss_db, sigma_db, value);
}
