/*
 * test_reference_paths.c: exact paths in Munich against those of an independent tracer (test/data/README.md).
 *
 * Every reference path must be found: the same interactions, length within 1 cm, gain within 0.1 dB.  Diffraction: within 1 dB where
 * the reference's coefficient is taken (reference_wedge.h says how it differs from ours).
 */
#include "munich_scene.h"
#include "reference_wedge.h"
#include "unit.h"

#define REFERENCE_FILE "test/data/munich_paths.csv"
#define LENGTH_TOLERANCE_M 0.01
#define SAMPLES 50000
#define ROWS_MAX 1000
#define POINTS_MAX 8

/* One row of the reference; L is the empty string of interactions. */
typedef struct reference_row
{
	char		set[16];
	int			receiver_id;
	double		receiver[3];
	char		kinds[8];
	double		length_m, gain_db;
	int			point_count;
	double		points[POINTS_MAX][3];
} reference_row;

/* What came out for one set. */
typedef struct set_result
{
	int			rows, found, gain_off, extra, receivers;
	int			twins;			/* of found: a second row over the same point, whose edge coincides with the first's */
	int			same_gain;		/* within the tolerance with our own coefficient */
	double		worst_length_m, worst_gain_db, worst_point_m;
} set_result;

static rpm_scene *scene;
static rpm_query *query;
static reference_row rows[ROWS_MAX];
static int	row_count;

static bool
read_row(char *line, reference_row *row)
{
	char	   *wkt = strchr(line, '(');
	char		kinds[8];

	memset(row, 0, sizeof(*row));
	if (wkt == NULL || sscanf(line, "%15[^,],%d,%lf,%lf,%lf,%7[^,],%lf,%lf", row->set, &row->receiver_id, &row->receiver[0],
							  &row->receiver[1], &row->receiver[2], kinds, &row->length_m, &row->gain_db) != 8)
		return false;
	strcpy(row->kinds, strcmp(kinds, "L") == 0 ? "" : kinds);
	for (char *p = wkt + 1; row->point_count < POINTS_MAX && p != NULL; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
	{
		double	   *point = row->points[row->point_count];

		if (sscanf(p, "%lf %lf %lf", &point[0], &point[1], &point[2]) != 3)
			return false;
		row->point_count++;
	}
	return row->point_count == (int) strlen(row->kinds) + 2;
}

static bool
read_rows(void)
{
	FILE	   *file = fopen(REFERENCE_FILE, "r");
	char		line[2000];
	bool		header = true;

	if (file == NULL)
		return false;
	while (row_count < ROWS_MAX && fgets(line, sizeof(line), file))
	{
		if (!header && !read_row(line, &rows[row_count++]))
		{
			printf("  cannot read: %s", line);
			row_count = 0;
			break;
		}
		header = false;
	}
	fclose(file);
	return row_count > 0;
}

/* Whether two rows are of one set and one receiver. */
static bool
same_receiver(int a, int b)
{
	return rows[a].receiver_id == rows[b].receiver_id && strcmp(rows[a].set, rows[b].set) == 0;
}

static rpm_antenna
reference_antenna(void)
{
	rpm_antenna antenna;

	memset(&antenna, 0, sizeof(antenna));
	antenna.position = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]);
	antenna.frequency_hz = MUNICH_FREQUENCY_HZ;
	return antenna;
}

static bool
same_kinds(const rpm_path *path, const char *kinds)
{
	if (path->interaction_count != (int) strlen(kinds))
		return false;
	for (int k = 0; k < path->interaction_count; k++)
		if (path->interactions[k].kind != kinds[k])
			return false;
	return true;
}

/* The farthest that an interaction of the path lies from the row's. */
static double
point_distance(const rpm_path *path, const reference_row *row)
{
	double		worst = 0;

	for (int k = 0; k < path->interaction_count; k++)
	{
		rpm_vec3	p = path->interactions[k].point;
		const double *r = row->points[k + 1];

		worst = fmax(worst, rpm_norm(rpm_vec(p.x + scene->origin[0] - r[0], p.y + scene->origin[1] - r[1],
											 p.z + scene->origin[2] - r[2])));
	}
	return worst;
}

static rpm_vec3
local(const double *world)
{
	return rpm_vec(world[0] - scene->origin[0], world[1] - scene->origin[1], world[2] - scene->origin[2]);
}

/* Ours less the reference's; over an edge the smallest difference of the edges that coincide there, with the reference's coefficient. */
static double
gain_difference_db(const rpm_path *path, const reference_row *row)
{
	double		best = INFINITY;

	if (strcmp(row->kinds, "F") != 0)
		return 10 * log10(rpm_path_gain(path, 0)) - row->gain_db;
	for (size_t i = 0; i < scene->wedge_count; i++)
	{
		const rpm_wedge *wedge = &scene->wedges[i];
		rpm_path	over = *path;
		double		difference;

		if (!reference_on_segment(path->interactions[0].point, wedge->start, rpm_along(wedge->start, wedge->length_m, wedge->direction)))
			continue;
		over.interactions[0].wedge = (int32_t) i;
		difference = reference_gain_db(scene, &over, reference_antenna().position, local(row->receiver), MUNICH_FREQUENCY_HZ) - row->gain_db;
		if (fabs(difference) < fabs(best))
			best = difference;
	}
	return best;
}

/* The path nearest to the row among those of its kinds and length that no other row has taken, or (taken) the same once more. */
static int
match_row(const rpm_path_list *paths, const bool *taken, bool again, const reference_row *row)
{
	int			best = -1;

	for (size_t i = 0; i < paths->count; i++)
		if (taken[i] == again && same_kinds(&paths->paths[i], row->kinds)
			&& fabs(paths->paths[i].length_m - row->length_m) <= LENGTH_TOLERANCE_M
			&& (!again || point_distance(&paths->paths[i], row) <= LENGTH_TOLERANCE_M)
			&& (best < 0 || point_distance(&paths->paths[i], row) < point_distance(&paths->paths[best], row)))
			best = (int) i;
	return best;
}

/* Adds the row's gain to the result. */
static void
compare_gain(const rpm_path *path, const reference_row *row, double tolerance_db, set_result *result)
{
	double		difference_db = gain_difference_db(path, row);
	bool		off = !(fabs(difference_db) <= tolerance_db);

	result->same_gain += fabs(10 * log10(rpm_path_gain(path, 0)) - row->gain_db) <= tolerance_db;
	result->worst_gain_db = fmax(result->worst_gain_db, fabs(difference_db));
	result->gain_off += off;
	if (off)
		printf("  gain: %s receiver %d %s, %.4f m, %.3f dB: ours differs by %+.3f dB\n", row->set, row->receiver_id, row->kinds,
			   row->length_m, row->gain_db, difference_db);
}

/* Compares the rows first..last, all of one receiver, with its paths. */
static void
compare_receiver(const rpm_path_list *paths, int first, int last, double gain_tolerance_db, set_result *result)
{
	bool	   *taken = calloc(paths->count + 1, sizeof(bool));

	result->extra += (int) paths->count;
	for (int i = first; i <= last; i++)
	{
		int			match = match_row(paths, taken, false, &rows[i]);
		bool		twin = match < 0 && strcmp(rows[i].kinds, "F") == 0;

		result->rows++;
		if (twin)
			match = match_row(paths, taken, true, &rows[i]);
		if (match < 0)
		{
			printf("  missing: %s receiver %d %s, %.4f m, %.3f dB\n", rows[i].set, rows[i].receiver_id, rows[i].kinds,
				   rows[i].length_m, rows[i].gain_db);
			continue;
		}
		taken[match] = true;
		result->found++;
		result->twins += twin;
		result->extra -= !twin;
		result->worst_length_m = fmax(result->worst_length_m, fabs(paths->paths[match].length_m - rows[i].length_m));
		result->worst_point_m = fmax(result->worst_point_m, point_distance(&paths->paths[match], &rows[i]));
		compare_gain(&paths->paths[match], &rows[i], gain_tolerance_db, result);
	}
	free(taken);
}

/* The paths to all receivers of a set, in the order of their rows, by one call. */
static rpm_path_list *
paths_to_receivers(const char *set, unsigned mechanisms, int depth, size_t *count)
{
	rpm_antenna antenna = reference_antenna();
	rpm_vec3   *receivers = malloc(row_count * sizeof(rpm_vec3));
	rpm_path_list *lists = malloc(row_count * sizeof(rpm_path_list));
	rpm_trace_options options;
	rpm_status	status;

	*count = 0;
	for (int i = 0; i < row_count; i++)
		if (strcmp(rows[i].set, set) == 0 && (i == 0 || !same_receiver(i - 1, i)))
			receivers[(*count)++] = local(rows[i].receiver);
	rpm_trace_options_default(&options);
	options.mechanisms = mechanisms;
	options.max_depth = depth;
	options.samples = SAMPLES;
	rpm_status_clear(&status);
	CHECK(rpm_trace_paths_to(scene, query, &antenna, receivers, *count, &options, NULL, lists, &status) == RPM_OK);
	free(receivers);
	return lists;
}

static set_result
compare_set(const char *set, unsigned mechanisms, int depth, double gain_tolerance_db)
{
	set_result	result = {0};
	size_t		count;
	rpm_path_list *lists = paths_to_receivers(set, mechanisms, depth, &count);

	for (int i = 0, last; i < row_count; i = last + 1)
	{
		for (last = i; last + 1 < row_count && same_receiver(i, last + 1);)
			last++;
		if (strcmp(rows[i].set, set) != 0)
			continue;
		compare_receiver(&lists[result.receivers], i, last, gain_tolerance_db, &result);
		rpm_path_list_free(&lists[result.receivers++]);
	}
	free(lists);
	printf("  %s: %d of %d paths found at %d receivers, length off by %.4f m at most, points by %.4f m; %d more of ours\n", set,
		   result.found, result.rows, result.receivers, result.worst_length_m, result.worst_point_m, result.extra);
	printf("  %s: gain off by %.3f dB at most, %d beyond %.1f dB\n", set, result.worst_gain_db, result.gain_off, gain_tolerance_db);
	return result;
}

static void
test_specular(void)
{
	set_result	result = compare_set("specular", RPM_LINE_OF_SIGHT | RPM_REFLECTION, 3, 0.1);

	CHECK(result.rows == 164 && result.found == result.rows && result.gain_off == 0);
}

static void
test_refraction(void)
{
	set_result	result = compare_set("refraction", RPM_LINE_OF_SIGHT | RPM_REFRACTION, 4, 0.1);

	CHECK(result.rows == 25 && result.found == result.rows && result.gain_off == 0);
}

/* Gains with the reference's coefficient. */
static void
test_diffraction(void)
{
	set_result	result = compare_set("diffraction", RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, 1, 1);

	printf("  diffraction: %d rows over a second edge at the same place; with our own coefficient %d are within 1 dB\n", result.twins,
		   result.same_gain);
	CHECK(result.rows == 467 && result.found == result.rows && result.gain_off == 0);
}

int
main(void)
{
	rpm_status	status;

	if (!read_rows())
	{
		printf("not ok: cannot read %s\n", REFERENCE_FILE);
		return 1;
	}
	rpm_status_clear(&status);
	scene = munich_scene(RPM_WELD_ROW, NULL);
	if (scene == NULL || rpm_query_create(scene, RPM_QUERY_BEST, NULL, &query, &status) != RPM_OK)
	{
		printf("not ok: no scene: %s\n", status.message);
		return 1;
	}
	RUN(test_specular);
	RUN(test_refraction);
	RUN(test_diffraction);
	rpm_query_free(query);
	rpm_scene_free(scene);
	return unit_summary("reference paths");
}
