/*
 * map_search.cu: rays that find chains of mirrors (src/engine/trace/map_chain_search.c), a ray per thread, and a table of what they find.
 *
 * A chain is told by 64 bits of a hash: of a million chains two have the same with a probability of 3e-8, and would count as one.  Where the table is
 * too small the batch is done again with a larger one.
 */
#include <stdlib.h>
#include <string.h>

#include "map_engine.h"

#include "cuda_map.h"

/* A slot for so many rays at first, and so many of them in a row are tried. */
#define RAYS_PER_SLOT 4
#define SLOTS_MIN 16
#define SLOTS_TRIED 16

/* Zero where nothing was found. */
typedef struct found_slot
{
	uint64_t	key;
	uint64_t	rays;
	uint64_t	worth;			/* the bits of a positive number, which are in the numbers' order */
	uint64_t	before_bin;		/* UINT32_MAX less the first direction */
	int32_t		length, facets[RPM_MAX_DEPTH];
} found_slot;

typedef struct found_table
{
	found_slot *slots;
	uint64_t	mask;
	uint32_t   *counts;			/* [0] of chains, [1] not 0: some did not fit, [2] of chains packed */
} found_table;

/* The search with what it points to, in one block of the device. */
typedef struct search_block
{
	rpm_chain_search search;
	rpm_map_aim aim;
	rpm_map_directions directions;
} search_block;

static rpm_code bring_search(rpm_cuda_map *map, const rpm_chain_search *search, const rpm_chain_search **there, rpm_status *status);
static rpm_code find(rpm_cuda_map *map, const rpm_map_job *job, const rpm_chain_search *there, rpm_chain_finds *finds, size_t slots,
					 bool *too_many, rpm_status *status);
static rpm_code follow_rays(const rpm_map_job *job, const rpm_chain_search *there, const found_table *table, int64_t rays, rpm_status *status);
static rpm_code fetch(rpm_cuda_map *map, const found_table *table, size_t slots, uint32_t count, rpm_chain_finds *finds, rpm_status *status);

/* Puts `wanted` where 0 is; returns what was there. */
RPM_INLINE uint64_t
claim(uint64_t *at, uint64_t wanted)
{
#ifdef __CUDA_ARCH__
	return atomicCAS((unsigned long long *) at, 0ull, (unsigned long long) wanted);
#else
	uint64_t	before = 0;

	__atomic_compare_exchange_n(at, &before, wanted, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	return before;
#endif
}

RPM_INLINE void
raise_to(uint64_t *at, uint64_t value)
{
#ifdef __CUDA_ARCH__
	atomicMax((unsigned long long *) at, (unsigned long long) value);
#else
	uint64_t	before = __atomic_load_n(at, __ATOMIC_RELAXED);

	while (before < value && !__atomic_compare_exchange_n(at, &before, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		continue;
#endif
}

RPM_INLINE uint32_t
count_up(uint32_t *at)
{
#ifdef __CUDA_ARCH__
	return atomicAdd(at, 1u);
#else
	return __atomic_fetch_add(at, 1, __ATOMIC_RELAXED);
#endif
}

RPM_INLINE void
count_ray(uint64_t *at)
{
#ifdef __CUDA_ARCH__
	atomicAdd((unsigned long long *) at, 1ull);
#else
	__atomic_fetch_add(at, 1, __ATOMIC_RELAXED);
#endif
}

/* As an rpm_chain_noter: into the table. */
RPM_KERNEL_CALL void
note_in_table(void *context, const int32_t *facets, int length, const rpm_chain_sight *sight)
{
	const found_table *table = (const found_table *) context;
	uint64_t	key = rpm_random_mix((uint64_t) length), worth;

	for (int i = 0; i < length; i++)
		key = rpm_random_mix(key + UINT64_C(0x9e3779b97f4a7c15) * (uint64_t) (facets[i] + 1));
	key |= key == 0;
	memcpy(&worth, &sight->worth, sizeof(worth));
	for (uint64_t i = 0; i < SLOTS_TRIED; i++)
	{
		found_slot *slot = &table->slots[(key + i) & table->mask];
		uint64_t	before = claim(&slot->key, key);

		if (before != 0 && before != key)
			continue;
		if (before == 0)
		{
			slot->length = length;
			for (int k = 0; k < length; k++)
				slot->facets[k] = facets[k];
			count_up(&table->counts[0]);
		}
		count_ray(&slot->rays);
		raise_to(&slot->worth, worth);
		raise_to(&slot->before_bin, (uint64_t) UINT32_MAX - sight->bin);
		return;
	}
	table->counts[1] = 1;
}

static __global__ void
search_rays(const rpm_chain_search *search, found_table table, int64_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < count)
		rpm_chain_follow(search, first + i, note_in_table, &table);
}

/* The slots in use, side by side. */
static __global__ void
pack_slots(found_table table, rpm_chain_find *chains, size_t first, uint32_t count)
{
	uint32_t	i = blockIdx.x * blockDim.x + threadIdx.x;
	const found_slot *slot = &table.slots[first + i];
	rpm_chain_find *chain;

	if (i >= count || slot->key == 0)
		return;
	chain = &chains[count_up(&table.counts[2])];
	chain->sight.rays = (int64_t) slot->rays;
	chain->sight.bin = (size_t) ((uint64_t) UINT32_MAX - slot->before_bin);
	memcpy(&chain->sight.worth, &slot->worth, sizeof(double));
	chain->length = slot->length;
	for (int k = 0; k < slot->length; k++)
		chain->facets[k] = slot->facets[k];
}

rpm_code
rpm_cuda_map_search(rpm_cuda_map *map, const rpm_map_job *job, rpm_chain_finds *finds, rpm_status *status)
{
	rpm_cuda_memory before = map->memory;
	const rpm_chain_search *there;
	cudaFuncAttributes kernel;
	cudaError_t error = cudaSetDevice(map->memory.device);
	size_t		slots = SLOTS_MIN;
	bool		too_many = true;
	rpm_code	code;

	finds->chains = NULL;
	finds->count = 0;
	if (error == cudaSuccess)
		error = cudaFuncGetAttributes(&kernel, search_rays);
	if (error != cudaSuccess)
		return rpm_cuda_failure(error, "choosing the device", status);
	while ((int64_t) slots * RAYS_PER_SLOT < finds->search->aim->rays)
		slots *= 2;
	code = rpm_cuda_take_stacks(&map->memory, kernel.localSizeBytes, "rays that find chains of mirrors", status);
	if (code == RPM_OK)
		code = bring_search(map, finds->search, &there, status);
	for (; code == RPM_OK && too_many; slots *= 4)
		code = find(map, job, there, finds, slots, &too_many, status);
	if (code == RPM_OK)
		rpm_phase_add(job->control, finds->search->aim->rays);
	rpm_cuda_give_back_to(&map->memory, before.block_count, before.bytes);
	return code;
}

static rpm_code
bring_search(rpm_cuda_map *map, const rpm_chain_search *search, const rpm_chain_search **there, rpm_status *status)
{
	const rpm_map_directions *directions = search->aim->directions;
	size_t		bins = (size_t) directions->side_z * (size_t) directions->side_azimuth;
	const char *what = "the directions of rays";
	void	   *room, *density, *first, *height = NULL;
	search_block block;
	search_block *self;
	cudaError_t error;
	rpm_code	code = rpm_cuda_take(&map->memory, sizeof(search_block), NULL, what, &room, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, bins * sizeof(double), directions->density, what, &density, status);
	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, (bins + 1) * sizeof(double), directions->first, what, &first, status);
	if (code == RPM_OK && directions->height != NULL)
		code = rpm_cuda_take(&map->memory, ((size_t) directions->side_z + 1) * sizeof(double), directions->height, what, &height, status);
	if (code != RPM_OK)
		return code;
	self = (search_block *) room;
	memset(&block, 0, sizeof(block));
	block.search.job = map->job;
	block.search.aim = &self->aim;
	block.search.floor_gain = search->floor_gain;
	block.aim = *search->aim;
	block.aim.directions = &self->directions;
	block.directions.side_z = directions->side_z;
	block.directions.side_azimuth = directions->side_azimuth;
	block.directions.density = (double *) density;
	block.directions.first = (double *) first;
	block.directions.height = (double *) height;
	*there = &self->search;
	error = cudaMemcpy(room, &block, sizeof(block), cudaMemcpyHostToDevice);
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "copying the directions of rays", status);
}

/* All rays with a table of so many slots; *too_many: some chains did not fit, and nothing is fetched. */
static rpm_code
find(rpm_cuda_map *map, const rpm_map_job *job, const rpm_chain_search *there, rpm_chain_finds *finds, size_t slots, bool *too_many,
	 rpm_status *status)
{
	rpm_cuda_memory before = map->memory;
	const char *what = "the table of chains of mirrors";
	uint32_t	counts[2] = {0, 0};
	found_table table;
	void	   *slot, *count;
	rpm_code	code = rpm_cuda_take(&map->memory, slots * sizeof(found_slot), NULL, what, &slot, status);

	if (code == RPM_OK)
		code = rpm_cuda_take(&map->memory, 3 * sizeof(uint32_t), NULL, what, &count, status);
	if (code == RPM_OK)
	{
		table.slots = (found_slot *) slot;
		table.mask = slots - 1;
		table.counts = (uint32_t *) count;
		code = follow_rays(job, there, &table, finds->search->aim->rays, status);
	}
	if (code == RPM_OK && cudaMemcpy(counts, table.counts, sizeof(counts), cudaMemcpyDeviceToHost) != cudaSuccess)
		code = rpm_cuda_failure(cudaGetLastError(), "counting chains of mirrors", status);
	*too_many = counts[1] != 0;
	if (code == RPM_OK && !*too_many && counts[0] > 0)
		code = fetch(map, &table, slots, counts[0], finds, status);
	rpm_cuda_give_back_to(&map->memory, before.block_count, before.bytes);
	return code;
}

static rpm_code
follow_rays(const rpm_map_job *job, const rpm_chain_search *there, const found_table *table, int64_t rays, rpm_status *status)
{
	rpm_cuda_pace pace = {0, 0};
	cudaError_t error = cudaSuccess;

	for (int64_t done = 0, count; done < rays && error == cudaSuccess; done += count)
	{
		if (rpm_stopped(job->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		rpm_cuda_pace_begin(&pace);
		count = rays - done < (int64_t) pace.threads ? rays - done : (int64_t) pace.threads;
		RPM_LAUNCH(search_rays, rpm_cuda_grid((size_t) count), RPM_CUDA_BLOCK_THREADS, there, *table, done, (uint32_t) count);
		error = cudaGetLastError();
		if (error == cudaSuccess)
			error = cudaDeviceSynchronize();
		rpm_cuda_pace_end(&pace);
	}
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "finding chains of mirrors", status);
}

static rpm_code
fetch(rpm_cuda_map *map, const found_table *table, size_t slots, uint32_t count, rpm_chain_finds *finds, rpm_status *status)
{
	size_t		bytes = count * sizeof(rpm_chain_find);
	void	   *packed;
	cudaError_t error = cudaSuccess;
	rpm_code	code = rpm_cuda_take(&map->memory, bytes, NULL, "the chains of mirrors that were found", &packed, status);

	if (code == RPM_OK)
		finds->chains = (rpm_chain_find *) malloc(bytes);
	if (code == RPM_OK && finds->chains == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %u chains of mirrors", count);
	if (code != RPM_OK)
		return code;
	for (size_t done = 0, piece; done < slots && error == cudaSuccess; done += piece)
	{
		piece = slots - done < RPM_CUDA_FIRST_THREADS * RPM_CUDA_BLOCK_THREADS ? slots - done : RPM_CUDA_FIRST_THREADS * RPM_CUDA_BLOCK_THREADS;
		RPM_LAUNCH(pack_slots, rpm_cuda_grid(piece), RPM_CUDA_BLOCK_THREADS, *table, (rpm_chain_find *) packed, done, (uint32_t) piece);
		error = cudaGetLastError();
	}
	if (error == cudaSuccess)
		error = cudaMemcpy(finds->chains, packed, bytes, cudaMemcpyDeviceToHost);
	finds->count = count;
	return error == cudaSuccess ? RPM_OK : rpm_cuda_failure(error, "fetching chains of mirrors", status);
}
