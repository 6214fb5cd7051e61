/* blocks.c: the heights about an antenna as blocks (blocks.h). */
#include <math.h>
#include <string.h>

#include "blocks.h"

static rpm_code add_block(rpm_scene_builder *builder, int64_t id, double x0, double y0, double x1, double y1, double height,
						  rpm_status *status);

bool
block_tile_read(FILE *raster, double x_m, double y_m, block_tile *t)
{
	int			west = (int) floor((x_m - TILE_HALF_M - RASTER_WEST) / CELL_M);
	int			north = (int) floor((RASTER_NORTH - y_m - TILE_HALF_M) / CELL_M);

	t->west = RASTER_WEST + west * CELL_M;
	t->south = RASTER_NORTH - (north + BLOCK_SIDE) * CELL_M;
	memset(t->height, 0, sizeof(t->height));
	for (int r = 0; r < BLOCK_SIDE; r++)
	{
		int16_t    *line = t->height + (size_t) (BLOCK_SIDE - 1 - r) * BLOCK_SIDE;
		int			from = west < 0 ? -west : 0, count = (west + BLOCK_SIDE < RASTER_COLUMNS ? BLOCK_SIDE : RASTER_COLUMNS - west) - from;

		if (north + r < 0 || north + r >= RASTER_ROWS || count <= 0)
			continue;
		if (fseek(raster, (((long) (north + r)) * RASTER_COLUMNS + west + from) * (long) sizeof(int16_t), SEEK_SET) != 0
			|| fread(line + from, sizeof(int16_t), (size_t) count, raster) != (size_t) count)
			return false;
		for (int c = 0; c < BLOCK_SIDE; c++)
			line[c] = line[c] > 0 ? line[c] : 0;
	}
	return true;
}

/* Rectangles of one height, each as wide and then as high as it can be; coordinates from the tile's corner. */
rpm_scene *
block_tile_scene(const block_tile *t, rpm_status *status)
{
	static bool done[BLOCK_SIDE * BLOCK_SIDE];
	rpm_material concrete = {5.24, 0, 0.0462, 0.7822, 0.3, 0, 0, RPM_SCATTERING_LAMBERTIAN, 1, 1, 1};
	rpm_scene_options options;
	rpm_scene_builder *builder;
	rpm_scene  *scene = NULL;
	rpm_code	code = RPM_OK;
	int64_t		id = 0;

	memset(done, 0, sizeof(done));
	rpm_scene_options_default(&options);
	options.ground_material = 0;
	builder = rpm_scene_builder_create(&options, &concrete, 1, NULL, status);
	if (builder == NULL)
		return NULL;
	rpm_scene_builder_reach(builder, 0, 0);
	rpm_scene_builder_reach(builder, 2 * TILE_HALF_M, 2 * TILE_HALF_M);
	for (int i = 0; i < BLOCK_SIDE * BLOCK_SIDE && code == RPM_OK; i++)
	{
		int			x = i % BLOCK_SIDE, y = i / BLOCK_SIDE, wide = 0, high = 1;
		bool		same = true;

		if (done[i] || t->height[i] == 0)
			continue;
		while (x + wide < BLOCK_SIDE && !done[i + wide] && t->height[i + wide] == t->height[i])
			wide++;
		for (; same && y + high < BLOCK_SIDE; high += same)
			for (int k = 0; k < wide && same; k++)
				same = !done[i + high * BLOCK_SIDE + k] && t->height[i + high * BLOCK_SIDE + k] == t->height[i];
		for (int r = 0; r < high; r++)
			memset(done + i + r * BLOCK_SIDE, 1, (size_t) wide);
		code = add_block(builder, ++id, x * CELL_M, y * CELL_M, (x + wide) * CELL_M, (y + high) * CELL_M, t->height[i], status);
	}
	if (code == RPM_OK)
		code = rpm_scene_builder_finish(builder, &scene, status);
	rpm_scene_builder_free(builder);
	return code == RPM_OK ? scene : NULL;
}

static rpm_code
add_block(rpm_scene_builder *builder, int64_t id, double x0, double y0, double x1, double y1, double height, rpm_status *status)
{
	double		ring[5][2] = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}};
	uint32_t	head[3] = {3, 1, 5};
	uint8_t		wkb[1 + sizeof(head) + sizeof(ring)] = {1};
	rpm_building_row row = {id, wkb, sizeof(wkb), height, 0, 0, false, 0};

	memcpy(wkb + 1, head, sizeof(head));
	memcpy(wkb + 1 + sizeof(head), ring, sizeof(ring));
	return rpm_scene_builder_add(builder, &row, status);
}
