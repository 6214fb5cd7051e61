/* snapshot_mark.h: whether plain tables can have changed since they were read. */
#ifndef RPM_PG_SNAPSHOT_MARK_H
#define RPM_PG_SNAPSHOT_MARK_H

#include "postgres.h"

#include "relation.h"

/* A state of all tables of the server, as one transaction sees them; 0: none can be told. */
typedef uint64 RpmSnapshotMark;

/*
 * The state that the active snapshot sees.  Two marks of a session that are equal and not 0: between them no transaction that wrote anything has ended,
 * in any database, and both snapshots see all that had ended; so every catalog holds the same, and so do the tables that rpm_snapshot_covers says it of.
 * 0: while the transaction has written itself, sees less than the newest state (repeatable read), is serializable (whose reads are kept account of), in a
 * parallel plan, and in a standby server.
 */
extern RpmSnapshotMark rpm_snapshot_mark(void);

/*
 * Whether what the current role reads of a relation's columns (lists that end with NULL; those that it has count) depends on the mark alone: tables,
 * partitioned ones and materialized views in the server's heap, read without policies, of types that are the server's own or geometry.  Views and foreign
 * tables may call anything.
 */
extern bool rpm_snapshot_covers(const RpmRelation *relation, const char *const *required, const char *const *optional);

#endif
