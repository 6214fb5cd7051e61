/* kept_answers.h: short answers of tables, kept by the session while nothing can have changed. */
#ifndef RPM_PG_KEPT_ANSWERS_H
#define RPM_PG_KEPT_ANSWERS_H

#include "postgres.h"

#include "snapshot_mark.h"

/*
 * What was kept of a question, a text that says all that the answer depends on beside tables and role; NULL: nothing, and *mark is to be given to
 * rpm_answer_keep.  It stays until the next one is kept.
 */
extern const void *rpm_answer_kept(const char *question, RpmSnapshotMark *mark);

/* Keeps an answer that was read since that mark was told, from relations that rpm_snapshot_covers; too long ones, and with rpm_pg.feature_cache = 0 all, are not kept. */
extern void rpm_answer_keep(const char *question, RpmSnapshotMark mark, const void *answer, size_t bytes);

/* rpm_snapshot_covers of a table of the extension in schema rpm. */
extern bool rpm_snapshot_covers_own(const char *table);

#endif
