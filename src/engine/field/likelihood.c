/* likelihood.c: the marginal likelihood of a covariance in Vecchia's approximation (likelihood.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "field/dense.h"
#include "field/likelihood.h"
#include "field/field_index.h"
#include "field/place_key.h"

/* This part of the terms are the first points of the order, all of them. */
#define EARLY_PART 4
#define TERM_GRAIN 16
#define MOST_TERM_NEIGHBOURS 40
#define TREND_TERMS 4			/* times as many terms for the coefficients, which are found in one go */
/* Of the terms that are conditioned on other antennas, too. */
#define SITE_NEIGHBOURS 10
#define OTHER_NEIGHBOURS 6
#define LEFT_OUT_PARTS 4		/* squares left out are dealt to so many parts, one of which is left out with each term */

typedef struct ranked_point
{
	uint64_t	key;
	int32_t		number;
} ranked_point;

static rpm_code open_terms(field_likelihood *likelihood, const rpm_field_options *options, term_purpose purpose, ranked_point *order,
						   int32_t *rank, int32_t *member, rpm_status *status);
static int64_t order_points(const field_likelihood *likelihood, uint64_t seed, ranked_point *order, int32_t *rank);
static int	compare_ranked(const void *a, const void *b);
static void draw_terms(field_likelihood *likelihood, const ranked_point *order, int64_t own, const point_tree *const tree[POOLS],
					   const rpm_field_options *options, term_purpose purpose, const int32_t *part);
static void whiten_terms(void *context, int64_t begin, int64_t end, int thread);
static rpm_code integrate(const field_likelihood *likelihood, double *value, rpm_trend_fit *fit, rpm_status *status);

rpm_code
field_likelihood_open(field_likelihood *likelihood, const rpm_field_data *data, const rpm_field_options *options, term_purpose purpose,
					  rpm_control *control, rpm_status *status)
{
	ranked_point *order = malloc((data->count + 1) * sizeof(ranked_point));
	int32_t    *rank = malloc((data->count + 1) * sizeof(int32_t)),
			   *member = malloc((data->count + 1) * sizeof(int32_t));
	rpm_code	code;

	memset(likelihood, 0, sizeof(*likelihood));
	likelihood->data = data;
	likelihood->control = control;
	likelihood->every = 1;
	if (options->terms < 1 || options->term_neighbours < 1 || options->term_neighbours > MOST_TERM_NEIGHBOURS)
		code = rpm_fail(status, RPM_INVALID_ARGUMENT, "Use 600 terms of 14 neighbours.", "%d terms of %d neighbours cannot be",
						options->terms, options->term_neighbours);
	else if (order == NULL || rank == NULL || member == NULL)
		code = rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu points", data->count);
	else
		code = open_terms(likelihood, options, purpose, order, rank, member, status);
	free(order);
	free(rank);
	free(member);
	return code;
}

static rpm_code
open_terms(field_likelihood *likelihood, const rpm_field_options *options, term_purpose purpose, ranked_point *order, int32_t *rank,
		   int32_t *member, rpm_status *status)
{
	const rpm_field_data *data = likelihood->data;
	int64_t		own = order_points(likelihood, options->seed, order, rank);
	point_tree *ranked;
	rpm_field_index *made = NULL;
	const rpm_field_index *index = data->index;
	bool		shared = purpose == TERMS_FOR_SHARES;
	int32_t    *part = shared ? malloc((data->count + 1) * sizeof(int32_t)) : NULL;

	for (int64_t i = 0; i < own; i++)
		member[i] = order[i].number;
	ranked = point_tree_build(data->points, member, (int32_t) own, rank);
	for (size_t i = 0; i < data->count && part != NULL; i++)
		part[i] = field_part_of(options->seed, options->left_out_m, LEFT_OUT_PARTS, data->points[i].x_m, data->points[i].y_m);
	if (shared && index == NULL && field_index_build(data, true, true, &made, status) == RPM_OK)
		index = made;
	likelihood->count = (int64_t) options->terms * (purpose == TERMS_FOR_TREND ? TREND_TERMS : 1);
	if (likelihood->count > own)
		likelihood->count = own;
	likelihood->terms = malloc((size_t) (likelihood->count + 1) * sizeof(field_term));
	likelihood->whitened = malloc((size_t) (likelihood->count + 1) * (size_t) (2 + data->trend.count) * sizeof(double));
	if (ranked == NULL || (shared && (part == NULL || index == NULL)) || likelihood->terms == NULL || likelihood->whitened == NULL)
		rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory for %zu points", data->count);
	else
	{
		const point_tree *const tree[POOLS] = {ranked, shared ? index->tree[POOL_SITE] : NULL, shared ? index->tree[POOL_OTHERS] : NULL};

		draw_terms(likelihood, order, own, tree, options, purpose, part);
	}
	point_tree_free(ranked);
	rpm_field_index_close(made);
	free(part);
	return status->code;
}

void
field_likelihood_free(field_likelihood *likelihood)
{
	free(likelihood->terms);
	free(likelihood->whitened);
	likelihood->terms = NULL;
	likelihood->whitened = NULL;
}

/* The antenna's points in an order drawn by seed; returns how many there are. */
static int64_t
order_points(const field_likelihood *likelihood, uint64_t seed, ranked_point *order, int32_t *rank)
{
	const rpm_field_data *data = likelihood->data;
	int64_t		own = 0;

	for (size_t i = 0; i < data->count; i++)
		if (data->points[i].antenna == data->antenna)
		{
			/* The place draws, so that points are drawn alike whatever others there are. */
			order[own].key = field_place_key(seed, data->points[i].x_m, data->points[i].y_m);
			order[own++].number = (int32_t) i;
		}
	qsort(order, (size_t) own, sizeof(ranked_point), compare_ranked);
	for (int64_t i = 0; i < own; i++)
		rank[order[i].number] = (int32_t) i;
	return own;
}

static int
compare_ranked(const void *a, const void *b)
{
	const ranked_point *left = a,
			   *right = b;

	if (left->key != right->key)
		return left->key < right->key ? -1 : 1;
	return left->number < right->number ? -1 : left->number > right->number;
}

/* part: NULL, or that of each point; then a term is conditioned on all of the antenna's points that are not in its part. */
static void
draw_terms(field_likelihood *likelihood, const ranked_point *order, int64_t own, const point_tree *const tree[POOLS],
		   const rpm_field_options *options, term_purpose purpose, const int32_t *part)
{
	int64_t		early = own <= likelihood->count ? own : part != NULL ? 0 : likelihood->count / EARLY_PART,
				late = likelihood->count - early;

	for (int64_t t = 0; t < likelihood->count; t++)
	{
		field_term *term = &likelihood->terms[t];
		int64_t		rank = t < early ? t : early + (int64_t) (((double) (t - early) + 0.5) * (double) (own - early) / (double) late);
		int32_t		number = order[rank].number;
		const rpm_field_point *point = &likelihood->data->points[number];
		const tree_filter all = {INT32_MAX, NULL, 0},
					own_filter = {part != NULL ? INT32_MAX : (int32_t) rank, part, part != NULL ? part[number] : 0};
		const int	most[POOLS] = {options->term_neighbours, SITE_NEIGHBOURS, OTHER_NEIGHBOURS};

		term->weight = purpose == TERMS_FOR_TREND && t >= early ? (double) (own - early) / (double) late : 1;
		term->count = 0;
		for (int i = 0; i < POOLS; i++)
			if (tree[i] != NULL)
				term->count += point_tree_nearest(tree[i], point->x_m, point->y_m, i == POOL_OWN ? &own_filter : &all, most[i],
												  term->number + term->count);
		term->number[term->count++] = number;
	}
}

rpm_code
field_likelihood_at(field_likelihood *likelihood, const rpm_covariance *covariance, double *value, rpm_trend_fit *fit,
					rpm_status *status)
{
	likelihood->covariance = covariance;
	if (rpm_parallel_for(likelihood->control, (likelihood->count + likelihood->every - 1) / likelihood->every, TERM_GRAIN, whiten_terms, likelihood, status) != RPM_OK)
		return status->code;
	return integrate(likelihood, value, fit, status);
}

/* The point is the last row of its term's system: its pivot is the conditional deviation, its right-hand sides are whitened. */
static void
whiten_terms(void *context, int64_t begin, int64_t end, int thread)
{
	field_likelihood *likelihood = context;
	int			coefficients = likelihood->data->trend.count;
	field_system system;

	(void) thread;
	for (int64_t t = begin; t < end; t++)
	{
		const field_term *term = &likelihood->terms[t * likelihood->every];
		double	   *whitened = likelihood->whitened + t * likelihood->every * (2 + coefficients);
		int			last = term->count - 1;
		double		deviation;

		system.count = term->count;
		memcpy(system.number, term->number, (size_t) term->count * sizeof(int32_t));
		field_system_factor(&system, likelihood->data, likelihood->covariance);
		deviation = field_system_row(&system, last)[last * PANEL_LANES];
		whitened[0] = deviation > 0 ? 2 * log(deviation) : 0;
		for (int k = 0; k <= coefficients; k++)
			whitened[1 + k] = field_system_row(&system, term->count + k)[last * PANEL_LANES];
	}
}

static rpm_code
integrate(const field_likelihood *likelihood, double *value, rpm_trend_fit *fit, rpm_status *status)
{
	const rpm_trend *trend = &likelihood->data->trend;
	int			n = trend->count;
	double		normal[RPM_FIELD_MOST_COEFFICIENTS * RPM_FIELD_MOST_COEFFICIENTS],
				right[RPM_FIELD_MOST_COEFFICIENTS] = {0},
				solution[RPM_FIELD_MOST_COEFFICIENTS] = {0},
				sum = 0;

	for (int i = 0; i < n; i++)
	{
		right[i] = 0;
		for (int k = 0; k < n; k++)
		{
			normal[i * n + k] = trend->precision[i * n + k];
			right[i] += trend->precision[i * n + k] * trend->mean[k];
		}
		sum += trend->mean[i] * right[i];
	}
	for (int64_t t = 0; t < likelihood->count; t += likelihood->every)
	{
		const double *whitened = likelihood->whitened + t * (2 + n);
		double		weight = likelihood->terms[t].weight;

		sum += weight * (whitened[0] + whitened[1] * whitened[1]);
		for (int i = 0; i < n; i++)
		{
			right[i] += weight * whitened[2 + i] * whitened[1];
			for (int k = 0; k <= i; k++)
				normal[i * n + k] += weight * whitened[2 + i] * whitened[2 + k];
		}
	}
	if (!dense_factor(normal, n))
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Give every coefficient of the trend a finite precision above 0 before the data.",
						"the trend's coefficients cannot be told apart");
	memcpy(solution, right, sizeof(double) * (size_t) n);
	dense_solve(normal, n, solution);
	for (int i = 0; i < n; i++)
		sum -= right[i] * solution[i];
	*value = sum + dense_log_determinant(normal, n);
	if (fit == NULL)
		return RPM_OK;
	fit->count = n;
	memcpy(fit->mean, solution, sizeof(double) * (size_t) n);
	for (int i = 0; i < n; i++)
	{
		double	   *column = fit->covariance + (size_t) i * n;

		memset(column, 0, sizeof(double) * (size_t) n);
		column[i] = 1;
		dense_solve(normal, n, column);
	}
	return RPM_OK;
}
