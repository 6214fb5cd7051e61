/* lanes.h: several values at once: functions compiled also for processors with wider registers, chosen when the library is loaded; logarithms. */
#ifndef RPM_FEATURES_LANES_H
#define RPM_FEATURES_LANES_H

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__)
#define LANES_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define LANES_WIDE
#endif
#define LANES_INLINE static inline __attribute__((always_inline))

#define LANES_LOAD(lanes, values) memcpy(&(lanes), (values), sizeof(lanes))
#define LANES_STORE(values, lanes) memcpy((values), &(lanes), sizeof(lanes))

#define LANES_LOG 4				/* counts are multiples of this */

/* log10 of `count` positive, finite, normal numbers, to 1e-14 of ln 2; in place where both are the same array. */
void		lanes_log10(const double *x, int count, double *logarithm);

#endif
