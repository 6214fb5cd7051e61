/*
 * map_chain_area.c: which part of the receivers' plane a chain of mirrors may light, see map_chains.h.
 *
 * From its image behind a mirror the antenna lights a cone through it.  Each side of the mirror and the image span a plane of that cone;
 * mirrored in all later facets it is a plane in the space of the receivers, and cuts theirs in a straight line.  What lies inside of all
 * these lines is a convex polygon.
 */
#include "trace/map_chains.h"

/* A plane that holds the antenna or an image has no further image of it. */
#define PLANE_DISTANCE_MIN_M 1e-4
/* By which the box of a facet that is not one convex polygon is taken larger. */
#define BOX_MARGIN_M 5e-3

#ifndef RPM_KERNEL
static void cut_by_facet(const rpm_map_job *job, const rpm_map_chain *chain, int at, rpm_chain_polygon *area);
static bool is_one_polygon(const rpm_map_job *job, const rpm_facet *facet);
static void cut_by_side(const rpm_map_job *job, const rpm_map_chain *chain, int at, rpm_vec3 inwards, double offset,
						rpm_chain_polygon *area);
static void cut_unfolded(const rpm_map_job *job, const rpm_map_chain *chain, int at, rpm_vec3 normal, double constant,
						 rpm_chain_polygon *area);

bool
rpm_map_chain_prepare(const rpm_map_job *job, const int32_t *facets, int length, rpm_map_chain *chain)
{
	chain->facets = facets;
	chain->length = length;
	chain->images[0] = job->antenna->position;
	chain->blockers[0] = RPM_NO_BLOCKER;
	for (int k = 0; k < length; k++)
	{
		const rpm_facet *facet = &job->scene->facets[facets[k]];

		chain->heights[k] = rpm_dot(facet->normal, chain->images[k]) - facet->offset_m;
		if (fabs(chain->heights[k]) < PLANE_DISTANCE_MIN_M)
			return false;
		chain->images[k + 1] = rpm_along(chain->images[k], -2 * chain->heights[k], facet->normal);
		chain->blockers[k + 1] = RPM_NO_BLOCKER;
	}
	return true;
}

void
rpm_map_chain_area(const rpm_map_job *job, const rpm_map_chain *chain, rpm_chain_polygon *area)
{
	const rpm_grid *grid = job->grid;
	double		west = grid->west, east = west + grid->columns * grid->cell_width_m;
	double		north = grid->north, south = north - grid->rows * grid->cell_height_m;

	*area = (rpm_chain_polygon) {.count = 4, .x = {west, east, east, west}, .y = {south, south, north, north}};
	for (int k = chain->length - 1; k >= 0 && area->count > 2; k--)
	{
		const rpm_facet *facet = &job->scene->facets[chain->facets[k]];
		double		side = copysign(1, chain->heights[k]);

		/* What is unfolded to after mirror k lies on the side that it reflects to. */
		cut_unfolded(job, chain, k, rpm_scale(facet->normal, side), -side * facet->offset_m, area);
		cut_by_facet(job, chain, k, area);
	}
}
#endif

RPM_SHARED void
rpm_chain_cut(const rpm_chain_polygon *from, double a, double b, double c, rpm_chain_polygon *to)
{
	double		height, next = 0;

	to->count = 0;
	for (int i = 0; i < from->count; i++)
	{
		int			j = i + 1 < from->count ? i + 1 : 0;

		height = i == 0 ? a * from->x[i] + b * from->y[i] + c : next;
		next = a * from->x[j] + b * from->y[j] + c;
		if (height >= 0)
		{
			to->x[to->count] = from->x[i];
			to->y[to->count++] = from->y[i];
		}
		if ((height >= 0) != (next >= 0))
		{
			double		t = height / (height - next);

			to->x[to->count] = from->x[i] + t * (from->x[j] - from->x[i]);
			to->y[to->count++] = from->y[i] + t * (from->y[j] - from->y[i]);
		}
	}
}

RPM_SHARED double
rpm_chain_polygon_area(const rpm_chain_polygon *polygon)
{
	double		twice = 0;

	for (int i = 1; i + 1 < polygon->count; i++)
		twice += (polygon->x[i] - polygon->x[0]) * (polygon->y[i + 1] - polygon->y[0])
			- (polygon->x[i + 1] - polygon->x[0]) * (polygon->y[i] - polygon->y[0]);
	return fabs(twice) / 2;
}

#ifndef RPM_KERNEL
/* By the facet's own sides where it is one convex polygon, else by its box. */
static void
cut_by_facet(const rpm_map_job *job, const rpm_map_chain *chain, int at, rpm_chain_polygon *area)
{
	const rpm_occluders *occluders = &job->occluders;
	const rpm_facet *facet = &job->scene->facets[chain->facets[at]];
	uint32_t	polygon = occluders->polygon_of[job->scene->facet_triangles[facet->first_triangle]];

	if (is_one_polygon(job, facet))
		for (uint32_t s = occluders->first[polygon]; s < occluders->first[polygon + 1]; s++)
		{
			const rpm_occluder_side *side = &occluders->sides[s];

			cut_by_side(job, chain, at, rpm_vec(side->inwards[0], side->inwards[1], side->inwards[2]), side->offset_m, area);
		}
	else
		for (int axis = 0; axis < 3; axis++)
		{
			rpm_vec3	inwards = rpm_vec(axis == 0, axis == 1, axis == 2);

			cut_by_side(job, chain, at, inwards, rpm_dot(inwards, facet->low) - BOX_MARGIN_M, area);
			cut_by_side(job, chain, at, rpm_scale(inwards, -1), -rpm_dot(inwards, facet->high) - BOX_MARGIN_M, area);
		}
}

static bool
is_one_polygon(const rpm_map_job *job, const rpm_facet *facet)
{
	const uint32_t *triangles = &job->scene->facet_triangles[facet->first_triangle], *polygon_of = job->occluders.polygon_of;

	for (uint32_t i = 1; i < facet->triangle_count; i++)
		if (polygon_of[triangles[i]] != polygon_of[triangles[0]])
			return false;
	return true;
}

/*
 * Keeps what is lit by points q of mirror `at` with inwards . q >= offset: from the image I at height -h the line to x meets the mirror at
 * q = I + h / (h + height(x)) (x - I), which times h + height(x) > 0 is linear in x.
 */
static void
cut_by_side(const rpm_map_job *job, const rpm_map_chain *chain, int at, rpm_vec3 inwards, double offset, rpm_chain_polygon *area)
{
	const rpm_facet *facet = &job->scene->facets[chain->facets[at]];
	double		h = fabs(chain->heights[at]), side = copysign(1, chain->heights[at]);
	double		image = rpm_dot(inwards, chain->images[at + 1]), inside = image - offset;

	cut_unfolded(job, chain, at, rpm_add(rpm_scale(facet->normal, side * inside), rpm_scale(inwards, h)),
				 inside * (h - side * facet->offset_m) - h * image, area);
}

/* Keeps normal . x + constant >= 0, for x in the space just after mirror `at`. */
static void
cut_unfolded(const rpm_map_job *job, const rpm_map_chain *chain, int at, rpm_vec3 normal, double constant, rpm_chain_polygon *area)
{
	rpm_chain_polygon before = *area;

	if (area->count < 3 || area->count >= RPM_CHAIN_CORNERS)
		return;
	for (int k = at + 1; k < chain->length; k++)
	{
		const rpm_facet *facet = &job->scene->facets[chain->facets[k]];
		double		along = rpm_dot(normal, facet->normal);

		normal = rpm_along(normal, -2 * along, facet->normal);
		constant += 2 * facet->offset_m * along;
	}
	rpm_chain_cut(&before, normal.x, normal.y, normal.z * job->surface.z_low + constant, area);
}
#endif
