/*
 * draws.h: seeded random numbers for tests, the same on every machine.
 */
#ifndef RPM_DRAWS_H
#define RPM_DRAWS_H

#include <math.h>
#include <stdint.h>

static uint64_t state;

/* SplitMix64 and Box and Muller: the same numbers on every machine. */
static double
uniform(void)
{
	uint64_t	z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (double) ((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double
normal(void)
{
	double		radius = sqrt(-2 * log(1 - uniform()));

	return radius * cos(2 * M_PI * uniform());
}

#endif
