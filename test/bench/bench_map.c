/*
 * bench_map.c: processor time of one antenna's map, mechanism by mechanism, over cell sizes and numbers of rays.
 *
 * Usage: bench_map [scene.csv]  (default: Munich of test/data, unpacked by xz).  Times are of all threads together; what counts are the
 * ratios to the first row, since machines differ and are noisy.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "munich_scene.h"
#include "rpm_em.h"
#include "rpm_trace.h"

typedef struct variant
{
	const char *name;
	unsigned	mechanisms;
	int			sum;
	double		cell_m;
	int64_t		samples;
} variant;

#define SPECULAR (RPM_LINE_OF_SIGHT | RPM_REFLECTION)
#define DEFAULTS (SPECULAR | RPM_SCATTERING | RPM_DIFFRACTION)

static const variant variants[] = {
	{"line of sight", RPM_LINE_OF_SIGHT, RPM_SUM_FIELD, 5, 0},
	{"line of sight", RPM_LINE_OF_SIGHT, RPM_SUM_FIELD, 10, 0},
	{"+ first reflections", SPECULAR, RPM_SUM_FIELD, 5, 0},
	{"+ chains by rays", SPECULAR, RPM_SUM_FIELD, 5, 1000000},
	{"+ chains by rays", SPECULAR, RPM_SUM_FIELD, 5, 4000000},
	{"+ refraction", SPECULAR | RPM_REFRACTION, RPM_SUM_FIELD, 5, 1000000},
	{"diffraction, fields", RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, RPM_SUM_FIELD, 10, 0},
	{"diffraction, fields", RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, RPM_SUM_FIELD, 5, 0},
	{"diffraction, powers", RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, RPM_SUM_POWER, 5, 0},
	{"over roofs", RPM_LINE_OF_SIGHT | RPM_OVER_ROOFS, RPM_SUM_FIELD, 10, 0},
	{"over roofs", RPM_LINE_OF_SIGHT | RPM_OVER_ROOFS, RPM_SUM_FIELD, 5, 0},
	{"the defaults without it", DEFAULTS, RPM_SUM_FIELD, 5, 1000000},
	{"the defaults of rpm_trace", DEFAULTS | RPM_OVER_ROOFS, RPM_SUM_FIELD, 5, 1000000},
};

static double
processor_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double) usage.ru_utime.tv_sec + (double) usage.ru_stime.tv_sec +
		((double) usage.ru_utime.tv_usec + (double) usage.ru_stime.tv_usec) * 1e-6;
}

int
main(void)
{
	rpm_status	status;
	rpm_scene  *scene = munich_scene(RPM_WELD_ALL, NULL);
	rpm_query  *query;
	rpm_antenna antenna;
	double		first = 0;

	if (scene == NULL)
		return 77;
	rpm_status_clear(&status);
	if (rpm_query_create(scene, RPM_QUERY_BEST, NULL, &query, &status) != RPM_OK)
		return 1;
	memset(&antenna, 0, sizeof(antenna));
	antenna.position = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]);
	antenna.frequency_hz = 3.5e9;
	antenna.grid_azimuth_rad = RPM_PI / 2;
	antenna.pattern = rpm_pattern_default(RPM_PATTERN_TR38901);
	printf("%zu triangles, %zu facets, %zu wedges, %s\n%-28s %7s %9s %9s %8s\n", scene->triangle_count, scene->facet_count,
		   scene->wedge_count, rpm_query_name(query), "mechanisms", "cell m", "rays", "cpu s", "ratio");
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
	{
		const variant *v = &variants[i];
		rpm_grid	grid = {0, 1210, v->cell_m, v->cell_m, (int) (1475 / v->cell_m), (int) (1210 / v->cell_m), 1.5};
		double	   *gain = malloc((size_t) grid.columns * grid.rows * sizeof(double));
		rpm_trace_options options;
		rpm_map		map = {gain, NULL, 0, 0};
		double		before, seconds;

		rpm_trace_options_default(&options);
		options.mechanisms = v->mechanisms;
		options.max_depth = v->samples > 0 ? 5 : 1;
		options.samples = v->samples > 0 ? v->samples : 1;
		options.sum = v->sum;
		before = processor_seconds();
		if (rpm_trace_map(scene, query, &antenna, &grid, &options, NULL, &map, &status) != RPM_OK)
		{
			fprintf(stderr, "%s\n", status.message);
			return 1;
		}
		seconds = processor_seconds() - before;
		if (i == 0)
			first = seconds;
		printf("%-28s %7g %9lld %9.2f %8.1f\n", v->name, v->cell_m, (long long) v->samples, seconds, seconds / first);
		fflush(stdout);
		free(gain);
	}
	rpm_query_free(query);
	rpm_scene_free(scene);
	return 0;
}
