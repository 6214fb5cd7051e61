/*
 * scenes.h: scenes made by hand for tests of ray queries, and random numbers for them.
 */
#ifndef RPM_TEST_SCENES_H
#define RPM_TEST_SCENES_H

#include <stdint.h>
#include <stdlib.h>

#include "rpm_query.h"

/* Numbers that are the same on every machine (Steele, Lea, Flood: SplitMix64, 2014). */
typedef struct scenes_random { uint64_t state; } scenes_random;

static inline double
scenes_uniform(scenes_random *random)
{
	uint64_t	z = (random->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (double) ((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static inline double
scenes_between(scenes_random *random, double low, double high)
{
	return low + (high - low) * scenes_uniform(random);
}

static inline rpm_vec3
scenes_direction(scenes_random *random)
{
	double		z = scenes_between(random, -1, 1), phi = scenes_between(random, 0, 2 * RPM_PI), r = sqrt(1 - z * z);

	return rpm_vec(r * cos(phi), r * sin(phi), z);
}

/* A scene with room for so many vertices and triangles and none yet; scenes_free frees it. */
static inline rpm_scene *
scenes_create(size_t vertices, size_t triangles)
{
	rpm_scene  *scene = calloc(1, sizeof(rpm_scene));

	scene->vertices = calloc(vertices + 1, sizeof(rpm_vec3));
	scene->triangles = calloc(triangles + 1, sizeof(rpm_triangle));
	return scene;
}

static inline void
scenes_free(rpm_scene *scene)
{
	free(scene->vertices);
	free(scene->triangles);
	free(scene);
}

static inline void
scenes_triangle(rpm_scene *scene, uint32_t a, uint32_t b, uint32_t c, int32_t facet)
{
	rpm_triangle *t = &scene->triangles[scene->triangle_count++];

	t->vertex[0] = a;
	t->vertex[1] = b;
	t->vertex[2] = c;
	t->facet = facet;
	t->building = RPM_NO_BUILDING;
	t->material = 0;
}

static inline void
scenes_quad(rpm_scene *scene, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	int32_t		facet = (int32_t) scene->facet_count++;

	scenes_triangle(scene, a, b, c, facet);
	scenes_triangle(scene, a, c, d, facet);
}

/* A closed box of 8 vertices and 12 triangles; corners on a grid of 1 mm as in a built scene. */
static inline void
scenes_box(rpm_scene *scene, rpm_vec3 low, rpm_vec3 high)
{
	uint32_t	v = (uint32_t) scene->vertex_count;

	for (int i = 0; i < 8; i++)
		scene->vertices[scene->vertex_count++] = rpm_vec(round(1e3 * (i & 1 ? high.x : low.x)) / 1e3,
														 round(1e3 * (i & 2 ? high.y : low.y)) / 1e3,
														 round(1e3 * (i & 4 ? high.z : low.z)) / 1e3);
	scenes_quad(scene, v, v + 1, v + 3, v + 2);
	scenes_quad(scene, v + 4, v + 5, v + 7, v + 6);
	scenes_quad(scene, v, v + 1, v + 5, v + 4);
	scenes_quad(scene, v + 2, v + 3, v + 7, v + 6);
	scenes_quad(scene, v, v + 2, v + 6, v + 4);
	scenes_quad(scene, v + 1, v + 3, v + 7, v + 5);
}

#define SCENES_BLOCK_M 40.0		/* one box per block of the city */

/* A city of n x n boxes, 10 to 30 m wide and 5 to 40 m high, on a square of ground: 12 n^2 + 2 triangles. */
static inline rpm_scene *
scenes_city(int n, uint64_t seed)
{
	scenes_random random = {seed};
	rpm_scene  *scene = scenes_create(8 * (size_t) n * n + 4, 12 * (size_t) n * n + 2);
	double		side = n * SCENES_BLOCK_M;

	for (int y = 0; y < n; y++)
		for (int x = 0; x < n; x++)
		{
			double		width = scenes_between(&random, 10, 30), depth = scenes_between(&random, 10, 30);
			rpm_vec3	low = rpm_vec(x * SCENES_BLOCK_M + scenes_between(&random, 0, SCENES_BLOCK_M - width),
									  y * SCENES_BLOCK_M + scenes_between(&random, 0, SCENES_BLOCK_M - depth), 0);

			scenes_box(scene, low, rpm_vec(low.x + width, low.y + depth, scenes_between(&random, 5, 40)));
		}
	for (int i = 0; i < 4; i++)
		scene->vertices[scene->vertex_count++] = rpm_vec(i == 1 || i == 2 ? side : 0, i >= 2 ? side : 0, 0);
	scenes_quad(scene, (uint32_t) scene->vertex_count - 4, (uint32_t) scene->vertex_count - 3,
				(uint32_t) scene->vertex_count - 2, (uint32_t) scene->vertex_count - 1);
	return scene;
}

/* Triangles of the given size at random in a cube of 1000 m. */
static inline rpm_scene *
scenes_soup(size_t triangles, double size_m, uint64_t seed)
{
	scenes_random random = {seed};
	rpm_scene  *scene = scenes_create(3 * triangles, triangles);

	for (size_t i = 0; i < triangles; i++)
	{
		rpm_vec3	middle = rpm_vec(scenes_between(&random, 0, 1000), scenes_between(&random, 0, 1000),
									 scenes_between(&random, 0, 1000));

		for (int c = 0; c < 3; c++)
			scene->vertices[scene->vertex_count++] = rpm_along(middle, size_m * scenes_uniform(&random),
															   scenes_direction(&random));
		scenes_triangle(scene, (uint32_t) (3 * i), (uint32_t) (3 * i + 1), (uint32_t) (3 * i + 2), (int32_t) i);
	}
	return scene;
}

static inline rpm_ray
scenes_ray(rpm_vec3 origin, rpm_vec3 direction, double t_min, double t_max)
{
	rpm_ray		ray = {{(float) origin.x, (float) origin.y, (float) origin.z},
					   {(float) direction.x, (float) direction.y, (float) direction.z}, (float) t_min, (float) t_max};

	return ray;
}

/* A ray from a random place of a box in a random direction. */
static inline rpm_ray
scenes_random_ray(scenes_random *random, rpm_vec3 low, rpm_vec3 high)
{
	rpm_vec3	origin = rpm_vec(scenes_between(random, low.x, high.x), scenes_between(random, low.y, high.y),
								 scenes_between(random, low.z, high.z));

	return scenes_ray(origin, scenes_direction(random), 0, INFINITY);
}

#endif
