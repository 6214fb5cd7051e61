/*
 * bench_steps.c: steps of the map between neighbours 0.1 m apart, over hills of several meshes and through Munich, and what stands at each.
 *
 *   build/bench/bench_steps [hills | munich [SEED]]      default: both
 *
 * A pair that differs by more than 0.5 dB is looked at again in steps of 2 mm: one of more than STEP_DB within 2 mm is a step.  A step is halved
 * to 10 um; there each ray over one edge and the corners of the band are compared on both sides.  Run from the top of the source; needs xz.
 */
#include "map_scene.h"
#include "munich_grid.h"
#include "munich_scene.h"

/* The map of the engine at any place of a job. */
#define rpm_map_points map_points_of_engine
#include "../../src/engine/trace/map_points.c"
#undef rpm_map_points
#include "../../src/engine/trace/map_diffraction.c"
#include "trace/roof_edges.h"

#define NEIGHBOUR_M 0.1
#define FINE_M 2e-3
#define FINER_M 1e-5
#define PAIR_DB 0.5
#define STEP_DB 0.25
#define RECEIVER_M 1.5
#define MUNICH_WALKS 243
#define MUNICH_PAIRS 24
#define SIGHT_EDGES_ROOFS (RPM_LINE_OF_SIGHT | RPM_DIFFRACTION | RPM_OVER_ROOFS)

typedef enum cause {RAY_AT_END, RAY_BEHIND_FACET, BAND_AT_END, BAND, SIGHT, OTHER, CAUSES} cause;

static const char *const cause_names[CAUSES] = {
	"ray over one edge: the edge, or what the antenna sees of it, ends there",
	"ray over one edge: a facet beside its way ends there",
	"band: an edge of its profile ends in the vertical plane",
	"band: corners or chain change",
	"straight or reflected ray alone",
	"other"
};

typedef struct walk { rpm_vec3 from; double dx, dy; int pairs; } walk;

typedef struct counts
{
	int			pairs, above, steps, causes[CAUSES];
	double		largest_db, cause_db[CAUSES];
} counts;

/* What rpm_trace_map is to do in the place of its points. */
typedef struct survey
{
	const walk *walks;
	int			walk_count;
	bool		explain, tell;
	counts		c;
} survey;

static survey *surveyed;

/* A job with all its mirrors and edges as candidates. */
typedef struct walker
{
	points_task task;
	rpm_map_scratch scratch;
	rpm_candidates mirrors, edges;
	cell_candidates candidates;
} walker;

static bool walker_create(rpm_map_job *job, walker *w, rpm_status *status);
static void walker_free(walker *w);
static void go(walker *w, const walk *way, survey *s);
static void look_closer(walker *w, rpm_vec3 from, rpm_vec3 to, survey *s);
static cause explain(walker *w, rpm_vec3 a, rpm_vec3 b, char *what, size_t size);
static bool ray_changes(walker *w, rpm_vec3 a, rpm_vec3 b, double difference, cause *why, char *what, size_t size);
static bool ends_here(const rpm_map_edge *edge, rpm_vec3 at);
static bool band_changes(const walker *w, rpm_vec3 a, rpm_vec3 b, cause *why, char *what, size_t size);
static bool crosses(const rpm_roofs *roofs, const rpm_profile_edge *e, rpm_vec3 to);
static double gain_db(walker *w, rpm_vec3 at);
static rpm_vec3 on_surface(const rpm_map_job *job, double x, double y);
static bool outdoors_of(walker *w, rpm_vec3 at);
static bool run(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, unsigned mechanisms, survey *s);
static void ridge(map_scene *s, double radius, double top, double mesh);
static void round_hill(map_scene *s, double top, double sigma, double mesh);
static void hills(void);
static bool munich(uint64_t seed);

int
main(int count, char **arguments)
{
	if (count < 2 || strcmp(arguments[1], "hills") == 0)
		hills();
	if (count < 2 || strcmp(arguments[1], "munich") == 0)
		return munich(count > 2 ? strtoull(arguments[2], NULL, 10) : 1) ? 0 : 1;
	return 0;
}

/* Stands for the engine's. */
rpm_code
rpm_map_points(rpm_map_job *job, rpm_status *status)
{
	walker		w = {.task = {.job = job}};
	rpm_code	code = walker_create(job, &w, status) ? RPM_OK : RPM_OUT_OF_MEMORY;

	for (int i = 0; i < surveyed->walk_count && code == RPM_OK; i++)
		go(&w, &surveyed->walks[i], surveyed);
	walker_free(&w);
	return code;
}

static bool
walker_create(rpm_map_job *job, walker *w, rpm_status *status)
{
	rpm_map_blocks *blocks = &w->task.blocks;

	if (job->mirrors_at_points && rpm_map_mirrors(job, &w->task.mirrors, &blocks->mirror_count, status) != RPM_OK)
		return false;
	if (job->exact_diffraction && rpm_map_edges(job, &w->task.edges, &blocks->edge_count, status) != RPM_OK)
		return false;
	w->mirrors = (rpm_candidates) {calloc(blocks->mirror_count + 1, sizeof(uint32_t)), blocks->mirror_count};
	w->edges = (rpm_candidates) {calloc(blocks->edge_count + 1, sizeof(uint32_t)), blocks->edge_count};
	w->scratch.direct_blocker = RPM_NO_BLOCKER;
	w->scratch.edge_blockers = malloc((blocks->edge_count + 1) * sizeof(uint32_t));
	w->scratch.mirror_blockers = malloc((blocks->mirror_count + 1) * sizeof(rpm_map_mirror_blockers));
	w->scratch.reflected = calloc(blocks->mirror_count + 1, sizeof(rpm_map_reflected));
	w->scratch.diffracted = calloc(blocks->edge_count + 1, sizeof(rpm_map_diffracted));
	for (uint32_t i = 0; i < blocks->mirror_count; i++)
	{
		w->mirrors.indices[i] = i;
		w->scratch.mirror_blockers[i] = (rpm_map_mirror_blockers) {RPM_NO_BLOCKER, RPM_NO_BLOCKER};
	}
	for (uint32_t i = 0; i < blocks->edge_count; i++)
	{
		w->edges.indices[i] = i;
		w->scratch.edge_blockers[i] = RPM_NO_BLOCKER;
	}
	w->candidates = (cell_candidates) {&w->scratch, &w->mirrors, &w->edges};
	return true;
}

static void
walker_free(walker *w)
{
	free(w->mirrors.indices);
	free(w->edges.indices);
	free(w->scratch.edge_blockers);
	free(w->scratch.mirror_blockers);
	free(w->scratch.reflected);
	free(w->scratch.diffracted);
	free(w->task.mirrors);
	free(w->task.edges);
}

static void
go(walker *w, const walk *way, survey *s)
{
	rpm_vec3	before = rpm_vec(0, 0, 0);
	double		level = NAN;

	for (int i = 0; i <= way->pairs; i++)
	{
		rpm_vec3	here = on_surface(w->task.job, way->from.x + i * NEIGHBOUR_M * way->dx, way->from.y + i * NEIGHBOUR_M * way->dy);
		double		now = outdoors_of(w, here) ? gain_db(w, here) : NAN;

		if (!isnan(now) && !isnan(level))
		{
			s->c.pairs++;
			if (fabs(now - level) > PAIR_DB)
				look_closer(w, before, here, s);
		}
		before = here;
		level = now;
	}
}

/* The steps between two neighbours; the largest counts, and is explained. */
static void
look_closer(walker *w, rpm_vec3 from, rpm_vec3 to, survey *s)
{
	int			parts = (int) lround(NEIGHBOUR_M / FINE_M);
	double		level = gain_db(w, from), most = 0;
	rpm_vec3	here = from, a = from, b = from;
	char		what[300] = "";
	cause		why;

	s->c.above++;
	for (int i = 1; i <= parts; i++)
	{
		rpm_vec3	next = on_surface(w->task.job, from.x + (to.x - from.x) * i / parts, from.y + (to.y - from.y) * i / parts);
		double		now = gain_db(w, next);

		if (fabs(now - level) > most)
		{
			most = fabs(now - level);
			a = here;
			b = next;
		}
		here = next;
		level = now;
	}
	if (!(most > STEP_DB))
		return;
	s->c.steps++;
	s->c.largest_db = fmax(s->c.largest_db, most);
	if (!s->explain)
		return;
	while (hypot(b.x - a.x, b.y - a.y) > FINER_M)
	{
		rpm_vec3	middle = on_surface(w->task.job, (a.x + b.x) / 2, (a.y + b.y) / 2);

		if (fabs(gain_db(w, middle) - gain_db(w, a)) > fabs(gain_db(w, b) - gain_db(w, middle)))
			b = middle;
		else
			a = middle;
	}
	why = explain(w, a, b, what, sizeof(what));
	s->c.causes[why]++;
	s->c.cause_db[why] = fmax(s->c.cause_db[why], most);
	if (s->tell)
		printf("  (%.3f, %.3f) %.1f to %.1f dB (%.2f): %s %s\n", a.x, a.y, gain_db(w, a), gain_db(w, b), gain_db(w, b) - gain_db(w, a), cause_names[why], what);
}

/* Which part of the map changes between two places that are all but one, and whether something ends there. */
static cause
explain(walker *w, rpm_vec3 a, rpm_vec3 b, char *what, size_t size)
{
	cause		why = OTHER;
	double		difference = pow(10, gain_db(w, b) / 10) - pow(10, gain_db(w, a) / 10);
	uint32_t	blocker = RPM_NO_BLOCKER;
	int			walls_a, walls_b;

	straight_field(w->task.job, a, &blocker, &walls_a);
	straight_field(w->task.job, b, &blocker, &walls_b);
	if (ray_changes(w, a, b, difference, &why, what, size) || band_changes(w, a, b, &why, what, size))
		return why;
	return walls_a != walls_b ? SIGHT : OTHER;
}

/* The ray over one edge that comes or goes with the largest power of those that have a tenth of the difference. */
static bool
ray_changes(walker *w, rpm_vec3 a, rpm_vec3 b, double difference, cause *why, char *what, size_t size)
{
	double		most = 0.1 * fabs(difference);
	bool		found = false;

	for (size_t i = 0; i < w->edges.count; i++)
	{
		const rpm_map_edge *edge = &w->task.edges[i];
		rpm_map_diffracted at_a, at_b;
		bool		reaches_a = rpm_map_edge_field(w->task.job, edge, a, &w->scratch.edge_blockers[i], &at_a);
		bool		reaches_b = rpm_map_edge_field(w->task.job, edge, b, &w->scratch.edge_blockers[i], &at_b);
		double		power = reaches_a ? rpm_cvec_norm2(at_a.field) : reaches_b ? rpm_cvec_norm2(at_b.field) : 0;
		const rpm_wedge *wedge = &w->task.job->scene->wedges[edge->wedge];

		if (reaches_a == reaches_b || power <= most)
			continue;
		most = power;
		found = true;
		*why = ends_here(edge, a) || ends_here(edge, b) ? RAY_AT_END : RAY_BEHIND_FACET;
		snprintf(what, size, "wedge %d of building %d, %.2f rad, %.1f dB", edge->wedge, wedge->building, wedge->n_pi, 10 * log10(power));
	}
	return found;
}

/* Whether the point of diffraction lies within 2 mm of the edge's end or of where the antenna sees it begin or end. */
static bool
ends_here(const rpm_map_edge *edge, rpm_vec3 at)
{
	double		along, away, place;

	place_at(edge, at, &along, &away);
	place = keller_point(edge, along, away);
	if (fabs(place) < FINE_M || fabs(place - edge->length_m) < FINE_M)
		return true;
	for (int i = 0; i < edge->stretch_count && edge->stretch_count <= RPM_MAP_EDGE_STRETCHES; i++)
		if (fabs(place - edge->stretch[i][0]) < FINE_M || fabs(place - edge->stretch[i][1]) < FINE_M)
			return true;
	return false;
}

/* Whether an edge of the band's profile ends in the vertical plane, else a corner of the band on one side alone. */
static bool
band_changes(const walker *w, rpm_vec3 a, rpm_vec3 b, cause *why, char *what, size_t size)
{
	const rpm_roofs *roofs = w->task.job->roofs;
	rpm_roof_question question = {a, RPM_EVERY_BUILDING, 0, INFINITY, RPM_ROOF_BEHIND};
	rpm_band	bands[2] = {{.several = 0}, {.several = 0}};

	if (roofs == NULL)
		return false;
	rpm_roof_band(roofs, &question, &bands[0]);
	question.receiver = b;
	rpm_roof_band(roofs, &question, &bands[1]);
	snprintf(what, size, "corners %d and %d, in chains of %d and %d; several %.3f and %.3f, round part %.3f and %.3f", bands[0].corner_count,
			 bands[1].corner_count, bands[0].count, bands[1].count, bands[0].several, bands[1].several, bands[0].round_part, bands[1].round_part);
	for (size_t i = 0; i < roofs->edge_count; i++)
		if (crosses(roofs, &roofs->edges[i], a) != crosses(roofs, &roofs->edges[i], b))
		{
			*why = BAND_AT_END;
			return true;
		}
	*why = BAND;
	return bands[0].corner_count != bands[1].corner_count || bands[0].count != bands[1].count;
}

/* Whether the edge crosses the vertical plane to a place, nearer than that. */
static bool
crosses(const rpm_roofs *roofs, const rpm_profile_edge *e, rpm_vec3 to)
{
	double		x = to.x - roofs->transmitter.x, y = to.y - roofs->transmitter.y, side_0 = x * e->y0 - y * e->x0, side_1 = x * e->y1 - y * e->x1;
	double		part = side_0 / (side_0 - side_1);
	double		along = (x * (e->x0 + part * (e->x1 - e->x0)) + y * (e->y0 + part * (e->y1 - e->y0))) / (x * x + y * y);

	return (side_0 < 0) != (side_1 < 0) && along > 0 && along < 1;
}

static double
gain_db(walker *w, rpm_vec3 at)
{
	uint64_t	signature;

	return 10 * log10(geometric_power(&w->task, &w->candidates, true, at, &signature));
}

static rpm_vec3
on_surface(const rpm_map_job *job, double x, double y)
{
	return rpm_vec(x, y, rpm_map_surface_z(&job->surface, x, y));
}

static bool
outdoors_of(walker *w, rpm_vec3 at)
{
	return rpm_map_outdoors(w->task.job, at);
}

static bool
run(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, unsigned mechanisms, survey *s)
{
	double		gain = 0;
	rpm_map		map = {&gain, NULL, 0, 0};
	rpm_grid	grid = {s->walks[0].from.x, s->walks[0].from.y, 1, 1, 1, 1, RECEIVER_M};
	rpm_trace_options options = map_options(mechanisms, 2, 0);
	rpm_status	status;

	options.cell_samples = 1;
	surveyed = s;
	rpm_status_clear(&status);
	if (rpm_trace_map(scene, query, antenna, &grid, &options, NULL, &map, &status) == RPM_OK)
		return true;
	printf("%s\n", status.message);
	return false;
}

/* A long ridge along y, an arc of level strips about x = 0; flat beside it. */
static void
ridge(map_scene *s, double radius, double top, double mesh)
{
	double		half = acos(1 - top / radius);
	int			faces = (int) ceil(2 * half * radius / mesh), count = 0;
	rpm_vec3	corners[60][4];

	map_scene_begin(s);
	for (int i = -1; i <= faces; i++)
	{
		double		x[2], z[2];

		for (int side = 0; side < 2; side++)
		{
			double		angle = (i + side) * 2 * half / faces - half;
			bool		beyond = i + side < 0 || i + side > faces;

			x[side] = i + side < 0 ? -3000 : i + side > faces ? 3000 : radius * sin(angle);
			z[side] = beyond ? 0 : fmax(0, radius * cos(angle) - radius + top);
		}
		for (int k = 0; k < 4; k++)
			corners[count][k] = rpm_vec(x[k == 1 || k == 2], k < 2 ? -4000 : 4000, z[k == 1 || k == 2]);
		if (++count == 60 || i == faces)
		{
			map_scene_faces(s, i + 2, 0, true, count, corners);
			count = 0;
		}
	}
	map_scene_build(s, NULL);
}

/* Triangles of a grid under a bell, 32 to a side. */
static void
round_hill(map_scene *s, double top, double sigma, double mesh)
{
	enum { SIDE = 32 };
	rpm_vec3	corners[2 * SIDE][4];

	map_scene_begin(s);
	for (int row = 0; row < SIDE; row++)
	{
		for (int i = 0; i < 2 * SIDE; i++)
			for (int k = 0; k < 4; k++)
			{
				/* The two triangles of a cell; the fourth corner is the third. */
				static const int dx[2][4] = {{0, 1, 1, 1}, {0, 1, 0, 0}}, dy[2][4] = {{0, 0, 1, 1}, {0, 1, 1, 1}};
				double		x = (i / 2 + dx[i % 2][k] - SIDE / 2) * mesh, y = (row + dy[i % 2][k] - SIDE / 2) * mesh;

				corners[i][k] = rpm_vec(x, y, top * exp(-(x * x + y * y) / (2 * sigma * sigma)));
			}
		map_scene_faces(s, row + 1, 0, true, 2 * SIDE, corners);
	}
	map_scene_build(s, NULL);
}

/* From before the crest to beyond the foot, with an antenna before the hill as high as its top, and higher. */
static void
hills(void)
{
	static const struct { double radius, top, mesh; } shapes[] = {{200, 20, 2}, {200, 20, 5}, {200, 20, 15}, {1000, 20, 5}, {1000, 20, 15}, {5000, 40, 10},
	{5000, 40, 50}, {0, 30, 10}};
	static map_scene scene;

	printf("hills: radius m, top m, mesh m, frequency MHz, antenna m; pairs, above %.1f dB, steps within 2 mm, largest dB; with first reflections\n", PAIR_DB);
	for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++)
		for (int variant = 0; variant < 4; variant++)
		{
			double		radius = shapes[k].radius, top = shapes[k].top, foot = radius > 0 ? radius * sin(acos(1 - top / radius)) : 120;
			double		height = variant % 2 == 0 ? top + 5 : 12, frequency = variant < 2 ? 3.5e9 : 0.7e9;
			walk		way;
			rpm_antenna antenna;

			if (radius > 0)
				ridge(&scene, radius, top, shapes[k].mesh);
			else
				round_hill(&scene, top, 60, shapes[k].mesh);
			antenna = map_antenna(&scene, RPM_PATTERN_ISOTROPIC, radius > 0 ? -foot - 300 : -190, radius > 0 ? 150 : 3, height);
			antenna.frequency_hz = frequency;
			way = (walk) {map_local(&scene, -foot / 2, 3, 0), 1, radius > 0 ? -0.03 : 0.1, (int) fmin((foot * 1.5 + (radius > 0 ? 200 : 60)) / NEIGHBOUR_M, 6000)};
			printf("%6.0f %4.0f %4.0f %5.0f %5.0f", radius, top, shapes[k].mesh, frequency / 1e6, height);
			for (int mirrors = 0; mirrors < 2; mirrors++)
			{
				survey		s = {.walks = &way, .walk_count = 1, .explain = true, .tell = getenv("TELL") != NULL};

				if (run(scene.scene, scene.query, &antenna, SIGHT_EDGES_ROOFS | (mirrors ? RPM_REFLECTION : 0), &s))
					printf("   %5d %4d %4d %5.2f", s.c.pairs, s.c.above, s.c.steps, s.c.largest_db);
			}
			printf("\n");
			map_scene_end(&scene);
		}
}

static bool
munich(uint64_t seed)
{
	static const struct { const char *name; unsigned mechanisms; } maps[] = {
		{"line of sight, edges, over roofs", SIGHT_EDGES_ROOFS},
		{"with first reflections", SIGHT_EDGES_ROOFS | RPM_REFLECTION},
		{"with roof_reflection", SIGHT_EDGES_ROOFS | RPM_REFLECTION | RPM_ROOF_REFLECTION},
	};
	static walk walks[MUNICH_WALKS];
	rpm_scene  *scene = munich_scene(RPM_WELD_ALL, NULL);
	rpm_query  *query = NULL;
	rpm_status	status;
	rpm_random	random = rpm_random_stream(seed, 0, 0);
	bool		good = scene != NULL;

	rpm_status_clear(&status);
	if (!good || rpm_query_create(scene, RPM_QUERY_BEST, NULL, &query, &status) != RPM_OK)
		return false;
	for (int i = 0; i < MUNICH_WALKS; i++)
	{
		double		x = WEST - scene->origin[0] + rpm_random_next(&random) * COLUMNS * CELL_M;
		double		y = NORTH - scene->origin[1] - rpm_random_next(&random) * ROWS * CELL_M, turn = 2 * RPM_PI * rpm_random_next(&random);

		walks[i] = (walk) {rpm_vec(x, y, 0), cos(turn), sin(turn), MUNICH_PAIRS};
	}
	for (size_t k = 0; k < sizeof(maps) / sizeof(maps[0]) && good; k++)
	{
		rpm_antenna antenna = {.position = rpm_vec(691704.5 - scene->origin[0], 5334744.0 - scene->origin[1], 27.0 - scene->origin[2]),
			.frequency_hz = MUNICH_FREQUENCY_HZ, .pattern = rpm_pattern_default(RPM_PATTERN_ISOTROPIC)};
		survey		s = {.walks = walks, .walk_count = MUNICH_WALKS, .explain = k == 0, .tell = getenv("TELL") != NULL};

		good = run(scene, query, &antenna, maps[k].mechanisms, &s);
		printf("Munich, %s: %d pairs, %d above %.1f dB, %d steps within 2 mm, largest %.1f dB\n", maps[k].name, s.c.pairs, s.c.above, PAIR_DB, s.c.steps,
			   s.c.largest_db);
		for (int i = 0; i < CAUSES && s.explain; i++)
			printf("  %3d, at most %4.1f dB: %s\n", s.c.causes[i], s.c.cause_db[i], cause_names[i]);
	}
	rpm_query_free(query);
	rpm_scene_free(scene);
	return good;
}
