/*
 * lanes.c: the common logarithm in lanes: a tile needs one of each cell for free space, and one for the knife edge.
 *
 * x = m 2^e with m from sqrt(1/2) to sqrt(2); ln m = 2 artanh s = 2 (s + s^3 / 3 + ...) with s = (m - 1) / (m + 1), at most 0.172: behind the
 * ninth term less than 1e-15 is left.
 */
#include <stdint.h>
#include <string.h>

#include "features/lanes.h"

#define LOG10_2 0.30102999566398120
#define LOG10_E 0.43429448190325183
#define SQRT_HALF_BITS 0x3fe6a09e667f3bcdULL
#define MANTISSA_BITS 52
#define BIAS 1023ULL
/* 2^52, whose last bits count units: an integer there is a number once 2^52 is taken off. */
#define UNITS 0x4330000000000000ULL

typedef double lanes __attribute__((vector_size(LANES_LOG * sizeof(double))));
typedef uint64_t bits __attribute__((vector_size(LANES_LOG * sizeof(double))));

LANES_WIDE void
lanes_log10(const double *x, int count, double *logarithm)
{
	static const double terms[] = {1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11, 1.0 / 9, 1.0 / 7, 1.0 / 5, 1.0 / 3, 1.0};
	const lanes zero = {0};
	const double most = 1023 + 4503599627370496.0;

	for (int i = 0; i < count; i += LANES_LOG)
	{
		bits		all,
					exponent;
		lanes		mantissa,
					power,
					s,
					square,
					sum = terms[0] - zero;

		LANES_LOAD(all, x + i);
		/* With its bias; taken from sqrt(1/2) it is that of m 2^e with m from there on. */
		exponent = (all - SQRT_HALF_BITS + (BIAS << MANTISSA_BITS)) >> MANTISSA_BITS;
		mantissa = (lanes) (all - ((exponent - BIAS) << MANTISSA_BITS));
		power = (lanes) (exponent | UNITS) - most;
		s = (mantissa - 1) / (mantissa + 1);
		square = s * s;
		for (size_t k = 1; k < sizeof(terms) / sizeof(terms[0]); k++)
			sum = sum * square + terms[k];
		power = power * LOG10_2 + 2 * LOG10_E * s * sum;
		LANES_STORE(logarithm + i, power);
	}
}
