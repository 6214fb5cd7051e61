/*
 * ground_creases.c: finds the creases of ground_creases.h.
 *
 * A smooth hill given by close heights has no wedge (an edge is one where the surface bends by more than a degree), and yet stands in the way.
 */
#include "trace/ground_creases.h"

#include "scene/build.h"
#include "scene/sort.h"

#include <stdlib.h>

/* Less than this is rounding of the facets' planes. */
#define CREASE_LEAST_RAD 1e-5

typedef struct ground_edge
{
	uint32_t	a, b;			/* a < b */
	uint32_t	triangle, opposite;
} ground_edge;

static void list_edges(const rpm_scene *scene, ground_edge *edges);
static int	compare_edges(const void *p, const void *q);
static bool bends_down(const rpm_scene *scene, const ground_edge *e, const ground_edge *f);

rpm_code
rpm_ground_creases(const rpm_scene *scene, rpm_control *control, rpm_ground_crease **creases, size_t *count, rpm_status *status)
{
	size_t		edges = 0;
	ground_edge *sorted;
	rpm_code	code;

	*creases = NULL;
	*count = 0;
	for (size_t i = 0; i < scene->triangle_count && !scene->flat_ground; i++)
		edges += scene->triangles[i].building == RPM_NO_BUILDING ? 3 : 0;
	if (edges == 0)
		return RPM_OK;
	code = rpm_reserve(control, edges * (sizeof(ground_edge) + sizeof(rpm_ground_crease) / 2), "the creases of the ground", status);
	if (code != RPM_OK)
		return code;
	sorted = malloc(edges * sizeof(ground_edge));
	*creases = malloc((edges / 2 + 1) * sizeof(rpm_ground_crease));
	if (sorted == NULL || *creases == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu edges of the ground", edges);
	else
	{
		list_edges(scene, sorted);
		code = scene_sort(sorted, edges, sizeof(ground_edge), compare_edges, control);
		if (code != RPM_OK)
			code = rpm_fail(status, code, NULL, code == RPM_CANCELLED ? "cancelled" : "no memory to sort %zu edges of the ground", edges);
	}
	for (size_t i = 0; i + 1 < edges && code == RPM_OK; i++)
		if (sorted[i].a == sorted[i + 1].a && sorted[i].b == sorted[i + 1].b)
		{
			if (bends_down(scene, &sorted[i], &sorted[i + 1]))
				(*creases)[(*count)++] = (rpm_ground_crease) {sorted[i].a, sorted[i].b};
			i++;
		}
	free(sorted);
	return code;
}

static void
list_edges(const rpm_scene *scene, ground_edge *edges)
{
	for (size_t i = 0; i < scene->triangle_count; i++)
		for (int k = 0; k < 3 && scene->triangles[i].building == RPM_NO_BUILDING; k++)
		{
			const uint32_t *v = scene->triangles[i].vertex;
			uint32_t	p = v[k], q = v[(k + 1) % 3];

			*edges++ = (ground_edge) {p < q ? p : q, p < q ? q : p, (uint32_t) i, v[(k + 2) % 3]};
		}
}

static int
compare_edges(const void *p, const void *q)
{
	const ground_edge *e = p, *f = q;

	if (e->a != f->a)
		return e->a < f->a ? -1 : 1;
	if (e->b != f->b)
		return e->b < f->b ? -1 : 1;
	return (e->triangle > f->triangle) - (e->triangle < f->triangle);
}

static bool
bends_down(const rpm_scene *scene, const ground_edge *e, const ground_edge *f)
{
	const rpm_facet *here = &scene->facets[scene->triangles[e->triangle].facet], *there = &scene->facets[scene->triangles[f->triangle].facet];
	rpm_vec3	up = here->normal.z < 0 ? rpm_scale(here->normal, -1) : here->normal;
	rpm_vec3	up_there = there->normal.z < 0 ? rpm_scale(there->normal, -1) : there->normal;
	double		angle = rpm_norm(rpm_cross(up, up_there));

	return here != there && angle > CREASE_LEAST_RAD && angle <= sin(WEDGE_RAD) && rpm_dot(up, up_there) > 0
		&& rpm_dot(up, rpm_sub(scene->vertices[f->opposite], scene->vertices[e->a])) < 0;
}
