/*
 * rpm_learn.h: trains a network on maps of which a few cells were measured, and predicts with it.
 *
 * A tile is a square of cells about an antenna: its input channels, and the levels of the cells that were measured, each in a fold.
 * A run trains one network on the tiles but one fold of the cells, an epoch at a time, so that its owner can write down a checkpoint
 * and go on from it later to the same numbers.  The network's first output is a level in units of the run's scale; a second channel,
 * where it has one, is the logarithm of a variance (Nix and Weigend 1994, with the weight of Seitzer et al. 2022).
 *
 * Order of tiles, crops, turns and mirrors are drawn by a hash of seed, fold, epoch and tile: they depend neither on threads nor on where
 * a run was interrupted.
 */
#ifndef RPM_LEARN_H
#define RPM_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_control.h"
#include "rpm_metrics.h"
#include "rpm_nn_train.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_LEARN_MOST_CHANNELS 64
#define RPM_LEARN_MOST_FOLDS 100

/* What happens to the values of a channel when a tile is turned or mirrored. */
typedef enum rpm_learn_channel
{
	RPM_LEARN_SCALAR,			/* they move with their cells */
	RPM_LEARN_ANGLE				/* and change their sign in a mirror: an angle from boresight */
} rpm_learn_channel;

typedef struct rpm_learn_form
{
	int			channels;
	int			side;			/* cells */
	rpm_learn_channel kind[RPM_LEARN_MOST_CHANNELS];
} rpm_learn_form;

/* A measured cell: row x side + column from the north-west. */
typedef struct rpm_learn_level
{
	int32_t		cell;
	float		level_dbm;
	int32_t		fold;			/* from 0 */
} rpm_learn_level;

typedef struct rpm_learn_tile
{
	int64_t		id;				/* of the antenna: orders nothing, but is part of the fingerprint */
	const float *values;		/* channels x side x side; NaN: not known */
	size_t		level_count;
	const rpm_learn_level *levels;
} rpm_learn_tile;

typedef struct rpm_learn_data rpm_learn_data;

/* Bytes of the tiles, kept in 16 bits a value: each channel of each tile has 65,534 steps between its least and greatest. */
size_t		rpm_learn_data_bytes(const rpm_learn_form *form, size_t tiles, size_t levels);

/*
 * Room for so many tiles and, to begin with, measured cells.  Errors: RPM_INVALID_ARGUMENT (a form that cannot be), RPM_LIMIT_EXCEEDED before anything is taken,
 * RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_learn_data_create(const rpm_learn_form *form, size_t tiles, size_t levels, const rpm_control *control,
								  rpm_learn_data **data, rpm_status *status);
void		rpm_learn_data_free(rpm_learn_data *data);

/* Errors: RPM_INVALID_ARGUMENT (infinite values, a cell outside the tile or twice, a level that is not finite, a fold), RPM_LIMIT_EXCEEDED (more tiles, more memory than allowed). */
rpm_code	rpm_learn_data_add(rpm_learn_data *data, const rpm_learn_tile *tile, rpm_status *status);

size_t		rpm_learn_data_tiles(const rpm_learn_data *data);
size_t		rpm_learn_data_levels(const rpm_learn_data *data, int fold);	/* of a fold; -1: all */
size_t		rpm_learn_data_size(const rpm_learn_data *data);	/* bytes that it has taken */

/* Of everything that was added, in its order. */
uint64_t	rpm_learn_data_fingerprint(const rpm_learn_data *data);

/* How values become inputs, and outputs levels. */
typedef struct rpm_learn_scaling
{
	int			channels;
	double		shift[RPM_LEARN_MOST_CHANNELS];	/* input = (value - shift) / scale; a value not known: 0 */
	double		scale[RPM_LEARN_MOST_CHANNELS];
	double		target_shift_dbm;	/* level = shift + scale x output */
	double		target_scale_db;
	double		deviation_factor;	/* on standard deviations */
} rpm_learn_scaling;

/*
 * Means and deviations of the channels over all known cells, of the levels over all but one fold (-1: all).  A channel that is the same
 * everywhere has scale 1; an angle has shift 0.  Errors: RPM_INVALID_ARGUMENT (no level is left to learn from).
 */
rpm_code	rpm_learn_scaling_of(const rpm_learn_data *data, int held_out, rpm_learn_scaling *scaling, rpm_status *status);

typedef struct rpm_learn_options
{
	rpm_nn_training training;	/* loss (of networks of one channel), optimiser, schedule, patience; seed is set from below */
	int			epochs;
	int			batch;			/* images at a time; fewer where there are fewer tiles */
	int			crop;			/* side of the squares that are learned from, cells; 0: whole tiles */
	int			held_out;		/* fold for validation; -1: none */
	bool		augment;		/* turn and mirror */
	uint64_t	seed;
} rpm_learn_options;

/* 20 epochs of batches of 4 whole tiles, turned and mirrored; cosine from 2e-3, Huber's loss, clipped. */
rpm_learn_options rpm_learn_options_default(void);

/* What validation gathered; a plain struct without pointers: it can be written down, added up and read back. */
#define RPM_LEARN_RATIO_BINS 400
typedef struct rpm_learn_score
{
	rpm_comparison comparison;	/* predicted and measured, dBm */
	double		ratio[RPM_LEARN_RATIO_BINS];	/* cells by |error| / standard deviation in steps of 1/50; the last holds all above */
} rpm_learn_score;

void		rpm_learn_score_add(rpm_learn_score *score, double predicted_dbm, double sd_db, double measured_dbm);
void		rpm_learn_score_merge(rpm_learn_score *score, const rpm_learn_score *other);

/* The factor on standard deviations with which 90 % intervals (1.645) cover 90 %; 1 where nothing was scored. */
double		rpm_learn_score_factor(const rpm_learn_score *score);
/* Share of cells within 1.645 x factor standard deviations; NaN where nothing was scored. */
double		rpm_learn_score_coverage(const rpm_learn_score *score, double factor);

typedef struct rpm_learn_epoch
{
	int			epoch;			/* that ended, from 1 */
	double		training_loss;
	rpm_learn_score score;		/* of the fold held out */
	double		validation_loss;	/* MAE, dB; of the training where nothing is held out */
	bool		best;			/* so far */
	bool		last;			/* no further one */
} rpm_learn_epoch;

typedef struct rpm_learn_run rpm_learn_run;

/*
 * Whether a network can learn from so many tiles of a form as the options say, before any tile is read.  control's memory (NULL: not looked at) is for tiles and
 * network together; tiles that alone would need more are not told of here.  Errors: RPM_INVALID_ARGUMENT (channels, sizes or numbers that do not fit), RPM_LIMIT_EXCEEDED.
 */
rpm_code	rpm_learn_check(const rpm_nn_model *model, const rpm_learn_form *form, size_t tiles, const rpm_learn_options *options,
							const rpm_control *control, rpm_status *status);

/* Bytes of a run without its data. */
rpm_code	rpm_learn_run_bytes(const rpm_nn_model *model, const rpm_learn_data *data, const rpm_learn_options *options,
								const rpm_control *control, size_t *bytes, rpm_status *status);

/*
 * A run from weights drawn by its seed.  model and data must outlive it; data are not changed.  Errors: RPM_INVALID_ARGUMENT (channels,
 * sizes or numbers that do not fit, nothing to learn from), RPM_LIMIT_EXCEEDED before anything is taken, RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_learn_run_create(const rpm_nn_model *model, const rpm_learn_data *data, const rpm_learn_options *options,
								 rpm_control *control, rpm_learn_run **run, rpm_status *status);
void		rpm_learn_run_free(rpm_learn_run *run);

/*
 * One epoch and its validation; control's phase is RPM_PHASE_LEARNING, its units the batches.  After RPM_CANCELLED or an error go on from a checkpoint only.
 */
rpm_code	rpm_learn_run_epoch(rpm_learn_run *run, rpm_control *control, rpm_learn_epoch *epoch, rpm_status *status);

const rpm_learn_scaling *rpm_learn_run_scaling(const rpm_learn_run *run);
/* The weights after the best epoch so far. */
const float *rpm_learn_run_weights(const rpm_learn_run *run);

/* How well the weights as they are predict the fold held out; nothing where none is. */
rpm_code	rpm_learn_run_validate(rpm_learn_run *run, rpm_control *control, rpm_learn_score *score, rpm_status *status);

/*
 * Before the first epoch: the scaling and the weights (NULL: the scaling alone, before a checkpoint is read) of another network of the same declaration, to
 * be fine-tuned.  Errors: RPM_INVALID_ARGUMENT (other channels, a run that has begun), those of rpm_nn_load_weights.
 */
rpm_code	rpm_learn_run_start(rpm_learn_run *run, const rpm_learn_scaling *scaling, const rpm_safetensors *weights, rpm_status *status);

/* A checkpoint as rpm_nn_checkpoint_save, and back: weights of the best epoch are written and read apart, as any weights. */
rpm_code	rpm_learn_run_save(const rpm_learn_run *run, rpm_sink sink, void *context, rpm_status *status);
rpm_code	rpm_learn_run_resume(rpm_learn_run *run, const rpm_safetensors *checkpoint, const rpm_safetensors *best, rpm_status *status);

/* A network ready to predict. */
typedef struct rpm_learn_network rpm_learn_network;

/*
 * From a file of weights; both are copied.  Errors: those of rpm_nn_parse and rpm_nn_load_weights; RPM_INVALID_ARGUMENT (not one image in, a first
 * output that is not one or two channels, other channels than the scaling), RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_learn_network_open(const char *declaration, const void *bytes, size_t size, const rpm_learn_scaling *scaling,
								   const rpm_control *control, rpm_learn_network **network, rpm_status *status);
void		rpm_learn_network_free(rpm_learn_network *network);
size_t		rpm_learn_network_bytes(const rpm_learn_network *network);
bool		rpm_learn_network_has_deviation(const rpm_learn_network *network);

/*
 * Mean level (dBm) and standard deviation (dB; the scale of levels where the network has none) of every cell of a map of channels x rows x columns values.  Maps whose
 * sides do not suit the network are widened by cells not known.  Errors: RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED,
 * RPM_INVALID_ARGUMENT (no cells, infinite values).
 */
rpm_code	rpm_learn_network_predict(const rpm_learn_network *network, int rows, int columns, const float *values, rpm_control *control,
									  float *mean_dbm, float *sd_db, rpm_status *status);
/* The same where, and in what precision, `where` says (its backend, precision, device and device_memory_bytes count); GPU's errors as of rpm_nn_create. */
rpm_code	rpm_learn_network_predict_on(const rpm_learn_network *network, const rpm_nn_options *where, int rows, int columns, const float *values,
										 rpm_control *control, float *mean_dbm, float *sd_db, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
