/* train_data.h: what networks learn from, read through SQL: rasters of features and of measured cells. */
#ifndef RPM_PG_TRAIN_DATA_H
#define RPM_PG_TRAIN_DATA_H

#include "postgres.h"

#include "rpm_control.h"
#include "rpm_learn.h"

#define RPM_TRAIN_MOST_BATCH 4096
#define RPM_TRAIN_MOST_SIDE 4096	/* cells */

/* How the measured cells are dealt into folds. */
typedef enum RpmTrainSplit
{
	RPM_TRAIN_ANTENNA,			/* the folds are the caller's, one for each antenna */
	RPM_TRAIN_BLOCK,			/* rpm_split('block'), all antennas alike */
	RPM_TRAIN_PIXEL				/* rpm_split('pixel') */
} RpmTrainSplit;

typedef struct RpmTrainSource
{
	const char *features;		/* a function (antenna_id, scene, channels, cell_size_m, size_cells) returning a raster; NULL: rpm_features */
	char	   *scene;			/* NULL: the antenna's */
	int32		scene_id;		/* for rpm.progress */
	Datum		channels;		/* text[] */
	int			channel_count;
	bool		angle[RPM_LEARN_MOST_CHANNELS];	/* channels that are angles from boresight */
	double		cell_size_m;
	int			size_cells;
	RpmTrainSplit split;
	int			folds;
	double		block_m;
	int64		seed;
} RpmTrainSource;

/*
 * Reads the tiles of antennas into *data, which the caller frees with rpm_learn_data_free also after an error; antennas without a
 * measured cell are left out.  folds: of each antenna, for RPM_TRAIN_ANTENNA.  Errors: those of the functions that are called;
 * 22023 (a raster of another size or other bands), 54000 (rpm_pg.max_memory).
 */
extern void rpm_train_data_read(const RpmTrainSource *source, const int64 *antennas, const int *folds, int count,
								const rpm_control *control, rpm_learn_data **data);

/* "SELECT features(...)" for $1 antenna, $2 scene, $3 channels, $4 cell_size_m, $5 size_cells; features as above. */
extern char *rpm_train_features_call(const char *features);

/*
 * channels x size x size values of a features' raster, NaN where there is none, in the current memory context; west and north (may be NULL): its
 * corner.  Errors: 22023 (other bands, other size).
 */
extern float *rpm_train_feature_values(Datum raster, int channel_count, int size_cells, int64 antenna, double *west, double *north);

#endif
