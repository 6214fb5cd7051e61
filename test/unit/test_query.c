/*
 * test_query.c: ray queries by both providers (rpm_query.h, rpm_bvh.h) against known answers and against each other.
 */
#include "rpm_bvh.h"
#include "query.h"

static rpm_vec3
in_single(rpm_vec3 p)
{
	return rpm_vec((float) p.x, (float) p.y, (float) p.z);
}

/* One ray through every triangle of the scene, the slow and plain way (Moeller, Trumbore 1997) in double, on corners in single. */
static double
brute_distance(const rpm_scene *scene, const rpm_ray *ray)
{
	rpm_vec3	o = rpm_vec(ray->origin[0], ray->origin[1], ray->origin[2]);
	rpm_vec3	d = rpm_vec(ray->direction[0], ray->direction[1], ray->direction[2]);
	double		nearest = INFINITY;

	for (size_t i = 0; i < scene->triangle_count; i++)
	{
		const uint32_t *n = scene->triangles[i].vertex;
		rpm_vec3	corner = in_single(scene->vertices[n[0]]);
		rpm_vec3	e1 = rpm_sub(in_single(scene->vertices[n[1]]), corner);
		rpm_vec3	e2 = rpm_sub(in_single(scene->vertices[n[2]]), corner);
		rpm_vec3	p = rpm_cross(d, e2), s = rpm_sub(o, corner), q = rpm_cross(s, e1);
		double		det = rpm_dot(e1, p), u = rpm_dot(s, p) / det, w = rpm_dot(d, q) / det, t = rpm_dot(e2, q) / det;

		if (det != 0 && u >= 0 && w >= 0 && u + w <= 1 && t > ray->t_min && t < ray->t_max && t < nearest)
			nearest = t;
	}
	return nearest;
}

/* Rays of which the two distances differ by more than 1e-5 of the distance (and 1e-5 m). */
static int
disagreements(double a, double b)
{
	if (isinf(a) || isinf(b))
		return isinf(a) != isinf(b);
	return fabs(a - b) > 1e-5 * fmax(1, fabs(b));
}

/* Both providers against the brute force over a small soup: 1e-4 of the rays may graze an edge. */
static void
small_soup_by_brute_force(void)
{
	rpm_scene  *scene = scenes_soup(300, 150, 11);
	int			rays = unit_quick() ? 2000 : 20000;

	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(scene, kinds[k]);
		scenes_random random = {12};
		int			differ = 0,
					hits = 0;

		for (int i = 0; i < rays; i++)
		{
			rpm_ray		ray = scenes_random_ray(&random, rpm_vec(0, 0, 0), rpm_vec(1000, 1000, 1000));
			double		expected = brute_distance(scene, &ray);

			differ += disagreements(distance(query, ray), expected);
			hits += !isinf(expected);
		}
		CHECK(hits > rays / 10);
		CHECK(differ <= rays * 1e-4);
		rpm_query_free(query);
	}
	scenes_free(scene);
}

#ifdef RPM_HAVE_EMBREE
static void
providers_agree(const rpm_scene *scene, rpm_vec3 low, rpm_vec3 high)
{
	rpm_query  *a = query_over(scene, RPM_QUERY_BVH);
	rpm_query  *b = query_over(scene, RPM_QUERY_EMBREE);
	scenes_random random = {5};
	int			rays = unit_quick() ? 10000 : 100000;
	int			differ = 0,
				blocked = 0;

	for (int i = 0; i < rays; i++)
	{
		rpm_ray		ray = scenes_random_ray(&random, low, high);

		differ += disagreements(distance(a, ray), distance(b, ray));
		ray.t_min = 10;
		ray.t_max = 60;
		blocked += rpm_query_occluded(a, &ray) != rpm_query_occluded(b, &ray);
	}
	if (differ + blocked > 0)
		printf("  %zu triangles: %d of %d distances and %d occlusions differ\n", scene->triangle_count, differ, rays, blocked);
	CHECK(differ <= rays * 1e-4);
	CHECK(blocked <= rays * 1e-4);
	rpm_query_free(a);
	rpm_query_free(b);
}

static void
providers_agree_on_soups(void)
{
	rpm_scene  *coarse = scenes_soup(2000, 100, 1), *fine = scenes_soup(unit_quick() ? 5000 : 50000, 10, 2);

	providers_agree(coarse, rpm_vec(0, 0, 0), rpm_vec(1000, 1000, 1000));
	providers_agree(fine, rpm_vec(0, 0, 0), rpm_vec(1000, 1000, 1000));
	scenes_free(coarse);
	scenes_free(fine);
}

static void
providers_agree_on_a_city(void)
{
	int			n = unit_quick() ? 10 : 40;
	rpm_scene  *city = scenes_city(n, 3);

	providers_agree(city, rpm_vec(0, 0, 0), rpm_vec(n * SCENES_BLOCK_M, n * SCENES_BLOCK_M, 45));
	scenes_free(city);
}
#endif

/* Straight down on a city: the height of the roof below, or the ground, to three steps of single precision at 100 m. */
static void
rays_along_axes(void)
{
	rpm_scene  *city = scenes_city(6, 4);

	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(city, kinds[k]);
		scenes_random random = {6};

		for (int i = 0; i < 2000; i++)
		{
			double		x = scenes_between(&random, 1, 239), y = scenes_between(&random, 1, 239);
			rpm_ray		ray = scenes_ray(rpm_vec(x, y, 100), rpm_vec(0, 0, -1), 0, INFINITY);
			double		height = 0;

			for (size_t b = 0; b + 8 <= city->vertex_count; b += 8)
			{
				rpm_vec3	low = city->vertices[b], high = city->vertices[b + 7];

				if (x > low.x && x < high.x && y > low.y && y < high.y)
					height = high.z;
			}
			CHECK_NEAR(distance(query, ray), 100 - height, 2.3e-5);
		}
		rpm_query_free(query);
	}
	scenes_free(city);
}

/* All six axes, positive and negative zeros, from the middle of a box and onto it from outside. */
static void
box_from_six_sides(void)
{
	rpm_scene  *scene = scenes_create(8, 12);

	scenes_box(scene, rpm_vec(-1, -2, -3), rpm_vec(1, 2, 3));
	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(scene, kinds[k]);

		for (int axis = 0; axis < 3; axis++)
			for (int sign = -1; sign <= 1; sign += 2)
				for (double zero = -0.0; ; zero = 0.0)
				{
					double		d[3] = {zero, zero, zero};
					rpm_vec3	direction;

					d[axis] = sign;
					direction = rpm_vec(d[0], d[1], d[2]);
					CHECK_NEAR(distance(query, scenes_ray(rpm_vec(0.25, 0.125, 0.0625), direction, 0, INFINITY)),
							   axis + 1 - sign * (axis == 0 ? 0.25 : axis == 1 ? 0.125 : 0.0625), 1e-6);
					CHECK_NEAR(distance(query, scenes_ray(rpm_scale(direction, -10), direction, 0, INFINITY)), 10 - (axis + 1),
							   1e-6);
					if (!signbit(zero))
						break;
				}
		rpm_query_free(query);
	}
	scenes_free(scene);
}

static void
interval_is_open(void)
{
	rpm_scene  *scene = scenes_create(8, 12);

	scenes_box(scene, rpm_vec(0, 0, 0), rpm_vec(4, 4, 4));
	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(scene, kinds[k]);
		rpm_vec3	o = rpm_vec(1, 2.5, 12), down = rpm_vec(0, 0, -1);

		/* Faces at exactly 8 and 12. */
		CHECK_NEAR(distance(query, scenes_ray(o, down, 0, 100)), 8, 0);
		CHECK_NEAR(distance(query, scenes_ray(o, down, 8, 100)), 12, 0);
		CHECK_NEAR(distance(query, scenes_ray(o, down, nextafterf(8, 0), 100)), 8, 0);
		CHECK(isinf(distance(query, scenes_ray(o, down, 0, 8))));
		CHECK_NEAR(distance(query, scenes_ray(o, down, 0, nextafterf(8, 9))), 8, 0);
		CHECK(isinf(distance(query, scenes_ray(o, down, 8, 12))));
		CHECK(isinf(distance(query, scenes_ray(o, down, 12, INFINITY))));
		/* Nothing behind, no empty and no impossible interval. */
		CHECK(isinf(distance(query, scenes_ray(o, rpm_vec(0, 0, 1), -100, 100))));
		CHECK(isinf(distance(query, scenes_ray(o, down, 9, 7))));
		CHECK(isinf(distance(query, scenes_ray(o, down, 0, -5))));
		CHECK(isinf(distance(query, scenes_ray(o, down, NAN, 100))));
		CHECK(isinf(distance(query, scenes_ray(o, down, 0, NAN))));
		CHECK_NEAR(distance(query, scenes_ray(o, down, -3, 100)), 8, 0);
		rpm_query_free(query);
	}
	scenes_free(scene);
}

static void
flat_things(void)
{
	rpm_scene  *scene = scenes_create(16, 24);

	/* A wall without thickness and a slab without height. */
	scenes_box(scene, rpm_vec(5, 0, 0), rpm_vec(5, 10, 10));
	scenes_box(scene, rpm_vec(20, 0, 3), rpm_vec(30, 10, 3));
	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(scene, kinds[k]);

		CHECK_NEAR(distance(query, scenes_ray(rpm_vec(0, 4, 6), rpm_vec(1, 0, 0), 0, 100)), 5, 0);
		CHECK_NEAR(distance(query, scenes_ray(rpm_vec(9, 4, 6), rpm_vec(-1, 0, 0), 0, 100)), 4, 0);
		CHECK_NEAR(distance(query, scenes_ray(rpm_vec(25, 4, 9), rpm_vec(0, 0, -1), 0, 100)), 6, 0);
		/* In the plane: edge on, not hit by the wall's faces. */
		CHECK(isinf(distance(query, scenes_ray(rpm_vec(5, -4, 6), rpm_vec(0, 1, 0), 0, 100))));
		CHECK(isinf(distance(query, scenes_ray(rpm_vec(25, -4, 3), rpm_vec(0, 1, 0), 0, 100))));
		rpm_query_free(query);
	}
	scenes_free(scene);
}

/* From inside a closed surface every ray must hit, also those aimed at its edges and corners. */
static void
watertight(void)
{
	const int	n = 24;			/* a globe of 2 n (n - 1) triangles */
	rpm_scene  *globe = scenes_create((size_t) n * n, 2 * (size_t) n * n);
	int			rays = unit_quick() ? 10000 : 100000;

	for (int i = 0; i <= n / 2; i++)
		for (int j = 0; j < n; j++)
		{
			double		theta = RPM_PI * i / (n / 2), phi = 2 * RPM_PI * j / n;

			globe->vertices[globe->vertex_count++] =
				i == 0 || i == n / 2 ? rpm_vec(1000, 2000, i == 0 ? 300 : 100)
				: rpm_vec(1000 + 100 * sin(theta) * cos(phi), 2000 + 100 * sin(theta) * sin(phi), 200 + 100 * cos(theta));
		}
	for (int i = 0; i < n / 2; i++)
		for (int j = 0; j < n; j++)
		{
			uint32_t	a = (uint32_t) (i * n + j), b = (uint32_t) (i * n + (j + 1) % n);

			scenes_triangle(globe, a, b, b + (uint32_t) n, 0);
			scenes_triangle(globe, a, b + (uint32_t) n, a + (uint32_t) n, 0);
		}
	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(globe, kinds[k]);
		scenes_random random = {9};
		int			escaped = 0;

		for (int i = 0; i < rays; i++)
		{
			const uint32_t *v = globe->triangles[(size_t) (scenes_uniform(&random) * (double) globe->triangle_count)].vertex;
			rpm_vec3	from = rpm_along(rpm_vec(1000, 2000, 200), 60 * scenes_uniform(&random), scenes_direction(&random));
			double		w = i % 3 == 0 ? 0 : scenes_uniform(&random);
			rpm_vec3	to = rpm_add(rpm_scale(globe->vertices[v[0]], 1 - w), rpm_scale(globe->vertices[v[1]], w));

			escaped += isinf(distance(query, scenes_ray(from, rpm_unit(rpm_sub(to, from)), 0, INFINITY)));
		}
		CHECK(escaped == 0);
		rpm_query_free(query);
	}
	scenes_free(globe);
}

/* Long thin triangles far from the origin of the ray: 5e-4 m at 10 km is half a step of single precision there. */
static void
far_and_thin(void)
{
	rpm_scene  *scene = scenes_create(4, 2);

	scene->vertices[0] = rpm_vec(0, 0, 0);
	scene->vertices[1] = rpm_vec(10000, 0, 0);
	scene->vertices[2] = rpm_vec(10000, 0.05, 0);
	scene->vertices[3] = rpm_vec(0, 0.05, 0);
	scene->vertex_count = 4;
	scenes_quad(scene, 0, 1, 2, 3);
	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(scene, kinds[k]);

		for (int i = 1; i < 100; i++)
		{
			double		x = 100.0 * i;
			rpm_vec3	from = rpm_vec(0, 0.02, 30), to = rpm_vec(x, 0.02, 0);

			CHECK_NEAR(distance(query, scenes_ray(from, rpm_unit(rpm_sub(to, from)), 0, INFINITY)), rpm_norm(rpm_sub(to, from)),
					   2e-7 * x * x / 30 + 1e-3);
		}
		rpm_query_free(query);
	}
	scenes_free(scene);
}

static void
empty_scene(void)
{
	rpm_scene  *scene = scenes_create(0, 0);

	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(scene, kinds[k]);

		CHECK(isinf(distance(query, scenes_ray(rpm_vec(0, 0, 0), rpm_vec(0, 0, 1), 0, INFINITY))));
		rpm_query_free(query);
	}
	rpm_query_free(NULL);
	scenes_free(scene);
}

static void
one_triangle(void)
{
	rpm_scene  *scene = scenes_soup(1, 100, 1);
	const rpm_vec3 *v = scene->vertices;
	rpm_vec3	middle = rpm_scale(rpm_add(rpm_add(v[0], v[1]), v[2]), 1.0 / 3);

	for (size_t k = 0; k < KINDS; k++)
	{
		rpm_query  *query = query_over(scene, kinds[k]);
		rpm_vec3	normal = rpm_unit(rpm_cross(rpm_sub(v[1], v[0]), rpm_sub(v[2], v[0])));

		CHECK_NEAR(distance(query, scenes_ray(rpm_along(middle, 20, normal), rpm_scale(normal, -1), 0, 50)), 20, 1e-3);
		CHECK_NEAR(distance(query, scenes_ray(rpm_along(middle, -20, normal), normal, 0, 50)), 20, 1e-3);
		CHECK(strcmp(rpm_query_name(query), kinds[k] == RPM_QUERY_BVH ? "bvh" : "embree") == 0);
		CHECK(rpm_query_bytes(query) > 0);
		CHECK((rpm_query_bvh(query) != NULL) == (kinds[k] == RPM_QUERY_BVH));
		rpm_query_free(query);
	}
	scenes_free(scene);
}

int
main(void)
{
	RUN(small_soup_by_brute_force);
#ifdef RPM_HAVE_EMBREE
	RUN(providers_agree_on_soups);
	RUN(providers_agree_on_a_city);
#else
	SKIP(providers_agree_on_soups, "built without Embree");
	SKIP(providers_agree_on_a_city, "built without Embree");
#endif
	RUN(rays_along_axes);
	RUN(box_from_six_sides);
	RUN(interval_is_open);
	RUN(flat_things);
	RUN(watertight);
	RUN(far_and_thin);
	RUN(empty_scene);
	RUN(one_triangle);
	return unit_summary("query");
}
