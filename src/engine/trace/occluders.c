/*
 * occluders.c: walls as polygons that hide blocks from each other, see occluders.h.
 */
#include "trace/occluders.h"

#include <stdlib.h>

/* A facet of more triangles is taken as these; a polygon grows to so many corners. */
#define MERGED_TRIANGLES_MAX 32
#define CORNERS_MAX 12
/* A corner may lie so far inside the line between its neighbours: the rounding of coordinates. */
#define REFLEX_M 1.5e-3
/* Triangles lie within 2 mm of their facet's plane; rays are single precision. */
#define PLANE_M 4e-3
#define ROUNDING 1e-6
/* No crossing is looked for nearer to the ends: farther than rpm_leg_clear leaves out. */
#define END_M (2 * RPM_LEG_END_M)

typedef struct loop
{
	uint32_t	corners[CORNERS_MAX];
	int			count;			/* 0: part of another */
	int			into;			/* the loop that it is part of, or its own */
} loop;

static double depth_inside(const rpm_occluders *occluders, uint32_t polygon, rpm_vec3 point);
static bool deep_enough(const rpm_occluders *occluders, double depth, double length, double rise);
static void add_facet(rpm_occluders *occluders, const rpm_facet *facet, int32_t index);
static loop triangle_loop(const rpm_scene *scene, const rpm_facet *facet, uint32_t triangle);
static void add_loop(rpm_occluders *occluders, const loop *l, int32_t facet);
static bool merge(const rpm_scene *scene, const rpm_facet *facet, const loop *a, const loop *b, loop *merged);
static bool is_convex(const rpm_scene *scene, const rpm_facet *facet, const loop *l);

size_t
rpm_occluders_bytes(const rpm_scene *scene)
{
	return scene->triangle_count * (3 * sizeof(uint32_t) + 3 * sizeof(rpm_occluder_side)) + 64;
}

rpm_code
rpm_occluders_create(const rpm_scene *scene, rpm_occluders *occluders, rpm_status *status)
{
	double		farthest = 0;

	*occluders = (rpm_occluders) {.scene = scene};
	occluders->polygon_of = calloc(scene->triangle_count + 1, sizeof(uint32_t));
	occluders->facet = calloc(scene->triangle_count + 1, sizeof(int32_t));
	occluders->first = calloc(scene->triangle_count + 1, sizeof(uint32_t));
	occluders->sides = calloc(3 * scene->triangle_count + 1, sizeof(rpm_occluder_side));
	if (!occluders->polygon_of || !occluders->facet || !occluders->first || !occluders->sides)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu triangles as walls", scene->triangle_count);
	for (size_t i = 0; i < scene->facet_count; i++)
	{
		const rpm_facet *facet = &scene->facets[i];

		farthest = fmax(farthest, fmax(fmax(fabs(facet->low.x), fabs(facet->low.y)), fmax(fabs(facet->high.x), fabs(facet->high.y))));
		add_facet(occluders, facet, (int32_t) i);
	}
	occluders->tolerance_m = PLANE_M + ROUNDING * farthest;
	return RPM_OK;
}

void
rpm_occluders_free(rpm_occluders *occluders)
{
	free(occluders->polygon_of);
	free(occluders->facet);
	free(occluders->first);
	free(occluders->sides);
	*occluders = (rpm_occluders) {.polygon_count = 0};
}

bool
rpm_occluder_hides(const rpm_occluders *occluders, uint32_t polygon, const rpm_vec3 *from, int from_count, const rpm_vec3 *to,
				   int to_count, rpm_vec3 *crossings)
{
	const rpm_facet *facet = &occluders->scene->facets[occluders->facet[polygon]];
	double		height_from[RPM_HULL_CORNERS], height_to[RPM_HULL_CORNERS], least_from = INFINITY, least_to = INFINITY;
	double		side = rpm_dot(facet->normal, from[0]) > facet->offset_m ? 1 : -1, longest2 = 0, least_depth = INFINITY;

	for (int i = 0; i < from_count; i++)
	{
		height_from[i] = side * (rpm_dot(facet->normal, from[i]) - facet->offset_m);
		least_from = height_from[i] < least_from ? height_from[i] : least_from;
	}
	for (int j = 0; j < to_count; j++)
	{
		height_to[j] = -side * (rpm_dot(facet->normal, to[j]) - facet->offset_m);
		least_to = height_to[j] < least_to ? height_to[j] : least_to;
	}
	if (!(least_from > END_M + occluders->tolerance_m && least_to > END_M + occluders->tolerance_m))
		return false;
	for (int i = 0; i < from_count; i++)
		for (int j = 0; j < to_count; j++)
		{
			rpm_vec3	way = rpm_sub(to[j], from[i]), place = rpm_along(from[i], height_from[i] / (height_from[i] + height_to[j]), way);
			double		length2 = rpm_dot(way, way), depth = depth_inside(occluders, polygon, place);

			if (!(depth > occluders->tolerance_m))
				return false;
			longest2 = length2 > longest2 ? length2 : longest2;
			least_depth = depth < least_depth ? depth : least_depth;
			if (crossings != NULL)
				crossings[i * to_count + j] = place;
		}
	return deep_enough(occluders, least_depth, sqrt(longest2), least_from + least_to);
}

bool
rpm_occluder_hides_point(const rpm_occluders *occluders, uint32_t polygon, rpm_vec3 from, rpm_vec3 to)
{
	const rpm_facet *facet = &occluders->scene->facets[occluders->facet[polygon]];
	double		height_from = rpm_dot(facet->normal, from) - facet->offset_m, height_to = rpm_dot(facet->normal, to) - facet->offset_m;
	double		rise = fabs(height_from - height_to), depth;
	rpm_vec3	way = rpm_sub(to, from);

	if (!(height_from * height_to < 0) || !(fabs(height_from) > END_M + occluders->tolerance_m)
		|| !(fabs(height_to) > END_M + occluders->tolerance_m))
		return false;
	depth = depth_inside(occluders, polygon, rpm_along(from, fabs(height_from) / rise, way));
	return depth > occluders->tolerance_m && deep_enough(occluders, depth, rpm_norm(way), rise);
}

/* How far a point of the polygon's plane lies inside of it, or a number below the tolerance. */
static double
depth_inside(const rpm_occluders *occluders, uint32_t polygon, rpm_vec3 point)
{
	double		least = INFINITY;

	for (uint32_t k = occluders->first[polygon]; k < occluders->first[polygon + 1]; k++)
	{
		const rpm_occluder_side *s = &occluders->sides[k];
		double		depth = s->inwards[0] * point.x + s->inwards[1] * point.y + s->inwards[2] * point.z - s->offset_m;

		if (!(depth > occluders->tolerance_m))
			return 0;
		least = depth < least ? depth : least;
	}
	return least;
}

/* At grazing incidence what is off the plane moves the crossing by that much more. */
static bool
deep_enough(const rpm_occluders *occluders, double depth, double length, double rise)
{
	return depth > occluders->tolerance_m * (1 + length / rise) + ROUNDING * length;
}

static void
add_facet(rpm_occluders *occluders, const rpm_facet *facet, int32_t index)
{
	const rpm_scene *scene = occluders->scene;
	const uint32_t *triangles = &scene->facet_triangles[facet->first_triangle];
	int			count = (int) facet->triangle_count;
	loop		loops[MERGED_TRIANGLES_MAX], merged;
	uint32_t	before = occluders->polygon_count;

	if (count > MERGED_TRIANGLES_MAX)
	{
		for (int i = 0; i < count; i++)
		{
			loops[0] = triangle_loop(scene, facet, triangles[i]);
			occluders->polygon_of[triangles[i]] = occluders->polygon_count;
			add_loop(occluders, &loops[0], index);
		}
		return;
	}
	for (int i = 0; i < count; i++)
	{
		loops[i] = triangle_loop(scene, facet, triangles[i]);
		loops[i].into = i;
	}
	for (int i = 0; i < count; i++)
		for (int j = 0; j < count && loops[i].count > 0; j++)
			if (j != i && loops[j].count > 0 && merge(scene, facet, &loops[i], &loops[j], &merged))
			{
				merged.into = i;
				loops[i] = merged;
				loops[j].count = 0;
				loops[j].into = i;
				j = -1;
			}
	for (int i = 0; i < count; i++)
		if (loops[i].count > 0)
		{
			loops[i].into = (int) (occluders->polygon_count - before);
			add_loop(occluders, &loops[i], index);
		}
	for (int i = 0; i < count; i++)
	{
		int			k = i;

		while (loops[k].count == 0)
			k = loops[k].into;
		occluders->polygon_of[triangles[i]] = before + (uint32_t) loops[k].into;
	}
}

static loop
triangle_loop(const rpm_scene *scene, const rpm_facet *facet, uint32_t triangle)
{
	const uint32_t *vertex = scene->triangles[triangle].vertex;
	rpm_vec3	a = scene->vertices[vertex[0]];
	rpm_vec3	normal = rpm_cross(rpm_sub(scene->vertices[vertex[1]], a), rpm_sub(scene->vertices[vertex[2]], a));
	bool		turned = rpm_dot(normal, facet->normal) < 0;

	return (loop) {{vertex[0], vertex[turned ? 2 : 1], vertex[turned ? 1 : 2]}, 3, 0};
}

static void
add_loop(rpm_occluders *occluders, const loop *l, int32_t facet)
{
	const rpm_vec3 *vertices = occluders->scene->vertices;
	uint32_t	polygon = occluders->polygon_count++, first = occluders->first[polygon];

	for (int k = 0; k < l->count; k++)
	{
		rpm_vec3	corner = vertices[l->corners[k]], next = vertices[l->corners[k + 1 < l->count ? k + 1 : 0]];
		rpm_vec3	inwards = rpm_unit(rpm_cross(occluders->scene->facets[facet].normal, rpm_sub(next, corner)));

		occluders->sides[first + (uint32_t) k] = (rpm_occluder_side) {{(float) inwards.x, (float) inwards.y, (float) inwards.z},
		(float) rpm_dot(inwards, corner)};
	}
	occluders->first[polygon + 1] = first + (uint32_t) l->count;
	occluders->facet[polygon] = facet;
}

/* Two loops on the two sides of one edge, and nothing else shared, as one; false where it would not be convex. */
static bool
merge(const rpm_scene *scene, const rpm_facet *facet, const loop *a, const loop *b, loop *merged)
{
	int			shared = 0, at_a = -1, at_b = -1;

	if (a->count + b->count - 2 > CORNERS_MAX)
		return false;
	for (int i = 0; i < a->count; i++)
		for (int j = 0; j < b->count; j++)
			if (a->corners[i] == b->corners[j])
			{
				shared++;
				if (a->corners[(i + 1) % a->count] == b->corners[(j + b->count - 1) % b->count])
				{
					at_a = i;
					at_b = j;
				}
			}
	if (shared != 2 || at_a < 0)
		return false;
	merged->count = 0;
	for (int i = 0; i < a->count; i++)
		merged->corners[merged->count++] = a->corners[(at_a + 1 + i) % a->count];
	for (int j = 1; j < b->count - 1; j++)
		merged->corners[merged->count++] = b->corners[(at_b + j) % b->count];
	return is_convex(scene, facet, merged);
}

static bool
is_convex(const rpm_scene *scene, const rpm_facet *facet, const loop *l)
{
	for (int i = 0; i < l->count; i++)
	{
		rpm_vec3	before = scene->vertices[l->corners[i]], corner = scene->vertices[l->corners[(i + 1) % l->count]];
		rpm_vec3	after = scene->vertices[l->corners[(i + 2) % l->count]], across = rpm_sub(after, before);

		if (rpm_dot(rpm_cross(rpm_sub(corner, before), across), facet->normal) < -REFLEX_M * rpm_norm(across))
			return false;
	}
	return true;
}
