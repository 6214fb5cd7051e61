/*
 * store.c: the store of paths of a site: masts, measured places, the arrays, and their bounds.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/store.h"

/* Antennas nearer than this to each other, and of one frequency, share their paths. */
#define ONE_MAST_M 0.1
#define MOST_DEPTH 5
#define TILE_CELLS 6
#define MOST_SCATTER_POINTS 1000
#define BELOW_GROUND_M 1e-3

static rpm_code check(const rpm_calibrate_input *input, const rpm_store_options *options, rpm_status *status);
static rpm_code check_antenna(const rpm_calibrate_input *input, int32_t antenna, rpm_status *status);
static rpm_code reserve(const rpm_calibrate_input *input, rpm_control *control, size_t *bytes, rpm_status *status);
static rpm_code make_masts(rpm_path_store *store, rpm_status *status);
static rpm_code make_places(rpm_path_store *store, rpm_status *status);
static int	compare_cells(const void *a, const void *b, void *argument);
static rpm_code trace_masts(rpm_path_store *store, rpm_control *control, int64_t *bytes_left, rpm_status *status);
static void count(rpm_path_store *store);
static void *arena_room(rpm_store_arena *arena, void *array, size_t *room, size_t count, size_t item);

void
rpm_store_options_default(rpm_store_options *options)
{
	*options = (rpm_store_options) {
		.mechanisms = RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_SCATTERING | RPM_DIFFRACTION,
		.max_depth = 2,
		.samples = 100000,
		.scatter_points = 12,
		.seed = 1,
		.over_roofs = RPM_OVER_ROOFS_SHADOW,
		.weakest_db = 50
	};
}

rpm_code
rpm_path_store_build(const rpm_calibrate_input *input, const rpm_store_options *options, rpm_control *control, rpm_path_store **result,
					 rpm_status *status)
{
	rpm_path_store *store;
	size_t		bytes = 0;
	int64_t		bytes_left = 0;
	rpm_code	code = check(input, options, status);

	*result = NULL;
	if (code == RPM_OK)
		code = reserve(input, control, &bytes, status);
	if (code != RPM_OK)
		return code;
	store = calloc(1, sizeof *store);
	if (store == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the store of paths");
	store->input = *input;
	store->options = *options;
	store->counts.bytes = bytes;
	store->first_of_site = (size_t) input->antenna_count * RPM_ANTENNA_PARAMETERS;
	store->first_of_materials = store->first_of_site + RPM_SITE_PARAMETERS;
	store->first_of_buildings = store->first_of_materials + input->scene->material_count * RPM_MATERIAL_PARAMETERS;
	store->parameter_count = store->first_of_buildings + input->scene->building_count * RPM_BUILDING_PARAMETERS;
	code = make_masts(store, status);
	if (code == RPM_OK)
		code = make_places(store, status);
	if (control && control->memory_limit_bytes > 0)
		bytes_left = (int64_t) control->memory_limit_bytes - (int64_t) bytes;
	if (code == RPM_OK)
		code = trace_masts(store, control, control && control->memory_limit_bytes > 0 ? &bytes_left : NULL, status);
	if (code != RPM_OK)
	{
		rpm_path_store_free(store);
		return code;
	}
	count(store);
	*result = store;
	return RPM_OK;
}

void
rpm_path_store_free(rpm_path_store *store)
{
	if (store == NULL)
		return;
	free(store->masts);
	free(store->mast_of_antenna);
	free(store->places);
	free(store->place_of_cell);
	rpm_arena_free(&store->all);
	free(store);
}

rpm_store_counts
rpm_path_store_counts(const rpm_path_store *store)
{
	return store->counts;
}

static rpm_code
check(const rpm_calibrate_input *input, const rpm_store_options *options, rpm_status *status)
{
	rpm_code	code = RPM_OK;

	if (options->max_depth < 0 || options->max_depth > MOST_DEPTH)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Two reflections are usual for a calibration.", "max_depth %d is not between 0 and %d",
						options->max_depth, MOST_DEPTH);
	if (options->samples < 0 || options->scatter_points < 0 || options->scatter_points > MOST_SCATTER_POINTS || !(options->weakest_db > 0))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "%lld samples, %d places that scatter or %g dB cannot be",
						(long long) options->samples, options->scatter_points, options->weakest_db);
	if (input->antenna_count < 1 || input->cell_count < 1 || input->cell_count > UINT32_MAX / 2)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give at least one antenna with a measured cell.",
						"%d antennas and %zu cells cannot be calibrated", input->antenna_count, input->cell_count);
	if (!(input->cell_m > 0) || !isfinite(input->cell_m) || !(input->receiver_height_m >= 0) || !isfinite(input->receiver_height_m))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "cells of %g m at %g m cannot be", input->cell_m, input->receiver_height_m);
	for (int32_t i = 0; i < input->antenna_count && code == RPM_OK; i++)
		code = check_antenna(input, i, status);
	for (size_t i = 0; i < input->cell_count && code == RPM_OK; i++)
	{
		const rpm_calibrate_cell *cell = &input->cells[i];

		if (!isfinite(cell->x_m) || !isfinite(cell->y_m) || isinf(cell->level_dbm) || !(cell->weight >= 0) || !isfinite(cell->weight)
			|| cell->antenna < 0 || cell->antenna >= input->antenna_count)
			code = rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "cell %zu at (%g, %g) of antenna %d with %g dBm and weight %g cannot be",
							i + 1, cell->x_m, cell->y_m, cell->antenna, cell->level_dbm, cell->weight);
	}
	return code;
}

static rpm_code
check_antenna(const rpm_calibrate_input *input, int32_t antenna, rpm_status *status)
{
	const rpm_calibrate_antenna *given = &input->antennas[antenna];
	rpm_vec3	p = given->antenna.position;
	int32_t		building;

	if (!isfinite(p.x) || !isfinite(p.y) || !isfinite(p.z) || !(given->antenna.frequency_hz > 0) || !isfinite(given->antenna.frequency_hz)
		|| !isfinite(given->rs_power_dbm) || !isfinite(given->losses_db))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give its place, frequency and power.",
						"place, frequency, power or losses of antenna %d are not finite", antenna + 1);
	if (p.z < rpm_scene_ground_z(input->scene, p.x, p.y) - BELOW_GROUND_M)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Raise the antenna: its height counts from the ground.", "antenna %d lies below the ground",
						antenna + 1);
	building = rpm_building_at(input->scene, input->query, p);
	if (building == RPM_NO_BUILDING)
		return RPM_OK;
	return rpm_fail(status, RPM_INVALID_ARGUMENT, "Raise the antenna above the roof, move it in front of the wall, or correct the building.",
					"antenna %d lies inside building %lld", antenna + 1, (long long) input->scene->buildings[building].id);
}

/* What does not depend on how many paths there are. */
static rpm_code
reserve(const rpm_calibrate_input *input, rpm_control *control, size_t *bytes, rpm_status *status)
{
	*bytes = input->cell_count * (sizeof(rpm_stored_place) + 2 * sizeof(uint32_t) + sizeof(size_t))
		+ (input->scene->building_count + input->scene->material_count) * 4 * (sizeof(rpm_parameter) + 4 * sizeof(double));
	return rpm_reserve(control, *bytes, "the calibration's cells", status);
}

static rpm_code
make_masts(rpm_path_store *store, rpm_status *status)
{
	const rpm_calibrate_input *input = &store->input;

	store->masts = calloc((size_t) input->antenna_count, sizeof(rpm_store_mast));
	store->mast_of_antenna = calloc((size_t) input->antenna_count, sizeof(int32_t));
	if (!store->masts || !store->mast_of_antenna)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %d antennas", input->antenna_count);
	for (int32_t i = 0; i < input->antenna_count; i++)
	{
		const rpm_antenna *antenna = &input->antennas[i].antenna;
		int			m = 0;

		while (m < store->mast_count && (rpm_norm(rpm_sub(store->masts[m].position, antenna->position)) > ONE_MAST_M
										 || store->masts[m].frequency_hz != antenna->frequency_hz))
			m++;
		if (m == store->mast_count)
			store->masts[store->mast_count++] = (rpm_store_mast) {antenna->position, antenna->frequency_hz,
				RPM_SPEED_OF_LIGHT_M_S / antenna->frequency_hz, i};
		store->mast_of_antenna[i] = m;
	}
	return RPM_OK;
}

/* Cells of one mast at one centre are one place; places of a mast lie together, in tiles: neighbours share what they see. */
static rpm_code
make_places(rpm_path_store *store, rpm_status *status)
{
	const rpm_calibrate_input *input = &store->input;
	size_t	   *order = malloc(input->cell_count * sizeof(size_t));

	store->places = calloc(input->cell_count, sizeof(rpm_stored_place));
	store->place_of_cell = calloc(input->cell_count, sizeof(uint32_t));
	if (!order || !store->places || !store->place_of_cell)
	{
		free(order);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu cells", input->cell_count);
	}
	for (size_t i = 0; i < input->cell_count; i++)
		order[i] = i;
	qsort_r(order, input->cell_count, sizeof(size_t), compare_cells, store);
	for (size_t i = 0; i < input->cell_count; i++)
	{
		const rpm_calibrate_cell *cell = &input->cells[order[i]];
		int32_t		mast = store->mast_of_antenna[cell->antenna];
		rpm_stored_place *last = store->place_count > 0 ? &store->places[store->place_count - 1] : NULL;

		if (last == NULL || last->mast != mast || last->x_m != cell->x_m || last->y_m != cell->y_m)
			store->places[store->place_count++] = (rpm_stored_place) {.x_m = cell->x_m, .y_m = cell->y_m, .mast = mast};
		store->place_of_cell[order[i]] = (uint32_t) (store->place_count - 1);
	}
	free(order);
	return RPM_OK;
}

static int
compare_cells(const void *a, const void *b, void *argument)
{
	const rpm_path_store *store = argument;
	const rpm_calibrate_cell *x = &store->input.cells[*(const size_t *) a], *y = &store->input.cells[*(const size_t *) b];
	int32_t		mast_x = store->mast_of_antenna[x->antenna], mast_y = store->mast_of_antenna[y->antenna];

	double		tile = TILE_CELLS * store->input.cell_m;

	if (mast_x != mast_y)
		return mast_x < mast_y ? -1 : 1;
	if (floor(x->y_m / tile) != floor(y->y_m / tile))
		return x->y_m < y->y_m ? -1 : 1;
	if (floor(x->x_m / tile) != floor(y->x_m / tile))
		return x->x_m < y->x_m ? -1 : 1;
	if (x->y_m != y->y_m)
		return x->y_m < y->y_m ? -1 : 1;
	return x->x_m < y->x_m ? -1 : x->x_m > y->x_m;
}

static rpm_code
trace_masts(rpm_path_store *store, rpm_control *control, int64_t *bytes_left, rpm_status *status)
{
	rpm_code	code = RPM_OK;

	store->all.bytes_left = bytes_left;
	for (size_t first = 0, end; first < store->place_count && code == RPM_OK; first = end)
	{
		end = first + 1;
		while (end < store->place_count && store->places[end].mast == store->places[first].mast)
			end++;
		code = rpm_store_trace(store, store->places[first].mast, first, end - first, control, bytes_left, status);
	}
	store->all.bytes_left = NULL;
	return code;
}

static void
count(rpm_path_store *store)
{
	store->counts.cells = store->input.cell_count;
	store->counts.paths = store->all.path_count;
	store->counts.events = store->all.event_count;
	store->counts.bytes += store->all.path_room * sizeof(rpm_stored_path) + store->all.event_room * sizeof(rpm_stored_event)
		+ store->all.matrix_room * sizeof(rpm_stored_matrices);
	for (size_t i = 0; i < store->input.cell_count; i++)
	{
		const rpm_stored_place *place = &store->places[store->place_of_cell[i]];
		bool		found = false;

		for (uint32_t k = 0; k < place->path_count; k++)
			found |= store->all.paths[place->first_path + k].kind != RPM_STORED_ROOF;
		store->counts.cells_without_path += !found;
		store->counts.cells_indoors += place->indoors;
	}
}

rpm_stored_path *
rpm_arena_path(rpm_store_arena *arena)
{
	void	   *grown = arena_room(arena, arena->paths, &arena->path_room, arena->path_count, sizeof(rpm_stored_path));

	if (grown == NULL)
		return NULL;
	arena->paths = grown;
	return memset(&arena->paths[arena->path_count++], 0, sizeof(rpm_stored_path));
}

rpm_stored_event *
rpm_arena_event(rpm_store_arena *arena)
{
	void	   *grown = arena_room(arena, arena->events, &arena->event_room, arena->event_count, sizeof(rpm_stored_event));

	if (grown == NULL)
		return NULL;
	arena->events = grown;
	return memset(&arena->events[arena->event_count++], 0, sizeof(rpm_stored_event));
}

rpm_stored_matrices *
rpm_arena_matrices(rpm_store_arena *arena)
{
	void	   *grown = arena_room(arena, arena->matrices, &arena->matrix_room, arena->matrix_count, sizeof(rpm_stored_matrices));

	if (grown == NULL)
		return NULL;
	arena->matrices = grown;
	return memset(&arena->matrices[arena->matrix_count++], 0, sizeof(rpm_stored_matrices));
}

void
rpm_arena_free(rpm_store_arena *arena)
{
	size_t		bytes = arena->path_room * sizeof(rpm_stored_path) + arena->event_room * sizeof(rpm_stored_event)
		+ arena->matrix_room * sizeof(rpm_stored_matrices);

	if (arena->bytes_left)
		__atomic_add_fetch(arena->bytes_left, (int64_t) bytes, __ATOMIC_RELAXED);
	free(arena->paths);
	free(arena->events);
	free(arena->matrices);
	memset(arena, 0, sizeof *arena);
}

/* The array with room for one more, or NULL. */
static void *
arena_room(rpm_store_arena *arena, void *array, size_t *room, size_t count, size_t item)
{
	size_t		grown = count < 64 ? 64 : count + count / 2;
	int64_t		bytes;
	void	   *moved = NULL;

	if (arena->failed)
		return NULL;
	if (count < *room)
		return array;
	bytes = (int64_t) ((grown - *room) * item);
	if (count < UINT32_MAX / 2 && (!arena->bytes_left || __atomic_sub_fetch(arena->bytes_left, bytes, __ATOMIC_RELAXED) >= 0))
		moved = realloc(array, grown * item);
	if (moved == NULL)
		arena->failed = true;
	else
		*room = grown;
	return moved;
}
