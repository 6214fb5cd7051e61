/* split.c: the number in [0, 1) by which data are split (rpm_split.h). */
#include <math.h>
#include <stddef.h>

#include "rpm_split.h"

#define FARTHEST_CELL 9007199254740992.0	/* 2^53: beyond it a double no longer tells neighbours apart */

static uint64_t mix(uint64_t z);
static uint64_t join(uint64_t hash, uint64_t value);

double
rpm_split_number(uint64_t seed, rpm_split_unit unit, const int64_t *owner, int64_t column, int64_t row)
{
	uint64_t	hash = mix(seed);

	hash = join(hash, 2 * (uint64_t) unit + (owner != NULL));
	hash = join(hash, owner != NULL ? (uint64_t) *owner : 0);
	hash = join(hash, (uint64_t) column);
	hash = join(hash, (uint64_t) row);
	return (double) (hash >> 11) * 0x1p-53;
}

rpm_code
rpm_split_at(uint64_t seed, rpm_split_unit unit, const int64_t *owner, double x, double y, double edge_m, double *number, rpm_status *status)
{
	double		column, row;

	if (unit == RPM_SPLIT_SITE)
	{
		if (owner == NULL)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the id of the site (or of the antenna) that is split as a whole.",
							"a split by site needs an id");
		*number = rpm_split_number(seed, unit, owner, 0, 0);
		return RPM_OK;
	}
	if (!(edge_m > 0 && isfinite(edge_m)))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres above 0.", "%s is %g", unit == RPM_SPLIT_BLOCK ? "block_m" : "cell_m", edge_m);
	if (!isfinite(x) || !isfinite(y))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give a point with finite coordinates, in metres.", "the point is at (%g, %g)", x, y);
	column = floor(x / edge_m);
	row = floor(y / edge_m);
	if (!(fabs(column) < FARTHEST_CELL && fabs(row) < FARTHEST_CELL))
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Give coordinates in metres, and an edge that suits them.",
						"the point (%g, %g) lies more than 2^53 edges of %g m from the origin", x, y, edge_m);
	*number = rpm_split_number(seed, unit, owner, (int64_t) column, (int64_t) row);
	return RPM_OK;
}

static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

static uint64_t
join(uint64_t hash, uint64_t value)
{
	return mix((hash ^ value) + UINT64_C(0x9E3779B97F4A7C15));
}
