/*
 * progress.c: progress of calls, visible from other sessions.
 *
 * It uses the server's own counters of backends (st_progress_param), which need no shared_preload_libraries, under a command number
 * that no view of the server's asks for, so that no stray row shows in pg_stat_progress_vacuum and the like.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/backend_progress.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "progress.h"

/* "RPM": far outside the values that the server gives to its own commands. */
#define COMMAND_RPM ((ProgressCommandType) 0x52504D)

enum
{
	PARAM_PHASE = 0,
	PARAM_DONE,
	PARAM_TOTAL,
	PARAM_ANTENNAS_DONE,
	PARAM_ANTENNAS_TOTAL,
	PARAM_STARTED
};

#define COLUMN_COUNT 11

PG_FUNCTION_INFO_V1(rpm_sql_progress);

static bool reports_here(void);
static PgBackendStatus *backend_entry(int number);
static void put_backend(ReturnSetInfo *result, const PgBackendStatus *entry);
static bool may_see(Oid role);
static const char *phase_name(int64 phase);

void
rpm_progress_begin(int32 scene_id)
{
	/* Inside COPY and the like the counters belong to that command. */
	if (MyBEEntry == NULL || MyBEEntry->st_progress_command != PROGRESS_COMMAND_INVALID)
		return;
	pgstat_progress_start_command(COMMAND_RPM, (Oid) scene_id);
	if (reports_here())
		pgstat_progress_update_param(PARAM_STARTED, GetCurrentTimestamp());
}

void
rpm_progress_end(void)
{
	if (reports_here())
		pgstat_progress_end_command();
}

void
rpm_progress_antennas(int64 done, int64 total)
{
	const int	index[] = {PARAM_ANTENNAS_DONE, PARAM_ANTENNAS_TOTAL};
	const int64 value[] = {done, total};

	if (reports_here())
		pgstat_progress_update_multi_param(lengthof(index), index, value);
}

void
rpm_progress_phase(rpm_control *control, rpm_phase phase, int64 total)
{
	rpm_phase_begin(control, phase, total);
	rpm_progress_copy(control);
}

void
rpm_progress_copy(const rpm_control *control)
{
	const int	index[] = {PARAM_PHASE, PARAM_DONE, PARAM_TOTAL};
	int64		value[lengthof(index)];

	if (!reports_here())
		return;
	value[0] = __atomic_load_n(&control->phase, __ATOMIC_RELAXED);
	value[1] = __atomic_load_n(&control->done, __ATOMIC_RELAXED);
	value[2] = __atomic_load_n(&control->total, __ATOMIC_RELAXED);
	pgstat_progress_update_multi_param(lengthof(index), index, value);
}

static bool
reports_here(void)
{
	return MyBEEntry != NULL && MyBEEntry->st_progress_command == COMMAND_RPM;
}

/* The calls at work that the caller may see: those of roles whose rights it has, all with pg_read_all_stats. */
Datum
rpm_sql_progress(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int			count = pgstat_fetch_stat_numbackends();

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 1; i <= count; i++)
	{
		const PgBackendStatus *entry = backend_entry(i);

		if (entry != NULL && entry->st_procpid > 0 && entry->st_progress_command == COMMAND_RPM && may_see(entry->st_userid))
			put_backend(result, entry);
	}
	return (Datum) 0;
}

static PgBackendStatus *
backend_entry(int number)
{
#if PG_VERSION_NUM >= 160000
	LocalPgBackendStatus *local = pgstat_get_local_beentry_by_index(number);
#else
	LocalPgBackendStatus *local = pgstat_fetch_stat_local_beentry(number);
#endif

	return local ? &local->backendStatus : NULL;
}

static void
put_backend(ReturnSetInfo *result, const PgBackendStatus *entry)
{
	const int64 *param = entry->st_progress_param;
	char	   *database = get_database_name(entry->st_databaseid);
	char	   *role = GetUserNameFromId(entry->st_userid, true);
	Datum		values[COLUMN_COUNT];
	bool		nulls[COLUMN_COUNT] = {false};

	values[0] = Int32GetDatum(entry->st_procpid);
	values[1] = ObjectIdGetDatum(entry->st_databaseid);
	nulls[2] = database == NULL;
	values[2] = nulls[2] ? (Datum) 0 : DirectFunctionCall1(namein, CStringGetDatum(database));
	nulls[3] = role == NULL;
	values[3] = nulls[3] ? (Datum) 0 : DirectFunctionCall1(namein, CStringGetDatum(role));
	values[4] = Int32GetDatum((int32) entry->st_progress_command_target);
	values[5] = CStringGetTextDatum(phase_name(param[PARAM_PHASE]));
	values[6] = Int64GetDatum(param[PARAM_DONE]);
	values[7] = Int64GetDatum(param[PARAM_TOTAL]);
	values[8] = Int64GetDatum(param[PARAM_ANTENNAS_DONE]);
	values[9] = Int64GetDatum(param[PARAM_ANTENNAS_TOTAL]);
	values[10] = TimestampTzGetDatum(param[PARAM_STARTED]);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static bool
may_see(Oid role)
{
	return has_privs_of_role(GetUserId(), role) || has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

static const char *
phase_name(int64 phase)
{
	switch ((rpm_phase) phase)
	{
		case RPM_PHASE_READING:
			return "reading";
		case RPM_PHASE_BUILDING:
			return "building";
		case RPM_PHASE_TRACING:
			return "tracing";
		case RPM_PHASE_WRITING:
			return "writing";
		case RPM_PHASE_LEARNING:
			return "learning";
		case RPM_PHASE_PREDICTING:
			return "predicting";
		case RPM_PHASE_IDLE:
			break;
	}
	return "starting";
}
