/*
 * test_leg.c: straight legs that end on surfaces, and what they cross.
 */
#include "trace/leg.h"

#include "unit.h"
#include "quad_scene.h"

static quad_scene q;
static int32_t ground, wall, twin, back;

/* Ground z = 0, a wall x = 0 twice (the second 2 mm off, as neighbours' walls are), a wall x = 4; far from the origin, where single precision is coarse. */
static void
build(void)
{
	int			wood;

	quad_scene_init(&q);
	wood = quad_material(&q, 2, 0.02, 0.05);
	ground = quad_add(&q, rpm_vec(1450, 1450, 0), rpm_vec(100, 0, 0), rpm_vec(0, 100, 0), wood, RPM_NO_BUILDING);
	wall = quad_add(&q, rpm_vec(1500, 1480, 0), rpm_vec(0, 40, 0), rpm_vec(0, 0, 10), wood, 0);
	twin = quad_add(&q, rpm_vec(1500.002, 1490, 0), rpm_vec(0, 40, 0), rpm_vec(0, 0, 10), wood, 0);
	back = quad_add(&q, rpm_vec(1504, 1480, 0), rpm_vec(0, 40, 0), rpm_vec(0, 0, 10), wood, 0);
	CHECK(quad_scene_ready(&q));
}

static bool
clear(rpm_vec3 p, rpm_vec3 r, int32_t own_0, int32_t own_1)
{
	int32_t		own[2] = {own_0, own_1};

	return rpm_leg_clear(&q.scene, q.query, p, r, own, 2);
}

static void
test_clear(void)
{
	build();
	CHECK(clear(rpm_vec(1490, 1500, 5), rpm_vec(1495, 1510, 5), RPM_NO_FACET, RPM_NO_FACET));
	CHECK(!clear(rpm_vec(1490, 1500, 5), rpm_vec(1502, 1510, 5), RPM_NO_FACET, RPM_NO_FACET));
	CHECK(rpm_leg_clear(&q.scene, q.query, rpm_vec(1490, 1500, 5), rpm_vec(1495, 1510, 5), NULL, 0));
	/* From points of the wall and its twin into the street, at many places and nearly along the wall. */
	for (int i = 0; i < 1000; i++)
	{
		rpm_vec3	on_wall = rpm_vec(1500, 1491 + 0.0283 * i, 0.01 + 0.0097 * i);
		rpm_vec3	on_ground = rpm_vec(1460 + 0.0391 * i, 1497, 0);

		CHECK(clear(on_wall, rpm_vec(1490, 1500, 5), wall, RPM_NO_FACET));
		CHECK(clear(on_wall, rpm_vec(1490, 1500, 5), twin, RPM_NO_FACET));
		CHECK(clear(rpm_vec(1499.95, 1531, 5), on_wall, RPM_NO_FACET, wall));
		CHECK(clear(on_ground, on_wall, ground, wall));
		/* The other side of the wall is seen through it only where the wall is the leg's own. */
		CHECK(!clear(on_wall, rpm_vec(1510, 1500, 5), wall, RPM_NO_FACET));
		if (!unit_ok)
			break;
	}
	/* What is shorter than its ends is free. */
	CHECK(clear(rpm_vec(1490, 1500, 5), rpm_vec(1490, 1500, 5.001), RPM_NO_FACET, RPM_NO_FACET));
	quad_scene_free(&q);
}

static void
test_crossings(void)
{
	rpm_leg_crossing c[4];
	rpm_vec3	p = rpm_vec(1490, 1500, 8), r = rpm_vec(1510, 1500, 4);

	build();
	CHECK(rpm_leg_crossings(&q.scene, q.query, p, r, NULL, 0, c, 4) == 2);
	CHECK(c[0].facet == wall && c[1].facet == back);
	CHECK_NEAR(c[0].point.x, 1500, 1e-3);
	CHECK_NEAR(c[0].distance_m, sqrt(104), 1e-3);
	CHECK_NEAR(c[1].point.z, 5.2, 1e-3);
	CHECK(q.triangles[c[1].triangle].facet == back);
	/* Seen from the other side the twin comes first. */
	CHECK(rpm_leg_crossings(&q.scene, q.query, r, p, NULL, 0, c, 4) == 2);
	CHECK(c[0].facet == back && c[1].facet == twin);
	CHECK(rpm_leg_crossings(&q.scene, q.query, p, r, &back, 1, c, 4) == 1);
	CHECK(rpm_leg_crossings(&q.scene, q.query, p, r, &twin, 1, c, 4) == 1 && c[0].facet == back);
	CHECK(rpm_leg_crossings(&q.scene, q.query, p, r, NULL, 0, c, 1) == 2);
	CHECK(rpm_leg_crossings(&q.scene, q.query, p, r, NULL, 0, c, 0) == 1);
	quad_scene_free(&q);
}

/* Walls 3 cm apart: one party wall, unless that is farther than it says, or they stand at an angle. */
static void
test_party_wall(void)
{
	rpm_leg_crossing c[4];
	rpm_vec3	p = rpm_vec(1490, 1500, 8), r = rpm_vec(1510, 1500, 4);
	int32_t		neighbour, corner;

	build();
	neighbour = quad_add(&q, rpm_vec(1504.03, 1480, 0), rpm_vec(0, 40, 0), rpm_vec(0, 0, 10), 0, 1);
	corner = quad_add(&q, rpm_vec(1506, 1480, 0), rpm_vec(4, 40, 0), rpm_vec(0, 0, 10), 0, 1);
	rpm_query_free(q.query);
	CHECK(quad_scene_ready(&q));
	q.scene.party_wall_m = 0;
	CHECK(rpm_leg_crossings(&q.scene, q.query, p, r, NULL, 0, c, 4) == 4 && c[1].facet == back && c[2].facet == neighbour);
	q.scene.party_wall_m = 0.05;
	CHECK(rpm_leg_crossings(&q.scene, q.query, p, r, NULL, 0, c, 4) == 3 && c[1].facet == back && c[2].facet == corner);
	/* Slantwise too, where the way between the two is longer; from the other side the neighbour's stands for both. */
	CHECK(rpm_leg_crossings(&q.scene, q.query, rpm_vec(1503, 1490, 5), rpm_vec(1505, 1510, 5), NULL, 0, c, 4) == 1);
	CHECK(rpm_leg_crossings(&q.scene, q.query, r, p, NULL, 0, c, 4) == 3 && c[1].facet == neighbour);
	CHECK(rpm_is_party_wall(&q.scene, back, neighbour, 0.03, rpm_vec(1, 0, 0)) && !rpm_is_party_wall(&q.scene, back, corner, 0.03, rpm_vec(1, 0, 0)));
	CHECK(!rpm_is_party_wall(&q.scene, ground, ground, 0, rpm_vec(0, 0, 1)));
	q.scene.party_wall_m = 0.02;
	CHECK(rpm_leg_crossings(&q.scene, q.query, p, r, NULL, 0, c, 4) == 4);
	quad_scene_free(&q);
}

static void
test_coincide(void)
{
	build();
	CHECK(rpm_facets_coincide(&q.facets[wall], &q.facets[twin]) && rpm_facets_coincide(&q.facets[twin], &q.facets[wall]));
	CHECK(!rpm_facets_coincide(&q.facets[wall], &q.facets[back]) && !rpm_facets_coincide(&q.facets[wall], &q.facets[ground]));
	quad_scene_free(&q);
}

int
main(void)
{
	RUN(test_clear);
	RUN(test_crossings);
	RUN(test_party_wall);
	RUN(test_coincide);
	return unit_summary("leg");
}
