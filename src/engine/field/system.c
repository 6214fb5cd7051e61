/* system.c: the kriging system of one neighbourhood (system.h). */
#include <math.h>

#include "field/system.h"

/* A pivot below this part of the variance is rounding: the point repeats others. */
#define SMALLEST_PIVOT 1e-12
/* Beyond so many ranges a structure is rounding (e^-40). */
#define REACH_IN_RANGES 40.0

static double covariance_of(const rpm_covariance *covariance, const rpm_field_point *a, const rpm_field_point *b, double distance_m);
static void fill_sides(field_system *system, const rpm_field_data *data);
static void factor(field_system *system, double variance);

double
field_share(const rpm_covariance *covariance, int structure, int32_t antenna_a, int32_t site_a, int32_t antenna_b, int32_t site_b)
{
	if (antenna_a == antenna_b)
		return 1;
	return site_a == site_b ? covariance->site_share[structure] : covariance->other_share[structure];
}

void
field_system_factor(field_system *system, const rpm_field_data *data, const rpm_covariance *covariance)
{
	const rpm_field_point *points = data->points;
	double		sill = rpm_covariance_sill(covariance);

	for (int i = 0; i < system->count; i++)
	{
		const rpm_field_point *point = &points[system->number[i]];
		double	   *row = system->factor + (size_t) i * SYSTEM_MOST;

		system->x[i] = point->x_m;
		system->y[i] = point->y_m;
		for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
			system->share[i][j] = field_share(covariance, j, data->antenna, data->site, point->antenna, point->site);
		for (int k = 0; k < i; k++)
			row[k] = covariance_of(covariance, point, &points[system->number[k]],
								   sqrt((point->x_m - system->x[k]) * (point->x_m - system->x[k]) +
										(point->y_m - system->y[k]) * (point->y_m - system->y[k])));
		row[i] = sill + covariance->nugget_db2 / point->weight;
	}
	factor(system, sill + covariance->nugget_db2);
	fill_sides(system, data);
}

static double
covariance_of(const rpm_covariance *covariance, const rpm_field_point *a, const rpm_field_point *b, double distance_m)
{
	double		sum = 0;

	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		if (covariance->sill_db2[j] > 0 && distance_m < REACH_IN_RANGES * covariance->range_m[j])
			sum += field_share(covariance, j, a->antenna, a->site, b->antenna, b->site) * covariance->sill_db2[j] *
				exp(-distance_m / covariance->range_m[j]);
	return sum;
}

/* A row whose pivot vanishes becomes a unit row that nothing refers to: its inverse pivot is 0. */
static void
factor(field_system *system, double variance)
{
	for (int i = 0; i < system->count; i++)
	{
		double	   *row = system->factor + (size_t) i * SYSTEM_MOST;

		for (int k = 0; k <= i; k++)
		{
			const double *other = system->factor + (size_t) k * SYSTEM_MOST;
			double		sum = row[k];

			for (int m = 0; m < k; m++)
				sum -= row[m] * other[m];
			if (k < i)
				row[k] = sum * system->inverse_pivot[k];
			else if (sum > SMALLEST_PIVOT * variance)
			{
				row[i] = sqrt(sum);
				system->inverse_pivot[i] = 1 / row[i];
			}
			else
				system->inverse_pivot[i] = row[i] = 0;
		}
	}
}

static void
fill_sides(field_system *system, const rpm_field_data *data)
{
	int			coefficients = data->trend.count;

	system->columns = 1 + coefficients;
	for (int column = 0; column < system->columns; column++)
	{
		double	   *side = system->side + (size_t) column * SYSTEM_MOST;

		for (int i = 0; i < system->count; i++)
			side[i] = column == 0 ? data->points[system->number[i]].value_db
				: data->trend.at_points[(size_t) system->number[i] * coefficients + column - 1];
		field_system_solve(system, side);
	}
}

void
field_system_solve(const field_system *system, double *c)
{
	for (int i = 0; i < system->count; i++)
	{
		const double *row = system->factor + (size_t) i * SYSTEM_MOST;
		double		sum = c[i];

		for (int k = 0; k < i; k++)
			sum -= row[k] * c[k];
		c[i] = sum * system->inverse_pivot[i];
	}
}

void
field_system_detrend(field_system *system, const double *coefficients)
{
	for (int i = 0; i < system->count; i++)
	{
		system->weight[i] = system->side[i];
		for (int k = 1; k < system->columns; k++)
			system->weight[i] -= coefficients[k - 1] * system->side[(size_t) k * SYSTEM_MOST + i];
	}
	for (int i = system->count - 1; i >= 0; i--)
	{
		const double *row = system->factor + (size_t) i * SYSTEM_MOST;

		system->weight[i] *= system->inverse_pivot[i];
		for (int k = 0; k < i; k++)
			system->weight[k] -= row[k] * system->weight[i];
	}
}

void
field_system_covariances(const field_system *system, const rpm_covariance *covariance, double x, double y, double *c)
{
	for (int i = 0; i < system->count; i++)
	{
		double		dx = x - system->x[i],
					dy = y - system->y[i],
					distance_m = sqrt(dx * dx + dy * dy);

		c[i] = 0;
		for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
			if (covariance->sill_db2[j] > 0 && distance_m < REACH_IN_RANGES * covariance->range_m[j])
				c[i] += system->share[i][j] * covariance->sill_db2[j] * exp(-distance_m / covariance->range_m[j]);
	}
}
