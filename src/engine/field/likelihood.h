/*
 * likelihood.h: the marginal likelihood of a covariance in Vecchia's approximation.
 *
 * The points of an antenna stand in a random order; each is conditioned on the nearest ones before it.  The product of these conditional
 * densities approximates the joint one.  Of many points a sample of the factors is taken: the early ones (far neighbours, long ranges)
 * all, the late ones (near neighbours) evenly.  For the trend, whose precision counts, the late ones are weighted up, so that the
 * logarithm is estimated without bias; for the covariance every factor counts once (a composite likelihood): a few heavy factors are noise.
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
	int64_t		every;			/* 1: all terms count; 3: the first, fourth, seventh ... */
	field_term *terms;
	double	   *whitened;		/* per term: logarithm of the variance, value, trend */
	const rpm_covariance *covariance;	/* of the evaluation at work */
} field_likelihood;

typedef enum term_purpose
{
	TERMS_FOR_COVARIANCE,
	TERMS_FOR_TREND,
	TERMS_FOR_SHARES			/* conditioned on other antennas and on what lies outside of a part of squares */
} term_purpose;

/* Draws the terms of the antenna.  Freed by field_likelihood_free also after an error. */
rpm_code	field_likelihood_open(field_likelihood *likelihood, const rpm_field_data *data, const rpm_field_options *options,
								  term_purpose purpose, rpm_control *control, rpm_status *status);
void		field_likelihood_free(field_likelihood *likelihood);

/*
 * *value: minus twice the logarithm of the marginal likelihood up to a constant, the trend integrated out; fit (may be NULL): the
 * coefficients given the covariance.
 */
rpm_code	field_likelihood_at(field_likelihood *likelihood, const rpm_covariance *covariance, double *value, rpm_trend_fit *fit,
								rpm_status *status);

#endif
