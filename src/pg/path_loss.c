/*
 * path_loss.c: rpm_path_loss, rpm_path_loss_detail, rpm_path_loss_models and rpm_path_loss_profile: the engine's models in SQL.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "arguments.h"
#include "datums.h"
#include "rpm_path_loss.h"
#include "rpm_path_profile.h"
#include "status_report.h"

/* What a number may be at all; the models' own ranges are the engine's. */
#define LEAST_NUMBER 1e-3
#define MOST_NUMBER 1e9

/* Arguments by number, as in sql/70_path_loss.sql; rpm_path_loss_detail has no outside_range. */
enum
{
	ARGUMENT_MODEL = 0,
	ARGUMENT_DISTANCE,
	ARGUMENT_FREQUENCY,
	ARGUMENT_ANTENNA_HEIGHT,
	ARGUMENT_RECEIVER_HEIGHT,
	ARGUMENT_ENVIRONMENT,
	ARGUMENT_OUTSIDE
};

/* Arguments of rpm_path_loss_profile. */
enum
{
	PROFILE_DISTANCES = 0,
	PROFILE_HEIGHTS,
	PROFILE_FREQUENCY,
	PROFILE_ANTENNA_HEIGHT,
	PROFILE_RECEIVER_HEIGHT,
	PROFILE_CLUTTER,
	PROFILE_ZONES,
	PROFILE_POLARISATION,
	PROFILE_TIME,
	PROFILE_LOCATION,
	PROFILE_LOCATION_SIGMA,
	PROFILE_RESOLUTION,
	PROFILE_LATITUDE,
	PROFILE_GRADIENT,
	PROFILE_REFRACTIVITY,
	PROFILE_ANTENNA_COAST,
	PROFILE_RECEIVER_COAST,
	PROFILE_OUTSIDE
};

typedef enum OutsideRange
{
	OUTSIDE_ERROR = 0,
	OUTSIDE_EXTRAPOLATE,
	OUTSIDE_NULL
} OutsideRange;

static const char *const outside_names[] = {
	[OUTSIDE_ERROR] = "error",
	[OUTSIDE_EXTRAPOLATE] = "extrapolate",
	[OUTSIDE_NULL] = "null"
};

static const char *const polarisation_names[] = {"vertical", "horizontal"};

PG_FUNCTION_INFO_V1(rpm_sql_path_loss);
PG_FUNCTION_INFO_V1(rpm_sql_path_loss_detail);
PG_FUNCTION_INFO_V1(rpm_sql_path_loss_models);
PG_FUNCTION_INFO_V1(rpm_sql_path_loss_profile);

static const rpm_path_loss_model *evaluate(FunctionCallInfo fcinfo, int first_optional, rpm_path_loss_value *value);
static bool any_null(FunctionCallInfo fcinfo, int first, int last);
static double optional_number(FunctionCallInfo fcinfo, int number, const char *name, double least, double most);
static void refuse_outside(const char *what, const char *name, double number, double least, double most);
static void put_range(rpm_path_loss_range range, Datum *values, bool *nulls);
static rpm_path_profile read_profile(FunctionCallInfo fcinfo);
static double *read_numbers(FunctionCallInfo fcinfo, int number, const char *name, int *count);
static int *read_zones(FunctionCallInfo fcinfo, int *count);
static void check_length(const char *name, int count, int wanted);
static rpm_profile_link read_profile_link(FunctionCallInfo fcinfo);
static Datum profile_row(FunctionCallInfo fcinfo, const rpm_profile_loss *loss);

Datum
rpm_sql_path_loss(PG_FUNCTION_ARGS)
{
	OutsideRange outside;
	const rpm_path_loss_model *model;
	rpm_path_loss_value value;

	if (any_null(fcinfo, ARGUMENT_MODEL, ARGUMENT_RECEIVER_HEIGHT))
		PG_RETURN_NULL();
	outside = rpm_argument_choice(fcinfo, ARGUMENT_OUTSIDE, "outside_range", outside_names, lengthof(outside_names));
	model = evaluate(fcinfo, ARGUMENT_OUTSIDE + 1, &value);
	if (value.outside != NULL && outside == OUTSIDE_NULL)
		PG_RETURN_NULL();
	if (value.outside != NULL && outside == OUTSIDE_ERROR)
		refuse_outside(psprintf("model %s, %s", model->model, model->environment), value.outside, value.outside_value,
					   value.outside_least, value.outside_most);
	PG_RETURN_FLOAT8(value.loss_db);
}

Datum
rpm_sql_path_loss_detail(PG_FUNCTION_ARGS)
{
	rpm_path_loss_value value;
	Datum		values[5] = {0};
	bool		nulls[5] = {false};

	if (any_null(fcinfo, ARGUMENT_MODEL, ARGUMENT_RECEIVER_HEIGHT))
		PG_RETURN_NULL();
	(void) evaluate(fcinfo, ARGUMENT_ENVIRONMENT + 1, &value);
	values[0] = Float8GetDatum(value.loss_db);
	values[1] = Float8GetDatum(value.sigma_db);
	nulls[1] = isnan(value.sigma_db);
	values[2] = Float8GetDatum(value.line_of_sight);
	nulls[2] = isnan(value.line_of_sight);
	values[3] = BoolGetDatum(value.outside == NULL);
	nulls[4] = value.outside == NULL;
	if (value.outside != NULL)
		values[4] = CStringGetTextDatum(psprintf("%s is %g, the source's range is %g to %g", value.outside, value.outside_value,
												 value.outside_least, value.outside_most));
	PG_RETURN_DATUM(rpm_result_row(fcinfo, values, nulls));
}

/* first_optional: the number of the argument roof_height_m, which the other optional ones follow. */
static const rpm_path_loss_model *
evaluate(FunctionCallInfo fcinfo, int first_optional, rpm_path_loss_value *value)
{
	char	   *environment = PG_ARGISNULL(ARGUMENT_ENVIRONMENT) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_ENVIRONMENT));
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_MODEL));
	const rpm_path_loss_model *model = NULL;
	rpm_path_loss_link link;
	rpm_status	status;

	link.distance_m = rpm_argument_number(fcinfo, ARGUMENT_DISTANCE, "distance_m", LEAST_NUMBER, MOST_NUMBER);
	link.frequency_mhz = rpm_argument_number(fcinfo, ARGUMENT_FREQUENCY, "frequency_mhz", LEAST_NUMBER, MOST_NUMBER);
	link.antenna_height_m = rpm_argument_number(fcinfo, ARGUMENT_ANTENNA_HEIGHT, "antenna_height_m", LEAST_NUMBER, MOST_NUMBER);
	link.receiver_height_m = rpm_argument_number(fcinfo, ARGUMENT_RECEIVER_HEIGHT, "receiver_height_m", LEAST_NUMBER, MOST_NUMBER);
	link.roof_height_m = optional_number(fcinfo, first_optional, "roof_height_m", LEAST_NUMBER, MOST_NUMBER);
	link.street_width_m = optional_number(fcinfo, first_optional + 1, "street_width_m", LEAST_NUMBER, MOST_NUMBER);
	link.building_separation_m = optional_number(fcinfo, first_optional + 2, "building_separation_m", LEAST_NUMBER, MOST_NUMBER);
	link.building_length_m = optional_number(fcinfo, first_optional + 3, "building_length_m", LEAST_NUMBER, MOST_NUMBER);
	link.street_angle_deg = optional_number(fcinfo, first_optional + 4, "street_angle_deg", 0, 90);
	rpm_status_clear(&status);
	rpm_path_loss_find(name, environment, &model, &status);
	rpm_report_status(&status);
	rpm_path_loss(model, &link, value, &status);
	rpm_report_status(&status);
	return model;
}

static bool
any_null(FunctionCallInfo fcinfo, int first, int last)
{
	for (int i = first; i <= last; i++)
		if (PG_ARGISNULL(i))
			return true;
	return false;
}

/* NaN for null: the model's own value. */
static double
optional_number(FunctionCallInfo fcinfo, int number, const char *name, double least, double most)
{
	return PG_ARGISNULL(number) ? get_float8_nan() : rpm_argument_number(fcinfo, number, name, least, most);
}

static void
refuse_outside(const char *what, const char *name, double number, double least, double most)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s: %s is %g", what, name, number),
			 errhint("The source gives %g to %g. outside_range => 'extrapolate' continues the formula, 'null' gives null.", least, most)));
}

Datum
rpm_sql_path_loss_models(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			count;
	const rpm_path_loss_model *models = rpm_path_loss_models(&count);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < count; i++)
	{
		const rpm_path_loss_model *m = &models[i];
		Datum		values[12] = {0};
		bool		nulls[12] = {false};

		values[0] = CStringGetTextDatum(m->model);
		values[1] = CStringGetTextDatum(m->environment);
		values[2] = BoolGetDatum(i == 0 || strcmp(m->model, models[i - 1].model) != 0);
		put_range(m->frequency_mhz, values + 3, nulls + 3);
		put_range(m->distance_m, values + 5, nulls + 5);
		put_range(m->antenna_height_m, values + 7, nulls + 7);
		put_range(m->receiver_height_m, values + 9, nulls + 9);
		values[11] = CStringGetTextDatum(m->source);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* Two columns; null where the source states no range. */
static void
put_range(rpm_path_loss_range range, Datum *values, bool *nulls)
{
	values[0] = Float8GetDatum(range.least);
	values[1] = Float8GetDatum(range.most);
	nulls[0] = nulls[1] = range.least <= LEAST_NUMBER && range.most >= MOST_NUMBER;
}

Datum
rpm_sql_path_loss_profile(PG_FUNCTION_ARGS)
{
	OutsideRange outside;
	rpm_path_profile profile;
	rpm_profile_link link;
	rpm_profile_loss loss;
	rpm_status	status;

	if (any_null(fcinfo, PROFILE_DISTANCES, PROFILE_RECEIVER_HEIGHT))
		PG_RETURN_NULL();
	outside = rpm_argument_choice(fcinfo, PROFILE_OUTSIDE, "outside_range", outside_names, lengthof(outside_names));
	profile = read_profile(fcinfo);
	link = read_profile_link(fcinfo);
	rpm_status_clear(&status);
	rpm_profile_path_loss(&profile, &link, &loss, &status);
	rpm_report_status(&status);
	if (loss.outside != NULL && outside == OUTSIDE_NULL)
		PG_RETURN_NULL();
	if (loss.outside != NULL && outside == OUTSIDE_ERROR)
		refuse_outside("ITU-R P.1812", loss.outside, loss.outside_value, loss.outside_least, loss.outside_most);
	return profile_row(fcinfo, &loss);
}

static rpm_path_profile
read_profile(FunctionCallInfo fcinfo)
{
	rpm_path_profile profile = {0};
	int			count;

	profile.distance_m = read_numbers(fcinfo, PROFILE_DISTANCES, "distances_m", &profile.points);
	profile.height_m = read_numbers(fcinfo, PROFILE_HEIGHTS, "heights_m", &count);
	check_length("heights_m", count, profile.points);
	if (!PG_ARGISNULL(PROFILE_CLUTTER))
	{
		profile.clutter_m = read_numbers(fcinfo, PROFILE_CLUTTER, "clutter_m", &count);
		check_length("clutter_m", count, profile.points);
	}
	if (!PG_ARGISNULL(PROFILE_ZONES))
	{
		profile.zone = read_zones(fcinfo, &count);
		check_length("zones", count, profile.points);
	}
	return profile;
}

static void
check_length(const char *name, int count, int wanted)
{
	if (count != wanted)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s has %d elements, distances_m has %d", name, count, wanted),
				 errhint("Give one for each point of the profile.")));
}

static double *
read_numbers(FunctionCallInfo fcinfo, int number, const char *name, int *count)
{
	Datum	   *elements;
	bool	   *nulls;
	double	   *numbers;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(number), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls,
					  count);
	numbers = palloc((*count + 1) * sizeof(double));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s is null", i + 1, name),
					 errhint("Leave the point out of the profile, or interpolate it.")));
		numbers[i] = DatumGetFloat8(elements[i]);
	}
	return numbers;
}

static int *
read_zones(FunctionCallInfo fcinfo, int *count)
{
	Datum	   *elements;
	bool	   *nulls;
	int		   *zones;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(PROFILE_ZONES), INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, count);
	zones = palloc((*count + 1) * sizeof(int));
	for (int i = 0; i < *count; i++)
		zones[i] = nulls[i] ? 0 : DatumGetInt32(elements[i]);
	return zones;
}

static rpm_profile_link
read_profile_link(FunctionCallInfo fcinfo)
{
	rpm_profile_link link;

	link.frequency_mhz = rpm_argument_number(fcinfo, PROFILE_FREQUENCY, "frequency_mhz", LEAST_NUMBER, MOST_NUMBER);
	link.antenna_height_m = rpm_argument_number(fcinfo, PROFILE_ANTENNA_HEIGHT, "antenna_height_m", LEAST_NUMBER, MOST_NUMBER);
	link.receiver_height_m = rpm_argument_number(fcinfo, PROFILE_RECEIVER_HEIGHT, "receiver_height_m", LEAST_NUMBER, MOST_NUMBER);
	link.horizontal = rpm_argument_choice(fcinfo, PROFILE_POLARISATION, "polarisation", polarisation_names,
										  lengthof(polarisation_names)) == 1;
	link.time_percent = rpm_argument_number(fcinfo, PROFILE_TIME, "time_percent", 1, 50);
	link.location_percent = rpm_argument_number(fcinfo, PROFILE_LOCATION, "location_percent", 1, 99);
	link.location_sigma_db = optional_number(fcinfo, PROFILE_LOCATION_SIGMA, "location_sigma_db", 0, 100);
	link.resolution_m = rpm_argument_number(fcinfo, PROFILE_RESOLUTION, "resolution_m", LEAST_NUMBER, MOST_NUMBER);
	link.latitude_deg = rpm_argument_number(fcinfo, PROFILE_LATITUDE, "latitude_deg", -90, 90);
	link.refractivity_gradient = rpm_argument_number(fcinfo, PROFILE_GRADIENT, "refractivity_gradient", 1, 156);
	link.sea_level_refractivity = rpm_argument_number(fcinfo, PROFILE_REFRACTIVITY, "sea_level_refractivity", 1, 1000);
	link.antenna_coast_km = rpm_argument_number(fcinfo, PROFILE_ANTENNA_COAST, "antenna_coast_km", 0, MOST_NUMBER);
	link.receiver_coast_km = rpm_argument_number(fcinfo, PROFILE_RECEIVER_COAST, "receiver_coast_km", 0, MOST_NUMBER);
	return link;
}

static Datum
profile_row(FunctionCallInfo fcinfo, const rpm_profile_loss *loss)
{
	Datum		values[8];
	bool		nulls[8] = {false};

	values[0] = Float8GetDatum(loss->loss_db);
	values[1] = Float8GetDatum(loss->free_space_db);
	values[2] = Float8GetDatum(loss->diffraction_db);
	values[3] = Float8GetDatum(loss->ducting_db);
	values[4] = Float8GetDatum(loss->troposcatter_db);
	values[5] = BoolGetDatum(!loss->transhorizon);
	values[6] = Float8GetDatum(loss->location_sigma_db);
	values[7] = BoolGetDatum(loss->outside == NULL);
	return rpm_result_row(fcinfo, values, nulls);
}
