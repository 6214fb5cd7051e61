/*
 * least_squares_sums.c: the passes over the rows (least_squares_sums.h).
 *
 * The rows are cut into at most 256 blocks, whose sums are added in the blocks' order: the result does not hang on the threads.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "empirical/least_squares_sums.h"

#define MOST_BLOCKS 256
#define LEAST_BLOCK_ROWS 2048
#define PARALLEL_ROWS 32768		/* below it threads cost more than they bring */
#define CHUNK 128				/* rows at work at once: they stay in the cache */
#define LANES 4					/* columns are padded to whole lanes */
#define SORT_AT_MOST 4096
#define DIGIT_BITS 13
#define STOP_ROWS 65536			/* rows between two looks at the stop flag */

enum
{
	SURVEY_BAD_ROW = 0,			/* 1 + its number; 0: none */
	SURVEY_ROWS,
	SURVEY_WEIGHT,
	SURVEY_Y,
	SURVEY_Y_SPREAD,
	SURVEY_Y_LARGEST,
	SURVEY_COLUMNS				/* then sum, least, most of each column */
};

typedef struct normal_pass
{
	rpm_sums   *sums;
	double		huber_k, scale;
} normal_pass;

typedef struct residual_pass
{
	rpm_sums   *sums;
	const double *b;
} residual_pass;

static int	padded(int columns);
static double weight_of(const rpm_least_squares_data *data, size_t row);
static const double *chunk_rows(const rpm_least_squares_data *data, size_t first, size_t count, double *buffer);
static void block_range(const rpm_sums *sums, int64_t block, size_t *first, size_t *end);
static rpm_code over_blocks(rpm_sums *sums, rpm_range_function function, void *context, rpm_status *status);
static void survey_block(void *context, int64_t begin, int64_t end, int thread);
static bool survey_row(const rpm_least_squares_data *data, size_t row, const double *x, double *sum);
static rpm_code bad_row(const rpm_least_squares_data *data, size_t row, rpm_status *status);
static void spread_block(void *context, int64_t begin, int64_t end, int thread);
static void residual_block(void *context, int64_t begin, int64_t end, int thread);
static void normal_block(void *context, int64_t begin, int64_t end, int thread);
static void weigh_chunk(const normal_pass *pass, size_t first, size_t count, const double *x, double *z, double *totals);
static void add_products(const double *z, size_t count, int columns, int width, double *matrix);
static rpm_code select_values(rpm_sums *sums, size_t rank, double *value, double *below, rpm_status *status);
static bool count_digits(rpm_sums *sums, uint64_t prefix, int shift, int bits, size_t *counts);
static uint64_t bits_of(double value);
static double select_among(double *values, int n, int rank);
static double size_of_residual(const rpm_sums *sums, size_t row);

rpm_code
rpm_sums_begin(rpm_sums *sums, const rpm_least_squares_data *data, rpm_control *control, rpm_status *status)
{
	rpm_code	code;
	size_t		normal = (size_t) (data->columns * padded(data->columns) + data->columns + 3);
	size_t		survey = SURVEY_COLUMNS + 3 * (size_t) data->columns;

	memset(sums, 0, sizeof(*sums));
	sums->data = data;
	sums->control = control;
	sums->intercept = -1;
	sums->blocks = (int64_t) ((data->rows + LEAST_BLOCK_ROWS - 1) / LEAST_BLOCK_ROWS);
	if (sums->blocks > MOST_BLOCKS)
		sums->blocks = MOST_BLOCKS;
	if (sums->blocks > 0)
		sums->block_rows = ((int64_t) data->rows + sums->blocks - 1) / sums->blocks;
	sums->block_size = normal > survey ? normal : survey;
	if (data->rows > SIZE_MAX / sizeof(double) / 2)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the residuals of %zu rows", data->rows);
	code = rpm_reserve(control, sizeof(double) * (data->rows + (size_t) sums->blocks * sums->block_size), "the least squares fit", status);
	if (code != RPM_OK)
		return code;
	sums->residual = malloc(sizeof(double) * data->rows + 1);
	sums->block_sums = malloc(sizeof(double) * (size_t) sums->blocks * sums->block_size + 1);
	if (sums->residual == NULL || sums->block_sums == NULL)
	{
		rpm_sums_end(sums);
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the residuals of %zu rows", data->rows);
	}
	return RPM_OK;
}

void
rpm_sums_end(rpm_sums *sums)
{
	free(sums->residual);
	free(sums->block_sums);
	sums->residual = NULL;
	sums->block_sums = NULL;
}

static int
padded(int columns)
{
	return (columns + LANES - 1) / LANES * LANES;
}

static double
weight_of(const rpm_least_squares_data *data, size_t row)
{
	return data->weight != NULL ? data->weight[row] : 1;
}

/* The rows, in place or made into the buffer. */
static const double *
chunk_rows(const rpm_least_squares_data *data, size_t first, size_t count, double *buffer)
{
	if (data->x != NULL)
		return data->x + first * (size_t) data->columns;
	data->row_function(data->context, first, count, buffer);
	return buffer;
}

/* Clears the blocks' sums and calls function for each block; few rows are not worth threads. */
static rpm_code
over_blocks(rpm_sums *sums, rpm_range_function function, void *context, rpm_status *status)
{
	memset(sums->block_sums, 0, sizeof(double) * (size_t) sums->blocks * sums->block_size);
	if (sums->data->rows < PARALLEL_ROWS)
	{
		function(context, 0, sums->blocks, 0);
		return rpm_stopped(sums->control) ? rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request") : RPM_OK;
	}
	return rpm_parallel_for(sums->control, sums->blocks, 1, function, context, status);
}

/* First and end row of a block. */
static void
block_range(const rpm_sums *sums, int64_t block, size_t *first, size_t *end)
{
	size_t		rows = sums->data->rows;

	*first = (size_t) (block * sums->block_rows);
	*end = *first + (size_t) sums->block_rows;
	if (*first > rows)
		*first = rows;
	if (*end > rows)
		*end = rows;
}

rpm_code
rpm_sums_survey(rpm_sums *sums, rpm_sum_survey *survey, rpm_status *status)
{
	int			columns = sums->data->columns;
	rpm_code	code = over_blocks(sums, survey_block, sums, status);

	if (code != RPM_OK)
		return code;
	memset(survey, 0, sizeof(*survey));
	for (int j = 0; j < columns; j++)
	{
		survey->least[j] = INFINITY;
		survey->most[j] = -INFINITY;
	}
	for (int64_t b = 0; b < sums->blocks; b++)
	{
		const double *sum = sums->block_sums + (size_t) b * sums->block_size;

		if (sum[SURVEY_BAD_ROW] > 0)
			return bad_row(sums->data, (size_t) sum[SURVEY_BAD_ROW] - 1, status);
		survey->rows_used += (size_t) sum[SURVEY_ROWS];
		survey->weight += sum[SURVEY_WEIGHT];
		survey->y_mean += sum[SURVEY_Y];
		survey->y_largest = fmax(survey->y_largest, sum[SURVEY_Y_LARGEST]);
		for (int j = 0; j < columns && sum[SURVEY_ROWS] > 0; j++)
		{
			const double *column = sum + SURVEY_COLUMNS + 3 * j;

			survey->mean[j] += column[0];
			survey->least[j] = fmin(survey->least[j], column[1]);
			survey->most[j] = fmax(survey->most[j], column[2]);
		}
	}
	if (survey->rows_used == 0)
		return RPM_OK;
	survey->y_mean /= survey->weight;
	for (int j = 0; j < columns; j++)
		survey->mean[j] /= survey->weight;
	sums->y_mean = survey->y_mean;
	code = over_blocks(sums, spread_block, sums, status);
	for (int64_t b = 0; code == RPM_OK && b < sums->blocks; b++)
		survey->y_spread += sums->block_sums[(size_t) b * sums->block_size];
	return code;
}

static void
survey_block(void *context, int64_t begin, int64_t end, int thread)
{
	rpm_sums   *sums = context;
	const rpm_least_squares_data *data = sums->data;
	double		buffer[CHUNK * RPM_SUM_COLUMNS];

	(void) thread;
	for (int64_t b = begin; b < end; b++)
	{
		double	   *sum = sums->block_sums + (size_t) b * sums->block_size;
		size_t		first, last;

		for (int j = 0; j < data->columns; j++)
		{
			sum[SURVEY_COLUMNS + 3 * j + 1] = INFINITY;
			sum[SURVEY_COLUMNS + 3 * j + 2] = -INFINITY;
		}
		block_range(sums, b, &first, &last);
		for (size_t at = first; at < last && !rpm_stopped(sums->control); at += CHUNK)
		{
			size_t		count = last - at < CHUNK ? last - at : CHUNK;
			const double *x = chunk_rows(data, at, count, buffer);

			for (size_t i = 0; i < count; i++)
				if (!survey_row(data, at + i, x + i * (size_t) data->columns, sum) && sum[SURVEY_BAD_ROW] == 0)
					sum[SURVEY_BAD_ROW] = (double) (at + i + 1);
		}
	}
}

/* False when the row has a number that cannot be. */
static bool
survey_row(const rpm_least_squares_data *data, size_t row, const double *x, double *sum)
{
	double		w = weight_of(data, row), y = data->y[row];

	if (!(w >= 0 && w <= DBL_MAX))
		return false;
	if (w == 0)
		return true;
	if (!isfinite(y))
		return false;
	for (int j = 0; j < data->columns; j++)
		if (!isfinite(x[j]))
			return false;
	sum[SURVEY_ROWS] += 1;
	sum[SURVEY_WEIGHT] += w;
	sum[SURVEY_Y] += w * y;
	sum[SURVEY_Y_LARGEST] = fmax(sum[SURVEY_Y_LARGEST], sqrt(w) * fabs(y));
	for (int j = 0; j < data->columns; j++)
	{
		double	   *column = sum + SURVEY_COLUMNS + 3 * j;

		column[0] += w * x[j];
		column[1] = fmin(column[1], x[j]);
		column[2] = fmax(column[2], x[j]);
	}
	return true;
}

/* Says what is wrong with a row that the survey refused. */
static rpm_code
bad_row(const rpm_least_squares_data *data, size_t row, rpm_status *status)
{
	const char *hint = "Leave the row out, or give it the weight 0.";
	double		buffer[RPM_SUM_COLUMNS], w = weight_of(data, row);
	const double *x = chunk_rows(data, row, 1, buffer);

	if (!(w >= 0 && w <= DBL_MAX))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "the weight of row %zu is %g", row, w);
	for (int j = 0; j < data->columns; j++)
		if (!isfinite(x[j]))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "column %d of row %zu is %g", j, row, x[j]);
	return rpm_fail(status, RPM_INVALID_ARGUMENT, hint, "y of row %zu is %g", row, data->y[row]);
}

/* sum w (y - mean)^2 */
static void
spread_block(void *context, int64_t begin, int64_t end, int thread)
{
	rpm_sums   *sums = context;
	const rpm_least_squares_data *data = sums->data;
	double		mean = sums->y_mean;

	(void) thread;
	for (int64_t b = begin; b < end; b++)
	{
		double		sum = 0;
		size_t		first, last;

		block_range(sums, b, &first, &last);
		for (size_t i = first; i < last && !rpm_stopped(sums->control); i++)
			if (weight_of(data, i) > 0)
				sum += weight_of(data, i) * (data->y[i] - mean) * (data->y[i] - mean);
		sums->block_sums[(size_t) b * sums->block_size] = sum;
	}
}

rpm_code
rpm_sums_residuals(rpm_sums *sums, const double *b, rpm_status *status)
{
	residual_pass pass = {sums, b};

	return over_blocks(sums, residual_block, &pass, status);
}

static void
residual_block(void *context, int64_t begin, int64_t end, int thread)
{
	residual_pass *pass = context;
	rpm_sums   *sums = pass->sums;
	const rpm_least_squares_data *data = sums->data;
	double		buffer[CHUNK * RPM_SUM_COLUMNS];

	(void) thread;
	for (int64_t b = begin; b < end; b++)
	{
		size_t		first, last;

		block_range(sums, b, &first, &last);
		for (size_t at = first; at < last && !rpm_stopped(sums->control); at += CHUNK)
		{
			size_t		count = last - at < CHUNK ? last - at : CHUNK;
			const double *x = chunk_rows(data, at, count, buffer);

			for (size_t i = 0; i < count; i++, x += data->columns)
			{
				double		r = data->y[at + i];

				for (int j = 0; j < data->columns; j++)
					r -= x[j] * pass->b[j];
				sums->residual[at + i] = r;
			}
		}
	}
}

rpm_code
rpm_sums_normal(rpm_sums *sums, double huber_k, double scale, rpm_sum_normal *normal, rpm_status *status)
{
	int			columns = sums->data->columns, width = padded(columns);
	normal_pass pass = {sums, huber_k, scale};
	rpm_code	code = over_blocks(sums, normal_block, &pass, status);

	if (code != RPM_OK)
		return code;
	memset(normal, 0, sizeof(*normal));
	for (int64_t b = 0; b < sums->blocks; b++)
	{
		const double *sum = sums->block_sums + (size_t) b * sums->block_size;
		const double *totals = sum + columns * width;

		for (int i = 0; i < columns; i++)
		{
			for (int j = i; j < columns; j++)
				normal->matrix[i * columns + j] += sum[i * width + j];
			normal->gradient[i] += totals[i];
		}
		normal->psi_squared += totals[columns];
		normal->inside += totals[columns + 1];
		normal->residual_squared += totals[columns + 2];
	}
	for (int i = 0; i < columns; i++)
		for (int j = 0; j < i; j++)
			normal->matrix[i * columns + j] = normal->matrix[j * columns + i];
	return RPM_OK;
}

static void
normal_block(void *context, int64_t begin, int64_t end, int thread)
{
	normal_pass *pass = context;
	rpm_sums   *sums = pass->sums;
	int			columns = sums->data->columns, width = padded(columns);
	double		buffer[CHUNK * RPM_SUM_COLUMNS], z[CHUNK * RPM_SUM_COLUMNS];

	(void) thread;
	for (int64_t b = begin; b < end; b++)
	{
		double	   *sum = sums->block_sums + (size_t) b * sums->block_size;
		size_t		first, last;

		block_range(sums, b, &first, &last);
		for (size_t at = first; at < last && !rpm_stopped(sums->control); at += CHUNK)
		{
			size_t		count = last - at < CHUNK ? last - at : CHUNK;

			weigh_chunk(pass, at, count, chunk_rows(sums->data, at, count, buffer), z, sum + columns * width);
			add_products(z, count, columns, width, sum);
		}
	}
}

/* z = sqrt(weight) (x - shift); adds to the gradient and the totals behind it. */
static void
weigh_chunk(const normal_pass *pass, size_t first, size_t count, const double *x, double *z, double *totals)
{
	const rpm_sums *sums = pass->sums;
	int			columns = sums->data->columns, width = padded(columns);

	for (size_t i = 0; i < count; i++, x += columns, z += width)
	{
		double		w = weight_of(sums->data, first + i), r = sums->residual[first + i];
		double		u = sqrt(w) * fabs(r) / pass->scale, part = 1, root;

		memset(z, 0, sizeof(double) * (size_t) width);
		if (w == 0)
			continue;
		if (pass->huber_k > 0 && u > pass->huber_k)
			part = pass->huber_k / u;
		root = sqrt(w * part);
		for (int j = 0; j < columns; j++)
		{
			double		centred = j == sums->intercept || sums->intercept < 0 ? x[j] : x[j] - sums->shift[j] * x[sums->intercept];

			z[j] = root * centred;
			totals[j] += root * root * r * centred;
		}
		totals[columns] += u * u * part * part;
		totals[columns + 1] += part == 1;
		totals[columns + 2] += w * r * r;
	}
}

/* matrix (columns * width) += z' z in its upper triangle, by lanes. */
static void
add_products(const double *z, size_t count, int columns, int width, double *matrix)
{
	for (int i = 0; i < columns; i++)
		for (int j = i / LANES * LANES; j < width; j += LANES)
		{
			double		a0 = 0, a1 = 0, a2 = 0, a3 = 0;
			const double *row = z;

			for (size_t k = 0; k < count; k++, row += width)
			{
				a0 += row[i] * row[j];
				a1 += row[i] * row[j + 1];
				a2 += row[i] * row[j + 2];
				a3 += row[i] * row[j + 3];
			}
			matrix[i * width + j] += a0;
			matrix[i * width + j + 1] += a1;
			matrix[i * width + j + 2] += a2;
			matrix[i * width + j + 3] += a3;
		}
}

rpm_code
rpm_sums_median(rpm_sums *sums, size_t rows_used, double *median, rpm_status *status)
{
	double		upper, lower;
	rpm_code	code = select_values(sums, rows_used / 2, &upper, &lower, status);

	*median = rows_used % 2 == 1 ? upper : (upper + lower) / 2;
	return code;
}

/* sqrt(w) |residual|; negative for a row without weight. */
static double
size_of_residual(const rpm_sums *sums, size_t row)
{
	const double *w = sums->data->weight;

	if (w == NULL)
		return fabs(sums->residual[row]);
	return w[row] > 0 ? sqrt(w[row]) * fabs(sums->residual[row]) : -1;
}

/*
 * The value of the given rank, from 0, and the one below it.  Digit by digit (positive doubles sort as their bits do) the values are
 * narrowed to those that begin alike, until they are few enough to be sorted.
 */
static rpm_code
select_values(rpm_sums *sums, size_t rank, double *value, double *below, rpm_status *status)
{
	size_t		counts[1 << DIGIT_BITS], digit, n = 0, within = rank, candidates = sums->data->rows;
	double		few[SORT_AT_MOST], largest_below = 0;
	uint64_t	prefix = 0;
	int			shift = 64;

	while (candidates > SORT_AT_MOST && shift > 0)
	{
		int			bits = shift < DIGIT_BITS ? shift : DIGIT_BITS;

		shift -= bits;
		if (!count_digits(sums, prefix, shift, bits, counts))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		for (digit = 0; within >= counts[digit]; digit++)
			within -= counts[digit];
		prefix = prefix << bits | digit;
		candidates = counts[digit];
	}
	for (size_t i = 0; i < sums->data->rows; i++)
	{
		double		size = size_of_residual(sums, i);
		uint64_t	start = bits_of(size) >> (shift < 64 ? shift : 63);

		if (i % STOP_ROWS == 0 && rpm_stopped(sums->control))
			return rpm_fail(status, RPM_CANCELLED, NULL, "stopped on request");
		if (size < 0)
			continue;
		if (shift == 64 || start == prefix)
			few[n < SORT_AT_MOST ? n++ : 0] = size;
		else if (start < prefix)
			largest_below = fmax(largest_below, size);
	}
	/* More than fit are all equal: every bit has been looked at. */
	within = within < n ? within : n - 1;
	*value = select_among(few, (int) n, (int) within);
	*below = largest_below;
	for (size_t i = 0; i < within; i++)
		*below = fmax(*below, few[i]);
	return RPM_OK;
}

/* The value of a rank among n > rank; leaves the smaller ones before it (Hoare's selection, in Wirth's form). */
static double
select_among(double *values, int n, int rank)
{
	int			low = 0, high = n - 1;

	while (low < high)
	{
		double		pivot = values[rank];
		int			i = low, j = high;

		while (i <= j)
		{
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i <= j)
			{
				double		kept = values[i];

				values[i++] = values[j];
				values[j--] = kept;
			}
		}
		if (j < rank)
			low = i;
		if (rank < i)
			high = j;
	}
	return values[rank];
}

/* How many values begin with prefix and have each next digit, of so many bits that end at shift; false when stopped. */
static bool
count_digits(rpm_sums *sums, uint64_t prefix, int shift, int bits, size_t *counts)
{
	int			above = shift + bits;

	memset(counts, 0, sizeof(size_t) << DIGIT_BITS);
	for (size_t i = 0; i < sums->data->rows; i++)
	{
		double		size = size_of_residual(sums, i);
		uint64_t	image = bits_of(size);

		if (i % STOP_ROWS == 0 && rpm_stopped(sums->control))
			return false;
		if (size >= 0 && (above == 64 || image >> above == prefix))
			counts[(image >> shift) & ((1u << bits) - 1)]++;
	}
	return true;
}

static uint64_t
bits_of(double value)
{
	uint64_t	image;

	memcpy(&image, &value, sizeof(image));
	return image;
}
