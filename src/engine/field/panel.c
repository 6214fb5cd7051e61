/* panel.c: covariances and elimination, eight rows at a time (panel.h). */
#include <math.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "field/panel.h"

/* sqrt() of a sum of squares has no error to report: so it is an instruction. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize ("no-math-errno")
#endif

/* e^x below this is nothing beside 1. */
#define SMALLEST_EXPONENT (-700.0)
#define LOG2_E 1.4426950408889634
/* ln 2 in two parts, the first with 32 bits, so that its multiples are exact (Cody and Waite). */
#define LN_2_HIGH 6.93147180369123816490e-01
#define LN_2_LOW 1.90821492927058770002e-10
/* 1.5 * 2^52: adding it rounds to a whole number, which then stands in the lowest bits. */
#define ROUNDING 6755399441055744.0
#define EXPONENT_BIAS 1023
#define MANTISSA_BITS 52

/* Types of a kind of processor, by NAME. */
#define VECTOR NAME(vector)
#define WHOLE NAME(whole)
/* Where mask is set a, else b. */
#define CHOSEN(mask, a, b) ((VECTOR) (((WHOLE) (a) & (mask)) | ((WHOLE) (b) & ~(mask))))
#define AT(lanes, first) (*(VECTOR *) &(lanes).lane[first])

bool		field_panel_portable = false;

#define NAME(name) name##_plain
#define WIDTH 2
#define ALL(value) ((VECTOR) {value, value})
#define ROOTS(x) ((VECTOR) {sqrt((x)[0]), sqrt((x)[1])})
#include "field/panel_body.h"
#undef NAME
#undef WIDTH
#undef ALL
#undef ROOTS

/* For processors with AVX2 and fused multiplication. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HAS_WIDE (!field_panel_portable && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define NAME(name) name##_wide
#define WIDTH 4
#define ALL(value) ((VECTOR) {value, value, value, value})
#define ROOTS(x) ((VECTOR) _mm256_sqrt_pd((__m256d) (x)))
#include "field/panel_body.h"
#undef NAME
#pragma GCC pop_options
#else
#define HAS_WIDE false
#define fill_wide fill_plain
#define eliminate_wide eliminate_plain
#define sums_wide sums_plain
#endif

void
field_kernel_prepare(field_kernel *kernel, const rpm_covariance *covariance, bool one_antenna)
{
	kernel->structures = 0;
	kernel->one_antenna = one_antenna;
	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		if (covariance->sill_db2[j] > 0)
		{
			int			s = kernel->structures++;

			kernel->sill_db2[s] = covariance->sill_db2[j];
			kernel->minus_per_m[s] = -1 / covariance->range_m[j];
			kernel->site_share[s] = covariance->site_share[j];
			kernel->other_share[s] = covariance->other_share[j];
		}
}

void
field_panel_fill(field_panel *panel, const field_panel_places *rows, const field_panel_places *points, int columns,
				 const field_kernel *kernel)
{
	if (HAS_WIDE)
		fill_wide(panel, rows, points, columns, kernel);
	else
		fill_plain(panel, rows, points, columns, kernel);
}

void
field_panel_eliminate(field_panel *panel, const field_panel *stack, int number, int columns, double *inverse_pivot, double smallest)
{
	if (HAS_WIDE)
		eliminate_wide(panel, stack, number, columns, inverse_pivot, smallest);
	else
		eliminate_plain(panel, stack, number, columns, inverse_pivot, smallest);
}

void
field_panel_sums(const field_panel *panel, int columns, const double *row, field_lanes *sum, field_lanes *squares)
{
	if (HAS_WIDE)
		sums_wide(panel, columns, row, sum, squares);
	else
		sums_plain(panel, columns, row, sum, squares);
}
