/*
 * bench_query.c: rays per second of the ray-query providers over cities of 1e3 to 1e6 triangles, one thread.
 *
 * Half of the rays begin in the streets and half above the roofs, in random directions: incoherent, as after a diffuse reflection.
 */
#include <stdio.h>

#include "clock.h"
#include "scenes.h"

#define SECONDS_PER_FIGURE 1.0
#define RAYS 65536

typedef struct figures
{
	double		build_s, intersect_per_s, occluded_per_s;
	size_t		bytes;
} figures;

/* Repeats the rays until the time is up; returns rays per second. */
static double
rays_per_second(const rpm_query *query, const rpm_ray *rays, bool any)
{
	double		start = now_s(), seconds = 0;
	size_t		asked = 0, found = 0;

	while (seconds < SECONDS_PER_FIGURE)
	{
		for (int i = 0; i < RAYS; i++)
		{
			rpm_hit		hit;

			found += any ? rpm_query_occluded(query, &rays[i]) : rpm_query_intersect(query, &rays[i], &hit);
		}
		asked += RAYS;
		seconds = now_s() - start;
	}
	if (found == 0)
		printf("no ray hit anything\n");
	return (double) asked / seconds;
}

static bool
measure(const rpm_scene *city, rpm_query_kind kind, const rpm_ray *rays, figures *result)
{
	rpm_status	status = {0};
	rpm_query  *query = NULL;
	double		start = now_s();

	if (rpm_query_create(city, kind, NULL, &query, &status) != RPM_OK)
	{
		printf("%s\n", status.message);
		return false;
	}
	result->build_s = now_s() - start;
	result->bytes = rpm_query_bytes(query);
	result->intersect_per_s = rays_per_second(query, rays, false);
	result->occluded_per_s = rays_per_second(query, rays, true);
	printf("%9zu  %-7s %8.3f %8.1f %12.3f %12.3f\n", city->triangle_count, rpm_query_name(query), result->build_s,
		   (double) result->bytes / 1e6, result->intersect_per_s / 1e6, result->occluded_per_s / 1e6);
	rpm_query_free(query);
	return true;
}

int
main(void)
{
	static const int sides[] = {9, 29, 91, 288};
	rpm_ray    *rays = malloc(RAYS * sizeof(rpm_ray));

	printf("triangles  provider  build s       MB  nearest M/s      any M/s\n");
	for (size_t s = 0; s < sizeof(sides) / sizeof(sides[0]); s++)
	{
		rpm_scene  *city = scenes_city(sides[s], 50);
		double		side_m = sides[s] * SCENES_BLOCK_M;
		scenes_random random = {51};
		figures		bvh,
					embree;
		bool		both;

		for (int i = 0; i < RAYS; i++)
			rays[i] = scenes_random_ray(&random, rpm_vec(0, 0, i % 2 ? 0 : 40), rpm_vec(side_m, side_m, i % 2 ? 5 : 60));
		both = measure(city, RPM_QUERY_EMBREE, rays, &embree);
		if (!measure(city, RPM_QUERY_BVH, rays, &bvh))
			return 1;
		if (both)
			printf("           bvh is %.2f of embree on nearest hits, %.2f on any hit\n",
				   bvh.intersect_per_s / embree.intersect_per_s, bvh.occluded_per_s / embree.occluded_per_s);
		scenes_free(city);
	}
	free(rays);
	return 0;
}
