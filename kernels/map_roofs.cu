/*
 * map_roofs.cu: the roofs, the corners of walls and the antenna's images of a map in the memory of a device.
 */
#include <string.h>

#include "trace/map_internal.h"
#include "trace/roof_edges.h"
#include "trace/roof_reflection.h"

#include "cuda_map.h"

static const char *what = "the roofs around an antenna";

static rpm_code bring_about(rpm_cuda_map *map, const rpm_roofs *roofs, size_t buildings, const rpm_roofs **there, rpm_status *status);
static rpm_code bring_walls(rpm_cuda_map *map, const rpm_facing_walls *walls, const rpm_facing_walls **there, rpm_status *status);

rpm_code
rpm_cuda_bring_roofs(rpm_cuda_map *map, const rpm_map_job *job, const rpm_roofs **roofs, const rpm_roof_mirrors **mirrors,
					 rpm_status *status)
{
	rpm_roof_mirrors images;
	const rpm_facing_walls *walls;
	void	   *room;
	rpm_code	code;

	*roofs = NULL;
	*mirrors = NULL;
	if (job->roofs == NULL)
		return RPM_OK;
	code = bring_about(map, job->roofs, job->scene->building_count, roofs, status);
	if (code != RPM_OK || job->roof_mirrors == NULL)
		return code;
	images = *job->roof_mirrors;
	code = bring_walls(map, images.walls, &walls, status);
	images.walls = (rpm_facing_walls *) walls;
	for (int i = 0; i < images.image_count && code == RPM_OK; i++)
	{
		const rpm_roofs *about;

		code = bring_about(map, images.images[i].roofs, 0, &about, status);
		images.images[i].roofs = (rpm_roofs *) about;
	}
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, sizeof(images), &images, what, &room, status);
	*mirrors = (const rpm_roof_mirrors *) room;
	return code;
}

/* buildings: 0 for an image, which has no corners of walls. */
static rpm_code
bring_about(rpm_cuda_map *map, const rpm_roofs *roofs, size_t buildings, const rpm_roofs **there, rpm_status *status)
{
	rpm_cuda_memory *memory = &map->memory;
	rpm_roofs	block = *roofs;
	size_t		uprights = buildings > 0 ? roofs->upright_count : 0;
	void	   *edges, *starts, *members, *upright = NULL, *group_of = NULL, *group_start = NULL, *room;
	rpm_code	code = rpm_cuda_take(memory, roofs->edge_count * sizeof(rpm_profile_edge), roofs->edges, what, &edges, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(memory, (roofs->sectors + 1) * sizeof(uint32_t), roofs->sector_start, what, &starts, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, roofs->sector_start[roofs->sectors] * sizeof(uint32_t), roofs->members, what, &members, status);
	if (code == RPM_OK && buildings > 0)
		code = rpm_cuda_take(memory, uprights * sizeof(rpm_profile_edge), roofs->uprights, what, &upright, status);
	if (code == RPM_OK && buildings > 0)
		code = rpm_cuda_take(memory, buildings * sizeof(int32_t), roofs->group_of, what, &group_of, status);
	if (code == RPM_OK && buildings > 0)
		code = rpm_cuda_take(memory, (buildings + 1) * sizeof(uint32_t), roofs->group_start, what, &group_start, status);
	if (code != RPM_OK)
		return code;
	block.edges = (rpm_profile_edge *) edges;
	block.sector_start = (uint32_t *) starts;
	block.members = (uint32_t *) members;
	block.uprights = (rpm_profile_edge *) upright;
	block.group_of = (int32_t *) group_of;
	block.group_start = (uint32_t *) group_start;
	block.bench = map->scene->bench;
	code = rpm_cuda_take(memory, sizeof(block), &block, what, &room, status);
	*there = (const rpm_roofs *) room;
	return code;
}

static rpm_code
bring_walls(rpm_cuda_map *map, const rpm_facing_walls *walls, const rpm_facing_walls **there, rpm_status *status)
{
	rpm_cuda_memory *memory = &map->memory;
	rpm_facing_walls block = *walls;
	size_t		squares = (size_t) walls->columns * (size_t) walls->rows;
	void	   *wall, *start, *members, *room;
	rpm_code	code = rpm_cuda_take(memory, walls->count * sizeof(rpm_plan_wall), walls->walls, what, &wall, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(memory, (squares + 1) * sizeof(uint32_t), walls->start, what, &start, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(memory, walls->start[squares] * sizeof(uint32_t), walls->members, what, &members, status);
	if (code != RPM_OK)
		return code;
	block.walls = (rpm_plan_wall *) wall;
	block.start = (uint32_t *) start;
	block.members = (uint32_t *) members;
	code = rpm_cuda_take(memory, sizeof(block), &block, what, &room, status);
	*there = (const rpm_facing_walls *) room;
	return code;
}
