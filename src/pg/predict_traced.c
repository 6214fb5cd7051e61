/*
 * predict_traced.c: a published traced map as a prior of rpm_predict (predict_traced.h): the level of the cell that each place lies in.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/float.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "postgis_functions.h"
#include "predict_traced.h"
#include "raster_read.h"
#include "spi_rows.h"

/* How far a traced level may be off as a whole before measurements: what tracers leave over on average, about slow fading's 8 dB. */
#define OFFSET_SD_DB 8.0
#define LEAST_COVERED 0.5
#define BATCH_TILES 8
#define MOST_PRODUCTS 16

/* Places whose levels are looked for. */
typedef struct Places
{
	const RpmPredictInput *read;
	const rpm_predict_input *input;
	const RpmMapGrid *grid;		/* of the targets */
	double	   *at_points, *at_targets;
	RpmBox		box;			/* of all of them */
} Places;

static bool may_read(Oid relation);
static int	product_tables(const RpmSceneRow *scene, bool calibrated, Oid tables[MOST_PRODUCTS]);
static void begin_places(const RpmPredictInput *read, const rpm_predict_input *input, Places *places);
static bool read_map(Oid table, int64 antenna_id, int32 srid, Places *places);
static void take_tile(const RpmRaster *tile, Places *places);
static int	first_cell(double from, double size, int count);
static double level_in(const RpmRaster *tile, double x, double y);
static bool is_covered(const Places *places);

void
rpm_predict_add_traced(const RpmSceneRow *scene, int64 antenna_id, bool calibrated, const RpmPredictInput *read, const RpmMapGrid *grid,
					   rpm_predict_input *input, rpm_predict_given *given)
{
	Oid			tables[MOST_PRODUCTS];
	int			count = product_tables(scene, calibrated, tables);
	Places		places;

	if (count == 0)
		return;
	places.grid = grid;
	begin_places(read, input, &places);
	for (int i = 0; i < count; i++)
	{
		if (!read_map(tables[i], antenna_id, scene->srid, &places))
			continue;
		if (!is_covered(&places))
			return;
		given[input->given_count].name = RPM_TRACED_PRIOR;
		given[input->given_count].at_points_dbm = places.at_points;
		given[input->given_count].at_targets_dbm = places.at_targets;
		given[input->given_count].sd_db = OFFSET_SD_DB;
		given[input->given_count].holes = true;
		given[input->given_count].drift = true;
		input->given = given;
		input->given_count++;
		return;
	}
}

/* Tables of the scene's products that are there and may be read, the one published last first. */
static int
product_tables(const RpmSceneRow *scene, bool calibrated, Oid tables[MOST_PRODUCTS])
{
	static const char *const of_scene = "c.scene OPERATOR(pg_catalog.=) $1";
	static const char *const of_calibrated = "c.scene IN (SELECT s.scene FROM rpm.calibrated_scene AS s"
		" WHERE s.scene OPERATOR(pg_catalog.=) $1 OR s.base_scene OPERATOR(pg_catalog.=) $1)";
	Oid			types[2] = {TEXTOID, INT4OID};
	Datum		values[2] = {CStringGetTextDatum(scene->name), Int32GetDatum(scene->srid)};
	int			count = 0;

	if (!may_read(get_relname_relid("coverage", get_namespace_oid("rpm", false))) ||
		(calibrated && !may_read(get_relname_relid("calibrated_scene", get_namespace_oid("rpm", false)))))
		return 0;
	rpm_spi_query_by_key(psprintf("SELECT k.oid FROM rpm.coverage AS c JOIN pg_catalog.pg_namespace AS n ON n.nspname OPERATOR(pg_catalog.=)"
						   " c.table_schema::pg_catalog.name JOIN pg_catalog.pg_class AS k ON k.relnamespace OPERATOR(pg_catalog.=) n.oid"
						   " AND k.relname OPERATOR(pg_catalog.=) c.table_name::pg_catalog.name AND k.relkind OPERATOR(pg_catalog.=) '%c'"
						   " WHERE %s AND c.srid OPERATOR(pg_catalog.=) $2"
						   " AND c.product OPERATOR(pg_catalog.=) 'rsrp_dbm' ORDER BY c.published_at DESC, c.coverage_id DESC LIMIT %d",
						   RELKIND_RELATION, calibrated ? of_calibrated : of_scene, MOST_PRODUCTS), 2, types, values, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Oid			table = rpm_column_oid(SPI_tuptable->vals[i], 1);

		if (may_read(table) && get_attnum(table, "antenna_id") > 0 && get_attnum(table, "rast") > 0)
			tables[count++] = table;
	}
	SPI_finish();
	return count;
}

static bool
may_read(Oid relation)
{
	return OidIsValid(relation) && pg_class_aclcheck(relation, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

static void
begin_places(const RpmPredictInput *read, const rpm_predict_input *input, Places *places)
{
	const RpmBox nowhere = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};

	places->read = read;
	places->input = input;
	places->at_points = palloc_extended((input->point_count + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	places->at_targets = palloc_extended((input->target_count + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	places->box = nowhere;
	for (size_t i = 0; i < input->point_count; i++)
	{
		places->at_points[i] = get_float8_nan();
		if (input->points[i].antenna == input->antenna)
			rpm_box_stretch(&places->box, read->x + input->points[i].x_m, read->y + input->points[i].y_m);
	}
	for (size_t i = 0; i < input->target_count; i++)
	{
		places->at_targets[i] = get_float8_nan();
		rpm_box_stretch(&places->box, read->x + input->target_x_m[i], read->y + input->target_y_m[i]);
	}
}

/* Tile by tile; false where the table has none of the antenna about the places. */
static bool
read_map(Oid table, int64 antenna_id, int32 srid, Places *places)
{
	Oid			types[6] = {INT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, FLOAT8OID, INT4OID};
	Datum		values[6] = {Int64GetDatum(antenna_id), Float8GetDatum(places->box.west), Float8GetDatum(places->box.south),
	Float8GetDatum(places->box.east), Float8GetDatum(places->box.north), Int32GetDatum(srid)};
	const char *gis = rpm_postgis_schema(),
			   *raster = rpm_raster_schema();
	char	   *query = psprintf("SELECT t.rast FROM %s AS t WHERE t.antenna_id OPERATOR(pg_catalog.=) $1 AND %s.ST_ConvexHull(t.rast)"
								 " OPERATOR(%s.&&) %s.ST_MakeEnvelope($2, $3, $4, $5, $6) ORDER BY t.rid",
								 quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)), get_rel_name(table)),
								 raster, gis, gis);
	bool		any = false;
	Portal		portal;

	if (places->box.west > places->box.east || get_attnum(table, "rid") <= 0)
		return false;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	portal = SPI_cursor_open_with_args(NULL, query, 6, types, values, NULL, true, 0);
	for (;;)
	{
		SPI_cursor_fetch(portal, true, BATCH_TILES);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		null;
			Datum		datum = rpm_column(SPI_tuptable->vals[i], 1, &null);
			RpmRaster  *tile;

			CHECK_FOR_INTERRUPTS();
			if (null)
				continue;
			tile = rpm_raster_read(datum, "a tile of the published map");
			take_tile(tile, places);
			pfree(tile->values);
			any = true;
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
	SPI_finish();
	return any;
}

static void
take_tile(const RpmRaster *tile, Places *places)
{
	const rpm_predict_input *input = places->input;
	const RpmMapGrid *grid = places->grid;

	for (size_t i = 0; i < input->point_count; i++)
		if (input->points[i].antenna == input->antenna && isnan(places->at_points[i]))
			places->at_points[i] = level_in(tile, places->read->x + input->points[i].x_m, places->read->y + input->points[i].y_m);
	if (input->target_count == 0)
		return;
	for (int row = first_cell(grid->north - tile->upper_left_y, grid->cell_height_m, grid->rows);
		 row < grid->rows && grid->north - (row + 0.5) * grid->cell_height_m >= tile->upper_left_y + tile->rows * tile->scale_y; row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int column = first_cell(tile->upper_left_x - grid->west, grid->cell_width_m, grid->columns);
			 column < grid->columns && grid->west + (column + 0.5) * grid->cell_width_m <= tile->upper_left_x + tile->columns * tile->scale_x;
			 column++)
		{
			size_t		i = (size_t) row * grid->columns + column;

			if (isnan(places->at_targets[i]))
				places->at_targets[i] = level_in(tile, places->read->x + input->target_x_m[i], places->read->y + input->target_y_m[i]);
		}
	}
}

/* The first of count cells that may have its middle `from` metres or more from the grid's edge. */
static int
first_cell(double from, double size, int count)
{
	return (int) Min(Max(floor(from / size) - 1, 0), count);
}

/* NaN outside of the tile and where it has no value. */
static double
level_in(const RpmRaster *tile, double x, double y)
{
	double		column = floor((x - tile->upper_left_x) / tile->scale_x),
				row = floor((y - tile->upper_left_y) / tile->scale_y);
	float		value;

	if (!(column >= 0 && column < tile->columns && row >= 0 && row < tile->rows))
		return get_float8_nan();
	value = tile->values[(size_t) row * tile->columns + (size_t) column];
	return value == tile->nodata ? get_float8_nan() : value;
}

static bool
is_covered(const Places *places)
{
	const rpm_predict_input *input = places->input;
	size_t		sought = 0,
				found = 0;

	for (size_t i = 0; i < input->point_count; i++)
		if (input->points[i].antenna == input->antenna)
		{
			sought++;
			found += !isnan(places->at_points[i]);
		}
	for (size_t i = 0; i < input->target_count && sought == 0; i++)
		found += !isnan(places->at_targets[i]);
	return (double) found >= LEAST_COVERED * (double) (sought > 0 ? sought : input->target_count) && found > 0;
}
