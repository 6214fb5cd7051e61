/*
 * relation.c: the relations that a scene names: whether they are there, what they hold, and whether the caller may read them.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "given_antenna.h"
#include "postgis_functions.h"
#include "relation.h"
#include "spi_rows.h"

static void check_columns(const RpmRelation *relation, const char *scene, const char *setting, const char *const *required);
static void check_rights(RpmRelation *relation, const char *scene, const char *setting, const char *const *required,
						 const char *const *optional);
static bool may_read(const RpmRelation *relation, const char *const *columns);
static bool is_heap(Oid oid);

RpmRelation *
rpm_relation_open(Oid oid, const char *scene, const char *setting, const char *const *required, const char *const *optional)
{
	RpmRelation *relation = strcmp(setting, "antenna_relation") == 0 ? rpm_given_antenna_relation() : NULL;
	char	   *name;

	if (relation != NULL)
		return relation;
	relation = palloc0(sizeof(RpmRelation));
	name = get_rel_name(oid);
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("%s of scene \"%s\" names a relation that does not exist (it had OID %u)", setting, scene, oid),
				 errhint("It was dropped: UPDATE rpm.scene SET %s = 'schema.name' WHERE name = %s.", setting,
						 quote_literal_cstr(scene))));
	relation->oid = oid;
	relation->kind = get_rel_relkind(oid);
	relation->name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(oid)), name);
	if (strchr("rvmfp", relation->kind) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s, %s of scene \"%s\", is no table or view", relation->name, setting, scene),
				 errhint("Name a table, a view or a foreign table.")));
	check_columns(relation, scene, setting, required);
	check_rights(relation, scene, setting, required, optional);
	return relation;
}

void
rpm_own_table_check(const char *table)
{
	Oid			oid = get_relname_relid(table, get_namespace_oid("rpm", false));

	if (OidIsValid(oid) && pg_class_aclcheck(oid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table rpm.%s", table),
				 errhint("GRANT SELECT ON rpm.%s TO %s.", table, quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

bool
rpm_relation_has(const RpmRelation *relation, const char *column)
{
	return get_attnum(relation->oid, column) > 0;
}

bool
rpm_relation_has_row_versions(const RpmRelation *relation)
{
	return relation->whole && rpm_relation_is_stored(relation);
}

bool
rpm_relation_is_stored(const RpmRelation *relation)
{
	ListCell   *cell;

	if (strchr("rmp", relation->kind) == NULL)
		return false;
	foreach(cell, find_all_inheritors(relation->oid, NoLock, NULL))
		if (!is_heap(lfirst_oid(cell)))
			return false;
	return true;
}

/* Whether a relation keeps rows as the server's heap does, or none at all (partitioned): elsewhere xmin may mean nothing. */
static bool
is_heap(Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
	bool		heap = false;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_class row = (Form_pg_class) GETSTRUCT(tuple);

		heap = row->relkind == RELKIND_PARTITIONED_TABLE || row->relam == HEAP_TABLE_AM_OID;
		ReleaseSysCache(tuple);
	}
	return heap;
}

char *
rpm_relation_column(const RpmRelation *relation, const char *column, const char *type, const char *otherwise)
{
	if (!rpm_relation_has(relation, column))
		return psprintf("%s::%s", otherwise, type);
	return psprintf("r.%s::%s", quote_identifier(column), type);
}

void
rpm_relation_check_geometry(const RpmRelation *relation, const char *column)
{
	Oid			type = get_atttype(relation->oid, get_attnum(relation->oid, column));

	if (getBaseType(type) != rpm_geometry_type())
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of %s is of type %s, not geometry", column, relation->name, format_type_be(type)),
				 errhint("Name a view that casts it: geom::geometry, in the scene's SRID (ST_Transform).")));
}

void
rpm_relation_describe_reading(void *relation)
{
	const char *name = ((RpmRelation *) relation)->name;

	errcontext("reading %s", name);
	if (geterrcode() == ERRCODE_INVALID_TEXT_REPRESENTATION)
		errhint("%s holds a text where a number is needed: name a view that casts its columns or leaves such rows out.", name);
}

static void
check_columns(const RpmRelation *relation, const char *scene, const char *setting, const char *const *required)
{
	for (const char *const *column = required; *column != NULL; column++)
		if (!rpm_relation_has(relation, *column))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("%s, %s of scene \"%s\", has no column \"%s\"", relation->name, setting, scene, *column),
					 errhint("Make a view that gives the columns these names, and name the view in the scene.")));
}

/* The queries check rights themselves; asking first gives the message a hint, and says whether row versions can be read. */
static void
check_rights(RpmRelation *relation, const char *scene, const char *setting, const char *const *required,
			 const char *const *optional)
{
	relation->whole = pg_class_aclcheck(relation->oid, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
	if (relation->whole || (may_read(relation, required) && may_read(relation, optional)))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for %s, %s of scene \"%s\"", relation->name, setting, scene),
			 errhint("GRANT SELECT ON %s TO %s, or use a scene whose relations you may read.", relation->name,
					 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

static bool
may_read(const RpmRelation *relation, const char *const *columns)
{
	for (const char *const *column = columns; *column != NULL; column++)
	{
		AttrNumber	number = get_attnum(relation->oid, *column);

		if (number > 0 && pg_attribute_aclcheck(relation->oid, number, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			return false;
	}
	return true;
}

void
rpm_spi_query(const char *query, int argument_count, const Oid *types, const Datum *values, const char *nulls)
{
	int			code;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	code = SPI_execute_with_args(query, argument_count, (Oid *) types, (Datum *) values, nulls, true, 0);
	if (code != SPI_OK_SELECT)
		elog(ERROR, "query failed with code %d: %s", code, query);
}
