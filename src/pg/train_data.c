/* train_data.c: rasters of features and of measured cells as tiles to learn from (train_data.h). */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "postgis_functions.h"
#include "progress.h"
#include "raster_read.h"
#include "rpm_split.h"
#include "spi_rows.h"
#include "status_report.h"
#include "train_data.h"

#define QUERY_ARGUMENTS 5

static SPIPlanPtr prepare(const RpmTrainSource *source);
static void read_tile(const RpmTrainSource *source, SPIPlanPtr plan, int64 antenna, int fold, rpm_learn_data *data);
static size_t levels_of(const RpmTrainSource *source, const RpmRaster *measured, int fold, rpm_learn_level *levels);
static int	fold_of(const RpmTrainSource *source, double x, double y);

void
rpm_train_data_read(const RpmTrainSource *source, const int64 *antennas, const int *folds, int count, const rpm_control *control,
					rpm_learn_data **data)
{
	rpm_learn_form form = {source->channel_count, source->size_cells, {0}};
	MemoryContext tile,
				before;
	SPIPlanPtr	plan;
	rpm_status	status;

	for (int c = 0; c < source->channel_count; c++)
		form.kind[c] = source->angle[c] ? RPM_LEARN_ANGLE : RPM_LEARN_SCALAR;
	rpm_status_clear(&status);
	rpm_learn_data_create(&form, count, 0, control, data, &status);
	rpm_report_status(&status);
	SPI_connect();
	plan = prepare(source);
	tile = AllocSetContextCreate(CurrentMemoryContext, "tile to learn from", ALLOCSET_DEFAULT_SIZES);
	for (int i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* The functions that are called report, and end their reports, too. */
		rpm_progress_begin(source->scene_id);
		rpm_progress_antennas(i, count);
		before = MemoryContextSwitchTo(tile);
		read_tile(source, plan, antennas[i], folds != NULL ? folds[i] : 0, *data);
		MemoryContextSwitchTo(before);
		MemoryContextReset(tile);
	}
	rpm_progress_antennas(count, count);
	SPI_finish();
}

char *
rpm_train_features_call(const char *features)
{
	if (features == NULL)
		features = psprintf("%s.rpm_features", rpm_function_schema());
	return psprintf("SELECT %s(antenna_id => $1, scene => $2, channels => $3, cell_size_m => $4, size_cells => $5)", features);
}

static SPIPlanPtr
prepare(const RpmTrainSource *source)
{
	Oid			types[QUERY_ARGUMENTS] = {INT8OID, TEXTOID, TEXTARRAYOID, FLOAT8OID, INT4OID};
	char	   *query = psprintf("SELECT f.r, %s.rpm_ground_truth(antenna_id => $1, scene => $2, template => f.r)"
								 " FROM (%s AS r OFFSET 0) AS f", rpm_function_schema(), rpm_train_features_call(source->features));
	SPIPlanPtr	plan = SPI_prepare(query, QUERY_ARGUMENTS, types);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", query, SPI_result_code_string(SPI_result));
	return plan;
}

static void
read_tile(const RpmTrainSource *source, SPIPlanPtr plan, int64 antenna, int fold, rpm_learn_data *data)
{
	Datum		values[QUERY_ARGUMENTS] = {Int64GetDatum(antenna), source->scene != NULL ? CStringGetTextDatum(source->scene) : (Datum) 0,
	source->channels, Float8GetDatum(source->cell_size_m), Int32GetDatum(source->size_cells)};
	char		nulls[QUERY_ARGUMENTS + 1] = "     ";
	size_t		cells = (size_t) source->size_cells * source->size_cells;
	MemoryContext tile_context = CurrentMemoryContext;
	bool		null;
	Datum		raster;
	RpmRaster  *measured;
	rpm_learn_tile tile = {.id = antenna};
	rpm_learn_level *levels;
	rpm_status	status;

	nulls[1] = source->scene == NULL ? 'n' : ' ';
	if (SPI_execute_plan(plan, values, nulls, true, 1) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "the features of antenna " INT64_FORMAT " were not read", antenna);
	/* SPI_execute_plan leaves its own context current, which lives until all tiles are read. */
	MemoryContextSwitchTo(tile_context);
	raster = rpm_column(SPI_tuptable->vals[0], 1, &null);
	if (null)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the features of antenna " INT64_FORMAT " are null", antenna),
				 errhint("The function of the features must return a raster for each antenna; leave the antenna out.")));
	tile.values = rpm_train_feature_values(raster, source->channel_count, source->size_cells, antenna, NULL, NULL);
	raster = rpm_column(SPI_tuptable->vals[0], 2, &null);
	measured = rpm_raster_read(raster, "the measured cells");
	levels = palloc_extended((cells + 1) * sizeof(rpm_learn_level), MCXT_ALLOC_HUGE);
	tile.level_count = levels_of(source, measured, fold, levels);
	tile.levels = levels;
	SPI_freetuptable(SPI_tuptable);
	if (tile.level_count == 0)
		return;
	rpm_status_clear(&status);
	rpm_learn_data_add(data, &tile, &status);
	rpm_report_status_of(&status, psprintf("antenna " INT64_FORMAT, antenna));
}

float *
rpm_train_feature_values(Datum raster, int channel_count, int size_cells, int64 antenna, double *west, double *north)
{
	int			bands;
	RpmRaster **read = rpm_raster_read_bands(raster, "the features' raster", channel_count + 1, &bands);
	size_t		cells = (size_t) size_cells * size_cells;
	float	   *values;

	if (read[0]->columns != size_cells || read[0]->rows != size_cells || bands != channel_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the features of antenna " INT64_FORMAT " are %d bands of %d x %d cells", antenna, bands, read[0]->columns, read[0]->rows),
				 errhint("%d bands of %d x %d cells were asked for.", channel_count, size_cells, size_cells)));
	if (west != NULL)
	{
		*west = read[0]->upper_left_x;
		*north = read[0]->upper_left_y;
	}
	values = palloc_extended(cells * channel_count * sizeof(float), MCXT_ALLOC_HUGE);
	for (int band = 0; band < bands; band++)
		for (size_t i = 0; i < cells; i++)
			values[cells * band + i] = read[band]->values[i] == read[band]->nodata ? NAN : read[band]->values[i];
	return values;
}

static size_t
levels_of(const RpmTrainSource *source, const RpmRaster *measured, int fold, rpm_learn_level *levels)
{
	size_t		count = 0;

	for (int row = 0; row < measured->rows; row++)
		for (int column = 0; column < measured->columns; column++)
		{
			int32		cell = row * measured->columns + column;

			if (measured->values[cell] == measured->nodata)
				continue;
			levels[count++] = (rpm_learn_level){cell, measured->values[cell], source->split == RPM_TRAIN_ANTENNA ? fold
				: fold_of(source, measured->upper_left_x + (column + 0.5) * measured->scale_x,
						  measured->upper_left_y + (row + 0.5) * measured->scale_y)};
		}
	return count;
}

/* As rpm_split(..., id => null) times the number of folds. */
static int
fold_of(const RpmTrainSource *source, double x, double y)
{
	bool		block = source->split == RPM_TRAIN_BLOCK;
	rpm_status	status;
	double		number;

	rpm_status_clear(&status);
	rpm_split_at((uint64_t) source->seed, block ? RPM_SPLIT_BLOCK : RPM_SPLIT_PIXEL, NULL, x, y,
				 block ? source->block_m : source->cell_size_m, &number, &status);
	rpm_report_status(&status);
	return (int) (number * source->folds);
}
