/*
 * recovery.c: whether hidden antennas, materials and buildings come back from simulated measurements within the errors that a calibration
 * states: draws of a town of 16 buildings and three sectors, 3 dB of noise.
 *
 *   recovery [DRAWS [CASE]]      default 20, all cases; cases count from 0
 */
#include "calibrate_scene.h"

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
draw(uint64_t seed, int method, double share, bool half_spaces, tally *sum)
{
	town		t;
	rpm_store_options options;
	rpm_calibrate_options how;
	rpm_calibration truth, found;
	rpm_control control = {.threads = 2};
	uint64_t	random = seed;
	double	   *levels;

	rpm_store_options_default(&options);
	options.samples = 20000;
	if (!town_build(&t, 4, 2, 0))
		exit(1);
	if (half_spaces)
		t.materials[0].thickness_m = t.materials[1].thickness_m = 0;
	if (!town_trace(&t, &options, 2) || rpm_calibration_create(t.store, &truth, &t.status) != RPM_OK)
		exit(1);
	hide(&truth, &random, share, method == RPM_CALIBRATE_BUILDING);
	levels = calloc(t.cell_count, sizeof(double));
	rpm_calibration_levels(t.store, &truth, NULL, levels, &t.status);
	for (size_t i = 0; i < t.cell_count; i++)
		t.cells[i].level_dbm = levels[i] + 3 * town_normal(&random);
	rpm_calibrate_options_default(&how);
	how.method = method;
	how.max_iterations = 100;
	if (rpm_calibration_create(t.store, &found, &t.status) != RPM_OK || rpm_calibrate(t.store, &how, &control, &found, &t.status) != RPM_OK)
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
	town_end(&t);
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; int method; double share; bool half_spaces; } cases[] = {
		{"A, hidden by 1 prior deviation", RPM_CALIBRATE_A, 1, false},
		{"AM, hidden by 0.5", RPM_CALIBRATE_AM, 0.5, false},
		{"AM, hidden by 1", RPM_CALIBRATE_AM, 1, false},
		{"AM, hidden by 1, walls without thickness", RPM_CALIBRATE_AM, 1, true},
		{"building, hidden by 0.5, walls without thickness", RPM_CALIBRATE_BUILDING, 0.5, true}
	};
	int			draws = argc > 1 ? atoi(argv[1]) : 20, only = argc > 2 ? atoi(argv[2]) : -1;

	printf("| %d draws | RMSE before, after | within 1 error (68 %%) | within 1.96 (95 %%) | identifiable: share, within 1.96 | not at rest |\n|---|---|---|---|---|---|\n", draws);
	for (int c = 0; c < (int) (sizeof cases / sizeof cases[0]); c++)
	{
		tally		sum = {0};

		if (only >= 0 && c != only)
			continue;
		for (int seed = 1; seed <= draws; seed++)
			draw((uint64_t) seed, cases[c].method, cases[c].share, cases[c].half_spaces, &sum);
		printf("| %s | %.2f, %.2f | %.1f %% | %.1f %% | %.0f %%, %.1f %% | %d |\n", cases[c].name, sum.before / draws, sum.after / draws,
			   100.0 * sum.within_1 / sum.fitted, 100.0 * sum.within_2 / sum.fitted, 100.0 * sum.identifiable / sum.fitted,
			   100.0 * sum.identifiable_within_2 / sum.identifiable, sum.unconverged);
		fflush(stdout);
	}
	return 0;
}
