/*
 * calibrate_scene.h: a small town with an antenna on a mast and measured cells, for the tests of calibration.
 */
#ifndef RPM_TEST_CALIBRATE_SCENE_H
#define RPM_TEST_CALIBRATE_SCENE_H

#include "map_scene.h"
#include "rpm_calibrate.h"
#include "rpm_level.h"

#define TOWN_MATERIALS 3
#define TOWN_ANTENNAS 3
#define TOWN_CELL_M 5.0

typedef struct town
{
	map_scene	map;
	rpm_material materials[TOWN_MATERIALS];	/* walls of two kinds, ground */
	rpm_calibrate_antenna antennas[TOWN_ANTENNAS];
	rpm_calibrate_cell *cells;
	size_t		cell_count;
	rpm_calibrate_input input;
	rpm_path_store *store;
	rpm_status	status;
} town;

/* Uniform in [0, 1), and normal, from a number that goes on. */
static inline double
town_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double) (*state >> 11) * 0x1p-53;
}

static inline double
town_normal(uint64_t *state)
{
	double		u = 1 - town_random(state), v = town_random(state);

	return sqrt(-2 * log(u)) * cos(2 * RPM_PI * v);
}

/* blocks x blocks buildings, streets of 18 m, three sectors on a mast of 32 m in the middle; cells spaced by `spacing` cells. */
static inline bool
town_build(town *t, int blocks, int spacing, double scattering)
{
	uint64_t	random = 7;
	double		pitch = 48, half = blocks * pitch / 2;
	int			side = (int) (2 * half / TOWN_CELL_M);

	memset(t, 0, sizeof *t);
	map_scene_begin(&t->map);
	t->map.materials[0] = (rpm_material) {5.24, 0, 0.0462, 0.7822, 0.2, scattering, 0.2, RPM_SCATTERING_LAMBERTIAN, 1, 1, 1};
	t->map.materials[1] = (rpm_material) {3.91, 0, 0.0238, 0.16, 0.25, scattering, 0, RPM_SCATTERING_DIRECTIVE, 4, 4, 1};
	t->map.materials[2] = (rpm_material) {15, -0.1, 0.035, 1.63, 0, 0, 0, 0, 1, 1, 1};
	t->map.material_count = TOWN_MATERIALS;
	t->map.options.ground_material = 2;
	for (int i = 0; i < blocks * blocks; i++)
	{
		double		x = (i % blocks) * pitch - half + 9, y = (i / blocks) * pitch - half + 9, h = 8 + 16 * town_random(&random);

		map_scene_box(&t->map, i + 1, (i + i / blocks) % 2, rpm_vec(x, y, 0), rpm_vec(x + 30, y + 30, h));
	}
	if (!map_scene_build(&t->map, NULL))
		return false;
	memcpy(t->materials, t->map.scene->materials, sizeof t->materials);
	for (int i = 0; i < TOWN_ANTENNAS; i++)
	{
		t->antennas[i].antenna = map_antenna(&t->map, RPM_PATTERN_TR38901, 0.5, 0.25, 32);
		t->antennas[i].antenna.grid_azimuth_rad = 2 * RPM_PI * i / TOWN_ANTENNAS + 0.1;
		t->antennas[i].antenna.mechanical_tilt_rad = 0.08;
		t->antennas[i].antenna.electrical_tilt_rad = 0.03;
		t->antennas[i].antenna.pattern.vertical_beamwidth_deg = 12;
		t->antennas[i].antenna.pattern.side_lobe_floor_db = 18;
		t->antennas[i].antenna.pattern.front_to_back_db = 25;
		t->antennas[i].antenna.slant_rad = i == 2 ? RPM_PI / 4 : 0;
		t->antennas[i].rs_power_dbm = 18;
		t->antennas[i].losses_db = 1;
		t->antennas[i].materials = t->materials;
	}
	t->cells = calloc((size_t) (side * side * TOWN_ANTENNAS), sizeof(rpm_calibrate_cell));
	for (int k = 0; k < side * side; k++)
	{
		rpm_vec3	p = map_local(&t->map, (k % side + 0.5) * TOWN_CELL_M - half, (k / side + 0.5) * TOWN_CELL_M - half, 0);

		if ((k / side + k % side) % spacing != 0)
			continue;
		for (int i = 0; i < TOWN_ANTENNAS; i++)
			if (i == 2 || fabs(remainder(atan2(p.x - t->antennas[i].antenna.position.x, p.y - t->antennas[i].antenna.position.y)
							   - t->antennas[i].antenna.grid_azimuth_rad, 2 * RPM_PI)) < 1.6)
				t->cells[t->cell_count++] = (rpm_calibrate_cell) {p.x, p.y, i, -90, 1};
	}
	t->input = (rpm_calibrate_input) {t->map.scene, t->map.query, t->antennas, TOWN_ANTENNAS, t->cells, t->cell_count, TOWN_CELL_M, 1.5};
	return true;
}

/* Where a parameter is moved to, in the scale of the fit: by so many deviations of its prior, drawn; one that the store does not have stays. */
static inline double
town_moved(const rpm_parameter *p, double deviations, uint64_t *random)
{
	bool		untraced = p->kind == RPM_PARAMETER_ROOF_SHARE && p->prior == 0;

	return rpm_parameter_to_fit(p->kind, p->value) + (untraced ? 0 : deviations * p->prior_sd * town_normal(random));
}

static inline bool
town_trace(town *t, const rpm_store_options *options, int threads)
{
	rpm_control control = {.threads = threads};

	rpm_status_clear(&t->status);
	if (rpm_path_store_build(&t->input, options, &control, &t->store, &t->status) == RPM_OK)
		return true;
	printf("  %s\n", t->status.message);
	return false;
}

static inline void
town_end(town *t)
{
	rpm_path_store_free(t->store);
	free(t->cells);
	map_scene_end(&t->map);
}

#endif
