/*
 * chain_set.c: a set of chains of facets: no chain twice, compared in full, bounded in memory.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/chain_set.h"

static size_t chain_slot(const rpm_chain_set *set, const int32_t *facets, int length);
static uint64_t chain_hash(const int32_t *facets, int length);
static bool grow_table(rpm_chain_set *set);
static bool grow_array(rpm_chain_set *set, void **array, size_t *capacity, size_t needed, size_t item_size);
static bool take_bytes(rpm_chain_set *set, size_t bytes);
static int	compare_chains(const void *a, const void *b, void *pool);

void
rpm_chain_set_init(rpm_chain_set *set, int64_t *bytes_left)
{
	memset(set, 0, sizeof(*set));
	set->bytes_left = bytes_left;
}

void
rpm_chain_set_free(rpm_chain_set *set)
{
	if (set->bytes_left)
		__atomic_add_fetch(set->bytes_left, (int64_t) (set->pool_capacity * sizeof(int32_t) + set->capacity * sizeof(size_t)
													   + set->table_size * sizeof(uint32_t)), __ATOMIC_RELAXED);
	free(set->pool);
	free(set->chains);
	free(set->table);
	rpm_chain_set_init(set, set->bytes_left);
}

size_t
rpm_chain_set_add(rpm_chain_set *set, const int32_t *facets, int length)
{
	size_t		slot;

	if (set->failed || (set->count * 2 >= set->table_size && !grow_table(set)))
		return SIZE_MAX;
	slot = chain_slot(set, facets, length);
	if (set->table[slot] != 0)
		return set->table[slot] - 1;
	if (!grow_array(set, (void **) &set->pool, &set->pool_capacity, set->pool_used + length + 1, sizeof(int32_t))
		|| !grow_array(set, (void **) &set->chains, &set->capacity, set->count + 1, sizeof(size_t)))
		return SIZE_MAX;
	set->chains[set->count] = set->pool_used;
	set->pool[set->pool_used] = length;
	memcpy(set->pool + set->pool_used + 1, facets, length * sizeof(int32_t));
	set->pool_used += length + 1;
	set->count++;
	set->table[slot] = (uint32_t) set->count;
	return set->count - 1;
}

void
rpm_chain_set_merge(rpm_chain_set *set, const rpm_chain_set *from)
{
	for (size_t i = 0; i < from->count; i++)
	{
		int			length;
		const int32_t *facets = rpm_chain_at(from, i, &length);

		rpm_chain_set_add(set, facets, length);
	}
	set->failed |= from->failed;
	set->out_of_memory |= from->out_of_memory;
}

rpm_code
rpm_chain_set_check(const rpm_chain_set *set, const rpm_control *control, rpm_status *status)
{
	if (!set->failed)
		return RPM_OK;
	if (set->out_of_memory)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Ask for fewer samples or a smaller depth.", "out of memory for candidates of paths");
	return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Ask for fewer samples or a smaller depth, or allow more memory.",
					"candidates of paths need more than the allowed %zu MB", control ? control->memory_limit_bytes >> 20 : 0);
}

void
rpm_chain_set_sort(rpm_chain_set *set)
{
	if (set->count > 1)
		qsort_r(set->chains, set->count, sizeof(size_t), compare_chains, set->pool);
	/* The table speaks of the old order: rebuilt if more is added. */
	if (set->table_size > 0)
		memset(set->table, 0, set->table_size * sizeof(uint32_t));
	for (size_t i = 0; i < set->count; i++)
	{
		int			length;
		const int32_t *facets = rpm_chain_at(set, i, &length);

		set->table[chain_slot(set, facets, length)] = (uint32_t) (i + 1);
	}
}

const int32_t *
rpm_chain_at(const rpm_chain_set *set, size_t index, int *length)
{
	*length = set->pool[set->chains[index]];
	return set->pool + set->chains[index] + 1;
}

/* The slot that holds the chain, or the free one where it belongs. */
static size_t
chain_slot(const rpm_chain_set *set, const int32_t *facets, int length)
{
	size_t		slot = chain_hash(facets, length) & (set->table_size - 1);

	while (set->table[slot] != 0)
	{
		int			other_length;
		const int32_t *other = rpm_chain_at(set, set->table[slot] - 1, &other_length);

		if (other_length == length && memcmp(other, facets, length * sizeof(int32_t)) == 0)
			break;
		slot = (slot + 1) & (set->table_size - 1);
	}
	return slot;
}

static uint64_t
chain_hash(const int32_t *facets, int length)
{
	uint64_t	hash = 0x9E3779B97F4A7C15u;

	for (int i = 0; i < length; i++)
	{
		hash = (hash ^ (uint32_t) facets[i]) * 0xBF58476D1CE4E5B9u;
		hash ^= hash >> 29;
	}
	return hash ^ (hash >> 32);
}

static bool
grow_table(rpm_chain_set *set)
{
	size_t		size = set->table_size ? set->table_size * 2 : 1024;
	uint32_t   *table;

	if (size > (size_t) 1 << 31 || !take_bytes(set, (size - set->table_size) * sizeof(uint32_t)))
	{
		set->failed = true;
		return false;
	}
	table = calloc(size, sizeof(uint32_t));
	if (table == NULL)
	{
		set->failed = set->out_of_memory = true;
		return false;
	}
	free(set->table);
	set->table = table;
	set->table_size = size;
	for (size_t i = 0; i < set->count; i++)
	{
		int			length;
		const int32_t *facets = rpm_chain_at(set, i, &length);

		table[chain_slot(set, facets, length)] = (uint32_t) (i + 1);
	}
	return true;
}

static bool
grow_array(rpm_chain_set *set, void **array, size_t *capacity, size_t needed, size_t item_size)
{
	size_t		grown = *capacity ? *capacity * 2 : 1024;
	void	   *moved;

	if (needed <= *capacity)
		return true;
	while (grown < needed)
		grown *= 2;
	if (!take_bytes(set, (grown - *capacity) * item_size))
		return false;
	moved = realloc(*array, grown * item_size);
	if (moved == NULL)
	{
		set->failed = set->out_of_memory = true;
		return false;
	}
	*array = moved;
	*capacity = grown;
	return true;
}

static bool
take_bytes(rpm_chain_set *set, size_t bytes)
{
	if (set->bytes_left == NULL || __atomic_sub_fetch(set->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED) >= 0)
		return true;
	__atomic_add_fetch(set->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED);
	set->failed = true;
	return false;
}

static int
compare_chains(const void *a, const void *b, void *pool)
{
	const int32_t *x = (const int32_t *) pool + *(const size_t *) a;
	const int32_t *y = (const int32_t *) pool + *(const size_t *) b;

	/* The first number is the length. */
	for (int i = 0; i <= x[0]; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
