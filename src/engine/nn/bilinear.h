/*
 * bilinear.h: between which two cells of a smaller image a cell of the larger one lies.
 */
#ifndef RPM_NN_BILINEAR_H
#define RPM_NN_BILINEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "rpm_math.h"

typedef struct nn_between
{
	int64_t		low, high;
	double		share;			/* of high; 0 <= share < 1 */
} nn_between;

/*
 * align_corners: the corner cells' centres of both images meet (PyTorch's align_corners=True); else the corners themselves do
 * (half-pixel centres, PyTorch's False and oneDNN's), cells outside being those at the edge.
 */
RPM_INLINE nn_between nn_between_at(int64_t i, int64_t small, int64_t large, bool align_corners)
{
	nn_between	between;
	double		at = 0;

	if (align_corners)
		at = large > 1 ? (double) i * (double) (small - 1) / (double) (large - 1) : 0;
	else
		at = ((double) i + 0.5) * (double) small / (double) large - 0.5;
	at = at > 0 ? at : 0;
	between.low = (int64_t) at;
	between.low = between.low < small - 1 ? between.low : small - 1;
	between.high = between.low < small - 1 ? between.low + 1 : between.low;
	between.share = between.high > between.low ? at - (double) between.low : 0;
	return between;
}

#endif
