/*
 * scene_source.c: the rows that a scene is built from: which relations, their fingerprint, their materials.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "postgis_functions.h"
#include "scene_source.h"
#include "snapshot_mark.h"
#include "source_query.h"
#include "spi_rows.h"

#define DEFAULT_MATERIAL "'concrete'"

typedef struct NamedMaterial
{
	char	   *name;
	char	   *user;
} NamedMaterial;

static const char *const building_required[] = {"building_id", "geom", NULL};
static const char *const building_optional[] = {"height_m", "wall_material", "roof_material", NULL};
static const char *const terrain_required[] = {"geom", "material", NULL};
static const char *const no_columns[] = {NULL};

static void append_columns(StringInfo key, const RpmRelation *relation, const char *const *columns);
static void append_relation_fingerprint(StringInfo key, const RpmSceneSource *source, const RpmRelation *relation,
										const char *values);
static char *fingerprint_query(const RpmSceneSource *source, const RpmRelation *relation, const char *values);
static int	add_materials(const RpmSceneSource *source, const char *query, const char *kind, const RpmRelation *relation,
						  NamedMaterial **list, int count);
static int	compare_names(const void *a, const void *b);

RpmSceneSource *
rpm_source_open(const RpmSceneRow *row)
{
	RpmSceneSource *source = palloc0(sizeof(RpmSceneSource));

	source->row = row;
	source->buildings = rpm_relation_open(row->building_relation, row->name, "building_relation", building_required,
										  building_optional);
	rpm_relation_check_geometry(source->buildings, "geom");
	if (OidIsValid(row->terrain_relation))
	{
		source->terrain = rpm_relation_open(row->terrain_relation, row->name, "terrain_relation", terrain_required, no_columns);
		rpm_relation_check_geometry(source->terrain, "geom");
	}
	return source;
}

char *
rpm_source_settings(const RpmSceneSource *source)
{
	const RpmSceneRow *row = source->row;
	StringInfoData key;

	initStringInfo(&key);
	appendStringInfo(&key, "%d %u %u %s %.17g %.17g %d%d%d", row->srid, row->building_relation, row->terrain_relation,
					 quote_literal_cstr(row->ground_material), row->ground_elevation_m, row->party_wall_m, row->strict, row->weld_rows, row->free_edges);
	if (row->has_extent)
		appendStringInfo(&key, " %.17g %.17g %.17g %.17g", row->extent_box.west, row->extent_box.south, row->extent_box.east,
						 row->extent_box.north);
	append_columns(&key, source->buildings, building_required);
	append_columns(&key, source->buildings, building_optional);
	if (source->terrain)
		append_columns(&key, source->terrain, terrain_required);
	return key.data;
}

bool
rpm_source_is_marked(const RpmSceneSource *source)
{
	return rpm_snapshot_covers(source->buildings, building_required, building_optional) &&
		(source->terrain == NULL || rpm_snapshot_covers(source->terrain, terrain_required, no_columns));
}

char *
rpm_source_fingerprint(const RpmSceneSource *source)
{
	StringInfoData key;

	initStringInfo(&key);
	append_relation_fingerprint(&key, source, source->buildings,
								psprintf("%s, %s, %s, %s, %s",
										 rpm_relation_column(source->buildings, "building_id", "pg_catalog.text", "null"),
										 "pg_catalog.md5(%s.ST_AsEWKB(r.geom))",
										 rpm_relation_column(source->buildings, "height_m", "pg_catalog.text", "null"),
										 rpm_relation_column(source->buildings, "wall_material", "pg_catalog.text", "null"),
										 rpm_relation_column(source->buildings, "roof_material", "pg_catalog.text", "null")));
	if (source->terrain)
		append_relation_fingerprint(&key, source, source->terrain, "pg_catalog.md5(%s.ST_AsEWKB(r.geom)), r.material::pg_catalog.text");
	return key.data;
}

/* Which columns serve: one that is added, dropped or renamed leaves the versions of rows as they are. */
static void
append_columns(StringInfo key, const RpmRelation *relation, const char *const *columns)
{
	for (const char *const *column = columns; *column != NULL; column++)
		appendStringInfo(key, " %d", get_attnum(relation->oid, *column));
}

static void
append_relation_fingerprint(StringInfo key, const RpmSceneSource *source, const RpmRelation *relation, const char *values)
{
	char	   *text;
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback reading = {error_context_stack, rpm_relation_describe_reading, (void *) relation};

	error_context_stack = &reading;
	rpm_source_query(source, fingerprint_query(source, relation, values));
	error_context_stack = reading.previous;
	text = rpm_column_text(SPI_tuptable->vals[0], 1, context);
	SPI_finish();
	appendStringInfo(key, " %s", text);
	pfree(text);
}

/*
 * Row versions: two versions of a row never share ctid and xmin while either may be seen, so their exclusive or over the visible rows
 * changes with them.  Values: a sum, since equal rows would cancel in an exclusive or.
 */
static char *
fingerprint_query(const RpmSceneSource *source, const RpmRelation *relation, const char *values)
{
	if (rpm_relation_has_row_versions(relation))
		return psprintf("SELECT pg_catalog.concat_ws(':', pg_catalog.count(*), pg_catalog.bit_xor(pg_catalog.hashtidextended(r.ctid,"
						" (r.tableoid::pg_catalog.int8 OPERATOR(pg_catalog.<<) 32)"
						" OPERATOR(pg_catalog.+) r.xmin::pg_catalog.text::pg_catalog.int8)))"
						" FROM %s AS r%s", relation->name, rpm_source_filter(source));
	return psprintf("SELECT pg_catalog.concat_ws(':', pg_catalog.count(*),"
					" pg_catalog.sum(pg_catalog.hashtextextended(ROW(%s)::pg_catalog.text, 0)))"
					" FROM %s AS r%s", psprintf(values, rpm_postgis_schema()), relation->name, rpm_source_filter(source));
}

bool
rpm_source_box(const RpmSceneSource *source, RpmBox *box)
{
	const char *gis = rpm_postgis_schema();
	HeapTuple	tuple;
	bool		found;

	*box = source->row->extent_box;
	if (source->row->has_extent)
		return true;
	rpm_source_query(source, psprintf("SELECT %1$s.ST_XMin(e.box), %1$s.ST_YMin(e.box), %1$s.ST_XMax(e.box), %1$s.ST_YMax(e.box)"
									  " FROM (SELECT %1$s.ST_Extent(r.geom) AS box FROM %2$s AS r) AS e", gis,
									  source->buildings->name));
	tuple = SPI_tuptable->vals[0];
	found = !rpm_column_is_null(tuple, 1);
	box->west = rpm_column_double(tuple, 1);
	box->south = rpm_column_double(tuple, 2);
	box->east = rpm_column_double(tuple, 3);
	box->north = rpm_column_double(tuple, 4);
	SPI_finish();
	return found;
}

int
rpm_source_materials(const RpmSceneSource *source, char ***names, char ***users)
{
	NamedMaterial *list = palloc(sizeof(NamedMaterial));
	int			count = 1,
				kept = 0;
	const char *filter = rpm_source_filter(source);
	const RpmRelation *buildings = source->buildings;

	list[0].name = source->row->ground_material;
	list[0].user = psprintf("the ground of scene \"%s\"", source->row->name);
	count = add_materials(source,
						  psprintf("SELECT u.name, pg_catalog.min(u.id) FROM"
								   " (SELECT %1$s AS name, %2$s AS id FROM %3$s AS r%4$s UNION ALL SELECT %5$s, %2$s FROM %3$s AS r%4$s)"
								   " AS u GROUP BY 1",
								   rpm_source_material_column(buildings, "wall_material"),
								   rpm_relation_column(buildings, "building_id", "pg_catalog.int8", "null"), buildings->name, filter,
								   rpm_source_material_column(buildings, "roof_material")),
						  "building", buildings, &list, count);
	if (source->terrain)
		count = add_materials(source,
							  psprintf("SELECT r.material::pg_catalog.text, null::pg_catalog.int8 FROM %s AS r%s GROUP BY 1",
									   source->terrain->name, filter),
							  "a row", source->terrain, &list, count);
	qsort(list, count, sizeof(NamedMaterial), compare_names);
	*names = palloc(count * sizeof(char *));
	*users = palloc(count * sizeof(char *));
	for (int i = 0; i < count; i++)
	{
		if (kept > 0 && strcmp((*names)[kept - 1], list[i].name) == 0)
			continue;
		(*names)[kept] = list[i].name;
		(*users)[kept++] = list[i].user;
	}
	return kept;
}

/* Appends what a query of (name, smallest id) returns. */
static int
add_materials(const RpmSceneSource *source, const char *query, const char *kind, const RpmRelation *relation, NamedMaterial **list,
			  int count)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback reading = {error_context_stack, rpm_relation_describe_reading, (void *) relation};
	int			found;

	error_context_stack = &reading;
	rpm_source_query(source, query);
	error_context_stack = reading.previous;
	found = (int) SPI_processed;
	*list = repalloc(*list, (count + found) * sizeof(NamedMaterial));
	for (int i = 0; i < found; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		NamedMaterial *to = &(*list)[count + i];
		bool		has_id = !rpm_column_is_null(tuple, 2);

		to->name = rpm_column_text(tuple, 1, context);
		if (to->name == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("material of %s of %s is null", kind, relation->name),
					 errhint("Name a material of rpm.material.")));
		to->user = MemoryContextAllocZero(context, strlen(kind) + strlen(relation->name) + 40);
		if (has_id)
			sprintf(to->user, "%s " INT64_FORMAT " of %s", kind, rpm_column_int64(tuple, 2), relation->name);
		else
			sprintf(to->user, "%s of %s", kind, relation->name);
	}
	SPI_finish();
	return count + found;
}

static int
compare_names(const void *a, const void *b)
{
	const NamedMaterial *x = a,
			   *y = b;
	int			order = strcmp(x->name, y->name);

	return order != 0 ? order : strcmp(x->user, y->user);
}

char *
rpm_source_material_column(const RpmRelation *relation, const char *column)
{
	if (!rpm_relation_has(relation, column))
		return DEFAULT_MATERIAL "::pg_catalog.text";
	return psprintf("coalesce(r.%s::pg_catalog.text, " DEFAULT_MATERIAL ")", column);
}
