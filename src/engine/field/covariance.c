/* covariance.c: the covariance of the residual field, and defaults (rpm_field.h). */
#include <math.h>

#include "rpm_field.h"

#define DEFAULT_FIELD_SD_DB 6.0
#define DEFAULT_RANGE_M 50.0
#define PLACE_RANGE_M 2.0		/* below the cells of a map: next to nothing is left in the next one */
#define DEFAULT_NOISE_SD_DB 3.0
#define DEFAULT_SITE_SHARE 0.5

void
rpm_covariance_default(rpm_covariance *covariance)
{
	*covariance = (rpm_covariance){
		.nugget_db2 = DEFAULT_NOISE_SD_DB * DEFAULT_NOISE_SD_DB,
		.sill_db2 = {0, DEFAULT_FIELD_SD_DB * DEFAULT_FIELD_SD_DB, 0},
		.range_m = {PLACE_RANGE_M, DEFAULT_RANGE_M, DEFAULT_RANGE_M},
		.site_share = {DEFAULT_SITE_SHARE, DEFAULT_SITE_SHARE, DEFAULT_SITE_SHARE},
		.other_share = {0, 0, 0}
	};
}

void
rpm_field_options_default(rpm_field_options *options)
{
	*options = (rpm_field_options){
		.seed = 1,
		.terms = 600,
		.term_neighbours = 14,
		.own_neighbours = 28,
		.site_neighbours = 20,
		.other_neighbours = 12,
		.block_m = 20,
		.left_out_m = 100
	};
}

double
rpm_covariance_sill(const rpm_covariance *covariance)
{
	double		sum = 0;

	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		sum += covariance->sill_db2[j];
	return sum;
}

double
rpm_covariance_at(const rpm_covariance *covariance, double distance_m)
{
	double		sum = 0;

	for (int j = 0; j < RPM_FIELD_STRUCTURES; j++)
		if (covariance->sill_db2[j] > 0)
			sum += covariance->sill_db2[j] * exp(-distance_m / covariance->range_m[j]);
	return sum;
}
