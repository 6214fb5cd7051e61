/*
 * fit_path_loss.c: rpm_fit_path_loss: path-loss lines of a scene's antennas, sites or network, from what was measured.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "fit_measurements.h"
#include "progress.h"
#include "rpm_settings.h"
#include "scene_report.h"
#include "worker.h"

#define RESULT_COLUMNS 20
#define MOST_LEAST_COUNT 1000000
#define LARGEST_HUBER_K 100.0

/* Arguments by number, as in sql/70_path_loss.sql. */
enum
{
	ARGUMENT_SCENE = 0,
	ARGUMENT_PER,
	ARGUMENT_ANTENNAS,
	ARGUMENT_SITES,
	ARGUMENT_TERMS,
	ARGUMENT_LEAST_COUNT,
	ARGUMENT_HUBER_K,
	ARGUMENT_INCLUDE_INDOOR
};

enum
{
	PER_ANTENNA = 0, PER_SITE, PER_NETWORK
};

static const char *const per_names[] = {[PER_ANTENNA] = "antenna", [PER_SITE] = "site", [PER_NETWORK] = "network"};
static const char *const term_names[] = {"pattern", "frequency", "antenna_height"};

static const char *const source_names[] = {
	[RPM_FIT_NONE] = "none",
	[RPM_FIT_OWN] = "own",
	[RPM_FIT_NETWORK] = "network"
};

static const char *const remarks[] = {
	[RPM_FIT_FINE] = NULL,
	[RPM_FIT_NO_ROWS] = "no measurements",
	[RPM_FIT_FEW_ROWS] = "too few measurements",
	[RPM_FIT_ONE_DISTANCE] = "all measured at one distance",
	[RPM_FIT_TERMS_OF_NETWORK] = "a term does not vary here: its coefficient is the network's",
	[RPM_FIT_TERMS_UNKNOWN] = "a term does not vary: it has no coefficient",
	[RPM_FIT_RISING] = "the level does not fall with distance"
};

typedef struct FitCall
{
	RpmFitQuestion question;
	rpm_fit_options options;
	int			per;
	int64	   *ids;			/* NULL: all antennas of the scene */
	int			id_count;
	RpmFitMeasurements *measurements;
	rpm_path_loss_fit network;
	bool		has_network;
	rpm_path_loss_fit *fits;
} FitCall;

PG_FUNCTION_INFO_V1(rpm_sql_fit_path_loss);

static void read_question(FunctionCallInfo fcinfo, FitCall *call);
static unsigned read_terms(FunctionCallInfo fcinfo);
static unsigned term_bit(const char *name);
static void write_fits(FunctionCallInfo fcinfo, FitCall *call);
static bool needs_network(const FitCall *call);
static rpm_code fit_network(void *argument, rpm_control *control, rpm_status *status);
static rpm_code fit_groups(void *argument, rpm_control *control, rpm_status *status);
static void put_fit(ReturnSetInfo *result, const FitCall *call, const rpm_path_loss_fit *fit, int group);
static void put_coefficients(const FitCall *call, const rpm_path_loss_fit *fit, Datum *values, bool *nulls);
static void put_number(double number, Datum *value, bool *null);

Datum
rpm_sql_fit_path_loss(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_fit_path_loss", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before;
	FitCall	   *call;

	InitMaterializedSRF(fcinfo, 0);
	before = MemoryContextSwitchTo(context);
	call = palloc0(sizeof(FitCall));
	read_question(fcinfo, call);
	rpm_progress_begin(call->question.scene->scene_id);
	write_fits(fcinfo, call);
	rpm_progress_end();
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	return (Datum) 0;
}

static void
read_question(FunctionCallInfo fcinfo, FitCall *call)
{
	int64	   *sites;
	int			site_count;

	call->question.scene = rpm_scene_row_read(rpm_scene_argument(fcinfo, ARGUMENT_SCENE));
	call->per = rpm_argument_choice(fcinfo, ARGUMENT_PER, "per", per_names, lengthof(per_names));
	call->question.by_site = call->per == PER_SITE;
	call->question.terms = read_terms(fcinfo);
	call->question.include_indoor = rpm_argument_bool(fcinfo, ARGUMENT_INCLUDE_INDOOR, "include_indoor");
	rpm_fit_options_default(&call->options);
	call->options.least_rows = (size_t) rpm_argument_int32(fcinfo, ARGUMENT_LEAST_COUNT, "least_count", 1, MOST_LEAST_COUNT);
	call->options.huber_k = rpm_argument_number(fcinfo, ARGUMENT_HUBER_K, "huber_k", 0, LARGEST_HUBER_K);
	call->ids = rpm_argument_ids(fcinfo, ARGUMENT_ANTENNAS, "antennas", &call->id_count);
	sites = rpm_argument_ids(fcinfo, ARGUMENT_SITES, "sites", &site_count);
	if (sites != NULL && call->ids != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("both antennas and sites are given"),
				 errhint("Name the antennas, or the sites that they stand on.")));
	if (sites != NULL)
		call->ids = rpm_fit_antennas_of_sites(call->question.scene, sites, site_count, &call->id_count);
}

/* Null and an empty array: none. */
static unsigned
read_terms(FunctionCallInfo fcinfo)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;
	unsigned	bits = 0;

	if (PG_ARGISNULL(ARGUMENT_TERMS))
		return 0;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(ARGUMENT_TERMS), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
		bits |= term_bit(nulls[i] ? "null" : TextDatumGetCString(elements[i]));
	return bits;
}

static unsigned
term_bit(const char *name)
{
	for (int i = 0; i < (int) lengthof(term_names); i++)
		if (strcmp(name, term_names[i]) == 0)
			return 1u << i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("terms has \"%s\"", name),
			 errhint("Use pattern, frequency and antenna_height, or leave it out for a line over distance alone.")));
	return 0;
}

/* Named antennas are fitted by themselves first; the rest of the network is read only when one of them needs it. */
static void
write_fits(FunctionCallInfo fcinfo, FitCall *call)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	rpm_control control;

	rpm_control_from_settings(&control);
	call->measurements = rpm_fit_measurements_read(&call->question, call->ids, call->id_count, &control);
	if (call->ids == NULL || call->per == PER_NETWORK)
		rpm_run_engine(fit_network, call, &control, NULL);
	if (call->per == PER_NETWORK)
	{
		put_fit(result, call, &call->network, -1);
		return;
	}
	call->fits = MemoryContextAllocHuge(CurrentMemoryContext, Max(call->measurements->rows.groups, 1) * sizeof(rpm_path_loss_fit));
	rpm_progress_phase(&control, RPM_PHASE_BUILDING, call->measurements->rows.groups);
	rpm_run_engine(fit_groups, call, &control, NULL);
	if (!call->has_network && needs_network(call))
	{
		RpmFitMeasurements *named = call->measurements;

		call->measurements = rpm_fit_measurements_read(&call->question, NULL, 0, &control);
		rpm_run_engine(fit_network, call, &control, NULL);
		call->measurements = named;
		rpm_run_engine(fit_groups, call, &control, NULL);
	}
	rpm_progress_phase(&control, RPM_PHASE_WRITING, call->measurements->rows.groups);
	for (int g = 0; g < call->measurements->rows.groups; g++)
	{
		CHECK_FOR_INTERRUPTS();
		put_fit(result, call, &call->fits[g], g);
	}
}

static bool
needs_network(const FitCall *call)
{
	for (int g = 0; g < call->measurements->rows.groups; g++)
		if (call->fits[g].source == RPM_FIT_NONE || call->fits[g].remark == RPM_FIT_TERMS_UNKNOWN)
			return true;
	return false;
}

static rpm_code
fit_network(void *argument, rpm_control *control, rpm_status *status)
{
	FitCall    *call = argument;

	call->has_network = true;
	return rpm_fit_network(&call->measurements->rows, &call->options, control, &call->network, status);
}

static rpm_code
fit_groups(void *argument, rpm_control *control, rpm_status *status)
{
	FitCall    *call = argument;

	return rpm_fit_groups(&call->measurements->rows, &call->options, call->has_network ? &call->network : NULL, control, call->fits,
						  status);
}

/* group -1: the network. */
static void
put_fit(ReturnSetInfo *result, const FitCall *call, const rpm_path_loss_fit *fit, int group)
{
	const RpmFitMeasurements *m = call->measurements;
	Datum		values[RESULT_COLUMNS] = {0};
	bool		nulls[RESULT_COLUMNS] = {false};

	nulls[0] = group < 0 || !m->group_has_site[group];
	if (!nulls[0])
		values[0] = Int64GetDatum(m->group_site[group]);
	nulls[1] = group < 0 || m->group_antenna == NULL;
	if (!nulls[1])
		values[1] = Int64GetDatum(m->group_antenna[group]);
	values[2] = Int64GetDatum((int64) fit->rows);
	put_number(fit->least_distance_m, &values[3], &nulls[3]);
	put_number(fit->most_distance_m, &values[4], &nulls[4]);
	values[5] = CStringGetTextDatum(source_names[fit->source]);
	nulls[6] = remarks[fit->remark] == NULL;
	if (!nulls[6])
		values[6] = CStringGetTextDatum(remarks[fit->remark]);
	put_coefficients(call, fit, values + 7, nulls + 7);
	put_number(fit->scale_db, &values[17], &nulls[17]);
	put_number(fit->residual_sd_db, &values[18], &nulls[18]);
	put_number(fit->r_squared, &values[19], &nulls[19]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* Ten columns: intercept, slope and the three terms, then their standard errors; null for terms that were not asked for. */
static void
put_coefficients(const FitCall *call, const rpm_path_loss_fit *fit, Datum *values, bool *nulls)
{
	int			from = 2;

	for (int c = 0; c < 5; c++)
	{
		bool		there = c < 2 || (call->question.terms & (1u << (c - 2))) != 0;
		int			column = c < 2 ? c : from;

		nulls[c] = nulls[c + 5] = true;
		if (!there)
			continue;
		put_number(fit->coefficient[column], &values[c], &nulls[c]);
		put_number(fit->standard_error[column], &values[c + 5], &nulls[c + 5]);
		from += c >= 2;
	}
}

/* Null for NaN. */
static void
put_number(double number, Datum *value, bool *null)
{
	*null = isnan(number);
	*value = *null ? (Datum) 0 : Float8GetDatum(number);
}
