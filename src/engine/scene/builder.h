/*
 * builder.h: what the files of the scene room share: rows, problems, and triangles on a lattice.
 */
#ifndef RPM_SCENE_BUILDER_H
#define RPM_SCENE_BUILDER_H

#include <math.h>

#include "scene/poll.h"
#include "scene/polygons.h"
#include "scene/sort.h"

#define GROUND_ROW (-1)

/*
 * Steps of the lattice in a metre.  Facets as small as 0.3 m mirror over hundreds of metres: 0.1 mm turns their light by a few
 * centimetres there, where a millimetre would move it by metres.
 */
#define LATTICE_PER_M 10000
/* Corners this many steps apart in each of x, y and z, or nearer, are one vertex: 1 mm. */
#define WELD_STEPS (LATTICE_PER_M / 1000)

/* A corner in steps from the scene's origin: everything that decides topology is decided on these. */
typedef struct lattice_point { int64_t x, y, z; } lattice_point;

typedef struct lattice_triangle
{
	lattice_point corner[3];
	int32_t		material;
	int32_t		row;			/* index into the builder's sorted rows */
} lattice_triangle;

typedef struct triangle_soup
{
	lattice_triangle *triangle;
	size_t		count, capacity;
} triangle_soup;

typedef struct scene_row
{
	int64_t		id;
	double		height_m;
	int			wall_material, roof_material;
	bool		is_ground;
	int64_t		weld_group;
	size_t		serial;			/* order of arrival */
	polygon_set polygons;		/* in the builder's row_store */
} scene_row;

struct rpm_scene_builder
{
	rpm_scene_options options;
	rpm_material *materials;
	size_t		material_count;
	rpm_control *control;
	scene_row  *rows;
	size_t		row_count, row_capacity;
	polygon_set reading;		/* the row that is read, before it is packed */
	polygon_store row_store;
	rpm_scene_problem *problems;
	size_t		problem_count, problem_capacity;
	bool		reached;		/* rpm_scene_builder_reach was called */
	double		reach_low[2], reach_high[2];
	double		origin[3];
	bool		finished;
};

/* Records a problem of a row; under strict it is an error that names the row. */
rpm_code	builder_problem(rpm_scene_builder *builder, int64_t id, rpm_problem_action action, const char *problem,
							rpm_status *status, const char *detail, ...) __attribute__((format(printf, 6, 7)));

/* The failure of an allocation of `what`. */
rpm_code	builder_no_memory(rpm_status *status, const char *what);

/* The end of a stage that makes `what`: sets the status of RPM_OUT_OF_MEMORY and RPM_CANCELLED; returns code. */
rpm_code	builder_ended(rpm_code code, const char *what, rpm_status *status);

/* Appends a triangle; false when memory is out. */
bool		soup_add(triangle_soup *soup, lattice_point a, lattice_point b, lattice_point c, int32_t material, int32_t row);

/* The triangles of a row with Z (surface.c), and of a footprint over the local height of its base in steps (footprint.c). */
rpm_code	surface_triangles(rpm_scene_builder *builder, int32_t row, triangle_soup *soup, rpm_status *status);
rpm_code	footprint_triangles(rpm_scene_builder *builder, int32_t row, int64_t base, triangle_soup *soup, rpm_status *status);

lattice_point builder_lattice(const rpm_scene_builder *builder, const double world[3]);

static inline int64_t lattice_steps(double metres) { return llround(metres * LATTICE_PER_M); }
static inline double lattice_metres(int64_t steps) { return (double) steps / LATTICE_PER_M; }

#endif
