/*
 * point_tree.h: the nearest points of a place, by a k-d tree over plain arrays; safe to ask from several threads.
 *
 * Equal distances are ordered by the points' numbers, so that an answer is a function of the points alone.
 */
#ifndef RPM_FIELD_POINT_TREE_H
#define RPM_FIELD_POINT_TREE_H

#include <stdint.h>

#include "rpm_field.h"

typedef struct point_tree point_tree;

/* Which points may answer. */
typedef struct tree_filter
{
	int32_t		below_rank;		/* only points of lower rank; INT32_MAX: all */
	const int32_t *group;		/* of all points, by number; NULL: no groups */
	int32_t		not_group;		/* points of this group are left out */
} tree_filter;

/*
 * A tree over the points whose numbers are in member[count]; rank (by the number of a point) may be NULL.  Nothing of the arrays is
 * kept.  Returns NULL without memory.
 */
point_tree *point_tree_build(const rpm_field_point *points, const int32_t *member, int32_t count, const int32_t *rank);
void		point_tree_free(point_tree *tree);

/* Up to `most` numbers of points, nearest first; returns how many. */
int			point_tree_nearest(const point_tree *tree, double x, double y, const tree_filter *filter, int most, int32_t *nearest);

#endif
