/*
 * test_calibrate_gradient.c: the store of paths against the map, and every hand-derived derivative against finite differences.
 */
#include "calibrate_scene.h"
#include "calibrate/profile.h"
#include "calibrate/sent.h"
#include "calibrate/tables.h"
#include "rpm_fresnel_gradient.h"
#include "rpm_pattern_gradient.h"

static double
off(rpm_complex a, rpm_complex b)
{
	return sqrt(rpm_cx_norm2(rpm_cx_sub(a, b)));
}

static double
interfaces_off(rpm_interface high, rpm_interface low, double width, rpm_interface by)
{
	double		worst = 0;

	worst = fmax(worst, off(rpm_cx_scale(rpm_cx_sub(high.r_te, low.r_te), 1 / width), by.r_te));
	worst = fmax(worst, off(rpm_cx_scale(rpm_cx_sub(high.r_tm, low.r_tm), 1 / width), by.r_tm));
	worst = fmax(worst, off(rpm_cx_scale(rpm_cx_sub(high.t_te, low.t_te), 1 / width), by.t_te));
	return fmax(worst, off(rpm_cx_scale(rpm_cx_sub(high.t_tm, low.t_tm), 1 / width), by.t_tm));
}

static rpm_interface
wall_of(rpm_complex eta, double cosine, double thickness_m)
{
	return thickness_m > 0 ? rpm_slab(eta, cosine, thickness_m, 0.1) : rpm_half_space(eta, cosine);
}

/* By eta along the real axis, along the imaginary one (an analytic function: j times the same), and by the thickness. */
static void
wall_coefficients(void)
{
	const double h = 1e-5, cosines[] = {0.05, 0.4, 0.8, 1};

	for (int i = 0; i < 4; i++)
		for (int slab = 0; slab < 2; slab++)
		{
			rpm_complex eta = rpm_cx(5.2, -0.4);
			double		d = slab ? 0.15 : 0;
			rpm_interface_gradient g = rpm_interface_gradient_of(eta, cosines[i], d, 0.1);
			rpm_interface turned = {rpm_cx_mul(g.by_eta.r_te, rpm_cx(0, 1)), rpm_cx_mul(g.by_eta.r_tm, rpm_cx(0, 1)),
			rpm_cx_mul(g.by_eta.t_te, rpm_cx(0, 1)), rpm_cx_mul(g.by_eta.t_tm, rpm_cx(0, 1))};

			CHECK(interfaces_off(wall_of(eta, cosines[i], d), wall_of(eta, cosines[i], d), 1, (rpm_interface) {{0, 0}, {0, 0}, {0, 0}, {0, 0}}) == 0);
			CHECK(off(g.value.r_tm, wall_of(eta, cosines[i], d).r_tm) == 0);
			CHECK(interfaces_off(wall_of(rpm_cx(eta.re + h, eta.im), cosines[i], d), wall_of(rpm_cx(eta.re - h, eta.im), cosines[i], d), 2 * h, g.by_eta) < 1e-7);
			CHECK(interfaces_off(wall_of(rpm_cx(eta.re, eta.im + h), cosines[i], d), wall_of(rpm_cx(eta.re, eta.im - h), cosines[i], d), 2 * h, turned) < 1e-7);
			if (slab)
				CHECK(interfaces_off(wall_of(eta, cosines[i], d + h), wall_of(eta, cosines[i], d - h), 2 * h, g.by_thickness) < 2e-4);
		}
}

/* Beside Sionna RT 2.2.0, in single precision (test/accuracy/calibrated/gradient_peer.py): one reflected path's power by its wall's constants. */
static void
outside_gradient(void)
{
	const double wavelength_m = RPM_SPEED_OF_LIGHT_M_S / 3.5e9, of_sigma = 1 / (2 * RPM_PI * 3.5e9 * RPM_VACUUM_PERMITTIVITY_F_M), db = 10 / M_LN10;
	const double length_m = hypot(10 + 50 / 9.0, 14), free = wavelength_m / (4 * RPM_PI * length_m);
	rpm_interface_gradient g = rpm_interface_gradient_of(rpm_cx(5.24, -0.12 * of_sigma), 9 / hypot(9, 10), 0.2, wavelength_m);
	rpm_complex r = g.value.r_tm, by_eta = g.by_eta.r_tm;
	double		power = rpm_cx_norm2(r);

	CHECK_NEAR(10 * log10(power * free * free), -82.26282, 2e-4);
	CHECK_NEAR(db * 2 * (r.re * by_eta.re + r.im * by_eta.im) / power, 2.00778, 1e-4);
	CHECK_NEAR(db * 2 * (r.re * by_eta.im - r.im * by_eta.re) / power * of_sigma, 4.76879, 2e-4);
}

/* The antenna with one of its numbers moved. */
static rpm_antenna
moved(rpm_antenna a, int number, double step)
{
	if (number == RPM_BY_AZIMUTH_DEG)
		a.grid_azimuth_rad += rpm_radians(step);
	if (number == RPM_BY_TILT_DEG)
		a.mechanical_tilt_rad += rpm_radians(step);
	if (number == RPM_BY_LOG_HORIZONTAL_BEAMWIDTH)
		a.pattern.horizontal_beamwidth_deg *= exp(step);
	if (number == RPM_BY_LOG_VERTICAL_BEAMWIDTH)
		a.pattern.vertical_beamwidth_deg *= exp(step);
	if (number == RPM_BY_SIDE_LOBE_FLOOR_DB)
		a.pattern.side_lobe_floor_db += step;
	if (number == RPM_BY_FRONT_TO_BACK_DB)
		a.pattern.front_to_back_db += step;
	if (number == RPM_BY_GAIN_DB)
		a.pattern.gain_dbi += step;
	return a;
}

static void
antenna_fields(void)
{
	static const int kinds[] = {RPM_PATTERN_ISOTROPIC, RPM_PATTERN_DIPOLE, RPM_PATTERN_HALF_WAVE_DIPOLE, RPM_PATTERN_TR38901, RPM_PATTERN_MEASURED};
	uint64_t	random = 3;

	for (int k = 0; k < 5; k++)
		for (int trial = 0; trial < 200; trial++)
		{
			rpm_antenna a = {.frequency_hz = 2e9, .grid_azimuth_rad = 0.7, .mechanical_tilt_rad = 0.1, .electrical_tilt_rad = 0.05, .slant_rad = 0.6};
			rpm_vec3	d = rpm_unit(rpm_vec(town_normal(&random), town_normal(&random), town_normal(&random))), by[RPM_ANTENNA_NUMBERS], field;
			rpm_antenna_frame frame;
			const double h = 1e-6;

			a.pattern = rpm_pattern_default(kinds[k]);
			for (int i = 0; i < 360; i++)
			{
				a.pattern.horizontal_attenuation_db[i] = (float) (15 * (1 - cos(i * RPM_PI / 180)));
				a.pattern.vertical_attenuation_db[i] = (float) (12 * (1 - cos((i - 2) * RPM_PI / 180)) + 2 * fabs(sin(3 * i * RPM_PI / 180)));
			}
			frame = rpm_antenna_frame_of(&a);
			field = rpm_antenna_field_gradient(&a, &frame, d, by);
			CHECK(fabs(rpm_norm(field) - sqrt(rpm_cvec_norm2(rpm_antenna_field(&a, d)))) < 1e-12 * (1 + rpm_norm(field)));
			for (int i = 0; i < RPM_ANTENNA_NUMBERS; i++)
			{
				rpm_antenna high = moved(a, i, h), low = moved(a, i, -h);
				rpm_antenna_frame above = rpm_antenna_frame_of(&high), below = rpm_antenna_frame_of(&low);
				rpm_vec3	slope = rpm_scale(rpm_sub(rpm_antenna_field_gradient(&high, &above, d, NULL),
													  rpm_antenna_field_gradient(&low, &below, d, NULL)), 0.5 / h);

				/* A kink of the pattern within the step leaves half of its jump: none of these directions is one. */
				CHECK_NEAR(rpm_norm(rpm_sub(slope, by[i])), 0, 2e-6 * (1 + rpm_norm(by[i])));
			}
		}
}

static void compare_with_map(unsigned mechanisms, bool isotropic, double tolerance_db, size_t one_in);

/* One antenna, cells whose power at the centre the map computes with one point per cell. */
static void
same_as_map(void)
{
	/* The map's coefficients lie in a table of single precision.  At the rim of a facet it asks for the first hit of a ray of that precision. */
	compare_with_map(RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION, false, 1e-3, 300);
	/* Over the roofs with a share of 1; the map's bound comes to cells in sight, too, some 35 dB below what is there. */
	compare_with_map(RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_DIFFRACTION | RPM_OVER_ROOFS, true, 0.02, 100);
}

static void
compare_with_map(unsigned mechanisms, bool isotropic, double tolerance_db, size_t one_in)
{
	town		t;
	rpm_store_options options;
	rpm_calibration calibration;
	rpm_grid	grid;
	rpm_trace_options trace = map_options(mechanisms, 1, 0);
	double	   *gain, *levels;
	size_t		compared = 0, differing = 0;

	if (!town_build(&t, 4, 1, 0))
	{
		CHECK(false);
		return;
	}
	rpm_store_options_default(&options);
	options.max_depth = 1;
	options.mechanisms = mechanisms;
	options.over_roofs = mechanisms & RPM_OVER_ROOFS ? RPM_OVER_ROOFS_SHADOW : RPM_OVER_ROOFS_HOLES;
	options.weakest_db = 200;
	for (int a = 0; a < TOWN_ANTENNAS && isotropic; a++)
	{
		t.antennas[a].antenna.pattern = rpm_pattern_default(RPM_PATTERN_ISOTROPIC);
		t.antennas[a].antenna.slant_rad = 0;
	}
	CHECK(town_trace(&t, &options, 2));
	CHECK(rpm_calibration_create(t.store, &calibration, &t.status) == RPM_OK);
	for (size_t i = 0; i < calibration.parameter_count; i++)
		if (calibration.parameters[i].kind == RPM_PARAMETER_ROOF_SHARE)
			calibration.parameters[i].value = 1;
	levels = calloc(t.cell_count, sizeof(double));
	CHECK(rpm_calibration_levels(t.store, &calibration, NULL, levels, &t.status) == RPM_OK);
	grid = map_grid(&t.map, -4 * 24 + TOWN_CELL_M / 2, 4 * 24 - TOWN_CELL_M / 2, TOWN_CELL_M, 38, 38, 1.5);
	/* The town's cells count from its south-west corner, 192 m are no multiple of 5 m. */
	grid.north = map_local(&t.map, 0, -96, 0).y + 38 * TOWN_CELL_M;
	gain = calloc(38 * 38, sizeof(double));
	trace.cell_samples = 1;
	for (int a = 0; a < TOWN_ANTENNAS; a++)
	{
		CHECK(map_run(&t.map, &t.antennas[a].antenna, &grid, &trace, 2, gain, NULL));
		for (size_t i = 0; i < t.cell_count; i++)
		{
			int			column = (int) floor((t.cells[i].x_m - grid.west) / TOWN_CELL_M), row = (int) floor((grid.north - t.cells[i].y_m) / TOWN_CELL_M);
			double		there = gain[row * 38 + column];

			if (t.cells[i].antenna != a || isnan(there) || !(there > 0))
				continue;
			compared++;
			differing += fabs(levels[i] - (17 + map_db(there))) > tolerance_db;
		}
	}
	CHECK(compared > 1000);
	CHECK(differing <= compared / one_in);
	if (differing > compared / one_in)
		printf("  %zu of %zu cells differ\n", differing, compared);
	free(gain);
	free(levels);
	rpm_calibration_free(&calibration);
	town_end(&t);
}

/* Central differences of every level by every parameter that the cell's paths touch. */
static void
check_gradients(town *t, int stride, double *seen)
{
	rpm_calibration calibration;
	double	   *gradient, level, high, low, *scratch;
	uint64_t	random = 11;
	const double h = 1e-5;

	CHECK(rpm_calibration_create(t->store, &calibration, &t->status) == RPM_OK);
	gradient = calloc(calibration.parameter_count, sizeof(double));
	scratch = calloc(calibration.parameter_count, sizeof(double));
	/* Somewhere else than at the priors. */
	for (size_t i = 0; i < calibration.parameter_count; i++)
	{
		rpm_parameter *p = &calibration.parameters[i];
		double		z = rpm_parameter_to_fit(p->kind, p->value) + 0.3 * p->prior_sd * town_normal(&random);

		if (isfinite(z))
			p->value = rpm_parameter_from_fit(p->kind, z);
	}
	for (size_t cell = 0; cell < t->cell_count; cell += (size_t) stride)
	{
		CHECK(rpm_calibration_gradient(t->store, &calibration, cell, &level, gradient, &t->status) == RPM_OK);
		for (size_t i = 0; i < calibration.parameter_count; i++)
		{
			rpm_parameter *p = &calibration.parameters[i];
			double		value = p->value, z = rpm_parameter_to_fit(p->kind, value);

			if (gradient[i] == 0)
				continue;
			p->value = rpm_parameter_from_fit(p->kind, z + h);
			CHECK(rpm_calibration_gradient(t->store, &calibration, cell, &high, scratch, &t->status) == RPM_OK);
			p->value = rpm_parameter_from_fit(p->kind, z - h);
			CHECK(rpm_calibration_gradient(t->store, &calibration, cell, &low, scratch, &t->status) == RPM_OK);
			p->value = value;
			CHECK_NEAR((high - low) / (2 * h), gradient[i], 2e-5 * (1 + fabs(gradient[i])));
			seen[p->kind] = fmax(seen[p->kind], fabs(gradient[i]));
		}
	}
	free(gradient);
	free(scratch);
	rpm_calibration_free(&calibration);
}

/* Each mechanism by itself, then all: some cell must depend on each parameter that the mechanism has. */
static void
gradients(void)
{
	static const unsigned mechanisms[] = {RPM_LINE_OF_SIGHT, RPM_REFLECTION, RPM_REFRACTION, RPM_DIFFRACTION, RPM_SCATTERING,
	RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION | RPM_DIFFRACTION | RPM_SCATTERING};

	for (int m = 0; m < 6; m++)
	{
		town		t;
		rpm_store_options options;
		double		seen[RPM_PARAMETER_KINDS] = {0};

		if (!town_build(&t, 4, 7, mechanisms[m] & RPM_SCATTERING ? 0.4 : 0))
		{
			CHECK(false);
			return;
		}
		rpm_store_options_default(&options);
		options.mechanisms = mechanisms[m] | RPM_OVER_ROOFS;
		options.max_depth = 3;
		options.samples = 20000;
		CHECK(town_trace(&t, &options, 2));
		check_gradients(&t, mechanisms[m] == RPM_LINE_OF_SIGHT ? 3 : 7, seen);
		for (int kind = 0; kind <= RPM_PARAMETER_INDOOR_LOSS_DB; kind++)
			CHECK(seen[kind] > 0);
		for (int kind = RPM_PARAMETER_PERMITTIVITY; kind < RPM_PARAMETER_KINDS; kind++)
			CHECK((seen[kind] > 0) == (mechanisms[m] != RPM_LINE_OF_SIGHT && (kind != RPM_PARAMETER_SCATTERING || mechanisms[m] & RPM_SCATTERING)));
		town_end(&t);
	}
}

/*
 * Levels and gradients with tabulated walls beside those with each coefficient computed, with the materials somewhere else in each trial.
 * Deep fades have more of a coefficient's error: a field of a hundredth of its parts has a hundred times their relative error.
 */
static void
tables(void)
{
	town		t;
	rpm_store_options options;
	uint64_t	random = 5;
	double		worst = 0, worst_slope = 0;
	size_t		compared = 0, off = 0;

	rpm_store_options_default(&options);
	options.mechanisms = RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION | RPM_DIFFRACTION | RPM_SCATTERING;
	options.samples = 20000;
	CHECK(town_build(&t, 4, 1, 0.3) && town_trace(&t, &options, 2));
	for (int trial = 0; trial < 4 && t.store; trial++)
	{
		bool		own[16] = {trial > 1, false, true, trial > 1};
		rpm_calibration calibration;
		rpm_store_values values;
		rpm_store_scratch scratch;
		rpm_store_tables walls;
		double	   *gradient;

		CHECK(rpm_calibration_create(t.store, &calibration, &t.status) == RPM_OK);
		gradient = calloc(calibration.parameter_count, sizeof(double));
		CHECK(rpm_store_values_create(t.store, &values, &t.status) == RPM_OK);
		CHECK(rpm_store_scratch_create(t.store, &scratch, &t.status) == RPM_OK);
		CHECK(rpm_store_tables_create(t.store, own, NULL, &walls, &t.status) == RPM_OK);
		for (size_t i = 0; i < calibration.parameter_count; i++)
		{
			rpm_parameter *p = &calibration.parameters[i];
			double		z = rpm_parameter_to_fit(p->kind, p->value) + p->prior_sd * town_normal(&random);

			if (isfinite(z) && (p->kind < RPM_PARAMETER_BUILDING_PERMITTIVITY || own[p->owner]))
				p->value = rpm_parameter_from_fit(p->kind, z);
		}
		rpm_store_values_set(t.store, calibration.parameters, &values);
		CHECK(rpm_store_tables_fill(&walls, &values, true, NULL, &t.status) == RPM_OK);
		CHECK(walls.count >= 5);
		for (size_t cell = 0; cell < t.cell_count; cell++)
		{
			double		computed, level;

			values.tables = NULL;
			if (!rpm_store_level(t.store, &values, cell, RPM_WANT_ANTENNAS | RPM_WANT_WALLS, &scratch, &computed))
				continue;
			memcpy(gradient, scratch.gradient.by, calibration.parameter_count * sizeof(double));
			values.tables = &walls;
			CHECK(rpm_store_level(t.store, &values, cell, RPM_WANT_ANTENNAS | RPM_WANT_WALLS, &scratch, &level));
			worst = fmax(worst, fabs(level - computed));
			for (size_t i = 0; i < calibration.parameter_count; i++)
			{
				double		difference = fabs(scratch.gradient.by[i] - gradient[i]) / (1 + fabs(gradient[i]));

				compared += gradient[i] != 0;
				off += difference > 0.02;
				worst_slope = fmax(worst_slope, difference);
			}
		}
		free(gradient);
		rpm_store_tables_free(&walls);
		rpm_store_scratch_free(&scratch);
		rpm_store_values_free(&values);
		rpm_calibration_free(&calibration);
	}
	CHECK(compared > 20000);
	CHECK(worst < 0.05);
	CHECK(off * 1000 < compared);
	if (worst >= 0.05 || off * 1000 >= compared)
		printf("  worst level %g dB, worst slope %g, %zu of %zu\n", worst, worst_slope, off, compared);
	town_end(&t);
}

/* What is sent into many paths at once, against one field with its derivatives at a time; straight up and down, too. */
static void
sent_at_once(void)
{
	static const int kinds[] = {RPM_PATTERN_TR38901, RPM_PATTERN_HALF_WAVE_DIPOLE};
	rpm_stored_path paths[103] = {0};
	rpm_sent	sent[103];
	uint64_t	random = 9;
	double		worst = 0;

	for (int i = 0; i < 103; i++)
	{
		rpm_vec3	d = rpm_unit(rpm_vec(town_normal(&random), town_normal(&random), town_normal(&random)));

		paths[i].departure[0] = i < 2 ? 0 : (float) d.x;
		paths[i].departure[1] = i < 2 ? 0 : (float) d.y;
		paths[i].departure[2] = i < 2 ? 1 - 2 * i : (float) d.z;
	}
	for (int trial = 0; trial < 6; trial++)
	{
		rpm_antenna antenna = {.grid_azimuth_rad = 1.1 * trial, .mechanical_tilt_rad = 0.03 * trial, .electrical_tilt_rad = 0.1,
		.slant_rad = trial > 3 ? RPM_PI / 4 : 0, .pattern = rpm_pattern_default(kinds[trial % 2])};
		rpm_antenna_frame frame = rpm_antenna_frame_of(&antenna);

		rpm_sent_of_paths(&antenna, &frame, paths, 103, true, sent, sizeof(rpm_sent));
		for (int i = 0; i < 103; i++)
		{
			const float *d = paths[i].departure;
			rpm_vec3	by[RPM_ANTENNA_NUMBERS], field = rpm_antenna_field_gradient(&antenna, &frame, rpm_vec(d[0], d[1], d[2]), by);

			worst = fmax(worst, rpm_norm(rpm_sub(field, sent[i].field)));
			for (int k = 0; k < RPM_ANTENNA_NUMBERS; k++)
				worst = fmax(worst, rpm_norm(rpm_sub(by[k], k < 2 ? sent[i].by_angle[k] : rpm_scale(sent[i].field, sent[i].by_scale[k - 2]))));
		}
	}
	CHECK(worst < 1e-9);
	if (worst >= 1e-9)
		printf("  %g off\n", worst);
}

/* The cost of all cells by whole evaluations, no table. */
static double
whole_cost(rpm_fit_work *fit)
{
	double		sum = 0, level;

	fit->values.tables = NULL;
	for (size_t i = 0; i < fit->store->input.cell_count; i++)
		if (rpm_store_level(fit->store, &fit->values, i, 0, &fit->scratch[0], &level))
			sum += rpm_fit_loss(fit, level, fit->store->input.cells[i].level_dbm);
	fit->values.tables = &fit->tables;
	return sum;
}

static void
compare_profile(rpm_fit_work *fit, rpm_profile *profile, int row, rpm_parameter *parameter, double now)
{
	double		worst = 0, most = 0, value = parameter->value;

	for (int lane = 0; lane < RPM_PROFILE_LANES; lane++)
	{
		double		cost, found = profile->costs[row * RPM_PROFILE_LANES + lane];

		parameter->value = value * profile->factors[row * RPM_PROFILE_LANES + lane];
		rpm_store_values_set(fit->store, fit->calibration->parameters, &fit->values);
		cost = whole_cost(fit) - now;
		most = fmax(most, fabs(cost));
		worst = fmax(worst, fabs(found - cost));
	}
	parameter->value = value;
	rpm_store_values_set(fit->store, fit->calibration->parameters, &fit->values);
	CHECK(most > 1);
	/* Paths that carry less than a thousandth stay as they are; coefficients come from tables. */
	CHECK(worst < 0.02 * (1 + most));
	if (worst >= 0.02 * (1 + most))
		printf("  row %d: %g off, of up to %g\n", row, worst, most);
}

/* Costs in lanes over a material's and over buildings' permittivities, against whole evaluations of each. */
static void
profiles(void)
{
	town		t;
	rpm_store_options options;
	rpm_calibrate_options how;
	rpm_calibration calibration;
	rpm_store_scratch scratch;
	uint64_t	random = 6;
	bool		own[16] = {true, true};
	int32_t		rows[16];
	double		factors[2 * RPM_PROFILE_LANES], costs[2 * RPM_PROFILE_LANES], level, now;
	rpm_profile profile = {.factors = factors, .costs = costs, .row_of_building = rows};
	rpm_control control = {.threads = 1};
	rpm_fit_work fit = {.options = &how, .control = &control, .calibration = &calibration, .threads = 1, .scratch = &scratch, .stride = 1, .scale_db = 4};

	rpm_store_options_default(&options);
	options.mechanisms = RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_REFRACTION | RPM_DIFFRACTION | RPM_SCATTERING;
	options.samples = 20000;
	rpm_calibrate_options_default(&how);
	CHECK(town_build(&t, 4, 2, 0.3) && town_trace(&t, &options, 2));
	fit.store = t.store;
	fit.weights = malloc(t.cell_count * sizeof(double));
	CHECK(rpm_calibration_create(t.store, &calibration, &t.status) == RPM_OK);
	CHECK(rpm_store_values_create(t.store, &fit.values, &t.status) == RPM_OK);
	CHECK(rpm_store_scratch_create(t.store, &scratch, &t.status) == RPM_OK);
	CHECK(rpm_store_tables_create(t.store, own, NULL, &fit.tables, &t.status) == RPM_OK);
	calibration.parameters[rpm_building_parameter(t.store, 1, RPM_PARAMETER_BUILDING_PERMITTIVITY)].value = 1.1;
	rpm_store_values_set(t.store, calibration.parameters, &fit.values);
	for (size_t i = 0; i < t.cell_count; i++)
	{
		fit.weights[i] = 1;
		if (rpm_store_level(t.store, &fit.values, i, 0, &scratch, &level))
			t.cells[i].level_dbm = level + 4 * town_normal(&random);
	}
	fit.values.tables = &fit.tables;
	for (int lane = 0; lane < 2 * RPM_PROFILE_LANES; lane++)
		factors[lane] = exp(0.04 * (lane % RPM_PROFILE_LANES - RPM_PROFILE_LANES / 2));
	now = whole_cost(&fit);

	profile.rows = 1;
	profile.material = 0;
	CHECK(rpm_fit_profile(&fit, &profile, &t.status) == RPM_OK);
	compare_profile(&fit, &profile, 0, &calibration.parameters[rpm_material_parameter(t.store, 0, RPM_PARAMETER_PERMITTIVITY)], now);
	profile.rows = 2;
	profile.material = -1;
	for (int b = 0; b < 16; b++)
		rows[b] = b < 2 ? b : -1;
	CHECK(rpm_fit_profile(&fit, &profile, &t.status) == RPM_OK);
	for (int b = 0; b < 2; b++)
		compare_profile(&fit, &profile, b, &calibration.parameters[rpm_building_parameter(t.store, b, RPM_PARAMETER_BUILDING_PERMITTIVITY)], now);

	free(fit.weights);
	rpm_store_tables_free(&fit.tables);
	rpm_store_scratch_free(&scratch);
	rpm_store_values_free(&fit.values);
	rpm_calibration_free(&calibration);
	town_end(&t);
}

int
main(void)
{
	RUN(wall_coefficients);
	RUN(outside_gradient);
	RUN(antenna_fields);
	RUN(same_as_map);
	RUN(gradients);
	RUN(tables);
	RUN(sent_at_once);
	RUN(profiles);
	return unit_summary("calibrate_gradient");
}
