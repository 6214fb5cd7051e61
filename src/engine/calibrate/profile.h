/*
 * profile.h: the cost of a fit over one wall's permittivity, all else as it is.
 *
 * Here the paths that meet a wall are computed anew, eight values of its permittivity at once, the others stay: all walls in one pass over
 * the store, for a fraction of what whole evaluations would take.
 */
#ifndef RPM_CALIBRATE_PROFILE_H
#define RPM_CALIBRATE_PROFILE_H

#include "calibrate/evaluate.h"
#include "calibrate/fit.h"

#define RPM_PROFILE_BLOCK 8
#define RPM_PROFILE_BLOCKS 4
#define RPM_PROFILE_LANES (RPM_PROFILE_BLOCK * RPM_PROFILE_BLOCKS)

/* Rows: buildings, or one material of whatever building. */
typedef struct rpm_profile
{
	int			rows;
	int32_t		material;		/* the only row, or -1 */
	int32_t    *row_of_building;	/* or -1; without a material */
	double	   *factors;		/* rows x RPM_PROFILE_LANES: on eps' - 1, beside what it is */
	double	   *costs;			/* rows x RPM_PROFILE_LANES: of the cells, beside the cost as it is; without priors */
} rpm_profile;

/* Coefficients of the walls of rows over the incidence, for all lanes. */
typedef struct rpm_profile_table
{
	int			steps;			/* 0: each coefficient is computed */
	float	   *entries;		/* (steps + 1) x blocks x (te, tm; re, im) x lanes of a block, evenly in the square root of the cosine */
} rpm_profile_table;

typedef struct rpm_profile_tables
{
	const rpm_fit_work *fit;
	const rpm_profile *profile;
	rpm_profile_table *tables;	/* one for each of fit->tables */
} rpm_profile_tables;

static inline int32_t
rpm_profile_row(const rpm_profile *profile, int32_t material, int32_t building)
{
	if (profile->material >= 0)
		return material == profile->material ? 0 : -1;
	return building < 0 ? -1 : profile->row_of_building[building];
}

/* Errors: RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED. */
rpm_code	rpm_profile_tables_create(const rpm_fit_work *fit, const rpm_profile *profile, rpm_profile_tables *tables, rpm_status *status);
void		rpm_profile_tables_free(rpm_profile_tables *tables);

/* profile->costs, on the cells that the fit is on.  Errors: the same. */
rpm_code	rpm_fit_profile(rpm_fit_work *fit, rpm_profile *profile, rpm_status *status);

#endif
