/*
 * builder.c: rows come in, are read and checked; problems are recorded.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene/builder.h"

#define MAX_COORDINATE_M 1e8
#define MAX_BUILDING_M 1e5		/* extent of one row */
#define MAX_GROUND_M 1e6
#define MAX_HEIGHT_M 1e4
#define MAX_PARTY_WALL_M 1.0

static rpm_code check_row(rpm_scene_builder *builder, scene_row *row, const char **skipped, row_problem *problem, rpm_status *status);
static bool row_extent_fits(const scene_row *row, row_problem *problem);
static bool height_fits(const scene_row *row, row_problem *problem);
static rpm_code note_repairs(rpm_scene_builder *builder, const scene_row *row, rpm_status *status);

void rpm_scene_options_default(rpm_scene_options *options)
{
	*options = (rpm_scene_options) {.ground_material = -1, .ground_margin_m = 1000, .party_wall_m = 0.05};
}

rpm_scene_builder *rpm_scene_builder_create(const rpm_scene_options *options, const rpm_material *materials,
											size_t material_count, rpm_control *control, rpm_status *status)
{
	rpm_scene_builder *builder;

	if (options->ground_material >= 0 && (size_t) options->ground_material >= material_count)
	{
		rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "ground material %d is not among the %zu materials", options->ground_material, material_count);
		return NULL;
	}
	if (!(options->party_wall_m >= 0 && options->party_wall_m <= MAX_PARTY_WALL_M))
	{
		rpm_fail(status, RPM_INVALID_ARGUMENT, "Give metres; 0.05 is usual, and 0 counts each wall.",
				 "a distance of %g m between party walls is not between 0 and %g", options->party_wall_m, MAX_PARTY_WALL_M);
		return NULL;
	}
	if (!isfinite(options->ground_elevation_m) || fabs(options->ground_elevation_m) > MAX_COORDINATE_M ||
		!(options->ground_margin_m >= 0 && options->ground_margin_m <= MAX_GROUND_M))
	{
		rpm_fail(status, RPM_INVALID_ARGUMENT, "The ground lies within 1e8 m of zero and reaches 0 to 1e6 m beyond the buildings.",
				 "ground elevation %g m or ground margin %g m is out of range", options->ground_elevation_m, options->ground_margin_m);
		return NULL;
	}
	builder = calloc(1, sizeof *builder);
	if (builder)
		builder->materials = malloc((material_count + 1) * sizeof *materials);
	if (builder == NULL || builder->materials == NULL)
	{
		free(builder);
		builder_no_memory(status, "materials");
		return NULL;
	}
	if (material_count)
		memcpy(builder->materials, materials, material_count * sizeof *materials);
	builder->options = *options;
	builder->material_count = material_count;
	builder->control = control;
	return builder;
}

void rpm_scene_builder_free(rpm_scene_builder *builder)
{
	if (builder == NULL)
		return;
	polygon_set_free(&builder->reading);
	polygon_store_free(&builder->row_store);
	free(builder->rows);
	free(builder->problems);
	free(builder->materials);
	free(builder);
}

rpm_code rpm_scene_builder_add(rpm_scene_builder *builder, const rpm_building_row *given, rpm_status *status)
{
	scene_row	row = {.id = given->id, .height_m = given->height_m, .wall_material = given->wall_material,
		.roof_material = given->roof_material, .is_ground = given->is_ground, .weld_group = given->weld_group,
	.serial = builder->row_count};
	row_problem problem = {{0}, {0}};
	const char *skipped = NULL;
	rpm_code	code;

	if (builder->finished)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "row %lld comes after the scene was finished", (long long) given->id);
	if (given->wall_material < 0 || (size_t) given->wall_material >= builder->material_count ||
		given->roof_material < 0 || (size_t) given->roof_material >= builder->material_count)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "row %lld names a material that is not among the %zu given",
						(long long) given->id, builder->material_count);
	if (rpm_stopped(builder->control))
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped while reading buildings");
	polygon_set_clear(&builder->reading);
	code = polygon_set_read_wkb(&builder->reading, given->wkb, given->wkb_size, &problem);
	row.polygons = builder->reading;
	if (code == RPM_INVALID_GEOMETRY)
	{
		skipped = problem.problem;
		code = RPM_OK;
	}
	else if (code != RPM_OK)
		code = builder_no_memory(status, "a geometry");
	else
		code = check_row(builder, &row, &skipped, &problem, status);
	if (code == RPM_OK && skipped)
		code = builder_problem(builder, row.id, RPM_PROBLEM_SKIPPED, skipped, status, "%s", problem.detail);
	else if (code == RPM_OK)
	{
		if (array_grow((void **) &builder->rows, sizeof row, builder->row_count, &builder->row_capacity) &&
			polygon_store_pack(&builder->row_store, &builder->reading, &row.polygons))
			builder->rows[builder->row_count++] = row;
		else
			code = builder_no_memory(status, "rows");
	}
	return code;
}

void rpm_scene_builder_reach(rpm_scene_builder *builder, double x, double y)
{
	if (!(fabs(x) <= MAX_COORDINATE_M && fabs(y) <= MAX_COORDINATE_M))
		return;
	if (!builder->reached)
	{
		builder->reach_low[0] = builder->reach_high[0] = x;
		builder->reach_low[1] = builder->reach_high[1] = y;
	}
	builder->reached = true;
	builder->reach_low[0] = fmin(builder->reach_low[0], x);
	builder->reach_low[1] = fmin(builder->reach_low[1], y);
	builder->reach_high[0] = fmax(builder->reach_high[0], x);
	builder->reach_high[1] = fmax(builder->reach_high[1], y);
}

/* *skipped names the reason not to take the row; what is only repaired is recorded here. */
static rpm_code check_row(rpm_scene_builder *builder, scene_row *row, const char **skipped, row_problem *problem, rpm_status *status)
{
	if (!row_extent_fits(row, problem) || !height_fits(row, problem))
	{
		*skipped = problem->problem;
		return RPM_OK;
	}
	return note_repairs(builder, row, status);
}

static bool row_extent_fits(const scene_row *row, row_problem *problem)
{
	const polygon_set *set = &row->polygons;
	double		limit = row->is_ground ? MAX_GROUND_M : MAX_BUILDING_M;
	double		low[3], high[3];

	for (int k = 0; k < 3; k++)
	{
		low[k] = high[k] = set->point[0][k];
		for (size_t i = 1; i < set->point_count; i++)
		{
			low[k] = fmin(low[k], set->point[i][k]);
			high[k] = fmax(high[k], set->point[i][k]);
		}
		if (fmax(-low[k], high[k]) > MAX_COORDINATE_M)
		{
			snprintf(problem->problem, sizeof problem->problem, "coordinate_out_of_range");
			snprintf(problem->detail, sizeof problem->detail, "the %c coordinate %.6g lies beyond 1e8 m", "xyz"[k],
					 -low[k] > high[k] ? low[k] : high[k]);
			return false;
		}
		if (high[k] - low[k] > limit)
		{
			snprintf(problem->problem, sizeof problem->problem, "too_large");
			snprintf(problem->detail, sizeof problem->detail, "the geometry measures %.6g m along %c, the limit is %g m",
					 high[k] - low[k], "xyz"[k], limit);
			return false;
		}
	}
	return true;
}

static bool height_fits(const scene_row *row, row_problem *problem)
{
	const char *name = NULL;

	if (row->polygons.has_z)
		return true;
	if (row->is_ground)
	{
		snprintf(problem->problem, sizeof problem->problem, "ground_without_z");
		snprintf(problem->detail, sizeof problem->detail, "a ground surface needs coordinates with Z");
		return false;
	}
	if (isnan(row->height_m))
		name = "height_missing";
	else if (!(row->height_m > 0))
		name = "height_not_positive";
	else if (row->height_m > MAX_HEIGHT_M)
		name = "height_out_of_range";
	if (name == NULL)
		return true;
	snprintf(problem->problem, sizeof problem->problem, "%s", name);
	if (isnan(row->height_m))
		snprintf(problem->detail, sizeof problem->detail, "a footprint needs a height above 0 and up to %g m, its height_m is null or NaN",
				 MAX_HEIGHT_M);
	else
		snprintf(problem->detail, sizeof problem->detail, "a footprint needs a height above 0 and up to %g m, this one has %g",
				 MAX_HEIGHT_M, row->height_m);
	return false;
}

static rpm_code note_repairs(rpm_scene_builder *builder, const scene_row *row, rpm_status *status)
{
	const polygon_set *set = &row->polygons;
	rpm_code	code = RPM_OK;

	if (set->has_z && !row->is_ground && !isnan(row->height_m))
		code = builder_problem(builder, row->id, RPM_PROBLEM_REPAIRED, "height_ignored", status,
							   "the geometry has Z, so its height of %g m is not used", row->height_m);
	if (code == RPM_OK && set->unclosed_rings)
		code = builder_problem(builder, row->id, RPM_PROBLEM_REPAIRED, "unclosed_ring", status,
							   "%zu rings were closed", set->unclosed_rings);
	if (code == RPM_OK && set->repeated_points)
		code = builder_problem(builder, row->id, RPM_PROBLEM_REPAIRED, "repeated_point", status,
							   "%zu points that repeat the one before were dropped", set->repeated_points);
	if (code == RPM_OK && set->short_rings)
		code = builder_problem(builder, row->id, RPM_PROBLEM_REPAIRED, "short_ring", status,
							   "%zu rings of fewer than three points were dropped", set->short_rings);
	return code;
}

rpm_code builder_problem(rpm_scene_builder *builder, int64_t id, rpm_problem_action action, const char *problem,
						 rpm_status *status, const char *detail, ...)
{
	rpm_scene_problem *entry;
	va_list		arguments;

	if (!array_grow((void **) &builder->problems, sizeof *entry, builder->problem_count, &builder->problem_capacity))
		return builder_no_memory(status, "problems");
	entry = &builder->problems[builder->problem_count++];
	entry->building_id = id;
	entry->action = action;
	snprintf(entry->problem, sizeof entry->problem, "%s", problem);
	va_start(arguments, detail);
	vsnprintf(entry->detail, sizeof entry->detail, detail, arguments);
	va_end(arguments);
	if (builder->options.strict)
		return rpm_fail(status, RPM_INVALID_GEOMETRY, "Correct the row, or use the scene without strict.", "building %lld: %s (%s)",
						(long long) id, entry->detail, entry->problem);
	return RPM_OK;
}

rpm_code builder_no_memory(rpm_status *status, const char *what)
{
	return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %s of the scene", what);
}

rpm_code builder_ended(rpm_code code, const char *what, rpm_status *status)
{
	if (code == RPM_OUT_OF_MEMORY)
		return builder_no_memory(status, what);
	if (code == RPM_CANCELLED)
		return rpm_fail(status, RPM_CANCELLED, NULL, "stopped while making %s of the scene", what);
	return code;
}

bool soup_add(triangle_soup *soup, lattice_point a, lattice_point b, lattice_point c, int32_t material, int32_t row)
{
	if (!array_grow((void **) &soup->triangle, sizeof *soup->triangle, soup->count, &soup->capacity))
		return false;
	soup->triangle[soup->count++] = (lattice_triangle) {{a, b, c}, material, row};
	return true;
}

lattice_point builder_lattice(const rpm_scene_builder *builder, const double world[3])
{
	return (lattice_point) {lattice_steps(world[0] - builder->origin[0]), lattice_steps(world[1] - builder->origin[1]),
		lattice_steps(world[2] - builder->origin[2])};
}
