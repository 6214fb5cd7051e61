/*
 * map_chain_networks.c: chains of mirrors near those that rays have found, and what a chain counts by the probability that its network is
 * found; see map_chains.h.
 *
 * A chain's neighbours are: with one facet replaced by one that touches it (both upright, or neither); with one facet more that its own
 * last leg meets on the way to points of a cell, or behind; and, so that this holds both ways, with the last facet less where the light of what is left
 * meets that.  Chains of one or two mirrors that the antenna sees are certain.  What is connected by neighbours is a network.  Which one a chain
 * belongs to does not depend on the rays, and is found as a whole from any of its chains: so it counts 1 / p, with p the probability that
 * a ray finds any of them, 1 where one of them is certain (adaptive cluster sampling: S. K. Thompson, J. Am. Stat. Assoc. 85, 1990).  Small
 * mirrors are found by what is beside them.
 */
#include "trace/map_chain_piece.h"
#include "trace/touching_facets.h"

#include <stdlib.h>
#include <string.h>

/* A chain that adds less than this to every cell it lights has no neighbours. */
#define WORTH_MIN 1e-3
/*
 * So many chains are looked at, and so many more for each ray beyond as many: below that what is fixed in them costs more than it saves.  Where that
 * is not enough, networks are left alone and each chain counts by itself.
 */
#define LOOKS_MIN 10000
#define LOOKS_PER_RAY 2
/* Mirrors are tried in pairs where so many rays are launched for each mirror that is seen, for the same reason. */
#define RAYS_PER_MIRROR 10
#define CHAINS_PER_PIECE 4
/* Fewer are not worth a device's while. */
#define CHAINS_FOR_DEVICE 32
/* Triangles of a facet whose middles are looked at. */
#define MIDDLES_MAX 8
#define SURFACE_OFFSET_M 1e-3
/* Mirrors are tried in pairs where no more of them are seen: 25 million pairs in 0.3 s. */
#define PAIRED_MOST 5000

typedef struct edge { uint32_t from, to; } edge;

/* From the antenna's image in a facet through a ball around this. */
typedef struct beam
{
	int32_t		facet;
	double		side;			/* 1 or -1: on which the antenna is */
	rpm_vec3	image, axis;	/* of the antenna in the mirror, and from there to the middle */
	rpm_vec3	middle;			/* of the ball around the mirror */
	double		radius;
	double		cosine, sine;	/* of the angle between the axis and the ball's rim */
} beam;

typedef struct networks_task
{
	const rpm_chain_target *target;
	rpm_chain_room *rooms;
	rpm_touching_facets touching;
	beam	   *beams;			/* of the facets that the antenna sees */
	size_t		beam_count;
	rpm_chain_set set;			/* certain chains, then others that rays have found, then their neighbours */
	size_t		certain_count, found_count;
	uint8_t    *by_rays;		/* of the first found_count: found by rays or seen, not by beams alone */
	rpm_chain_light **lights;	/* of each chain in the set, up to `looked_at` */
	size_t		lights_capacity, looked_at, looking_from;
	edge	   *edges;
	size_t		edge_count, edge_capacity;
	uint32_t   *network;		/* chains: the first chain of its network, by way of others */
	volatile int failure;		/* rpm_code of a thread */
} networks_task;

/* One chain with one facet to be replaced. */
typedef struct replacement
{
	networks_task *task;
	size_t		from;
	int32_t		facets[RPM_MAX_DEPTH + 1];
	int			length, at;
} replacement;

static rpm_code begin(networks_task *task, const rpm_chain_list *found, rpm_status *status);
static void add_pairs(networks_task *task);
static rpm_vec3 middle_of(const rpm_scene *scene, int32_t facet, uint32_t triangle);
static bool mirrored(const rpm_map_job *job, const beam *b, rpm_vec3 at, int32_t *next);
static bool meets_middle(const rpm_map_job *job, const beam *b, int32_t facet);
static int32_t first_met(const rpm_map_job *job, rpm_vec3 from, rpm_vec3 way);
static bool beam_meets(const rpm_map_job *job, const beam *b, const beam *other);
static beam beam_of(const rpm_map_job *job, int32_t facet);
static rpm_code grow(networks_task *task, bool *connected, rpm_status *status);
static rpm_code look_up_to(networks_task *task, size_t end, rpm_status *status);
static rpm_code room_for_lights(networks_task *task, size_t count, rpm_status *status);
static void look_range(void *context, int64_t begin, int64_t end, int thread);
static rpm_chain_question question_of(void *context, size_t index);
static bool spreads(const networks_task *task, size_t chain);
static void spread(networks_task *task, size_t chain);
static void add_replaced(void *context, int32_t facet);
static void add_neighbour(networks_task *task, size_t from, const int32_t *facets, int length);
static rpm_code join(networks_task *task, bool connected, rpm_status *status);
static uint32_t first_of(uint32_t *network, uint32_t chain);
static rpm_code add_networks(networks_task *task, double *variance, rpm_status *status);
static void add_network(networks_task *task, const uint32_t *next, uint32_t chain, double probability, double *variance);

rpm_code
rpm_map_chain_networks(const rpm_chain_target *target, const rpm_chain_list *found, rpm_chain_room *rooms, double *variance, rpm_status *status)
{
	networks_task task = {.target = target, .rooms = rooms};
	bool		connected = true;
	rpm_code	code = begin(&task, found, status);

	if (code == RPM_OK)
		code = grow(&task, &connected, status);
	if (code == RPM_OK)
		code = join(&task, connected, status);
	if (code == RPM_OK)
		code = add_networks(&task, variance, status);
	for (size_t i = 0; i < task.looked_at; i++)
		rpm_map_chain_light_free(target, task.lights[i]);
	if (target->bytes_left != NULL)
		__atomic_add_fetch(target->bytes_left, (int64_t) (task.edge_capacity * sizeof(edge)), __ATOMIC_RELAXED);
	rpm_chain_set_free(&task.set);
	rpm_touching_facets_free(&task.touching);
	free(task.by_rays);
	free(task.beams);
	free(task.lights);
	free(task.edges);
	free(task.network);
	return code;
}

/* Certain chains: of one mirror that the antenna sees, and of two; then those that rays have found. */
static rpm_code
begin(networks_task *task, const rpm_chain_list *found, rpm_status *status)
{
	const rpm_map_job *job = task->target->job;
	rpm_code	code = rpm_touching_facets_create(job->scene, job->control, &task->touching, status);

	rpm_chain_set_init(&task->set, task->target->bytes_left);
	if (code == RPM_OK)
		code = rpm_reserve(job->control, job->visible.facet_count * sizeof(beam), "the beams of mirrors", status);
	if (code == RPM_OK)
		task->beams = malloc((job->visible.facet_count + 1) * sizeof(beam));
	if (code == RPM_OK && task->beams == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the beams of %zu mirrors", job->visible.facet_count);
	if (code != RPM_OK)
		return code;
	for (size_t i = 0; i < job->visible.facet_count; i++)
		task->beams[task->beam_count++] = beam_of(job, job->visible.facets[i]);
	for (size_t i = 0; i < found->count; i++)
	{
		int			length;
		const int32_t *facets = rpm_chain_at(found->set, found->order[i], &length);

		if (i == found->certain_count)
			add_pairs(task);
		rpm_chain_set_add(&task->set, facets, length);
	}
	if (found->count == found->certain_count)
		add_pairs(task);
	task->found_count = task->set.count;
	task->by_rays = calloc(task->found_count + 1, 1);
	if (task->by_rays == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu chains of mirrors", task->found_count);
	for (size_t i = 0; i < found->count && !task->set.failed; i++)
	{
		int			length;
		const int32_t *facets = rpm_chain_at(found->set, found->order[i], &length);

		task->by_rays[rpm_chain_set_add(&task->set, facets, length)] = true;
	}
	return rpm_chain_set_check(&task->set, job->control, status);
}

/* Chains of two mirrors of which one is met by way of the middle of the other, or of a triangle of it. */
static void
add_pairs(networks_task *task)
{
	const rpm_map_job *job = task->target->job;
	bool		tries = job->options->max_depth > 1 && job->chain_samples >= RAYS_PER_MIRROR * (int64_t) task->beam_count;

	for (size_t i = 0; i < task->beam_count && tries && !rpm_stopped(job->control); i++)
	{
		const beam *b = &task->beams[i];
		int32_t		pair[2] = {b->facet};

		for (uint32_t k = 0; k < MIDDLES_MAX && k < job->scene->facets[b->facet].triangle_count; k++)
			if (mirrored(job, b, middle_of(job->scene, b->facet, k), &pair[1]))
				rpm_chain_set_add(&task->set, pair, 2);
		for (size_t k = 0; k < task->beam_count && task->beam_count <= PAIRED_MOST; k++)
			if (k != i && beam_meets(job, b, &task->beams[k]) && meets_middle(job, b, task->beams[k].facet))
			{
				pair[1] = task->beams[k].facet;
				rpm_chain_set_add(&task->set, pair, 2);
			}
	}
	task->certain_count = task->set.count;
}

static rpm_vec3
middle_of(const rpm_scene *scene, int32_t facet, uint32_t triangle)
{
	const uint32_t *vertex = scene->triangles[scene->facet_triangles[scene->facets[facet].first_triangle + triangle]].vertex;

	return rpm_scale(rpm_add(rpm_add(scene->vertices[vertex[0]], scene->vertices[vertex[1]]), scene->vertices[vertex[2]]), 1.0 / 3);
}

/* What the antenna's ray to a point of the mirror meets after it; false where it does not come to the mirror or meets nothing. */
static bool
mirrored(const rpm_map_job *job, const beam *b, rpm_vec3 at, int32_t *next)
{
	rpm_vec3	normal = job->scene->facets[b->facet].normal, way = rpm_unit(rpm_sub(at, job->antenna->position));

	if (first_met(job, job->antenna->position, way) != b->facet)
		return false;
	*next = first_met(job, rpm_along(at, b->side * SURFACE_OFFSET_M, normal), rpm_mirror_direction(way, normal));
	return *next != RPM_NO_FACET && *next != b->facet;
}

/* Whether the antenna's ray comes over the mirror to the middle of a facet, on its first triangle. */
static bool
meets_middle(const rpm_map_job *job, const beam *b, int32_t facet)
{
	const rpm_facet *mirror = &job->scene->facets[b->facet];
	rpm_vec3	to = middle_of(job->scene, facet, 0), at;
	double		height = b->side * (rpm_dot(mirror->normal, to) - mirror->offset_m);
	double		own = -b->side * (rpm_dot(mirror->normal, b->image) - mirror->offset_m);
	int32_t		next;

	at = rpm_along(b->image, own / (own + height), rpm_sub(to, b->image));
	if (!(height > 0) || at.x < mirror->low.x - SURFACE_OFFSET_M || at.x > mirror->high.x + SURFACE_OFFSET_M
		|| at.y < mirror->low.y - SURFACE_OFFSET_M || at.y > mirror->high.y + SURFACE_OFFSET_M
		|| at.z < mirror->low.z - SURFACE_OFFSET_M || at.z > mirror->high.z + SURFACE_OFFSET_M)
		return false;
	return mirrored(job, b, at, &next) && next == facet;
}

static int32_t
first_met(const rpm_map_job *job, rpm_vec3 from, rpm_vec3 way)
{
	rpm_ray		ray = {{(float) from.x, (float) from.y, (float) from.z}, {(float) way.x, (float) way.y, (float) way.z}, 0, INFINITY};
	rpm_hit		hit;

	return rpm_query_intersect(job->query, &ray, &hit) ? job->scene->triangles[hit.triangle].facet : RPM_NO_FACET;
}

static beam
beam_of(const rpm_map_job *job, int32_t facet)
{
	const rpm_facet *mirror = &job->scene->facets[facet];
	double		height = rpm_dot(mirror->normal, job->antenna->position) - mirror->offset_m, distance;
	beam		b = {.facet = facet, .side = copysign(1, height), .image = rpm_along(job->antenna->position, -2 * height, mirror->normal)};

	b.middle = rpm_scale(rpm_add(mirror->low, mirror->high), 0.5);
	b.radius = rpm_norm(rpm_sub(mirror->high, mirror->low)) / 2;
	distance = rpm_norm(rpm_sub(b.middle, b.image));
	b.axis = rpm_unit(rpm_sub(b.middle, b.image));
	b.sine = fmin(1, b.radius / distance);
	b.cosine = sqrt(1 - b.sine * b.sine);
	return b;
}

/* Whether the beam may meet another mirror, by the balls around both. */
static bool
beam_meets(const rpm_map_job *job, const beam *b, const beam *other)
{
	const rpm_facet *mirror = &job->scene->facets[b->facet];
	rpm_vec3	way = rpm_sub(other->middle, b->image);
	double		distance = rpm_norm(way), sine = other->radius / distance;

	if (b->side * (rpm_dot(mirror->normal, other->middle) - mirror->offset_m) <= -other->radius)
		return false;
	return sine >= 1 || rpm_dot(b->axis, way) / distance >= b->cosine * sqrt(1 - sine * sine) - b->sine * sine;
}

/* Looks at chains and their neighbours until there are no more; *connected: whether none is left out. */
static rpm_code
grow(networks_task *task, bool *connected, rpm_status *status)
{
	const rpm_chain_target *target = task->target;
	size_t		cells_bytes = target->job->cell_count * sizeof(double), spread_to = 0;
	int64_t		most = (target->job->chain_samples - LOOKS_MIN) * LOOKS_PER_RAY;
	rpm_code	code;

	most = (int64_t) task->found_count + (most > LOOKS_MIN ? most : LOOKS_MIN);
	memcpy(target->before, target->gain, cells_bytes);
	code = look_up_to(task, task->certain_count, status);
	memcpy(target->before, target->gain, cells_bytes);
	while (code == RPM_OK && *connected && task->looked_at < task->set.count)
	{
		code = look_up_to(task, task->set.count, status);
		for (; spread_to < task->looked_at && code == RPM_OK && *connected; spread_to++)
		{
			if (spreads(task, spread_to))
				spread(task, spread_to);
			*connected = (int64_t) task->set.count <= most;
		}
		if (code == RPM_OK)
			code = rpm_chain_set_check(&task->set, target->job->control, status);
	}
	return code;
}

/* Looks at the chains of the set that have not been looked at, up to this one. */
static rpm_code
look_up_to(networks_task *task, size_t end, rpm_status *status)
{
	const rpm_map_job *job = task->target->job;
	rpm_code	code = room_for_lights(task, end, status), failure = RPM_OK;

	if (code != RPM_OK)
		return code;
	task->looking_from = task->looked_at;
	task->looked_at = end;
	if (job->device != NULL && end - task->looking_from >= CHAINS_FOR_DEVICE)
	{
		code = rpm_chain_look_on_device(task->target, question_of, task, end - task->looking_from, task->lights + task->looking_from, &failure,
										status);
		task->failure = (int) failure;
	}
	else
		code = rpm_parallel_for(job->control, (int64_t) (end - task->looking_from), CHAINS_PER_PIECE, look_range, task, status);
	if (code != RPM_OK || task->failure == RPM_OK)
		return code;
	if (task->failure == RPM_OUT_OF_MEMORY)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for what chains of mirrors light");
	return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Take larger cells, fewer samples or a smaller depth, or allow more memory.",
					"what chains of mirrors light needs more than the allowed %zu MB", job->control->memory_limit_bytes >> 20);
}

static rpm_code
room_for_lights(networks_task *task, size_t count, rpm_status *status)
{
	rpm_chain_light **lights;

	if (count > task->lights_capacity)
	{
		lights = realloc(task->lights, 2 * count * sizeof *lights);
		if (lights == NULL)
			return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu chains of mirrors", count);
		task->lights = lights;
		task->lights_capacity = 2 * count;
	}
	memset(task->lights + task->looked_at, 0, (count - task->looked_at) * sizeof *lights);
	return RPM_OK;
}

static void
look_range(void *context, int64_t begin, int64_t end, int thread)
{
	networks_task *task = context;

	for (int64_t i = begin; i < end && !rpm_stopped(task->target->job->control); i++)
	{
		rpm_chain_question question = question_of(task, (size_t) i);
		rpm_code	code = rpm_map_chain_look(task->target, &question, &task->rooms[thread], &task->lights[task->looking_from + (size_t) i]);

		if (code != RPM_OK)
			__atomic_store_n(&task->failure, (int) code, __ATOMIC_RELAXED);
	}
}

/* Of those that are looked at now. */
static rpm_chain_question
question_of(void *context, size_t index)
{
	const networks_task *task = context;
	size_t		chain = task->looking_from + index;
	int			length;
	const int32_t *facets = rpm_chain_at(&task->set, chain, &length);

	return (rpm_chain_question) {facets, length, chain < task->found_count && task->by_rays[chain], chain < task->certain_count};
}

/* Whether the chain, by itself, is one that has neighbours. */
static bool
spreads(const networks_task *task, size_t chain)
{
	int			length;
	const int32_t *facets = rpm_chain_at(&task->set, chain, &length);

	return task->lights[chain] != NULL && task->lights[chain]->in_sight && task->lights[chain]->worth >= WORTH_MIN
		&& task->target->job->visible.facet_seen[facets[0]];
}

static void
spread(networks_task *task, size_t chain)
{
	const rpm_map_job *job = task->target->job;
	const rpm_chain_light *light = task->lights[chain];
	replacement r = {.task = task, .from = chain};
	const int32_t *facets = rpm_chain_at(&task->set, chain, &r.length);

	memcpy(r.facets, facets, (size_t) r.length * sizeof(int32_t));
	for (r.at = 0; r.at < r.length && r.length > 1; r.at++)
		rpm_touching_facets_of(&task->touching, r.facets[r.at], add_replaced, &r);
	/* The one below says whether they are neighbours. */
	if (r.length > 2)
		rpm_chain_set_add(&task->set, r.facets, r.length - 1);
	for (size_t i = 0; i < light->met_count && r.length < job->options->max_depth; i++)
		if (light->met[i] != r.facets[r.length - 1])
		{
			r.facets[r.length] = light->met[i];
			add_neighbour(task, chain, r.facets, r.length + 1);
		}
}

static void
add_replaced(void *context, int32_t facet)
{
	replacement *r = context;
	int32_t		own = r->facets[r->at];

	if ((r->at == 0 && !r->task->target->job->visible.facet_seen[facet]) || (r->at > 0 && r->facets[r->at - 1] == facet)
		|| (r->at + 1 < r->length && r->facets[r->at + 1] == facet))
		return;
	r->facets[r->at] = facet;
	add_neighbour(r->task, r->from, r->facets, r->length);
	r->facets[r->at] = own;
}

static void
add_neighbour(networks_task *task, size_t from, const int32_t *facets, int length)
{
	size_t		to = rpm_chain_set_add(&task->set, facets, length);

	if (to == SIZE_MAX)
		return;
	if (task->edge_count == task->edge_capacity)
	{
		size_t		capacity = task->edge_capacity > 0 ? 2 * task->edge_capacity : 4096;
		int64_t		bytes = (int64_t) ((capacity - task->edge_capacity) * sizeof(edge)), *left = task->target->bytes_left;
		bool		allowed = left == NULL || __atomic_sub_fetch(left, bytes, __ATOMIC_RELAXED) >= 0;
		edge	   *edges = allowed ? realloc(task->edges, capacity * sizeof(edge)) : NULL;

		if (edges == NULL)
		{
			if (left != NULL)
				__atomic_add_fetch(left, bytes, __ATOMIC_RELAXED);
			task->set.failed = true;
			task->set.out_of_memory |= allowed;
			return;
		}
		task->edges = edges;
		task->edge_capacity = capacity;
	}
	task->edges[task->edge_count++] = (edge) {(uint32_t) from, (uint32_t) to};
}

/* Gives each chain its network; where they are not known as a whole (connected is false), one of its own. */
static rpm_code
join(networks_task *task, bool connected, rpm_status *status)
{
	task->network = malloc((task->looked_at + 1) * sizeof(uint32_t));
	if (task->network == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the networks of %zu chains of mirrors", task->looked_at);
	for (size_t i = 0; i < task->looked_at; i++)
		task->network[i] = (uint32_t) i;
	for (size_t i = 0; i < task->edge_count && connected; i++)
		if (spreads(task, task->edges[i].from) && spreads(task, task->edges[i].to))
		{
			uint32_t	a = first_of(task->network, task->edges[i].from), b = first_of(task->network, task->edges[i].to);

			task->network[a > b ? a : b] = a < b ? a : b;
		}
	return RPM_OK;
}

static uint32_t
first_of(uint32_t *network, uint32_t chain)
{
	while (network[chain] != chain)
	{
		network[chain] = network[network[chain]];
		chain = network[chain];
	}
	return chain;
}

/* The first chain of a network that a ray has found is itself found: found chains come first. */
static rpm_code
add_networks(networks_task *task, double *variance, rpm_status *status)
{
	const rpm_map_job *job = task->target->job;
	uint32_t   *next = malloc((task->looked_at + 1) * sizeof(uint32_t));
	double	   *rays = calloc(task->looked_at + 1, sizeof(double));
	rpm_code	code = RPM_OK;

	if (next == NULL || rays == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the networks of %zu chains of mirrors", task->looked_at);
	for (size_t i = task->looked_at; i-- > 0 && code == RPM_OK;)
	{
		uint32_t	first = first_of(task->network, (uint32_t) i);

		next[i] = UINT32_MAX;
		rays[first] += task->lights[i] != NULL ? task->lights[i]->rays : 0;
	}
	for (size_t i = task->looked_at; i-- > 0 && code == RPM_OK;)
	{
		uint32_t	first = first_of(task->network, (uint32_t) i);

		if (first != i)
		{
			next[i] = next[first];
			next[first] = (uint32_t) i;
		}
	}
	for (size_t i = 0; i < task->found_count && code == RPM_OK && !rpm_stopped(job->control); i++)
		if (task->network[i] == i && rays[i] > 0)
			add_network(task, next, (uint32_t) i, -expm1(-rays[i]), variance);
	free(next);
	free(rays);
	return code;
}

static void
add_network(networks_task *task, const uint32_t *next, uint32_t chain, double probability, double *variance)
{
	double	   *sum = task->rooms[0].gain;

	for (uint32_t i = chain; i != UINT32_MAX; i = next[i])
		for (size_t k = 0; task->lights[i] != NULL && k < task->lights[i]->cell_count; k++)
			sum[task->lights[i]->cells[k].cell] += task->lights[i]->cells[k].gain;
	for (uint32_t i = chain; i != UINT32_MAX; i = next[i])
		for (size_t k = 0; task->lights[i] != NULL && k < task->lights[i]->cell_count; k++)
		{
			size_t		cell = task->lights[i]->cells[k].cell;

			task->target->gain[cell] += sum[cell] / probability;
			variance[cell] += sum[cell] * sum[cell] * (1 - probability) / (probability * probability);
			sum[cell] = 0;
		}
}
