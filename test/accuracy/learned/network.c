/* network.c: trains multilayer perceptrons on rows of the table (network.h): 1 x 1 convolutions on images whose cells are rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "rpm_math.h"
#include "rpm_nn_train.h"
#include "rpm_split.h"

#define SIDE 64
#define BATCH (SIDE * SIDE)		/* rows */
#define SCALE_DB 10.0
#define CLASSES 21
#define MOST_INPUTS 256
#define RATE 2e-3
#define NINETY_PER_CENT 1.6448536269514722
#define MEMBER_SEED 5

/* How a row becomes inputs: standardised columns, whether a column is known, and classes as one input each. */
typedef struct inputs
{
	int			count;
	int			column[MOST_INPUTS];
	int			class[MOST_INPUTS];	/* 0: the value; -1: whether it is known; else 1 for this class */
	double		shift[MOST_INPUTS], scale[MOST_INPUTS];
} inputs;

typedef struct member
{
	rpm_nn_model *model;
	float	   *weights;
} member;

static void choose_inputs(const table *t, const char *groups, int fold, inputs *in);
static void add_input(inputs *in, int column, int class, double shift, double scale);
static void fill(const table *t, const inputs *in, const size_t *rows, float *to);
static bool train(const table *t, const inputs *in, const float *base, const uint8_t *learns, int epochs, uint64_t seed, member *m, rpm_status *status);
static rpm_nn_model *declare(int count, rpm_status *status);
static bool predict(const table *t, const inputs *in, const float *base, const member *m, const size_t *rows, size_t count, float *mean_dbm, float *sd_db,
					rpm_status *status);
static bool forecast_fold(const table *t, const char *groups, bool by_area, int members, int epochs, int fold, const float *base, forecast *to, rpm_status *status);
static int	part_of(const table *t, size_t row, bool by_area, int members);
static double factor_of(float *ratio, size_t count);
static int	compare_floats(const void *a, const void *b);

bool
network_forecast(const table *t, const char *groups, bool by_area, int members, int epochs, forecast *to)
{
	float	   *base = malloc((t->rows + 1) * MOST_FOLDS * sizeof(float));
	rpm_status	status;
	bool		good = true;

	rpm_status_clear(&status);
	to->mean_dbm = malloc((t->rows + 1) * sizeof(float));
	to->sd_db = malloc((t->rows + 1) * sizeof(float));
	for (size_t i = 0; i < t->rows; i++)
		to->mean_dbm[i] = to->sd_db[i] = NAN;
	for (int fold = 0; fold < t->folds && good; fold++)
		good = lines_of_fold(t, fold, NULL, NULL, base) && forecast_fold(t, groups, by_area, members, epochs, fold, base, to, &status);
	if (status.code != RPM_OK)
		fprintf(stderr, "%s\n", status.message);
	free(base);
	return good;
}

static bool
forecast_fold(const table *t, const char *groups, bool by_area, int members, int epochs, int fold, const float *base, forecast *to, rpm_status *status)
{
	inputs		in;
	member		m[16] = {0};
	uint8_t    *learns = malloc(t->rows + 1);
	size_t	   *rows = malloc((t->rows + 1) * sizeof(size_t)),
				judged = 0,
				left_out = 0;
	float	   *mean = malloc((t->rows + 1) * sizeof(float)),
			   *sd = malloc((t->rows + 1) * sizeof(float)),
			   *ratio = malloc((t->rows + 1) * sizeof(float));
	double	   *sum = calloc(3 * (t->rows + 1), sizeof(double)),
				factor;
	bool		good = true;

	choose_inputs(t, groups, fold, &in);
	for (int k = 0; k < members && good; k++)
	{
		size_t		count = 0;

		for (size_t i = 0; i < t->rows; i++)
		{
			learns[i] = t->use[fold][i] == USE_LEARNS && part_of(t, i, by_area, members) != k;
			if (t->use[fold][i] == USE_LEARNS && !learns[i])
				rows[count++] = i;
		}
		good = train(t, &in, base, learns, epochs, (uint64_t) (100 * fold + k + 1), &m[k], status) &&
			predict(t, &in, base, &m[k], rows, count, mean, sd, status);
		for (size_t i = 0; i < count && good; i++)
			ratio[left_out++] = (float) (fabs(t->facts[rows[i] * FACTS + FACT_LEVEL] - mean[i]) / sd[i]);
		for (size_t i = judged = 0; i < t->rows; i++)
			if (t->use[fold][i] == USE_JUDGED)
				rows[judged++] = i;
		good = good && predict(t, &in, base, &m[k], rows, judged, mean, sd, status);
		for (size_t i = 0; i < judged && good; i++)
		{
			sum[3 * i] += mean[i];
			sum[3 * i + 1] += (double) mean[i] * mean[i];
			sum[3 * i + 2] += (double) sd[i] * sd[i];
		}
		free(m[k].weights);
		rpm_nn_model_free(m[k].model);
		fprintf(stderr, "fold %d, member %d\n", fold + 1, k + 1);
	}
	factor = factor_of(ratio, left_out);
	for (size_t i = 0; i < judged && good; i++)
	{
		double		of_all = sum[3 * i] / members;

		to->mean_dbm[rows[i]] = (float) of_all;
		to->sd_db[rows[i]] = (float) (factor * sqrt(sum[3 * i + 2] / members + fmax(sum[3 * i + 1] / members - of_all * of_all, 0)));
	}
	free(learns);
	free(rows);
	free(mean);
	free(sd);
	free(ratio);
	free(sum);
	return good;
}

/* The part of what learns that a member leaves out: sites by their number, or areas. */
static int
part_of(const table *t, size_t row, bool by_area, int members)
{
	int64_t		owner = (int64_t) t->facts[row * FACTS + (by_area ? FACT_AREA : FACT_SITE)];

	return (int) (members * rpm_split_number(MEMBER_SEED, RPM_SPLIT_SITE, &owner, 0, 0));
}

/* With it 90 % of the ratios lie within 1.645. */
static double
factor_of(float *ratio, size_t count)
{
	if (count == 0)
		return 1;
	qsort(ratio, count, sizeof(float), compare_floats);
	return ratio[(size_t) (0.9 * (double) (count - 1))] / NINETY_PER_CENT;
}

static int
compare_floats(const void *a, const void *b)
{
	float		left = *(const float *) a,
				right = *(const float *) b;

	return left < right ? -1 : left > right;
}

static void
choose_inputs(const table *t, const char *groups, int fold, inputs *in)
{
	in->count = 0;
	for (int c = 0; c < t->columns; c++)
	{
		double		n = 0,
					sum = 0,
					squares = 0,
					unknown = 0;
		bool		classes = strncmp(t->name[c], "class_here", 10) == 0 || strncmp(t->name[c], "antenna_class", 13) == 0;

		if (strchr(groups, '0' + t->group[c]) == NULL)
			continue;
		for (size_t i = 0; i < t->rows; i++)
			if (t->use[fold][i] == USE_LEARNS)
			{
				double		value = t->values[i * (size_t) t->columns + c];

				unknown += isnan(value);
				n += !isnan(value);
				sum += isnan(value) ? 0 : value;
				squares += isnan(value) ? 0 : value * value;
			}
		for (int k = 1; k < CLASSES && classes; k++)
			add_input(in, c, k, 0, 1);
		if (!classes && n > 0)
			add_input(in, c, 0, sum / n, sqrt(fmax(squares / n - sum / n * sum / n, 1e-12)));
		if (!classes && unknown > 0.001 * n)
			add_input(in, c, -1, 0, 1);
	}
}

static void
add_input(inputs *in, int column, int class, double shift, double scale)
{
	if (in->count == MOST_INPUTS)
		return;
	in->column[in->count] = column;
	in->class[in->count] = class;
	in->shift[in->count] = shift;
	in->scale[in->count++] = scale > 1e-6 ? scale : 1;
}

/* A batch of rows as an image of each input; sixteen rows at a time, since writing an image cell by cell would miss the cache each time. */
static void
fill(const table *t, const inputs *in, const size_t *rows, float *to)
{
	float		some[MOST_INPUTS][16];

	for (size_t begin = 0; begin < BATCH; begin += 16)
	{
		for (size_t i = 0; i < 16; i++)
			for (int k = 0; k < in->count; k++)
			{
				float		value = t->values[rows[begin + i] * (size_t) t->columns + in->column[k]];

				some[k][i] = in->class[k] > 0 ? value == (float) in->class[k] : in->class[k] < 0 ? !isnan(value)
					: isnan(value) ? 0 : fmaxf(fminf((value - (float) in->shift[k]) * (float) (1 / in->scale[k]), 5), -5);
			}
		for (int k = 0; k < in->count; k++)
			memcpy(to + (size_t) k * BATCH + begin, some[k], sizeof(some[k]));
	}
}

static rpm_nn_model *
declare(int count, rpm_status *status)
{
	char		text[1024];
	rpm_nn_model *model = NULL;

	snprintf(text, sizeof(text),
			 "rows input channels=%d\n"
			 "c1 conv rows out=160 kernel=1\na1 silu c1\nd1 dropout a1 rate=0.1\n"
			 "c2 conv d1 out=128 kernel=1\na2 silu c2\nd2 dropout a2 rate=0.1\n"
			 "c3 conv d2 out=64 kernel=1\na3 silu c3\n"
			 "head conv a3 out=2 kernel=1\nlevel output head\n", count);
	rpm_nn_parse(text, strlen(text), &model, status);
	return model;
}

static bool
train(const table *t, const inputs *in, const float *base, const uint8_t *learns, int epochs, uint64_t seed, member *m, rpm_status *status)
{
	size_t	   *order = malloc((t->rows + 1) * sizeof(size_t)),
				batch[BATCH],
				count = 0,
				batches;
	float	   *values = malloc((size_t) BATCH * MOST_INPUTS * sizeof(float)),
			   *target = malloc(BATCH * sizeof(float));
	const void *images[1] = {values};
	rpm_nn_shape shape = {1, in->count, SIDE, SIDE};
	rpm_nn_training training = rpm_nn_training_default();
	rpm_nn_trainer *trainer = NULL;
	rpm_control control = {.threads = 1};

	for (size_t i = 0; i < t->rows; i++)
		if (learns[i])
			order[count++] = i;
	batches = count / BATCH > 0 ? count / BATCH : 1;
	m->model = declare(in->count, status);
	if (m->model == NULL || count == 0)
		return false;
	m->weights = calloc((size_t) rpm_nn_weight_count(m->model), sizeof(float));
	rpm_nn_initialise(m->model, seed, m->weights);
	training.loss = RPM_NN_GAUSSIAN;
	training.adamw.weight_decay = 0.02;
	training.clip = 1;
	training.net.seed = seed;
	training.schedule = (rpm_nn_schedule) {RPM_NN_COSINE, RATE, RATE / 100, 1, (int64_t) (batches * (size_t) epochs), 20};
	if (rpm_nn_trainer_create(m->model, &shape, &training, m->weights, &control, &trainer, status) != RPM_OK)
		return false;
	for (int epoch = 0; epoch < epochs && status->code == RPM_OK; epoch++)
	{
		for (size_t i = count - 1; i > 0; i--)
		{
			int64_t		draw = (int64_t) i;
			size_t		other = (size_t) (rpm_split_number(seed * 1000 + (uint64_t) epoch, RPM_SPLIT_SITE, &draw, 0, 0) * (double) (i + 1)),
						row = order[i];

			order[i] = order[other];
			order[other] = row;
		}
		for (size_t b = 0; b < batches && status->code == RPM_OK; b++)
		{
			double		loss;

			for (size_t k = 0; k < BATCH; k++)
			{
				batch[k] = order[(b * BATCH + k) % count];
				target[k] = (t->facts[batch[k] * FACTS + FACT_LEVEL] - base[batch[k]]) / (float) SCALE_DB;
			}
			fill(t, in, batch, values);
			rpm_nn_train_batch(trainer, images, target, NULL, &loss, &control, status);
		}
	}
	rpm_nn_trainer_free(trainer);
	free(order);
	free(values);
	free(target);
	return status->code == RPM_OK;
}

static bool
predict(const table *t, const inputs *in, const float *base, const member *m, const size_t *rows, size_t count, float *mean_dbm, float *sd_db,
		rpm_status *status)
{
	float	   *values = malloc((size_t) BATCH * MOST_INPUTS * sizeof(float)),
			   *out = malloc(2 * BATCH * sizeof(float));
	const void *images[1] = {values};
	rpm_nn_shape shape = {1, in->count, SIDE, SIDE};
	rpm_nn_options options = {.backend = RPM_NN_AUTO};
	rpm_nn	   *net = NULL;
	rpm_control control = {.threads = 1};

	if (rpm_nn_create(m->model, &shape, &options, m->weights, &control, &net, status) != RPM_OK)
		return false;
	for (size_t begin = 0; begin < count && status->code == RPM_OK; begin += BATCH)
	{
		size_t		batch[BATCH];

		for (size_t k = 0; k < BATCH; k++)
			batch[k] = rows[begin + k < count ? begin + k : begin];
		fill(t, in, batch, values);
		if (rpm_nn_forward(net, images, &control, status) == RPM_OK && rpm_nn_read_output(net, 0, out, status) == RPM_OK)
			for (size_t k = 0; k < BATCH && begin + k < count; k++)
			{
				mean_dbm[begin + k] = (float) (base[rows[begin + k]] + SCALE_DB * out[k]);
				sd_db[begin + k] = (float) (SCALE_DB * exp(fmin(fmax(out[BATCH + k], RPM_NN_LEAST_LOG_VARIANCE), RPM_NN_MOST_LOG_VARIANCE) / 2));
			}
	}
	rpm_nn_free(net);
	free(values);
	free(out);
	return status->code == RPM_OK;
}
