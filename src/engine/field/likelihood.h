/*
 * likelihood.h: the marginal likelihood of a covariance in Vecchia's approximation.
 *
 * The points of an antenna stand in a random order; each is conditioned on the nearest ones before it.  The product of these conditional
 * densities approximates the joint one; a sample of its factors, the early ones (far neighbours, long ranges) all and the late ones
 * evenly drawn and weighted up, estimates the logarithm without bias.
 */
#ifndef RPM_FIELD_LIKELIHOOD_H
#define RPM_FIELD_LIKELIHOOD_H

#include "field/system.h"

typedef struct field_term
{
	int32_t		count;			/* conditioning points, then the point itself */
	int32_t		number[SYSTEM_MOST];
	double		weight;
} field_term;

typedef struct field_likelihood
{
	const rpm_field_data *data;
	rpm_control *control;
	int64_t		count;
	field_term *terms;
	double	   *whitened;		/* per term: logarithm of the variance, value, trend */
	const rpm_covariance *covariance;	/* of the evaluation at work */
} field_likelihood;

/*
 * Draws the terms of the antenna; shared: also conditions each on the nearest points of other antennas.  Freed by
 * field_likelihood_free also after an error.
 */
rpm_code	field_likelihood_open(field_likelihood *likelihood, const rpm_field_data *data, const rpm_field_options *options,
								  bool shared, rpm_control *control, rpm_status *status);
void		field_likelihood_free(field_likelihood *likelihood);

/*
 * *value: minus twice the logarithm of the marginal likelihood up to a constant, the trend integrated out; fit (may be NULL): the
 * coefficients given the covariance.
 */
rpm_code	field_likelihood_at(field_likelihood *likelihood, const rpm_covariance *covariance, double *value, rpm_trend_fit *fit,
								rpm_status *status);

#endif
