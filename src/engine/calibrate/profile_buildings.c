/*
 * profile_buildings.c: other bottoms of the cost in single buildings' permittivities.
 *
 * A slab's reflection goes up and down with its optical thickness, so the cost has a bottom every so often in a permittivity, and the
 * equations at one bottom know nothing of the others.  Buildings are taken to lower ones; what the others leave open is a part of errors.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/profile.h"

#define STEP 0.05
#define STEPS_ASIDE 13
#define STEPS (2 * STEPS_ASIDE + 1)
/* What the cells have to say of a permittivity, beside its prior, for other bottoms to matter. */
#define LEAST_SAID 0.4
/* A bottom so much lower is gone to. */
#define GAIN_LEAST 1.0

typedef struct building_work
{
	rpm_fit_work *fit;
	rpm_profile profile;
	int32_t    *parameter_of_row;	/* among those fitted */
	double	   *costs;			/* rows x STEPS: beside the cost as it is, priors included */
} building_work;

/* A bottom of a row: where, how low beside the cost as it is, how narrow. */
typedef struct bottom
{
	double		z, cost, curvature;
} bottom;

static rpm_code begin(building_work *work, rpm_status *status);
static void release(building_work *work);
static rpm_code find_rows(building_work *work, rpm_status *status);
static void mark_slabs(const rpm_path_store *store, int32_t *of_building);
static int	find_bottoms(const building_work *work, int32_t row, bottom *bottoms);
static double spread(const building_work *work, int32_t row, double curvature);

static inline double
z_of_step(const building_work *work, int32_t row, int step)
{
	return work->fit->prior[work->parameter_of_row[row]] + (step - STEPS_ASIDE) * STEP;
}

rpm_code
rpm_fit_move_buildings(rpm_fit_work *fit, bool *moved, rpm_status *status)
{
	building_work work = {.fit = fit};
	double		before = fit->cost;
	double	   *kept = malloc(((size_t) fit->count + 1) * sizeof(double));
	rpm_code	code = kept ? begin(&work, status) : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %d parameters", fit->count);

	*moved = false;
	if (kept != NULL)
		memcpy(kept, fit->z, (size_t) fit->count * sizeof(double));
	for (int32_t row = 0; row < work.profile.rows && code == RPM_OK; row++)
	{
		bottom		bottoms[STEPS];
		int			count = find_bottoms(&work, row, bottoms), best = -1;

		for (int i = 0; i < count; i++)
			if (bottoms[i].cost < -GAIN_LEAST && (best < 0 || bottoms[i].cost < bottoms[best].cost))
				best = i;
		if (best < 0)
			continue;
		fit->z[work.parameter_of_row[row]] = bottoms[best].z;
		*moved = true;
	}
	if (*moved)
	{
		rpm_fit_set(fit, fit->z);
		code = rpm_fit_sum(fit, false, status);
		/* Each by itself was better; all at once they may not be. */
		if (code == RPM_OK && fit->cost >= before)
		{
			*moved = false;
			fit->fresh = false;
			rpm_fit_set(fit, kept);
		}
	}
	free(kept);
	release(&work);
	return code;
}

rpm_code
rpm_fit_spread(rpm_fit_work *fit, double *variance, rpm_status *status)
{
	building_work work = {.fit = fit};
	rpm_code	code = begin(&work, status);

	for (int32_t row = 0; row < work.profile.rows && code == RPM_OK; row++)
	{
		size_t		i = (size_t) work.parameter_of_row[row];
		double		curvature = fit->normal[i * (size_t) fit->count + i];

		variance[i] += fmax(0, spread(&work, row, curvature) - 1 / curvature);
	}
	release(&work);
	return code;
}

/* Rows, and their costs. */
static rpm_code
begin(building_work *work, rpm_status *status)
{
	rpm_profile *profile = &work->profile;
	rpm_fit_work *fit = work->fit;
	rpm_code	code = find_rows(work, status);
	size_t		lanes;

	if (code != RPM_OK || profile->rows == 0)
		return code;
	lanes = (size_t) profile->rows * RPM_PROFILE_LANES;
	profile->factors = malloc(lanes * sizeof(double));
	profile->costs = malloc(lanes * sizeof(double));
	work->costs = malloc((size_t) profile->rows * STEPS * sizeof(double));
	if (!profile->factors || !profile->costs || !work->costs)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for profiles of %d buildings", profile->rows);
	for (int32_t row = 0; row < profile->rows; row++)
		for (int lane = 0; lane < RPM_PROFILE_LANES; lane++)
			profile->factors[row * RPM_PROFILE_LANES + lane] = lane < STEPS ? exp(z_of_step(work, row, lane) - fit->z[work->parameter_of_row[row]]) : 1;
	code = rpm_fit_profile(fit, profile, status);
	for (int32_t row = 0; row < profile->rows && code == RPM_OK; row++)
		for (int step = 0; step < STEPS; step++)
		{
			int32_t		i = work->parameter_of_row[row];
			double		u = (z_of_step(work, row, step) - fit->prior[i]) / fit->sd[i], now = (fit->z[i] - fit->prior[i]) / fit->sd[i];

			work->costs[row * STEPS + step] = profile->costs[row * RPM_PROFILE_LANES + step] + (u * u - now * now) / 2;
		}
	return code;
}

static void
release(building_work *work)
{
	free(work->profile.row_of_building);
	free(work->profile.factors);
	free(work->profile.costs);
	free(work->parameter_of_row);
	free(work->costs);
}

/* A row for each fitted building that the cells say something of and that has a wall with a thickness. */
static rpm_code
find_rows(building_work *work, rpm_status *status)
{
	const rpm_path_store *store = work->fit->store;
	size_t		buildings = store->input.scene->building_count, n = (size_t) work->fit->count;
	int32_t    *row_of_building = malloc((buildings + 1) * sizeof(int32_t));

	work->profile = (rpm_profile) {.material = -1, .row_of_building = row_of_building};
	work->parameter_of_row = malloc((n + 1) * sizeof(int32_t));
	if (!row_of_building || !work->parameter_of_row)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for profiles of %zu buildings", buildings);
	memset(row_of_building, -1, (buildings + 1) * sizeof(int32_t));
	mark_slabs(store, row_of_building);
	for (int i = 0; i < work->fit->count; i++)
	{
		const rpm_parameter *parameter = &work->fit->calibration->parameters[work->fit->index[i]];
		double		said = work->fit->normal[(size_t) i * n + (size_t) i] * work->fit->sd[i] * work->fit->sd[i] - 1;

		if (parameter->kind == RPM_PARAMETER_BUILDING_PERMITTIVITY && said >= LEAST_SAID && row_of_building[parameter->owner] == INT32_MAX)
		{
			row_of_building[parameter->owner] = work->profile.rows;
			work->parameter_of_row[work->profile.rows++] = i;
		}
	}
	for (size_t b = 0; b < buildings; b++)
		if (row_of_building[b] == INT32_MAX)
			row_of_building[b] = -1;
	return RPM_OK;
}

/* Those that some path meets a wall with a thickness of: INT32_MAX. */
static void
mark_slabs(const rpm_path_store *store, int32_t *of_building)
{
	for (size_t i = 0; i < store->all.event_count; i++)
	{
		const rpm_stored_event *event = &store->all.events[i];

		for (int a = 0; a < store->input.antenna_count && event->building >= 0; a++)
			if (store->input.antennas[a].materials[event->material].thickness_m > 0)
				of_building[event->building] = INT32_MAX;
	}
}

/* The bottoms of a row other than the one that the fit stands in: of parabolas through three steps each. */
static int
find_bottoms(const building_work *work, int32_t row, bottom *bottoms)
{
	const double *cost = work->costs + (size_t) row * STEPS;
	double		now = work->fit->z[work->parameter_of_row[row]];
	int			count = 0;

	for (int i = 1; i < STEPS - 1; i++)
	{
		double		z = z_of_step(work, row, i), slope = (cost[i + 1] - cost[i - 1]) / 2, curvature = cost[i + 1] - 2 * cost[i] + cost[i - 1];

		if (cost[i] > cost[i - 1] || cost[i] >= cost[i + 1] || fabs(z - now) <= STEP)
			continue;
		bottoms[count++] = (bottom) {z - slope / curvature * STEP, cost[i] - slope * slope / curvature / 2, curvature / (STEP * STEP)};
	}
	return count;
}

/*
 * The mean square distance from where the fit stands, weighed by how likely the measurements and the prior make each place: over the steps,
 * or, where a bottom is narrower than these, over the bottoms.  curvature: of the one that the fit stands in.
 */
static double
spread(const building_work *work, int32_t row, double curvature)
{
	const double *cost = work->costs + (size_t) row * STEPS;
	double		now = work->fit->z[work->parameter_of_row[row]], weight, sum = 0, square = 0;
	bottom		bottoms[STEPS];
	int			count = find_bottoms(work, row, bottoms);

	bottoms[count++] = (bottom) {now, 0, curvature};
	if (curvature * STEP * STEP < 1)
		for (int i = 0; i < STEPS; i++)
		{
			double		off = z_of_step(work, row, i) - now;

			weight = exp(-cost[i]);
			sum += weight;
			square += weight * off * off;
		}
	else
		for (int i = 0; i < count; i++)
		{
			double		off = bottoms[i].z - now;

			weight = exp(-bottoms[i].cost) / sqrt(bottoms[i].curvature);
			sum += weight;
			square += weight * (off * off + 1 / bottoms[i].curvature);
		}
	return square / sum;
}
