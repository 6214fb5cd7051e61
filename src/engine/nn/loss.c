/* loss.c: losses over known cells (rpm_nn_train.h). */
#include <math.h>
#include <string.h>

#include "nn/loss.h"

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
			sum += nn_loss_at(kind, delta, (double) prediction[i] - target[i], &slope);
		if (gradient != NULL)
			gradient[i] = *known > 0 ? (float) (slope / (double) *known) : 0;
	}
	return *known > 0 ? sum / (double) *known : 0;
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
		double		mean_slope,
					log_slope;

		if ((mask != NULL && mask[i] == 0) || isnan(target[i]))
			continue;
		sum += nn_gaussian_loss_at(beta, (double) prediction[mean] - target[i], prediction[mean + cells], &mean_slope, &log_slope);
		if (gradient == NULL)
			continue;
		gradient[mean] = (float) (mean_slope / (double) *known);
		gradient[mean + cells] = (float) (log_slope / (double) *known);
	}
	return *known > 0 ? sum / (double) *known : 0;
}
