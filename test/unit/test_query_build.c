/*
 * test_query_build.c: building hierarchies for ray queries: odd scenes, stopping, memory, threads (rpm_query.h, rpm_bvh.h).
 */
#include <fenv.h>
#include <pthread.h>
#include <unistd.h>

#include "clock.h"
#include "rpm_bvh.h"
#include "query.h"

/* The deepest leaf below a node. */
static int
depth_below(const rpm_bvh *bvh, uint32_t node)
{
	int			deepest = 0;

	for (int c = 0; c < 2; c++)
	{
		int			depth = bvh->nodes[node].count[c] > 0 ? 1 : 1 + depth_below(bvh, bvh->nodes[node].child[c]);

		deepest = depth > deepest ? depth : deepest;
	}
	return deepest;
}

/* All triangles in one place, triangles of no size, and sizes in geometric progression, which unbalance a hierarchy most. */
static void
degenerate_builds(void)
{
	rpm_scene  *scenes[3] = {scenes_create(3, 20000), scenes_create(20000, 20000), scenes_create(3 * 800, 800)};

	for (int i = 0; i < 3; i++)
		scenes[0]->vertices[i] = rpm_vec(i == 0 ? 0 : 10, i == 1 ? 0 : 10, 5);
	scenes[0]->vertex_count = 3;
	for (int i = 0; i < 20000; i++)
	{
		scenes_triangle(scenes[0], 0, 1, 2, i);
		scenes[1]->vertices[scenes[1]->vertex_count++] = rpm_vec(i % 100, 7, 5);
		scenes_triangle(scenes[1], (uint32_t) i, (uint32_t) i, (uint32_t) i, i);
	}
	for (int i = 0; i < 800; i++)
	{
		double		x = pow(1.02, i) * 0.1;

		scenes[2]->vertices[scenes[2]->vertex_count++] = rpm_vec(x, 0, 5);
		scenes[2]->vertices[scenes[2]->vertex_count++] = rpm_vec(x * 1.01, 0, 5);
		scenes[2]->vertices[scenes[2]->vertex_count++] = rpm_vec(x, 0.01 * x, 5);
		scenes_triangle(scenes[2], (uint32_t) (3 * i), (uint32_t) (3 * i + 1), (uint32_t) (3 * i + 2), i);
	}
	for (int s = 0; s < 3; s++)
		for (size_t k = 0; k < KINDS; k++)
		{
			rpm_query  *query = query_over(scenes[s], kinds[k]);
			const rpm_bvh *bvh = rpm_query_bvh(query);

			if (bvh != NULL)
				CHECK(depth_below(bvh, 0) < RPM_BVH_DEPTH);
			CHECK(distance(query, scenes_ray(rpm_vec(9, 8, 0), rpm_vec(0, 0, 1), 0, 100)) == (s == 0 ? 5 : INFINITY));
			rpm_query_free(query);
		}
	for (int s = 0; s < 3; s++)
		scenes_free(scenes[s]);
}

/* Every triangle lies in exactly one leaf, inside the boxes above it. */
static void
leaf_boxes_hold_their_triangles(void)
{
	rpm_scene  *city = scenes_city(15, 8);
	rpm_query  *query = query_over(city, RPM_QUERY_BVH);
	const rpm_bvh *bvh = rpm_query_bvh(query);
	int		   *seen = calloc(city->triangle_count, sizeof(int));
	int			outside = 0,
				missed = 0;

	for (uint32_t n = 0; n < bvh->node_count; n++)
		for (int c = 0; c < 2; c++)
			for (uint32_t i = 0; i < bvh->nodes[n].count[c]; i++)
			{
				const rpm_bvh_triangle *t = &bvh->triangles[bvh->nodes[n].child[c] + i];

				seen[t->triangle]++;
				for (int v = 0; v < 3; v++)
					for (int x = 0; x < 3; x++)
						outside += t->corner[v][x] <= bvh->nodes[n].low[c][x] || t->corner[v][x] >= bvh->nodes[n].high[c][x];
			}
	for (size_t i = 0; i < city->triangle_count; i++)
		missed += seen[i] != 1;
	CHECK(outside == 0);
	CHECK(missed == 0);
	free(seen);
	rpm_query_free(query);
	scenes_free(city);
}

static double stopped_at_s;

static void *
stop_soon(void *context)
{
	rpm_control *control = context;

	usleep(20000);
	stopped_at_s = now_s();
	__atomic_store_n(&control->stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* A build that takes some tenths of a second answers a stop within 200 ms, on a busy machine too. */
static void
cancel_during_build(void)
{
	rpm_scene  *soup = scenes_soup(unit_quick() ? 50000 : 400000, 20, 21);

	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_control control = {0};
		rpm_status	status = {0};
		rpm_query  *query = NULL;
		pthread_t	stopper;

		CHECK(pthread_create(&stopper, NULL, stop_soon, &control) == 0);
		CHECK(rpm_query_create(soup, kinds[k], &control, &query, &status) == RPM_CANCELLED);
		CHECK(query == NULL && status.code == RPM_CANCELLED);
		pthread_join(stopper, NULL);
		CHECK(now_s() - stopped_at_s < 0.2);
	}
	scenes_free(soup);
}

static void
memory_limit(void)
{
	rpm_scene  *soup = scenes_soup(50000, 20, 22);

	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_control control = {.memory_limit_bytes = 1 << 20};
		rpm_status	status = {0};
		rpm_query  *query = NULL;

		CHECK(rpm_query_create(soup, kinds[k], &control, &query, &status) == RPM_LIMIT_EXCEEDED);
		CHECK(query == NULL && strstr(status.message, "hierarchy would need") != NULL);
		/* And the provider works afterwards. */
		rpm_status_clear(&status);
		control.memory_limit_bytes = 64 << 20;
		CHECK(rpm_query_create(soup, kinds[k], &control, &query, &status) == RPM_OK);
		rpm_query_free(query);
	}
	scenes_free(soup);
}

static void
scenes_that_cannot_be(void)
{
	rpm_scene  *soup = scenes_soup(10, 20, 23);

	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_status	status = {0};
		rpm_query  *query = NULL;
		rpm_vec3	was = soup->vertices[4];

		soup->vertices[4].y = NAN;
		CHECK(rpm_query_create(soup, kinds[k], NULL, &query, &status) == RPM_INVALID_GEOMETRY && query == NULL);
		CHECK(strstr(status.message, "vertex 4") != NULL);
		soup->vertices[4] = was;
		soup->triangles[3].vertex[1] = 30;
		rpm_status_clear(&status);
		CHECK(rpm_query_create(soup, kinds[k], NULL, &query, &status) == RPM_INTERNAL && query == NULL);
		soup->triangles[3].vertex[1] = 10;
	}
	scenes_free(soup);
}

typedef struct many_builds { const rpm_scene *scene; rpm_query_kind kind; int failed; } many_builds;

static void *
build_and_ask(void *context)
{
	many_builds *m = context;

	for (int i = 0; i < 5; i++)
	{
		rpm_status	status = {0};
		rpm_query  *query = NULL;
		rpm_ray		ray = scenes_ray(rpm_vec(100, 100, 100), rpm_vec(0, 0, -1), 0, 200);

		if (rpm_query_create(m->scene, m->kind, NULL, &query, &status) != RPM_OK || !rpm_query_occluded(query, &ray))
			m->failed++;
		rpm_query_free(query);
	}
	return NULL;
}

static void
builds_at_once(void)
{
	rpm_scene  *city = scenes_city(20, 24);

	for (size_t k = 0; k < KINDS; k++)
	{
		pthread_t	threads[4];
		many_builds work[4];

		for (int i = 0; i < 4; i++)
		{
			work[i] = (many_builds) {city, kinds[k], 0};
			CHECK(pthread_create(&threads[i], NULL, build_and_ask, &work[i]) == 0);
		}
		for (int i = 0; i < 4; i++)
		{
			pthread_join(threads[i], NULL);
			CHECK(work[i].failed == 0);
		}
	}
	scenes_free(city);
}

/* Threads of this process; a provider starts none of its own. */
static int
threads_running(void)
{
	FILE	   *file = fopen("/proc/self/status", "r");
	char		line[256];
	int			threads = -1;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		sscanf(line, "Threads: %d", &threads);
	if (file != NULL)
		fclose(file);
	return threads;
}

static void
caller_is_left_alone(void)
{
	rpm_scene  *city = scenes_city(20, 25);
	int			before = threads_running();

	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query;
		volatile float tiny = 1e-40f;

		fesetround(FE_UPWARD);
		query = query_over(city, kinds[k]);
		CHECK(fegetround() == FE_UPWARD);
		fesetround(FE_TONEAREST);
		CHECK(threads_running() == before);
		/* Not flushed to zero. */
		CHECK(tiny * 0.5f != 0);
		distance(query, scenes_ray(rpm_vec(100, 100, 100), rpm_vec(0, 0, -1), 0, 200));
		CHECK(tiny * 0.5f != 0);
		rpm_query_free(query);
		CHECK(threads_running() == before);
	}
	scenes_free(city);
}

int
main(void)
{
	RUN(caller_is_left_alone);
	RUN(degenerate_builds);
	RUN(leaf_boxes_hold_their_triangles);
	RUN(cancel_during_build);
	RUN(memory_limit);
	RUN(scenes_that_cannot_be);
	RUN(builds_at_once);
	return unit_summary("query_build");
}
