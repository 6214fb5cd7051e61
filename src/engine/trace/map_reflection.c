/*
 * map_reflection.c: first reflections at the facets that the antenna sees, by images.
 */
#include "trace/map_internal.h"

#include <stdlib.h>

#define PLANE_DISTANCE_MIN_M 1e-4
/* Corners of a facet this near to the image's own height throw to infinity: cut off at this share of the height to the receivers. */
#define HORIZON_SHARE 1e-4
#define NARROW_SPACINGS 4.0

typedef struct throw_box
{
	double		x_low, x_high, y_low, y_high;
} throw_box;

static bool hidden_behind(const rpm_map_job *job, const rpm_map_mirror *mirror, const rpm_map_block *block, uint32_t blocker);
RPM_INLINE bool box_meets_facet(const rpm_facet *facet, rpm_vec3 low, rpm_vec3 high);
RPM_INLINE bool meets_mirror(const rpm_map_job *job, const rpm_map_mirror *mirror, rpm_vec3 through, rpm_vec3 k, uint32_t *blocker);
RPM_INLINE bool leaves_mirror(const rpm_map_job *job, const rpm_map_mirror *mirror, rpm_vec3 from, rpm_vec3 to, uint32_t *blocker);
static bool mirror_of(const rpm_map_job *job, int32_t facet, rpm_map_mirror *mirror);
static bool is_narrow(const rpm_map_job *job, const rpm_map_mirror *mirror, const throw_box *box);
static void throw_facet(const rpm_map_job *job, const rpm_map_mirror *mirror, double z, throw_box *box);
static void throw_corner(rpm_vec3 image, rpm_vec3 corner, double z, throw_box *box);

#ifndef RPM_KERNEL
rpm_code
rpm_map_mirrors(const rpm_map_job *job, rpm_map_mirror **mirrors, size_t *count, rpm_status *status)
{
	*count = 0;
	*mirrors = calloc(job->visible.facet_count + 1, sizeof(rpm_map_mirror));
	if (*mirrors == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu visible facets", job->visible.facet_count);
	for (size_t i = 0; i < job->visible.facet_count; i++)
		*count += mirror_of(job, job->visible.facets[i], &(*mirrors)[*count]);
	return RPM_OK;
}

bool
rpm_map_mirror_reaches(const rpm_map_job *job, const rpm_map_mirror *mirror, const rpm_map_block *block,
					   const rpm_map_mirror_blockers *blockers)
{
	const rpm_facet *facet = &job->scene->facets[mirror->facet];
	rpm_vec3	through[RPM_HULL_CORNERS], low = rpm_vec(INFINITY, INFINITY, INFINITY), high = rpm_vec(-INFINITY, -INFINITY, -INFINITY);
	int			dark = 0;

	for (int i = 0; i < block->corner_count; i++)
	{
		double		height = rpm_dot(facet->normal, block->corners[i]) - facet->offset_m;

		dark += height * mirror->height <= 0;
		through[i] = rpm_along(mirror->image, mirror->height / (mirror->height + height), rpm_sub(block->corners[i], mirror->image));
		low = rpm_vec(fmin(low.x, through[i].x), fmin(low.y, through[i].y), fmin(low.z, through[i].z));
		high = rpm_vec(fmax(high.x, through[i].x), fmax(high.y, through[i].y), fmax(high.z, through[i].z));
	}
	/* Lines from the image to the block meet the plane in the hull of where those to its corners do. */
	if (dark > 0)
		return dark < block->corner_count;
	if (!box_meets_facet(facet, low, high))
		return false;
	if (blockers->before != RPM_NO_BLOCKER
		&& rpm_occluder_hides(&job->occluders, blockers->before, &job->antenna->position, 1, through, block->corner_count, NULL))
		return false;
	return !hidden_behind(job, mirror, block, blockers->after);
}

/* Whether the wall hides all of the block from the image, and stands between the mirror and the block. */
static bool
hidden_behind(const rpm_map_job *job, const rpm_map_mirror *mirror, const rpm_map_block *block, uint32_t blocker)
{
	const rpm_facet *facet = &job->scene->facets[mirror->facet];
	double		margin = 2 * RPM_LEG_END_M + job->occluders.tolerance_m;
	rpm_vec3	crossings[RPM_HULL_CORNERS];

	if (blocker == RPM_NO_BLOCKER
		|| !rpm_occluder_hides(&job->occluders, blocker, &mirror->image, 1, block->corners, block->corner_count, crossings))
		return false;
	for (int i = 0; i < block->corner_count; i++)
		if (!((rpm_dot(facet->normal, crossings[i]) - facet->offset_m) * copysign(1, mirror->height) > margin))
			return false;
	return true;
}
#endif

RPM_INLINE bool
box_meets_facet(const rpm_facet *facet, rpm_vec3 low, rpm_vec3 high)
{
	return high.x >= facet->low.x - RPM_LEG_END_M && low.x <= facet->high.x + RPM_LEG_END_M
		&& high.y >= facet->low.y - RPM_LEG_END_M && low.y <= facet->high.y + RPM_LEG_END_M
		&& high.z >= facet->low.z - RPM_LEG_END_M && low.z <= facet->high.z + RPM_LEG_END_M;
}

/* The antenna's ray towards the plane must meet this facet first: one test for the facet's outline and for the first leg. */
RPM_INLINE bool
meets_mirror(const rpm_map_job *job, const rpm_map_mirror *mirror, rpm_vec3 through, rpm_vec3 k, uint32_t *blocker)
{
	rpm_vec3	antenna = job->antenna->position;
	rpm_ray		ray = {{(float) antenna.x, (float) antenna.y, (float) antenna.z}, {(float) k.x, (float) k.y, (float) k.z},
	(float) RPM_LEG_END_M, INFINITY};
	rpm_hit		hit;

	if (*blocker != RPM_NO_BLOCKER && rpm_occluder_hides_point(&job->occluders, *blocker, antenna, through))
		return false;
	if (!rpm_query_intersect(job->query, &ray, &hit))
		return false;
	if (job->scene->triangles[hit.triangle].facet == mirror->facet)
		return true;
	*blocker = job->occluders.polygon_of[hit.triangle];
	return false;
}

RPM_INLINE bool
leaves_mirror(const rpm_map_job *job, const rpm_map_mirror *mirror, rpm_vec3 from, rpm_vec3 to, uint32_t *blocker)
{
	uint32_t	triangle;

	if (*blocker != RPM_NO_BLOCKER && rpm_occluder_hides_point(&job->occluders, *blocker, from, to))
		return false;
	if (rpm_leg_clear_or(job->scene, job->query, from, to, &mirror->facet, 1, &triangle))
		return true;
	*blocker = job->occluders.polygon_of[triangle];
	return false;
}

RPM_SHARED bool
rpm_map_mirror_field(const rpm_map_job *job, const rpm_map_mirror *mirror, rpm_vec3 point, rpm_map_mirror_blockers *blockers,
					 rpm_cvec3 *field)
{
	const rpm_facet *facet = &job->scene->facets[mirror->facet];
	rpm_vec3	antenna = job->antenna->position, k, k_out, through;
	double		height = rpm_dot(facet->normal, point) - facet->offset_m, length;

	if (height * mirror->height <= 0)
		return false;
	through = rpm_along(mirror->image, mirror->height / (mirror->height + height), rpm_sub(point, mirror->image));
	if (!box_meets_facet(facet, through, through))
		return false;
	k = rpm_unit(rpm_sub(through, antenna));
	k_out = rpm_unit(rpm_sub(point, mirror->image));
	if (!meets_mirror(job, mirror, through, k, &blockers->before)
		|| !leaves_mirror(job, mirror, rpm_map_leg_end(through, rpm_scale(k_out, -1)), rpm_map_leg_end(point, k_out), &blockers->after))
		return false;
	length = rpm_norm(rpm_sub(point, mirror->image));
	*field = rpm_reflect_field(rpm_antenna_field(job->antenna, k), k, facet->normal,
							   rpm_coefficient_lookup(&job->tables[facet->material], fabs(rpm_dot(k, facet->normal))));
	*field = rpm_cvec_mul(*field, rpm_cx_scale(rpm_cx_phase(-job->wave_number * length),
											   sqrt(job->spreading2) / length * job->specular_share[facet->material]));
	return true;
}

#ifndef RPM_KERNEL
static bool
mirror_of(const rpm_map_job *job, int32_t facet, rpm_map_mirror *mirror)
{
	const rpm_facet *plane = &job->scene->facets[facet];
	const rpm_grid *grid = job->grid;
	throw_box	box = {INFINITY, -INFINITY, INFINITY, -INFINITY};

	mirror->facet = facet;
	mirror->height = rpm_dot(plane->normal, job->antenna->position) - plane->offset_m;
	if (fabs(mirror->height) < PLANE_DISTANCE_MIN_M)
		return false;
	mirror->image = rpm_along(job->antenna->position, -2 * mirror->height, plane->normal);
	throw_facet(job, mirror, job->surface.z_low, &box);
	if (!job->surface.flat)
		throw_facet(job, mirror, job->surface.z_high, &box);
	if (!(box.x_low <= box.x_high))
		return false;
	mirror->column_low = (int) fmax(0, floor(fmax(-1, (box.x_low - grid->west) / grid->cell_width_m)));
	mirror->column_high = (int) fmin(grid->columns - 1, floor((box.x_high - grid->west) / grid->cell_width_m));
	mirror->row_low = (int) fmax(0, floor(fmax(-1, (grid->north - box.y_high) / grid->cell_height_m)));
	mirror->row_high = (int) fmin(grid->rows - 1, floor((grid->north - box.y_low) / grid->cell_height_m));
	mirror->narrow = is_narrow(job, mirror, &box);
	return mirror->column_low <= mirror->column_high && mirror->row_low <= mirror->row_high;
}

/* Whether the facet's width, as the farthest of its light is spread, is less than NARROW_SPACINGS between points. */
static bool
is_narrow(const rpm_map_job *job, const rpm_map_mirror *mirror, const throw_box *box)
{
	const rpm_facet *facet = &job->scene->facets[mirror->facet];
	double		spacing = fmin(job->grid->cell_width_m, job->grid->cell_height_m) / job->points;
	double		length = rpm_norm(rpm_sub(facet->high, facet->low)), width = length > 0 ? facet->area_m2 / length : 0;
	rpm_vec3	centre = rpm_scale(rpm_add(facet->low, facet->high), 0.5);
	double		far_x = fmax(fabs(box->x_low - mirror->image.x), fabs(box->x_high - mirror->image.x));
	double		far_y = fmax(fabs(box->y_low - mirror->image.y), fabs(box->y_high - mirror->image.y));

	return width * hypot(far_x, far_y) < NARROW_SPACINGS * spacing * rpm_norm(rpm_sub(centre, mirror->image));
}

/*
 * Where light from the image through the facet can reach height z: each triangle is cut to the heights between the image's and z
 * (what lies outside them is not between the two) and thrown onto z from the image.
 */
static void
throw_facet(const rpm_map_job *job, const rpm_map_mirror *mirror, double z, throw_box *box)
{
	const rpm_scene *scene = job->scene;
	const rpm_facet *facet = &scene->facets[mirror->facet];
	double		rise = z - mirror->image.z;
	double		near = mirror->image.z + HORIZON_SHARE * rise, far = z + copysign(RPM_LEG_END_M, rise);
	double		low = fmin(near, far), high = fmax(near, far);

	if (fabs(rise) < PLANE_DISTANCE_MIN_M)
	{
		*box = (throw_box) {-1e9, 1e9, -1e9, 1e9};
		return;
	}
	for (uint32_t i = 0; i < facet->triangle_count; i++)
	{
		const rpm_triangle *triangle = &scene->triangles[scene->facet_triangles[facet->first_triangle + i]];

		for (int k = 0; k < 3; k++)
		{
			rpm_vec3	a = scene->vertices[triangle->vertex[k]], ab = rpm_sub(scene->vertices[triangle->vertex[(k + 1) % 3]], a);

			if (a.z >= low && a.z <= high)
				throw_corner(mirror->image, a, z, box);
			for (int side = 0; side < 2; side++)
			{
				double		t = ((side ? high : low) - a.z) / ab.z;

				if (t > 0 && t < 1)
					throw_corner(mirror->image, rpm_along(a, t, ab), z, box);
			}
		}
	}
}

static void
throw_corner(rpm_vec3 image, rpm_vec3 corner, double z, throw_box *box)
{
	double		rise = corner.z - image.z;
	/* Near the image's own height the throw goes to the horizon. */
	double		share = fabs(rise) > HORIZON_SHARE / 2 * fabs(z - image.z) ? (z - image.z) / rise : 2 / HORIZON_SHARE;
	rpm_vec3	there = rpm_along(image, fmin(fmax(share, 0), 2 / HORIZON_SHARE), rpm_sub(corner, image));

	box->x_low = fmin(box->x_low, there.x - RPM_LEG_END_M);
	box->x_high = fmax(box->x_high, there.x + RPM_LEG_END_M);
	box->y_low = fmin(box->y_low, there.y - RPM_LEG_END_M);
	box->y_high = fmax(box->y_high, there.y + RPM_LEG_END_M);
}
#endif
