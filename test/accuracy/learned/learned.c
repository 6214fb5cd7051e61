/*
 * learned.c: learned models on the table of extract.c, in two protocols (test/accuracy/run_learned).
 *
 * learned TABLE sites|areas [--groups=DIGITS] [--members=N] [--epochs=N] [--antennas=N] [--own=N] [--by-area] [--traced] [--split=FILE] [NAME=FILE ...]
 * Prints rows of the table of docs/accuracy.md: the mean, the lines, a network on the columns of the groups; with --own the same with so many of
 * the antenna's own measurements. NAME=FILE: floats, one a row of the table, that another program forecast (test/bench/learned_trees.py).
 * --traced: only rows of antennas that were traced (traced.c) learn and are judged.
 * --split writes what a row is in each fold (0 nothing, 1 learns, 2 judged), fold after fold, for such programs, and the linear model's levels, and does nothing else.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "own.h"
#include "rpm_metrics.h"

#define AREAS 14
#define GUARD_M 1280.0
#define NINETY_PER_CENT 1.6448536269514722
/* Spread of antennas' own offsets about a model of all of them. */
#define OFFSET_SD_DB 4.0

typedef struct settings
{
	const char *groups, *split;
	int			members, epochs, antennas, own;
	bool		by_area, traced;
} settings;

static bool lines(const table *t, forecast *mean, forecast *log_distance, forecast *linear);
static void print_traced(const table *t, bool by_area);
static bool write_split(const table *t, const char *path);
static forecast empty(const table *t);
static bool read_forecast(const table *t, const char *path, forecast *f);
static void add_clutter(const table *t, const forecast *linear, forecast *sum);
static void print_row(const table *t, const char *name, const forecast *f, bool by_area);
static rpm_metrics metrics_of(const table *t, const forecast *f, int area, double *covered, double *width, size_t *count);
static size_t judged_antennas(const table *t);
static bool print_with_own(const table *t, const char *name, const settings *s, const forecast *f);

int
main(int argc, char **argv)
{
	settings	s = {.members = 4, .epochs = 20};
	table		t;
	forecast	mean,
				log_distance,
				linear,
				clutter,
				network,
				other = {NULL, NULL};
	bool		areas = argc > 2 && strcmp(argv[2], "areas") == 0;

	for (int i = 3; i < argc; i++)
	{
		s.groups = strncmp(argv[i], "--groups=", 9) == 0 ? argv[i] + 9 : s.groups;
		s.split = strncmp(argv[i], "--split=", 8) == 0 ? argv[i] + 8 : s.split;
		s.by_area = s.by_area || strcmp(argv[i], "--by-area") == 0;
		s.traced = s.traced || strcmp(argv[i], "--traced") == 0;
		sscanf(argv[i], "--members=%d", &s.members);
		sscanf(argv[i], "--epochs=%d", &s.epochs);
		sscanf(argv[i], "--antennas=%d", &s.antennas);
		sscanf(argv[i], "--own=%d", &s.own);
	}
	if (argc < 3 || !table_read(argv[1], &t) || !table_split(&t, areas, GUARD_M))
		return 1;
	if (s.traced)
		table_keep_known(&t, table_column(&t, "traced"));
	if (s.antennas > 0)
		table_thin(&t, s.antennas);
	if (s.split != NULL)
		return write_split(&t, s.split) ? 0 : 1;
	printf("%s: %zu antennas judged\n\n| estimate | MAE | RMSE | PCC | SMAPE | R2 | F1 below -103 dBm | in 90 %% intervals, width |\n|---|---|---|---|---|---|---|---|\n",
		   areas ? "areas out" : "sites out", judged_antennas(&t));
	if (!lines(&t, &mean, &log_distance, &linear))
		return 1;
	print_row(&t, "mean", &mean, false);
	print_row(&t, "a + b log d", &log_distance, false);
	print_row(&t, "linear model", &linear, s.by_area);
	if (s.traced)
		print_traced(&t, s.by_area);
	if (!areas)
	{
		clutter = empty(&t);
		add_clutter(&t, &linear, &clutter);
		print_row(&t, "linear model + clutter residuals", &clutter, s.by_area);
	}
	for (int i = 3; i < argc; i++)
		if (strncmp(argv[i], "--", 2) != 0 && strchr(argv[i], '=') != NULL)
		{
			other = empty(&t);
			*strchr(argv[i], '=') = '\0';
			if (!read_forecast(&t, argv[i] + strlen(argv[i]) + 1, &other))
				return 1;
			print_row(&t, argv[i], &other, s.by_area);
			if (s.own > 0 && !print_with_own(&t, argv[i], &s, &other))
				return 1;
		}
	if (s.groups != NULL)
	{
		char		name[64];

		if (!network_forecast(&t, s.groups, areas, s.members, s.epochs, &network))
			return 1;
		snprintf(name, sizeof(name), "network, groups %s", s.groups);
		print_row(&t, name, &network, s.by_area);
		if (s.own > 0 && !print_with_own(&t, name, &s, &network))
			return 1;
		if (other.mean_dbm != NULL)
		{
			for (size_t i = 0; i < t.rows; i++)
				other.mean_dbm[i] = (other.mean_dbm[i] + network.mean_dbm[i]) / 2;
			print_row(&t, "mean of the network and the last one above", &other, false);
		}
	}
	return 0;
}

static bool
print_with_own(const table *t, const char *name, const settings *s, const forecast *f)
{
	char		text[128];
	forecast	corrected = empty(t);

	memcpy(corrected.mean_dbm, f->mean_dbm, t->rows * sizeof(float));
	memcpy(corrected.sd_db, f->sd_db, t->rows * sizeof(float));
	if (!own_forecast(t, s->own, OFFSET_SD_DB, &corrected))
		return false;
	snprintf(text, sizeof(text), "%s, with %d measurements of its own", name, s->own);
	print_row(t, text, &corrected, s->by_area);
	free(corrected.mean_dbm);
	free(corrected.sd_db);
	return true;
}

/* Rows that are judged take the lines of their own fold. */
static bool
lines(const table *t, forecast *mean, forecast *log_distance, forecast *linear)
{
	forecast	of_fold[3] = {empty(t), empty(t), empty(t)};
	forecast   *to[3] = {mean, log_distance, linear};

	for (int k = 0; k < 3; k++)
		*to[k] = empty(t);
	for (int fold = 0; fold < t->folds; fold++)
	{
		if (!lines_of_fold(t, fold, of_fold[0].mean_dbm, of_fold[1].mean_dbm, of_fold[2].mean_dbm))
			return false;
		for (size_t i = 0; i < t->rows; i++)
			for (int k = 0; k < 3 && t->use[fold][i] == USE_JUDGED; k++)
				to[k]->mean_dbm[i] = of_fold[k].mean_dbm[i];
	}
	return true;
}

/* The traced level as it is, and by one line. */
static void
print_traced(const table *t, bool by_area)
{
	int			column = table_column(t, "traced");
	forecast	traced = empty(t),
				line = empty(t),
				of_fold = empty(t);

	for (size_t i = 0; i < t->rows; i++)
		traced.mean_dbm[i] = t->values[i * (size_t) t->columns + column];
	for (int fold = 0; fold < t->folds; fold++)
	{
		line_of_fold(t, fold, column, of_fold.mean_dbm);
		for (size_t i = 0; i < t->rows; i++)
			if (t->use[fold][i] == USE_JUDGED)
				line.mean_dbm[i] = of_fold.mean_dbm[i];
	}
	print_row(t, "traced level", &traced, by_area);
	print_row(t, "a + b x traced level", &line, by_area);
}

static bool
write_split(const table *t, const char *path)
{
	FILE	   *file = fopen(path, "wb");
	forecast	linear = empty(t);
	bool		good = file != NULL;

	for (int fold = 0; fold < t->folds && good; fold++)
		good = fwrite(t->use[fold], 1, t->rows, file) == t->rows;
	for (int fold = 0; fold < t->folds && good; fold++)
		good = lines_of_fold(t, fold, NULL, NULL, linear.mean_dbm) && fwrite(linear.mean_dbm, sizeof(float), t->rows, file) == t->rows;
	return good && fclose(file) == 0;
}

static forecast
empty(const table *t)
{
	forecast	f = {malloc((t->rows + 1) * sizeof(float)), malloc((t->rows + 1) * sizeof(float))};

	for (size_t i = 0; i < t->rows; i++)
		f.mean_dbm[i] = f.sd_db[i] = NAN;
	return f;
}

static bool
read_forecast(const table *t, const char *path, forecast *f)
{
	FILE	   *file = fopen(path, "rb");
	bool		good = file != NULL && fread(f->mean_dbm, sizeof(float), t->rows, file) == t->rows;

	if (!good)
		fprintf(stderr, "%s cannot be read\n", path);
	if (file != NULL)
		fclose(file);
	return good;
}

static void
add_clutter(const table *t, const forecast *linear, forecast *sum)
{
	int			clutter = table_column(t, "clutter");

	for (size_t i = 0; i < t->rows && clutter >= 0; i++)
	{
		float		residual = t->values[i * (size_t) t->columns + clutter];

		sum->mean_dbm[i] = linear->mean_dbm[i] + (isnan(residual) ? 0 : residual);
	}
}

static void
print_row(const table *t, const char *name, const forecast *f, bool by_area)
{
	for (int area = 0; area < (by_area ? AREAS : 1); area++)
	{
		double		covered,
					width;
		size_t		count;
		rpm_metrics m = metrics_of(t, f, area, &covered, &width, &count);

		if (count == 0)
			continue;
		if (area == 0)
			printf("| %s |", name);
		else
			printf("| area %d, %zu rows |", area, count);
		printf(" %.2f | %.2f | %.3f | %.4f | %.3f | %.3f |", m.mae_db, m.rmse_db, m.pcc, m.smape, m.r2, m.hole_f1);
		if (isnan(covered))
			printf(" |\n");
		else
			printf(" %.1f %%, %.1f dB |\n", 100 * covered, width);
	}
	fflush(stdout);
}

static rpm_metrics
metrics_of(const table *t, const forecast *f, int area, double *covered, double *width, size_t *count)
{
	rpm_comparison sums = {0};
	double		inside = 0,
				wide = 0;
	size_t		rows = 0;

	for (size_t i = 0; i < t->rows; i++)
	{
		const float *facts = t->facts + i * FACTS;
		bool		judged = false;

		for (int fold = 0; fold < t->folds; fold++)
			judged = judged || t->use[fold][i] == USE_JUDGED;
		if (!judged || isnan(f->mean_dbm[i]) || (area > 0 && (int) facts[FACT_AREA] != area))
			continue;
		rows++;
		rpm_comparison_add(&sums, f->mean_dbm[i], facts[FACT_LEVEL], RPM_HOLE_THRESHOLD_DBM);
		inside += fabs(facts[FACT_LEVEL] - f->mean_dbm[i]) <= NINETY_PER_CENT * f->sd_db[i];
		wide += 2 * NINETY_PER_CENT * f->sd_db[i];
	}
	*count = rows;
	*width = rows > 0 ? wide / (double) rows : NAN;
	*covered = isnan(*width) ? NAN : inside / (double) rows;
	return rpm_comparison_metrics(&sums);
}

static size_t
judged_antennas(const table *t)
{
	size_t		antennas = 0;
	float		last = -1;

	for (size_t i = 0; i < t->rows; i++)
		for (int fold = 0; fold < t->folds; fold++)
			if (t->use[fold][i] == USE_JUDGED && t->facts[i * FACTS] != last)
			{
				last = t->facts[i * FACTS];
				antennas++;
			}
	return antennas;
}
