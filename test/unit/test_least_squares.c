/*
 * test_least_squares.c: robust least squares against certified and published results.
 *
 * NIST Statistical Reference Datasets, Longley (certified to 15 digits); stack loss (Brownlee 1965) with Huber's estimator as in
 * Venables and Ripley, Modern Applied Statistics with S, 4th edition, section 6.5, and to more digits by statsmodels 0.15 (RLM, HuberT);
 * ridge and collinear cases by hand.
 */
#include "rpm_least_squares.h"
#include "unit.h"

#define LONGLEY_ROWS 16
#define STACK_ROWS 21

static const double longley[LONGLEY_ROWS][7] = {
	{60323, 83.0, 234289, 2356, 1590, 107608, 1947}, {61122, 88.5, 259426, 2325, 1456, 108632, 1948},
	{60171, 88.2, 258054, 3682, 1616, 109773, 1949}, {61187, 89.5, 284599, 3351, 1650, 110929, 1950},
	{63221, 96.2, 328975, 2099, 3099, 112075, 1951}, {63639, 98.1, 346999, 1932, 3594, 113270, 1952},
	{64989, 99.0, 365385, 1870, 3547, 115094, 1953}, {63761, 100.0, 363112, 3578, 3350, 116219, 1954},
	{66019, 101.2, 397469, 2904, 3048, 117388, 1955}, {67857, 104.6, 419180, 2822, 2857, 118734, 1956},
	{68169, 108.4, 442769, 2936, 2798, 120445, 1957}, {66513, 110.8, 444546, 4681, 2637, 121950, 1958},
	{68655, 112.6, 482704, 3813, 2552, 123366, 1959}, {69564, 114.2, 502601, 3931, 2514, 125368, 1960},
	{69331, 115.7, 518173, 4806, 2572, 127852, 1961}, {70551, 116.9, 554894, 4007, 2827, 130081, 1962}};

/* Stack loss, air flow, water temperature, acid concentration. */
static const double stack[STACK_ROWS][4] = {
	{42, 80, 27, 89}, {37, 80, 27, 88}, {37, 75, 25, 90}, {28, 62, 24, 87}, {18, 62, 22, 87}, {18, 62, 23, 87}, {19, 62, 24, 93},
	{20, 62, 24, 93}, {15, 58, 23, 87}, {14, 58, 18, 80}, {14, 58, 18, 89}, {13, 58, 17, 88}, {11, 58, 18, 82}, {12, 58, 19, 93},
	{8, 50, 18, 89}, {7, 50, 18, 86}, {8, 50, 19, 72}, {8, 50, 19, 79}, {9, 50, 20, 80}, {15, 56, 20, 82}, {15, 70, 20, 91}};

/* A constant column before the table's own, which begin with y. */
static rpm_least_squares_data
with_intercept(const double *table, int rows, int columns, double *x, double *y)
{
	rpm_least_squares_data data = {(size_t) rows, columns, x, NULL, NULL, y, NULL};

	for (int i = 0; i < rows; i++)
	{
		y[i] = table[i * columns];
		x[i * columns] = 1;
		for (int j = 1; j < columns; j++)
			x[i * columns + j] = table[i * columns + j];
	}
	return data;
}

static rpm_code
fit(const rpm_least_squares_data *data, double huber_k, rpm_least_squares_fit *result)
{
	rpm_least_squares_options options;
	rpm_status	status;

	rpm_status_clear(&status);
	rpm_least_squares_options_default(&options);
	options.huber_k = huber_k;
	return rpm_least_squares(data, &options, NULL, result, &status);
}

static void
test_longley(void)
{
	static const double certified[7] = {-3482258.63459582, 15.0618722713733, -0.0358191792925910, -2.02022980381683, -1.03322686717359,
		-0.0511041056535807, 1829.15146461355};
	static const double errors[7] = {890420.383607373, 84.9149257747669, 0.0334910077722432, 0.488399681651699, 0.214274163161675,
		0.226073200069370, 455.478499142212};
	double		x[LONGLEY_ROWS * 7], y[LONGLEY_ROWS];
	rpm_least_squares_data data = with_intercept(longley[0], LONGLEY_ROWS, 7, x, y);
	rpm_least_squares_fit result;

	CHECK(fit(&data, 0, &result) == RPM_OK);
	CHECK(result.converged && result.rank == 7 && result.rows_used == LONGLEY_ROWS);
	for (int j = 0; j < 7; j++)
	{
		CHECK(result.identifiable[j]);
		CHECK_RELATIVE(result.coefficient[j], certified[j], 1e-9);
		CHECK_RELATIVE(result.standard_error[j], errors[j], 1e-8);
	}
	CHECK_RELATIVE(result.residual_sd, 304.854073561965, 1e-10);
	CHECK_RELATIVE(result.scale, 304.854073561965, 1e-10);
	CHECK_NEAR(result.r_squared, 0.995479004577296, 1e-12);
}

static void
test_stack_loss(void)
{
	static const double published[4] = {-41.02649835, 0.82938433, 0.92606597, -0.12784672};
	static const double errors[4] = {9.79189854, 0.11100521, 0.30293016, 0.12864961};
	static const double ordinary[4] = {-39.91967442, 0.71564020, 1.29528612, -0.15212252};
	double		x[STACK_ROWS * 4], y[STACK_ROWS];
	rpm_least_squares_data data = with_intercept(stack[0], STACK_ROWS, 4, x, y);
	rpm_least_squares_fit result;

	CHECK(fit(&data, 1.345, &result) == RPM_OK);
	CHECK(result.converged && result.rank == 4);
	for (int j = 0; j < 4; j++)
	{
		CHECK_NEAR(result.coefficient[j], published[j], 2e-6);
		CHECK_NEAR(result.standard_error[j], errors[j], 1e-6 + 1e-6 * errors[j]);
	}
	CHECK_NEAR(result.scale, 2.4405360917, 1e-6);
	CHECK(fit(&data, 0, &result) == RPM_OK);
	for (int j = 0; j < 4; j++)
		CHECK_NEAR(result.coefficient[j], ordinary[j], 1e-8);
}

/* A line with a tenth of the rows far off: Huber's line stays, the ordinary one does not. */
static void
test_outliers(void)
{
	enum { N = 200 };
	double		x[2 * N], y[N];
	rpm_least_squares_data data = {N, 2, x, NULL, NULL, y, NULL};
	rpm_least_squares_fit robust, ordinary;

	for (int i = 0; i < N; i++)
	{
		x[2 * i] = 1;
		x[2 * i + 1] = i / 100.0;
		y[i] = 5 - 3 * x[2 * i + 1] + 0.5 * sin(12.9898 * i) + (i % 10 == 0 ? 40 : 0);
	}
	CHECK(fit(&data, 1.345, &robust) == RPM_OK && fit(&data, 0, &ordinary) == RPM_OK);
	CHECK_NEAR(robust.coefficient[0], 5, 0.15);
	CHECK_NEAR(robust.coefficient[1], -3, 0.1);
	CHECK(fabs(ordinary.coefficient[0] - 5) > 2);
	CHECK(robust.scale < 1 && ordinary.scale > 5 && robust.residual_sd > 5);
	CHECK(robust.standard_error[1] < 0.2 * ordinary.standard_error[1]);
}

/* A weight of 3 is a row three times; a weight of 0 is no row, even with numbers that cannot be. */
static void
test_weights(void)
{
	static const double x[] = {1, 0, 1, 1, 1, 2, 1, 3, 1, NAN}, y[] = {1, 2, 2.5, 5, INFINITY}, weight[] = {1, 3, 1, 2, 0};
	static const double x7[] = {1, 0, 1, 1, 1, 1, 1, 1, 1, 2, 1, 3, 1, 3}, y7[] = {1, 2, 2, 2, 2.5, 5, 5};
	rpm_least_squares_data weighted = {5, 2, x, NULL, NULL, y, weight}, repeated = {7, 2, x7, NULL, NULL, y7, NULL};
	rpm_least_squares_fit a, b;

	CHECK(fit(&weighted, 0, &a) == RPM_OK && fit(&repeated, 0, &b) == RPM_OK);
	CHECK(a.rows_used == 4 && b.rows_used == 7);
	CHECK_NEAR(a.coefficient[0], b.coefficient[0], 1e-13);
	CHECK_NEAR(a.coefficient[1], b.coefficient[1], 1e-13);
	CHECK_NEAR(a.r_squared, b.r_squared, 1e-13);
	/* The same sum of squares over 2 instead of 5 degrees of freedom. */
	CHECK_NEAR(a.residual_sd, b.residual_sd * sqrt(2.5), 1e-13);
	CHECK_NEAR(a.standard_error[1], b.standard_error[1] * sqrt(2.5), 1e-13);
}

/* Two equal columns, a constant beside the intercept, a column of zeros: named, the rest is as without them. */
static void
test_what_is_not_determined(void)
{
	double		x[8 * 6], y[8];
	rpm_least_squares_data data = {8, 6, x, NULL, NULL, y, NULL};
	rpm_least_squares_fit result;

	for (int i = 0; i < 8; i++)
	{
		double		row[6] = {1, i, i * i, 2.0 * i, 0, 0.1 * i * i * i};

		memcpy(x + 6 * i, row, sizeof(row));
		y[i] = 2 + 3 * i - i * i + 0.5 * i * i * i;
	}
	CHECK(fit(&data, 0, &result) == RPM_OK);
	CHECK(result.rank == 4);
	CHECK(result.identifiable[0] && !result.identifiable[1] && result.identifiable[2] && !result.identifiable[3] &&
		  !result.identifiable[4] && result.identifiable[5]);
	CHECK_NEAR(result.coefficient[0], 2, 1e-9);
	CHECK_NEAR(result.coefficient[1] + 2 * result.coefficient[3], 3, 1e-9);
	CHECK_NEAR(result.coefficient[2], -1, 1e-9);
	CHECK(result.coefficient[4] == 0);
	CHECK_NEAR(result.coefficient[5], 5, 1e-9);
	CHECK(isnan(result.standard_error[1]) && isnan(result.standard_error[4]) && result.standard_error[2] < 1e-9);
	for (int i = 0; i < 8; i++)
		x[6 * i + 4] = 7;
	CHECK(fit(&data, 0, &result) == RPM_OK);
	CHECK(result.rank == 4 && !result.identifiable[0] && !result.identifiable[4] && result.identifiable[2]);
	CHECK_NEAR(result.coefficient[0] + 7 * result.coefficient[4], 2, 1e-9);
}

/* Everything measured at one distance: only the level there is known. */
static void
test_one_spot(void)
{
	static const double x[] = {1, 2.3, 1, 2.3, 1, 2.3, 1, 2.3}, y[] = {-90, -91, -92, -93};
	rpm_least_squares_data data = {4, 2, x, NULL, NULL, y, NULL}, one = {1, 2, x, NULL, NULL, y, NULL}, none = {0, 2, x, NULL, NULL, y, NULL};
	rpm_least_squares_fit result;

	CHECK(fit(&data, 1.345, &result) == RPM_OK);
	CHECK(result.rank == 1 && !result.identifiable[0] && !result.identifiable[1]);
	CHECK_NEAR(result.coefficient[0] + 2.3 * result.coefficient[1], -91.5, 1e-9);
	CHECK(isnan(result.standard_error[0]) && isnan(result.standard_error[1]));
	CHECK(fit(&one, 1.345, &result) == RPM_OK);
	CHECK(result.rank == 1 && isnan(result.residual_sd) && isnan(result.r_squared));
	CHECK(fit(&none, 1.345, &result) == RPM_OK);
	CHECK(result.rank == 0 && result.rows_used == 0 && result.coefficient[1] == 0 && isnan(result.scale));
}

/* With a known scale the prior is a ridge: (X'X / s^2 + P)^-1 (X'y / s^2 + P m). */
static void
test_prior(void)
{
	static const double x[] = {1, 2, 1, 2, 1, 2}, y[] = {10, 12, 14};
	static const double mean[] = {1, 3}, sd[] = {2, 0.5};
	rpm_least_squares_data data = {3, 2, x, NULL, NULL, y, NULL};
	rpm_least_squares_options options;
	rpm_least_squares_fit result;
	rpm_status	status;
	/* s = 3: A = 3/9 [1 2; 2 4] + diag(1/4, 4), g = 36/9 [1; 2] + [1/4; 12]. */
	double		a = 1 / 3.0 + 0.25, b = 2 / 3.0, c = 4 / 3.0 + 4, g0 = 4 + 0.25, g1 = 8 + 12, det = a * c - b * b;

	rpm_status_clear(&status);
	rpm_least_squares_options_default(&options);
	options.huber_k = 0;
	options.fixed_scale = 3;
	options.prior_mean = mean;
	options.prior_sd = sd;
	CHECK(rpm_least_squares(&data, &options, NULL, &result, &status) == RPM_OK);
	CHECK(result.rank == 1 && !result.identifiable[0] && !result.identifiable[1]);
	CHECK_NEAR(result.coefficient[0], (c * g0 - b * g1) / det, 1e-12);
	CHECK_NEAR(result.coefficient[1], (a * g1 - b * g0) / det, 1e-12);
	CHECK_NEAR(result.covariance[0], c / det, 1e-12);
	CHECK_NEAR(result.covariance[1], -b / det, 1e-12);
	CHECK_NEAR(result.standard_error[1], sqrt(a / det), 1e-12);
	data.rows = 0;
	CHECK(rpm_least_squares(&data, &options, NULL, &result, &status) == RPM_OK);
	CHECK_NEAR(result.coefficient[1], 3, 1e-12);
	CHECK_NEAR(result.standard_error[1], 0.5, 1e-12);
	CHECK(result.rank == 0);
}

static void
make_rows(void *context, size_t first, size_t count, double *x)
{
	(void) context;
	for (size_t i = 0; i < count; i++, x += 3)
	{
		x[0] = 1;
		x[1] = log10(20 + (double) ((first + i) * 7919 % 100003));
		x[2] = sin((double) (first + i));
	}
}

/* Rows made on the way, many threads: the same to the last bit as one thread, and as the rows kept. */
static void
test_many_rows(void)
{
	size_t		rows = unit_quick() ? 20000 : 300000;
	double	   *y = malloc(sizeof(double) * rows), *x = malloc(sizeof(double) * rows * 3);
	rpm_least_squares_data data = {rows, 3, NULL, make_rows, NULL, y, NULL};
	rpm_least_squares_fit result[3];
	rpm_control control = {0};
	rpm_status	status;
	uint64_t	state = 1;

	rpm_status_clear(&status);
	make_rows(NULL, 0, rows, x);
	for (size_t i = 0; i < rows; i++)
	{
		double		sum = -6;

		for (int k = 0; k < 12; k++)
		{
			state = state * 6364136223846793005u + 1442695040888963407u;
			sum += (double) (state >> 11) / 9007199254740992.0;
		}
		y[i] = -20 - 35 * x[3 * i + 1] + 4 * x[3 * i + 2] + 8 * sum + (i % 20 == 0 ? -60 : 0);
	}
	for (int k = 0; k < 3; k++)
	{
		control.threads = k == 0 ? 1 : 4;
		data.x = k == 2 ? x : NULL;
		CHECK(rpm_least_squares(&data, NULL, &control, &result[k], &status) == RPM_OK);
		CHECK(memcmp(result[k].coefficient, result[0].coefficient, sizeof(result[0].coefficient)) == 0);
		CHECK(result[k].scale == result[0].scale && result[k].residual_sd == result[0].residual_sd);
	}
	CHECK(result[0].converged && result[0].rank == 3);
	/* Five in a hundred rows are pulled down by 60 dB, which moves Huber's level by about 0.9 dB and nothing else. */
	CHECK_NEAR(result[0].coefficient[1], -35, 5 * result[0].standard_error[1]);
	CHECK_NEAR(result[0].coefficient[2], 4, 5 * result[0].standard_error[2]);
	CHECK_NEAR(result[0].scale, 8.4, 0.5);
	CHECK_NEAR(result[0].standard_error[2], 8 / sqrt(rows / 2.0), 8 / sqrt(rows / 2.0) * 0.25);
	free(x);
	free(y);
}

static void
test_bad_input(void)
{
	double		x[] = {1, 2, 1, 3, 1, NAN}, y[] = {1, 2, 3}, weight[] = {1, -1, 0}, sd[] = {1, 0};
	rpm_least_squares_data data = {3, 2, x, NULL, NULL, y, NULL};
	rpm_least_squares_options options;
	rpm_least_squares_fit result;
	rpm_control control = {0};
	rpm_status	status;

	rpm_least_squares_options_default(&options);
	rpm_status_clear(&status);
	CHECK(rpm_least_squares(&data, NULL, NULL, &result, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "column 1 of row 2 is nan") != NULL);
	rpm_status_clear(&status);
	x[5] = 4;
	y[1] = INFINITY;
	CHECK(rpm_least_squares(&data, NULL, NULL, &result, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "y of row 1") != NULL);
	rpm_status_clear(&status);
	data.weight = weight;
	CHECK(rpm_least_squares(&data, NULL, NULL, &result, &status) == RPM_INVALID_ARGUMENT);
	CHECK(strstr(status.message, "weight of row 1 is -1") != NULL);
	rpm_status_clear(&status);
	y[1] = 2;
	data.weight = NULL;
	options.prior_sd = sd;
	CHECK(rpm_least_squares(&data, &options, NULL, &result, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	data.columns = 65;
	CHECK(rpm_least_squares(&data, NULL, NULL, &result, &status) == RPM_INVALID_ARGUMENT);
	rpm_status_clear(&status);
	data.columns = 2;
	control.memory_limit_bytes = 10;
	CHECK(rpm_least_squares(&data, NULL, &control, &result, &status) == RPM_LIMIT_EXCEEDED);
	rpm_status_clear(&status);
	control.memory_limit_bytes = 0;
	control.stop = 1;
	CHECK(rpm_least_squares(&data, NULL, &control, &result, &status) == RPM_CANCELLED);
}

int
main(void)
{
	RUN(test_longley);
	RUN(test_stack_loss);
	RUN(test_outliers);
	RUN(test_weights);
	RUN(test_what_is_not_determined);
	RUN(test_one_spot);
	RUN(test_prior);
	RUN(test_many_rows);
	RUN(test_bad_input);
	return unit_summary("least_squares");
}
