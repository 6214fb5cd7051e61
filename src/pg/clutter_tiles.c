/*
 * clutter_tiles.c: residuals gathered by cell and written to rpm.clutter_residual, antenna by antenna.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "clutter_layer.h"
#include "clutter_tiles.h"
#include "rpm_settings.h"

#define CELLS_OF_TILE (RPM_CLUTTER_TILE_CELLS * RPM_CLUTTER_TILE_CELLS)

typedef struct CellResidual
{
	int32		tile_row, tile_column;
	int16		cell;
	float		residual_db;
} CellResidual;

struct RpmClutterTiles
{
	int32		scene_id;
	const RpmClutterSource *source;
	SPIPlanPtr	insert;
	int			antenna;		/* that the residuals are of; -1: none yet */
	CellResidual *residuals;
	Size		count, room;
	int64	   *used;			/* measurements of each antenna */
};

static void make_room(RpmClutterTiles *tiles);
static void write_antenna(RpmClutterTiles *tiles);
static int	compare_residuals(const void *a, const void *b);
static void write_tile(RpmClutterTiles *tiles, const CellResidual *residuals, Size count);
static void write_states(const RpmClutterTiles *tiles);

RpmClutterTiles *
rpm_clutter_tiles_begin(int32 scene_id, const RpmClutterSource *source)
{
	static Oid	types[] = {INT4OID, INT8OID, INT8OID, INT4OID, INT4OID, INT2ARRAYOID, FLOAT4ARRAYOID, INT4ARRAYOID};
	RpmClutterTiles *tiles = palloc0(sizeof(RpmClutterTiles));

	tiles->scene_id = scene_id;
	tiles->source = source;
	tiles->antenna = -1;
	tiles->used = palloc0((source->count + 1) * sizeof(int64));
	tiles->room = 4096;
	tiles->residuals = palloc(tiles->room * sizeof(CellResidual));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	tiles->insert = SPI_prepare("INSERT INTO rpm.clutter_residual (scene_id, antenna_id, site_id, tile_column, tile_row, cells, sum_db, count)"
								" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", lengthof(types), types);
	if (tiles->insert == NULL || SPI_keepplan(tiles->insert) != 0)
		elog(ERROR, "the insert into rpm.clutter_residual could not be prepared");
	SPI_finish();
	return tiles;
}

void
rpm_clutter_tiles_add(RpmClutterTiles *tiles, int antenna, double x, double y, double residual_db)
{
	int64		column = (int64) floor(x / RPM_CLUTTER_CELL_M),
				row = (int64) floor(y / RPM_CLUTTER_CELL_M);
	CellResidual *to;

	if (antenna != tiles->antenna)
	{
		write_antenna(tiles);
		tiles->antenna = antenna;
	}
	if (tiles->count == tiles->room)
		make_room(tiles);
	tiles->used[antenna]++;
	to = &tiles->residuals[tiles->count++];
	to->tile_column = (int32) floor((double) column / RPM_CLUTTER_TILE_CELLS);
	to->tile_row = (int32) floor((double) row / RPM_CLUTTER_TILE_CELLS);
	to->cell = (int16) ((row - (int64) to->tile_row * RPM_CLUTTER_TILE_CELLS) * RPM_CLUTTER_TILE_CELLS +
						column - (int64) to->tile_column * RPM_CLUTTER_TILE_CELLS);
	to->residual_db = (float) residual_db;
}

static void
make_room(RpmClutterTiles *tiles)
{
	Size		limit = rpm_memory_limit_bytes();

	if (2 * tiles->room * sizeof(CellResidual) > limit)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("antenna " INT64_FORMAT " has more than %zu measurements, rpm_pg.max_memory allows %zu MB",
						tiles->source->antenna[tiles->antenna].id, tiles->room, limit / 1048576),
				 errhint("Raise rpm_pg.max_memory, or name a view that averages the measurements of a cell.")));
	tiles->room *= 2;
	tiles->residuals = repalloc_huge(tiles->residuals, tiles->room * sizeof(CellResidual));
}

void
rpm_clutter_tiles_end(RpmClutterTiles *tiles)
{
	write_antenna(tiles);
	SPI_freeplan(tiles->insert);
	write_states(tiles);
}

static void
write_antenna(RpmClutterTiles *tiles)
{
	if (tiles->count == 0)
		return;
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	qsort(tiles->residuals, tiles->count, sizeof(CellResidual), compare_residuals);
	for (Size begin = 0, end; begin < tiles->count; begin = end)
	{
		const CellResidual *first = &tiles->residuals[begin];

		CHECK_FOR_INTERRUPTS();
		for (end = begin + 1; end < tiles->count && tiles->residuals[end].tile_row == first->tile_row &&
			 tiles->residuals[end].tile_column == first->tile_column; end++)
			;
		write_tile(tiles, first, end - begin);
	}
	SPI_finish();
	tiles->count = 0;
}

/* A whole order, so that sums do not depend on the order of the rows. */
static int
compare_residuals(const void *a, const void *b)
{
	const CellResidual *x = a,
			   *y = b;

	if (x->tile_row != y->tile_row)
		return x->tile_row < y->tile_row ? -1 : 1;
	if (x->tile_column != y->tile_column)
		return x->tile_column < y->tile_column ? -1 : 1;
	if (x->cell != y->cell)
		return x->cell < y->cell ? -1 : 1;
	return x->residual_db < y->residual_db ? -1 : x->residual_db > y->residual_db;
}

static void
write_tile(RpmClutterTiles *tiles, const CellResidual *residuals, Size count)
{
	const RpmClutterAntenna *antenna = &tiles->source->antenna[tiles->antenna];
	Datum		cells[CELLS_OF_TILE],
				sums[CELLS_OF_TILE],
				counts[CELLS_OF_TILE];
	Datum		values[8];
	char		nulls[] = "        ";
	int			filled = 0;

	for (Size begin = 0, end; begin < count; begin = end)
	{
		double		sum = 0;

		for (end = begin; end < count && residuals[end].cell == residuals[begin].cell; end++)
			sum += residuals[end].residual_db;
		cells[filled] = Int16GetDatum(residuals[begin].cell);
		sums[filled] = Float4GetDatum((float4) sum);
		counts[filled++] = Int32GetDatum((int32) Min(end - begin, PG_INT32_MAX));
	}
	values[0] = Int32GetDatum(tiles->scene_id);
	values[1] = Int64GetDatum(antenna->id);
	values[2] = Int64GetDatum(antenna->site_id);
	nulls[2] = antenna->has_site ? ' ' : 'n';
	values[3] = Int32GetDatum(residuals[0].tile_column);
	values[4] = Int32GetDatum(residuals[0].tile_row);
	values[5] = PointerGetDatum(construct_array(cells, filled, INT2OID, sizeof(int16), true, TYPALIGN_SHORT));
	values[6] = PointerGetDatum(construct_array(sums, filled, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT));
	values[7] = PointerGetDatum(construct_array(counts, filled, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	if (SPI_execute_plan(tiles->insert, values, nulls, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "the insert into rpm.clutter_residual failed");
	for (int i = 5; i < 8; i++)
		pfree(DatumGetPointer(values[i]));
}

static void
write_states(const RpmClutterTiles *tiles)
{
	static Oid	types[] = {INT4OID, INT8OID, INT8OID, INT8OID, TEXTOID};
	const RpmClutterSource *source = tiles->source;
	SPIPlanPtr	insert;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	insert = SPI_prepare("INSERT INTO rpm.clutter_antenna (scene_id, antenna_id, site_id, measurements, fingerprint)"
						 " VALUES ($1, $2, $3, $4, $5)", lengthof(types), types);
	for (int i = 0; i < source->count; i++)
	{
		const RpmClutterAntenna *antenna = &source->antenna[i];
		Datum		values[5];
		char		nulls[] = "     ";

		if (!antenna->changed)
			continue;
		CHECK_FOR_INTERRUPTS();
		values[0] = Int32GetDatum(tiles->scene_id);
		values[1] = Int64GetDatum(antenna->id);
		values[2] = Int64GetDatum(antenna->site_id);
		nulls[2] = antenna->has_site ? ' ' : 'n';
		values[3] = Int64GetDatum(tiles->used[i]);
		values[4] = CStringGetTextDatum(antenna->fingerprint);
		if (SPI_execute_plan(insert, values, nulls, false, 0) != SPI_OK_INSERT)
			elog(ERROR, "the insert into rpm.clutter_antenna failed");
	}
	SPI_finish();
}
