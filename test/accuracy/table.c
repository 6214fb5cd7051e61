/*
 * table.c: the accuracy table of docs/accuracy.md: every estimate at the held-out pixels of every antenna with at least 300 of them.
 *
 * table FOLDER [--antennas=N] [--seed=S] [--threads=T] [--minutes=M] [--spread] [pixels|blocks|sites ...] [estimate ...]
 *
 * Others' rows are inputs wherever they lie, also at a place that is held out for the antenna: so the product is used.  The antenna's
 * own held-out pixels are never an input of anything, the network's linear model and gains included.
 *
 * Beside the rows: some by area and by the fewest reports that a pixel can be the mean of, and the difference of each to the row above it, antenna by antenna.
 *
 * Antennas are taken in an order drawn by the seed: any N of them are a random sample of the list, and so are those that were done after
 * M minutes of a protocol, when no new one is begun.  --spread takes N spread evenly over the list instead, which is easier than the list.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "estimate.h"

#define AREAS 14
#define DRAW 1000				/* added to the seed, so that the order has nothing to do with what is held out */
#define REPORTS 7				/* of so many kinds, by reports_kind */
#define MOST_REPORTS 60
#define NINETY_PER_CENT 1.6448536269514722

/* Errors of one estimate at one antenna. */
typedef struct score
{
	size_t		count;
	double		mae_db, rmse_db, bias_db, covered, width_db;
	bool		has_sd;
	/* by the fewest levels of whole dB whose mean the pixel can be */
	size_t		reports_count[REPORTS];
	double		reports_mae_db[REPORTS], reports_square_db2[REPORTS];
} score;

/* An antenna and what the seed drew for it. */
typedef struct drawn
{
	int			antenna;
	double		number;
} drawn;

typedef struct run
{
	const experiment *setup;
	const int  *antennas;
	int			count;
	int			next;			/* atomic */
	struct timespec begin;
	double		most_s;			/* 0: no limit */
	const bool *wanted;			/* of the estimates */
	score	   *scores;			/* estimate by estimate, antenna by antenna */
	int			failures;
	pthread_mutex_t lock;
} run;

static const protocol protocols[] = {
	{"pixels", "30 % of the pixels at random", RPM_SPLIT_PIXEL, 0.7},
	{"blocks", "30 % of the blocks of 100 m", RPM_SPLIT_BLOCK, 0.7},
	{"sites", "a sixth of the sites, whole", RPM_SPLIT_SITE, 5.0 / 6}
};

#define PROTOCOLS ((int) (sizeof(protocols) / sizeof(protocols[0])))

static bool *split(const chengdu *data, const protocol *protocol, uint64_t seed);
static int *choose_antennas(const chengdu *data, const protocol *protocol, uint64_t seed, const bool *learns, int most, bool spread,
						   int *count);
static int	compare_drawn(const void *a, const void *b);
static double seconds_since(const struct timespec *begin);
static bool run_protocol(const chengdu *data, const protocol *protocol, uint64_t seed, int most, bool spread, int threads,
						 double minutes, const bool *wanted);
static bool is_wanted(const protocol *protocol, const estimate *estimate, bool wanted);
static void *work(void *argument);
static void run_antenna(run *run, int number);
static bool fill_given(const experiment *setup, task *task);
static score score_of(const chengdu *data, const task *task);
static void print_rows(const run *run, const protocol *protocol);
static void print_areas(const run *run, int number);
static int	reports_kind(float rsrp_dbm);
static void print_reports(const run *run, int number);
static void print_differences(const run *run, const protocol *protocol);
static bool mean_score(const run *run, int number, int area, score *mean, int *antennas, size_t *pixels);

int
main(int argc, char **argv)
{
	chengdu		data;
	bool		wanted[64] = {false},
				wanted_protocol[PROTOCOLS] = {false},
				any = false,
				any_protocol = false,
				spread = false,
				good;
	int			most = 0,
				threads = 2;
	double		minutes = 0;
	uint64_t	seed = 1;

	for (int i = 2; i < argc; i++)
		if (sscanf(argv[i], "--antennas=%d", &most) != 1 && sscanf(argv[i], "--threads=%d", &threads) != 1 &&
			sscanf(argv[i], "--seed=%lu", &seed) != 1 && sscanf(argv[i], "--minutes=%lf", &minutes) != 1)
		{
			bool		found = strcmp(argv[i], "--spread") == 0;

			spread = spread || found;
			for (int e = 0; e < estimate_count; e++)
				if (strcmp(argv[i], estimates[e].name) == 0)
					any = found = wanted[e] = true;
			for (int p = 0; p < PROTOCOLS; p++)
				if (strcmp(argv[i], protocols[p].name) == 0)
					any_protocol = found = wanted_protocol[p] = true;
			if (!found)
			{
				fprintf(stderr, "there is no row \"%s\"; there are:", argv[i]);
				for (int e = 0; e < estimate_count; e++)
					fprintf(stderr, " %s", estimates[e].name);
				fprintf(stderr, "\n");
				return 2;
			}
		}
	for (int e = 0; e < estimate_count; e++)
		wanted[e] = wanted[e] || !any;
	if (argc < 2 || !chengdu_read(argv[1], &data))
		return 1;
	printf("%zu pixels of %d antennas inside their tiles (%zu rows outside left out); seed %lu\n\n", data.begin[data.antenna_count],
		   data.antenna_count, data.outside, seed);
	good = true;
	for (int p = 0; p < PROTOCOLS; p++)
		if (wanted_protocol[p] || !any_protocol)
			good = run_protocol(&data, &protocols[p], seed, most, spread, threads, minutes, wanted) && good;
	return good ? 0 : 1;
}

static bool
run_protocol(const chengdu *data, const protocol *protocol, uint64_t seed, int most, bool spread, int threads, double minutes,
			 const bool *wanted)
{
	bool	   *learns,
				needed = false,
				with_clutter = false;
	experiment	setup;
	int		   *antennas;
	pthread_t	helper[64];
	run			run = {.wanted = wanted, .setup = &setup, .most_s = 60 * minutes};

	for (int e = 0; e < estimate_count; e++)
	{
		needed = needed || is_wanted(protocol, &estimates[e], wanted[e]);
		with_clutter = with_clutter || (estimates[e].given && is_wanted(protocol, &estimates[e], wanted[e]));
	}
	if (!needed)
		return true;
	clock_gettime(CLOCK_MONOTONIC, &run.begin);
	learns = split(data, protocol, seed);
	run.antennas = antennas = choose_antennas(data, protocol, seed, learns, most, spread, &run.count);
	run.scores = calloc((size_t) estimate_count * run.count + 1, sizeof(score));
	pthread_mutex_init(&run.lock, NULL);
	if (!experiment_open(&setup, data, protocol, seed, learns, with_clutter))
		return false;
	for (int t = 1; t < threads && t < 64; t++)
		pthread_create(&helper[t], NULL, work, &run);
	work(&run);
	for (int t = 1; t < threads && t < 64; t++)
		pthread_join(helper[t], NULL);
	print_rows(&run, protocol);
	printf("\n%s: %d of %d antennas, %d failures, %.0f s on %d threads\n\n", protocol->name, run.next < run.count ? run.next : run.count,
		   run.count, run.failures, seconds_since(&run.begin), threads);
	fflush(stdout);
	experiment_close(&setup);
	free(run.scores);
	free(antennas);
	free(learns);
	return run.failures == 0;
}

static bool
is_wanted(const protocol *protocol, const estimate *estimate, bool wanted)
{
	return wanted && (protocol->unit == RPM_SPLIT_SITE ? estimate->sites : estimate->pixels);
}

/* Whether each pixel learns.  Pixels and blocks are split antenna by antenna. */
static bool *
split(const chengdu *data, const protocol *protocol, uint64_t seed)
{
	bool	   *learns = malloc(data->begin[data->antenna_count] + 1);
	rpm_status	status;

	rpm_status_clear(&status);
	for (int a = 0; a < data->antenna_count; a++)
		for (size_t i = data->begin[a]; i < data->begin[a + 1]; i++)
		{
			int64_t		owner = protocol->unit == RPM_SPLIT_SITE ? data->antennas[a].site : data->antennas[a].id;
			double		number = 1;

			rpm_split_at(seed, protocol->unit, &owner, pixel_x(&data->pixels[i]), pixel_y(&data->pixels[i]),
						 protocol->unit == RPM_SPLIT_BLOCK ? 100 : CELL_M, &number, &status);
			learns[i] = number < protocol->learns;
		}
	return learns;
}

/* All of at least 300 pixels of which some are held out (and, but for sites, some learn), in an order drawn by seed; or `most` of them. */
static int *
choose_antennas(const chengdu *data, const protocol *protocol, uint64_t seed, const bool *learns, int most, bool spread, int *count)
{
	int		   *chosen = malloc((size_t) data->antenna_count * sizeof(int)),
				all = 0;
	drawn	   *order = malloc((size_t) data->antenna_count * sizeof(drawn));

	for (int a = 0; a < data->antenna_count; a++)
	{
		size_t		held_out = 0,
					pixels = data->begin[a + 1] - data->begin[a];

		for (size_t i = data->begin[a]; i < data->begin[a + 1]; i++)
			held_out += !learns[i];
		if (pixels >= FEWEST_PIXELS && held_out > 0 && (protocol->unit == RPM_SPLIT_SITE || held_out < pixels))
		{
			rpm_status	status;

			rpm_status_clear(&status);
			order[all].antenna = a;
			rpm_split_at(seed + DRAW, RPM_SPLIT_SITE, &data->antennas[a].id, 0, 0, CELL_M, &order[all++].number, &status);
		}
	}
	if (!spread)
		qsort(order, (size_t) all, sizeof(drawn), compare_drawn);
	*count = most > 0 && most < all ? most : all;
	for (int k = 0; k < *count; k++)
		chosen[k] = order[spread ? (int64_t) k * all / *count : k].antenna;
	free(order);
	return chosen;
}

static int
compare_drawn(const void *a, const void *b)
{
	double		left = ((const drawn *) a)->number,
				right = ((const drawn *) b)->number;

	return left < right ? -1 : left > right;
}

static double
seconds_since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) (now.tv_sec - begin->tv_sec) + 1e-9 * (double) (now.tv_nsec - begin->tv_nsec);
}

static void *
work(void *argument)
{
	run		   *run = argument;

	while (run->most_s <= 0 || seconds_since(&run->begin) < run->most_s)
	{
		int			number = __atomic_fetch_add(&run->next, 1, __ATOMIC_RELAXED);

		if (number >= run->count)
			break;
		run_antenna(run, number);
		if (number % 100 == 99)
			fprintf(stderr, "%s: %d of %d\n", run->setup->protocol->name, number + 1, run->count);
	}
	return NULL;
}

static void
run_antenna(run *run, int number)
{
	const experiment *setup = run->setup;
	const chengdu *data = setup->data;
	int			a = run->antennas[number];
	size_t		pixels = data->begin[a + 1] - data->begin[a];
	task		task = {.antenna = a};
	bool		good = true,
				given = false;

	task.learn = malloc((pixels + 1) * sizeof(size_t));
	task.target = malloc((pixels + 1) * sizeof(size_t));
	task.mean_dbm = malloc((pixels + 1) * sizeof(double));
	task.sd_db = malloc((pixels + 1) * sizeof(double));
	task.given_learn = malloc((pixels + 1) * sizeof(double));
	task.given_target = malloc((pixels + 1) * sizeof(double));
	for (size_t i = data->begin[a]; i < data->begin[a + 1]; i++)
		if (setup->learns[i])
			task.learn[task.learn_count++] = i;
		else
			task.target[task.target_count++] = i;
	for (int e = 0; e < estimate_count; e++)
		given = given || (estimates[e].given && is_wanted(setup->protocol, &estimates[e], run->wanted[e]));
	if (given)
		good = fill_given(setup, &task);
	for (int e = 0; e < estimate_count && good; e++)
		if (is_wanted(setup->protocol, &estimates[e], run->wanted[e]))
		{
			good = estimates[e].function(setup, &task);
			if (good)
				run->scores[(size_t) e * run->count + number] = score_of(data, &task);
		}
	pthread_mutex_lock(&run->lock);
	run->failures += !good;
	pthread_mutex_unlock(&run->lock);
	free(task.learn);
	free(task.target);
	free(task.mean_dbm);
	free(task.sd_db);
	free(task.given_learn);
	free(task.given_target);
}

/* One look at the layer for both kinds of pixels. */
static bool
fill_given(const experiment *setup, task *task)
{
	size_t		count = task->learn_count + task->target_count,
			   *pixel = malloc((count + 1) * sizeof(size_t));
	double	   *level_dbm = malloc((count + 1) * sizeof(double));
	bool		good;

	memcpy(pixel, task->learn, task->learn_count * sizeof(size_t));
	memcpy(pixel + task->learn_count, task->target, task->target_count * sizeof(size_t));
	good = experiment_given(setup, task->antenna, pixel, count, level_dbm);
	if (good)
	{
		memcpy(task->given_learn, level_dbm, task->learn_count * sizeof(double));
		memcpy(task->given_target, level_dbm + task->learn_count, task->target_count * sizeof(double));
	}
	free(pixel);
	free(level_dbm);
	return good;
}

static score
score_of(const chengdu *data, const task *task)
{
	score		score = {.count = task->target_count};

	for (size_t i = 0; i < task->target_count; i++)
	{
		double		error = data->pixels[task->target[i]].rsrp_dbm - task->mean_dbm[i];
		int			kind;

		score.mae_db += fabs(error);
		score.rmse_db += error * error;
		score.bias_db += error;
		score.has_sd = score.has_sd || task->sd_db[i] > 0;
		score.covered += fabs(error) <= NINETY_PER_CENT * task->sd_db[i];
		score.width_db += 2 * NINETY_PER_CENT * task->sd_db[i];
		kind = reports_kind(data->pixels[task->target[i]].rsrp_dbm);
		score.reports_count[kind]++;
		score.reports_mae_db[kind] += fabs(error);
		score.reports_square_db2[kind] += error * error;
	}
	score.mae_db /= (double) score.count;
	score.rmse_db = sqrt(score.rmse_db / (double) score.count);
	score.bias_db /= (double) score.count;
	score.covered /= (double) score.count;
	score.width_db /= (double) score.count;
	return score;
}

static void
print_rows(const run *run, const protocol *protocol)
{
	printf("held out: %s\n\n| row | estimate | antennas | pixels | MAE | RMSE | in 90 %% intervals | their width |\n"
		   "|---|---|---|---|---|---|---|---|\n", protocol->title);
	for (int e = 0; e < estimate_count; e++)
	{
		score		mean;
		int			antennas;
		size_t		pixels;

		if (!is_wanted(protocol, &estimates[e], run->wanted[e]) || !mean_score(run, e, 0, &mean, &antennas, &pixels))
			continue;
		printf("| %s | %s | %d | %zu | %.2f | %.2f |", estimates[e].name, estimates[e].title, antennas, pixels, mean.mae_db, mean.rmse_db);
		if (mean.has_sd)
			printf(" %.1f %% | %.1f dB |\n", 100 * mean.covered, mean.width_db);
		else
			printf(" | |\n");
	}
	for (int e = 0; e < estimate_count; e++)
	{
		if (!is_wanted(protocol, &estimates[e], run->wanted[e]))
			continue;
		if (estimates[e].given || estimates[e].noise)
			print_areas(run, e);
		if (estimates[e].noise)
			print_reports(run, e);
	}
	print_differences(run, protocol);
}

static void
print_areas(const run *run, int number)
{
	printf("\n%s by area (antennas, pixels: MAE / RMSE, coverage):", estimates[number].name);
	for (int area = 1; area < AREAS; area++)
	{
		score		mean;
		int			antennas;
		size_t		pixels;

		if (mean_score(run, number, area, &mean, &antennas, &pixels))
			printf(" %d (%d, %zu: %.2f / %.2f, %.0f %%)", area, antennas, pixels, mean.mae_db, mean.rmse_db, 100 * mean.covered);
	}
	printf("\n");
}

/*
 * A phone reports whole dB (3GPP TS 36.133 section 9.1.4), and a pixel is the mean of its reports to two decimals: its fraction tells how few they may
 * have been.  -90.33 needs three, -90.17 six; -90 may be one or any number that happens to give it.
 */
static int
reports_kind(float rsrp_dbm)
{
	static const int first[REPORTS] = {1, 2, 3, 5, 7, 10, 15};
	int			hundredths = (int) lround(fabs(rsrp_dbm) * 100) % 100,
				reports = 1,
				kind = 0;

	for (bool found = false; !found && reports < MOST_REPORTS; reports += !found)
		for (int part = 0; part < reports && !found; part++)
			found = (int) lround(100.0 * part / reports) == hundredths;
	while (kind + 1 < REPORTS && reports >= first[kind + 1])
		kind++;
	return kind;
}

/* Over all pixels: how the error falls with the reports behind a pixel is what is noise of the pixel itself. */
static void
print_reports(const run *run, int number)
{
	static const char *const kinds[REPORTS] = {"1", "2", "3 and 4", "5 and 6", "7 to 9", "10 to 14", "15 and more"};
	size_t		all = 0,
				count[REPORTS] = {0};
	double		mae_db[REPORTS] = {0},
				square_db2[REPORTS] = {0};

	for (int k = 0; k < run->count; k++)
		for (int kind = 0; kind < REPORTS; kind++)
		{
			const score *of = &run->scores[(size_t) number * run->count + k];

			all += of->reports_count[kind];
			count[kind] += of->reports_count[kind];
			mae_db[kind] += of->reports_mae_db[kind];
			square_db2[kind] += of->reports_square_db2[kind];
		}
	printf("\n%s by the fewest reports that a pixel can be the mean of (share of the pixels: MAE / RMSE):", estimates[number].name);
	for (int kind = 0; kind < REPORTS; kind++)
		if (count[kind] > 0)
			printf(" %s (%.1f %%: %.2f / %.2f)", kinds[kind], 100.0 * (double) count[kind] / (double) all, mae_db[kind] / (double) count[kind],
				   sqrt(square_db2[kind] / (double) count[kind]));
	printf("\n");
}

/* Antenna by antenna: what a sample says of the difference is surer than what it says of either row. */
static void
print_differences(const run *run, const protocol *protocol)
{
	int			last = -1;

	for (int e = 0; e < estimate_count; e++)
	{
		double		sum = 0,
					squares = 0;
		int			antennas = 0;

		if (!is_wanted(protocol, &estimates[e], run->wanted[e]))
			continue;
		for (int k = 0; k < run->count && last >= 0; k++)
		{
			const score *of = &run->scores[(size_t) e * run->count + k],
					   *before = &run->scores[(size_t) last * run->count + k];

			if (of->count == 0 || before->count == 0)
				continue;
			antennas++;
			sum += of->mae_db - before->mae_db;
			squares += (of->mae_db - before->mae_db) * (of->mae_db - before->mae_db);
		}
		if (antennas > 1)
			printf("\n%s less %s: %+.3f dB of MAE, standard error %.3f, %d antennas", estimates[e].name, estimates[last].name, sum / antennas,
				   sqrt(fmax(squares - sum * sum / antennas, 0) / (antennas - 1) / antennas), antennas);
		last = e;
	}
	printf("\n");
}

/* Mean over antennas of one area, 0: all; coverage and width over pixels. */
static bool
mean_score(const run *run, int number, int area, score *mean, int *antennas, size_t *pixels)
{
	*mean = (score){0};
	*antennas = 0;
	*pixels = 0;
	for (int k = 0; k < run->count; k++)
	{
		const score *of = &run->scores[(size_t) number * run->count + k];

		if (of->count == 0 || (area > 0 && run->setup->data->antennas[run->antennas[k]].area != area))
			continue;
		(*antennas)++;
		*pixels += of->count;
		mean->mae_db += of->mae_db;
		mean->rmse_db += of->rmse_db;
		mean->covered += of->covered * (double) of->count;
		mean->width_db += of->width_db * (double) of->count;
		mean->has_sd = mean->has_sd || of->has_sd;
	}
	if (*antennas == 0)
		return false;
	mean->mae_db /= *antennas;
	mean->rmse_db /= *antennas;
	mean->covered /= (double) *pixels;
	mean->width_db /= (double) *pixels;
	return true;
}
