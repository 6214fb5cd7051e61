/*
 * train_worker.c: a training in a background worker of its own (rpm_train with background => true).
 *
 * The worker is registered by the transaction that wrote the model's row and begins when that has ended: it waits for the transaction's number.
 * It connects as the caller's session did, takes the caller's role and settings, and commits after every epoch as rpm_train does. No entry of
 * shared_preload_libraries is needed. An error is written to the server's log and into the row, and ends it; the last epoch stays.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "spi_rows.h"

PG_FUNCTION_INFO_V1(rpm_sql_train_launch);
PG_FUNCTION_INFO_V1(rpm_sql_train_launched);

/* What the worker is told: fits into BGW_EXTRALEN. */
typedef struct WorkerCall
{
	Oid			database,
				session_user,
				role;
	TransactionId transaction;	/* that wrote the row */
	int32		model_id;
	int32		launcher;		/* process whose row it takes over */
} WorkerCall;

StaticAssertDecl(sizeof(WorkerCall) <= BGW_EXTRALEN, "a worker's call must fit into its entry");

/* The worker that this session launched last. */
static BackgroundWorkerHandle *launched = NULL;

PGDLLEXPORT void rpm_train_worker_main(Datum argument);

static void check_rights(void);
static void train(const WorkerCall *call);
static void note_failure(const WorkerCall *call, const ErrorData *error);
static bool in_transaction(const char *query, int argument_count, const Oid *types, const Datum *values);

/* (model_id) -> process; an error leaves the transaction, and the row with it, undone. */
Datum
rpm_sql_train_launch(PG_FUNCTION_ARGS)
{
	BackgroundWorker worker = {0};
	MemoryContext before;
	bool		registered;
	WorkerCall	call = {MyDatabaseId, GetSessionUserId(), GetUserId(), InvalidTransactionId, PG_GETARG_INT32(0), MyProcPid};
	pid_t		pid;

	check_rights();
	call.transaction = GetTopTransactionId();
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_notify_pid = MyProcPid;
	snprintf(worker.bgw_library_name, sizeof(worker.bgw_library_name), "$libdir/rpm_pg");
	snprintf(worker.bgw_function_name, sizeof(worker.bgw_function_name), "rpm_train_worker_main");
	snprintf(worker.bgw_name, sizeof(worker.bgw_name), "rpm_pg training of model %d", call.model_id);
	snprintf(worker.bgw_type, sizeof(worker.bgw_type), "rpm_pg training");
	memcpy(worker.bgw_extra, &call, sizeof(call));
	if (launched != NULL)
		pfree(launched);
	launched = NULL;
	before = MemoryContextSwitchTo(TopMemoryContext);
	registered = RegisterDynamicBackgroundWorker(&worker, &launched);
	MemoryContextSwitchTo(before);
	if (!registered)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("no background worker is free"),
				 errhint("The server has max_worker_processes = %d of them. Wait for another training, raise it (the server must be started anew), or train in this session.",
						 max_worker_processes)));
	if (WaitForBackgroundWorkerStartup(launched, &pid) != BGWH_STARTED)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
				 errmsg("the background worker could not be started"),
				 errhint("The server's log says why.")));
	PG_RETURN_INT32((int32) pid);
}

/* Whether the worker launched last is still there. */
Datum
rpm_sql_train_launched(PG_FUNCTION_ARGS)
{
	pid_t		pid;

	(void) fcinfo;
	PG_RETURN_BOOL(launched != NULL && GetBackgroundWorkerPid(launched, &pid) == BGWH_STARTED);
}

/* A worker is a resource of the whole server: for those alone who may write models. */
static void
check_rights(void)
{
	Oid			models = get_relname_relid("model", get_namespace_oid("rpm", false));

	if (pg_class_aclcheck(models, GetUserId(), ACL_UPDATE) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "model");
}

void
rpm_train_worker_main(Datum argument)
{
	WorkerCall	call;
	MemoryContext context = TopMemoryContext;

	(void) argument;
	memcpy(&call, MyBgworkerEntry->bgw_extra, sizeof(call));
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(call.database, call.session_user, 0);
	PG_TRY();
	{
		train(&call);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
		note_failure(&call, error);
	}
	PG_END_TRY();
}

static void
train(const WorkerCall *call)
{
	Oid			types[2] = {INT4OID, INT4OID};
	Datum		values[2] = {Int32GetDatum(call->model_id), Int32GetDatum(call->launcher)};

	StartTransactionCommand();
	XactLockTableWait(call->transaction, NULL, NULL, XLTW_None);
	if (call->role != call->session_user)
	{
		Oid			text[1] = {TEXTOID};
		Datum		role[1] = {CStringGetTextDatum(GetUserNameFromId(call->role, false))};

		CommitTransactionCommand();
		in_transaction("SELECT pg_catalog.set_config('role', $1, false) IS NULL", 1, text, role);
	}
	else
		CommitTransactionCommand();
	/* Not inside of a function that fixes a path, which would put back the one that is set here. */
	in_transaction("SELECT pg_catalog.bool_and(pg_catalog.set_config(s.key, s.value, false) IS NULL) FROM rpm.model AS m,"
				   " pg_catalog.jsonb_each_text(m.progress OPERATOR(pg_catalog.->) 'settings') AS s WHERE m.model_id OPERATOR(pg_catalog.=) $1"
				   " AND (s.key OPERATOR(pg_catalog.=) 'search_path' OR pg_catalog.starts_with(s.key, 'rpm_pg.'))", 1, types, values);
	in_transaction("SELECT rpm.train_take_over($1, $2) IS NULL", 2, types, values);
	in_transaction("SELECT rpm.train_read($1) IS NULL", 1, types, values);
	while (!in_transaction("SELECT rpm.train_step($1)", 1, types, values))
		CHECK_FOR_INTERRUPTS();
}

static void
note_failure(const WorkerCall *call, const ErrorData *error)
{
	Oid			types[2] = {INT4OID, TEXTOID};
	Datum		values[2] = {Int32GetDatum(call->model_id), CStringGetTextDatum(error->message)};

	in_transaction("SELECT rpm.train_failed($1, $2) IS NULL", 2, types, values);
}

/* One statement in a transaction of its own; its first column, a boolean, false where it is null. */
static bool
in_transaction(const char *query, int argument_count, const Oid *types, const Datum *values)
{
	bool		result;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	pgstat_report_activity(STATE_RUNNING, query);
	if (SPI_execute_with_args(query, argument_count, (Oid *) types, (Datum *) values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "\"%s\" did not run", query);
	result = SPI_processed > 0 && rpm_column_bool(SPI_tuptable->vals[0], 1);
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(true);
	return result;
}
