/* minimise.c: the method of Nelder and Mead (minimise.h). */
#include <math.h>
#include <string.h>

#include "field/minimise.h"

#define REFLECT 1.0
#define EXPAND 2.0
#define CONTRACT 0.5

typedef struct simplex
{
	minimise_function function;
	void	   *context;
	int			count;			/* of variables */
	int			calls;
	double		x[MINIMISE_MOST + 1][MINIMISE_MOST];	/* best first */
	double		value[MINIMISE_MOST + 1];
} simplex;

static rpm_code evaluate(simplex *s, const double *x, double *value, rpm_status *status);
static rpm_code improve(simplex *s, rpm_status *status);
static rpm_code shrink(simplex *s, rpm_status *status);
static void place(simplex *s, int from, const double *x, double value);

rpm_code
minimise(minimise_function function, void *context, int count, double *x, const double *step, double tolerance, int most_calls,
		 double *value, rpm_status *status)
{
	simplex		s = {function, context, count, 0, {{0}}, {0}};

	for (int i = 0; i <= count; i++)
	{
		double		corner[MINIMISE_MOST],
					at;

		memcpy(corner, x, sizeof(double) * (size_t) count);
		if (i > 0)
			corner[i - 1] += step[i - 1];
		if (evaluate(&s, corner, &at, status) != RPM_OK)
			return status->code;
		place(&s, i, corner, at);
	}
	while (s.calls < most_calls && s.value[count] - s.value[0] > tolerance)
		if (improve(&s, status) != RPM_OK)
			return status->code;
	memcpy(x, s.x[0], sizeof(double) * (size_t) count);
	*value = s.value[0];
	return RPM_OK;
}

/* What is no number is no minimum. */
static rpm_code
evaluate(simplex *s, const double *x, double *value, rpm_status *status)
{
	rpm_code	code = s->function(s->context, x, value, status);

	s->calls++;
	if (!isfinite(*value))
		*value = HUGE_VAL;
	return code;
}

/* Replaces the worst corner by one on the line through the middle of the others, or shrinks towards the best. */
static rpm_code
improve(simplex *s, rpm_status *status)
{
	int			worst = s->count;
	double		middle[MINIMISE_MOST] = {0},
				tried[MINIMISE_MOST],
				second[MINIMISE_MOST],
				value,
				second_value,
				factor;

	for (int i = 0; i < worst; i++)
		for (int k = 0; k < s->count; k++)
			middle[k] += s->x[i][k] / worst;
	for (int k = 0; k < s->count; k++)
		tried[k] = middle[k] + REFLECT * (middle[k] - s->x[worst][k]);
	if (evaluate(s, tried, &value, status) != RPM_OK)
		return status->code;
	if (value >= s->value[0] && value < s->value[worst - 1])
	{
		place(s, worst, tried, value);
		return RPM_OK;
	}
	factor = value < s->value[0] ? EXPAND : value < s->value[worst] ? CONTRACT : -CONTRACT;
	for (int k = 0; k < s->count; k++)
		second[k] = middle[k] + factor * (middle[k] - s->x[worst][k]);
	if (evaluate(s, second, &second_value, status) != RPM_OK)
		return status->code;
	if (second_value < value && second_value < s->value[worst])
		place(s, worst, second, second_value);
	else if (value < s->value[0])
		place(s, worst, tried, value);
	else
		return shrink(s, status);
	return RPM_OK;
}

static rpm_code
shrink(simplex *s, rpm_status *status)
{
	simplex		old = *s;

	for (int i = 1; i <= s->count; i++)
	{
		double		corner[MINIMISE_MOST],
					value;

		for (int k = 0; k < s->count; k++)
			corner[k] = old.x[0][k] + CONTRACT * (old.x[i][k] - old.x[0][k]);
		if (evaluate(s, corner, &value, status) != RPM_OK)
			return status->code;
		place(s, i, corner, value);
	}
	return RPM_OK;
}

/* Puts a corner in the place of number `from`, the last one that counts, and moves it up to its rank. */
static void
place(simplex *s, int from, const double *x, double value)
{
	int			at = from;

	while (at > 0 && s->value[at - 1] > value)
	{
		memcpy(s->x[at], s->x[at - 1], sizeof(s->x[at]));
		s->value[at] = s->value[at - 1];
		at--;
	}
	memcpy(s->x[at], x, sizeof(double) * (size_t) s->count);
	s->value[at] = value;
}
