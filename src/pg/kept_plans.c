/*
 * kept_plans.c: queries by key, planned once for the session (spi_rows.h).
 *
 * The server itself plans them anew when what they name has changed, and asks for rights at each execution. Texts differ by the relations that scenes name:
 * when there are many, all are given up at the end of the transaction, where none is at work.
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/memutils.h"

#include "spi_rows.h"

#define MOST_PLANS 64
#define MOST_ARGUMENTS 8

typedef struct KeptPlan
{
	uint64		hash;			/* of the text */
	char	   *query;
	int			argument_count;
	Oid			types[MOST_ARGUMENTS];
	SPIPlanPtr	plan;
} KeptPlan;

static KeptPlan plans[MOST_PLANS];
static int	plan_count = 0;

static SPIPlanPtr plan_of(const char *query, int argument_count, const Oid *types);
static SPIPlanPtr keep(uint64 hash, const char *query, int argument_count, const Oid *types, SPIPlanPtr plan);
static void give_up_when_full(XactEvent event, void *unused);

void
rpm_spi_query_by_key(const char *query, int argument_count, const Oid *types, const Datum *values, const char *nulls)
{
	int			code;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	code = SPI_execute_plan(plan_of(query, argument_count, types), (Datum *) values, nulls, true, 0);
	if (code != SPI_OK_SELECT)
		elog(ERROR, "query failed with code %d: %s", code, query);
}

static SPIPlanPtr
plan_of(const char *query, int argument_count, const Oid *types)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) query, (int) strlen(query), 0);
	SPIPlanPtr	plan;

	for (int i = 0; i < plan_count; i++)
		if (plans[i].hash == hash && plans[i].argument_count == argument_count && memcmp(plans[i].types, types, argument_count * sizeof(Oid)) == 0 &&
			strcmp(plans[i].query, query) == 0)
			return plans[i].plan;
	plan = SPI_prepare_cursor(query, argument_count, (Oid *) types, CURSOR_OPT_GENERIC_PLAN);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed with code %d: %s", SPI_result, query);
	return keep(hash, query, argument_count, types, plan);
}

/* Where there is no place, the plan ends with its execution. */
static SPIPlanPtr
keep(uint64 hash, const char *query, int argument_count, const Oid *types, SPIPlanPtr plan)
{
	static bool registered = false;
	KeptPlan   *kept = &plans[plan_count];

	if (plan_count == MOST_PLANS || argument_count > MOST_ARGUMENTS)
		return plan;
	if (!registered)
		RegisterXactCallback(give_up_when_full, NULL);
	registered = true;
	kept->query = MemoryContextStrdup(TopMemoryContext, query);
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	kept->hash = hash;
	kept->argument_count = argument_count;
	memcpy(kept->types, types, argument_count * sizeof(Oid));
	kept->plan = plan;
	plan_count++;
	return plan;
}

static void
give_up_when_full(XactEvent event, void *unused)
{
	(void) unused;
	if (plan_count < MOST_PLANS || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE))
		return;
	while (plan_count > 0)
	{
		KeptPlan   *kept = &plans[--plan_count];

		SPI_freeplan(kept->plan);
		pfree(kept->query);
	}
}
