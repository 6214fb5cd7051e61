/*
 * tables.c: coefficients of walls over the incidence, interpolated by cubics through four entries.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/tables.h"

/*
 * Entries are dense enough for errors of the coefficients below 1e-3 (a hundredth of a decibel): 6 for a radian by which the slab's phase
 * turns with the incidence, 10 for the width, in the square root of the cosine, within which the coefficients change near grazing.
 */
#define STEPS_LEAST 40
#define STEPS_MOST 256
#define STEPS_OF_RADIAN 6.0
#define STEPS_OF_WIDTH 10.0
/* A table pays when it is looked up so many times for each entry. */
#define USES_OF_STEP 2
/* Keys of walls (masts x materials x buildings x 2) beyond this have no tables. */
#define MOST_KEYS ((size_t) 1 << 24)
#define NUMBERS (RPM_WALL_PAIRS * 4)

/* A pair's numbers, added as one. */
typedef float four __attribute__((vector_size(16)));

static size_t key_of(const rpm_store_tables *tables, const bool *own, int32_t mast, const rpm_stored_event *event);
static void count_events(rpm_store_tables *tables, const bool *own, uint32_t *uses);
static rpm_code take_tables(rpm_store_tables *tables, const uint32_t *uses, size_t keys, int32_t *table_of_key, rpm_control *control,
							rpm_status *status);
static void fill_range(void *context, int64_t begin, int64_t end, int thread);
static void fill(const rpm_store_tables *tables, rpm_store_table *table);

rpm_code
rpm_store_tables_create(const rpm_path_store *store, const bool *own, rpm_control *control, rpm_store_tables *tables, rpm_status *status)
{
	size_t		keys = (size_t) store->mast_count * (store->input.scene->material_count + 1) * (store->input.scene->building_count + 1) * 2;
	size_t		events = store->all.event_count;
	uint32_t   *uses;
	int32_t    *table_of_key;
	rpm_code	code;

	*tables = (rpm_store_tables) {.store = store};
	if (keys > MOST_KEYS)
		return RPM_OK;
	code = rpm_reserve(control, (2 * keys + events) * sizeof(int32_t), "tables of walls", status);
	if (code != RPM_OK)
		return code;
	tables->of_event = malloc((events + 1) * sizeof(int32_t));
	uses = calloc(keys, sizeof(uint32_t));
	table_of_key = malloc(keys * sizeof(int32_t));
	if (!tables->of_event || !uses || !table_of_key)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for tables of walls of %zu events", events);
	else
	{
		count_events(tables, own, uses);
		code = take_tables(tables, uses, keys, table_of_key, control, status);
		for (size_t i = 0; i < events && code == RPM_OK; i++)
			tables->of_event[i] = tables->of_event[i] < 0 ? -1 : table_of_key[tables->of_event[i]];
	}
	free(uses);
	free(table_of_key);
	return code;
}

void
rpm_store_tables_free(rpm_store_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++)
		free(tables->tables[i].entries);
	free(tables->tables);
	free(tables->of_event);
	memset(tables, 0, sizeof *tables);
}

static size_t
key_of(const rpm_store_tables *tables, const bool *own, int32_t mast, const rpm_stored_event *event)
{
	const rpm_scene *scene = tables->store->input.scene;
	size_t		building = own && event->building >= 0 && own[event->building] ? (size_t) event->building + 1 : 0;

	return ((((size_t) mast * (scene->material_count + 1) + (size_t) event->material) * (scene->building_count + 1)) + building) * 2
		+ (event->kind == RPM_EVENT_TRANSMISSION);
}

/* of_event: the keys for now. */
static void
count_events(rpm_store_tables *tables, const bool *own, uint32_t *uses)
{
	const rpm_path_store *store = tables->store;

	memset(tables->of_event, -1, (store->all.event_count + 1) * sizeof(int32_t));
	for (size_t i = 0; i < store->place_count; i++)
		for (uint32_t k = 0; k < store->places[i].path_count; k++)
		{
			const rpm_stored_path *path = &store->all.paths[store->places[i].first_path + k];

			for (uint32_t e = path->first_event; e < path->first_event + path->event_count; e++)
			{
				size_t		key = key_of(tables, own, store->places[i].mast, &store->all.events[e]);

				tables->of_event[e] = (int32_t) key;
				uses[key]++;
			}
		}
}

static rpm_code
take_tables(rpm_store_tables *tables, const uint32_t *uses, size_t keys, int32_t *table_of_key, rpm_control *control, rpm_status *status)
{
	const rpm_scene *scene = tables->store->input.scene;
	size_t		bytes = 0;
	rpm_code	code;

	for (size_t key = 0; key < keys; key++)
	{
		bool		pays = uses[key] >= USES_OF_STEP * STEPS_LEAST;

		table_of_key[key] = pays ? (int32_t) tables->count++ : -1;
		bytes += pays ? sizeof(rpm_store_table) + (size_t) (STEPS_MOST + 1) * NUMBERS * sizeof(float) : 0;
	}
	code = rpm_reserve(control, bytes, "tables of walls", status);
	if (code != RPM_OK)
		return code;
	tables->tables = calloc(tables->count + 1, sizeof(rpm_store_table));
	for (size_t key = 0; key < keys && tables->tables; key++)
	{
		rpm_store_table *table = tables->tables + table_of_key[key];
		size_t		wall = key / 2 / (scene->building_count + 1);

		if (table_of_key[key] < 0)
			continue;
		*table = (rpm_store_table) {.mast = (int32_t) (wall / (scene->material_count + 1)), .material = (int32_t) (wall % (scene->material_count + 1)),
			.building = (int32_t) (key / 2 % (scene->building_count + 1)) - 1, .through = key % 2, .uses = uses[key],
			.entries = malloc((size_t) (STEPS_MOST + 1) * NUMBERS * sizeof(float))};
		if (table->entries == NULL)
			return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu tables of walls", tables->count);
	}
	return tables->tables ? RPM_OK : rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu tables of walls", tables->count);
}

rpm_code
rpm_store_tables_fill(rpm_store_tables *tables, const rpm_store_values *values, bool gradient, rpm_control *control, rpm_status *status)
{
	tables->values = values;
	tables->gradient = gradient;
	return rpm_parallel_for(control, (int64_t) tables->count, 1, fill_range, tables, status);
}

static void
fill_range(void *context, int64_t begin, int64_t end, int thread)
{
	const rpm_store_tables *tables = context;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		fill(tables, &tables->tables[i]);
}

static void
fill(const rpm_store_tables *tables, rpm_store_table *table)
{
	const rpm_store_mast *mast = &tables->store->masts[table->mast];
	const rpm_store_wall *wall = &tables->values->walls[(size_t) mast->antenna * (tables->store->input.scene->material_count + 1)
													   + (size_t) table->material];
	double		permittivity = table->building < 0 ? 1 : tables->values->building_permittivity[table->building];
	double		conductivity = table->building < 0 ? 1 : tables->values->building_conductivity[table->building];
	rpm_complex eta = rpm_cx(1 + wall->eps_above_1 * permittivity, wall->eta_im * conductivity);
	rpm_wall_pair pairs[RPM_WALL_PAIRS], *const at[RPM_WALL_PAIRS] = {&pairs[0], &pairs[1], &pairs[2]};

	table->steps = rpm_store_table_steps(eta, wall->thickness_m, mast->wavelength_m);
	if (!rpm_store_table_pays(table->uses, table->steps))
		table->steps = 0;
	for (int i = 0; i <= table->steps && table->steps > 0; i++)
	{
		double		root = (double) i / table->steps;
		float	   *entry = table->entries + (size_t) i * NUMBERS;

		rpm_wall_pairs_of(eta, root * root, wall->thickness_m, mast->wavelength_m, table->through, tables->gradient, at);
		for (int k = 0; k < (tables->gradient ? RPM_WALL_PAIRS : 1); k++)
		{
			entry[4 * k] = (float) pairs[k].te.re;
			entry[4 * k + 1] = (float) pairs[k].te.im;
			entry[4 * k + 2] = (float) pairs[k].tm.re;
			entry[4 * k + 3] = (float) pairs[k].tm.im;
		}
	}
}

int
rpm_store_table_steps(rpm_complex eta, double thickness_m, double wavelength_m)
{
	rpm_complex a = rpm_refraction_root(eta, 0), once;
	double		strength = sqrt(rpm_cx_norm2(eta)), turns = 2 * RPM_PI * thickness_m / wavelength_m, width = sqrt(rpm_cx_norm2(a)) / fmax(1, strength);
	double		steps = STEPS_LEAST;

	if (thickness_m > 0)
	{
		once = rpm_cx_exp(rpm_cx(2 * turns * a.im, -2 * turns * a.re));
		/* R'^2 near 1 makes a slab's grazing fringe narrower the nearer it is to resonance. */
		width *= sqrt(rpm_cx_norm2(rpm_cx(1 - once.re, -once.im))) / 4;
		steps = fmax(steps, STEPS_OF_RADIAN * 2 * turns / sqrt(strength));
	}
	steps = fmax(steps, STEPS_OF_WIDTH / sqrt(width));
	return steps <= STEPS_MOST ? (int) ceil(steps) : STEPS_MOST + 1;
}

bool
rpm_store_table_pays(uint32_t uses, int steps)
{
	return steps <= STEPS_MOST && uses >= USES_OF_STEP * (uint32_t) steps;
}

bool
rpm_store_tables_at(const rpm_store_tables *tables, size_t event, double cosine, bool gradient, rpm_wall_pair *const pairs[RPM_WALL_PAIRS])
{
	int32_t		index = tables->of_event ? tables->of_event[event] : -1;
	const rpm_store_table *table = tables->tables + (index < 0 ? 0 : index);
	const float *entry;
	float		weights[4];
	four		sums[RPM_WALL_PAIRS] = {{0}};
	int			pairs_wanted = gradient ? RPM_WALL_PAIRS : 1;

	if (index < 0 || table->steps == 0)
		return false;
	entry = table->entries + (size_t) rpm_store_table_place(table->steps, cosine, weights) * NUMBERS;
	for (int i = 0; i < 4; i++, entry += NUMBERS)
		for (int k = 0; k < pairs_wanted; k++)
		{
			four		numbers;

			memcpy(&numbers, entry + 4 * k, sizeof numbers);
			sums[k] += weights[i] * numbers;
		}
	for (int k = 0; k < pairs_wanted; k++)
		*pairs[k] = (rpm_wall_pair) {{sums[k][0], sums[k][1]}, {sums[k][2], sums[k][3]}};
	return true;
}

void
rpm_wall_pairs_of(rpm_complex eta, double cosine, double thickness_m, double wavelength_m, bool through, bool gradient,
				  rpm_wall_pair *const pairs[RPM_WALL_PAIRS])
{
	rpm_interface_gradient g;
	const rpm_interface *const parts[RPM_WALL_PAIRS] = {&g.value, &g.by_eta, &g.by_thickness};

	if (gradient)
		g = rpm_interface_gradient_of(eta, cosine, thickness_m, wavelength_m);
	else
		g.value = thickness_m > 0 ? rpm_slab(eta, cosine, thickness_m, wavelength_m) : rpm_half_space(eta, cosine);
	for (int k = 0; k < (gradient ? RPM_WALL_PAIRS : 1); k++)
		*pairs[k] = through ? (rpm_wall_pair) {parts[k]->t_te, parts[k]->t_tm} : (rpm_wall_pair) {parts[k]->r_te, parts[k]->r_tm};
}
