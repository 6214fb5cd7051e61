/*
 * map_directions.c: how launched rays are spread over the directions, see map_directions.h.
 *
 * Rays go to bins by systematic sampling (ray i to where the summed density passes (i + shift) / N), so that a bin gets its expected
 * number of rays to within one, and within a bin to a randomly shifted R2 sequence.  Any positive density leaves the estimate
 * unbiased; the best is proportional to the root of the mean square of what a ray of the bin is worth.
 */
#include "trace/map_directions.h"

#include <stdlib.h>

/* Rays of the first batch in a bin, on average. */
#define RAYS_PER_BIN 4
#define SIDE_MIN 8
#define SIDE_MAX 512
/* The density is a mixture: even, for what the first batches have not seen; by blocks of bins, for what they have seen by chance
 * (scattered rays); by bins, for what depends on the direction alone (mirrored rays). */
#define EVEN_SHARE 0.25
#define BLOCK_SHARE 0.35
#define BLOCK_SIDE 8
#define ROW_BISECTIONS 50

static double share_below(const rpm_map_job *job, double even_share, double power, double reach, double z);
static void sum_densities(rpm_map_directions *directions);
static void by_bins(rpm_map_directions *directions);
static void by_blocks(rpm_map_directions *directions);
static void mix(rpm_map_directions *directions, double share);
RPM_INLINE size_t find_bin(const rpm_map_directions *directions, double place);
RPM_INLINE double fraction(double x);

#ifndef RPM_KERNEL
rpm_code
rpm_map_directions_create(int64_t first_rays, rpm_control *control, rpm_map_directions *directions, rpm_status *status)
{
	int			side = SIDE_MIN;
	size_t		bins;

	while (side < SIDE_MAX && (int64_t) side * 2 * side * 4 * RAYS_PER_BIN <= first_rays * 2)
		side *= 2;
	*directions = (rpm_map_directions) {.side_z = side, .side_azimuth = 2 * side};
	bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;
	if (rpm_reserve(control, 5 * bins * sizeof(double), "the directions of launched rays", status) != RPM_OK)
		return status->code;
	directions->score = calloc(bins, sizeof(double));
	directions->visits = calloc(bins, sizeof(double));
	directions->density = calloc(bins, sizeof(double));
	directions->smoothed = calloc(bins, sizeof(double));
	directions->first = calloc(bins + 1, sizeof(double));
	if (!directions->score || !directions->visits || !directions->density || !directions->smoothed || !directions->first)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu directions", bins);
	for (size_t i = 0; i < bins; i++)
		directions->density[i] = 1.0 / (double) bins;
	sum_densities(directions);
	return RPM_OK;
}

rpm_code
rpm_map_directions_by_distance(const rpm_map_job *job, double even_share, double power, rpm_map_directions *directions, rpm_status *status)
{
	const rpm_grid *grid = job->grid;
	double		reach = 0;
	int			rows = directions->side_z;

	directions->height = calloc((size_t) rows + 1, sizeof(double));
	if (directions->height == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %d rows of directions", rows);
	for (int k = 0; k < 4; k++)
		reach = fmax(reach, hypot(grid->west + (k & 1) * grid->columns * grid->cell_width_m - job->antenna->position.x,
								  grid->north - (k >> 1) * grid->rows * grid->cell_height_m - job->antenna->position.y));
	for (int i = 0; i <= rows; i++)
	{
		double		low = -1, high = 1;

		for (int k = 0; k < ROW_BISECTIONS && i > 0 && i < rows; k++)
			if (share_below(job, even_share, power, reach, (low + high) / 2) < 1 - (double) i / rows)
				low = (low + high) / 2;
			else
				high = (low + high) / 2;
		directions->height[i] = i == 0 ? 1 : i == rows ? -1 : low;
	}
	return RPM_OK;
}

/* The share of rays whose direction has a z below this. */
static double
share_below(const rpm_map_job *job, double even_share, double power, double reach, double z)
{
	double		height = job->antenna->position.z - job->surface.z_low, toward = height < 0 ? -z : z, share;
	double		distance = toward < 0 ? fmax(1, fabs(height)) * sqrt(1 / (toward * toward) - 1) : INFINITY;

	share = fmin(1, pow(distance / reach, power));
	return even_share * (1 + z) / 2 + (1 - even_share) * (height < 0 ? 1 - share : share);
}

void
rpm_map_directions_free(rpm_map_directions *directions)
{
	free(directions->score);
	free(directions->visits);
	free(directions->density);
	free(directions->smoothed);
	free(directions->first);
	free(directions->height);
}
#endif

RPM_SHARED rpm_vec3
rpm_map_direction(const rpm_map_aim *aim, int64_t i, size_t *bin, double *solid_angle)
{
	const rpm_map_directions *directions = aim->directions;
	size_t		b = find_bin(directions, ((double) i + aim->shift) / (double) aim->rays);
	rpm_random	random = rpm_random_stream(aim->seed, aim->batch ^ UINT64_C(0xd1b54a32d192ed03), b);
	double		index = floor((double) i + aim->shift - directions->first[b] * (double) aim->rays);
	double		u = fraction(rpm_random_next(&random) + index * 0.7548776662466927);
	double		v = fraction(rpm_random_next(&random) + index * 0.5698402909980532);
	int			row = (int) (b / (size_t) directions->side_azimuth);
	double		high = rpm_map_bin_height(directions, row), low = rpm_map_bin_height(directions, row + 1), z = high + u * (low - high);
	double		azimuth = 2 * RPM_PI * ((double) (b % (size_t) directions->side_azimuth) + v) / directions->side_azimuth;
	double		radius = sqrt(fmax(0, 1 - z * z));

	*bin = b;
	*solid_angle = 2 * RPM_PI * (high - low) / directions->side_azimuth / (directions->density[b] * (double) aim->rays);
	return rpm_vec(radius * cos(azimuth), radius * sin(azimuth), z);
}

RPM_SHARED size_t
rpm_map_direction_bin(const rpm_map_directions *directions, rpm_vec3 direction)
{
	double		turns = atan2(direction.y, direction.x) / (2 * RPM_PI);
	int			low = 0, high = directions->side_z, column = (int) ((turns - floor(turns)) * directions->side_azimuth);

	while (high - low > 1)
	{
		int			middle = low + (high - low) / 2;

		if (rpm_map_bin_height(directions, middle) >= direction.z)
			low = middle;
		else
			high = middle;
	}
	return (size_t) low * (size_t) directions->side_azimuth + (size_t) (column < directions->side_azimuth ? column : 0);
}

RPM_SHARED double
rpm_map_bin_solid_angle(const rpm_map_directions *directions, size_t bin)
{
	int			row = (int) (bin / (size_t) directions->side_azimuth);

	return 2 * RPM_PI / directions->side_azimuth * (rpm_map_bin_height(directions, row) - rpm_map_bin_height(directions, row + 1));
}

RPM_SHARED void
rpm_map_directions_note(rpm_map_directions *directions, size_t bin, double squared_worth)
{
	rpm_map_add(&directions->visits[bin], 1);
	if (squared_worth > 0)
		rpm_map_add(&directions->score[bin], squared_worth);
}

#ifndef RPM_KERNEL
void
rpm_map_directions_learn(rpm_map_directions *directions)
{
	size_t		bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;

	for (size_t i = 0; i < bins; i++)
		directions->density[i] = EVEN_SHARE / (double) bins;
	by_blocks(directions);
	mix(directions, BLOCK_SHARE);
	by_bins(directions);
	mix(directions, 1 - EVEN_SHARE - BLOCK_SHARE);
	sum_densities(directions);
}
#endif

RPM_SHARED void
rpm_map_add(double *sum, double amount)
{
#ifdef __CUDA_ARCH__
	atomicAdd(sum, amount);
#else
	double		before, after;

	__atomic_load(sum, &before, __ATOMIC_RELAXED);
	do
		after = before + amount;
	while (!__atomic_compare_exchange(sum, &before, &after, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
#endif
}

#ifndef RPM_KERNEL
static void
sum_densities(rpm_map_directions *directions)
{
	size_t		bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;
	double		sum = 0;

	for (size_t i = 0; i < bins; i++)
	{
		directions->first[i] = sum;
		sum += directions->density[i];
	}
	/* Rounding must not leave the last rays without a bin. */
	directions->first[bins] = fmax(1, sum);
}

/* Adds the smoothed worth, brought to the sum `share`; evenly where there is none. */
static void
mix(rpm_map_directions *directions, double share)
{
	size_t		bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;
	double		all = 0;

	for (size_t i = 0; i < bins; i++)
		all += directions->smoothed[i];
	for (size_t i = 0; i < bins; i++)
		directions->density[i] += all > 0 ? share * directions->smoothed[i] / all : share / (double) bins;
}

/* The root of the mean squared worth over blocks of BLOCK_SIDE x BLOCK_SIDE bins. */
static void
by_blocks(rpm_map_directions *directions)
{
	for (int block = 0; block < directions->side_z * directions->side_azimuth / (BLOCK_SIDE * BLOCK_SIDE); block++)
	{
		int			blocks = directions->side_azimuth / BLOCK_SIDE;
		size_t		corner = (size_t) (block / blocks * BLOCK_SIDE) * (size_t) directions->side_azimuth
			+ (size_t) (block % blocks * BLOCK_SIDE);
		double		score = 0, visits = 0;

		for (int k = 0; k < BLOCK_SIDE * BLOCK_SIDE; k++)
		{
			size_t		bin = corner + (size_t) (k / BLOCK_SIDE) * (size_t) directions->side_azimuth + (size_t) (k % BLOCK_SIDE);

			score += directions->score[bin];
			visits += directions->visits[bin];
		}
		for (int k = 0; k < BLOCK_SIDE * BLOCK_SIDE; k++)
			directions->smoothed[corner + (size_t) (k / BLOCK_SIDE) * (size_t) directions->side_azimuth + (size_t) (k % BLOCK_SIDE)] =
				visits > 0 ? sqrt(score / visits) : 0;
	}
}

/* The root of the mean squared worth over each bin and its eight neighbours. */
static void
by_bins(rpm_map_directions *directions)
{
	int			rows = directions->side_z, columns = directions->side_azimuth;

	for (int row = 0; row < rows; row++)
		for (int column = 0; column < columns; column++)
		{
			double		score = 0, visits = 0;

			for (int k = 0; k < 9; k++)
			{
				int			r = row + k / 3 - 1, c = (column + k % 3 - 1 + columns) % columns;
				double		weight = k == 4 ? 4 : 1;

				if (r < 0 || r >= rows)
					continue;
				score += weight * directions->score[(size_t) r * (size_t) columns + (size_t) c];
				visits += weight * directions->visits[(size_t) r * (size_t) columns + (size_t) c];
			}
			directions->smoothed[(size_t) row * (size_t) columns + (size_t) column] = visits > 0 ? sqrt(score / visits) : 0;
		}
}
#endif

/* The last bin whose first[] is not above the place. */
RPM_INLINE size_t
find_bin(const rpm_map_directions *directions, double place)
{
	size_t		low = 0, high = (size_t) directions->side_z * (size_t) directions->side_azimuth;

	while (high - low > 1)
	{
		size_t		middle = low + (high - low) / 2;

		if (directions->first[middle] <= place)
			low = middle;
		else
			high = middle;
	}
	return low;
}

RPM_INLINE double
fraction(double x)
{
	return x - floor(x);
}
