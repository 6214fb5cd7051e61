/* score.c: what validation gathers: errors, and errors in units of the predicted deviation (rpm_learn.h). */
#include <math.h>

#include "rpm_learn.h"

#define BINS_PER_UNIT 50.0
#define INTERVAL 0.9
#define NORMAL_90 1.6448536269514722	/* 90 % of a normal distribution lie within it */

static double count_of(const rpm_learn_score *score);

void
rpm_learn_score_add(rpm_learn_score *score, double predicted_dbm, double sd_db, double measured_dbm)
{
	double		ratio = fabs(measured_dbm - predicted_dbm) / sd_db * BINS_PER_UNIT;

	rpm_comparison_add(&score->comparison, predicted_dbm, measured_dbm, RPM_HOLE_THRESHOLD_DBM);
	if (isnan(ratio))
		return;
	score->ratio[ratio < RPM_LEARN_RATIO_BINS - 1 ? (int) ratio : RPM_LEARN_RATIO_BINS - 1]++;
}

void
rpm_learn_score_merge(rpm_learn_score *score, const rpm_learn_score *other)
{
	rpm_comparison_merge(&score->comparison, &other->comparison);
	for (int i = 0; i < RPM_LEARN_RATIO_BINS; i++)
		score->ratio[i] += other->ratio[i];
}

static double
count_of(const rpm_learn_score *score)
{
	double		count = 0;

	for (int i = 0; i < RPM_LEARN_RATIO_BINS; i++)
		count += score->ratio[i];
	return count;
}

double
rpm_learn_score_factor(const rpm_learn_score *score)
{
	double		wanted = INTERVAL * count_of(score),
				below = 0;

	if (wanted == 0)
		return 1;
	for (int i = 0; i < RPM_LEARN_RATIO_BINS; i++)
	{
		/* Within the bin evenly. */
		if (below + score->ratio[i] >= wanted)
			return fmax((i + (wanted - below) / score->ratio[i]) / BINS_PER_UNIT / NORMAL_90, 0.5 / BINS_PER_UNIT);
		below += score->ratio[i];
	}
	return RPM_LEARN_RATIO_BINS / BINS_PER_UNIT / NORMAL_90;
}

double
rpm_learn_score_coverage(const rpm_learn_score *score, double factor)
{
	double		count = count_of(score),
				edge = NORMAL_90 * factor * BINS_PER_UNIT,
				inside = 0;

	for (int i = 0; i < RPM_LEARN_RATIO_BINS; i++)
		inside += score->ratio[i] * fmin(fmax(edge - i, 0), 1);
	return count > 0 ? inside / count : NAN;
}
