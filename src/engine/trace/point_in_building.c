/*
 * point_in_building.c: whether a point lies inside a building, by parity of crossings.
 */
#include <stdlib.h>

#include "query/next_hit.h"
#include "rpm_trace.h"

/* More surfaces than this along one ray are not counted. */
#define CROSSINGS_MAX 512
#define DIRECTIONS 3

typedef struct crossing_list
{
	int			count;
	int32_t		buildings[CROSSINGS_MAX];
} crossing_list;

static void cross(const rpm_scene *scene, const rpm_query *query, rpm_vec3 point, const float *direction, crossing_list *list);
static bool odd_in_all(const crossing_list *lists, int32_t building);

/*
 * Rays upward and in two slanting directions, chosen so that no wall or roof line of a city lies along them.  A building encloses the
 * point when each ray crosses it an odd number of times; where a building is spread over several rows (walls and roof apart), so
 * when each ray crosses an odd number of surfaces in all: then the building is that of the surface above.
 */
int32_t
rpm_building_at(const rpm_scene *scene, const rpm_query *query, rpm_vec3 point)
{
	static const float directions[DIRECTIONS][3] = {
		{0, 0, 1}, {0.8138f, 0.3411f, 0.4705f}, {-0.2917f, 0.7433f, 0.6020f}
	};
	crossing_list lists[DIRECTIONS];
	int			odd = 0;

	for (int i = 0; i < DIRECTIONS; i++)
	{
		cross(scene, query, point, directions[i], &lists[i]);
		odd += lists[i].count % 2;
	}
	for (int i = 0; i < lists[0].count; i++)
		if (odd_in_all(lists, lists[0].buildings[i]))
			return lists[0].buildings[i];
	return odd == DIRECTIONS ? lists[0].buildings[0] : RPM_NO_BUILDING;
}

/* The buildings of the surfaces along a ray, nearest first, the ground left out. */
static void
cross(const rpm_scene *scene, const rpm_query *query, rpm_vec3 point, const float *direction, crossing_list *list)
{
	rpm_ray		ray = {{(float) point.x, (float) point.y, (float) point.z}, {direction[0], direction[1], direction[2]}, 0, INFINITY};
	rpm_hit		hit;

	list->count = 0;
	while (list->count < CROSSINGS_MAX && rpm_query_next(query, &ray, &hit))
	{
		int32_t		building = scene->triangles[hit.triangle].building;

		if (building != RPM_NO_BUILDING)
			list->buildings[list->count++] = building;
	}
}

static bool
odd_in_all(const crossing_list *lists, int32_t building)
{
	for (int i = 0; i < DIRECTIONS; i++)
	{
		int			count = 0;

		for (int j = 0; j < lists[i].count; j++)
			count += lists[i].buildings[j] == building;
		if (count % 2 == 0)
			return false;
	}
	return true;
}
