/*
 * number.h: the two kinds of numbers of 16 bits that a GPU multiplies in, to and from single precision, rounded to the nearest, ties to even.
 *
 * Bits alone, so that one text serves C, C++ and nvcc: IEEE 754-2019 binary16, and bfloat16, the upper half of binary32.
 */
#ifndef RPM_NN_NUMBER_H
#define RPM_NN_NUMBER_H

#include <stdint.h>
#include <string.h>

#include "rpm_math.h"

RPM_INLINE uint32_t nn_bits_of(float x)
{
	uint32_t	bits;

	memcpy(&bits, &x, sizeof(bits));
	return bits;
}

RPM_INLINE float nn_of_bits(uint32_t bits)
{
	float		x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

RPM_INLINE float nn_half_to_float(uint16_t half)
{
	uint32_t	sign = (uint32_t) (half & 0x8000) << 16,
				exponent = (half >> 10) & 31,
				fraction = half & 1023;

	if (exponent == 31)
		return nn_of_bits(sign | 0x7F800000 | fraction << 13);
	if (exponent > 0)
		return nn_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
	/* Subnormal: a whole number of 2^-24. */
	return nn_of_bits(sign | nn_bits_of((float) fraction * 5.9604644775390625e-8f));
}

RPM_INLINE uint16_t nn_half_of_float(float x)
{
	uint32_t	bits = nn_bits_of(x),
				sign = bits >> 16 & 0x8000,
				size = bits & 0x7FFFFFFF;

	if (size > 0x7F800000)
		return (uint16_t) (sign | 0x7E00);
	if (size >= 0x477FF000)		/* 65520 and above round to infinity */
		return (uint16_t) (sign | 0x7C00);
	if (size < 0x38800000)		/* subnormal: adding 1/2 leaves units of 2^-24, rounded */
		return (uint16_t) (sign | (nn_bits_of(nn_of_bits(size) + 0.5f) - 0x3F000000));
	return (uint16_t) (sign | (size - 0x38000000 + 0xFFF + (size >> 13 & 1)) >> 13);
}

RPM_INLINE float nn_bfloat_to_float(uint16_t bfloat)
{
	return nn_of_bits((uint32_t) bfloat << 16);
}

RPM_INLINE uint16_t nn_bfloat_of_float(float x)
{
	uint32_t	bits = nn_bits_of(x);

	if ((bits & 0x7FFFFFFF) > 0x7F800000)
		return (uint16_t) (bits >> 16 | 0x40);
	return (uint16_t) ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

#endif
