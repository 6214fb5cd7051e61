/*
 * feature_tile.c: the channels of an antenna over a tile.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "clutter_layer.h"
#include "feature_layers.h"
#include "feature_tile.h"
#include "progress.h"
#include "rpm_settings.h"
#include "worker.h"

/* A weight at this scale says how much was measured: 20 m. */
#define WEIGHT_SCALE 1

typedef struct TileCall
{
	const rpm_environment *environment;
	rpm_feature_antenna antenna;
	const RpmFeatureChannels *channels;
	RpmRasterDraft *draft;
} TileCall;

static bool has_channel(const RpmFeatureChannels *channels, rpm_feature feature);
static void refuse_name(const char *name);
static RpmFeatureLayers layers_of(const RpmFeatureChannels *channels);
static bool rests_on_layers(const RpmFeatureChannels *channels);
static void add_measured(TileCall *call, const RpmSceneRow *row, const RpmAntenna *antenna, const RpmMapGrid *grid, rpm_control *control);
static void fill_clutter(const RpmClutterModel *model, const RpmClutterValues *values, const RpmMapGrid *grid, float *clutter, float *weight);
static const float *fill_given(const RpmSceneRow *row, const RpmMapGrid *grid, const RpmRaster *given);
static rpm_code compute(void *argument, rpm_control *control, rpm_status *status);

RpmFeatureChannels
rpm_feature_channels(Datum array)
{
	RpmFeatureChannels channels = {0};
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	if (count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("channels is an empty array"),
				 errhint("Name at least one, or leave the argument out for its default.")));
	for (int i = 0; i < count; i++)
	{
		char	   *name;
		rpm_feature feature;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of channels is null", i + 1),
					 errhint("Remove it: array_remove(channels, NULL).")));
		name = TextDatumGetCString(elements[i]);
		feature = rpm_feature_of_name(name);
		if (feature == RPM_FEATURE_COUNT)
			refuse_name(name);
		if (has_channel(&channels, feature))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("channels has \"%s\" twice", name),
					 errhint("Name each channel once.")));
		channels.channels[channels.count++] = feature;
	}
	return channels;
}

static bool
has_channel(const RpmFeatureChannels *channels, rpm_feature feature)
{
	for (int i = 0; i < channels->count; i++)
		if (channels->channels[i] == feature)
			return true;
	return false;
}

static void
refuse_name(const char *name)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < RPM_FEATURE_COUNT; i++)
		appendStringInfo(&list, "%s%s", i == 0 ? "" : ", ", rpm_feature_describe((rpm_feature) i)->name);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("channels has \"%s\"", name),
			 errhint("There are %s.", list.data)));
}

RpmMapGrid
rpm_feature_grid(const RpmAntenna *antenna, double cell_size_m, int size_cells, int channel_count)
{
	RpmBox		box;

	box.west = rpm_tile_first_cell(antenna->x, cell_size_m, size_cells) * cell_size_m;
	box.south = rpm_tile_first_cell(antenna->y, cell_size_m, size_cells) * cell_size_m;
	box.east = box.west + size_cells * cell_size_m;
	box.north = box.south + size_cells * cell_size_m;
	/* The environment, what others give, the raster, twice that where it goes through well-known binary. */
	return rpm_grid_of_box(&box, cell_size_m, rpm_environment_bytes(1, 1) + (3 * channel_count + 3) * sizeof(float));
}

RpmFeatureTile *
rpm_feature_tile_read(const RpmSceneRow *row, const RpmAntenna *antenna, const RpmMapGrid *grid, const RpmFeatureChannels *channels,
					  const RpmRaster *given, rpm_control *control)
{
	RpmFeatureTile *tile = palloc0(sizeof(RpmFeatureTile));
	RpmFeatureLayers layers = layers_of(channels);
	RpmRasterGrid raster = {grid->columns, grid->rows, grid->cell_width_m, -grid->cell_height_m, grid->west, grid->north, row->srid};
	TileCall	call = {.channels = channels};

	tile->grid = *grid;
	tile->channels = *channels;
	call.draft = tile->draft = rpm_raster_begin(&raster, RPM_PIXEL_FLOAT32, RPM_FEATURE_NODATA, channels->count);
	call.antenna.antenna = antenna->antenna;
	call.antenna.antenna.position = rpm_vec(antenna->x, antenna->y, 0);
	call.antenna.height_m = antenna->height_m;
	call.antenna.rs_power_dbm = antenna->rs_power_dbm;
	call.antenna.losses_db = antenna->losses_db;
	call.antenna.receiver_height_m = row->receiver_height_m;
	call.environment = rpm_feature_layers_read(row, grid, &layers, control, &tile->marked);
	tile->marked &= rests_on_layers(channels);
	add_measured(&call, row, antenna, grid, control);
	if (has_channel(channels, RPM_FEATURE_GIVEN))
		call.antenna.given[RPM_FEATURE_GIVEN] = fill_given(row, grid, given);
	rpm_progress_phase(control, RPM_PHASE_PREDICTING, 0);
	rpm_run_engine(compute, &call, control, psprintf("antenna " INT64_FORMAT, antenna->id));
	tile->known = layers.known ? rpm_environment_known_count(call.environment) : -1;
	return tile;
}

/* Only what is asked for is read, so that a role needs no more rights. */
static RpmFeatureLayers
layers_of(const RpmFeatureChannels *channels)
{
	RpmFeatureLayers layers = {0};

	for (int i = 0; i < channels->count; i++)
	{
		rpm_feature feature = channels->channels[i];
		bool		sight = feature >= RPM_FEATURE_LINE_OF_SIGHT && feature <= RPM_FEATURE_KNIFE_EDGE;

		layers.known |= feature == RPM_FEATURE_KNOWN;
		layers.buildings |= feature == RPM_FEATURE_BUILDING_HEIGHT || sight;
		layers.land_use |= feature == RPM_FEATURE_LAND_USE;
		layers.roads |= feature == RPM_FEATURE_ROAD;
		layers.terrain |= sight || feature == RPM_FEATURE_BUILDING_HEIGHT || feature == RPM_FEATURE_GROUND || feature == RPM_FEATURE_FREE_SPACE ||
			feature == RPM_FEATURE_DISTANCE || feature == RPM_FEATURE_ELEVATION;
	}
	return layers;
}

/* Alone: neither on what was measured nor on a map that is given. */
static bool
rests_on_layers(const RpmFeatureChannels *channels)
{
	return !has_channel(channels, RPM_FEATURE_LINEAR) && !has_channel(channels, RPM_FEATURE_CLUTTER) &&
		!has_channel(channels, RPM_FEATURE_CLUTTER_WEIGHT) && !has_channel(channels, RPM_FEATURE_GIVEN);
}

/* What other sites measured; the antenna's own site does not count. */
static void
add_measured(TileCall *call, const RpmSceneRow *row, const RpmAntenna *antenna, const RpmMapGrid *grid, rpm_control *control)
{
	bool		clutter = has_channel(call->channels, RPM_FEATURE_CLUTTER) || has_channel(call->channels, RPM_FEATURE_CLUTTER_WEIGHT);
	RpmClutterExclusion exclusion = {false, 0, true, antenna->id};
	RpmClutterModel *model = palloc(sizeof(RpmClutterModel));
	RpmClutterWindow window;
	size_t		cells = (size_t) grid->columns * grid->rows;
	float	   *values;

	if (!clutter && !has_channel(call->channels, RPM_FEATURE_LINEAR))
		return;
	if (!rpm_clutter_model_read(row->scene_id, model))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing was learned from the measurements of scene \"%s\"", row->name),
				 errhint("Run SELECT * FROM rpm_refresh_clutter_residual(%s) first, or leave linear_dbm, clutter_db and clutter_weight out.",
						 quote_literal_cstr(row->name))));
	call->antenna.linear_coefficients = model->coefficient;
	if (!clutter)
		return;
	window.column = (int64) floor(grid->west / RPM_CLUTTER_CELL_M);
	window.row = (int64) floor((grid->north - grid->rows * grid->cell_height_m) / RPM_CLUTTER_CELL_M);
	window.columns = (int32) ((int64) floor((grid->west + grid->columns * grid->cell_width_m) / RPM_CLUTTER_CELL_M) - window.column + 1);
	window.rows = (int32) ((int64) floor(grid->north / RPM_CLUTTER_CELL_M) - window.row + 1);
	values = palloc_extended(2 * cells * sizeof(float), MCXT_ALLOC_HUGE);
	fill_clutter(model, rpm_clutter_values(row->scene_id, &window, &exclusion, control), grid, values, values + cells);
	call->antenna.given[RPM_FEATURE_CLUTTER] = values;
	call->antenna.given[RPM_FEATURE_CLUTTER_WEIGHT] = values + cells;
}

/* Of the layer's cell that holds the middle of each. */
static void
fill_clutter(const RpmClutterModel *model, const RpmClutterValues *values, const RpmMapGrid *grid, float *clutter, float *weight)
{
	for (int row = 0; row < grid->rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int column = 0; column < grid->columns; column++)
		{
			size_t		cell = (size_t) row * grid->columns + column;
			double		residual_db[RPM_CLUTTER_SCALES],
						weights[RPM_CLUTTER_SCALES];

			rpm_clutter_value_at(values, (int64) floor((grid->west + (column + 0.5) * grid->cell_width_m) / RPM_CLUTTER_CELL_M),
								 (int64) floor((grid->north - (row + 0.5) * grid->cell_height_m) / RPM_CLUTTER_CELL_M), residual_db, weights);
			clutter[cell] = (float) rpm_clutter_combine(&model->gains, residual_db, weights);
			weight[cell] = (float) (weights[WEIGHT_SCALE] / (weights[WEIGHT_SCALE] + 1));
		}
	}
}

/* The raster's cell that holds the middle of each; NaN outside it and where it has no value. */
static const float *
fill_given(const RpmSceneRow *row, const RpmMapGrid *grid, const RpmRaster *given)
{
	float	   *values;

	if (given == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("channel \"given\" is asked for and no map is given"),
				 errhint("Give a raster: given => (SELECT rast FROM rpm_trace(...)).")));
	if (given->srid != row->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("given has SRID %d, scene \"%s\" has %d", given->srid, row->name, row->srid),
				 errhint("Use ST_Transform(given, %d).", row->srid)));
	values = palloc_extended((size_t) grid->columns * grid->rows * sizeof(float), MCXT_ALLOC_HUGE);
	for (int r = 0; r < grid->rows; r++)
		for (int c = 0; c < grid->columns; c++)
		{
			double		column = floor((grid->west + (c + 0.5) * grid->cell_width_m - given->upper_left_x) / given->scale_x),
						line = floor((grid->north - (r + 0.5) * grid->cell_height_m - given->upper_left_y) / given->scale_y);
			bool		inside = column >= 0 && line >= 0 && column < given->columns && line < given->rows;
			float		value = inside ? given->values[(size_t) line * given->columns + (size_t) column] : given->nodata;

			values[(size_t) r * grid->columns + c] = value == given->nodata ? get_float4_nan() : value;
		}
	return values;
}

static rpm_code
compute(void *argument, rpm_control *control, rpm_status *status)
{
	TileCall   *call = argument;

	float	   *values[RPM_FEATURE_COUNT];

	for (int i = 0; i < call->channels->count; i++)
		values[i] = call->draft->bands[i];
	return rpm_features_apart(call->environment, &call->antenna, call->channels->channels, call->channels->count, control, values, status);
}
