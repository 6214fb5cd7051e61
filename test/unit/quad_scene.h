/*
 * quad_scene.h: small scenes of parallelograms written down by hand, so that tests of paths do not depend on the scene builder.
 *
 * Each quad is one facet of two triangles.
 */
#ifndef RPM_QUAD_SCENE_H
#define RPM_QUAD_SCENE_H

#include <stdlib.h>
#include <string.h>

#include "rpm_trace.h"

#define QUAD_MAX 64

typedef struct quad_scene
{
	rpm_scene	scene;
	rpm_query  *query;
	rpm_vec3	vertices[4 * QUAD_MAX];
	rpm_triangle triangles[2 * QUAD_MAX];
	rpm_facet	facets[QUAD_MAX];
	uint32_t	facet_triangles[2 * QUAD_MAX];
	rpm_wedge	wedges[QUAD_MAX];
	rpm_material materials[4];
	rpm_scene_building building;
} quad_scene;

static inline void quad_scene_init(quad_scene *q)
{
	memset(q, 0, sizeof(*q));
	q->scene.vertices = q->vertices;
	q->scene.triangles = q->triangles;
	q->scene.facets = q->facets;
	q->scene.facet_triangles = q->facet_triangles;
	q->scene.wedges = q->wedges;
	q->scene.materials = q->materials;
	q->scene.buildings = &q->building;
	q->scene.building_count = 1;
	q->building.id = 4711;
}

/* Returns its index: relative permittivity and conductivity of P.2040 as constants. */
static inline int quad_material(quad_scene *q, double permittivity, double conductivity, double thickness_m)
{
	rpm_material *m = &q->materials[q->scene.material_count];

	m->a = permittivity;
	m->c = conductivity;
	m->thickness_m = thickness_m;
	m->scattering_alpha_r = m->scattering_alpha_i = 1;
	m->scattering_lambda = 1;
	return (int) q->scene.material_count++;
}

/* The parallelogram corner, corner + u, corner + u + v, corner + v; returns the facet's index. */
static inline int32_t quad_add(quad_scene *q, rpm_vec3 corner, rpm_vec3 u, rpm_vec3 v, int material, int32_t building)
{
	int32_t		f = (int32_t) q->scene.facet_count++;
	uint32_t	first = (uint32_t) q->scene.vertex_count, t = (uint32_t) q->scene.triangle_count;
	rpm_facet  *facet = &q->facets[f];
	rpm_vec3   *p = &q->vertices[first];
	rpm_vec3	n = rpm_unit(rpm_cross(u, v));

	p[0] = corner;
	p[1] = rpm_add(corner, u);
	p[2] = rpm_add(p[1], v);
	p[3] = rpm_add(corner, v);
	q->scene.vertex_count += 4;
	for (uint32_t i = 0; i < 2; i++)
	{
		rpm_triangle *triangle = &q->triangles[t + i];

		triangle->vertex[0] = first;
		triangle->vertex[1] = first + 1 + i;
		triangle->vertex[2] = first + 2 + i;
		triangle->facet = f;
		triangle->building = building;
		triangle->material = material;
		q->facet_triangles[t + i] = t + i;
	}
	q->scene.triangle_count += 2;
	if (n.z < 0 || (n.z == 0 && (n.y < 0 || (n.y == 0 && n.x < 0))))
		n = rpm_scale(n, -1);
	facet->normal = n;
	facet->offset_m = rpm_dot(n, corner);
	facet->area_m2 = rpm_norm(rpm_cross(u, v));
	facet->first_triangle = t;
	facet->triangle_count = 2;
	facet->material = material;
	facet->building = building;
	facet->low = rpm_vec(fmin(fmin(p[0].x, p[1].x), fmin(p[2].x, p[3].x)), fmin(fmin(p[0].y, p[1].y), fmin(p[2].y, p[3].y)),
						 fmin(fmin(p[0].z, p[1].z), fmin(p[2].z, p[3].z)));
	facet->high = rpm_vec(fmax(fmax(p[0].x, p[1].x), fmax(p[2].x, p[3].x)), fmax(fmax(p[0].y, p[1].y), fmax(p[2].y, p[3].y)),
						  fmax(fmax(p[0].z, p[1].z), fmax(p[2].z, p[3].z)));
	return f;
}

/* A closed box, building 0. */
static inline void quad_box(quad_scene *q, rpm_vec3 low, rpm_vec3 high, int material)
{
	rpm_vec3	x = rpm_vec(high.x - low.x, 0, 0), y = rpm_vec(0, high.y - low.y, 0), z = rpm_vec(0, 0, high.z - low.z);

	quad_add(q, low, x, y, material, 0);
	quad_add(q, low, y, z, material, 0);
	quad_add(q, low, x, z, material, 0);
	quad_add(q, rpm_add(low, z), x, y, material, 0);
	quad_add(q, rpm_add(low, x), y, z, material, 0);
	quad_add(q, rpm_add(low, y), x, z, material, 0);
}

static inline void quad_wedge(quad_scene *q, rpm_vec3 start, rpm_vec3 direction, double length_m, rpm_vec3 tangent_0, double n_pi,
							  int32_t facet_0, int32_t facet_n)
{
	rpm_wedge  *wedge = &q->wedges[q->scene.wedge_count++];

	wedge->start = start;
	wedge->direction = direction;
	wedge->length_m = length_m;
	wedge->tangent_0 = tangent_0;
	wedge->normal_0 = rpm_cross(direction, tangent_0);	/* direction = tangent_0 x normal_0 */
	wedge->n_pi = n_pi;
	wedge->facet_0 = facet_0;
	wedge->facet_n = facet_n;
	wedge->building = 0;
}

/* After the last quad; false and a message where the query cannot be built. */
static inline bool quad_scene_ready(quad_scene *q)
{
	rpm_status	status;

	rpm_status_clear(&status);
	if (rpm_query_create(&q->scene, RPM_QUERY_BEST, NULL, &q->query, &status) == RPM_OK)
		return true;
	printf("  %s\n", status.message);
	return false;
}

static inline void quad_scene_free(quad_scene *q) { rpm_query_free(q->query); }

#endif
