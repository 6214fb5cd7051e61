/*
 * bench_fit.c: robust least squares over rows and columns that grow, one thread: time of a round per row, as a ratio to the first line
 * of its number of columns, and Huber's fit as a ratio to ordinary least squares of the same rows.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "rpm_least_squares.h"

#define LEAST_SECONDS 0.3

typedef struct figures
{
	double		fit_s;
	int			rounds;
} figures;

static double
uniform(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double) (*state >> 11) / 9007199254740992.0;
}

static figures
measure(const rpm_least_squares_data *data, double huber_k)
{
	static rpm_least_squares_fit fit;
	rpm_least_squares_options options;
	rpm_control control = {.threads = 1};
	rpm_status	status;
	figures		f = {0, 0};
	double		start = now_s();
	int			fits = 0;

	rpm_status_clear(&status);
	rpm_least_squares_options_default(&options);
	options.huber_k = huber_k;
	do
	{
		if (rpm_least_squares(data, &options, &control, &fit, &status) != RPM_OK)
			exit(1);
		fits++;
	} while (now_s() - start < LEAST_SECONDS);
	f.fit_s = (now_s() - start) / fits;
	f.rounds = fit.rounds;
	return f;
}

int
main(void)
{
	static const size_t rows[] = {3000, 30000, 300000};
	static const int columns[] = {2, 8, 32};

	printf("columns    rows    ms a fit  rounds  ns a row and round  ratio  huber / ordinary\n");
	for (int c = 0; c < 3; c++)
	{
		double		first_ns = 0;

		for (int n = 0; n < 3; n++)
		{
			double	   *x = malloc(sizeof(double) * rows[n] * (size_t) columns[c]), *y = malloc(sizeof(double) * rows[n]);
			rpm_least_squares_data data = {rows[n], columns[c], x, NULL, NULL, y, NULL};
			uint64_t	state = 1;
			figures		huber, ordinary;
			double		ns;

			for (size_t i = 0; i < rows[n]; i++)
			{
				double		noise = -6;

				for (int k = 0; k < 12; k++)
					noise += uniform(&state);
				y[i] = 8 * noise;
				for (int j = 0; j < columns[c]; j++)
				{
					double		value = j == 0 ? 1 : uniform(&state);

					x[i * (size_t) columns[c] + (size_t) j] = value;
					y[i] += j * value;
				}
			}
			huber = measure(&data, 1.345);
			ordinary = measure(&data, 0);
			ns = huber.fit_s * 1e9 / (double) rows[n] / huber.rounds;
			first_ns = n == 0 ? ns : first_ns;
			printf("%7d %7zu %11.2f %7d %19.1f %6.2f %17.2f\n", columns[c], rows[n], 1e3 * huber.fit_s, huber.rounds, ns, ns / first_ns,
				   huber.fit_s / ordinary.fit_s);
			free(x);
			free(y);
		}
	}
	return 0;
}
