/*
 * test_scene_stop.c: a build that is stopped ends soon, wherever it is.
 *
 * The linker puts a function of this file in the place of rpm_stopped (build.mk): it counts the looks at the stop flag, measures the processor
 * time between two of them, and sets the flag at the n-th.  So neither clock nor load decides where a build is stopped.
 */
#include <time.h>

#include "unit.h"
#include "city.h"
#include "scene/sort.h"

#define LONGEST_GAP_S 0.030		/* processor time between two looks */
#define LONGEST_END_S 0.060		/* from the stop to the answer: one gap, and giving back the memory */
#define MOST_LOOKS_AFTER 8		/* levels of loops that each look once more */

/* GEOS 3.11 leaves what its buffer has begun behind when it is interrupted (operation::buffer::BufferBuilder). */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:geos::operation::buffer::BufferBuilder";
}

bool		__real_rpm_stopped(const rpm_control *control);
bool		__wrap_rpm_stopped(const rpm_control *control);

static rpm_control control;
static int64_t looks, stop_at;
static double last_look_s, longest_gap_s, stopped_s;

static double processor_time_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

bool __wrap_rpm_stopped(const rpm_control *asked)
{
	double		now_s = processor_time_s();

	if (asked == &control)
	{
		longest_gap_s = fmax(longest_gap_s, now_s - last_look_s);
		if (++looks == stop_at)
		{
			control.stop = 1;
			stopped_s = now_s;
		}
		last_look_s = now_s;
	}
	return __real_rpm_stopped(asked);
}

/* Begins to count; the flag is set at look number `at`, 0: never. */
static void watch(int64_t at)
{
	control.stop = 0;
	looks = 0;
	stop_at = at;
	longest_gap_s = 0;
	last_look_s = processor_time_s();
}

/* The sanitizers slow down what is measured. */
static double slack(void) { return unit_quick() ? 5 : 1; }

static size_t put(uint8_t *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return size;
}

/* A row of one polygon of `count` corners, without Z or with it. */
static rpm_code add_polygon(rpm_scene_builder *builder, int64_t id, double (*corner)[3], uint32_t count, bool has_z, double height_m,
							bool is_ground, rpm_status *status)
{
	uint8_t		wkb[13 + 7 * 24];
	uint32_t	head[3] = {has_z ? 1003 : 3, 1, count + 1};
	rpm_building_row row = {.id = id, .wkb = wkb, .height_m = height_m, .wall_material = is_ground ? 2 : 0,
	.roof_material = is_ground ? 2 : 1, .is_ground = is_ground};

	wkb[0] = 1;
	row.wkb_size = 1 + put(wkb + 1, head, sizeof head);
	for (uint32_t i = 0; i <= count; i++)
		row.wkb_size += put(wkb + row.wkb_size, corner[i % count], (has_z ? 3 : 2) * sizeof(double));
	return rpm_scene_builder_add(builder, &row, status);
}

typedef enum town_kind { HOUSES, TERRACES, SLOPE, HILLS, BROKEN, TOWN_KINDS } town_kind;

/* One place of a town: an L-shaped house alone, one in a row that shares walls, or two triangles of a ground surface. */
static rpm_code add_place(rpm_scene_builder *builder, town_kind kind, int i, int j, rpm_status *status)
{
	double		step = 20, x = 691000 + step * i, y = 5336000 + step * j, side = kind == TERRACES ? step : 12;
	double		house[6][3] = {{x, y}, {x + side, y}, {x + side, y + 5}, {x + side / 2, y + 5}, {x + side / 2, y + 11}, {x, y + 11}};
	int64_t		id = ((int64_t) i * 7919 + (int64_t) j * 104729) % 1000003;
	double		z[4];

	if (kind == BROKEN && (i + j) % 3 == 0)
	{
		house[1][0] = x;
		house[2][0] = x - 3;
	}
	if (kind == HOUSES || kind == TERRACES || (kind == BROKEN && (i + j) % 4))
		return add_polygon(builder, id, house, 6, false, 5 + (i * j) % 20, false, status);
	for (int k = 0; k < 4; k++)
		z[k] = kind == SLOPE ? 0.5 * (i + (k == 1 || k == 2)) : 0.3 * (((i + (k == 1 || k == 2)) * 31 + (j + k / 2) * 17) % 13);
	for (int half = 0; half < 2; half++)
	{
		double		triangle[3][3] = {{x, y, z[0]}, {x + step, y + half * step, z[1 + half]}, {x + step * (1 - half), y + step, z[2 + half]}};
		rpm_code	code = add_polygon(builder, 2 * id + half, triangle, 3, true, NAN, kind != BROKEN, status);

		if (code != RPM_OK)
			return code;
	}
	return RPM_OK;
}

/* Builds a town of size x size places, counting and stopping in finish alone. */
static rpm_code build(town_kind kind, int size, int64_t at, rpm_scene **scene)
{
	rpm_material materials[CITY_MATERIALS] = {{.a = 5}, {.a = 6}, {.a = 7}};
	rpm_scene_options options;
	rpm_status	status = {0};
	rpm_scene_builder *builder;
	rpm_code	code = RPM_OK;

	watch(0);
	rpm_scene_options_default(&options);
	options.ground_material = 2;
	options.free_edges = kind == BROKEN;
	builder = rpm_scene_builder_create(&options, materials, CITY_MATERIALS, &control, &status);
	for (int i = 0; i < size * size && code == RPM_OK; i++)
		code = add_place(builder, kind, i / size, i % size, &status);
	CHECK(code == RPM_OK);
	watch(at);
	code = rpm_scene_builder_finish(builder, scene, &status);
	if (code == RPM_OK)
		longest_gap_s = fmax(longest_gap_s, processor_time_s() - last_look_s);
	rpm_scene_builder_free(builder);
	return code;
}

/* Places along a side for about so many triangles; under the sanitizers a sixteenth. */
static int places(town_kind kind, double triangles)
{
	return (int) sqrt(triangles / (kind == SLOPE || kind == HILLS ? 2 : 16) / (unit_quick() ? 16 : 1));
}

static void looks_often(void)
{
	for (town_kind kind = HOUSES; kind < TOWN_KINDS; kind++)
	{
		double		triangles = kind == HOUSES || kind == SLOPE ? 3e5 : 1e5;
		rpm_scene  *scene = NULL;

		CHECK(build(kind, places(kind, triangles), 0, &scene) == RPM_OK);
		CHECK(scene && (double) scene->triangle_count > triangles / (unit_quick() ? 32 : 2));
		printf("measured town %d: %zu triangles, %lld looks, at most %.1f ms apart\n", kind, scene ? scene->triangle_count : 0, (long long) looks,
			   1000 * longest_gap_s);
		CHECK(longest_gap_s < LONGEST_GAP_S * slack());
		rpm_scene_free(scene);
	}
}

static void ends_soon(void)
{
	double		longest_s = 0;
	int64_t		most = 0;

	for (town_kind kind = HOUSES; kind < HILLS; kind += SLOPE)
	{
		rpm_scene  *scene = NULL;
		int64_t		all;

		CHECK(build(kind, places(kind, 5e4), 0, &scene) == RPM_OK);
		rpm_scene_free(scene);
		all = looks;
		for (int part = 0; part < 8; part++)
		{
			int64_t		at = (int64_t) ((double) all * (part + 0.5) / 8);

			CHECK(build(kind, places(kind, 5e4), at, &scene) == RPM_CANCELLED && scene == NULL);
			longest_s = fmax(longest_s, processor_time_s() - stopped_s);
			most = looks - at > most ? looks - at : most;
		}
	}
	printf("measured after a stop: %.1f ms, %lld looks\n", 1000 * longest_s, (long long) most);
	CHECK(longest_s < LONGEST_END_S * slack());
	CHECK(most <= MOST_LOOKS_AFTER);
}

/* A small town is stopped at each of its looks (under the sanitizers, every fourth without): none is overheard, none leaks. */
static void every_look(void)
{
	for (town_kind kind = HOUSES; kind < TOWN_KINDS; kind++)
	{
		rpm_scene  *scene = NULL;
		int64_t		all;

		CHECK(build(kind, 3, 0, &scene) == RPM_OK);
		rpm_scene_free(scene);
		all = looks;
		CHECK(all > 100);
		for (int64_t at = 1; at <= all && unit_ok; at += unit_quick() ? 1 : 4)
		{
			CHECK(build(kind, 3, at, &scene) == RPM_CANCELLED && scene == NULL);
			CHECK(looks - at <= MOST_LOOKS_AFTER);
		}
	}
}

/* A ring of `count` corners about a circle, each two exchanged: it crosses itself everywhere. */
static rpm_code repair_crossing_ring(uint32_t count, int64_t at, rpm_scene **scene)
{
	rpm_material materials[CITY_MATERIALS] = {{.a = 5}, {.a = 6}, {.a = 7}};
	uint8_t    *wkb = malloc(13 + (size_t) (count + 1) * 16);
	uint32_t	head[3] = {3, 1, count + 1};
	rpm_building_row row = {.id = 1, .wkb = wkb, .height_m = 10, .roof_material = 1};
	rpm_scene_options options;
	rpm_status	status = {0};
	rpm_scene_builder *builder;
	rpm_code	code;

	watch(0);
	wkb[0] = 1;
	row.wkb_size = 1 + put(wkb + 1, head, sizeof head);
	for (uint32_t i = 0; i <= count; i++)
	{
		double		angle = 2 * RPM_PI * ((i % count) ^ 1) / count, corner[2] = {500 * cos(angle), 500 * sin(angle)};

		row.wkb_size += put(wkb + row.wkb_size, corner, sizeof corner);
	}
	rpm_scene_options_default(&options);
	builder = rpm_scene_builder_create(&options, materials, CITY_MATERIALS, &control, &status);
	code = rpm_scene_builder_add(builder, &row, &status);
	CHECK(code == RPM_OK);
	watch(at);
	code = rpm_scene_builder_finish(builder, scene, &status);
	rpm_scene_builder_free(builder);
	free(wkb);
	return code;
}

/* GEOS looks too, and what it has begun it lets go. */
static void repair_stops(void)
{
	rpm_scene  *scene = NULL;
	int64_t		all;

	CHECK(repair_crossing_ring(3000, 0, &scene) == RPM_OK && scene && scene->problem_count >= 1);
	rpm_scene_free(scene);
	all = looks;
	printf("measured the repair of 3000 crossing corners: %lld looks, at most %.1f ms apart\n", (long long) all, 1000 * longest_gap_s);
	CHECK(all > 1000 && longest_gap_s < LONGEST_GAP_S * slack());
	for (int part = 0; part < 8; part++)
	{
		CHECK(repair_crossing_ring(3000, (int64_t) ((double) all * (part + 0.5) / 8), &scene) == RPM_CANCELLED && scene == NULL);
		CHECK(processor_time_s() - stopped_s < LONGEST_END_S * slack());
	}
}

typedef struct keyed { int key; unsigned serial; char filler[12]; } keyed;

static int compare_keys(const void *a, const void *b)
{
	const keyed *p = a, *q = b;

	return (p->key > q->key) - (p->key < q->key);
}

static keyed *keyed_items(size_t count)
{
	keyed	   *items = calloc(count + 1, sizeof *items);
	uint64_t	state = 1;

	for (size_t i = 0; i < count; i++)
	{
		state = state * 6364136223846793005u + 1442695040888963407u;
		items[i] = (keyed) {(int) (state >> 33) % 1000, (unsigned) i, {0}};
	}
	return items;
}

/* In order, equal keys in the order of arrival: so each item is where it must be. */
static void sorts(void)
{
	static const size_t counts[] = {0, 1, 2, 8191, 8192, 8193, 16384, 16385, 50000, 200003};

	for (size_t n = 0; n < sizeof counts / sizeof *counts; n++)
	{
		keyed	   *items = keyed_items(counts[n]);
		size_t		wrong = 0;
		uint64_t	serials = 0;

		watch(0);
		CHECK(scene_sort(items, counts[n], sizeof *items, compare_keys, &control) == RPM_OK);
		for (size_t i = 0; i < counts[n]; i++)
		{
			serials += items[i].serial;
			wrong += i > 0 && (items[i].key < items[i - 1].key || (items[i].key == items[i - 1].key && items[i].serial < items[i - 1].serial));
		}
		CHECK(wrong == 0);
		CHECK(counts[n] == 0 || serials == (uint64_t) counts[n] * (counts[n] - 1) / 2);
		free(items);
	}
}

static void sorting_stops(void)
{
	keyed	   *items = keyed_items(100000);
	int64_t		all;

	watch(0);
	CHECK(scene_sort(items, 100000, sizeof *items, compare_keys, &control) == RPM_OK);
	all = looks;
	/* One look per 8192 items sorted, and one per 4096 merged in each of four rounds. */
	CHECK(all >= 100000 / 8192 + 4 * (100000 / 4096));
	for (int64_t at = 1; at <= all; at += 5)
	{
		watch(at);
		CHECK(scene_sort(items, 100000, sizeof *items, compare_keys, &control) == RPM_CANCELLED);
		CHECK(looks == at);
	}
	free(items);
}

int main(void)
{
	RUN(sorts);
	RUN(sorting_stops);
	RUN(every_look);
	RUN(repair_stops);
	RUN(looks_often);
	RUN(ends_soon);
	return unit_summary("scene_stop");
}
