/*
 * compare_networks.c: networks on a GPU by their module against the plain C back end, and how long they take (run_networks.sh).
 *
 * compare_networks MODULE STEP [SIZE]: STEP is
 *   device     whether one can be used; exit code 77: none
 *   layers     all kinds of layers, forward and backward, in the three kinds of numbers
 *   sizes      convolutions and attention of the sizes that networks have
 *   network    a U-Net of 3.4 M weights
 *   training   losses of 30 steps
 *   time:BASE  U-Nets of that base (64: 216.5 M weights, 16: 13.5 M, 8: 3.4 M) on tiles of 512 x 512 cells
 * SIZE is 1 (default), or less for the module compiled for the CPU.  A report for people, and in JSON when RPM_REPORT names a file.  Exit code
 * 0: within the tolerances, 1: not.
 *
 * Tolerances, of the largest number of an array: single precision 2e-5 for a layer and 2e-4 for a network, as sums of thousands of products run in
 * another order than the reference's doubles; half 1e-2 and 5e-2, bfloat16 6e-2 and 2e-1, some units of their last place (2^-11, 2^-8), which
 * norms that divide by small deviations enlarge.  Losses of training in single precision 1e-3 of them, half 5e-2, bfloat16 1e-1.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "nn_pair.h"
#include "rpm_nn_train.h"
#include "rpm_nn_zoo.h"

#define PRECISIONS 3
#define STEPS 30
#define REPEATS 10

static const char *const NAMES[PRECISIONS] = {"single", "half", "bfloat16"};
static const double LAYER_TOLERANCE[PRECISIONS] = {2e-5, 1e-2, 6e-2};
static const double NETWORK_TOLERANCE[PRECISIONS] = {2e-4, 5e-2, 2e-1};
static const double LOSS_TOLERANCE[PRECISIONS] = {1e-3, 5e-2, 1e-1};

static FILE *json;
static int	failures,
			written;
static double size = 1;

/* One entry of the report's JSON; text has no quotes to escape. */
static void
note(const char *name, const char *precision, const char *key, double value, const char *other_key, double other)
{
	if (json != NULL)
		fprintf(json, "%s\n  {\"name\": \"%s\", \"precision\": \"%s\", \"%s\": %.6g, \"%s\": %.6g}", written++ > 0 ? "," : "", name, precision, key,
				isfinite(value) ? value : -1, other_key, other);
}

/* The first line of a declaration that is no input. */
static const char *
layer_of(const char *text, char *line, size_t room)
{
	const char *from = text;

	while (strstr(from, " input ") != NULL || strncmp(from, "i index", 7) == 0)
	{
		const char *next = strchr(from, '\n');

		if (next == NULL || (strstr(from, " input ") > next && strncmp(from, "i index", 7) != 0))
			break;
		from = next + 1;
	}
	snprintf(line, room, "%.*s", (int) strcspn(from, "\n"), from);
	return line;
}

static void
compare(const char *name, const char *text, const rpm_nn_shape *shapes, bool training, int precision, double tolerance)
{
	rpm_nn_options options = {.backend = RPM_NN_REFERENCE, .training = training, .input_gradients = training, .seed = 9};
	nn_case		a,
				b;
	double		worst;
	bool		opened = case_open(&a, text, shapes, &options, NULL);

	options.backend = RPM_NN_CUDA;
	options.precision = (rpm_nn_precision) precision;
	opened &= case_open(&b, text, shapes, &options, NULL);
	worst = opened ? compare_nets(&a, &b, training) : INFINITY;
	note(name, NAMES[precision], "largest_difference", worst, "tolerance", tolerance);
	if (!(worst <= tolerance))
	{
		failures++;
		printf("FAILED %s, %s, %s: differs by %.3g, allowed %.3g; %s %s\n", name, training ? "training" : "inference", NAMES[precision], worst, tolerance,
			   a.status.message, b.status.message);
	}
	else
	{
		/* Once more, warm: a pass that cuDNN did not take, and goes by our own kernel, shows here. */
		double		begin = now_s();
		bool		again = case_forward(&b);

		printf("%-60s %-9s %-9s %.2g, forward in %.5f s\n", name, NAMES[precision], training ? "training" : "inference", worst, now_s() - begin);
		failures += !again;
	}
	case_close(&a);
	case_close(&b);
}

static void
compare_all(const pair_case *cases, size_t count)
{
	char		line[120];

	for (int precision = 0; precision < PRECISIONS; precision++)
		for (size_t i = 0; i < count; i++)
			for (int training = 0; training <= 1; training++)
				compare(layer_of(cases[i].text, line, sizeof(line)), cases[i].text, cases[i].shapes, training, precision, LAYER_TOLERANCE[precision]);
}

static void
compare_sizes(void)
{
	static const pair_case cases[] = {
		{"x input channels=16\ny conv x out=32 kernel=5 pad=2 bias=no\no output y", {{2, 16, 64, 96}}},
		{"x input channels=64\ny conv x out=128 kernel=3 pad=1\no output y", {{1, 64, 32, 32}}},
		{"x input channels=128\ny conv x out=64 kernel=2 pad=same\no output y", {{1, 128, 64, 64}}},
		{"x input channels=256\ny conv x out=256 kernel=5 pad=2 bias=no\no output y", {{1, 256, 16, 16}}},
		{"x input channels=3\ny conv x out=64 kernel=3 stride=2 pad=same\no output y", {{1, 3, 128, 128}}},
		{"x input channels=96\ny conv x out=96 kernel=3 pad=same groups=96 bias=no\no output y", {{1, 96, 64, 64}}},
		{"x input channels=64\ny deconv x out=32 kernel=2 stride=2\no output y", {{1, 64, 32, 32}}},
		{"x input channels=192\ny attention x window=16 heads=2\no output y", {{1, 192, 32, 32}}},
		{"x input channels=192\ny attention x window=8 heads=2 partition=grid\no output y", {{2, 192, 32, 32}}},
		{"x input channels=64\ny linear x out=256\no output y", {{1, 64, 64, 64}}},
		{"x input channels=64\ny batch_norm x\no output y", {{2, 64, 64, 64}}},
		{"x input channels=64\ny layer_norm x\no output y", {{2, 64, 64, 64}}},
	};

	/* Loops take their time: the transposed one alone. */
	compare_all(size < 1 ? cases + 6 : cases, size < 1 ? 1 : sizeof(cases) / sizeof(cases[0]));
}

static char *
unet_text(int base, int stages)
{
	rpm_nn_unet unet = {base, stages, 4, 1, 5};
	rpm_status	status;
	char	   *text = NULL;

	rpm_status_clear(&status);
	if (rpm_nn_unet_declaration(&unet, &text, &status) != RPM_OK)
		printf("FAILED %s\n", status.message);
	return text;
}

static void
compare_network(void)
{
	rpm_nn_shape shape = {1, 4, size < 1 ? 32 : 128, size < 1 ? 32 : 128};
	char	   *text = unet_text(size < 1 ? 2 : 8, 5);

	for (int precision = 0; precision < PRECISIONS; precision++)
		compare("U-Net of 5 stages, inference", text, &shape, false, precision, NETWORK_TOLERANCE[precision]);
	compare("U-Net of 5 stages, gradients", text, &shape, true, RPM_NN_SINGLE, 1e-2);
	free(text);
}

/* A net with arrays of its own size; case.h's inputs are too even for training. */
typedef struct work
{
	rpm_nn_model *model;
	rpm_nn_trainer *trainer;
	rpm_nn_shape shape;
	float	   *weights, *inputs, *target;
	rpm_status	status;
} work;

static bool
work_open(work *w, int base, int stages, int batch, int side)
{
	char	   *text = unet_text(base, stages);
	uint64_t	seed = 4;
	size_t		cells = (size_t) batch * (size_t) side * (size_t) side;

	memset(w, 0, sizeof(*w));
	w->shape = (rpm_nn_shape) {batch, 4, side, side};
	if (text == NULL || rpm_nn_parse(text, strlen(text), &w->model, &w->status) != RPM_OK)
		return false;
	free(text);
	w->weights = malloc(sizeof(float) * (size_t) rpm_nn_weight_count(w->model));
	w->inputs = malloc(sizeof(float) * 4 * cells);
	w->target = malloc(sizeof(float) * cells);
	if (w->weights == NULL || w->inputs == NULL || w->target == NULL)
		return false;
	rpm_nn_initialise(w->model, 5, w->weights);
	for (size_t i = 0; i < 4 * cells; i++)
		w->inputs[i] = (float) (case_random(&seed) % 2001) / 1000 - 1;
	for (size_t i = 0; i < cells; i++)
		w->target[i] = w->inputs[i] * w->inputs[i];
	return true;
}

static void
work_close(work *w)
{
	rpm_nn_trainer_free(w->trainer);
	rpm_nn_model_free(w->model);
	free(w->weights);
	free(w->inputs);
	free(w->target);
}

static bool
work_train(work *w, const rpm_nn_options *options)
{
	rpm_nn_training training = rpm_nn_training_default();

	training.net = *options;
	training.clip = 1;
	return rpm_nn_trainer_create(w->model, &w->shape, &training, w->weights, NULL, &w->trainer, &w->status) == RPM_OK;
}

static bool
losses_of(const rpm_nn_options *options, double *losses)
{
	work		w;
	const void *inputs[1];
	bool		good = work_open(&w, 4, 2, 2, size < 1 ? 16 : 32) && work_train(&w, options);

	inputs[0] = w.inputs;
	for (int s = 0; s < STEPS && good; s++)
		good = rpm_nn_train_batch(w.trainer, inputs, w.target, NULL, &losses[s], NULL, &w.status) == RPM_OK;
	if (!good)
		printf("FAILED training: %s\n", w.status.message);
	work_close(&w);
	return good;
}

static void
compare_training(void)
{
	rpm_nn_options options = {.backend = RPM_NN_REFERENCE};
	double		expected[STEPS],
				losses[STEPS];

	if (!losses_of(&options, expected))
		failures++;
	options.backend = RPM_NN_CUDA;
	for (int precision = 0; precision < PRECISIONS; precision++)
	{
		double		worst = 0;

		options.precision = (rpm_nn_precision) precision;
		if (!losses_of(&options, losses))
			worst = INFINITY;
		for (int s = 0; s < STEPS && isfinite(worst); s++)
			worst = fmax(worst, fabs(losses[s] - expected[s]) / expected[s]);
		printf("losses of %d steps, %s: %.4f to %.4f, differ by %.2g of them\n", STEPS, NAMES[precision], losses[0], losses[STEPS - 1], worst);
		note("losses", NAMES[precision], "largest_difference", worst, "tolerance", LOSS_TOLERANCE[precision]);
		failures += !(worst <= LOSS_TOLERANCE[precision]);
	}
}

/* The middle one of the times of a call. */
static double
middle(double *times, int count)
{
	for (int i = 1; i < count; i++)
		for (int k = i; k > 0 && times[k] < times[k - 1]; k--)
		{
			double		swap = times[k];

			times[k] = times[k - 1];
			times[k - 1] = swap;
		}
	return times[count / 2];
}

static void
time_inference(int base, int precision)
{
	rpm_nn_options options = {.backend = RPM_NN_CUDA, .precision = (rpm_nn_precision) precision};
	work		w;
	rpm_nn	   *net = NULL;
	double		times[REPEATS];
	const void *inputs[1];
	int			repeats = size < 1 ? 1 : REPEATS;
	bool		good = work_open(&w, base, 5, 1, size < 1 ? 32 : 512) &&
		rpm_nn_create(w.model, &w.shape, &options, w.weights, NULL, &net, &w.status) == RPM_OK;

	inputs[0] = w.inputs;
	/* The first runs start the library and bring the weights; each ends with the prediction in main memory. */
	for (int i = -2; i < repeats && good; i++)
	{
		double		begin = now_s();

		good = rpm_nn_forward(net, inputs, NULL, &w.status) == RPM_OK && rpm_nn_read_output(net, 0, w.target, &w.status) == RPM_OK;
		if (i >= 0)
			times[i] = now_s() - begin;
	}
	if (good)
	{
		double		seconds = middle(times, repeats);

		printf("%.1f M weights, %s: inference %.4f s, %.0f MB of the device\n", (double) rpm_nn_parameter_count(w.model) / 1e6, NAMES[precision], seconds,
			   (double) rpm_nn_device_memory(net) / 1e6);
		note("inference", NAMES[precision], "seconds", seconds, "device_mb", (double) rpm_nn_device_memory(net) / 1e6);
	}
	else
	{
		failures++;
		printf("FAILED inference at base %d, %s: %s\n", base, NAMES[precision], w.status.message);
	}
	rpm_nn_free(net);
	work_close(&w);
}

static void
time_training(int base, int precision, int batch)
{
	rpm_nn_options options = {.backend = RPM_NN_CUDA, .precision = (rpm_nn_precision) precision};
	work		w;
	double		times[REPEATS],
				loss;
	const void *inputs[1];
	int			repeats = size < 1 ? 1 : REPEATS;
	bool		good = work_open(&w, base, 5, batch, size < 1 ? 32 : 512) && work_train(&w, &options);

	inputs[0] = w.inputs;
	for (int i = -2; i < repeats && good; i++)
	{
		double		begin = now_s();

		good = rpm_nn_train_batch(w.trainer, inputs, w.target, NULL, &loss, NULL, &w.status) == RPM_OK;
		if (i >= 0)
			times[i] = now_s() - begin;
	}
	if (good)
	{
		double		seconds = middle(times, repeats);
		char		name[40];

		snprintf(name, sizeof(name), "training, batch %d", batch);
		printf("%.1f M weights, %s: a step on %d tiles %.4f s (%.1f tiles/s), %.0f MB of the device\n", (double) rpm_nn_parameter_count(w.model) / 1e6,
			   NAMES[precision], batch, seconds, batch / seconds, (double) rpm_nn_trainer_device_memory(w.trainer) / 1e6);
		note(name, NAMES[precision], "seconds", seconds, "device_mb", (double) rpm_nn_trainer_device_memory(w.trainer) / 1e6);
	}
	else if (w.status.code == RPM_LIMIT_EXCEEDED)
		printf("training at base %d, %s, batch %d: left out: %s\n", base, NAMES[precision], batch, w.status.message);
	else
	{
		failures++;
		printf("FAILED training at base %d, %s: %s\n", base, NAMES[precision], w.status.message);
	}
	work_close(&w);
}

static void
time_base(int base)
{
	for (int precision = 0; precision < PRECISIONS; precision++)
	{
		time_inference(base, precision);
		time_training(base, precision, 1);
		time_training(base, precision, 4);
	}
}

int
main(int argc, char **argv)
{
	rpm_status	status;
	bool		driver;
	const char *step = argc > 2 ? argv[2] : "";

	if (argc < 3)
	{
		fprintf(stderr, "usage: %s MODULE device|layers|sizes|network|training|time:BASE [SIZE]\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	size = argc > 3 ? atof(argv[3]) : 1;
	rpm_nn_set_cuda_library(argv[1]);
	rpm_status_clear(&status);
	if (rpm_nn_cuda_check(0, &driver, &status) != RPM_OK)
	{
		printf("networks cannot run on a CUDA device: %s. %s\n", status.message, status.hint);
		return 77;
	}
	if (getenv("RPM_REPORT") != NULL)
		json = fopen(getenv("RPM_REPORT"), "w");
	if (json != NULL)
		fprintf(json, "[");
	if (strcmp(step, "layers") == 0)
		compare_all(PAIR_CASES, sizeof(PAIR_CASES) / sizeof(PAIR_CASES[0]));
	else if (strcmp(step, "sizes") == 0)
		compare_sizes();
	else if (strcmp(step, "network") == 0)
		compare_network();
	else if (strcmp(step, "training") == 0)
		compare_training();
	else if (strncmp(step, "time:", 5) == 0)
		time_base(atoi(step + 5));
	else if (strcmp(step, "device") == 0)
		printf("a CUDA device can be used\n");
	else
		failures++;
	if (json != NULL)
	{
		fprintf(json, "\n]\n");
		fclose(json);
	}
	return failures > 0;
}
