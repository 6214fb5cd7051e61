/* run.c: a network trained epoch by epoch on tiles, and validated on the fold held out (rpm_learn.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/data.h"
#include "learn/network.h"

#define CLIP 1.0
#define RATE 2e-3
#define LEAST_RATE 1e-5
#define TURNS 8					/* four quarter turns, each with its mirror */

/* What a draw is for. */
enum
{
	DRAW_ORDER = 1,
	DRAW_TURN,
	DRAW_ANCHOR,
	DRAW_ROW,
	DRAW_COLUMN
};

struct rpm_learn_run
{
	const rpm_nn_model *model;
	const rpm_learn_data *data;
	rpm_learn_options options;
	rpm_learn_scaling scaling;
	int			outputs;
	int			crop, batch;	/* as they are used */
	size_t		tile_count;		/* with something to learn from */
	size_t		held_out_count; /* with something held out */
	size_t	   *tiles;			/* first those, then these */
	size_t	   *order;
	float	   *weights, *best;
	rpm_nn_trainer *trainer;
	rpm_nn	   *validation;
	float	   *inputs, *target, *output;
	uint8_t    *mask;
	int			epoch;
};

static rpm_code fit_network(rpm_learn_run *run, const rpm_nn_model *model, const rpm_learn_form *form, const rpm_learn_options *options, rpm_status *status);
static rpm_code check_options(const rpm_learn_options *options, rpm_status *status);
static rpm_code plan(rpm_learn_run *run, const rpm_nn_model *model, const rpm_learn_data *data, const rpm_learn_options *options,
					 rpm_status *status);
static void count_tiles(rpm_learn_run *run);
static rpm_code bytes_of(const rpm_learn_run *run, const rpm_control *control, size_t *bytes, rpm_status *status);
static rpm_code check_memory(const rpm_learn_run *run, const rpm_control *control, size_t allowed, rpm_status *status);
static rpm_code take_memory(rpm_learn_run *run, rpm_control *control, rpm_status *status);
static rpm_code list_tiles(rpm_learn_run *run, rpm_status *status);
static uint64_t draw(const rpm_learn_run *run, uint64_t what, uint64_t item);
static void shuffle(rpm_learn_run *run);
static learn_crop crop_of(const rpm_learn_run *run, size_t tile);
static int	place_crop(uint64_t hash, int anchor, int crop, int side);
static rpm_code train(rpm_learn_run *run, rpm_control *control, double *loss, rpm_status *status);
static rpm_code validate(rpm_learn_run *run, rpm_control *control, rpm_learn_score *score, rpm_status *status);

rpm_learn_options
rpm_learn_options_default(void)
{
	rpm_learn_options options = {.training = rpm_nn_training_default(), .epochs = 20, .batch = 4, .held_out = -1, .augment = true, .seed = 1};

	options.training.loss = RPM_NN_HUBER;
	options.training.clip = CLIP;
	options.training.schedule = (rpm_nn_schedule) {.kind = RPM_NN_COSINE, .rate = RATE, .least = LEAST_RATE, .factor = 1, .steps = 1};
	return options;
}

rpm_code
rpm_learn_check(const rpm_nn_model *model, const rpm_learn_form *form, size_t tiles, const rpm_learn_options *options, const rpm_control *control,
				rpm_status *status)
{
	rpm_learn_run run = {0};
	rpm_learn_data none = {.form = *form, .tile_count = tiles};
	size_t		kept = rpm_learn_data_bytes(form, tiles, 0);

	if (fit_network(&run, model, form, options, status) != RPM_OK || control == NULL || kept >= control->memory_limit_bytes)
		return status->code;
	run.data = &none;
	run.batch = tiles < (size_t) options->batch ? (int) tiles : options->batch;
	return check_memory(&run, control, control->memory_limit_bytes - kept, status);
}

rpm_code
rpm_learn_run_bytes(const rpm_nn_model *model, const rpm_learn_data *data, const rpm_learn_options *options, const rpm_control *control,
					size_t *bytes, rpm_status *status)
{
	rpm_learn_run run = {0};

	if (plan(&run, model, data, options, status) == RPM_OK)
		bytes_of(&run, control, bytes, status);
	return status->code;
}

rpm_code
rpm_learn_run_create(const rpm_nn_model *model, const rpm_learn_data *data, const rpm_learn_options *options, rpm_control *control,
					 rpm_learn_run **made, rpm_status *status)
{
	rpm_learn_run *run = calloc(1, sizeof(rpm_learn_run));

	*made = NULL;
	if (run == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (plan(run, model, data, options, status) == RPM_OK && take_memory(run, control, status) == RPM_OK)
		*made = run;
	else
		rpm_learn_run_free(run);
	return status->code;
}

static rpm_code
plan(rpm_learn_run *run, const rpm_nn_model *model, const rpm_learn_data *data, const rpm_learn_options *options, rpm_status *status)
{
	run->data = data;
	if (fit_network(run, model, &data->form, options, status) != RPM_OK ||
		rpm_learn_scaling_of(data, options->held_out, &run->scaling, status) != RPM_OK)
		return status->code;
	count_tiles(run);
	run->batch = run->tile_count < (size_t) options->batch ? (int) run->tile_count : options->batch;
	if (options->held_out >= 0 && run->held_out_count == 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Take more antennas, or fewer folds.", "fold %d holds out nothing", options->held_out + 1);
	run->options.training.net.seed = learn_mix(options->seed, (uint64_t) (options->held_out + 1));
	if (run->options.training.schedule.steps <= 1)
		run->options.training.schedule.steps = (int64_t) options->epochs * (int64_t) (run->tile_count / (size_t) run->batch);
	return RPM_OK;
}

/* What needs no tiles to be known: options, channels, sides. */
static rpm_code
fit_network(rpm_learn_run *run, const rpm_nn_model *model, const rpm_learn_form *form, const rpm_learn_options *options, rpm_status *status)
{
	rpm_nn_shape image = {1, form->channels, form->side, form->side},
				out;

	run->model = model;
	run->options = *options;
	run->crop = options->crop == 0 || options->crop > form->side ? form->side : options->crop;
	if (check_options(options, status) != RPM_OK || learn_check_model(model, form->channels, &run->outputs, status) != RPM_OK ||
		rpm_nn_output_shapes(model, &image, &out, status) != RPM_OK)
		return status->code;
	image.h = image.w = run->crop;
	if (rpm_nn_output_shapes(model, &image, &out, status) != RPM_OK)
		return status->code;
	if (out.h != image.h || out.w != image.w)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Take a side that divides by what the network pools.",
						"the network gives %lld x %lld cells for %d x %d", (long long) out.h, (long long) out.w, run->crop, run->crop);
	if (run->outputs == 2)
		run->options.training.loss = RPM_NN_GAUSSIAN;
	return RPM_OK;
}

static rpm_code
check_options(const rpm_learn_options *options, rpm_status *status)
{
	if (options->epochs < 1 || options->epochs > 1000000)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give 1 to 1,000,000.", "there cannot be %d epochs", options->epochs);
	if (options->batch < 1 || options->batch > 4096)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give 1 to 4096 images.", "a batch cannot be of %d images", options->batch);
	if (options->crop < 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give cells, or 0 for whole tiles.", "the side of a crop cannot be %d", options->crop);
	if (options->held_out >= RPM_LEARN_MOST_FOLDS)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Folds count from 0 to 99.", "there is no fold %d", options->held_out);
	return RPM_OK;
}

static void
count_tiles(rpm_learn_run *run)
{
	const rpm_learn_data *data = run->data;

	for (size_t t = 0; t < data->tile_count; t++)
	{
		bool		learns = false,
					holds = false;

		for (size_t i = 0; i < data->tiles[t].level_count; i++)
			if (data->levels[data->tiles[t].first_level + i].fold == run->options.held_out)
				holds = true;
			else
				learns = true;
		if (run->tiles != NULL && learns)
			run->tiles[run->tile_count] = t;
		if (run->tiles != NULL && holds)
			run->tiles[data->tile_count + run->held_out_count] = t;
		run->tile_count += learns;
		run->held_out_count += holds;
	}
}

static size_t
input_floats(const rpm_learn_run *run)
{
	size_t		square = (size_t) run->crop * (size_t) run->crop * (size_t) run->batch,
				whole = (size_t) run->data->form.side * (size_t) run->data->form.side;

	return (square > whole ? square : whole) * (size_t) run->data->form.channels;
}

static rpm_nn_shape
training_shape(const rpm_learn_run *run)
{
	return (rpm_nn_shape) {run->batch, run->data->form.channels, run->crop, run->crop};
}

static rpm_nn_shape
validation_shape(const rpm_learn_run *run)
{
	return (rpm_nn_shape) {1, run->data->form.channels, run->data->form.side, run->data->form.side};
}

/* Where and how the training runs. */
static rpm_nn_options
inference_options(const rpm_learn_run *run)
{
	rpm_nn_options options = run->options.training.net;

	options.training = options.input_gradients = false;
	return options;
}

static rpm_code
bytes_of(const rpm_learn_run *run, const rpm_control *control, size_t *bytes, rpm_status *status)
{
	rpm_nn_options inference = inference_options(run);
	rpm_nn_shape training = training_shape(run),
				validation = validation_shape(run);
	size_t		part;

	*bytes = sizeof(rpm_learn_run) + 2 * sizeof(float) * (size_t) rpm_nn_weight_count(run->model) + sizeof(float) * input_floats(run) +
		(size_t) (training.n * training.h * training.w) * (sizeof(float) + 1) + sizeof(size_t) * 3 * run->data->tile_count +
		sizeof(float) * (size_t) (2 * validation.h * validation.w);
	if (rpm_nn_trainer_memory(run->model, &training, &run->options.training, control, &part, status) != RPM_OK)
		return status->code;
	*bytes += part;
	if (run->options.held_out >= 0 && rpm_nn_memory(run->model, &validation, &inference, control, &part, status) == RPM_OK)
		*bytes += part;
	return status->code;
}

/* allowed: bytes; 0: any. */
static rpm_code
check_memory(const rpm_learn_run *run, const rpm_control *control, size_t allowed, rpm_status *status)
{
	size_t		bytes;

	if (bytes_of(run, control, &bytes, status) != RPM_OK || allowed == 0 || bytes <= allowed)
		return status->code;
	return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Learn from smaller crops, in smaller batches, with a smaller network, or allow more memory.",
					"training in batches of %d images of %d x %d cells would need %.0f MB, %.0f MB are allowed", run->batch, run->crop, run->crop,
					(double) bytes / 1048576.0, (double) allowed / 1048576.0);
}

static rpm_code
take_memory(rpm_learn_run *run, rpm_control *control, rpm_status *status)
{
	rpm_nn_options inference = inference_options(run);
	rpm_nn_shape training = training_shape(run),
				validation = validation_shape(run);
	size_t		weights = (size_t) rpm_nn_weight_count(run->model);

	if (check_memory(run, control, control != NULL ? control->memory_limit_bytes : 0, status) != RPM_OK)
		return status->code;
	run->weights = malloc(sizeof(float) * weights + 1);
	run->best = malloc(sizeof(float) * weights + 1);
	run->inputs = malloc(sizeof(float) * input_floats(run));
	run->target = malloc(sizeof(float) * (size_t) (training.n * training.h * training.w));
	run->mask = malloc((size_t) (training.n * training.h * training.w));
	run->output = malloc(sizeof(float) * (size_t) (2 * validation.h * validation.w));
	if (run->weights == NULL || run->best == NULL || run->inputs == NULL || run->target == NULL || run->mask == NULL || run->output == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, "Learn from smaller crops, in smaller batches.", "out of memory for training");
	rpm_nn_initialise(run->model, run->options.training.net.seed, run->weights);
	memcpy(run->best, run->weights, sizeof(float) * weights);
	if (list_tiles(run, status) == RPM_OK &&
		rpm_nn_trainer_create(run->model, &training, &run->options.training, run->weights, control, &run->trainer, status) == RPM_OK &&
		run->options.held_out >= 0)
		rpm_nn_create(run->model, &validation, &inference, run->weights, control, &run->validation, status);
	return status->code;
}

static rpm_code
list_tiles(rpm_learn_run *run, rpm_status *status)
{
	run->tiles = malloc(sizeof(size_t) * (2 * run->data->tile_count + 1));
	run->order = malloc(sizeof(size_t) * (run->data->tile_count + 1));
	if (run->tiles == NULL || run->order == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for training");
	run->tile_count = run->held_out_count = 0;
	count_tiles(run);
	return RPM_OK;
}

void
rpm_learn_run_free(rpm_learn_run *run)
{
	if (run == NULL)
		return;
	rpm_nn_trainer_free(run->trainer);
	rpm_nn_free(run->validation);
	free(run->tiles);
	free(run->order);
	free(run->weights);
	free(run->best);
	free(run->inputs);
	free(run->target);
	free(run->mask);
	free(run->output);
	free(run);
}

rpm_code
rpm_learn_run_epoch(rpm_learn_run *run, rpm_control *control, rpm_learn_epoch *epoch, rpm_status *status)
{
	bool		ends;

	memset(epoch, 0, sizeof(*epoch));
	if (run->epoch >= run->options.epochs)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Ask for more epochs.", "all %d epochs are done", run->options.epochs);
	rpm_phase_begin(control, RPM_PHASE_LEARNING, (int64_t) (run->tile_count / (size_t) run->batch +
															 (run->validation != NULL ? run->held_out_count : 0)));
	if (train(run, control, &epoch->training_loss, status) != RPM_OK || rpm_nn_trainer_fetch(run->trainer, status) != RPM_OK ||
		validate(run, control, &epoch->score, status) != RPM_OK)
		return status->code;
	epoch->epoch = ++run->epoch;
	epoch->validation_loss = run->validation != NULL ? rpm_comparison_metrics(&epoch->score.comparison).mae_db : epoch->training_loss;
	ends = rpm_nn_trainer_epoch(run->trainer, epoch->validation_loss);
	/* Without anything held out the last weights count. */
	epoch->best = run->validation == NULL || rpm_nn_trainer_is_best(run->trainer);
	if (epoch->best)
		memcpy(run->best, run->weights, sizeof(float) * (size_t) rpm_nn_weight_count(run->model));
	epoch->last = ends || run->epoch >= run->options.epochs;
	return RPM_OK;
}

static rpm_code
train(rpm_learn_run *run, rpm_control *control, double *loss, rpm_status *status)
{
	size_t		batches = run->tile_count / (size_t) run->batch,
				cells = (size_t) run->crop * (size_t) run->crop,
				known = 0;
	double		sum = 0;
	const void *images[1] = {run->inputs};

	shuffle(run);
	for (size_t b = 0; b < batches; b++)
	{
		size_t		in_batch = 0;
		double		of_batch = 0;

		for (size_t i = 0; i < (size_t) run->batch; i++)
		{
			learn_crop	crop = crop_of(run, run->order[b * (size_t) run->batch + i]);

			learn_crop_inputs(run->data, &run->scaling, &crop, run->inputs + i * cells * (size_t) run->data->form.channels);
			in_batch += learn_crop_targets(run->data, &run->scaling, &crop, run->options.held_out, run->target + i * cells,
										   run->mask + i * cells);
		}
		if (rpm_nn_train_batch(run->trainer, images, run->target, run->mask, &of_batch, control, status) != RPM_OK)
			return status->code;
		sum += of_batch * (double) in_batch;
		known += in_batch;
		rpm_phase_add(control, 1);
	}
	*loss = known > 0 ? sum / (double) known : 0;
	return RPM_OK;
}

static uint64_t
draw(const rpm_learn_run *run, uint64_t what, uint64_t item)
{
	uint64_t	hash = learn_mix(run->options.seed, (uint64_t) (run->options.held_out + 1));

	return learn_mix(learn_mix(learn_mix(hash, (uint64_t) run->epoch), what), item);
}

/* From the same order in each epoch, so that an epoch needs no other before it. */
static void
shuffle(rpm_learn_run *run)
{
	for (size_t i = 0; i < run->tile_count; i++)
	{
		size_t		other = (size_t) (draw(run, DRAW_ORDER, i) % (i + 1));

		run->order[i] = run->order[other];
		run->order[other] = run->tiles[i];
	}
}

/* A square that holds one of the cells that are learned from. */
static learn_crop
crop_of(const rpm_learn_run *run, size_t tile)
{
	const learn_tile *kept = &run->data->tiles[tile];
	int			side = run->data->form.side;
	learn_crop	crop = {tile, 0, 0, run->crop, 0, false};
	uint64_t	turn = run->options.augment ? draw(run, DRAW_TURN, tile) % TURNS : 0;

	crop.turn = (int) turn % 4;
	crop.mirror = turn >= 4;
	if (run->crop < side)
	{
		size_t		from = (size_t) (draw(run, DRAW_ANCHOR, tile) % kept->level_count);
		const rpm_learn_level *anchor;

		while (run->data->levels[kept->first_level + from].fold == run->options.held_out)
			from = (from + 1) % kept->level_count;
		anchor = &run->data->levels[kept->first_level + from];
		crop.row = place_crop(draw(run, DRAW_ROW, tile), anchor->cell / side, run->crop, side);
		crop.column = place_crop(draw(run, DRAW_COLUMN, tile), anchor->cell % side, run->crop, side);
	}
	return crop;
}

/* The first of `crop` places among `side`, the anchor among them. */
static int
place_crop(uint64_t hash, int anchor, int crop, int side)
{
	int			least = anchor - crop + 1 > 0 ? anchor - crop + 1 : 0,
				most = anchor < side - crop ? anchor : side - crop;

	return least + (int) (hash % (uint64_t) (most - least + 1));
}

static rpm_code
validate(rpm_learn_run *run, rpm_control *control, rpm_learn_score *score, rpm_status *status)
{
	const rpm_learn_data *data = run->data;
	size_t		cells = (size_t) data->form.side * (size_t) data->form.side;
	const void *images[1] = {run->inputs};

	if (run->validation == NULL)
		return RPM_OK;
	rpm_nn_weights_changed(run->validation);
	for (size_t t = 0; t < run->held_out_count; t++)
	{
		learn_crop	whole = {run->tiles[data->tile_count + t], 0, 0, data->form.side, 0, false};
		const learn_tile *tile = &data->tiles[whole.tile];

		learn_crop_inputs(data, &run->scaling, &whole, run->inputs);
		if (rpm_nn_forward(run->validation, images, control, status) != RPM_OK ||
			rpm_nn_read_output(run->validation, 0, run->output, status) != RPM_OK)
			return status->code;
		for (size_t i = 0; i < tile->level_count; i++)
		{
			const rpm_learn_level *level = &data->levels[tile->first_level + i];
			float		mean,
						sd;

			if (level->fold != run->options.held_out)
				continue;
			learn_level(&run->scaling, run->output[level->cell], run->outputs == 2 ? run->output[cells + (size_t) level->cell] : 0, &mean, &sd);
			rpm_learn_score_add(score, mean, sd, level->level_dbm);
		}
		rpm_phase_add(control, 1);
	}
	return RPM_OK;
}

rpm_code
rpm_learn_run_validate(rpm_learn_run *run, rpm_control *control, rpm_learn_score *score, rpm_status *status)
{
	memset(score, 0, sizeof(*score));
	return validate(run, control, score, status);
}

const rpm_learn_scaling *
rpm_learn_run_scaling(const rpm_learn_run *run)
{
	return &run->scaling;
}

const float *
rpm_learn_run_weights(const rpm_learn_run *run)
{
	return run->best;
}

rpm_code
rpm_learn_run_save(const rpm_learn_run *run, rpm_sink sink, void *context, rpm_status *status)
{
	return rpm_nn_checkpoint_save(run->trainer, sink, context, status);
}

rpm_code
rpm_learn_run_resume(rpm_learn_run *run, const rpm_safetensors *checkpoint, const rpm_safetensors *best, rpm_status *status)
{
	if (rpm_nn_load_weights(run->model, best, false, run->best, status) != RPM_OK ||
		rpm_nn_checkpoint_load(run->trainer, checkpoint, status) != RPM_OK)
		return status->code;
	run->epoch = (int) rpm_nn_trainer_epochs(run->trainer);
	return RPM_OK;
}

rpm_code
rpm_learn_run_start(rpm_learn_run *run, const rpm_learn_scaling *scaling, const rpm_safetensors *weights, rpm_status *status)
{
	if (run->epoch > 0)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Begin another run.", "the run has begun");
	if (scaling->channels != run->scaling.channels)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give tiles of the channels that it was trained on.", "the network to start from has %d channels, the tiles have %d",
						scaling->channels, run->scaling.channels);
	if (weights != NULL && rpm_nn_load_weights(run->model, weights, false, run->weights, status) != RPM_OK)
		return status->code;
	rpm_nn_trainer_weights_changed(run->trainer);
	memcpy(run->best, run->weights, sizeof(float) * (size_t) rpm_nn_weight_count(run->model));
	run->scaling = *scaling;
	run->scaling.deviation_factor = 1;
	return RPM_OK;
}
