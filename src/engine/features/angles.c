/*
 * angles.c: the arctangent in lanes, since a tile needs four of each cell.
 *
 * The polynomial is the series of atan(t) / t in Chebyshev polynomials of t^2 over [0, tan^2(pi / 8)], cut off
 * behind its eighth term: at most 2.9e-13 off.
 */
#include <stdint.h>
#include <string.h>

#include "features/angles.h"
#include "rpm_math.h"

#define TAN_PI_8 0.41421356237309505

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2,fma", "default")))
#else
#define WIDE
#endif

typedef double lanes __attribute__((vector_size(ANGLES_LANES * sizeof(double))));
typedef int64_t bits __attribute__((vector_size(ANGLES_LANES * sizeof(double))));

#define EITHER(which, a, b) ((lanes) (((bits) (which) & (bits) (a)) | (~(bits) (which) & (bits) (b))))

WIDE void
angles_atan2(const double *y, const double *x, int count, double *angle)
{
	static const double terms[] = {-0.03770167015284129, 0.06977001357597172, -0.08993216408320258, 0.11103534818515746, -0.14285391253733143,
	0.1999999318872443, -0.3333333327838264, 0.9999999999992709};
	const lanes zero = {0};
	const bits	sign = (bits) (-0.0 - zero);

	for (int i = 0; i < count; i += ANGLES_LANES)
	{
		lanes		up,
					along,
					low,
					high,
					t,
					square,
					sum = terms[0] - zero;
		bits		steep,
					middle;

		memcpy(&up, y + i, sizeof(up));
		memcpy(&along, x + i, sizeof(along));
		low = (lanes) ((bits) up & ~sign);
		high = (lanes) ((bits) along & ~sign);
		steep = low > high;
		t = EITHER(steep, high, low);
		high = EITHER(steep, low, high);
		low = t;
		/* Above pi / 8 from pi / 4: tan(a - pi / 4) = (tan a - 1) / (tan a + 1). */
		middle = low > TAN_PI_8 * high;
		t = EITHER(middle, low - high, low) / EITHER(middle, low + high, EITHER(high > zero, high, 1 - zero));
		square = t * t;
		for (size_t k = 1; k < sizeof(terms) / sizeof(terms[0]); k++)
			sum = sum * square + terms[k];
		t = t * sum + EITHER(middle, RPM_PI / 4 - zero, zero);
		t = EITHER(steep, RPM_PI / 2 - t, t);
		t = EITHER(along < zero, RPM_PI - t, t);
		t = (lanes) ((bits) t | ((bits) up & sign));
		memcpy(angle + i, &t, sizeof(t));
	}
}
