/*
 * test_device_map.c: maps by the kernels, compiled for the host (kernels/host_launch.h), against the engine's, cell by cell, mechanism
 * by mechanism.
 *
 * Both walk the same hierarchy with the same text of the physics and the same random numbers, so they differ by the rounding of two
 * compilers alone: 1e-11 of a cell where all has a closed form.  Where rays are launched, one at an edge may fall to either side: see
 * TOLERANCE_RAYS.
 */
#include "map_scene.h"
#include "rpm_device.h"
#include "unit.h"

#define TOLERANCE_POINTS 1e-11
/* Deposits are sums in the order of threads, relative 1e-9 as rpm_trace.h says. */
#define TOLERANCE_RAYS 1e-9
#define SIDE 26

typedef struct comparison
{
	map_scene	scene;
	rpm_antenna antenna;
	rpm_grid	grid;
	rpm_device *device;
	rpm_device_scene *uploaded;
	double		cpu[SIDE * SIDE], gpu[SIDE * SIDE], cpu_error[SIDE * SIDE], gpu_error[SIDE * SIDE];
} comparison;

static comparison c;

/* Houses at random around crossing streets, one of them of a rough material, two sharing a wall. */
static void
begin(int seed)
{
	uint64_t	state = (uint64_t) seed * 2654435761u;

	memset(&c, 0, sizeof(c));
	map_scene_begin(&c.scene);
	c.scene.options.ground_material = 0;
	c.scene.materials[1] = map_material(0.4);
	c.scene.materials[2] = map_material(0.3);
	c.scene.materials[2].scattering_pattern = RPM_SCATTERING_BACKSCATTERING;
	c.scene.materials[2].scattering_alpha_r = 4;
	c.scene.materials[2].scattering_alpha_i = 6;
	c.scene.materials[2].scattering_lambda = 0.7;
	c.scene.materials[2].cross_polarisation = 0.1;
	c.scene.material_count = 3;
	for (int i = 0; i < 12; i++)
	{
		double		x = i % 4 * 30, y = i / 4 * 35, w, d, h;

		state = state * 6364136223846793005u + 1442695040888963407u;
		w = 12 + (double) (state >> 40 & 7);
		d = 14 + (double) (state >> 44 & 7);
		h = 6 + (double) (state >> 48 & 15);
		map_scene_box(&c.scene, i + 1, i % 3, rpm_vec(x, y, 0), rpm_vec(x + w, y + d, h));
	}
	map_scene_box(&c.scene, 20, 1, rpm_vec(112, 0, 0), rpm_vec(120, 12, 9));
	map_scene_box(&c.scene, 21, 0, rpm_vec(120, 0, 0), rpm_vec(128, 12, 11));
	CHECK(map_scene_build(&c.scene, NULL));
	/* The same hierarchy as on the device: no two triangles at one place are told apart by chance. */
	rpm_query_free(c.scene.query);
	CHECK(rpm_query_create(c.scene.scene, RPM_QUERY_BVH, NULL, &c.scene.query, &c.scene.status) == RPM_OK);
	c.antenna = map_antenna(&c.scene, RPM_PATTERN_TR38901, 24, 27, 17);
	c.antenna.grid_azimuth_rad = 1;
	c.antenna.electrical_tilt_rad = 0.1;
	c.grid = map_grid(&c.scene, -18, 112, 6, SIDE, SIDE, 1.5);
	CHECK(rpm_device_open(RPM_DEVICE_CUDA, 0, RPM_TEST_MODULE, &c.device, &c.scene.status) == RPM_OK);
	CHECK(rpm_device_upload(c.device, c.scene.scene, c.scene.query, 0, NULL, &c.uploaded, &c.scene.status) == RPM_OK);
}

static void
end(void)
{
	rpm_device_scene_free(c.uploaded);
	rpm_device_close(c.device);
	map_scene_end(&c.scene);
}

/* Both maps; `most` of their cells must have some power, so that the comparison is of something. */
static void
compare(const rpm_trace_options *options, double tolerance, int most)
{
	rpm_map		map = {c.gpu, c.gpu_error, 0, 0};
	rpm_control control = {.threads = 1};
	double		worst = 0, worst_error = 0;
	int			lit = 0, other_nodata = 0;

	CHECK(map_run(&c.scene, &c.antenna, &c.grid, options, 1, c.cpu, c.cpu_error));
	rpm_status_clear(&c.scene.status);
	CHECK(rpm_device_trace(c.uploaded, c.scene.scene, &c.antenna, &c.grid, options, &control, &map, &c.scene.status) == RPM_OK);
	if (c.scene.status.code != RPM_OK)
		printf("  %s\n", c.scene.status.message);
	for (int i = 0; i < SIDE * SIDE; i++)
	{
		if (isnan(c.cpu[i]) || isnan(c.gpu[i]))
		{
			other_nodata += isnan(c.cpu[i]) != isnan(c.gpu[i]);
			continue;
		}
		lit += c.cpu[i] > 0;
		worst = fmax(worst, fabs(c.gpu[i] - c.cpu[i]) / (c.cpu[i] + 1e-30));
		worst_error = fmax(worst_error, fabs(c.gpu_error[i] - c.cpu_error[i]) / (c.cpu[i] + 1e-30));
	}
	CHECK(other_nodata == 0);
	CHECK(lit >= most);
	CHECK_NEAR(worst, 0, tolerance);
	CHECK_NEAR(worst_error, 0, tolerance);
}

#define SPECULAR (RPM_LINE_OF_SIGHT | RPM_REFLECTION)

static void
line_of_sight(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT, 0, 0);

	begin(1);
	compare(&options, TOLERANCE_POINTS, 60);
	options.cell_average = RPM_AVERAGE_CELL;
	compare(&options, TOLERANCE_POINTS, 60);
	end();
}

static void
first_reflections(void)
{
	rpm_trace_options options = map_options(SPECULAR, 1, 0);

	begin(2);
	compare(&options, TOLERANCE_POINTS, 100);
	end();
}

/* Fields of edges join the rays that they bound. */
static void
diffraction_as_fields(void)
{
	rpm_trace_options options = map_options(SPECULAR | RPM_DIFFRACTION, 1, 0);

	begin(3);
	options.diffraction_scale = 0.5;
	options.cell_samples = 3;
	compare(&options, TOLERANCE_POINTS, 200);
	end();
}

static void
diffraction_as_powers(void)
{
	rpm_trace_options options = map_options(SPECULAR | RPM_DIFFRACTION, 1, 0);

	begin(4);
	options.sum = RPM_SUM_POWER;
	compare(&options, TOLERANCE_POINTS, 200);
	end();
}

static void
through_walls(void)
{
	rpm_trace_options options = map_options(SPECULAR | RPM_REFRACTION, 4, 0);

	begin(5);
	options.cell_average = RPM_AVERAGE_CELL;
	compare(&options, TOLERANCE_POINTS, 300);
	end();
}

static void
chains_of_reflections(void)
{
	rpm_trace_options options = map_options(SPECULAR, 5, unit_quick() ? 3000 : 20000);

	begin(6);
	compare(&options, TOLERANCE_POINTS, 200);
	/* So few rays that what they find does not fit into a table by their number. */
	options.samples = 400;
	compare(&options, TOLERANCE_POINTS, 200);
	options.samples = unit_quick() ? 3000 : 60000;
	options.sum = RPM_SUM_POWER;
	compare(&options, TOLERANCE_POINTS, 200);
	options.launch_chains = true;
	compare(&options, TOLERANCE_RAYS, 200);
	end();
}

static void
diffuse_scattering(void)
{
	rpm_trace_options options = map_options(SPECULAR | RPM_SCATTERING, 3, unit_quick() ? 3000 : 20000);

	begin(7);
	compare(&options, TOLERANCE_RAYS, 200);
	end();
}

/* All at once, as many rays as a target asks for, another seed. */
static void
everything(void)
{
	rpm_trace_options options = map_options(SPECULAR | RPM_SCATTERING | RPM_DIFFRACTION | RPM_REFRACTION, 4, unit_quick() ? 3000 : 20000);

	begin(8);
	options.seed = 77;
	options.target_error_db = 1;
	compare(&options, TOLERANCE_RAYS, 300);
	end();
}

static void
over_roofs(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_OVER_ROOFS, 1, 0);

	begin(11);
	/* Low enough that houses stand one behind the other. */
	c.antenna = map_antenna(&c.scene, RPM_PATTERN_TR38901, 24, -12, 4);
	compare(&options, TOLERANCE_POINTS, 400);
	options.mechanisms = SPECULAR | RPM_DIFFRACTION | RPM_OVER_ROOFS;
	compare(&options, TOLERANCE_POINTS, 400);
	options.sum = RPM_SUM_POWER;
	compare(&options, TOLERANCE_POINTS, 400);
	options.cell_average = RPM_AVERAGE_CELL;
	compare(&options, TOLERANCE_POINTS, 400);
	end();
}

static void
around_corners(void)
{
	rpm_trace_options options = map_options(SPECULAR | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_AROUND_CORNERS, 1, 0);

	begin(12);
	c.antenna = map_antenna(&c.scene, RPM_PATTERN_TR38901, 24, -12, 4);
	compare(&options, TOLERANCE_POINTS, 400);
	options.mechanisms = RPM_LINE_OF_SIGHT | RPM_AROUND_CORNERS;
	compare(&options, TOLERANCE_POINTS, 200);
	end();
}

static void
roof_reflection(void)
{
	rpm_trace_options options = map_options(SPECULAR | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_ROOF_REFLECTION, 2, 0);

	begin(13);
	c.antenna = map_antenna(&c.scene, RPM_PATTERN_TR38901, 24, -12, 4);
	compare(&options, TOLERANCE_POINTS, 400);
	options.mechanisms = RPM_LINE_OF_SIGHT | RPM_ROOF_REFLECTION;
	compare(&options, TOLERANCE_POINTS, 200);
	end();
}

/* Into cells without a point outdoors. */
static void
building_entry(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_OVER_ROOFS, 1, 0);

	begin(14);
	options.building_entry = RPM_ENTRY_TRADITIONAL;
	compare(&options, TOLERANCE_POINTS, SIDE * SIDE);
	options.mechanisms = SPECULAR | RPM_SCATTERING;
	options.samples = 5000;
	options.building_entry = RPM_ENTRY_THERMALLY_EFFICIENT;
	options.building_entry_deviate = 1;
	compare(&options, TOLERANCE_RAYS, 300);
	end();
}

/* The defaults, with all that they bring; and with every mechanism that there is. */
static void
defaults(void)
{
	rpm_trace_options options;

	begin(15);
	rpm_trace_options_default(&options);
	options.samples = unit_quick() ? 3000 : 20000;
	compare(&options, TOLERANCE_RAYS, 500);
	options.mechanisms |= RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION;
	options.building_entry = RPM_ENTRY_TRADITIONAL;
	compare(&options, TOLERANCE_RAYS, SIDE * SIDE);
	end();
}

/* More fields at a point than there is room for at first: the launch is made again. */
static void
many_fields_at_a_point(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT | RPM_DIFFRACTION, 1, 0);

	begin(9);
	/* High above, the antenna sees all roofs' edges, and so do the receivers. */
	c.antenna = map_antenna(&c.scene, RPM_PATTERN_ISOTROPIC, 60, 50, 60);
	c.grid.receiver_height_m = 40;
	compare(&options, TOLERANCE_POINTS, 600);
	end();
}

/* A slope and a ridge, with houses on them: every mechanism that there is. */
static void
terrain(void)
{
	rpm_trace_options options = map_options(SPECULAR, 2, 2000);
	rpm_map		map = {c.gpu, NULL, 0, 0};
	rpm_vec3	slope[3][4] = {{rpm_vec(-60, -60, 0), rpm_vec(60, -60, 8), rpm_vec(60, 200, 8), rpm_vec(-60, 200, 0)},
		{rpm_vec(60, -60, 8), rpm_vec(80, -60, 14), rpm_vec(80, 200, 14), rpm_vec(60, 200, 8)},
		{rpm_vec(80, -60, 14), rpm_vec(200, -60, 5), rpm_vec(200, 200, 5), rpm_vec(80, 200, 14)}};

	memset(&c, 0, sizeof(c));
	map_scene_begin(&c.scene);
	c.scene.materials[1] = map_material(0.4);
	c.scene.material_count = 2;
	map_scene_faces(&c.scene, 1, 0, true, 3, slope);
	for (int i = 0; i < 6; i++)
		map_scene_box(&c.scene, i + 2, i % 2, rpm_vec(-20 + 30 * (i % 3), 15 + 40 * (i / 3), 0), rpm_vec(-3 + 30 * (i % 3), 33 + 40 * (i / 3), 13 + 2 * i));
	CHECK(map_scene_build(&c.scene, NULL));
	CHECK(!c.scene.scene->flat_ground);
	rpm_query_free(c.scene.query);
	CHECK(rpm_query_create(c.scene.scene, RPM_QUERY_BVH, NULL, &c.scene.query, &c.scene.status) == RPM_OK);
	c.antenna = map_antenna(&c.scene, RPM_PATTERN_ISOTROPIC, 0, 30, 12);
	c.grid = map_grid(&c.scene, -30, 100, 5, SIDE, SIDE, 1.5);
	CHECK(rpm_device_open(RPM_DEVICE_CUDA, 0, RPM_TEST_MODULE, &c.device, &c.scene.status) == RPM_OK);
	CHECK(rpm_device_upload(c.device, c.scene.scene, c.scene.query, 0, NULL, &c.uploaded, &c.scene.status) == RPM_OK);
	compare(&options, TOLERANCE_RAYS, 300);
	options.mechanisms = SPECULAR | RPM_DIFFRACTION;
	options.samples = 0;
	compare(&options, TOLERANCE_POINTS, 300);
	rpm_trace_options_default(&options);
	options.samples = 5000;
	options.mechanisms |= RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION;
	options.building_entry = RPM_ENTRY_TRADITIONAL;
	compare(&options, TOLERANCE_RAYS, SIDE * SIDE);
	/* It is the device that traces: without memory it cannot. */
	setenv("RPM_HOST_CUDA", "memory_mb=1", 1);
	CHECK(rpm_device_trace(c.uploaded, c.scene.scene, &c.antenna, &c.grid, &options, NULL, &map, &c.scene.status) == RPM_LIMIT_EXCEEDED);
	unsetenv("RPM_HOST_CUDA");
	end();
}

/* Exact paths whose candidates the device's rays propose: the CPU's, to the bit, for the rest is the CPU's. */
static void
exact_paths(void)
{
	rpm_trace_options options = map_options(SPECULAR | RPM_DIFFRACTION | RPM_REFRACTION, 4, 20000);
	rpm_path_list cpu, gpu;
	int			compared = 0;

	begin(17);
	for (int i = 0; i < 6; i++)
	{
		rpm_vec3	receiver = map_local(&c.scene, -9 + 25 * i, i % 2 ? 58 : 26.5, 1.5);

		rpm_status_clear(&c.scene.status);
		CHECK(rpm_trace_paths(c.scene.scene, c.scene.query, &c.antenna, receiver, &options, NULL, &cpu, &c.scene.status) == RPM_OK);
		CHECK(rpm_device_paths(c.uploaded, c.scene.scene, &c.antenna, receiver, &options, NULL, &gpu, &c.scene.status) == RPM_OK);
		CHECK(cpu.count == gpu.count && cpu.count > 0);
		for (size_t k = 0; k < cpu.count && k < gpu.count; k++)
		{
			CHECK(cpu.paths[k].interaction_count == gpu.paths[k].interaction_count && cpu.paths[k].length_m == gpu.paths[k].length_m);
			CHECK(rpm_path_total_gain(&cpu.paths[k]) == rpm_path_total_gain(&gpu.paths[k]));
			compared += cpu.paths[k].interaction_count > 1;
		}
		rpm_path_list_free(&cpu);
		rpm_path_list_free(&gpu);
	}
	CHECK(compared > 20);
	/* It is the device that looks: without memory it cannot. */
	setenv("RPM_HOST_CUDA", "memory_mb=1", 1);
	CHECK(rpm_device_paths(c.uploaded, c.scene.scene, &c.antenna, map_local(&c.scene, 15, 26.5, 1.5), &options, NULL, &gpu, &c.scene.status)
		  == RPM_LIMIT_EXCEEDED);
	unsetenv("RPM_HOST_CUDA");
	end();
}

static void
stopped(void)
{
	rpm_trace_options options = map_options(RPM_LINE_OF_SIGHT, 0, 0);
	rpm_control control = {.stop = 1};
	rpm_map		map = {c.gpu, NULL, 0, 0};

	begin(1);
	CHECK(rpm_device_trace(c.uploaded, c.scene.scene, &c.antenna, &c.grid, &options, &control, &map, &c.scene.status) == RPM_CANCELLED);
	end();
}

/* Two devices at once: each task's map is its own. */
static void
two_devices_at_once(void)
{
	static double second[SIDE * SIDE];
	rpm_trace_options options = map_options(SPECULAR | RPM_DIFFRACTION, 1, 0);
	rpm_device *other = NULL;
	rpm_device_scene *there = NULL;
	rpm_antenna antennas[2];
	rpm_map		maps[2] = {{c.gpu, NULL, 0, 0}, {second, NULL, 0, 0}};
	rpm_control control = {.threads = 1};
	rpm_device_task tasks[2];

	setenv("RPM_HOST_CUDA", "devices=2", 1);
	begin(10);
	CHECK(rpm_device_open(RPM_DEVICE_CUDA, 1, RPM_TEST_MODULE, &other, &c.scene.status) == RPM_OK);
	CHECK(rpm_device_upload(other, c.scene.scene, c.scene.query, 0, NULL, &there, &c.scene.status) == RPM_OK);
	antennas[0] = c.antenna;
	antennas[1] = map_antenna(&c.scene, RPM_PATTERN_ISOTROPIC, 54, 62, 20);
	for (int i = 0; i < 2; i++)
		tasks[i] = (rpm_device_task) {i ? there : c.uploaded, c.scene.scene, &antennas[i], &c.grid, &options, &maps[i], {0}};
	CHECK(rpm_device_trace_all(tasks, 2, &control, &c.scene.status) == RPM_OK);
	for (int k = 0; k < 2; k++)
	{
		double		worst = 0;

		CHECK(map_run(&c.scene, &antennas[k], &c.grid, &options, 1, c.cpu, NULL));
		for (int i = 0; i < SIDE * SIDE; i++)
			if (!isnan(c.cpu[i]))
				worst = fmax(worst, fabs(maps[k].path_gain[i] - c.cpu[i]) / (c.cpu[i] + 1e-30));
		CHECK_NEAR(worst, 0, TOLERANCE_POINTS);
	}
	/* One that fails does not hide behind the other. */
	antennas[1].frequency_hz = -1;
	rpm_status_clear(&c.scene.status);
	CHECK(rpm_device_trace_all(tasks, 2, &control, &c.scene.status) == RPM_INVALID_ARGUMENT);
	rpm_device_scene_free(there);
	rpm_device_close(other);
	end();
	unsetenv("RPM_HOST_CUDA");
}

/* Many antennas on one device, in the same launches: each map as alone; and fewer at a time where memory is small, and one that is wrong. */
static void
many_antennas_at_once(void)
{
	enum {MAPS = 5};
	static double together[MAPS][SIDE * SIDE], alone[MAPS][SIDE * SIDE];
	rpm_trace_options options = map_options(SPECULAR | RPM_DIFFRACTION | RPM_OVER_ROOFS | RPM_SCATTERING, 2, 500), powers;
	rpm_antenna antennas[MAPS];
	rpm_map		maps[MAPS];
	rpm_control control = {.threads = 2};
	rpm_device_task tasks[MAPS];

	begin(16);
	powers = options;
	powers.sum = RPM_SUM_POWER;
	powers.cell_samples = 2;
	powers.building_entry = RPM_ENTRY_TRADITIONAL;
	for (int i = 0; i < MAPS; i++)
	{
		antennas[i] = map_antenna(&c.scene, i % 2 ? RPM_PATTERN_ISOTROPIC : RPM_PATTERN_TR38901, 20 + 11 * i, -10 + 5 * i, 20 - i);
		maps[i] = (rpm_map) {together[i], NULL, 0, 0};
		/* Not all alike. */
		tasks[i] = (rpm_device_task) {c.uploaded, c.scene.scene, &antennas[i], &c.grid, i < 3 ? &options : &powers, &maps[i], {0}};
		CHECK(map_run(&c.scene, &antennas[i], &c.grid, tasks[i].options, 1, alone[i], NULL));
	}
	for (int small = 0; small < 2; small++)
	{
		setenv("RPM_HOST_CUDA", small ? "memory_mb=17" : "memory_mb=1024", 1);
		memset(together, 0, sizeof(together));
		rpm_status_clear(&c.scene.status);
		CHECK(rpm_device_trace_all(tasks, MAPS, &control, &c.scene.status) == RPM_OK);
		if (c.scene.status.code != RPM_OK)
			printf("  %d: %s\n", small, c.scene.status.message);
		CHECK(control.sharers == 0);
		for (int k = 0; k < MAPS; k++)
		{
			double		worst = 0;

			for (int i = 0; i < SIDE * SIDE; i++)
				worst = isnan(alone[k][i]) != isnan(together[k][i]) ? INFINITY
					: isnan(alone[k][i]) ? worst : fmax(worst, fabs(together[k][i] - alone[k][i]) / (alone[k][i] + 1e-30));
			CHECK_NEAR(worst, 0, TOLERANCE_RAYS);
		}
	}
	unsetenv("RPM_HOST_CUDA");
	antennas[3].frequency_hz = -1;
	rpm_status_clear(&c.scene.status);
	CHECK(rpm_device_trace_all(tasks, MAPS, &control, &c.scene.status) == RPM_INVALID_ARGUMENT);
	CHECK(tasks[2].status.code == RPM_OK && tasks[3].status.code == RPM_INVALID_ARGUMENT);
	control.stop = 1;
	rpm_status_clear(&c.scene.status);
	CHECK(rpm_device_trace_all(tasks, 3, &control, &c.scene.status) == RPM_CANCELLED);
	end();
}

int
main(void)
{
	RUN(line_of_sight);
	RUN(everything);
	RUN(defaults);
	RUN(stopped);
	/* Under the sanitizers the rest takes long and is the same code. */
	if (unit_quick())
		return unit_summary("device_map");
	RUN(first_reflections);
	RUN(diffraction_as_fields);
	RUN(diffraction_as_powers);
	RUN(through_walls);
	RUN(chains_of_reflections);
	RUN(diffuse_scattering);
	RUN(over_roofs);
	RUN(around_corners);
	RUN(roof_reflection);
	RUN(building_entry);
	RUN(many_fields_at_a_point);
	RUN(terrain);
	RUN(exact_paths);
	RUN(two_devices_at_once);
	RUN(many_antennas_at_once);
	return unit_summary("device_map");
}
