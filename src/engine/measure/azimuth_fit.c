/* azimuth_fit.c: the azimuth of an antenna as its measured levels tell it, by least squares (rpm_azimuth_fit.h). */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "rpm_azimuth_fit.h"

#define TERMS 4
#define LEAST_ROWS 8
/* Levels that differ by less than this share of their squares do not differ. */
#define SMALLEST_VARIANCE 1e-12
/* A term of which the others explain all but this share is one of theirs. */
#define SMALLEST_PIVOT 1e-8
#define DEGREES_PER_RADIAN 57.29577951308232

/* Products about the means, of cos, sin and log10 d. */
typedef struct centred
{
	double		matrix[3][3];
	double		right[3];
	double		level_squares;
} centred;

static centred centre(const rpm_azimuth_sums *sums);
static bool invert(const centred *c, int terms, double inverse[3][3]);
static rpm_azimuth_fit fit_of(const centred *c, int terms, const double inverse[3][3], double rows);
static rpm_azimuth_fit no_fit(double rows);

void
rpm_azimuth_add(rpm_azimuth_sums *sums, double east_m, double north_m, double level_dbm)
{
	double		distance = hypot(east_m, north_m),
				term[TERMS];
	double	   *product = sums->products;

	if (!(distance >= RPM_AZIMUTH_NEAREST_M) || !isfinite(distance) || !isfinite(level_dbm))
		return;
	term[0] = 1;
	term[1] = north_m / distance;
	term[2] = east_m / distance;
	term[3] = log10(distance);
	for (int i = 0; i < TERMS; i++)
	{
		for (int k = i; k < TERMS; k++)
			*product++ += term[i] * term[k];
		sums->with_level[i] += term[i] * level_dbm;
	}
	sums->level_squares += level_dbm * level_dbm;
}

void
rpm_azimuth_merge(rpm_azimuth_sums *sums, const rpm_azimuth_sums *other)
{
	for (int i = 0; i < 10; i++)
		sums->products[i] += other->products[i];
	for (int i = 0; i < TERMS; i++)
		sums->with_level[i] += other->with_level[i];
	sums->level_squares += other->level_squares;
}

rpm_azimuth_fit
rpm_azimuth_solve(const rpm_azimuth_sums *sums)
{
	double		rows = sums->products[0];
	centred		c;
	double		inverse[3][3];

	if (!(rows >= LEAST_ROWS))
		return no_fit(rows);
	c = centre(sums);
	if (!(c.level_squares > SMALLEST_VARIANCE * sums->level_squares))
		return no_fit(rows);
	if (invert(&c, 3, inverse))
		return fit_of(&c, 3, inverse, rows);
	if (invert(&c, 2, inverse))
		return fit_of(&c, 2, inverse, rows);
	return no_fit(rows);
}

static centred
centre(const rpm_azimuth_sums *sums)
{
	/* Where the product of terms i and k stands. */
	static const int place[3][3] = {{4, 5, 6}, {5, 7, 8}, {6, 8, 9}};
	double		rows = sums->products[0];
	centred		c;

	for (int i = 0; i < 3; i++)
	{
		for (int k = 0; k < 3; k++)
			c.matrix[i][k] = sums->products[place[i][k]] - sums->products[1 + i] * sums->products[1 + k] / rows;
		c.right[i] = sums->with_level[1 + i] - sums->products[1 + i] * sums->with_level[0] / rows;
	}
	c.level_squares = fmax(0, sums->level_squares - sums->with_level[0] * sums->with_level[0] / rows);
	return c;
}

/* Gauss and Jordan, in the order of the terms: a matrix of squares needs no exchange of rows. */
static bool
invert(const centred *c, int terms, double inverse[3][3])
{
	double		work[3][3];

	memcpy(work, c->matrix, sizeof(work));
	memset(inverse, 0, 9 * sizeof(double));
	for (int i = 0; i < terms; i++)
		inverse[i][i] = 1;
	for (int i = 0; i < terms; i++)
	{
		double		pivot = work[i][i];

		if (!(pivot > SMALLEST_PIVOT * c->matrix[i][i]) || !(pivot > SMALLEST_PIVOT))
			return false;
		for (int k = 0; k < terms; k++)
		{
			work[i][k] /= pivot;
			inverse[i][k] /= pivot;
		}
		for (int row = 0; row < terms; row++)
		{
			double		factor = work[row][i];

			if (row == i)
				continue;
			for (int k = 0; k < terms; k++)
			{
				work[row][k] -= factor * work[i][k];
				inverse[row][k] -= factor * inverse[i][k];
			}
		}
	}
	return true;
}

/* The errors of azimuth and amplitude from those of the two harmonics, to first order. */
static rpm_azimuth_fit
fit_of(const centred *c, int terms, const double inverse[3][3], double rows)
{
	rpm_azimuth_fit fit = {.rows = rows};
	double		solution[3] = {0, 0, 0},
				explained = 0,
				variance,
				cosine,
				sine,
				across,
				along;

	for (int i = 0; i < terms; i++)
	{
		for (int k = 0; k < terms; k++)
			solution[i] += inverse[i][k] * c->right[k];
		explained += solution[i] * c->right[i];
	}
	variance = fmax(0, c->level_squares - explained) / (rows - 1 - terms);
	fit.residual_db = sqrt(variance);
	fit.amplitude_db = hypot(solution[0], solution[1]);
	if (!(fit.amplitude_db > 0))
		return no_fit(rows);
	cosine = solution[0] / fit.amplitude_db;
	sine = solution[1] / fit.amplitude_db;
	across = sine * sine * inverse[0][0] + cosine * cosine * inverse[1][1] - 2 * sine * cosine * inverse[0][1];
	along = cosine * cosine * inverse[0][0] + sine * sine * inverse[1][1] + 2 * sine * cosine * inverse[0][1];
	fit.azimuth_deg = fmod(atan2(sine, cosine) * DEGREES_PER_RADIAN + 360, 360);
	fit.standard_error_deg = sqrt(variance * across) / fit.amplitude_db * DEGREES_PER_RADIAN;
	fit.amplitude_error_db = sqrt(variance * along);
	return fit;
}

static rpm_azimuth_fit
no_fit(double rows)
{
	rpm_azimuth_fit fit = {rows, NAN, NAN, NAN, NAN, NAN};

	return fit;
}
