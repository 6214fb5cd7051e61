/*
 * scene_row.c: a row of rpm.scene.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "postgis_functions.h"
#include "relation.h"
#include "scene_row.h"
#include "spi_rows.h"

static const char *const columns =
	"SELECT s.scene_id::pg_catalog.int4, s.name::pg_catalog.text, s.srid::pg_catalog.int4, s.extent,"
	" %1$s.ST_XMin(s.extent), %1$s.ST_YMin(s.extent), %1$s.ST_XMax(s.extent), %1$s.ST_YMax(s.extent),"
	" s.cell_size_m::pg_catalog.float8, s.receiver_height_m::pg_catalog.float8, s.building_relation::pg_catalog.oid,"
	" s.antenna_relation::pg_catalog.oid, s.terrain_relation::pg_catalog.oid, s.ground_material::pg_catalog.text,"
	" s.ground_elevation_m::pg_catalog.float8, s.strict::pg_catalog.bool, s.weld OPERATOR(pg_catalog.=) 'row',"
	" s.free_edges::pg_catalog.bool, %2$s::pg_catalog.float8, %3$s::pg_catalog.text, %4$s::pg_catalog.float8"
	" FROM rpm.scene AS s WHERE s.name OPERATOR(pg_catalog.=) $1";

static bool scene_has(const char *column);
static void fill_row(RpmSceneRow *row, HeapTuple tuple, MemoryContext context);

RpmSceneRow *
rpm_scene_row_read(const char *name)
{
	MemoryContext context = CurrentMemoryContext;
	RpmSceneRow *row = palloc0(sizeof(RpmSceneRow));
	Oid			type = TEXTOID;
	Datum		value = CStringGetTextDatum(name);

	rpm_own_table_check("scene");
	rpm_spi_query_by_key(psprintf(columns, rpm_postgis_schema(), scene_has("party_wall_m") ? "s.party_wall_m" : "0.05",
						   scene_has("building_entry") ? "s.building_entry" : "'none'",
						   scene_has("building_entry_percent") ? "s.building_entry_percent" : "50"), 1, &type, &value, NULL);
	if (SPI_processed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("scene \"%s\" does not exist", name),
				 errhint("SELECT name FROM rpm.scene lists the scenes; INSERT INTO rpm.scene (name, srid) makes one.")));
	fill_row(row, SPI_tuptable->vals[0], context);
	SPI_finish();
	return row;
}

/* A database of an earlier version has not all columns, until it is updated. */
static bool
scene_has(const char *column)
{
	return SearchSysCacheExistsAttName(get_relname_relid("scene", get_namespace_oid("rpm", false)), column);
}

static void
fill_row(RpmSceneRow *row, HeapTuple tuple, MemoryContext context)
{
	bool		null;
	Datum		extent = rpm_column(tuple, 4, &null);

	row->scene_id = rpm_column_int32(tuple, 1);
	row->name = rpm_column_text(tuple, 2, context);
	row->srid = rpm_column_int32(tuple, 3);
	row->has_extent = !null;
	if (!null)
	{
		MemoryContext before = MemoryContextSwitchTo(context);

		row->extent = datumCopy(extent, false, -1);
		MemoryContextSwitchTo(before);
		row->extent_box.west = rpm_column_double(tuple, 5);
		row->extent_box.south = rpm_column_double(tuple, 6);
		row->extent_box.east = rpm_column_double(tuple, 7);
		row->extent_box.north = rpm_column_double(tuple, 8);
	}
	row->cell_size_m = rpm_column_double(tuple, 9);
	row->receiver_height_m = rpm_column_double(tuple, 10);
	row->building_relation = rpm_column_oid(tuple, 11);
	row->antenna_relation = rpm_column_oid(tuple, 12);
	row->terrain_relation = rpm_column_oid(tuple, 13);
	row->ground_material = rpm_column_text(tuple, 14, context);
	row->ground_elevation_m = rpm_column_double(tuple, 15);
	row->strict = rpm_column_bool(tuple, 16);
	row->weld_rows = rpm_column_bool(tuple, 17);
	row->free_edges = rpm_column_bool(tuple, 18);
	row->party_wall_m = rpm_column_double(tuple, 19);
	row->building_entry = rpm_column_text(tuple, 20, context);
	row->building_entry_percent = rpm_column_double(tuple, 21);
}

char *
rpm_scene_name_of_point(Datum point, int32 srid)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[2] = {INT4OID, rpm_geometry_type()};
	Datum		values[2] = {Int32GetDatum(srid), point};
	StringInfoData names;
	char	   *name;

	rpm_spi_query(psprintf("SELECT s.name::pg_catalog.text FROM rpm.scene AS s WHERE s.srid OPERATOR(pg_catalog.=) $1"
					   " AND (s.extent IS NULL OR %s.ST_Intersects(s.extent, $2)) ORDER BY s.name",
					   rpm_postgis_schema()),
			  2, types, values, NULL);
	if (SPI_processed != 1)
	{
		initStringInfo(&names);
		for (uint64 i = 0; i < SPI_processed && i < 10; i++)
			appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "",
							 rpm_column_text(SPI_tuptable->vals[i], 1, CurrentMemoryContext));
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 SPI_processed == 0 ? errmsg("no scene of SRID %d holds the point", srid)
				 : errmsg("%d scenes of SRID %d may hold the point", (int) SPI_processed, srid),
				 SPI_processed > 0 ? errdetail("They are %s.", names.data) : 0,
				 errhint("Name the scene: rpm_paths(antenna_id, point, scene => 'name').")));
	}
	name = rpm_column_text(SPI_tuptable->vals[0], 1, context);
	SPI_finish();
	return name;
}
