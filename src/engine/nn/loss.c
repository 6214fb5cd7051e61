/* loss.c: losses over known cells (rpm_nn_train.h). */
#include <math.h>
#include <string.h>

#include "rpm_nn_train.h"

static double loss_of(rpm_nn_loss_kind kind, double delta, double error, double *slope);

double
rpm_nn_loss(rpm_nn_loss_kind kind, double delta, const float *prediction, const float *target, const uint8_t *mask, int64_t count,
			float *gradient, int64_t *known)
{
	double		sum = 0;

	*known = 0;
	for (int64_t i = 0; i < count; i++)
		*known += (mask == NULL || mask[i] != 0) && !isnan(target[i]);
	for (int64_t i = 0; i < count; i++)
	{
		double		slope = 0;

		if ((mask == NULL || mask[i] != 0) && !isnan(target[i]))
			sum += loss_of(kind, delta, (double) prediction[i] - target[i], &slope);
		if (gradient != NULL)
			gradient[i] = *known > 0 ? (float) (slope / (double) *known) : 0;
	}
	return *known > 0 ? sum / (double) *known : 0;
}

static double
loss_of(rpm_nn_loss_kind kind, double delta, double error, double *slope)
{
	switch (kind)
	{
		case RPM_NN_MAE:
			*slope = error > 0 ? 1 : error < 0 ? -1 : error;
			return fabs(error);
		case RPM_NN_HUBER:
			if (fabs(error) <= delta)
			{
				*slope = error;
				return error * error / 2;
			}
			*slope = isnan(error) ? error : copysign(delta, error);
			return delta * (fabs(error) - delta / 2);
		default:
			*slope = 2 * error;
			return error * error;
	}
}

double
rpm_nn_gaussian_loss(double beta, const float *prediction, const float *target, const uint8_t *mask, int64_t images, int64_t cells,
					 float *gradient, int64_t *known)
{
	double		sum = 0;

	*known = 0;
	for (int64_t i = 0; i < images * cells; i++)
		*known += (mask == NULL || mask[i] != 0) && !isnan(target[i]);
	if (gradient != NULL)
		memset(gradient, 0, sizeof(float) * (size_t) (2 * images * cells));
	for (int64_t i = 0; i < images * cells; i++)
	{
		int64_t		mean = i / cells * 2 * cells + i % cells;
		double		asked = prediction[mean + cells],
					logarithm = fmin(fmax(asked, RPM_NN_LEAST_LOG_VARIANCE), RPM_NN_MOST_LOG_VARIANCE),
					error = (double) prediction[mean] - target[i],
					weight = exp(beta * logarithm),
					precision = exp(-logarithm);

		if ((mask != NULL && mask[i] == 0) || isnan(target[i]))
			continue;
		/* fmin and fmax lose a NaN. */
		sum += isnan(asked) ? asked : weight * (logarithm + error * error * precision) / 2;
		if (gradient == NULL)
			continue;
		gradient[mean] = (float) (weight * error * precision / (double) *known);
		if (asked >= RPM_NN_LEAST_LOG_VARIANCE && asked <= RPM_NN_MOST_LOG_VARIANCE)
			gradient[mean + cells] = (float) (weight * (1 - error * error * precision) / 2 / (double) *known);
	}
	return *known > 0 ? sum / (double) *known : 0;
}
