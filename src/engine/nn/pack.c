/* pack.c: places rooms in one stretch of memory (net.h). */
#include <stdlib.h>

#include "nn/net.h"

#define ALIGNMENT 64

static int	compare_size(const void *a, const void *b);
static int	compare_offset(const void *a, const void *b);
static size_t lowest_gap(nn_room *const *placed, int count, const nn_room *room);

/* Largest first, each into the lowest gap that is free while it is needed. */
size_t
nn_pack(nn_room **rooms, int count)
{
	size_t		total = 0;

	for (int i = 0; i < count; i++)
		rooms[i]->bytes = (rooms[i]->bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	qsort(rooms, (size_t) count, sizeof(nn_room *), compare_size);
	for (int i = 0; i < count; i++)
	{
		/* Those placed before, by offset. */
		qsort(rooms, (size_t) i, sizeof(nn_room *), compare_offset);
		rooms[i]->offset = lowest_gap(rooms, i, rooms[i]);
		if (rooms[i]->offset + rooms[i]->bytes > total)
			total = rooms[i]->offset + rooms[i]->bytes;
	}
	return total;
}

static size_t
lowest_gap(nn_room *const *placed, int count, const nn_room *room)
{
	size_t		offset = 0;

	for (int i = 0; i < count; i++)
	{
		if (placed[i]->last < room->first || placed[i]->first > room->last)
			continue;
		if (placed[i]->offset >= offset + room->bytes)
			return offset;
		if (placed[i]->offset + placed[i]->bytes > offset)
			offset = placed[i]->offset + placed[i]->bytes;
	}
	return offset;
}

static int
compare_size(const void *a, const void *b)
{
	const nn_room *x = *(nn_room *const *) a,
			   *y = *(nn_room *const *) b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	if (x->first != y->first)
		return x->first > y->first ? 1 : -1;
	return (x > y) - (x < y);
}

static int
compare_offset(const void *a, const void *b)
{
	const nn_room *x = *(nn_room *const *) a,
			   *y = *(nn_room *const *) b;

	if (x->offset != y->offset)
		return x->offset > y->offset ? 1 : -1;
	return (x > y) - (x < y);
}
