/* learn.c: covariance, trend and shares of the residual field from data (rpm_field.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "field/likelihood.h"
#include "field/minimise.h"

/* Fewer points of one antenna say nothing of a covariance. */
#define FEWEST_POINTS 8
/* A spread below this is no variance: measurements are given to about 0.01 dB. */
#define SMALLEST_SPREAD_DB 0.01
#define TOLERANCE 0.05			/* of twice the logarithm of the likelihood */
/* The way to the minimum is found with a part of the terms, the last steps are made with all. */
#define COARSE_TERMS 200
#define COARSE_CALLS 100
#define FINE_CALLS 60
#define LARGEST_LOG 12.0		/* e^12: a deviation of 400 dB, a range of 160 km */

enum
{
	LOG_NUGGET,
	LOG_SILL_SHORT,
	LOG_SILL_LONG,
	LOG_RANGE_SHORT,
	LOG_RANGE_LONG,
	PARAMETERS
};

/*
 * What is thought of the parameters before data: medians and deviations of their logarithms.  Noise of 3 dB; two fields of 4.2 dB each,
 * together the 6 dB of 3GPP TR 38.901; ranges of a few buildings and of a block or two, about its 37 to 120 m of decorrelation.
 */
static const struct
{
	double		median,
				deviation;
}			before[PARAMETERS] = {
	[LOG_NUGGET] = {9.0, 1.0},
	[LOG_SILL_SHORT] = {18.0, 1.0},
	[LOG_SILL_LONG] = {18.0, 1.0},
	[LOG_RANGE_SHORT] = {25.0, 0.7},
	[LOG_RANGE_LONG] = {150.0, 0.7}
};

/* Shares that are tried, from none to nearly all. */
static const double shares[] = {0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9};

/*
 * What shares are thought to be before the data: half of the field between antennas of a site (rpm_covariance_default), and of that half
 * again between sites, the ratio of 3GPP TR 36.942 (1.0 within a site, 0.5 between sites).  The factors of the likelihood overlap: near
 * ones repeat each other, and without the prior one antenna's shares are noise between 0 and 0.9.
 */
#define USUAL_SITE_SHARE 0.5
#define USUAL_OTHER_SHARE 0.25
#define SHARE_SD 0.15
#define TERMS_PER_FACT 6.0
#define SHARES ((int) (sizeof(shares) / sizeof(shares[0])))

/* Parts of the nugget that the place may have; the antenna's own points cannot tell, since there is one of them in a cell. */
static const double place_parts[] = {0, 0.2, 0.4, 0.6};

#define PLACE_PARTS ((int) (sizeof(place_parts) / sizeof(place_parts[0])))

static const char *why_not(const rpm_field_data *data);
static rpm_code objective(void *context, const double *x, double *value, rpm_status *status);
static void covariance_of(const double *x, rpm_covariance *covariance);
static rpm_field_point *detrend(const rpm_field_data *data, const rpm_trend_fit *fit);
static rpm_code try_all_shares(field_likelihood *likelihood, rpm_covariance *covariance, rpm_status *status);
static rpm_code try_shares(field_likelihood *likelihood, double share[RPM_FIELD_STRUCTURES], rpm_covariance *covariance,
						   rpm_status *status);

rpm_code
rpm_field_learn(const rpm_field_data *data, const rpm_field_options *options, rpm_control *control, rpm_covariance *covariance,
				rpm_trend_fit *fit, rpm_field_learned *learned, rpm_status *status)
{
	static const double step[PARAMETERS] = {0.5, 0.5, 0.5, 0.4, 0.4},
				fine_step[PARAMETERS] = {0.1, 0.15, 0.15, 0.15, 0.15};
	double		x[PARAMETERS],
				value = 0;
	field_likelihood likelihood;
	rpm_covariance found = *covariance;
	rpm_code	code;

	memset(learned, 0, sizeof(*learned));
	learned->reason = why_not(data);
	code = field_likelihood_open(&likelihood, data, options, TERMS_FOR_COVARIANCE, control, status);
	learned->terms = code == RPM_OK ? likelihood.count : 0;
	if (code == RPM_OK && learned->reason == NULL)
	{
		for (int i = 0; i < PARAMETERS; i++)
			x[i] = log(before[i].median);
		likelihood.every = (likelihood.count + COARSE_TERMS - 1) / COARSE_TERMS;
		code = minimise(objective, &likelihood, PARAMETERS, x, step, TOLERANCE, COARSE_CALLS, &value, status);
		likelihood.every = 1;
		if (code == RPM_OK)
			code = minimise(objective, &likelihood, PARAMETERS, x, fine_step, TOLERANCE, FINE_CALLS, &value, status);
		covariance_of(x, &found);
		learned->minus_log_likelihood = value / 2;
		learned->estimated = code == RPM_OK && isfinite(value);
		if (!learned->estimated)
			learned->reason = "the likelihood has no minimum";
	}
	if (!learned->estimated)
	{
		rpm_covariance_default(&found);
		memcpy(found.site_share, covariance->site_share, sizeof(found.site_share));
		memcpy(found.other_share, covariance->other_share, sizeof(found.other_share));
	}
	if (code == RPM_OK)
		code = field_likelihood_at(&likelihood, &found, &value, fit, status);
	if (code == RPM_OK)
		*covariance = found;
	field_likelihood_free(&likelihood);
	return code;
}

/* Why the points say nothing of a covariance; NULL when they do. */
static const char *
why_not(const rpm_field_data *data)
{
	size_t		own = 0;
	double		low_x = HUGE_VAL,
				high_x = -HUGE_VAL,
				low_y = HUGE_VAL,
				high_y = -HUGE_VAL,
				low = HUGE_VAL,
				high = -HUGE_VAL;

	for (size_t i = 0; i < data->count; i++)
	{
		const rpm_field_point *point = &data->points[i];

		if (point->antenna != data->antenna)
			continue;
		own++;
		low_x = fmin(low_x, point->x_m);
		high_x = fmax(high_x, point->x_m);
		low_y = fmin(low_y, point->y_m);
		high_y = fmax(high_y, point->y_m);
		low = fmin(low, point->value_db);
		high = fmax(high, point->value_db);
	}
	if (own < FEWEST_POINTS)
		return "too few measured places";
	if (high_x - low_x < 1 && high_y - low_y < 1)
		return "all measurements are in one place";
	if (high - low < SMALLEST_SPREAD_DB)
		return "all measurements have one level";
	return NULL;
}

static rpm_code
objective(void *context, const double *x, double *value, rpm_status *status)
{
	rpm_covariance covariance;

	*value = HUGE_VAL;
	for (int i = 0; i < PARAMETERS; i++)
		if (!(fabs(x[i]) <= LARGEST_LOG))
			return RPM_OK;
	rpm_covariance_default(&covariance);
	covariance_of(x, &covariance);
	if (field_likelihood_at(context, &covariance, value, NULL, status) != RPM_OK)
		return status->code;
	for (int i = 0; i < PARAMETERS; i++)
	{
		double		deviations = (x[i] - log(before[i].median)) / before[i].deviation;

		*value += deviations * deviations;
	}
	return RPM_OK;
}

static void
covariance_of(const double *x, rpm_covariance *covariance)
{
	covariance->nugget_db2 = exp(x[LOG_NUGGET]);
	covariance->sill_db2[RPM_FIELD_PLACE] = 0;
	covariance->sill_db2[RPM_FIELD_SHORT] = exp(x[LOG_SILL_SHORT]);
	covariance->sill_db2[RPM_FIELD_LONG] = exp(x[LOG_SILL_LONG]);
	covariance->range_m[RPM_FIELD_SHORT] = exp(x[LOG_RANGE_SHORT]);
	covariance->range_m[RPM_FIELD_LONG] = exp(x[LOG_RANGE_LONG]);
}

rpm_code
rpm_field_fit_trend(const rpm_field_data *data, const rpm_covariance *covariance, const rpm_field_options *options,
					rpm_control *control, rpm_trend_fit *fit, rpm_status *status)
{
	field_likelihood likelihood;
	double		value;
	rpm_code	code = field_likelihood_open(&likelihood, data, options, TERMS_FOR_TREND, control, status);

	if (code == RPM_OK)
		code = field_likelihood_at(&likelihood, covariance, &value, fit, status);
	field_likelihood_free(&likelihood);
	return code;
}

rpm_code
rpm_field_learn_shares(const rpm_field_data *data, const rpm_trend_fit *fit, const rpm_field_options *options, rpm_control *control,
					   rpm_covariance *covariance, rpm_status *status)
{
	rpm_field_point *detrended = detrend(data, fit);
	rpm_field_data without_trend = {detrended, data->count, data->antenna, data->site, {0, NULL, NULL, NULL}, data->index};
	field_likelihood likelihood;
	rpm_code	code;

	if (detrended == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu points", data->count);
	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		covariance->site_share[j] = covariance->other_share[j] = 0;
	code = field_likelihood_open(&likelihood, &without_trend, options, TERMS_FOR_SHARES, control, status);
	if (code == RPM_OK && likelihood.count > 0)
		code = try_all_shares(&likelihood, covariance, status);
	field_likelihood_free(&likelihood);
	free(detrended);
	return code;
}

static rpm_field_point *
detrend(const rpm_field_data *data, const rpm_trend_fit *fit)
{
	rpm_field_point *detrended = malloc((data->count + 1) * sizeof(rpm_field_point));

	for (size_t i = 0; i < data->count && detrended != NULL; i++)
	{
		detrended[i] = data->points[i];
		for (int k = 0; k < data->trend.count && data->points[i].antenna == data->antenna; k++)
			detrended[i].value_db -= data->trend.at_points[i * (size_t) data->trend.count + k] * fit->mean[k];
	}
	return detrended;
}

/*
 * The site's share first, then that of the others, which raises the site's where it is above it (a site of one antenna has none of its
 * own), then how much of the nugget belongs to the place.
 */
static rpm_code
try_all_shares(field_likelihood *likelihood, rpm_covariance *covariance, rpm_status *status)
{
	rpm_covariance tried = *covariance;
	double		best = HUGE_VAL;

	if (try_shares(likelihood, covariance->site_share, covariance, status) != RPM_OK ||
		try_shares(likelihood, covariance->other_share, covariance, status) != RPM_OK)
		return status->code;
	for (int p = 0; p < PLACE_PARTS; p++)
	{
		rpm_covariance candidate = *covariance;
		double		value;

		candidate.sill_db2[RPM_FIELD_PLACE] = place_parts[p] * covariance->nugget_db2;
		candidate.nugget_db2 = (1 - place_parts[p]) * covariance->nugget_db2;
		if (field_likelihood_at(likelihood, &candidate, &value, NULL, status) != RPM_OK)
			return status->code;
		if (value < best)
		{
			best = value;
			tried = candidate;
		}
	}
	*covariance = tried;
	return RPM_OK;
}

static rpm_code
try_shares(field_likelihood *likelihood, double share[RPM_FIELD_STRUCTURES], rpm_covariance *covariance, rpm_status *status)
{
	double		best = HUGE_VAL,
				best_share = 0,
				site_share = covariance->site_share[0],
				usual = share == covariance->site_share ? USUAL_SITE_SHARE : USUAL_OTHER_SHARE;

	for (int s = 0; s < SHARES; s++)
	{
		double		value;

		for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		{
			share[j] = shares[s];
			if (share != covariance->site_share)
				covariance->site_share[j] = fmax(site_share, shares[s]);
		}
		if (field_likelihood_at(likelihood, covariance, &value, NULL, status) != RPM_OK)
			return status->code;
		value = value / TERMS_PER_FACT + ((shares[s] - usual) / SHARE_SD) * ((shares[s] - usual) / SHARE_SD);
		if (value < best)
		{
			best = value;
			best_share = shares[s];
		}
	}
	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
	{
		share[j] = best_share;
		if (share != covariance->site_share)
			covariance->site_share[j] = fmax(site_share, best_share);
	}
	return RPM_OK;
}
