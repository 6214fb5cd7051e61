/*
 * bench_noise.c: the error of our maps of Munich against converged ones of an independent tracer, over time; noise.sh runs it.
 *
 * Usage: bench_noise munich.csv FOLDER [PEER ...]
 *   FOLDER: NAME.1 and NAME.2 as in test/reference/munich_maps.h.  PEER: `NAME RAYS SECONDS PROCESSOR_SECONDS FILE` of a map by the
 *   independent tracer itself, path gains in dB, judged alike.
 *   RPM_NOISE_SEEDS=N: each of ours N times, with seeds 1 to N: the mean time and the root of the mean square error.
 *
 * Error: over cells above a level in either map whose reference has a standard error of at most 0.5 dB (none where no ray reached), both
 * floored at the level: the raw RMSE, and sqrt(max(0, mean(error^2 - SE^2))) without the reference's own noise.
 */
#include "../reference/reference_wedge.c"
#include "../reference/reference_party_wall.c"
#include "../reference/munich_maps.h"

#include <unistd.h>

#define ERROR_LIMIT_DB 0.5
#define LEVELS 3
#define MAPS_MAX 64
#define THREADS 2

typedef struct row { const char *name; munich_map map; } row;

/* Scenes in turn; the slab's diffraction and near walls as the reference has them (docs/accuracy.md). */
static const row rows[] = {
	{"specular", {SPECULAR, false, 0, 0, 0, 0}},
	{"specular_diffraction", {SPECULAR | RPM_DIFFRACTION, false, 0, 0, 0, 0}},
	{"specular_diffuse", {SPECULAR | RPM_SCATTERING, false, 0.3, 0, 0, 0}},
	{"specular_refraction", {SPECULAR | RPM_REFRACTION, false, 0, 0, 0, 0}},
};
static const struct { int64_t rays; int points; } efforts[] = {{10000, 1}, {30000, 1}, {30000, 2}, {100000, 1}, {100000, 2}, {300000, 2}, {100000, 4}, {1000000, 4}};
static const double levels[LEVELS] = {-110, -130, -150};

typedef struct outcome
{
	const char *name;
	bool		ours;
	double		rays, seconds, processor_seconds, rmse[LEVELS];
} outcome;

static float reference[CELLS], reference_error[CELLS], judged[CELLS];
static double gain[CELLS];
static outcome outcomes[MAPS_MAX];
static int	outcome_count;

static bool run_row(const row *r, const char *scene_file);
static void judge(const char *name, const char *by, double rays, int points, const double seconds[2]);
static rpm_code judge_ours(const row *r, const rpm_scene *scene, const rpm_query *query, const munich_map *map, rpm_control *control, rpm_status *status);
static bool judge_peer(const char *description);
static void compare_at_equal_error(const outcome *peer);

int
main(int count, char **arguments)
{
	if (count < 3)
	{
		fprintf(stderr, "usage: bench_noise munich.csv FOLDER [PEER ...]\n");
		return 2;
	}
	printf("%-22s %-5s %6s %2s %8s %8s   %s\n", "", "", "", "", "", "", "for each level: RMSE dB (raw), cells, false, missed");
	printf("%-22s %-5s %6s %2s %8s %8s", "map", "by", "rays", "n", "wall s", "cpu s");
	for (int k = 0; k < LEVELS; k++)
		printf(" | %27.0f dB", levels[k]);
	printf("\n");
	reference_wedge_mode(REFERENCE_WEDGE_THEIRS);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
	{
		if (!munich_read_band(arguments[2], rows[i].name, 1, reference) || !munich_read_band(arguments[2], rows[i].name, 2, reference_error))
			continue;
		if (!run_row(&rows[i], arguments[1]))
			return 1;
		for (int k = 3; k < count; k++)
			if (strncmp(arguments[k], rows[i].name, strcspn(arguments[k], " ")) == 0 && strcspn(arguments[k], " ") == strlen(rows[i].name)
				&& !judge_peer(arguments[k]))
				return 1;
	}
	for (int i = 0; i < outcome_count; i++)
		if (!outcomes[i].ours)
			compare_at_equal_error(&outcomes[i]);
	return 0;
}

/* The map at each effort, on a scene that is built. */
static bool
run_row(const row *r, const char *scene_file)
{
	rpm_control control = {.threads = THREADS};
	rpm_status	status;
	rpm_scene  *scene = NULL;
	rpm_query  *query = NULL;
	double		build = munich_seconds(CLOCK_MONOTONIC);
	rpm_code	code;

	rpm_status_clear(&status);
	code = munich_scene_of(&r->map, scene_file, &control, &scene, &query, &status);
	build = munich_seconds(CLOCK_MONOTONIC) - build;
	for (size_t k = 0; k < sizeof efforts / sizeof *efforts && code == RPM_OK; k++)
	{
		munich_map	map = r->map;

		map.rays = efforts[k].rays;
		map.points = efforts[k].points;
		code = judge_ours(r, scene, query, &map, &control, &status);
	}
	if (code == RPM_OK)
		printf("%-22s scene and hierarchy built in %.2f s, %d threads\n", r->name, build, THREADS);
	else
		printf("%s: %s\n", r->name, status.message);
	rpm_query_free(query);
	rpm_scene_free(scene);
	return code == RPM_OK;
}

/* One map, or one for each seed and their mean, which is what is compared with a peer. */
static rpm_code
judge_ours(const row *r, const rpm_scene *scene, const rpm_query *query, const munich_map *map, rpm_control *control, rpm_status *status)
{
	const char *asked = getenv("RPM_NOISE_SEEDS");
	int			seeds = asked != NULL ? atoi(asked) : 0, count = seeds > 0 ? seeds : 1;
	outcome		mean = {.name = r->name, .ours = true, .rays = (double) map->rays};

	for (int seed = 1; seed <= count; seed++)
	{
		munich_map	seeded = *map;
		double		seconds[2];
		const outcome *o;
		rpm_code	code;

		seeded.seed = seeds > 0 ? (uint64_t) seed : 0;
		code = munich_trace(&seeded, scene, query, control, gain, NULL, seconds, status);
		if (code != RPM_OK)
			return code;
		for (int i = 0; i < CELLS; i++)
			judged[i] = gain[i] > 0 ? (float) (10 * log10(gain[i])) : -9999;
		judge(r->name, seeds > 0 ? "seed" : "ours", (double) map->rays, map->points, seconds);
		o = &outcomes[--outcome_count];
		mean.seconds += o->seconds / count;
		mean.processor_seconds += o->processor_seconds / count;
		for (int k = 0; k < LEVELS; k++)
			mean.rmse[k] += o->rmse[k] * o->rmse[k] / count;
	}
	for (int k = 0; k < LEVELS; k++)
		mean.rmse[k] = sqrt(mean.rmse[k]);
	if (seeds > 0)
	{
		printf("%-22s %-5s %6.0e %2d %8.3f %8.3f", r->name, "ours", mean.rays, map->points, mean.seconds, mean.processor_seconds);
		for (int k = 0; k < LEVELS; k++)
			printf(" | %6.2f (mean)", mean.rmse[k]);
		printf("\n");
	}
	outcomes[outcome_count++] = mean;
	return RPM_OK;
}

static bool
judge_peer(const char *description)
{
	char		name[64], path[4096];
	double		rays, seconds[2];
	FILE	   *file = NULL;
	bool		read = sscanf(description, "%63s %lf %lf %lf %4095s", name, &rays, &seconds[0], &seconds[1], path) == 5
		&& (file = fopen(path, "rb")) != NULL && fread(judged, sizeof *judged, CELLS, file) == CELLS;

	if (file != NULL)
		fclose(file);
	if (read)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
			if (strcmp(rows[i].name, name) == 0)
				judge(rows[i].name, "peer", rays, 0, seconds);
	if (!read)
		fprintf(stderr, "not a map by the independent tracer: %s\n", description);
	return read;
}

/* Prints the line of the map in `judged` and keeps it. */
static void
judge(const char *name, const char *by, double rays, int points, const double seconds[2])
{
	outcome    *o = &outcomes[outcome_count++];

	*o = (outcome) {.name = name, .ours = strcmp(by, "peer") != 0, .rays = rays, .seconds = seconds[0], .processor_seconds = seconds[1]};
	printf("%-22s %-5s %6.0e %2d %8.3f %8.3f", name, by, rays, points, seconds[0], seconds[1]);
	for (int k = 0; k < LEVELS; k++)
	{
		double		raw = 0, corrected = 0;
		int			cells = 0, wrong = 0, missed = 0;

		for (int i = 0; i < CELLS; i++)
		{
			double		theirs = reference[i], error = fmax(judged[i], levels[k]) - fmax(theirs, levels[k]), own = 0;

			if (judged[i] <= levels[k] && theirs <= levels[k])
				continue;
			if (theirs > -9000)
			{
				if (!(reference_error[i] <= ERROR_LIMIT_DB))
					continue;
				own = reference_error[i];
			}
			cells++;
			wrong += theirs <= levels[k];
			missed += judged[i] <= levels[k];
			raw += error * error;
			corrected += error * error - own * own;
		}
		o->rmse[k] = sqrt(fmax(0, corrected / cells));
		printf(" | %6.2f (%6.2f) %5d %4d %4d", o->rmse[k], sqrt(raw / cells), cells, wrong, missed);
	}
	printf("\n");
	fflush(stdout);
}

/* The peer's processor time over ours at its error, ours between two efforts on a straight line of logarithms. */
static void
compare_at_equal_error(const outcome *peer)
{
	printf("%s, %.0e rays by the peer: its time over ours at equal error:", peer->name, peer->rays);
	for (int k = 0; k < LEVELS; k++)
	{
		const outcome *before = NULL, *found = NULL;

		for (int i = 0; i < outcome_count && found == NULL; i++)
			if (outcomes[i].ours && strcmp(outcomes[i].name, peer->name) == 0)
			{
				if (outcomes[i].rmse[k] <= peer->rmse[k])
					found = &outcomes[i];
				else
					before = &outcomes[i];
			}
		if (found == NULL)
			printf("  %.0f dB: not reached", levels[k]);
		else if (before == NULL)
			printf("  %.0f dB: > %.2f", levels[k], peer->processor_seconds / found->processor_seconds);
		else
		{
			double		share = log(before->rmse[k] / peer->rmse[k]) / log(before->rmse[k] / found->rmse[k]);
			double		time = before->processor_seconds * pow(found->processor_seconds / before->processor_seconds, share);

			printf("  %.0f dB: %.2f", levels[k], peer->processor_seconds / time);
		}
	}
	printf("\n");
}
