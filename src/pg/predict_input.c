/*
 * predict_input.c: what a prediction reads: the antenna, those of its site and others, and their measurements, as plain arrays.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"

#include "kept_answers.h"
#include "postgis_functions.h"
#include "predict_input.h"
#include "progress.h"
#include "read_antenna.h"
#include "rpm_measured_cells.h"
#include "rpm_settings.h"
#include "scene_source.h"
#include "spi_rows.h"

/* Antennas this near to each other stand on one site, whatever their site_id. */
#define SAME_SITE_M 5.0
/* A position this uncertain counts half: about a quarter of what the field of a street keeps. */
#define HALF_WEIGHT_ACCURACY_M 20.0
#define FIRST_POINTS 4096
/* What the engine takes for a measurement: merged, sorted, weighed, left out in turn. */
#define ENGINE_BYTES_PER_POINT 400

typedef struct Reader
{
	RpmPredictInput *input;
	size_t		room;
	RpmBox		box;
	int32		antenna;		/* index of the one that is read */
} Reader;

static void keep_input(const char *question, RpmSnapshotMark mark, const RpmPredictInput *input);
static RpmPredictInput *with_antennas(const RpmPredictInput *kept, const rpm_predict_antenna *antennas);
static bool is_covered(const RpmMeasurementSource *source);
static RpmPredictInput *read_input(const RpmMeasurementSource *source, int64 antenna_id, const RpmBox *box, RpmSharing sharing, rpm_control *control);
static int64 *neighbour_ids(const RpmMeasurementSource *source, int64 antenna_id, const RpmBox *box, RpmSharing sharing,
							bool **same_site, int *count);
static char *neighbour_query(const RpmMeasurementSource *source, const RpmRelation *antennas, RpmSharing sharing);
static void fill_antennas(RpmPredictInput *input, const RpmAntennaList *list, int64 antenna_id, const int64 *ids,
						  const bool *same_site, int count);
static const RpmAntenna *antenna_of(const RpmAntennaList *list, int64 id);
static rpm_predict_antenna engine_antenna(const RpmPredictInput *input, const RpmAntenna *antenna, int32 site);
static void add_row(void *argument, const RpmMeasurement *row);
static void make_room(Reader *reader);

RpmAntennaPlace
rpm_predict_place(const RpmMeasurementSource *source, int64 antenna_id)
{
	static const char *const columns[] = {"antenna_id", "geom", NULL};
	static const char *const no_columns[] = {NULL};
	/* The kind tells an antenna that a caller gave, whose relation is a view of it (given_antenna.c), from a row of the same key. */
	char	   *question = psprintf("place " INT64_FORMAT " %d %u %c", antenna_id, source->scene->srid, source->antennas->oid, source->antennas->kind);
	RpmSnapshotMark mark;
	const RpmAntennaPlace *kept = rpm_answer_kept(question, &mark);
	RpmAntennaPlace *place;
	int			count;

	if (kept != NULL)
		return *kept;
	place = rpm_antenna_places_read(source, &antenna_id, 1, &count);
	if (rpm_snapshot_covers(source->antennas, columns, no_columns))
		rpm_answer_keep(question, mark, place, sizeof(*place));
	return *place;
}

RpmPredictInput *
rpm_predict_input_read(const RpmMeasurementSource *source, int64 antenna_id, const RpmBox *box, RpmSharing sharing,
					   rpm_control *control)
{
	char	   *question = psprintf("input " INT64_FORMAT " %d %u %c %u %d %d %.17g %.17g %.17g %.17g", antenna_id, source->scene->scene_id,
									source->antennas->oid, source->antennas->kind, source->measurements->oid, source->scene->srid, sharing, box->west, box->south, box->east,
									box->north);
	RpmSnapshotMark mark;
	const RpmPredictInput *kept = rpm_answer_kept(question, &mark);
	RpmPredictInput *input;

	if (kept != NULL)
		return with_antennas(kept, (const rpm_predict_antenna *) (kept + 1));
	input = read_input(source, antenna_id, box, sharing, control);
	if (input->point_count == 0 && input->outside == 0 && input->unusable == 0 && is_covered(source))
		keep_input(question, mark, input);
	return input;
}

/* Of an antenna without measurements: the rest. */
static void
keep_input(const char *question, RpmSnapshotMark mark, const RpmPredictInput *input)
{
	size_t		bytes = sizeof(*input) + input->antenna_count * sizeof(rpm_predict_antenna);
	RpmPredictInput *whole = palloc(bytes);

	*whole = *input;
	memcpy(whole + 1, input->antennas, input->antenna_count * sizeof(rpm_predict_antenna));
	rpm_answer_keep(question, mark, whole, bytes);
	pfree(whole);
}

static RpmPredictInput *
with_antennas(const RpmPredictInput *kept, const rpm_predict_antenna *antennas)
{
	RpmPredictInput *input = palloc(sizeof(RpmPredictInput));

	*input = *kept;
	input->antennas = palloc(kept->antenna_count * sizeof(rpm_predict_antenna));
	memcpy(input->antennas, antennas, kept->antenna_count * sizeof(rpm_predict_antenna));
	input->points = palloc(sizeof(rpm_predict_point));
	return input;
}

static bool
is_covered(const RpmMeasurementSource *source)
{
	static const char *const of_antennas[] = {"antenna_id", "geom", "site_id", NULL};
	static const char *const of_measurements[] = {"antenna_id", "geom", "rsrp_dbm", "position_accuracy_m", NULL};
	static const char *const no_columns[] = {NULL};

	return rpm_snapshot_covers(source->antennas, of_antennas, no_columns) && rpm_snapshot_covers(source->measurements, of_measurements, no_columns) &&
		rpm_snapshot_covers_own("antenna_pattern");
}

static RpmPredictInput *
read_input(const RpmMeasurementSource *source, int64 antenna_id, const RpmBox *box, RpmSharing sharing, rpm_control *control)
{
	const RpmBox everywhere = {-HUGE_VAL, -HUGE_VAL, HUGE_VAL, HUGE_VAL};
	const RpmMeasurementFilter every_row = {false, false, NAN};
	RpmPredictInput *input = palloc0(sizeof(RpmPredictInput));
	Reader		reader = {input, FIRST_POINTS, *box, 0};
	bool	   *same_site;
	int			count;
	int64	   *ids = neighbour_ids(source, antenna_id, box, sharing, &same_site, &count);

	fill_antennas(input, rpm_antennas_read(source->scene, &everywhere, ids, count, NULL), antenna_id, ids, same_site, count);
	input->points = palloc(FIRST_POINTS * sizeof(rpm_predict_point));
	for (int i = 0; i < count; i++)
	{
		reader.antenna = i;
		rpm_measurements_read(source, ids[i], &every_row, control, add_row, &reader);
	}
	return input;
}

/* The antenna itself first. */
static int64 *
neighbour_ids(const RpmMeasurementSource *source, int64 antenna_id, const RpmBox *box, RpmSharing sharing, bool **same_site,
			  int *count)
{
	static const char *const required[] = {"antenna_id", "geom", NULL};
	static const char *const optional[] = {"site_id", NULL};
	MemoryContext context = CurrentMemoryContext;
	const RpmRelation *antennas = rpm_relation_open(source->scene->antenna_relation, source->scene->name, "antenna_relation", required,
													optional);
	Oid			types[7] = {INT8OID, INT4OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID};
	Datum		values[7] = {Int64GetDatum(antenna_id), Int32GetDatum(source->scene->srid), Float8GetDatum(SAME_SITE_M),
	Float8GetDatum(box->west), Float8GetDatum(box->south), Float8GetDatum(box->east), Float8GetDatum(box->north)};
	int64	   *ids;

	*count = 1;
	if (sharing == RPM_SHARING_NONE)
	{
		ids = palloc(sizeof(int64));
		*same_site = palloc0(sizeof(bool));
		ids[0] = antenna_id;
		return ids;
	}
	rpm_spi_query_by_key(neighbour_query(source, antennas, sharing), 7, types, values, NULL);
	ids = MemoryContextAlloc(context, (SPI_processed + 1) * sizeof(int64));
	*same_site = MemoryContextAllocZero(context, (SPI_processed + 1) * sizeof(bool));
	ids[0] = antenna_id;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		ids[*count] = rpm_column_int64(SPI_tuptable->vals[i], 1);
		(*same_site)[(*count)++] = rpm_column_bool(SPI_tuptable->vals[i], 2);
	}
	SPI_finish();
	return ids;
}

/* $1 antenna, $2 SRID, $3 distance, $4-$7 box.  Of other sites only those that were measured and stand in the box. */
static char *
neighbour_query(const RpmMeasurementSource *source, const RpmRelation *antennas, RpmSharing sharing)
{
	const char *gis = rpm_postgis_schema();
	char	   *same = psprintf("(%1$s.ST_DWithin(r.geom, t.geom, $3)%2$s)", gis, rpm_relation_has(antennas, "site_id")
								? " OR r.site_id OPERATOR(pg_catalog.=) t.site_id" : "");
	char	   *near = psprintf("(%1$s.ST_X(r.geom) BETWEEN $4 AND $6 AND %1$s.ST_Y(r.geom) BETWEEN $5 AND $7)", gis);

	return psprintf("SELECT DISTINCT r.antenna_id::pg_catalog.int8, coalesce(%1$s, false) FROM %2$s AS r, %2$s AS t"
					" WHERE t.antenna_id OPERATOR(pg_catalog.=) $1 AND r.antenna_id OPERATOR(pg_catalog.<>) $1"
					" AND %3$s.GeometryType(r.geom) OPERATOR(pg_catalog.=) 'POINT'"
					" AND %3$s.ST_SRID(r.geom) OPERATOR(pg_catalog.=) $2 AND %3$s.ST_SRID(t.geom) OPERATOR(pg_catalog.=) $2"
					" AND (%1$s%4$s) AND EXISTS (SELECT FROM %5$s AS m WHERE m.antenna_id OPERATOR(pg_catalog.=) r.antenna_id)"
					" ORDER BY 1", same, antennas->name, gis,
					psprintf(" OR (%s AND %s)", near, sharing == RPM_SHARING_ALL ? "true" : "false"),
					source->measurements->name);
}

/* Sites are numbered anew: 0 is the antenna's own, the others count by their place. */
static void
fill_antennas(RpmPredictInput *input, const RpmAntennaList *list, int64 antenna_id, const int64 *ids, const bool *same_site, int count)
{
	const RpmAntenna *own = antenna_of(list, antenna_id);

	input->x = own->x;
	input->y = own->y;
	input->antenna_count = count;
	input->antennas = palloc(count * sizeof(rpm_predict_antenna));
	for (int i = 0; i < count; i++)
	{
		const RpmAntenna *antenna = antenna_of(list, ids[i]);
		int32		site = i == 0 || same_site[i] ? 0 : i;

		for (int k = 1; k < i && site == i; k++)
			if (hypot(input->antennas[k].x_m + input->x - antenna->x, input->antennas[k].y_m + input->y - antenna->y) <= SAME_SITE_M)
				site = input->antennas[k].site;
		input->antennas[i] = engine_antenna(input, antenna, site);
	}
}

static const RpmAntenna *
antenna_of(const RpmAntennaList *list, int64 id)
{
	for (int i = 0; i < list->count; i++)
		if (list->antennas[i].id == id)
			return &list->antennas[i];
	elog(ERROR, "antenna " INT64_FORMAT " was not read", id);
	return NULL;
}

static rpm_predict_antenna
engine_antenna(const RpmPredictInput *input, const RpmAntenna *antenna, int32 site)
{
	rpm_predict_antenna engine;

	engine.site = site;
	engine.x_m = antenna->x - input->x;
	engine.y_m = antenna->y - input->y;
	engine.height_m = antenna->height_m;
	engine.azimuth_rad = antenna->antenna.grid_azimuth_rad;
	engine.tilt_rad = antenna->antenna.mechanical_tilt_rad + antenna->antenna.electrical_tilt_rad;
	engine.frequency_mhz = antenna->antenna.frequency_hz / 1e6;
	engine.rs_power_dbm = antenna->rs_power_dbm - antenna->losses_db;
	return engine;
}

/* Rows beyond the map's surroundings say nothing of it, and levels far away are often those of another antenna. */
static void
add_row(void *argument, const RpmMeasurement *row)
{
	Reader	   *reader = argument;
	RpmPredictInput *input = reader->input;
	const RpmBox *box = &reader->box;
	double		uncertainty = isnan(row->accuracy_m) ? 0 : row->accuracy_m / HALF_WEIGHT_ACCURACY_M,
				weight = 1 / (1 + uncertainty * uncertainty);

	if (!isfinite(row->x) || !isfinite(row->y) || !(row->level_dbm >= RPM_LOWEST_LEVEL_DBM && row->level_dbm <= RPM_HIGHEST_LEVEL_DBM) ||
		!(uncertainty >= 0 && weight > 0))
	{
		input->unusable += reader->antenna == 0;
		return;
	}
	if (row->x < box->west - RPM_SURROUNDINGS_M || row->x > box->east + RPM_SURROUNDINGS_M ||
		row->y < box->south - RPM_SURROUNDINGS_M || row->y > box->north + RPM_SURROUNDINGS_M)
	{
		input->outside += reader->antenna == 0;
		return;
	}
	if (input->point_count == reader->room)
		make_room(reader);
	input->points[input->point_count++] = (rpm_predict_point){row->x - input->x, row->y - input->y, row->level_dbm, weight,
		reader->antenna};
}

static void
make_room(Reader *reader)
{
	size_t		limit = rpm_memory_limit_bytes(),
				room = 2 * reader->room;

	if (room * (sizeof(rpm_predict_point) + ENGINE_BYTES_PER_POINT) > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %zu measurements need more memory than the %zu MB that rpm_pg.max_memory allows", reader->room,
						limit / 1048576),
				 errhint("Predict a smaller extent, share with fewer antennas (sharing => 'none'), or raise rpm_pg.max_memory.")));
	reader->room = room;
	reader->input->points = repalloc_huge(reader->input->points, room * sizeof(rpm_predict_point));
}
