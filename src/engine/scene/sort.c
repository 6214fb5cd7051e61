/*
 * sort.c: a merge sort from the bottom up over runs that the library's sort makes.
 */
#include <stdlib.h>
#include <string.h>

#include "scene/poll.h"
#include "scene/sort.h"

#define RUN 8192				/* items sorted at once: 2 to 5 ms */

typedef struct sorter
{
	size_t		count, size;
	int			(*compare) (const void *a, const void *b);
	const rpm_control *control;
} sorter;

static bool sort_runs(const sorter *s, char *items);
static bool merge_all(const sorter *s, const char *from, char *to, size_t run);
static bool merge_two(const sorter *s, const char *from, char *to, size_t begin, size_t middle, size_t end);
static bool copy(const sorter *s, const char *from, char *to);

rpm_code scene_sort(void *items, size_t count, size_t size, int (*compare) (const void *a, const void *b), const rpm_control *control)
{
	sorter		s = {count, size, compare, control};
	char	   *from = items, *to, *second;
	bool		going = sort_runs(&s, from);

	if (count <= RUN || !going)
		return going ? RPM_OK : RPM_CANCELLED;
	to = second = malloc(count * size);
	if (second == NULL)
		return RPM_OUT_OF_MEMORY;
	for (size_t run = RUN; going && run < count; run *= 2)
	{
		char	   *swap = from;

		going = merge_all(&s, from, to, run);
		from = to;
		to = swap;
	}
	if (going && from != items)
		going = copy(&s, from, items);
	free(second);
	return going ? RPM_OK : RPM_CANCELLED;
}

/* False when stopped, as the others below. */
static bool sort_runs(const sorter *s, char *items)
{
	for (size_t begin = 0; begin < s->count; begin += RUN)
	{
		if (rpm_stopped(s->control))
			return false;
		qsort(items + begin * s->size, s->count - begin < RUN ? s->count - begin : RUN, s->size, s->compare);
	}
	return true;
}

/* Merges neighbouring runs of this length in pairs. */
static bool merge_all(const sorter *s, const char *from, char *to, size_t run)
{
	for (size_t begin = 0; begin < s->count; begin += 2 * run)
	{
		size_t		middle = s->count - begin < run ? s->count : begin + run;
		size_t		end = s->count - middle < run ? s->count : middle + run;

		if (!merge_two(s, from, to, begin, middle, end))
			return false;
	}
	return true;
}

static bool merge_two(const sorter *s, const char *from, char *to, size_t begin, size_t middle, size_t end)
{
	size_t		left = begin, right = middle;

	for (size_t i = begin; i < end; i++)
	{
		bool		take_left = right == end || (left < middle && s->compare(from + left * s->size, from + right * s->size) <= 0);
		size_t		taken = take_left ? left++ : right++;

		if (scene_stopped(s->control, i))
			return false;
		memcpy(to + i * s->size, from + taken * s->size, s->size);
	}
	return true;
}

static bool copy(const sorter *s, const char *from, char *to)
{
	for (size_t i = 0; i < s->count; i += POLL_ITEMS)
	{
		if (rpm_stopped(s->control))
			return false;
		memcpy(to + i * s->size, from + i * s->size, (s->count - i < POLL_ITEMS ? s->count - i : POLL_ITEMS) * s->size);
	}
	return true;
}
