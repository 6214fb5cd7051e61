/* relation.h: the relations that a scene names: whether they are there, what they hold, and whether the caller may read them. */
#ifndef RPM_PG_RELATION_H
#define RPM_PG_RELATION_H

#include "postgres.h"

typedef struct RpmRelation
{
	Oid			oid;
	char		kind;			/* pg_class.relkind */
	char	   *name;			/* schema-qualified and quoted, for queries and messages */
	bool		whole;			/* the caller may read every column, and so xmin and ctid */
} RpmRelation;

/*
 * The relation that `setting` of a scene names, with the columns it must have; rights are checked for those and for the optional ones
 * that it has (both lists end with NULL).  Errors: 42P01 (dropped), 42809 (no table or view), 42703 (column missing), 42501.
 */
extern RpmRelation *rpm_relation_open(Oid oid, const char *scene, const char *setting, const char *const *required,
									  const char *const *optional);

/* Refuses, with a hint, when the caller may not read a table of the extension in schema rpm.  Errors: 42501. */
extern void rpm_own_table_check(const char *table);

/* Whether it has a column. */
extern bool rpm_relation_has(const RpmRelation *relation, const char *column);

/* Whether all its rows are kept in the server's heap: tables, partitioned ones and materialized views. */
extern bool rpm_relation_is_stored(const RpmRelation *relation);

/* Whether every row has system columns that change with each update: those that are stored so, read as a whole. */
extern bool rpm_relation_has_row_versions(const RpmRelation *relation);

/* "alias.column::type", or the default where there is no such column: for the text of queries. */
extern char *rpm_relation_column(const RpmRelation *relation, const char *column, const char *type, const char *otherwise);

/* Refuses a column that is not of type geometry. */
extern void rpm_relation_check_geometry(const RpmRelation *relation, const char *column);

/* An ErrorContextCallback whose argument is the RpmRelation that a query of ours reads: names it, and says what a text that is no number needs. */
extern void rpm_relation_describe_reading(void *relation);

#endif
