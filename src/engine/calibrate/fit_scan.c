/*
 * fit_scan.c: a look beyond the nearest bottom of the cost.
 *
 * A slab's reflection goes up and down with its optical thickness, so the cost has a bottom for every half wave or so in a material's
 * permittivity, and steps along the slope find the nearest.  The permittivity of each fitted material that the cells say something of is
 * tried over its prior, on some of the cells, the others' as they are.  From each other bottom that comes near in cost all parameters take
 * some steps, since at the wrong one they have made the best of it; the lowest is gone to, and the others are remembered: how near they
 * come is a part of what is not known.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/profile.h"

/* Steps for a fringe of the slab, between these in the logarithm, over so many of the prior's deviations to either side. */
#define STEPS_OF_FRINGE 8.0
#define STEP_LEAST 0.02
#define STEP_MOST 0.05
#define REACH 2.5
#define MOST_STEPS 81
/* Cells of a scan, and of the steps from what it finds. */
#define SCAN_CELLS 500
#define TRIED_CELLS 800
#define PASSES 2
/* What the cells have to say of a permittivity, beside its prior, for other bottoms to matter. */
#define LEAST_SAID 0.5
/* So many bottoms of a parameter are tried, those less than so much above the lowest, with so many rounds each. */
#define MOST_TRIED 3
#define TRIED_ABOVE 25.0
#define TRIED_ROUNDS 6
#define TRIED_DAMPING 1e-3
/* After the first rounds one so much above the lowest is left. */
#define TRIED_FIRST 2
#define HOPELESS_ABOVE 12.0
/* A cost so much lower is another bottom. */
#define SCAN_GAIN 0.5

static rpm_code scan_all(rpm_fit_work *work, double *best, double *lowest, bool *moved, rpm_status *status);
static double step_of(const rpm_fit_work *work, int parameter);
static rpm_code scan_parameter(rpm_fit_work *work, int parameter, double step, double *tried, int *count, rpm_status *status);
static int	lowest_bottoms(const double *z, const double *cost, int steps, double now, double step, double *tried);
static rpm_code try_bottom(rpm_fit_work *work, int parameter, double z, double least, rpm_status *status);
static void remember(rpm_fit_work *work);

rpm_code
rpm_fit_scan(rpm_fit_work *work, bool *moved, rpm_status *status)
{
	size_t		n = (size_t) work->count, stride = work->stride;
	double	   *best = malloc((n + 1) * sizeof(double)), lowest;
	bool		again = true;
	rpm_code	code = best ? RPM_OK : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a look at %d parameters", work->count);

	*moved = false;
	if (work->fitted_cells > stride * TRIED_CELLS)
		work->stride = work->fitted_cells / TRIED_CELLS;
	if (code == RPM_OK && (!work->fresh || work->stride != stride))
		code = rpm_fit_sum(work, true, status);
	lowest = work->cost;
	/* From another bottom of one material others of the next may come near. */
	for (int pass = 0; pass < PASSES && code == RPM_OK && again; pass++)
	{
		if (pass > 0)
			code = rpm_fit_sum(work, true, status);
		memcpy(best, work->z, n * sizeof(double));
		if (code == RPM_OK)
			code = scan_all(work, best, &lowest, &again, status);
		*moved |= again;
	}
	work->bottom_cost = lowest;
	work->stride = stride;
	work->fresh = false;
	free(best);
	return code;
}

/* best, lowest: where the fit stands, then the lowest bottom that was found. */
static rpm_code
scan_all(rpm_fit_work *work, double *best, double *lowest, bool *moved, rpm_status *status)
{
	size_t		n = (size_t) work->count;
	rpm_code	code = RPM_OK;
	double	   *said = malloc((n + 1) * sizeof(double));

	*moved = false;
	if (said == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a look at %d parameters", work->count);
	for (size_t i = 0; i < n; i++)
		said[i] = work->normal[i * n + i] * work->sd[i] * work->sd[i] - 1;
	for (int i = 0; i < work->count && code == RPM_OK; i++)
	{
		double		step = step_of(work, i), tried[MOST_TRIED];
		int			count = 0;

		if (!(step > 0) || said[i] < LEAST_SAID)
			continue;
		code = scan_parameter(work, i, step, tried, &count, status);
		for (int k = 0; k < count && code == RPM_OK; k++)
		{
			code = try_bottom(work, i, tried[k], *lowest + HOPELESS_ABOVE, status);
			remember(work);
			if (code == RPM_OK && work->cost < *lowest - SCAN_GAIN)
			{
				*lowest = work->cost;
				memcpy(best, work->z, n * sizeof(double));
				*moved = true;
			}
			rpm_fit_set(work, best);
		}
	}
	free(said);
	return code;
}

/* Of the permittivity of a material with a thickness at some antenna's frequency, by its fringes; 0 for all else. */
static double
step_of(const rpm_fit_work *work, int parameter)
{
	const rpm_parameter *own = &work->calibration->parameters[work->index[parameter]];
	const rpm_calibrate_input *input = &work->store->input;
	double		fringes = 0;	/* for a change of the logarithm by 1 */

	if (own->kind != RPM_PARAMETER_PERMITTIVITY)
		return 0;
	for (int a = 0; a < input->antenna_count; a++)
	{
		const rpm_store_wall *wall = &work->values.walls[(size_t) a * (input->scene->material_count + 1) + (size_t) own->owner];

		/* Two ways through the slab, in waves: 2 d sqrt(eps') / lambda. */
		fringes = fmax(fringes, wall->thickness_m / work->store->masts[work->store->mast_of_antenna[a]].wavelength_m
					   * wall->eps_above_1 / sqrt(1 + wall->eps_above_1));
	}
	return fringes > 0 ? fmin(STEP_MOST, fmax(STEP_LEAST, 1 / (STEPS_OF_FRINGE * fringes))) : 0;
}

/* tried: where other bottoms are that come near the lowest, *count of them. */
static rpm_code
scan_parameter(rpm_fit_work *work, int parameter, double step, double *tried, int *count, rpm_status *status)
{
	double		now = work->z[parameter], z[MOST_STEPS + 1], cost[MOST_STEPS], own = (now - work->prior[parameter]) / work->sd[parameter];
	double		factors[RPM_PROFILE_LANES], costs[RPM_PROFILE_LANES];
	rpm_profile profile = {.rows = 1, .material = work->calibration->parameters[work->index[parameter]].owner, .factors = factors, .costs = costs};
	int			aside = (int) fmin((MOST_STEPS - 1) / 2, ceil(REACH * work->sd[parameter] / step)), steps = 0;
	size_t		stride = work->stride;
	rpm_code	code = RPM_OK;

	for (int k = -aside; k <= aside; k++)
	{
		z[steps] = work->prior[parameter] + k * step;
		steps += z[steps] >= work->low[parameter] && z[steps] <= work->high[parameter];
	}
	if (work->fitted_cells > stride * SCAN_CELLS)
		work->stride = work->fitted_cells / SCAN_CELLS;
	for (int first = 0; first < steps && code == RPM_OK; first += RPM_PROFILE_LANES)
	{
		for (int lane = 0; lane < RPM_PROFILE_LANES; lane++)
			factors[lane] = first + lane < steps ? exp(z[first + lane] - now) : 1;
		code = rpm_fit_profile(work, &profile, status);
		for (int i = first; i < steps && i < first + RPM_PROFILE_LANES; i++)
		{
			double		u = (z[i] - work->prior[parameter]) / work->sd[parameter];

			cost[i] = costs[i - first] + (u * u - own * own) / 2;
		}
	}
	work->stride = stride;
	if (code == RPM_OK)
		*count = lowest_bottoms(z, cost, steps, now, step, tried);
	return code;
}

/* The lowest ones of parabolas through three steps each, but the one that the fit stands in. */
static int
lowest_bottoms(const double *z, const double *cost, int steps, double now, double step, double *tried)
{
	double		depth[MOST_TRIED], lowest = INFINITY;
	int			count = 0, near = 0;

	for (int i = 1; i < steps - 1; i++)
	{
		double		slope = (cost[i + 1] - cost[i - 1]) / 2, curvature = cost[i + 1] - 2 * cost[i] + cost[i - 1], at, low;
		int			k;

		if (cost[i] > cost[i - 1] || cost[i] >= cost[i + 1])
			continue;
		at = z[i] - slope / curvature * step;
		low = cost[i] - slope * slope / curvature / 2;
		lowest = fmin(lowest, low);
		if (fabs(at - now) < 2 * step || (count == MOST_TRIED && low >= depth[count - 1]))
			continue;
		k = count < MOST_TRIED ? count++ : count - 1;
		for (; k > 0 && depth[k - 1] > low; k--)
		{
			depth[k] = depth[k - 1];
			tried[k] = tried[k - 1];
		}
		depth[k] = low;
		tried[k] = at;
	}
	while (near < count && depth[near] < lowest + TRIED_ABOVE)
		near++;
	return near;
}

/* Some rounds of all parameters from there, in plain coordinates; few where the cost then is not below `least`. */
static rpm_code
try_bottom(rpm_fit_work *work, int parameter, double z, double least, rpm_status *status)
{
	rpm_fit_embedding plain;
	bool		ended = false;
	double		damping = work->damping;
	rpm_code	code;

	work->z[parameter] = z;
	rpm_fit_set(work, work->z);
	work->damping = TRIED_DAMPING;
	work->smooth = true;
	work->fresh = false;
	code = rpm_fit_embedding_create(work, false, &plain, status);
	for (int round = 0; round < TRIED_ROUNDS && code == RPM_OK && !ended && (round < TRIED_FIRST || work->cost < least); round++)
		code = rpm_fit_round(work, &plain, &ended, status);
	rpm_fit_embedding_free(&plain);
	work->damping = damping;
	work->smooth = true;
	work->fresh = false;
	return code;
}

static void
remember(rpm_fit_work *work)
{
	size_t		n = (size_t) work->count;

	if (work->bottom_count == RPM_FIT_MOST_BOTTOMS)
		return;
	work->bottoms[work->bottom_count * (n + 1)] = work->cost;
	memcpy(work->bottoms + work->bottom_count++ * (n + 1) + 1, work->z, n * sizeof(double));
}

void
rpm_fit_add_bottoms(const rpm_fit_work *work, double *variance)
{
	size_t		n = (size_t) work->count;
	double		sum = 1;

	for (size_t k = 0; k < work->bottom_count; k++)
		sum += exp(-fmax(0, work->bottoms[k * (n + 1)] - work->bottom_cost));
	for (size_t k = 0; k < work->bottom_count; k++)
	{
		const double *bottom = work->bottoms + k * (n + 1);
		double		weight = exp(-fmax(0, bottom[0] - work->bottom_cost)) / sum;

		for (size_t i = 0; i < n; i++)
			variance[i] += weight * (bottom[1 + i] - work->z[i]) * (bottom[1 + i] - work->z[i]);
	}
}
