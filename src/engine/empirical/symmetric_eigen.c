/* symmetric_eigen.c: eigenvalues and eigenvectors of small symmetric matrices (symmetric_eigen.h). */
#include <math.h>

#include "empirical/symmetric_eigen.h"

#define MOST_SWEEPS 60
#define SMALLEST_ROTATION 1e-17		/* of the product of the diagonal elements' roots */

static int	sweep(double *a, int n, double *v);
static void rotate(double *a, int n, double *v, int p, int q);

void
rpm_symmetric_eigen(double *matrix, int n, double *values, double *vectors)
{
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			vectors[i * n + j] = i == j;
	for (int s = 0; s < MOST_SWEEPS; s++)
		if (sweep(matrix, n, vectors) == 0)
			break;
	for (int i = 0; i < n; i++)
		values[i] = matrix[i * n + i];
}

/* Returns how many rotations it took. */
static int
sweep(double *a, int n, double *v)
{
	int			rotations = 0;

	for (int p = 0; p < n; p++)
		for (int q = p + 1; q < n; q++)
			if (fabs(a[p * n + q]) > SMALLEST_ROTATION * sqrt(fabs(a[p * n + p] * a[q * n + q])))
			{
				rotate(a, n, v, p, q);
				rotations++;
			}
	return rotations;
}

static void
rotate(double *a, int n, double *v, int p, int q)
{
	double		theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
	double		t = copysign(1, theta) / (fabs(theta) + hypot(theta, 1));
	double		c = 1 / hypot(t, 1), s = t * c, off = a[p * n + q];

	for (int k = 0; k < n; k++)
	{
		double		kp = a[k * n + p], kq = a[k * n + q];
		double		vp = v[k * n + p], vq = v[k * n + q];

		v[k * n + p] = c * vp - s * vq;
		v[k * n + q] = s * vp + c * vq;
		if (k == p || k == q)
			continue;
		a[k * n + p] = a[p * n + k] = c * kp - s * kq;
		a[k * n + q] = a[q * n + k] = s * kp + c * kq;
	}
	a[p * n + p] -= t * off;
	a[q * n + q] += t * off;
	a[p * n + q] = a[q * n + p] = 0;
}
