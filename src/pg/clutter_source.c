/*
 * clutter_source.c: the antennas and measurements that the clutter layer is made from, and which of them changed.
 *
 * A measurement counts where it has a level, and a point in the scene's SRID with finite coordinates.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"

#include "clutter_layer.h"
#include "clutter_source.h"
#include "datums.h"
#include "postgis_functions.h"
#include "progress.h"
#include "rpm_level.h"
#include "spi_rows.h"

#define BATCH_ROWS 2000

/* Columns of the query of antennas. */
enum
{
	COLUMN_ID = 1,
	COLUMN_SITE,
	COLUMN_X,
	COLUMN_Y,
	COLUMN_CONVERGENCE,
	COLUMN_HEIGHT,
	COLUMN_AZIMUTH,
	COLUMN_MECHANICAL_TILT,
	COLUMN_ELECTRICAL_TILT,
	COLUMN_FREQUENCY,
	COLUMN_LOSSES,
	COLUMN_RS_POWER,
	COLUMN_CARRIER_POWER,
	COLUMN_RESOURCE_BLOCKS,
	COLUMN_MEASUREMENTS,
	COLUMN_FINGERPRINT,
	COLUMN_CHANGED,
	COLUMN_LEFT_OUT
};

static const char *const antenna_required[] = {"antenna_id", "geom", "height_m", "frequency_mhz", NULL};
static const char *const antenna_optional[] = {"site_id", "azimuth_deg", "mechanical_tilt_deg", "electrical_tilt_deg", "losses_db",
	"rs_power_dbm", "carrier_power_dbm", "resource_block_count", NULL};
static const char *const measurement_required[] = {"antenna_id", "geom", "rsrp_dbm", NULL};
static const char *const measurement_optional[] = {NULL};

static Oid	measurement_relation(const RpmSceneRow *row);
static char *usable_measurement(void);
static char *antenna_columns(const RpmRelation *relation);
static char *antenna_query(const RpmClutterSource *source);
static bool fill_antenna(RpmClutterAntenna *antenna, HeapTuple tuple, MemoryContext context);
static double power_of(HeapTuple tuple);

RpmClutterSource *
rpm_clutter_source_open(const RpmSceneRow *row)
{
	MemoryContext context = CurrentMemoryContext;
	RpmClutterSource *source = palloc0(sizeof(RpmClutterSource));
	Oid			types[2] = {INT4OID, INT4OID};
	Datum		values[2] = {Int32GetDatum(row->srid), Int32GetDatum(row->scene_id)};

	source->row = row;
	source->antennas = rpm_relation_open(row->antenna_relation, row->name, "antenna_relation", antenna_required, antenna_optional);
	rpm_relation_check_geometry(source->antennas, "geom");
	source->measurements = rpm_relation_open(measurement_relation(row), row->name, "measurement_relation", measurement_required,
											 measurement_optional);
	rpm_relation_check_geometry(source->measurements, "geom");
	rpm_spi_query(antenna_query(source), 2, types, values, NULL);
	source->antenna = MemoryContextAllocExtended(context, Max(SPI_processed, 1) * sizeof(RpmClutterAntenna), MCXT_ALLOC_HUGE);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		RpmClutterAntenna *antenna = &source->antenna[source->count];

		CHECK_FOR_INTERRUPTS();
		source->left_out += rpm_column_int64(tuple, COLUMN_LEFT_OUT);
		if (rpm_column_is_null(tuple, COLUMN_ID) || rpm_column_int64(tuple, COLUMN_MEASUREMENTS) == 0)
			continue;
		if (!fill_antenna(antenna, tuple, context))
		{
			source->left_out += rpm_column_int64(tuple, COLUMN_MEASUREMENTS);
			source->unusable_antennas++;
			continue;
		}
		if (source->count > 0 && source->antenna[source->count - 1].id == antenna->id)
			ereport(ERROR,
					(errcode(ERRCODE_UNIQUE_VIOLATION),
					 errmsg("antenna " INT64_FORMAT " stands twice in %s", antenna->id, source->antennas->name),
					 errhint("Give each antenna (each cell of a sector) a key of its own.")));
		source->usable += antenna->measurements;
		source->count++;
	}
	SPI_finish();
	return source;
}

static Oid
measurement_relation(const RpmSceneRow *row)
{
	Oid			type = INT4OID,
				relation;
	Datum		value = Int32GetDatum(row->scene_id);

	rpm_spi_query("SELECT s.measurement_relation::pg_catalog.oid FROM rpm.scene AS s WHERE s.scene_id OPERATOR(pg_catalog.=) $1", 1, &type,
				  &value, NULL);
	relation = SPI_processed > 0 ? rpm_column_oid(SPI_tuptable->vals[0], 1) : InvalidOid;
	SPI_finish();
	if (!OidIsValid(relation))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("scene \"%s\" names no measurement_relation", row->name),
				 errhint("UPDATE rpm.scene SET measurement_relation = 'rpm.measurement' WHERE name = '%s'.", row->name)));
	return relation;
}

/* A condition on alias r; uses $1, the SRID. */
static char *
usable_measurement(void)
{
	const char *gis = rpm_postgis_schema();

	return psprintf("CASE WHEN r.rsrp_dbm IS NOT NULL AND %1$s.GeometryType(r.geom) OPERATOR(pg_catalog.=) 'POINT'"
					" AND %1$s.ST_SRID(r.geom) OPERATOR(pg_catalog.=) $1"
					" THEN pg_catalog.abs(%1$s.ST_X(r.geom)) OPERATOR(pg_catalog.<) %2$g AND pg_catalog.abs(%1$s.ST_Y(r.geom))"
					" OPERATOR(pg_catalog.<) %2$g AND pg_catalog.abs(r.rsrp_dbm::pg_catalog.float8) OPERATOR(pg_catalog.<) 1e6 ELSE false END",
					gis, RPM_CLUTTER_FARTHEST_M);
}

/* The columns COLUMN_ID to COLUMN_RESOURCE_BLOCKS, named c1, c2, ... */
static char *
antenna_columns(const RpmRelation *relation)
{
	const char *gis = rpm_postgis_schema();
	StringInfoData text;
	static const struct
	{
		const char *column,
				   *type,
				   *otherwise;
	}			plain[] = {
		{"height_m", "pg_catalog.float8", "null"},
		{"azimuth_deg", "pg_catalog.float8", "0"},
		{"mechanical_tilt_deg", "pg_catalog.float8", "0"},
		{"electrical_tilt_deg", "pg_catalog.float8", "0"},
		{"frequency_mhz", "pg_catalog.float8", "null"},
		{"losses_db", "pg_catalog.float8", "0"},
		{"rs_power_dbm", "pg_catalog.float8", "null"},
		{"carrier_power_dbm", "pg_catalog.float8", "null"},
		{"resource_block_count", "pg_catalog.int4", "null"}};

	initStringInfo(&text);
	appendStringInfo(&text, "%1$s AS c1, %2$s AS c2, CASE WHEN p.point THEN %3$s.ST_X(r.geom) END AS c3, CASE WHEN p.point THEN %3$s.ST_Y(r.geom) END AS c4,"
					 " CASE WHEN p.point THEN %4$s.rpm_grid_convergence(r.geom) END AS c5",
					 rpm_relation_column(relation, "antenna_id", "pg_catalog.int8", "null"),
					 rpm_relation_column(relation, "site_id", "pg_catalog.int8", "null"), gis, rpm_function_schema());
	for (int i = 0; i < (int) lengthof(plain); i++)
		appendStringInfo(&text, ", %s AS c%d", rpm_relation_column(relation, plain[i].column, plain[i].type, plain[i].otherwise),
						 COLUMN_HEIGHT + i);
	return text.data;
}

/*
 * $1 SRID, $2 scene.  Measurements are summed up once; rows of no antenna come with a null id.  Fingerprints are sums, since equal rows
 * would cancel in an exclusive or.
 */
static char *
antenna_query(const RpmClutterSource *source)
{
	const char *gis = rpm_postgis_schema();

	return psprintf("WITH m AS (SELECT r.antenna_id::pg_catalog.int8 AS id, pg_catalog.count(*) FILTER (WHERE %1$s) AS usable,"
					" pg_catalog.count(*) AS total,"
					" pg_catalog.sum(pg_catalog.hash_array_extended(ARRAY[%2$s.ST_X(r.geom), %2$s.ST_Y(r.geom), r.rsrp_dbm::pg_catalog.float8], 0))"
					" FILTER (WHERE %1$s) AS hash FROM %3$s AS r GROUP BY 1),"
					" a AS (SELECT %4$s FROM %5$s AS r, LATERAL (SELECT coalesce(CASE WHEN %2$s.GeometryType(r.geom) OPERATOR(pg_catalog.=) 'POINT'"
					" AND %2$s.ST_SRID(r.geom) OPERATOR(pg_catalog.=) $1 THEN pg_catalog.abs(%2$s.ST_X(r.geom)) OPERATOR(pg_catalog.<) %6$g"
					" AND pg_catalog.abs(%2$s.ST_Y(r.geom)) OPERATOR(pg_catalog.<) %6$g END, false) AS point) AS p"
					" WHERE r.antenna_id::pg_catalog.int8 OPERATOR(pg_catalog.=) ANY (SELECT m.id FROM m))"
					" SELECT a.*, m.usable, f.fingerprint, (f.fingerprint OPERATOR(pg_catalog.=) o.fingerprint) IS NOT TRUE,"
					" m.total OPERATOR(pg_catalog.-) CASE WHEN a.c1 IS NULL THEN 0 ELSE m.usable END"
					" FROM m LEFT JOIN a ON a.c1 OPERATOR(pg_catalog.=) m.id CROSS JOIN"
					" LATERAL (SELECT pg_catalog.concat_ws(':', pg_catalog.hashtextextended(a::pg_catalog.text, 0), m.usable, m.hash) AS fingerprint)"
					" AS f LEFT JOIN rpm.clutter_antenna AS o ON o.scene_id OPERATOR(pg_catalog.=) $2 AND o.antenna_id OPERATOR(pg_catalog.=) m.id"
					" ORDER BY m.id", usable_measurement(), gis, source->measurements->name, antenna_columns(source->antennas),
					source->antennas->name, RPM_CLUTTER_FARTHEST_M);
}

/* False where the row lacks what the model needs. */
static bool
fill_antenna(RpmClutterAntenna *antenna, HeapTuple tuple, MemoryContext context)
{
	rpm_clutter_antenna *to = &antenna->antenna;

	memset(antenna, 0, sizeof(*antenna));
	antenna->id = rpm_column_int64(tuple, COLUMN_ID);
	antenna->has_site = !rpm_column_is_null(tuple, COLUMN_SITE);
	antenna->site_id = rpm_column_int64(tuple, COLUMN_SITE);
	antenna->measurements = rpm_column_int64(tuple, COLUMN_MEASUREMENTS);
	antenna->fingerprint = rpm_column_text(tuple, COLUMN_FINGERPRINT, context);
	antenna->changed = rpm_column_bool(tuple, COLUMN_CHANGED);
	to->site = antenna->site_id;
	to->x_m = rpm_column_double(tuple, COLUMN_X);
	to->y_m = rpm_column_double(tuple, COLUMN_Y);
	to->height_m = rpm_column_double(tuple, COLUMN_HEIGHT);
	to->azimuth_rad = rpm_radians(rpm_grid_azimuth_of_true_deg(rpm_column_double(tuple, COLUMN_AZIMUTH),
															   rpm_column_double(tuple, COLUMN_CONVERGENCE)));
	to->tilt_rad = rpm_radians(rpm_column_double(tuple, COLUMN_MECHANICAL_TILT) + rpm_column_double(tuple, COLUMN_ELECTRICAL_TILT));
	to->frequency_mhz = rpm_column_double(tuple, COLUMN_FREQUENCY);
	to->rs_power_dbm = power_of(tuple);
	return isfinite(to->x_m) && isfinite(to->y_m) && isfinite(to->height_m) && isfinite(to->azimuth_rad) && isfinite(to->tilt_rad) &&
		isfinite(to->frequency_mhz) && to->frequency_mhz > 0 && !isinf(to->rs_power_dbm);
}

static double
power_of(HeapTuple tuple)
{
	double		power_dbm = rpm_column_double(tuple, COLUMN_RS_POWER);

	if (rpm_column_is_null(tuple, COLUMN_RS_POWER) && rpm_column_int32(tuple, COLUMN_RESOURCE_BLOCKS) > 0)
		power_dbm = rpm_resource_element_power_dbm(rpm_column_double(tuple, COLUMN_CARRIER_POWER),
												   rpm_column_int32(tuple, COLUMN_RESOURCE_BLOCKS));
	return power_dbm - rpm_column_double(tuple, COLUMN_LOSSES);
}

void
rpm_clutter_source_read(const RpmClutterSource *source, bool all, int64 one_in, rpm_control *control, RpmClutterVisit visit, void *context)
{
	const char *gis = rpm_postgis_schema();
	Oid			types[3] = {INT4OID, INT8ARRAYOID, INT8OID};
	Datum		values[3];
	int64	   *ids = palloc((source->count + 1) * sizeof(int64));
	int			count = 0,
				at = 0;
	Portal		portal;

	for (int i = 0; i < source->count; i++)
		if (all || source->antenna[i].changed)
			ids[count++] = source->antenna[i].id;
	values[0] = Int32GetDatum(source->row->srid);
	values[1] = rpm_int8_array(ids, count);
	values[2] = Int64GetDatum(one_in);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL,
									   psprintf("SELECT r.antenna_id::pg_catalog.int8, %1$s.ST_X(r.geom), %1$s.ST_Y(r.geom), r.rsrp_dbm::pg_catalog.float8"
												" FROM %2$s AS r WHERE r.antenna_id::pg_catalog.int8 OPERATOR(pg_catalog.=) ANY ($2) AND %3$s"
												" AND ($3 OPERATOR(pg_catalog.=) 1 OR pg_catalog.hash_array_extended(ARRAY[%1$s.ST_X(r.geom),"
												" %1$s.ST_Y(r.geom), r.rsrp_dbm::pg_catalog.float8], 1) OPERATOR(pg_catalog.%%) $3 OPERATOR(pg_catalog.=) 0) ORDER BY 1",
												gis, source->measurements->name, usable_measurement()),
									   3, types, values, NULL, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, BATCH_ROWS);
		if (SPI_processed == 0)
			break;
		CHECK_FOR_INTERRUPTS();
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			HeapTuple	tuple = SPI_tuptable->vals[i];
			int64		id = rpm_column_int64(tuple, 1);

			while (at < source->count - 1 && source->antenna[at].id < id)
				at++;
			if (source->antenna[at].id == id)
				visit(context, at, rpm_column_double(tuple, 2), rpm_column_double(tuple, 3), rpm_column_double(tuple, 4));
		}
		rpm_phase_add(control, (int64) SPI_processed);
		rpm_progress_copy(control);
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
}
