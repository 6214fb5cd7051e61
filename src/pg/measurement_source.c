/*
 * measurement_source.c: where the measurements of an antenna are: which relations, in which plane, and their rows one by one.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "datums.h"
#include "kept_answers.h"
#include "measurement_source.h"
#include "postgis_functions.h"
#include "progress.h"
#include "row_stream.h"
#include "spi_rows.h"

#define ROWS_UNTIL_PROGRESS 4096

typedef struct PassCall
{
	RpmMeasurementFunction function;
	void	   *argument;
	rpm_control *control;
	int64		rows;
} PassCall;

/* Of rpm.measurement_source, without the scene's name. */
typedef struct SourceAnswer
{
	int32		scene_id, srid;
	double		cell_size_m;
	Oid			antenna_relation, measurement_relation;
} SourceAnswer;

#define NO_SCENE "(none)"

static const char *const antenna_required[] = {"antenna_id", "geom", NULL};
static const char *const measurement_required[] = {"antenna_id", "geom", "rsrp_dbm", NULL};
static const char *const measurement_optional[] = {"position_accuracy_m", "indoor", NULL};
static const char *const no_columns[] = {NULL};

static char *query_source(const char *scene, const int64 *antenna_id, SourceAnswer *answer);
static bool scenes_are_covered(const char *scene, const SourceAnswer *answer);
static void keep_source(const char *question, RpmSnapshotMark mark, const SourceAnswer *answer, const char *name);
static char *place_query(const RpmMeasurementSource *source, bool named);
static RpmAntennaPlace place_of(const RpmMeasurementSource *source, HeapTuple tuple);
static void check_all_found(const RpmMeasurementSource *source, const RpmAntennaPlace *places, int count, const int64 *ids, int id_count);
static char *rows_query(const RpmMeasurementSource *source, const RpmMeasurementFilter *filter);
static void pass_row(void *argument, TupleTableSlot *slot);

RpmMeasurementSource *
rpm_measurement_source_get(const char *scene, const int64 *antenna_id)
{
	char	   *question = psprintf("source %s " INT64_FORMAT " %s", antenna_id ? "of" : "", antenna_id ? *antenna_id : 0, scene ? quote_literal_cstr(scene) : "");
	RpmMeasurementSource *source = palloc0(sizeof(RpmMeasurementSource));
	RpmSnapshotMark mark;
	const char *kept = rpm_answer_kept(question, &mark);
	SourceAnswer answer;

	rpm_own_table_check("scene");
	source->scene = palloc0(sizeof(RpmSceneRow));
	if (kept != NULL)
	{
		memcpy(&answer, kept, sizeof(answer));
		source->scene->name = pstrdup(kept + sizeof(answer));
	}
	else
	{
		source->scene->name = query_source(scene, antenna_id, &answer);
		if (scenes_are_covered(scene, &answer))
			keep_source(question, mark, &answer, source->scene->name);
	}
	source->scene->scene_id = answer.scene_id;
	source->scene->srid = answer.srid;
	source->scene->cell_size_m = answer.cell_size_m;
	source->scene->antenna_relation = answer.antenna_relation;
	source->antennas = rpm_relation_open(source->scene->antenna_relation, source->scene->name, "antenna_relation", antenna_required,
										 no_columns);
	rpm_relation_check_geometry(source->antennas, "geom");
	source->measurements = rpm_relation_open(answer.measurement_relation, source->scene->name, "measurement_relation", measurement_required,
											 measurement_optional);
	rpm_relation_check_geometry(source->measurements, "geom");
	return source;
}

/* The scene's name, or of none "(none)". */
static char *
query_source(const char *scene, const int64 *antenna_id, SourceAnswer *answer)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[2] = {TEXTOID, INT8OID};
	Datum		values[2] = {scene ? CStringGetTextDatum(scene) : (Datum) 0, antenna_id ? Int64GetDatum(*antenna_id) : (Datum) 0};
	char		nulls[2] = {scene ? ' ' : 'n', antenna_id ? ' ' : 'n'};
	HeapTuple	tuple;
	char	   *name;

	rpm_spi_query_by_key("SELECT s.scene_id::pg_catalog.int4, s.name::pg_catalog.text, s.srid::pg_catalog.int4, s.cell_size_m::pg_catalog.float8,"
						 " s.antenna_relation::pg_catalog.oid, s.measurement_relation::pg_catalog.oid"
						 " FROM rpm.measurement_source($1, $2) AS s", 2, types, values, nulls);
	tuple = SPI_tuptable->vals[0];
	memset(answer, 0, sizeof(*answer));
	answer->scene_id = rpm_column_int32(tuple, 1);
	name = rpm_column_text(tuple, 2, context);
	answer->srid = rpm_column_int32(tuple, 3);
	answer->cell_size_m = rpm_column_double(tuple, 4);
	answer->antenna_relation = rpm_column_oid(tuple, 5);
	answer->measurement_relation = rpm_column_oid(tuple, 6);
	SPI_finish();
	return name != NULL ? name : MemoryContextStrdup(context, NO_SCENE);
}

/* Whether a snapshot's mark covers what the function read: without a scene's name the antennas of every scene. */
static bool
scenes_are_covered(const char *scene, const SourceAnswer *answer)
{
	bool		covered = answer->scene_id != 0 && rpm_snapshot_covers_own("scene") && rpm_snapshot_covers_own("calibrated_scene");

	if (scene != NULL || !covered)
		return covered;
	rpm_spi_query_by_key("SELECT DISTINCT s.antenna_relation::pg_catalog.oid FROM rpm.scene AS s WHERE s.measurement_relation IS NOT NULL", 0, NULL, NULL, NULL);
	for (uint64 i = 0; i < SPI_processed && covered; i++)
	{
		RpmRelation antennas = {.oid = rpm_column_oid(SPI_tuptable->vals[i], 1)};

		antennas.kind = get_rel_relkind(antennas.oid);
		covered = rpm_snapshot_covers(&antennas, antenna_required, no_columns);
	}
	SPI_finish();
	return covered;
}

static void
keep_source(const char *question, RpmSnapshotMark mark, const SourceAnswer *answer, const char *name)
{
	size_t		bytes = sizeof(*answer) + strlen(name) + 1;
	char	   *whole = palloc(bytes);

	memcpy(whole, answer, sizeof(*answer));
	strcpy(whole + sizeof(*answer), name);
	rpm_answer_keep(question, mark, whole, bytes);
	pfree(whole);
}

RpmAntennaPlace *
rpm_antenna_places_read(const RpmMeasurementSource *source, const int64 *ids, int id_count, int *count)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[3] = {INT4OID, INT8ARRAYOID, INT4OID};
	Datum		values[3] = {Int32GetDatum(source->scene->srid), (Datum) 0, Int32GetDatum(source->scene->scene_id)};
	char		nulls[3] = {' ', ids ? ' ' : 'n', ' '};
	RpmAntennaPlace *places;

	if (ids)
		values[1] = rpm_int8_array(ids, id_count);
	if (ids)
		rpm_spi_query_by_key(place_query(source, true), 3, types, values, nulls);
	else
		rpm_spi_query(place_query(source, false), 3, types, values, nulls);
	places = MemoryContextAllocExtended(context, Max(SPI_processed, 1) * sizeof(RpmAntennaPlace), MCXT_ALLOC_HUGE);
	*count = 0;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		RpmAntennaPlace place = place_of(source, SPI_tuptable->vals[i]);

		if (*count > 0 && places[*count - 1].id == place.id)
			ereport(ERROR,
					(errcode(ERRCODE_UNIQUE_VIOLATION),
					 errmsg("antenna " INT64_FORMAT " stands twice in %s", place.id, source->antennas->name),
					 errhint("Give each antenna (each cell of a sector) a key of its own.")));
		places[(*count)++] = place;
	}
	SPI_finish();
	check_all_found(source, places, *count, ids, id_count);
	return places;
}

/* $1 SRID, $2 ids, $3 scene_id. */
static char *
place_query(const RpmMeasurementSource *source, bool named)
{
	const char *gis = rpm_postgis_schema();

	return psprintf("SELECT r.antenna_id::pg_catalog.int8, CASE WHEN p.is_point THEN %1$s.ST_X(r.geom) END,"
					" CASE WHEN p.is_point THEN %1$s.ST_Y(r.geom) END, %1$s.ST_SRID(r.geom) FROM %2$s AS r,"
					" LATERAL (SELECT %1$s.GeometryType(r.geom) OPERATOR(pg_catalog.=) 'POINT' AS is_point) AS p"
					" WHERE %3$s ORDER BY 1", gis, source->antennas->name,
					named ? "r.antenna_id OPERATOR(pg_catalog.=) ANY ($2)"
					: psprintf("%1$s.ST_SRID(r.geom) OPERATOR(pg_catalog.=) $1 AND NOT EXISTS (SELECT FROM rpm.scene AS s"
							   " WHERE s.scene_id OPERATOR(pg_catalog.=) $3 AND NOT %1$s.ST_Intersects(s.extent, r.geom))"
							   " AND EXISTS (SELECT FROM %2$s AS m WHERE m.antenna_id OPERATOR(pg_catalog.=) r.antenna_id)", gis,
							   source->measurements->name));
}

static RpmAntennaPlace
place_of(const RpmMeasurementSource *source, HeapTuple tuple)
{
	RpmAntennaPlace place = {rpm_column_int64(tuple, 1), rpm_column_double(tuple, 2), rpm_column_double(tuple, 3)};
	int32		srid = rpm_column_int32(tuple, 4);

	if (!isfinite(place.x) || !isfinite(place.y))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("geom of antenna " INT64_FORMAT " of %s is no point with finite coordinates", place.id, source->antennas->name),
				 errhint("Give a point: ST_SetSRID(ST_MakePoint(x, y), %d).", source->scene->srid)));
	if (srid != source->scene->srid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("antenna " INT64_FORMAT " of %s has SRID %d, scene \"%s\" has %d", place.id, source->antennas->name, srid,
						source->scene->name, source->scene->srid),
				 errhint("Use ST_Transform(geom, %d), in the table or in a view that the scene names.", source->scene->srid)));
	return place;
}

static void
check_all_found(const RpmMeasurementSource *source, const RpmAntennaPlace *places, int count, const int64 *ids, int id_count)
{
	for (int i = 0; i < id_count; i++)
	{
		bool		found = false;

		for (int k = 0; k < count && !found; k++)
			found = places[k].id == ids[i];
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("%s has no antenna " INT64_FORMAT, source->antennas->name, ids[i]),
					 errhint("SELECT antenna_id FROM %s lists the antennas that you may see.", source->antennas->name)));
	}
}

void
rpm_measurements_read(const RpmMeasurementSource *source, int64 antenna_id, const RpmMeasurementFilter *filter, rpm_control *control,
					  RpmMeasurementFunction function, void *argument)
{
	Oid			types[4] = {INT8OID, INT4OID, BOOLOID, FLOAT8OID};
	Datum		values[4] = {Int64GetDatum(antenna_id), Int32GetDatum(source->scene->srid), BoolGetDatum(filter->indoor),
	Float8GetDatum(filter->max_accuracy_m)};
	PassCall	call = {function, argument, control, 0};
	ErrorContextCallback reading = {error_context_stack, rpm_relation_describe_reading, source->measurements};

	rpm_progress_phase(control, RPM_PHASE_READING, 0);
	error_context_stack = &reading;
	rpm_stream_rows(rows_query(source, filter), 4, types, values, pass_row, &call);
	rpm_phase_add(control, call.rows % ROWS_UNTIL_PROGRESS);
	rpm_progress_copy(control);
	error_context_stack = reading.previous;
}

/*
 * $1 antenna, $2 SRID, $3 indoor, $4 accuracy.  rpm.measurement holds points only, which its constraints see to; any other relation may
 * hold anything.  OFFSET 0: the point is reckoned once, not once for each coordinate.
 */
static char *
rows_query(const RpmMeasurementSource *source, const RpmMeasurementFilter *filter)
{
	const RpmRelation *r = source->measurements;
	const char *gis = rpm_postgis_schema();
	bool		is_own = r->oid == get_relname_relid("measurement", get_namespace_oid("rpm", false));
	char	   *point = is_own ? pstrdup("r.geom") : psprintf("CASE WHEN %s.GeometryType(r.geom) OPERATOR(pg_catalog.=) ANY"
															  " ('{POINT,POINTM}') THEN r.geom END", gis);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "SELECT %1$s.ST_X(p.geom), %1$s.ST_Y(p.geom), p.level, p.accuracy FROM (SELECT"
					 " CASE WHEN %1$s.ST_SRID(r.geom) OPERATOR(pg_catalog.=) $2 THEN %2$s ELSE rpm.point_in_srid(%2$s, $2) END AS geom,"
					 " r.rsrp_dbm::pg_catalog.float8 AS level, %3$s AS accuracy FROM %4$s AS r"
					 " WHERE r.antenna_id OPERATOR(pg_catalog.=) $1 AND r.rsrp_dbm IS NOT NULL",
					 gis, point, rpm_relation_column(r, "position_accuracy_m", "pg_catalog.float8", "null"), r->name);
	if (filter->by_indoor)
		appendStringInfo(&text, " AND %s OPERATOR(pg_catalog.=) $3", rpm_relation_column(r, "indoor", "pg_catalog.bool", "null"));
	if (!isnan(filter->max_accuracy_m))
		appendStringInfo(&text, " AND %s OPERATOR(pg_catalog.<=) $4",
						 rpm_relation_column(r, "position_accuracy_m", "pg_catalog.float8", "null"));
	appendStringInfoString(&text, " OFFSET 0) AS p");
	return text.data;
}

static void
pass_row(void *argument, TupleTableSlot *slot)
{
	PassCall   *call = argument;
	RpmMeasurement row = {rpm_slot_double(slot, 1), rpm_slot_double(slot, 2), rpm_slot_double(slot, 3), rpm_slot_double(slot, 4)};

	call->function(call->argument, &row);
	if (++call->rows % ROWS_UNTIL_PROGRESS == 0)
	{
		rpm_phase_add(call->control, ROWS_UNTIL_PROGRESS);
		rpm_progress_copy(call->control);
	}
}
