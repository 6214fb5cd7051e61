/*
 * build.h: the stages from lattice triangles to a finished scene.
 */
#ifndef RPM_SCENE_BUILD_H
#define RPM_SCENE_BUILD_H

#include "scene/builder.h"
#include "scene/ground.h"

#define JUNCTION_M 0.0015		/* a vertex nearer to an edge lies on it; a flatter triangle is dropped */
#define COPLANAR_M 0.002		/* every vertex of a facet is this near to its plane */
#define COPLANAR_RAD 0.035		/* and every triangle's normal, beyond what 2 mm explain in a small one, within 2 degrees */
#define WEDGE_RAD 0.0174533		/* an outside angle within 1 degree of pi is no wedge */
#define GROUND_CONTACT_M 0.01	/* an edge this near to the ground, or below it, is none either */

/* A part of a triangle's edge between two neighbouring vertices on it, a < b. */
typedef struct edge_piece { uint32_t a, b, triangle; } edge_piece;

/*
 * Pieces sorted by (a, b, triangle).  A run is the set of pieces between the same two vertices: run r is
 * piece[run_start[r]] .. piece[run_start[r + 1] - 1].  Triangle t has the pieces triangle_piece[triangle_start[t]] ...
 */
typedef struct edge_list
{
	edge_piece *piece;
	size_t		count, capacity;
	uint32_t   *run_start, *run_of;
	size_t		run_count;
	uint32_t   *triangle_start, *triangle_piece;
} edge_list;

/*
 * weld.c: vertices, triangles (sorted: neither the order of rows, of triangles nor of corners matters) and buildings of the scene.
 * vertex_group (caller frees): the weld group of each vertex.
 */
rpm_code	scene_weld(rpm_scene_builder *builder, const triangle_soup *soup, rpm_scene *scene, uint32_t **vertex_group, rpm_status *status);

/* edges.c: over triangles 0 .. triangle_count - 1, edges cut where another vertex of the group lies on them. */
rpm_code	edge_list_create(const rpm_scene *scene, size_t triangle_count, const uint32_t *vertex_group, const rpm_control *control,
							 edge_list *edges, rpm_status *status);
void		edge_list_free(edge_list *edges);

/* facets.c */
rpm_code	scene_facets(rpm_scene *scene, const edge_list *edges, size_t edge_triangles, const rpm_control *control, rpm_status *status);

/* wedges.c; has_ground: edges on the ground are none. */
rpm_code	scene_wedges(rpm_scene *scene, const edge_list *edges, const inside_index *inside, bool has_ground, bool free_edges,
						 const rpm_control *control, rpm_status *status);

/* merge.c: pieces of one straight edge between the same facets become one wedge; wedges sorted by place. */
rpm_code	scene_merge_wedges(rpm_scene *scene, const uint32_t (*ends)[2], const rpm_control *control, rpm_status *status);

#endif
