/*
 * train.c: a network in training, held by the session from one epoch to the next (sql/86_train.sql).
 *
 * rpm_train commits after each epoch, so what is in training must outlive a transaction: it is in the engine's memory, one for a session, and
 * is freed by rpm.train_close, by a transaction that fails, and with the session.
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "datums.h"
#include "model_bytes.h"
#include "network_device.h"
#include "network_library.h"
#include "progress.h"
#include "rpm_learn.h"
#include "rpm_nn_zoo.h"
#include "rpm_settings.h"
#include "scene_row.h"
#include "status_report.h"
#include "train_data.h"
#include "varlena.h"
#include "worker.h"

#define MOST_EPOCHS 1000000
#define ANGLE_CHANNEL "azimuth_off_deg"
#define AFTER_A_LOSS "rpm_train goes on from the last epoch that it committed with resume => true; what had committed none begins anew. " \
	"With rpm_pg.device = 'auto' or 'cpu' this session does so on the CPU; a new session tries the device once more."

PG_FUNCTION_INFO_V1(rpm_sql_train_load);
PG_FUNCTION_INFO_V1(rpm_sql_train_run);
PG_FUNCTION_INFO_V1(rpm_sql_train_epoch);
PG_FUNCTION_INFO_V1(rpm_sql_train_error);
PG_FUNCTION_INFO_V1(rpm_sql_train_close);
PG_FUNCTION_INFO_V1(rpm_sql_train_interval);
PG_FUNCTION_INFO_V1(rpm_sql_network_unet);

typedef struct Training
{
	rpm_nn_model *model;
	rpm_learn_data *data;
	rpm_learn_run *run;
	RpmNetworkDevice device;	/* that it runs on */
	int32		scene_id;		/* 0: none is named */
} Training;

static Training training;

/* Arguments of rpm.train_load and rpm.train_run by number. */
enum
{
	LOAD_ANTENNAS = 0,
	LOAD_FOLDS,
	LOAD_FEATURES,
	LOAD_SCENE,
	LOAD_CHANNELS,
	LOAD_CELL_SIZE,
	LOAD_SIZE_CELLS,
	LOAD_SPLIT,
	LOAD_FOLD_COUNT,
	LOAD_BLOCK,
	LOAD_SEED
};

enum
{
	RUN_DECLARATION = 0,
	RUN_HELD_OUT,
	RUN_EPOCHS,
	RUN_BATCH,
	RUN_CROP,
	RUN_RATE,
	RUN_DECAY,
	RUN_PATIENCE,
	RUN_AUGMENT,
	RUN_SEED,
	RUN_CHECKPOINT,
	RUN_WEIGHTS,
	RUN_START_SHIFT,
	RUN_START_SCALE,
	RUN_START_TARGET_SHIFT,
	RUN_START_TARGET_SCALE
};

#define LOAD_COLUMNS 4
#define RUN_COLUMNS 6
#define EPOCH_COLUMNS 15

typedef struct RunCall
{
	const char *declaration;
	rpm_learn_options options;
	bytea	   *checkpoint,
			   *weights;
	bool		starts;			/* from another network, fine-tuning it */
	rpm_learn_scaling start;	/* its scaling */
	rpm_status	why;			/* the CPU's turn, where it came to that */
} RunCall;

typedef struct EpochCall
{
	rpm_learn_epoch epoch;
	RpmModelBytes *checkpoint,
			   *weights;
} EpochCall;

static void forget_run(void);
static void forget_training(void);
static void forget_at_end(XactEvent event, void *argument);
static void read_source(FunctionCallInfo fcinfo, RpmTrainSource *source);
static int *read_folds(FunctionCallInfo fcinfo, int count, int fold_count);
static void read_run(FunctionCallInfo fcinfo, RunCall *call);
static void run_on(rpm_learn_options *options, const rpm_nn_options *where);
static rpm_code begin_run(void *argument, rpm_control *control, rpm_status *status);
static void read_start(FunctionCallInfo fcinfo, RunCall *call);
static void read_numbers(FunctionCallInfo fcinfo, int number, int *count, double *values);
static rpm_code start(const RunCall *call, rpm_status *status);
static rpm_code resume(const RunCall *call, rpm_status *status);
static rpm_code run_epoch(void *argument, rpm_control *control, rpm_status *status);
static rpm_code say_how_to_go_on(rpm_status *status);
static void need_training(void);
static rpm_code run_validation(void *argument, rpm_control *control, rpm_status *status);
static void control_of_run(rpm_control *control);

static void
forget_run(void)
{
	rpm_learn_run_free(training.run);
	rpm_nn_model_free(training.model);
	training.run = NULL;
	training.model = NULL;
}

static void
forget_training(void)
{
	forget_run();
	rpm_learn_data_free(training.data);
	training.data = NULL;
}

static void
forget_at_end(XactEvent event, void *argument)
{
	(void) argument;
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		forget_training();
}

/* Reads the tiles; what was in training before is forgotten.  Arguments as in sql/86_train.sql. */
Datum
rpm_sql_train_load(PG_FUNCTION_ARGS)
{
	static bool registered = false;
	RpmTrainSource source = {0};
	rpm_control control;
	int			count,
				fold_count = (int) rpm_argument_int32(fcinfo, LOAD_FOLD_COUNT, "folds", 1, RPM_LEARN_MOST_FOLDS);
	int64	   *antennas = rpm_argument_ids(fcinfo, LOAD_ANTENNAS, "antennas", &count);
	Datum		values[LOAD_COLUMNS];
	bool		nulls[LOAD_COLUMNS] = {false};

	if (!registered)
		RegisterXactCallback(forget_at_end, NULL);
	registered = true;
	forget_training();
	if (antennas == NULL)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("antennas is null"), errhint("Give the keys of antennas.")));
	read_source(fcinfo, &source);
	source.folds = fold_count;
	training.scene_id = source.scene_id = source.scene != NULL ? rpm_scene_row_read(source.scene)->scene_id : 0;
	rpm_control_from_settings(&control);
	rpm_train_data_read(&source, antennas, source.split == RPM_TRAIN_ANTENNA ? read_folds(fcinfo, count, fold_count) : NULL, count, &control,
						&training.data);
	rpm_progress_end();
	values[0] = Int32GetDatum((int32) rpm_learn_data_tiles(training.data));
	values[1] = Int64GetDatum((int64) rpm_learn_data_levels(training.data, -1));
	values[2] = CStringGetTextDatum(psprintf("%016llx", (unsigned long long) rpm_learn_data_fingerprint(training.data)));
	values[3] = Int64GetDatum((int64) rpm_learn_data_size(training.data));
	return rpm_result_row(fcinfo, values, nulls);
}

static void
read_source(FunctionCallInfo fcinfo, RpmTrainSource *source)
{
	static const char *const splits[] = {[RPM_TRAIN_ANTENNA] = "antenna", [RPM_TRAIN_BLOCK] = "block", [RPM_TRAIN_PIXEL] = "pixel"};
	ArrayType  *channels;
	Datum	   *names;
	bool	   *nulls;

	if (!PG_ARGISNULL(LOAD_FEATURES))
		source->features = text_to_cstring(PG_GETARG_TEXT_PP(LOAD_FEATURES));
	if (!PG_ARGISNULL(LOAD_SCENE))
		source->scene = text_to_cstring(PG_GETARG_TEXT_PP(LOAD_SCENE));
	if (PG_ARGISNULL(LOAD_CHANNELS))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("channels is null"), errhint("Name the channels of the input.")));
	channels = PG_GETARG_ARRAYTYPE_P(LOAD_CHANNELS);
	source->channels = PointerGetDatum(channels);
	deconstruct_array(channels, TEXTOID, -1, false, TYPALIGN_INT, &names, &nulls, &source->channel_count);
	if (source->channel_count < 1 || source->channel_count > RPM_LEARN_MOST_CHANNELS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d channels cannot be", source->channel_count),
				 errhint("Name 1 to %d channels.", RPM_LEARN_MOST_CHANNELS)));
	for (int c = 0; c < source->channel_count; c++)
	{
		if (nulls[c])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("channel %d is null", c + 1), errhint("Name each channel.")));
		source->angle[c] = strcmp(TextDatumGetCString(names[c]), ANGLE_CHANNEL) == 0;
	}
	source->cell_size_m = rpm_argument_number(fcinfo, LOAD_CELL_SIZE, "cell_size_m", 0.01, 100000);
	source->size_cells = (int) rpm_argument_int32(fcinfo, LOAD_SIZE_CELLS, "size_cells", 1, RPM_TRAIN_MOST_SIDE);
	source->split = (RpmTrainSplit) rpm_argument_choice(fcinfo, LOAD_SPLIT, "split", splits, lengthof(splits));
	source->block_m = rpm_argument_number(fcinfo, LOAD_BLOCK, "block_m", 0.01, 1e6);
	source->seed = rpm_argument_int64(fcinfo, LOAD_SEED, "seed", PG_INT64_MIN, PG_INT64_MAX);
}

static int *
read_folds(FunctionCallInfo fcinfo, int count, int fold_count)
{
	int		   *folds = palloc(count * sizeof(int));
	Datum	   *elements;
	bool	   *nulls;
	int			given = 0;

	if (!PG_ARGISNULL(LOAD_FOLDS))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(LOAD_FOLDS), INT4OID, sizeof(int32), true, TYPALIGN_INT, &elements, &nulls, &given);
	if (given != count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%d folds are given for %d antennas", given, count),
				 errhint("Give one fold for each antenna, from 0.")));
	for (int i = 0; i < count; i++)
	{
		folds[i] = nulls[i] ? -1 : DatumGetInt32(elements[i]);
		if (folds[i] < 0 || folds[i] >= fold_count)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("fold %d of antenna %d cannot be", folds[i], i + 1),
					 errhint("Folds count from 0 to %d.", fold_count - 1)));
	}
	return folds;
}

/* Begins a run over the tiles, or goes on with one from a checkpoint. */
Datum
rpm_sql_train_run(PG_FUNCTION_ARGS)
{
	RunCall		call = {0};
	rpm_control control;
	const rpm_learn_scaling *scaling;
	Datum		values[RUN_COLUMNS];
	bool		nulls[RUN_COLUMNS] = {false};

	if (training.data == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no tiles are loaded"),
				 errhint("rpm_train loads them: call that.")));
	forget_run();
	read_run(fcinfo, &call);
	control_of_run(&control);
	rpm_network_device_take(&training.device);
	if (training.device.where.backend != RPM_NN_CUDA)
		rpm_network_notice_library();
	rpm_status_clear(&call.why);
	rpm_run_engine(begin_run, &call, &control, NULL);
	rpm_network_device_give_back(&training.device);
	if (call.why.code != RPM_OK)
		rpm_network_say_why(&call.why);
	scaling = rpm_learn_run_scaling(training.run);
	values[0] = Int64GetDatum(rpm_nn_parameter_count(training.model));
	values[1] = rpm_float8_array(scaling->shift, scaling->channels);
	values[2] = rpm_float8_array(scaling->scale, scaling->channels);
	values[3] = Float8GetDatum(scaling->target_shift_dbm);
	values[4] = Float8GetDatum(scaling->target_scale_db);
	values[5] = Int64GetDatum((int64) rpm_learn_data_levels(training.data, call.options.held_out < 0 ? RPM_LEARN_MOST_FOLDS : call.options.held_out));
	return rpm_result_row(fcinfo, values, nulls);
}

static void
read_run(FunctionCallInfo fcinfo, RunCall *call)
{
	rpm_learn_options *options = &call->options;

	*options = rpm_learn_options_default();
	call->declaration = rpm_model_text_to_file(rpm_argument_text(fcinfo, RUN_DECLARATION, "declaration", "rpm_network_unet writes one."));
	options->held_out = (int) rpm_argument_int32(fcinfo, RUN_HELD_OUT, "the fold held out", -1, RPM_LEARN_MOST_FOLDS - 1);
	options->epochs = (int) rpm_argument_int32(fcinfo, RUN_EPOCHS, "epochs", 1, MOST_EPOCHS);
	options->batch = (int) rpm_argument_int32(fcinfo, RUN_BATCH, "batch", 1, RPM_TRAIN_MOST_BATCH);
	options->crop = (int) rpm_argument_int32(fcinfo, RUN_CROP, "crop_cells", 0, RPM_TRAIN_MOST_SIDE);
	options->training.schedule.rate = rpm_argument_number(fcinfo, RUN_RATE, "learning_rate", 1e-12, 10);
	options->training.schedule.least = fmin(options->training.schedule.least, options->training.schedule.rate);
	options->training.adamw.weight_decay = rpm_argument_number(fcinfo, RUN_DECAY, "weight_decay", 0, 100);
	options->training.patience.stop_epochs = (int) rpm_argument_int32(fcinfo, RUN_PATIENCE, "patience", 0, MOST_EPOCHS);
	options->augment = rpm_argument_bool(fcinfo, RUN_AUGMENT, "augment");
	options->seed = (uint64_t) rpm_argument_int64(fcinfo, RUN_SEED, "seed", PG_INT64_MIN, PG_INT64_MAX);
	if (!PG_ARGISNULL(RUN_CHECKPOINT) && !PG_ARGISNULL(RUN_WEIGHTS))
	{
		call->checkpoint = PG_GETARG_BYTEA_PP(RUN_CHECKPOINT);
		call->weights = PG_GETARG_BYTEA_PP(RUN_WEIGHTS);
	}
	call->starts = !PG_ARGISNULL(RUN_START_SHIFT);
	if (call->starts)
		read_start(fcinfo, call);
}

static void
read_start(FunctionCallInfo fcinfo, RunCall *call)
{
	int			scales = 0;

	if (PG_ARGISNULL(RUN_START_SCALE) || PG_ARGISNULL(RUN_WEIGHTS))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the network to start from has no weights or scales"), errhint("Name one that is ready.")));
	read_numbers(fcinfo, RUN_START_SHIFT, &call->start.channels, call->start.shift);
	read_numbers(fcinfo, RUN_START_SCALE, &scales, call->start.scale);
	if (scales != call->start.channels)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the network to start from has %d shifts and %d scales", call->start.channels, scales),
				 errhint("Give one of each for each channel.")));
	call->start.target_shift_dbm = rpm_argument_number(fcinfo, RUN_START_TARGET_SHIFT, "target_shift_dbm", -1000, 1000);
	call->start.target_scale_db = rpm_argument_number(fcinfo, RUN_START_TARGET_SCALE, "target_scale_db", 1e-9, 1000);
	call->start.deviation_factor = 1;
	if (call->checkpoint == NULL)
		call->weights = PG_GETARG_BYTEA_PP(RUN_WEIGHTS);
}

static void
read_numbers(FunctionCallInfo fcinfo, int number, int *count, double *values)
{
	Datum	   *elements;
	bool	   *nulls;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(number), FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, count);
	for (int i = 0; i < *count && i < RPM_LEARN_MOST_CHANNELS; i++)
		values[i] = nulls[i] ? 0 : DatumGetFloat8(elements[i]);
}

static void
run_on(rpm_learn_options *options, const rpm_nn_options *where)
{
	options->training.net.backend = where->backend;
	options->training.net.precision = where->precision;
	options->training.net.device = where->device;
	options->training.net.device_memory_bytes = where->device_memory_bytes;
}

static rpm_code
begin_run(void *argument, rpm_control *control, rpm_status *status)
{
	RunCall    *call = argument;

	if (rpm_nn_parse(call->declaration, strlen(call->declaration), &training.model, status) != RPM_OK)
		return status->code;
	run_on(&call->options, &training.device.where);
	if (rpm_learn_run_create(training.model, training.data, &call->options, control, &training.run, status) != RPM_OK &&
		rpm_network_falls_back(&training.device, status, &call->why))
	{
		run_on(&call->options, &training.device.where);
		rpm_learn_run_create(training.model, training.data, &call->options, control, &training.run, status);
	}
	if (status->code == RPM_OK && call->starts)
		start(call, status);
	if (status->code == RPM_OK && call->checkpoint != NULL)
		resume(call, status);
	return say_how_to_go_on(status);
}

/* The scaling alone where a checkpoint has the weights. */
static rpm_code
start(const RunCall *call, rpm_status *status)
{
	rpm_safetensors *weights = NULL;

	if (call->checkpoint != NULL || rpm_safetensors_open(VARDATA_ANY(call->weights), VARSIZE_ANY_EXHDR(call->weights), &weights, status) == RPM_OK)
		rpm_learn_run_start(training.run, &call->start, weights, status);
	rpm_safetensors_free(weights);
	return status->code;
}

static rpm_code
resume(const RunCall *call, rpm_status *status)
{
	rpm_safetensors *checkpoint = NULL,
			   *weights = NULL;

	if (rpm_safetensors_open(VARDATA_ANY(call->checkpoint), VARSIZE_ANY_EXHDR(call->checkpoint), &checkpoint, status) == RPM_OK &&
		rpm_safetensors_open(VARDATA_ANY(call->weights), VARSIZE_ANY_EXHDR(call->weights), &weights, status) == RPM_OK)
		rpm_learn_run_resume(training.run, checkpoint, weights, status);
	rpm_safetensors_free(checkpoint);
	rpm_safetensors_free(weights);
	return status->code;
}

/* The mean absolute error at what is held out by the weights as they are: before the first epoch those that the run began with. */
Datum
rpm_sql_train_error(PG_FUNCTION_ARGS)
{
	rpm_learn_score score;
	rpm_control control;

	(void) fcinfo;
	need_training();
	control_of_run(&control);
	rpm_network_device_take_again(&training.device);
	rpm_run_engine(run_validation, &score, &control, NULL);
	rpm_network_device_give_back(&training.device);
	if (score.comparison.pairs == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rpm_comparison_metrics(&score.comparison).mae_db);
}

static void
need_training(void)
{
	if (training.run == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing is in training"),
				 errhint("rpm_train begins a training: call that.")));
}

static rpm_code
run_validation(void *argument, rpm_control *control, rpm_status *status)
{
	rpm_learn_run_validate(training.run, control, argument, status);
	return say_how_to_go_on(status);
}

/* One epoch of the run; weights where they are the best so far, and the checkpoint. */
Datum
rpm_sql_train_epoch(PG_FUNCTION_ARGS)
{
	EpochCall	call = {0};
	rpm_control control;
	rpm_metrics metrics;
	const rpm_learn_epoch *epoch = &call.epoch;
	Datum		values[EPOCH_COLUMNS];
	bool		nulls[EPOCH_COLUMNS] = {false};

	need_training();
	control_of_run(&control);
	call.checkpoint = rpm_model_bytes_new(CurrentMemoryContext);
	call.weights = rpm_model_bytes_new(CurrentMemoryContext);
	rpm_progress_begin(training.scene_id);
	rpm_network_device_take_again(&training.device);
	rpm_run_engine(run_epoch, &call, &control, NULL);
	rpm_network_device_give_back(&training.device);
	rpm_progress_end();
	metrics = rpm_comparison_metrics(&epoch->score.comparison);
	values[0] = Int32GetDatum(epoch->epoch);
	values[1] = rpm_float8_or_null(epoch->training_loss, &nulls[1]);
	values[2] = Int64GetDatum((int64) epoch->score.comparison.pairs);
	values[3] = rpm_float8_or_null(metrics.rmse_db, &nulls[3]);
	values[4] = rpm_float8_or_null(metrics.mae_db, &nulls[4]);
	values[5] = rpm_float8_or_null(metrics.bias_db, &nulls[5]);
	values[6] = rpm_float8_or_null(metrics.pcc, &nulls[6]);
	values[7] = rpm_float8_or_null(metrics.smape, &nulls[7]);
	values[8] = rpm_float8_or_null(metrics.r2, &nulls[8]);
	values[9] = rpm_float8_or_null(metrics.hole_f1, &nulls[9]);
	values[10] = rpm_float8_array(epoch->score.ratio, RPM_LEARN_RATIO_BINS);
	values[11] = BoolGetDatum(epoch->best);
	values[12] = BoolGetDatum(epoch->last);
	nulls[13] = !epoch->best;
	values[13] = epoch->best ? PointerGetDatum(rpm_model_bytes_as_bytea(call.weights)) : (Datum) 0;
	values[14] = PointerGetDatum(rpm_model_bytes_as_bytea(call.checkpoint));
	return rpm_result_row(fcinfo, values, nulls);
}

static rpm_code
run_epoch(void *argument, rpm_control *control, rpm_status *status)
{
	EpochCall  *call = argument;

	if (rpm_learn_run_epoch(training.run, control, &call->epoch, status) != RPM_OK)
		return say_how_to_go_on(status);
	if (call->epoch.best &&
		rpm_nn_save_weights(training.model, rpm_learn_run_weights(training.run), NULL, 0, rpm_model_bytes_sink, call->weights, status) != RPM_OK)
		return rpm_model_bytes_check(call->weights, status);
	rpm_learn_run_save(training.run, rpm_model_bytes_sink, call->checkpoint, status);
	return rpm_model_bytes_check(call->checkpoint, status);
}

static rpm_code
say_how_to_go_on(rpm_status *status)
{
	if (status->code == RPM_DEVICE_LOST)
		strlcpy(status->hint, AFTER_A_LOSS, sizeof(status->hint));
	return status->code;
}

Datum
rpm_sql_train_close(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	forget_training();
	PG_RETURN_VOID();
}

/* What is left of rpm_pg.max_memory beside the tiles. */
static void
control_of_run(rpm_control *control)
{
	size_t		taken = rpm_learn_data_size(training.data);

	rpm_control_from_settings(control);
	control->memory_limit_bytes = control->memory_limit_bytes > taken ? control->memory_limit_bytes - taken : 1;
}

/* (ratio float8[], factor float8) -> (factor float8, coverage float8): the factor that calibrates where none is given. */
Datum
rpm_sql_train_interval(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	rpm_learn_score score = {0};
	Datum		values[2];
	bool		nulls[2] = {false};
	double		factor;

	if (ARR_NDIM(array) != 1 || ARR_DIMS(array)[0] != RPM_LEARN_RATIO_BINS || ARR_HASNULL(array) || ARR_ELEMTYPE(array) != FLOAT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ratio is not %d numbers", RPM_LEARN_RATIO_BINS),
				 errhint("Give what rpm_train keeps of a fold.")));
	memcpy(score.ratio, ARR_DATA_PTR(array), sizeof(score.ratio));
	factor = PG_ARGISNULL(1) ? rpm_learn_score_factor(&score) : PG_GETARG_FLOAT8(1);
	values[0] = Float8GetDatum(factor);
	values[1] = rpm_float8_or_null(rpm_learn_score_coverage(&score, factor), &nulls[1]);
	return rpm_result_row(fcinfo, values, nulls);
}

/* (inputs, base, stages, kernel, outputs) -> text */
Datum
rpm_sql_network_unet(PG_FUNCTION_ARGS)
{
	rpm_nn_unet unet = {PG_GETARG_INT32(1), PG_GETARG_INT32(2), PG_GETARG_INT32(0), PG_GETARG_INT32(4), PG_GETARG_INT32(3)};
	rpm_status	status;
	char	   *declaration;
	text	   *result;

	rpm_status_clear(&status);
	rpm_nn_unet_declaration(&unet, &declaration, &status);
	rpm_report_status(&status);
	result = cstring_to_text(declaration);
	free(declaration);
	PG_RETURN_TEXT_P(result);
}

