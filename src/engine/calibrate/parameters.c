/*
 * parameters.c: the parameters of a site: their scales, priors and bounds, and the values that the evaluation takes from them.
 *
 * Priors.  Antennas: what data sheets and installation usually leave open: 5 degrees of azimuth, 2 of tilt, 20 % of a beam width, 5 dB of
 * side lobes, 8 dB of the back lobe (what stands behind an antenna fills it), 1 dB of gain, 6 dB of power and cables.  Materials: the
 * spread of P.2040-3 between building materials of one kind and of published measurements beside it: a factor e^0.3 on eps' - 1, e on the
 * conductivity, e^0.2 on the thickness.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/store.h"
#include "rpm_level.h"

typedef enum fit_scale { SCALE_LINEAR = 0, SCALE_LOG, SCALE_LOGISTIC } fit_scale;

/* Bounds as a distance from the prior in the scale of the fit, or as such. */
typedef struct parameter_rule
{
	fit_scale	scale;
	double		prior_sd;
	double		reach;			/* at most so far from the prior, in the scale of the fit */
	double		lowest, highest;	/* and within these, in the unit */
} parameter_rule;

static const parameter_rule rules[RPM_PARAMETER_KINDS] = {
	[RPM_PARAMETER_AZIMUTH_DEG] = {SCALE_LINEAR, 5, 60, -INFINITY, INFINITY},
	[RPM_PARAMETER_TILT_DEG] = {SCALE_LINEAR, 2, 15, -90, 90},
	[RPM_PARAMETER_HORIZONTAL_BEAMWIDTH_DEG] = {SCALE_LOG, 0.2, 1, 3, 360},
	[RPM_PARAMETER_VERTICAL_BEAMWIDTH_DEG] = {SCALE_LOG, 0.2, 1, 1, 180},
	[RPM_PARAMETER_SIDE_LOBE_FLOOR_DB] = {SCALE_LINEAR, 5, 20, 5, 60},
	[RPM_PARAMETER_FRONT_TO_BACK_DB] = {SCALE_LINEAR, 8, 25, 5, 60},
	[RPM_PARAMETER_GAIN_DBI] = {SCALE_LINEAR, 1, 10, -50, 60},
	[RPM_PARAMETER_OFFSET_DB] = {SCALE_LINEAR, 6, 60, -60, 60},
	[RPM_PARAMETER_ROOF_OFFSET_DB] = {SCALE_LINEAR, 10, 60, -60, 60},
	[RPM_PARAMETER_ROOF_SLOPE_DB] = {SCALE_LINEAR, 10, 40, -40, 40},
	[RPM_PARAMETER_ROOF_SHARE] = {SCALE_LINEAR, 0.3, 2, -0.5, 1.5},
	[RPM_PARAMETER_INDOOR_LOSS_DB] = {SCALE_LINEAR, 8, 60, -10, 80},
	[RPM_PARAMETER_PERMITTIVITY] = {SCALE_LOG, 0.3, 3, 0, INFINITY},
	[RPM_PARAMETER_CONDUCTIVITY] = {SCALE_LOG, 1, 6, 0, INFINITY},
	[RPM_PARAMETER_THICKNESS] = {SCALE_LOG, 0.2, 1.5, 0, INFINITY},
	[RPM_PARAMETER_SCATTERING] = {SCALE_LOGISTIC, 1, 6, 0, 1},
	[RPM_PARAMETER_BUILDING_PERMITTIVITY] = {SCALE_LOG, 0.3, 3, 0, INFINITY},
	[RPM_PARAMETER_BUILDING_CONDUCTIVITY] = {SCALE_LOG, 0.7, 6, 0, INFINITY}
};

/* What is taken from a level indoors before anything was measured: entry loss of a building, traditional kind, median at 1 to 2 GHz
 * (Recommendation ITU-R P.2109-1, figure 1). */
#define INDOOR_LOSS_DB 15.0
/* Of the traced way over the roofs, in dB: half of what it says beside the formula. */
#define ROOF_SHARE 0.5
/* Above this a material's coefficient is as good as 1 and has no logistic scale. */
#define SCATTERING_MOST 0.999

static void set_antenna(const rpm_path_store *store, int32_t antenna, rpm_parameter *parameters);
static void set_walls(const rpm_path_store *store, int32_t antenna, const rpm_parameter *p, rpm_store_wall *walls);
static void put(rpm_parameter *parameters, size_t index, int kind, int32_t owner, double prior);

double
rpm_parameter_to_fit(int kind, double value)
{
	if (rules[kind].scale == SCALE_LOG)
		return log(value);
	if (rules[kind].scale == SCALE_LOGISTIC)
		return value > 0 ? log(value / (1 - value)) : -INFINITY;
	return value;
}

double
rpm_parameter_from_fit(int kind, double z)
{
	if (rules[kind].scale == SCALE_LOG)
		return exp(z);
	if (rules[kind].scale == SCALE_LOGISTIC)
		return 1 / (1 + exp(-z));
	return z;
}

rpm_code
rpm_calibration_create(const rpm_path_store *store, rpm_calibration *calibration, rpm_status *status)
{
	const rpm_calibrate_input *input = &store->input;

	memset(calibration, 0, sizeof *calibration);
	calibration->scale_db = NAN;
	calibration->parameters = calloc(store->parameter_count, sizeof(rpm_parameter));
	if (calibration->parameters == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu parameters", store->parameter_count);
	calibration->parameter_count = store->parameter_count;
	for (int32_t i = 0; i < input->antenna_count; i++)
		set_antenna(store, i, calibration->parameters);
	put(calibration->parameters, rpm_site_parameter(store, RPM_PARAMETER_ROOF_OFFSET_DB), RPM_PARAMETER_ROOF_OFFSET_DB, 0, 0);
	put(calibration->parameters, rpm_site_parameter(store, RPM_PARAMETER_ROOF_SLOPE_DB), RPM_PARAMETER_ROOF_SLOPE_DB, 0, 0);
	put(calibration->parameters, rpm_site_parameter(store, RPM_PARAMETER_ROOF_SHARE), RPM_PARAMETER_ROOF_SHARE, 0,
		store->options.mechanisms & RPM_OVER_ROOFS ? ROOF_SHARE : 0);
	put(calibration->parameters, rpm_site_parameter(store, RPM_PARAMETER_INDOOR_LOSS_DB), RPM_PARAMETER_INDOOR_LOSS_DB, 0, INDOOR_LOSS_DB);
	for (int32_t m = 0; m < (int32_t) input->scene->material_count; m++)
		for (int kind = RPM_PARAMETER_PERMITTIVITY; kind <= RPM_PARAMETER_SCATTERING; kind++)
			put(calibration->parameters, rpm_material_parameter(store, m, kind), kind, m, kind != RPM_PARAMETER_SCATTERING ? 1
				: fmin(SCATTERING_MOST, input->antennas[0].materials[m].scattering_coefficient));
	for (int32_t b = 0; b < (int32_t) input->scene->building_count; b++)
		for (int kind = RPM_PARAMETER_BUILDING_PERMITTIVITY; kind <= RPM_PARAMETER_BUILDING_CONDUCTIVITY; kind++)
			put(calibration->parameters, rpm_building_parameter(store, b, kind), kind, b, 1);
	return RPM_OK;
}

void
rpm_calibration_free(rpm_calibration *calibration)
{
	free(calibration->parameters);
	memset(calibration, 0, sizeof *calibration);
}

static void
set_antenna(const rpm_path_store *store, int32_t antenna, rpm_parameter *parameters)
{
	const rpm_antenna *nominal = &store->input.antennas[antenna].antenna;
	const double priors[RPM_ANTENNA_PARAMETERS] = {
		[RPM_PARAMETER_AZIMUTH_DEG] = rpm_degrees(nominal->grid_azimuth_rad),
		[RPM_PARAMETER_TILT_DEG] = rpm_degrees(nominal->mechanical_tilt_rad),
		[RPM_PARAMETER_HORIZONTAL_BEAMWIDTH_DEG] = nominal->pattern.horizontal_beamwidth_deg,
		[RPM_PARAMETER_VERTICAL_BEAMWIDTH_DEG] = nominal->pattern.vertical_beamwidth_deg,
		[RPM_PARAMETER_SIDE_LOBE_FLOOR_DB] = nominal->pattern.side_lobe_floor_db,
		[RPM_PARAMETER_FRONT_TO_BACK_DB] = nominal->pattern.front_to_back_db,
		[RPM_PARAMETER_GAIN_DBI] = nominal->pattern.gain_dbi,
		[RPM_PARAMETER_OFFSET_DB] = 0
	};

	for (int kind = 0; kind < RPM_ANTENNA_PARAMETERS; kind++)
		put(parameters, rpm_antenna_parameter(antenna, kind), kind, antenna, priors[kind]);
}

static void
put(rpm_parameter *parameters, size_t index, int kind, int32_t owner, double prior)
{
	const parameter_rule *rule = &rules[kind];
	double		z = rpm_parameter_to_fit(kind, prior);

	parameters[index] = (rpm_parameter) {.kind = kind, .owner = owner, .value = prior, .prior = prior, .prior_sd = rule->prior_sd,
		.lowest = fmax(rule->lowest, rpm_parameter_from_fit(kind, z - rule->reach)),
		.highest = fmin(rule->highest, rpm_parameter_from_fit(kind, z + rule->reach)), .standard_error = rule->prior_sd};
}

rpm_code
rpm_store_values_create(const rpm_path_store *store, rpm_store_values *values, rpm_status *status)
{
	size_t		materials = store->input.scene->material_count + 1, buildings = store->input.scene->building_count + 1;
	size_t		antennas = (size_t) store->input.antenna_count;

	memset(values, 0, sizeof *values);
	values->antennas = calloc(antennas, sizeof(rpm_antenna));
	values->frames = calloc(antennas, sizeof(rpm_antenna_frame));
	values->offset_db = calloc(antennas, sizeof(double));
	values->walls = calloc(antennas * materials, sizeof(rpm_store_wall));
	values->building_permittivity = calloc(2 * buildings, sizeof(double));
	if (!values->antennas || !values->frames || !values->offset_db || !values->walls || !values->building_permittivity)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the values of %zu materials and %zu buildings", materials, buildings);
	values->building_conductivity = values->building_permittivity + buildings;
	return RPM_OK;
}

void
rpm_store_values_free(rpm_store_values *values)
{
	free(values->antennas);
	free(values->frames);
	free(values->offset_db);
	free(values->walls);
	free(values->building_permittivity);
	memset(values, 0, sizeof *values);
}

void
rpm_store_values_set(const rpm_path_store *store, const rpm_parameter *p, rpm_store_values *values)
{
	for (int32_t i = 0; i < store->input.antenna_count; i++)
	{
		const rpm_calibrate_antenna *nominal = &store->input.antennas[i];
		const rpm_parameter *own = p + rpm_antenna_parameter(i, RPM_PARAMETER_AZIMUTH_DEG);
		rpm_antenna *antenna = &values->antennas[i];

		*antenna = nominal->antenna;
		antenna->grid_azimuth_rad = rpm_radians(own[RPM_PARAMETER_AZIMUTH_DEG].value);
		antenna->mechanical_tilt_rad = rpm_radians(own[RPM_PARAMETER_TILT_DEG].value);
		antenna->pattern.horizontal_beamwidth_deg = own[RPM_PARAMETER_HORIZONTAL_BEAMWIDTH_DEG].value;
		antenna->pattern.vertical_beamwidth_deg = own[RPM_PARAMETER_VERTICAL_BEAMWIDTH_DEG].value;
		antenna->pattern.side_lobe_floor_db = own[RPM_PARAMETER_SIDE_LOBE_FLOOR_DB].value;
		antenna->pattern.front_to_back_db = own[RPM_PARAMETER_FRONT_TO_BACK_DB].value;
		antenna->pattern.gain_dbi = own[RPM_PARAMETER_GAIN_DBI].value;
		values->frames[i] = rpm_antenna_frame_of(antenna);
		set_walls(store, i, p, values->walls + (size_t) i * (store->input.scene->material_count + 1));
		values->offset_db[i] = nominal->rs_power_dbm - nominal->losses_db + own[RPM_PARAMETER_OFFSET_DB].value;
	}
	values->roof_offset_db = p[rpm_site_parameter(store, RPM_PARAMETER_ROOF_OFFSET_DB)].value;
	values->roof_slope_db = p[rpm_site_parameter(store, RPM_PARAMETER_ROOF_SLOPE_DB)].value;
	values->roof_share = p[rpm_site_parameter(store, RPM_PARAMETER_ROOF_SHARE)].value;
	values->indoor_loss_db = p[rpm_site_parameter(store, RPM_PARAMETER_INDOOR_LOSS_DB)].value;
	for (int32_t b = 0; b < (int32_t) store->input.scene->building_count; b++)
	{
		const rpm_parameter *own = p + rpm_building_parameter(store, b, RPM_PARAMETER_BUILDING_PERMITTIVITY);

		values->building_permittivity[b] = own[0].value;
		values->building_conductivity[b] = own[1].value;
	}
}

/* The materials as they are at an antenna's frequency. */
static void
set_walls(const rpm_path_store *store, int32_t antenna, const rpm_parameter *p, rpm_store_wall *walls)
{
	const rpm_calibrate_antenna *nominal = &store->input.antennas[antenna];

	for (int32_t m = 0; m < (int32_t) store->input.scene->material_count; m++)
	{
		const rpm_parameter *own = p + rpm_material_parameter(store, m, RPM_PARAMETER_PERMITTIVITY);
		rpm_complex eta = rpm_relative_permittivity(&nominal->materials[m], nominal->antenna.frequency_hz);

		walls[m] = (rpm_store_wall) {(eta.re - 1) * own[0].value, eta.im * own[1].value, nominal->materials[m].thickness_m * own[2].value,
			own[3].value};
	}
}
