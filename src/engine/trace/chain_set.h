/*
 * chain_set.h: sets of sequences of facets (or of other numbers), bounded in memory.
 */
#ifndef RPM_CHAIN_SET_H
#define RPM_CHAIN_SET_H

#include "rpm_control.h"

/* A set of chains, compared in full. */
typedef struct rpm_chain_set
{
	int32_t    *pool;			/* per chain: its length, then its facets */
	size_t		pool_used, pool_capacity;
	size_t	   *chains;			/* offsets into pool, in order of insertion */
	size_t		count, capacity;
	uint32_t   *table;			/* open addressing: 1 + index into chains, 0 free; table_size is a power of two or 0 */
	size_t		table_size;
	int64_t    *bytes_left;		/* shared by all sets of one call; taken atomically; NULL: unlimited */
	bool		failed;			/* out of memory or of bytes_left; nothing more is added */
	bool		out_of_memory;
} rpm_chain_set;

void		rpm_chain_set_init(rpm_chain_set *set, int64_t *bytes_left);
void		rpm_chain_set_free(rpm_chain_set *set);
/* Adds a chain unless it is there already; returns its index, SIZE_MAX where it could not be added. */
size_t		rpm_chain_set_add(rpm_chain_set *set, const int32_t *facets, int length);
/* Adds every chain of `from`, and takes over its failure. */
void		rpm_chain_set_merge(rpm_chain_set *set, const rpm_chain_set *from);
/* RPM_OUT_OF_MEMORY or RPM_LIMIT_EXCEEDED once something could not be added. */
rpm_code	rpm_chain_set_check(const rpm_chain_set *set, const rpm_control *control, rpm_status *status);
/* Orders the chains: shorter first, then by their facets. */
void		rpm_chain_set_sort(rpm_chain_set *set);
const int32_t *rpm_chain_at(const rpm_chain_set *set, size_t index, int *length);

#endif
