/*
 * polygons.c: growing sets of polygons, and where those of many rows are kept.
 */
#include <stdlib.h>
#include <string.h>

#include "scene/polygons.h"

#define BLOCK_BYTES ((size_t) 1 << 20)

typedef struct polygon_block { struct polygon_block *older; size_t used, size; char bytes[]; } polygon_block;

static void *store_take(polygon_store *store, size_t bytes);

bool array_grow(void **items, size_t item_size, size_t count, size_t *capacity)
{
	size_t		wanted;
	void	   *larger;

	if (count < *capacity)
		return true;
	wanted = *capacity ? *capacity * 2 : 16;
	if (wanted > SIZE_MAX / 2 / item_size || (larger = realloc(*items, wanted * item_size)) == NULL)
		return false;
	*items = larger;
	*capacity = wanted;
	return true;
}

bool polygon_set_add_point(polygon_set *set, double x, double y, double z)
{
	if (!array_grow((void **) &set->point, sizeof *set->point, set->point_count, &set->point_capacity))
		return false;
	set->point[set->point_count][0] = x;
	set->point[set->point_count][1] = y;
	set->point[set->point_count][2] = z;
	set->point_count++;
	return true;
}

/* Closes the ring of the points added since the last one: the closing point is taken off, repeated points go. */
bool polygon_set_end_ring(polygon_set *set)
{
	size_t		first = ring_first_point(set, set->ring_count);
	size_t		kept = first;
	bool		closed;

	if (!array_grow((void **) &set->ring_end, sizeof *set->ring_end, set->ring_count, &set->ring_capacity))
		return false;
	for (size_t i = first; i < set->point_count; i++)
	{
		const double *p = set->point[i], *q = kept > first ? set->point[kept - 1] : NULL;

		if (q && p[0] == q[0] && p[1] == q[1] && p[2] == q[2])
		{
			set->repeated_points++;
			continue;
		}
		for (int k = 0; k < 3; k++)
			set->point[kept][k] = p[k];
		kept++;
	}
	closed = kept > first + 1 && set->point[first][0] == set->point[kept - 1][0] &&
		set->point[first][1] == set->point[kept - 1][1] && set->point[first][2] == set->point[kept - 1][2];
	if (closed)
		kept--;
	else if (kept > first + 2)
		set->unclosed_rings++;
	if (kept < first + 3)
	{
		set->short_rings++;
		kept = first;
	}
	set->point_count = kept;
	set->ring_end[set->ring_count++] = kept;
	return true;
}

bool polygon_set_end_line(polygon_set *set)
{
	if (!array_grow((void **) &set->ring_end, sizeof *set->ring_end, set->ring_count, &set->ring_capacity))
		return false;
	set->ring_end[set->ring_count++] = set->point_count;
	return true;
}

bool polygon_set_end_polygon(polygon_set *set)
{
	if (!array_grow((void **) &set->polygon_end, sizeof *set->polygon_end, set->polygon_count, &set->polygon_capacity))
		return false;
	set->polygon_end[set->polygon_count++] = set->ring_count;
	return true;
}

void polygon_set_free(polygon_set *set)
{
	free(set->point);
	free(set->ring_end);
	free(set->polygon_end);
	*set = (polygon_set) {0};
}

void polygon_set_clear(polygon_set *set)
{
	set->point_count = set->ring_count = set->polygon_count = 0;
	set->unclosed_rings = set->repeated_points = set->short_rings = 0;
	set->has_z = false;
}

bool polygon_store_pack(polygon_store *store, const polygon_set *set, polygon_set *packed)
{
	size_t		points = set->point_count * sizeof *set->point, rings = set->ring_count * sizeof *set->ring_end;
	size_t		polygons = set->polygon_count * sizeof *set->polygon_end;
	char	   *bytes = store_take(store, points + rings + polygons);

	if (bytes == NULL)
		return false;
	*packed = *set;
	packed->point_capacity = packed->ring_capacity = packed->polygon_capacity = 0;
	packed->point = memcpy(bytes, set->point, points);
	packed->ring_end = memcpy(bytes + points, set->ring_end, rings);
	packed->polygon_end = memcpy(bytes + points + rings, set->polygon_end, polygons);
	return true;
}

/* Bytes of a multiple of 8, from the newest block if they fit. */
static void *store_take(polygon_store *store, size_t bytes)
{
	polygon_block *block = store->blocks;

	if (block == NULL || block->size - block->used < bytes)
	{
		size_t		size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;

		block = malloc(sizeof *block + size);
		if (block == NULL)
			return NULL;
		*block = (polygon_block) {.older = store->blocks, .size = size};
		store->blocks = block;
	}
	block->used += bytes;
	return block->bytes + block->used - bytes;
}

void polygon_store_free(polygon_store *store)
{
	while (store->blocks)
	{
		polygon_block *older = store->blocks->older;

		free(store->blocks);
		store->blocks = older;
	}
}
