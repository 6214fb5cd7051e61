/*
 * features.c: the table of channels, and the channels of one antenna (rpm_features.h).
 */
#include <math.h>
#include <string.h>

#include "features/channels.h"

static const rpm_feature_description descriptions[RPM_FEATURE_COUNT] = {
	[RPM_FEATURE_BUILDING_HEIGHT] = {"building_height_m", "m", "height of the building above ground; 0: none", 0, 20},
	[RPM_FEATURE_LAND_USE] = {"land_use", "", "class 1 to 23 of the land use; 0: not known", 12, 8},
	[RPM_FEATURE_ROAD] = {"road", "", "1: a road touches the cell", 0, 1},
	[RPM_FEATURE_FREE_SPACE] = {"free_space_dbm", "dBm", "level in free space with the antenna's power, losses and pattern", -80, 20},
	[RPM_FEATURE_KNOWN] = {"known", "", "1: buildings and land use are known here", 0, 1},
	[RPM_FEATURE_GROUND] = {"ground_m", "m", "height of the ground above that at the antenna's foot", 0, 20},
	[RPM_FEATURE_DISTANCE] = {"distance_m", "m", "from the antenna to the receiver in space", 640, 640},
	[RPM_FEATURE_AZIMUTH] = {"azimuth_off_deg", "deg", "azimuth off boresight, clockwise, -180 to 180", 0, 90},
	[RPM_FEATURE_ELEVATION] = {"elevation_off_deg", "deg", "below the beam (both tilts), down positive", 0, 20},
	[RPM_FEATURE_LINE_OF_SIGHT] = {"line_of_sight", "", "1: nothing stands above the direct path", 0, 1},
	[RPM_FEATURE_OBSTRUCTED] = {"obstructed_m", "m", "length of the direct path in plan that lies below roofs or ground", 100, 200},
	[RPM_FEATURE_OBSTRUCTIONS] = {"obstructions", "", "how often the direct path goes below roofs or ground", 3, 5},
	[RPM_FEATURE_KNIFE_EDGE] = {"knife_edge_db", "dB", "loss over the edge that matters most on the direct path", 15, 15},
	[RPM_FEATURE_EMPIRICAL] = {"empirical_dbm", "dBm", "level by 3GPP TR 38.901 UMa with the antenna's pattern", -95, 20},
	[RPM_FEATURE_LINEAR] = {"linear_dbm", "dBm", "level by the linear model of all measured antennas", -92, 10},
	[RPM_FEATURE_CLUTTER] = {"clutter_db", "dB", "what other sites' measurements add to it here", 0, 5},
	[RPM_FEATURE_CLUTTER_WEIGHT] = {"clutter_weight", "", "how much was measured here by other sites: w / (w + 1), w the weight at 20 m", 0, 1},
	[RPM_FEATURE_GIVEN] = {"given", "", "a map that the caller gives", -95, 20},
};

static rpm_code check(const feature_work *work, const rpm_feature *channels, int channel_count, rpm_status *status);
static rpm_code place_antenna(feature_work *work, rpm_status *status);
static void copy_environment(const feature_work *work);
static void copy_given(const feature_work *work);

const rpm_feature_description *
rpm_feature_describe(rpm_feature feature)
{
	return &descriptions[feature];
}

rpm_feature
rpm_feature_of_name(const char *name)
{
	int			feature = 0;

	while (feature < RPM_FEATURE_COUNT && strcmp(descriptions[feature].name, name) != 0)
		feature++;
	return (rpm_feature) feature;
}

size_t
rpm_features_bytes(int32_t columns, int32_t rows, int channel_count, const rpm_control *control)
{
	return (size_t) columns * (size_t) rows * (size_t) channel_count * sizeof(float) + features_of_sight_bytes(columns, rows, control);
}

rpm_code
rpm_features(const rpm_environment *environment, const rpm_feature_antenna *antenna, const rpm_feature *channels, int channel_count,
			 rpm_control *control, float *values, rpm_status *status)
{
	size_t		cells = (size_t) environment->grid.columns * (size_t) environment->grid.rows;
	float	   *apart[RPM_FEATURE_COUNT];

	for (int i = 0; i < RPM_FEATURE_COUNT; i++)
		apart[i] = i < channel_count ? values + cells * (size_t) i : NULL;
	return rpm_features_apart(environment, antenna, channels, channel_count, control, apart, status);
}

rpm_code
rpm_features_apart(const rpm_environment *environment, const rpm_feature_antenna *antenna, const rpm_feature *channels, int channel_count,
				   rpm_control *control, float *const *values, rpm_status *status)
{
	feature_work work = {.environment = environment, .antenna = antenna, .control = control};
	size_t		bytes;

	if (check(&work, channels, channel_count, status) != RPM_OK || place_antenna(&work, status) != RPM_OK)
		return status->code;
	bytes = rpm_features_bytes(environment->grid.columns, environment->grid.rows, channel_count, control);
	if (rpm_reserve(control, bytes, "the channels of a tile", status) != RPM_OK)
		return status->code;
	for (int i = 0; i < channel_count; i++)
		work.channel[channels[i]] = values[i];
	copy_environment(&work);
	copy_given(&work);
	if (features_of_place_wanted(&work) && features_of_place(&work, status) != RPM_OK)
		return status->code;
	if (features_of_sight_wanted(&work) && features_of_sight(&work, status) != RPM_OK)
		return status->code;
	return RPM_OK;
}

static rpm_code
check(const feature_work *work, const rpm_feature *channels, int channel_count, rpm_status *status)
{
	const rpm_feature_antenna *a = work->antenna;
	bool		seen[RPM_FEATURE_COUNT] = {false};

	if (channel_count < 1 || channel_count > RPM_FEATURE_COUNT)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "%d channels", channel_count);
	for (int i = 0; i < channel_count; i++)
	{
		int			channel = (int) channels[i];

		if (channel < 0 || channel >= RPM_FEATURE_COUNT)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "there is no channel %d", channel);
		if (seen[channel])
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Name each channel once.", "channel %s twice", descriptions[channel].name);
		seen[channel] = true;
		if (channel == RPM_FEATURE_LINEAR ? a->linear_coefficients == NULL
			: channel >= RPM_FEATURE_CLUTTER && channel <= RPM_FEATURE_GIVEN && a->given[channel] == NULL)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "channel %s is not given", descriptions[channel].name);
	}
	if (!isfinite(a->height_m) || !isfinite(a->losses_db) || !isfinite(a->receiver_height_m) || isinf(a->rs_power_dbm) ||
		!(a->antenna.frequency_hz > 0) || !isfinite(a->antenna.frequency_hz) || !isfinite(a->antenna.grid_azimuth_rad) ||
		!isfinite(a->antenna.mechanical_tilt_rad) || !isfinite(a->antenna.electrical_tilt_rad))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, NULL, "a number of the antenna is not finite, or its frequency not above 0");
	return RPM_OK;
}

/* On the ground at its place. */
static rpm_code
place_antenna(feature_work *work, rpm_status *status)
{
	const rpm_cell_grid *grid = &work->environment->grid;
	const rpm_feature_antenna *a = work->antenna;
	double		column,
				row;

	work->x_m = a->antenna.position.x - grid->west;
	work->y_m = grid->north - a->antenna.position.y;
	column = floor(work->x_m / grid->cell_width_m);
	row = floor(work->y_m / grid->cell_height_m);
	if (!(column >= 0 && row >= 0 && column < grid->columns && row < grid->rows))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Take a tile about the antenna.", "the antenna stands outside the tile");
	work->z_m = work->environment->ground_m[(size_t) row * grid->columns + (size_t) column] + a->height_m;
	work->power_dbm = (isnan(a->rs_power_dbm) ? RPM_FEATURE_UNKNOWN_POWER_DBM : a->rs_power_dbm) - a->losses_db;
	return RPM_OK;
}

static void
copy_environment(const feature_work *work)
{
	const rpm_environment *e = work->environment;
	size_t		cells = (size_t) e->grid.columns * (size_t) e->grid.rows;
	float		foot = (float) (work->z_m - work->antenna->height_m);

	if (feature_wanted(work, RPM_FEATURE_BUILDING_HEIGHT))
		memcpy(work->channel[RPM_FEATURE_BUILDING_HEIGHT], e->building_height_m, cells * sizeof(float));
	for (size_t i = 0; i < cells && feature_wanted(work, RPM_FEATURE_LAND_USE); i++)
		work->channel[RPM_FEATURE_LAND_USE][i] = e->land_use[i];
	for (size_t i = 0; i < cells && feature_wanted(work, RPM_FEATURE_ROAD); i++)
		work->channel[RPM_FEATURE_ROAD][i] = e->road[i];
	for (size_t i = 0; i < cells && feature_wanted(work, RPM_FEATURE_KNOWN); i++)
		work->channel[RPM_FEATURE_KNOWN][i] = e->known[i];
	for (size_t i = 0; i < cells && feature_wanted(work, RPM_FEATURE_GROUND); i++)
		work->channel[RPM_FEATURE_GROUND][i] = e->ground_m[i] - foot;
}

static void
copy_given(const feature_work *work)
{
	size_t		cells = (size_t) work->environment->grid.columns * (size_t) work->environment->grid.rows;

	for (int channel = RPM_FEATURE_CLUTTER; channel <= RPM_FEATURE_GIVEN; channel++)
		for (size_t i = 0; i < cells && feature_wanted(work, (rpm_feature) channel); i++)
		{
			float		value = work->antenna->given[channel][i];

			work->channel[channel][i] = isnan(value) ? 0 : value;
		}
}
