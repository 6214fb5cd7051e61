/*
 * map_scene.h: small scenes for the tests of the radio map, from flat polygons with heights.
 */
#ifndef RPM_TEST_MAP_SCENE_H
#define RPM_TEST_MAP_SCENE_H

#include "rpm_em.h"
#include "rpm_trace.h"
#include "unit.h"

#define MAP_ROWS_MAX 64

/* Rows as they are described, in world coordinates; then the scene and its query. */
typedef struct map_scene
{
	rpm_material materials[4];
	size_t		material_count;
	rpm_scene_options options;
	struct { int64_t id; bool ground; int material; size_t size; uint8_t wkb[9216]; } rows[MAP_ROWS_MAX];
	int			row_count;
	rpm_scene  *scene;
	rpm_query  *query;
	rpm_status	status;
} map_scene;

static inline rpm_material map_material(double scattering)
{
	rpm_material m = {5.24, 0, 0.0462, 0.7822, 0.1, scattering, 0, RPM_SCATTERING_LAMBERTIAN, 1, 1, 1};

	return m;
}

/* An empty scene of concrete without a ground. */
static inline void map_scene_begin(map_scene *s)
{
	memset(s, 0, sizeof *s);
	rpm_scene_options_default(&s->options);
	s->options.ground_material = -1;
	s->materials[0] = map_material(0);
	s->material_count = 1;
}

static inline void map_put(uint8_t **p, const void *bytes, size_t size)
{
	memcpy(*p, bytes, size);
	*p += size;
}

/* A MULTIPOLYGON Z of `faces` polygons with four corners each. */
static inline void map_scene_faces(map_scene *s, int64_t id, int material, bool ground, int faces, rpm_vec3 (*corners)[4])
{
	uint8_t    *p = s->rows[s->row_count].wkb, little = 1;
	uint32_t	multi = 1006, polygon = 1003, count = (uint32_t) faces, rings = 1, points = 5;

	map_put(&p, &little, 1);
	map_put(&p, &multi, 4);
	map_put(&p, &count, 4);
	for (int i = 0; i < faces; i++)
	{
		map_put(&p, &little, 1);
		map_put(&p, &polygon, 4);
		map_put(&p, &rings, 4);
		map_put(&p, &points, 4);
		for (int k = 0; k < 5; k++)
			map_put(&p, &corners[i][k % 4], sizeof(rpm_vec3));
	}
	s->rows[s->row_count].id = id;
	s->rows[s->row_count].material = material;
	s->rows[s->row_count].ground = ground;
	s->rows[s->row_count].size = (size_t) (p - s->rows[s->row_count].wkb);
	s->row_count++;
}

/* One rectangle: corner a, sides u and v. */
static inline void map_scene_rectangle(map_scene *s, int64_t id, int material, rpm_vec3 a, rpm_vec3 u, rpm_vec3 v)
{
	rpm_vec3	corners[1][4] = {{a, rpm_add(a, u), rpm_add(rpm_add(a, u), v), rpm_add(a, v)}};

	map_scene_faces(s, id, material, false, 1, corners);
}

/* A closed block over four corners in plan, without a floor. */
static inline void map_scene_block(map_scene *s, int64_t id, int material, const double (*at)[2], double low_m, double high_m)
{
	rpm_vec3	corners[5][4];

	for (int i = 0; i < 4; i++)
	{
		int			k = (i + 1) % 4;

		corners[i][0] = rpm_vec(at[i][0], at[i][1], low_m);
		corners[i][1] = rpm_vec(at[k][0], at[k][1], low_m);
		corners[i][2] = rpm_vec(at[k][0], at[k][1], high_m);
		corners[i][3] = rpm_vec(at[i][0], at[i][1], high_m);
		corners[4][i] = rpm_vec(at[i][0], at[i][1], high_m);
	}
	map_scene_faces(s, id, material, false, 5, corners);
}

/* The same over a rectangle along the axes. */
static inline void map_scene_box(map_scene *s, int64_t id, int material, rpm_vec3 low, rpm_vec3 high)
{
	const double at[4][2] = {{low.x, low.y}, {high.x, low.y}, {high.x, high.y}, {low.x, high.y}};

	map_scene_block(s, id, material, at, low.z, high.z);
}

/* Builds; order[i] is the row added i-th (NULL: as described). */
static inline bool map_scene_build(map_scene *s, const int *order)
{
	rpm_scene_builder *builder;
	rpm_code	code = RPM_OK;

	rpm_status_clear(&s->status);
	builder = rpm_scene_builder_create(&s->options, s->materials, s->material_count, NULL, &s->status);
	if (builder == NULL)
		return false;
	for (int i = 0; i < s->row_count && code == RPM_OK; i++)
	{
		int			k = order ? order[i] : i;
		rpm_building_row row = {s->rows[k].id, s->rows[k].wkb, s->rows[k].size, NAN, s->rows[k].material, s->rows[k].material,
		s->rows[k].ground, 0};

		code = rpm_scene_builder_add(builder, &row, &s->status);
	}
	if (code == RPM_OK)
		code = rpm_scene_builder_finish(builder, &s->scene, &s->status);
	rpm_scene_builder_free(builder);
	if (code == RPM_OK)
		code = rpm_query_create(s->scene, RPM_QUERY_BEST, NULL, &s->query, &s->status);
	if (code != RPM_OK)
		printf("  %s\n", s->status.message);
	return code == RPM_OK;
}

static inline void map_scene_end(map_scene *s)
{
	rpm_query_free(s->query);
	rpm_scene_free(s->scene);
}

/* A world point in the scene's metres. */
static inline rpm_vec3 map_local(const map_scene *s, double x, double y, double z)
{
	return rpm_vec(x - s->scene->origin[0], y - s->scene->origin[1], z - s->scene->origin[2]);
}

/* An antenna at a world point, 3.5 GHz, vertical. */
static inline rpm_antenna map_antenna(const map_scene *s, int kind, double x, double y, double z)
{
	rpm_antenna a;

	memset(&a, 0, sizeof a);
	a.position = map_local(s, x, y, z);
	a.frequency_hz = 3.5e9;
	a.pattern = rpm_pattern_default(kind);
	return a;
}

/* A grid with its first cell centred on (x, y) in the world; receivers at z_m above local ground height 0 of a scene without ground. */
static inline rpm_grid map_grid(const map_scene *s, double x, double y, double cell, int columns, int rows, double height)
{
	rpm_vec3	p = map_local(s, x, y, 0);
	rpm_grid	g = {p.x - cell / 2, p.y + cell / 2, cell, cell, columns, rows, height};

	return g;
}

static inline rpm_trace_options map_options(unsigned mechanisms, int depth, int64_t samples)
{
	rpm_trace_options o;

	rpm_trace_options_default(&o);
	o.mechanisms = mechanisms;
	o.max_depth = depth;
	o.samples = samples;
	return o;
}

/* The map, with its checks; gains and errors are the caller's arrays. */
static inline bool map_run(map_scene *s, const rpm_antenna *antenna, const rpm_grid *grid, const rpm_trace_options *options,
						   int threads, double *gain, double *error)
{
	rpm_control control = {.threads = threads};
	rpm_map		map = {gain, error, 0, 0};

	rpm_status_clear(&s->status);
	if (rpm_trace_map(s->scene, s->query, antenna, grid, options, &control, &map, &s->status) == RPM_OK)
		return true;
	printf("  %s\n", s->status.message);
	return false;
}

static inline double map_db(double gain) { return 10 * log10(gain); }

/* The gain at one point, z above the scene's lowest, without rays. */
static inline double
map_gain_at(map_scene *s, const rpm_antenna *antenna, unsigned mechanisms, int depth, double x, double y, double z)
{
	rpm_trace_options options = map_options(mechanisms, depth, 0);
	rpm_grid	grid = map_grid(s, x, y, 0.001, 1, 1, map_local(s, 0, 0, z).z - s->scene->ground_z_m);
	double		gain = NAN;

	options.cell_samples = 1;
	CHECK(map_run(s, antenna, &grid, &options, 1, &gain, NULL));
	return gain;
}

#endif
