/*
 * paths_tree.c: the chains of reflections that a point's rays run over, as a tree that grows where few rays have been.
 *
 * Rays only propose chains; whether a path runs over one, and where, the image method decides for every pair of ends.  So the tree of one
 * end serves any number of others.  A chain whose beam is narrower than the spacing of the rays is found through its neighbours: round
 * after round, rays are sent around the first ray of every chain that only few have followed, each round half as far from it.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/paths.h"
#include "trace/visibility.h"

/* Rounds of refinement: at the lattice's spacing, at half of it, and so on. */
#define REFINEMENTS 3
/* Chains that at most so many rays have followed are looked at again, with so many rays around the first. */
#define FEW_RAYS 3
#define RAYS_AROUND 6
/* Rays between two looks at the stop flag, and per piece of a thread's work. */
#define BATCH_RAYS 65536
#define GRAIN_RAYS 512
#define TABLE_SIZE_MIN 4096

/* Rays of one round. */
typedef struct tree_round
{
	rpm_path_tree *tree;
	const rpm_trace_options *options;
	const int32_t *around;		/* nodes whose first ray is surrounded, or NULL: the lattice */
	int64_t		rays;
	double		radius_rad, turn;
	int64_t		first;			/* ray of the batch */
	rpm_path_rays batch;
} tree_round;

static bool take_batch(rpm_path_tree *tree, int max_depth, rpm_path_rays *batch, size_t *bytes);
static rpm_code grow(rpm_path_tree *tree, const rpm_trace_options *options, rpm_control *control, const rpm_path_rays *batch, rpm_status *status);
static rpm_code launch_round(tree_round *round, rpm_control *control, rpm_status *status);
static void launch_range(void *context, int64_t begin, int64_t end, int thread);
static rpm_vec3 ray_direction(const tree_round *round, int64_t ray);
static uint64_t ray_choices(const tree_round *round, int64_t ray);
static bool insert(tree_round *round, int64_t ray, const int32_t *chain);
static int32_t *find_child(const rpm_path_tree *tree, int32_t parent, int32_t facet);
static bool grow_nodes(rpm_path_tree *tree);
static bool grow_table(rpm_path_tree *tree);
static bool take_bytes(rpm_path_tree *tree, size_t bytes);
static void give_bytes(rpm_path_tree *tree, size_t bytes);
static int32_t *nodes_to_look_at(const rpm_path_tree *tree, int64_t *count);
static rpm_code failure(const rpm_path_tree *tree, const rpm_control *control, rpm_status *status);
static uint64_t mix_bits(uint64_t x);

rpm_code
rpm_path_tree_grow(const rpm_paths_work *work, rpm_vec3 origin, rpm_path_tree *tree, rpm_status *status)
{
	const rpm_trace_options *options = work->options;
	rpm_path_rays batch = {.origin = origin, .max_depth = options->max_depth, .refraction = (options->mechanisms & RPM_REFRACTION) != 0};
	size_t		bytes = 0;
	rpm_code	code;

	memset(tree, 0, sizeof(*tree));
	tree->scene = work->scene;
	tree->query = work->query;
	tree->device = work->device;
	tree->bytes_left = work->budget;
	if (!grow_nodes(tree) || !grow_table(tree) || !take_batch(tree, options->max_depth, &batch, &bytes))
		code = failure(tree, work->control, status);
	else
	{
		tree->nodes[0] = (rpm_path_node) {.parent = -1, .facet = RPM_NO_FACET, .image = origin};
		tree->count = 1;
		code = grow(tree, options, work->control, &batch, status);
	}
	free(batch.directions);
	free(batch.choices);
	free(batch.chains);
	give_bytes(tree, bytes);
	return code;
}

/* Room for a batch of rays; false when memory is short. */
static bool
take_batch(rpm_path_tree *tree, int max_depth, rpm_path_rays *batch, size_t *bytes)
{
	size_t		chain_bytes = ((size_t) max_depth + 1) * sizeof(int32_t);

	if (!take_bytes(tree, BATCH_RAYS * (chain_bytes + sizeof(rpm_vec3) + sizeof(uint64_t))))
		return false;
	*bytes = BATCH_RAYS * (chain_bytes + sizeof(rpm_vec3) + sizeof(uint64_t));
	batch->directions = malloc(BATCH_RAYS * sizeof(rpm_vec3));
	batch->choices = malloc(BATCH_RAYS * sizeof(uint64_t));
	batch->chains = malloc(BATCH_RAYS * chain_bytes);
	tree->out_of_memory |= batch->directions == NULL || batch->choices == NULL || batch->chains == NULL;
	return !tree->out_of_memory;
}

void
rpm_path_tree_free(rpm_path_tree *tree)
{
	give_bytes(tree, tree->capacity * sizeof(rpm_path_node) + tree->table_size * sizeof(int32_t));
	free(tree->nodes);
	free(tree->table);
	memset(tree, 0, sizeof(*tree));
}

int
rpm_path_tree_chain(const rpm_path_tree *tree, int32_t node, rpm_vec3 end, int32_t *facets)
{
	int			length = 0;

	for (; tree->nodes[node].parent >= 0; node = tree->nodes[node].parent)
	{
		const rpm_facet *facet = &tree->scene->facets[tree->nodes[node].facet];
		rpm_vec3	point;

		if (!rpm_facet_plane_point(facet, end, tree->nodes[node].image, &point) || !rpm_point_in_facet_box(facet, point))
			return 0;
		facets[length++] = tree->nodes[node].facet;
		end = point;
	}
	return length;
}

static rpm_code
grow(rpm_path_tree *tree, const rpm_trace_options *options, rpm_control *control, const rpm_path_rays *batch, rpm_status *status)
{
	tree_round	round = {.tree = tree, .options = options, .rays = options->samples, .batch = *batch};
	rpm_code	code;

	round.radius_rad = 2 * sqrt(4 * RPM_PI / options->samples);
	round.turn = (double) (mix_bits(options->seed) >> 11) * 0x1p-53;
	code = launch_round(&round, control, status);
	for (int i = 0; i < REFINEMENTS && code == RPM_OK; i++)
	{
		int32_t    *around = nodes_to_look_at(tree, &round.rays);

		if (around == NULL)
			return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for candidates of paths");
		round.around = around;
		round.rays *= RAYS_AROUND;
		round.radius_rad /= 2;
		round.turn += 0.37 / RAYS_AROUND;
		code = launch_round(&round, control, status);
		free(around);
	}
	return code;
}

/* Batch by batch: rays by all threads or the device, then their chains into the tree in the order of the rays. */
static rpm_code
launch_round(tree_round *round, rpm_control *control, rpm_status *status)
{
	const rpm_path_device *device = round->tree->device;
	rpm_path_rays *batch = &round->batch;

	for (round->first = 0; round->first < round->rays; round->first += BATCH_RAYS)
	{
		rpm_code	code;

		batch->count = round->rays - round->first < BATCH_RAYS ? round->rays - round->first : BATCH_RAYS;
		code = rpm_parallel_for(control, batch->count, GRAIN_RAYS, launch_range, round, status);
		if (code == RPM_OK && device != NULL)
			code = device->walk(device->context, batch, control, status);
		if (code != RPM_OK)
			return code;
		for (int64_t i = 0; i < batch->count; i++)
			if (!insert(round, round->first + i, batch->chains + i * (batch->max_depth + 1)))
				return failure(round->tree, control, status);
	}
	return RPM_OK;
}

static void
launch_range(void *context, int64_t begin, int64_t end, int thread)
{
	const tree_round *round = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
	{
		round->batch.directions[i] = ray_direction(round, round->first + i);
		round->batch.choices[i] = ray_choices(round, round->first + i);
		if (round->tree->device == NULL)
			rpm_path_walk(round->tree->scene, round->tree->query, &round->batch, i);
	}
}

/* The lattice, turned by the seed; or a place on the circle around a node's first ray. */
static rpm_vec3
ray_direction(const tree_round *round, int64_t ray)
{
	rpm_vec3	axis, across, up;
	double		angle;

	if (round->around == NULL)
	{
		rpm_vec3	d = rpm_lattice_direction(ray, round->options->samples);

		angle = 2 * RPM_PI * round->turn;
		return rpm_vec(d.x * cos(angle) - d.y * sin(angle), d.x * sin(angle) + d.y * cos(angle), d.z);
	}
	axis = round->tree->nodes[round->around[ray / RAYS_AROUND]].first_ray;
	across = rpm_unit(rpm_cross(axis, fabs(axis.z) < 0.9 ? rpm_vec(0, 0, 1) : rpm_vec(1, 0, 0)));
	up = rpm_cross(axis, across);
	angle = 2 * RPM_PI * ((double) (ray % RAYS_AROUND) / RAYS_AROUND + round->turn);
	return rpm_unit(rpm_along(rpm_along(axis, round->radius_rad * cos(angle), across), round->radius_rad * sin(angle), up));
}

/* Rays around another pass the walls that it passed. */
static uint64_t
ray_choices(const tree_round *round, int64_t ray)
{
	return round->around == NULL ? mix_bits(round->options->seed + ray) : round->tree->nodes[round->around[ray / RAYS_AROUND]].choices;
}

/* Adds the chain's nodes; false when memory is short. */
static bool
insert(tree_round *round, int64_t ray, const int32_t *chain)
{
	rpm_path_tree *tree = round->tree;
	int32_t		node = 0;

	for (int i = 1; i <= chain[0]; i++)
	{
		int32_t    *child = find_child(tree, node, chain[i]);

		if (*child == 0)
		{
			if ((tree->count == tree->capacity && !grow_nodes(tree)) || (2 * tree->count >= tree->table_size && !grow_table(tree)))
				return false;
			child = find_child(tree, node, chain[i]);
			*child = (int32_t) tree->count;
			tree->nodes[node].has_child = true;
			tree->nodes[tree->count++] = (rpm_path_node) {.parent = node, .facet = chain[i], .choices = ray_choices(round, ray),
				.first_ray = ray_direction(round, ray), .image = rpm_mirror(tree->nodes[node].image, &tree->scene->facets[chain[i]])};
		}
		node = *child;
		tree->nodes[node].rays++;
	}
	return true;
}

/* The slot of the table that holds the node, or the free one (0) where it belongs. */
static int32_t *
find_child(const rpm_path_tree *tree, int32_t parent, int32_t facet)
{
	size_t		slot = mix_bits((uint64_t) (uint32_t) parent << 32 | (uint32_t) facet) & (tree->table_size - 1);

	while (tree->table[slot] != 0
		   && (tree->nodes[tree->table[slot]].parent != parent || tree->nodes[tree->table[slot]].facet != facet))
		slot = (slot + 1) & (tree->table_size - 1);
	return &tree->table[slot];
}

static bool
grow_nodes(rpm_path_tree *tree)
{
	size_t		capacity = tree->capacity ? 2 * tree->capacity : TABLE_SIZE_MIN / 2;
	rpm_path_node *moved;

	if (capacity > INT32_MAX || !take_bytes(tree, (capacity - tree->capacity) * sizeof(rpm_path_node)))
		return false;
	moved = realloc(tree->nodes, capacity * sizeof(rpm_path_node));
	tree->out_of_memory |= moved == NULL;
	if (moved == NULL)
		return false;
	tree->nodes = moved;
	tree->capacity = capacity;
	return true;
}

static bool
grow_table(rpm_path_tree *tree)
{
	size_t		size = tree->table_size ? 2 * tree->table_size : TABLE_SIZE_MIN;
	int32_t    *table;

	if (!take_bytes(tree, (size - tree->table_size) * sizeof(int32_t)))
		return false;
	table = calloc(size, sizeof(int32_t));
	tree->out_of_memory |= table == NULL;
	if (table == NULL)
		return false;
	free(tree->table);
	tree->table = table;
	tree->table_size = size;
	for (size_t i = 1; i < tree->count; i++)
		*find_child(tree, tree->nodes[i].parent, tree->nodes[i].facet) = (int32_t) i;
	return true;
}

static bool
take_bytes(rpm_path_tree *tree, size_t bytes)
{
	if (tree->bytes_left == NULL || __atomic_sub_fetch(tree->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED) >= 0)
		return true;
	give_bytes(tree, bytes);
	return false;
}

static void
give_bytes(rpm_path_tree *tree, size_t bytes)
{
	if (tree->bytes_left)
		__atomic_add_fetch(tree->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED);
}

/* The ends of chains that few rays have followed; NULL: out of memory. */
static int32_t *
nodes_to_look_at(const rpm_path_tree *tree, int64_t *count)
{
	int32_t    *nodes = malloc(tree->count * sizeof(int32_t));

	*count = 0;
	for (size_t i = 1; i < tree->count && nodes != NULL; i++)
		if (!tree->nodes[i].has_child && tree->nodes[i].rays <= FEW_RAYS)
			nodes[(*count)++] = (int32_t) i;
	return nodes;
}

static rpm_code
failure(const rpm_path_tree *tree, const rpm_control *control, rpm_status *status)
{
	if (tree->out_of_memory)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Ask for fewer samples or a smaller depth.", "out of memory for candidates of paths");
	return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Ask for fewer samples or a smaller depth, or allow more memory.",
					"candidates of paths need more than the allowed %zu MB", control ? control->memory_limit_bytes >> 20 : 0);
}

/* A bijection of 64-bit numbers that looks random (splitmix64). */
static uint64_t
mix_bits(uint64_t x)
{
	x += 0x9E3779B97F4A7C15u;
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
	return x ^ (x >> 31);
}
