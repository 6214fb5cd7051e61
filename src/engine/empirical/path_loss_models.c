/* path_loss_models.c: the table of path-loss models and what is the same for all of them (rpm_path_loss.h). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "empirical/path_loss_formulas.h"

#define ANY {1e-3, 1e9}
#define HATA {150, 1500}, {1000, 20000}, {30, 200}, {1, 10}
#define COST231 {1500, 2000}, {1000, 20000}, {30, 200}, {1, 10}
#define ERICSSON {150, 1900}, {200, 100000}, {20, 200}, {1, 10}
#define UMA {500, 100000}, {10, 5000}, {10, 150}, {1.5, 22.5}
#define UMI {500, 100000}, {10, 5000}, {3, 30}, {1.5, 22.5}
#define RMA(most_m) {500, 30000}, {10, most_m}, {10, 150}, {1, 10}

#define HATA_SOURCE "M. Hata, IEEE Trans. Vehicular Technology 29(3), 1980"
#define COST_SOURCE "COST 231 final report, 1999, section 4.4.1"
#define ERICSSON_SOURCE "Ericsson Radio Planning Tool 9999; ranges as commonly quoted"
#define TR_SOURCE "3GPP TR 38.901, Tables 7.4.1-1 and 7.4.2-1"
#define P1411_SOURCE "ITU-R P.1411-12 (2023), section 4.1.1, Table 4"
#define P1411_ABOVE_SOURCE "ITU-R P.1411-12 (2023), section 4.2.1, Table 8"
#define P1411_ROOFS_SOURCE "ITU-R P.1411-12 (2023), section 4.2.2.1"

static const rpm_path_loss_model models[] = {
	{"free_space", "any", rpm_formula_free_space, 0, true, ANY, ANY, ANY, ANY, "ITU-R P.525-4 (2019)"},
	{"okumura_hata", "urban", rpm_formula_hata, RPM_HATA_URBAN, false, HATA, HATA_SOURCE},
	{"okumura_hata", "urban_large_city", rpm_formula_hata, RPM_HATA_LARGE_CITY, false, HATA, HATA_SOURCE},
	{"okumura_hata", "suburban", rpm_formula_hata, RPM_HATA_SUBURBAN, false, HATA, HATA_SOURCE},
	{"okumura_hata", "open", rpm_formula_hata, RPM_HATA_OPEN, false, HATA, HATA_SOURCE},
	{"cost231_hata", "urban", rpm_formula_cost231, RPM_HATA_URBAN, false, COST231, COST_SOURCE},
	{"cost231_hata", "urban_large_city", rpm_formula_cost231, RPM_HATA_LARGE_CITY, false, COST231, COST_SOURCE},
	{"ericsson_9999", "urban", rpm_formula_ericsson, RPM_ERICSSON_URBAN, false, ERICSSON, ERICSSON_SOURCE},
	{"ericsson_9999", "suburban", rpm_formula_ericsson, RPM_ERICSSON_SUBURBAN, false, ERICSSON, ERICSSON_SOURCE},
	{"ericsson_9999", "rural", rpm_formula_ericsson, RPM_ERICSSON_RURAL, false, ERICSSON, ERICSSON_SOURCE},
	{"tr38901_uma", "mean", rpm_formula_uma, RPM_CONDITION_MEAN, false, UMA, TR_SOURCE},
	{"tr38901_uma", "los", rpm_formula_uma, RPM_CONDITION_LOS, false, UMA, TR_SOURCE},
	{"tr38901_uma", "nlos", rpm_formula_uma, RPM_CONDITION_NLOS, false, UMA, TR_SOURCE},
	{"tr38901_umi", "mean", rpm_formula_umi, RPM_CONDITION_MEAN, false, UMI, TR_SOURCE},
	{"tr38901_umi", "los", rpm_formula_umi, RPM_CONDITION_LOS, false, UMI, TR_SOURCE},
	{"tr38901_umi", "nlos", rpm_formula_umi, RPM_CONDITION_NLOS, false, UMI, TR_SOURCE},
	{"tr38901_rma", "mean", rpm_formula_rma, RPM_CONDITION_MEAN, false, RMA(5000), TR_SOURCE},
	{"tr38901_rma", "los", rpm_formula_rma, RPM_CONDITION_LOS, false, RMA(10000), TR_SOURCE},
	{"tr38901_rma", "nlos", rpm_formula_rma, RPM_CONDITION_NLOS, false, RMA(5000), TR_SOURCE},
	{"p1411_below_rooftop", "nlos_high_rise", rpm_formula_p1411_site_general, RPM_BELOW_ROOF_HIGH_RISE, true,
		{800, 82000}, {30, 715}, ANY, ANY, P1411_SOURCE},
	{"p1411_below_rooftop", "nlos_low_rise", rpm_formula_p1411_site_general, RPM_BELOW_ROOF_LOW_RISE, true,
		{10000, 73000}, {30, 250}, ANY, ANY, P1411_SOURCE},
	{"p1411_below_rooftop", "nlos_residential", rpm_formula_p1411_site_general, RPM_BELOW_ROOF_RESIDENTIAL, true,
		{800, 73000}, {30, 170}, ANY, ANY, P1411_SOURCE},
	{"p1411_below_rooftop", "los", rpm_formula_p1411_site_general, RPM_BELOW_ROOF_LOS, true,
		{800, 82000}, {5, 660}, ANY, ANY, P1411_SOURCE},
	{"p1411_above_rooftop", "nlos_high_rise", rpm_formula_p1411_site_general, RPM_ABOVE_ROOF_HIGH_RISE, true,
		{2200, 66500}, {260, 1200}, ANY, ANY, P1411_ABOVE_SOURCE},
	{"p1411_above_rooftop", "los", rpm_formula_p1411_site_general, RPM_ABOVE_ROOF_LOS, true,
		{2200, 73000}, {55, 1200}, ANY, ANY, P1411_ABOVE_SOURCE},
	{"p1411_over_rooftops", "urban", rpm_formula_p1411_over_roofs, RPM_OVER_ROOFS_MEDIUM_CITY, false,
		{800, 26000}, {20, 5000}, {4, 55}, {1, 3}, P1411_ROOFS_SOURCE},
	{"p1411_over_rooftops", "urban_large_city", rpm_formula_p1411_over_roofs, RPM_OVER_ROOFS_METROPOLIS, false,
		{800, 26000}, {20, 5000}, {4, 55}, {1, 3}, P1411_ROOFS_SOURCE}
};

#define MODEL_COUNT ((int) (sizeof(models) / sizeof(models[0])))

static rpm_code check_link(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_status *status);
static bool is_length(double value);
static void note_outside(rpm_path_loss_value *value, const char *name, double number, rpm_path_loss_range range);
static void list_names(const char *model, char *list, size_t size);

const rpm_path_loss_model *
rpm_path_loss_models(int *count)
{
	*count = MODEL_COUNT;
	return models;
}

rpm_code
rpm_path_loss_find(const char *model, const char *environment, const rpm_path_loss_model **found, rpm_status *status)
{
	bool		known = false;
	char		list[256], hint[320];

	for (int i = 0; i < MODEL_COUNT; i++)
	{
		if (strcmp(models[i].model, model) != 0)
			continue;
		known = true;
		if (environment == NULL || strcmp(models[i].environment, environment) == 0)
		{
			*found = &models[i];
			return RPM_OK;
		}
	}
	list_names(known ? model : NULL, list, sizeof(list));
	snprintf(hint, sizeof(hint), "Use one of %s.", list);
	if (known)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "model %s has no environment \"%.60s\"", model, environment);
	return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "there is no path-loss model \"%.60s\"", model);
}

/* The environments of a model, or, when it is NULL, the models. */
static void
list_names(const char *model, char *list, size_t size)
{
	const char *before = "";

	list[0] = '\0';
	for (int i = 0; i < MODEL_COUNT; i++)
	{
		const char *name = model != NULL ? models[i].environment : models[i].model;

		if ((model != NULL && strcmp(models[i].model, model) != 0) || (model == NULL && strcmp(name, before) == 0))
			continue;
		snprintf(list + strlen(list), size - strlen(list), "%s%s", list[0] != '\0' ? ", " : "", name);
		before = name;
	}
}

rpm_path_loss_link
rpm_path_loss_link_of(double distance_m, double frequency_mhz, double antenna_height_m, double receiver_height_m)
{
	rpm_path_loss_link link = {distance_m, frequency_mhz, antenna_height_m, receiver_height_m, NAN, NAN, NAN, NAN, NAN};

	return link;
}

double
rpm_path_loss_slant_m(const rpm_path_loss_link *link)
{
	return hypot(link->distance_m, link->antenna_height_m - link->receiver_height_m);
}

rpm_code
rpm_path_loss(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_path_loss_value *value, rpm_status *status)
{
	double		distance_m, slant_m = rpm_path_loss_slant_m(link);
	rpm_code	code = check_link(model, link, status);

	if (code != RPM_OK)
		return code;
	memset(value, 0, sizeof(*value));
	value->sigma_db = value->line_of_sight = NAN;
	distance_m = model->slant ? slant_m : link->distance_m;
	note_outside(value, "frequency_mhz", link->frequency_mhz, model->frequency_mhz);
	note_outside(value, "distance_m", distance_m, model->distance_m);
	note_outside(value, "antenna_height_m", link->antenna_height_m, model->antenna_height_m);
	note_outside(value, "receiver_height_m", link->receiver_height_m, model->receiver_height_m);
	model->formula(model, link, value);
	if (value->outside != NULL)
		value->loss_db = fmax(value->loss_db, rpm_free_space_loss_db(slant_m, link->frequency_mhz * 1e6));
	return RPM_OK;
}

static rpm_code
check_link(const rpm_path_loss_model *model, const rpm_path_loss_link *link, rpm_status *status)
{
	const char *hint = "Give a finite number above 0.";

	if (!is_length(link->distance_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "distance_m is %g", link->distance_m);
	if (!is_length(link->frequency_mhz))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "frequency_mhz is %g", link->frequency_mhz);
	if (!is_length(link->antenna_height_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "antenna_height_m is %g", link->antenna_height_m);
	if (!is_length(link->receiver_height_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "receiver_height_m is %g", link->receiver_height_m);
	if (!isnan(link->roof_height_m) && !is_length(link->roof_height_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "roof_height_m is %g", link->roof_height_m);
	if (!isnan(link->street_width_m) && !is_length(link->street_width_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "street_width_m is %g", link->street_width_m);
	if (!isnan(link->building_separation_m) && !is_length(link->building_separation_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "building_separation_m is %g", link->building_separation_m);
	if (!isnan(link->building_length_m) && !is_length(link->building_length_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "building_length_m is %g", link->building_length_m);
	if (!isnan(link->street_angle_deg) && !(link->street_angle_deg >= 0 && link->street_angle_deg <= 90))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give 0 to 90 degrees.", "street_angle_deg is %g", link->street_angle_deg);
	if (model->formula == rpm_formula_p1411_over_roofs)
	{
		double		roof_m = isnan(link->roof_height_m) ? RPM_CITY_ROOF_HEIGHT_M : link->roof_height_m;

		if (roof_m <= link->receiver_height_m)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "The model is for receivers below the roofs.",
							"roof_height_m %g is not above receiver_height_m %g", roof_m, link->receiver_height_m);
	}
	return RPM_OK;
}

static bool
is_length(double value)
{
	return value > 0 && isfinite(value);
}

static void
note_outside(rpm_path_loss_value *value, const char *name, double number, rpm_path_loss_range range)
{
	if (value->outside != NULL || (number >= range.least && number <= range.most))
		return;
	value->outside = name;
	value->outside_value = number;
	value->outside_least = range.least;
	value->outside_most = range.most;
}
