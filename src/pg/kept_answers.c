/* kept_answers.c: short answers of tables, kept by the session while nothing can have changed (kept_answers.h). */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "feature_cache.h"
#include "kept_answers.h"

#define MOST_ANSWERS 64
#define MOST_BYTES 65536

typedef struct KeptAnswer
{
	Oid			role;
	char	   *question;
	void	   *answer;
} KeptAnswer;

/* All of one mark. */
static RpmSnapshotMark kept_mark = 0;
static KeptAnswer kept[MOST_ANSWERS];
static int	kept_count = 0;
static MemoryContext context = NULL;

static void forget(void);

const void *
rpm_answer_kept(const char *question, RpmSnapshotMark *mark)
{
	*mark = rpm_setting_feature_cache_mb > 0 ? rpm_snapshot_mark() : 0;
	for (int i = 0; i < kept_count && *mark != 0 && *mark == kept_mark; i++)
		if (kept[i].role == GetUserId() && strcmp(kept[i].question, question) == 0)
			return kept[i].answer;
	return NULL;
}

void
rpm_answer_keep(const char *question, RpmSnapshotMark mark, const void *answer, size_t bytes)
{
	KeptAnswer *to;

	if (mark == 0 || bytes > MOST_BYTES || rpm_snapshot_mark() != mark)
		return;
	if (mark != kept_mark || kept_count == MOST_ANSWERS)
		forget();
	to = &kept[kept_count];
	to->role = GetUserId();
	to->question = MemoryContextStrdup(context, question);
	to->answer = MemoryContextAlloc(context, bytes);
	memcpy(to->answer, answer, bytes);
	kept_mark = mark;
	kept_count++;
}

static void
forget(void)
{
	kept_count = 0;
	if (context == NULL)
		context = AllocSetContextCreate(TopMemoryContext, "rpm_pg answers", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(context);
}

bool
rpm_snapshot_covers_own(const char *table)
{
	static const char *const no_columns[] = {NULL};
	RpmRelation relation = {.oid = get_relname_relid(table, get_namespace_oid("rpm", false))};

	relation.kind = get_rel_relkind(relation.oid);
	return OidIsValid(relation.oid) && rpm_snapshot_covers(&relation, no_columns, no_columns);
}
