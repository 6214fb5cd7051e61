/*
 * evaluate.c: the level of a cell from its stored paths, and its gradient by adjoints.
 *
 * Forward: the antenna's field, two numbers across the departure, goes through the events of each path; fields are added within groups,
 * powers between them (docs/physics.md).  Backward: the adjoint a of a field e, dP = Re(conj(a) . de), begins with twice the group's
 * field and goes through the same events in reverse, a coefficient c of an event e' = c e giving dP = Re(conj(a') e dc).
 */
#include <stdlib.h>
#include <string.h>

#include "calibrate/evaluate.h"
#include "rpm_level.h"

#define DB_OF_NEPER (10 / M_LN10)

static bool scratch_room(const rpm_path_store *store, const rpm_stored_place *place, rpm_store_scratch *scratch);
static void path_forward(rpm_cell_work *work, const rpm_stored_path *path, rpm_path_state *state);
static void chain_forward(rpm_cell_work *work, const rpm_stored_path *path, rpm_path_state *state);
static void edge_forward(rpm_cell_work *work, const rpm_stored_path *path, rpm_path_state *state);
static void set_field(const rpm_stored_path *path, const rpm_complex *y, rpm_path_state *state);
static double cell_power(const rpm_cell_work *work, rpm_cvec3 *groups);
static void path_backward(rpm_cell_work *work, const rpm_stored_path *path, const rpm_path_state *state, const rpm_cvec3 *groups, double scale);
static void chain_backward(rpm_cell_work *work, const rpm_stored_path *path, const rpm_path_state *state, rpm_complex *a, double scale);
static void edge_backward(rpm_cell_work *work, const rpm_stored_path *path, const rpm_path_state *state, rpm_complex *a, double scale);
static void roof_backward(rpm_cell_work *work, const rpm_stored_path *path, const rpm_path_state *state, double scale);
static void wall_backward(rpm_cell_work *work, const rpm_stored_event *event, const rpm_wall_state *wall, rpm_complex seed_te, rpm_complex seed_tm,
						  double scale);
static void sent_backward(rpm_cell_work *work, const rpm_path_state *state, rpm_vec3 adjoint, double scale);
static void add_sent(rpm_cell_work *work);
static void add(rpm_store_gradient *gradient, size_t index, double amount);

static inline rpm_vec3
vec_of(const float *v)
{
	return rpm_vec(v[0], v[1], v[2]);
}

bool
rpm_store_level(const rpm_path_store *store, const rpm_store_values *values, size_t cell, unsigned want,
				rpm_store_scratch *scratch, double *level_dbm)
{
	rpm_cell_work work;
	rpm_cvec3	groups[RPM_STORE_MOST_GROUPS];

	rpm_store_gradient_clear(&scratch->gradient);
	if (!rpm_cell_forward(store, values, cell, want, scratch, &work, groups, level_dbm))
		return false;
	if (!want)
		return true;
	for (uint32_t i = 0; i < work.place->path_count; i++)
		path_backward(&work, &store->all.paths[work.place->first_path + i], &work.paths[i], groups, DB_OF_NEPER / work.power);
	if (!(want & RPM_WANT_ANTENNAS))
		return true;
	add_sent(&work);
	add(work.gradient, rpm_antenna_parameter(work.antenna, RPM_PARAMETER_OFFSET_DB), 1);
	if (work.place->indoors)
		add(work.gradient, rpm_site_parameter(store, RPM_PARAMETER_INDOOR_LOSS_DB), -1);
	return true;
}

bool
rpm_cell_forward(const rpm_path_store *store, const rpm_store_values *values, size_t cell, unsigned want, rpm_store_scratch *scratch,
				 rpm_cell_work *work, rpm_cvec3 *groups, double *level_dbm)
{
	const rpm_stored_place *place = &store->places[store->place_of_cell[cell]];

	*work = (rpm_cell_work) {.store = store, .values = values, .place = place, .antenna = store->input.cells[cell].antenna, .want = want,
	.gradient = &scratch->gradient};
	*level_dbm = -INFINITY;
	if (!scratch_room(store, place, scratch))
		return false;
	work->wavelength_m = store->masts[place->mast].wavelength_m;
	work->materials = values->walls + (size_t) work->antenna * (store->input.scene->material_count + 1);
	work->paths = scratch->states;
	work->walls = (rpm_wall_state *) (work->paths + place->path_count);
	if (place->path_count > 0)
		rpm_sent_of_paths(&values->antennas[work->antenna], &values->frames[work->antenna], &store->all.paths[place->first_path], place->path_count,
						  want & RPM_WANT_ANTENNAS, &work->paths[0].sent, sizeof(rpm_path_state));
	for (uint32_t i = 0; i < place->path_count; i++)
		path_forward(work, &store->all.paths[place->first_path + i], &work->paths[i]);
	work->power = cell_power(work, groups);
	if (!(work->power > 0))
		return false;
	*level_dbm = rpm_cell_level(work, work->power);
	return true;
}

rpm_code
rpm_store_scratch_create(const rpm_path_store *store, rpm_store_scratch *scratch, rpm_status *status)
{
	memset(scratch, 0, sizeof *scratch);
	scratch->gradient.by = calloc(store->parameter_count + 1, sizeof(double));
	scratch->gradient.touched = calloc(store->parameter_count + 1, sizeof(uint32_t));
	scratch->gradient.is_touched = calloc(store->parameter_count + 1, 1);
	if (!scratch->gradient.by || !scratch->gradient.touched || !scratch->gradient.is_touched)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the gradient of %zu parameters", store->parameter_count);
	return RPM_OK;
}

void
rpm_store_scratch_free(rpm_store_scratch *scratch)
{
	free(scratch->states);
	free(scratch->gradient.by);
	free(scratch->gradient.touched);
	free(scratch->gradient.is_touched);
	memset(scratch, 0, sizeof *scratch);
}

void
rpm_store_gradient_clear(rpm_store_gradient *gradient)
{
	for (size_t i = 0; i < gradient->count; i++)
	{
		gradient->by[gradient->touched[i]] = 0;
		gradient->is_touched[gradient->touched[i]] = 0;
	}
	gradient->count = 0;
}

static bool
scratch_room(const rpm_path_store *store, const rpm_stored_place *place, rpm_store_scratch *scratch)
{
	size_t		walls = 0, bytes;

	for (uint32_t i = 0; i < place->path_count; i++)
		walls += store->all.paths[place->first_path + i].event_count;
	bytes = place->path_count * sizeof(rpm_path_state) + walls * sizeof(rpm_wall_state);
	if (bytes > scratch->state_room)
	{
		free(scratch->states);
		scratch->states = malloc(2 * bytes);
		scratch->state_room = scratch->states ? 2 * bytes : 0;
	}
	return scratch->states != NULL || bytes == 0;
}

static void
path_forward(rpm_cell_work *work, const rpm_stored_path *path, rpm_path_state *state)
{
	rpm_vec3	u = vec_of(path->in_u);

	state->first[0] = rpm_dot(state->sent.field, u);
	state->first[1] = rpm_dot(state->sent.field, rpm_cross(u, vec_of(path->departure)));
	state->wall = work->wall_count;
	state->roof_power = 0;
	for (int i = 0; i < path->event_count; i++)
		rpm_wall_forward(work, &work->store->all.events[path->first_event + (uint32_t) i], &work->walls[work->wall_count++]);
	if (path->kind == RPM_STORED_ROOF)
	{
		state->field = rpm_cvec_zero();
		state->roof_power = rpm_dot(state->sent.field, state->sent.field) * path->factor[0]
			* pow(10, (work->values->roof_offset_db + work->values->roof_slope_db * path->decades + work->values->roof_share * path->traced_db) / 10);
	}
	else
		rpm_path_field(work, path, state);
}

void
rpm_path_field(rpm_cell_work *work, const rpm_stored_path *path, rpm_path_state *state)
{
	if (path->kind == RPM_STORED_EDGE)
		edge_forward(work, path, state);
	else
		chain_forward(work, path, state);
}

void
rpm_wall_forward(rpm_cell_work *work, const rpm_stored_event *event, rpm_wall_state *wall)
{
	const rpm_store_values *values = work->values;
	const rpm_store_wall *material = &work->materials[event->material];
	rpm_wall_pair *const coefficients[RPM_WALL_PAIRS] = {&wall->value, &wall->by_eta, &wall->by_thickness};
	bool		gradient = work->want & RPM_WANT_WALLS;

	wall->eps_above_1 = material->eps_above_1;
	wall->eta_im = material->eta_im;
	if (event->building >= 0)
	{
		wall->eps_above_1 *= values->building_permittivity[event->building];
		wall->eta_im *= values->building_conductivity[event->building];
	}
	wall->thickness_m = material->thickness_m;
	wall->scattering = material->scattering;
	wall->amplitude = event->kind == RPM_EVENT_TRANSMISSION ? 1
		: event->kind == RPM_EVENT_SCATTERING ? wall->scattering * sqrt(event->lobe) : sqrt(1 - wall->scattering * wall->scattering);
	if (values->tables && rpm_store_tables_at(values->tables, (size_t) (event - work->store->all.events), event->cosine, gradient, coefficients))
		return;
	rpm_wall_pairs_of(rpm_cx(1 + wall->eps_above_1, wall->eta_im), event->cosine, wall->thickness_m, work->wavelength_m,
					  event->kind == RPM_EVENT_TRANSMISSION, gradient, coefficients);
}

static void
chain_forward(rpm_cell_work *work, const rpm_stored_path *path, rpm_path_state *state)
{
	rpm_complex x[2] = {rpm_cx(state->first[0], 0), rpm_cx(state->first[1], 0)};

	for (int i = 0; i < path->event_count; i++)
	{
		const rpm_stored_event *event = &work->store->all.events[path->first_event + (uint32_t) i];
		rpm_wall_state *wall = &work->walls[state->wall + (size_t) i];

		wall->before[0] = rpm_cx_add(rpm_cx_scale(x[0], event->turn_cos), rpm_cx_scale(x[1], event->turn_sin));
		wall->before[1] = rpm_cx_sub(rpm_cx_scale(x[1], event->turn_cos), rpm_cx_scale(x[0], event->turn_sin));
		x[0] = rpm_cx_scale(rpm_cx_mul(wall->value.te, wall->before[0]), wall->amplitude);
		x[1] = rpm_cx_scale(rpm_cx_mul(wall->value.tm, wall->before[1]), wall->amplitude);
	}
	set_field(path, x, state);
}

static void
edge_forward(rpm_cell_work *work, const rpm_stored_path *path, rpm_path_state *state)
{
	rpm_stored_matrices *matrices = &work->store->all.matrices[path->matrix];
	rpm_complex factors[RPM_STORE_MATRICES], y[2] = {{0, 0}, {0, 0}};

	rpm_edge_factors(&work->walls[state->wall], factors);
	for (int m = 0; m < RPM_STORE_MATRICES; m++)
		for (int k = 0; k < 2; k++)
			y[k] = rpm_cx_add(y[k], rpm_cx_mul(factors[m], rpm_matrix_row(matrices->m[m][k], state->first)));
	set_field(path, y, state);
}

static void
set_field(const rpm_stored_path *path, const rpm_complex *y, rpm_path_state *state)
{
	rpm_complex factor = rpm_cx(path->factor[0], path->factor[1]);

	state->field = rpm_cvec_add(rpm_cvec(vec_of(path->out_u), rpm_cx_mul(factor, y[0])), rpm_cvec(vec_of(path->out_p), rpm_cx_mul(factor, y[1])));
}

/* The power of a cell; groups: their fields. */
static double
cell_power(const rpm_cell_work *work, rpm_cvec3 *groups)
{
	const rpm_stored_place *place = work->place;
	double		power = 0;

	for (int g = 0; g < place->group_count; g++)
		groups[g] = rpm_cvec_zero();
	for (uint32_t i = 0; i < place->path_count; i++)
	{
		const rpm_stored_path *path = &work->store->all.paths[place->first_path + i];
		const rpm_path_state *state = &work->paths[i];

		power += state->roof_power;
		if (path->alone > 0)
			power += path->alone * rpm_cvec_norm2(state->field);
		for (int k = 0; k < RPM_STORE_GROUPS; k++)
			if (path->share[k] != 0)
				groups[path->group[k]] = rpm_cvec_add(groups[path->group[k]], rpm_cvec_scale(state->field, path->share[k]));
	}
	for (int g = 0; g < place->group_count; g++)
		power += rpm_cvec_norm2(groups[g]);
	return power;
}

/* scale: of the power's derivative, to that of the level in dB. */
static void
path_backward(rpm_cell_work *work, const rpm_stored_path *path, const rpm_path_state *state, const rpm_cvec3 *groups, double scale)
{
	rpm_complex conjugate = rpm_cx(path->factor[0], -path->factor[1]), a[2];
	rpm_cvec3	adjoint = rpm_cvec_scale(state->field, 2 * path->alone);
	rpm_vec3	u = vec_of(path->in_u), p = rpm_cross(u, vec_of(path->departure));

	if (path->kind == RPM_STORED_ROOF)
	{
		roof_backward(work, path, state, scale);
		return;
	}
	for (int k = 0; k < RPM_STORE_GROUPS; k++)
		if (path->share[k] != 0)
			adjoint = rpm_cvec_add(adjoint, rpm_cvec_scale(groups[path->group[k]], 2 * path->share[k]));
	a[0] = rpm_cx_mul(conjugate, rpm_cvec_dot(adjoint, vec_of(path->out_u)));
	a[1] = rpm_cx_mul(conjugate, rpm_cvec_dot(adjoint, vec_of(path->out_p)));
	if (path->kind == RPM_STORED_EDGE)
		edge_backward(work, path, state, a, scale);
	else
		chain_backward(work, path, state, a, scale);
	/* The field that is sent is real. */
	sent_backward(work, state, rpm_add(rpm_scale(u, a[0].re), rpm_scale(p, a[1].re)), scale);
}

/* a: the adjoint after the chain, then before it. */
static void
chain_backward(rpm_cell_work *work, const rpm_stored_path *path, const rpm_path_state *state, rpm_complex *a, double scale)
{
	for (int i = path->event_count - 1; i >= 0; i--)
	{
		const rpm_stored_event *event = &work->store->all.events[path->first_event + (uint32_t) i];
		const rpm_wall_state *wall = &work->walls[state->wall + (size_t) i];
		rpm_complex before[2];

		/* Re(conj(seed) dc): conj(seed) = conj(a) e. */
		if (work->want & RPM_WANT_WALLS)
			wall_backward(work, event, wall, rpm_cx_mul(rpm_cx_conj(a[0]), wall->before[0]),
						  rpm_cx_mul(rpm_cx_conj(a[1]), wall->before[1]), scale);
		before[0] = rpm_cx_scale(rpm_cx_mul(rpm_cx_conj(wall->value.te), a[0]), wall->amplitude);
		before[1] = rpm_cx_scale(rpm_cx_mul(rpm_cx_conj(wall->value.tm), a[1]), wall->amplitude);
		a[0] = rpm_cx_sub(rpm_cx_scale(before[0], event->turn_cos), rpm_cx_scale(before[1], event->turn_sin));
		a[1] = rpm_cx_add(rpm_cx_scale(before[0], event->turn_sin), rpm_cx_scale(before[1], event->turn_cos));
	}
}

static void
edge_backward(rpm_cell_work *work, const rpm_stored_path *path, const rpm_path_state *state, rpm_complex *a, double scale)
{
	rpm_stored_matrices *matrices = &work->store->all.matrices[path->matrix];
	const rpm_wall_state *faces = &work->walls[state->wall];
	rpm_complex factors[RPM_STORE_MATRICES], seeds[RPM_STORE_MATRICES];
	double		before[2] = {0, 0};

	rpm_edge_factors(faces, factors);
	for (int m = 0; m < RPM_STORE_MATRICES; m++)
	{
		rpm_complex first = rpm_matrix_row(matrices->m[m][0], state->first), second = rpm_matrix_row(matrices->m[m][1], state->first);

		seeds[m] = rpm_cx_add(rpm_cx_mul(rpm_cx_conj(a[0]), first), rpm_cx_mul(rpm_cx_conj(a[1]), second));
		/* Re(conj(factor entry) a): the field that comes in is real. */
		for (int out = 0; out < 2; out++)
		{
			rpm_complex turned = rpm_cx_mul(rpm_cx_conj(factors[m]), a[out]);

			for (int in = 0; in < 2; in++)
				before[in] += matrices->m[m][out][in][0] * turned.re + matrices->m[m][out][in][1] * turned.im;
		}
	}
	for (int f = 0; f < 2 && work->want & RPM_WANT_WALLS; f++)
		wall_backward(work, &work->store->all.events[path->first_event + (uint32_t) f], &faces[f], seeds[1 + 2 * f], seeds[2 + 2 * f], scale);
	a[0] = rpm_cx(before[0], 0);
	a[1] = rpm_cx(before[1], 0);
}

static void
roof_backward(rpm_cell_work *work, const rpm_stored_path *path, const rpm_path_state *state, double scale)
{
	double		sent, by_db = state->roof_power * M_LN10 / 10 * scale;

	if (!(work->want & RPM_WANT_ANTENNAS))
		return;
	add(work->gradient, rpm_site_parameter(work->store, RPM_PARAMETER_ROOF_OFFSET_DB), by_db);
	add(work->gradient, rpm_site_parameter(work->store, RPM_PARAMETER_ROOF_SLOPE_DB), by_db * path->decades);
	add(work->gradient, rpm_site_parameter(work->store, RPM_PARAMETER_ROOF_SHARE), by_db * path->traced_db);
	sent = rpm_dot(state->sent.field, state->sent.field);
	if (sent > 0)
		sent_backward(work, state, rpm_scale(state->sent.field, 2 * state->roof_power / sent), scale);
}

/* seed: conj(adjoint) times the field that the coefficient without its amplitude multiplies. */
static void
wall_backward(rpm_cell_work *work, const rpm_stored_event *event, const rpm_wall_state *wall, rpm_complex seed_te, rpm_complex seed_tm, double scale)
{
	rpm_complex whole = rpm_cx_add(rpm_cx_mul(seed_te, wall->value.te), rpm_cx_mul(seed_tm, wall->value.tm));
	rpm_complex eta = rpm_cx_add(rpm_cx_mul(seed_te, wall->by_eta.te), rpm_cx_mul(seed_tm, wall->by_eta.tm));
	rpm_complex thickness = rpm_cx_add(rpm_cx_mul(seed_te, wall->by_thickness.te), rpm_cx_mul(seed_tm, wall->by_thickness.tm));
	double		by_permittivity = scale * wall->amplitude * eta.re * wall->eps_above_1;
	double		by_conductivity = -scale * wall->amplitude * eta.im * wall->eta_im;
	double		s = wall->scattering, by_s = 0;

	if (event->kind == RPM_EVENT_SCATTERING)
		by_s = sqrt(event->lobe);
	else if (event->kind != RPM_EVENT_TRANSMISSION && s < 1)
		by_s = -s / sqrt(1 - s * s);
	add(work->gradient, rpm_material_parameter(work->store, event->material, RPM_PARAMETER_PERMITTIVITY), by_permittivity);
	add(work->gradient, rpm_material_parameter(work->store, event->material, RPM_PARAMETER_CONDUCTIVITY), by_conductivity);
	if (wall->thickness_m > 0)
		add(work->gradient, rpm_material_parameter(work->store, event->material, RPM_PARAMETER_THICKNESS),
			scale * wall->amplitude * thickness.re * wall->thickness_m);
	if (s > 0)
		add(work->gradient, rpm_material_parameter(work->store, event->material, RPM_PARAMETER_SCATTERING),
			scale * whole.re * by_s * s * (1 - s));
	if (event->building >= 0)
	{
		add(work->gradient, rpm_building_parameter(work->store, event->building, RPM_PARAMETER_BUILDING_PERMITTIVITY), by_permittivity);
		add(work->gradient, rpm_building_parameter(work->store, event->building, RPM_PARAMETER_BUILDING_CONDUCTIVITY), by_conductivity);
	}
}

/* adjoint: of the real field that is sent. */
static void
sent_backward(rpm_cell_work *work, const rpm_path_state *state, rpm_vec3 adjoint, double scale)
{
	double		along = scale * rpm_dot(adjoint, state->sent.field);

	if (!(work->want & RPM_WANT_ANTENNAS))
		return;
	for (int i = 0; i < 2; i++)
		work->sent_by[i] += scale * rpm_dot(adjoint, state->sent.by_angle[i]);
	for (int i = 0; i < RPM_SENT_SCALES; i++)
		work->sent_by[RPM_BY_LOG_HORIZONTAL_BEAMWIDTH + i] += along * state->sent.by_scale[i];
}

static void
add_sent(rpm_cell_work *work)
{
	static const int kinds[RPM_ANTENNA_NUMBERS] = {
		[RPM_BY_AZIMUTH_DEG] = RPM_PARAMETER_AZIMUTH_DEG,
		[RPM_BY_TILT_DEG] = RPM_PARAMETER_TILT_DEG,
		[RPM_BY_LOG_HORIZONTAL_BEAMWIDTH] = RPM_PARAMETER_HORIZONTAL_BEAMWIDTH_DEG,
		[RPM_BY_LOG_VERTICAL_BEAMWIDTH] = RPM_PARAMETER_VERTICAL_BEAMWIDTH_DEG,
		[RPM_BY_SIDE_LOBE_FLOOR_DB] = RPM_PARAMETER_SIDE_LOBE_FLOOR_DB,
		[RPM_BY_FRONT_TO_BACK_DB] = RPM_PARAMETER_FRONT_TO_BACK_DB,
		[RPM_BY_GAIN_DB] = RPM_PARAMETER_GAIN_DBI
	};

	for (int i = 0; i < RPM_ANTENNA_NUMBERS; i++)
		add(work->gradient, rpm_antenna_parameter(work->antenna, kinds[i]), work->sent_by[i]);
}

static void
add(rpm_store_gradient *gradient, size_t index, double amount)
{
	if (!gradient->is_touched[index])
	{
		gradient->is_touched[index] = 1;
		gradient->touched[gradient->count++] = (uint32_t) index;
	}
	gradient->by[index] += amount;
}
