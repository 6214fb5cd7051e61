/*
 * fit_measurements.c: what was measured of a scene's antennas, as rows of a path-loss fit, in batches through a cursor.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"

#include "datums.h"
#include "fit_measurements.h"
#include "postgis_functions.h"
#include "progress.h"
#include "relation.h"
#include "rpm_settings.h"
#include "spi_rows.h"
#include "status_report.h"

#define BATCH_ROWS 10000
#define FIRST_ROWS 65536
#define EVERYWHERE 1e9			/* metres: the scene's extent, or every antenna of its SRID */
#define LARGEST_LEVEL_DBM 1000.0

/* Columns of the query. */
enum
{
	COLUMN_ANTENNA = 1,
	COLUMN_X,
	COLUMN_Y,
	COLUMN_SRID,
	COLUMN_LEVEL
};

typedef struct Reader
{
	const RpmFitQuestion *question;
	const RpmRelation *relation;
	const RpmAntennaList *antennas;
	const int32 *group_of;		/* by antenna: its group, -1: none */
	RpmFitMeasurements *result;
	float	   *loss_db, *values;	/* what result's rows point to, to be filled */
	int32	   *group;
	size_t		capacity;
	rpm_control *control;
	MemoryContext context;
	int64		unusable, without_group, without_power;
} Reader;

static const char *const required[] = {"antenna_id", "geom", "rsrp_dbm", NULL};
static const char *const optional[] = {"indoor", NULL};
static const char *const antenna_required[] = {"antenna_id", NULL};
static const char *const site_required[] = {"antenna_id", "site_id", NULL};
static const char *const nothing[] = {NULL};

static RpmRelation *measurement_relation(const RpmSceneRow *scene);
static Datum keys_of(const RpmAntennaList *antennas);
static int32 *make_groups(const RpmFitQuestion *question, const RpmAntennaList *antennas, RpmFitMeasurements *result);
static void read_sites(const RpmFitQuestion *question, const RpmAntennaList *antennas, int64 *sites, bool *has_site);
static int	compare_ids(const void *a, const void *b);
static int	find_antenna(const RpmAntennaList *antennas, int64 id);
static void read_rows(Reader *reader);
static void read_row(Reader *reader, HeapTuple tuple);
static void grow(Reader *reader);
static void refuse_srid(const Reader *reader, HeapTuple tuple, int32 srid);
static void report_left_out(const Reader *reader);

RpmFitMeasurements *
rpm_fit_measurements_read(const RpmFitQuestion *question, const int64 *ids, int id_count, rpm_control *control)
{
	RpmBox		everywhere = {-EVERYWHERE, -EVERYWHERE, EVERYWHERE, EVERYWHERE};
	RpmFitMeasurements *result = palloc0(sizeof(RpmFitMeasurements));
	Reader		reader;

	memset(&reader, 0, sizeof(reader));
	reader.question = question;
	reader.relation = measurement_relation(question->scene);
	reader.antennas = rpm_antennas_read(question->scene, &everywhere, ids, id_count, NULL);
	reader.result = result;
	reader.control = control;
	reader.context = CurrentMemoryContext;
	for (unsigned bit = question->terms; bit != 0; bit &= bit - 1)
		result->rows.terms++;
	reader.group_of = make_groups(question, reader.antennas, result);
	rpm_progress_phase(control, RPM_PHASE_READING, 0);
	read_rows(&reader);
	result->rows.loss_db = reader.loss_db;
	result->rows.values = reader.values;
	result->rows.group = reader.group;
	report_left_out(&reader);
	return result;
}

static RpmRelation *
measurement_relation(const RpmSceneRow *scene)
{
	Oid			type = INT4OID,
				oid;
	Datum		value = Int32GetDatum(scene->scene_id);
	RpmRelation *relation;

	rpm_spi_query("SELECT s.measurement_relation::pg_catalog.oid FROM rpm.scene AS s WHERE s.scene_id OPERATOR(pg_catalog.=) $1", 1, &type,
				  &value, NULL);
	oid = SPI_processed > 0 ? rpm_column_oid(SPI_tuptable->vals[0], 1) : InvalidOid;
	SPI_finish();
	if (!OidIsValid(oid))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("scene \"%s\" has no measurement_relation", scene->name),
				 errhint("UPDATE rpm.scene SET measurement_relation = 'rpm.measurement' WHERE name = '%s'.", scene->name)));
	relation = rpm_relation_open(oid, scene->name, "measurement_relation", required, optional);
	rpm_relation_check_geometry(relation, "geom");
	return relation;
}

int64 *
rpm_fit_antennas_of_sites(const RpmSceneRow *scene, const int64 *sites, int site_count, int *count)
{
	MemoryContext context = CurrentMemoryContext;
	RpmRelation *relation = rpm_relation_open(scene->antenna_relation, scene->name, "antenna_relation", site_required, nothing);
	Oid			type = INT8ARRAYOID;
	Datum		value = rpm_int8_array(sites, site_count);
	int64	   *ids;

	rpm_spi_query(psprintf("SELECT s.id, r.antenna_id::pg_catalog.int8 FROM pg_catalog.unnest($1) AS s (id)"
						   " LEFT JOIN %s AS r ON r.site_id OPERATOR(pg_catalog.=) s.id ORDER BY 2", relation->name), 1, &type, &value, NULL);
	ids = MemoryContextAlloc(context, Max(SPI_processed, 1) * sizeof(int64));
	*count = 0;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		int64		id = rpm_column_int64(tuple, 2);

		if (rpm_column_is_null(tuple, 2))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("there is no antenna on site " INT64_FORMAT " in %s", rpm_column_int64(tuple, 1), relation->name),
					 errhint("Name sites that antennas of the scene stand on.")));
		if (*count == 0 || ids[*count - 1] != id)
			ids[(*count)++] = id;
	}
	SPI_finish();
	return ids;
}

/* bigint[] of the antennas' keys. */
static Datum
keys_of(const RpmAntennaList *antennas)
{
	int64	   *ids = palloc(Max(antennas->count, 1) * sizeof(int64));

	for (int i = 0; i < antennas->count; i++)
		ids[i] = antennas->antennas[i].id;
	return rpm_int8_array(ids, antennas->count);
}

/* Numbers the groups: antennas in the order of their keys, or sites. */
static int32 *
make_groups(const RpmFitQuestion *question, const RpmAntennaList *antennas, RpmFitMeasurements *result)
{
	int			n = antennas->count,
				groups = 0;
	int64	   *sites = palloc0(Max(n, 1) * sizeof(int64)),
			   *distinct = palloc(Max(n, 1) * sizeof(int64));
	bool	   *has_site = palloc0(Max(n, 1) * sizeof(bool));
	int32	   *group_of = palloc(Max(n, 1) * sizeof(int32));

	read_sites(question, antennas, sites, has_site);
	result->group_has_site = has_site;
	result->group_site = sites;
	if (!question->by_site)
	{
		result->rows.groups = n;
		result->group_antenna = palloc(Max(n, 1) * sizeof(int64));
		for (int i = 0; i < n; i++)
		{
			group_of[i] = i;
			result->group_antenna[i] = antennas->antennas[i].id;
		}
		return group_of;
	}
	for (int i = 0; i < n; i++)
		if (has_site[i])
			distinct[groups++] = sites[i];
	qsort(distinct, groups, sizeof(int64), compare_ids);
	n = groups;
	groups = 0;
	for (int i = 0; i < n; i++)
		if (groups == 0 || distinct[groups - 1] != distinct[i])
			distinct[groups++] = distinct[i];
	for (int i = 0; i < antennas->count; i++)
	{
		int64	   *found = has_site[i] ? bsearch(&sites[i], distinct, groups, sizeof(int64), compare_ids) : NULL;

		group_of[i] = found != NULL ? (int32) (found - distinct) : -1;
	}
	result->rows.groups = groups;
	result->group_site = distinct;
	result->group_has_site = palloc(Max(groups, 1) * sizeof(bool));
	memset(result->group_has_site, true, groups);
	return group_of;
}

/* The site of each antenna. */
static void
read_sites(const RpmFitQuestion *question, const RpmAntennaList *antennas, int64 *sites, bool *has_site)
{
	const RpmSceneRow *scene = question->scene;
	RpmRelation *relation = rpm_relation_open(scene->antenna_relation, scene->name, "antenna_relation",
											  question->by_site ? site_required : antenna_required, site_required);
	Oid			type = INT8ARRAYOID;
	Datum		value = keys_of(antennas);

	if (!rpm_relation_has(relation, "site_id"))
		return;
	rpm_spi_query(psprintf("SELECT r.antenna_id::pg_catalog.int8, r.site_id::pg_catalog.int8 FROM %s AS r"
						   " WHERE r.antenna_id OPERATOR(pg_catalog.=) ANY ($1)", relation->name), 1, &type, &value, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		int			antenna = find_antenna(antennas, rpm_column_int64(tuple, 1));

		if (antenna < 0 || rpm_column_is_null(tuple, 2))
			continue;
		sites[antenna] = rpm_column_int64(tuple, 2);
		has_site[antenna] = true;
	}
	SPI_finish();
}

static int
compare_ids(const void *a, const void *b)
{
	int64		x = *(const int64 *) a,
				y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/* The antennas are sorted by key; -1: not among them. */
static int
find_antenna(const RpmAntennaList *antennas, int64 id)
{
	int			low = 0,
				high = antennas->count - 1;

	while (low <= high)
	{
		int			middle = low + (high - low) / 2;
		int64		there = antennas->antennas[middle].id;

		if (there == id)
			return middle;
		if (there < id)
			low = middle + 1;
		else
			high = middle - 1;
	}
	return -1;
}

static void
read_rows(Reader *reader)
{
	const RpmRelation *r = reader->relation;
	const char *gis = rpm_postgis_schema();
	Oid			type = INT8ARRAYOID;
	Datum		value = keys_of(reader->antennas);
	bool		outdoors = !reader->question->include_indoor && rpm_relation_has(r, "indoor");
	Portal		portal;
	char	   *query = psprintf("SELECT r.antenna_id::pg_catalog.int8, CASE WHEN p.point THEN %1$s.ST_X(r.geom) END,"
								 " CASE WHEN p.point THEN %1$s.ST_Y(r.geom) END, %1$s.ST_SRID(r.geom), r.rsrp_dbm::pg_catalog.float8"
								 " FROM %2$s AS r, LATERAL (SELECT %1$s.GeometryType(r.geom) OPERATOR(pg_catalog.=) 'POINT' AS point) AS p"
								 " WHERE r.antenna_id OPERATOR(pg_catalog.=) ANY ($1) AND r.rsrp_dbm IS NOT NULL%3$s", gis, r->name,
								 outdoors ? " AND r.indoor IS NOT TRUE" : "");

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL, query, 1, &type, &value, NULL, true, 0);
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
		rpm_phase_add(reader->control, (int64) SPI_processed);
		SPI_freetuptable(SPI_tuptable);
		rpm_progress_copy(reader->control);
	}
	SPI_cursor_close(portal);
	SPI_finish();
}

static void
read_row(Reader *reader, HeapTuple tuple)
{
	rpm_fit_rows *rows = &reader->result->rows;
	double		x = rpm_column_double(tuple, COLUMN_X),
				y = rpm_column_double(tuple, COLUMN_Y),
				level_dbm = rpm_column_double(tuple, COLUMN_LEVEL);
	int32		srid = rpm_column_int32(tuple, COLUMN_SRID);
	int			number = find_antenna(reader->antennas, rpm_column_int64(tuple, COLUMN_ANTENNA));
	const RpmAntenna *antenna = &reader->antennas->antennas[Max(number, 0)];

	if (number < 0 || !isfinite(x) || !isfinite(y) || !(fabs(level_dbm) <= LARGEST_LEVEL_DBM))
	{
		reader->unusable++;
		return;
	}
	if (srid != reader->question->scene->srid)
		refuse_srid(reader, tuple, srid);
	if (isnan(antenna->rs_power_dbm))
	{
		reader->without_power++;
		return;
	}
	if (reader->group_of[number] < 0)
	{
		reader->without_group++;
		return;
	}
	if (rows->rows == reader->capacity)
		grow(reader);
	reader->loss_db[rows->rows] = (float) (antenna->rs_power_dbm - antenna->losses_db - level_dbm);
	reader->group[rows->rows] = reader->group_of[number];
	rpm_fit_row_values(&antenna->antenna, x - antenna->x, y - antenna->y,
					   reader->question->scene->receiver_height_m - antenna->height_m, antenna->height_m, reader->question->terms,
					   reader->values + rows->rows * (size_t) (1 + rows->terms));
	rows->rows++;
}

static void
grow(Reader *reader)
{
	size_t		wanted = Max(2 * reader->capacity, FIRST_ROWS),
				width = sizeof(float) * (size_t) (1 + reader->result->rows.terms);
	rpm_status	status;

	rpm_status_clear(&status);
	rpm_reserve(reader->control, wanted * (sizeof(float) + width + sizeof(int32)), "reading the measurements", &status);
	rpm_report_status(&status);
	if (reader->capacity == 0)
	{
		reader->loss_db = MemoryContextAllocHuge(reader->context, wanted * sizeof(float));
		reader->values = MemoryContextAllocHuge(reader->context, wanted * width);
		reader->group = MemoryContextAllocHuge(reader->context, wanted * sizeof(int32));
	}
	else
	{
		reader->loss_db = repalloc_huge(reader->loss_db, wanted * sizeof(float));
		reader->values = repalloc_huge(reader->values, wanted * width);
		reader->group = repalloc_huge(reader->group, wanted * sizeof(int32));
	}
	reader->capacity = wanted;
}

static void
refuse_srid(const Reader *reader, HeapTuple tuple, int32 srid)
{
	const RpmSceneRow *scene = reader->question->scene;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a measurement of antenna " INT64_FORMAT " in %s has SRID %d, scene \"%s\" has %d",
					rpm_column_int64(tuple, COLUMN_ANTENNA), reader->relation->name, srid, scene->name, scene->srid),
			 errhint("Use ST_Transform(geom, %d), in the table or in a view that the scene names.", scene->srid)));
}

static void
report_left_out(const Reader *reader)
{
	if (reader->unusable > 0)
		ereport(NOTICE,
				(errmsg(INT64_FORMAT " measurements of %s were left out: no point with finite coordinates or no finite level",
						reader->unusable, reader->relation->name)));
	if (reader->without_power > 0)
		ereport(NOTICE,
				(errmsg(INT64_FORMAT " measurements of %s were left out: their antennas have no power", reader->without_power,
						reader->relation->name),
				 errhint("Fill rs_power_dbm, or carrier_power_dbm and resource_block_count.")));
	if (reader->without_group > 0)
		ereport(NOTICE,
				(errmsg(INT64_FORMAT " measurements of %s were left out: their antennas have no site", reader->without_group,
						reader->relation->name),
				 errhint("Fill site_id, or fit per => 'antenna'.")));
}
