/* test_nn_train.c: losses, AdamW, clipping, schedules, patience, checkpoints, and what a trainer does when something is wrong. */
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "nn_files.h"
#include "rpm_nn_train.h"
#include "rpm_nn_zoo.h"
#include "unit.h"

static void
test_losses(void)
{
	const float prediction[5] = {1, 2, 3, 4, 5},
				target[5] = {0, 4, 3, NAN, 100};
	const uint8_t mask[5] = {1, 1, 1, 1, 0},
				none[5] = {0};
	float		gradient[5];
	int64_t		known;

	/* Errors 1, -2, 0 count. */
	CHECK_NEAR(rpm_nn_loss(RPM_NN_MSE, 1, prediction, target, mask, 5, gradient, &known), 5.0 / 3, 1e-12);
	CHECK(known == 3);
	CHECK_NEAR(gradient[0], 2.0 / 3, 1e-6);
	CHECK_NEAR(gradient[1], -4.0 / 3, 1e-6);
	CHECK(gradient[2] == 0 && gradient[3] == 0 && gradient[4] == 0);
	CHECK_NEAR(rpm_nn_loss(RPM_NN_MAE, 1, prediction, target, mask, 5, gradient, &known), 1, 1e-12);
	CHECK_NEAR(gradient[1], -1.0 / 3, 1e-6);
	CHECK_NEAR(rpm_nn_loss(RPM_NN_HUBER, 1.5, prediction, target, mask, 5, gradient, &known), (0.5 + 1.5 * (2 - 0.75)) / 3, 1e-12);
	CHECK_NEAR(gradient[0], 1.0 / 3, 1e-6);
	CHECK_NEAR(gradient[1], -0.5, 1e-6);
	/* Nothing known: no loss, no gradient, no division by zero. */
	CHECK(rpm_nn_loss(RPM_NN_MSE, 1, prediction, target, none, 5, gradient, &known) == 0 && known == 0);
	for (int i = 0; i < 5; i++)
		CHECK(gradient[i] == 0);
	CHECK_NEAR(rpm_nn_loss(RPM_NN_MAE, 1, prediction, target, NULL, 5, NULL, &known), 98.0 / 4, 1e-12);
}

static const char *const LINE = "x input channels=1\ny conv x out=1 kernel=1 bias=no\no output y\n";

/* Two steps by hand (Loshchilov and Hutter 2019, algorithm 2). */
static void
test_adamw(void)
{
	const rpm_nn_adamw adamw = {0.9, 0.999, 1e-8, 0.1};
	rpm_nn_model *model;
	rpm_status	status;
	float		weight = 2,
				first = 0,
				second = 0,
				gradient = 0.5f;
	double		expected = 2 * (1 - 0.01 * 0.1) - 0.01 * 0.5 / (0.5 + 1e-8),
				m = 0.9 * 0.05 + 0.1 * -1,
				v = 0.999 * 0.00025 + 0.001 * 1;

	rpm_status_clear(&status);
	CHECK(rpm_nn_parse(LINE, strlen(LINE), &model, &status) == RPM_OK);
	CHECK(rpm_nn_adamw_step(model, &adamw, 0.01, 1, &weight, &gradient, &first, &second, NULL, &status) == RPM_OK);
	CHECK_NEAR(weight, expected, 1e-6);
	gradient = -1;
	CHECK(rpm_nn_adamw_step(model, &adamw, 0.01, 2, &weight, &gradient, &first, &second, NULL, &status) == RPM_OK);
	expected = expected * (1 - 0.001) - 0.01 * (m / (1 - 0.81)) / (sqrt(v / (1 - 0.998001)) + 1e-8);
	CHECK_NEAR(weight, expected, 1e-6);
	gradient = 3;
	CHECK_NEAR(rpm_nn_clip(model, &gradient, 2, NULL), 3, 1e-12);
	CHECK_NEAR(gradient, 2, 1e-5);
	CHECK_NEAR(rpm_nn_clip(model, &gradient, 0, NULL), 2, 1e-5);
	rpm_nn_model_free(model);
}

static void
test_schedules(void)
{
	rpm_nn_schedule s = {.kind = RPM_NN_COSINE, .rate = 1, .least = 0.2, .steps = 100};

	CHECK_NEAR(rpm_nn_rate(&s, 0), 1, 1e-12);
	CHECK_NEAR(rpm_nn_rate(&s, 50), 0.6, 1e-12);
	CHECK_NEAR(rpm_nn_rate(&s, 25), 0.2 + 0.4 * (1 + sqrt(0.5)), 1e-12);
	CHECK_NEAR(rpm_nn_rate(&s, 1000), 0.2, 1e-12);
	s.warm_up = 4;
	CHECK_NEAR(rpm_nn_rate(&s, 0), 0.2, 1e-12);
	CHECK_NEAR(rpm_nn_rate(&s, 3), 0.8, 1e-12);
	CHECK_NEAR(rpm_nn_rate(&s, 4), 1, 1e-12);
	s = (rpm_nn_schedule) {.kind = RPM_NN_STEPS, .rate = 1, .factor = 0.5, .steps = 10};
	CHECK(rpm_nn_rate(&s, 9) == 1 && rpm_nn_rate(&s, 10) == 0.5 && rpm_nn_rate(&s, 39) == 0.125);
	s.kind = RPM_NN_CONSTANT;
	CHECK(rpm_nn_rate(&s, 1000) == 1);
}

/* Every kind of state: norms, dropout, moments, waiting gradients. */
typedef struct scene
{
	rpm_nn_model *model;
	float	   *weights;
	rpm_nn_trainer *trainer;
	float		inputs[8][128];
	float		targets[8][64];
	rpm_status	status;
} scene;

static const char *const SMALL = "x input channels=2\nc conv x out=6 kernel=3 pad=1 bias=no\nn batch_norm c\na leaky_relu n\n"
	"d dropout a rate=0.2\nh conv d out=1 kernel=3 pad=1\no output h\n";

static rpm_nn_training
scene_training(rpm_nn_backend backend)
{
	rpm_nn_training training = rpm_nn_training_default();

	training.net.backend = backend;
	training.net.seed = 5;
	training.batches_per_step = 2;
	training.clip = 1;
	training.schedule.rate = 0.01;
	training.patience = (rpm_nn_patience) {.least_gain = 0.01, .plateau_epochs = 2, .plateau_factor = 0.5, .stop_epochs = 6};
	return training;
}

static void
scene_open(scene *s, rpm_nn_backend backend)
{
	rpm_nn_training training = scene_training(backend);
	rpm_nn_shape shape = {1, 2, 8, 8};
	rpm_control control = {.threads = 2};
	uint64_t	state = 1;

	rpm_status_clear(&s->status);
	CHECK(rpm_nn_parse(SMALL, strlen(SMALL), &s->model, &s->status) == RPM_OK);
	s->weights = calloc((size_t) rpm_nn_weight_count(s->model), sizeof(float));
	rpm_nn_initialise(s->model, 2, s->weights);
	for (int t = 0; t < 8; t++)
		for (int i = 0; i < 128; i++)
		{
			state = state * 6364136223846793005u + 1442695040888963407u;
			s->inputs[t][i] = (float) (state >> 40) / 8388608 - 1;
			s->targets[t][i / 2] = s->inputs[t][i / 2] * 2;
		}
	CHECK(rpm_nn_trainer_create(s->model, &shape, &training, s->weights, &control, &s->trainer, &s->status) == RPM_OK);
}

static void
scene_close(scene *s)
{
	rpm_nn_trainer_free(s->trainer);
	rpm_nn_model_free(s->model);
	free(s->weights);
}

static double
scene_batch(scene *s, int number)
{
	const void *inputs[1] = {s->inputs[number % 8]};
	double		loss = NAN;

	CHECK(rpm_nn_train_batch(s->trainer, inputs, s->targets[number % 8], NULL, &loss, NULL, &s->status) == RPM_OK);
	return loss;
}

/* Twenty-one batches in one go, or nine, written down, read into a new trainer, and twelve: the same bits. */
static void
check_resume(rpm_nn_backend backend)
{
	scene		whole,
				parts,
				resumed;
	nn_bytes	bytes = {NULL, 0};
	rpm_safetensors *file;
	double		first = 0,
				last = 0;

	scene_open(&whole, backend);
	scene_open(&parts, backend);
	scene_open(&resumed, backend);
	for (int i = 0; i < 21; i++)
	{
		last = scene_batch(&whole, i);
		first = i == 0 ? last : first;
	}
	CHECK(last < first);
	for (int i = 0; i < 9; i++)
		scene_batch(&parts, i);
	rpm_nn_trainer_epoch(parts.trainer, 3);
	rpm_nn_trainer_epoch(parts.trainer, 4);
	CHECK(rpm_nn_checkpoint_save(parts.trainer, nn_into_memory, &bytes, &parts.status) == RPM_OK);
	CHECK(rpm_safetensors_open(bytes.at, bytes.size, &file, &parts.status) == RPM_OK);
	CHECK(rpm_nn_checkpoint_load(resumed.trainer, file, &resumed.status) == RPM_OK);
	CHECK(rpm_nn_trainer_steps(resumed.trainer) == 4 && rpm_nn_trainer_epochs(resumed.trainer) == 2);
	for (int i = 9; i < 21; i++)
		scene_batch(&resumed, i);
	CHECK(memcmp(whole.weights, resumed.weights, sizeof(float) * (size_t) rpm_nn_weight_count(whole.model)) == 0);
	CHECK(!rpm_nn_trainer_is_best(resumed.trainer));
	CHECK(rpm_nn_trainer_epoch(resumed.trainer, 2.9) == false && rpm_nn_trainer_is_best(resumed.trainer));
	rpm_safetensors_free(file);
	free(bytes.at);
	scene_close(&whole);
	scene_close(&parts);
	scene_close(&resumed);
}

static void
test_resume(void)
{
	check_resume(RPM_NN_REFERENCE);
	if (rpm_nn_backend_available(RPM_NN_ONEDNN))
		check_resume(RPM_NN_ONEDNN);
}

static void
test_wrong_checkpoint(void)
{
	scene		s;
	nn_bytes	bytes = {NULL, 0};
	rpm_safetensors *file;

	scene_open(&s, RPM_NN_REFERENCE);
	CHECK(rpm_nn_save_weights(s.model, s.weights, NULL, 0, nn_into_memory, &bytes, &s.status) == RPM_OK);
	CHECK(rpm_safetensors_open(bytes.at, bytes.size, &file, &s.status) == RPM_OK);
	CHECK(rpm_nn_checkpoint_load(s.trainer, file, &s.status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(s.status.message, "not a checkpoint") != NULL);
	rpm_safetensors_free(file);
	free(bytes.at);
	scene_close(&s);
}

static void
test_patience(void)
{
	static const double losses[] = {5, 4, 4.5, 3.999, 4.2, 4.1, 4.3, 4.4};
	scene		s;
	int			ended = -1;

	scene_open(&s, RPM_NN_REFERENCE);
	for (int i = 0; i < 8 && ended < 0; i++)
	{
		if (rpm_nn_trainer_epoch(s.trainer, losses[i]))
			ended = i;
		CHECK(rpm_nn_trainer_is_best(s.trainer) == (i < 2));
		/* 3.999 gains less than 0.01; after more than two epochs without a gain the rate halves. */
		CHECK_NEAR(rpm_nn_trainer_rate(s.trainer), i < 4 ? 0.01 : i < 7 ? 0.005 : 0.0025, 1e-12);
	}
	CHECK(ended == 7);
	scene_close(&s);
}

/* An empty mask teaches nothing; infinite inputs are an error and leave the weights alone. */
static void
test_bad_batches(void)
{
	scene		s;
	const void *inputs[1];
	uint8_t		mask[64] = {0};
	float	   *before;
	double		loss;
	size_t		bytes;

	scene_open(&s, RPM_NN_REFERENCE);
	bytes = sizeof(float) * (size_t) rpm_nn_tensor(s.model, 0)->count;
	before = malloc(bytes);
	memcpy(before, s.weights, bytes);
	inputs[0] = s.inputs[0];
	for (int i = 0; i < 4; i++)
		CHECK(rpm_nn_train_batch(s.trainer, inputs, s.targets[0], mask, &loss, NULL, &s.status) == RPM_OK && loss == 0);
	CHECK(rpm_nn_trainer_steps(s.trainer) == 0 && memcmp(before, s.weights, bytes) == 0);
	s.inputs[0][3] = INFINITY;
	CHECK(rpm_nn_train_batch(s.trainer, inputs, s.targets[0], NULL, &loss, NULL, &s.status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(s.status.message, "is not a number") != NULL && memcmp(before, s.weights, bytes) == 0);
	free(before);
	scene_close(&s);
}

static void
test_bad_numbers(void)
{
	rpm_nn_training training = rpm_nn_training_default();
	rpm_nn_shape shape = {1, 1, 4, 4};
	rpm_nn_model *model;
	rpm_nn_trainer *trainer;
	rpm_status	status;
	float		weight = 1;

	rpm_status_clear(&status);
	CHECK(rpm_nn_parse(LINE, strlen(LINE), &model, &status) == RPM_OK);
	training.adamw.beta1 = 1;
	CHECK(rpm_nn_trainer_create(model, &shape, &training, &weight, NULL, &trainer, &status) == RPM_INVALID_ARGUMENT && trainer == NULL);
	CHECK(strstr(status.message, "beta1 cannot be 1") != NULL);
	rpm_status_clear(&status);
	training = rpm_nn_training_default();
	training.schedule.rate = NAN;
	CHECK(rpm_nn_trainer_create(model, &shape, &training, &weight, NULL, &trainer, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	training = rpm_nn_training_default();
	CHECK(rpm_nn_trainer_create(model, &shape, &training, &weight, &(rpm_control) {.memory_limit_bytes = 100}, &trainer, &status) ==
		  RPM_LIMIT_EXCEEDED);
	rpm_nn_model_free(model);
}

static void *
stop_later(void *argument)
{
	rpm_control *control = argument;

	nanosleep(&(struct timespec) {0, 100000000}, NULL);
	__atomic_store_n(&control->stop, 1, __ATOMIC_RELAXED);
	return NULL;
}

/* A network that would run for many seconds stops when asked, and runs again afterwards. */
static void
check_stop(rpm_nn_backend backend)
{
	rpm_nn_unet unet = {8, 2, 1, 1, 5};
	rpm_nn_shape shape = {1, 1, 1024, 1024};
	rpm_nn_options options = {.backend = backend};
	rpm_control control = {.threads = 1};
	rpm_nn_model *model;
	rpm_nn	   *net;
	rpm_status	status;
	char	   *text;
	float	   *weights,
			   *image = calloc(1024 * 1024, sizeof(float));
	pthread_t	other;
	const void *inputs[1] = {image};

	rpm_status_clear(&status);
	CHECK(rpm_nn_unet_declaration(&unet, &text, &status) == RPM_OK && rpm_nn_parse(text, strlen(text), &model, &status) == RPM_OK);
	weights = calloc((size_t) rpm_nn_weight_count(model), sizeof(float));
	rpm_nn_initialise(model, 1, weights);
	CHECK(rpm_nn_create(model, &shape, &options, weights, &control, &net, &status) == RPM_OK);
	pthread_create(&other, NULL, stop_later, &control);
	/* A net that ends before the stop would come runs on, until it comes. */
	while (rpm_nn_forward(net, inputs, &control, &status) == RPM_OK)
		;
	CHECK(status.code == RPM_CANCELLED);
	pthread_join(other, NULL);
	control.stop = 0;
	rpm_status_clear(&status);
	CHECK(rpm_nn_read_output(net, 0, image, &status) == RPM_INVALID_ARGUMENT);
	rpm_nn_free(net);
	rpm_nn_model_free(model);
	free(text);
	free(weights);
	free(image);
}

static void
test_stop(void)
{
	check_stop(RPM_NN_REFERENCE);
	if (rpm_nn_backend_available(RPM_NN_ONEDNN))
		check_stop(RPM_NN_ONEDNN);
}

/* A stop within a step of the optimiser is answered; the torn trainer says so until a checkpoint is loaded. */
static void
test_stop_within_a_step(void)
{
	rpm_nn_model *model;
	rpm_nn_trainer *trainer;
	rpm_nn_training training = rpm_nn_training_default();
	rpm_nn_shape shape = {1, 600, 1, 1};
	rpm_control control = {.threads = 2};
	rpm_status	status;
	rpm_safetensors *file;
	nn_bytes	bytes = {NULL, 0};
	const char *text = "x input channels=600\ny linear x out=600\no output y\n";
	float	   *weights,
			   *numbers = calloc(1200, sizeof(float));
	const void *inputs[1] = {numbers};
	double		loss;

	rpm_status_clear(&status);
	CHECK(rpm_nn_parse(text, strlen(text), &model, &status) == RPM_OK);
	weights = calloc((size_t) rpm_nn_weight_count(model), sizeof(float));
	rpm_nn_initialise(model, 1, weights);
	CHECK(rpm_nn_trainer_create(model, &shape, &training, weights, &control, &trainer, &status) == RPM_OK);
	CHECK(rpm_nn_train_batch(trainer, inputs, numbers + 600, NULL, &loss, &control, &status) == RPM_OK);
	CHECK(rpm_nn_checkpoint_save(trainer, nn_into_memory, &bytes, &status) == RPM_OK);
	/* The optimiser is asked to stop before its first piece. */
	control.stop = 1;
	CHECK(rpm_nn_adamw_step(model, &training.adamw, 0.1, 2, weights, weights, weights, weights, &control, &status) == RPM_CANCELLED);
	rpm_status_clear(&status);
	CHECK(rpm_nn_train_batch(trainer, inputs, numbers + 600, NULL, &loss, &control, &status) == RPM_CANCELLED);
	control.stop = 0;
	rpm_status_clear(&status);
	CHECK(rpm_safetensors_open(bytes.at, bytes.size, &file, &status) == RPM_OK);
	CHECK(rpm_nn_checkpoint_load(trainer, file, &status) == RPM_OK);
	CHECK(rpm_nn_train_batch(trainer, inputs, numbers + 600, NULL, &loss, &control, &status) == RPM_OK);
	CHECK(rpm_nn_trainer_steps(trainer) == 2);
	rpm_safetensors_free(file);
	rpm_nn_trainer_free(trainer);
	rpm_nn_model_free(model);
	free(bytes.at);
	free(weights);
	free(numbers);
}

int
main(void)
{
	RUN(test_losses);
	RUN(test_adamw);
	RUN(test_schedules);
	RUN(test_resume);
	RUN(test_wrong_checkpoint);
	RUN(test_patience);
	RUN(test_bad_batches);
	RUN(test_bad_numbers);
	RUN(test_stop);
	RUN(test_stop_within_a_step);
	return unit_summary("nn_train");
}
