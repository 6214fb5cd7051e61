/*
 * polygons.c: growing sets of polygons.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/polygons.h"

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
