/* dense.h: small dense symmetric systems (of the trend's coefficients), by Cholesky's factorisation. */
#ifndef RPM_FIELD_DENSE_H
#define RPM_FIELD_DENSE_H

#include <math.h>
#include <stdbool.h>

/* Factors the n x n matrix in place (lower triangle, by rows); false when it is not positive definite. */
static inline bool
dense_factor(double *matrix, int n)
{
	for (int i = 0; i < n; i++)
		for (int k = 0; k <= i; k++)
		{
			double		sum = matrix[i * n + k];

			for (int m = 0; m < k; m++)
				sum -= matrix[i * n + m] * matrix[k * n + m];
			if (k < i)
				matrix[i * n + k] = sum / matrix[k * n + k];
			else if (sum > 0 && isfinite(sum))
				matrix[i * n + i] = sqrt(sum);
			else
				return false;
		}
	return true;
}

/* Solves with a factored matrix, in place. */
static inline void
dense_solve(const double *factor, int n, double *b)
{
	for (int i = 0; i < n; i++)
	{
		for (int k = 0; k < i; k++)
			b[i] -= factor[i * n + k] * b[k];
		b[i] /= factor[i * n + i];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		b[i] /= factor[i * n + i];
		for (int k = 0; k < i; k++)
			b[k] -= factor[i * n + k] * b[i];
	}
}

static inline double
dense_log_determinant(const double *factor, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += 2 * log(factor[i * n + i]);
	return sum;
}

#endif
