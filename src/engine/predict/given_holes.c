/*
 * given_holes.c: where a given prior has no level: the law of distance that fits its levels (work.h).
 *
 * A traced map has holes where no path arrives and inside of buildings, yet a prior must say something everywhere.
 */
#include <math.h>
#include <stdlib.h>

#include "predict/work.h"

#define NEAREST_M 10.0			/* as the empirical priors have it */
#define REFERENCE_DISTANCE_M 100.0
/* Sums for a line through level over logarithm of distance. */
typedef struct line_sums
{
	double		n, x, y, xx, xy;
} line_sums;

static double decades(const rpm_predict_antenna *antenna, double x_m, double y_m);
static void add(line_sums *sums, double x, double level_dbm);

double
predict_given_at_target(const predict_work *work, int given, size_t target)
{
	const rpm_predict_input *input = work->input;
	double		level_dbm = input->given[given].at_targets_dbm[target];

	if (!isnan(level_dbm) || !input->given[given].holes)
		return level_dbm;
	return work->given_law[given][0] + work->given_law[given][1] *
		decades(&input->antennas[input->antenna], input->target_x_m[target], input->target_y_m[target]);
}

rpm_code
predict_fill_holes(predict_work *work, int given, double **filled, rpm_status *status)
{
	const rpm_predict_input *input = work->input;
	const rpm_predict_given *prior = &input->given[given];
	const rpm_predict_antenna *antenna = &input->antennas[input->antenna];
	double	   *law = work->given_law[given],
				spread;
	line_sums	sums = {0, 0, 0, 0, 0};
	bool		from_targets = false;

	*filled = malloc((input->point_count + 1) * sizeof(double));
	if (*filled == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu measurements", input->point_count);
	for (size_t i = 0; i < input->point_count; i++)
		if (input->points[i].antenna == input->antenna)
			add(&sums, decades(antenna, input->points[i].x_m, input->points[i].y_m), prior->at_points_dbm[i]);
	/* What a place gets must not hang on which others are asked for, where that can be. */
	for (size_t i = 0; i < input->target_count && (sums.n == 0 || from_targets); i++)
	{
		from_targets = true;
		add(&sums, decades(antenna, input->target_x_m[i], input->target_y_m[i]), prior->at_targets_dbm[i]);
	}
	if (sums.n == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Leave it out.", "prior \"%s\" has no level anywhere", prior->name);
	spread = sums.n * sums.xx - sums.x * sums.x;
	law[1] = spread > 1e-9 * sums.n * sums.n ? (sums.n * sums.xy - sums.x * sums.y) / spread : 0;
	law[0] = (sums.y - law[1] * sums.x) / sums.n;
	for (size_t i = 0; i < input->point_count; i++)
	{
		const rpm_predict_point *point = &input->points[i];

		(*filled)[i] = prior->at_points_dbm[i];
		if (isnan((*filled)[i]) && point->antenna == input->antenna)
			(*filled)[i] = law[0] + law[1] * decades(antenna, point->x_m, point->y_m);
	}
	return RPM_OK;
}

static double
decades(const rpm_predict_antenna *antenna, double x_m, double y_m)
{
	return log10(fmax(hypot(x_m - antenna->x_m, y_m - antenna->y_m), NEAREST_M) / REFERENCE_DISTANCE_M);
}

static void
add(line_sums *sums, double x, double level_dbm)
{
	if (isnan(level_dbm))
		return;
	sums->n++;
	sums->x += x;
	sums->y += level_dbm;
	sums->xx += x * x;
	sums->xy += x * level_dbm;
}
