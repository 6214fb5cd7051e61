/*
 * rpm_scene.h: a city as triangles, facets, wedges and materials.
 *
 * A scene is a value: built once from rows, never changed, shared read-only by threads.
 * All coordinates inside are local: metres east, north and up of `origin` (world coordinates of the
 * minimum corner of what was added), rounded to 1 mm, so that single precision is enough for ray queries and the same
 * city gives the same arrays wherever it stands.  Orientation of facets carries no meaning.
 */
#ifndef RPM_SCENE_H
#define RPM_SCENE_H

#include "rpm_control.h"
#include "rpm_material.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_NO_BUILDING (-1)	/* triangle.building of the ground */
#define RPM_NO_FACET (-1)

/* Three corners, counter-clockwise or not; material, facet and building by index. */
typedef struct rpm_triangle
{
	uint32_t	vertex[3];
	int32_t		facet;
	int32_t		building;		/* index into scene->buildings, RPM_NO_BUILDING for the ground */
	int32_t		material;		/* index into scene->materials */
} rpm_triangle;

/* A maximal connected set of coplanar triangles of one material: n . x = offset holds for each within 2 mm. */
typedef struct rpm_facet
{
	rpm_vec3	normal;			/* unit; upward, else by the sign of y, x: its sense carries no meaning */
	double		offset_m;
	double		area_m2;
	uint32_t	first_triangle; /* its triangles are facet_triangles[first_triangle .. +triangle_count-1] */
	uint32_t	triangle_count;
	int32_t		material;
	int32_t		building;
	rpm_vec3	low, high;		/* bounding box */
} rpm_facet;

/*
 * An edge that diffracts: two faces (or one: a free edge) whose outside angle exceeds pi.  Seen along `direction`,
 * face 0 lies at angle 0 and face n at n_pi; a point at angle phi between 0 and n_pi is outside.  tangent_0 and
 * normal_0 are unit, perpendicular to direction; phi of a point q off the edge is atan2(q . normal_0, q . tangent_0)
 * in [0, 2 pi).  direction = tangent_0 x normal_0.
 */
typedef struct rpm_wedge
{
	rpm_vec3	start;
	rpm_vec3	direction;		/* unit */
	double		length_m;
	rpm_vec3	tangent_0;		/* from the edge into face 0 */
	rpm_vec3	normal_0;		/* of face 0, to the outside */
	double		n_pi;			/* outside angle, radians: pi < n_pi <= 2 pi */
	int32_t		facet_0, facet_n;	/* facet_n == facet_0 at a free edge */
	int32_t		building;		/* of facet_0 */
} rpm_wedge;

typedef struct rpm_scene_building
{
	int64_t		id;				/* the row's key */
	uint32_t	first_triangle, triangle_count; /* scene->triangles of one building lie together */
} rpm_scene_building;

typedef enum rpm_problem_action { RPM_PROBLEM_REPAIRED = 0, RPM_PROBLEM_SKIPPED } rpm_problem_action;

/* What was wrong with a row and what was done about it. */
typedef struct rpm_scene_problem
{
	int64_t		building_id;
	int			action;			/* rpm_problem_action */
	char		problem[64];	/* a code for machines: empty_geometry, not_finite, self_intersection, unclosed_ring, sliver, ... */
	char		detail[192];	/* a sentence for people, with the place or the number */
} rpm_scene_problem;

typedef struct rpm_scene
{
	double		origin[3];		/* world = origin + local */
	size_t		vertex_count, triangle_count, facet_count, wedge_count, material_count, building_count, problem_count;
	rpm_vec3   *vertices;
	rpm_triangle *triangles;
	rpm_facet  *facets;
	uint32_t   *facet_triangles;
	rpm_wedge  *wedges;
	rpm_material *materials;
	rpm_scene_building *buildings;
	rpm_scene_problem *problems;
	rpm_vec3	low, high;		/* bounding box of everything but a flat ground */
	bool		flat_ground;	/* the ground is the plane z = ground_z_m (two large triangles) */
	double		party_wall_m;	/* as in rpm_scene_options */
	double		ground_z_m;		/* local; of a flat ground, else the lowest point of the ground surface */
	struct rpm_ground_index *ground_index;	/* private: triangles of a ground surface by place */
	size_t		bytes;			/* memory held */
} rpm_scene;

typedef struct rpm_scene_options
{
	int			ground_material;	/* index of the flat ground's material; -1: no flat ground */
	double		ground_elevation_m; /* world z of the flat ground */
	bool		free_edges;		/* edges with one face diffract, as half-planes (default false: see docs) */
	bool		strict;			/* any problem is an error that names the row */
	/* A flat ground reaches this far beyond the bounding box of the buildings and of the points given to rpm_scene_builder_reach. */
	double		ground_margin_m;	/* default 1000 */
	/* Parallel walls nearer than this count as one where a ray goes through them, the first that it meets. */
	double		party_wall_m;	/* default 0.05; 0: each counts */
} rpm_scene_options;

/* One row: a footprint (POLYGON, MULTIPOLYGON without Z, extruded from the ground to height_m) or a surface with Z. */
typedef struct rpm_building_row
{
	int64_t		id;
	const uint8_t *wkb;			/* ISO or extended WKB, either byte order: (MULTI)POLYGON, TIN, TRIANGLE, POLYHEDRALSURFACE,
								 * GEOMETRYCOLLECTION of these */
	size_t		wkb_size;
	double		height_m;		/* above ground at the lowest corner; NaN when geom is a surface */
	int			wall_material, roof_material;	/* indices; a facet of a surface within 45 degrees of level takes the roof's */
	bool		is_ground;		/* part of the ground surface (both materials equal), not a building */
	int64_t		weld_group;		/* rows of one group share vertices nearer than 1 mm, and so edges; 0 for all: the default */
} rpm_building_row;

typedef struct rpm_scene_builder rpm_scene_builder;

void		rpm_scene_options_default(rpm_scene_options *options);

/* materials are copied.  Errors: RPM_OUT_OF_MEMORY, RPM_INVALID_ARGUMENT. */
rpm_scene_builder *rpm_scene_builder_create(const rpm_scene_options *options, const rpm_material *materials,
											size_t material_count, rpm_control *control, rpm_status *status);

/* Copies and checks one row; a bad row becomes a problem (skipped or repaired), under strict an error that names it. */
rpm_code	rpm_scene_builder_add(rpm_scene_builder *builder, const rpm_building_row *row, rpm_status *status);

/* A world point (a grid's corner, an antenna) that the flat ground must reach. */
void		rpm_scene_builder_reach(rpm_scene_builder *builder, double x, double y);

/*
 * Welds, merges coplanar triangles, finds wedges; *scene is then the caller's (rpm_scene_free).  Rows may have come in any order: they
 * are sorted by id.  An empty scene (no building) is valid.  Errors: RPM_CANCELLED, RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_scene_builder_finish(rpm_scene_builder *builder, rpm_scene **scene, rpm_status *status);
void		rpm_scene_builder_free(rpm_scene_builder *builder);
void		rpm_scene_free(rpm_scene *scene);

/* Local height of the ground at a local point; of a ground surface the highest at that place, outside it its lowest. */
double		rpm_scene_ground_z(const rpm_scene *scene, double x, double y);

#ifdef __cplusplus
}
#endif
#endif
