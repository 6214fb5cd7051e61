/* predict_network.c: the level by a network, as a prior of rpm_predict (predict_network.h). */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "feature_cache.h"
#include "model_cache.h"
#include "network_device.h"
#include "predict_network.h"
#include "raster_read.h"
#include "relation.h"
#include "spi_rows.h"
#include "train_data.h"
#include "worker.h"

#define MOST_SIDE 4096
/* Half of the deviation is the antenna's as a whole, as of the prior of others' measurements. */
#define OFFSET_PART 0.5
#define LEAST_OFFSET_DB 1.0

typedef struct NetworkMap
{
	const rpm_learn_network *network;
	int			side;
	double		west, north, cell_size_m;	/* west and north from the antenna */
	const float *values;		/* in a memory context of their own, or kept by the session */
	float	   *mean_dbm, *sd_db;
	RpmNetworkDevice device;
	rpm_status	why;			/* the CPU's turn, where it came to that */
} NetworkMap;

/* Between the middles of two cells of a row or a column; beyond them both are the nearest. */
typedef struct Between
{
	int			before, after;
	double		along;			/* from 0 to 1 */
} Between;

static const char *model_of_site(const char *name, const RpmSceneRow *scene, int64 antenna_id);
static int	side_for(const RpmModel *model, const RpmPredictInput *read, const rpm_predict_input *input);
static void fill_targets(const NetworkMap *map, const rpm_predict_input *input, int columns, double *at_targets, float *sd_db);
static bool holds(const RpmModel *model, int side, const RpmPredictInput *read, const RpmBox *box);
static NetworkMap *map_of(const RpmSceneRow *scene, int64 antenna_id, const RpmPredictInput *read, const RpmModel *model, int side, rpm_control *control);
static rpm_code predict_map(void *argument, rpm_control *control, rpm_status *status);
static MemoryContext read_features(NetworkMap *map, const RpmSceneRow *scene, int64 antenna_id, const RpmModel *model, rpm_control *control);
static void read_own_features(NetworkMap *map, const RpmSceneRow *scene, int64 antenna_id, const RpmModel *model, rpm_control *control);
static void read_features_of_function(NetworkMap *map, const RpmSceneRow *scene, int64 antenna_id, const RpmModel *model, MemoryContext context);
static void copy_row(const NetworkMap *map, size_t first, const Between *across, int columns, double *mean_dbm, float *sd_db);
static void fill_row(const NetworkMap *map, const Between *down, const Between *across, int columns, double *mean_dbm, float *sd_db);
static Between between(double cells, int side);
static double value_at(const NetworkMap *map, const float *values, const Between *across, const Between *down);

float *
rpm_predict_add_network(const RpmSceneRow *scene, int64 antenna_id, const RpmPredictInput *read, bool wanted, int columns,
						rpm_predict_input *input, rpm_predict_given *given, rpm_predict_options *options, rpm_control *control)
{
	RpmModel   *model;
	NetworkMap *map;
	double	   *at_points,
			   *at_targets,
				variance = 0;
	float	   *sd_db;
	bool		measured = false;

	if (rpm_setting_model[0] == '\0' && !wanted)
		return NULL;
	model = rpm_model_get(model_of_site(rpm_setting_model[0] != '\0' ? rpm_setting_model : RPM_DEFAULT_MODEL, scene, antenna_id));
	map = map_of(scene, antenna_id, read, model, side_for(model, read, input), control);
	at_points = palloc_extended((input->point_count + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	at_targets = palloc_extended((input->target_count + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	sd_db = palloc_extended((input->target_count + 1) * sizeof(float), MCXT_ALLOC_HUGE);
	for (size_t i = 0; i < input->point_count; i++)
	{
		const rpm_predict_point *point = &input->points[i];
		Between		across = between((point->x_m - map->west) / map->cell_size_m, map->side),
					down = between((map->north - point->y_m) / map->cell_size_m, map->side);

		measured |= point->antenna == input->antenna;
		at_points[i] = point->antenna == input->antenna ? value_at(map, map->mean_dbm, &across, &down) : get_float8_nan();
	}
	fill_targets(map, input, columns, at_targets, sd_db);
	for (size_t i = 0; i < (size_t) map->side * map->side; i++)
		variance += (double) map->sd_db[i] * map->sd_db[i] / ((double) map->side * map->side);
	*given = (rpm_predict_given) {.name = RPM_NETWORK_PRIOR, .at_points_dbm = at_points, .at_targets_dbm = at_targets,
		.sd_db = fmax(OFFSET_PART * sqrt(variance), LEAST_OFFSET_DB)};
	input->given_count++;
	if (wanted || (!measured && options->prior == NULL))
		options->prior = RPM_NETWORK_PRIOR;
	return sd_db;
}

/* The model fine-tuned to the antenna's site (rpm_calibrate with method network) where there is one that the caller may read, and no version is named. */
static const char *
model_of_site(const char *name, const RpmSceneRow *scene, int64 antenna_id)
{
	static const char *const required[] = {"antenna_id", NULL};
	static const char *const optional[] = {"site_id", NULL};
	MemoryContext context = CurrentMemoryContext;
	Oid			models = get_relname_relid("model", get_namespace_oid("rpm", false)),
				types[2] = {INT8OID, TEXTOID};
	Datum		values[2] = {Int64GetDatum(antenna_id), CStringGetTextDatum(name)};
	const RpmRelation *antennas;

	if (rpm_model_version_named() > 0 || pg_class_aclcheck(models, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return name;
	antennas = rpm_relation_open(scene->antenna_relation, scene->name, "antenna_relation", required, optional);
	if (!rpm_relation_has(antennas, "site_id"))
		return name;
	rpm_spi_query_by_key(psprintf("SELECT m.name FROM rpm.model AS m, %s AS r WHERE r.antenna_id OPERATOR(pg_catalog.=) $1 AND m.current"
						   " AND m.name OPERATOR(pg_catalog.=) rpm.model_of_site($2, r.site_id::pg_catalog.int8)", antennas->name), 2, types, values, NULL);
	if (SPI_processed > 0)
		name = rpm_column_text(SPI_tuptable->vals[0], 1, context);
	SPI_finish();
	return name;
}

/* Cells about the antenna that hold its own points and all targets, at least as many as it was trained on. */
static int
side_for(const RpmModel *model, const RpmPredictInput *read, const rpm_predict_input *input)
{
	RpmBox		box = {0, 0, 0, 0};
	double		reach,
				side;

	for (size_t i = 0; i < input->point_count; i++)
		if (input->points[i].antenna == input->antenna)
			rpm_box_stretch(&box, input->points[i].x_m, input->points[i].y_m);
	/* Of a grid the first and the last say it all. */
	for (size_t i = 0; i < input->target_count; i += Max(input->target_count - 1, 1))
		rpm_box_stretch(&box, input->target_x_m[i], input->target_y_m[i]);
	reach = fmax(fmax(box.east, -box.west), fmax(box.north, -box.south));
	side = fmax(model->size_cells, 2 * ceil(reach / model->cell_size_m - 0.5));
	while (side <= MOST_SIDE && !holds(model, (int) side, read, &box))
		side++;
	if (side > MOST_SIDE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a network's map of %.0f x %.0f cells of %g m is too large", side, side, model->cell_size_m),
				 errhint("Predict within %.0f m of the antenna, or with another prior.", (MOST_SIDE / 2 - 1) * model->cell_size_m)));
	return (int) side;
}

/* Tiles begin at multiples of their cells, not at the antenna. */
static bool
holds(const RpmModel *model, int side, const RpmPredictInput *read, const RpmBox *box)
{
	double		cell = model->cell_size_m,
				west = rpm_tile_first_cell(read->x, cell, side) * cell - read->x,
				south = rpm_tile_first_cell(read->y, cell, side) * cell - read->y;

	return box->west >= west && box->south >= south && box->east <= west + side * cell && box->north <= south + side * cell;
}

static NetworkMap *
map_of(const RpmSceneRow *scene, int64 antenna_id, const RpmPredictInput *read, const RpmModel *model, int side, rpm_control *control)
{
	NetworkMap *map = palloc0(sizeof(NetworkMap));
	size_t		cells = (size_t) side * side;
	MemoryContext features;

	map->network = model->network;
	map->side = side;
	map->cell_size_m = model->cell_size_m;
	map->mean_dbm = palloc_extended(cells * sizeof(float), MCXT_ALLOC_HUGE);
	map->sd_db = palloc_extended(cells * sizeof(float), MCXT_ALLOC_HUGE);
	features = read_features(map, scene, antenna_id, model, control);
	map->west -= read->x;
	map->north -= read->y;
	rpm_network_device_take(&map->device);
	rpm_status_clear(&map->why);
	rpm_run_engine(predict_map, map, control, psprintf("antenna " INT64_FORMAT, antenna_id));
	rpm_network_device_give_back(&map->device);
	if (map->why.code != RPM_OK)
		rpm_network_say_why(&map->why);
	map->values = NULL;
	MemoryContextDelete(features);
	return map;
}

/* The context that the values are in. */
static MemoryContext
read_features(NetworkMap *map, const RpmSceneRow *scene, int64 antenna_id, const RpmModel *model, rpm_control *control)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "features of a network", ALLOCSET_DEFAULT_SIZES),
				before = MemoryContextSwitchTo(context);

	/* Without a row of rpm.scene the function finds out by itself what there is about the antenna. */
	if (model->features == NULL && scene->scene_id != 0)
		read_own_features(map, scene, antenna_id, model, control);
	else
		read_features_of_function(map, scene, antenna_id, model, context);
	MemoryContextSwitchTo(before);
	return context;
}

/* As rpm_features, without a raster in between. */
static void
read_own_features(NetworkMap *map, const RpmSceneRow *scene, int64 antenna_id, const RpmModel *model, rpm_control *control)
{
	const RpmBox everywhere = {-HUGE_VAL, -HUGE_VAL, HUGE_VAL, HUGE_VAL};
	RpmFeatureChannels channels = rpm_feature_channels(model->channels);
	const RpmSceneRow *row = rpm_scene_row_read(scene->name);	/* with the relations that only features need */
	const RpmAntenna *antenna = rpm_antennas_read(row, &everywhere, &antenna_id, 1, NULL)->antennas;
	RpmMapGrid	grid = rpm_feature_grid(antenna, map->cell_size_m, map->side, channels.count);
	RpmFeatureValues features = rpm_feature_values(row, antenna, &grid, &channels, control);

	rpm_feature_check_known(features.known, &grid, row, antenna_id);
	map->values = features.values;
	map->west = grid.west;
	map->north = grid.north;
}

static void
read_features_of_function(NetworkMap *map, const RpmSceneRow *scene, int64 antenna_id, const RpmModel *model, MemoryContext context)
{
	Oid			types[5] = {INT8OID, TEXTOID, TEXTARRAYOID, FLOAT8OID, INT4OID};
	Datum		values[5] = {Int64GetDatum(antenna_id), CStringGetTextDatum(scene->name), model->channels, Float8GetDatum(model->cell_size_m),
	Int32GetDatum(map->side)};
	char		nulls[6] = "     ";
	bool		null;
	Datum		raster;
	MemoryContext before;

	nulls[1] = scene->scene_id == 0 ? 'n' : ' ';
	rpm_spi_query(rpm_train_features_call(model->features), 5, types, values, nulls);
	raster = rpm_column(SPI_tuptable->vals[0], 1, &null);
	if (null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the features of antenna " INT64_FORMAT " are null", antenna_id),
				 errhint("The function of the features must return a raster for each antenna.")));
	before = MemoryContextSwitchTo(context);
	map->values = rpm_train_feature_values(raster, model->channel_count, map->side, antenna_id, &map->west, &map->north);
	MemoryContextSwitchTo(before);
	SPI_finish();
}

static rpm_code
predict_map(void *argument, rpm_control *control, rpm_status *status)
{
	NetworkMap *map = argument;

	if (rpm_learn_network_predict_on(map->network, &map->device.where, map->side, map->side, map->values, control, map->mean_dbm, map->sd_db,
									 status) != RPM_OK && rpm_network_falls_back(&map->device, status, &map->why))
		rpm_learn_network_predict_on(map->network, &map->device.where, map->side, map->side, map->values, control, map->mean_dbm, map->sd_db, status);
	return status->code;
}

/* The targets are a grid's cells, row by row: places across are those of the first row, places down those of the first column. */
static void
fill_targets(const NetworkMap *map, const rpm_predict_input *input, int columns, double *at_targets, float *sd_db)
{
	Between    *across = palloc(columns * sizeof(Between));
	bool		in_middles = true;

	for (int c = 0; c < columns && (size_t) c < input->target_count; c++)
	{
		across[c] = between((input->target_x_m[c] - map->west) / map->cell_size_m, map->side);
		in_middles &= across[c].along == 0;
	}
	for (size_t i = 0; i < input->target_count; i += columns)
	{
		Between		down = between((map->north - input->target_y_m[i]) / map->cell_size_m, map->side);

		CHECK_FOR_INTERRUPTS();
		if (in_middles && down.along == 0)
			copy_row(map, (size_t) down.before * map->side, across, columns, at_targets + i, sd_db + i);
		else
			fill_row(map, &down, across, columns, at_targets + i, sd_db + i);
	}
	pfree(across);
}

/* Where the targets are the middles of the network's own cells. */
static void
copy_row(const NetworkMap *map, size_t first, const Between *across, int columns, double *mean_dbm, float *sd_db)
{
	for (int c = 0; c < columns; c++)
	{
		mean_dbm[c] = map->mean_dbm[first + across[c].before];
		sd_db[c] = map->sd_db[first + across[c].before];
	}
}

static void
fill_row(const NetworkMap *map, const Between *down, const Between *across, int columns, double *mean_dbm, float *sd_db)
{
	for (int c = 0; c < columns; c++)
	{
		mean_dbm[c] = value_at(map, map->mean_dbm, &across[c], down);
		sd_db[c] = (float) value_at(map, map->sd_db, &across[c], down);
	}
}

/* cells: from the border of the map. */
static Between
between(double cells, int side)
{
	double		middle = cells - 0.5,
				within = middle < 0 ? 0 : middle > side - 1 ? side - 1 : middle;
	int			before = (int) within;

	return (Between) {before, Min(before + 1, side - 1), within - before};
}

static double
value_at(const NetworkMap *map, const float *values, const Between *across, const Between *down)
{
	const float *above = values + (size_t) down->before * map->side,
			   *below = values + (size_t) down->after * map->side;

	return (1 - down->along) * (1 - across->along) * above[across->before] + (1 - down->along) * across->along * above[across->after] +
		down->along * (1 - across->along) * below[across->before] + down->along * across->along * below[across->after];
}
