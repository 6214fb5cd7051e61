/*
 * read_scene.c: gives the rows of a scene's relations to the engine's builder, in batches through a cursor.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "postgis_functions.h"
#include "progress.h"
#include "rpm_settings.h"
#include "scene_source.h"
#include "source_query.h"
#include "spi_rows.h"
#include "status_report.h"
#include "varlena.h"

#define BATCH_ROWS 256
#define TERRAIN_WELD_GROUP (-1)

typedef struct Reader
{
	const RpmSceneSource *source;
	const RpmRelation *relation;
	const char *kind;			/* for messages */
	bool		is_ground;
	rpm_scene_builder *builder;
	int			material_count;
	char	   *const *names;
	rpm_control *control;
	int64		rows;
	size_t		bytes;
} Reader;

static void read_relation(Reader *reader, const char *query);
static void read_row(Reader *reader, HeapTuple tuple);
static void check_row(const Reader *reader, HeapTuple tuple);
static int	material_number(const Reader *reader, HeapTuple tuple, int column);
static int	compare_to_name(const void *key, const void *element);
static char *terrain_id_column(const RpmRelation *terrain);

void
rpm_source_read(const RpmSceneSource *source, rpm_scene_builder *builder, int material_count, char *const *names,
				rpm_control *control)
{
	Reader		reader = {source, source->buildings, "building", false, builder, material_count, names, control, 0, 0};
	const RpmRelation *r = source->buildings;

	/* Columns: id, wkb, srid, height, wall, roof. */
	read_relation(&reader, psprintf("SELECT %s, %s.ST_AsBinary(r.geom), %s.ST_SRID(r.geom), %s, %s, %s FROM %s AS r%s",
									rpm_relation_column(r, "building_id", "pg_catalog.int8", "null"), rpm_postgis_schema(),
									rpm_postgis_schema(), rpm_relation_column(r, "height_m", "pg_catalog.float8", "null"),
									rpm_source_material_column(r, "wall_material"), rpm_source_material_column(r, "roof_material"),
									r->name, rpm_source_filter(source)));
	if (source->terrain == NULL)
		return;
	reader.relation = r = source->terrain;
	reader.kind = "terrain row";
	reader.is_ground = true;
	read_relation(&reader, psprintf("SELECT %s, %s.ST_AsBinary(r.geom), %s.ST_SRID(r.geom), null::pg_catalog.float8,"
									" r.material::pg_catalog.text, r.material::pg_catalog.text FROM %s AS r%s",
									terrain_id_column(r), rpm_postgis_schema(), rpm_postgis_schema(), r->name,
									rpm_source_filter(source)));
}

static void
read_relation(Reader *reader, const char *query)
{
	Oid			type;
	Datum		value;
	int			argument_count = rpm_source_argument(reader->source, &type, &value);
	ErrorContextCallback reading = {error_context_stack, rpm_relation_describe_reading, (void *) reader->relation};
	Portal		portal;

	error_context_stack = &reading;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL, query, argument_count, &type, &value, NULL, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, BATCH_ROWS);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			CHECK_FOR_INTERRUPTS();
			read_row(reader, SPI_tuptable->vals[i]);
		}
		SPI_freetuptable(SPI_tuptable);
		rpm_progress_copy(reader->control);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	error_context_stack = reading.previous;
}

static void
read_row(Reader *reader, HeapTuple tuple)
{
	rpm_building_row row;
	rpm_status	status;
	bytea	   *wkb;
	bool		null;

	check_row(reader, tuple);
	wkb = DatumGetByteaPP(rpm_column(tuple, 2, &null));
	memset(&row, 0, sizeof(row));
	row.id = rpm_column_int64(tuple, 1);
	row.wkb = (const uint8_t *) VARDATA_ANY(wkb);
	row.wkb_size = VARSIZE_ANY_EXHDR(wkb);
	row.height_m = rpm_column_double(tuple, 4);
	row.wall_material = material_number(reader, tuple, 5);
	row.roof_material = material_number(reader, tuple, 6);
	row.is_ground = reader->is_ground;
	reader->rows++;
	if (reader->source->row->weld_rows)
		row.weld_group = reader->is_ground ? TERRAIN_WELD_GROUP : reader->rows;

	reader->bytes += row.wkb_size;
	rpm_status_clear(&status);
	rpm_reserve(reader->control, reader->bytes, "reading the geometry of the scene", &status);
	if (status.code == RPM_OK)
		rpm_scene_builder_add(reader->builder, &row, &status);
	rpm_report_status_of(&status, reader->relation->name);
	rpm_phase_add(reader->control, 1);
}

static void
check_row(const Reader *reader, HeapTuple tuple)
{
	const char *name = reader->relation->name;
	int64		id = rpm_column_int64(tuple, 1);
	int32		srid = rpm_column_int32(tuple, 3);

	if (rpm_column_is_null(tuple, 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s has a row whose building_id is null", name),
				 errhint("Give every building a key, or name a view that leaves such rows out.")));
	if (rpm_column_is_null(tuple, 2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s " INT64_FORMAT " of %s has no geometry", reader->kind, id, name),
				 errhint("Give it one, delete it, or name a view that leaves such rows out.")));
	if (srid != reader->source->row->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s " INT64_FORMAT " of %s has SRID %d, scene \"%s\" has %d", reader->kind, id, name, srid,
						reader->source->row->name, reader->source->row->srid),
				 errhint("Use ST_Transform(geom, %d), or ST_SetSRID where only the label is wrong; a scene with an extent reads only "
						 "the buildings there.", reader->source->row->srid)));
}

/* Names are sorted and hold every material of the relations. */
static int
material_number(const Reader *reader, HeapTuple tuple, int column)
{
	char	   *name = rpm_column_text(tuple, column, CurrentMemoryContext);
	char	   *const *found = bsearch(name, reader->names, reader->material_count, sizeof(char *), compare_to_name);

	if (found == NULL)
		elog(ERROR, "material \"%s\" of %s appeared while its rows were read", name, reader->relation->name);
	pfree(name);
	return (int) (found - reader->names);
}

static int
compare_to_name(const void *key, const void *element)
{
	return strcmp(key, *(char *const *) element);
}

/* Rows of a ground surface need no key; numbered in the order of their geometry, a problem can still be found. */
static char *
terrain_id_column(const RpmRelation *terrain)
{
	if (rpm_relation_has(terrain, "terrain_id"))
		return "r.terrain_id::pg_catalog.int8";
	return "pg_catalog.row_number() OVER (ORDER BY r.geom)";
}

const char *
rpm_source_filter(const RpmSceneSource *source)
{
	if (!source->row->has_extent)
		return "";
	return psprintf(" WHERE r.geom OPERATOR(%1$s.&&) %1$s.ST_Expand($1, %2$g)", rpm_postgis_schema(), RPM_SURROUNDINGS_M);
}

int
rpm_source_argument(const RpmSceneSource *source, Oid *type, Datum *value)
{
	if (!source->row->has_extent)
		return 0;
	*type = rpm_geometry_type();
	*value = source->row->extent;
	return 1;
}

void
rpm_source_query(const RpmSceneSource *source, const char *query)
{
	Oid			type;
	Datum		value;
	int			argument_count = rpm_source_argument(source, &type, &value);

	rpm_spi_query(query, argument_count, &type, &value, NULL);
}
