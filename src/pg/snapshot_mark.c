/*
 * snapshot_mark.c: whether plain tables can have changed since they were read (snapshot_mark.h).
 *
 * The server counts the transactions that have ended and had a number, which is every one that wrote; it takes a snapshot again as it was while that count stands
 * (GetSnapshotDataReuse in procarray.c).  The count of the newest snapshot is the mark.  The active one may be older, and has no count where it is a
 * copy: what it sees is compared.  The newest must not see more, since catalogs are read with a newer snapshot than tables: a view that is replaced,
 * a table that is truncated and a right that is taken away count at once, in repeatable read, too.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "postgis_functions.h"
#include "snapshot_mark.h"

static bool see_the_same(const SnapshotData *a, const SnapshotData *b);
static bool are_same(const TransactionId *a, uint32 a_count, const TransactionId *b, uint32 b_count);
static bool have_known_types(const RpmRelation *relation, const char *const *columns);

RpmSnapshotMark
rpm_snapshot_mark(void)
{
	const SnapshotData *active,
			   *newest;

	if (!ActiveSnapshotSet() || HistoricSnapshotActive() || IsInParallelMode() || RecoveryInProgress() || IsolationIsSerializable() ||
		TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return 0;
	active = GetActiveSnapshot();
	newest = GetLatestSnapshot();
	return see_the_same(active, newest) ? newest->snapXactCompletionCount : 0;
}

/* Transactions at work are listed in the order of their sessions; those from xmax on had not begun to write. */
static bool
see_the_same(const SnapshotData *a, const SnapshotData *b)
{
	return a->snapshot_type == SNAPSHOT_MVCC && b->snapshot_type == SNAPSHOT_MVCC && !a->takenDuringRecovery && !b->takenDuringRecovery &&
		a->xmin == b->xmin && a->xmax == b->xmax && a->suboverflowed == b->suboverflowed && are_same(a->xip, a->xcnt, b->xip, b->xcnt) &&
		are_same(a->subxip, (uint32) a->subxcnt, b->subxip, (uint32) b->subxcnt);
}

static bool
are_same(const TransactionId *a, uint32 a_count, const TransactionId *b, uint32 b_count)
{
	return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof(TransactionId)) == 0);
}

bool
rpm_snapshot_covers(const RpmRelation *relation, const char *const *required, const char *const *optional)
{
	return rpm_relation_is_stored(relation) && check_enable_rls(relation->oid, InvalidOid, true) != RLS_ENABLED &&
		have_known_types(relation, required) && have_known_types(relation, optional);
}

/* A type of somebody's own may be cast by a function that says something else each time. */
static bool
have_known_types(const RpmRelation *relation, const char *const *columns)
{
	for (const char *const *column = columns; *column != NULL; column++)
	{
		AttrNumber	number = get_attnum(relation->oid, *column);
		Oid			type = number > 0 ? getBaseType(get_atttype(relation->oid, number)) : InvalidOid;

		if (type >= FirstNormalObjectId && type != rpm_geometry_type())
			return false;
	}
	return true;
}
