/*
 * map_trace.c: the radio map of one antenna: checks, the exact part and the launched part, their sum.
 */
#include "trace/map_chains.h"
#include "trace/map_points.h"
#include "trace/roof_reflection.h"

#include <stdlib.h>

#define SAMPLES_MAX INT64_C(1000000000000)
#define CELL_SAMPLES_MAX 64
#define BELOW_GROUND_M 1e-3
#define ENTRY_DEVIATE_MAX 6.0
/*
 * One ray in so many looks for chains of mirrors where others have to be launched for what walls scatter; above so many rays in all, chains are
 * launched with these, which then err less than the few chains that so small a share finds by chance (docs/speed.md).
 */
#define CHAIN_SHARE 4
#define CHAINS_BESIDE_SCATTERING_MOST 4000000

static rpm_code check_options(const rpm_trace_options *options, rpm_status *status);
static rpm_code check_grid(const rpm_grid *grid, rpm_status *status);
static rpm_code check_antenna(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, rpm_status *status);
static rpm_code reserve(const rpm_map_job *job, rpm_status *status);
static rpm_code job_prepare(rpm_map_job *job, rpm_status *status);
static void plan_rays(rpm_map_job *job);
static bool scatters(const rpm_map_job *job);
static rpm_code job_run(rpm_map_job *job, rpm_map *map, rpm_status *status);
static void job_free(rpm_map_job *job);

void
rpm_trace_options_default(rpm_trace_options *options)
{
	*options = (rpm_trace_options) {
		.mechanisms = RPM_LINE_OF_SIGHT | RPM_REFLECTION | RPM_SCATTERING | RPM_DIFFRACTION | RPM_OVER_ROOFS,
		.max_depth = 7,
		.samples = 1000000,
		.error_floor_db = -130,
		.seed = 1,
		.sum = RPM_SUM_FIELD,
		.cell_average = RPM_AVERAGE_OUTDOOR,
		.cell_samples = 4,
		.scattering_scale = 1,
		.diffraction_scale = 1
	};
}

rpm_code
rpm_trace_map(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, const rpm_grid *grid,
			  const rpm_trace_options *options, rpm_control *control, rpm_map *map, rpm_status *status)
{
	return rpm_trace_map_on(NULL, scene, query, antenna, grid, options, control, map, status);
}

rpm_code
rpm_trace_map_on(const rpm_map_device *device, const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna,
				 const rpm_grid *grid, const rpm_trace_options *options, rpm_control *control, rpm_map *map, rpm_status *status)
{
	rpm_map_job job = {.scene = scene, .query = query, .antenna = antenna, .grid = grid, .options = options, .control = control,
	.device = device};
	rpm_code	code = check_options(options, status);

	if (code == RPM_OK)
		code = check_grid(grid, status);
	if (code == RPM_OK)
		code = check_antenna(scene, query, antenna, status);
	if (code != RPM_OK)
		return code;
	job.cell_count = (size_t) grid->columns * (size_t) grid->rows;
	job.gain = map->path_gain;
	job.reached_error_db = NAN;
	code = reserve(&job, status);
	if (code == RPM_OK)
		code = job_prepare(&job, status);
	if (code == RPM_OK)
		code = job_run(&job, map, status);
	job_free(&job);
	return code;
}

static rpm_code
check_options(const rpm_trace_options *options, rpm_status *status)
{
	if (options->max_depth < 0 || options->max_depth > RPM_MAX_DEPTH)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Choose a depth from 0 to 30; 7 is usual.",
						"max_depth %d is not between 0 and %d", options->max_depth, RPM_MAX_DEPTH);
	if (options->samples < 0 || options->samples > SAMPLES_MAX)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "A million rays is usual.", "samples %lld is not between 0 and %lld",
						(long long) options->samples, (long long) SAMPLES_MAX);
	if (options->cell_samples < 1 || options->cell_samples > CELL_SAMPLES_MAX)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "%d points per cell side is not between 1 and %d",
						options->cell_samples, CELL_SAMPLES_MAX);
	if (!isfinite(options->target_error_db) || options->target_error_db < 0 || !isfinite(options->error_floor_db)
		|| options->error_floor_db < -400 || options->error_floor_db > 400)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the target error as a positive number of dB, or 0 for none.",
						"target error of %g dB above %g dB cannot be", options->target_error_db, options->error_floor_db);
	if (!(options->scattering_scale >= 0 && options->scattering_scale <= 1e3)
		|| !(options->diffraction_scale >= 0 && options->diffraction_scale <= 1e3))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "A scale is a factor on the amplitude; 1 leaves it as it is.",
						"scale of %g for scattering or %g for diffraction is not between 0 and 1000",
						options->scattering_scale, options->diffraction_scale);
	if ((options->sum != RPM_SUM_FIELD && options->sum != RPM_SUM_POWER)
		|| (options->cell_average != RPM_AVERAGE_OUTDOOR && options->cell_average != RPM_AVERAGE_CELL))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "unknown sum %d or cell average %d", options->sum, options->cell_average);
	if (options->building_entry < RPM_ENTRY_NONE || options->building_entry > RPM_ENTRY_THERMALLY_EFFICIENT
		|| !(fabs(options->building_entry_deviate) <= ENTRY_DEVIATE_MAX))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "unknown building entry %d or deviate %g", options->building_entry,
						options->building_entry_deviate);
	return RPM_OK;
}

static rpm_code
check_grid(const rpm_grid *grid, rpm_status *status)
{
	if (!(grid->cell_width_m > 0) || !(grid->cell_height_m > 0) || !isfinite(grid->cell_width_m) || !isfinite(grid->cell_height_m)
		|| !isfinite(grid->west) || !isfinite(grid->north))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Cells need a positive size in metres.",
						"cells of %g m by %g m cannot be", grid->cell_width_m, grid->cell_height_m);
	if (grid->columns < 1 || grid->rows < 1)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "The extent must hold at least one cell.",
						"a grid of %d columns and %d rows has no cells", grid->columns, grid->rows);
	if (!(grid->receiver_height_m >= 0 && grid->receiver_height_m <= 1e5))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give the height above the ground in metres; 1.5 is usual.",
						"receiver height %g m is not between 0 and 100000", grid->receiver_height_m);
	return RPM_OK;
}

static rpm_code
check_antenna(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, rpm_status *status)
{
	rpm_vec3	p = antenna->position;
	int32_t		building;

	if (!isfinite(p.x) || !isfinite(p.y) || !isfinite(p.z))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "the antenna's position is not finite");
	if (!(antenna->frequency_hz > 0) || !isfinite(antenna->frequency_hz))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give a positive frequency.", "a frequency of %g Hz cannot be",
						antenna->frequency_hz);
	if (p.z < rpm_scene_ground_z(scene, p.x, p.y) - BELOW_GROUND_M)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Raise the antenna: its height counts from the ground.",
						"antenna lies %.2f m below the ground", rpm_scene_ground_z(scene, p.x, p.y) - p.z);
	building = rpm_building_at(scene, query, p);
	if (building != RPM_NO_BUILDING)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Raise the antenna above the roof, move it in front of the wall, or correct the building.",
						"antenna lies inside building %lld", (long long) scene->buildings[building].id);
	return RPM_OK;
}

/* What job_prepare and the parts take, before it is taken. */
static rpm_code
reserve(const rpm_map_job *job, rpm_status *status)
{
	size_t		per_cell = 3 * sizeof(double) + sizeof(uint64_t) + sizeof(float);
	size_t		bytes = job->scene->material_count * (sizeof(rpm_material) + sizeof(rpm_coefficient_table))
		+ job->scene->facet_count * (sizeof(rpm_map_mirror) + 5 + (4 * RPM_MAP_LEVELS + 8) * (size_t) rpm_thread_count(job->control))
		+ job->scene->wedge_count * (sizeof(rpm_map_edge) + 5 + 4 * (RPM_MAP_LEVELS + 2) * (size_t) rpm_thread_count(job->control))
		+ rpm_occluders_bytes(job->scene);

	if (job->cell_count > SIZE_MAX / 2 / per_cell)
		return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Take larger cells or a smaller extent.", "%zu cells are too many", job->cell_count);
	return rpm_reserve(job->control, bytes + job->cell_count * per_cell, "the radio map", status);
}

static rpm_code
job_prepare(rpm_map_job *job, rpm_status *status)
{
	const rpm_scene *scene = job->scene;
	const rpm_trace_options *options = job->options;
	unsigned	mechanisms = options->mechanisms;
	bool		by_samples;
	rpm_code	code;

	job->wavelength_m = RPM_SPEED_OF_LIGHT_M_S / job->antenna->frequency_hz;
	job->wave_number = 2 * RPM_PI / job->wavelength_m;
	job->spreading2 = pow(job->wavelength_m / (4 * RPM_PI), 2);
	job->cell_area_m2 = job->grid->cell_width_m * job->grid->cell_height_m;
	job->points = options->cell_samples;
	job->surface = rpm_map_surface_of(scene, job->grid);
	job->exact_reflection = mechanisms & RPM_REFLECTION && options->max_depth >= 1;
	job->exact_diffraction = mechanisms & RPM_DIFFRACTION && options->max_depth >= 1 && options->diffraction_scale > 0;
	job->sum_fields = job->exact_diffraction && options->sum == RPM_SUM_FIELD;
	job->exact_transmission = mechanisms & RPM_REFRACTION && options->max_depth >= 1;
	plan_rays(job);
	job->materials = calloc(scene->material_count + 1, sizeof(rpm_material));
	job->tables = calloc(scene->material_count + 1, sizeof(rpm_coefficient_table));
	job->specular_share = calloc(scene->material_count + 1, sizeof(double));
	job->outdoor_share = calloc(job->cell_count, sizeof(float));
	if (job->exact_chains)
		job->chain_variance = calloc(job->cell_count, sizeof(double));
	if (job->launch)
	{
		job->batch = calloc(job->cell_count, sizeof(double));
		job->sum = calloc(job->cell_count, sizeof(double));
		job->sum2 = calloc(job->cell_count, sizeof(double));
	}
	if (!job->materials || !job->tables || !job->specular_share || !job->outdoor_share
		|| (job->exact_chains && !job->chain_variance) || (job->launch && (!job->batch || !job->sum || !job->sum2)))
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a map of %zu cells", job->cell_count);
	for (size_t i = 0; i < scene->material_count; i++)
	{
		rpm_material *material = &job->materials[i];

		*material = scene->materials[i];
		material->scattering_coefficient = fmin(1, material->scattering_coefficient * options->scattering_scale);
		job->specular_share[i] = sqrt(1 - material->scattering_coefficient * material->scattering_coefficient);
		code = rpm_coefficient_table_build(material, job->antenna->frequency_hz, &job->tables[i], status);
		if (code != RPM_OK)
			return code;
	}
	rpm_phase_begin(job->control, RPM_PHASE_TRACING,
					(int64_t) job->cell_count * job->points * job->points + job->chain_samples + job->samples);
	if ((mechanisms & RPM_BEHIND_ROOFS && options->max_depth >= 1) || options->building_entry != RPM_ENTRY_NONE)
	{
		code = rpm_roofs_create(scene, job->query, job->antenna->position, job->wavelength_m, job->control, &job->roofs, status);
		if (code != RPM_OK)
			return code;
	}
	if (mechanisms & RPM_ROOF_REFLECTION && options->max_depth >= 2)
	{
		code = rpm_roof_mirrors_create(job, &job->roof_mirrors, status);
		if (code != RPM_OK)
			return code;
	}
	if (!job->exact_reflection && !job->exact_diffraction)
		return RPM_OK;
	code = rpm_occluders_create(scene, &job->occluders, status);
	if (code != RPM_OK)
		return code;
	/* A mirror that is overlooked is left to the rays, where there are some; added as fields, edges want their mirrors. */
	by_samples = !job->mirrors_at_points || (job->launch && !job->sum_fields && mechanisms & RPM_REFRACTION);
	return rpm_visible_set_find(scene, job->query, &job->occluders, job->antenna->position,
								(!job->exact_reflection ? 0 : by_samples ? RPM_SEEN_FACETS_BY_SAMPLES : RPM_SEEN_FACETS)
								| (job->exact_diffraction ? RPM_SEEN_WEDGES : 0), job->control, &job->visible, status);
}

/* What rays are for, and how many find chains of mirrors. */
static void
plan_rays(rpm_map_job *job)
{
	const rpm_trace_options *options = job->options;
	bool		chains = options->mechanisms & RPM_REFLECTION && options->max_depth >= 2, scattering = scatters(job);
	bool		by_rays = options->launch_chains || options->mechanisms & RPM_REFRACTION
		|| (scattering && options->samples > CHAINS_BESIDE_SCATTERING_MOST);

	/* Where fields are not added, first reflections too, so that depth and rays change nothing about them. */
	job->exact_chains = job->exact_reflection && job->surface.flat && !by_rays
		&& (!job->sum_fields || (chains && options->samples > 0));
	job->mirrors_at_points = job->exact_reflection && (!job->exact_chains || job->sum_fields);
	job->launch = options->samples > 0 && (scattering || (chains && !job->exact_chains));
	if (job->exact_chains && chains)
		job->chain_samples = job->launch ? options->samples / CHAIN_SHARE : options->samples;
	if (job->launch)
		job->samples = options->samples - job->chain_samples;
}

/* Whether any wall scatters. */
static bool
scatters(const rpm_map_job *job)
{
	const rpm_trace_options *options = job->options;

	if (!(options->mechanisms & RPM_SCATTERING) || options->max_depth < 1 || !(options->scattering_scale > 0))
		return false;
	for (size_t i = 0; i < job->scene->material_count; i++)
		if (job->scene->materials[i].scattering_coefficient > 0)
			return true;
	return false;
}

static rpm_code
job_run(rpm_map_job *job, rpm_map *map, rpm_status *status)
{
	int			batches = 0;
	rpm_code	code = rpm_map_points(job, status);

	if (code == RPM_OK && job->exact_chains)
		code = rpm_map_chains(job, status);
	if (code == RPM_OK && job->launch)
		code = rpm_map_launch(job, &batches, status);
	if (code != RPM_OK)
		return code;
	for (size_t i = 0; i < job->cell_count; i++)
	{
		if (map->standard_error != NULL)
			map->standard_error[i] = sqrt(rpm_map_variance(job, i, batches));
		job->gain[i] += batches > 0 ? job->sum[i] / batches : 0;
	}
	if (job->options->building_entry != RPM_ENTRY_NONE)
		code = rpm_map_building_entry(job, status);
	map->samples = job->launched;
	map->reached_error_db = job->reached_error_db;
	return code;
}

static void
job_free(rpm_map_job *job)
{
	rpm_visible_set_free(&job->visible);
	rpm_occluders_free(&job->occluders);
	rpm_roofs_free(job->roofs);
	rpm_roof_mirrors_free(job->roof_mirrors);
	free(job->materials);
	free(job->tables);
	free(job->specular_share);
	free(job->outdoor_share);
	free(job->batch);
	free(job->sum);
	free(job->sum2);
	free(job->chain_variance);
}
