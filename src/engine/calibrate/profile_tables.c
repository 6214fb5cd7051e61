/*
 * profile_tables.c: coefficients of walls over the incidence, for all values of a profile's permittivities.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/profile.h"

#define NUMBERS (4 * RPM_PROFILE_LANES)	/* of an entry */

static rpm_code take_table(rpm_profile_tables *tables, size_t index, rpm_status *status);
static const double *factors_of(const rpm_profile_tables *tables, size_t index);
static rpm_complex eta_of(const rpm_profile_tables *tables, size_t index, double factor, double *thickness_m);
static void fill_range(void *context, int64_t begin, int64_t end, int thread);

rpm_code
rpm_profile_tables_create(const rpm_fit_work *fit, const rpm_profile *profile, rpm_profile_tables *tables, rpm_status *status)
{
	rpm_code	code = RPM_OK;

	*tables = (rpm_profile_tables) {.fit = fit, .profile = profile, .tables = calloc(fit->tables.count + 1, sizeof(rpm_profile_table))};
	if (tables->tables == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for profiles of %zu walls", fit->tables.count);
	for (size_t i = 0; i < fit->tables.count && code == RPM_OK; i++)
		code = take_table(tables, i, status);
	return code == RPM_OK ? rpm_parallel_for(fit->control, (int64_t) fit->tables.count, 1, fill_range, tables, status) : code;
}

void
rpm_profile_tables_free(rpm_profile_tables *tables)
{
	for (size_t i = 0; tables->tables && i < tables->fit->tables.count; i++)
		free(tables->tables[i].entries);
	free(tables->tables);
}

/* As dense as the lane that asks for most. */
static rpm_code
take_table(rpm_profile_tables *tables, size_t index, rpm_status *status)
{
	const rpm_fit_work *fit = tables->fit;
	const rpm_store_table *wall = &fit->tables.tables[index];
	const double *factors = factors_of(tables, index);
	size_t		bytes;
	int			steps = 0;
	rpm_code	code;

	for (int lane = 0; lane < RPM_PROFILE_LANES && factors; lane++)
	{
		double		thickness_m;
		rpm_complex eta = eta_of(tables, index, factors[lane], &thickness_m);
		int			own = rpm_store_table_steps(eta, thickness_m, fit->store->masts[wall->mast].wavelength_m);

		steps = own > steps ? own : steps;
	}
	if (steps == 0 || !rpm_store_table_pays(wall->uses / (uint32_t) fit->stride, steps))
		return RPM_OK;
	bytes = ((size_t) steps + 1) * NUMBERS * sizeof(float);
	code = rpm_reserve(fit->control, bytes * fit->tables.count, "profiles of walls", status);
	if (code != RPM_OK)
		return code;
	tables->tables[index] = (rpm_profile_table) {steps, malloc(bytes)};
	return tables->tables[index].entries ? RPM_OK : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for profiles of %zu walls", fit->tables.count);
}

/* Of the row that a wall belongs to, or NULL. */
static const double *
factors_of(const rpm_profile_tables *tables, size_t index)
{
	const rpm_store_table *wall = &tables->fit->tables.tables[index];
	int32_t		row = rpm_profile_row(tables->profile, wall->material, wall->building);

	return row < 0 ? NULL : tables->profile->factors + (size_t) row * RPM_PROFILE_LANES;
}

static rpm_complex
eta_of(const rpm_profile_tables *tables, size_t index, double factor, double *thickness_m)
{
	const rpm_store_table *wall = &tables->fit->tables.tables[index];
	const rpm_path_store *store = tables->fit->store;
	const rpm_store_values *values = &tables->fit->values;
	const rpm_store_wall *material = &values->walls[(size_t) store->masts[wall->mast].antenna * (store->input.scene->material_count + 1)
													+ (size_t) wall->material];
	double		permittivity = wall->building < 0 ? 1 : values->building_permittivity[wall->building];
	double		conductivity = wall->building < 0 ? 1 : values->building_conductivity[wall->building];

	*thickness_m = material->thickness_m;
	return rpm_cx(1 + material->eps_above_1 * permittivity * factor, material->eta_im * conductivity);
}

static void
fill_range(void *context, int64_t begin, int64_t end, int thread)
{
	const rpm_profile_tables *tables = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		const rpm_store_table *wall = &tables->fit->tables.tables[i];
		const rpm_profile_table *table = &tables->tables[i];
		const double *factors = factors_of(tables, (size_t) i);

		for (int lane = 0; lane < RPM_PROFILE_LANES && table->steps > 0; lane++)
		{
			double		thickness_m;
			rpm_complex eta = eta_of(tables, (size_t) i, factors[lane], &thickness_m);
			float	   *at = table->entries + (size_t) (lane / RPM_PROFILE_BLOCK) * 4 * RPM_PROFILE_BLOCK + lane % RPM_PROFILE_BLOCK;

			for (int step = 0; step <= table->steps; step++, at += NUMBERS)
			{
				double		root = (double) step / table->steps;
				rpm_wall_pair pair, *const to[RPM_WALL_PAIRS] = {&pair, NULL, NULL};

				rpm_wall_pairs_of(eta, root * root, thickness_m, tables->fit->store->masts[wall->mast].wavelength_m, wall->through, false, to);
				at[0] = (float) pair.te.re;
				at[RPM_PROFILE_BLOCK] = (float) pair.te.im;
				at[2 * RPM_PROFILE_BLOCK] = (float) pair.tm.re;
				at[3 * RPM_PROFILE_BLOCK] = (float) pair.tm.im;
			}
		}
	}
}
