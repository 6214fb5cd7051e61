/*
 * calibration_json.c: the parameters of a calibration as jsonb, and back.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"

#include "calibration_fit.h"
#include "rpm_level.h"
#include "spi_rows.h"

static const char *const names[RPM_PARAMETER_KINDS] = {
	[RPM_PARAMETER_AZIMUTH_DEG] = "azimuth_deg",
	[RPM_PARAMETER_TILT_DEG] = "mechanical_tilt_deg",
	[RPM_PARAMETER_HORIZONTAL_BEAMWIDTH_DEG] = "horizontal_beamwidth_deg",
	[RPM_PARAMETER_VERTICAL_BEAMWIDTH_DEG] = "vertical_beamwidth_deg",
	[RPM_PARAMETER_SIDE_LOBE_FLOOR_DB] = "side_lobe_floor_db",
	[RPM_PARAMETER_FRONT_TO_BACK_DB] = "front_to_back_db",
	[RPM_PARAMETER_GAIN_DBI] = "gain_dbi",
	[RPM_PARAMETER_OFFSET_DB] = "offset_db",
	[RPM_PARAMETER_ROOF_OFFSET_DB] = "over_roofs_offset_db",
	[RPM_PARAMETER_ROOF_SLOPE_DB] = "over_roofs_slope_db",
	[RPM_PARAMETER_ROOF_SHARE] = "over_roofs_share",
	[RPM_PARAMETER_INDOOR_LOSS_DB] = "indoor_loss_db",
	[RPM_PARAMETER_PERMITTIVITY] = "permittivity_factor",
	[RPM_PARAMETER_CONDUCTIVITY] = "conductivity_factor",
	[RPM_PARAMETER_THICKNESS] = "thickness_factor",
	[RPM_PARAMETER_SCATTERING] = "scattering_coefficient",
	[RPM_PARAMETER_BUILDING_PERMITTIVITY] = "permittivity_factor",
	[RPM_PARAMETER_BUILDING_CONDUCTIVITY] = "conductivity_factor"
};

static void put_owners(StringInfo text, const RpmCalibrationSite *site, const rpm_calibration *calibration, int first_kind, int last_kind,
					   bool fitted_only);
static void put_owner(StringInfo text, const RpmCalibrationSite *site, const rpm_parameter *parameter);
static void put_parameter(StringInfo text, const RpmCalibrationSite *site, const rpm_parameter *parameter);
static void put_constants(StringInfo text, const RpmCalibrationSite *site, const rpm_parameter *permittivity);
static bool applies(const RpmCalibrationSite *site, const rpm_parameter *parameter);
static void take_row(const RpmCalibrationSite *site, HeapTuple tuple, rpm_calibration *calibration);
static bool owned_by(const RpmCalibrationSite *site, const rpm_parameter *parameter, const char *family, const char *owner);
static double convergence_of(const RpmCalibrationSite *site, const rpm_parameter *parameter);

Datum
rpm_calibration_parameters_json(const RpmCalibrationSite *site, const char *method, const rpm_calibration *calibration)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"method\": ");
	escape_json(&text, method);
	appendStringInfoString(&text, ", \"antennas\": [");
	put_owners(&text, site, calibration, RPM_PARAMETER_AZIMUTH_DEG, RPM_PARAMETER_OFFSET_DB, false);
	appendStringInfoString(&text, "], \"site\": [");
	put_owners(&text, site, calibration, RPM_PARAMETER_ROOF_OFFSET_DB, RPM_PARAMETER_INDOOR_LOSS_DB, false);
	appendStringInfoString(&text, "], \"materials\": [");
	put_owners(&text, site, calibration, RPM_PARAMETER_PERMITTIVITY, RPM_PARAMETER_SCATTERING, false);
	appendStringInfoString(&text, "], \"buildings\": [");
	put_owners(&text, site, calibration, RPM_PARAMETER_BUILDING_PERMITTIVITY, RPM_PARAMETER_BUILDING_CONDUCTIVITY, true);
	appendStringInfoString(&text, "]}");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
}

/* One object for each owner; an owner's parameters lie together. */
static void
put_owners(StringInfo text, const RpmCalibrationSite *site, const rpm_calibration *calibration, int first_kind, int last_kind, bool fitted_only)
{
	bool		begun = false;

	for (size_t i = 0; i < calibration->parameter_count; i++)
	{
		const rpm_parameter *parameter = &calibration->parameters[i];

		if (parameter->kind < first_kind || parameter->kind > last_kind || (fitted_only && !parameter->fitted))
			continue;
		if (parameter->kind == first_kind)
		{
			appendStringInfoString(text, begun ? "}, {" : "{");
			put_owner(text, site, parameter);
			begun = true;
		}
		if (parameter->kind == RPM_PARAMETER_PERMITTIVITY)
			put_constants(text, site, parameter);
		if (applies(site, parameter))
			put_parameter(text, site, parameter);
	}
	if (begun)
		appendStringInfoChar(text, '}');
}

static void
put_owner(StringInfo text, const RpmCalibrationSite *site, const rpm_parameter *parameter)
{
	if (parameter->kind <= RPM_PARAMETER_OFFSET_DB)
		appendStringInfo(text, "\"antenna_id\": " INT64_FORMAT, site->antennas->antennas[parameter->owner].id);
	else if (parameter->kind <= RPM_PARAMETER_INDOOR_LOSS_DB)
		appendStringInfoString(text, "\"model\": \"tr38901_uma nlos\"");
	else if (parameter->kind <= RPM_PARAMETER_SCATTERING)
	{
		appendStringInfoString(text, "\"material\": ");
		escape_json(text, site->scene->material_names[parameter->owner]);
	}
	else
		appendStringInfo(text, "\"building_id\": " INT64_FORMAT, (int64) site->scene->scene->buildings[parameter->owner].id);
}

/* In the parameter's unit; the standard error to first order. */
static void
put_parameter(StringInfo text, const RpmCalibrationSite *site, const rpm_parameter *parameter)
{
	const double step = 1e-6;
	double		z = rpm_parameter_to_fit(parameter->kind, parameter->value),
				turn = convergence_of(site, parameter),
				rate = isfinite(z) ? (rpm_parameter_from_fit(parameter->kind, z + step) - rpm_parameter_from_fit(parameter->kind, z - step))
		/ (2 * step) : 0,
				value = parameter->value + turn,
				prior = parameter->prior + turn;

	if (parameter->kind == RPM_PARAMETER_AZIMUTH_DEG)
	{
		value = rpm_turned_degrees(value);
		prior = rpm_turned_degrees(prior);
	}
	appendStringInfo(text, ", \"%s\": {\"value\": %.6g, \"prior\": %.6g, \"standard_error\": %.4g, \"learned\": %.4f, \"identifiable\": %s, "
					 "\"at_bound\": %s}", names[parameter->kind], value, prior, rate * parameter->standard_error, parameter->learned,
					 parameter->identifiable ? "true" : "false", parameter->at_bound ? "true" : "false");
}

/* What the factors make of the material at the first antenna's frequency. */
static void
put_constants(StringInfo text, const RpmCalibrationSite *site, const rpm_parameter *permittivity)
{
	const rpm_calibrate_antenna *antenna = &site->engine_antennas[0];
	const rpm_material *material = &antenna->materials[permittivity->owner];
	double		frequency_hz = antenna->antenna.frequency_hz;
	rpm_complex eta = rpm_relative_permittivity(material, frequency_hz);

	appendStringInfo(text, ", \"frequency_mhz\": %.6g, \"relative_permittivity\": %.6g, \"conductivity_s_m\": %.6g, \"thickness_m\": %.6g",
					 frequency_hz / 1e6, 1 + (eta.re - 1) * permittivity[0].value,
					 -eta.im * 2 * RPM_PI * frequency_hz * RPM_VACUUM_PERMITTIVITY_F_M * permittivity[1].value,
					 material->thickness_m * permittivity[2].value);
}

/* Beam widths and floors belong to patterns of TR 38.901, a scattering coefficient to materials that scatter, a share to a traced way. */
static bool
applies(const RpmCalibrationSite *site, const rpm_parameter *parameter)
{
	if (parameter->kind >= RPM_PARAMETER_HORIZONTAL_BEAMWIDTH_DEG && parameter->kind <= RPM_PARAMETER_FRONT_TO_BACK_DB)
		return site->engine_antennas[parameter->owner].antenna.pattern.kind == RPM_PATTERN_TR38901;
	return (parameter->kind != RPM_PARAMETER_SCATTERING && parameter->kind != RPM_PARAMETER_ROOF_SHARE) || parameter->prior > 0;
}

void
rpm_calibration_initial_take(const RpmCalibrationSite *site, Datum initial, rpm_calibration *calibration)
{
	Oid			type = JSONBOID;

	rpm_spi_query("SELECT f.family, coalesce(e.o OPERATOR(pg_catalog.->>) f.key, ''), k.key,"
				  " CASE pg_catalog.jsonb_typeof(k.value) WHEN 'number' THEN (k.value OPERATOR(pg_catalog.#>>) '{}')::pg_catalog.float8"
				  " WHEN 'object' THEN CASE pg_catalog.jsonb_typeof(k.value OPERATOR(pg_catalog.->) 'value') WHEN 'number'"
				  " THEN (k.value OPERATOR(pg_catalog.->>) 'value')::pg_catalog.float8 END END"
				  " FROM (VALUES ('antennas', 'antenna_id'), ('site', ''), ('materials', 'material'), ('buildings', 'building_id')) AS f (family, key),"
				  " LATERAL pg_catalog.jsonb_array_elements(CASE WHEN pg_catalog.jsonb_typeof($1 OPERATOR(pg_catalog.->) f.family)"
				  " OPERATOR(pg_catalog.=) 'array' THEN $1 OPERATOR(pg_catalog.->) f.family ELSE '[]' END) AS e (o),"
				  " LATERAL pg_catalog.jsonb_each(CASE WHEN pg_catalog.jsonb_typeof(e.o) OPERATOR(pg_catalog.=) 'object' THEN e.o ELSE '{}' END)"
				  " AS k (key, value)", 1, &type, &initial, NULL);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("initial holds no parameters"),
				 errhint("Give the parameters of an earlier calibration: {\"antennas\": [{\"antenna_id\": 1, \"azimuth_deg\": 92}], ...}.")));
	for (uint64 i = 0; i < SPI_processed; i++)
		take_row(site, SPI_tuptable->vals[i], calibration);
	SPI_finish();
}

/* What no longer belongs to the site is left out; a value beyond a bound is taken at it. */
static void
take_row(const RpmCalibrationSite *site, HeapTuple tuple, rpm_calibration *calibration)
{
	char	   *family = rpm_column_text(tuple, 1, CurrentMemoryContext),
			   *owner = rpm_column_text(tuple, 2, CurrentMemoryContext),
			   *name = rpm_column_text(tuple, 3, CurrentMemoryContext);
	double		value = rpm_column_double(tuple, 4);

	for (size_t i = 0; i < calibration->parameter_count; i++)
	{
		rpm_parameter *parameter = &calibration->parameters[i];
		double		own = value - convergence_of(site, parameter);

		if (strcmp(names[parameter->kind], name) != 0 || !owned_by(site, parameter, family, owner) || !applies(site, parameter))
			continue;
		if (!isfinite(value))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("initial has no number as %s of \"%s\"", name, owner),
					 errhint("Give a number, or an object with a number as its value, or leave it out.")));
		if (parameter->kind == RPM_PARAMETER_AZIMUTH_DEG)
			own = parameter->prior + remainder(own - parameter->prior, 360);
		parameter->value = Min(parameter->highest, Max(parameter->lowest, own));
	}
}

static bool
owned_by(const RpmCalibrationSite *site, const rpm_parameter *parameter, const char *family, const char *owner)
{
	int			kind = parameter->kind;

	if (kind <= RPM_PARAMETER_OFFSET_DB)
		return strcmp(family, "antennas") == 0 && strcmp(owner, psprintf(INT64_FORMAT, site->antennas->antennas[parameter->owner].id)) == 0;
	if (kind <= RPM_PARAMETER_INDOOR_LOSS_DB)
		return strcmp(family, "site") == 0;
	if (kind <= RPM_PARAMETER_SCATTERING)
		return strcmp(family, "materials") == 0 && strcmp(owner, site->scene->material_names[parameter->owner]) == 0;
	return strcmp(family, "buildings") == 0
		&& strcmp(owner, psprintf(INT64_FORMAT, (int64) site->scene->scene->buildings[parameter->owner].id)) == 0;
}

/* From grid to true azimuth. */
static double
convergence_of(const RpmCalibrationSite *site, const rpm_parameter *parameter)
{
	return parameter->kind == RPM_PARAMETER_AZIMUTH_DEG ? site->antennas->antennas[parameter->owner].convergence_deg : 0;
}
