/*
 * facets.c: connected coplanar triangles of one building and material become one facet.
 *
 * A facet grows from the largest triangle left, over edges, as long as every vertex stays within COPLANAR_M of its plane; the plane is
 * fitted anew as it grows, so that the rounding of a small seed does not end a long wall.
 */
#include <math.h>
#include <stdlib.h>

#include "scene/build.h"

#define MAX_FITS 8

typedef struct plane { rpm_vec3 normal; double offset; } plane;

typedef struct seed { double area; uint32_t triangle; } seed;

typedef struct grower
{
	rpm_scene  *scene;
	const edge_list *edges;
	const rpm_control *control;
	size_t		edge_triangles;
	rpm_vec3   *cross;			/* per triangle: unit normal times twice the area, from whole steps of the lattice, so exact */
	uint32_t   *member;			/* triangles of the facet that grows */
	size_t		member_count;
} grower;

static rpm_code make_seeds(grower *g, seed *seeds);
static rpm_code grow_all(grower *g, const seed *seeds);
static void grow(grower *g, uint32_t triangle, int32_t facet, plane *p);
static void spread(grower *g, size_t from, int32_t facet, const plane *p);
static bool joins(const grower *g, uint32_t triangle, const plane *p);
static plane triangle_plane(const grower *g, uint32_t triangle);
static bool fit(const grower *g, plane *p);
static rpm_vec3 exact_cross(const rpm_scene *scene, uint32_t triangle);
static rpm_vec3 canonical(rpm_vec3 n);
static rpm_code number_facets(grower *g, const plane *planes, size_t count);
static rpm_code assign_numbers(grower *g, const plane *planes, int32_t *number);
static rpm_code list_triangles(const grower *g);
static void measure(const rpm_scene *scene, rpm_facet *facet, const rpm_control *control);
static int compare_seeds(const void *a, const void *b);

rpm_code scene_facets(rpm_scene *scene, const edge_list *edges, size_t edge_triangles, const rpm_control *control, rpm_status *status)
{
	grower		g = {.scene = scene, .edges = edges, .control = control, .edge_triangles = edge_triangles};
	size_t		count = scene->triangle_count;
	seed	   *seeds = malloc((count + 1) * sizeof *seeds);
	rpm_code	code = RPM_OUT_OF_MEMORY;

	g.cross = malloc((count + 1) * sizeof *g.cross);
	g.member = malloc((count + 1) * sizeof *g.member);
	if (seeds && g.cross && g.member)
		code = make_seeds(&g, seeds);
	if (code == RPM_OK)
		code = grow_all(&g, seeds);
	free(seeds);
	free(g.cross);
	free(g.member);
	return builder_ended(code, "facets", status);
}

static rpm_code make_seeds(grower *g, seed *seeds)
{
	rpm_scene  *scene = g->scene;

	for (size_t t = 0; t < scene->triangle_count; t++)
	{
		if (scene_stopped(g->control, t))
			return RPM_CANCELLED;
		g->cross[t] = exact_cross(scene, (uint32_t) t);
		seeds[t] = (seed) {rpm_norm(g->cross[t]), (uint32_t) t};
		scene->triangles[t].facet = RPM_NO_FACET;
	}
	return scene_sort(seeds, scene->triangle_count, sizeof *seeds, compare_seeds, g->control);
}

static rpm_code grow_all(grower *g, const seed *seeds)
{
	size_t		count = g->scene->triangle_count, facets = 0;
	plane	   *planes = malloc((count + 1) * sizeof *planes);
	rpm_code	code = planes ? RPM_OK : RPM_OUT_OF_MEMORY;

	for (size_t i = 0; i < count && code == RPM_OK; i++)
	{
		if (g->scene->triangles[seeds[i].triangle].facet == RPM_NO_FACET)
		{
			grow(g, seeds[i].triangle, (int32_t) facets, &planes[facets]);
			facets++;
		}
		if (rpm_stopped(g->control))
			code = RPM_CANCELLED;
	}
	if (code == RPM_OK)
		code = number_facets(g, planes, facets);
	free(planes);
	return code;
}

static void grow(grower *g, uint32_t triangle, int32_t facet, plane *p)
{
	*p = triangle_plane(g, triangle);
	g->member[0] = triangle;
	g->member_count = 1;
	g->scene->triangles[triangle].facet = facet;
	spread(g, 0, facet, p);
	for (int fits = 0; fits < MAX_FITS; fits++)
	{
		size_t		before = g->member_count;

		if (before == 1 || !fit(g, p))
			return;
		spread(g, 0, facet, p);
		if (g->member_count == before)
			return;
	}
}

/* Takes in the neighbours of members from `from` on that lie in the plane, and theirs; leaves off when stopped. */
static void spread(grower *g, size_t from, int32_t facet, const plane *p)
{
	const edge_list *e = g->edges;

	for (size_t m = from; m < g->member_count && !rpm_stopped(g->control); m++)
	{
		uint32_t	t = g->member[m];
		const rpm_triangle *own = &g->scene->triangles[t];

		/* The two of the flat ground have no edges in the list. */
		for (size_t other = g->edge_triangles; t >= g->edge_triangles && other < g->scene->triangle_count; other++)
			if (g->scene->triangles[other].facet == RPM_NO_FACET)
			{
				g->scene->triangles[other].facet = facet;
				g->member[g->member_count++] = (uint32_t) other;
			}
		if (t >= g->edge_triangles)
			continue;
		for (uint32_t i = e->triangle_start[t]; i < e->triangle_start[t + 1]; i++)
		{
			uint32_t	run = e->run_of[e->triangle_piece[i]];

			for (uint32_t j = e->run_start[run]; j < e->run_start[run + 1]; j++)
			{
				uint32_t	other = e->piece[j].triangle;
				rpm_triangle *next = &g->scene->triangles[other];

				if (next->facet != RPM_NO_FACET || next->building != own->building || next->material != own->material || !joins(g, other, p))
					continue;
				next->facet = facet;
				g->member[g->member_count++] = other;
			}
		}
	}
}

static bool joins(const grower *g, uint32_t triangle, const plane *p)
{
	const rpm_triangle *t = &g->scene->triangles[triangle];
	double		area2 = rpm_norm(g->cross[triangle]), longest = 0, sine;

	for (int k = 0; k < 3; k++)
	{
		rpm_vec3	v = g->scene->vertices[t->vertex[k]];

		if (fabs(rpm_dot(v, p->normal) - p->offset) > COPLANAR_M)
			return false;
		longest = fmax(longest, rpm_norm(rpm_sub(v, g->scene->vertices[t->vertex[(k + 1) % 3]])));
	}
	sine = rpm_norm(rpm_cross(g->cross[triangle], p->normal)) / area2;
	/* Vertices off by 2 mm turn a triangle of this height by so much. */
	return sine <= fmax(sin(COPLANAR_RAD), fmin(0.7, 2 * COPLANAR_M * longest / area2));
}

static plane triangle_plane(const grower *g, uint32_t triangle)
{
	const uint32_t *v = g->scene->triangles[triangle].vertex;
	plane		p = {.normal = canonical(rpm_unit(g->cross[triangle]))};

	p.offset = rpm_dot(p.normal, rpm_scale(rpm_add(rpm_add(g->scene->vertices[v[0]], g->scene->vertices[v[1]]), g->scene->vertices[v[2]]), 1 / 3.0));
	return p;
}

/* The area-weighted mean plane of the members; false, and p stays, when one of them would be off it, or when stopped. */
static bool fit(const grower *g, plane *p)
{
	rpm_vec3	sum = rpm_vec(0, 0, 0), centre = rpm_vec(0, 0, 0);
	double		area = 0;
	plane		mean;

	for (size_t m = 0; m < g->member_count; m++)
	{
		rpm_vec3	c = g->cross[g->member[m]];
		const uint32_t *v = g->scene->triangles[g->member[m]].vertex;
		double		weight = rpm_norm(c);

		if (scene_stopped(g->control, m))
			return false;
		sum = rpm_along(sum, rpm_dot(c, p->normal) < 0 ? -1 : 1, c);
		for (int k = 0; k < 3; k++)
			centre = rpm_along(centre, weight / 3, g->scene->vertices[v[k]]);
		area += weight;
	}
	mean.normal = canonical(rpm_unit(sum));
	mean.offset = rpm_dot(mean.normal, rpm_scale(centre, 1 / area));
	for (size_t m = 0; m < g->member_count; m++)
	{
		if (scene_stopped(g->control, m))
			return false;
		for (int k = 0; k < 3; k++)
			if (fabs(rpm_dot(mean.normal, g->scene->vertices[g->scene->triangles[g->member[m]].vertex[k]]) - mean.offset) > COPLANAR_M)
				return false;
	}
	*p = mean;
	return true;
}

/* The cross product of two edges, in m2, from whole steps: components that vanish are exactly 0. */
static rpm_vec3 exact_cross(const rpm_scene *scene, uint32_t triangle)
{
	const uint32_t *v = scene->triangles[triangle].vertex;
	rpm_vec3	p[3];

	for (int k = 0; k < 3; k++)
		p[k] = rpm_vec(nearbyint(scene->vertices[v[k]].x * LATTICE_PER_M), nearbyint(scene->vertices[v[k]].y * LATTICE_PER_M),
					   nearbyint(scene->vertices[v[k]].z * LATTICE_PER_M));
	return rpm_scale(rpm_cross(rpm_sub(p[1], p[0]), rpm_sub(p[2], p[0])), 1.0 / LATTICE_PER_M / LATTICE_PER_M);
}

/* Upward, else by the sign of y, x. */
static rpm_vec3 canonical(rpm_vec3 n)
{
	double		sign = fabs(n.z) > 1e-9 ? n.z : fabs(n.y) > 1e-9 ? n.y : n.x;

	return sign < 0 ? rpm_scale(n, -1) : n;
}

/* Facets in the order of their first triangle. */
static rpm_code number_facets(grower *g, const plane *planes, size_t count)
{
	rpm_scene  *scene = g->scene;
	int32_t    *number = malloc((count + 1) * sizeof *number);
	rpm_code	code = RPM_OUT_OF_MEMORY;

	scene->facets = calloc(count + 1, sizeof *scene->facets);
	scene->facet_triangles = malloc((scene->triangle_count + 1) * sizeof *scene->facet_triangles);
	if (number && scene->facets && scene->facet_triangles)
	{
		code = RPM_OK;
		for (size_t f = 0; f < count && code == RPM_OK; f++)
		{
			number[f] = RPM_NO_FACET;
			if (scene_stopped(g->control, f))
				code = RPM_CANCELLED;
		}
		if (code == RPM_OK)
			code = assign_numbers(g, planes, number);
		if (code == RPM_OK)
			code = list_triangles(g);
	}
	free(number);
	return code;
}

static rpm_code assign_numbers(grower *g, const plane *planes, int32_t *number)
{
	rpm_scene  *scene = g->scene;

	for (size_t t = 0; t < scene->triangle_count; t++)
	{
		rpm_triangle *triangle = &scene->triangles[t];
		int32_t    *n = &number[triangle->facet];

		if (scene_stopped(g->control, t))
			return RPM_CANCELLED;
		if (*n == RPM_NO_FACET)
		{
			rpm_facet  *f = &scene->facets[scene->facet_count];

			f->normal = planes[triangle->facet].normal;
			f->offset_m = planes[triangle->facet].offset;
			f->material = triangle->material;
			f->building = triangle->building;
			*n = (int32_t) scene->facet_count++;
		}
		triangle->facet = *n;
		scene->facets[*n].triangle_count++;
		scene->facets[*n].area_m2 += rpm_norm(g->cross[t]) / 2;
	}
	return RPM_OK;
}

/* The triangles of each facet, and its box. */
static rpm_code list_triangles(const grower *g)
{
	rpm_scene  *scene = g->scene;
	uint32_t	next = 0;

	for (size_t f = 0; f < scene->facet_count; f++)
	{
		if (scene_stopped(g->control, f))
			return RPM_CANCELLED;
		scene->facets[f].first_triangle = next;
		next += scene->facets[f].triangle_count;
		scene->facets[f].triangle_count = 0;
	}
	for (size_t t = 0; t < scene->triangle_count; t++)
	{
		rpm_facet  *f = &scene->facets[scene->triangles[t].facet];

		if (scene_stopped(g->control, t))
			return RPM_CANCELLED;
		scene->facet_triangles[f->first_triangle + f->triangle_count++] = (uint32_t) t;
	}
	for (size_t f = 0; f < scene->facet_count; f++)
	{
		if (rpm_stopped(g->control))
			return RPM_CANCELLED;
		measure(scene, &scene->facets[f], g->control);
	}
	return rpm_stopped(g->control) ? RPM_CANCELLED : RPM_OK;
}

/* The box; leaves off when stopped. */
static void measure(const rpm_scene *scene, rpm_facet *facet, const rpm_control *control)
{
	facet->low = rpm_vec(INFINITY, INFINITY, INFINITY);
	facet->high = rpm_vec(-INFINITY, -INFINITY, -INFINITY);
	for (uint32_t i = 0; i < facet->triangle_count && !scene_stopped(control, i); i++)
		for (int k = 0; k < 3; k++)
		{
			rpm_vec3	v = scene->vertices[scene->triangles[scene->facet_triangles[facet->first_triangle + i]].vertex[k]];

			facet->low = rpm_vec(fmin(facet->low.x, v.x), fmin(facet->low.y, v.y), fmin(facet->low.z, v.z));
			facet->high = rpm_vec(fmax(facet->high.x, v.x), fmax(facet->high.y, v.y), fmax(facet->high.z, v.z));
		}
}

/* The largest first, then by index. */
static int compare_seeds(const void *a, const void *b)
{
	const seed *p = a, *q = b;

	if (p->area != q->area)
		return p->area > q->area ? -1 : 1;
	return (p->triangle > q->triangle) - (p->triangle < q->triangle);
}
