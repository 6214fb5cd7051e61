/* weighted_median.c: the weighted median of many levels, in linear time: quickselect by weight instead of rank. */
#include <float.h>

#include "weighted_median.h"

typedef struct partition
{
	size_t		equal, above;	/* items[first .. equal) are below the pivot, [equal .. above) equal to it */
	double		weight_below, weight_equal;
} partition;

static float pivot_of(const weighted_level *items, size_t first, size_t end);
static partition part(weighted_level *items, size_t first, size_t end, float pivot);
static float largest(const weighted_level *items, size_t first, size_t end);
static float smallest(const weighted_level *items, size_t first, size_t end);
static void swap(weighted_level *a, weighted_level *b);

rpm_code
weighted_median(weighted_level *items, size_t count, const rpm_control *control, double *median)
{
	size_t		first = 0,
				end = count;
	double		half = 0;

	for (size_t i = 0; i < count; i++)
		half += 0.5 * (double) items[i].weight;
	for (;;)
	{
		float		pivot = pivot_of(items, first, end);
		partition	p = part(items, first, end, pivot);

		if (rpm_stopped(control))
			return RPM_CANCELLED;
		*median = (double) pivot;
		if (p.equal > first && half == p.weight_below)
			*median = 0.5 * ((double) pivot + (double) largest(items, first, p.equal));
		else if (p.above < end && half == p.weight_below + p.weight_equal)
			*median = 0.5 * ((double) pivot + (double) smallest(items, p.above, end));
		else if (p.equal > first && half < p.weight_below)
		{
			end = p.equal;
			continue;
		}
		else if (p.above < end && half > p.weight_below + p.weight_equal)
		{
			half -= p.weight_below + p.weight_equal;
			first = p.above;
			continue;
		}
		return RPM_OK;
	}
}

/* The middle one of three. */
static float
pivot_of(const weighted_level *items, size_t first, size_t end)
{
	float		a = items[first].level,
				b = items[first + (end - first) / 2].level,
				c = items[end - 1].level;

	if (a > b)
		return b > c ? b : a > c ? c : a;
	return a > c ? a : b > c ? c : b;
}

static partition
part(weighted_level *items, size_t first, size_t end, float pivot)
{
	partition	p = {first, end, 0, 0};
	size_t		i = first;

	while (i < p.above)
	{
		if (items[i].level < pivot)
		{
			p.weight_below += (double) items[i].weight;
			swap(&items[p.equal++], &items[i++]);
		}
		else if (items[i].level > pivot)
			swap(&items[i], &items[--p.above]);
		else
			p.weight_equal += (double) items[i++].weight;
	}
	return p;
}

static float
largest(const weighted_level *items, size_t first, size_t end)
{
	float		found = -FLT_MAX;

	for (size_t i = first; i < end; i++)
		found = items[i].level > found ? items[i].level : found;
	return found;
}

static float
smallest(const weighted_level *items, size_t first, size_t end)
{
	float		found = FLT_MAX;

	for (size_t i = first; i < end; i++)
		found = items[i].level < found ? items[i].level : found;
	return found;
}

static void
swap(weighted_level *a, weighted_level *b)
{
	weighted_level kept = *a;

	*a = *b;
	*b = kept;
}
