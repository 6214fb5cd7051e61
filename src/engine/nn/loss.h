/*
 * loss.h: the loss at one cell and its slope, shared by loss.c and the GPU's kernels (rpm_nn_train.h has the sources).
 */
#ifndef RPM_NN_LOSS_H
#define RPM_NN_LOSS_H

#include "rpm_math.h"
#include "rpm_nn_train.h"

/* error: prediction less target. */
RPM_INLINE double nn_loss_at(rpm_nn_loss_kind kind, double delta, double error, double *slope)
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

/* asked: the logarithm of the variance as predicted; two slopes, of the mean and of that. */
RPM_INLINE double nn_gaussian_loss_at(double beta, double error, double asked, double *mean_slope, double *log_slope)
{
	double		logarithm = fmin(fmax(asked, RPM_NN_LEAST_LOG_VARIANCE), RPM_NN_MOST_LOG_VARIANCE),
				weight = exp(beta * logarithm),
				precision = exp(-logarithm);

	*mean_slope = weight * error * precision;
	*log_slope = asked >= RPM_NN_LEAST_LOG_VARIANCE && asked <= RPM_NN_MOST_LOG_VARIANCE ? weight * (1 - error * error * precision) / 2 : 0;
	/* fmin and fmax lose a NaN. */
	return isnan(asked) ? asked : weight * (logarithm + error * error * precision) / 2;
}

#endif
