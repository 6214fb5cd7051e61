/*
 * test_occluders.c: what walls are said to hide is hidden, and a map is the same without their help.
 *
 * Holds occluders.c, so that the map asks the functions below.
 */
#define rpm_occluder_hides engine_hides
#define rpm_occluder_hides_point engine_hides_point
#include "trace/occluders.c"
#undef rpm_occluder_hides
#undef rpm_occluder_hides_point

#include "map_scene.h"

#define SIDE 48
#define CELLS (SIDE * SIDE)

typedef enum answer { HONEST, NEVER, ALWAYS } answer;

bool		rpm_occluder_hides(const rpm_occluders *occluders, uint32_t polygon, const rpm_vec3 *from, int from_count, const rpm_vec3 *to,
							   int to_count, rpm_vec3 *crossings);
bool		rpm_occluder_hides_point(const rpm_occluders *occluders, uint32_t polygon, rpm_vec3 from, rpm_vec3 to);

static map_scene s;
static answer answers;
static long hidden_blocks, hidden_points;
static uint64_t state = 1;

bool
rpm_occluder_hides(const rpm_occluders *occluders, uint32_t polygon, const rpm_vec3 *from, int from_count, const rpm_vec3 *to,
				   int to_count, rpm_vec3 *crossings)
{
	bool		hides = answers != NEVER && engine_hides(occluders, polygon, from, from_count, to, to_count, crossings);

	__atomic_fetch_add(&hidden_blocks, hides, __ATOMIC_RELAXED);
	return hides;
}

bool
rpm_occluder_hides_point(const rpm_occluders *occluders, uint32_t polygon, rpm_vec3 from, rpm_vec3 to)
{
	bool		hides = answers == ALWAYS || (answers == HONEST && engine_hides_point(occluders, polygon, from, to));

	__atomic_fetch_add(&hidden_points, hides, __ATOMIC_RELAXED);
	return hides;
}

static double draw(double low, double high)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return low + (high - low) * (double) (state >> 11) * 0x1p-53;
}

/* Sixteen buildings of several heights, one of them an L of two that share a wall, on a flat ground or on a slope. */
static void quarter(bool slope)
{
	map_scene_begin(&s);
	if (!slope)
		s.options.ground_material = 0;
	else
	{
		rpm_vec3	corners[1][4] = {{{-300, -300, -15}, {500, -300, 25}, {500, 500, 25}, {-300, 500, -15}}};

		map_scene_faces(&s, 99, 0, true, 1, corners);
	}
	for (int i = 0; i < 16; i++)
	{
		double		x = i % 4 * 50, y = i / 4 * 45, low = slope ? 0.05 * x - 3 : 0;

		map_scene_box(&s, i, 0, rpm_vec(x, y, low), rpm_vec(x + draw(20, 40), y + draw(20, 35), low + draw(8, 25)));
	}
	map_scene_box(&s, 20, 0, rpm_vec(-30, 0, -3), rpm_vec(0, 20, 14));
	CHECK(map_scene_build(&s, NULL));
}

/* Whether two maps are the same to the last bit. */
static bool same(const double *a, const double *b)
{
	return memcmp(a, b, CELLS * sizeof(double)) == 0;
}

/* Mirrors as chains: a block hidden as a whole may make a cell beside it be looked at more closely, which moves little. */
static bool alike(const double *a, const double *b)
{
	double		apart = 0, sum = 0;

	for (int i = 0; i < CELLS; i++)
		if (!isnan(a[i]))
		{
			apart += fabs(a[i] - b[i]);
			sum += b[i];
		}
	return apart <= 1e-3 * sum;
}

static void same_map(bool slope)
{
	static double with[CELLS], without[CELLS], wrong[CELLS];
	int			sums[3] = {RPM_SUM_FIELD, RPM_SUM_POWER, RPM_SUM_POWER};

	state = 1;
	quarter(slope);
	for (int k = 0; k < 3; k++)
	{
		rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION, 1, 0);
		rpm_antenna antenna = map_antenna(&s, RPM_PATTERN_ISOTROPIC, 92, 83, 30);
		rpm_grid	grid = map_grid(&s, -20, 200, 5, SIDE, SIDE, 1.5);

		options.sum = sums[k];
		options.launch_chains = k < 2;	/* mirrors at points */
		options.cell_samples = 2;
		answers = HONEST;
		hidden_blocks = hidden_points = 0;
		CHECK(map_run(&s, &antenna, &grid, &options, 2, with, NULL));
		CHECK(hidden_points > 1000);
		CHECK(slope || hidden_blocks > 1000);
		answers = NEVER;
		CHECK(map_run(&s, &antenna, &grid, &options, 2, without, NULL));
		CHECK(k < 2 ? same(with, without) : alike(with, without));
		answers = ALWAYS;
		CHECK(map_run(&s, &antenna, &grid, &options, 2, wrong, NULL));
		CHECK(!same(wrong, without));
	}
	map_scene_end(&s);
}

static void flat_map(void) { same_map(false); }
static void sloping_map(void) { same_map(true); }

/* A wall that hides two boxes of points from each other: each leg between points of them is blocked. */
static void legs_are_blocked(void)
{
	rpm_occluders occluders;
	int			found = 0;

	state = 7;
	quarter(false);
	CHECK(rpm_occluders_create(s.scene, &occluders, &s.status) == RPM_OK);
	CHECK(occluders.polygon_count < s.scene->triangle_count);
	for (int i = 0; i < 20000; i++)
	{
		rpm_vec3	from[2], to[4], p, q;
		double		size = draw(0, 8), u, v, w;
		uint32_t	triangle;

		from[0] = map_local(&s, draw(-40, 200), draw(-20, 200), draw(1, 26));
		from[1] = rpm_add(from[0], rpm_vec(draw(-5, 5), draw(-5, 5), 0));
		to[0] = map_local(&s, draw(-40, 200), draw(-20, 200), 1.5);
		for (int k = 1; k < 4; k++)
			to[k] = rpm_add(to[0], rpm_vec(k & 1 ? size : 0, k & 2 ? size : 0, 0));
		if (rpm_leg_clear_or(s.scene, s.query, from[0], to[0], NULL, 0, &triangle)
			|| !engine_hides(&occluders, occluders.polygon_of[triangle], from, 2, to, 4, NULL))
			continue;
		found++;
		u = draw(0, 1);
		v = draw(0, 1);
		w = draw(0, 1);
		p = rpm_along(from[0], u, rpm_sub(from[1], from[0]));
		q = rpm_add(to[0], rpm_vec(v * size, w * size, 0));
		CHECK(!rpm_leg_clear(s.scene, s.query, p, q, NULL, 0));
		CHECK(engine_hides_point(&occluders, occluders.polygon_of[triangle], p, q));
	}
	CHECK(found > 1000);
	rpm_occluders_free(&occluders);
	map_scene_end(&s);
}

/* Four sides of a wall of two triangles; near its outline and beyond its ends it hides nothing. */
static void outline(void)
{
	rpm_occluders occluders;
	double		inside[] = {0.1, 5, 9.9}, off[] = {-0.01, 0.001, 9.999, 10.01};

	map_scene_begin(&s);
	map_scene_rectangle(&s, 1, 0, rpm_vec(0, 0, 0), rpm_vec(10, 0, 0), rpm_vec(0, 0, 10));
	CHECK(map_scene_build(&s, NULL));
	CHECK(rpm_occluders_create(s.scene, &occluders, &s.status) == RPM_OK);
	CHECK(occluders.polygon_count == 1 && occluders.first[1] == 4);
	for (int i = 0; i < 3; i++)
		CHECK(engine_hides_point(&occluders, 0, map_local(&s, inside[i], -5, 5), map_local(&s, inside[i], 5, 5)));
	for (int i = 0; i < 4; i++)
		CHECK(!engine_hides_point(&occluders, 0, map_local(&s, off[i], -5, 5), map_local(&s, off[i], 5, 5)));
	CHECK(!engine_hides_point(&occluders, 0, map_local(&s, 5, 1, 5), map_local(&s, 5, 5, 5)));
	CHECK(!engine_hides_point(&occluders, 0, map_local(&s, 5, 0.005, 5), map_local(&s, 5, -5, 5)));
	rpm_occluders_free(&occluders);
	map_scene_end(&s);
}

int main(void)
{
	RUN(outline);
	RUN(legs_are_blocked);
	RUN(flat_map);
	RUN(sloping_map);
	return unit_summary("occluders");
}
