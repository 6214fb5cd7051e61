/* lines.c: mean, line in log10 d and the engine's linear model, fitted on the rows that learn (network.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "network.h"
#include "rpm_clutter.h"
#include "rpm_math.h"

#define MOST_FITTED 100000

static rpm_clutter_antenna antenna_of(const table *t, const int column[4], size_t row);

bool
lines_of_fold(const table *t, int fold, float *mean_dbm, float *log_distance_dbm, float *linear_dbm)
{
	const int	column[4] = {table_column(t, "height"), table_column(t, "tilt"), table_column(t, "frequency"), table_column(t, "power")};
	rpm_clutter_antenna *antennas = malloc((t->rows + 1) * sizeof(rpm_clutter_antenna));
	rpm_clutter_point *points = malloc((t->rows + 1) * sizeof(rpm_clutter_point));
	double		coefficient[RPM_CLUTTER_TERMS],
				sum = 0;
	size_t		learn = 0,
				count = 0,
				step;
	rpm_control alone = {.threads = 1};
	rpm_status	status;

	rpm_status_clear(&status);
	for (size_t i = 0; i < t->rows; i++)
		if (t->use[fold][i] == USE_LEARNS)
		{
			sum += t->facts[i * FACTS + FACT_LEVEL];
			learn++;
		}
	step = learn / MOST_FITTED + 1;
	for (size_t i = 0; i < t->rows; i++)
		if (t->use[fold][i] == USE_LEARNS && i % step == 0)
		{
			antennas[count] = antenna_of(t, column, i);
			points[count] = (rpm_clutter_point) {t->facts[i * FACTS + FACT_X], t->facts[i * FACTS + FACT_Y], t->facts[i * FACTS + FACT_LEVEL], (int32_t) count};
			count++;
		}
	rpm_clutter_fit(antennas, (int32_t) count, points, count, &alone, coefficient, NULL, &status);
	for (size_t i = 0; i < t->rows && status.code == RPM_OK; i++)
		if (t->use[fold][i] != USE_NONE)
		{
			rpm_clutter_antenna antenna = antenna_of(t, column, i);

			if (linear_dbm != NULL)
				linear_dbm[i] = (float) rpm_clutter_linear(&antenna, t->facts[i * FACTS + FACT_X], t->facts[i * FACTS + FACT_Y], coefficient);
			if (mean_dbm != NULL)
				mean_dbm[i] = (float) (sum / (double) learn);
		}
	if (log_distance_dbm != NULL)
		line_of_fold(t, fold, table_column(t, "log_distance"), log_distance_dbm);
	if (status.code != RPM_OK)
		fprintf(stderr, "%s\n", status.message);
	free(antennas);
	free(points);
	return status.code == RPM_OK;
}

void
line_of_fold(const table *t, int fold, int column, float *level_dbm)
{
	double		n = 0,
				x = 0,
				y = 0,
				xx = 0,
				xy = 0,
				slope;

	for (size_t i = 0; i < t->rows; i++)
	{
		double		level = t->facts[i * FACTS + FACT_LEVEL],
					value = t->values[i * (size_t) t->columns + column];

		if (t->use[fold][i] != USE_LEARNS || isnan(value))
			continue;
		n++;
		x += value;
		y += level;
		xx += value * value;
		xy += value * level;
	}
	slope = (xy - x * y / n) / (xx - x * x / n);
	for (size_t i = 0; i < t->rows; i++)
		if (t->use[fold][i] != USE_NONE)
		{
			double		value = t->values[i * (size_t) t->columns + column];

			level_dbm[i] = (float) (y / n + (isnan(value) ? 0 : slope * (value - x / n)));
		}
}

/* About itself: points are as far from it as their facts say. */
static rpm_clutter_antenna
antenna_of(const table *t, const int column[4], size_t row)
{
	const float *values = t->values + row * (size_t) t->columns;

	return (rpm_clutter_antenna) {(int64_t) t->facts[row * FACTS + FACT_SITE], 0, 0, values[column[0]], t->facts[row * FACTS + FACT_AZIMUTH] * RPM_PI / 180,
		values[column[1]] * RPM_PI / 180, values[column[2]], values[column[3]]};
}
