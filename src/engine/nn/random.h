/*
 * random.h: random numbers by their number: the i-th of a seed needs none before it, so that order and threads do not matter.
 */
#ifndef RPM_NN_RANDOM_H
#define RPM_NN_RANDOM_H

#include <stdint.h>

#include "rpm_math.h"

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014) at place i of the stream of seed. */
RPM_INLINE uint64_t nn_random(uint64_t seed, uint64_t i)
{
	uint64_t	z = seed + (i + 1) * 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

/* Uniform in [0, 1). */
RPM_INLINE double nn_random_share(uint64_t seed, uint64_t i)
{
	return (double) (nn_random(seed, i) >> 11) * 0x1p-53;
}

#endif
