/*
 * test_kernels.c: the kernels compiled as host C++ (kernels/host_launch.h) against the CPU provider that walks the same hierarchy.
 */
#include "../../kernels/rpm_cuda.h"
#include "scenes.h"
#include "unit.h"

static rpm_query *
bvh_over(const rpm_scene *scene)
{
	rpm_status	status = {0};
	rpm_query  *query = NULL;

	CHECK(rpm_query_create(scene, RPM_QUERY_BVH, NULL, &query, &status) == RPM_OK);
	return query;
}

/* The same text: the same hits to the bit, on the same hierarchy and on one that the device builds. */
static void
same_hits(const rpm_scene *scene, size_t rays, rpm_vec3 low, rpm_vec3 high)
{
	rpm_query  *query = bvh_over(scene);
	rpm_ray    *ray = malloc(rays * sizeof(rpm_ray));
	rpm_hit    *hit = malloc(rays * sizeof(rpm_hit));
	scenes_random random = {31};
	rpm_cuda_scene *device_scene = NULL;
	rpm_status	status = {0};
	rpm_control control = {0};
	double		seconds = -1;
	size_t		differ = 0;

	for (size_t i = 0; i < rays; i++)
		ray[i] = scenes_random_ray(&random, low, high);
	ray[0].t_max = -1;
	CHECK(rpm_cuda_scene_create(0, rpm_query_bvh(query), NULL, 0, &device_scene, &status) == RPM_OK);
	for (int built = 0; built < 2; built++)
	{
		control.done = 0;
		CHECK(rpm_cuda_intersect(device_scene, ray, rays, hit, &control, &seconds, &status) == RPM_OK);
		CHECK(seconds >= 0);
		CHECK(control.done == (int64_t) rays);
		for (size_t i = 0; i < rays; i++)
		{
			rpm_hit		expected = {INFINITY, RPM_CUDA_NO_TRIANGLE};

			rpm_query_intersect(query, &ray[i], &expected);
			differ += expected.t != hit[i].t || expected.triangle != hit[i].triangle;
		}
		CHECK(differ == 0);
		rpm_cuda_scene_free(device_scene);
		if (built == 0)
			CHECK(rpm_cuda_scene_build(0, scene, NULL, 0, &control, &device_scene, &status) == RPM_OK);
	}
	free(ray);
	free(hit);
	rpm_query_free(query);
}

static void
city_as_on_the_cpu(void)
{
	rpm_scene  *city = scenes_city(20, 30);

	same_hits(city, 20000, rpm_vec(0, 0, 0), rpm_vec(800, 800, 45));
	scenes_free(city);
}

static void
soup_as_on_the_cpu(void)
{
	rpm_scene  *soup = scenes_soup(5000, 50, 31);

	same_hits(soup, 20000, rpm_vec(0, 0, 0), rpm_vec(1000, 1000, 1000));
	scenes_free(soup);
}

/* More rays than one launch takes. */
static void
several_launches(void)
{
	rpm_scene  *scene = scenes_soup(3, 500, 32);

	same_hits(scene, unit_quick() ? 1000 : ((size_t) 1 << 20) + 77, rpm_vec(0, 0, 0), rpm_vec(1000, 1000, 1000));
	scenes_free(scene);
}

static void
empty_scene(void)
{
	rpm_scene  *scene = scenes_create(0, 0);

	same_hits(scene, 100, rpm_vec(0, 0, 0), rpm_vec(1, 1, 1));
	scenes_free(scene);
}

/* Places on the curve that many triangles share; and one triangle, of which no tree can be made. */
static void
triangles_at_one_place(void)
{
	rpm_scene  *pile = scenes_create(3, 100), *one = scenes_soup(1, 500, 33);

	pile->vertices[0] = rpm_vec(100, 100, 500);
	pile->vertices[1] = rpm_vec(900, 100, 500);
	pile->vertices[2] = rpm_vec(500, 900, 400);
	pile->vertex_count = 3;
	for (int i = 0; i < 100; i++)
		scenes_triangle(pile, 0, 1, 2, i);
	same_hits(pile, 1000, rpm_vec(0, 0, 0), rpm_vec(1000, 1000, 1000));
	same_hits(one, 1000, rpm_vec(0, 0, 0), rpm_vec(1000, 1000, 1000));
	scenes_free(pile);
	scenes_free(one);
}

static void
stopped(void)
{
	rpm_scene  *scene = scenes_soup(3, 500, 32);
	rpm_query  *query = bvh_over(scene);
	rpm_cuda_scene *device_scene = NULL;
	rpm_control control = {.stop = 1};
	rpm_status	status = {0};
	rpm_ray		ray = scenes_ray(rpm_vec(0, 0, 0), rpm_vec(0, 0, 1), 0, 1);
	rpm_hit		hit;

	CHECK(rpm_cuda_scene_create(0, rpm_query_bvh(query), NULL, 0, &device_scene, &status) == RPM_OK);
	CHECK(rpm_cuda_intersect(device_scene, &ray, 1, &hit, &control, NULL, &status) == RPM_CANCELLED);
	rpm_cuda_scene_free(device_scene);
	rpm_status_clear(&status);
	CHECK(rpm_cuda_scene_build(0, scene, NULL, 0, &control, &device_scene, &status) == RPM_CANCELLED && device_scene == NULL);
	rpm_query_free(query);
	scenes_free(scene);
}

static void
devices(void)
{
	rpm_cuda_device description;
	rpm_cuda_scene *scene = NULL;
	rpm_bvh		none = {NULL, NULL, 0, 0};
	rpm_status	status = {0};
	int			count = -1;

	CHECK(rpm_cuda_device_count(&count, &status) == RPM_OK && count == 1);
	CHECK(rpm_cuda_describe(0, true, &description, &status) == RPM_OK);
	CHECK(strcmp(description.name, "host loop") == 0 && description.memory_bytes > 0);
	CHECK(rpm_cuda_describe(1, true, &description, &status) == RPM_INTERNAL);
	rpm_status_clear(&status);
	CHECK(rpm_cuda_scene_create(1, &none, NULL, 0, &scene, &status) == RPM_INTERNAL && scene == NULL);
	rpm_cuda_scene_free(NULL);
}

static void
too_large_for_the_device(void)
{
	rpm_bvh		huge = {NULL, NULL, 1u << 30, 1u << 30};
	rpm_scene  *city;
	rpm_cuda_scene *scene = NULL;
	rpm_status	status = {0};

	CHECK(rpm_cuda_scene_create(0, &huge, NULL, 0, &scene, &status) == RPM_LIMIT_EXCEEDED && scene == NULL);
	rpm_status_clear(&status);
	city = scenes_city(20, 30);
	CHECK(rpm_cuda_scene_build(0, city, NULL, 1024, NULL, &scene, &status) == RPM_LIMIT_EXCEEDED && scene == NULL);
	scenes_free(city);
	CHECK(strstr(status.message, "on the device") != NULL);
}

int
main(void)
{
	RUN(city_as_on_the_cpu);
	RUN(soup_as_on_the_cpu);
	RUN(several_launches);
	RUN(empty_scene);
	RUN(triangles_at_one_place);
	RUN(stopped);
	RUN(devices);
	RUN(too_large_for_the_device);
	return unit_summary("kernels");
}
