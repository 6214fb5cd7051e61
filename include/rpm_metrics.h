/*
 * rpm_metrics.h: how far a prediction is from what was measured.
 *
 * Definitions: Bakirtzis et al. 2025, "Differentiate or Deep Learn", appendix A.2 (only where there is a measurement), equations (6)
 * to (9), and (3) for SSIM.  Errors are predicted - measured.
 */
#ifndef RPM_METRICS_H
#define RPM_METRICS_H

#include <stdint.h>

#include "rpm_control.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of equation (8): keeps 0 against 0 from dividing. */
#define RPM_SMAPE_EPSILON 1e-8

/* A level below this is a hole in the coverage, where nothing else is asked for, dBm. */
#define RPM_HOLE_THRESHOLD_DBM (-103.0)

/* Sums over pairs; a plain array of doubles, so that it can be kept, sent and merged.  All zero: nothing yet. */
typedef struct rpm_comparison
{
	double		pairs;			/* both values there */
	double		measured_only, predicted_only;
	double		mean_predicted, mean_measured;
	double		squares_predicted, squares_measured, products;	/* about the means */
	double		absolute_error, squared_error, relative_error;
	double		holes_found, holes_false, holes_missed;
} rpm_comparison;

/* Figures of a comparison; NaN where one is not defined. */
typedef struct rpm_metrics
{
	double		rmse_db;		/* (6) */
	double		mae_db;			/* (7) */
	double		bias_db;		/* mean of predicted - measured */
	double		pcc;			/* (9); not defined where either side is constant */
	double		smape;			/* (8): sum |p - m| / (|p| + |m| + epsilon) over pairs; a share, without the factor 2 */
	double		r2;				/* 1 - sum (p - m)^2 / sum (m - mean m)^2; not defined for constant measurements */
	double		hole_precision; /* of the cells predicted below the threshold those measured below it */
	double		hole_recall;	/* of the cells measured below the threshold those predicted below it */
	double		hole_f1;		/* 2 found / (2 found + false + missed); not defined where there is no hole on either side */
} rpm_metrics;

/* Adds a pair; NaN and infinities are no value, and a pair with one value is counted by itself. */
void		rpm_comparison_add(rpm_comparison *comparison, double predicted, double measured, double threshold_dbm);

/* Adds what another gathered (Chan, Golub and LeVeque 1979). */
void		rpm_comparison_merge(rpm_comparison *comparison, const rpm_comparison *other);

rpm_metrics rpm_comparison_metrics(const rpm_comparison *comparison);

/* A map on whole cells of a common alignment: columns grow eastward, rows southward.  Values equal to nodata, NaN and infinities are none. */
typedef struct rpm_level_map
{
	int64_t		column, row;	/* of its north-west cell */
	int32_t		columns, rows;
	float		nodata;
	const float *values;
} rpm_level_map;

/* Adds every cell of the union of two maps.  Returns RPM_OK or RPM_CANCELLED. */
rpm_code	rpm_compare_maps(const rpm_level_map *predicted, const rpm_level_map *measured, double threshold_dbm, rpm_control *control,
							 rpm_comparison *comparison, rpm_status *status);

typedef struct rpm_ssim_options
{
	int			window_cells;	/* side of the square window, odd */
	int			least_pairs;	/* windows with fewer cells that have both values do not count; at least 2 */
	double		range_db;		/* L: C1 = (0.01 L)^2, C2 = (0.03 L)^2 */
} rpm_ssim_options;

/*
 * Structural similarity, equation (3) (Wang et al. 2004, with a uniform window and sample covariances, as scikit-image's
 * structural_similarity has it by default): the mean over the windows that lie wholly in the cells common to both maps and hold at
 * least least_pairs pairs; means, variances and covariance of a window are taken over its pairs.  Where every cell has both values it is
 * that of the full map.  *ssim: NaN where no window counts; *windows: how many do.
 * Errors: RPM_INVALID_ARGUMENT (window even or below 3, least_pairs outside 2 to the window's cells, range not above 0),
 * RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_ssim(const rpm_level_map *predicted, const rpm_level_map *measured, const rpm_ssim_options *options,
					 rpm_control *control, double *ssim, int64_t *windows, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
