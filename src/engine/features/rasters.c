/*
 * rasters.c: environments that come as rasters: each cell takes the value at its middle.
 */
#include <math.h>

#include "rpm_features.h"

#define MOST_HEIGHT_M 10000.0

static rpm_code take(rpm_environment *environment, rpm_environment_layer layer, size_t cell, float value, rpm_status *status);

rpm_code
rpm_environment_raster(rpm_environment *environment, rpm_environment_layer layer, const rpm_cell_grid *grid, const float *values, float nodata,
					   rpm_status *status)
{
	const rpm_cell_grid *own = &environment->grid;

	for (int32_t row = 0; row < own->rows; row++)
	{
		double		y = own->north - (row + 0.5) * own->cell_height_m,
					line = floor((grid->north - y) / grid->cell_height_m);

		if (!(line >= 0 && line < grid->rows))
			continue;
		for (int32_t column = 0; column < own->columns; column++)
		{
			double		x = own->west + (column + 0.5) * own->cell_width_m,
						place = floor((x - grid->west) / grid->cell_width_m);
			float		value;

			if (!(place >= 0 && place < grid->columns))
				continue;
			value = values[(size_t) line * grid->columns + (size_t) place];
			if (isnan(value) || value == nodata)
				continue;
			if (take(environment, layer, (size_t) row * own->columns + column, value, status) != RPM_OK)
				return status->code;
		}
	}
	return RPM_OK;
}

static rpm_code
take(rpm_environment *environment, rpm_environment_layer layer, size_t cell, float value, rpm_status *status)
{
	switch (layer)
	{
		case RPM_LAYER_BUILDING_HEIGHT:
			if (!(value >= 0 && value <= MOST_HEIGHT_M))
				return rpm_fail(status, RPM_INVALID_ARGUMENT, "Heights are metres above ground, 0 where nothing is built.", "a height of %g m", value);
			if (value > environment->building_height_m[cell])
				environment->building_height_m[cell] = value;
			break;
		case RPM_LAYER_LAND_USE:
			if (!(value >= 0 && value <= RPM_LAND_USE_MOST) || value != floorf(value))
				return rpm_fail(status, RPM_INVALID_ARGUMENT, "Classes are numbers from 1 to 23, and 0 for unknown.", "a land use of class %g", value);
			environment->land_use[cell] = (uint8_t) value;
			break;
		case RPM_LAYER_GROUND:
			if (!(environment->ground_m[cell] >= value))
				environment->ground_m[cell] = value;
			break;
		case RPM_LAYER_ROAD:
			environment->road[cell] |= value != 0;
			break;
	}
	return RPM_OK;
}
