/*
 * rpm_field.h: the residual field: what a trend leaves over is correlated in space.
 *
 * One measurement is modelled as  y = f(s)' b + Z(s) + e,  with a trend of few coefficients b ~ N(b0, B), a stationary field Z whose
 * covariance is a sum of exponential structures (Gudmundson, Electronics Letters 27, 1991; 3GPP TR 38.901 section 7.4.4), and the
 * noise e of a single measurement (the nugget).  Covariance and trend are learned by marginal likelihood, prediction is kriging in
 * local neighbourhoods.  Antennas of one site, and those of other sites, share a part of the field: a linear model of
 * coregionalisation whose shares lie between 0 (nothing in common) and 1 (the same field).
 *
 * Coordinates are metres about an origin near the data; levels are dB.  All results are independent of the number of threads and,
 * beyond rounding, of the order of the points.
 */
#ifndef RPM_FIELD_H
#define RPM_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_control.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What only the place itself shares (a doorway, a parked van), a few buildings, a block or more. */
#define RPM_FIELD_PLACE 0
#define RPM_FIELD_SHORT 1
#define RPM_FIELD_LONG 2
#define RPM_FIELD_STRUCTURES 3
#define RPM_FIELD_MOST_COEFFICIENTS 32
#define RPM_FIELD_MOST_NEIGHBOURS 64

/*
 * Covariance of two places h metres apart: sum of sill_db2[j] exp(-h / range_m[j]); between antennas of one site each structure is
 * times site_share[j], between antennas of different sites times other_share[j]  (0 <= other_share <= site_share <= 1, which keeps
 * every covariance matrix positive).  A measurement of its own adds nugget_db2.
 */
typedef struct rpm_covariance
{
	double		nugget_db2;
	double		sill_db2[RPM_FIELD_STRUCTURES];
	double		range_m[RPM_FIELD_STRUCTURES];
	double		site_share[RPM_FIELD_STRUCTURES];
	double		other_share[RPM_FIELD_STRUCTURES];
} rpm_covariance;

/* A measured place, or the mean of several measurements of one cell. */
typedef struct rpm_field_point
{
	double		x_m, y_m;
	double		value_db;		/* mean over its measurements */
	double		weight;			/* how many measurements it stands for (its noise is nugget / weight), above 0 */
	int32_t		antenna;		/* any number; points of one antenna see one field */
	int32_t		site;			/* antennas of one site share site_share of it */
} rpm_field_point;

/*
 * The trend of the points: at_points[i * count + k] for point i and coefficient k, with the coefficients' mean and precision (inverse
 * covariance, count x count) before the data.  count may be 0.
 */
typedef struct rpm_trend
{
	int			count;
	const double *at_points;
	const double *mean;
	const double *precision;
} rpm_trend;

/* Where the points are, in an order in which neighbours are found fast. */
typedef struct rpm_field_index rpm_field_index;

/* What was measured, and whose field is asked for. */
typedef struct rpm_field_data
{
	const rpm_field_point *points;
	size_t		count;
	int32_t		antenna, site;	/* the antenna that is learned or predicted, and its site */
	rpm_trend	trend;			/* of all points; those of other antennas count without it */
	const rpm_field_index *index;	/* of these places; NULL: every call makes its own */
} rpm_field_data;

/* The coefficients after the data. */
typedef struct rpm_trend_fit
{
	int			count;
	double		mean[RPM_FIELD_MOST_COEFFICIENTS];
	double		covariance[RPM_FIELD_MOST_COEFFICIENTS * RPM_FIELD_MOST_COEFFICIENTS];	/* count x count */
} rpm_trend_fit;

typedef struct rpm_field_options
{
	uint64_t	seed;
	int			terms;			/* of the likelihood: points drawn, at most */
	int			term_neighbours;	/* conditioning points of each term */
	int			own_neighbours; /* of a prediction: points of the antenna itself, */
	int			site_neighbours;	/* of others of its site, */
	int			other_neighbours;	/* and of other sites; together at most RPM_FIELD_MOST_NEIGHBOURS */
	double		block_m;		/* places of one square block share the neighbourhood of its middle; 0: each has its own */
	double		left_out_m;		/* shares are learned from points whose whole square of this side is left out */
} rpm_field_options;

typedef struct rpm_field_learned
{
	bool		estimated;		/* false: too little data, or no variance: the defaults are returned */
	const char *reason;			/* why not; NULL when estimated */
	int64_t		terms;			/* of the likelihood that were used */
	double		minus_log_likelihood;	/* with the priors, up to a constant */
} rpm_field_learned;

/*
 * The covariance where nothing can be learned: one field of 6 dB that decorrelates over 50 m (3GPP TR 38.901 table 7.4.1-1 and 7.5-6,
 * UMa without line of sight), and 3 dB of noise of a single measurement.  Antennas of one site share half of the field (3GPP TR 36.942
 * lets sectors of a site share all of the slow fading; their patterns and what the trend misses of them differ), others nothing.
 */
void		rpm_covariance_default(rpm_covariance *covariance);

void		rpm_field_options_default(rpm_field_options *options);

/* Variance of the field of one antenna, without the nugget. */
double		rpm_covariance_sill(const rpm_covariance *covariance);

/* Covariance of the field at two places of one antenna. */
double		rpm_covariance_at(const rpm_covariance *covariance, double distance_m);

/*
 * Merges the points of one antenna in one square cell (edges at multiples of cell_m) into their mean place and mean value; weights add
 * up.  points is replaced; *count becomes smaller; the order after is a function of the set alone.  merged (may be NULL) says for each
 * point from before which one it went into.  Errors: RPM_INVALID_ARGUMENT (a coordinate or value that is not finite, a weight that is
 * not above 0; names the point by its number from 1), RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_field_merge(rpm_field_point *points, size_t *count, double cell_m, int32_t *merged, rpm_control *control,
							rpm_status *status);

/*
 * An index of the points' places for as many calls as are made with them: numbers, places, antennas and sites must stay, values, weights
 * and trend may change.  rpm_field_index_close takes NULL.
 */
rpm_code	rpm_field_index_open(const rpm_field_data *data, const rpm_field_options *options, rpm_field_index **index,
								 rpm_status *status);
void		rpm_field_index_close(rpm_field_index *index);

/*
 * Learns the covariance (nugget, sills, ranges) and the coefficients of the trend from the points of `antenna`: marginal likelihood
 * (the trend integrated out) in Vecchia's approximation (Journal of the Royal Statistical Society B 50, 1988), on at most
 * options->terms points drawn by seed, with weak log-normal priors on the five parameters about the defaults, so that a few points
 * give sensible values.  Shares stay as they are in *covariance, which is an output otherwise.
 */
rpm_code	rpm_field_learn(const rpm_field_data *data, const rpm_field_options *options, rpm_control *control,
							rpm_covariance *covariance, rpm_trend_fit *fit, rpm_field_learned *learned, rpm_status *status);

/* The coefficients alone, with a covariance that is known: generalised least squares with the trend's prior. */
rpm_code	rpm_field_fit_trend(const rpm_field_data *data, const rpm_covariance *covariance, const rpm_field_options *options,
								rpm_control *control, rpm_trend_fit *fit, rpm_status *status);

/*
 * Learns site_share and other_share, one number each for all structures, and which part of the nugget belongs to the place, from what
 * the points of the other antennas say about those of `antenna` (values already without their own trends, as those of `antenna` are with
 * fit): the likelihood of points given those of other antennas about them and the antenna's own outside of their squares of
 * options->left_out_m, which is where a share matters.
 */
rpm_code	rpm_field_learn_shares(const rpm_field_data *data, const rpm_trend_fit *fit, const rpm_field_options *options,
								   rpm_control *control, rpm_covariance *covariance, rpm_status *status);

/* Places to predict at. */
typedef struct rpm_field_targets
{
	size_t		count;
	const double *x_m, *y_m;
	const double *trend;		/* count x trend->count; NULL when that is 0 */
	const int32_t *group;		/* NULL: every point may serve; */
	const int32_t *point_group; /* else points whose group is the target's are left out (to validate by blocks) */
} rpm_field_targets;

/*
 * Lowers the weights of the points of `antenna` and of its site that disagree with their neighbours, as under Student's t distribution
 * with 3 degrees of freedom (w = 4 / (3 + z^2), at most 1; Lange, Little and Taylor, Journal of the American Statistical Association 84,
 * 1989); z is the deviation from what the nearest others say, in its standard deviations.  Values must be without their trends.
 */
rpm_code	rpm_field_reweigh(rpm_field_point *points, size_t count, int32_t antenna, int32_t site, const rpm_covariance *covariance,
							  rpm_control *control, rpm_status *status);

/*
 * Predicts the field plus trend of `antenna`: mean_db and variance_db2 of the true mean level at each place; a new measurement has
 * nugget_db2 more.  Neighbours: the nearest points of the antenna and of the others that share something with it.  Variance counts the
 * coefficients' uncertainty.  Far from every point mean and variance are the trend's with the full sill, exactly.
 */
rpm_code	rpm_field_predict(const rpm_field_data *data, const rpm_trend_fit *fit, const rpm_covariance *covariance,
							  const rpm_field_targets *targets, const rpm_field_options *options, rpm_control *control,
							  double *mean_db, double *variance_db2, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
