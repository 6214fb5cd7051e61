/*
 * feature_layers.c: buildings, land use, roads and terrain of a scene, drawn into the cells of a tile through a cursor.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "feature_layers.h"
#include "feature_rasters.h"
#include "postgis_functions.h"
#include "progress.h"
#include "relation.h"
#include "row_stream.h"
#include "snapshot_mark.h"
#include "spi_rows.h"
#include "status_report.h"
#include "varlena.h"

#define ROWS_UNTIL_PROGRESS 512

/* Columns of every layer's query. */
enum
{
	COLUMN_GEOMETRY = 1,
	COLUMN_SRID,
	COLUMN_KEY,
	COLUMN_VALUE,
	COLUMN_WEST,
	COLUMN_SOUTH,
	COLUMN_EAST,
	COLUMN_NORTH
};

typedef rpm_code (*DrawRow) (rpm_environment *environment, const uint8_t *wkb, size_t size, double value, rpm_status *status);

typedef struct Layer
{
	const char *setting;		/* column of rpm.scene */
	const char *required[4], *optional[4];
	const char *key, *value;	/* columns; the value may be missing */
	const char *kind;			/* for messages */
	bool		value_needed;
	bool		ordered;		/* what comes later covers */
	DrawRow		draw;
} Layer;

typedef struct Reader
{
	const Layer *layer;
	const RpmSceneRow *row;
	const RpmRelation *relation;
	rpm_environment *environment;
	rpm_control *control;
	bool		marked;			/* rpm_snapshot_covers all that was read, and no row was left out */
	bool		boxes;			/* wanted: */
	RpmBox		box;			/* about the rows */
	int64		rows, bad;
	char	   *first_bad;		/* what is wrong with it, */
	MemoryContext context;		/* and where that is kept */
} Reader;

/* Beside those of the scene's row. */
typedef struct Relations
{
	Oid			land_use, road, environment;
} Relations;

typedef struct Kept
{
	rpm_environment environment;
	MemoryContextCallback release;
} Kept;

static rpm_environment *new_environment(const RpmMapGrid *grid, const rpm_control *control);
static void release_environment(void *argument);
static void layer_relations(const RpmSceneRow *row, Relations *relations);
static void finish(const Reader *reader, const Relations *relations, const RpmFeatureLayers *layers);
static void read_layer(Reader *reader, const Layer *layer, Oid relation);
static char *layer_query(const Reader *reader);
static void draw_row(void *argument, TupleTableSlot *tuple);
static void check_row(const Reader *reader, TupleTableSlot *tuple);
static void note_bad(Reader *reader, int64 key, const rpm_status *status);
static bool has_rows(const RpmSceneRow *row, Oid relation);
static rpm_code draw_land_use(rpm_environment *environment, const uint8_t *wkb, size_t size, double value, rpm_status *status);
static rpm_code draw_road(rpm_environment *environment, const uint8_t *wkb, size_t size, double value, rpm_status *status);
static rpm_code draw_terrain(rpm_environment *environment, const uint8_t *wkb, size_t size, double value, rpm_status *status);

static const Layer building_layer = {"building_relation", {"building_id", "geom"}, {"height_m"}, "building_id", "height_m", "building", false, false,
rpm_environment_building};
static const Layer land_use_layer = {"land_use_relation", {"geom", "class"}, {"land_use_id"}, "land_use_id", "class", "land use", true, true,
draw_land_use};
static const Layer road_layer = {"road_relation", {"geom"}, {"road_id", "width_m"}, "road_id", "width_m", "road", false, false, draw_road};
static const Layer terrain_layer = {"terrain_relation", {"geom"}, {"terrain_id"}, "terrain_id", "", "terrain row", false, false, draw_terrain};

rpm_environment *
rpm_feature_layers_read(const RpmSceneRow *row, const RpmMapGrid *grid, const RpmFeatureLayers *layers, rpm_control *control, bool *marked)
{
	rpm_environment *environment = new_environment(grid, control);
	Reader		reader = {.row = row, .environment = environment, .control = control};
	Relations	relations;

	layer_relations(row, &relations);
	rpm_progress_phase(control, RPM_PHASE_READING, 0);
	/* A raster may be a file outside of the database. */
	reader.marked = !OidIsValid(relations.environment);
	if (OidIsValid(relations.environment))
		rpm_feature_rasters_read(row, relations.environment, environment);
	if (layers->terrain && OidIsValid(row->terrain_relation))
		read_layer(&reader, &terrain_layer, row->terrain_relation);
	if (layers->roads && OidIsValid(relations.road))
		read_layer(&reader, &road_layer, relations.road);
	if ((layers->land_use || layers->known) && OidIsValid(relations.land_use))
		read_layer(&reader, &land_use_layer, relations.land_use);
	reader.box = (RpmBox) {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
	reader.boxes = layers->known && !row->has_extent;
	if (layers->buildings || layers->known)
		read_layer(&reader, &building_layer, row->building_relation);
	finish(&reader, &relations, layers);
	*marked = reader.marked;
	return environment;
}

static void
finish(const Reader *reader, const Relations *relations, const RpmFeatureLayers *layers)
{
	const RpmSceneRow *row = reader->row;
	bool		rasters = OidIsValid(relations->environment);
	double		ground_m = rasters || OidIsValid(row->terrain_relation) ? get_float8_nan() : row->ground_elevation_m;
	RpmBox		known = reader->box;
	double		box[4];

	if (row->has_extent)
		known = row->extent_box;
	else if (rasters)
		known = (RpmBox) {-HUGE_VAL, -HUGE_VAL, HUGE_VAL, HUGE_VAL};
	box[0] = known.west;
	box[1] = known.south;
	box[2] = known.east;
	box[3] = known.north;
	rpm_environment_finish(reader->environment, ground_m, box,
						   layers->known && (rasters || (OidIsValid(relations->land_use) && has_rows(row, relations->land_use))));
}

static rpm_environment *
new_environment(const RpmMapGrid *grid, const rpm_control *control)
{
	Kept	   *kept = palloc0(sizeof(Kept));
	rpm_cell_grid cells = {grid->west, grid->north, grid->cell_width_m, grid->cell_height_m, grid->columns, grid->rows};
	rpm_status	status;

	kept->release.func = release_environment;
	kept->release.arg = kept;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &kept->release);
	rpm_status_clear(&status);
	rpm_environment_create(&cells, control, &kept->environment, &status);
	rpm_report_status(&status);
	return &kept->environment;
}

static void
release_environment(void *argument)
{
	Kept	   *kept = argument;

	rpm_environment_free(&kept->environment);
}

static void
layer_relations(const RpmSceneRow *row, Relations *relations)
{
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(row->scene_id);

	rpm_spi_query_by_key("SELECT s.land_use_relation::pg_catalog.oid, s.road_relation::pg_catalog.oid, s.environment_relation::pg_catalog.oid"
				  " FROM rpm.scene AS s WHERE s.scene_id OPERATOR(pg_catalog.=) $1", 1, &type, &value, NULL);
	memset(relations, 0, sizeof(*relations));
	if (SPI_processed > 0)
	{
		relations->land_use = rpm_column_oid(SPI_tuptable->vals[0], 1);
		relations->road = rpm_column_oid(SPI_tuptable->vals[0], 2);
		relations->environment = rpm_column_oid(SPI_tuptable->vals[0], 3);
	}
	SPI_finish();
}

static void
read_layer(Reader *reader, const Layer *layer, Oid relation)
{
	const rpm_cell_grid *grid = &reader->environment->grid;
	RpmRelation *opened = rpm_relation_open(relation, reader->row->name, layer->setting, layer->required, layer->optional);
	ErrorContextCallback reading = {error_context_stack, rpm_relation_describe_reading, opened};
	Oid			types[4] = {FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID};
	Datum		values[4] = {Float8GetDatum(grid->west), Float8GetDatum(grid->north - grid->rows * grid->cell_height_m),
	Float8GetDatum(grid->west + grid->columns * grid->cell_width_m), Float8GetDatum(grid->north)};

	rpm_relation_check_geometry(opened, "geom");
	reader->layer = layer;
	reader->relation = opened;
	reader->rows = reader->bad = 0;
	reader->context = CurrentMemoryContext;
	error_context_stack = &reading;
	rpm_stream_rows(layer_query(reader), 4, types, values, draw_row, reader);
	rpm_progress_copy(reader->control);
	error_context_stack = reading.previous;
	reader->marked &= reader->bad == 0 && rpm_snapshot_covers(opened, layer->required, layer->optional);
	if (reader->bad > 0)
		ereport(NOTICE,
				(errmsg(INT64_FORMAT " rows of %s were left out", reader->bad, opened->name),
				 errdetail("The first of them is %s.", reader->first_bad),
				 errhint("Mend them (ST_MakeValid), or name a view without them.")));
}

/* $1-$4: the tile. */
static char *
layer_query(const Reader *reader)
{
	const Layer *layer = reader->layer;
	const RpmRelation *relation = reader->relation;
	const char *gis = rpm_postgis_schema();
	char	   *order = "";

	if (layer->ordered)
		order = rpm_relation_has(relation, layer->key) ? psprintf(" ORDER BY r.%s", layer->key) : psprintf(" ORDER BY r.%s", layer->value);
	return psprintf("SELECT %1$s.ST_AsBinary(r.geom), %1$s.ST_SRID(r.geom), %2$s, %3$s%6$s FROM %4$s AS r"
					" WHERE r.geom OPERATOR(%1$s.&&) %1$s.ST_MakeEnvelope($1, $2, $3, $4)%5$s", gis,
					rpm_relation_column(relation, layer->key, "pg_catalog.int8", "null"),
					layer->value[0] == '\0' ? "null::pg_catalog.float8" : rpm_relation_column(relation, layer->value, "pg_catalog.float8", "null"),
					relation->name, order,
					!reader->boxes ? "" : psprintf(", %1$s.ST_XMin(r.geom), %1$s.ST_YMin(r.geom), %1$s.ST_XMax(r.geom), %1$s.ST_YMax(r.geom)", gis));
}

static void
draw_row(void *argument, TupleTableSlot *tuple)
{
	Reader	   *reader = argument;
	bool		null;
	bytea	   *wkb;
	rpm_status	status;

	check_row(reader, tuple);
	wkb = DatumGetByteaPP(slot_getattr(tuple, COLUMN_GEOMETRY, &null));
	rpm_status_clear(&status);
	if (reader->layer->draw(reader->environment, (const uint8_t *) VARDATA_ANY(wkb), VARSIZE_ANY_EXHDR(wkb),
							rpm_slot_double(tuple, COLUMN_VALUE), &status) == RPM_INVALID_GEOMETRY)
		note_bad(reader, rpm_slot_int64(tuple, COLUMN_KEY), &status);
	else if (status.code != RPM_OK)
		rpm_report_status_of(&status, psprintf("%s " INT64_FORMAT " of %s", reader->layer->kind, rpm_slot_int64(tuple, COLUMN_KEY),
											   reader->relation->name));
	rpm_phase_add(reader->control, 1);
	if (++reader->rows % ROWS_UNTIL_PROGRESS == 0)
		rpm_progress_copy(reader->control);
	if (!reader->boxes)
		return;
	reader->box.west = Min(reader->box.west, rpm_slot_double(tuple, COLUMN_WEST));
	reader->box.south = Min(reader->box.south, rpm_slot_double(tuple, COLUMN_SOUTH));
	reader->box.east = Max(reader->box.east, rpm_slot_double(tuple, COLUMN_EAST));
	reader->box.north = Max(reader->box.north, rpm_slot_double(tuple, COLUMN_NORTH));
}

static void
check_row(const Reader *reader, TupleTableSlot *tuple)
{
	const char *name = reader->relation->name;
	int64		key = rpm_slot_int64(tuple, COLUMN_KEY);
	int32		srid = rpm_slot_int32(tuple, COLUMN_SRID);

	if (srid != reader->row->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s " INT64_FORMAT " of %s has SRID %d, scene \"%s\" has %d", reader->layer->kind, key, name, srid,
						reader->row->name, reader->row->srid),
				 errhint("Use ST_Transform(geom, %d), or ST_SetSRID where only the label is wrong.", reader->row->srid)));
	if (reader->layer->value_needed && slot_attisnull(tuple, COLUMN_VALUE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of %s " INT64_FORMAT " of %s is null", reader->layer->value, reader->layer->kind, key, name),
				 errhint("Give it one, or name a view that leaves such rows out.")));
}

static void
note_bad(Reader *reader, int64 key, const rpm_status *status)
{
	MemoryContext before = MemoryContextSwitchTo(reader->context);

	if (reader->bad++ == 0)
		reader->first_bad = psprintf("%s " INT64_FORMAT ": %s", reader->layer->kind, key, status->message);
	MemoryContextSwitchTo(before);
}

static bool
has_rows(const RpmSceneRow *row, Oid relation)
{
	const RpmRelation *opened = rpm_relation_open(relation, row->name, land_use_layer.setting, land_use_layer.required, land_use_layer.optional);
	bool		any;

	rpm_spi_query(psprintf("SELECT EXISTS (SELECT FROM %s)", opened->name), 0, NULL, NULL, NULL);
	any = rpm_column_bool(SPI_tuptable->vals[0], 1);
	SPI_finish();
	return any;
}

static rpm_code
draw_land_use(rpm_environment *environment, const uint8_t *wkb, size_t size, double value, rpm_status *status)
{
	return rpm_environment_land_use(environment, wkb, size, value >= 0 && value <= RPM_LAND_USE_MOST ? (int) value : -1, status);
}

static rpm_code
draw_road(rpm_environment *environment, const uint8_t *wkb, size_t size, double value, rpm_status *status)
{
	return rpm_environment_road(environment, wkb, size, isnan(value) ? 0 : value, status);
}

static rpm_code
draw_terrain(rpm_environment *environment, const uint8_t *wkb, size_t size, double value, rpm_status *status)
{
	(void) value;
	return rpm_environment_terrain(environment, wkb, size, status);
}
