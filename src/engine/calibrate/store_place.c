/*
 * store_place.c: the paths of one place: the straight ray, reflections, edges, places that scatter, and the level over the roofs.
 *
 * As in a map, fields are added where an edge bounds the straight ray or a first reflection (trace/map_sum.c): group 0 is the straight
 * ray's, then one for each facet that mirrors or whose edges reach the place.
 */
#include <stdlib.h>

#include "calibrate/trace.h"
#include "rpm_path_loss.h"

#define MOST_GROUPS 250
#define SUB_POINTS 4
/* Paths this alike run over coincident facets. */
#define SAME_LENGTH_M 2e-3
#define SAME_DIRECTION 1e-5
#define ROOF_MODEL "tr38901_uma"
#define ROOF_ENVIRONMENT "nlos"
#define ROOF_NEAREST_M 10.0
#define ROOF_REFERENCE_M 300.0
#define ROOF_LOWEST_M 1.5

/* An edge whose field reaches the place. */
struct rpm_place_edge
{
	int32_t		wedge;
	rpm_wedge_rays rays;
	rpm_wedge_terms terms;
	double		s_in, s_out, power;
	double		left;			/* of the field, where the way over the roofs has the rest */
	rpm_map_diffracted shares;
};

typedef struct place_work
{
	const rpm_mast_work *mast;
	rpm_store_arena *arena;
	rpm_stored_place *place;
	rpm_vec3	point;
	rpm_paths_work paths;
	double		strongest, least_share;
	int			group_count;
	int32_t		group_facets[MOST_GROUPS];
	bool		over_roofs;		/* way: out of sight, and traced */
	double		way_share;		/* of its power: it fades in as fields of its edges fade out */
	rpm_map_roof_way way;
	rpm_path	path;
} place_work;

static rpm_map_block block_of(const rpm_mast_work *mast, size_t first, size_t last);
static rpm_vec3 place_point(const rpm_mast_work *mast, rpm_stored_place *place);
static bool straight(place_work *work);
static void reflections(place_work *work, size_t place, const rpm_place_scratch *scratch);
static bool strong_enough_at_most(const place_work *work, double power);
static bool strong_enough(place_work *work, double power);
static double most_power(const rpm_wedge_terms *terms);
static int	group_of(place_work *work, int32_t facet);
static bool already_there(const place_work *work);
static rpm_stored_path *add_path(place_work *work, int kind, rpm_vec3 departure, double length_m);
static void add_chain(place_work *work, int group);
static bool add_event(place_work *work, rpm_stored_path *path, int kind, int32_t facet, double cosine);
static void edges(place_work *work, rpm_place_scratch *scratch);
static void add_edge(place_work *work, const struct rpm_place_edge *edge);
static void fill_matrices(const struct rpm_place_edge *edge, rpm_stored_matrices *matrices);
static void share_group(place_work *work, rpm_stored_path *path, int slot, int group, double share);
static void scattered(place_work *work, size_t place, double *weights);
static void add_scattered(place_work *work, const rpm_store_patch *patch, double share);
static void over_roofs(place_work *work);

static inline void
put_vec(float *to, rpm_vec3 v)
{
	to[0] = (float) v.x;
	to[1] = (float) v.y;
	to[2] = (float) v.z;
}

bool
rpm_place_scratch_create(const rpm_mast_work *work, rpm_place_scratch *scratch)
{
	scratch->edges = malloc((work->edge_count + 1) * sizeof(struct rpm_place_edge));
	scratch->patch_weights = malloc((work->patch_count + 1) * sizeof(double));
	scratch->blockers = malloc((work->edge_count + 1) * sizeof(uint32_t));
	scratch->near_edges = malloc((work->edge_count + 1) * sizeof(uint32_t));
	scratch->near_mirrors = malloc((work->mirror_count + 1) * sizeof(uint32_t));
	if (!scratch->edges || !scratch->patch_weights || !scratch->blockers || !scratch->near_edges || !scratch->near_mirrors)
		return false;
	for (size_t i = 0; i < work->edge_count; i++)
		scratch->blockers[i] = RPM_NO_BLOCKER;
	return true;
}

void
rpm_place_scratch_free(rpm_place_scratch *scratch)
{
	free(scratch->edges);
	free(scratch->patch_weights);
	free(scratch->blockers);
	free(scratch->near_edges);
	free(scratch->near_mirrors);
}

void
rpm_place_block(const rpm_mast_work *mast, size_t first, size_t last, rpm_place_scratch *scratch)
{
	const rpm_map_mirror_blockers nothing = {RPM_NO_BLOCKER, RPM_NO_BLOCKER};
	rpm_map_block block = block_of(mast, first, last);

	scratch->near_edge_count = scratch->near_mirror_count = 0;
	for (size_t i = 0; i < mast->edge_count; i++)
		if (rpm_map_edge_reaches(&mast->job, &mast->edges[i], &block, scratch->blockers[i]))
			scratch->near_edges[scratch->near_edge_count++] = (uint32_t) i;
	for (size_t i = 0; i < mast->mirror_count; i++)
		if (rpm_map_mirror_reaches(&mast->job, &mast->mirrors[i], &block, &nothing))
			scratch->near_mirrors[scratch->near_mirror_count++] = (uint32_t) i;
}

/* The hull of all points that the cells may be looked at from. */
static rpm_map_block
block_of(const rpm_mast_work *mast, size_t first, size_t last)
{
	const rpm_map_surface *surface = &mast->job.surface;
	double		half = mast->store->input.cell_m / 2;
	rpm_vec3	low = rpm_vec(INFINITY, INFINITY, INFINITY), high = rpm_vec(-INFINITY, -INFINITY, -INFINITY), reach;
	rpm_map_block block = {.corner_count = RPM_HULL_CORNERS};

	for (size_t i = first; i < last; i++)
	{
		const rpm_stored_place *place = &mast->store->places[i];
		double		z = rpm_map_surface_z(surface, place->x_m, place->y_m);

		low = rpm_vec(fmin(low.x, place->x_m - half), fmin(low.y, place->y_m - half), fmin(low.z, z));
		high = rpm_vec(fmax(high.x, place->x_m + half), fmax(high.y, place->y_m + half), fmax(high.z, z));
	}
	if (!surface->flat)
	{
		low.z = surface->z_low;
		high.z = surface->z_high;
	}
	for (int i = 0; i < RPM_HULL_CORNERS; i++)
		block.corners[i] = rpm_vec(i & 1 ? high.x : low.x, i & 2 ? high.y : low.y, i & 4 ? high.z : low.z);
	reach = rpm_scale(rpm_sub(high, low), 0.5);
	block.centre = rpm_add(low, reach);
	block.radius = rpm_norm(reach);
	return block;
}

void
rpm_place_trace(const rpm_mast_work *mast, size_t place, rpm_place_scratch *scratch, rpm_store_arena *arena)
{
	const rpm_store_options *options = &mast->store->options;
	place_work	work = {.mast = mast, .arena = arena, .place = &mast->store->places[place], .group_count = 1,
	.way_share = 1, .least_share = pow(10, -options->weakest_db / 10)};
	bool		in_sight;
	int32_t		own;

	work.place->first_path = (uint32_t) arena->path_count;
	work.point = place_point(mast, work.place);
	work.group_facets[0] = RPM_NO_FACET;
	work.paths = (rpm_paths_work) {.scene = &mast->scene, .query = mast->store->input.query, .antenna = &mast->isotropic,
		.options = &mast->trace, .transmitter = mast->mast->position, .receiver = work.point};
	in_sight = straight(&work);
	own = work.place->indoors ? rpm_building_at(&mast->scene, mast->store->input.query, work.point) : RPM_NO_BUILDING;
	work.over_roofs = !in_sight && mast->job.roofs
		&& rpm_map_roof_way_find(&mast->job, work.point, own == RPM_NO_BUILDING ? RPM_EVERY_BUILDING : own, &work.way);
	if (!work.place->indoors)
	{
		if (options->mechanisms & RPM_REFLECTION && options->max_depth > 0)
			reflections(&work, place, scratch);
		edges(&work, scratch);
		if (mast->patch_count > 0)
			scattered(&work, place, scratch->patch_weights);
	}
	if (arena->path_count == work.place->first_path || (!in_sight && options->over_roofs == RPM_OVER_ROOFS_SHADOW))
		over_roofs(&work);
	work.place->path_count = (uint32_t) (arena->path_count - work.place->first_path);
	work.place->group_count = (uint8_t) work.group_count;
}

/* The centre of the cell, or where that is indoors the nearest of its points that is not. */
static rpm_vec3
place_point(const rpm_mast_work *mast, rpm_stored_place *place)
{
	const rpm_map_surface *surface = &mast->job.surface;
	rpm_vec3	centre = rpm_vec(place->x_m, place->y_m, rpm_map_surface_z(surface, place->x_m, place->y_m)), best = centre;
	double		cell = mast->store->input.cell_m, nearest = INFINITY;

	if (rpm_map_outdoors(&mast->job, centre))
		return centre;
	for (int k = 0; k < SUB_POINTS * SUB_POINTS; k++)
	{
		double		x = place->x_m + ((k % SUB_POINTS + 0.5) / SUB_POINTS - 0.5) * cell;
		double		y = place->y_m + ((k / SUB_POINTS + 0.5) / SUB_POINTS - 0.5) * cell;
		rpm_vec3	point = rpm_vec(x, y, rpm_map_surface_z(surface, x, y));
		double		off = hypot(x - place->x_m, y - place->y_m);

		if (off < nearest - 1e-9 && rpm_map_outdoors(&mast->job, point))
		{
			nearest = off;
			best = point;
		}
	}
	place->indoors = isinf(nearest);
	return best;
}

/* Whether the antenna is in sight. */
static bool
straight(place_work *work)
{
	unsigned	wanted = work->place->indoors ? RPM_REFRACTION : RPM_LINE_OF_SIGHT | RPM_REFRACTION;

	if (rpm_norm(rpm_sub(work->point, work->paths.transmitter)) < RPM_DEGENERATE_M || !(work->paths.options->mechanisms & wanted)
		|| !rpm_paths_solve_chain(&work->paths, NULL, 0, &work->path))
		return false;
	add_chain(work, work->path.interaction_count == 0 ? 0 : -1);
	return work->path.interaction_count == 0;
}

static void
reflections(place_work *work, size_t place, const rpm_place_scratch *scratch)
{
	const rpm_mast_work *mast = work->mast;
	size_t		index = place - mast->first_place;

	for (size_t i = 0; i < scratch->near_mirror_count; i++)
	{
		int32_t		facet = mast->mirrors[scratch->near_mirrors[i]].facet;

		if (rpm_paths_solve_chain(&work->paths, &facet, 1, &work->path))
			add_chain(work, work->path.interaction_count == 1 ? group_of(work, facet) : -1);
	}
	for (size_t i = mast->chain_order ? mast->chains_of_place[index] : 0; mast->chain_order && i < mast->chains_of_place[index + 1]; i++)
	{
		int			length;
		const int32_t *chain = rpm_chain_at(&mast->chains, mast->chain_order[i], &length);

		if (rpm_paths_solve_chain(&work->paths, chain + 1, length - 1, &work->path))
			add_chain(work, -1);
	}
}

static bool
strong_enough_at_most(const place_work *work, double power)
{
	return power > 0 && power >= work->least_share * work->strongest;
}

static bool
strong_enough(place_work *work, double power)
{
	if (!strong_enough_at_most(work, power))
		return false;
	work->strongest = fmax(work->strongest, power);
	return true;
}

/* The group of a facet's reflection; -1 when there are too many. */
static int
group_of(place_work *work, int32_t facet)
{
	for (int g = 1; g < work->group_count; g++)
		if (work->group_facets[g] == facet)
			return g;
	if (work->group_count == MOST_GROUPS)
		return -1;
	work->group_facets[work->group_count] = facet;
	return work->group_count++;
}

/* Whether the same path was found over another facet in the same plane. */
static bool
already_there(const place_work *work)
{
	const rpm_path *path = &work->path;

	for (size_t i = work->place->first_path; i < work->arena->path_count; i++)
	{
		const rpm_stored_path *other = &work->arena->paths[i];

		if (other->kind == RPM_STORED_CHAIN && other->event_count == path->interaction_count
			&& fabs(other->length_m - path->length_m) < SAME_LENGTH_M && fabs(other->departure[0] - path->departure.x) < SAME_DIRECTION
			&& fabs(other->departure[1] - path->departure.y) < SAME_DIRECTION && fabs(other->departure[2] - path->departure.z) < SAME_DIRECTION)
			return true;
	}
	return false;
}

static rpm_stored_path *
add_path(place_work *work, int kind, rpm_vec3 departure, double length_m)
{
	rpm_stored_path *path = rpm_arena_path(work->arena);

	if (path == NULL)
		return NULL;
	path->kind = (uint8_t) kind;
	path->length_m = (float) length_m;
	path->first_event = (uint32_t) work->arena->event_count;
	put_vec(path->departure, departure);
	return path;
}

/* work->path; group -1: its power stands alone. */
static void
add_chain(place_work *work, int group)
{
	const rpm_path *path = &work->path;
	double		wavelength_m = work->mast->mast->wavelength_m;
	rpm_vec3	k = path->departure, u = rpm_any_perpendicular(k), p;
	rpm_complex factor;
	rpm_stored_path *stored;

	if (already_there(work) || !strong_enough(work, rpm_path_total_gain(path)))
		return;
	stored = add_path(work, RPM_STORED_CHAIN, k, path->length_m);
	if (stored == NULL)
		return;
	put_vec(stored->in_u, u);
	for (int i = 0; i < path->interaction_count; i++)
	{
		const rpm_interaction *hit = &path->interactions[i];
		rpm_vec3	normal = work->mast->scene.facets[hit->facet].normal, next = rpm_te_axis(k, normal);
		bool		through = hit->kind == RPM_INTERACTION_REFRACTION;
		rpm_stored_event *event;

		p = rpm_cross(u, k);
		if (!add_event(work, stored, through ? RPM_EVENT_TRANSMISSION : RPM_EVENT_REFLECTION, hit->facet, fabs(rpm_dot(k, normal))))
			return;
		event = &work->arena->events[work->arena->event_count - 1];
		event->turn_cos = (float) rpm_dot(next, u);
		event->turn_sin = (float) rpm_dot(next, p);
		u = next;
		if (!through)
			k = rpm_mirror_direction(k, normal);
	}
	put_vec(stored->out_u, u);
	put_vec(stored->out_p, rpm_cross(u, k));
	factor = rpm_cx_scale(rpm_cx_phase(-2 * RPM_PI * fmod(path->length_m / wavelength_m, 1)), wavelength_m / (4 * RPM_PI * path->length_m));
	stored->factor[0] = (float) factor.re;
	stored->factor[1] = (float) factor.im;
	if (group < 0)
		stored->alone = 1;
	else
		share_group(work, stored, 0, group, 1);
}

/* One more event of the path that was added last. */
static bool
add_event(place_work *work, rpm_stored_path *path, int kind, int32_t facet, double cosine)
{
	rpm_stored_event *event = rpm_arena_event(work->arena);

	if (event == NULL)
		return false;
	event->kind = (uint8_t) kind;
	event->material = work->mast->scene.facets[facet].material;
	event->building = work->mast->scene.facets[facet].building;
	event->cosine = (float) fmin(1, cosine);
	event->turn_cos = 1;
	path->event_count++;
	return true;
}

static void
edges(place_work *work, rpm_place_scratch *scratch)
{
	const rpm_mast_work *mast = work->mast;
	const rpm_map_job *job = &mast->job;
	size_t		count = 0;

	for (size_t k = 0; k < scratch->near_edge_count; k++)
	{
		uint32_t	i = scratch->near_edges[k];
		struct rpm_place_edge *edge = &scratch->edges[count];
		const rpm_wedge *wedge = &mast->scene.wedges[mast->edges[i].wedge];
		const rpm_coefficient_table *tables = job->tables;
		rpm_diffraction d;

		if (!rpm_map_edge_rays(job, &mast->edges[i], work->point, &scratch->blockers[i], &edge->rays, &edge->s_in, &edge->s_out))
			continue;
		edge->terms = rpm_wedge_terms_of(&edge->rays, edge->s_in, edge->s_out, job->wavelength_m);
		if (!strong_enough_at_most(work, most_power(&edge->terms) * job->spreading2))
			continue;
		d = rpm_wedge_field_by(&edge->rays, &edge->terms, rpm_antenna_field(&mast->isotropic, edge->rays.k_in),
							   rpm_coefficient_lookup(&tables[mast->scene.facets[wedge->facet_0].material], edge->rays.cos_incidence_0),
							   rpm_coefficient_lookup(&tables[mast->scene.facets[wedge->facet_n].material], edge->rays.cos_incidence_n));
		edge->wedge = mast->edges[i].wedge;
		edge->left = work->over_roofs ? rpm_map_roof_way_leaves(job, &work->way, edge->wedge, &work->way_share) : 1;
		edge->power = rpm_cvec_norm2(rpm_diffraction_total(&d)) * job->spreading2 * edge->left * edge->left;
		rpm_map_edge_shares(&d, &edge->shares);
		work->strongest = fmax(work->strongest, edge->power);
		count++;
	}
	for (size_t i = 0; i < count; i++)
		if (strong_enough(work, scratch->edges[i].power))
			add_edge(work, &scratch->edges[i]);
}

/* No coefficient of a face is above 1. */
static double
most_power(const rpm_wedge_terms *terms)
{
	double		amplitude = sqrt(rpm_cx_norm2(terms->incident)) + sqrt(rpm_cx_norm2(terms->face_0)) + sqrt(rpm_cx_norm2(terms->face_n));

	return amplitude * amplitude;
}

static void
add_edge(place_work *work, const struct rpm_place_edge *edge)
{
	const rpm_mast_work *mast = work->mast;
	const rpm_wedge *wedge = &mast->scene.wedges[edge->wedge];
	const rpm_map_diffracted *shares = &edge->shares;
	rpm_stored_path *path = add_path(work, RPM_STORED_EDGE, edge->rays.k_in, edge->s_in + edge->s_out);
	rpm_stored_matrices *matrices = path ? rpm_arena_matrices(work->arena) : NULL;
	rpm_vec3	u, p;
	rpm_complex factor;

	if (matrices == NULL || !add_event(work, path, RPM_EVENT_FACE, wedge->facet_0, edge->rays.cos_incidence_0)
		|| !add_event(work, path, RPM_EVENT_FACE, wedge->facet_n, edge->rays.cos_incidence_n))
		return;
	path->matrix = (uint32_t) (work->arena->matrix_count - 1);
	fill_matrices(edge, matrices);
	rpm_edge_basis(edge->rays.edge, edge->rays.k_in, &u, &p);
	put_vec(path->in_u, u);
	rpm_edge_basis(edge->rays.edge, edge->rays.k_out, &u, &p);
	put_vec(path->out_u, u);
	put_vec(path->out_p, p);
	factor = rpm_cx_scale(rpm_cx_phase(-mast->job.wave_number * (edge->s_in + edge->s_out)), edge->left * sqrt(mast->job.spreading2));
	path->factor[0] = (float) factor.re;
	path->factor[1] = (float) factor.im;
	path->alone = (float) fmax(0, 1 - shares->direct * shares->direct - shares->face_0 * shares->face_0 - shares->face_n * shares->face_n);
	share_group(work, path, 0, 0, shares->direct);
	if (shares->face_0 > 0)
		share_group(work, path, 1, group_of(work, wedge->facet_0), shares->face_0);
	if (shares->face_n > 0)
		share_group(work, path, 2, group_of(work, wedge->facet_n), shares->face_n);
}

/* The field is linear in the faces' coefficients: each alone, and 1. */
static void
fill_matrices(const struct rpm_place_edge *edge, rpm_stored_matrices *matrices)
{
	const rpm_interface only_te = {.r_te = {1, 0}}, only_tm = {.r_tm = {1, 0}};
	rpm_vec3	in[2], out[2];

	rpm_edge_basis(edge->rays.edge, edge->rays.k_in, &in[0], &in[1]);
	rpm_edge_basis(edge->rays.edge, edge->rays.k_out, &out[0], &out[1]);
	for (int i = 0; i < 2; i++)
	{
		rpm_cvec3	e = rpm_cvec(in[i], rpm_cx(1, 0));
		rpm_diffraction te = rpm_wedge_field_by(&edge->rays, &edge->terms, e, only_te, only_te);
		rpm_diffraction tm = rpm_wedge_field_by(&edge->rays, &edge->terms, e, only_tm, only_tm);
		const rpm_cvec3 parts[RPM_STORE_MATRICES] = {te.incident_part, te.reflected_part_0, tm.reflected_part_0, te.reflected_part_n,
		tm.reflected_part_n};

		for (int m = 0; m < RPM_STORE_MATRICES; m++)
			for (int o = 0; o < 2; o++)
			{
				rpm_complex entry = rpm_cvec_dot(parts[m], out[o]);

				matrices->m[m][o][i][0] = (float) entry.re;
				matrices->m[m][o][i][1] = (float) entry.im;
			}
	}
}

/* A group that there was no room for leaves the share's power to stand alone. */
static void
share_group(place_work *work, rpm_stored_path *path, int slot, int group, double share)
{
	(void) work;
	if (group < 0)
		path->alone += (float) (share * share);
	else
	{
		path->group[slot] = (uint8_t) group;
		path->share[slot] = (float) share;
	}
}

/*
 * Diffuse power of one bounce: of the patches that face the place, some are drawn with a probability in proportion to what they would
 * send were they alike (solid angle, cosine, distance), and count for those that were not.
 */
static void
scattered(place_work *work, size_t place, double *weights)
{
	const rpm_mast_work *mast = work->mast;
	int			points = mast->store->options.scatter_points;
	rpm_random	random = rpm_random_stream(mast->store->options.seed, 1, place);
	double		total = 0, next, sum = 0, step;

	for (size_t i = 0; i < mast->patch_count; i++)
	{
		const rpm_store_patch *patch = &mast->patches[i];
		rpm_vec3	way = rpm_sub(work->point, patch->point);
		double		height = rpm_dot(way, patch->normal), square = rpm_dot(way, way);

		weights[i] = height > RPM_LEG_END_M ? patch->solid_angle * height / (square * sqrt(square)) : 0;
		total += weights[i];
	}
	if (!(total > 0))
		return;
	step = total / points;
	next = step * rpm_random_next(&random);
	for (size_t i = 0; i < mast->patch_count; i++)
	{
		int			drawn = 0;

		for (sum += weights[i]; next < sum; next += step)
			drawn++;
		if (drawn > 0)
			add_scattered(work, &mast->patches[i], drawn * step / weights[i]);
	}
}

static void
add_scattered(place_work *work, const rpm_store_patch *patch, double share)
{
	const rpm_mast_work *mast = work->mast;
	const rpm_material *material = &mast->scene.materials[mast->scene.facets[patch->facet].material];
	double		frequency_hz = mast->mast->frequency_hz, distance = rpm_norm(rpm_sub(work->point, patch->point));
	rpm_vec3	k_out = rpm_scale(rpm_sub(work->point, patch->point), 1 / distance), u = rpm_te_axis(patch->k_in, patch->normal);
	double		cosine = fmin(1, fabs(rpm_dot(patch->k_in, patch->normal)));
	double		lobe = rpm_scattering_lobe(material, patch->k_in, k_out, patch->normal) * patch->solid_angle * share;
	double		factor = mast->mast->wavelength_m / (4 * RPM_PI * distance);
	rpm_cvec3	e = rpm_antenna_field(&mast->isotropic, patch->k_in);
	rpm_interface wall = rpm_wall(material, frequency_hz, cosine);
	double		s = material->scattering_coefficient, reflected = rpm_cvec_norm2(rpm_reflect_field(e, patch->k_in, patch->normal, wall));
	rpm_stored_path *path;

	if (!rpm_leg_clear(&mast->scene, mast->store->input.query, patch->point, rpm_map_leg_end(work->point, k_out), &patch->facet, 1)
		|| !strong_enough(work, s * s * reflected * lobe * factor * factor))
		return;
	path = add_path(work, RPM_STORED_CHAIN, patch->k_in, patch->distance_m + distance);
	if (path == NULL || !add_event(work, path, RPM_EVENT_SCATTERING, patch->facet, cosine))
		return;
	work->arena->events[work->arena->event_count - 1].lobe = (float) lobe;
	put_vec(path->in_u, u);
	put_vec(path->out_u, u);
	put_vec(path->out_p, rpm_cross(u, patch->k_in));
	path->factor[0] = (float) factor;
	path->alone = 1;
}

/*
 * The level over the roofs: an empirical loss out of sight, sent towards the place; and how far the traced way lies above it, which leaves
 * towards its first corner.
 */
static void
over_roofs(place_work *work)
{
	const rpm_mast_work *mast = work->mast;
	rpm_vec3	from = mast->mast->position, way = rpm_sub(work->point, from), departure;
	double		distance = fmax(ROOF_NEAREST_M, hypot(way.x, way.y));
	double		height = fmax(ROOF_LOWEST_M, from.z - rpm_scene_ground_z(&mast->scene, from.x, from.y));
	rpm_path_loss_link link = rpm_path_loss_link_of(distance, mast->mast->frequency_hz / 1e6, height,
													fmax(ROOF_LOWEST_M, mast->store->input.receiver_height_m));
	const rpm_path_loss_model *model;
	rpm_path_loss_value value;
	rpm_status	status;
	rpm_stored_path *path;

	rpm_status_clear(&status);
	if (rpm_path_loss_find(ROOF_MODEL, ROOF_ENVIRONMENT, &model, &status) != RPM_OK || rpm_path_loss(model, &link, &value, &status) != RPM_OK)
		return;
	departure = work->over_roofs ? work->way.departure : rpm_unit(way);
	path = add_path(work, RPM_STORED_ROOF, departure, rpm_norm(way));
	if (path == NULL)
		return;
	put_vec(path->in_u, rpm_any_perpendicular(departure));
	path->factor[0] = (float) pow(10, -value.loss_db / 10);
	path->decades = (float) log10(distance / ROOF_REFERENCE_M);
	if (work->over_roofs)
		path->traced_db = (float) (10 * log10(work->way_share * work->way.band_power + work->way.bound_power) + value.loss_db);
}
