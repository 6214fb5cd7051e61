/*
 * map_surface.c: the surface that the receivers of a map lie on, and where rays cross it.
 */
#include "trace/map_internal.h"

/* A ground whose corners differ by less than this is a plane. */
#define FLAT_GROUND_M 1e-3
#define BISECTIONS 20

RPM_INLINE double above(const rpm_map_surface *surface, rpm_vec3 origin, rpm_vec3 direction, double t);
RPM_INLINE void march(const rpm_map_surface *surface, rpm_vec3 origin, rpm_vec3 direction, double begin, double end,
				  rpm_map_crossing crossing, void *context);
RPM_INLINE bool clip(double origin, double direction, double low, double high, double *begin, double *end);

#ifndef RPM_KERNEL
rpm_map_surface
rpm_map_surface_of(const rpm_scene *scene, const rpm_grid *grid)
{
	rpm_map_surface surface = {scene, grid->receiver_height_m, true, INFINITY, -INFINITY, 0};

	for (size_t i = 0; i < scene->triangle_count; i++)
		if (scene->triangles[i].building == RPM_NO_BUILDING && !scene->flat_ground)
			for (int k = 0; k < 3; k++)
			{
				double		z = scene->vertices[scene->triangles[i].vertex[k]].z;

				surface.z_low = fmin(surface.z_low, z);
				surface.z_high = fmax(surface.z_high, z);
			}
	if (!(surface.z_low <= surface.z_high))
		surface.z_low = surface.z_high = scene->ground_z_m;
	surface.flat = surface.z_high - surface.z_low < FLAT_GROUND_M;
	surface.z_low += surface.height_m;
	surface.z_high += surface.height_m;
	surface.step_m = fmin(grid->cell_width_m, grid->cell_height_m) / 2;
	return surface;
}
#endif

RPM_SHARED double
rpm_map_surface_z(const rpm_map_surface *surface, double x, double y)
{
	if (surface->flat)
		return surface->z_low;
	return rpm_scene_ground_z(surface->scene, x, y) + surface->height_m;
}

RPM_SHARED void
rpm_map_surface_cross(const rpm_map_surface *surface, rpm_vec3 origin, rpm_vec3 direction, double length,
					  rpm_map_crossing crossing, void *context)
{
	double		begin = 0, end = length;

	if (surface->flat)
	{
		double		t = (surface->z_low - origin.z) / direction.z;

		if (t > 0 && t < length)
			crossing(context, origin.x + t * direction.x, origin.y + t * direction.y, fabs(direction.z));
		return;
	}
	/* Only where the ray is as high as the surface can be, and over the scene (the ground reaches its box or beyond). */
	if (!clip(origin.z, direction.z, surface->z_low - FLAT_GROUND_M, surface->z_high + FLAT_GROUND_M, &begin, &end))
		return;
	if (isinf(end))
		end = begin + 2 * rpm_norm(rpm_sub(surface->scene->high, surface->scene->low)) + 2 * rpm_norm(rpm_sub(origin, surface->scene->low));
	march(surface, origin, direction, begin, end, crossing, context);
}

RPM_SHARED bool
rpm_map_outdoors(const rpm_map_job *job, rpm_vec3 point)
{
	rpm_ray		ray = {{(float) point.x, (float) point.y, (float) point.z}, {0, 0, 1}, 0, INFINITY};

	return !rpm_query_occluded(job->query, &ray);
}

/* Height of the ray above the surface. */
RPM_INLINE double
above(const rpm_map_surface *surface, rpm_vec3 origin, rpm_vec3 direction, double t)
{
	rpm_vec3	p = rpm_along(origin, t, direction);

	return p.z - rpm_map_surface_z(surface, p.x, p.y);
}

/* Steps of half a cell; a change of sign is bisected. */
RPM_INLINE void
march(const rpm_map_surface *surface, rpm_vec3 origin, rpm_vec3 direction, double begin, double end,
	  rpm_map_crossing crossing, void *context)
{
	double		before = above(surface, origin, direction, begin);

	for (double t = begin; t < end;)
	{
		double		next = fmin(t + surface->step_m, end), after = above(surface, origin, direction, next);

		if ((before < 0) != (after < 0))
		{
			double		low = t, high = next;
			rpm_vec3	p;

			for (int i = 0; i < BISECTIONS; i++)
			{
				double		middle = (low + high) / 2;

				if ((above(surface, origin, direction, middle) < 0) == (before < 0))
					low = middle;
				else
					high = middle;
			}
			p = rpm_along(origin, low, direction);
			crossing(context, p.x, p.y, fabs(after - before) / (next - t));
		}
		before = after;
		t = next;
	}
}

/* Narrows [begin, end] to where low <= origin + t direction <= high. */
RPM_INLINE bool
clip(double origin, double direction, double low, double high, double *begin, double *end)
{
	if (fabs(direction) < 1e-12)
		return origin >= low && origin <= high;
	*begin = fmax(*begin, fmin((low - origin) / direction, (high - origin) / direction));
	*end = fmin(*end, fmax((low - origin) / direction, (high - origin) / direction));
	return *begin < *end;
}

RPM_SHARED void
rpm_map_block_place(const rpm_map_job *job, rpm_map_block *block)
{
	const rpm_grid *grid = job->grid;
	double		west = grid->west + block->column_low * grid->cell_width_m, east = grid->west + (block->column_high + 1) * grid->cell_width_m;
	double		north = grid->north - block->row_low * grid->cell_height_m, south = grid->north - (block->row_high + 1) * grid->cell_height_m;

	block->corner_count = job->surface.flat ? 4 : 8;
	for (int i = 0; i < block->corner_count; i++)
		block->corners[i] = rpm_vec(i & 1 ? east : west, i & 2 ? north : south, i & 4 ? job->surface.z_high : job->surface.z_low);
	block->centre = rpm_scale(rpm_add(block->corners[0], block->corners[block->corner_count - 1]), 0.5);
	block->radius = rpm_norm(rpm_sub(block->corners[0], block->centre));
}
