/*
 * rpm_split.h: which part of the data a site, a block of ground or a pixel belongs to, as a number in [0, 1).
 *
 * Measurements are split for training, calibration and validation by comparing this number with a share: below 0.7 learns, the rest is
 * held out.  It depends on nothing but its arguments: not on the order of rows, on what else was measured, on the machine or the
 * thread count, so that everything that splits (SQL, training, calibration, validation) splits alike.
 *
 * Definition.  With all arithmetic modulo 2^64, and
 *     mix(z) = the finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
 *              in the constants of S. Vigna's splitmix64.c): z ^= z >> 30; z *= 0xBF58476D1CE4E5B9; z ^= z >> 27;
 *              z *= 0x94D049BB133111EB; z ^= z >> 31,
 *     join(h, v) = mix((h ^ v) + 0x9E3779B97F4A7C15),
 * the hash is h = join(join(join(join(mix(seed), kind), owner), column), row): kind = 2 unit, plus 1 where there is an owner (an owner that
 * is absent counts as 0); column = floor(x / edge), row = floor(y / edge) as two's complement, both 0 for a site.  The number is the upper
 * 53 bits of h times 2^-53.
 */
#ifndef RPM_SPLIT_H
#define RPM_SPLIT_H

#include <stdint.h>

#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Their values are part of the definition. */
typedef enum rpm_split_unit
{
	RPM_SPLIT_SITE = 1,			/* everything of one site (or antenna): the owner alone */
	RPM_SPLIT_BLOCK = 2,		/* a square of block_m on the ground */
	RPM_SPLIT_PIXEL = 3			/* a square of cell_m, as measurements are averaged over */
} rpm_split_unit;

/*
 * The number of column and row of a unit.  owner: the antenna or site whose data are split, or NULL where all share one split of the
 * ground; a site needs one.
 */
double		rpm_split_number(uint64_t seed, rpm_split_unit unit, const int64_t *owner, int64_t column, int64_t row);

/*
 * The number of the unit that (x, y), metres in the plane of the data, lies in.  edge_m: of the block or pixel; x, y and edge_m are not looked
 * at for a site.  Errors: RPM_INVALID_ARGUMENT (a site without an owner, coordinates that are not finite, an edge that is not above 0 and
 * finite), RPM_LIMIT_EXCEEDED (a column or row beyond 2^53).
 */
rpm_code	rpm_split_at(uint64_t seed, rpm_split_unit unit, const int64_t *owner, double x, double y, double edge_m,
						 double *number, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
