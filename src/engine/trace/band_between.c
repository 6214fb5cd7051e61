/*
 * band_between.c: the shortest way between edges that hold it from below and from above (band.h).
 *
 * The funnel of D. T. Lee and F. P. Preparata (Networks 14(3), 1984): from the last corner on, the slopes that pass over all edges of the
 * one kind and under all of the other narrow until an edge, or the receiver, lies outside; there the way turns over the edge that bounds them.
 */
#include "trace/band.h"

/* The slopes that are open from a corner on, and the crossings that bound them. */
typedef struct funnel
{
	double		low, high;
	int			low_at, high_at;
} funnel;

RPM_LOCAL void sort_by_x(rpm_profile *p);
RPM_LOCAL int next_corner(const rpm_profile *p, double x, double z);
RPM_LOCAL int narrow(funnel *f, double slope, bool from_below, bool from_above, int at);

RPM_SHARED void
rpm_band_between(rpm_profile *p, rpm_band *band)
{
	double		x = 0, z = p->z_begin;
	int			next;

	sort_by_x(p);
	while ((next = next_corner(p, x, z)) >= 0)
	{
		rpm_band_turn_at(p, band, x, next);
		x = band->corners[band->corner_count - 1].x;
		z = band->corners[band->corner_count - 1].z;
	}
}

/* All but sorted already: a group of edges is added at a time. */
RPM_LOCAL void
sort_by_x(rpm_profile *p)
{
	for (int i = 1; i < p->count; i++)
	{
		rpm_crossing c = p->at[i];
		int			at = i;

		for (; at > 0 && p->at[at - 1].x > c.x; at--)
			p->at[at] = p->at[at - 1];
		p->at[at] = c;
	}
}

/* Where the way from (x, z) turns next, -1 for nowhere. */
RPM_LOCAL int
next_corner(const rpm_profile *p, double x, double z)
{
	funnel		f = {-INFINITY, INFINITY, -1, -1};
	int			closed;

	for (int i = 0; i < p->count; i++)
		if (p->at[i].x > x)
		{
			closed = narrow(&f, (p->at[i].z - z) / (p->at[i].x - x), p->at[i].side > 0, p->at[i].side < 0, i);
			if (closed >= 0)
				return closed;
		}
	return narrow(&f, (p->z_end - z) / (p->length - x), true, true, -1);
}

/* Narrows the funnel to what passes a place; the crossing that bounds it where nothing does, else -1. */
RPM_LOCAL int
narrow(funnel *f, double slope, bool from_below, bool from_above, int at)
{
	if (from_below && slope > f->high)
		return f->high_at;
	if (from_above && slope < f->low)
		return f->low_at;
	if (from_below && slope > f->low)
	{
		f->low = slope;
		f->low_at = at;
	}
	if (from_above && slope < f->high)
	{
		f->high = slope;
		f->high_at = at;
	}
	return -1;
}
