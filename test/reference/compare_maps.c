/*
 * compare_maps.c: our radio maps of Munich beside those of an independent tracer.
 *
 * Usage: compare_maps munich.csv FOLDER NAME...  FOLDER holds NAME.1 (path gain, dB) and NAME.2 (its standard error, dB), each
 * 242 x 296 little-endian floats, north-up, -9999 where there is no value.  Set-up as in the maps' own description: munich_maps.h.
 *
 * Compared: cells above -130 dB in either map whose reference has a standard error of at most 0.3 dB; below the level both
 * are taken at the level, and a cell that is above it in only one map is named false (ours) or missed (theirs).
 *
 * RPM_COMPARE_KEEP=FOLDER writes our path gain to FOLDER/NAME.ours, in the form of NAME.1.
 */
#include "munich_maps.h"

#define LEVEL_DB (-130.0)
#define ERROR_LIMIT_DB 0.3
#define MEAN_LIMIT_DB 0.2

typedef struct comparison
{
	const char *name;
	munich_map	map;
	double		rmse_limit_db;	/* to be reached, with |mean| <= MEAN_LIMIT_DB; 0: shown, not judged */
	bool		found_edges;	/* at the edges that the reference found */
} comparison;

static const comparison comparisons[] = {
	{"specular", {SPECULAR, false, 0, 20000000, 8, 0}, 0.5, false},
	{"specular_refraction", {SPECULAR | RPM_REFRACTION, false, 0, 10000000, 8, 0}, 1.0, false},
	{"specular_diffuse", {SPECULAR | RPM_SCATTERING, false, 0.3, 10000000, 8, 0}, 1.5, false},
	{"specular_diffraction", {SPECULAR | RPM_DIFFRACTION, false, 0, 10000000, 8, 0}, 1.5, false},
	{"welded_diffraction_peer", {RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, true, 0, 0, 8, 0}, 1.5, true},
	{"welded_diffraction", {RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, true, 0, 0, 8, 0}, 0, false},
	{"welded_specular_diffraction", {SPECULAR | RPM_DIFFRACTION, true, 0, 10000000, 8, 0}, 0, false},
};

typedef enum verdict { REACHED, SHORT, SHOWN } verdict;

static float reference[CELLS], reference_error[CELLS];
static double gain[CELLS], error[CELLS];

static bool trace(const comparison *c, int wedge_mode, const char *scene_file, const char *folder, double *seconds);
static verdict compare(const comparison *c, const char *scene_file, const char *folder);
static verdict judge(const comparison *c, const char *what, double seconds);
static bool keep(const char *folder, const char *name);

int main(int count, char **arguments)
{
	int			verdicts[3] = {0, 0, 0};

	if (count < 4)
	{
		fprintf(stderr, "usage: compare_maps munich.csv FOLDER NAME...\n");
		return 2;
	}
	printf("%-48s %6s %8s %7s %6s %6s %8s %7s\n", "map", "cells", "mean dB", "RMSE dB", "false", "missed", "rays", "seconds");
	for (int i = 3; i < count; i++)
		for (size_t k = 0; k < sizeof comparisons / sizeof *comparisons; k++)
		{
			comparison	c = comparisons[k];

			if (strcmp(c.name, arguments[i]) != 0)
				continue;
			if (getenv("RPM_COMPARE_RAYS") && c.map.rays > 0)
				c.map.rays = (int64_t) atof(getenv("RPM_COMPARE_RAYS"));
			if (getenv("RPM_COMPARE_POINTS"))
				c.map.points = atoi(getenv("RPM_COMPARE_POINTS"));
			if (munich_read_band(arguments[2], c.name, 1, reference) && munich_read_band(arguments[2], c.name, 2, reference_error))
				verdicts[compare(&c, arguments[1], arguments[2])]++;
			else
				verdicts[SHORT]++;
		}
	printf("reference maps: %d passed, %d failed, 0 skipped\n", verdicts[REACHED], verdicts[SHORT]);
	return verdicts[SHORT] > 0;
}

/*
 * One map; where diffraction is in it, with the reference's coefficients and, where the map is that of the edges it found, at these.
 * RPM_COMPARE_ALL=1 shows more lines for those: by our own definitions.
 */
static verdict
compare(const comparison *c, const char *scene_file, const char *folder)
{
	bool		diffraction = (c->map.mechanisms & RPM_DIFFRACTION) != 0, all = diffraction && getenv("RPM_COMPARE_ALL") != NULL;
	double		seconds;

	if (all && trace(c, REFERENCE_WEDGE_OURS, scene_file, folder, &seconds))
		judge(c, " our coefficients", seconds);
	if (all && c->found_edges && trace(c, REFERENCE_WEDGE_THEIRS, scene_file, folder, &seconds))
		judge(c, " their coefficients", seconds);
	if (!trace(c, !diffraction ? REFERENCE_WEDGE_OURS : c->found_edges ? REFERENCE_WEDGE_FOUND : REFERENCE_WEDGE_THEIRS, scene_file, folder, &seconds))
		return SHORT;
	if (getenv("RPM_COMPARE_KEEP") && !keep(getenv("RPM_COMPARE_KEEP"), c->name))
		return SHORT;
	return judge(c, !diffraction ? "" : c->found_edges ? " their edges too" : " their coefficients", seconds);
}

static verdict
judge(const comparison *c, const char *what, double seconds)
{
	double		sum = 0, sum2 = 0, mean, rmse;
	int			cells = 0, missed = 0, wrong = 0;
	verdict		result;

	for (int i = 0; i < CELLS; i++)
	{
		double		ours = gain[i] > 0 ? 10 * log10(gain[i]) : -1000, theirs = reference[i], difference;

		if ((ours <= LEVEL_DB && theirs <= LEVEL_DB) || (theirs > -9000 && !(reference_error[i] <= ERROR_LIMIT_DB)))
			continue;
		wrong += theirs <= LEVEL_DB;
		/* Its few maps reach a far cell by two rays in all: one without any has no standard error. */
		if (c->found_edges && theirs < -9000)
			continue;
		missed += ours <= LEVEL_DB;
		difference = fmax(ours, LEVEL_DB) - fmax(theirs, LEVEL_DB);
		sum += difference;
		sum2 += difference * difference;
		cells++;
	}
	mean = cells > 0 ? sum / cells : NAN;
	rmse = cells > 0 ? sqrt(sum2 / cells) : NAN;
	result = c->rmse_limit_db == 0 ? SHOWN : fabs(mean) <= MEAN_LIMIT_DB && rmse <= c->rmse_limit_db ? REACHED : SHORT;
	printf("%-28s%-20s %6d %8.3f %7.3f %6d %6d %8.1e %7.1f%s\n", c->name, what, cells, mean, rmse, wrong, missed, (double) c->map.rays, seconds,
		   result == SHORT ? "  beyond the limits" : result == SHOWN ? "  shown only" : "");
	fflush(stdout);
	return result;
}

static bool
keep(const char *folder, const char *name)
{
	static float decibels[CELLS];
	char		path[4096];
	FILE	   *file;
	bool		good;

	for (int i = 0; i < CELLS; i++)
		decibels[i] = gain[i] > 0 ? (float) (10 * log10(gain[i])) : -9999;
	snprintf(path, sizeof path, "%s/%s.ours", folder, name);
	file = fopen(path, "wb");
	good = file != NULL && fwrite(decibels, sizeof decibels, 1, file) == 1;
	if (file == NULL || fclose(file) != 0 || !good)
		printf("cannot write %s\n", path);
	return good;
}

/* Traces the map into gain and error. */
static bool
trace(const comparison *c, int wedge_mode, const char *scene_file, const char *folder, double *seconds)
{
	char		edges[4096];
	rpm_status	status;
	rpm_control control = {.threads = 0};
	rpm_scene  *scene = NULL;
	rpm_query  *query = NULL;
	double		both[2] = {0, 0};
	rpm_code	code;

	rpm_status_clear(&status);
	code = munich_scene_of(&c->map, scene_file, &control, &scene, &query, &status);
	reference_wedge_mode(wedge_mode);
	snprintf(edges, sizeof edges, "%s/%s", folder, EDGES_FILE);
	if (code == RPM_OK && wedge_mode == REFERENCE_WEDGE_FOUND
		&& reference_wedge_read(edges, rpm_vec(691696 - scene->origin[0], 5334723 - scene->origin[1], -scene->origin[2])) == 0)
		code = rpm_fail(&status, RPM_INVALID_ARGUMENT, NULL, "no edges in %s", edges);
	if (code == RPM_OK)
		code = munich_trace(&c->map, scene, query, &control, gain, error, both, &status);
	*seconds = both[0];
	if (code != RPM_OK)
		printf("%s: %s\n", c->name, status.message);
	rpm_query_free(query);
	rpm_scene_free(scene);
	return code == RPM_OK;
}
