/*
 * recovery.c: whether hidden antennas, materials and buildings come back from simulated measurements within the errors that a calibration
 * states: draws of a town of 16 buildings and three sectors, and of the demo's city about its site Alter Hof; 3 dB of noise.
 *
 *   recovery [DRAWS [CASE]]      default 20, all cases; cases count from 0
 */
#include "calibrate_scene.h"
#include "munich_scene.h"

/* The city: three sectors of the demo's antennas.csv, cells so far from them and so far apart. */
#define CITY_X 691858.6
#define CITY_Y 5334723.0
#define CITY_HEIGHT_M 34.0
#define CITY_TILT_DEG 6.0
#define CITY_REACH_M 400.0
#define CITY_STEP_M 20.0

typedef struct tally
{
	int			fitted, within_1, within_2, identifiable, identifiable_within_2, unconverged;
	double		before, after;
} tally;

/* Each parameter that the fit has is moved by `share` of its prior's deviation. */
static void
hide(rpm_calibration *truth, uint64_t *random, double share, bool buildings)
{
	for (size_t i = 0; i < truth->parameter_count; i++)
	{
		rpm_parameter *p = &truth->parameters[i];
		double		z = town_moved(p, share, random);

		if (isfinite(z) && (p->kind < RPM_PARAMETER_THICKNESS || (p->kind >= RPM_PARAMETER_BUILDING_PERMITTIVITY && buildings)))
			p->value = fmin(p->highest, fmax(p->lowest, rpm_parameter_from_fit(p->kind, z)));
	}
}

static void
open_town(town *t, bool half_spaces)
{
	if (!town_build(t, 4, 2, 0))
		exit(1);
	if (half_spaces)
		t->materials[0].thickness_m = t->materials[1].thickness_m = 0;
}

static void
open_city(town *t)
{
	rpm_control control = {.threads = 2};
	rpm_scene  *scene = munich_scene(RPM_WELD_NAME, NULL);
	rpm_query  *query = NULL;
	int			side = (int) (2 * CITY_REACH_M / CITY_STEP_M);
	double		x = CITY_X, y = CITY_Y;

	memset(t, 0, sizeof *t);
	if (scene == NULL || rpm_query_create(scene, RPM_QUERY_BEST, &control, &query, &t->status) != RPM_OK)
		exit(1);
	x -= scene->origin[0];
	y -= scene->origin[1];
	t->cells = calloc((size_t) (side * side * TOWN_ANTENNAS), sizeof(rpm_calibrate_cell));
	for (int a = 0; a < TOWN_ANTENNAS; a++)
	{
		rpm_antenna *antenna = &t->antennas[a].antenna;

		*antenna = (rpm_antenna) {.position = rpm_vec(x, y, rpm_scene_ground_z(scene, x, y) + CITY_HEIGHT_M), .frequency_hz = MUNICH_FREQUENCY_HZ,
			.grid_azimuth_rad = 2 * RPM_PI * a / TOWN_ANTENNAS, .electrical_tilt_rad = rpm_radians(CITY_TILT_DEG)};
		antenna->pattern = rpm_pattern_default(RPM_PATTERN_TR38901);
		t->antennas[a].rs_power_dbm = 18;
		t->antennas[a].materials = scene->materials;
		for (int k = 0; k < side * side; k++)
		{
			double		east = (k % side + 0.5) * CITY_STEP_M - CITY_REACH_M, north = (k / side + 0.5) * CITY_STEP_M - CITY_REACH_M;

			if (fabs(remainder(atan2(east, north) - antenna->grid_azimuth_rad, 2 * RPM_PI)) < 1.6)
				t->cells[t->cell_count++] = (rpm_calibrate_cell) {x + east, y + north, a, -90, 1};
		}
	}
	t->map.scene = scene;
	t->map.query = query;
	t->input = (rpm_calibrate_input) {scene, query, t->antennas, TOWN_ANTENNAS, t->cells, t->cell_count, TOWN_CELL_M, 1.5};
}

static void
draw(town *t, uint64_t seed, int method, double share, tally *sum)
{
	rpm_calibrate_options how;
	rpm_calibration truth, found;
	rpm_control control = {.threads = 2};
	uint64_t	random = seed;
	double	   *levels;

	if (rpm_calibration_create(t->store, &truth, &t->status) != RPM_OK)
		exit(1);
	hide(&truth, &random, share, method == RPM_CALIBRATE_BUILDING);
	levels = calloc(t->cell_count, sizeof(double));
	rpm_calibration_levels(t->store, &truth, NULL, levels, &t->status);
	for (size_t i = 0; i < t->cell_count; i++)
		t->cells[i].level_dbm = levels[i] + 3 * town_normal(&random);
	rpm_calibrate_options_default(&how);
	how.method = method;
	how.max_iterations = 100;
	if (rpm_calibration_create(t->store, &found, &t->status) != RPM_OK || rpm_calibrate(t->store, &how, &control, &found, &t->status) != RPM_OK)
		exit(1);
	for (size_t i = 0; i < found.parameter_count; i++)
	{
		const rpm_parameter *p = &found.parameters[i];
		double		off = fabs(rpm_parameter_to_fit(p->kind, p->value) - rpm_parameter_to_fit(p->kind, truth.parameters[i].value)) / p->standard_error;

		if (!p->fitted || p->kind == RPM_PARAMETER_THICKNESS || p->kind == RPM_PARAMETER_SCATTERING)
			continue;
		sum->fitted++;
		sum->within_1 += off <= 1;
		sum->within_2 += off <= 1.96;
		sum->identifiable += p->identifiable;
		sum->identifiable_within_2 += p->identifiable && off <= 1.96;
	}
	sum->unconverged += !found.converged;
	sum->before += found.fitted_before.rmse_db;
	sum->after += found.fitted_after.rmse_db;
	free(levels);
	rpm_calibration_free(&truth);
	rpm_calibration_free(&found);
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; int method; double share; bool half_spaces, city; } cases[] = {
		{"A, hidden by 1 prior deviation", RPM_CALIBRATE_A, 1, false, false},
		{"AM, hidden by 0.5", RPM_CALIBRATE_AM, 0.5, false, false},
		{"AM, hidden by 1", RPM_CALIBRATE_AM, 1, false, false},
		{"AM, hidden by 1, walls without thickness", RPM_CALIBRATE_AM, 1, true, false},
		{"building, hidden by 0.5, walls without thickness", RPM_CALIBRATE_BUILDING, 0.5, true, false},
		{"demo city: AM, hidden by 0.5", RPM_CALIBRATE_AM, 0.5, false, true},
		{"demo city: building, hidden by 0.5", RPM_CALIBRATE_BUILDING, 0.5, false, true}
	};
	int			draws = argc > 1 ? atoi(argv[1]) : 20, only = argc > 2 ? atoi(argv[2]) : -1;

	printf("| %d draws | RMSE before, after | within 1 error (68 %%) | within 1.96 (95 %%) | identifiable: share, within 1.96 | not at rest |\n|---|---|---|---|---|---|\n", draws);
	for (int c = 0; c < (int) (sizeof cases / sizeof cases[0]); c++)
	{
		tally		sum = {0};
		rpm_store_options options;
		town		t;

		if (only >= 0 && c != only)
			continue;
		if (cases[c].city)
			open_city(&t);
		else
			open_town(&t, cases[c].half_spaces);
		rpm_store_options_default(&options);
		options.samples = 20000;
		options.mechanisms |= cases[c].city ? RPM_OVER_ROOFS : 0;
		if (!town_trace(&t, &options, 2))
			exit(1);
		for (int seed = 1; seed <= draws; seed++)
			draw(&t, (uint64_t) seed, cases[c].method, cases[c].share, &sum);
		town_end(&t);
		printf("| %s | %.2f, %.2f | %.1f %% | %.1f %% | %.0f %%, %.1f %% | %d |\n", cases[c].name, sum.before / draws, sum.after / draws,
			   100.0 * sum.within_1 / sum.fitted, 100.0 * sum.within_2 / sum.fitted, 100.0 * sum.identifiable / sum.fitted,
			   100.0 * sum.identifiable_within_2 / sum.identifiable, sum.unconverged);
		fflush(stdout);
	}
	return 0;
}
