/*
 * features.c: rpm_features: what a learned model sees of an antenna, as a raster; rpm_feature_names: what its bands are.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "feature_tile.h"
#include "progress.h"
#include "raster_write.h"
#include "rpm_settings.h"
#include "scene_row.h"
#include "spi_rows.h"

#define MOST_CELLS 65535
#define MOSTLY 0.5				/* of a tile; with less known a NOTICE says so */

/* Arguments by number, as in sql/83_features.sql. */
enum
{
	ARGUMENT_ANTENNA = 0,
	ARGUMENT_SCENE,
	ARGUMENT_CHANNELS,
	ARGUMENT_CELL_SIZE,
	ARGUMENT_SIZE_CELLS,
	ARGUMENT_GIVEN
};

PG_FUNCTION_INFO_V1(rpm_sql_features);
PG_FUNCTION_INFO_V1(rpm_sql_feature_names);

static char *scene_of_antenna(int64 antenna_id);

Datum
rpm_sql_features(PG_FUNCTION_ARGS)
{
	const RpmBox everywhere = {-HUGE_VAL, -HUGE_VAL, HUGE_VAL, HUGE_VAL};
	RpmFeatureChannels channels;
	RpmFeatureTile *tile;
	RpmRaster  *given = NULL;
	RpmSceneRow *row;
	RpmAntenna *antenna;
	RpmMapGrid	grid;
	rpm_control control;
	double		cell;
	int			size;
	int64		id;
	Datum		raster;

	if (PG_ARGISNULL(ARGUMENT_ANTENNA))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("antenna_id is null"),
				 errhint("Give the key of an antenna.")));
	if (PG_ARGISNULL(ARGUMENT_CHANNELS))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("channels is null"),
				 errhint("Leave it out for its default; rpm_feature_names() lists all that there are.")));
	id = PG_GETARG_INT64(ARGUMENT_ANTENNA);
	channels = rpm_feature_channels(PG_GETARG_DATUM(ARGUMENT_CHANNELS));
	size = (int) rpm_argument_int32(fcinfo, ARGUMENT_SIZE_CELLS, "size_cells", 1, MOST_CELLS);
	row = rpm_scene_row_read(PG_ARGISNULL(ARGUMENT_SCENE) ? scene_of_antenna(id) : text_to_cstring(PG_GETARG_TEXT_PP(ARGUMENT_SCENE)));
	cell = row->cell_size_m;
	if (!PG_ARGISNULL(ARGUMENT_CELL_SIZE))
		cell = rpm_argument_number(fcinfo, ARGUMENT_CELL_SIZE, "cell_size_m", RPM_SMALLEST_CELL_M, RPM_LARGEST_CELL_M);
	rpm_control_from_settings(&control);
	rpm_progress_begin(row->scene_id);
	rpm_progress_antennas(0, 1);
	antenna = rpm_antennas_read(row, &everywhere, &id, 1, NULL)->antennas;
	grid = rpm_feature_grid(antenna, cell, size, channels.count);
	if (!PG_ARGISNULL(ARGUMENT_GIVEN))
		given = rpm_raster_read(PG_GETARG_DATUM(ARGUMENT_GIVEN), "given");
	tile = rpm_feature_tile_read(row, antenna, &grid, &channels, given, &control);
	rpm_feature_check_known(tile->known, &tile->grid, row, id);
	rpm_progress_phase(&control, RPM_PHASE_WRITING, 0);
	raster = rpm_raster_finish(tile->draft);
	rpm_progress_end();
	PG_RETURN_DATUM(raster);
}

/* (channels) -> rows */
Datum
rpm_sql_feature_names(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	RpmFeatureChannels channels = {0};

	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
		channels = rpm_feature_channels(PG_GETARG_DATUM(0));
	else
		while (channels.count < RPM_FEATURE_COUNT)
		{
			channels.channels[channels.count] = (rpm_feature) channels.count;
			channels.count++;
		}
	for (int i = 0; i < channels.count; i++)
	{
		const rpm_feature_description *description = rpm_feature_describe(channels.channels[i]);
		Datum		values[4] = {Int32GetDatum(i + 1), CStringGetTextDatum(description->name), CStringGetTextDatum(description->unit),
		CStringGetTextDatum(description->meaning)};
		bool		nulls[4] = {false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* The only scene that holds the antenna. */
static char *
scene_of_antenna(int64 antenna_id)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(antenna_id);
	char	   *name;

	rpm_spi_query_by_key("SELECT s.name::pg_catalog.text FROM rpm.measurement_source(null, $1) AS s", 1, &type, &value, NULL);
	name = rpm_column_text(SPI_tuptable->vals[0], 1, context);
	SPI_finish();
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("no scene holds antenna " INT64_FORMAT, antenna_id),
				 errhint("Name one, or make one: INSERT INTO rpm.scene (name, srid, extent).")));
	return name;
}

void
rpm_feature_check_known(int64 known, const RpmMapGrid *grid, const RpmSceneRow *row, int64 antenna_id)
{
	double		cells = (double) grid->columns * grid->rows;

	if (known == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("nothing is known about antenna " INT64_FORMAT " in scene \"%s\": no cell of its tile", antenna_id, row->name),
				 row->has_extent ? errhint("The scene's extent or its land use ends before the tile: enlarge them, or leave the channel known out.")
				 : errhint("The tile has no building: give the scene an extent, inside which what has no building is open ground.")));
	if (known > 0 && known < MOSTLY * cells)
		ereport(NOTICE,
				(errmsg("of the tile of antenna " INT64_FORMAT " %.0f %% is known", antenna_id, 100 * known / cells),
				 errhint("The channel known says where; a model sees open ground in the rest.")));
}
