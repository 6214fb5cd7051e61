/*
 * rpm_math.h: reals, 3-vectors and complex numbers shared by C and CUDA.
 *
 * The common subset of C11 and C++17: no compound literals, no <complex>, so that one text compiles
 * as C, as C++ and by nvcc.  rpm_real is double unless the including program defines RPM_REAL_FLOAT;
 * phases over hundreds of wavelengths need double wherever they matter.
 */
#ifndef RPM_MATH_H
#define RPM_MATH_H

#include <math.h>

#ifdef __CUDACC__
#define RPM_INLINE __host__ __device__ static inline
#else
#define RPM_INLINE static inline
#endif

/*
 * The engine's own functions that kernels compile too, by including the files that hold them with RPM_KERNEL defined (kernels/map_engine.h);
 * what those files hold beside them is left out there.
 */
#ifdef RPM_KERNEL
#define RPM_SHARED RPM_INLINE	/* kernels/map_engine.h has its own */
#define RPM_LOCAL RPM_INLINE
#else
#define RPM_SHARED
#define RPM_LOCAL static		/* shared, and of its file alone */
#endif

#ifdef RPM_REAL_FLOAT
typedef float rpm_real;
#else
typedef double rpm_real;
#endif

#define RPM_PI 3.14159265358979323846
#define RPM_SPEED_OF_LIGHT_M_S 299792458.0
#define RPM_VACUUM_PERMITTIVITY_F_M 8.8541878128e-12
#define RPM_BOLTZMANN_J_K 1.380649e-23

typedef struct rpm_vec3 { rpm_real x, y, z; } rpm_vec3;
typedef struct rpm_complex { rpm_real re, im; } rpm_complex;
/* A complex vector: an electric field in the scene's axes (east, north, up). */
typedef struct rpm_cvec3 { rpm_complex x, y, z; } rpm_cvec3;

RPM_INLINE rpm_vec3 rpm_vec(rpm_real x, rpm_real y, rpm_real z) { rpm_vec3 v; v.x = x; v.y = y; v.z = z; return v; }
RPM_INLINE rpm_vec3 rpm_add(rpm_vec3 a, rpm_vec3 b) { return rpm_vec(a.x + b.x, a.y + b.y, a.z + b.z); }
RPM_INLINE rpm_vec3 rpm_sub(rpm_vec3 a, rpm_vec3 b) { return rpm_vec(a.x - b.x, a.y - b.y, a.z - b.z); }
RPM_INLINE rpm_vec3 rpm_scale(rpm_vec3 a, rpm_real s) { return rpm_vec(a.x * s, a.y * s, a.z * s); }
/* a + s b */
RPM_INLINE rpm_vec3 rpm_along(rpm_vec3 a, rpm_real s, rpm_vec3 b) { return rpm_vec(a.x + s * b.x, a.y + s * b.y, a.z + s * b.z); }
RPM_INLINE rpm_real rpm_dot(rpm_vec3 a, rpm_vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
RPM_INLINE rpm_vec3 rpm_cross(rpm_vec3 a, rpm_vec3 b)
{
	return rpm_vec(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
}
RPM_INLINE rpm_real rpm_norm(rpm_vec3 a) { return (rpm_real) sqrt(rpm_dot(a, a)); }
/* The unit vector along a; the zero vector stays zero. */
RPM_INLINE rpm_vec3 rpm_unit(rpm_vec3 a)
{
	rpm_real n = rpm_norm(a);

	return n > 0 ? rpm_scale(a, 1 / n) : a;
}

/* 0 below 0, 1 above 1, between them with a level start and end. */
RPM_INLINE rpm_real rpm_smooth_step(rpm_real u)
{
	u = u < 0 ? 0 : u > 1 ? 1 : u;
	return u * u * (3 - 2 * u);
}

RPM_INLINE rpm_complex rpm_cx(rpm_real re, rpm_real im) { rpm_complex z; z.re = re; z.im = im; return z; }
RPM_INLINE rpm_complex rpm_cx_add(rpm_complex a, rpm_complex b) { return rpm_cx(a.re + b.re, a.im + b.im); }
RPM_INLINE rpm_complex rpm_cx_sub(rpm_complex a, rpm_complex b) { return rpm_cx(a.re - b.re, a.im - b.im); }
RPM_INLINE rpm_complex rpm_cx_mul(rpm_complex a, rpm_complex b)
{
	return rpm_cx(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
}
RPM_INLINE rpm_complex rpm_cx_scale(rpm_complex a, rpm_real s) { return rpm_cx(a.re * s, a.im * s); }
RPM_INLINE rpm_complex rpm_cx_conj(rpm_complex a) { return rpm_cx(a.re, -a.im); }
RPM_INLINE rpm_real rpm_cx_norm2(rpm_complex a) { return a.re * a.re + a.im * a.im; }
/* a / b by Smith's method, which neither overflows nor underflows where |b|^2 would. */
RPM_INLINE rpm_complex rpm_cx_div(rpm_complex a, rpm_complex b)
{
	if (fabs(b.re) >= fabs(b.im))
	{
		rpm_real r = b.im / b.re, d = b.re + b.im * r;

		return rpm_cx((a.re + a.im * r) / d, (a.im - a.re * r) / d);
	}
	else
	{
		rpm_real r = b.re / b.im, d = b.re * r + b.im;

		return rpm_cx((a.re * r + a.im) / d, (a.im * r - a.re) / d);
	}
}
/* The principal square root: real part not negative. */
RPM_INLINE rpm_complex rpm_cx_sqrt(rpm_complex a)
{
	rpm_real m = (rpm_real) hypot(a.re, a.im);
	rpm_real re = (rpm_real) sqrt((m + fabs(a.re)) / 2);

	if (re == 0)
		return rpm_cx(0, 0);
	if (a.re >= 0)
		return rpm_cx(re, a.im / (2 * re));
	return rpm_cx((rpm_real) fabs(a.im) / (2 * re), a.im >= 0 ? re : -re);
}
/* e^a */
RPM_INLINE rpm_complex rpm_cx_exp(rpm_complex a)
{
	rpm_real m = (rpm_real) exp(a.re);

	return rpm_cx(m * (rpm_real) cos(a.im), m * (rpm_real) sin(a.im));
}
/* e^{j phase} */
RPM_INLINE rpm_complex rpm_cx_phase(rpm_real phase_rad) { return rpm_cx((rpm_real) cos(phase_rad), (rpm_real) sin(phase_rad)); }

RPM_INLINE rpm_cvec3 rpm_cvec_zero(void)
{
	rpm_cvec3 v;

	v.x = v.y = v.z = rpm_cx(0, 0);
	return v;
}
/* A real vector times a complex amplitude. */
RPM_INLINE rpm_cvec3 rpm_cvec(rpm_vec3 a, rpm_complex s)
{
	rpm_cvec3 v;

	v.x = rpm_cx_scale(s, a.x);
	v.y = rpm_cx_scale(s, a.y);
	v.z = rpm_cx_scale(s, a.z);
	return v;
}
RPM_INLINE rpm_cvec3 rpm_cvec_add(rpm_cvec3 a, rpm_cvec3 b)
{
	rpm_cvec3 v;

	v.x = rpm_cx_add(a.x, b.x);
	v.y = rpm_cx_add(a.y, b.y);
	v.z = rpm_cx_add(a.z, b.z);
	return v;
}
RPM_INLINE rpm_cvec3 rpm_cvec_mul(rpm_cvec3 a, rpm_complex s)
{
	rpm_cvec3 v;

	v.x = rpm_cx_mul(a.x, s);
	v.y = rpm_cx_mul(a.y, s);
	v.z = rpm_cx_mul(a.z, s);
	return v;
}
RPM_INLINE rpm_cvec3 rpm_cvec_scale(rpm_cvec3 a, rpm_real s)
{
	rpm_cvec3 v;

	v.x = rpm_cx_scale(a.x, s);
	v.y = rpm_cx_scale(a.y, s);
	v.z = rpm_cx_scale(a.z, s);
	return v;
}
/* The component of a along the real vector b (no conjugation). */
RPM_INLINE rpm_complex rpm_cvec_dot(rpm_cvec3 a, rpm_vec3 b)
{
	return rpm_cx(a.x.re * b.x + a.y.re * b.y + a.z.re * b.z, a.x.im * b.x + a.y.im * b.y + a.z.im * b.z);
}
RPM_INLINE rpm_real rpm_cvec_norm2(rpm_cvec3 a) { return rpm_cx_norm2(a.x) + rpm_cx_norm2(a.y) + rpm_cx_norm2(a.z); }

#endif
