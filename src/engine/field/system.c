/* system.c: the kriging system of one neighbourhood (system.h). */
#include <math.h>
#include <string.h>

#include "field/system.h"

/* A pivot below this part of the variance is rounding: the point repeats others. */
#define SMALLEST_PIVOT 1e-12

static void place_points(field_system *system, const rpm_field_data *data);
static void fill_sides(field_system *system, const rpm_field_data *data);

void
field_system_factor(field_system *system, const rpm_field_data *data, const rpm_covariance *covariance)
{
	double		sill = rpm_covariance_sill(covariance),
				smallest = SMALLEST_PIVOT * (sill + covariance->nugget_db2);
	int			count = system->count,
				panels;

	system->columns = 1 + data->trend.count;
	panels = (count + system->columns + PANEL_LANES) / PANEL_LANES;
	place_points(system, data);
	field_kernel_prepare(&system->kernel, covariance, system->kernel.one_antenna);
	for (int p = 0; p < panels; p++)
	{
		int			columns = count < (p + 1) * PANEL_LANES ? count : (p + 1) * PANEL_LANES;

		if (p * PANEL_LANES < count)
			field_panel_fill(&system->stack[p], &system->places[p], system->places, columns, &system->kernel);
		else
			memset(&system->stack[p], 0, (size_t) count * sizeof(field_lanes));
	}
	for (int i = 0; i < count; i++)
		field_system_row(system, i)[i * PANEL_LANES] += covariance->nugget_db2 / data->points[system->number[i]].weight;
	fill_sides(system, data);
	for (int p = 0; p < panels; p++)
		field_panel_eliminate(&system->stack[p], system->stack, p, count < (p + 1) * PANEL_LANES ? count : (p + 1) * PANEL_LANES,
							  system->inverse_pivot, smallest);
}

/* Lanes beyond the last point repeat the first. */
static void
place_points(field_system *system, const rpm_field_data *data)
{
	system->antenna = data->antenna;
	system->site = data->site;
	system->kernel.one_antenna = true;
	for (int i = 0; i < (system->count + PANEL_LANES - 1) / PANEL_LANES * PANEL_LANES; i++)
	{
		const rpm_field_point *point = &data->points[system->number[i < system->count ? i : 0]];
		field_panel_places *places = &system->places[i / PANEL_LANES];

		places->x.lane[i % PANEL_LANES] = point->x_m;
		places->y.lane[i % PANEL_LANES] = point->y_m;
		places->antenna.lane[i % PANEL_LANES] = point->antenna;
		places->site.lane[i % PANEL_LANES] = point->site;
		system->kernel.one_antenna &= point->antenna == data->antenna;
	}
}

static void
fill_sides(field_system *system, const rpm_field_data *data)
{
	int			coefficients = data->trend.count;

	for (int side = 0; side < system->columns; side++)
	{
		double	   *row = field_system_row(system, system->count + side);

		for (int i = 0; i < system->count; i++)
			row[i * PANEL_LANES] = side == 0 ? data->points[system->number[i]].value_db
				: data->trend.at_points[(size_t) system->number[i] * coefficients + side - 1];
	}
}

void
field_system_detrend(field_system *system, const double *coefficients)
{
	double	   *row = field_system_row(system, system->count + system->columns);

	for (int i = 0; i < system->count; i++)
		row[i * PANEL_LANES] = field_system_row(system, system->count)[i * PANEL_LANES];
	for (int side = 1; side < system->columns; side++)
	{
		const double *trend = field_system_row(system, system->count + side);

		for (int i = 0; i < system->count; i++)
			row[i * PANEL_LANES] -= coefficients[side - 1] * trend[i * PANEL_LANES];
	}
}

void
field_system_places(field_system *system, const field_lanes *x, const field_lanes *y, field_panel *panel)
{
	field_panel_places places = {.x = *x, .y = *y};

	for (int lane = 0; lane < PANEL_LANES; lane++)
	{
		places.antenna.lane[lane] = system->antenna;
		places.site.lane[lane] = system->site;
	}
	field_panel_fill(panel, &places, system->places, system->count, &system->kernel);
	field_panel_eliminate(panel, system->stack, -1, system->count, system->inverse_pivot, 0);
}
