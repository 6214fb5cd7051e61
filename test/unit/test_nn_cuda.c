/*
 * test_nn_cuda.c: the back end for GPUs as loops on the CPU, with stand-ins for cuDNN and cuBLAS (test/cuda), against the plain C back end: layouts,
 * strides, order, memory, precision, loss scaling, faults.  Whether the real libraries agree is for test/device/run_networks.sh on a machine with
 * a GPU.
 *
 * Single precision: 1e-5 of the largest number of an array, as oneDNN's, and 1e-4 for networks of several layers.  Half has 11 bits and bfloat16 8:
 * one rounding of a value and one of a gradient, 2^-11 and 2^-8, a few times over: 4e-3 and 3e-2 for one layer; for sums of many the
 * rounding of the numbers that go in dominates, as here.
 *
 * RPM_TEST_NN_MODULE is the module's file.  What sets faults runs in a process of its own.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "nn/number.h"
#include "nn_pair.h"
#include "rpm_nn_train.h"
#include "rpm_nn_zoo.h"

static void
in_process(void (*test) (void), const char *devices, const char *libraries)
{
	pid_t		child;
	int			status = 1;

	fflush(stdout);
	child = fork();
	if (child == 0)
	{
		setenv("RPM_HOST_CUDA", devices, 1);
		setenv("RPM_HOST_LIBRARIES", libraries, 1);
		unsetenv("CUDA_VISIBLE_DEVICES");
		test();
		fflush(stdout);
		_exit(unit_ok ? 0 : 1);
	}
	waitpid(child, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
check_text(const char *text, const rpm_nn_shape *shapes, bool training, rpm_nn_precision precision, double tolerance)
{
	rpm_nn_options options = {.backend = RPM_NN_REFERENCE, .training = training, .input_gradients = training, .seed = 9};
	nn_case		a,
				b;
	double		worst;
	bool		opened = case_open(&a, text, shapes, &options, NULL);

	options.backend = RPM_NN_CUDA;
	options.precision = precision;
	opened &= case_open(&b, text, shapes, &options, NULL);
	worst = opened ? compare_nets(&a, &b, training) : INFINITY;
	if (!(worst <= tolerance))
	{
		unit_ok = false;
		printf("  %s\n  (%s, precision %d) differs by %.3g; %s%s\n", text, training ? "training" : "inference", (int) precision, worst, a.status.message,
			   b.status.message);
	}
	case_close(&a);
	case_close(&b);
}

static void
check_layers(rpm_nn_precision precision, double tolerance)
{
	for (size_t i = 0; i < sizeof(PAIR_CASES) / sizeof(PAIR_CASES[0]); i++)
		for (int training = 0; training <= 1; training++)
			check_text(PAIR_CASES[i].text, PAIR_CASES[i].shapes, training, precision, tolerance);
}

static void
test_layers(void)
{
	check_layers(RPM_NN_SINGLE, 1e-5);
}

static void
test_half(void)
{
	check_layers(RPM_NN_HALF, 4e-3);
}

static void
test_bfloat16(void)
{
	check_layers(RPM_NN_BFLOAT16, 3e-2);
}

/* Where cuDNN names no way, and where it names one and then does not take it, ours goes instead. */
static void
test_declined(void)
{
	in_process(test_layers, "", "decline=1");
	in_process(test_layers, "", "refuse=1");
}

static void
test_networks(void)
{
	rpm_nn_unet unet = {4, 2, 4, 1, 5};
	rpm_nn_shape shape = {2, 4, 16, 24};
	rpm_status	status;
	char	   *text;

	rpm_status_clear(&status);
	CHECK(rpm_nn_unet_declaration(&unet, &text, &status) == RPM_OK);
	for (int training = 0; training <= 1; training++)
		check_text(text, &shape, training, RPM_NN_SINGLE, 1e-4);
	check_text(text, &shape, false, RPM_NN_HALF, 2e-2);
	free(text);
}

/* All 65,536 numbers of each kind there and back; ties, ends of the range. */
static void
test_numbers(void)
{
	int			wrong = 0;

	for (uint32_t bits = 0; bits < 65536; bits++)
	{
		float		half = nn_half_to_float((uint16_t) bits),
					bfloat = nn_bfloat_to_float((uint16_t) bits);

		wrong += !isnan(half) && nn_half_of_float(half) != bits;
		wrong += !isnan(bfloat) && nn_bfloat_of_float(bfloat) != bits;
		wrong += isnan(half) && !isnan(nn_half_to_float(nn_half_of_float(half)));
	}
	CHECK(wrong == 0);
	/* IEEE 754 binary16: 1, the largest, the least normal and subnormal; half a unit goes to the even one. */
	CHECK(nn_half_of_float(1) == 0x3C00 && nn_half_of_float(65504) == 0x7BFF && nn_half_of_float(6.103515625e-05f) == 0x0400);
	CHECK(nn_half_of_float(5.9604645e-08f) == 1 && nn_half_of_float(2.9802322e-08f) == 0 && nn_half_of_float(2.99e-08f) == 1);
	CHECK(nn_half_of_float(1 + 1.0f / 2048) == 0x3C00 && nn_half_of_float(1 + 3.0f / 2048) == 0x3C02 && nn_half_of_float(-2) == 0xC000);
	CHECK(nn_half_of_float(65519) == 0x7BFF && nn_half_of_float(65520) == 0x7C00 && nn_half_of_float(-INFINITY) == 0xFC00);
	CHECK(nn_bfloat_of_float(1) == 0x3F80 && nn_bfloat_of_float(1 + 1.0f / 256) == 0x3F80 && nn_bfloat_of_float(1 + 3.0f / 256) == 0x3F82);
}

/* A sink into memory. */
typedef struct written
{
	char		bytes[100000];
	size_t		size;
} written;

static bool
take(void *context, const void *bytes, size_t size)
{
	written    *w = context;

	if (w->size + size > sizeof(w->bytes))
		return false;
	memcpy(w->bytes + w->size, bytes, size);
	w->size += size;
	return true;
}

/* Another trainer goes on from what this one wrote. */
static void
change_trainer(rpm_nn_trainer **trainer, const rpm_nn_model *model, const rpm_nn_shape *shape, const rpm_nn_training *training, float *weights)
{
	static written w;
	rpm_safetensors *file = NULL;
	rpm_status	status;

	rpm_status_clear(&status);
	w.size = 0;
	CHECK(rpm_nn_checkpoint_save(*trainer, take, &w, &status) == RPM_OK);
	rpm_nn_trainer_free(*trainer);
	memset(weights, 0, sizeof(float) * (size_t) rpm_nn_weight_count(model));
	CHECK(rpm_nn_trainer_create(model, shape, training, weights, NULL, trainer, &status) == RPM_OK);
	CHECK(rpm_safetensors_open(w.bytes, w.size, &file, &status) == RPM_OK);
	CHECK(rpm_nn_checkpoint_load(*trainer, file, &status) == RPM_OK);
	rpm_safetensors_free(file);
}

/* Twenty steps of one small network on one back end; returns the losses. */
typedef struct run
{
	double		losses[20];
	float		weights[4000];
	rpm_status	status;
	int64_t		steps;
} run;

static run
train(const rpm_nn_options *options, rpm_nn_loss_kind kind, int batches_per_step, float size, int resume_at)
{
	static const char *const text = "x input channels=2\na conv x out=6 kernel=3 pad=same bias=no\nn batch_norm a\nr gelu n\nd dropout r rate=0.2\n"
		"y conv d out=2 kernel=2 pad=same\no output y";
	rpm_nn_training training = rpm_nn_training_default();
	rpm_nn_shape shape = {2, 2, 6, 5};
	rpm_nn_model *model = NULL;
	rpm_nn_trainer *trainer = NULL;
	run			r = {.losses = {0}};
	float		inputs[120],
				target[120];
	uint8_t		mask[120];
	const void *batch[1] = {inputs};
	uint64_t	seed = 3;

	rpm_status_clear(&r.status);
	CHECK(rpm_nn_parse(text, strlen(text), &model, &r.status) == RPM_OK && rpm_nn_weight_count(model) <= 4000);
	rpm_nn_initialise(model, 5, r.weights);
	training.net = *options;
	training.loss = kind;
	training.clip = 1;
	training.adamw.weight_decay = 0.05;
	training.schedule.rate = 0.01;
	training.batches_per_step = batches_per_step;
	CHECK(rpm_nn_trainer_create(model, &shape, &training, r.weights, NULL, &trainer, &r.status) == RPM_OK);
	for (int i = 0; i < 120; i++)
		inputs[i] = (float) (case_random(&seed) % 2001) / 1000 - 1;
	for (int i = 0; i < 120; i++)
	{
		target[i] = i % 11 == 3 ? NAN : size * inputs[(i * 7) % 120];
		mask[i] = i % 5 != 0;
	}
	for (int s = 0; s < 20 && r.status.code == RPM_OK; s++)
	{
		if (s == resume_at)
			change_trainer(&trainer, model, &shape, &training, r.weights);
		rpm_nn_train_batch(trainer, batch, target, mask, &r.losses[s], NULL, &r.status);
	}
	if (trainer != NULL)
	{
		r.steps = rpm_nn_trainer_steps(trainer);
		if (r.status.code == RPM_OK)
			CHECK(rpm_nn_trainer_fetch(trainer, &r.status) == RPM_OK);
	}
	rpm_nn_trainer_free(trainer);
	rpm_nn_model_free(model);
	return r;
}

static double
worst_loss(const run *a, const run *b)
{
	double		worst = 0;

	for (int s = 0; s < 20; s++)
		worst = fmax(worst, fabs(a->losses[s] - b->losses[s]) / fmax(fabs(a->losses[s]), 0.1));
	return worst;
}

/* Losses, gradients summed, clipped, AdamW and dropout on the device against those of the CPU. */
static void
test_training(void)
{
	static const rpm_nn_loss_kind kinds[] = {RPM_NN_MSE, RPM_NN_MAE, RPM_NN_HUBER, RPM_NN_GAUSSIAN};
	rpm_nn_options cpu = {.backend = RPM_NN_REFERENCE, .seed = 2},
				gpu = {.backend = RPM_NN_CUDA, .seed = 2};

	for (int k = 0; k < 4; k++)
	{
		run			a = train(&cpu, kinds[k], 1 + k % 2, 1, -1),
					b = train(&gpu, kinds[k], 1 + k % 2, 1, -1);

		CHECK(a.status.code == RPM_OK && b.status.code == RPM_OK && a.steps == b.steps);
		CHECK_NEAR(worst_loss(&a, &b), 0, 1e-4);
		CHECK_NEAR(case_difference(b.weights, a.weights, 200), 0, 1e-4);
	}
}

static void
test_resume(void)
{
	rpm_nn_options gpu = {.backend = RPM_NN_CUDA, .seed = 2, .precision = RPM_NN_HALF};
	run			whole = train(&gpu, RPM_NN_HUBER, 2, 1, -1),
				cut = train(&gpu, RPM_NN_HUBER, 2, 1, 7);

	CHECK(whole.status.code == RPM_OK && cut.status.code == RPM_OK && whole.steps == cut.steps);
	CHECK(memcmp(whole.losses, cut.losses, sizeof(whole.losses)) == 0 && memcmp(whole.weights, cut.weights, sizeof(whole.weights)) == 0);
}

/* Mixed precision learns as single does; targets so large that the scaled gradients overflow leave steps out, and go on. */
static void
test_mixed(void)
{
	rpm_nn_options single = {.backend = RPM_NN_CUDA, .seed = 2},
				half = {.backend = RPM_NN_CUDA, .seed = 2, .precision = RPM_NN_HALF},
				bfloat = {.backend = RPM_NN_CUDA, .seed = 2, .precision = RPM_NN_BFLOAT16};
	run			a = train(&single, RPM_NN_MSE, 1, 1, -1),
				b = train(&half, RPM_NN_MSE, 1, 1, -1),
				c = train(&bfloat, RPM_NN_MSE, 1, 1, -1),
				d = train(&half, RPM_NN_MSE, 1, 300, -1);

	CHECK(b.status.code == RPM_OK && b.steps == 20 && c.status.code == RPM_OK);
	CHECK_NEAR(worst_loss(&a, &b), 0, 2e-2);
	CHECK_NEAR(worst_loss(&a, &c), 0, 1e-1);
	printf("  half against single: losses differ by %.2g, bfloat16 %.2g; %lld of 20 steps made where gradients overflow\n", worst_loss(&a, &b),
		   worst_loss(&a, &c), (long long) d.steps);
	CHECK(d.status.code == RPM_OK && d.steps > 5 && d.steps < 20 && d.losses[19] < d.losses[0]);
	/* What no scale helps is an error. */
	a = train(&single, RPM_NN_MSE, 1, INFINITY, -1);
	CHECK(a.status.code == RPM_INVALID_ARGUMENT);
}

static const rpm_nn_shape SMALL = {1, 2, 8, 8};
static const char *const SMALL_TEXT = "x input channels=2\na conv x out=4 kernel=3 pad=1\nr relu a\ny linear r out=1\no output y";

/* What is said where no network can run on a GPU. */
static void
expect_none(const char *message)
{
	rpm_nn_options options = {.backend = RPM_NN_CUDA};
	nn_case		c;

	CHECK(!case_open(&c, SMALL_TEXT, &SMALL, &options, NULL) && c.status.code == RPM_UNSUPPORTED && c.status.hint[0] != '\0');
	if (strstr(c.status.message, message) == NULL)
	{
		printf("  \"%s\" does not say \"%s\"\n", c.status.message, message);
		unit_ok = false;
	}
	case_close(&c);
	CHECK(!rpm_nn_backend_available(RPM_NN_CUDA));
}

static void
without_library(void)
{
	rpm_nn_set_cuda_library("/nowhere/rpm_pg_nn_cuda.so");
	expect_none("cannot open shared object");
	/* A library, but not ours. */
	rpm_nn_set_cuda_library("libm.so.6");
	expect_none("another version");
	rpm_nn_set_cuda_library(RPM_TEST_NN_MODULE);
	CHECK(rpm_nn_backend_available(RPM_NN_CUDA));
}

static void
without_driver(void)
{
	expect_none("no driver");
}

static void
with_old_driver(void)
{
	expect_none("the driver knows CUDA 12.2");
}

static void
with_old_device(void)
{
	expect_none("compute capability 7.0");
}

static void
with_another_device(void)
{
	rpm_status	status;

	bool		driver;

	rpm_status_clear(&status);
	CHECK(rpm_nn_cuda_check(1, &driver, &status) == RPM_OK && driver);
	CHECK(rpm_nn_cuda_check(2, &driver, &status) == RPM_UNSUPPORTED && strstr(status.message, "no CUDA device 2") != NULL);
}

static void
test_none(void)
{
	in_process(without_library, "", "");
	in_process(without_driver, "driver=0", "");
	in_process(with_old_driver, "driver=12020", "");
	in_process(with_old_device, "capability=70", "");
	in_process(with_another_device, "devices=2", "");
}

/* Memory is asked for before it is taken, within the device's and the setting's bounds, and given back. */
static void
little_memory(void)
{
	rpm_nn_options options = {.backend = RPM_NN_CUDA};
	rpm_nn_shape large = {1, 2, 1024, 1024};
	nn_case		c;

	CHECK(!case_open(&c, SMALL_TEXT, &large, &options, NULL) && c.status.code == RPM_LIMIT_EXCEEDED);
	CHECK(strstr(c.status.message, "on CUDA device 0 for inference") != NULL);
	case_close(&c);
	for (int i = 0; i < 50; i++)
	{
		/* Fifty would not fit beside one another. */
		CHECK(case_open(&c, SMALL_TEXT, &SMALL, &options, NULL) && case_forward(&c));
		case_close(&c);
	}
	options.device_memory_bytes = 100000;
	CHECK(!case_open(&c, SMALL_TEXT, &SMALL, &options, NULL) && c.status.code == RPM_LIMIT_EXCEEDED && strstr(c.status.message, "0 MB are allowed") != NULL);
	case_close(&c);
}

/* A device that fails: an error, again at the next use, and the CPU goes on. */
static void
lost_device(void)
{
	rpm_nn_options options = {.backend = RPM_NN_CUDA, .training = true};
	nn_case		c,
				other;

	CHECK(case_open(&c, SMALL_TEXT, &SMALL, &options, NULL) && case_forward(&c) && case_backward(&c));
	setenv("RPM_HOST_CUDA", "lost=1", 1);
	CHECK(!case_forward(&c) && c.status.code == RPM_DEVICE_LOST);
	rpm_status_clear(&c.status);
	setenv("RPM_HOST_CUDA", "", 1);
	CHECK(!case_open(&other, SMALL_TEXT, &SMALL, &options, NULL) && other.status.code == RPM_DEVICE_LOST);
	CHECK(strstr(other.status.message, "failed in this session") != NULL);
	case_close(&other);
	case_close(&c);
	options.backend = RPM_NN_REFERENCE;
	CHECK(case_open(&c, SMALL_TEXT, &SMALL, &options, NULL) && case_forward(&c));
	case_close(&c);
}

/* At whatever launch it fails, nothing is left and the error is the device's. */
static void
lost_in_training(void)
{
	rpm_nn_options gpu = {.backend = RPM_NN_CUDA, .seed = 2};
	run			r = train(&gpu, RPM_NN_MSE, 1, 1, -1);

	CHECK(r.status.code == RPM_DEVICE_LOST && r.steps < 20);
}

static void
failing_library(void)
{
	rpm_nn_options options = {.backend = RPM_NN_CUDA};
	nn_case		c;

	CHECK(case_open(&c, SMALL_TEXT, &SMALL, &options, NULL) && !case_forward(&c));
	CHECK(c.status.code == RPM_INTERNAL && strstr(c.status.message, "CUDNN_STATUS_EXECUTION_FAILED") != NULL);
	case_close(&c);
}

static void
failing_product(void)
{
	rpm_nn_options options = {.backend = RPM_NN_CUDA};
	nn_case		c;

	CHECK(case_open(&c, SMALL_TEXT, &SMALL, &options, NULL) && !case_forward(&c));
	CHECK(c.status.code == RPM_INTERNAL && strstr(c.status.message, "cuBLAS failed") != NULL);
	case_close(&c);
}

static void
test_faults(void)
{
	char		after[40];

	in_process(little_memory, "memory_mb=96", "");
	in_process(lost_device, "", "");
	for (int launches = 0; launches < 90; launches += unit_quick() ? 30 : 7)
	{
		snprintf(after, sizeof(after), "lost_after=%d", launches);
		in_process(lost_in_training, after, "");
	}
	in_process(failing_library, "", "fail=1");
	in_process(failing_product, "", "product=1");
}

/* The next forward of an inference net sees weights that changed only when told; a stop; an index outside its table; precision is the GPU's. */
static void
test_calls(void)
{
	static const rpm_nn_shape one = {1, 1, 1, 1};
	rpm_nn_options options = {.backend = RPM_NN_CUDA};
	rpm_control control = {.stop = 1};
	nn_case		c;

	check_weights_changed(&c, &options);
	CHECK(rpm_nn_forward(c.net, (const void *const *) c.inputs, &control, &c.status) == RPM_CANCELLED);
	case_close(&c);
	CHECK(case_open(&c, "i index\ny embedding i size=3 out=4\no output y", &one, &options, NULL));
	*(int32_t *) c.inputs[0] = 3;
	CHECK(!case_forward(&c) && c.status.code == RPM_INVALID_ARGUMENT && strstr(c.status.message, "line 2") != NULL);
	case_close(&c);
	options.backend = RPM_NN_AUTO;
	options.precision = RPM_NN_HALF;
	CHECK(!case_open(&c, SMALL_TEXT, &SMALL, &options, NULL) && c.status.code == RPM_UNSUPPORTED);
	case_close(&c);
}

int
main(void)
{
	rpm_nn_set_cuda_library(RPM_TEST_NN_MODULE);
	RUN(test_none);
	/* Before anything is launched, which the faults count. */
	RUN(test_faults);
	RUN(test_numbers);
	RUN(test_layers);
	RUN(test_half);
	RUN(test_bfloat16);
	RUN(test_declined);
	RUN(test_networks);
	RUN(test_training);
	RUN(test_mixed);
	RUN(test_resume);
	RUN(test_calls);
	return unit_summary("nn_cuda");
}
