/*
 * footprint.c: outlines and heights into walls and roofs.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "scene/footprint.h"

#define SLIVER_M2 0.01
#define SLIVER_WIDTH_M 0.005
#define LOWEST_M 0.002

static rpm_code take_polygons(rpm_scene_builder *builder, const scene_row *row, flat_polygons *flat, rpm_status *status);
static rpm_code repair(rpm_scene_builder *builder, const scene_row *row, flat_polygons *flat, bool *usable, rpm_status *status);
static rpm_code extrude(rpm_scene_builder *builder, int32_t row, const flat_polygons *flat, size_t polygon, int64_t base, int64_t top,
						bool *kept, triangle_soup *soup, rpm_status *status);
static bool is_sliver(const flat_polygons *flat, size_t polygon);
static bool add_walls(const flat_polygons *flat, size_t ring, int64_t base, int64_t top, int32_t material, int32_t row,
					  triangle_soup *soup);

rpm_code footprint_triangles(rpm_scene_builder *builder, int32_t row, int64_t base, triangle_soup *soup, rpm_status *status)
{
	const scene_row *r = &builder->rows[row];
	int64_t		top = base + lattice_steps(r->height_m);
	flat_polygons flat = {0};
	bool		usable = true;
	size_t		slivers = 0;
	rpm_code	code = take_polygons(builder, r, &flat, status);

	if (code == RPM_OK && top - base < lattice_steps(LOWEST_M))
	{
		usable = false;
		code = builder_problem(builder, r->id, RPM_PROBLEM_SKIPPED, "height_not_positive", status, "a height of %g m is below 2 mm", r->height_m);
	}
	if (code == RPM_OK && usable)
		code = repair(builder, r, &flat, &usable, status);
	for (size_t p = 0; code == RPM_OK && usable && p < flat.polygon_count; p++)
	{
		bool		kept = true;

		code = extrude(builder, row, &flat, p, base, top, &kept, soup, status);
		slivers += !kept;
	}
	if (code == RPM_OK && usable && slivers == flat.polygon_count)
		code = builder_problem(builder, r->id, RPM_PROBLEM_SKIPPED, "no_area", status, "the footprint covers less than 0.01 m2");
	else if (code == RPM_OK && usable && slivers > 0)
		code = builder_problem(builder, r->id, RPM_PROBLEM_REPAIRED, "sliver", status, "%zu parts under 0.01 m2 or 1 cm of width were dropped", slivers);
	flat_polygons_free(&flat);
	return code;
}

/* The row's rings on the lattice. */
static rpm_code take_polygons(rpm_scene_builder *builder, const scene_row *row, flat_polygons *flat, rpm_status *status)
{
	const polygon_set *set = &row->polygons;
	bool		room = true;

	for (size_t p = 0; p < set->polygon_count && room; p++)
	{
		for (size_t r = polygon_first_ring(set, p); r < set->polygon_end[p] && room; r++)
		{
			for (size_t i = ring_first_point(set, r); i < set->ring_end[r] && room; i++)
			{
				lattice_point q = builder_lattice(builder, set->point[i]);

				room = flat_polygons_add_point(flat, (flat_point) {q.x, q.y});
			}
			room = room && flat_polygons_end_ring(flat);
		}
		room = room && flat_polygons_end_polygon(flat);
	}
	return room ? RPM_OK : builder_no_memory(status, "a footprint");
}

static rpm_code repair(rpm_scene_builder *builder, const scene_row *row, flat_polygons *flat, bool *usable, rpm_status *status)
{
	char		reason[64] = "", name[64];
	flat_point	place = {0, 0};
	double		x, y;
	rpm_code	code = flat_polygons_repair(flat, builder->control, reason, sizeof reason, &place);

	if (code == RPM_OUT_OF_MEMORY)
		return builder_no_memory(status, "a footprint");
	if (code == RPM_CANCELLED)
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped while repairing footprints");
	if (reason[0] == '\0')
		return RPM_OK;
	for (size_t i = 0; i < sizeof name; i++)
		name[i] = (char) (isalnum((unsigned char) reason[i]) ? tolower((unsigned char) reason[i]) : reason[i] ? '_' : '\0');
	x = builder->origin[0] + lattice_metres(place.x);
	y = builder->origin[1] + lattice_metres(place.y);
	*usable = code == RPM_OK && flat->polygon_count > 0;
	return builder_problem(builder, row->id, *usable ? RPM_PROBLEM_REPAIRED : RPM_PROBLEM_SKIPPED, name, status,
						   *usable ? "%s at %.3f %.3f, repaired" : "%s at %.3f %.3f, nothing with an area is left", reason, x, y);
}

/* *kept is false for a sliver. */
static rpm_code extrude(rpm_scene_builder *builder, int32_t row, const flat_polygons *flat, size_t polygon, int64_t base, int64_t top,
						bool *kept, triangle_soup *soup, rpm_status *status)
{
	const scene_row *r = &builder->rows[row];
	size_t		first_ring = polygon ? flat->polygon_end[polygon - 1] : 0, rings = flat->polygon_end[polygon] - first_ring;
	size_t		first = first_ring ? flat->ring_end[first_ring - 1] : 0;
	size_t	   *ring_end;
	flat_triangles roof;
	rpm_code	code;
	bool		room = true;

	*kept = !is_sliver(flat, polygon);
	if (!*kept)
		return RPM_OK;
	ring_end = malloc(rings * sizeof *ring_end);
	if (ring_end == NULL)
		return builder_no_memory(status, "a footprint");
	for (size_t i = 0; i < rings; i++)
		ring_end[i] = flat->ring_end[first_ring + i] - first;
	code = triangulate(flat->point + first, ring_end, rings, builder->control, &roof);
	free(ring_end);
	if (code == RPM_CANCELLED)
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped while cutting footprints");
	if (code != RPM_OK)
		return builder_no_memory(status, "a roof");
#ifndef RPM_HAVE_GEOS
	if (!roof.complete)
	{
		free(roof.corner);
		return builder_problem(builder, r->id, RPM_PROBLEM_SKIPPED, "self_intersection", status, "a polygon crosses itself");
	}
#endif
	for (size_t t = 0; t < roof.count && room; t++)
	{
		lattice_point p[3];

		for (int k = 0; k < 3; k++)
		{
			flat_point	q = flat->point[first + roof.corner[t][k]];

			p[k] = (lattice_point) {q.x, q.y, top};
		}
		room = soup_add(soup, p[0], p[1], p[2], r->roof_material, row);
	}
	free(roof.corner);
	for (size_t i = 0; i < rings && room; i++)
		room = add_walls(flat, first_ring + i, base, top, r->wall_material, row, soup);
	return room ? RPM_OK : builder_no_memory(status, "walls");
}

/* Too small, or narrower than 1 cm on the average (2 area / half the outline). */
static bool is_sliver(const flat_polygons *flat, size_t polygon)
{
	size_t		ring = polygon ? flat->polygon_end[polygon - 1] : 0;
	double		area2 = 0, outline = 0;

	for (; ring < flat->polygon_end[polygon]; ring++)
	{
		size_t		first = ring ? flat->ring_end[ring - 1] : 0, end = flat->ring_end[ring];
		double		ring2 = fabs(ring_area2(flat->point + first, end - first));

		area2 += area2 == 0 ? ring2 : -ring2;
		for (size_t i = first; i < end; i++)
		{
			flat_point	p = flat->point[i], q = flat->point[i + 1 < end ? i + 1 : first];

			outline += hypot((double) (q.x - p.x), (double) (q.y - p.y));
		}
	}
	return area2 / 2 < SLIVER_M2 * LATTICE_PER_M * LATTICE_PER_M || area2 / outline < SLIVER_WIDTH_M * LATTICE_PER_M;
}

/* Two triangles per edge; the diagonal starts at the lesser end, so that it does not depend on the ring's direction. */
static bool add_walls(const flat_polygons *flat, size_t ring, int64_t base, int64_t top, int32_t material, int32_t row,
					  triangle_soup *soup)
{
	size_t		first = ring ? flat->ring_end[ring - 1] : 0, end = flat->ring_end[ring];

	for (size_t i = first; i < end; i++)
	{
		flat_point	p = flat->point[i], q = flat->point[i + 1 < end ? i + 1 : first];
		bool		swap = p.x > q.x || (p.x == q.x && p.y > q.y);
		flat_point	a = swap ? q : p, b = swap ? p : q;
		lattice_point a0 = {a.x, a.y, base}, a1 = {a.x, a.y, top}, b0 = {b.x, b.y, base}, b1 = {b.x, b.y, top};

		if (!soup_add(soup, a0, b0, b1, material, row) || !soup_add(soup, a0, b1, a1, material, row))
			return false;
	}
	return true;
}
