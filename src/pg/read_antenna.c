/*
 * read_antenna.c: the antennas of a scene, with their patterns.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "datums.h"
#include "kept_answers.h"
#include "postgis_functions.h"
#include "read_antenna.h"
#include "read_pattern.h"
#include "relation.h"
#include "rpm_level.h"
#include "spi_rows.h"

#define HZ_PER_MHZ 1e6
#define IDS_IN_MESSAGE 10
/* Antennas of one call that the session keeps (kept_answers.h). */
#define MOST_KEPT 16

/* Columns of the query. */
enum
{
	COLUMN_ID = 1,
	COLUMN_X,
	COLUMN_Y,
	COLUMN_SRID,
	COLUMN_INSIDE,
	COLUMN_CONVERGENCE,
	COLUMN_ACTIVE,
	COLUMN_HEIGHT,
	COLUMN_FREQUENCY,
	COLUMN_AZIMUTH,
	COLUMN_MECHANICAL_TILT,
	COLUMN_ELECTRICAL_TILT,
	COLUMN_SLANT,
	COLUMN_LOSSES,
	COLUMN_RS_POWER,
	COLUMN_CARRIER_POWER,
	COLUMN_RESOURCE_BLOCKS,
	COLUMN_PATTERN
};

typedef struct Selection
{
	const RpmSceneRow *row;
	const RpmRelation *relation;
	bool		named;			/* the caller named the antennas */
	int			inactive, elsewhere;	/* left out: inactive inside the scene; of another SRID */
} Selection;

static const char *const required[] = {"antenna_id", "geom", "height_m", "frequency_mhz", NULL};
static const char *const optional[] = {"active", "azimuth_deg", "mechanical_tilt_deg", "electrical_tilt_deg", "slant_deg", "losses_db",
	"rs_power_dbm", "carrier_power_dbm", "resource_block_count", "pattern", NULL};

static char *question_of(const RpmSceneRow *row, const RpmRelation *relation, const RpmBox *box, const int64 *ids, int id_count, const char *pattern);
static RpmAntennaList *read_rows(const RpmSceneRow *row, const RpmRelation *relation, const RpmBox *box, const int64 *ids, int id_count,
								 const char *pattern);
static void query_antennas(const Selection *selection, const RpmBox *box, const int64 *ids, int id_count);
static char *query_text(const Selection *selection);
static bool wanted(Selection *selection, HeapTuple tuple);
static void check_place(const Selection *selection, HeapTuple tuple);
static void fill_antenna(RpmAntenna *antenna, const Selection *selection, HeapTuple tuple, RpmPatterns *patterns, const char *pattern);
static double number(const Selection *selection, HeapTuple tuple, int column, const char *name, double least, double most);
static double power_of(const Selection *selection, HeapTuple tuple);
static void check_all_found(const Selection *selection, const RpmAntennaList *list, const int64 *ids, int id_count);
static void report_left_out(const Selection *selection, const RpmAntennaList *list);

RpmAntennaList *
rpm_antennas_read(const RpmSceneRow *row, const RpmBox *box, const int64 *ids, int id_count, const char *pattern)
{
	RpmRelation *relation = rpm_relation_open(row->antenna_relation, row->name, "antenna_relation", required, optional);
	char	   *question = ids != NULL && id_count <= MOST_KEPT ? question_of(row, relation, box, ids, id_count, pattern) : NULL;
	RpmSnapshotMark mark;
	const void *kept = question != NULL ? rpm_answer_kept(question, &mark) : NULL;
	RpmAntennaList *list;

	if (kept != NULL)
	{
		list = palloc(sizeof(RpmAntennaList));
		list->count = id_count;
		list->antennas = palloc(id_count * sizeof(RpmAntenna));
		memcpy(list->antennas, kept, id_count * sizeof(RpmAntenna));
		return list;
	}
	list = read_rows(row, relation, box, ids, id_count, pattern);
	if (question != NULL && list->count == id_count && rpm_snapshot_covers(relation, required, optional) && rpm_snapshot_covers_own("antenna_pattern"))
		rpm_answer_keep(question, mark, list->antennas, id_count * sizeof(RpmAntenna));
	return list;
}

/* Under one mark a scene's number stands for its extent; the kind tells an antenna that a caller gave (given_antenna.c) from a row of the same key. */
static char *
question_of(const RpmSceneRow *row, const RpmRelation *relation, const RpmBox *box, const int64 *ids, int id_count, const char *pattern)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "antennas %d %d %d %u %c %.17g %.17g %.17g %.17g %s", row->scene_id, row->srid, row->has_extent, row->antenna_relation,
					 relation->kind, box->west, box->south, box->east, box->north, pattern != NULL ? quote_literal_cstr(pattern) : "");
	for (int i = 0; i < id_count; i++)
		appendStringInfo(&text, " " INT64_FORMAT, ids[i]);
	return text.data;
}

static RpmAntennaList *
read_rows(const RpmSceneRow *row, const RpmRelation *relation, const RpmBox *box, const int64 *ids, int id_count, const char *pattern)
{
	MemoryContext context = CurrentMemoryContext,
				before;
	RpmAntennaList *list = palloc0(sizeof(RpmAntennaList));
	Selection	selection = {row, relation, ids != NULL, 0, 0};
	RpmPatterns *patterns = rpm_patterns_begin();
	ErrorContextCallback reading = {error_context_stack, rpm_relation_describe_reading, NULL};

	rpm_relation_check_geometry(selection.relation, "geom");
	reading.arg = (void *) selection.relation;
	error_context_stack = &reading;
	query_antennas(&selection, box, ids, id_count);
	error_context_stack = reading.previous;
	list->antennas = MemoryContextAllocExtended(context, Max(SPI_processed, 1) * sizeof(RpmAntenna), MCXT_ALLOC_HUGE);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];

		CHECK_FOR_INTERRUPTS();
		if (!wanted(&selection, tuple))
			continue;
		if (list->count > 0 && list->antennas[list->count - 1].id == rpm_column_int64(tuple, COLUMN_ID))
			ereport(ERROR,
					(errcode(ERRCODE_UNIQUE_VIOLATION),
					 errmsg("antenna " INT64_FORMAT " stands twice in %s", list->antennas[list->count - 1].id,
							selection.relation->name),
					 errhint("Give each antenna (each cell of a sector) a key of its own.")));
		check_place(&selection, tuple);
		before = MemoryContextSwitchTo(context);
		fill_antenna(&list->antennas[list->count++], &selection, tuple, patterns, pattern);
		MemoryContextSwitchTo(before);
	}
	SPI_finish();
	rpm_patterns_resolve(patterns);
	check_all_found(&selection, list, ids, id_count);
	report_left_out(&selection, list);
	return list;
}

rpm_antenna
rpm_antenna_place(const RpmAntenna *antenna, const rpm_scene *scene)
{
	rpm_antenna placed = antenna->antenna;
	double		x = antenna->x - scene->origin[0],
				y = antenna->y - scene->origin[1];

	placed.position = rpm_vec(x, y, rpm_scene_ground_z(scene, x, y) + antenna->height_m);
	return placed;
}

static void
query_antennas(const Selection *selection, const RpmBox *box, const int64 *ids, int id_count)
{
	const RpmSceneRow *row = selection->row;
	Oid			types[8] = {INT4OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, rpm_geometry_type(), INT8ARRAYOID};
	Datum		values[8];
	char		nulls[8] = "       ";

	values[0] = Int32GetDatum(row->srid);
	values[1] = Float8GetDatum(box->west);
	values[2] = Float8GetDatum(box->south);
	values[3] = Float8GetDatum(box->east);
	values[4] = Float8GetDatum(box->north);
	values[5] = row->extent;
	if (!row->has_extent)
		nulls[5] = 'n';
	values[6] = (Datum) 0;
	if (selection->named)
		values[6] = rpm_int8_array(ids, id_count);
	else
		nulls[6] = 'n';
	if (selection->named)
		rpm_spi_query_by_key(query_text(selection), 7, types, values, nulls);
	else
		rpm_spi_query(query_text(selection), 7, types, values, nulls);
}

/* $1 SRID, $2-$5 box, $6 extent, $7 ids.  Without ids the box picks by the index on geom where there is one. */
static char *
query_text(const Selection *selection)
{
	const RpmRelation *r = selection->relation;
	const char *gis = rpm_postgis_schema();
	StringInfoData text;
	static const struct
	{
		const char *column,
				   *type,
				   *otherwise;
	}			plain[] = {
		{"active", "pg_catalog.bool", "true"},
		{"height_m", "pg_catalog.float8", "null"},
		{"frequency_mhz", "pg_catalog.float8", "null"},
		{"azimuth_deg", "pg_catalog.float8", "0"},
		{"mechanical_tilt_deg", "pg_catalog.float8", "0"},
		{"electrical_tilt_deg", "pg_catalog.float8", "0"},
		{"slant_deg", "pg_catalog.float8", "0"},
		{"losses_db", "pg_catalog.float8", "0"},
		{"rs_power_dbm", "pg_catalog.float8", "null"},
		{"carrier_power_dbm", "pg_catalog.float8", "null"},
		{"resource_block_count", "pg_catalog.int4", "null"},
		{"pattern", "pg_catalog.text", "'tr38901'"}};

	initStringInfo(&text);
	appendStringInfo(&text, "SELECT %1$s,"
					 " CASE WHEN p.point THEN %2$s.ST_X(r.geom) END, CASE WHEN p.point THEN %2$s.ST_Y(r.geom) END, p.srid,"
					 " i.inside, CASE WHEN i.inside THEN %3$s.rpm_grid_convergence(r.geom) END",
					 rpm_relation_column(r, "antenna_id", "pg_catalog.int8", "null"), gis, rpm_function_schema());
	for (int i = 0; i < (int) lengthof(plain); i++)
		appendStringInfo(&text, ", %s", rpm_relation_column(r, plain[i].column, plain[i].type, plain[i].otherwise));
	/* A point has finite coordinates here: PostGIS refuses to transform any other. */
	appendStringInfo(&text, " FROM %1$s AS r, LATERAL (SELECT %2$s.ST_SRID(r.geom) AS srid,"
					 " coalesce(CASE WHEN %2$s.GeometryType(r.geom) OPERATOR(pg_catalog.=) 'POINT'"
					 " THEN pg_catalog.abs(%2$s.ST_X(r.geom)) OPERATOR(pg_catalog.<) 'Infinity'"
					 " AND pg_catalog.abs(%2$s.ST_Y(r.geom)) OPERATOR(pg_catalog.<) 'Infinity' END, false) AS point) AS p,"
					 " LATERAL (SELECT CASE WHEN NOT p.point OR p.srid OPERATOR(pg_catalog.<>) $1 THEN false WHEN $6 IS NULL THEN"
					 " %2$s.ST_X(r.geom) BETWEEN $2 AND $4 AND %2$s.ST_Y(r.geom) BETWEEN $3 AND $5"
					 " ELSE %2$s.ST_Intersects(r.geom, $6) END AS inside) AS i WHERE %3$s ORDER BY 1",
					 r->name, gis,
					 selection->named ? "r.antenna_id OPERATOR(pg_catalog.=) ANY ($7)"
					 : psprintf("$7 IS NULL AND r.geom OPERATOR(%1$s.&&) %1$s.ST_MakeEnvelope($2, $3, $4, $5)", gis));
	return text.data;
}

/* Whether a row is one of those asked for; without names, only active antennas inside the scene are. */
static bool
wanted(Selection *selection, HeapTuple tuple)
{
	if (selection->named)
		return true;
	if (rpm_column_int32(tuple, COLUMN_SRID) != selection->row->srid)
	{
		selection->elsewhere++;
		return false;
	}
	if (!rpm_column_bool(tuple, COLUMN_INSIDE))
		return false;
	if (rpm_column_bool(tuple, COLUMN_ACTIVE))
		return true;
	selection->inactive++;
	return false;
}

static void
check_place(const Selection *selection, HeapTuple tuple)
{
	const RpmSceneRow *row = selection->row;
	const char *name = selection->relation->name;
	int64		id = rpm_column_int64(tuple, COLUMN_ID);
	int32		srid = rpm_column_int32(tuple, COLUMN_SRID);

	if (rpm_column_is_null(tuple, COLUMN_ID))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s has a row whose antenna_id is null", name),
				 errhint("Give every antenna a key, or name a view that leaves such rows out.")));
	if (!isfinite(rpm_column_double(tuple, COLUMN_X)) || !isfinite(rpm_column_double(tuple, COLUMN_Y)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("geom of antenna " INT64_FORMAT " of %s is no point with finite coordinates", id, name),
				 errhint("Give a point: ST_SetSRID(ST_MakePoint(x, y), %d).", row->srid)));
	if (srid != row->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("antenna " INT64_FORMAT " of %s has SRID %d, scene \"%s\" has %d", id, name, srid, row->name, row->srid),
				 errhint("Use ST_Transform(geom, %d), in the table or in a view that the scene names.", row->srid)));
	if (!rpm_column_bool(tuple, COLUMN_INSIDE))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("antenna " INT64_FORMAT " of %s at (%.1f, %.1f) lies outside scene \"%s\"", id, name,
						rpm_column_double(tuple, COLUMN_X), rpm_column_double(tuple, COLUMN_Y), row->name),
				 row->has_extent ? errhint("Enlarge the scene's extent, or leave the antenna out.")
				 : errhint("A scene without extent ends with its buildings: set rpm.scene.extent, or leave the antenna out.")));
}

static void
fill_antenna(RpmAntenna *antenna, const Selection *selection, HeapTuple tuple, RpmPatterns *patterns, const char *pattern)
{
	char	   *own = rpm_column_text(tuple, COLUMN_PATTERN, CurrentMemoryContext);

	memset(antenna, 0, sizeof(*antenna));
	antenna->id = rpm_column_int64(tuple, COLUMN_ID);
	antenna->x = rpm_column_double(tuple, COLUMN_X);
	antenna->y = rpm_column_double(tuple, COLUMN_Y);
	antenna->convergence_deg = rpm_column_double(tuple, COLUMN_CONVERGENCE);
	antenna->height_m = number(selection, tuple, COLUMN_HEIGHT, "height_m", 0, 10000);
	antenna->losses_db = number(selection, tuple, COLUMN_LOSSES, "losses_db", -200, 200);
	antenna->rs_power_dbm = power_of(selection, tuple);
	antenna->antenna.frequency_hz = number(selection, tuple, COLUMN_FREQUENCY, "frequency_mhz", 1e-3, 1e6) * HZ_PER_MHZ;
	antenna->antenna.grid_azimuth_rad =
		rpm_radians(rpm_grid_azimuth_of_true_deg(number(selection, tuple, COLUMN_AZIMUTH, "azimuth_deg", -360, 360),
												 antenna->convergence_deg));
	antenna->antenna.mechanical_tilt_rad =
		rpm_radians(number(selection, tuple, COLUMN_MECHANICAL_TILT, "mechanical_tilt_deg", -90, 90));
	antenna->antenna.electrical_tilt_rad =
		rpm_radians(number(selection, tuple, COLUMN_ELECTRICAL_TILT, "electrical_tilt_deg", -90, 90));
	antenna->antenna.slant_rad = rpm_radians(number(selection, tuple, COLUMN_SLANT, "slant_deg", -90, 90));
	rpm_patterns_want(patterns, pattern ? pattern : own, antenna->id, &antenna->antenna.pattern);
}

static double
number(const Selection *selection, HeapTuple tuple, int column, const char *name, double least, double most)
{
	double		value = rpm_column_double(tuple, column);
	int64		id = rpm_column_int64(tuple, COLUMN_ID);

	if (rpm_column_is_null(tuple, column))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of antenna " INT64_FORMAT " of %s is null", name, id, selection->relation->name),
				 errhint("Give a number from %g to %g.", least, most)));
	if (!(value >= least && value <= most))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of antenna " INT64_FORMAT " of %s is %g", name, id, selection->relation->name, value),
				 errhint("Give a number from %g to %g.", least, most)));
	return value;
}

/* Of one resource element: given, or the carrier's share; NaN when the row gives neither. */
static double
power_of(const Selection *selection, HeapTuple tuple)
{
	bool		has_own = !rpm_column_is_null(tuple, COLUMN_RS_POWER),
				has_carrier = !rpm_column_is_null(tuple, COLUMN_CARRIER_POWER);
	int64		id = rpm_column_int64(tuple, COLUMN_ID);

	if (has_own && has_carrier)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("antenna " INT64_FORMAT " of %s has both rs_power_dbm and carrier_power_dbm", id, selection->relation->name),
				 errhint("Give exactly one of them.")));
	if (has_own)
		return number(selection, tuple, COLUMN_RS_POWER, "rs_power_dbm", -300, 300);
	if (!has_carrier)
		return get_float8_nan();
	if (rpm_column_int32(tuple, COLUMN_RESOURCE_BLOCKS) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("antenna " INT64_FORMAT " of %s has carrier_power_dbm without resource_block_count", id,
						selection->relation->name),
				 errhint("Give the resource blocks that share the carrier's power (20 MHz of LTE: 100), or give rs_power_dbm.")));
	return rpm_resource_element_power_dbm(number(selection, tuple, COLUMN_CARRIER_POWER, "carrier_power_dbm", -300, 300),
										  rpm_column_int32(tuple, COLUMN_RESOURCE_BLOCKS));
}

static void
check_all_found(const Selection *selection, const RpmAntennaList *list, const int64 *ids, int id_count)
{
	StringInfoData missing;
	int			count = 0;

	initStringInfo(&missing);
	for (int i = 0; i < id_count; i++)
	{
		bool		found = false;

		for (int k = 0; k < list->count && !found; k++)
			found = list->antennas[k].id == ids[i];
		if (!found && count++ < IDS_IN_MESSAGE)
			appendStringInfo(&missing, "%s" INT64_FORMAT, count > 1 ? ", " : "", ids[i]);
	}
	if (count > 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s has no antenna %s%s", selection->relation->name, missing.data, count > IDS_IN_MESSAGE ? ", ..." : ""),
				 errhint("SELECT antenna_id FROM %s lists the antennas that you may see.", selection->relation->name)));
	pfree(missing.data);
}

static void
report_left_out(const Selection *selection, const RpmAntennaList *list)
{
	const RpmSceneRow *row = selection->row;

	if (list->count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("scene \"%s\" has no active antenna inside it", row->name),
				 errdetail("%s has %d inactive ones inside it and %d there with another SRID than %d.", selection->relation->name,
						   selection->inactive, selection->elsewhere, row->srid),
				 errhint("Insert antennas, set active, or enlarge the scene's extent.")));
	if (selection->inactive > 0 || selection->elsewhere > 0)
		ereport(NOTICE,
				(errmsg("antennas left out: %d inactive, %d with another SRID than %d", selection->inactive, selection->elsewhere,
						row->srid),
				 errhint("Name antennas to trace them whether active or not.")));
}
