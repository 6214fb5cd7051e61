/* place_key.h: random numbers that belong to places: the same place and seed give the same number whatever else there is. */
#ifndef RPM_FIELD_PLACE_KEY_H
#define RPM_FIELD_PLACE_KEY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
static inline uint64_t
field_mixed(uint64_t value)
{
	value += 0x9e3779b97f4a7c15u;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
	return value ^ (value >> 31);
}

static inline uint64_t
field_place_key(uint64_t seed, double x, double y)
{
	double		place[2] = {x + 0.0, y + 0.0};	/* no negative zero */
	uint64_t	bits[2];

	memcpy(bits, place, sizeof(bits));
	return field_mixed(field_mixed(field_mixed(seed) ^ bits[0]) ^ bits[1]);
}

/* Which of `parts` a square of this side belongs to: squares are numbered from the origin and dealt out by seed. */
static inline int32_t
field_part_of(uint64_t seed, double side_m, int32_t parts, double x, double y)
{
	return (int32_t) (field_place_key(seed, floor(x / side_m), floor(y / side_m)) % (uint64_t) parts);
}

#endif
