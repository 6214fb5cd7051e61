/*
 * surface.c: polygons with Z into triangles, each in its own plane.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/builder.h"
#include "scene/triangulate.h"

#define MAX_OUT_OF_PLANE_M 0.01

typedef struct surface_work
{
	lattice_point *corner;
	flat_point *flat;
	size_t	   *ring_end;
	size_t		crossing, bent, flattened;	/* polygons that cross themselves, are out of plane, have no area */
	double		worst_bend;
} surface_work;

static rpm_code polygon_triangles(rpm_scene_builder *builder, int32_t row, size_t polygon, surface_work *work, triangle_soup *soup,
								  rpm_status *status);
static bool ring_normal(const lattice_point *corner, size_t count, double normal[3]);
static double out_of_plane(const lattice_point *corner, size_t count, const double normal[3]);
static size_t flatten(const rpm_scene_builder *builder, const polygon_set *set, size_t polygon, surface_work *work);
static void project(surface_work *work, size_t count, const double normal[3]);
static rpm_code report(rpm_scene_builder *builder, const scene_row *row, const surface_work *work, bool any, rpm_status *status);

rpm_code surface_triangles(rpm_scene_builder *builder, int32_t row, triangle_soup *soup, rpm_status *status)
{
	const polygon_set *set = &builder->rows[row].polygons;
	surface_work work = {0};
	size_t		before = soup->count;
	rpm_code	code = RPM_OK;

	work.corner = malloc((set->point_count + 1) * sizeof *work.corner);
	work.flat = malloc((set->point_count + 1) * sizeof *work.flat);
	work.ring_end = malloc((set->ring_count + 1) * sizeof *work.ring_end);
	if (work.corner == NULL || work.flat == NULL || work.ring_end == NULL)
		code = builder_no_memory(status, "a surface");
	for (size_t p = 0; p < set->polygon_count && code == RPM_OK; p++)
		code = polygon_triangles(builder, row, p, &work, soup, status);
	free(work.corner);
	free(work.flat);
	free(work.ring_end);
	if (code == RPM_OK)
		code = report(builder, &builder->rows[row], &work, soup->count > before, status);
	return code;
}

static rpm_code polygon_triangles(rpm_scene_builder *builder, int32_t row, size_t polygon, surface_work *work, triangle_soup *soup,
								  rpm_status *status)
{
	const scene_row *r = &builder->rows[row];
	size_t		rings = flatten(builder, &r->polygons, polygon, work);
	size_t		count = rings ? work->ring_end[rings - 1] : 0;
	double		normal[3], bend;
	int			material;
	flat_triangles triangles;
	rpm_code	code;

	if (count < 3 || !ring_normal(work->corner, work->ring_end[0], normal))
	{
		work->flattened++;
		return RPM_OK;
	}
	/* Within 45 degrees of level, with room for the rounding of an exact 45. */
	material = fabs(normal[2]) * (1 + 1e-9) >= hypot(normal[0], normal[1]) ? r->roof_material : r->wall_material;
	if (count == 3)
		return soup_add(soup, work->corner[0], work->corner[1], work->corner[2], material, row) ? RPM_OK : builder_no_memory(status, "triangles");
	bend = out_of_plane(work->corner, count, normal);
	if (bend > MAX_OUT_OF_PLANE_M)
	{
		work->bent++;
		work->worst_bend = fmax(work->worst_bend, bend);
	}
	project(work, count, normal);
	code = triangulate(work->flat, work->ring_end, rings, builder->control, &triangles);
	if (code == RPM_CANCELLED)
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped while cutting polygons");
	if (code != RPM_OK)
		return builder_no_memory(status, "a polygon");
	work->crossing += !triangles.complete;
	for (size_t t = 0; t < triangles.count && code == RPM_OK; t++)
	{
		const uint32_t *c = triangles.corner[t];

		if (!soup_add(soup, work->corner[c[0]], work->corner[c[1]], work->corner[c[2]], material, row))
			code = builder_no_memory(status, "triangles");
	}
	free(triangles.corner);
	return code;
}

/* The rings of one polygon on the lattice, points that fall together dropped; the number of rings. */
static size_t flatten(const rpm_scene_builder *builder, const polygon_set *set, size_t polygon, surface_work *work)
{
	size_t		rings = 0, count = 0;

	for (size_t r = polygon_first_ring(set, polygon); r < set->polygon_end[polygon]; r++)
	{
		size_t		first = count;

		for (size_t i = ring_first_point(set, r); i < set->ring_end[r]; i++)
		{
			lattice_point p = builder_lattice(builder, set->point[i]);
			const lattice_point *q = count > first ? &work->corner[count - 1] : NULL;

			if (q == NULL || p.x != q->x || p.y != q->y || p.z != q->z)
				work->corner[count++] = p;
		}
		while (count > first + 1 && work->corner[count - 1].x == work->corner[first].x && work->corner[count - 1].y == work->corner[first].y &&
			   work->corner[count - 1].z == work->corner[first].z)
			count--;
		if (count < first + 3)
		{
			count = first;
			if (rings == 0)
				return 0;
			continue;
		}
		work->ring_end[rings++] = count;
	}
	return rings;
}

/* Newell's normal of a ring, not scaled; false without area. */
static bool ring_normal(const lattice_point *corner, size_t count, double normal[3])
{
	normal[0] = normal[1] = normal[2] = 0;
	for (size_t i = 1; i + 1 < count; i++)
	{
		double		ux = (double) (corner[i].x - corner[0].x), uy = (double) (corner[i].y - corner[0].y), uz = (double) (corner[i].z - corner[0].z);
		double		vx = (double) (corner[i + 1].x - corner[0].x), vy = (double) (corner[i + 1].y - corner[0].y),
					vz = (double) (corner[i + 1].z - corner[0].z);

		normal[0] += uy * vz - uz * vy;
		normal[1] += uz * vx - ux * vz;
		normal[2] += ux * vy - uy * vx;
	}
	return normal[0] != 0 || normal[1] != 0 || normal[2] != 0;
}

static double out_of_plane(const lattice_point *corner, size_t count, const double normal[3])
{
	double		length = sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]);
	double		low = 0, high = 0;

	for (size_t i = 1; i < count; i++)
	{
		double		d = ((double) (corner[i].x - corner[0].x) * normal[0] + (double) (corner[i].y - corner[0].y) * normal[1] +
						 (double) (corner[i].z - corner[0].z) * normal[2]) / length;

		low = fmin(low, d);
		high = fmax(high, d);
	}
	return (high - low) / LATTICE_PER_M;
}

/* Leaves out the axis nearest the normal: keeps whole steps, and a simple polygon stays simple. */
static void project(surface_work *work, size_t count, const double normal[3])
{
	double		x = fabs(normal[0]), y = fabs(normal[1]), z = fabs(normal[2]);

	for (size_t i = 0; i < count; i++)
	{
		lattice_point p = work->corner[i];

		if (z >= x && z >= y)
			work->flat[i] = (flat_point) {p.x, p.y};
		else if (x >= y)
			work->flat[i] = (flat_point) {p.y, p.z};
		else
			work->flat[i] = (flat_point) {p.x, p.z};
	}
}

static rpm_code report(rpm_scene_builder *builder, const scene_row *row, const surface_work *work, bool any, rpm_status *status)
{
	rpm_code	code = RPM_OK;

	if (work->bent)
		code = builder_problem(builder, row->id, RPM_PROBLEM_REPAIRED, "not_planar", status,
							   "%zu polygons are out of plane, at most by %.3f m, and were cut into triangles", work->bent, work->worst_bend);
	if (code == RPM_OK && work->crossing)
		code = builder_problem(builder, row->id, RPM_PROBLEM_REPAIRED, "self_intersection", status,
							   "%zu polygons cross themselves and were cut into triangles that may overlap", work->crossing);
	if (code == RPM_OK && work->flattened)
		code = builder_problem(builder, row->id, any ? RPM_PROBLEM_REPAIRED : RPM_PROBLEM_SKIPPED, "degenerate", status,
							   "%zu polygons without area were dropped", work->flattened);
	return code;
}
