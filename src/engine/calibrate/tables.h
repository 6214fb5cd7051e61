/*
 * tables.h: the coefficients of the walls of a store, tabulated over the incidence for one set of values.
 *
 * A site's paths meet the same few walls thousands of times: where a material, or a material of one building, is met more often than a
 * table has entries, the coefficients and their derivatives are computed at the entries alone and interpolated.  Interpolation is linear
 * in the entries, so the interpolated derivatives are exactly those of the interpolated coefficients.
 */
#ifndef RPM_CALIBRATE_TABLES_H
#define RPM_CALIBRATE_TABLES_H

#include <math.h>

#include "calibrate/store.h"
#include "rpm_fresnel_gradient.h"

/* The two coefficients of one event: reflected or transmitted. */
typedef struct rpm_wall_pair
{
	rpm_complex te, tm;
} rpm_wall_pair;

/* Value, derivative by eta, derivative by thickness. */
#define RPM_WALL_PAIRS 3

typedef struct rpm_store_table
{
	int32_t		mast, material;
	int32_t		building;		/* -1: of all whose factors are 1 and stay so */
	bool		through;
	uint32_t	uses;			/* events */
	int			steps;			/* 0: it would take too many; each coefficient is computed */
	float	   *entries;		/* (steps + 1) x RPM_WALL_PAIRS x 4, evenly in the square root of the cosine */
} rpm_store_table;

typedef struct rpm_store_tables
{
	const rpm_path_store *store;
	rpm_store_table *tables;
	size_t		count;
	int32_t    *of_event;		/* index of tables, or -1 */
	const rpm_store_values *values;	/* while they are filled */
	bool		gradient;
} rpm_store_tables;

/* Which walls have tables; own: buildings with factors of their own, NULL for none.  Errors: RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY. */
rpm_code	rpm_store_tables_create(const rpm_path_store *store, const bool *own, rpm_control *control, rpm_store_tables *tables,
									rpm_status *status);
void		rpm_store_tables_free(rpm_store_tables *tables);

/* Fills them for values; without a gradient only the coefficients themselves. */
rpm_code	rpm_store_tables_fill(rpm_store_tables *tables, const rpm_store_values *values, bool gradient, rpm_control *control,
								  rpm_status *status);

/* The coefficients of an event; false when it has no table. */
bool		rpm_store_tables_at(const rpm_store_tables *tables, size_t event, double cosine, bool gradient,
								rpm_wall_pair *const pairs[RPM_WALL_PAIRS]);

/* Entries that a table of a wall takes, less 1; more than any has where coefficients change too fast. */
int			rpm_store_table_steps(rpm_complex eta, double thickness_m, double wavelength_m);
/* Whether so many look-ups are worth a table of so many. */
bool		rpm_store_table_pays(uint32_t uses, int steps);

/* The first of the four entries about an incidence; their weights in Lagrange's cubic. */
static inline int
rpm_store_table_place(int steps, double cosine, float *weights)
{
	double		place = sqrt(cosine) * steps, t;
	int			first = (int) place - 1;

	first = first < 0 ? 0 : first > steps - 3 ? steps - 3 : first;
	t = place - first;
	weights[0] = (float) (-(t - 1) * (t - 2) * (t - 3) / 6);
	weights[1] = (float) (t * (t - 2) * (t - 3) / 2);
	weights[2] = (float) (-t * (t - 1) * (t - 3) / 2);
	weights[3] = (float) (t * (t - 1) * (t - 2) / 6);
	return first;
}

/* The same, computed. */
void		rpm_wall_pairs_of(rpm_complex eta, double cosine, double thickness_m, double wavelength_m, bool through, bool gradient,
							  rpm_wall_pair *const pairs[RPM_WALL_PAIRS]);

#endif
