/*
 * extract.c: the table that learned models learn from and are judged on (test/accuracy/run_learned).
 *
 * extract FOLDER RASTER OUTPUT SEED PIXELS MINUTES [THREADS]
 * Antennas come in an order drawn by the seed, and none is begun after MINUTES (0: no limit): those that are there are a random sample.
 * OUTPUT.columns names the columns and their groups; OUTPUT.values has their floats, row by row, and before them the facts of table.h.
 * A sixth of the sites is held out; residuals and levels about a pixel are those of other sites that learn. Models that may know nothing of
 * what was measured in a test area leave these groups of columns, and the linear model's, out.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "columns.h"
#include "table.h"

#define LEARNS (5.0 / 6)
#define DRAW 1000				/* added to the seed, so that the order has nothing to do with what is held out */

typedef struct drawn
{
	double		number;
	int			antenna;
} drawn;

typedef struct job
{
	const experiment *setup;
	const town_raster *raster;
	const neighbours *all;
	const double *number;		/* of each antenna */
	const int  *order;
	int			most;
	int			next;
	time_t		end;			/* 0: none */
	FILE	   *file;
	pthread_mutex_t lock;
	bool		failed;
} job;

static int *draw_order(const chengdu *data, uint64_t seed);
static int	compare_drawn(const void *a, const void *b);
static void *work(void *argument);
static bool write_antenna(job *job, int antenna);

int
main(int argc, char **argv)
{
	static const protocol by_site = {"sites", "a sixth of the sites, whole", RPM_SPLIT_SITE, LEARNS};
	chengdu		data;
	town_raster raster;
	experiment	setup;
	neighbours	all;
	bool	   *learns;
	double	   *number;
	uint64_t	seed;
	int			threads;
	char		path[4200];
	FILE	   *names;
	pthread_t	helper[16];
	job			job = {0};

	if (argc < 7 || !chengdu_read(argv[1], &data) || !town_raster_read(argv[2], &raster))
		return 1;
	seed = strtoull(argv[4], NULL, 10);
	threads = argc > 7 ? atoi(argv[7]) : 2;
	learns = malloc(data.begin[data.antenna_count] + 1);
	number = malloc((size_t) data.antenna_count * sizeof(double));
	for (int a = 0; a < data.antenna_count; a++)
	{
		number[a] = rpm_split_number(seed, RPM_SPLIT_SITE, &data.antennas[a].site, 0, 0);
		memset(learns + data.begin[a], number[a] < LEARNS, data.begin[a + 1] - data.begin[a]);
	}
	if (!experiment_open(&setup, &data, &by_site, seed, learns, true) || !neighbours_open(&setup, &all))
		return 1;
	snprintf(path, sizeof(path), "%s.columns", argv[3]);
	names = fopen(path, "w");
	snprintf(path, sizeof(path), "%s.values", argv[3]);
	job = (struct job) {.setup = &setup, .raster = &raster, .all = &all, .number = number, .order = draw_order(&data, seed), .most = atoi(argv[5]),
		.end = atof(argv[6]) > 0 ? time(NULL) + (time_t) (60 * atof(argv[6])) : 0, .file = fopen(path, "wb")};
	if (names == NULL || job.file == NULL)
		return 1;
	for (int c = 0; c < column_count; c++)
		fprintf(names, "%s %d\n", columns[c].name, columns[c].group);
	fclose(names);
	pthread_mutex_init(&job.lock, NULL);
	for (int t = 1; t < threads && t < 16; t++)
		pthread_create(&helper[t], NULL, work, &job);
	work(&job);
	for (int t = 1; t < threads && t < 16; t++)
		pthread_join(helper[t], NULL);
	return fclose(job.file) != 0 || job.failed;
}

static int *
draw_order(const chengdu *data, uint64_t seed)
{
	drawn	   *all = malloc((size_t) data->antenna_count * sizeof(drawn));
	int		   *order = malloc((size_t) data->antenna_count * sizeof(int));

	for (int a = 0; a < data->antenna_count; a++)
		all[a] = (drawn) {rpm_split_number(seed + DRAW, RPM_SPLIT_SITE, &data->antennas[a].id, 0, 0), a};
	qsort(all, (size_t) data->antenna_count, sizeof(drawn), compare_drawn);
	for (int a = 0; a < data->antenna_count; a++)
		order[a] = all[a].antenna;
	free(all);
	return order;
}

static int
compare_drawn(const void *a, const void *b)
{
	double		left = ((const drawn *) a)->number,
				right = ((const drawn *) b)->number;

	return left < right ? -1 : left > right;
}

static void *
work(void *argument)
{
	job		   *job = argument;

	for (;;)
	{
		int			n = __atomic_fetch_add(&job->next, 1, __ATOMIC_RELAXED);

		if (n >= job->setup->data->antenna_count || job->failed || (job->end != 0 && time(NULL) > job->end))
			return NULL;
		if (!write_antenna(job, job->order[n]))
			job->failed = true;
		if (n % 100 == 99)
			fprintf(stderr, "%d antennas\n", n + 1);
	}
}

/* Pixels spread evenly over the antenna's. */
static bool
write_antenna(job *job, int antenna)
{
	const chengdu *data = job->setup->data;
	const antenna_row *row = &data->antennas[antenna];
	size_t		pixels = data->begin[antenna + 1] - data->begin[antenna],
				count = pixels < (size_t) job->most ? pixels : (size_t) job->most,
				width = (size_t) (FACTS + column_count),
			   *chosen = malloc((count + 1) * sizeof(size_t));
	float	   *values = malloc((count + 1) * (size_t) column_count * sizeof(float)),
			   *rows = malloc((count + 1) * width * sizeof(float));
	bool		good;

	if (pixels < FEWEST_PIXELS)
		count = 0;
	for (size_t i = 0; i < count; i++)
		chosen[i] = data->begin[antenna] + i * pixels / count;
	good = count == 0 || features_of(job->setup, job->raster, job->all, antenna, chosen, count, values);
	for (size_t i = 0; i < count && good; i++)
	{
		const pixel *p = &data->pixels[chosen[i]];
		float		facts[FACTS] = {[FACT_ANTENNA] = (float) antenna, [FACT_SITE] = (float) row->site, [FACT_AREA] = (float) row->area,
			[FACT_NUMBER] = (float) job->number[antenna], [FACT_X] = (float) (pixel_x(p) - row->x_m), [FACT_Y] = (float) (pixel_y(p) - row->y_m),
			[FACT_LEVEL] = p->rsrp_dbm, [FACT_LEARNS] = job->setup->learns[chosen[i]], [FACT_ANTENNA_X] = (float) row->x_m, [FACT_ANTENNA_Y] = (float) row->y_m,
			[FACT_AZIMUTH] = (float) row->azimuth_deg};

		memcpy(rows + i * width, facts, sizeof(facts));
		memcpy(rows + i * width + FACTS, values + i * (size_t) column_count, (size_t) column_count * sizeof(float));
	}
	pthread_mutex_lock(&job->lock);
	good = good && fwrite(rows, width * sizeof(float), count, job->file) == count && fflush(job->file) == 0;
	pthread_mutex_unlock(&job->lock);
	free(chosen);
	free(values);
	free(rows);
	return good;
}
