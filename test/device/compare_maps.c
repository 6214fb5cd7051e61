/*
 * compare_maps.c: radio maps and exact paths by the GPU module against the engine's, mechanism by mechanism, and how long both take (run.sh).
 *
 * compare_maps MODULE [SIZE]: Munich of test/data (where the program xz is) and towns at random, one of them on hills; SIZE 1 (default), or towns alone and a share of
 * the rays, for the module compiled for the CPU.  A report for people, and in JSON when RPM_REPORT names a file.  Exit code
 * 0: they agree; 1: not; 77: no device.
 *
 * They agree when of the cells that either reaches at most MOST_DIFFERENT differ by more than DIFFERENT_DB.  The device contracts
 * products and sums, and has other sines and powers: 1e-12 of a field; a ray that passes an edge within that falls to either
 * side, and takes some cells with it.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "fail.h"
#include "munich_scene.h"
#include "rpm_device.h"
#include "rpm_em.h"

#define DIFFERENT_DB 0.01
#define MOST_DIFFERENT 1e-3
#define REPEATS 3

typedef struct mechanism
{
	const char *name;
	unsigned	mechanisms;
	int			depth, sum;
	int64_t		rays;
	bool		launch_chains;
	rpm_entry	entry;
} mechanism;

#define SPECULAR (RPM_LINE_OF_SIGHT | RPM_REFLECTION)

static const mechanism mechanisms[] = {
	{"line of sight", RPM_LINE_OF_SIGHT, 0, RPM_SUM_FIELD, 0, false, RPM_ENTRY_NONE},
	{"first reflections", SPECULAR, 1, RPM_SUM_FIELD, 0, false, RPM_ENTRY_NONE},
	{"diffraction, fields", SPECULAR | RPM_DIFFRACTION, 1, RPM_SUM_FIELD, 0, false, RPM_ENTRY_NONE},
	{"diffraction, powers", SPECULAR | RPM_DIFFRACTION, 1, RPM_SUM_POWER, 0, false, RPM_ENTRY_NONE},
	{"through walls", SPECULAR | RPM_REFRACTION, 3, RPM_SUM_FIELD, 0, false, RPM_ENTRY_NONE},
	{"chains of reflections", SPECULAR, 7, RPM_SUM_FIELD, 1000000, false, RPM_ENTRY_NONE},
	{"over roofs", SPECULAR | RPM_DIFFRACTION | RPM_OVER_ROOFS, 1, RPM_SUM_FIELD, 0, false, RPM_ENTRY_NONE},
	{"around corners", SPECULAR | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_AROUND_CORNERS, 1, RPM_SUM_FIELD, 0, false, RPM_ENTRY_NONE},
	{"roofs and a reflection", SPECULAR | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_ROOF_REFLECTION, 2, RPM_SUM_FIELD, 0, false, RPM_ENTRY_NONE},
	{"into buildings", SPECULAR | RPM_DIFFRACTION | RPM_OVER_ROOFS, 1, RPM_SUM_FIELD, 0, false, RPM_ENTRY_TRADITIONAL},
	{"chains, launched", SPECULAR, 7, RPM_SUM_FIELD, 1000000, true, RPM_ENTRY_NONE},
	{"diffuse scattering", SPECULAR | RPM_SCATTERING, 3, RPM_SUM_FIELD, 1000000, false, RPM_ENTRY_NONE},
	{"the defaults", SPECULAR | RPM_SCATTERING | RPM_DIFFRACTION | RPM_OVER_ROOFS, 7, RPM_SUM_FIELD, 1000000, false, RPM_ENTRY_NONE},
	{"5e7 rays, 7 reflections", SPECULAR, 7, RPM_SUM_FIELD, 50000000, true, RPM_ENTRY_NONE}
};
#define MECHANISMS ((int) (sizeof(mechanisms) / sizeof(mechanisms[0])))

/* Of maps of many antennas in the same launches: small ones, so that one alone does not fill the device. */
static const mechanism many[] = {
	{"many: points", SPECULAR | RPM_DIFFRACTION, 1, RPM_SUM_FIELD, 0, false, RPM_ENTRY_NONE},
	{"many: 1e5 rays each", SPECULAR, 7, RPM_SUM_FIELD, 100000, true, RPM_ENTRY_NONE}
};
#define ANTENNAS 1000
#define MANY_SIDE 64
#define MANY_CELL_M 10
/* Points that paths lead to, and rays that look for them. */
#define PATH_POINTS 16
#define PATH_RAYS 4000000
/* Of these many are traced one by one too. */
#define ALONE 4

typedef struct place
{
	const char *name;
	rpm_scene  *scene;
	rpm_query  *query, *same;	/* the CPU's best hierarchy, and one of the device's kind */
	rpm_device_scene *uploaded;
	rpm_antenna antenna;
	rpm_grid	grid;
	double		upload_s;
} place;

static rpm_control control;
static FILE *json;
static double size = 1;
static int	failures, written;	/* of the JSON's maps */

static void describe(const rpm_device_description *d);
static rpm_scene *town(int side, uint64_t seed, bool on_hills);
static rpm_code add_hills(rpm_scene_builder *builder, int side, rpm_status *status);
static rpm_code add_house(rpm_scene_builder *builder, int64_t id, double x, double y, const double *uniform, rpm_status *status);
static rpm_code add_shape(rpm_scene_builder *builder, rpm_building_row row, const char *wkt, rpm_status *status);
static void open_place(place *p, const char *name, rpm_scene *scene, rpm_device *device, double cell_m);
static void close_place(place *p);
static void compare(const place *p, const mechanism *m);
static void compare_paths(const place *p);
static void many_antennas(const place *p, const mechanism *m, int antennas);
static double largest_difference_db(const double *cpu, const double *gpu, size_t cells, size_t *reached, size_t *differ);

int
main(int argc, char **argv)
{
	static rpm_device_description found[RPM_DEVICES_MAX];
	rpm_device *device = NULL;
	rpm_status	status = {0};
	rpm_scene  *munich;
	place		p;

	if (argc < 2)
		return 2;
	size = argc > 2 ? atof(argv[2]) : 1;
	rpm_devices_describe(argv[1], true, found);
	if (found[1].state != RPM_DEVICE_USABLE)
	{
		printf("no CUDA device can be used: %s\n%s\n", found[1].reason, found[1].hint);
		return 77;
	}
	fail_on(rpm_device_open(RPM_DEVICE_CUDA, 0, argv[1], &device, &status), &status);
	json = getenv("RPM_REPORT") != NULL ? fopen(getenv("RPM_REPORT"), "w") : NULL;
	describe(&found[1]);
	munich = size < 1 ? NULL : munich_scene(RPM_WELD_ALL, NULL);
	if (munich != NULL)
	{
		open_place(&p, "munich", munich, device, 5);
		for (int i = 0; i < MECHANISMS; i++)
			compare(&p, &mechanisms[i]);
		compare_paths(&p);
		many_antennas(&p, &many[0], ANTENNAS);
		many_antennas(&p, &many[1], ANTENNAS / 10);
		close_place(&p);
	}
	for (uint64_t seed = 1; seed <= 3; seed++)
	{
		open_place(&p, seed == 2 ? "hills" : "town", town(size < 1 ? 5 : 15, seed, seed == 2), device, seed == 2 && size < 1 ? 16 : 4);
		for (int i = 0; i < MECHANISMS - 1; i++)
			compare(&p, &mechanisms[i]);
		compare_paths(&p);
		if (size < 1 && seed == 1)
			many_antennas(&p, &many[0], 8);
		close_place(&p);
	}
	rpm_device_close(device);
	if (json != NULL)
	{
		fprintf(json, "], \"failures\": %d}\n", failures);
		fclose(json);
	}
	printf("%s\n", failures ? "FAILED" : "passed");
	return failures > 0;
}

static void
describe(const rpm_device_description *d)
{
	printf("device   %s, compute capability %d.%d, %d multiprocessors, %.1f GB, CUDA %d (driver) %d (module)\n", d->name,
		   d->capability_major, d->capability_minor, d->processors, (double) d->memory_bytes / 1e9, d->driver_version, d->runtime_version);
	printf("CPU      %d threads\n", rpm_thread_count(NULL));
	if (json != NULL)
		fprintf(json, "{\"device\": \"%s\", \"compute_capability\": \"%d.%d\", \"driver\": %d, \"module\": %d, \"cpu_threads\": %d, \"maps\": [",
				d->name, d->capability_major, d->capability_minor, d->driver_version, d->runtime_version, rpm_thread_count(NULL));
}

/* Houses on a square of side x side lots of 40 m, three materials, on flat ground or on hills. */
static rpm_scene *
town(int side, uint64_t seed, bool on_hills)
{
	rpm_scene_options options;
	rpm_material materials[3] = {{5.24, 0, 0.0462, 0.7822, 0.2, 0, 0, RPM_SCATTERING_LAMBERTIAN, 1, 1, 1},
		{3.91, 0, 0.0238, 0.16, 0.1, 0.3, 0.1, RPM_SCATTERING_DIRECTIVE, 4, 4, 1}, {6.31, 0, 0.0036, 1.3394, 0.05, 0.4, 0, RPM_SCATTERING_LAMBERTIAN, 1, 1, 1}};
	rpm_status	status = {0};
	rpm_scene_builder *builder;
	rpm_scene  *scene = NULL;
	rpm_code	code = RPM_OK;

	rpm_scene_options_default(&options);
	options.ground_material = on_hills ? -1 : 0;
	builder = rpm_scene_builder_create(&options, materials, 3, NULL, &status);
	fail_on(builder != NULL ? RPM_OK : status.code, &status);
	if (on_hills)
		code = add_hills(builder, side, &status);
	for (int i = 0; i < side * side && code == RPM_OK; i++)
	{
		double		uniform[4];

		for (int k = 0; k < 4; k++)
		{
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			uniform[k] = (double) (seed >> 33) / 2147483648.0;
		}
		code = add_house(builder, i + 1, 40.0 * (i % side), 40.0 * (i / side), uniform, &status);
	}
	fail_on(code, &status);
	fail_on(rpm_scene_builder_finish(builder, &scene, &status), &status);
	rpm_scene_builder_free(builder);
	return scene;
}

/* A ground in triangles, 40 m beyond the town, up to 8 m high. */
static rpm_code
add_hills(rpm_scene_builder *builder, int side, rpm_status *status)
{
	enum {PATCHES = 10};
	static char wkt[PATCHES * PATCHES * 2 * 160] = "TIN Z (";
	double		step = (40.0 * side + 80) / PATCHES;
	rpm_building_row row = {.id = 1000000, .height_m = NAN, .is_ground = true};
	size_t		length = strlen("TIN Z (");

	for (int i = 0; i < PATCHES * PATCHES * 2; i++)
	{
		static const int corners[2][4][2] = {{{0, 0}, {1, 0}, {1, 1}, {0, 0}}, {{0, 0}, {1, 1}, {0, 1}, {0, 0}}};

		length += (size_t) snprintf(wkt + length, sizeof(wkt) - length, i > 0 ? ", ((" : "((");
		for (int k = 0; k < 4; k++)
		{
			int			column = i / 2 % PATCHES + corners[i % 2][k][0], line = i / 2 / PATCHES + corners[i % 2][k][1];

			length += (size_t) snprintf(wkt + length, sizeof(wkt) - length, "%s%.3f %.3f %.3f", k > 0 ? ", " : "", column * step - 40, line * step - 40,
										4 + 4 * sin(1.7 * column) * cos(1.1 * line));
		}
		length += (size_t) snprintf(wkt + length, sizeof(wkt) - length, "))");
	}
	snprintf(wkt + length, sizeof(wkt) - length, ")");
	return add_shape(builder, row, wkt, status);
}

static rpm_code
add_shape(rpm_scene_builder *builder, rpm_building_row row, const char *wkt, rpm_status *status)
{
	uint8_t    *wkb = NULL;
	rpm_code	code = rpm_wkb_from_wkt(wkt, &wkb, &row.wkb_size, status);

	row.wkb = wkb;
	if (code == RPM_OK)
		code = rpm_scene_builder_add(builder, &row, status);
	free(wkb);
	return code;
}

/* A rectangle 12 to 30 m wide and deep, turned a little, 5 to 30 m high. */
static rpm_code
add_house(rpm_scene_builder *builder, int64_t id, double x, double y, const double *uniform, rpm_status *status)
{
	double		w = 12 + 18 * uniform[0], d = 12 + 18 * uniform[1], c = cos(0.2 * uniform[3]), s = sin(0.2 * uniform[3]);
	char		wkt[400];
	rpm_building_row row = {.id = id, .height_m = 5 + 25 * uniform[2], .wall_material = (int) (id % 3), .roof_material = (int) (id % 2)};

	snprintf(wkt, sizeof(wkt), "POLYGON((%.3f %.3f, %.3f %.3f, %.3f %.3f, %.3f %.3f, %.3f %.3f))", x, y, x + w * c, y + w * s,
			 x + w * c - d * s, y + w * s + d * c, x - d * s, y + d * c, x, y);
	return add_shape(builder, row, wkt, status);
}

static void
open_place(place *p, const char *name, rpm_scene *scene, rpm_device *device, double cell_m)
{
	rpm_status	status = {0};
	double		begin;

	memset(p, 0, sizeof(*p));
	p->name = name;
	p->scene = scene;
	fail_on(rpm_query_create(scene, RPM_QUERY_BEST, &control, &p->query, &status), &status);
	fail_on(rpm_query_create(scene, RPM_QUERY_BVH, &control, &p->same, &status), &status);
	begin = now_s();
	fail_on(rpm_device_upload(device, scene, p->same, 0, &control, &p->uploaded, &status), &status);
	p->upload_s = now_s() - begin;
	p->antenna.frequency_hz = MUNICH_FREQUENCY_HZ;
	p->antenna.grid_azimuth_rad = RPM_PI / 2;
	p->antenna.pattern = rpm_pattern_default(RPM_PATTERN_TR38901);
	p->antenna.position = strcmp(name, "munich") == 0 ?
		rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]) : rpm_vec(36, 36, scene->ground_z_m + 34);
	p->grid = (rpm_grid) {scene->low.x, scene->high.y, cell_m, cell_m, (int) ((scene->high.x - scene->low.x) / cell_m),
	(int) ((scene->high.y - scene->low.y) / cell_m), 1.5};
	printf("\n%s: %zu triangles, %zu facets, %zu wedges; %d x %d cells of %g m; upload %.4f s, %.1f MB on the device\n", name,
		   scene->triangle_count, scene->facet_count, scene->wedge_count, p->grid.columns, p->grid.rows, cell_m, p->upload_s,
		   (double) rpm_device_scene_bytes(p->uploaded) / 1e6);
	printf("%-25s %9s %9s %9s %11s %10s %10s %7s\n", "mechanisms", "rays", "cells", "differ", "largest dB", "CPU s", "device s", "ratio");
}

static void
close_place(place *p)
{
	rpm_device_scene_free(p->uploaded);
	rpm_query_free(p->query);
	rpm_query_free(p->same);
	rpm_scene_free(p->scene);
}

static void
compare(const place *p, const mechanism *m)
{
	size_t		cells = (size_t) p->grid.columns * (size_t) p->grid.rows, reached = 0, differ = 0;
	double	   *cpu = malloc(cells * sizeof(double)), *gpu = malloc(cells * sizeof(double));
	double		largest_db = 0, cpu_s, gpu_s = INFINITY, begin;
	rpm_map		cpu_map = {cpu, NULL, 0, 0}, gpu_map = {gpu, NULL, 0, 0};
	rpm_trace_options options;
	rpm_status	status = {0};
	bool		passed;

	rpm_trace_options_default(&options);
	options.mechanisms = m->mechanisms;
	options.max_depth = m->depth;
	options.sum = m->sum;
	options.launch_chains = m->launch_chains;
	options.building_entry = m->entry;
	options.samples = (int64_t) ((double) m->rays * size);
	/* The time of the CPU with its best hierarchy; the map to compare with by the device's own. */
	begin = now_s();
	fail_on(rpm_trace_map(p->scene, p->query, &p->antenna, &p->grid, &options, &control, &cpu_map, &status), &status);
	cpu_s = now_s() - begin;
	fail_on(rpm_trace_map(p->scene, p->same, &p->antenna, &p->grid, &options, &control, &cpu_map, &status), &status);
	for (int i = 0; i < (size < 1 ? 1 : REPEATS); i++)
	{
		begin = now_s();
		fail_on(rpm_device_trace(p->uploaded, p->scene, &p->antenna, &p->grid, &options, &control, &gpu_map, &status), &status);
		gpu_s = fmin(gpu_s, now_s() - begin);
	}
	largest_db = largest_difference_db(cpu, gpu, cells, &reached, &differ);
	passed = reached > 0 && (double) differ <= MOST_DIFFERENT * (double) reached;
	failures += !passed;
	printf("%-25s %9.2g %9zu %9zu %11.2e %10.4f %10.4f %7.1f%s\n", m->name, (double) options.samples, reached, differ, largest_db, cpu_s, gpu_s,
		   cpu_s / gpu_s, passed ? "" : "  FAILED");
	if (json != NULL)
		fprintf(json, "%s\n{\"scene\": \"%s\", \"triangles\": %zu, \"mechanisms\": \"%s\", \"rays\": %lld, \"cells\": %zu, \"different\": %zu, "
				"\"largest_db\": %.3e, \"cpu_s\": %.5f, \"device_s\": %.5f, \"upload_s\": %.5f, \"passed\": %s}", written++ > 0 ? "," : "",
				p->name, p->scene->triangle_count, m->name, (long long) options.samples, reached, differ, largest_db, cpu_s, gpu_s, p->upload_s,
				passed ? "true" : "false");
	fflush(stdout);
	free(cpu);
	free(gpu);
}

/* Over cells that either reaches: how many there are, and how many differ by more than DIFFERENT_DB. */
static double
largest_difference_db(const double *cpu, const double *gpu, size_t cells, size_t *reached, size_t *differ)
{
	double		largest_db = 0;

	for (size_t i = 0; i < cells; i++)
	{
		double		difference;

		if ((isnan(cpu[i]) && isnan(gpu[i])) || (cpu[i] <= 0 && gpu[i] <= 0))
			continue;
		*reached += 1;
		difference = cpu[i] > 0 && gpu[i] > 0 ? fabs(10 * log10(gpu[i] / cpu[i])) : INFINITY;
		*differ += !(difference <= DIFFERENT_DB);
		if (isfinite(difference))
			largest_db = fmax(largest_db, difference);
	}
	return largest_db;
}

/* Exact paths to points outdoors: all power that arrives, and how many paths one of the two has alone. */
static void
compare_paths(const place *p)
{
	rpm_trace_options options;
	rpm_status	status = {0};
	double		cpu_s = 0, gpu_s = 0, largest_db = 0, begin;
	size_t		paths = 0, apart = 0, differ = 0;
	uint64_t	seed = 11;
	bool		passed;

	rpm_trace_options_default(&options);
	options.mechanisms = SPECULAR | RPM_DIFFRACTION | RPM_REFRACTION;
	options.max_depth = 5;
	options.samples = (int64_t) fmax(1000, PATH_RAYS * size * size);
	for (int done = 0; done < PATH_POINTS;)
	{
		rpm_path_list cpu, gpu;
		double		at[2], sums[2] = {0, 0};
		rpm_vec3	point;

		for (int k = 0; k < 2; k++)
		{
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			at[k] = (double) (seed >> 33) / 2147483648.0;
		}
		point = rpm_vec(p->grid.west + at[0] * p->grid.columns * p->grid.cell_width_m, p->grid.north - at[1] * p->grid.rows * p->grid.cell_height_m, 0);
		point.z = rpm_scene_ground_z(p->scene, point.x, point.y) + 1.5;
		if (rpm_building_at(p->scene, p->same, point) != RPM_NO_BUILDING)
			continue;
		done++;
		begin = now_s();
		fail_on(rpm_trace_paths(p->scene, p->same, &p->antenna, point, &options, &control, &cpu, &status), &status);
		cpu_s += now_s() - begin;
		begin = now_s();
		fail_on(rpm_device_paths(p->uploaded, p->scene, &p->antenna, point, &options, &control, &gpu, &status), &status);
		gpu_s += now_s() - begin;
		for (size_t i = 0; i < cpu.count; i++)
			sums[0] += rpm_path_total_gain(&cpu.paths[i]);
		for (size_t i = 0; i < gpu.count; i++)
			sums[1] += rpm_path_total_gain(&gpu.paths[i]);
		paths += cpu.count;
		apart += cpu.count > gpu.count ? cpu.count - gpu.count : gpu.count - cpu.count;
		if (cpu.count > 0 || gpu.count > 0)
			largest_db = fmax(largest_db, fabs(10 * log10(sums[1] / sums[0])));
		differ += (cpu.count > 0 || gpu.count > 0) && !(fabs(10 * log10(sums[1] / sums[0])) <= DIFFERENT_DB);
		rpm_path_list_free(&cpu);
		rpm_path_list_free(&gpu);
	}
	passed = paths > 0 && differ == 0;
	failures += !passed;
	printf("%-25s %9.2g %9zu %9zu %11.2e %10.4f %10.4f %7.1f%s\n", "exact paths", (double) options.samples, paths, apart, largest_db, cpu_s / PATH_POINTS,
		   gpu_s / PATH_POINTS, cpu_s / gpu_s, passed ? "" : "  FAILED");
	if (json != NULL)
		fprintf(json, "%s\n{\"scene\": \"%s\", \"mechanisms\": \"exact paths\", \"rays\": %lld, \"paths\": %zu, \"different\": %zu, "
				"\"largest_db\": %.3e, \"cpu_s\": %.5f, \"device_s\": %.5f, \"passed\": %s}", written++ > 0 ? "," : "", p->name,
				(long long) options.samples, paths, apart, largest_db, cpu_s / PATH_POINTS, gpu_s / PATH_POINTS, passed ? "true" : "false");
	fflush(stdout);
}

/* Antennas at random over the roofs, as many at a time as one call takes; the first of them alone too, for the ratio and the same maps. */
static void
many_antennas(const place *p, const mechanism *m, int antennas)
{
	static rpm_device_task tasks[RPM_DEVICE_TASKS_MAX];
	static rpm_antenna positions[RPM_DEVICE_TASKS_MAX];
	static rpm_map maps[RPM_DEVICE_TASKS_MAX];
	size_t		cells = (size_t) MANY_SIDE * MANY_SIDE, reached = 0, differ = 0;
	double	   *gains = malloc((size_t) RPM_DEVICE_TASKS_MAX * cells * sizeof(double)), *alone = malloc(cells * sizeof(double));
	double		together_s = 0, alone_s = 0, largest_db = 0, begin;
	uint64_t	seed = 5;
	rpm_trace_options options;
	rpm_status	status = {0};
	rpm_map		one = {alone, NULL, 0, 0};
	rpm_grid	grid = p->grid;
	bool		passed;

	rpm_trace_options_default(&options);
	options.mechanisms = m->mechanisms;
	options.max_depth = m->depth;
	options.samples = (int64_t) ((double) m->rays * size);
	options.launch_chains = m->launch_chains;
	grid.cell_width_m = grid.cell_height_m = MANY_CELL_M;
	grid.columns = grid.rows = MANY_SIDE;
	for (int done = 0, count; done < antennas; done += count)
	{
		count = antennas - done < RPM_DEVICE_TASKS_MAX ? antennas - done : RPM_DEVICE_TASKS_MAX;
		for (int i = 0; i < count; i++)
		{
			double		place[2];

			for (int k = 0; k < 2; k++)
			{
				seed = seed * 6364136223846793005u + 1442695040888963407u;
				place[k] = (double) (seed >> 33) / 2147483648.0 * MANY_SIDE * MANY_CELL_M;
			}
			positions[i] = p->antenna;
			positions[i].position = rpm_vec(grid.west + place[0], grid.north - place[1], p->scene->high.z + 3);
			maps[i] = (rpm_map) {gains + (size_t) i * cells, NULL, 0, 0};
			tasks[i] = (rpm_device_task) {p->uploaded, p->scene, &positions[i], &grid, &options, &maps[i], {0}};
		}
		begin = now_s();
		fail_on(rpm_device_trace_all(tasks, count, &control, &status), &status);
		together_s += now_s() - begin;
		for (int i = 0; i < ALONE && i < count && done == 0; i++)
		{
			begin = now_s();
			fail_on(rpm_device_trace(p->uploaded, p->scene, &positions[i], &grid, &options, &control, &one, &status), &status);
			alone_s += now_s() - begin;
			largest_db = fmax(largest_db, largest_difference_db(alone, maps[i].path_gain, cells, &reached, &differ));
		}
	}
	alone_s /= antennas < ALONE ? antennas : ALONE;
	passed = reached > 0 && (double) differ <= MOST_DIFFERENT * (double) reached;
	failures += !passed;
	printf("%-25s %9.2g %9zu %9zu %11.2e  %d maps of %zu cells: %.5f s each together, %.5f s alone, ratio %.1f%s\n", m->name,
		   (double) options.samples, reached, differ, largest_db, antennas, cells, together_s / antennas, alone_s,
		   alone_s * antennas / together_s, passed ? "" : "  FAILED");
	if (json != NULL)
		fprintf(json, "%s\n{\"scene\": \"%s\", \"mechanisms\": \"%s\", \"rays\": %lld, \"antennas\": %d, \"cells\": %zu, \"different\": %zu, "
				"\"largest_db\": %.3e, \"together_s\": %.5f, \"alone_s\": %.5f, \"passed\": %s}", written++ > 0 ? "," : "", p->name, m->name,
				(long long) options.samples, antennas, cells, differ, largest_db, together_s, alone_s, passed ? "true" : "false");
	fflush(stdout);
	free(gains);
	free(alone);
}
