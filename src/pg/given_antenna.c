/* given_antenna.c: an antenna that a caller gave as a row (given_antenna.h). */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "utils/lsyscache.h"

#include "given_antenna.h"

/* Lives as long as the arguments of the call that gave it. */
static Datum given;
static bool is_given = false;

PG_FUNCTION_INFO_V1(rpm_sql_given_antenna);

void
rpm_given_antenna_begin(Datum row)
{
	if (is_given)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("a prediction of a given antenna is at work within another"),
				 errhint("Call rpm_predict with an antenna's row outside of functions that it calls itself.")));
	given = row;
	is_given = true;
}

void
rpm_given_antenna_end(void)
{
	is_given = false;
}

RpmRelation *
rpm_given_antenna_relation(void)
{
	RpmRelation *relation;

	if (!is_given)
		return NULL;
	relation = palloc0(sizeof(RpmRelation));
	relation->oid = get_relname_relid("antenna", get_namespace_oid("rpm", false));
	relation->kind = RELKIND_VIEW;
	relation->name = pstrdup("rpm.given_antenna()");
	return relation;
}

Datum
rpm_sql_given_antenna(PG_FUNCTION_ARGS)
{
	if (!is_given)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(given);
}
