/* path_loss_macro.c: free space, Hata, COST 231-Hata, Ericsson 9999. */
#include <math.h>

#include "empirical/path_loss_formulas.h"

#define LARGE_CITY_HIGH_FROM_MHZ 300.0

static double receiver_correction(const rpm_path_loss_link *link, bool large_city);

void
rpm_formula_free_space(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	(void) model;
	value->loss_db = rpm_free_space_loss_db(rpm_path_loss_slant_m(link), link->frequency_mhz * 1e6);
}

/* Hata's a(h_m).  For a large city he gives one form up to 200 MHz and one from 400 MHz; as is usual, the second begins at 300 MHz. */
static double
receiver_correction(const rpm_path_loss_link *link, bool large_city)
{
	double		f = log10(link->frequency_mhz), h = link->receiver_height_m;

	if (!large_city)
		return (1.1 * f - 0.7) * h - (1.56 * f - 0.8);
	if (link->frequency_mhz >= LARGE_CITY_HIGH_FROM_MHZ)
		return 3.2 * pow(log10(11.75 * h), 2) - 4.97;
	return 8.29 * pow(log10(1.54 * h), 2) - 1.1;
}

/* Hata 1980; suburban and open areas with the correction of a small or medium city. */
void
rpm_formula_hata(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	double		f = log10(link->frequency_mhz), b = log10(link->antenna_height_m), d = log10(link->distance_m / 1000);

	value->loss_db = 69.55 + 26.16 * f - 13.82 * b - receiver_correction(link, model->variant == RPM_HATA_LARGE_CITY) +
		(44.9 - 6.55 * b) * d;
	if (model->variant == RPM_HATA_SUBURBAN)
		value->loss_db -= 2 * pow(log10(link->frequency_mhz / 28), 2) + 5.4;
	if (model->variant == RPM_HATA_OPEN)
		value->loss_db -= 4.78 * f * f - 18.33 * f + 40.94;
}

/* COST 231, equation 4.4.3: with the correction of a small or medium city, 3 dB more in metropolitan centres. */
void
rpm_formula_cost231(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	double		f = log10(link->frequency_mhz), b = log10(link->antenna_height_m), d = log10(link->distance_m / 1000);

	value->loss_db = 46.3 + 33.9 * f - 13.82 * b - receiver_correction(link, false) + (44.9 - 6.55 * b) * d +
		(model->variant == RPM_HATA_LARGE_CITY ? 3 : 0);
}

/*
 * With 3.2 (log10 11.75 h)^2, the form of Hata's correction; another reading takes the square inside the logarithm.  Its suburban and
 * rural lines are so steep that they run below free space up to about 500 m, where free space stands instead.
 */
void
rpm_formula_ericsson(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value)
{
	static const double a0[] = {36.2, 43.20, 45.95}, a1[] = {30.2, 68.93, 100.6};
	double		f = log10(link->frequency_mhz), b = log10(link->antenna_height_m), d = log10(link->distance_m / 1000);

	value->loss_db = a0[model->variant] + a1[model->variant] * d - 12 * b + 0.1 * b * d -
		3.2 * pow(log10(11.75 * link->receiver_height_m), 2) + 44.49 * f - 4.78 * f * f;
	value->loss_db = fmax(value->loss_db, rpm_free_space_loss_db(rpm_path_loss_slant_m(link), link->frequency_mhz * 1e6));
}
